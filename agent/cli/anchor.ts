// kedge anchor: makes a chain ready for this log's anchors and prints the config for it.

import {prepareAnchoring} from '../anchoring.ts';
import {anchorPolicyDefault} from '../config.ts';
import {openSite} from '../site.ts';
import {type Command, configDefault, configOption, countOf, exitCodes, textOf, usageError} from './command.ts';
import {chainLines, challengeTimeDefault, feeOptions, feesOf, namedHere} from './deploy.ts';

export const anchorCommand: Command = {
	name: 'anchor',
	usage: '--rpc URL --chain-id N',
	details: [
		'Deploys an AnchorRegistry with the anchoring key, or takes the one of --registry; opens the log there; adds the registry to the',
		"trust file; prints the lines for kedge.yaml, with the hashes of the first block and of the registry's code, which pin chain and contract. Fund the anchoring",
		'address first. What is there already is left as it is.',
	],
	options: {
		...configOption,
		rpc: {type: 'string', value: 'URL', help: 'a node of the chain'},
		'chain-id': {type: 'string', value: 'N', help: 'the chain that must answer there'},
		registry: {type: 'string', value: 'ADDRESS', help: 'use this registry and deploy none'},
		'challenge-time': {
			type: 'string',
			value: 'SECONDS',
			help: `how long a new registry keeps each commitment; 512 anchors fit into it (default: ${challengeTimeDefault})`,
		},
		...feeOptions,
	},
	run: async ({values}, io) => {
		const [rpcUrl, chainIdText, registry] = [textOf(values, 'rpc'), textOf(values, 'chain-id'), textOf(values, 'registry')];
		if (rpcUrl === undefined || chainIdText === undefined) throw usageError(anchorCommand, 'needs --rpc and --chain-id');
		if (registry !== undefined && !/^0x[0-9a-fA-F]{40}$/.test(registry))
			throw usageError(anchorCommand, `--registry "${registry}" is not an address`);
		const chainId = countOf(anchorCommand, '--chain-id', chainIdText);
		const challengeTimeS = countOf(anchorCommand, '--challenge-time', textOf(values, 'challenge-time') ?? challengeTimeDefault);
		const fees = feesOf(anchorCommand, values);
		const site = await openSite(textOf(values, 'config') ?? configDefault);
		const nodes = {urls: [rpcUrl], chainId, ...fees.options};
		const done = await namedHere(() => prepareAnchoring(site, {rpcUrl, chainId, registry, challengeTimeS, nodes}, io.clock));
		io.error(`${done.deployed ? 'deployed' : 'found'} the registry; ${done.opened ? 'opened' : 'found'} the log there, as ${done.logId}\n`);
		if (textOf(values, 'challenge-time') !== undefined && done.ring.challengeTimeS !== challengeTimeS)
			io.error(`kedge: --challenge-time is for a new registry; this one keeps each commitment for ${done.ring.challengeTimeS} s\n`);
		const apartS = Math.ceil(done.ring.challengeTimeS / done.ring.places);
		const everyS = (site.config.anchor?.everyMinutes ?? anchorPolicyDefault.everyMinutes) * 60;
		if (apartS > everyS)
			io.error(`kedge: with that, anchors there are at least ${apartS} s apart, whatever everyMinutes says (${everyS} s)\n`);
		if (!site.config.anchor?.chains.some(one => one.chainId === chainId && one.registry.toLowerCase() === done.registry)) {
			io.error(`the trust file has the registry now: hand ${site.paths.trust} out again to whoever has the one before\n`);
			io.error(`put this into ${site.configPath}, and start the agent again:\n`);
			io.out(chainLines(site.config, {url: rpcUrl, ...done, fees: fees.lines}));
		}
		return exitCodes.ok;
	},
};
