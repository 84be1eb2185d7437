// Stands between the connection to a broker and MQTT.js: takes the messages out and acknowledges them, and hands the library only the rest.

import {Duplex, type Writable} from 'node:stream';
import {PublishCutter, type Published} from './publish-cutter.ts';

export type BrokerStreamOptions = {
	readonly protocolVersion: 4 | 5;
	/** As in publish-cutter.ts. */
	readonly packetBytesMax: number;
	readonly skimmedBytesMax: number;
	/** Called in order of arrival. */
	readonly onMessage: (message: Published, stream: BrokerStream) => void;
	/** False: the message at hand waits until `goOn`, and so does everything behind it. Asked before each message. */
	readonly mayTake: () => boolean;
	/** Called once, before MQTT.js hears of the end. With a problem if the broker sent what cannot be understood. */
	readonly onEnd: (problem: string | undefined) => void;
};

const connackType = 2;
const acknowledgeBytes = 4;
/** Read while a message waits; the rest is left to the system, and so to the broker. */
const aheadBytesMax = 65_536;
/** Acknowledgements that leave in one write. */
const gatheredMax = 1024;

/**
 * MQTT.js takes a message in its turn, one commit after the other; after a reconnect it acknowledges what came before on the connection that never delivered it; it takes
 * a packet of any length into memory; and it goes on with a stream that it could not parse [all seen with 5.16.0; test/workarounds.test.ts]. So it gets to see no
 * message at all: CONNECT, SUBSCRIBE, PINGREQ, TLS, WebSockets and reconnecting are its work, messages and their acknowledgements are ours.
 */
export class BrokerStream extends Duplex {
	readonly #inner: Duplex;
	readonly #options: BrokerStreamOptions;
	readonly #cutter: PublishCutter;
	/** The library's parser. */
	#sink: Writable | undefined;
	#isAccepted = false;
	#isPumping = false;
	/** The message that waits. */
	#held: Published | undefined;
	/** What came behind it. */
	readonly #ahead: Buffer[] = [];
	#problem: string | undefined;
	#gathered: Buffer | undefined;
	#gatheredLength = 0;

	constructor(inner: Duplex, options: BrokerStreamOptions) {
		super({allowHalfOpen: false, decodeStrings: true});
		this.#inner = inner;
		this.#options = options;
		this.#cutter = new PublishCutter(options);
		inner.on('readable', () => this.goOn());
		inner.on('drain', () => this.goOn());
		inner.on('end', () => this.destroy());
		inner.on('close', () => this.destroy());
		inner.on('error', error => this.destroy(error));
	}

	/** The library pipes what comes into its parser; it is written there packet by packet, so that what the parser throws is caught. */
	override pipe<T extends NodeJS.WritableStream>(destination: T): T {
		this.#sink = destination as unknown as Writable;
		return destination;
	}

	/** Reads on, as far as `mayTake` lets. */
	goOn(): void {
		if (this.#isPumping) return;
		this.#isPumping = true;
		try {
			// A broker that does not read its acknowledgements gets no more of them to keep.
			while (!this.destroyed && !this.#inner.writableNeedDrain) {
				if (this.#held !== undefined) {
					if (!this.#options.mayTake()) {
						this.#readAhead();
						return;
					}
					const message = this.#held;
					this.#held = undefined;
					this.#options.onMessage(message, this);
					continue;
				}
				const cut = this.#cutter.next();
				if (cut === undefined) {
					const chunk = this.#ahead.shift() ?? (this.#inner.read() as Buffer | null);
					if (chunk === null) return;
					this.#cutter.feed(chunk);
				} else if (cut.kind === 'malformed') this.#fail(cut.problem);
				else if (cut.kind === 'other') this.#hand(cut.type, cut.bytes);
				else if (this.#isAccepted) this.#held = cut.publish;
				else this.#fail('a message comes before CONNACK');
			}
		} finally {
			this.#isPumping = false;
		}
	}

	/** A connection that ends shows it only to whoever reads to its end. */
	#readAhead(): void {
		let bytes = this.#ahead.reduce((sum, {length}) => sum + length, 0);
		while (bytes < aheadBytesMax) {
			const chunk = this.#inner.read() as Buffer | null;
			if (chunk === null) return;
			this.#ahead.push(chunk);
			bytes += chunk.length;
		}
	}

	#hand(type: number, bytes: Buffer): void {
		if (!this.#isAccepted) {
			// [MQTT-3.2.0-1]
			if (type !== connackType) {
				this.#fail(`a packet of type ${type} comes before CONNACK`);
				return;
			}
			this.#isAccepted = connackCode(bytes) === 0;
		}
		try {
			this.#sink?.write(bytes);
		} catch (error) {
			this.#fail(error instanceof Error ? error.message : String(error));
		}
	}

	/** Closes the connection for something that the broker sent. */
	#fail(problem: string): void {
		this.#problem ??= problem;
		this.destroy();
	}

	/** PUBACK at QoS 1, PUBREC at QoS 2. Those of one turn leave in one write. */
	acknowledge(qos: 1 | 2, packetId: number): void {
		if (this.destroyed) return;
		if (this.#gathered === undefined) {
			this.#gathered = Buffer.allocUnsafe(gatheredMax * acknowledgeBytes);
			queueMicrotask(() => this.#flush());
		}
		const at = this.#gatheredLength;
		this.#gathered[at] = qos === 1 ? 0x40 : 0x50;
		this.#gathered[at + 1] = 2;
		this.#gathered[at + 2] = packetId >> 8;
		this.#gathered[at + 3] = packetId & 0xff;
		this.#gatheredLength = at + acknowledgeBytes;
		if (this.#gatheredLength === this.#gathered.length) this.#flush();
	}

	#flush(): void {
		if (this.#gathered === undefined) return;
		const gathered = this.#gathered.subarray(0, this.#gatheredLength);
		this.#gathered = undefined;
		this.#gatheredLength = 0;
		if (!this.#inner.destroyed) this.#inner.write(gathered);
	}

	override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
		// What the library writes is a few small packets: they are not waited for, so that no acknowledgement gets into the middle of one.
		this.#inner.write(chunk);
		callback();
	}

	override _writev(chunks: readonly {readonly chunk: Buffer}[], callback: (error?: Error | null) => void): void {
		this.#inner.write(Buffer.concat(chunks.map(({chunk}) => chunk)));
		callback();
	}

	override _final(callback: (error?: Error | null) => void): void {
		this.#inner.end();
		callback();
	}

	override _read(): void {
		// Nobody reads from here: see `pipe`.
	}

	override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
		this.#options.onEnd(this.#problem);
		// What was acknowledged before is said before.
		this.#flush();
		this.#inner.destroy();
		callback(error);
	}
}

/** Behind the fixed header, whose length may take several bytes with MQTT 5, and one byte of flags. */
function connackCode(bytes: Buffer): number | undefined {
	let at = 1;
	while (bytes[at]! > 0x7f) at += 1;
	return bytes[at + 2];
}
