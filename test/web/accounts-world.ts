// A whole agent with long accounts: a bakery with months of emissions, certificates of its roof and allowances on a chain; shipments that were kept cold, and that were not; and all of it anchored.
import type {ExecutionContext} from 'ava';
import {deployCarbon, openCarbon, siteIdOf} from '../../agent/anchor/carbon.ts';
import {openChain} from '../../agent/anchor/chain.ts';
import {deployRegistry} from '../../agent/anchor/deploy.ts';
import {signerFromKey} from '../../agent/anchor/keystore.ts';
import {toHex, utf8} from '../../agent/base/bytes.ts';
import {systemClock} from '../../agent/base/clock.ts';
import {createDeviceSigner} from '../../agent/base/device-signature.ts';
import {keccak256} from '../../agent/base/hash.ts';
import {silentLogger} from '../../agent/base/logger.ts';
import {until} from '../../agent/base/retry.ts';
import {certificatesAt, stateCertificate} from '../../agent/energy-certificates.ts';
import {encodeArrival} from '../../agent/format/arrival.ts';
import {formatDeviceKey} from '../../agent/format/device-key.ts';
import {kinds, qualities} from '../../agent/format/entry.ts';
import {quantityOfName} from '../../agent/format/quantity.ts';
import {accountUrn, channelUrn, parseChannelUrn} from '../../agent/format/subject.ts';
import {profileOf} from '../../agent/ledgers/coldchain/profiles.ts';
import {shipmentBody} from '../../agent/ledgers/coldchain/statements.ts';
import {openAgent} from '../../agent/main.ts';
import {assignSensor, closeShipment, openShipment, prepareHandover, signHandover, stateHandover, stateLeg} from '../../agent/shipping.ts';
import type {Site} from '../../agent/site.ts';
import {addActivity, reportSite} from '../../agent/site-emissions.ts';
import {readStatus} from '../../agent/state.ts';
import {anvilChainId, richKey, startAnvil} from '../helpers/anvil.ts';
import {anchorSite, changeConfig, createTestSite} from '../helpers/site.ts';
import {openSiteLog} from '../helpers/site-log.ts';
import type {DashboardAgent} from './dashboard-world.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
/** Only for waiting on a chain that answers at once. */
const hastyClock = {...systemClock, sleep: (_: number, signal?: AbortSignal) => systemClock.sleep(5, signal)};

export const bakery = 'bakery';
/** What people named so that it would be markup, if anybody took it for that. */
export const markedUp = {
	site: 'Cold store <b>north</b>',
	goods: 'Fish fingers <img src=x onerror="document.title=1">',
	place: 'Gate <i>7</i>',
};
export const shipments = {beyond: 'PHA-2026-0107', underWay: 'PHA-2026-0108', unknown: 'FSH-2026-0009'} as const;

const parties = {
	maker: createDeviceSigner('ed25519', new Uint8Array(32).fill(1)),
	carrier: createDeviceSigner('p256', new Uint8Array(32).fill(2)),
	clinic: createDeviceSigner('ed25519', new Uint8Array(32).fill(3)),
};
const names = {maker: 'Nordlicht Pharma', carrier: 'Kühl & Söhne', clinic: 'Harbour clinic'};

export type AccountsWorld = Omit<DashboardAgent, 'publish'> & {
	/** The hour that is over, in which everything ends. */
	readonly nowMs: number;
	/** Device of the excursion, and when it was. */
	readonly beyond: {readonly device: string; readonly fromMs: number; readonly toMs: number};
};

const meterMapping = `  meter:
    topic: meters/{device}
    format: json
    time: {pointer: /at, format: iso}
    readings:
      - {pointer: /kwh, quantity: energy-import, unit: kWh}
`;
const devices = {
	'bakery-meter': 3600,
	'bakery-gas': 3600,
	'store-meter': 3600,
	roof: 3600,
	'truck-9': 300,
	'reefer-2': 300,
	'box-3': 300,
	'box-5': 300,
} as const;

