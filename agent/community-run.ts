// A community that lives through days in minutes: a local chain, the agent with its market, homes that publish over MQTT and trade over HTTP, and a judge at the end.

import {mkdir, readFile, stat, writeFile} from 'node:fs/promises';
import {join, resolve} from 'node:path';
import {drawLimit, type Prices} from '../sim/community/habit.ts';
import {slotsOf} from '../sim/community/home.ts';
import {
	type CommunityVerdict,
	isGood,
	judgeCommunity,
	type PublishedRow,
	type PublishedSlot,
	type SentOrder,
} from '../sim/community/judge.ts';
import {meterMessage, pointsOf} from '../sim/community/meter.ts';
import {fuseWhPerSlot, type Home, planCommunity, slotMs, slotsPerDay} from '../sim/community/plan.ts';
import {createTrader, type Owner, type Trader} from '../sim/community/trader.ts';
import {openTraffic, type Traffic} from '../sim/community/traffic.ts';
import {demoMappings} from '../sim/mappings.ts';
import {createChance} from '../sim/seed.ts';
import {openChain} from './anchor/chain.ts';
import {deployRegistry, fundAccount, openLogAt} from './anchor/deploy.ts';
import {openKeystore, type Signer, signerFromKey} from './anchor/keystore.ts';
import {createMarketClient, type MarketClient} from './api/client.ts';
import {toHex, toPrefixedHex, utf8} from './base/bytes.ts';
import {type Clock, systemClock} from './base/clock.ts';
import {createClosing} from './base/closing.ts';
import {AgentError} from './base/errors.ts';
import {keccak256} from './base/hash.ts';
import {nodeHasher} from './base/hash-node.ts';
import type {Logger} from './base/logger.ts';
import type {Random} from './base/random.ts';
import {until} from './base/retry.ts';
import {createSigner, type Signer as DigestSigner} from './base/secp256k1.ts';
import {type MoneyReport, payOut, prepareMoney} from './community-money.ts';
import {deviceUrn} from './format/subject.ts';
import {formatTrust} from './format/trust.ts';
import {anvilPath, askNode, freePort, playMoneyKey, refuseTakenPort, startChild} from './local-chain.ts';
import {type Agent, openAgent} from './main.ts';
import type {PreparedMarket} from './market-deploying.ts';
import {makePassword, makeSite, openSite, readSecret, type Site, siteFile, trustOf} from './site.ts';
import {checkSlotEvidence} from './trade/evidence-check.ts';
import {parseSlotEvidence} from './trade/slot-evidence.ts';
import {createDigests} from './trade/typed-data.ts';
import {prepareMarketKey} from './trading.ts';

export type CommunityRunOptions = {
	readonly directory: string;
	readonly homes: number;
	readonly days: number;
	/** Community's time against the wall's. */
	readonly speed: number;
	readonly seed: string;
	/** The first midnight of the community, ms since 1970, UTC. */
	readonly startMs: number;
	/** False: the market only says who owes what, and no money moves. */
	readonly withMoney: boolean;
	readonly prices: Prices;
	readonly random: Random;
	readonly logger: Logger;
	/** Somebody trades for the last home himself: with this private key of 32 bytes, at this port of the market's HTTP interface. */
	readonly mine?: {readonly key: Uint8Array; readonly port: number};
	/** What the market made is written beside the site: `bills/`, `rows.csv` and, of slots with trade, `evidence/`. @default false */
	readonly isKept?: boolean;
	readonly onStep: (sentence: string) => void;
	/** Told about once a second while the community lives. */
	readonly onProgress: (progress: CommunityProgress) => void;
	readonly signal: AbortSignal;
};

export type CommunityProgress = {
	readonly atMs: number;
	readonly sent: number;
	readonly acknowledged: number;
	readonly slotsCleared: number;
	readonly slots: number;
	/** What the run waits for now. */
	readonly waitingFor: 'readings' | 'settlement' | 'finality';
};

/** How the home fared that somebody traded for himself. Amounts are what it is paid; negative is what it pays. */
export type MineReport = {
	readonly home: string;
	/** Orders that stood in at least one slot, and slots with a contract. */
	readonly orders: number;
	readonly slotsContracted: number;
	readonly soldWh: number;
	readonly boughtWh: number;
	readonly importWh: number;
	readonly exportWh: number;
	readonly netNano: bigint;
	readonly withoutMarketNano: bigint;
};

