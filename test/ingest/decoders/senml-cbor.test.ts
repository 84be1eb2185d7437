// SenML packs in CBOR: the same as in JSON, with exact numbers [RFC 8428 §6].
import test from 'ava';
import {encode, Tagged} from 'cborg';
import fc from 'fast-check';
import {senmlDecoder} from '../../../agent/ingest/decoders/senml.ts';
import {senmlCborDecoder} from '../../../agent/ingest/decoders/senml-cbor.ts';
import type {ReadingConfig} from '../../../agent/ingest/mapping.ts';
import {mappingFor, readExactly} from './read.ts';

const arrivedAtMs = Date.UTC(2026, 0, 1);

const readings: readonly ReadingConfig[] = [
	{name: 'dev:voltage', quantity: 'voltage', unit: 'V'},
	{name: 'dev:current', quantity: 'current'},
	{name: 'dev:door', quantity: 'door'},
	{name: 'dev:power', quantity: 'energy-import-joule', exponent: -3, sum: true},
	{name: 'dev:energy', quantity: 'energy-import', exponent: 0},
];
const mapping = mappingFor({name: 'm', topic: '{device}', format: 'senml-cbor', readings}, senmlCborDecoder);
const jsonMapping = mappingFor({name: 'm', topic: '{device}', format: 'senml', readings}, senmlDecoder);

const labels: Readonly<Record<string, number>> = {
	bver: -1,
	bn: -2,
	bt: -3,
	bu: -4,
	bv: -5,
	bs: -6,
	n: 0,
	u: 1,
	v: 2,
	vs: 3,
	vb: 4,
	s: 5,
	t: 6,
	ut: 7,
	vd: 8,
};

type Pack = readonly Readonly<Record<string, unknown>>[];

/** With whole floats, so that their digits are those of JSON. */
function bytesOf(pack: Pack): Uint8Array {
	return encode(
		pack.map(record => new Map(Object.entries(record).map(([label, value]) => [labels[label] ?? label, value]))),
		{float64: true},
	);
}

/** `slot:value@measuredAtMs`, `~` where the time is ours; the reason of a refusal. */
function read(payload: Uint8Array, using = mapping): string | string[] {
	const decoded = readExactly(using, payload, {arrivedAtMs});
	if ('refused' in decoded) return decoded.refused;
	return decoded.readings.map(reading => {
		if ('refused' in reading) return reading.refused;
		const {slot, value, measuredAtMs, timeIsDevices} = reading;
		return `${slot}:${value}@${timeIsDevices ? '' : '~'}${measuredAtMs}`;
	});
}

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

test('labels are numbers, and the rules are those of JSON', t => {
	const pack = [
		{bn: 'dev:', bt: 1.276020076001e9, bu: 'A', bver: 5, n: 'voltage', u: 'V', v: 120.1},
		{n: 'current', t: -5, v: 1.2},
		{n: 'current', v: 1.7},
		{n: 'door', vb: true},
		{n: 'power', u: 'W', s: 12.5, ut: 3},
	];
	t.deepEqual(read(bytesOf(pack)), [
		'0:120100@1276020076001',
		'1:1200@1276020071001',
		'1:1700@1276020076001',
		'2:1@1276020076001',
		'3:12500@1276020076001',
	]);
});

test('a float is the decimal that it means, a decimal fraction is itself', t => {
	const one = (value: string): string | string[] => read(hex(`81 a3 00 6b 6465763a766f6c74616765 01 6156 02 ${value}`));
	t.deepEqual(one('f9 4dc0'), ['0:23000@~0']);
	t.deepEqual(one('f9 4dc4'), ['value-inexact']);
	t.deepEqual(one('fa 41b8cccd'), ['0:23100@~0']);
	t.deepEqual(one('fb 403719999999999a'), ['0:23100@~0']);
	t.deepEqual(one('c4 82 20 18 e7'), ['0:23100@~0']);
	t.deepEqual(one('c4 82 01 02'), ['0:20000@~0']);
	t.deepEqual(one('17'), ['0:23000@~0']);
	t.deepEqual(one('fa 3f9df3b6'), ['0:1234@~0']);
	t.deepEqual(one('f9 7e00'), ['value-not-number']);
	t.deepEqual(one('f9 7c00'), ['value-not-number']);
	t.deepEqual(one('1b ffffffffffffffff'), ['value-out-of-range']);
	t.deepEqual(one('61 31'), ['value-not-number']);
	t.deepEqual(one('41 31'), ['value-not-number']);
});

test('whole numbers of 64 bits are exact', t => {
	t.deepEqual(read(bytesOf([{n: 'dev:energy', u: 'Wh', v: 2n ** 53n + 1n}])), ['4:9007199254740993@~0']);
	t.deepEqual(read(bytesOf([{bv: -(2n ** 63n), n: 'dev:energy', u: 'Wh', v: 2n ** 64n - 1n}])), ['4:9223372036854775807@~0']);
});

