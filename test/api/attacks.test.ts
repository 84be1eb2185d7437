// What somebody hostile tries at the HTTP interface, from outside, with a share link, or with a role that does not go so far.
import {rmSync} from 'node:fs';
import {connect} from 'node:net';
import test from 'ava';
import fc from 'fast-check';
import {networkOf} from '../../agent/api/access.ts';
import {createPasswordGate, waitMsMax} from '../../agent/api/password-gate.ts';
import {shownCurve} from '../../agent/api/share-scope.ts';
import type {CurveView, Window} from '../../agent/api/window.ts';
import {systemClock} from '../../agent/base/clock.ts';
import {createSystemRandom} from '../../agent/base/random.ts';
import {until} from '../../agent/base/retry.ts';
import {sharesMax} from '../../agent/shares.ts';
import {openPeople, removeUser} from '../../agent/users.ts';
import {cookieOf, openWindowWorld, passwords} from './window-world.ts';
import {startMs, tokens} from './world.ts';

const random = createSystemRandom();
const generous = {
	requestsPerSecond: 1e9,
	requestsBurst: 1e9,
	writesPerSecond: 1e9,
	writesBurst: 1e9,
	signInsPerSecond: 1e9,
	signInsBurst: 1e9,
};

/** The whole answer to bytes of one's own. */
function raw(port: number, bytes: string): Promise<string> {
	return new Promise(resolve => {
		const socket = connect(port, '127.0.0.1');
		let text = '';
		socket.on('data', chunk => {
			text += chunk.toString('latin1');
		});
		socket.on('error', () => {});
		socket.on('close', () => resolve(text));
		socket.write(bytes, 'latin1');
	});
}

test('what traders signed, and the secrets of enrolments, have no receipt, whoever asks', async t => {
	const {as, ask, window} = await openWindowWorld(t);
	const entry = window.entry;
	let receipts = 0;
	Object.assign(window, {
		entry: async (index: number, withArrival: boolean) => ({
			...(await entry(index, withArrival))!,
			kind: index === 0 ? 'order' : 'enrolment',
			device: null,
			arrivalState: 'none',
		}),
		receipt: async () => {
			receipts += 1;
			return '{"what":"the trader signed"}\n';
		},
	});
	const everybody = [await as('owner'), await as('operator'), await as('viewer'), (path: string) => ask(path, {token: tokens.auditor})];
	for (const who of everybody)
		for (const index of [0, 1])
			for (const query of ['', '?arrival=show'])
				t.is((await who(`/log/entries/${index}/receipt${query}`)).body.code, 'forbidden', `${index}${query}`);
	t.is(receipts, 0);
	// And before the gate not so much as that there is one.
	Object.assign(window.log, {sealedUntilMs: () => startMs + 60_000});
	for (const who of everybody)
		for (const path of ['', '/path', '/receipt']) {
			const answer = await who(`/log/entries/0${path}`);
			t.is(answer.body.code, 'not-yet');
			t.is(answer.headers.get('retry-after'), '60');
		}
	t.is((await everybody[0]!('/log/entries/1')).status, 200);
});

test('messages are shown to owners and operators alone, by their tokens as well', async t => {
	const {ask} = await openWindowWorld(t);
	for (const [token, isShown] of [
		[tokens.auditor, false],
		[tokens.operator, true],
	] as const) {
		t.is((await ask('/log/entries/0', {token})).body.arrivalState, isShown ? 'shown' : 'withheld');
		t.is((await ask('/log/entries/0/receipt?arrival=show', {token})).status, isShown ? 200 : 403);
		t.is((await ask('/quarantine', {token})).body.items[0].payload, isShown ? 'AA==' : null);
	}
});

