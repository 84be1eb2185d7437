// What a receipt shows of its device: what it can show, what it cannot, and every lie that we could think of.
import test from 'ava';
import fc from 'fast-check';
import {utf8} from '../../agent/base/bytes.ts';
import {verifyDeviceSignature} from '../../agent/base/device-signature.ts';
import {verifyEd25519} from '../../agent/base/ed25519.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {formatDeviceKey} from '../../agent/format/device-key.ts';
import {encodeDeviceSignature} from '../../agent/format/device-signature.ts';
import {canonicalTextWithDigest, type Json} from '../../agent/format/document.ts';
import {type Entry, kinds, qualities} from '../../agent/format/entry.ts';
import {decodeIdentity, encodeIdentity, type IdentityBody} from '../../agent/format/identity.ts';
import {formatReceipt, type IdentityEvidence, type Receipt} from '../../agent/format/receipt.ts';
import {formatTlogProof, parseTlogProof} from '../../agent/format/tlog-proof.ts';
import {type Verdict, verdictText} from '../../agent/verify/verdict.ts';
import {createVerifier} from '../../agent/verify/verifier.ts';
import {createSimSigner} from '../../sim/signing.ts';
import {createSmallLog, type SmallLog, type SmallLogOptions, startMs} from '../helpers/small-log.ts';

const urn = 'urn:kedge:device:meter-1';
const signer = createSimSigner('seed', 'meter-1', {form: 'jws'});
const key = formatDeviceKey(signer.key);
const otherKey = formatDeviceKey(createSimSigner('seed', 'meter-2', {form: 'jws'}).key);
const sha256 = 'ab'.repeat(32);
const dayMs = 86_400_000;
const signed: NonNullable<SmallLogOptions['signed']> = payload => ({
	payload: utf8(signer.sign(payload) as string),
	deviceSignature: encodeDeviceSignature({form: 'jws', key: signer.key}),
});

/** The first is at index 3. */
const logOf = (identities: readonly IdentityBody[], options: SmallLogOptions = {}): SmallLog => createSmallLog({identities, ...options});

const evidence = (log: SmallLog, index: number): IdentityEvidence => {
	const {bytes, subject, source} = log.entries[index]!;
	return {entry: bytes, subject, body: source, proof: log.receipt(index).proof};
};

const energyAt = (log: SmallLog): number => log.entries.findIndex(({entry}) => entry.kind === kinds.reading);

const verifier = createVerifier({hasher: nodeHasher, verifySignature: verifyEd25519, verifyDeviceSignature});

const verify = (log: SmallLog, changes: Partial<Receipt> = {}, index = energyAt(log)): Promise<Verdict> =>
	verifier.verify(utf8(formatReceipt(nodeHasher, log.receipt(index, {identity: evidence(log, 3), ...changes}))), log.trust);

const checkOf = (verdict: Verdict, name: string): string => {
	const found = verdict.checks.find(check => check.name === name);
	return found === undefined ? 'none' : `${found.result}: ${found.reason}`;
};

test('what the log says of a device is shown with its place, and with what that leaves open', async t => {
	const verdict = await verify(logOf([{event: 'enrolled', urn, key}], {signed}));
	t.true(verdict.good);
	t.regex(checkOf(verdict, 'identity'), /^pass: the log says at index 3 who the device is \(enrolled\)/);
	// Whoever hands out the receipt picks the entry: it may not be the newest.
	t.regex(checkOf(verdict, 'identity'), /that it said nothing else of it up to this entry is not shown/);
	t.regex(checkOf(verdict, 'device-key'), /^pass: .* at index 3/);
});

test('an identity of an earlier time is no more than that, and its key is not taken for that of the time', async t => {
	const log = logOf(
		[
			{event: 'enrolled', urn, key},
			{event: 'rotated', urn, key: otherKey},
		],
		{signed},
	);
	const newest = await verify(log, {identity: evidence(log, 4)});
	t.false(newest.good);
	t.regex(checkOf(newest, 'device-key'), /^fail/);
	const old = await verify(log);
	t.regex(checkOf(old, 'identity'), /is not shown/);
});

test('a key that did not sign the reading is not shown as if it had', async t => {
	const verdict = await verify(logOf([{event: 'enrolled', urn, key}]));
	t.true(verdict.good);
	t.regex(checkOf(verdict, 'identity'), /it has a key, which did not sign this reading/);
	t.notRegex(checkOf(await verify(logOf([{event: 'enrolled', urn, key}], {signed})), 'identity'), /did not sign/);
});

