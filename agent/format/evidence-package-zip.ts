// The ZIP file around the files of an evidence package: one form only, so that every byte of it follows from the names and the bytes of the files.

import {fromUtf8, viewOf} from '../base/bytes.ts';

/** A file in the package: where its bytes lie. */
export type ZipMember = {
	readonly name: string;
	/** Of its first byte. */
	readonly offset: number;
	readonly length: number;
	/** CRC-32 of its bytes, as the directory says. */
	readonly crc: number;
};

/** As many as manifest.json may name, and itself. */
export const zipMembersMax = 2049;
/** Letters, digits, and what is harmless on every system: no way out of the folder that somebody unpacks into. */
const namePattern = /^[a-z0-9-]{1,40}(?:\/[a-z0-9-]{1,40})?(?:\.[a-z0-9-]{1,20}){1,3}$/;
const localLength = 30;
const centralLength = 46;
const endLength = 22;
/** 1980-01-01, the first day that ZIP knows: when a package was made stands in its manifest. */
const date = 0x0021;
/** Version 1.0: stored, no folder entries. */
const version = 10;

export function isMemberName(name: string): boolean {
	return namePattern.test(name);
}

function asciiInto(target: Uint8Array, offset: number, text: string): void {
	for (let i = 0; i < text.length; i += 1) target[offset + i] = text.charCodeAt(i);
}

/** What stands in front of a file's bytes [APPNOTE §4.3.7]. Files are stored as they are: what is worth it was packed before. */
export function zipLocalHeader({name, length, crc}: Pick<ZipMember, 'name' | 'length' | 'crc'>): Uint8Array {
	const bytes = new Uint8Array(localLength + name.length);
	const view = viewOf(bytes);
	view.setUint32(0, 0x0403_4b50, true);
	view.setUint16(4, version, true);
	view.setUint16(12, date, true);
	view.setUint32(14, crc, true);
	view.setUint32(18, length, true);
	view.setUint32(22, length, true);
	view.setUint16(26, name.length, true);
	asciiInto(bytes, localLength, name);
	return bytes;
}

/** What stands behind the last file: the directory and its end [APPNOTE §4.3.12, §4.3.16]. Members are in their order, one behind the other from the first byte on. */
export function zipDirectory(members: readonly ZipMember[]): Uint8Array {
	const length = members.reduce((sum, {name}) => sum + centralLength + name.length, 0);
	const bytes = new Uint8Array(length + endLength);
	const view = viewOf(bytes);
	let at = 0;
	let behind = 0;
	for (const {name, offset, length: size, crc} of members) {
		view.setUint32(at, 0x0201_4b50, true);
		view.setUint16(at + 4, version, true);
		view.setUint16(at + 6, version, true);
		view.setUint16(at + 14, date, true);
		view.setUint32(at + 16, crc, true);
		view.setUint32(at + 20, size, true);
		view.setUint32(at + 24, size, true);
		view.setUint16(at + 28, name.length, true);
		view.setUint32(at + 42, offset - localLength - name.length, true);
		asciiInto(bytes, at + centralLength, name);
		at += centralLength + name.length;
		behind = offset + size;
	}
	view.setUint32(at, 0x0605_4b50, true);
	view.setUint16(at + 8, members.length, true);
	view.setUint16(at + 10, members.length, true);
	view.setUint32(at + 12, length, true);
	view.setUint32(at + 16, behind, true);
	return bytes;
}

/** Where the directory of a file of that length begins, by its last bytes; a problem, as a sentence, if these are not the end of a package. */
export function zipDirectoryPlace(
	length: number,
	end: Uint8Array,
): {readonly begin: number; readonly count: number} | {readonly problem: string} {
	const view = viewOf(end);
	if (end.length !== endLength || view.getUint32(0, true) !== 0x0605_4b50)
		return {problem: 'it does not end as a ZIP file without a comment does: it was cut, or something was appended'};
	const [count, size, begin] = [view.getUint16(10, true), view.getUint32(12, true), view.getUint32(16, true)];
	if (count < 1 || count > zipMembersMax) return {problem: `it holds ${count} files; a package has 1 to ${zipMembersMax}`};
	if (begin + size + endLength !== length) return {problem: 'its directory does not lie at its end'};
	return {begin, count};
}

export const zipEndLength = endLength;

/** The members that a directory lists: names in the one form, nothing twice, no byte between them; a problem, as a sentence, if it is not what zipDirectory gives. */
export function parseZipDirectory(
	directory: Uint8Array,
	count: number,
): {readonly members: readonly ZipMember[]} | {readonly problem: string} {
	const view = viewOf(directory);
	const members: ZipMember[] = [];
	const names = new Set<string>();
	let at = 0;
	let next = 0;
	for (let i = 0; i < count; i += 1) {
		if (at + centralLength > directory.length) return {problem: 'its directory is cut'};
		const nameLength = view.getUint16(at + 28, true);
		const name = fromUtf8(directory.subarray(at + centralLength, at + centralLength + nameLength));
		if (name === undefined || name.length !== nameLength || !isMemberName(name))
			return {problem: `file ${i} of it has a name that no package uses`};
		if (names.has(name)) return {problem: `it holds ${name} twice`};
		names.add(name);
		const length = view.getUint32(at + 24, true);
		members.push({name, offset: next + localLength + nameLength, length, crc: view.getUint32(at + 16, true)});
		next += localLength + nameLength + length;
		at += centralLength + nameLength;
	}
	// Written once more, it must be the same: so nothing can be hidden in a field that nobody reads.
	const again = zipDirectory(members);
	for (let i = 0; i < again.length; i += 1)
		if (again[i] !== directory[i])
			return {problem: 'its ZIP directory is not in the one form that packages have: it was damaged or changed'};
	return again.length === directory.length ? {members} : {problem: 'its ZIP directory is longer than its files need'};
}
