// What an arrival keeps beside a signed payload: the form in which it was signed and the key that it was checked with. The signature itself is in the payload.

import {concatBytes} from '../base/bytes.ts';
import {type DeviceKey, keyLength, keyTypeCode, keyTypeOfCode} from './device-key.ts';
import {type SignedForm, signedForms} from './signed-payload.ts';

export type DeviceSignature = {readonly form: SignedForm; readonly key: DeviceKey};

const version = 1;
const headLength = 3;

/** Version (1 byte), code of the form, code of the key's type, public key: 35 or 36 bytes. Arrivals of devices that do not sign have none of them. */
export function encodeDeviceSignature({form, key}: DeviceSignature): Uint8Array {
	return concatBytes(Uint8Array.of(version, 1 + signedForms.indexOf(form), keyTypeCode(key.type)), key.bytes);
}

/** The reverse; undefined if the bytes are anything else. Whether the key lies on its curve is not looked at. */
export function decodeDeviceSignature(bytes: Uint8Array): DeviceSignature | undefined {
	const form = signedForms[(bytes[1] ?? 0) - 1];
	const type = keyTypeOfCode(bytes[2] ?? 0);
	if (bytes[0] !== version || form === undefined || type === undefined || bytes.length !== headLength + keyLength(type)) return undefined;
	return {form, key: {type, bytes: bytes.slice(headLength)}};
}
