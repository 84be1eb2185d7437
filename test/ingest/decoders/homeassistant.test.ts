import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import {exactValue} from '../../../agent/ingest/decoders/decoded.ts';
import type {Decoded, OpenDecoder} from '../../../agent/ingest/decoders/decoder.ts';
import {homeassistantDecoder} from '../../../agent/ingest/decoders/homeassistant.ts';
import {parseTemplate} from '../../../agent/ingest/decoders/homeassistant-template.ts';
import {compileMapping} from '../../../agent/ingest/mapping.ts';
import {publishedData} from '../../helpers/published-data.ts';

const arrivedAtMs = Date.UTC(2026, 10, 29);

function open(topic = 'home/{device}/#'): OpenDecoder {
	const mapping = compileMapping({name: 'h', topic, format: 'homeassistant'}, homeassistantDecoder);
	if ('problem' in mapping) throw new Error(mapping.problem);
	return homeassistantDecoder.open(mapping);
}

const bytes = (value: unknown): Buffer =>
	Buffer.isBuffer(value) ? value : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));

const learn = (decoder: OpenDecoder, topic: string, payload: unknown): boolean =>
	decoder.learn!({topic: `homeassistant/${topic}/config`, payload: bytes(payload), arrivedAtMs});

const decode = (decoder: OpenDecoder, topic: string, payload: unknown): Decoded =>
	decoder.decode({topic, payload: bytes(payload), arrivedAtMs, deviceId: 'd'});

/** One line a reading: channel, exact value in the base unit, life of the counter; one line a refusal. */
function shown(decoded: Decoded): string[] {
	if ('refused' in decoded) return [decoded.refused];
	return decoded.readings.map(reading => {
		if ('refused' in reading) return `- ${reading.refused}`;
		const {channel, value, unit, measuredAtMs, counter} = reading;
		if (measuredAtMs !== 0) return 'a time that nobody claimed';
		const exact = value === null ? null : exactValue(channel, channel.exponent, value, unit);
		const number = exact === null ? 'none' : typeof exact === 'bigint' ? `${exact}e${channel.exponent}` : exact.refused;
		return `${channel.name} ${number}${counter === undefined ? '' : ` of ${counter}`}`;
	});
}

/** A sensor of the topic home/k/s, with the payload as its value unless a template says otherwise. */
const sensor = (deviceClass: string, unit?: string, more: object = {}): object => ({
	unique_id: 'u1',
	state_topic: 'home/k/s',
	device_class: deviceClass,
	...(unit === undefined ? {} : {unit_of_measurement: unit}),
	...more,
});
const counter = {state_class: 'total_increasing'};

