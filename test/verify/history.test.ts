import test, {type ExecutionContext} from 'ava';
import fc from 'fast-check';
import {utf8} from '../../agent/base/bytes.ts';
import {verifyEd25519} from '../../agent/base/ed25519.ts';
import {portableHasher} from '../../agent/base/hash.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {type Entry, kinds} from '../../agent/format/entry.ts';
import {formatHistory, type History} from '../../agent/format/history.ts';
import type {Trust} from '../../agent/format/trust.ts';
import type {CheckName, Verdict} from '../../agent/verify/verdict.ts';
import {createVerifier, type VerifierOptions} from '../../agent/verify/verifier.ts';
import {createSmallLog, energyUrn, startMs, temperatureUrn} from '../helpers/small-log.ts';

const log = createSmallLog({readings: 12});
const history = log.history(energyUrn);

const verify = (value: History, trust: Trust = log.trust, options: Partial<VerifierOptions> = {}): Promise<Verdict> =>
	createVerifier({hasher: nodeHasher, verifySignature: verifyEd25519, ...options}).verify(utf8(formatHistory(nodeHasher, value)), trust);

const checkOf = (verdict: Verdict, name: CheckName) => verdict.checks.find(check => check.name === name);
const isBad = (t: ExecutionContext, verdict: Verdict, ...names: CheckName[]): void => {
	t.deepEqual(
		verdict.checks.filter(({result}) => result === 'fail').map(({name}) => name),
		names,
	);
	t.false(verdict.good);
	t.is(verdict.strength, 'none');
};

test('a history of a trusted log is committed, and says what it does not show', async t => {
	const verdict = await verify(history);
	t.true(verdict.good);
	t.is(verdict.document, 'history');
	t.is(verdict.strength, 'committed');
	t.deepEqual(
		verdict.checks.map(({name, result}) => `${name} ${result}`),
		[
			'form pass',
			'entry pass',
			'checkpoint pass',
			'signature pass',
			'inclusion pass',
			'channel pass',
			'order pass',
			'period pass',
			'completeness skipped',
			'pinned skipped',
		],
	);
	t.is(
		checkOf(verdict, 'completeness')?.reason,
		'nothing between number 1 and number 7 is missing, as the agent numbered them; number 1 is the first of this epoch, and what comes after number 7 is unknown',
	);
	t.like(verdict.facts.history, {entries: 7, first: {number: 1, kind: 'enrolment'}, last: {number: 7, value: '12000.010'}});
	t.is(verdict.facts.channel, energyUrn);
});

test('a history that begins later says that what came before is unknown', async t => {
	const verdict = await verify({...history, entries: history.entries.slice(2, 4)});
	t.true(verdict.good);
	t.regex(checkOf(verdict, 'completeness')!.reason, /between number 3 and number 4 .* what came before number 3 is unknown/);
});

test('a history with numbers left out fails and names them', async t => {
	const without = (...numbers: number[]) => ({...history, entries: history.entries.filter((_, i) => !numbers.includes(i + 1))});
	const one = await verify(without(3));
	isBad(t, one, 'completeness');
	t.is(checkOf(one, 'completeness')?.reason, 'numbers are missing: 3');
	t.is(checkOf(await verify(without(2, 4, 5)), 'completeness')?.reason, 'numbers are missing: 2, 4 to 5');
});

test('a long list of missing numbers is cut', async t => {
	const long = createSmallLog({readings: 100});
	const whole = long.history(energyUrn);
	const verdict = await verify({...whole, entries: whole.entries.filter((_, i) => i % 2 === 0)}, long.trust);
	isBad(t, verdict, 'completeness');
	t.is(checkOf(verdict, 'completeness')?.reason, 'numbers are missing: 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, and 15 more gaps');
});

test('a history out of order, or with an entry twice, fails', async t => {
	const [a, b, c] = history.entries;
	isBad(t, await verify({...history, entries: [a!, c!, b!]}), 'order', 'completeness');
	isBad(t, await verify({...history, entries: [a!, b!, b!, c!]}), 'order');
});

