// Serves the agent over HTTP, with its energy markets where there are any: checks who asks and what is asked, hands it to the resource that knows, and writes the answer.

import {createReadStream} from 'node:fs';
import {IncomingMessage, type ServerResponse} from 'node:http';
import type {Socket} from 'node:net';
import fastify, {type FastifyInstance, type FastifyReply, type FastifyRequest} from 'fastify';
import {toHex, utf8} from '../base/bytes.ts';
import type {Clock} from '../base/clock.ts';
import {AgentError, describeError} from '../base/errors.ts';
import {nodeHasher} from '../base/hash-node.ts';
import type {Logger} from '../base/logger.ts';
import type {Random} from '../base/random.ts';
import {type Caller, createAccess, networkOf, type StaticToken, staticTokensMax} from './access.ts';
import {type AgentPulse, createAgentPulse} from './agent-events.ts';
import {createCheck} from './check.ts';
import type {MarketDesk} from './desk.ts';
import {createDesks} from './desks.ts';
import {docsPage, docsStyle} from './docs-page.ts';
import {etagOf, isNamed} from './etag.ts';
import {beginEvents} from './events.ts';
import {createFeed} from './feed.ts';
import {type ApiLimits, defaultLimits, thoroughBodyBytesMax} from './limits.ts';
import {openApi} from './openapi.ts';
import {answerPage, pagePolicy} from './page.ts';
import {createPasswordGate} from './password-gate.ts';
import {assertMay} from './permission.ts';
import {Problem, problemBody, problemMediaType, problemOfError, rawProblem, statuses} from './problem.ts';
import {createRate} from './rate.ts';
import {createReplies} from './replies.ts';
import type {Context, Cost, Reply, Route} from './route.ts';
import {headerOf, isForRoles} from './route.ts';
import {routes} from './routes.ts';
import {assertSameOrigin} from './same-origin.ts';
import {cookiesOf, createSessionTable} from './session-table.ts';
import {createSocketDoor} from './stream.ts';
import {createStreams} from './streams.ts';
import type {Window, WindowPage} from './window.ts';

export type Needs = {
	readonly desks: readonly MarketDesk[];
	/** The market's time: gates, and what messages say. */
	readonly clock: Clock;
	/** What waits, rates and tokens are measured by, where the market's time runs faster than the world's. @default clock */
	readonly transportClock?: Pick<Clock, 'monotonicMs' | 'sleep'>;
	readonly random: Random;
	readonly logger: Logger;
	readonly tokens: readonly StaticToken[];
	/** Who signed the text by EIP-191; undefined if the signature does not hold. */
	readonly recoverMessageSigner: (message: string, signature: string) => Promise<string | undefined> | string | undefined;
	/** Why no orders are taken now, as a sentence; undefined if they are. @default always well */
	readonly illness?: () => string | undefined;
	/** The agent itself, for its pages. @default only the markets are served */
	readonly window?: Window | undefined;
};

export type ServerOptions = {
	readonly host: string;
	/** 0: any free one. */
	readonly port: number;
	/** Hosts, with the port where it is not 443 or 80, that wallets may sign in to. @default host:port, localhost:port */
	readonly signInDomains?: readonly string[];
	/** Origins whose pages may ask; '*' for all. @default none */
	readonly origins?: readonly string[];
	/** The proxy in front is believed when it says whom it speaks for: of what stands in X-Forwarded-For the last, which it wrote itself. @default false */
	readonly trustProxy?: boolean;
	readonly limits?: Partial<ApiLimits>;
};

export type ApiServer = {
	readonly port: number;
	readonly [Symbol.asyncDispose]: () => Promise<void>;
};

/** `isMore`: the first of what this request costs was charged before. */
type Charge = (caller: Caller, cost: Cost, amount: number, isMore?: boolean) => void;

type Serving = {
	readonly context: Context;
	readonly charge: Charge;
	readonly replies: ReturnType<typeof createReplies>;
	readonly streams: ReturnType<typeof createStreams>;
	readonly pulse: AgentPulse | undefined;
	/** What fails from here on fails because we close. */
	readonly closing: AbortSignal;
	readonly logger: Logger;
};

