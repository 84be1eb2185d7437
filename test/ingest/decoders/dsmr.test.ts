// Telegrams of smart meters, made up here line by line, and those that others have published.
import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {dsmrDecoder} from '../../../agent/ingest/decoders/dsmr.ts';
import {hj212Decoder} from '../../../agent/ingest/decoders/hj212.ts';
import {publishedData} from '../../helpers/published-data.ts';
import {mappingFor, readExactly} from './read.ts';

const mappingIn = (zone?: string) => mappingFor({name: 'm', topic: 'p1/{device}', format: 'dsmr', zone}, dsmrDecoder);
const inAmsterdam = mappingIn('Europe/Amsterdam');

/** CRC-16/ARC bit by bit, as the standard draws it. */
function crcOf(text: string): string {
	let crc = 0;
	for (const byte of Buffer.from(text, 'latin1')) {
		crc ^= byte;
		for (let i = 0; i < 8; i += 1) crc = crc & 1 ? (crc >> 1) ^ 0xa001 : crc >> 1;
	}
	return crc.toString(16).toUpperCase().padStart(4, '0');
}

const telegram = (...lines: readonly string[]): string => `/KED5KEDGE-1\r\n\r\n${lines.map(line => `${line}\r\n`).join('')}!`;
const checked = (...lines: readonly string[]): Buffer => {
	const text = telegram(...lines);
	return Buffer.from(`${text}${crcOf(text)}\r\n`, 'latin1');
};
const unchecked = (...lines: readonly string[]): Buffer => Buffer.from(`${telegram(...lines)}\r\n`, 'latin1');

/** `channel value@time`, the value at the channel's exponent. */
function read(payload: Uint8Array, mapping = inAmsterdam): string | string[] {
	const decoded = readExactly(mapping, payload);
	if ('refused' in decoded) return decoded.refused;
	return decoded.readings.map(reading => {
		if ('refused' in reading) return reading.refused;
		const {channel, value, measuredAtMs} = reading;
		return `${channel.name} ${value}@${measuredAtMs === 0 ? '-' : new Date(measuredAtMs).toISOString().slice(0, 19)}`;
	});
}

const winter = '0-0:1.0.0(260115120000W)';

test('lines become readings by their OBIS names, at the time of the telegram', t => {
	const payload = checked(
		'1-3:0.2.8(50)',
		winter,
		'0-0:96.1.1(4B45444745)',
		'1-0:1.8.1(000123.456*kWh)',
		'1-0:1.8.2(000007.000*kWh)',
		'1-0:2.8.0(000000042*Wh)',
		'0-0:96.14.0(0001)',
		'1-0:1.7.0(01.193*kW)',
		'1-0:21.7.0(00.070*kW)',
		'0-0:96.7.21(00004)',
		'1-0:99.97.0(1)(0-0:96.7.19)(200101120000W)(0000000240*s)',
		'1-0:32.32.0(00002)',
		'0-0:96.13.0()',
		'0-0:17.0.0(999.9*kW)',
		'1-0:31.4.0(999*A)',
		'1-0:32.7.0(230.1*V)',
		'1-0:31.7.0(002*A)',
		'1-0:14.7.0(50.01*Hz)',
		'1-0:13.7.0(0.982)',
	);
	t.deepEqual(read(payload), [
		'energy-import:T1 123456000@2026-01-15T11:00:00',
		'energy-import:T2 7000000@2026-01-15T11:00:00',
		'energy-export 42000@2026-01-15T11:00:00',
		'tariff 1@2026-01-15T11:00:00',
		'active-power-import 1193000@2026-01-15T11:00:00',
		'active-power-import:L1 70000@2026-01-15T11:00:00',
		'power-failures 4@2026-01-15T11:00:00',
		'voltage-sags:L1 2@2026-01-15T11:00:00',
		'voltage:L1 230100@2026-01-15T11:00:00',
		'current:L1 2000@2026-01-15T11:00:00',
		'frequency 50010@2026-01-15T11:00:00',
		'power-factor 982@2026-01-15T11:00:00',
	]);
});

