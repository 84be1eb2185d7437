// The log against the fastest plain table: the same readings with the same raw bytes, the same batches, the same fsync, through the same package.
import {mkdtempSync, readdirSync, rmSync, statSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {systemClock} from '../../agent/base/clock.ts';
import {createEd25519Signer} from '../../agent/base/ed25519.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {silentLogger} from '../../agent/base/logger.ts';
import {createSystemRandom} from '../../agent/base/random.ts';
import {type Database, openDatabase} from '../../agent/base/sqlite.ts';
import {encodeArrival} from '../../agent/format/arrival.ts';
import {noteKey} from '../../agent/format/note.ts';
import {quantityOfName} from '../../agent/format/quantity.ts';
import {channelUrn} from '../../agent/format/subject.ts';
import type {Draft} from '../../agent/log/batch.ts';
import {createLog, type Log, openLog} from '../../agent/log/log.ts';
import {type Bench, type BenchOptions, type Figure, median} from './figure.ts';

const batchReadings = 1000;
const devices = 50;
const startMs = Date.UTC(2026, 0, 1);
/** Every message has a record of its own up to this many; then the same bytes come again under later times. */
const distinctReadings = 100_000;

/** What both sides are given: messages as a door hands them over, received and decoded. */
type Message = {
	readonly record: Uint8Array;
	readonly readings: readonly {readonly channel: number; readonly measuredAtMs: number; readonly value: bigint}[];
};

function makeMessages(readingsPerMessage: number, payloadOf: (device: number, i: number) => string): Message[] {
	const messages: Message[] = [];
	for (let i = 0; i < distinctReadings / readingsPerMessage; i += 1) {
		const device = i % devices;
		const arrivedAtMs = startMs + Math.floor(i / devices) * 1000 * readingsPerMessage + device * 13;
		const payload = Buffer.from(payloadOf(device, i));
		const topic = `site/meters/meter-${String(device).padStart(3, '0')}/energy`;
		const record = encodeArrival({
			topic,
			payload,
			flags: 1,
			identity: `meter-${String(device).padStart(3, '0')}`,
			arrivedAtMs,
			deviceSignature: new Uint8Array(0),
			decoder: 'json/1',
		});
		const readings = Array.from({length: readingsPerMessage}, (_, j) => ({
			channel: device,
			measuredAtMs: arrivedAtMs - 40 + j * 1000,
			value: BigInt(12_000_000 + i * readingsPerMessage + j),
		}));
		messages.push({record, readings});
	}
	return messages;
}

/** One JSON reading a message. */
const singles = (): Message[] =>
	makeMessages(1, (_, i) => JSON.stringify({time: startMs + i * 20, energy_kwh: 12_000 + i / 1000, power_w: 230 + (i % 700)}));

/** A JSON array of readings, as devices with a buffer send them. */
const packs = (count: number): Message[] =>
	makeMessages(count, (_, i) =>
		JSON.stringify(Array.from({length: count}, (_, j) => ({time: startMs + (i + j) * 20, energy_kwh: 12_000 + (i + j) / 1000}))),
	);

/** SenML JSON with base fields [RFC 8428 §4.1]. */
const senml = (count: number): Message[] =>
	makeMessages(count, (device, i) =>
		JSON.stringify([
			{bn: `meter-${device}/`, bt: (startMs + i * 1000) / 1000, n: 'energy', u: 'kWh', v: 12_000 + i / 1000},
			...Array.from({length: count - 1}, (_, j) => ({n: 'energy', t: j + 1, v: Number((12_000 + (i + j) / 1000).toFixed(3))})),
		]),
	);

type Side = {
	/** Hands one batch over; resolves when it is durable. */
	readonly put: (messages: readonly Message[], shiftMs: number) => Promise<void>;
	readonly close: () => Promise<void>;
};

const quantity = quantityOfName('energy-import')!;

async function openLogSide(folder: string): Promise<Side & {readonly log: Log}> {
	const path = join(folder, 'log.db');
	const signer = createEd25519Signer(new Uint8Array(32).fill(7));
	await createLog({path, logName: 'bench', epoch: 1, key: noteKey(nodeHasher, 'bench/1', signer.publicKey)});
	const log = await openLog({path, hasher: nodeHasher, random: createSystemRandom(), clock: systemClock, logger: silentLogger, signer});
	const channels = Array.from({length: devices}, (_, i) =>
		log.enrol({urn: channelUrn(`meter-${i}`, quantity.name), quantity: quantity.code, quantityName: quantity.name, exponent: -3}),
	);
	await log.settled();
	return {
		log,
		put: (messages, shiftMs) =>
			new Promise((resolve, reject) => {
				let left = messages.length;
				const done = (failure: Error | undefined): void => {
					if (failure !== undefined) reject(failure);
					left -= 1;
					if (left === 0) resolve();
				};
				for (const {record, readings} of messages) {
					const drafts: Draft[] = [];
					for (const {channel, measuredAtMs, value} of readings)
						drafts.push({
							channel: channels[channel]!,
							kind: 1,
							quantity: 1,
							exponent: -3,
							quality: 0,
							value,
							measuredAtMs: measuredAtMs + shiftMs,
							span: 0,
							session: undefined,
							key: measuredAtMs + shiftMs,
							keyTop: measuredAtMs + shiftMs,
						});
					log.append({record, arrivedAtMs: readings[0]!.measuredAtMs + shiftMs + 40, drafts}, done);
				}
			}),
		close: () => log[Symbol.asyncDispose](),
	};
}

/**
 * What a careful programmer would write: one table with the raw bytes in it, one index, a batch as one JSON text and its bytes as one blob. Of the ways tried it is
 * the fastest that keeps every byte: see README.md beside this file.
 */
async function openTableSide(folder: string): Promise<Side> {
	const path = join(folder, 'table.db');
	await using made = await openDatabase({path, mode: 'create'});
	await made.exec(`CREATE TABLE readings (
		id INTEGER PRIMARY KEY, channel INTEGER NOT NULL, measuredAt INTEGER NOT NULL, arrivedAt INTEGER NOT NULL,
		quantity INTEGER NOT NULL, exponent INTEGER NOT NULL, quality INTEGER NOT NULL, value INTEGER NOT NULL, raw BLOB
	) STRICT; CREATE INDEX byTime ON readings (channel, measuredAt);`);
	const database: Database = await openDatabase({path, mode: 'write', synchronous: 'FULL'});
	const insert = `INSERT INTO readings (channel, measuredAt, arrivedAt, quantity, exponent, quality, value, raw)
		SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, substr(?2, value ->> 7, value ->> 8) FROM json_each(?1)`;
	return {
		put: async (messages, shiftMs) => {
			const rows: number[][] = [];
			const records: Uint8Array[] = [];
			let place = 1;
			for (const {record, readings} of messages) {
				const arrivedAtMs = readings[0]!.measuredAtMs + shiftMs + 40;
				for (const [i, {channel, measuredAtMs, value}] of readings.entries()) {
					const row = [channel, measuredAtMs + shiftMs, arrivedAtMs, 1, -3, 0, Number(value)];
					// The raw bytes of a pack stand with its first reading only.
					if (i === 0) row.push(place, record.length);
					rows.push(row);
				}
				records.push(record);
				place += record.length;
			}
			// One statement is a transaction of its own: BEGIN and COMMIT would only add two round trips.
			await database.run(insert, [JSON.stringify(rows), Buffer.concat(records)]);
		},
		close: () => database[Symbol.asyncDispose](),
	};
}

/** Readings per second. One batch is made ready while the one before it is on its way to the disk: the same for both sides. */
async function run(side: Side, messages: readonly Message[], readings: number): Promise<number> {
	const perBatch = batchReadings / messages[0]!.readings.length;
	const lastMs = messages.at(-1)!.readings.at(-1)!.measuredAtMs - startMs + 1000;
	let before: Promise<void> = Promise.resolve();
	const startedMs = performance.now();
	for (let at = 0, batch = 0; batch < readings / batchReadings; batch += 1) {
		const next = side.put(messages.slice(at, at + perBatch), Math.floor((batch * batchReadings) / distinctReadings) * lastMs);
		at = (at + perBatch) % messages.length;
		await before;
		// A turn of the event loop, as between two reads of a socket: the log begins its commit then.
		await new Promise(resolve => setImmediate(resolve));
		before = next;
	}
	await before;
	return (readings * 1000) / (performance.now() - startedMs);
}

async function inFolder<T>(body: (folder: string) => Promise<T>): Promise<T> {
	const folder = mkdtempSync(join(tmpdir(), 'kedge-bench-'));
	try {
		return await body(folder);
	} finally {
		rmSync(folder, {recursive: true, force: true});
	}
}

const runLog = (messages: readonly Message[], readings: number): Promise<{readonly rate: number; readonly diskBytes: number}> =>
	inFolder(async folder => {
		const side = await openLogSide(folder);
		const rate = await run(side, messages, readings);
		const {batches} = side.log.stats();
		if (batches !== readings / batchReadings + 1) throw new Error(`the log made ${batches} commits of ${readings / batchReadings} batches`);
		await side.close();
		const diskBytes = readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
		return {rate, diskBytes};
	});

const runTable = (messages: readonly Message[], readings: number): Promise<number> =>
	inFolder(async folder => {
		const side = await openTableSide(folder);
		const rate = await run(side, messages, readings);
		await side.close();
		return rate;
	});

async function compare(
	name: string,
	messages: readonly Message[],
	{quick, say}: BenchOptions,
): Promise<{readonly log: number; readonly table: number; readonly ratio: number}> {
	const readings = quick ? 200_000 : 1_000_000;
	const pairs = quick ? 3 : 5;
	const [log, table, ratio]: number[][] = [[], [], []];
	for (let pair = 0; pair < pairs; pair += 1) {
		// Which side is first changes, so that neither always inherits a warm or a busy machine.
		let tableRate = pair % 2 === 0 ? await runTable(messages, readings) : 0;
		const logRate = (await runLog(messages, readings)).rate;
		if (pair % 2 === 1) tableRate = await runTable(messages, readings);
		log!.push(logRate);
		table!.push(tableRate);
		ratio!.push(logRate / tableRate);
		say(`${name}, pair ${pair + 1}: log ${Math.round(logRate)}/s, table ${Math.round(tableRate)}/s, ${(logRate / tableRate).toFixed(2)}`);
	}
	return {log: median(log!), table: median(table!), ratio: median(ratio!)};
}

export const bench: Bench = async options => {
	const one = await compare('one JSON reading a message', singles(), options);
	const ten = await compare('packs of 10', packs(10), options);
	const readings = options.quick ? 100_000 : 1_000_000;
	const diskOfPacks = (await runLog(senml(100), readings)).diskBytes / readings;
	const diskOfSingles = (await runLog(singles(), readings)).diskBytes / readings;
	const figures: Figure[] = [
		{name: 'log against table, one JSON reading a message', value: one.ratio, unit: 'times', target: {atLeast: 1.3}},
		{name: 'log, one JSON reading a message', value: one.log, unit: 'readings/s', target: undefined},
		{name: 'table, one JSON reading a message', value: one.table, unit: 'readings/s', target: undefined},
		{name: 'log against table, packs of 10', value: ten.ratio, unit: 'times', target: undefined},
		{name: 'log, packs of 10', value: ten.log, unit: 'readings/s', target: undefined},
		{name: 'table, packs of 10', value: ten.table, unit: 'readings/s', target: undefined},
		{name: 'disk, SenML packs of 100', value: diskOfPacks, unit: 'bytes/entry', target: {atMost: 160}},
		{name: 'disk, one JSON reading a message', value: diskOfSingles, unit: 'bytes/entry', target: {atMost: 350}},
	];
	return figures;
};
