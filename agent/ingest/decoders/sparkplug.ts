// Reads Sparkplug B: what edge nodes say of their metrics, by name or by the numbers that their birth certificates give [Sparkplug 3.0].

import {uint48Max} from '../../base/bytes.ts';
import {qualities} from '../../format/entry.ts';
import {floatText, shortDigits, shortPlaces} from '../../format/float.ts';
import {JsonNumber} from '../json.ts';
import type {CompiledReading, Mapping} from '../mapping.ts';
import {type Refused, refuse} from '../refusal.ts';
import type {Decoded, DecodedReading, Decoder, DeviceRequest, Message, Recognised} from './decoder.ts';
import {type Candidate, proposeReadings} from './guess.ts';
import {type EdgeNode, EdgeNodes, type Metric} from './sparkplug-node.ts';
import {datatypeNames, PayloadReader, rebirthRequest, valueFields} from './sparkplug-wire.ts';
import {spelledUnit} from './unit-names.ts';

export const sparkplugDecoder: Decoder = {
	format: 'sparkplug',
	name: 'sparkplug/1',
	readingsBy: 'name',
	open: mapping => {
		const host = new Host(mapping);
		return {decode: message => host.decode(message)};
	},
	recognise: recogniseSparkplug,
};

/** A node is asked for its births once in so many ms at most. */
export const rebirthEveryMs = 10_000;
/** A clock that says less was never set. */
const clockSetMs = Date.UTC(1971, 0, 1);
/** What a birth's time must be beyond to name a numbering: that of a clock that starts anew with each boot would name two alike. */
const birthTimeMsMin = Date.UTC(2000, 0, 1);

const types = new Set(['NBIRTH', 'NDEATH', 'DBIRTH', 'DDEATH', 'NDATA', 'DDATA', 'NCMD', 'DCMD']);

type Address = {
	readonly group: string;
	readonly type: string;
	readonly node: string;
	readonly device: string;
	/** Names the edge node. */
	readonly key: string;
	/** What the mapping wants of births on this topic, by the names in them; made when one comes. */
	wanted: ReadonlyMap<string, CompiledReading> | undefined;
	/** For which device that was. */
	wantedFor: string;
};

/** `spBv1.0/{group}/{type}/{node}[/{device}]`; host: the state of a host application. */
function addressOf(topic: string): Address | 'host' | undefined {
	const levels = topic.split('/');
	if (levels[0] !== 'spBv1.0') return undefined;
	if (levels[1] === 'STATE') return levels.length === 3 ? 'host' : undefined;
	const [, group, type, node, device = ''] = levels;
	if (group === undefined || type === undefined || node === undefined || !types.has(type)) return undefined;
	if (group === '' || node === '' || levels.length > 5 || (type.startsWith('D') ? device === '' : levels.length !== 4)) return undefined;
	return {group, type, node, device, key: `${group}/${node}`, wanted: undefined, wantedFor: ''};
}

/** Where a message stands in its node's numbering. */
type Place = {
	readonly session: string | undefined;
	readonly number: number | undefined;
	readonly isNewest: boolean;
	readonly missing: number;
};

const noPlace: Place = {session: undefined, number: undefined, isNewest: false, missing: 0};

/** Reads the messages of one mapping. */
class Host {
	readonly #mapping: Mapping;
	readonly #payload = new PayloadReader();
	readonly #nodes = new EdgeNodes();
	/** Addresses of topics, which are few and come again. */
	readonly #addresses = new Map<string, Address | 'host' | undefined>();

	constructor(mapping: Mapping) {
		this.#mapping = mapping;
	}

