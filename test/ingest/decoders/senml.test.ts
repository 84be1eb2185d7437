// SenML packs in JSON, rule by rule [RFC 8428 §4].
import test from 'ava';
import fc from 'fast-check';
import {parseDecimal, scaleDecimal} from '../../../agent/format/decimal.ts';
import {senmlDecoder} from '../../../agent/ingest/decoders/senml.ts';
import type {OpenMapping, ReadingConfig} from '../../../agent/ingest/mapping.ts';
import {mappingFor, readExactly} from './read.ts';

const arrivedAtMs = Date.UTC(2026, 0, 1);
const absolute = 1_700_000_000;

function mappingOf(readings: readonly ReadingConfig[]): OpenMapping {
	return mappingFor({name: 'm', topic: '{device}', format: 'senml', readings});
}

const mapping = mappingOf([
	{name: 'urn:dev:ow:10e2073a01080063', quantity: 'temperature'},
	{name: 'dev:voltage', quantity: 'voltage', unit: 'V'},
	{name: 'dev:current', quantity: 'current'},
	{name: 'dev:door', quantity: 'door'},
	{name: 'dev:energy', quantity: 'energy-import', exponent: 0},
]);

type Pack = readonly unknown[];
type Options = {readonly mapping?: OpenMapping; readonly text?: string};

function decode(pack: Pack, options: Options = {}) {
	const using = options.mapping ?? mapping;
	return readExactly(using, Buffer.from(options.text ?? JSON.stringify(pack)), {arrivedAtMs});
}

/** `value@measuredAtMs`, `~` where the time is ours; the reason of a refusal. */
function read(pack: Pack, options: Options = {}): string | string[] {
	const decoded = decode(pack, options);
	if ('refused' in decoded) return decoded.refused;
	return decoded.readings.map(reading => {
		if ('refused' in reading) return reading.refused;
		const {slot, value, measuredAtMs, timeIsDevices} = reading;
		return `${slot}:${value}@${timeIsDevices ? '' : '~'}${measuredAtMs}`;
	});
}

const readText = (text: string): string | string[] => read([], {text});
const detailOf = (pack: Pack): string => {
	const decoded = decode(pack);
	return 'refused' in decoded ? `${decoded.refused}: ${decoded.detail}` : '';
};

test('one record with a name, a unit and a value is a reading of now', t => {
	t.deepEqual(read([{n: 'urn:dev:ow:10e2073a01080063', u: 'Cel', v: 23.1}]), ['0:23100@~0']);
});

test('several records take name and time from the base, and times are relative to it', t => {
	const pack = [
		{bn: 'dev:', bt: absolute, bu: 'A', n: 'voltage', u: 'V', v: 120.1},
		{n: 'current', t: -5, v: 1.2},
		{n: 'current', t: -4, v: 1.3},
		{n: 'current', t: 0.5, v: 1.7},
	];
	t.deepEqual(read(pack), ['1:120100@1700000000000', '2:1200@1699999995000', '2:1300@1699999996000', '2:1700@1700000000500']);
});

test('base fields hold for their record and all that follow, until they are replaced', t => {
	const pack = [
		{bn: 'dev:voltage', bu: 'V', bt: absolute, v: 1},
		{v: 2, t: 1},
		{bn: 'dev:', n: 'current', bu: 'A', v: 3},
		{n: 'current', v: 4},
		{bt: absolute + 100, n: 'current', v: 5},
		{n: 'current', u: 'mA', v: 6, t: 1},
		{bu: 'mA', n: 'current', v: 7},
	];
	t.deepEqual(read(pack), [
		'1:1000@1700000000000',
		'1:2000@1700000001000',
		'2:3000@1700000000000',
		'2:4000@1700000000000',
		'2:5000@1700000100000',
		'2:6@1700000101000',
		'2:7@1700000100000',
	]);
});

test('a record of base fields only is no measurement', t => {
	t.deepEqual(
		read([
			{bn: 'dev:', bt: absolute},
			{n: 'voltage', v: 1},
		]),
		['1:1000@1700000000000'],
	);
	t.is(read([{bn: 'dev:voltage', bt: absolute}]), 'readings-none');
});

