// Turns DER into a tree of elements, refuses every other spelling of the same values, and writes the few elements that we say ourselves [X.690].

import {concatBytes, fromUtf8} from '../base/bytes.ts';

/** Tags of X.680 and the ones of ASN.1 structures here; the bit 0x20 says that there are elements inside. */
export const derTags = {
	boolean: 0x01,
	integer: 0x02,
	bits: 0x03,
	octets: 0x04,
	null: 0x05,
	oid: 0x06,
	utf8: 0x0c,
	printable: 0x13,
	utcTime: 0x17,
	generalizedTime: 0x18,
	sequence: 0x30,
	set: 0x31,
} as const;

export type Der = {
	readonly tag: number;
	/** The whole element as it stands in the input, tag and length included. */
	readonly bytes: Uint8Array;
	readonly content: Uint8Array;
	/** Empty unless the tag says that there are elements inside. */
	readonly children: readonly Der[];
};

/** A deeper tree, or one of more elements, is an attack on the reader's stack or time: a token of four certificates has about 600 elements in 12 levels. */
const depthMax = 32;
const elementsMax = 4096;

/** What does not fit. Caught by whoever reads, never seen outside. */
export class DerError extends Error {}

/** Says that bytes have the wrong shape. For use below `reading` only. */
export function derError(message: string): never {
	throw new DerError(message);
}

/** The result of `read`, or why the bytes have the wrong shape. */
export function reading<T>(read: () => T): {readonly value: T} | {readonly problem: string} {
	try {
		return {value: read()};
	} catch (error) {
		if (error instanceof DerError) return {problem: error.message};
		throw error;
	}
}

/** Reads exactly one element, or ends the reading. */
export function parseDer(bytes: Uint8Array): Der {
	let elements = 0;
	const parse = (begin: number, limit: number, depth: number): {readonly element: Der; readonly end: number} => {
		elements += 1;
		if (depth > depthMax) derError(`it is nested deeper than ${depthMax} levels`);
		if (elements > elementsMax) derError(`it has more than ${elementsMax} elements`);
		if (begin + 2 > limit) derError('it ends in the middle of an element');
		const tag = bytes[begin]!;
		if ((tag & 0x1f) === 0x1f) derError('it has a tag of several bytes, which nothing here has');
		let length = bytes[begin + 1]!;
		let contentBegin = begin + 2;
		if (length >= 0x80) {
			const lengthBytes = length & 0x7f;
			// Indefinite lengths, and lengths in more bytes than are needed, are BER [X.690 §10.1].
			if (lengthBytes === 0 || lengthBytes > 3) derError('it has a length that is not DER');
			length = 0;
			for (let i = 0; i < lengthBytes; i += 1) length = length * 256 + (bytes[contentBegin + i] ?? 0);
			contentBegin += lengthBytes;
			if (length < 0x80 || length < 256 ** (lengthBytes - 1)) derError('it has a length that is not DER');
		}
		const end = contentBegin + length;
		if (end > limit) derError('it ends in the middle of an element');
		const content = bytes.subarray(contentBegin, end);
		const children: Der[] = [];
		if ((tag & 0x20) !== 0) {
			for (let at = contentBegin; at < end; ) {
				const child = parse(at, end, depth + 1);
				children.push(child.element);
				at = child.end;
			}
		}
		const element = {tag, bytes: bytes.subarray(begin, end), content, children};
		checkForm(element);
		return {element, end};
	};
	const {element, end} = parse(0, bytes.length, 0);
	if (end !== bytes.length) derError(`${bytes.length - end} bytes follow it`);
	return element;
}

/** One value has one spelling [X.690 §8, §10, §11]. */
function checkForm({tag, content}: Der): void {
	const isIn = (...tags: readonly number[]): boolean => tags.includes(tag);
	// Of the universal types only sequences and sets hold elements, and these always.
	if (tag < 0x40 && (tag & 0x20) !== 0 && !isIn(derTags.sequence, derTags.set)) derError('it has a string in pieces, which is not DER');
	if (isIn(derTags.sequence & 0x1f, derTags.set & 0x1f)) derError('it has a sequence without elements inside, which is not DER');
	if (isIn(derTags.boolean) && (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff)))
		derError('it has a truth value that is not DER');
	if (isIn(derTags.null) && content.length > 0) derError('it has a null with something inside');
	if (isIn(derTags.integer)) {
		const [first, second] = content;
		if (first === undefined) derError('it has an empty number');
		if (second !== undefined && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80)))
			derError('it has a number that is not DER');
	}
	if (isIn(derTags.bits)) {
		const unused = content[0];
		if (unused === undefined || unused > 7 || (content.length === 1 && unused > 0)) derError('it has bits that are not DER');
		if ((content.at(-1)! & ((1 << unused) - 1)) !== 0 && content.length > 1) derError('it has bits that are not DER');
	}
	if (isIn(derTags.oid) && (content.length === 0 || content.at(-1)! >= 0x80)) derError('it has an object identifier without an end');
}

/** Takes elements of a sequence or set from the front. */
export type DerFields = {
	/** The next element, which MUST have this tag. */
	readonly next: (tag: number, what: string) => Der;
	/** The next element if it has this tag; undefined, and nothing is taken, if it has another or there is none. */
	readonly maybe: (tag: number) => Der | undefined;
	readonly rest: () => readonly Der[];
	/** Ends the reading if anything is left. */
	readonly end: (what: string) => void;
};

export function fieldsIn(element: Der): DerFields {
	const {children} = element;
	let at = 0;
	const maybe = (tag: number): Der | undefined => {
		const child = children[at];
		if (child?.tag !== tag) return undefined;
		at += 1;
		return child;
	};
	return {
		next: (tag, what) => maybe(tag) ?? derError(`it has no ${what} where one belongs`),
		maybe,
		rest: () => {
			const left = children.slice(at);
			at = children.length;
			return left;
		},
		end: what => {
			if (at < children.length) derError(`its ${what} has more in it than belongs there`);
		},
	};
}