const sections = (firstDay: string): string => `
sites:
  - id: ${bakery}
    name: Bakery at the harbour
    zone: Europe/Berlin
    report: {scopes: [1, 2], scope2: market}
    sources:
      - {id: ovens, name: Gas ovens, scope: 1, method: factor, channels: [{device: bakery-gas, quantity: gas-volume}], factors: [gas]}
      - {id: grid, name: Power from the grid, scope: 2, method: factor, channels: [{device: bakery-meter, quantity: energy-import}], locationFactors: [grid-deu], marketFactors: [green-mix]}
      - {id: cooling, name: Refrigerant, scope: 1, method: factor, factors: [ar6-r410a]}
      - {id: forklift, name: Forklift, scope: 1, method: factor, factors: [diesel-of-nobody]}
      - {id: deliveries, name: Deliveries, scope: 3, method: factor, factors: [diesel-road]}
  - id: cold-store
    name: ${JSON.stringify(markedUp.site)}
    sources:
      - {id: grid, scope: 2, method: factor, channels: [{device: store-meter, quantity: energy-import}], locationFactors: [grid-deu]}
factors:
  - {id: gas, name: Natural gas, value: 2.02, per: m3, source: "Umweltbundesamt, 2025", validFrom: "${firstDay}"}
  - {id: green-mix, name: Contract of the supplier, value: 0.061, per: kWh, source: "Electricity label of the supplier, 2025", validFrom: "${firstDay}"}
  - {id: grid-deu, validFrom: "${firstDay}"}
  - {id: ar6-r410a, validFrom: "${firstDay}"}
  - {id: diesel-road, name: Diesel, value: 2.68, per: l, source: "IPCC 2006", validFrom: "${firstDay}"}
`;

/** A reading that a channel says at a time; NaN: it has no value. */
type Said = readonly [urn: string, atMs: number, value: number, quality?: number];

function* readings(nowMs: number): Iterable<Said> {
	const meter = channelUrn('bakery-meter', 'energy-import');
	const gas = channelUrn('bakery-gas', 'gas-volume');
	const roof = channelUrn('roof', 'energy-generated');
	const store = channelUrn('store-meter', 'energy-import');
	let [powerWh, gasL, sunWh, coldWh] = [184_000_000, 52_100_000, 9_000_000, 3_000_000];
	const hours = 130 * 24;
	for (let i = 0; i <= hours; i += 1) {
		const atMs = nowMs - (hours - i) * hourMs;
		const hour = (atMs / hourMs) % 24;
		const season = Math.cos(((i / hours) * 2 + 0.1) * Math.PI);
		// They bake at night.
		powerWh += Math.round(5200 + (hour < 7 ? 6900 : 900) + 700 * Math.sin(i / 5));
		gasL += Math.round((hour < 7 ? 4200 : 350) * (1 + 0.25 * season));
		yield [meter, atMs, powerWh * 1000, i === hours - 50 ? qualities.estimated : 0];
		// Nothing for eleven hours three days ago.
		if (i < hours - 75 || i > hours - 64) yield [gas, atMs, gasL];
		if (i < hours - 45 * 24) continue;
		// The counter is changed two days ago.
		if (i === hours - 43) sunWh = 0;
		sunWh += Math.max(0, Math.round(3900 * Math.sin(((hour - 5) / 14) * Math.PI) * (1 + 0.2 * Math.sin(i / 40))));
		yield [roof, atMs, sunWh * 1000];
		coldWh += Math.round(1800 + 300 * Math.sin(i / 4));
		yield [store, atMs, coldWh * 1000];
	}
	const temperature = (device: string): string => channelUrn(device, 'temperature');
	const [way, boxed] = [wayOf(nowMs), nowMs - 30 * hourMs];
	for (let atMs = way.fromMs; atMs < way.toMs; atMs += 5 * minuteMs) {
		const minutes = (atMs - way.fromMs) / minuteMs;
		const calm = 4600 + 900 * Math.sin(minutes / 190) + 160 * Math.sin(minutes / 7);
		if (atMs < way.reeferMs) yield [temperature('truck-9'), atMs, Math.round(calm)];
		else if (atMs < way.silentMs || atMs >= way.silentMs + 40 * minuteMs) {
			const into = (atMs - way.beyondMs) / minuteMs;
			const warm = into >= -20 && into < 70 ? Math.max(0, 6900 * Math.sin(((into + 20) / 90) * Math.PI)) : 0;
			yield [temperature('reefer-2'), atMs, Math.round(calm + warm)];
		}
	}
	for (let atMs = boxed; atMs <= nowMs; atMs += 5 * minuteMs) {
		const minutes = (atMs - boxed) / minuteMs;
		yield [temperature('box-3'), atMs, Math.round(5000 + 600 * Math.sin(minutes / 120))];
		const quality =
			minutes >= 600 && minutes < 660
				? qualities.estimated
				: minutes === 900
					? qualities.conflict
					: minutes === 1000
						? qualities.noValue
						: 0;
		yield [temperature('box-5'), atMs, Math.round(-20_500 + 1500 * Math.sin(minutes / 200)), quality];
	}
}

