// Turns the name of a channel into the salted hash that stands for it in entries.

import {concatBytes, packFields, utf8} from '../base/bytes.ts';
import type {Hasher} from '../base/hash.ts';
import {enrolmentKinds} from './entry.ts';
import {tags} from './tags.ts';

/** Ids of devices, parts and logs: no character that means something in a topic, a path or a URN. */
export const idPattern = /^[A-Za-z0-9_-]{1,64}$/;

/** `urn:kedge:device:ID` */
export function deviceUrn(deviceId: string): string {
	return `urn:kedge:device:${deviceId}`;
}

/** `urn:kedge:device:ID:QUANTITY` or `…:QUANTITY:PART` for a phase, tariff or direction. */
export function channelUrn(deviceId: string, quantityName: string, part?: string): string {
	return `${deviceUrn(deviceId)}:${quantityName}${part === undefined ? '' : `:${part}`}`;
}

/** The device, quantity and part that a channel URN names; undefined if it is none. */
export function parseChannelUrn(
	urn: string,
): {readonly deviceId: string; readonly quantityName: string; readonly part: string | undefined} | undefined {
	const found = /^urn:kedge:device:([A-Za-z0-9_-]{1,64}):([a-z0-9-]{1,64})(?::([A-Za-z0-9_-]{1,64}))?$/.exec(urn);
	return found === null ? undefined : {deviceId: found[1]!, quantityName: found[2]!, part: found[3]};
}

/** The id in a device's URN; undefined for anything else, a channel's URN included. */
export function parseDeviceUrn(urn: string): string | undefined {
	return /^urn:kedge:device:([A-Za-z0-9_-]{1,64})$/.exec(urn)?.[1];
}

/** Everything of an energy market stands under this URN: `urn:kedge:market:NAME`. */
export function marketUrn(name: string): string {
	return `urn:kedge:market:${name}`;
}

/** Sites, factors, shipments and certificates: accounts are kept of them. */
export const accountSorts = ['site', 'factor', 'shipment', 'certificates'] as const;
export type AccountSort = (typeof accountSorts)[number];

/** `urn:kedge:site:ID`, `urn:kedge:factor:ID`, `urn:kedge:shipment:ID` or `urn:kedge:certificates:DEVICE`: what is stated of it stands under this URN. */
export function accountUrn(sort: AccountSort, id: string): string {
	return `urn:kedge:${sort}:${id}`;
}

/** The sort and id in such a URN; undefined for anything else. */
export function parseAccountUrn(urn: string): {readonly sort: AccountSort; readonly id: string} | undefined {
	const found = /^urn:kedge:(site|factor|shipment|certificates):([A-Za-z0-9_-]{1,64})$/.exec(urn);
	return found === null ? undefined : {sort: found[1] as AccountSort, id: found[2]!};
}

/** What the agent says about itself (start, eviction) stands under this URN. */
export function agentUrn(logName: string): string {
	return `urn:kedge:agent:${logName}`;
}

const agentPrefix = agentUrn('');
const marketPrefix = marketUrn('');

/** The sub-kind of the entry that enrols a subject. */
export function enrolmentKindOf(urn: string): number {
	if (urn.startsWith(agentPrefix)) return enrolmentKinds.agent;
	if (urn.startsWith(marketPrefix)) return enrolmentKinds.market;
	if (parseAccountUrn(urn) !== undefined) return enrolmentKinds.account;
	return parseDeviceUrn(urn) === undefined ? enrolmentKinds.channel : enrolmentKinds.device;
}

export const subjectSecretLength = 16;

/** subject = SHA-256(tag ‖ fields: log name without epoch, secret, URN): the same in every epoch, and nothing to somebody without the secret. */
export function subjectHash(
	hasher: Hasher,
	subject: {readonly logName: string; readonly secret: Uint8Array; readonly urn: string},
): Uint8Array {
	return hasher.sha256(concatBytes(tags.subject, packFields([utf8(subject.logName), subject.secret, utf8(subject.urn)])));
}
