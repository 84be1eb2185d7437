// Turns the bytes of a Sparkplug B payload (protobuf, proto2) into its metrics, one at a time, and a request for a new birth certificate into bytes.

import {BinaryReader, BinaryWriter, WireType} from '@bufbuild/protobuf/wire';

export const metricsMax = 16_384;
/** UTF-8 bytes of a metric's name. */
export const metricNameMax = 512;
const propertiesMax = 256;
const propertyTextMax = 64;

/** Names of `datatype` [Sparkplug 3.0 §6.4.16], in the order of their numbers. */
export const datatypeNames = [
	'Unknown',
	...['Int8', 'Int16', 'Int32', 'Int64', 'UInt8', 'UInt16', 'UInt32', 'UInt64', 'Float', 'Double', 'Boolean', 'String', 'DateTime'],
	...['Text', 'UUID', 'DataSet', 'Bytes', 'File', 'Template', 'PropertySet', 'PropertySetList', 'Int8Array', 'Int16Array'],
	...['Int32Array', 'Int64Array', 'UInt8Array', 'UInt16Array', 'UInt32Array', 'UInt64Array', 'FloatArray', 'DoubleArray'],
	...['BooleanArray', 'StringArray', 'DateTimeArray'],
] as const;

/** Field numbers of a metric's value. */
export const valueFields = {
	none: 0,
	int: 10,
	long: 11,
	float: 12,
	double: 13,
	boolean: 14,
	string: 15,
	bytes: 16,
	dataset: 17,
	template: 18,
} as const;

/** Fields of the protobuf with their wire types, as the tags that stand in the bytes. */
const tagOf = (field: number, wireType: WireType): number => (field << 3) | wireType;
const varint = WireType.Varint;
const lengthDelimited = WireType.LengthDelimited;
const payloadTags = {
	timestamp: tagOf(1, varint),
	metric: tagOf(2, lengthDelimited),
	seq: tagOf(3, varint),
	uuid: tagOf(4, lengthDelimited),
} as const;

/** Why bytes were not read. Thrown and caught in this file only; the library throws errors of its own. */
class WireProblem extends Error {}

/** One payload at a time: what it holds is good until the next `open`. */
export class PayloadReader {
	/** ms since 1970; undefined where there is none. */
	timestampMs: number | undefined;
	seq: number | undefined;
	isCompressed = false;
	metricCount = 0;

	/** The metric that `metric` read last. */
	name: string | undefined;
	alias: number | undefined;
	metricTimestampMs: number | undefined;
	datatype: number | undefined;
	isHistorical = false;
	isNull = false;
	/** Properties `engUnit` and `Quality`. */
	unit: string | undefined;
	quality: number | undefined;
	/** Of valueFields; `none` if there is no value. */
	valueField = 0;
	/** int, float, double; long where it is below 2^53. */
	valueNumber = 0;
	/** long from 2^53 on. */
	valueBig: bigint | undefined;
	valueBoolean = false;

	#bytes: Uint8Array = new Uint8Array(0);
	#reader = new BinaryReader(this.#bytes);
	readonly #begins: number[] = [];
	readonly #ends: number[] = [];

	/** Takes a payload and finds its metrics; says what is wrong with it. */
	open(bytes: Uint8Array): string | undefined {
		this.timestampMs = undefined;
		this.seq = undefined;
		this.isCompressed = false;
		this.metricCount = 0;
		this.#bytes = bytes;
		this.#reader = new BinaryReader(bytes);
		try {
			this.#payload();
			return undefined;
		} catch (error) {
			return problemOf(error);
		}
	}

	/** Reads the metric at this place into the fields above; says what is wrong with it. */
	metric(at: number): string | undefined {
		this.name = undefined;
		this.alias = undefined;
		this.metricTimestampMs = undefined;
		this.datatype = undefined;
		this.isHistorical = false;
		this.isNull = false;
		this.unit = undefined;
		this.quality = undefined;
		this.valueField = 0;
		this.valueBig = undefined;
		this.#reader.pos = this.#begins[at]!;
		try {
			this.#metric(this.#ends[at]!);
			return undefined;
		} catch (error) {
			return problemOf(error);
		}
	}

