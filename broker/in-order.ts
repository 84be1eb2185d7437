// Lets the answers to one connection's arrivals leave in the order in which they came [MQTT-4.6.0-2].

import {assert} from '../agent/base/assert.ts';

type Waiting<Item, Answer> = {
	readonly item: Item;
	answer: Answer | undefined;
	after: Waiting<Item, Answer> | undefined;
};

export type InOrder<Item, Answer> = {
	/** Takes the next place in the order; the function that it gives fills the place, once. */
	readonly take: (item: Item) => (answer: Answer) => void;
};

/** `release` is called for every place in the order of `take`, as soon as it and all before it are filled. */
export function createInOrder<Item, Answer>(release: (item: Item, answer: Answer) => void): InOrder<Item, Answer> {
	let first: Waiting<Item, Answer> | undefined;
	let last: Waiting<Item, Answer> | undefined;

	const fill = (place: Waiting<Item, Answer>, answer: Answer): void => {
		// A second answer might acknowledge what was not kept.
		assert(place.answer === undefined, 'an arrival was answered twice');
		place.answer = answer;
		while (first?.answer !== undefined) {
			const ready = first;
			// The place is given up before the call: releasing may read the next packet and come back here.
			first = ready.after;
			if (first === undefined) last = undefined;
			// A place that was promoted to V8's old generation would else keep all that follow from being collected young, and those the next ones, for ever.
			ready.after = undefined;
			release(ready.item, ready.answer!);
		}
	};

	return {
		take: item => {
			const place: Waiting<Item, Answer> = {item, answer: undefined, after: undefined};
			if (last === undefined) first = place;
			else last.after = place;
			last = place;
			return answer => fill(place, answer);
		},
	};
}
