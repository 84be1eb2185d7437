import {createPrivateKey, sign} from 'node:crypto';
import {readFile} from 'node:fs/promises';
import test, {type ExecutionContext} from 'ava';
import * as fc from 'fast-check';
import {concatBytes, fromHex, toHex, utf8} from '../../agent/base/bytes.ts';
import {portableHasher} from '../../agent/base/hash.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {der, derNumber, derOid, derTags, parseDer, reading} from '../../agent/format/der.ts';
import {tokenLengthMax} from '../../agent/format/evidence.ts';
import {
	type AskedToken,
	checkTimestampToken,
	type ImprintAlgorithm,
	imprintOf,
	readTimestampReply,
	replyLengthMax,
	stampedText,
	timestampRequest,
} from '../../agent/format/timestamp-token.ts';
import type {Subtle} from '../../agent/format/x509.ts';
import {createSmallLog} from '../helpers/small-log.ts';
import {
	caExtensions,
	canStamp,
	type Forged,
	forgeToken,
	type Issued,
	type IssueOptions,
	openTimeWorld,
	stampingExtensions,
	type TimeWorld,
} from '../helpers/time-authority.ts';

const log = createSmallLog();
const text = stampedText(log.checkpoint.note)!;
const imprints = {sha256: imprintOf(nodeHasher, 'sha256', text).hash, sm3: imprintOf(nodeHasher, 'sm3', text).hash};
const nonce = Uint8Array.of(0x80, 2, 3, 4, 5, 6, 7, 8);
const ask = (algorithm: ImprintAlgorithm): Uint8Array => timestampRequest({algorithm, hash: imprints[algorithm]}, nonce);
const seq = (...parts: readonly Uint8Array[]): Uint8Array => der(derTags.sequence, ...parts);

test('what is stamped is the text of the checkpoint, and a signature more changes nothing of it', t => {
	t.is(new TextDecoder().decode(text), `${log.origin}\n${log.checkpoint.size}\n${Buffer.from(log.checkpoint.root).toString('base64')}\n`);
	const line = log.checkpoint.note.trimEnd().split('\n').at(-1)!;
	t.deepEqual(stampedText(`${log.checkpoint.note}${line.replace('harbour/1', 'witness')}\n`), text);
	t.is(stampedText('no note'), undefined);
});

test('a request is the bytes that RFC 3161 says', t => {
	const hash = '11'.repeat(32);
	const request = timestampRequest({algorithm: 'sha256', hash: fromHex(hash)!}, Uint8Array.of(0, 0x80, 1));
	t.is(toHex(request), `303e020101 3031 300d 0609608648016503040201 0500 0420${hash} 0203008001 0101ff`.replaceAll(' ', ''));
});

test('the words of an authority that refuses are handed on, and what is no reply is said to be none', t => {
	const problem = (bytes: Uint8Array): string => {
		const read = readTimestampReply(bytes);
		return 'problem' in read ? read.problem : 'a token';
	};
	const words = seq(der(derTags.utf8, utf8('come back\u202e later')));
	const status = (value: number, ...more: readonly Uint8Array[]): Uint8Array => seq(derNumber(Uint8Array.of(value)), ...more);
	t.is(
		problem(seq(status(2, words, der(derTags.bits, Uint8Array.of(7, 0x80))))),
		'the authority answers with rejection, and no token: it does not know the hash (badAlg); it says "come back? later"',
	);
	t.is(problem(seq(status(3))), 'the authority answers with waiting, and no token');
	t.is(problem(seq(status(77))), 'the authority answers with status 77, and no token');
	t.is(problem(seq(status(0))), 'the authority grants the request and sends no token');
	t.is(problem(concatBytes(seq(status(0), seq()), Uint8Array.of(0))), 'the reply is not one of RFC 3161: 1 bytes follow it');
	t.regex(problem(utf8('<html>')), /^the reply is not one of RFC 3161: /);
	t.regex(problem(new Uint8Array(0)), /^the reply is not one of RFC 3161: it ends/);
	t.is(problem(new Uint8Array(replyLengthMax + 1)), 'the reply has 65537 bytes; at most 65536 are read');
});

