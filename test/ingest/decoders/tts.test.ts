import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {exactValue} from '../../../agent/ingest/decoders/decoded.ts';
import type {DecodedReading} from '../../../agent/ingest/decoders/decoder.ts';
import {loadAllDecoders} from '../../../agent/ingest/decoders/table.ts';
import {ttsDecoder} from '../../../agent/ingest/decoders/tts.ts';
import {compileMapping, type ReadingConfig} from '../../../agent/ingest/mapping.ts';
import {publishedData} from '../../helpers/published-data.ts';

const topic = 'v3/farm@ttn/devices/barn-3/up';
const temperature: ReadingConfig = {pointer: '/temperature', quantity: 'temperature', unit: '°C'};
const charge: ReadingConfig = {pointer: '/battery/level', quantity: 'state-of-charge', unit: '%', part: 'battery', optional: true};

function openWith(readings: readonly ReadingConfig[]) {
	const mapping = compileMapping({name: 'lora', topic: 'v3/+/devices/{device}/up', format: 'tts', readings}, ttsDecoder);
	if ('problem' in mapping) throw new Error(mapping.problem);
	const open = ttsDecoder.open(mapping);
	return (payload: unknown) => {
		const bytes =
			typeof payload === 'string' ? Buffer.from(payload) : payload instanceof Uint8Array ? payload : Buffer.from(JSON.stringify(payload));
		return open.decode({topic, payload: bytes, arrivedAtMs: 0, deviceId: 'barn-3'});
	};
}

/** `channel=value` in whole units of the channel, or the reason of a refusal; one text where the whole message is refused. */
function brief(decoded: ReturnType<ReturnType<typeof openWith>>): string | string[] {
	if ('refused' in decoded) return decoded.refused;
	return decoded.readings.map(reading => {
		if ('refused' in reading) return reading.refused;
		const value = reading.value === null ? 'none' : exactValue(reading.channel, reading.channel.exponent, reading.value, reading.unit);
		return `${reading.channel.name}=${typeof value === 'object' ? value.refused : value}`;
	});
}

function first(decoded: ReturnType<ReturnType<typeof openWith>>): DecodedReading {
	const reading = 'refused' in decoded ? undefined : decoded.readings[0];
	if (reading === undefined || 'refused' in reading) throw new Error('there is no reading');
	return reading;
}

const ids = {device_id: 'barn-3', application_ids: {application_id: 'farm'}, dev_eui: '70B3D57ED0000001', dev_addr: '260B1234'};
const uplink = {
	session_key_id: 'AYgfqhJ2mR0xT1c8Yw==',
	f_port: 2,
	f_cnt: 41,
	frm_payload: 'AQID',
	decoded_payload: {temperature: 21.4, battery: {level: 87}},
	rx_metadata: [{gateway_ids: {gateway_id: 'roof'}, time: '1980-01-06T00:00:12Z', rssi: -71, snr: 8.25}],
	settings: {frequency: '868100000', time: '1980-01-06T00:00:12Z'},
	received_at: '2026-11-29T06:00:01.123456789Z',
};
const message = {end_device_ids: ids, correlation_ids: ['as:up:1'], received_at: '2026-11-29T06:00:01.400000001Z', uplink_message: uplink};
const withUplink = (changes: object): object => ({...message, uplink_message: {...uplink, ...changes}});

test('an uplink becomes the readings that the mapping points at below decoded_payload', t => {
	const decode = openWith([temperature, charge]);
	t.deepEqual(brief(decode(message)), ['temperature=21400', 'state-of-charge:battery=87000']);
	t.like(first(decode(message)), {
		measuredAtMs: Date.parse('2026-11-29T06:00:01.123Z'),
		timeIsDevices: true,
		session: 'AYgfqhJ2mR0xT1c8Yw==',
		sequence: 41,
		quality: 0,
		spanMs: 0,
		counter: undefined,
	});
});

