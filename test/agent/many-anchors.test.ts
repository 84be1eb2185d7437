// A log on two chains and with a time-stamp authority: one checkpoint stands on all three, and a stranger checks each of them without a network.
import {mkdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'ava';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {parseReceipt} from '../../agent/format/receipt.ts';
import {requestAnchor} from '../../agent/state.ts';
import {type Anvil, anvilChainId, startAnvil} from '../helpers/anvil.ts';
import {publishHomeReadings} from '../helpers/home-readings.ts';
import {changeConfig, createTestSite, kedge, kedgePath, type Ran, run, startAgent, untilStatus} from '../helpers/site.ts';
import {canStamp, openTimeWorld, startTimeServer} from '../helpers/time-authority.ts';

const otherChainId = anvilChainId + 1;

type Said = {
	readonly good: boolean;
	readonly strength: string;
	readonly checks: readonly {readonly name: string; readonly result: string; readonly reason: string}[];
};
const verdictOf = ({out}: Ran): Said => JSON.parse(out.trim()) as Said;
const resultsOf = ({checks}: Said, name: string): string[] => checks.filter(check => check.name === name).map(({result}) => result);

test('one checkpoint stands on two chains and under a time stamp, and its receipt verifies without a network, each anchor on its own', async t => {
	t.timeout(240_000);
	if (!canStamp) t.log('without the authority: openssl 3 is not installed');
	const anvils: Anvil[] = [];
	for (const chainId of [anvilChainId, otherChainId]) {
		const anvil = await startAnvil(['--chain-id', String(chainId)]);
		t.teardown(anvil.stop);
		anvils.push(anvil);
	}
	const made = await createTestSite(t, {homes: 1});
	let site = made.site;
	const registries: string[] = [];
	for (const [i, anvil] of anvils.entries()) {
		await anvil.rpc('anvil_setBalance', made.anchoringAddress, '0xde0b6b3a7640000');
		const prepared = await kedge(t, ['anchor', '--config', site.configPath, '--rpc', anvil.url, '--chain-id', String(anvilChainId + i)]);
		t.is(prepared.code, 0, prepared.err);
		registries.push(/registry: "(0x[0-9a-fA-F]{40})"/.exec(prepared.out)![1]!);
	}
	const chains = anvils.map(
		({url}, i) =>
			`    - {name: chain-${'ab'[i]}, rpcUrls: ["${url}"], chainId: ${anvilChainId + i}, registry: "${registries[i]}", budgetPerDay: "0.5"}`,
	);
	let timestamps = '';
	if (canStamp) {
		const opened = await openTimeWorld();
		t.teardown(opened.close);
		const authority = await opened.issue('stamp');
		const server = await startTimeServer(query => opened.reply(query, authority));
		t.teardown(server.stop);
		await writeFile(join(made.folder, 'tsa-ca.pem'), await readFile(opened.ca.certificateFile));
		timestamps = `timestamps:\n  - {name: tsa, url: "${server.url}", certificate: tsa-ca.pem, imprints: [sha256, sm3]}\n`;
	}
	site = await changeConfig(site, text =>
		`${text}\nanchor:\n  chains:\n${chains.join('\n')}\n${timestamps}`.replace('log: {', 'log: {anchorsNeeded: 2, '),
	);
	const agent = await startAgent(t, site);
	await publishHomeReadings(t, made, 0, 20);
	await requestAnchor(site.paths);
	const status = await untilStatus(
		t,
		site,
		({anchor, size}) => anchor?.targets.every(target => (target.kind === 'chain' ? target.finalSize : target.stampedSize) >= size) === true,
		{each: async () => void (await Promise.all(anvils.map(anvil => anvil.mine(1))))},
	);
	t.like(status.anchor, {needed: 2, of: canStamp ? 3 : 2, oldestUnanchoredAgeMs: undefined});
	t.deepEqual(
		new Set(status.anchor!.targets.map(target => (target.kind === 'chain' ? target.finalSize : target.stampedSize))),
		new Set([status.size]),
		'all hold the same checkpoint',
	);
	const text = await kedge(t, ['status', '--config', site.configPath]);
	t.regex(text.out, /by 2 of/);
	t.regex(text.out, /chain-a, chain 31337 at 0x.*final to \d+.*ETH left/);
	t.is(await agent.end('SIGTERM'), 0, agent.said());

	const desk = join(made.folder, 'desk');
	await mkdir(desk);
	const at = (name: string): string => join(desk, name);
	const issued = await kedge(t, ['prove', '--device', 'home-01', '--config', site.configPath, '--out', at('receipt.json')]);
	t.is(issued.code, 0, issued.err);
	const parsed = parseReceipt(nodeHasher, await readFile(at('receipt.json')));
	if ('problem' in parsed) throw new Error(parsed.problem);
	t.deepEqual(parsed.value.anchors.map(({chainId, proof}) => [chainId, proof !== undefined]).sort(), [
		[anvilChainId, true],
		[otherChainId, true],
	]);
	t.is(parsed.value.timestamps.length, canStamp ? 2 : 0, 'a token over each hash');

	// What a verifier believes: the log's key and registries, blocks that nodes of theirs have shown, the authority's CA, and that two are needed.
	await writeFile(at('trust.json'), await readFile(site.paths.trust));
	const trusting = (...words: string[]): Promise<Ran> => kedge(t, ['trust', ...words, '--trust', at('trust.json')], {directory: desk});
	const bare = verdictOf(await kedge(t, ['verify', '--json', 'receipt.json'], {directory: desk}));
	t.true(bare.good);
	t.is(bare.strength, 'committed', 'nobody has confirmed a block yet, and anybody can make one that fits');
	t.deepEqual(resultsOf(bare, 'anchor'), ['skipped', 'skipped']);
	const pinned = await trusting('pin', at('receipt.json'), '--rpc', anvils[0]!.url, '--rpc', anvils[1]!.url);
	t.is(pinned.code, 0, `${pinned.out}${pinned.err}`);
	if (canStamp) t.is((await trusting('add-authority', 'tsa', join(made.folder, 'tsa-ca.pem'))).code, 0);
	t.is((await trusting('need', canStamp ? '3' : '2')).code, 0);
	for (const anvil of anvils) await anvil.stop();

	const permitted = (await run(t, 'unshare', ['-rn', 'true']).catch(() => undefined))?.code === 0;
	if (!permitted) t.log('with a network that nobody answers in: unshare -rn is not permitted here');
	const verify = (...words: string[]): Promise<Ran> => {
		const [program, ...rest] = [...(permitted ? ['unshare', '-rn'] : []), process.execPath, kedgePath, 'verify', ...words];
		return run(t, program!, rest, {directory: desk});
	};
	const offline = await verify('--json', 'receipt.json');
	t.is(offline.code, 0, offline.err);
	const verdict = verdictOf(offline);
	t.is(verdict.strength, 'final');
	t.deepEqual(resultsOf(verdict, 'anchor'), ['pass', 'pass']);
	if (canStamp) t.deepEqual(resultsOf(verdict, 'timestamp'), ['pass', 'pass']);
	t.deepEqual(resultsOf(verdict, 'policy'), ['pass']);
	const words = await verify('receipt.json');
	t.log(words.out.trim().split('\n').slice(-14).join('\n'));

	// One more than there are is one too many.
	t.is((await trusting('need', '4')).code, 0);
	const short = await verify('--json', 'receipt.json');
	t.is(short.code, 1);
	t.deepEqual(resultsOf(verdictOf(short), 'policy'), ['fail']);
});
