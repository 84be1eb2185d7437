// What the market's HTTP interface shows and takes, resource by resource.
import {once} from 'node:events';
import {connect} from 'node:net';
import test from 'ava';
import {openApiServer} from '../../agent/api/server.ts';
import {systemClock} from '../../agent/base/clock.ts';
import {silentLogger} from '../../agent/base/logger.ts';
import {createSystemRandom} from '../../agent/base/random.ts';
import {accountOf, createMemoryDesk, firstSlot, type Loose, meterOf, openWorld, startMs, tokens, types, walletOf} from './world.ts';

const slot = firstSlot + 2;

test('a market shows its rules, what orders are signed under, and where its events stand', async t => {
	const {ask, desk} = await openWorld(t);
	const {id, name} = desk.view();
	for (const word of [id, id.toUpperCase().replace('0X', '0x'), name]) {
		const {status, body} = await ask(`/markets/${word}`);
		t.is(status, 200);
		t.is(body.id, id);
		t.is(body.params.retailMicroPerKwh, 300_000);
		t.is(body.types.Order.length, 13);
		t.is(body.asOfSequence, 0);
		t.false('lineLimitWh' in body.params);
	}
	t.is((await ask('/markets')).body.items.length, 1);
});

test('a first order is created with its acknowledgement and receipt, and the same one again is answered 200 with the same', async t => {
	const {ask, desk} = await openWorld(t);
	const order = desk.sign('anna');
	const first = await ask('/orders', {json: {...order, clientOrderId: 'hems-17'}});
	t.is(first.status, 201);
	t.is(first.headers.get('location'), `/v1/orders/${first.body.hash}`);
	t.is(first.body.acknowledgement.sequence, 1);
	t.is(first.body.clientOrderId, 'hems-17');
	t.is(first.body.receipt, `{"receipt": "${first.body.hash}"}\n`);
	const second = await ask('/orders', {json: {...order, clientOrderId: 'hems-17'}});
	t.is(second.status, 200);
	t.deepEqual({...second.body, isNew: true}, first.body);
});

test('an answer waits for its receipt, and leaves without it when that takes too long or was not wanted', async t => {
	const {ask, desk} = await openWorld(t, {desk: {holdReceipts: true}, server: {limits: {receiptWaitMs: 100}}});
	const late = await ask('/orders', {json: desk.sign('anna')});
	t.is(late.status, 201);
	t.is(late.body.receipt, null);
	const link = await ask('/orders?receipt=link', {json: desk.sign('bert')});
	t.is(link.body.receipt, null);
	const early = await ask(link.body.receiptLink.slice(3), {token: tokens.bert});
	t.is(early.status, 404);
	t.is(early.body.code, 'not-yet');
	t.is(early.headers.get('retry-after'), '1');
	const waiting = ask('/orders', {json: desk.sign('cora')});
	desk.release();
	t.truthy((await waiting).body.receipt);
	t.is((await ask(link.body.receiptLink.slice(3), {token: tokens.bert})).text, `{"receipt": "${link.body.hash}"}\n`);
});

test('one bad order of a batch spoils no other, and an atomic batch is taken whole or not at all', async t => {
	const {ask, desk} = await openWorld(t);
	const mixed = [desk.sign('anna'), {...desk.sign('bert'), quantityWh: 0}, desk.sign('cora', {limitMicroPerKwh: 1})];
	const each = await ask('/orders', {json: {orders: mixed}});
	t.is(each.status, 200);
	t.like(each.body, {accepted: 1, refused: 2});
	t.is(each.body.results[0].order.state, 'open');
	t.deepEqual(each.body.results[1].problem.errors[0].pointer, '/orders/1/quantityWh');
	t.is(each.body.results[2].problem.code, 'price-out-of-band');
	const atomic = await ask('/orders', {json: {orders: [desk.sign('bert'), desk.sign('cora', {limitMicroPerKwh: 1})], atomic: true}});
	t.is(atomic.status, 422);
	t.is(atomic.body.code, 'batch-refused');
	t.is(atomic.body.errors[0].code, 'price-out-of-band');
	const malformed = await ask('/orders', {json: {orders: [desk.sign('bert'), {}], atomic: true}});
	t.is(malformed.body.errors[0].pointer, '/orders/1/market');
	const whole = await ask('/orders', {json: {orders: [desk.sign('bert'), desk.sign('cora')], atomic: true}});
	t.like(whole.body, {accepted: 2, refused: 0});
});

