// A mapping says how to read the messages of one topic pattern; here it is compiled from the config and matched.

import {nearestName} from '../base/nearest.ts';
import {type Quantity, quantities, quantityOfName, unitFactor, unitsOf} from '../format/quantity.ts';
import {idPattern} from '../format/subject.ts';
import {type ChannelSpec, channelSpec, type Decoder, type OpenDecoder} from './decoders/decoder.ts';
import type {TimeFormat} from './device-time.ts';
import {parsePointer} from './json.ts';
import {parseZone, type Zone} from './zone.ts';

/** As the config has it; every key is documented in kedge.example.yaml. */
export type MappingConfig = {
	readonly name: string;
	/** MQTT topic filter in which `{device}` stands for the device's id. */
	readonly topic: string;
	/** Which decoder reads it. */
	readonly format: string;
	readonly time?: {readonly pointer: string; readonly format: TimeFormat} | undefined;
	readonly sequence?: {readonly pointer: string; readonly session?: string | undefined} | undefined;
	/** How local times are meant: `UTC`, `+08:00` or `Europe/Amsterdam`. Without it a time without an offset is none. */
	readonly zone?: string | undefined;
	/** 16 bytes: opens what devices encrypt (HJ 212, SM4). */
	readonly key?: Uint8Array | undefined;
	/** Empty where the format says what is what. */
	readonly readings?: readonly ReadingConfig[] | undefined;
};

export type ReadingConfig = {
	/** JSON pointer of the value (json). */
	readonly pointer?: string | undefined;
	/** Resolved SenML name, or name of a Sparkplug metric with its device in front, in which `{device}` stands for the device's id. */
	readonly name?: string | undefined;
	/** The record's sum, which is its value integrated over time, in place of its value (senml). */
	readonly sum?: boolean | undefined;
	readonly quantity: string;
	/** Unit of the value, or of the sum; for senml only if the records have none. */
	readonly unit?: string | undefined;
	readonly part?: string | undefined;
	readonly exponent?: number | undefined;
	/** A message without this field is fine. */
	readonly optional?: boolean | undefined;
};

export type CompiledReading = {
	readonly channel: ChannelSpec;
	readonly optional: boolean;
	readonly unit: string | undefined;
	/** Where the value stands in the message. */
	readonly pointer: readonly string[];
	readonly pointerText: string;
	/** What the message calls it, `{device}` still in it. */
	readonly name: string;
	readonly sum: boolean;
};

export type Mapping = {
	readonly name: string;
	readonly format: string;
	/** The topic filter, `{device}` still in it. */
	readonly topic: string;
	readonly time: {readonly pointer: readonly string[]; readonly format: TimeFormat} | undefined;
	readonly sequence: {readonly pointer: readonly string[]; readonly session: readonly string[] | undefined} | undefined;
	readonly zone: Zone | undefined;
	readonly key: Uint8Array | undefined;
	readonly readings: readonly CompiledReading[];
	/** What stands for the device in the topic, '' where the pattern has no place for it; undefined if the topic does not fit. */
	readonly deviceIn: (topic: string) => string | undefined;
	/** The topic filter with the device in it, to subscribe or to allow. */
	readonly filterFor: (topicName: string) => string;
};

/** A mapping with its decoder at work. */
export type OpenMapping = Mapping & {
	readonly decoder: OpenDecoder;
	/** As the arrival record has it. */
	readonly decoderName: string;
	/** True for a topic that the decoder hears beside the mapping's own. */
	readonly isHeard: (topic: string) => boolean;
};

/** Where in the mapping something is wrong, and what: main turns it into an error that names the line. */
export type MappingProblem = {readonly path: readonly (string | number)[]; readonly problem: string};

/** Compiles a mapping and opens its decoder, which MUST be the one that the config's format names. */
export function openMapping(config: MappingConfig, decoder: Decoder): OpenMapping | MappingProblem {
	const mapping = compileMapping(config, decoder);
	if ('problem' in mapping) return mapping;
	const opened = decoder.open(mapping);
	const heard = (opened.hears ?? []).map(filter => compileTopic(filter)!);
	return {
		...mapping,
		decoder: opened,
		decoderName: decoder.name,
		isHeard: topic => heard.some(({deviceIn}) => deviceIn(topic) !== undefined),
	};
}

