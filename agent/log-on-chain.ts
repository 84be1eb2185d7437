// The composition root's part that deploys registries for commands, and hands this site's log there on to another key, or ends it.

import {readFile, writeFile} from 'node:fs/promises';
import type {Chain, ChainOptions} from './anchor/chain.ts';
import type {DeployNeeds} from './anchor/deploy.ts';
import type {RegistryFunction} from './anchor/guard.ts';
import type {Done, LogStanding} from './anchor/registry.ts';
import {type AnchoringKey, nameOfChain, openAnchoringKey, openChainOf, pinProblemOf, pinsOf} from './anchoring.ts';
import {toHex} from './base/bytes.ts';
import {type Clock, systemClock} from './base/clock.ts';
import {giveToOwner} from './base/durable.ts';
import {AgentError} from './base/errors.ts';
import {nodeHasher} from './base/hash-node.ts';
import type {Random} from './base/random.ts';
import type {ChainConfig} from './config.ts';
import {anchorLogId} from './format/log-id.ts';
import {openLogReader} from './log/reader.ts';
import {type Site, siteFile, trustOf} from './site.ts';

export type DeployedRegistry = {
	readonly chainId: number;
	readonly registry: string;
	/** False if the key had deployed one before, with the same challenge time. */
	readonly deployed: boolean;
	/** Of the deployment, if it was one of now. */
	readonly transactionHash: string | undefined;
	/** Pins: with them in the config a node of another chain, or another contract, is found out at once. */
	readonly genesisHash: string;
	readonly codeHash: string;
	/** Who paid. A registry has no owner. */
	readonly deployer: string;
};

/** Deploys an AnchorRegistry with the anchoring key to a chain, unless it has done so. Fails with CHAIN_UNREACHABLE, CHAIN_REFUSED (no funds) or CHAIN_MISMATCH. */
export async function deployRegistryFor(
	site: Site,
	options: {readonly nodes: ChainOptions; readonly challengeTimeS: number},
	clock: Clock = systemClock,
): Promise<DeployedRegistry> {
	const [{openChain}, {deployRegistry}, {guardSigner}, {isCurrentRegistry}] = await Promise.all([
		import('./anchor/chain.ts'),
		import('./anchor/deploy.ts'),
		import('./anchor/guard.ts'),
		import('./anchor/registry.ts'),
	]);
	const {nodes, challengeTimeS} = options;
	const {chainId} = nodes;
	const signer = guardSigner(await openAnchoringKey(site), {chainId, registry: undefined, mayDeploy: true});
	await using chain = openChain(nodes);
	const {registry, deployed, transactionHash} = await deployRegistry(
		{chain, clock, signer},
		{challengeTimeS, isRight: address => isCurrentRegistry(chain, address, challengeTimeS)},
	);
	const codeHash = await chain.codeHash(registry);
	if (codeHash === undefined) throw new AgentError('CHAIN_UNREACHABLE', `the node has no code at ${registry}, which it had a moment ago`);
	return {chainId, registry, deployed, transactionHash, genesisHash: await chain.genesisHash(), codeHash, deployer: signer.address};
}

/** What a command is about: which chains of the config, and whose log. */
export type LogChoice = {
	/** Name or id of one chain of the config; undefined: every one. */
	readonly chain: string | undefined;
	/** Who opened the log. @default what the config says, else what the trust file and the key say */
	readonly opener?: string | undefined;
};

export type LogOnChain = {
	/** How the chain is called in messages. */
	readonly name: string;
	readonly chainId: number;
	readonly registry: string;
	readonly opener: string;
	readonly origin: string;
	readonly logId: string;
};

/** A log at one chain, with what was done there, or why it was not. */
export type LogOutcome = LogOnChain & Done & {readonly problem?: undefined};
export type LogFailure = {readonly name: string; readonly chainId: number; readonly problem: AgentError};

type Api = typeof import('./anchor/registry.ts');
type Desk = {readonly api: Api; readonly needs: DeployNeeds; readonly log: LogOnChain; readonly standing: LogStanding};

/** Proposes, on each chain, that another key takes the log over. The key of now goes on anchoring until that one has accepted. */
export function rotateAnchoring(
	site: Site,
	choice: LogChoice & {readonly to: string},
	clock: Clock = systemClock,
): Promise<(LogOutcome | LogFailure)[]> {
	return onChains(site, choice, ['proposeOperator'], clock, undefined, ({api, needs, log}) =>
		api.rotateOperator(needs, {...log, to: choice.to}),
	);
}

