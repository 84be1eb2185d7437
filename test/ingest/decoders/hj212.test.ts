// Frames of Chinese emission monitors, made up here, and the examples whose checksums the standards print.
import {createCipheriv} from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import {qualityNames} from '../../../agent/format/entry.ts';
import {quantityOfName, unitFactor} from '../../../agent/format/quantity.ts';
import {hj212Decoder} from '../../../agent/ingest/decoders/hj212.ts';
import {factorOf} from '../../../agent/ingest/decoders/hj212-factors.ts';
import {checksumOf} from '../../../agent/ingest/decoders/hj212-frame.ts';
import type {MappingConfig} from '../../../agent/ingest/mapping.ts';
import {mappingFor, readExactly} from './read.ts';

const open = (config: Partial<MappingConfig> = {}) =>
	mappingFor({name: 'm', topic: 'hj/{device}', format: 'hj212', ...config}, hj212Decoder);

/** The checksum as annex A draws it: bit by bit, with the low byte of the register dropped. */
function crcOf(text: string): string {
	let register = 0xffff;
	for (const byte of Buffer.from(text, 'latin1')) {
		register = (register >> 8) ^ byte;
		for (let i = 0; i < 8; i += 1) register = register & 1 ? (register >> 1) ^ 0xa001 : register >> 1;
	}
	return register.toString(16).toUpperCase().padStart(4, '0');
}

const mn = '010000A8900016F000169DC0';
const password = 'geheim7';

type Head = {
	readonly cn?: string;
	readonly flag?: number;
	readonly pnum?: number;
	readonly pno?: number;
	readonly rf?: number;
	readonly qn?: string;
	readonly mn?: string;
};

function segmentOf(body: string, head: Head = {}): string {
	const {cn = '2011', flag = head.pnum === undefined ? 5 : 7, pnum, pno, rf, qn = '20260801085857223'} = head;
	const split = pnum === undefined ? '' : `PNUM=${pnum};PNO=${pno};`;
	return `${qn === '' ? '' : `QN=${qn};`}ST=31;CN=${cn};PW=${password};MN=${head.mn ?? mn};Flag=${flag};${split}${rf === undefined ? '' : `RF=${rf};`}CP=&&${body}&&`;
}

const wrap = (segment: string): string => `##${String(segment.length).padStart(4, '0')}${segment}${crcOf(segment)}\r\n`;
const frame = (body: string, head: Head = {}): string => wrap(segmentOf(body, head));