test('the unit is that of the record, else the base, else the mapping', t => {
	t.deepEqual(read([{n: 'dev:voltage', v: 1}]), ['1:1000@~0']);
	t.deepEqual(read([{bu: 'mV', n: 'dev:voltage', v: 1}]), ['1:1@~0']);
	t.deepEqual(read([{bu: 'mV', n: 'dev:voltage', u: 'kV', v: 1}]), ['1:1000000@~0']);
	t.deepEqual(read([{n: 'dev:current', v: 1}]), ['unit-wrong']);
	t.deepEqual(read([{n: 'dev:voltage', u: 'A', v: 1}]), ['unit-wrong']);
	t.deepEqual(read([{n: 'dev:voltage', u: 'v', v: 1}]), ['unit-wrong']);
	t.deepEqual(read([{n: 'dev:voltage', u: '', v: 1}]), ['unit-wrong']);
	t.deepEqual(read([{n: 'dev:voltage', u: '__proto__', v: 1}]), ['unit-wrong']);
	t.deepEqual(read([{n: 'dev:door', v: 1}]), ['3:1@~0']);
});

test('sums of times below 2^28 are relative to the arrival, from there on absolute', t => {
	const at = (bt: number | undefined, time: number | undefined): string | string[] => read([{n: 'dev:voltage', v: 0, bt, t: time}]);
	t.deepEqual(at(undefined, undefined), ['1:0@~0']);
	t.deepEqual(at(0, 0), ['1:0@~0']);
	t.deepEqual(at(undefined, -60), [`1:0@~${arrivedAtMs - 60_000}`]);
	t.deepEqual(at(-60, 0.25), [`1:0@~${arrivedAtMs - 59_750}`]);
	t.deepEqual(at(-60, 60), [`1:0@~${arrivedAtMs}`]);
	t.deepEqual(at(undefined, 268_435_455), [`1:0@~${arrivedAtMs + 268_435_455_000}`]);
	t.deepEqual(at(undefined, 268_435_455.9999), [`1:0@~${arrivedAtMs + 268_435_455_999}`]);
	t.deepEqual(at(undefined, 268_435_456), ['1:0@268435456000']);
	t.deepEqual(at(268_435_456, -0.001), [`1:0@~${arrivedAtMs + 268_435_455_999}`]);
	t.deepEqual(at(268_435_400, 56), ['1:0@268435456000']);
	t.deepEqual(at(absolute, -0.0005), ['1:0@1699999999999']);
	t.deepEqual(at(-1e10, undefined), ['time-implausible']);
	t.deepEqual(at(1e300, undefined), ['time-implausible']);
	t.deepEqual(at(1e17, undefined), ['time-implausible']);
	t.deepEqual(at(absolute, 1e-9), ['1:0@1700000000000']);
});

test('times in any notation mean the same', t => {
	for (const text of ['1.7e9', '1700000000.000000000000', '17E+8', '1700000000.0000000000000000001'])
		t.deepEqual(readText(`[{"n":"dev:voltage","v":0,"t":${text}}]`), ['1:0@1700000000000'], text);
	t.deepEqual(readText('[{"n":"dev:voltage","v":0,"bt":1.7e9,"t":-1e-3}]'), ['1:0@1699999999999']);
	t.deepEqual(readText('[{"n":"dev:voltage","v":0,"t":1e401}]'), ['time-implausible']);
});

test('a pack of a version that is not understood, or of two versions, is refused', t => {
	const version = (...versions: unknown[]): string | string[] => read(versions.map(bver => ({bver, n: 'dev:voltage', v: 1, t: absolute})));
	for (const bver of [10, 9, 1, 5]) t.is(version(bver).length, 1, `${bver}`);
	t.is(version(undefined, 10, undefined, 10).length, 4);
	for (const bver of [11, 25, 27, 42, 58, 0, -1, 10.5, '10', null, true, 99_999]) t.is(version(bver), 'senml-invalid', `${bver}`);
	// 2^4 is "secondary units" [RFC 9100].
	t.is(version(26, 26).length, 2);
	t.is(version(26, 10), 'senml-invalid');
	t.is(version(10, 9), 'senml-invalid');
	t.is(version(undefined, 11), 'senml-invalid');
	t.is(readText('[{"bver":1e1,"n":"dev:voltage","v":1}]'), 'senml-invalid');
});

