// What is proposed for messages of unknown devices: which mappings, which devices, and what is left to a person.
import test from 'ava';
import fc from 'fast-check';
import {parseConfig} from '../../agent/config.ts';
import {discover} from '../../agent/discovering.ts';
import {idPattern} from '../../agent/format/subject.ts';
import type {Heard} from '../../agent/ingest/collection.ts';
import {loadAllDecoders} from '../../agent/ingest/decoders/table.ts';
import {claimsOn, openProposal, type Proposal, propose, refine} from '../../agent/ingest/proposal.ts';
import {tryMessage} from '../../agent/ingest/trial.ts';
import {createSimSigner} from '../../sim/signing.ts';
import {publishedData} from '../helpers/published-data.ts';
import {publishedMessages} from '../helpers/published-messages.ts';

const decoders = await loadAllDecoders();
const arrivedAtMs = Date.UTC(2026, 2, 1, 12);
const lateAfterMs = 900_000;

const heard = (topic: string, payload: object | string | Uint8Array): Heard => ({
	topic,
	payload: payload instanceof Uint8Array ? payload : Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload)),
	isRetained: false,
	arrivedAtMs,
});

const proposed = (...messages: Heard[]): Proposal => propose(decoders, messages);
const readingsOf = ({mappings}: Proposal): unknown[] => mappings.map(({readings}) => readings);
const idsOf = ({devices}: Proposal): unknown[] => devices.map(({id, topicName, mappings}) => [id, topicName, mappings]);

test('devices of one format and topic pattern share a mapping, and what they have is brought together', t => {
	const proposal = proposed(heard('m/a', {temperature_c: 1.5}), heard('m/b', {power_w: 2}));
	t.deepEqual(readingsOf(proposal), [
		[
			{pointer: '/temperature_c', quantity: 'temperature', unit: 'Cel', optional: true},
			{pointer: '/power_w', quantity: 'active-power', unit: 'W', optional: true},
		],
	]);
	t.deepEqual(idsOf(proposal), [
		['a', 'a', ['json']],
		['b', 'b', ['json']],
	]);
});

test('devices that mean another thing by one name, or another name by one channel, get mappings of their own', t => {
	const proposal = proposed(
		heard('m/a', {room: {temperature_c: 1.5}}),
		heard('m/b', {temperature_c: 2}),
		heard('m/c', {at: '2026-03-01T12:00:00Z', temperature_c: 2}),
	);
	t.deepEqual(idsOf(proposal), [
		['a', 'a', ['json']],
		['b', 'b', ['json-2']],
		['c', 'c', ['json-3']],
	]);
	t.deepEqual(
		proposal.mappings.map(({time}) => time),
		[undefined, undefined, {pointer: '/at', format: 'iso'}],
	);
	const devices = openProposal(proposal, decoders);
	for (const name of ['a', 'b', 'c']) t.is((devices.route(`m/${name}`, undefined) as {device: {id: string}}).device.id, name);
});

test('a flood of devices that contradict each other is proposed for as far as anybody would read', t => {
	const messages = Array.from({length: 200}, (_, i) => heard(`m/d${i}`, {[`room${i}`]: {temperature_c: 1}, power_w: 2}));
	const proposal = proposed(...messages);
	t.is(proposal.mappings.length, 64);
	t.is(proposal.devices.length, 64);
	t.regex(proposal.leftOut[0] ?? '', /^json on m\/\{device\}: more than 64 kinds of devices contradict each other, such as d64$/);
	t.is(proposed(...Array.from({length: 400}, (_, i) => heard(`a${i}/d`, {power_w: 2}))).mappings.length, 256);
});

test('a time that not all messages of a device have is not demanded of them', t => {
	const [mapping] = proposed(heard('m/a', {at: '2026-03-01T12:00:00Z', power_w: 2}), heard('m/a', {temperature_c: 2})).mappings;
	t.is(mapping?.time, undefined);
});

