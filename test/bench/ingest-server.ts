// What the ingest benchmark measures, in a process of its own: the agent as it is, the agent acknowledging too early, or the MQTT library alone.

import {readFileSync} from 'node:fs';

export type ServerOptions = {
	/**
	 * agent: the whole agent. early: the same agent, but the broker hears "kept" as soon as admission and the log have taken the arrival; the log still commits.
	 * library: aedes with the same limits and nothing else, acknowledging from memory.
	 */
	readonly side: 'agent' | 'early' | 'library';
	/** Of the site; unused by the library. */
	readonly configPath: string;
};

export type ServerReady = {readonly port: number};
export type ServerMemory = {readonly residentBytes: number; readonly peakBytes: number};

type Server = {readonly port: number; readonly close: () => Promise<void>};

async function openSide(options: ServerOptions): Promise<Server> {
	if (options.side === 'library') return openLibrary();
	const [{openAgent}, {openSite}, {openBroker}, {createLineLogger}, {keepHeapSmall}] = await Promise.all([
		import('../../agent/main.ts'),
		import('../../agent/site.ts'),
		import('../../broker/broker.ts'),
		import('../../agent/base/logger.ts'),
		import('../../agent/base/heap.ts'),
	]);
	// As `kedge run` does.
	keepHeapSmall();
	const agent = await openAgent({
		site: await openSite(options.configPath),
		logger: createLineLogger(line => process.stderr.write(line), 'warn'),
		...(options.side === 'agent'
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
	return {port: agent.port!, close: () => agent[Symbol.asyncDispose]()};
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
	return {residentBytes: process.memoryUsage.rss(), peakBytes};
}

process.once('message', async (options: ServerOptions) => {
	try {
		const server = await openSide(options);
		process.on('message', (question: 'memory' | 'close') => {
			if (question === 'memory') {
				process.send?.(memory());
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
