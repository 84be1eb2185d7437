// Reads the states of devices that describe themselves to Home Assistant by MQTT discovery. The descriptions are never data.

import {JsonNumber, type JsonValue, parseJson} from '../json.ts';
import type {Mapping} from '../mapping.ts';
import {type Refused, refuse} from '../refusal.ts';
import {type Decoded, type DecodedReading, type Decoder, type OpenDecoder, plainReading} from './decoder.ts';
import {type Entity, readDescription} from './homeassistant-discovery.ts';
import {followTemplate} from './homeassistant-template.ts';

export const homeassistantDecoder: Decoder = {
	format: 'homeassistant',
	name: 'homeassistant/1',
	readingsBy: 'format',
	open: openHomeassistant,
	recognise: recogniseHomeassistant,
};

/** Home Assistant's own default. KNOWN GAP: another discovery prefix is not heard. */
const prefix = 'homeassistant';
/** Entities of one mapping; a described house has some hundred. */
const entitiesMax = 16_384;
/** Topics that say whether a device can be reached. */
const availabilitiesMax = 4096;
/** Descriptions that are read; each may be of several entities. */
const descriptionsMax = 16_384;

/** Where all entities that say to be one channel of one device get their value from: more than one such place is a contradiction. */
type Claim = Map<string, number>;
type Known = {readonly entity: Entity; readonly claim: Claim; readonly source: string};

function openHomeassistant(mapping: Mapping): OpenDecoder {
	/** By the topic of the description, what it described. Only learn writes here and in the three below. */
	const byDescription = new Map<string, {readonly known: readonly Known[]; readonly availabilities: readonly string[]}>();
	/** By state topic. An empty list: described, and nothing of it is measured. */
	const byState = new Map<string, readonly Known[]>();
	const claims = new Map<string, Claim>();
	/** With the number of descriptions that name them. */
	const availabilities = new Map<string, number>();
	let entityCount = 0;

	const forget = (topic: string): boolean => {
		const before = byDescription.get(topic);
		if (before === undefined) return false;
		byDescription.delete(topic);
		for (const one of before.known) {
			const {stateTopic} = one.entity;
			const rest = byState.get(stateTopic)?.filter(other => other !== one) ?? [];
			if (rest.length === 0) byState.delete(stateTopic);
			else byState.set(stateTopic, rest);
			count(one.claim, one.source, -1);
			entityCount -= 1;
			const name = claimName(mapping, one.entity);
			if (one.claim.size === 0) claims.delete(name);
		}
		for (const one of before.availabilities) count(availabilities, one, -1);
		return true;
	};

	return {
		hears: [`${prefix}/+/+/config`, `${prefix}/+/+/+/config`],
		learn: ({topic, payload}) => {
			if (!isDescription(topic)) return false;
			const found = readDescription(topic, payload);
			// An empty message takes the description back; one that cannot be read leaves what was said before.
			if (found === undefined) return payload.length === 0 && forget(topic);
			const isChange = forget(topic);
			const entities = found.entities.filter(({stateTopic}) => mapping.deviceIn(stateTopic) !== undefined);
			const reachable = found.availabilities.filter(one => mapping.deviceIn(one) !== undefined);
			if (entities.length === 0 && reachable.length === 0) return isChange;
			if (byDescription.size >= descriptionsMax || entityCount + entities.length > entitiesMax) return isChange;
			const known = entities.map(entity => {
				const name = claimName(mapping, entity);
				let claim = claims.get(name);
				if (claim === undefined) {
					claim = new Map();
					claims.set(name, claim);
				}
				const source = [entity.stateTopic, entity.channel?.name, entity.unit, ...(entity.template?.path ?? [])].join('\n');
				count(claim, source, 1);
				return {entity, claim, source};
			});
			entityCount += known.length;
			for (const one of known) byState.set(one.entity.stateTopic, [...(byState.get(one.entity.stateTopic) ?? []), one]);
			const kept = reachable.filter(one => availabilities.has(one) || availabilities.size < availabilitiesMax);
			for (const one of kept) count(availabilities, one, 1);
			byDescription.set(topic, {known, availabilities: kept});
			return true;
		},
		decode: ({topic, payload}) => {
			const known = byState.get(topic);
			if (known !== undefined) return decodeState(payload, known);
			if (isDescription(topic)) return refuse('no-reading', `${topic} describes a device to Home Assistant`);
			if (availabilities.has(topic)) return refuse('no-reading', `${topic} is whether the device can be reached`);
			return refuse('units-unknown', `no description (${prefix}/…/config) has named ${topic} yet`);
		},
	};
}

function count(counts: Map<string, number>, key: string, step: 1 | -1): void {
	const now = (counts.get(key) ?? 0) + step;
	if (now === 0) counts.delete(key);
	else counts.set(key, now);
}

function claimName(mapping: Mapping, entity: Entity): string {
	return [mapping.deviceIn(entity.stateTopic), entity.isState ? entity.channel?.name : '', entity.id].join('\n');
}

function isDescription(topic: string): boolean {
	if (!topic.startsWith(`${prefix}/`) || !topic.endsWith('/config')) return false;
	const {length} = topic.split('/');
	return length === 4 || length === 5;
}

