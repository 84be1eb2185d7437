// Fits the simulator, the replay and the judge to a site: the other half of the composition root.

import {readFile} from 'node:fs/promises';
import {fleetMembers} from '../sim/fleet.ts';
import {demoMappings} from '../sim/mappings.ts';
import {createSimSigner, type SimSigning, simSignedForms} from '../sim/signing.ts';
import {fromUtf8} from './base/bytes.ts';
import {AgentError} from './base/errors.ts';
import {formatDeviceKey} from './format/device-key.ts';
import type {Site} from './site.ts';

export {demoFaults} from '../sim/faults.ts';
export {judge, type Verdict} from '../sim/judge.ts';
export {type ReplayProgress, type ReplaySource, replay} from '../sim/replay.ts';
export {runSim, type SimStats} from '../sim/run.ts';
export {type SimSigning, simSignedForms} from '../sim/signing.ts';

/** Passwords by device id. */
export type Passwords = Readonly<Record<string, string>>;

/** Reads a JSON file of passwords by device id. Fails with DATA_MISSING or FORMAT_INVALID. */
export async function readPasswords(path: string): Promise<Passwords> {
	let bytes: Uint8Array;
	try {
		bytes = await readFile(path);
	} catch (error) {
		throw new AgentError('DATA_MISSING', `there is no password file ${path}`, {cause: error});
	}
	try {
		const parsed: unknown = JSON.parse(fromUtf8(bytes) ?? '');
		if (typeof parsed === 'object' && parsed !== null && Object.values(parsed).every(value => typeof value === 'string'))
			return parsed as Passwords;
	} catch {
		// Said below.
	}
	throw new AgentError('FORMAT_INVALID', `${path} is not a JSON object from device ids to passwords`);
}

/** Where the embedded broker of a site listens, as a URL. Fails with CONFIG_INVALID if it has none. */
export function brokerUrl(site: Site): string {
	const {broker} = site.config;
	if (broker === undefined) throw site.errorAt(['broker'], 'the site has no embedded broker; name one with --url');
	return `mqtt://${broker.host}:${broker.port}`;
}

/** The `mappings` and `devices` of a config for simulated homes, as YAML. `hashes` are by device id. */
export function simulatedDevicesYaml(hashes: Readonly<Record<string, string>>, homes?: number, cadenceSeconds?: number): string {
	// JSON is YAML; one line a device stays readable.
	const devices = fleetMembers(homes === undefined ? {} : {homes}).map(({id, mapping}) => ({
		id,
		passwordHash: hashes[id],
		mappings: [mapping],
		...(cadenceSeconds === undefined ? {} : {cadenceSeconds}),
		simulated: true,
	}));
	const mappings = Object.entries(demoMappings).map(([name, mapping]) => `  ${name}: ${JSON.stringify(mapping)}\n`);
	return `mappings:\n${mappings.join('')}\ndevices:\n${devices.map(device => `  - ${JSON.stringify(device)}\n`).join('')}`;
}

/** How each simulated device signs; with `mixed` the forms take turns. */
export function simulatedSigning(
	{form, ...rest}: Omit<SimSigning, 'form'> & {readonly form: SimSigning['form'] | 'mixed'},
	homes?: number,
): (deviceId: string) => SimSigning {
	const ids = simulatedDeviceIds(homes);
	return deviceId => ({
		...rest,
		form: form === 'mixed' ? simSignedForms[Math.max(ids.indexOf(deviceId), 0) % simSignedForms.length]! : form,
	});
}

/** The public keys of simulated devices that sign, by device id, as a config names them. */
export function simulatedKeys(seed: string, signing: (deviceId: string) => SimSigning, homes?: number): Readonly<Record<string, string>> {
	return Object.fromEntries(simulatedDeviceIds(homes).map(id => [id, formatDeviceKey(createSimSigner(seed, id, signing(id)).key)]));
}

/** Ids of the simulated devices. */
export function simulatedDeviceIds(homes?: number): string[] {
	return fleetMembers(homes === undefined ? {} : {homes}).map(({id}) => id);
}
