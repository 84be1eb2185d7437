// Checks what a receipt shows of a device: that the log says so, under the same checkpoint, in front of the reading; and what of it held then.

import {equalBytes} from '../base/bytes.ts';
import type {Hasher} from '../base/hash.ts';
import {parseOrigin} from '../format/checkpoint.ts';
import {formatDeviceKey} from '../format/device-key.ts';
import {decodeEntry, type Entry, entryLeafHash, entryProblem, type Index, kinds, qualities, sourceHash} from '../format/entry.ts';
import {decodeIdentity, type IdentityBody} from '../format/identity.ts';
import type {IdentityEvidence} from '../format/receipt.ts';
import {deviceUrn, parseChannelUrn, subjectHash} from '../format/subject.ts';
import {tags} from '../format/tags.ts';
import {parseTlogProof, type TlogProof} from '../format/tlog-proof.ts';
import {isIncluded} from '../merkle/check.ts';
import type {KeyOfDevice} from './device-signature.ts';
import {timeText} from './note-words.ts';
import {type Check, fail, type IdentityFacts, pass} from './verdict.ts';

/** What is shown of the device; the key that it had then, for those who check signatures. */
export type IdentityCheck = {
	readonly check: Check;
	readonly facts: IdentityFacts | undefined;
	readonly keyOfDevice: KeyOfDevice | undefined;
};

export type Shown = {
	readonly identity: IdentityEvidence;
	/** Of the receipt's own entry. */
	readonly proof: TlogProof;
	readonly head: {readonly origin: string; readonly size: number; readonly root: Uint8Array};
	readonly entry: Entry;
	/** URN of the channel, where the receipt opens it. */
	readonly channel: string | undefined;
};

/** A file may claim times that are no dates. */
const dayText = (timeMs: number): string => timeText(timeMs).slice(0, 24);

export function checkIdentity(hasher: Hasher, shown: Shown): IdentityCheck {
	const wrong = (reason: string): IdentityCheck => ({check: fail('identity', reason), facts: undefined, keyOfDevice: undefined});
	const {identity, proof, head, entry, channel} = shown;
	const own = parseTlogProof(identity.proof);
	if (own === undefined) return wrong('what is shown of the device has no proof that can be read');
	if (own.checkpoint !== proof.checkpoint) return wrong('what is shown of the device is proven under another checkpoint');
	const problem = entryProblem(identity.entry);
	if (problem !== undefined) return wrong(`what is shown of the device: ${problem}`);
	const statement = decodeEntry(identity.entry);
	if (statement.kind !== kinds.identity) return wrong('what is shown of the device is an entry of another kind');
	const leaf = entryLeafHash(hasher, identity.entry);
	if (!isIncluded(hasher, {index: own.index, size: head.size, root: head.root, leaf, path: own.path}))
		return wrong(`the path does not show that what is said of the device is at index ${own.index}`);
	if (own.index >= proof.index)
		return wrong(`what is said of the device, at ${own.index}, is not in front of the entry, at ${proof.index}`);
	const device = channel === undefined ? undefined : parseChannelUrn(channel)?.deviceId;
	if (device === undefined) return wrong('the receipt names no channel of a device');
	const {urn, secret} = identity.subject;
	const log = parseOrigin(head.origin);
	const subject = log && subjectHash(hasher, {logName: log.logName, secret, urn});
	if (urn !== deviceUrn(device) || subject === undefined || !equalBytes(subject, statement.subject))
		return wrong(`what is shown is not said of ${deviceUrn(device)}`);
	const {salt, record} = identity.body;
	const body = decodeIdentity(record);
	if (!equalBytes(sourceHash(hasher, tags.body, salt, record), statement.source) || body === undefined || body.urn !== urn)
		return wrong('what is shown of the device is not what its entry came from');
	return judge(body, own.index, entry);
}

/** What held of the device when the entry was made, as far as the log said it there. */
function judge(body: IdentityBody, index: Index, entry: Entry): IdentityCheck {
	const {event, key, certificate, calibration, owner, registry} = body;
	const measuredMs = entry.measuredAtMs === 0 ? entry.arrivedAtMs : entry.measuredAtMs;
	const isCalibrated =
		calibration &&
		measuredMs >= Date.parse(`${calibration.notBefore}T00:00:00.000Z`) &&
		measuredMs <= Date.parse(`${calibration.notAfter}T23:59:59.999Z`);
	const facts: IdentityFacts = {urn: body.urn, event, index, key, certificate, calibration, isCalibrated, owner, registry};
	const said = `the log says at index ${index} who the device is (${event})`;
	const keyOfDevice: KeyOfDevice = signer => {
		const text = formatDeviceKey(signer);
		if (key === undefined) return {isShown: false, reason: `the log names no key for the device at index ${index}, but ${text} signed`};
		return key === text
			? {isShown: true, reason: `${text} is the key that the log names for the device at index ${index}`}
			: {isShown: false, reason: `the log names ${key} for the device at index ${index}, but ${text} signed`};
	};
	const failed = (reason: string): IdentityCheck => ({check: fail('identity', reason), facts, keyOfDevice});
	// Else somebody who was shown an earlier entry would think that it is the newest one.
	const parts = [`${said}; that it said nothing else of it up to this entry is not shown`];
	if ((entry.quality & qualities.correction) !== 0) {
		parts.push('the owner put this reading in place of one of the device: none of that speaks for it');
		return {check: pass('identity', parts.join('; ')), facts, keyOfDevice};
	}
	if (event === 'revoked') return failed(`the device was revoked at index ${index}, in front of this entry`);
	if (key !== undefined && (entry.quality & qualities.deviceSigned) === 0) parts.push('it has a key, which did not sign this reading');
	if (certificate?.notAfterMs !== undefined) {
		const isEarly = certificate.notBeforeMs !== undefined && entry.arrivedAtMs < certificate.notBeforeMs;
		const state = isEarly ? 'did not hold yet' : entry.arrivedAtMs <= certificate.notAfterMs ? 'held' : 'no longer held';
		parts.push(
			`its certificate ${certificate.sha256.slice(0, 16)}… ${state} when the message arrived (until ${dayText(certificate.notAfterMs)})`,
		);
	}
	if (calibration !== undefined) {
		const isMarked = (entry.quality & qualities.uncalibrated) !== 0;
		// A device may say of itself that it is not calibrated; the reverse would be a lie of the log.
		if (!isCalibrated && !isMarked)
			return failed(
				`it was measured outside of its calibration (${calibration.notBefore} to ${calibration.notAfter}), and the entry does not say so`,
			);
		parts.push(
			`its calibration certificate ${calibration.number ?? `${calibration.sha256.slice(0, 16)}…`} ${isCalibrated ? 'held' : 'did not hold'} when it was measured (${calibration.notBefore} to ${calibration.notAfter})`,
		);
	}
	return {check: pass('identity', parts.join('; ')), facts, keyOfDevice};
}
