// The ledger of a device: what each of its channels came to in a period. It follows nothing and keeps no row: whoever asks has it counted from the readings themselves.

import {decimalText} from '../../format/decimal.ts';
import type {Json} from '../../format/document.ts';
import {qualities, qualityNames, uncountedQualities} from '../../format/entry.ts';
import {type QuantityKind, quantityOfName} from '../../format/quantity.ts';
import {parseChannelUrn} from '../../format/subject.ts';
import {type Ledger, type Past, type Question, type Reading, timeOf} from '../ledger.ts';

/** Knows the channels that it was asked whether it wants them: it says no to each. */
export function createDeviceLedger(): Ledger {
	const known = new Set<string>();
	const channelsOf = (device: string): string[] => [...known].filter(urn => parseChannelUrn(urn)?.deviceId === device).sort();
	return {
		name: 'device',
		version: 1,
		open: async () => {},
		state: () => {},
		wants: urn => {
			known.add(urn);
			return false;
		},
		read: () => {},
		note: () => {},
		tick: async () => {},
		save: async () => {},
		problem: async () => undefined,
		basis: async ({about, id, fromMs, toMs}) => {
			const channels = about === 'device' ? channelsOf(id) : [];
			return channels.length === 0 ? undefined : {statements: [], channels: channels.map(urn => ({urn, fromMs, toMs: toMs - 1}))};
		},
		answer: async (question, past) => {
			const urns = question.about === 'device' ? channelsOf(question.id) : [];
			if (urns.length === 0) return undefined;
			const channels: Json[] = [];
			for (const urn of urns) channels.push(await countChannel(urn, question, past));
			return {device: question.id, fromMs: question.fromMs, toMs: question.toMs, channels};
		},
	};
}

/** A value with its exponent, as entries have it. */
type Amount = Pick<Reading, 'value' | 'exponent'>;

function isLess(a: Amount, b: Amount): boolean {
	return a.exponent === b.exponent ? a.value < b.value : minus(a, b).value < 0n;
}

function minus(a: Amount, b: Amount): Amount {
	const exponent = Math.min(a.exponent, b.exponent);
	return {value: scale(a, exponent) - scale(b, exponent), exponent};
}

/** The digits at a smaller exponent. Exponents are bytes: never more than 255 zeros. */
function scale({value, exponent}: Amount, to: number): bigint {
	return exponent === to ? value : value * 10n ** BigInt(exponent - to);
}

const textOf = ({value, exponent}: Amount): string => decimalText(value, exponent);

const isValued = ({quality}: Reading): boolean => (quality & qualities.noValue) === 0;

function placeOf(reading: Reading): Json {
	return {number: reading.number, atMs: timeOf(reading), value: isValued(reading) ? textOf(reading) : undefined};
}

/** Numbers that corrections of the period stand in for: their entries no longer count. */
async function correctedIn(urn: string, readings: AsyncIterable<Reading>, past: Past): Promise<Set<number>> {
	const corrected = new Set<number>();
	for await (const reading of readings) {
		if ((reading.quality & qualities.correction) === 0) continue;
		const number = await past.corrects(urn, reading);
		if (number !== undefined) corrected.add(number);
	}
	return corrected;
}

/** What a channel comes to while its readings are counted. */
type Count = {
	readings: number;
	counted: number;
	/** By bit of the quality. */
	readonly marks: Map<number, number>;
	first: Reading | undefined;
	last: Reading | undefined;
	min: Reading | undefined;
	max: Reading | undefined;
	sum: Amount | undefined;
	/** Two readings with none between them, the longest apart. */
	longest: {readonly from: Reading; readonly to: Reading; readonly ms: number} | undefined;
	newest: Reading | undefined;
	restarts: number;
	counterEpoch: number;
	hasCorrection: boolean;
};

