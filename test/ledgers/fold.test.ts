import test from 'ava';
import {utf8} from '../../agent/base/bytes.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {encodeEntry, type Kind, kinds, noteKinds, statementKinds} from '../../agent/format/entry.ts';
import {encodeStatement} from '../../agent/format/statement.ts';
import {createFold, type Fold} from '../../agent/ledgers/fold.ts';
import type {Ledger, Past} from '../../agent/ledgers/ledger.ts';
import {createMemoryRows} from '../../agent/ledgers/rows.ts';

const subjectOf = (urn: string): Uint8Array => nodeHasher.sha256(utf8(urn));
const startMs = Date.UTC(2026, 0, 1);

const noPast: Past = {
	readings: async function* () {},
	before: async () => undefined,
	corrects: async () => undefined,
};

/** A ledger that writes down what it is told. It wants channels that a statement of its site names. */
function createScribe(): Ledger & {readonly told: string[]} {
	const told: string[] = [];
	const wanted = new Set<string>();
	return {
		told,
		name: 'scribe',
		version: 1,
		open: async () => {
			told.push('open');
		},
		state: ({says, urn, body, index, number, value}) => {
			told.push(`state ${says} ${urn} ${index} ${number} ${value}`);
			wanted.add(String(body.wants));
		},
		wants: urn => wanted.has(urn),
		read: (urn, {index, value, quality}) => told.push(`read ${urn} ${index} ${value} ${quality}`),
		note: (urn, {note, value, index}) => told.push(`note ${urn} ${note} ${value} ${index}`),
		tick: async ({logTimeMs, size}) => {
			told.push(`tick ${(logTimeMs - startMs) / 60_000} ${size}`);
		},
		save: async () => {
			told.push('save');
		},
		problem: async () => undefined,
		basis: async () => undefined,
		answer: async () => undefined,
	};
}

type Draft = {kind?: Kind; urn: string; quantity?: number; value?: bigint; minute: number; number?: number};

const entryOf = ({kind = kinds.reading, urn, quantity = 1, value = 0n, minute, number = 1}: Draft): Uint8Array =>
	encodeEntry({
		kind,
		subject: subjectOf(urn),
		quantity,
		exponent: 0,
		quality: 3,
		value,
		measuredAtMs: 0,
		arrivedAtMs: startMs + minute * 60_000,
		number,
		span: 0,
		salt: new Uint8Array(16),
		source: new Uint8Array(32),
	});

const [site, a, b] = ['urn:kedge:site:one', 'urn:kedge:device:a:power', 'urn:kedge:device:b:power'];
const packed = Buffer.concat(
	[
		{urn: a, minute: 0, value: 1n},
		{urn: site, minute: 10, kind: kinds.statement, quantity: statementKinds.site, value: 9n, number: 2},
		{urn: a, minute: 59, value: -2n},
		{urn: b, minute: 60, value: 3n},
		{urn: a, minute: 300, value: 4n, kind: kinds.note, quantity: noteKinds.gap},
		{urn: a, minute: 301, value: 4n, kind: kinds.note, quantity: noteKinds.beacon},
		{urn: site, minute: 302, kind: kinds.statement, quantity: 999},
		{urn: 'urn:kedge:device:c:power', minute: 290},
		{urn: a, minute: 299, value: 5n},
	].map(entryOf),
);
const bodyOf = async (index: number) => (index === 1 ? encodeStatement({wants: a}) : undefined);

function createWorld(at?: {size: number; logTimeMs: number}): {scribe: ReturnType<typeof createScribe>; fold: Fold} {
	const scribe = createScribe();
	const rows = createMemoryRows();
	const fold = createFold({ledgers: [scribe], rowsOf: () => rows, past: noPast, at});
	for (const urn of [site, a, b]) fold.enrol(subjectOf(urn), urn);
	return {scribe, fold};
}

const expected = [
	'open',
	`state site ${site} 1 2 9`,
	`read ${a} 2 -2 3`,
	'tick 60 3',
	'tick 300 4',
	`note ${a} gap 4 4`,
	'tick 290 7',
	`read ${a} 8 5 3`,
];

test('a ledger is told what it wants, and settles before the first entry of another hour', async t => {
	const {scribe, fold} = createWorld();
	await fold.take(packed, 0, bodyOf);
	t.deepEqual(scribe.told, expected);
	t.is(fold.size(), 9);
	await fold.save();
	t.is(scribe.told.at(-1), 'save');
});

test('a fold tells the same however its entries are cut, and goes on where it stood', async t => {
	for (let cut = 0; cut <= 9; cut += 1) {
		const {scribe, fold} = createWorld();
		await fold.take(packed.subarray(0, cut * 118), 0, bodyOf);
		await fold.take(packed.subarray(cut * 118), cut, bodyOf);
		t.deepEqual(scribe.told, expected, `cut at ${cut}`);
	}
	const {scribe, fold} = createWorld({size: 3, logTimeMs: startMs + 59 * 60_000});
	await fold.take(packed.subarray(3 * 118), [3, 4, 5, 6, 7, 8], bodyOf);
	t.deepEqual(scribe.told, ['open', 'tick 60 3', 'tick 300 4', 'tick 290 7']);
	t.is(fold.logTimeMs(), startMs + 299 * 60_000);
});

test('an entry that was folded already is a mistake of the caller', async t => {
	const {fold} = createWorld();
	await fold.take(packed, [10, 11, 12, 13, 14, 15, 16, 17, 18], async () => undefined);
	await t.throwsAsync(fold.take(packed.subarray(0, 118), 18, bodyOf), {message: /was folded already/});
});
