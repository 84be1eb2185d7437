// Sparkplug B, rule by rule [Sparkplug 3.0 §6.4], and the published payloads bit by bit.
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {BinaryReader, BinaryWriter, WireType} from '@bufbuild/protobuf/wire';
import test from 'ava';
import fc from 'fast-check';
import {qualityNames} from '../../../agent/format/entry.ts';
import {exactValue} from '../../../agent/ingest/decoders/decoded.ts';
import type {Decoded, OpenDecoder} from '../../../agent/ingest/decoders/decoder.ts';
import {sparkplugDecoder} from '../../../agent/ingest/decoders/sparkplug.ts';
import {metricsMax} from '../../../agent/ingest/decoders/sparkplug-wire.ts';
import {compileMapping, type ReadingConfig} from '../../../agent/ingest/mapping.ts';
import {publishedData} from '../../helpers/published-data.ts';

const arrivedAtMs = Date.UTC(2026, 0, 1);
const bornMs = Date.UTC(2025, 11, 31);

type Value = {
	readonly int?: number;
	readonly long?: bigint;
	readonly float?: number;
	readonly double?: number;
	readonly boolean?: boolean;
	readonly string?: string;
	readonly dataset?: true;
};
type MetricText = {
	readonly name?: string;
	readonly alias?: number | bigint;
	readonly time?: number | bigint;
	readonly type?: number;
	readonly historical?: boolean;
	readonly isNull?: boolean;
	readonly properties?: Readonly<Record<string, string | number>>;
	readonly twice?: boolean;
} & Value;
type PayloadText = {readonly time?: number; readonly seq?: number; readonly uuid?: string; readonly metrics?: readonly MetricText[]};

function payloadOf({time, seq, uuid, metrics = []}: PayloadText): Uint8Array {
	const writer = new BinaryWriter();
	if (time !== undefined) writer.tag(1, WireType.Varint).uint64(BigInt(time));
	for (const metric of metrics) writeMetric(writer, metric);
	if (seq !== undefined) writer.tag(3, WireType.Varint).uint64(seq);
	if (uuid !== undefined) writer.tag(4, WireType.LengthDelimited).string(uuid);
	return writer.finish();
}

function writeMetric(writer: BinaryWriter, metric: MetricText): void {
	writer.tag(2, WireType.LengthDelimited).fork();
	if (metric.name !== undefined) writer.tag(1, WireType.LengthDelimited).string(metric.name);
	if (metric.alias !== undefined) writer.tag(2, WireType.Varint).uint64(BigInt(metric.alias));
	if (metric.time !== undefined) writer.tag(3, WireType.Varint).uint64(BigInt(metric.time));
	if (metric.type !== undefined) writer.tag(4, WireType.Varint).uint32(metric.type);
	if (metric.historical !== undefined) writer.tag(5, WireType.Varint).bool(metric.historical);
	if (metric.isNull !== undefined) writer.tag(7, WireType.Varint).bool(metric.isNull);
	if (metric.properties !== undefined) {
		writer.tag(9, WireType.LengthDelimited).fork();
		for (const key of Object.keys(metric.properties)) writer.tag(1, WireType.LengthDelimited).string(key);
		for (const value of Object.values(metric.properties)) {
			writer.tag(2, WireType.LengthDelimited).fork();
			writer.tag(1, WireType.Varint).uint32(typeof value === 'string' ? 12 : 3);
			if (typeof value === 'string') writer.tag(8, WireType.LengthDelimited).string(value);
			else writer.tag(3, WireType.Varint).uint32(value);
			writer.join();
		}
		writer.join();
	}
	for (let i = 0; i < (metric.twice === true ? 2 : 1); i += 1) {
		if (metric.int !== undefined) writer.tag(10, WireType.Varint).uint32(metric.int);
		if (metric.long !== undefined) writer.tag(11, WireType.Varint).uint64(metric.long);
		if (metric.float !== undefined) writer.tag(12, WireType.Bit32).float(metric.float);
		if (metric.double !== undefined) writer.tag(13, WireType.Bit64).double(metric.double);
		if (metric.boolean !== undefined) writer.tag(14, WireType.Varint).bool(metric.boolean);
		if (metric.string !== undefined) writer.tag(15, WireType.LengthDelimited).string(metric.string);
		if (metric.dataset === true) writer.tag(17, WireType.LengthDelimited).bytes(new Uint8Array([8, 0]));
	}
	writer.join();
}

const readings: readonly ReadingConfig[] = [
	{name: 'm/Energy', quantity: 'energy-import'},
	{name: 'm/Power', quantity: 'active-power', unit: 'W'},
	{name: 'm/Door', quantity: 'door'},
	{name: 'Temperature', quantity: 'temperature', unit: 'Cel'},
	{name: '{device}/x', quantity: 'voltage', unit: 'V'},
];

function openHost(wanted: readonly ReadingConfig[] = readings): OpenDecoder {
	const mapping = compileMapping({name: 's', topic: 'spBv1.0/plant/+/{device}/#', format: 'sparkplug', readings: wanted}, sparkplugDecoder);
	if ('problem' in mapping) throw new Error(mapping.problem);
	return sparkplugDecoder.open(mapping);
}

