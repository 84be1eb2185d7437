import test from 'ava';
import fc from 'fast-check';
import {qualities} from '../../../agent/format/entry.ts';
import {exactValue} from '../../../agent/ingest/decoders/decoded.ts';
import type {Decoded, DecodedReading} from '../../../agent/ingest/decoders/decoder.ts';
import {ocmfDecoder, parseOcmfTime} from '../../../agent/ingest/decoders/ocmf.ts';
import {ocmfRegisterOf} from '../../../agent/ingest/decoders/ocmf-register.ts';
import {compileMapping} from '../../../agent/ingest/mapping.ts';

const topic = 'chargers/yard-2/ocmf';

function openNew() {
	const mapping = compileMapping({name: 'ocmf', topic: 'chargers/{device}/ocmf', format: 'ocmf'}, ocmfDecoder);
	if ('problem' in mapping) throw new Error(mapping.problem);
	const open = ocmfDecoder.open(mapping);
	return (payload: string | Uint8Array, deviceId = 'yard-2'): Decoded =>
		open.decode({topic, payload: typeof payload === 'string' ? Buffer.from(payload) : payload, arrivedAtMs: 0, deviceId});
}

const signature = {SA: 'ECDSA-secp256r1-SHA256', SD: '3006020101020101'};
const begin = {TM: '2026-11-29T08:00:00,000+0100 S', TX: 'B', RV: 120.5, RI: '1-b:1.8.0', RU: 'kWh', RT: 'AC', EF: '', ST: 'G'};
const end = {TM: '2026-11-29T09:30:00,250+0100 S', TX: 'E', RV: 141.25};
const payloadOf = (changes: object = {}): object => ({
	FV: '1.2',
	GI: 'Maker Box',
	GS: 'G-77',
	PG: 'T12',
	MV: 'Maker',
	MM: 'Meter 3',
	MS: 'M-4711',
	IS: false,
	RD: [begin, end],
	...changes,
});
const textOf = (payload: object | string, sign: object | string = signature): string =>
	`OCMF|${typeof payload === 'string' ? payload : JSON.stringify(payload)}|${typeof sign === 'string' ? sign : JSON.stringify(sign)}`;
const withReadings = (...readings: readonly object[]): string => textOf(payloadOf({RD: readings}));

/** `channel=value` in whole units of the channel with the qualities, or the reason of a refusal; one text where the whole record is refused. */
function brief(decoded: Decoded): string | string[] {
	if ('refused' in decoded) return decoded.refused;
	return decoded.readings.map(reading => {
		if ('refused' in reading) return reading.refused;
		const value = reading.value === null ? 'none' : exactValue(reading.channel, reading.channel.exponent, reading.value, reading.unit);
		const said = [
			reading.quality & qualities.invalid ? ' invalid' : '',
			reading.quality & qualities.substituted ? ' substituted' : '',
		].join('');
		return `${reading.channel.name}=${typeof value === 'object' ? value.refused : value}${said}`;
	});
}

function readingsOf(decoded: Decoded): DecodedReading[] {
	if ('refused' in decoded) throw new Error(decoded.detail);
	return decoded.readings.filter((one): one is DecodedReading => !('refused' in one));
}

const read = (text: string | Uint8Array): string | string[] => brief(openNew()(text));

test('a record becomes its readings, and a field that one leaves out is as in the one before', t => {
	t.deepEqual(read(textOf(payloadOf())), ['energy-import=120500000', 'energy-import=141250000']);
	const [first, second] = readingsOf(openNew()(textOf(payloadOf())));
	t.like(first, {
		measuredAtMs: Date.parse('2026-11-29T07:00:00Z'),
		session: 'T:M-4711',
		sequence: 12,
		quality: 0,
		unit: 'kWh',
		counter: 'M-4711',
	});
	// Its number is taken by the first reading of the channel: it is known by its time.
	t.like(second, {measuredAtMs: Date.parse('2026-11-29T08:30:00.250Z'), session: undefined, sequence: undefined, timeIsDevices: true});
});

test('each register of a record has a reading under its number', t => {
	const other = {RV: 4.5, RI: '1-b:2.8.0'};
	const readings = readingsOf(openNew()(withReadings(begin, other, end, {RV: 4.5, RI: '1-b:2.8.0'}, {...end, RI: '1-b:1.8.0'})));
	t.deepEqual(
		readings.map(({channel, sequence}) => `${channel.name} ${sequence}`),
		[
			'energy-import 12',
			'energy-export 12',
			// The code was left out, so it is that of the reading before.
			'energy-export undefined',
			'energy-export undefined',
			'energy-import undefined',
		],
	);
});

