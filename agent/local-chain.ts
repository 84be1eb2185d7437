// Starts what a demo needs beside it on this machine: children that end with it, and a chain of play money.

import {type ChildProcess, spawn} from 'node:child_process';
import {closeSync, openSync} from 'node:fs';
import {createRequire} from 'node:module';
import {createServer} from 'node:net';
import {join} from 'node:path';
import {AgentError} from './base/errors.ts';

/** The first of the accounts that anvil fills with play money; its key is printed by anvil itself and is no secret. */
export const playMoneyKey = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80';

export type Child = {readonly stop: () => Promise<void>; readonly ended: Promise<number>};

/** How long a local node may take to answer. */
const askMsMax = 30_000;
/** How long a child may take to end before it is killed. */
const stopMsMax = 30_000;

/** Starts a process in a group of its own, so that Ctrl-C reaches only us and we end it in our order. It has a channel to us, and ends when that breaks. */
export function startChild(
	name: string,
	command: string,
	words: readonly string[],
	logPath: string,
	onLine?: (line: string) => void,
	withChannel = true,
): Child {
	const log = openSync(logPath, 'a', 0o600);
	const child: ChildProcess = spawn(command, words, {
		detached: true,
		stdio: ['ignore', onLine === undefined ? log : 'pipe', log, ...(withChannel ? (['ipc'] as const) : [])],
	});
	closeSync(log);
	let rest = '';
	child.stdout?.setEncoding('utf8').on('data', (text: string) => {
		const lines = (rest + text).split('\n');
		rest = lines.pop() ?? '';
		for (const line of lines) if (line.startsWith('{')) onLine?.(line);
	});
	const ended = new Promise<number>((resolve, reject) => {
		child.once('error', error => reject(new AgentError('DATA_MISSING', `cannot start the ${name} (${command})`, {cause: error})));
		child.once('close', (code, signal) => resolve(code ?? (signal === null ? 0 : 128)));
	});
	ended.catch(() => {});
	return {
		ended,
		stop: async () => {
			if (child.exitCode === null && child.signalCode === null) {
				child.kill('SIGTERM');
				const timer = setTimeout(() => child.kill('SIGKILL'), stopMsMax);
				await ended.catch(() => {});
				clearTimeout(timer);
			}
		},
	};
}

/** The binary of anvil that npm installed for this machine; the wrapper that npm links would be a process between us and it. */
export function anvilPath(): string {
	const platform = process.platform === 'win32' ? 'win32' : process.platform;
	const arch = process.arch === 'x64' ? 'amd64' : process.arch;
	const require = createRequire(import.meta.url);
	try {
		const folder = require.resolve(`@foundry-rs/anvil-${platform}-${arch}/package.json`);
		return join(folder, '..', 'bin', process.platform === 'win32' ? 'anvil.exe' : 'anvil');
	} catch (error) {
		throw new AgentError('DATA_MISSING', `there is no anvil for ${platform}-${arch}`, {hint: 'Run: npm ci', cause: error});
	}
}

/** A port that nothing listens on now. */
export function freePort(): Promise<number> {
	return new Promise((resolve, reject) => {
		const server = createServer();
		server.once('error', reject);
		server.listen(0, '127.0.0.1', () => {
			const address = server.address();
			server.close(() => (typeof address === 'object' && address !== null ? resolve(address.port) : reject(new Error('no port'))));
		});
	});
}

/** Whoever needs one port and no other looks before it does what takes long. Fails with PORT_TAKEN. */
export function refuseTakenPort(port: number, option: string): Promise<void> {
	return new Promise((resolve, reject) => {
		const server = createServer();
		server.once('error', cause =>
			reject(new AgentError('PORT_TAKEN', `cannot listen on 127.0.0.1:${port}`, {hint: `Name another port with ${option}.`, cause})),
		);
		server.listen(port, '127.0.0.1', () => server.close(() => resolve()));
	});
}

/** Asks a local node what no interface of ours has, such as its test controls. Fails with CHAIN_REFUSED or CHAIN_UNREACHABLE. */
export async function askNode<T>(url: string, method: string, params: readonly unknown[]): Promise<T> {
	let answer: {readonly result?: T; readonly error?: {readonly message?: string}};
	try {
		const response = await fetch(url, {
			method: 'POST',
			headers: {'content-type': 'application/json'},
			body: JSON.stringify({jsonrpc: '2.0', id: 1, method, params}),
			signal: AbortSignal.timeout(askMsMax),
		});
		answer = (await response.json()) as typeof answer;
	} catch (cause) {
		throw new AgentError('CHAIN_UNREACHABLE', `the local chain does not answer ${method}`, {cause});
	}
	if (answer.error !== undefined) throw new AgentError('CHAIN_REFUSED', `${method}: ${answer.error.message ?? 'refused'}`);
	return answer.result as T;
}