test('digits stay as the server prints them, and dust of doubles is refused rather than rounded', t => {
	const decode = openWith([temperature]);
	const printed = (digits: string) => JSON.stringify(withUplink({decoded_payload: {temperature: 'X'}})).replace('"X"', digits);
	t.deepEqual(brief(decode(printed('21.40'))), ['temperature=21400']);
	t.deepEqual(brief(decode(printed('-0.5'))), ['temperature=-500']);
	t.deepEqual(brief(decode(printed('21.400000000000002'))), ['temperature=value-inexact']);
	t.deepEqual(brief(decode(printed('null'))), ['temperature=none']);
	t.deepEqual(brief(decode(printed('{"value":1}'))), ['value-not-number']);
	t.deepEqual(brief(decode(printed('"warm"'))), ['temperature=value-not-number']);
	const fine = openWith([{...temperature, exponent: -12}]);
	t.deepEqual(brief(fine(printed('21.400000000000002'))), ['temperature=21400000000000002']);
});

test('a simulated uplink is refused whole, whatever simulated says unless it is false', t => {
	const decode = openWith([temperature]);
	for (const simulated of [true, 'true', 1, null]) t.is(brief(decode({...message, simulated})), 'not-measured', String(simulated));
	t.deepEqual(brief(decode({...message, simulated: false})), ['temperature=21400']);
	t.is(brief(decode({...message, uplink_message: undefined, join_accept: {}, simulated: true})), 'not-measured');
});

test('a frame counter that is left out is 0, and one that is no counter is refused', t => {
	const decode = openWith([temperature]);
	t.is(first(decode(withUplink({f_cnt: undefined}))).sequence, 0);
	t.is(first(decode(withUplink({f_cnt: 4_294_967_295}))).sequence, 4_294_967_295);
	for (const counter of [-1, 1.5, 4_294_967_296, '7', true, null]) t.is(brief(decode(withUplink({f_cnt: counter}))), 'sequence-malformed');
});

test('the session is the key of the session, else the address, and without both there is no numbering', t => {
	const decode = openWith([temperature]);
	t.is(first(decode(withUplink({session_key_id: undefined}))).session, '260B1234');
	const bare = {
		...message,
		end_device_ids: {device_id: 'barn-3'},
		uplink_message: {...uplink, session_key_id: undefined, f_cnt: undefined},
	};
	t.like(first(decode(bare)), {session: undefined, sequence: undefined});
	t.is(brief(decode(withUplink({session_key_id: 'x'.repeat(65)}))), 'sequence-malformed');
	t.is(brief(decode(withUplink({session_key_id: 7}))), 'sequence-malformed');
});

test("the time is the network server's, else the application server's, never a gateway's", t => {
	const decode = openWith([temperature]);
	t.is(first(decode(withUplink({received_at: undefined}))).measuredAtMs, Date.parse('2026-11-29T06:00:01.400Z'));
	t.is(first(decode(withUplink({received_at: '0001-01-01T00:00:00Z'}))).measuredAtMs, Date.parse('2026-11-29T06:00:01.400Z'));
	const none = {...message, received_at: undefined, uplink_message: {...uplink, received_at: undefined}};
	t.is(first(decode(none)).measuredAtMs, 0);
	t.is(first(decode({...none, received_at: '1970-01-01T00:00:05Z'})).measuredAtMs, 0);
	for (const broken of ['2026-13-01T00:00:00Z', '2026-11-29T06:00:01', 1_700_000_000, {}])
		t.is(brief(decode(withUplink({received_at: broken}))), 'time-malformed');
});

