// One target that is new, or was away for long, beside another that is not: what the log has pruned meanwhile must not stop it.
import test from 'ava';
import {type AnchorRow, areEnough, finalRowsKept, keptRows} from '../../agent/anchor/outbox.ts';
import {anchoredAbove, arrivedAtOf} from '../../agent/anchoring.ts';
import type {Index, Size} from '../../agent/format/entry.ts';
import {finalOnAll} from '../../agent/pruning.ts';
import {append, createLogWorld, draftOf, enrolMeter, startMs} from '../helpers/log-world.ts';

test('the age of what a target lacks is told although it was pruned', async t => {
	const world = await createLogWorld(t);
	const log = await world.open();
	const meter = enrolMeter(log, 'meter-1');
	for (let i = 0; i < 600; i += 100) {
		world.clock.move(60_000);
		await Promise.all(
			Array.from({length: 100}, (_, n) =>
				append(log, [draftOf(meter, {measuredAtMs: startMs + i + n})], {arrivedAtMs: world.clock.nowMs()}),
			),
		);
	}
	const reader = await world.reader();
	const before = await arrivedAtOf(log, reader, 0);
	t.is(typeof before, 'number');
	await log.prune(
		await reader.planPrune({
			arrivalsBeforeMs: undefined,
			entriesBeforeMs: Number.MAX_SAFE_INTEGER,
			arrivalsSizeMax: log.size(),
			entriesSizeMax: log.size(),
		}),
	);
	await t.throwsAsync(reader.entry(0), {code: 'ENTRY_PRUNED'});
	// Why nothing is pruned that a chain of the config does not have yet: nobody could lead it on from there.
	await t.throwsAsync(reader.consistency(100 as Size, log.size()), {code: 'ENTRY_PRUNED'});
	const after = await arrivedAtOf(log, reader, 0);
	t.true(after !== undefined && after > before!, `${after}`);
	t.is(await arrivedAtOf(log, reader, log.size()), undefined);
	// A log that is pruned to its very end has nothing left that could tell.
	await t.notThrowsAsync(arrivedAtOf(log, {entry: reader.entry, first: async () => log.size() as unknown as Index}, 0));
});

test('only what is final on every chain is pruned: a chain that was away is reached again by a proof from the size that it has', t => {
	const a = {chainId: 1, registry: '0xaa'};
	const b = {chainId: 2, registry: '0xBB'};
	const rows = [
		{...a, state: 'final' as const, size: 1000},
		{...a, state: 'mined' as const, size: 1200},
		{chainId: 2, registry: '0xbb', state: 'final' as const, size: 100},
	];
	t.is(finalOnAll(rows, [a, b]), 100);
	t.is(finalOnAll(rows, [a]), 1000, 'a chain that was taken out of the config holds nothing back');
	t.is(finalOnAll(rows, []), 1000);
	t.is(finalOnAll(rows, [a, {chainId: 3, registry: '0xcc'}]), 1000, 'a chain that has nothing needs no proof');
	t.is(finalOnAll([...rows, {chainId: 3, registry: '0xcc', state: 'sent', size: 300}], [a, {chainId: 3, registry: '0xcc'}]), 0);
});

/** A final anchor every ten minutes, so many of them. */
const finalRows = (count: number): AnchorRow[] =>
	Array.from({length: count}, (_, i) => ({
		chainId: 1,
		registry: '0xaa',
		opener: '0xbb',
		logId: '0xcc',
		origin: 'harbour/1',
		size: i + 1,
		root: '0xdd',
		note: '',
		plannedAtMs: 0,
		state: 'final',
		attempts: [],
		mined: {transactionHash: '0xee', blockNumber: i, blockHash: '0xff', blockTime: 1_800_000_000 + i * 600, costWei: '1'},
	}));

test('an outbox keeps no more in memory than two days and what is open, however long it has anchored', t => {
	const rows = finalRows(10_000);
	const kept = keptRows(rows);
	t.is(kept.length, (2 * 86_400) / 600 + 1);
	t.deepEqual(kept, rows.slice(-kept.length));
	t.is(
		keptRows(rows.map(row => ({...row, mined: {...row.mined!, blockTime: row.size * 86_400}}))).length,
		finalRowsKept,
		'seldom anchored',
	);
	const left = {nonce: 1, transactionHash: '0x', raw: '0x', from: 0};
	t.is(keptRows(rows.map(row => (row.size === 5 ? {...row, attempts: [left]} : row)))[0]?.size, 5, 'what may still be mined');
	t.is(keptRows(rows.map(row => (row.size === 7 ? {...row, state: 'mined'} : row)))[0]?.size, 7, 'what is not final');
	// Row by row it comes to the same.
	let one: readonly AnchorRow[] = [];
	for (const row of rows) one = keptRows([...one, row]);
	t.deepEqual(one, kept);
});

