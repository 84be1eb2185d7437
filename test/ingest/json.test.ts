// The strict reader of JSON, against the engine's own where that is right, and against what hostile or broken devices send.
import test from 'ava';
import fc from 'fast-check';
import {parseDecimal} from '../../agent/format/decimal.ts';
import {
	followPointer,
	JsonNumber,
	JsonObject,
	type JsonValue,
	jsonDepthMax,
	jsonItemsMax,
	jsonKeysMax,
	jsonStringMax,
	parseJson,
	parsePointer,
} from '../../agent/ingest/json.ts';

/** As JSON.parse would give it, but with every number as `#text`. */
function plain(value: JsonValue): unknown {
	if (value instanceof JsonNumber) return `#${value.text}`;
	if (value instanceof JsonObject) return {object: value.keys.map((key, i) => [key, plain(value.values[i]!)])};
	return Array.isArray(value) ? value.map(plain) : value;
}

/** The same of what JSON.parse gives, numbers in the shortest text. */
function plainOfEngine(value: unknown): unknown {
	if (typeof value === 'number') return `#${JSON.stringify(value)}`;
	if (Array.isArray(value)) return value.map(plainOfEngine);
	if (typeof value !== 'object' || value === null) return value;
	return {object: Object.entries(value).map(([key, part]) => [key, plainOfEngine(part)])};
}

function keysOf(value: JsonValue): unknown {
	if (value instanceof JsonObject) return value.keys.map((key, i) => [key, keysOf(value.values[i]!)]);
	return Array.isArray(value) ? value.map(keysOf) : undefined;
}

/** Of a text whose keys do not look like indexes. */
function keysOfEngine(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(keysOfEngine);
	return typeof value === 'object' && value !== null ? Object.entries(value).map(([key, one]) => [key, keysOfEngine(one)]) : undefined;
}

const parse = (text: string | Uint8Array) => parseJson(typeof text === 'string' ? Buffer.from(text) : text);
const readPlain = (text: string): unknown => {
	const parsed = parse(text);
	return 'problem' in parsed ? parsed : plain(parsed.value);
};
const problemOf = (text: string | Uint8Array): string | undefined => {
	const parsed = parse(text);
	return 'problem' in parsed ? parsed.problem : undefined;
};

const jsonValue = fc.jsonValue({maxDepth: 5}).filter(value => !JSON.stringify(value).includes('"__proto__"'));

test('a valid text is read as the engine reads it, with numbers as their text', t => {
	fc.assert(
		fc.property(jsonValue, fc.constantFrom('', ' ', '\t', '\n', '\r\n '), fc.constantFrom(undefined, 1, '\t'), (value, space, indent) => {
			const text = `${space}${JSON.stringify(value, null, indent)}${space}`;
			// Keys that look like indexes are sorted by the engine.
			fc.pre(!/"\d+":/.test(text));
			t.deepEqual(readPlain(text), plainOfEngine(JSON.parse(text)));
		}),
		{numRuns: 500},
	);
});

test('a text that the engine refuses is refused, and none makes the reader throw', t => {
	const piece = fc.constantFrom(
		...[
			'{',
			'}',
			'[',
			']',
			',',
			':',
			'"',
			'\\',
			'a',
			'"a"',
			'"a":',
			'1',
			'-',
			'.',
			'e',
			'0',
			'true',
			'null',
			' ',
			'\n',
			'\\u12',
			'é',
			'\u0000',
		],
	);
	fc.assert(
		fc.property(fc.array(piece, {maxLength: 12}), pieces => {
			const text = pieces.join('');
			let isValid = true;
			try {
				JSON.parse(text);
			} catch {
				isValid = false;
			}
			const problem = problemOf(text);
			// We refuse a little more: keys that are there twice.
			if (isValid) t.true(problem === undefined || problem.includes('repeated'), text);
			else t.not(problem, undefined, text);
		}),
		{numRuns: 5000},
	);
});

test('no bytes whatsoever make the reader throw', t => {
	fc.assert(
		fc.property(fc.uint8Array({maxLength: 64}), bytes => {
			parse(bytes);
		}),
		{numRuns: 2000},
	);
	t.pass();
});

test('a text that was cut at any byte is refused', t => {
	const text = '{"at":"2024-05-01T00:00:00Z","räume":[{"name":"Küche \\u00e4\\n","v":-12.50e-3},true,false,null,[]],"n":0}';
	const bytes = Buffer.from(text);
	t.is(problemOf(text), undefined);
	for (let length = 0; length < bytes.length; length += 1) t.not(problemOf(bytes.subarray(0, length)), undefined, `cut at ${length}`);
});

test('a single changed byte never makes the reader throw, and the problem says where', t => {
	const bytes = Buffer.from('{"a":[1,2.5,"x\\n"],"b":{"c":true}}');
	for (let at = 0; at < bytes.length; at += 1)
		for (let byte = 0; byte < 256; byte += 1) {
			const changed = Buffer.from(bytes);
			changed[at] = byte;
			const problem = problemOf(changed);
			if (problem !== undefined && problem !== 'it is not UTF-8') t.regex(problem, /\(at character \d+\)$/);
		}
});

