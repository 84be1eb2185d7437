import test, {type ExecutionContext} from 'ava';
import fc from 'fast-check';
import {concatBytes, utf8} from '../../agent/base/bytes.ts';
import {verifyEd25519} from '../../agent/base/ed25519.ts';
import {portableHasher} from '../../agent/base/hash.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {type Entry, kinds, qualities} from '../../agent/format/entry.ts';
import {formatHistory, type History} from '../../agent/format/history.ts';
import {channelUrn} from '../../agent/format/subject.ts';
import {compareSubjects, packTallyLeaf, type TallyLeaf, unpackTallyLeaf} from '../../agent/format/tally.ts';
import type {Trust} from '../../agent/format/trust.ts';
import {historyTable} from '../../agent/verify/table.ts';
import {type CheckName, type Verdict, verdictText} from '../../agent/verify/verdict.ts';
import {createVerifier, type VerifierOptions} from '../../agent/verify/verifier.ts';
import {MTH, MULTI} from '../helpers/reference-merkle.ts';
import {createSmallLog, energyUrn, startMs, temperatureUrn} from '../helpers/small-log.ts';

const log = createSmallLog({readings: 12});
const history = log.history(energyUrn);
/** The same with a tally at its end: index 15. */
const counted = createSmallLog({readings: 12, tally: true});
const whole = counted.history(energyUrn);

const verify = (value: History, trust: Trust = log.trust, options: Partial<VerifierOptions> = {}): Promise<Verdict> =>
	createVerifier({hasher: nodeHasher, verifySignature: verifyEd25519, ...options}).verify(utf8(formatHistory(nodeHasher, value)), trust);

const entryOf = ({entries}: History, place: number): Uint8Array => entries.subarray(place * 118, (place + 1) * 118);
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
			'tally skipped',
			'channel pass',
			'order pass',
			'period pass',
			'completeness skipped',
			'pinned skipped',
		],
	);
	t.is(
		checkOf(verdict, 'completeness')?.reason,
		'nothing between number 1 and number 7 is missing, as the agent numbered them; number 1 is the first of this epoch; whether more came after number 7 is unknown: no tally covers it',
	);
	t.like(verdict.facts.history, {entries: 7, first: {number: 1, kind: 'enrolment'}, last: {number: 7, value: '12000.010'}});
	t.like(verdict.facts.history?.completeness, {
		state: 'later-unknown',
		firstNumber: 1,
		lastNumber: 7,
		tallyNumber: undefined,
		missingRuns: 0,
	});
	t.is(verdict.facts.channel, energyUrn);
	t.regex(verdictText(verdict), /complete {2}not known: nothing is missing up to number 7, but there may be later entries/);
});

test('a history up to a tally is complete', async t => {
	const verdict = await verify(whole, counted.trust);
	t.deepEqual(
		verdict.checks.filter(({result}) => result !== 'pass').map(({name}) => name),
		['pinned'],
	);
	t.is(
		checkOf(verdict, 'tally')?.reason,
		"index 15, the last under the checkpoint, is a tally; of 3 channels, this one's last number before it is 7",
	);
	t.is(
		checkOf(verdict, 'completeness')?.reason,
		'nothing from number 1 up to number 7 is missing, as the agent numbered them, and the tally at size 15 says that 7 was the last; number 1 is the first of this epoch',
	);
	t.deepEqual(verdict.facts.history?.completeness, {
		state: 'complete',
		firstNumber: 1,
		lastNumber: 7,
		tallyNumber: 7,
		tallyAtMs: startMs + 721_000,
		missing: [],
		missingRuns: 0,
	});
	t.regex(
		verdictText(verdict),
		/complete {2}yes, as the agent numbered it: all that was logged of this channel from its first entry on, until it was counted, 2021-07-31T23:12:01.000Z, is here\n/,
	);
	const other = await verify(counted.history(temperatureUrn), counted.trust);
	t.is(other.facts.history?.completeness?.state, 'complete');
});