test('a certificate that was not valid yet did not hold', async t => {
	const certificate = {sha256, notBeforeMs: startMs + dayMs, notAfterMs: startMs + 2 * dayMs};
	t.regex(checkOf(await verify(logOf([{event: 'enrolled', urn, certificate}])), 'identity'), /did not hold yet when the message arrived/);
	const held = {...certificate, notBeforeMs: startMs - dayMs};
	t.regex(checkOf(await verify(logOf([{event: 'enrolled', urn, certificate: held}])), 'identity'), /… held when the message arrived/);
	const over = {sha256, notBeforeMs: 0, notAfterMs: startMs - 1};
	t.regex(
		checkOf(await verify(logOf([{event: 'enrolled', urn, certificate: over}])), 'identity'),
		/no longer held when the message arrived/,
	);
});

test('a reading outside of its calibration that does not say so, or of a device that was revoked, fails', async t => {
	const calibration = {sha256, notBefore: '2020-01-01', notAfter: '2020-12-31'};
	const silent = await verify(logOf([{event: 'enrolled', urn, calibration}]));
	t.false(silent.good);
	const lie = (entry: Entry): Entry => (entry.kind === kinds.reading ? {...entry, quality: qualities.uncalibrated} : entry);
	const marked = await verify(logOf([{event: 'enrolled', urn, calibration}], {lie}));
	t.true(marked.good);
	t.regex(checkOf(marked, 'identity'), /did not hold/);
	t.false((await verify(logOf([{event: 'revoked', urn}]))).good);
	// No date.
	t.false((await verify(logOf([{event: 'enrolled', urn, calibration: {...calibration, notBefore: '2021-99-99'}}]))).good);
});

test('what is shown of another device, of another log, behind the reading or without a channel fails', async t => {
	const log = logOf([
		{event: 'enrolled', urn, key},
		{event: 'enrolled', urn: 'urn:kedge:device:fridge', key: otherKey},
	]);
	const own = evidence(log, 3);
	const bad: readonly Partial<Receipt>[] = [
		{identity: evidence(log, 4)},
		{identity: {...own, subject: {...own.subject, urn: 'urn:kedge:device:fridge'}}},
		{identity: {...own, subject: evidence(log, 4).subject}},
		{identity: {...own, body: evidence(log, 4).body}},
		{identity: {...own, proof: evidence(log, 4).proof}},
		{identity: evidence(log, 1)},
		{identity: evidence(log, energyAt(log))},
		{identity: evidence(logOf([{event: 'enrolled', urn, key}], {seed: 'other'}), 3)},
		{identity: evidence(logOf([{event: 'enrolled', urn, key}], {logName: 'elsewhere'}), 3)},
		{subject: undefined, arrival: undefined},
	];
	for (const [i, changes] of bad.entries()) {
		const verdict = await verify(log, changes);
		t.false(verdict.good, `${i}`);
		t.regex(checkOf(verdict, 'identity'), /^fail/, `${i}`);
	}
	// The enrolment of the channel stands in front of what is said of the device.
	t.regex(checkOf(await verify(log, {}, 1), 'identity'), /^fail: .* is not in front of the entry/);
});

test('every flipped bit of a receipt with an identity fails, also under a digest that was made to fit', async t => {
	const log = logOf([{event: 'enrolled', urn, key}]);
	const bytes = utf8(formatReceipt(nodeHasher, log.receipt(energyAt(log), {identity: evidence(log, 3)})));
	t.true((await verifier.verify(bytes, log.trust)).good);
	for (let bit = 0; bit < bytes.length * 8; bit += 1) {
		bytes[bit >> 3]! ^= 1 << (bit & 7);
		if ((await verifier.verify(bytes, log.trust)).good) t.fail(`bit ${bit}`);
		bytes[bit >> 3]! ^= 1 << (bit & 7);
	}
	const own = evidence(log, 3);
	const {index, path, checkpoint} = parseTlogProof(own.proof)!;
	const parts: readonly (readonly [string, Uint8Array, (bytes: Uint8Array) => Partial<IdentityEvidence>])[] = [
		['entry', own.entry, entry => ({entry})],
		['secret', own.subject.secret, secret => ({subject: {...own.subject, secret}})],
		['salt', own.body.salt, salt => ({body: {...own.body, salt}})],
		['record', own.body.record, record => ({body: {...own.body, record}})],
		...path.map(
			(hash, i) =>
				[`path ${i}`, hash, (one: Uint8Array) => ({proof: formatTlogProof({index, path: path.with(i, one), checkpoint})})] as const,
		),
	];
	for (const [name, part, rebuild] of parts)
		for (let bit = 0; bit < part.length * 8; bit += 1) {
			const flipped = part.slice();
			flipped[bit >> 3]! ^= 1 << (bit & 7);
			if ((await verify(log, {identity: {...own, ...rebuild(flipped)}})).good) t.fail(`${name}: bit ${bit}`);
		}
	t.pass();
});

