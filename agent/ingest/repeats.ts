// Tells repeats from new readings, with a bounded memory per channel and the log's index behind it.

/** Keys remembered per channel: more than a device has in flight. What is older is looked up on disk. */
export const keysRemembered = 256;

/**
 * new: admit. repeat: the same key with the same value. conflict: the same key with another value.
 * unknown: memory cannot tell; look the key up in the log and judge again with what it says.
 */
export type Judgement = 'new' | 'repeat' | 'conflict' | 'unknown';

/** What one channel remembers of its newest keys. */
export type RepeatMemory = {
	/** The device's session of the newest entry; undefined where keys are times. */
	session: string | undefined;
	/** The largest key of that session. A larger one is new without looking. */
	keyTop: number | undefined;
	/** True while the log holds nothing of this channel beyond what is remembered here. */
	isWhole: boolean;
	/** Rings of the newest keys and their values; `sessions` only matter where devices have them. */
	readonly keys: number[];
	readonly values: bigint[];
	readonly sessions: (string | undefined)[];
	next: number;
};

export function createRepeatMemory(known: {
	readonly session: string | undefined;
	readonly keyTop: number | undefined;
	readonly isWhole: boolean;
}): RepeatMemory {
	return {...known, keys: [], values: [], sessions: [], next: 0};
}

/** Judges a key from memory alone. */
export function judge(memory: RepeatMemory, session: string | undefined, key: number, value: bigint): Judgement {
	const isSameSession = session === memory.session;
	if (isSameSession && (memory.keyTop === undefined ? memory.isWhole : key > memory.keyTop)) return 'new';
	const remembered = recall(memory, session, key);
	if (remembered !== undefined) return remembered === value ? 'repeat' : 'conflict';
	return memory.isWhole ? 'new' : 'unknown';
}

/** The value that the newest remembered entry under this key has; undefined if none is remembered. */
export function recall(memory: RepeatMemory, session: string | undefined, key: number): bigint | undefined {
	const {keys, values, sessions} = memory;
	for (let i = 0; i < keys.length; i += 1) {
		const at = (memory.next - 1 - i + 2 * keys.length) % keys.length;
		if (keys[at] === key && sessions[at] === session) return values[at];
	}
	return undefined;
}

/**
 * Remembers an admitted key. `sessionTop` is the largest key that the log has in this session, needed only when the session changes to one that the log
 * may know.
 */
export function remember(
	memory: RepeatMemory,
	session: string | undefined,
	key: number,
	value: bigint,
	sessionTop: number | undefined,
): void {
	if (memory.session !== session) {
		memory.session = session;
		memory.keyTop = sessionTop;
	}
	if (memory.keyTop === undefined || key > memory.keyTop) memory.keyTop = key;
	if (memory.keys.length < keysRemembered) {
		memory.keys.push(key);
		memory.values.push(value);
		memory.sessions.push(session);
		memory.next = memory.keys.length % keysRemembered;
		return;
	}
	// From here on something is only on disk.
	memory.isWhole = false;
	memory.keys[memory.next] = key;
	memory.values[memory.next] = value;
	memory.sessions[memory.next] = session;
	memory.next = (memory.next + 1) % keysRemembered;
}

/** The largest remembered key of a session; undefined if none is remembered. */
export function topOf(memory: RepeatMemory, session: string | undefined): number | undefined {
	let top: number | undefined;
	if (memory.session === session) return memory.keyTop;
	for (let i = 0; i < memory.keys.length; i += 1)
		if (memory.sessions[i] === session && (top === undefined || memory.keys[i]! > top)) top = memory.keys[i];
	return top;
}
