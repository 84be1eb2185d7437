// Turns messages of unknown devices into the mappings and devices that a person may take into the config. It only ever proposes.

import {createHash} from 'node:crypto';
import {fitsValue} from '../format/entry.ts';
import {quantityOfName} from '../format/quantity.ts';
import {openSignedPayload, type SignedForm} from '../format/signed-payload.ts';
import {idPattern} from '../format/subject.ts';
import type {Heard} from './collection.ts';
import {exactValue} from './decoders/decoded.ts';
import {channelSpec, type Decoder, partOf, type Recognised} from './decoders/decoder.ts';
import {createDevices, type Devices} from './devices.ts';
import {compileMapping, type Mapping, type MappingConfig, type OpenMapping, openMapping, type ReadingConfig} from './mapping.ts';
import {type TrialOptions, tryMessage} from './trial.ts';

/** What one decoder takes a message for. */
export type Claim = {readonly format: string; readonly found: Recognised};

export type ProposedMapping = {
	readonly name: string;
	readonly format: string;
	readonly topic: string;
	readonly readings: readonly ReadingConfig[];
	readonly time: Recognised['time'];
	/** How its readings are named. */
	readonly readingsBy: Decoder['readingsBy'];
	/** Its devices print local times. */
	readonly wantsZone: boolean;
	readonly sureness: number;
	/** Other formats that some of its messages could be of, with how sure they are. */
	readonly others: ReadonlyMap<string, number>;
	/** Makes and models, as far as messages tell. */
	readonly makes: readonly string[];
	/** Why nobody can use it as it is, as a sentence; undefined where it compiles. */
	readonly problem: string | undefined;
};

export type ProposedDevice = {
	readonly id: string;
	/** What stands for it in topics. */
	readonly topicName: string;
	readonly mappings: readonly string[];
	readonly makes: readonly string[];
	/** The form in which its messages are signed; undefined where they are not. */
	readonly signed: SignedForm | undefined;
	/** Why nobody can use it as it is. */
	readonly problem: string | undefined;
};

export type Proposal = {
	readonly mappings: readonly ProposedMapping[];
	readonly devices: readonly ProposedDevice[];
	/** Sentences about what was left out. */
	readonly leftOut: readonly string[];
};

/** Messages that are looked at; and topic filters, which each message is held against. */
const messagesMax = 40_000;
const filtersMax = 256;
/** Readings of one mapping, as the config allows. */
const readingsMax = 256;
/** Mappings with one topic filter, for devices that contradict each other; and mappings in all: nobody reads more. */
const variantsMax = 64;
const mappingsAllMax = 512;
const leftOutMax = 100;
/** A description that is less sure speaks of what another decoder reads better. */
const descriptionSurenessMin = 50;

/** Every decoder that takes the message for its own, the surest first. What is signed is looked at without its signature. */
export function claimsOn(decoders: readonly Decoder[], message: Pick<Heard, 'topic' | 'payload'>): Claim[] {
	const opened = openSignedPayload(message.payload);
	const payload = 'problem' in opened ? message.payload : opened.payload;
	const claims: Claim[] = [];
	for (const {format, recognise} of decoders) {
		const found = recognise?.({topic: message.topic, payload});
		if (found !== undefined) claims.push({format, found});
	}
	// Stable: of two that are as sure the table's order decides, so that the same messages always give the same proposal.
	return claims.sort((a, b) => b.found.sureness - a.found.sureness);
}

/** A device as the claims describe it. */
type Candidate = {
	readonly name: string;
	readonly makes: Set<string>;
	/** Of each message. */
	readonly readings: (readonly ReadingConfig[])[];
	/** Of each message, as text; undefined where it names none. */
	readonly times: Set<string | undefined>;
	wantsZone: boolean;
	signed: SignedForm | undefined;
};

/** What shares a format and a topic filter. */
type Group = {
	readonly decoder: Decoder;
	readonly filter: string;
	readonly deviceIn: Mapping['deviceIn'];
	readonly candidates: Map<string, Candidate>;
	readonly others: Map<string, number>;
	sureness: number;
};

type Variant = {
	readonly group: Group;
	readonly candidates: Candidate[];
	readonly readings: Map<string, ReadingConfig>;
	readonly channels: Map<string, string>;
	readonly time: string | undefined;
};

