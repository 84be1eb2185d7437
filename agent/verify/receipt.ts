// Checks a receipt: one entry, its proof, and what opens it.

import {toBase64} from '../base/bytes.ts';
import type {Hasher} from '../base/hash.ts';
import {decodeEntry, entryLeafHash, entryProblem, entryVersion} from '../format/entry.ts';
import {parseReceipt} from '../format/receipt.ts';
import {parseTlogProof} from '../format/tlog-proof.ts';
import type {Trust} from '../format/trust.ts';
import {isIncluded} from '../merkle/check.ts';
import {type ChainReader, checkAnchors, claimedAnchors, uncheckedAnchors} from './anchors.ts';
import {arrivalFacts, checkArrival} from './arrival.ts';
import {checkBeacon} from './beacon.ts';
import {boundOfBlock} from './blocks.ts';
import {bracketOf, type TimeBound} from './bracket.ts';
import {createChannelCheck} from './channel.ts';
import {checkDeviceSignature, type SignatureNeeds} from './device-signature.ts';
import {describeEntry} from './facts.ts';
import type {HeadChecker} from './head.ts';
import {checkIdentity} from './identity.ts';
import {type Check, conclude, fail, isCommitted, noFacts, pass, skipped, type Verdict} from './verdict.ts';

export type Needs = SignatureNeeds & {readonly hasher: Hasher; readonly checkHead: HeadChecker; readonly chain: ChainReader | undefined};

const afterForm = ['entry', 'checkpoint', 'signature', 'inclusion', 'channel', 'arrival', 'pinned'] as const;

export async function verifyReceipt(needs: Needs, bytes: Uint8Array, trust: Trust): Promise<Verdict> {
	const {hasher, checkHead, chain} = needs;
	const unreadable = (problem: string): Verdict => {
		const rest = afterForm.map(name => skipped(name, 'the receipt could not be read'));
		return conclude('receipt', [fail('form', problem), ...rest], noFacts);
	};
	const parsed = parseReceipt(hasher, bytes);
	if ('problem' in parsed) return unreadable(parsed.problem);
	const receipt = parsed.value;
	const proof = parseTlogProof(receipt.proof);
	if (proof === undefined) return unreadable('its proof is not a tlog-proof');

	const checks: Check[] = [pass('form', 'it is whole and canonical')];
	const problem = entryProblem(receipt.entry);
	const entry = problem === undefined ? decodeEntry(receipt.entry) : undefined;
	checks.push(problem === undefined ? pass('entry', `an entry of version ${entryVersion}`) : fail('entry', problem));

	const {checks: headChecks, head} = await checkHead(proof.checkpoint, trust);
	checks.push(...headChecks);
	if (head === undefined) {
		checks.push(skipped('inclusion', 'there is no checkpoint to lead to'), skipped('channel', 'there is no checkpoint to name the log'));
	} else {
		const {origin, size, root} = head;
		const {index, path} = proof;
		const isThere = isIncluded(hasher, {index, size, root, leaf: entryLeafHash(hasher, receipt.entry), path});
		const where = `index ${index} of the tree of size ${size}`;
		checks.push(
			isThere
				? pass('inclusion', `the entry is at ${where}`)
				: fail('inclusion', `the path does not show that the entry is at ${where} with the checkpoint's root`),
		);
		if (receipt.subject === undefined) checks.push(skipped('channel', 'the channel is not named'));
		else if (entry === undefined) checks.push(skipped('channel', 'the entry could not be read'));
		else {
			const wrong = createChannelCheck(hasher, receipt.subject, origin)(entry);
			checks.push(wrong === undefined ? pass('channel', `the entry is of ${receipt.subject.urn}`) : fail('channel', wrong));
		}
	}

	const source = entry === undefined ? undefined : checkArrival(hasher, receipt.arrival, entry, proof.index);
	checks.push(source?.check ?? skipped('arrival', 'the entry could not be read'));
	const identity =
		receipt.identity === undefined || entry === undefined || head === undefined
			? undefined
			: checkIdentity(hasher, {identity: receipt.identity, proof, head, entry, channel: receipt.subject?.urn});
	if (identity !== undefined) checks.push(identity.check);
	else if (receipt.identity !== undefined) checks.push(skipped('identity', 'a check before it failed'));
	const beacon = receipt.beacon === undefined || head === undefined ? undefined : checkBeacon(hasher, receipt.beacon, proof, head);
	if (beacon !== undefined) checks.push(beacon.check);
	else if (receipt.beacon !== undefined) checks.push(skipped('beacon', 'a check before it failed'));
	const signed =
		entry && (await checkDeviceSignature({...needs, keyOfDevice: identity?.keyOfDevice ?? needs.keyOfDevice}, source?.shown, entry));
	checks.push(...(signed?.checks ?? []));

	const facts = {
		...noFacts,
		origin: head?.origin,
		size: head?.size,
		root: head && toBase64(head.root),
		entry: entry && describeEntry(entry, proof.index),
		channel: receipt.subject?.urn,
		arrival: arrivalFacts(source?.arrival, signed?.facts),
		bodyText: source?.bodyText,
		identity: identity?.facts,
		...claimedAnchors(receipt),
	};
	if (head === undefined || !isCommitted(checks)) {
		checks.push(...uncheckedAnchors(receipt, trust, 'a check before it failed'));
		return conclude('receipt', checks, facts);
	}
	let after: TimeBound | undefined;
	if (beacon?.block !== undefined) {
		const found = await boundOfBlock(beacon.block, trust, chain);
		if ('bound' in found) after = found.bound;
		else checks.push(fail('beacon', found.problem));
	}
	const anchors = await checkAnchors(receipt, head, trust, chain);
	checks.push(...anchors.checks);
	return conclude('receipt', checks, {...facts, ...anchors.facts, bracket: bracketOf(after, anchors.before)}, anchors.outside);
}
