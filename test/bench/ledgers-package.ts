// A month of one site as evidence: 100 sensors with one reading a minute each are packed into one file, and verified from it.
import {mkdtempSync, rmSync, statSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {systemClock} from '../../agent/base/clock.ts';
import {createEd25519Signer} from '../../agent/base/ed25519.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {silentLogger} from '../../agent/base/logger.ts';
import {createSystemRandom} from '../../agent/base/random.ts';
import {encodeArrival} from '../../agent/format/arrival.ts';
import {type NoteKey, noteKey} from '../../agent/format/note.ts';
import {quantityOfName} from '../../agent/format/quantity.ts';
import {channelUrn} from '../../agent/format/subject.ts';
import {emptyTrust} from '../../agent/format/trust.ts';
import {createLog, openLog} from '../../agent/log/log.ts';
import {openLogReader} from '../../agent/log/reader.ts';
import {packFrom, verifyPackageFile} from '../../agent/packing.ts';
import type {BenchOptions, Figure} from './figure.ts';

const sensors = 100;
const minutesOfMonth = 43_200;
const device = 'plant';
const startMs = Date.UTC(2026, 0, 1);
const minuteMs = 60_000;
const quantity = quantityOfName('temperature')!;
const signer = createEd25519Signer(new Uint8Array(32).fill(9));

/** Every sensor sends its own message at its own moment of each minute, a little late now and then; values wander. */
async function makeLog(path: string, minutes: number): Promise<{readonly key: NoteKey; readonly note: string}> {
	const key = noteKey(nodeHasher, 'bench/1', signer.publicKey);
	await createLog({path, logName: 'bench', epoch: 1, key});
	await using log = await openLog({
		path,
		hasher: nodeHasher,
		random: createSystemRandom(),
		clock: systemClock,
		logger: silentLogger,
		signer,
	});
	const channels = Array.from({length: sensors}, (_, i) =>
		log.enrol({urn: channelUrn(device, quantity.name, `s${i}`), quantity: quantity.code, quantityName: quantity.name, exponent: 0}),
	);
	await log.settled();
	// Lehmer's generator with the constants of Park and Miller: the same month in every run.
	let state = 1;
	const upTo = (limit: number): number => {
		state = (state * 48_271) % 0x7fff_ffff;
		return state % limit;
	};
	const values = channels.map((_, i) => 20_000 + 100 * i);
	const payload = Buffer.from('{"t":21.375}');
	let failure: Error | undefined;
	for (let minute = 0; minute < minutes; minute += 1) {
		for (const [i, channel] of channels.entries()) {
			const measuredAtMs = startMs + minute * minuteMs + i * 600 + upTo(40);
			const arrivedAtMs = measuredAtMs + 30 + upTo(400);
			values[i]! += upTo(121) - 60;
			const record = encodeArrival({
				topic: `${device}/s${i}`,
				payload,
				flags: 1,
				identity: device,
				arrivedAtMs,
				deviceSignature: new Uint8Array(0),
				decoder: 'json/1',
			});
			const draft = {
				channel,
				kind: 1,
				quantity: quantity.code,
				exponent: 0,
				quality: 0,
				value: BigInt(values[i]!),
				measuredAtMs,
				span: 0,
				session: undefined,
				key: measuredAtMs,
				keyTop: measuredAtMs,
			} as const;
			log.append({record, arrivedAtMs, drafts: [draft]}, error => {
				failure ??= error;
			});
		}
		await log.pressure();
	}
	await log.settled();
	if (failure !== undefined) throw failure;
	const {note} = await log.tally();
	return {key, note};
}

type Spent = {readonly wallMs: number; readonly cpuMs: number; readonly rssMax: number};

async function measured<T>(work: () => Promise<T>): Promise<Spent & {readonly value: T}> {
	const startedMs = performance.now();
	const cpu = process.cpuUsage();
	let rssMax = process.memoryUsage.rss();
	const watch = setInterval(() => {
		rssMax = Math.max(rssMax, process.memoryUsage.rss());
	}, 100);
	try {
		const value = await work();
		const {user, system} = process.cpuUsage(cpu);
		return {value, wallMs: performance.now() - startedMs, cpuMs: (user + system) / 1000, rssMax};
	} finally {
		clearInterval(watch);
	}
}

async function measure(folder: string, {quick, entries, say}: BenchOptions): Promise<Figure[]> {
	const minutes = entries === undefined ? (quick ? 1440 : minutesOfMonth) : entries / sensors;
	const path = join(folder, 'log.db');
	const out = join(folder, 'evidence.zip');
	const made = await measured(() => makeLog(path, minutes));
	const {key, note} = made.value;
	say(`a log of ${minutes * sensors} readings made in ${(made.wallMs / 1000).toFixed(1)} s`);
	await using log = await openLogReader({path, hasher: nodeHasher});
	const reader = {...log, released: log.head, anchoredAbove: async () => ({note, anchors: [], timestamps: []})};
	const question = {about: 'device', id: device, fromMs: startMs, toMs: startMs + minutes * minuteMs} as const;
	const channels = (await log.channels()).filter(({urn}) => urn.startsWith(`urn:kedge:device:${device}:`));
	const basis = {statements: [], channels: channels.map(({urn}) => ({urn, fromMs: question.fromMs, toMs: question.toMs - 1}))};
	const packing = await measured(() => packFrom(reader, basis, {question, out, madeAtMs: startMs, withArrivals: false}));
	const {manifest, entriesLength} = packing.value;
	const {size} = statSync(out);
	say(
		`${manifest.entries} entries packed in ${(packing.wallMs / 1000).toFixed(1)} s, ${(packing.cpuMs / 1000).toFixed(1)} s of a processor`,
	);
	const verifying = await measured(() => verifyPackageFile(out, {...emptyTrust, logs: [key]}));
	const {good, checks} = verifying.value;
	if (!good) throw new Error(`the package is not good: ${JSON.stringify(checks.filter(({result}) => result === 'fail'))}`);
	say(`verified in ${(verifying.wallMs / 1000).toFixed(1)} s, ${(verifying.cpuMs / 1000).toFixed(1)} s of a processor`);
	const perMonth = (minutesOfMonth * sensors) / manifest.entries;
	const mebibyte = 1024 * 1024;
	return [
		{name: `pack ${manifest.entries} entries`, value: packing.wallMs / 1000, unit: 's', target: undefined},
		{name: 'verify them', value: verifying.wallMs / 1000, unit: 's', target: undefined},
		{
			name: 'pack and verify a month of 100 sensors',
			value: (perMonth * (packing.wallMs + verifying.wallMs)) / 1000,
			unit: 's',
			target: {atMost: 60},
		},
		{name: 'of a processor', value: (perMonth * (packing.cpuMs + verifying.cpuMs)) / 1000, unit: 's', target: undefined},
		{name: 'evidence, per entry', value: size / manifest.entries, unit: 'bytes', target: {atMost: 70}},
		{name: 'its entries alone', value: entriesLength / manifest.entries, unit: 'bytes', target: undefined},
		{name: 'memory while packing', value: packing.rssMax / mebibyte, unit: 'MiB', target: undefined},
		{name: 'memory while verifying', value: verifying.rssMax / mebibyte, unit: 'MiB', target: undefined},
	];
}

/** Joined to `npm run bench -- ledgers`. */
export async function measurePackage(options: BenchOptions): Promise<Figure[]> {
	const folder = mkdtempSync(join(tmpdir(), 'kedge-bench-'));
	try {
		return await measure(folder, options);
	} finally {
		rmSync(folder, {recursive: true, force: true});
	}
}
