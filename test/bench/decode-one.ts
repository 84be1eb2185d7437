// One format in a thread of its own, as a site with one make has it: alternates between its decoder and the bare parser of the same bytes.
import {parentPort, workerData} from 'node:worker_threads';
import {exactValue} from '../../agent/ingest/decoders/decoded.ts';
import {loadDecoder} from '../../agent/ingest/decoders/table.ts';
import {openMapping} from '../../agent/ingest/mapping.ts';
import {arrivedAtMs, type Sample, type SampleSet, samplesOf} from './decode-samples.ts';
import {median} from './figure.ts';

export type DecodeWork = {readonly format: string; readonly rounds: number; readonly roundMs: number};

/** Rates are by processor time, so that what else the machine does decides little. */
export type DecodeRun = {
	readonly kind: SampleSet['kind'];
	readonly messages: number;
	readonly messageBytes: number;
	readonly messagesPerS: number;
	readonly readingsPerS: number;
	readonly bareMessagesPerS: number;
	/** Of the decoder's rate to the bare parser's: the median over the rounds. */
	readonly ratio: number;
};

function processorMs(): number {
	const {user, system} = process.cpuUsage();
	return (user + system) / 1000;
}

/** Whole passes for at least so long; how many messages one ms of processor time took. */
function rateOf(pass: () => number, passMessages: number, ms: number): number {
	const beginMs = processorMs();
	for (let passes = 0; ; passes += 1) {
		const tookMs = processorMs() - beginMs;
		if (tookMs >= ms) return (passes * passMessages) / tookMs;
		pass();
	}
}

/** A few published messages are a word alone, which the bare parser does not take. */
function isReadable(bare: SampleSet['bare'], bytes: Buffer): boolean {
	try {
		bare(bytes);
		return true;
	} catch {
		return false;
	}
}

async function run(format: string, set: SampleSet, {rounds, roundMs}: DecodeWork): Promise<DecodeRun | undefined> {
	const decoder = await loadDecoder(format);
	if ('problem' in decoder) throw new Error(decoder.problem);
	const opened = openMapping({...set.mapping, name: 'm', format}, decoder);
	if ('problem' in opened) throw new Error(`${format}, ${opened.path.join('.')}: ${opened.problem}`);
	const open = opened.decoder;
	for (const message of set.learned ?? []) open.learn!({...message, arrivedAtMs});

	const decode = ({topic, payload}: Sample): number => {
		const decoded = open.decode({topic, payload, arrivedAtMs, deviceId: 'meter-1'});
		if ('refused' in decoded) return 0;
		let taken = 0;
		for (const reading of decoded.readings) {
			if ('refused' in reading) continue;
			const {channel, value, unit} = reading;
			if (value === null || typeof exactValue(channel, channel.exponent, value, unit) === 'bigint') taken += 1;
		}
		return taken;
	};
	for (const message of set.first ?? []) decode(message);
	// Numbered messages build on one another, so that none of them can be left out; of the others those that hold readings count.
	const bareOf = (payload: Buffer): Buffer => (set.bareOf === undefined ? payload : set.bareOf(payload));
	const messages =
		format === 'sparkplug'
			? set.messages
			: set.messages.filter(message => decode(message) > 0 && isReadable(set.bare, bareOf(message.payload)));
	if (messages.length === 0) return undefined;
	const bares = messages.map(({payload}) => bareOf(payload));
	let readingsPerPass = 0;
	const ourPass = (): number => {
		let taken = 0;
		for (const message of messages) taken += decode(message);
		return taken;
	};
	const {bare} = set;
	const barePass = (): number => {
		let read = 0;
		for (const bytes of bares) if (bare(bytes) !== undefined) read += 1;
		return read;
	};
	readingsPerPass = ourPass();
	if (barePass() !== messages.length) throw new Error(`${format}: the bare parser does not read every message`);
	if (set.kind === 'own' && readingsPerPass < messages.length)
		throw new Error(`${format}: ${messages.length} messages gave ${readingsPerPass} readings`);

	const warmUpMs = 3 * roundMs;
	rateOf(ourPass, messages.length, warmUpMs);
	rateOf(barePass, messages.length, warmUpMs);
	const ours: number[] = [];
	const theirs: number[] = [];
	for (let round = 0; round < rounds; round += 1)
		for (const isOurs of round % 2 === 0 ? [true, false] : [false, true])
			(isOurs ? ours : theirs).push(rateOf(isOurs ? ourPass : barePass, messages.length, roundMs));
	const messagesPerS = 1000 * median(ours);
	return {
		kind: set.kind,
		messages: messages.length,
		messageBytes: messages.reduce((sum, {payload}) => sum + payload.length, 0) / messages.length,
		messagesPerS,
		readingsPerS: (messagesPerS * readingsPerPass) / messages.length,
		bareMessagesPerS: 1000 * median(theirs),
		ratio: median(ours.map((rate, round) => rate / theirs[round]!)),
	};
}

const work = workerData as DecodeWork;
const runs: DecodeRun[] = [];
for (const set of samplesOf(work.format)) {
	const done = await run(work.format, set, work);
	if (done !== undefined) runs.push(done);
}
parentPort!.postMessage(runs);
