import test from 'ava';
import {fromUtf8, utf8} from '../../agent/base/bytes.ts';
import {createDeviceSigner, verifyDeviceSignature, verifyDeviceSignatureAside} from '../../agent/base/device-signature.ts';
import {decodeDeviceSignature} from '../../agent/format/device-signature.ts';
import type {Refused} from '../../agent/ingest/refusal.ts';
import {createSignatureGate, type Opened, refusedSince, type SignatureNeeds, type Signing} from '../../agent/ingest/signatures.ts';
import {createSimSigner, simSignedForms} from '../../sim/signing.ts';
import {signedOcmf} from '../helpers/ocmf.ts';

type Delivery = {readonly payload: Uint8Array; readonly topic: string};

const bytesOf = (message: string | Uint8Array): Uint8Array => (typeof message === 'string' ? utf8(message) : message);
const delivery = (message: string | Uint8Array): Delivery => ({payload: bytesOf(message), topic: 't'});
const signer = createSimSigner('seed', 'm-1', {form: 'jws'});
const other = createSimSigner('seed', 'm-2', {form: 'jws'});
const signing: Signing = {keys: [signer.key], mustSign: true};

const textOf = (result: Opened | Refused): string => ('refused' in result ? result.refused : fromUtf8(result.payload)!);

/** A gate whose checks wait until they are let go, in any order. */
function heldGate(): {
	readonly gate: ReturnType<typeof createSignatureGate<Delivery>>;
	readonly held: (() => void)[];
	readonly results: string[];
	readonly take: (device: string, how: Signing | undefined, message: string | Uint8Array) => void;
} {
	const held: (() => void)[] = [];
	const verify: SignatureNeeds['verify'] = (key, message, signature, done) => {
		held.push(() => done(verifyDeviceSignature(key, message, signature)));
	};
	const gate = createSignatureGate<Delivery>({verify});
	const results: string[] = [];
	const take = (device: string, how: Signing | undefined, message: string | Uint8Array): void =>
		gate.take(device, how, delivery(message), result => results.push(`${device} ${textOf(result)}`));
	return {gate, held, results, take};
}

/** What a real gate, with real threads, makes of one message. */
const taken = (how: Signing | undefined, message: string | Uint8Array): Promise<Opened | Refused> =>
	new Promise(resolve =>
		createSignatureGate<Delivery>({verify: verifyDeviceSignatureAside}).take('m-1', how, delivery(message), result => resolve(result)),
	);
const refusalOf = async (how: Signing | undefined, message: string | Uint8Array): Promise<string> => {
	const result = await taken(how, message);
	return 'refused' in result ? result.refused : 'none';
};

test('a signed message of each form gives the payload inside, and says with which key it was checked', async t => {
	for (const form of simSignedForms) {
		for (const keyType of ['ed25519', 'p256', 'secp256k1'] as const) {
			const {key, sign} = createSimSigner('seed', 'm-1', {form, keyType});
			const result = await taken({keys: [key], mustSign: true}, sign('{"kwh":"1.5"}'));
			t.is(textOf(result), '{"kwh":"1.5"}');
			t.deepEqual('refused' in result ? undefined : decodeDeviceSignature(result.deviceSignature), {form, key});
		}
	}
	const meter = createDeviceSigner('secp256k1', new Uint8Array(32).fill(3));
	const record = signedOcmf(meter);
	t.is(textOf(await taken({keys: [meter.publicKey], mustSign: true, form: 'ocmf'}, record)), fromUtf8(record)!);
});

test('a device without a key passes at once, as it is, signed or not', t => {
	const {gate, results, take} = heldGate();
	take('m-1', undefined, 'one');
	take('m-1', {keys: [], mustSign: true}, signer.sign('two'));
	t.is(results.length, 2);
	t.is(results[0], 'm-1 one');
	t.is(gate.waiting(), 0);
	const one = delivery('x');
	gate.take('m-1', undefined, one, (_, back) => t.is(back, one, 'not even copied'));
});

test('a device that must sign and does not is refused, one that need not passes', async t => {
	t.is(await refusalOf(signing, '{"kwh":"1.5"}'), 'signature-missing');
	const result = await taken({...signing, mustSign: false}, '{"kwh":"1.5"}');
	t.is(textOf(result), '{"kwh":"1.5"}');
	t.is('refused' in result ? -1 : result.deviceSignature.length, 0);
	t.is(await refusalOf({...signing, mustSign: false}, other.sign('{}')), 'signature-wrong', 'what is signed must be signed well');
	t.is(await refusalOf({...signing, mustSign: false}, '{"payload":"{}","sig":""}'), 'signature-malformed');
});

test('a signature of another key, of another type or in another form is refused', async t => {
	t.is(await refusalOf(signing, other.sign('{}')), 'signature-wrong');
	const p256 = createSimSigner('seed', 'm-1', {form: 'jws', keyType: 'p256'});
	t.is(await refusalOf(signing, p256.sign('{}')), 'signature-wrong');
	t.is(await refusalOf({keys: [p256.key], mustSign: true}, signer.sign('{}')), 'signature-wrong');
	t.is(await refusalOf({...signing, form: 'cose'}, signer.sign('{}')), 'signature-malformed');
	t.is(await refusalOf({...signing, form: 'jws'}, signer.sign('{}')), 'none');
	t.is(await refusalOf(signing, 'eyJhbGciOiJub25lIn0.e30.'), 'signature-malformed');
});