/** Proposes for the messages, in the order of their arrival. `decoders` are those that may be proposed. */
export function propose(decoders: readonly Decoder[], messages: readonly Heard[]): Proposal {
	const leftOut: string[] = [];
	const leaveOut = (sentence: string): void => {
		if (leftOut.length < leftOutMax && !leftOut.includes(sentence)) leftOut.push(sentence);
	};
	const groups = groupClaims(decoders, messages.slice(-messagesMax), leaveOut);
	const all = [...groups.values()].flatMap(group => variantsOf(group, leaveOut));
	if (all.length > mappingsAllMax) leaveOut(`${all.length - mappingsAllMax} further mappings, the least sure ones`);
	// Groups came in the order of sureness.
	const variants = all.slice(0, mappingsAllMax).sort((a, b) => looseness(a) - looseness(b));
	const names = new Map<Variant, string>();
	const used = new Map<string, number>();
	for (const variant of variants) {
		const {format} = variant.group.decoder;
		const number = (used.get(format) ?? 0) + 1;
		used.set(format, number);
		names.set(variant, number === 1 ? format : `${format}-${number}`);
	}
	const mappings = variants.map((variant): ProposedMapping => {
		const {decoder, filter, sureness, others} = variant.group;
		const mapping = {
			name: names.get(variant)!,
			format: decoder.format,
			readingsBy: decoder.readingsBy,
			topic: filter,
			readings: [...variant.readings.values()],
			time: variant.time === undefined ? undefined : (JSON.parse(variant.time) as NonNullable<Recognised['time']>),
			wantsZone: variant.candidates.some(({wantsZone}) => wantsZone),
			sureness,
			others,
			makes: makesOf(variant.candidates),
		};
		const compiled = compileMapping(configOf(mapping), decoder);
		const isUnread = decoder.readingsBy !== 'format' && mapping.readings.length === 0;
		const problem = isUnread
			? decoder.readingsBy === 'pointer'
				? 'which of its values are measured, and in which unit, could not be guessed: name them below "readings"'
				: 'no message said which of its values are measured, and in which unit: listen until one does (a Sparkplug birth, a pack with units), or name them below "readings"'
			: 'problem' in compiled
				? `${[...compiled.path, ''].join(': ')}${compiled.problem}`
				: undefined;
		return {...mapping, problem};
	});
	return {mappings, devices: devicesOf(variants, names, mappings), leftOut};
}

