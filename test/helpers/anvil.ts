// A chain of one's own for a test: anvil on a free port, its test controls, and a proxy that makes it as unreliable as a real node.
import {spawn} from 'node:child_process';
import {existsSync} from 'node:fs';
import {createServer, request} from 'node:http';
import type {AddressInfo} from 'node:net';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';

/** The key of anvil's first account, known to everybody. */
export const richKey = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80';
export const anvilChainId = 31337;

export type Anvil = {
	readonly url: string;
	readonly rpc: <T = unknown>(method: string, ...params: unknown[]) => Promise<T>;
	/** Mines empty blocks, or what waits in the pool. */
	readonly mine: (blocks: number) => Promise<void>;
	readonly stop: () => Promise<void>;
};

const program = ((): string | undefined => {
	try {
		const path = fileURLToPath(new URL('bin.mjs', import.meta.resolve('@foundry-rs/anvil/package.json')));
		return existsSync(path) ? path : undefined;
	} catch {
		return undefined;
	}
})();
export const hasAnvil = program !== undefined;
export const noAnvil = 'the package @foundry-rs/anvil is not there: no chain was started';

/** How to end what still runs when this process ends. */
const running = new Set<() => void>();
process.once('exit', () => {
	for (const kill of running) kill();
});

/** Mines each transaction at once unless `args` say otherwise; a block is final when two more are on top of it. */
export async function startAnvil(args: readonly string[] = []): Promise<Anvil> {
	if (program === undefined) throw new Error(noAnvil);
	const chainId = args.includes('--chain-id') ? [] : ['--chain-id', String(anvilChainId)];
	const child = spawn(process.execPath, [program, '--port', '0', '--slots-in-an-epoch', '1', ...chainId, ...args], {
		stdio: ['ignore', 'pipe', 'inherit'],
	});
	const kill = (): void => {
		child.kill('SIGTERM');
	};
	running.add(kill);
	const ended = new Promise<void>(resolve => {
		child.once('exit', () => resolve());
	});
	const lines = createInterface({input: child.stdout});
	const url = await new Promise<string>((resolve, reject) => {
		lines.on('line', line => {
			const found = /Listening on (127\.0\.0\.1:\d+)/.exec(line);
			if (found !== null) resolve(`http://${found[1]}`);
		});
		child.once('exit', code => reject(new Error(`anvil ended with ${code} before it listened`)));
	});
	const rpc = <T>(method: string, ...params: unknown[]): Promise<T> => callRpc<T>(url, method, params);
	return {
		url,
		rpc,
		mine: async blocks => {
			await rpc('anvil_mine', `0x${blocks.toString(16)}`);
		},
		stop: async () => {
			running.delete(kill);
			kill();
			await ended;
		},
	};
}

async function callRpc<T>(url: string, method: string, params: readonly unknown[]): Promise<T> {
	const response = await fetch(url, {
		method: 'POST',
		headers: {'content-type': 'application/json'},
		body: JSON.stringify({jsonrpc: '2.0', id: 1, method, params}),
	});
	const {result, error} = (await response.json()) as {result: T; error?: {message: string}};
	if (error !== undefined) throw new Error(`${method}: ${error.message}`);
	return result;
}

/** What happens to one request. */
export type Treatment =
	| 'pass'
	/** The node never sees it; the connection is cut. */
	| 'drop'
	/** The node does it, and its answer is lost. */
	| 'swallow'
	/** Nobody ever answers. */
	| 'hang'
	/** This is answered in the node's place. */
	| {readonly result: unknown}
	| {readonly error: {readonly code: number; readonly message: string; readonly data?: string}}
	| {readonly status: number; readonly body: string; readonly headers?: Record<string, string>};

export type Proxy = {
	readonly url: string;
	/** Asked for each request, in order. */
	treat: (method: string, params: readonly unknown[]) => Treatment;
	readonly stop: () => Promise<void>;
};

export async function startProxy(target: string): Promise<Proxy> {
	const server = createServer((incoming, outgoing) => {
		const parts: Buffer[] = [];
		incoming.on('data', (part: Buffer) => parts.push(part));
		incoming.on('end', () => {
			const body = Buffer.concat(parts);
			const {id, method, params} = JSON.parse(body.toString()) as {id: number; method: string; params: unknown[]};
			const treatment = proxy.treat(method, params);
			const answer = (value: object): void => {
				outgoing.setHeader('content-type', 'application/json');
				outgoing.end(JSON.stringify({jsonrpc: '2.0', id, ...value}));
			};
			if (treatment === 'hang') return;
			if (treatment === 'drop') {
				incoming.socket.destroy();
				return;
			}
			if (typeof treatment === 'object') {
				if ('status' in treatment) outgoing.writeHead(treatment.status, treatment.headers).end(treatment.body);
				else answer(treatment);
				return;
			}
			const forwarded = request(target, {method: 'POST', headers: {'content-type': 'application/json'}}, response => {
				const answered: Buffer[] = [];
				response.on('data', (part: Buffer) => answered.push(part));
				response.on('end', () => {
					if (treatment === 'swallow') incoming.socket.destroy();
					else outgoing.setHeader('content-type', 'application/json').end(Buffer.concat(answered));
				});
			});
			forwarded.on('error', () => incoming.socket.destroy());
			forwarded.end(body);
		});
	});
	await new Promise<void>(resolve => {
		server.listen(0, '127.0.0.1', resolve);
	});
	const {port} = server.address() as AddressInfo;
	const proxy: Proxy = {
		url: `http://127.0.0.1:${port}`,
		treat: () => 'pass',
		stop: () =>
			new Promise(resolve => {
				server.close(() => resolve());
				server.closeAllConnections();
			}),
	};
	return proxy;
}
