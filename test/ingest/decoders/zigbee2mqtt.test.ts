import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import fc from 'fast-check';
import {exactValue} from '../../../agent/ingest/decoders/decoded.ts';
import type {Decoded, OpenDecoder} from '../../../agent/ingest/decoders/decoder.ts';
import {zigbee2mqttDecoder} from '../../../agent/ingest/decoders/zigbee2mqtt.ts';
import {compileMapping} from '../../../agent/ingest/mapping.ts';
import {publishedData} from '../../helpers/published-data.ts';

const arrivedAtMs = Date.UTC(2026, 10, 29);

function open(topic = 'zigbee2mqtt/{device}'): OpenDecoder {
	const mapping = compileMapping({name: 'z', topic, format: 'zigbee2mqtt'}, zigbee2mqttDecoder);
	if ('problem' in mapping) throw new Error(mapping.problem);
	return zigbee2mqttDecoder.open(mapping);
}

const bytes = (value: unknown): Buffer =>
	Buffer.isBuffer(value) ? value : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));

function decode(decoder: OpenDecoder, topic: string, payload: unknown): Decoded {
	return decoder.decode({topic, payload: bytes(payload), arrivedAtMs, deviceId: 'd'});
}

/** One line a reading: channel, exact value in the base unit, time; one line a refusal. */
function shown(decoded: Decoded): string[] {
	if ('refused' in decoded) return [decoded.refused];
	return decoded.readings.map(reading => {
		if ('refused' in reading) return `- ${reading.refused}`;
		const {channel, value, unit, measuredAtMs} = reading;
		const exact = value === null ? null : exactValue(channel, channel.exponent, value, unit);
		const number = exact === null ? 'none' : typeof exact === 'bigint' ? `${exact}e${channel.exponent}` : exact.refused;
		return `${channel.name} ${number}${measuredAtMs === 0 ? '' : ` @${measuredAtMs}`}`;
	});
}

const numeric = (property: string, unit?: string, access = 1, more: object = {}): object => ({
	type: 'numeric',
	name: property,
	property,
	access,
	...(unit === undefined ? {} : {unit}),
	...more,
});
const binary = (property: string, on: unknown = true, off: unknown = false, access = 1, name = property): object => ({
	type: 'binary',
	name,
	property,
	access,
	value_on: on,
	value_off: off,
});

function teach(decoder: OpenDecoder, devices: Readonly<Record<string, unknown>>, base = 'zigbee2mqtt'): boolean {
	const list = Object.entries(devices).map(([name, exposes]) => ({friendly_name: name, definition: {exposes}}));
	return decoder.learn!({topic: `${base}/bridge/devices`, payload: bytes(list), arrivedAtMs});
}