test('two values of one quantity get parts by their names', t => {
	const proposal = proposed(heard('m/a', {oven_temperature_c: 1, room_temperature_c: 2}), heard('m/a', {room_temperature_c: 3}));
	t.deepEqual(
		proposal.mappings[0]?.readings.map(({pointer, part}) => [pointer, part]),
		[
			['/oven_temperature_c', 'oven_temperature_c'],
			['/room_temperature_c', 'room_temperature_c'],
		],
	);
});

test('the surest decoder wins a topic, and the others are named', t => {
	const message = heard('tele/plug/SENSOR', {Time: '2026-03-01T12:00:00', ENERGY: {Total: 5.5}, room_temperature_c: 20});
	t.deepEqual(
		claimsOn(decoders, message).map(({format, found}) => [format, found.sureness]),
		[
			['tasmota', 90],
			['json', 20],
		],
	);
	const {mappings} = proposed(message);
	t.deepEqual(
		mappings.map(({format, wantsZone, others}) => [format, wantsZone, [...others]]),
		[['tasmota', true, [['json', 20]]]],
	);
});

test('what Home Assistant is told of a device that another decoder reads makes no second device', t => {
	const config = {
		state_topic: 'zigbee2mqtt/lamp',
		unit_of_measurement: '°C',
		device_class: 'temperature',
		unique_id: 'u',
		value_template: '{{ value_json.temperature }}',
	};
	const proposal = proposed(
		heard('homeassistant/sensor/lamp/t/config', config),
		heard('zigbee2mqtt/lamp', {temperature: 1, linkquality: 9}),
	);
	t.deepEqual(idsOf(proposal), [['lamp', 'lamp', ['zigbee2mqtt']]]);
});

test('telemetry and answers of one Tasmota are one device, and a name that two makes share is two', t => {
	const sensor = {Time: '2026-03-01T12:00:00+00:00', ENERGY: {Total: 5.5}};
	const proposal = proposed(
		heard('tele/plug/SENSOR', sensor),
		heard('stat/plug/STATUS8', {StatusSNS: sensor}),
		heard('zigbee2mqtt/plug', {linkquality: 3}),
	);
	t.deepEqual(
		(idsOf(proposal) as [string, string, string[]][]).sort(([a], [b]) => (a < b ? -1 : 1)),
		[
			['plug', 'plug', ['zigbee2mqtt']],
			['plug-tasmota', 'plug', ['tasmota', 'tasmota-2']],
		],
	);
});

test('a pattern without a place for the device has one device, and the others are told', t => {
	const telemetry = {temperature: 20.5};
	const proposal = proposed(heard('v1/devices/me/telemetry', telemetry));
	t.deepEqual(idsOf(proposal), [['me', 'me', ['thingsboard']]]);
	t.is(proposal.mappings[0]?.topic, 'v1/devices/me/telemetry');
});

test('ids are clean, of their own, and the same for the same messages', t => {
	const names = ['küche', 'kuche', 'kü/che', 'k/che', '日本', '東京', 'a b', 'a-b', '9', '_'];
	const messages = names.map(name => heard(`zigbee2mqtt/${name}`, {linkquality: 3}));
	const proposal = proposed(...messages);
	const ids = proposal.devices.map(({id}) => id);
	t.is(new Set(ids).size, names.length);
	for (const id of ids) t.regex(id, idPattern);
	t.deepEqual(
		proposal.devices.map(({topicName}) => topicName),
		names,
	);
	t.is(proposal.devices.find(({topicName}) => topicName === 'kuche')?.id, 'kuche');
	t.deepEqual(idsOf(proposed(...messages)), idsOf(proposal));
});

test('what prints more digits than its channel holds gets a finer exponent', t => {
	const messages = [heard('m/a', {temperature_c: 21.3333333333}), heard('m/a', {energy_kwh: 12_345.678_901_2})];
	const proposal = refine(propose(decoders, messages), decoders, messages, {lateAfterMs});
	const devices = openProposal(proposal, decoders);
	for (const message of messages) {
		const {readings} = tryMessage(message, {devices, lateAfterMs});
		t.is(readings.length, 1);
		t.false('refused' in readings[0]!);
	}
});

