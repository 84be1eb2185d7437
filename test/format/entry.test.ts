import {readFileSync} from 'node:fs';
import test from 'ava';
import fc from 'fast-check';
import {concatBytes, equalBytes, fromHex, fromUtf8, toHex, uint48Max, utf8, viewOf} from '../../agent/base/bytes.ts';
import {portableHasher} from '../../agent/base/hash.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {type Arrival, decodeArrival, encodeArrival} from '../../agent/format/arrival.ts';
import {decodeEnrolment, decodeNote, encodeEnrolment, encodeNote} from '../../agent/format/body.ts';
import {
	decodeEntry,
	type Entry,
	encodeEntry,
	entryLeafHash,
	entryLength,
	entryProblem,
	fitsTime,
	fitsValue,
	qualities,
	qualityNames,
	sourceHash,
	writeEntry,
} from '../../agent/format/entry.ts';
import {agentUrn, channelUrn, deviceUrn, parseChannelUrn, subjectHash} from '../../agent/format/subject.ts';
import {tags} from '../../agent/format/tags.ts';
import type {EntryCase, MalformedEntryCase} from '../helpers/make-vectors.ts';
import {repositoryPath} from '../helpers/published-data.ts';
import * as reference from '../helpers/reference-merkle.ts';

const vectors = <T>(name: string): T[] =>
	(JSON.parse(readFileSync(repositoryPath('test', 'vectors', 'entry', name), 'utf8')) as {cases: T[]}).cases;
const hex = (text: string): Uint8Array => fromHex(text.slice(2))!;
const whole = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({minLength: length, maxLength: length});

const anyEntry: fc.Arbitrary<Entry> = fc.record({
	kind: fc.integer({min: 1, max: 255}) as fc.Arbitrary<Entry['kind']>,
	salt: whole(16),
	subject: whole(32),
	quantity: fc.integer({min: 0, max: 0xffff}),
	exponent: fc.integer({min: -128, max: 127}),
	quality: fc.integer({min: 0, max: 0xff_ffff}),
	value: fc.bigInt({min: -(2n ** 63n), max: 2n ** 63n - 1n}),
	measuredAtMs: fc.integer({min: 0, max: uint48Max}),
	arrivedAtMs: fc.integer({min: 0, max: uint48Max}),
	number: fc.integer({min: 0, max: uint48Max}),
	span: fc.integer({min: 0, max: 0xffff_ffff}),
	source: whole(32),
});

test('an entry decodes to what was encoded, and encodes to the same bytes again', t => {
	fc.assert(
		fc.property(anyEntry, entry => {
			const bytes = encodeEntry(entry);
			t.is(entryProblem(bytes), undefined);
			t.deepEqual(decodeEntry(bytes), entry);
			return equalBytes(encodeEntry(decodeEntry(bytes)), bytes);
		}),
		{numRuns: 300},
	);
});

test('any 118 bytes of a known version are one entry, and no other entry has them', t => {
	fc.assert(
		fc.property(whole(entryLength), fc.integer({min: 1, max: 255}), (random, kind) => {
			const bytes = random.slice();
			bytes[0] = kind;
			bytes[1] = 1;
			return entryProblem(bytes) === undefined && equalBytes(encodeEntry(decodeEntry(bytes)), bytes);
		}),
		{numRuns: 300},
	);
	t.pass();
});

test('an entry is written at its offset and leaves its neighbours alone', t => {
	const [entry] = fc.sample(anyEntry, {numRuns: 1, seed: 7});
	const bytes = new Uint8Array(3 * entryLength).fill(0xee);
	writeEntry(bytes, viewOf(bytes), entryLength, entry!, entry!.salt, entry!.source);
	t.true(equalBytes(bytes.slice(entryLength, 2 * entryLength), encodeEntry(entry!)));
	t.true(bytes.slice(0, entryLength).every(byte => byte === 0xee));
	t.true(bytes.slice(2 * entryLength).every(byte => byte === 0xee));
	const decoded = decodeEntry(bytes.subarray(entryLength, 2 * entryLength));
	bytes.fill(0);
	t.deepEqual(decoded, entry);
});

test('every canonical vector decodes to its fields and encodes to its bytes', t => {
	for (const {name, entry, version, salt, subject, source, value, ...numbers} of vectors<EntryCase>('canonical.json')) {
		const bytes = hex(entry);
		t.is(entryProblem(bytes), undefined, name);
		t.is(bytes[1], version, name);
		const fields = {...numbers, value: BigInt(value), salt: hex(salt), subject: hex(subject), source: hex(source)} as Entry;
		t.deepEqual(decodeEntry(bytes), fields, name);
		t.is(toHex(encodeEntry(fields)), entry.slice(2), name);
	}
});

test('every malformed vector has its problem', t => {
	const patterns = {length: /has 118 bytes, these are \d+/, version: /version \d+ is not known/, kind: /kind 0 does not exist/};
	for (const {name, entry, wrong} of vectors<MalformedEntryCase>('malformed.json')) {
		t.regex(entryProblem(hex(entry)) ?? '', patterns[wrong], name);
	}
});

test('the leaf hash of an entry is the one of RFC 9162, with either hasher', t => {
	for (const {entry} of vectors<EntryCase>('canonical.json').slice(0, 5)) {
		t.true(equalBytes(entryLeafHash(nodeHasher, hex(entry)), reference.leafHash(hex(entry))));
		t.true(equalBytes(entryLeafHash(portableHasher, hex(entry)), reference.leafHash(hex(entry))));
	}
});

