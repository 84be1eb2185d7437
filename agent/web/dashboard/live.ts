// Hears what happens from the agent, once a second at most, and says whether it still does.

import type {Agent} from '../../api/client.ts';
import type {LiveReading} from './context.ts';

export type Live = {readonly isOpen: () => boolean; readonly stop: () => void};

const againMs = 5000;

export function listen(told: {
	readonly agent: (agent: Agent) => void;
	readonly readings: (readings: readonly LiveReading[]) => void;
	/** It began or broke off. */
	readonly changed: () => void;
	/** Perhaps nobody is signed in any more: whoever asks will know. */
	readonly refused: () => void;
}): Live {
	let source: EventSource | undefined;
	let timer: number | undefined;
	let isOpen = false;
	const set = (open: boolean): void => {
		if (isOpen === open) return;
		isOpen = open;
		told.changed();
	};
	const begin = (): void => {
		const mine = new EventSource('/v1/agent/events');
		source = mine;
		/** It is tried again for as long as nobody stops it: whether the session still holds is asked beside. */
		const lost = (): void => {
			mine.close();
			timer = window.setTimeout(begin, againMs);
			told.refused();
		};
		mine.addEventListener('open', () => set(true));
		mine.addEventListener('agent', event => told.agent(JSON.parse(event.data) as Agent));
		mine.addEventListener('readings', event => told.readings(JSON.parse(event.data) as readonly LiveReading[]));
		mine.addEventListener('end', () => {
			set(false);
			lost();
		});
		mine.addEventListener('error', () => {
			set(false);
			// A browser comes back by itself after a break, and not after an answer that was no stream.
			if (mine.readyState === EventSource.CLOSED) lost();
		});
	};
	begin();
	return {
		isOpen: () => isOpen,
		stop: () => {
			window.clearTimeout(timer);
			source?.close();
			isOpen = false;
		},
	};
}
