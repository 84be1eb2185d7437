// kedge trust show | pin | add-authority | need: what a verifier believes, changed by nobody but the verifier.

import {X509Certificate} from 'node:crypto';
import {verifyDeviceSignature} from '../base/device-signature.ts';
import {replaceFile} from '../base/durable.ts';
import {verifyEd25519} from '../base/ed25519.ts';
import {AgentError} from '../base/errors.ts';
import {nodeHasher} from '../base/hash-node.ts';
import {anchorsNeededMax, formatTrust, type PinnedBlock, parseTrust, type Trust} from '../format/trust.ts';
import {isPackageFile, verifyPackageFile} from '../packing.ts';
import {confirmBlocks} from '../pinning.ts';
import {timeText} from '../verify/note-words.ts';
import type {Verdict} from '../verify/verdict.ts';
import {createVerifier} from '../verify/verifier.ts';
import {type Command, counted, countOf, exitCodes, type Io, type OptionSpec, oneWord, usageError} from './command.ts';
import {readInput, readTrust, trustOption} from './input.ts';

/** Writes a changed trust file. A power cut leaves the old file or the new one. Fails with FORMAT_INVALID if it would not be read any more. */
async function saveTrust(path: string, trust: Trust): Promise<void> {
	const text = formatTrust(trust);
	const read = parseTrust(nodeHasher, Buffer.from(text));
	if ('problem' in read) throw new AgentError('FORMAT_INVALID', `${path} does not take this: ${read.problem}`);
	await replaceFile(path, text, 0o644);
}

function timeOfBlock({timeS}: PinnedBlock): string {
	return timeS === undefined ? '' : ` of ${timeText(timeS * 1000)}`;
}

export const trustShowCommand: Command = {
	name: 'trust show',
	usage: '',
	details: [
		'Says in words what the trust file believes: whose logs, which registries, anchors, blocks and authorities, and how many anchors it asks for.',
	],
	options: {...trustOption, json: {type: 'boolean', help: 'print the file in its canonical form'}},
	run: async ({values}, io) => {
		const {path, trust} = await readTrust(values);
		if (values.json === true) {
			io.out(formatTrust(trust));
			return exitCodes.ok;
		}
		const lines = [`${path} believes`];
		for (const {name} of trust.logs) lines.push(`  log        ${name}, by its key`);
		for (const {chainId, registry, opener} of trust.registries)
			lines.push(`  registry   ${registry} on chain ${chainId}, for logs opened by ${opener}`);
		for (const {origin, size, chainId} of trust.anchors) lines.push(`  anchor     ${origin} at size ${size}, seen on chain ${chainId}`);
		for (const block of trust.blocks)
			lines.push(`  block      ${block.number} of chain ${block.chainId}${timeOfBlock(block)}, ${block.hash}`);
		for (const {name, certificate} of trust.authorities) lines.push(`  authority  ${name}: ${certificateText(certificate)}`);
		if (lines.length === 1) lines.push('  nobody');
		lines.push(
			trust.anchorsNeeded === undefined
				? 'It asks for no number of anchors: each verdict says how many hold.'
				: `It asks for ${counted(trust.anchorsNeeded, 'anchor')} that ${trust.anchorsNeeded === 1 ? 'holds' : 'hold'}, on different chains or by different authorities.`,
		);
		io.out(`${lines.join('\n')}\n`);
		return exitCodes.ok;
	},
};

/** Subject, end and fingerprint of a certificate, for a person. */
function certificateText(der: Uint8Array): string {
	const certificate = certificateOf(der);
	if (certificate === undefined) return 'a certificate that cannot be read';
	const {subject, validTo, fingerprint256} = certificate;
	return `${subject.replaceAll('\n', ', ')}; until ${validTo}; SHA-256 ${fingerprint256.replaceAll(':', '').toLowerCase()}`;
}

/** Of PEM or DER; undefined if it is none. */
function certificateOf(bytes: Uint8Array): X509Certificate | undefined {
	try {
		return new X509Certificate(bytes);
	} catch {
		return undefined;
	}
}

export const trustAddAuthorityCommand: Command = {
	name: 'trust add-authority',
	usage: 'NAME CERTIFICATE',
	takesWords: true,
	details: [
		'Adds a time-stamp authority [RFC 3161] to the trust file: its certificate, or the one of the CA above it, as PEM or DER. From then on its time stamps',
		'count as anchors. Have the certificate from somewhere you trust: whoever holds its key can stamp any time. An authority that renews its certificate is',
		'added again under the same name.',
	],
	options: trustOption,
	run: async ({values, positionals}, io) => {
		const [name, file, ...others] = positionals;
		if (name === undefined || file === undefined || others.length > 0)
			throw usageError(trustAddAuthorityCommand, 'takes a NAME and a CERTIFICATE');
		const {path, trust} = await readTrust(values);
		const certificate = certificateOf(await readInput(file));
		if (certificate === undefined) throw new AgentError('FORMAT_INVALID', `${file} is not a certificate in PEM or DER`);
		const der = new Uint8Array(certificate.raw);
		if (trust.authorities.some(known => known.name === name && Buffer.from(known.certificate).equals(der))) {
			io.error(`${path} has this certificate of ${name} already\n`);
			return exitCodes.ok;
		}
		await saveTrust(path, {...trust, authorities: [...trust.authorities, {name, certificate: der}]});
		io.out(`${path} now believes the time stamps of ${name}: ${certificateText(der)}\n`);
		return exitCodes.ok;
	},
};

