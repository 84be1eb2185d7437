// Stands between a socket and the MQTT library: lets through only packets of bounded length, and nothing while the log has no room.

import type {Socket} from 'node:net';
import {Duplex} from 'node:stream';
import type {Allowance} from './allowance.ts';
import {RefusedConnection} from './refused-connection.ts';

export type GateLimits = {
	readonly connectBytesMax: number;
	readonly packetBytesMax: number;
};

/** undefined: there is room. Else resolves when there is room again. */
type Pressure = () => Promise<void> | undefined;

/** Holds a connection to a rate. */
export type Throttle = {
	readonly allowance: Allowance;
	readonly sleep: (durationMs: number, signal: AbortSignal) => Promise<void>;
	/** Called for each wait. */
	readonly onWait: () => void;
};

const connectByte = 0x10;
const publishType = 3;

/** Writes up to this size are gathered, so that the acknowledgements of one commit leave in one system call. */
const gatheredBytesMax = 64;
const gatherLength = 1024;

/**
 * The library parses a packet only once all of it has arrived, whatever its length says, before authentication too [aedes #831, #1086]; so lengths are checked here,
 * from the fixed headers alone, without touching bodies.
 *
 * Nothing is buffered in between: `read` takes what the socket holds (Node stops reading from the system at about 64 KiB), so that not reading is the
 * back-pressure; it also keeps a device to its rate. Both directions therefore bypass the buffers of Duplex, which is here for `destroy`, for its events, and because
 * the library asks for a stream.
 */
export class LengthGate extends Duplex {
	readonly #socket: Socket;
	readonly #limits: GateLimits;
	readonly #pressure: Pressure;
	/** connect: the first packet is not complete. waiting: it is, and nothing more is read until `admit`. open: admitted. */
	#stage: 'connect' | 'waiting' | 'open' = 'connect';
	/** True while a promise of `pressure` is awaited. */
	#held = false;
	/** Bytes of the current packet's body that are still to come. */
	#bodyLeft = 0;
	/** Bytes of the current fixed header seen so far: 0 to 4. */
	#headerLength = 0;
	#remainingLength = 0;
	#throttle: Throttle | undefined;
	/** PUBLISH packets that may pass before the allowance is asked again; below zero: packets that passed before it was known who is there. */
	#paid = 0;
	/** Ends the wait of a throttled connection that has closed. */
	#gone: AbortController | undefined;
	#corks = 0;
	#gathered: Buffer | undefined;
	#gatheredLength = 0;

	constructor(socket: Socket, limits: GateLimits, pressure: Pressure) {
		super({allowHalfOpen: false});
		this.#socket = socket;
		this.#limits = limits;
		this.#pressure = pressure;
		socket.on('readable', () => this.emit('readable'));
		socket.on('drain', () => {
			this.emit('drain');
			this.emit('readable');
		});
		socket.on('timeout', () => this.destroy(new RefusedConnection('idle')));
		socket.on('error', () => this.destroy());
		socket.on('close', () => this.destroy());
	}

