// kedge verify: checks receipts and histories against a trust file, offline unless it is given a chain to ask.

import {readFile, rename, writeFile} from 'node:fs/promises';
import {openChainReader} from '../anchoring.ts';
import {fromBase64, toBase64} from '../base/bytes.ts';
import {verifyEd25519} from '../base/ed25519.ts';
import {AgentError} from '../base/errors.ts';
import {nodeHasher} from '../base/hash-node.ts';
import {formatTrust, type PinnedAnchor, parseTrust, type Trust} from '../format/trust.ts';
import {type Verdict, verdictText} from '../verify/verdict.ts';
import {createVerifier} from '../verify/verifier.ts';
import {type Command, exitCodes, type Io, isSet, textOf, usageError} from './command.ts';

const trustDefault = 'trust.json';

export const verifyCommand: Command = {
	name: 'verify',
	usage: 'FILE…',
	takesWords: true,
	details: [
		'Says what was checked, what was skipped and why, and how strong the evidence is. It needs the trust file of the log, which',
		'you should have from somewhere you trust, and nothing else: no agent, no network. With --rpc it also asks a chain.',
		'With --rpc and --pin, anchors that this chain reports as final are added to the trust file: from then on their files verify as',
		'anchored without a network. You vouch for what you pin: use a node that you trust. Exit code 0 if every file is good, 1 if not.',
	],
	options: {
		trust: {type: 'string', value: 'FILE', help: `whose logs and anchors you trust (default: ${trustDefault})`},
		rpc: {type: 'string', value: 'URL', help: 'ask this node about anchors', multiple: true},
		pin: {type: 'boolean', help: 'keep the anchors that --rpc showed to be final in the trust file'},
		json: {type: 'boolean', help: 'print the verdicts as JSON, one a line'},
	},
	run: async ({values, positionals}, io) => {
		if (positionals.length === 0) throw usageError(verifyCommand, 'takes at least one file');
		if (isSet(values, 'pin') && values.rpc === undefined)
			throw usageError(verifyCommand, '--pin needs --rpc: only what a chain showed is kept');
		const trustPath = textOf(values, 'trust') ?? trustDefault;
		const trust = parseTrust(nodeHasher, await read(trustPath, 'DATA_MISSING', 'Name the trust file of the log with --trust.'));
		if ('problem' in trust) throw new AgentError('FORMAT_INVALID', `${trustPath} is not a trust file: ${trust.problem}`);
		const urls = (values.rpc ?? []) as readonly string[];
		await using chain = urls.length === 0 ? undefined : openChainReader(urls);
		const verifier = createVerifier({hasher: nodeHasher, verifySignature: verifyEd25519, chain});
		let allGood = true;
		const pins: PinnedAnchor[] = [];
		for (const path of positionals) {
			const verdict = await verifier.verify(await read(path, 'DATA_MISSING'), trust.value);
			allGood &&= verdict.good;
			if (isSet(values, 'pin')) pins.push(...finalAnchors(verdict));
			if (isSet(values, 'json')) io.out(`${JSON.stringify({file: path, ...verdict})}\n`);
			else io.out(`${path}\n${verdictText(verdict)}${positionals.length > 1 ? '\n' : ''}`);
		}
		if (isSet(values, 'pin')) await pin(trustPath, trust.value, pins, io);
		return allGood ? exitCodes.ok : exitCodes.no;
	},
};

/** The anchors of a good verdict that a chain reported as final. */
function finalAnchors({good, facts}: Verdict): PinnedAnchor[] {
	const {origin, size} = facts;
	const root = facts.root === undefined ? undefined : fromBase64(facts.root);
	if (!good || origin === undefined || size === undefined || root === undefined) return [];
	return facts.anchors.filter(({state}) => state === 'final').map(({chainId, registry}) => ({chainId, registry, origin, size, root}));
}

/** Adds anchors to the trust file and says so; a power cut leaves the old file or the new one. */
async function pin(path: string, trust: Trust, found: readonly PinnedAnchor[], io: Io): Promise<void> {
	const name = (anchor: PinnedAnchor): string => `size ${anchor.size} of ${anchor.origin} on chain ${anchor.chainId} at ${anchor.registry}`;
	const keyOf = (anchor: PinnedAnchor): string => `${name(anchor)} ${toBase64(anchor.root)}`;
	const known = new Set(trust.anchors.map(keyOf));
	// Many files share a checkpoint.
	const added = found.filter(anchor => !known.has(keyOf(anchor)) && known.add(keyOf(anchor)));
	if (added.length === 0) {
		io.error(`nothing new to pin in ${path}\n`);
		return;
	}
	const text = formatTrust({...trust, anchors: [...trust.anchors, ...added]});
	// The file that is written must be one that is read.
	const read = parseTrust(nodeHasher, Buffer.from(text));
	if ('problem' in read) throw new AgentError('FORMAT_INVALID', `${path} takes no more anchors: ${read.problem}`);
	await writeFile(`${path}.new`, text, {flush: true});
	await rename(`${path}.new`, path);
	for (const anchor of added) io.error(`pinned ${name(anchor)} in ${path}\n`);
}

async function read(path: string, code: 'DATA_MISSING', hint?: string): Promise<Uint8Array> {
	try {
		return await readFile(path);
	} catch (error) {
		throw new AgentError(code, `cannot read ${path}`, {cause: error, ...(hint === undefined ? {} : {hint})});
	}
}
