import test, {type ExecutionContext} from 'ava';
import fc from 'fast-check';
import {concatBytes, fromBase64, toBase64, utf8} from '../../agent/base/bytes.ts';
import {verifyEd25519} from '../../agent/base/ed25519.ts';
import {portableHasher} from '../../agent/base/hash.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {decodeArrival, encodeArrival} from '../../agent/format/arrival.ts';
import {checkpointText} from '../../agent/format/checkpoint.ts';
import {canonicalTextWithDigest, type Json} from '../../agent/format/document.ts';
import {type Entry, kinds, sourceHash} from '../../agent/format/entry.ts';
import {formatNote, noteKey} from '../../agent/format/note.ts';
import {formatReceipt, type Receipt} from '../../agent/format/receipt.ts';
import {tags} from '../../agent/format/tags.ts';
import {formatTlogProof, parseTlogProof} from '../../agent/format/tlog-proof.ts';
import type {Trust} from '../../agent/format/trust.ts';
import type {ChainAnswer} from '../../agent/verify/anchors.ts';
import type {CheckName, Verdict} from '../../agent/verify/verdict.ts';
import {createVerifier, type VerifierOptions} from '../../agent/verify/verifier.ts';
import {createSmallLog, energyUrn} from '../helpers/small-log.ts';

const log = createSmallLog();
/** An energy reading; 0 is a note, 1 and 2 are enrolments. */
const reading = 3;

const verify = (receipt: Receipt, trust: Trust = log.trust, options: Partial<VerifierOptions> = {}): Promise<Verdict> =>
	createVerifier({hasher: nodeHasher, verifySignature: verifyEd25519, ...options}).verify(utf8(formatReceipt(nodeHasher, receipt)), trust);

const resultOf = (verdict: Verdict, name: CheckName): string | undefined => verdict.checks.find(check => check.name === name)?.result;
const reasonOf = (verdict: Verdict, name: CheckName): string => verdict.checks.find(check => check.name === name)?.reason ?? '';
const failed = (verdict: Verdict): CheckName[] => verdict.checks.filter(({result}) => result === 'fail').map(({name}) => name);

/** Bad as it should be: without strength, because of these checks alone. */
const isBad = (t: ExecutionContext, verdict: Verdict, ...names: CheckName[]): void => {
	t.deepEqual(failed(verdict), names);
	t.false(verdict.good);
	t.is(verdict.strength, 'none');
};

test('a receipt of a trusted log is committed, and its facts are those of the entry', async t => {
	const verdict = await verify(log.receipt(reading));
	t.true(verdict.good);
	t.is(verdict.document, 'receipt');
	t.is(verdict.strength, 'committed');
	t.deepEqual(
		verdict.checks.map(({name, result}) => `${name} ${result}`),
		['form pass', 'entry pass', 'checkpoint pass', 'signature pass', 'inclusion pass', 'channel pass', 'arrival pass', 'pinned skipped'],
	);
	t.like(verdict.facts, {
		origin: 'harbour/1',
		size: 11,
		channel: energyUrn,
		entry: {
			index: reading,
			number: 2,
			kind: 'reading',
			quantity: 'energy-import',
			value: '12000.000',
			unit: 'Wh',
			measuredAtMs: 1_627_772_400_000,
			arrivedAtMs: 1_627_772_400_120,
			counterEpoch: 0,
		},
		arrival: {topic: 'meters/meter-1/energy', identity: 'meter-1', payloadText: '{"kwh":"12.0"}'},
	});
	t.deepEqual(JSON.parse(JSON.stringify(verdict.facts.entry?.qualities)), []);
});

test('every entry of the log has a good receipt, whatever its kind', async t => {
	for (const [index, {entry}] of log.entries.entries()) {
		const verdict = await verify(log.receipt(index));
		t.true(verdict.good, `index ${index}`);
		t.is(verdict.facts.entry?.number, entry.number);
		t.is(resultOf(verdict, 'arrival'), 'pass');
		t.is(verdict.facts.bodyText === undefined, entry.kind === kinds.reading);
	}
});