/** A frame whose body is encrypted as annex A of 2025 has it. */
function locked(body: string, key: Uint8Array, head: Head = {}): string {
	const segment = segmentOf(body, {flag: 9, ...head});
	const blocksEnd = body.length - (body.length % 16);
	const cipher = createCipheriv('sm4-ecb', key, null);
	cipher.setAutoPadding(false);
	const hidden = [...Buffer.concat([cipher.update(body.slice(0, blocksEnd), 'latin1'), cipher.final()])];
	const list = `{${hidden.map(byte => `0x${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(',')}}`;
	return wrap(segment).replace(body.slice(0, blocksEnd), list);
}

/** `channel value@time quality`, the value at the channel's exponent. */
function read(text: string, mapping = open()): string | string[] {
	const decoded = readExactly(mapping, Buffer.from(text, 'latin1'));
	if ('refused' in decoded) return decoded.refused;
	return decoded.readings.map(reading => {
		if ('refused' in reading) return reading.refused;
		const {channel, value, measuredAtMs, quality, spanMs} = reading;
		const time = measuredAtMs === 0 ? '-' : new Date(measuredAtMs).toISOString().slice(0, 19);
		return [`${channel.name} ${value}@${time}`, ...qualityNames(quality), ...(spanMs === 0 ? [] : [`${spanMs} ms`])].join(' ');
	});
}

const time = 'DataTime=20260801085800';
const at = '@2026-08-01T00:58:00';

test('the checksum is that of the standard, and neither MODBUS nor ARC', t => {
	const of = (text: string) => checksumOf(Buffer.from(text), 0, text.length);
	t.is(of(''), 0xffff);
	t.is(of('\0'), 0x4040);
	t.is(of('QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;CP=&&RtdInterval=30&&'), 0x1c80);
	t.is(of('QN=20240601085857223;ST=32;CN=1011;PW=123456;MN=010000A8900016F000169DC0;Flag=9;CP=&&&&'), 0x2200);
	fc.assert(fc.property(fc.string(), text => checksumOf(Buffer.from(text, 'latin1'), 0, text.length) === Number.parseInt(crcOf(text), 16)));
});

test("the standards' own frames are understood, and hold no reading", t => {
	t.is(
		read('##0101QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;CP=&&RtdInterval=30&&1C80\r\n'),
		'no-reading',
	);
	t.is(read('##0087QN=20240601085857223;ST=32;CN=1011;PW=123456;MN=010000A8900016F000169DC0;Flag=9;CP=&&&&2200'), 'no-reading');
});

test('values of the moment become readings in the units of the standard, at Beijing time', t => {
	const body = `${time};a21026-Rtd=12.34,a21026-ZsRtd=15.1,a21026-Flag=N;a00000-Rtd=35.2,a00000-Flag=N;a01012-Rtd=120.5,a01012-Flag=N;a01013-Rtd=-0.2,a01013-Flag=N;a19001-Rtd=8.1,a19001-Flag=N`;
	t.deepEqual(read(frame(body)), [
		`so2-concentration 12340000${at}`,
		`so2-concentration:zs 15100000${at}`,
		`stack-flow 35200000${at}`,
		`temperature:flue 120500000${at}`,
		`pressure:flue -200000${at}`,
		`oxygen-fraction 8100000${at}`,
	]);
});

test('waste water has quantities of its own, and so have the names of 2005', t => {
	const body = `${time};w01018-Rtd=21.6,w01018-Flag=N;w21003-Rtd=0.42,w21003-Flag=N;w01001-Rtd=7.31,w01001-Flag=N;w00000-Rtd=3.5,w00000-Flag=N;w20111-Rtd=0.05,w20111-Flag=N`;
	t.deepEqual(read(frame(body)), [
		`chemical-oxygen-demand 21600000${at}`,
		`ammonia-nitrogen 420000${at}`,
		`ph 7310000${at}`,
		`volume-flow 126000000${at}`,
		`water-pollutant-concentration:w20111 50000${at}`,
	]);
	const old = wrap(
		`ST=32;CN=2011;PW=123456;MN=88888880000001;CP=&&${time};011-Rtd=21.6,011-Flag=N;060-Rtd=0.42,060-Flag=N;001-Rtd=7.31,001-Flag=N;B01-Rtd=3.5,B01-Flag=N&&`,
	);
	t.deepEqual(read(old), [
		`chemical-oxygen-demand 21600000${at}`,
		`ammonia-nitrogen 420000${at}`,
		`ph 7310000${at}`,
		`volume-flow 126000000${at}`,
	]);
});

test('averages of minutes, hours and days are different channels, and an amount has the length of its interval', t => {
	const body = `${time};a21026-Cou=1.25,a21026-Min=9.1,a21026-Avg=12.3,a21026-Max=15.2,a21026-ZsAvg=14.1,a21026-Flag=N;a00000-Cou=126000,a00000-Flag=N`;
	t.deepEqual(read(frame(body, {cn: '2061'})), [
		`pollutant-mass-interval:a21026-hour 1250000${at} 3600000 ms`,
		`so2-concentration:hour-min 9100000${at}`,
		`so2-concentration:hour-avg 12300000${at}`,
		`so2-concentration:hour-max 15200000${at}`,
		`so2-concentration:hour-zs-avg 14100000${at}`,
		`gas-volume-interval:hour 126000000000${at} 3600000 ms`,
	]);
	const day = read(frame(body, {cn: '2031'}));
	t.is(day[0], `pollutant-mass-interval:a21026-day 1250000${at} 86400000 ms`);
	t.is(day[2], `so2-concentration:day-avg 12300000${at}`);
});

test('nothing says how many minutes the minutes are, so their amounts are refused, once', t => {
	const body = `${time};a21026-Cou=1.25,a21026-Avg=12.3,a21026-Flag=N;a00000-Cou=126000,a00000-Avg=35.1,a00000-Flag=N`;
	t.deepEqual(read(frame(body, {cn: '2051'})), [
		`so2-concentration:minutes-avg 12300000${at}`,
		`stack-flow:minutes-avg 35100000${at}`,
		'span-unknown',
	]);
});

test('only N counts as measured', t => {
	const flagged = (flag: string) =>
		(read(frame(`${time};a21026-Rtd=12.3,a21026-Flag=${flag}`))[0] ?? '').slice(`so2-concentration 12300000${at}`.length).trim();
	t.deepEqual([...'NFMSDCTBPx'].map(flagged), ['', 'invalid', 'invalid', 'substituted', ...Array<string>(6).fill('invalid')]);
	// The flag may stand in front of the value, in another group, or nowhere.
	t.deepEqual(read(frame(`${time};a21026-Flag=D;a21026-Rtd=12.3`)), [`so2-concentration 12300000${at} invalid`]);
	t.deepEqual(read(frame(`${time};a21026-Rtd=12.3`)), [`so2-concentration 12300000${at}`]);
});

test('what was sent again from the store is historical, and a sample has its own time', t => {
	t.deepEqual(read(frame(`${time};a21026-Rtd=12.3,a21026-Flag=N`, {rf: 1, flag: 9})), [`so2-concentration 12300000${at} historical`]);
	t.deepEqual(
		read(frame(`${time};w01018-SampleTime=20260801080000,w01018-Rtd=21.6,w01018-EFlag=A01,w01018-Flag=N;w01001-Rtd=7,w01001-Flag=N`)),
		['chemical-oxygen-demand 21600000@2026-08-01T00:00:00', `ph 7000000${at}`],
	);
});

test('a code that the registry does not have is refused alone, an empty value is none', t => {
	t.deepEqual(read(frame(`${time};a99999-Rtd=1,a99999-Flag=N;a21026-Rtd=,a21026-Flag=D;LA-Rtd=55.1;a21002-Rtd=1e3;a34013-Rtd=5`)), [
		`so2-concentration 0${at} invalid`,
		'value-not-number',
		`dust-concentration 5000000${at}`,
		'quantity-unknown',
		'quantity-unknown',
	]);
	t.deepEqual(read(frame(`${time};a21026-Ala=1,a01011-Cou=3`, {cn: '2061'})), ['quantity-unknown', 'quantity-unknown']);
});

test('times are broken, missing, never set, or in the zone that the mapping has', t => {
	const one = 'a21026-Rtd=1,a21026-Flag=N';
	t.deepEqual(read(frame(one)), ['so2-concentration 1000000@-']);
	t.deepEqual(read(frame(`DataTime=19700101000005;${one}`)), ['so2-concentration 1000000@-']);
	t.is(read(frame(`DataTime=20261301000000;${one}`)), 'time-malformed');
	t.is(read(frame(`DataTime=2026-08-01;${one}`)), 'time-malformed');
	t.is(read(frame(`${time};a21026-SampleTime=x,${one}`)), 'time-malformed');
	t.is(read(frame(`${time};DataTime=20260801085900;${one}`)), 'payload-malformed');
	t.deepEqual(read(frame(`${time};${one}`), open({zone: 'UTC'})), ['so2-concentration 1000000@2026-08-01T08:58:00']);
});

test('commands that carry no values hold no reading', t => {
	for (const cn of ['9011', '9013', '9014', '9015', '1014', '1062', '2021', '2041', '3019', '3020', '8888'])
		t.is(read(frame(`${time};a21026-Rtd=1`, {cn})), 'no-reading', cn);
	t.is(read(frame('', {cn: '2011'})), 'no-reading');
	t.is(read(frame('BeginTime=20260801000000;EndTime=20260801010000', {cn: '2061'})), 'no-reading');
});

test('several frames of one payload are read in order; one that is damaged refuses all', t => {
	const one = frame(`${time};a21026-Rtd=1,a21026-Flag=N`);
	const two = frame(`${time};a21002-Rtd=2,a21002-Flag=N`);
	const both = [`so2-concentration 1000000${at}`, `nox-concentration 2000000${at}`];
	t.deepEqual(read(one + two), both);
	t.deepEqual(read(one.trimEnd() + two.trimEnd()), both);
	t.deepEqual(read(frame('', {cn: '9014'}) + one), both.slice(0, 1));
	t.is(read(one + two.replace('Rtd=2', 'Rtd=3')), 'frame-damaged');
	t.is(read(`${one}x`), 'frame-damaged');
	t.is(read(`${one}\n`), 'frame-damaged');
	t.is(read(one.repeat(33)), 'payload-malformed');
});

test('the length counts the data segment, and the checksum is four upper-case digits', t => {
	const good = frame(`${time};a21026-Rtd=1,a21026-Flag=N`);
	const length = Number(good.slice(2, 6));
	for (const wrong of [length - 1, length + 1, length + 4, 0, 9999])
		t.is(read(`##${String(wrong).padStart(4, '0')}${good.slice(6)}`), 'frame-damaged');
	for (const broken of [
		'',
		'#',
		'##',
		good.slice(1),
		good.slice(0, -6),
		good.slice(0, 20),
		good.slice(0, -6) + good.slice(-6).replace(/[0-9A-F]/, 'g'),
	])
		t.is(read(broken), 'frame-damaged', JSON.stringify(broken));
});

