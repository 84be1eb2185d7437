// The composition root's part that writes into the log when another key has taken over its anchoring, as a chain says.

import {describeError} from './base/errors.ts';
import type {Logger} from './base/logger.ts';
import {noteKinds} from './format/entry.ts';
import type {Log} from './log/log.ts';

/** Who anchors a log of ours, as a chain reports it. Addresses are 0x and 40 lower-case hexadecimal digits. */
export type OperatorSight = {
	readonly chainId: number;
	readonly registry: string;
	readonly logId: string;
	/** Who has opened the log, and was its operator at first. */
	readonly opener: string;
	readonly operator: string;
};

/** The body of a note of a rotation, but for its name. */
export type Rotation = {
	readonly chainId: number;
	readonly registry: string;
	readonly logId: string;
	readonly from: string;
	readonly to: string;
};

export type KeyRotation = {
	/** Tells what a look at a chain has found. Appends a note if another operator is there than the last one noted; it is durable with the next commit. Never rejects. */
	readonly saw: (sight: OperatorSight) => Promise<void>;
};

/** What the last operator that was noted is filed under, by log id. */
const operatorKind = 'operator';

/** The note that a look calls for; undefined if the operator is the one that was noted last, or still the opener. */
export function rotationToNote(
	noted: string | undefined,
	{chainId, registry, logId, opener, operator}: OperatorSight,
): Rotation | undefined {
	const from = noted ?? opener;
	return from === operator ? undefined : {chainId, registry, logId, from, to: operator};
}

/** `documents` are few: one for each log that has changed hands. */
export async function createKeyRotation(needs: {
	readonly log: Pick<Log, 'note' | 'putDocument' | 'documents'>;
	/** False while the log takes nothing: what was seen is seen again. */
	readonly mayAppend: () => boolean;
	readonly logger: Logger;
}): Promise<KeyRotation> {
	const {log, mayAppend, logger} = needs;
	const noted = new Map((await log.documents(operatorKind)).map(({key, body}) => [key, body]));
	let running: Promise<void> = Promise.resolve();
	const note = async (sight: OperatorSight): Promise<void> => {
		const rotation = rotationToNote(noted.get(sight.logId), sight);
		if (rotation === undefined || !mayAppend()) return;
		try {
			log.note(noteKinds.rotation, {note: 'rotation', ...rotation}, 0n);
			noted.set(sight.logId, sight.operator);
			logger.log('warn', 'another key anchors from here on', rotation);
			// If we die between the two, the next start notes the same rotation once more, which does no harm.
			await log.putDocument(operatorKind, sight.logId, sight.operator);
		} catch (error) {
			logger.log('warn', 'the rotation of the anchoring key could not be noted', {error: describeError(error)});
		}
	};
	return {
		// One at a time, so that two looks at once do not note the same twice.
		saw: sight => {
			running = running.then(() => note(sight));
			return running;
		},
	};
}
