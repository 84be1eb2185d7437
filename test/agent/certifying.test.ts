// Energy certificates follow a market: what was sold and delivered goes to who bought it, once, and never more than was produced in that hour.
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {silentLogger} from '../../agent/base/logger.ts';
import {openDatabase, takeProcessLock} from '../../agent/base/sqlite.ts';
import {createCertifying, type SettledMarket, settledRowsOf} from '../../agent/certifying.ts';
import {type Following, openFollowing} from '../../agent/following.ts';
import type {StatementBody} from '../../agent/format/statement.ts';
import {accountUrn, channelUrn} from '../../agent/format/subject.ts';
import type {SettledRow} from '../../agent/ledgers/energy/allocate.ts';
import type {DeviceCertificates} from '../../agent/ledgers/energy/certificates-of.ts';
import {createEnergyLedger} from '../../agent/ledgers/energy/energy-ledger.ts';
import {createStatementDesk} from '../../agent/stating.ts';
import {slotsPerDay} from '../../agent/trade/order.ts';
import {append, createLogWorld, draftOf} from '../helpers/log-world.ts';
import {createMarketWorld, firstSlot} from '../trade/market-world.ts';

const hourMs = 3_600_000;
const day = 20_605;
const dayMs = day * 24 * hourMs;
const [seller, buyer, other] = ['11', '22', '33'].map(byte => `0x${byte.repeat(20)}`) as [string, string, string];

async function createCertifyingWorld(t: ExecutionContext) {
	const world = await createLogWorld(t);
	const log = await world.open();
	const reader = await world.reader();
	const open = async (name: string): Promise<Following> => {
		const following = await openFollowing({
			path: join(world.folder, name),
			reader,
			ledgers: [createEnergyLedger()],
			openDatabase,
			takeProcessLock,
		});
		t.teardown(() => following[Symbol.asyncDispose]());
		return following;
	};
	const following = await open('ledgers.db');
	const desk = createStatementDesk({log, following, mayAppend: () => true, clock: world.clock, logger: silentLogger});
	const channel = log.enrol({urn: channelUrn('roof', 'energy-export'), quantity: 2, quantityName: 'energy-export', exponent: -3});
	let milliWh = 0;
	const state = (body: StatementBody) => desk.state({says: 'certificate', urn: accountUrn('certificates', 'roof'), body});
	return {
		log,
		following,
		rebuilt: () => open('rebuilt.db'),
		desk,
		state,
		/** Ten minutes apart, from an hour of the day until ten minutes behind the last. */
		produce: async (fromHour: number, hours: number, whEach: number): Promise<void> => {
			for (let step = 0; step <= hours * 6 + 1; step += 1) {
				const measuredAtMs = dayMs + fromHour * hourMs + step * 600_000;
				await append(log, [draftOf(channel, {value: BigInt(milliWh), measuredAtMs})], {arrivedAtMs: measuredAtMs});
				milliWh += (whEach * 1000) / 6;
			}
		},
		certificates: async (): Promise<DeviceCertificates> =>
			(await following.answer({about: 'certificates', id: 'roof', fromMs: dayMs, toMs: dayMs + 24 * hourMs}))!
				.answer as unknown as DeviceCertificates,
		/** A market with these rows, as an agent that has just started sees it. */
		follow: (rows: readonly SettledRow[], newestDay: () => number | undefined = () => day) => {
			const market: SettledMarket = {name: 'street', newestDay, rowsOf: async at => (at === day ? rows : undefined)};
			return createCertifying({
				market,
				accounts: {answer: following.answer, desk},
				mayAppend: () => true,
				clock: world.clock,
				logger: silentLogger,
			});
		},
		move: world.clock.move,
	};
}

const opening = {
	does: 'open',
	channel: 'energy-export',
	cadenceMs: 600_000,
	fromMs: dayMs,
	owner: seller,
	issuer: 'The issuing body',
	energySource: 'solar',
	country: 'DE',
};
const row = (slot: number, device: string, account: string, contractedWh: number, meteredWh = contractedWh): SettledRow => ({
	slot: day * 96 + slot,
	device,
	account,
	contractedWh,
	meteredWh,
});
const holdings = ({certificates}: DeviceCertificates): string[] =>
	certificates.map(
		one => `${(one.productionStartingMs - dayMs) / hourMs}: ${one.account.slice(2, 4)} ${one.rangeStart}-${one.rangeEnd} ${one.status}`,
	);

test('a settled day hands certificates on, once, also after a restart', async t => {
	const {log, following, rebuilt, state, produce, certificates, follow, move} = await createCertifyingWorld(t);
	await state(opening);
	await produce(10, 2, 1200);
	const rows = [
		row(40, 'roof', seller, 300, 250),
		row(40, 'shop', buyer, -200),
		row(40, 'flat', other, -100),
		row(44, 'roof', seller, 1000),
		row(44, 'shop', buyer, -1000),
		// Nobody certifies what this one sold.
		row(48, 'mill', other, 500),
		row(48, 'shop', buyer, -500),
	];
	let newestDay: number | undefined;
	const certifying = follow(rows, () => newestDay);
	await certifying.tick();
	t.is((await certificates()).trades.length, 0, 'nothing is settled yet');
	newestDay = day;
	await certifying.tick();
	const after = await certificates();
	t.deepEqual(holdings(after), [
		'10: 22 1-167 active',
		'10: 33 168-250 active',
		'10: 11 251-1200 active',
		'11: 22 1201-2200 active',
		'11: 11 2201-2400 active',
	]);
	t.deepEqual(
		after.trades.map(({hourMs: atMs, market}) => [(atMs - dayMs) / hourMs, market]),
		[
			[10, 'street'],
			[11, 'street'],
		],
	);
	t.is(after.totals.refused, 0);
	const size = log.size();
	move(2 * hourMs);
	await certifying.tick();
	await follow(rows).tick();
	await log.settled();
	t.is(log.size(), size);
	await using again = await rebuilt();
	await again.catchUp();
	t.deepEqual(await again.digest(), await following.digest());
});

