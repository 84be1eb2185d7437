import test from 'ava';
import type {Clock} from '../../agent/base/clock.ts';
import {createRefusalWatch} from '../../agent/ingest/refusal-watch.ts';

function world() {
	let nowMs = 0;
	const lines: string[] = [];
	const clock: Clock = {nowMs: () => nowMs, monotonicMs: () => nowMs, sleep: async () => {}};
	const watch = createRefusalWatch({
		clock,
		logger: {log: (level, event, fields) => void lines.push(`${level} ${event} ${JSON.stringify(fields)}`)},
	});
	return {
		watch,
		lines,
		pass: (durationMs: number) => {
			nowMs += durationMs;
		},
	};
}

test('the first refusal of a reason is said at once, the others once a minute with their count', t => {
	const {watch, lines, pass} = world();
	watch.saw('topic-unknown', 'a');
	watch.saw('topic-unknown', 'b');
	watch.saw('value-inexact', 'c');
	t.deepEqual(lines, [
		'warn refused {"reason":"topic-unknown","count":1,"detail":"a"}',
		'warn refused {"reason":"value-inexact","count":1,"detail":"c"}',
	]);
	pass(59_999);
	watch.saw('topic-unknown', 'd');
	t.is(lines.length, 2);
	pass(1);
	watch.saw('topic-unknown', 'e');
	t.is(lines[2], 'warn refused {"reason":"topic-unknown","count":3,"detail":"e"}');
});

test('what was refused is forgotten between one hour and two after it', t => {
	const {watch, pass} = world();
	watch.saw('topic-unknown', 'a');
	watch.saw('topic-unknown', 'b');
	t.deepEqual(watch.recent(), [{reason: 'topic-unknown', count: 2, detail: 'b'}]);
	pass(3_600_000);
	t.is(watch.recent()[0]?.count, 2);
	watch.saw('topic-unknown', 'c');
	t.is(watch.recent()[0]?.count, 3);
	pass(3_600_000);
	t.is(watch.recent()[0]?.count, 1);
	pass(7_200_000);
	t.deepEqual(watch.recent(), []);
});