test('a receipt with any part of its identity replaced by any JSON is answered, and is not good', async t => {
	const log = logOf([{event: 'enrolled', urn, key}]);
	const text = formatReceipt(nodeHasher, log.receipt(energyAt(log), {identity: evidence(log, 3)}));
	const {digest: _, ...parsed} = JSON.parse(text) as {readonly [key: string]: Json};
	const keys = ['identity', 'identity.entry', 'identity.subject', 'identity.subject.urn', 'identity.body', 'identity.body.record'];
	await fc.assert(
		fc.asyncProperty(
			fc.constantFrom(...keys, 'identity.proof', 'identity.__proto__', 'identity.more', 'format'),
			fc.oneof(fc.jsonValue({maxDepth: 3}), fc.constant('kedge receipt 1'), fc.constant(text)),
			async (at, value) => {
				const copy = structuredClone(parsed) as Record<string, unknown>;
				const path = at.split('.');
				const last = path.pop()!;
				const parent = path.reduce<Record<string, unknown>>((one, name) => one[name] as Record<string, unknown>, copy);
				Object.defineProperty(parent, last, {value, enumerable: true, configurable: true, writable: true});
				const verdict = await verifier.verify(utf8(canonicalTextWithDigest(nodeHasher, copy as {readonly [key: string]: Json})), log.trust);
				return verdict.checks.length > 0 && !verdict.good && verdictText(verdict).length > 0;
			},
		),
		{numRuns: 500},
	);
	// A body that is any JSON, committed to by a log that lies.
	await fc.assert(
		fc.asyncProperty(
			fc.jsonValue({maxDepth: 4}),
			fc.constantFrom('certificate', 'calibration', 'quantities', 'topics', 'owner'),
			async (value, name) => {
				// What cannot even be written is nothing to be read.
				fc.pre(isWritable({event: 'enrolled', urn, [name]: value} as unknown as IdentityBody));
				const lying = logOf([{event: 'enrolled', urn, [name]: value} as unknown as IdentityBody]);
				const verdict = await verify(lying);
				return verdictText(verdict).length > 0;
			},
		),
		{numRuns: 200},
	);
	t.pass();
});

const isWritable = (body: IdentityBody): boolean => {
	try {
		return encodeIdentity(body).length > 0;
	} catch {
		return false;
	}
};

test('a list with a text in it is not taken for that text', t => {
	const calibration = {sha256, notBefore: '2020-01-01', notAfter: '2020-12-31'};
	t.truthy(decodeIdentity(encodeIdentity({event: 'enrolled', urn, calibration, certificate: {sha256}})));
	for (const body of [
		{calibration: {...calibration, sha256: [sha256]}},
		{calibration: {...calibration, notBefore: ['2020-01-01']}},
		{certificate: {sha256: [sha256]}},
	])
		t.is(decodeIdentity(encodeIdentity({event: 'enrolled', urn, ...body} as unknown as IdentityBody)), undefined);
});

const leaf = '00'.repeat(32);

test('a correction says what its entry says, of an earlier one, and needs no calibration and no device that speaks', async t => {
	const correction = {corrects: {index: 5, number: 2, leaf}, value: '12.5', unit: 'kWh', reason: 'read wrongly', shown: 12_500_000n};
	const at = 3 + 8;
	const shownOf = (identities: readonly IdentityBody[], changes: Partial<typeof correction> = {}): Promise<Verdict> => {
		const log = logOf(identities, {correction: {...correction, ...changes}});
		const index = at + identities.length;
		return verify(log, identities.length === 0 ? {identity: undefined} : {}, index);
	};
	t.true((await shownOf([])).good);
	for (const changes of [
		{shown: 12_500_001n},
		{value: '12.6'},
		{unit: 'Wh'},
		{unit: 'l'},
		{value: 'none'},
		{corrects: {index: 5, number: 99, leaf}},
		{corrects: {index: 99, number: 2, leaf}},
	]) {
		const verdict = await shownOf([], changes);
		t.false(
			verdict.good,
			JSON.stringify(changes, (_, value) => (typeof value === 'bigint' ? `${value}` : value)),
		);
		t.regex(checkOf(verdict, 'arrival'), /^fail/);
	}
	const calibration = {sha256, notBefore: '2020-01-01', notAfter: '2020-12-31'};
	for (const identity of [
		{event: 'enrolled', urn, key, calibration},
		{event: 'revoked', urn},
	] as const satisfies readonly IdentityBody[]) {
		const verdict = await shownOf([identity]);
		t.true(verdict.good, checkOf(verdict, 'identity'));
		t.regex(checkOf(verdict, 'identity'), /the owner put this reading/);
	}
});
