// Debian's Mosquitto, started and stopped by tests, faults and benchmarks.

import {chmodSync, mkdirSync, writeFileSync} from 'node:fs';
import {connect} from 'node:net';
import {join} from 'node:path';
import {systemClock} from '../../agent/base/clock.ts';
import {until} from '../../agent/base/retry.ts';
import {placeOf} from '../faults/packages.ts';
import {type Started, start} from '../faults/process.ts';

export type Mosquitto = {readonly process: () => Started; readonly start: () => Promise<void>};

export type MosquittoOptions = {
	/** Lines of mosquitto.conf for queues and statistics. */
	readonly lines?: readonly string[];
	/** False: sessions are in memory only, and nothing is written while a benchmark runs. @default true */
	readonly isPersistent?: boolean;
};

export const isMosquittoInstalled = (): boolean => placeOf('mosquitto') !== undefined;

/** A broker with a queue that has no end, and a snapshot of it each time that it is stopped. */
export function createMosquitto(folder: string, port: number, options: MosquittoOptions = {}): Mosquitto {
	mkdirSync(folder, {recursive: true});
	chmodSync(folder, 0o700);
	const config = join(folder, 'mosquitto.conf');
	const lines = [
		`listener ${port} 127.0.0.1`,
		'allow_anonymous true',
		'user root',
		...(options.isPersistent === false
			? ['persistence false']
			: ['persistence true', `persistence_location ${folder}/`, 'autosave_interval 2']),
		...(options.lines ?? ['max_queued_messages 0', 'max_inflight_messages 100']),
		'log_type error',
		'log_type warning',
	];
	writeFileSync(config, `${lines.join('\n')}\n`);
	let running: Started | undefined;
	return {
		process: () => running!,
		start: async () => {
			running = start(placeOf('mosquitto')!, ['-c', config]);
			const listens = await until(async () => ((await answers(port)) ? true : undefined), {
				clock: systemClock,
				everyMs: 20,
				timeoutMs: 10_000,
			});
			if (!listens) throw new Error(`Mosquitto does not listen: ${running.said()}`);
		},
	};
}

function answers(port: number): Promise<boolean> {
	return new Promise(resolve => {
		const socket = connect({port, host: '127.0.0.1'});
		socket.once('connect', () => {
			socket.destroy();
			resolve(true);
		});
		socket.once('error', () => resolve(false));
	});
}
