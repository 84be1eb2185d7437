// Counts open streams, so that neither one caller nor all of them together can have too many.

export type Streams = {
	/** A place among them, given back by calling it; undefined if there is none for this caller. */
	readonly enter: (caller: string) => (() => void) | undefined;
	/** Aborts when the server closes. */
	readonly signal: AbortSignal;
};

export function createStreams(signal: AbortSignal, limits: {readonly streamsMax: number; readonly streamsPerCallerMax: number}): Streams {
	const perCaller = new Map<string, number>();
	let all = 0;
	return {
		signal,
		enter: caller => {
			const his = perCaller.get(caller) ?? 0;
			if (all >= limits.streamsMax || his >= limits.streamsPerCallerMax) return undefined;
			all += 1;
			perCaller.set(caller, his + 1);
			let isIn = true;
			return () => {
				if (!isIn) return;
				isIn = false;
				all -= 1;
				const left = perCaller.get(caller)! - 1;
				if (left === 0) perCaller.delete(caller);
				else perCaller.set(caller, left);
			};
		},
	};
}