/** The element if it has this tag; else the reading ends. */
export function expectTag(element: Der, tag: number, what: string): Der {
	return element.tag === tag ? element : derError(`it has no ${what} where one belongs`);
}

/** `1.2.840.113549`, of an object identifier [X.690 §8.19]. */
export function oidText({content}: Der): string {
	const arcs: number[] = [];
	let arc = 0;
	for (const [i, byte] of content.entries()) {
		if (arc === 0 && byte === 0x80) derError('it has an object identifier that is not DER');
		// 2^53 is above every arc that means anything.
		if (arc > 2 ** 45) derError('it has an object identifier with a number too large');
		arc = arc * 128 + (byte & 0x7f);
		if (byte >= 0x80 && i < content.length - 1) continue;
		if (arcs.length === 0) arcs.push(Math.min(2, Math.floor(arc / 40)), arc - 40 * Math.min(2, Math.floor(arc / 40)));
		else arcs.push(arc);
		arc = 0;
	}
	return arcs.join('.');
}

/** A whole number from 0 to `max`; else the reading ends. */
export function smallNumber({content}: Der, max: number, what: string): number {
	if (content.length > 7 || content[0]! >= 0x80) derError(`its ${what} is not a number from 0 to ${max}`);
	let value = 0;
	for (const byte of content) value = value * 256 + byte;
	return value <= max ? value : derError(`its ${what} is not a number from 0 to ${max}`);
}

/**
 * ms since 1970 of a UTCTime or GeneralizedTime in UTC; fractions, which only the second has, are cut to ms. Certificates have whole seconds, tokens may have fractions
 * without zeros at their end [RFC 5280 §4.1.2.5, RFC 3161 §2.4.2].
 */
export function timeMs({tag, content}: Der, what: string): number {
	const text = fromUtf8(content) ?? '';
	const found =
		tag === derTags.utcTime
			? /^(?<year>\d\d)(?<month>\d\d)(?<day>\d\d)(?<hour>\d\d)(?<minute>\d\d)(?<second>\d\d)Z$/.exec(text)
			: tag === derTags.generalizedTime
				? /^(?<year>\d{4})(?<month>\d\d)(?<day>\d\d)(?<hour>\d\d)(?<minute>\d\d)(?<second>\d\d)(?:\.(?<fraction>\d{0,11}[1-9]))?Z$/.exec(
						text,
					)
				: null;
	if (found === null) return derError(`its ${what} is not a time in UTC`);
	const number = (name: string): number => Number(found.groups![name]);
	// UTCTime ends in 2049 [RFC 5280 §4.1.2.5.1].
	const year = tag === derTags.utcTime ? number('year') + (number('year') < 50 ? 2000 : 1900) : number('year');
	const [month, day, hour, minute, second] = ['month', 'day', 'hour', 'minute', 'second'].map(number) as [
		number,
		number,
		number,
		number,
		number,
	];
	const date = new Date(0);
	date.setUTCFullYear(year, month - 1, day);
	date.setUTCHours(hour, minute, second, Math.floor(Number(`0.${found.groups!.fraction ?? '0'}`) * 1000));
	const isReal =
		date.getUTCMonth() === month - 1 && date.getUTCDate() === day && date.getUTCHours() === hour && date.getUTCMinutes() === minute;
	return isReal && date.getUTCSeconds() === second ? date.getTime() : derError(`its ${what} is not a time in UTC`);
}

/** An element of our own. */
export function der(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
	const content = concatBytes(...contents);
	const length = content.length;
	const head = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
	if (length > 0xffff) throw new RangeError(`an element of our own has at most 65535 bytes, this one has ${length}`);
	return concatBytes(Uint8Array.of(tag, ...head), content);
}

/** A number that is not negative, from its bytes, most significant first. */
export function derNumber(bytes: Uint8Array): Uint8Array {
	let at = 0;
	while (at < bytes.length - 1 && bytes[at] === 0) at += 1;
	const digits = bytes.length === 0 ? Uint8Array.of(0) : bytes.subarray(at);
	return der(derTags.integer, digits[0]! >= 0x80 ? Uint8Array.of(0) : new Uint8Array(0), digits);
}

/** An object identifier, from `1.2.840.113549`. */
export function derOid(text: string): Uint8Array {
	const [first, second, ...rest] = text.split('.').map(Number) as [number, number, ...number[]];
	const bytes = [first * 40 + second, ...rest].flatMap(arc => {
		const digits = [arc % 128];
		for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) digits.unshift(0x80 + (left % 128));
		return digits;
	});
	return der(derTags.oid, Uint8Array.from(bytes));
}

/** Text strings that certificates and authorities write, for people; undefined if the element is none. */
export function textOf({tag, content}: Der): string | undefined {
	// UTF8String, PrintableString, T61String, IA5String, VisibleString: read as UTF-8, of which all but the third are parts.
	if ([derTags.utf8, derTags.printable, 0x14, 0x16, 0x1a].includes(tag as never)) return shown(fromUtf8(content));
	if (tag !== 0x1e || content.length % 2 !== 0) return undefined;
	// BMPString: two bytes a character.
	const codes = Array.from({length: Math.min(content.length / 2, shownMax)}, (_, i) => content[2 * i]! * 256 + content[2 * i + 1]!);
	return shown(String.fromCharCode(...codes));
}

const shownMax = 200;

/** Without what moves a cursor or turns the direction of writing, and not without end. */
function shown(text: string | undefined): string | undefined {
	return text?.slice(0, shownMax).replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '?');
}
