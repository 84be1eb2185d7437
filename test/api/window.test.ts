// What is served beside the market: pages, the docs, health, metrics, tiles, and what happens.
import {EventEmitter} from 'node:events';
import {gzipSync} from 'node:zlib';
import test from 'ava';
import fc from 'fast-check';
import {createAgentPulse, newsOf} from '../../agent/api/agent-events.ts';
import {isForRoles} from '../../agent/api/route.ts';
import {routes} from '../../agent/api/routes.ts';
import {createStreams} from '../../agent/api/streams.ts';
import {tilePartOf} from '../../agent/api/tiles.ts';
import {systemClock} from '../../agent/base/clock.ts';
import {silentLogger} from '../../agent/base/logger.ts';
import {until} from '../../agent/base/retry.ts';
import {agentState, openWindowWorld} from './window-world.ts';
import {openWorld, startMs, tokens} from './world.ts';

test('a page is served with its policy, and nothing but pages is', async t => {
	const {root} = await openWindowWorld(t);
	const page = await root('/', {accept: 'text/html'});
	t.is(page.headers.get('content-type'), 'text/html; charset=utf-8');
	const policy = page.headers.get('content-security-policy')!;
	t.regex(policy, /^default-src 'none'; script-src 'self'; style-src 'self';/);
	t.false(policy.includes('unsafe'));
	t.is(page.headers.get('x-content-type-options'), 'nosniff');
	t.is(page.headers.get('cache-control'), 'no-cache');
	t.is((await root('/', {accept: 'text/html', 'if-none-match': page.headers.get('etag')!})).status, 304);
	// As a proxy hands it on that packs answers anew.
	t.is((await root('/', {accept: 'text/html', 'if-none-match': `"another", W/${page.headers.get('etag')}`})).status, 304);
	t.is((await root('/', {accept: 'text/html', 'if-none-match': '"another"'})).status, 200);
	t.is((await root('/')).headers.get('content-type'), 'application/json; charset=utf-8');
	const script = await root('/app-0123ABCD.js');
	t.is(script.headers.get('cache-control'), 'public, max-age=31536000, immutable');
	t.is(await script.text(), 'export {};');
	const docs = await root('/v1/docs');
	t.is(docs.headers.get('content-security-policy'), policy);
	const text = await docs.text();
	for (const {id} of routes) t.true(text.includes(`<section id="${id}">`), id);
	t.notRegex(text, /<script|style=|https?:\/\//);
	t.is((await root('/v1/docs.css')).status, 200);
});

test('a page is sent gzipped to who takes it, as another form with its own tag', async t => {
	const bytes = Buffer.from('<!doctype html><p>hello'.repeat(50));
	const pages = new Map([['/', {bytes, gzipped: gzipSync(bytes), mediaType: 'text/html; charset=utf-8', isHashed: false}]]);
	const {root} = await openWindowWorld(t, {}, pages);
	const asked = (encodings: string, more: Record<string, string> = {}) =>
		root('/', {accept: 'text/html', 'accept-encoding': encodings, ...more});
	const tags = new Set<string>();
	for (const [encodings, isGzipped] of [
		['gzip', true],
		['br, GZIP;q=0.5', true],
		['*', true],
		['identity', false],
		['br, gzip;q=0', false],
		['gzip;q=0.000', false],
		['*;q=0', false],
		['gzipped', false],
	] as const) {
		const page = await asked(encodings);
		t.is(page.headers.get('content-encoding'), isGzipped ? 'gzip' : null, encodings);
		t.regex(page.headers.get('vary')!, /accept-encoding/, encodings);
		t.is(await page.text(), bytes.toString(), encodings);
		const tag = page.headers.get('etag')!;
		tags.add(`${isGzipped} ${tag}`);
		t.is((await asked(encodings, {'if-none-match': tag})).status, 304, encodings);
	}
	t.is(tags.size, 2);
	const [one, other] = [...tags].map(tag => tag.split(' ')[1]!);
	t.not(one, other);
});

test('health is a word, and metrics are for this machine and for who has a token', async t => {
	const {root, window} = await openWindowWorld(t);
	t.is(await (await root('/healthz')).text(), 'ok\n');
	window.health_ = 'frozen';
	const ill = await root('/healthz');
	t.is(ill.status, 503);
	t.is(await ill.text(), 'frozen\n');
	t.is((await root('/metrics')).headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
	// A page that was told that its own name is our address; a proxy.
	for (const headers of [{'x-forwarded-for': '203.0.113.7'}, {via: '1.1 proxy'}, {forwarded: 'for=203.0.113.7'}] as Record<
		string,
		string
	>[]) {
		t.is((await root('/metrics', headers)).status, 401, JSON.stringify(headers));
		t.is((await root('/metrics', {...headers, authorization: `Bearer ${tokens.reader}`})).status, 200);
	}
	t.is((await root('/metrics', {'x-forwarded-for': '203.0.113.7', authorization: `Bearer ${tokens.anna}`})).status, 401);
});

test('tiles are named as tlog-tiles says, and in no other way', t => {
	t.is(tilePartOf('067')?.number, 67);
	t.is(tilePartOf('x001/x234/067')?.number, 1_234_067);
	for (const wrong of ['67', '0067', 'x001', 'x000/067', '001/067', 'x001/67', '', 'x1/067', '067/', '-01'])
		t.is(tilePartOf(wrong), undefined, wrong);
	t.deepEqual(tilePartOf('x001/067.p/8'), {number: 1067, count: 8});
	t.deepEqual(tilePartOf('000'), {number: 0, count: 256});
	for (const wrong of ['000.p/0', '000.p/256', '000.p/08', '000.p/', '000.p/8/9', '000.p']) t.is(tilePartOf(wrong), undefined, wrong);
	fc.assert(
		fc.property(fc.nat(999_999_999), number => {
			let rest = number;
			let path = String(rest % 1000).padStart(3, '0');
			for (rest = Math.floor(rest / 1000); rest > 0; rest = Math.floor(rest / 1000))
				path = `x${String(rest % 1000).padStart(3, '0')}/${path}`;
			t.deepEqual(tilePartOf(path), {number, count: 256});
		}),
	);
});

test('no tile beyond what is released, and entries for readers alone', async t => {
	const {root, window} = await openWindowWorld(t);
	t.is((await root('/checkpoint')).headers.get('content-type'), 'text/plain; charset=utf-8');
	t.is((await root('/tile/0/000.p/3')).status, 200);
	t.is((await root('/tile/0/000.p/3')).headers.get('cache-control'), 'public, max-age=31536000, immutable');
	for (const path of [
		'/tile/0/000.p/4',
		'/tile/0/000',
		'/tile/1/000.p/1',
		'/tile/6/000.p/1',
		'/tile/00/000.p/1',
		'/tile/x/000.p/1',
		'/tile/0/001.p/1',
	])
		t.true([400, 404].includes((await root(path)).status), path);
	t.regex(((await (await root('/tile/0/000')).json()) as {detail: string}).detail, /fewer than 256, is asked for with \.p\/N/);
	t.notRegex(((await (await root('/tile/0/001')).json()) as {detail: string}).detail, /\.p\/N/);
	t.is((await root('/tile/entries/000.p/3')).status, 401);
	t.is((await root('/tile/entries/000.p/3', {authorization: `Bearer ${tokens.anna}`})).status, 403);
	const bundle = await root('/tile/entries/000.p/3', {authorization: `Bearer ${tokens.reader}`});
	t.is((await bundle.arrayBuffer()).byteLength, 3 * 120);
	t.is(bundle.headers.get('cache-control'), 'private, max-age=31536000, immutable');
	Object.assign(window.log, {sealedUntilMs: () => startMs + 60_000});
	const sealed = await root('/tile/entries/000.p/3', {authorization: `Bearer ${tokens.reader}`});
	t.is(sealed.headers.get('retry-after'), '60');
	Object.assign(window.log, {checkpoint: () => undefined});
	t.is((await root('/checkpoint')).status, 404);
	t.is((await root('/tile/0/000.p/1')).status, 404);
});

test('whatever is asked of the agent, it is answered with something of its own', async t => {
	const {as, logged} = await openWindowWorld(t, {
		server: {limits: {requestsPerSecond: 1e9, requestsBurst: 1e9, writesPerSecond: 1e9, writesBurst: 1e9}},
	});
	const owner = await as('owner');
	const own = routes.filter(route => isForRoles(route) && route.isAtRoot !== true && route.isStream !== true);
	const word = fc.oneof(
		fc.constantFrom(
			'boiler',
			'boiler/temperature',
			'urn:kedge:device:boiler:temperature',
			'0',
			'3',
			'99',
			'-1',
			'1e3',
			'..',
			'shipment-1',
			'nobody',
			'<b>',
			'\u0000',
			'__proto__',
		),
		fc.string({maxLength: 40}),
	);
	await fc.assert(
		fc.asyncProperty(
			fc.constantFrom(...own),
			fc.array(word, {minLength: 2, maxLength: 2}),
			fc.dictionary(fc.constantFrom('from', 'to', 'points', 'limit', 'cursor', 'kinds', 'arrival', 'zzz'), word, {maxKeys: 4}),
			fc.oneof(
				fc.jsonValue(),
				fc.record({scope: fc.jsonValue(), days: fc.nat(100)}),
				fc.record({about: word, id: word, fromMs: fc.nat(), toMs: fc.nat()}),
			),
			async (route, words, query, json) => {
				let at = 0;
				const path = route.path.replaceAll(/\{\w+\}/g, () => {
					const part = words[at++ % 2]!;
					return encodeURIComponent(/\p{Surrogate}/u.test(part) ? 'x' : part) || 'x';
				});
				const answer = await owner(`${path}?${new URLSearchParams(query)}`, {
					method: route.method,
					...(route.method === 'POST' ? {json} : {}),
				});
				return answer.status < 500 || answer.body.code === 'busy';
			},
		),
		{numRuns: 400},
	);
	t.deepEqual(
		logged.filter(line => line.startsWith('error')),
		[],
	);
});

test('where only a market is served, nothing of an agent is there', async t => {
	const {ask, url} = await openWorld(t);
	t.is((await ask('/agent')).status, 401);
	t.is((await ask('/agent', {token: tokens.auditor})).body.code, 'not-found');
	t.is((await ask('/session', {json: {name: 'a', password: 'b'}})).body.code, 'not-found');
	t.is((await fetch(`${url}/checkpoint`)).status, 404);
});

test('what happens is computed once for all who listen, and ends with the session', async t => {
	const {url, window, clock, signIn} = await openWindowWorld(t);
	const cookie = (await signIn('viewer', 'somebody who only looks')).headers.getSetCookie()[0]!.split(';')[0]!;
	t.is((await fetch(`${url}/v1/agent/events`)).status, 401);
	const gone = new AbortController();
	const listeners = await Promise.all(
		Array.from({length: 20}, async () => {
			const response = await fetch(`${url}/v1/agent/events`, {headers: {cookie}, signal: gone.signal});
			t.is(response.headers.get('content-type'), 'text/event-stream; charset=utf-8');
			let text = '';
			const over = (async () => {
				for await (const chunk of response.body!) text += Buffer.from(chunk).toString();
			})().catch(() => {});
			return {text: () => text, over};
		}),
	);
	const everybody = (word: string) =>
		until(async () => listeners.every(({text}) => text().includes(word)) || undefined, {
			clock: systemClock,
			everyMs: 50,
			timeoutMs: 60_000,
		});
	t.true(await everybody('event: agent'));
	t.true(window.pulses <= 10, `${window.pulses}`);
	// His session has ended: within a second or two nobody tells him anything.
	clock.pass(13 * 3_600_000);
	t.true(await everybody('session-ended'));
	await Promise.all(listeners.map(({over}) => over));
	gone.abort();
});

test('an answer that depends on more than one header says so of each', async t => {
	const {root} = await openWindowWorld(t, {server: {origins: ['https://elsewhere.example']}});
	t.is((await root('/', {accept: 'text/html'})).headers.get('vary'), 'origin, accept, accept-encoding');
	t.is((await root('/app-0123ABCD.js')).headers.get('vary'), 'origin, accept-encoding');
});

test('the time alone is no news, and what an anchor waits for is', t => {
	const anchor = {
		kind: 'chain',
		name: 'a chain',
		size: 3,
		finalSize: 0,
		waitingFor: null,
		problem: null,
		problemCode: null,
		runwayDays: 40,
		detail: {balance: '1'},
	} as const;
	const client = {name: 'b', isConnected: true, sinceMs: 1, connects: 1, acknowledged: 0, waiting: 0, tooLarge: 0, droppedByBroker: 0};
	const state = {...agentState, anchors: [anchor], client};
	const later = {
		...state,
		nowMs: startMs + 1000,
		residentBytes: 2,
		unanchoredAgeMs: 1000,
		disk: {...state.disk, freeBytes: 0},
		scrub: {done: 1, of: 2, passes: 3},
		client: {...client, sinceMs: 1001},
		anchors: [{...anchor, detail: {balance: '0'}}],
	};
	t.is(newsOf(later), newsOf(state));
	for (const change of [
		{size: 4},
		{anchors: [{...anchor, waitingFor: 'funds'}]},
		{anchors: [{...anchor, finalSize: 3}]},
		{client: {...client, isConnected: false}},
		{disk: {...state.disk, fillDays: 3}},
	])
		t.not(newsOf({...state, ...change}), newsOf(state));
});

test('a page that does not read what it is told is cut off, and holds up nobody', async t => {
	let nowMs = 0;
	const beats: (() => void)[] = [];
	const clock = {monotonicMs: () => nowMs, sleep: () => new Promise<void>(resolve => beats.push(resolve))};
	const limits = {streamBufferBytesMax: 1000, drainMs: 5000, heartbeatMs: 15_000};
	let agent = 0;
	const pulse = createAgentPulse({
		pulse: async () => ({agent: {...agentState, size: agent}, readings: []}),
		clock,
		limits,
		streams: createStreams(new AbortController().signal, {streamsMax: 2, streamsPerCallerMax: 2}),
		logger: silentLogger,
	});
	const caller = {key: 'x', role: undefined, account: undefined, untilMs: undefined};
	const pageOf = () => {
		const page = Object.assign(new EventEmitter(), {
			writableLength: 0,
			destroyed: false,
			written: '',
			write: (text: string | Buffer) => {
				page.written += String(text);
			},
			cork: () => {},
			uncork: () => {},
			end: () => page.emit('close'),
			destroy: () => {
				page.destroyed = true;
				page.emit('close');
			},
		});
		pulse.enter(caller, async () => true)(page as never);
		return page;
	};
	const [reads, deaf] = [pageOf(), pageOf()];
	t.throws(() => pulse.enter(caller, async () => true), {message: /too many open streams/});
	const beat = async (): Promise<void> => {
		while (beats.length === 0) await new Promise(resolve => setImmediate(resolve));
		nowMs += 2000;
		agent += 1;
		beats.shift()!();
		while (beats.length === 0) await new Promise(resolve => setImmediate(resolve));
	};
	await beat();
	t.is(reads.written, deaf.written);
	deaf.writableLength = 1001;
	for (let i = 0; i < 3; i += 1) await beat();
	t.false(deaf.destroyed);
	t.true(reads.written.length > deaf.written.length);
	await beat();
	t.true(deaf.destroyed);
	t.false(reads.destroyed);
	// His place is free again, and what he missed is told at once to whoever comes.
	const next = pageOf();
	await beat();
	t.true(next.written.includes('event: agent'));
});