/** What is exposed, a message, and what becomes of it. */
const cases: readonly (readonly [name: string, exposes: readonly unknown[], message: unknown, becomes: readonly string[]])[] = [
	[
		'a plug',
		[
			{type: 'switch', features: [binary('state', 'ON', 'OFF', 7)]},
			numeric('power', 'W'),
			numeric('current', 'A'),
			numeric('voltage', 'V'),
			numeric('energy', 'kWh'),
			numeric('linkquality', 'lqi'),
		],
		{state: 'ON', power: 12.5, current: 0.06, voltage: 231, energy: 7.25, linkquality: 80},
		['on 1e0', 'active-power 12500e-3', 'current 60e0', 'voltage 231000e0', 'energy-import 7250000e-3'],
	],
	[
		'a battery in mV',
		[numeric('battery', '%'), numeric('voltage', 'mV')],
		{battery: 97.5, voltage: 3015},
		['state-of-charge 97500e0', 'voltage:battery 3015e0'],
	],
	['a battery in V', [numeric('battery', '%'), numeric('voltage', 'V')], {voltage: 3.015}, ['voltage:battery 3015e0']],
	[
		'a meter with a battery of its own',
		[numeric('battery', '%'), numeric('power', 'W'), numeric('voltage', 'V')],
		{voltage: 230},
		['voltage 230000e0'],
	],
	[
		'three phases',
		['power', 'power_phase_b', 'power_phase_c']
			.map(name => numeric(name, 'W'))
			.concat(numeric('produced_energy', 'kWh'), numeric('ac_frequency', 'Hz')),
		{power: 1, power_phase_b: 2, power_phase_c: -3, produced_energy: 0.004, ac_frequency: 49.98},
		['active-power:L1 1000e-3', 'active-power:L2 2000e-3', 'active-power:L3 -3000e-3', 'energy-export 4000e-3', 'frequency 49980e0'],
	],
	[
		'phases by letters',
		['a', 'b', 'c', 'neutral'].map(end => numeric(`current_${end}`, 'A')),
		{current_a: 1, current_b: 2, current_c: 3, current_neutral: 0.5},
		['current:L1 1000e0', 'current:L2 2000e0', 'current:L3 3000e0', 'current:N 500e0'],
	],
	[
		'a strip of sockets',
		[
			numeric('energy_l1', 'kWh', 1, {name: 'energy', endpoint: 'l1'}),
			numeric('energy_l2', 'kWh', 1, {name: 'energy', endpoint: 'l2'}),
			binary('state_left', 'ON', 'OFF', 7, 'state'),
		],
		{energy_l1: 1, energy_l2: 2, state_left: 'OFF'},
		['energy-import:ch1 1000000e-3', 'energy-import:ch2 2000000e-3', 'on:left 0e0'],
	],
	['a power in kW', [numeric('power', 'kW')], {power: 0.5}, ['active-power 500000e-3']],
	[
		'a unit that does not measure it',
		[numeric('power_reactive', 'kW'), numeric('power', 'W')],
		{power_reactive: 1, power: 2},
		['- unit-wrong', 'active-power 2000e-3'],
	],
	['no unit where one is needed', [numeric('temperature')], {temperature: 20}, ['- unit-wrong']],
	['Fahrenheit', [numeric('temperature', '°F')], {temperature: 68.5}, ['temperature-fahrenheit 68500e0']],
	[
		'Fahrenheit that the message says too',
		[numeric('temperature', '°F')],
		{temperature: 68, temperature_scale: '°F'},
		['temperature-fahrenheit 68000e0'],
	],
	[
		'another scale than the list says',
		[numeric('temperature', '°C'), numeric('humidity', '%')],
		{temperature: 68, temperature_scale: '°F', humidity: 1},
		['- unit-wrong', 'relative-humidity 1000e0'],
	],
	[
		'a setting',
		[numeric('temperature', '°C'), numeric('occupied_heating_setpoint', '°C', 7), numeric('temperature_offset', '°C', 7)],
		{temperature: 1, occupied_heating_setpoint: 2, temperature_offset: 3},
		['temperature 1000e0'],
	],
	['a setting by its category', [numeric('soil_moisture', '%', 1, {category: 'config'})], {soil_moisture: 2}, ['readings-none']],
	[
		'a place of its own',
		[numeric('cable_sensor_temperature', '°C', 5)],
		{cable_sensor_temperature: -1.5},
		['temperature:cable_sensor_temperature -1500e0'],
	],
	[
		'air',
		['co2', 'voc', 'pm25', 'formaldehyd', 'noise'].map((name, i) => numeric(name, ['ppm', 'ppb', 'µg/m³', 'mg/m³', 'dBA'][i])),
		{co2: 612, voc: 35, pm25: 7.5, formaldehyd: 0.012, noise: 49.65},
		[
			'co2-fraction 612000e-3',
			'voc-fraction 35000e-6',
			'pm25-concentration 7500e-3',
			'formaldehyde-concentration 12000e-3',
			'sound-level-a 49650e-3',
		],
	],
	['voc by weight', [numeric('voc', 'µg/m³')], {voc: 975}, ['voc-concentration 975000e-3']],
	['an index without a unit', [numeric('voc_index'), numeric('illuminance_raw')], {voc_index: 3, illuminance_raw: 6989}, ['readings-none']],
	['a garden valve', [numeric('flow', 'm³/h')], {flow: 0.31}, ['volume-flow 310000e-3']],
	['pressure', [numeric('pressure', 'hPa')], {pressure: 1009.8}, ['pressure 100980000e-3']],
	[
		'states',
		['contact', 'occupancy', 'water_leak', 'smoke', 'gas', 'tamper', 'vibration', 'battery_low', 'carbon_monoxide', 'presence'].map(name =>
			binary(name, name !== 'contact', name === 'contact'),
		),
		{
			contact: false,
			occupancy: true,
			water_leak: false,
			smoke: true,
			gas: false,
			tamper: false,
			vibration: true,
			battery_low: false,
			carbon_monoxide: false,
			presence: true,
		},
		[
			'door 1e0',
			'occupancy 1e0',
			'leak 0e0',
			'smoke 1e0',
			'gas-alarm 0e0',
			'tamper 0e0',
			'vibration 1e0',
			'battery-low 0e0',
			'co-alarm 0e0',
			'occupancy:presence 1e0',
		],
	],
	[
		'states in words',
		[binary('water_leak', 'WET', 'DRY'), binary('contact', 'OPEN', 'CLOSED')],
		{water_leak: 'WET', contact: 'OPEN'},
		['leak 1e0', 'door 1e0'],
	],
	['a state that is no word of it', [binary('water_leak')], {water_leak: 'maybe'}, ['- value-not-number']],
	['a lock', [{type: 'lock', features: [binary('state', 'LOCK', 'UNLOCK', 7)]}], {state: 'LOCK'}, ['readings-none']],
	[
		'a cover',
		[{type: 'cover', features: [{type: 'enum', name: 'state', property: 'state', access: 7, values: ['OPEN', 'CLOSE', 'STOP']}]}],
		{state: 'OPEN'},
		['readings-none'],
	],
	[
		'what a composite holds',
		[{type: 'composite', property: 'schedule', features: [numeric('temperature', '°C')]}],
		{schedule: {temperature: 3}},
		['readings-none'],
	],
	[
		'no value',
		[numeric('temperature', '°C'), binary('occupancy')],
		{temperature: null, occupancy: null},
		['temperature none', 'occupancy none'],
	],
	['a text for a number', [numeric('temperature', '°C')], {temperature: '21'}, ['- value-not-number']],
	['a list for a number', [numeric('temperature', '°C')], {temperature: [21]}, ['- value-not-number']],
	['digits beyond the channel', [numeric('temperature', '°C')], {temperature: 21.00001}, ['temperature value-inexact']],
	['a known name that the list does not have', [numeric('power', 'W')], {power: 1, energy: 2}, ['active-power 1000e-3', '- units-unknown']],
	['a state that the list does not have', [numeric('power', 'W')], {power: 1, contact: true}, ['active-power 1000e-3', '- units-unknown']],
	['nothing but such a name', [numeric('power', 'W')], {energy: 2}, ['units-unknown']],
	[
		'last_seen ISO_8601',
		[numeric('power', 'W')],
		{power: 1, last_seen: '2022-04-15T08:33:53.250Z'},
		[`active-power 1000e-3 @${Date.UTC(2022, 3, 15, 8, 33, 53, 250)}`],
	],
	[
		'last_seen ISO_8601_local',
		[numeric('power', 'W')],
		{power: 1, last_seen: '2022-04-15T16:33:53+08:00'},
		[`active-power 1000e-3 @${Date.UTC(2022, 3, 15, 8, 33, 53)}`],
	],
	['last_seen epoch', [numeric('power', 'W')], {power: 1, last_seen: 1_650_011_633_250}, ['active-power 1000e-3 @1650011633250']],
	['a clock that was never set', [numeric('power', 'W')], {power: 1, last_seen: '1970-01-01T00:00:09Z'}, ['active-power 1000e-3']],
	['last_seen that is none', [numeric('power', 'W')], {power: 1, last_seen: null}, ['active-power 1000e-3']],
	['last_seen without an offset', [numeric('power', 'W')], {power: 1, last_seen: '2022-04-15T16:33:53'}, ['time-malformed']],
	['last_seen in month 13', [numeric('power', 'W')], {power: 1, last_seen: '2022-13-15T16:33:53Z'}, ['time-malformed']],
];