/** Listens once it resolves. Fails with PORT_TAKEN, and with a RangeError for more markets or tokens than it can have. */
export async function openApiServer(needs: Needs, options: ServerOptions): Promise<ApiServer> {
	const {random, logger, tokens, window} = needs;
	const {monotonicMs, sleep} = needs.transportClock ?? needs.clock;
	const clock: Clock = {nowMs: needs.clock.nowMs, monotonicMs, sleep};
	if (tokens.length > staticTokensMax) throw new RangeError(`there are at most ${staticTokensMax} configured tokens, not ${tokens.length}`);
	for (const {name, sha256} of tokens)
		if (!/^[0-9a-f]{64}$/.test(sha256)) throw new RangeError(`token ${name} has no SHA-256 of 64 hexadecimal digits`);
	const limits: ApiLimits = {...defaultLimits, ...options.limits};
	const desks = createDesks(needs.desks);
	const closing = new AbortController();
	const feeds = new Map(desks.all.map(desk => [desk.view().id, createFeed(desk, limits.recentEventsMax)]));
	let port = 0;
	let receiptWaits = 0;
	const context: Context = {
		desks,
		access: createAccess({clock, random, limits, tokens}),
		check: createCheck(),
		clock,
		limits,
		feedOf: id => feeds.get(id)!,
		recoverMessageSigner: needs.recoverMessageSigner,
		domains: () => options.signInDomains ?? [`${options.host}:${port}`, `localhost:${port}`],
		receiptWaits: {
			take: () => {
				if (receiptWaits >= limits.receiptWaitsMax) return false;
				receiptWaits += 1;
				return true;
			},
			give: () => {
				receiptWaits -= 1;
			},
		},
		illness: needs.illness ?? (() => undefined),
		agent: window && {window, sessions: createSessionTable({people: window.people, clock, random}), gate: createPasswordGate(clock)},
	};
	const streams = createStreams(closing.signal, limits);
	const serving: Serving = {
		context,
		charge: createCharge(clock, limits),
		replies: createReplies(clock, limits),
		streams,
		pulse:
			window &&
			createAgentPulse({
				pulse: window.pulse,
				clock,
				limits,
				// One person may have many pages open.
				streams: createStreams(closing.signal, {streamsMax: limits.pagesMax, streamsPerCallerMax: limits.pagesMax / 2}),
				logger,
			}),
		closing: closing.signal,
		logger,
	};
	const app = createApp(serving, options);
	app.server.maxConnections = limits.connectionsMax;
	limitConnectionsPerAddress(app, limits.connectionsPerAddressMax);
	const sockets = createSocketDoor({
		context,
		streams: serving.streams,
		logger,
		charge: serving.charge,
		callerOf: request => callerByToken(serving, request.headers.authorization, remoteOf(request)),
	});
	app.server.on('upgrade', sockets.upgrade);
	try {
		await app.listen({host: options.host, port: options.port});
	} catch (error) {
		await app.close();
		throw new AgentError('PORT_TAKEN', `cannot listen on ${options.host}:${options.port}`, {cause: error});
	}
	const bound = app.server.address();
	port = typeof bound === 'object' && bound !== null ? bound.port : options.port;
	logger.log('info', 'api listens', {host: options.host, port, markets: desks.all.length});
	return {
		port,
		[Symbol.asyncDispose]: async () => {
			closing.abort();
			sockets.close();
			serving.pulse?.stop();
			for (const feed of feeds.values()) feed.stop();
			await app.close();
		},
	};
}

/** Only a request for a socket is an upgrade: Java's and curl's offers of HTTP/2 are answered over HTTP/1.1 as if they had not been made [RFC 9110 §7.8]. */
class WebSocketRequest extends IncomingMessage {
	/** Set by the constructor of the base, before a field of ours could have a value. */
	declare asksUpgrade: boolean | null;

