// Sends signed orders to a market's HTTP interface as fast as it answers, in a process of its own; every one must be acknowledged.

import {Agent, request} from 'node:http';
import {systemClock} from '../../agent/base/clock.ts';
import {type Load, signedOrders} from './market-orders.ts';

const load = JSON.parse(process.argv[2]!) as Load;
const orders = signedOrders(load);
const bodies: string[] = [];
for (let at = 0; at < orders.length; at += load.batch) {
	const part = orders.slice(at, at + load.batch);
	bodies.push(load.batch === 1 ? part[0]! : `{"orders":[${part.join(',')}]}`);
}
const connections = new Agent({keepAlive: true, maxSockets: load.inFlight});
const {hostname, port} = new URL(load.url);

/** Resolves to how many orders were acknowledged. */
function send(body: string): Promise<number> {
	return new Promise((resolve, reject) => {
		const headers = {'content-type': 'application/json', 'content-length': Buffer.byteLength(body)};
		const asked = request({hostname, port, path: '/v1/orders?receipt=link', method: 'POST', agent: connections, headers}, answer => {
			const parts: Buffer[] = [];
			answer.on('data', (part: Buffer) => parts.push(part));
			answer.on('error', reject);
			answer.on('end', () => {
				const text = Buffer.concat(parts).toString();
				const acknowledged = text.split('"acknowledgement"').length - 1;
				if ((answer.statusCode ?? 500) >= 300 || acknowledged < load.batch)
					reject(new Error(`${answer.statusCode}: ${text.slice(0, 1500)}`));
				else resolve(acknowledged);
			});
		});
		asked.on('error', reject);
		asked.end(body);
	});
}

const startedMs = systemClock.monotonicMs();
const tookMs: number[] = [];
let next = 0;
let acknowledged = 0;
await Promise.all(
	Array.from({length: load.inFlight}, async () => {
		while (next < bodies.length) {
			const body = bodies[next]!;
			next += 1;
			const sentMs = systemClock.monotonicMs();
			const taken = await send(body);
			acknowledged += taken;
			tookMs.push(systemClock.monotonicMs() - sentMs);
		}
	}),
);
const seconds = (systemClock.monotonicMs() - startedMs) / 1000;
connections.destroy();
if (acknowledged !== orders.length) throw new Error(`${acknowledged} of ${orders.length} orders were acknowledged`);
tookMs.sort((a, b) => a - b);
process.stdout.write(`${JSON.stringify({orders: acknowledged, seconds, p99Ms: tookMs[Math.floor(tookMs.length * 0.99)]})}\n`);