test('a message becomes what the list of devices says of its properties', t => {
	for (const [name, exposes, message, becomes] of cases) {
		const decoder = open();
		t.true(teach(decoder, {'a/ b é': exposes}), name);
		t.deepEqual(shown(decode(decoder, 'zigbee2mqtt/a/ b é', message)), [...becomes], name);
	}
});

const direction = (end: string): object => ({type: 'enum', property: `energy_flow${end}`, values: ['consuming', 'producing'], access: 1});

test('a power whose direction stands beside it is negative where the device produces', t => {
	const decoder = open();
	const exposes = ['_a', '_b', ''].flatMap(end => [numeric(`power${end}`, 'W'), direction(end)]);
	teach(decoder, {clamp: [...exposes, numeric('power_ab', 'W'), numeric('energy_produced_a', 'kWh'), numeric('energy_a', 'kWh')]});
	const read = (message: object): string[] => shown(decode(decoder, 'zigbee2mqtt/clamp', message));
	t.deepEqual(read({power_a: 500.1, energy_flow_a: 'producing', power_b: 20, energy_flow_b: 'consuming', power_ab: -480.1}), [
		'active-power:L1 -500100e-3',
		'active-power:L2 20000e-3',
		'active-power:power_ab -480100e-3',
	]);
	t.deepEqual(read({power: 3, energy_flow: 'producing', power_a: 4, energy_flow_b: 'producing'}), [
		'active-power -3000e-3',
		'active-power:L1 4000e-3',
	]);
	// Already negative, zero, or signed as the option signed_power has it.
	t.deepEqual(read({power_a: -5, energy_flow_a: 'producing', power_b: 0, energy_flow_b: 'producing'}), [
		'active-power:L1 -5000e-3',
		'active-power:L2 0e-3',
	]);
	t.deepEqual(read({power_a: -5, energy_flow_a: 'sign', power_b: 1e21, energy_flow_b: 'producing'}), [
		'active-power:L1 -5000e-3',
		'active-power:L2 value-out-of-range',
	]);
	t.deepEqual(read({energy_a: 2, energy_produced_a: 1.5}), ['energy-import:L1 2000000e-3', 'energy-export:L1 1500000e-3']);
});

