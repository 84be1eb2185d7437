// What the ingest benchmark measures, in a process of its own: the agent as it is, the agent acknowledging too early, or an MQTT library alone.

import {readFileSync} from 'node:fs';

export type ServerOptions = {
	/**
	 * agent: the whole agent. early: the same agent, but the broker hears "kept" as soon as admission and the log have taken the arrival; the log still commits.
	 * library: aedes with the same limits and nothing else, acknowledging from memory. reader: the whole agent at a broker of yours. subscriber: MQTT.js at the same
	 * broker, counting messages and nothing else.
	 */
	readonly side: 'agent' | 'early' | 'library' | 'reader' | 'subscriber';
	/** Of the site; unused by the libraries. */
	readonly configPath: string;
	/** For the subscriber. */
	readonly subscribe?: {readonly url: string; readonly clientId: string; readonly topicFilter: string};
};

export type ServerReady = {readonly port: number};
/** Messages that were done with, and when: at every `marksEvery`-th, and at the last. */
export type ServerCount = {readonly count: number; readonly marks: readonly Mark[]; readonly isConnected: boolean};
export type Mark = {readonly count: number; readonly ms: number};
/** `processorMs` is what the process has used of all processors since it began. */
export type ServerMemory = {readonly residentBytes: number; readonly peakBytes: number; readonly processorMs: number};

const marksEvery = 256;

/** Whoever asks from outside is answered late by a process that is busy; so the times are taken inside. */
function createMeter(): {readonly add: () => void; readonly read: () => Pick<ServerCount, 'count' | 'marks'>} {
	const marks: Mark[] = [];
	let count = 0;
	let lastMs = 0;
	return {
		add: () => {
			count += 1;
			lastMs = performance.now();
			if (count % marksEvery === 0) marks.push({count, ms: lastMs});
		},
		read: () => ({count, marks: [...marks, {count, ms: lastMs}]}),
	};
}

type Server = {readonly port: number; readonly count?: () => Promise<ServerCount>; readonly close: () => Promise<void>};

async function openSide(options: ServerOptions): Promise<Server> {
	if (options.side === 'library') return openLibrary();
	if (options.side === 'subscriber') return openSubscriber(options.subscribe!);
	const [{openAgent}, {openSite}, {openBroker}, {createLineLogger}, {keepHeapSmall}] = await Promise.all([
		import('../../agent/main.ts'),
		import('../../agent/site.ts'),
		import('../../broker/broker.ts'),
		import('../../agent/base/logger.ts'),
		import('../../agent/base/heap.ts'),
	]);
	// As `kedge run` does.
	keepHeapSmall();
	const meter = createMeter();
	const agent = await openAgent({
		site: await openSite(options.configPath),
		logger: createLineLogger(line => process.stderr.write(line), 'warn'),
		...(options.side === 'reader'
			? {
					world: {
						openMqttClient: async (needs, clientOptions) =>
							(await import('../../agent/ingest/mqtt-client.ts')).openMqttClient(
								{
									...needs,
									accept: (delivery, done) =>
										needs.accept(delivery, outcome => {
											meter.add();
											done(outcome);
										}),
								},
								clientOptions,
							),
					},
				}
			: {}),
		...(options.side !== 'early'
			? {}
			: {
					world: {
						openBroker: (needs, brokerOptions) =>
							openBroker(
								{
									...needs,
									accept: (delivery, done) => {
										needs.accept(delivery, () => {});
										done('kept');
									},
								},
								brokerOptions,
							),
					},
				}),
	});
	return {
		port: agent.port ?? 0,
		count: async () => ({...meter.read(), isConnected: (await agent.status()).client?.isConnected ?? false}),
		close: () => agent[Symbol.asyncDispose](),
	};
}

/** MQTT.js as its own page shows it, with a session: it acknowledges each message as soon as it has been counted. */
async function openSubscriber({url, clientId, topicFilter}: NonNullable<ServerOptions['subscribe']>): Promise<Server> {
	const {connect} = await import('mqtt');
	const meter = createMeter();
	const client = connect(url, {clientId, clean: false});
	// Before the first read, or what waits in the session is not counted.
	client.on('message', meter.add);
	await new Promise<void>(resolve => client.once('connect', () => resolve()));
	await client.subscribeAsync(topicFilter, {qos: 1});
	return {port: 0, count: async () => ({...meter.read(), isConnected: client.connected}), close: () => client.endAsync()};
}

async function openLibrary(): Promise<Server> {
	const [{Aedes}, {createServer}, {defaultLimits}] = await Promise.all([
		import('aedes'),
		import('node:net'),
		import('../../broker/limits.ts'),
	]);
	const aedes = new Aedes({
		concurrency: defaultLimits.concurrency,
		heartbeatInterval: 60_000,
		connectTimeout: defaultLimits.connectTimeoutMs,
		drainTimeout: defaultLimits.drainTimeoutMs,
		keepaliveLimit: 0,
		queueLimit: defaultLimits.queueLimit,
		maxInflightInbound: defaultLimits.maxInflightInbound,
		maxClientsIdLength: 23,
		maxTopicLevels: defaultLimits.topicLevelsMax,
		trustProxy: false,
		trustedProxies: [],
		authenticate: (_client, _username, _password, done) => done(null, true),
	});
	await aedes.listen();
	const server = createServer({noDelay: true, allowHalfOpen: false}, socket => aedes.handle(socket));
	await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
	const address = server.address();
	return {
		port: typeof address === 'object' && address !== null ? address.port : 0,
		close: async () => {
			const ended = new Promise<void>(resolve => server.close(() => resolve()));
			await new Promise<void>(resolve => aedes.close(() => resolve()));
			await ended;
		},
	};
}

/** maxRSS of a child begins with that of the process that forked it, so the kernel's own page comes first. */
function memory(): ServerMemory {
	let peakBytes = process.resourceUsage().maxRSS * 1024;
	try {
		const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
		if (kilobytes !== undefined) peakBytes = Number(kilobytes) * 1024;
	} catch {
		// Not Linux.
	}
	const {user, system} = process.cpuUsage();
	return {residentBytes: process.memoryUsage.rss(), peakBytes, processorMs: (user + system) / 1000};
}

process.once('message', async (options: ServerOptions) => {
	try {
		const server = await openSide(options);
		process.on('message', (question: 'memory' | 'collected' | 'count' | 'close') => {
			if (question === 'memory' || question === 'collected') {
				// Only where it was started with --expose-gc.
				if (question === 'collected') (globalThis as {gc?: () => void}).gc?.();
				process.send?.(memory());
				return;
			}
			if (question === 'count') {
				void server.count?.().then(count => process.send?.(count));
				return;
			}
			// Ends by itself: a profiler wants to write its file.
			void server.close().then(() => process.disconnect());
		});
		process.send?.({port: server.port} satisfies ServerReady);
	} catch (error) {
		process.stderr.write(`server: ${error instanceof Error ? error.stack : String(error)}\n`);
		process.exit(1);
	}
});