export type CommunityReport = {
	readonly homes: number;
	readonly withPanels: number;
	readonly withBattery: number;
	readonly days: number;
	readonly startMs: number;
	readonly prices: Prices;
	readonly seed: string;
	readonly messages: number;
	readonly entries: number;
	readonly orders: {readonly http: number; readonly mqtt: number; readonly cancelled: number};
	readonly slotsTraded: number;
	/** Readings that were not anchored when their slot had to be cleared: the machine was too slow for the speed. Their meters had no part in the slot. */
	readonly lateReadings: number;
	readonly verdict: CommunityVerdict;
	/** Bills that the market handed out, and those of them that are not the judge's. */
	readonly bills: {readonly compared: number; readonly different: number};
	/** Evidence files of slots that were checked, each by itself, and those that failed a check. */
	readonly evidence: {readonly checked: number; readonly failed: number};
	/** undefined without `mine`. */
	readonly mine: MineReport | undefined;
	/** Evidence files that were kept. */
	readonly evidenceKept: number;
	/** Entries that are under an anchor which is final on the chain. */
	readonly anchoredSize: number;
	/** undefined without money. */
	readonly money: MoneyReport | undefined;
	readonly tookMs: number;
	/** Everything of the above is as it should be. */
	readonly good: boolean;
	readonly examples: readonly string[];
};

const marketName = 'community';
const logName = 'community';
const chainId = 31_337;
/** Wall seconds between blocks. */
const blockTimeS = 0.2;
const challengeTimeS = 300;
/** How fast time passes while nothing is to be done but wait for the end of the challenge window. */
const endingSpeed = 1800;
/** Before the first midnight there is time to enrol the market and to place orders. */
const leadMs = 840_000;
const cadenceS = 60;
/** At least so much of the wall's time between anchors, and until a slot is cleared without a reading. */
const anchorWallS = 1;
const clearWallS = 20;
/** So long a reading may be on its way, of the wall's time. */
const readingWallS = 20;
/** The wall's time that the end may take: anchoring, settling. */
const settleWallMsMax = 120_000;
/** The wall's time that posting what is left and the challenge window may take. */
const finalWallMsMax = 600_000;
const progressEveryMs = 1000;
const examplesMax = 20;
/** Evidence files that are kept at most: some hundred kB each. */
const evidenceKeptMax = 200;