/** When the shipment that went beyond its limits was where. */
function wayOf(nowMs: number) {
	const fromMs = nowMs - 78 * hourMs;
	const at = (hours: number): number => fromMs + hours * hourMs;
	return {fromMs, reeferMs: at(9), beyondMs: at(20), silentMs: at(31), toMs: at(56), at};
}

async function fill(site: Site, nowMs: number): Promise<void> {
	const log = await openSiteLog(site.paths);
	const said = [...readings(nowMs)].sort((a, b) => a[1] - b[1]);
	for (const [i, [urn, measuredAtMs, value, quality = 0]] of said.entries()) {
		const {deviceId, quantityName} = parseChannelUrn(urn)!;
		const {code, exponentDefault: exponent} = quantityOfName(quantityName)!;
		const channel = log.channel(urn) ?? log.enrol({urn, quantity: code, quantityName, exponent});
		const arrivedAtMs = measuredAtMs + 400;
		const record = encodeArrival({
			topic: `meters/${deviceId}`,
			payload: utf8(`{"value":${value}}`),
			flags: 1,
			identity: deviceId,
			arrivedAtMs,
			deviceSignature: new Uint8Array(0),
			decoder: 'json/1',
		});
		const draft = {
			channel,
			kind: kinds.reading,
			quantity: code,
			exponent,
			quality,
			value: (quality & qualities.noValue) === 0 ? BigInt(value) : 0n,
			measuredAtMs,
			span: 0,
			session: undefined,
			key: measuredAtMs,
			keyTop: measuredAtMs,
		};
		log.append({record, arrivedAtMs, drafts: [draft]}, failure => {
			if (failure !== undefined) throw failure;
		});
		if (i % 4000 === 3999) await log.settled();
	}
	await log.settled();
	await log[Symbol.asyncDispose]();
}

/** Two periods of allowances: one that is over, with everything that can happen to them, and one that goes on. Gives the address of the reports. */
async function allowances(anvil: Awaited<ReturnType<typeof startAnvil>>, nowMs: number): Promise<string> {
	const chain = openChain({url: anvil.url, chainId: anvilChainId});
	const keyOf = (name: string) => signerFromKey(`0x${toHex(keccak256(utf8(name)))}`);
	const [regulator, holder, buyer] = [keyOf('regulator'), keyOf('bakery'), keyOf('glassworks')];
	for (const {address} of [regulator, holder, buyer]) await anvil.rpc('anvil_setBalance', address, '0xde0b6b3a7640000');
	const rich = {chain, clock: hastyClock, signer: signerFromKey(richKey)};
	const {registry} = await deployRegistry(rich, {challengeTimeS: 0});
	const {reports} = await deployCarbon(rich, {registry, regulator: regulator.address, demandStakeWei: 10n ** 15n});
	const speak = (signer: typeof regulator) => openCarbon({chain, clock: hastyClock, signer}, reports);
	const [asRegulator, asHolder] = [await speak(regulator), await speak(holder)];
	const site = siteIdOf(accountUrn('site', bakery));
	const noReason = `0x${'0'.repeat(64)}`;
	const timeS = (days: number): number => Math.floor(nowMs / 1000) - days * 86_400;
	const period = (from: number, to: number) => ({
		from: timeS(from),
		to: timeS(to),
		coverFrom: timeS(to),
		reportDeadline: timeS(to - 2),
		surrenderDeadline: timeS(to - 20),
		challengeWindow: 86_400,
		answerWindow: 3600,
		stakeWei: 0n,
	});
	const tonne = 1_000_000_000n;
	await asRegulator.registerSite(site, holder.address);
	const past = await asRegulator.openPeriod(period(120, 58));
	await asRegulator.issue(site, past, 40n * tonne);
	await anvil.rpc('evm_setNextBlockTimestamp', timeS(50));
	await asRegulator.determine(site, past, 31n * tonne + 417_000_000n, noReason);
	await asHolder.surrender(site, past, 31n * tonne + 417_000_000n);
	await asHolder.transfer(buyer.address, past, 6n * tonne);
	await asHolder.retire(past, tonne, noReason);
	await (await speak(buyer)).transfer(holder.address, past, tonne / 2n);
	const current = await asRegulator.openPeriod(period(58, -4));
	await asRegulator.issue(site, current, 36n * tonne);
	await anvil.rpc('evm_setNextBlockTimestamp', Math.floor(systemClock.nowMs() / 1000));
	await anvil.mine(1);
	await chain[Symbol.asyncDispose]();
	return reports;
}

