// Proofs that the reader hands out, checked with the verifier's arithmetic and with the twin that was written straight from the RFC.
import test, {type ExecutionContext} from 'ava';
import {concatBytes, equalBytes} from '../../agent/base/bytes.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {isConsistent, isIncluded} from '../../agent/merkle/check.ts';
import {checkLog} from '../helpers/check-log.ts';
import {append, createLogWorld, draftOf, enrolMeter, type LogWorld} from '../helpers/log-world.ts';
import {leafHash, MTH, MULTI, PATH, PROOF} from '../helpers/reference-merkle.ts';

const equalPaths = (a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean =>
	a.length === b.length && a.every((hash, i) => equalBytes(hash, b[i]!));

test('every inclusion and consistency proof of a small log is the one that the RFC defines', async t => {
	const world = await createLogWorld(t);
	const log = await world.open();
	const channel = enrolMeter(log, 'm');
	const reader = await world.reader();
	await append(
		log,
		Array.from({length: 68}, () => draftOf(channel)),
	);
	const {entries} = await checkLog(t, world.path);
	const leaves = entries.map(({bytes}) => bytes);
	const roots = leaves.map((_, i) => MTH(leaves.slice(0, i + 1)));
	let wrong = 0;
	for (let size = 1; size <= leaves.length; size += 1) {
		for (let index = 0; index < size; index += 1)
			if (!equalPaths(await reader.inclusion(index, size), PATH(index, leaves.slice(0, size)))) wrong += 1;
		for (let first = 1; first < size; first += 1)
			if (!equalPaths(await reader.consistency(first, size), PROOF(first, leaves.slice(0, size)))) wrong += 1;
		if ((await reader.consistency(size, size)).length > 0) wrong += 1;
	}
	t.is(wrong, 0);
	t.is(roots.length, 70);
});

/** 1,500 entries, whose commits end in the middle of tiles, at their ends, and just behind them. */
async function createUnevenLog(t: ExecutionContext): Promise<LogWorld> {
	const world = await createLogWorld(t);
	const log = await world.open();
	const channel = enrolMeter(log, 'm');
	for (const size of [1, 2, 252, 1, 255, 1, 513, 200, 273])
		await append(
			log,
			Array.from({length: size}, () => draftOf(channel)),
		);
	return world;
}

test('proofs hold in a log of 1,500 entries, at every index and between all interesting sizes', async t => {
	const world = await createUnevenLog(t);
	const {entries, size} = await checkLog(t, world.path);
	t.is(size, 1500);
	const leaves = entries.map(({bytes}) => bytes);
	const sizes = [1, 2, 3, 5, 255, 256, 257, 511, 512, 513, 767, 768, 1000, 1023, 1024, 1025, 1279, 1280, 1281, 1499, 1500];
	const roots = new Map(sizes.map(one => [one, MTH(leaves.slice(0, one))]));
	const reader = await world.reader();
	let wrong = 0;
	for (const [i, leaf] of leaves.entries()) {
		const proven = sizes.filter(one => one > i && (one === 1500 || i % 37 === 0 || one - i < 3));
		for (const one of proven) {
			const path = await reader.inclusion(i, one);
			if (!isIncluded(nodeHasher, {index: i, size: one, root: roots.get(one)!, leaf: leafHash(leaf), path})) wrong += 1;
		}
	}
	for (const first of sizes)
		for (const second of sizes) {
			if (first > second) continue;
			const path = await reader.consistency(first, second);
			if (!isConsistent(nodeHasher, {first, second, firstRoot: roots.get(first)!, secondRoot: roots.get(second)!, path})) wrong += 1;
		}
	t.is(wrong, 0);
});

test('proofs hold across tiles of the second level, and the log opens again from them', async t => {
	const world = await createLogWorld(t);
	let log = await world.open();
	const channel = enrolMeter(log, 'm');
	const pack = Array.from({length: 1000}, () => draftOf(channel));
	const heads = new Map<number, Uint8Array>();
	for (let i = 0; i < 68; i += 1) {
		const appends = [append(log, pack)];
		if (i % 5 === 0) appends.push(append(log, pack.slice(0, i)));
		await Promise.all(appends);
		heads.set(log.size(), log.checkpoint()!.root);
	}
	const {size, entries} = await checkLog(t, world.path);
	t.true(size > 65_536 + 256);
	const reader = await world.reader();
	const root = log.checkpoint()!.root;
	let wrong = 0;
	for (let index = 0; index < size; index += 997) {
		const path = await reader.inclusion(index, size);
		if (!isIncluded(nodeHasher, {index, size, root, leaf: leafHash(entries[index]!.bytes), path})) wrong += 1;
	}
	for (const index of [0, 255, 256, 65_279, 65_280, 65_535, 65_536, 65_537, size - 1]) {
		const path = await reader.inclusion(index, size);
		if (!isIncluded(nodeHasher, {index, size, root, leaf: leafHash(entries[index]!.bytes), path})) wrong += 1;
	}
	const sizes = [...heads.keys()];
	for (const [i, first] of sizes.entries())
		for (const second of [size, sizes[(i * 7 + 3) % sizes.length]!]) {
			if (first > second) continue;
			const path = await reader.consistency(first, second);
			if (!isConsistent(nodeHasher, {first, second, firstRoot: heads.get(first)!, secondRoot: heads.get(second)!, path})) wrong += 1;
		}
	t.is(wrong, 0);
	log = await world.open();
	t.is(await append(log, [draftOf(log.channel(channel.urn)!)]), size);
	t.true(
		isConsistent(nodeHasher, {
			first: size,
			second: size + 1,
			firstRoot: root,
			secondRoot: log.checkpoint()!.root,
			path: await reader.consistency(size, size + 1),
		}),
	);
});

test('one proof for many entries is the one that the RFC defines, wherever tiles and batches end', async t => {
	const world = await createUnevenLog(t);
	const leaves = (await checkLog(t, world.path)).entries.map(({bytes}) => bytes);
	const reader = await world.reader();
	const every = (step: number, size: number): number[] => Array.from({length: Math.ceil(size / step)}, (_, i) => i * step);
	for (const [indexes, size] of [
		[[0], 1],
		[[1499], 1500],
		[[0, 1499], 1500],
		[[255, 256, 511, 512, 1023, 1024], 1025],
		[every(1, 600), 1500],
		[every(7, 1400), 1400],
		[every(300, 1499), 1499],
	] as const) {
		const proof = await reader.multiproof(indexes, size);
		t.true(equalBytes(proof, concatBytes(...MULTI(indexes, leaves.slice(0, size)))), `${indexes.slice(0, 9)} of ${size}`);
	}
});
