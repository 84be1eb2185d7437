// Requests that come again with the same key.
import test from 'ava';
import {createReplies} from '../../agent/api/replies.ts';
import {systemClock} from '../../agent/base/clock.ts';
import {firstSlot, openWorld, tokens} from './world.ts';

const slot = firstSlot + 2;
const limits = {repliesMax: 3, repliesBytesMax: 100_000, replyMs: 1000};
const reply = (text: string) => ({status: 200, headers: {}, text});

test('a dispute that is sent again with its key is opened once, and answered the same', async t => {
	const {ask} = await openWorld(t);
	const sent = {json: {slot, reason: 'why'}, token: tokens.anna, headers: {'idempotency-key': '"one"'}};
	const [first, second] = [await ask('/disputes', sent), await ask('/disputes', {...sent, headers: {'idempotency-key': 'one'}})];
	t.is(first.status, 201);
	t.is(second.status, 201);
	t.is(second.text, first.text);
	t.is(second.headers.get('location'), first.headers.get('location'));
	t.is((await ask('/disputes', {token: tokens.anna})).body.items.length, 1);
	// The key of one caller is not the key of another.
	t.not((await ask('/disputes', {...sent, token: tokens.bert})).body.id, first.body.id);
});

test('of many requests with one key at once one is done, and the others are told to wait', async t => {
	const {ask, desk} = await openWorld(t);
	let go = (): void => {};
	desk.beforeSubmit = () =>
		new Promise(resolve => {
			go = resolve;
		});
	const sent = {json: desk.sign('anna'), headers: {'idempotency-key': 'race'}};
	let answered = 0;
	const answers = await Promise.all(
		Array.from({length: 20}, async () => {
			const answer = await ask('/orders', sent);
			answered += 1;
			// The first is answered when all others are.
			if (answered === 19) go();
			return answer;
		}),
	);
	const statuses = answers.map(({status}) => status);
	t.is(statuses.filter(status => status === 201).length, 1);
	t.is(statuses.filter(status => status === 409).length, 19);
	t.is(desk.submits, 1);
	t.is((await ask('/orders', sent)).status, 201);
	t.is(desk.submits, 1);
});

test('of many same orders without a key at once one is new', async t => {
	const {ask, desk} = await openWorld(t);
	const json = desk.sign('anna');
	const answers = await Promise.all(Array.from({length: 20}, () => ask('/orders', {json})));
	t.is(answers.filter(({status}) => status === 201).length, 1);
	t.is(answers.filter(({status}) => status === 200).length, 19);
	t.is(new Set(answers.map(({body}) => body.sequence)).size, 1);
});

test('what was refused is not kept: the same key may try again', async t => {
	const {ask, desk} = await openWorld(t);
	const sent = {json: desk.sign('anna'), headers: {'idempotency-key': 'again'}};
	desk.halted = 'for a moment';
	t.is((await ask('/orders', sent)).status, 503);
	desk.halted = undefined;
	t.is((await ask('/orders', sent)).status, 201);
	t.is((await ask('/orders', {...sent, headers: {'idempotency-key': 'no spaces'}})).body.code, 'malformed');
});

test('the oldest answers go when there are too many, too large, or a day old', t => {
	let nowMs = 0;
	const replies = createReplies({...systemClock, monotonicMs: () => nowMs}, limits);
	for (const key of ['a', 'b', 'c', 'd']) {
		t.is(replies.claim(key, 'f'), 'new');
		replies.keep(key, reply(key));
	}
	t.is(replies.claim('b', 'g'), 'mismatch');
	t.deepEqual(replies.claim('b', 'f'), reply('b'));
	t.is(replies.claim('a', 'f'), 'new');
	t.is(replies.claim('a', 'f'), 'in-flight');
	replies.drop('a');
	nowMs = 1001;
	t.is(replies.claim('d', 'f'), 'new');
	replies.keep('d', reply('x'.repeat(60_000)));
	t.is(replies.claim('d', 'f'), 'new');
});