test('two properties of a device are never one channel', t => {
	const decoder = open();
	teach(decoder, {
		// Here the one without an end is the sum.
		three: ['power', 'power_phase_a', 'power_phase_b', 'power_phase_c'].map(name => numeric(name, 'W')),
		probes: ['temperature_1', 'temperature_l1'].map(name => numeric(name, '°C')),
	});
	t.deepEqual(shown(decode(decoder, 'zigbee2mqtt/three', {power: 6, power_phase_a: 1, power_phase_b: 2, power_phase_c: 3})), [
		'active-power 6000e-3',
		'active-power:L1 1000e-3',
		'active-power:L2 2000e-3',
		'active-power:L3 3000e-3',
	]);
	t.deepEqual(shown(decode(decoder, 'zigbee2mqtt/probes', {temperature_1: 1, temperature_l1: 2})), [
		'temperature:ch1 1000e0',
		'temperature:temperature_l1 2000e0',
	]);
});

test('before a list was heard only what is certain without units is read', t => {
	const decoder = open();
	t.deepEqual(shown(decode(decoder, 'zigbee2mqtt/x', {contact: false, state: 'ON', state_l2: 'OFF', linkquality: 3})), [
		'door 1e0',
		'on 1e0',
		'on:ch2 0e0',
	]);
	t.deepEqual(shown(decode(decoder, 'zigbee2mqtt/x', {contact: true, voltage: 3000})), ['door 0e0', '- units-unknown']);
	t.deepEqual(shown(decode(decoder, 'zigbee2mqtt/x', {power: 3, voltage: 3000})), ['units-unknown']);
	t.deepEqual(shown(decode(decoder, 'zigbee2mqtt/x', {state: 'OPEN', position: 3})), ['readings-none']);
	t.true(teach(decoder, {y: [numeric('power', 'W')]}));
	t.deepEqual(shown(decode(decoder, 'zigbee2mqtt/x', {power: 3})), ['units-unknown']);
});

test('a state has the same channel before and after the list was heard', t => {
	const message = {contact: true, occupancy: true, state: 'ON', state_l1: 'OFF', water_leak: false, presence: true};
	const decoder = open();
	const before = shown(decode(decoder, 'zigbee2mqtt/x', message));
	const exposes = Object.entries(message).map(([key, value]) =>
		typeof value === 'boolean' ? binary(key, key !== 'contact', key === 'contact') : binary(key, 'ON', 'OFF', 7, 'state'),
	);
	teach(decoder, {x: exposes});
	t.deepEqual(shown(decode(decoder, 'zigbee2mqtt/x', message)), before);
});