test('of a log that is frozen, or behind what is released, nobody is shown a path', async t => {
	const {as, window} = await openWindowWorld(t);
	const owner = await as('owner');
	t.is((await owner('/log/entries/0/path')).status, 200);
	Object.assign(window.log, {checkpoint: () => ({size: 1, note: ''})});
	t.is((await owner('/log/entries/0/path')).status, 200);
	t.is((await owner('/log/entries/1/path')).body.code, 'not-yet');
	Object.assign(window.log, {checkpoint: () => undefined});
	for (const path of ['path', 'receipt']) t.is((await owner(`/log/entries/0/${path}`)).body.code, 'not-yet');
});

test('a share link of a period shows no bucket that reaches beyond it', async t => {
	const {as, ask, window, withCookie} = await openWindowWorld(t);
	const owner = await as('owner');
	const dayMs = 86_400_000;
	// Whoever asks for one point is given four days.
	const column = ['1', '2', '3'];
	const curve: CurveView = {
		level: 'four-days',
		bucketMs: 4 * dayMs,
		behind: 0,
		times: [startMs - 4 * dayMs, startMs, startMs + 4 * dayMs],
		counts: [1, 2, 3],
		first: column,
		last: column,
		min: column,
		max: column,
		marks: {
			late: [
				[0, 7],
				[1, 8],
			],
			missing: [[2, 9]],
		},
	};
	Object.assign(window, {curve: async () => curve} satisfies Partial<Window>);
	const look = async (fromMs: number, toMs: number) => {
		const made = await owner('/shares', {json: {scope: {kind: 'period', fromMs, toMs}, days: 1}});
		const cookie = cookieOf(await ask('/shares/open', {json: {token: made.body.token}}));
		return (await withCookie(cookie)(`/channels/boiler%2Ftemperature/curve?from=${fromMs}&to=${toMs}&points=1`)).body;
	};
	t.like(await look(startMs, startMs + 3_600_000), {times: [], counts: [], first: [], last: [], min: [], max: [], marks: {}});
	t.like(await look(startMs - 1, startMs + 4 * dayMs), {times: [startMs], counts: [2], max: ['2'], marks: {late: [[0, 8]]}});
	t.like((await owner(`/channels/boiler%2Ftemperature/curve?from=${startMs}&to=${startMs + 1}&points=1`)).body, curve);
	fc.assert(
		fc.property(fc.nat(40), fc.nat(40), fc.nat(40), fc.integer({min: 1, max: 9}), (first, fromMs, toMs, bucketMs) => {
			const times = Array.from({length: 5}, (_, i) => (first + i) * bucketMs);
			const shown = shownCurve({share: {scope: {kind: 'period', fromMs, toMs}}} as never, {...curve, bucketMs, times, counts: times});
			const wanted = times.filter(beginMs => beginMs >= fromMs && beginMs + bucketMs <= toMs);
			return JSON.stringify(shown.times) === JSON.stringify(wanted) && JSON.stringify(shown.counts) === JSON.stringify(wanted);
		}),
	);
});

test('who was taken away hears nothing more, though a share link of his still holds', async t => {
	const {url, as, ask, signIn, paths, clock} = await openWindowWorld(t);
	const owner = await as('owner');
	const {token} = (await owner('/shares', {json: {scope: {kind: 'device', id: 'boiler'}, days: 90}})).body;
	const cookie = `${cookieOf(await signIn('viewer', passwords.viewer))}; ${cookieOf(await ask('/shares/open', {json: {token}}))}`;
	const shared = (await ask('/devices/boiler', {headers: {cookie: cookie.split('; ')[1]!}})).body.device;
	t.like(shared, {id: 'boiler', cadenceMs: 60_000, topics: [], credentials: [], binding: null});
	const gone = new AbortController();
	t.teardown(() => gone.abort());
	const response = await fetch(`${url}/v1/agent/events`, {headers: {cookie}, signal: gone.signal});
	t.is(response.status, 200);
	let [text, isOver] = ['', false];
	void (async () => {
		for await (const chunk of response.body!) text += Buffer.from(chunk).toString();
		isOver = true;
	})().catch(() => {});
	const wait = {clock: systemClock, everyMs: 20, timeoutMs: 20_000};
	await until(async () => text.includes('event: agent') || undefined, wait);
	await removeUser(paths, 'viewer');
	clock.pass(1001);
	t.true(await until(async () => isOver || undefined, wait));
	t.regex(text, /session-ended/);
	// With the link he is who the link makes of him.
	t.is((await ask('/devices', {headers: {cookie}})).body.items.length, 1);
	t.is((await ask('/agent', {headers: {cookie}})).body.code, 'forbidden');
});

