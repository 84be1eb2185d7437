// The generated client against the real server.
import {createServer} from 'node:http';
import test from 'ava';
import {createMarketClient, MarketProblem, MarketUnreachable} from '../../agent/api/client.ts';
import {accountOf, firstSlot, openWorld, tokens} from './world.ts';

const slot = firstSlot + 2;

test('a client places orders, watches them clear, and reads what is his', async t => {
	const {url, desk, clock} = await openWorld(t);
	const anna = createMarketClient(url, {token: tokens.anna});
	const bert = createMarketClient(`${url}/`, {token: async () => tokens.bert});
	const market = await anna.getMarket({market: 'street'});
	t.is(market.params.retailMicroPerKwh, 300_000);
	const stop = new AbortController();
	const cleared = (async () => {
		for await (const event of anna.events({after: market.asOfSequence}, {signal: stop.signal}))
			if (event.type === 'slot.cleared') return event;
		return undefined;
	})();
	const sold = await anna.submitOrders({body: desk.sign('anna'), receipt: 'link', idempotencyKey: 'k'});
	t.true(sold.isNew);
	t.is(sold.receipt, null);
	const bought = await bert.submitOrders({body: {orders: [desk.sign('bert', {side: 'buy', limitMicroPerKwh: 200_000})]}});
	t.is(bought.accepted, 1);
	t.truthy(await anna.getOrderReceipt({hash: sold.hash}));
	clock.set(slot * 900_000);
	desk.clearSlot(slot);
	t.like(await cleared, {data: {slot, volumeWh: 1000}});
	const [fill] = (await anna.listFills({slot})).items;
	t.is(fill?.fillWh, 1000);
	t.is((await bert.listSettlements({from: slot, to: slot + 1})).items[0]?.contractedWh, -1000);
	t.is((await anna.getBalance({account: accountOf('anna')})).drawnNano, '0');
	desk.finish(slot);
	t.regex(await anna.exportBill({from: slot, to: slot + 1, format: 'csv'}), /^account/);
	t.is((await anna.getClearing({market: 'street', slot})).volumeWh, 1000);
});

test('a client goes through all pages', async t => {
	const people = Array.from({length: 25}, (_, at) => `p${at}`);
	const {url, desk, clock} = await openWorld(t, {desk: {people}});
	const auditor = createMarketClient(url, {token: tokens.auditor});
	await auditor.submitOrders({body: {orders: people.map(one => desk.sign(one))}});
	clock.set(slot * 900_000);
	const sequences: number[] = [];
	for await (const {sequence} of auditor.iterateOrders({limit: 4})) sequences.push(sequence);
	t.deepEqual(
		sequences,
		Array.from({length: 25}, (_, at) => at + 1),
	);
	desk.clearSlot(slot);
	const rows: string[] = [];
	for await (const {account} of auditor.iterateSettlements({from: slot, to: slot + 1, limit: 7})) rows.push(account);
	t.is(new Set(rows).size, 25);
	const fills: string[] = [];
	for await (const {orderHash} of auditor.iterateFills({slot, limit: 10})) fills.push(orderHash);
	t.is(new Set(fills).size, 25);
});

test('a problem comes as an error with its code, its members and when to ask again', async t => {
	const {url, desk} = await openWorld(t, {server: {limits: {requestsPerSecond: 0.001, requestsBurst: 3}}});
	const client = createMarketClient(url);
	const problem = await t.throwsAsync(client.submitOrders({body: desk.sign('anna', {counter: 3})}), {instanceOf: MarketProblem});
	t.is(problem.code, 'counter-stale');
	t.is(problem.problem.errors?.[0]?.pointer, '/counter');
	t.is(problem.status, 422);
	for (let i = 0; i < 3; i += 1) await client.getTime();
	const limited = await t.throwsAsync(client.getTime(), {instanceOf: MarketProblem});
	t.true(limited.retryAfterS! > 900 && limited.retryAfterS! <= 1000);
});

test('no answer, half an answer, and an answer of something else are told apart from problems', async t => {
	const server = createServer((request, response) => {
		if (request.url === '/v1/time') response.writeHead(502, {'content-type': 'text/html'}).end('<h1>bad gateway</h1>');
		else if (request.url === '/v1/healthz') {
			response.writeHead(200, {'content-type': 'application/json', 'content-length': '100'});
			response.write('{"a"');
			setTimeout(() => response.destroy(), 20);
		}
	});
	await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
	t.teardown(() => {
		server.closeAllConnections();
		server.close();
	});
	const {port} = server.address() as {readonly port: number};
	const client = createMarketClient(`http://127.0.0.1:${port}`, {timeoutMs: 10_000});
	await t.throwsAsync(client.getTime(), {instanceOf: MarketUnreachable, message: /502/});
	await t.throwsAsync(client.getHealth(), {instanceOf: MarketUnreachable, message: /broke off/});
	await t.throwsAsync(createMarketClient(`http://127.0.0.1:${port}`, {timeoutMs: 100}).listMarkets(), {
		instanceOf: MarketUnreachable,
		message: /no answer/,
	});
	const stop = new AbortController();
	setTimeout(() => stop.abort(), 20);
	await t.throwsAsync(client.listMarkets({}, {signal: stop.signal}), {instanceOf: MarketUnreachable});
});
