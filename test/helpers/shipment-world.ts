// A log in memory with one ledger over it: statements and readings in their order, with what a follower and a verifier do with them, in a hundred lines.
import {createDeviceSigner, verifyDeviceSignature} from '../../agent/base/device-signature.ts';
import {formatDeviceKey, type VerifyDeviceSignature} from '../../agent/format/device-key.ts';
import type {Json} from '../../agent/format/document.ts';
import type {StatementKind} from '../../agent/format/entry.ts';
import {decodeStatement, encodeStatement, type StatementBody} from '../../agent/format/statement.ts';
import {accountUrn, channelUrn} from '../../agent/format/subject.ts';
import {createColdchainLedger} from '../../agent/ledgers/coldchain/coldchain.ts';
import {profileOf} from '../../agent/ledgers/coldchain/profiles.ts';
import {
	type AssignmentBody,
	assignmentBody,
	type HandoverTerms,
	handoverBody,
	handoverBytes,
	openingDigest,
	type ShipmentBody,
	shipmentBody,
} from '../../agent/ledgers/coldchain/statements.ts';
import {type Basis, type Ledger, type Past, type Question, type Reading, timeOf} from '../../agent/ledgers/ledger.ts';
import {createMemoryRows, type MemoryRows} from '../../agent/ledgers/rows.ts';

export const minuteMs = 60_000;
export const hourMs = 60 * minuteMs;
/** 2026-03-28T00:00Z: the night after it clocks go forward in Europe. */
export const dayMs = Date.UTC(2026, 2, 28);

export const signers = {
	maker: createDeviceSigner('ed25519', new Uint8Array(32).fill(1)),
	carrier: createDeviceSigner('p256', new Uint8Array(32).fill(2)),
	buyer: createDeviceSigner('ed25519', new Uint8Array(32).fill(3)),
};
export type PartyId = keyof typeof signers;

export const shipmentUrn = accountUrn('shipment', 'S1');
export const sensor = (device: string, quantity = 'temperature'): string => channelUrn(device, quantity);

export function opening(changes: Partial<ShipmentBody> = {}): StatementBody {
	return shipmentBody({
		fromMs: dayMs,
		goods: 'Vaccine',
		lots: [
			{id: 'L1', name: 'Vaccine A', gtin: '04012345111118', batch: 'B-77', quantity: '120', unit: 'EA'},
			{id: 'L2', name: 'Vaccine B'},
		],
		parties: (Object.keys(signers) as PartyId[]).map(id => ({id, name: `The ${id}`, key: formatDeviceKey(signers[id].publicKey)})),
		holder: 'maker',
		profile: profileOf('cold-2-8')!,
		...changes,
	});
}

export function assigning(changes: Partial<AssignmentBody> = {}): StatementBody {
	return assignmentBody({
		id: 'A1',
		channel: sensor('s1'),
		lots: changes.leg === undefined ? ['L1', 'L2'] : undefined,
		fromMs: dayMs,
		...changes,
	});
}

export function handingOver(changes: Partial<HandoverTerms> = {}, opened: StatementBody = opening(), urn = shipmentUrn): StatementBody {
	const terms: HandoverTerms = {
		lots: ['L1', 'L2'],
		from: 'maker',
		to: 'carrier',
		atMs: dayMs + hourMs,
		place: 'Ramp 4',
		opening: openingDigest(opened),
		...changes,
	};
	const bytes = handoverBytes(urn, terms);
	return handoverBody(terms, {from: signers[terms.from as PartyId].sign(bytes), to: signers[terms.to as PartyId].sign(bytes)});
}

export type LogEntry =
	| {
			readonly urn: string;
			readonly says: StatementKind;
			readonly body: StatementBody;
			readonly value: bigint;
			readonly index: number;
			readonly number: number;
	  }
	| {readonly urn: string; readonly reading: Reading; readonly index: number};

export type ShipmentWorld = {
	readonly entries: LogEntry[];
	/** Appends whatever it is, as a log does. */
	readonly state: (says: StatementKind, body: StatementBody, options?: {readonly urn?: string; readonly value?: bigint}) => void;
	/** Readings every so many minutes: values in °C, NaN for a probe that has none. */
	readonly measure: (urn: string, fromMs: number, everyMinutes: number, celsius: readonly number[], changes?: Partial<Reading>) => void;
	readonly problem: (
		says: StatementKind,
		body: StatementBody,
		options?: {readonly urn?: string; readonly value?: bigint},
	) => Promise<string | undefined>;
	// biome-ignore lint/suspicious/noExplicitAny: tests look into answers member by member
	readonly answer: (question?: Partial<Question>) => Promise<any>;
};

