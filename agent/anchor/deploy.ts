// Puts on a chain what anchoring needs there: the registry, the opened log, and something to pay with. Each looks first and does nothing twice.

import {formatEther, getCreateAddress, Interface} from 'ethers';
import {anchorRegistryAbi, anchorRegistryBytecode} from '../../contracts/generated/anchor-registry.ts';
import type {Clock} from '../base/clock.ts';
import {AgentError} from '../base/errors.ts';
import {until} from '../base/retry.ts';
import {anchorLogId, originHash} from '../format/log-id.ts';
import {type Chain, checkSigned, encodeOpen} from './chain.ts';
import type {Signer, TransactionPrice, UnsignedTransaction} from './keystore.ts';

export type DeployNeeds = {
	readonly chain: Chain;
	readonly clock: Clock;
	/** Pays, and becomes the opener of the log. */
	readonly signer: Signer;
	readonly signal?: AbortSignal;
};

/** How long a transaction may take to show its effect. */
const effectMsMax = 120_000;
const pollMs = 200;
/** A key that has sent more than this without deploying is somebody's working account: its registry must be named in the config. */
const noncesSearched = 16;
const logIdOfNothing = `0x${'0'.repeat(64)}`;

/**
 * The address of the registry that this key has deployed, deploying it if there is none among the key's first transactions. `challengeTimeS`: for how many seconds no
 * commitment is overwritten.
 */
export async function deployRegistry(
	needs: DeployNeeds,
	options: {
		readonly challengeTimeS: number;
		/** Which of the contracts that the key has deployed will do. @default every registry */
		readonly isRight?: (registry: string) => Promise<boolean>;
	},
): Promise<{readonly registry: string; readonly deployed: boolean; readonly transactionHash?: string}> {
	const {chain, signer} = needs;
	const {isRight = registry => isRegistry(chain, registry)} = options;
	await checkChain(chain);
	const nonce = await chain.nonce(signer.address);
	// The address follows from the account and its nonce, so nothing needs to be remembered, and a crash in between deploys nothing twice.
	for (let used = 0; used < Math.min(nonce, noncesSearched); used += 1) {
		const registry = contractAddress(signer.address, used);
		if (await isRight(registry)) return {registry, deployed: false};
	}
	const registry = contractAddress(signer.address, nonce);
	const data = anchorRegistryBytecode + new Interface(anchorRegistryAbi).encodeDeploy([options.challengeTimeS]).slice(2);
	const sent = await sendUntil(
		needs,
		{to: undefined, data, value: 0n},
		() => chain.hasCode(registry),
		`deploying the registry at ${registry}`,
	);
	return {registry, deployed: true, transactionHash: sent.transactionHash};
}

/** Opens the log at the registry for the signer, unless it is open. */
export async function openLogAt(
	needs: DeployNeeds,
	options: {readonly registry: string; readonly origin: string},
): Promise<{readonly logId: string; readonly opened: boolean}> {
	const {chain, signer} = needs;
	const registry = options.registry.toLowerCase();
	await checkChain(chain);
	if (!(await chain.hasCode(registry))) {
		throw new AgentError('CHAIN_MISMATCH', `chain ${chain.expectedId} has no contract at ${registry}`, {
			hint: 'check the address of the registry, or deploy one',
		});
	}
	const logId = anchorLogId(chain.expectedId, registry, signer.address, options.origin);
	const isOpen = async (): Promise<boolean> => (await chain.operatorOf(registry, logId)) !== undefined;
	if (await isOpen()) return {logId, opened: false};
	const data = encodeOpen(originHash(options.origin));
	await transact(needs, {to: registry, data, value: 0n}, isOpen, `opening log "${options.origin}"`);
	return {logId, opened: true};
}

/** Brings an account to at least `minWei` by sending it `amountWei` from the signer. */
export async function fundAccount(
	needs: DeployNeeds,
	options: {readonly to: string; readonly minWei: bigint; readonly amountWei: bigint},
): Promise<{readonly funded: boolean}> {
	const {to, minWei, amountWei} = options;
	await checkChain(needs.chain);
	const isFunded = async (): Promise<boolean> => (await needs.chain.balanceWei(to)) >= minWei;
	if (await isFunded()) return {funded: false};
	await transact(needs, {to, data: '0x', value: amountWei}, isFunded, `funding ${to}`);
	return {funded: true};
}