	#payload(): void {
		const reader = this.#reader;
		const end = reader.len;
		while (reader.pos < end) {
			const tag = this.#varint(end);
			switch (tag) {
				case payloadTags.timestamp:
					this.timestampMs = this.#varint(end);
					break;
				case payloadTags.metric: {
					const length = this.#varint(end);
					if (length > end - reader.pos) throw new WireProblem('a metric is longer than the payload');
					if (this.metricCount === metricsMax) throw new WireProblem(`it has more than ${metricsMax} metrics`);
					this.#begins[this.metricCount] = reader.pos;
					reader.pos += length;
					this.#ends[this.metricCount] = reader.pos;
					this.metricCount += 1;
					break;
				}
				case payloadTags.seq:
					this.seq = this.#varint(end);
					if (this.seq > 255) throw new WireProblem(`seq ${this.seq} is not 0 to 255`);
					break;
				case payloadTags.uuid:
					this.isCompressed = this.#text(end, propertyTextMax) === 'SPBV1.0_COMPRESSED';
					break;
				default:
					this.#skip(tag, end);
			}
		}
	}

	#metric(end: number): void {
		const reader = this.#reader;
		while (reader.pos < end) {
			const tag = this.#varint(end);
			switch (tag) {
				case 0x0a:
					this.name = this.#text(end, metricNameMax);
					break;
				case 0x10:
					this.alias = this.#varint(end);
					if (!Number.isSafeInteger(this.alias)) throw new WireProblem('an alias is 2^53 or more');
					break;
				case 0x18:
					this.metricTimestampMs = this.#varint(end);
					break;
				case 0x20:
					this.datatype = this.#varint(end);
					break;
				case 0x28:
					this.isHistorical = this.#varint(end) !== 0;
					break;
				case 0x38:
					this.isNull = this.#varint(end) !== 0;
					break;
				case 0x4a: {
					const length = this.#varint(end);
					if (length > end - reader.pos) throw new WireProblem('properties are longer than their metric');
					this.#properties(reader.pos + length);
					break;
				}
				case 0x50: {
					this.#value(valueFields.int);
					const value = this.#varint(end);
					// What does not fit 32 bits is cut to them: negative numbers may come sign-extended [protobuf encoding, "Signed Integers"].
					this.valueNumber = value <= 0xffffffff ? value : Number(BigInt.asUintN(32, this.#long ?? BigInt(value)));
					break;
				}
				case 0x58: {
					this.#value(valueFields.long);
					this.valueNumber = this.#varint(end);
					this.valueBig = this.#long;
					break;
				}
				case 0x65:
					this.#value(valueFields.float);
					this.valueNumber = reader.float();
					break;
				case 0x69:
					this.#value(valueFields.double);
					this.valueNumber = reader.double();
					break;
				case 0x70:
					this.#value(valueFields.boolean);
					this.valueBoolean = this.#varint(end) !== 0;
					break;
				case 0x7a:
				case 0x82:
				case 0x8a:
				case 0x92:
				case 0x9a:
					this.#value(tag >>> 3);
					this.#skip(tag, end);
					break;
				default:
					this.#skip(tag, end);
			}
			if (reader.pos > end) throw new WireProblem('a field is longer than its metric');
		}
	}

	/** Of a oneof only the last would count [protobuf encoding]; a payload that says two things is not taken at all. */
	#value(field: number): void {
		if (this.valueField !== 0) throw new WireProblem('a metric has two values');
		this.valueField = field;
	}

	/** Keys and values are two lists side by side. Sets within sets are stepped over. */
	#properties(end: number): void {
		const reader = this.#reader;
		let keys = 0;
		let values = 0;
		let unitAt = -1;
		let qualityAt = -1;
		const valuesAt: number[] = [];
		while (reader.pos < end) {
			const tag = this.#varint(end);
			if (tag === 0x0a) {
				const key = this.#text(end, metricNameMax);
				if (key === 'engUnit') unitAt = keys;
				else if (key === 'Quality') qualityAt = keys;
				keys += 1;
			} else if (tag === 0x12) {
				valuesAt.push(reader.pos);
				this.#skip(tag, end);
				values += 1;
			} else this.#skip(tag, end);
			if (keys > propertiesMax || values > propertiesMax) throw new WireProblem(`a metric has more than ${propertiesMax} properties`);
		}
		if (reader.pos !== end) throw new WireProblem('a field is longer than its properties');
		if (keys !== values) throw new WireProblem('a metric has more names of properties than properties, or fewer');
		if (unitAt >= 0) this.#property(valuesAt[unitAt]!, end);
		if (qualityAt >= 0) this.#property(valuesAt[qualityAt]!, end);
		reader.pos = end;
	}

	/** Takes the text of a property as the unit, and its whole number as the quality. */
	#property(at: number, outerEnd: number): void {
		const reader = this.#reader;
		reader.pos = at;
		const length = this.#varint(outerEnd);
		const end = reader.pos + length;
		while (reader.pos < end) {
			const tag = this.#varint(end);
			if (tag === 0x42) this.unit = this.#text(end, propertyTextMax);
			else if (tag === 0x18) this.quality = this.#varint(end);
			else if (tag === 0x20) this.quality = this.#varint(end);
			else this.#skip(tag, end);
		}
		if (reader.pos !== end) throw new WireProblem('a field is longer than its property');
	}

	/** What the last varint was, where a number does not hold it. */
	#long: bigint | undefined;

	/** The common short ones without the library's 64 bits in two halves. */
	#varint(end: number): number {
		const reader = this.#reader;
		const bytes = this.#bytes;
		let {pos} = reader;
		let value = 0;
		let factor = 1;
		this.#long = undefined;
		for (let i = 0; i < 7; i += 1) {
			if (pos >= end) throw new WireProblem('a number ends too early');
			const byte = bytes[pos]!;
			pos += 1;
			value += (byte & 0x7f) * factor;
			if (byte < 0x80) {
				reader.pos = pos;
				return value;
			}
			factor *= 128;
		}
		const long = BigInt(reader.uint64());
		if (reader.pos > end) throw new WireProblem('a number ends too early');
		const short = Number(long);
		if (!Number.isSafeInteger(short)) this.#long = long;
		return short;
	}

	#text(end: number, lengthMax: number): string {
		const reader = this.#reader;
		const begin = reader.pos;
		const length = this.#varint(end);
		if (length > end - reader.pos) throw new WireProblem('a text is longer than what holds it');
		if (length > lengthMax) throw new WireProblem(`a text is longer than ${lengthMax} bytes`);
		reader.pos = begin;
		return reader.string(true);
	}

	#skip(tag: number, end: number): void {
		const field = tag >>> 3;
		const wireType = tag & 7;
		if (tag > 0xffffffff || field === 0) throw new WireProblem('a tag names no field');
		if (wireType === lengthDelimited) {
			const length = this.#varint(end);
			if (length > end - this.#reader.pos) throw new WireProblem('a field is longer than what holds it');
			this.#reader.pos += length;
			return;
		}
		this.#reader.skip(wireType as WireType, field, 16);
		if (this.#reader.pos > end) throw new WireProblem('a field is longer than what holds it');
	}
}

/** Whatever the library dislikes is the data's fault. */
function problemOf(error: unknown): string {
	return error instanceof Error ? error.message : 'it is no protobuf';
}

/** The payload of an NCMD that asks an edge node for its birth certificates [Sparkplug 3.0 §6.4.23]. Its metric is named, never numbered: the node must understand it always. */
export function rebirthRequest(nowMs: number): Uint8Array {
	const writer = new BinaryWriter();
	const time = BigInt(Math.trunc(nowMs));
	writer.tag(1, WireType.Varint).uint64(time);
	writer.tag(2, WireType.LengthDelimited).fork();
	writer.tag(1, WireType.LengthDelimited).string('Node Control/Rebirth');
	writer.tag(3, WireType.Varint).uint64(time);
	writer.tag(4, WireType.Varint).uint32(11);
	writer.tag(14, WireType.Varint).bool(true);
	writer.join();
	return writer.finish();
}
