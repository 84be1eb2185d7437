// Talks to a DeviceRegistry: deploys it, says there what the opener of a log has to say of a device, and reads back who owns it, since when, and all that changed.

import {getCreateAddress, Interface} from 'ethers';
import {deviceRegistryAbi, deviceRegistryBytecode} from '../../contracts/generated/device-registry.ts';
import {toPrefixedHex} from '../base/bytes.ts';
import {AgentError} from '../base/errors.ts';
import {
	type BindingChange,
	type BindingTerms,
	bindingDigest,
	bindingDomainSeparator,
	bindingHistoryAfter,
	deviceHash,
	zeroAddress,
	zeroHash,
} from '../format/device-binding.ts';
import {originHash} from '../format/log-id.ts';
import type {Chain, ChainLog} from './chain.ts';
import {type DeployNeeds, transact} from './deploy.ts';

/** A device of a log in a registry. */
export type BindingPlace = {
	readonly registry: string;
	readonly logId: string;
	/** keccak256 of its URN. */
	readonly device: string;
};

export type Binding = {
	/** undefined: it is not bound. */
	readonly owner: string | undefined;
	/** Since when it belongs to this owner, s since 1970; 0 if it is not bound. */
	readonly boundSinceS: number;
	/** 0 if it never was bound. */
	readonly changedAtS: number;
	readonly openerRotates: boolean;
	readonly keyHash: string;
	readonly certificateHash: string;
	readonly history: string;
};

/** The log's own name for itself, which its opener speaks for. */
export type BindingLog = {readonly anchorRegistry: string; readonly opener: string; readonly origin: string};

const registryInterface = new Interface(deviceRegistryAbi);
const boundTopic = registryInterface.getEvent('Bound')!.topicHash;
const unboundTopic = registryInterface.getEvent('Unbound')!.topicHash;

/** A key that has sent more than this without deploying is somebody's working account: its registry must be named. */
const noncesSearched = 16;
/** Changes that are read back, newest first; each costs about fifty questions to the node. */
export const bindingChangesMax = 64;

/** The address of the device registry that this key has deployed, deploying it if there is none among the key's first transactions. */
export async function deployDeviceRegistry(needs: DeployNeeds): Promise<{readonly registry: string; readonly deployed: boolean}> {
	const {chain, signer} = needs;
	await checkChainId(chain);
	const nonce = await chain.nonce(signer.address);
	// The address follows from the account and its nonce, so nothing needs to be remembered, and a crash in between deploys nothing twice.
	for (let used = 0; used < Math.min(nonce, noncesSearched); used += 1) {
		const registry = getCreateAddress({from: signer.address, nonce: used}).toLowerCase();
		if ((await deviceRegistryProblem(chain, registry)) === undefined) return {registry, deployed: false};
	}
	const registry = getCreateAddress({from: signer.address, nonce}).toLowerCase();
	const data = deviceRegistryBytecode;
	await transact(needs, {to: undefined, data, value: 0n}, () => chain.hasCode(registry), `deploying the device registry at ${registry}`);
	return {registry, deployed: true};
}

/** Fails with CHAIN_MISMATCH unless the node speaks for the chain and has a device registry there. */
export async function checkDeviceRegistry(chain: Chain, registry: string): Promise<void> {
	await checkChainId(chain);
	const problem = await deviceRegistryProblem(chain, registry);
	if (problem !== undefined)
		throw new AgentError('CHAIN_MISMATCH', problem, {hint: 'check the address of the device registry, or deploy one'});
}

async function checkChainId(chain: Chain): Promise<void> {
	const found = await chain.chainId();
	if (found !== chain.expectedId)
		throw new AgentError('CHAIN_MISMATCH', `the node speaks for chain ${found}, not for chain ${chain.expectedId}`);
}