test('whoever knows a name and no password keeps its owner out of nowhere that he was before', async t => {
	let nowMs = 0;
	const gate = createPasswordGate({monotonicMs: () => nowMs});
	const right = async (): Promise<boolean> => true;
	const wrong = async (): Promise<boolean> => false;
	t.is(await gate.try('owner', '192.0.2.1', right), 'good');
	// From many addresses, without a pause, for a day, as fast as the gate lets them.
	let looked = 0;
	for (let i = 0; i < 24 * 60; i += 1) {
		nowMs += 60_000;
		for (let address = 0; address < 3; address += 1)
			if ((await gate.try('owner', `198.51.100.${(i * 3 + address) % 250}`, wrong)) === 'wrong') looked += 1;
		// Names that look like what is remembered of him.
		await gate.try('owner at 192.0.2.1', `203.0.113.${i % 250}`, wrong);
		await gate.try('familiar 192.0.2.1 owner', `203.0.113.${i % 250}`, wrong);
	}
	t.true(looked <= 24 * 60 + 8, `${looked}`);
	t.like(await gate.try('owner', '192.0.2.2', right), {waitMs: waitMsMax});
	t.is(await gate.try('owner', '192.0.2.1', right), 'good');
	t.is(await gate.try('owner', '127.0.0.1', right), 'good');
	t.is(await gate.try('owner', '::1', right), 'good');
	// There, too, wrong ones are slowed down, and do not slow down the others.
	for (let i = 0; i < 4; i += 1) await gate.try('owner', '192.0.2.1', wrong);
	t.like(await gate.try('owner', '192.0.2.1', right), {waitMs: 1000});
	t.is(await gate.try('owner', '127.0.0.1', right), 'good');
});

