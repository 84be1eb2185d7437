// Cuts the bytes that a broker sends into its messages and all other packets, however they are split, within a bound of memory.

/** A message of a broker, as it stood in its PUBLISH. */
export type Published = {
	readonly topic: string;
	readonly qos: 0 | 1 | 2;
	readonly isDup: boolean;
	readonly isRetained: boolean;
	/** undefined at QoS 0. */
	readonly packetId: number | undefined;
	/** A view into what was fed: good for as long as that is. */
	readonly payload: Uint8Array;
	/** The payload's true length where `payload` is only its beginning, since the packet was larger than allowed. */
	readonly payloadLength: number | undefined;
};

export type Cut =
	| {readonly kind: 'publish'; readonly publish: Published}
	/** A whole packet of another type. */
	| {readonly kind: 'other'; readonly type: number; readonly bytes: Buffer}
	/** Nothing after this can be understood: the connection must be closed. */
	| {readonly kind: 'malformed'; readonly problem: string};

export type CutterOptions = {
	readonly protocolVersion: 4 | 5;
	/** A larger PUBLISH is skimmed, another larger packet is malformed. Fixed header included, in bytes. */
	readonly packetBytesMax: number;
	/** Of the payload of a PUBLISH that is skimmed so much is kept, in bytes. */
	readonly skimmedBytesMax: number;
};

const publishType = 3;
/** [MQTT 3.1.1 §2.2.3] */
const lengthBytesMax = 4;
/** In front of the payload of a PUBLISH: length and text of the topic, packet id, length of the properties. */
const publishHeadMax = 2 + 65_535 + 2 + lengthBytesMax;
const nothing = Buffer.alloc(0);

type Head = {
	/** Bytes of the fixed header. */
	readonly headLength: number;
	/** Bytes of the whole packet. */
	readonly length: number;
};

/**
 * A broker delivers again, after each reconnect, what was not acknowledged. So a message that is too large may neither close the connection, or it would come for ever
 * [MQTT.js 5.16 does this with maximumPacketSize], nor be waited for in memory. Its payload is dropped as it comes, and what is left can be refused and acknowledged.
 */
export class PublishCutter {
	readonly #options: CutterOptions;
	#chunk: Buffer = nothing;
	#at = 0;
	/** The beginning of a packet that did not come in one piece. */
	#gathered: Buffer = nothing;
	#gatheredLength = 0;
	/** Bytes of a skimmed packet that are still to be dropped, and what is given once they are. */
	#skipLeft = 0;
	#skimmed: Published | undefined;

	constructor(options: CutterOptions) {
		this.#options = options;
	}

	/** Takes more bytes. MUST be called only after `next` gave undefined. */
	feed(chunk: Buffer): void {
		this.#chunk = chunk;
		this.#at = 0;
	}

	/** The next packet; undefined once more bytes are needed. */
	next(): Cut | undefined {
		for (;;) {
			const available = this.#chunk.length - this.#at;
			if (this.#skimmed !== undefined) {
				const dropped = Math.min(this.#skipLeft, available);
				this.#skipLeft -= dropped;
				this.#at += dropped;
				if (this.#skipLeft > 0) return undefined;
				const publish = this.#skimmed;
				this.#skimmed = undefined;
				return {kind: 'publish', publish};
			}
			if (available === 0) return undefined;
			if (this.#gatheredLength === 0) {
				const wanted = this.#wanted(this.#chunk, this.#at, available);
				if (typeof wanted === 'string') return {kind: 'malformed', problem: wanted};
				if (wanted > available) {
					this.#gather(available, wanted);
					return undefined;
				}
				const from = this.#at;
				this.#at += wanted;
				const cut = this.#cut(this.#chunk, from, from + wanted);
				if (cut !== undefined) return cut;
				continue;
			}
			const before = this.#wanted(this.#gathered, 0, this.#gatheredLength) as number;
			this.#gather(Math.min(before - this.#gatheredLength, available), before);
			// What more of the fixed header says may be that still more is needed.
			const wanted = this.#wanted(this.#gathered, 0, this.#gatheredLength);
			if (typeof wanted === 'string') return {kind: 'malformed', problem: wanted};
			if (wanted > this.#gatheredLength) continue;
			const packet = this.#gathered.subarray(0, this.#gatheredLength);
			this.#gathered = nothing;
			this.#gatheredLength = 0;
			const cut = this.#cut(packet, 0, packet.length);
			if (cut !== undefined) return cut;
		}
	}

	/** Moves bytes from the chunk to those that wait for the rest of their packet. */
	#gather(count: number, wanted: number): void {
		if (this.#gathered.length < wanted) {
			const larger = Buffer.allocUnsafe(wanted);
			this.#gathered.copy(larger, 0, 0, this.#gatheredLength);
			this.#gathered = larger;
		}
		this.#chunk.copy(this.#gathered, this.#gatheredLength, this.#at, this.#at + count);
		this.#gatheredLength += count;
		this.#at += count;
	}

	/** How many bytes of the packet that begins at `from` must be there before it can be cut, or before more is known; a text if it cannot be one. */
	#wanted(bytes: Buffer, from: number, available: number): number | string {
		const head = headOf(bytes, from, available);
		if (typeof head !== 'object') return head;
		const {packetBytesMax, skimmedBytesMax} = this.#options;
		if (head.length <= packetBytesMax) return head.length;
		const type = bytes[from]! >> 4;
		if (type !== publishType) return `a packet of type ${type} has ${head.length} bytes`;
		return Math.min(head.length, head.headLength + publishHeadMax + skimmedBytesMax);
	}

	/** Gives undefined for a packet that must be skimmed: then `#skimmed` is set. */
	#cut(bytes: Buffer, from: number, to: number): Cut | undefined {
		const {headLength, length} = headOf(bytes, from, to - from) as Head;
		const type = bytes[from]! >> 4;
		if (type !== publishType) return {kind: 'other', type, bytes: bytes.subarray(from, to)};
		const publish = this.#publishOf(bytes, from, from + headLength, to, length > this.#options.packetBytesMax ? from + length : undefined);
		if (typeof publish === 'string') return {kind: 'malformed', problem: publish};
		if (publish.payloadLength === undefined) return {kind: 'publish', publish};
		this.#skimmed = publish;
		this.#skipLeft = from + length - to;
		return undefined;
	}