/** What comes out: `channel=value unit @time session/sequence quality`, a refusal as its reason; `+ask` where the node is asked for its births. */
function describe(decoded: Decoded): string | string[] {
	const ask = decoded.requests === undefined ? '' : ' +ask';
	if ('refused' in decoded) return `${decoded.refused}${ask}`;
	const texts = decoded.readings.map(reading => {
		if ('refused' in reading) return reading.refused;
		const {channel, value, unit, measuredAtMs, session, sequence, quality} = reading;
		const exact = value === null ? 'null' : exactValue(channel, channel.exponent, value, unit);
		const text = typeof exact === 'object' ? exact.refused : String(exact);
		const numbered = sequence === undefined ? '' : ` ${session}#${sequence}`;
		const marked = qualityNames(quality).map(name => ` ${name}`);
		return `${channel.name}=${text}@${measuredAtMs === 0 ? 0 : measuredAtMs - bornMs}${numbered}${marked.join('')}`;
	});
	return ask === '' ? texts : [...texts, ask.trim()];
}

/** A host with the births of node and device m taken in, and how to say things to it. */
function born(wanted: readonly ReadingConfig[] = readings) {
	const host = openHost(wanted);
	const say = (type: string, payload: PayloadText | Uint8Array, device = 'm', atMs = arrivedAtMs): Decoded =>
		host.decode({
			topic: `spBv1.0/plant/${type}/n${type.startsWith('D') ? `/${device}` : ''}`,
			payload: payload instanceof Uint8Array ? payload : payloadOf(payload),
			arrivedAtMs: atMs,
			deviceId: 'n',
		});
	const hear = (type: string, payload: PayloadText | Uint8Array, device?: string, atMs?: number) =>
		describe(say(type, payload, device, atMs));
	const nodeBirth = {
		time: bornMs,
		seq: 0,
		metrics: [
			{name: 'bdSeq', type: 8, long: 7n},
			{name: 'Temperature', alias: 9, type: 9, float: 21.5},
		],
	};
	const deviceBirth = {
		time: bornMs + 1,
		seq: 1,
		metrics: [
			{name: 'Energy', alias: 1, type: 10, double: 1000.5, properties: {engUnit: 'Wh'}},
			{name: 'Power', alias: 2, type: 9, float: 0.1},
			{name: 'Door', alias: 3, type: 11, boolean: true},
			{name: 'Serial', alias: 4, type: 12, string: 'E1'},
		],
	};
	return {host, say, hear, nodeBirth, deviceBirth, births: () => [hear('NBIRTH', nodeBirth), hear('DBIRTH', deviceBirth)]};
}

const s = `7-${bornMs}`;

test('births carry values, and DATA by alias is read by what they said', t => {
	const {hear, births} = born();
	t.deepEqual(births(), [
		[`temperature=21500@0 ${s}#0`],
		[`energy-import=1000500@1 ${s}#1`, `active-power=100@1 ${s}#1`, `door=1@1 ${s}#1`],
	]);
	t.deepEqual(
		hear('DDATA', {
			time: bornMs + 5,
			seq: 2,
			metrics: [
				{alias: 1, time: bornMs + 3, double: 1001},
				{alias: 2, float: -120.5},
			],
		}),
		[`energy-import=1001000@3 ${s}#2`, `active-power=-120500@5 ${s}#2`],
	);
	t.deepEqual(hear('NDATA', {time: bornMs + 6, seq: 3, metrics: [{name: 'Temperature', float: 21.6}]}), [`temperature=21600@6 ${s}#3`]);
	t.deepEqual(hear('NDATA', {time: bornMs + 7, seq: 4, metrics: [{alias: 9, name: 'Temperature', type: 9, float: 21.7}]}), [
		`temperature=21700@7 ${s}#4`,
	]);
});

test('DATA before a birth is refused, and the node is asked for one at most every 10 s', t => {
	const {hear, say, nodeBirth, deviceBirth} = born();
	const data = {time: bornMs, seq: 5, metrics: [{alias: 1, double: 1}]};
	const first = say('DDATA', data);
	t.is(describe(first), 'birth-missing +ask');
	t.is(first.requests?.[0]?.topic, 'spBv1.0/plant/NCMD/n');
	t.deepEqual(fieldsOf(first.requests![0]!.payload), [
		'1=1767225600000',
		'2.1=Node Control/Rebirth',
		'2.3=1767225600000',
		'2.4=11',
		'2.14=1',
	]);
	t.is(hear('DDATA', data, 'm', arrivedAtMs + 9999), 'birth-missing');
	t.is(hear('DDATA', data, 'm', arrivedAtMs + 10_000), 'birth-missing +ask');
	// The clock was set back.
	t.is(hear('DDATA', data, 'm', arrivedAtMs - 1), 'birth-missing +ask');
	t.is(hear('DBIRTH', deviceBirth, 'm', arrivedAtMs + 60_000), 'birth-missing +ask');
	hear('NBIRTH', nodeBirth);
	t.is(hear('DDATA', {...data, seq: 1}), 'birth-missing +ask');
});