test('fields that are missing, doubled or no numbers are told, and never what they say', t => {
	const refusal = (segment: string) => {
		const decoded = open().decoder.decode({topic: 't', payload: Buffer.from(wrap(segment)), arrivedAtMs: 0, deviceId: 'd'});
		return 'refused' in decoded ? `${decoded.refused}: ${decoded.detail}` : 'read';
	};
	const good = segmentOf(`${time};a21026-Rtd=1`);
	for (const bad of [
		good.replace('CN=2011;', ''),
		good.replace('CN=2011', 'CN=geheim7'),
		good.replace(`MN=${mn};`, ''),
		good.replace(`MN=${mn}`, 'MN=geheim7 geheim7'),
		good.replace('Flag=5', 'Flag=geheim7'),
		good.replace('Flag=5', 'Flag=7'),
		good.replace('QN=20260801085857223', 'QN=geheim7'),
		good.replace('Flag=5', 'Flag=7;PNUM=geheim7;PNO=1'),
		good.replace('Flag=5', 'Flag=7;PNUM=2;PNO=3'),
		good.replace('Flag=5', 'Flag=7;PNUM=99;PNO=3'),
		good.replace('ST=31', 'ST=31;ST=31'),
		good.replace('ST=31;', 'geheim7;'),
		good.replace('CP=&&', 'CP='),
		good.slice(0, -2),
		`${good};geheim7`,
	]) {
		const told = refusal(bad);
		t.regex(told, /^payload-malformed/, bad);
		t.notRegex(told, /geheim7/, bad);
	}
	t.regex(refusal(segmentOf('a21026-Rtd=1;a21026-Rtd=2')), /^payload-malformed: CP says a21026-Rtd twice/);
	t.regex(refusal(segmentOf('a21026-Rtd')), /^payload-malformed/);
});