test('bytes of any kind are a problem, never an exception', async t => {
	await fc.assert(
		fc.asyncProperty(fc.uint8Array({maxLength: 200}), async bytes => {
			t.true('problem' in readTimestampReply(bytes));
			t.true('problem' in (await checkTimestampToken(bytes, {imprints, authorities: []})));
			t.true('problem' in (await checkTimestampToken(seq(bytes), {imprints, authorities: []})));
		}),
	);
	t.deepEqual(await checkTimestampToken(new Uint8Array(tokenLengthMax + 1), {imprints, authorities: []}), {
		problem: 'it has 16385 bytes; at most 16384 are read',
	});
	const deep = Array.from({length: 2000}).reduce<Uint8Array>(inner => seq(inner), new Uint8Array(0));
	t.deepEqual(await checkTimestampToken(deep, {imprints, authorities: []}), {
		problem: 'it cannot be read: it is nested deeper than 32 levels',
	});
	const wide = seq(...Array.from({length: 4096}, () => der(derTags.null)));
	t.deepEqual(await checkTimestampToken(wide, {imprints, authorities: []}), {problem: 'it cannot be read: it has more than 4096 elements'});
});

let world: TimeWorld;
const certificates = new Map<string, Promise<Issued>>();
/** Each certificate is made once; tests share them. */
const issue = (name: string, options: IssueOptions = {}): Promise<Issued> => {
	const made = certificates.get(name) ?? world.issue(name, options);
	certificates.set(name, made);
	return made;
};
const ownedBy = (...pinned: readonly Issued[]): AskedToken => ({
	imprints,
	authorities: pinned.map(({name, certificate}) => ({name, certificate})),
});
const check = async (token: Uint8Array, pinned: readonly Issued[] = [world.ca], more: Partial<AskedToken> = {}): Promise<string> => {
	const found = await checkTimestampToken(token, {...ownedBy(...pinned), ...more});
	if ('problem' in found) return `problem: ${found.problem}`;
	if ('unchecked' in found) return `unchecked: ${found.unchecked}`;
	return 'untrusted' in found ? `untrusted: ${found.untrusted}` : `good: ${found.authority} ${found.algorithm}`;
};
const tokenOf = (reply: Uint8Array): Uint8Array => {
	const read = readTimestampReply(reply);
	if ('problem' in read) throw new Error(read.problem);
	return read.token;
};
const forge = async (signer: Issued, forged: Partial<Forged> = {}): Promise<Uint8Array> =>
	forgeToken(signer, {imprint: imprints.sha256, ...forged});

test.before(async () => {
	if (canStamp) world = await openTimeWorld();
});
test.after.always(async () => {
	await world?.close();
});

/** A test that needs openssl. */
const stamped = (title: string, run: (t: ExecutionContext) => Promise<void>): void =>
	test(title, async t => {
		if (canStamp) return run(t);
		t.log('not run: openssl 3 is not installed');
		t.pass();
	});

for (const key of ['rsa', 'P-256', 'P-384', 'P-521'] as const) {
	for (const algorithm of ['sha256', 'sm3'] as const) {
		stamped(`a token of openssl over ${algorithm} with a key of ${key} is good here and there, and is no other text's`, async t => {
			const signer = await issue(`Clock ${key}`, {key});
			const hashes = key === 'P-384' ? ['signer_digest = sha384', 'ess_cert_id_alg = sha512'] : [];
			const token = tokenOf(await world.reply(ask(algorithm), signer, {lines: hashes}));
			const found = await checkTimestampToken(token, {...ownedBy(world.ca), nonce});
			if (!('genTimeMs' in found)) return t.fail(JSON.stringify(found));
			t.is(found.authority, 'Test CA');
			t.is(found.algorithm, algorithm);
			t.is(found.accuracyMs, 1501);
			t.is(found.policy, '1.2.3.4.1');
			t.is(found.signer, `CN=Clock ${key}`);
			t.true(found.genTimeMs % 1000 === 0 && found.genTimeMs > Date.UTC(2024, 0));
			t.is(await check(token, [signer]), `good: Clock ${key} ${algorithm}`);
			t.true(await world.verify(token, text));
			t.false(await world.verify(token, utf8('another text')));
			const other = {imprints: {...imprints, [algorithm]: portableHasher.sha256(utf8('another text'))}};
			t.is(await check(token, [world.ca], other), 'problem: it stamps another text: its imprint is not that of this checkpoint');
		});
	}
}

