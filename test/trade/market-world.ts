// A market on a real log: homes whose registers stand in it, keys that sign orders, and an engine that is opened and closed as an agent would.

import {join} from 'node:path';
import type {ExecutionContext} from 'ava';
import {toPrefixedHex, utf8} from '../../agent/base/bytes.ts';
import {keccak256} from '../../agent/base/hash.ts';
import {silentLogger} from '../../agent/base/logger.ts';
import {createSigner} from '../../agent/base/secp256k1.ts';
import {openDatabase} from '../../agent/base/sqlite.ts';
import {decodeEntry, kinds} from '../../agent/format/entry.ts';
import {channelUrn, deviceUrn, marketUrn} from '../../agent/format/subject.ts';
import type {Log} from '../../agent/log/log.ts';
import type {LogReader} from '../../agent/log/reader.ts';
import {createIntake, type Intake} from '../../agent/trade/intake.ts';
import {type Ledger, openLedger} from '../../agent/trade/ledger.ts';
import {type Engine, type EngineRules, type MarketMeter, openEngine} from '../../agent/trade/market-engine.ts';
import {encodeBody, type SignedOrder, slotS, slotsPerDay} from '../../agent/trade/order.ts';
import {createDigests} from '../../agent/trade/typed-data.ts';
import {createLogWorld, draftOf, type LogWorld} from '../helpers/log-world.ts';
import {tariff} from './world.ts';

export const hashText = (text: string): string => toPrefixedHex(keccak256(utf8(text)));

/** A key from a name: the same in every run. */
export function keyOf(name: string): {readonly address: string; readonly sign: (digest: Uint8Array) => string} {
	const signer = createSigner(keccak256(utf8(`test key ${name}`)))!;
	return {address: toPrefixedHex(signer.address), sign: digest => toPrefixedHex(signer.sign(digest))};
}

export const domain = {chainId: 31_337, verifyingContract: `0x${'00'.repeat(20)}`};
export const digests = createDigests(domain);
export const marketName = 'street';
export const market = hashText(marketName);
const operator = createSigner(keccak256(utf8('test key operator')))!;

/** A midnight: the first slot of a day. */
export const firstSlot = Math.ceil(1_780_000_000 / slotS / slotsPerDay) * slotsPerDay;
export const cadenceMs = 60_000;

export const baseRules: EngineRules = {
	...tariff,
	pricing: 'auction',
	lineLimitWh: undefined,
	market,
	mode: 'forward',
	openBeforeS: 86_400,
	gateBeforeS: 300,
	paramsVersion: 1,
	clearAfterS: 3600,
	deadlineS: 86_400,
	counters: {grid: `0x${'a1'.repeat(20)}`, retailer: `0x${'a2'.repeat(20)}`, pool: `0x${'a3'.repeat(20)}`},
};

export function meterOf(deviceId: string, owner: string): MarketMeter {
	return {
		id: hashText(deviceUrn(deviceId)),
		deviceId,
		owner,
		maxExportWh: 5000,
		maxImportWh: 5000,
		importUrn: channelUrn(deviceId, 'energy-import'),
		exportUrn: channelUrn(deviceId, 'energy-export'),
		cadenceMs,
	};
}

export type MarketWorld = {
	readonly logWorld: LogWorld;
	readonly log: () => Log;
	readonly meters: readonly MarketMeter[];
	readonly engine: () => Engine;
	readonly intake: () => Intake;
	/** Opens log, reader, ledger and engine; those that are open are closed first. */
	readonly open: (options?: {
		readonly withoutLedger?: boolean;
		readonly rules?: Partial<EngineRules>;
		readonly meters?: readonly MarketMeter[];
	}) => Promise<void>;
	/** Moves the clock to so many seconds after a slot's start. */
	readonly moveTo: (slot: number, seconds?: number) => void;
	/** Writes what both registers show at a time (s since 1970), in Wh. */
	readonly report: (home: number, timeS: number, importWh: number, exportWh: number, quality?: number) => Promise<void>;
	/** Reports just before and just behind the slot's start. */
	readonly reportAt: (home: number, slot: number, importWh: number, exportWh: number) => Promise<void>;
	readonly order: (home: number, fields: Partial<SignedOrder>) => SignedOrder;
};

let salts = 0;

