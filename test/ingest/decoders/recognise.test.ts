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
	for (const entry of readdirSync(folder, {recursive: true, withFileTypes: true})) {
		if (!entry.isFile()) continue;
		const payload = readFileSync(join(entry.parentPath, entry.name));
		const isSparkplug = entry.parentPath.endsWith('sparkplug-b');
		for (const decoder of [senmlDecoder, senmlCborDecoder, sparkplugDecoder])
			t.is(decoder.recognise!({topic: `a/${entry.name}`, payload}), undefined, `${decoder.format}: ${entry.name}`);
		if (isSparkplug) t.is(senmlCborDecoder.recognise!({topic: 'spBv1.0/Energy/DBIRTH/edge-01/meter-A', payload}), undefined);
		t.true((jsonDecoder.recognise!({topic: `a/${entry.name}`, payload})?.sureness ?? 0) <= 20, entry.name);
		looked += 1;
	}
	t.true(looked > 20);
});