function contractAddress(from: string, nonce: number): string {
	return getCreateAddress({from, nonce}).toLowerCase();
}

/** Fails with CHAIN_MISMATCH if another chain answers than the one that is meant. */
export async function checkChain(chain: Chain): Promise<void> {
	const found = await chain.chainId();
	if (found !== chain.expectedId) {
		throw new AgentError('CHAIN_MISMATCH', `the node speaks for chain ${found}, not for chain ${chain.expectedId}`);
	}
}

async function isRegistry(chain: Chain, address: string): Promise<boolean> {
	if (!(await chain.hasCode(address))) return false;
	try {
		await chain.latest(address, logIdOfNothing);
		return true;
	} catch (error) {
		if (error instanceof AgentError && error.code === 'CHAIN_MISMATCH') return false;
		throw error;
	}
}

/** The transaction of ours that was sent last. Its effect is there; somebody else's may have brought it about. */
export type Sent = {readonly transactionHash: string};

/** Sends one transaction and waits for its effect, not for itself: the effect is what a second call finds, whoever brought it about. */
export async function transact(...words: Parameters<typeof sendUntil>): Promise<void> {
	await sendUntil(...words);
}

/** As `transact`, and says which transaction of ours it was. */
export async function sendUntil(
	{chain, clock, signer, signal}: DeployNeeds,
	what: {readonly to: string | undefined; readonly data: string; readonly value: bigint},
	isDone: () => Promise<boolean>,
	doing: string,
): Promise<Sent> {
	const send = async (): Promise<Sent & {readonly nonce: number}> => {
		const estimate = await chain.estimate({from: signer.address, ...what});
		if ('refused' in estimate) throw new AgentError('CHAIN_REFUSED', `${doing} would fail: ${estimate.refused}`);
		const fees = await chain.fees();
		const price: TransactionPrice =
			fees.kind === 'legacy'
				? {type: 'legacy', gasPrice: fees.gasPriceWei}
				: {type: 'dynamic', maxFeePerGas: 2n * fees.baseFeeWei + fees.tipWei, maxPriorityFeePerGas: fees.tipWei};
		const unsigned: UnsignedTransaction = {
			chainId: chain.expectedId,
			nonce: await chain.nonce(signer.address),
			...what,
			gasLimit: (estimate.gas * 5n) / 4n,
			...price,
		};
		const highestWei = unsigned.gasLimit * (price.type === 'legacy' ? price.gasPrice : price.maxFeePerGas);
		const balanceWei = await chain.balanceWei(signer.address);
		if (balanceWei < what.value + highestWei)
			throw new AgentError(
				'CHAIN_REFUSED',
				`${doing} may cost ${formatEther(what.value + highestWei)} of the chain's coin, and ${signer.address} has ${formatEther(balanceWei)}`,
				{hint: `send funds to ${signer.address} on chain ${chain.expectedId}, and run this again`},
			);
		const raw = await signer.signTransaction(unsigned);
		const transactionHash = checkSigned(raw, unsigned, signer.address);
		// If we die after this, the next call looks for the effect first: the same nonce can have one effect only.
		await chain.broadcast(raw);
		return {transactionHash, nonce: unsigned.nonce};
	};
	let sent = await send();
	const done = await until(
		async () => {
			if (await isDone()) return true;
			// Another program used the same account meanwhile and took the nonce. The effect is looked for once more, since it may have come between the two questions.
			if ((await chain.nonce(signer.address)) > sent.nonce && !(await isDone())) sent = await send();
			return undefined;
		},
		{clock, everyMs: pollMs, timeoutMs: effectMsMax, ...(signal === undefined ? {} : {signal})},
	);
	if (done === undefined) {
		throw new AgentError('CHAIN_UNREACHABLE', `${doing} had no effect within ${effectMsMax / 1000} s`, {
			hint: 'the transaction may still be mined: try again later, nothing is done twice',
		});
	}
	return {transactionHash: sent.transactionHash};
}
