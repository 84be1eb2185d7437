// What the log says of a device: who may speak as it, with which key and certificates. The body of an identity entry, as canonical JSON.

import {equalBytes, utf8} from '../base/bytes.ts';
import {parseObject} from './body.ts';
import {identityKinds} from './entry.ts';

export type IdentityEvent = keyof typeof identityKinds;

export type IdentityBody = {
	readonly event: IdentityEvent;
	/** `urn:kedge:device:ID` */
	readonly urn: string;
	/** The public key that its messages are signed with: `ed25519:`, `p256:` or `secp256k1:`, and base64. */
	readonly key?: string | undefined;
	/** The client certificate that it connects with: SHA-256 of its DER, and when it holds. */
	readonly certificate?:
		| {readonly sha256: string; readonly notBeforeMs?: number | undefined; readonly notAfterMs?: number | undefined}
		| undefined;
	/** It has a password. The password, and its hash, are in no entry. */
	readonly password?: boolean | undefined;
	readonly topics?: readonly string[] | undefined;
	/** The device that speaks for it. */
	readonly via?: string | undefined;
	readonly quantities?:
		| Readonly<Record<string, {readonly min?: string | undefined; readonly max?: string | undefined; readonly unit?: string | undefined}>>
		| undefined;
	readonly maxPowerW?: number | undefined;
	readonly cadenceSeconds?: number | undefined;
	/** The certificate's file by its SHA-256, and the days on which it holds, both ends included. */
	readonly calibration?:
		| {readonly sha256: string; readonly number?: string | undefined; readonly notBefore: string; readonly notAfter: string}
		| undefined;
	/** The account that it belongs to, where it is bound on a chain: `eip155:CHAIN:0x…` [CAIP-10]. */
	readonly owner?: string | undefined;
	/** The DeviceRegistry that says so, in the same form. */
	readonly registry?: string | undefined;
	/** Why, in the owner's words. */
	readonly reason?: string | undefined;
};

export const identityBytesMax = 64 * 1024;

/** Members in one order, those that are not there left out. */
export function encodeIdentity(body: IdentityBody): Uint8Array {
	const {event, urn, key, certificate, password, topics, via, quantities, maxPowerW, cadenceSeconds, calibration, owner, registry, reason} =
		body;
	return utf8(
		JSON.stringify({
			event,
			urn,
			key,
			certificate: certificate && {sha256: certificate.sha256, notBeforeMs: certificate.notBeforeMs, notAfterMs: certificate.notAfterMs},
			password,
			topics,
			via,
			quantities:
				quantities &&
				Object.fromEntries(
					Object.entries(quantities)
						.sort(([a], [b]) => (a < b ? -1 : 1))
						.map(([name, {min, max, unit}]) => [name, {min, max, unit}]),
				),
			maxPowerW,
			cadenceSeconds,
			calibration: calibration && {
				sha256: calibration.sha256,
				number: calibration.number,
				notBefore: calibration.notBefore,
				notAfter: calibration.notAfter,
			},
			owner,
			registry,
			reason,
		}),
	);
}

/** The reverse; undefined if the bytes are not an identity in the one form that encodeIdentity writes. */
export function decodeIdentity(bytes: Uint8Array): IdentityBody | undefined {
	const parsed = parseObject(bytes, identityBytesMax);
	return isIdentity(parsed) && equalBytes(encodeIdentity(parsed), bytes) ? parsed : undefined;
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const isTextMaybe = (value: unknown): boolean => value === undefined || typeof value === 'string';
const isCountMaybe = (value: unknown): boolean => value === undefined || (Number.isSafeInteger(value) && (value as number) >= 0);
const isDigest = (value: unknown): boolean => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
const isDay = (value: unknown): boolean => typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value);

function isIdentity(value: unknown): value is IdentityBody {
	if (!isRecord(value) || typeof value.event !== 'string' || !Object.hasOwn(identityKinds, value.event) || typeof value.urn !== 'string')
		return false;
	const {certificate, password, topics, quantities, calibration} = value;
	return (
		[value.key, value.via, value.owner, value.registry, value.reason].every(isTextMaybe) &&
		[value.maxPowerW, value.cadenceSeconds].every(isCountMaybe) &&
		(password === undefined || typeof password === 'boolean') &&
		(topics === undefined || (Array.isArray(topics) && topics.every(topic => typeof topic === 'string'))) &&
		(certificate === undefined ||
			(isRecord(certificate) && isDigest(certificate.sha256) && [certificate.notBeforeMs, certificate.notAfterMs].every(isCountMaybe))) &&
		(quantities === undefined ||
			(isRecord(quantities) &&
				Object.values(quantities).every(limits => isRecord(limits) && [limits.min, limits.max, limits.unit].every(isTextMaybe)))) &&
		(calibration === undefined ||
			(isRecord(calibration) &&
				isDigest(calibration.sha256) &&
				isTextMaybe(calibration.number) &&
				[calibration.notBefore, calibration.notAfter].every(isDay)))
	);
}
