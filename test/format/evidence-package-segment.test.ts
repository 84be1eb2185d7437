// Segments of an evidence package: every entry comes back as it was, in few bytes, and from one form only.
import {createHash} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import test from 'ava';
import fc from 'fast-check';
import {equalBytes, uint48Max, viewOf, writeUint48} from '../../agent/base/bytes.ts';
import {deflate, inflate} from '../../agent/format/deflate.ts';
import {entryLength} from '../../agent/format/entry.ts';
import {createSegmentCodec, type Segment, segmentEntriesMax} from '../../agent/format/evidence-package-segment.ts';

const sha256 = (text: string): Uint8Array => new Uint8Array(createHash('sha256').update(text).digest());
const subjects = Array.from({length: 5}, (_, i) => sha256(`subject ${i}`));

/** An entry of any content at all: only its subject must be one of those that the package has. */
const anyEntry = fc
	.tuple(fc.nat(subjects.length - 1), fc.uint8Array({minLength: entryLength, maxLength: entryLength}), fc.constantFrom(0, 1, 2, 3))
	.map(([place, bytes, extreme]) => {
		const entry = bytes.slice();
		entry.set(subjects[place]!, 18);
		// Ends of what the fields hold, for the times and values that differences are made of.
		if (extreme === 1) entry.fill(0, 50, 86);
		if (extreme === 2) entry.fill(0xff, 50, 86);
		if (extreme === 3) entry.set([0x80, 0, 0, 0, 0, 0, 0, 0], 56);
		return entry;
	});

const anySegment = fc
	.array(fc.tuple(anyEntry, fc.integer({min: 1, max: 2 ** 31}), fc.boolean()), {minLength: 1, maxLength: 40})
	.map((some): Segment => {
		const entries = new Uint8Array(some.length * entryLength);
		const indexes = new Float64Array(some.length);
		let index = -1;
		for (const [i, [entry, step, isShared]] of some.entries()) {
			entries.set(entry, i * entryLength);
			// Several of one arrival share their source.
			if (isShared && i > 0) entries.copyWithin(i * entryLength + 86, (i - 1) * entryLength + 86, i * entryLength);
			index += step;
			indexes[i] = index;
		}
		return {entries, indexes};
	});

const isSame = (a: Segment | undefined, b: Segment): boolean =>
	a !== undefined &&
	equalBytes(a.entries, b.entries) &&
	a.indexes.length === b.indexes.length &&
	a.indexes.every((index, i) => index === b.indexes[i]);

test('entries of any content come back byte for byte', t => {
	const codec = createSegmentCodec(subjects);
	fc.assert(
		fc.property(anySegment, segment => isSame(codec.decode(codec.encode(segment)), segment)),
		{numRuns: 500},
	);
	t.pass();
});

test('the largest indexes come back', t => {
	const codec = createSegmentCodec(subjects);
	const entries = new Uint8Array(2 * entryLength);
	for (const at of [0, entryLength]) entries.set(subjects[0]!, at + 18);
	const segment = {entries, indexes: Float64Array.of(uint48Max - 1, uint48Max)};
	t.true(isSame(codec.decode(codec.encode(segment)), segment));
});

/** The parts of a segment: what is deflated, unpacked, and what follows it. */
function partsOf(bytes: Uint8Array): {
	readonly thin: Uint8Array;
	readonly rest: Uint8Array;
	readonly count: number;
	readonly sources: number;
} {
	const view = viewOf(bytes);
	const packed = view.getUint32(12);
	return {
		thin: inflate(bytes.subarray(16, 16 + packed), view.getUint32(8))!,
		rest: bytes.slice(16 + packed),
		count: view.getUint32(0),
		sources: view.getUint32(4),
	};
}

function join({thin, rest, count, sources}: ReturnType<typeof partsOf>): Uint8Array {
	const packed = deflate(thin);
	const bytes = new Uint8Array(16 + packed.length + rest.length);
	for (const [i, field] of [count, sources, thin.length, packed.length].entries()) viewOf(bytes).setUint32(4 * i, field);
	bytes.set(packed, 16);
	bytes.set(rest, 16 + packed.length);
	return bytes;
}

test('whatever is changed in the columns, they give other entries or none', t => {
	const codec = createSegmentCodec(subjects);
	fc.assert(
		fc.property(anySegment, fc.nat(), fc.integer({min: 1, max: 255}), (segment, at, change) => {
			const parts = partsOf(codec.encode(segment));
			const kept = {entries: segment.entries.slice(), indexes: segment.indexes.slice()};
			const thin = parts.thin.slice();
			thin[at % thin.length]! ^= change;
			const decoded = codec.decode(join({...parts, thin}));
			if (decoded === undefined) return true;
			// One form only: what can be read is what these entries give.
			const again = {entries: decoded.entries.slice(), indexes: decoded.indexes.slice()};
			return !isSame(again, kept) && equalBytes(partsOf(codec.encode(again)).thin, thin);
		}),
		{numRuns: 500},
	);
	t.pass();
});