const wrong: readonly (readonly [name: string, text: string, problem: RegExp])[] = [
	['an empty text', '', /ends too early/],
	['spaces only', ' \n', /ends too early/],
	['two values', '1 2', /something follows/],
	['a value and a comma', '{"a":1},', /something follows/],
	['NaN', 'NaN', /no value begins/],
	['Infinity', '{"a":Infinity}', /no value begins/],
	['minus Infinity', '-Infinity', /a digit is missing/],
	['a number with a plus', '+1', /no value begins/],
	['a number that begins with a dot', '.5', /no value begins/],
	['a number that ends with a dot', '5.', /a digit is missing/],
	['a power without digits', '1e+', /a digit is missing/],
	['a leading zero', '007', /begins with a zero/],
	['a leading zero behind a minus', '-01.5', /begins with a zero/],
	['a hexadecimal number', '0x10', /something follows/],
	['a number of 65 characters', '1'.repeat(65), /longer than 64/],
	['true in capitals', 'True', /no value begins/],
	['a single quote', "'a'", /no value begins/],
	['a key without quotes', '{a:1}', /a key is missing/],
	['a key that is a number', '{1:1}', /a key is missing/],
	['a comma before the end of an object', '{"a":1,}', /a key is missing/],
	['a comma before the end of a list', '[1,]', /no value begins/],
	['a list without commas', '[1 2]', /comma or a closing/],
	['an object that ends as a list', '{"a":1]', /comma or a closing/],
	['a missing colon', '{"a" 1}', /a colon is missing/],
	['a comment', '[1/* one */]', /comma or a closing/],
	['a repeated key', '{"a":1,"b":2,"a":1}', /the key "a" is repeated/],
	['a key that is repeated by an escape', '{"a":1,"\\u0061":2}', /the key "a" is repeated/],
	['__proto__', '{"__proto__":{"x":1}}', /__proto__ is refused/],
	['__proto__ with an escape, deep inside', '[{"a":{"\\u005f_proto__":1}}]', /__proto__ is refused/],
	['a line break in a string', '"a\nb"', /a control character/],
	['a NUL in a string', '"\u0000"', /a control character/],
	['a string that does not end', '"abc', /does not end/],
	['a string that ends in a backslash', '"abc\\', /does not end/],
	['an escape that does not exist', '"\\x41"', /an escape/],
	['an escape of too few digits', '"\\u12"', /an escape/],
	['an escaped line break', '"\\\n"', /an escape|control/],
	['a byte order mark', '\ufeff{}', /no value begins/],
	['a no-break space', '\u00a0{}', /no value begins/],
];

for (const [name, text, problem] of wrong) {
	test(`${name} is refused`, t => {
		t.regex(problemOf(text) ?? 'no problem', problem);
	});
}

test('bytes that are not UTF-8 are refused', t => {
	for (const hex of ['22ff22', '22c0af22', '22eda08022', '22f4908080 22', '22c3'])
		t.is(problemOf(Buffer.from(hex.replaceAll(' ', ''), 'hex')), 'it is not UTF-8', hex);
});

test('what lies at a limit is read, and one more is refused', t => {
	const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
	const keys = (count: number): string => `{${Array.from({length: count}, (_, i) => `"k${i}":${i}`).join(',')}}`;
	const items = (count: number): string => `[${Array.from({length: count}, () => 0).join(',')}]`;
	const limits: readonly (readonly [(count: number) => string, number, RegExp])[] = [
		[nested, jsonDepthMax, /nested deeper than 16/],
		[depth => '{"a":'.repeat(depth) + 1 + '}'.repeat(depth), jsonDepthMax, /nested deeper than 16/],
		[keys, jsonKeysMax, /more than 64 keys/],
		[items, jsonItemsMax, /more than 1024 items/],
		[length => JSON.stringify('x'.repeat(length)), jsonStringMax, /longer than 1024/],
		[length => '1'.repeat(length), 64, /longer than 64/],
	];
	for (const [make, max, problem] of limits) {
		t.is(problemOf(make(max)), undefined);
		t.regex(problemOf(make(max + 1)) ?? '', problem);
	}
	t.regex(problemOf('['.repeat(100_000)) ?? '', /nested deeper/);
});

test('lone surrogates may be escaped, as the engine has it', t => {
	t.is(readPlain('"\\ud800"'), '\ud800');
	t.is(readPlain('"\\ud83d\\ude00"'), '😀');
	t.is(readPlain('"\\u0000"'), '\u0000');
});

test('a number keeps every character of its text', t => {
	for (const text of ['0', '-0', '1e400', '-1E-7', '0.10', '12345678901234567890', '1.000000000000000000001', '9'.repeat(64)])
		t.is(readPlain(text), `#${text}`);
});

