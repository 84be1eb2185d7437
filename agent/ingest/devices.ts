// The devices of the config: who may connect, and whose topic is whose.

import {createHash, timingSafeEqual} from 'node:crypto';
import type {Mapping} from './mapping.ts';
import {checkPassword} from './password.ts';
import {type Refused, refuse} from './refusal.ts';

export type DeviceConfig = {
	readonly id: string;
	/** From `kedge password`; undefined for a device that only comes through a broker of yours. */
	readonly passwordHash: string | undefined;
	readonly mappings: readonly string[];
	/** The device speaks at least this often; a channel that is not heard for twice as long is noted as silent. undefined: it may be silent. */
	readonly cadenceSeconds?: number | undefined;
	/** Readings are marked as simulated. */
	readonly simulated: boolean;
};

export type Device = DeviceConfig & {readonly compiled: readonly Mapping[]};

/** A device and the mapping that reads the topic. */
export type Route = {readonly device: Device; readonly mapping: Mapping};

export type Devices = {
	readonly all: readonly Device[];
	/** The device with this name and password; undefined if there is none. Checks one password at a time. */
	readonly authenticate: (username: string, password: Uint8Array) => Promise<Device | undefined>;
	/** Who may have published this: on the embedded broker the device that is connected, else whoever the topic names. */
	readonly route: (topic: string, connected: string | undefined) => Route | Refused;
};

/** Password checks that wait; beyond it a connection is turned away and comes again. */
const checksWaitingMax = 256;

export function createDevices(configs: readonly DeviceConfig[], mappings: ReadonlyMap<string, Mapping>): Devices {
	const all = configs.map(config => ({...config, compiled: config.mappings.map(name => mappings.get(name)!)}));
	const byId = new Map(all.map(device => [device.id, device]));
	/** Of each mapping the first device that has it: whose a topic is that names no device. */
	const firstWith = new Map<Mapping, Device>();
	for (const device of all) for (const mapping of device.compiled) if (!firstWith.has(mapping)) firstWith.set(mapping, device);
	/** SHA-256 of passwords that were right, so that a fleet that reconnects costs no second scrypt. */
	const known = new Map<string, Buffer>();
	let checking: Promise<unknown> = Promise.resolve();
	let waiting = 0;

	const digestOf = (device: Device, password: Uint8Array): Buffer =>
		createHash('sha256').update(`${device.passwordHash}\0`).update(password).digest();

	const route = (topic: string, connected: string | undefined): Route | Refused => {
		if (connected !== undefined) {
			const device = byId.get(connected);
			if (device === undefined) return refuse('device-unknown', `"${connected}" is no device of the config`);
			const own = routeOf(device, topic);
			if (own !== undefined) return own;
		}
		for (const mapping of mappings.values()) {
			const id = mapping.deviceIn(topic);
			if (id === undefined) continue;
			const owner = id === '' ? firstWith.get(mapping) : byId.get(id);
			const found = owner && routeOf(owner, topic);
			if (found === undefined) continue;
			return connected === undefined ? found : refuse('topic-forbidden', `topic ${topic} belongs to ${found.device.id}`);
		}
		return connected === undefined
			? refuse('device-unknown', `no device has topic ${topic}`)
			: refuse('topic-unknown', `no mapping of ${connected} reads topic ${topic}`);
	};

	return {
		all,
		route,
		authenticate: async (username, password) => {
			const device = byId.get(username);
			if (device?.passwordHash === undefined) return undefined;
			const digest = digestOf(device, password);
			const right = known.get(device.id);
			if (right !== undefined) return timingSafeEqual(right, digest) ? device : undefined;
			if (waiting >= checksWaitingMax) return undefined;
			waiting += 1;
			const {passwordHash} = device;
			// One at a time: scrypt uses the same few threads that commit the log.
			const check = checking.then(() => checkPassword(password, passwordHash));
			checking = check.catch(() => {});
			try {
				if (!(await check)) return undefined;
			} finally {
				waiting -= 1;
			}
			known.set(device.id, digest);
			return device;
		},
	};
}

function routeOf(device: Device, topic: string): Route | undefined {
	for (const mapping of device.compiled) {
		const id = mapping.deviceIn(topic);
		if (id === '' || id === device.id) return {device, mapping};
	}
	return undefined;
}