test('a label that ends in "_" refuses the pack, any other unknown one is passed over', t => {
	t.deepEqual(read([{n: 'dev:voltage', v: 1, x: 1, ut: 5, foo_bar: {a: [1]}}]), ['1:1000@~0']);
	t.is(detailOf([{n: 'dev:voltage', v: 1, foo_: 1}]), 'senml-invalid: record 0 has the label "foo_", which must be understood');
	t.is(
		read([
			{n: 'dev:voltage', v: 1},
			{n: 'else', v: 1, _: 0},
		]),
		'senml-invalid',
	);
	t.is(read([{bn: 'dev:', bt_: 1}]), 'senml-invalid');
});

test('a record has one value at most, and needs one unless it has a sum', t => {
	const values = {v: 1, vs: 'a', vb: true, vd: 'YQ'};
	for (const a of Object.entries(values))
		for (const b of Object.entries(values)) {
			if (a[0] === b[0]) continue;
			t.is(read([{n: 'dev:voltage', ...Object.fromEntries([a, b])}]), 'senml-invalid', `${a[0]} and ${b[0]}`);
		}
	t.is(read([{n: 'dev:voltage'}]), 'senml-invalid');
	t.is(read([{n: 'dev:voltage', t: 1, u: 'V'}]), 'senml-invalid');
	t.is(read([{n: 'dev:voltage', s: 12}]), 'readings-none');
	t.deepEqual(read([{n: 'dev:voltage', s: 12, v: 1}]), ['1:1000@~0']);
	t.deepEqual(read([{bs: 3, n: 'dev:voltage', s: 12, v: 1}]), ['1:1000@~0']);
});

test('a value of a type that no channel takes is refused alone', t => {
	t.deepEqual(
		read([
			{n: 'dev:door', vb: true},
			{n: 'dev:door', vb: false},
		]),
		['3:1@~0', '3:0@~0'],
	);
	t.deepEqual(
		read([
			{n: 'dev:voltage', v: 1},
			{n: 'dev:voltage', vs: 'low'},
		]),
		['1:1000@~0', 'value-not-number'],
	);
	t.deepEqual(read([{n: 'dev:door', vs: 'open'}]), ['value-not-number']);
	t.deepEqual(read([{n: 'dev:door', vs: '1'}]), ['value-not-number']);
	t.deepEqual(read([{n: 'dev:door', vd: 'AQ'}]), ['value-not-number']);
	t.deepEqual(read([{n: 'dev:voltage', vb: true}]), ['value-not-number']);
	t.deepEqual(read([{n: 'dev:voltage', v: '1'}]), ['value-not-number']);
	t.deepEqual(read([{n: 'dev:door', v: true}]), ['value-not-number']);
	t.deepEqual(read([{n: 'dev:door', vb: 1}]), ['value-not-number']);
	t.deepEqual(read([{n: 'dev:voltage', v: null}]), ['value-not-number']);
});

test('a value that does not fit is refused alone', t => {
	t.deepEqual(
		readText(
			'[{"bn":"dev:","bu":"Wh","n":"energy","v":1},{"n":"energy","v":0.5},{"n":"energy","v":1e400},{"n":"energy","v":99999999999999999999},{"n":"energy","v":2}]',
		),
		['4:1@~0', 'value-inexact', 'value-out-of-range', 'value-out-of-range', '4:2@~0'],
	);
});

