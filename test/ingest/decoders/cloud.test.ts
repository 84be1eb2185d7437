import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import {alinkDecoder} from '../../../agent/ingest/decoders/alink.ts';
import {exactValue} from '../../../agent/ingest/decoders/decoded.ts';
import type {Decoded, Decoder} from '../../../agent/ingest/decoders/decoder.ts';
import {iotdaDecoder} from '../../../agent/ingest/decoders/iotda.ts';
import {loadAllDecoders} from '../../../agent/ingest/decoders/table.ts';
import {thingsboardDecoder} from '../../../agent/ingest/decoders/thingsboard.ts';
import {compileMapping, type ReadingConfig} from '../../../agent/ingest/mapping.ts';
import {publishedData} from '../../helpers/published-data.ts';

type Decode = (payload: object | string, topic?: string) => Decoded;

function openWith(decoder: Decoder, topic: string, readings: readonly ReadingConfig[]): Decode {
	const mapping = compileMapping({name: 'cloud', topic: '{device}', format: decoder.format, readings}, decoder);
	if ('problem' in mapping) throw new Error(mapping.problem);
	const open = decoder.open(mapping);
	return (payload, at = topic) => {
		const bytes = payload instanceof Uint8Array ? payload : Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload));
		return open.decode({topic: at, payload: bytes, arrivedAtMs: 0, deviceId: 'pump-1'});
	};
}

/** `channel=value` in whole units of the channel, with the time if there is one; or the reason of a refusal. */
function brief(decoded: Decoded): string | string[] {
	if ('refused' in decoded) return decoded.refused;
	return decoded.readings.map(reading => {
		if ('refused' in reading) return reading.refused;
		const value = reading.value === null ? 'none' : exactValue(reading.channel, reading.channel.exponent, reading.value, reading.unit);
		const time = reading.measuredAtMs === 0 ? '' : ` at ${new Date(reading.measuredAtMs).toISOString()}`;
		return `${reading.channel.name}=${typeof value === 'object' ? value.refused : value}${time}`;
	});
}

const atMs = Date.parse('2026-11-29T05:00:00.250Z');
const seenAt = ' at 2026-11-29T05:00:00.250Z';

const alinkTopic = '/sys/a1Key/pump-1/thing/event/property/post';
const alink = (params: object, changes: object = {}): object => ({
	id: '7',
	version: '1.0',
	sys: {ack: 0},
	params,
	method: 'thing.event.property.post',
	...changes,
});

test('properties of Alink are values, or values with their times', t => {
	const decode = openWith(alinkDecoder, alinkTopic, [
		{pointer: '/temperature', quantity: 'temperature', unit: '°C'},
		{pointer: '/Meter/total', quantity: 'energy-import', unit: 'kWh', optional: true},
		{pointer: '/Pump', quantity: 'on', optional: true},
	]);
	t.deepEqual(brief(decode(alink({temperature: {value: 23.6, time: atMs}}))), [`temperature=23600${seenAt}`]);
	t.deepEqual(brief(decode(alink({temperature: 23.6, Meter: {total: 12.5}, Pump: 1}))), [
		'temperature=23600',
		'energy-import=12500000',
		'on=1',
	]);
	t.deepEqual(brief(decode(alink({temperature: {value: 1}, Meter: {value: {total: 12.5}, time: atMs}}))), [
		'temperature=1000',
		`energy-import=12500000${seenAt}`,
	]);
	t.deepEqual(brief(decode(alink({temperature: {value: null, time: 12}}))), ['temperature=none']);
	t.deepEqual(brief(decode(alink({temperature: {value: 1, time: 'noon'}}))), ['time-malformed']);
	t.deepEqual(brief(decode(alink({Pump: 1}))), ['field-missing', 'on=1']);
	t.is(brief(openWith(alinkDecoder, alinkTopic, [{pointer: '/Pump', quantity: 'on', optional: true}])(alink({other: 1}))), 'readings-none');
});

