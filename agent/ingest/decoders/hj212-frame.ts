// Turns the bytes of an MQTT payload into HJ 212 frames whose length and checksum are right, opening what is encrypted.

import {createDecipheriv, getCiphers} from 'node:crypto';
import {type Refused, refuse} from '../refusal.ts';

/** A frame: `##`, the length of the data segment, the data segment, its checksum [HJ 212-2017, 6.3]. */
export type Frame = {
	/** Number of the request; '' where it has none (2005). Names a message, in local time to the millisecond. */
	readonly qn: string;
	/** What kind of site it is of. */
	readonly st: string;
	/** What kind of message it is. */
	readonly cn: string;
	/** The station. */
	readonly mn: string;
	/** How many parts the message has, and which this is, from 1. Both 1 where it is whole. */
	readonly partCount: number;
	readonly part: number;
	/** It was sent again from the device's store [HJ 212-2025]. */
	readonly isFromStore: boolean;
	/** What stands between the `&&`. */
	readonly body: string;
};

/** Frames of one payload. */
export const framesMax = 32;
/** Parts of one message. */
export const partsMax = 32;

const headLength = 6;
const checksumLength = 4;
const bodyMark = 'CP=&&';
const bodyEnd = '&&';
const cipher = 'sm4-ecb';
const blockLength = 16;

/** True if this build of Node opens what HJ 212-2025 encrypts. */
const hasCipher = getCiphers().includes(cipher);

/**
 * Every frame of the payload, in order; a refusal for the whole payload where a length, a checksum or anything between the frames is wrong. `key` has 16 bytes. The line end
 * behind a frame may be left out. MUST NOT be called with a text that is not the bytes, one character each.
 */
export function readFrames(text: string, bytes: Uint8Array, key: Uint8Array | undefined): readonly Frame[] | Refused {
	const frames: Frame[] = [];
	let at = 0;
	while (at < text.length) {
		if (frames.length === framesMax) return refuse('payload-malformed', `a message has at most ${framesMax} frames`);
		const length = text.startsWith('##', at) ? fourDigits(text, at + 2) : -1;
		if (length < 0) return refuse('frame-damaged', `no frame begins at byte ${at}: ## and four digits are missing`);
		const begin = at + headLength;
		const mark = text.indexOf(bodyMark, begin);
		const isEncrypted = mark >= 0 && text[mark + bodyMark.length] === '{';
		const segment = isEncrypted ? openSegment(text, begin, length, key) : plainSegment(text, bytes, begin, length);
		if ('refused' in segment) return segment;
		const frame = parseSegment(segment.text);
		if ('refused' in frame) return frame;
		frames.push(frame);
		at = segment.end + checksumLength;
		if (at === text.length) break;
		if (text.startsWith('\r\n', at)) at += 2;
		else if (!text.startsWith('##', at)) return refuse('frame-damaged', `something that is no frame stands at byte ${at}`);
	}
	return frames.length === 0 ? refuse('frame-damaged', 'there is no frame') : frames;
}

/** The data segment in plain text, and where its checksum begins. */
type Segment = {readonly text: string; readonly end: number};

function plainSegment(text: string, bytes: Uint8Array, begin: number, length: number): Segment | Refused {
	const end = begin + length;
	const checksum = fourHexDigits(text, end);
	if (checksum < 0) return refuse('frame-damaged', `no checksum stands ${length} bytes behind the length`);
	if (checksumOf(bytes, begin, end) !== checksum) return refuse('frame-damaged', 'the checksum does not fit the data segment');
	return {text: text.slice(begin, end), end};
}

/**
 * Opens `CP=&&{0xE4,0x3E,…}tail&&` [HJ 212-2025, annex A]: whole blocks of the body are encrypted one by one, less than a block stays as it is. Length and checksum are made before,
 * of the plain text; a length of what is sent is taken as well.
 */
