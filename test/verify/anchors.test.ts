import test, {type ExecutionContext} from 'ava';
import fc from 'fast-check';
import {openChainReader} from '../../agent/anchoring.ts';
import {utf8} from '../../agent/base/bytes.ts';
import {verifyEd25519} from '../../agent/base/ed25519.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {canonicalTextWithDigest, type Json} from '../../agent/format/document.ts';
import type {AnchorRecord, BlockProof, TimestampRecord} from '../../agent/format/evidence.ts';
import {formatHistory} from '../../agent/format/history.ts';
import {formatReceipt, parseReceipt, type Receipt} from '../../agent/format/receipt.ts';
import type {PinnedBlock, Trust} from '../../agent/format/trust.ts';
import type {ChainAnswer, ChainReader} from '../../agent/verify/anchors.ts';
import type {BlockAnswer} from '../../agent/verify/blocks.ts';
import {type CheckName, type Verdict, verdictText} from '../../agent/verify/verdict.ts';
import {createVerifier} from '../../agent/verify/verifier.ts';
import {type AnchoringSite, createAnchoringSite} from '../helpers/anchored-log.ts';
import {type Anvil, startAnvil} from '../helpers/anvil.ts';
import {createSmallLog, energyUrn, type SmallLog} from '../helpers/small-log.ts';
import {stampHead} from '../helpers/stamp.ts';
import {canStamp, openTimeWorld} from '../helpers/time-authority.ts';

/** A reading, behind a note, two enrolments and the beacon. */
const reading = 4;
const beaconBlock = {chainId: 31_337, blockNumber: 7, blockHash: `0x${'be'.repeat(32)}`, blockTimeS: 1_627_772_000};

type World = {
	readonly log: SmallLog;
	readonly sites: readonly AnchoringSite[];
	readonly anvils: readonly Anvil[];
	/** Of the log's checkpoint, one on each chain. */
	readonly anchors: readonly AnchorRecord[];
	/** On the first chain, of another log. */
	readonly foreign: AnchorRecord;
	readonly stamp: TimestampRecord | undefined;
	/** Knows the log, its registries, and the authority. */
	readonly trust: Trust;
	readonly blocks: readonly PinnedBlock[];
};

async function createWorld(): Promise<World> {
	const log = createSmallLog({beacon: beaconBlock});
	const anvils = await Promise.all([startAnvil(), startAnvil(['--chain-id', '10'])]);
	const sites = [await createAnchoringSite(anvils[0], 31_337), await createAnchoringSite(anvils[1], 10)];
	const anchors: AnchorRecord[] = [];
	for (const site of sites) anchors.push(await site.anchor(log.checkpoint));
	const foreign = await sites[0]!.anchor(createSmallLog({seed: 'another', logName: 'quay'}).checkpoint);
	let stamp: TimestampRecord | undefined;
	const authorities: Trust['authorities'][number][] = [];
	if (canStamp) {
		const times = await openTimeWorld();
		const signer = await times.issue('timely');
		stamp = await stampHead(times, signer, log.checkpoint);
		authorities.push({name: 'timely', certificate: signer.certificate});
		await times.close();
	}
	const registries = sites.map(({chainId, registry, opener}) => ({chainId, registry, opener}));
	const trust = {...log.trust, registries, authorities};
	const blocks = anchors.map(({chainId, blockNumber, blockHash, blockTime}) => ({
		chainId,
		number: blockNumber,
		hash: blockHash,
		timeS: blockTime,
	}));
	return {log, anvils, sites, anchors, foreign, stamp, trust, blocks};
}

let made: World;
test.before(async t => {
	t.timeout(120_000);
	made = await createWorld();
	if (!canStamp) t.log('OpenSSL 3 is not there: nothing was stamped');
});
test.after.always(async () => {
	await Promise.all((made?.anvils ?? []).map(anvil => anvil.stop()));
});

const verifierOf = (chain?: ChainReader) => createVerifier({hasher: nodeHasher, verifySignature: verifyEd25519, chain});
const verify = (receipt: Receipt, trust: Trust, chain?: ChainReader): Promise<Verdict> =>
	verifierOf(chain).verify(utf8(formatReceipt(nodeHasher, receipt)), trust);