test('a value is read with its digits, be it a number or a padded text', t => {
	for (const [value, expected] of [
		['0.2596', 'energy-import=259600'],
		['2935.600', 'energy-import=2935600000'],
		['"       9.038"', 'energy-import=9038000'],
		['"000123.4"', 'energy-import=123400000'],
		['"0"', 'energy-import=0'],
		['-1', 'energy-import=-1000000'],
		['0.0000001', 'energy-import=value-inexact'],
		['1e300', 'energy-import=value-out-of-range'],
		['"1e3"', 'value-not-number'],
		['"12,5"', 'value-not-number'],
		['" "', 'value-not-number'],
		['true', 'value-not-number'],
		['[1]', 'value-not-number'],
	] as const)
		t.deepEqual(read(textOf(JSON.stringify(payloadOf({RD: [{...begin, RV: '#'}]})).replace('"#"', value))), [expected], value);
});

test('a text of more zeros than a number may have digits is no number: it is not looked through again from each of them', t => {
	t.deepEqual(read(withReadings({...begin, RV: `${'0'.repeat(60)}7`})), ['energy-import=7000000']);
	t.deepEqual(read(withReadings({...begin, RV: `${'0'.repeat(1000)}7`})), ['value-not-number']);
});

test('a code in any way of writing is its register, and what tells registers apart is their part', t => {
	for (const [code, channel] of [
		['1-b:1.8.0', 'energy-import'],
		['1-0:1.8.0', 'energy-import'],
		['01-00:01.08.00*FF', 'energy-import'],
		['01-0B:01.08.00.FF', 'energy-import'],
		['1-0:1.8.0*255', 'energy-import'],
		['1-0:2.8.0.FF', 'energy-export'],
		['1-0:3.8.0', 'reactive-energy-import'],
		['1-0:1.8.0*198', 'energy-import:F198'],
		['1-0:1.8.1', 'energy-import:T1'],
		['1-b:1.8.e', 'energy-import:rate-E'],
		['1-2:1.8.0', 'energy-import:ch2'],
		['1-b:1.9.0', 'energy-import:period'],
		['01-00:98.08.00.FF', 'energy-import:C98'],
		['01-00:B0.08.00*FF', 'energy-import:mains'],
		['01-00:B1.08.00*FF', 'energy-import:device'],
		['01-00:B2.08.00*FF', 'energy-import:transaction-mains'],
		['01-0b:b3.08.00*ff', 'energy-import:transaction-device'],
		['01-00:C0.08.00', 'energy-export:mains'],
		['01-00:C3.08.00', 'energy-export:transaction-device'],
		['01-00:00.08.06.FF', 'operating-time'],
		// Not the same in decimals and in hexadecimals, reserved, of another medium, or none.
		['1-0:16.7.0', undefined],
		['1-0:21.8.0', undefined],
		['01-00:B4.08.00*FF', undefined],
		['7-0:3.0.0', undefined],
		['1-0:1.7.0', undefined],
		['1.8.0', undefined],
		['toString', undefined],
		['', undefined],
	] as const)
		t.is(ocmfRegisterOf(code)?.channel.name, channel, code);
	t.deepEqual(read(withReadings({...begin, RI: '1-0:16.7.0'}, {...end, RI: '1-b:1.8.0'})), ['quantity-unknown', 'energy-import=141250000']);
	t.deepEqual(read(withReadings({...begin, RI: 7})), ['quantity-unknown']);
});

test('a unit that does not measure the register is refused', t => {
	t.deepEqual(read(withReadings({...begin, RU: 'Wh', RV: 2850685})), ['energy-import=2850685000']);
	t.deepEqual(read(withReadings({...begin, RI: '01-00:00.08.06.FF', RU: 'sec', RV: '      30'})), ['operating-time=30000']);
	for (const RU of ['KWH', 'mOhm', '', 'sec', 7, ['kWh']]) t.deepEqual(read(withReadings({...begin, RU})), ['unit-wrong'], String(RU));
});