/** Runs until the last day is settled, and judges. Fails with the codes of the agent, of the chain, with PORT_TAKEN, DATA_EXISTS, or AGENT_UNREACHABLE. */
export async function runCommunity(options: CommunityRunOptions): Promise<CommunityReport> {
	const {homes: count, seed, prices, random, signal, onStep} = options;
	const begunMs = systemClock.monotonicMs();
	const directory = resolve(options.directory);
	if (options.mine !== undefined && options.mine.port !== 0) await refuseTakenPort(options.mine.port, '--port');
	const configPath = join(directory, 'kedge.yaml');
	if (await stat(configPath).catch(() => undefined))
		throw new AgentError('DATA_EXISTS', `${configPath} is there already`, {hint: 'Choose another directory; nothing was changed here.'});
	await mkdir(directory, {recursive: true, mode: 0o700});
	const homes = planCommunity({seed, homes: count, prices, cadenceMs: cadenceS * 1000});
	const slotFrom = options.startMs / slotMs;
	const slotCount = options.days * slotsPerDay;
	const closing = createClosing();
	try {
		const mineId = options.mine === undefined ? undefined : homes.at(-1)!.id;
		const others = homes.filter(({id}) => id !== mineId);
		const chain = await startChain(directory, Math.floor((options.startMs - leadMs) / 1000), signal);
		closing.defer(chain.stop);
		const token = toHex(random.bytes(32));
		const keys: Keys = new Map(
			homes.map(({id}) => {
				const key = id === mineId ? options.mine!.key : random.bytes(32);
				return [id, {digests: createSigner(key)!, transactions: signerFromKey(toPrefixedHex(key))}];
			}),
		);
		onStep(`making a site for ${count} homes in ${directory}; its trust file is ${join(directory, 'trust.json')}`);
		const made = await prepareSite({directory, homes, keys, chain, token, options});
		const clock = createPacedClock(options.startMs - leadMs);
		const traffic = closing.use(
			openTraffic({
				url: `mqtt://127.0.0.1:${made.port}`,
				passwords: made.passwords,
				homes,
				seed,
				slotFrom,
				slotCount,
				clock,
				wallClock: systemClock,
				onProblem: () => {},
			}),
		);
		const openHere = async (site: Site): Promise<Agent> => openAgent({site, logger: options.logger, world: {clock, tellsSilence: false}});
		let prepared: PreparedMarket | undefined;
		if (options.withMoney) {
			onStep('letting every meter speak, deploying the market and paying the deposits');
			// Only a meter that has spoken can be registered.
			const first = await openHere(await made.write({}));
			await Promise.all(homes.map(home => traffic.send(home.id, firstMessage(home, seed, slotFrom, clock.nowMs()), signal)));
			await first[Symbol.asyncDispose]();
			prepared = await prepareMoney(
				await made.write({withMarket: true}),
				chain.url,
				[...keys.values()].map(({transactions}) => transactions),
				slotFrom,
			);
		}
		const site = await made.write({withMarket: true, ...(prepared === undefined ? {} : {prepared})});
		const agent = closing.use(await openHere(site));
		const client = createMarketClient(`http://127.0.0.1:${agent.apiPort}`, {token});
		const [market] = (await client.listMarkets()).items;
		if (market === undefined) throw new AgentError('AGENT_UNREACHABLE', 'the agent serves no market');
		const digests = createDigests({chainId: market.domain.chainId, verifyingContract: market.domain.verifyingContract});
		const owners = new Map(
			homes.map(({id}): [string, Owner] => {
				const signer = keys.get(id)!.digests;
				return [
					id,
					{
						address: toPrefixedHex(signer.address),
						meter: meterOf(id),
						salt: () => toPrefixedHex(random.bytes(32)),
						sign: order => {
							const digest = digests.order({...order, salt: BigInt(order.salt)});
							return {hash: toPrefixedHex(digest), signature: toPrefixedHex(signer.sign(digest))};
						},
						signCancellation: hashes => toPrefixedHex(signer.sign(digests.cancellation({hashes}))),
					},
				];
			}),
		);
		const trader = createTrader({
			client,
			market: market.id,
			owners,
			sendByMqtt: (homeId, payload) => traffic.send(homeId, {topic: `p2p/${marketName}/orders`, payload}, signal),
			prices,
			wallClock: systemClock,
		});
		await trader.place(others, slotFrom, slotCount);
		if (clock.nowMs() >= options.startMs)
			throw new AgentError('AGENT_UNREACHABLE', 'placing the orders took longer than the time before the first slot');
		onStep(`${trader.sent().length} orders stand; the community lives ${options.speed} times as fast as the wall's clock`);
		if (mineId !== undefined) onStep(`${mineId} is yours: its market answers at http://127.0.0.1:${agent.apiPort}`);
		await chain.setPace(options.speed);
		clock.setSpeed(options.speed);

		const living = new AbortController();
		let waitingFor: CommunityProgress['waitingFor'] = 'readings';
		const watching = watch({
			client,
			marketId: market.id,
			traffic,
			clock,
			slotFrom,
			slotCount,
			onProgress: progress => options.onProgress({...progress, waitingFor}),
			signal: living.signal,
		});
		try {
			await live({homes: others, traffic, trader, clock, slotFrom, slotCount, speed: options.speed, prices, seed, signal});
			waitingFor = 'settlement';
			onStep('all registers are acknowledged; waiting for the last day to be settled');
			await untilSettled(agent, (slotFrom + slotCount) / slotsPerDay - 1, signal);
			if (prepared !== undefined) {
				waitingFor = 'finality';
				onStep('waiting for the last day to be posted, and to be final on the chain');
				await chain.setPace(Math.max(options.speed, endingSpeed));
				clock.setSpeed(Math.max(options.speed, endingSpeed));
				await untilFinal(client, market.id, slotFrom + slotCount - 1, signal);
			}
		} finally {
			living.abort();
			await watching;
		}
		clock.setSpeed(1);
		onStep('judging');
		const found = await judged({
			client,
			marketId: market.id,
			homes,
			owners,
			traffic,
			trader,
			slotFrom,
			slotCount,
			mine: mineId,
			directory,
			options,
		});
		const {size, anchor} = await agent.status();
		const money =
			prepared &&
			(await payOut({
				site,
				url: chain.url,
				client,
				marketId: market.id,
				prepared,
				owedNano: owedOf(found.verdict, prepared),
				participantSlots: homes.length * slotCount,
			}));
		return {
			homes: homes.length,
			withPanels: homes.filter(({pvPeakW}) => pvPeakW > 0).length,
			withBattery: homes.filter(({battery}) => battery !== undefined).length,
			days: options.days,
			startMs: options.startMs,
			prices,
			seed,
			messages: traffic.counts().acknowledged,
			entries: size,
			orders: trader.counts(),
			anchoredSize: anchor?.finalSize ?? 0,
			...found,
			money,
			good: found.good && (money?.different ?? 0) === 0,
			examples: [...found.examples, ...(money?.examples ?? [])].slice(0, examplesMax),
			tookMs: Math.round(systemClock.monotonicMs() - begunMs),
		};
	} finally {
		await closing.close();
	}
}

