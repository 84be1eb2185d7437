// A TCP proxy that fails as networks do, and reads along: it knows what a subscriber acknowledged to a broker, on which connection and in what order.

import {type AddressInfo, connect, createServer, type Socket} from 'node:net';
import {systemClock} from '../../agent/base/clock.ts';
import {messageDigest} from '../../sim/account.ts';
import {PacketCutter} from '../broker/wire.ts';

export type Weather = {
	/** Waits before each piece is passed on, in ms. */
	readonly delayMs: number;
	/** 0: as fast as it goes. */
	readonly bytesPerS: number;
	/** Passes nothing on and closes nothing: neither side hears of the other. */
	readonly isSilent: boolean;
};

export const fair: Weather = {delayMs: 0, bytesPerS: 0, isSilent: false};

export type ChaosProxy = {
	readonly port: number;
	readonly setWeather: (weather: Weather) => void;
	/** Breaks every connection without a word. */
	readonly cut: () => void;
	/** Digests of topic and payload of everything that the subscriber sent a PUBACK for. */
	readonly acknowledged: ReadonlySet<string>;
	/** Acknowledgements for what was not delivered on that connection, or out of order [MQTT-4.6.0-2]. */
	readonly problems: string[];
	/** Delivered and not acknowledged, on connections that are open. */
	readonly outstanding: () => number;
	/** Messages delivered, repeats included, and connections. */
	readonly counts: () => {readonly delivered: number; readonly repeated: number; readonly connections: number};
	readonly stop: () => Promise<void>;
};

const pieceBytesMax = 1024;
/** What one direction may hold back before the sender has to wait. */
const heldBytesMax = 64 * 1024;

export async function startChaosProxy(target: number): Promise<ChaosProxy> {
	let weather = fair;
	let weatherChanged: () => void = () => {};
	const acknowledged = new Set<string>();
	const problems: string[] = [];
	const links = new Set<{readonly cut: () => void; readonly waiting: {readonly id: number; readonly digest: string}[]}>();
	const counts = {delivered: 0, repeated: 0, connections: 0};

	const wake = (): Promise<void> => {
		const changed = new Promise<void>(resolve => {
			const before = weatherChanged;
			weatherChanged = () => {
				before();
				resolve();
			};
		});
		return changed;
	};

	/** Carries one direction, piece by piece, in the weather of the moment. */
	const carry = (from: Socket, to: Socket, tap: (chunk: Buffer) => void): void => {
		const pieces: Buffer[] = [];
		let held = 0;
		let carrying = false;
		const work = async (): Promise<void> => {
			carrying = true;
			for (let piece = pieces.shift(); piece !== undefined; piece = pieces.shift()) {
				while (weather.isSilent && !to.destroyed) await wake();
				const {delayMs, bytesPerS} = weather;
				const waitMs = delayMs + (bytesPerS === 0 ? 0 : (piece.length * 1000) / bytesPerS);
				if (waitMs > 0) await systemClock.sleep(waitMs);
				held -= piece.length;
				if (!to.destroyed) to.write(piece);
				if (held < heldBytesMax && from.isPaused()) from.resume();
			}
			carrying = false;
		};
		from.on('data', chunk => {
			tap(chunk);
			// Small pieces only where each one waits.
			const step = weather.bytesPerS > 0 ? pieceBytesMax : chunk.length;
			for (let at = 0; at < chunk.length; at += step) pieces.push(chunk.subarray(at, at + step));
			held += chunk.length;
			if (held >= heldBytesMax) from.pause();
			if (!carrying) void work();
		});
	};

	const server = createServer(subscriber => {
		const broker = connect({port: target, host: '127.0.0.1'});
		const number = ++counts.connections;
		const waiting: {id: number; digest: string}[] = [];
		const cut = (): void => {
			subscriber.destroy();
			broker.destroy();
		};
		const link = {cut, waiting};
		links.add(link);
		for (const socket of [subscriber, broker]) {
			socket.setNoDelay(true);
			socket.on('error', () => {});
			socket.on('close', () => {
				links.delete(link);
				// In silence the other side does not hear of the end either.
				if (!weather.isSilent) cut();
				else void wake().then(cut);
			});
		}
		/** The subscriber speaks MQTT 5, whose PUBLISH has properties in front of the payload. */
		let isFive = false;
		const delivered = new PacketCutter();
		carry(broker, subscriber, chunk => {
			for (const packet of delivered.cut(chunk)) {
				const read = readPublish(packet, isFive);
				if (read === undefined) continue;
				counts.delivered += 1;
				if (read.isRepeat) counts.repeated += 1;
				waiting.push({id: read.id, digest: read.digest});
			}
		});
		const answered = new PacketCutter();
		carry(subscriber, broker, chunk => {
			for (const packet of answered.cut(chunk)) {
				if (packet[0] === 0x10) isFive = packet[behindLength(packet) + 6] === 5;
				if (packet[0] !== 0x40) continue;
				const id = packet.readUInt16BE(2);
				const place = waiting.findIndex(one => one.id === id);
				if (place !== 0)
					problems.push(
						place < 0
							? `connection ${number}: packet id ${id} was acknowledged and never delivered there`
							: `connection ${number}: packet id ${id} was acknowledged before ${place} that came earlier`,
					);
				if (place >= 0) acknowledged.add(waiting.splice(place, 1)[0]!.digest);
			}
		});
	});
	await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
	return {
		port: (server.address() as AddressInfo).port,
		setWeather: next => {
			weather = next;
			const changed = weatherChanged;
			weatherChanged = () => {};
			changed();
		},
		cut: () => {
			for (const link of [...links]) link.cut();
		},
		acknowledged,
		problems,
		outstanding: () => [...links].reduce((sum, {waiting}) => sum + waiting.length, 0),
		counts: () => ({...counts}),
		stop: async () => {
			const closed = new Promise<void>(resolve => server.close(() => resolve()));
			for (const link of [...links]) link.cut();
			await closed;
		},
	};
}

/** Where a packet goes on behind its first byte and its length. */
function behindLength(packet: Buffer): number {
	return behindVariable(packet, 1);
}

/** Behind a number of variable length [MQTT 3.1.1 §2.2.3]. */
function behindVariable(packet: Buffer, begin: number): number {
	let at = begin;
	while (packet[at]! > 127) at += 1;
	return at + 1;
}

/** A PUBLISH at QoS 1 [MQTT 3.1.1 §3.3]; undefined for everything else. */
function readPublish(
	packet: Buffer,
	isFive: boolean,
): {readonly id: number; readonly digest: string; readonly isRepeat: boolean} | undefined {
	if (packet[0]! >> 4 !== 3 || (packet[0]! & 6) !== 2) return undefined;
	const begin = behindLength(packet);
	const topicEnd = begin + 2 + packet.readUInt16BE(begin);
	const topic = packet.toString('utf8', begin + 2, topicEnd);
	let payloadBegin = topicEnd + 2;
	if (isFive) {
		let length = 0;
		const propertiesBegin = behindVariable(packet, payloadBegin);
		for (let at = propertiesBegin - 1; at >= payloadBegin; at -= 1) length = length * 128 + (packet[at]! & 127);
		payloadBegin = propertiesBegin + length;
	}
	return {id: packet.readUInt16BE(topicEnd), digest: messageDigest(topic, packet.subarray(payloadBegin)), isRepeat: (packet[0]! & 8) !== 0};
}
