// The socket for agents: snapshot and events, orders and cancellations, and what it does with nonsense and with silence.
import test, {type ExecutionContext} from 'ava';
import {WebSocket} from 'ws';
import {type Loose, openWorld, tokens, types, type World, walletOf} from './world.ts';

async function openSocket(t: ExecutionContext, world: World, headers: Record<string, string> = {}) {
	const socket = new WebSocket(`ws://127.0.0.1:${world.server.port}/v1/stream`, {headers});
	t.teardown(() => socket.terminate());
	const waiting: Loose[] = [];
	const waiters: (() => void)[] = [];
	let isClosed = false;
	const wake = (): void => {
		for (const one of waiters.splice(0)) one();
	};
	socket.on('message', data => {
		waiting.push(JSON.parse(String(data)));
		wake();
	});
	socket.on('close', () => {
		isClosed = true;
		wake();
	});
	socket.on('error', () => {});
	await new Promise<void>((resolve, reject) => {
		socket.once('open', resolve);
		socket.once('unexpected-response', (_request, response) => reject(new Error(String(response.statusCode))));
	});
	/** The next message of this type; those of other types stay. */
	const next = async (type: string): Promise<Loose> => {
		for (;;) {
			const at = waiting.findIndex(one => one.type === type);
			if (at >= 0) return waiting.splice(at, 1)[0];
			if (isClosed) return undefined;
			await new Promise<void>(resolve => waiters.push(resolve));
		}
	};
	return {
		socket,
		next,
		closed: () => (isClosed ? Promise.resolve() : new Promise<void>(resolve => socket.once('close', () => resolve()))),
		ask: async (message: object) => {
			socket.send(JSON.stringify(message));
			return next('answer');
		},
		send: (message: unknown) => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
	};
}

test('a socket begins with a snapshot, and every event names the one before it', async t => {
	const world = await openWorld(t);
	world.desk.tell({type: 'slot.opened', account: undefined, data: {}});
	const {ask, next} = await openSocket(t, world);
	t.like(await ask({op: 'subscribe', reqId: '1'}), {reqId: '1', body: {sequence: 1}});
	const snapshot = await next('snapshot');
	t.is(snapshot.sequence, 1);
	t.is(snapshot.slots.length, 11);
	world.desk.tell({type: 'slot.closing', account: undefined, data: {a: 1}});
	world.desk.tell({type: 'order.filled', account: '0xsomebody', data: {}});
	world.desk.tell({type: 'slot.cleared', account: undefined, data: {a: 2}});
	t.like(await next('event'), {sequence: 2, previousSequence: 1, event: {type: 'slot.closing', data: {a: 1}}});
	t.like(await next('event'), {sequence: 4, previousSequence: 2});
	await ask({op: 'unsubscribe', reqId: '2'});
	t.like(await next('end'), {reason: 'stopped', resumeAfter: 4});
	await ask({op: 'subscribe', reqId: '3', after: 1});
	t.like(await next('event'), {sequence: 2});
});

test('orders go in and come out over a socket, and its own events are seen after auth', async t => {
	const world = await openWorld(t);
	const {ask, next, send} = await openSocket(t, world);
	t.is((await ask({op: 'auth', reqId: 'a', token: tokens.anna})).body.role, 'trader');
	await ask({op: 'subscribe', reqId: 's'});
	const orders = [world.desk.sign('anna'), world.desk.sign('bert', {counter: 9})];
	const {body} = await ask({op: 'submit', reqId: 'o', orders});
	t.like(body, {accepted: 1, refused: 1});
	t.is(body.results[1].problem.code, 'counter-stale');
	t.like(await next('event'), {event: {type: 'order.accepted', data: {orderHash: body.results[0].order.hash}}});
	const hashes = [body.results[0].order.hash];
	const signature = await walletOf('anna').signTypedData(world.desk.domain, types.OrderCancellation, {hashes});
	t.is((await ask({op: 'cancel', reqId: 'c', hashes, signature})).body.items[0].state, 'cancelled');
	send({op: 'cancel', reqId: 'd', hashes, signature: `0x${'00'.repeat(65)}`});
	t.like(await next('problem'), {reqId: 'd', problem: {code: 'bad-signature'}});
	send({op: 'submit', reqId: 'e', orders, atomic: true});
	t.like(await next('problem'), {reqId: 'e', problem: {code: 'batch-refused'}});
	t.truthy((await ask({op: 'ping', reqId: 'p'})).body.nowMs);
});