async function countOnce(kind: QuantityKind | undefined, readings: AsyncIterable<Reading>, corrected: ReadonlySet<number>): Promise<Count> {
	const count: Count = {
		readings: 0,
		counted: 0,
		marks: new Map(),
		first: undefined,
		last: undefined,
		min: undefined,
		max: undefined,
		sum: undefined,
		longest: undefined,
		newest: undefined,
		restarts: 0,
		counterEpoch: -1,
		hasCorrection: false,
	};
	for await (const reading of readings) {
		count.readings += 1;
		for (let bits = reading.quality; bits !== 0; bits &= bits - 1) {
			const bit = 31 - Math.clz32(bits & -bits);
			count.marks.set(bit, (count.marks.get(bit) ?? 0) + 1);
		}
		if ((reading.quality & qualities.correction) !== 0) count.hasCorrection = true;
		if ((reading.quality & uncountedQualities) !== 0 || corrected.has(reading.number)) continue;
		count.counted += 1;
		const timeMs = timeOf(reading);
		const {newest, first, last} = count;
		// In the order of the log: what came late is compared with what was there then.
		const sinceMs = newest === undefined ? 0 : timeMs - timeOf(newest);
		if (newest !== undefined && sinceMs > (count.longest?.ms ?? 0)) count.longest = {from: newest, to: reading, ms: sinceMs};
		if (newest === undefined || sinceMs > 0) count.newest = reading;
		if (first === undefined || timeMs < timeOf(first)) count.first = reading;
		if (last === undefined || timeMs >= timeOf(last)) count.last = reading;
		if (kind === 'register') {
			if (count.counterEpoch >= 0 && reading.span > count.counterEpoch) count.restarts += 1;
			count.counterEpoch = Math.max(count.counterEpoch, reading.span);
			continue;
		}
		if (count.min === undefined || isLess(reading, count.min)) count.min = reading;
		if (count.max === undefined || isLess(count.max, reading)) count.max = reading;
		if (kind === 'interval') count.sum = count.sum === undefined ? reading : minus(count.sum, {...reading, value: -reading.value});
	}
	return count;
}

/**
 * What one channel came to, by the time of the device, or of the arrival where that claims none. What is estimated, invalid, in conflict, without a value, or a guess of any other sort is
 * counted by its mark and in nothing else; so is a reading that the owner corrected, and the correction, which is his word.
 */
async function countChannel(urn: string, question: Question, past: Past): Promise<Json> {
	const quantityName = parseChannelUrn(urn)?.quantityName ?? '';
	const quantity = quantityOfName(quantityName);
	const readings = (): AsyncIterable<Reading> => past.readings(urn, question.fromMs, question.toMs - 1);
	let count = await countOnce(quantity?.kind, readings(), new Set());
	if (count.hasCorrection) count = await countOnce(quantity?.kind, readings(), await correctedIn(urn, readings(), past));
	const {first, last, min, max, sum, longest, restarts, marks} = count;
	return {
		urn,
		quantity: quantityName,
		unit: quantity?.unit,
		kind: quantity?.kind,
		readings: count.readings,
		counted: count.counted,
		first: first && placeOf(first),
		last: last && placeOf(last),
		min: min && placeOf(min),
		max: max && placeOf(max),
		sum: sum && textOf(sum),
		register: quantity?.kind === 'register' ? registerOf(first, last, restarts) : undefined,
		longest: longest && {ms: longest.ms, fromNumber: longest.from.number, toNumber: longest.to.number},
		marks: Object.fromEntries([...marks].sort(([a], [b]) => a - b).map(([bit, times]) => [qualityNames(2 ** bit)[0]!, times])),
	};
}

/** By how much a register rose from the first to the last reading that counts; `noRise` says why that is not known. */
function registerOf(first: Reading | undefined, last: Reading | undefined, restarts: number): Json {
	if (first === undefined || last === undefined || first === last) return {noRise: 'a rise needs two readings that count', restarts};
	if (first.span !== last.span || restarts > 0) return {noRise: 'it began to count anew in between', restarts};
	const rise = minus(last, first);
	if (rise.value < 0n) return {noRise: `number ${last.number}, the last that counts, is below number ${first.number}, the first`, restarts};
	return {rise: textOf(rise), fromNumber: first.number, toNumber: last.number, restarts};
}
