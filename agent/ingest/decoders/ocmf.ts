// Turns a record of the Open Charge Metering Format, which a charging station has signed, into readings of its meter's registers.

import {fromUtf8} from '../../base/bytes.ts';
import {qualities} from '../../format/entry.ts';
import {parseIsoTime} from '../device-time.ts';
import {JsonNumber, JsonObject, type JsonValue, parseJson} from '../json.ts';
import {type Refused, refuse} from '../refusal.ts';
import type {Decoded, DecodedReading, Decoder, Message, Recognised} from './decoder.ts';
import {type OcmfRegister, ocmfRegisterOf} from './ocmf-register.ts';
import {claimed} from './pointed.ts';

// The format is OCMF 1.4 of S.A.F.E. e.V., a record of three sections: OCMF|payload|signature. Whether the signature is right is not judged here.
export const ocmfDecoder: Decoder = {
	format: 'ocmf',
	name: 'ocmf/1',
	readingsBy: 'format',
	open: () => {
		/** By device, and meter, when the transaction began that it told of last. Held by `decode` alone; lost with a restart, after which the device tells of the next one. */
		const begun = new Map<string, string>();
		return {decode: message => decode(message, begun)};
	},
	recognise,
};

/** Meters whose last transaction is remembered, the one that spoke last at the end. */
const begunMax = 4096;

const bar = 0x7c;
const header = Buffer.from('OCMF|');

/** The sections of a record, be it the message itself or a JSON string. Sections have no bar in them [OCMF, JSON based format]. */
function readRecord(bytes: Uint8Array): {readonly payload: JsonObject} | Refused {
	const text = unquoted(bytes);
	if (text === undefined) return refuse('payload-malformed', 'no record: it begins neither with OCMF| nor as a JSON string of one');
	const first = text.indexOf(bar, header.length);
	const second = first < 0 ? -1 : text.indexOf(bar, first + 1);
	if (first < 0 || second >= 0) return refuse('payload-malformed', 'a record has three sections: OCMF|payload|signature');
	const payload = parseJson(text.subarray(header.length, first));
	if ('problem' in payload) return refuse('payload-malformed', `the payload section: ${payload.problem}`);
	if (!(payload.value instanceof JsonObject)) return refuse('payload-malformed', 'the payload section is not an object');
	const signature = parseJson(text.subarray(first + 1));
	if ('problem' in signature) return refuse('payload-malformed', `the signature section: ${signature.problem}`);
	if (!(signature.value instanceof JsonObject) || typeof signature.value.get('SD') !== 'string')
		return refuse('payload-malformed', 'the signature section has no SD, the signature itself');
	return {payload: payload.value};
}

/** The record's own bytes, from `OCMF|` on. */
function unquoted(bytes: Uint8Array): Buffer | undefined {
	let begin = 0;
	while (begin < bytes.length && isSpace(bytes[begin]!)) begin += 1;
	const buffer = Buffer.from(bytes.buffer, bytes.byteOffset + begin, bytes.length - begin);
	if (startsRecord(buffer)) return buffer;
	if (buffer[0] !== 0x22) return undefined;
	const text = fromUtf8(buffer);
	if (text === undefined) return undefined;
	try {
		// The engine reads one string; the packet's limit bounds it. Longer ones than parseJson takes are the rule here.
		const record = Buffer.from(JSON.parse(text) as string);
		return startsRecord(record) ? record : undefined;
	} catch {
		return undefined;
	}
}

function startsRecord(buffer: Buffer): boolean {
	return buffer.length > header.length && buffer.compare(header, 0, header.length, 0, header.length) === 0;
}

