// A mapping says how to read the messages of one topic pattern; here it is compiled from the config and matched.

import {nearestName} from '../base/nearest.ts';
import {type Quantity, quantities, quantityOfName, unitFactor, unitsOf} from '../format/quantity.ts';
import {idPattern} from '../format/subject.ts';
import type {TimeFormat} from './device-time.ts';
import {parsePointer} from './json.ts';

/** As the config has it; every key is documented in kedge.example.yaml. */
export type MappingConfig = {
	readonly name: string;
	/** MQTT topic filter in which `{device}` stands for the device's id. */
	readonly topic: string;
	readonly format: 'json' | 'senml';
	readonly time?: {readonly pointer: string; readonly format: TimeFormat} | undefined;
	readonly sequence?: {readonly pointer: string; readonly session?: string | undefined} | undefined;
	readonly readings: readonly ReadingConfig[];
};

export type ReadingConfig = {
	/** JSON pointer of the value (json). */
	readonly pointer?: string | undefined;
	/** Resolved SenML name, in which `{device}` stands for the device's id (senml). */
	readonly name?: string | undefined;
	readonly quantity: string;
	/** Unit of the value; for senml only if the records have none. */
	readonly unit?: string | undefined;
	readonly part?: string | undefined;
	readonly exponent?: number | undefined;
	/** A message without this field is fine. */
	readonly optional?: boolean | undefined;
};

/** How many base units of a quantity one unit is, as a fraction; the same as numbers for scaleShort. */
export type Scale = {
	readonly numerator: bigint;
	readonly denominator: bigint;
	readonly numeratorShort: number;
	readonly denominatorShort: number;
};

export type CompiledReading = {
	readonly quantity: Quantity;
	/** By every unit that measures the quantity. */
	readonly scales: ReadonlyMap<string, Scale>;
	readonly exponent: number;
	readonly part: string | undefined;
	readonly optional: boolean;
	readonly unit: string | undefined;
	/** For json. */
	readonly pointer: readonly string[];
	readonly pointerText: string;
	/** For senml, `{device}` still in it. */
	readonly name: string;
};

export type Mapping = {
	readonly name: string;
	readonly format: 'json' | 'senml';
	readonly time: {readonly pointer: readonly string[]; readonly format: TimeFormat} | undefined;
	readonly sequence: {readonly pointer: readonly string[]; readonly session: readonly string[] | undefined} | undefined;
	readonly readings: readonly CompiledReading[];
	/** The device id in the topic, '' where the pattern has none; undefined if the topic does not fit. */
	readonly deviceIn: (topic: string) => string | undefined;
	/** The topic filter with the device's id in it, to subscribe or to allow. */
	readonly filterFor: (deviceId: string) => string;
};

/** Where in the mapping something is wrong, and what: main turns it into an error that names the line. */
export type MappingProblem = {readonly path: readonly (string | number)[]; readonly problem: string};

export function compileMapping(config: MappingConfig): Mapping | MappingProblem {
	// A brace that is not of `{device}` is a slip of the pen: taken as it stands it would match a topic that no device has, and nothing would say so.
	if (/[{}]/.test(config.topic.replaceAll(placeholder, '')))
		return {
			path: ['topic'],
			problem: `"${config.topic}" has a brace that is not part of ${placeholder}, the only word in braces that is known`,
		};
	if (config.topic.split(placeholder).length > 2) return {path: ['topic'], problem: `"${config.topic}" has ${placeholder} more than once`};
	const pattern = compileTopic(config.topic);
	if (pattern === undefined)
		return {path: ['topic'], problem: `"${config.topic}" is not an MQTT topic filter ("+" and "#" stand alone between slashes, "#" last)`};
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
	for (const [i, reading] of config.readings.entries()) {
		const compiled = compileReading(config.format, reading);
		if ('problem' in compiled) return {path: ['readings', i, ...compiled.path], problem: compiled.problem};
		const channel = `${compiled.quantity.name}:${compiled.part ?? ''}`;
		if (channels.has(channel))
			return {path: ['readings', i], problem: `${compiled.quantity.name} is there twice: give each a "part" of its own, such as a phase`};
		channels.add(channel);
		readings.push(compiled);
	}
	return {
		name: config.name,
		format: config.format,
		time: time as Mapping['time'],
		sequence: sequence as Mapping['sequence'],
		readings,
		...pattern,
	};
}