test("devices on the M-Bus have the channel's number for a part, and times of their own", t => {
	const payload = checked(
		winter,
		'0-1:24.1.0(003)',
		'0-1:96.1.0(4730)',
		'0-1:24.2.1(260115110000W)(00981.443*m3)',
		'0-2:24.1.0(007)',
		'0-2:24.2.1(260115110500W)(00872.234*m3)',
		'0-3:24.1.0(004)',
		'0-3:24.2.1(260115110501W)(240.860*GJ)',
		'0-4:24.1.0(012)',
		'0-4:24.2.1(260115110502W)(000012.5*kWh)',
	);
	t.deepEqual(read(payload), [
		'gas-volume:ch1 981443@2026-01-15T10:00:00',
		'water-volume:ch2 872234@2026-01-15T10:05:00',
		'heat-energy-joule:ch3 240860000000@2026-01-15T10:05:01',
		'heat-energy:ch4 12500000@2026-01-15T10:05:02',
	]);
});

test('the number of a meter names the life of its registers, be it the main one or one on the M-Bus', t => {
	const counters = (...lines: readonly string[]): string[] => {
		const decoded = readExactly(inAmsterdam, checked(winter, ...lines));
		if ('refused' in decoded) return [decoded.refused];
		return decoded.readings.map(one => ('refused' in one ? one.refused : `${one.channel.name} ${one.counter}`));
	};
	const import1 = '1-0:1.8.1(000123.456*kWh)';
	const gas = '0-1:24.2.1(260115120000W)(00000.107*m3)';
	t.deepEqual(counters('0-0:96.1.1(4B31)', import1, '1-0:1.7.0(1*kW)', '0-1:24.1.0(003)', '0-1:96.1.0(4731)', gas), [
		'energy-import:T1 4B31',
		'active-power-import undefined',
		'gas-volume:ch1 4731',
	]);
	// Belgium's are in another place; here they stand behind. Nobody says who meters on the second place.
	t.deepEqual(
		counters('0-1:24.1.0(003)', gas, '0-2:24.1.0(007)', '0-2:24.2.1(260115120000W)(1*m3)', import1, '0-0:96.1.1(3153)', '0-1:96.1.1(37)'),
		['gas-volume:ch1 37', 'water-volume:ch2 undefined', 'energy-import:T1 3153'],
	);
	t.deepEqual(counters('0-0:96.1.1()', import1), ['energy-import:T1 undefined']);
});

test('units are read however a meter spells them, where they can be but one', t => {
	// As Swedish meters do.
	t.deepEqual(
		read(checked(winter, '1-0:3.8.0(00000021.988*kVArh)', '1-0:4.7.0(0000.017*kVAr)', '1-0:2.8.0(000001*KWH)', '1-0:1.7.0(1*mw)')),
		[
			'reactive-energy-import 21988000@2026-01-15T11:00:00',
			'reactive-power-export 17000@2026-01-15T11:00:00',
			'energy-export 1000000@2026-01-15T11:00:00',
			'unit-wrong',
		],
	);
});

test('gas that is not converted to a temperature is another register', t => {
	t.deepEqual(read(checked(winter, '0-1:24.1.0(003)', '0-1:24.2.3(260115110000W)(00112.384*m3)')), [
		'gas-volume:ch1-unconverted 112384@2026-01-15T10:00:00',
	]);
});

test('a place on the M-Bus that never answered is passed over; one that does not say what it is is refused', t => {
	const line = '1-0:1.8.0(000001.000*kWh)';
	t.deepEqual(read(checked(winter, line, '0-1:24.1.0(003)', '0-1:24.2.1(700101010000W)(00000000)')), [
		'energy-import 1000000@2026-01-15T11:00:00',
	]);
	t.deepEqual(read(checked(winter, '0-1:24.2.1(260115110000W)(00981.443*m3)')), ['quantity-unknown']);
	t.deepEqual(read(checked(winter, '0-1:24.1.0(003)', '0-1:24.2.1(260115110000W)(00981.443)')), ['unit-wrong']);
	t.deepEqual(read(checked(winter, '0-1:24.1.0(011)', '0-1:24.2.1(260115110000W)(001.0*GJ)')), ['quantity-unknown']);
});

