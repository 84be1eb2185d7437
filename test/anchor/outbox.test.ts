// Which ways a row may go, and that there are no others.
import test from 'ava';
import {
	type AnchorRow,
	type AnchorState,
	anchorStates,
	closeAttempts,
	finaliseRow,
	isReplaceable,
	mineRow,
	noncesMax,
	paymentsOf,
	planRow,
	priceRow,
	proveRow,
	replaceAttempt,
	replacementsLeft,
	replacementsMax,
	replanRow,
	rowCovering,
	sendRow,
	signerOf,
	signRow,
	storeProof,
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
		mine: {go: row => mineRow(row, at), from: ['planned', 'signed', 'sent', 'mined'], to: 'mined'},
		finalise: {go: finaliseRow, from: ['mined'], to: 'final'},
		vanish: {go: vanishRow, from: ['mined'], to: 'sent'},
		replan: {go: replanRow, from: ['signed', 'sent'], to: 'planned'},
		replace: {go: row => replaceAttempt(row, attempt), from: ['signed', 'sent'], to: 'signed'},
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

test('a nonce is never signed twice for one size, and nonces are bounded', t => {
	t.throws(() => signRow(replanRow(sent), attempt), {message: /nonce 5/});
	let row = planned;
	for (let nonce = 0; nonce < noncesMax; nonce += 1) row = replanRow(sendRow(signRow(row, {...attempt, nonce})));
	t.throws(() => signRow(row, {...attempt, nonce: 99}), {message: /4 nonces/});
});

test('a replacement has the nonce of what it replaces, and their number is bounded', t => {
	t.throws(() => replaceAttempt(sent, {...attempt, nonce: 6}), {message: /nonce 6 does not replace nonce 5/});
	let row = sent;
	for (let i = 0; i < replacementsMax; i += 1) row = sendRow(replaceAttempt(row, {...attempt, transactionHash: hash('6')}));
	t.is(replacementsLeft(row), 0);
	t.throws(() => replaceAttempt(row, attempt), {message: /32 replacements/});
	// Another nonce begins anew.
	t.is(replacementsLeft(signRow(replanRow(row), {...attempt, nonce: 6})), replacementsMax);
});

test('an attempt of another key may have any nonce', t => {
	const other = {...attempt, nonce: 0, signer: `0x${'9'.repeat(40)}`};
	t.is(signerOf(planned, attempt), target.opener);
	t.is(signRow(replanRow(sent), other).attempts.length, 2);
});

test('only what was never signed may be replaced by a newer plan', t => {
	t.true(isReplaceable(planned));
	for (const row of [signed, sent, mined, final, replanRow(sent)]) t.false(isReplaceable(row));
});

test('a final row keeps what may still be mined, and what failed attempts cost', t => {
	const spent = [{transactionHash: hash('7'), costWei: '12', timeS: 1699}];
	const row = finaliseRow(mineRow(sent, {...at, costWei: '30'}), {attempts: [attempt], spent, proof: undefined});
	t.deepEqual(paymentsOf(row), [
		{timeS: 1700, costWei: 30n},
		{timeS: 1699, costWei: 12n},
	]);
	t.deepEqual(row.attempts, [attempt]);
	t.deepEqual(closeAttempts(row, []).attempts, []);
	t.deepEqual(paymentsOf(final), [], 'an old row does not say');
	t.deepEqual(paymentsOf(priceRow(final, 5n)), [{timeS: 1700, costWei: 5n}]);
	for (const one of [planned, signed, sent]) t.deepEqual(paymentsOf(one), []);
});

test('a proof is kept with the block, or why there is none and how often it was tried', t => {
	const proof = {header: Uint8Array.of(1), transactionIndex: 0, nodes: [Uint8Array.of(2, 3)]};
	const proven = finaliseRow(mined, {attempts: [], spent: [], proof: storeProof(proof)});
	t.deepEqual(toAnchorRecord(JSON.parse(JSON.stringify(proven)) as AnchorRow)?.proof, proof);
	const failed = finaliseRow(mined, {attempts: [], spent: [], proof: {problem: 'pruned'}});
	t.like(failed, {proofProblem: 'pruned', proofTries: 1});
	t.like(proveRow(failed, {problem: 'gone'}), {proofProblem: 'gone', proofTries: 2});
	const late = proveRow(failed, storeProof(proof));
	t.deepEqual([late.proofProblem, late.proofTries, late.mined?.proof], [undefined, undefined, storeProof(proof)]);
	t.regex(proveRow(failed, storeProof({...proof, header: new Uint8Array(64 * 1024)})).proofProblem!, /the proof has 65538 bytes/);
	const damaged = {...proven, mined: {...proven.mined!, proof: {header: '0xzz', transactionIndex: 0, nodes: []}}};
	t.is(toAnchorRecord(damaged)?.proof, undefined);
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
