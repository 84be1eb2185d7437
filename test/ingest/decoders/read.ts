// What a mapping makes of a message, with exact values, as admission would take them.
import {exactValue} from '../../../agent/ingest/decoders/decoded.ts';
import type {DecodedReading, Decoder, Message} from '../../../agent/ingest/decoders/decoder.ts';
import {jsonDecoder} from '../../../agent/ingest/decoders/json.ts';
import {senmlDecoder} from '../../../agent/ingest/decoders/senml.ts';
import {type MappingConfig, type OpenMapping, openMapping} from '../../../agent/ingest/mapping.ts';
import type {Refused} from '../../../agent/ingest/refusal.ts';

/** A reading with the integer that it becomes at its channel's exponent, and its place among the mapping's readings. */
export type ExactReading = Omit<DecodedReading, 'value'> & {readonly slot: number; readonly value: bigint};

export const builtIn: Readonly<Record<string, Decoder>> = {json: jsonDecoder, senml: senmlDecoder};

/** Fails where the mapping is wrong. */
export function mappingFor(config: MappingConfig, decoder: Decoder = builtIn[config.format]!): OpenMapping {
	const mapping = openMapping(config, decoder);
	if ('problem' in mapping) throw new Error(`${mapping.path.join('.')}: ${mapping.problem}`);
	return mapping;
}

export function readExactly(
	mapping: OpenMapping,
	payload: Uint8Array,
	message: Partial<Message> = {},
): {readonly readings: readonly (ExactReading | Refused)[]} | Refused {
	const decoded = mapping.decoder.decode({topic: mapping.topic, payload, arrivedAtMs: 0, deviceId: 'd', ...message});
	if ('refused' in decoded) return decoded;
	return {
		readings: decoded.readings.map(reading => {
			if ('refused' in reading) return reading;
			const {channel, value, unit} = reading;
			const exact = value === null ? 0n : exactValue(channel, channel.exponent, value, unit);
			if (typeof exact !== 'bigint') return exact;
			return {...reading, slot: mapping.readings.findIndex(one => one.channel === channel), value: exact};
		}),
	};
}
