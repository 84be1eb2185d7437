// Turns telegrams of a smart meter's customer port (DSMR, ESMR, eMUCS P1; IEC 62056-21) into readings.

import {channelOfObis, parseObis} from '../obis.ts';
import {printedNumber} from '../printed-number.ts';
import {type Refused, refuse} from '../refusal.ts';
import {type LocalFields, localFields, type Zone} from '../zone.ts';
import {
	type ChannelSpec,
	channelOf,
	channelSpec,
	type Decoded,
	type DecodedReading,
	type Decoder,
	type Message,
	plainReading,
} from './decoder.ts';
import {placeOfDevice} from './topic-place.ts';
import {spelledUnit} from './unit-names.ts';

export const dsmrDecoder: Decoder = {
	format: 'dsmr',
	name: 'dsmr/1',
	readingsBy: 'format',
	open: ({zone}) => {
		const moments = zone && new Moments(zone);
		return {decode: message => decodeTelegram(message, moments)};
	},
	recognise: ({topic, payload}) => {
		if (payload[0] !== slash || payload.length > telegramBytesMax) return undefined;
		const text = latin1(payload);
		if (!/^\/[A-Za-z]{3}[^\r\n]{1,64}\r?\n/.test(text) || !/\n[0-9]{1,3}-[0-9]{1,3}:[0-9.*]+\(/.test(text) || !text.includes('\n!'))
			return undefined;
		const place = placeOfDevice(topic);
		return place && {...place, sureness: 95, wantsZone: true, make: `P1 telegram of ${printable(text.slice(1, text.indexOf('\n')))}`};
	},
};

/** Telegrams have 1 to 4 kB. */
const telegramBytesMax = 65_536;
/** Lines of a telegram; also bounds its readings. */
const linesMax = 512;
/** What a gateway may have added behind a telegram without a checksum. */
const trailerMax = 256;

const slash = 0x2f;

const openParenthesis = 0x28;

/** General-Glo-Ciphering with a system title of 8 bytes: how telegrams are encrypted in Luxembourg and Austria. */
const isEncrypted = (payload: Uint8Array): boolean => payload[0] === 0xdb && payload[1] === 0x08;

/**
 * Reads one telegram. Where it has a checksum, or is of a version that always has one, the checksum decides about it as a whole. Versions 2 and 3 and IEC 62056-21 have none:
 * their readings are taken as they stand, and nothing in an entry tells them from others; the decoder's name and the raw bytes do.
 */
function decodeTelegram({payload}: Message, moments: Moments | undefined): Decoded {
	if (isEncrypted(payload)) return refuse('frame-locked', 'the telegram is encrypted (DLMS general-glo-ciphering), which is not supported');
	if (payload[0] !== slash) return refuse('payload-malformed', 'a telegram begins with a slash');
	if (payload.length > telegramBytesMax) return refuse('payload-malformed', `a telegram has at most ${telegramBytesMax} bytes`);
	const text = latin1(payload);
	const end = text.indexOf('\n!') + 1;
	if (end === 0) return refuse('frame-damaged', 'the telegram has no end');
	const problem = checksumProblem(payload, text, end);
	if (problem !== undefined) return refuse('frame-damaged', problem);

	const timeLine = text.indexOf(timeName);
	let measuredAtMs = 0;
	if (timeLine >= 0 && timeLine < end) {
		const begin = timeLine + timeName.length;
		const time = printedTime(text, begin, text.indexOf(')', begin), moments);
		if (time === undefined) return refuse('time-malformed', 'the time of the telegram, 0-0:1.0.0, is none');
		measuredAtMs = time;
	}
	return readLines(text, end, measuredAtMs, moments);
}

const timeName = '\n0-0:1.0.0(';
/** What only telegrams of version 4 and later print: they always have a checksum. */
const laterVersion = /\n0-0:1\.0\.0\(\d{12}[SW]\)|\n1-3:0\.2\.8\(|\n0-0:96\.1\.4\(/;

/** Why the checksum behind the `!` at `end` does not vouch for the telegram; undefined if it does, or if there is none to expect. */
function checksumProblem(payload: Uint8Array, text: string, end: number): string | undefined {
	let at = end + 1;
	let checksum = 0;
	while (at < text.length) {
		const digit = upperHexDigit(text.charCodeAt(at));
		if (digit < 0) break;
		checksum = checksum * 16 + digit;
		at += 1;
	}
	const digitCount = at - end - 1;
	const rest = text.length - at;
	const isLineEnd = rest === 0 || (rest === 1 && text[at] === '\n') || (rest === 2 && text[at] === '\r' && text[at + 1] === '\n');
	if (digitCount === 0) {
		if (laterVersion.test(text)) return 'the telegram is of a version that has a checksum, and there is none';
		return isLineEnd || (/^\r?\n/.test(text.slice(at, at + 2)) && rest <= trailerMax) ? undefined : 'the end of the telegram is damaged';
	}
	// Some meters drop the zeros in front: B9F is 0B9F.
	if (digitCount > 4) return 'the checksum is longer than four digits';
	if (!isLineEnd) return 'something that is none of its digits follows the checksum';
	return crc16Arc(payload, end + 1) === checksum ? undefined : 'the checksum does not fit the telegram';
}

/** Upper case only: a flipped bit makes lower case of it. */
function upperHexDigit(code: number): number {
	if (code >= 0x30 && code <= 0x39) return code - 0x30;
	return code >= 0x41 && code <= 0x46 ? code - 0x37 : -1;
}

/** By the byte that goes in: what it makes of the register after itself and 0, 1, 2 or 3 zeros behind it. */
const crcTables = [0, 1, 2, 3].map(zeros =>
	Uint16Array.from({length: 256}, (_, byte) => {
		let crc = byte;
		for (let bit = 0; bit < 8 * (zeros + 1); bit += 1) crc = (crc & 1) === 0 ? crc >> 1 : (crc >> 1) ^ 0xa001;
		return crc;
	}),
);
const [after0, after1, after2, after3] = crcTables as [Uint16Array, Uint16Array, Uint16Array, Uint16Array];

/** CRC-16/ARC of the first `length` bytes [DSMR 5.0.2, 6.2]. It is linear, so that four bytes go in at once, as none has to wait for the one before. */
function crc16Arc(bytes: Uint8Array, length: number): number {
	let crc = 0;
	let i = 0;
	for (; i + 4 <= length; i += 4)
		crc = after3[(crc ^ bytes[i]!) & 0xff]! ^ after2[(crc >> 8) ^ bytes[i + 1]!]! ^ after1[bytes[i + 2]!]! ^ after0[bytes[i + 3]!]!;
	for (; i < length; i += 1) crc = (crc >> 8) ^ after0[(crc ^ bytes[i]!) & 0xff]!;
	return crc;
}

/** What a line of some name is to us. */
type Line =
	| {readonly kind: 'value'; readonly channel: ChannelSpec; readonly once: Once}
	/** A device on the meter's M-Bus says what it is, or what it has counted. */
	| {readonly kind: 'bus-type' | 'bus-value' | 'bus-value-unconverted'; readonly bus: number}
	/** Versions 2 and 3: the value stands on the next line. */
	| {readonly kind: 'bus-value-old'; readonly bus: number}
	/** The number of the meter itself (bus 0), or of one on its M-Bus. */
	| {readonly kind: 'meter-number'; readonly bus: number}
	| {readonly kind: 'passed-over'}
	/** Measured, if it has a unit, and not in the registry. */
	| {readonly kind: 'unknown'};

/** The telegram that read a channel last: they are counted, so that nothing has to be emptied between them. */
type Once = {telegramNumber: number};

let telegramNumber = 0;
/** By the name of the channel: several names of lines may stand for one. */
const onces = new Map<string, Once>();
/** Channels that are remembered: OBIS has a million of them. */
const oncesMax = 4096;

function onceOf({name}: ChannelSpec): Once {
	let once = onces.get(name);
	if (once === undefined) {
		once = {telegramNumber: 0};
		if (onces.size < oncesMax) onces.set(name, once);
	}
	return once;
}

type Writable<T> = {-readonly [K in keyof T]: T[K]};

const passedOver: Line = {kind: 'passed-over'};
const unknown: Line = {kind: 'unknown'};

/** A name with what it is, and the one that stood behind it last: a meter prints the same lines in the same order each time. */
type Named = {readonly name: string; readonly line: Line; likely: Named | undefined};

const firstName: Named = {name: '', line: passedOver, likely: undefined};
const names = new Map<string, Named>();
/** Names that are remembered; they come from the wire, so that there may be any number of them. */
const linesRemembered = 1024;

function nameBehind(before: Named, name: string): Named {
	let named = names.get(name);
	if (named === undefined) {
		named = {name, line: classify(name), likely: undefined};
		// What is not remembered must not be reached from what is.
		if (names.size >= linesRemembered) return named;
		names.set(name, named);
	}
	before.likely = named;
	return named;
}

function classify(name: string): Line {
	const obis = parseObis(name);
	// The names of a readout that are no OBIS, such as F.F, are of the meter itself.
	if (obis === undefined) return passedOver;
	const {a, b, c, d, e, f} = obis;
	if (a === 0 && b > 0 && c === 24) {
		if (d === 1 && e === 0) return {kind: 'bus-type', bus: b};
		if (d === 2 && e === 1) return {kind: 'bus-value', bus: b};
		if (d === 2 && e === 3) return {kind: 'bus-value-unconverted', bus: b};
		if (d === 3 && e === 0) return {kind: 'bus-value-old', bus: b};
		return d === 4 ? passedOver : unknown;
	}
	if (a === 0 && c === 96 && d === 1 && e <= 1) return {kind: 'meter-number', bus: b};
	const channel = channelOfObis(obis);
	if (channel !== undefined) return {kind: 'value', channel, once: onceOf(channel)};
	// Identities, clocks, texts, logs, profiles, thresholds, and billing periods that are over.
	const isOfTheMeter = c === 0 || c === 17 || c === 42 || c >= 93 || (a === 0 && c === 1);
	const isThreshold = d === 4 && c % 20 === 11;
	return isOfTheMeter || isThreshold || f !== 255 ? passedOver : unknown;
}

/** Types of devices on an M-Bus [EN 13757-3, table 3] that count what the registry has. */
const gasMeter = 3;
const waterMeters: ReadonlySet<number> = new Set([6, 7]);
const heatMeters: ReadonlySet<number> = new Set([4, 12, 13]);
const electricityMeter = 2;

function readLines(text: string, end: number, measuredAtMs: number, moments: Moments | undefined): Decoded {
	const readings: (DecodedReading | Refused)[] = [];
	telegramNumber += 1;
	/** By the number on the bus; what a device calls itself. */
	const busTypes = new Map<number, number>();
	/** By the number on the bus, 0 for the meter itself; they may stand behind the values. */
	const meterNumbers = new Map<number, string>();
	const registers: Writable<DecodedReading>[] = [];
	const registerBuses: number[] = [];
	let at = text.indexOf('\n') + 1;
	let named = firstName;
	for (let count = 0; at < end; count += 1) {
		if (count === linesMax) return refuse('payload-malformed', `a telegram has at most ${linesMax} lines`);
		let lineEnd = text.indexOf('\n', at);
		const next = lineEnd + 1;
		if (text.charCodeAt(lineEnd - 1) === 0x0d) lineEnd -= 1;
		if (lineEnd <= at) {
			at = next;
			continue;
		}
		const open = text.indexOf('(', at);
		if (open < 0 || open >= lineEnd) return refuse('payload-malformed', `line ${count + 2} of the telegram has no value`);
		// A line that goes on from the one before, where that was none of ours.
		if (open === at) {
			at = next;
			continue;
		}
		const {likely} = named;
		const isLikely = likely !== undefined && likely.name.length === open - at && text.startsWith(likely.name, at);
		named = isLikely ? likely : nameBehind(named, text.slice(at, open));
		const {name, line} = named;
		at = next;
		switch (line.kind) {
			case 'passed-over':
				continue;
			case 'bus-type':
				busTypes.set(line.bus, Number(text.slice(open + 1, lineEnd - 1)));
				continue;
			case 'meter-number':
				if (lineEnd - open > 2 && !meterNumbers.has(line.bus)) meterNumbers.set(line.bus, text.slice(open + 1, lineEnd - 1));
				continue;
			case 'unknown': {
				const star = text.indexOf('*', open);
				if (star >= 0 && star < lineEnd)
					readings.push(refuse('quantity-unknown', `nothing in the registry is what ${printable(name)} measures`));
				continue;
			}
		}
		let reading: DecodedReading | Refused | undefined;
		if (line.kind === 'value') reading = readLine(line.channel, name, text, open, lineEnd, measuredAtMs, moments);
		else if (line.kind === 'bus-value-old') {
			const valueEnd = text.indexOf(')', at);
			if (text.charCodeAt(at) !== openParenthesis || valueEnd < 0 || valueEnd > end)
				return refuse('payload-malformed', `${printable(name)} has no value on the next line`);
			reading = readOldBusLine(busTypes.get(line.bus), line.bus, name, text, open, lineEnd, at, valueEnd, moments);
			at = text.indexOf('\n', valueEnd) + 1;
		} else
			reading = readBusLine(busTypes.get(line.bus), line.bus, line.kind === 'bus-value-unconverted', name, text, open, lineEnd, moments);
		if (reading === undefined) continue;
		if (!('refused' in reading)) {
			const once = line.kind === 'value' ? line.once : onceOf(reading.channel);
			if (once.telegramNumber === telegramNumber) return refuse('payload-malformed', `the telegram says ${printable(name)} twice`);
			once.telegramNumber = telegramNumber;
			if (reading.channel.quantity.kind === 'register') {
				registers.push(reading);
				registerBuses.push(line.kind === 'value' ? 0 : line.bus);
			}
		}
		readings.push(reading);
	}
	// Another meter in the same place shows another count.
	for (let i = 0; i < registers.length; i += 1) registers[i]!.counter = meterNumbers.get(registerBuses[i]!);
	return readings.length === 0 ? refuse('readings-none', 'no line of the telegram is a reading') : {readings};
}

/** `(value*unit)`, or `(time)(value*unit)` where the value has a time of its own. */
function readLine(
	channel: ChannelSpec,
	name: string,
	text: string,
	open: number,
	lineEnd: number,
	telegramAtMs: number,
	moments: Moments | undefined,
): DecodedReading | Refused {
	const close = lineEnd - 1;
	const valueOpen = text.lastIndexOf('(', close);
	let measuredAtMs = telegramAtMs;
	if (valueOpen !== open) {
		const time = text.charCodeAt(valueOpen - 1) === 0x29 ? printedTime(text, open + 1, valueOpen - 1, moments) : undefined;
		if (time === undefined) return refuse('time-malformed', `the time of ${printable(name)} is none`);
		measuredAtMs = time;
	}
	return readValue(channel, name, text, valueOpen + 1, close, measuredAtMs);
}

function readValue(
	channel: ChannelSpec,
	name: string,
	text: string,
	begin: number,
	close: number,
	measuredAtMs: number,
): DecodedReading | Refused {
	if (text.charCodeAt(close) !== 0x29) return refuse('value-not-number', `${printable(name)} does not end with a parenthesis`);
	let star = text.indexOf('*', begin);
	if (star < 0 || star > close) star = close;
	const value = printedNumber(text, begin, star);
	if (value === undefined) return refuse('value-not-number', `${printable(name)} is no number`);
	const printed = star === close ? (unitless.has(channel.quantity.unit) ? channel.quantity.unit : '') : text.slice(star + 1, close);
	// Swedish meters print kVArh.
	const unit = spelledUnit(channel, printed) ?? printed;
	return plainReading(fineEnough(channel, value.exponent, unit), value, unit, measuredAtMs);
}

/** Base units that nobody prints. */
const unitless: ReadonlySet<string> = new Set(['1', 'count', 'state']);

const finer = new Map<string, ChannelSpec>();
const finerRemembered = 256;

/** The channel; with a finer exponent where the meter prints more digits than the registry's holds, as Easymeter's seven decimals of a kWh. */
function fineEnough(channel: ChannelSpec, exponent: number, unit: string): ChannelSpec {
	const shift = unit === channel.quantity.unit ? 0 : unit.charCodeAt(0) === 0x6b ? 3 : undefined;
	if (shift === undefined || exponent + shift >= channel.exponent) return channel;
	const needed = exponent + shift;
	const key = `${needed}/${channel.name}`;
	let found = finer.get(key);
	if (found === undefined) {
		found = channelSpec(channel.quantity, channel.part, Math.max(needed, -12));
		if (finer.size < finerRemembered) finer.set(key, found);
	}
	return found;
}

/** `0-1:24.2.1(time)(value*unit)`: what a device on the bus has counted, at its own time. undefined: nothing was ever read from it. */
function readBusLine(
	type: number | undefined,
	bus: number,
	isUnconverted: boolean,
	name: string,
	text: string,
	open: number,
	lineEnd: number,
	moments: Moments | undefined,
): DecodedReading | Refused | undefined {
	const close = lineEnd - 1;
	const valueOpen = text.lastIndexOf('(', close);
	if (valueOpen === open || text.charCodeAt(valueOpen - 1) !== 0x29) return refuse('payload-malformed', `${printable(name)} has no time`);
	const time = printedTime(text, open + 1, valueOpen - 1, moments);
	if (time === undefined) return refuse('time-malformed', `the time of ${printable(name)} is none`);
	const star = text.indexOf('*', valueOpen);
	const hasUnit = star >= 0 && star < close;
	// 1970 and no unit: the place of a device that was taken away or has never answered.
	if (!hasUnit && text.startsWith('700101', open + 1)) return undefined;
	const channel = busChannel(type, bus, isUnconverted, hasUnit ? text.slice(star + 1, close) : '');
	if (channel === undefined) return refuse('quantity-unknown', `what ${printable(name)} counts is not in the registry, or no line says it`);
	return readValue(channel, name, text, valueOpen + 1, close, time);
}

/** `0-1:24.3.0(time)(00)(60)(1)(0-1:24.2.1)(m3)` and `(value)` on the line below [DSMR 2.2, 3.0]. */
function readOldBusLine(
	type: number | undefined,
	bus: number,
	name: string,
	text: string,
	open: number,
	lineEnd: number,
	valueOpen: number,
	valueEnd: number,
	moments: Moments | undefined,
): DecodedReading | Refused | undefined {
	const groups = text.slice(open + 1, lineEnd - 1).split(')(');
	const unit = groups.at(-1)!;
	if (groups.length !== 6) return refuse('payload-malformed', `${printable(name)} has not six fields`);
	const time = printedTime(text, open + 1, open + 1 + groups[0]!.length, moments);
	if (time === undefined) return refuse('time-malformed', `the time of ${printable(name)} is none`);
	const channel = busChannel(type, bus, groups[4]!.endsWith('24.2.3'), unit);
	if (channel === undefined) return refuse('quantity-unknown', `what ${printable(name)} counts is not in the registry, or no line says it`);
	const value = printedNumber(text, valueOpen + 1, valueEnd);
	if (value === undefined) return refuse('value-not-number', `${printable(name)} is no number`);
	return plainReading(channel, value, unit, time);
}

/** Joules are no whole number of Wh: they have a channel of their own. */
const joules: ReadonlySet<string> = new Set(['J', 'kJ', 'MJ', 'GJ']);
const busMax = 32;

function busChannel(type: number | undefined, bus: number, isUnconverted: boolean, unit: string): ChannelSpec | undefined {
	if (type === undefined || bus > busMax) return undefined;
	const part = isUnconverted ? `ch${bus}-unconverted` : `ch${bus}`;
	// 24.2.1 is converted to the temperature that is billed, 24.2.3 (Belgium) is not: they must not be one register.
	if (type === gasMeter) return channelOf('gas-volume', part);
	if (waterMeters.has(type)) return channelOf('water-volume', part);
	if (heatMeters.has(type)) return channelOf(joules.has(unit) ? 'heat-energy-joule' : 'heat-energy', part);
	return type === electricityMeter ? channelOf('energy-import', part) : undefined;
}

/** `YYMMDDhhmmss` and S (summer) or W (winter), or neither: ms since 1970; 0 where it claims no moment; undefined if it is no time at all. */
function printedTime(text: string, begin: number, end: number, moments: Moments | undefined): number | undefined {
	const length = end - begin;
	if (length !== 12 && length !== 13) return undefined;
	const season = length === 13 ? text[begin + 12] : undefined;
	if (season !== undefined && season !== 'S' && season !== 'W') return undefined;
	const year = twoDigits(text, begin);
	const local = localFields(
		// Two digits of 1970 are a clock that was never set, not one of 2070.
		year >= 70 ? 1900 + year : 2000 + year,
		twoDigits(text, begin + 2),
		twoDigits(text, begin + 4),
		twoDigits(text, begin + 6),
		twoDigits(text, begin + 8),
		twoDigits(text, begin + 10),
	);
	if (local === undefined) return undefined;
	return year >= 70 || moments === undefined ? 0 : moments.of(local, season);
}

/** NaN, which is in no range, if they are none. */
function twoDigits(text: string, at: number): number {
	const tens = text.charCodeAt(at) - 0x30;
	const ones = text.charCodeAt(at + 1) - 0x30;
	return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

const hourMs = 3_600_000;

/**
 * Turns a meter's local time with its letter into a moment. Nothing in a telegram says where the meter is: the same letters are printed in Ireland, the Netherlands and Finland.
 * So without a zone in the mapping it claims no time.
 */
class Moments {
	readonly #zone: Zone;
	#year = 0;
	/** Of the year above: the smaller of its two offsets, winter's. */
	#winterOffsetMs = 0;

	constructor(zone: Zone) {
		this.#zone = zone;
	}

	/** 0 where the local time is not clear, or the letter and the zone contradict each other. */
	of(local: LocalFields, season: 'S' | 'W' | undefined): number {
		const utcMs = this.#zone.utcMs(local);
		if (utcMs === 'nowhere') return 0;
		if (utcMs !== 'ambiguous')
			return season === undefined || this.#isSummer(local.wallMs, local.wallMs - utcMs) === (season === 'S') ? utcMs : 0;
		if (season === undefined) return 0;
		// In the hour that comes twice summer is the first one: an hour before and after it there is no doubt.
		const sideMs = season === 'S' ? -hourMs : hourMs;
		const besideMs = this.#zone.utcMs({wallMs: local.wallMs + sideMs});
		return typeof besideMs === 'number' ? besideMs - sideMs : 0;
	}

	#isSummer(wallMs: number, offsetMs: number): boolean {
		const year = new Date(wallMs).getUTCFullYear();
		if (year !== this.#year) {
			const offsets = [0, 6].map(month => {
				const middleMs = Date.UTC(year, month, 15, 12);
				const utcMs = this.#zone.utcMs({wallMs: middleMs});
				return typeof utcMs === 'number' ? middleMs - utcMs : 0;
			});
			this.#winterOffsetMs = Math.min(...offsets);
			this.#year = year;
		}
		return offsetMs > this.#winterOffsetMs;
	}
}

function latin1(bytes: Uint8Array): string {
	return (bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)).toString('latin1');
}

function printable(text: string): string {
	return text.slice(0, 40).replace(/[^ -~]/g, '');
}
