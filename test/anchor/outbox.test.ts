// Which ways a row may go, and that there are no others.
import test from 'ava';
import {
	type AnchorRow,
	type AnchorState,
	anchorStates,
	attemptsMax,
	finaliseRow,
	mineRow,
	planRow,
	replanRow,
	rowCovering,
	sendRow,
	signRow,
	toAnchorRecord,
	vanishRow,
} from '../../agent/anchor/outbox.ts';

const hash = (digit: string): string => `0x${digit.repeat(64)}`;
const target = {chainId: 1, registry: `0x${'1'.repeat(40)}`, opener: `0x${'2'.repeat(40)}`, logId: hash('3'), origin: 'test/1'};
const planned = planRow(target, {origin: 'test/1', size: 7, root: new Uint8Array(32).fill(0x44), note: 'note\n'}, 123);
const attempt = {nonce: 5, transactionHash: hash('5'), raw: '0x00', from: 0};
const at = {transactionHash: hash('5'), blockNumber: 100, blockHash: hash('a'), blockTime: 1700};
const signed = signRow(planned, attempt);
const sent = sendRow(signed);
const mined = mineRow(sent, at);
const final = finaliseRow(mined);
const rows: Record<AnchorState, AnchorRow> = {planned, signed, sent, mined, final};

const verbs: Record<string, {readonly go: (row: AnchorRow) => AnchorRow; readonly from: readonly AnchorState[]; readonly to: AnchorState}> =
	{
		sign: {go: row => signRow(row, {...attempt, nonce: 9}), from: ['planned'], to: 'signed'},
		send: {go: sendRow, from: ['signed'], to: 'sent'},
		mine: {go: row => mineRow(row, at), from: ['planned', 'sent', 'mined'], to: 'mined'},
		finalise: {go: finaliseRow, from: ['mined'], to: 'final'},
		vanish: {go: vanishRow, from: ['mined'], to: 'sent'},
		replan: {go: replanRow, from: ['sent'], to: 'planned'},
	};

for (const [verb, {go, from, to}] of Object.entries(verbs)) {
	for (const state of anchorStates) {
		if (from.includes(state)) test(`${verb} takes a row from ${state} to ${to}`, t => t.is(go(rows[state]).state, to));
		else test(`${verb} refuses a row that is ${state}`, t => void t.throws(() => go(rows[state]), {code: 'ASSERTION_FAILED'}));
	}
}

test('a row keeps its checkpoint and its attempts on the way, and forgets the bytes once final', t => {
	t.like(mined, {size: 7, root: `0x${'44'.repeat(32)}`, note: 'note\n', plannedAtMs: 123, attempts: [attempt], mined: at});
	t.deepEqual(final.attempts, []);
	t.deepEqual(final.mined, at);
});

test('a row that vanished has no block, and its bytes again', t => {
	const back = vanishRow(mined);
	t.false('mined' in back);
	t.deepEqual(back.attempts, [attempt]);
});

test('a row that another transaction anchored goes back to the plan when it vanishes', t => {
	t.is(vanishRow(mineRow(planned, at)).state, 'planned');
});

test('a nonce is never signed twice for one size, and attempts are bounded', t => {
	t.throws(() => signRow(replanRow(sent), attempt), {message: /nonce 5/});
	let row = planned;
	for (let nonce = 0; nonce < attemptsMax; nonce += 1) row = replanRow(sendRow(signRow(row, {...attempt, nonce})));
	t.throws(() => signRow(row, {...attempt, nonce: 99}), {message: /attempts/});
});

test('a checkpoint of another log, or of none, is not planned', t => {
	t.throws(() => planRow(target, {origin: 'test/2', size: 7, root: new Uint8Array(32), note: ''}, 1), {code: 'ASSERTION_FAILED'});
	t.throws(() => planRow(target, {origin: 'test/1', size: 0, root: new Uint8Array(32), note: ''}, 1), {code: 'ASSERTION_FAILED'});
});

test('a row survives JSON', t => {
	for (const row of Object.values(rows)) t.deepEqual(JSON.parse(JSON.stringify(row)), row);
});

test('only what is in a block makes an anchor record', t => {
	for (const row of [planned, signed, sent]) t.is(toAnchorRecord(row), undefined);
	const {origin: _, ...rest} = target;
	for (const row of [mined, final]) t.deepEqual(toAnchorRecord(row), {...rest, size: 7, ...at});
});

test('the earliest anchor that covers an entry is the smallest tree that holds it', t => {
	const list = [final, {...final, size: 12}, {...mined, size: 20}, {...sent, size: 30}];
	t.is(rowCovering(list, 6)?.size, 7);
	t.is(rowCovering(list, 7)?.size, 12);
	t.is(rowCovering(list, 19)?.size, 20);
	t.is(rowCovering(list, 20), undefined);
});
