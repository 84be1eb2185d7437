// Attacks the embedded broker of a whole agent with broken packets, broken payloads and connections that never get on, while a device that behaves must be served.

import {fork} from 'node:child_process';
import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {systemClock} from '../../agent/base/clock.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {openLogReader} from '../../agent/log/reader.ts';
import {sitePaths} from '../../agent/site.ts';
import {openAccount} from '../../sim/account.ts';
import type {Message} from '../../sim/message.ts';
import {publishPacket, RawClient} from '../broker/wire.ts';
import {dataFolder} from '../helpers/published-data.ts';
import {type AttackCounts, type AttackOptions, hugeConnects, type Payload} from './attacker.ts';
import {addFindings, examine} from './examiner.ts';
import {createAdding, type Fault, type Ground, type Tally} from './fault.ts';
import {watchHeads} from './heads.ts';
import {loginPacket} from './mutate.ts';
import {type Agent, makeTemplate, place, startAgent, type Template} from './place.ts';
import {endWithUs} from './process.ts';

const attackerPath = fileURLToPath(new URL('./attacker.js', import.meta.url));
const attackers = 2;
const homes = 6;
/** Never attacks and is never lied about, except by those who lie about everybody. */
const witnessId = 'home-01';
const visitorId = 'home-02';
const liarIds = ['home-03', 'home-04', 'home-05', 'home-06', 'boiler-01', 'truck-01'];
const slowConnections = 200;
const hugeAtOnce = 32;

const witnessEveryMs = 10;
const visitorEveryMs = 1000;
const sampleEveryMs = 200;
/** What must hold. */
const residentBytesMax = 200e6;
const p99MsMax = 2000;
const settleMsMax = 30_000;

type Witness = {
	/** Messages acknowledged so far; each is one reading. */
	readonly acknowledged: () => number;
	readonly latencies: () => number[];
	readonly problems: readonly string[];
	/** Sends no more and waits for every PUBACK. */
	readonly end: () => Promise<void>;
};

/** A message of a home's meter. */
function meterMessage(deviceId: string, boot: string, sequence: number): Message {
	const measuredAtMs = systemClock.nowMs();
	const wh = 1_000_000 + sequence;
	const kwh = `${Math.floor(wh / 1000)}.${String(wh % 1000).padStart(3, '0')}`;
	return {
		deviceId,
		id: `${boot}/${sequence}`,
		topic: `homes/${deviceId}/meter`,
		payload: `{"boot":"${boot}","seq":${sequence},"at":"${new Date(measuredAtMs).toISOString()}","import_kwh":${kwh}}`,
		readings: [{deviceId, quantityName: 'energy-import', value: BigInt(wh), exponent: 0, measuredAtMs}],
	};
}

