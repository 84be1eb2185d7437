// The agent's own small door for its owner: a Unix socket beside the log that answers with the agent's state.

import {chmod, rm} from 'node:fs/promises';
import {createServer, type IncomingMessage, request, type ServerResponse} from 'node:http';
import {isAbsolute} from 'node:path';
import {AgentError, type ErrorCode, remedies} from '../base/errors.ts';

/** All that the door needs of the agent: what to answer, and what an owner may ask for. */
export type Needs = {
	readonly status: () => Promise<Status>;
	/** Anchors the newest checkpoint now instead of when it is due. */
	readonly anchorNow: () => Promise<void>;
	/** Releases the newest checkpoint now instead of within a second. */
	readonly release: () => Promise<void>;
	/** Prunes the log, in the background. */
	readonly prune: {readonly start: (request: PruneRequest) => void; readonly progress: () => PruneProgress};
	/** The devices, and a change of one, as its owner asks for it. */
	readonly devices: {readonly list: () => readonly unknown[]; readonly change: (change: unknown) => Promise<unknown>};
	/** Corrects an entry, or declares a reset, as its owner asks for it. */
	readonly correct: (request: unknown) => Promise<unknown>;
	/** Accounts: states something of a site, a factor or a shipment, answers a question, and says how far the ledgers have come. */
	readonly accounts: {
		readonly state: (wish: unknown) => Promise<unknown>;
		readonly answer: (question: unknown) => Promise<unknown>;
		/** What the answer to such a question rests on. */
		readonly basis: (question: unknown) => Promise<unknown>;
		readonly progress: (withDigest: boolean) => Promise<unknown>;
	};
	/** Copies the log to an absolute path on this machine, in the background. */
	readonly backup: {readonly start: (path: string) => void; readonly progress: () => BackupProgress; readonly stop: () => void};
};

export type PruneProgress = {
	readonly state: 'none' | 'pruning' | 'done' | 'failed';
	readonly done: number;
	readonly all: number;
	readonly error: string | undefined;
	readonly report: unknown;
};

/** Times in ms since 1970. */
type PruneRequest = {
	readonly arrivalsBeforeMs: number | undefined;
	readonly entriesBeforeMs: number | undefined;
	readonly unanchored: boolean;
};

function pruneRequestOf(text: string): PruneRequest | undefined {
	const parsed = JSON.parse(text) as Record<string, unknown>;
	const {arrivalsBeforeMs, entriesBeforeMs, unanchored} = parsed;
	const isTime = (value: unknown): value is number | undefined => value === undefined || Number.isSafeInteger(value);
	return isTime(arrivalsBeforeMs) && isTime(entriesBeforeMs)
		? {arrivalsBeforeMs, entriesBeforeMs, unanchored: unanchored === true}
		: undefined;
}

export type BackupProgress = {
	readonly state: 'none' | 'copying' | 'done' | 'failed';
	readonly bytes: number;
	readonly bytesAll: number;
	readonly error: string | undefined;
};

export type Status = {
	readonly version: string;
	readonly origin: string;
	/**
	 * withheld: nothing is released until a head outside of the database was read. full: nothing is acknowledged until there is room on the disk. frozen: a head
	 * outside contradicts the database.
	 */
	readonly state: 'running' | 'withheld' | 'full' | 'frozen' | 'stopping';
	readonly startedAtMs: number;
	readonly nowMs: number;
	readonly clock: ClockStatus;
	readonly size: number;
	readonly newestCheckpoint: {readonly size: number; readonly root: string} | undefined;
	/** Size of the newest checkpoint that may be shown to others. */
	readonly releasedSize: number;
	readonly channels: number;
	/** Those that may speak, in the config and added; and those that were revoked. */
	readonly devices: number;
	readonly devicesRevoked: number;
	/** Of those that may speak, the ones that did since the start. */
	readonly devicesHeard: number;
	/** Devices with channels that were not heard for twice their cadence: how many, and those by name that are silent for longest. */
	readonly silent: {readonly count: number; readonly devices: readonly {readonly deviceId: string; readonly channels: number}[]};
	/** To the embedded broker. */
	readonly connections: number;
	readonly counters: Readonly<Record<string, number>>;
	readonly pendingBytes: number;
	readonly quarantineBytes: number;
	readonly residentBytes: number;
	/** Room on the disk of the log, the size of SQLite's WAL, and below which room nothing is acknowledged. */
	readonly disk: {
		readonly freeBytes: number;
		readonly walBytes: number;
		readonly floorBytes: number;
		/** For how many whole days the room lasts at the pace of the last days; undefined while nobody knows. */
		readonly fillDays: number | undefined;
	};
	readonly broker: BrokerStatus | undefined;
	readonly client: ClientStatus | undefined;
	readonly anchor: AnchorStatus | undefined;
	readonly market: MarketStatus | undefined;
	/** Where the HTTP interface and the pages answer; undefined without one. */
	readonly api: string | undefined;
	/** The stored log, hashed again in the background: how far this pass is, and how many whole passes found nothing since the start. */
	readonly scrub: {readonly done: number; readonly of: number; readonly passes: number};
	/** What is wrong, as sentences. */
	readonly warnings: readonly string[];
	/** The same in few words: nothing that a device sent, and no more than a dozen or so. */
	readonly reasons: readonly string[];
	/** What the owner should know, though nothing is wrong. */
	readonly notices: readonly string[];
};

