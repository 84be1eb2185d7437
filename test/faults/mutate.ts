// Turns packets and payloads that are right into ones that are nearly right, by chance that a seed fixes.

import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import type {Chance} from '../../sim/seed.ts';
import {
	connectPacket,
	disconnectPacket,
	packet,
	pingPacket,
	pubackPacket,
	publishPacket,
	remainingLength,
	subscribePacket,
} from '../broker/wire.ts';

/** Published packets that are right or wrong, from mqtt-packet's own tests; empty where the shared data is missing. */
export function publishedPackets(dataFolder: string): Buffer[] {
	const path = join(dataFolder, 'vectors', 'mqtt-packets', 'cases.json');
	if (!existsSync(path)) return [];
	const cases = JSON.parse(readFileSync(path, 'utf8')) as readonly {readonly hex?: string}[];
	return cases.flatMap(({hex}) => (hex === undefined || hex === '' ? [] : [Buffer.from(hex, 'hex')]));
}

/** Bytes that decoders of text, topics and lengths trip over. */
const traps = [
	Buffer.from([0]),
	Buffer.from([0xc0, 0x80]),
	Buffer.from([0xed, 0xa0, 0x80]),
	Buffer.from([0xff, 0xff, 0xff, 0x7f]),
	Buffer.from([0xff, 0xff, 0xff, 0xff]),
	Buffer.from([0x80, 0x80, 0x80, 0x00]),
	Buffer.from('#+/$SYS/$share/a/b'),
	Buffer.from('/'.repeat(120)),
	Buffer.from('__proto__'),
	Buffer.from('\u202e\ufeff\u0000'),
];

/** What changes bytes; each gives new ones. `others` are to be spliced in. */
const byteMutations: readonly ((bytes: Buffer, chance: Chance, others: readonly Buffer[]) => Buffer)[] = [
	(bytes, chance) => {
		const copy = Buffer.from(bytes);
		copy[chance.between(0, copy.length - 1)]! ^= 1 << chance.between(0, 7);
		return copy;
	},
	(bytes, chance) => {
		const copy = Buffer.from(bytes);
		copy[chance.between(0, copy.length - 1)] = chance.between(0, 255);
		return copy;
	},
	(bytes, chance) => bytes.subarray(0, chance.between(1, bytes.length)),
	(bytes, chance) => bytes.subarray(chance.between(0, bytes.length - 1)),
	(bytes, chance) => insert(bytes, chance.between(0, bytes.length), Buffer.from([chance.between(0, 255)])),
	(bytes, chance) => insert(bytes, chance.between(0, bytes.length), chance.pick(traps)),
	(bytes, chance) => {
		const at = chance.between(0, bytes.length - 1);
		return Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + chance.between(1, 8)))]);
	},
	(bytes, chance, others) => {
		const other = chance.pick(others);
		return Buffer.concat([bytes.subarray(0, chance.between(0, bytes.length)), other.subarray(chance.between(0, other.length))]);
	},
	(bytes, chance) => {
		const from = chance.between(0, bytes.length - 1);
		return insert(bytes, chance.between(0, bytes.length), bytes.subarray(from, from + chance.between(1, 40)));
	},
];

/** What the fixed header claims, changed; the body stays. */
const lengthMutations: readonly ((chance: Chance, length: number) => Buffer)[] = [
	(chance, length) => remainingLength(Math.max(0, length + chance.between(-8, 8))),
	chance => remainingLength(chance.between(0, 268_435_455)),
	() => Buffer.from([0xff, 0xff, 0xff, 0x7f]),
	() => Buffer.from([0xff, 0xff, 0xff, 0xff, 0x01]),
	(_chance, length) => Buffer.from([(length & 0x7f) | 0x80, 0x80, 0x00]),
];

function insert(bytes: Buffer, at: number, more: Buffer): Buffer {
	return Buffer.concat([bytes.subarray(0, at), more, bytes.subarray(at)]);
}