test('the base value is added exactly, to numbers only', t => {
	t.deepEqual(
		read([
			{bv: 100, n: 'dev:voltage', v: 0.5},
			{n: 'dev:voltage', v: -100},
			{bv: 0, n: 'dev:voltage', v: 3},
		]),
		['1:100500@~0', '1:0@~0', '1:3000@~0'],
	);
	t.deepEqual(readText('[{"bv":0.1,"n":"dev:voltage","v":0.2}]'), ['1:300@~0']);
	t.deepEqual(readText('[{"bv":12345678901234567890,"n":"dev:energy","u":"Wh","v":-12345678901234567889}]'), ['4:1@~0']);
	t.deepEqual(readText('[{"bv":1e300,"n":"dev:energy","u":"Wh","v":1}]'), ['value-not-number']);
	t.deepEqual(readText('[{"bv":1e401,"n":"dev:energy","u":"Wh","v":1}]'), ['value-not-number']);
	t.deepEqual(read([{bv: 1, n: 'dev:door', vb: false}]), ['3:0@~0']);
});

test('fields of the wrong type refuse the pack', t => {
	for (const field of ['n', 'u', 'bn', 'bu'])
		for (const value of [1, true, null, [], {}]) t.is(read([{n: 'dev:voltage', v: 1, [field]: value}]), 'senml-invalid', field);
	for (const field of ['t', 'bt', 'bv', 'bs', 's'])
		for (const value of ['1', true, null, [], {}]) t.is(read([{n: 'dev:voltage', v: 1, [field]: value}]), 'senml-invalid', field);
});

test('what is no list of records is refused', t => {
	t.is(readText('{"n":"dev:voltage","v":1}'), 'senml-invalid');
	t.is(readText('[]'), 'senml-invalid');
	t.is(readText('null'), 'senml-invalid');
	t.is(readText('[1]'), 'senml-invalid');
	t.is(readText('[[{"n":"dev:voltage","v":1}]]'), 'senml-invalid');
	t.is(readText('[{"n":"dev:voltage","v":1},null]'), 'senml-invalid');
	t.is(readText('[{"n":"dev:voltage","v":1}'), 'payload-malformed');
	t.is(readText('[{"n":"dev:voltage","v":1,"v":2}]'), 'payload-malformed');
	t.is(readText('[{"n":"dev:voltage","v":NaN}]'), 'payload-malformed');
	t.is(readText(`[${'{"n":"dev:voltage","v":1},'.repeat(1024)}{"n":"dev:voltage","v":1}]`), 'payload-malformed');
	t.is(read(Array.from({length: 1024}, () => ({n: 'dev:voltage', v: 1}))).length, 1024);
});

test('a name that is not allowed refuses the pack, one that is not mapped is passed over', t => {
	t.is(read([{n: 'else', v: 1}]), 'readings-none');
	t.deepEqual(
		read([
			{n: 'else', v: 'x', t: 1},
			{n: 'dev:voltage', v: 1},
		]),
		['1:1000@~0'],
	);
	for (const name of ['', ' ', ':a', '_a', '-a', 'ä', 'a b', 'a\n', 'a{']) t.is(read([{n: name, v: 1}]), 'senml-invalid', name);
	t.is(read([{v: 1}]), 'senml-invalid');
	t.is(read([{bn: '-', n: 'a', v: 1}]), 'senml-invalid');
	t.deepEqual(read([{bn: 'de', n: 'v:voltage', v: 1}]), ['1:1000@~0']);
	t.is(read([{n: '__proto__', v: 1}]), 'senml-invalid');
});

test('a rule that a later record breaks refuses the readings before it', t => {
	t.is(detailOf([{n: 'dev:voltage', v: 1}, {n: 'dev:voltage'}]), 'senml-invalid: record 1 has neither a value nor a sum');
});

test('a record does not inherit what the record before said of itself', t => {
	t.deepEqual(
		read([
			{n: 'dev:voltage', u: 'kV', t: absolute, v: 1, s: 1},
			{n: 'dev:voltage', v: 1},
		]),
		['1:1000000@1700000000000', '1:1000@~0'],
	);
});

