// The gate alone, on a real socket: what it lets through, where it stops reading, and how it gathers what is written.
import {once} from 'node:events';
import {type AddressInfo, connect, createServer, type Socket} from 'node:net';
import test, {type ExecutionContext} from 'ava';
import {LengthGate} from '../../broker/length-gate.ts';
import type {RefusedConnection} from '../../broker/refused-connection.ts';
import {connectPacket, pingPacket, publishPacket, remainingLength} from './wire.ts';

type Pair = {readonly far: Socket; readonly near: Socket; readonly gate: LengthGate};

async function openPair(t: ExecutionContext, pressure: () => Promise<void> | undefined = () => undefined): Promise<Pair> {
	const server = createServer();
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	const taken = once(server, 'connection') as Promise<[Socket]>;
	const far = connect((server.address() as AddressInfo).port, '127.0.0.1');
	const [near] = await taken;
	far.on('error', () => {});
	t.teardown(() => {
		far.destroy();
		near.destroy();
		server.close();
	});
	return {far, near, gate: new LengthGate(near, {connectBytesMax: 64, packetBytesMax: 200}, pressure)};
}

/** Collects all that the gate gives until it closes; the reason if it closed for one. */
async function drain(gate: LengthGate, onBytes: (length: number) => void = () => {}): Promise<{bytes: Buffer; reason: string | undefined}> {
	const chunks: Buffer[] = [];
	let reason: string | undefined;
	gate.on('error', error => {
		reason = (error as RefusedConnection).reason;
	});
	const take = (): void => {
		for (let chunk = gate.read(); chunk !== null; chunk = gate.read()) {
			chunks.push(chunk);
			onBytes(chunk.length);
		}
	};
	gate.on('readable', take);
	take();
	await new Promise<void>(resolve => gate.once('close', () => resolve()));
	return {bytes: Buffer.concat(chunks), reason};
}

const hello = connectPacket({clientId: 'm-1'});

test('packets pass unchanged however they are cut', async t => {
	const stream = Buffer.concat([hello, pingPacket, publishPacket('a', 'x'.repeat(150)), publishPacket('b', ''), pingPacket]);
	for (const step of [1, 2, 3, 7, stream.length]) {
		const {far, gate} = await openPair(t);
		far.setNoDelay(true);
		gate.admit();
		const drained = drain(gate);
		for (let at = 0; at < stream.length; at += step) {
			far.write(stream.subarray(at, at + step));
			await new Promise(setImmediate);
		}
		far.end();
		const {bytes, reason} = await drained;
		t.deepEqual(bytes, stream);
		t.is(reason, undefined);
	}
});

test('a packet of the limit passes, one byte more does not', async t => {
	for (const [length, reason] of [
		[200, undefined],
		[201, 'oversize'],
	] as const) {
		const {far, gate} = await openPair(t);
		const drained = drain(gate);
		far.write(hello);
		while (gate.read() !== null || gate.readableLength > 0) await new Promise(setImmediate);
		gate.admit();
		far.end(publishPacket('a', 'x'.repeat(length - 3 - 5)));
		t.is((await drained).reason, reason);
	}
});

test('lengths that are too long or endless are refused by their header alone', async t => {
	for (const [bytes, reason] of [
		[Buffer.concat([Buffer.from([0x10]), remainingLength(63)]), 'oversize'],
		[Buffer.concat([Buffer.from([0x10]), remainingLength(268_435_455)]), 'oversize'],
		[Buffer.from([0x10, 0x80, 0x80, 0x80, 0x80]), 'malformed-length'],
		[Buffer.from([0x30]), 'not-connect'],
		[Buffer.from([0x11]), 'not-connect'],
	] as const) {
		const {far, gate} = await openPair(t);
		const drained = drain(gate);
		far.write(bytes);
		t.is((await drained).reason, reason);
	}
});

test('after CONNECT nothing is read until the sender is admitted', async t => {
	const {far, near, gate} = await openPair(t);
	let seen = 0;
	const drained = drain(gate, length => {
		seen += length;
	});
	far.write(hello);
	while (seen < hello.length) await new Promise(setImmediate);
	far.end(Buffer.concat([pingPacket, pingPacket]));
	await once(near, 'readable');
	t.is(gate.read(), null);
	t.is(seen, hello.length);
	gate.admit();
	t.is((await drained).bytes.length, hello.length + 4);
});

test('while there is no room the socket holds a bounded number of bytes, and they come when there is', async t => {
	let release = (): void => {};
	let wait: Promise<void> | undefined = new Promise(resolve => {
		release = resolve;
	});
	const {far, near, gate} = await openPair(t, () => wait);
	const one = publishPacket('a', 'x'.repeat(150));
	const stream = Buffer.concat([hello, ...Array.from({length: 100_000}, () => one)]);
	let seen = 0;
	gate.admit();
	const drained = drain(gate, length => {
		seen += length;
	});
	// The system's own buffers fill up first: 16 MB are more than they hold.
	far.write(stream);
	let before = -1;
	while (far.bytesWritten - far.writableLength !== before || near.bytesRead === 0) {
		before = far.bytesWritten - far.writableLength;
		for (let i = 0; i < 50; i += 1) await new Promise(setImmediate);
	}
	t.is(seen, 0);
	t.true(near.bytesRead <= 256 * 1024, `${near.bytesRead} bytes read`);
	wait = undefined;
	release();
	far.end();
	t.is((await drained).bytes.length, stream.length);
});

test('what is written while corked leaves in one piece and in order, small and large alike', async t => {
	const {far, near, gate} = await openPair(t);
	const received: Buffer[] = [];
	far.on('data', (chunk: Buffer) => received.push(chunk));
	const parts = [Buffer.from('a'), Buffer.from('b'.repeat(500)), Buffer.from('c'), ...Array.from({length: 700}, () => Buffer.from('dd'))];
	let writes = 0;
	const write = near.write.bind(near) as (chunk: Uint8Array) => boolean;
	near.write = ((chunk: Uint8Array) => {
		writes += 1;
		return write(chunk);
	}) as typeof near.write;
	gate.cork();
	gate.cork();
	for (const part of parts) gate.write(part);
	gate.write('ä', 'utf8');
	gate.uncork();
	gate.uncork();
	near.end();
	await once(far, 'end');
	t.is(Buffer.concat(received).toString(), `${Buffer.concat(parts).toString()}ä`);
	t.true(writes < 8, `${writes} writes`);
});

test('a peer that does not read its answers is not read either', async t => {
	const {far, gate} = await openPair(t);
	gate.admit();
	gate.on('error', () => {});
	far.pause();
	while (gate.write(Buffer.alloc(100_000)));
	far.write(hello);
	for (let i = 0; i < 50; i += 1) await new Promise(setImmediate);
	t.is(gate.read(), null);
	far.resume();
	const drained = drain(gate);
	far.end();
	t.deepEqual((await drained).bytes, hello);
});