/** One to three changes of a packet. */
export function mutatePacket(whole: Buffer, chance: Chance, others: readonly Buffer[]): Buffer {
	let bytes = whole;
	for (let left = chance.between(1, 3); left > 0 && bytes.length > 0; left -= 1) {
		if (bytes.length > 2 && chance.happens(0.15)) {
			const body = bytes.subarray(2);
			bytes = Buffer.concat([bytes.subarray(0, 1), chance.pick(lengthMutations)(chance, body.length), body]);
		} else bytes = chance.pick(byteMutations)(bytes, chance, others);
	}
	return bytes;
}

const numbers = [
	'1e309',
	'-1e309',
	'NaN',
	'Infinity',
	'-0',
	'0x10',
	'1e-400',
	'9223372036854775808',
	'9007199254740993',
	'.5',
	'1.',
	'01',
	'1e',
	'""',
	'null',
	'1E+2',
	'١',
];
const members = [
	'"__proto__":{"polluted":1}',
	'"constructor":{"prototype":{"polluted":1}}',
	'"seq":1',
	'"seq":1,"seq":2',
	'"at":"2026-02-30T25:61:61Z"',
	'"\\u0000":1',
	'"\\ud800":1',
	'"toString":1',
	`"${'k'.repeat(2000)}":1`,
];

/** Changes of a text that is JSON; each gives text or bytes that may be none. */
const jsonMutations: readonly ((text: string, chance: Chance) => string)[] = [
	(text, chance) => text.replace(/-?[0-9][0-9.]*/g, found => (chance.happens(0.3) ? chance.pick(numbers) : found)),
	(text, chance) => text.replace('{', `{${chance.pick(members)},`),
	(text, chance) => {
		const depth = chance.between(1, 400);
		return text.replace(/:[^,}]+/, `:${'['.repeat(depth)}${']'.repeat(depth)}`);
	},
	(text, chance) => '{"a":'.repeat(chance.between(1, 300)) + text,
	(text, chance) => text.slice(0, chance.between(0, text.length)),
	(text, chance) =>
		text.replace(/"([a-z_]+)":/, (found, name: string) => (chance.happens(0.5) ? `"${name}":0,${found}` : `"${name.toUpperCase()}":`)),
	text => `[${text},${text}]`,
	text => text.replaceAll('"', "'"),
	(text, chance) => text + ' '.repeat(chance.between(1, 3000)),
	(_text, chance) => `{${Array.from({length: chance.between(1, 300)}, (_, i) => `"k${i}":${i}`).join(',')}}`,
	text => text.replace(/[0-9]+/, found => '9'.repeat(found.length + 40)),
];

/** One or two changes of a payload, as text or as bytes. */
export function mutatePayload(text: string, chance: Chance, others: readonly Buffer[]): Buffer {
	let changed = text;
	for (let left = chance.between(1, 2); left > 0; left -= 1)
		if (chance.happens(0.75)) changed = chance.pick(jsonMutations)(changed, chance);
	const bytes = Buffer.from(changed);
	return bytes.length > 0 && chance.happens(0.4) ? chance.pick(byteMutations)(bytes, chance, others) : bytes;
}

export type Login = {readonly deviceId: string; readonly password: string};

export const loginPacket = ({deviceId, password}: Login, suffix = ''): Buffer =>
	connectPacket({clientId: `${deviceId}${suffix}`, username: deviceId, password, keepaliveS: 0});

/** Right packets of a session, of every kind that a client may send and some that it may not. */
export function rightPackets(login: Login, topic: string, payload: string): Buffer[] {
	return [
		loginPacket(login),
		publishPacket(topic, payload, {id: 1}),
		publishPacket(topic, payload, {id: 2, dup: true, retain: true}),
		publishPacket(topic, payload, {qos: 0}),
		publishPacket(topic, payload, {id: 3, qos: 2}),
		subscribePacket(4, topic, `${topic}/#`),
		packet(0xa2, Buffer.from([0, 5, 0, 1, 0x61])),
		packet(0x62, Buffer.from([0, 3])),
		pubackPacket(1),
		pingPacket,
		disconnectPacket,
		connectPacket({clientId: login.deviceId, username: login.deviceId, password: login.password, version: 5}),
		connectPacket({
			clientId: login.deviceId,
			username: login.deviceId,
			password: login.password,
			clean: false,
			will: {topic, payload, qos: 1, retain: true},
		}),
	];
}