function decodeState(payload: Uint8Array, known: readonly Known[]): Decoded {
	if (payload.length === 0) return refuse('no-reading', 'an empty message: the state was taken back');
	let json: ReturnType<typeof parseJson> | undefined;
	let text: string | undefined;
	const readings: (DecodedReading | Refused)[] = [];
	for (const one of known) {
		const {entity, claim, source} = one;
		if (entity.channel === undefined) continue;
		// Of two descriptions that say the same one is enough.
		if (claim.get(source) !== 1 && known.find(other => other.claim === claim && other.source === source) !== one) continue;
		if (claim.size > 1) {
			readings.push(refuse('units-unknown', `two descriptions say that they are ${entity.id}, and read different places`));
			continue;
		}
		if (entity.problem !== undefined) {
			readings.push(entity.problem);
			continue;
		}
		let value: JsonValue | undefined;
		let life: JsonValue | undefined;
		if (entity.template?.isJson) {
			json ??= parseJson(payload);
			if ('problem' in json) return refuse('payload-malformed', json.problem);
			value = followTemplate(json.value, entity.template);
			life = entity.lastReset === undefined ? undefined : followTemplate(json.value, entity.lastReset);
			// One message is often of some of the device's entities only.
			if (value === undefined) continue;
		} else {
			text ??= textOf(payload);
			if (text === undefined) return refuse('payload-malformed', 'it is no short text in UTF-8');
			value = text;
		}
		readings.push(readingOf(entity, value, life));
	}
	if (readings.length === 0) return refuse('readings-none', 'nothing that the descriptions say is measured is in it');
	return readings.length === 1 && 'refused' in readings[0]! ? readings[0] : {readings};
}

/** Longer texts are no numbers and no states. */
const textBytesMax = 256;

function textOf(payload: Uint8Array): string | undefined {
	if (payload.length > textBytesMax) return undefined;
	try {
		return new TextDecoder('utf-8', {fatal: true}).decode(payload);
	} catch {
		return undefined;
	}
}

/** What devices print where they have no value: ESPHome nan, Home Assistant's own words. */
const nothing: ReadonlySet<string> = new Set(['', 'nan', 'NaN', 'None', 'none', 'null', 'unknown', 'unavailable']);

function readingOf(entity: Entity, value: JsonValue, life: JsonValue | undefined): DecodedReading | Refused {
	const {channel, unit, isState, on, off, id, template} = entity;
	if (value === null) return plainReading(channel!, null, unit, 0);
	if (isState) {
		const word = wordOf(value);
		if (word !== undefined && word === on) return plainReading(channel!, true, unit, 0);
		if (word !== undefined && word === off) return plainReading(channel!, false, unit, 0);
		if (word !== undefined && nothing.has(word)) return plainReading(channel!, null, unit, 0);
		return refuse('value-not-number', `${id} is neither "${on}" nor "${off}"`);
	}
	let number: JsonNumber | string | undefined;
	if (value instanceof JsonNumber) number = value;
	else if (typeof value === 'string') {
		if (nothing.has(value.trim())) return plainReading(channel!, null, unit, 0);
		number = printedNumber(value);
	}
	if (number === undefined) return refuse('value-not-number', `${id} is not a number`);
	if (template?.isWhole && !/^-?[0-9]+$/.test(typeof number === 'string' ? number : number.text))
		return refuse('value-inexact', `the template of ${id} cuts off what is behind the point`);
	const reading = plainReading(channel!, number, unit, 0);
	const name = life instanceof JsonNumber ? life.text : typeof life === 'string' ? life.slice(0, 64) : undefined;
	return name === undefined ? reading : {...reading, counter: name};
}

/** What a template prints of it, which is what the payloads of a description are compared with. */
function wordOf(value: JsonValue): string | undefined {
	if (typeof value === 'string') return value;
	if (typeof value === 'boolean') return value ? 'True' : 'False';
	return value instanceof JsonNumber ? value.text : undefined;
}

const numberPattern = /^\s{0,8}([+-]?)0{0,32}([0-9]{1,32}(?:\.[0-9]{1,32})?(?:[eE][+-]?[0-9]{1,3})?)\s{0,8}$/;

/** A number as JSON writes it: no leading zeros, no plus. */
function printedNumber(text: string): string | undefined {
	const found = numberPattern.exec(text);
	return found === null ? undefined : `${found[1] === '-' ? '-' : ''}${found[2]}`;
}

/** Proposes from a description: the messages themselves say nothing of what they are. */
function recogniseHomeassistant({
	topic,
	payload,
}: {
	readonly topic: string;
	readonly payload: Uint8Array;
}): ReturnType<NonNullable<Decoder['recognise']>> {
	if (!isDescription(topic)) return undefined;
	const found = readDescription(topic, payload);
	const entity = found?.entities.find(one => one.channel !== undefined && one.problem === undefined);
	if (found === undefined || entity === undefined) return undefined;
	const levels = entity.stateTopic.split('/');
	const names = topic.split('/').slice(2, -1);
	// The device's place is the level that the description's own topic names, or else the first one.
	const place = Math.max(
		0,
		levels.findIndex(level => names.includes(level)),
	);
	const pattern = [...levels.slice(0, place), '{device}', ...(place < levels.length - 1 ? ['#'] : [])].join('/');
	return {
		topic: pattern,
		device: levels[place]!,
		sureness: found.hasOwnDecoder ? 20 : 85,
		...(found.make === undefined ? {} : {make: found.make}),
	};
}
