// Tells which channels have said nothing for longer than twice their device's cadence.

/** One channel that should be heard. Only its watch changes it. */
export type Watched<C> = {
	readonly channel: C;
	readonly deviceId: string;
	readonly cadenceMs: number;
	/** Monotonic: when it was heard last, or since when it is watched. */
	heardAtMs: number;
	/** By the agent's wall clock, for people; undefined while nothing came since the start. */
	arrivedAtMs: number | undefined;
	isSilent: boolean;
	before: Watched<C> | undefined;
	after: Watched<C> | undefined;
};

export type SilentDevice = {readonly deviceId: string; readonly channels: number};

/** A channel is silent once it was not heard for so many times its cadence. */
const cadencesMax = 2;

/**
 * Keeps for each cadence a line of channels, the one that was heard longest ago in front: hearing one and looking at all cost the same however many there are. At most
 * 10,000 devices with different cadences would be as many lines; a look costs one comparison a line.
 */
export class SilenceWatch<C> {
	readonly #lines = new Map<number, {first: Watched<C> | undefined; last: Watched<C> | undefined}>();
	readonly #silent = new Set<Watched<C>>();

	watch(channel: C, deviceId: string, cadenceMs: number, nowMs: number): Watched<C> {
		const watched: Watched<C> = {
			channel,
			deviceId,
			cadenceMs,
			heardAtMs: nowMs,
			arrivedAtMs: undefined,
			isSilent: false,
			before: undefined,
			after: undefined,
		};
		this.#append(watched);
		return watched;
	}

	/** Something of the channel was admitted. Times MUST NOT go back. */
	heard(watched: Watched<C>, nowMs: number, arrivedAtMs: number): void {
		watched.heardAtMs = nowMs;
		watched.arrivedAtMs = arrivedAtMs;
		if (watched.isSilent) {
			watched.isSilent = false;
			this.#silent.delete(watched);
		} else if (watched.after === undefined) return;
		else this.#remove(watched);
		this.#append(watched);
	}

	/** Channels that have become silent since the last call, at most `max`; the others come with the next. Each is given once for each silence. */
	due(nowMs: number, max: number): Watched<C>[] {
		const found: Watched<C>[] = [];
		for (const [cadenceMs, line] of this.#lines) {
			while (found.length < max && line.first !== undefined && nowMs - line.first.heardAtMs > cadencesMax * cadenceMs) {
				const watched = line.first;
				this.#remove(watched);
				watched.isSilent = true;
				this.#silent.add(watched);
				found.push(watched);
			}
		}
		return found;
	}

	/** Devices with silent channels that are missed, those first that are silent for longest, and how many there are in all. */
	silent(
		max: number,
		isMissed: (deviceId: string) => boolean = () => true,
	): {readonly count: number; readonly devices: readonly SilentDevice[]} {
		const channels = new Map<string, number>();
		for (const {deviceId} of this.#silent) if (isMissed(deviceId)) channels.set(deviceId, (channels.get(deviceId) ?? 0) + 1);
		const devices = [...channels].slice(0, max).map(([deviceId, count]) => ({deviceId, channels: count}));
		return {count: channels.size, devices};
	}

	#append(watched: Watched<C>): void {
		let line = this.#lines.get(watched.cadenceMs);
		if (line === undefined) {
			line = {first: undefined, last: undefined};
			this.#lines.set(watched.cadenceMs, line);
		}
		watched.before = line.last;
		watched.after = undefined;
		if (line.last === undefined) line.first = watched;
		else line.last.after = watched;
		line.last = watched;
	}

	#remove(watched: Watched<C>): void {
		const line = this.#lines.get(watched.cadenceMs)!;
		const {before, after} = watched;
		if (before === undefined) line.first = after;
		else before.after = after;
		if (after === undefined) line.last = before;
		else after.before = before;
		watched.before = undefined;
		watched.after = undefined;
	}
}
