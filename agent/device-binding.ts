// The composition root's part that binds devices to their owners on the chain of the config, and compares what the chain says with what the log says.

import type {DeployNeeds} from './anchor/deploy.ts';
import type {Binding, BindingLog, BindingPlace} from './anchor/device-registry.ts';
import {openAnchoringKey, openChainOf, openerOf} from './anchoring.ts';
import {type Clock, systemClock} from './base/clock.ts';
import {AgentError} from './base/errors.ts';
import {nodeHasher} from './base/hash-node.ts';
import type {ChainConfig, DeviceConfig} from './config.ts';
import {type DeviceBinding, deviceKind, type ListedDevice} from './device-desk.ts';
import {listDevices, noteBinding} from './enrolling.ts';
import {
	type BindingChange,
	type BindingTerms,
	bindingTypedData,
	deviceHash,
	parseBindingTypedData,
	zeroHash,
} from './format/device-binding.ts';
import {deviceKeyThumbprint, parseDeviceKey} from './format/device-key.ts';
import {anchorLogId} from './format/log-id.ts';
import {deviceUrn} from './format/subject.ts';
import {openLogReader} from './log/reader.ts';
import type {Site} from './site.ts';

/** Where devices are bound: a registry by its address, the one of the config, or one that the anchoring key has deployed or deploys now. */
export type RegistryChoice = {readonly registry?: string | undefined; readonly deploy?: boolean};

export type BindWish = {
	/** undefined: whoever owns it on the chain now. */
	readonly owner: string | undefined;
	/** Whether the opener alone may replace key and certificate. */
	readonly openerRotates: boolean;
	/** Days that the owner has to accept, today not counted. */
	readonly days: number;
};

type Api = typeof import('./anchor/device-registry.ts');

type Desk = {
	readonly api: Api;
	readonly anchor: ChainConfig;
	readonly needs: DeployNeeds;
	readonly place: BindingPlace;
	readonly log: BindingLog;
	readonly deployed: boolean;
};

/** Key and certificate of a device, as a registry knows them. */
type DeviceHashes = {readonly keyHash: string; readonly certificateHash: string};

export type BindOutcome = {
	readonly chainId: number;
	readonly registry: string;
	readonly deployed: boolean;
	readonly logId: string;
	readonly terms: BindingTerms;
	/** rotated: bound as before, with another key or certificate. proposed: the owner must say the same, by `accept`. unchanged: so it was already. */
	readonly outcome: 'bound' | 'rotated' | 'unchanged' | 'proposed';
	/** The owner's transaction, where that is still to come. */
	readonly accept: {readonly to: string; readonly data: string} | undefined;
};

const dayS = 86_400;

/** Proposes to bind a device, or renews its binding. Safe to repeat: what was said is not said twice. What the chain says in the end is noted in the log by the running agent. */
export async function bindDevice(
	site: Site,
	id: string,
	choice: RegistryChoice,
	wish: BindWish,
	clock: Clock = systemClock,
): Promise<BindOutcome> {
	const device = await boundable(site, id);
	return atDesk(site, id, choice, clock, async desk => {
		const {api, needs, place, log} = desk;
		const binding = await api.readBinding(needs.chain, place);
		const terms = termsOf(device, log, binding, wish, clock);
		const done = async (outcome: BindOutcome['outcome']): Promise<BindOutcome> => {
			if (outcome !== 'proposed') await noteBinding(site, id, notedBinding(desk, terms.owner));
			return outcomeOf(desk, terms, outcome);
		};
		if (binding.owner !== undefined && binding.owner !== terms.owner)
			throw new AgentError('ARGUMENT_INVALID', `"${id}" belongs to ${binding.owner}`, {hint: `That ends first: kedge device unbind ${id}`});
		if (api.fits(binding, terms)) return done('unchanged');
		if (binding.owner !== undefined && binding.openerRotates && terms.openerRotates) {
			await api.rotateBinding(needs, place, log, terms);
			return done('rotated');
		}
		return done((await api.proposeBinding(needs, place, terms)).bound ? 'bound' : 'proposed');
	});
}

/** What the owner may sign instead of sending a transaction. [EIP-712] Nothing is sent. */
export async function bindingToSign(
	site: Site,
	id: string,
	choice: RegistryChoice,
	wish: BindWish,
	clock: Clock = systemClock,
): Promise<object> {
	const device = await boundable(site, id);
	return atDesk(site, id, choice, clock, async ({api, anchor, needs, place, log}) => {
		const terms = termsOf(device, log, await api.readBinding(needs.chain, place), wish, clock);
		return bindingTypedData({chainId: anchor.chainId, registry: place.registry}, terms);
	});
}