test('a log whose numbers do not rise with its places, or begin at 0, fails', async t => {
	const lying = (numberOf: (index: number) => number) =>
		createSmallLog({readings: 12, lie: (entry, index) => ({...entry, number: numberOf(index)})});
	const falling = lying(index => 100 - index);
	isBad(t, await verify(falling.history(energyUrn), falling.trust), 'order');
	const same = lying(() => 1);
	isBad(t, await verify(same.history(energyUrn), same.trust), 'order');
	const fromZero = createSmallLog({readings: 12, lie: entry => ({...entry, number: entry.number - 1})});
	isBad(t, await verify(fromZero.history(energyUrn), fromZero.trust), 'completeness');
});

test('an entry of another channel in a history fails, and so does a channel that is not the one of the entries', async t => {
	const entries = [...history.entries, ...log.history(temperatureUrn).entries].sort((a, b) => a.index - b.index);
	const mixed = await verify({...history, entries});
	t.is(checkOf(mixed, 'channel')?.result, 'fail');
	t.false(mixed.good);
	isBad(t, await verify({...history, subject: log.history(temperatureUrn).subject}), 'channel');
});

test('a reading outside of the period fails at the ends, and is named between them', async t => {
	const minutes = (count: number): number => startMs + count * 60_000;
	isBad(t, await verify({...history, toMs: minutes(9)}), 'period');
	isBad(t, await verify({...history, fromMs: startMs + 1}), 'period');
	isBad(t, await verify({...history, fromMs: minutes(20), toMs: minutes(10)}), 'period');
	const late = createSmallLog({readings: 12, lie: (entry, index) => (index === 7 ? {...entry, measuredAtMs: 5} : entry)});
	const verdict = await verify(late.history(energyUrn), late.trust);
	t.true(verdict.good);
	t.regex(checkOf(verdict, 'period')!.reason, /1 between them outside, so that no number is missing/);
});

test('readings without a time of the device are of any period', async t => {
	const untimed = (lie: (entry: Entry, index: number) => Entry) => createSmallLog({readings: 12, lie});
	const one = untimed((entry, index) => (index === 13 ? {...entry, measuredAtMs: 0} : entry));
	const verdict = await verify(one.history(energyUrn), one.trust);
	t.regex(checkOf(verdict, 'period')!.reason, /1 without a time of the device/);
	const all = untimed(entry => (entry.kind === kinds.reading ? {...entry, measuredAtMs: 0} : entry));
	const none = await verify({...all.history(energyUrn), fromMs: 1, toMs: 2}, all.trust);
	t.true(none.good);
	t.is(checkOf(none, 'period')?.result, 'skipped');
});

test('a history without entries shows nothing, without a failure', async t => {
	const verdict = await verify({...history, entries: []}, {...log.trust, anchors: [log.pin]});
	isBad(t, verdict);
	t.is(checkOf(verdict, 'inclusion')?.result, 'skipped');
	t.is(checkOf(verdict, 'pinned')?.result, 'skipped');
});

test('a path of another entry, or one hash too many or too few, fails', async t => {
	const change = (path: (path: readonly Uint8Array[]) => readonly Uint8Array[]) => ({
		...history,
		entries: history.entries.map((entry, i) => (i === 4 ? {...entry, path: path(entry.path)} : entry)),
	});
	isBad(t, await verify(change(() => history.entries[3]!.path)), 'inclusion');
	isBad(t, await verify(change(path => path.slice(0, -1))), 'inclusion');
	isBad(t, await verify(change(path => [...path, path[0]!])), 'inclusion');
	isBad(t, await verify(change(path => path.with(-1, path[0]!))), 'inclusion');
	const moved = {...history, entries: history.entries.map((entry, i) => (i === 6 ? {...entry, index: entry.index + 1} : entry))};
	isBad(t, await verify(moved), 'inclusion');
});

