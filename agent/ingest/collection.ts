// Keeps the newest messages of every topic, within bounds, for those who want to know what speaks on a broker.

/** A message as somebody heard it who is not its addressee. */
export type Heard = {
	readonly topic: string;
	readonly payload: Uint8Array;
	/** The broker had kept it: old state, or a description. */
	readonly isRetained: boolean;
	/** ms since 1970, by the agent's clock. */
	readonly arrivedAtMs: number;
};

export type Collection = {
	/** Keeps a message, or counts it as passed over. The payload MUST NOT change afterwards. True if its topic is new. */
	readonly add: (message: Heard) => boolean;
	/** What is kept, in the order of arrival. */
	readonly messages: () => readonly Heard[];
	readonly topicCount: () => number;
	/** Messages heard, kept or not. */
	readonly heardCount: () => number;
	/** Messages that no topic, no byte or no other room was left for; those of which a newer one took the place are none of them. */
	readonly passedOver: () => number;
};

export type CollectionLimits = {
	/** @default 10000 */
	readonly topicsMax?: number;
	/** Newest messages of one topic. @default 8 */
	readonly perTopicMax?: number;
	/** Bytes of the payloads of one topic; its newest message is kept even so. @default 65536 */
	readonly topicBytesMax?: number;
	/** A longer payload is passed over: lists of devices can have some 100 kB. @default 1048576 */
	readonly payloadBytesMax?: number;
	/** Bytes of all payloads. @default 67108864 */
	readonly bytesMax?: number;
};

type Kept = {readonly serial: number; readonly message: Heard};

export function createCollection(limits: CollectionLimits = {}): Collection {
	const {topicsMax = 10_000, perTopicMax = 8, topicBytesMax = 65_536, payloadBytesMax = 1_048_576, bytesMax = 67_108_864} = limits;
	const topics = new Map<string, Kept[]>();
	let bytes = 0;
	let heard = 0;
	let passed = 0;
	return {
		add: message => {
			heard += 1;
			const {topic, payload} = message;
			const known = topics.get(topic);
			if (payload.length > payloadBytesMax || (known === undefined && topics.size >= topicsMax)) {
				passed += 1;
				return false;
			}
			const kept = known ?? [];
			let own = kept.reduce((sum, one) => sum + one.message.payload.length, payload.length);
			let dropped = 0;
			while (dropped < kept.length && (own > topicBytesMax || kept.length - dropped >= perTopicMax)) {
				own -= kept[dropped]!.message.payload.length;
				dropped += 1;
			}
			const freed = kept.slice(0, dropped).reduce((sum, one) => sum + one.message.payload.length, 0);
			if (bytes - freed + payload.length > bytesMax) {
				passed += 1;
				return false;
			}
			kept.splice(0, dropped);
			bytes += payload.length - freed;
			kept.push({serial: heard, message});
			if (known === undefined) topics.set(topic, kept);
			return known === undefined;
		},
		messages: () =>
			[...topics.values()]
				.flat()
				.sort((a, b) => a.serial - b.serial)
				.map(({message}) => message),
		topicCount: () => topics.size,
		heardCount: () => heard,
		passedOver: () => passed,
	};
}
