// Checks whether a checkpoint stands outside of its log as well: by the proofs and time stamps that a file carries, in the trust file, and on chains that can be asked.

import {equalBytes, toHex, utf8} from '../base/bytes.ts';
import {keccak256} from '../base/hash.ts';
import {type ProvenTransaction, readBlockProof} from '../format/block-proof.ts';
import type {TreeHead} from '../format/checkpoint.ts';
import type {AnchorRecord, Outside} from '../format/evidence.ts';
import {anchorLogId} from '../format/log-id.ts';
import type {PinnedAnchor, Trust} from '../format/trust.ts';
import {type BlockReader, standingOf} from './blocks.ts';
import {earliestBound, type TimeBound} from './bracket.ts';
import {checkTimestamps, claimedTimestamps, type TimestampFacts} from './timestamps.ts';
import {type AnchorFacts, type Check, fail, pass, skipped} from './verdict.ts';

/** Asks a chain about an anchor. */
export type ChainReader = BlockReader & {
	/**
	 * final: the registry holds this size and root for the log, in a block that the chain reports as final. mined: in a block that may still be taken back. absent: the
	 * chain was asked and has no such anchor. contradicted: it has another root, or another block, than the record says. unreachable: no answer.
	 */
	readonly readAnchor: (record: AnchorRecord, root: Uint8Array) => Promise<ChainAnswer>;
};

export type ChainAnswer = {
	readonly found: 'final' | 'mined' | 'absent' | 'contradicted' | 'unreachable';
	/** A sentence without its full stop. */
	readonly detail: string;
};

export type AnchorsCheck = {
	readonly checks: readonly Check[];
	readonly facts: OutsideFacts;
	/** The earliest bound that the anchors set on when what they cover was appended. */
	readonly before: TimeBound | undefined;
	readonly outside: 'anchored' | 'final' | undefined;
};

export type OutsideFacts = {readonly anchors: readonly AnchorFacts[]; readonly timestamps: readonly TimestampFacts[]};

/** Anchors and time stamps as the file tells them, before or without any check. */
export function claimedAnchors({anchors, timestamps}: Outside): OutsideFacts {
	return {anchors: anchors.map(record => describe(record, {state: 'claimed'})), timestamps: claimedTimestamps(timestamps)};
}

/** The checks of checkAnchors where there is nothing that they could be of. */
export function uncheckedAnchors({anchors, timestamps}: Outside, trust: Trust, reason: string): Check[] {
	const policy = trust.anchorsNeeded === undefined ? [] : [skipped('policy', reason)];
	const listed = [...anchors.map(() => skipped('anchor', reason)), ...timestamps.map(() => skipped('timestamp', reason))];
	return [skipped('pinned', reason), ...listed, ...policy];
}

