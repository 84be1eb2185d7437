import test from 'ava';
import {summaryOf} from './report.ts';

test('a summary adds up what is alike and keeps control runs apart', t => {
	const cells = [
		['`cut`', '200 cuts', '9', '0', '0', '0', '0', '1', '`s`'],
		['`cut-control`', '16 cuts', '9', '40', '0', '7', '16, as it must', '1', '`s`'],
		['`one`', '1000 crash points', '9', '1', '0', '0', '1', '1', '`s`'],
		['`other`', '150 crash points', '9', '0', '2', '3', '0', '1', '`s`'],
	];
	t.is(
		summaryOf(cells, name => name.includes('control')),
		'In all: 200 cuts, 1150 crash points. **1 acknowledged readings lost, 2 entries twice, 3 forks.** The 16 repetitions of control runs lost 40.',
	);
});