/** Takes the log over, on each chain, with the key of the config. */
export function acceptAnchoring(site: Site, choice: LogChoice, clock: Clock = systemClock): Promise<(LogOutcome | LogFailure)[]> {
	return onChains(site, choice, ['acceptOperator'], clock, undefined, ({api, needs, log}) => api.acceptOperator(needs, log));
}

/** Takes a proposal back, on each chain. */
export function withdrawAnchoring(site: Site, choice: LogChoice, clock: Clock = systemClock): Promise<(LogOutcome | LogFailure)[]> {
	return onChains(site, choice, ['withdrawProposal'], clock, undefined, ({api, needs, log}) => api.withdrawProposal(needs, log));
}

/** Ends the log of an origin, on each chain, for ever. `successor` is the origin of the one that goes on, and must be open there. */
export function closeOnChains(
	site: Site,
	choice: LogChoice & {readonly origin: string; readonly successor: string | undefined},
	clock: Clock = systemClock,
): Promise<(LogOutcome | LogFailure)[]> {
	return onChains(site, choice, ['close'], clock, choice.origin, async ({api, needs, log}, find) =>
		api.closeLog(needs, {...log, successor: choice.successor === undefined ? undefined : (await find(choice.successor)).log.logId}),
	);
}

/** How the log stands on each chain, with the key of the config; nothing is sent. */
export async function lookOnChains(
	site: Site,
	choice: LogChoice & {readonly origin?: string},
	clock: Clock = systemClock,
): Promise<
	(
		| (LogOnChain & {readonly standing: LogStanding; readonly head: number; readonly key: string; readonly problem?: undefined})
		| LogFailure
	)[]
> {
	return eachChain(site, choice, [], clock, choice.origin, async ({needs, log, standing}) => ({
		...log,
		standing,
		head: (await needs.chain.latest(log.registry, log.logId)).size,
		key: needs.signer.address,
	}));
}

function onChains(
	site: Site,
	choice: LogChoice,
	functions: readonly RegistryFunction[],
	clock: Clock,
	origin: string | undefined,
	act: (desk: Desk, find: (origin: string) => Promise<Desk>) => Promise<Done>,
): Promise<(LogOutcome | LogFailure)[]> {
	return eachChain(site, choice, functions, clock, origin, async (desk, find) => ({...desk.log, ...(await act(desk, find))}));
}

/** Does the same on each chain, one after the other, and goes on with the next where one fails. */
async function eachChain<T extends object>(
	site: Site,
	choice: LogChoice,
	functions: readonly RegistryFunction[],
	clock: Clock,
	origin: string | undefined,
	act: (desk: Desk, find: (origin: string) => Promise<Desk>) => Promise<T>,
): Promise<((T & {readonly problem?: undefined}) | LogFailure)[]> {
	const chains = chosenChains(site, choice.chain);
	const [api, {guardSigner}] = await Promise.all([import('./anchor/registry.ts'), import('./anchor/guard.ts')]);
	const key = await openAnchoringKey(site);
	const meant = origin ?? (await originOf(site));
	const done: ((T & {readonly problem?: undefined}) | LogFailure)[] = [];
	for (const config of chains) {
		await using chain = await openChainOf(config, clock);
		const {chainId} = config;
		const registry = config.registry.toLowerCase();
		// Whatever goes wrong here, the key signs what the command is for and nothing else.
		const needs = {chain, clock, signer: guardSigner(key, {chainId, registry, functions})};
		try {
			const openers = await openersOf(site, config, key, choice.opener);
			const find = async (of: string): Promise<Desk> => ({api, needs, ...(await findLog(api, chain, config, openers, of, key.address))});
			done.push(await act(await find(meant), find));
		} catch (error) {
			if (!(error instanceof AgentError)) throw error;
			done.push({name: nameOfChain(config), chainId, problem: error});
		}
	}
	return done;
}

function chosenChains(site: Site, wanted: string | undefined): readonly ChainConfig[] {
	const chains = site.config.anchor?.chains ?? [];
	if (chains.length === 0)
		throw new AgentError('ARGUMENT_INVALID', `${site.configPath} names no chain`, {
			hint: 'add the section "anchor": kedge anchor prints it',
		});
	if (wanted === undefined) return chains;
	const found = chains.filter(({name, chainId}) => name === wanted || String(chainId) === wanted);
	if (found.length === 0)
		throw new AgentError('ARGUMENT_INVALID', `${site.configPath} has no chain "${wanted}"`, {
			hint: `Chains: ${chains.map(nameOfChain).join(', ')}`,
		});
	return found;
}