test('a new list replaces the one before, and what is no list changes nothing', t => {
	const decoder = open();
	teach(decoder, {x: [numeric('power', 'W')]});
	for (const payload of ['', '{', '{}', 'null', '\xff', '"[]"'])
		t.false(decoder.learn!({topic: 'zigbee2mqtt/bridge/devices', payload: bytes(payload), arrivedAtMs}), payload);
	for (const topic of ['zigbee2mqtt/bridge/info', 'zigbee2mqtt/x', 'bridge/devices', 'other/a/bridge/devices', ''])
		t.false(decoder.learn!({topic, payload: bytes([]), arrivedAtMs}), topic);
	t.deepEqual(shown(decode(decoder, 'zigbee2mqtt/x', {power: 1})), ['active-power 1000e-3']);
	teach(decoder, {x: [numeric('power', 'kW')], y: null, z: {}, '': [null, 1, 'a', {type: 'switch', features: [null]}]});
	t.deepEqual(shown(decode(decoder, 'zigbee2mqtt/x', {power: 1})), ['active-power 1000000e-3']);
	t.true(
		decoder.learn!({topic: 'zigbee2mqtt/bridge/devices', payload: bytes([null, 1, {friendly_name: 3}, {friendly_name: 'q'}]), arrivedAtMs}),
	);
	t.deepEqual(shown(decode(decoder, 'zigbee2mqtt/x', {power: 1})), ['units-unknown']);
});

test('the base topic is what stands before the device', t => {
	const bases: readonly (readonly [mapping: string, hears: string, base: string])[] = [
		['zigbee2mqtt/{device}', 'zigbee2mqtt/bridge/devices', 'zigbee2mqtt'],
		['home/floor 1/z2m/{device}', 'home/floor 1/z2m/bridge/devices', 'home/floor 1/z2m'],
		['+/{device}', '+/bridge/devices', 'anything'],
		['zigbee2mqtt/kitchen/plug', 'zigbee2mqtt/bridge/devices', 'zigbee2mqtt'],
		['zigbee2mqtt/plug_{device}', 'zigbee2mqtt/bridge/devices', 'zigbee2mqtt'],
	];
	for (const [mapping, hears, base] of bases) {
		const decoder = open(mapping);
		t.deepEqual(decoder.hears, [hears]);
		t.true(teach(decoder, {'a/b': [numeric('power', 'W')]}, base));
		t.deepEqual(shown(decode(decoder, `${base}/a/b`, {power: 1})), ['active-power 1000e-3'], mapping);
		t.deepEqual(shown(decode(decoder, `${base}/bridge/state`, {state: 'online'})), ['no-reading'], mapping);
	}
});

test('networks with other base topics do not lend each other units', t => {
	const decoder = open('+/{device}');
	teach(decoder, {x: [numeric('voltage', 'V')]}, 'a');
	teach(decoder, {x: [numeric('voltage', 'mV')]}, 'b');
	t.deepEqual(shown(decode(decoder, 'a/x', {voltage: 3})), ['voltage 3000e0']);
	t.deepEqual(shown(decode(decoder, 'b/x', {voltage: 3})), ['voltage 3e0']);
	t.deepEqual(shown(decode(decoder, 'c/x', {voltage: 3})), ['units-unknown']);
	for (let i = 0; i < 6; i += 1) t.true(teach(decoder, {}, `base-${i}`));
	t.false(teach(decoder, {}, 'one-too-many'));
});

test('of a list that is too long the units of the rest stay unknown', t => {
	const decoder = open();
	const exposes = Array.from({length: 256}, (_, i) => numeric(i === 0 ? 'power' : `p${i}`, 'W'));
	t.true(teach(decoder, Object.fromEntries(Array.from({length: 130}, (_, i) => [`d${i}`, exposes]))));
	t.deepEqual(shown(decode(decoder, 'zigbee2mqtt/d127', {power: 1})), ['active-power 1000e-3']);
	t.deepEqual(shown(decode(decoder, 'zigbee2mqtt/d128', {power: 1})), ['units-unknown']);
	t.false(decoder.learn!({topic: 'zigbee2mqtt/bridge/devices', payload: Buffer.alloc(4 * 1024 * 1024 + 1, ' '), arrivedAtMs}));
});