/** keccak256 of the meter's URN. */
function meterOf(id: string): string {
	return toPrefixedHex(keccak256(utf8(deviceUrn(id))));
}

type PacedClock = Clock & {readonly setSpeed: (speed: number) => void};

/** Who sleeps looks at the speed again this often. */
const paceLookMs = 250;
/** However fast time runs, nobody comes back sooner than this. */
const paceSleepMsMin = 10;

/** A clock that begins at `startMs` at the wall's speed, and can be told to run faster or slower. Both of its times run alike, so that nothing looks like a jump. */
function createPacedClock(startMs: number): PacedClock {
	let speed = 1;
	let [baseMs, sinceMs] = [0, systemClock.monotonicMs()];
	const passedMs = (): number => baseMs + (systemClock.monotonicMs() - sinceMs) * speed;
	return {
		nowMs: () => Math.floor(startMs + passedMs()),
		monotonicMs: passedMs,
		sleep: async (durationMs, signal) => {
			const untilMs = passedMs() + durationMs;
			do {
				const leftMs = (untilMs - passedMs()) / speed;
				await systemClock.sleep(Math.min(Math.max(leftMs, Math.min(durationMs, paceSleepMsMin)), paceLookMs), signal);
			} while (passedMs() < untilMs && signal?.aborted !== true);
		},
		setSpeed: next => {
			[baseMs, sinceMs, speed] = [passedMs(), systemClock.monotonicMs(), next];
		},
	};
}

type RunChain = {readonly url: string; readonly stop: () => Promise<void>; readonly setPace: (speed: number) => Promise<void>};

/** A chain whose blocks have the community's time. */
async function startChain(directory: string, startS: number, signal: AbortSignal): Promise<RunChain> {
	const port = await freePort();
	const url = `http://127.0.0.1:${port}`;
	const words = ['--host', '127.0.0.1', '--port', String(port), '--chain-id', String(chainId), '--block-time', String(blockTimeS)];
	const child = startChild(
		'chain',
		anvilPath(),
		[...words, '--timestamp', String(startS), '--slots-in-an-epoch', '1', '--silent'],
		join(directory, 'chain.log'),
		undefined,
		false,
	);
	// anvil knows nothing of us: when we are gone without having ended it, it must not stay.
	process.once('exit', () => void child.stop());
	const chain = openChain({url, chainId});
	try {
		const up = await until(() => chain.chainId().catch(() => undefined), {clock: systemClock, everyMs: 100, timeoutMs: 20_000, signal});
		if (up === undefined) throw new AgentError('CHAIN_UNREACHABLE', 'the local chain did not come up within 20 s');
	} finally {
		await chain[Symbol.asyncDispose]();
	}
	return {
		url,
		stop: child.stop,
		setPace: async speed => void (await askNode(url, 'anvil_setBlockTimestampInterval', [Math.max(1, Math.round(speed * blockTimeS))])),
	};
}

/** The same key signs orders and transactions. */
type Keys = ReadonlyMap<string, {readonly digests: DigestSigner; readonly transactions: Signer}>;

type MadeCommunity = {
	readonly passwords: Readonly<Record<string, string>>;
	/** Of the broker. */
	readonly port: number;
	/** Writes the config anew, with or without the market and its contract, and opens it. */
	readonly write: (with_: {readonly withMarket?: boolean; readonly prepared?: PreparedMarket}) => Promise<Site>;
};