test('a password is in no detail and in no reading', t => {
	const texts = [
		frame(`${time};a21026-Rtd=1;a99999-Rtd=2;a21002-Rtd=x`),
		frame('', {cn: '9014'}),
		frame('x'),
		frame(time, {pnum: 2, pno: 1}),
		frame(time).replace('Flag', 'flag'),
	];
	for (const text of texts) {
		const decoded = open().decoder.decode({topic: 't', payload: Buffer.from(text), arrivedAtMs: 0, deviceId: 'd'});
		t.notRegex(
			JSON.stringify(decoded, (_, value) => (typeof value === 'bigint' ? String(value) : value)),
			new RegExp(password),
		);
	}
});

test('two stations behind one topic are told apart', t => {
	const mapping = open();
	const one = `${time};a21026-Rtd=1`;
	t.true(Array.isArray(read(frame(one), mapping)));
	t.is(read(frame(one, {mn: '010000A8900016F000169DC1'}), mapping), 'topic-forbidden');
	t.true(Array.isArray(read(frame(one), mapping)));
});

const bodyOfParts = `${time};a21026-Rtd=1.5,a21026-Flag=N;a21002-Rtd=2.5,a21002-Flag=M;a34013-Rtd=3.5,a34013-Flag=N`;
const whole = [`so2-concentration 1500000${at}`, `nox-concentration 2500000${at} invalid`, `dust-concentration 3500000${at}`];

