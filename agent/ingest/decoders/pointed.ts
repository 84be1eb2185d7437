// Turns the values that a mapping's pointers lead to into the readings of one message.

import {parseIsoTime} from '../device-time.ts';
import {followPointer, JsonNumber, type JsonValue} from '../json.ts';
import type {CompiledReading} from '../mapping.ts';
import {type Refused, refuse} from '../refusal.ts';
import type {DecodedReading} from './decoder.ts';

/** What all readings of a message have in common. */
export type MessageMarks = {
	/** ms since 1970; 0 if nobody claims one. */
	readonly measuredAtMs: number;
	readonly session: string | undefined;
	readonly sequence: number | undefined;
};

/** Of a message that claims no time and has no number. */
export const untimed: MessageMarks = {measuredAtMs: 0, session: undefined, sequence: undefined};

/** The value that a reading's pointer leads to from `root`, as a reading. undefined: it is not there, and need not be. */
export function pointedReading(
	reading: CompiledReading,
	root: JsonValue | undefined,
	tokens: readonly string[],
	marks: MessageMarks,
): DecodedReading | Refused | undefined {
	const found = root === undefined ? undefined : followPointer(root, tokens);
	if (found === undefined) return reading.optional ? undefined : refuse('field-missing', `${reading.pointerText} is missing`);
	return valueReading(reading, found, marks);
}

/** A value as the reading of a mapping's channel. null is a value: the device says that it has none. */
export function valueReading(reading: CompiledReading, found: JsonValue, marks: MessageMarks): DecodedReading | Refused {
	if (typeof found === 'object' && found !== null && !(found instanceof JsonNumber))
		return refuse('value-not-number', `${reading.pointerText} is ${Array.isArray(found) ? 'a list' : 'an object'}`);
	return {
		channel: reading.channel,
		value: found,
		unit: reading.unit ?? '',
		measuredAtMs: marks.measuredAtMs,
		timeIsDevices: true,
		session: marks.session,
		sequence: marks.sequence,
		quality: 0,
		spanMs: 0,
		counter: undefined,
	};
}

/** LoRaWAN counts frames in 32 bits. */
const frameCountMax = 2 ** 32;
/** What SQLite gives back as it was: no control character, no lone surrogate. */
const sessionPattern = /^[^\p{Cc}\p{Cs}]{1,64}$/u;

/**
 * A LoRaWAN device's numbering: frame counters count within one session of the network. Protocol buffers leave zeros out of JSON, so that a counter that is not there is
 * 0, unless the session is not there either: such a message was cut by somebody, and says nothing about its number.
 */
export function frameNumber(
	session: JsonValue | undefined,
	counter: JsonValue | undefined,
): Pick<MessageMarks, 'session' | 'sequence'> | Refused {
	if (session === undefined || session === null || session === '') return {session: undefined, sequence: undefined};
	if (typeof session !== 'string' || !sessionPattern.test(session))
		return refuse('sequence-malformed', 'the session is not a short, clean text');
	if (counter === undefined) return {session, sequence: 0};
	const sequence = counter instanceof JsonNumber && counter.exponent === 0 && counter.text !== '-0' ? counter.digits : Number.NaN;
	if (!(sequence >= 0 && sequence < frameCountMax))
		return refuse('sequence-malformed', 'the frame counter is not a whole number below 2^32');
	return {session, sequence};
}

/** Devices whose frame counters are followed; beyond it the one that was silent for longest is forgotten. */
const followedMax = 4096;
/** Of a session's name, in front of the time of a count. */
const sessionNameMax = 48;

/** One count of a device, and the name of the one before. */
type FrameCount = {
	readonly session: string;
	readonly name: string;
	readonly before: string;
	readonly beganMs: number;
	top: number;
	heardMs: number;
};

/**
 * Tells counts apart that begin anew in one session of the network: a device that was activated by personalization keeps its address when its power comes back, and counts from 0. What it measures
 * then would be taken for repeats. A number that is not above the largest, and was heard later than that, begins a new count, whose session has the time of its first frame; what is delivered twice has
 * the time that it had.
 *
 * KNOWN GAP: a restart of the agent forgets where a device stands: a count that begins anew just then has the session's own name.
 */
export function createFrameCounts(): (deviceId: string, marks: MessageMarks) => MessageMarks {
	const counts = new Map<string, FrameCount>();
	const keep = (deviceId: string, count: FrameCount): void => {
		counts.delete(deviceId);
		if (counts.size >= followedMax) counts.delete(counts.keys().next().value!);
		counts.set(deviceId, count);
	};
	return (deviceId, marks) => {
		const {session, sequence, measuredAtMs} = marks;
		if (session === undefined || sequence === undefined || measuredAtMs === 0) return marks;
		const count = counts.get(deviceId);
		if (count === undefined || count.session !== session) {
			keep(deviceId, {session, name: session, before: session, beganMs: 0, top: sequence, heardMs: measuredAtMs});
			return marks;
		}
		if (sequence <= count.top && measuredAtMs > count.heardMs) {
			const name = `${session.slice(0, sessionNameMax)}@${measuredAtMs}`;
			keep(deviceId, {session, name, before: count.name, beganMs: measuredAtMs, top: sequence, heardMs: measuredAtMs});
			return {measuredAtMs, session: name, sequence};
		}
		if (measuredAtMs >= count.beganMs && sequence > count.top) {
			count.top = sequence;
			count.heardMs = measuredAtMs;
			keep(deviceId, count);
		}
		return {measuredAtMs, session: measuredAtMs < count.beganMs ? count.before : count.name, sequence};
	};
}

/** A clock that shows an earlier time was never set: it claims none. */
const clockMsMin = Date.UTC(2000, 0, 1);

/** The time of a text of RFC 3339, 0 if it comes from a clock that was never set, such as the year 1 of Go; undefined if it is no time. */
export function claimedTime(value: JsonValue): number | undefined {
	return claimed(typeof value === 'string' ? parseIsoTime(toMilliseconds(value)) : undefined);
}

/** A time in ms as a claim: 0 if it comes from a clock that was never set. */
export function claimed(ms: number | undefined): number | undefined {
	return ms !== undefined && ms < clockMsMin ? 0 : ms;
}

/** Network servers print nanoseconds. Without the digits behind the third the text has the form that is read fastest; of any other form it stays as it is. */
function toMilliseconds(text: string): string {
	const end = text.endsWith('Z') ? text.length - 1 : text.endsWith('+00:00') ? text.length - 6 : 0;
	if (end < 23 || end > 29 || text.charCodeAt(19) !== 0x2e) return text;
	for (let at = 23; at < end; at += 1) {
		const code = text.charCodeAt(at);
		if (code < 0x30 || code > 0x39) return text;
	}
	return `${text.slice(0, 23)}Z`;
}
