// kedge anchor: makes a chain ready for this log's anchors and prints the config for it.

import {prepareAnchoring} from '../anchoring.ts';
import {openSite} from '../site.ts';
import {type Command, configDefault, configOption, countOf, exitCodes, textOf, usageError} from './command.ts';

/** A week: an auditor who looks once a week finds every commitment still in the ring. */
const challengeTimeSDefault = '604800';

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
			help: `how long a new registry keeps each commitment (default: ${challengeTimeSDefault})`,
		},
	},
	run: async ({values}, io) => {
		const [rpcUrl, chainIdText, registry] = [textOf(values, 'rpc'), textOf(values, 'chain-id'), textOf(values, 'registry')];
		if (rpcUrl === undefined || chainIdText === undefined) throw usageError(anchorCommand, 'needs --rpc and --chain-id');
		if (registry !== undefined && !/^0x[0-9a-fA-F]{40}$/.test(registry))
			throw usageError(anchorCommand, `--registry "${registry}" is not an address`);
		const site = await openSite(textOf(values, 'config') ?? configDefault);
		const done = await prepareAnchoring(
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
			io.error(`add this to ${site.configPath}, and start the agent again:\n`);
			io.out(`anchor:\n  rpcUrl: ${rpcUrl}\n  chainId: ${done.chainId}\n  registry: "${done.registry}"\n`);
		}
		return exitCodes.ok;
	},
};
