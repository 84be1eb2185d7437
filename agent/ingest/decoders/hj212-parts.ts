// Puts the parts of an HJ 212 message that came in several frames together.

import {type Refused, refuse} from '../refusal.ts';
import type {Frame} from './hj212-frame.ts';

/** What has come of one message so far. */
type Group = {
	readonly partCount: number;
	/** By their numbers, from 1. */
	readonly bodies: Map<number, string>;
	length: number;
	isFromStore: boolean;
};

/** Messages of one device whose parts are waited for; the oldest one is dropped. */
const groupsMax = 16;
/** Characters that are kept of one device. */
const charactersMax = 65_536;
/** Devices of which anything is kept; the one that has been silent the longest is dropped. */
const devicesMax = 1024;

/** Parts are known by station, request and command, come in any order, and are kept until the last of them is there. What is lost here is in the quarantine: every part but the last was refused. */
export class Parts {
	/** By device, by message. The oldest come first. */
	readonly #devices = new Map<string, Map<string, Group>>();

	/** Takes in a part: the whole message if it was the last one that was missing. */
	take(deviceId: string, frame: Frame): Frame | Refused {
		const {qn, cn, mn, part, partCount, body} = frame;
		// Without it nobody can tell the parts of one message from those of another.
		if (qn === '') return refuse('payload-malformed', 'a message in parts without a QN cannot be put together');
		const groups = this.#groupsOf(deviceId);
		const key = `${mn}/${qn}/${cn}`;
		const where = `part ${part} of ${partCount} of CN ${cn}, QN ${qn}`;
		let group = groups.get(key);
		const before = group?.bodies.get(part);
		if (group !== undefined && (group.partCount !== partCount || (before !== undefined && before !== body))) {
			groups.delete(key);
			return refuse('frame-damaged', `${where} contradicts a part that came before; all parts of the message are dropped`);
		}
		if (before !== undefined) return refuse('frame-part', `${where} has come already`);
		if (group === undefined) {
			group = {partCount, bodies: new Map(), length: 0, isFromStore: false};
			groups.set(key, group);
		}
		group.bodies.set(part, body);
		group.length += body.length;
		group.isFromStore ||= frame.isFromStore;
		if (group.bodies.size < partCount) {
			bound(groups);
			return refuse('frame-part', `${where}; ${partCount - group.bodies.size} are missing`);
		}
		groups.delete(key);
		return {...frame, part: 1, partCount: 1, isFromStore: group.isFromStore, body: join(group)};
	}

	#groupsOf(deviceId: string): Map<string, Group> {
		const groups = this.#devices.get(deviceId) ?? new Map<string, Group>();
		this.#devices.delete(deviceId);
		this.#devices.set(deviceId, groups);
		if (this.#devices.size > devicesMax) this.#devices.delete(this.#devices.keys().next().value!);
		return groups;
	}
}

function bound(groups: Map<string, Group>): void {
	let length = 0;
	for (const group of groups.values()) length += group.length;
	for (const [key, group] of groups) {
		if (groups.size <= groupsMax && length <= charactersMax) return;
		groups.delete(key);
		length -= group.length;
	}
}

/** Devices split between items, or anywhere. In the second case a part begins or ends within an item, which then has no `=`. */
function join({partCount, bodies}: Group): string {
	const inOrder = Array.from({length: partCount}, (_, i) => bodies.get(i + 1)!);
	return inOrder.join(inOrder.every(isOfWholeItems) ? ';' : '');
}

function isOfWholeItems(body: string): boolean {
	return body.split(/[;,]/).every((item, i, all) => (item === '' ? i === all.length - 1 : item.indexOf('=') > 0));
}