	/** [MQTT 3.1.1 §3.3] `skimmedTo` is where the packet would end if all of it were there. */
	#publishOf(bytes: Buffer, from: number, bodyFrom: number, to: number, skimmedTo: number | undefined): Published | string {
		const flags = bytes[from]! & 0x0f;
		const qos = (flags >> 1) & 3;
		if (qos === 3) return 'a PUBLISH has QoS 3';
		if (to - bodyFrom < 2) return 'a PUBLISH is too short';
		const topicFrom = bodyFrom + 2;
		const topicTo = topicFrom + ((bytes[bodyFrom]! << 8) | bytes[bodyFrom + 1]!);
		let at = topicTo + (qos === 0 ? 0 : 2);
		if (at > to) return 'a PUBLISH is too short';
		const packetId = qos === 0 ? undefined : (bytes[topicTo]! << 8) | bytes[topicTo + 1]!;
		if (packetId === 0) return 'a PUBLISH has packet id 0';
		const end = skimmedTo ?? to;
		if (this.#options.protocolVersion === 5) {
			const properties = variableLength(bytes, at, to);
			if (properties === undefined || properties.end + properties.value > end) return 'the properties of a PUBLISH are too long';
			// They may be longer than what is kept of a packet.
			at = properties.end + properties.value;
		}
		const isSkimmed = skimmedTo !== undefined;
		return {
			topic: bytes.toString('utf8', topicFrom, topicTo),
			qos: qos as 0 | 1 | 2,
			isDup: (flags & 8) !== 0,
			isRetained: (flags & 1) !== 0,
			packetId,
			payload: at >= to ? nothing : bytes.subarray(at, isSkimmed ? Math.min(to, at + this.#options.skimmedBytesMax) : to),
			payloadLength: isSkimmed ? end - at : undefined,
		};
	}
}

/** A variable byte integer [MQTT 3.1.1 §2.2.3] that ends before `to`. */
function variableLength(bytes: Buffer, from: number, to: number): {readonly value: number; readonly end: number} | undefined {
	let value = 0;
	for (let i = 0; i < lengthBytesMax && from + i < to; i += 1) {
		const byte = bytes[from + i]!;
		value += (byte & 0x7f) * 128 ** i;
		if (byte < 0x80) return {value, end: from + i + 1};
	}
	return undefined;
}

/** The fixed header, or how many bytes are needed to know more, or what is wrong with it. */
function headOf(bytes: Buffer, from: number, available: number): Head | number | string {
	// The most common lengths first: this runs for every message.
	if (available >= 2 && bytes[from + 1]! < 0x80) return {headLength: 2, length: 2 + bytes[from + 1]!};
	const length = variableLength(bytes, from + 1, from + available);
	if (length !== undefined) return {headLength: length.end - from, length: length.end - from + length.value};
	return available > lengthBytesMax ? 'a packet has a length of more than four bytes' : available + 1;
}