test('telegrams of the second and third version have no checksum, and gas on two lines', t => {
	const payload = unchecked(
		'1-0:1.8.1(12345.678*kWh)',
		'0-1:24.1.0(03)',
		'0-1:24.3.0(260115160000)(00)(60)(1)(0-1:24.2.1)(m3)',
		'(00001.001)',
		'0-1:24.4.0(1)',
	);
	t.deepEqual(read(payload), ['energy-import:T1 12345678000@-', 'gas-volume:ch1 1001@2026-01-15T15:00:00']);
});

test('a readout with F groups and more digits than the registry gets a finer exponent, and what a gateway adds behind it is left', t => {
	const payload = Buffer.concat([
		unchecked('1-0:1.8.0*255(00052185.7825309*kWh)', '1-0:96.5.5*255(80)', '1.8.0*01(00001.0*kWh)'),
		Buffer.from('  25803103\r\n\xff\xff\r\n', 'latin1'),
	]);
	const decoded = readExactly(inAmsterdam, payload);
	if ('refused' in decoded) return t.fail(decoded.detail);
	const [reading] = decoded.readings;
	if (reading === undefined || 'refused' in reading) return t.fail();
	t.is(decoded.readings.length, 1);
	t.is(reading.channel.exponent, -4);
	t.is(reading.value, 521857825309n);
});

test('the reduced names of IEC 62056-21 are electricity', t => {
	t.deepEqual(read(unchecked('F.F(00000000)', '0.0.0(12345678)', '1.8.0(000123.4*kWh)', '2.8.1(000000.5*kWh)')), [
		'energy-import 123400000@-',
		'energy-export:T1 500000@-',
	]);
});

test('S and W choose between the two hours of autumn', t => {
	const at = (time: string, zone?: string) => read(checked(`0-0:1.0.0(${time})`, '1-0:1.8.0(000001.000*kWh)'), mappingIn(zone));
	const amsterdam = 'Europe/Amsterdam';
	t.deepEqual(at('261025023000S', amsterdam), ['energy-import 1000000@2026-10-25T00:30:00']);
	t.deepEqual(at('261025023000W', amsterdam), ['energy-import 1000000@2026-10-25T01:30:00']);
	t.deepEqual(at('260724140730S', 'Europe/Helsinki'), ['energy-import 1000000@2026-07-24T11:07:30']);
	t.deepEqual(at('260724140730S', 'Europe/Dublin'), ['energy-import 1000000@2026-07-24T13:07:30']);
	t.deepEqual(at('260115120000W', '+01:00'), ['energy-import 1000000@2026-01-15T11:00:00']);
});

test('a time that is not clear is not claimed', t => {
	const at = (time: string, zone?: string) => read(checked(`0-0:1.0.0(${time})`, '1-0:1.8.0(000001.000*kWh)'), mappingIn(zone));
	const none = ['energy-import 1000000@-'];
	t.deepEqual(at('260115120000W'), none, 'no zone');
	t.deepEqual(at('260115120000S', 'Europe/Amsterdam'), none, 'summer in January');
	t.deepEqual(at('260715120000W', 'Europe/Amsterdam'), none, 'winter in July');
	t.deepEqual(at('260715120000S', '+01:00'), none, 'a zone without summer');
	t.deepEqual(at('260329023000S', 'Europe/Amsterdam'), none, 'the hour that spring leaves out');
	t.deepEqual(at('700101010000W', 'Europe/Amsterdam'), none, 'a clock that was never set');
	t.is(at('261301120000W', 'Europe/Amsterdam'), 'time-malformed');
	t.is(at('261325252525W', 'Europe/Amsterdam'), 'time-malformed');
	t.is(at('260115120000X', 'Europe/Amsterdam'), 'time-malformed');
	// Its own letter is missing: in the hour that comes twice nobody knows.
	t.deepEqual(read(unchecked('0-1:24.1.0(3)', '0-1:24.3.0(261025023000)(00)(60)(1)(0-1:24.2.1)(m3)', '(00001.001)')), [
		'gas-volume:ch1 1001@-',
	]);
});

