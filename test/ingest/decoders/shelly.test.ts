// Messages of Shelly devices, of both families.
import test from 'ava';
import fc from 'fast-check';
import {qualities} from '../../../agent/format/entry.ts';
import type {DecodedReading} from '../../../agent/ingest/decoders/decoder.ts';
import {shellyDecoder} from '../../../agent/ingest/decoders/shelly.ts';
import {capturedIn, checkMutations, decodedText, decodeWith, othersThan} from './published.ts';

const decode = decodeWith(shellyDecoder);
const read = (topic: string, payload: unknown): string =>
	decodedText(decode(topic, Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload))));
const readingsOf = (topic: string, payload: unknown): readonly DecodedReading[] => {
	const decoded = decode(topic, Buffer.from(JSON.stringify(payload)));
	return 'refused' in decoded ? [] : decoded.readings.filter(reading => 'channel' in reading);
};
const notify = (params: object): object => ({src: 'shellypro-000000000000', dst: 'x/events', method: 'NotifyStatus', params});

/** What each captured line becomes, in order. A refusal says why. */
const captured = [
	'!no-reading: it says whether the device is online',
	'!no-reading: it describes the device',
	'!no-reading: it describes the device',
	'on:ch0=0 | input:ch0=0',
	'on:ch0=0',
	'input:ch0=0',
	'!no-reading: it is an event',
	'on:ch0=1',
	'on:ch0=0',
	'!no-reading: it says whether the device is online',
	'!no-reading: it is the status of components that measure nothing',
	'!no-reading: it says whether the device is online',
	'!no-reading: the status of mqtt holds no measured quantity',
	'2022-08-26T12:36:25.440Z voltage:ch0=232700',
	'on:ch0=0 | active-power:ch0=0 | voltage:ch0=232700 | current:ch0=0 | energy-import:ch0=0 | temperature:switch0=39200',
	'!no-reading: it is the status of components that measure nothing',
	'!no-reading: the status of sys holds no measured quantity',
	'2022-08-26T12:36:50.450Z temperature:switch0=44060',
	'on:ch0=0 | active-power:ch0=0 | voltage:ch0=232700 | current:ch0=0 | energy-import:ch0=0 | temperature:switch0=44100',
	'2022-08-26T12:37:01.440Z energy-import:ch0=0',
	'on:ch0=0 | active-power:ch0=0 | voltage:ch0=232800 | current:ch0=0 | energy-import:ch0=0 | temperature:switch0=45200',
	'2022-08-26T12:37:12.850Z on:ch0=1',
	'on:ch0=1 | active-power:ch0=0 | voltage:ch0=232600 | current:ch0=0 | energy-import:ch0=0 | temperature:switch0=46000',
	'!no-reading: it says whether the device is online',
	'!no-reading: it says whether the device is online',
	'!no-reading: it says whether the device is online',
	'!no-reading: it describes the device',
	'!no-reading: it describes the device',
	'on:ch0=0 | active-power:ch0=0 | power-factor:ch0=0 | current:ch0=10 | voltage:ch0=230350 | energy-import:ch0=0 | energy-export:ch0=0 | active-power:ch1=0 | power-factor:ch1=0 | current:ch1=10 | voltage:ch1=120 | energy-import:ch1=0 | energy-export:ch1=0 | active-power:ch2=0 | power-factor:ch2=0 | current:ch2=10 | voltage:ch2=90 | energy-import:ch2=0 | energy-export:ch2=0 | active-power=0',
	'on:ch0=0',
	'active-power:ch0=0',
	'power-factor:ch0=0',
	'current:ch0=10',
	'voltage:ch0=230350',
	'energy-import:ch0=0',
	'energy-export:ch0=0',
	'active-power:ch1=0',
	'power-factor:ch1=0',
	'current:ch1=10',
	'voltage:ch1=120',
	'energy-import:ch1=0',
	'energy-export:ch1=0',
	'active-power:ch2=0',
	'power-factor:ch2=0',
	'current:ch2=10',
	'voltage:ch2=90',
	'energy-import:ch2=0',
	'energy-export:ch2=0',
	'on:ch0=1',
	'on:ch0=0',
	'!no-reading: it says whether the device is online',
	'2024-02-17T14:25:56.300Z temperature:switch0=37670',
	'on:ch0=0 | temperature:switch0=37700',
	'2024-02-17T14:27:20.620Z input:ch0=0',
	'input:ch0=0',
	'2024-02-17T14:48:39.000Z input:ch0=0 | on:ch0=1 | temperature:switch0=54600',
	'!no-reading: it is the status of components that measure nothing',
	'voltage:ch0=117600 | current:ch0=16714 | active-power:ch0=-1899800 | apparent-power:ch0=1974500 | power-factor:ch0=820 | frequency:ch0=60000',
	'voltage:ch0=121000 | current:ch0=15487 | active-power:ch0=-1760200',
	'2026-09-07T22:43:18.370Z current:ch0=16714 | active-power:ch0=-1899800 | voltage:ch0=117600',
];