test('what is no state of a device holds no reading', t => {
	const decoder = open();
	for (const rest of [
		'bridge/state',
		'bridge/logging',
		'bridge/response/device/remove',
		'x/availability',
		'a/b/availability',
		'x/set',
		'x/set/state',
		'x/get',
		'x/get/power',
	])
		t.deepEqual(shown(decode(decoder, `zigbee2mqtt/${rest}`, {state: 'ON'})), ['no-reading'], rest);
	t.deepEqual(shown(decode(decoder, 'zigbee2mqtt/x', '')), ['no-reading']);
	for (const payload of ['{', '21.5', 'online', '[]', '{"power":1,"power":2}', Buffer.from([0xff, 0x7b])])
		t.deepEqual(shown(decoder.decode({topic: 'zigbee2mqtt/x', payload: bytes(payload), arrivedAtMs, deviceId: 'd'})), [
			'payload-malformed',
		]);
});

test('a message of another base topic than the mapping’s is never read with its units', t => {
	const decoder = open('a/b/{device}');
	teach(decoder, {x: [numeric('power', 'W')]}, 'a/b');
	t.deepEqual(shown(decode(decoder, 'x', {power: 1})), ['units-unknown']);
	t.deepEqual(shown(decode(decoder, 'a/c/x', {power: 1})), ['units-unknown']);
});

test('a device whose name has slashes is found by the mapping', t => {
	const mapping = compileMapping({name: 'z', topic: 'zigbee2mqtt/{device}', format: 'zigbee2mqtt'}, zigbee2mqttDecoder);
	if ('problem' in mapping) throw new Error(mapping.problem);
	for (const name of ['livingroom/temp humidity', 'Détecteur', 'a/b/c', 'x']) {
		t.is(mapping.deviceIn(`zigbee2mqtt/${name}`), name);
		t.is(mapping.filterFor(name), `zigbee2mqtt/${name}`);
	}
	t.is(mapping.deviceIn('zigbee2mqtt/a+b'), undefined);
	t.is(mapping.deviceIn(`zigbee2mqtt/${'a/'.repeat(65)}`), undefined);
	const inside = compileMapping({name: 'z', topic: 'zigbee2mqtt/{device}/x', format: 'zigbee2mqtt'}, zigbee2mqttDecoder);
	t.is('problem' in inside ? 'problem' : inside.deviceIn('zigbee2mqtt/a/b/x'), undefined);
});

type Published = {readonly topic: string; readonly payload: unknown};

function publishedMessages(t: ExecutionContext): {readonly folder: string; readonly read: (file: string) => Published[]} | undefined {
	const folder = publishedData(t, 'payloads', 'zigbee2mqtt');
	if (folder === undefined) return undefined;
	return {
		folder,
		read: file => {
			const content = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Published | Published[];
			return (Array.isArray(content) ? content : [content]).map(({topic, payload}) => ({topic: `zigbee2mqtt/${topic}`, payload}));
		},
	};
}

