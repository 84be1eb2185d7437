// kedge calldata: prints what a contract needs to check a receipt on its chain.

import {readInclusionCalls} from '../anchoring.ts';
import {type Command, exitCodes, isSet, usageError} from './command.ts';
import {readInput} from './input.ts';

export const calldataCommand: Command = {
	name: 'calldata',
	usage: 'RECEIPT',
	takesWords: true,
	details: [
		'For each anchor of a receipt: the arguments of AnchorRegistry.verifyInclusion by name, and the whole call ABI-encoded, for eth_call, for',
		'`cast call REGISTRY CALLDATA`, or for a contract of yours (contracts/examples). The path is checked here; signature, device and chain are not: see kedge verify.',
	],
	options: {json: {type: 'boolean', help: 'print them as one JSON object'}},
	run: async ({values, positionals}, io) => {
		const [path] = positionals;
		if (path === undefined || positionals.length > 1) throw usageError(calldataCommand, 'takes one receipt');
		const calls = await readInclusionCalls(await readInput(path), path);
		if (isSet(values, 'json')) {
			io.out(`${JSON.stringify({calls})}\n`);
			return exitCodes.ok;
		}
		for (const call of calls) {
			const {inclusionProof, ...rest} = call.arguments;
			const rows: readonly (readonly [name: string, value: string | number])[] = [
				['chain', call.chainId],
				['registry', call.registry],
				...Object.entries(rest),
				...inclusionProof.map((hash, i) => [i === 0 ? 'inclusionProof' : '', hash] as const),
				['calldata', call.calldata],
			];
			io.out(`verifyInclusion\n${rows.map(([name, value]) => `  ${name.padEnd(16)}${value}\n`).join('')}`);
		}
		return exitCodes.ok;
	},
};
