// Knows whether anybody subscribed to a topic, so that what nobody wants is not delivered.

import {covers} from './topic.ts';

/** Answers remembered per topic; a street of homes has a few thousand topics. */
const answersMax = 4096;

export type Interest = {
	readonly add: (filter: string) => void;
	readonly remove: (filter: string) => void;
	/** False only if no filter that was added and not removed covers the topic. */
	readonly has: (topic: string) => boolean;
};

export function createInterest(): Interest {
	const counts = new Map<string, number>();
	const answers = new Map<string, boolean>();
	return {
		add: filter => {
			counts.set(filter, (counts.get(filter) ?? 0) + 1);
			answers.clear();
		},
		remove: filter => {
			const count = counts.get(filter) ?? 0;
			if (count > 1) counts.set(filter, count - 1);
			else counts.delete(filter);
			answers.clear();
		},
		has: topic => {
			if (counts.size === 0) return false;
			const known = answers.get(topic);
			if (known !== undefined) return known;
			let wanted = false;
			for (const filter of counts.keys()) wanted ||= covers(filter, topic);
			if (answers.size >= answersMax) answers.clear();
			answers.set(topic, wanted);
			return wanted;
		},
	};
}
