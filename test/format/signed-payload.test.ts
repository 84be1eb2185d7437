import test from 'ava';
import fc from 'fast-check';
import {fromHex, fromUtf8, toBase64, toBase64Url, utf8} from '../../agent/base/bytes.ts';
import {createDeviceSigner, verifyDeviceSignature} from '../../agent/base/device-signature.ts';
import {sigStructure, writeCoseSign1} from '../../agent/format/cose.ts';
import type {DeviceKey} from '../../agent/format/device-key.ts';
import {fromDer, type NotOpened, openSignedPayload, type SignedPayload} from '../../agent/format/signed-payload.ts';
import {readStrictObject} from '../../agent/format/strict-json.ts';
import {createSimSigner, simSignedForms} from '../../sim/signing.ts';
import {ocmfSection, signedOcmf, toDer} from '../helpers/ocmf.ts';

const types = ['ed25519', 'p256', 'secp256k1'] as const;
const payload = '{"boot":"b1","seq":41,"note":"Zähler \\"A\\" 100 µ","kwh":"12.345"}';
const bytesOf = (message: string | Uint8Array): Uint8Array => (typeof message === 'string' ? utf8(message) : message);

const opened = (message: string | Uint8Array): SignedPayload => {
	const found = openSignedPayload(bytesOf(message));
	if ('problem' in found) throw new Error(found.problem);
	return found;
};
const notOpened = (message: string | Uint8Array): NotOpened => {
	const found = openSignedPayload(bytesOf(message));
	if (!('problem' in found)) throw new Error(`it was opened as ${found.form}`);
	return found;
};

/** What a reader with this key takes the message for. */
const accepted = (message: Uint8Array, key: DeviceKey): SignedPayload | undefined => {
	const found = openSignedPayload(message);
	if ('problem' in found || (found.keyType !== undefined && found.keyType !== key.type)) return undefined;
	return verifyDeviceSignature(key, found.signedBytes, found.signature) ? found : undefined;
};

const signers = types.map(type => createDeviceSigner(type, new Uint8Array(32).fill(9)));
const [ed25519, p256, secp256k1] = signers as [(typeof signers)[0], (typeof signers)[0], (typeof signers)[0]];

/** A message of each form and type of key. */
const messages: readonly {readonly name: string; readonly bytes: Uint8Array; readonly key: DeviceKey; readonly inside: string}[] = [
	...simSignedForms.flatMap(form =>
		types.map(keyType => {
			const {key, sign} = createSimSigner('seed', 'meter-1', {form, keyType});
			return {name: `${form} of ${keyType}`, bytes: bytesOf(sign(payload)), key, inside: payload};
		}),
	),
	...[p256, secp256k1].flatMap(signer =>
		(['hex', 'HEX', 'base64'] as const).map(encoding => {
			const bytes = signedOcmf(signer, {encoding});
			return {name: `ocmf in ${encoding} of ${signer.publicKey.type}`, bytes, key: signer.publicKey, inside: fromUtf8(bytes)!};
		}),
	),
	...[p256].map(signer => {
		const record = fromUtf8(signedOcmf(signer))!;
		return {name: 'ocmf in a JSON string', bytes: utf8(JSON.stringify(record)), key: signer.publicKey, inside: record};
	}),
];

