// Hears one life of a scripted agent: what it was sent, what it answered, and the heads that it showed.

import type {Head} from './examine.ts';

export type Life = {
	readonly code: number | NodeJS.Signals | 'hangs';
	readonly done: ReadonlySet<number>;
	readonly sent: number;
	readonly heads: readonly Head[];
	readonly ended: boolean;
	readonly said: string;
};

export type Listener = {
	readonly hear: (line: string) => void;
	readonly life: (code: Life['code'], said: string) => Life;
};

export function createListener(): Listener {
	const done = new Set<number>();
	const heads: Head[] = [];
	let sent = 0;
	let ended = false;
	return {
		hear: line => {
			const [word, first, second] = line.split(' ');
			if (word === 'sent') sent += 1;
			if (word === 'done') done.add(Number(first));
			if (word === 'head') heads.push({size: Number(first), root: second!});
			if (word === 'end') ended = true;
		},
		life: (code, said) => ({code, done, sent, heads, ended, said}),
	};
}
