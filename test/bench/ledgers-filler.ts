// Fills the log of a site with what ledgers have to add up: `ledgers-filler FOLDER ENTRIES`. 100 sensors say something every minute: electricity meters and stacks of a plant, panels with certificates, and
// thermometers of a shipment. Ends when so many entries are durable.

import {encodeArrival} from '../../agent/format/arrival.ts';
import {kinds, type StatementKind, statementKinds} from '../../agent/format/entry.ts';
import {quantityOfName} from '../../agent/format/quantity.ts';
import {encodeStatement, type StatementBody} from '../../agent/format/statement.ts';
import {accountUrn, channelUrn} from '../../agent/format/subject.ts';
import {siteBodyOf} from '../../agent/ledgers/emissions/site-body.ts';
import type {Draft} from '../../agent/log/batch.ts';
import type {Channel} from '../../agent/log/channels.ts';
import {sitePaths} from '../../agent/site.ts';
import {openSiteLog} from '../helpers/site-log.ts';

const [folder = '', entriesText = ''] = process.argv.slice(2);
const entries = Number(entriesText);
const startMs = Date.UTC(2026, 0, 1);
const minuteMs = 60_000;

const [meters, stacks, panels, thermometers] = [42, 4, 20, 30];
const log = await openSiteLog(sitePaths(folder));

function enrolled(urn: string, name: string | undefined, exponent: number): Channel {
	const quantity = name === undefined ? undefined : quantityOfName(name)!;
	return log.channel(urn) ?? log.enrol({urn, quantity: quantity?.code ?? 0, quantityName: quantity?.name, exponent});
}

async function state(urn: string, says: StatementKind, body: StatementBody): Promise<void> {
	const draft = {
		channel: enrolled(urn, undefined, 0),
		kind: kinds.statement,
		quantity: statementKinds[says],
		exponent: 0,
		quality: 0,
		value: 0n,
		measuredAtMs: 0,
		span: 0,
		session: undefined,
		key: undefined,
		keyTop: undefined,
	};
	await new Promise<void>((resolve, reject) => {
		log.appendBody({body: encodeStatement(body), arrivedAtMs: startMs, drafts: [draft]}, failure =>
			failure === undefined ? resolve() : reject(failure),
		);
	});
}

const ids = (name: string, count: number): string[] => Array.from({length: count}, (_, i) => `${name}-${i}`);
const sources = ids('hall', 3).map((id, hall) => ({
	id,
	scope: 2,
	method: 'factor',
	channels: ids('meter', meters)
		.filter((_, i) => i % 3 === hall)
		.map(device => ({device, quantity: 'energy-import'})),
	locationFactors: ['grid'],
}));
const direct = ids('stack', stacks).map(id => ({
	id,
	scope: 1,
	method: 'direct',
	concentration: {device: id, quantity: 'co2-concentration'},
	flow: {device: id, quantity: 'volume-flow'},
	substitution: 'maximum',
}));
const site = siteBodyOf({id: 'plant', zone: '+08:00', sources: [...sources, ...direct]});
if ('problem' in site) throw new Error(site.problem);
await state(accountUrn('factor', 'grid'), 'factor', {digits: 5306, exponent: -1, unit: 'Wh', source: 'the bench', validFrom: '2020-01-01'});
await state(accountUrn('site', 'plant'), 'site', site.value.body);
for (const device of ids('panel', panels))
	await state(accountUrn('certificates', device), 'certificate', {
		does: 'open',
		channel: 'energy-export',
		cadenceMs: minuteMs,
		fromMs: startMs,
		owner: 'plant',
		issuer: 'bench',
		energySource: 'solar',
		energyCarrier: 'electricity',
		country: 'DE',
	});

type Sensor = {
	readonly channel: Channel;
	readonly code: number;
	readonly exponent: number;
	readonly topic: string;
	value: bigint;
	readonly next: (value: bigint, at: number) => bigint;
};
const sensor = (device: string, name: string, first: bigint, next: Sensor['next']): Sensor => {
	const quantity = quantityOfName(name)!;
	return {
		channel: enrolled(channelUrn(device, name), name, quantity.exponentDefault),
		code: quantity.code,
		exponent: quantity.exponentDefault,
		topic: `plant/${device}/${name}`,
		value: first,
		next,
	};
};
const sensors: readonly Sensor[] = [
	...ids('meter', meters).map((device, i) =>
		sensor(device, 'energy-import', 1_000_000n, (value, at) => value + BigInt(100_000 + ((at * 7919 + i) % 5000))),
	),
	...ids('stack', stacks).flatMap(device => [
		sensor(device, 'co2-concentration', 0n, (_, at) => BigInt(90_000_000 + ((at * 104_729) % 1_000_000))),
		sensor(device, 'volume-flow', 0n, (_, at) => BigInt(50_000_000 + ((at * 15_485_863) % 1_000_000))),
	]),
	...ids('panel', panels).map((device, i) =>
		sensor(device, 'energy-export', 5_000_000n, (value, at) => value + BigInt((at * 31 + i) % 50_000)),
	),
	...ids('thermometer', thermometers).map(device => sensor(device, 'temperature', 0n, (_, at) => BigInt(3000 + ((at * 13) % 2500)))),
];
await log.settled();

for (let minute = 0; log.size() < entries; minute += 1) {
	const measuredAtMs = startMs + minute * minuteMs;
	const arrivedAtMs = measuredAtMs + 500;
	for (const one of sensors) {
		one.value = one.next(one.value, minute);
		const draft: Draft = {
			channel: one.channel,
			kind: kinds.reading,
			quantity: one.code,
			exponent: one.exponent,
			quality: 0,
			value: one.value,
			measuredAtMs,
			span: 0,
			session: undefined,
			key: measuredAtMs,
			keyTop: measuredAtMs,
		};
		const record = encodeArrival({
			topic: one.topic,
			payload: Buffer.from(`{"at":${measuredAtMs},"v":${one.value}}`),
			flags: 1,
			identity: 'plant',
			arrivedAtMs,
			deviceSignature: new Uint8Array(0),
			decoder: 'json/1',
		});
		log.append({record, arrivedAtMs, drafts: [draft]}, failure => {
			if (failure !== undefined) throw failure;
		});
	}
	await log.pressure();
	// A turn of the event loop, as between two reads of a socket.
	if (minute % 10 === 0) await new Promise(resolve => setImmediate(resolve));
}
await log.settled();
await log[Symbol.asyncDispose]();
