// MQTT 3.1.1 as bytes, by hand, so that tests can also send what no library would.

import {once} from 'node:events';
import {connect, type Socket} from 'node:net';
import {type ConnectionOptions, connect as connectTls} from 'node:tls';

const text = (value: string | Buffer): Buffer => {
	const bytes = Buffer.from(value);
	return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
};

export const remainingLength = (length: number): Buffer => {
	const bytes: number[] = [];
	let left = length;
	do {
		const digit = left % 128;
		left = Math.floor(left / 128);
		bytes.push(left > 0 ? digit | 128 : digit);
	} while (left > 0);
	return Buffer.from(bytes);
};

export const packet = (firstByte: number, ...body: readonly Buffer[]): Buffer => {
	const whole = Buffer.concat(body);
	return Buffer.concat([Buffer.from([firstByte]), remainingLength(whole.length), whole]);
};

export type ConnectOptions = {
	readonly clientId: string | Buffer;
	readonly username?: string;
	readonly password?: string;
	readonly clean?: boolean;
	readonly keepaliveS?: number;
	readonly version?: number;
	readonly will?: {readonly topic: string | Buffer; readonly payload: string; readonly qos?: number; readonly retain?: boolean};
};

export const connectPacket = (options: ConnectOptions): Buffer => {
	const {will, username, password} = options;
	let flags = options.clean === false ? 0 : 2;
	if (will !== undefined) flags |= 4 | ((will.qos ?? 0) << 3) | (will.retain ? 32 : 0);
	if (password !== undefined) flags |= 64;
	if (username !== undefined) flags |= 128;
	const keepaliveS = options.keepaliveS ?? 60;
	return packet(
		0x10,
		text('MQTT'),
		Buffer.from([options.version ?? 4, flags, keepaliveS >> 8, keepaliveS & 255]),
		text(options.clientId),
		...(will === undefined ? [] : [text(will.topic), text(will.payload)]),
		...(username === undefined ? [] : [text(username)]),
		...(password === undefined ? [] : [text(password)]),
	);
};

export type PublishOptions = {readonly qos?: number; readonly id?: number; readonly dup?: boolean; readonly retain?: boolean};

export const publishPacket = (topic: string | Buffer, payload: string | Buffer, options: PublishOptions = {}): Buffer => {
	const {qos = 1, id = 1} = options;
	return packet(
		0x30 | (qos << 1) | (options.dup ? 8 : 0) | (options.retain ? 1 : 0),
		text(topic),
		qos > 0 ? Buffer.from([id >> 8, id & 255]) : Buffer.alloc(0),
		Buffer.from(payload),
	);
};

export const subscribePacket = (id: number, ...filters: readonly (string | Buffer)[]): Buffer =>
	packet(0x82, Buffer.from([id >> 8, id & 255]), ...filters.flatMap(filter => [text(filter), Buffer.from([1])]));

export const pubackPacket = (id: number): Buffer => Buffer.from([0x40, 2, id >> 8, id & 255]);
export const pingPacket = Buffer.from([0xc0, 0]);
export const disconnectPacket = Buffer.from([0xe0, 0]);

/** Cuts a stream of bytes into whole packets. */
export class PacketCutter {
	#rest: Buffer = Buffer.alloc(0);

	*cut(chunk: Buffer): Generator<Buffer> {
		this.#rest = Buffer.concat([this.#rest, chunk]);
		for (;;) {
			let length = 0;
			let at = 1;
			for (; at < this.#rest.length && at <= 4; at += 1) {
				length += (this.#rest[at]! & 127) * 128 ** (at - 1);
				if (this.#rest[at]! < 128) break;
			}
			const end = at + 1 + length;
			if (at >= this.#rest.length || this.#rest.length < end) return;
			yield this.#rest.subarray(0, end);
			this.#rest = this.#rest.subarray(end);
		}
	}
}

/** A connection that sends bytes and hands out the packets that come back. */
export class RawClient {
	readonly socket: Socket;
	readonly #packets: Buffer[] = [];
	#wake: () => void = () => {};
	#ended = false;

	private constructor(socket: Socket) {
		this.socket = socket;
		const cutter = new PacketCutter();
		socket.on('data', (chunk: Buffer) => {
			this.#packets.push(...cutter.cut(chunk));
			this.#wake();
		});
		socket.on('error', () => {});
		socket.on('close', () => {
			this.#ended = true;
			this.#wake();
		});
	}

	static async open(port: number): Promise<RawClient> {
		const socket = connect({port, host: '127.0.0.1', noDelay: true});
		const client = new RawClient(socket);
		await once(socket, 'connect');
		return client;
	}

	/** Trusts what `options.ca` says, for the name localhost. */
	static async openTls(port: number, options: ConnectionOptions): Promise<RawClient> {
		const socket = connectTls({port, host: '127.0.0.1', servername: 'localhost', ...options});
		const client = new RawClient(socket);
		await once(socket, 'secureConnect');
		return client;
	}

	send(...packets: readonly Buffer[]): void {
		this.socket.write(Buffer.concat(packets));
	}

	/** Packets that came and were not taken. */
	get untaken(): number {
		return this.#packets.length;
	}

	/** The next packet as hex; undefined once the connection has closed. */
	async next(): Promise<string | undefined> {
		for (;;) {
			const first = this.#packets.shift();
			if (first !== undefined) return first.toString('hex');
			if (this.#ended) return undefined;
			await new Promise<void>(resolve => {
				this.#wake = resolve;
			});
		}
	}

	/** Everything that still comes until the connection closes. */
	async rest(): Promise<string[]> {
		const all: string[] = [];
		for (let one = await this.next(); one !== undefined; one = await this.next()) all.push(one);
		return all;
	}
}
