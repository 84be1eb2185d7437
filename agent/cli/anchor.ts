// kedge anchor: makes a chain ready for this log's anchors and prints the config for it.

import {prepareAnchoring} from '../anchoring.ts';
import {AgentError} from '../base/errors.ts';
import {openSite} from '../site.ts';
import {type Command, configDefault, configOption, countOf, exitCodes, textOf, usageError} from './command.ts';

/** Three days: with one anchor every ten minutes the registry's 512 places last a little longer, so that none is ever waited for. */
const challengeTimeSDefault = '259200';

export const anchorCommand: Command = {
	name: 'anchor',
	usage: '--rpc URL --chain-id N',
	details: [
		'Deploys an AnchorRegistry with the anchoring key, or takes the one of --registry; opens the log there; adds the registry to the',
		'trust file; prints the lines for kedge.yaml. Fund the anchoring address first. What is there already is left as it is.',
	],
	options: {
		...configOption,
		rpc: {type: 'string', value: 'URL', help: 'a node of the chain'},
		'chain-id': {type: 'string', value: 'N', help: 'the chain that must answer there'},
		registry: {type: 'string', value: 'ADDRESS', help: 'use this registry and deploy none'},
		'challenge-time': {
			type: 'string',
			value: 'SECONDS',
			help: `how long a new registry keeps each commitment; 512 anchors fit into it (default: ${challengeTimeSDefault})`,
		},
	},
	run: async ({values}, io) => {
		const [rpcUrl, chainIdText, registry] = [textOf(values, 'rpc'), textOf(values, 'chain-id'), textOf(values, 'registry')];
		if (rpcUrl === undefined || chainIdText === undefined) throw usageError(anchorCommand, 'needs --rpc and --chain-id');
		if (registry !== undefined && !/^0x[0-9a-fA-F]{40}$/.test(registry))
			throw usageError(anchorCommand, `--registry "${registry}" is not an address`);
		const site = await openSite(textOf(values, 'config') ?? configDefault);
		const done = await preparing(
			site,
			{
				rpcUrl,
				chainId: countOf(anchorCommand, '--chain-id', chainIdText),
				registry,
				challengeTimeS: countOf(anchorCommand, '--challenge-time', textOf(values, 'challenge-time') ?? challengeTimeSDefault),
			},
			io.clock,
		);
		io.error(`${done.deployed ? 'deployed' : 'found'} the registry; ${done.opened ? 'opened' : 'found'} the log there, as ${done.logId}\n`);
		if (site.config.anchor === undefined) {
			io.error(`the trust file has the registry now: hand ${site.paths.trust} out again to whoever has the one before\n`);
			io.error(`add this to ${site.configPath}, and start the agent again:\n`);
			io.out(`anchor:\n  rpcUrl: ${rpcUrl}\n  chainId: ${done.chainId}\n  registry: "${done.registry}"\n`);
		}
		return exitCodes.ok;
	},
};

/** Here another chain than the words say is a slip of whoever typed them, not a state that nobody knows. */
async function preparing(...words: Parameters<typeof prepareAnchoring>): ReturnType<typeof prepareAnchoring> {
	try {
		return await prepareAnchoring(...words);
	} catch (error) {
		if (!(error instanceof AgentError) || error.code !== 'CHAIN_MISMATCH') throw error;
		throw new AgentError('ARGUMENT_INVALID', error.message, {cause: error, ...(error.hint === undefined ? {} : {hint: error.hint})});
	}
}
