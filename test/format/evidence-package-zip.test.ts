// The ZIP around a package has one form: whatever else a ZIP may say is refused.
import test from 'ava';
import {zipSync} from 'fflate';
import {utf8, viewOf} from '../../agent/base/bytes.ts';
import {crc32} from '../../agent/format/crc.ts';
import {
	isMemberName,
	parseZipDirectory,
	type ZipMember,
	zipDirectory,
	zipDirectoryPlace,
	zipEndLength,
} from '../../agent/format/evidence-package-zip.ts';
import {membersOf, zipOf} from '../helpers/forge-package.ts';

const files = [
	['entries/0000.bin', utf8('entries')],
	['proof.bin', new Uint8Array(0)],
	['manifest.json', utf8('{}')],
] as const;

const memberOf = (name: string, offset: number, length: number): ZipMember => ({name, offset, length, crc: 0});

const problemOf = (bytes: Uint8Array): string | undefined => {
	try {
		membersOf(bytes);
		return undefined;
	} catch (error) {
		return (error as Error).message;
	}
};

test('CRC-32 gives the check value that everybody has', t => {
	t.is(crc32(utf8('123456789')), 0xcbf4_3926);
	t.is(crc32(new Uint8Array(0)), 0);
});

test('the directory says where each file lies', t => {
	const bytes = zipOf(files);
	const members = membersOf(bytes);
	t.deepEqual(
		members.map(({name}) => name),
		files.map(([name]) => name),
	);
	for (const [i, {offset, length}] of members.entries()) t.deepEqual(bytes.slice(offset, offset + length), files[i]![1]);
});

test('every bit of the directory is read: none can be flipped without being seen, or without changing what a file is checked against', t => {
	const bytes = zipOf(files);
	const before = JSON.stringify(membersOf(bytes));
	const begin = membersOf(bytes).at(-1)!.offset + 2;
	for (let at = begin; at < bytes.length; at += 1)
		for (let bit = 0; bit < 8; bit += 1) {
			bytes[at]! ^= 1 << bit;
			if (problemOf(bytes) === undefined && JSON.stringify(membersOf(bytes)) === before) t.fail(`byte ${at}, bit ${bit}`);
			bytes[at]! ^= 1 << bit;
		}
	t.is(problemOf(bytes), undefined);
});

test('names that lead anywhere else, or come twice, are refused', t => {
	for (const name of [
		'../a.bin',
		'/a.bin',
		'a\\b.bin',
		'a/b/c.bin',
		'A.bin',
		'a',
		'.bin',
		'con:.bin',
		'a..bin',
		'a/.bin',
		'ä.bin',
		`${'a'.repeat(41)}.bin`,
	])
		t.false(isMemberName(name), name);
	for (const name of ['manifest.json', 'entries/0000.bin', 'cover-zh.pdf']) t.true(isMemberName(name), name);
	const twice = zipDirectory([memberOf('a.bin', 35, 0), memberOf('a.bin', 70, 0)]);
	t.deepEqual(parseZipDirectory(twice, 2), {problem: 'it holds a.bin twice'});
	const climbing = zipDirectory([memberOf('../a.bin', 38, 0)]);
	t.deepEqual(parseZipDirectory(climbing, 1), {problem: 'file 0 of it has a name that no package uses'});
});

test('a comment, a byte between files, a packed file and what other programs write are refused', t => {
	const bytes = zipOf(files);
	t.regex(problemOf(new Uint8Array([...bytes, 0]))!, /does not end as/);
	const gap = zipDirectory([memberOf('a.bin', 36, 0)]);
	t.regex(JSON.stringify(parseZipDirectory(gap, 1)), /not in the one form/);
	t.truthy(problemOf(zipSync({'manifest.json': utf8('{}')})));
	const counted = bytes.slice();
	viewOf(counted).setUint16(bytes.length - zipEndLength + 10, 60_000, true);
	t.regex(problemOf(counted)!, /holds 60000 files/);
	t.deepEqual(zipDirectoryPlace(10, new Uint8Array(10)), {
		problem: 'it does not end as a ZIP file without a comment does: it was cut, or something was appended',
	});
});
