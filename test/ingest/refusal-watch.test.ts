import test from 'ava';
import type {Clock} from '../../agent/base/clock.ts';
import {createRefusalWatch} from '../../agent/ingest/refusal-watch.ts';

const message = (reason: string, detail: string, topic = 'meters/m-1') => ({reason, detail, topic, deviceId: 'm-1'});

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
	watch.saw(message('topic-unknown', 'a'));
	watch.saw(message('topic-unknown', 'b'));
	watch.saw(message('value-inexact', 'c'));
	t.deepEqual(lines, [
		'warn refused {"reason":"topic-unknown","count":1,"topic":"meters/m-1","device":"m-1","detail":"a"}',
		'warn refused {"reason":"value-inexact","count":1,"topic":"meters/m-1","device":"m-1","detail":"c"}',
	]);
	pass(59_999);
	watch.saw(message('topic-unknown', 'd'));
	t.is(lines.length, 2);
	pass(1);
	watch.saw(message('topic-unknown', 'e'));
	t.is(lines[2], 'warn refused {"reason":"topic-unknown","count":3,"topic":"meters/m-1","device":"m-1","detail":"e"}');
});

test('what was refused is forgotten between one hour and two after it', t => {
	const {watch, pass} = world();
	watch.saw(message('topic-unknown', 'a'));
	watch.saw(message('topic-unknown', 'b'));
	t.deepEqual(watch.recent(), [{...message('topic-unknown', 'b'), count: 2}]);
	pass(3_600_000);
	t.is(watch.recent()[0]?.count, 2);
	watch.saw(message('topic-unknown', 'c'));
	t.is(watch.recent()[0]?.count, 3);
	pass(3_600_000);
	t.is(watch.recent()[0]?.count, 1);
	pass(7_200_000);
	t.deepEqual(watch.recent(), []);
});

test('what every healthy home has is neither said nor warned of', t => {
	const {watch, lines} = world();
	for (const reason of ['no-reading', 'retained', 'frame-part']) watch.saw(message(reason, 'a'));
	t.deepEqual(lines, []);
	t.deepEqual(watch.recent(), []);
});

test('a topic is said cut and clean', t => {
	const {watch} = world();
	watch.saw(message('topic-unknown', 'a', `a\u001b[2J\u202e${'x'.repeat(500)}`));
	t.is(watch.recent()[0]?.topic, `a\ufffd[2J\ufffd${'x'.repeat(122)}`);
});
