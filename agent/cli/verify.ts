// kedge verify: checks receipts and histories against a trust file, offline unless it is given a chain to ask.

import {readFile} from 'node:fs/promises';
import {verifyEd25519} from '../base/ed25519.ts';
import {AgentError} from '../base/errors.ts';
import {nodeHasher} from '../base/hash-node.ts';
import {parseTrust} from '../format/trust.ts';
import {openChainReader} from '../main.ts';
import {verdictText} from '../verify/verdict.ts';
import {createVerifier} from '../verify/verifier.ts';
import {type Command, exitCodes, isSet, textOf, usageError} from './command.ts';

const trustDefault = 'trust.json';

export const verifyCommand: Command = {
	name: 'verify',
	usage: 'FILE…',
	details: [
		'Says what was checked, what was skipped and why, and how strong the evidence is. It needs the trust file of the log, which',
		'you should have from somewhere you trust, and nothing else: no agent, no network. With --rpc it also asks a chain.',
		'Exit code 0 if every file is good, 1 if not.',
	],
	options: {
		trust: {type: 'string', value: 'FILE', help: `whose logs and anchors you trust (default: ${trustDefault})`},
		rpc: {type: 'string', value: 'URL', help: 'ask this node about anchors', multiple: true},
		json: {type: 'boolean', help: 'print the verdicts as JSON, one a line'},
	},
	run: async ({values, positionals}, io) => {
		if (positionals.length === 0) throw usageError(verifyCommand, 'takes at least one file');
		const trustPath = textOf(values, 'trust') ?? trustDefault;
		const trust = parseTrust(nodeHasher, await read(trustPath, 'DATA_MISSING', 'Name the trust file of the log with --trust.'));
		if ('problem' in trust) throw new AgentError('FORMAT_INVALID', `${trustPath} is not a trust file: ${trust.problem}`);
		const urls = (values.rpc ?? []) as readonly string[];
		await using chain = urls.length === 0 ? undefined : openChainReader(urls);
		const verifier = createVerifier({hasher: nodeHasher, verifySignature: verifyEd25519, chain});
		let allGood = true;
		for (const path of positionals) {
			const verdict = await verifier.verify(await read(path, 'DATA_MISSING'), trust.value);
			allGood &&= verdict.good;
			if (isSet(values, 'json')) io.out(`${JSON.stringify({file: path, ...verdict})}\n`);
			else io.out(`${path}\n${verdictText(verdict)}${positionals.length > 1 ? '\n' : ''}`);
		}
		return allGood ? exitCodes.ok : exitCodes.no;
	},
};

async function read(path: string, code: 'DATA_MISSING', hint?: string): Promise<Uint8Array> {
	try {
		return await readFile(path);
	} catch (error) {
		throw new AgentError(code, `cannot read ${path}`, {cause: error, ...(hint === undefined ? {} : {hint})});
	}
}