test('a pointer that begins with /normalized_payload starts at the uplink, and takes the time of its measurement', t => {
	const decode = openWith([
		{pointer: '/normalized_payload/0/air/temperature', quantity: 'temperature', unit: '°C', part: 'air'},
		{pointer: '/normalized_payload/1/air/temperature', quantity: 'temperature', unit: '°C', part: 'before', optional: true},
	]);
	const measured = (...measurements: readonly object[]) =>
		decode(withUplink({decoded_payload: undefined, normalized_payload: measurements}));
	t.deepEqual(brief(measured({air: {temperature: 3.25}})), ['temperature:air=3250']);
	const two = measured({air: {temperature: 3.25}}, {time: '2026-11-29T05:45:00Z', air: {temperature: 3.5}});
	t.deepEqual(brief(two), ['temperature:air=3250', 'temperature:before=3500']);
	const times = 'refused' in two ? [] : two.readings.map(reading => ('refused' in reading ? 0 : reading.measuredAtMs));
	t.deepEqual(times, [Date.parse('2026-11-29T06:00:01.123Z'), Date.parse('2026-11-29T05:45:00Z')]);
	t.is(first(measured({time: '1970-01-01T00:10:00Z', air: {temperature: 1}})).measuredAtMs, 0);
	t.deepEqual(brief(measured({time: '2026-02-30T00:00:00Z', air: {temperature: 1}})), ['time-malformed']);
	t.deepEqual(brief(measured({soil: {temperature: 1}})), ['field-missing']);
});

test('an uplink that nobody decoded, or that has nothing of the mapping, holds no readings', t => {
	const decode = openWith([charge]);
	t.is(brief(decode(withUplink({decoded_payload: undefined}))), 'readings-none');
	t.is(brief(decode(withUplink({decoded_payload: {other: 1}}))), 'readings-none');
	t.is(brief(decode(withUplink({decoded_payload: []}))), 'readings-none');
	t.deepEqual(brief(openWith([temperature])(withUplink({decoded_payload: {other: 1}}))), ['field-missing']);
});

test('what else the server says of a device holds no reading, and what it does not say is malformed', t => {
	const decode = openWith([temperature]);
	for (const event of [
		'join_accept',
		'downlink_queued',
		'downlink_sent',
		'downlink_ack',
		'downlink_nack',
		'downlink_failed',
		'downlink_queue_invalidated',
		'location_solved',
		'service_data',
		'uplink_normalized',
	])
		t.is(brief(decode({end_device_ids: ids, [event]: {decoded_payload: {temperature: 1}}})), 'no-reading', event);
	for (const foreign of [
		'',
		'{',
		'[]',
		'"x"',
		'1',
		'{}',
		'{"end_device_ids":{}}',
		'{"uplink_message":[]}',
		'{"uplink_message":{},"uplink_message":{}}',
		// Several objects in a row, as the storage prints them, and a missing comma, as pages of documentation do.
		`${JSON.stringify(message)}\n${JSON.stringify(message)}`,
		JSON.stringify(message).replace(',"f_port"', ' "f_port"'),
	])
		t.is(brief(decode(foreign)), 'payload-malformed', foreign);
});

/** What becomes of each published file, with a mapping that points at what their decoded payloads have. */
const expected: Readonly<Record<string, string | readonly string[]>> = {
	// The envelope of a command line around the message: on the topic stands the message itself.
	'enterprise-aws-ami-application-server-telemetry-0.json': 'payload-malformed',
	// A catalogue of what can happen, not what happened.
	'events.json': 'payload-malformed',
	// Answers of the HTTP interface.
	'integrations-application-packages-using-the-api-md-2.json': 'payload-malformed',
	'integrations-application-packages-using-the-api-md-4.json': 'payload-malformed',
	'integrations-application-packages-using-the-api-md-6.json': 'payload-malformed',
	'integrations-storage-enable-md-1.json': 'payload-malformed',
	'integrations-storage-retrieve-md-1.json': 'payload-malformed',
	'integrations-data-formats-1.json': 'no-reading',
	'integrations-data-formats-5.json': 'no-reading',
	'integrations-data-formats-7.json': 'no-reading',
	'integrations-data-formats-9.json': 'no-reading',
	'integrations-other-integrations-mqtt-0.json': 'no-reading',
	// An uplink of a device without a payload formatter.
	'integrations-other-integrations-mqtt-1.json': 'readings-none',
	'integrations-other-integrations-mqtt-4.json': 'no-reading',
};
const published: readonly ReadingConfig[] = [
	{pointer: '/temp', quantity: 'temperature', unit: '°C', optional: true},
	{pointer: '/voltage', quantity: 'voltage', unit: 'V', optional: true},
	{pointer: '/bat_percentage', quantity: 'state-of-charge', unit: '%', exponent: -12, optional: true},
	{pointer: '/occupied', quantity: 'on', optional: true},
];