/** `decoder` is the one that the config's format names. */
export function compileMapping(config: MappingConfig, decoder: Pick<Decoder, 'readingsBy' | 'namesHaveSlashes'>): Mapping | MappingProblem {
	// A brace that is not of `{device}` is a slip of the pen: taken as it stands it would match a topic that no device has, and nothing would say so.
	if (/[{}]/.test(config.topic.replaceAll(placeholder, '')))
		return {
			path: ['topic'],
			problem: `"${config.topic}" has a brace that is not part of ${placeholder}, the only word in braces that is known`,
		};
	if (config.topic.split(placeholder).length > 2) return {path: ['topic'], problem: `"${config.topic}" has ${placeholder} more than once`};
	const pattern = compileTopic(config.topic, decoder.namesHaveSlashes ?? false);
	if (pattern === undefined)
		return {path: ['topic'], problem: `"${config.topic}" is not an MQTT topic filter ("+" and "#" stand alone between slashes, "#" last)`};
	const {readingsBy} = decoder;
	const wanted = config.readings ?? [];
	if (readingsBy === 'format' && wanted.length > 0)
		return {path: ['readings'], problem: `messages of ${config.format} say themselves what is what: leave "readings" out`};
	if (readingsBy !== 'format' && wanted.length === 0)
		return {path: ['readings'], problem: `a mapping of ${config.format} names its readings`};
	for (const key of ['time', 'sequence'] as const)
		if (config[key] !== undefined && config.format !== 'json')
			return {path: [key], problem: `is for json only: messages of ${config.format} say it themselves`};
	const zone = config.zone === undefined ? undefined : parseZone(config.zone);
	if (config.zone !== undefined && zone === undefined)
		return {path: ['zone'], problem: `"${config.zone}" is no zone such as UTC, +08:00 or Europe/Amsterdam`};
	const time = config.time && {pointer: parsePointer(config.time.pointer), format: config.time.format};
	if (time !== undefined && time.pointer === undefined)
		return {path: ['time', 'pointer'], problem: `"${config.time?.pointer}" is not a JSON pointer`};
	const sequence = config.sequence && {
		pointer: parsePointer(config.sequence.pointer),
		session: config.sequence.session === undefined ? undefined : parsePointer(config.sequence.session),
	};
	if (
		sequence !== undefined &&
		(sequence.pointer === undefined || (config.sequence?.session !== undefined && sequence.session === undefined))
	)
		return {path: ['sequence'], problem: 'pointer and session must be JSON pointers'};
	const readings: CompiledReading[] = [];
	const channels = new Set<string>();
	for (const [i, reading] of wanted.entries()) {
		const compiled = compileReading(config.format, readingsBy, reading);
		if ('problem' in compiled) return {path: ['readings', i, ...compiled.path], problem: compiled.problem};
		const {name: channel, quantity} = compiled.channel;
		if (channels.has(channel))
			return {path: ['readings', i], problem: `${quantity.name} is there twice: give each a "part" of its own, such as a phase`};
		channels.add(channel);
		readings.push(compiled);
	}
	return {
		name: config.name,
		format: config.format,
		topic: config.topic,
		zone,
		key: config.key,
		time: time as Mapping['time'],
		sequence: sequence as Mapping['sequence'],
		readings,
		...pattern,
	};
}

