import {createECDH} from 'node:crypto';
import test from 'ava';
import {fromHex, toBase64, toHex} from '../../agent/base/bytes.ts';
import {createDeviceSigner} from '../../agent/base/device-signature.ts';
import {portableHasher} from '../../agent/base/hash.ts';
import {
	type DeviceKey,
	deviceKeyProblem,
	deviceKeyThumbprint,
	formatDeviceKey,
	parseDeviceKey,
	uncompressedKey,
} from '../../agent/format/device-key.ts';
import {decodeDeviceSignature, encodeDeviceSignature} from '../../agent/format/device-signature.ts';
import {signedForms} from '../../agent/format/signed-payload.ts';

const types = ['ed25519', 'p256', 'secp256k1'] as const;
const keyOf = (type: DeviceKey['type'], fill: number): DeviceKey => createDeviceSigner(type, new Uint8Array(32).fill(fill)).publicKey;

test('the text of a key of each type is read back, and the key lies on its curve', t => {
	for (const type of types) {
		for (let fill = 1; fill < 20; fill += 1) {
			const key = keyOf(type, fill);
			t.deepEqual(parseDeviceKey(formatDeviceKey(key)), key);
			t.is(deviceKeyProblem(key), undefined);
		}
	}
});

test('a compressed point unfolds as OpenSSL unfolds it', t => {
	for (const [type, curve] of [
		['p256', 'prime256v1'],
		['secp256k1', 'secp256k1'],
	] as const) {
		for (let fill = 1; fill < 20; fill += 1) {
			const ecdh = createECDH(curve);
			ecdh.setPrivateKey(new Uint8Array(32).fill(fill));
			const compressed = new Uint8Array(ecdh.getPublicKey(null, 'compressed'));
			t.is(toHex(uncompressedKey({type, bytes: compressed})!), ecdh.getPublicKey('hex', 'uncompressed'));
		}
	}
	t.is(uncompressedKey(keyOf('ed25519', 1)), undefined);
});

const problems: readonly (readonly [what: string, text: string, problem: RegExp])[] = [
	['a text without a colon', 'ed25519', /begins with ed25519:, p256:, secp256k1:/],
	['a type that is not known', `rsa:${toBase64(new Uint8Array(32))}`, /begins with/],
	['a prototype as a type', '__proto__:AAAA', /begins with/],
	['no base64', 'ed25519:***', /not base64/],
	['a key that is too short', `ed25519:${toBase64(new Uint8Array(31))}`, /has 32 bytes, this one has 31/],
	['an uncompressed point', `p256:${toBase64(new Uint8Array(65).fill(4))}`, /has 33 bytes, this one has 65/],
	['a point that is not on P-256', `p256:${toBase64(Uint8Array.of(2, ...new Uint8Array(31), 1))}`, /no point of p256/],
	['an x beyond the field', `secp256k1:${toBase64(Uint8Array.of(2, ...new Uint8Array(32).fill(255)))}`, /no point of secp256k1/],
	['another sign', `secp256k1:${toBase64(Uint8Array.of(4, ...keyOf('secp256k1', 3).bytes.slice(1)))}`, /no point/],
];

for (const [what, text, problem] of problems) {
	test(`${what} is no device key`, t => {
		const parsed = parseDeviceKey(text);
		t.regex('problem' in parsed ? parsed.problem : 'none', problem);
	});
}

test('an Ed25519 key of small order, in any encoding, is no device key', t => {
	for (const hex of [
		'0000000000000000000000000000000000000000000000000000000000000000',
		'0000000000000000000000000000000000000000000000000000000000000080',
		'0100000000000000000000000000000000000000000000000000000000000000',
		'0100000000000000000000000000000000000000000000000000000000000080',
		'26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
		'26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
		'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
		'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
		'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
		'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
		'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
		'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
	])
		t.regex(deviceKeyProblem({type: 'ed25519', bytes: fromHex(hex)!}) ?? 'none', /no point of ed25519/, hex);
});

test('keys of different types or bytes have different thumbprints', t => {
	const prints = types.flatMap(type => [1, 2].map(fill => deviceKeyThumbprint(portableHasher, keyOf(type, fill))));
	prints.push(deviceKeyThumbprint(portableHasher, {type: 'secp256k1', bytes: keyOf('p256', 1).bytes}));
	t.is(new Set(prints).size, prints.length);
	t.regex(prints[0]!, /^[0-9a-f]{64}$/);
});

test('what an arrival keeps of a signature is read back, and any other bytes are not', t => {
	for (const form of signedForms) {
		for (const type of types) {
			const kept = {form, key: keyOf(type, 5)};
			const bytes = encodeDeviceSignature(kept);
			t.is(bytes.length, 3 + kept.key.bytes.length);
			t.deepEqual(decodeDeviceSignature(bytes), kept);
			t.is(decodeDeviceSignature(bytes.slice(1)), undefined);
			t.is(decodeDeviceSignature(Uint8Array.of(...bytes, 0)), undefined);
			for (const at of [0, 1, 2]) t.is(decodeDeviceSignature(bytes.with(at, 9)), undefined);
		}
	}
	t.is(decodeDeviceSignature(new Uint8Array(0)), undefined);
});