	decode(message: Message): Decoded {
		const {topic} = message;
		let address = this.#addresses.get(topic);
		if (address === undefined) {
			address = addressOf(topic);
			if (this.#addresses.size >= addressesMax) this.#addresses.clear();
			this.#addresses.set(topic, address);
		}
		if (address === undefined) return refuse('payload-malformed', `"${topic}" is no topic of Sparkplug B`);
		if (address === 'host') return refuse('no-reading', 'the state of a host application');
		const {type} = address;
		if (type === 'NCMD' || type === 'DCMD') return refuse('no-reading', 'a command to the node');
		const payload = this.#payload;
		const node = this.#nodes.get(address.key);
		const problem =
			payload.open(message.payload) ?? (payload.isCompressed ? 'the payload is compressed, which is not supported' : undefined);
		if (problem !== undefined) return this.#unreadable(node, address, message, problem);
		switch (type) {
			case 'NDEATH':
				return this.#nodeDeath(node);
			case 'DDEATH':
				return this.#deviceDeath(node, address, message);
			case 'NDATA':
			case 'DDATA':
				return this.#data(node, address, message);
			default:
				return this.#birth(node, address, message);
		}
	}

	/** A birth that cannot be read leaves none that holds: the aliases may mean something else from here on. */
	#unreadable(node: EdgeNode, address: Address, message: Message, problem: string): Decoded {
		const refused = refuse('payload-malformed', problem);
		if (!address.type.endsWith('BIRTH')) return refused;
		if (address.device === '') node.die();
		else node.end(address.device);
		return {...refused, ...this.#request(node, address, message, true)};
	}

	/** An NDEATH of another bdSeq belongs to an earlier connection [Sparkplug 3.0 §6.4.18]; one that names none is believed. */
	#nodeDeath(node: EdgeNode): Decoded {
		const payload = this.#payload;
		let bdSeq: string | undefined;
		for (let i = 0; i < payload.metricCount; i += 1) {
			const problem = payload.metric(i);
			if (problem !== undefined) return refuse('payload-malformed', problem);
			if (payload.name === 'bdSeq') bdSeq = wholeText(payload);
		}
		if (bdSeq !== undefined && node.bdSeq !== undefined && bdSeq !== node.bdSeq)
			return refuse('no-reading', `the node died in a connection before the one of its birth: bdSeq ${bdSeq}, not ${node.bdSeq}`);
		node.die();
		return refuse('no-reading', 'the node died: what it says needs a new birth certificate');
	}