	get upgrade(): boolean | null {
		return this.asksUpgrade === true ? this.headers.upgrade?.toLowerCase() === 'websocket' : this.asksUpgrade;
	}

	set upgrade(isUpgrade: boolean | null) {
		this.asksUpgrade = isUpgrade;
	}
}

/** KNOWN GAP: sockets behind a trusted proxy are all counted under the proxy's address, unless they bring a token. */
function remoteOf(request: IncomingMessage): string {
	return request.socket.remoteAddress ?? '';
}

function createCharge(clock: Clock, limits: ApiLimits): Charge {
	const rates: Readonly<Record<Cost, ReturnType<typeof createRate>>> = {
		request: createRate(clock, limits.requestsPerSecond, limits.requestsBurst, limits.callersMax),
		write: createRate(clock, limits.writesPerSecond, limits.writesBurst, limits.callersMax),
		'sign-in': createRate(clock, limits.signInsPerSecond, limits.signInsBurst, limits.callersMax),
	};
	const bursts: Readonly<Record<Cost, number>> = {request: limits.requestsBurst, write: limits.writesBurst, 'sign-in': limits.signInsBurst};
	return (caller, cost, amount, isMore = false) => {
		// Who has saved up all that he can gets through with the dearest request.
		const waitMs = rates[cost].take(caller.key, isMore ? Math.min(amount, bursts[cost] - 1) : amount);
		if (waitMs === undefined) return;
		const retryAfterS = Math.ceil(waitMs / 1000);
		throw new Problem('rate-limited', `too many of these requests; the next may come in ${retryAfterS} s`, {retryAfterS});
	};
}

/** One address, or one home with 2^64 of them, must not keep everybody else out. */
function limitConnectionsPerAddress(app: FastifyInstance, most: number): void {
	const counts = new Map<string, number>();
	app.server.on('connection', (socket: Socket) => {
		const address = networkOf(socket.remoteAddress ?? '');
		const count = (counts.get(address) ?? 0) + 1;
		if (count > most) {
			socket.destroy();
			return;
		}
		counts.set(address, count);
		socket.once('close', () => {
			const left = counts.get(address)! - 1;
			if (left === 0) counts.delete(address);
			else counts.set(address, left);
		});
	});
}

