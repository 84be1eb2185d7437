// One checkpoint for all chains and authorities: how it is shared among them, and when enough of them hold it.
import test from 'ava';
import fc from 'fast-check';
import {createSealing, sizeHeldBy} from '../../agent/anchors.ts';
import type {Checkpoint} from '../../agent/format/checkpoint.ts';
import {createTreeInMemory} from '../helpers/tree-in-memory.ts';

/** A log whose seals are entries themselves, and a clock that is moved by hand. */
function world(newest?: number) {
	const tree = createTreeInMemory('harbour/1');
	let nowMs = 0;
	let seals = 0;
	const clock = {nowMs: () => nowMs, monotonicMs: () => nowMs, sleep: async () => {}};
	if (newest !== undefined) tree.growTo(newest);
	const state = {mayRelease: true, fails: false};
	const sealing = createSealing({
		newest: newest === undefined ? undefined : tree.checkpoint(newest),
		sealNew: async (): Promise<Checkpoint | undefined> => {
			if (!state.mayRelease) return undefined;
			if (state.fails) throw new Error('the side file cannot be written');
			seals += 1;
			tree.growTo(tree.size + 1);
			return tree.checkpoint(tree.size);
		},
		mayRelease: () => state.mayRelease,
		size: () => tree.size,
		shareMs: 1000,
		clock,
	});
	return {tree, sealing, state, seals: () => seals, advance: (ms: number) => (nowMs += ms)};
}

test('targets that are due together get one checkpoint, made once', async t => {
	const {tree, sealing, seals} = world();
	tree.growTo(5);
	const sealed = await Promise.all([sealing.seal(0), sealing.seal(0), sealing.seal(3)]);
	t.deepEqual(
		sealed.map(one => one?.size),
		[6, 6, 6],
	);
	t.is(seals(), 1);
});

test('one that comes late takes what the others have, as long as nothing is behind it, and makes no reason for another', async t => {
	const {tree, sealing, seals, advance} = world();
	tree.growTo(5);
	const planned = [0, 0];
	planned[0] = (await sealing.seal(planned[0]!))!.size;
	advance(1_000_000);
	planned[1] = (await sealing.seal(planned[1]!))!.size;
	t.deepEqual(planned, [6, 6]);
	t.is(seals(), 1);
	t.is(tree.size, 6);
});

test('what came behind a checkpoint is sealed anew once it is no longer fresh, or somebody asks', async t => {
	const {tree, sealing, advance} = world();
	tree.growTo(5);
	t.is((await sealing.seal(0))?.size, 6);
	tree.growTo(10);
	t.is((await sealing.seal(0))?.size, 6, 'fresh');
	advance(1000);
	t.is((await sealing.seal(0))?.size, 11);
	tree.growTo(20);
	sealing.renew();
	t.is((await sealing.seal(0))?.size, 21, 'asked for');
});

test('a start takes up the checkpoint that was planned before it', async t => {
	const {sealing, tree, seals} = world(7);
	t.is((await sealing.seal(3))?.size, 7);
	t.is(seals(), 0);
	t.is((await sealing.seal(7))?.size, 8, 'whoever has it already wants another');
	tree.growTo(9);
	t.is((await sealing.seal(3))?.size, 8);
});

test('nothing is handed out while nothing may be released, and a seal that fails fails for whoever asked alone', async t => {
	const {tree, sealing, state, seals} = world();
	tree.growTo(5);
	state.fails = true;
	await t.throwsAsync(sealing.seal(0), {message: 'the side file cannot be written'});
	state.fails = false;
	t.is((await sealing.seal(0))?.size, 6);
	state.mayRelease = false;
	t.is(await sealing.seal(0), undefined);
	t.is(seals(), 1);
});

test('targets that anchor by turns come to rest when nothing new comes', async t => {
	await fc.assert(
		fc.asyncProperty(fc.array(fc.tuple(fc.nat(2), fc.nat(3), fc.nat(1500)), {minLength: 1, maxLength: 40}), async turns => {
			const {tree, sealing, seals, advance} = world();
			const planned = [0, 0, 0];
			const go = async (target: number): Promise<void> => {
				if (tree.size > planned[target]!) planned[target] = (await sealing.seal(planned[target]!))!.size;
			};
			for (const [target, entries, ms] of turns) {
				tree.growTo(tree.size + entries);
				advance(ms);
				await go(target);
			}
			// From here on nothing comes: all must meet at one size, with two seals more at the most.
			const before = seals();
			for (let round = 0; round < 4; round += 1)
				for (const target of [0, 1, 2]) {
					advance(5000);
					await go(target);
				}
			t.true(tree.size === 0 || new Set(planned).size === 1, `sizes ${planned}`);
			t.true(seals() - before <= 1, `${seals() - before} seals with nothing new`);
		}),
	);
});

test('a size is held once as many reach it as are needed', t => {
	t.is(sizeHeldBy(1, []), 0);
	t.is(sizeHeldBy(1, [5, 9, 7]), 9);
	t.is(sizeHeldBy(2, [5, 9, 7]), 7);
	t.is(sizeHeldBy(3, [5, 9, 7]), 5);
	t.is(sizeHeldBy(4, [5, 9, 7]), 0);
});