function compileReading(format: 'json' | 'senml', reading: ReadingConfig): CompiledReading | MappingProblem {
	const quantity = quantityOfName(reading.quantity);
	if (quantity === undefined) return {path: ['quantity'], problem: unknownQuantity(reading.quantity)};
	if (reading.part !== undefined && !idPattern.test(reading.part))
		return {path: ['part'], problem: `"${reading.part}" is not 1 to 64 letters, digits, _ or -`};
	const exponent = reading.exponent ?? quantity.exponentDefault;
	if (!Number.isInteger(exponent) || exponent < -12 || exponent > 12)
		return {path: ['exponent'], problem: `${exponent} is not a whole number from -12 to 12`};
	const pointer = reading.pointer === undefined ? undefined : parsePointer(reading.pointer);
	if (format === 'json') {
		if (pointer === undefined) return {path: ['pointer'], problem: `a json mapping needs a JSON pointer such as /energy/total`};
		if (reading.unit === undefined && quantity.kind !== 'state')
			return {path: [], problem: `the unit of ${quantity.name} is missing: ${unitsText(quantity)}`};
	} else if (reading.name === undefined) return {path: ['name'], problem: 'a senml mapping needs the name of the record'};
	else if (!isSenmlName(reading.name.replaceAll(placeholder, 'x')))
		return {path: ['name'], problem: `"${reading.name}" is no SenML name: letters, digits and - : . / _ after a letter or digit`};
	const unit = reading.unit ?? (quantity.kind === 'state' ? '' : undefined);
	if (unit !== undefined && unitFactor(quantity, unit) === undefined) return {path: ['unit'], problem: wrongUnit(quantity, unit)};
	return {
		quantity,
		scales: scalesOf(quantity),
		exponent,
		part: reading.part,
		optional: reading.optional ?? false,
		unit,
		pointer: pointer ?? [],
		pointerText: reading.pointer ?? '',
		name: reading.name ?? '',
	};
}

function unknownQuantity(name: string): string {
	const names = quantities.map(quantity => quantity.name);
	const near = nearestName(name, names);
	// A part of a name, such as "power", is no slip of the pen: whoever wrote it has to choose.
	const candidates = near === undefined && name.length > 2 ? names.filter(one => one.includes(name.toLowerCase())) : [];
	const meant = near === undefined ? candidates.map(one => `"${one}"`).join(' or ') : `"${near}"`;
	return `"${name}" is not in the quantity registry; ${meant === '' ? 'kedge quantities lists what is' : `did you mean ${meant}?`}`;
}

function wrongUnit(quantity: Quantity, unit: string): string {
	const near = unitsOf(quantity).find(one => one.toLowerCase() === unit.toLowerCase());
	const problem = `"${unit}" does not measure ${quantity.name}`;
	return near === undefined ? `${problem}: ${unitsText(quantity)}` : `${problem}; did you mean "${near}"?`;
}

function unitsText(quantity: Quantity): string {
	return `use ${unitsOf(quantity).join(', ')}`;
}

function scalesOf(quantity: Quantity): ReadonlyMap<string, Scale> {
	const scales = new Map<string, Scale>();
	for (const unit of [...unitsOf(quantity), '']) {
		const factor = unitFactor(quantity, unit);
		if (factor === undefined) continue;
		const [numerator, denominator] = factor;
		scales.set(unit, {numerator, denominator, numeratorShort: Number(numerator), denominatorShort: Number(denominator)});
	}
	return scales;
}

/** [RFC 8428 §4.5.1] */
export function isSenmlName(name: string): boolean {
	return /^[A-Za-z0-9][A-Za-z0-9\-:./_]*$/.test(name);
}

const placeholder = '{device}';

function compileTopic(topic: string): Pick<Mapping, 'deviceIn' | 'filterFor'> | undefined {
	if (topic === '') return undefined;
	const levels = topic.split('/');
	const parts: string[] = [];
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
					.join('([A-Za-z0-9_-]{1,64})'),
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
		filterFor: deviceId => topic.replace(placeholder, deviceId),
	};
}