test('a message in parts gives its readings with the last part to arrive, in any order, wherever it was split', t => {
	const property = fc.property(
		fc.uniqueArray(fc.integer({min: 1, max: bodyOfParts.length - 1}), {minLength: 1, maxLength: 6}),
		fc.infiniteStream(fc.nat()),
		(cuts, chance) => {
			const edges = [0, ...cuts.sort((a, b) => a - b), bodyOfParts.length];
			const parts = edges.slice(1).map((edge, i) => frame(bodyOfParts.slice(edges[i], edge), {pnum: edges.length - 1, pno: i + 1}));
			const order = parts.map(part => ({part, rank: chance.next().value as number})).sort((a, b) => a.rank - b.rank);
			const mapping = open();
			const seen = order.map(({part}) => read(part, mapping));
			t.true(seen.slice(0, -1).every(one => one === 'frame-part'));
			t.deepEqual(seen.at(-1), whole);
		},
	);
	fc.assert(property, {numRuns: 200});
});

test('parts that each begin with the time, or hold whole items, are put together as well', t => {
	const parts = [`${time};a21026-Rtd=1.5,a21026-Flag=N`, `${time};a21002-Rtd=2.5,a21002-Flag=M`, 'a34013-Rtd=3.5,a34013-Flag=N'].map(
		(body, i) => frame(body, {pnum: 3, pno: i + 1}),
	);
	const mapping = open();
	t.deepEqual(
		parts.map(part => read(part, mapping)),
		['frame-part', 'frame-part', whole],
	);
	t.deepEqual(read(parts.join('')), ['frame-part', 'frame-part', ...whole]);
});

test('a repeated part changes nothing, and one that contradicts drops them all', t => {
	const [first, second] = [frame(`${time};a21026-Rtd=1`, {pnum: 2, pno: 1}), frame('a21002-Rtd=2', {pnum: 2, pno: 2})];
	const mapping = open();
	t.deepEqual(
		[first, first, second].map(part => read(part, mapping)),
		['frame-part', 'frame-part', [`so2-concentration 1000000${at}`, `nox-concentration 2000000${at}`]],
	);
	const other = open();
	t.is(read(first, other), 'frame-part');
	t.is(read(frame(`${time};a21026-Rtd=9`, {pnum: 2, pno: 1}), other), 'frame-damaged');
	t.is(read(second, other), 'frame-part', 'nothing is left of the first');
	t.is(read(frame('a34013-Rtd=1', {pnum: 3, pno: 3}), other), 'frame-damaged', 'another count of parts');
	t.is(read(frame(time, {pnum: 2, pno: 1, qn: ''})), 'payload-malformed', 'parts without a name');
});