const cases: readonly (readonly [name: string, component: string, config: object, payload: unknown, becomes: readonly string[]])[] = [
	['a temperature', 'sensor', sensor('temperature', '°C'), '21.25', ['temperature:u1 21250e0']],
	['a temperature in Fahrenheit', 'sensor', sensor('temperature', '°F'), '70.5', ['temperature-fahrenheit:u1 70500e0']],
	['a temperature in Kelvin', 'sensor', sensor('temperature', 'K'), '300', ['unit-wrong']],
	['a temperature without a unit', 'sensor', sensor('temperature'), '21', ['unit-wrong']],
	['a power', 'sensor', sensor('power', 'kW', {state_class: 'measurement'}), '-0.25', ['active-power:u1 -250000e-3']],
	['a counter of energy', 'sensor', sensor('energy', 'kWh', counter), '000123.456', ['active-energy:u1 123456000e-3']],
	['a balance of energy', 'sensor', sensor('energy', 'Wh', {state_class: 'total'}), '+5', ['active-energy:u1 5000e-3']],
	['an energy that does not say that it counts', 'sensor', sensor('energy', 'kWh'), '5', ['units-unknown']],
	['an energy that is measured', 'sensor', sensor('energy', 'kWh', {state_class: 'measurement'}), '5', ['units-unknown']],
	['a power that counts', 'sensor', sensor('power', 'W', counter), '5', ['units-unknown']],
	['gas', 'sensor', sensor('gas', 'm³', counter), '12.345', ['gas-volume:u1 12345e0']],
	['gas in cubic feet', 'sensor', sensor('gas', 'ft³', counter), '12', ['unit-wrong']],
	['water', 'sensor', sensor('water', 'L', counter), '12', ['water-volume:u1 12e0']],
	['a power factor without a unit', 'sensor', sensor('power_factor'), '0.97', ['power-factor:u1 970e-3']],
	['a power factor in per cent', 'sensor', sensor('power_factor', '%'), '97', ['power-factor:u1 970e-3']],
	['a flow', 'sensor', sensor('volume_flow_rate', 'L/min'), '0.5', ['volume-flow:u1 30000e-3']],
	['particles', 'sensor', sensor('pm25', 'µg/m³'), '7.5', ['pm25-concentration:u1 7500e-3']],
	['carbon monoxide by volume', 'sensor', sensor('carbon_monoxide', 'ppm'), '2', ['co-fraction:u1 2000e-3']],
	['carbon monoxide by weight', 'sensor', sensor('carbon_monoxide', 'mg/m³'), '2', ['co-concentration:u1 2000e0']],
	['a loudness as the ear hears', 'sensor', sensor('sound_pressure', 'dBA'), '40.5', ['sound-level-a:u1 40500e-3']],
	['a class that is no quantity here', 'sensor', sensor('timestamp'), '2026-01-01T00:00:00Z', ['readings-none']],
	['no class', 'sensor', {unique_id: 'u1', state_topic: 'home/k/s', unit_of_measurement: '°C'}, '21', ['readings-none']],
	['a class with the name of a method', 'sensor', sensor('constructor', '°C'), '21', ['readings-none']],
	['a setting', 'sensor', sensor('temperature', '°C', {entity_category: 'config'}), '21', ['readings-none']],
	['a number that somebody sets', 'number', sensor('temperature', '°C'), '21', ['readings-none']],
	['nan', 'sensor', sensor('temperature', '°C'), 'nan', ['temperature:u1 none']],
	['unavailable', 'sensor', sensor('temperature', '°C'), 'unavailable', ['temperature:u1 none']],
	['a word for a number', 'sensor', sensor('temperature', '°C'), 'warm', ['value-not-number']],
	['a hexadecimal number', 'sensor', sensor('temperature', '°C'), '0x10', ['value-not-number']],
	['a number with a unit behind it', 'sensor', sensor('temperature', '°C'), '21 °C', ['value-not-number']],
	['no payload', 'sensor', sensor('temperature', '°C'), '', ['no-reading']],
	['no UTF-8', 'sensor', sensor('temperature', '°C'), Buffer.from([0xff]), ['payload-malformed']],
	['a long text', 'sensor', sensor('temperature', '°C'), '1'.repeat(300), ['payload-malformed']],
	['{{ value }}', 'sensor', sensor('temperature', '°C', {value_template: '{{ value }}'}), '21', ['temperature:u1 21000e0']],
	['a path', 'sensor', sensor('temperature', '°C', {value_template: '{{ value_json.a.b }}'}), {a: {b: 21.5}}, ['temperature:u1 21500e0']],
	[
		'a path in brackets',
		'sensor',
		sensor('temperature', '°C', {value_template: "{{value_json['a b'][1]|float(0)}}"}),
		{'a b': [0, '21.5']},
		['temperature:u1 21500e0'],
	],
	[
		'a path that leads nowhere',
		'sensor',
		sensor('temperature', '°C', {value_template: '{{ value_json.a | default(0) }}'}),
		{b: 1},
		['readings-none'],
	],
	['a path to null', 'sensor', sensor('temperature', '°C', {value_template: '{{ value_json.a }}'}), {a: null}, ['temperature:u1 none']],
	['a path to an object', 'sensor', sensor('temperature', '°C', {value_template: '{{ value_json.a }}'}), {a: {}}, ['value-not-number']],
	['a path to true', 'sensor', sensor('temperature', '°C', {value_template: '{{ value_json.a }}'}), {a: true}, ['value-not-number']],
	[
		'a path into what is no JSON',
		'sensor',
		sensor('temperature', '°C', {value_template: '{{ value_json.a }}'}),
		'online',
		['payload-malformed'],
	],
	[
		'a whole number through int',
		'sensor',
		sensor('temperature', '°C', {value_template: '{{ value_json.a | int }}'}),
		{a: -3},
		['temperature:u1 -3000e0'],
	],
	[
		'a fraction through int',
		'sensor',
		sensor('temperature', '°C', {value_template: '{{ value_json.a | int }}'}),
		{a: 3.5},
		['value-inexact'],
	],
	[
		'a template that rounds',
		'sensor',
		sensor('temperature', '°C', {value_template: '{{ value_json.a | round(1) }}'}),
		{a: 3.55},
		['template-unsupported'],
	],
	[
		'a template that computes',
		'sensor',
		sensor('power', 'W', {value_template: '{{ value_json.a * 1000 }}'}),
		{a: 3},
		['template-unsupported'],
	],
	[
		'the life of a counter',
		'sensor',
		sensor('energy', 'kWh', {
			state_class: 'total',
			value_template: '{{ value_json.e }}',
			last_reset_value_template: '{{ value_json.since }}',
		}),
		{e: 1, since: '2026-01-01'},
		['active-energy:u1 1000000e-3 of 2026-01-01'],
	],
	['a door', 'binary_sensor', sensor('door'), 'ON', ['door:u1 1e0']],
	['a leak', 'binary_sensor', sensor('moisture', undefined, {payload_on: 'wet', payload_off: 'dry'}), 'dry', ['leak:u1 0e0']],
	[
		'a contact that is true when closed',
		'binary_sensor',
		sensor('door', undefined, {value_template: "{{ value_json['contact'] }}", payload_on: false, payload_off: true}),
		{contact: false},
		['door:u1 1e0'],
	],
	[
		'a state by a number',
		'binary_sensor',
		sensor('motion', undefined, {value_template: '{{ value_json.m }}', payload_on: 1, payload_off: 0}),
		{m: 1},
		['occupancy:u1 1e0'],
	],
	['a state in another case', 'binary_sensor', sensor('door'), 'on', ['value-not-number']],
	['a state without a class', 'binary_sensor', {unique_id: 'u1', state_topic: 'home/k/s'}, 'ON', ['readings-none']],
	[
		'a switch',
		'switch',
		{unique_id: 'u1', state_topic: 'home/k/s', payload_on: 'go', state_on: 'going', state_off: 'gone'},
		'going',
		['on:u1 1e0'],
	],
	['a light', 'light', {unique_id: 'u1', state_topic: 'home/k/s'}, 'ON', ['readings-none']],
];