function openSegment(text: string, begin: number, length: number, key: Uint8Array | undefined): Segment | Refused {
	const listBegin = text.indexOf(bodyMark, begin) + bodyMark.length;
	const listEnd = text.indexOf('}', listBegin);
	const tailEnd = listEnd < 0 ? -1 : text.indexOf(bodyEnd, listEnd);
	if (tailEnd < 0) return refuse('frame-damaged', 'the encrypted body does not end');
	const blocks = listedBytes(text, listBegin, listEnd);
	if (blocks === undefined || tailEnd - listEnd > blockLength)
		return refuse('frame-damaged', 'the encrypted body is no list of whole blocks and a tail');
	const end = tailEnd + bodyEnd.length;
	const plainLength = end - begin - (listEnd + 1 - listBegin) + blocks.length;
	if (length !== plainLength && length !== end - begin)
		return refuse('frame-damaged', `the length of the frame is ${plainLength}, not ${length}`);
	const checksum = fourHexDigits(text, end);
	if (checksum < 0) return refuse('frame-damaged', 'no checksum stands behind the encrypted body');
	if (key === undefined || key.length !== blockLength)
		return refuse('frame-locked', 'the frame is encrypted with SM4, and the mapping has no key of 16 bytes');
	if (!hasCipher) return refuse('frame-locked', 'the frame is encrypted with SM4, which this build of Node does not have');
	const decipher = createDecipheriv(cipher, key, null);
	decipher.setAutoPadding(false);
	const opened = Buffer.concat([decipher.update(blocks), decipher.final()]);
	const blocksOfText = countBlocksOfText(opened);
	if (blocksOfText === 0) return refuse('frame-locked', "the mapping's key does not open the frame");
	const plain = `${text.slice(begin, listBegin)}${opened.toString('latin1')}${text.slice(listEnd + 1, end)}`;
	// The checksum carries eight bits from byte to byte, and a flipped bit spoils sixteen bytes: of 256 damaged frames one would pass, if it were not for the text.
	if (blocksOfText * blockLength < opened.length || checksumOf(Buffer.from(plain, 'latin1'), 0, plain.length) !== checksum)
		return refuse('frame-damaged', 'the checksum does not fit what the key opens: the frame is damaged, or the key is another one');
	return {text: plain, end};
}

/** `{0xE4,0x3E,…}`, upper case, as bytes; undefined if it is anything else or no whole number of blocks. */
function listedBytes(text: string, begin: number, end: number): Uint8Array | undefined {
	const width = '0xE4,'.length;
	const count = (end - begin) / width;
	if (!Number.isInteger(count) || count === 0 || count % blockLength !== 0) return undefined;
	const bytes = new Uint8Array(count);
	for (let i = 0; i < count; i += 1) {
		// Each byte follows a brace or a comma.
		const at = begin + i * width;
		const high = upperHexDigit(text.charCodeAt(at + 3));
		const low = upperHexDigit(text.charCodeAt(at + 4));
		if (text[at] !== (i === 0 ? '{' : ',') || text[at + 1] !== '0' || text[at + 2] !== 'x' || high < 0 || low < 0) return undefined;
		bytes[i] = high * 16 + low;
	}
	return bytes;
}

/** Blocks that are printable ASCII, as all of a body are. A wrong key leaves none, damage spoils one. */
function countBlocksOfText(bytes: Uint8Array): number {
	let count = 0;
	for (let at = 0; at < bytes.length; at += blockLength)
		if (bytes.subarray(at, at + blockLength).every(byte => byte >= 0x20 && byte < 0x7f)) count += 1;
	return count;
}