test('a market clears, and everybody sees the slot but only his own fills and rows', async t => {
	const {ask, desk, clock} = await openWorld(t);
	await ask('/orders', {json: desk.sign('anna', {quantityWh: 1000})});
	await ask('/orders', {json: desk.sign('bert', {side: 'buy', quantityWh: 600, limitMicroPerKwh: 280_000})});
	clock.set((slot * 900 - 300) * 1000);
	t.is((await ask(`/slots/street/${slot}`)).body.phase, 'closed');
	desk.clearSlot(slot);
	t.is((await ask(`/slots/street/${slot}`)).body.volumeWh, 600);
	t.deepEqual((await ask(`/slots/street/${slot}/book`)).body.bids, [{priceMicroPerKwh: 240_000, quantityWh: 600, orders: 1}]);
	const clearing = await ask(`/slots/street/${slot}/clearing`);
	t.like(clearing.body, {volumeWh: 600, transaction: null});
	t.is(clearing.headers.get('etag'), null);
	const fills = await ask(`/fills?slot=${slot}`, {token: tokens.anna});
	t.deepEqual(
		fills.body.items.map((one: Loose) => [one.account, one.fillWh]),
		[[accountOf('anna'), 600]],
	);
	t.is((await ask(`/fills?slot=${slot}`, {token: tokens.auditor})).body.items.length, 2);
	const rows = await ask(`/settlements?from=${slot}&to=${slot + 1}`, {token: tokens.bert});
	t.is(rows.body.items[0].contractedWh, -600);
	t.is((await ask(`/settlements?from=${slot}&to=${slot + 1}&account=${accountOf('anna')}`, {token: tokens.bert})).status, 403);
	const hash = fills.body.items[0].orderHash;
	t.is((await ask(`/fills/${hash}/proof`, {token: tokens.anna})).body.slot, slot);
	t.is((await ask(`/fills/${hash}/proof`, {token: tokens.bert})).status, 404);
	const proof = `/settlements/street/${slot}/${accountOf('anna')}/proof`;
	t.is((await ask(proof, {token: tokens.anna})).body.code, 'not-yet');
	desk.finish(slot);
	t.is((await ask(proof, {token: tokens.anna})).status, 200);
	t.is((await ask(`/slots/street/${slot}/evidence`, {token: tokens.anna})).status, 403);
	t.is((await ask(`/slots/street/${slot}/evidence`, {token: tokens.auditor})).body.header.slot, slot);
});

test('what is final has an ETag, and is not sent twice', async t => {
	const {ask, desk, clock} = await openWorld(t);
	clock.set(slot * 900_000);
	desk.clearSlot(slot);
	desk.finish(slot);
	const first = await ask(`/slots/street/${slot}/clearing`);
	const etag = first.headers.get('etag')!;
	t.regex(etag, /^"[0-9a-f]{32}"$/);
	t.regex(first.headers.get('cache-control')!, /immutable/);
	const again = await ask(`/slots/street/${slot}/clearing`, {headers: {'if-none-match': `W/${etag}, "other"`}});
	t.is(again.status, 304);
	t.is(again.text, '');
	t.is((await ask(`/slots/street/${slot}/clearing`, {headers: {'if-none-match': '"other"'}})).status, 200);
});

test('nothing of an order is shown before its gate except to its trader', async t => {
	const {ask, desk, clock} = await openWorld(t);
	const {body} = await ask('/orders', {json: desk.sign('anna')});
	t.is((await ask(`/orders/${body.hash}`, {token: tokens.anna})).status, 200);
	for (const token of [tokens.bert, tokens.auditor, tokens.operator, tokens.dso, tokens.mdc]) {
		t.is((await ask(`/orders/${body.hash}`, {token})).status, 404);
		t.is((await ask(`/orders/${body.hash}/receipt`, {token})).status, 404);
		const list = await ask('/orders', {token});
		t.deepEqual(list.body.items ?? [], []);
	}
	t.is((await ask(`/orders/${body.hash}`)).status, 401);
	for (const path of ['book', 'clearing', 'evidence'])
		t.is((await ask(`/slots/street/${slot}/${path}`, {token: tokens.auditor})).body.code, 'not-yet');
	// Not even a desk that has cleared too early lets it out.
	desk.clearSlot(slot);
	desk.finish(slot);
	for (const path of ['book', 'clearing', 'evidence'])
		t.is((await ask(`/slots/street/${slot}/${path}`, {token: tokens.auditor})).body.code, 'not-yet');
	clock.set((slot * 900 - 300) * 1000);
	t.is((await ask(`/orders/${body.hash}`, {token: tokens.auditor})).status, 200);
	t.is((await ask(`/orders/${body.hash}`, {token: tokens.bert})).status, 404);
});