test('a state becomes what the description of it says', t => {
	for (const [name, component, config, payload, becomes] of cases) {
		const decoder = open();
		t.true(learn(decoder, `${component}/k/s`, config), name);
		t.deepEqual(shown(decode(decoder, 'home/k/s', payload)), [...becomes], name);
	}
});

test('before a description was heard nothing is read, whatever the payload looks like', t => {
	const decoder = open();
	for (const payload of ['21.5', {temperature: 21.5}, '']) t.deepEqual(shown(decode(decoder, 'home/k/s', payload)), ['units-unknown']);
	learn(decoder, 'sensor/k/s', sensor('temperature', '°C'));
	t.deepEqual(shown(decode(decoder, 'home/k/other', '21.5')), ['units-unknown']);
});

test('abbreviations and the base topic mean what the long names mean', t => {
	const decoder = open('kitchen/{device}/#');
	t.true(
		learn(decoder, 'sensor/esp/energy', {
			'~': 'kitchen/esp',
			stat_t: '~/sensor/energy/state',
			uniq_id: 'ESP energy',
			dev_cla: 'energy',
			unit_of_meas: 'kWh',
			stat_cla: 'total_increasing',
			val_tpl: '{{ value_json.e }}',
			avty_t: '~/status',
			dev: {ids: 'esp', mf: 'Maker', mdl: 'One'},
		}),
	);
	const [only] = shown(decode(decoder, 'kitchen/esp/sensor/energy/state', {e: 1.5}));
	t.regex(only!, /^active-energy:ESP_energy-[0-9a-f]{8} 1500000e-3$/);
	t.deepEqual(shown(decode(decoder, 'kitchen/esp/status', 'online')), ['no-reading']);
});