test('nonsense is answered with a problem, and the socket goes on', async t => {
	const world = await openWorld(t);
	const {ask, next, send} = await openSocket(t, world);
	for (const message of [
		'{',
		'[]',
		'"x"',
		{op: 'fly', reqId: '1'},
		{op: 'ping'},
		{op: 'submit', reqId: '2', orders: []},
		{op: 'auth', reqId: '3', token: 'no-such-token-0123'},
	]) {
		send(message);
		t.true(['malformed', 'unauthorised'].includes((await next('problem')).problem.code));
	}
	send({op: 'subscribe', reqId: '4', after: 77});
	t.like(await next('problem'), {reqId: '4', problem: {code: 'stream-gap', newestSequence: 0}});
	await ask({op: 'subscribe', reqId: '5'});
	send({op: 'subscribe', reqId: '6'});
	t.like(await next('problem'), {problem: {code: 'malformed'}});
	t.is((await ask({op: 'ping', reqId: '7'})).reqId, '7');
});

test('a message that is too large closes the socket, and a wrong path or token opens none', async t => {
	const world = await openWorld(t, {server: {limits: {bodyBytesMax: 2000}}});
	const {send, closed} = await openSocket(t, world);
	send('x'.repeat(3000));
	await closed();
	await t.throwsAsync(openSocket(t, world, {authorization: 'Bearer nobody-has-this-one'}), {message: '401'});
	const elsewhere = new WebSocket(`ws://127.0.0.1:${world.server.port}/v1/other`);
	t.is(await new Promise(resolve => elsewhere.once('unexpected-response', (_request, response) => resolve(response.statusCode))), 404);
});

test('a socket has heartbeats, and one that does not answer them is closed', async t => {
	const world = await openWorld(t, {server: {limits: {heartbeatMs: 400}}});
	const alive = await openSocket(t, world);
	const dead = new WebSocket(`ws://127.0.0.1:${world.server.port}/v1/stream`, {autoPong: false});
	await new Promise(resolve => dead.once('close', resolve));
	t.truthy((await alive.next('heartbeat')).nowMs);
	t.is(alive.socket.readyState, WebSocket.OPEN);
});

test('a socket that is not read is cut off, whether it watches or asks', async t => {
	const world = await openWorld(t, {server: {limits: {drainMs: 100, writesPerSecond: 1e6, writesBurst: 1e6}}});
	const watcher = await openSocket(t, world);
	await watcher.ask({op: 'subscribe', reqId: '1'});
	watcher.socket.pause();
	const padding = 'x'.repeat(10_000);
	for (let n = 0; n < 3000; n += 1) world.desk.tell({type: 'slot.opened', account: undefined, data: {padding}});
	const asker = await openSocket(t, world);
	asker.socket.pause();
	const orders = Array.from({length: 500}, () => ({}));
	for (let n = 0; n < 200; n += 1) asker.send({op: 'submit', reqId: String(n), orders});
	await new Promise(resolve => setTimeout(resolve, 1000));
	watcher.socket.resume();
	asker.socket.resume();
	await watcher.closed();
	await asker.closed();
	t.pass();
});

test('streams beyond those of a caller are refused', async t => {
	const world = await openWorld(t, {server: {limits: {streamsPerCallerMax: 1}}});
	const first = await openSocket(t, world);
	await t.throwsAsync(openSocket(t, world), {message: '429'});
	first.socket.close();
	await first.closed();
	await new Promise(resolve => setTimeout(resolve, 50));
	await t.notThrowsAsync(openSocket(t, world));
});
