// Every code of the table is met through HTTP, and the table is the code's.
import {readFileSync} from 'node:fs';
import {connect} from 'node:net';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import test, {type ExecutionContext} from 'ava';
import {Wallet} from 'ethers';
import {type ProblemCode, problems} from '../../agent/api/problem.ts';
import {sharesMax} from '../../agent/shares.ts';
import {openWindowWorld, passwords} from './window-world.ts';
import {type Answered, accountOf, firstSlot, type Loose, meterOf, openWorld, tokens, types, type World, walletOf} from './world.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
const slot = firstSlot + 2;

test('the table in the README has every code with its status, and no other', t => {
	const page = readFileSync(join(root, 'agent', 'api', 'README.md'), 'utf8');
	const section = /^## Problems$([\s\S]*?)^## /m.exec(page)![1]!;
	const written = [...section.matchAll(/^\| `([a-z-]+)` *\| (\d{3}) *\|/gm)].map(([, code, status]) => [code, Number(status)]);
	t.deepEqual(Object.fromEntries(written), Object.fromEntries(Object.entries(problems).map(([code, {status}]) => [code, status])));
	t.is(written.length, Object.keys(problems).length);
});

test('the limits of the README are those of the code', async t => {
	const {defaultLimits} = await import('../../agent/api/limits.ts');
	const page = readFileSync(join(root, 'agent', 'api', 'README.md'), 'utf8');
	const source = readFileSync(join(root, 'agent', 'api', 'limits.ts'), 'utf8');
	for (const value of [
		'500/s, burst 2,000',
		'5,000/s, burst 10,000',
		'1/s, burst 20',
		'64 KiB, 10 s; 15 s',
		'512, 16',
		'1,024, 256',
		'10 s, 15 s, 65 s, 60 s',
	])
		t.true(page.includes(value), value);
	t.is(defaultLimits.streamBufferBytesMax, 65_536);
	for (const key of Object.keys(defaultLimits)) t.regex(source, new RegExp(`readonly ${key}: number`));
});

/** Sends bytes as they are and gives what comes back until the other side closes. */
async function raw(world: World, text: string): Promise<string> {
	const socket = connect(world.server.port, '127.0.0.1');
	socket.end(text);
	const chunks: Buffer[] = [];
	for await (const chunk of socket) chunks.push(chunk as Buffer);
	return Buffer.concat(chunks).toString();
}

function answered(text: string): Answered {
	const [head = '', body = ''] = text.split('\r\n\r\n', 2);
	const headers = new Headers(
		head
			.split('\r\n')
			.slice(1)
			.map(line => line.split(': ', 2) as [string, string]),
	);
	return {status: Number(/^HTTP\/1.1 (\d+)/.exec(head)?.[1]), headers, text: body, body: JSON.parse(body) as Loose};
}