test('every captured message of a Shelly is read, or refused for a stated reason', t => {
	const messages = capturedIn(t, 'shelly');
	if (messages === undefined) return;
	t.is(messages.length, captured.length);
	for (const [i, {name, topic, payload}] of messages.entries()) t.is(decodedText(decode(topic, payload)), captured[i]!, name);
});

test('a changed byte in a captured message of a Shelly never throws and makes no other quantity', t => {
	const messages = capturedIn(t, 'shelly');
	if (messages !== undefined) checkMutations(t, decode, messages);
});

test('a notification is measured at its ts, which is no time while the clock counts from its own start', t => {
	const status = {'switch:0': {id: 0, apower: 12.5}};
	t.is(read('a/events/rpc', notify({ts: 1_700_000_000.25, ...status})), '2023-11-14T22:13:20.250Z active-power:ch0=12500');
	t.is(read('a/events/rpc', notify({ts: 1.61, ...status})), 'active-power:ch0=12500');
	t.is(read('a/events/rpc', notify({ts: 0, ...status})), 'active-power:ch0=12500');
	t.is(read('a/events/rpc', notify({ts: null, ...status})), 'active-power:ch0=12500');
	t.is(read('a/events/rpc', notify(status)), 'active-power:ch0=12500');
	for (const ts of ['1700000000', true, -5, [], {}])
		t.regex(read('a/events/rpc', notify({ts, ...status})), /^!time-malformed/, JSON.stringify(ts));
});

test('energies of later generations are Wh and never by_minute', t => {
	const aenergy = {total: 1234.567, by_minute: [100.5, 99.1, 98.7], minute_ts: 1_700_000_000};
	t.is(
		read('a/status/switch:2', {id: 2, output: true, aenergy, ret_aenergy: {...aenergy, total: 0.001}}),
		'on:ch2=1 | energy-absolute:ch2=1234567 | energy-import:ch2=1234566 | energy-export:ch2=1',
	);
	t.is(read('a/status/pm1:0', {id: 0, aenergy: {by_minute: [1, 2, 3]}}), '!readings-none: the status of pm1:0 holds no measured quantity');
	t.is(
		read('a/status/em1data:1', {id: 1, total_act_energy: 24.07, total_act_ret_energy: 5}),
		'energy-import:ch1=24070 | energy-export:ch1=5000',
	);
});

test('what a switch or a power meter returns stands in its total too, and is no import', t => {
	const decode = decodeWith(shellyDecoder);
	const bytes = (message: object): Uint8Array => Buffer.from(JSON.stringify(message));
	const of = (device: string, status: object, component = 'pm1:0'): string =>
		decodedText(decode(`${device}/status/${component}`, bytes({id: 0, ...status})));
	// A balcony's panels and nothing else.
	t.is(
		of('a', {aenergy: {total: 69.437}, ret_aenergy: {total: 69.4}}),
		'energy-absolute:ch0=69437 | energy-import:ch0=37 | energy-export:ch0=69400',
	);
	t.is(of('a', {ret_aenergy: {total: 5}, aenergy: {total: 5}}), 'energy-export:ch0=5000 | energy-absolute:ch0=5000 | energy-import:ch0=0');
	// A notification may hold what has changed only; the other device has one direction.
	t.is(of('a', {aenergy: {total: 70}}), 'energy-absolute:ch0=70000');
	t.is(of('a', {aenergy: {total: 70}}, 'pm1:1'), 'energy-import:ch1=70000');
	t.is(of('b', {aenergy: {total: 70}}), 'energy-import:ch0=70000');
	const notify = {src: 'a', method: 'NotifyStatus', params: {ts: 1_700_000_000, 'pm1:0': {aenergy: {total: 71}}}};
	t.is(decodedText(decode('a/events/rpc', bytes(notify))), '2023-11-14T22:13:20.000Z energy-absolute:ch0=71000');
	t.is(
		decodedText(decode('a/rpc', bytes({id: 1, result: {id: 0, apower: 1, aenergy: {total: 72}}}))),
		'active-power:ch0=1000 | energy-absolute:ch0=72000',
	);
	t.is(of('a', {aenergy: {total: null}, ret_aenergy: {total: 1}}), 'energy-absolute:ch0=none | energy-export:ch0=1000');
	t.is(of('a', {aenergy: {total: '1'}, ret_aenergy: {total: 'x'}}), 'energy-absolute:ch0=1000 | energy-export:ch0=!value-not-number');
});