test('a receipt without channel and arrival is good, and says that they are withheld', async t => {
	const verdict = await verify(log.receipt(reading, {subject: undefined, arrival: undefined}));
	t.true(verdict.good);
	t.is(resultOf(verdict, 'channel'), 'skipped');
	t.is(resultOf(verdict, 'arrival'), 'skipped');
	t.is(verdict.facts.channel, undefined);
	t.is(verdict.facts.arrival, undefined);
});

test('a log that is not in the trust file fails by its origin', async t => {
	const verdict = await verify(log.receipt(reading), {...log.trust, logs: []});
	isBad(t, verdict, 'signature');
	t.is(reasonOf(verdict, 'signature'), 'no trusted key for origin "harbour/1"');
	isBad(t, await verify(log.receipt(reading), createSmallLog({logName: 'other'}).trust), 'signature');
	isBad(t, await verify(log.receipt(reading), createSmallLog({epoch: 2}).trust), 'signature');
});

test('a key of the same name that did not sign fails', async t => {
	const impostor = createSmallLog({seed: 'impostor'});
	isBad(t, await verify(log.receipt(reading), impostor.trust), 'signature');
	isBad(t, await verify(impostor.receipt(reading)), 'signature');
});

test('of two trusted keys of one name, one that signed is enough, and one that claims and fails spoils it', async t => {
	const other = createSmallLog({seed: 'other'}).key;
	const both = {...log.trust, logs: [other, log.key]};
	t.true((await verify(log.receipt(reading), both)).good);
	const text = checkpointText(log.checkpoint);
	const signatures = [{name: log.key.name, keyId: log.key.keyId, signature: log.signer.sign(utf8(text))}];
	const withNote = (note: string): Receipt => {
		const {index, path} = parseTlogProof(log.receipt(reading).proof)!;
		return log.receipt(reading, {proof: formatTlogProof({index, path, checkpoint: note})});
	};
	const stranger = {name: 'witness.example', keyId: Uint8Array.of(1, 2, 3, 4), signature: new Uint8Array(64)};
	const liar = {name: other.name, keyId: other.keyId, signature: new Uint8Array(64)};
	t.true((await verify(withNote(formatNote({text, signatures})), both)).good);
	t.true((await verify(withNote(formatNote({text, signatures: [stranger, ...signatures]})), both)).good);
	isBad(t, await verify(withNote(formatNote({text, signatures: [...signatures, liar]})), both), 'signature');
	isBad(t, await verify(withNote(formatNote({text, signatures: [stranger]})), both), 'signature');
	isBad(t, await verify(withNote(formatNote({text, signatures: [{...signatures[0]!, signature: new Uint8Array(63)}]}))), 'signature');
});

test('a signature check that throws or rejects fails the signature, one that waits is waited for', async t => {
	const receipt = log.receipt(reading);
	const boom = (): never => {
		throw new Error('no such curve');
	};
	isBad(t, await verify(receipt, log.trust, {verifySignature: boom}), 'signature');
	isBad(t, await verify(receipt, log.trust, {verifySignature: async () => boom()}), 'signature');
	const slow: VerifierOptions['verifySignature'] = async (...args) => {
		await Promise.resolve();
		return verifyEd25519(...args);
	};
	t.true((await verify(receipt, log.trust, {verifySignature: slow})).good);
});

test('a checkpoint is verified once for all its receipts, and anew for another key', async t => {
	let count = 0;
	const verifier = createVerifier({
		hasher: nodeHasher,
		verifySignature: (...args) => {
			count += 1;
			return verifyEd25519(...args);
		},
	});
	for (let index = 0; index < 11; index += 1) {
		t.true((await verifier.verify(utf8(formatReceipt(nodeHasher, log.receipt(index))), log.trust)).good);
	}
	t.is(count, 1);
	// The same key id under another key: what was remembered for the one says nothing about the other.
	const forged = {...log.key, publicKey: createSmallLog({seed: 'other'}).key.publicKey};
	const bytes = utf8(formatReceipt(nodeHasher, log.receipt(0)));
	isBad(t, await verifier.verify(bytes, {...log.trust, logs: [forged]}), 'signature');
	t.is(count, 2);
	t.true((await verifier.verify(bytes, log.trust)).good);
	t.is(count, 2);
});

