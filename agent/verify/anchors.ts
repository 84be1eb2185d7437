// Checks whether a checkpoint stands outside of its log as well: in the anchors that the trust file has seen, and on chains that can be asked.

import {equalBytes} from '../base/bytes.ts';
import type {TreeHead} from '../format/checkpoint.ts';
import type {AnchorRecord} from '../format/evidence.ts';
import {anchorLogId} from '../format/log-id.ts';
import type {PinnedAnchor, Trust} from '../format/trust.ts';
import {type AnchorFacts, type Check, fail, pass, skipped} from './verdict.ts';

/** Asks a chain about an anchor. */
export type ChainReader = {
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
	readonly facts: readonly AnchorFacts[];
	readonly outside: 'anchored' | 'final' | undefined;
};

/** Anchors as the file tells them, before or without any check. */
export function claimedAnchors(records: readonly AnchorRecord[]): AnchorFacts[] {
	return records.map(record => describe(record, 'claimed'));
}

/** Checks all anchors of a checkpoint whose signature is known to be good. */
export async function checkAnchors(
	records: readonly AnchorRecord[],
	head: TreeHead,
	trust: Trust,
	chain: ChainReader | undefined,
): Promise<AnchorsCheck> {
	const atSize = trust.anchors.filter(pin => pin.size === head.size && pin.origin === head.origin);
	const pins = atSize.filter(pin => equalBytes(pin.root, head.root));
	const forks = atSize.filter(pin => !equalBytes(pin.root, head.root));
	const checks: Check[] = [];
	const facts: AnchorFacts[] = [];
	let outside: AnchorsCheck['outside'] = pins.length > 0 ? 'anchored' : undefined;

	checks.push(
		pins.length > 0
			? pass('pinned', `the trust file has this size and root ${pins.map(place).join(', and ')}`)
			: skipped('pinned', `the trust file pins no such anchor of "${head.origin}" at size ${head.size}`),
	);
	for (const pin of forks) {
		const where = `the trust file has another root for "${head.origin}" at size ${head.size} ${place(pin)}`;
		checks.push(fail('fork', `${where}: there are two histories`));
	}
	for (const record of records) {
		const {check, state} = await checkRecord(record, head, trust, pins, chain);
		checks.push(check);
		facts.push(describe(record, state));
		if (state === 'final') outside = 'final';
		else if (state !== 'claimed') outside ??= 'anchored';
	}
	return {checks, facts, outside};
}

async function checkRecord(
	record: AnchorRecord,
	head: TreeHead,
	trust: Trust,
	pins: readonly PinnedAnchor[],
	chain: ChainReader | undefined,
): Promise<{readonly check: Check; readonly state: AnchorFacts['state']}> {
	const {chainId, registry, opener} = record;
	const claimed = (check: Check) => ({check, state: 'claimed'}) as const;
	if (record.logId !== anchorLogId(chainId, registry, opener, head.origin)) {
		return claimed(fail('anchor', `log id ${record.logId} is not the one of "${head.origin}" ${place(record)}`));
	}
	if (record.size !== head.size) {
		return claimed(fail('anchor', `the anchor is of size ${record.size}, the checkpoint of size ${head.size}`));
	}
	// Anybody may deploy a registry and open a log of any name: only the verifier can say whose anchors count.
	const isTrusted = trust.registries.some(known => known.chainId === chainId && known.registry === registry && known.opener === opener);
	if (!isTrusted) return claimed(skipped('anchor', `${place(record)} the registry with opener ${opener} is not trusted`));

	const answer = chain === undefined ? undefined : await ask(chain, record, head.root);
	if (answer?.found === 'final' || answer?.found === 'mined') {
		return {check: pass('anchor', `${answer.found} ${place(record)}: ${answer.detail}`), state: answer.found};
	}
	if (answer?.found === 'absent' || answer?.found === 'contradicted') {
		return claimed(fail('anchor', `${answer.found} ${place(record)}: ${answer.detail}`));
	}
	if (pins.some(pin => pin.chainId === chainId && pin.registry === registry)) {
		return {check: pass('anchor', `pinned ${place(record)}; block and transaction were not looked up`), state: 'pinned'};
	}
	const missing = answer === undefined ? 'no RPC' : `the chain did not answer: ${answer.detail}`;
	return claimed(skipped('anchor', `no pinned anchor and ${missing} (${place(record)})`));
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

function describe(record: AnchorRecord, state: AnchorFacts['state']): AnchorFacts {
	const {chainId, registry, opener, transactionHash, blockNumber, blockTime} = record;
	return {chainId, registry, opener, transactionHash, blockNumber, blockTimeMs: blockTime * 1000, state};
}
