// A bare broker on a port of its own, whose acknowledgements a test can hold back, and which can be killed and started again.

import {createServer, type Server, type Socket} from 'node:net';
import {Aedes} from 'aedes';

export type Received = {
	readonly clientId: string;
	readonly username: string | undefined;
	readonly password: string | undefined;
	readonly topic: string;
	readonly payload: string;
	readonly dup: boolean;
	readonly qos: number;
	readonly retain: boolean;
};

export type TestBroker = {
	readonly url: string;
	readonly received: Received[];
	/** Ids of clients that have subscribed to something. */
	readonly subscribed: ReadonlySet<string>;
	/** Ends every connection at once and stops listening, as SIGKILL does. */
	readonly kill: () => Promise<void>;
	/** Listens again on the same port, with nothing remembered. */
	readonly start: () => Promise<void>;
	readonly stop: () => Promise<void>;
};

/** `authorize` decides when a message is acknowledged: resolve to acknowledge it, reject to hang up. */
export async function startBroker(authorize: (message: Received) => Promise<void> = async () => {}): Promise<TestBroker> {
	const received: Received[] = [];
	const subscribed = new Set<string>();
	const sockets = new Set<Socket>();
	let aedes: Aedes | undefined;
	let server: Server | undefined;
	let port = 0;

	const start = async (): Promise<void> => {
		const logins = new Map<string, {username: string | undefined; password: string | undefined}>();
		aedes = await Aedes.createBroker({
			authenticate: (client, username, password, done) => {
				logins.set(client.id, {username, password: password?.toString()});
				done(null, true);
			},
			authorizePublish: (client, packet, done) => {
				const login = logins.get(client!.id);
				const message = {
					clientId: client!.id,
					username: login?.username,
					password: login?.password,
					topic: packet.topic,
					payload: packet.payload.toString(),
					dup: (packet as {dup?: boolean}).dup ?? false,
					qos: packet.qos,
					retain: packet.retain,
				};
				received.push(message);
				authorize(message).then(
					() => done(null),
					(error: unknown) => done(error as Error),
				);
			},
		});
		aedes.on('subscribe', (_subscriptions, client) => subscribed.add(client.id));
		const {handle} = aedes;
		server = createServer(socket => {
			sockets.add(socket);
			socket.on('close', () => sockets.delete(socket));
			socket.on('error', () => {});
			handle(socket);
		});
		await new Promise<void>(resolve => server!.listen(port, '127.0.0.1', resolve));
		port = (server.address() as {port: number}).port;
	};
	const kill = async (): Promise<void> => {
		for (const socket of sockets) socket.destroy();
		await new Promise<void>(resolve => (server === undefined ? resolve() : server.close(() => resolve())));
		await new Promise<void>(resolve => (aedes === undefined ? resolve() : aedes.close(() => resolve())));
		server = undefined;
		aedes = undefined;
	};
	await start();
	return {url: `mqtt://127.0.0.1:${port}`, received, subscribed, kill, start, stop: kill};
}
