// Packs one evidence package in a process of its own, so that an agent that takes readings does not wait for it: `packing-child DIRECTORY OUT ANCHORS QUESTION`. Prints its progress, a line of JSON each.

import {systemClock} from './base/clock.ts';
import {describeError} from './base/errors.ts';
import {keepHeapSmall} from './base/heap.ts';
import {makeCovers} from './covering.ts';
import type {Question} from './ledgers/ledger.ts';
import {packEvidence} from './packing.ts';
import {sitePaths} from './site.ts';

const [directory = '', out = '', anchorsNeeded = '1', question = '{}'] = process.argv.slice(2);
const say = (line: unknown): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
keepHeapSmall();
try {
	let saidMs = 0;
	const {length} = await packEvidence(sitePaths(directory), {
		question: JSON.parse(question) as Question,
		out,
		anchorsNeeded: Number(anchorsNeeded),
		madeAtMs: systemClock.nowMs(),
		// Whoever asks looks at what the accounts say now, with all that was stated since the period was over.
		asOf: 'newest',
		coverOf: async outline => (await makeCovers(outline)).files,
		onProgress: progress => {
			if (systemClock.monotonicMs() - saidMs < 250) return;
			saidMs = systemClock.monotonicMs();
			say(progress);
		},
	});
	say({bytes: length});
} catch (error) {
	say({problem: describeError(error)});
	process.exitCode = 1;
}
