// The ballast: a file of no use that takes room on the log's disk, so that there is some to give up when the disk is full.

import {open, rm, stat} from 'node:fs/promises';
import type {Random} from '../base/random.ts';

export type Ballast = {
	/** True if all of it is there. */
	readonly isMade: () => Promise<boolean>;
	/** Makes the file, or what is missing of it; all of it is on the disk when this resolves. Rejects if the disk does not take it; then there is no file. */
	readonly make: () => Promise<void>;
	/** Deletes the file; nothing if there is none. */
	readonly drop: () => Promise<void>;
};

/** A file system that compresses would make nothing of zeros. One piece of chance, again and again, is beyond what they look back. */
const pieceBytes = 1024 * 1024;

export function createBallast(path: string, bytes: number, random: Random): Ballast {
	const drop = (): Promise<void> => rm(path, {force: true});
	const lengthNow = (): Promise<number> =>
		stat(path).then(
			({size}) => size,
			() => 0,
		);
	return {
		isMade: async () => (await lengthNow()) === bytes,
		make: async () => {
			// A crash may have left a part of it, which only ever grows; the config may have asked for more.
			let there = await lengthNow();
			if (there === bytes) return;
			if (there > bytes) {
				await drop();
				there = 0;
			}
			const file = await open(path, 'a', 0o600);
			try {
				const piece = random.bytes(Math.min(pieceBytes, bytes));
				for (let at = there; at < bytes; at += pieceBytes) await file.writeFile(piece.subarray(0, Math.min(pieceBytes, bytes - at)));
				await file.sync();
			} catch (error) {
				await file.close();
				await drop();
				throw error;
			}
			await file.close();
		},
		drop,
	};
}
