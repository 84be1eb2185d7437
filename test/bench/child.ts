// Processes that benchmarks start and ask, and what they must have left in the log.
import {type ChildProcess, fork} from 'node:child_process';
import {once} from 'node:events';
import {fileURLToPath} from 'node:url';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {entryLength, kinds} from '../../agent/format/entry.ts';
import {openLogReader} from '../../agent/log/reader.ts';

export const programs = {
	server: fileURLToPath(new URL('./ingest-server.js', import.meta.url)),
	load: fileURLToPath(new URL('./load.js', import.meta.url)),
	filler: fileURLToPath(new URL('./devices-filler.js', import.meta.url)),
};

export type Child = {
	readonly ask: <Answer>(question: unknown) => Promise<Answer>;
	readonly ended: Promise<void>;
	readonly kill: () => void;
};

/** A child that answers each message with one. */
export function start(path: string, nodeOptions: readonly string[] = []): Child {
	const child: ChildProcess = fork(path, {execArgv: [...process.execArgv, ...nodeOptions], stdio: ['ignore', 'inherit', 'inherit', 'ipc']});
	const ended = new Promise<void>((resolve, reject) => {
		child.once('error', reject);
		child.once('exit', (code, signal) => {
			if (code === 0) resolve();
			else reject(new Error(`${path} ended with ${signal ?? `exit code ${code}`}`));
		});
	});
	// Whoever asks hears of it; nobody may be asking.
	ended.catch(() => {});
	const neverAnswers = ended.then(() => {
		throw new Error(`${path} ended without an answer`);
	});
	neverAnswers.catch(() => {});
	return {
		ask: async question => {
			const answer = once(child, 'message').then(([message]) => message);
			child.send(question as object);
			return Promise.race([answer, neverAnswers]);
		},
		ended,
		kill: () => child.kill('SIGKILL'),
	};
}

const entriesPerLook = 65_536;

/** A figure counts only if the log holds every acknowledged reading, once. Admission tells repeats and refusals apart, so as many as were sent are all that were sent. */
export async function assertReadings(path: string, wanted: number): Promise<void> {
	await using reader = await openLogReader({path, hasher: nodeHasher});
	const size = (await reader.head())?.size ?? 0;
	let readings = 0;
	for (let begin = 0; begin < size; begin += entriesPerLook) {
		const entries = await reader.entries(begin, Math.min(begin + entriesPerLook, size));
		for (let at = 0; at < entries.length; at += entryLength) if (entries[at] === kinds.reading) readings += 1;
	}
	const counters = await reader.counters();
	if (readings !== wanted || counters.size > 0)
		throw new Error(`${wanted} readings were acknowledged, the log holds ${readings}, and counts ${JSON.stringify([...counters])}`);
}

export function elapsed(ms: number): Promise<void> {
	return new Promise(resolve => setTimeout(resolve, ms));
}
