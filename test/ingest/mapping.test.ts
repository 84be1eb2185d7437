import test from 'ava';
import {quantities} from '../../agent/format/quantity.ts';
import {compileMapping, isSenmlName, type Mapping, type MappingConfig, type MappingProblem} from '../../agent/ingest/mapping.ts';
import {builtIn} from './decoders/read.ts';

const config: MappingConfig = {
	name: 'meter',
	topic: 'meters/{device}',
	format: 'json',
	readings: [{pointer: '/energy', quantity: 'energy-import', unit: 'kWh'}],
};

const compile = (changes: Partial<MappingConfig>): Mapping | MappingProblem =>
	compileMapping({...config, ...changes}, builtIn[changes.format ?? config.format]!);

function topicOf(topic: string): Mapping {
	const mapping = compile({topic});
	if ('problem' in mapping) throw new Error(mapping.problem);
	return mapping;
}

/** Pattern, topic, and the device in it; undefined where it does not fit. */
const topics: readonly (readonly [pattern: string, topic: string, device: string | undefined])[] = [
	['meters/{device}', 'meters/m-1', 'm-1'],
	['meters/{device}', 'meters/m_1', 'm_1'],
	['meters/{device}', 'meters/', undefined],
	['meters/{device}', 'meters/a/b', undefined],
	['meters/{device}', 'meters', undefined],
	['meters/{device}', 'Meters/a', undefined],
	['meters/{device}', 'x/meters/a', undefined],
	['meters/{device}', 'meters/ä', 'ä'],
	['meters/{device}', 'meters/a b', 'a b'],
	['meters/{device}', `meters/${'a'.repeat(128)}`, 'a'.repeat(128)],
	['meters/{device}', `meters/${'a'.repeat(129)}`, undefined],
	['{device}', 'a', 'a'],
	['{device}/data', 'a/data', 'a'],
	['tele/{device}/SENSOR', 'tele/plug-3/SENSOR', 'plug-3'],
	['tele/tasmota_{device}/SENSOR', 'tele/tasmota_AB12/SENSOR', 'AB12'],
	['tele/{device}_x/SENSOR', 'tele/a_x/SENSOR', 'a'],
	['tele/{device}_x/SENSOR', 'tele/a_x_x/SENSOR', 'a_x'],
	['heat/{device}-1/state', 'heat/a-1/state', 'a'],
	['heat/{device}-1/state', 'heat/a/state', undefined],
	['+/{device}/status', 'home/a/status', 'a'],
	['+/{device}/status', '/a/status', 'a'],
	['+/{device}/status', 'x/home/a/status', undefined],
	['+/{device}/status', '$SYS/a/status', undefined],
	['#', '$SYS/broker', undefined],
	['#', 'a/b/c', ''],
	['#', '', ''],
	['+', 'a', ''],
	['+', '$a', undefined],
	['$share/{device}', '$share/a', 'a'],
	['sites/{device}/#', 'sites/a', 'a'],
	['sites/{device}/#', 'sites/a/', 'a'],
	['sites/{device}/#', 'sites/a/b/c', 'a'],
	['sites/{device}/#', 'sites/ab', 'ab'],
	['sites/{device}/#', 'sites', undefined],
	['sites/{device}/+/x', 'sites/a//x', 'a'],
	['/sys/{device}', '/sys/a', 'a'],
	['/sys/{device}', 'sys/a', undefined],
	['a//b', 'a//b', ''],
	['fixed', 'fixed', ''],
	['fixed', 'fixed/x', undefined],
	['a.b(c)[d]*?^$|\\', 'a.b(c)[d]*?^$|\\', ''],
	['a.b', 'aXb', undefined],
	['.*', 'anything', undefined],
	['x/.*', 'x', undefined],
	['x/.*', 'x/.*', ''],
	['a/+', 'a/\n', ''],
	['a/#', 'a/\n/b', ''],
];

test('a topic pattern stands for the topics that MQTT says, and finds the device', t => {
	for (const [pattern, topic, device] of topics) t.is(topicOf(pattern).deviceIn(topic), device, `${pattern} ${JSON.stringify(topic)}`);
});