/** How each code comes about, and what its problem must say besides. */
const ways: Readonly<Record<ProblemCode, (t: ExecutionContext) => Promise<{readonly answer: Answered; readonly like?: object}>>> = {
	malformed: async t => {
		const {ask, desk} = await openWorld(t);
		const answer = await ask('/orders', {json: {...desk.sign('anna'), quantityWh: 1.5, side: 'hold', extra: 1}});
		const pointers = answer.body.errors.map((one: Loose) => one.pointer).sort();
		t.deepEqual(pointers, ['/extra', '/quantityWh', '/side']);
		return {answer};
	},
	'idempotency-missing': async t => {
		const {ask} = await openWorld(t);
		return {answer: await ask('/disputes', {json: {slot, reason: 'why'}, token: tokens.anna})};
	},
	unauthorised: async t => {
		const {ask} = await openWorld(t);
		const answer = await ask('/orders');
		t.is(answer.headers.get('www-authenticate'), 'Bearer');
		t.is((await ask('/orders', {token: 'a-token-that-nobody-has'})).status, 401);
		t.is((await ask('/time', {headers: {authorization: 'Basic abc'}})).body.code, 'unauthorised');
		return {answer};
	},
	'wrong-password': async t => {
		const {signIn} = await openWindowWorld(t);
		return {answer: await signIn('owner', 'not the password of anybody')};
	},
	'foreign-origin': async t => {
		const {as} = await openWindowWorld(t);
		const owner = await as('owner');
		return {answer: await owner('/session', {method: 'DELETE', headers: {origin: 'https://elsewhere.example'}})};
	},
	'unknown-share': async t => {
		const {ask} = await openWindowWorld(t);
		return {answer: await ask('/shares/open', {json: {token: 'A'.repeat(43)}})};
	},
	'share-ended': async t => {
		const {ask, as, clock} = await openWindowWorld(t);
		const owner = await as('owner');
		const {token} = (await owner('/shares', {json: {scope: {kind: 'device', id: 'boiler'}, days: 1}})).body;
		clock.set(clock.nowMs() + 86_400_000);
		return {answer: await ask('/shares/open', {json: {token}})};
	},
	'unknown-user': async t => {
		const {as} = await openWindowWorld(t);
		return {answer: await (await as('owner'))('/users/nobody', {method: 'DELETE'})};
	},
	'user-exists': async t => {
		const {as} = await openWindowWorld(t);
		return {answer: await (await as('owner'))('/users', {json: {name: 'viewer', role: 'owner'}})};
	},
	'last-owner': async t => {
		const {as} = await openWindowWorld(t);
		const owner = await as('owner');
		t.is((await owner('/users/owner', {method: 'DELETE'})).body.code, 'last-owner');
		return {answer: await owner('/users/owner/role', {json: {role: 'viewer'}})};
	},
	'too-many': async t => {
		const {as, people, clock} = await openWindowWorld(t);
		const share = {scope: {kind: 'device', id: 'boiler'}, label: '', by: 'owner', expiresAtMs: clock.nowMs() + 1} as const;
		await Promise.all(Array.from({length: sharesMax}, () => people.shares.create(share)));
		return {answer: await (await as('owner'))('/shares', {json: {scope: {kind: 'device', id: 'boiler'}, days: 1}})};
	},
	'weak-password': async t => {
		const {as} = await openWindowWorld(t);
		return {answer: await (await as('viewer'))('/session/password', {json: {current: passwords.viewer, password: 'too short'}})};
	},
	pruned: async t => {
		const {as} = await openWindowWorld(t);
		return {answer: await (await as('viewer'))('/log/entries/3')};
	},
	busy: async t => {
		const {as} = await openWindowWorld(t);
		const operator = await as('operator');
		return {answer: await operator('/evidence', {json: {about: 'device', id: 'boiler', fromMs: 0, toMs: 1}})};
	},
	'bad-signature': async t => {
		const {ask, desk} = await openWorld(t);
		const order = desk.sign('anna');
		const stranger = desk.sign('anna', {}, walletOf('mallory'));
		t.is((await ask('/orders', {json: stranger})).body.code, 'bad-signature');
		// A price that was not signed, a chain that is another, and the mirror image of the signature.
		t.is((await ask('/orders', {json: {...order, limitMicroPerKwh: 100_001}})).body.code, 'bad-signature');
		const {signature: _1, clientOrderId: _2, timeInForce: _3, ...fields} = order;
		const elsewhere = await walletOf('anna').signTypedData({...desk.domain, chainId: 1}, types.Order, {...fields, side: 2, mode: 2});
		t.is((await ask('/orders', {json: {...order, signature: elsewhere}})).body.code, 'bad-signature');
		const n = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
		const s = BigInt(`0x${order.signature.slice(66, 130)}`);
		const v = order.signature.endsWith('1b') ? '1c' : '1b';
		const mirrored = `${order.signature.slice(0, 66)}${(n - s).toString(16).padStart(64, '0')}${v}`;
		return {answer: await ask('/orders', {json: {...order, signature: mirrored}}), like: {errors: [{pointer: '/signature'}]}};
	},
	forbidden: async t => {
		const {ask} = await openWorld(t);
		return {answer: await ask(`/accounts/${accountOf('bert')}/balance`, {token: tokens.anna})};
	},
	'not-your-meter': async t => {
		const {ask, desk} = await openWorld(t);
		return {answer: await ask('/orders', {json: desk.sign('anna', {meter: meterOf('bert')})})};
	},
	'delegation-exceeded': async t => {
		const {ask, desk} = await openWorld(t);
		const agent = Wallet.createRandom();
		const delegation = {
			owner: accountOf('anna'),
			agent: agent.address.toLowerCase(),
			market: desk.view().id,
			meter: meterOf('anna'),
			maxWhPerSlot: 10,
			minSellMicroPerKwh: 0,
			maxBuyMicroPerKwh: 0,
			notBefore: 0,
			notAfter: 4_000_000_000,
			nonce: '0',
		};
		const signature = await walletOf('anna').signTypedData(desk.domain, types.Delegation, delegation);
		await ask('/delegations', {json: {delegation, signature}});
		return {answer: await ask('/orders', {json: desk.sign('anna', {}, new Wallet(agent.privateKey))})};
	},
	'not-found': async t => ({answer: await (await openWorld(t)).ask('/nowhere')}),
	'unknown-market': async t => {
		const {ask, desk} = await openWorld(t);
		t.is((await ask('/markets/nowhere')).body.code, 'unknown-market');
		return {answer: await ask('/orders', {json: desk.sign('anna', {market: meterOf('x')})})};
	},
	'unknown-order': async t => ({answer: await (await openWorld(t)).ask(`/orders/${meterOf('x')}`, {token: tokens.auditor})}),
	'unknown-slot': async t => {
		const {ask, desk} = await openWorld(t);
		t.is((await ask(`/slots/street/${slot + 1000}`)).body.code, 'unknown-slot');
		return {answer: await ask('/orders', {json: desk.sign('anna', {slotFrom: slot + 1000})})};
	},
	'not-yet': async t => {
		const answer = await (await openWorld(t)).ask(`/slots/street/${slot}/book`);
		t.is(answer.headers.get('retry-after'), '1500');
		return {answer};
	},
	'method-not-allowed': async t => {
		const {ask} = await openWorld(t);
		t.is((await ask('/orders/x/y/z')).status, 404);
		t.is((await ask('/openapi.json', {method: 'DELETE'})).headers.get('allow'), 'GET, HEAD');
		t.is((await ask(`/orders/${meterOf('x')}`, {json: {}})).headers.get('allow'), 'DELETE, GET, HEAD');
		const answer = await ask('/orders', {method: 'PUT', json: {}});
		t.is(answer.headers.get('allow'), 'GET, HEAD, POST');
		return {answer};
	},
	'not-acceptable': async t => {
		const {ask} = await openWorld(t);
		t.is((await ask('/time', {headers: {accept: 'text/html, application/*;q=0.1'}})).status, 200);
		return {answer: await ask('/time', {headers: {accept: 'text/html'}})};
	},
	'request-timeout': async t => {
		const world = await openWorld(t, {server: {limits: {headersTimeoutMs: 100, requestTimeoutMs: 100}}});
		const socket = connect(world.server.port, '127.0.0.1');
		socket.write('POST /v1/orders HTTP/1.1\r\nhost: x\r\n');
		const chunks: Buffer[] = [];
		for await (const chunk of socket) chunks.push(chunk as Buffer);
		return {answer: answered(Buffer.concat(chunks).toString())};
	},
	'side-conflict': async t => {
		const {ask, desk} = await openWorld(t);
		await ask('/orders', {json: desk.sign('anna')});
		return {answer: await ask('/orders', {json: desk.sign('anna', {side: 'buy', limitMicroPerKwh: 200_000})})};
	},
	'order-exists': async t => {
		const {ask, desk} = await openWorld(t);
		const {body} = await ask('/orders', {json: desk.sign('anna')});
		return {answer: await ask('/orders', {json: desk.sign('anna')}), like: {orderHash: body.hash}};
	},
	'duplicate-salt': async t => {
		const {ask, desk} = await openWorld(t);
		const order = desk.sign('anna');
		await ask('/orders', {json: order});
		return {answer: await ask('/orders', {json: desk.sign('anna', {salt: order.salt, slotFrom: slot + 1})})};
	},
	'gate-closed': async t => {
		const {ask, desk, clock} = await openWorld(t);
		const order = desk.sign('anna');
		clock.set((slot * 900 - 300) * 1000);
		return {answer: await ask('/orders', {json: order})};
	},
	'idempotency-in-flight': async t => {
		const {ask, desk} = await openWorld(t);
		let go = (): void => {};
		desk.beforeSubmit = () =>
			new Promise(resolve => {
				go = resolve;
			});
		const sent = {json: desk.sign('anna'), headers: {'idempotency-key': 'k1'}};
		const first = ask('/orders', sent);
		while (desk.submits === 0) await new Promise(resolve => setImmediate(resolve));
		const answer = await ask('/orders', sent);
		go();
		t.is((await first).status, 201);
		return {answer};
	},
	'stream-gap': async t => {
		const {ask, desk} = await openWorld(t);
		for (let i = 0; i < 5; i += 1) desk.tell({type: 'slot.opened', account: undefined, data: {i}});
		desk.forgetUpTo(3);
		const fresh = await openWorld(t, {desks: []});
		t.is((await fresh.ask('/events?after=1')).body.code, 'stream-gap');
		return {answer: await ask('/events', {headers: {'last-event-id': '99'}}), like: {newestSequence: 5}};
	},
	'too-large': async t => {
		const {ask} = await openWorld(t);
		return {answer: await ask('/orders', {json: {orders: [], padding: 'x'.repeat(1_100_000)}})};
	},
	'unsupported-media': async t => {
		const {ask} = await openWorld(t);
		return {answer: await ask('/orders', {method: 'POST', body: '<order/>', headers: {'content-type': 'text/xml'}})};
	},
	'price-out-of-band': async t => {
		const {ask, desk} = await openWorld(t);
		return {answer: await ask('/orders', {json: desk.sign('anna', {limitMicroPerKwh: 79_999})})};
	},
	'capacity-exceeded': async t => {
		const {ask, desk} = await openWorld(t);
		return {answer: await ask('/orders', {json: desk.sign('anna', {quantityWh: 5001})})};
	},
	'insufficient-escrow': async t => {
		const {ask, desk} = await openWorld(t, {desk: {depositNano: 1000n}});
		const order = desk.sign('anna', {side: 'buy', limitMicroPerKwh: 200_000, quantityWh: 10});
		return {answer: await ask('/orders', {json: order}), like: {requiredNano: '2000000', availableNano: '1000'}};
	},
	'counter-stale': async t => {
		const {ask, desk} = await openWorld(t);
		return {answer: await ask('/orders', {json: desk.sign('anna', {counter: 7})})};
	},
	'unsupported-tif': async t => {
		const {ask, desk} = await openWorld(t);
		t.is((await ask('/orders', {json: {...desk.sign('bert'), timeInForce: 'GTG'}})).status, 201);
		return {answer: await ask('/orders', {json: {...desk.sign('anna'), timeInForce: 'FOK'}}), like: {errors: [{pointer: '/timeInForce'}]}};
	},
	'batch-refused': async t => {
		const {ask, desk} = await openWorld(t);
		const orders = [desk.sign('anna'), desk.sign('bert', {counter: 3})];
		const answer = await ask('/orders', {json: {orders, atomic: true}});
		t.is((await ask('/orders', {token: tokens.anna})).body.items.length, 0);
		return {answer, like: {errors: [{pointer: '/orders/1/counter', code: 'counter-stale'}]}};
	},
	'idempotency-mismatch': async t => {
		const {ask, desk} = await openWorld(t);
		const headers = {'idempotency-key': 'k1'};
		await ask('/orders', {json: desk.sign('anna'), headers});
		return {answer: await ask('/orders', {json: desk.sign('bert'), headers})};
	},
	'rate-limited': async t => {
		const {ask} = await openWorld(t, {server: {limits: {requestsPerSecond: 0.001, requestsBurst: 1}}});
		await ask('/time');
		const answer = await ask('/time');
		t.regex(answer.headers.get('retry-after')!, /^(?:9\d\d|1000)$/);
		// Another caller has a rate of his own.
		t.is((await ask('/time', {token: tokens.anna})).status, 200);
		// What reaches over many slots costs more.
		const wide = await openWorld(t, {server: {limits: {requestsPerSecond: 0.001, requestsBurst: 50}}});
		t.is((await wide.ask('/markets/street/slots?from=1&to=600', {token: tokens.bert})).status, 200);
		t.is((await wide.ask('/time', {token: tokens.bert})).status, 429);
		return {answer};
	},
	'headers-too-large': async t => {
		const world = await openWorld(t);
		return {answer: answered(await raw(world, `GET /v1/time HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`))};
	},
	internal: async t => {
		const {ask, desk, logged} = await openWorld(t);
		desk.beforeSubmit = async () => {
			throw new Error('the disk is on fire');
		};
		const answer = await ask('/orders', {json: desk.sign('anna')});
		t.false(answer.text.includes('fire'));
		t.true(logged.some(line => line.includes('the disk is on fire')));
		return {answer};
	},
	'operator-halted': async t => {
		const {ask, desk} = await openWorld(t);
		desk.halted = 'the operator halted the market';
		return {answer: await ask('/orders', {json: desk.sign('anna')})};
	},
};