test('an entry under the proof of another index, size or log fails inclusion', async t => {
	isBad(t, await verify(log.receipt(reading, {proof: log.receipt(reading + 1).proof})), 'inclusion');
	const longer = createSmallLog({readings: 9});
	isBad(
		t,
		await verify(log.receipt(reading, {proof: longer.receipt(reading).proof, entry: log.entries[4]!.bytes})),
		'inclusion',
		'channel',
		'arrival',
	);
	const {path} = parseTlogProof(log.receipt(reading).proof)!;
	const beyond = formatTlogProof({index: 11, path, checkpoint: log.checkpoint.note});
	isBad(t, await verify(log.receipt(reading, {proof: beyond})), 'inclusion');
});

test('a proof that is none fails the form, a note that is no checkpoint fails the checkpoint', async t => {
	isBad(t, await verify(log.receipt(reading, {proof: 'hello'})), 'form');
	const {index, path} = parseTlogProof(log.receipt(reading).proof)!;
	for (const note of [
		'',
		'hello',
		'hello\n',
		log.checkpoint.note.replace('\n11\n', '\n011\n'),
		log.checkpoint.note.replace('\n\n', '\nmore\n\n'),
	]) {
		isBad(t, await verify(log.receipt(reading, {proof: formatTlogProof({index, path, checkpoint: note})})), 'checkpoint');
	}
});

test('an entry of another version fails, and nothing is read from it', async t => {
	const bytes = log.entries[reading]!.bytes.slice();
	bytes[1] = 2;
	const verdict = await verify(log.receipt(reading, {entry: bytes}));
	isBad(t, verdict, 'entry', 'inclusion');
	t.is(resultOf(verdict, 'channel'), 'skipped');
});

test('a channel that is not the subject fails: other name, other secret, other log', async t => {
	const {subject} = log.receipt(reading);
	const flipped = subject!.secret.slice();
	flipped[15]! ^= 1;
	isBad(t, await verify(log.receipt(reading, {subject: {urn: energyUrn, secret: flipped}})), 'channel');
	isBad(t, await verify(log.receipt(reading, {subject: {urn: `${energyUrn}:L1`, secret: subject!.secret}})), 'channel');
	isBad(t, await verify(log.receipt(reading, {subject: log.receipt(reading + 1).subject})), 'channel');
});

test('a channel keeps its subject in the next epoch of the log', async t => {
	const next = createSmallLog({epoch: 2});
	t.deepEqual(next.entries[reading]!.entry.subject, log.entries[reading]!.entry.subject);
	t.true((await verify(next.receipt(reading), next.trust)).good);
});

test('a log that files a reading under a channel of another quantity, or under itself, is caught', async t => {
	const mislabelled = createSmallLog({lie: entry => (entry.kind === kinds.reading ? {...entry, quantity: 2} : entry)});
	const verdict = await verify(mislabelled.receipt(reading), mislabelled.trust);
	isBad(t, verdict, 'channel');
	t.is(reasonOf(verdict, 'channel'), 'the channel is of energy-import, the entry of energy-export');
	const unknown = createSmallLog({lie: entry => (entry.kind === kinds.reading ? {...entry, quantity: 60_000} : entry)});
	isBad(t, await verify(unknown.receipt(reading), unknown.trust), 'channel');
	const selfish = createSmallLog({lie: (entry, index) => (index === 0 ? {...entry, kind: kinds.reading} : entry)});
	isBad(t, await verify(selfish.receipt(0), selfish.trust), 'channel', 'arrival');
});

test('an arrival that is not the source fails: other bytes, other salt, a body for an arrival', async t => {
	const {arrival} = log.receipt(reading);
	const otherSalt = {...arrival!, salt: new Uint8Array(16)};
	isBad(t, await verify(log.receipt(reading, {arrival: otherSalt})), 'arrival');
	isBad(t, await verify(log.receipt(reading, {arrival: log.receipt(reading + 1).arrival})), 'arrival');
	isBad(t, await verify(log.receipt(reading, {arrival: {...arrival!, record: concatBytes(arrival!.record, Uint8Array.of(0))}})), 'arrival');
});