export function createShipmentWorld(): ShipmentWorld {
	const entries: LogEntry[] = [];
	const numbers = new Map<string, number>();
	const next = (urn: string): number => {
		const number = (numbers.get(urn) ?? 1) + 1;
		numbers.set(urn, number);
		return number;
	};
	return {
		entries,
		state: (says, body, {urn = shipmentUrn, value = 0n} = {}) => {
			// As bytes and back, as through a log.
			entries.push({urn, says, body: decodeStatement(encodeStatement(body))!, value, index: entries.length, number: next(urn)});
		},
		measure: (urn, fromMs, everyMinutes, celsius, changes = {}) => {
			for (const [i, value] of celsius.entries()) {
				const atMs = fromMs + i * everyMinutes * minuteMs;
				entries.push({
					urn,
					index: entries.length,
					reading: {
						index: entries.length,
						number: next(urn),
						quantity: 30,
						exponent: 0,
						quality: Number.isNaN(value) ? 1 << 8 : 0,
						value: Number.isNaN(value) ? 0n : BigInt(Math.round(value * 1000)),
						measuredAtMs: atMs,
						arrivedAtMs: atMs,
						span: 0,
						...changes,
					},
				});
			}
		},
		problem: async (says, body, {urn = shipmentUrn, value = 0n} = {}) => {
			const {ledger, rows} = await folded(entries);
			return ledger.problem({says, urn, body: decodeStatement(encodeStatement(body))!, value}, rows);
		},
		answer: async question => answerOf(entries, question),
	};
}

export function pastOf(entries: readonly LogEntry[]): Past {
	const readingsOf = (urn: string): Reading[] => entries.flatMap(entry => ('reading' in entry && entry.urn === urn ? [entry.reading] : []));
	return {
		async *readings(urn, fromMs, toMs) {
			for (const reading of readingsOf(urn)) if (timeOf(reading) >= fromMs && timeOf(reading) <= toMs) yield reading;
		},
		before: async (urn, timeMs) =>
			readingsOf(urn)
				.filter(reading => timeOf(reading) <= timeMs)
				.sort((a, b) => timeOf(a) - timeOf(b) || a.index - b.index)
				.at(-1),
		corrects: async () => undefined,
	};
}

/** Folds entries, with a save after each of those indexes, each time into a ledger that is opened anew. */
export async function folded(
	entries: readonly LogEntry[],
	savesAt: readonly number[] = [],
	verifySignature: VerifyDeviceSignature = verifyDeviceSignature,
): Promise<{ledger: Ledger; rows: MemoryRows; past: Past}> {
	const rows = createMemoryRows();
	let ledger = createColdchainLedger({verifySignature});
	await ledger.open(rows);
	for (const [i, entry] of entries.entries()) {
		if ('says' in entry) ledger.state({...entry, statedAtMs: dayMs});
		else if (ledger.wants(entry.urn)) ledger.read(entry.urn, entry.reading);
		if (!savesAt.includes(i)) continue;
		await ledger.save(pastOf(entries.slice(0, i + 1)), rows);
		ledger = createColdchainLedger({verifySignature});
		await ledger.open(rows);
	}
	const past = pastOf(entries);
	await ledger.save(past, rows);
	return {ledger, rows, past};
}

export const wholeQuestion: Question = {about: 'shipment', id: 'S1', fromMs: 0, toMs: dayMs + 24 * hourMs};

export async function answerOf(entries: readonly LogEntry[], question: Partial<Question> = {}): Promise<Json | undefined> {
	const {ledger, rows, past} = await folded(entries);
	const answer = await ledger.answer({...wholeQuestion, ...question}, past, rows);
	return answer === undefined ? undefined : JSON.parse(JSON.stringify(answer));
}

/** What an evidence package holds: of the statements all, of each channel the readings of its times and the newest before. */
export function entriesOfBasis(entries: readonly LogEntry[], {statements, channels}: Basis): LogEntry[] {
	const kept = new Set<number>();
	for (const {urn, fromMs, toMs} of channels) {
		let before: Reading | undefined;
		for (const entry of entries) {
			if (!('reading' in entry) || entry.urn !== urn) continue;
			const atMs = timeOf(entry.reading);
			if (atMs >= fromMs && atMs <= toMs) kept.add(entry.index);
			if (atMs < fromMs && (before === undefined || atMs >= timeOf(before))) before = entry.reading;
		}
		if (before !== undefined) kept.add(before.index);
	}
	return entries.filter(entry => ('says' in entry ? statements.includes(entry.urn) : kept.has(entry.index)));
}