async function prepareSite(parts: {
	readonly directory: string;
	readonly homes: readonly Home[];
	readonly keys: Keys;
	readonly chain: RunChain;
	readonly token: string;
	readonly options: CommunityRunOptions;
}): Promise<MadeCommunity> {
	const {directory, homes, keys, token, options} = parts;
	const {random, signal} = options;
	const passwords: Record<string, string> = {};
	const devices: unknown[] = [];
	for (const {id, cadenceMs} of homes) {
		const {password, hash} = await makePassword(random);
		passwords[id] = password;
		// What a market settles from must not be marked as simulated; that this one is a play is said by its name and its chain.
		devices.push({id, passwordHash: hash, mappings: ['home-meter'], cadenceSeconds: cadenceMs / 1000, simulated: false});
	}
	await using chain = openChain({url: parts.chain.url, chainId});
	const payer = signerFromKey(playMoneyKey);
	const {registry} = await deployRegistry({chain, clock: systemClock, signer: payer, signal}, {challengeTimeS});
	const port = await freePort();
	const textOf = (withMarket: boolean, prepared: PreparedMarket | undefined): string =>
		configText({homes, keys, token, registry, rpcUrl: parts.chain.url, port, devices, options, withMarket, prepared});
	const {paths} = await makeSite({directory, logName, random, configFor: () => textOf(true, undefined)});
	const configPath = join(directory, 'kedge.yaml');
	const site = await openSite(configPath);
	await prepareMarketKey(site, random);
	const {keystore, keystorePasswordFile} = site.config.anchor!;
	const signer = await openKeystore(
		await readFile(siteFile(site, keystore), 'utf8'),
		await readSecret(siteFile(site, keystorePasswordFile)),
	);
	await fundAccount({chain, clock: systemClock, signer: payer, signal}, {to: signer.address, minWei: 10n ** 18n, amountWei: 10n ** 20n});
	await openLogAt({chain, clock: systemClock, signer, signal}, {registry, origin: `${logName}/1`});
	const trust = trustOf(await readFile(paths.trust), paths.trust);
	await writeFile(paths.trust, formatTrust({...trust, registries: [{chainId, registry, opener: signer.address}]}));
	return {
		passwords,
		port,
		write: async ({withMarket = false, prepared}) => {
			await writeFile(configPath, textOf(withMarket, prepared), {mode: 0o600});
			return openSite(configPath);
		},
	};
}

function configText(parts: {
	readonly homes: readonly Home[];
	readonly keys: Keys;
	readonly token: string;
	readonly registry: string;
	readonly rpcUrl: string;
	readonly port: number;
	readonly devices: readonly unknown[];
	readonly options: CommunityRunOptions;
	readonly withMarket: boolean;
	readonly prepared: PreparedMarket | undefined;
}): string {
	const {homes, keys, token, options, port, prepared} = parts;
	const {speed, prices, startMs} = options;
	/** So many minutes or hours of the community's time as these seconds of the wall's are. */
	const scaled = (wallS: number, unitS: number, least: number, most: number): number =>
		Math.min(most, Math.max(least, Math.ceil((wallS * speed) / unitS)));
	const meters = homes.map(({id}) => ({
		device: id,
		owner: keys.get(id)!.transactions.address,
		maxExportWh: fuseWhPerSlot,
		maxImportWh: fuseWhPerSlot,
	}));
	const contract =
		prepared === undefined
			? {}
			: {
					contract: prepared.contract,
					gridAccount: prepared.grid,
					retailerAccount: prepared.retailer,
					poolAccount: prepared.pool,
				};
	const market = {
		market: {
			name: marketName,
			mode: 'metered',
			...prices,
			gateBeforeMinutes: 0,
			clearAfterMinutes: scaled(clearWallS, 60, 60, 1440),
			readingHours: scaled(readingWallS, 3600, 1, 24),
			firstSlot: startMs / slotMs,
			meters,
			...contract,
		},
		api: {
			host: '127.0.0.1',
			port: options.mine?.port ?? 0,
			tokens: [{name: 'judge', role: 'auditor', sha256: toHex(nodeHasher.sha256(utf8(token)))}],
		},
	};
	// JSON is YAML.
	return `${JSON.stringify(
		{
			log: {name: logName},
			broker: {host: '127.0.0.1', port, connectionsMax: homes.length + 10, connectionsPerAddressMax: homes.length + 10},
			anchor: {rpcUrl: parts.rpcUrl, chainId, registry: parts.registry, everyMinutes: scaled(anchorWallS, 60, 5, 1440)},
			...(parts.withMarket ? market : {}),
			mappings: {'home-meter': demoMappings['home-meter']},
			devices: parts.devices,
		},
		null,
		'\t',
	)}\n`;
}