/** Of each published state, by its device: what becomes of it. */
const published: Readonly<Record<string, readonly string[]>> = {
	// A button: what was pressed is no quantity.
	'0xbc33acfffe17628b': ['readings-none'],
	// A lamp that says its colour only.
	hue1: ['readings-none'],
	hue_back_tv: ['on 1e0 @1650016108000'],
	'0x00158d000224154d': ['state-of-charge 100000e0 @1652705204000', 'voltage:battery 3042e0 @1652705204000'],
	'0x00124b001e73227f1': ['on 1e0 @1652706511000'],
	'work/nur/jopa': [
		'state-of-charge 100000e0 @1652706517000',
		'temperature-fahrenheit 68000e0 @1652706517000',
		'vibration 1e0 @1652706517000',
		'voltage:battery 3015e0 @1652706517000',
	],
	'livingroom/temp_humidity': [
		'state-of-charge 100000e0 @1652704674000',
		'relative-humidity 65590e0 @1652704674000',
		'temperature 25840e0 @1652704674000',
		'voltage:battery 3035e0 @1652704674000',
	],
	'livingroom/window': ['state-of-charge 100000e0 @1652705402000', 'door 0e0 @1652705402000', 'voltage:battery 3045e0 @1652705402000'],
	'livingroom/ac power': ['state-of-charge 10000e0 @1652706321000', 'door 1e0 @1652706321000', 'voltage:battery 3035e0 @1652706321000'],
	'0x00158d0004866f11': [
		'state-of-charge 0e0 @1652706364000',
		'relative-humidity 59960e0 @1652706364000',
		'pressure 100980000e-3 @1652706364000',
		'temperature 32900e0 @1652706364000',
		'voltage:battery 2815e0 @1652706364000',
	],
	'dining room/ac power': ['state-of-charge 100000e0 @1652703278000', 'door 0e0 @1652703278000', 'voltage:battery 3025e0 @1652703278000'],
	'0x0017880103d55d65': ['on 1e0 @1650016110000'],
	// No last_seen: no time.
	'some/lamp': ['on:back 0e0', 'on:front 0e0'],
	'Irrigation-back-3': ['state-of-charge 100000e0', 'volume-flow 0e-3', 'on 0e0'],
	Détecteur_Mouvement_Bureau: [
		'state-of-charge 86000e0 @1754089138000',
		'illuminance 15000e-3 @1754089138000',
		'occupancy 0e0 @1754089138000',
		'voltage:battery 2600e0 @1754089138000',
	],
	// Set points and calibrations are wishes, not measured.
	'Bosch thermostat': [
		'temperature:cable_sensor_temperature 0e0 @1762986589000',
		'relative-humidity 48040e0 @1762986589000',
		'temperature:local 22500e0 @1762986589000',
		'on 0e0 @1762986589000',
	],
	'multi-sensor wiren': [
		'co2-fraction 1406000e-3 @1765108035000',
		'relative-humidity 45010e0 @1765108035000',
		'illuminance 124000e-3 @1765108035000',
		'sound-level-a 49650e-3 @1765108035000',
		'occupancy 0e0 @1765108035000',
		'on:ch1 0e0 @1765108035000',
		'on:ch2 0e0 @1765108035000',
		'on:ch3 0e0 @1765108035000',
		'temperature 25510e0 @1765108035000',
		'voc-concentration 975000e-3 @1765108035000',
	],
};

test('every published message becomes readings, or is refused for the reason that the table says', t => {
	const data = publishedMessages(t);
	if (data === undefined) return;
	const decoder = open();
	const [list] = data.read('bridgeDevices.json');
	t.true(decoder.learn!({topic: list!.topic, payload: bytes(list!.payload), arrivedAtMs}));
	const states = data.read('deviceState.json');
	t.deepEqual(
		Object.fromEntries(states.map(({topic, payload}) => [topic.replace('zigbee2mqtt/', ''), shown(decode(decoder, topic, payload))])),
		{...published},
	);
	for (const file of ['bridgeDevices', 'bridgeGroups', 'bridgeHealth', 'bridgeInfo', 'bridgeLogging', 'bridgeState', 'deviceAvailability'])
		for (const {topic, payload} of data.read(`${file}.json`)) t.deepEqual(shown(decode(decoder, topic, payload)), ['no-reading'], topic);
});

test('published states are recognised, and what the bridge says is not', t => {
	const data = publishedMessages(t);
	if (data === undefined) return;
	for (const {topic, payload} of data.read('deviceState.json')) {
		const found = zigbee2mqttDecoder.recognise!({topic, payload: bytes(payload)});
		t.is(found?.topic, 'zigbee2mqtt/{device}');
		t.is(found?.device, topic.replace('zigbee2mqtt/', ''));
		t.true(found!.sureness >= 80);
	}
	for (const file of ['bridgeDevices', 'bridgeGroups', 'bridgeHealth', 'bridgeInfo', 'bridgeLogging', 'bridgeState', 'deviceAvailability'])
		for (const {topic, payload} of data.read(`${file}.json`))
			t.is(zigbee2mqttDecoder.recognise!({topic, payload: bytes(payload)}), undefined, topic);
});

