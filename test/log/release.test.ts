// The gate in front of everything that leaves, against side files and chains that agree, contradict, lie, come late or are gone.
import {readFile, stat, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import type {AgentError} from '../../agent/base/errors.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {silentLogger} from '../../agent/base/logger.ts';
import {type Checkpoint, signCheckpoint} from '../../agent/format/checkpoint.ts';
import {noteKey} from '../../agent/format/note.ts';
import {createHeadFile, type HeadFile} from '../../agent/log/head-file.ts';
import {judgeHeads, type OutsideHead} from '../../agent/log/outside.ts';
import {createRelease, type Release} from '../../agent/log/release.ts';
import {signer, temporaryFolder} from '../helpers/log-world.ts';

const key = noteKey(nodeHasher, 'gate/1', signer.publicKey);
const rootOf = (size: number, history = 0): Uint8Array => nodeHasher.sha256(Uint8Array.of(history, size));
const headOf = (source: string, size: number, history = 0, isConfirmed = true): OutsideHead => ({
	source,
	size,
	root: rootOf(size, history),
	isConfirmed,
});

function checkpointOf(size: number, history = 0, origin = 'gate/1'): Checkpoint {
	return signCheckpoint({origin, size, root: rootOf(size, history)}, key, signer.sign);
}

for (const {name, heads, state} of [
	{name: 'heads that the log has are no reason to wait', heads: [headOf('the side file', 5), headOf('chain', 3)], state: 'open'},
	{name: 'a head of an empty log agrees with every log', heads: [headOf('chain', 0)], state: 'open'},
	{name: 'no head at all withholds release', heads: [], state: 'withheld'},
	{name: 'a head above the log freezes: the database is older', heads: [headOf('the side file', 9)], state: 'frozen'},
	{name: 'another root freezes: it is another history', heads: [headOf('the side file', 5), headOf('chain', 4, 1)], state: 'frozen'},
	{
		name: 'a contradiction that one node sees at latest withholds release',
		heads: [headOf('the side file', 5), headOf('chain', 9, 0, false)],
		state: 'withheld',
	},
	{
		name: 'a confirmed contradiction counts even behind an unconfirmed one',
		heads: [headOf('chain', 9, 0, false), headOf('chain', 4, 1)],
		state: 'frozen',
	},
] as const) {
	test(name, t => {
		const rootAt = new Map(heads.filter(head => head.size <= 7).map(head => [head.size as number, rootOf(head.size)]));
		t.is(judgeHeads(7, rootAt, heads).state, state);
	});
}

type World = {
	readonly release: Release;
	readonly headFile: HeadFile;
	readonly path: string;
	newest: Checkpoint | undefined;
	/** Which history is stored; the writer's checkpoints are of history 0. */
	stored: number;
	heads: OutsideHead[];
};

function createWorld(t: ExecutionContext): World {
	const path = join(temporaryFolder(t), 'released.checkpoint');
	const headFile = createHeadFile(path);
	const world: World = {
		headFile,
		path,
		newest: undefined,
		stored: 0,
		heads: [],
		release: createRelease({
			origin: 'gate/1',
			newest: () => world.newest,
			rootAt: async size => rootOf(size, world.stored),
			headFile,
			readHeads: async () => world.heads,
			logger: silentLogger,
		}),
	};
	return world;
}

test('the side file holds a checkpoint before it is released', async t => {
	const world = createWorld(t);
	await world.headFile.write(checkpointOf(0));
	// The root of size 0 in this made-up tree is as good as any.
	world.newest = checkpointOf(5);
	t.is((await world.release.look()).state, 'open');
	t.is((await world.release.release())?.size, 5);
	t.is((await world.headFile.read())?.note, checkpointOf(5).note);
	await t.throwsAsync(stat(`${world.path}.new`));
});

test('a side file that cannot be written stops the release, and nothing else', async t => {
	const world = createWorld(t);
	await world.headFile.write(checkpointOf(2));
	const broken = createRelease({
		origin: 'gate/1',
		newest: () => checkpointOf(5),
		rootAt: async size => rootOf(size),
		headFile: {read: world.headFile.read, write: () => Promise.reject(new Error('disk full'))},
		readHeads: async () => [],
		logger: silentLogger,
	});
	await broken.look();
	await t.throwsAsync(broken.release(), {message: 'disk full'});
	t.is(broken.released()?.size, 2);
	t.false(broken.frozen.aborted);
});

test('an older database is frozen and releases nothing', async t => {
	const world = createWorld(t);
	await world.headFile.write(checkpointOf(9));
	world.newest = checkpointOf(5);
	t.is((await world.release.look()).state, 'frozen');
	t.is(await world.release.release(), undefined);
	t.is((world.release.frozen.reason as AgentError).code, 'LOG_FROZEN');
	t.is((await world.headFile.read())?.size, 9, 'the side file is left as it is');
	world.newest = checkpointOf(12);
	t.is((await world.release.look()).state, 'frozen', 'growing past the head mends nothing');
});

test('a lost side file withholds release until a chain was read', async t => {
	const world = createWorld(t);
	world.newest = checkpointOf(5);
	t.is((await world.release.look()).state, 'withheld');
	t.is(await world.release.release(), undefined);
	world.heads = [headOf('chain', 3)];
	t.is((await world.release.look()).state, 'open');
	t.is((await world.release.release())?.size, 5);
});

test('a damaged side file is a lost one', async t => {
	const world = createWorld(t);
	await writeFile(world.path, 'gate/1\n5\n');
	world.newest = checkpointOf(5);
	t.is((await world.release.look()).state, 'withheld');
});

test('a node that lies about latest only makes us wait, until it stops', async t => {
	const world = createWorld(t);
	await world.headFile.write(checkpointOf(4));
	world.newest = checkpointOf(5);
	world.heads = [headOf('chain at latest', 99, 0, false), headOf('chain at finalized', 3)];
	t.is((await world.release.look()).state, 'withheld');
	t.is((await world.release.release())?.size, 4, 'what was released before stays released');
	world.heads = [headOf('chain at latest', 3, 0, false), headOf('chain at finalized', 3)];
	t.is((await world.release.look()).state, 'open');
	t.is((await world.release.release())?.size, 5);
});

test('a second history on a chain freezes as soon as it is final', async t => {
	const world = createWorld(t);
	await world.headFile.write(checkpointOf(4));
	world.newest = checkpointOf(5);
	world.heads = [headOf('chain at latest', 5, 1, false)];
	t.is((await world.release.look()).state, 'withheld');
	world.heads = [headOf('chain at latest', 5, 1, false), headOf('chain at finalized', 5, 1)];
	t.is((await world.release.look()).state, 'frozen');
});

test('stored entries that do not lead to the signed root freeze the log before anything leaves', async t => {
	const world = createWorld(t);
	await world.headFile.write(checkpointOf(0));
	world.newest = checkpointOf(5);
	await world.release.look();
	world.stored = 1;
	t.is(await world.release.release(), undefined);
	t.true(world.release.frozen.aborted);
	t.is((await readFile(world.path, 'utf8')).split('\n')[1], '0');
});

test('a side file of a later epoch freezes: an older epoch was put back', async t => {
	const world = createWorld(t);
	await world.headFile.write(checkpointOf(0, 0, 'gate/2'));
	world.newest = checkpointOf(5);
	t.is((await world.release.look()).state, 'frozen');
	t.regex(world.release.standing().reason, /side file is of epoch 2, the database only of epoch 1/);
	t.is(await world.release.release(), undefined);
	t.is((await world.headFile.read())?.origin, 'gate/2', 'the side file is left as it is');
});

test('a side file of another log freezes, since writing over it would take what protects that log', async t => {
	const world = createWorld(t);
	await world.headFile.write(checkpointOf(3, 0, 'other/1'));
	world.newest = checkpointOf(5);
	world.heads = [headOf('chain', 3)];
	t.is((await world.release.look()).state, 'frozen');
	t.is((await world.headFile.read())?.origin, 'other/1');
});

test('a side file of an earlier epoch is a lost one: only a chain lets the log release', async t => {
	const path = join(temporaryFolder(t), 'released.checkpoint');
	const headFile = createHeadFile(path);
	await headFile.write(checkpointOf(3));
	let heads: OutsideHead[] = [];
	const release = createRelease({
		origin: 'gate/2',
		newest: () => checkpointOf(5, 0, 'gate/2'),
		rootAt: async size => rootOf(size),
		headFile,
		readHeads: async () => heads,
		logger: silentLogger,
	});
	t.is((await release.look()).state, 'withheld');
	t.is(release.released(), undefined);
	t.is(await release.release(), undefined);
	heads = [headOf('chain', 0)];
	t.is((await release.look()).state, 'open');
	t.is((await release.release())?.origin, 'gate/2');
	t.is((await headFile.read())?.origin, 'gate/2');
});

test('a checkpoint that is not the newest is released as it is, and the side file keeps the newest', async t => {
	const world = createWorld(t);
	await world.headFile.write(checkpointOf(2));
	world.newest = checkpointOf(9);
	t.false(await world.release.releaseThis(checkpointOf(5)), 'nothing was looked at yet');
	await world.release.look();
	t.true(await world.release.releaseThis(checkpointOf(5)));
	t.is((await world.headFile.read())?.size, 5);
	await Promise.all([world.release.release(), world.release.releaseThis(checkpointOf(7))]);
	t.is((await world.headFile.read())?.size, 9);
	t.is(world.release.released()?.size, 9);
	t.false(await world.release.releaseThis(checkpointOf(6, 1)), 'what is stored leads to another root');
	t.true(world.release.frozen.aborted);
	t.false(await world.release.releaseThis(checkpointOf(5)), 'frozen');
});