test('a source that is committed to but is no arrival record, or arrived at another time, fails', async t => {
	const record = utf8('not a record');
	const salt = new Uint8Array(16);
	const source = (bytes: Uint8Array) => (entry: Entry, index: number) =>
		index === reading ? {...entry, source: sourceHash(nodeHasher, tags.arrival, salt, bytes)} : entry;
	const vague = createSmallLog({lie: source(record)});
	isBad(t, await verify(vague.receipt(reading, {arrival: {salt, record}}), vague.trust), 'arrival');
	const moved = encodeArrival({...decodeArrival(log.receipt(reading).arrival!.record)!, arrivedAtMs: 5});
	const late = createSmallLog({lie: source(moved)});
	const verdict = await verify(late.receipt(reading, {arrival: {salt, record: moved}}), late.trust);
	isBad(t, verdict, 'arrival');
	t.regex(reasonOf(verdict, 'arrival'), /arrived at 5 ms, the entry says 1627772400120 ms/);
});

test('a pinned anchor makes a receipt anchored, with or without an anchor record', async t => {
	const trust = {...log.trust, anchors: [log.pin]};
	const bare = await verify(log.receipt(reading), trust);
	t.is(bare.strength, 'anchored');
	t.is(resultOf(bare, 'pinned'), 'pass');
	const listed = await verify(log.receipt(reading, {anchors: [log.anchor]}), {...log.trustWithRegistry, anchors: [log.pin]});
	t.is(listed.strength, 'anchored');
	t.is(resultOf(listed, 'anchor'), 'pass');
	t.is(listed.facts.anchors[0]?.state, 'pinned');
});

test('a pin of another size, origin or epoch says nothing', async t => {
	const pins = [
		{...log.pin, size: 10},
		{...log.pin, origin: 'other/1'},
		{...log.pin, origin: 'harbour/2'},
	];
	const verdict = await verify(log.receipt(reading), {...log.trust, anchors: pins});
	t.is(verdict.strength, 'committed');
	t.is(resultOf(verdict, 'pinned'), 'skipped');
});

test('a pin of another root for the same origin and size is a fork, even beside one that agrees', async t => {
	const fork = {...log.pin, chainId: 1, root: new Uint8Array(32)};
	isBad(t, await verify(log.receipt(reading), {...log.trust, anchors: [fork]}), 'fork');
	isBad(t, await verify(log.receipt(reading), {...log.trust, anchors: [log.pin, fork]}), 'fork');
	isBad(t, await verify(log.receipt(reading), {...log.trust, anchors: [fork, log.pin, fork]}), 'fork', 'fork');
});

test('an anchor in a registry that is not trusted is skipped and adds nothing', async t => {
	const receipt = log.receipt(reading, {anchors: [log.anchor]});
	const others = [
		{chainId: 1, registry: log.anchor.registry, opener: log.anchor.opener},
		{chainId: log.anchor.chainId, registry: log.anchor.opener, opener: log.anchor.opener},
		{chainId: log.anchor.chainId, registry: log.anchor.registry, opener: log.anchor.registry},
	];
	let asked = 0;
	const chain = {
		readAnchor: async (): Promise<ChainAnswer> => {
			asked += 1;
			return {found: 'final', detail: ''};
		},
	};
	for (const registries of [[], others]) {
		const verdict = await verify(receipt, {...log.trust, registries}, {chain});
		t.true(verdict.good);
		t.is(verdict.strength, 'committed');
		t.is(resultOf(verdict, 'anchor'), 'skipped');
		t.regex(reasonOf(verdict, 'anchor'), /is not trusted/);
		t.is(verdict.facts.anchors[0]?.state, 'claimed');
	}
	t.is(asked, 0);
});

