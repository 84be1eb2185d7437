import test from 'ava';
import fc from 'fast-check';
import type {EntryFacts} from '../../agent/verify/facts.ts';
import {noteWords} from '../../agent/verify/note-words.ts';
import {conclude, noFacts, verdictText} from '../../agent/verify/verdict.ts';

const entry: EntryFacts = {
	index: 3,
	number: 2,
	kind: 'note',
	quantity: 'start',
	value: '0',
	unit: undefined,
	measuredAtMs: undefined,
	arrivedAtMs: 1_700_000_000_000,
	spanMs: undefined,
	counterEpoch: undefined,
	qualities: [],
};
const hash = `0x${'ab'.repeat(32)}`;

const said: readonly (readonly [body: Record<string, string | number>, words: RegExp])[] = [
	[{note: 'start', agent: '0.1.0', node: 'v20', platform: 'linux-arm64'}, /^the agent started: version 0\.1\.0 on linux-arm64$/],
	[
		{note: 'start', agent: '1', platform: 'linux-x64', bootId: 'b', upMs: 5, synchronisation: 'unsynchronised'},
		/in boot b, its clock unsynchronised$/,
	],
	[{note: 'eviction', evicted: 12}, /^12 refused messages were dropped/],
	[
		{note: 'beacon', chainId: 1, blockNumber: 20_000_000, blockHash: hash, blockTimeS: 1_700_000_000},
		/^as the agent's node told it, .* block 20000000 of chain 1, of 2023-11-14T22:13:20\.000Z, hash 0xabab.*appended after that block$/,
	],
	[
		{note: 'clockStep', expectedMs: 1_700_000_000_000, foundMs: 1_699_999_990_000, upMs: 1, synchronisation: 'unknown'},
		/set back by 10 s, from 2023-11-14T22:13:20\.000Z to 2023-11-14T22:13:10\.000Z; it is in a state that it cannot know$/,
	],
	[
		{note: 'clockStep', expectedMs: 5, foundMs: 5, synchronisation: 'synchronised', synchronisationBefore: 'unsynchronised'},
		/changed its state: it is synchronised, before it was unsynchronised$/,
	],
	[
		{note: 'rotation', chainId: 1, registry: `0x${'12'.repeat(20)}`, logId: hash, from: `0x${'34'.repeat(20)}`, to: `0x${'56'.repeat(20)}`},
		/^as the agent's node told it, the log that registry 0x1212.* of chain 1 knows as 0xabab.* with the key of 0x5656.*, and no longer with that of 0x3434/,
	],
	[{note: 'gap', session: 'b3', from: 4, to: 4}, /own number 4 was not among what was logged of its session "b3" when/],
	[{note: 'gap', session: '', from: 4, to: 9}, /own numbers 4 to 9 were not among what was logged when/],
	[{note: 'silence', cadenceMs: 2000}, /logged since the agent started, though its device should speak every 2 s$/],
	[{note: 'silence', cadenceMs: 2500, sinceMs: 0}, /since 1970-01-01T00:00:00\.000Z, though .* every 2\.5 s$/],
];

for (const [body, words] of said)
	test(`a note ${JSON.stringify(body)} is said in words`, t => {
		t.regex(noteWords({...entry, quantity: String(body.note)}, JSON.stringify(body)) ?? '', words);
	});

test('a body that is of another kind, or not as we write it, is not put into words', t => {
	const gap = JSON.stringify({note: 'gap', from: 1, to: 2});
	t.is(noteWords({...entry, quantity: 'silence'}, gap), undefined);
	t.is(noteWords({...entry, quantity: 'gap', kind: 'enrolment'}, gap), undefined);
	t.is(noteWords({...entry, quantity: 'gap'}, '{"note":"gap","from":"one","to":2}'), undefined);
	t.is(noteWords({...entry, quantity: 'gap'}, '{"note":"gap","from":{},"to":2}'), undefined);
	t.is(noteWords({...entry, quantity: 'toString'}, '{"note":"toString"}'), undefined);
	fc.assert(
		fc.property(
			fc.constantFrom('start', 'eviction', 'beacon', 'clockStep', 'gap', 'silence', 'rotation'),
			fc.json(),
			fc.string(),
			(quantity, json, text) => {
				noteWords({...entry, quantity}, json);
				noteWords({...entry, quantity}, text);
				return true;
			},
		),
	);
	// Whatever the numbers are, there are words or none, and no crash.
	const anything = fc.oneof(fc.double(), fc.maxSafeInteger(), fc.string());
	fc.assert(
		fc.property(
			fc.dictionary(
				fc.constantFrom(
					'blockTimeS',
					'blockNumber',
					'expectedMs',
					'foundMs',
					'from',
					'to',
					'cadenceMs',
					'sinceMs',
					'chainId',
					'registry',
					'logId',
				),
				anything,
			),
			fields => {
				for (const note of ['beacon', 'clockStep', 'gap', 'silence', 'rotation'])
					noteWords({...entry, quantity: note}, JSON.stringify({note, ...fields}));
				return true;
			},
		),
	);
});

test('a verdict on a note shows its words, and nothing of them can move the cursor', t => {
	const body = {note: 'gap', session: 'a\u001b[2Jb', from: 1, to: 2};
	const text = verdictText(conclude('receipt', [], {...noFacts, entry: {...entry, quantity: 'gap'}, bodyText: JSON.stringify(body)}));
	t.regex(text, /\n {2}note {6}the device's own numbers 1 to 2 were not among what was logged of its session "a\\u\{1b\}\[2Jb"/);
});