function createApp(serving: Serving, options: ServerOptions): FastifyInstance {
	const {limits} = serving.context;
	const app = fastify({
		logger: false,
		bodyLimit: limits.bodyBytesMax,
		requestTimeout: limits.requestTimeoutMs,
		keepAliveTimeout: limits.keepAliveTimeoutMs,
		connectionTimeout: limits.stillTimeoutMs,
		// What is still open is cut when we close: a client resumes elsewhere.
		forceCloseConnections: true,
		http: {
			maxHeaderSize: limits.headerBytesMax,
			headersTimeout: limits.headersTimeoutMs,
			// Else Node looks at these times twice a minute.
			connectionsCheckingInterval: Math.min(1000, limits.headersTimeoutMs),
			IncomingMessage: WebSocketRequest,
		},
		// Whoever speaks to the proxy can write names in front of the one that it adds.
		trustProxy: options.trustProxy === true && ((_address, hop) => hop === 0),
		exposeHeadRoutes: true,
		return503OnClosing: false,
		onProtoPoisoning: 'error',
		onConstructorPoisoning: 'remove',
		routerOptions: {caseSensitive: true, ignoreTrailingSlash: false, maxParamLength: 256},
		clientErrorHandler: (error, socket) => {
			if (!socket.writable || (socket as Socket).bytesWritten > 0) socket.destroy();
			else socket.end(rawProblem(problemOfError({...error, statusCode: 400}).code));
		},
		frameworkErrors: (error, request, reply) => void sendProblem(reply, error, serving, request),
	});
	// JSON and nothing else; a body that is not wanted is refused as well as one that cannot be read.
	app.removeAllContentTypeParsers();
	app.addContentTypeParser('application/json', {parseAs: 'string'}, (_request, text, done) => {
		// An empty body is none: a DELETE may carry its signature in a header.
		if (text === '') return done(null, undefined);
		app.getDefaultJsonParser('error', 'remove')(_request, text as string, (error, value) => done(error && notJson(text as string), value));
	});
	app.setErrorHandler((error, request, reply) => sendProblem(reply, error, serving, request));
	const methodsAt = createMethodsAt();
	app.setNotFoundHandler((request, reply) => {
		const path = request.url.split('?')[0]!;
		const shown = `${request.method} ${path.slice(0, 200)}`;
		const allow = methodsAt(path);
		const problem =
			allow.length === 0
				? new Problem('not-found', `there is no ${shown}; ${descriptionPath} says what there is`)
				: new Problem('method-not-allowed', `there is no ${shown}, but ${allow.join(', ')}`, {allow});
		return sendProblem(reply, problem, serving, request);
	});
	const origins = options.origins ?? [];
	if (origins.length > 0) allowOrigins(app, origins);
	const description = `${JSON.stringify(openApi(routes), null, '\t')}\n`;
	const pages: ReadonlyMap<string, WindowPage> = serving.context.agent?.window.pages ?? new Map();
	const first = pages.get('/');
	app.addHook('onRequest', (_request, reply, done) => {
		reply.headers(safetyHeaders);
		done();
	});
	const sendStart = (reply: FastifyReply): FastifyReply =>
		reply
			.headers({'cache-control': 'public, max-age=60', link: `<${descriptionPath}>; rel="service-desc"`})
			.type('application/json; charset=utf-8')
			.send(`${JSON.stringify(start, null, '\t')}\n`);
	for (const path of startPaths)
		app.get(path, (request, reply) => {
			// Who has the address alone: a browser is shown the pages, all else where to go on.
			if (path !== '/' || first === undefined) return sendStart(reply);
			varyBy(reply, 'accept');
			return request.headers.accept?.includes('text/html') === true ? sendPage(request, reply, first) : sendStart(reply);
		});
	// Every page has its own path here, and there is no other way to a file: nothing that is asked for becomes the name of one.
	for (const [path, page] of pages) if (path !== '/') app.get(path, (request, reply) => sendPage(request, reply, page));
	// Where share links lead, if there is no page for them alone.
	if (first !== undefined && !pages.has(sharePath)) app.get(sharePath, (request, reply) => sendPage(request, reply, first));
	const docs = docsPage(JSON.parse(description) as Record<string, unknown>);
	app.get(docsPath, (_request, reply) =>
		reply
			.headers({'cache-control': 'public, max-age=60', 'content-security-policy': pagePolicy})
			.type('text/html; charset=utf-8')
			.send(docs),
	);
	app.get(docsStylePath, (_request, reply) =>
		reply.header('cache-control', 'public, max-age=60').type('text/css; charset=utf-8').send(docsStyle),
	);
	app.get(descriptionPath, (_request, reply) =>
		reply.header('cache-control', 'public, max-age=60').type('application/json; charset=utf-8').send(description),
	);
	for (const route of routes) addRoute(app, route, serving);
	return app;
}

const descriptionPath = '/v1/openapi.json';
const sharePath = '/share';
const docsPath = '/v1/docs';
const docsStylePath = '/v1/docs.css';
const startPaths = ['/', '/v1', '/v1/'];

/** With every answer: no guessing of types, no frame around it, no address of ours told to others. */
const safetyHeaders = {
	'x-content-type-options': 'nosniff',
	'x-frame-options': 'DENY',
	'referrer-policy': 'no-referrer',
	'cross-origin-resource-policy': 'same-origin',
} as const;

/** One more header of the request that the answer depends on [RFC 9110 §12.5.5]. */
function varyBy(reply: FastifyReply, header: string): void {
	const before = reply.getHeader('vary');
	reply.header('vary', before === undefined ? header : `${String(before)}, ${header}`);
}

