import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {chirpstackDecoder} from '../../../agent/ingest/decoders/chirpstack.ts';
import {exactValue} from '../../../agent/ingest/decoders/decoded.ts';
import type {Decoded, DecodedReading} from '../../../agent/ingest/decoders/decoder.ts';
import {compileMapping, type ReadingConfig} from '../../../agent/ingest/mapping.ts';
import {publishedData} from '../../helpers/published-data.ts';

const device = '0a1b2c3d4e5f6071';
const topicOf = (event: string): string => `application/7f0c/device/${device}/event/${event}`;
const temperature: ReadingConfig = {pointer: '/temperature', quantity: 'temperature', unit: '°C'};
const energy: ReadingConfig = {pointer: '/meter/total', quantity: 'energy-import', unit: 'kWh', optional: true};

function openWith(readings: readonly ReadingConfig[]) {
	const mapping = compileMapping(
		{name: 'lora', topic: 'application/+/device/{device}/event/+', format: 'chirpstack', readings},
		chirpstackDecoder,
	);
	if ('problem' in mapping) throw new Error(mapping.problem);
	const open = chirpstackDecoder.open(mapping);
	return (payload: object | string, topic = topicOf('up')): Decoded => {
		const bytes = payload instanceof Uint8Array ? payload : Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload));
		return open.decode({topic, payload: bytes, arrivedAtMs: 0, deviceId: 'meter-1'});
	};
}

/** `channel=value` in whole units of the channel, or the reason of a refusal; one text where the whole message is refused. */
function brief(decoded: Decoded): string | string[] {
	if ('refused' in decoded) return decoded.refused;
	return decoded.readings.map(reading => {
		if ('refused' in reading) return reading.refused;
		const value = reading.value === null ? 'none' : exactValue(reading.channel, reading.channel.exponent, reading.value, reading.unit);
		return `${reading.channel.name}=${typeof value === 'object' ? value.refused : value}`;
	});
}

function first(decoded: Decoded): DecodedReading {
	const reading = 'refused' in decoded ? undefined : decoded.readings[0];
	if (reading === undefined || 'refused' in reading) throw new Error('there is no reading');
	return reading;
}

const up = {
	deduplicationId: '5f0d3a52-0000-4000-8000-000000000001',
	time: '2026-11-29T07:10:30.987654321+00:00',
	deviceInfo: {applicationId: '7f0c', deviceProfileName: 'Heat meter', deviceName: 'cellar', devEui: device},
	devAddr: '01a2b3c4',
	adr: true,
	dr: 5,
	fCnt: 12,
	fPort: 2,
	data: 'AQI=',
	object: {temperature: 61.25, meter: {total: 1200.5}},
	rxInfo: [{gatewayId: '00800000a0001234', rssi: -58, snr: 9.5}],
	txInfo: {frequency: 868300000},
};

test('an up event becomes the readings that the mapping points at below object', t => {
	const decode = openWith([temperature, energy]);
	t.deepEqual(brief(decode(up)), ['temperature=61250', 'energy-import=1200500000']);
	t.like(first(decode(up)), {
		measuredAtMs: Date.parse('2026-11-29T07:10:30.987Z'),
		timeIsDevices: true,
		session: '01a2b3c4',
		sequence: 12,
		quality: 0,
		counter: undefined,
	});
	t.deepEqual(brief(decode({...up, object: {temperature: 4}})), ['temperature=4000']);
	t.deepEqual(brief(decode({...up, object: {meter: {total: 1}}})), ['field-missing', 'energy-import=1000000']);
	t.deepEqual(brief(decode({...up, object: {temperature: null}})), ['temperature=none']);
});

test('a counter that is left out is 0, and without an address there is no numbering', t => {
	const decode = openWith([temperature]);
	t.like(first(decode({...up, fCnt: undefined})), {session: '01a2b3c4', sequence: 0});
	t.like(first(decode({...up, devAddr: undefined})), {session: undefined, sequence: undefined});
	for (const fCnt of [-1, 0.5, 2 ** 32, '12', null]) t.is(brief(decode({...up, fCnt})), 'sequence-malformed');
});

test('a time of another offset is the same time, one of a clock that was never set is none, and a broken one is refused', t => {
	const decode = openWith([temperature]);
	t.is(first(decode({...up, time: '2026-11-29T08:10:30.987654321+01:00'})).measuredAtMs, Date.parse('2026-11-29T07:10:30.987Z'));
	t.is(first(decode({...up, time: undefined})).measuredAtMs, 0);
	t.is(first(decode({...up, time: '1970-01-01T00:00:09+00:00'})).measuredAtMs, 0);
	for (const time of ['2026-11-31T00:00:00Z', '2026-11-29 07:10', 5]) t.is(brief(decode({...up, time})), 'time-malformed');
});