const receiptOf = (changes: Partial<Receipt>): Receipt => made.log.receipt(reading, changes);
const resultsOf = (verdict: Verdict, name: CheckName) => verdict.checks.filter(check => check.name === name);

function isBad(t: ExecutionContext, verdict: Verdict, name: CheckName, reason: RegExp): void {
	t.false(verdict.good, verdictText(verdict));
	const failed = verdict.checks.filter(({result}) => result === 'fail');
	t.deepEqual([...new Set(failed.map(check => check.name))], [name], verdictText(verdict));
	t.regex(failed[0]?.reason ?? '', reason);
}

test('a block proof that nobody vouches for is skipped, says why, and leaves the receipt committed', async t => {
	const {anchors, trust} = made;
	const verdict = await verify(receiptOf({anchors}), trust);
	t.true(verdict.good);
	t.is(verdict.strength, 'committed');
	for (const {result, reason} of resultsOf(verdict, 'anchor')) {
		t.is(result, 'skipped');
		t.regex(
			reason,
			/^its proof fits block \d+ \(0x[0-9a-f]{64}\), but the trust file does not have that block, and no RPC: anyone can make/,
		);
	}
	t.deepEqual(
		verdict.facts.anchors.map(({state, shownBy, isProven}) => [state, shownBy, isProven]),
		[
			['claimed', undefined, true],
			['claimed', undefined, true],
		],
	);
	t.is(verdict.facts.bracket?.before?.checked, 'claimed');
	t.regex(
		verdictText(verdict),
		/\n {2}appended {2}before \S+Z, block \d+ of chain \d+ \(not checked: the file's word\)\n {12}nothing bounds the time of measuring\n/,
	);
	// A registry that is not trusted is nobody's: its proof is not looked at.
	const untrusted = await verify(receiptOf({anchors}), {...trust, registries: []});
	t.true(untrusted.good && untrusted.strength === 'committed');
});

test('with its blocks in the trust file a receipt is final, on each chain by itself, and bounded in time', async t => {
	const {anchors, trust, blocks} = made;
	for (const [i, block] of blocks.entries()) {
		const verdict = await verify(receiptOf({anchors}), {...trust, blocks: [block]});
		t.is(verdict.strength, 'final');
		t.deepEqual(
			verdict.facts.anchors.map(({state, shownBy}) => [state, shownBy]),
			anchors.map((_, at) => (at === i ? ['final', 'proof'] : ['claimed', undefined])),
		);
		t.deepEqual(resultsOf(verdict, 'cross-check'), []);
		t.like(verdict.facts.bracket?.before, {timeMs: anchors[i]!.blockTime * 1000, checked: 'pinned'});
	}
	const both = await verify(receiptOf({anchors}), {...trust, blocks});
	t.is(both.strength, 'final');
	t.is(resultsOf(both, 'cross-check')[0]?.reason, 'size and root are the same on chain 10, on chain 31337');
	t.is(both.facts.bracket?.before?.timeMs, Math.min(...anchors.map(({blockTime}) => blockTime)) * 1000);
	// A history carries them as a receipt does.
	const history = formatHistory(nodeHasher, made.log.history(energyUrn, {anchors}));
	t.is((await verifierOf().verify(utf8(history), {...trust, blocks})).strength, 'final');
	// The file has no proof: a block alone shows no anchor.
	const bare = anchors.map(({proof: _, ...rest}) => rest);
	t.is((await verify(receiptOf({anchors: bare}), {...trust, blocks})).strength, 'committed');
});

test('a policy says how many anchors hold, and a file with fewer is not good', async t => {
	const {anchors, trust, blocks, stamp, log} = made;
	const said = async (anchorsNeeded: number, changes: Partial<Receipt>, pinned: readonly PinnedBlock[]): Promise<string> => {
		const verdict = await verify(receiptOf(changes), {...trust, blocks: pinned, anchorsNeeded});
		const [policy] = resultsOf(verdict, 'policy');
		t.is(verdict.good, policy?.result === 'pass');
		return `${policy?.result}: ${policy?.reason}`;
	};
	t.is(await said(2, {anchors}, blocks), 'pass: 2 of 2 anchors hold, and the trust file needs 2');
	t.is(await said(2, {anchors}, blocks.slice(0, 1)), 'fail: 1 of 2 anchors hold, and the trust file needs 2');
	t.is(await said(1, {anchors: [anchors[0]!, anchors[0]!]}, blocks), 'pass: 1 of 1 anchor holds, and the trust file needs 1');
	t.is(await said(1, {}, blocks), 'fail: 0 of 0 anchors hold, and the trust file needs 1');
	const pins = await verify(receiptOf({}), {...trust, anchorsNeeded: 1, anchors: [{...log.pin, root: log.checkpoint.root}]});
	t.is(resultsOf(pins, 'policy')[0]?.reason, '1 of 1 anchor holds, and the trust file needs 1');
	if (stamp === undefined) return;
	t.is(await said(2, {anchors, timestamps: [stamp]}, blocks.slice(0, 1)), 'pass: 2 of 3 anchors hold, and the trust file needs 2');
	t.is(await said(3, {anchors, timestamps: [stamp, stamp]}, blocks), 'pass: 3 of 3 anchors hold, and the trust file needs 3');
	// What fails before leaves the policy open.
	const broken = await verify({...receiptOf({anchors}), entry: log.entries[1]!.bytes}, {...trust, anchorsNeeded: 1});
	t.is(resultsOf(broken, 'policy')[0]?.result, 'skipped');
});

test('a time stamp makes a receipt anchored, and says what that is worth', async t => {
	const {anchors, trust, blocks, stamp} = made;
	if (stamp === undefined) {
		t.pass();
		return;
	}
	const verdict = await verify(receiptOf({timestamps: [stamp]}), trust);
	t.is(verdict.strength, 'anchored', verdictText(verdict));
	t.like(verdict.facts.timestamps[0], {authority: 'timely', state: 'checked'});
	t.like(verdict.facts.bracket?.before, {by: {kind: 'timestamp', authority: 'timely'}, checked: 'authority'});
	t.regex(verdictText(verdict), /a time-stamp authority saw that checkpoint: it was not made later\. The log may have had another history/);
	const unknown = await verify(receiptOf({timestamps: [stamp]}), {...trust, authorities: []});
	t.is(unknown.strength, 'committed');
	const all = await verify(receiptOf({anchors, timestamps: [stamp]}), {...trust, blocks});
	t.is(all.strength, 'final');
	t.is(resultsOf(all, 'cross-check')[0]?.reason, 'size and root are the same on chain 10, on chain 31337, in the time stamp of "timely"');
	const other = createSmallLog({seed: 'another'});
	const moved = await verifierOf().verify(utf8(formatReceipt(nodeHasher, other.receipt(3, {timestamps: [stamp]}))), {
		...trust,
		logs: [other.key],
	});
	isBad(t, moved, 'timestamp', /does not hold/);
});

test('a header of another chain, a truncated trie proof, and a proof of another anchor fail and say so', async t => {
	const {anchors, foreign, trust, blocks} = made;
	const [own, other] = anchors as [AnchorRecord, AnchorRecord];
	const with_ = (changes: Partial<AnchorRecord>): Promise<Verdict> =>
		verify(receiptOf({anchors: [{...own, ...changes}]}), {...trust, blocks});
	const proof = own.proof!;
	const withProof = (changes: Partial<BlockProof>): Promise<Verdict> => with_({proof: {...proof, ...changes}});
	isBad(
		t,
		await with_({proof: other.proof}),
		'anchor',
		/the header in the block proof is of another block, or of another chain: it hashes to 0x/,
	);
	isBad(
		t,
		await withProof({header: other.proof!.header}),
		'anchor',
		/the block proof is not good: its trie proof does not begin at the header's receipts root/,
	);
	isBad(
		t,
		await withProof({nodes: proof.nodes.slice(0, -1)}),
		'anchor',
		/the block proof is not good: its trie proof (?:does not lead|has no nodes)/,
	);
	isBad(t, await withProof({transactionIndex: 1}), 'anchor', /does not lead to transaction 1/);
	isBad(t, await withProof({header: new Uint8Array(600)}), 'anchor', /its header is not the RLP of a block header/);
	isBad(t, await with_({blockNumber: own.blockNumber + 1}), 'anchor', /is of block \d+, not \d+$/);
	isBad(t, await with_({blockTime: own.blockTime + 1}), 'anchor', /the registry noted another time than/);
	isBad(
		t,
		await with_({proof: foreign.proof, blockHash: foreign.blockHash, blockNumber: foreign.blockNumber, blockTime: foreign.blockTime}),
		'anchor',
		/leads to a transaction that did not anchor size 12 of this log/,
	);
	// The same bytes under a chain id that is not theirs: the log id is another one there.
	isBad(t, await with_({chainId: 10}), 'anchor', /^log id 0x/);
});

test('a block that contradicts the trust file fails', async t => {
	const {anchors, trust, blocks} = made;
	const [block] = blocks as [PinnedBlock];
	const receipt = receiptOf({anchors: [anchors[0]!]});
	const trusting = (...pinned: PinnedBlock[]): Promise<Verdict> => verify(receipt, {...trust, blocks: pinned});
	isBad(t, await trusting({...block, hash: `0x${'00'.repeat(32)}`}), 'anchor', /the trust file has another block \d+ of chain 31337/);
	isBad(t, await trusting(block, {...block, hash: `0x${'00'.repeat(32)}`}), 'anchor', /the trust file has another block/);
	isBad(t, await trusting({...block, chainId: 1}), 'anchor', /is block \d+ of chain 1 in the trust file, not block \d+ of chain 31337$/);
	isBad(t, await trusting({...block, number: 1}), 'anchor', /is block 1 of chain 31337 in the trust file/);
	t.is((await trusting({chainId: block.chainId, number: block.number, hash: block.hash})).strength, 'final');
});

test('a node is asked beside the proof, and is believed where it contradicts it', async t => {
	const {anchors, trust, blocks, anvils} = made;
	const answering = (found: ChainAnswer['found']): ChainReader => ({readAnchor: async () => ({found, detail: 'as it says'})});
	const asked = (found: ChainAnswer['found'], pinned: readonly PinnedBlock[]): Promise<Verdict> =>
		verify(receiptOf({anchors: anchors.slice(0, 1)}), {...trust, blocks: pinned}, answering(found));
	const states = async (found: ChainAnswer['found'], pinned: readonly PinnedBlock[]): Promise<unknown> => {
		const {strength, facts} = await asked(found, pinned);
		return [strength, facts.anchors[0]?.state, facts.anchors[0]?.shownBy];
	};
	t.deepEqual(await states('final', []), ['final', 'final', 'node']);
	t.deepEqual(await states('mined', []), ['anchored', 'mined', 'node']);
	t.is((await asked('mined', [])).facts.bracket?.before?.checked, 'claimed', 'it may come into a later block');
	t.is((await asked('final', [])).facts.bracket?.before?.checked, 'node');
	t.deepEqual(await states('mined', blocks), ['final', 'final', 'proof']);
	t.deepEqual(await states('unreachable', blocks), ['final', 'final', 'proof']);
	t.deepEqual(await states('unreachable', []), ['committed', 'claimed', undefined]);
	isBad(t, await asked('absent', blocks), 'anchor', /^absent on chain 31337/);
	isBad(t, await asked('contradicted', blocks), 'anchor', /^contradicted on chain 31337/);

	await using chain = openChainReader(anvils.map(({url}) => url));
	await Promise.all(anvils.map(anvil => anvil.mine(4)));
	const verdict = await verify(receiptOf({anchors}), trust, chain);
	t.is(verdict.strength, 'final', verdictText(verdict));
	t.is(verdict.facts.bracket?.before?.checked, 'node');
	const [own] = anchors as [AnchorRecord];
	const lie = await verify(receiptOf({anchors: [{...own, proof: undefined, blockHash: `0x${'11'.repeat(32)}`}]}), trust, chain);
	isBad(t, lie, 'anchor', /^contradicted .* is in block \d+ \(0x[0-9a-f]{64}\), not in block/);
});

test('a beacon in front of an entry bounds it from below, as far as somebody knows its block', async t => {
	const {log, trust, anchors, blocks} = made;
	const beacon = log.beacon();
	const {chainId, blockNumber: number, blockHash: hash, blockTimeS: timeS} = beaconBlock;
	const bracketOf = async (pinned: readonly PinnedBlock[], chain?: ChainReader) =>
		(await verify(receiptOf({beacon, anchors}), {...trust, blocks: pinned}, chain)).facts.bracket;
	t.like((await bracketOf([]))?.after, {
		timeMs: timeS * 1000,
		by: {kind: 'block', chainId, blockNumber: number, blockHash: hash},
		checked: 'claimed',
	});
	t.is((await bracketOf([{chainId, number, hash, timeS}]))?.after?.checked, 'pinned');
	// A hash says nothing of the time.
	t.is((await bracketOf([{chainId, number, hash}]))?.after?.checked, 'claimed');
	const answering = (answer: BlockAnswer): ChainReader => ({
		readAnchor: async () => ({found: 'unreachable', detail: ''}),
		readBlock: async () => answer,
	});
	t.is((await bracketOf([], answering({found: 'final', detail: '', timeS})))?.after?.checked, 'node');
	t.is((await bracketOf([], answering({found: 'mined', detail: '', timeS})))?.after?.checked, 'claimed');
	t.is((await bracketOf([], answering({found: 'unreachable', detail: ''})))?.after?.checked, 'claimed');
	const throwing: ChainReader = {
		readAnchor: async () => ({found: 'unreachable', detail: ''}),
		readBlock: () => Promise.reject(new Error('no')),
	};
	t.is((await bracketOf([], throwing))?.after?.checked, 'claimed');

	const checked = await verify(receiptOf({beacon, anchors}), {...trust, blocks: [{chainId, number, hash, timeS}, ...blocks]});
	t.regex(
		verdictText(checked),
		/\n {2}appended {2}after 2021-07-31T22:53:20\.000Z, block 7 of chain 31337 \(checked: the trust file has that block\)\n {2}appended {2}before \S+, block \d+ of chain \d+ \(checked: the trust file has that block\)\n {12}nothing bounds the time of measuring\n/,
	);

	const lies = async (changes: Partial<Receipt>, pinned: readonly PinnedBlock[] = [], chain?: ChainReader) =>
		verify(receiptOf({beacon, anchors: [], ...changes}), {...trust, blocks: pinned}, chain);
	isBad(
		t,
		await lies({}, [{chainId, number, hash: `0x${'00'.repeat(32)}`}]),
		'beacon',
		/the trust file has another block 7 of chain 31337/,
	);
	isBad(t, await lies({}, [{chainId, number, hash, timeS: timeS + 1}]), 'beacon', /has time 1627772001 s, not 1627772000 s/);
	isBad(t, await lies({}, [], answering({found: 'contradicted', detail: 'another block is there'})), 'beacon', /another block is there/);
	isBad(t, await lies({}, [], answering({found: 'final', detail: '', timeS: 1})), 'beacon', /has time 1 s/);
	isBad(t, await lies({beacon: log.beacon(0)}), 'beacon', /is another entry/);
	isBad(t, await lies({beacon: {...beacon, proof: log.beacon(0).proof}}), 'beacon', /the path does not show that the beacon is at index 0/);
	isBad(t, await lies({beacon: {...beacon, proof: ''}}), 'beacon', /no proof that can be read/);
	isBad(t, await lies({beacon: {...beacon, body: log.entries[0]!.source}}), 'beacon', /is not what its entry came from/);
	isBad(t, await lies({beacon: {...beacon, entry: new Uint8Array(118)}}), 'beacon', /^the beacon: /);
	const behind = await verifierOf().verify(utf8(formatReceipt(nodeHasher, log.receipt(1, {beacon}))), trust);
	isBad(t, behind, 'beacon', /is not in front of the entry, at 1$/);
	const another = createSmallLog({beacon: beaconBlock, readings: 3});
	isBad(t, await lies({beacon: another.beacon()}), 'beacon', /proven under another checkpoint/);
});

test('no flipped bit in a block proof or a token under a digest that was made to fit leaves the receipt final', async t => {
	const {anchors, trust, blocks, stamp} = made;
	const [anchor] = anchors as [AnchorRecord];
	const proof = anchor.proof!;
	const trusting = {...trust, blocks, anchorsNeeded: stamp === undefined ? 1 : 2};
	const timestamps = stamp === undefined ? [] : [stamp];
	t.true((await verify(receiptOf({anchors: [anchor], timestamps}), trusting)).good);
	const flip = (bytes: Uint8Array, bit: number): Uint8Array => {
		const flipped = bytes.slice();
		flipped[bit >> 3]! ^= 1 << (bit & 7);
		return flipped;
	};
	const check = async (what: string, changes: Partial<Receipt>): Promise<void> => {
		const verdict = await verify(receiptOf({anchors: [anchor], timestamps, ...changes}), trusting);
		t.false(verdict.good, what);
	};
	for (let bit = 0; bit < proof.header.length * 8; bit += 29)
		await check(`header, bit ${bit}`, {anchors: [{...anchor, proof: {...proof, header: flip(proof.header, bit)}}]});
	for (const [at, node] of proof.nodes.entries())
		for (let bit = 0; bit < node.length * 8; bit += 47)
			await check(`node ${at}, bit ${bit}`, {
				anchors: [{...anchor, proof: {...proof, nodes: proof.nodes.map((one, i) => (i === at ? flip(one, bit) : one))}}],
			});
	if (stamp !== undefined)
		for (let bit = 0; bit < stamp.token.length * 8; bit += 101) {
			const verdict = await verify(receiptOf({anchors: [anchor], timestamps: [{...stamp, token: flip(stamp.token, bit)}]}), trusting);
			// Unsigned parts of a token, such as certificates beside it, may change without a change of what it says.
			if (verdict.good)
				t.is(verdict.facts.timestamps[0]?.genTimeMs, (await verify(receiptOf({timestamps}), trust)).facts.timestamps[0]?.genTimeMs);
		}
});

type Parts = {[key: string]: Json} | Json[];

/** Every place in a document that holds a value, as the keys that lead there. */
function placesIn(value: Json, path: readonly (string | number)[] = []): (readonly (string | number)[])[] {
	if (typeof value !== 'object' || value === null) return [path];
	return [path, ...Object.entries(value as Parts).flatMap(([key, inner]) => placesIn(inner as Json, [...path, key]))].slice(0, 500);
}

test('a receipt with any part of its proofs replaced by any JSON gets a verdict, and is final only if nothing changed', async t => {
	const {anchors, trust, blocks, stamp, log} = made;
	const receipt = receiptOf({anchors, timestamps: stamp === undefined ? [] : [stamp], beacon: log.beacon()});
	const {digest: _, ...whole} = JSON.parse(formatReceipt(nodeHasher, receipt)) as {[key: string]: Json};
	const places = placesIn(whole).filter(([key]) => key === 'anchors' || key === 'timestamps' || key === 'beacon');
	const other = fc.oneof(fc.jsonValue({maxDepth: 2}), fc.constantFrom('', 'AAAA', 0, 1, -1, 2 ** 53, `0x${'00'.repeat(32)}`, [], {}));
	await fc.assert(
		fc.asyncProperty(fc.constantFrom(...places), other, async (path, value) => {
			const copy = structuredClone(whole);
			let at = copy as Parts;
			for (const key of path.slice(0, -1)) at = (at as {[key: string]: Json})[key] as Parts;
			(at as {[key: string]: Json})[path.at(-1)!] = value as Json;
			const {good, strength, checks} = await verifierOf().verify(utf8(canonicalTextWithDigest(nodeHasher, copy)), {
				...trust,
				blocks,
				anchorsNeeded: stamp === undefined ? 2 : 3,
			});
			// What an authority is called is the maker's word, and the transaction's hash is in no header: a node looks it up.
			const isClaim = path.at(-1) === 'authority' || path.at(-1) === 'transactionHash';
			if (!isClaim) t.true(!good || strength === 'final', JSON.stringify([path, value, checks]));
			if (good && !isClaim) t.deepEqual(copy, whole, JSON.stringify([path, value]));
		}),
		{numRuns: 300},
	);
});

test('every single flipped bit of a receipt file with a block proof and a token fails', async t => {
	const {anchors, trust, blocks, stamp} = made;
	const timestamps = stamp === undefined ? [] : [stamp];
	const receipt = receiptOf({anchors: [anchors[0]!], timestamps, beacon: made.log.beacon()});
	const text = utf8(formatReceipt(nodeHasher, receipt));
	t.log(`${text.length} bytes`);
	t.deepEqual(parseReceipt(nodeHasher, text), {value: receipt});
	const verifier = verifierOf();
	for (let bit = 0; bit < text.length * 8; bit += 37) {
		const flipped = text.slice();
		flipped[bit >> 3]! ^= 1 << (bit & 7);
		const {good, strength} = await verifier.verify(flipped, {...trust, blocks});
		t.false(good, `bit ${bit}`);
		t.is(strength, 'none');
	}
});