function compileReading(
	format: string,
	readingsBy: 'pointer' | 'name' | 'format',
	reading: ReadingConfig,
): CompiledReading | MappingProblem {
	const quantity = quantityOfName(reading.quantity);
	if (quantity === undefined) return {path: ['quantity'], problem: unknownQuantity(reading.quantity)};
	if (reading.part !== undefined && !idPattern.test(reading.part))
		return {path: ['part'], problem: `"${reading.part}" is not 1 to 64 letters, digits, _ or -`};
	const exponent = reading.exponent ?? quantity.exponentDefault;
	if (!Number.isInteger(exponent) || exponent < -12 || exponent > 12)
		return {path: ['exponent'], problem: `${exponent} is not a whole number from -12 to 12`};
	const pointer = reading.pointer === undefined ? undefined : parsePointer(reading.pointer);
	if (readingsBy === 'pointer') {
		if (pointer === undefined) return {path: ['pointer'], problem: `a ${format} mapping needs a JSON pointer such as /energy/total`};
		if (reading.unit === undefined && quantity.kind !== 'state')
			return {path: [], problem: `the unit of ${quantity.name} is missing: ${unitsText(quantity)}`};
	} else if (reading.name === undefined) return {path: ['name'], problem: `a ${format} mapping needs the name of the record`};
	else if (format.startsWith('senml') && !isSenmlName(reading.name.replaceAll(placeholder, 'x')))
		return {path: ['name'], problem: `"${reading.name}" is no SenML name: letters, digits and - : . / _ after a letter or digit`};
	if (reading.sum === true && !format.startsWith('senml')) return {path: ['sum'], problem: 'is for senml only'};
	const unit = reading.unit ?? (quantity.kind === 'state' ? '' : undefined);
	if (unit !== undefined && unitFactor(quantity, unit) === undefined) return {path: ['unit'], problem: wrongUnit(quantity, unit)};
	return {
		channel: channelSpec(quantity, reading.part, exponent),
		optional: reading.optional ?? false,
		unit,
		pointer: pointer ?? [],
		pointerText: reading.pointer ?? '',
		name: reading.name ?? '',
		sum: reading.sum ?? false,
	};
}

/** The sentence that a name is no quantity, with what is meant. */
export function unknownQuantity(name: string): string {
	const names = quantities.map(quantity => quantity.name);
	const near = nearestName(name, names);
	// A part of a name, such as "power", is no slip of the pen: whoever wrote it has to choose.
	const candidates = near === undefined && name.length > 2 ? names.filter(one => one.includes(name.toLowerCase())) : [];
	const meant = near === undefined ? candidates.map(one => `"${one}"`).join(' or ') : `"${near}"`;
	return `"${name}" is not in the quantity registry; ${meant === '' ? 'kedge quantities lists what is' : `did you mean ${meant}?`}`;
}

export function wrongUnit(quantity: Quantity, unit: string): string {
	const near = unitsOf(quantity).find(one => one.toLowerCase() === unit.toLowerCase());
	const problem = `"${unit}" does not measure ${quantity.name}`;
	return near === undefined ? `${problem}: ${unitsText(quantity)}` : `${problem}; did you mean "${near}"?`;
}

function unitsText(quantity: Quantity): string {
	return `use ${unitsOf(quantity).join(', ')}`;
}

/** [RFC 8428 §4.5.1] */
export function isSenmlName(name: string): boolean {
	return /^[A-Za-z0-9][A-Za-z0-9\-:./_]*$/.test(name);
}

const placeholder = '{device}';

function compileTopic(topic: string, namesHaveSlashes = false): Pick<Mapping, 'deviceIn' | 'filterFor'> | undefined {
	if (topic === '') return undefined;
	const levels = topic.split('/');
	const parts: string[] = [];
	// What comes before is fixed, so that a topic still names one device only: the whole rest.
	const device = namesHaveSlashes && topic.endsWith(placeholder) ? '([^+#\\0]{1,128})' : '([^/+#\\0]{1,128})';
	for (const [i, level] of levels.entries()) {
		if (level === '#') {
			if (i !== levels.length - 1) return undefined;
			parts.push('.*');
		} else if (level === '+') parts.push('[^/]*');
		else if (/[+#\0]/.test(level)) return undefined;
		else
			parts.push(
				level
					.split(placeholder)
					.map(text => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
					.join(device),
			);
	}
	// `a/#` also stands for `a` itself [MQTT 3.1.1 §4.7.1.2].
	// A wildcard in front stands for no topic of the broker itself, such as `$SYS/…` [MQTT-4.7.2-1].
	const guard = /^[+#]/.test(topic) ? '(?!\\$)' : '';
	const pattern = new RegExp(`^${guard}${parts.join('/').replace(/\/\.\*$/, '(?:/.*)?')}$`, 's');
	return {
		deviceIn: text => {
			const found = pattern.exec(text);
			return found === null ? undefined : (found[1] ?? '');
		},
		// A function, because `$` means something in a replacement.
		filterFor: topicName => topic.replace(placeholder, () => topicName),
	};
}
