// Whatever comes in at whatever path, the server answers with something of its own and never fails.
import {connect} from 'node:net';
import test from 'ava';
import fc from 'fast-check';
import {createRate} from '../../agent/api/rate.ts';
import {cursorOf, keyOfCursor} from '../../agent/api/route.ts';
import {routes} from '../../agent/api/routes.ts';
import {systemClock} from '../../agent/base/clock.ts';
import {accountOf, firstSlot, meterOf, openWorld, tokens} from './world.ts';

const plenty = {
	requestsPerSecond: 1e9,
	requestsBurst: 1e9,
	writesPerSecond: 1e9,
	writesBurst: 1e9,
	signInsPerSecond: 1e9,
	signInsBurst: 1e9,
	receiptWaitMs: 0,
};

const nasty = fc.constantFrom<unknown>(
	0,
	-1,
	1.5,
	1e3,
	2 ** 53,
	2 ** 53 - 1,
	-0,
	1e308,
	'',
	'0x',
	null,
	true,
	[],
	{},
	'\ud800',
	'__proto__',
	'constructor',
);
const word = fc.oneof(
	fc.constantFrom(
		'street',
		'nowhere',
		meterOf('anna'),
		accountOf('anna'),
		String(firstSlot + 2),
		'0',
		'-1',
		'1e3',
		'99999999999999999999',
		'%00',
		'..',
		'a%2Fb',
	),
	fc.string({maxLength: 80}),
);

test('random JSON at every route never makes the server fail', async t => {
	const {ask, desk, logged} = await openWorld(t, {server: {limits: plenty}});
	const posts = routes.filter(({isStream}) => isStream !== true);
	const order = desk.sign('anna');
	const almost = fc
		.dictionary(fc.constantFrom(...Object.keys(order), 'clientOrderId', 'timeInForce', 'extra'), fc.oneof(nasty, fc.jsonValue()), {
			maxKeys: 3,
		})
		.map(changes => ({...order, ...changes}));
	const body = fc.oneof(
		fc.jsonValue(),
		nasty,
		almost,
		fc.record({orders: fc.oneof(nasty, fc.array(fc.oneof(almost, fc.jsonValue()), {maxLength: 4})), atomic: nasty}, {requiredKeys: []}),
		fc.record(
			{
				hashes: fc.oneof(nasty, fc.array(fc.oneof(nasty, fc.constant(meterOf('x'))))),
				signature: fc.oneof(nasty, fc.constant(order.signature)),
			},
			{requiredKeys: []},
		),
		fc.record({message: fc.string(), signature: fc.constant(order.signature)}),
		fc.record({slot: nasty, reason: nasty}),
	);
	await fc.assert(
		fc.asyncProperty(
			fc.constantFrom(...posts),
			fc.array(word, {minLength: 4, maxLength: 4}),
			fc.dictionary(
				fc.constantFrom('from', 'to', 'slot', 'limit', 'cursor', 'market', 'account', 'format', 'kind', 'state', 'receipt', 'zzz'),
				word,
				{maxKeys: 4},
			),
			body,
			fc.constantFrom(undefined, tokens.anna, tokens.auditor, tokens.mdc),
			async (route, words, query, json, token) => {
				let at = 0;
				const path = route.path.replaceAll(/\{\w+\}/g, () => {
					const part = words[at++ % 4]!;
					return /%/.test(part) ? part : encodeURIComponent(/\p{Surrogate}/u.test(part) ? 'x' : part) || 'x';
				});
				const answer = await ask(`${path}?${new URLSearchParams(query)}`, {
					method: route.method,
					...(route.method === 'GET' ? {} : {json, headers: {'idempotency-key': `k${Math.abs(path.length)}`}}),
					...(token === undefined ? {} : {token}),
				});
				return answer.status < 500;
			},
		),
		{numRuns: 1500},
	);
	t.deepEqual(
		logged.filter(line => line.startsWith('error')),
		[],
	);
	t.is((await ask('/healthz')).status, 200);
});