export type ClockStatus = {
	/** Another one for each boot of the machine; undefined where the system has none. */
	readonly bootId: string | undefined;
	/** Since the boot, when last read. */
	readonly upMs: number;
	/** unknown: no time service that can be asked. */
	readonly synchronisation: 'synchronised' | 'unsynchronised' | 'unknown';
};

export type MarketStatus = {
	readonly name: string;
	readonly mode: string;
	/** Orders whose slots are not all settled. */
	readonly orders: number;
	/** Days since 1970: the newest one that is settled. */
	readonly newestDay: number | undefined;
	/** Demands of the court that are not answered yet; undefined where there is no contract. */
	readonly demands: number | undefined;
	/** Why nothing is signed any more. */
	readonly halted: string | undefined;
	/** Where the HTTP interface answers. */
	readonly api: string | undefined;
};

export type BrokerStatus = {
	readonly host: string;
	readonly port: number;
	/** undefined: without TLS. */
	readonly tlsPort: number | undefined;
	/** How often a connection had to wait because more messages came than may in a second, since the start. */
	readonly throttled: number;
	/** What the embedded broker turned away before it could become an arrival, by reason, since the start; reasons that never occurred are left out. */
	readonly turnedAway: Readonly<Record<string, number>>;
	/** The newest of these, first: when it was so last, from where, and what it said that it is, cut and cleaned. */
	readonly newestTurnedAway: readonly {
		readonly atMs: number;
		readonly address: string;
		readonly clientId?: string | undefined;
		readonly user?: string | undefined;
		readonly reason: string;
		readonly times: number;
	}[];
};

export type ClientStatus = {
	readonly name: string;
	readonly isConnected: boolean;
	/** How long it has been so, in ms. */
	readonly sinceMs: number;
	/** Of these all are since the start of the agent. */
	readonly connects: number;
	readonly acknowledged: number;
	/** Messages taken and not yet answered. */
	readonly waiting: number;
	readonly tooLarge: number;
	/** What the broker says of itself. */
	readonly droppedByBroker: number;
};

/** Where the log is anchored. */
export type AnchorStatus = {
	/** How many of the targets must hold an entry before it counts as anchored, and how many there are. */
	readonly needed: number;
	readonly of: number;
	/** The largest size that so many hold, in a block or stamped; and for good. */
	readonly minedSize: number;
	readonly finalSize: number;
	/** Age of the oldest entry above minedSize. */
	readonly oldestUnanchoredAgeMs: number | undefined;
	readonly targets: readonly (ChainTargetStatus | AuthorityTargetStatus)[];
};

export type ChainTargetStatus = {
	readonly kind: 'chain';
	readonly name: string;
	readonly chainId: number;
	readonly registry: string;
	readonly opener: string;
	/** How many anchors stand in each state. */
	readonly rows: Readonly<Record<string, number>>;
	/** The largest size in a block, and the largest whose block is final. */
	readonly minedSize: number;
	readonly finalSize: number;
	/** What the anchoring key holds and what anchors cost within the last 24 hours, as decimal texts in the coin; undefined while the chain was not asked. */
	readonly coin: string;
	readonly balance: string | undefined;
	readonly spentLastDay: string | undefined;
	readonly budgetPerDay: string | undefined;
	/** Days that the balance lasts at what anchors cost now; undefined while nothing was paid. */
	readonly runwayDays: number | undefined;
	readonly waitingFor: string | undefined;
	readonly lastError: string | undefined;
	/** The code of that error, which stays when its sentence changes. */
	readonly lastErrorCode: string | undefined;
	/** The nodes that are asked, in their order. */
	readonly nodes: readonly {readonly host: string; readonly state: string; readonly lastError?: string}[];
};

