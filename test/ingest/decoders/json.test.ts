import test from 'ava';
import fc from 'fast-check';
import {parseDecimal, scaleDecimal} from '../../../agent/format/decimal.ts';
import {quantityOfName, unitFactor, unitsOf} from '../../../agent/format/quantity.ts';
import {jsonDecoder} from '../../../agent/ingest/decoders/json.ts';
import type {MappingConfig, OpenMapping, ReadingConfig} from '../../../agent/ingest/mapping.ts';
import {type ExactReading, mappingFor, readExactly} from './read.ts';

function mappingOf(readings: readonly ReadingConfig[], changes: Partial<MappingConfig> = {}): OpenMapping {
	return mappingFor({name: 'm', topic: '{device}', format: 'json', readings, ...changes});
}

const energy: ReadingConfig = {pointer: '/e', quantity: 'energy-import', unit: 'kWh'};
const voltage: ReadingConfig = {pointer: '/v', quantity: 'voltage', unit: 'V'};

/** Values and refusals in order, or the reason why the whole message is refused. */
function decode(text: string, mapping: OpenMapping): string | (bigint | string)[] {
	const decoded = readExactly(mapping, Buffer.from(text));
	if ('refused' in decoded) return decoded.refused;
	return decoded.readings.map(reading => ('refused' in reading ? reading.refused : reading.value));
}

const one = (text: string, mapping: OpenMapping): ExactReading | undefined => {
	const decoded = readExactly(mapping, Buffer.from(text));
	if ('refused' in decoded) return undefined;
	const [reading] = decoded.readings;
	return reading === undefined || 'refused' in reading ? undefined : reading;
};

test('a value goes from its printed digits to whole units of the channel', t => {
	const mapping = mappingOf([energy]);
	t.deepEqual(decode('{"e":12.345}', mapping), [12_345_000n]);
	t.deepEqual(decode('{"e":"12.345"}', mapping), [12_345_000n]);
	t.deepEqual(decode('{"e":1.2345e1}', mapping), [12_345_000n]);
	t.deepEqual(decode('{"e":-0.0}', mapping), [0n]);
	t.deepEqual(decode('{"e":0.1}', mapping), [100_000n]);
	t.deepEqual(decode('{"e":514.153,"x":{"y":[1,2]}}', mapping), [514_153_000n]);
	t.deepEqual(decode('{"e":9223372036854.775807}', mapping), [9_223_372_036_854_775_807n]);
	t.deepEqual(decode('{"e":-9223372036854.775808}', mapping), [-9_223_372_036_854_775_808n]);
});

test('a value that does not fit is refused, the others of the message are not', t => {
	const mapping = mappingOf([energy, voltage]);
	for (const [value, reason] of [
		['12.3456789', 'value-inexact'],
		['1e-400', 'value-inexact'],
		['1e400', 'value-out-of-range'],
		['9223372036854.775808', 'value-out-of-range'],
		['12345678901234567890', 'value-out-of-range'],
		['1e401', 'value-not-number'],
		['"NaN"', 'value-not-number'],
		['"Infinity"', 'value-not-number'],
		['""', 'value-not-number'],
		['" 1"', 'value-not-number'],
		['"0x10"', 'value-not-number'],
		['"007"', 'value-not-number'],
		['true', 'value-not-number'],
		['[1]', 'value-not-number'],
		['{}', 'value-not-number'],
		['null', 'field-missing'],
	] as const)
		t.deepEqual(decode(`{"e":${value},"v":230.1}`, mapping), [reason, 230_100n], value);
	t.deepEqual(decode('{"v":230.1}', mapping), ['field-missing', 230_100n]);
});

test('broken JSON refuses the message', t => {
	const mapping = mappingOf([energy]);
	for (const text of [
		'',
		'{',
		'{"e":NaN}',
		'{"e":1e}',
		'{"e":1,"e":1}',
		'{"__proto__":{},"e":1}',
		'{"e":01}',
		'[1}',
		`${'['.repeat(17)}${']'.repeat(17)}`,
	])
		t.is(decode(text, mapping), 'payload-malformed', text);
});

test('an optional field may be missing, and a message with none of them holds nothing', t => {
	const mapping = mappingOf([
		{...energy, optional: true},
		{...voltage, optional: true},
	]);
	t.deepEqual(decode('{"v":230}', mapping), [230_000n]);
	t.deepEqual(decode('{"v":null,"e":1}', mapping), [1_000_000n]);
	t.is(decode('{"x":1}', mapping), 'readings-none');
	t.is(decode('[]', mapping), 'readings-none');
	t.is(decode('"v"', mapping), 'readings-none');
});

