// A process that attacks the embedded broker: strangers, broken frames, broken payloads, and connections that never get on. Counts what was answered or closed.

import {connect, type Socket} from 'node:net';
import {createChance} from '../../sim/seed.ts';
import {PacketCutter, publishPacket, remainingLength} from '../broker/wire.ts';
import {type Login, loginPacket, mutatePacket, mutatePayload, publishedPackets, rightPackets} from './mutate.ts';

export type Payload = {readonly topic: string; readonly text: string};

export type AttackOptions = {
	readonly port: number;
	readonly seed: string;
	/** Packets in all: a twentieth each by strangers and in broken frames, of which a connection takes few, the rest as broken payloads. */
	readonly packets: number;
	/** Devices that lie, with what they would send if they did not. */
	readonly liars: readonly {readonly login: Login; readonly payloads: readonly Payload[]}[];
	/** Addresses of our own: the broker counts connections for each. */
	readonly addresses: readonly string[];
	readonly dataFolder: string;
	/** Half-open and slow connections that are kept up all the while. */
	readonly slow: number;
	readonly slowAddresses: readonly string[];
};

export type AttackCounts = {
	strangers: number;
	frames: number;
	payloads: number;
	/** Connections that were begun, of whatever kind. */
	connections: number;
	slow: number;
	published: number;
};

const strangersAtOnce = 10;
const framesAtOnce = 10;
const payloadConnections = 4;
const payloadsInFlight = 60;
/** No connection of these is waited for longer. */
const patienceMs = 4000;
const slowEveryMs = 1000;