test('messages, devices and commands do not mix, and what is kept is bounded', t => {
	const mapping = open();
	const part = (pno: number, head: Head = {}) => frame(pno === 1 ? `${time};a21026-Avg=1` : 'a21002-Avg=2', {pnum: 2, pno, ...head});
	t.is(read(part(1), mapping), 'frame-part');
	t.is(read(part(2, {qn: '20260801085858000'}), mapping), 'frame-part');
	t.is(read(part(2, {cn: '2061'}), mapping), 'frame-part');
	const elsewhere = mapping.decoder.decode({topic: 't', payload: Buffer.from(part(2)), arrivedAtMs: 0, deviceId: 'another'});
	t.like(elsewhere, {refused: 'frame-part'});
	// Thirteen more are sixteen; with the seventeenth the oldest goes.
	for (let i = 0; i < 14; i += 1) t.is(read(part(1, {qn: `202608010859${String(i).padStart(5, '0')}`}), mapping), 'frame-part');
	t.is(read(part(2), mapping), 'frame-part', 'the first part is gone');
	t.true(Array.isArray(read(part(2, {qn: '20260801085900013'}), mapping)));
	const long = open();
	for (let i = 0; i < 8; i += 1)
		t.is(read(frame(`${time};x=${'y'.repeat(9000)}`, {pnum: 2, pno: 1, qn: `2026080109000000${i}`}), long), 'frame-part');
	t.is(read(frame('a21002-Rtd=2', {pnum: 2, pno: 2, qn: '20260801090000000'}), long), 'frame-part', 'dropped, to keep 64 KiB');
	t.true(Array.isArray(read(frame('a21002-Rtd=2', {pnum: 2, pno: 2, qn: '20260801090000007'}), long)));
});

const key = Buffer.alloc(16, 0x30);

test("a body that SM4 encrypts opens with the mapping's key", t => {
	const mapping = open({key});
	t.deepEqual(read(locked(bodyOfParts, key), mapping), whole);
	t.deepEqual(read(frame(bodyOfParts, {flag: 9}), mapping), whole, 'what is plain stays so');
	t.deepEqual(read(locked(bodyOfParts, key) + locked(`${time};a19001-Rtd=8,a19001-Flag=N`, key), mapping).length, 4);
	t.is(read(locked(bodyOfParts, key)), 'frame-locked', 'no key');
	t.is(read(locked(bodyOfParts, key), open({key: Buffer.alloc(16, 1)})), 'frame-locked', 'another key');
	// A length of what is sent, not of what was encrypted.
	const text = locked(bodyOfParts, key);
	const sent = text.length - 6 - 4 - 2;
	t.deepEqual(read(`##${String(sent).padStart(4, '0')}${text.slice(6)}`, mapping), whole);
	t.is(read(`##${String(sent - 1).padStart(4, '0')}${text.slice(6)}`, mapping), 'frame-damaged');
	t.is(read(text.replace(/0x../, '0x00'), mapping), 'frame-damaged');
	t.is(read(text.replace(/,0x..\}/, '}'), mapping), 'frame-damaged');
});

test('no bit of a frame can flip, and no byte change, without refusing it', t => {
	const taken: string[] = [];
	const texts = [frame(bodyOfParts), frame(bodyOfParts).trimEnd(), locked(bodyOfParts, key)];
	for (const text of texts) {
		const payload = Buffer.from(text, 'latin1');
		const mapping = open({key});
		for (let place = 0; place < payload.length; place += 1) {
			const before = payload[place]!;
			const others = [
				...Array.from({length: 8}, (_, bit) => before ^ (1 << bit)),
				0,
				0x0a,
				0x0d,
				0x20,
				0x23,
				0x26,
				0x2c,
				0x30,
				0x3b,
				0x3d,
				0x41,
				0x7b,
				0xff,
			];
			for (const other of others) {
				if (other === before) continue;
				payload[place] = other;
				const decoded = mapping.decoder.decode({topic: 't', payload, arrivedAtMs: 0, deviceId: 'd'});
				if (!('refused' in decoded)) taken.push(`byte ${place} = ${other}`);
			}
			payload[place] = before;
		}
	}
	t.deepEqual(taken, []);
});

