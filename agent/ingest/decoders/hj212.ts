// Turns frames of Chinese emission monitors (HJ/T 212-2005, HJ 212-2017, HJ 212-2025) into readings.

import {qualities} from '../../format/entry.ts';
import {type QuantityName, quantityOfName} from '../../format/quantity.ts';
import type {Mapping} from '../mapping.ts';
import {printedNumber} from '../printed-number.ts';
import {type Refused, refuse} from '../refusal.ts';
import {localFields, parseZone, type Zone} from '../zone.ts';
import {type ChannelSpec, channelSpec, type Decoded, type DecodedReading, type Decoder, type Message} from './decoder.ts';
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
};

const commands: ReadonlyMap<string, Command> = new Map([
	['2011', {period: '', spanMs: 0}],
	// How many minutes is configured on the site, 10 mostly, and never said.
	['2051', {period: 'minutes', spanMs: 0}],
	['2061', {period: 'hour', spanMs: 3_600_000}],
	['2031', {period: 'day', spanMs: 86_400_000}],
]);

/** What the key of an item stands for. */
type Item =
	| {readonly kind: 'value'; readonly factor: string; readonly channel: ChannelSpec; readonly unit: string; readonly isAmount: boolean}
	| {readonly kind: 'flag' | 'sample-time' | 'unknown'; readonly factor: string}
	| {readonly kind: 'passed-over'};

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

type Value = {readonly item: Item & {readonly kind: 'value'}; readonly begin: number; readonly end: number};

/** Reads `DataTime=…;code-Rtd=…,code-Flag=N;…`. Which items stand in one group is of no interest: every key names its factor. */
function readBody({body, cn, isFromStore}: Frame, command: Command, zone: Zone): readonly (DecodedReading | Refused)[] | Refused {
	const values: Value[] = [];
	const seen = new Set<string>();
	const flags = new Map<string, string>();
	const sampleTimes = new Map<string, number>();
	const unknown = new Set<string>();
	let dataTime: string | undefined;
	for (let at = 0; at < body.length; ) {
		const end = endOfItem(body, at);
		const begin = at;
		at = end + 1;
		if (end === begin) continue;
		const equals = body.indexOf('=', begin);
		if (equals < 0 || equals >= end) return refuse('payload-malformed', `an item at character ${begin} of CP has no value`);
		const key = body.slice(begin, equals);
		if (key === 'DataTime') {
			const text = body.slice(equals + 1, end);
			// Each part of a message may begin with it.
			if (dataTime !== undefined && dataTime !== text) return refuse('payload-malformed', 'CP has two different DataTime');
			dataTime = text;
			continue;
		}
		const item = itemOf(key, cn, command);
		if (item.kind === 'passed-over') continue;
		if (seen.has(key)) return refuse('payload-malformed', `CP says ${printable(key)} twice`);
		seen.add(key);
		if (item.kind === 'value') values.push({item, begin: equals + 1, end});
		else if (item.kind === 'unknown') unknown.add(item.factor);
		else if (item.kind === 'flag') flags.set(item.factor, body.slice(equals + 1, end));
		else {
			const time = momentOf(body.slice(equals + 1, end), zone);
			if (time === undefined) return refuse('time-malformed', `${printable(key)} is not YYYYMMDDhhmmss`);
			sampleTimes.set(item.factor, time);
		}
	}
	const dataAtMs = dataTime === undefined ? 0 : momentOf(dataTime, zone);
	if (dataAtMs === undefined) return refuse('time-malformed', 'DataTime is not YYYYMMDDhhmmss');

	const readings: (DecodedReading | Refused)[] = [];
	let amountsLeftOut = 0;
	for (const {item, begin, end} of values) {
		if (item.isAmount && command.spanMs === 0) {
			amountsLeftOut += 1;
			continue;
		}
		const value = begin === end ? null : printedNumber(body, begin, end);
		if (value === undefined) {
			readings.push(refuse('value-not-number', `${item.channel.name} (${item.factor}) is no number`));
			continue;
		}
		const flag = flags.get(item.factor);
		readings.push({
			channel: item.channel,
			value,
			unit: item.unit,
			measuredAtMs: sampleTimes.get(item.factor) ?? dataAtMs,
			timeIsDevices: true,
			session: undefined,
			sequence: undefined,
			quality: (flag === undefined ? 0 : qualityOf(flag)) | (isFromStore ? qualities.historical : 0),
			spanMs: item.isAmount ? command.spanMs : 0,
			counter: undefined,
		});
	}
	for (const factor of unknown) readings.push(refuse('channel-unknown', `factor ${printable(factor)} of CN ${cn} is not in the registry`));
	if (amountsLeftOut > 0)
		readings.push(refuse('span-unknown', `CN ${cn} does not say how long the interval is; ${amountsLeftOut} amounts (Cou) are left out`));
	return readings.length === 0 ? refuse('no-reading', `the frame of CN ${cn} holds no values`) : readings;
}

