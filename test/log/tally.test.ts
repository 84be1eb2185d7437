// Tallies on a real disk: each fixes the last number of every channel, and is the last entry under its checkpoint.
import test from 'ava';
import fc from 'fast-check';
import {equalBytes, toHex} from '../../agent/base/bytes.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {kinds, noteKinds} from '../../agent/format/entry.ts';
import {compareSubjects, decodeTally, encodeTally, packTallyLeaf, tallyRoot, unpackTallyLeaf} from '../../agent/format/tally.ts';
import {audit} from '../../agent/log/audit.ts';
import type {LogReader} from '../../agent/log/reader.ts';
import {type CheckedLog, checkLog} from '../helpers/check-log.ts';
import {append, createLogWorld, draftOf, enrolMeter, refuse} from '../helpers/log-world.ts';
import {MTH} from '../helpers/reference-merkle.ts';

/** The root of the tally at `size`, from the entries alone. */
function slowRoot(checked: CheckedLog, size: number): string {
	const numbers = new Map<string, number>();
	for (const {entry} of checked.entries.slice(0, size)) numbers.set(toHex(entry.subject), entry.number);
	const leaves = [...numbers]
		.sort()
		.map(([subject, number]) =>
			Buffer.from(
				`kedge/tally/v1\0${Buffer.from(subject, 'hex').toString('latin1')}${Buffer.from(number.toString(16).padStart(12, '0'), 'hex').toString('latin1')}`,
				'latin1',
			),
		);
	return toHex(MTH(leaves));
}

async function isTallied(checked: CheckedLog, reader: LogReader, index: number): Promise<string | undefined> {
	const {entry, record} = checked.entries[index]!;
	const tally = decodeTally(record);
	if (tally === undefined) return 'it does not decode';
	const leaves = await reader.tallyAt(index);
	if (tally.size !== index || tally.channels !== leaves.length || Number(entry.value) !== leaves.length)
		return 'size or channels are wrong';
	if (toHex(tally.root) !== slowRoot(checked, index)) return 'its root is not that of the entries';
	if (!equalBytes(tallyRoot(nodeHasher, leaves), tally.root)) return 'the reader does not lead to its root';
	return undefined;
}

test('a tally is the last entry under its checkpoint and fixes every channel that was there', async t => {
	const world = await createLogWorld(t);
	const log = await world.open();
	const meters = [enrolMeter(log, 'meter-1'), enrolMeter(log, 'meter-2'), enrolMeter(log, 'meter-3')];
	const durable = append(log, [draftOf(meters[0]!), draftOf(meters[1]!), draftOf(meters[0]!, {measuredAtMs: 5})]);
	const checkpoint = await log.tally();
	await durable;
	t.is(checkpoint.size, 8, 'four enrolments, three readings, and the tally');
	await append(log, [draftOf(meters[2]!)]);
	const second = await log.tally();
	t.is(second.size, 10);
	const checked = await checkLog(t, world.path);
	const reader = await world.reader();
	for (const size of [8, 10]) {
		const {entry} = checked.entries[size - 1]!;
		t.like(entry, {kind: kinds.note, quantity: noteKinds.tally, value: 4n});
		t.is(await isTallied(checked, reader, size - 1), undefined);
	}
	t.deepEqual((await reader.tallyAt(7)).map(({number}) => number).sort(), [1, 1, 2, 3]);
});

test('a tally of a log that was just made counts the agent itself', async t => {
	const world = await createLogWorld(t);
	const log = await world.open();
	const [first, second] = await Promise.all([log.tally(), log.tally()]);
	t.deepEqual([first.size, second.size], [2, 3]);
	t.is((await checkLog(t, world.path)).batchSizes.length, 3);
});

test('whatever is appended around tallies, each is that of the entries before it', async t => {
	await fc.assert(
		fc.asyncProperty(fc.array(fc.constantFrom('tally', 'wait', 'enrol', 0, 1, 2), {maxLength: 30}), async steps => {
			const world = await createLogWorld(t);
			const log = await world.open();
			const meters = [enrolMeter(log, 'meter-0')];
			const pending: Promise<unknown>[] = [];
			const sizes: Promise<number>[] = [];
			for (const step of steps as readonly (string | number)[]) {
				if (step === 'tally') sizes.push(log.tally().then(({size}) => size));
				else if (step === 'wait') await log.settled();
				else if (step === 'enrol') meters.push(enrolMeter(log, `meter-${meters.length}`));
				else pending.push(append(log, [draftOf(meters[Number(step) % meters.length]!)]));
			}
			await Promise.all([...pending, ...sizes]);
			await log.settled();
			const checked = await checkLog(t, world.path);
			const reader = await world.reader();
			for (const size of await Promise.all(sizes)) if ((await isTallied(checked, reader, size - 1)) !== undefined) return false;
			await world.close();
			return true;
		}),
		{numRuns: 20},
	);
});

