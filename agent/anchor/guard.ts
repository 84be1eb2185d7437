// Stands before the anchoring key, and lets it sign what anchoring needs and nothing else.

import {Interface} from 'ethers';
import {anchorRegistryAbi, anchorRegistryBytecode} from '../../contracts/generated/anchor-registry.ts';
import {AgentError} from '../base/errors.ts';
import type {Signer, UnsignedTransaction} from './keystore.ts';

/** What an agent that anchors may have signed. */
export type SpendingRules = {
	readonly chainId: number;
	/** The registry that is pinned, 0x and 40 hexadecimal digits; undefined while there is none. */
	readonly registry: string | undefined;
	/** The registry's functions that may be called. @default all that a log's opener or operator needs */
	readonly functions?: readonly RegistryFunction[];
	/** Whether a registry may be deployed: its own creation code, and no other. @default false */
	readonly mayDeploy?: boolean;
	/** Ceiling for what one transaction may cost at worst, gas limit × highest price, in wei. @default none: the outbox holds its own */
	readonly costWeiMax?: bigint;
};

/** Every function of the registry that changes it. */
export const registryFunctions = [
	'open',
	'openFor',
	'anchor',
	'anchorMany',
	'proposeOperator',
	'withdrawProposal',
	'acceptOperator',
	'close',
] as const;
export type RegistryFunction = (typeof registryFunctions)[number];

/** What an agent calls by itself: all else needs a person at a command. */
export const agentFunctions: readonly RegistryFunction[] = ['anchor'];

/** The registry's constructor takes one word, the challenge time. */
const constructorWordDigits = 64;
const registryInterface = new Interface(anchorRegistryAbi);

/** Why the key must not sign this; undefined if it may. */
export function spendingProblem(transaction: UnsignedTransaction, rules: SpendingRules): string | undefined {
	const {chainId, to, data, value, gasLimit} = transaction;
	if (chainId !== rules.chainId) return `it is for chain ${chainId}, and the key anchors on chain ${rules.chainId}`;
	if (value !== 0n) return `it would send ${value} wei, and anchoring sends none`;
	const costWei = gasLimit * priceWeiMax(transaction);
	if (rules.costWeiMax !== undefined && costWei > rules.costWeiMax)
		return `it may cost ${costWei} wei, and the ceiling of one transaction is ${rules.costWeiMax}`;
	if (to === undefined) return creationProblem(data, rules);
	if (rules.registry === undefined || to.toLowerCase() !== rules.registry.toLowerCase())
		return `it goes to ${to}, and the key pays for calls of ${rules.registry === undefined ? 'no contract yet' : `the registry at ${rules.registry}`}`;
	return callProblem(data, rules.functions ?? registryFunctions);
}

/** What a unit of gas may cost at worst, in wei. */
function priceWeiMax(transaction: UnsignedTransaction): bigint {
	return transaction.type === 'legacy' ? transaction.gasPrice : transaction.maxFeePerGas;
}

function creationProblem(data: string, {mayDeploy = false}: SpendingRules): string | undefined {
	if (!mayDeploy) return 'it would create a contract, and the key does so only for kedge deploy and kedge anchor';
	const words = data.slice(anchorRegistryBytecode.length);
	return data.startsWith(anchorRegistryBytecode) && words.length === constructorWordDigits && /^[0-9a-f]*$/.test(words)
		? undefined
		: 'it would create another contract than an AnchorRegistry';
}

function callProblem(data: string, functions: readonly RegistryFunction[]): string | undefined {
	try {
		const call = registryInterface.parseTransaction({data});
		if (call === null) return `it calls a function that no AnchorRegistry has (${data.slice(0, 10)})`;
		if (!functions.some(name => name === call.name)) return `it calls ${call.name}(), which the key does not pay for here`;
		// What a decoder passes over could be meant for another contract.
		if (registryInterface.encodeFunctionData(call.fragment, call.args) !== data)
			return `its call of ${call.name}() holds more than the arguments`;
		return undefined;
	} catch {
		return 'its data is no call of an AnchorRegistry';
	}
}

/** A signer that signs only what the rules allow, whoever asks it. Else fails with KEY_INVALID, and the key never sees the transaction. */
export function guardSigner(signer: Signer, rules: SpendingRules): Signer {
	return {
		address: signer.address,
		signTransaction: async transaction => {
			const problem = spendingProblem(transaction, rules);
			if (problem !== undefined)
				throw new AgentError('KEY_INVALID', `the anchoring key ${signer.address} does not sign this transaction: ${problem}`, {
					hint: 'Nothing was sent. If the chain or the registry in the config was changed while something was planned, take it back.',
				});
			return signer.signTransaction(transaction);
		},
	};
}