/** The fields of a request, its one metric opened. */
function fieldsOf(bytes: Uint8Array, prefix = ''): string[] {
	const reader = new BinaryReader(bytes);
	const fields: string[] = [];
	while (reader.pos < reader.len) {
		const [field, wireType] = reader.tag();
		if (wireType === WireType.Varint) fields.push(`${prefix}${field}=${reader.uint64()}`);
		else if (field === 2) fields.push(...fieldsOf(reader.bytes(), '2.'));
		else fields.push(`${prefix}${field}=${reader.string()}`);
	}
	return fields;
}

test('an alias that no birth explains refuses its message whole, a name that none has is refused alone', t => {
	const {hear, births} = born();
	births();
	const known = {alias: 1, double: 2};
	t.is(hear('DDATA', {time: bornMs + 9, seq: 2, metrics: [known, {alias: 77, double: 1}]}), 'birth-missing +ask');
	// Known, but of the node.
	t.is(hear('DDATA', {time: bornMs + 10, seq: 3, metrics: [known, {alias: 9, float: 1}]}), 'birth-missing');
	t.is(hear('DDATA', {time: bornMs + 11, seq: 4, metrics: [known, {alias: 2, name: 'Energy', float: 1}]}), 'birth-missing');
	t.deepEqual(hear('DDATA', {time: bornMs + 12, seq: 5, metrics: [known, {name: 'New', double: 1}]}), [
		`energy-import=2000@12 ${s}#5`,
		'birth-missing',
	]);
	t.is(hear('DDATA', {time: bornMs + 13, seq: 6, metrics: [{double: 1}]}), 'birth-missing');
	t.is(hear('DDATA', {time: bornMs + 14, seq: 7, metrics: [known]}, 'other'), 'birth-missing');
});

test('numbers that are missing leave a jump in the sequence, and a new birth is asked for', t => {
	const {hear, births} = born();
	births();
	const data = (seq: number, at: number): string | string[] => hear('DDATA', {time: bornMs + at, seq, metrics: [{alias: 1, double: at}]});
	t.deepEqual(data(2, 2), [`energy-import=2000@2 ${s}#2`]);
	t.deepEqual(data(5, 5), [`energy-import=5000@5 ${s}#5`, '+ask']);
	// Overtaken, and twice the same.
	t.deepEqual(data(4, 4), [`energy-import=4000@4 ${s}#4`]);
	t.deepEqual(data(5, 5), [`energy-import=5000@5 ${s}#5`]);
	t.deepEqual(data(5, 5), [`energy-import=5000@5 ${s}#5`]);
	t.deepEqual(data(6, 6), [`energy-import=6000@6 ${s}#6`]);
	// A number that stands still is a whole round, or a node that does not count: nothing of it may pass for a repeat.
	t.deepEqual(data(6, 7), [`energy-import=7000@7 ${s}#262`]);
	t.is(hear('DDATA', {time: bornMs, seq: 256, metrics: []}), 'payload-malformed');
});

