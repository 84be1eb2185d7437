// Takes an evidence package apart and puts it together again, whole and canonical: what somebody can do who knows the format and wants to lie.

import {concatBytes, fromUtf8, utf8} from '../../agent/base/bytes.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {parseOrigin} from '../../agent/format/checkpoint.ts';
import {crc32} from '../../agent/format/crc.ts';
import {deflate, inflate} from '../../agent/format/deflate.ts';
import {entryLength} from '../../agent/format/entry.ts';
import {type EvidenceManifest, formatManifest, parseManifest} from '../../agent/format/evidence-package.ts';
import {pieceName} from '../../agent/format/evidence-package-files.ts';
import {createOutline, openingsOf} from '../../agent/format/evidence-package-outline.ts';
import {createSegmentCodec, segmentEntriesMax} from '../../agent/format/evidence-package-segment.ts';
import {
	parseZipDirectory,
	type ZipMember,
	zipDirectory,
	zipDirectoryPlace,
	zipEndLength,
	zipLocalHeader,
} from '../../agent/format/evidence-package-zip.ts';
import {sm3} from '../../agent/format/sm3.ts';
import {subjectHash} from '../../agent/format/subject.ts';

export type PackageFiles = Map<string, Uint8Array>;

export type Apart = {
	/** Without the manifest. */
	readonly files: PackageFiles;
	readonly manifest: EvidenceManifest;
	/** Packed, in the order of the log. */
	readonly entries: Uint8Array;
	readonly indexes: number[];
	readonly members: readonly ZipMember[];
};

export function membersOf(bytes: Uint8Array): readonly ZipMember[] {
	const place = zipDirectoryPlace(bytes.length, bytes.subarray(-zipEndLength));
	if ('problem' in place) throw new Error(place.problem);
	const directory = parseZipDirectory(bytes.subarray(place.begin), place.count);
	if ('problem' in directory) throw new Error(directory.problem);
	return directory.members;
}

const codecOf = (manifest: EvidenceManifest) => createSegmentCodec(hashesOf(manifest));

function hashesOf(manifest: EvidenceManifest): Uint8Array[] {
	const {logName} = parseOrigin(manifest.origin)!;
	return openingsOf(manifest).map(({urn, secret}) => subjectHash(nodeHasher, {logName, secret, urn}));
}

export function takeApart(bytes: Uint8Array): Apart {
	const members = membersOf(bytes);
	const files: PackageFiles = new Map(members.map(({name, offset, length}) => [name, bytes.slice(offset, offset + length)]));
	const parsed = parseManifest(nodeHasher, files.get('manifest.json')!);
	if ('problem' in parsed) throw new Error(parsed.problem);
	files.delete('manifest.json');
	const manifest = parsed.value;
	const codec = codecOf(manifest);
	const parts: Uint8Array[] = [];
	const indexes: number[] = [];
	for (let piece = 0; files.has(pieceName('entries', piece)); piece += 1) {
		const segment = codec.decode(files.get(pieceName('entries', piece))!);
		if (segment === undefined) throw new Error(`segment ${piece} cannot be read`);
		parts.push(segment.entries.slice());
		indexes.push(...segment.indexes);
	}
	return {files, manifest, entries: concatBytes(...parts), indexes, members};
}

/** The file again: entries packed anew, files digested anew, the manifest's own lists counted anew unless `keepLists`. */
export function putTogether(
	{files, manifest, entries, indexes}: Omit<Apart, 'members'>,
	changes: {
		readonly manifest?: Partial<EvidenceManifest>;
		readonly keepLists?: boolean;
		readonly size?: number;
		readonly bodyOf?: (index: number) => Uint8Array | undefined;
	} = {},
): Uint8Array {
	const codec = codecOf(manifest);
	const again: [string, Uint8Array, number | undefined][] = [];
	const unpackedOf = new Map(manifest.files.map(({name, unpacked}) => [name, unpacked]));
	for (let begin = 0; begin < indexes.length; begin += segmentEntriesMax) {
		const end = Math.min(indexes.length, begin + segmentEntriesMax);
		const packed = codec.encode({
			entries: entries.slice(begin * entryLength, end * entryLength),
			indexes: Float64Array.from(indexes.slice(begin, end)),
		});
		again.push([pieceName('entries', begin / segmentEntriesMax), packed, undefined]);
	}
	for (const [name, bytes] of files) if (!name.startsWith('entries/')) again.push([name, bytes, unpackedOf.get(name)]);
	const lists: Partial<EvidenceManifest> = {};
	if (changes.keepLists !== true) {
		const outline = createOutline(manifest, hashesOf(manifest), changes.size ?? manifest.tally!.index + 1);
		outline.add(entries, indexes, changes.bodyOf ?? (() => undefined));
		const found = outline.contents(
			openingsOf(manifest).map(
				(_, place) => [...manifest.channels, ...manifest.accounts, ...manifest.devices, manifest.agent][place]!.tallyNumber!,
			),
		);
		Object.assign(lists, found, {clock: manifest.clock, devices: manifest.devices, tally: manifest.tally});
	}
	const text = formatManifest(nodeHasher, {
		...manifest,
		...lists,
		...changes.manifest,
		files: again.map(([name, bytes, unpacked]) => ({
			name,
			length: bytes.length,
			sha256: nodeHasher.sha256(bytes),
			sm3: sm3(bytes),
			unpacked,
		})),
	});
	return zipOf([...again.map(([name, bytes]) => [name, bytes] as const), ['manifest.json', utf8(text)]]);
}

export function zipOf(files: readonly (readonly [name: string, bytes: Uint8Array])[]): Uint8Array {
	const members: ZipMember[] = [];
	const parts: Uint8Array[] = [];
	let at = 0;
	for (const [name, bytes] of files) {
		const crc = crc32(bytes);
		const header = zipLocalHeader({name, length: bytes.length, crc});
		members.push({name, offset: at + header.length, length: bytes.length, crc});
		parts.push(header, bytes);
		at += header.length + bytes.length;
	}
	return concatBytes(...parts, zipDirectory(members));
}

/** Changes a text in the one piece of bodies, without changing its length. */
export function changeBody({files, manifest}: Apart, from: string, to: string): PackageFiles {
	const name = 'bodies/0000.bin';
	const {unpacked} = manifest.files.find(file => file.name === name)!;
	const piece = inflate(files.get(name)!, unpacked!)!;
	const at = Buffer.from(piece).indexOf(from);
	if (at < 0 || from.length !== to.length) throw new Error(`no "${from}" in ${fromUtf8(piece)}`);
	piece.set(utf8(to), at);
	return new Map([...files].map(([key, bytes]) => [key, key === name ? deflate(piece) : bytes]));
}