test('a state is recognised under another base topic by its link quality, and nothing else is', t => {
	const recognise = (topic: string, payload: unknown): number =>
		zigbee2mqttDecoder.recognise!({topic, payload: bytes(payload)})?.sureness ?? 0;
	t.is(recognise('z2m/x', {linkquality: 30, battery: 3}), 55);
	t.is(recognise('z2m/x', {linkquality: 30, last_seen: '2022'}), 70);
	for (const [topic, payload] of [
		['z2m/x', {battery: 3}],
		['z2m/x', {linkquality: 300}],
		['z2m/x', [1]],
		['zigbee2mqtt', {linkquality: 3}],
		['zigbee2mqtt/', {linkquality: 3}],
		['zigbee2mqtt/x', '{'],
		['', ''],
	] as const)
		t.is(recognise(topic, payload), 0, topic);
});

/** Channels with their units that a message of this device can have at all. */
function allowed(decoded: Decoded): ReadonlySet<string> {
	return 'refused' in decoded
		? new Set()
		: new Set(decoded.readings.flatMap(one => ('refused' in one ? [] : [`${one.channel.name} ${one.unit}`])));
}

test('no flipped bit of a published message makes a reading with a unit or a part that the device does not have', t => {
	const data = publishedMessages(t);
	if (data === undefined) return;
	const decoder = open();
	const [list] = data.read('bridgeDevices.json');
	decoder.learn!({topic: list!.topic, payload: bytes(list!.payload), arrivedAtMs});
	let readings = 0;
	for (const {topic, payload} of data.read('deviceState.json')) {
		const whole = bytes(payload);
		const fit = allowed(decode(decoder, topic, payload));
		for (let bit = 0; bit < whole.length * 8; bit += 1) {
			const flipped = Buffer.from(whole);
			flipped[bit >> 3]! ^= 1 << (bit & 7);
			for (const one of allowed(decoder.decode({topic, payload: flipped, arrivedAtMs, deviceId: 'd'}))) {
				readings += 1;
				if (!fit.has(one)) t.fail(`${topic} bit ${bit}: ${one}`);
			}
		}
	}
	t.true(readings > 1000);
});

test('no list of devices and no message makes the decoder throw', t => {
	const expose = fc.record(
		{
			type: fc.constantFrom('numeric', 'binary', 'switch', 'composite', 3),
			name: fc.anything(),
			property: fc.constantFrom('power', 'power_phase_b', 'state', 'x', '__proto__', 7),
			unit: fc.constantFrom('W', 'kW', '', null, 'constructor'),
			access: fc.constantFrom(0, 1, 2, 7, 'a', null),
			features: fc.anything(),
			value_on: fc.anything(),
		},
		{requiredKeys: []},
	);
	const device = fc.record(
		{
			friendly_name: fc.constantFrom('x', 'y', '__proto__', 4),
			definition: fc.oneof(fc.anything(), fc.record({exposes: fc.oneof(fc.array(expose), fc.anything())})),
		},
		{requiredKeys: []},
	);
	fc.assert(
		fc.property(
			fc.array(fc.oneof(device, fc.anything())),
			fc.dictionary(fc.constantFrom('power', 'power_phase_b', 'state', 'x', 'contact', 'last_seen'), fc.jsonValue()),
			(list, message) => {
				const decoder = open();
				const text = JSON.stringify(list, (_, value) => (typeof value === 'bigint' ? String(value) : value));
				decoder.learn!({topic: 'zigbee2mqtt/bridge/devices', payload: bytes(text ?? ''), arrivedAtMs});
				decode(decoder, 'zigbee2mqtt/x', message);
			},
		),
	);
	t.pass();
});

test('no message of another make is recognised', t => {
	const folder = publishedData(t, 'payloads');
	if (folder === undefined) return;
	let looked = 0;
	for (const entry of readdirSync(folder, {recursive: true, withFileTypes: true})) {
		if (!entry.isFile() || entry.parentPath.includes('zigbee2mqtt')) continue;
		const payload = readFileSync(join(entry.parentPath, entry.name));
		for (const topic of ['meters/a', 'tele/a/SENSOR', 'shellies/a/emeter/0', 'spBv1.0/g/DDATA/n/d', 'v3/app/devices/d/up'])
			t.is(zigbee2mqttDecoder.recognise!({topic, payload}), undefined, `${entry.name} ${topic}`);
		looked += 1;
	}
	t.true(looked > 20);
});