export const trustNeedCommand: Command = {
	name: 'trust need',
	usage: 'COUNT',
	takesWords: true,
	details: [
		'Says how many anchors a file must have that hold, on different chains or by different time-stamp authorities, to be good. 0 leaves that to the reader.',
	],
	options: trustOption,
	run: async ({values, positionals}, io) => {
		const count = countOf(trustNeedCommand, 'COUNT', oneWord(trustNeedCommand, positionals));
		if (count > anchorsNeededMax) throw usageError(trustNeedCommand, `COUNT ${count} is more than ${anchorsNeededMax}`);
		const {path, trust} = await readTrust(values);
		await saveTrust(path, {...trust, anchorsNeeded: count === 0 ? undefined : count});
		io.out(count === 0 ? `${path} now asks for no number of anchors\n` : `${path} now asks for ${counted(count, 'anchor')}\n`);
		return exitCodes.ok;
	},
};

const pinOptions = {
	...trustOption,
	rpc: {
		type: 'string',
		value: 'URL',
		help: 'a node of yours, or one that you trust; of each chain as many as are to agree',
		multiple: true,
	},
} as const satisfies Record<string, OptionSpec>;

export const trustPinCommand: Command = {
	name: 'trust pin',
	usage: 'FILE… --rpc URL',
	takesWords: true,
	details: [
		'Asks nodes of yours whether the blocks that these files name are blocks of their chains, and final, and keeps their hashes in the trust file: the blocks that the',
		'anchors are proven under, and those of beacons. From then on the files verify as final without a network. With --rpc given twice for a chain both nodes must',
		'agree. You vouch for what you pin. Files that are not good are left out. Exit code 0 if every block is in the trust file at the end, 1 if a node contradicts one or a',
		'file is not good, 3 if one is not final yet or no node answers for it.',
	],
	options: pinOptions,
	run: async ({values, positionals}, io) => {
		const urls = (values.rpc ?? []) as readonly string[];
		if (positionals.length === 0) throw usageError(trustPinCommand, 'takes at least one file');
		if (urls.length === 0) throw usageError(trustPinCommand, 'needs --rpc: only what a node shows is kept');
		const {path, trust} = await readTrust(values);
		// A file may lack anchors that hold for no other reason than that nothing is pinned yet.
		const asking: Trust = {...trust, anchorsNeeded: undefined};
		const verifier = createVerifier({hasher: nodeHasher, verifySignature: verifyEd25519, verifyDeviceSignature});
		const wanted = new Map<string, PinnedBlock>();
		let isAllGood = true;
		for (const file of positionals) {
			const verdict = (await isPackageFile(file))
				? await verifyPackageFile(file, asking)
				: await verifier.verify(await readInput(file), asking);
			if (!verdict.good) {
				io.error(`kedge: ${file} is not good, so nothing of it is pinned: kedge verify says why\n`);
				isAllGood = false;
				continue;
			}
			const blocks = blocksOf(verdict);
			if (blocks.length === 0) io.error(`kedge: ${file} names no block with a proof: kedge verify --rpc --pin keeps anchors without one\n`);
			for (const block of blocks) wanted.set(`${block.chainId} ${block.hash}`, block);
		}
		const known = new Set(trust.blocks.filter(({timeS}) => timeS !== undefined).map(({chainId, hash}) => `${chainId} ${hash}`));
		const confirmed = await confirmBlocks(
			urls,
			[...wanted].filter(([name]) => !known.has(name)).map(([, block]) => block),
		);
		const added = confirmed.filter(({found}) => found === 'final').map(({block}) => block);
		if (added.length > 0) {
			// One that was there without its time is replaced.
			const rest = trust.blocks.filter(old => !added.some(({chainId, hash}) => chainId === old.chainId && hash === old.hash));
			await saveTrust(path, {...trust, blocks: [...rest, ...added]});
		}
		for (const {block, found, details} of confirmed) say(io, path, block, found, details);
		if (confirmed.length === 0 && isAllGood) io.error(`nothing new to pin in ${path}\n`);
		if (!isAllGood || confirmed.some(({found}) => found === 'contradicted')) return exitCodes.no;
		return confirmed.some(({found}) => found === 'open') ? exitCodes.retry : exitCodes.ok;
	},
};

function say(io: Io, path: string, block: PinnedBlock, found: 'final' | 'open' | 'contradicted', details: readonly string[]): void {
	const name = `block ${block.number} of chain ${block.chainId}`;
	if (found === 'final') io.out(`pinned ${name}${timeOfBlock(block)} in ${path}: ${counted(details.length, 'node')} called it final\n`);
	else io.error(`kedge: ${name} is ${found === 'open' ? 'not pinned' : 'NOT PINNED, it is contradicted'}: ${details.join('; ')}\n`);
}

/** The blocks that a good file rests on: those with a proof, and that of its beacon. */
function blocksOf({facts}: Verdict): PinnedBlock[] {
	const proven = facts.anchors.filter(({isProven}) => isProven);
	const blocks: PinnedBlock[] = proven.map(({chainId, blockNumber, blockHash, blockTimeMs}) => ({
		chainId,
		number: blockNumber,
		hash: blockHash,
		timeS: blockTimeMs / 1000,
	}));
	const after = facts.bracket?.after;
	if (after?.by.kind === 'block') {
		const {chainId, blockNumber, blockHash} = after.by;
		blocks.push({chainId, number: blockNumber, hash: blockHash, timeS: after.timeMs / 1000});
	}
	return blocks;
}
