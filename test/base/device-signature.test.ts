import {generateKeyPairSync} from 'node:crypto';
import {readFileSync} from 'node:fs';
import test from 'ava';
import fc from 'fast-check';
import {concatBytes, fromHex, utf8} from '../../agent/base/bytes.ts';
import {
	createDeviceSigner,
	type PublicKey,
	publicKeyFromPem,
	verifyDeviceSignature,
	verifyDeviceSignatureAside,
} from '../../agent/base/device-signature.ts';
import {fromDer} from '../../agent/format/signed-payload.ts';
import {publishedData} from '../helpers/published-data.ts';

const types = ['ed25519', 'p256', 'secp256k1'] as const;
const secret = new Uint8Array(32).fill(7);

type Vectors = {
	readonly testGroups: readonly {
		readonly publicKey: {readonly pk?: string; readonly uncompressed?: string};
		readonly tests: readonly {
			readonly tcId: number;
			readonly comment: string;
			readonly msg: string;
			readonly sig: string;
			readonly result: 'valid' | 'invalid';
		}[];
	}[];
};

const aside = (key: PublicKey, message: Uint8Array, signature: Uint8Array): Promise<boolean> =>
	new Promise(resolve => verifyDeviceSignatureAside(key, message, signature, resolve));

for (const [type, name, countMin] of [
	['ed25519', 'ed25519_test.json', 150],
	['p256', 'ecdsa_secp256r1_sha256_test.json', 480],
	['secp256k1', 'ecdsa_secp256k1_sha256_test.json', 470],
] as const) {
	test(`every published Wycheproof signature of ${type} gets its verdict, on the event loop and beside it`, async t => {
		const path = publishedData(t, 'vectors', 'wycheproof', name);
		if (path === undefined) return;
		const {testGroups} = JSON.parse(readFileSync(path, 'utf8')) as Vectors;
		let count = 0;
		for (const {publicKey, tests} of testGroups) {
			const whole = fromHex((publicKey.pk ?? publicKey.uncompressed)!)!;
			const bytes = type === 'ed25519' ? whole : concatBytes(Uint8Array.of(2 + (whole[64]! & 1)), whole.slice(1, 33));
			const key = {type, bytes};
			for (const {tcId, comment, msg, sig, result} of tests) {
				count += 1;
				const message = fromHex(msg)!;
				// What is no DER, or has numbers that fit no 32 bytes, is refused before it comes to the key.
				const signature = type === 'ed25519' ? fromHex(sig)! : fromDer(fromHex(sig)!);
				const isGood = signature !== undefined && verifyDeviceSignature(key, message, signature);
				t.is(isGood, result === 'valid', `test ${tcId}: ${comment}`);
				if (signature !== undefined) t.is(await aside(key, message, signature), isGood, `test ${tcId} beside`);
			}
		}
		t.true(count >= countMin);
	});
}

for (const type of types) {
	test(`what a device signs with ${type} verifies, and not under another key or for another message`, async t => {
		const [one, other] = [createDeviceSigner(type, secret), createDeviceSigner(type, new Uint8Array(32).fill(8))];
		const message = utf8('{"kwh":"12.0"}');
		const signature = one.sign(message);
		t.is(signature.length, 64);
		t.true(verifyDeviceSignature(one.publicKey, message, signature));
		t.true(await aside(one.publicKey, message, signature));
		t.false(verifyDeviceSignature(other.publicKey, message, signature));
		t.false(await aside(other.publicKey, message, signature));
		t.false(verifyDeviceSignature(one.publicKey, utf8('{"kwh":"12.1"}'), signature));
		for (const wrong of types)
			if (wrong !== type) t.false(verifyDeviceSignature({type: wrong, bytes: one.publicKey.bytes}, message, signature));
	});

	test(`the secret key of ${type} fixes its public key, and one that is none is refused`, t => {
		t.deepEqual(createDeviceSigner(type, secret).publicKey, createDeviceSigner(type, secret).publicKey);
		t.throws(() => createDeviceSigner(type, secret.slice(1)), {instanceOf: RangeError, message: /has 32 bytes, this one has 31/});
		if (type !== 'ed25519') t.throws(() => createDeviceSigner(type, new Uint8Array(32)), {instanceOf: RangeError});
	});
}

test('any bytes as key, message and signature are answered without a throw, and beside only later', async t => {
	const some = fc.uint8Array({maxLength: 70});
	const whole = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({minLength: length, maxLength: length});
	await fc.assert(
		fc.asyncProperty(
			fc.constantFrom(...types),
			fc.oneof(some, whole(32), whole(33)),
			some,
			fc.oneof(some, whole(64)),
			async (type, bytes, message, signature) => {
				const key = {type, bytes};
				let isLater = false;
				const answer = new Promise<boolean>(resolve =>
					verifyDeviceSignatureAside(key, message, signature, isGood => resolve(isLater && typeof isGood === 'boolean')),
				);
				isLater = true;
				return (await answer) && typeof verifyDeviceSignature(key, message, signature) === 'boolean';
			},
		),
		{numRuns: 300},
	);
	t.pass();
});

test('a PEM public key of each type is read, and nothing else is', t => {
	const message = utf8('hello');
	for (const [type, curve] of [
		['p256', 'P-256'],
		['secp256k1', 'secp256k1'],
	] as const) {
		const pair = generateKeyPairSync('ec', {namedCurve: curve});
		const key = publicKeyFromPem(pair.publicKey.export({format: 'pem', type: 'spki'}) as string);
		t.is(key?.type, type);
		t.is(key?.bytes.length, 33);
		const {d} = pair.privateKey.export({format: 'jwk'});
		const signer = createDeviceSigner(type, new Uint8Array(Buffer.from(d!, 'base64url')));
		t.deepEqual(signer.publicKey, key);
		t.true(verifyDeviceSignature(key!, message, signer.sign(message)));
		t.is(publicKeyFromPem(pair.privateKey.export({format: 'pem', type: 'pkcs8'}) as string), undefined);
	}
	const pair = generateKeyPairSync('ed25519');
	const pem = pair.publicKey.export({format: 'pem', type: 'spki'}) as string;
	t.is(publicKeyFromPem(`\n${pem}`)?.type, 'ed25519');
	t.is(publicKeyFromPem(pem + pem), undefined);
	t.is(publicKeyFromPem(pem.replace('MC', 'NC')), undefined);
	t.is(publicKeyFromPem(''), undefined);
	const p384 = generateKeyPairSync('ec', {namedCurve: 'P-384'}).publicKey.export({format: 'pem', type: 'spki'}) as string;
	t.is(publicKeyFromPem(p384), undefined);
});
