// How many signed orders the market's HTTP door takes in a second, singly and in batches, on connections that are kept.
import {fork} from 'node:child_process';
import {connect} from 'node:net';
import {fileURLToPath} from 'node:url';
import {createMemoryDesk} from '../api/world.ts';
import type {Bench, Figure} from './figure.ts';

const example = createMemoryDesk({unsigned: true}).sign('anna');

let orders = 0;

/** An order that was never sent before. */
function nextOrder(): string {
	orders += 1;
	return JSON.stringify({...example, salt: `0x${orders.toString(16).padStart(64, '0')}`});
}

function nextRequest(perRequest: number): string {
	const body = perRequest === 1 ? nextOrder() : `{"orders":[${Array.from({length: perRequest}, nextOrder).join(',')}]}`;
	return `POST /v1/orders?receipt=link HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}

/** Sends requests one after the other on one connection until the time is over; gives how long each took, in ms. */
function run(port: number, perRequest: number, untilMs: number): Promise<number[]> {
	return new Promise((resolve, reject) => {
		const socket = connect({port, host: '127.0.0.1', noDelay: true});
		const tookMs: number[] = [];
		let sentMs = 0;
		let got = '';
		const send = (): void => {
			if (performance.now() >= untilMs) {
				socket.end();
				resolve(tookMs);
				return;
			}
			const text = nextRequest(perRequest);
			sentMs = performance.now();
			socket.write(text);
		};
		socket.setEncoding('latin1');
		socket.on('connect', send);
		socket.on('error', reject);
		socket.on('data', (text: string) => {
			got += text;
			const headEnd = got.indexOf('\r\n\r\n');
			if (headEnd < 0) return;
			const length = Number(/content-length: (\d+)/i.exec(got)?.[1]);
			if (got.length < headEnd + 4 + length) return;
			const isTaken = perRequest === 1 ? got.startsWith('HTTP/1.1 201') : got.includes(`"accepted":${perRequest},"refused":0`);
			if (!isTaken) {
				reject(new Error(got.slice(0, 600)));
				return;
			}
			tookMs.push(performance.now() - sentMs);
			got = '';
			send();
		});
	});
}

type Measured = {readonly cpuS: number; readonly residentBytes: number};

export const bench: Bench = async ({quick, say}) => {
	const durationMs = quick ? 2000 : 8000;
	const figures: Figure[] = [];
	for (const {connections, perRequest} of [
		{connections: 1, perRequest: 1},
		{connections: 32, perRequest: 1},
		{connections: 4, perRequest: 50},
		{connections: 4, perRequest: 500},
	]) {
		const child = fork(fileURLToPath(new URL('./http-server.js', import.meta.url)));
		const heard = <T>(): Promise<T> => new Promise(resolve => child.once('message', message => resolve(message as T)));
		const {port} = await heard<{readonly port: number}>();
		await Promise.all(Array.from({length: connections}, () => run(port, perRequest, performance.now() + durationMs / 4)));
		child.send('cpu');
		const before = await heard<Measured>();
		const began = performance.now();
		const all = await Promise.all(Array.from({length: connections}, () => run(port, perRequest, began + durationMs)));
		const seconds = (performance.now() - began) / 1000;
		child.send('cpu');
		const after = await heard<Measured>();
		child.disconnect();
		const tookMs = all.flat().sort((a, b) => a - b);
		const name = perRequest === 1 ? `single orders, ${connections} connections` : `batches of ${perRequest}, ${connections} connections`;
		say(`${name}: ${tookMs.length} requests`);
		const figure = (what: string, value: number, unit: string, target?: Figure['target']): void => {
			figures.push({name: `${name}: ${what}`, value, unit, target});
		};
		figure('rate', (tookMs.length * perRequest) / seconds, 'orders/s', {atLeast: 1000});
		figure('answered, median', tookMs[Math.floor(tookMs.length / 2)]!, 'ms');
		figure('answered, 99 %', tookMs[Math.floor(tookMs.length * 0.99)]!, 'ms');
		figure('processor of the door', ((after.cpuS - before.cpuS) * 1e6) / (tookMs.length * perRequest), 'µs/order');
	}
	return figures;
};
