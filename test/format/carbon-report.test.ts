import test from 'ava';
import fc from 'fast-check';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {
	createRangeFinder,
	createReportPath,
	createReportTree,
	mustBeCovered,
	type ReportRange,
	reportPlan,
	reportPosition,
	reportSize,
} from '../../agent/format/carbon-report.ts';
import {kinds, qualities} from '../../agent/format/entry.ts';
import {isIncluded} from '../../agent/merkle/check.ts';

type Seen = {readonly kind: 1 | 2 | 8; readonly timeMs: number};
const [fromMs, toMs] = [1000, 2000];
const counts = ({kind, timeMs}: Seen): boolean => kind !== kinds.note && timeMs >= fromMs && timeMs < toMs;

function found(entries: readonly Seen[]): ReportRange {
	const finder = createRangeFinder({fromMs, toMs});
	for (const [i, {kind, timeMs}] of entries.entries()) finder.see({kind, number: i + 1, measuredAtMs: timeMs, arrivedAtMs: 1});
	return finder.range();
}

/** The rule as it is written down, word by word. */
function byTheRule(entries: readonly Seen[]): ReportRange {
	if (entries.length === 0) return {first: 1, last: 0};
	const numbers = entries.map((_, i) => i + 1);
	const counted = numbers.filter(number => counts(entries[number - 1]!));
	const last = numbers.find(number => counted.every(other => number >= other) && entries[number - 1]!.timeMs >= toMs) ?? entries.length;
	const first =
		numbers.filter(number => number <= last && counted.every(other => number <= other) && entries[number - 1]!.timeMs < fromMs).at(-1) ?? 1;
	return {first, last};
}

test('the range of a channel is what the rule says, whatever its clocks did', t => {
	const entry = fc.record({kind: fc.constantFrom(1, 2, 8) as fc.Arbitrary<Seen['kind']>, timeMs: fc.integer({min: 1, max: 3000})});
	fc.assert(
		fc.property(fc.array(entry, {maxLength: 14}), entries => {
			t.deepEqual(found(entries), byTheRule(entries));
		}),
		{numRuns: 2000},
	);
});

test('an honest range leaves no number that counts outside, and is closed at both ends or goes as far as the channel does', t => {
	const entry = fc.record({
		kind: fc.constantFrom(1, 2, 8) as fc.Arbitrary<Seen['kind']>,
		timeMs: fc.constantFrom(1, 999, 1000, 1999, 2000, 9000),
	});
	fc.assert(
		fc.property(fc.array(entry, {minLength: 1, maxLength: 14}), entries => {
			const {first, last} = found(entries);
			for (const [i, seen] of entries.entries()) if (counts(seen)) t.true(first <= i + 1 && i + 1 <= last);
			t.true(last === entries.length || entries[last - 1]!.timeMs >= toMs);
			t.true(first === 1 || entries[first - 1]!.timeMs < fromMs);
		}),
		{numRuns: 2000},
	);
});

test('a reading without a time of its device counts by when it arrived', t => {
	const finder = createRangeFinder({fromMs, toMs});
	finder.see({kind: kinds.reading, number: 1, measuredAtMs: 0, arrivedAtMs: 999});
	finder.see({kind: kinds.reading, number: 2, measuredAtMs: 0, arrivedAtMs: 999});
	finder.see({kind: kinds.reading, number: 3, measuredAtMs: 0, arrivedAtMs: 1500});
	finder.see({kind: kinds.reading, number: 4, measuredAtMs: 2000, arrivedAtMs: 1500});
	t.deepEqual(finder.range(), {first: 2, last: 4});
});

test('what came in time must be covered: by a clock that was known to be right, or by the anchor it is under', t => {
	const period = {fromMs, toMs, coverFromMs: 3000};
	const covered = (arrivedAtMs: number, quality: number, anchoredAtMs: number | undefined, measuredAtMs = 1500): boolean =>
		mustBeCovered({kind: kinds.reading, quality, measuredAtMs, arrivedAtMs}, period, anchoredAtMs);
	const unsure = qualities.clockUnsynchronised;
	t.true(covered(2999, 0, undefined));
	t.false(covered(3000, 0, undefined));
	t.false(covered(2999, unsure, undefined));
	t.true(covered(2999, unsure, 2999));
	t.true(covered(9000, 0, 2999));
	t.false(covered(2999, unsure, 3000));
	t.false(covered(2999, 0, 2999, 2000));
});

test('a number that is left out or comes twice is not taken for a channel', t => {
	const finder = createRangeFinder({fromMs, toMs});
	finder.see({kind: kinds.reading, number: 1, measuredAtMs: 1, arrivedAtMs: 1});
	t.throws(() => finder.see({kind: kinds.reading, number: 3, measuredAtMs: 1, arrivedAtMs: 1}), {message: 'expected number 2, got 3'});
	t.throws(() => finder.see({kind: kinds.reading, number: 1, measuredAtMs: 1, arrivedAtMs: 1}), {message: 'expected number 2, got 1'});
});

test('the plan is sorted by the bytes of its subjects and names none twice', t => {
	const subject = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
	t.deepEqual(
		reportPlan([subject(200), subject(3), subject(200), subject(40)]).map(bytes => bytes[0]),
		[3, 40, 200],
	);
});

test('each leaf of a report has a path to its root, at its place and at no other', t => {
	fc.assert(
		fc.property(fc.array(fc.integer({min: 0, max: 5}), {minLength: 1, maxLength: 6}), lengths => {
			const ranges = lengths.map((length, i) => (length === 0 ? {first: 1, last: 0} : {first: i + 1, last: i + length}));
			const size = reportSize(ranges);
			const leaves = Array.from({length: size}, (_, i) => nodeHasher.sha256(Uint8Array.of(i)));
			const tree = createReportTree(nodeHasher);
			for (const leaf of leaves) tree.append(leaf, 0);
			t.is(tree.size(), size);
			let expected = 0;
			for (const [channel, {first, last}] of ranges.entries())
				for (let number = first; number <= last; number += 1) {
					const position = reportPosition(ranges, channel, number)!;
					t.is(position, expected);
					const collected = createReportPath(nodeHasher, position, size);
					for (const leaf of leaves) collected.append(leaf, 0);
					const path = collected.path();
					for (let other = 0; other < size; other += 1)
						t.is(isIncluded(nodeHasher, {index: other, size, root: tree.root(), leaf: leaves[position]!, path}), other === position);
					expected += 1;
				}
			for (const [channel, {first, last}] of ranges.entries()) {
				t.is(reportPosition(ranges, channel, first - 1), undefined);
				t.is(reportPosition(ranges, channel, last + 1), undefined);
			}
		}),
	);
});

test('a report without any entry has the root of an empty tree', t => {
	t.deepEqual(createReportTree(nodeHasher).root(), nodeHasher.sha256(new Uint8Array()));
});