async function attack(options: AttackOptions, tell: (counts: AttackCounts) => void): Promise<AttackCounts> {
	const {port, seed, packets, liars, addresses} = options;
	const published = publishedPackets(options.dataFolder);
	const counts: AttackCounts = {strangers: 0, frames: 0, payloads: 0, connections: 0, slow: 0, published: published.length};
	const chance = createChance(seed, 'attack');
	let stopping = false;

	const open = (from: readonly string[]): Socket => {
		counts.connections += 1;
		const socket = connect({port, host: '127.0.0.1', localAddress: chance.pick(from), noDelay: true});
		socket.on('error', () => {});
		return socket;
	};
	/** Sends bytes and the end behind them; resolves to the packets that came back. */
	const exchange = (bytes: Buffer, from: readonly string[]): Promise<number> =>
		new Promise(resolve => {
			const socket = open(from);
			const cutter = new PacketCutter();
			let answers = 0;
			socket.on('data', (chunk: Buffer) => {
				for (const _ of cutter.cut(chunk)) answers += 1;
			});
			socket.setTimeout(patienceMs, () => socket.destroy());
			socket.once('close', () => resolve(answers));
			socket.end(bytes);
		});

	const rightOf = liars.map(({login, payloads}) => payloads.flatMap(({topic, text}) => rightPackets(login, topic, text)));
	const others = [...rightOf.flat(), ...published];

	const strangers = async (wanted: number): Promise<void> => {
		while (counts.strangers < wanted) {
			const base = chance.happens(0.5) ? chance.pick(others) : loginPacket(chance.pick(liars).login);
			// From all over: an address that fails too often is not even listened to any more.
			const address = `127.${chance.between(1, 200)}.${chance.between(0, 255)}.${chance.between(1, 254)}`;
			await exchange(mutatePacket(base, chance, others), [address]);
			counts.strangers += 1;
		}
	};
	const frames = async (wanted: number): Promise<void> => {
		while (counts.frames < wanted) {
			const which = chance.between(0, liars.length - 1);
			const right = rightOf[which]!;
			const body = Array.from({length: 8}, () => {
				const base = chance.happens(0.2) && published.length > 0 ? chance.pick(published) : chance.pick(right);
				return chance.happens(0.7) ? mutatePacket(base, chance, others) : base;
			});
			const answers = await exchange(Buffer.concat([loginPacket(liars[which]!.login, `/${chance.word()}`), ...body]), addresses);
			// CONNACK is no answer to any of them; what was answered was taken, and one more ended it.
			counts.frames += Math.max(1, answers);
		}
	};
	const payloads = async (wanted: number): Promise<void> => {
		while (counts.payloads < wanted) {
			await new Promise<void>(resolve => {
				const liar = chance.pick(liars);
				const socket = open(addresses);
				const cutter = new PacketCutter();
				let packetId = 0;
				const send = (count: number): void => {
					const chunks: Buffer[] = [];
					for (let i = 0; i < count; i += 1) {
						const {topic, text} = chance.pick(liar.payloads);
						packetId = (packetId % 0xffff) + 1;
						// Now and then a topic of somebody else.
						const to = chance.happens(0.05) ? chance.pick(chance.pick(liars).payloads).topic : topic;
						chunks.push(
							publishPacket(to, mutatePayload(text, chance, others).subarray(0, 60_000), {id: packetId, dup: chance.happens(0.1)}),
						);
					}
					socket.write(Buffer.concat(chunks));
				};
				socket.on('data', (chunk: Buffer) => {
					let room = 0;
					for (const bytes of cutter.cut(chunk)) {
						if (bytes[0] === 0x20) room += payloadsInFlight;
						else if (bytes[0] === 0x40) {
							counts.payloads += 1;
							room += 1;
						}
					}
					if (counts.payloads >= wanted) socket.destroy();
					else if (room > 0) send(room);
				});
				socket.setTimeout(4 * patienceMs, () => socket.destroy());
				socket.once('close', () => resolve());
				socket.write(loginPacket(liar.login, `/p${chance.word()}`));
			});
		}
	};

	/** Three kinds, each for as long as the broker lets it: says nothing, a byte a second of CONNECT, a byte a second of a PUBLISH. */
	const slow = async (index: number): Promise<void> => {
		const {login, payloads: own} = liars[index % liars.length]!;
		const kind = index % 3;
		const hello = loginPacket(login, `/s${index}`);
		const {topic, text} = own[0]!;
		const trickle = kind === 0 ? Buffer.alloc(0) : kind === 1 ? hello : publishPacket(topic, text.repeat(40), {id: 1});
		while (!stopping) {
			await new Promise<void>(resolve => {
				const socket = open(options.slowAddresses.slice(index % options.slowAddresses.length, (index % options.slowAddresses.length) + 1));
				counts.slow += 1;
				if (kind === 2) socket.write(hello);
				let at = 0;
				const timer = setInterval(() => {
					if (stopping) socket.destroy();
					else if (at < trickle.length && socket.writable) socket.write(trickle.subarray(at, ++at));
				}, slowEveryMs);
				socket.resume();
				socket.once('close', () => {
					clearInterval(timer);
					resolve();
				});
			});
			// A connection that is turned away at once is not tried again in a circle.
			await new Promise(resolve => setTimeout(resolve, slowEveryMs));
		}
	};

	const slows = Array.from({length: options.slow}, (_, i) => slow(i));
	const timer = setInterval(() => tell(counts), 500);
	const few = Math.ceil(packets / 20);
	await Promise.all([
		...Array.from({length: strangersAtOnce}, () => strangers(few)),
		...Array.from({length: framesAtOnce}, () => frames(few)),
		...Array.from({length: payloadConnections}, () => payloads(packets - 2 * few)),
	]);
	clearInterval(timer);
	stopping = true;
	await Promise.all(slows);
	return counts;
}

/** CONNECTs of 8 MB, as many at once as told, each as far as the broker lets it. Resolves to the bytes that could be handed to the system. */
export async function hugeConnects(port: number, count: number, address: string): Promise<number> {
	const body = Buffer.alloc(1024 * 1024, 0x61);
	const head = Buffer.concat([Buffer.from([0x10]), remainingLength(8 * body.length), Buffer.from('00044d5154540402003c', 'hex')]);
	const sent = await Promise.all(
		Array.from(
			{length: count},
			() =>
				new Promise<number>(resolve => {
					const socket = connect({port, host: '127.0.0.1', localAddress: address});
					socket.on('error', () => {});
					socket.setTimeout(patienceMs, () => socket.destroy());
					socket.once('close', () => resolve(socket.bytesWritten));
					socket.write(head);
					for (let i = 0; i < 8; i += 1) socket.write(body);
				}),
		),
	);
	return sent.reduce((sum, bytes) => sum + bytes, 0);
}

if (process.send !== undefined && process.argv[2] === 'attack')
	process.once('message', (options: AttackOptions) => {
		void attack(options, counts => process.send?.({counts, isDone: false})).then(counts => {
			process.send?.({counts, isDone: true}, () => process.exit(0));
		});
	});