test('registers that begin with each transaction name its begin as the life of their counter', t => {
	const decode = openNew();
	const own = {...begin, RI: '01-00:B2.08.00*FF', RV: 0};
	const counters = (...readings: readonly object[]) => readingsOf(decode(withReadings(...readings))).map(one => one.counter);
	t.deepEqual(counters({...end, RI: '1-0:1.8.0', RU: 'kWh', ST: 'G'}, {...end, RI: '01-00:B2.08.00*FF'}), ['M-4711', undefined]);
	t.deepEqual(counters(own), ['2026-11-29T08:00:00,000+0100']);
	t.deepEqual(counters({...own, ...end}), ['2026-11-29T08:00:00,000+0100']);
	t.deepEqual(counters({...own, TM: '2026-11-30T08:00:00,000+0100 R'}, end), [
		'2026-11-30T08:00:00,000+0100',
		'2026-11-30T08:00:00,000+0100',
	]);
	// Another device knows nothing of it.
	t.is(readingsOf(decode(withReadings({...own, ...end}), 'yard-3'))[0]?.counter, undefined);
});

test('a station with two meters, or with another one than before, has as many counters, and as many transactions', t => {
	const decode = openNew();
	const counters = (changes: object, ...readings: readonly object[]) =>
		readingsOf(decode(textOf(payloadOf({...changes, RD: readings})))).map(one => one.counter);
	t.deepEqual(counters({MS: 'M-1'}, begin, end), ['M-1', 'M-1']);
	t.deepEqual(counters({MS: 'M-2'}, begin), ['M-2']);
	t.deepEqual(counters({MS: 7}, begin), ['7']);
	t.deepEqual(counters({MS: undefined}, begin), [undefined]);
	t.deepEqual(counters({MS: ''}, begin), [undefined]);
	// One plug ends its transaction while that of the other goes on.
	const own = {...begin, RI: '01-00:B2.08.00*FF', RV: 0};
	const later = '2026-11-29T08:10:00,000+0100';
	t.deepEqual(counters({MS: 'M-1'}, own), ['2026-11-29T08:00:00,000+0100']);
	t.deepEqual(counters({MS: 'M-2'}, {...own, TM: `${later} S`}), [later]);
	t.deepEqual(counters({MS: 'M-1'}, {...own, ...end}), ['2026-11-29T08:00:00,000+0100']);
	t.deepEqual(counters({MS: 'M-2'}, {...own, ...end}), [later]);
});

test('a time has a comma, an offset without a colon and a status, and a clock that is not set claims none', t => {
	t.deepEqual(parseOcmfTime('2018-07-24T13:22:04,000+0200 S'), {
		ms: Date.parse('2018-07-24T11:22:04Z'),
		status: 'S',
		text: '2018-07-24T13:22:04,000+0200',
	});
	t.is(parseOcmfTime('2018-07-24T13:22:04,125-0330 I')?.ms, Date.parse('2018-07-24T16:52:04.125Z'));
	t.is(parseOcmfTime('1970-01-01T00:03:00,000+0000 U')?.ms, 0);
	for (const broken of [
		'2018-07-24T13:22:04,000+0200',
		'2018-07-24T13:22:04,000+0200 Q',
		'2018-07-24T13:22:04,000 S',
		'2018-13-24T13:22:04,000+0200 S',
		'2018-02-30T13:22:04,000+0200 S',
		'2018-07-24T25:22:04,000+0200 S',
		'2018-07-24T13:22:04,000+9900 S',
		'2018-07-24 13:22:04,000+0200 S',
		'',
	]) {
		t.is(parseOcmfTime(broken), undefined, broken);
		t.deepEqual(read(withReadings({...begin, TM: broken})), ['time-malformed'], broken);
	}
	const timeOf = (changes: object) => readingsOf(openNew()(withReadings({...begin, ...changes})))[0]?.measuredAtMs;
	t.is(timeOf({TM: '2026-11-29T08:00:00,000+0100 I'}), Date.parse('2026-11-29T07:00:00Z'));
	t.is(timeOf({TM: '2026-11-29T08:00:00,000+0100 R'}), Date.parse('2026-11-29T07:00:00Z'));
	t.is(timeOf({TM: '2026-11-29T08:00:00,000+0100 U'}), 0);
	t.is(timeOf({EF: 't'}), 0);
});

