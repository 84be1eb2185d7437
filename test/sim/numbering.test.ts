import test from 'ava';
import {createNumberingCheck, type GapNote, readGapNote} from '../../sim/numbering.ts';

type Step =
	| readonly ['message', sequence: number, subjects?: readonly string[], boot?: string]
	| readonly ['note', GapNote | undefined, subjects?: readonly string[]];

function wrong(steps: readonly Step[]): number {
	const check = createNumberingCheck(() => {});
	for (const [index, step] of steps.entries()) {
		const subjects = step[2] ?? ['x'];
		if (step[0] === 'note') check.noted(index, subjects, step[1]);
		else check.arrived(index, 'home-01', subjects, Buffer.from(`{"boot":"${step[3] ?? 'b'}","seq":${step[1]},"at":1}`));
	}
	check.end();
	return check.wrong();
}

const gap = (from: number, to: number, session = 'b'): GapNote => ({session, from, to});

const cases: readonly (readonly [name: string, steps: readonly Step[], wrong: number])[] = [
	[
		'numbers in a row',
		[
			['message', 3],
			['message', 4],
			['message', 5],
		],
		0,
	],
	[
		'a gap with its note',
		[
			['message', 1],
			['note', gap(2, 4)],
			['message', 5],
		],
		0,
	],
	[
		'a gap without a note',
		[
			['message', 1],
			['message', 5],
		],
		1,
	],
	[
		'a gap noted on one of two channels',
		[
			['message', 1],
			['note', gap(2, 4), ['x']],
			['message', 5, ['x', 'y']],
		],
		1,
	],
	[
		'a gap noted short',
		[
			['message', 1],
			['note', gap(2, 3)],
			['message', 5],
		],
		2,
	],
	[
		'a gap noted in another session',
		[
			['message', 1],
			['note', gap(2, 4, 'c')],
			['message', 5],
		],
		2,
	],
	[
		'a note without a gap',
		[
			['message', 1],
			['note', gap(2, 4)],
			['message', 2],
		],
		1,
	],
	[
		'a note at the end',
		[
			['message', 1],
			['note', gap(2, 4)],
		],
		1,
	],
	[
		'a note that cannot be read',
		[
			['message', 1],
			['note', undefined],
			['message', 2],
		],
		1,
	],
	[
		'a gap behind its message',
		[
			['message', 1],
			['message', 5],
			['note', gap(2, 4)],
		],
		2,
	],
	[
		'what comes late',
		[
			['message', 1],
			['note', gap(2, 2)],
			['message', 3],
			['message', 2],
			['message', 4],
		],
		0,
	],
	[
		'a new session',
		[
			['message', 9],
			['message', 3, ['x'], 'c'],
			['message', 10],
		],
		0,
	],
];

for (const [name, steps, count] of cases)
	test(`${name}: ${count} wrong`, t => {
		t.is(wrong(steps), count);
	});

test('a payload without a numbering is left alone', t => {
	const check = createNumberingCheck(() => {});
	for (const payload of ['', '[{"n":"x"}]', '{"seq":1}', '{"boot":"b","seq":-1,']) check.arrived(0, 'a', ['x'], Buffer.from(payload));
	t.is(check.wrong(), 0);
});

test('only the body of a gap note is read as one', t => {
	t.deepEqual(readGapNote(Buffer.from('{"note":"gap","session":"b","from":2,"to":3}')), gap(2, 3));
	t.deepEqual(readGapNote(Buffer.from('{"note":"gap","from":2,"to":3}')), gap(2, 3, ''));
	for (const body of [
		'',
		'null',
		'{"note":"gap","from":2}',
		'{"note":"gap","from":"2","to":3}',
		'{"note":"start"}',
		'{"note":"gap","from":2,"to":3,"x":1}',
	])
		t.is(readGapNote(Buffer.from(body)), undefined);
});