function sendPage(request: FastifyRequest, reply: FastifyReply, page: WindowPage): FastifyReply {
	const {bytes, headers} = answerPage(page, request.headers);
	varyBy(reply, 'accept-encoding');
	reply.headers(headers);
	return bytes === undefined ? reply.code(statuses.notModified).send() : reply.send(bufferOf(bytes));
}

/** A view of the same bytes, as the library wants them. */
function bufferOf({buffer, byteOffset, byteLength}: Uint8Array): Buffer {
	return Buffer.from(buffer, byteOffset, byteLength);
}

/** For whoever has the address and nothing else. */
const start = {
	service: 'Kedge agent',
	openapi: descriptionPath,
	docs: docsPath,
	asyncapi: '/v1/asyncapi.json',
	agent: '/v1/agent',
	markets: '/v1/markets',
	checkpoint: '/checkpoint',
};

/** Why a text that could not be read as a body's JSON was not. */
function notJson(text: string): Problem {
	try {
		JSON.parse(text);
	} catch {
		return new Problem('malformed', 'the body is no JSON text');
	}
	return new Problem('malformed', 'the body has a member __proto__, which is not taken');
}

/** Says which methods a path has; none for one that there is not. */
function createMethodsAt(): (path: string) => readonly string[] {
	const known = [
		...routes.map(({method, path, isStream, isAtRoot}) => ({
			methods: method === 'GET' && isStream !== true ? ['GET', 'HEAD'] : [method],
			pattern: new RegExp(
				`^${isAtRoot === true ? '' : '/v1'}${path
					.replaceAll('.', '\\.')
					.replaceAll(/\{\w+\}/g, '[^/]+')
					.replaceAll(/\{\w+\*\}/g, '.+')}$`,
			),
		})),
		...[...startPaths, descriptionPath, docsPath, docsStylePath].map(path => ({
			methods: ['GET', 'HEAD'],
			pattern: new RegExp(`^${path.replaceAll('.', '\\.')}$`),
		})),
	];
	return path => [...new Set(known.filter(({pattern}) => pattern.test(path)).flatMap(({methods}) => methods))].sort();
}

function addRoute(app: FastifyInstance, route: Route, serving: Serving): void {
	const callers = new WeakMap<FastifyRequest, Caller>();
	app.route({
		method: route.method,
		url: `${route.isAtRoot === true ? '' : '/v1'}${route.path.replaceAll(/\{(\w+)\}/g, ':$1').replaceAll(/\{\w+\*\}/g, '*')}`,
		exposeHeadRoute: route.isStream !== true,
		// Before the body is read: who may not ask costs us no more than his headers.
		onRequest: async request => {
			callers.set(request, await admit(request, route, serving));
		},
		handler: (request, reply) => serve(request, reply, route, callers.get(request)!, serving),
	});
}

/** Throws `unauthorised`, and counts that as a request from the address: tokens are not to be guessed as fast as a line carries them. */
function callerByToken({context, charge}: Pick<Serving, 'context' | 'charge'>, authorization: string | undefined, remote: string): Caller {
	try {
		return context.access.callerOf(authorization, remote);
	} catch (error) {
		charge(context.access.callerOf(undefined, remote), 'request', 1);
		throw error;
	}
}

async function admit(request: FastifyRequest, route: Route, {context, charge}: Serving): Promise<Caller> {
	const {accept, authorization, cookie} = request.headers;
	const known = authorization === undefined && cookie !== undefined ? await context.agent?.sessions.callerOf(cookiesOf(cookie)) : undefined;
	const caller = known ?? callerByToken({context, charge}, authorization, request.ip);
	// Sign-ins are counted by the address, whoever it is that signs in once more.
	charge(route.cost === 'sign-in' ? context.access.callerOf(undefined, request.ip) : caller, route.cost, 1);
	// A trusted proxy says by which name it was asked.
	const asked = {...request.headers, host: request.host};
	if (route.isSignIn === true) assertSameOrigin(asked, true);
	else if (caller.isByCookie === true && route.method !== 'GET') assertSameOrigin(asked, false);
	if (!isAcceptable(accept, mediaTypesOf(route))) throw new Problem('not-acceptable', `there is ${mediaTypesOf(route).join(' and ')}`);
	assertMay(caller, route);
	return caller;
}

