// Tells repeats from new readings, with a bounded memory per channel and the log's index behind it.

/** Keys remembered per channel: more than a device has in flight. What is older is looked up on disk. */
export const keysRemembered = 256;
/** Sessions of a channel whose largest key is remembered. */
export const sessionsRemembered = 8;

/**
 * new: admit. repeat: the same key with the same value. conflict: the same key with other values only.
 * unknown: memory cannot tell; look the key up in the log and judge again with what it says.
 */
export type Judgement = 'new' | 'repeat' | 'conflict' | 'unknown';

/** Where a session of the device stands; its name is undefined where keys are times. */
type Session = {
	readonly name: string | undefined;
	/** The largest key of the session. A larger one is new without looking. */
	top: number;
	/** Everything that the log has in this session from this key on is remembered. */
	floor: number;
};

/** What one channel remembers of its newest keys. */
export class RepeatMemory {
	/** Rings of the newest keys with their values, sessions and arrivals. */
	readonly #keys: number[] = [];
	readonly #values: bigint[] = [];
	readonly #names: (string | undefined)[] = [];
	readonly #arrivals: number[] = [];
	#next = 0;
	/** True while the log holds nothing of this channel beyond the rings. */
	#isWhole: boolean;
	/** The one used last is in front. */
	readonly #sessions: Session[] = [];

	/** What the log knew of the channel when it was opened: the session of the newest entry with its largest key, and whether there is any. */
	constructor(known: {readonly session: string | undefined; readonly keyTop: number | undefined; readonly isWhole: boolean}) {
		this.#isWhole = known.isWhole;
		if (known.keyTop !== undefined) this.#sessions.push({name: known.session, top: known.keyTop, floor: known.keyTop + 1});
	}

	/** True if nothing with this key can be anywhere. */
	isAbove(name: string | undefined, key: number): boolean {
		const session = this.#session(name);
		return session !== undefined && key > session.top;
	}

	/** Judges a key from memory alone. */
	judge(name: string | undefined, key: number, value: bigint): Judgement {
		const session = this.#session(name);
		if (session !== undefined && key > session.top) return 'new';
		let isThere = false;
		for (let at = 0; at < this.#keys.length; at += 1) {
			if (this.#keys[at] !== key || this.#names[at] !== name) continue;
			if (this.#values[at] === value) return 'repeat';
			isThere = true;
		}
		if (!this.#isWhole && (session === undefined || key < session.floor)) return 'unknown';
		return isThere ? 'conflict' : 'new';
	}

	/**
	 * Judges a reading that is known only by the packet id that its message came under, which is used again and again: it repeats a value of the newest
	 * arrival under this id, or it is new.
	 */
	judgePacket(name: string, packetId: number, value: bigint): Judgement {
		const count = this.#keys.length;
		let arrival: number | undefined;
		for (let i = 0; i < count; i += 1) {
			const at = (this.#next - 1 - i + 2 * count) % count;
			if (this.#keys[at] !== packetId || this.#names[at] !== name) continue;
			if (arrival !== undefined && this.#arrivals[at] !== arrival) break;
			if (this.#values[at] === value) return 'repeat';
			arrival = this.#arrivals[at];
		}
		return arrival !== undefined || this.#isWhole ? 'new' : 'unknown';
	}

	/** False if `remember` needs to be told the largest key that the log has in this session. */
	knowsTop(name: string | undefined): boolean {
		return this.#isWhole || this.#session(name) !== undefined;
	}

	/** The session used last with its largest key; undefined while there is none. */
	newest(): {readonly name: string | undefined; readonly top: number} | undefined {
		return this.#sessions[0];
	}

	/** The largest key of a session, as far as it is remembered. */
	top(name: string | undefined): number | undefined {
		return this.#session(name)?.top;
	}

	/** Remembers an admitted key. `topInLog` is the largest key that the log has in this session, if knowsTop says that it is needed. */
	remember(name: string | undefined, key: number, value: bigint, topInLog: number | undefined): void {
		let session = this.#session(name);
		if (session === undefined) {
			const top = this.#isWhole ? this.#topInRings(name) : topInLog;
			session = {name, top: top ?? key, floor: this.#isWhole ? 0 : (top ?? -1) + 1};
			this.#sessions.unshift(session);
		} else if (session !== this.#sessions[0]) {
			this.#sessions.splice(this.#sessions.indexOf(session), 1);
			this.#sessions.unshift(session);
		}
		if (key > session.top) session.top = key;
		this.#push(name, key, value, 0);
	}

	/** Remembers an admitted reading by its packet id; `arrival` tells the messages of an id apart. */
	rememberPacket(name: string, packetId: number, value: bigint, arrival: number): void {
		this.#push(name, packetId, value, arrival);
	}

	/** Drops sessions beyond the bound, those first that were not used for longest. MUST NOT be called between a look into the log and `remember`. */
	trim(): void {
		if (this.#sessions.length > sessionsRemembered) this.#sessions.length = sessionsRemembered;
	}

	#session(name: string | undefined): Session | undefined {
		const sessions = this.#sessions;
		for (let i = 0; i < sessions.length; i += 1) if (sessions[i]!.name === name) return sessions[i];
		return undefined;
	}

	#topInRings(name: string | undefined): number | undefined {
		let top: number | undefined;
		for (let at = 0; at < this.#keys.length; at += 1)
			if (this.#names[at] === name && (top === undefined || this.#keys[at]! > top)) top = this.#keys[at];
		return top;
	}

	#push(name: string | undefined, key: number, value: bigint, arrival: number): void {
		const at = this.#next;
		if (at < this.#keys.length) {
			// From here on something is only on disk.
			this.#isWhole = false;
			const session = this.#session(this.#names[at]);
			if (session !== undefined && session.floor <= this.#keys[at]!) session.floor = this.#keys[at]! + 1;
		}
		this.#keys[at] = key;
		this.#values[at] = value;
		this.#names[at] = name;
		this.#arrivals[at] = arrival;
		this.#next = (at + 1) % keysRemembered;
	}
}