test('every published message decodes or is refused for its reason', t => {
	const folder = publishedData(t, 'payloads', 'the-things-stack-v3');
	if (folder === undefined) return;
	const decode = openWith(published);
	const files = readdirSync(folder).filter(file => file.endsWith('.json'));
	t.deepEqual(files.sort(), Object.keys(expected).sort());
	for (const file of files) t.deepEqual(brief(decode(readFileSync(join(folder, file)))), expected[file]!, file);
});

test('the message within the published envelopes is an uplink like any other', t => {
	const folder = publishedData(t, 'payloads', 'the-things-stack-v3');
	if (folder === undefined) return;
	const decode = openWith(published);
	const within = (file: string, key: string) => {
		const text = readFileSync(join(folder, file), 'utf8');
		// Digits kept: the object after the key, up to the brace that closes it.
		const begin = text.indexOf('{', text.indexOf(`"${key}"`));
		let depth = 0;
		for (let at = begin; at < text.length; at += 1) {
			if (text[at] === '{') depth += 1;
			if (text[at] === '}') depth -= 1;
			if (depth === 0) return text.slice(begin, at + 1);
		}
		return '';
	};
	const wrapped = decode(within('enterprise-aws-ami-application-server-telemetry-0.json', 'payload'));
	t.like(first(wrapped), {session: 'AW+poh7YEnPnhTgVoA5a2A==', sequence: 13, measuredAtMs: Date.parse('2020-01-15T16:02:10.448Z')});
	const values =
		'refused' in wrapped
			? []
			: wrapped.readings.map(one =>
					'refused' in one ? one.refused : `${one.channel.name}=${exactValue(one.channel, -12, one.value as never, one.unit)}`,
				);
	t.deepEqual(values, ['temperature=6000000000000000', 'voltage=3600000000000000', 'state-of-charge=86666666666666670']);
	const stored = decode(within('integrations-storage-retrieve-md-1.json', 'result'));
	t.deepEqual(brief(stored), ['on=1']);
	// Whoever asked the store for some fields only has neither session nor counter.
	t.like(first(stored), {session: undefined, sequence: undefined, measuredAtMs: Date.parse('2021-02-04T19:19:28.681Z')});
});

/** The message with each bit flipped and each byte set to what JSON is sensitive to; of every so many bytes only. */
function* mutations(good: Uint8Array, every = 1): Generator<Uint8Array> {
	const bad = Buffer.from(good);
	for (let at = 0; at < good.length; at += every) {
		for (let bit = 0; bit < 8; bit += 1) {
			bad[at] = good[at]! ^ (1 << bit);
			yield bad;
		}
		for (const byte of Buffer.from('"0}')) {
			bad[at] = byte;
			yield bad;
		}
		bad[at] = good[at]!;
	}
}

test('a damaged message never throws, and never makes a reading of another unit or channel', t => {
	const decode = openWith([temperature, charge]);
	const allowed = new Set(['temperature °C', 'state-of-charge:battery %']);
	const wrong: string[] = [];
	for (const bad of mutations(Buffer.from(JSON.stringify(message)))) {
		const decoded = decode(bad);
		if (!('refused' in decoded))
			for (const one of decoded.readings)
				if (!('refused' in one) && !allowed.has(`${one.channel.name} ${one.unit}`)) wrong.push(Buffer.from(bad).toString('latin1'));
	}
	t.deepEqual(wrong, []);
});