function endOfItem(body: string, begin: number): number {
	for (let at = begin; at < body.length; at += 1) {
		const code = body.charCodeAt(at);
		if (code === 0x2c || code === 0x3b) return at;
	}
	return body.length;
}

/** Letters for the state of the instrument [HJ 212-2017, table 8; 2025]. N: it works, the only one under which a value counts as measured. S: set by hand. All others, stopped, maintained, broken, calibrated, over range, not reachable, and those that we do not know: the value does not count. */
function qualityOf(flag: string): number {
	if (flag === 'N' || flag === '') return 0;
	return flag === 'S' ? qualities.substituted : qualities.invalid;
}

/** By command, by key. */
const items = new Map<string, Map<string, Item>>();

function itemOf(key: string, cn: string, command: Command): Item {
	let ofCommand = items.get(cn);
	if (ofCommand === undefined) {
		ofCommand = new Map();
		items.set(cn, ofCommand);
	}
	let item = ofCommand.get(key);
	if (item === undefined) {
		item = classify(key, command);
		// Factors of the table only: there may be any number of others.
		if (item.kind === 'value') ofCommand.set(key, item);
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
	const dash = key.lastIndexOf('-');
	if (dash <= 0) return {kind: 'passed-over'};
	const factor = key.slice(0, dash);
	const field = key.slice(dash + 1);
	if (field === 'Flag') return {kind: 'flag', factor};
	if (field === 'SampleTime') return {kind: 'sample-time', factor};
	// The state of the equipment, in codes that each maker has of its own.
	if (field === 'EFlag') return {kind: 'passed-over'};
	const known = factorOf(factor);
	if (known === undefined) return {kind: 'unknown', factor};
	if (field === 'Cou') {
		if (known.amount === undefined) return {kind: 'unknown', factor: key};
		const {quantity, unit, part} = known.amount;
		return {kind: 'value', factor, channel: fineChannel(quantity, [part, period]), unit, isAmount: true};
	}
	const statistic = statistics.get(field);
	if (statistic === undefined) return {kind: 'unknown', factor: key};
	const isOfPeriod = statistic !== '' && statistic !== 'zs';
	return {
		kind: 'value',
		factor,
		channel: fineChannel(known.quantity, [known.part, isOfPeriod ? period : '', statistic]),
		unit: known.unit,
		isAmount: false,
	};
}

/** Loggers print floats: three digits more than others of the quantity, which makes six decimals of what the standard has for a unit. */
const moreDigits = 3;

function fineChannel(name: QuantityName, parts: readonly (string | undefined)[]): ChannelSpec {
	const quantity = quantityOfName(name)!;
	const part = parts.filter(one => one !== undefined && one !== '').join('-');
	return channelSpec(quantity, part === '' ? undefined : part, quantity.exponentDefault - moreDigits);
}

/** A clock that says an earlier year was never set. */
const yearMin = 2000;

/** ms since 1970 of `YYYYMMDDhhmmss`; 0 where it claims no moment; undefined if it is no time at all. */
function momentOf(text: string, zone: Zone): number | undefined {
	if (!/^\d{14}$/.test(text)) return undefined;
	const year = Number(text.slice(0, 4));
	const field = (at: number): number => Number(text.slice(at, at + 2));
	const local = localFields(Math.max(year, 1970), field(4), field(6), field(8), field(10), field(12));
	if (local === undefined) return undefined;
	const utcMs = zone.utcMs(local);
	return year < yearMin || typeof utcMs !== 'number' ? 0 : utcMs;
}

function latin1(bytes: Uint8Array): string {
	return (bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)).toString('latin1');
}

function printable(text: string): string {
	return text.slice(0, 40).replace(/[^ -~]/g, '');
}