test('seq goes round after 255', t => {
	const {hear, births} = born();
	births();
	const sequences: (number | undefined)[] = [];
	for (let i = 2; i < 600; i += 1) {
		const heard = hear('DDATA', {time: bornMs + i, seq: i % 256, metrics: [{alias: 1, double: 1}]});
		sequences.push(Number(/#(\d+)$/.exec(heard[0]!)?.[1]));
	}
	t.deepEqual(
		sequences,
		Array.from({length: 598}, (_, i) => i + 2),
	);
});

test('messages that hold nothing for the mapping leave no jump', t => {
	const {hear, births} = born();
	births();
	const data = (seq: number): string | string[] => hear('DDATA', {time: bornMs + seq, seq, metrics: [{alias: 1, double: 1}]});
	t.deepEqual(data(2), [`energy-import=1000@2 ${s}#2`]);
	t.is(hear('DDATA', {time: bornMs + 3, seq: 3, metrics: [{alias: 4, string: 'E2'}]}), 'readings-none');
	t.is(hear('DBIRTH', {time: bornMs + 4, seq: 4, metrics: [{name: 'y', type: 3, int: 1}]}, 'other'), 'no-reading');
	t.is(hear('DDEATH', {time: bornMs + 5, seq: 5}, 'other'), 'no-reading');
	t.deepEqual(data(6), [`energy-import=1000@6 ${s}#3`]);
	t.deepEqual(data(6), [`energy-import=1000@6 ${s}#3`]);
	// Two are lost, and the first that comes after them is of no use.
	t.is(hear('DDATA', {time: bornMs + 9, seq: 9, metrics: []}), 'readings-none +ask');
	t.deepEqual(data(10), [`energy-import=1000@10 ${s}#6`]);
});

test('a message without seq is told from others by its time', t => {
	const {hear, births} = born();
	births();
	t.deepEqual(hear('DDATA', {time: bornMs + 2, metrics: [{alias: 1, double: 1}]}), ['energy-import=1000@2']);
});

test('values of one metric in one message are told apart by their own times', t => {
	const {hear, births} = born();
	births();
	const metrics = [
		{alias: 1, time: bornMs - 20, historical: true, double: 1},
		{alias: 1, time: bornMs - 10, historical: true, double: 2},
		{alias: 2, float: 3},
		{alias: 1, double: 3},
	];
	t.deepEqual(hear('DDATA', {time: bornMs + 2, seq: 2, metrics}), [
		`energy-import=1000@-20 ${s}#2 historical`,
		'energy-import=2000@-10 historical',
		`active-power=3000@2 ${s}#2`,
		'energy-import=3000@2',
	]);
});

test('null, historical and the quality of a value are what the node says', t => {
	const {hear, births} = born();
	births();
	const one = (seq: number, metric: MetricText): string | string[] =>
		hear('DDATA', {time: bornMs + seq, seq, metrics: [{alias: 1, ...metric}]});
	t.deepEqual(one(2, {isNull: true, historical: true}), [`energy-import=null@2 ${s}#2 historical`]);
	t.deepEqual(one(3, {double: 1, properties: {Quality: 0}}), [`energy-import=1000@3 ${s}#3 invalid`]);
	t.deepEqual(one(4, {double: 1, properties: {Quality: 500}}), [`energy-import=1000@4 ${s}#4 invalid historical`]);
	t.deepEqual(one(5, {double: 1, properties: {Quality: 192}}), [`energy-import=1000@5 ${s}#5`]);
	t.deepEqual(one(6, {double: 1, properties: {Quality: 64, note: 'x'}}), [`energy-import=1000@6 ${s}#6 invalid`]);
	t.deepEqual(one(7, {double: 1}), [`energy-import=1000@7 ${s}#7`]);
	t.deepEqual(one(8, {isNull: true, double: 1}), ['payload-malformed']);
	t.deepEqual(one(9, {}), ['payload-malformed']);
});

test('the unit is that of the mapping or of the birth, and both must agree', t => {
	const unitOf = (unit: string | undefined, engUnit: string | undefined, value = 1.5): string | string[] => {
		const {hear} = born([{name: 'm/E', quantity: 'energy-import', unit}]);
		hear('NBIRTH', {time: bornMs, seq: 0, metrics: [{name: 'bdSeq', type: 8, long: 7n}]});
		return hear('DBIRTH', {
			time: bornMs,
			seq: 1,
			metrics: [{name: 'E', alias: 1, type: 10, double: value, ...(engUnit === undefined ? {} : {properties: {engUnit}})}],
		});
	};
	const is = (value: number): string[] => [`energy-import=${value}@0 ${s}#0`];
	t.deepEqual(unitOf('kWh', undefined), is(1_500_000));
	t.deepEqual(unitOf(undefined, 'kWh'), is(1_500_000));
	t.deepEqual(unitOf('kWh', 'kWh'), is(1_500_000));
	t.deepEqual(unitOf('kWh', 'KWH'), is(1_500_000));
	t.deepEqual(unitOf('kWh', ''), is(1_500_000));
	t.deepEqual(unitOf('kWh', 'Wh'), ['unit-wrong']);
	t.deepEqual(unitOf('Wh', 'kWh'), ['unit-wrong']);
	t.deepEqual(unitOf(undefined, 'W'), ['unit-wrong']);
	t.deepEqual(unitOf('Wh', 'bananas'), ['unit-wrong']);
	t.deepEqual(unitOf(undefined, undefined), ['units-unknown']);
});

test('a unit that changes in DATA holds from there on', t => {
	const {hear, births} = born();
	births();
	t.deepEqual(hear('DDATA', {time: bornMs + 2, seq: 2, metrics: [{alias: 1, double: 1, properties: {engUnit: 'kWh'}}]}), [
		`energy-import=1000000@2 ${s}#2`,
	]);
	t.deepEqual(hear('DDATA', {time: bornMs + 3, seq: 3, metrics: [{alias: 1, double: 2}]}), [`energy-import=2000000@3 ${s}#3`]);
	t.deepEqual(hear('DDATA', {time: bornMs + 4, seq: 4, metrics: [{alias: 2, float: 2, properties: {engUnit: 'kW'}}]}), ['unit-wrong']);
	t.deepEqual(hear('DDATA', {time: bornMs + 5, seq: 5, metrics: [{alias: 2, float: 2}]}), ['unit-wrong']);
});

test('every datatype is exact, and refused where it is of another form than the birth says', t => {
	const value = (type: number, of: Value): string => {
		const {hear} = born([{name: 'v', quantity: 'active-power', unit: 'W', exponent: 0}]);
		const heard = hear('NBIRTH', {time: bornMs, seq: 0, metrics: [{name: 'v', type, ...of}]});
		return String(heard).replace(/^active-power=|@.*$/g, '');
	};
	const table: readonly (readonly [number, Value, string])[] = [
		[1, {int: 0xfffffffe}, '-2'],
		[1, {int: 0xfe}, '-2'],
		[1, {int: 127}, '127'],
		[1, {int: 0x17f}, 'value-out-of-range'],
		[1, {int: 0xfffffe7f}, 'value-out-of-range'],
		[2, {int: 0xffff8000}, '-32768'],
		[2, {int: 0x8000}, '-32768'],
		[2, {int: 0x12345}, 'value-out-of-range'],
		[3, {int: 0xffffffff}, '-1'],
		[3, {int: 0x7fffffff}, '2147483647'],
		[3, {long: 1n}, 'payload-malformed'],
		[4, {long: 2n ** 64n - 2n}, '-2'],
		[4, {long: 2n ** 63n - 1n}, '9223372036854775807'],
		[4, {long: 2n ** 53n + 1n}, '9007199254740993'],
		[4, {int: 1}, 'payload-malformed'],
		[5, {int: 255}, '255'],
		[5, {int: 256}, 'value-out-of-range'],
		[6, {int: 65_535}, '65535'],
		[6, {int: 65_536}, 'value-out-of-range'],
		[7, {int: 0xffffffff}, '4294967295'],
		[7, {long: 0xffffffffn}, '4294967295'],
		[7, {long: 0x100000000n}, 'value-out-of-range'],
		[8, {long: 2n ** 63n - 1n}, '9223372036854775807'],
		[8, {long: 2n ** 64n - 1n}, 'value-out-of-range'],
		[9, {float: 16_777_216}, '16777216'],
		[9, {float: 3e9}, '3000000000'],
		[9, {float: 0.5}, 'value-inexact'],
		[9, {float: Number.NaN}, 'value-not-number'],
		[9, {float: Number.NEGATIVE_INFINITY}, 'value-not-number'],
		[9, {double: 1}, 'payload-malformed'],
		[10, {double: 123_456_789_012}, '123456789012'],
		[10, {double: Number.POSITIVE_INFINITY}, 'value-not-number'],
		[10, {double: 1e300}, 'value-out-of-range'],
		[10, {float: 1}, 'payload-malformed'],
		[11, {boolean: true}, 'value-not-number'],
		[12, {string: '12'}, 'value-not-number'],
		[13, {long: 1n}, 'value-not-number'],
		[16, {dataset: true}, 'value-not-number'],
		[0, {int: 1}, 'value-not-number'],
		[99, {int: 1}, 'value-not-number'],
	];
	for (const [type, of, expected] of table) t.is(value(type, of), expected, `${type} ${Object.entries(of)[0]}`);
});

test('a metric that names another datatype than its birth, or has two values, is refused', t => {
	const {hear, births} = born();
	births();
	t.deepEqual(hear('DDATA', {time: bornMs + 2, seq: 2, metrics: [{alias: 1, type: 9, double: 1}]}), ['payload-malformed']);
	t.is(hear('DDATA', {time: bornMs + 3, seq: 3, metrics: [{alias: 1, double: 1, twice: true}]}), 'payload-malformed');
	t.deepEqual(hear('DDATA', {time: bornMs + 4, seq: 4, metrics: [{alias: 1, type: 10, double: 1}]}), [`energy-import=1000@4 ${s}#4`]);
});

test('a clock that was never set is no time, and a time beyond all clocks is refused', t => {
	const {hear, births} = born();
	births();
	const at = (seq: number, time: number | bigint): string | string[] =>
		hear('DDATA', {time: bornMs + seq, seq, metrics: [{alias: 1, time, double: 1}]});
	t.deepEqual(at(2, 0), [`energy-import=1000@0 ${s}#2`]);
	t.deepEqual(at(3, 3_600_000), [`energy-import=1000@0 ${s}#3`]);
	t.deepEqual(at(4, 2n ** 48n), ['time-malformed']);
	t.deepEqual(at(5, 2n ** 64n - 1n), ['time-malformed']);
});

test('the death of a node or device makes its births stale, that of an earlier connection does not', t => {
	const {hear, births, nodeBirth} = born();
	births();
	const death = (bdSeq: bigint): PayloadText => ({time: bornMs, metrics: [{name: 'bdSeq', type: 8, long: bdSeq}]});
	const data = (seq: number): string | string[] => hear('DDATA', {time: bornMs + seq, seq, metrics: [{alias: 1, double: 1}]});
	t.is(hear('NDEATH', death(6n)), 'no-reading');
	t.deepEqual(data(2), [`energy-import=1000@2 ${s}#2`]);
	t.is(hear('DDEATH', {time: bornMs + 3, seq: 3}), 'no-reading');
	t.is(data(4), 'birth-missing +ask');
	t.deepEqual(hear('NDATA', {time: bornMs + 5, seq: 5, metrics: [{alias: 9, float: 1}]}), [`temperature=1000@5 ${s}#4`]);
	t.is(hear('NDEATH', death(7n)), 'no-reading');
	t.is(hear('NDATA', {time: bornMs + 6, seq: 6, metrics: [{alias: 9, float: 1}]}), 'birth-missing');
	t.deepEqual(hear('NBIRTH', {...nodeBirth, time: bornMs + 60_000}), [`temperature=21500@60000 7-${bornMs + 60_000}#0`]);
	t.is(hear('NDEATH', {time: bornMs}), 'no-reading');
	t.is(hear('NDATA', {time: bornMs + 7, seq: 1, metrics: [{alias: 9, float: 1}]}), 'birth-missing');
});

test('a birth that comes twice changes nothing, a new one begins a session', t => {
	const {hear, births, nodeBirth, deviceBirth} = born();
	births();
	t.deepEqual(hear('DDATA', {time: bornMs + 2, seq: 2, metrics: [{alias: 1, double: 1}]}), [`energy-import=1000@2 ${s}#2`]);
	t.deepEqual(hear('NBIRTH', nodeBirth), [`temperature=21500@0 ${s}#0`]);
	t.deepEqual(hear('DDATA', {time: bornMs + 3, seq: 3, metrics: [{alias: 1, double: 1}]}), [`energy-import=1000@3 ${s}#3`]);
	t.deepEqual(hear('NBIRTH', {...nodeBirth, time: bornMs + 10}), [`temperature=21500@10 7-${bornMs + 10}#0`]);
	t.is(hear('DDATA', {time: bornMs + 11, seq: 1, metrics: [{alias: 1, double: 1}]}), 'birth-missing +ask');
	t.deepEqual(
		hear('DBIRTH', {
			...deviceBirth,
			time: bornMs + 12,
			seq: 2,
			metrics: [{name: 'Energy', alias: 5, type: 7, int: 3, properties: {engUnit: 'kWh'}}],
		}),
		[`energy-import=3000000@12 7-${bornMs + 10}#2`],
	);
	// The number that it had before is nobody's now.
	t.is(hear('DDATA', {time: bornMs + 13, seq: 3, metrics: [{alias: 1, int: 4}]}), 'birth-missing');
	t.deepEqual(hear('DDATA', {time: bornMs + 14, seq: 4, metrics: [{alias: 5, int: 4}]}), [`energy-import=4000000@14 7-${bornMs + 10}#4`]);
});

test('a birth that says the same as the last one counts from anew, with the units that it says itself', t => {
	const {hear, births, nodeBirth, deviceBirth} = born();
	births();
	const later = (by: number): string => `7-${bornMs + by}`;
	t.deepEqual(hear('DDATA', {time: bornMs + 2, seq: 2, metrics: [{alias: 1, double: 1, properties: {engUnit: 'kWh'}}]}), [
		`energy-import=1000000@2 ${s}#2`,
	]);
	t.deepEqual(hear('DBIRTH', {...deviceBirth, time: bornMs + 3, seq: 3}), [
		`energy-import=1000500@3 ${s}#3`,
		`active-power=100@3 ${s}#3`,
		`door=1@3 ${s}#3`,
	]);
	t.deepEqual(hear('DDATA', {time: bornMs + 4, seq: 4, metrics: [{alias: 1, double: 1}]}), [`energy-import=1000@4 ${s}#4`]);
	for (const by of [100, 200]) {
		t.is(hear('NDEATH', {metrics: [{name: 'bdSeq', type: 8, long: 7n}]}), 'no-reading');
		t.true(String(hear('DDATA', {time: bornMs + by, seq: 5, metrics: [{alias: 1, double: 1}]})).startsWith('birth-missing'));
		hear('NBIRTH', {...nodeBirth, time: bornMs + by});
		t.true(String(hear('DDATA', {time: bornMs + by, seq: 1, metrics: [{alias: 1, double: 1}]})).startsWith('birth-missing'));
		t.is(hear('DBIRTH', {...deviceBirth, time: bornMs + by, seq: 2}).length, 3);
		t.deepEqual(hear('DDATA', {time: bornMs + by + 1, seq: 3, metrics: [{alias: 1, double: 1}]}), [
			`energy-import=1000@${by + 1} ${later(by)}#3`,
		]);
	}
	// One metric less, and another number.
	hear('DBIRTH', {time: bornMs + 300, seq: 4, metrics: [{name: 'Energy', alias: 2, type: 10, double: 1, properties: {engUnit: 'Wh'}}]});
	t.is(hear('DDATA', {time: bornMs + 301, seq: 5, metrics: [{alias: 1, double: 1}]}), 'birth-missing');
	t.deepEqual(hear('DDATA', {time: bornMs + 302, seq: 6, metrics: [{alias: 2, double: 1}]}), [`energy-import=1000@302 ${later(200)}#6`]);
});

test('a node whose clock was never set is told apart by the time of arrival of its births', t => {
	const {say} = born();
	const birth = (atMs: number): string | undefined => {
		const decoded = say('NBIRTH', {time: 5, seq: 0, metrics: [{name: 'Temperature', alias: 9, type: 9, float: 1}]}, undefined, atMs);
		const reading = 'refused' in decoded ? undefined : decoded.readings[0]!;
		return reading === undefined || 'refused' in reading ? undefined : reading.session;
	};
	t.is(birth(arrivedAtMs), `-a${arrivedAtMs}`);
	t.is(birth(arrivedAtMs + 1), `-a${arrivedAtMs + 1}`);
});

test('births that contradict themselves or others are refused, and leave none that holds', t => {
	const bad: readonly (readonly MetricText[])[] = [
		[
			{name: 'a', alias: 20, type: 3, int: 1},
			{name: 'b', alias: 20, type: 3, int: 1},
		],
		[
			{name: 'a', type: 3, int: 1},
			{name: 'a', type: 3, int: 1},
		],
		[{name: 'a', alias: 9, type: 3, int: 1}],
		[{alias: 20, type: 3, int: 1}],
		[{name: '', alias: 20, type: 3, int: 1}],
		[{name: 'x'.repeat(513), type: 3, int: 1}],
		[{name: 'a', alias: 2n ** 60n, type: 3, int: 1}],
	];
	for (const metrics of bad) {
		const {hear, births} = born();
		births();
		t.is(
			hear('DBIRTH', {time: bornMs + 2, seq: 2, metrics}),
			'payload-malformed +ask',
			JSON.stringify(metrics, (_, value) => (typeof value === 'bigint' ? String(value) : value)).slice(0, 80),
		);
		t.is(hear('DDATA', {time: bornMs + 3, seq: 3, metrics: [{alias: 1, double: 1}]}), 'birth-missing');
	}
	const {hear, births, nodeBirth} = born();
	births();
	t.is(hear('NBIRTH', {time: bornMs, metrics: nodeBirth.metrics}), 'payload-malformed +ask');
	t.is(hear('NDATA', {time: bornMs + 3, seq: 3, metrics: [{alias: 9, float: 1}]}), 'birth-missing');
	const twoOfOneName = born();
	twoOfOneName.hear('NBIRTH', {time: bornMs, seq: 0, metrics: [{name: 'm/Power', alias: 30, type: 9, float: 1}]});
	t.is(twoOfOneName.hear('DBIRTH', twoOfOneName.deviceBirth), 'payload-malformed +ask');
});

test('messages that hold no reading by their nature are told apart from broken ones', t => {
	const {hear, host, births} = born();
	births();
	const at = (topic: string, payload = new Uint8Array(0)): string | string[] =>
		describe(host.decode({topic, payload, arrivedAtMs, deviceId: 'n'}));
	t.is(at('spBv1.0/STATE/host', Buffer.from('{"online":true}')), 'no-reading');
	t.is(at('spBv1.0/plant/NCMD/n'), 'no-reading');
	t.is(at('spBv1.0/plant/DCMD/n/m'), 'no-reading');
	for (const topic of [
		'spBv1.0/plant/NDATA/n/m',
		'spBv1.0/plant/DDATA/n',
		'spBv1.0/plant/XDATA/n',
		'spAv1.0/plant/NDATA/n',
		'spBv1.0/plant/DDATA/n/m/x',
		'spBv1.0',
		'',
		'spBv1.0/STATE',
	])
		t.is(at(topic), 'payload-malformed', topic);
	t.is(hear('DDATA', {uuid: 'SPBV1.0_COMPRESSED', seq: 2}), 'payload-malformed');
	t.is(hear('DDATA', {uuid: 'other', time: bornMs + 2, seq: 2, metrics: [{alias: 1, double: 1}]}).length, 1);
});

test('a mapping may name the device in its metrics', t => {
	const {hear} = born();
	hear('NBIRTH', {time: bornMs, seq: 0});
	t.deepEqual(hear('DBIRTH', {time: bornMs, seq: 1, metrics: [{name: 'x', type: 9, float: 230}]}, 'n'), [`voltage=230000@0 -${bornMs}#0`]);
});

test('a payload with more metrics than the limit is refused', t => {
	const {hear} = born();
	const payload = new Uint8Array(2 * (metricsMax + 1));
	for (let i = 0; i < payload.length; i += 2) payload[i] = 0x12;
	t.is(hear('NBIRTH', payload), 'payload-malformed +ask');
});

type Published = {readonly file: string; readonly topic: string};

function published(t: Parameters<typeof publishedData>[0]): readonly (Published & {readonly bytes: Uint8Array})[] | undefined {
	const folder = publishedData(t, 'payloads', 'sparkplug-b');
	if (folder === undefined) return undefined;
	const index = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as readonly Published[];
	return index.map(one => ({...one, bytes: new Uint8Array(readFileSync(join(folder, one.file)))}));
}

const publishedReadings: readonly ReadingConfig[] = [
	{name: 'meter-A/Active Energy Import', quantity: 'energy-import'},
	{name: 'meter-A/Active Power', quantity: 'active-power', unit: 'W'},
	{name: 'meter-A/Tariff', quantity: 'temperature', unit: 'Cel'},
	{name: 'meter-A/Counter64', quantity: 'energy-export', unit: 'Wh', exponent: 0},
	{name: 'meter-A/Meter Serial', quantity: 'door'},
	{name: 'meter-A/Since', quantity: 'voltage', unit: 'V'},
];

const bornAt = 1_661_517_385_440;
const p = `0-${bornAt}`;
const at = (ms: number): string => String(ms - bornMs);

test('the published payloads are read as their own decoding says', t => {
	const messages = published(t);
	if (messages === undefined) return;
	const host = openHost(publishedReadings);
	const heard = messages.map(({file, topic, bytes}) => [
		file,
		describe(host.decode({topic, payload: bytes, arrivedAtMs, deviceId: 'edge-01'})),
	]);
	t.deepEqual(heard, [
		['NBIRTH.bin', 'no-reading'],
		[
			'DBIRTH.bin',
			[
				`energy-import=5415414190@${at(1_661_517_386_440)} ${p}#0`,
				`active-power=2413750@${at(1_661_517_386_440)} ${p}#0`,
				'value-not-number',
				`temperature=-2000@${at(1_661_517_386_440)} ${p}#0`,
				`energy-export=value-out-of-range@${at(1_661_517_386_440)} ${p}#0`,
				'value-not-number',
			],
		],
		['DDATA.bin', [`energy-import=5415414860@${at(1_661_517_387_440)} ${p}#1`, `active-power=-120500@${at(1_661_517_387_440)} ${p}#1`]],
		[
			'DDATA-historical-null.bin',
			[`energy-import=null@${at(1_661_513_785_440)} ${p}#2 historical`, `active-power=0@${at(1_661_517_388_440)} ${p}#2`],
		],
		['NDEATH.bin', 'no-reading'],
	]);
});

test('no bit that flips in a published payload makes it throw, or gives a reading another unit or channel', t => {
	const messages = published(t);
	if (messages === undefined) return;
	const units = new Map([
		['energy-import', 'Wh'],
		['active-power', 'W'],
		['temperature', 'Cel'],
		['energy-export', 'Wh'],
		['voltage', 'V'],
		['door', ''],
	]);
	let readingsSeen = 0;
	for (const [place, {bytes}] of messages.entries())
		for (let bit = 0; bit < 8 * bytes.length; bit += 1) {
			const host = openHost(publishedReadings);
			for (const [i, {topic, bytes: whole}] of messages.entries()) {
				const payload = i === place ? whole.slice() : whole;
				if (i === place) payload[bit >> 3]! ^= 1 << (bit & 7);
				const decoded = host.decode({topic, payload, arrivedAtMs, deviceId: 'edge-01'});
				if ('refused' in decoded) continue;
				for (const reading of decoded.readings) {
					if ('refused' in reading) continue;
					readingsSeen += 1;
					if (units.get(reading.channel.name) !== reading.unit)
						t.fail(`${messages[place]!.file} bit ${bit}: ${reading.channel.name} in ${reading.unit}`);
					if (reading.value !== null) exactValue(reading.channel, reading.channel.exponent, reading.value, reading.unit);
				}
			}
		}
	t.true(readingsSeen > 1000);
});

test('no bytes, however broken, make the decoder throw', t => {
	const {births, host} = born();
	births();
	const topics = ['NBIRTH/n', 'DBIRTH/n/m', 'NDATA/n', 'DDATA/n/m', 'NDEATH/n', 'DDEATH/n/m'].map(end => `spBv1.0/plant/${end}`);
	fc.assert(
		fc.property(fc.constantFrom(...topics), fc.uint8Array({maxLength: 80}), (topic, payload) => {
			host.decode({topic, payload, arrivedAtMs, deviceId: 'n'});
			sparkplugDecoder.recognise!({topic, payload});
		}),
		{numRuns: 3000},
	);
	// Nested groups without an end, and lengths beyond the end.
	const other = born();
	other.births();
	for (const payload of [
		new Uint8Array(5000).fill(0x0b),
		Uint8Array.from([0x12, 0xff, 0xff, 0xff, 0xff, 0x0f]),
		Uint8Array.from([0x12, 0x02, 0x0a, 0x7f]),
	])
		t.is(other.hear('DDATA', payload), 'payload-malformed');
});

test('a birth is recognised with what it measures, other messages as of an edge node', t => {
	const {deviceBirth, nodeBirth} = born();
	const birth = sparkplugDecoder.recognise!({topic: 'spBv1.0/plant/DBIRTH/n/m', payload: payloadOf(deviceBirth)});
	t.like(birth, {topic: 'spBv1.0/plant/+/{device}/#', device: 'n'});
	t.deepEqual(birth?.readings, [
		{name: 'm/Energy', quantity: 'energy-import', unit: 'Wh', optional: true},
		{name: 'm/Door', quantity: 'door', unit: '', optional: true},
	]);
	t.deepEqual(sparkplugDecoder.recognise!({topic: 'spBv1.0/plant/NBIRTH/n', payload: payloadOf(nodeBirth)})?.readings, []);
	t.is(sparkplugDecoder.recognise!({topic: 'spBv1.0/plant/NDATA/n', payload: payloadOf({seq: 1})})?.readings, undefined);
	t.is(sparkplugDecoder.recognise!({topic: 'spBv1.0/plant/NCMD/n', payload: payloadOf({})}), undefined);
	t.is(sparkplugDecoder.recognise!({topic: 'spBv1.0/STATE/h', payload: Buffer.from('{}')}), undefined);
	t.is(sparkplugDecoder.recognise!({topic: 'a/b', payload: payloadOf(deviceBirth)}), undefined);
});