for (const [code, way] of Object.entries(ways)) {
	test(`${code} is answered as a problem`, async t => {
		const {answer, like} = await way(t);
		const {status, title} = problems[code as ProblemCode];
		t.is(answer.status, status);
		t.is(answer.headers.get('content-type'), 'application/problem+json; charset=utf-8');
		t.like(answer.body, {type: `urn:kedge:problem:${code}`, title, status, code});
		t.true(typeof answer.body.detail === 'string' && answer.body.detail.length > 0);
		if (like !== undefined) t.like(answer.body, like);
	});
}

test('details are sentences of ours that say what to do', async t => {
	const world = await openWorld(t);
	const {ask, desk} = world;
	const json = {'content-type': 'application/json'};
	const detailOf = async (path: string, init: Parameters<typeof ask>[1]): Promise<string> => (await ask(path, init)).body.detail;
	t.is(await detailOf('/orders', {method: 'POST', body: '{"a": ', headers: json}), 'the body is no JSON text');
	t.regex(await detailOf('/orders', {method: 'POST', body: '{"__proto__": {}}', headers: json}), /has a member __proto__/);
	for (const headers of [json, {}]) t.regex(await detailOf('/orders', {method: 'POST', headers}), /^the body is empty/);
	t.regex(await detailOf('/auth/siwe', {method: 'POST', headers: json}), /^the body is empty/);
	t.regex(
		await detailOf('/orders', {method: 'POST', body: 'x', headers: {'content-type': 'text/plain'}}),
		/Content-Type must be application\/json/,
	);
	const named = await ask('/orders', {json: {...desk.sign('anna'), market: 'street'}});
	t.is(named.body.errors[0].pointer, '/market');
	t.regex(named.body.detail, /\/market must be keccak-256 of the market's name, as 0x and 64 hexadecimal digits/);
	t.regex(await detailOf('/orders', {json: {...desk.sign('anna'), trader: '0x12'}}), /\/trader must be address of an account/);
	t.regex(await detailOf('/orders', {json: {...desk.sign('anna'), clientOrderId: 'a b'}}), /must be at most 64 printable characters/);
	t.regex(await detailOf('/orders', {}), /Bearer TOKEN.*\/v1\/auth\/siwe.*operator/);
	t.regex(await detailOf('/orders', {token: 'nope'}), /^the token is not known here/);
	t.regex(await detailOf('/time', {headers: {authorization: 'Basic abc'}}), /is not "Bearer TOKEN"/);
	t.regex(await detailOf('/nowhere', {}), /\/v1\/openapi\.json/);
	t.regex(await detailOf(`/meters/${meterOf('nobody')}/readings/${slot}`, {token: tokens.anna}), /or this market has no such meter/);
	t.regex(answered(await raw(world, 'GET /v1/slots/%zz/1 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')).body.detail, /holds a %/);
});

test('whoever has the address alone is shown where the description is', async t => {
	const {url} = await openWorld(t);
	for (const path of ['/', '/v1', '/v1/']) {
		const answer = await fetch(`${url}${path}`);
		t.is(answer.status, 200, path);
		t.is(answer.headers.get('link'), '</v1/openapi.json>; rel="service-desc"');
		const start = (await answer.json()) as Loose;
		for (const where of [start.openapi, start.asyncapi, start.markets]) t.is((await fetch(`${url}${where}`)).status, 200, where);
	}
});

test('bytes that are no HTTP are answered with a problem and closed', async t => {
	const world = await openWorld(t);
	t.is(answered(await raw(world, 'HELO\r\n\r\n')).body.code, 'malformed');
});