for (const {name, bytes, key, inside} of messages) {
	test(`${name}: the payload inside is what the device signed`, t => {
		const found = accepted(bytes, key);
		t.is(fromUtf8(found!.payload), inside);
		t.true(name.startsWith(`${found!.form} `));
	});

	// With OpenSSL's secp256k1 every bit of every form takes seconds; every fifth is as good a sample.
	test(`${name}: no message with a flipped bit is taken`, t => {
		const step = key.type === 'secp256k1' ? 5 : 1;
		for (let bit = 0; bit < bytes.length * 8; bit += step) {
			const flipped = bytes.slice();
			flipped[bit >> 3]! ^= 1 << (bit & 7);
			if (accepted(flipped, key) !== undefined) t.fail(`bit ${bit} of ${name}`);
		}
		t.pass();
	});

	test(`${name}: no message with another byte, without one or with one more is taken`, t => {
		const step = key.type === 'secp256k1' ? 3 : 1;
		for (let at = 0; at < bytes.length; at += step) {
			for (const value of [0, 0x20, 0x22, 0x2e, 0x5c, 0x7c, 0x7f, 0xff])
				if (bytes[at] !== value && accepted(bytes.with(at, value), key) !== undefined) t.fail(`byte ${at} as ${value} of ${name}`);
			const shorter = Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + 1)]);
			// The tag of COSE_Sign1 may be left out.
			if (accepted(shorter, key) !== undefined && !(at === 0 && name.startsWith('cose'))) t.fail(`without byte ${at} of ${name}`);
		}
		// Behind JSON a line feed or a blank is white space.
		const isJson = !name.startsWith('jws of') && !name.startsWith('cose');
		for (const value of [0, 0x3d, 0x41, ...(isJson ? [] : [0x0a, 0x20])]) t.is(accepted(Uint8Array.of(...bytes, value), key), undefined);
		for (let end = 0; end < bytes.length; end += 1)
			if (accepted(bytes.subarray(0, end), key) !== undefined) t.fail(`${end} bytes of ${name}`);
		t.pass();
	});
}

test('the Ed25519 JWS of RFC 8037 A.4 is opened, and good', t => {
	const key = {type: 'ed25519', bytes: fromHex('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a')!} as const;
	const jws =
		'eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg';
	t.is(fromUtf8(accepted(utf8(jws), key)!.payload), 'Example of Ed25519 signing');
});

