import test from 'ava';
import fc from 'fast-check';
import {
	equalBytes,
	fromBase64,
	fromHex,
	fromUtf8,
	packFields,
	readUint48,
	toBase64,
	toHex,
	uint48Max,
	unpackFields,
	utf8,
	viewOf,
	writeUint48,
} from '../../agent/base/bytes.ts';

const check = <T extends [unknown, ...unknown[]]>(property: fc.IProperty<T>): void => fc.assert(property, {numRuns: 300});

test('hexadecimal is what Node writes, and reads back', t => {
	check(fc.property(fc.uint8Array({maxLength: 200}), bytes => toHex(bytes) === Buffer.from(bytes).toString('hex')));
	check(fc.property(fc.uint8Array({maxLength: 200}), bytes => equalBytes(fromHex(toHex(bytes))!, bytes)));
	for (const text of ['0', 'AA', '0x00', 'g0', ' 00']) t.is(fromHex(text), undefined, text);
});

test('base64 of every length around a piece is what Node writes, and reads back', t => {
	for (const length of [0, 1, 2, 3, 4, 31, 32, 33, 6143, 6144, 6145, 6146, 12_288, 20_000]) {
		const bytes = Uint8Array.from({length}, (_, i) => (i * 131) % 256);
		const text = toBase64(bytes);
		t.is(text, Buffer.from(bytes).toString('base64'));
		t.deepEqual(fromBase64(text), bytes);
	}
	check(fc.property(fc.uint8Array({maxLength: 200}), bytes => toBase64(bytes) === Buffer.from(bytes).toString('base64')));
});

test('a text is base64 only if it is the one that its bytes are written as', t => {
	const digits = fc.string({unit: fc.constantFrom(...'AQgwBCab019+/=-_ \n\u2014é'), maxLength: 12});
	check(
		fc.property(digits, text => {
			const bytes = fromBase64(text);
			return (bytes !== undefined) === (Buffer.from(text, 'base64').toString('base64') === text);
		}),
	);
	for (const text of ['A', 'AA', 'AAA', 'AB==', 'AAB=', 'AA=A', '====', 'A===', 'AA==AA==', 'AA-_', 'AAAA\n', ' AAA', 'ĀAAA']) {
		t.is(fromBase64(text), undefined, text);
	}
	t.deepEqual(fromBase64(''), new Uint8Array(0));
});

test('bytes that are not UTF-8 have no text, and a byte order mark stays', t => {
	t.is(fromUtf8(Uint8Array.of(0xff)), undefined);
	t.is(fromUtf8(Uint8Array.of(0xed, 0xa0, 0x80)), undefined);
	t.is(fromUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x41)), '\ufeffA');
	check(fc.property(fc.string({unit: 'binary'}), text => fromUtf8(utf8(text)) === text));
});

test('six bytes hold every whole number up to 2^48-1', t => {
	const view = viewOf(new Uint8Array(8));
	for (const value of [0, 1, 0xffff_ffff, 0x1_0000_0000, uint48Max]) {
		writeUint48(view, 1, value);
		t.is(readUint48(view, 1), value);
	}
	check(
		fc.property(fc.integer({min: 0, max: uint48Max}), value => {
			writeUint48(view, 2, value);
			return readUint48(view, 2) === value;
		}),
	);
});

test('packed fields unpack to the same fields, and to no other count', t => {
	const fields = fc.array(fc.uint8Array({maxLength: 20}), {maxLength: 6});
	check(
		fc.property(fields, list => {
			const packed = packFields(list);
			const found = unpackFields(packed, list.length);
			return (
				found?.length === list.length &&
				found.every((field, i) => equalBytes(field, list[i]!)) &&
				unpackFields(packed, list.length + 1) === undefined &&
				(list.length === 0 || unpackFields(packed, list.length - 1) === undefined)
			);
		}),
	);
	t.is(unpackFields(Uint8Array.of(0, 0, 0, 5, 1, 2), 1), undefined);
	t.is(unpackFields(Uint8Array.of(0xff, 0xff, 0xff, 0xff), 1), undefined);
});