test('the description of a device is of all its components', t => {
	const decoder = open();
	t.true(
		learn(decoder, 'device/k', {
			dev: {ids: 'k'},
			o: {name: 'made-up'},
			state_topic: 'home/k/state',
			avty: [{t: 'home/k/online'}],
			cmps: {
				t: {p: 'sensor', dev_cla: 'temperature', unit_of_meas: '°C', val_tpl: '{{ value_json.t }}', uniq_id: 'k_t'},
				h: {platform: 'sensor', device_class: 'humidity', unit_of_measurement: '%', value_template: '{{ value_json.h }}'},
				d: {p: 'binary_sensor', dev_cla: 'door', stat_t: 'home/k/door', uniq_id: 'k_d'},
				gone: {p: 'sensor'},
				broken: null,
			},
		}),
	);
	t.deepEqual(shown(decode(decoder, 'home/k/state', {t: 20, h: 55.5})), ['temperature:k_t 20000e0', 'relative-humidity:k_h 55500e0']);
	t.deepEqual(shown(decode(decoder, 'home/k/state', {h: 55.5})), ['relative-humidity:k_h 55500e0']);
	t.deepEqual(shown(decode(decoder, 'home/k/door', 'OFF')), ['door:k_d 0e0']);
	t.deepEqual(shown(decode(decoder, 'home/k/online', 'online')), ['no-reading']);
});

test('a channel keeps its name whatever is described after it', t => {
	const decoder = open();
	learn(decoder, 'sensor/k/s', sensor('temperature', '°C'));
	const before = shown(decode(decoder, 'home/k/s', '21'));
	learn(decoder, 'sensor/k/other', {...sensor('temperature', '°C'), unique_id: 'u2', state_topic: 'home/k/2'});
	learn(decoder, 'sensor/k/more', {...sensor('humidity', '%'), unique_id: 'u3', state_topic: 'home/k/3'});
	t.deepEqual(shown(decode(decoder, 'home/k/s', '21')), before);
});

test('a description is replaced by the next one and taken back by an empty one', t => {
	const decoder = open();
	t.true(learn(decoder, 'sensor/k/s', sensor('temperature', '°C')));
	t.true(learn(decoder, 'sensor/k/s', sensor('temperature', '°F')));
	t.deepEqual(shown(decode(decoder, 'home/k/s', '70')), ['temperature-fahrenheit:u1 70000e0']);
	for (const payload of ['{', 'null', '[]', '7']) t.false(learn(decoder, 'sensor/k/s', payload));
	t.deepEqual(shown(decode(decoder, 'home/k/s', '70')), ['temperature-fahrenheit:u1 70000e0']);
	t.true(learn(decoder, 'sensor/k/s', ''));
	t.deepEqual(shown(decode(decoder, 'home/k/s', '70')), ['units-unknown']);
	t.false(learn(decoder, 'sensor/k/s', ''));
});

test('two descriptions of the same are one, and two that contradict each other are none', t => {
	const decoder = open();
	const one = {...sensor('temperature', '°C'), value_template: '{{ value_json.t }}'};
	learn(decoder, 'sensor/k/s', one);
	learn(decoder, 'device/k', {components: {t: {platform: 'sensor', ...one}}});
	t.deepEqual(shown(decode(decoder, 'home/k/s', {t: 1, u: 2})), ['temperature:u1 1000e0']);
	learn(decoder, 'device/k', {components: {t: {platform: 'sensor', ...one, value_template: '{{ value_json.u }}'}}});
	t.deepEqual(shown(decode(decoder, 'home/k/s', {t: 1, u: 2})), ['- units-unknown', '- units-unknown']);
	learn(decoder, 'device/k', {components: {t: {platform: 'sensor', ...one, unit_of_measurement: '°F'}}});
	t.deepEqual(shown(decode(decoder, 'home/k/s', {t: 1, u: 2})), ['- units-unknown', '- units-unknown']);
	learn(decoder, 'device/k', '');
	t.deepEqual(shown(decode(decoder, 'home/k/s', {t: 1, u: 2})), ['temperature:u1 1000e0']);
});

test('the same unique id in two devices of one mapping is two channels', t => {
	const decoder = open();
	learn(decoder, 'sensor/k/s', sensor('temperature', '°C'));
	learn(decoder, 'sensor/l/s', {...sensor('temperature', '°C'), state_topic: 'home/l/s'});
	t.deepEqual(shown(decode(decoder, 'home/k/s', '1')), ['temperature:u1 1000e0']);
	t.deepEqual(shown(decode(decoder, 'home/l/s', '2')), ['temperature:u1 2000e0']);
});

