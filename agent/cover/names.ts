// Gives what an account calls by one word, though it means several things, names of their own: people see them without what stands around them in the account.

import type {Json} from '../format/document.ts';

export type Fields = {readonly [key: string]: Json | undefined};

/** Deeper answers are left as they are. */
const depthMax = 8;

export const isFields = (value: Json | undefined): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

/** A shipment's verdict that was stated, beside what the readings come to that were asked for. */
export type Stated = {
	readonly verdict: string;
	/** Of a part of its time nothing follows for the whole. */
	readonly isPart: boolean;
	/** The readings that were asked for come to another verdict. */
	readonly isOther: boolean;
};

/** undefined: it is no shipment, or nobody has closed it. */
export function statedOf(answer: Fields): Stated | undefined {
	const {closing, verdict, toMs} = answer;
	if (!isFields(closing) || typeof closing.verdict !== 'string') return undefined;
	const isShort = typeof toMs === 'number' && typeof closing.atMs === 'number' && toMs < closing.atMs;
	return {verdict: closing.verdict, isPart: closing.isBorneOut === undefined || isShort, isOther: closing.verdict !== verdict};
}

/** The same answer with other names. Places in lists are counted from 1, as headings are; the number that a contract reads for a verdict is left out beside its word. */
export function ownNames(answer: Json): Json {
	if (!isFields(answer)) return answer;
	const isPart = statedOf(answer)?.isPart === true;
	const made: {[key: string]: Json | undefined} = {};
	for (const [key, value] of Object.entries(members(answer, 0))) {
		// One row for each day or hour.
		if ((key === 'days' || key === 'hours') && Array.isArray(value)) made[key === 'days' ? 'byDay' : 'byHour'] = value;
		// Lots name them by their places.
		else if ((key === 'series' || key === 'states') && Array.isArray(value) && answer.isOpened === true)
			made[key] = value.map((item, i) => (isFields(item as Json) ? {ordinal: i + 1, ...(item as Fields)} : (item as Json)));
		else if (key === 'lots' && isPart && Array.isArray(value)) made[key] = value.map(lot => ofPart(lot as Json));
		else made[key] = value;
	}
	return made;
}

function ofPart(lot: Json): Json {
	if (!isFields(lot)) return lot;
	return Object.fromEntries(Object.entries(lot).map(([key, value]) => [key === 'verdict' ? 'partVerdict' : key, value]));
}

function named(value: Json, depth: number): Json {
	if (depth > depthMax) return value;
	if (Array.isArray(value)) return value.map(item => named(item as Json, depth + 1));
	return isFields(value) ? members(value, depth) : value;
}

function members(value: Fields, depth: number): Fields {
	const isAlarm = typeof value.of === 'string' && typeof value.side === 'string';
	const hasEnds = typeof value.from === 'string' && typeof value.to === 'string';
	const isHandover = hasEnds && value.atMs !== undefined;
	const isLeg = hasEnds && !isHandover && value.fromMs !== undefined;
	const isLot = Array.isArray(value.series) && Array.isArray(value.unwatched);
	const made: {[key: string]: Json | undefined} = {};
	for (const [key, child] of Object.entries(value)) {
		if (child === undefined) continue;
		if (key === 'value' && typeof value.verdict === 'string') continue;
		if (isHandover && key === 'signatures' && isFields(child)) {
			for (const [side, signature] of Object.entries(child))
				made[side === 'from' ? 'handedOverSignature' : side === 'to' ? 'takenOverSignature' : side] = signature;
			continue;
		}
		if (key === 'alarms' && Array.isArray(child) && child.length === 0 && value.toleratedMinutes !== undefined) {
			made[key] = 'limit-itself';
			continue;
		}
		if (key === 'chain' && typeof child === 'number' && value.because !== undefined) {
			made.series = child + 1;
			continue;
		}
		if (isLot && (key === 'series' || key === 'states') && Array.isArray(child)) {
			made[key] = child.map(place => (typeof place === 'number' ? place + 1 : (place as Json)));
			continue;
		}
		let name = key;
		if (isAlarm && key === 'of') name = 'sort';
		else if (isLeg && (key === 'from' || key === 'to')) name = `${key}Place`;
		else if (isHandover && (key === 'from' || key === 'to')) name = key === 'from' ? 'handedOverBy' : 'takenOverBy';
		else if (key === 'by' && value.rangeStart !== undefined) name = 'byStatement';
		else if (key === 'gaps' && value.sparseCount !== undefined) name = 'seriesGaps';
		else if (key === 'count' && (value.ms !== undefined || value.totalMs !== undefined)) name = 'times';
		else if (key === 'longestMs' && value.heldMs !== undefined) name = 'longestRunMs';
		else if (key === 'longest' && isFields(child) && child.ms !== undefined) name = 'longestSilence';
		else if ((key === 'first' || key === 'last') && isFields(child) && child.number !== undefined) name = `${key}Reading`;
		made[name] = named(child, depth + 1);
	}
	return made;
}
