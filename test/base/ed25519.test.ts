import {readFileSync} from 'node:fs';
import test from 'ava';
import fc from 'fast-check';
import {fromHex, toHex, utf8} from '../../agent/base/bytes.ts';
import {createEd25519Signer, ed25519Seed, verifyEd25519} from '../../agent/base/ed25519.ts';
import {createSystemRandom} from '../../agent/base/random.ts';
import {publishedData} from '../helpers/published-data.ts';

type Wycheproof = {
	readonly testGroups: readonly {
		readonly publicKey: {readonly pk: string};
		readonly tests: readonly {
			readonly tcId: number;
			readonly comment: string;
			readonly msg: string;
			readonly sig: string;
			readonly result: 'valid' | 'invalid';
		}[];
	}[];
};

test('every published Wycheproof signature gets its verdict', t => {
	const path = publishedData(t, 'vectors', 'wycheproof', 'ed25519_test.json');
	if (path === undefined) return;
	const vectors = JSON.parse(readFileSync(path, 'utf8')) as Wycheproof;
	let count = 0;
	for (const group of vectors.testGroups) {
		for (const {tcId, comment, msg, sig, result} of group.tests) {
			const verdict = verifyEd25519(fromHex(group.publicKey.pk)!, fromHex(msg)!, fromHex(sig)!);
			t.is(verdict, result === 'valid', `test ${tcId}: ${comment}`);
			count += 1;
		}
	}
	t.true(count >= 150);
});

test('the first key of RFC 8032 signs the empty message as printed there', t => {
	const signer = createEd25519Signer(fromHex('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60')!);
	t.is(toHex(signer.publicKey), 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a');
	t.is(
		toHex(signer.sign(new Uint8Array(0))),
		'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
	);
});

test('what a new key signs verifies, and not under another key or for another message', t => {
	const random = createSystemRandom();
	const [one, other] = [createEd25519Signer(ed25519Seed(random)), createEd25519Signer(ed25519Seed(random))];
	fc.assert(
		fc.property(fc.uint8Array({maxLength: 300}), message => {
			const signature = one.sign(message);
			const longer = new Uint8Array([...message, 0]);
			return (
				verifyEd25519(one.publicKey, message, signature) &&
				!verifyEd25519(other.publicKey, message, signature) &&
				!verifyEd25519(one.publicKey, longer, signature)
			);
		}),
		{numRuns: 50},
	);
	t.pass();
});

test('any bytes as key, message and signature are answered without a throw', t => {
	const bytes = fc.uint8Array({maxLength: 70});
	const whole = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({minLength: length, maxLength: length});
	fc.assert(
		fc.property(
			fc.oneof(bytes, whole(32)),
			bytes,
			fc.oneof(bytes, whole(64)),
			// A key of small order is good for many messages, so the answer itself may be either.
			(key, message, signature) => typeof verifyEd25519(key, message, signature) === 'boolean',
		),
		{numRuns: 1000},
	);
	t.pass();
});

test('more keys than are kept still verify, the first one again included', t => {
	const signers = Array.from({length: 300}, (_, i) => createEd25519Signer(new Uint8Array(32).fill(i % 256, i > 255 ? 16 : 0)));
	const message = utf8('the same for all');
	for (const signer of [...signers, signers[0]!]) t.true(verifyEd25519(signer.publicKey, message, signer.sign(message)));
});

test('a seed of another length is refused with its length', t => {
	t.throws(() => createEd25519Signer(new Uint8Array(31)), {message: /has 32 bytes, this one has 31/});
});
