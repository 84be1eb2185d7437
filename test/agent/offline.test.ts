// A stranger's laptop: receipts of an anchored log are verified with the chain stopped, without any network, and against a chain that answers.
import {mkdir, readFile, rename, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {parseTrust} from '../../agent/format/trust.ts';
import {requestAnchor} from '../../agent/state.ts';
import {type Anvil, startAnvil} from '../helpers/anvil.ts';
import {publishHomeReadings} from '../helpers/home-readings.ts';
import {anchorSite, createTestSite, kedge, kedgePath, type Ran, run, startAgent, type TestSite, untilStatus} from '../helpers/site.ts';

/** A site whose log is anchored on a chain of its own, with some readings of one home. */
async function createAnchoredSite(t: ExecutionContext): Promise<TestSite & {readonly anvil: Anvil}> {
	const anvil = await startAnvil();
	t.teardown(anvil.stop);
	const made = await createTestSite(t, {homes: 1});
	const site = await anchorSite(t, made, anvil);
	return {...made, site, anvil};
}

/** `unshare` before a command leaves it without a network; undefined where that is not permitted. */
async function withoutNetwork(t: ExecutionContext): Promise<readonly string[] | undefined> {
	const tried = await run(t, 'unshare', ['-rn', 'true']).catch(() => undefined);
	if (tried?.code === 0) return ['unshare', '-rn'];
	t.log('skipped the part without a network: unshare -rn is not permitted here');
	return undefined;
}

type Said = {
	readonly good: boolean;
	readonly strength: string;
	readonly checks: readonly {readonly name: string; readonly result: string}[];
	readonly facts: {
		readonly bracket?: {readonly after?: {readonly checked: string}; readonly before?: {readonly checked: string}};
		readonly history?: {readonly completeness?: {readonly state: string; readonly lastNumber: number; readonly tallyNumber: number}};
	};
};

function verdictsOf({out}: Ran): Said[] {
	return out
		.trim()
		.split('\n')
		.map(line => JSON.parse(line) as Said);
}

test.serial('an anchored receipt verifies without a network, as strong as the trust file allows, and against a chain', async t => {
	const made = await createAnchoredSite(t);
	const {site, anvil} = made;
	const agent = await startAgent(t, site);
	await publishHomeReadings(t, made, 0, 20);
	await requestAnchor(site.paths);
	const {size} = await untilStatus(t, site, status => status.anchor !== undefined && status.anchor.finalSize >= status.size, {
		each: () => anvil.mine(1),
	});
	// What is behind the last anchor is committed and not anchored.
	await publishHomeReadings(t, made, 20, 1);
	t.is(await agent.end('SIGTERM'), 0, agent.said());

	const desk = join(made.folder, 'desk');
	await mkdir(desk);
	const at = (name: string): string => join(desk, name);
	const issue = async (name: string, ...words: string[]): Promise<void> => {
		const issued = await kedge(t, [...words, '--config', site.configPath, '--out', at(name)]);
		t.is(issued.code, 0, issued.err);
	};
	await issue('first.json', 'prove', '--device', 'home-01', '--at', '2026-03-01T00:03:00Z', '--with-arrival');
	await issue('second.json', 'prove', String(size - 1));
	await issue('late.json', 'prove', '--device', 'home-01');
	await issue('history.json', 'history', 'home-01', '--from', '2026-03-01', '--to', '2026-03-01T00:19:00Z');
	await writeFile(at('trust.json'), await readFile(site.paths.trust));
	const files = ['first.json', 'second.json', 'history.json'].map(at);

	// With a chain to ask.
	const asked = await kedge(t, ['verify', '--json', '--rpc', anvil.url, ...files], {directory: desk});
	t.is(asked.code, 0, asked.err);
	t.deepEqual(
		verdictsOf(asked).map(({strength}) => strength),
		['final', 'final', 'final'],
	);
	// The entry at the end of the anchored size is the tally, and the history goes up to it.
	t.like(verdictsOf(asked)[2]!.facts.history?.completeness, {state: 'complete', lastNumber: 21, tallyNumber: 21});
	const unpinned = await readFile(at('trust.json'), 'utf8');

	// Pinning is asked for and said.
	const refused = await kedge(t, ['verify', '--pin', ...files], {directory: desk});
	t.is(refused.code, 2);
	t.regex(refused.err, /--pin needs --rpc/);
	t.is(await readFile(at('trust.json'), 'utf8'), unpinned, 'only --pin writes into the trust file');
	await writeFile(at('pinned.json'), unpinned);
	const pin = (): Promise<Ran> =>
		kedge(t, ['verify', '--json', '--rpc', anvil.url, '--pin', '--trust', 'pinned.json', ...files, at('late.json')], {directory: desk});
	const pinned = await pin();
	t.is(pinned.code, 0, pinned.err);
	t.is(
		pinned.err.match(/^pinned size \d+ of harbour\/1 on chain 31337 at 0x[0-9a-f]{40} in pinned\.json$/gm)?.length,
		pinned.err.split('\n').length - 2,
	);
	t.regex(pinned.err, /late\.json names no anchor: it was made before one covered it/);
	const trust = parseTrust(nodeHasher, await readFile(at('pinned.json')));
	t.true('value' in trust && trust.value.anchors.length >= 1);
	t.regex((await pin()).err, /nothing new to pin/);

	// Blocks instead of anchors: the files carry what leads from a block to their anchors.
	await writeFile(at('blocks.json'), unpinned);
	const kept = await kedge(t, ['trust', 'pin', '--rpc', anvil.url, '--trust', 'blocks.json', ...files], {directory: desk});
	t.is(kept.code, 0, kept.err);
	t.regex(kept.out, /^pinned block \d+ of chain 31337 of \S+Z in blocks\.json: 1 node called it final$/m);

	// The chain is gone.
	await anvil.stop();
	const noNetwork = (await withoutNetwork(t)) ?? [];
	const verify = (...words: string[]): Promise<Ran> => {
		const [program, ...rest] = [...noNetwork, process.execPath, kedgePath, 'verify', '--json', ...words];
		return run(t, program!, rest, {directory: desk});
	};
	const committed = await verify(...files);
	t.is(committed.code, 0, committed.err);
	for (const {good, strength, checks} of verdictsOf(committed)) {
		t.true(good);
		t.is(strength, 'committed');
		t.true(checks.some(({name, result}) => name === 'anchor' && result === 'skipped'));
	}
	const final = await verify('--trust', 'blocks.json', '--require', 'final', ...files);
	t.is(final.code, 0, final.err);
	for (const {good, strength, facts} of verdictsOf(final)) {
		t.true(good);
		t.is(strength, 'final');
		t.is(facts.bracket?.before?.checked, 'pinned');
	}
	// A beacon stands in front of the tally of every anchor.
	t.is(verdictsOf(final)[1]!.facts.bracket?.after?.checked, 'pinned');
	const anchored = await verify('--trust', 'pinned.json', ...files, at('late.json'));
	t.is(anchored.code, 0, anchored.err);
	t.deepEqual(
		verdictsOf(anchored).map(({strength}) => strength),
		['anchored', 'anchored', 'anchored', 'committed'],
	);
	// A chain that does not answer takes nothing away.
	const unanswered = await verify('--trust', 'pinned.json', '--rpc', anvil.url, files[0]!);
	t.is(unanswered.code, 0, unanswered.err);
	t.is(verdictsOf(unanswered)[0]!.strength, 'anchored');
	// But where nothing else vouches for the anchor, no answer is not an answer.
	const silent = await verify('--rpc', anvil.url, files[0]!);
	t.is(silent.code, 3, silent.err);
	t.is(verdictsOf(silent)[0]!.strength, 'committed');
	t.is((await verify('--require', 'anchored', files[0]!)).code, 1);
	t.is((await verify('--require', 'anchored', '--trust', 'pinned.json', files[0]!)).code, 0);
	t.is((await verify('--require', 'much', files[0]!)).code, 2);

	// A pin with another root is a fork, and worse than none.
	const text = await readFile(at('pinned.json'), 'utf8');
	await writeFile(
		at('fork.json'),
		text.replaceAll(/"root": *"./g, found => `${found.slice(0, -1)}${found.endsWith('A') ? 'B' : 'A'}`),
	);
	const fork = await verify('--trust', 'fork.json', files[0]!);
	t.is(fork.code, 1, fork.err);
	t.true(verdictsOf(fork)[0]!.checks.some(({name, result}) => name === 'fork' && result === 'fail'));
	await rename(at('first.json'), at('moved.json'));
	const missing = await verify(files[0]!, files[1]!);
	t.is(missing.code, 2);
	t.is(verdictsOf(missing).length, 1, 'the other file still has its verdict');
	t.regex(missing.err, /cannot read .*first\.json/);
});