	#deviceDeath(node: EdgeNode, address: Address, message: Message): Decoded {
		const place = this.#place(node);
		node.end(address.device);
		return this.#nothing(node, address, message, place, refuse('no-reading', `the device ${address.device} died`));
	}

	#birth(node: EdgeNode, address: Address, message: Message): Decoded {
		const payload = this.#payload;
		const {device, type} = address;
		const names = this.#wantedOf(address, message.deviceId);
		const last = node.lastBirth(device, names);
		let isLast = last !== undefined && last.length === payload.metricCount;
		const metrics: Metric[] = [];
		/** Where those stand whose values the mapping wants. */
		const wanted: number[] = [];
		let bdSeq: string | undefined;
		for (let i = 0; i < payload.metricCount; i += 1) {
			const problem = payload.metric(i);
			if (problem !== undefined) return this.#unreadable(node, address, message, problem);
			const {name, alias, datatype = 0} = payload;
			if (name === undefined || name === '') return this.#unreadable(node, address, message, 'a metric of a birth certificate has no name');
			if (type === 'NBIRTH' && name === 'bdSeq') bdSeq = wholeText(payload);
			const before = isLast ? last![i]! : undefined;
			const reading = before?.name === name ? before.reading : names.get(name);
			const unit = reading === undefined ? '' : unitOf(reading, name, payload.unit);
			if (before !== undefined && before.name === name && before.alias === alias && before.datatype === datatype && before.unit === unit)
				metrics.push(before);
			else {
				isLast = false;
				metrics.push({name, scope: device, alias, datatype, reading, unit});
			}
			if (reading !== undefined) wanted.push(i);
		}
		let place: Place;
		if (type === 'NBIRTH') {
			if (payload.seq === undefined) return this.#unreadable(node, address, message, 'the NBIRTH has no seq');
			const {timestampMs = 0} = payload;
			const session = `${bdSeq ?? ''}-${timestampMs >= birthTimeMsMin && timestampMs < uint48Max ? timestampMs : `a${message.arrivedAtMs}`}`;
			const isAgain = node.session === session && node.birthSeq === payload.seq;
			if (!isAgain) {
				node.die();
				const problem = this.#bear(node, address, metrics, isLast);
				if (problem !== undefined) return this.#unreadable(node, address, message, problem);
				node.session = session;
				node.bdSeq = bdSeq;
				node.birthSeq = payload.seq;
				node.numbering.begin(payload.seq, timestampMs);
			}
			place = {session, number: 0, isNewest: !isAgain, missing: 0};
		} else {
			if (node.session === undefined)
				return this.#unborn(node, address, message, `the node of ${device} has no birth certificate that holds`);
			place = this.#place(node);
			const problem = this.#bear(node, address, metrics, isLast);
			if (problem !== undefined) return this.#unreadable(node, address, message, problem);
		}
		const readings = new Readings(place);
		for (const i of wanted) {
			// It was read without a problem above.
			payload.metric(i);
			readings.add(metrics[i]!, payload);
		}
		if (readings.all.length === 0)
			return this.#nothing(node, address, message, place, refuse('no-reading', `a birth certificate of ${metrics.length} metrics`));
		return this.#said(node, address, message, place, readings.all);
	}

	#bear(node: EdgeNode, {device, wanted}: Address, metrics: readonly Metric[], isLast: boolean): string | undefined {
		if (isLast) return node.bear(device, wanted!, metrics, true);
		const before = node.metricCount;
		const problem = node.bear(device, wanted!, metrics, false);
		this.#nodes.grew(node.metricCount - before);
		return problem;
	}

	#data(node: EdgeNode, address: Address, message: Message): Decoded {
		const payload = this.#payload;
		const {device} = address;
		const who = device === '' ? 'the node' : `the device ${device}`;
		if (node.session === undefined) return this.#unborn(node, address, message, `${who} speaks before a birth certificate`);
		const place = this.#place(node);
		const born = node.scope(device);
		if (born === undefined) return this.#unborn(node, address, message, `${who} speaks before its birth certificate`);
		const readings = new Readings(place);
		let unknown: string | undefined;
		for (let i = 0; i < payload.metricCount; i += 1) {
			const problem = payload.metric(i);
			if (problem !== undefined) return refuse('payload-malformed', problem);
			const {name, alias} = payload;
			let metric: Metric | undefined;
			if (alias !== undefined) {
				metric = node.ofAlias(alias);
				// An alias that no birth explains, or explains otherwise, says that a birth was missed: then the other aliases may mean something else as well.
				if (metric === undefined || metric.scope !== device || (name !== undefined && metric.name !== name))
					return this.#unborn(
						node,
						address,
						message,
						`${who} speaks of metric ${alias}, which its birth certificate ${metric === undefined ? 'does not have' : 'explains otherwise'}`,
					);
			} else if (name !== undefined) metric = born.get(name);
			if (metric === undefined) {
				unknown ??=
					name === undefined
						? `${who} speaks of a metric without name and alias`
						: `${who} speaks of "${name}", which its birth certificate does not have`;
				continue;
			}
			if (metric.reading === undefined) continue;
			if (payload.unit !== undefined) metric.unit = unitOf(metric.reading, metric.name, payload.unit);
			readings.add(metric, payload);
		}
		if (unknown !== undefined) {
			if (readings.all.length === 0) return this.#unborn(node, address, message, unknown);
			readings.all.push(refuse('birth-missing', unknown));
			return {readings: readings.all, ...this.#request(node, address, message, true)};
		}
		if (readings.all.length === 0)
			return this.#nothing(node, address, message, place, refuse('readings-none', 'none of its metrics is named by the mapping'));
		return this.#said(node, address, message, place, readings.all);
	}

	/** Takes the payload's number, where the node counts and a birth tells from where. */
	#place(node: EdgeNode): Place {
		const {seq, timestampMs = 0} = this.#payload;
		if (node.session === undefined || seq === undefined) return noPlace;
		const {number, missing, isNewest} = node.numbering.take(seq, timestampMs);
		return {session: node.session, number, missing, isNewest};
	}

	/** Readings; where messages are missing in front of them a new birth is asked for, since one of them may have been a birth. */
	#said(node: EdgeNode, address: Address, message: Message, place: Place, readings: readonly (DecodedReading | Refused)[]): Decoded {
		// KNOWN GAP: until the new birth comes, numbers are taken for what they were: had the lost message given them to other metrics of the same datatype, nobody could tell.
		return place.missing === 0 ? {readings} : {readings, ...this.#request(node, address, message, true)};
	}

	/** A message that came whole and holds nothing to log. */
	#nothing(node: EdgeNode, address: Address, message: Message, place: Place, refused: Refused): Decoded {
		if (place.isNewest) node.numbering.giveBack();
		return {...refused, ...this.#request(node, address, message, place.missing > 0)};
	}

	#unborn(node: EdgeNode, address: Address, message: Message, detail: string): Decoded {
		return {...refuse('birth-missing', detail), ...this.#request(node, address, message, true)};
	}

	#request(
		node: EdgeNode,
		{group, node: name}: Address,
		{arrivedAtMs}: Message,
		isWanted: boolean,
	): {readonly requests?: readonly DeviceRequest[]} {
		// A clock that was set back must not silence it.
		const isSoon = node.requestedAtMs !== undefined && Math.abs(arrivedAtMs - node.requestedAtMs) < rebirthEveryMs;
		if (!isWanted || isSoon) return {};
		node.requestedAtMs = arrivedAtMs;
		return {requests: [{topic: `spBv1.0/${group}/NCMD/${name}`, payload: rebirthRequest(arrivedAtMs)}]};
	}

	#wantedOf(address: Address, deviceId: string): ReadonlyMap<string, CompiledReading> {
		if (address.wanted !== undefined && address.wantedFor === deviceId) return address.wanted;
		const prefix = address.device === '' ? '' : `${address.device}/`;
		const wanted = new Map<string, CompiledReading>();
		for (const reading of this.#mapping.readings) {
			const name = reading.name.replaceAll('{device}', deviceId);
			if (name.startsWith(prefix)) wanted.set(name.slice(prefix.length), reading);
		}
		address.wanted = wanted;
		address.wantedFor = deviceId;
		return wanted;
	}
}