function mediaTypesOf({answers}: Route): readonly string[] {
	return Array.isArray(answers.ok) ? (answers.ok as readonly string[]).map(type => type.split(';')[0]!) : ['application/json'];
}

/** [RFC 9110 §12.5.1] without weights: what is named at all can be taken. */
function isAcceptable(accept: string | undefined, offered: readonly string[]): boolean {
	if (accept === undefined || accept.includes('*/*')) return true;
	const named = accept.split(',', 32).map(one => one.split(';')[0]!.trim().toLowerCase());
	return offered.some(type => named.includes(type) || named.includes(`${type.split('/')[0]}/*`));
}

async function serve(request: FastifyRequest, reply: FastifyReply, route: Route, caller: Caller, serving: Serving): Promise<FastifyReply> {
	const {context, charge, replies} = serving;
	const {query, headers} = request;
	const params = paramsOf(route, request.params as Record<string, string>);
	const body: unknown = request.body;
	const isShort = Number(headers['content-length'] ?? Number.POSITIVE_INFINITY) <= thoroughBodyBytesMax;
	checkRequest(route, {params, query, body, isShort}, context);
	const slots = isForRoles(route) ? 0 : rangeOf(query);
	if (slots >= slotsPerRequest) charge(caller, route.cost, Math.floor(slots / slotsPerRequest), true);
	const weight = route.weight?.(query as never) ?? 1;
	if (weight > 1) charge(caller, route.cost, Math.ceil(weight) - 1, true);
	if (route.cost === 'write') {
		// The first was paid when the request came.
		const more = weightOf(body) - 1;
		if (more > 0) charge(caller, 'write', more, true);
	}
	if (route.id === 'agentEvents') {
		if (serving.pulse === undefined) throw new Problem('not-found', 'only a market is served here');
		const begin = serving.pulse.enter(caller, () => mayStill(request, route, caller, serving));
		reply.hijack();
		begin(startEventStream(reply));
		return reply;
	}
	if (route.isStream === true) {
		const begin = await beginEvents({query: query as object, headers, caller, context, streams: serving.streams});
		reply.hijack();
		begin(startEventStream(reply));
		return reply;
	}
	const asked = {
		params,
		query,
		body,
		caller,
		headers,
		isShort,
		context,
		remote: request.ip,
		isSecure: request.protocol === 'https',
	} as never;
	const key = route.idempotency === undefined ? undefined : idempotencyKeyOf(headers, route, caller);
	if (key === undefined) return send(request, reply, route, await route.handle(asked));
	const claimed = replies.claim(key, toHex(nodeHasher.sha256(utf8(`${request.method} ${request.url}\n${JSON.stringify(body)}`))));
	if (claimed === 'mismatch') throw new Problem('idempotency-mismatch', 'this key came before with another request');
	if (claimed === 'in-flight')
		throw new Problem('idempotency-in-flight', 'the request with this key is still being worked on', {retryAfterS: 1});
	if (claimed !== 'new') return reply.code(claimed.status).headers(claimed.headers).send(claimed.text);
	try {
		const answer = await route.handle(asked);
		const written = write(reply, route, answer);
		replies.keep(key, written);
		return reply.code(written.status).headers(written.headers).send(written.text);
	} catch (error) {
		replies.drop(key);
		throw error;
	}
}

/** The router calls what may hold slashes *. */
function paramsOf({path}: Route, params: Record<string, string>): Record<string, string> {
	const name = /\{(\w+)\*\}/.exec(path)?.[1];
	if (name === undefined) return params;
	const {'*': rest = '', ...others} = params;
	return {...others, [name]: rest};
}