test('labels that are texts are extensions: known ones must be numbers, those that end in "_" must be understood', t => {
	t.deepEqual(read(bytesOf([{n: 'dev:voltage', v: 1, foo: [1, {}]}])), ['0:1000@~0']);
	t.is(read(bytesOf([{n: 'dev:voltage', v: 1, foo_: 1}])), 'senml-invalid');
	t.is(
		read(
			encode([
				new Map<unknown, unknown>([
					[0, 'dev:voltage'],
					['v', 1],
				]),
			]),
		),
		'senml-invalid',
	);
	t.deepEqual(
		read(
			encode([
				new Map<unknown, unknown>([
					[0, 'dev:voltage'],
					[2, 1],
					[9, 1],
					[-7, 1],
				]),
			]),
		),
		['0:1000@~0'],
	);
	t.is(
		read(
			encode([
				new Map<unknown, unknown>([
					[0, 'dev:voltage'],
					[2, 1],
					[true, 1],
				]),
			]),
		),
		'payload-malformed',
	);
});

test('what is no pack, or no CBOR, is refused', t => {
	t.is(read(hex('80')), 'senml-invalid');
	t.is(read(hex('a0')), 'senml-invalid');
	t.is(read(hex('8101')), 'senml-invalid');
	t.is(read(hex('')), 'payload-malformed');
	t.is(read(hex('81')), 'payload-malformed');
	t.is(
		read(
			encode([
				new Map<unknown, unknown>([
					[0, 'dev:voltage'],
					[2, new Tagged(1, 1)],
				]),
			]),
		),
		'payload-malformed',
	);
	t.is(read(hex('81 a2 00 6161 00 6162')), 'payload-malformed');
	for (const [label, value] of [
		['n', 1],
		['u', new Uint8Array(1)],
		['bt', 'a'],
		['bver', 1.5],
		['bver', '10'],
		['s', true],
		['t', null],
	] as const)
		t.is(read(bytesOf([{n: 'dev:voltage', v: 1, [label]: value}])), 'senml-invalid', label);
});

test('a list and maps without a length are read as others', t => {
	t.deepEqual(read(hex('9f bf 00 6b 6465763a766f6c74616765 02 01 ff ff')), ['0:1000@~0']);
});

test('any pack means the same in CBOR as in JSON', t => {
	const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, {nil: undefined, freq: 2});
	const number = fc.oneof(
		fc.integer({min: -1e6, max: 1e6}),
		fc.integer({min: -99_999, max: 99_999}).map(n => n / 1000),
		fc.double({noNaN: true, noDefaultInfinity: true}),
	);
	const record = fc.record({
		bn: maybe(fc.constantFrom('dev:', 'dev:voltage')),
		bt: maybe(fc.constantFrom(1_700_000_000, 1_700_000_000.25, 0, -100)),
		bu: maybe(fc.constantFrom('mV', 'V', 'W')),
		bv: maybe(number),
		bs: maybe(number),
		n: maybe(fc.constantFrom('voltage', 'power', '')),
		t: maybe(number),
		v: maybe(number),
		s: maybe(number),
	});
	fc.assert(
		fc.property(fc.array(record, {minLength: 1, maxLength: 6}), records => {
			const pack = records.map(fields => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)));
			t.deepEqual(read(bytesOf(pack)), read(Buffer.from(JSON.stringify(pack)), jsonMapping));
		}),
		{numRuns: 1000},
	);
});

test('no bit that flips makes it throw, or gives a reading in another unit than its channel takes', t => {
	const payload = bytesOf([
		{bn: 'dev:', bt: 1_700_000_000, bu: 'V', n: 'voltage', v: 120.1},
		{n: 'current', u: 'A', t: -5, v: 1.2},
		{n: 'door', vb: true},
		{n: 'power', u: 'W', s: 12.5},
	]);
	for (let at = 0; at < payload.length; at += 1)
		for (const changed of [...Array.from({length: 8}, (_, bit) => payload[at]! ^ (1 << bit)), 0, 0x80, 0xff]) {
			const flipped = payload.slice();
			flipped[at] = changed;
			const decoded = mapping.decoder.decode({topic: 'd', payload: flipped, arrivedAtMs, deviceId: 'd'});
			if ('refused' in decoded) continue;
			for (const reading of decoded.readings) {
				// V to mV and A to mA are not one bit apart, nor are W and kW: a unit that is left measures what it did, or nothing.
				if (!('refused' in reading) && reading.channel.scales.has(reading.unit))
					t.true(['V', 'A', '', 'J'].includes(reading.unit), `byte ${at}: ${reading.unit}`);
			}
		}
	t.pass();
});

test('a pack is recognised, other CBOR is not', t => {
	const recognise = (payload: Uint8Array) => senmlCborDecoder.recognise!({topic: 'site/cold-1/up', payload});
	t.like(recognise(bytesOf([{bn: 'urn:dev:cold-1:', n: 'temp', u: 'Cel', v: 4.2}])), {
		topic: 'site/{device}/up',
		device: 'cold-1',
		readings: [{name: 'urn:dev:{device}:temp', quantity: 'temperature', optional: true}],
	});
	for (const payload of [hex('80'), hex('8101'), hex('a0'), new Uint8Array(0), Buffer.from('[{"n":"a","v":1}]'), encode([1, 2])])
		t.is(recognise(payload), undefined);
});
