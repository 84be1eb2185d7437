// A log in memory for the ledger of certificates: registers, what is stated of them, and any way to fold it.

import {utf8} from '../../../agent/base/bytes.ts';
import {nodeHasher} from '../../../agent/base/hash-node.ts';
import {encodeEntry, type Kind, kinds, noteKinds, qualities, statementKinds} from '../../../agent/format/entry.ts';
import {encodeStatement, type StatementBody} from '../../../agent/format/statement.ts';
import {accountUrn, channelUrn} from '../../../agent/format/subject.ts';
import type {DeviceCertificates} from '../../../agent/ledgers/energy/certificates-of.ts';
import {createEnergyLedger} from '../../../agent/ledgers/energy/energy-ledger.ts';
import {createFold, type Fold, readReading} from '../../../agent/ledgers/fold.ts';
import {type Basis, type Ledger, type Past, type Reading, timeOf} from '../../../agent/ledgers/ledger.ts';
import {createRecount} from '../../../agent/ledgers/recount.ts';
import {createMemoryRows, type MemoryRows} from '../../../agent/ledgers/rows.ts';

export const startMs = Date.UTC(2026, 5, 1);
export const minuteMs = 60_000;
export const hourMs = 3_600_000;

export const exportOf = (device: string): string => channelUrn(device, 'energy-export');
export const certificatesUrn = (device: string): string => accountUrn('certificates', device);

/** What opens certificates of a device that reports every five minutes, for `alice`. */
export const opening = (changes: StatementBody = {}): StatementBody => ({
	does: 'open',
	channel: 'energy-export',
	cadenceMs: 5 * minuteMs,
	owner: 'alice',
	issuer: 'The issuing body',
	energySource: 'solar',
	country: 'DE',
	...changes,
});

type Item = {
	readonly urn: string;
	readonly bytes: Uint8Array;
	readonly body: Uint8Array | undefined;
	readonly corrects: number | undefined;
};

export type ReadingWish = {
	/** mWh. */
	readonly value: number | bigint;
	readonly measuredAtMs: number;
	/** @default when it was measured, or when the entry before arrived */
	readonly arrivedAtMs?: number;
	readonly quality?: number;
	readonly epoch?: number;
	readonly exponent?: number;
	/** Number of the entry that it stands in for. */
	readonly corrects?: number;
};

export type FoldWay = {
	/** Folds so many entries, saves, and goes on. @default all at once */
	readonly chunk?: number;
	/** With a new ledger over the same rows after each chunk. */
	readonly restarts?: boolean;
	/** Only these entries. */
	readonly only?: Basis;
	readonly rows?: MemoryRows;
};

