// Reads a SenML pack in JSON [RFC 8428 §5] by the names of its records.

import {parseJson} from '../json.ts';
import {refuse} from '../refusal.ts';
import type {Decoder} from './decoder.ts';
import {readPack, recognisePack, WantedRecords} from './senml-pack.ts';

export const senmlDecoder: Decoder = {
	format: 'senml',
	name: 'senml/1',
	readingsBy: 'name',
	open: mapping => {
		const wanted = new WantedRecords(mapping);
		return {
			decode: ({payload, deviceId, arrivedAtMs}) => {
				const parsed = parseJson(payload);
				return 'problem' in parsed ? refuse('payload-malformed', parsed.problem) : readPack(parsed.value, wanted.of(deviceId), arrivedAtMs);
			},
		};
	},
	recognise: ({topic, payload}) => {
		// "[", perhaps behind white space.
		if (payload[0] !== 0x5b && !(payload[0]! <= 0x20)) return undefined;
		const parsed = parseJson(payload);
		return 'problem' in parsed ? undefined : recognisePack(topic, parsed.value);
	},
};
