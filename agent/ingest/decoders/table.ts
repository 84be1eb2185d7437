// Every format that a mapping can name, and where its decoder is. They are loaded when they are used: most sites use two.

import {nearestName} from '../../base/nearest.ts';
import type {Decoder} from './decoder.ts';

const loaders: Readonly<Record<string, () => Promise<Decoder>>> = {
	dsmr: async () => (await import('./dsmr.ts')).dsmrDecoder,
	hj212: async () => (await import('./hj212.ts')).hj212Decoder,
	json: async () => (await import('./json.ts')).jsonDecoder,
	sparkplug: async () => (await import('./sparkplug.ts')).sparkplugDecoder,
	senml: async () => (await import('./senml.ts')).senmlDecoder,
	tts: async () => (await import('./tts.ts')).ttsDecoder,
	chirpstack: async () => (await import('./chirpstack.ts')).chirpstackDecoder,
	ocmf: async () => (await import('./ocmf.ts')).ocmfDecoder,
	alink: async () => (await import('./alink.ts')).alinkDecoder,
	iotda: async () => (await import('./iotda.ts')).iotdaDecoder,
	thingsboard: async () => (await import('./thingsboard.ts')).thingsboardDecoder,
	zigbee2mqtt: async () => (await import('./zigbee2mqtt.ts')).zigbee2mqttDecoder,
	homeassistant: async () => (await import('./homeassistant.ts')).homeassistantDecoder,
	shelly: async () => (await import('./shelly.ts')).shellyDecoder,
	tasmota: async () => (await import('./tasmota.ts')).tasmotaDecoder,
	homewizard: async () => (await import('./homewizard.ts')).homewizardDecoder,
	'senml-cbor': async () => (await import('./senml-cbor.ts')).senmlCborDecoder,
};

/** As `format` in the config spells them. */
export const formats: readonly string[] = Object.keys(loaders);

/** The decoder of a format; what is wrong with the name, as a sentence, where there is none. */
export async function loadDecoder(format: string): Promise<Decoder | {readonly problem: string}> {
	const load = Object.hasOwn(loaders, format) ? loaders[format] : undefined;
	if (load !== undefined) return load();
	const near = nearestName(format, formats);
	return {problem: `"${format}" is no format; ${near === undefined ? '`kedge decode --help` lists them' : `did you mean "${near}"?`}`};
}

/** All of them, for those who do not know what they look at. */
export function loadAllDecoders(): Promise<Decoder[]> {
	return Promise.all(Object.values(loaders).map(load => load()));
}