test('a value of a period has its own time, and a broken one refuses that value alone', t => {
	t.deepEqual(read(checked(winter, '1-0:1.4.0(02.351*kW)', '1-0:1.6.0(260109134558W)(02.589*kW)')), [
		'demand-import 2351000@2026-01-15T11:00:00',
		'demand-import-maximum 2589000@2026-01-09T12:45:58',
	]);
	t.deepEqual(read(checked(winter, '1-0:1.4.0(02.351*kW)', '1-0:1.6.0(632525252525W)(00.000*kW)')), [
		'demand-import 2351000@2026-01-15T11:00:00',
		'time-malformed',
	]);
});

test('a checksum without its zeros in front is the same checksum', t => {
	for (let i = 0; ; i += 1) {
		const text = telegram(winter, `1-0:1.8.0(${String(i).padStart(6, '0')}.000*kWh)`);
		const crc = crcOf(text);
		if (!crc.startsWith('0')) continue;
		t.is(typeof read(Buffer.from(`${text}${crc.replace(/^0+/, '')}\r\n`)), 'object');
		t.is(typeof read(Buffer.from(`${text}${crc}`)), 'object');
		t.is(read(Buffer.from(`${text}0${crc}\r\n`)), 'frame-damaged');
		t.is(read(Buffer.from(`${text}${crc.toLowerCase()}x\r\n`)), 'frame-damaged');
		return;
	}
});

test('what is wrong with a telegram is said', t => {
	const good = checked(winter, '1-0:1.8.0(000001.000*kWh)').toString('latin1');
	t.is(read(Buffer.from(good.replace('000001.000', '000001.001'))), 'frame-damaged');
	t.is(read(Buffer.from(good.slice(0, good.indexOf('!') + 1))), 'frame-damaged', 'a version that has a checksum, without one');
	t.is(read(Buffer.from(good.slice(0, good.indexOf('!')))), 'frame-damaged', 'no end');
	t.is(read(Buffer.from(good + good)), 'frame-damaged', 'two telegrams');
	t.is(read(Buffer.from(good.replaceAll('\r\n', '\n'))), 'frame-damaged', 'line ends that were changed on the way');
	t.is(read(Buffer.from('')), 'payload-malformed');
	t.is(read(Buffer.from('{"power": 1}')), 'payload-malformed');
	t.is(read(Buffer.from([0xdb, 0x08, 0x53, 0x41, 0x47, 0x59])), 'frame-locked');
	t.is(read(checked(winter, '1-0:1.8.0(000001.000*kWh)', '1-0:1.8.0(000002.000*kWh)')), 'payload-malformed', 'a line twice');
	t.is(read(checked(winter, '1-0:1.8.0(000001.000*kWh)', '1.8.0(000002.000*kWh)')), 'payload-malformed', 'a register by two names');
	t.is(read(checked(winter, '1-0:1.8.0')), 'payload-malformed');
	t.is(read(checked(winter, '0-0:96.1.1(00)')), 'readings-none');
	t.is(read(checked(winter, ...Array.from({length: 520}, (_, i) => `0-0:96.13.${i % 200}()`))), 'payload-malformed');
	t.deepEqual(read(checked(winter, '1-0:1.8.0(1x*kWh)', '1-0:2.8.0(1*kW)', '1-0:1.9.0(1*kWh)', '1-0:3.8.0(*kvarh)')), [
		'value-not-number',
		'unit-wrong',
		'quantity-unknown',
		'value-not-number',
	]);
});

test('a telegram is recognised, whatever topic it came on', t => {
	const recognise = (topic: string, payload: Uint8Array) => dsmrDecoder.recognise!({topic, payload});
	const payload = checked(winter, '1-0:1.8.0(000001.000*kWh)');
	t.like(recognise('dsmr/house/telegram', payload), {topic: 'dsmr/{device}/telegram', device: 'house', wantsZone: true, sureness: 95});
	t.like(recognise('p1', payload), {topic: '{device}', device: 'p1'});
	t.is(recognise('a/b', Buffer.from('/not a telegram')), undefined);
	t.is(recognise('a/b', Buffer.from('{"a":1}')), undefined);
	t.is(recognise('a/b', Buffer.from('')), undefined);
});