test('a three-phase meter has its phases and the sums that it prints itself', t => {
	const em = {
		id: 0,
		a_current: 4.029,
		a_voltage: 236.1,
		a_act_power: 951.2,
		a_pf: 0.98,
		b_act_power: -1.5,
		n_current: null,
		total_act_power: 949.8,
	};
	const emdata = {
		id: 0,
		a_total_act_energy: 0.01,
		b_total_act_energy: 0.02,
		a_total_act_ret_energy: 7,
		total_act: 0.04,
		total_act_ret: 7.01,
	};
	t.is(
		read('a/events/rpc', {...notify({ts: 1_700_000_000, 'em:0': em, 'emdata:0': emdata}), method: 'NotifyFullStatus'}),
		'2023-11-14T22:13:20.000Z current:L1=4029 | voltage:L1=236100 | active-power:L1=951200 | power-factor:L1=980 | active-power:L2=-1500 | active-power=949800 | energy-import:L1=10 | energy-import:L2=20 | energy-export:L1=7000 | energy-import=40 | energy-export=7010',
	);
	t.is(read('a/status/em:1', {id: 1, a_voltage: 230, total_act_power: 1}), 'voltage:ch1-L1=230000 | active-power:ch1=1000');
	// What one phase's failure says of its readings, it does not say of the others.
	const failed = readingsOf('a/status/em:0', {a_voltage: 500, a_errors: ['out_of_range:voltage'], b_voltage: 230, total_current: 1});
	t.deepEqual(
		failed.map(reading => reading.quality),
		[qualities.invalid, 0, 0],
	);
	t.is(readingsOf('a/status/em:0', {a_voltage: 1, errors: ['power_meter_failure']})[0]?.quality, qualities.invalid);
	t.is(readingsOf('a/status/switch:0', {voltage: 270, errors: ['overvoltage']})[0]?.quality, 0);
});

test('an answer says by its members which component it is of', t => {
	const answer = (result: object): string => read('me/rpc', {id: 1, src: 'shellypro-000000000000', dst: 'me', result});
	t.is(answer({id: 0, a_voltage: 230.1, total_act_power: 5}), 'voltage:L1=230100 | active-power=5000');
	t.is(answer({id: 0, a_total_act_energy: 1.5, total_act: 4.5}), 'energy-import:L1=1500 | energy-import=4500');
	t.is(answer({id: 1, total_act_energy: 1.5}), 'energy-import:ch1=1500');
	t.is(answer({id: 1, act_power: 3, voltage: 120}), 'active-power:ch1=3000 | voltage:ch1=120000');
	t.is(answer({id: 0, output: false, apower: 0}), 'on:ch0=0 | active-power:ch0=0');
	t.is(answer({id: 0, apower: 7}), 'active-power:ch0=7000');
	t.is(answer({id: 0, state: 'open', apower: 7, current_pos: 55}), 'active-power:cover0=7000 | position:cover0=55000');
	t.is(answer({id: 100, tC: 21.5, tF: 70.7}), 'temperature:ch100=21500');
	t.is(answer({'switch:0': {id: 0, apower: 1}, sys: {unixtime: 1_700_000_000}}), '2023-11-14T22:13:20.000Z active-power:ch0=1000');
	t.regex(answer({id: 0, brightness: 50, apower: 1}), /^!no-reading/);
	t.regex(answer({restart_required: false}), /^!no-reading/);
	t.is(read('a/rpc', {id: 1, src: 'me', method: 'Shelly.GetStatus'}), '!no-reading: it is a request');
	t.is(read('a/rpc', {id: 1, src: 'me', error: {code: 404}}), '!no-reading: it is an answer without a status');
	t.is(read('a/events/rpc', {...notify({ts: 1, events: []}), method: 'NotifyEvent'}), '!no-reading: it is an event');
	t.is(read('a/events/rpc', {method: 'NotifyStatus'}), '!payload-malformed: NotifyStatus has no params');
	t.is(read('a/events/rpc', []), '!payload-malformed: the message is not an object');
	t.is(read('a/events/rpc', notify({ts: 1, 'switch:0': 3})), '!payload-malformed: the status of switch:0 is not an object');
});