async function originOf(site: Site): Promise<string> {
	await using reader = await openLogReader({path: site.paths.log, hasher: nodeHasher});
	return reader.origin;
}

/** Who may have opened logs of this site at a registry: what was said, else the config's word, else everybody whom the trust file names there, and the key itself. */
async function openersOf(
	site: Site,
	{chainId, registry, opener}: ChainConfig,
	key: AnchoringKey,
	said: string | undefined,
): Promise<readonly string[]> {
	if (said !== undefined) return [said.toLowerCase()];
	const trust = trustOf(await readFile(site.paths.trust), site.paths.trust);
	const trusted = trust.registries
		.filter(known => known.chainId === chainId && known.registry === registry.toLowerCase())
		.map(known => known.opener);
	return [...new Set([...(opener === undefined ? [] : [opener.toLowerCase()]), key.address, ...trusted])].slice(0, openersMax);
}

/** Each costs a few questions to a node. */
const openersMax = 16;

/** The log of an origin, by whoever of these has opened it. Where several have, the one that is the key's to move. Fails with ARGUMENT_INVALID if none has. */
async function findLog(
	api: Api,
	chain: Chain,
	config: ChainConfig,
	openers: readonly string[],
	origin: string,
	key: string,
): Promise<{readonly log: LogOnChain; readonly standing: LogStanding}> {
	const {chainId} = config;
	const registry = config.registry.toLowerCase();
	await api.checkRegistry(chain, registry);
	const problem = await pinProblemOf(chain, registry, pinsOf(config));
	if (problem !== undefined)
		throw new AgentError('CHAIN_MISMATCH', `${nameOfChain(config)} is not the pinned one: ${problem}`, {
			hint: 'check the address of the node and of the registry, and the pinned hashes in the config',
		});
	const found: {readonly log: LogOnChain; readonly standing: LogStanding}[] = [];
	for (const opener of openers) {
		const logId = anchorLogId(chainId, registry, opener, origin);
		const standing = await api.standingOf(chain, {registry, logId});
		if (standing.operator !== undefined) found.push({log: {name: nameOfChain(config), chainId, registry, opener, origin, logId}, standing});
	}
	const mine = found.find(({standing}) => standing.operator === key || standing.proposed === key);
	const [first] = found;
	if (first === undefined)
		throw new AgentError('ARGUMENT_INVALID', `log "${origin}" was never opened at registry ${registry} by ${openers.join(' or ')}`, {
			hint: 'name who opened it with --opener, or open it: kedge anchor',
		});
	return mine ?? first;
}

/** Further keys that are looked for before it is given up. */
const keysMax = 100;

export type NewKey = {readonly address: string; readonly keystore: string; readonly keystorePasswordFile: string};

/** Makes another anchoring key beside the one of now: `anchor-key-2.json` and its password, or the next number that is free. Fails with DATA_EXISTS. */
export async function makeNextKey(site: Site, random: Random): Promise<NewKey> {
	const {createKeystore} = await import('./anchor/keystore.ts');
	const password = toHex(random.bytes(32));
	const {address, json} = await createKeystore(password);
	for (let number = 2; number <= keysMax; number += 1) {
		const [keystore, keystorePasswordFile] = [`anchor-key-${number}.json`, `anchor-key-${number}.password`];
		// The password first: a key that nobody can open is worse than none. What is there, or half there after a power cut, is never written over.
		if (!(await writeNew(siteFile(site, keystorePasswordFile), `${password}\n`))) continue;
		if (await writeNew(siteFile(site, keystore), `${json}\n`)) return {address, keystore, keystorePasswordFile};
	}
	throw new AgentError('DATA_EXISTS', `there are ${keysMax} anchoring keys in ${site.paths.directory} already`, {
		hint: 'move away those that anchor nothing any more',
	});
}

/** False if the file is there already. */
async function writeNew(path: string, text: string): Promise<boolean> {
	try {
		await writeFile(path, text, {flag: 'wx', mode: 0o600});
		await giveToOwner(path);
		return true;
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
		throw error;
	}
}

/** The site with another anchoring key in its config. */
export function withKey(site: Site, key: Pick<NewKey, 'keystore' | 'keystorePasswordFile'>): Site {
	const {anchor} = site.config;
	// Both are files then, whatever the config has in their place.
	return anchor === undefined
		? site
		: {...site, config: {...site.config, anchor: {...anchor, ...key, signerUrl: undefined, signerAddress: undefined}}};
}