test('what is not of the mapping is not remembered, and what is no description is not learned', t => {
	const decoder = open('elsewhere/{device}');
	t.false(learn(decoder, 'sensor/k/s', sensor('temperature', '°C')));
	const home = open();
	for (const topic of [
		'homeassistant/status',
		'homeassistant/sensor/config',
		'homeassistant/a/b/c/d/config',
		'other/sensor/k/s/config',
		'home/k/s',
	])
		t.false(home.learn!({topic, payload: bytes(sensor('temperature', '°C')), arrivedAtMs}), topic);
	t.deepEqual(home.hears, ['homeassistant/+/+/config', 'homeassistant/+/+/+/config']);
	t.deepEqual(shown(decode(open('#'), 'homeassistant/sensor/k/s/config', sensor('temperature', '°C'))), ['no-reading']);
});

test('no more entities are remembered than the limit allows', t => {
	const decoder = open();
	const components = (from: number): object =>
		Object.fromEntries(
			Array.from({length: 256}, (_, i) => [
				`c${i}`,
				{platform: 'sensor', ...sensor('temperature', '°C'), unique_id: `u${from + i}`, state_topic: `home/k/${from + i}`},
			]),
		);
	for (let i = 0; i < 64; i += 1) t.true(learn(decoder, `device/k${i}`, {components: components(i * 256)}));
	t.false(learn(decoder, 'device/more', {components: components(64 * 256)}));
	t.deepEqual(shown(decode(decoder, 'home/k/1', '1')), ['temperature:u1 1000e0']);
	learn(decoder, 'device/k3', '');
	t.true(learn(decoder, 'device/more', {components: components(64 * 256)}));
});

const templates: readonly (readonly [text: string, path: string | undefined])[] = [
	['{{ value }}', ''],
	['{{value}}', ''],
	['{{- value -}}', ''],
	['{{ value | float }}', ''],
	['{{ value_json.a }}', 'a'],
	['{{ value_json.ENERGY.Power[0] }}', 'ENERGY/Power/0'],
	[`{{ value_json["a"]['b c'] | is_defined }}`, 'a/b c'],
	['{{ value_json.a|float(default=0)|int }}', 'a'],
	['{{ value.a }}', undefined],
	['{{ value * 2 }}', undefined],
	['{{ value_json.a / 10 }}', undefined],
	['{{ value_json.a | float / 10 }}', undefined],
	['{{ value_json.a | float * 2 }}', undefined],
	['{{ value_json.a | round(2) }}', undefined],
	['{{ value_json.a | multiply(10) }}', undefined],
	['{{ (value_json.a) }}', undefined],
	['{{ value_json.a }} ', 'a'],
	['{{ value_json.a }}0', undefined],
	['1{{ value_json.a }}', undefined],
	['{{ value_json.a }}{{ value_json.b }}', undefined],
	['{% if value %}1{% endif %}', undefined],
	['{{ value_json[a] }}', undefined],
	['{{ value_json.a() }}', undefined],
	['{{ value_json.a.b-1 }}', undefined],
	['{{ value_jsona }}', undefined],
	['{{ values }}', undefined],
	['{{ float(value) }}', undefined],
	['{{ value if value else 0 }}', undefined],
	['', undefined],
	[`{{ value_json${'.a'.repeat(17)} }}`, undefined],
];

test('only templates that point at a value are followed', t => {
	for (const [text, path] of templates) t.is(parseTemplate(text)?.path.join('/'), path, text);
});

test('no text between the braces makes the template parser slow or throw', t => {
	fc.assert(
		fc.property(
			fc.string({
				unit: fc.constantFrom('{', '}', '|', ' ', '.', '[', "'", ']', 'value_json', 'value', 'int', '(', ')', '-', 'a', '0'),
				maxLength: 80,
			}),
			text => {
				parseTemplate(text);
			},
		),
	);
	t.pass();
});

test('no description and no state makes the decoder throw', t => {
	const field = fc.oneof(
		fc.anything(),
		fc.constantFrom('home/k/s', '~/s', 'temperature', 'energy', '°C', 'kWh', '{{ value_json.a }}', 'total'),
	);
	const config = fc.dictionary(
		fc.constantFrom(
			'~',
			'stat_t',
			'state_topic',
			'dev_cla',
			'unit_of_meas',
			'val_tpl',
			'stat_cla',
			'uniq_id',
			'cmps',
			'dev',
			'avty',
			'p',
			'pl_on',
			'o',
			'__proto__',
		),
		field,
	);
	const text = (value: unknown): string => JSON.stringify(value, (_, one) => (typeof one === 'bigint' ? String(one) : one)) ?? '';
	fc.assert(
		fc.property(
			fc.constantFrom('sensor/k/s', 'device/k', 'binary_sensor/s', 'switch/k/s'),
			config,
			fc.dictionary(fc.string(), config),
			fc.jsonValue(),
			(topic, one, components, state) => {
				const decoder = open();
				learn(decoder, topic, text({...one, ...(topic.startsWith('device') ? {components} : {})}));
				learn(
					decoder,
					topic,
					text({
						state_topic: 'home/k/s',
						device_class: 'temperature',
						unit_of_measurement: '°C',
						value_template: '{{ value_json.a }}',
						...one,
					}),
				);
				decode(decoder, 'home/k/s', JSON.stringify(state));
				homeassistantDecoder.recognise!({topic: `homeassistant/${topic}/config`, payload: bytes(text(one))});
				learn(decoder, topic, '');
			},
		),
	);
	t.pass();
});

