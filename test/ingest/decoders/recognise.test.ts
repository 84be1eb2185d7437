// Messages of other formats, as they were published: what SenML, Sparkplug and plain JSON must not take for theirs.
import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {jsonDecoder} from '../../../agent/ingest/decoders/json.ts';
import {senmlDecoder} from '../../../agent/ingest/decoders/senml.ts';
import {senmlCborDecoder} from '../../../agent/ingest/decoders/senml-cbor.ts';
import {sparkplugDecoder} from '../../../agent/ingest/decoders/sparkplug.ts';
import {publishedData} from '../../helpers/published-data.ts';

test('no published message of another format is taken for SenML or Sparkplug, and none is surely plain JSON', t => {
	const folder = publishedData(t, 'payloads');
	if (folder === undefined) return;
	let looked = 0;
	const look = (topic: string, payload: Uint8Array): void => {
		for (const decoder of [senmlDecoder, senmlCborDecoder, sparkplugDecoder])
			t.is(decoder.recognise!({topic, payload}), undefined, `${decoder.format}: ${topic}`);
		t.true((jsonDecoder.recognise!({topic, payload})?.sureness ?? 0) <= 20, topic);
		looked += 1;
	};
	for (const entry of readdirSync(folder, {recursive: true, withFileTypes: true})) {
		if (!entry.isFile()) continue;
		const payload = readFileSync(join(entry.parentPath, entry.name));
		if (!entry.name.endsWith('.jsonl')) {
			look(`a/${entry.name}`, payload);
			continue;
		}
		for (const line of payload
			.toString('utf8')
			.split('\n')
			.filter(text => text !== '')) {
			const {topic, payload: text} = JSON.parse(line) as {topic: string; payload: unknown};
			look(topic, Buffer.from(String(text)));
		}
	}
	t.true(looked > 20);
});