const addressesMax = 4096;

/** The readings of one message. */
class Readings {
	readonly all: (DecodedReading | Refused)[] = [];
	readonly #place: Place;
	/** What this message has said of already, where it says of more than one. */
	#seen: Set<Metric> | undefined;
	#first: Metric | undefined;

	constructor(place: Place) {
		this.#place = place;
	}

	/** Reads the metric that the payload stands at. */
	add(metric: Metric, payload: PayloadReader): void {
		this.all.push(this.#reading(metric, metric.reading!, payload));
	}

	#reading(metric: Metric, reading: CompiledReading, payload: PayloadReader): DecodedReading | Refused {
		const {name, unit} = metric;
		if (payload.datatype !== undefined && payload.datatype !== metric.datatype)
			return refuse('payload-malformed', `"${name}" is ${typeName(metric.datatype)} by its birth, and ${typeName(payload.datatype)} here`);
		if (typeof unit !== 'string') return unit;
		const timeMs = payload.metricTimestampMs ?? payload.timestampMs ?? 0;
		if (timeMs > uint48Max) return refuse('time-malformed', `the time of "${name}" is no time`);
		const value = payload.isNull ? nullOf(payload, name) : metricValue(payload, metric.datatype, name);
		if (value !== null && typeof value === 'object' && 'refused' in value) return value;
		// The values of one metric in one message have one number, which would make each the repeat or the opposite of the first: from the second on their own times tell them apart.
		const isCounted = this.#isFirst(metric);
		return {
			channel: reading.channel,
			value,
			unit,
			measuredAtMs: timeMs < clockSetMs ? 0 : timeMs,
			timeIsDevices: true,
			session: isCounted ? this.#place.session : undefined,
			sequence: isCounted ? this.#place.number : undefined,
			quality: (payload.isHistorical ? qualities.historical : 0) | qualityOf(payload.quality),
			spanMs: 0,
			counter: undefined,
		};
	}