test('the ES256 JWS of RFC 7515 A.3 is opened, and good', t => {
	const x = Buffer.from('f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU', 'base64url');
	const y = Buffer.from('x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0', 'base64url');
	const key = {type: 'p256', bytes: Uint8Array.of(2 + (y[31]! & 1), ...x)} as const;
	const jws =
		'eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q';
	t.regex(fromUtf8(accepted(utf8(jws), key)!.payload)!, /^\{"iss":"joe"/);
});

test('the COSE_Sign1 of RFC 9052 C.2.1 is opened, and good', t => {
	const key = {type: 'p256', bytes: fromHex('02bac5b11cad8f99f9c72b05cf4b9e26d244dc189f745228255a219a86d6a09eff')!} as const;
	const message = fromHex(
		'd28443a10126a10442313154546869732069732074686520636f6e74656e742e58408eb33e4ca31d1c465ab05aac34cc6b23d58fef5c083106c4d25a91aef0b0117e2af9a291aa32e14ab834dc56ed2a223444547e01f11d3b0916e5a4c345cacb36',
	)!;
	const found = accepted(message, key);
	t.is(fromUtf8(found!.payload), 'This is the content.');
	t.is(found!.keyId, '3131');
	t.truthy(accepted(message.subarray(1), key), 'without its tag too');
});

const jwsWith = (header: string, body = payload): string => {
	const signed = `${toBase64Url(utf8(header))}.${toBase64Url(utf8(body))}`;
	return `${signed}.${toBase64Url(ed25519.sign(utf8(signed)))}`;
};

test('JWS algorithms that we take, by their older and newer names', t => {
	for (const [name, type] of [
		['EdDSA', 'ed25519'],
		['Ed25519', 'ed25519'],
		['ES256', 'p256'],
		['ES256K', 'secp256k1'],
	])
		t.is(opened(jwsWith(`{"alg":"${name}","kid":"key 1","typ":"JOSE"}`)).keyType, type as never);
	t.is(opened(jwsWith('{"alg":"EdDSA","kid":"key 1"}')).keyId, 'key 1');
	t.is(opened(jwsWith('{"alg":"EdDSA","x5c":["AA"],"jwk":{"kty":"OKP"},"iat":1.5e3}')).keyId, undefined);
});

const badHeaders: readonly (readonly [what: string, header: string, problem: RegExp])[] = [
	['alg none', '{"alg":"none"}', /algorithm "none" is none of EdDSA/],
	['alg NONE', '{"alg":"NoNe"}', /algorithm/],
	['alg HS256', '{"alg":"HS256"}', /algorithm "HS256"/],
	['no alg', '{"typ":"JWT"}', /algorithm missing/],
	['an alg that is a list', '{"alg":["EdDSA"]}', /algorithm of another type/],
	['alg twice', '{"alg":"EdDSA","alg":"EdDSA"}', /a member twice/],
	['an alg that is twice with an escape', '{"alg":"EdDSA","\\u0061lg":"none"}', /a member twice/],
	['a member twice further in', '{"alg":"EdDSA","jwk":{"a":1,"a":2}}', /a member twice/],
	['an unknown crit', '{"alg":"EdDSA","crit":["exp"],"exp":1}', /crit of another type is not understood/],
	['an empty crit', '{"alg":"EdDSA","crit":[]}', /crit/],
	['a crit that is no list', '{"alg":"EdDSA","crit":"b64","b64":false}', /crit/],
	['crit b64 twice', '{"alg":"EdDSA","crit":["b64","b64"],"b64":false}', /crit/],
	['crit without b64', '{"alg":"EdDSA","crit":["b64"]}', /do not belong together/],
	['b64 without crit', '{"alg":"EdDSA","b64":false}', /do not belong together/],
	['a b64 that is no truth value', '{"alg":"EdDSA","b64":"false","crit":["b64"]}', /neither true nor false/],
	['a header that is no object', '{"alg":"EdDSA"}x', /no JSON object/],
	['too deep a header', `{"alg":"EdDSA","a":${'['.repeat(20)}${']'.repeat(20)}}`, /no JSON object/],
	['a kid that is a number', '{"alg":"EdDSA","kid":7}', /kid/],
];

for (const [what, header, problem] of badHeaders) {
	test(`a JWS with ${what} is refused, attached and detached`, t => {
		const attached = notOpened(jwsWith(header));
		t.regex(attached.problem, problem);
		t.true(attached.isSigned);
		const jws = `${toBase64Url(utf8(header))}..${toBase64Url(new Uint8Array(64))}`;
		t.regex(notOpened(JSON.stringify({payload, jws})).problem, problem);
	});
}

test('an unencoded payload is taken detached only', t => {
	const header = '{"alg":"EdDSA","b64":false,"crit":["b64"]}';
	const signed = `${toBase64Url(utf8(header))}.${payload}`;
	const signature = toBase64Url(ed25519.sign(utf8(signed)));
	const message = JSON.stringify({payload, jws: `${toBase64Url(utf8(header))}..${signature}`});
	t.is(fromUtf8(accepted(utf8(message), ed25519.publicKey)!.payload), payload);
	t.regex(notOpened(`${toBase64Url(utf8(header))}.abc.${signature}`).problem, /only a detached one/);
});

test('a compact JWS must have its payload in it, three parts, and a signature of 64 bytes', t => {
	const [header, body, signature] = jwsWith('{"alg":"EdDSA"}').split('.') as [string, string, string];
	t.regex(notOpened(`${header}..${signature}`).problem, /somewhere else/);
	t.regex(notOpened(`${header}.${body}.`).problem, /64 bytes/);
	t.regex(notOpened(`${header}.${body}.${signature}.${signature}`).problem, /64 bytes/);
	t.regex(notOpened(`${header}.${body}.${signature}==`).problem, /64 bytes/);
	t.regex(notOpened(`${header}.${body}=.${signature}`).problem, /payload is not base64url/);
	t.regex(notOpened(`${header}.${body}.${signature.slice(0, -1)}`).problem, /64 bytes/);
	t.false(notOpened(`${header}.${body}`).isSigned);
	t.false(notOpened('12.5.7').isSigned);
	t.false(notOpened('').isSigned);
});

test('spare bits of base64url must be zero', t => {
	const message = jwsWith('{"alg":"EdDSA"}', 'ab');
	// "ab" ends in a digit of which two bits stand for nothing.
	const [header, body, signature] = message.split('.') as [string, string, string];
	t.truthy(opened(message));
	t.regex(notOpened(`${header}.${body.slice(0, -1)}${String.fromCharCode(body.charCodeAt(2) + 1)}.${signature}`).problem, /not base64url/);
});

test('a plain payload may name its algorithm, and carry base64, base64url or DER', t => {
	for (const signer of signers) {
		const raw = signer.sign(utf8(payload));
		const der = signer === ed25519 ? [] : [toBase64(toDer(raw)), toBase64Url(toDer(raw))];
		for (const sig of [toBase64(raw), toBase64Url(raw), ...der])
			t.is(fromUtf8(accepted(utf8(JSON.stringify({payload, sig})), signer.publicKey)!.payload), payload);
		t.is(opened(JSON.stringify({payload, sig: toBase64(raw)})).keyType, undefined);
	}
	const sig = toBase64(ed25519.sign(utf8(payload)));
	t.is(opened(JSON.stringify({payload, alg: 'EdDSA', sig})).keyType, 'ed25519');
	t.regex(notOpened(JSON.stringify({payload, alg: 'none', sig})).problem, /algorithm "none"/);
	t.regex(notOpened(JSON.stringify({payload, sig, extra: 1})).problem, /a member "extra"/);
	t.regex(notOpened(JSON.stringify({payload: {kwh: 1}, sig})).problem, /payload is no text/);
	t.regex(notOpened(JSON.stringify({payload, sig: sig.slice(4)})).problem, /no base64 of 64 bytes/);
	t.regex(notOpened(JSON.stringify({payload, sig: 7})).problem, /no base64/);
	t.true(notOpened(`{"payload":"a","payload":"b","sig":"${sig}"}`).isSigned);
});

test('JSON that is a reading, however large, is not signed', t => {
	for (const text of [
		'{"kwh":"12.0"}',
		'{"payload":"x"}',
		'{"sig":-70,"t":20}',
		' {"a":1}',
		'{',
		'[1,2]',
		'null',
		`{"a":"${'x'.repeat(10_000)}"}`,
		'\u00e9',
	])
		t.false(notOpened(text).isSigned, text.slice(0, 20));
	t.false(notOpened(new Uint8Array(2 ** 20 + 1)).isSigned);
});

test('a lone surrogate, which stands for no bytes, is refused', t => {
	t.is(readStrictObject('{"payload":"\\ud800"}'), undefined);
	t.is(readStrictObject('{"payload":"\\ud83d\\ude00"}')?.get('payload'), '😀');
	t.is(readStrictObject('{"payload":"\\\\uABCD"}')?.get('payload'), '\\uABCD');
	t.is(readStrictObject('{"payload":"\\uABCD"}'), undefined);
});

test('what the strict reader takes, JSON.parse takes for the same texts', t => {
	fc.assert(
		fc.property(
			fc.dictionary(fc.string({unit: 'grapheme'}), fc.oneof(fc.string({unit: 'grapheme'}), fc.boolean()), {maxKeys: 8}),
			object => {
				const read = readStrictObject(JSON.stringify(object));
				return (
					read !== undefined &&
					Object.entries(object).every(([key, value]) => read.get(key) === value) &&
					read.size === Object.keys(object).length
				);
			},
		),
	);
	for (const text of [
		'',
		'[]',
		'"a"',
		'{"a":01}',
		'{"a":1,}',
		'{"a" 1}',
		"{'a':1}",
		'{"a":\t1}',
		'{"a":tru}',
		'{"a":"\n"}',
		'{"a":1}}',
		'\ufeff{}',
	])
		t.is(readStrictObject(text), undefined, text);
	t.pass();
});

const coseWith = (protectedHex: string, unprotectedHex = 'a0', bodyHex?: string): Uint8Array => {
	const header = fromHex(protectedHex)!;
	const body = utf8(payload);
	const whole = writeCoseSign1(header, body, ed25519.sign(sigStructure(header, body)));
	const at = 3 + header.length;
	const rest = bodyHex === undefined ? whole.subarray(at + 1) : Uint8Array.of(...fromHex(bodyHex)!, ...whole.subarray(-66));
	return Uint8Array.of(...whole.subarray(0, at), ...fromHex(unprotectedHex)!, ...rest);
};

test('COSE algorithms that we take, by their older and newer numbers', t => {
	for (const [hex, type] of [
		['a10127', 'ed25519'],
		['a10132', 'ed25519'],
		['a10126', 'p256'],
		['a10128', 'p256'],
		['a101382e', 'secp256k1'],
	])
		t.is(opened(coseWith(hex!)).keyType, type as never);
	t.is(opened(coseWith('a2012704413a')).keyId, '3a');
	t.is(opened(coseWith('a10127', 'a104413a')).keyId, '3a');
	t.truthy(opened(coseWith('a3012702810119012cf5')));
	t.truthy(opened(coseWith('a201270f82a10102f6')));
});

const badCose: readonly (readonly [what: string, message: Uint8Array, problem: RegExp])[] = [
	['without an algorithm', coseWith('a0'), /algorithm undefined/],
	['with an algorithm that is not protected', coseWith('a0', 'a10127'), /algorithm undefined/],
	['with an algorithm in both headers', coseWith('a10127', 'a10127'), /label 1 is in both/],
	['with an algorithm twice', coseWith('a201270127'), /label 1 is there twice/],
	['with HMAC', coseWith('a10105'), /algorithm 5/],
	['with ES512', coseWith('a1013823'), /algorithm -36/],
	['with an algorithm by a text', coseWith('a101654564445341'), /algorithm EdDSA/],
	['with an unknown crit', coseWith('a3012702811901001901 00f5'.replaceAll(' ', '')), /crit is not understood/],
	['with an empty crit', coseWith('a201270280'), /crit is not understood/],
	['with something unprotected', coseWith('a10127', 'a10300'), /unprotected header has label 3/],
	['with its payload elsewhere', coseWith('a10127', 'a0', 'f6'), /somewhere else/],
	['with a number in a longer form', coseWith('a1013807'), /shortest form/],
	['with an indefinite header', coseWith('bf0127ff'), /indefinite/],
	['with a float in its header', coseWith('a20127 03fa00000000'.replaceAll(' ', '')), /no header needs/],
	['with too deep a header', coseWith('a201270f8181818181818100'), /too deep/],
	['with something behind its header', coseWith('a1012700'), /follows its protected header/],
	['with something behind it', Uint8Array.of(...coseWith('a10127'), 0), /follows it/],
	['with an empty protected header', coseWith(''), /too early/],
];

for (const [what, message, problem] of badCose) {
	test(`a COSE_Sign1 ${what} is refused`, t => {
		const found = notOpened(message);
		t.regex(found.problem, problem);
		t.true(found.isSigned);
	});
}

test('a kid in the unprotected header is the one thing that nothing signs, and nothing heeds', t => {
	const message = coseWith('a10127', 'a104413a');
	const at = message.indexOf(0x3a);
	t.is(fromUtf8(accepted(message.with(at, 0x3b), ed25519.publicKey)!.payload), payload);
});

test('an OCMF record has its defaults, and nothing else in its signature section', t => {
	const der = toDer(p256.sign(utf8(ocmfSection)));
	const hex = Buffer.from(der).toString('hex');
	const record = (signature: string): string => `OCMF|${ocmfSection}|${signature}`;
	t.is(accepted(utf8(record(`{\r\n  "SD": "${hex}"\n}`)), p256.publicKey)!.form, 'ocmf');
	t.is(
		accepted(utf8(record(`{"SA":"ECDSA-secp256r1-SHA256","SE":"hex","SM":"application/x-der","SD":"${hex}"}`)), p256.publicKey)!.form,
		'ocmf',
	);
	for (const [section, problem] of [
		[`{"SA":"ECDSA-secp192k1-SHA256","SD":"${hex}"}`, /algorithm "ECDSA-secp192k1-SHA256"/],
		[`{"SE":"base32","SD":"${hex}"}`, /no hex or base64/],
		[`{"SM":"text/plain","SD":"${hex}"}`, /of type "text\/plain"/],
		[`{"XA":"1","SD":"${hex}"}`, /a member "XA"/],
		['{"SA":"ECDSA-secp256r1-SHA256"}', /no hex/],
		[`{"SD":"${hex}","SD":"${hex}"}`, /a member twice/],
		[`{"SD":"${hex}"}|{}`, /OCMF\|payload\|signature/],
		[`{"SD":"${hex.slice(0, -2)}"}`, /no hex/],
		[`{"SD":"${hex.toUpperCase().replace('E', 'e')}${''}"}`, /no hex/],
	] as const)
		t.regex(notOpened(record(section)).problem, problem, section);
	t.regex(notOpened(`${JSON.stringify(record(`{"SD":"${hex}"}`))},"b":"c"`).problem, /no JSON string/);
	t.regex(notOpened(`OCMF|${ocmfSection}`).problem, /OCMF\|payload\|signature/);
});

test('a signature in DER has one spelling', t => {
	const raw = new Uint8Array(64).fill(1);
	const der = toDer(raw);
	t.deepEqual(fromDer(der), raw);
	t.is(fromDer(Uint8Array.of(...der, 0)), undefined);
	t.is(fromDer(Uint8Array.of(0x30, 0x81, ...der.subarray(1))), undefined);
	t.is(fromDer(fromHex('300702020001020101')!), undefined, 'a superfluous zero');
	t.is(fromDer(fromHex('3006020181020101')!), undefined, 'a negative number');
	t.is(fromDer(fromHex('300602000201010000')!), undefined, 'an empty number');
	t.is(fromDer(new Uint8Array(0)), undefined);
	const high = new Uint8Array(64).fill(0xff);
	t.deepEqual(fromDer(toDer(high)), high);
});

test('what one form signs is never the payload of another', t => {
	// Whoever has a signed JWS can show what was signed as plain: it is good, and no decoder reads it.
	const jws = jwsWith('{"alg":"EdDSA"}');
	const [header, body, signature] = jws.split('.') as [string, string, string];
	const asPlain = accepted(utf8(JSON.stringify({payload: `${header}.${body}`, sig: signature})), ed25519.publicKey);
	t.regex(fromUtf8(asPlain!.payload)!, /^eyJ/);
	// A plain payload is no signing input of a JWS, and Sig_structure is no text.
	t.is(fromUtf8(sigStructure(fromHex('a10127')!, utf8(payload))), undefined);
});

test('any bytes are answered without a throw', t => {
	const starts = ['', 'OCMF|', '{"payload":"', '{"sig":"', 'eyJ', 'eyJhbGciOiJFZERTQSJ9.'].map(text => [...utf8(text)]);
	const begin = fc.constantFrom(...starts, [0xd2, 0x84], [0xd2, 0x84, 0x43, 0xa1, 0x01, 0x27], [0x84, 0x40]);
	fc.assert(
		fc.property(
			begin,
			fc.uint8Array({maxLength: 200}),
			(first, rest) => typeof openSignedPayload(Uint8Array.of(...first, ...rest)) === 'object',
		),
		{numRuns: 3000},
	);
	t.pass();
});