test('while a key takes the place of another both count, and the one that fits is told', async t => {
	const both: Signing = {keys: [other.key, signer.key], mustSign: true};
	for (const one of [signer, other]) {
		const result = await taken(both, one.sign('{}'));
		t.deepEqual('refused' in result ? undefined : decodeDeviceSignature(result.deviceSignature)?.key, one.key);
	}
	t.is(await refusalOf(both, createSimSigner('seed', 'm-3', {form: 'jws'}).sign('{}')), 'signature-wrong');
});

test('no bit of a signed message can be flipped', async t => {
	for (const form of simSignedForms) {
		const one = createSimSigner('seed', 'm-1', {form});
		const message = bytesOf(one.sign('{"kwh":"1.5"}'));
		const gate = createSignatureGate<Delivery>({verify: verifyDeviceSignatureAside});
		const results = await Promise.all(
			Array.from({length: message.length * 8}, (_, bit) => {
				const flipped = message.with(bit >> 3, message[bit >> 3]! ^ (1 << (bit & 7)));
				return new Promise<Opened | Refused>(resolve =>
					gate.take('m-1', {keys: [one.key], mustSign: true}, delivery(flipped), result => resolve(result)),
				);
			}),
		);
		const reasons = new Set(results.map(result => ('refused' in result ? result.refused : 'none')));
		t.false(reasons.has('none'), form);
		t.true(reasons.has('signature-wrong') && reasons.has('signature-malformed'), form);
		t.is(gate.waiting(), 0);
	}
});

test('the messages of a device keep their order, whichever is checked first', t => {
	const {gate, held, results, take} = heldGate();
	const loose = {...signing, mustSign: false};
	take('m-1', loose, signer.sign('1'));
	take('m-1', loose, '2');
	take('m-1', loose, other.sign('3'));
	take('m-1', loose, signer.sign('4'));
	take('m-1', undefined, '5');
	take('m-2', undefined, 'of another device');
	t.deepEqual(results, ['m-2 of another device']);
	t.is(gate.waiting(), 5);
	held[2]!();
	held[1]!();
	t.is(results.length, 1);
	held[0]!();
	t.deepEqual(results.slice(1), ['m-1 1', 'm-1 2', 'm-1 signature-wrong', 'm-1 4', 'm-1 5']);
	t.is(gate.waiting(), 0);
	take('m-1', loose, '6');
	t.is(results.at(-1), 'm-1 6', 'and then nothing waits any more');
});

test('who is handed a result may hand in the next message', t => {
	const held: (() => void)[] = [];
	const gate = createSignatureGate<Delivery>({verify: (_key, _message, _signature, done) => held.push(() => done(true))});
	const results: string[] = [];
	const note = (result: Opened | Refused): unknown => results.push(textOf(result));
	gate.take('m-1', signing, delivery(signer.sign('1')), result => {
		note(result);
		gate.take('m-1', undefined, delivery('3'), note);
	});
	gate.take('m-1', undefined, delivery('2'), note);
	held[0]!();
	t.deepEqual(results, ['1', '2', '3']);
	t.is(gate.waiting(), 0);
});

test('a message counts no more if its key was replaced while it was checked', async t => {
	const opened = (await taken(signing, signer.sign('{}'))) as Opened;
	const plain: Opened = {payload: utf8('{}'), deviceSignature: new Uint8Array(0)};
	const sameBytes = {type: signer.key.type, bytes: signer.key.bytes.slice()};
	t.is(refusedSince({keys: [sameBytes], mustSign: true}, opened), undefined);
	t.is(refusedSince({keys: [other.key, sameBytes], mustSign: true}, opened), undefined);
	t.is(refusedSince({keys: [other.key], mustSign: false}, opened)?.refused, 'signature-wrong');
	t.is(refusedSince(undefined, opened)?.refused, 'signature-wrong');
	t.is(refusedSince(undefined, plain), undefined);
	t.is(refusedSince({...signing, mustSign: false}, plain), undefined);
	t.is(refusedSince(signing, plain)?.refused, 'signature-missing');
});

test('what waits is copied, so that the buffer it came in may be used again', t => {
	const {held, results, gate} = heldGate();
	const one = {payload: bytesOf(signer.sign('1')).slice(), topic: 't'};
	gate.take('m-1', signing, one, (result, back) => {
		results.push(textOf(result));
		t.deepEqual(back.payload, bytesOf(signer.sign('1')));
		t.is(back.topic, 't');
	});
	one.payload.fill(0);
	held[0]!();
	t.deepEqual(results, ['1']);
});

test('few signatures are at the threads at once, and what waits is bounded by number', async t => {
	const {gate, held, results, take} = heldGate();
	const message = signer.sign('{}');
	for (let i = 0; i < 4095; i += 1) take(`m-${i % 100}`, signing, message);
	t.is(held.length, 32);
	t.is(gate.pressure(), undefined);
	take('m-0', signing, message);
	const room = gate.pressure();
	t.not(room, undefined);
	t.is(gate.pressure(), room);
	held[0]!();
	t.is(held.length, 33, 'the next is checked as soon as one is done');
	await room;
	t.is(gate.pressure(), undefined);
	for (let i = 1; i < held.length; i += 1) held[i]!();
	t.is(results.length, 4096);
	t.is(gate.waiting(), 0);
});

test('what waits is bounded by bytes', async t => {
	const {gate, held, take} = heldGate();
	const large = signer.sign('x'.repeat(700_000));
	for (let i = 0; i < 9; i += 1) {
		t.is(gate.pressure(), undefined);
		take('m-1', signing, large);
	}
	const room = gate.pressure();
	t.not(room, undefined);
	for (let i = 0; i < held.length; i += 1) held[i]!();
	await room;
	t.is(gate.pressure(), undefined);
});
