// The devices that may speak: who they are, who speaks for whom, and whose topic is whose. They come and go while the agent runs.

import {createHash, timingSafeEqual} from 'node:crypto';
import {checkPassword} from '../base/password.ts';
import type {Message} from './decoders/decoder.ts';
import type {OpenMapping} from './mapping.ts';
import {type Refused, refuse} from './refusal.ts';

export type DeviceConfig = {
	readonly id: string;
	/** What stands for `{device}` in its topics. @default its id */
	readonly topicName?: string | undefined;
	/** The device that speaks for it on the embedded broker, such as a Zigbee bridge. */
	readonly via?: string | undefined;
	/** From `kedge password`; undefined for a device that only comes through a broker of yours. */
	readonly passwordHash: string | undefined;
	/** SHA-256 of the DER bytes of the client certificate that it may come with instead, 64 lower-case hexadecimal digits. */
	readonly certificateSha256?: string | undefined;
	/** It may come with its client id alone, if the broker allows that. @default false */
	readonly anonymous?: boolean;
	/** Messages a second that are read from it; it waits with more. @default what the broker allows each */
	readonly messagesPerSecondMax?: number | undefined;
	readonly mappings: readonly string[];
	/** The device speaks at least this often; a channel that is not heard for twice as long is noted as silent. undefined: it may be silent. */
	readonly cadenceSeconds?: number | undefined;
	/** Readings are marked as simulated. */
	readonly simulated: boolean;
	/** What its energy registers can rise by at most, in W. undefined: nobody knows. */
	readonly maxPowerW?: number | undefined;
	/** Digits in front of the point that its registers show, in kWh or m³, after which they begin at zero again. undefined: nobody knows. */
	readonly registerDigits?: number | undefined;
	/** The only quantities that it may report, with what is plausible, in decimal text and a unit that measures it. undefined: whatever its mappings read. */
	readonly quantities?: Readonly<Record<string, Limits>> | undefined;
	/** When its calibration certificate holds. */
	readonly calibration?: {readonly notBeforeMs: number; readonly notAfterMs: number} | undefined;
	/** What its messages are signed with, as format/device-key.ts writes it. */
	readonly publicKey?: string | undefined;
	/** optional: what is not signed is taken as well. @default 'required' */
	readonly signed?: 'required' | 'optional' | undefined;
	/** It is sent a receipt for what it sent. @default false */
	readonly receipts?: boolean;
	/** It was revoked: nothing of it is taken any more. */
	readonly isRevoked?: boolean | undefined;
};

/** What is plausible of a quantity; both ends are. */
export type Limits = {readonly min?: string | undefined; readonly max?: string | undefined; readonly unit?: string | undefined};

export type Device = DeviceConfig & {readonly topicName: string; readonly compiled: readonly OpenMapping[]};

/** A device and the mapping that reads the topic. */
export type Route = {readonly device: Device; readonly mapping: OpenMapping};

export type Devices = {
	readonly all: () => readonly Device[];
	readonly byId: (id: string) => Device | undefined;
	/** Another number each time that a device was put. */
	readonly generation: () => number;
	/** Adds a device, or replaces the one with its id. Its mappings MUST exist. */
	readonly put: (config: DeviceConfig) => Device;
	/** The device whose client certificate has this fingerprint; undefined if there is none, or it was revoked. */
	readonly withCertificate: (sha256: string) => Device | undefined;
	/** The device with this name and password; undefined if there is none. Checks one password at a time. */
	readonly authenticate: (username: string, password: Uint8Array) => Promise<Device | undefined>;
	/** Who may have published this: on the embedded broker the device that is connected, or one that it speaks for; else whoever the topic names. */
	readonly route: (topic: string, connected: string | undefined) => Route | Refused;
	/** Lets decoders learn from a message that is no reading: on a topic that one of them hears, or old state. True if one had use for it. */
	readonly learn: (message: Omit<Message, 'deviceId'>, connected: string | undefined) => boolean;
	/** True for a topic on which nothing is measured, but something is learned. */
	readonly isHeard: (topic: string) => boolean;
	/** Every topic filter that a device speaks on, those that it speaks for included. */
	readonly filtersOf: (device: Device) => readonly string[];
	/** The device, and those that speak through its connection. */
	readonly speakingThrough: (device: Device) => readonly Device[];
	/** Topic filters on which others describe devices: for it to listen to. What it says there itself is learned where it may describe, and delivered to nobody. */
	readonly heardOf: (device: Device) => readonly string[];
	/** What to subscribe to at a broker of yours: the topics of all devices, and what decoders hear beside them. */
	readonly filters: () => readonly string[];
};

