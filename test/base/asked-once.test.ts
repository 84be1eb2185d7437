// Many who ask the same within a time cost one question.

import test from 'ava';
import {createAskedOnce} from '../../agent/base/asked-once.ts';

test('who asks the same within the time shares an answer, and whoever comes later asks anew', async t => {
	let nowMs = 0;
	let asked = 0;
	const once = createAskedOnce<number>({monotonicMs: () => nowMs}, 1000);
	const ask = async (): Promise<number> => {
		asked += 1;
		return asked;
	};
	t.deepEqual(await Promise.all([once('a', ask), once('a', ask)]), [1, 1]);
	nowMs = 999;
	t.is(await once('a', ask), 1);
	nowMs = 1000;
	t.is(await once('a', ask), 2);
});

test('an answer that failed is asked for again, and takes none away that came since', async t => {
	let nowMs = 0;
	const once = createAskedOnce<string>({monotonicMs: () => nowMs}, 1000);
	let fail = (_: Error): void => {};
	const slow = once('a', () => new Promise((_, reject) => (fail = reject)));
	nowMs = 1000;
	t.is(await once('a', async () => 'later'), 'later');
	fail(new Error('gone'));
	await t.throwsAsync(slow, {message: 'gone'});
	t.is(await once('a', async () => 'asked once too often'), 'later');
	await t.throwsAsync(
		once('b', async () => {
			throw new Error('away');
		}),
		{message: 'away'},
	);
	t.is(await once('b', async () => 'back'), 'back');
});

test('no more answers are kept than may be, and the oldest goes first', async t => {
	const once = createAskedOnce<string>({monotonicMs: () => 0}, 1000, 2);
	for (const name of ['a', 'b', 'c']) await once(name, async () => `first ${name}`);
	t.is(await once('b', async () => 'second b'), 'first b');
	t.is(await once('a', async () => 'second a'), 'second a');
});