export type AuthorityTargetStatus = {
	readonly kind: 'authority';
	readonly name: string;
	/** The largest size that is stamped, and when, by the authority's clock. */
	readonly stampedSize: number;
	readonly stampedAtMs: number | undefined;
	readonly waitingFor: string | undefined;
	readonly lastError: string | undefined;
	/** The code of that error, which stays when its sentence changes. */
	readonly lastErrorCode: string | undefined;
};

export type StatusServer = {readonly [Symbol.asyncDispose]: () => Promise<void>};

/** Serves GET /status, GET /devices, POST /devices with a change as JSON, POST /corrections with a correction as JSON, POST /statements with a statement as JSON, POST /answers or /bases with a question as JSON, GET /ledgers (?digest), POST /anchor, POST /release, POST /backup?to=PATH, GET /backup, POST /backup/stop, POST /prune?REQUEST and GET /prune on the socket at `path`. Only the owner's user can open it. */
export async function openStatusServer(path: string, needs: Needs): Promise<StatusServer> {
	// A socket file that a killed agent left behind is in the way; the log's lock says that no other agent is alive.
	await rm(path, {force: true});
	const server = createServer({requestTimeout: 10_000, headersTimeout: 10_000, maxHeaderSize: 8192}, (incoming, response) => {
		void answer(incoming, response, needs);
	});
	server.maxConnections = 16;
	await new Promise<void>((resolve, reject) => {
		server.once('error', error => reject(new AgentError('PORT_TAKEN', `cannot listen on ${path}`, {cause: error})));
		server.listen(path, resolve);
	});
	await chmod(path, 0o600);
	return {
		[Symbol.asyncDispose]: () =>
			new Promise(resolve => {
				server.close(() => resolve());
				server.closeAllConnections();
			}),
	};
}

async function answer(incoming: IncomingMessage, response: ServerResponse, needs: Needs): Promise<void> {
	const send = (code: number, body: unknown): void => {
		response.writeHead(code, {'content-type': 'application/json'}).end(`${JSON.stringify(body)}\n`);
	};
	try {
		const take = incoming.method === 'POST' ? takers[incoming.url ?? ''] : undefined;
		if (take !== undefined) {
			const body = await bodyOf(incoming);
			if (body === undefined) return send(413, {error: `a body has at most ${bodyBytesMax} bytes`});
			return send(200, await take(needs, JSON.parse(body)));
		}
		incoming.resume();
		if (incoming.method === 'GET' && incoming.url === '/status') send(200, await needs.status());
		else if (incoming.method === 'GET' && incoming.url === '/devices') send(200, needs.devices.list());
		else if (incoming.method === 'GET' && (incoming.url === '/ledgers' || incoming.url === '/ledgers?digest'))
			send(200, await needs.accounts.progress(incoming.url !== '/ledgers'));
		else if (incoming.method === 'POST' && incoming.url === '/anchor') {
			await needs.anchorNow();
			send(202, {accepted: true});
		} else if (incoming.method === 'POST' && incoming.url === '/release') {
			await needs.release();
			send(200, {released: true});
		} else if (incoming.method === 'POST' && incoming.url?.startsWith('/backup?to=') === true) {
			const path = decodeURIComponent(incoming.url.slice('/backup?to='.length));
			if (!isAbsolute(path)) return send(400, {error: 'to is not an absolute path'});
			needs.backup.start(path);
			send(202, {accepted: true});
		} else if (incoming.method === 'GET' && incoming.url === '/backup') send(200, needs.backup.progress());
		else if (incoming.method === 'POST' && incoming.url === '/backup/stop') {
			needs.backup.stop();
			send(202, {accepted: true});
		} else if (incoming.method === 'POST' && incoming.url?.startsWith('/prune?') === true) {
			const request = pruneRequestOf(decodeURIComponent(incoming.url.slice('/prune?'.length)));
			if (request === undefined) return send(400, {error: 'times are whole numbers of ms since 1970'});
			needs.prune.start(request);
			send(202, {accepted: true});
		} else if (incoming.method === 'GET' && incoming.url === '/prune') send(200, needs.prune.progress());
		else
			send(404, {
				error:
					'there is GET /status, GET /devices, POST /devices, POST /corrections, POST /statements, POST /answers, POST /bases, GET /ledgers (?digest), POST /anchor, POST /release, POST /backup?to=PATH, GET /backup, POST /backup/stop, POST /prune?REQUEST and GET /prune',
			});
	} catch (error) {
		if (error instanceof AgentError && error.remedy === 'drop') send(400, {error: error.message, code: error.code, hint: error.hint});
		else send(500, {error: error instanceof Error ? error.message : String(error)});
	}
}