/** Password checks that wait; beyond it a connection is turned away and comes again. */
const checksWaitingMax = 256;

export function createDevices(configs: readonly DeviceConfig[], mappings: ReadonlyMap<string, OpenMapping>): Devices {
	const byId = new Map<string, Device>();
	/** By what stands for a device in topics. Two devices may share a name on different topics. */
	const byTopicName = new Map<string, Device[]>();
	const byCertificate = new Map<string, Device>();
	/** By gateway. */
	const spokenFor = new Map<string, Set<string>>();
	/** Mappings whose topic has no place for a device, to the devices that have them. */
	const withMapping = new Map<OpenMapping, Device[]>();
	const hearing = [...mappings.values()].filter(({decoder}) => decoder.learn !== undefined);
	/** SHA-256 of passwords that were right, so that a fleet that reconnects costs no second scrypt. */
	const known = new Map<string, Buffer>();
	/** By id: whoever came first has what several have, also when it is described anew. */
	const places = new Map<string, number>();
	/** By device, what `filtersOf` says of it: a gateway's are many, and are asked for at each subscription. */
	const filtersById = new Map<string, readonly string[]>();
	let generation = 0;
	let everybody: readonly Device[] | undefined;
	let checking: Promise<unknown> = Promise.resolve();
	let waiting = 0;

	/** What is described anew takes its own place among those that share something, since the first of them has it; it goes where `after` is undefined. */
	const replace = (list: Device[] | undefined, before: Device | undefined, after: Device | undefined): Device[] => {
		const all = list ?? [];
		const at = before === undefined ? -1 : all.indexOf(before);
		if (at >= 0) all.splice(at, 1, ...(after === undefined ? [] : [after]));
		else if (after !== undefined) {
			all.push(after);
			if (before !== undefined) all.sort((a, b) => places.get(a.id)! - places.get(b.id)!);
		}
		return all;
	};

	/** Takes away what it had and has no more. */
	const remove = (before: Device, after: Device): void => {
		const {id, topicName, via, certificateSha256} = before;
		if (certificateSha256 !== undefined && byCertificate.get(certificateSha256)?.id === id) byCertificate.delete(certificateSha256);
		if (via !== undefined) spokenFor.get(via)?.delete(id);
		if (topicName !== after.topicName && replace(byTopicName.get(topicName), before, undefined).length === 0) byTopicName.delete(topicName);
		for (const mapping of before.compiled) if (!after.compiled.includes(mapping)) replace(withMapping.get(mapping), before, undefined);
	};

	const put: Devices['put'] = config => {
		const device: Device = {
			...config,
			topicName: config.topicName ?? config.id,
			compiled: config.mappings.map(name => mappings.get(name)!),
		};
		const before = byId.get(device.id);
		if (before !== undefined) remove(before, device);
		if (before?.passwordHash !== device.passwordHash) known.delete(device.id);
		byId.set(device.id, device);
		if (before === undefined) places.set(device.id, places.size);
		if (device.certificateSha256 !== undefined && !device.isRevoked) byCertificate.set(device.certificateSha256, device);
		byTopicName.set(device.topicName, replace(byTopicName.get(device.topicName), before, device));
		if (device.via !== undefined) {
			const spoken = spokenFor.get(device.via) ?? new Set();
			spokenFor.set(device.via, spoken.add(device.id));
		}
		for (const mapping of device.compiled) withMapping.set(mapping, replace(withMapping.get(mapping), before, device));
		generation += 1;
		everybody = undefined;
		filtersById.clear();
		return device;
	};
	for (const config of configs) put(config);

	const digestOf = (device: Device, password: Uint8Array): Buffer =>
		createHash('sha256').update(`${device.passwordHash}\0`).update(password).digest();

	/** Whose a topic is that this mapping reads: who has the mapping, and the name in the topic, or the first who has it where no name is in it. */
	const ownerOf = (mapping: OpenMapping, topicName: string): Device | undefined =>
		topicName === '' ? withMapping.get(mapping)?.[0] : byTopicName.get(topicName)?.find(device => device.compiled.includes(mapping));

	const speaksFor = (connected: string, device: Device): boolean => device.id === connected || device.via === connected;

	const route: Devices['route'] = (topic, connected) => {
		const speaker = connected === undefined ? undefined : byId.get(connected);
		if (connected !== undefined && speaker === undefined) return refuse('device-unknown', `"${connected}" is no device that was enrolled`);
		if (speaker?.isRevoked) return refuse('device-revoked', `${speaker.id} was revoked`);
		let found: Route | undefined;
		// Its own mappings first: a mapping without a place for the device in its topic is everybody's who has it.
		for (const mapping of speaker?.compiled ?? []) {
			const name = mapping.deviceIn(topic);
			if (name === undefined) continue;
			if (name === '' || name === speaker!.topicName) {
				found = {device: speaker!, mapping};
				break;
			}
		}
		let other: Route | undefined;
		if (found === undefined)
			for (const mapping of mappings.values()) {
				const name = mapping.deviceIn(topic);
				const device = name === undefined ? undefined : ownerOf(mapping, name);
				if (device === undefined) continue;
				if (connected === undefined || speaksFor(connected, device)) {
					found = {device, mapping};
					break;
				}
				other ??= {device, mapping};
			}
		if (found?.device.isRevoked) return refuse('device-revoked', `${found.device.id} was revoked`);
		if (found !== undefined) return found;
		if (other !== undefined) return refuse('topic-forbidden', `topic ${topic} belongs to ${other.device.id}`);
		return connected === undefined
			? refuse('device-unknown', `no device has topic ${topic}`)
			: refuse('topic-unknown', `no mapping of ${connected} reads topic ${topic}`);
	};

	/**
	 * Whoever describes a device decides its units: through a broker of yours that is the broker's business, on the embedded one only a gateway of a device with the mapping, or
	 * the one device that has it.
	 */
	const mayDescribe = (connected: string, mapping: OpenMapping): boolean => {
		// What one that was revoked has described before is not taken in again at the next start.
		if (byId.get(connected)?.isRevoked) return false;
		const having = withMapping.get(mapping) ?? [];
		return having.every(device => device.isRevoked || speaksFor(connected, device)) && having.some(({isRevoked}) => !isRevoked);
	};

	return {
		all: () => {
			everybody ??= [...byId.values()];
			return everybody;
		},
		byId: id => byId.get(id),
		withCertificate: sha256 => byCertificate.get(sha256),
		generation: () => generation,
		put,
		route,
		learn: (message, connected) => {
			let isOfUse = false;
			for (const mapping of hearing) {
				if (connected !== undefined && !mayDescribe(connected, mapping)) continue;
				if (!mapping.isHeard(message.topic) && mapping.deviceIn(message.topic) === undefined) continue;
				if (mapping.decoder.learn!(message)) isOfUse = true;
			}
			return isOfUse;
		},
		isHeard: topic => hearing.some(mapping => mapping.isHeard(topic)),
		filtersOf: device => {
			let filters = filtersById.get(device.id);
			if (filters === undefined) {
				const speaksAs = [device, ...[...(spokenFor.get(device.id) ?? [])].map(id => byId.get(id)!)];
				filters = speaksAs.flatMap(({compiled, topicName}) => compiled.map(mapping => mapping.filterFor(topicName)));
				filtersById.set(device.id, filters);
			}
			return filters;
		},
		speakingThrough: device => [device, ...[...(spokenFor.get(device.id) ?? [])].map(id => byId.get(id)!)],
		heardOf: ({compiled}) => compiled.flatMap(({decoder}) => decoder.hears ?? []),
		filters: () => {
			const filters = new Set<string>();
			for (const device of byId.values()) {
				if (device.isRevoked) continue;
				for (const mapping of device.compiled) {
					filters.add(mapping.filterFor(device.topicName));
					for (const filter of mapping.decoder.hears ?? []) filters.add(filter);
				}
			}
			return [...filters];
		},
		authenticate: async (username, password) => {
			const device = byId.get(username);
			if (device?.passwordHash === undefined || device.isRevoked) return undefined;
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
			// It may have got another password, or been revoked, while this one was checked.
			if (byId.get(username) !== device) return undefined;
			known.set(device.id, digest);
			return device;
		},
	};
}
