// The body of an epoch's entry: one text for one meaning, and nothing else is taken.
import test from 'ava';
import fc from 'fast-check';
import {utf8} from '../../agent/base/bytes.ts';
import {decodeEpoch, type EpochBody, encodeEpoch, reasonProblem} from '../../agent/format/epoch.ts';

const root = fc.uint8Array({minLength: 32, maxLength: 32});
const size = fc.nat({max: 2 ** 40});
const text = fc.string({unit: 'grapheme', maxLength: 30});
const anyBody: fc.Arbitrary<EpochBody> = fc.record({
	epoch: fc.nat(),
	reason: text,
	openedAtMs: size,
	previous: fc.record({origin: text, vkey: text, size, root}),
	heads: fc.array(fc.record({source: text, origin: text, size, root}), {maxLength: 4}),
	common: fc.record({size, root}),
	again: fc.record({first: size, end: size}),
	counters: fc.array(fc.record({name: text, count: size}), {maxLength: 4}),
});

test('a body that is written is read as it was', t => {
	fc.assert(
		fc.property(anyBody, body => {
			const read = decodeEpoch(encodeEpoch(body));
			if ('problem' in read) throw new Error(read.problem);
			// fast-check makes objects without a prototype, and bytes of another realm compare by their text.
			t.is(JSON.stringify(read.value), JSON.stringify(body));
		}),
		{numRuns: 200},
	);
});

test('a body with any byte changed, left out or put in is not read as the same', t => {
	const [body] = fc.sample(anyBody, {numRuns: 1, seed: 7}) as [EpochBody];
	const bytes = encodeEpoch(body);
	const same = JSON.stringify(body);
	for (let at = 0; at < bytes.length; at += 1) {
		const bent = bytes.slice();
		bent[at]! ^= 1 << (at % 8);
		for (const mutant of [
			bent,
			new Uint8Array([...bytes.slice(0, at), ...bytes.slice(at + 1)]),
			new Uint8Array([...bytes.slice(0, at), 0x20, ...bytes.slice(at)]),
		]) {
			const read = decodeEpoch(mutant);
			t.false('value' in read && JSON.stringify(read.value) === same, `byte ${at}`);
		}
	}
	t.true('problem' in decodeEpoch(utf8('{}')));
});

test('a reason is a sentence: not empty, not long, no control characters', t => {
	t.is(reasonProblem('The card died; this is the backup of Tuesday.'), undefined);
	for (const reason of ['', ' \t', 'a\nb', 'x'.repeat(501), '\ud800']) t.truthy(reasonProblem(reason), JSON.stringify(reason));
});