/** A registry names itself and its chain in the domain that its words are signed under. */
async function deviceRegistryProblem(chain: Chain, registry: string): Promise<string | undefined> {
	if (!(await chain.hasCode(registry))) return `chain ${chain.expectedId} has no contract at ${registry}`;
	const answer = await chain.read(registry, registryInterface.encodeFunctionData('domainSeparator'));
	const expected = toPrefixedHex(bindingDomainSeparator({chainId: chain.expectedId, registry}));
	return 'value' in answer && answer.value === expected ? undefined : `the contract at ${registry} is no DeviceRegistry`;
}

async function ask(chain: Chain, registry: string, name: string, values: readonly unknown[]): Promise<unknown> {
	const answer = await chain.read(registry, registryInterface.encodeFunctionData(name, values));
	try {
		if ('value' in answer) return registryInterface.decodeFunctionResult(name, answer.value)[0];
	} catch {
		// Said below.
	}
	throw new AgentError('CHAIN_MISMATCH', `the contract at ${registry} does not answer ${name}(): it is no DeviceRegistry`);
}

/** How the device is bound as of the newest block. */
export async function readBinding(chain: Chain, {registry, logId, device}: BindingPlace): Promise<Binding> {
	const found = (await ask(chain, registry, 'bindingOf', [logId, device])) as {
		readonly owner: string;
		readonly boundSince: bigint;
		readonly changedAt: bigint;
		readonly openerRotates: boolean;
		readonly keyHash: string;
		readonly certificateHash: string;
		readonly history: string;
	};
	const owner = found.owner.toLowerCase();
	return {
		owner: owner === zeroAddress ? undefined : owner,
		boundSinceS: Number(found.boundSince),
		changedAtS: Number(found.changedAt),
		openerRotates: found.openerRotates,
		keyHash: found.keyHash,
		certificateHash: found.certificateHash,
		history: found.history,
	};
}

type FoundChange = BindingChange & {readonly previousTimeS: number};

/**
 * What changed, oldest first. Each event names the time of the one before, so that no node has to search a range; and the registry's word `history` commits to them all, so that a node that
 * leaves one out or makes one up is found out: fails with CHAIN_MISMATCH then. `isWhole` is false where there are more than `bindingChangesMax`: those are not held against anything.
 */
export async function readBindingChanges(
	chain: Chain,
	place: BindingPlace,
	binding: Binding,
): Promise<{readonly changes: readonly BindingChange[]; readonly isWhole: boolean}> {
	const changes: FoundChange[] = [];
	let timeS = binding.changedAtS;
	while (timeS !== 0 && changes.length < bindingChangesMax) {
		const found = await changesAt(chain, place, timeS);
		changes.unshift(...found);
		const first = found[0];
		// Times never go back: what is not older would be read for ever.
		if (first === undefined || first.previousTimeS >= timeS)
			throw new AgentError('CHAIN_MISMATCH', `the node does not have the change of ${dateOf(timeS)} that ${place.registry} tells of`, {
				hint: 'ask a node that keeps old events',
			});
		timeS = first.previousTimeS;
	}
	if (timeS !== 0) return {changes, isWhole: false};
	let history = zeroHash;
	for (const change of changes) history = bindingHistoryAfter(history, place, change);
	if (history !== binding.history)
		throw new AgentError('CHAIN_MISMATCH', `the changes that the node tells of are not those that ${place.registry} commits to`, {
			hint: 'ask another node, or again if the device was just bound',
		});
	return {changes, isWhole: true};
}

/** The changes in the blocks of one time, oldest first. */
async function changesAt(chain: Chain, {registry, logId, device}: BindingPlace, timeS: number): Promise<FoundChange[]> {
	const from = await chain.firstBlockFrom(timeS);
	const to = (await chain.firstBlockFrom(timeS + 1)) - 1;
	if (to < from) return [];
	const logs = await chain.logs({addresses: [registry], topics: [boundTopic, unboundTopic], from, to});
	return logs
		.filter(({topics}) => topics[1] === logId && topics[2] === device)
		.map(changeOf)
		.filter(change => change !== undefined);
}

