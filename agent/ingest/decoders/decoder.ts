// What a decoder is: it turns the payload of an arrival into readings, each of one channel, or says why there are none.

import {createHash} from 'node:crypto';
import {type Quantity, type QuantityName, quantityOfName, unitFactor, unitsOf} from '../../format/quantity.ts';
import type {JsonNumber} from '../json.ts';
import type {Mapping, ReadingConfig} from '../mapping.ts';
import type {Refused} from '../refusal.ts';

/** What a decoder may look at. */
export type Message = {
	readonly topic: string;
	readonly payload: Uint8Array;
	/** ms since 1970, by the agent's clock. */
	readonly arrivedAtMs: number;
	/** Whose message it is: a device of the config. */
	readonly deviceId: string;
};

/** How many base units of a quantity one unit is, as a fraction; the same as numbers for scaleShort. */
export type Scale = {
	readonly numerator: bigint;
	readonly denominator: bigint;
	readonly numeratorShort: number;
	readonly denominatorShort: number;
};

/** One quantity of a device, with its sub-part: what a subject of the log stands for. */
export type ChannelSpec = {
	/** `energy-import` or `energy-import:L1`: the end of the channel's URN. */
	readonly name: string;
	readonly quantity: Quantity;
	readonly part: string | undefined;
	/** Of the channel, unless it was enrolled with another one. */
	readonly exponent: number;
	/** By every unit that measures the quantity. */
	readonly scales: ReadonlyMap<string, Scale>;
};

/** One reading as the device meant it, before anybody has judged it. Every field is there in every reading, so that all have one shape. */
export type DecodedReading = {
	readonly channel: ChannelSpec;
	/** As it was printed. true and false for states. null: the device says that it has none. */
	readonly value: JsonNumber | boolean | string | null;
	/** As `unitsOf` spells it. */
	readonly unit: string;
	/** ms since 1970; 0 if the device claims no time. */
	readonly measuredAtMs: number;
	/** False if the time was made from our clock (SenML's relative times): a second delivery would carry another one. */
	readonly timeIsDevices: boolean;
	/** The device's own numbering: a number repeats only within its session. Both or none. */
	readonly session: string | undefined;
	readonly sequence: number | undefined;
	/** Bits of format/entry.ts that the device itself says: estimated, substituted, invalid, historical. */
	readonly quality: number;
	/** Interval quantities: its length in ms. Else 0. */
	readonly spanMs: number;
	/** Registers: names the life of the counter, where the device tells (Tasmota's TotalStartTime). Another name than before is a declared reset. */
	readonly counter: string | undefined;
};

/** Something that the decoder wants to be said to the device, such as a request for a new birth certificate. QoS 0, not retained. */
export type DeviceRequest = {readonly topic: string; readonly payload: Uint8Array};

export type Decoded =
	| {readonly readings: readonly (DecodedReading | Refused)[]; readonly requests?: readonly DeviceRequest[]}
	| (Refused & {readonly requests?: readonly DeviceRequest[]});

/** A decoder at work for one mapping of the config. What it remembers (births, units, halves of frames) is here, and bounded. */
export type OpenDecoder = {
	/** Reads a message of one of the mapping's devices. MUST NOT throw, whatever the bytes are. A message that holds no reading by its nature is refused as `no-reading`. */
	readonly decode: (message: Message) => Decoded;
	/** Topic filters beside the mapping's own that it must hear to understand the others, such as `zigbee2mqtt/bridge/devices`. @default none */
	readonly hears?: readonly string[];
	/** Takes in a message on such a topic, or one that is old state (retained): never a reading. True if it was of use. MUST NOT throw. */
	readonly learn?: (message: Omit<Message, 'deviceId'>) => boolean;
};

