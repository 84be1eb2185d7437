// Ports for servers that a test starts, ends and starts again on the same port.

import {createSocket} from 'node:dgram';
import {createSystemRandom} from '../../agent/base/random.ts';
import {refuseTakenPort} from '../../agent/local-chain.ts';

/** Below the ports that a kernel gives to outgoing connections: none of those takes a port while the server on it is down. */
const ports = {first: 20_000, count: 10_000};
let nextPort =
	createSystemRandom()
		.bytes(2)
		.reduce((sum, byte) => sum * 256 + byte, 0) % ports.count;

/**
 * A TCP port of 127.0.0.1 that nobody listens on, and that is this process's until it ends: no other test gets it while the server on it is down. The claim is a UDP
 * socket of the same number, which the kernel gives to one process only and takes back however that ends.
 *
 * @throws Error where none is left
 */
export async function freePort(): Promise<number> {
	for (let tries = 0; tries < ports.count; tries += 1) {
		nextPort = (nextPort + 1) % ports.count;
		const port = ports.first + nextPort;
		const isFree = await refuseTakenPort(port, '--port').then(
			() => true,
			() => false,
		);
		if (isFree && (await claim(port))) return port;
	}
	throw new Error(`no port from ${ports.first} up is free`);
}

function claim(port: number): Promise<boolean> {
	const socket = createSocket('udp4').unref();
	return new Promise(resolve => {
		socket.once('error', () => {
			socket.close();
			resolve(false);
		});
		socket.bind({port, address: '127.0.0.1', exclusive: true}, () => resolve(true));
	});
}