test('orders are listed page by page, with a link to the next', async t => {
	const people = Array.from({length: 7}, (_, at) => `p${at}`);
	const {ask, desk, clock, url} = await openWorld(t, {desk: {people}});
	await ask('/orders', {json: {orders: people.map(one => desk.sign(one))}});
	clock.set(slot * 900_000);
	const seen: number[] = [];
	let path: string | undefined = '/orders?limit=3';
	for (let pages = 0; path !== undefined; pages += 1) {
		const page = await ask(path, {token: tokens.auditor});
		seen.push(...page.body.items.map((one: Loose) => one.sequence));
		const next: string | undefined = /^<([^>]+)>; rel="next"$/.exec(page.headers.get('link') ?? '')?.[1];
		t.is(next === undefined, page.body.next === undefined);
		path = next?.slice(3);
		t.true(pages < 3);
	}
	t.deepEqual(seen, [1, 2, 3, 4, 5, 6, 7]);
	t.is((await ask('/orders?cursor=abc', {token: tokens.auditor})).body.errors[0].pointer, '/cursor');
	t.truthy(url);
});

test('an order is taken back by a signature in the header or in the body, and all of them by a higher counter', async t => {
	const {ask, desk} = await openWorld(t);
	const placed = async (name: string, counter = 0) => (await ask('/orders', {json: desk.sign(name, {counter})})).body.hash as string;
	const sign = (name: string, hashes: readonly string[]) => walletOf(name).signTypedData(desk.domain, types.OrderCancellation, {hashes});
	const one = await placed('anna');
	const inHeader = await ask(`/orders/${one}`, {method: 'DELETE', headers: {'order-cancellation': await sign('anna', [one])}});
	t.is(inHeader.body.items[0].state, 'cancelled');
	const two = await placed('anna');
	t.is((await ask(`/orders/${two}`, {method: 'DELETE'})).body.code, 'malformed');
	t.is((await ask(`/orders/${two}`, {method: 'DELETE', json: {signature: await sign('bert', [two])}})).body.code, 'bad-signature');
	t.is((await ask(`/orders/${two}`, {method: 'DELETE', json: {signature: await sign('anna', [two])}})).status, 200);
	const three = await placed('anna');
	t.is((await ask('/orders/cancel', {json: {hashes: [three], signature: await sign('anna', [three])}})).status, 200);
	await placed('anna');
	const trader = accountOf('anna');
	const signature = await walletOf('anna').signTypedData(desk.domain, types.CounterIncrement, {trader, market: desk.view().id, counter: 1});
	t.deepEqual((await ask('/orders/cancel-all', {json: {trader, counter: 1, signature}})).body, {cancelled: 1});
	t.is((await ask('/orders', {json: desk.sign('anna')})).body.code, 'counter-stale');
});

test("an agent's key trades within a delegation until it is revoked", async t => {
	const {ask, desk} = await openWorld(t);
	const agent = walletOf('agent');
	const delegation = {
		owner: accountOf('anna'),
		agent: agent.address.toLowerCase(),
		market: desk.view().id,
		meter: meterOf('anna'),
		maxWhPerSlot: 800,
		minSellMicroPerKwh: 0,
		maxBuyMicroPerKwh: 0,
		notBefore: 0,
		notAfter: 4_000_000_000,
		nonce: '1',
	};
	const signature = await walletOf('anna').signTypedData(desk.domain, types.Delegation, delegation);
	const made = await ask('/delegations', {json: {delegation, signature}});
	t.is(made.status, 201);
	t.is((await ask('/orders', {json: desk.sign('anna', {quantityWh: 801}, agent)})).body.code, 'delegation-exceeded');
	t.is((await ask('/orders', {json: desk.sign('anna', {quantityWh: 800}, agent)})).status, 201);
	const revocation = await walletOf('anna').signTypedData(desk.domain, types.DelegationRevocation, {delegation: made.body.id});
	const gone = await ask(`/delegations/${made.body.id}`, {method: 'DELETE', headers: {'delegation-revocation': revocation}});
	t.deepEqual(gone.body, {id: made.body.id});
});