test('the state of the meter and the errors of a reading become its quality', t => {
	const states: Readonly<Record<string, string>> = {
		G: 'energy-import=120500000',
		S: 'energy-import=120500000 substituted',
		M: 'energy-import=120500000 invalid',
		X: 'energy-import=120500000 invalid',
		I: 'energy-import=120500000 invalid',
		O: 'energy-import=120500000 invalid',
		E: 'energy-import=120500000 invalid',
		F: 'energy-import=120500000 invalid',
		N: 'energy-import=none invalid',
		T: 'energy-import=none invalid',
		D: 'energy-import=none invalid',
		R: 'energy-import=none invalid',
	};
	for (const [state, expected] of Object.entries(states)) t.deepEqual(read(withReadings({...begin, ST: state})), [expected], state);
	for (const state of ['g', '', 'GG', 'Z', 1]) t.deepEqual(read(withReadings({...begin, ST: state})), ['payload-malformed'], String(state));
	t.deepEqual(read(withReadings({...begin, EF: 'E'})), ['energy-import=120500000 invalid']);
	t.deepEqual(read(withReadings({...begin, EF: 'Et'})), ['energy-import=120500000 invalid']);
	t.deepEqual(read(withReadings({...begin, EF: 't'})), ['energy-import=120500000']);
	// A quantity that nobody has heard of may be the energy.
	t.deepEqual(read(withReadings({...begin, EF: 'q'})), ['energy-import=120500000 invalid']);
});

test('from an exception on nothing counts, and a reading of an error alone has no value', t => {
	const exception = {TM: '2026-11-29T08:30:00,000+0100 S', TX: 'X'};
	t.deepEqual(read(withReadings(begin, {...exception, RV: 130, EF: 'E'}, {...end, EF: ''})), [
		'energy-import=120500000',
		'energy-import=130000000 invalid',
		'energy-import=141250000 invalid',
	]);
	t.deepEqual(read(withReadings(begin, {...exception, EF: 'E', ST: 'T'}, end)), [
		'energy-import=120500000',
		'energy-import=none invalid',
		'energy-import=none invalid',
	]);
	t.is(read(withReadings({TM: begin.TM, TX: 'P', EF: 'E', ST: 'D'})), 'readings-none');
	// Without an error, a value that is left out is the same as before.
	t.deepEqual(read(withReadings(begin, {TM: end.TM, TX: 'E'})), ['energy-import=120500000', 'energy-import=120500000']);
});

test('a reading that lacks what it needs is refused alone', t => {
	const without = (key: keyof typeof begin): object => Object.fromEntries(Object.entries(begin).filter(([name]) => name !== key));
	for (const key of ['TM', 'RV', 'RI', 'RU', 'ST'] as const) t.deepEqual(read(withReadings(without(key))), ['field-missing'], key);
	for (const key of ['TX', 'RT', 'EF'] as const) t.deepEqual(read(withReadings(without(key))), ['energy-import=120500000'], key);
	t.deepEqual(read(withReadings({...begin, TX: 'Q'}, {...end, TX: 'E'})), ['payload-malformed', 'energy-import=141250000']);
	// Nothing older is taken for a field of a wrong kind.
	t.deepEqual(read(withReadings(begin, {...end, RI: 5}, {RV: 142})), ['energy-import=120500000', 'quantity-unknown', 'quantity-unknown']);
});

test('a field of a reading that is no field of OCMF nor of a maker spoils the record: it may be a damaged name', t => {
	t.is(read(withReadings(begin, {TM: end.TM, TX: 'E', RW: 141.25})), 'payload-malformed');
	t.is(read(withReadings(begin, {TM: end.TM, tx: 'E', RV: 141.25})), 'payload-malformed');
	t.deepEqual(read(withReadings({...begin, CL: 0.5, XV: 7, UC: {UN: 'none'}})), ['energy-import=120500000']);
});

test('a record may be a JSON string, and white space around it is none of it', t => {
	const expected = ['energy-import=120500000', 'energy-import=141250000'];
	const text = textOf(payloadOf());
	t.deepEqual(read(JSON.stringify(text)), expected);
	t.deepEqual(read(`\n ${text}\r\n`), expected);
	t.deepEqual(read(textOf(JSON.stringify(payloadOf(), undefined, 2))), expected);
	// Longer than a string of other messages may be.
	t.deepEqual(read(JSON.stringify(textOf(payloadOf(), {...signature, SD: 'ab'.repeat(500)}))), expected);
});

test('what is no record of three sections is malformed', t => {
	const text = textOf(payloadOf());
	for (const broken of [
		'',
		'OCMF',
		'OCMF|',
		'OCMF|{}',
		`OCMF|${JSON.stringify(payloadOf())}`,
		`${text}|key`,
		text.replace('OCMF', 'ocmf'),
		`{"ocmf":${JSON.stringify(text)}}`,
		`"${text}"`,
		`${JSON.stringify(text)} 1`,
		textOf('[]'),
		textOf('{"PG":"T1"'),
		textOf('{"PG":"T1","PG":"T2","RD":[]}'),
		textOf(payloadOf(), '{}'),
		textOf(payloadOf(), '{"SD":1}'),
		textOf(payloadOf(), ''),
		textOf(payloadOf({FV: '2.0'})),
		textOf(payloadOf({RD: undefined})),
		textOf(payloadOf({RD: {}})),
		textOf(payloadOf({RD: [begin, 'end']})),
	])
		t.is(read(broken), 'payload-malformed', broken.slice(0, 60));
	t.is(read(textOf(payloadOf({RD: []}))), 'no-reading');
	t.deepEqual(read(textOf(payloadOf({FV: undefined, RD: [begin]}))), ['energy-import=120500000']);
	t.deepEqual(read(textOf(payloadOf({FV: 1, RD: [begin]}))), ['energy-import=120500000']);
});

