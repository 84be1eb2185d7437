// Whole numbers in as few bytes as they need: seven bits a byte, the low ones first, the eighth bit set where more follow (LEB128). One form for each number.

/** Numbers one behind the other; whoever puts them in has made sure that there is room. */
export type Column = {readonly bytes: Uint8Array; length: number};

export function createColumn(bytesMax: number): Column {
	return {bytes: new Uint8Array(bytesMax), length: 0};
}

/** Whole numbers from 0 to 2^53−1. */
export function put(column: Column, value: number): void {
	const {bytes} = column;
	let at = column.length;
	let rest = value;
	while (rest >= 0x1000_0000) {
		bytes[at] = (rest % 128) | 128;
		at += 1;
		rest = Math.floor(rest / 128);
	}
	while (rest >= 128) {
		bytes[at] = (rest & 127) | 128;
		at += 1;
		rest >>>= 7;
	}
	bytes[at] = rest;
	column.length = at + 1;
}

/** Whole numbers of either sign below 2^52: 0, −1, 1, −2, … */
export function putSigned(column: Column, value: number): void {
	put(column, value < 0 ? -2 * value - 1 : 2 * value);
}

/** 64 bits in two halves. */
export function putLong(column: Column, high: number, low: number): void {
	if (high === 0 && low >= 0) {
		put(column, low);
		return;
	}
	const {bytes} = column;
	let [rest, above] = [low >>> 0, high >>> 0];
	let at = column.length;
	while (above !== 0 || rest >= 128) {
		bytes[at] = (rest & 127) | 128;
		at += 1;
		rest = ((rest >>> 7) | (above << 25)) >>> 0;
		above >>>= 7;
	}
	bytes[at] = rest;
	column.length = at + 1;
}

/** Reads the columns one behind the other; `isGood` once false stays false. */
export class ColumnReader {
	readonly #bytes: Uint8Array;
	#at: number;
	isGood = true;
	/** Halves of what takeLong read. */
	high = 0;
	low = 0;

	constructor(bytes: Uint8Array, at = 0) {
		this.#bytes = bytes;
		this.#at = at;
	}

	get isAtEnd(): boolean {
		return this.#at === this.#bytes.length;
	}

	/** 0 … max ≤ 2^53−1, in its shortest form. */
	take(max: number): number {
		const bytes = this.#bytes;
		const first = bytes[this.#at];
		if (first !== undefined && first < 128) {
			this.#at += 1;
			if (first > max) this.isGood = false;
			return first;
		}
		let value = 0;
		let scale = 1;
		for (let i = 0; i < 8; i += 1) {
			const byte = bytes[this.#at];
			if (byte === undefined) break;
			this.#at += 1;
			value += (byte & 127) * scale;
			if (byte < 128) {
				// A zero at the end would be another form of the same number.
				if (byte === 0 || value > max) this.isGood = false;
				return value > max ? 0 : value;
			}
			scale *= 128;
		}
		this.isGood = false;
		return 0;
	}

	takeSigned(max: number): number {
		const value = this.take(max);
		return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
	}

	takeLong(): void {
		const bytes = this.#bytes;
		let [high, low] = [0, 0];
		for (let i = 0; i < 10; i += 1) {
			const byte = bytes[this.#at];
			if (byte === undefined) break;
			this.#at += 1;
			const bits = byte & 127;
			const shift = 7 * i;
			if (shift < 28) low |= bits << shift;
			else if (shift === 28) {
				low |= bits << 28;
				high |= bits >>> 4;
			} else high |= bits << (shift - 32);
			if (byte < 128) {
				if ((byte === 0 && i > 0) || (i === 9 && byte > 1)) this.isGood = false;
				this.high = high | 0;
				this.low = low | 0;
				return;
			}
		}
		this.isGood = false;
		this.high = 0;
		this.low = 0;
	}

	/** The value itself, one byte. */
	takeByte(): number {
		const byte = this.#bytes[this.#at];
		if (byte === undefined) {
			this.isGood = false;
			return 0;
		}
		this.#at += 1;
		return byte;
	}
}