async function stateShipments({paths}: Site, nowMs: number): Promise<void> {
	const way = wayOf(nowMs);
	const people = (Object.keys(parties) as (keyof typeof parties)[]).map(id => ({
		id,
		name: names[id],
		role: id === 'clinic' ? 'buyer' : id,
		key: formatDeviceKey(parties[id].publicKey),
	}));
	const temperature = (device: string): string => channelUrn(device, 'temperature');
	const handOver = async (id: string, from: keyof typeof parties, to: keyof typeof parties, atMs: number, place: string): Promise<void> => {
		const bare = await prepareHandover(paths, id, {lots: undefined, from, to, atMs, place, remarks: undefined});
		const {document: half} = signHandover(bare, parties[from]);
		await stateHandover(paths, signHandover(half, parties[to]).document);
	};
	const {beyond, underWay, unknown} = shipments;
	await openShipment(
		paths,
		beyond,
		shipmentBody({
			fromMs: way.fromMs,
			goods: 'Influenza vaccine, 2 pallets',
			lots: [
				{id: 'lot-a', name: 'Lot A 1182', gtin: '04012345111118', batch: 'A1182', quantity: '1200', unit: 'EA'},
				{id: 'lot-b', name: 'Lot B 1183', gtin: '04012345111118', batch: 'B1183', quantity: '800', unit: 'EA'},
			],
			parties: people,
			holder: 'maker',
			profile: profileOf('cold-2-8')!,
		}),
	);
	const whole = {lots: undefined, carrier: 'carrier'};
	await stateLeg(paths, beyond, {
		...whole,
		id: 'road',
		from: 'Kiel',
		to: 'Hamburg',
		fromMs: way.at(1),
		toMs: way.at(4),
		vehicle: 'reefer truck HH-KS 19',
	});
	await stateLeg(paths, beyond, {
		...whole,
		id: 'sea',
		from: 'Hamburg',
		to: 'Bergen',
		fromMs: way.at(9),
		toMs: way.at(50),
		vehicle: 'reefer container KSLU 204417 3',
	});
	await stateLeg(paths, beyond, {
		...whole,
		id: 'town',
		from: 'Bergen',
		to: 'Harbour clinic, Bergen',
		fromMs: way.at(52),
		toMs: way.at(54),
		vehicle: undefined,
	});
	const both = {lots: ['lot-a', 'lot-b'], leg: undefined, place: 'between the pallets'};
	await assignSensor(paths, beyond, {...both, id: 'A1', channel: temperature('truck-9'), fromMs: way.fromMs, toMs: way.reeferMs});
	await assignSensor(paths, beyond, {...both, id: 'A2', channel: temperature('reefer-2'), fromMs: way.reeferMs, toMs: way.toMs});
	await handOver(beyond, 'maker', 'carrier', way.at(0.5), 'Ramp 4, Kiel');
	await handOver(beyond, 'carrier', 'clinic', way.at(55), 'Goods entrance');
	await closeShipment(paths, beyond, way.toMs);

	const boxedMs = nowMs - 30 * hourMs;
	await openShipment(
		paths,
		underWay,
		shipmentBody({
			fromMs: boxedMs,
			goods: 'Insulin, 40 boxes',
			lots: [{id: 'lot-c', name: 'Lot C 2201', gtin: undefined, batch: undefined, quantity: '40', unit: 'BX'}],
			parties: people,
			holder: 'maker',
			// It has to be well for as long as people look, though its sensor says nothing more.
			profile: {...profileOf('cold-2-8')!, id: 'insulin', name: 'Insulin, 2 to 8 °C', source: 'Label of the maker', gapMaxMs: 12 * hourMs},
		}),
	);
	await stateLeg(paths, underWay, {
		...whole,
		id: 'air',
		from: 'Hamburg',
		to: 'Tromsø',
		fromMs: boxedMs + hourMs,
		toMs: undefined,
		vehicle: 'KS 412',
	});
	await assignSensor(paths, underWay, {
		id: 'A1',
		channel: temperature('box-3'),
		lots: ['lot-c'],
		leg: undefined,
		fromMs: boxedMs,
		toMs: undefined,
		place: undefined,
	});
	await handOver(underWay, 'maker', 'carrier', boxedMs + hourMs / 2, 'Ramp 4, Kiel');

	await openShipment(
		paths,
		unknown,
		shipmentBody({
			fromMs: boxedMs,
			goods: markedUp.goods,
			lots: [{id: 'lot-d', name: 'Lot <s>D</s>', gtin: undefined, batch: undefined, quantity: undefined, unit: undefined}],
			parties: people,
			holder: 'maker',
			profile: profileOf('frozen-20')!,
		}),
	);
	await stateLeg(paths, unknown, {
		...whole,
		id: 'road',
		from: markedUp.place,
		to: 'Kiel',
		fromMs: boxedMs,
		toMs: boxedMs + 20 * hourMs,
		vehicle: undefined,
	});
	await assignSensor(paths, unknown, {
		id: 'A1',
		channel: temperature('box-5'),
		lots: ['lot-d'],
		leg: undefined,
		fromMs: boxedMs,
		toMs: undefined,
		place: undefined,
	});
	await handOver(unknown, 'maker', 'clinic', boxedMs + 21 * hourMs, markedUp.place);
	await closeShipment(paths, unknown, nowMs - 2 * hourMs);
}