test('an entry of another version in a history fails, and the rest is skipped', async t => {
	const bytes = history.entries[2]!.entry.slice();
	bytes[1] = 9;
	const verdict = await verify({...history, entries: history.entries.map((entry, i) => (i === 2 ? {...entry, entry: bytes} : entry))});
	isBad(t, verdict, 'entry', 'inclusion');
	t.is(checkOf(verdict, 'completeness')?.result, 'skipped');
});

test('a history knows forks, pins, chains and other logs as a receipt does', async t => {
	isBad(t, await verify(history, createSmallLog({logName: 'other'}).trust), 'signature');
	isBad(t, await verify({...history, checkpoint: 'nothing'}), 'checkpoint');
	isBad(t, await verify(history, {...log.trust, anchors: [{...log.pin, root: new Uint8Array(32)}]}), 'fork');
	t.is((await verify(history, {...log.trust, anchors: [log.pin]})).strength, 'anchored');
	const chain = {readAnchor: async () => ({found: 'final', detail: 'asked'}) as const};
	t.is((await verify({...history, anchors: [log.anchor]}, log.trustWithRegistry, {chain})).strength, 'final');
});

test('every single flipped bit of a history file fails', async t => {
	const small = createSmallLog({readings: 2});
	const bytes = utf8(formatHistory(nodeHasher, small.history(energyUrn)));
	const verifier = createVerifier({hasher: nodeHasher, verifySignature: verifyEd25519});
	t.true((await verifier.verify(bytes, small.trust)).good);
	for (let bit = 0; bit < bytes.length * 8; bit += 1) {
		bytes[bit >> 3]! ^= 1 << (bit & 7);
		if ((await verifier.verify(bytes, small.trust)).strength !== 'none') t.fail(`bit ${bit & 7} of byte ${bit >> 3}`);
		bytes[bit >> 3]! ^= 1 << (bit & 7);
	}
	t.pass();
});

test('every flipped bit of every entry and path fails, even under a digest that was made to fit', async t => {
	for (const [i, item] of history.entries.entries()) {
		const parts: [bytes: Uint8Array, rebuild: (bytes: Uint8Array) => typeof item][] = [
			[item.entry, entry => ({...item, entry})],
			...item.path.map((hash, level): (typeof parts)[number] => [hash, bytes => ({...item, path: item.path.with(level, bytes)})]),
		];
		for (const [bytes, rebuild] of parts) {
			for (let bit = i; bit < bytes.length * 8; bit += 7) {
				const flipped = bytes.slice();
				flipped[bit >> 3]! ^= 1 << (bit & 7);
				const verdict = await verify({...history, entries: history.entries.with(i, rebuild(flipped))});
				if (verdict.good) t.fail(`entry ${i}, bit ${bit}`);
			}
		}
	}
	t.pass();
});

test('a history with any part replaced by any JSON gets a verdict that is not good', async t => {
	const verifier = createVerifier({hasher: nodeHasher, verifySignature: verifyEd25519});
	const whole = formatHistory(nodeHasher, history);
	const parsed = JSON.parse(whole) as Record<string, unknown>;
	const keys = [
		...Object.keys(parsed),
		'subject.urn',
		'entries.0',
		'entries.3.index',
		'entries.3.path',
		'entries.6.path.0',
		'entries.7',
		'more',
	];
	await fc.assert(
		fc.asyncProperty(fc.constantFrom(...keys), fc.jsonValue({maxDepth: 3}), async (key, value) => {
			const copy = structuredClone(parsed);
			const path = key.split('.');
			const last = path.pop()!;
			path.reduce<Record<string, unknown>>((at, name) => at[name] as Record<string, unknown>, copy)[last] = value;
			const text = `${JSON.stringify(copy, null, '\t')}\n`;
			return !(await verifier.verify(utf8(text), log.trust)).good || text === whole;
		}),
		{numRuns: 500},
	);
	t.pass();
});

test('a browser and Node come to the same verdicts on histories', async t => {
	for (const value of [history, {...history, entries: history.entries.slice(3)}, {...history, toMs: startMs}, {...history, entries: []}]) {
		t.deepEqual(await verify(value, log.trust, {hasher: portableHasher}), await verify(value));
	}
});