test('an anchor whose log id or size is not the one of the checkpoint fails', async t => {
	const wrongId = {...log.anchor, logId: `0x${'00'.repeat(32)}`};
	isBad(t, await verify(log.receipt(reading, {anchors: [wrongId]}), log.trustWithRegistry), 'anchor');
	isBad(t, await verify(log.receipt(reading, {anchors: [{...log.anchor, size: 10}]}), log.trustWithRegistry), 'anchor');
	isBad(t, await verify(log.receipt(reading, {anchors: [{...log.anchor, chainId: 1}]}), log.trustWithRegistry), 'anchor');
	isBad(t, await verify(log.receipt(reading, {anchors: [{...log.anchor, opener: log.anchor.registry}]}), log.trustWithRegistry), 'anchor');
});

test('an anchor without pin and without a chain to ask is skipped with that reason', async t => {
	const verdict = await verify(log.receipt(reading, {anchors: [log.anchor]}), log.trustWithRegistry);
	t.is(verdict.strength, 'committed');
	t.regex(reasonOf(verdict, 'anchor'), /^no pinned anchor and no RPC/);
});

test('a chain is believed as far as it answers', async t => {
	const receipt = log.receipt(reading, {anchors: [log.anchor]});
	const pinned = {...log.trustWithRegistry, anchors: [log.pin]};
	const ask = (found: ChainAnswer['found'], trust: Trust) =>
		verify(receipt, trust, {chain: {readAnchor: async () => ({found, detail: 'asked'})}});
	for (const trust of [log.trustWithRegistry, pinned]) {
		t.is((await ask('final', trust)).strength, 'final');
		t.is((await ask('mined', trust)).strength, 'anchored');
		isBad(t, await ask('absent', trust), 'anchor');
		isBad(t, await ask('contradicted', trust), 'anchor');
	}
	t.is((await ask('unreachable', log.trustWithRegistry)).strength, 'committed');
	t.is((await ask('unreachable', pinned)).strength, 'anchored');
	const broken = await verify(receipt, log.trustWithRegistry, {chain: {readAnchor: () => Promise.reject(new Error('ECONNREFUSED'))}});
	t.is(resultOf(broken, 'anchor'), 'skipped');
	t.regex(reasonOf(broken, 'anchor'), /did not answer: ECONNREFUSED/);
	const two = await verify({...receipt, anchors: [log.anchor, {...log.anchor, blockNumber: 99}]}, log.trustWithRegistry, {
		chain: {readAnchor: async record => ({found: record.blockNumber === 99 ? 'mined' : 'final', detail: ''})},
	});
	t.is(two.strength, 'final');
});

test('a chain is asked for the root of the checkpoint, and only if all before it passed', async t => {
	const asked: string[] = [];
	const chain = {
		readAnchor: async (_: unknown, root: Uint8Array): Promise<ChainAnswer> => {
			asked.push(toBase64(root));
			return {found: 'final', detail: ''};
		},
	};
	await verify(log.receipt(reading, {anchors: [log.anchor]}), log.trustWithRegistry, {chain});
	t.deepEqual(asked, [toBase64(log.checkpoint.root)]);
	const bad = await verify(log.receipt(reading, {anchors: [log.anchor], subject: log.receipt(4).subject}), log.trustWithRegistry, {chain});
	t.is(asked.length, 1);
	t.is(resultOf(bad, 'anchor'), 'skipped');
});

test('every single flipped bit of a receipt file fails, whatever is in it', async t => {
	const trust = {...log.trustWithRegistry, anchors: [log.pin]};
	const verifier = createVerifier({hasher: nodeHasher, verifySignature: verifyEd25519});
	for (const receipt of [
		log.receipt(reading, {subject: undefined, arrival: undefined}),
		log.receipt(reading, {anchors: [log.anchor]}),
		log.receipt(0),
	]) {
		const bytes = utf8(formatReceipt(nodeHasher, receipt));
		t.true((await verifier.verify(bytes, trust)).good);
		for (let bit = 0; bit < bytes.length * 8; bit += 1) {
			bytes[bit >> 3]! ^= 1 << (bit & 7);
			const verdict = await verifier.verify(bytes, trust);
			if (verdict.good || verdict.strength !== 'none') t.fail(`bit ${bit & 7} of byte ${bit >> 3}`);
			bytes[bit >> 3]! ^= 1 << (bit & 7);
		}
	}
	t.pass();
});