test('accounts, meters, disputes and exports answer those who may see them', async t => {
	const {ask, desk, clock} = await openWorld(t);
	const anna = accountOf('anna');
	t.is((await ask(`/accounts/${anna}/balance`, {token: tokens.anna})).body.depositedNano, '1000000000000');
	t.is((await ask(`/accounts/${anna}/balance`, {token: tokens.bert})).body.code, 'forbidden');
	const meters = [{meter: meterOf('anna'), device: 'anna', maxImportWh: 5000, maxExportWh: 5000}];
	t.deepEqual((await ask(`/accounts/${anna}`, {token: tokens.anna})).body, {account: anna, counter: 0, meters});
	t.is((await ask(`/accounts/${anna}`, {token: tokens.bert})).body.code, 'forbidden');
	t.is((await ask(`/accounts/${anna}`)).body.code, 'unauthorised');
	t.is((await ask(`/accounts/${anna}/claims`, {token: tokens.operator})).body.items[0].cumNano, '-5');
	const reading = `/meters/${meterOf('anna')}/readings/${slot}`;
	t.is((await ask(reading, {token: tokens.anna})).body.code, 'not-yet');
	t.is((await ask(reading, {token: tokens.bert})).body.code, 'forbidden');
	t.is((await ask(`/meters/${meterOf('nobody')}/readings/${slot}`, {token: tokens.mdc})).body.code, 'not-found');
	clock.set(slot * 900_000);
	desk.clearSlot(slot);
	const shown = (await ask(reading, {token: tokens.mdc})).body.reading;
	t.like(shown, {netExportWh: -5, entries: {importTo: 2}, proofs: {importFrom: {index: 7, receipt: 'kedge prove 7'}}});
	const dispute = {json: {slot, reason: 'my meter says otherwise'}, token: tokens.anna, headers: {'idempotency-key': 'one'}};
	const opened = await ask('/disputes', dispute);
	t.is(opened.status, 201);
	t.is((await ask('/disputes', {...dispute, token: tokens.mdc})).body.code, 'forbidden');
	t.is((await ask(`/disputes/${opened.body.id}`, {token: tokens.anna})).body.reason, 'my meter says otherwise');
	t.is((await ask(`/disputes/${opened.body.id}`, {token: tokens.bert})).status, 404);
	t.is((await ask('/disputes', {token: tokens.anna})).body.items.length, 1);
	const billPath = `/exports/bill?from=${slot}&to=${slot + 96}&format=csv`;
	const early = await ask(billPath, {token: tokens.anna});
	t.is(early.body.code, 'not-yet');
	// Days are settled whole: not before the one of the first slot is over, at midnight.
	t.is(early.headers.get('retry-after'), String(Date.UTC(2026, 10, 30) / 1000 - slot * 900));
	clock.set(Date.UTC(2026, 10, 30, 1));
	t.is((await ask(billPath, {token: tokens.anna})).headers.get('retry-after'), '900');
	desk.finish(slot);
	const bill = await ask(billPath, {token: tokens.anna});
	t.is(bill.headers.get('settled-to'), String(slot + 1), 'what is settled of it');
	t.is(bill.headers.get('content-type'), 'text/csv; charset=utf-8');
	t.true(bill.text.startsWith('account'));
	const keys = `/exports/sharing-keys?from=${slot}&to=${slot + 96}&kind=static&format=json`;
	t.is((await ask(keys, {token: tokens.anna})).body.code, 'forbidden');
	t.is((await ask(keys, {token: tokens.dso})).body.kind, 'static');
	t.is((await ask(`/exports/price-event?from=${slot}&to=${slot + 1}`)).body.event.objectType, 'EVENT');
});

test('the clock, the health and both descriptions are there for everybody', async t => {
	let illness: string | undefined;
	const {ask} = await openWorld(t, {illness: () => illness});
	t.deepEqual((await ask('/time')).body, {nowMs: startMs, now: '2026-11-29T12:00:00.000Z', slot: firstSlot});
	t.deepEqual((await ask('/healthz')).body, {status: 'ok', markets: 1});
	illness = 'the log is frozen';
	t.is((await ask('/healthz')).status, 503);
	t.is((await ask('/openapi.json')).body.openapi, '3.1.0');
	t.is((await ask('/asyncapi.json')).body.asyncapi, '3.0.0');
});

test('of several markets the one meant must be named', async t => {
	const other = createMemoryDesk({name: 'lane'});
	const {ask} = await openWorld(t, {desks: [other]});
	t.is((await ask('/orders', {token: tokens.anna})).body.errors[0].pointer, '/market');
	t.is((await ask('/orders?market=lane', {token: tokens.anna})).status, 200);
	t.is((await ask('/markets')).body.items.length, 2);
	t.is((await ask('/markets/nowhere')).body.code, 'unknown-market');
});