test('the filter of a device is the pattern with its id', t => {
	t.is(topicOf('tele/tasmota_{device}/#').filterFor('AB-12'), 'tele/tasmota_AB-12/#');
	t.is(topicOf('fixed').filterFor('a'), 'fixed');
});

const problems: readonly (readonly [name: string, changes: Partial<MappingConfig>, path: readonly (string | number)[], problem: RegExp])[] =
	[
		['an empty topic', {topic: ''}, ['topic'], /not an MQTT topic filter/],
		['# before the end', {topic: 'a/#/b'}, ['topic'], /not an MQTT topic filter/],
		['# beside text', {topic: 'a/b#'}, ['topic'], /not an MQTT topic filter/],
		['+ beside text', {topic: 'a/b+/c'}, ['topic'], /not an MQTT topic filter/],
		['+ beside the device', {topic: 'a/{device}+'}, ['topic'], /not an MQTT topic filter/],
		['a NUL in the topic', {topic: 'a\0b'}, ['topic'], /not an MQTT topic filter/],
		['the device twice', {topic: '{device}/{device}'}, ['topic'], /has \{device\} more than once/],
		...['heat/{device', 'heat/device}', 'heat/{{device}}', 'heat/{Device}', 'heat/{}', 'heat/{device}/{phase}', '{device}}/state'].map(
			topic => [`the topic ${topic}`, {topic}, ['topic'], /has a brace that is not part of \{device\}/] as const,
		),
		['a time that is no pointer', {time: {pointer: 'at', format: 'iso'}}, ['time', 'pointer'], /"at" is not a JSON pointer/],
		['a sequence that is no pointer', {sequence: {pointer: 'seq'}}, ['sequence'], /must be JSON pointers/],
		['a session that is no pointer', {sequence: {pointer: '/seq', session: 'boot'}}, ['sequence'], /must be JSON pointers/],
		[
			'a quantity that does not exist',
			{readings: [{pointer: '/a', quantity: 'energie', unit: 'kWh'}]},
			['readings', 0, 'quantity'],
			/"energie" is not in the quantity registry; kedge quantities lists what is$/,
		],
		[
			'a misspelt quantity',
			{readings: [{pointer: '/a', quantity: 'temprature', unit: 'Cel'}]},
			['readings', 0, 'quantity'],
			/"temprature" is not in the quantity registry; did you mean "temperature"\?$/,
		],
		[
			'a part of the name of several quantities',
			{readings: [{pointer: '/a', quantity: 'power', unit: 'W'}]},
			['readings', 0, 'quantity'],
			/"power" is not in the quantity registry; did you mean "active-power" or "reactive-power" or /,
		],
		[
			'a unit that is nearly one',
			{readings: [{pointer: '/a', quantity: 'temperature', unit: 'C'}]},
			['readings', 0, 'unit'],
			/^"C" does not measure temperature: use mCel, Cel, °C$/,
		],
		[
			'a part that is no id',
			{readings: [{pointer: '/a', quantity: 'voltage', unit: 'V', part: 'L 1'}]},
			['readings', 0, 'part'],
			/"L 1" is not 1 to 64/,
		],
		[
			'an exponent that is too large',
			{readings: [{pointer: '/a', quantity: 'voltage', unit: 'V', exponent: 13}]},
			['readings', 0, 'exponent'],
			/13 is not a whole number from -12 to 12/,
		],
		[
			'an exponent with a fraction',
			{readings: [{pointer: '/a', quantity: 'voltage', unit: 'V', exponent: 0.5}]},
			['readings', 0, 'exponent'],
			/0.5 is not a whole number/,
		],
		['a reading without a pointer', {readings: [{quantity: 'voltage', unit: 'V'}]}, ['readings', 0, 'pointer'], /needs a JSON pointer/],
		['a wrong pointer', {readings: [{pointer: 'a/b', quantity: 'voltage', unit: 'V'}]}, ['readings', 0, 'pointer'], /needs a JSON pointer/],
		[
			'a missing unit',
			{readings: [{pointer: '/a', quantity: 'voltage'}]},
			['readings', 0],
			/the unit of voltage is missing: use mV, V, kV$/,
		],
		[
			'a unit of something else',
			{readings: [{pointer: '/a', quantity: 'voltage', unit: 'kWh'}]},
			['readings', 0, 'unit'],
			/"kWh" does not measure voltage: use mV, V, kV$/,
		],
		[
			'a unit in another case',
			{readings: [{pointer: '/a', quantity: 'energy-import', unit: 'KWH'}]},
			['readings', 0, 'unit'],
			/"KWH" does not measure energy-import; did you mean "kWh"\?$/,
		],
		[
			'one quantity twice',
			{
				readings: [
					{pointer: '/a', quantity: 'voltage', unit: 'V'},
					{pointer: '/b', quantity: 'voltage', unit: 'V'},
				],
			},
			['readings', 1],
			/voltage is there twice: give each a "part"/,
		],
		[
			'a SenML reading without a name',
			{format: 'senml', readings: [{quantity: 'temperature'}]},
			['readings', 0, 'name'],
			/name of the record/,
		],
		[
			'a SenML name with a space',
			{format: 'senml', readings: [{name: '{device} temp', quantity: 'temperature'}]},
			['readings', 0, 'name'],
			/is no SenML name/,
		],
		[
			'a SenML name that begins with a colon',
			{format: 'senml', readings: [{name: ':temp', quantity: 'temperature'}]},
			['readings', 0, 'name'],
			/is no SenML name/,
		],
	];

