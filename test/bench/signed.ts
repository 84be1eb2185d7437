// What it costs that devices sign what they send: from the socket through the signature to the PUBACK after fsync.
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createSystemRandom} from '../../agent/base/random.ts';
import {formatDeviceKey, type KeyType} from '../../agent/format/device-key.ts';
import {makePassword, makeSite, sitePaths} from '../../agent/site.ts';
import {createSimSigner, type SimSignedForm} from '../../sim/signing.ts';
import {assertReadings, type Child, elapsed, programs, start} from './child.ts';
import {type Bench, type Figure, median} from './figure.ts';
import type {ServerMemory, ServerOptions, ServerReady} from './ingest-server.ts';
import type {LoadOptions, LoadReady, LoadReport} from './load.ts';

const devices = Array.from({length: 50}, (_, i) => `meter-${String(i).padStart(2, '0')}`);
const seed = 'bench';
const inFlight = 40;
const idleMs = 1000;

type Signing = {readonly form: SimSignedForm; readonly keyType: KeyType};
type Times = {readonly warmUpMs: number; readonly measureMs: number; readonly perDevice: number};
type Run = {readonly messagesPerS: number; readonly p99Ms: number; readonly processorUs: number; readonly peakBytes: number};

function configText(passwordHash: string, signing: Signing | undefined): string {
	const device = (id: string): string => {
		const key = signing === undefined ? '' : `, publicKey: "${formatDeviceKey(createSimSigner(seed, id, signing).key)}"`;
		return `  - {id: ${id}, passwordHash: "${passwordHash}", mappings: [single]${key}}`;
	};
	return `log:
  name: bench
broker: {host: 127.0.0.1, port: 0}
mappings:
  single:
    topic: meters/{device}/energy
    format: json
    time: {pointer: /at, format: iso}
    readings:
      - {pointer: /energy_kwh, quantity: energy-import, unit: kWh}
devices:
${devices.map(device).join('\n')}
`;
}

async function measure(signing: Signing | undefined, {warmUpMs, measureMs, perDevice}: Times): Promise<Run> {
	const folder = mkdtempSync(join(tmpdir(), 'kedge-bench-'));
	const random = createSystemRandom();
	const {password, hash} = await makePassword(random);
	const started: Child[] = [];
	try {
		await makeSite({directory: folder, logName: 'bench', random, configFor: () => configText(hash, signing)});
		const server = start(programs.server);
		started.push(server);
		const {port} = await server.ask<ServerReady>({side: 'agent', configPath: join(folder, 'kedge.yaml')} satisfies ServerOptions);
		const load = start(programs.load);
		started.push(load);
		await load.ask<LoadReady>({
			port,
			devices,
			password,
			shape: 'json',
			inFlight,
			warmUpMs,
			measureMs,
			startMs: Date.now(),
			listener: undefined,
			prepared: {perDevice, signing: signing && {...signing, seed}},
		} satisfies LoadOptions);
		await elapsed(idleMs);
		const before = await server.ask<ServerMemory>('memory');
		const report = await load.ask<LoadReport>('go');
		const after = await server.ask<ServerMemory>('memory');
		await load.ended;
		await server.ask('close').catch(() => {});
		await server.ended;
		await assertReadings(sitePaths(folder).log, report.acknowledged);
		return {
			messagesPerS: report.messagesPerS,
			p99Ms: report.p99Ms,
			processorUs: (1000 * (after.processorMs - before.processorMs)) / report.acknowledged,
			peakBytes: after.peakBytes,
		};
	} finally {
		for (const child of started) child.kill();
		rmSync(folder, {recursive: true, force: true});
	}
}

const sides: readonly (readonly [name: string, signing: Signing | undefined])[] = [
	['unsigned', undefined],
	['Ed25519, JWS compact', {form: 'jws', keyType: 'ed25519'}],
	['Ed25519, COSE_Sign1', {form: 'cose', keyType: 'ed25519'}],
	['Ed25519, payload and sig', {form: 'plain', keyType: 'ed25519'}],
	['P-256, JWS compact', {form: 'jws', keyType: 'p256'}],
];

export const bench: Bench = async ({quick, say}) => {
	const rounds = quick ? 1 : 5;
	const runs = new Map<string, Run[]>(sides.map(([name]) => [name, []]));
	for (let round = 0; round < rounds; round += 1) {
		say(`signed, round ${round + 1} of ${rounds}`);
		for (let i = 0; i < sides.length; i += 1) {
			const [name, signing] = sides[(round + i) % sides.length]!;
			// The messages are made before: as many as could come in that time, and whoever has none left ends the measuring.
			const perS = signing === undefined ? 80_000 : 40_000;
			const seconds = quick ? 2 : 5;
			const perDevice = Math.ceil((perS * seconds) / devices.length);
			const run = await measure(signing, {warmUpMs: 500, measureMs: 1000 * (seconds - 0.5), perDevice});
			runs.get(name)!.push(run);
			const {messagesPerS, p99Ms, processorUs} = run;
			say(
				`  ${name}: ${(messagesPerS / 1000).toFixed(1)}k/s, p99 ${p99Ms.toFixed(1)} ms, ${processorUs.toFixed(0)} µs of processor a message`,
			);
		}
	}
	const figures: Figure[] = [];
	const of = (name: string, value: (run: Run) => number): number => median(runs.get(name)!.map(value));
	for (const [name, signing] of sides) {
		const target = signing?.keyType === 'ed25519' ? {atLeast: 10_000} : undefined;
		figures.push(
			{name, value: of(name, run => run.messagesPerS), unit: 'messages/s', target},
			{name: `${name}: PUBACK p99`, value: of(name, run => run.p99Ms), unit: 'ms', target: undefined},
			{name: `${name}: processor a message, all threads`, value: of(name, run => run.processorUs), unit: 'µs', target: undefined},
		);
	}
	figures.push({
		name: 'RSS at its peak, largest',
		value: Math.max(...[...runs.values()].flat().map(run => run.peakBytes)) / 1e6,
		unit: 'MB',
		target: undefined,
	});
	return figures;
};