test('a history that begins later is complete from there, and says so', async t => {
	const verdict = await verify(
		counted.history(energyUrn, {}, place => place >= 3),
		counted.trust,
	);
	t.true(verdict.good);
	t.like(verdict.facts.history?.completeness, {state: 'complete', firstNumber: 4, lastNumber: 7});
	t.regex(checkOf(verdict, 'completeness')!.reason, /from number 4 up to number 7 .* what came before number 4 is not shown/);
	t.regex(verdictText(verdict), /complete {2}yes, .* from number 4 on \(earlier ones are not shown\), until/);
	const longer = await verify({...counted.history(energyUrn), toMs: startMs + 86_400_000}, counted.trust);
	t.regex(verdictText(longer), /complete {2}yes, .* is here; the period goes on after that\n/);
});

test('a history without a tally that begins later says that what came before is not shown', async t => {
	const verdict = await verify(log.history(energyUrn, {}, place => place === 2 || place === 3));
	t.true(verdict.good);
	t.regex(checkOf(verdict, 'completeness')!.reason, /between number 3 and number 4 .* what came before number 3 is not shown/);
});

test('a history with numbers left out fails and names them', async t => {
	const without = (...numbers: number[]) => log.history(energyUrn, {}, place => !numbers.includes(place + 1));
	const one = await verify(without(3));
	isBad(t, one, 'completeness');
	t.is(checkOf(one, 'completeness')?.reason, 'numbers are missing: 3');
	t.is(checkOf(await verify(without(2, 4, 5)), 'completeness')?.reason, 'numbers are missing: 2, 4 to 5');
});

test('a history that ends before its tally does fails and names what is missing', async t => {
	const verdict = await verify(
		counted.history(energyUrn, {}, place => place !== 2 && place < 5),
		counted.trust,
	);
	isBad(t, verdict, 'completeness');
	t.is(checkOf(verdict, 'completeness')?.reason, 'numbers are missing: 3, 6 to 7');
	t.like(verdict.facts.history?.completeness, {
		state: 'incomplete',
		missing: [
			{from: 3, to: 3},
			{from: 6, to: 7},
		],
		missingRuns: 2,
	});
	t.regex(verdictText(verdict), /complete {2}NO: entries are missing: 3, 6 to 7/);
	const nothing = await verify(
		counted.history(energyUrn, {}, () => false),
		counted.trust,
	);
	isBad(t, nothing, 'completeness');
	t.is(checkOf(nothing, 'completeness')?.reason, 'numbers are missing: 1 to 7');
});

test('a channel that the tally does not list had no entry', async t => {
	const never = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map(device => channelUrn(device, 'voltage'));
	for (const urn of never) {
		const verdict = await verify(counted.historyOf(urn, []), counted.trust);
		t.true(verdict.good, urn);
		t.like(verdict.facts.history?.completeness, {state: 'complete', tallyNumber: 0, firstNumber: undefined});
		t.regex(verdictText(verdict), /complete {2}yes: the log had nothing of this channel/);
	}
});