export async function createMarketWorld(
	t: ExecutionContext,
	options: {
		readonly homes?: number;
		readonly rules?: Partial<EngineRules>;
		readonly acceptsSignature?: (account: string, digest: string, signature: string) => Promise<boolean>;
		readonly marginOf?: (account: string) => bigint;
		readonly standingOf?: (slot: number) => 'posted' | 'unposted' | 'unknown';
		/** What stands between the engine and its ledgers. */
		readonly ledgerOf?: (ledger: Ledger) => Ledger;
		readonly chainSeenS?: () => number;
	} = {},
): Promise<MarketWorld> {
	const logWorld = await createLogWorld(t);
	const {clock} = logWorld;
	const rules: EngineRules = {...baseRules, ...options.rules};
	const keys = Array.from({length: options.homes ?? 3}, (_, home) => keyOf(`home ${home}`));
	const meters = keys.map(({address}, home) => meterOf(`home-${home}`, address));
	let log: Log | undefined;
	let reader: LogReader | undefined;
	let engine: Engine | undefined;
	let intake: Intake | undefined;
	let ledgers = 0;
	const setMs = (timeMs: number): void => clock.move(timeMs - clock.nowMs());
	setMs((firstSlot - 1) * slotS * 1000);
	const urn = marketUrn(marketName);
	return {
		logWorld,
		log: () => log!,
		meters,
		engine: () => engine!,
		intake: () => intake!,
		open: async ({withoutLedger = false, rules: changes = {}, meters: ofMarket = meters} = {}) => {
			log = await logWorld.open();
			reader = await logWorld.reader();
			if (withoutLedger) ledgers += 1;
			if (log.channel(urn) === undefined) {
				log.enrol({urn, quantity: 0, quantityName: undefined, exponent: 0});
				for (const {deviceId} of meters)
					for (const [quantityName, quantity] of [
						['energy-import', 1],
						['energy-export', 2],
					] as const)
						log.enrol({urn: channelUrn(deviceId, quantityName), quantity, quantityName, exponent: 0});
				await log.settled();
			}
			const [opened, found] = [log, reader];
			const channel = opened.channel(urn)!;
			const ledger = await openLedger({path: join(logWorld.folder, `ledgers-${ledgers}.db`), market, openDatabase});
			t.teardown(() => ledger[Symbol.asyncDispose]());
			const append: Parameters<typeof createIntake>[0]['append'] = (body, value, atMs) => {
				const draft = {...draftOf(channel), kind: kinds.order, quantity: body.kind, value, measuredAtMs: 0};
				const durable = new Promise<number>((resolve, reject) => {
					opened.appendBody({body: encodeBody(body), arrivedAtMs: atMs, drafts: [draft]}, (failure, first) =>
						failure === undefined ? resolve(first) : reject(failure),
					);
				});
				return {sequence: channel.lastNumber, durable};
			};
			engine = await openEngine(
				{
					digests,
					sign: operator.sign,
					append,
					settled: opened.settled,
					standingOf: options.standingOf,
					chainSeenS: options.chainSeenS,
					logSize: opened.size,
					provenSize: async () => opened.size(),
					entries: found.entries,
					marketEntries: begin => found.withRecords(channel, begin),
					subjectOf: name => opened.channel(name)?.subject,
					ledger: options.ledgerOf?.(ledger) ?? ledger,
					clock,
					logger: silentLogger,
				},
				{...rules, ...changes},
				ofMarket,
				{atMs: decodeEntry(await found.entry(channel.enrolled)).arrivedAtMs, index: channel.enrolled},
			);
			const {book, announce, halted} = engine;
			intake = createIntake(
				{
					book,
					digests,
					sign: operator.sign,
					append,
					marginOf: options.marginOf,
					acceptsSignature: options.acceptsSignature,
					halted,
					announce,
					clock,
				},
				rules,
			);
		},
		moveTo: (slot, seconds = 0) => setMs((slot * slotS + seconds) * 1000),
		report,
		reportAt: async (home, slot, importWh, exportWh) => {
			await report(home, slot * slotS - 10, importWh, exportWh);
			await report(home, slot * slotS + 20, importWh, exportWh);
		},
		order: (home, fields) => {
			salts += 1;
			const plain: Omit<SignedOrder, 'signature'> = {
				market,
				meter: meters[home]!.id,
				trader: keys[home]!.address,
				side: 'sell',
				mode: rules.mode,
				slotFrom: firstSlot,
				slotCount: 1,
				quantityWh: 1000,
				limitMicroPerKwh: 100_000,
				minQuantityWh: 0,
				validUntil: (firstSlot + 100_000) * slotS,
				counter: 0,
				salt: toPrefixedHex(keccak256(utf8(`salt ${salts}`))),
				...fields,
			};
			return {signature: keys[home]!.sign(digests.order({...plain, salt: BigInt(plain.salt)})), ...plain};
		},
	};

	async function report(home: number, timeS: number, importWh: number, exportWh: number, quality = 0): Promise<void> {
		const {importUrn, exportUrn} = meters[home]!;
		const drafts = [[importUrn, importWh] as const, [exportUrn!, exportWh] as const].map(([name, value]) => ({
			...draftOf(log!.channel(name)!),
			value: BigInt(value),
			quality,
			measuredAtMs: timeS * 1000,
			key: timeS * 1000,
		}));
		await new Promise<void>((resolve, reject) => {
			log!.append({record: utf8('a message'), arrivedAtMs: clock.nowMs(), drafts}, failure =>
				failure === undefined ? resolve() : reject(failure),
			);
		});
	}
}