test('quality bits have names in order, and unknown ones a number', t => {
	t.deepEqual(qualityNames(0), []);
	t.deepEqual(qualityNames(qualities.deviceSigned | qualities.estimated), ['estimated', 'deviceSigned']);
	t.is(qualityNames(0xff_ffff).length, 24);
	t.is(qualityNames(1 << 23)[0], 'bit-23');
});

test('values and times fit up to their last one', t => {
	t.true(fitsValue(2n ** 63n - 1n) && fitsValue(-(2n ** 63n)));
	t.false(fitsValue(2n ** 63n) || fitsValue(-(2n ** 63n) - 1n));
	t.true(fitsTime(0) && fitsTime(uint48Max));
	for (const time of [-1, 0.5, uint48Max + 1, Number.NaN]) t.false(fitsTime(time));
});

const anyText = fc.string({unit: 'binary', maxLength: 20});
const anyArrival: fc.Arbitrary<Arrival> = fc.record({
	topic: anyText,
	payload: fc.uint8Array({maxLength: 40}),
	flags: fc.integer({min: 0, max: 255}),
	identity: anyText,
	arrivedAtMs: fc.integer({min: 0, max: uint48Max}),
	deviceSignature: fc.uint8Array({maxLength: 8}),
	decoder: anyText,
});

test('an arrival record decodes to its arrival, and two arrivals never have the same bytes', t => {
	fc.assert(
		fc.property(anyArrival, arrival => {
			const record = encodeArrival(arrival);
			t.deepEqual(decodeArrival(record), arrival);
			return equalBytes(encodeArrival(decodeArrival(record)!), record);
		}),
		{numRuns: 200},
	);
});

test('bytes that are no arrival record have none, whatever they are', t => {
	const record = encodeArrival({
		topic: 'a',
		payload: utf8('b'),
		flags: 0,
		identity: 'c',
		arrivedAtMs: 1,
		deviceSignature: new Uint8Array(0),
		decoder: '',
	});
	for (let length = 0; length < record.length; length += 1) t.is(decodeArrival(record.slice(0, length)), undefined);
	t.is(decodeArrival(concatBytes(record, Uint8Array.of(0))), undefined);
	const badText = record.slice();
	badText[4] = 0xff;
	t.is(decodeArrival(badText), undefined);
	fc.assert(
		fc.property(fc.uint8Array({maxLength: 60}), bytes => {
			const arrival = decodeArrival(bytes);
			return arrival === undefined || equalBytes(encodeArrival(arrival), bytes);
		}),
	);
});

test('an enrolment decodes only from the one text that it is written as', t => {
	const body = {urn: channelUrn('m', 'voltage', 'L1'), secret: new Uint8Array(16).fill(3), quantity: 'voltage', exponent: -1};
	const bytes = encodeEnrolment(body);
	t.deepEqual(decodeEnrolment(bytes), body);
	t.deepEqual(decodeEnrolment(encodeEnrolment({...body, quantity: undefined})), {...body, quantity: undefined});
	const text = fromUtf8(bytes)!;
	for (const changed of [
		` ${text}`,
		text.replace('-1', '-1.0'),
		text.replace('{', '{"x":1,'),
		'[]',
		'{}',
		'null',
		'',
		text.replace('"urn"', '"Urn"'),
	]) {
		t.is(decodeEnrolment(utf8(changed)), undefined, changed);
	}
	t.is(decodeEnrolment(Uint8Array.of(0xff)), undefined);
});

test('a note is flat, of texts and numbers', t => {
	t.deepEqual(decodeNote(encodeNote({a: 1, b: 'x'})), {a: 1, b: 'x'});
	for (const text of ['{"a":{}}', '{"a":null}', '{"a":[1]}', '1', '"x"', '', '{']) t.is(decodeNote(utf8(text)), undefined, text);
});

test('a channel URN parses to what it was made of, and nothing else parses', t => {
	t.deepEqual(parseChannelUrn(channelUrn('a-b_1', 'energy-import')), {deviceId: 'a-b_1', quantityName: 'energy-import', part: undefined});
	t.deepEqual(parseChannelUrn(channelUrn('x', 'voltage', 'L1')), {deviceId: 'x', quantityName: 'voltage', part: 'L1'});
	for (const urn of [
		deviceUrn('x'),
		agentUrn('x'),
		'urn:kedge:device::voltage',
		`${channelUrn('x', 'voltage')}\n`,
		channelUrn('x', 'V'),
		'',
	]) {
		t.is(parseChannelUrn(urn), undefined, urn);
	}
});

test('a subject depends on log, secret and URN, and moving a letter from one to the next changes it', t => {
	const secret = new Uint8Array(16);
	const base = subjectHash(nodeHasher, {logName: 'ab', secret, urn: 'c'});
	t.is(base.length, 32);
	for (const other of [
		{logName: 'a', secret, urn: 'bc'},
		{logName: 'ab', secret: secret.with(0, 1), urn: 'c'},
		{logName: 'ab', secret, urn: 'd'},
	]) {
		t.false(equalBytes(subjectHash(nodeHasher, other), base));
	}
});

test('tags are all different and none begins another', t => {
	const all = Object.values(tags);
	for (const a of all) {
		t.is(a.indexOf(0), a.length - 1);
		for (const b of all) t.true(a === b || !equalBytes(b.slice(0, a.length), a));
	}
	const [salt, record] = [new Uint8Array(16), utf8('x')];
	t.false(equalBytes(sourceHash(nodeHasher, tags.arrival, salt, record), sourceHash(nodeHasher, tags.body, salt, record)));
});