test('no flipped bit of a state makes a reading of another channel or unit', t => {
	const decoder = open();
	learn(decoder, 'device/k', {
		state_topic: 'home/k/s',
		cmps: {
			t: {p: 'sensor', dev_cla: 'temperature', unit_of_meas: '°C', val_tpl: '{{ value_json.t }}', uniq_id: 't'},
			e: {p: 'sensor', dev_cla: 'energy', stat_cla: 'total', unit_of_meas: 'kWh', val_tpl: '{{ value_json.e }}', uniq_id: 'e'},
		},
	});
	const whole = bytes({t: 21.5, e: '0012.5', x: [1, 2, {y: null}]});
	for (let bit = 0; bit < whole.length * 8; bit += 1) {
		const flipped = Buffer.from(whole);
		flipped[bit >> 3]! ^= 1 << (bit & 7);
		const decoded = decode(decoder, 'home/k/s', flipped);
		if ('refused' in decoded) continue;
		for (const one of decoded.readings)
			if (!('refused' in one))
				t.true(['temperature:t °C', 'active-energy:e kWh'].includes(`${one.channel.name} ${one.unit}`), `bit ${bit}`);
	}
});

test('a description proposes where the device stands in its topics', t => {
	const recognise = (topic: string, payload: unknown): unknown => homeassistantDecoder.recognise!({topic, payload: bytes(payload)});
	t.deepEqual(
		recognise('homeassistant/sensor/esp/energy/config', {
			...sensor('energy', 'kWh', counter),
			state_topic: 'house/esp/sensor/energy/state',
			dev: {mf: 'Maker', mdl: 'One'},
		}),
		{
			topic: 'house/{device}/#',
			device: 'esp',
			sureness: 85,
			make: 'Maker One',
		},
	);
	t.deepEqual(recognise('homeassistant/sensor/x/config', {...sensor('power', 'W'), state_topic: 'esp/sensor/power/state'}), {
		topic: '{device}/#',
		device: 'esp',
		sureness: 85,
	});
	t.deepEqual(
		recognise('homeassistant/sensor/0x01/temperature/config', {
			...sensor('temperature', '°C'),
			state_topic: 'zigbee2mqtt/0x01',
			o: {name: 'Zigbee2MQTT'},
		}),
		{topic: 'zigbee2mqtt/{device}', device: '0x01', sureness: 20},
	);
	for (const [topic, payload] of [
		['homeassistant/sensor/x/config', ''],
		['homeassistant/sensor/x/config', '{'],
		['homeassistant/sensor/x/config', sensor('timestamp')],
		['homeassistant/sensor/x/config', sensor('power', 'K')],
		['homeassistant/sensor/x/state', sensor('power', 'W')],
		['house/sensor/x/config', sensor('power', 'W')],
	] as const)
		t.is(recognise(topic, payload), undefined, topic);
});

test('no message of another make is recognised', t => {
	const folder = publishedData(t, 'payloads');
	if (folder === undefined) return;
	let looked = 0;
	for (const entry of readdirSync(folder, {recursive: true, withFileTypes: true})) {
		if (!entry.isFile() || entry.parentPath.includes('zigbee2mqtt')) continue;
		const payload = readFileSync(join(entry.parentPath, entry.name));
		for (const topic of ['meters/a', 'tele/a/SENSOR', 'shellies/a/emeter/0', 'spBv1.0/g/DDATA/n/d', 'v3/app/devices/d/up'])
			t.is(homeassistantDecoder.recognise!({topic, payload}), undefined, `${entry.name} ${topic}`);
		looked += 1;
	}
	t.true(looked > 20);
});