test('a device that signs is switched off until somebody knows its key', async t => {
	const signer = createSimSigner('seed', 'a', {form: 'jws'});
	const messages = [heard('m/a', String(signer.sign('{"temperature_c":1.5}')))];
	const proposal = propose(decoders, messages);
	t.regex(proposal.devices[0]?.problem ?? '', /are signed \(jws\)/);
	const {text} = await discover({messages, zone: undefined, ownZone: undefined, whole: undefined, notes: []});
	t.regex(text, /^# {2}- id: a$/m);
	t.regex(text, /^# {4}publicKey:/m);
	t.deepEqual(parseConfig(`log: {name: a}\n${text}`, 'k').config.devices, []);
});

test('a mapping that nobody could guess the readings of is switched off with its devices', async t => {
	const messages = [
		heard('application/1/device/0101010101010101/event/up', {deviceInfo: {devEui: '0101010101010101'}, fPort: 1, data: 'qg=='}),
		heard('spBv1.0/g/NDATA/edge', Uint8Array.of()),
	];
	const {text, proposal} = await discover({messages, zone: undefined, ownZone: undefined, whole: undefined, notes: []});
	t.deepEqual(proposal.mappings.map(({format, problem}) => [format, problem !== undefined]).sort(), [
		['chirpstack', true],
		['sparkplug', true],
	]);
	const {config} = parseConfig(`log: {name: a}\n${text}`, 'k');
	t.deepEqual([config.mappings, config.devices], [{}, []]);
	// Whoever takes the marks away has a config that is whole, but for what only he knows.
	const on = text.replace(/^#(?! )|^#(?= {2,}(?:- )?[\w"-]+:| {6}- \{)/gm, '');
	t.is(parseConfig(`log: {name: a}\n${on}`, 'k').config.devices.length, 2);
});

test('no two decoders are as sure of one published message', t => {
	const folder = publishedData(t, 'payloads');
	if (folder === undefined) return;
	for (const {folder: own, name, topic, payload} of publishedMessages(folder)) {
		const [first, second] = claimsOn(decoders, {topic, payload});
		t.not(first?.found.sureness ?? 0, second?.found.sureness ?? -1, `${own} ${name}: ${first?.format}, ${second?.format}`);
		// Each folder is named after its format, more or less.
		if (first !== undefined)
			t.true(own.startsWith(first.format) || (own === 'the-things-stack-v3' && first.format === 'tts'), `${own} ${name}: ${first.format}`);
	}
});

test('whatever comes on whatever topic, the proposal is a config', async t => {
	const topicArbitrary = fc.oneof(
		fc.string({minLength: 1, maxLength: 20, unit: 'binary'}),
		fc
			.tuple(fc.constantFrom('zigbee2mqtt', 'tele', 'm', 'shellies', 'a/b'), fc.string({minLength: 1, maxLength: 12, unit: 'binary'}))
			.map(parts => parts.join('/')),
	);
	const payloadArbitrary = fc.oneof(
		fc.dictionary(
			fc.constantFrom('temperature_c', 'power_w', 'linkquality', 'Time', 'at', 'x\ny', 'a/b~c_w'),
			fc.oneof(fc.double(), fc.string({unit: 'binary'}), fc.boolean()),
		),
		fc.string(),
	);
	await fc.assert(
		fc.asyncProperty(fc.array(fc.tuple(topicArbitrary, payloadArbitrary), {maxLength: 12}), async pairs => {
			const messages = pairs.map(([topic, payload]) => heard(topic, payload));
			const {text} = await discover({messages, zone: undefined, ownZone: undefined, whole: undefined, notes: ['x\ny']});
			parseConfig(`log: {name: a}\n${text}`, 'k');
			return !text.includes('would not compile');
		}),
		{numRuns: 60},
	);
	t.pass();
});