test('sensors, batteries and covers have channels of their own', t => {
	t.is(read('a/status/temperature:0', {id: 0, tC: null, errors: ['read']}), 'temperature:ch0=none');
	t.is(read('a/status/humidity:0', {id: 0, rh: 54.3}), 'relative-humidity:ch0=54300');
	t.is(read('a/status/voltmeter:100', {id: 100, voltage: 4.321, xvoltage: 99}), 'voltage:ch100=4321');
	t.is(read('a/status/illuminance:0', {id: 0, lux: 12}), 'illuminance:ch0=12000');
	t.is(read('a/status/flood:0', {id: 0, alarm: true}), 'leak:ch0=1');
	t.is(read('a/status/smoke:0', {id: 0, alarm: false}), 'smoke:ch0=0');
	t.is(
		read('a/status/devicepower:0', {id: 0, battery: {V: 5.18, percent: 79}, external: {present: true}}),
		'voltage:battery=5180 | state-of-charge:battery=79000',
	);
	t.is(
		read('a/status/cover:0', {id: 0, current_pos: null, apower: 0, temperature: {tC: 40.1}}),
		'active-power:cover0=0 | temperature:cover0=40100',
	);
	t.is(read('a/status/input:1', {id: 1, state: null}), '!readings-none: the status of input:1 holds no measured quantity');
	t.regex(read('a/status/switch:0x', {apower: 1}), /^!no-reading/);
	t.regex(read('a/status/switch:', {apower: 1}), /^!no-reading/);
});

test('relays of the first generation count watt-minutes, meters Wh', t => {
	t.is(read('shellies/p/relay/0/energy', '1'), 'energy-import-joule:ch0=60');
	t.is(read('shellies/p/relay/0/energy', '12345'), 'energy-import-joule:ch0=740700');
	t.is(read('shellies/p/relay/energy', '7'), 'energy-import-joule=420');
	t.is(read('shellies/p/relay/1/power', '12.34'), 'active-power:ch1=12340');
	t.is(read('shellies/p/emeter/0/total', '12345.6'), 'energy-import:ch0=12345600');
	t.is(read('shellies/p/emeter/0/total_returned', '0.1'), 'energy-export:ch0=100');
	t.is(read('shellies/p/emeter/0/reactive_power', '-3.5'), 'reactive-power:ch0=-3500');
	for (const other of ['energy', 'returned_energy']) t.regex(read(`shellies/p/emeter/0/${other}`, '5'), /^!readings-none/);
	t.is(
		read('shellies/p/info', {
			unixtime: 1_700_000_000,
			relays: [{ison: true}, {ison: false}],
			meters: [
				{power: 5.5, is_valid: true, total: 90},
				{power: 100, is_valid: true},
			],
			temperature: 50.2,
			tmp: {tC: 50.2, tF: 122.4, is_valid: true},
			ext_temperature: {0: {hwID: 'a', tC: 20.5, tF: 68.9}},
		}),
		'2023-11-14T22:13:20.000Z on:ch0=1 | on:ch1=0 | active-power:ch0=5500 | energy-import-joule:ch0=5400 | temperature:device=50200 | temperature:ext0=20500',
	);
	const [invalid] = readingsOf('shellies/p/info', {emeters: [{power: 0, is_valid: false}]});
	t.is(invalid?.quality, qualities.invalid);
});