	#isFirst(metric: Metric): boolean {
		if (this.#first === undefined) {
			this.#first = metric;
			return true;
		}
		this.#seen ??= new Set([this.#first]);
		if (this.#seen.has(metric)) return false;
		this.#seen.add(metric);
		return true;
	}
}

/**
 * What the property `Quality` means [Sparkplug 3.0 §6.4.11]: 192 or none is good, 0 bad, 500 stale. Stale is what the node has in memory of a device that it lost: it is from a
 * store, and no value of the moment. Other codes are not in the standard; what is not said to be good does not count.
 */
function qualityOf(code: number | undefined): number {
	if (code === undefined || code === 192) return 0;
	return code === 500 ? qualities.historical | qualities.invalid : qualities.invalid;
}

/** The unit of a metric by its birth and the mapping, which must not contradict each other. */
function unitOf(reading: CompiledReading, name: string, engUnit: string | undefined): string | Refused {
	const {channel, unit} = reading;
	if (channel.quantity.kind === 'state') return unit ?? '';
	if (engUnit === undefined || engUnit === '')
		return unit ?? refuse('units-unknown', `neither the birth nor the mapping says the unit of "${name}"`);
	const spelled = spelledUnit(channel, engUnit);
	if (spelled === undefined) return refuse('unit-wrong', `"${name}" is in "${engUnit}", which does not measure ${channel.quantity.name}`);
	if (unit === undefined) return spelled;
	const [own, mapped] = [channel.scales.get(spelled)!, channel.scales.get(unit)!];
	if (own.numerator * mapped.denominator === mapped.numerator * own.denominator) return unit;
	return refuse('unit-wrong', `"${name}" is in "${engUnit}" by the node, and in "${unit}" by the mapping`);
}

function nullOf(payload: PayloadReader, name: string): null | Refused {
	return payload.valueField === valueFields.none ? null : refuse('payload-malformed', `"${name}" is null and has a value`);
}

/** The value by the datatype of the birth: exact, and refused if it is of another type or range. */
function metricValue(payload: PayloadReader, datatype: number, name: string): JsonNumber | boolean | Refused {
	const {valueField} = payload;
	if (valueField === valueFields.none) return refuse('payload-malformed', `"${name}" has no value and does not say that it is null`);
	switch (datatype) {
		case 1:
			return valueField === valueFields.int ? signed(payload.valueNumber, 8, name) : mismatch(datatype, valueField, name);
		case 2:
			return valueField === valueFields.int ? signed(payload.valueNumber, 16, name) : mismatch(datatype, valueField, name);
		case 3:
			return valueField === valueFields.int ? wholeNumber(payload.valueNumber | 0) : mismatch(datatype, valueField, name);
		case 4:
			if (valueField !== valueFields.long) return mismatch(datatype, valueField, name);
			return payload.valueBig === undefined ? wholeNumber(payload.valueNumber) : bigNumber(BigInt.asIntN(64, payload.valueBig));
		case 5:
			return valueField === valueFields.int ? unsigned(payload.valueNumber, 0xff, name) : mismatch(datatype, valueField, name);
		case 6:
			return valueField === valueFields.int ? unsigned(payload.valueNumber, 0xffff, name) : mismatch(datatype, valueField, name);
		case 7:
			// Earlier versions put it into the field of 64 bits.
			if (valueField !== valueFields.int && valueField !== valueFields.long) return mismatch(datatype, valueField, name);
			return unsigned(payload.valueNumber, 0xffffffff, name);
		case 8:
			if (valueField !== valueFields.long) return mismatch(datatype, valueField, name);
			return payload.valueBig === undefined ? wholeNumber(payload.valueNumber) : bigNumber(payload.valueBig);
		case 9:
			return valueField === valueFields.float ? floatNumber(payload.valueNumber, 32, name) : mismatch(datatype, valueField, name);
		case 10:
			return valueField === valueFields.double ? floatNumber(payload.valueNumber, 64, name) : mismatch(datatype, valueField, name);
		case 11:
			return valueField === valueFields.boolean ? payload.valueBoolean : mismatch(datatype, valueField, name);
		default:
			return refuse('value-not-number', `"${name}" is ${typeName(datatype)}, which no channel takes`);
	}
}