test('a short number is its digits and its exponent as well, and a long one is not', t => {
	const number = (text: string): JsonNumber => {
		const parsed = parse(text);
		return ('value' in parsed ? parsed.value : undefined) as JsonNumber;
	};
	fc.assert(
		fc.property(
			fc.boolean(),
			fc.oneof(fc.constant('0'), fc.stringMatching(/^[1-9][0-9]{0,17}$/)),
			fc.oneof(fc.constant(''), fc.stringMatching(/^\.[0-9]{1,17}$/)),
			(isNegative, whole, fraction) => {
				const text = `${isNegative ? '-' : ''}${whole}${fraction}`;
				const {digits, exponent} = number(text);
				const digitCount = whole.length + Math.max(0, fraction.length - 1);
				if (digitCount > 15) t.is(digits, Number.NaN, text);
				else t.deepEqual({digits: BigInt(digits), exponent}, parseDecimal(text), text);
			},
		),
	);
	for (const text of ['1e3', '1e0', '0e0']) t.is(number(text).digits, Number.NaN);
	t.is(number('-0').digits, 0);
	t.is(number('-0.00').digits, 0);
});

test('the bytes may be a part of a larger buffer', t => {
	const buffer = Buffer.from('xx{"a":"ü"}yy');
	t.deepEqual(parseJson(buffer.subarray(2, buffer.length - 2)), parseJson(Buffer.from('{"a":"ü"}')));
	const bytes = new Uint8Array(Buffer.from('xx[12]yy'));
	t.is(problemOf(bytes.subarray(2, 6)), undefined);
});

test('a key is what stands in the text, whatever keys stood there before, and in whichever buffer', t => {
	const bytes = Buffer.from('{"head":{"id":1,"ok":true},"list":[{"v":1},{"v":2,"t":3}],"\\u0061b":0}');
	const whole = readPlain(bytes.toString());
	for (let at = 0; at < bytes.length; at += 1)
		for (const byte of [0x20, 0x22, 0x2d, 0x5c, 0x61, 0x7a]) {
			const before = bytes[at]!;
			bytes[at] = byte;
			const parsed = parse(bytes);
			// Numbers may have become others; keys are those that the engine reads.
			if ('value' in parsed) t.deepEqual(keysOf(parsed.value), keysOfEngine(JSON.parse(bytes.toString())), bytes.toString());
			bytes[at] = before;
			t.deepEqual(readPlain(bytes.toString()), whole);
		}
});

test('more keys than are remembered are read all the same, and repeats are still seen', t => {
	for (let i = 0; i < 6000; i += 1) {
		t.deepEqual(readPlain(`{"a":{"k${i}":1},"k${i}":2}`), {
			object: [
				['a', {object: [[`k${i}`, '#1']]}],
				[`k${i}`, '#2'],
			],
		});
		if (i % 1000 === 0) t.regex(problemOf(`{"a":1,"k${i}":2,"a":3}`) ?? '', /the key "a" is repeated/);
	}
	const long = 'k'.repeat(200);
	for (let i = 0; i < 3; i += 1) {
		t.deepEqual(readPlain(`{"${long}":1,"b":2}`), {
			object: [
				[long, '#1'],
				['b', '#2'],
			],
		});
		t.regex(problemOf(`{"${long}":1,"${long}":2}`) ?? '', /is repeated/);
	}
});

test('objects with the same keys share one list of them, and not their values', t => {
	const [first, second] = ['{"a":1,"b":[{"c":2}]}', '{"a":3,"b":[{"c":4}]}'].map(text => {
		const parsed = parse(text);
		return ('value' in parsed ? parsed.value : undefined) as JsonObject;
	});
	t.is(first!.keys, second!.keys);
	t.not(first!.values, second!.values);
});

test('a pointer leads where RFC 6901 says', t => {
	const document = '{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"m~n":8,"o":{"0":{"x":null}},"~1":9}';
	const parsed = parse(document);
	const follow = (pointer: string): unknown => {
		const found = followPointer((parsed as {value: JsonValue}).value, parsePointer(pointer)!);
		return found === undefined ? undefined : plain(found);
	};
	t.deepEqual(follow('/foo'), ['bar', 'baz']);
	t.is(follow('/foo/0'), 'bar');
	t.is(follow('/foo/1'), 'baz');
	t.is(follow('/'), '#0');
	t.is(follow('/a~1b'), '#1');
	t.is(follow('/c%d'), '#2');
	t.is(follow('/m~0n'), '#8');
	t.is(follow('/~01'), '#9');
	t.is(follow('/o/0/x'), null);
	for (const nowhere of ['/foo/2', '/foo/-', '/foo/01', '/foo/+1', '/foo/1e0', '/foo/length', '/o/1', '/foo/0/0', '/toString', '/o/0/x/y'])
		t.is(follow(nowhere), undefined, nowhere);
	t.is((follow('') as {object: unknown[]}).object.length, 7);
});

test('a text that is no pointer is none', t => {
	for (const text of ['foo', 'foo/bar', '/a~', '/a~2b', '#/a', ' /a']) t.is(parsePointer(text), undefined, text);
	t.deepEqual(parsePointer(''), []);
	t.deepEqual(parsePointer('/'), ['']);
});