test('any pack means the same when its base fields are resolved into its records', t => {
	const decimal = fc
		.tuple(fc.integer({min: -99_999, max: 99_999}), fc.integer({min: 0, max: 4}))
		.map(([n, places]) => (n / 10 ** places).toFixed(places));
	const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, {nil: undefined, freq: 2});
	const record = fc.record({
		bn: maybe(fc.constantFrom('dev:', 'dev:voltage')),
		bt: maybe(fc.constantFrom('1700000000', '1700000000.25', '0', '-100')),
		bu: maybe(fc.constantFrom('mV', 'V', 'kV')),
		bv: maybe(decimal),
		n: maybe(fc.constantFrom('voltage', 'dev:voltage', '')),
		u: maybe(fc.constantFrom('V', 'mV')),
		t: maybe(decimal),
		v: decimal,
	});
	const texts = ['bn', 'bu', 'n', 'u'];
	const textOf = (fields: Record<string, string | undefined>): string =>
		`{${Object.entries(fields)
			.filter(([, value]) => value !== undefined)
			.map(([label, value]) => `"${label}":${texts.includes(label) ? JSON.stringify(value) : value}`)
			.join(',')}}`;
	const units: Record<string, bigint> = {mV: 1n, V: 1000n, kV: 1_000_000n};
	fc.assert(
		fc.property(fc.array(record, {minLength: 1, maxLength: 8}), records => {
			let [name, time, unit, base] = ['', '0', 'V', '0'];
			const expected: string[] = [];
			for (const fields of records) {
				name = fields.bn ?? name;
				time = fields.bt ?? time;
				unit = fields.bu ?? unit;
				base = fields.bv ?? base;
				const full = name + (fields.n ?? '');
				if (!/^[A-Za-z]/.test(full)) {
					t.is(readText(`[${records.map(textOf).join(',')}]`), 'senml-invalid');
					return;
				}
				if (full !== 'dev:voltage') continue;
				const micro = (text: string): bigint => scaleDecimal(parseDecimal(text)!, -6)!;
				const sum = micro(time) + micro(fields.t ?? '0');
				const hasTime = micro(time) !== 0n || micro(fields.t ?? '0') !== 0n;
				const ms = Number(BigInt.asIntN(64, sum < 0n ? -((-sum + 999n) / 1000n) : sum / 1000n));
				const isRelative = ms < 268_435_456_000;
				const value = (micro(fields.v) + micro(base)) * units[fields.u ?? unit]!;
				const at = hasTime ? (isRelative ? `~${arrivedAtMs + ms}` : `${ms}`) : '~0';
				expected.push(value % 1_000_000n === 0n ? `1:${value / 1_000_000n}@${at}` : 'value-inexact');
			}
			t.deepEqual(readText(`[${records.map(textOf).join(',')}]`), expected.length === 0 ? 'readings-none' : expected);
		}),
		{numRuns: 1000},
	);
});

test('no pack, however broken, makes the decoder throw', t => {
	const label = fc.constantFrom('bn', 'bt', 'bu', 'bv', 'bs', 'bver', 'n', 'u', 'v', 'vs', 'vb', 'vd', 's', 't', 'ut', 'x_', 'x');
	const value = fc.oneof(
		fc.constantFrom('dev:voltage', 'dev:', 'V', '', 1, 0, -1, 10, 11, 1e300, 1.7e9, true, null),
		fc.jsonValue({maxDepth: 1}),
	);
	fc.assert(
		fc.property(fc.array(fc.dictionary(label, value, {maxKeys: 6}), {maxLength: 6}), pack => {
			decode(pack);
		}),
		{numRuns: 3000},
	);
	t.pass();
});

const summed = mappingOf([
	{name: 'dev:power', quantity: 'active-power'},
	{name: 'dev:power', quantity: 'energy-import-joule', exponent: -3, sum: true},
	{name: 'dev:grid', quantity: 'energy-import', sum: true},
	{name: 'dev:flow', quantity: 'water-volume', exponent: -3, sum: true, unit: 'l'},
	{name: 'dev:current', quantity: 'electric-charge', sum: true},
	{name: 'dev:var', quantity: 'reactive-energy-var-seconds', sum: true},
]);
const sums = (pack: Pack): string | string[] => read(pack, {mapping: summed});

