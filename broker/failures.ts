// Remembers who failed to get in lately, so that guessing passwords and breaking off handshakes costs the guesser time and us nothing.

/** What is remembered at most; then the oldest goes. */
const rememberedMax = 4096;

export type FailureLimits = {
	readonly failuresPerUserMax: number;
	readonly failuresPerAddressMax: number;
	readonly failureWindowMs: number;
};

export type Failures = {
	/** Whether nothing from this address is looked at now. */
	readonly addressWaits: (address: string) => boolean;
	/** Whether this user from this address is not looked at now. */
	readonly userWaits: (address: string, user: string) => boolean;
	/** Counts a failure. True if it is the one that makes the address or the user wait. */
	readonly failed: (address: string, user?: string) => boolean;
	/** Forgets the failures of a user who has got in. */
	readonly succeeded: (address: string, user: string) => void;
};

/**
 * Two limits: a device with an old password must not keep its neighbours behind the same address out, so what it did is held against its name first; the address as a whole
 * only waits once many names were tried.
 *
 * KNOWN GAP: whoever shares a device's address can keep that device from connecting again, by guessing under its name. Connections that are open go on.
 */
export function createFailures(limits: FailureLimits, monotonicMs: () => number): Failures {
	const {failuresPerUserMax, failuresPerAddressMax, failureWindowMs} = limits;
	const windows = new Map<string, {count: number; readonly startedMs: number}>();

	const countOf = (key: string): number => {
		const window = windows.get(key);
		if (window === undefined) return 0;
		if (monotonicMs() - window.startedMs < failureWindowMs) return window.count;
		windows.delete(key);
		return 0;
	};
	const raise = (key: string): number => {
		const count = countOf(key) + 1;
		const window = windows.get(key);
		if (window !== undefined) window.count = count;
		else {
			if (windows.size >= rememberedMax) windows.delete(windows.keys().next().value!);
			windows.set(key, {count, startedMs: monotonicMs()});
		}
		return count;
	};
	const userKey = (address: string, user: string): string => `${networkOf(address)} ${user}`;

	return {
		addressWaits: address => countOf(networkOf(address)) >= failuresPerAddressMax,
		userWaits: (address, user) => countOf(userKey(address, user)) >= failuresPerUserMax,
		failed: (address, user) => {
			const isAddressOut = raise(networkOf(address)) === failuresPerAddressMax;
			const isUserOut = user !== undefined && raise(userKey(address, user)) === failuresPerUserMax;
			return isAddressOut || isUserOut;
		},
		succeeded: (address, user) => {
			windows.delete(userKey(address, user));
		},
	};
}

/** An IPv6 customer has at least a /64 to take addresses from [RFC 6177], so all of it counts as one; an IPv4 address, also where it is mapped, stands for itself. */
export function networkOf(address: string): string {
	if (!address.includes(':') || address.startsWith('::ffff:')) return address;
	const [head = '', tail] = address.split('%')[0]!.split('::');
	const groupsOf = (text: string): string[] => (text === '' ? [] : text.split(':'));
	const front = groupsOf(head);
	const back = tail === undefined ? [] : groupsOf(tail);
	const zeros = Array.from({length: Math.max(0, 8 - front.length - back.length)}, () => '0');
	return `${[...front, ...zeros, ...back].slice(0, 4).join(':')}::/64`;
}