test('every event but up holds no reading, and what is no event of version 4 is malformed', t => {
	const decode = openWith([temperature]);
	for (const event of ['status', 'join', 'ack', 'txack', 'log', 'location', 'integration'])
		t.is(brief(decode(up, topicOf(event))), 'no-reading', event);
	t.is(brief(decode({...up, rxInfo: undefined}, 'site/lora/cellar')), 'no-reading');
	t.deepEqual(brief(decode(up, 'site/lora/cellar')), ['temperature=61250']);
	t.is(brief(decode({...up, object: undefined})), 'readings-none');
	t.is(brief(openWith([energy])({...up, object: {other: 1}})), 'readings-none');
	for (const foreign of ['', '[]', '{}', '{"deviceInfo":1}', '{"applicationID":"1","deviceName":"v3","objectJSON":"{}"}', '\u0001\u0002'])
		t.is(brief(decode(foreign)), 'payload-malformed', foreign);
});

test('every published event decodes or is refused for its reason', t => {
	const folder = publishedData(t, 'payloads', 'chirpstack-v4');
	if (folder === undefined) return;
	const decode = openWith([temperature]);
	const files = readdirSync(folder).filter(file => file.endsWith('.json'));
	t.deepEqual(
		files.sort(),
		['ack', 'join', 'location', 'log', 'status', 'txack', 'up'].map(event => `event-${event}.json`),
	);
	for (const file of files) {
		const event = file.slice('event-'.length, -'.json'.length);
		// The device of the published uplink has no codec.
		t.is(brief(decode(readFileSync(join(folder, file)), topicOf(event))), event === 'up' ? 'readings-none' : 'no-reading', file);
		t.is(
			chirpstackDecoder.recognise!({topic: topicOf(event), payload: readFileSync(join(folder, file))})?.device,
			event === 'up' ? device : undefined,
		);
	}
	// With a codec it is an uplink like any other, and its counter that is left out is 0.
	const text = readFileSync(join(folder, 'event-up.json'), 'utf8').replace('"devAddr"', '"object": {"temperature": 7.5}, "devAddr"');
	t.deepEqual(brief(decode(text)), ['temperature=7500']);
	t.like(first(decode(text)), {session: '00189440', sequence: 0, measuredAtMs: Date.parse('2022-07-18T09:34:15.775Z')});
});

test('a damaged event never throws, and never makes a reading of another unit or channel', t => {
	const decode = openWith([temperature, energy]);
	const allowed = new Set(['temperature °C', 'energy-import kWh']);
	const wrong: string[] = [];
	const folder = publishedData(t, 'payloads', 'chirpstack-v4');
	const files = folder === undefined ? [] : readdirSync(folder).filter(file => file.endsWith('.json'));
	const goods = files.map(file => [file.slice('event-'.length, -'.json'.length), readFileSync(join(folder!, file))] as const);
	for (const [event, good] of [...goods, ['up', Buffer.from(JSON.stringify(up))] as const]) {
		const bad = Buffer.from(good);
		// Every byte of the one with readings, some of those that have none.
		const step = good.includes('"object"') ? 1 : 5;
		for (let at = 0; at < good.length; at += step) {
			for (const byte of [...Array.from({length: 8}, (_, bit) => good[at]! ^ (1 << bit)), 0x22, 0x30, 0x7d, 0]) {
				bad[at] = byte;
				const decoded = decode(bad, topicOf(event));
				if (!('refused' in decoded))
					for (const one of decoded.readings)
						if (!('refused' in one) && !allowed.has(`${one.channel.name} ${one.unit}`)) wrong.push(bad.toString('latin1'));
			}
			bad[at] = good[at]!;
		}
	}
	t.deepEqual(wrong, []);
});

test('an up event is recognised with its device, its profile and what its keys plainly say', t => {
	const recognise = (payload: object, topic = topicOf('up')) =>
		chirpstackDecoder.recognise!({topic, payload: Buffer.from(JSON.stringify(payload))});
	t.deepEqual(recognise(up), {
		topic: 'application/+/device/{device}/event/+',
		device,
		sureness: 98,
		make: 'Heat meter',
		readings: [{pointer: '/temperature', quantity: 'temperature', unit: '°C', optional: true}],
	});
	t.is(recognise(up, `eu868/${topicOf('up')}`)?.topic, 'eu868/application/+/device/{device}/event/+');
	t.is(recognise(up, topicOf('status')), undefined);
	t.is(recognise({...up, deviceInfo: undefined}), undefined);
});