async function stateEmissions({paths}: Site, nowMs: number): Promise<void> {
	const plain = {untilMs: undefined, document: undefined, corrects: undefined};
	const serviced = {...plain, source: 'cooling', amount: '0.012', unit: 'kg', atMs: nowMs - 5 * dayMs, document: 'Service report 118'};
	// The agent states a site that the config names once it runs, which takes a slow machine a while.
	const isAdded = await until(
		() =>
			addActivity(paths, bakery, serviced).then(
				() => true,
				() => undefined,
			),
		{clock: systemClock, everyMs: 100, timeoutMs: 60_000},
	);
	if (isAdded === undefined) throw new Error('nothing was added to the site');
	await addActivity(paths, bakery, {...plain, source: 'forklift', amount: '35', unit: 'l', atMs: nowMs - 4 * dayMs});
	await addActivity(paths, bakery, {
		...plain,
		source: 'deliveries',
		amount: '310',
		unit: 'l',
		atMs: nowMs - 6 * dayMs,
		untilMs: nowMs - dayMs,
	});
	// Months are counted when somebody first asks, and a slow machine may not answer in time.
	const report = {site: bakery, fromMs: nowMs - 3 * dayMs, toMs: nowMs - 2 * dayMs, isIncompleteFine: true};
	const stated = await until(() => reportSite(paths, report).catch(() => undefined), {clock: systemClock, everyMs: 100, timeoutMs: 60_000});
	if (stated === undefined) throw new Error('nothing was reported');
}

