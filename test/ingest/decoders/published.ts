// Walks the messages that other people published: what a decoder makes of each, and of what a flipped bit leaves of it.
import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import type {ExecutionContext} from 'ava';
import {exactValue} from '../../../agent/ingest/decoders/decoded.ts';
import type {Decoded, DecodedReading, Decoder} from '../../../agent/ingest/decoders/decoder.ts';
import {openMapping} from '../../../agent/ingest/mapping.ts';
import type {Refused} from '../../../agent/ingest/refusal.ts';
import {publishedData} from '../../helpers/published-data.ts';

export type Published = {readonly name: string; readonly topic: string; readonly payload: Uint8Array};

/** The lines of a folder's mqtt-captures.jsonl; undefined where it is missing. */
export function capturedIn(t: ExecutionContext, folder: string): readonly Published[] | undefined {
	const file = publishedData(t, 'payloads', folder, 'mqtt-captures.jsonl');
	if (file === undefined) return undefined;
	return readFileSync(file, 'utf8')
		.split('\n')
		.filter(line => line !== '')
		.map((line, i) => {
			const {topic, payload} = JSON.parse(line) as {topic: string; payload: string};
			return {name: `line ${i + 1}, ${topic}`, topic, payload: Buffer.from(payload)};
		});
}

/** Every file with such an ending in a folder, its path for a name, with a topic that its bridge might use. */
export function filesIn(t: ExecutionContext, folder: string, ending: string): readonly Published[] | undefined {
	const path = publishedData(t, 'payloads', folder);
	if (path === undefined) return undefined;
	return readdirSync(path, {recursive: true, encoding: 'utf8'})
		.filter(name => name.endsWith(ending))
		.sort()
		.map(name => ({
			name,
			topic: `bridge/meter-1/${name.includes('measurement') ? 'measurement' : 'data'}`,
			payload: readFileSync(join(path, name)),
		}));
}

/** Every published payload of other formats, each under topics that a careless decoder might take for its own. */
export function othersThan(t: ExecutionContext, folder: string): readonly Published[] {
	const path = publishedData(t, 'payloads');
	if (path === undefined) return [];
	const others: Published[] = [];
	for (const other of readdirSync(path, {withFileTypes: true})) {
		if (!other.isDirectory() || other.name === folder) continue;
		others.push(...(existsSync(join(path, other.name, 'mqtt-captures.jsonl')) ? (capturedIn(t, other.name) ?? []) : []));
		for (const name of readdirSync(join(path, other.name), {recursive: true, encoding: 'utf8'})) {
			if (!/\.(?:json|txt|bin|jsonld)$/.test(name)) continue;
			const payload = readFileSync(join(path, other.name, name));
			for (const topic of [`${other.name}/a`, 'a/status', 'a/info', 'a/SENSOR', 'a/b/online'])
				others.push({name: `${other.name}/${name}`, topic, payload});
		}
	}
	return others;
}

export type Decode = (topic: string, payload: Uint8Array) => Decoded;

export function decodeWith(decoder: Decoder, zone?: string): Decode {
	const mapping = openMapping({name: 'm', topic: '#', format: decoder.format, zone}, decoder);
	if ('problem' in mapping) throw new Error(mapping.problem);
	return (topic, payload) => mapping.decoder.decode({topic, payload, arrivedAtMs: 0, deviceId: 'd'});
}

/** `energy-import:ch0=12000`, `none` for no value; `!reason: detail` of a refusal. */
export function readingText(reading: DecodedReading | Refused): string {
	if ('refused' in reading) return `!${reading.refused}: ${reading.detail}`;
	const {channel, value, unit} = reading;
	const exact = value === null ? 'none' : exactValue(channel, channel.exponent, value, unit);
	return `${channel.name}=${typeof exact === 'object' ? `!${exact.refused}` : exact}`;
}

/** The readings of a message behind the times that they were measured at. */
export function decodedText(decoded: Decoded): string {
	if ('refused' in decoded) return readingText(decoded);
	const times = new Set<string>();
	for (const reading of decoded.readings)
		if ('channel' in reading && reading.measuredAtMs !== 0) times.add(new Date(reading.measuredAtMs).toISOString());
	return `${[...times].join(',')} ${decoded.readings.map(readingText).join(' | ')}`.trim();
}

/** Each with one bit flipped, and each byte set to a few others; of a long payload every `step`th byte. */
export function* mutationsOf(payload: Uint8Array): Generator<Uint8Array> {
	const step = Math.max(1, Math.ceil(payload.length / 1024));
	for (let at = 0; at < payload.length; at += step) {
		const own = payload[at]!;
		const others = [0x00, 0x20, 0x22, 0x2d, 0x2e, 0x30, 0x39, 0x5d, 0x7d, 0xff];
		for (let bit = 0; bit < 8; bit += 1) others.push(own ^ (1 << bit));
		for (const other of others) {
			if (other === own) continue;
			const mutated = Uint8Array.from(payload);
			mutated[at] = other;
			yield mutated;
		}
	}
}

/**
 * Decodes every mutation of every message. None may throw; none may read a quantity that the whole message does not have, except those that `slips` names: a flipped bit
 * can make another known word of a key, and JSON has no checksum.
 */
export function checkMutations(t: ExecutionContext, decode: Decode, messages: readonly Published[], slips: readonly string[] = []): void {
	let mutations = 0;
	for (const {name, topic, payload} of messages) {
		const whole = decode(topic, payload);
		const units = new Map<string, Set<string>>();
		if (!('refused' in whole))
			for (const reading of whole.readings)
				if ('channel' in reading) {
					const known = units.get(reading.channel.quantity.name) ?? new Set();
					units.set(reading.channel.quantity.name, known.add(reading.unit));
				}
		for (const mutated of mutationsOf(payload)) {
			mutations += 1;
			const decoded = decode(topic, mutated);
			if ('refused' in decoded) continue;
			for (const reading of decoded.readings) {
				if ('refused' in reading) continue;
				const {channel, unit} = reading;
				if (slips.includes(channel.quantity.name) || units.get(channel.quantity.name)?.has(unit) === true) continue;
				t.fail(`${name}: ${channel.name} in ${unit} came out of ${Buffer.from(mutated).toString('latin1')}`);
				return;
			}
		}
	}
	t.true(mutations > 1000);
}
