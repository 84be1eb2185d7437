// The period that a request is about: from a time on, up to another that is not in it.

import {Problem} from './problem.ts';
import {timeMs} from './schema.ts';
import type {Period} from './window.ts';

/** Of a query. */
export const periodQuery = {from: timeMs, to: timeMs} as const;

/** Throws where the end is not behind the beginning. `pointer` is that of the end, in what was sent. */
export function periodOf(fromMs: number, toMs: number, pointer = '/to'): Period {
	if (fromMs < toMs) return {fromMs, toMs};
	const detail = `from ${fromMs} to ${toMs} is no period`;
	throw new Problem('malformed', detail, {errors: [{pointer, code: 'range', detail}]});
}
