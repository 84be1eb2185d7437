// Asks for proofs as an owner does, beside the running agent, and checks them as a stranger does.
import {writeFile} from 'node:fs/promises';
import {verifyEd25519} from '../../agent/base/ed25519.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import type {NoteKey} from '../../agent/format/note.ts';
import {emptyTrust} from '../../agent/format/trust.ts';
import {openSiteReader} from '../../agent/reading.ts';
import type {SitePaths} from '../../agent/site.ts';
import type {ChainReader} from '../../agent/verify/anchors.ts';
import {createVerifier} from '../../agent/verify/verifier.ts';
import type {Chance} from '../../sim/seed.ts';
import {chainId, registry} from './chain.ts';
import type {Violation} from './checker.ts';

const invariant = 'I9 proofs';

/** Issues a receipt and a history of what was released and looks whether they verify, and whether a flipped bit is noticed. Gives how many proofs were looked at. */
export async function proveSome(options: {
	readonly paths: Pick<SitePaths, 'log' | 'released' | 'socket'>;
	/** The text of the side file. */
	readonly head: string | undefined;
	readonly key: NoteKey;
	readonly opener: string;
	readonly chain: ChainReader;
	readonly chance: Chance;
	/** Everything is anchored and final by now. */
	readonly isSettled: boolean;
	readonly violate: (violation: Violation) => void;
}): Promise<number> {
	const {paths, head, chance, violate} = options;
	if (head === undefined) return 0;
	await writeFile(paths.released, head);
	const reader = await openSiteReader(paths);
	try {
		const size = (await reader.released())?.size ?? 0;
		if (size === 0) return 0;
		const trust = {...emptyTrust, logs: [options.key], registries: [{chainId, registry, opener: options.opener}]};
		const verifier = createVerifier({hasher: nodeHasher, verifySignature: verifyEd25519, chain: options.chain});
		const index = chance.between(0, size - 1);
		const documents = [
			{what: `the receipt of index ${index}`, text: await reader.issuer.receipt(index, {withArrival: chance.happens(0.5)})},
		];
		const channels = (await reader.channels()).filter(
			({quantity, enrolled, lastNumber}) => quantity !== 0 && enrolled < size && lastNumber > 1,
		);
		if (options.isSettled && channels.length > 0) {
			const channel = chance.pick(channels);
			documents.push({what: `the history of ${channel.urn}`, text: await reader.issuer.history(channel, 0, 2 ** 47)});
		}
		for (const {what, text} of documents) {
			const bytes = Buffer.from(text);
			const verdict = await verifier.verify(bytes, trust);
			const failed = verdict.checks.find(check => check.result === 'fail');
			// A block that went with a reorganisation took its anchor along; the agent sees it at its next look.
			const isGone = !options.isSettled && failed?.name === 'anchor';
			if (!verdict.good && !isGone) violate({invariant, sentence: `${what} does not verify: ${failed?.name}: ${failed?.reason}`});
			if (options.isSettled && verdict.strength !== 'final' && verdict.strength !== 'anchored')
				violate({invariant, sentence: `${what} is only ${verdict.strength} although everything is anchored`});
			if (options.isSettled && verdict.document === 'history' && verdict.facts.history?.completeness?.state !== 'complete')
				violate({invariant, sentence: `${what} is ${verdict.facts.history?.completeness?.state}`});
			const at = chance.between(0, bytes.length - 1);
			bytes[at] = bytes[at]! ^ (1 << chance.between(0, 7));
			if ((await verifier.verify(bytes, trust)).good) violate({invariant, sentence: `${what} verifies with byte ${at} changed`});
		}
		return documents.length;
	} finally {
		await reader[Symbol.asyncDispose]();
	}
}
