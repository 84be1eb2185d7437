// Checks the time-stamp tokens that a file carries: each shows that an authority saw the checkpoint, and when.

import {utf8} from '../base/bytes.ts';
import {portableHasher} from '../base/hash.ts';
import {checkpointText, type TreeHead} from '../format/checkpoint.ts';
import type {TimestampRecord} from '../format/evidence.ts';
import {checkTimestampToken, imprintOf, readClaims, type TokenFacts} from '../format/timestamp-token.ts';
import type {Trust} from '../format/trust.ts';
import type {Subtle} from '../format/x509.ts';
import {timeText} from './note-words.ts';
import {type Check, fail, pass, skipped} from './verdict.ts';

/** A token as it describes itself, and whether that was checked. */
export type TimestampFacts = {
	/** checked: the trust file's name for the authority. claimed: the maker's. */
	readonly authority: string;
	/** By the authority's clock, ms since 1970; undefined where the token cannot be read. */
	readonly genTimeMs: number | undefined;
	/** By how much that may be wrong, as the authority says; undefined where it does not say. */
	readonly accuracyMs: number | undefined;
	/** Of the hash that was stamped: `sha256` or `sm3`. */
	readonly algorithm: string | undefined;
	/** Subject of the certificate that signed, for people. */
	readonly signer: string | undefined;
	/** checked: a good token of an authority of the trust file. claimed: all of it is the file's word. */
	readonly state: 'checked' | 'claimed';
};

export type TimestampsCheck = {
	/** One for each record, in their order. */
	readonly checks: readonly Check[];
	readonly facts: readonly TimestampFacts[];
	/** How many different authorities of the trust file vouch for the checkpoint. Two tokens of one, over two hashes, are one voice. */
	readonly holds: number;
};

/** Tokens as the file tells them, before or without any check. */
export function claimedTimestamps(records: readonly TimestampRecord[]): TimestampFacts[] {
	return records.map(({authority, token}) => describe(authority, readClaims(token), 'claimed'));
}

/** Checks all tokens of a checkpoint whose signature is known to be good. `subtle` is the platform's unless another one is handed in. */
export async function checkTimestamps(
	records: readonly TimestampRecord[],
	head: TreeHead,
	trust: Pick<Trust, 'authorities'>,
	subtle?: Subtle,
): Promise<TimestampsCheck> {
	const text = utf8(checkpointText(head));
	const imprints = {sha256: imprintOf(portableHasher, 'sha256', text).hash, sm3: imprintOf(portableHasher, 'sm3', text).hash};
	const {authorities} = trust;
	const checks: Check[] = [];
	const facts: TimestampFacts[] = [];
	const holding = new Set<string>();
	for (const {authority, token} of records) {
		const found = await checkTimestampToken(token, {imprints, authorities, ...(subtle === undefined ? {} : {subtle})});
		const said = `the token of "${authority}"`;
		if ('genTimeMs' in found) {
			const about = found.accuracyMs === undefined ? '' : `, give or take ${found.accuracyMs} ms`;
			const hash = found.algorithm === 'sm3' ? 'SM3' : 'SHA-256';
			checks.push(pass('timestamp', `"${found.authority}" stamped it at ${timeText(found.genTimeMs)}${about} (${hash}, ${found.signer})`));
			facts.push(describe(found.authority, found, 'checked'));
			holding.add(found.authority);
			continue;
		}
		if ('problem' in found) checks.push(fail('timestamp', `${said} does not hold: ${found.problem}`));
		// Anybody can be an authority of that name: only the verifier can say whose word counts.
		else if ('untrusted' in found) checks.push(skipped('timestamp', `${said} is not of a trusted authority: ${found.untrusted}`));
		else checks.push(skipped('timestamp', `${said} was not checked: ${found.unchecked}`));
		facts.push(describe(authority, found.claimed, 'claimed'));
	}
	return {checks, facts, holds: holding.size};
}

function describe(authority: string, token: TokenFacts | undefined, state: TimestampFacts['state']): TimestampFacts {
	const {genTimeMs, accuracyMs, algorithm, signer} = token ?? {};
	return {authority, genTimeMs, accuracyMs, algorithm, signer, state};
}