/** What a meter says before the first slot: its registers as they stand when the slot begins. */
function firstMessage(home: Home, seed: string, slotFrom: number, atMs: number): {readonly topic: string; readonly payload: string} {
	const [point] = pointsOf(home, seed, slotFrom, 1);
	const {topic, payload} = meterMessage({...point!, sequence: 1, atMs}, 'enrolling');
	return {topic, payload};
}

/** Lets the homes publish, and one of them change its mind in the middle of the last day. */
async function live(parts: {
	readonly homes: readonly Home[];
	readonly traffic: Traffic;
	readonly trader: Trader;
	readonly clock: PacedClock;
	readonly slotFrom: number;
	readonly slotCount: number;
	readonly speed: number;
	readonly prices: Prices;
	readonly seed: string;
	readonly signal: AbortSignal;
}): Promise<void> {
	const {homes, traffic, trader, clock, slotFrom, slotCount, speed, prices, signal} = parts;
	const changing = async (): Promise<void> => {
		const slot = slotFrom + slotCount - slotsPerDay / 2;
		// A fifth of the slot has passed; from here on time passes slowly until it is done.
		const atMs = slot * slotMs + slotMs / 5;
		while (clock.nowMs() < atMs && !signal.aborted) await clock.sleep(atMs - clock.nowMs(), signal);
		const home = homes.find(({habit}) => habit.kind === 'fixed') ?? homes[0];
		if (home === undefined || signal.aborted) return;
		clock.setSpeed(Math.min(speed, 10));
		try {
			const limit = drawLimit(prices, createChance(parts.seed, 'another mind'));
			await trader.changeMind(home, limit, slotFrom + slotCount - 1, () => Math.floor(clock.nowMs() / slotMs));
		} finally {
			clock.setSpeed(speed);
		}
	};
	await Promise.all([traffic.run(signal), changing()]);
	if (signal.aborted) throw new AgentError('AGENT_UNREACHABLE', 'the community was stopped before its days were over');
}

async function watch(parts: {
	readonly client: MarketClient;
	readonly marketId: string;
	readonly traffic: Traffic;
	readonly clock: Clock;
	readonly slotFrom: number;
	readonly slotCount: number;
	readonly onProgress: (progress: Omit<CommunityProgress, 'waitingFor'>) => void;
	readonly signal: AbortSignal;
}): Promise<void> {
	const {client, marketId, traffic, clock, slotFrom, slotCount, signal} = parts;
	let cleared = 0;
	while (!signal.aborted) {
		const at = slotFrom + cleared;
		const slots = await client
			.listSlots({market: marketId, from: at, to: Math.min(at + slotsPerDay, slotFrom + slotCount)})
			.catch(() => undefined);
		for (const {volumeWh} of slots?.items ?? []) {
			if (volumeWh === undefined) break;
			cleared += 1;
		}
		parts.onProgress({atMs: clock.nowMs(), ...traffic.counts(), slotsCleared: cleared, slots: slotCount});
		await systemClock.sleep(progressEveryMs, signal);
	}
}

async function untilSettled(agent: Agent, day: number, signal: AbortSignal): Promise<void> {
	const done = await until(
		async () => {
			const {market} = await agent.status();
			if (market?.halted !== undefined) throw new AgentError('MARKET_HALTED', market.halted);
			return (market?.newestDay ?? -1) >= day ? true : undefined;
		},
		{clock: systemClock, everyMs: 200, timeoutMs: settleWallMsMax, signal},
	);
	if (done === undefined) throw new AgentError('AGENT_UNREACHABLE', `the last day was not settled within ${settleWallMsMax / 1000} s`);
}