test('every flipped bit of what a receipt says fails, even under a digest that was made to fit', async t => {
	const receipt = log.receipt(reading);
	const {index, path, checkpoint} = parseTlogProof(receipt.proof)!;
	const signature = fromBase64(checkpoint.trimEnd().split(' ').at(-1)!)!;
	const head = checkpoint.slice(0, checkpoint.lastIndexOf(' ') + 1);
	const proofWith = (hashes: readonly Uint8Array[], note: string): Partial<Receipt> => ({
		proof: formatTlogProof({index, path: hashes, checkpoint: note}),
	});
	const parts: [name: string, bytes: Uint8Array, rebuild: (bytes: Uint8Array) => Partial<Receipt>][] = [
		['entry', receipt.entry, entry => ({entry})],
		['secret', receipt.subject!.secret, secret => ({subject: {urn: energyUrn, secret}})],
		['salt', receipt.arrival!.salt, salt => ({arrival: {...receipt.arrival!, salt}})],
		['record', receipt.arrival!.record, record => ({arrival: {...receipt.arrival!, record}})],
		...path.map((hash, i): (typeof parts)[number] => [`path ${i}`, hash, bytes => proofWith(path.with(i, bytes), checkpoint)]),
		['root', log.checkpoint.root, root => proofWith(path, checkpoint.replace(toBase64(log.checkpoint.root), toBase64(root)))],
		['signature', signature, bytes => proofWith(path, `${head}${toBase64(bytes)}\n`)],
	];
	for (const [name, bytes, rebuild] of parts) {
		for (let bit = 0; bit < bytes.length * 8; bit += 1) {
			const flipped = bytes.slice();
			flipped[bit >> 3]! ^= 1 << (bit & 7);
			const verdict = await verify({...receipt, ...rebuild(flipped)});
			if (verdict.good) t.fail(`${name}: bit ${bit}`);
		}
	}
	t.pass();
});

test('any bytes at all get a verdict that is not good', async t => {
	const verifier = createVerifier({hasher: nodeHasher, verifySignature: verifyEd25519});
	const good = utf8(formatReceipt(nodeHasher, log.receipt(reading)));
	const cut = fc.integer({min: 0, max: good.length - 1}).map(length => good.slice(0, length));
	const spliced = fc
		.tuple(fc.integer({min: 0, max: good.length}), fc.uint8Array({minLength: 1, maxLength: 8}))
		.map(([at, bytes]) => concatBytes(good.slice(0, at), bytes, good.slice(at)));
	const start = utf8('{\n\t"format": "kedge receipt 1",');
	const tail = fc.json().map(text => concatBytes(start, utf8(text.slice(1))));
	await fc.assert(
		fc.asyncProperty(fc.oneof(fc.uint8Array({maxLength: 300}), cut, spliced, tail), async bytes => {
			const verdict = await verifier.verify(bytes, log.trust);
			return !verdict.good && verdict.checks.some(({result}) => result === 'fail');
		}),
		{numRuns: 1000},
	);
	t.pass();
});

test('a receipt with any part replaced by any JSON gets a verdict that is not good', async t => {
	const verifier = createVerifier({hasher: nodeHasher, verifySignature: verifyEd25519});
	const parsed = JSON.parse(formatReceipt(nodeHasher, log.receipt(reading, {anchors: [log.anchor]}))) as Record<string, unknown>;
	const keys = [
		...Object.keys(parsed),
		'subject.urn',
		'subject.secret',
		'arrival.salt',
		'arrival.record',
		'anchors.0',
		'anchors.0.chainId',
		'more',
	];
	await fc.assert(
		fc.asyncProperty(fc.constantFrom(...keys), fc.jsonValue({maxDepth: 3}), fc.boolean(), async (key, value, remove) => {
			const copy = structuredClone(parsed);
			const path = key.split('.');
			const last = path.pop()!;
			const parent = path.reduce<Record<string, unknown>>((at, name) => at[name] as Record<string, unknown>, copy);
			if (remove && last in parent) delete parent[last];
			else parent[last] = value;
			const text = `${JSON.stringify(copy, null, '\t')}\n`;
			// The same once more under a digest that fits, to get behind it: whatever else may be said of it, it is answered.
			const {digest: _, ...rest} = copy as {readonly [key: string]: Json};
			const answered = await verifier.verify(utf8(canonicalTextWithDigest(nodeHasher, rest)), log.trust);
			return answered.checks.length > 0 && !(await verifier.verify(utf8(text), log.trust)).good;
		}),
		{numRuns: 1000},
	);
	t.pass();
});