/** Publishes all the time on one connection, and now and then on a new one. */
async function startWitness(template: Template, accountPath: string): Promise<Witness> {
	const account = openAccount(accountPath);
	const problems: string[] = [];
	const latencies: number[] = [];
	let acknowledged = 0;
	const stopping = new AbortController();
	const passwordOf = (deviceId: string): string => template.passwords[deviceId]!;

	const join = async (deviceId: string, suffix: string): Promise<RawClient> => {
		const client = await RawClient.open(template.port);
		client.send(loginPacket({deviceId, password: passwordOf(deviceId)}, suffix));
		const answer = await client.next();
		if (answer !== '20020000') problems.push(`${deviceId} was not let in: ${answer ?? 'closed'}`);
		return client;
	};
	const take = (message: Message, sentMs: number): void => {
		latencies.push(systemClock.monotonicMs() - sentMs);
		if (account.acknowledged(message)) acknowledged += 1;
	};

	const steady = async (): Promise<void> => {
		const client = await join(witnessId, '');
		const sent: {readonly message: Message; readonly sentMs: number}[] = [];
		let sequence = 0;
		const hear = (async () => {
			for (let answer = await client.next(); answer !== undefined; answer = await client.next()) {
				const first = sent.shift();
				if (!answer.startsWith('4002') || first === undefined) problems.push(`${witnessId} got ${answer}`);
				else take(first.message, first.sentMs);
				if (stopping.signal.aborted && sent.length === 0) return;
			}
			// At the end there may be nothing left to hear.
			if (!stopping.signal.aborted || sent.length > 0)
				problems.push(`${witnessId} lost its connection with ${sent.length} messages on their way`);
		})();
		while (!stopping.signal.aborted) {
			sequence += 1;
			const message = meterMessage(witnessId, 'steady', sequence);
			sent.push({message, sentMs: systemClock.monotonicMs()});
			client.send(publishPacket(message.topic, message.payload, {id: ((sequence - 1) % 0xffff) + 1}));
			await systemClock.sleep(witnessEveryMs);
		}
		const late = new AbortController();
		if (sent.length === 0) client.socket.destroy();
		void systemClock.sleep(settleMsMax, late.signal).then(() => client.socket.destroy());
		await hear;
		late.abort();
		client.socket.destroy();
		for (const {message} of sent) account.uncertain(message);
	};
	const visits = async (): Promise<void> => {
		for (let visit = 1; !stopping.signal.aborted; visit += 1) {
			const client = await join(visitorId, `/${visit}`);
			const message = meterMessage(visitorId, 'visits', visit);
			const sentMs = systemClock.monotonicMs();
			client.send(publishPacket(message.topic, message.payload, {id: 1}));
			const answer = await client.next();
			if (answer === '40020001') take(message, sentMs);
			else {
				account.uncertain(message);
				problems.push(`${visitorId} got ${answer ?? 'no answer'}`);
			}
			client.socket.destroy();
			await systemClock.sleep(visitorEveryMs, stopping.signal);
		}
	};
	const running = Promise.all([steady(), visits()]);
	return {
		acknowledged: () => acknowledged,
		latencies: () => latencies,
		problems,
		end: async () => {
			stopping.abort();
			await running;
			await account[Symbol.asyncDispose]();
		},
	};
}

/** What liars would send if they did not lie. */
function payloadsOf(deviceId: string, chanceMs: number): Payload[] {
	const atMs = systemClock.nowMs() - chanceMs;
	const at = new Date(atMs).toISOString();
	if (deviceId.startsWith('boiler'))
		return [
			{
				topic: `senml/${deviceId}`,
				text: `[{"bn":"urn:dev:${deviceId}:","bt":${Math.floor(atMs / 1000)},"n":"co2","u":"kg/s","v":0.25},{"n":"flue","u":"Cel","v":121.5},{"n":"o2","u":"/","v":0.04}]`,
			},
		];
	if (deviceId.startsWith('truck'))
		return [
			{
				topic: `trucks/${deviceId}/fridge`,
				text: `{"boot":"b","seq":7,"at":${atMs},"temp_c":-18.5,"door":0,"compressor":1,"battery_pct":87}`,
			},
		];
	return [
		{topic: `homes/${deviceId}/meter`, text: `{"boot":"b","seq":7,"at":"${at}","import_kwh":514.153,"export_kwh":2.9,"power_w":-512.3}`},
	];
}

type Samples = {readonly stop: () => Promise<void>; readonly residentBytesMax: () => number};

const memoryOf = (pid: number): number => {
	const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
	return Number(kilobytes ?? 0) * 1024;
};
const filesOf = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

function sampleMemory({pid, isUp}: Agent): Samples {
	const stopping = new AbortController();
	let most = 0;
	const running = (async () => {
		while (!stopping.signal.aborted && isUp()) {
			most = Math.max(most, memoryOf(pid));
			await systemClock.sleep(sampleEveryMs, stopping.signal);
		}
	})();
	return {
		stop: async () => {
			stopping.abort();
			await running;
		},
		residentBytesMax: () => most,
	};
}