test('a start reads no more of the newest rows than it keeps', t => {
	const rows = finalRows(10_000).toReversed();
	let read = 0;
	do read += 64;
	while (!areEnough(rows.slice(0, read)));
	t.true(read < 400, `${read}`);
	t.deepEqual(keptRows(rows.slice(0, read).toReversed()), keptRows(rows.toReversed()));
	t.false(areEnough(rows.slice(0, finalRowsKept)), 'the newest two days are not there yet');
});

test('documents are read from the largest key down, those of one target alone', async t => {
	const world = await createLogWorld(t);
	const log = await world.open();
	for (const size of [1, 2, 3, 10, 20]) {
		await log.putDocument('anchor', `${String(size).padStart(15, '0')}/0xaa`, `a${size}`);
		await log.putDocument('anchor', `${String(size).padStart(15, '0')}/0xbb`, `b${size}`);
	}
	const reader = await world.reader();
	const bodies = async (...[below, limit, behind]: [string, number, string?]): Promise<string[]> =>
		(await reader.documentsBelow('anchor', below, limit, behind)).map(({body}) => body);
	t.deepEqual(await bodies(':', 3), ['b20', 'a20', 'b10']);
	t.deepEqual(await bodies(':', 3, '0xaa'), ['a20', 'a10', 'a3']);
	t.deepEqual(await bodies('000000000000003/0xaa', 9, '0xaa'), ['a2', 'a1']);
	t.deepEqual(await bodies(':', 9, '0x_a'), []);
});

const keyAt = (size: number, target: string): string => `${String(size).padStart(15, '0')}/${target}`;
const onChain = (size: number, chainId = 1): string => JSON.stringify({...finalRows(1)[0], size, chainId, note: `note ${size}`});
const stampAt = (size: number, authority = 'tsa', unchecked?: string): string =>
	JSON.stringify({
		authority,
		origin: 'harbour/1',
		size,
		root: '0xdd',
		note: `note ${size}`,
		plannedAtMs: size,
		state: 'stamped',
		tokens: [{algorithm: 'sha256', token: 'AAAA', genTimeMs: 1, unchecked}],
	});

test('where two are needed the checkpoint that both hold is found, however long one of them was away', async t => {
	const world = await createLogWorld(t);
	const log = await world.open();
	// Five days of an authority alone; then the chain is back and takes the newest.
	const puts: Promise<void>[] = [];
	for (let size = 10; size <= 7200; size += 10) puts.push(log.putDocument('timestamp', keyAt(size, 'tsa'), stampAt(size)));
	puts.push(log.putDocument('anchor', keyAt(10, '0xcc'), onChain(10)), log.putDocument('anchor', keyAt(7200, '0xcc'), onChain(7200)));
	await Promise.all(puts);
	const reader = await world.reader();
	const found = async (index: number, needed: number, notBeforeMs = 0) => (await anchoredAbove(reader, index, notBeforeMs, needed))?.note;
	t.is(await found(0, 2), 'note 10');
	t.is(await found(10, 1), 'note 20');
	t.is(await found(10, 2), 'note 7200');
	t.is(await found(10, 3), 'note 20', 'nothing that three hold: the smallest that any does');
	t.is(await found(10, 1, 500), 'note 500');
	t.is(await found(10, 1, 9000), 'note 7200', 'all were planned before: the largest');
	t.is(await found(7200, 1), undefined);
});

test('two anchors on one chain, and a token that nobody could check, are counted as a verifier counts them', async t => {
	const world = await createLogWorld(t);
	const log = await world.open();
	await log.putDocument('anchor', keyAt(10, '0xcc'), onChain(10));
	await log.putDocument('anchor', keyAt(10, '0xdd'), onChain(10));
	await log.putDocument('timestamp', keyAt(10, 'sm'), stampAt(10, 'sm', 'it is signed with SM2, which cannot be checked here'));
	await log.putDocument('timestamp', keyAt(20, 'sm'), stampAt(20, 'sm'));
	await log.putDocument('anchor', keyAt(20, '0xcc'), onChain(20));
	const reader = await world.reader();
	t.is((await anchoredAbove(reader, 0, 0, 2))?.note, 'note 20');
	const first = await anchoredAbove(reader, 0, 0, 1);
	t.deepEqual([first?.note, first?.anchors.length, first?.timestamps.length], ['note 10', 2, 1]);
});
