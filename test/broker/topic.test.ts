// Topics and filters as text: what is clean, what covers what, and who is interested.
import test from 'ava';
import {createInterest} from '../../broker/interest.ts';
import {covers, coversAny, isCleanText, isWithinBytes} from '../../broker/topic.ts';

test('clean text has no control characters and no replacement character', t => {
	for (const text of ['', 'a/b', 'Zähler/µ/電', '\u{1f50c}', 'a b']) t.true(isCleanText(text), text);
	for (const text of ['\0', 'a\0b', '\t', '\n', '\x1f', '\x7f', '\x80', '\x9f', '\ufffd']) t.false(isCleanText(text), JSON.stringify(text));
});

test('bytes are counted as UTF-8', t => {
	t.true(isWithinBytes('aaaa', 4));
	t.false(isWithinBytes('aaaaa', 4));
	t.true(isWithinBytes('ää', 4));
	t.false(isWithinBytes('äää', 4));
	t.true(isWithinBytes('\u{1f50c}', 4));
	t.false(isWithinBytes('\u{1f50c}', 3));
});

for (const [wide, narrow, is] of [
	['a/b', 'a/b', true],
	['a/b', 'a/c', false],
	['a/b', 'a/b/c', false],
	['a/b/c', 'a/b', false],
	['a/+', 'a/b', true],
	['a/+', 'a/', true],
	['a/+', 'a', false],
	['a/+', 'a/b/c', false],
	['a/+', 'a/+', true],
	['a/+', 'a/#', false],
	['a/b', 'a/+', false],
	['a/#', 'a', true],
	['a/#', 'a/b/c', true],
	['a/#', 'a/#', true],
	['a/#', 'a/+/c', true],
	['a/#', 'ab', false],
	['a/#', '#', false],
	['a/#', '+/b', false],
	['+/#', '+', true],
	['+', '#', false],
	['#', 'a/b', true],
	['#', '#', true],
	['#', '$SYS/a', false],
	['+/a', '$SYS/a', false],
	['$SYS/#', '$SYS/a', true],
	['a', 'A', false],
] as const) {
	test(`the filter ${wide} ${is ? 'covers' : 'does not cover'} ${narrow}`, t => {
		t.is(covers(wide, narrow), is);
		t.is(coversAny(['x/y', wide], narrow), is);
		t.false(coversAny([], narrow));
	});
}

test('interest follows what is added and removed, counted', t => {
	const interest = createInterest();
	t.false(interest.has('a/b'));
	interest.add('a/#');
	interest.add('a/#');
	t.true(interest.has('a/b'));
	t.true(interest.has('a/b'));
	t.false(interest.has('b'));
	interest.remove('a/#');
	t.true(interest.has('a/b'));
	interest.remove('a/#');
	interest.remove('a/#');
	t.false(interest.has('a/b'));
	interest.add('b');
	for (let i = 0; i < 10_000; i += 1) t.false(interest.has(`c/${i}`));
	t.true(interest.has('b'));
});
