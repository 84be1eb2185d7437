// What is written down about a chain, beside what it shows.
import test from 'ava';
import {pinProblem} from '../../agent/anchor/pins.ts';

const hash = (digit: string): string => `0x${digit.repeat(64)}`;

test('what is pinned is compared, and what is not pinned is not', t => {
	const found = {genesisHash: hash('a'), codeHash: hash('b')};
	t.is(pinProblem({}, found), undefined);
	t.is(pinProblem({genesisHash: hash('A'), codeHash: hash('b')}, found), undefined);
	t.regex(pinProblem({genesisHash: hash('c')}, found)!, /begins with block 0xaaaa.*0xcccc.* is pinned/);
	t.regex(pinProblem({codeHash: hash('c')}, found)!, /code has the hash 0xbbbb/);
	t.regex(pinProblem({codeHash: hash('c')}, {...found, codeHash: undefined})!, /of no code/);
	t.regex(pinProblem({genesisHash: hash('c')}, {...found, genesisHash: undefined})!, /block unknown/);
});