test('random bytes at the socket never make the server fail', async t => {
	const {ask, server, logged} = await openWorld(t, {server: {limits: plenty}});
	await fc.assert(
		fc.asyncProperty(
			fc.oneof(
				fc.uint8Array({maxLength: 300}),
				fc
					.tuple(fc.constantFrom('GET', 'POST', 'BREW', 'PRI'), fc.string({maxLength: 60}), fc.string({maxLength: 60}))
					.map(([method, path, header]) =>
						Buffer.from(`${method} /v1/${path} HTTP/1.1\r\nhost: x\r\n${header}\r\ncontent-length: 5\r\n\r\n{"a":`),
					),
			),
			async bytes => {
				const socket = connect(server.port, '127.0.0.1');
				socket.on('error', () => {});
				socket.end(bytes);
				await new Promise(resolve => {
					socket.on('close', resolve);
					socket.resume();
				});
			},
		),
		{numRuns: 200},
	);
	t.is((await ask('/healthz')).status, 200);
	t.deepEqual(
		logged.filter(line => line.startsWith('error')),
		[],
	);
});

test('poisoned and deep JSON is refused', async t => {
	const {ask} = await openWorld(t);
	const send = (body: string) => ask('/orders', {method: 'POST', body, headers: {'content-type': 'application/json'}});
	for (const body of [
		'{"__proto__": {"x": 1}}',
		'{',
		'',
		'NaN',
		'[1,',
		'"x"',
		`${'['.repeat(100_000)}`,
		`${'['.repeat(100_000)}${']'.repeat(100_000)}`,
		`${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`,
	])
		t.is((await send(body)).body.code, 'malformed', body.slice(0, 20));
});

test('numbers that no integer of JavaScript holds are refused, and 1e3 is 1000', async t => {
	const {ask, desk} = await openWorld(t);
	const text = JSON.stringify(desk.sign('anna'));
	const send = (quantity: string) =>
		ask('/orders', {
			method: 'POST',
			body: text.replace('"quantityWh":1000', `"quantityWh":${quantity}`),
			headers: {'content-type': 'application/json'},
		});
	for (const quantity of ['1000.5', '1e400', '9007199254740993', '4294967296', '-1', '"1000"', '0'])
		t.is((await send(quantity)).body.code, 'malformed', quantity);
	t.is((await send('1e3')).status, 201);
});

test('a cursor is the key that it was made of, or nothing', t => {
	fc.assert(
		fc.property(fc.array(fc.oneof(fc.nat(), fc.string({unit: 'binary'})), {maxLength: 4}), fc.string(), (key, noise) => {
			const form = key.map(part => typeof part as 'string' | 'number');
			t.deepEqual(keyOfCursor(cursorOf(key), form), key);
			t.is(keyOfCursor(cursorOf(key), [...form, 'number']), undefined);
			t.true([undefined, '[]'].includes(JSON.stringify(keyOfCursor(noise, []))));
		}),
	);
});

test('nobody gets more than his burst and his rate, however he asks', t => {
	fc.assert(
		fc.property(fc.array(fc.tuple(fc.nat(500), fc.integer({min: 1, max: 12})), {minLength: 1, maxLength: 200}), steps => {
			let nowMs = 1000;
			const rate = createRate({...systemClock, monotonicMs: () => nowMs}, 20, 10, 100);
			let taken = 0;
			for (const [waitMs, cost] of steps) {
				nowMs += waitMs;
				const wait = rate.take('x', cost);
				if (wait === undefined) {
					taken += Math.min(cost, 10);
					continue;
				}
				// Who waits as long as he was told is served.
				nowMs += Math.ceil(wait);
				t.is(rate.take('x', cost), undefined);
				taken += Math.min(cost, 10);
			}
			t.true(taken <= 10 + ((nowMs - 1000) / 1000) * 20 + 1e-6);
		}),
	);
	const rate = createRate(systemClock, 0.001, 1, 2);
	for (const caller of ['a', 'b', 'c']) rate.take(caller, 1);
	t.is(rate.take('a', 1), undefined);
	t.truthy(rate.take('c', 1));
});