	/** Who is there is known: packets after CONNECT may pass, PUBLISH no faster than the throttle lets them. */
	admit(throttle?: Throttle): void {
		this.#throttle = throttle;
		if (this.#paid < 0) throttle?.allowance.reserve(-this.#paid);
		this.#paid = 0;
		this.#stage = 'open';
		this.emit('readable');
	}

	override read(size?: number): Buffer | null {
		// Streams probe with 0; to take bytes for that would lose them.
		if (size === 0 || this.#stage === 'waiting' || this.#held || this.destroyed) return null;
		// A peer that does not read its acknowledgements gets no more of them to keep: `drain` goes on.
		if (this.#socket.writableNeedDrain) return null;
		const wait = this.#pressure();
		if (wait !== undefined) {
			this.#hold(wait);
			return null;
		}
		const chunk = this.#take();
		if (chunk === null) return null;
		const passing = this.#inspect(chunk);
		if (typeof passing === 'string') {
			// The good packets in front of the bad one go with it: they were not acknowledged, so the device still holds them.
			this.destroy(new RefusedConnection(passing));
			return null;
		}
		if (passing === chunk.length) return chunk;
		// What must wait goes back to where it came from: while it lies there, the socket neither ends nor reads more than it may.
		this.#socket.unshift(chunk.subarray(passing));
		return passing === 0 ? null : chunk.subarray(0, passing);
	}

	/** All that the socket holds. From Node 26 on `read` gives one piece of it, and the library, which asks once for each `readable`, would wait for ever for the rest. */
	#take(): Buffer | null {
		const first: Buffer | null = this.#socket.read();
		if (first === null || this.#socket.readableLength === 0) return first;
		const pieces = [first];
		for (let next: Buffer | null = this.#socket.read(); next !== null; next = this.#socket.read()) pieces.push(next);
		return Buffer.concat(pieces);
	}

	/** Whether a PUBLISH may pass; if not, the gate holds until it may. */
	#mayPublish(): boolean {
		if (this.#throttle === undefined) {
			if (this.#stage === 'waiting') this.#paid -= 1;
			return true;
		}
		if (this.#paid > 0) {
			this.#paid -= 1;
			return true;
		}
		const {allowance, sleep, onWait} = this.#throttle;
		const waitMs = allowance.reserve(allowance.step);
		this.#paid = allowance.step;
		if (waitMs <= 0) {
			this.#paid -= 1;
			return true;
		}
		onWait();
		this.#gone ??= new AbortController();
		this.#hold(sleep(waitMs, this.#gone.signal));
		return false;
	}

	#hold(wait: Promise<void>): void {
		this.#held = true;
		const goOn = (): void => {
			this.#held = false;
			if (!this.destroyed) this.emit('readable');
		};
		wait.then(goOn, goOn);
	}

	/** Walks over the fixed headers [MQTT 3.1.1 §2.2]. Gives how many bytes may pass, or the reason to close the connection. */
	#inspect(chunk: Buffer): number | 'oversize' | 'malformed-length' | 'not-connect' {
		let at = 0;
		while (at < chunk.length) {
			if (this.#bodyLeft > 0) {
				const taken = Math.min(this.#bodyLeft, chunk.length - at);
				this.#bodyLeft -= taken;
				at += taken;
				if (this.#bodyLeft === 0) this.#endPacket();
				continue;
			}
			const byte = chunk[at]!;
			if (this.#headerLength === 0 && byte >> 4 === publishType && !this.#mayPublish()) return at;
			at += 1;
			if (this.#headerLength === 0) {
				// [MQTT-3.1.0-1]
				if (this.#stage === 'connect' && byte !== connectByte) return 'not-connect';
				this.#headerLength = 1;
				this.#remainingLength = 0;
				continue;
			}
			this.#remainingLength += (byte & 0x7f) * 128 ** (this.#headerLength - 1);
			this.#headerLength += 1;
			if (byte > 0x7f) {
				// [MQTT 3.1.1 §2.2.3] Four bytes at most.
				if (this.#headerLength > 4) return 'malformed-length';
				continue;
			}
			const bytesMax = this.#stage === 'connect' ? this.#limits.connectBytesMax : this.#limits.packetBytesMax;
			if (this.#headerLength + this.#remainingLength > bytesMax) return 'oversize';
			this.#headerLength = 0;
			this.#bodyLeft = this.#remainingLength;
			if (this.#bodyLeft === 0) this.#endPacket();
		}
		return at;
	}

	#endPacket(): void {
		if (this.#stage === 'connect') this.#stage = 'waiting';
	}

	override cork(): void {
		this.#corks += 1;
	}

	override uncork(): void {
		this.#corks -= 1;
		if (this.#corks === 0) this.#flush();
	}

	override write(chunk: Uint8Array | string, encoding?: BufferEncoding | ((error?: Error | null) => void)): boolean {
		if (this.destroyed) return true;
		const bytes = typeof chunk === 'string' ? Buffer.from(chunk, typeof encoding === 'string' ? encoding : 'utf8') : chunk;
		if (bytes.length > gatheredBytesMax) {
			this.#flush();
			this.#socket.write(bytes);
		} else {
			if (this.#gatheredLength + bytes.length > gatherLength) this.#flush();
			this.#gathered ??= Buffer.allocUnsafe(gatherLength);
			for (let i = 0; i < bytes.length; i += 1) this.#gathered[this.#gatheredLength + i] = bytes[i]!;
			this.#gatheredLength += bytes.length;
		}
		if (this.#corks === 0) this.#flush();
		return !this.#socket.writableNeedDrain;
	}

	#flush(): void {
		if (this.#gathered === undefined) return;
		const gathered = this.#gathered.subarray(0, this.#gatheredLength);
		this.#gathered = undefined;
		this.#gatheredLength = 0;
		if (!this.destroyed) this.#socket.write(gathered);
	}

	override _read(): void {
		// `read` takes from the socket itself.
	}

	override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
		this.#gone?.abort();
		this.#socket.destroy();
		callback(error);
	}
}