function isSpace(byte: number): boolean {
	return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** Letter of the context and a number without leading zeros [OCMF table 2]; below 10^14, where a double is exact and 48 bits suffice. */
const pagePattern = /^([TF])(0|[1-9][0-9]{0,13})$/;
/** What SQLite gives back as it was. */
const serialPattern = /^[^\p{Cc}\p{Cs}]{1,60}$/u;
const versionPattern = /^[01](?:\.[0-9]{1,3}){0,2}$/;

function decode({payload: bytes, deviceId}: Message, begun: Map<string, string>): Decoded {
	const record = readRecord(bytes);
	if ('refused' in record) return record;
	const {payload} = record;
	const version = printed(payload.get('FV'));
	if (version !== undefined && !versionPattern.test(version))
		return refuse('payload-malformed', `version ${version} of OCMF is not known, only 0 and 1`);
	const page = pagePattern.exec(printed(payload.get('PG')) ?? '');
	if (page === null)
		return refuse('sequence-malformed', 'PG is not T or F and a number: where the record stands among others is not known');
	// The component that signs counts the pages: the meter, or the gateway in front of it.
	const meter = printed(payload.get('MS')) || undefined;
	const serial = meter ?? (printed(payload.get('GS')) || '');
	if (serial !== '' && !serialPattern.test(serial)) return refuse('sequence-malformed', 'the serial number is not a short, clean text');
	const list = payload.get('RD');
	if (!Array.isArray(list)) return refuse('payload-malformed', 'RD, the list of readings, is missing');
	if (list.length === 0) return refuse('no-reading', 'the record has an empty list of readings');

	// Each plug of a station may have a meter, and a transaction, of its own.
	const place = `${deviceId}\0${serial}`;
	const reader = new Reader({
		session: serial === '' ? page[1]! : `${page[1]}:${serial}`,
		sequence: Number(page[2]),
		meter,
		begin: page[1] === 'T' ? begun.get(place) : undefined,
	});
	for (const item of list as readonly JsonValue[]) {
		if (!(item instanceof JsonObject)) return refuse('payload-malformed', 'a reading of RD is not an object');
		const unknown = reader.take(item);
		if (unknown !== undefined) return refuse('payload-malformed', `a reading of RD has a field "${unknown}", which OCMF does not know`);
	}
	if (page[1] === 'T') remember(begun, place, reader.begin);
	return reader.readings.length === 0
		? refuse('readings-none', 'the record tells of errors only, of no register')
		: {readings: reader.readings};
}

function remember(begun: Map<string, string>, place: string, begin: string | undefined): void {
	if (begin === undefined || begun.get(place) === begin) return;
	begun.delete(place);
	if (begun.size >= begunMax) {
		const [oldest] = begun.keys();
		begun.delete(oldest!);
	}
	begun.set(place, begin);
}

/** A meter that could not be read: absent, silent, disconnected, removed [OCMF table 10]. What is printed beside it was not read then. */
const unread = 'NTDR';
/** Manipulated, exchanged, incompatible, out of range, another error, read wrongly. */
const spoiled = 'MXIOEF';
/** Reasons of a reading [OCMF table 7, TX]. */
const reasons = 'BCXELRAPST';

/** Reads the list of a record in its order: a field that a reading leaves out is as in the reading before. A field of a wrong kind is carried on as well, so that nothing older is taken for it. */
class Reader {
	readonly readings: (DecodedReading | Refused)[] = [];
	/** When the transaction began, as it was printed: the name of the life of its counters. */
	begin: string | undefined;
	readonly #session: string;
	readonly #sequence: number;
	/** Its serial number: the name of the life of the counters that go on beyond a transaction. */
	readonly #meter: string | undefined;
	/** Channels that have a reading of this record already. */
	readonly #numbered: string[] = [];
	#time: JsonValue | undefined;
	#claimed: OcmfTime | undefined;
	#reason: JsonValue | undefined;
	#value: JsonValue | undefined;
	#code: JsonValue | undefined;
	#unit: JsonValue | undefined;
	#errors: JsonValue | undefined;
	#state: JsonValue | undefined;
	/** From an exception on, time or energy is of no use any more [OCMF table 7, TX]. */
	#isSpoiled = false;

	constructor(record: {
		readonly session: string;
		readonly sequence: number;
		readonly meter: string | undefined;
		readonly begin: string | undefined;
	}) {
		this.#session = record.session;
		this.#sequence = record.sequence;
		this.#meter = record.meter;
		this.begin = record.begin;
	}

	/** Takes the next reading of the list; gives the name of a field that OCMF does not know, which spoils the record. */
	take(item: JsonObject): string | undefined {
		let printedHere: JsonValue | undefined;
		const {keys, values} = item;
		for (let i = 0; i < keys.length; i += 1) {
			const value = values[i] ?? undefined;
			if (value === undefined) continue;
			switch (keys[i]) {
				case 'TM':
					this.#time = value;
					this.#claimed = typeof value === 'string' ? parseOcmfTime(value) : undefined;
					break;
				case 'TX':
					this.#reason = value;
					break;
				case 'RV':
					this.#value = value;
					printedHere = value;
					break;
				case 'RI':
					this.#code = value;
					break;
				case 'RU':
					this.#unit = value;
					break;
				case 'EF':
					this.#errors = value;
					break;
				case 'ST':
					this.#state = value;
					break;
				case 'RT':
				case 'CL':
					break;
				default:
					// Makers may add names from U on. Any other may be a damaged name of a field, which would then seem to be left out.
					if (!/^[U-Z]/.test(keys[i]!)) return keys[i];
			}
		}
		const reading = this.#reading(printedHere);
		if (reading !== undefined) this.readings.push(reading);
		return undefined;
	}

	#reading(printedHere: JsonValue | undefined): DecodedReading | Refused | undefined {
		const state = this.#state;
		if (state === undefined) return refuse('field-missing', 'ST, the state of the meter, is missing');
		if (typeof state !== 'string' || state.length !== 1 || !`GS${unread}${spoiled}`.includes(state))
			return refuse('payload-malformed', 'ST is no state of a meter that OCMF knows');
		const errors = this.#errors ?? '';
		if (typeof errors !== 'string') return refuse('payload-malformed', 'EF is not a text');
		const reason = this.#reason;
		if (reason !== undefined && (typeof reason !== 'string' || reason.length !== 1 || !reasons.includes(reason)))
			return refuse('payload-malformed', 'TX is no reason of a reading that OCMF knows');
		if (reason === 'X') this.#isSpoiled = true;

		if (this.#time === undefined) return refuse('field-missing', 'TM, the time of the reading, is missing');
		const claimed = this.#claimed;
		if (claimed === undefined) return refuse('time-malformed', 'TM is not a time such as 2018-07-24T13:22:04,000+0200 S');
		if (reason === 'B') this.begin = claimed.text;

		const isError = state !== 'G' || errors !== '' || reason === 'X';
		// The meter cannot have been read, or an event is told of and no register.
		const hasNone = unread.includes(state) || (isError && printedHere === undefined);
		const code = this.#code;
		if (code === undefined) return hasNone ? undefined : refuse('field-missing', 'RI is missing: nothing says which register it is');
		const register = typeof code === 'string' ? ocmfRegisterOf(code) : undefined;
		if (register === undefined) return refuse('quantity-unknown', `RI ${printed(code) ?? ''} is no register that is known`);
		const unit = this.#unit;
		if (unit === undefined) return refuse('field-missing', 'RU, the unit, is missing');
		if (typeof unit !== 'string' || !register.channel.scales.has(unit) || unit === '')
			return refuse('unit-wrong', `"${printed(unit) ?? ''}" does not measure ${register.channel.quantity.name}`);
		const value = hasNone ? null : valueFrom(this.#value);
		if (value === undefined)
			return this.#value === undefined
				? refuse('field-missing', 'RV, the value, is missing')
				: refuse('value-not-number', `${register.channel.name} is not a number`);

		// E: energy is of no use for a bill, t: time is not.
		const isInvalid = unread.includes(state) || spoiled.includes(state) || /[^t]/.test(errors) || (this.#isSpoiled && errors !== 't');
		return this.#made(register, value, unit, {
			// A clock that says of itself that it is not set claims no time.
			measuredAtMs: claimed.status === 'U' || errors.includes('t') ? 0 : claimed.ms,
			quality: (isInvalid ? qualities.invalid : 0) | (state === 'S' ? qualities.substituted : 0),
		});
	}

	#made(
		{channel, isOfTransaction}: OcmfRegister,
		value: DecodedReading['value'],
		unit: string,
		said: {readonly measuredAtMs: number; readonly quality: number},
	): DecodedReading {
		// A record holds begin and end of a transaction under one number. A number names one reading of a channel: those that follow are known by their time.
		const isFirst = !this.#numbered.includes(channel.name);
		if (isFirst) this.#numbered.push(channel.name);
		return {
			channel,
			value,
			unit,
			measuredAtMs: said.measuredAtMs,
			timeIsDevices: true,
			session: isFirst ? this.#session : undefined,
			sequence: isFirst ? this.#sequence : undefined,
			quality: said.quality,
			spanMs: 0,
			counter: isOfTransaction ? this.begin : this.#meter,
		};
	}
}

