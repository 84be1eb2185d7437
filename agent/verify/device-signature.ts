// Checks that a device signed the message that a receipt shows, and says whose key that was.

import {fromUtf8} from '../base/bytes.ts';
import type {Hasher} from '../base/hash.ts';
import type {Arrival} from '../format/arrival.ts';
import {type DeviceKey, deviceKeyProblem, deviceKeyThumbprint, formatDeviceKey, type VerifyDeviceSignature} from '../format/device-key.ts';
import {decodeDeviceSignature} from '../format/device-signature.ts';
import {type Entry, kinds, qualities} from '../format/entry.ts';
import type {IdentityBody} from '../format/identity.ts';
import {openSignedPayload} from '../format/signed-payload.ts';
import {type Check, fail, pass, type SignatureFacts, skipped} from './verdict.ts';

/** Whether something that the receipt shows says that the key was the device's when the message arrived; undefined if nothing there speaks of it. */
export type KeyOfDevice = (key: DeviceKey, entry: Entry) => {readonly isShown: boolean; readonly reason: string} | undefined;

export type SignatureNeeds = {
	readonly hasher: Hasher;
	readonly verifyDeviceSignature: VerifyDeviceSignature;
	readonly keyOfDevice: KeyOfDevice | undefined;
};

export type SignatureCheck = {readonly checks: readonly Check[]; readonly facts: SignatureFacts | undefined};

/** No checks where neither the entry nor the arrival speaks of a signature. The arrival MUST be what the entry came from; undefined where that is not shown. */
export async function checkDeviceSignature(needs: SignatureNeeds, arrival: Arrival | undefined, entry: Entry): Promise<SignatureCheck> {
	const isSaid = entry.kind === kinds.reading && (entry.quality & qualities.deviceSigned) !== 0;
	const only = (check: Check): SignatureCheck => ({checks: [check], facts: undefined});
	if (arrival === undefined)
		return isSaid ? only(skipped('device-signature', 'what the device signed is not shown')) : {checks: [], facts: undefined};
	if (arrival.deviceSignature.length === 0)
		return isSaid
			? only(fail('device-signature', 'the entry says that the device signed, the message has no signature'))
			: {checks: [], facts: undefined};
	if (!isSaid) return only(fail('device-signature', 'the message is signed by a device, the entry does not say so'));
	const kept = decodeDeviceSignature(arrival.deviceSignature);
	if (kept === undefined) return only(fail('device-signature', 'what is kept of the signature cannot be read'));
	const problem = deviceKeyProblem(kept.key);
	if (problem !== undefined) return only(fail('device-signature', `what is kept of the signature has no key: ${problem}`));
	const opened = openSignedPayload(arrival.payload);
	if ('problem' in opened) return only(fail('device-signature', `the payload is not signed: ${opened.problem}`));
	const {form, key} = kept;
	if (opened.form !== form) return only(fail('device-signature', `the payload is signed as ${opened.form}, not as ${form}`));
	const text = formatDeviceKey(key);
	const facts = {form, key: text, thumbprint: deviceKeyThumbprint(needs.hasher, key), payloadText: fromUtf8(opened.payload)};
	// Else a signature of one algorithm could be taken for one of another.
	if (opened.keyType !== undefined && opened.keyType !== key.type)
		return {checks: [fail('device-signature', `the payload is signed for a key of type ${opened.keyType}, not by ${text}`)], facts};
	let isGood: boolean | undefined;
	try {
		isGood = await needs.verifyDeviceSignature(key, opened.signedBytes, opened.signature);
	} catch {
		isGood = false;
	}
	if (isGood === undefined) return {checks: [skipped('device-signature', `signatures of type ${key.type} cannot be checked here`)], facts};
	if (!isGood) return {checks: [fail('device-signature', `the payload is not signed by ${text}`)], facts};
	return {checks: [pass('device-signature', `the payload is signed by ${text} (${form})`), checkKey(needs, key, text, entry)], facts};
}

/** What the identity of a device says of a key. It MUST be the device's, and the newest in front of the entry. */
export function keyOfIdentity({key: enrolled, event}: Pick<IdentityBody, 'key' | 'event'>): KeyOfDevice {
	return key => {
		const text = formatDeviceKey(key);
		if (event === 'revoked') return {isShown: false, reason: 'the device was revoked before'};
		if (enrolled === text) return {isShown: true, reason: `the log says that ${text} was the device's key`};
		return {isShown: false, reason: `the log says that the device's key was ${enrolled ?? 'none'}, not ${text}`};
	};
}

/** A signature alone shows that whoever has the key signed: the agent could have made a key of its own. */
function checkKey({keyOfDevice}: SignatureNeeds, key: DeviceKey, text: string, entry: Entry): Check {
	const found = keyOfDevice?.(key, entry);
	if (found === undefined) return skipped('device-key', `the key ${text} is not shown to be the device's`);
	return found.isShown ? pass('device-key', found.reason) : fail('device-key', found.reason);
}
