// Stops the process's current work when the program itself is wrong.

import {AgentError} from './errors.ts';

/**
 * States what must hold. A false condition is our own mistake, never bad data or a failing world, so the remedy is always to restart.
 */
export function assert(condition: unknown, message: string): asserts condition {
	if (!condition) throw new AgentError('ASSERTION_FAILED', message);
}