test('what else Alink says holds no reading, and what is no Alink is malformed', t => {
	const decode = openWith(alinkDecoder, alinkTopic, [{pointer: '/temperature', quantity: 'temperature', unit: '°C'}]);
	t.is(brief(decode(alink({}, {method: 'thing.event.alarm.post'}))), 'no-reading');
	t.is(brief(decode(alink({}, {method: 'thing.service.property.set'}))), 'no-reading');
	t.is(brief(decode({id: '7', code: 200, data: {}})), 'no-reading');
	t.is(brief(decode(alink({}), `${alinkTopic}_reply`)), 'no-reading');
	for (const foreign of ['', '[]', '{}', '{"params":{}}', alink([]), alink({}, {method: 7})])
		t.is(brief(decode(foreign)), 'payload-malformed');
});

const iotdaTopic = '$oc/devices/pump-1/sys/properties/report';

test('properties of IoTDA are named by their service, and each service has its time', t => {
	const decode = openWith(iotdaDecoder, iotdaTopic, [
		{pointer: '/Air/temperature', quantity: 'temperature', unit: '°C'},
		{pointer: '/Meter/total', quantity: 'energy-import', unit: 'kWh', optional: true},
	]);
	const air = (temperature: unknown, event_time?: unknown): object => ({service_id: 'Air', properties: {temperature}, event_time});
	t.deepEqual(brief(decode({services: [air(21.5, '20261129T050000Z')]})), ['temperature=21500 at 2026-11-29T05:00:00.000Z']);
	t.deepEqual(brief(decode({services: [air(21.5, '2026-11-29T05:00:00.250Z')]})), [`temperature=21500${seenAt}`]);
	t.deepEqual(brief(decode({services: [air(21.5), {service_id: 'Meter', properties: {total: 3}}]})), [
		'temperature=21500',
		'energy-import=3000000',
	]);
	// Values of its store come as several services of one name.
	t.deepEqual(brief(decode({services: [air(1, '20261129T050000Z'), air(2, '20261129T051500Z')]})), [
		'temperature=1000 at 2026-11-29T05:00:00.000Z',
		'temperature=2000 at 2026-11-29T05:15:00.000Z',
	]);
	t.deepEqual(brief(decode({services: [air(1, '20261329T050000Z')]})), ['time-malformed']);
	t.deepEqual(brief(decode({services: [air(1, '19700101T000009Z')]})), ['temperature=1000']);
	t.deepEqual(brief(decode({services: []})), ['field-missing']);
	t.is(brief(decode({devices: [{device_id: 'x', services: [air(1)]}]})), 'payload-malformed');
	t.is(brief(decode({content: 'hello'}, '$oc/devices/pump-1/sys/messages/up')), 'no-reading');
	for (const foreign of ['', '[]', '{}', '{"services":{}}', '{"services":[1]}', '{"services":[{"service_id":"Air"}]}'])
		t.is(brief(decode(foreign)), 'payload-malformed', foreign);
});

const thingsboardTopic = 'v1/devices/me/telemetry';

test('telemetry of ThingsBoard is a map, one with a time, or a list of both', t => {
	const decode = openWith(thingsboardDecoder, thingsboardTopic, [
		{pointer: '/temperature', quantity: 'temperature', unit: '°C'},
		{pointer: '/door', quantity: 'door', optional: true},
	]);
	t.deepEqual(brief(decode({temperature: 4.25, door: true})), ['temperature=4250', 'door=1']);
	t.deepEqual(brief(decode({ts: atMs, values: {temperature: 4.25}})), [`temperature=4250${seenAt}`]);
	t.deepEqual(brief(decode([{ts: atMs, values: {door: false}}, {temperature: 5}, {ts: atMs + 1000, values: {temperature: 6}}])), [
		`door=0${seenAt}`,
		'temperature=5000',
		'temperature=6000 at 2026-11-29T05:00:01.250Z',
	]);
	t.deepEqual(brief(decode([{door: false}])), ['door=0', 'field-missing']);
	// Seconds where ms belong: a time of 1970, which is none.
	t.deepEqual(brief(decode({ts: 1_764_392_400, values: {temperature: 1}})), ['temperature=1000']);
	t.is(brief(decode({ts: 'now', values: {temperature: 1}})), 'time-malformed');
	t.deepEqual(brief(decode({temperature: {value: 1}})), ['value-not-number']);
	for (const other of ['v1/devices/me/attributes', 'v1/devices/me/rpc/request/7', 'v1/devices/me/attributes/request/1'])
		t.is(brief(decode({temperature: 1}, other)), 'no-reading');
	for (const foreign of ['', '1', '"x"', '[1]', 'null']) t.is(brief(decode(foreign)), 'payload-malformed', foreign);
});

