// A verifier's own trust file: blocks that its nodes call final, authorities, and how many anchors are asked for; then a check without any network.
import {readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import type {AnchorRecord, TimestampRecord} from '../../agent/format/evidence.ts';
import {formatReceipt, type Receipt} from '../../agent/format/receipt.ts';
import {formatTrust, parseTrust, type Trust} from '../../agent/format/trust.ts';
import {createAnchoringSite} from '../helpers/anchored-log.ts';
import {type Anvil, startAnvil} from '../helpers/anvil.ts';
import {kedge, kedgePath, type Ran, run, testFolder} from '../helpers/site.ts';
import {createSmallLog} from '../helpers/small-log.ts';
import {stampHead} from '../helpers/stamp.ts';
import {canStamp, openTimeWorld} from '../helpers/time-authority.ts';

type World = {
	readonly folder: string;
	readonly anvils: readonly [Anvil, Anvil];
	readonly anchors: readonly [AnchorRecord, AnchorRecord];
	readonly kedge: (...words: string[]) => Promise<Ran>;
	readonly trust: () => Promise<Trust>;
};

/** A receipt anchored on two chains, with a beacon of the first one, and by an authority where there is one. */
async function createWorld(t: ExecutionContext): Promise<World> {
	const folder = await testFolder(t);
	const anvils: [Anvil, Anvil] = [await startAnvil(), await startAnvil(['--chain-id', '10'])];
	for (const anvil of anvils) t.teardown(anvil.stop);
	const sites = [await createAnchoringSite(anvils[0], 31_337), await createAnchoringSite(anvils[1], 10)] as const;
	await anvils[0].mine(4);
	const {number, hash, timeS} = await sites[0].chain.finalizedBlock().then(block => block!);
	const log = createSmallLog({beacon: {chainId: 31_337, blockNumber: number, blockHash: hash, blockTimeS: timeS}});
	const anchors = [await sites[0].anchor(log.checkpoint), await sites[1].anchor(log.checkpoint)] as const;
	let timestamps: readonly TimestampRecord[] = [];
	if (canStamp) {
		const times = await openTimeWorld();
		t.teardown(times.close);
		const signer = await times.issue('timely');
		timestamps = [await stampHead(times, signer, log.checkpoint)];
		await writeFile(join(folder, 'timely.pem'), await readFile(signer.certificateFile));
	} else t.log('OpenSSL 3 is not there: nothing was stamped');
	const write = (name: string, changes: Partial<Receipt>): Promise<void> =>
		writeFile(join(folder, name), formatReceipt(nodeHasher, log.receipt(4, changes)));
	await write('receipt.json', {anchors, timestamps, beacon: log.beacon()});
	await write('first.json', {anchors: anchors.slice(0, 1)});
	await write('none.json', {});
	const [own] = anchors;
	await write('lying.json', {anchors: [{...own, blockTime: own.blockTime + 1}]});
	const registries = sites.map(({chainId, registry, opener}) => ({chainId, registry, opener}));
	await writeFile(join(folder, 'trust.json'), formatTrust({...log.trust, registries}));
	return {
		folder,
		anvils,
		anchors,
		kedge: (...words) => kedge(t, words, {directory: folder}),
		trust: async () => {
			const parsed = parseTrust(nodeHasher, await readFile(join(folder, 'trust.json')));
			if ('problem' in parsed) throw new Error(parsed.problem);
			return parsed.value;
		},
	};
}

/** `unshare` before a command leaves it without a network; nothing where that is not permitted. */
async function withoutNetwork(t: ExecutionContext): Promise<readonly string[]> {
	const tried = await run(t, 'unshare', ['-rn', 'true']).catch(() => undefined);
	if (tried?.code === 0) return ['unshare', '-rn'];
	t.log('verified with a network: unshare -rn is not permitted here');
	return [];
}

test('a receipt anchored on two chains and by an authority verifies as final without a network, once its blocks are in the trust file', async t => {
	const {folder, anvils, anchors, kedge: run_, trust} = await createWorld(t);
	const [first, second] = anvils;
	const pin = (...words: string[]): Promise<Ran> => run_('trust', 'pin', ...words);
	t.is((await pin('--rpc', first.url)).code, 2);

	// Not final yet: nothing is written. The other chain has no node.
	const early = await pin('receipt.json', '--rpc', first.url);
	t.is(early.code, 3, early.err);
	t.regex(
		early.err,
		/block \d+ of chain 31337 is not pinned: block \d+ of chain 31337 is 0x[0-9a-f]{64}; blocks are finalized up to \d+\n/,
	);
	t.regex(early.err, /block \d+ of chain 10 is not pinned: no node of chain 10 is named\n/);
	t.deepEqual(
		(await trust()).blocks.map(({chainId}) => chainId),
		[31_337],
		'the block of the beacon was final',
	);

	await Promise.all(anvils.map(anvil => anvil.mine(4)));
	const lying = await pin('lying.json', '--rpc', first.url);
	t.is(lying.code, 1);
	t.regex(lying.err, /lying\.json is not good, so nothing of it is pinned/);
	const pinned = await pin('receipt.json', 'none.json', '--rpc', first.url, '--rpc', second.url);
	t.is(pinned.code, 0, pinned.err);
	for (const {chainId, blockNumber} of anchors)
		t.regex(
			pinned.out,
			new RegExp(`^pinned block ${blockNumber} of chain ${chainId} of \\S+Z in trust\\.json: 1 node called it final$`, 'm'),
		);
	t.regex(pinned.err, /none\.json names no block with a proof/);
	t.is((await trust()).blocks.length, 3);
	t.regex((await pin('receipt.json', '--rpc', first.url)).err, /nothing new to pin/);

	if (canStamp) {
		const added = await run_('trust', 'add-authority', 'timely', 'timely.pem');
		t.is(added.code, 0, added.err);
		t.regex(added.out, /^trust\.json now believes the time stamps of timely: .*; until .*; SHA-256 [0-9a-f]{64}\n$/);
		t.regex((await run_('trust', 'add-authority', 'timely', 'timely.pem')).err, /has this certificate of timely already/);
	}
	const count = canStamp ? 3 : 2;
	t.is((await run_('trust', 'need', String(count))).code, 0);
	const shown = await run_('trust', 'show');
	t.regex(shown.out, /^trust\.json believes\n {2}log {8}harbour\/1, by its key\n/);
	t.regex(shown.out, /\n {2}block {6}\d+ of chain 10 of \S+Z, 0x[0-9a-f]{64}\n/);
	t.regex(shown.out, new RegExp(`\\nIt asks for ${count} anchors that hold, on different chains or by different authorities\\.\\n$`));
	t.is((await run_('trust', 'show', '--json')).out, formatTrust(await trust()));

	await Promise.all(anvils.map(anvil => anvil.stop()));
	const [program, ...rest] = [...(await withoutNetwork(t)), process.execPath, kedgePath, 'verify', 'receipt.json', '--require', 'final'];
	const verified = await run(t, program!, rest, {directory: folder});
	t.is(verified.code, 0, `${verified.out}${verified.err}`);
	t.regex(verified.out, /^receipt\.json\nreceipt: good, final\n/);
	t.is(verified.out.match(/^ {2}pass {6}anchor +final on chain/gm)?.length, 2, verified.out);
	if (canStamp) t.regex(verified.out, /^ {2}pass {6}timestamp +"timely" stamped it at/m);
	t.regex(verified.out, new RegExp(`^  pass      policy +${count} of ${count} anchors hold, and the trust file needs ${count}$`, 'm'));
	t.regex(verified.out, /^ {2}appended {2}after \S+Z, block \d+ of chain 31337 \(checked: the trust file has that block\)$/m);
	t.regex(verified.out, /^ {2}appended {2}before \S+Z, .* \(checked: the trust file has that (?:block|authority)\)$/m);
	t.regex(verified.out, /nothing bounds the time of measuring/);
	// With fewer anchors than are asked for the file is not good.
	const fewer = await run_('verify', 'first.json');
	t.is(fewer.code, 1);
	t.regex(fewer.out, new RegExp(`fail +policy +1 of 1 anchor holds, and the trust file needs ${count}`));
	t.is((await run_('trust', 'need', '0')).code, 0);
	t.is((await run_('verify', 'first.json', '--require', 'final')).code, 0);
});

test('two nodes of a chain must agree on a block before it is pinned', async t => {
	const {anvils, kedge: run_, trust} = await createWorld(t);
	const [first] = anvils;
	await first.mine(4);
	// Another chain with the same number, and blocks of its own.
	const twin = await startAnvil();
	t.teardown(twin.stop);
	await twin.mine(12);
	const torn = await run_('trust', 'pin', 'first.json', '--rpc', first.url, '--rpc', twin.url);
	t.is(torn.code, 1, torn.err);
	t.regex(
		torn.err,
		/block \d+ of chain 31337 is NOT PINNED, it is contradicted: .*finalized; block \d+ of chain 31337 is 0x[0-9a-f]{64}, not 0x/,
	);
	t.deepEqual((await trust()).blocks, []);
	await twin.stop();
	const silent = await run_('trust', 'pin', 'first.json', '--rpc', first.url, '--rpc', twin.url);
	t.is(silent.code, 3, silent.err);
	t.regex(silent.err, /is not pinned: .* did not answer eth_chainId/);
	t.deepEqual((await trust()).blocks, []);
	const agreed = await run_('trust', 'pin', 'first.json', '--rpc', first.url, '--rpc', first.url);
	t.is(agreed.code, 0, agreed.err);
	t.regex(agreed.out, /2 nodes called it final/);
});

test('what is no certificate, no number, or nothing at all is refused in words', async t => {
	const folder = await testFolder(t);
	await writeFile(join(folder, 'trust.json'), formatTrust(createSmallLog().trust));
	const run_ = (...words: string[]): Promise<Ran> => kedge(t, words, {directory: folder});
	const refused = async (reason: RegExp, ...words: string[]): Promise<void> => {
		const {code, err} = await run_('trust', ...words);
		t.is(code, 2, err);
		t.regex(err, reason);
	};
	await refused(/trust\.json is not a certificate in PEM or DER/, 'add-authority', 'a', 'trust.json');
	await refused(/takes a NAME and a CERTIFICATE/, 'add-authority', 'a');
	await refused(/cannot read nowhere\.pem/, 'add-authority', 'a', 'nowhere.pem');
	await refused(/COUNT "-1" is not a whole number|Unknown option/, 'need', '-1');
	await refused(/COUNT 25 is more than 24/, 'need', '25');
	await refused(/takes one COUNT/, 'need');
	const shown = await run_('trust', 'show');
	t.regex(shown.out, /It asks for no number of anchors/);
});
