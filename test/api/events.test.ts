// What happens, as server-sent events: shown in order, resumed without a gap, and never queued for somebody who does not read.
import {type IncomingMessage, request} from 'node:http';
import test from 'ava';
import {createMarketClient} from '../../agent/api/client.ts';
import {createBlockParser, type EventBlock} from '../../agent/api/client-transport.ts';
import {createFeed} from '../../agent/api/feed.ts';
import {createMemoryDesk, type Loose, openWorld, startMs, tokens, type World, walletOf} from './world.ts';

/** The blocks of a stream one by one. */
async function openEvents(world: World, path = '/events', headers: Record<string, string> = {}) {
	const stop = new AbortController();
	const response = await fetch(`${world.url}/v1${path}`, {headers, signal: stop.signal});
	const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
	const parser = createBlockParser();
	const waiting: EventBlock[] = [];
	const next = async (): Promise<EventBlock | undefined> => {
		while (waiting.length === 0) {
			const {value, done} = await reader.read().catch(() => ({value: undefined, done: true}));
			if (done) return undefined;
			waiting.push(...parser.push(value!));
		}
		return waiting.shift();
	};
	const nextEvent = async (): Promise<Loose> => {
		for (;;) {
			const block = await next();
			if (block === undefined) return undefined;
			if (block.data !== undefined) return {...JSON.parse(block.data), id: block.id, event: block.event};
		}
	};
	return {response, next, nextEvent, close: () => stop.abort()};
}

const publicEvent = (n: number) => ({type: 'slot.opened' as const, account: undefined, data: {n}});

test('a stream begins with where it stands, and shows events as they happen', async t => {
	const world = await openWorld(t);
	world.desk.tell(publicEvent(1));
	const stream = await openEvents(world);
	t.is(stream.response.headers.get('content-type'), 'text/event-stream; charset=utf-8');
	t.deepEqual(await stream.next(), {id: '1', event: undefined, data: undefined});
	world.desk.tell(publicEvent(2));
	t.like(await stream.nextEvent(), {
		id: '2',
		event: 'slot.opened',
		sequence: 2,
		previousSequence: 1,
		data: {n: 2},
		market: world.desk.view().id,
	});
	stream.close();
});

test('a stream is resumed behind the last event that was read, whether memory still has it or only the desk', async t => {
	const world = await openWorld(t, {server: {limits: {recentEventsMax: 4}}});
	for (let n = 1; n <= 600; n += 1) world.desk.tell(publicEvent(n));
	for (const from of [0, 1, 300, 595, 599]) {
		const stream = await openEvents(world, '/events', {'last-event-id': String(from)});
		for (let n = from + 1; n <= 600; n += 1) t.is((await stream.nextEvent()).sequence, n);
		stream.close();
	}
	t.is((await openEvents(world, '/events', {'last-event-id': '-1'})).response.status, 400);
	t.is((await openEvents(world, '/events', {'last-event-id': '601'})).response.status, 410);
	world.desk.forgetUpTo(300);
	t.is((await openEvents(world, '/events?after=299')).response.status, 410);
	t.is((await openEvents(world, '/events?after=300')).response.status, 200);
});

test('events of an account are shown to that account alone, and the chain of previous sequences stays whole', async t => {
	const world = await openWorld(t);
	const bearer = (token: string) => ({authorization: `Bearer ${token}`});
	const everybody = await openEvents(world);
	const anna = await openEvents(world, '/events', bearer(tokens.anna));
	const auditor = await openEvents(world, '/events', bearer(tokens.auditor));
	await world.ask('/orders', {json: world.desk.sign('anna')});
	await world.ask('/orders', {json: world.desk.sign('bert')});
	world.desk.tell(publicEvent(3));
	t.like(await everybody.nextEvent(), {sequence: 3, previousSequence: 0});
	t.like(await auditor.nextEvent(), {sequence: 3, previousSequence: 0});
	t.like(await anna.nextEvent(), {sequence: 1, previousSequence: 0, type: 'order.accepted'});
	t.like(await anna.nextEvent(), {sequence: 3, previousSequence: 1});
	for (const one of [everybody, anna, auditor]) one.close();
});

test('a quiet stream has heartbeats', async t => {
	const world = await openWorld(t, {server: {limits: {heartbeatMs: 20}}});
	const stream = await fetch(`${world.url}/v1/events`);
	const reader = stream.body!.pipeThrough(new TextDecoderStream()).getReader();
	let text = '';
	while (!text.includes(': newest 0')) text += (await reader.read()).value;
	await reader.cancel();
	t.pass();
});

test('a stream ends when its token expires, and says from where it can go on', async t => {
	const world = await openWorld(t, {server: {limits: {heartbeatMs: 20}}});
	const nonce: string = (await world.ask('/auth/nonce', {method: 'POST'})).body.nonce;
	const domain = `127.0.0.1:${world.server.port}`;
	const wallet = walletOf('anna');
	const message = `${domain} wants you to sign in with your Ethereum account:\n${wallet.address}\n\n\nURI: http://${domain}/\nVersion: 1\nChain ID: 31337\nNonce: ${nonce}\nIssued At: ${new Date(startMs).toISOString()}`;
	const {token} = (await world.ask('/auth/siwe', {json: {message, signature: await wallet.signMessage(message)}})).body;
	const stream = await openEvents(world, '/events', {authorization: `Bearer ${token}`});
	await world.ask('/orders', {json: world.desk.sign('anna')});
	t.like(await stream.nextEvent(), {sequence: 1, event: 'order.accepted'});
	world.clock.pass(900_000);
	t.like(await stream.nextEvent(), {event: 'end', reason: 'token-expired', resumeAfter: 1});
	t.is(await stream.nextEvent(), undefined);
});

