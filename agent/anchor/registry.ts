// The verbs of an AnchorRegistry beside anchoring itself: who may anchor a log, handing that on, and ending a log. Each looks first and does nothing twice.

import {Interface} from 'ethers';
import {anchorRegistryAbi} from '../../contracts/generated/anchor-registry.ts';
import {AgentError} from '../base/errors.ts';
import type {Chain} from './chain.ts';
import {checkChain, type DeployNeeds, type Sent, sendUntil} from './deploy.ts';

/** A log at a registry. */
export type LogPlace = {readonly registry: string; readonly logId: string};

/** How a log stands at its registry. */
export type LogStanding = {
	/** undefined: the log was never opened. */
	readonly operator: string | undefined;
	/** Whom the operator wants to take it over; undefined for nobody. */
	readonly proposed: string | undefined;
	readonly isClosed: boolean;
	/** The log that goes on where this one ends; undefined while it is open, or if it has none. */
	readonly successor: string | undefined;
};

/** A head in a batch. Root and proof are 0x and 64 hexadecimal digits each. */
export type HeadToAnchor = {
	readonly logId: string;
	readonly size: number;
	readonly root: string;
	readonly consistencyProof: readonly string[];
};

const zeroAddress = `0x${'0'.repeat(40)}`;
const zeroLogId = `0x${'0'.repeat(64)}`;
const registryInterface = new Interface(anchorRegistryAbi);

export function encodeProposeOperator(logId: string, proposed: string): string {
	return registryInterface.encodeFunctionData('proposeOperator', [logId, proposed]);
}

export function encodeWithdrawProposal(logId: string): string {
	return registryInterface.encodeFunctionData('withdrawProposal', [logId]);
}

export function encodeAcceptOperator(logId: string): string {
	return registryInterface.encodeFunctionData('acceptOperator', [logId]);
}

/** `successor`: the log that goes on where this one ends, opened already by the same operator. */
export function encodeClose(logId: string, successor: string | undefined): string {
	return registryInterface.encodeFunctionData('close', [logId, successor ?? zeroLogId]);
}

export function encodeOpenFor(originHash: Uint8Array, operator: string): string {
	return registryInterface.encodeFunctionData('openFor', [originHash, operator]);
}

export function encodeAnchorMany(heads: readonly HeadToAnchor[]): string {
	return registryInterface.encodeFunctionData('anchorMany', [
		heads.map(({logId, size, root, consistencyProof}) => [logId, size, root, consistencyProof]),
	]);
}

async function readOne(chain: Chain, registry: string, name: string, values: readonly unknown[]): Promise<unknown> {
	const answer = await chain.read(registry, registryInterface.encodeFunctionData(name, values));
	try {
		if ('value' in answer) return registryInterface.decodeFunctionResult(name, answer.value)[0];
	} catch {
		// Said below.
	}
	throw new AgentError(
		'CHAIN_MISMATCH',
		`the contract at ${registry} does not answer ${name}(): it is not an AnchorRegistry of this version`,
		{
			hint: 'registries of before have no rotation and no closing: deploy a new one with kedge deploy, and open the next epoch there',
		},
	);
}

/** How the log stands as of the newest block. Fails with CHAIN_MISMATCH if there is no such registry. */
export async function standingOf(chain: Chain, {registry, logId}: LogPlace): Promise<LogStanding> {
	const operator = (await readOne(chain, registry, 'operatorOf', [logId])) as string;
	const proposed = (await readOne(chain, registry, 'proposedOperatorOf', [logId])) as string;
	const successor = (await readOne(chain, registry, 'successorOf', [logId])) as string;
	const addressOrNone = (found: string): string | undefined => (found === zeroAddress ? undefined : found.toLowerCase());
	return {
		operator: addressOrNone(operator),
		proposed: addressOrNone(proposed),
		isClosed: (await readOne(chain, registry, 'isClosed', [logId])) as boolean,
		successor: successor === zeroLogId ? undefined : successor,
	};
}

/** How many heads `anchorMany` takes at once. */
export async function batchLengthMax(chain: Chain, registry: string): Promise<number> {
	return Number((await readOne(chain, registry, 'batchLengthMax', [])) as bigint);
}

export type Done = {
	/** Whether a transaction was needed; false if it was so already. */
	readonly changed: boolean;
	/** The transaction that brought it about, if one of ours was. */
	readonly transactionHash: string | undefined;
};

const already: Done = {changed: false, transactionHash: undefined};
const changedBy = ({transactionHash}: Sent): Done => ({changed: true, transactionHash});

/**
 * Proposes that `to` takes the log over. The signer goes on anchoring until that one has accepted. Fails with ARGUMENT_INVALID if it cannot be, with KEY_INVALID if the signer is not the
 * operator.
 */
export async function rotateOperator(needs: DeployNeeds, place: LogPlace & {readonly to: string}): Promise<Done> {
	const {chain, signer} = needs;
	const to = place.to.toLowerCase();
	const standing = await lookAt(needs, place);
	if (standing.operator === to || standing.proposed === to) return already;
	refuseClosed(standing, place);
	refuseOthers(standing, signer.address, place, 'hand it on');
	const isProposed = async (): Promise<boolean> => {
		const now = await standingOf(chain, place);
		return now.proposed === to || now.operator === to;
	};
	const what = {to: place.registry, data: encodeProposeOperator(place.logId, to), value: 0n};
	return changedBy(await sendUntil(needs, what, isProposed, `proposing ${to} as the operator of log ${place.logId}`));
}