test('a published message that holds no reading holds none when it is damaged', t => {
	const folder = publishedData(t, 'payloads', 'the-things-stack-v3');
	if (folder === undefined) return;
	const decode = openWith([...published, {pointer: '/temperature', quantity: 'temperature', unit: '°C', part: 'sent', optional: true}]);
	const wrong: string[] = [];
	for (const file of Object.keys(expected)) {
		const good = readFileSync(join(folder, file));
		// The large catalogue is cut: its first bytes break it as well as its last.
		for (const bad of mutations(good.subarray(0, 2000), 7)) if (!('refused' in decode(bad))) wrong.push(file);
	}
	t.deepEqual(wrong, []);
});

test('an uplink is recognised with its device, its model and what its keys plainly say', t => {
	const recognise = (payload: object, at = topic) => ttsDecoder.recognise!({topic: at, payload: Buffer.from(JSON.stringify(payload))});
	const known = recognise(
		withUplink({
			version_ids: {brand_id: 'acme', model_id: 'barn'},
			decoded_payload: {temperature: 21.4, BatV: 3.1, battery: 7, humidity: 150},
		}),
	);
	t.deepEqual(known, {
		topic: 'v3/farm@ttn/devices/{device}/up',
		device: 'barn-3',
		sureness: 98,
		make: 'acme barn',
		readings: [
			{pointer: '/temperature', quantity: 'temperature', unit: '°C', optional: true},
			{pointer: '/BatV', quantity: 'voltage', unit: 'V', part: 'battery', optional: true},
		],
	});
	t.deepEqual(recognise(withUplink({normalized_payload: [{air: {temperature: 1.5, location: 'indoor'}, battery: 3.2}]}))?.readings, [
		{pointer: '/normalized_payload/0/air/temperature', quantity: 'temperature', unit: '°C', part: 'air', optional: true},
		{pointer: '/normalized_payload/0/battery', quantity: 'voltage', unit: 'V', part: 'battery', optional: true},
	]);
	t.like(recognise(message, 'bridge/lora/barn-3'), {topic: 'bridge/lora/{device}', device: 'barn-3'});
	t.is(recognise({...message, simulated: true}), undefined);
	t.is(recognise({end_device_ids: ids, join_accept: {}}), undefined);
	t.deepEqual(recognise(withUplink({decoded_payload: undefined}))?.readings, []);
});

test('what is recognised makes a mapping that takes the message that it was seen in', t => {
	const payload = Buffer.from(JSON.stringify(withUplink({decoded_payload: {temp: 6, bat_percentage: 86.66666666666667, voltage: 3.6}})));
	const {readings, topic: filter} = ttsDecoder.recognise!({topic, payload})!;
	const mapping = compileMapping({name: 'lora', topic: filter, format: 'tts', readings: readings!}, ttsDecoder);
	if ('problem' in mapping) return t.fail(mapping.problem);
	t.is(mapping.deviceIn(topic), 'barn-3');
	const decoded = ttsDecoder.open(mapping).decode({topic, payload, arrivedAtMs: 0, deviceId: 'barn-3'});
	t.deepEqual(brief(decoded), ['temperature=6000', 'state-of-charge:battery=86666666666666670', 'voltage=3600']);
});

test('events of EPCIS are an export and not a feed: no decoder recognises them, and those here refuse them', async t => {
	const folder = publishedData(t, 'payloads', 'epcis-sensor', 'JSON', 'WithSensorData');
	if (folder === undefined) return;
	const decode = openWith([temperature]);
	const decoders = await loadAllDecoders();
	for (const file of readdirSync(folder)) {
		const payload = readFileSync(join(folder, file));
		for (const at of ['epcis/capture', 'site/fridge-1/events', topic, 'application/1/device/0101010101010101/event/up'])
			for (const decoder of decoders)
				t.is(decoder.recognise?.({topic: at, payload}), undefined, `${decoder.format} claims ${file} on ${at}`);
		t.is(brief(decode(payload)), 'payload-malformed', file);
	}
});