test('open streams are counted, and given back when they close', async t => {
	const world = await openWorld(t, {server: {limits: {streamsPerCallerMax: 2}}});
	const [one, two] = [await openEvents(world), await openEvents(world)];
	const third = await openEvents(world);
	t.is(third.response.status, 429);
	one.close();
	for (let tries = 0; tries < 100 && (await openEvents(world).then(({response}) => response.status)) !== 200; tries += 1)
		await new Promise(resolve => setTimeout(resolve, 5));
	t.is((await openEvents(world)).response.status, 429);
	two.close();
});

test('a reader who does not read is cut off, costs no more than his buffer, and can resume', async t => {
	const world = await openWorld(t, {server: {limits: {drainMs: 200}}});
	const response = await new Promise<IncomingMessage>((resolve, reject) => {
		request(`${world.url}/v1/events?after=0`, resolve).on('error', reject).end();
	});
	response.pause();
	const padding = 'x'.repeat(10_000);
	const before = process.memoryUsage().arrayBuffers;
	// 40 MB, of which a socket takes a few at most.
	for (let n = 1; n <= 4000; n += 1) world.desk.tell({type: 'slot.opened', account: undefined, data: {n, padding}});
	await new Promise(resolve => setTimeout(resolve, 400));
	t.true(process.memoryUsage().arrayBuffers - before < 20_000_000);
	let text = '';
	response.setEncoding('utf8').resume();
	await new Promise<void>(resolve => {
		response.on('data', chunk => {
			text += chunk;
		});
		response.on('close', resolve);
		response.on('error', () => {});
	});
	const seen = createBlockParser()
		.push(`${text}\n`)
		.filter(({data}) => data !== undefined);
	t.true(seen.length < 4000);
	const last = Number(seen.at(-1)!.id);
	const stream = await openEvents(world, '/events', {'last-event-id': String(last)});
	t.is((await stream.nextEvent()).sequence, last + 1);
	stream.close();
});

test('a client follows through a server that goes away and comes back', async t => {
	const world = await openWorld(t);
	const stop = new AbortController();
	const client = createMarketClient(world.url);
	const seen: number[] = [];
	let broken = 0;
	const flaky = createMarketClient(world.url, {
		fetch: async (input, init) => {
			const response = await fetch(input, init);
			broken += 1;
			if (broken > 2) return response;
			// The first two connections break after their first event.
			let events = 0;
			const cut = new TransformStream<Uint8Array, Uint8Array>({
				transform: (chunk, controller) => {
					if (new TextDecoder().decode(chunk).includes('data:')) events += 1;
					controller.enqueue(chunk);
					if (events > 0) controller.error(new Error('the line broke'));
				},
			});
			return new Response(response.body!.pipeThrough(cut), {status: response.status, headers: response.headers});
		},
	});
	world.desk.tell(publicEvent(1));
	world.desk.tell(publicEvent(2));
	const follow = (async () => {
		for await (const event of flaky.events({after: 0}, {signal: stop.signal})) {
			seen.push(event.sequence);
			if (event.sequence >= 4) stop.abort();
		}
	})();
	world.desk.tell(publicEvent(3));
	world.desk.tell(publicEvent(4));
	await follow;
	t.deepEqual(seen, [...new Set(seen)]);
	t.is(seen.at(-1), 4);
	await t.throwsAsync(
		async () => {
			for await (const _ of client.events({after: 99})) break;
		},
		{name: 'MarketProblem', message: /not kept/},
	);
});

test('a block is the same wherever its text is cut, and with any kind of line end', t => {
	const text = '\ufeff: hello\r\nid: 7\nevent: a\rdata: {"x":1}\ndata: more\n\nid\n\n\nretry: 5\nnothing\n\ndata:  two\n\n';
	const whole = createBlockParser().push(text);
	t.deepEqual(whole, [
		{id: '7', event: 'a', data: '{"x":1}\nmore'},
		{id: '', event: undefined, data: undefined},
		{id: undefined, event: undefined, data: ' two'},
	]);
	for (let at = 1; at < text.length; at += 1) {
		const parser = createBlockParser();
		t.deepEqual([...parser.push(text.slice(0, at)), ...parser.push(text.slice(at))], whole, `cut at ${at}`);
	}
	t.throws(() => createBlockParser().push(`data: ${'x'.repeat(1_100_000)}`));
});

test('a feed ends where the desk has lost events, and forgets a reader who left', async t => {
	const desk = createMemoryDesk();
	const feed = createFeed(desk, 2);
	for (let n = 1; n <= 10; n += 1) desk.tell(publicEvent(n));
	desk.forgetUpTo(5);
	const shown: number[] = [];
	const sink = {account: () => undefined, drained: async () => true, write: (event: {sequence: number}) => shown.push(event.sequence) > 0};
	t.is(await feed.follow(3, sink, new AbortController().signal), 'gap');
	t.false(await feed.canBegin(4));
	t.true(await feed.canBegin(5));
	t.false(await feed.canBegin(11));
	const stop = new AbortController();
	const followed = feed.follow(5, sink, stop.signal);
	setImmediate(() => stop.abort());
	t.is(await followed, 'stopped');
	t.deepEqual(shown, [6, 7, 8, 9, 10]);
});