export function createEnergyWorld(begun: readonly Item[] = []): EnergyWorld {
	const items: Item[] = [...begun];
	const numbers = new Map<string, number>();
	let nowMs = startMs;

	const push = (
		urn: string,
		fields: Partial<Parameters<typeof encodeEntry>[0]> & {kind: Kind},
		body?: Uint8Array,
		corrects?: number,
	): number => {
		const number = (numbers.get(urn) ?? 0) + 1;
		numbers.set(urn, number);
		nowMs = Math.max(nowMs, fields.arrivedAtMs ?? 0);
		const bytes = encodeEntry({
			subject: nodeHasher.sha256(utf8(urn)),
			quantity: 2,
			exponent: -3,
			quality: 0,
			value: 0n,
			measuredAtMs: 0,
			number,
			span: 0,
			salt: new Uint8Array(16),
			source: new Uint8Array(32),
			...fields,
			arrivedAtMs: fields.arrivedAtMs ?? nowMs,
		});
		items.push({urn, bytes, body, corrects});
		return number;
	};

	const readingAt = (index: number): Reading => readReading(new DataView(items[index]!.bytes.buffer), 0, index);

	const fold = async ({chunk = items.length, restarts = false, only, rows = createMemoryRows()}: FoldWay = {}) => {
		const indexes = items.flatMap(({urn}, index) => (only === undefined || isIn(only, urn, index) ? [index] : []));
		let at: {readonly size: number; readonly logTimeMs: number} | undefined;
		const start = (): {readonly ledger: Ledger; readonly made: Fold} => {
			const ledger = createEnergyLedger();
			const made: Fold = createFold({ledgers: [ledger], rowsOf: () => rows, past: pastOf(() => made.size(), indexes), at});
			for (const urn of new Set(items.map(item => item.urn))) made.enrol(nodeHasher.sha256(utf8(urn)), urn);
			return {ledger, made};
		};
		let {ledger, made} = start();
		await made.open();
		for (let begin = 0; begin < indexes.length; begin += chunk) {
			const some = indexes.slice(begin, begin + chunk);
			await made.take(Buffer.concat(some.map(index => items[index]!.bytes)), some, async index => items[index]?.body);
			await made.save();
			if (!restarts) continue;
			at = {size: made.size(), logTimeMs: made.logTimeMs()!};
			({ledger, made} = start());
			await made.open();
		}
		await made.save();
		const past = pastOf(() => made.size(), indexes);
		return {
			rows,
			problem: (device: string, body: StatementBody) =>
				ledger.problem({says: 'certificate', urn: certificatesUrn(device), body, value: 0n}, rows),
			basis: (device: string) => ledger.basis({about: 'certificates', id: device, fromMs: 0, toMs: 2 ** 47}, rows),
			certificates: async (device: string, fromMs = 0, toMs = 2 ** 47): Promise<DeviceCertificates | undefined> =>
				(await ledger.answer({about: 'certificates', id: device, fromMs, toMs}, past, rows)) as unknown as DeviceCertificates | undefined,
		};
	};

	const isIn = ({statements, channels}: Basis, urn: string, index: number): boolean => {
		if (statements.includes(urn)) return true;
		const channel = channels.find(one => one.urn === urn);
		if (channel === undefined || items[index]!.bytes[0] !== kinds.reading) return false;
		const timeMs = timeOf(readingAt(index));
		return timeMs >= channel.fromMs && timeMs <= channel.toMs;
	};

	const pastOf = (size: () => number, indexes: readonly number[]): Past => ({
		readings: async function* (urn, fromMs, toMs) {
			for (const index of indexes) {
				if (index >= size() || items[index]!.urn !== urn || items[index]!.bytes[0] !== kinds.reading) continue;
				const reading = readingAt(index);
				if (timeOf(reading) >= fromMs && timeOf(reading) <= toMs) yield reading;
			}
		},
		before: async () => undefined,
		corrects: async (_urn, {index}) => items[index]!.corrects,
	});

	return {
		nowMs: () => nowMs,
		read: (device: string, {value, measuredAtMs, arrivedAtMs, quality = 0, epoch = 0, exponent = -3, corrects}: ReadingWish): number =>
			push(
				exportOf(device),
				{
					kind: kinds.reading,
					value: BigInt(value),
					measuredAtMs,
					arrivedAtMs: arrivedAtMs ?? Math.max(nowMs, measuredAtMs),
					quality: corrects === undefined ? quality : quality | qualities.correction | qualities.substituted,
					span: epoch,
					exponent,
				},
				undefined,
				corrects,
			),
		note: (device: string): number => push(exportOf(device), {kind: kinds.note, quantity: noteKinds.gap, value: 1n, exponent: 0}),
		state: (device: string, body: StatementBody, atMs?: number): number =>
			push(
				certificatesUrn(device),
				{
					kind: kinds.statement,
					quantity: statementKinds.certificate,
					exponent: 0,
					...(atMs === undefined ? {} : {arrivedAtMs: atMs}),
				},
				encodeStatement(body),
			),
		moveTo: (timeMs: number): void => {
			nowMs = Math.max(nowMs, timeMs);
		},
		fold,
		recount: async (device, only) => {
			const recount = createRecount([createEnergyLedger()], {about: 'certificates', id: device, fromMs: 0, toMs: 2 ** 47});
			const indexes = items.flatMap(({urn}, index) => (isIn(only, urn, index) ? [index] : []));
			for (const urn of new Set(indexes.map(index => items[index]!.urn))) recount.enrol(nodeHasher.sha256(utf8(urn)), urn);
			for (let at = 0; at < indexes.length; at += 50) {
				const some = indexes.slice(at, at + 50);
				await recount.take(Buffer.concat(some.map(index => items[index]!.bytes)), some, {
					bodyOf: index => items[index]?.body,
					correctsOf: index => items[index]?.corrects,
				});
			}
			return (await recount.answer())?.answer;
		},
		without: (index: number): EnergyWorld => createEnergyWorld(items.toSpliced(index, 1)),
	};
}

export type EnergyWorld = {
	readonly nowMs: () => number;
	/** Gives its number. */
	readonly read: (device: string, wish: ReadingWish) => number;
	readonly note: (device: string) => number;
	readonly state: (device: string, body: StatementBody, atMs?: number) => number;
	/** What arrives from here on. */
	readonly moveTo: (timeMs: number) => void;
	readonly fold: (way?: FoldWay) => Promise<Folded>;
	/** The answer on a device as somebody counts it who has only these entries. */
	readonly recount: (device: string, only: Basis) => Promise<unknown>;
	/** The same log without one entry, to be folded only. */
	readonly without: (index: number) => EnergyWorld;
};

export type Folded = {
	readonly rows: MemoryRows;
	readonly problem: (device: string, body: StatementBody) => Promise<string | undefined>;
	readonly basis: (device: string) => Promise<Basis | undefined>;
	readonly certificates: (device: string, fromMs?: number, toMs?: number) => Promise<DeviceCertificates | undefined>;
};

/** Readings every five minutes, from the start of an hour until five minutes behind the last; `whOf` gives what an hour produces, which twelve divides. Gives the numbers of the readings. */
export function produce(world: EnergyWorld, device: string, whOf: readonly number[], fromHour = 0, fromWh = 0): number[] {
	let registerWh = fromWh;
	const numbers: number[] = [];
	for (let step = 0; step <= whOf.length * 12 + 1; step += 1) {
		numbers.push(world.read(device, {value: registerWh * 1000 + 999, measuredAtMs: startMs + fromHour * hourMs + step * 5 * minuteMs}));
		registerWh += (whOf[Math.floor(step / 12)] ?? 0) / 12;
	}
	return numbers;
}