/** Runs one attacker to its end. */
function startAttacker(options: AttackOptions, onCounts: (counts: AttackCounts) => void): Promise<void> {
	const child = fork(attackerPath, ['attack'], {stdio: ['ignore', 'inherit', 'inherit', 'ipc']});
	endWithUs(child);
	child.send(options);
	return new Promise((resolve, reject) => {
		let isDone = false;
		child.on('message', (message: {readonly counts: AttackCounts; readonly isDone: boolean}) => {
			onCounts(message.counts);
			isDone = message.isDone;
		});
		child.once('exit', code => (isDone ? resolve() : reject(new Error(`an attacker ended with ${code}`))));
	});
}

const quantile = (sorted: readonly number[], share: number): number =>
	sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;

/** Readings that the log holds of a device. */
async function readingsOf(path: string, deviceId: string): Promise<number> {
	await using reader = await openLogReader({path, hasher: nodeHasher});
	const own = (await reader.channels()).filter(({urn}) => urn.startsWith(`urn:kedge:device:${deviceId}:`));
	// Number 1 of a channel is its enrolment.
	return own.reduce((sum, {lastNumber}) => sum + lastNumber - 1, 0);
}

async function beHostile(ground: Ground): Promise<Tally> {
	const adding = createAdding();
	const problem = (sentence: string): void => adding.add({problems: [sentence]});
	const template = await makeTemplate(join(ground.folder, 'template'), {homes});
	const site = join(ground.folder, 'site');
	place(template, site);
	const agent = await startAgent(site);
	const heads = watchHeads({everyMs: 500});
	heads.follow(agent.status);
	const memory = sampleMemory(agent);
	const startedMs = systemClock.monotonicMs();
	const accountPath = join(ground.folder, 'account.jsonl');
	const witness = await startWitness(template, accountPath);
	await systemClock.sleep(300);
	const filesBefore = filesOf(agent.pid);

	// First, before anybody else is there, what is largest.
	let hugeBytes = 0;
	const rounds = ground.count >= 100_000 ? 8 : 2;
	for (let i = 0; i < rounds; i += 1) hugeBytes += await hugeConnects(template.port, hugeAtOnce, '127.0.0.40');
	const hugeResident = memory.residentBytesMax();

	const share = Math.ceil((ground.count - rounds * hugeAtOnce) / attackers);
	const all: AttackCounts[] = [];
	const sum = (key: keyof AttackCounts): number => all.reduce((total, counts) => total + counts[key], 0);
	const done = (): number => sum('strangers') + sum('frames') + sum('payloads') + rounds * hugeAtOnce;
	let filesMost = 0;
	const attacks = Array.from({length: attackers}, (_, i) =>
		startAttacker(
			{
				port: template.port,
				seed: `${ground.seed} ${i}`,
				packets: share,
				liars: liarIds.map(deviceId => ({
					login: {deviceId, password: template.passwords[deviceId]!},
					payloads: payloadsOf(deviceId, i * 60_000),
				})),
				addresses: [`127.0.0.${20 + i}`],
				dataFolder,
				slow: slowConnections / attackers,
				slowAddresses: [`127.0.0.${50 + 2 * i}`, `127.0.0.${51 + 2 * i}`],
			},
			counts => {
				all[i] = counts;
			},
		),
	);
	const ended = Promise.all(attacks);
	const telling = new AbortController();
	void ended.finally(() => telling.abort()).catch(() => {});
	for (let i = 1; !telling.signal.aborted && agent.isUp(); i += 1) {
		await systemClock.sleep(2000, telling.signal);
		filesMost = Math.max(filesMost, agent.isUp() ? filesOf(agent.pid) : 0);
		if (i % 5 === 0) ground.say(`${done()} of ${ground.count} packets`);
	}
	if (agent.isUp()) await ended;
	const tookS = (systemClock.monotonicMs() - startedMs) / 1000;
	await witness.end();
	if (!agent.isUp()) problem(`the agent ended: ${agent.said().slice(-2000)}`);

	// Whoever was closed is gone from its table, at the latest when the slow ones have run out of time.
	const settledMs = systemClock.monotonicMs();
	while (agent.isUp() && filesOf(agent.pid) > filesBefore && systemClock.monotonicMs() - settledMs < settleMsMax)
		await systemClock.sleep(100);
	const filesAfter = agent.isUp() ? filesOf(agent.pid) : 0;
	if (filesAfter > filesBefore) problem(`${filesAfter} files are open, before there were ${filesBefore}`);
	const status = await agent.status().catch(() => undefined);
	heads.leave();
	await memory.stop();
	const code = await agent.end('SIGTERM');
	if (code !== 0) problem(`told to end, the agent ended with ${code}: ${agent.said().slice(-2000)}`);

	for (const sentence of witness.problems.slice(0, 5)) problem(sentence);
	const latencies = [...witness.latencies()].sort((a, b) => a - b);
	const p99Ms = quantile(latencies, 0.99);
	if (p99Ms > p99MsMax) problem(`the device that behaves waited ${p99Ms.toFixed(0)} ms for its PUBACK (p99)`);
	const residentBytes = memory.residentBytesMax();
	if (residentBytes > residentBytesMax) problem(`${(residentBytes / 1e6).toFixed(0)} MB were resident`);

	// Before the examination, which appends a reading of its own.
	const held = (await readingsOf(sitePaths(site).log, witnessId)) + (await readingsOf(sitePaths(site).log, visitorId));
	const findings = await examine({folder: site, accountPath, heads: heads.seen(), acknowledged: witness.acknowledged()});
	addFindings(adding, 'after the attack', findings);
	const extra = held - witness.acknowledged();
	if (extra !== 0)
		adding.add({
			twice: Math.max(0, extra),
			problems: [`the log holds ${held} readings of the devices that behave, ${witness.acknowledged()} were acknowledged`],
		});

	adding.add({done: done()});
	if (sum('published') === 0) adding.note(`not among them: the published packets, since there is no ${dataFolder}/vectors/mqtt-packets`);
	adding.note(
		`${sum('strangers')} before authentication, ${sum('frames')} broken frames after it, ${sum('payloads')} broken payloads that were acknowledged, on ${sum('connections')} connections, in ${tookS.toFixed(0)} s`,
	);
	adding.note(
		`${rounds * hugeAtOnce} CONNECTs of 8 MB, ${hugeAtOnce} at once: ${(hugeBytes / 1e6).toFixed(0)} MB left the senders, at most ${(hugeResident / 1e6).toFixed(0)} MB were resident by then`,
	);
	adding.note(
		`${slowConnections} connections half open or at a byte a second all the while (${sum('slow')} in all); at most ${filesMost} files open, ${filesBefore} before, ${filesAfter} after; at most ${(residentBytes / 1e6).toFixed(0)} MB resident (bound ${residentBytesMax / 1e6})`,
	);
	adding.note(
		`meanwhile ${latencies.length} messages of devices that behave: PUBACK p50 ${quantile(latencies, 0.5).toFixed(0)}, p99 ${p99Ms.toFixed(0)}, at most ${quantile(latencies, 1).toFixed(0)} ms (bound for p99 ${p99MsMax})`,
	);
	const refused = Object.entries(status?.counters ?? {}).map(([name, count]) => `${count} ${name}`);
	const turnedAway = Object.entries(status?.broker?.turnedAway ?? {}).map(([name, count]) => `${count} ${name}`);
	adding.note(`the agent counted ${refused.join(', ')}; closed or not let in: ${turnedAway.join(', ')}`);
	return adding.tally();
}

export const hostileFault: Fault = {
	name: 'hostile',
	about:
		'mutated packets and payloads before and after authentication, CONNECTs of 8 MB, half-open and slow connections, while devices that behave publish',
	unit: 'packets',
	programs: [],
	count: 1_000_000,
	quickCount: 10_000,
	isControl: false,
	run: beHostile,
};