function changeOf(log: ChainLog): FoundChange | undefined {
	try {
		const parsed = registryInterface.parseLog(log)!;
		const {owner, by, time, previousTime} = parsed.args;
		const at = {by: String(by).toLowerCase(), timeS: Number(time), previousTimeS: Number(previousTime)};
		if (parsed.name === 'Unbound') return {...at, owner: zeroAddress, keyHash: zeroHash, certificateHash: zeroHash, openerRotates: false};
		const {keyHash, certificateHash, openerRotates} = parsed.args;
		return {...at, owner: String(owner).toLowerCase(), keyHash, certificateHash, openerRotates};
	} catch {
		return undefined;
	}
}

function dateOf(timeS: number): string {
	return new Date(1000 * timeS).toISOString();
}

/** The call by which either side says the terms. */
export function encodeBind(terms: BindingTerms): string {
	return registryInterface.encodeFunctionData('bind', [tupleOf(terms)]);
}

function tupleOf({origin, device, ...terms}: BindingTerms): object {
	return {...terms, originHash: originHash(origin), device: deviceHash(device)};
}

const wordSaid = 1n;

/** Says the terms as the opener, unless it has; tells whether the device is bound by them now. */
export async function proposeBinding(needs: DeployNeeds, place: BindingPlace, terms: BindingTerms): Promise<{readonly bound: boolean}> {
	const {chain, signer} = needs;
	const digest = bindingDigest({chainId: chain.expectedId, registry: place.registry}, terms);
	const isSaid = async (): Promise<boolean> => (await ask(chain, place.registry, 'wordOf', [digest, signer.address])) === wordSaid;
	const isBound = async (): Promise<boolean> => fits(await readBinding(chain, place), terms);
	const isDone = async (): Promise<boolean> => (await isSaid()) || (await isBound());
	if (!(await isDone()))
		await transact(needs, {to: place.registry, data: encodeBind(terms), value: 0n}, isDone, `proposing to bind ${terms.device}`);
	return {bound: await isBound()};
}

/** Binds with the owner's signature of the terms. */
export async function bindWithSignature(needs: DeployNeeds, place: BindingPlace, terms: BindingTerms, signature: string): Promise<void> {
	const {chain} = needs;
	const isBound = async (): Promise<boolean> => fits(await readBinding(chain, place), terms);
	const data = registryInterface.encodeFunctionData('bindSigned', [tupleOf(terms), signature]);
	await transact(needs, {to: place.registry, data, value: 0n}, isBound, `binding ${terms.device}`);
}

/** Replaces key and certificate as the opener, whom the owner lets do that. */
export async function rotateBinding(
	needs: DeployNeeds,
	place: BindingPlace,
	log: BindingLog,
	keys: {readonly keyHash: string; readonly certificateHash: string},
): Promise<void> {
	const {keyHash, certificateHash} = keys;
	const isDone = async (): Promise<boolean> => {
		const binding = await readBinding(needs.chain, place);
		return binding.keyHash === keyHash && binding.certificateHash === certificateHash;
	};
	const values = [log.anchorRegistry, originHash(log.origin), place.device, keyHash, certificateHash];
	const data = registryInterface.encodeFunctionData('rotate', values);
	await transact(needs, {to: place.registry, data, value: 0n}, isDone, 'replacing key and certificate of the device');
}

/** Ends the binding, as its opener or its owner. */
export async function endBinding(needs: DeployNeeds, place: BindingPlace, log: BindingLog): Promise<void> {
	const isDone = async (): Promise<boolean> => (await readBinding(needs.chain, place)).owner === undefined;
	const values = [log.anchorRegistry, log.opener, originHash(log.origin), place.device];
	const data = registryInterface.encodeFunctionData('unbind', values);
	await transact(needs, {to: place.registry, data, value: 0n}, isDone, 'ending the binding of the device');
}

/** Whether the binding is the one that the terms ask for. */
export function fits(binding: Binding, terms: Pick<BindingTerms, 'owner' | 'keyHash' | 'certificateHash' | 'openerRotates'>): boolean {
	return (
		binding.owner === terms.owner &&
		binding.keyHash === terms.keyHash &&
		binding.certificateHash === terms.certificateHash &&
		binding.openerRotates === terms.openerRotates
	);
}
