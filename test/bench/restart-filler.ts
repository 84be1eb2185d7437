// Fills the log of a site through the log itself and goes on until it is killed: `restart-filler FOLDER ENTRIES`. Says `full` when so many are durable.

import {encodeArrival} from '../../agent/format/arrival.ts';
import {quantityOfName} from '../../agent/format/quantity.ts';
import {channelUrn} from '../../agent/format/subject.ts';
import type {Draft} from '../../agent/log/batch.ts';
import {sitePaths} from '../../agent/site.ts';
import {openSiteLog} from '../helpers/site-log.ts';

const [folder = '', entries = ''] = process.argv.slice(2);
const channelCount = 200;
const readingsPerMessage = 10;
const quantity = quantityOfName('energy-import')!;
const startMs = Date.UTC(2026, 0, 1);
const paths = sitePaths(folder);

const log = await openSiteLog(paths);
/** Of the life before, or new. */
function enrolled(urn: string) {
	return log.channel(urn) ?? log.enrol({urn, quantity: quantity.code, quantityName: quantity.name, exponent: 0});
}
const channels = Array.from({length: channelCount}, (_, i) => enrolled(channelUrn(`meter-${i}`, quantity.name)));
await log.settled();
const payload = Buffer.from(
	JSON.stringify(Array.from({length: readingsPerMessage}, (_, i) => ({n: 'energy', u: 'kWh', t: i, v: 12_345.678}))),
);
let said = false;
for (let message = 0; ; message += 1) {
	const device = message % channelCount;
	const atMs = startMs + Math.floor(message / channelCount) * readingsPerMessage * 1000;
	const drafts = Array.from({length: readingsPerMessage}, (_, i): Draft => {
		const measuredAtMs = atMs + i * 1000;
		const value = BigInt(message * readingsPerMessage + i);
		return {
			channel: channels[device]!,
			kind: 1,
			quantity: quantity.code,
			exponent: 0,
			quality: 0,
			value,
			measuredAtMs,
			span: 0,
			session: `boot-${device}`,
			key: Number(value),
			keyTop: Number(value),
		};
	});
	const arrivedAtMs = atMs + 10_000;
	const record = encodeArrival({
		topic: `packs/meter-${device}/energy`,
		payload,
		flags: 1,
		identity: `meter-${device}`,
		arrivedAtMs,
		deviceSignature: new Uint8Array(0),
		decoder: 'senml/1',
	});
	log.append({record, arrivedAtMs, drafts}, failure => {
		if (failure !== undefined) throw failure;
	});
	await log.pressure();
	// A turn of the event loop, as between two reads of a socket.
	if (message % 100 === 0) await new Promise(resolve => setImmediate(resolve));
	if (said || log.size() < Number(entries)) continue;
	said = true;
	process.stdout.write('full\n');
}