test('the page is the number of the record within its context and its meter', t => {
	const numberOf = (changes: object) => {
		const decoded = openNew()(textOf(payloadOf(changes)));
		if ('refused' in decoded) return decoded.refused;
		const [one] = readingsOf(decoded);
		return `${one?.session} ${one?.sequence}`;
	};
	t.is(numberOf({PG: 'F7'}), 'F:M-4711 7');
	t.is(numberOf({PG: 'T0'}), 'T:M-4711 0');
	t.is(numberOf({MS: undefined}), 'T:G-77 12');
	t.is(numberOf({MS: ''}), 'T:G-77 12');
	t.is(numberOf({MS: undefined, GS: undefined}), 'T 12');
	for (const PG of [undefined, '', 'T', 'T07', 'X1', 'T-1', 'T1.5', 't1', 'T123456789012345', 12])
		t.is(numberOf({PG}), 'sequence-malformed', String(PG));
	t.is(numberOf({MS: 'x'.repeat(61)}), 'sequence-malformed');
	t.is(numberOf({MS: 'a\u0000b'}), 'sequence-malformed');
});

test('a flipped bit never throws, and never makes a reading of another unit or of a register that is not there', t => {
	const decode = openNew();
	const good = Buffer.from(textOf(payloadOf()));
	const bad = Buffer.from(good);
	const wrong: string[] = [];
	for (let bit = 0; bit < 8 * good.length; bit += 1) {
		bad[bit >> 3]! ^= 1 << (bit & 7);
		const decoded = decode(bad);
		if (!('refused' in decoded))
			for (const one of decoded.readings) {
				if ('refused' in one) continue;
				// The code says what it is; whoever flips it names another register. Only the signature tells, which is judged elsewhere.
				const flipped = /"RI":"([^"]*)"/.exec(bad.toString('latin1'))?.[1] ?? '';
				if (one.channel.name !== ocmfRegisterOf(flipped)?.channel.name || one.unit !== 'kWh')
					wrong.push(`${bit}: ${one.channel.name} ${one.unit}`);
			}
		bad[bit >> 3] = good[bit >> 3]!;
	}
	t.deepEqual(wrong, []);
});

test('bytes of any sort between the sections never throw', t => {
	const decode = openNew();
	fc.assert(
		fc.property(fc.uint8Array({maxLength: 60}), fc.json(), (bytes, json) => {
			decode(bytes);
			decode(Buffer.concat([Buffer.from('OCMF|'), bytes, Buffer.from('|{"SD":"00"}')]));
			decode(textOf(json));
			decode(textOf(`{"PG":"T1","RD":[${json}]}`));
			decode(textOf(`{"PG":"T1","RD":[{"TM":${json},"ST":"G","RV":${json},"RI":${json},"RU":${json}}]}`));
			ocmfDecoder.recognise!({topic: 'a/b', payload: bytes});
		}),
		{numRuns: 200},
	);
	t.pass();
});

test('a record is recognised with the level of its topic that names the charger, else with its meter', t => {
	const recognise = (at: string, payload = textOf(payloadOf())) => ocmfDecoder.recognise!({topic: at, payload: Buffer.from(payload)});
	t.deepEqual(recognise('chargers/yard-2/ocmf'), {topic: 'chargers/{device}/ocmf', device: 'yard-2', sureness: 97, make: 'Maker Meter 3'});
	t.like(recognise('chargers/yard-2'), {topic: 'chargers/{device}', device: 'yard-2'});
	t.like(recognise('yard-2'), {topic: '{device}', device: 'yard-2'});
	t.like(recognise('ocmf'), {topic: 'ocmf', device: 'M-4711'});
	t.like(recognise('site/ocmf', JSON.stringify(textOf(payloadOf()))), {topic: 'site/ocmf', device: 'M-4711'});
	t.is(recognise('chargers/yard-2', '"OCMF"'), undefined);
	t.is(recognise('chargers/yard-2', '{}'), undefined);
});