/** Whether whoever began a stream may still listen: the same one, since behind a session that is over a browser may have the cookie of a share. */
async function mayStill(request: FastifyRequest, route: Route, {key}: Caller, {context}: Serving): Promise<boolean> {
	const {authorization, cookie} = request.headers;
	const caller =
		authorization === undefined
			? await context.agent?.sessions.callerOf(cookiesOf(cookie))
			: context.access.callerOf(authorization, request.ip);
	if (caller?.key !== key) return false;
	assertMay(caller, route);
	return true;
}

function checkRequest(
	route: Route,
	{params, query, body, isShort}: {readonly params: unknown; readonly query: unknown; readonly body: unknown; readonly isShort: boolean},
	{check}: Context,
): void {
	const wrongPath = route.params === undefined ? [] : check.query(route.params, params);
	if (wrongPath.length > 0)
		throw new Problem('malformed', `the path does not fit: ${wrongPath[0]!.pointer} ${wrongPath[0]!.detail}`, {errors: wrongPath});
	const wrongQuery = route.query === undefined ? [] : check.query(route.query, query);
	if (wrongQuery.length > 0)
		throw new Problem('malformed', `the query does not fit: ${wrongQuery[0]!.pointer} ${wrongQuery[0]!.detail}`, {errors: wrongQuery});
	if (route.body !== undefined && route.method === 'POST' && body === undefined)
		throw new Problem('malformed', 'the body is empty: this request takes a JSON document');
	if (route.body === undefined || route.checksBody === true) return;
	if (body === undefined && route.method !== 'POST') return;
	const wrong = check.body(route.body, body, isShort);
	if (wrong.length > 0)
		throw new Problem('malformed', `the body does not fit: ${wrong[0]!.pointer || 'it'} ${wrong[0]!.detail}`, {errors: wrong});
}

/** Slots that are looked at for the price of one request. */
const slotsPerRequest = 8;

/** How many slots a query reaches over. */
function rangeOf(query: unknown): number {
	const {from, to} = query as {readonly from?: unknown; readonly to?: unknown};
	return typeof from === 'number' && typeof to === 'number' ? Math.max(0, to - from) : 0;
}

/** How many orders or hashes a body holds. */
function weightOf(body: unknown): number {
	const {orders, hashes} = (typeof body === 'object' && body !== null ? body : {}) as {
		readonly orders?: unknown;
		readonly hashes?: unknown;
	};
	const list = orders ?? hashes;
	return Array.isArray(list) ? list.length : 1;
}

function idempotencyKeyOf(headers: FastifyRequest['headers'], route: Route, caller: Caller): string | undefined {
	const given = headerOf(headers, 'idempotency-key');
	if (given === undefined) {
		if (route.idempotency === 'required') throw new Problem('idempotency-missing', 'this request needs the header Idempotency-Key');
		return undefined;
	}
	// The draft writes it as a quoted text; most clients leave the quotes out.
	if (!/^"?[A-Za-z0-9._:-]{1,64}"?$/.test(given))
		throw new Problem('malformed', 'the header Idempotency-Key is not 1 to 64 letters, digits, dots, colons, hyphens or underscores');
	return `${caller.key}\n${given.replaceAll('"', '')}`;
}

type Written = {readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly text: string};

const cacheControls = {
	final: 'public, max-age=31536000, immutable',
	'final-own': 'private, max-age=31536000, immutable',
	public: 'public, max-age=2',
	own: 'private, no-store',
} as const;

/** The answer as text, by the route's schema. */
function write(reply: FastifyReply, route: Route, answer: Reply): Written {
	const schema = answer.schema ?? route.answers[answer.kind === 'unwell' ? 'ok' : answer.kind];
	const text = answer.text ?? (reply.compileSerializationSchema(schema as never) as unknown as (body: unknown) => string)(answer.body);
	const next = (answer.body as {readonly next?: unknown} | undefined)?.next;
	const cache = answer.cache ?? 'own';
	return {
		status: statuses[answer.kind],
		headers: {
			'content-type': answer.mediaType ?? 'application/json; charset=utf-8',
			'cache-control': cacheControls[cache],
			...(cache.startsWith('final') ? {etag: etagOf(utf8(text))} : {}),
			...(typeof next === 'string' ? {link: `<${nextLink(reply.request.url, next)}>; rel="next"`} : {}),
			...answer.headers,
		},
		text,
	};
}

