import {webcrypto} from 'node:crypto';
import test from 'ava';
import {utf8} from '../../agent/base/bytes.ts';
import {verifyDeviceSignature} from '../../agent/base/device-signature.ts';
import {verifyEd25519} from '../../agent/base/ed25519.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {type DeviceKey, formatDeviceKey, type KeyType} from '../../agent/format/device-key.ts';
import {encodeDeviceSignature} from '../../agent/format/device-signature.ts';
import {qualities} from '../../agent/format/entry.ts';
import {formatReceipt} from '../../agent/format/receipt.ts';
import type {SignedForm} from '../../agent/format/signed-payload.ts';
import {keyOfIdentity} from '../../agent/verify/device-signature.ts';
import {type Verdict, verdictText} from '../../agent/verify/verdict.ts';
import {createVerifier, type VerifierOptions} from '../../agent/verify/verifier.ts';
import {type Subtle, webCryptoVerifiers} from '../../agent/verify/web-crypto.ts';
import {createSimSigner, type SimSigner, simSignedForms} from '../../sim/signing.ts';
import {createSmallLog, type SmallLog, type SmallLogOptions} from '../helpers/small-log.ts';

const reading = 3;

const bytesOf = (message: string | Uint8Array): Uint8Array => (typeof message === 'string' ? utf8(message) : message);

/** A log whose device signs; what is kept of the signature may be another key or form than the true one. */
function signedLog(
	{key, sign}: SimSigner,
	form: SignedForm,
	kept: {readonly form?: SignedForm; readonly key?: DeviceKey; readonly bytes?: Uint8Array; readonly payload?: Uint8Array} = {},
	options: SmallLogOptions = {},
): SmallLog {
	const deviceSignature = kept.bytes ?? encodeDeviceSignature({form: kept.form ?? form, key: kept.key ?? key});
	return createSmallLog({signed: payload => ({payload: kept.payload ?? bytesOf(sign(payload)), deviceSignature}), ...options});
}

const verify = (
	log: SmallLog,
	options: Partial<VerifierOptions> = {},
	changes: Parameters<SmallLog['receipt']>[1] = {},
): Promise<Verdict> =>
	createVerifier({hasher: nodeHasher, verifySignature: verifyEd25519, verifyDeviceSignature, ...options}).verify(
		utf8(formatReceipt(nodeHasher, log.receipt(reading, changes))),
		log.trust,
	);

const checkOf = (verdict: Verdict, name: string): string => {
	const found = verdict.checks.find(check => check.name === name);
	return found === undefined ? 'none' : `${found.result}: ${found.reason}`;
};

const jws = createSimSigner('seed', 'meter-1', {form: 'jws'});
const other = createSimSigner('seed', 'meter-2', {form: 'jws'});
const web = webCryptoVerifiers(webcrypto.subtle as unknown as Subtle);

for (const form of simSignedForms) {
	for (const keyType of ['ed25519', 'p256', 'secp256k1'] as const satisfies readonly KeyType[]) {
		test(`a reading that was signed as ${form} with ${keyType} is shown to be signed, by that key`, async t => {
			const signer = createSimSigner('seed', 'meter-1', {form, keyType});
			const key = formatDeviceKey(signer.key);
			const verdict = await verify(signedLog(signer, form));
			t.true(verdict.good);
			t.is(checkOf(verdict, 'device-signature'), `pass: the payload is signed by ${key} (${form})`);
			t.is(checkOf(verdict, 'device-key'), `skipped: the key ${key} is not shown to be the device's`);
			t.like(verdict.facts.arrival?.signature, {form, key, payloadText: '{"kwh":"12.0"}'});
			t.deepEqual(verdict.facts.entry?.qualities, ['deviceSigned']);
			t.true(verdictText(verdict).includes(`  signed    by ${key} (${form})\n`));
			t.true(verdictText(verdict).includes('  content   {"kwh":"12.0"}\n'));
			// The same in a browser, which has no secp256k1.
			const inBrowser = await verify(signedLog(signer, form), web);
			t.true(inBrowser.good);
			t.is(
				checkOf(inBrowser, 'device-signature'),
				keyType === 'secp256k1'
					? 'skipped: signatures of type secp256k1 cannot be checked here'
					: `pass: the payload is signed by ${key} (${form})`,
			);
		});
	}
}