test('a scalar that is not the number or word of its topic is refused', t => {
	t.is(read('shellies/p/relay/0', 'overpower'), 'on:ch0=0');
	for (const payload of ['ON', 'true', '', '1', 'on ', 'x'.repeat(100)])
		t.regex(read('shellies/p/relay/0', payload), /^!value-not-number/, payload);
	for (const payload of ['', 'nan', '0x10', '1,5', '--1'])
		t.regex(read('shellies/p/emeter/0/power', payload), /^!value-not-number/, payload);
	t.is(read('shellies/p/emeter/0/power', 'null'), 'active-power:ch0=none');
	t.regex(read('shellies/p/emeter/0/power', '{}'), /^!value-not-number/);
	t.regex(read('shellies/p/emeter/0/power', '1'.repeat(100)), /^!payload-malformed/);
	t.is(read('shellies/p/emeter/0/power', 'true'), 'active-power:ch0=!value-not-number');
	for (const topic of ['', '/', 'a', 'x/y/z', 'shellies/p/emeter/1234/power', 'shellies/p/emeter/0/unknown', '0', '//0'])
		t.regex(read(topic, '1'), /^!readings-none/, topic);
});

test('a thermometer that does not say its unit is not read until its info has said it', t => {
	const own = decodeWith(shellyDecoder);
	const say = (topic: string, payload: string): string => decodedText(own(topic, Buffer.from(payload)));
	t.regex(say('shellies/ht/sensor/temperature', '70.5'), /^!units-unknown/);
	t.is(say('shellies/ht/sensor/humidity', '51.5'), 'relative-humidity=51500');
	t.is(say('shellies/ht/info', '{"tmp":{"value":70.5,"units":"F","tC":21.4,"tF":70.5}}'), 'temperature-fahrenheit=70500');
	t.is(say('shellies/ht/sensor/temperature', '70.5'), 'temperature-fahrenheit=70500');
	t.is(say('shellies/ht/info', '{"tmp":{"value":21.4,"units":"C","tC":21.4,"tF":70.5}}'), 'temperature=21400');
	t.is(say('shellies/ht/sensor/temperature', '21.4'), 'temperature=21400');
	t.regex(say('shellies/other/sensor/temperature', '21.4'), /^!units-unknown/);
});

test('nothing that a device may send makes it throw', t => {
	const topics = [
		'a/events/rpc',
		'a/rpc',
		'a/status',
		'a/status/em:0',
		'a/status/emdata:0',
		'a/info',
		'a/relay/0',
		'a/emeter/0/total',
		'a/sensor/temperature',
	];
	fc.assert(
		fc.property(
			fc.constantFrom(...topics),
			fc.oneof(
				fc.uint8Array({maxLength: 64}),
				fc.json().map(text => Buffer.from(text)),
			),
			(topic, payload) => {
				const decoded = decode(topic, payload);
				return 'refused' in decoded || decoded.readings.length > 0;
			},
		),
	);
	t.pass();
});

test('a Shelly is recognised by its topics and its own name, with one filter for all that it says', t => {
	const messages = capturedIn(t, 'shelly');
	if (messages === undefined) return;
	const filters = new Map<string, Set<string>>();
	for (const {topic, payload} of messages) {
		const found = shellyDecoder.recognise!({topic, payload});
		// One topic for all devices together.
		if (topic === 'shellies/announce') t.is(found, undefined);
		else filters.set(found!.device, (filters.get(found!.device) ?? new Set()).add(found!.topic));
	}
	t.deepEqual(
		[...filters].map(([device, topics]) => `${device.split('-')[0]} ${[...topics].join(' ')}`),
		[
			'shelly1 shellies/{device}/#',
			'plus1pm shellies/{device}/#',
			'shellyem3 shellies/shellies/{device}/#',
			'shellyplus1 {device}/#',
			'shellyplugpmg3 {device}/#',
			'shellyemg3 {device}/#',
		],
	);
});

test('no published message of another format is taken for a Shelly', t => {
	for (const {name, topic, payload} of othersThan(t, 'shelly'))
		t.is(shellyDecoder.recognise!({topic, payload}), undefined, `${name} on ${topic}`);
	t.pass();
});