test('a sum is the integral over time in the unit of the record times seconds, and stands beside the value', t => {
	t.deepEqual(sums([{bn: 'dev:', n: 'power', u: 'W', v: 3, s: 7200.5}]), ['0:3000@~0', '1:7200500@~0']);
	t.deepEqual(sums([{n: 'dev:power', u: 'kW', s: 2, t: absolute}]), ['1:2000000@1700000000000']);
	t.deepEqual(
		sums([
			{bu: 'W', bs: 100, n: 'dev:power', s: 1},
			{n: 'dev:power', s: 2.5},
			{bs: 0, n: 'dev:power', s: 3},
		]),
		['1:101000@~0', '1:102500@~0', '1:3000@~0'],
	);
	t.deepEqual(
		sums([
			{n: 'dev:current', u: 'A', s: 3600},
			{n: 'dev:var', u: 'var', s: 1},
			{n: 'dev:flow', u: 'm3/s', s: 0.25},
		]),
		['4:3600000@~0', '5:1000@~0', '3:250000@~0'],
	);
});

test('a sum of joules becomes watt-hours only where that is exact', t => {
	t.deepEqual(sums([{n: 'dev:grid', u: 'W', s: 7200}]), ['2:2000@~0']);
	t.deepEqual(sums([{n: 'dev:grid', u: 'W', s: 3.6}]), ['2:1@~0']);
	t.deepEqual(sums([{n: 'dev:grid', u: 'W', s: 1}]), ['value-inexact']);
});

test('a sum without a unit has that of the mapping, and a unit whose integral nobody names is refused', t => {
	t.deepEqual(sums([{n: 'dev:flow', s: 1.5}]), ['3:1500@~0']);
	t.deepEqual(sums([{n: 'dev:power', s: 1}]), ['unit-wrong']);
	t.deepEqual(sums([{n: 'dev:power', u: 'Cel', s: 1}]), ['unit-wrong']);
	t.deepEqual(sums([{n: 'dev:power', u: 'A', s: 1}]), ['unit-wrong']);
	t.deepEqual(sums([{n: 'dev:power', u: 'J', s: 1}]), ['unit-wrong']);
	t.is(sums([{n: 'dev:grid', u: 'W', v: 1}]), 'readings-none');
	t.is(sums([{s: 1}]), 'senml-invalid');
	t.deepEqual(readText('[{"n":"dev:voltage","s":"1"}]'), 'senml-invalid');
});

test('units of the registries are those of the quantities, primary and secondary', t => {
	const value = (quantity: string, unit: string, v = 1.5): string =>
		String(read([{n: 'x', u: unit, v}], {mapping: mappingOf([{name: 'x', quantity}])}));
	const table: readonly (readonly [string, string, string])[] = [
		['temperature', 'Cel', '1500'],
		['temperature-kelvin', 'K', '1500'],
		['relative-humidity', '%RH', '1500'],
		['relative-humidity', '/', '150000'],
		['relative-humidity', '/100', '1500'],
		['state-of-charge', '%EL', '1500'],
		['active-power', 'W', '1500'],
		['active-power', 'kW', '1500000'],
		['reactive-power', 'kvar', '1500000'],
		['energy-import', 'J', 'value-inexact'],
		['energy-import-joule', 'kJ', '1500'],
		['energy-import', 'Wh', '1500'],
		['energy-import', 'kWh', '1500000'],
		['reactive-energy-import', 'kvarh', '1500000'],
		['electric-charge', 'Ah', '5400000'],
		['voltage', 'V', '1500'],
		['current', 'mA', 'value-inexact'],
		['frequency', 'Hz', '1500'],
		['pressure', 'hPa', '150000'],
		['gas-volume', 'm3', '1500'],
		['stack-flow', 'm3/s', '1500'],
		['length', 'm', '1500000'],
		['speed', 'm/s', '1500'],
		['mass', 'kg', '1500000'],
		['temperature', 'K', 'unit-wrong'],
		['voltage', 'v', 'unit-wrong'],
		['active-power', 'dBW', 'unit-wrong'],
	];
	for (const [quantity, unit, expected] of table) t.is(value(quantity, unit).replace(/^0:|@.*$/g, ''), expected, `${quantity} in ${unit}`);
});