/** Texts and numbers as they were printed: stations put quotes where none belong, and leave them out. */
function printed(value: JsonValue | undefined): string | undefined {
	return value instanceof JsonNumber ? value.text : typeof value === 'string' ? value : undefined;
}

/** So many digits at most, in front of the point and behind it, as JSON has them here; and a bounded search. */
const paddedDecimal = /^ {0,32}(-?)0{0,64}([0-9]{1,64}(?:\.[0-9]{1,64})?) {0,32}$/;

/** A value as parseDecimal takes it: meters print `"       9.038"` and `"000123.4"`. */
function valueFrom(value: JsonValue | undefined): JsonNumber | string | undefined {
	if (value instanceof JsonNumber) return value;
	if (typeof value !== 'string') return undefined;
	const found = paddedDecimal.exec(value);
	return found === null ? undefined : `${found[1]}${found[2]}`;
}

type OcmfTime = {readonly ms: number; readonly status: string; readonly text: string};

const timePattern = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:[0-5]\d)[,.](\d{1,9})([+-])([01]\d|2[0-3]):?([0-5]\d) ([UISR])$/;

/** `2018-07-24T13:22:04,000+0200 S` [OCMF table 7, TM]; ms is 0 where the clock was never set. */
export function parseOcmfTime(text: string): OcmfTime | undefined {
	const found = timePattern.exec(text);
	if (found === null) return undefined;
	const [, wall, fraction, sign, hours, minutes, status] = found;
	const asUtcMs = parseIsoTime(`${wall}.${fraction}Z`);
	if (asUtcMs === undefined) return undefined;
	const offsetMs = (Number(hours) * 60 + Number(minutes)) * 60_000;
	const ms = sign === '-' ? asUtcMs + offsetMs : asUtcMs - offsetMs;
	return {ms: claimed(ms) ?? 0, status: status!, text: text.slice(0, -2)};
}

