// Turns frames of Chinese emission monitors (HJ/T 212-2005, HJ 212-2017, HJ 212-2025) into readings.

import {qualities} from '../../format/entry.ts';
import {type QuantityName, quantityOfName, unitFactor} from '../../format/quantity.ts';
import type {Mapping} from '../mapping.ts';
import {printedNumber} from '../printed-number.ts';
import {type Refused, refuse} from '../refusal.ts';
import {localFields, parseZone, type Zone} from '../zone.ts';
import {type ChannelSpec, channelSpec, type Decoded, type DecodedReading, type Decoder, type Message, plainReading} from './decoder.ts';
import {factorOf} from './hj212-factors.ts';
import {type Frame, readFrames} from './hj212-frame.ts';
import {Parts} from './hj212-parts.ts';
import {placeOfDevice} from './topic-place.ts';

export const hj212Decoder: Decoder = {
	format: 'hj212',
	name: 'hj212/1',
	readingsBy: 'format',
	open: mapping => {
		const station = new Stations(mapping);
		return {decode: message => station.decode(message)};
	},
	recognise: ({topic, payload}) => {
		if (payload[0] !== numberSign || payload[1] !== numberSign || payload.length > payloadBytesMax) return undefined;
		const text = latin1(payload);
		if (!/^##\d{4}/.test(text) || !/[;\d]CN=\d{4};/.test(text)) return undefined;
		const mn = /;MN=([A-Za-z0-9_-]{1,32});/.exec(text)?.[1];
		if (mn === undefined) return undefined;
		const make = `HJ 212 station ${mn}`;
		const levels = topic.split('/');
		if (levels.includes(mn) && !/[+#{}\0]/.test(topic))
			return {topic: levels.with(levels.indexOf(mn), '{device}').join('/'), device: mn, sureness: 98, make};
		const place = placeOfDevice(topic);
		return place && {...place, sureness: 95, make};
	},
};

const numberSign = 0x23;
const payloadBytesMax = 262_144;
/** The log takes no more in one piece. */
const readingsMax = 1024;

/** China has one time, all year [HJ 212-2017: all times are Beijing's]. */
const chinaTime = parseZone('+08:00')!;

/** What a command that carries data says of its values. */
type Command = {
	/** In front of the part of an average, a least or a greatest value: those of an hour and of a day are different channels. */
	readonly period: string;
	/** Length of what its Cou counts, in ms; 0 where the message does not say it. */
	readonly spanMs: number;
	/** What keys mean in it: those of the table's factors. */
	readonly items: Map<string, Item>;
	/** The items of the body that was read last, by their places. */
	readonly layout: KnownItem[];
};

const layoutMax = 1024;

const commands: ReadonlyMap<string, Command> = new Map([
	['2011', {period: '', spanMs: 0, items: new Map(), layout: []}],
	// How many minutes is configured on the site, 10 mostly, and never said.
	['2051', {period: 'minutes', spanMs: 0, items: new Map(), layout: []}],
	['2061', {period: 'hour', spanMs: 3_600_000, items: new Map(), layout: []}],
	['2031', {period: 'day', spanMs: 86_400_000, items: new Map(), layout: []}],
]);

/** What the key of an item stands for, where it is one that we take. `factor` counts the codes that have been seen, and `bodyNumber` is of the body that had the item last. */
type KnownItem =
	| {
			readonly kind: 'value';
			readonly key: string;
			readonly factor: number;
			readonly channel: ChannelSpec;
			readonly unit: string;
			readonly isAmount: boolean;
			bodyNumber: number;
	  }
	| {readonly kind: 'flag'; readonly key: string; readonly factor: number; bodyNumber: number}
	| {readonly kind: 'sample-time'; readonly key: string; readonly factor: number; bodyNumber: number}
	| {readonly kind: 'data-time'; readonly key: string};

type Item = KnownItem | {readonly kind: 'unknown'; readonly name: string} | {readonly kind: 'passed-over'};

/** Stations that are remembered for their devices. */
const stationsMax = 16_384;

/** What is remembered between messages: parts of messages, and which station a device is. */
class Stations {
	readonly #zone: Zone;
	readonly #key: Uint8Array | undefined;
	readonly #parts = new Parts();
	/** By device. A station's channels are named by the device alone, so that two stations behind one topic would get into one another's. */
	readonly #stations = new Map<string, string>();

	constructor({zone, key}: Mapping) {
		this.#zone = zone ?? chinaTime;
		this.#key = key;
	}

	decode({payload, deviceId}: Message): Decoded {
		if (payload.length > payloadBytesMax) return refuse('payload-malformed', `frames have at most ${payloadBytesMax} bytes together`);
		const frames = readFrames(latin1(payload), payload, this.#key);
		if ('refused' in frames) return frames;
		for (const {mn} of frames) {
			const known = this.#stations.get(deviceId);
			if (known === undefined && this.#stations.size < stationsMax) this.#stations.set(deviceId, mn);
			else if (known !== undefined && known !== mn)
				return refuse(
					'topic-forbidden',
					`the frame is of station ${mn}; device "${deviceId}" is ${known} since the agent has started, and each has a topic of its own`,
				);
		}
		const readings: (DecodedReading | Refused)[] = [];
		/** Why a frame gave nothing: of interest where none did. */
		let nothing: Refused | undefined;
		for (const frame of frames) {
			const found = this.#readFrame(deviceId, frame);
			if (!('refused' in found)) for (const reading of found) readings.push(reading);
			else if (found.refused === 'no-reading') nothing ??= found;
			else if (frames.length === 1) return found;
			else readings.push(found);
		}
		if (readings.length > readingsMax) return refuse('payload-malformed', `frames have at most ${readingsMax} readings together`);
		return readings.length === 0 ? (nothing ?? refuse('readings-none', 'no frame holds a reading')) : {readings};
	}

	#readFrame(deviceId: string, frame: Frame): readonly (DecodedReading | Refused)[] | Refused {
		const command = commands.get(frame.cn);
		if (command === undefined) return refuse('no-reading', `CN ${frame.cn} carries no measured values`);
		const whole = frame.partCount === 1 ? frame : this.#parts.take(deviceId, frame);
		return 'refused' in whole ? whole : readBody(whole, command, this.#zone);
	}
}

/** Bodies are counted, so that nothing has to be emptied between them: what carries another number is not of this one. */
let bodyNumber = 0;
/** By factor: the quality that its flag gives, and the body that it stood in. */
const flagQualities: number[] = [];
const flagBodies: number[] = [];
/** By factor: when its sample was taken, and the body that said so. */
const sampleTimesMs: number[] = [];
const sampleBodies: number[] = [];

type Writable<T> = {-readonly [K in keyof T]: T[K]};

/** Reads `DataTime=…;code-Rtd=…,code-Flag=N;…`. Which items stand in one group is of no interest: every key names its factor. */
function readBody({body, cn, isFromStore}: Frame, command: Command, zone: Zone): readonly (DecodedReading | Refused)[] | Refused {
	bodyNumber += 1;
	const readings: (DecodedReading | Refused)[] = [];
	const measured: Writable<DecodedReading>[] = [];
	const factors: number[] = [];
	let unknown: Set<string> | undefined;
	let dataTime: string | undefined;
	let amountsLeftOut = 0;
	let place = 0;
	for (let at = 0; at < body.length; ) {
		// A station prints the same items each time: the one that stood here last is tried first.
		const expected = command.layout[place];
		let item: Item;
		let equals: number;
		if (expected !== undefined && body.startsWith(expected.key, at) && body.charCodeAt(at + expected.key.length) === equalsSign) {
			item = expected;
			equals = at + expected.key.length;
		} else {
			equals = at;
			while (equals < body.length && !endsKey(body.charCodeAt(equals))) equals += 1;
			if (equals === at && body.charCodeAt(at) !== equalsSign) {
				at += 1;
				continue;
			}
			if (body.charCodeAt(equals) !== equalsSign) return refuse('payload-malformed', `an item at character ${at} of CP has no value`);
			item = itemOf(body.slice(at, equals), command);
			if ('key' in item && place < layoutMax) command.layout[place] = item;
		}
		place += 1;
		let end = equals + 1;
		while (end < body.length && !endsItem(body.charCodeAt(end))) end += 1;
		at = end + 1;
		if (item.kind === 'passed-over') continue;
		if (item.kind === 'unknown') {
			unknown ??= new Set();
			unknown.add(item.name);
			continue;
		}
		if (item.kind === 'data-time') {
			const text = body.slice(equals + 1, end);
			// Each part of a message may begin with it.
			if (dataTime !== undefined && dataTime !== text) return refuse('payload-malformed', 'CP has two different DataTime');
			dataTime = text;
			continue;
		}
		if (item.bodyNumber === bodyNumber) return refuse('payload-malformed', `CP says ${item.key} twice`);
		item.bodyNumber = bodyNumber;
		if (item.kind === 'flag') {
			flagQualities[item.factor] = qualityOf(body, equals + 1, end);
			flagBodies[item.factor] = bodyNumber;
		} else if (item.kind === 'sample-time') {
			const time = momentOf(body, equals + 1, end, zone);
			if (time === undefined) return refuse('time-malformed', `${item.key} is not YYYYMMDDhhmmss`);
			sampleTimesMs[item.factor] = time;
			sampleBodies[item.factor] = bodyNumber;
		} else if (item.isAmount && command.spanMs === 0) amountsLeftOut += 1;
		else {
			const value = equals + 1 === end ? null : printedNumber(body, equals + 1, end);
			if (value === undefined) {
				readings.push(refuse('value-not-number', `${item.channel.name} (${item.key}) is no number`));
				continue;
			}
			const reading: Writable<DecodedReading> = plainReading(item.channel, value, item.unit, 0);
			if (item.isAmount) reading.spanMs = command.spanMs;
			readings.push(reading);
			measured.push(reading);
			factors.push(item.factor);
		}
	}
	const dataAtMs = dataTime === undefined ? 0 : momentOf(dataTime, 0, dataTime.length, zone);
	if (dataAtMs === undefined) return refuse('time-malformed', 'DataTime is not YYYYMMDDhhmmss');

	// Only now are the flags and times of all factors known: they may stand behind the values.
	const ofStore = isFromStore ? qualities.historical : 0;
	for (let i = 0; i < measured.length; i += 1) {
		const reading = measured[i]!;
		const factor = factors[i]!;
		reading.measuredAtMs = sampleBodies[factor] === bodyNumber ? sampleTimesMs[factor]! : dataAtMs;
		reading.quality = (flagBodies[factor] === bodyNumber ? flagQualities[factor]! : 0) | ofStore;
	}
	if (unknown !== undefined)
		for (const name of unknown) readings.push(refuse('quantity-unknown', `factor ${printable(name)} of CN ${cn} is not in the registry`));
	if (amountsLeftOut > 0)
		readings.push(refuse('span-unknown', `CN ${cn} does not say how long the interval is; ${amountsLeftOut} amounts (Cou) are left out`));
	return readings.length === 0 ? refuse('no-reading', `the frame of CN ${cn} holds no values`) : readings;
}

/** Letters for the state of the instrument [HJ 212-2017, table 8; 2025]. N: it works, the only one under which a value counts as measured. S: set by hand. All others, stopped, maintained, broken, calibrated, over range, not reachable, and those that we do not know: the value does not count. */
function qualityOf(body: string, begin: number, end: number): number {
	if (end === begin) return 0;
	const letter = end - begin === 1 ? body.charCodeAt(begin) : -1;
	if (letter === letterN) return 0;
	return letter === letterS ? qualities.substituted : qualities.invalid;
}

const comma = 0x2c;
const semicolon = 0x3b;
const equalsSign = 0x3d;
const letterN = 0x4e;
const letterS = 0x53;

function endsItem(code: number): boolean {
	return code === comma || code === semicolon;
}

function endsKey(code: number): boolean {
	return code === equalsSign || code === comma || code === semicolon;
}

/** By code, in the order in which they were seen: the codes of the table only, of which there are a hundred. */
const factorNumbers = new Map<string, number>();

function numberOf(code: string): number {
	let number = factorNumbers.get(code);
	if (number === undefined) {
		number = factorNumbers.size;
		factorNumbers.set(code, number);
	}
	return number;
}

function itemOf(key: string, command: Command): Item {
	let item = command.items.get(key);
	if (item === undefined) {
		item = classify(key, command);
		// Items of the table's factors only: there may be any number of others.
		if ('key' in item) command.items.set(key, item);
	}
	return item;
}

/** Kinds of values → the part that tells them apart. Zs is converted to the reference of oxygen. */
const statistics: ReadonlyMap<string, string> = new Map([
	['Rtd', ''],
	['Avg', 'avg'],
	['Min', 'min'],
	['Max', 'max'],
	['ZsRtd', 'zs'],
	['ZsAvg', 'zs-avg'],
	['ZsMin', 'zs-min'],
	['ZsMax', 'zs-max'],
]);

function classify(key: string, {period}: Command): Item {
	if (key === 'DataTime') return {kind: 'data-time', key};
	const dash = key.lastIndexOf('-');
	if (dash <= 0) return passedOver;
	const code = key.slice(0, dash);
	const field = key.slice(dash + 1);
	const known = factorOf(code);
	// EFlag: the state of the equipment, in codes that each maker has of its own.
	if (field === 'EFlag' || (known === undefined && (field === 'Flag' || field === 'SampleTime'))) return passedOver;
	if (known === undefined) return {kind: 'unknown', name: code};
	if (field === 'Flag') return {kind: 'flag', key, factor: numberOf(code), bodyNumber: 0};
	if (field === 'SampleTime') return {kind: 'sample-time', key, factor: numberOf(code), bodyNumber: 0};
	if (field === 'Cou') {
		if (known.amount === undefined) return {kind: 'unknown', name: key};
		const {quantity, unit, part} = known.amount;
		const channel = fineChannel(quantity, unit, [part, period]);
		return {kind: 'value', key, factor: numberOf(code), channel, unit, isAmount: true, bodyNumber: 0};
	}
	const statistic = statistics.get(field);
	if (statistic === undefined) return {kind: 'unknown', name: key};
	const isOfPeriod = statistic !== '' && statistic !== 'zs';
	const channel = fineChannel(known.quantity, known.unit, [known.part, isOfPeriod ? period : '', statistic]);
	return {kind: 'value', key, factor: numberOf(code), channel, unit: known.unit, isAmount: false, bodyNumber: 0};
}

const passedOver: Item = {kind: 'passed-over'};

/** Loggers print floats: so many decimals of the unit that the standard has for a code fit its channel. */
const decimals = 6;

function fineChannel(name: QuantityName, unit: string, parts: readonly (string | undefined)[]): ChannelSpec {
	const quantity = quantityOfName(name)!;
	// One unit is a whole number of base units: the zeros at its end are as many decimals more.
	const [baseUnits] = unitFactor(quantity, unit)!;
	const zeros = /0*$/.exec(String(baseUnits))![0].length;
	const part = parts.filter(one => one !== undefined && one !== '').join('-');
	return channelSpec(quantity, part === '' ? undefined : part, zeros - decimals);
}

/** A clock that says an earlier year was never set. */
const yearMin = 2000;

/** ms since 1970 of `YYYYMMDDhhmmss`; 0 where it claims no moment; undefined if it is no time at all. */
function momentOf(text: string, begin: number, end: number, zone: Zone): number | undefined {
	if (end - begin !== 14) return undefined;
	const year = twoDigits(text, begin) * 100 + twoDigits(text, begin + 2);
	const local = localFields(
		Math.max(year, 1970),
		twoDigits(text, begin + 4),
		twoDigits(text, begin + 6),
		twoDigits(text, begin + 8),
		twoDigits(text, begin + 10),
		twoDigits(text, begin + 12),
	);
	if (local === undefined) return undefined;
	const utcMs = zone.utcMs(local);
	return year < yearMin || typeof utcMs !== 'number' ? 0 : utcMs;
}

/** NaN, which is in no range, if they are none. */
function twoDigits(text: string, at: number): number {
	const tens = text.charCodeAt(at) - 0x30;
	const ones = text.charCodeAt(at + 1) - 0x30;
	return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

function latin1(bytes: Uint8Array): string {
	return (bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)).toString('latin1');
}

function printable(text: string): string {
	return text.slice(0, 40).replace(/[^ -~]/g, '');
}