/** Binds a device with the owner's signature of what bindingToSign gave. */
export async function bindSignedDevice(
	site: Site,
	id: string,
	signed: {readonly typedData: string; readonly signature: string},
	clock: Clock = systemClock,
): Promise<BindOutcome> {
	const wrong = (problem: string): AgentError => new AgentError('ARGUMENT_INVALID', `the owner's terms: ${problem}`);
	const parsed = parseBindingTypedData(signed.typedData);
	if ('problem' in parsed) throw wrong(parsed.problem);
	if (!/^0x(?:[0-9a-fA-F]{2}){1,4096}$/.test(signed.signature)) throw wrong('the signature is not 0x and hexadecimal digits');
	const {domain, terms} = parsed;
	const device = await boundable(site, id);
	return atDesk(site, id, {registry: domain.registry}, clock, async desk => {
		const {api, anchor, needs, place, log} = desk;
		const {keyHash, certificateHash} = hashesOf(device.key, device.calibration?.sha256);
		if (domain.chainId !== anchor.chainId) throw wrong(`they are for chain ${domain.chainId}, not for chain ${anchor.chainId}`);
		if (terms.device !== deviceUrn(id)) throw wrong(`they are for ${terms.device}`);
		if (terms.anchorRegistry !== log.anchorRegistry || terms.opener !== log.opener || terms.origin !== log.origin)
			throw wrong(`they are for another log, "${terms.origin}" of ${terms.opener} at ${terms.anchorRegistry}`);
		if (terms.keyHash !== keyHash || terms.certificateHash !== certificateHash)
			throw wrong('they name a key or a certificate that the device does not have now');
		if (!api.fits(await api.readBinding(needs.chain, place), terms))
			await api.bindWithSignature(needs, place, terms, signed.signature.toLowerCase());
		await noteBinding(site, id, notedBinding(desk, terms.owner));
		return outcomeOf(desk, terms, 'bound');
	});
}

/** Ends the binding of a device, as the opener of the log. Safe to repeat. */
export async function unbindDevice(
	site: Site,
	id: string,
	choice: RegistryChoice,
	clock: Clock = systemClock,
): Promise<{readonly wasBound: boolean}> {
	await findDevice(site, id);
	return atDesk(site, id, choice, clock, async ({api, needs, place, log}) => {
		const {owner} = await api.readBinding(needs.chain, place);
		if (owner !== undefined) await api.endBinding(needs, place, log);
		await noteBinding(site, id, null);
		return {wasBound: owner !== undefined};
	});
}

export type SeenBinding = {
	readonly urn: string;
	readonly origin: string;
	readonly chainId: number;
	readonly registry: string;
	readonly binding: Binding;
	/** Oldest first. */
	readonly changes: readonly BindingChange[];
	/** Whether these are all, held against what the registry commits to. */
	readonly isWhole: boolean;
	/** What the log says of the device. */
	readonly inLog: DeviceHashes & {readonly binding: DeviceBinding | undefined};
	/** Sentences: where the chain and the log do not say the same. */
	readonly differences: readonly string[];
};

/** What the chain says of a device, and where the log says otherwise. Needs no running agent. */
export async function readDeviceBinding(
	site: Site,
	id: string,
	options: {readonly rpcUrl?: string | undefined; readonly registry?: string | undefined} = {},
): Promise<SeenBinding> {
	const anchor = anchorOf(site);
	const registry = registryOf(site, options.registry);
	const api = await import('./anchor/device-registry.ts');
	const opener = openerOf(anchor, await openAnchoringKey(site));
	await using reader = await openLogReader({path: site.paths.log, hasher: nodeHasher});
	await using chain = await openChainOf(options.rpcUrl === undefined ? anchor : {...anchor, rpcUrls: [options.rpcUrl]}, systemClock);
	const row = (await reader.documentsFrom(deviceKind, id, 1)).find(({key}) => key === id);
	const stored = row && (JSON.parse(row.body) as {readonly device: DeviceConfig; readonly binding?: DeviceBinding});
	const device = stored?.device ?? site.config.devices.find(one => one.id === id);
	if (device === undefined) throw new AgentError('ARGUMENT_INVALID', `there is no device "${id}"`, {hint: 'See: kedge device list'});
	const inLog = {...hashesOf(device.publicKey, device.calibration?.sha256), binding: stored?.binding};
	const urn = deviceUrn(id);
	const logId = anchorLogId(anchor.chainId, anchor.registry.toLowerCase(), opener, reader.origin);
	const place = {registry, logId, device: deviceHash(urn)};
	await api.checkDeviceRegistry(chain, registry);
	const binding = await api.readBinding(chain, place);
	const {changes, isWhole} = await api.readBindingChanges(chain, place, binding);
	const noted = binding.owner === undefined ? undefined : accountText(anchor.chainId, binding.owner);
	const differences: string[] = [];
	if (inLog.binding?.owner !== noted)
		differences.push(`the log says that it belongs to ${inLog.binding?.owner ?? 'nobody'}, the chain says ${noted ?? 'nobody'}`);
	if (binding.owner !== undefined && binding.keyHash !== inLog.keyHash) differences.push('the chain names another key than the log');
	if (binding.owner !== undefined && binding.certificateHash !== inLog.certificateHash)
		differences.push('the chain names another calibration certificate than the log');
	return {urn, origin: reader.origin, chainId: anchor.chainId, registry, binding, changes, isWhole, inLog, differences};
}

