// Turns a short JSON text into its members, and refuses whatever two readers could read in two ways.

/** Nothing is made of numbers but their text: no float comes into being. */
export type StrictJson = string | boolean | null | {readonly number: string} | readonly StrictJson[] | ReadonlyMap<string, StrictJson>;

const depthMax = 8;
const membersMax = 64;
const itemsMax = 64;

/** Why a text is not read. Thrown and caught in this file only. */
class Refusal extends Error {}

/**
 * The members of a JSON object [RFC 8259]; undefined if the text is anything else, has a member twice [RFC 7515 §4], or lone surrogates, which stand for no bytes. Of the
 * white space only blank, CR and LF count, and hexadecimal digits of escapes are lower-case: so no single flipped bit gives another spelling of the same object.
 */
export function readStrictObject(text: string): ReadonlyMap<string, StrictJson> | undefined {
	const reader = new Reader(text);
	try {
		const value = reader.value(0);
		return reader.isAtEnd() && value instanceof Map ? value : undefined;
	} catch (error) {
		if (error instanceof Refusal) return undefined;
		throw error;
	}
}

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const openBracket = 0x5b;
const backslash = 0x5c;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const numberPattern = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const upperEscape = /\\u[0-9a-f]{0,3}[A-F]/;
const loneSurrogate = /\p{Cs}/u;

class Reader {
	readonly #text: string;
	#at = 0;

	constructor(text: string) {
		this.#text = text;
	}

	isAtEnd(): boolean {
		this.#skipSpace();
		return this.#at === this.#text.length;
	}

	value(depth: number): StrictJson {
		if (depth > depthMax) throw new Refusal();
		this.#skipSpace();
		const code = this.#text.charCodeAt(this.#at);
		if (code === quote) return this.#string();
		if (code === openBrace) return this.#object(depth);
		if (code === openBracket) return this.#array(depth);
		for (const [word, value] of words) {
			if (!this.#text.startsWith(word, this.#at)) continue;
			this.#at += word.length;
			return value;
		}
		numberPattern.lastIndex = this.#at;
		const found = numberPattern.exec(this.#text)?.[0];
		if (found === undefined) throw new Refusal();
		this.#at += found.length;
		return {number: found};
	}

	#skipSpace(): void {
		for (;;) {
			const code = this.#text.charCodeAt(this.#at);
			if (code !== 0x20 && code !== 0x0a && code !== 0x0d) return;
			this.#at += 1;
		}
	}

	/** Takes one of two characters; true if it was the first. */
	#either(first: number, second: number): boolean {
		this.#skipSpace();
		const code = this.#text.charCodeAt(this.#at);
		if (code !== first && code !== second) throw new Refusal();
		this.#at += 1;
		return code === first;
	}

	#string(): string {
		const begin = this.#at;
		let end = begin + 1;
		let isEscaped = false;
		for (;;) {
			const code = this.#text.charCodeAt(end);
			if (code === quote) break;
			// A control character, or the end of the text.
			if (!(code >= 0x20)) throw new Refusal();
			if (code === backslash) {
				isEscaped = true;
				end += 1;
			}
			end += 1;
		}
		this.#at = end + 1;
		const inside = this.#text.slice(begin + 1, end);
		// UTF-8 holds no surrogates: only an escape can bring one in alone.
		return isEscaped ? withoutEscapes(inside) : inside;
	}

	#object(depth: number): ReadonlyMap<string, StrictJson> {
		const members = new Map<string, StrictJson>();
		this.#at += 1;
		this.#skipSpace();
		if (this.#text.charCodeAt(this.#at) === closeBrace) {
			this.#at += 1;
			return members;
		}
		do {
			this.#skipSpace();
			if (this.#text.charCodeAt(this.#at) !== quote) throw new Refusal();
			const key = this.#string();
			this.#either(colon, colon);
			if (members.has(key) || members.size >= membersMax) throw new Refusal();
			members.set(key, this.value(depth + 1));
		} while (this.#either(comma, closeBrace));
		return members;
	}

	#array(depth: number): readonly StrictJson[] {
		const items: StrictJson[] = [];
		this.#at += 1;
		this.#skipSpace();
		if (this.#text.charCodeAt(this.#at) === closeBracket) {
			this.#at += 1;
			return items;
		}
		do {
			if (items.length >= itemsMax) throw new Refusal();
			items.push(this.value(depth + 1));
		} while (this.#either(comma, closeBracket));
		return items;
	}
}

const words: readonly (readonly [word: string, value: boolean | null])[] = [
	['true', true],
	['false', false],
	['null', null],
];

function withoutEscapes(inside: string): string {
	// A backslash that is escaped itself begins no escape.
	if (upperEscape.test(inside.replaceAll('\\\\', ''))) throw new Refusal();
	let text: unknown;
	try {
		text = JSON.parse(`"${inside}"`);
	} catch {
		throw new Refusal();
	}
	if (typeof text !== 'string' || loneSurrogate.test(text)) throw new Refusal();
	return text;
}
