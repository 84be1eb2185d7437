// Reads a SenML pack in CBOR [RFC 8428 §6] by the names of its records.

import {CborDecimal, CborMap, type CborValue, decodeCbor} from '../../format/cbor.ts';
import {JsonNumber, JsonObject, type JsonValue} from '../json.ts';
import {refuse} from '../refusal.ts';
import type {Decoder} from './decoder.ts';
import {readPack, recognisePack, WantedRecords} from './senml-pack.ts';

export const senmlCborDecoder: Decoder = {
	format: 'senml-cbor',
	name: 'senml-cbor/1',
	readingsBy: 'name',
	open: mapping => {
		const wanted = new WantedRecords(mapping);
		return {
			decode: ({payload, deviceId, arrivedAtMs}) => {
				const decoded = decodeCbor(payload);
				if ('problem' in decoded) return refuse('payload-malformed', decoded.problem);
				const pack = packOf(decoded.value);
				return typeof pack === 'string' ? refuse('senml-invalid', pack) : readPack(pack, wanted.of(deviceId), arrivedAtMs);
			},
		};
	},
	recognise: ({topic, payload}) => {
		// A list.
		if (payload[0]! >> 5 !== 4) return undefined;
		const decoded = decodeCbor(payload);
		const pack = 'problem' in decoded ? '' : packOf(decoded.value);
		return typeof pack === 'string' ? undefined : recognisePack(topic, pack);
	},
};

/** Labels that are numbers in CBOR, from −6 on, as JSON has them [RFC 8428 §6, table 4]. There will never be more of them: extensions are texts. */
const labels = ['bs', 'bv', 'bu', 'bt', 'bn', 'bver', 'n', 'u', 'v', 'vs', 'vb', 's', 't', 'ut', 'vd'] as const;
const labelMin = -6;
const numbered: ReadonlySet<string> = new Set(labels);

/** The pack as if it had come in JSON; what is wrong with its labels as a sentence. */
function packOf(value: CborValue): readonly JsonValue[] | string {
	if (!Array.isArray(value)) return 'a pack is a list with at least one record';
	const records: JsonValue[] = [];
	for (const item of value as readonly CborValue[]) {
		if (!(item instanceof CborMap)) return `record ${records.length} is not a map`;
		const {keys, values} = item;
		const recordKeys: string[] = [];
		const recordValues: JsonValue[] = [];
		for (let i = 0; i < keys.length; i += 1) {
			const key = keys[i]!;
			const label = typeof key === 'number' ? labels[key - labelMin] : undefined;
			if (typeof key === 'string' && numbered.has(key)) return `record ${records.length} has the label "${key}" as a text`;
			recordKeys.push(label ?? String(key));
			recordValues.push(fieldOf(values[i]!));
		}
		records.push(new JsonObject(recordKeys, recordValues));
	}
	return records;
}

function fieldOf(value: CborValue): JsonValue {
	if (typeof value === 'number') return Math.abs(value) < 1e15 ? new JsonNumber(String(value), value) : new JsonNumber(String(value));
	if (value instanceof CborDecimal) return new JsonNumber(value.text, value.digits, value.exponent);
	if (typeof value === 'string' || typeof value === 'boolean') return value;
	// Bytes, lists and maps fit no label whose value is looked at.
	return typeof value === 'bigint' ? new JsonNumber(String(value)) : null;
}