test('none of them throws, whatever the bytes are', t => {
	const reading: ReadingConfig = {pointer: '/a/b', quantity: 'temperature', unit: '°C'};
	const decodes = [
		openWith(alinkDecoder, alinkTopic, [reading]),
		openWith(iotdaDecoder, iotdaTopic, [reading]),
		openWith(thingsboardDecoder, thingsboardTopic, [reading]),
	];
	fc.assert(
		fc.property(fc.uint8Array({maxLength: 40}), fc.json(), (bytes, json) => {
			for (const decode of decodes)
				for (const payload of [
					bytes,
					json,
					`{"method":"thing.event.property.post","params":${json}}`,
					`{"services":[${json}]}`,
					`{"ts":${json},"values":${json}}`,
				])
					decode(payload);
			for (const decoder of [alinkDecoder, iotdaDecoder, thingsboardDecoder])
				for (const topic of [alinkTopic, iotdaTopic, thingsboardTopic]) decoder.recognise!({topic, payload: Buffer.from(json)});
		}),
		{numRuns: 100},
	);
	t.pass();
});

test('each message is recognised by its own decoder, and makes a mapping that takes it', async t => {
	const decoders = await loadAllDecoders();
	const messages: readonly (readonly [format: string, topic: string, filter: string, payload: object, expected: readonly string[]])[] = [
		[
			'alink',
			alinkTopic,
			'/sys/a1Key/{device}/thing/event/property/post',
			alink({temperature: {value: 23.6, time: atMs}, x: 1}),
			[`temperature=23600${seenAt}`],
		],
		[
			'iotda',
			iotdaTopic,
			'$oc/devices/{device}/sys/properties/report',
			{services: [{service_id: 'Air', properties: {temperature: 1.5, humidity: 40}}]},
			['temperature=1500', 'relative-humidity=40000'],
		],
		['thingsboard', thingsboardTopic, thingsboardTopic, [{ts: atMs, values: {temperature: 7}}], [`temperature=7000${seenAt}`]],
	];
	for (const [format, topic, filter, payload, expected] of messages) {
		const bytes = Buffer.from(JSON.stringify(payload));
		const claims = decoders
			.map(decoder => ({decoder, seen: decoder.recognise?.({topic, payload: bytes})}))
			.filter(({seen}) => seen !== undefined)
			.sort((a, b) => b.seen!.sureness - a.seen!.sureness);
		const [surest] = claims;
		t.is(surest?.decoder.format, format);
		t.is(surest?.seen?.topic, filter);
		t.deepEqual(brief(openWith(surest!.decoder, topic, surest!.seen!.readings!)(bytes)), [...expected]);
	}
});

test('no message of the other published folders is recognised by a decoder of networks, clouds and chargers', async t => {
	const folder = publishedData(t, 'payloads');
	if (folder === undefined) return;
	const own = ['the-things-stack-v3', 'chirpstack-v4'];
	const names = ['tts', 'chirpstack', 'ocmf', 'alink', 'iotda', 'thingsboard'];
	const decoders = (await loadAllDecoders()).filter(({format}) => names.includes(format));
	t.is(decoders.length, names.length);
	const claimed: string[] = [];
	for (const make of readdirSync(folder).filter(name => !own.includes(name)))
		for (const entry of readdirSync(join(folder, make), {withFileTypes: true, recursive: true})) {
			if (!entry.isFile()) continue;
			const path = join(entry.parentPath, entry.name);
			const payload = readFileSync(path);
			for (const at of [`${make}/barn-3`, 'tele/barn-3/SENSOR', 'zigbee2mqtt/barn-3', 'shellies/barn-3/status', 'spBv1.0/g/NDATA/n'])
				for (const decoder of decoders)
					if (decoder.recognise?.({topic: at, payload}) !== undefined) claimed.push(`${decoder.format} ${path}`);
		}
	t.deepEqual(claimed, []);
});
