// The disk of one machine: the real SQLite file, whose operations are done one at a time when the seed says so and end as it says; and the side file.
import {AgentError} from '../../agent/base/errors.ts';
import {type Database, openDatabase, type ProcessLock, type Statements} from '../../agent/base/sqlite.ts';
import {type Checkpoint, parseCheckpoint} from '../../agent/format/checkpoint.ts';
import type {Ballast} from '../../agent/log/ballast.ts';
import type {HeadFile} from '../../agent/log/head-file.ts';
import type {Chance} from '../../sim/seed.ts';
import type {Faults} from './fault.ts';
import type {Life, Loop} from './loop.ts';

export type Disk = {
	/** The text of the side file; undefined if there is none. */
	head: string | undefined;
	/** Virtual time until which somebody else fills the disk, and what is left of it then. */
	shortUntilMs: number;
	shortBytes: number;
	/** Statements that may have changed the database so far. */
	writes: number;
	readonly openDatabase: (life: Life) => typeof openDatabase;
	readonly takeProcessLock: (life: Life) => (path: string) => Promise<ProcessLock>;
	readonly createBallast: (life: Life) => (path: string, bytes: number) => Ballast;
	readonly freeBytes: (life: Life) => () => Promise<number>;
	readonly fileBytes: (life: Life) => (path: string) => Promise<number>;
	/** True if this process has been told twice in a row that there is less room than that: it must be full by now. */
	readonly isKnownShort: (life: Life, floorBytes: number) => boolean;
	readonly createHeadFile: (life: Life) => (path: string) => HeadFile;
	/** Closes what a process that has ended had open. */
	readonly release: (life: Life) => Promise<void>;
};

/** What a test puts in the place of an honest disk. */
export type DiskMutant = {
	/** True: says that this commit is done, and does nothing. */
	readonly dropsCommit?: () => boolean;
	/** Commits are reported done before they are. */
	readonly writesBehind?: boolean;
	/** The side file keeps what it has, and says that it was written. */
	readonly keepsOldHead?: boolean;
};

const plentyBytes = 4 * 1024 ** 3;
/** What the agent's ballast takes; of a disk that is full with it this much can be had back. */
const roomOfBallast = 32 * 1024 * 1024;

/** How a transaction fails before its COMMIT was sent: nothing of it was done. */
const refused = (code: string): AgentError =>
	new AgentError('WRITE_REFUSED', 'SQLite took nothing of a transaction', {cause: failed('transaction', code)});
/** How a single statement fails: nobody knows. */
const unknown =
	(what: string) =>
	(code: string): AgentError =>
		failed(what, code);
const failed = (what: string, code: string): AgentError =>
	new AgentError('SQLITE_FAILED', `SQLite failed: ${what}`, {cause: Object.assign(new Error(code), {code})});