/** What a message seems to be. Only ever a proposal: a person decides. */
export type Recognised = {
	/** The topic filter of a mapping for such devices, `{device}` in it. */
	readonly topic: string;
	/** What stands there in this message's topic, or what else names the device. */
	readonly device: string;
	/** 0 to 100; of several decoders the surest is proposed. 90: nothing else looks like this. 50: plausible. */
	readonly sureness: number;
	/** The device prints local times: the mapping needs a zone. */
	readonly wantsZone?: boolean;
	/** Where the mapping must name its readings: what this message suggests. */
	readonly readings?: readonly ReadingConfig[];
	/** Where the mapping must say so: the time of the message. */
	readonly time?: {readonly pointer: string; readonly format: 'iso' | 'unix-s' | 'unix-ms'};
	/** Make and model, for a comment. */
	readonly make?: string;
};

export type Decoder = {
	/** What `format` in the config calls it. */
	readonly format: string;
	/** Name and version in the arrival record, `tasmota/1`: another version where the same bytes would become other readings. */
	readonly name: string;
	/** How the mapping names its readings: by a JSON pointer, by a name in the message, or not at all because the format says what is what. */
	readonly readingsBy: 'pointer' | 'name' | 'format';
	/** Its devices have names with slashes: a `{device}` that ends the mapping's topic stands for as many levels as there are. @default false */
	readonly namesHaveSlashes?: boolean;
	readonly open: (mapping: Mapping) => OpenDecoder;
	/** Looks at a message of an unknown device. MUST NOT throw. @default never recognises */
	readonly recognise?: (message: {readonly topic: string; readonly payload: Uint8Array}) => Recognised | undefined;
	/** Makes and models, by the names of devices in topics, from a message that describes several of them. MUST NOT throw. @default none does */
	readonly makes?: (message: {readonly topic: string; readonly payload: Uint8Array}) => ReadonlyMap<string, string> | undefined;
};

/** Channels that one device may have; a reading of another one is refused. */
export const channelsMax = 256;

const interned = new Map<string, ChannelSpec>();
/** Specs that are remembered; parts come from the wire, so that there may be any number of them. */
const internedMax = 16_384;

/** The channel of a quantity and part. `part` MUST be undefined or fit `idPattern`: see partOf. */
export function channelOf(quantityName: QuantityName, part?: string): ChannelSpec {
	const name = part === undefined ? quantityName : `${quantityName}:${part}`;
	const known = interned.get(name);
	if (known !== undefined) return known;
	const quantity = quantityOfName(quantityName)!;
	const spec = channelSpec(quantity, part, quantity.exponentDefault);
	if (interned.size < internedMax) interned.set(name, spec);
	return spec;
}

export function channelSpec(quantity: Quantity, part: string | undefined, exponent: number): ChannelSpec {
	return {name: part === undefined ? quantity.name : `${quantity.name}:${part}`, quantity, part, exponent, scales: scalesOf(quantity)};
}

const scales = new Map<Quantity, ReadonlyMap<string, Scale>>();

function scalesOf(quantity: Quantity): ReadonlyMap<string, Scale> {
	let found = scales.get(quantity);
	if (found === undefined) {
		const made = new Map<string, Scale>();
		for (const unit of [...unitsOf(quantity), '']) {
			const factor = unitFactor(quantity, unit);
			if (factor === undefined) continue;
			const [numerator, denominator] = factor;
			made.set(unit, {numerator, denominator, numeratorShort: Number(numerator), denominatorShort: Number(denominator)});
		}
		scales.set(quantity, made);
		found = made;
	}
	return found;
}

const cleanPart = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * A part of a channel's name from a text of the device's own: itself if it is clean, else its clean characters and eight digits of its SHA-256, so that two texts never become
 * one part. undefined for an empty text.
 */
export function partOf(text: string): string | undefined {
	if (cleanPart.test(text)) return text;
	if (text === '') return undefined;
	const digest = createHash('sha256').update(text).digest('hex').slice(0, 8);
	return `${text.replace(/[^A-Za-z0-9_-]+/g, '_').slice(0, 48)}-${digest}`;
}

/** A reading with nothing but a value and a time. */
export function plainReading(channel: ChannelSpec, value: DecodedReading['value'], unit: string, measuredAtMs: number): DecodedReading {
	return {
		channel,
		value,
		unit,
		measuredAtMs,
		timeIsDevices: true,
		session: undefined,
		sequence: undefined,
		quality: 0,
		spanMs: 0,
		counter: undefined,
	};
}
