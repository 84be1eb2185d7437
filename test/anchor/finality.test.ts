// What a look at the chain means for a row.
import test from 'ava';
import {type Judgement, judge, type MinedTransaction, type Sight} from '../../agent/anchor/finality.ts';
import type {AnchorRow, MinedAt} from '../../agent/anchor/outbox.ts';

const hash = (digit: string): string => `0x${digit.repeat(64)}`;
const sent: AnchorRow = {
	chainId: 1,
	registry: `0x${'1'.repeat(40)}`,
	opener: `0x${'2'.repeat(40)}`,
	logId: hash('3'),
	origin: 'test/1',
	size: 7,
	root: hash('4'),
	note: 'note',
	plannedAtMs: 1,
	state: 'sent',
	attempts: [{nonce: 5, transactionHash: hash('5'), raw: '0x00', from: 0}],
};
const at: MinedAt = {transactionHash: hash('5'), blockNumber: 100, blockHash: hash('a'), blockTime: 1700};
const inBlock: MinedTransaction = {transactionHash: hash('5'), blockNumber: 100, blockHash: hash('a'), succeeded: true, anchoredTime: 1700};
const mined: AnchorRow = {...sent, state: 'mined', mined: at};

const cases: readonly (readonly [name: string, sight: Partial<Sight>, is: Judgement['is']])[] = [
	['what no block holds is waited for', {}, 'waiting'],
	['a nonce below ours says nothing', {nonce: 4}, 'waiting'],
	['a nonce equal to ours says that ours is next', {nonce: 5}, 'waiting'],
	['a nonce above ours without our transaction says that another one took it', {nonce: 6}, 'nonceTaken'],
	['a block above the finalized one is not final', {mined: inBlock, hashAtHeight: hash('a'), finalizedNumber: 99}, 'mined'],
	['the finalized block itself is final', {mined: inBlock, hashAtHeight: hash('a'), finalizedNumber: 100}, 'final'],
	[
		'a transaction in a block that is not on the chain is waited for',
		{mined: inBlock, hashAtHeight: hash('b'), finalizedNumber: 100},
		'waiting',
	],
	['a transaction in a block that the node does not have is waited for', {mined: inBlock, finalizedNumber: 100}, 'waiting'],
	[
		'a failed transaction is reverted',
		{mined: {...inBlock, succeeded: false, anchoredTime: undefined}, hashAtHeight: hash('a')},
		'reverted',
	],
	['success without the event is false', {mined: {...inBlock, anchoredTime: undefined}, hashAtHeight: hash('a')}, 'false'],
	['a mined row whose block is on the chain stays mined', {row: mined, mined: inBlock, hashAtHeight: hash('a')}, 'mined'],
	['a mined row whose block was replaced is gone', {row: mined, hashAtHeight: hash('b')}, 'gone'],
	['a mined row whose height is empty now is gone', {row: mined}, 'gone'],
	['a node that has the block but hides the transaction is waited for', {row: mined, hashAtHeight: hash('a'), nonce: 9}, 'waiting'],
];

for (const [name, changes, is] of cases) {
	test(name, t => {
		const sight: Sight = {row: sent, mined: undefined, hashAtHeight: undefined, finalizedNumber: 0, nonce: 0, ...changes};
		const judgement = judge(sight);
		t.is(judgement.is, is);
		if (judgement.is === 'mined' || judgement.is === 'final') t.deepEqual(judgement.at, at);
	});
}

test('a transaction that a reorganisation moved is judged where it is now', t => {
	const moved = {...inBlock, blockNumber: 101, blockHash: hash('c'), anchoredTime: 1712};
	const judgement = judge({row: mined, mined: moved, hashAtHeight: hash('c'), finalizedNumber: 50, nonce: 0});
	t.deepEqual(judgement, {is: 'mined', at: {transactionHash: hash('5'), blockNumber: 101, blockHash: hash('c'), blockTime: 1712}});
});

test('what a transaction cost goes with where it was mined', t => {
	const judgement = judge({row: sent, mined: {...inBlock, costWei: 77n}, hashAtHeight: hash('a'), finalizedNumber: 100, nonce: 0});
	t.deepEqual(judgement, {is: 'final', at: {...at, costWei: '77'}});
});
