// Turns a plain decimal, as meters print it with zeros in front, into a number that keeps its digits.

import {JsonNumber} from './json.ts';

/** So many digits always fit a double exactly. */
const shortDigitsMax = 15;
const lengthMax = 64;

/** The number that stands in `text` from `begin` to `end`: digits, with one dot among them and a minus before them where they have it. undefined for anything else. */
export function printedNumber(text: string, begin: number, end: number): JsonNumber | undefined {
	if (end - begin > lengthMax) return undefined;
	const isNegative = text.charCodeAt(begin) === 0x2d;
	let first = isNegative ? begin + 1 : begin;
	// A zero before another digit says nothing, and no parser of exact decimals takes it.
	while (first + 1 < end && text.charCodeAt(first) === 0x30 && isDigit(text.charCodeAt(first + 1))) first += 1;
	let digits = 0;
	let dot = -1;
	for (let at = first; at < end; at += 1) {
		const code = text.charCodeAt(at);
		if (isDigit(code)) digits = digits * 10 + (code - 0x30);
		else if (code === 0x2e && dot < 0 && at > first) dot = at;
		else return undefined;
	}
	// There is a digit, and the last character is one.
	if (end <= first || dot === end - 1) return undefined;
	const exponent = dot < 0 ? 0 : dot + 1 - end;
	if (end - first <= shortDigitsMax && !(isNegative && digits === 0))
		return new JsonNumber(undefined, isNegative ? -digits : digits, exponent);
	const printed = text.slice(first, end);
	const plain = isNegative ? `-${printed}` : printed;
	return end - first > shortDigitsMax ? new JsonNumber(plain) : new JsonNumber(plain, 0, exponent);
}

function isDigit(code: number): boolean {
	return code >= 0x30 && code <= 0x39;
}