/** Opens what a change on the chain needs: the anchoring key, the log's name, the chain, the registry. */
async function atDesk<T>(site: Site, id: string, choice: RegistryChoice, clock: Clock, work: (desk: Desk) => Promise<T>): Promise<T> {
	const anchor = anchorOf(site);
	const named = choice.deploy ? undefined : registryOf(site, choice.registry);
	const api = await import('./anchor/device-registry.ts');
	const signer = await openAnchoringKey(site);
	const opener = openerOf(anchor, signer);
	// The device registry asks nobody who anchors: the id of a log holds who has opened it, and that one speaks for its devices.
	if (opener !== signer.address)
		throw new AgentError(
			'KEY_INVALID',
			`devices of this log are bound by the key that opened it, ${opener}, and the anchoring key is ${signer.address} now`,
			{
				hint: 'use the key of before, in a config of its own; if that one was stolen, open the next epoch, whose log the key of now opens: kedge epoch --anyway',
			},
		);
	await using reader = await openLogReader({path: site.paths.log, hasher: nodeHasher});
	await using chain = await openChainOf(anchor, clock);
	const needs = {chain, clock, signer};
	const log = {anchorRegistry: anchor.registry.toLowerCase(), opener, origin: reader.origin};
	const {registry, deployed} = named === undefined ? await api.deployDeviceRegistry(needs) : {registry: named, deployed: false};
	await api.checkDeviceRegistry(chain, registry);
	const logId = anchorLogId(anchor.chainId, log.anchorRegistry, log.opener, log.origin);
	// Awaited here, or the connection would be closed under the work.
	return await work({api, anchor, needs, log, deployed, place: {registry, logId, device: deviceHash(deviceUrn(id))}});
}

function anchorOf(site: Site): ChainConfig {
	const {anchor} = site.config;
	if (anchor !== undefined) return anchor.chains[0];
	throw new AgentError('ARGUMENT_INVALID', `${site.configPath} needs the section anchor before devices can be bound on its chain`);
}

function registryOf(site: Site, named: string | undefined): string {
	const registry = named ?? site.config.anchor?.deviceRegistry;
	if (registry !== undefined) return registry.toLowerCase();
	throw new AgentError('ARGUMENT_INVALID', `no device registry is named, and anchor.deviceRegistry is not in ${site.configPath}`, {
		hint: 'Name one with --registry, or deploy one: kedge device bind ID --owner ADDRESS --deploy',
	});
}

async function findDevice(site: Site, id: string): Promise<ListedDevice> {
	const device = (await listDevices(site)).find(one => one.id === id);
	if (device !== undefined) return device;
	throw new AgentError('ARGUMENT_INVALID', `there is no device "${id}"`, {hint: 'See: kedge device list'});
}

async function boundable(site: Site, id: string): Promise<ListedDevice> {
	const device = await findDevice(site, id);
	if (device.state !== 'revoked') return device;
	throw new AgentError('ARGUMENT_INVALID', `"${id}" was revoked, and is bound no more`);
}

function termsOf(
	device: ListedDevice,
	log: BindingLog,
	binding: Binding,
	{owner = binding.owner, openerRotates, days}: BindWish,
	clock: Clock,
): BindingTerms {
	if (owner === undefined)
		throw new AgentError('ARGUMENT_INVALID', `"${device.id}" is bound to nobody yet`, {
			hint: 'Say to whom it is to be bound: --owner ADDRESS',
		});
	return {
		...log,
		device: deviceUrn(device.id),
		owner: owner.toLowerCase(),
		...hashesOf(device.key, device.calibration?.sha256),
		openerRotates,
		history: binding.history,
		// To the end of a day, so that the same words on one day are the same terms.
		validUntil: (Math.floor(clock.nowMs() / 1000 / dayS) + 1 + days) * dayS - 1,
	};
}

function hashesOf(key: string | undefined, certificateSha256: string | undefined): DeviceHashes {
	const parsed = key === undefined ? undefined : parseDeviceKey(key);
	if (parsed !== undefined && 'problem' in parsed) throw new AgentError('CONFIG_INVALID', `the device's key: ${parsed.problem}`);
	return {
		keyHash: parsed === undefined ? zeroHash : `0x${deviceKeyThumbprint(nodeHasher, parsed)}`,
		certificateHash: certificateSha256 === undefined ? zeroHash : `0x${certificateSha256}`,
	};
}

function outcomeOf({api, anchor, place, deployed}: Desk, terms: BindingTerms, outcome: BindOutcome['outcome']): BindOutcome {
	const {registry, logId} = place;
	const accept = outcome === 'proposed' ? {to: registry, data: api.encodeBind(terms)} : undefined;
	return {chainId: anchor.chainId, registry, deployed, logId, terms, outcome, accept};
}

function notedBinding({anchor, place}: Desk, owner: string): DeviceBinding {
	return {owner: accountText(anchor.chainId, owner), registry: accountText(anchor.chainId, place.registry)};
}

/** [CAIP-10] */
function accountText(chainId: number, address: string): string {
	return `eip155:${chainId}:${address}`;
}
