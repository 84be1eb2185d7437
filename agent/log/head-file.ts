// The side file: the newest released checkpoint, kept outside of the database, so that an older database is noticed.

import {readFile} from 'node:fs/promises';
import {replaceFile} from '../base/durable.ts';
import {AgentError, describeError} from '../base/errors.ts';
import {type Checkpoint, parseCheckpoint} from '../format/checkpoint.ts';

export type HeadFile = {
	/** The checkpoint in the file; undefined if there is no file. Fails with FORMAT_INVALID if the file holds anything else. */
	readonly read: () => Promise<Checkpoint | undefined>;
	/**
	 * Puts a checkpoint in the place of the one before. When it resolves, a power cut leaves the new one; before, the old or the new one, never half of one. If it
	 * rejects either may be there, and the same call may be made again, since each call writes the whole file anew: the new head is durable in the database before,
	 * so that no start finds the file ahead, and nothing is released before this has resolved.
	 */
	readonly write: (checkpoint: Checkpoint) => Promise<void>;
};

export function createHeadFile(path: string): HeadFile {
	return {
		read: async () => {
			let text: string;
			try {
				text = await readFile(path, 'utf8');
			} catch (error) {
				if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
				throw new AgentError('FORMAT_INVALID', `cannot read ${path}: ${describeError(error)}`, {cause: error});
			}
			const checkpoint = parseCheckpoint(text);
			if (checkpoint === undefined) throw new AgentError('FORMAT_INVALID', `${path} does not hold a checkpoint`);
			return checkpoint;
		},
		write: checkpoint => replaceFile(path, checkpoint.note, 0o600),
	};
}