test('a page whose name was turned into our address does not use up the tries of whoever sits at the machine', async t => {
	const {server, signIn} = await openWindowWorld(t, {server: {limits: generous}});
	const body = JSON.stringify({name: 'owner', password: 'a guess of a page'});
	const guess = (): Promise<string> =>
		raw(
			server.port,
			`POST /v1/session HTTP/1.1\r\nhost: turned.example:${server.port}\r\norigin: http://turned.example:${server.port}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
		);
	let answer = '';
	for (let i = 0; i < 16 && !answer.startsWith('HTTP/1.1 429'); i += 1) answer = await guess();
	t.regex(answer, /^HTTP\/1.1 429 /);
	t.is((await signIn('owner', passwords.owner)).status, 201);
});

test('a crowd of strangers does not stand in front of whoever was there before', async t => {
	const gate = createPasswordGate(systemClock);
	t.is(await gate.try('owner', '192.0.2.1', async () => true), 'good');
	const release: (() => void)[] = [];
	const order: string[] = [];
	const check = (name: string) => async (): Promise<boolean> => {
		order.push(name);
		await new Promise<void>(resolve => release.push(resolve));
		return name === 'owner';
	};
	const strangers = Array.from({length: 30}, (_, i) => gate.try(`name ${i}`, `address ${i}`, check(`name ${i}`)));
	const his = gate.try('owner', '192.0.2.1', check('owner'));
	for (let i = 0; i < 10; i += 1) {
		while (release.length === 0) await new Promise(resolve => setImmediate(resolve));
		release.shift()!();
	}
	t.is(await his, 'good');
	t.is((await Promise.all(strangers)).filter(one => one === 'busy').length, 21);
	t.deepEqual(order.slice(0, 3), ['name 0', 'owner', 'name 1']);
});

test('behind a proxy an address is what the proxy says, and not what somebody says to the proxy', async t => {
	const {ask} = await openWindowWorld(t, {server: {trustProxy: true, limits: generous}});
	const code = async (spoken: string, name: string): Promise<string> =>
		(await ask('/session', {json: {name, password: 'wrong'}, headers: {'x-forwarded-for': spoken}})).body.code;
	// The fifth waits a second, and each one after it twice as long: a slow machine sees that a little later.
	const codes: string[] = [];
	while (!codes.includes('rate-limited') && codes.length < 16)
		codes.push(await code(`198.51.100.${codes.length}, 203.0.113.7`, `name ${codes.length}`));
	t.is(codes.at(-1), 'rate-limited', codes.join());
	t.is(await code('203.0.113.7, 203.0.113.8', 'somebody'), 'wrong-password');
	t.is(networkOf('2001:db8:1:2:3:4:5:6'), networkOf('2001:db8:1:2::9'));
	t.true(networkOf('x'.repeat(10_000)).length <= 64);
});

test('tokens are not guessed faster than anything else is asked, at the socket as well', async t => {
	const {ask, server} = await openWindowWorld(t, {server: {limits: {requestsPerSecond: 0.001, requestsBurst: 5}}});
	const codes: string[] = [];
	for (let i = 0; i < 7; i += 1) codes.push((await ask('/agent', {token: `guess-${i}`})).body.code);
	t.deepEqual(new Set(codes.slice(0, 5)), new Set(['unauthorised']));
	t.deepEqual(new Set(codes.slice(5)), new Set(['rate-limited']));
	const upgrade =
		'GET /v1/stream HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n';
	t.regex(await raw(server.port, `${upgrade}authorization: Bearer guess-of-a-token\r\n\r\n`), /^HTTP\/1.1 429 /);
	// Who has a token is not kept out by whoever guesses at the same place.
	t.is((await ask('/agent', {token: tokens.auditor})).status, 200);
});

test('whoever has a share link cannot have the agent work for him alone', async t => {
	const {as, ask, withCookie} = await openWindowWorld(t, {server: {limits: {requestsPerSecond: 0.001, requestsBurst: 100}}});
	const made = await (await as('owner'))('/shares', {json: {scope: {kind: 'device', id: 'boiler'}, days: 1}});
	const look = withCookie(cookieOf(await ask('/shares/open', {json: {token: made.body.token}})));
	const curve = `/channels/boiler%2Ftemperature/curve?from=${startMs}&to=${startMs + 1}`;
	// As many points as twenty requests.
	const codes: string[] = [];
	for (let i = 0; i < 6; i += 1) codes.push((await look(curve)).body.code ?? 'good');
	t.deepEqual(codes, ['good', 'good', 'good', 'good', 'good', 'rate-limited']);
	t.is((await ask('/agent', {token: tokens.auditor})).status, 200);
	const other = await as('viewer');
	for (let i = 0; i < 2; i += 1) t.is((await other(`/channels/boiler%2Ftemperature/readings?from=0&to=1&limit=2000`)).status, 200);
	t.is((await other(`/channels/boiler%2Ftemperature/readings?from=0&to=1&limit=2000`)).body.code, 'rate-limited');
	t.is((await other('/channels/boiler%2Ftemperature/readings?from=0&to=1&limit=1')).status, 200);
});

test('a file of users that is gone lets nobody in', async t => {
	const {paths, clock} = await openWindowWorld(t);
	const people = await openPeople(paths, {random, clock});
	rmSync(paths.users);
	clock.pass(1001);
	t.is(await people.user('owner'), undefined);
	t.false(await people.check('owner', passwords.owner));
});

test('share links that ended make room for new ones, and too many open ones are refused with a reason', async t => {
	const {as, people} = await openWindowWorld(t, {server: {limits: generous}});
	const owner = await as('owner');
	const wish = {scope: {kind: 'device', id: 'boiler'}, label: '', by: 'owner', expiresAtMs: startMs + 86_400_000} as const;
	for (let i = 0; i < sharesMax; i += 1) await people.shares.create(wish);
	const share = {json: {scope: {kind: 'device', id: 'boiler'}, days: 1}};
	const full = await owner('/shares', share);
	t.is(full.body.code, 'too-many');
	t.regex(full.body.detail, /as many open share links as there may be: revoke one/);
	const [first, second] = people.shares.list();
	await owner(`/shares/${second!.id}`, {method: 'DELETE'});
	t.is((await owner('/shares', share)).status, 201);
	t.is(people.shares.list().length, sharesMax);
	t.truthy(people.shares.byId(first!.id));
	t.is(people.shares.byId(second!.id), undefined);
});

test('metrics are not for a page in a browser of this machine', async t => {
	const {root} = await openWindowWorld(t, {server: {origins: ['*']}});
	t.is((await root('/metrics')).status, 200);
	t.is((await root('/metrics', {origin: 'https://elsewhere.example'})).status, 401);
});

test('odd requests are answered once each, in their order, with something of ours', async t => {
	const {server, logged} = await openWindowWorld(t);
	const {port} = server;
	const head = 'host: x\r\n';
	const refused: Readonly<Record<string, RegExp>> = {
		[`TRACE /v1/time HTTP/1.1\r\n${head}cookie: secret=1\r\nconnection: close\r\n\r\n`]: /^HTTP\/1.1 40[045] /,
		[`OPTIONS /v1/session HTTP/1.1\r\n${head}connection: close\r\n\r\n`]: /^HTTP\/1.1 40[45] /,
		[`CONNECT elsewhere:443 HTTP/1.1\r\n${head}connection: close\r\n\r\n`]: /^(?:HTTP\/1.1 400 |$)/,
		[`GET /%00 HTTP/1.1\r\n${head}connection: close\r\n\r\n`]: /^HTTP\/1.1 40[04] /,
		[`GET /\\..\\users.json HTTP/1.1\r\n${head}connection: close\r\n\r\n`]: /^HTTP\/1.1 40[04] /,
		[`GET /%252e%252e%252fusers.json HTTP/1.1\r\n${head}connection: close\r\n\r\n`]: /^HTTP\/1.1 40[04] /,
		[`GET /tile/0/000%00 HTTP/1.1\r\n${head}connection: close\r\n\r\n`]: /^HTTP\/1.1 40[04] /,
		[`GET /${'a'.repeat(20_000)} HTTP/1.1\r\n${head}\r\n`]: /^HTTP\/1.1 431 /,
		[`POST /v1/session HTTP/1.1\r\n${head}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`]: /^HTTP\/1.1 400 /,
		[`POST /v1/session HTTP/1.1\r\n${head}content-length: 4\r\ncontent-length: 5\r\n\r\n{}{}}`]: /^HTTP\/1.1 400 /,
		'GET /v1/time HTTP/1.1\r\n\r\n': /^HTTP\/1.1 400 /,
	};
	for (const [bytes, answer] of Object.entries(refused)) {
		const text = await raw(port, bytes);
		t.regex(text, answer, bytes.slice(0, 60));
		t.notRegex(text, /secret=1|node_modules|at \w+ \(/);
	}
	const many = await raw(
		port,
		`${`GET /healthz HTTP/1.1\r\n${head}\r\n`.repeat(500)}GET /v1/nowhere HTTP/1.1\r\n${head}connection: close\r\n\r\n`,
	);
	t.is(many.match(/HTTP\/1\.1 200 /g)!.length, 500);
	t.regex(many.slice(many.lastIndexOf('HTTP/1.1')), /^HTTP\/1.1 404 /);
	t.deepEqual(
		logged.filter(line => line.startsWith('error')),
		[],
	);
});