test('nothing that comes after ## and a right checksum throws', t => {
	const segment = fc.oneof(
		fc.string({unit: fc.constantFrom(...'QNSTCMPWFlag=;,&-0123456789aw{}x.')}),
		fc.string().map(text => segmentOf(Buffer.from(text).toString('latin1'))),
		fc.tuple(fc.string(), fc.string()).map(([a, b]) => `CN=2011;MN=1;CP=&&{${a}}${b}&&`),
	);
	const mapping = open({key});
	fc.assert(
		fc.property(segment, text => {
			const ascii = Buffer.from(text, 'latin1').toString('latin1');
			const decoded = mapping.decoder.decode({topic: 't', payload: Buffer.from(wrap(ascii), 'latin1'), arrivedAtMs: 0, deviceId: 'd'});
			return 'refused' in decoded || decoded.readings.length > 0;
		}),
		{numRuns: 2000},
	);
	t.pass();
});

test('every code of the table has units that are a whole number of base units of its quantities', t => {
	const prefixes = [...'aw'].flatMap(letter => Array.from({length: 100_000}, (_, i) => `${letter}${String(i).padStart(5, '0')}`));
	const old = [...'BS'].flatMap(letter => Array.from({length: 100}, (_, i) => `${letter}${String(i).padStart(2, '0')}`));
	const plain = Array.from({length: 1000}, (_, i) => [String(i).padStart(2, '0'), String(i).padStart(3, '0')]).flat();
	let count = 0;
	for (const code of new Set([...prefixes, ...old, ...plain])) {
		const factor = factorOf(code);
		if (factor === undefined) continue;
		count += 1;
		for (const one of [factor, factor.amount]) {
			if (one === undefined) continue;
			const [numerator, denominator] = unitFactor(quantityOfName(one.quantity)!, one.unit) ?? [0n, 0n];
			t.regex(`${numerator}/${denominator}`, /^(?:10*|3600)\/1$/, `${code} in ${one.unit}`);
		}
		// Every item of it makes a reading or a refusal, and never an exception.
		const fields = ['Rtd', 'Avg', 'Min', 'Max', 'ZsRtd', 'ZsAvg', 'ZsMin', 'ZsMax', 'Cou'].map(field => `${code}-${field}=1.123456`);
		const decoded = readExactly(open(), Buffer.from(frame(`${time};${fields.join(',')}`, {cn: '2061'})));
		if ('refused' in decoded) return t.fail(code);
		const refused = decoded.readings.filter(reading => 'refused' in reading).map(reading => ('refused' in reading ? reading.refused : ''));
		t.deepEqual(refused, factor.amount === undefined ? ['quantity-unknown'] : [], code);
		t.is(decoded.readings.length, 9, code);
	}
	t.is(count, 102);
	// Codes on whose unit the standard and the devices do not agree.
	for (const code of ['a21001', 'a34002', 'a34004', 'B02', 'S08']) t.is(factorOf(code), undefined);
});

test('a frame is recognised, and the station stands for the device where the topic has it', t => {
	const recognise = (topic: string, text: string) => hj212Decoder.recognise!({topic, payload: Buffer.from(text)});
	const good = frame(`${time};a21026-Rtd=1`);
	t.like(recognise(`up/${mn}/frame`, good), {topic: 'up/{device}/frame', device: mn, sureness: 98});
	t.like(recognise('site/stack3', good), {topic: 'site/{device}', device: 'stack3'});
	t.like(recognise('site/stack3', locked(bodyOfParts, key)), {device: 'stack3'});
	t.is(recognise('a', '##'), undefined);
	t.is(recognise('a', '## heading'), undefined);
	t.is(recognise('a', '{}'), undefined);
});