const failing: readonly (readonly [what: string, log: SmallLog, reason: string])[] = [
	[
		'signed by another key than it says',
		signedLog(jws, 'jws', {key: other.key}),
		`the payload is not signed by ${formatDeviceKey(other.key)}`,
	],
	[
		'signed for a key of another type',
		signedLog(jws, 'jws', {key: createSimSigner('seed', 'meter-1', {form: 'jws', keyType: 'p256'}).key}),
		'the payload is signed for a key of type ed25519, not by p256:',
	],
	['signed in another form', signedLog(jws, 'jws', {form: 'cose'}), 'the payload is signed as jws, not as cose'],
	['not signed at all', signedLog(jws, 'jws', {payload: utf8('{"kwh":"12.0"}')}), 'the payload is not signed: it has none of the forms'],
	[
		'kept in a way that nobody knows',
		signedLog(jws, 'jws', {bytes: new Uint8Array(35).fill(9)}),
		'what is kept of the signature cannot be read',
	],
	[
		'kept with a key that is good for anything',
		signedLog(jws, 'jws', {key: {type: 'ed25519', bytes: new Uint8Array(32).with(0, 1)}}),
		'what is kept of the signature has no key: the bytes are no point of ed25519',
	],
	[
		'not kept with the message',
		signedLog(jws, 'jws', {bytes: new Uint8Array(0)}),
		'the entry says that the device signed, the message has no signature',
	],
	[
		'not told by the entry',
		signedLog(jws, 'jws', {}, {lie: entry => ({...entry, quality: entry.quality & ~qualities.deviceSigned})}),
		'the message is signed by a device, the entry does not say so',
	],
];

for (const [what, log, reason] of failing) {
	test(`a reading whose signature is ${what} fails, and nothing else does`, async t => {
		const verdict = await verify(log);
		t.false(verdict.good);
		t.is(verdict.strength, 'none');
		t.true(checkOf(verdict, 'device-signature').startsWith(`fail: ${reason}`), checkOf(verdict, 'device-signature'));
		t.deepEqual(
			verdict.checks.filter(({result}) => result === 'fail').map(({name}) => name),
			['device-signature'],
		);
		t.is(checkOf(verdict, 'device-key'), 'none');
		const inBrowser = await verify(log, web);
		t.is(checkOf(inBrowser, 'device-signature'), checkOf(verdict, 'device-signature'));
	});
}

test('an unsigned reading has no check of a signature', async t => {
	const verdict = await verify(createSmallLog());
	t.true(verdict.good);
	t.is(checkOf(verdict, 'device-signature'), 'none');
	t.is(verdict.facts.arrival?.signature, undefined);
});

test('a signature that is withheld with the message is skipped', async t => {
	const verdict = await verify(signedLog(jws, 'jws'), {}, {arrival: undefined});
	t.true(verdict.good);
	t.is(checkOf(verdict, 'device-signature'), 'skipped: what the device signed is not shown');
});

test('whoever knows the keys of devices decides about the key', async t => {
	const asked: string[] = [];
	const known = await verify(signedLog(jws, 'jws'), {
		keyOfDevice: (key, entry) => {
			asked.push(`${formatDeviceKey(key)} at ${entry.arrivedAtMs}`);
			return {isShown: true, reason: 'it was enrolled'};
		},
	});
	t.is(checkOf(known, 'device-key'), 'pass: it was enrolled');
	t.deepEqual(asked, [`${formatDeviceKey(jws.key)} at 1627772400120`]);
	const revoked = await verify(signedLog(jws, 'jws'), {keyOfDevice: () => ({isShown: false, reason: 'it was revoked before'})});
	t.is(checkOf(revoked, 'device-key'), 'fail: it was revoked before');
	t.false(revoked.good);
	const unknown = await verify(signedLog(jws, 'jws'), {keyOfDevice: () => undefined});
	t.true(checkOf(unknown, 'device-key').startsWith('skipped'));
});

test('the identity that the log has of a device says which key was its own', async t => {
	const key = formatDeviceKey(jws.key);
	const checked = async (...args: Parameters<typeof keyOfIdentity>): Promise<string> =>
		checkOf(await verify(signedLog(jws, 'jws'), {keyOfDevice: keyOfIdentity(...args)}), 'device-key');
	t.is(await checked({event: 'enrolled', key}), `pass: the log says that ${key} was the device's key`);
	t.is(
		await checked({event: 'enrolled', key: formatDeviceKey(other.key)}),
		`fail: the log says that the device's key was ${formatDeviceKey(other.key)}, not ${key}`,
	);
	t.is(await checked({event: 'enrolled'}), `fail: the log says that the device's key was none, not ${key}`);
	t.is(await checked({event: 'revoked', key}), 'fail: the device was revoked before');
});

test('a verifier that was handed Ed25519 alone checks that, and says what it cannot', async t => {
	const only = {verifyDeviceSignature: undefined};
	t.true(checkOf(await verify(signedLog(jws, 'jws'), only), 'device-signature').startsWith('pass'));
	t.true(checkOf(await verify(signedLog(jws, 'jws', {key: other.key}), only), 'device-signature').startsWith('fail'));
	const p256 = createSimSigner('seed', 'meter-1', {form: 'jws', keyType: 'p256'});
	t.is(checkOf(await verify(signedLog(p256, 'jws'), only), 'device-signature'), 'skipped: signatures of type p256 cannot be checked here');
});

test('crypto that throws or rejects fails the signature', async t => {
	for (const broken of [
		() => Promise.reject(new Error('no')),
		() => {
			throw new Error('no');
		},
	])
		t.true(checkOf(await verify(signedLog(jws, 'jws'), {verifyDeviceSignature: broken}), 'device-signature').startsWith('fail'));
});
