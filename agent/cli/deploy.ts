// kedge deploy: puts an AnchorRegistry on a chain of yours, and prints what pins it.

import {AgentError} from '../base/errors.ts';
import type {AnchorConfig} from '../config.ts';
import {deployRegistryFor} from '../log-on-chain.ts';
import {openSite} from '../site.ts';
import {
	type Command,
	configDefault,
	configOption,
	countOf,
	exitCodes,
	needed,
	type OptionSpec,
	textOf,
	usageError,
	type Values,
} from './command.ts';

/** Three days: with one anchor every ten minutes the registry's 512 places last a little longer, so that none is ever waited for. */
export const challengeTimeDefault = '259200';

/** How the transactions of a command pay, for chains with ways of their own. */
export const feeOptions = {
	fees: {type: 'string', value: 'KIND', help: 'dynamic [EIP-1559] or legacy (default: as the newest block of the chain suggests)'},
	'gas-price': {type: 'string', value: 'GWEI', help: 'the one gas price of a chain that has it, 0 as well; means --fees legacy'},
} as const satisfies Record<string, OptionSpec>;

/** What `fees` and `gas-price` say; the config lines that say the same. Fails with ARGUMENT_INVALID. */
export function feesOf(
	command: Pick<Command, 'name'>,
	values: Values,
): {readonly options: {readonly fees?: 'dynamic' | 'legacy'; readonly gasPriceWei?: bigint}; readonly lines: string} {
	const [fees, price] = [textOf(values, 'fees'), textOf(values, 'gas-price')];
	if (fees !== undefined && fees !== 'dynamic' && fees !== 'legacy')
		throw usageError(command, `--fees "${fees}" is neither dynamic nor legacy`);
	if (price === undefined)
		return fees === undefined ? {options: {}, lines: ''} : {options: {fees}, lines: fees === 'legacy' ? '  fees: legacy\n' : ''};
	if (fees === 'dynamic') throw usageError(command, '--gas-price is for --fees legacy');
	const found = /^(\d{1,7})(?:\.(\d{1,9}))?$/.exec(price);
	if (found === null) throw usageError(command, `--gas-price "${price}" is not a price in Gwei, such as 1.5`);
	const gasPriceWei = BigInt(found[1]!) * 1_000_000_000n + BigInt((found[2] ?? '').padEnd(9, '0'));
	return {options: {fees: 'legacy', gasPriceWei}, lines: `  fees: legacy\n  gasPriceGwei: ${price}\n`};
}

export const deployCommand: Command = {
	name: 'deploy',
	usage: '--rpc URL --chain-id N',
	details: [
		'Deploys an AnchorRegistry to a chain of yours with the anchoring key, and prints the lines for kedge.yaml: its address, and the hashes of the first block and of',
		'its code, which pin chain and contract. Fund the anchoring address first. The registry has no owner: any number of logs may use it, and `kedge anchor` opens this',
		'one there. One that the key has deployed before, with the same challenge time, is found again.',
	],
	options: {
		...configOption,
		rpc: {type: 'string', value: 'URL', help: 'a node of the chain'},
		'chain-id': {type: 'string', value: 'N', help: 'the chain that must answer there'},
		'challenge-time': {
			type: 'string',
			value: 'SECONDS',
			help: `how long it keeps each commitment; 512 anchors of a log fit into it (default: ${challengeTimeDefault})`,
		},
		...feeOptions,
	},
	run: async ({values}, io) => {
		const [url, chainId] = [
			needed(deployCommand, values, 'rpc'),
			countOf(deployCommand, '--chain-id', needed(deployCommand, values, 'chain-id')),
		];
		const challengeTimeS = countOf(deployCommand, '--challenge-time', textOf(values, 'challenge-time') ?? challengeTimeDefault);
		const fees = feesOf(deployCommand, values);
		const site = await openSite(textOf(values, 'config') ?? configDefault);
		const done = await namedHere(() => deployRegistryFor(site, {nodes: {url, chainId, ...fees.options}, challengeTimeS}, io.clock));
		const {registry, deployed, transactionHash, genesisHash, codeHash, deployer} = done;
		io.error(
			deployed
				? `${deployer} deployed the registry in transaction ${transactionHash}\n`
				: `found the registry that ${deployer} deployed before; nothing was sent\n`,
		);
		io.error(
			`open this log there, which adds the registry to the trust file: kedge anchor --config ${site.configPath} --rpc ${url} --chain-id ${chainId} --registry ${registry}\n`,
		);
		io.error(`then put this into ${site.configPath}, and start the agent again:\n`);
		const note = transactionHash === undefined ? '' : `  # deployed in transaction ${transactionHash}\n`;
		io.out(chainLines(site.config, {url, chainId, registry, genesisHash, codeHash, fees: fees.lines, note}));
		return exitCodes.ok;
	},
};

/** The lines of the config for one chain: a section of its own for the first, an item of `chains` for one beside others. */
export function chainLines(
	{anchor}: {readonly anchor?: AnchorConfig | undefined},
	chain: {
		readonly url: string;
		readonly chainId: number;
		readonly registry: string;
		readonly genesisHash: string;
		readonly codeHash: string;
		/** Whole lines, indented by two. */
		readonly fees: string;
		readonly note?: string;
	},
): string {
	const {url, chainId, registry, genesisHash, codeHash, fees, note = ''} = chain;
	const others = anchor?.chains.filter(one => one.chainId !== chainId) ?? [];
	const pinned = `  registry: "${registry}"\n  genesisHash: "${genesisHash}"\n  codeHash: "${codeHash}"\n${fees}`;
	if (others.length === 0) return `anchor:\n  rpcUrl: ${url}\n  chainId: ${chainId}\n${note}${pinned}`;
	const item = `  rpcUrls: ["${url}"]\n  chainId: ${chainId}\n${note}${pinned}`.replace(/^/gm, '    ').trimEnd();
	return `anchor:\n  chains:\n    # beside what is there; a chain that stands in the section itself becomes an item too\n    - ${item.trimStart()}\n`;
}

/** Here another chain than the words say is a slip of whoever typed them, not a state that nobody knows. */
export async function namedHere<T>(ask: () => Promise<T>): Promise<T> {
	try {
		return await ask();
	} catch (error) {
		throw error instanceof AgentError ? asWords(error) : error;
	}
}

export function asWords(error: AgentError): AgentError {
	if (error.code !== 'CHAIN_MISMATCH') return error;
	return new AgentError('ARGUMENT_INVALID', error.message, {cause: error.cause, ...(error.hint === undefined ? {} : {hint: error.hint})});
}