test('a number in a longer form, a byte too many or too few, and lengths that lie are refused', t => {
	const codec = createSegmentCodec(subjects);
	const entries = new Uint8Array(entryLength);
	entries.set(subjects[1]!, 18);
	const good = partsOf(codec.encode({entries, indexes: Float64Array.of(3)}));
	t.truthy(codec.decode(join(good)));
	// Index 3 as 0x83 0x00.
	t.is(codec.decode(join({...good, thin: Uint8Array.of(0x83, 0, ...good.thin.subarray(1))})), undefined);
	t.is(codec.decode(join({...good, thin: Uint8Array.of(...good.thin, 0)})), undefined);
	t.is(codec.decode(join({...good, thin: good.thin.subarray(1)})), undefined);
	t.is(codec.decode(join({...good, rest: good.rest.subarray(1)})), undefined);
	t.is(codec.decode(join({...good, rest: Uint8Array.of(...good.rest, 0)})), undefined);
	for (const [field, value] of [
		[0, 0],
		[0, segmentEntriesMax + 1],
		[0, 0xffff_ffff],
		[4, 0],
		[4, 2],
		[8, 0xffff_ffff],
		[8, 0],
		[12, 0xffff_ffff],
	] as const) {
		const bytes = join(good);
		viewOf(bytes).setUint32(field, value);
		t.is(codec.decode(bytes), undefined, `${field}: ${value}`);
	}
	t.is(codec.decode(new Uint8Array(0)), undefined);
	t.is(codec.decode(new Uint8Array(15)), undefined);
});

test('a source that stands there twice in a row is refused', t => {
	const codec = createSegmentCodec(subjects);
	const entries = new Uint8Array(2 * entryLength);
	for (const at of [0, entryLength]) entries.set(subjects[0]!, at + 18);
	const shared = partsOf(codec.encode({entries, indexes: Float64Array.of(0, 1)}));
	t.is(shared.sources, 1);
	const thin = shared.thin.slice();
	thin[thin.length - 1] = 1;
	t.is(codec.decode(join({...shared, thin, sources: 2, rest: Uint8Array.of(...new Uint8Array(32), ...shared.rest)})), undefined);
});

test('what is unpacked is never longer than was said', t => {
	const zeros = deflate(new Uint8Array(1_000_000));
	t.is(inflate(zeros, 999_999), undefined);
	t.is(inflate(zeros, 1_000_001), undefined);
	t.is(inflate(zeros, 1_000_000)?.length, 1_000_000);
	t.is(inflate(Uint8Array.of(7, 7, 7), 10), undefined);
	t.is(inflate(new Uint8Array(0), 1), undefined);
});

test('the minute readings of many sensors take less than 60 bytes each, salt and source among them', t => {
	const sensors = Array.from({length: 100}, (_, i) => sha256(`sensor ${i}`));
	const codec = createSegmentCodec(sensors);
	const count = 20_000;
	const entries = new Uint8Array(count * entryLength);
	const view = viewOf(entries);
	for (let i = 0; i < count; i += 1) {
		const at = i * entryLength;
		const chance = sha256(`chance ${i}`);
		entries[at] = 1;
		entries[at + 1] = 1;
		entries.set(chance.subarray(0, 16), at + 2);
		entries.set(sensors[i % 100]!, at + 18);
		view.setUint16(at + 50, 30);
		view.setBigInt64(at + 56, BigInt(20_000 + (i % 100) * 10 + (chance[0]! % 40)));
		writeUint48(view, at + 64, 1_700_000_000_000 + Math.floor(i / 100) * 60_000 + (chance[1]! % 50));
		writeUint48(view, at + 70, 1_700_000_000_000 + Math.floor(i / 100) * 60_000 + 500 + chance[2]!);
		writeUint48(view, at + 76, Math.floor(i / 100) + 2);
		entries.set(sha256(`source ${i}`), at + 86);
	}
	const packed = codec.encode({entries, indexes: Float64Array.from({length: count}, (_, i) => i)});
	t.true(packed.length / count < 60, `${packed.length / count}`);
});

test('the example in FORMATS.md is what the code writes', t => {
	const page = readFileSync(fileURLToPath(new URL('../../../FORMATS.md', import.meta.url)), 'utf8');
	const block = /^```text segment\.txt\n([\s\S]*?)^```$/m.exec(page)![1]!;
	const hexOf = (name: string): Uint8Array => {
		const lines = new RegExp(`^${name} ([\\s\\S]*?)(?=^\\S|$(?![\\s\\S]))`, 'm').exec(block)![1]!;
		return new Uint8Array(Buffer.from(lines.replaceAll(/\s/g, ''), 'hex'));
	};
	const entries = new Uint8Array([...hexOf('entry 7'), ...hexOf('entry 9')]);
	t.is(entries.length, 2 * entryLength);
	const codec = createSegmentCodec([entries.slice(18, 50)]);
	const parts = partsOf(codec.encode({entries, indexes: Float64Array.of(7, 9)}));
	t.deepEqual(parts.thin, hexOf('columns'));
	t.deepEqual(parts.rest, new Uint8Array([...hexOf('sources'), ...hexOf('salts')]));
});