test('repeated keys, white space, another order, unknown keys and __proto__ are not canonical', async t => {
	const verifier = createVerifier({hasher: nodeHasher, verifySignature: verifyEd25519});
	const text = formatReceipt(nodeHasher, log.receipt(reading));
	const changes: [name: string, text: string][] = [
		['a trailing space', `${text} `],
		['no closing newline', text.trimEnd()],
		['CRLF', text.replaceAll('\n', '\r\n')],
		['a byte order mark', `\ufeff${text}`],
		['a repeated key', text.replace('\t"anchors"', '\t"anchors": [],\n\t"anchors"')],
		['an unknown key', text.replace('\t"anchors"', '\t"note": "x",\n\t"anchors"')],
		['__proto__', text.replace('\t"anchors"', '\t"__proto__": {"good": true},\n\t"anchors"')],
		['an escape', text.replace('urn:kedge', '\\u0075rn:kedge')],
		['no white space', JSON.stringify(JSON.parse(text))],
	];
	for (const [name, changed] of changes) {
		t.not(changed, text, name);
		t.false((await verifier.verify(utf8(changed), log.trust)).good, name);
	}
});

test('deep, long and other files are told what this program reads', async t => {
	const verifier = createVerifier({hasher: nodeHasher, verifySignature: verifyEd25519});
	const known =
		/this program knows "kedge receipt 1", "kedge receipt 2", "kedge receipt 3", "kedge history 2", "kedge history 3", "kedge disclosure 1", "kedge disclosure 2" and ZIP files/;
	for (const text of [
		'',
		'{}',
		'{"format": "kedge receipt 9", "entry": ""}',
		'{"format": "kedge trust 1", "logs": []}',
		'['.repeat(200_000),
	]) {
		const verdict = await verifier.verify(utf8(text), log.trust);
		t.is(verdict.document, 'unknown');
		t.regex(reasonOf(verdict, 'form'), known);
	}
	const deep = `{\n\t"format": "kedge receipt 1",\n\t"entry": ${'['.repeat(200_000)}${']'.repeat(200_000)}\n}\n`;
	isBad(t, await verifier.verify(utf8(deep), log.trust), 'form');
	const long = `{\n\t"format": "kedge receipt 1",\n\t"entry": "${'A'.repeat(5_000_000)}"\n}\n`;
	isBad(t, await verifier.verify(utf8(long), log.trust), 'form');
});

test('a browser and Node come to the same verdicts', async t => {
	const note = noteKey(portableHasher, log.origin, log.signer.publicKey);
	t.deepEqual([...note.keyId], [...log.key.keyId]);
	const receipts = [
		log.receipt(reading),
		log.receipt(0, {anchors: [log.anchor]}),
		log.receipt(reading, {subject: log.receipt(4).subject}),
		log.receipt(reading, {arrival: log.receipt(4).arrival}),
		log.receipt(reading, {proof: log.receipt(5).proof}),
	];
	for (const receipt of receipts) {
		t.is(formatReceipt(portableHasher, receipt), formatReceipt(nodeHasher, receipt));
		for (const trust of [log.trust, {...log.trustWithRegistry, anchors: [log.pin]}, {...log.trust, logs: []}]) {
			t.deepEqual(await verify(receipt, trust, {hasher: portableHasher}), await verify(receipt, trust));
		}
	}
});