for (const wrote of [false, true]) {
	test(`a tally whose commit fails ${wrote ? 'after' : 'before'} it was done is rejected, and the next start makes another`, async t => {
		const world = await createLogWorld(t);
		const log = await world.open();
		const meter = enrolMeter(log, 'meter-1');
		await append(log, [draftOf(meter)]);
		world.disk.around = async commit => {
			if (wrote) await commit();
			throw new Error('the disk said no');
		};
		await t.throwsAsync(log.tally(), {code: 'LOG_COMMIT_FAILED'});
		await t.throwsAsync(log.tally(), {code: 'LOG_COMMIT_FAILED'});
		world.disk.around = undefined;
		const again = await world.open();
		t.is(again.size(), wrote ? 4 : 3);
		const {size} = await again.tally();
		const checked = await checkLog(t, world.path);
		t.is(await isTallied(checked, await world.reader(), size - 1), undefined);
	});
}

test('a log that is closing takes no tally', async t => {
	const world = await createLogWorld(t);
	const log = await world.open();
	const closed = log[Symbol.asyncDispose]();
	await t.throwsAsync(log.tally(), {code: 'LOG_CLOSED'});
	await closed;
});

test('an eviction that is due does not come between a tally and its checkpoint', async t => {
	const world = await createLogWorld(t);
	const log = await world.open();
	for (let i = 0; i < 10; i += 1) await refuse(log, {record: Buffer.alloc(1000)});
	// Nothing is in the first batch but the tally, and the quarantine is too large by now.
	const smaller = await world.open({quarantineBytesMax: 2000});
	const {size} = await smaller.tally();
	const {entries} = await checkLog(t, world.path);
	t.is(entries.length, size);
	t.is(entries.at(-1)!.entry.quantity, noteKinds.tally);
	await refuse(smaller, {record: Buffer.alloc(1000)});
	t.is((await checkLog(t, world.path)).entries.at(-1)!.entry.quantity, noteKinds.eviction);
});

test('a log whose tally is not that of its entries does not pass the audit', async t => {
	const world = await createLogWorld(t);
	const log = await world.open();
	const meter = enrolMeter(log, 'meter-1');
	await append(log, [draftOf(meter), draftOf(meter)]);
	// The writer lies: it hides the newest entry of the channel.
	meter.lastNumber -= 1;
	const {size} = await log.tally();
	meter.lastNumber += 1;
	await append(log, [draftOf(meter)]);

	const report = await audit({path: world.path, hasher: nodeHasher, verifySignature: () => true});
	t.is(report.problems.length, 1);
	t.regex(report.problems[0]!, new RegExp(`^the tally at ${size - 1} says .*, its entries `));
});

test('leaves and bodies have one form, and any other is refused', t => {
	const leaf = {subject: new Uint8Array(32).fill(7), number: 2 ** 48 - 1};
	t.deepEqual(unpackTallyLeaf(packTallyLeaf(leaf)), leaf);
	t.is(compareSubjects(leaf.subject, leaf.subject), 0);
	t.true(compareSubjects(new Uint8Array(32), leaf.subject) < 0);
	const tally = {size: 41, channels: 3, root: new Uint8Array(32).fill(9)};
	const body = encodeTally(tally);
	t.deepEqual(decodeTally(body), tally);
	for (let bit = 0; bit < body.length * 8; bit += 1) {
		const flipped = Uint8Array.from(body);
		flipped[bit >> 3]! ^= 1 << (bit & 7);
		const decoded = decodeTally(flipped);
		// A flip may give another tally, but never the same one in another spelling.
		if (decoded !== undefined) t.deepEqual(encodeTally(decoded), flipped);
	}
	const text = Buffer.from(body).toString();
	for (const other of [
		`${text} `,
		text.replace('41', '41.0'),
		text.replace('"size":41', '"size":-1'),
		text.replace('"channels":3,', ''),
		'{}',
		'x',
	])
		t.is(decodeTally(Buffer.from(other)), undefined);
});
