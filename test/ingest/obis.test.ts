// OBIS names and the channels that they stand for.
import test from 'ava';
import {channelOfObis, parseObis} from '../../agent/ingest/obis.ts';
import {printedNumber} from '../../agent/ingest/printed-number.ts';

const channelOf = (name: string): string | undefined => {
	const obis = parseObis(name);
	return obis && channelOfObis(obis)?.name;
};

test('an OBIS name has six groups, and what the reduced form leaves out has its default', t => {
	t.deepEqual(parseObis('1-0:1.8.1*255'), {a: 1, b: 0, c: 1, d: 8, e: 1, f: 255});
	t.deepEqual(parseObis('2.8.0'), {a: 1, b: 0, c: 2, d: 8, e: 0, f: 255});
	t.deepEqual(parseObis('0-2:24.2.1'), {a: 0, b: 2, c: 24, d: 2, e: 1, f: 255});
	t.deepEqual(parseObis('1-1:1.8.0*01'), {a: 1, b: 1, c: 1, d: 8, e: 0, f: 1});
	t.is(parseObis('C.1.0')?.c, 96);
	for (const text of ['', '1-0', '1-0:', '1-0:1', '1-0:1.8.256', '999-0:1.8.0', '1-0:1.8.0*', ' 1.8.0', '1-0:1.8.0.0', 'F.F', '1.8.0\n'])
		t.is(parseObis(text), undefined, text);
});

test('direction stands in the quantity, phase and tariff in the part', t => {
	t.is(channelOf('1-0:1.8.0'), 'energy-import');
	t.is(channelOf('1-0:1.8.0*255'), 'energy-import');
	t.is(channelOf('1.8.0'), 'energy-import');
	t.is(channelOf('1-0:1.8.2'), 'energy-import:T2');
	t.is(channelOf('1-0:2.8.4'), 'energy-export:T4');
	t.is(channelOf('1-0:41.8.1'), 'energy-import:L2-T1');
	t.is(channelOf('1-1:1.8.0'), 'energy-import:ch1');
	t.is(channelOf('1-0:1.7.0'), 'active-power-import');
	t.is(channelOf('1-0:62.7.0'), 'active-power-export:L3');
	t.is(channelOf('1-0:16.7.0'), 'active-power');
	t.is(channelOf('1-0:36.7.0'), 'active-power:L1');
	t.is(channelOf('1-0:3.8.0'), 'reactive-energy-import');
	t.is(channelOf('1-0:44.7.0'), 'reactive-power-export:L2');
	t.is(channelOf('1-0:7.8.0'), 'reactive-energy-quadrant:Q3');
	t.is(channelOf('1-0:25.7.0'), 'reactive-power-quadrant:L1-Q1');
	t.is(channelOf('1-0:15.8.0'), 'energy-absolute');
	t.is(channelOf('1-0:32.7.0'), 'voltage:L1');
	t.is(channelOf('1-0:71.7.0'), 'current:L3');
	t.is(channelOf('1-0:91.7.0'), 'current:N');
	t.is(channelOf('1-0:14.7.0'), 'frequency');
	t.is(channelOf('1-0:1.6.0'), 'demand-import-maximum');
	t.is(channelOf('1-0:52.32.0'), 'voltage-sags:L2');
	t.is(channelOf('1-0:9.8.0'), 'apparent-energy');
	t.is(channelOf('1-0:13.7.0'), 'power-factor');
	t.is(channelOf('0-0:96.14.0'), 'tariff');
	t.is(channelOf('0-0:96.7.21'), 'power-failures');
	t.is(channelOf('0-0:96.7.9'), 'power-failures:long');
	t.is(channelOf('6-0:1.0.0'), 'heat-energy');
	t.is(channelOf('8-1:1.0.0'), 'water-volume:ch1');
});

test('what is no present value of a known quantity has no channel', t => {
	for (const name of [
		'1-0:1.8.0*01',
		'1-0:1.9.0',
		'1-0:1.7.1',
		'1-0:31.4.0',
		'1-0:81.7.0',
		'1-0:20.7.0',
		'1-0:1.8.64',
		'0-0:1.0.0',
		'1-0:99.97.0',
		'5-0:1.0.0',
	])
		t.is(channelOf(name), undefined, name);
});

test('a printed number keeps its digits, and zeros in front go', t => {
	const read = (text: string) => {
		const number = printedNumber(`(${text})`, 1, text.length + 1);
		return number && [number.text, number.digits, number.exponent];
	};
	t.deepEqual(read('000123.456'), ['123.456', 123456, -3]);
	t.deepEqual(read('0000.00'), ['0.00', 0, -2]);
	t.deepEqual(read('0'), ['0', 0, 0]);
	t.deepEqual(read('-012.5'), ['-12.5', -125, -1]);
	t.deepEqual(read('00052185.7825309'), ['52185.7825309', 521857825309, -7]);
	t.deepEqual(read('12345678901234567.5'), ['12345678901234567.5', Number.NaN, 0]);
	for (const text of ['', '-', '.', '1.', '.5', '1.2.3', '+1', '1e3', ' 1', '1 ', '1,5', '--1', 'A', '0x1', '1'.repeat(65)])
		t.is(read(text), undefined, text);
});