stamped('a token with RSASSA-PSS is good, and one with a salt, a hash or a mask that does not fit is not', async t => {
	const signer = await issue('Clock rsa', {key: 'rsa'});
	const plainHash = (oid: string): Uint8Array => seq(derOid(oid), der(derTags.null));
	const pss = (hash: string, maskHash: string, salt: number): Uint8Array =>
		seq(
			derOid('1.2.840.113549.1.1.10'),
			seq(
				der(0xa0, plainHash(hash)),
				der(0xa1, seq(derOid('1.2.840.113549.1.1.8'), plainHash(maskHash))),
				der(0xa2, derNumber(Uint8Array.of(salt))),
			),
		);
	const key = createPrivateKey(await readFile(signer.keyFile));
	const signWith = (bytes: Uint8Array): Uint8Array => new Uint8Array(sign('sha256', bytes, {key, padding: 6, saltLength: 32}));
	const [sha256, sha384] = ['2.16.840.1.101.3.4.2.1', '2.16.840.1.101.3.4.2.2'];
	const token = await forge(signer, {signWith, algorithm: pss(sha256, sha256, 32)});
	t.is(await check(token), 'good: Test CA sha256');
	t.true(await world.verifySignature(token));
	const wrong = 'problem: its signature is not by the key of "CN=Clock rsa"';
	t.is(await check(await forge(signer, {signWith, algorithm: pss(sha256, sha256, 20)})), wrong);
	t.is(await check(await forge(signer, {signWith, algorithm: pss(sha256, sha384, 32)})), wrong);
	t.is(await check(await forge(signer, {signWith, algorithm: pss(sha384, sha384, 32)})), wrong);
	t.is(
		await check(await forge(signer, {algorithm: seq(derOid('1.2.840.113549.1.1.10'))})),
		'problem: its signature is not by the key of "CN=Clock rsa"',
	);
});

stamped('a token below a CA of its own is good by the certificates that are with it, whichever of them is pinned', async t => {
	const middle = await issue('Middle CA', {extensions: [...caExtensions, 'extendedKeyUsage = timeStamping']});
	const signer = await issue('Clock below', {by: middle});
	const token = tokenOf(await world.reply(ask('sha256'), signer, {chain: middle}));
	for (const pin of [world.ca, middle, signer]) {
		t.is(await check(token, [pin]), `good: ${pin.name} sha256`);
		t.true(await world.verify(token, text, pin));
	}
	// Without the one in the middle only what stands at its two ends is known.
	const alone = await forge(signer);
	t.is(await check(alone, [middle]), 'good: Middle CA sha256');
	t.is(
		await check(alone, [world.ca]),
		'untrusted: it is signed by "CN=Clock below", which is neither a certificate that is pinned nor below one',
	);
	t.false(await world.verify(alone, text));
});

stamped('a token of somebody who is not pinned is untrusted, however good it is', async t => {
	const other = await issue('Other CA', {by: 'itself', extensions: caExtensions});
	const self = await issue('Self', {by: other});
	t.regex(await check(await forge(self)), /^untrusted: it is signed by "CN=Self", which is neither/);
	t.regex(await check(await forge(self), []), /^untrusted: /);
	// A CA of the same name and another key.
	const twin = await issue('Twin CA', {by: 'itself', extensions: caExtensions, subject: 'Test CA'});
	const below = await issue('Below twin', {by: twin});
	t.regex(await check(await forge(below)), /^untrusted: it is signed by "CN=Below twin"/);
	t.is(await check(await forge(below), [world.ca, twin]), 'good: Twin CA sha256');
	// An authority whose CA took a new key: who pins only the new one does not know the old one, and nobody lies.
	const middle = await issue('Middle of old', {extensions: [...caExtensions, 'authorityKeyIdentifier = keyid']});
	const signer = await issue('Clock of old', {by: middle});
	const chained = await forge(signer, {certificates: [signer.certificate, middle.certificate]});
	t.regex(await check(chained, [twin]), /^untrusted: it is signed by "CN=Clock of old"/);
	t.is(await check(chained, [signer]), 'good: Clock of old sha256');
	const broken = await checkTimestampToken(await forge(self), {imprints, authorities: [{name: 'mine', certificate: Uint8Array.of(1)}]});
	t.regex('untrusted' in broken ? broken.untrusted : '', /the certificate given for "mine" cannot be read$/);
});