test('nested fields and lists are found by their pointers', t => {
	const text = '{"Time":"2024-05-19T20:52:56+02:00","ENERGY":{"Total":[2.813,0.254],"Power":56,"Voltage":234}}';
	const mapping = mappingOf(
		[
			{pointer: '/ENERGY/Total/0', quantity: 'energy-import', unit: 'kWh', part: 'a'},
			{pointer: '/ENERGY/Total/1', quantity: 'energy-import', unit: 'kWh', part: 'b'},
			{pointer: '/ENERGY/Power', quantity: 'active-power', unit: 'W'},
		],
		{time: {pointer: '/Time', format: 'iso'}},
	);
	t.deepEqual(decode(text, mapping), [2_813_000n, 254_000n, 56_000n]);
	t.is(one(text, mapping)?.measuredAtMs, Date.UTC(2024, 4, 19, 18, 52, 56));
});

test('a state is a whole number or a boolean', t => {
	const mapping = mappingOf([{pointer: '/d', quantity: 'door'}]);
	t.deepEqual(decode('{"d":true}', mapping), [1n]);
	t.deepEqual(decode('{"d":false}', mapping), [0n]);
	t.deepEqual(decode('{"d":2}', mapping), [2n]);
	t.deepEqual(decode('{"d":0.5}', mapping), ['value-inexact']);
	t.deepEqual(decode('{"d":"open"}', mapping), ['value-not-number']);
});

test('a time that is missing or wrong refuses the message', t => {
	const mapping = mappingOf([energy], {time: {pointer: '/at', format: 'unix-s'}});
	t.is(one('{"at":1714521600.5,"e":1}', mapping)?.measuredAtMs, 1_714_521_600_500);
	t.true(one('{"at":1714521600.5,"e":1}', mapping)?.timeIsDevices);
	for (const [time, reason] of [
		['null', 'field-missing'],
		['"now"', 'time-malformed'],
		['true', 'time-malformed'],
		['1e400', 'time-malformed'],
		['0', 'time-implausible'],
		['-5', 'time-implausible'],
		['0.0004', 'time-implausible'],
	] as const)
		t.is(decode(`{"at":${time},"e":1}`, mapping), reason, time);
	t.is(decode('{"e":1}', mapping), 'field-missing');
	const iso = mappingOf([energy], {time: {pointer: '/at', format: 'iso'}});
	t.is(decode('{"at":"2024-05-01T00:00:00","e":1}', iso), 'time-malformed');
	t.is(decode('{"at":"1970-01-01T00:00:00Z","e":1}', iso), 'time-implausible');
	t.is(one('{"e":1}', mappingOf([energy]))?.measuredAtMs, 0);
});

test('a sequence is a whole number below 2^48 - 1, and a session a short text without control characters', t => {
	const mapping = mappingOf([energy], {sequence: {pointer: '/s', session: '/b'}});
	const keys = (text: string): unknown => {
		const reading = one(text, mapping);
		return reading === undefined ? decode(text, mapping) : [reading.session, reading.sequence];
	};
	t.deepEqual(keys('{"s":0,"b":"x","e":1}'), ['x', 0]);
	t.deepEqual(keys('{"s":281474976710654,"b":17,"e":1}'), ['17', 281_474_976_710_654]);
	t.deepEqual(keys('{"s":1,"b":"","e":1}'), ['', 1]);
	t.deepEqual(keys(`{"s":1,"b":"${'ä'.repeat(64)}","e":1}`), ['ä'.repeat(64), 1]);
	for (const sequence of ['281474976710655', '1.0', '1.5', '-1', '-0', '1e3', '"1"', 'null', 'true', '99999999999999999999'])
		t.is(keys(`{"s":${sequence},"b":"x","e":1}`), 'sequence-malformed', sequence);
	t.is(keys('{"b":"x","e":1}'), 'sequence-malformed');
	for (const session of ['null', 'true', '[]', `"${'x'.repeat(65)}"`, '"a\\u0000b"', '"a\\n"', '"\\ud800"'])
		t.is(keys(`{"s":1,"b":${session},"e":1}`), 'sequence-malformed', session);
	t.is(keys('{"s":1,"e":1}'), 'sequence-malformed');
	const alone = mappingOf([energy], {sequence: {pointer: '/s'}});
	t.is(one('{"s":7,"e":1}', alone)?.session, '');
	t.is(one('{"s":7,"e":1}', alone)?.sequence, 7);
});

test('every printed number becomes what exact arithmetic says, or is refused', t => {
	const quantity = fc.constantFrom('energy-import', 'temperature', 'co2-mass-flow', 'state-of-charge', 'heat-energy');
	const text = fc.oneof(
		fc.stringMatching(/^-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,8})?$/),
		fc.stringMatching(/^-?(0|[1-9][0-9]{0,5})(\.[0-9]{1,5})?[eE][+-]?[0-9]{1,2}$/),
	);
	fc.assert(
		fc.property(quantity, text, fc.integer({min: -6, max: 6}), fc.nat(), (name, number, exponent, pick) => {
			const found = quantityOfName(name)!;
			const units = unitsOf(found);
			const unit = units[pick % units.length]!;
			const mapping = mappingOf([{pointer: '/x', quantity: name, unit, exponent}]);
			const decimal = parseDecimal(number)!;
			const exact = scaleDecimal(decimal, exponent, ...unitFactor(found, unit)!);
			// More than 64 zeros behind the digits are out of range before they are anything else.
			const isHuge = decimal.exponent - exponent > 64;
			const fits = exact !== undefined && BigInt.asIntN(64, exact) === exact;
			const expected = exact === undefined ? (isHuge ? 'value-out-of-range' : 'value-inexact') : fits ? exact : 'value-out-of-range';
			t.deepEqual(decode(`{"x":${number}}`, mapping), [expected], `${number} ${unit} at ${exponent}`);
		}),
		{numRuns: 3000},
	);
});