async function untilFinal(client: MarketClient, marketId: string, slot: number, signal: AbortSignal): Promise<void> {
	const done = await until(
		async () => {
			const {phase} = await client.getSlot({market: marketId, slot});
			return phase === 'final' ? true : undefined;
		},
		{clock: systemClock, everyMs: 300, timeoutMs: finalWallMsMax, signal},
	);
	if (done === undefined)
		throw new AgentError('CHAIN_UNREACHABLE', `the last day was not final on the chain within ${finalWallMsMax / 1000} s`);
}

/** What the last final day owes everybody by the judge's own sums. */
function owedOf({bills, counterAccounts}: CommunityVerdict, {grid, retailer, pool}: PreparedMarket): Map<string, bigint> {
	return new Map([
		...bills.map(({account, netNano}): [string, bigint] => [account, netNano]),
		[grid, counterAccounts.gridNano],
		[retailer, counterAccounts.retailerNano],
		[pool, counterAccounts.poolNano],
	]);
}

/** Asks the market for everything that it published, and hands it to the judge beside what the homes know themselves. */
async function judged(parts: {
	readonly client: MarketClient;
	readonly marketId: string;
	readonly homes: readonly Home[];
	readonly owners: ReadonlyMap<string, Owner>;
	readonly traffic: Traffic;
	readonly trader: Trader;
	readonly slotFrom: number;
	readonly slotCount: number;
	/** The home whose orders nobody here has sent: the judge takes them from the evidence, whose signatures were checked. */
	readonly mine: string | undefined;
	readonly directory: string;
	readonly options: CommunityRunOptions;
}): Promise<
	Pick<CommunityReport, 'verdict' | 'bills' | 'evidence' | 'evidenceKept' | 'mine' | 'slotsTraded' | 'lateReadings' | 'good' | 'examples'>