/** Checks all anchors and time stamps of a checkpoint whose signature is known to be good. Each is checked on its own. */
export async function checkAnchors(
	{anchors, timestamps}: Outside,
	head: TreeHead,
	trust: Trust,
	chain: ChainReader | undefined,
): Promise<AnchorsCheck> {
	const atSize = trust.anchors.filter(pin => pin.size === head.size && pin.origin === head.origin);
	const pins = atSize.filter(pin => equalBytes(pin.root, head.root));
	const forks = atSize.filter(pin => !equalBytes(pin.root, head.root));
	const checks: Check[] = [];
	const facts: AnchorFacts[] = [];
	const bounds: TimeBound[] = [];
	// Registries on one chain stand and fall with that chain: they count once.
	const listed = new Set([...anchors, ...pins].map(({chainId}) => chainId));
	const holding = new Set(pins.map(({chainId}) => chainId));
	let isFinal = false;

	checks.push(
		pins.length > 0
			? pass('pinned', `the trust file has this size and root ${pins.map(place).join(', and ')}`)
			: skipped('pinned', `the trust file pins no such anchor of "${head.origin}" at size ${head.size}`),
	);
	for (const pin of forks) {
		const where = `the trust file has another root for "${head.origin}" at size ${head.size} ${place(pin)}`;
		checks.push(fail('fork', `${where}: there are two histories`));
	}
	for (const record of anchors) {
		const found = await checkRecord(record, head, trust, pins, chain);
		checks.push(found.check);
		facts.push(describe(record, found));
		bounds.push(boundOf(record, found));
		if (found.state !== 'claimed') holding.add(record.chainId);
		if (found.state === 'final') isFinal = true;
	}
	const stamped = await checkTimestamps(timestamps, head, trust);
	checks.push(...stamped.checks);
	const names = new Set<string>();
	for (const {authority, genTimeMs, accuracyMs, state} of stamped.facts) {
		if (state === 'checked') names.add(authority);
		if (genTimeMs !== undefined)
			bounds.push({
				timeMs: genTimeMs + (accuracyMs ?? 0),
				by: {kind: 'timestamp', authority},
				checked: state === 'checked' ? 'authority' : 'claimed',
			});
	}
	const holds = holding.size + stamped.holds;
	if (holds > 1) {
		const places = [
			...[...holding].sort((a, b) => a - b).map(chainId => `chain ${chainId}`),
			...[...names].map(name => `the time stamp of "${name}"`),
		];
		checks.push(
			pass('cross-check', `size and root are the same on ${places.join(', on ').replaceAll('on the time stamp', 'in the time stamp')}`),
		);
	}
	if (trust.anchorsNeeded !== undefined) {
		const all = listed.size + new Set(stamped.facts.map(({authority}) => authority)).size;
		const sentence = `${holds} of ${all} ${all === 1 ? 'anchor holds' : 'anchors hold'}, and the trust file needs ${trust.anchorsNeeded}`;
		checks.push(holds >= trust.anchorsNeeded ? pass('policy', sentence) : fail('policy', sentence));
	}
	return {
		checks,
		facts: {anchors: facts, timestamps: stamped.facts},
		before: earliestBound(bounds),
		outside: isFinal ? 'final' : holds > 0 ? 'anchored' : undefined,
	};
}

type Found = {
	readonly check: Check;
	readonly state: AnchorFacts['state'];
	readonly shownBy?: AnchorFacts['shownBy'];
	readonly isProven?: boolean;
};

async function checkRecord(
	record: AnchorRecord,
	head: TreeHead,
	trust: Trust,
	pins: readonly PinnedAnchor[],
	chain: ChainReader | undefined,
): Promise<Found> {
	const {chainId, registry, opener} = record;
	const claimed = (check: Check): Found => ({check, state: 'claimed'});
	if (record.logId !== anchorLogId(chainId, registry, opener, head.origin)) {
		return claimed(fail('anchor', `log id ${record.logId} is not the one of "${head.origin}" ${place(record)}`));
	}
	if (record.size !== head.size) {
		return claimed(fail('anchor', `the anchor is of size ${record.size}, the checkpoint of size ${head.size}`));
	}
	// Anybody may deploy a registry and open a log of any name: only the verifier can say whose anchors count.
	const isTrusted = trust.registries.some(known => known.chainId === chainId && known.registry === registry && known.opener === opener);
	if (!isTrusted) return claimed(skipped('anchor', `${place(record)} the registry with opener ${opener} is not trusted`));

	const wrong = record.proof === undefined ? undefined : proofProblem(record, head, await readBlockProof(record.proof));
	if (wrong !== undefined) return claimed(fail('anchor', `${place(record)} ${wrong}`));
	const isProven = record.proof !== undefined;
	const block = standingOf({chainId, number: record.blockNumber, hash: record.blockHash}, trust);
	if (block.standing === 'contradicted') return {...claimed(fail('anchor', block.reason)), isProven};
	const isShown = isProven && block.standing === 'pinned';

	const answer = chain === undefined ? undefined : await ask(chain, record, head.root);
	if (answer?.found === 'absent' || answer?.found === 'contradicted') {
		return {...claimed(fail('anchor', `${answer.found} ${place(record)}: ${answer.detail}`)), isProven};
	}
	if (answer?.found === 'final' || (answer?.found === 'mined' && !isShown)) {
		return {check: pass('anchor', `${answer.found} ${place(record)}: ${answer.detail}`), state: answer.found, shownBy: 'node', isProven};
	}
	if (isShown) {
		const reason = `final ${place(record)}: its proof leads to block ${record.blockNumber}, which the trust file has`;
		return {check: pass('anchor', reason), state: 'final', shownBy: 'proof', isProven};
	}
	if (pins.some(pin => pin.chainId === chainId && pin.registry === registry)) {
		const reason = `pinned ${place(record)}; block and transaction were not looked up`;
		return {check: pass('anchor', reason), state: 'pinned', shownBy: 'pin', isProven};
	}
	const missing = answer === undefined ? 'no RPC' : `the chain did not answer: ${answer.detail}`;
	const reason = isProven
		? `its proof fits block ${record.blockNumber} (${record.blockHash}), but the trust file does not have that block, and ${missing}: anyone can make a header that fits (${place(record)})`
		: `no pinned anchor and ${missing} (${place(record)})`;
	return {...claimed(skipped('anchor', reason)), isProven};
}