async function stateCertificates({paths}: Site, nowMs: number): Promise<void> {
	const [device, fromMs] = ['roof', nowMs - 40 * dayMs];
	const opening = {
		does: 'open',
		channel: 'energy-generated',
		cadenceMs: hourMs,
		fromMs,
		owner: 'bakery',
		issuer: 'The issuing body',
		energySource: 'solar',
		energyCarrier: 'electricity',
		country: 'DE',
		location: 'Harbour street 7',
		capacityW: 5200,
	};
	await stateCertificate(paths, device, opening);
	const found = await until(
		async () => {
			const {hours} = await certificatesAt(paths, device, fromMs, nowMs);
			return hours.length > 900 ? hours : undefined;
		},
		{clock: systemClock, everyMs: 100, timeoutMs: 20_000},
	);
	if (found === undefined) throw new Error('no hour was certified');
	const rich = found.filter(({hourMs: at, issuedWh}) => issuedWh > 2000 && at >= nowMs - 6 * dayMs);
	for (const {hourMs: at} of rich.slice(0, 6))
		await stateCertificate(paths, device, {does: 'transfer', from: 'bakery', moves: [{hourMs: at, to: 'neighbour-7', energyWh: 900}]});
	for (const {hourMs: at} of rich.slice(2, 8))
		await stateCertificate(paths, device, {
			does: 'cancel',
			holder: 'bakery',
			hourMs: at,
			energyWh: 1000,
			beneficiary: 'Bakery at the harbour',
			purpose: 'bread of a week',
		});
	await stateCertificate(paths, device, {
		does: 'retire',
		holder: 'bakery',
		hourMs: rich[9]!.hourMs,
		energyWh: 250,
		reason: 'measured twice',
	});
}

/** Needs no network but a chain on this machine. */
export async function openAccountsAgent(t: Pick<ExecutionContext, 'teardown' | 'title'>): Promise<AccountsWorld> {
	const nowMs = Math.floor(systemClock.nowMs() / hourMs) * hourMs;
	const firstDay = new Date(nowMs - 400 * dayMs).toISOString().slice(0, 10);
	const anvil = await startAnvil(['--timestamp', String(Math.floor(nowMs / 1000) - 110 * 86_400)]);
	t.teardown(() => anvil.stop());
	const made = await createTestSite(t as ExecutionContext, {homes: 1, config: () => 'api: {port: 0}\n'});
	const hash = made.site.config.devices[0]!.passwordHash!;
	const lines = Object.entries(devices).map(
		([id, cadenceSeconds]) => `  - ${JSON.stringify({id, passwordHash: hash, mappings: ['meter'], cadenceSeconds})}\n`,
	);
	await changeConfig(
		made.site,
		text => `${text.replace('mappings:\n', `mappings:\n${meterMapping}`)}${lines.join('')}${sections(firstDay)}`,
	);
	const [reports] = await Promise.all([allowances(anvil, nowMs), fill(made.site, nowMs)]);
	// Outside of a test nobody listens to what holds.
	const is = (found: unknown, wanted: unknown, why?: string): void => {
		if (found !== wanted) throw new Error(why);
	};
	await anchorSite({title: t.title, teardown: t.teardown, is} as unknown as ExecutionContext, made, anvil);
	const site = await changeConfig(made.site, text =>
		text.replace('anchor:\n', `anchor:\n  everyMinutes: 0.05\n  carbonReports: "${reports}"\n`),
	);
	const told: string[] = [];
	const agent = await openAgent({site, logger: silentLogger, onFirstOwner: password => told.push(password)});
	t.teardown(() => agent[Symbol.asyncDispose]());
	await stateShipments(site, nowMs);
	await stateCertificates(site, nowMs);
	await stateEmissions(site, nowMs);
	const anchored = await until(
		async () => {
			await anvil.mine(1);
			return ((await readStatus(site.paths).catch(() => undefined))?.anchor?.minedSize ?? 0) > 0 ? true : undefined;
		},
		{clock: systemClock, everyMs: 100, timeoutMs: 20_000},
	);
	if (anchored === undefined) throw new Error('the log was not anchored');
	const {beyondMs} = wayOf(nowMs);
	return {
		site,
		url: `http://127.0.0.1:${agent.apiPort}`,
		password: told[0]!,
		nowMs,
		beyond: {device: 'reefer-2', fromMs: beyondMs - hourMs, toMs: beyondMs + 2 * hourMs},
	};
}