/** A whole change of a device fits, and a statement with its JSON quoted. */
const bodyBytesMax = 512 * 1024;

/** What takes a body. */
const takers: Readonly<Record<string, (needs: Needs, asked: unknown) => Promise<unknown>>> = {
	'/devices': (needs, asked) => needs.devices.change(asked),
	'/corrections': (needs, asked) => needs.correct(asked),
	'/statements': (needs, asked) => needs.accounts.state(asked),
	'/answers': (needs, asked) => needs.accounts.answer(asked),
	'/bases': (needs, asked) => needs.accounts.basis(asked),
};

/** The text of a body; undefined for one that is too long, whose rest is dropped. */
async function bodyOf(incoming: IncomingMessage): Promise<string | undefined> {
	const chunks: Buffer[] = [];
	let length = 0;
	for await (const chunk of incoming as AsyncIterable<Buffer>) {
		length += chunk.length;
		if (length <= bodyBytesMax) chunks.push(chunk);
	}
	return length > bodyBytesMax ? undefined : Buffer.concat(chunks).toString();
}

/** Asks the agent whose socket is at `path`. Fails with AGENT_UNREACHABLE, or with what the agent says is wrong with what was asked. */
export function askAgent<T>(path: string, method: 'GET' | 'POST', url: string, body?: unknown): Promise<T> {
	return new Promise((resolve, reject) => {
		const unreachable = (cause: unknown): void => {
			const {code} = cause as {readonly code?: unknown};
			const isThere = code !== 'ECONNREFUSED' && code !== 'ENOENT';
			// It may have been kept, and only the answer lost.
			if (isThere && method === 'POST')
				reject(
					new AgentError(
						'AGENT_UNREACHABLE',
						`the agent at ${path} broke off before it answered: what it was asked to do may be done, or still be done`,
						{
							hint: 'Look whether it is, before you ask again: what is asked twice may be done twice.',
							cause,
						},
					),
				);
			else
				reject(
					new AgentError('AGENT_UNREACHABLE', `no agent answers at ${path}`, {
						hint: 'This is asked of the agent while it runs: start it first, in another terminal or as a service, with: kedge run',
						cause,
					}),
				);
		};
		const asked = request({socketPath: path, method, path: url, timeout: 10_000}, response => {
			const chunks: Buffer[] = [];
			response.on('data', (chunk: Buffer) => chunks.push(chunk));
			response.on('error', unreachable);
			response.on('end', () => {
				try {
					const answered: unknown = JSON.parse(Buffer.concat(chunks).toString());
					if ((response.statusCode ?? 500) < 300) resolve(answered as T);
					else reject(refusedBy(answered) ?? new AgentError('AGENT_UNREACHABLE', `the agent answers ${JSON.stringify(answered)}`));
				} catch (error) {
					unreachable(error);
				}
			});
		});
		asked.on('timeout', () => asked.destroy(new Error('no answer within 10 s')));
		asked.on('error', unreachable);
		asked.end(body === undefined ? undefined : JSON.stringify(body));
	});
}

/** What the agent found wrong, as the error that it was there. */
function refusedBy(answered: unknown): AgentError | undefined {
	const {error, code, hint} = answered as {readonly error?: unknown; readonly code?: unknown; readonly hint?: unknown};
	if (typeof error !== 'string' || typeof code !== 'string' || !Object.hasOwn(remedies, code)) return undefined;
	return new AgentError(code as ErrorCode, error, typeof hint === 'string' ? {hint} : {});
}
