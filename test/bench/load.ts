// A fleet of meters in a process of its own: sends over raw sockets, keeps a window full, and measures from the write to the PUBACK.
// It is made to cost little beside what it measures: packets are copies of a template in which a few digits change, and of what comes back only PUBACKs are read.

import {connect, type Socket} from 'node:net';
import {createSimSigner, type SimSigning} from '../../sim/signing.ts';

export type LoadOptions = {
	readonly port: number;
	/** Client ids and user names. */
	readonly devices: readonly string[];
	readonly password: string;
	readonly shape: 'json' | 'senml';
	/** json only: messages that are made, and signed, before the load begins. The measuring ends when one device has no more. */
	readonly prepared?: {readonly perDevice: number; readonly signing: (SimSigning & {readonly seed: string}) | undefined} | undefined;
	/** json only: each device speaks in turn for so many others, whose names are its own with `-` and a number. @default for itself */
	readonly speaksFor?: number | undefined;
	/** Messages that each device has on their way at a time. */
	readonly inFlight: number;
	readonly warmUpMs: number;
	readonly measureMs: number;
	/** The time of each device's first reading, in ms since 1970; each reading has one of its own, later than the one before. */
	readonly startMs: number;
	/** A further connection that subscribes, at QoS 0, to this filter and only counts the bytes that it gets. */
	readonly listener: {readonly username: string; readonly topicFilter: string} | undefined;
};

/** Sent when everybody is connected: the load starts when it is answered. */
export type LoadReady = {readonly ready: true};

export type LoadReport = {
	/** All messages, warm-up and the way out included. */
	readonly acknowledged: number;
	readonly readingsPerMessage: number;
	/** In the measured time only. */
	readonly messagesPerS: number;
	readonly p50Ms: number;
	readonly p99Ms: number;
	readonly maxMs: number;
	/** Messages that came to the listener for each one acknowledged; 0 without a listener. */
	readonly deliveredShare: number;
	/** How busy this process was, of one processor. Near 1 it measures itself. */
	readonly busy: number;
};

export const readingsPerPack = 100;

type Message = {
	/** The whole PUBLISH; the same memory each time. */
	readonly bytes: Buffer;
	/** Fills in the packet id and the next reading. */
	readonly next: (packetId: number) => void;
};

const energyDigits = 8;
const energyStartWh = 12_345_678;

function writeDigits(target: Buffer, at: number, digits: number, value: number): void {
	for (let i = digits - 1, left = value; i >= 0; i -= 1, left = Math.floor(left / 10)) target[at + i] = 0x30 + (left % 10);
}

/** kWh as 12345.678: eight digits around a point. */
function writeKwh(target: Buffer, at: number, energyWh: number): void {
	writeDigits(target, at, energyDigits - 3, Math.floor(energyWh / 1000));
	writeDigits(target, at + energyDigits - 2, 3, energyWh % 1000);
}

