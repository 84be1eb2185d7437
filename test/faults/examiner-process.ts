// Takes one job after the other from its parent: examines a log, or first lets its agent live again and then examines it.

import {systemClock} from '../../agent/base/clock.ts';
import {describeError} from '../../agent/base/errors.ts';
import {openAccount} from '../../sim/account.ts';
import {type Examination, examine, type Findings, type Head} from './examine.ts';
import {createListener, type Life} from './life.ts';
import {play} from './play.ts';
import {type Shape, scriptOf} from './script.ts';

/** What is left of a scripted agent, and what its first life is known to have answered and shown. */
export type Remains = {
	readonly folder: string;
	readonly accountPath: string;
	readonly shape: Shape;
	readonly seed: string;
	readonly done: readonly number[];
	readonly heads: readonly Head[];
};

export type SecondLife = {
	readonly code: Life['code'];
	readonly ended: boolean;
	readonly answered: number;
	readonly messages: number;
	readonly said: string;
	/** The examination that is due; done already if there are findings. A life that did not end by itself still holds the log: somebody else must look. */
	readonly examination: Examination;
	readonly findings: Findings | undefined;
};

export type Job = {readonly examination: Examination} | {readonly remains: Remains};

/** A life takes two seconds; on a machine that is busy with other things it took thirty. What goes on this long hangs. */
const timeoutMs = 120_000;

/** As a restarted agent hears everything again. Nothing of the first life is in this process: all that it gets is in the folder. */
async function liveAgain({folder, accountPath, shape, seed, done, heads}: Remains): Promise<SecondLife> {
	const listener = createListener();
	let said = '';
	const hear = (line: string): void => {
		said += line;
	};
	const waiting = new AbortController();
	const code = await Promise.race([
		new Promise<number>(resolve => {
			const told = (line: string): void => {
				listener.hear(line);
				hear(`${line}\n`);
			};
			play({folder, shape, seed, life: 'again', say: told, warn: hear, onFailed: () => resolve(4)}).then(
				() => resolve(0),
				error => {
					hear(describeError(error));
					resolve(1);
				},
			);
		}),
		systemClock.sleep(timeoutMs, waiting.signal).then(() => 'hangs' as const),
	]);
	waiting.abort();
	const life = listener.life(code, said);

	const messages = scriptOf(shape, seed).flat();
	const account = openAccount(accountPath);
	let acknowledged = 0;
	for (const [i, message] of messages.entries()) {
		if (message.hostile !== undefined) account.hostile(message);
		else if (!done.includes(i) && !life.done.has(i)) account.uncertain(message);
		else {
			account.acknowledged(message);
			acknowledged += message.readings.length;
		}
	}
	await account[Symbol.asyncDispose]();
	const examination = {folder, accountPath, heads: [...heads, ...life.heads], acknowledged};
	return {
		code,
		ended: life.ended && code === 0,
		answered: life.done.size,
		messages: messages.length,
		said,
		examination,
		findings: life.ended && code === 0 ? await examine(examination) : undefined,
	};
}

process.on('message', (job: Job) => {
	void ('examination' in job ? examine(job.examination) : liveAgain(job.remains)).then(answer => process.send!(answer));
});