test('pages of other origins may ask only where they are listed', async t => {
	const closed = await openWorld(t);
	const origin = 'https://panel.example';
	t.is((await closed.ask('/time', {headers: {origin}})).headers.get('access-control-allow-origin'), null);
	t.is((await closed.ask('/orders', {method: 'OPTIONS', headers: {origin}})).status, 405);
	const open = await openWorld(t, {server: {origins: [origin]}});
	t.is((await open.ask('/time', {headers: {origin}})).headers.get('access-control-allow-origin'), origin);
	t.is((await open.ask('/time', {headers: {origin: 'https://other.example'}})).headers.get('access-control-allow-origin'), null);
	const preflight = await open.ask('/orders', {method: 'OPTIONS', headers: {origin}});
	t.is(preflight.status, 204);
	t.regex(preflight.headers.get('access-control-allow-headers')!, /idempotency-key/);
});

test('a HEAD is answered like a GET without its body, and an offer of HTTP/2 as if it had not been made', async t => {
	const {ask, server, desk} = await openWorld(t);
	const head = await ask('/markets/street', {method: 'HEAD'});
	t.is(head.status, 200);
	t.is(head.text, '');
	t.true(Number(head.headers.get('content-length')) > 100);
	t.is((await ask('/events', {method: 'HEAD'})).status, 405);
	for (const [line, body] of [
		['GET /v1/time', ''],
		['POST /v1/orders', JSON.stringify(desk.sign('anna'))],
	] as const) {
		const socket = connect(server.port, '127.0.0.1');
		socket.write(
			`${line} HTTP/1.1\r\nhost: x\r\nconnection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
		);
		const [answer] = (await once(socket, 'data')) as [Buffer];
		t.regex(answer.toString(), /^HTTP\/1.1 20[01] /);
		socket.destroy();
	}
});

test('numbers of a query are written in decimal digits, and in no other way', async t => {
	const {ask} = await openWorld(t);
	for (const from of ['0x10', '1e3', ' 5', '5.0', '05', '-1', '', 'NaN', '99999999999'])
		t.is((await ask(`/markets/street/slots?${new URLSearchParams({from, to: '10'})}`)).body.errors[0].pointer, '/from', from);
	t.is((await ask('/markets/street/slots?from=5&from=6&to=10')).body.code, 'malformed');
	t.deepEqual((await ask('/markets/street/slots?from=5&to=10')).body.items, []);
});

test('a connection whose answers are not read is closed, and so is one too many from an address', async t => {
	const {server} = await openWorld(t, {server: {limits: {stillTimeoutMs: 300}}});
	const socket = connect(server.port, '127.0.0.1');
	socket.on('error', () => {});
	socket.pause();
	// 100 descriptions are some 15 MB.
	socket.write('GET /v1/openapi.json HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(100));
	await new Promise(resolve => setTimeout(resolve, 1500));
	let bytes = 0;
	socket.on('data', chunk => {
		bytes += chunk.length;
	});
	socket.resume();
	await once(socket, 'close');
	t.true(bytes < 14_000_000, `${bytes} bytes came through`);
	// Of another server, which waits longer than this machine may take.
	const {server: other, ask: askOther} = await openWorld(t, {server: {limits: {connectionsPerAddressMax: 3}}});
	const many = Array.from({length: 3}, () => connect(other.port, '127.0.0.1'));
	await Promise.all(many.map(one => once(one, 'connect')));
	await t.throwsAsync(askOther('/time', {headers: {connection: 'close'}}));
	for (const one of many) one.destroy();
});

test('a token without a digest, and a market too many, do not let the server begin', async t => {
	const needs = {
		desks: [createMemoryDesk()],
		clock: systemClock,
		random: createSystemRandom(),
		logger: silentLogger,
		tokens: [{name: 'x', role: 'auditor', sha256: 'abc'}] as const,
		recoverMessageSigner: () => undefined,
	};
	const at = {host: '127.0.0.1', port: 0};
	await t.throwsAsync(openApiServer(needs, at), {message: /token x/});
	const desks = Array.from({length: 17}, (_, n) => createMemoryDesk({name: `m${n}`}));
	await t.throwsAsync(openApiServer({...needs, tokens: [], desks}, at), {message: /at most 16 markets/});
	const first = await openApiServer({...needs, tokens: []}, at);
	t.teardown(() => first[Symbol.asyncDispose]());
	await t.throwsAsync(openApiServer({...needs, tokens: []}, {...at, port: first.port}), {code: 'PORT_TAKEN'});
});