function nextLink(url: string, cursor: string): string {
	const [path, query] = url.split('?', 2);
	const parameters = new URLSearchParams(query);
	parameters.set('cursor', cursor);
	return `${path}?${parameters}`;
}

function send(request: FastifyRequest, reply: FastifyReply, route: Route, answer: Reply): FastifyReply {
	if (answer.cookies !== undefined) reply.header('set-cookie', [...answer.cookies]);
	if (answer.file !== undefined)
		return reply
			.code(statuses[answer.kind])
			.headers({'cache-control': cacheControls.own, ...answer.headers})
			.type(answer.mediaType ?? 'application/octet-stream')
			.send(createReadStream(answer.file.path));
	if (answer.bytes !== undefined) {
		const {bytes, cache = 'own', headers = {}} = answer;
		return reply
			.code(statuses[answer.kind])
			.headers({'cache-control': cacheControls[cache], ...headers})
			.type(answer.mediaType ?? 'application/octet-stream')
			.send(bufferOf(bytes));
	}
	const {status, headers, text} = write(reply, route, answer);
	const {etag} = headers;
	if (etag !== undefined && isNamed(headerOf(request.headers, 'if-none-match'), etag))
		return reply.code(statuses.notModified).headers({etag, 'cache-control': headers['cache-control']!}).send();
	return reply.code(status).headers(headers).send(text);
}

/** Problems of ours and of the library alike; what is our own fault is written down, and told in no detail. */
function sendProblem(reply: FastifyReply, error: unknown, {logger, closing}: Serving, request: FastifyRequest): FastifyReply {
	const problem = problemOfError(error);
	if (problem.code === 'internal' && !closing.aborted)
		logger.log('error', 'request failed', {
			method: request.method,
			path: request.url.split('?')[0]!.slice(0, 200),
			error: describeError(error),
		});
	const body = problemBody(problem);
	const {retryAfterS, allow} = problem.members;
	if (allow !== undefined) reply.header('allow', allow.join(', '));
	if (retryAfterS !== undefined) reply.header('retry-after', String(retryAfterS));
	if (problem.code === 'unauthorised') reply.header('www-authenticate', 'Bearer');
	return reply.code(body.status).header('cache-control', 'no-store').type(problemMediaType).send(JSON.stringify(body));
}

function startEventStream(reply: FastifyReply): ServerResponse {
	const response = reply.raw;
	response.writeHead(statuses.ok, {
		...(reply.getHeaders() as Record<string, string>),
		'content-type': 'text/event-stream; charset=utf-8',
		'cache-control': 'no-store',
		// Proxies would hold events back.
		'x-accel-buffering': 'no',
	});
	response.flushHeaders();
	return response;
}

/** Lets pages of these origins ask [Fetch §3.2], without credentials: what a cookie opens is for our own pages. */
function allowOrigins(app: FastifyInstance, origins: readonly string[]): void {
	const allowed = (origin: string | undefined): string | undefined =>
		origin === undefined ? undefined : origins.includes('*') ? '*' : origins.includes(origin) ? origin : undefined;
	app.addHook('onRequest', (request, reply, done) => {
		varyBy(reply, 'origin');
		const origin = allowed(request.headers.origin);
		if (origin !== undefined)
			reply.headers({
				'access-control-allow-origin': origin,
				'access-control-expose-headers': 'allow, etag, link, location, retry-after, settled-to',
			});
		done();
	});
	app.options('/v1/*', (request, reply) => {
		if (allowed(request.headers.origin) !== undefined)
			reply.headers({
				'access-control-allow-methods': 'GET, POST, DELETE',
				'access-control-allow-headers':
					'authorization, content-type, idempotency-key, last-event-id, if-none-match, order-cancellation, delegation-revocation',
				'access-control-max-age': '600',
			});
		return reply.code(statuses.noContent).send();
	});
}