/** Takes a proposal back, if there is one. Fails with KEY_INVALID if the signer is not the operator, as when the proposed one was faster. */
export async function withdrawProposal(needs: DeployNeeds, place: LogPlace): Promise<Done> {
	const {chain, signer} = needs;
	const standing = await lookAt(needs, place);
	refuseOthers(standing, signer.address, place, 'take a proposal back');
	if (standing.proposed === undefined) return already;
	const isWithdrawn = async (): Promise<boolean> => (await standingOf(chain, place)).proposed === undefined;
	const what = {to: place.registry, data: encodeWithdrawProposal(place.logId), value: 0n};
	return changedBy(await sendUntil(needs, what, isWithdrawn, `taking back the proposal for log ${place.logId}`));
}

/** Takes the log over for the signer, who must be proposed. From then on the key before is refused. Fails with KEY_INVALID if the signer is not the one. */
export async function acceptOperator(needs: DeployNeeds, place: LogPlace): Promise<Done> {
	const {chain, signer} = needs;
	const standing = await lookAt(needs, place);
	// While another one is proposed this is the key of before, which whoever asks has mistaken for the new one.
	if (standing.operator === signer.address && standing.proposed === undefined) return already;
	refuseClosed(standing, place);
	if (standing.proposed !== signer.address)
		throw new AgentError(
			'KEY_INVALID',
			`log ${place.logId} is anchored by ${standing.operator}, and ${standing.proposed === undefined ? 'nobody' : standing.proposed} is to take it over, not ${signer.address}`,
			{hint: `with the key of now, say first: kedge anchor rotate --to ${signer.address}`},
		);
	const isTaken = async (): Promise<boolean> => (await standingOf(chain, place)).operator === signer.address;
	const what = {to: place.registry, data: encodeAcceptOperator(place.logId), value: 0n};
	return changedBy(await sendUntil(needs, what, isTaken, `taking over log ${place.logId}`));
}

/**
 * Ends the log at the registry, for ever: what is anchored stays, and nothing is added. `successor` goes on where it ends, and is opened by the same operator already. Fails with ARGUMENT_INVALID if it
 * was closed with another successor, with KEY_INVALID if the signer is not the operator.
 */
export async function closeLog(needs: DeployNeeds, place: LogPlace & {readonly successor: string | undefined}): Promise<Done> {
	const {chain, signer} = needs;
	const standing = await lookAt(needs, place);
	if (standing.isClosed) {
		if (standing.successor === place.successor) return already;
		throw new AgentError(
			'ARGUMENT_INVALID',
			`log ${place.logId} is closed already, with ${standing.successor === undefined ? 'no successor' : `successor ${standing.successor}`}`,
			{hint: 'that cannot be changed'},
		);
	}
	refuseOthers(standing, signer.address, place, 'close it');
	const isClosed = async (): Promise<boolean> => (await standingOf(chain, place)).isClosed;
	const what = {to: place.registry, data: encodeClose(place.logId, place.successor), value: 0n};
	return changedBy(await sendUntil(needs, what, isClosed, `closing log ${place.logId}`));
}

/** Makes sure that this is the chain that is meant, and that it has a contract there. Fails with CHAIN_MISMATCH. */
export async function checkRegistry(chain: Chain, registry: string): Promise<void> {
	await checkChain(chain);
	if (!(await chain.hasCode(registry)))
		throw new AgentError('CHAIN_MISMATCH', `chain ${chain.expectedId} has no contract at ${registry}`, {
			hint: 'check the address of the registry',
		});
}

/** Whether there is a registry of this version with this challenge time. */
export async function isCurrentRegistry(chain: Chain, registry: string, challengeTimeS: number): Promise<boolean> {
	if (!(await chain.hasCode(registry))) return false;
	try {
		await batchLengthMax(chain, registry);
		return (await chain.ring(registry)).challengeTimeS === challengeTimeS;
	} catch (error) {
		if (error instanceof AgentError && error.code === 'CHAIN_MISMATCH') return false;
		throw error;
	}
}

async function lookAt({chain}: DeployNeeds, place: LogPlace): Promise<LogStanding> {
	await checkRegistry(chain, place.registry);
	const standing = await standingOf(chain, place);
	if (standing.operator === undefined)
		throw new AgentError('ARGUMENT_INVALID', `log ${place.logId} was never opened at registry ${place.registry}`, {
			hint: 'its id holds the address that opened it: name that one with --opener',
		});
	return standing;
}

function refuseClosed(standing: LogStanding, {logId}: LogPlace): void {
	if (standing.isClosed)
		throw new AgentError('ARGUMENT_INVALID', `log ${logId} is closed: nobody takes it over any more`, {
			hint: standing.successor === undefined ? 'open the next epoch with kedge epoch' : `it goes on as ${standing.successor}`,
		});
}

function refuseOthers(standing: LogStanding, signer: string, {logId}: LogPlace, what: string): void {
	if (standing.operator !== signer)
		throw new AgentError('KEY_INVALID', `log ${logId} is anchored by ${standing.operator}: ${signer} cannot ${what}`, {
			hint: 'use the key of the operator (keystore in the section anchor of the config)',
		});
}
