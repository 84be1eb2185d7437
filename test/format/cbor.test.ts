// CBOR within limits: what is taken is exact, what is not is said [RFC 8949].
import test from 'ava';
import {encode} from 'cborg';
import fc from 'fast-check';
import {CborDecimal, CborMap, type CborValue, decodeCbor} from '../../agent/format/cbor.ts';

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

/** The value as plain as can be; a problem as its sentence. */
function read(hex: string): unknown {
	const decoded = decodeCbor(bytesOf(hex));
	return 'problem' in decoded ? decoded.problem : plain(decoded.value);
}

function plain(value: CborValue): unknown {
	if (value instanceof CborDecimal) return `#${value.text}`;
	if (value instanceof CborMap) return new Map(value.keys.map((key, i) => [key, plain(value.values[i]!)]));
	if (Array.isArray(value)) return (value as readonly CborValue[]).map(plain);
	return value;
}

test('whole numbers are exact, as long as they are', t => {
	t.is(read('17'), 23);
	t.is(read('1b001fffffffffffff'), Number.MAX_SAFE_INTEGER);
	t.is(read('1b0020000000000000'), 2n ** 53n);
	t.is(read('1bffffffffffffffff'), 2n ** 64n - 1n);
	t.is(read('3bffffffffffffffff'), -(2n ** 64n));
	t.is(read('3903e7'), -1000);
});

test('floats of 16 and 64 bits are what they are, those of 32 bits the shortest decimal unless they are short themselves', t => {
	t.is(read('f94dc6'), '#23.09375');
	t.is(read('f94dc4'), '#23.0625');
	t.is(read('fa41b8cccd'), '#23.1');
	// 32768.0625, and 54154.7, whose next number of single precision is 54154.69921875.
	t.is(read('fa47000010'), '#32768.0625');
	t.is(read('fa47538ab3'), '#54154.7');
	t.is(read('fb40371999a0000000'), '#23.100000381469727');
	t.is(read('fb403719999999999a'), '#23.1');
	t.is(read('f97e00'), '#NaN');
	t.is(read('f97c00'), '#Infinity');
	t.is(read('f98000'), '#0');
});

test('decimal fractions are exact', t => {
	t.is(read('c48221196ab3'), '#27315e-2');
	t.is(read('c482041903e7'), '#999e4');
	t.is(read('c482201bffffffffffffffff'), '#18446744073709551615e-1');
	for (const hex of ['c4820121 00', 'c48101', 'c4820161 61', 'c48261 6101', 'c4f4', 'c482c4820101 01'])
		t.is(typeof read(hex), 'string', hex);
});

test('no other tag is taken', t => {
	t.is(read('d28440a0f640'), 'the tag 18 is not taken (at byte 1)');
	t.is(read('c11a514b67b0'), 'the tag 1 is not taken (at byte 1)');
	t.is(read('d9d9f700'), 'the tag 55799 is not taken (at byte 3)');
});

test('repeated keys, and keys of other kinds, are refused', t => {
	t.deepEqual(
		read('a2000120 6161'),
		new Map<unknown, unknown>([
			[0, 1],
			[-1, 'a'],
		]),
	);
	t.is(read('a200010002'), 'the key 0 is repeated (at byte 4)');
	t.is(read('a26161016161 02'), 'the key "a" is repeated (at byte 6)');
	// The same key, written longer.
	t.is(read('a20001180002'), 'the key 0 is repeated (at byte 5)');
	for (const hex of ['a1f401', 'a1f60 1'.replace(' ', ''), 'a14001', 'a18001', 'a1f9000001'])
		t.regex(String(read(hex)), /neither a whole number nor a text/, hex);
});

test('texts are UTF-8, and nothing is mended in them', t => {
	t.is(read('62c3bc'), 'ü');
	t.is(read('63efbfbd'), '\ufffd');
	t.is(read('61ff'), 'a text is not UTF-8 (at byte 2)');
	t.is(read('7801 ff'), 'a text is not UTF-8 (at byte 3)');
	t.is(read('64efbbbf61'), '\ufeffa');
	t.is(read('7f6161ff'), 'indefinite length bytes/strings are not supported (at byte 0)');
});

test('lists and maps without a length end with a break', t => {
	t.deepEqual(read('9f0102ff'), [1, 2]);
	t.deepEqual(read('bf0001ff'), new Map([[0, 1]]));
	for (const hex of ['9f01', 'bf00ff', 'ff', '81ff', '9f', 'a1ff01']) t.is(typeof read(hex), 'string', hex);
});

test('what is beyond a limit is refused before it costs anything', t => {
	t.regex(String(read(`${'81'.repeat(17)}00`)), /deeper than 16/);
	t.regex(String(read('9bffffffffffffffff')), /not supported/);
	t.regex(String(read(`9f${'00'.repeat(1025)}ff`)), /more than 1024 items/);
	t.is(typeof read('bb0000000100000000'), 'string');
	t.regex(String(read('9affffffff')), /more than 1024 items/);
	t.regex(String(read('baffffffff')), /more than 64 keys/);
	t.regex(String(read(`bf${Array.from({length: 65}, (_, i) => `18${(i + 100).toString(16)}00`).join('')}ff`)), /more than 64 keys/);
	t.regex(String(read(`9903ff${`9903ff${'00'.repeat(1023)}`.repeat(1023)}`)), /more than 32768 items/);
	t.regex(String(read(`790800${'61'.repeat(2048)}`)), /longer than 1024/);
	t.is(typeof read('5affffffff00'), 'string');
	t.is(typeof read('7bffffffffffffffff00'), 'string');
});

test('what is no CBOR, ends too early or goes on is refused', t => {
	for (const hex of ['', '18', 'a1', '8201', '0000', 'f7', 'e0', 'f820', '1c', 'fc']) t.is(typeof read(hex), 'string', hex);
});

test('no bytes make it throw, and what it reads is what was written', t => {
	fc.assert(
		fc.property(fc.uint8Array({maxLength: 64}), bytes => {
			decodeCbor(bytes);
			decodeCbor(Buffer.from(bytes));
		}),
		{numRuns: 3000},
	);
	const leaf = fc.oneof(
		fc.integer(),
		fc.bigInt({min: -(2n ** 64n), max: 2n ** 64n - 1n}),
		fc.string({unit: 'binary', maxLength: 40}),
		fc.boolean(),
		fc.constant(null),
	);
	fc.assert(
		fc.property(fc.array(leaf, {maxLength: 20}), items => {
			const decoded = decodeCbor(encode(items));
			if ('problem' in decoded) t.regex(decoded.problem, /UTF-8/);
			else
				t.deepEqual(
					(decoded.value as readonly unknown[]).map(String),
					items.map(item => (typeof item === 'bigint' ? String(item) : String(item))),
				);
		}),
	);
	t.pass();
});