test('of an hour that becomes whole later certificates are handed on later, and of what was spent before nothing', async t => {
	const {state, produce, certificates, follow, move} = await createCertifyingWorld(t);
	await state(opening);
	await produce(10, 1, 1200);
	await state({does: 'cancel', holder: seller, hourMs: dayMs + 10 * hourMs, energyWh: 1100, beneficiary: 'The bakery'});
	const rows = [row(40, 'roof', seller, 300), row(40, 'shop', buyer, -300), row(44, 'roof', seller, 300), row(44, 'shop', buyer, -300)];
	const certifying = follow(rows);
	await certifying.tick();
	t.deepEqual(holdings(await certificates()), ['10: 11 1-1100 cancelled', '10: 22 1101-1200 active']);
	await produce(11, 1, 600);
	await certifying.tick();
	t.is(holdings(await certificates()).at(-1), '11: 11 1201-2200 active', 'not looked at again so soon');
	move(hourMs);
	await certifying.tick();
	t.deepEqual(holdings(await certificates()), [
		'10: 11 1-1100 cancelled',
		'10: 22 1101-1200 active',
		'11: 22 1201-1500 active',
		'11: 11 1501-2200 active',
	]);
});

test('a day that a market has settled hands on what each sold and delivered, to whom it was sold', async t => {
	const world = await createMarketWorld(t, {homes: 5});
	await world.open();
	const following = await openFollowing({
		path: join(world.logWorld.folder, 'certificates.db'),
		reader: await world.logWorld.reader(),
		ledgers: [createEnergyLedger()],
		openDatabase,
		takeProcessLock,
	});
	t.teardown(() => following[Symbol.asyncDispose]());
	const {clock} = world.logWorld;
	const desk = createStatementDesk({log: world.log(), following, mayAppend: () => true, clock, logger: silentLogger});
	for (const {deviceId, owner} of world.meters.slice(0, 2))
		await desk.state({
			says: 'certificate',
			urn: accountUrn('certificates', deviceId),
			body: {...opening, owner, cadenceMs: 60_000, fromMs: firstSlot * 900_000},
		});
	// The worked example of the market: sold, and what the meters then showed.
	const homes = [
		{side: 'sell', quantityWh: 1000, limitMicroPerKwh: 100_000, meteredWh: 600},
		{side: 'sell', quantityWh: 500, limitMicroPerKwh: 150_000, meteredWh: 560},
		{side: 'buy', quantityWh: 800, limitMicroPerKwh: 280_000, meteredWh: -800},
		{side: 'buy', quantityWh: 900, limitMicroPerKwh: 220_000, meteredWh: -425},
		{side: 'buy', quantityWh: 301, limitMicroPerKwh: 220_000, meteredWh: -175},
	] as const;
	const orders = homes.map(({side, quantityWh, limitMicroPerKwh}, home) => world.order(home, {side, quantityWh, limitMicroPerKwh}));
	await world.intake().submit(orders, {atomic: false});
	world.moveTo(firstSlot, -300);
	await world.engine().tick();
	for (const [home, {meteredWh}] of homes.entries()) {
		const [importWh, exportWh] = [Math.max(0, -meteredWh), Math.max(0, meteredWh)];
		await world.reportAt(home, firstSlot, 5000, 7000);
		for (const slot of [1, 4, slotsPerDay]) await world.reportAt(home, firstSlot + slot, 5000 + importWh, 7000 + exportWh);
	}
	world.moveTo(firstSlot + 2 * slotsPerDay, 0);
	await world.engine().tick();
	const marketDay = firstSlot / slotsPerDay;
	t.is(world.engine().newestDay(), marketDay);
	const certifying = createCertifying({
		market: {name: 'street', newestDay: world.engine().newestDay, rowsOf: at => settledRowsOf(world.engine(), at)},
		accounts: {answer: following.answer, desk},
		mayAppend: () => true,
		clock,
		logger: silentLogger,
	});
	await certifying.tick();
	const held = async (home: number): Promise<unknown[]> => {
		const period = {fromMs: firstSlot * 900_000, toMs: (firstSlot + slotsPerDay) * 900_000};
		const {answer} = (await following.answer({about: 'certificates', id: world.meters[home]!.deviceId, ...period}))!;
		return (answer as unknown as DeviceCertificates).certificates.map(({account, energyWh}) => [
			world.meters.findIndex(({owner}) => owner === account),
			energyWh,
		]);
	};
	const byHome = (all: unknown[]): unknown[] => (all as [number, number][]).sort(([a], [b]) => a - b);
	t.deepEqual(byHome(await held(0)), [
		[2, 320],
		[3, 210],
		[4, 70],
	]);
	t.deepEqual(byHome(await held(1)), [
		[1, 60],
		[2, 267],
		[3, 175],
		[4, 58],
	]);
});
