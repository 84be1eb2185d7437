// The composition root's part for the evidence of a slot: checks the file by itself, and the receipts of the entries that it rests on against a trust file.

import {toHex, toPrefixedHex, utf8} from './base/bytes.ts';
import {verifyDeviceSignature} from './base/device-signature.ts';
import {verifyEd25519} from './base/ed25519.ts';
import {AgentError} from './base/errors.ts';
import {keccak256} from './base/hash.ts';
import {nodeHasher} from './base/hash-node.ts';
import {parseDecimal} from './format/decimal.ts';
import {qualityNames, unsettledQualities} from './format/entry.ts';
import {deviceUrn, parseChannelUrn} from './format/subject.ts';
import type {Trust} from './format/trust.ts';
import {checkSlotEvidence, type EvidenceVerdict, type ReferredEntry} from './trade/evidence-check.ts';
import {parseSlotEvidence} from './trade/slot-evidence.ts';
import type {Facts} from './verify/verdict.ts';
import {createVerifier} from './verify/verifier.ts';

export type NamedFile = {readonly name: string; readonly bytes: Uint8Array};

export type CheckedEvidence = EvidenceVerdict & {
	readonly slot: number;
	/** Entries whose receipts were given and fit; those that were not given; and what is wrong with some, as sentences. */
	readonly receipts: {readonly good: number; readonly missing: number; readonly problems: readonly string[]};
};

/** Good is what fails no check and has no receipt that is wrong; receipts that are not given are counted, and no fault. Fails with FORMAT_INVALID. */
export async function checkEvidenceFile(
	file: NamedFile,
	receipts: readonly NamedFile[],
	trust: Trust | undefined,
): Promise<CheckedEvidence> {
	const parsed = parseSlotEvidence(file.bytes);
	if ('problem' in parsed) throw new AgentError('FORMAT_INVALID', `${file.name} is no evidence of a slot: ${parsed.problem}`);
	const verdict = checkSlotEvidence(parsed.value);
	const verifier = createVerifier({hasher: nodeHasher, verifySignature: verifyEd25519, verifyDeviceSignature});
	const problems: string[] = [];
	const shown = new Set<ReferredEntry>();
	const byReceipt = groupBy(verdict.entries, ({receipt}) => receipt);
	// A receipt can always be issued again, under a newer checkpoint: an entry that names none may be shown by any.
	const byIndex = groupBy(verdict.entries, ({receipt, index}) => (receipt === undefined ? index : undefined));
	for (const {name, bytes} of receipts) {
		const found = trust && (await verifier.verify(bytes, trust));
		const named = byReceipt.get(toHex(nodeHasher.sha256(bytes)));
		const entries = named ?? byIndex.get(found?.facts.entry?.index) ?? [];
		if (entries.length === 0) problems.push(`${name} is of no entry that the file rests on`);
		for (const entry of entries) {
			const problem = found?.good === true ? mismatch(entry, found.facts) : 'is not good; see: kedge verify';
			if (problem === undefined) shown.add(entry);
			else problems.push(`${name}, for ${entry.what}: ${problem}`);
		}
	}
	const good = shown.size;
	const missing = verdict.entries.length - good;
	return {...verdict, good: verdict.good && problems.length === 0, slot: parsed.value.header.slot, receipts: {good, missing, problems}};
}

function groupBy<Key>(
	entries: readonly ReferredEntry[],
	keyOf: (entry: ReferredEntry) => Key | undefined,
): Map<Key | undefined, ReferredEntry[]> {
	const groups = new Map<Key | undefined, ReferredEntry[]>();
	for (const entry of entries) {
		const key = keyOf(entry);
		if (key === undefined) continue;
		const group = groups.get(key);
		if (group === undefined) groups.set(key, [entry]);
		else group.push(entry);
	}
	return groups;
}

/** What no market settles from. */
const refusedQualities: readonly string[] = qualityNames(unsettledQualities);

/** What a good receipt says otherwise than the evidence. */
function mismatch({index, register}: ReferredEntry, {entry, channel}: Facts): string | undefined {
	if (entry === undefined || entry.index !== index) return `it is of entry ${entry?.index}, not ${index}`;
	if (register === undefined) return entry.kind === 'order' ? undefined : `entry ${index} is no order`;
	const {meter, quantity, number, registerWh, counterEpoch} = register;
	if (entry.kind !== 'reading' || entry.quantity !== quantity) return `entry ${index} is no ${quantity}`;
	if (entry.number !== number || entry.counterEpoch !== counterEpoch) return `entry ${index} has another number or epoch`;
	if (wholeWh(entry.value) !== BigInt(registerWh)) return `entry ${index} shows ${entry.value} Wh, not ${registerWh}`;
	const refused = entry.qualities.find(quality => refusedQualities.includes(quality));
	if (refused !== undefined) return `entry ${index} is ${refused}`;
	const deviceId = channel === undefined ? undefined : parseChannelUrn(channel)?.deviceId;
	if (deviceId === undefined) return `entry ${index} does not say whose it is`;
	return toPrefixedHex(keccak256(utf8(deviceUrn(deviceId)))) === meter
		? undefined
		: `entry ${index} is of device ${deviceId}, another meter`;
}

/** Rounded down, as every register is. */
function wholeWh(text: string | undefined): bigint | undefined {
	const decimal = text === undefined ? undefined : parseDecimal(text);
	if (decimal === undefined) return undefined;
	if (decimal.exponent >= 0) return decimal.digits * 10n ** BigInt(decimal.exponent);
	const divisor = 10n ** BigInt(-decimal.exponent);
	return decimal.digits / divisor - (decimal.digits < 0n && decimal.digits % divisor !== 0n ? 1n : 0n);
}