function mismatch(datatype: number, valueField: number, name: string): Refused {
	const field = Object.entries(valueFields).find(([, number]) => number === valueField)?.[0] ?? 'extension';
	return refuse('payload-malformed', `"${name}" is ${typeName(datatype)} by its birth, and comes as ${field}_value`);
}

function typeName(datatype: number): string {
	return datatypeNames[datatype] ?? `of datatype ${datatype}`;
}

/** Two's complement of so many bits, in a field of 32: sign-extended, or cut to its own bits as some encoders do. */
function signed(value: number, bits: 8 | 16, name: string): JsonNumber | Refused {
	const shift = 32 - bits;
	const extended = (value << shift) >> shift;
	if (extended >>> 0 !== value && value >= 2 ** bits) return refuse('value-out-of-range', `"${name}" is ${value}, which is no Int${bits}`);
	return wholeNumber(extended);
}

function unsigned(value: number, max: number, name: string): JsonNumber | Refused {
	return value <= max ? wholeNumber(value) : refuse('value-out-of-range', `"${name}" is ${value}, more than its datatype holds`);
}

function wholeNumber(value: number): JsonNumber {
	return Math.abs(value) < 1e15 ? new JsonNumber(String(value), value, 0) : new JsonNumber(String(value));
}

function bigNumber(value: bigint): JsonNumber {
	return new JsonNumber(String(value));
}

function floatNumber(value: number, width: 32 | 64, name: string): JsonNumber | Refused {
	const places = shortPlaces(value, width);
	if (places !== undefined) {
		const digits = shortDigits(value, places);
		return new JsonNumber(String(digits / 10 ** places), digits, 0 - places);
	}
	return Number.isFinite(value) ? new JsonNumber(floatText(value, width)) : refuse('value-not-number', `"${name}" is ${value}`);
}

/** bdSeq as a text; undefined if it is no whole number. */
function wholeText(payload: PayloadReader): string | undefined {
	if (payload.valueField !== valueFields.int && payload.valueField !== valueFields.long) return undefined;
	return String(payload.valueBig ?? payload.valueNumber);
}

/** Every message of an edge node shows that it is one; births say what it measures. */
function recogniseSparkplug({topic, payload}: {readonly topic: string; readonly payload: Uint8Array}): Recognised | undefined {
	if (!topic.startsWith('spBv1.0/')) return undefined;
	const address = addressOf(topic);
	if (address === undefined || address === 'host' || address.type.endsWith('CMD')) return undefined;
	const reader = new PayloadReader();
	if (reader.open(payload) !== undefined) return undefined;
	const found = {topic: `spBv1.0/${address.group}/+/{device}/#`, device: address.node, sureness: 95, make: 'Sparkplug B edge node'};
	if (!address.type.endsWith('BIRTH')) return found;
	const candidates: Candidate[] = [];
	for (let i = 0; i < reader.metricCount; i += 1) {
		if (reader.metric(i) !== undefined) return undefined;
		const {name, unit, datatype = 0} = reader;
		const isNumber = datatype >= 1 && datatype <= 11;
		if (name === undefined || !isNumber || name.startsWith('Node Control/') || name === 'bdSeq') continue;
		candidates.push({name: address.device === '' ? name : `${address.device}/${name}`, label: name, unit, isBoolean: datatype === 11});
	}
	return {
		...found,
		readings: proposeReadings(candidates).map(({candidate, ...reading}) => ({name: candidate.name, ...reading, optional: true})),
	};
}