> {
	const {client, marketId, homes, owners, traffic, slotFrom, slotCount, directory, options} = parts;
	const mineAddress = parts.mine === undefined ? undefined : owners.get(parts.mine)!.address;
	const [billsFolder, evidenceFolder] = [join(directory, 'bills'), join(directory, 'evidence')];
	if (options.isKept === true) for (const folder of [billsFolder, evidenceFolder]) await mkdir(folder, {recursive: true});
	let evidenceKept = 0;
	const [from, to] = [slotFrom, slotFrom + slotCount];
	const examples: string[] = [];
	const slots: PublishedSlot[] = [];
	const late = new Set<string>();
	const mine: SentOrder[] = [];
	let [gridNano, retailerNano, poolNano, failed] = [0n, 0n, 0n, 0];
	for (let slot = from; slot < to; slot += 1) {
		const clearing = await client.getClearing({market: marketId, slot});
		slots.push({
			slot,
			seed: clearing.seed,
			volumeWh: clearing.volumeWh,
			priceBuyMicroPerKwh: clearing.priceBuyMicroPerKwh,
			priceSellMicroPerKwh: clearing.priceSellMicroPerKwh,
		});
		const evidenceText = await client.getSlotEvidence({market: marketId, slot});
		if (options.isKept === true && clearing.volumeWh > 0 && evidenceKept < evidenceKeptMax) {
			await writeFile(join(evidenceFolder, `${slotName(slot)}.json`), evidenceText);
			evidenceKept += 1;
		}
		const evidence = parseSlotEvidence(utf8(evidenceText));
		if ('problem' in evidence) {
			failed += 1;
			examples.push(`the evidence of slot ${slot}: ${evidence.problem}`);
			continue;
		}
		const {good, checks} = checkSlotEvidence(evidence.value);
		if (!good) failed += 1;
		for (const {meter, atClearing} of evidence.value.meters)
			if (atClearing !== undefined && atClearing.netExportWh === undefined) late.add(`${slot} ${meter}`);
		for (const {name, state, detail} of checks)
			if (state === 'fail') examples.push(`the evidence of slot ${slot} fails ${name}: ${detail}`);
		for (const {hash, order, withdrawal} of evidence.value.orders) {
			if (order.trader !== mineAddress || withdrawal !== undefined) continue;
			const {meter, side, quantityWh, limitMicroPerKwh} = order;
			mine.push({hash, meter, side, slotFrom: slot, slotCount: 1, quantityWh, limitMicroPerKwh});
		}
		gridNano += evidence.value.settled?.accounts.gridNano ?? 0n;
		retailerNano += evidence.value.settled?.accounts.retailerNano ?? 0n;
		poolNano += evidence.value.settled?.accounts.poolNano ?? 0n;
	}
	const rows: PublishedRow[] = [];
	for await (const {slot, meter, account, contractedWh, meteredWh, netNano} of client.iterateSettlements({
		market: marketId,
		from,
		to,
		limit: 500,
	}))
		rows.push({slot, meter, account, contractedWh, meteredWh, netNano: BigInt(netNano)});
	let [loadWh, pvWh] = [0n, 0n];
	for (const home of homes)
		for (const truth of slotsOf(home, options.seed, slotFrom, slotCount)) {
			loadWh += BigInt(truth.loadWh);
			pvWh += BigInt(truth.pvWh);
		}
	const verdict = judgeCommunity({
		prices: options.prices,
		slotFrom,
		slotCount,
		meters: homes.map(({id, cadenceMs}) => ({
			meter: owners.get(id)!.meter,
			account: owners.get(id)!.address,
			cadenceMs,
			points: traffic.points.get(id)!,
		})),
		orders: [...parts.trader.sent(), ...mine],
		slots,
		rows,
		counterAccounts: {gridNano, retailerNano, poolNano},
		late,
		used: {loadWh, pvWh},
	});
	const homeOf = new Map([...owners].map(([id, {address}]) => [address, id]));
	const tables: string[] = [];
	let different = 0;
	for (const {account, netNano} of verdict.bills) {
		const billText = await client.exportBill({market: marketId, account, from, to, format: 'json'});
		if (options.isKept === true) {
			const table = await client.exportBill({market: marketId, account, from, to, format: 'csv'});
			await writeFile(join(billsFolder, `${homeOf.get(account)}.json`), billText);
			await writeFile(join(billsFolder, `${homeOf.get(account)}.csv`), table);
			// One heading for all of them.
			tables.push(tables.length === 0 ? table : table.slice(table.indexOf('\n') + 1));
		}
		const bill = JSON.parse(billText) as {readonly totals: {readonly net: {readonly nano: string}}};
		if (BigInt(bill.totals.net.nano) === netNano) continue;
		different += 1;
		examples.push(`the bill of ${account} comes to ${bill.totals.net.nano} nano; the judge's to ${netNano}`);
	}
	if (options.isKept === true) await writeFile(join(directory, 'rows.csv'), tables.join(''));
	return {
		verdict,
		mine: parts.mine === undefined ? undefined : mineReport(parts.mine, mineAddress!, mine, rows, verdict),
		evidenceKept,
		bills: {compared: verdict.bills.length, different},
		evidence: {checked: slots.length, failed},
		lateReadings: late.size,
		slotsTraded: slots.filter(({volumeWh}) => volumeWh > 0).length,
		good: isGood(verdict) && different === 0 && failed === 0,
		examples: [...verdict.examples, ...examples].slice(0, examplesMax),
	};
}

/** When it begins, such as `2026-06-20T12.00Z`: no file system minds it, and it sorts. */
function slotName(slot: number): string {
	return `${new Date(slot * slotMs).toISOString().slice(0, 16).replace(':', '.')}Z`;
}

function mineReport(
	home: string,
	account: string,
	orders: readonly SentOrder[],
	rows: readonly PublishedRow[],
	{bills}: CommunityVerdict,
): MineReport {
	const own = rows.filter(row => row.account === account);
	const sum = (energyOf: (row: PublishedRow) => number): number => own.reduce((total, row) => total + Math.max(0, energyOf(row)), 0);
	const bill = bills.find(one => one.account === account);
	return {
		home,
		orders: new Set(orders.map(({hash}) => hash)).size,
		slotsContracted: own.filter(({contractedWh}) => contractedWh !== 0).length,
		soldWh: sum(({contractedWh}) => contractedWh),
		boughtWh: sum(({contractedWh}) => -contractedWh),
		importWh: sum(({meteredWh}) => -meteredWh),
		exportWh: sum(({meteredWh}) => meteredWh),
		netNano: bill?.netNano ?? 0n,
		withoutMarketNano: bill?.withoutMarketNano ?? 0n,
	};
}

/** What all homes together have more for trading with each other, grid fees included. */
export function savedNano({bills}: CommunityVerdict): bigint {
	return bills.reduce((sum, {netNano, withoutMarketNano}) => sum + netNano - withoutMarketNano, 0n);
}
