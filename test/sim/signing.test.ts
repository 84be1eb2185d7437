import test from 'ava';
import {fromUtf8, utf8} from '../../agent/base/bytes.ts';
import {verifyDeviceSignature} from '../../agent/base/device-signature.ts';
import {deviceKeyProblem, formatDeviceKey} from '../../agent/format/device-key.ts';
import {openSignedPayload} from '../../agent/format/signed-payload.ts';
import {createSimSigner, simSignedForms} from '../../sim/signing.ts';

const types = ['ed25519', 'p256', 'secp256k1'] as const;

test('every form of every type of key is read back and is good, text or bytes', t => {
	for (const form of simSignedForms) {
		for (const keyType of types) {
			const {key, sign} = createSimSigner('seed', 'home-01', {form, keyType});
			for (const payload of ['{"a":"\u00e9\\n"}', '']) {
				// An empty payload of a compact JWS cannot be told from one that is somewhere else.
				if (payload === '' && form === 'jws') continue;
				const message = sign(payload);
				const opened = openSignedPayload(typeof message === 'string' ? utf8(message) : message);
				if ('problem' in opened) {
					t.fail(`${form} of ${keyType}: ${opened.problem}`);
					continue;
				}
				t.is(opened.form, form);
				t.is(opened.keyType, form === 'plain' ? undefined : keyType);
				t.is(fromUtf8(opened.payload), payload);
				t.true(verifyDeviceSignature(key, opened.signedBytes, opened.signature));
			}
			t.deepEqual(sign(utf8('{}')).length, sign('{}').length);
		}
	}
});

test('the seed, the device, the type and the number fix a key, whatever the form', t => {
	const keyOf = (...args: Parameters<typeof createSimSigner>): string => formatDeviceKey(createSimSigner(...args).key);
	const first = keyOf('seed', 'home-01', {form: 'jws'});
	t.is(keyOf('seed', 'home-01', {form: 'cose', keyType: 'ed25519', keyNumber: 1}), first);
	const others = [
		keyOf('other', 'home-01', {form: 'jws'}),
		keyOf('seed', 'home-02', {form: 'jws'}),
		keyOf('seed', 'home-01', {form: 'jws', keyNumber: 2}),
		keyOf('seed', 'home-01', {form: 'jws', keyType: 'p256'}),
		keyOf('seed', 'home-01', {form: 'jws', keyType: 'secp256k1'}),
	];
	t.is(new Set([first, ...others]).size, 6);
	for (const keyType of types) t.is(deviceKeyProblem(createSimSigner('seed', 'home-01', {form: 'jws', keyType}).key), undefined);
});