stamped('a certificate that was not valid at the time of the token is told with both times', async t => {
	const old = await issue('Old clock', {from: '20200101000000Z', to: '20210101000000Z'});
	const expired =
		'problem: the certificate "CN=Old clock" had expired at 2022-01-01T00:00:00.000Z, the time of the token: it is valid until 2021-01-01T00:00:00.999Z';
	t.is(await check(await forge(old, {time: '20220101000000Z'})), expired);
	t.is(await check(await forge(old, {time: '20220101000000Z'}), [old]), expired);
	t.is(
		await check(await forge(old, {time: '20191231235959.9Z'})),
		'problem: the certificate "CN=Old clock" was not valid yet at 2019-12-31T23:59:59.900Z, the time of the token: it is from 2020-01-01T00:00:00.000Z on',
	);
	// What was stamped while it was valid stays stamped.
	t.is(await check(await forge(old, {time: '20210101000000Z'})), 'good: Test CA sha256');
	t.regex(await check(tokenOf(await world.reply(ask('sha256'), old))), /^problem: the certificate "CN=Old clock" had expired at /);
	const oldCa = await issue('Old CA', {extensions: caExtensions, to: '20210101000000Z'});
	const below = await issue('Below old CA', {by: oldCa});
	t.regex(await check(await forge(below), [oldCa]), /^problem: the certificate "CN=Old CA" had expired at 2026-08-01T12:00:00.000Z, /);
	t.regex(
		await check(await forge(below, {certificates: [below.certificate, oldCa.certificate]})),
		/^problem: the certificate "CN=Old CA" had expired /,
	);
});

const without = (word: string): string[] => stampingExtensions.filter(line => !line.startsWith(word));
const misfits: readonly (readonly [name: string, extensions: readonly string[], said: string])[] = [
	['no purpose', without('extendedKeyUsage'), 'is not for time stamping'],
	['another purpose', [...without('extendedKeyUsage'), 'extendedKeyUsage = critical,serverAuth'], 'is not for time stamping'],
	[
		'two purposes',
		[...without('extendedKeyUsage'), 'extendedKeyUsage = critical,timeStamping,serverAuth'],
		'is for other things than time stamping too',
	],
	[
		'a purpose that is not critical',
		[...without('extendedKeyUsage'), 'extendedKeyUsage = timeStamping'],
		'does not say as critical that it is for time stamping only',
	],
	[
		'a key that encrypts',
		[...without('keyUsage'), 'keyUsage = digitalSignature,keyEncipherment'],
		'has a key that is not only for signatures',
	],
	[
		'a critical extension of its own',
		[...stampingExtensions, '1.2.3.4.5 = critical,ASN1:NULL'],
		'has the critical extension 1.2.3.4.5, which is not known here',
	],
];
for (const [name, extensions, said] of misfits) {
	stamped(`a certificate with ${name} stamps nothing, pinned or not`, async t => {
		const signer = await issue(name, {extensions});
		const token = await forge(signer);
		t.is(await check(token), `problem: the certificate "CN=${name}" ${said}`);
		t.is(await check(token, [signer]), `problem: the certificate "CN=${name}" ${said}`);
		t.false(await world.verify(token, text), 'openssl does not take it either');
	});
}

const weakCas: readonly (readonly [name: string, extensions: readonly string[], said: string])[] = [
	['no CA', stampingExtensions, "signs another one, and is not a CA's"],
	[
		'CA for lists',
		['basicConstraints = critical,CA:TRUE', 'keyUsage = critical,cRLSign'],
		'signs another one, and its key is not for that',
	],
	['CA for servers', [...caExtensions, 'extendedKeyUsage = serverAuth'], 'is of a CA that is not for time stamping'],
	[
		'CA of names',
		[...caExtensions, 'nameConstraints = critical,permitted;DNS:example.com'],
		'has the critical extension 2.5.29.30, which is not known here',
	],
];
for (const [name, extensions, said] of weakCas) {
	stamped(`a certificate below "${name}" stamps nothing`, async t => {
		const middle = await issue(name, {extensions});
		const signer = await issue(`below ${name}`, {by: middle});
		const token = await forge(signer, {certificates: [signer.certificate, middle.certificate]});
		t.is(await check(token), `problem: the certificate "CN=${name}" ${said}`);
		t.is(await check(token, [signer]), `good: below ${name} sha256`);
	});
}