const anchoredTopic = `0x${toHex(keccak256(utf8('Anchored(bytes32,uint64,bytes32,uint64)')))}`;

/** Why the file's own proof does not show the anchor that the record names; undefined if it does, for as far as its header is one of the chain. */
function proofProblem(record: AnchorRecord, head: TreeHead, proven: ProvenTransaction | {readonly problem: string}): string | undefined {
	if ('problem' in proven) return `the block proof is not good: ${proven.problem}`;
	const {header, succeeded, logs} = proven;
	if (header.hash !== record.blockHash)
		return `the header in the block proof is of another block, or of another chain: it hashes to ${header.hash}, not to ${record.blockHash}`;
	if (header.number !== record.blockNumber) return `the header in the block proof is of block ${header.number}, not ${record.blockNumber}`;
	if (!succeeded) return 'the block proof leads to a transaction that failed';
	// A transaction may anchor for many logs.
	const events = logs.filter(
		({address, topics}) => address === record.registry && topics[0] === anchoredTopic && topics[1] === record.logId,
	);
	const event = events.find(({topics}) => topics[2] === uintWord(record.size));
	if (event === undefined) return `the block proof leads to a transaction that did not anchor size ${record.size} of this log`;
	if (event.data.length !== 64) return 'the block proof leads to an event that is not the one of a registry';
	const root = event.data.subarray(0, 32);
	if (!equalBytes(root, head.root))
		return `the block proof shows another root for size ${record.size}, 0x${toHex(root)}: there are two histories, or it is of another log`;
	if (`0x${toHex(event.data.subarray(32))}` !== uintWord(record.blockTime))
		return `the block proof shows that the registry noted another time than ${record.blockTime}`;
	// The registry notes the time of its block.
	if (header.timeS !== record.blockTime) return `the header in the block proof has time ${header.timeS}, not ${record.blockTime}`;
	return undefined;
}

/** A number as a word of the EVM. */
function uintWord(value: number): string {
	return `0x${BigInt(value).toString(16).padStart(64, '0')}`;
}

/** The registry notes the block's time: who vouches for the anchor vouches for that. A pin knows the anchor without its time. */
function boundOf({chainId, blockNumber, blockHash, blockTime}: AnchorRecord, {state, shownBy}: Found): TimeBound {
	// A block that may be taken back bounds nothing yet: the anchor comes into a later one then.
	const isTimeShown = state === 'final' && shownBy !== 'pin';
	return {
		timeMs: blockTime * 1000,
		by: {kind: 'block', chainId, blockNumber, blockHash},
		checked: isTimeShown ? (shownBy === 'proof' ? 'pinned' : 'node') : 'claimed',
	};
}

async function ask(chain: ChainReader, record: AnchorRecord, root: Uint8Array): Promise<ChainAnswer> {
	try {
		return await chain.readAnchor(record, root);
	} catch (error) {
		return {found: 'unreachable', detail: error instanceof Error ? error.message : String(error)};
	}
}

function place({chainId, registry}: {readonly chainId: number; readonly registry: string}): string {
	return `on chain ${chainId} at ${registry}`;
}

function describe(record: AnchorRecord, {state, shownBy, isProven = false}: Omit<Found, 'check'>): AnchorFacts {
	const {chainId, registry, opener, transactionHash, blockNumber, blockHash, blockTime} = record;
	return {chainId, registry, opener, transactionHash, blockNumber, blockHash, blockTimeMs: blockTime * 1000, state, shownBy, isProven};
}