function groupClaims(
	decoders: readonly Decoder[],
	messages: readonly Heard[],
	leaveOut: (sentence: string) => void,
): ReadonlyMap<string, Group> {
	const claimed = messages.flatMap(message => claimsOn(decoders, message).map(claim => ({message, claim})));
	claimed.sort((a, b) => b.claim.found.sureness - a.claim.found.sureness);
	const groups = new Map<string, Group>();
	const names = new Map<string, Set<string>>();
	const byFormat = new Map(decoders.map(decoder => [decoder.format, decoder]));
	for (const {message, claim} of claimed) {
		const {format, found} = claim;
		const {topic: filter, device: name, sureness} = found;
		const decoder = byFormat.get(format)!;
		const key = `${format}\n${filter}`;
		let group = groups.get(key);
		const deviceIn = group?.deviceIn ?? patternOf(filter, decoder);
		if (deviceIn === undefined) {
			leaveOut(`topic ${message.topic} looks like ${format}, but a mapping cannot name it`);
			continue;
		}
		const inTopic = deviceIn(message.topic);
		// A description of a device on other topics than its own, as Home Assistant's.
		const isDescription = inTopic === undefined || (inTopic !== '' && inTopic !== name);
		const topic = isDescription ? filter.replace(placeholder, () => name).replace(/\/#$/, '') : message.topic;
		const surer = groupReading(groups, topic, format);
		const isBeside = isDescription && sureness < descriptionSurenessMin && [...(names.get(name) ?? [])].some(other => other !== format);
		if (surer !== undefined) surer.others.set(format, Math.max(sureness, surer.others.get(format) ?? 0));
		if (surer !== undefined || isBeside) continue;
		if (group === undefined) {
			if (groups.size >= filtersMax) {
				leaveOut(`more than ${filtersMax} topic patterns: ${filter} (${format}) is not proposed`);
				continue;
			}
			group = {decoder, filter, deviceIn, candidates: new Map(), others: new Map(), sureness};
			groups.set(key, group);
		}
		let candidate = group.candidates.get(name);
		if (candidate === undefined) {
			candidate = {name, makes: new Set(), readings: [], times: new Set(), wantsZone: false, signed: undefined};
			group.candidates.set(name, candidate);
			names.set(name, (names.get(name) ?? new Set()).add(format));
		}
		if (found.make !== undefined) candidate.makes.add(found.make);
		if (found.readings !== undefined) candidate.readings.push(found.readings);
		candidate.times.add(found.time && JSON.stringify(found.time));
		if (found.wantsZone === true) candidate.wantsZone = true;
		const opened = openSignedPayload(message.payload);
		if (!('problem' in opened)) candidate.signed = opened.form;
	}
	nameMakes(groups, messages);
	return groups;
}

/** Without those that another one says in more words. */
function makesOf(candidates: readonly Candidate[]): string[] {
	const makes = [...new Set(candidates.flatMap(candidate => [...candidate.makes]))];
	return makes.filter(make => !makes.some(other => other.startsWith(`${make} `)));
}

/** What lists of devices say of their makes. */
function nameMakes(groups: ReadonlyMap<string, Group>, messages: readonly Heard[]): void {
	for (const {decoder, candidates} of groups.values()) {
		if (decoder.makes === undefined) continue;
		for (const message of messages) for (const [name, make] of decoder.makes(message) ?? []) candidates.get(name)?.makes.add(make);
	}
}

/** The group of another format that reads the topic for one of its devices. */
function groupReading(groups: ReadonlyMap<string, Group>, topic: string, format: string): Group | undefined {
	for (const group of groups.values()) {
		if (group.decoder.format === format) continue;
		const name = group.deviceIn(topic);
		if (name !== undefined && (name === '' ? group.candidates.size > 0 : group.candidates.has(name))) return group;
	}
	return undefined;
}

function patternOf(filter: string, decoder: Decoder): Mapping['deviceIn'] | undefined {
	const compiled = compileMapping(
		{name: 'm', topic: filter, format: decoder.format},
		{readingsBy: 'format', ...(decoder.namesHaveSlashes === undefined ? {} : {namesHaveSlashes: decoder.namesHaveSlashes})},
	);
	return 'problem' in compiled ? undefined : compiled.deviceIn;
}

/** The mappings that a group needs: one, unless its devices contradict each other. */
function variantsOf(group: Group, leaveOut: (sentence: string) => void): Variant[] {
	const variants: Variant[] = [];
	const {filter, decoder} = group;
	const hasPlace = filter.includes(placeholder);
	for (const candidate of group.candidates.values()) {
		if (!hasPlace && variants.length > 0) {
			leaveOut(`${decoder.format} on ${filter}: the topic names no device, so that ${candidate.name} cannot be told from the first one`);
			continue;
		}
		const readings = decoder.readingsBy === 'format' ? [] : mergedReadings(candidate);
		// One that a message lacks would make the whole message a refusal.
		const time = candidate.times.size === 1 ? [...candidate.times][0] : undefined;
		const fitting = variants.find(variant => fits(variant, readings, time));
		if (fitting === undefined && variants.length >= variantsMax) {
			leaveOut(
				`${decoder.format} on ${filter}: more than ${variantsMax} kinds of devices contradict each other, such as ${candidate.name}`,
			);
			continue;
		}
		const variant: Variant = fitting ?? {group, candidates: [], readings: new Map(), channels: new Map(), time};
		if (fitting === undefined) variants.push(variant);
		variant.candidates.push(candidate);
		for (const reading of readings) {
			variant.readings.set(readingKey(reading), reading);
			variant.channels.set(channelKey(reading), readingKey(reading));
		}
	}
	return variants;
}

const placeholder = '{device}';

const readingKey = ({pointer, name, sum}: ReadingConfig): string => `${pointer ?? name}\n${sum === true}`;
const channelKey = ({quantity, part}: ReadingConfig): string => `${quantity}:${part ?? ''}`;

function fits({readings, channels, time}: Variant, further: readonly ReadingConfig[], wantedTime: string | undefined): boolean {
	if (time !== wantedTime) return false;
	let size = readings.size;
	for (const reading of further) {
		const key = readingKey(reading);
		const own = readings.get(key);
		if (own === undefined) size += 1;
		else if (own.unit !== reading.unit || channelKey(own) !== channelKey(reading)) return false;
		const taken = channels.get(channelKey(reading));
		if (taken !== undefined && taken !== key) return false;
	}
	return size <= readingsMax;
}

/** Each value once, each on a channel of its own. */
function mergedReadings({readings}: Candidate): ReadingConfig[] {
	const byKey = new Map<string, ReadingConfig>();
	const channels = new Set<string>();
	// The message that says most tells best which values need a part.
	for (const reading of [...readings].sort((a, b) => b.length - a.length).flat()) {
		const key = readingKey(reading);
		const own = byKey.get(key);
		if (own !== undefined) {
			if (reading.exponent !== undefined && reading.exponent < (own.exponent ?? Number.POSITIVE_INFINITY))
				byKey.set(key, {...own, exponent: reading.exponent});
			continue;
		}
		if (byKey.size === readingsMax) break;
		const part = partOf((reading.pointer ?? reading.name ?? '').replace(/^\//, ''));
		const one = channels.has(channelKey(reading)) && part !== undefined ? {...reading, part} : reading;
		if (channels.has(channelKey(one))) continue;
		channels.add(channelKey(one));
		byKey.set(key, one);
	}
	return [...byKey.values()];
}

/** Of two filters that read one topic the tighter one comes first. */
function looseness({group: {filter}}: Variant): number {
	return (filter.endsWith('#') ? 1000 : 0) + filter.split('/').filter(level => level === '+').length;
}

function devicesOf(
	variants: readonly Variant[],
	names: ReadonlyMap<Variant, string>,
	mappings: readonly ProposedMapping[],
): readonly ProposedDevice[] {
	type Joined = {readonly name: string; readonly format: string; readonly mappings: string[]; readonly candidates: Candidate[]};
	const joined = new Map<string, Joined>();
	for (const variant of variants)
		for (const candidate of variant.candidates) {
			const {format} = variant.group.decoder;
			const key = [format, placeOf(variant.group.filter), candidate.name].join('\n');
			const device = joined.get(key) ?? {name: candidate.name, format, mappings: [], candidates: []};
			joined.set(key, device);
			if (device.mappings.length < mappingsMax) device.mappings.push(names.get(variant)!);
			device.candidates.push(candidate);
		}
	const broken = new Set(mappings.filter(({problem}) => problem !== undefined).map(({name}) => name));
	const ids = new Set<string>();
	// Names that are ids themselves keep them.
	const ordered = [...joined.values()].sort((a, b) => Number(idPattern.test(b.name)) - Number(idPattern.test(a.name)));
	const made = new Map<Joined, ProposedDevice>();
	for (const one of ordered) {
		const {name, format, candidates} = one;
		const id = idFor(name, format, ids);
		ids.add(id);
		const signed = candidates.find(candidate => candidate.signed !== undefined)?.signed;
		const working = one.mappings.filter(mapping => !broken.has(mapping));
		const problem = !topicNamePattern.test(name)
			? 'a config cannot have the name that stands in its topic'
			: signed !== undefined && format !== 'ocmf'
				? `its messages are signed (${signed}): without its publicKey they cannot be read`
				: working.length === 0
					? 'its mapping needs you first'
					: undefined;
		made.set(one, {
			id,
			topicName: name,
			mappings: working.length === 0 ? one.mappings : working,
			makes: makesOf(candidates),
			signed,
			problem,
		});
	}
	return [...joined.values()].map(one => made.get(one)!);
}

/** Mappings of one device, as the config allows. */
const mappingsMax = 64;
/** As the config has it. */
const topicNamePattern = /^[^+#\p{C}]{1,128}$/u;

/** Where filters have a device's name; Tasmota's telemetry and its answers are of one device. */
function placeOf(filter: string): string {
	return filter
		.slice(0, Math.max(0, filter.indexOf(placeholder)))
		.split('/')
		.map(level => (level === 'stat' ? 'tele' : level))
		.join('/');
}

/** The name itself where it is an id; else its clean characters. With the format, or digits of its SHA-256, behind it where another device has that id. */
function idFor(name: string, format: string, taken: ReadonlySet<string>): string {
	const clean = idPattern.test(name)
		? name
		: name
				.normalize('NFKD')
				.replace(/\p{M}/gu, '')
				.replace(/[^A-Za-z0-9_-]+/g, '-')
				.replace(/^-+|-+$/g, '')
				.slice(0, 48);
	const base = clean === '' ? 'device' : clean;
	if (!taken.has(base)) return base;
	const withFormat = `${base.slice(0, 40)}-${format}`;
	if (!taken.has(withFormat)) return withFormat;
	for (let number = 0; ; number += 1) {
		const digest = createHash('sha256').update(`${format}\n${name}\n${number}`).digest('hex').slice(0, 8);
		const id = `${base.slice(0, 48)}-${digest}`;
		if (!taken.has(id)) return id;
	}
}

export type ProposalOpening = {readonly zone?: string | undefined; readonly key?: Uint8Array | undefined};

function configOf({name, topic, format, readings, time}: Omit<ProposedMapping, 'problem'>, more: ProposalOpening = {}): MappingConfig {
	return {name, topic, format, readings, time, ...more};
}

/** Opens what compiles, as a config with it would be opened. Devices whose mapping does not are not there. */
export function openProposal({mappings, devices}: Proposal, decoders: readonly Decoder[], more: ProposalOpening = {}): Devices {
	const byFormat = new Map(decoders.map(decoder => [decoder.format, decoder]));
	const open = new Map<string, OpenMapping>();
	for (const mapping of mappings) {
		if (mapping.problem !== undefined) continue;
		const opened = openMapping(configOf(mapping, more), byFormat.get(mapping.format)!);
		if (!('problem' in opened)) open.set(mapping.name, opened);
	}
	const working = devices.filter(device => device.mappings.every(name => open.has(name)) && topicNamePattern.test(device.topicName));
	return createDevices(
		working.map(({id, topicName, mappings: own}) => ({id, topicName, mappings: own, passwordHash: undefined, simulated: false})),
		open,
	);
}

/** Tells whether a message that no device owns is one of a format of the proposal which by its nature holds no reading, such as the state of a bridge. */
export function holdsNothing({mappings}: Proposal, decoders: readonly Decoder[]): (message: Heard) => boolean {
	const open = mappings.flatMap(mapping => {
		// A pattern that fits everything knows nothing.
		const decoder = mapping.topic.startsWith(placeholder) ? undefined : decoders.find(({format}) => format === mapping.format);
		const readings = mapping.readings.length > 0 || decoder?.readingsBy === 'format' ? mapping.readings : anyReading;
		const opened = decoder && openMapping(configOf({...mapping, readings}), decoder);
		return opened === undefined || 'problem' in opened ? [] : [opened];
	});
	return ({topic, payload, arrivedAtMs}) =>
		open.some(({deviceIn, decoder}) => {
			if (deviceIn(topic) === undefined) return false;
			const decoded = decoder.decode({topic, payload, arrivedAtMs, deviceId: 'nobody'});
			return 'refused' in decoded && decoded.refused === 'no-reading';
		});
}

/** So that a mapping that nobody has finished can be opened. */
const anyReading: readonly ReadingConfig[] = [{pointer: '/', name: 'none', quantity: 'temperature', unit: 'Cel', optional: true}];

/** Decodes the messages with the proposal, and gives readings that print more digits than their channel holds a finer exponent. */
export function refine(
	proposal: Proposal,
	decoders: readonly Decoder[],
	messages: readonly Heard[],
	options: Omit<TrialOptions, 'devices'>,
): Proposal {
	const devices = openProposal(proposal, decoders);
	/** By mapping and channel. */
	const exponents = new Map<string, number>();
	for (const message of messages) {
		const {route, readings} = tryMessage(message, {...options, devices});
		for (const one of readings) {
			if (!('refused' in one) || one.refused !== 'value-inexact' || one.reading === undefined || route === undefined) continue;
			const {channel, value, unit} = one.reading;
			const exponent = finerExponent(channel.quantity.name, value, unit);
			const key = `${route.mapping.name}\n${channel.name}`;
			if (exponent !== undefined) exponents.set(key, Math.min(exponent, exponents.get(key) ?? exponent));
		}
	}
	if (exponents.size === 0) return proposal;
	const mappings = proposal.mappings.map(mapping => ({
		...mapping,
		readings: mapping.readings.map(reading => {
			const name = reading.part === undefined ? reading.quantity : `${reading.quantity}:${reading.part}`;
			const exponent = exponents.get(`${mapping.name}\n${name}`);
			return exponent === undefined ? reading : {...reading, exponent};
		}),
	}));
	return {...proposal, mappings};
}

const exponentMin = -12;

/** The finest exponent at which the value leaves room to grow, else the one that just holds it: who prints the dust of a double prints more of it next time. */
function finerExponent(quantityName: string, value: Parameters<typeof exactValue>[2], unit: string): number | undefined {
	const quantity = quantityOfName(quantityName);
	if (quantity === undefined) return undefined;
	const room = quantity.kind === 'register' ? 1_000_000n : 1000n;
	let holding: number | undefined;
	for (let exponent = exponentMin; exponent < quantity.exponentDefault; exponent += 1) {
		const exact = exactValue(channelSpec(quantity, undefined, exponent), exponent, value, unit);
		if (typeof exact !== 'bigint') continue;
		if (fitsValue(exact * room)) return exponent;
		holding = exponent;
	}
	return holding;
}