/** Levels of a topic that name what is said, not who says it. */
const sayings = new Set(['ocmf', 'meter', 'record', 'records', 'data', 'signed', 'transaction', 'metervalues', 'status', 'state']);

function recognise({topic, payload}: {readonly topic: string; readonly payload: Uint8Array}): Recognised | undefined {
	const record = readRecord(payload);
	if ('refused' in record || !Array.isArray(record.payload.get('RD')) || printed(record.payload.get('PG')) === undefined) return undefined;
	const levels = topic.split('/');
	let at = levels.length - 1;
	while (at >= 0 && (sayings.has(levels[at]!.toLowerCase()) || levels[at] === '')) at -= 1;
	// Where no level names it, the meter does; the first level is a place or a system.
	const isNamed = at > 0 || (at === 0 && levels.length === 1);
	const device = isNamed ? levels[at]! : (printed(record.payload.get('MS')) ?? printed(record.payload.get('GS')));
	if (device === undefined || device === '') return undefined;
	if (isNamed) levels[at] = '{device}';
	const makes = [printed(record.payload.get('MV')), printed(record.payload.get('MM')) ?? printed(record.payload.get('GI'))];
	const make = makes.filter(text => text !== undefined && text !== '').join(' ');
	return {topic: levels.join('/'), device, sureness: 97, ...(make === '' ? {} : {make})};
}