for (const [name, changes, path, problem] of problems) {
	test(`${name} is a problem with its place`, t => {
		const found = compile(changes);
		if (!('problem' in found)) {
			t.fail();
			return;
		}
		t.deepEqual(found.path, path);
		t.regex(found.problem, problem);
	});
}

test('a reading gets what it does not say from the registry', t => {
	const mapping = compile({
		time: {pointer: '/t', format: 'unix-s'},
		sequence: {pointer: '/s~1x', session: '/b'},
		readings: [
			{pointer: '/a/0', quantity: 'energy-import', unit: 'kWh'},
			{pointer: '/b', quantity: 'voltage', unit: 'V', part: 'L1', exponent: 2, optional: true},
			{pointer: '/c', quantity: 'door'},
		],
	}) as Mapping;
	t.deepEqual(mapping.time, {pointer: ['t'], format: 'unix-s'});
	t.deepEqual(mapping.sequence, {pointer: ['s/x'], session: ['b']});
	t.deepEqual(
		mapping.readings.map(({channel: {quantity, exponent, part}, optional, unit, pointer}) => [
			quantity.name,
			exponent,
			part,
			optional,
			unit,
			pointer,
		]),
		[
			['energy-import', -3, undefined, false, 'kWh', ['a', '0']],
			['voltage', 2, 'L1', true, 'V', ['b']],
			['door', 0, undefined, false, '', ['c']],
		],
	);
});

test('every quantity compiles with each of its units, as numbers and as big integers alike', t => {
	for (const quantity of quantities) {
		const mapping = compile({readings: [{pointer: '/a', quantity: quantity.name, unit: quantity.unit}]}) as Mapping;
		const {scales} = mapping.readings[0]!.channel;
		t.true(scales.has(quantity.unit));
		for (const [unit, scale] of scales) {
			t.is(BigInt(scale.numeratorShort), scale.numerator, unit);
			t.is(BigInt(scale.denominatorShort), scale.denominator, unit);
		}
		for (const name of ['toString', '__proto__', 'constructor']) t.false(scales.has(name));
	}
});

test('names of SenML are letters, digits and five marks', t => {
	for (const name of ['a', '0', 'urn:dev:ow:10e2073a01080063', 'a-b.c/d_e:f']) t.true(isSenmlName(name), name);
	for (const name of ['', '-a', ':a', '/a', 'a b', 'ä', 'a\n', 'a{device}']) t.false(isSenmlName(name), name);
});