test('the numbers of the examples of RFC 8428 resolve to what its text says of them', t => {
	// §5.1.2: one name, two quantities.
	t.deepEqual(
		read([
			{bn: 'dev:', n: 'voltage', u: 'V', v: 120.1},
			{n: 'current', u: 'A', v: 1.2},
		]),
		['1:120100@~0', '2:1200@~0'],
	);
	// §5.1.3: a base time with a power of ten, and times before it.
	const series = [
		{bn: 'dev:', bt: 1.276020076001e9, bu: 'A', bver: 5, n: 'voltage', u: 'V', v: 120.1},
		...[1.2, 1.3, 1.4, 1.5, 1.6, 1.7].map((v, i) => ({n: 'current', ...(i === 5 ? {} : {t: i - 5}), v})),
	];
	t.deepEqual(read(series), [
		'1:120100@1276020076001',
		'2:1200@1276020071001',
		'2:1300@1276020072001',
		'2:1400@1276020073001',
		'2:1500@1276020074001',
		'2:1600@1276020075001',
		'2:1700@1276020076001',
	]);
	// §5.1.4: humidity every ten seconds, positions between it.
	const humid = mappingOf([{name: 'h', quantity: 'relative-humidity'}]);
	const moving = [
		{bn: 'h', bt: 1.320067464e9, bu: '%RH', v: 20},
		{u: 'lon', v: 24.30621},
		{u: 'lat', v: 60.07965},
		{t: 60, v: 20.3},
	];
	t.deepEqual(read(moving, {mapping: humid}), ['0:20000@1320067464000', 'unit-wrong', 'unit-wrong', '0:20300@1320067524000']);
	// §5.1.6: several kinds of value.
	t.deepEqual(
		read([
			{bn: 'dev:', n: 'voltage', u: 'V', v: 23.1},
			{n: 'label', vs: 'Machine Room'},
			{n: 'door', vb: false},
			{n: 'nfc', vd: 'aGkgCg'},
		]),
		['1:23100@~0', '3:0@~0'],
	);
	// §5.2: an actuator, with no unit.
	t.deepEqual(
		read([
			{bn: 'dev:', bu: 'V'},
			{n: 'voltage', v: 0.1},
		]),
		['1:100@~0'],
	);
});

test('a mapping of another format takes no sum', t => {
	t.throws(
		() =>
			mappingFor({name: 'm', topic: '{device}', format: 'json', readings: [{pointer: '/a', quantity: 'voltage', unit: 'V', sum: true}]}),
		{
			message: 'readings.0.sum: is for senml only',
		},
	);
});

test('a pack is recognised by its labels, with what its units say', t => {
	const recognise = (topic: string, text: string) => senmlDecoder.recognise!({topic, payload: Buffer.from(text)});
	const pack =
		'[{"bn":"urn:dev:cold-1:","n":"temp","u":"Cel","v":4.2},{"n":"door","vb":false},{"n":"power","u":"W","v":1,"s":2},{"n":"x","vs":"a"},{"n":"odd","u":"dBW","v":1}]';
	t.deepEqual(recognise('sensors/cold-1/senml', pack), {
		topic: 'sensors/{device}/senml',
		device: 'cold-1',
		sureness: 85,
		make: 'SenML pack',
		readings: [
			{name: 'urn:dev:{device}:temp', quantity: 'temperature', optional: true},
			{name: 'urn:dev:{device}:door', quantity: 'door', optional: true},
			{name: 'urn:dev:{device}:power', quantity: 'active-power', optional: true},
		],
	});
	for (const text of ['[]', '[1]', '{"n":"a","v":1}', '[{"n":"a"}]', '[{"a":1}]', '[{"n":"a","v":1,"extra":2}]', '[{"v":1}]', 'x', ''])
		t.is(recognise('a/b', text), undefined, text);
});