test('the published telegrams decode whole, exactly, and are recognised', t => {
	const folder = publishedData(t, 'payloads', 'dsmr-p1');
	if (folder === undefined) return;
	const counts: Record<string, number> = {};
	for (const name of readdirSync(folder).filter(one => one.endsWith('.txt'))) {
		const payload = readFileSync(join(folder, name));
		const readings = read(payload);
		t.true(Array.isArray(readings), name);
		for (const reading of readings) t.regex(reading, /^[a-z-]+(?::[A-Za-z0-9-]+)? \d+@20/, name);
		counts[name] = readings.length;
		t.is(dsmrDecoder.recognise!({topic: 'p1/raw', payload})?.device, 'p1');
		// The identity of the meter is not in what is said of it.
		t.notRegex(JSON.stringify(readings), /4B384547|31534147|39602219/);
	}
	t.deepEqual(counts, {'TELEGRAM_FLUVIUS_V171.txt': 23, 'TELEGRAM_V4_2.txt': 25, 'TELEGRAM_V5.txt': 28});
});

test('telegrams and frames of emission monitors are seen in no message of other formats', t => {
	const folder = publishedData(t, 'payloads');
	if (folder === undefined) return;
	const files = readdirSync(folder, {recursive: true, withFileTypes: true}).filter(
		one => one.isFile() && !one.parentPath.includes('dsmr-p1'),
	);
	t.true(files.length > 20);
	for (const file of files) {
		const payload = readFileSync(join(file.parentPath, file.name));
		for (const decoder of [dsmrDecoder, hj212Decoder]) t.is(decoder.recognise!({topic: 'a/b', payload}), undefined, file.name);
	}
});

/** Calls with every mutation of one bit, and every byte set to some others. */
function mutations(payload: Buffer, take: (mutated: Buffer, what: string) => void): void {
	const copy = Buffer.from(payload);
	for (let at = 0; at < payload.length; at += 1) {
		const before = payload[at]!;
		for (let bit = 0; bit < 8; bit += 1) {
			copy[at] = before ^ (1 << bit);
			take(copy, `byte ${at}, bit ${bit}`);
		}
		for (const value of [0x00, 0x0a, 0x0d, 0x20, 0x21, 0x28, 0x29, 0x2a, 0x30, 0x39, 0x41, 0xff]) {
			if (value === before) continue;
			copy[at] = value;
			take(copy, `byte ${at} = ${value}`);
		}
		copy[at] = before;
	}
}

test('no bit of a telegram with a checksum can flip, and no byte change, without refusing it', t => {
	const folder = publishedData(t, 'payloads', 'dsmr-p1');
	const own = checked('1-3:0.2.8(50)', winter, '1-0:1.8.1(000123.456*kWh)', '0-1:24.1.0(003)', '0-1:24.2.1(260115110000W)(00981.443*m3)');
	const payloads = [own, ...(folder === undefined ? [] : [readFileSync(join(folder, 'TELEGRAM_V5.txt'))])];
	const taken: string[] = [];
	for (const payload of payloads)
		mutations(payload, (mutated, what) => {
			const decoded = inAmsterdam.decoder.decode({topic: 't', payload: mutated, arrivedAtMs: 0, deviceId: 'd'});
			if (!('refused' in decoded)) taken.push(what);
		});
	t.deepEqual(taken, []);
});

test('no mutation of a telegram without a checksum throws, or makes a channel that its lines do not name', t => {
	const payload = unchecked(
		'1-0:1.8.1(12345.678*kWh)',
		'0-1:24.1.0(03)',
		'0-1:24.3.0(260115160000)(00)(60)(1)(0-1:24.2.1)(m3)',
		'(00001.001)',
	);
	mutations(payload, (mutated, what) => {
		const decoded = readExactly(inAmsterdam, mutated);
		if ('refused' in decoded) return;
		for (const reading of decoded.readings)
			if (!('refused' in reading))
				t.regex(`${reading.channel.quantity.unit} of ${reading.unit}`, /^(?:Wh of kWh|l of (?:m3|[lL])|J of .J|varh of .*)$/, what);
	});
	t.pass();
});