test('details are cut and hold no control character, whatever the device sends', t => {
	const mapping = mappingOf([{pointer: '/x', quantity: 'voltage', unit: 'V'}]);
	for (const text of ['{"\\u0000\\ud800":1,"\\u0000\\ud800":2}', `{"${'k'.repeat(900)}":1,"${'k'.repeat(900)}":1}`]) {
		const decoded = readExactly(mapping, Buffer.from(text));
		const detail = 'refused' in decoded ? decoded.detail : '';
		t.true(detail.length > 10 && detail.length <= 256);
		t.notRegex(detail, /[\p{Cc}\p{Cs}]/u);
	}
});

test('a mapping is proposed for keys that say what they are and in which unit, and for nothing else', t => {
	const recognise = (topic: string, message: unknown) => jsonDecoder.recognise!({topic, payload: Buffer.from(JSON.stringify(message))});
	t.deepEqual(
		recognise('meters/m-7/data', {
			at: '2026-01-01T00:00:00Z',
			import_kwh: 12.5,
			export_kwh: 1,
			phases: {l1: {voltage_v: 230.1}, l2: {voltage_v: 229}},
			temperatureC: 21,
			power_w_max: 4,
			energy_today_kwh: 2,
			rssi_db: -60,
			a: 1,
			seq: 4,
		}),
		{
			topic: 'meters/{device}/data',
			device: 'm-7',
			sureness: 20,
			readings: [
				{pointer: '/import_kwh', quantity: 'energy-import', unit: 'kWh', optional: true},
				{pointer: '/export_kwh', quantity: 'energy-export', unit: 'kWh', optional: true},
				{pointer: '/phases/l1/voltage_v', quantity: 'voltage', unit: 'V', part: 'L1', optional: true},
				{pointer: '/phases/l2/voltage_v', quantity: 'voltage', unit: 'V', part: 'L2', optional: true},
				{pointer: '/temperatureC', quantity: 'temperature', unit: 'Cel', optional: true},
			],
			time: {pointer: '/at', format: 'iso'},
		},
	);
	const timeOf = (ts: unknown): unknown => recognise('a/b', {ts, power_w: 1})?.time;
	t.deepEqual(timeOf(1_760_000_000), {pointer: '/ts', format: 'unix-s'});
	t.deepEqual(timeOf(1_760_000_000_123), {pointer: '/ts', format: 'unix-ms'});
	for (const ts of [1.61, 0, '12:00', null, true]) t.is(timeOf(ts), undefined);
	for (const message of [{}, [], {v: 1}, {temperature: 4}, {power: 4}, {x_w: 1}, {power_w: 'off'}, 4])
		t.is(recognise('a/b', message), undefined);
	t.is(jsonDecoder.recognise!({topic: 'a', payload: new Uint8Array(0)}), undefined);
});

test('a local time is one where the mapping has a zone, and none in the hour that comes twice', t => {
	const clocked = (zone?: string) => mappingOf([voltage], {time: {pointer: '/at', format: 'iso'}, ...(zone === undefined ? {} : {zone})});
	const at = (text: string, zone?: string): number | string => {
		const decoded = readExactly(clocked(zone), Buffer.from(`{"at":"${text}","v":1}`));
		if ('refused' in decoded) return decoded.detail;
		const [reading] = decoded.readings;
		return reading === undefined || 'refused' in reading ? 'none' : reading.measuredAtMs;
	};
	t.is(at('2026-11-29T18:00:00', 'Europe/Amsterdam'), Date.UTC(2026, 10, 29, 17));
	t.is(at('2026-07-29 18:00:00', 'Europe/Amsterdam'), Date.UTC(2026, 6, 29, 16));
	t.is(at('2026-11-29T18:00:00+08:00', 'Europe/Amsterdam'), Date.UTC(2026, 10, 29, 10));
	t.is(at('2026-10-25T02:30:00', 'Europe/Amsterdam'), 0);
	t.is(at('2026-03-29T02:30:00', 'Europe/Amsterdam'), 0);
	t.regex(String(at('2026-11-29T18:00:00')), /is not a time with an offset from UTC, and the mapping has no zone$/);
	t.regex(String(at('29.11.2026', 'UTC')), /is not a time such as 2026-11-22T18:00:00Z \(iso\)$/);
});