function packet(type: number, ...parts: readonly Uint8Array[]): Buffer {
	const body = Buffer.concat(parts);
	const length: number[] = [];
	// [MQTT 3.1.1 §2.2.3]
	for (let left = body.length; length.length === 0 || left > 0; left >>= 7) length.push((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
	return Buffer.concat([Buffer.from([type, ...length]), body]);
}

function textField(text: string): Buffer {
	const bytes = Buffer.from(text);
	return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
}

function publishPacket(topic: string, payload: string): Buffer {
	return packet(0x32, textField(topic), Buffer.from([0, 0]), Buffer.from(payload));
}

/** One reading, as a meter prints it. Each is 1 ms and 1 Wh after the one before. */
function jsonMessage(device: string, startMs: number): Message {
	const payload = `{"at":"${new Date(startMs).toISOString()}","energy_kwh":12345.678}`;
	const bytes = publishPacket(`meters/${device}/energy`, payload);
	const begin = bytes.length - payload.length;
	const timeAt = begin + payload.indexOf(':') + 2;
	const energyAt = begin + payload.lastIndexOf(':') + 1;
	let second = -1;
	let count = 0;
	return {
		bytes,
		next: packetId => {
			const timeMs = startMs + count;
			const newSecond = Math.floor(timeMs / 1000);
			if (newSecond !== second) {
				second = newSecond;
				bytes.write(new Date(second * 1000).toISOString(), timeAt, 'latin1');
			}
			writeDigits(bytes, timeAt + 20, 3, timeMs % 1000);
			writeKwh(bytes, energyAt, (energyStartWh + count) % 10 ** energyDigits);
			bytes.writeUInt16BE(packetId, begin - 2);
			count += 1;
		},
	};
}

/** A SenML pack [RFC 8428 §4.1]: a reading each second, 1 Wh after the one before. */
function senmlMessage(device: string, startMs: number): Message {
	const rest = Array.from({length: readingsPerPack - 1}, (_, i) => `{"n":"energy","t":${i + 1},"v":12345.678}`);
	const startS = Math.floor(startMs / 1000);
	const payload = `[{"bn":"${device}/","bt":${startS},"bu":"kWh","n":"energy","v":12345.678},${rest.join(',')}]`;
	const bytes = publishPacket(`packs/${device}/energy`, payload);
	const begin = bytes.length - payload.length;
	const timeAt = begin + payload.indexOf('"bt":') + 5;
	const energyAt = [...payload.matchAll(/"v":/g)].map(found => begin + found.index + 4);
	let count = 0;
	return {
		bytes,
		next: packetId => {
			writeDigits(bytes, timeAt, 10, startS + count * readingsPerPack);
			for (let i = 0; i < readingsPerPack; i += 1)
				writeKwh(bytes, energyAt[i]!, (energyStartWh + count * readingsPerPack + i) % 10 ** energyDigits);
			bytes.writeUInt16BE(packetId, begin - 2);
			count += 1;
		},
	};
}

/** What one connection sends: the next message with this packet id, good until the next call; undefined when there is no more. */
type Source = {readonly lengthMax: number; readonly next: (packetId: number) => Buffer | undefined};

function createSource(device: string, {shape, startMs, prepared, speaksFor}: LoadOptions): Source {
	if (prepared !== undefined) return preparedSource(device, startMs, prepared);
	const names = speaksFor === undefined ? [device] : Array.from({length: speaksFor}, (_, i) => `${device}-${i}`);
	const messages = names.map(name => (shape === 'json' ? jsonMessage : senmlMessage)(name, startMs));
	let turn = 0;
	return {
		lengthMax: Math.max(...messages.map(({bytes}) => bytes.length)),
		next: packetId => {
			const message = messages[turn]!;
			turn = turn + 1 === messages.length ? 0 : turn + 1;
			message.next(packetId);
			return message.bytes;
		},
	};
}

function preparedSource(device: string, startMs: number, {perDevice, signing}: NonNullable<LoadOptions['prepared']>): Source {
	const signer = signing === undefined ? undefined : createSimSigner(signing.seed, device, signing);
	const head = Buffer.concat([textField(`meters/${device}/energy`), Buffer.from([0, 0])]);
	const packets = Array.from({length: perDevice}, (_, i) => {
		const text = `{"at":"${new Date(startMs + i).toISOString()}","energy_kwh":${((energyStartWh + i) / 1000).toFixed(3)}}`;
		const payload = signer === undefined ? text : signer.sign(text);
		const payloadBytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
		return {bytes: packet(0x32, head, payloadBytes), idBehind: payloadBytes.length + 2};
	});
	let at = 0;
	return {
		lengthMax: Math.max(...packets.map(({bytes}) => bytes.length)),
		next: packetId => {
			const one = packets[at];
			if (one === undefined) return undefined;
			at += 1;
			one.bytes.writeUInt16BE(packetId, one.bytes.length - one.idBehind);
			return one.bytes;
		},
	};
}

/** Latencies in steps of 10 µs up to 5 s: 2 MB, whatever the load. */
function createHistogram(): {readonly add: (ms: number) => void; readonly quantile: (share: number) => number} {
	const stepsPerMs = 100;
	const counts = new Uint32Array(5000 * stepsPerMs);
	let total = 0;
	return {
		add: ms => {
			counts[Math.min(Math.floor(ms * stepsPerMs), counts.length - 1)]! += 1;
			total += 1;
		},
		quantile: share => {
			const wanted = Math.ceil(total * share);
			let seen = 0;
			for (const [step, count] of counts.entries()) {
				seen += count;
				if (seen >= wanted) return (step + 1) / stepsPerMs;
			}
			return 0;
		},
	};
}

function connectPacket(clientId: string, username: string, password: string): Buffer {
	// Level 4, user name, password, clean session, no keep-alive [MQTT 3.1.1 §3.1].
	const head = Buffer.concat([textField('MQTT'), Buffer.from([4, 0b1100_0010, 0, 0])]);
	return packet(0x10, head, textField(clientId), textField(username), textField(password));
}

/** Resolves with the socket once the answer, `length` bytes that begin with `begin`, is there and nothing else. */
function answered(socket: Socket, request: Buffer, length: number, begin: readonly number[]): Promise<void> {
	return new Promise((resolve, reject) => {
		let answer = Buffer.alloc(0);
		const onData = (chunk: Buffer): void => {
			answer = Buffer.concat([answer, chunk]);
			if (answer.length < length) return;
			socket.off('data', onData);
			if (answer.length === length && begin.every((byte, i) => answer[i] === byte)) resolve();
			else reject(new Error(`the broker answered ${answer.toString('hex')}`));
		};
		socket.on('data', onData);
		socket.write(request);
	});
}

async function openConnection(port: number, clientId: string, password: string, fail: (error: Error) => void): Promise<Socket> {
	const socket = connect({port, host: '127.0.0.1', noDelay: true});
	socket.on('error', fail);
	await new Promise<void>(resolve => socket.once('connect', () => resolve()));
	await answered(socket, connectPacket(clientId, clientId, password), 4, [0x20, 2, 0, 0]);
	return socket;
}

async function run(options: LoadOptions, started: Promise<void>, tellReady: () => void): Promise<LoadReport> {
	const {port, devices, password, shape, inFlight} = options;
	const latency = createHistogram();
	let fail: (error: Error) => void = () => {};
	const failed = new Promise<never>((_, reject) => {
		fail = reject;
	});
	let acknowledged = 0;
	let measuring = false;
	let stopping = false;
	/** One for each device: messages sent, and answers to them. */
	const lines: {sent: number; answers: number}[] = [];
	let allIdle: () => void = () => {};
	const lookIfIdle = (): void => {
		if (stopping && lines.every(({sent, answers}) => sent === answers)) allIdle();
	};
	let tellExhausted: () => void = () => {};
	const exhausted = new Promise<void>(resolve => {
		tellExhausted = resolve;
	});
	const drained = new Promise<void>(resolve => {
		allIdle = resolve;
	});

	const startSending = (device: string, socket: Socket, source: Source): void => {
		const sentAtMs = new Float64Array(inFlight);
		const line = {sent: 0, answers: 0};
		lines.push(line);
		/** Bytes of a PUBACK whose rest is still to come. */
		let left: Buffer | undefined;

		const send = (count: number): void => {
			const chunk = Buffer.allocUnsafe(count * source.lengthMax);
			const nowMs = performance.now();
			let length = 0;
			for (let i = 0; i < count; i += 1) {
				const bytes = source.next((line.sent % 0xffff) + 1);
				if (bytes === undefined) {
					tellExhausted();
					break;
				}
				bytes.copy(chunk, length);
				length += bytes.length;
				sentAtMs[line.sent % inFlight] = nowMs;
				line.sent += 1;
			}
			if (length > 0) socket.write(chunk.subarray(0, length));
		};

		socket.on('data', chunk => {
			const bytes = left === undefined ? chunk : Buffer.concat([left, chunk]);
			const nowMs = performance.now();
			let at = 0;
			for (; at + 4 <= bytes.length; at += 4) {
				// One PUBACK for each message, in the order of the messages [MQTT-4.6.0-2].
				if (bytes[at] !== 0x40 || bytes[at + 1] !== 2 || bytes.readUInt16BE(at + 2) !== (line.answers % 0xffff) + 1) {
					fail(new Error(`${device} got ${bytes.toString('hex', at, at + 4)} instead of the PUBACK of message ${line.answers + 1}`));
					return;
				}
				if (measuring) latency.add(nowMs - sentAtMs[line.answers % inFlight]!);
				line.answers += 1;
			}
			acknowledged += at / 4;
			left = at === bytes.length ? undefined : bytes.subarray(at);
			if (!stopping) {
				if (at > 0) send(at / 4);
			} else lookIfIdle();
		});
		send(inFlight);
	};

	const work = async (): Promise<LoadReport> => {
		const sockets: Socket[] = [];
		for (const device of devices) sockets.push(await openConnection(port, device, password, fail));
		let listened = 0;
		let listener: Socket | undefined;
		if (options.listener !== undefined) {
			listener = await openConnection(port, options.listener.username, password, fail);
			const request = packet(0x82, Buffer.from([0, 1]), textField(options.listener.topicFilter), Buffer.from([0]));
			await answered(listener, request, 5, [0x90, 3, 0, 1, 0]);
			listener.on('data', chunk => {
				listened += chunk.length;
			});
		}
		const sources = devices.map(device => createSource(device, options));
		tellReady();
		await started;
		for (const socket of sockets) socket.once('close', () => stopping || fail(new Error('the broker closed a connection')));
		for (const [i, device] of devices.entries()) startSending(device, sockets[i]!, sources[i]!);
		await elapsed(options.warmUpMs);
		measuring = true;
		const before = {ms: performance.now(), acknowledged, listened, cpu: process.cpuUsage()};
		await Promise.race([elapsed(options.measureMs), exhausted]);
		measuring = false;
		const tookMs = performance.now() - before.ms;
		const measured = acknowledged - before.acknowledged;
		const cpu = process.cpuUsage(before.cpu);
		// At QoS 0 a delivery is the message without its two bytes of packet id.
		const deliveryLength = (shape === 'json' ? jsonMessage : senmlMessage)(devices[0]!, options.startMs).bytes.length - 2;
		const delivered = (listened - before.listened) / deliveryLength;
		stopping = true;
		lookIfIdle();
		await drained;
		for (const socket of sockets) socket.destroy();
		listener?.destroy();
		return {
			acknowledged,
			readingsPerMessage: shape === 'json' ? 1 : readingsPerPack,
			messagesPerS: (measured * 1000) / tookMs,
			p50Ms: latency.quantile(0.5),
			p99Ms: latency.quantile(0.99),
			maxMs: latency.quantile(1),
			deliveredShare: delivered / measured,
			busy: (cpu.user + cpu.system) / 1000 / tookMs,
		};
	};
	return Promise.race([failed, work()]);
}

function elapsed(ms: number): Promise<void> {
	return new Promise(resolve => setTimeout(resolve, ms));
}

// The first message says what to do, the second says go.
process.once('message', (options: LoadOptions) => {
	const started = new Promise<void>(resolve => process.once('message', () => resolve()));
	run(options, started, () => process.send?.({ready: true} satisfies LoadReady)).then(
		report => {
			process.send?.(report);
			process.disconnect();
		},
		(error: unknown) => {
			process.stderr.write(`load: ${error instanceof Error ? error.message : String(error)}\n`);
			process.exit(1);
		},
	);
});