/** Takes the segment apart. A refusal never repeats what stands there: it holds the station's password. */
function parseSegment(segment: string): Frame | Refused {
	const markAt = segment.indexOf(bodyMark);
	const bodyBegin = markAt + bodyMark.length;
	const last = segment.length - bodyEnd.length;
	if (markAt < 0 || last < bodyBegin || !segment.endsWith(bodyEnd)) return refuse('payload-malformed', 'the frame has no CP=&&…&&');
	let qn = '';
	let st = '';
	let cn = '';
	let mn = '';
	let flag = '0';
	let partCount = '';
	let part = '';
	let isFromStore = false;
	const seen: string[] = [];
	for (let at = 0; at < markAt; ) {
		const end = segment.indexOf(';', at);
		const equals = segment.indexOf('=', at);
		if (end < 0 || end >= markAt || equals < 0 || equals > end)
			return refuse('payload-malformed', 'the frame has a field without a name or an end');
		const name = segment.slice(at, equals);
		const value = segment.slice(equals + 1, end);
		at = end + 1;
		if (seen.includes(name)) return refuse('payload-malformed', 'the frame has a field twice');
		seen.push(name);
		switch (name) {
			case 'QN':
				qn = value;
				break;
			case 'ST':
				st = value;
				break;
			case 'CN':
				cn = value;
				break;
			case 'MN':
				mn = value;
				break;
			case 'Flag':
				flag = value;
				break;
			case 'PNUM':
				partCount = value;
				break;
			case 'PNO':
				part = value;
				break;
			case 'RF':
				isFromStore = value === '1';
				break;
			// PW and what later versions may add.
		}
	}
	if (!/^\d{4}$/.test(cn)) return refuse('payload-malformed', 'the frame has no CN of four digits');
	if (!/^[A-Za-z0-9_-]{1,32}$/.test(mn)) return refuse('payload-malformed', 'the frame has no MN of at most 32 letters and digits');
	if (!/^(?:\d{14,20})?$/.test(qn)) return refuse('payload-malformed', 'the QN of the frame is no time');
	if (!/^\d{1,3}$/.test(flag)) return refuse('payload-malformed', 'the Flag of the frame is no number');
	const isSplit = (Number(flag) & splitBit) !== 0;
	if (partCount === '' && part === '') {
		if (isSplit) return refuse('payload-malformed', 'the Flag says that the message is split, and PNUM and PNO are missing');
		return {qn, st, cn, mn, partCount: 1, part: 1, isFromStore, body: segment.slice(bodyBegin, last)};
	}
	if (!/^\d{1,5}$/.test(partCount) || !/^\d{1,5}$/.test(part))
		return refuse('payload-malformed', 'PNUM and PNO of the frame are no numbers');
	const [count, number] = [Number(partCount), Number(part)];
	if (count < 1 || number < 1 || number > count || count > partsMax)
		return refuse('payload-malformed', `part ${number} of ${count} is not one of at most ${partsMax}`);
	return {qn, st, cn, mn, partCount: count, part: number, isFromStore, body: segment.slice(bodyBegin, last)};
}

/** Bits of Flag: six of the version (0: 2005, 1: 2017, 2: 2025), D: the message is split, A: it wants an answer [HJ 212-2025, table 3]. */
const splitBit = 2;

/** By the byte that goes in, what is left of it after eight shifts. */
const table = Uint16Array.from({length: 256}, (_, byte) => {
	let register = byte;
	for (let bit = 0; bit < 8; bit += 1) register = (register & 1) === 0 ? register >> 1 : (register >> 1) ^ 0xa001;
	return register;
});

/** By the byte that goes in, what is carried on to the next byte but 0, 1, 2 or 3. */
const carried = [0, 1, 2, 3].map(zeros =>
	Uint8Array.from({length: 256}, (_, byte) => {
		let high = byte;
		for (let i = 0; i <= zeros; i += 1) high = table[high]! >> 8;
		return high;
	}),
);
const [carried0, carried1, carried2, carried3] = carried as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];

/**
 * The checksum of HJ 212, annex A. It looks like CRC-16/MODBUS and is not: the low byte of the register is dropped before each byte goes in, so that eight bits are carried from
 * byte to byte. They are linear in what went in, and four bytes go in at once.
 */
export function checksumOf(bytes: Uint8Array, begin: number, end: number): number {
	if (end <= begin) return 0xffff;
	let high = 0xff;
	let i = begin;
	for (; i + 4 < end; i += 4)
		high = carried3[high ^ bytes[i]!]! ^ carried2[bytes[i + 1]!]! ^ carried1[bytes[i + 2]!]! ^ carried0[bytes[i + 3]!]!;
	for (; i + 1 < end; i += 1) high = carried0[high ^ bytes[i]!]!;
	return table[high ^ bytes[i]!]!;
}

/** -1 if there are none. */
function fourDigits(text: string, at: number): number {
	let number = 0;
	for (let i = at; i < at + 4; i += 1) {
		const digit = text.charCodeAt(i) - 0x30;
		if (!(digit >= 0 && digit <= 9)) return -1;
		number = number * 10 + digit;
	}
	return number;
}

/** -1 if there are none in upper case, as the standard prints them: a flipped bit makes lower case of a letter. */
function fourHexDigits(text: string, at: number): number {
	let number = 0;
	for (let i = at; i < at + checksumLength; i += 1) {
		const digit = upperHexDigit(text.charCodeAt(i));
		if (digit < 0) return -1;
		number = number * 16 + digit;
	}
	return number;
}

function upperHexDigit(code: number): number {
	if (code >= 0x30 && code <= 0x39) return code - 0x30;
	return code >= 0x41 && code <= 0x46 ? code - 0x37 : -1;
}