test('a tally that is another, opens otherwise, or stands elsewhere fails', async t => {
	const tally = whole.tally!;
	const bad = async (changes: Partial<typeof tally>, reason: RegExp, ...also: CheckName[]): Promise<void> => {
		const verdict = await verify({...whole, tally: {...tally, ...changes}}, counted.trust);
		isBad(t, verdict, ...also, 'tally');
		t.regex(checkOf(verdict, 'tally')!.reason, reason);
		t.not(verdict.facts.history?.completeness?.state, 'complete');
	};
	await bad({source: {...tally.source, salt: new Uint8Array(16)}}, /not what its entry came from/);
	await bad({source: {...tally.source, record: utf8('{}')}}, /not what its entry came from/);
	await bad({entry: counted.entries[3]!.bytes}, /is not a tally/, 'inclusion');
	await bad({at: tally.at + 1}, /does not lead to the tally's root/);
	await bad({leaves: tally.leaves.slice(1), at: tally.at + 1}, /does not lead to the tally's root/);
	await bad({leaves: tally.leaves.map(leaf => ({...leaf, number: leaf.number + 1}))}, /does not lead to the tally's root/);
	await bad({proof: new Uint8Array(32)}, /does not lead to the tally's root/);
	await bad({leaves: []}, /does not lead to the tally's root/);
});

test('the tally of a checkpoint that goes on behind it fails', async t => {
	const later = createSmallLog({readings: 12, tally: true, seed: 'later'});
	const {entries} = later;
	const leaves = [...entries.map(({bytes}) => bytes), entries[3]!.bytes];
	const head = later.sign(leaves.length, MTH(leaves));
	const places = [...later.history(energyUrn).indexes, entries.length - 1];
	const value = {...later.history(energyUrn), checkpoint: head.note, proof: concatBytes(...MULTI(places, leaves))};
	const verdict = await verify(value, later.trust);
	isBad(t, verdict, 'inclusion', 'tally');
	t.regex(checkOf(verdict, 'tally')!.reason, /of the first 15 entries, and stands behind 16/);
});

test('a neighbour that is left out, or a channel that is there twice or not in its order, fails', async t => {
	const many = createSmallLog({
		readings: 12,
		tally: true,
		lieInTally: (leaves, tally) => {
			const more = [...leaves, {subject: new Uint8Array(32).fill(255), number: 4}, {subject: new Uint8Array(32), number: 9}].sort((a, b) =>
				compareSubjects(a.subject, b.subject),
			);
			return {leaves: more, tally: {...tally, channels: more.length}};
		},
	});
	const good = many.history(energyUrn);
	t.true((await verify(good, many.trust)).good);
	t.is(good.tally?.leaves.length, 3);
	const lying = (change: (leaves: TallyLeaf[]) => TallyLeaf[]) =>
		createSmallLog({
			readings: 12,
			tally: true,
			lieInTally: (leaves, tally) => {
				const changed = change(leaves);
				return {leaves: changed, tally: {...tally, channels: changed.length}};
			},
		});
	const twice = lying(leaves => leaves.flatMap(leaf => [leaf, leaf]));
	const reversed = lying(leaves => leaves.toReversed());
	for (const lie of [twice, reversed]) {
		const verdict = await verify(lie.history(energyUrn), lie.trust);
		isBad(t, verdict, 'tally');
		t.regex(checkOf(verdict, 'tally')!.reason, /do not say what the last number/);
	}
});

test('a log whose tally contradicts its numbers fails', async t => {
	for (const [by, reason] of [
		[-1, /number 7 is shown, but the tally behind it says that the last one is 6/],
		[1, /numbers are missing: 8/],
	] as const) {
		const lying = createSmallLog({
			readings: 12,
			tally: true,
			lieInTally: (leaves, tally) => ({leaves: leaves.map(leaf => ({...leaf, number: leaf.number + by})), tally}),
		});
		const verdict = await verify(lying.history(energyUrn), lying.trust);
		isBad(t, verdict, 'completeness');
		t.regex(checkOf(verdict, 'completeness')!.reason, reason);
		t.is(verdict.facts.history?.completeness?.state, 'incomplete');
	}
	const absent = createSmallLog({
		readings: 12,
		tally: true,
		lieInTally: (leaves, tally) => {
			const rest = leaves.filter(({number}) => number !== 7);
			return {leaves: rest, tally: {...tally, channels: rest.length}};
		},
	});
	isBad(t, await verify(absent.history(energyUrn), absent.trust), 'completeness');
	for (const tallyLie of [{size: 3}, {channels: 2}]) {
		const lying = createSmallLog({readings: 12, tally: true, lieInTally: (leaves, tally) => ({leaves, tally: {...tally, ...tallyLie}})});
		isBad(t, await verify(lying.history(energyUrn), lying.trust), 'tally');
	}
});

test('a history of a later epoch that begins with number 1 is never called complete', async t => {
	const second = createSmallLog({readings: 12, tally: true, epoch: 2});
	const verdict = await verify(second.history(energyUrn), second.trust);
	t.true(verdict.good);
	t.is(verdict.facts.history?.completeness?.state, 'crosses-epoch');
	t.is(checkOf(verdict, 'completeness')?.result, 'skipped');
	t.regex(checkOf(verdict, 'completeness')!.reason, /never called complete/);
	t.regex(verdictText(verdict), /complete {2}cannot be shown/);
	const later = await verify(
		second.history(energyUrn, {}, place => place > 0),
		second.trust,
	);
	t.is(later.facts.history?.completeness?.state, 'complete');
	const none = await verify(second.historyOf(channelUrn('a', 'voltage'), []), second.trust);
	t.is(none.facts.history?.completeness?.state, 'crosses-epoch');
});

test('a history with entries that come again from an epoch before is never called complete, whatever number it begins with', async t => {
	const second = createSmallLog({
		readings: 12,
		tally: true,
		epoch: 2,
		lie: entry => (entry.kind === kinds.reading && entry.number <= 3 ? {...entry, quality: qualities.appendedAgain} : entry),
	});
	const stateOf = async (numberMin: number): Promise<unknown> => {
		const history = second.history(energyUrn, {}, place => place >= numberMin - 1);
		const verdict = await verify(history, second.trust);
		t.true(verdict.good);
		return verdict.facts.history?.completeness?.state;
	};
	t.deepEqual(await Promise.all([1, 2, 3, 4].map(stateOf)), ['crosses-epoch', 'crosses-epoch', 'crosses-epoch', 'complete']);
});

test('a long list of missing numbers is cut', async t => {
	const long = createSmallLog({readings: 100});
	const verdict = await verify(
		long.history(energyUrn, {}, place => place % 2 === 0),
		long.trust,
	);
	isBad(t, verdict, 'completeness');
	t.is(checkOf(verdict, 'completeness')?.reason, 'numbers are missing: 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, and 15 more gaps');
	t.is(verdict.facts.history?.completeness?.missing.length, 10);
	t.is(verdict.facts.history?.completeness?.missingRuns, 25);
});

test('a history out of order, or with an entry twice, fails', async t => {
	const swapped = (order: readonly number[]): History => ({
		...history,
		indexes: order.map(place => history.indexes[place]!),
		entries: concatBytes(...order.map(place => entryOf(history, place))),
	});
	isBad(t, await verify(swapped([0, 2, 1, 3, 4, 5, 6])), 'inclusion', 'order', 'completeness');
	isBad(t, await verify(swapped([0, 1, 1, 2, 3, 4, 5, 6])), 'inclusion', 'order');
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
	const indexes = [...history.indexes, ...log.history(temperatureUrn).indexes].sort((a, b) => a - b);
	const mixed = await verify(log.historyOf(energyUrn, indexes));
	t.is(checkOf(mixed, 'channel')?.result, 'fail');
	t.false(mixed.good);
	isBad(t, await verify({...history, subject: log.history(temperatureUrn).subject}), 'channel');
	isBad(t, await verify({...whole, subject: counted.history(temperatureUrn).subject}, counted.trust), 'tally', 'channel');
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

test('readings behind the period are allowed where they lead up to the tally', async t => {
	const minutes = (count: number): number => startMs + count * 60_000;
	const verdict = await verify({...whole, toMs: minutes(5)}, counted.trust);
	t.true(verdict.good);
	t.is(
		checkOf(verdict, 'period')?.reason,
		'it begins and goes on in the period that it is for; 3 behind them, shown so that no number is missing up to the tally',
	);
	t.is(verdict.facts.history?.completeness?.state, 'complete');
	isBad(t, await verify({...whole, fromMs: minutes(1), toMs: minutes(5)}, counted.trust), 'period');
	isBad(t, await verify({...history, toMs: minutes(5)}), 'period');
});

test('a history says how many readings of the period it has, the first and the last, and how far a register rose', async t => {
	const minutes = (count: number): number => startMs + count * 60_000;
	const bytes = utf8(formatHistory(nodeHasher, {...whole, toMs: minutes(5)}));
	const verdict = await verify({...whole, toMs: minutes(5)}, counted.trust);
	const {readings, register} = verdict.facts.history!;
	const {rise} = register!;
	const [header, ...lines] = historyTable(nodeHasher, bytes)!.trimEnd().split('\r\n');
	t.is(header, 'number,index,kind,quantity,value,unit,measuredAt,arrivedAt,qualities,inPeriod,corrects,correctedBy');
	t.is(lines.length, whole.indexes.length);
	const rows = lines.map(line => line.split(','));
	t.true(rows.every(cells => cells.length === 12));
	const inPeriod = rows.filter(cells => cells[2] === 'reading' && cells[9] === '1');
	t.is(readings.count, inPeriod.length);
	t.true(readings.count > 1 && readings.count < lines.length);
	t.deepEqual([readings.first?.value, readings.last?.value], [inPeriod[0]![4], inPeriod.at(-1)![4]]);
	// Exact: in whole thousandths.
	const thousandths = (text: string): bigint => BigInt(Math.round(Number(text) * 1000));
	t.is(thousandths(rise!), thousandths(readings.last!.value!) - thousandths(readings.first!.value!));
	t.regex(verdictText(verdict), new RegExp(`^ {2}rise +${rise!.replace('.', '\\.')} Wh from the first to the last$`, 'm'));
	t.is(historyTable(nodeHasher, utf8('{}')), undefined);
});

/** What a verdict says of the register where its readings, from the first on, show these Wh with these marks and epochs. */
async function registerFacts(readings: readonly (readonly [wh: number, quality?: number, epoch?: number, at?: number])[]) {
	let at = 0;
	const lie = (entry: Entry): Entry => {
		if (entry.kind !== kinds.reading || entry.quantity !== 1) return entry;
		const [wh, quality = 0, span = 0, minute = at] = readings[Math.min(at, readings.length - 1)]!;
		at += 1;
		return {...entry, value: BigInt(wh) * 1000n, exponent: -3, quality, span, measuredAtMs: startMs + minute * 60_000};
	};
	const told = createSmallLog({readings: 12, lie});
	const last = startMs + (readings.length - 1) * 60_000;
	const verdict = await verify({...told.history(energyUrn), fromMs: startMs, toMs: last}, told.trust);
	return {facts: verdict.facts.history!.register!, text: verdictText(verdict)};
}

test('what is an exception, noise, a guess or corrected is no end of a rise', async t => {
	const {exception, noise, estimated, correction, substituted} = qualities;
	const plainly = await registerFacts([[100], [110], [120]]);
	t.like(plainly.facts, {rise: '20.000', noRise: undefined, exceptions: 0, restarts: 0});
	const marked = await registerFacts([[9999, exception], [101], [100, noise], [120], [999, estimated]]);
	t.like(marked.facts, {rise: '19.000', exceptions: 1});
	t.regex(marked.text, /^ {2}rise +19\.000 Wh from number \d+ to \d+$/m);
	t.regex(marked.text, /^ {2}exception +1 reading that no meter could have; they do not count/m);
	// The last one was corrected: neither it nor what stands in its place was measured.
	const corrected = await registerFacts([[100], [110], [777], [130, correction | substituted, 0, 2], [0, exception]]);
	t.like(corrected.facts, {rise: '10.000'});
	t.regex(corrected.text, /^ {2}readings +4 measured in the period$/m);
	t.regex(
		corrected.text,
		/^ {2}corrected +1 entry by the owner, beside the readings: number 5 corrects number 4; both stay, and neither counts in the rise$/m,
	);
});

test('where there is no rise, the reason stands in its place', async t => {
	const {exception, estimated} = qualities;
	t.is(
		(
			await registerFacts([
				[1, estimated],
				[2, exception],
			])
		).facts.noRise,
		'no reading of the period counts',
	);
	const one = await registerFacts([[1], [2, exception]]);
	t.regex(one.text, /^ {2}rise +not known: a rise needs two readings that count, and the period has one$/m);
	t.is((await registerFacts([[5], [2]])).facts.noRise, 'number 3, the last that counts, is below number 2, the first');
	t.is((await registerFacts([[5], [6, 0, 1]])).facts.noRise, 'it began to count anew in between');
});

test('readings without a time of the device count by their arrival, and a correction of one is not guessed', async t => {
	const arrivals = (lie: (entry: Entry, index: number) => Entry) =>
		createSmallLog({readings: 12, lie: (entry, index) => (entry.kind === kinds.reading ? {...lie(entry, index), measuredAtMs: 0} : entry)});
	const minutes = (count: number): number => startMs + count * 60_000 + 120;
	const plain = arrivals(entry => entry);
	const part = {...plain.history(energyUrn), fromMs: minutes(2), toMs: minutes(8)};
	const verdict = await verify(part, plain.trust);
	t.true(verdict.good);
	t.like(verdict.facts.history?.readings, {count: 4, untimed: 4, first: {number: 3}, last: {number: 6}});
	t.like(verdict.facts.history?.register, {rise: '0.006', fromNumber: 3, toNumber: 6});
	const text = verdictText(verdict);
	t.regex(text, /^ {2}readings +4 in the period \(4 without a time of the device: by arrival\)$/m);
	t.regex(text, /^ {2}first +12000\.002 Wh at 2021-07-31T23:02:00\.120Z by the agent, number 3$/m);
	const rows = historyTable(nodeHasher, utf8(formatHistory(nodeHasher, part)))!
		.trimEnd()
		.split('\r\n')
		.slice(1);
	t.is(rows.filter(row => row.includes(',reading,') && row.split(',')[9] === '1').length, 4);

	const {correction, substituted} = qualities;
	const corrected = arrivals((entry, index) => (index === 9 ? {...entry, quality: correction | substituted} : entry));
	const unsure = await verify(corrected.history(energyUrn), corrected.trust);
	t.is(unsure.facts.history?.register?.noRise, 'nothing here tells which of the readings without a time of the device number 5 corrects');
	t.deepEqual(unsure.facts.history?.corrections, {count: 1, links: [{index: 9, number: 5, corrects: undefined}]});
	t.regex(
		verdictText(unsure),
		/^ {2}corrected +1 entry by the owner, .*: what number 5 corrects, `kedge prove 9 --with-arrival` shows; both stay/m,
	);
});

test('a correction and what it corrects name each other in the table, where only one reading has its time', async t => {
	const {correction, substituted} = qualities;
	// Readings of the channel stand at 3, 5, 7, 9, 11, 13. Those at 11 and 13 correct that at 7; or 9 has the time of 7 too.
	const tableOf = async (isTwice: boolean): Promise<string[]> => {
		const told = createSmallLog({
			readings: 12,
			lie: (entry, index) =>
				index === 11 || index === 13
					? {...entry, quality: correction | substituted, measuredAtMs: startMs + 4 * 60_000}
					: index === 9 && isTwice
						? {...entry, quality: qualities.conflict, measuredAtMs: startMs + 4 * 60_000}
						: entry,
		});
		const bytes = utf8(formatHistory(nodeHasher, told.history(energyUrn)));
		const rows = historyTable(nodeHasher, bytes)!.trimEnd().split('\r\n').slice(1);
		return rows
			.map(row => row.split(','))
			.filter(([, , kind]) => kind === 'reading')
			.map(cells => [cells[0], ...cells.slice(10)].join(' '));
	};
	t.deepEqual(await tableOf(false), ['2  ', '3  ', '4  7', '5  ', '6 4 ', '7 4 ']);
	t.deepEqual(await tableOf(true), ['2  ', '3  ', '4  ', '5  ', '6  ', '7  ']);
});

test('across a new count there is no rise', async t => {
	const reset = await registerFacts([[100], [110], [5, qualities.reset, 1], [7, 0, 1]]);
	t.like(reset.facts, {rise: undefined, fromNumber: undefined, restarts: 1});
	t.regex(reset.text, /^ {2}register +it began to count anew once: what passed then is unknown$/m);
	// Higher than before, so that only the epoch tells.
	t.like((await registerFacts([[100], [110, 0, 1]])).facts, {rise: undefined, restarts: 1});
});

test('a rise goes by the time of measuring, not by the order of the log', async t => {
	t.like((await registerFacts([[100], [130, 0, 0, 3], [110, 0, 0, 1], [120, 0, 0, 2]])).facts, {rise: '30.000'});
});

test('a period without a reading is shown by what was there before and after it', async t => {
	const minutes = (count: number): number => startMs + count * 60_000;
	const quiet = {fromMs: minutes(2) + 1, toMs: minutes(3)};
	const verdict = await verify({...counted.history(energyUrn, {}, place => place >= 2), ...quiet}, counted.trust);
	t.true(verdict.good);
	t.is(checkOf(verdict, 'period')?.reason, 'nothing that is shown was measured in the period');
	t.is(verdict.facts.history?.completeness?.state, 'complete');
	isBad(t, await verify({...log.history(energyUrn, {}, place => place >= 2), ...quiet}), 'period');
	// Without a clock of its own the device may have measured in the period.
	const untimed = createSmallLog({
		readings: 12,
		tally: true,
		lie: (entry, index) => (index === 7 ? {...entry, measuredAtMs: 0, arrivedAtMs: minutes(3)} : entry),
	});
	const unsure = await verify({...untimed.history(energyUrn, {}, place => place >= 2), ...quiet}, untimed.trust);
	t.is(checkOf(unsure, 'period')?.result, 'skipped');
});

test('a history without entries shows nothing, without a failure', async t => {
	const verdict = await verify(log.historyOf(energyUrn, []), {...log.trust, anchors: [log.pin]});
	isBad(t, verdict);
	t.is(checkOf(verdict, 'inclusion')?.result, 'skipped');
	t.is(checkOf(verdict, 'pinned')?.result, 'skipped');
	t.is(verdict.facts.history?.completeness?.state, 'later-unknown');
});

test('a proof with a hash too many or too few, or of other places, fails', async t => {
	const {proof} = history;
	isBad(t, await verify({...history, proof: log.history(temperatureUrn).proof}), 'inclusion');
	isBad(t, await verify({...history, proof: proof.slice(32)}), 'inclusion');
	isBad(t, await verify({...history, proof: concatBytes(proof, proof.slice(0, 32))}), 'inclusion');
	isBad(t, await verify({...history, indexes: history.indexes.with(-1, history.indexes.at(-1)! + 1)}), 'inclusion');
	isBad(t, await verify({...whole, tally: undefined}, counted.trust), 'inclusion');
});

test('an entry of another version in a history fails, and the rest is skipped', async t => {
	const entries = history.entries.slice();
	entries[2 * 118 + 1] = 9;
	const verdict = await verify({...history, entries});
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
	const small = createSmallLog({readings: 2, tally: true});
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

test('every flipped bit of entries, proof and tally fails, even under a digest that was made to fit', async t => {
	const tally = whole.tally!;
	const parts: [bytes: Uint8Array, rebuild: (bytes: Uint8Array) => History][] = [
		[whole.entries, entries => ({...whole, entries})],
		[whole.proof, proof => ({...whole, proof})],
		[tally.entry, entry => ({...whole, tally: {...tally, entry}})],
		[tally.source.salt, salt => ({...whole, tally: {...tally, source: {...tally.source, salt}}})],
		[tally.source.record, record => ({...whole, tally: {...tally, source: {...tally.source, record}}})],
		[tally.proof, proof => ({...whole, tally: {...tally, proof}})],
		...tally.leaves.map((leaf, i): (typeof parts)[number] => [
			packTallyLeaf(leaf),
			packed => ({...whole, tally: {...tally, leaves: tally.leaves.with(i, unpackTallyLeaf(packed))}}),
		]),
	];
	for (const [i, [bytes, rebuild]] of parts.entries()) {
		for (let bit = i; bit < bytes.length * 8; bit += 5) {
			const flipped = bytes.slice();
			flipped[bit >> 3]! ^= 1 << (bit & 7);
			if ((await verify(rebuild(flipped), counted.trust)).good) t.fail(`part ${i}, bit ${bit}`);
		}
	}
	t.pass();
});

test('a history with any part replaced by any JSON gets a verdict that is not good', async t => {
	const verifier = createVerifier({hasher: nodeHasher, verifySignature: verifyEd25519});
	const text = formatHistory(nodeHasher, whole);
	const parsed = JSON.parse(text) as Record<string, unknown>;
	const keys = [
		...Object.keys(parsed),
		'subject.urn',
		'tally.at',
		'tally.leaves',
		'tally.leaves.0',
		'tally.source.record',
		'tally.x',
		'more',
	];
	await fc.assert(
		fc.asyncProperty(fc.constantFrom(...keys), fc.jsonValue({maxDepth: 3}), async (key, value) => {
			const copy = structuredClone(parsed);
			const path = key.split('.');
			const last = path.pop()!;
			path.reduce<Record<string, unknown>>((at, name) => at[name] as Record<string, unknown>, copy)[last] = value;
			const changed = `${JSON.stringify(copy, null, '\t')}\n`;
			return !(await verifier.verify(utf8(changed), counted.trust)).good || changed === text;
		}),
		{numRuns: 500},
	);
	t.pass();
});

test('a browser and Node come to the same verdicts on histories', async t => {
	for (const value of [
		whole,
		counted.history(energyUrn, {}, place => place >= 3),
		{...whole, toMs: startMs},
		counted.historyOf(energyUrn, []),
	]) {
		t.deepEqual(await verify(value, counted.trust, {hasher: portableHasher}), await verify(value, counted.trust));
	}
});