export function createDisk(
	loop: Loop,
	chance: Chance,
	faults: Faults,
	watch: {readonly headWritten: (checkpoint: Checkpoint) => void; readonly headAsked: (life: Life, checkpoint: Checkpoint) => void},
	mutant: DiskMutant = {},
): Disk {
	const opened = new Map<Life, Database[]>();
	let lockedBy: Life | undefined;

	/** Done when the seed says so; never, once the process has ended. */
	const operation = <T>(life: Life, name: string, run: () => Promise<T>): Promise<T> =>
		new Promise((resolve, reject) => {
			loop.soon(life, name, async () => {
				try {
					resolve(await run());
				} catch (error) {
					reject(error as Error);
				}
			});
		});

	/** What is in the ballast is not free. */
	let ballastBytes = 0;
	let walBytes = 0;
	let freeTold = plentyBytes;
	const told = new Map<Life, number[]>();
	const freeNow = (): number =>
		loop.nowMs() < disk.shortUntilMs ? disk.shortBytes + roomOfBallast - ballastBytes : plentyBytes - ballastBytes;
	const isFull = (): boolean => {
		if (freeNow() > 0) return false;
		faults.count('noRoom');
		return true;
	};

	const wrap = (life: Life, real: Database): Database => {
		let tail: Promise<unknown> = Promise.resolve();

		/** One write after the other, as the real one does it. */
		const inTurn = <T>(name: string, notDone: (code: string) => Error, write: () => Promise<T>): Promise<T> => {
			const mine = tail.then(
				() =>
					new Promise<T>((resolve, reject) => {
						loop.soon(life, name, async () => {
							if (isFull()) {
								reject(notDone('SQLITE_FULL'));
								return;
							}
							if (faults.hits('commitNotDone')) {
								reject(notDone('SQLITE_IOERR'));
								return;
							}
							if (mutant.dropsCommit?.() === true) {
								resolve(undefined as T);
								return;
							}
							if (mutant.writesBehind) {
								resolve(undefined as T);
								loop.later(life, 400, `${name} behind`, async () => {
									await write().catch(() => {});
									disk.writes += 1;
								});
								return;
							}
							const value = await write();
							disk.writes += 1;
							walBytes += 24_576;
							const answer = faults.hits('commitButFailed') ? () => reject(failed(name, 'SQLITE_IOERR')) : () => resolve(value);
							if (faults.hits('commitSlow')) loop.soon(life, `${name} answer`, answer);
							else answer();
						});
					}),
			);
			tail = mine.catch(() => {});
			return mine;
		};
		const reading = <T>(name: string, read: () => Promise<T>): Promise<T> =>
			operation(life, name, () => {
				if (faults.hits('readFailed')) throw failed(name, 'SQLITE_IOERR');
				return read();
			});
		const all: Statements['all'] = (sql, parameters) => reading(`read ${labelOf(sql)}`, () => real.all(sql, parameters));
		return {
			all,
			run: (sql, parameters) => inTurn(`run ${labelOf(sql)}`, unknown('run'), () => real.run(sql, parameters)),
			exec: sql => operation(life, 'exec', () => real.exec(sql)),
			transaction: body => inTurn('transaction', refused, () => real.transaction(body)),
			step: (sql, parameters) => inTurn('commit', unknown('commit'), () => real.step(sql, parameters)),
			truncateWal: () => {
				const mine = tail.then(() =>
					operation(life, 'truncate', async () => {
						if (faults.hits('walPinned')) return false;
						walBytes = 0;
						return real.truncateWal();
					}),
				);
				tail = mine.catch(() => {});
				return mine;
			},
			backup: (path, options) => real.backup(path, options),
			[Symbol.asyncDispose]: async () => {
				await tail;
				await operation(life, 'close', async () => {
					await real[Symbol.asyncDispose]();
					const mine = opened.get(life);
					mine?.splice(mine.indexOf(real), 1);
				});
			},
		};
	};

	const disk: Disk = {
		head: undefined,
		shortUntilMs: 0,
		shortBytes: 0,
		writes: 0,
		openDatabase: life => options =>
			operation(life, `open ${options.mode}`, async () => {
				if (faults.hits('openFailed')) throw failed('cannot open', 'SQLITE_IOERR');
				const real = await openDatabase(options);
				opened.set(life, [...(opened.get(life) ?? []), real]);
				return wrap(life, real);
			}),
		takeProcessLock: life => path =>
			operation(life, 'lock', async () => {
				if (lockedBy?.alive) throw new AgentError('LOG_LOCKED', `another process writes here: ${path} is locked`);
				lockedBy = life;
				return {
					[Symbol.asyncDispose]: async () => {
						lockedBy = undefined;
					},
				};
			}),
		createBallast: life => (_path, bytes) => ({
			isMade: () => operation(life, 'ballast look', async () => ballastBytes === bytes),
			make: () =>
				operation(life, 'ballast', async () => {
					if (freeNow() + ballastBytes < bytes) throw new Error('ENOSPC: no space left on device');
					ballastBytes = bytes;
				}),
			drop: () =>
				operation(life, 'ballast drop', async () => {
					ballastBytes = 0;
				}),
		}),
		freeBytes: life => () =>
			operation(life, 'free', async () => {
				freeTold = freeNow();
				return freeTold;
			}),
		fileBytes: life => async path => {
			// How the others grow decides nothing.
			if (!path.endsWith('-wal')) return 0;
			return operation(life, 'length', async () => {
				// Only with both answers the agent has looked.
				told.set(life, [...(told.get(life) ?? []).slice(-1), freeTold]);
				return walBytes;
			});
		},
		isKnownShort: (life, floorBytes) => {
			const last = told.get(life) ?? [];
			return last.length === 2 && last.every(free => free < floorBytes);
		},
		createHeadFile: life => path => ({
			read: () =>
				operation(life, 'head read', async () => {
					if (disk.head === undefined) return undefined;
					if (faults.hits('headUnreadable')) throw new AgentError('FORMAT_INVALID', `cannot read ${path}`);
					const checkpoint = parseCheckpoint(disk.head);
					if (checkpoint === undefined) throw new AgentError('FORMAT_INVALID', `${path} does not hold a checkpoint`);
					return checkpoint;
				}),
			write: checkpoint => {
				watch.headAsked(life, checkpoint);
				return new Promise((resolve, reject) => {
					loop.soon(life, 'head write', () => {
						if (isFull() || faults.hits('headNotDone')) {
							reject(new Error('ENOSPC: no space left on device'));
							return;
						}
						if (mutant.keepsOldHead !== true) disk.head = checkpoint.note;
						watch.headWritten(checkpoint);
						disk.writes += 1;
						const answer = faults.hits('headButFailed') ? () => reject(new Error('EIO: i/o error, fsync')) : () => resolve();
						if (chance.happens(0.2)) loop.soon(life, 'head write answer', answer);
						else answer();
					});
				});
			},
		}),
		release: async life => {
			for (const real of opened.get(life) ?? []) await real[Symbol.asyncDispose]();
			opened.delete(life);
			told.delete(life);
			if (lockedBy === life) lockedBy = undefined;
		},
	};
	return disk;
}

/** The first words say which statement it is. */
function labelOf(sql: string): string {
	return sql.slice(0, 48).replaceAll(/\s+/g, ' ');
}