stamped('a CA that allows none below it is not stretched', async t => {
	const flat = await issue('Flat CA', {extensions: ['basicConstraints = critical,CA:TRUE,pathlen:0', 'keyUsage = critical,keyCertSign']});
	const middle = await issue('Middle below flat', {by: flat, extensions: caExtensions});
	const signer = await issue('Two below flat', {by: middle});
	const token = await forge(signer, {certificates: [signer.certificate, middle.certificate, flat.certificate]});
	t.is(await check(token), 'problem: the certificate "CN=Flat CA" allows no more than 0 CAs below it');
	t.false(await world.verify(token, text));
});

const attribute = (oid: string, value: Uint8Array): Uint8Array => seq(derOid(oid), der(derTags.set, value));
const signingCertificate = '1.2.840.113549.1.9.16.2.12';
const signingCertificate2 = '1.2.840.113549.1.9.16.2.47';
const sha1Id = attribute(signingCertificate, seq(seq(seq(der(derTags.octets, new Uint8Array(20))))));
const otherId = attribute(signingCertificate2, seq(seq(seq(der(derTags.octets, new Uint8Array(32))))));

const forgeries: readonly (readonly [title: string, forged: Partial<Forged>, said: RegExp])[] = [
	[
		'names another certificate in its signature',
		{attributes: ({type, digest}) => [type, digest, otherId]},
		/names another certificate than the one/,
	],
	['does not name its certificate', {attributes: ({type, digest}) => [type, digest]}, /does not cover the certificate of the signer/],
	['does not sign the type', {attributes: ({digest, certificate}) => [digest, certificate]}, /does not cover the content type/],
	[
		'signs another type',
		{attributes: ({digest, certificate}) => [attribute('1.2.840.113549.1.9.3', derOid('1.2.3')), digest, certificate]},
		/another type of content/,
	],
	[
		'signs another digest',
		{attributes: ({type, certificate}) => [type, attribute('1.2.840.113549.1.9.4', der(derTags.octets, new Uint8Array(32))), certificate]},
		/over another time stamp/,
	],
	['signs an attribute twice', {attributes: ({type, digest, certificate}) => [type, digest, digest, certificate]}, /attribute twice/],
	['has two signers', {signers: 2}, /it has 2 signers/],
	['has no signer', {signers: 0}, /it has 0 signers/],
	['has no certificate', {certificates: []}, /does not have the certificate of its signer/],
	['has an attribute that nobody signed', {unsigned: der(0xa1, attribute('1.2.3', der(derTags.null)))}, /attributes that nobody signed/],
	['is of another type', {contentType: '1.2.840.113549.1.7.1'}, /what it signs is no time stamp/],
	['is of version 2', {version: 2}, /not of version 1/],
	['has a time that does not exist', {time: '20260230120000Z'}, /its time is not a time in UTC/],
	['has a time of a zone', {time: '20260801120000+0100'}, /its time is not a time in UTC/],
	['has a fraction that ends in a zero', {time: '20260801120000.50Z'}, /its time is not a time in UTC/],
	['stamps a hash of another kind', {imprintOid: '2.16.840.1.101.3.4.2.3'}, /a hash of another kind \(2\.16\.840/],
	['stamps a hash of another length', {imprint: new Uint8Array(20)}, /stamps another text/],
	['says SHA-1 of its signature', {digestOid: '1.3.14.3.2.26'}, /a hash that is not accepted/],
	['says SHA-512 of its signature', {digestOid: '2.16.840.1.101.3.4.2.3'}, /over another time stamp/],
	['is signed with SHA-1', {algorithm: seq(derOid('1.2.840.10045.4.1'))}, /its signature is not by the key/],
	[
		'has a critical extension',
		{behind: [der(0xa1, seq(derOid('1.2.3'), der(derTags.boolean, Uint8Array.of(0xff)), der(derTags.octets)))]},
		/critical extension 1\.2\.3/,
	],
	['has something behind its end', {behind: [der(0xa2)]}, /its time stamp has more in it/],
	['has a signature that is none', {signWith: () => utf8('signed')}, /its signature is not by the key/],
	[
		'has a signature of nothing',
		{signWith: () => seq(derNumber(Uint8Array.of(0)), derNumber(Uint8Array.of(0)))},
		/its signature is not by the key/,
	],
	['is empty inside', {content: new Uint8Array(0)}, /it cannot be read/],
];
for (const [title, forged, said] of forgeries) {
	stamped(`a token that ${title} is refused`, async t => {
		const signer = await issue('Clock P-256');
		t.regex(await check(await forge(signer, forged)), new RegExp(`^problem: .*${said.source}`));
	});
}

stamped('a token that names its certificate by SHA-1 only is good where that very certificate is pinned, and nowhere else', async t => {
	const signer = await issue('Clock P-256');
	const token = await forge(signer, {attributes: ({type, digest}) => [type, digest, sha1Id]});
	t.is(await check(token, [signer]), 'good: Clock P-256 sha256');
	t.regex(await check(token), /^untrusted: it names its certificate "CN=Clock P-256" by SHA-1 only/);
});

stamped('a token may name its signer by its key, and tell fractions of a second and how exact they are', async t => {
	const signer = await issue('Clock P-256');
	const keyId = /\n +([0-9A-F:]+)/.exec(
		await world.openssl('x509', '-in', signer.certificateFile, '-noout', '-ext', 'subjectKeyIdentifier'),
	)![1]!;
	const accuracy = seq(der(0x81, Uint8Array.of(1)));
	const token = await forge(signer, {
		keyId: fromHex(keyId.replaceAll(':', '').toLowerCase())!,
		time: '20260801120000.1239Z',
		behind: [accuracy],
	});
	const found = await checkTimestampToken(token, ownedBy(world.ca));
	t.like(found, {authority: 'Test CA', genTimeMs: Date.UTC(2026, 7, 1, 12, 0, 0, 123), accuracyMs: 1});
	t.regex(await check(await forge(signer, {keyId: new Uint8Array(20)})), /does not have the certificate of its signer/);
});

stamped('the nonce is compared as a number where one is asked for', async t => {
	const signer = await issue('Clock P-256');
	const withNonce = (bytes: Uint8Array): Promise<Uint8Array> => forge(signer, {behind: [derNumber(bytes)]});
	const asked = {nonce: Uint8Array.of(0, 0x80, 1)};
	t.is(await check(await withNonce(Uint8Array.of(0x80, 1)), [world.ca], asked), 'good: Test CA sha256');
	const said = 'problem: it answers another request: its nonce is not the one that was sent';
	t.is(await check(await withNonce(Uint8Array.of(0x80, 2)), [world.ca], asked), said);
	t.is(await check(await forge(signer), [world.ca], asked), said);
	t.is(await check(await withNonce(Uint8Array.of(1))), 'good: Test CA sha256');
});

stamped('a hash that was not asked for, and a platform without Web Crypto, do not pass', async t => {
	const token = await forge(await issue('Clock P-256'));
	t.is(
		await check(token, [world.ca], {imprints: {sm3: imprints.sm3}}),
		'problem: it stamps a hash of sha256, which is not what was asked for',
	);
	t.is(await check(token, [world.ca], {subtle: undefined}), 'unchecked: there is no Web Crypto here to check its signature with');
});

stamped('a token that is signed with SM2 is not checked, and says so', async t => {
	const signer = await issue('Clock SM2', {key: 'SM2'});
	const signWith = async (bytes: Uint8Array): Promise<Uint8Array> => {
		const file = await world.write('attributes', bytes);
		const out = await world.write('signature', '');
		await world.openssl('dgst', '-sm3', '-sign', signer.keyFile, '-sigopt', 'distid:1234567812345678', '-out', out, file);
		return new Uint8Array(await readFile(out));
	};
	const sm3Oid = '1.2.156.10197.1.401';
	const content = seq(
		derNumber(Uint8Array.of(1)),
		derOid('1.2.3'),
		seq(seq(derOid(sm3Oid)), der(derTags.octets, imprints.sm3)),
		derNumber(Uint8Array.of(7)),
		der(derTags.generalizedTime, utf8('20260801120000Z')),
	);
	const made = (over: Uint8Array): Promise<Uint8Array> =>
		forge(signer, {
			content,
			signWith,
			digestOid: sm3Oid,
			algorithm: seq(derOid('1.2.156.10197.1.501')),
			attributes: ({type, certificate}) => [
				type,
				attribute('1.2.840.113549.1.9.4', der(derTags.octets, imprintOf(nodeHasher, 'sm3', over).hash)),
				certificate,
			],
		});
	t.is(await check(await made(content)), 'unchecked: it is signed with SM2, which cannot be checked here');
	t.is(await check(await made(utf8('other'))), 'problem: its signature is over another time stamp than it shows');
	// Nor is a certificate below a CA of such a key.
	const ca = await issue('SM2 CA', {by: 'itself', key: 'SM2', extensions: caExtensions, digest: 'sm3'});
	const below = await issue('Below SM2', {by: ca, digest: 'sm3'});
	const token = await forge(below, {certificates: [below.certificate, ca.certificate]});
	t.is(await check(token, [ca]), 'unchecked: the certificate "CN=Below SM2": it is signed with SM2, which cannot be checked here');
	t.is(await check(token, [below]), 'good: Below SM2 sha256');
});

stamped('a key that is too short is refused', async t => {
	const signer = await issue('Clock rsa', {key: 'rsa'});
	const [keyFile, out] = [await world.write('short.key', ''), await world.write('short.pem', '')];
	await world.openssl('genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:1024', '-out', keyFile);
	const config = await world.write(
		'short.cnf',
		`[req]\nprompt = no\ndistinguished_name = n\nx509_extensions = e\n[n]\nCN = Short\n[e]\n${stampingExtensions.slice(0, 3).join('\n')}\n`,
	);
	await world.openssl('req', '-x509', '-new', '-config', config, '-key', keyFile, '-days', '9999', '-out', out);
	const certificate = await world.openssl('x509', '-in', out, '-outform', 'DER');
	const short: Issued = {name: 'short', certificate: new Uint8Array(Buffer.from(certificate, 'latin1')), certificateFile: out, keyFile};
	t.is(await check(await forge(short, {time: '20300101000000Z'}), [short]), 'problem: its signature is not by the key of "CN=Short"');
	t.is(signer.name, 'Clock rsa');
});

stamped('a certificate that is with the token and does not belong there is refused', async t => {
	const signer = await issue('Clock P-256');
	const other = await issue('Other CA', {by: 'itself', extensions: caExtensions});
	const token = await forge(signer, {certificates: [signer.certificate, other.certificate]});
	t.is(await check(token), 'problem: the certificate "CN=Other CA" is with it and does not stand above its signer');
	t.is(await check(await forge(signer, {certificates: [world.ca.certificate, signer.certificate]})), 'good: Test CA sha256');
	const many = await forge(signer, {certificates: Array.from({length: 9}, () => signer.certificate)});
	t.is(await check(many), 'problem: it cannot be read: it has 9 certificates; at most 8 are read');
});

stamped('certificates that all issued each other lead nowhere, and not for long', async t => {
	const loop = await issue('Loop', {by: 'itself', extensions: caExtensions});
	const signer = await issue('Clock of loop', {by: loop});
	const config = await world.write(
		'loop.cnf',
		`[req]\nprompt = no\ndistinguished_name = n\nx509_extensions = e\n[n]\nCN = Loop\n[e]\n${caExtensions.join('\n')}\n`,
	);
	const twins = await Promise.all(
		['1', '2', '3', '4', '5', '6', '7'].map(async serial => {
			const out = await world.write('twin.pem', '');
			await world.openssl(
				'req',
				'-x509',
				'-new',
				'-config',
				config,
				'-key',
				loop.keyFile,
				'-days',
				'9999',
				'-set_serial',
				serial,
				'-out',
				out,
			);
			return new Uint8Array(Buffer.from(await world.openssl('x509', '-in', out, '-outform', 'DER'), 'latin1'));
		}),
	);
	const token = await forge(signer, {time: '20300101000000Z', certificates: [signer.certificate, ...twins]});
	let verified = 0;
	const subtle = globalThis.crypto.subtle;
	const counting = {
		digest: subtle.digest.bind(subtle),
		importKey: subtle.importKey.bind(subtle),
		verify: (...asked: Parameters<typeof subtle.verify>) => {
			verified += 1;
			return subtle.verify(...asked);
		},
	} as unknown as Subtle;
	t.regex(await check(token, [world.ca], {subtle: counting}), /^untrusted: it is signed by "CN=Clock of loop"/);
	// The token, the signer by each of them, and each of them by each.
	t.true(verified <= 1 + 7 + 7 * 7, `${verified} signatures were checked`);
	t.is(await check(token, [loop]), 'good: Loop sha256');
});

/** A token with all of its path in it, which openssl made. */
const wholeToken = async (key: 'rsa' | 'P-256'): Promise<Uint8Array> => {
	const signer = await issue(`Clock ${key}`, {key});
	return tokenOf(await world.reply(ask('sha256'), signer, {chain: world.ca}));
};

for (const key of ['rsa', 'P-256'] as const) {
	stamped(`a token with a key of ${key} of which any byte is changed is a problem, and so is each beginning of it`, async t => {
		const token = await wholeToken(key);
		t.is(await check(token), 'good: Test CA sha256');
		const passes: string[] = [];
		for (let at = 0; at < token.length; at += 1) {
			for (const flip of [1, 0x80]) {
				const changed = token.slice();
				changed[at]! ^= flip;
				const said = await check(changed);
				if (!said.startsWith('problem: ')) passes.push(`byte ${at} ^ ${flip}: ${said}`);
			}
			const said = await check(token.slice(0, at));
			if (!said.startsWith('problem: ')) passes.push(`the first ${at} bytes: ${said}`);
		}
		t.deepEqual(passes, []);
		t.is(await check(concatBytes(token, Uint8Array.of(0))), 'problem: it cannot be read: 1 bytes follow it');
		t.is(await check(token.slice(0, -1)), 'problem: it cannot be read: it ends in the middle of an element');
	});
}

stamped('what openssl does not take is not taken here either, wherever a token is changed', async t => {
	const token = await wholeToken('P-256');
	t.true(await world.verify(token, text));
	const places = fc.sample(fc.tuple(fc.nat({max: token.length - 1}), fc.integer({min: 1, max: 255})), {numRuns: 150, seed: 7});
	let taken = 0;
	for (const [at, flip] of places) {
		const changed = token.slice();
		changed[at]! ^= flip;
		t.regex(await check(changed), /^problem: /);
		// The reverse does not hold: openssl overlooks what nobody signed, such as certificates that it does not use.
		if (await world.verify(changed, text)) taken += 1;
	}
	t.true(taken < 60, `openssl took ${taken}`);
	t.log(`of ${places.length} changed tokens openssl takes ${taken}, and we none`);
});

stamped('another library reads the same in a token as we do', async t => {
	const {ContentInfo, SignedData, TSTInfo} = await import('pkijs');
	const token = await wholeToken('rsa');
	const found = await checkTimestampToken(token, ownedBy(world.ca));
	const signed = new SignedData({schema: ContentInfo.fromBER(token).content});
	const info = TSTInfo.fromBER(signed.encapContentInfo.eContent!.valueBlock.valueHexView);
	t.like(found, {
		genTimeMs: info.genTime.getTime(),
		policy: info.policy,
		serial: toHex(info.serialNumber.valueBlock.valueHexView),
	});
	t.is(toHex(info.messageImprint.hashedMessage.valueBlock.valueHexView), toHex(imprints.sha256));
	t.true(await signed.verify({signer: 0, data: text.slice().buffer, checkChain: false}));
});

test('only one spelling of each element is read', t => {
	const problem = (hex: string): string => {
		const read = reading(() => parseDer(fromHex(hex.replaceAll(' ', ''))!));
		return 'problem' in read ? read.problem : 'none';
	};
	for (const good of [
		'0500',
		'0101ff',
		'020100',
		'02020080',
		'0201ff',
		'3000',
		'030100',
		'03020780',
		'06012a',
		'04820100'.concat('00'.repeat(256)),
	])
		t.is(problem(good), 'none', good);
	const bad = [
		'',
		'05',
		'0501',
		'050100',
		'010101',
		'0100',
		'0200',
		'02020001',
		'0202ff80',
		'3080 0000',
		'308100',
		'3081 02 0500',
		'30820002 0500',
		'1000',
	];
	for (const one of [
		...bad,
		'2400',
		'0300',
		'030101',
		'030208ff',
		'03020701',
		'0600',
		'06012a80',
		'0681022a80',
		'3f01',
		'1f0100',
		'0500 00',
		'8400000001',
	])
		t.not(problem(one), 'none', one);
});
