// A site of one's own for a test: made as `kedge init` and the demo make theirs, with its agent and its commands as processes of their own.
import {type ChildProcess, spawn} from 'node:child_process';
import {mkdtempSync, rmSync} from 'node:fs';
import {readFile, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import type {ExecutionContext} from 'ava';
import type {Status} from '../../agent/api/status-server.ts';
import {systemClock} from '../../agent/base/clock.ts';
import {createSystemRandom} from '../../agent/base/random.ts';
import {until} from '../../agent/base/retry.ts';
import {simulatedDeviceIds, simulatedDevicesYaml} from '../../agent/simulation.ts';
import {makePassword, makeSite, openSite, type Site} from '../../agent/site.ts';
import {readStatus} from '../../agent/state.ts';
import {type Anvil, anvilChainId} from './anvil.ts';
import {freePort} from './ports.ts';

/** The compiled command line. */
export const kedgePath = fileURLToPath(new URL('../../agent/cli/kedge.js', import.meta.url));

/** A folder that goes with the test; its path is short enough for a Unix socket. */
export function testFolder(t: ExecutionContext): string {
	const folder = mkdtempSync(join(tmpdir(), 'kedge-'));
	t.teardown(() => rmSync(folder, {recursive: true, force: true, maxRetries: 5}));
	return folder;
}

export type Ran = {readonly code: number | null; readonly out: string; readonly err: string};

/** Runs one command of `kedge` to its end. */
export async function kedge(t: ExecutionContext, words: readonly string[], options: {readonly directory?: string} = {}): Promise<Ran> {
	return run(t, process.execPath, [kedgePath, ...words], options);
}

/** Runs a program to its end, without input and without colours. */
export async function run(
	t: ExecutionContext,
	program: string,
	words: readonly string[],
	options: {readonly directory?: string} = {},
): Promise<Ran> {
	const child = spawn(program, words, {
		stdio: ['ignore', 'pipe', 'pipe'],
		env: {...process.env, NO_COLOR: '1'},
		...(options.directory === undefined ? {} : {cwd: options.directory}),
	});
	killAtEnd(t, child);
	let out = '';
	let err = '';
	child.stdout.setEncoding('utf8').on('data', (text: string) => {
		out += text;
	});
	child.stderr.setEncoding('utf8').on('data', (text: string) => {
		err += text;
	});
	const code = await new Promise<number | null>((resolve, reject) => {
		child.once('error', reject);
		child.once('close', resolve);
	});
	return {code, out, err};
}

export type RunningAgent = {
	readonly pid: number;
	/** Everything that it wrote to standard error. */
	readonly said: () => string;
	/** Exit code, or the signal that ended it. */
	readonly ended: Promise<number | NodeJS.Signals>;
	/** Sends a signal and waits for the end. */
	readonly end: (signal: NodeJS.Signals) => Promise<number | NodeJS.Signals>;
};

export type StartOptions = {
	/** The agent runs behind this line of the shell, such as `ulimit -f 4000` (blocks of 512 or 1024 bytes, as the shell has it). */
	readonly behind?: string;
	/** False: does not wait until the agent answers. @default true */
	readonly wait?: boolean;
};

/** Starts `kedge run` as a process of its own. Resolves when it answers. */
export async function startAgent(t: ExecutionContext, site: Site, options: StartOptions = {}): Promise<RunningAgent> {
	const words = [kedgePath, 'run', '--config', site.configPath];
	const {behind, wait = true} = options;
	const child =
		behind === undefined
			? spawn(process.execPath, words, {stdio: ['ignore', 'ignore', 'pipe']})
			: spawn('sh', ['-c', `${behind}; exec "$0" "$@"`, process.execPath, ...words], {stdio: ['ignore', 'ignore', 'pipe']});
	killAtEnd(t, child);
	let said = '';
	child.stderr.setEncoding('utf8').on('data', (text: string) => {
		said += text;
	});
	const ended = new Promise<number | NodeJS.Signals>((resolve, reject) => {
		child.once('error', reject);
		child.once('close', (code, signal) => resolve(code ?? signal!));
	});
	ended.catch(() => {});
	const agent: RunningAgent = {
		pid: child.pid ?? 0,
		said: () => said,
		ended,
		end: signal => {
			child.kill(signal);
			return ended;
		},
	};
	if (wait) {
		const isUp = await until(
			async () => {
				if (child.exitCode !== null || child.signalCode !== null) throw new Error(`the agent ended before it answered: ${said}`);
				return readStatus(site.paths).catch(() => undefined);
			},
			{clock: systemClock, everyMs: 20, timeoutMs: 60_000},
		);
		if (isUp === undefined) throw new Error(`the agent does not answer: ${said}`);
	}
	return agent;
}

/** Children that run now: they must not outlive this process, however it ends. */
const children = new Set<ChildProcess>();
process.once('exit', () => {
	for (const child of children) child.kill('SIGKILL');
});

function killAtEnd(t: ExecutionContext, child: ChildProcess): void {
	children.add(child);
	child.once('close', () => children.delete(child));
	t.teardown(async () => {
		if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
		const gone = new Promise<void>(resolve => child.once('close', () => resolve()));
		child.kill('SIGKILL');
		await gone;
	});
}

/** Asks until the answer is what the test waits for; fails the test with the last answer if it never is. */
export async function untilStatus(
	t: ExecutionContext,
	site: Site,
	isSo: (status: Status) => boolean,
	options: {readonly timeoutMs?: number; readonly everyMs?: number; readonly each?: () => Promise<void>} = {},
): Promise<Status> {
	let last: Status | undefined;
	const found = await until(
		async () => {
			await options.each?.();
			last = await readStatus(site.paths).catch(() => undefined);
			return last !== undefined && isSo(last) ? last : undefined;
		},
		{clock: systemClock, everyMs: options.everyMs ?? 50, timeoutMs: options.timeoutMs ?? 60_000},
	);
	if (found === undefined) t.fail(`the agent never came so far: ${JSON.stringify(last)}`);
	return found!;
}

export type TestSite = {
	readonly site: Site;
	readonly folder: string;
	readonly port: number;
	readonly url: string;
	/** One for all devices: hashing one password is enough for a test. */
	readonly password: string;
	/** By device id, for the simulator. */
	readonly passwords: Readonly<Record<string, string>>;
	readonly anchoringAddress: string;
};

export type TestSiteOptions = {
	/** Simulated homes; the boiler and the truck are always there. @default 20 */
	readonly homes?: number;
	/** Name of the log. @default 'harbour' */
	readonly logName?: string;
	/** More of the config, as YAML. */
	readonly config?: (anchoringAddress: string) => string;
	readonly registries?: Parameters<typeof makeSite>[0]['registries'];
};

/** Makes a site in a folder of its own, with the simulator's devices and a port of its own. Nothing runs yet. */
export async function createTestSite(t: ExecutionContext, options: TestSiteOptions = {}): Promise<TestSite> {
	const folder = testFolder(t);
	const {homes = 20, logName = 'harbour'} = options;
	const random = createSystemRandom();
	const port = await freePort();
	const {password, hash} = await makePassword(random);
	const ids = simulatedDeviceIds(homes);
	const hashes = Object.fromEntries(ids.map(id => [id, hash]));
	const made = await makeSite({
		directory: folder,
		logName,
		random,
		configFor: ({anchoringAddress}) =>
			`log: {name: ${logName}}\nbroker: {host: 127.0.0.1, port: ${port}}\n${options.config?.(anchoringAddress) ?? ''}${simulatedDevicesYaml(hashes, homes)}`,
		...(options.registries === undefined ? {} : {registries: options.registries}),
	});
	const passwords = Object.fromEntries(ids.map(id => [id, password]));
	await writeFile(join(folder, 'passwords.json'), JSON.stringify(passwords));
	return {
		site: await openSite(join(folder, 'kedge.yaml')),
		folder,
		port,
		url: `mqtt://127.0.0.1:${port}`,
		password,
		passwords,
		anchoringAddress: made.anchoringAddress,
	};
}

/** Adds lines to the config of a site and reads it again. */
export async function changeConfig(site: Site, change: (text: string) => string): Promise<Site> {
	await writeFile(site.configPath, change(await readFile(site.configPath, 'utf8')));
	return openSite(site.configPath);
}

/** Funds the anchoring key of a site on a chain of its own, and anchors it there from now on; `url` is where its node answers. */
export async function anchorSite(
	t: ExecutionContext,
	made: TestSite,
	anvil: Anvil,
	url: string = anvil.url,
	more: readonly string[] = [],
): Promise<Site> {
	await anvil.rpc('anvil_setBalance', made.anchoringAddress, '0xde0b6b3a7640000');
	const prepared = await kedge(t, ['anchor', '--config', made.site.configPath, '--rpc', url, '--chain-id', String(anvilChainId), ...more]);
	t.is(prepared.code, 0, prepared.err);
	return changeConfig(made.site, text => `${text}\n${prepared.out}`);
}
