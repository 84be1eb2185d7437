// Who signs in, how wrong passwords are slowed down, and that a browser's cookie works for our own pages alone.

import {readFileSync, statSync, writeFileSync} from 'node:fs';
import {connect} from 'node:net';
import test from 'ava';
import {createPasswordGate, waitMsMax} from '../../agent/api/password-gate.ts';
import {assertSameOrigin} from '../../agent/api/same-origin.ts';
import {cookiesOf} from '../../agent/api/session-table.ts';
import {systemClock} from '../../agent/base/clock.ts';
import {createSystemRandom} from '../../agent/base/random.ts';
import {addUser, makeFirstOwner, openPeople, passwordProblem, readUsers, removeUser, setPassword} from '../../agent/users.ts';
import {cookieOf, openWindowWorld, passwords} from './window-world.ts';
import {startMs, tokens} from './world.ts';

const random = createSystemRandom();

test('who signs in gets a cookie that no script and no other site sees, and is who he is until he signs out', async t => {
	const {signIn, withCookie, ask} = await openWindowWorld(t);
	const answer = await signIn('owner', passwords.owner);
	t.is(answer.status, 201);
	t.like(answer.body, {user: 'owner', role: 'owner'});
	const cookie = answer.headers.getSetCookie()[0]!;
	for (const flag of ['HttpOnly', 'SameSite=Strict', 'Path=/']) t.true(cookie.includes(flag), flag);
	t.false(cookie.includes('Secure'));
	t.regex(cookie, /^kedge-session=[A-Za-z0-9_-]{43};/);
	const his = withCookie(cookieOf(answer));
	t.like((await his('/session')).body, {user: 'owner', role: 'owner'});
	t.is((await his('/agent')).status, 200);
	t.is((await ask('/agent')).body.code, 'unauthorised');
	const over = await his('/session', {method: 'DELETE'});
	t.deepEqual(over.body, {ended: true});
	t.true(over.headers.getSetCookie().every(one => one.includes('Max-Age=0')));
	t.is((await his('/session')).body.code, 'unauthorised');
});

test('behind a proxy that speaks TLS the cookie is for TLS alone', async t => {
	const {ask} = await openWindowWorld(t, {server: {trustProxy: true}});
	const answer = await ask('/session', {json: {name: 'owner', password: passwords.owner}, headers: {'x-forwarded-proto': 'https'}});
	t.regex(answer.headers.getSetCookie()[0]!, /; Secure$/);
});

test('each role does what it may, and no more', async t => {
	const {as, ask} = await openWindowWorld(t);
	const [owner, operator, viewer] = [await as('owner'), await as('operator'), await as('viewer')];
	const share = {json: {scope: {kind: 'device', id: 'boiler'}, days: 1}};
	for (const who of [operator, viewer]) {
		t.is((await who('/shares', share)).body.code, 'forbidden');
		t.is((await who('/shares')).body.code, 'forbidden');
		t.is((await who('/users')).body.code, 'forbidden');
	}
	t.is((await owner('/shares', share)).status, 201);
	t.deepEqual(
		(await owner('/users')).body.items.map(({name, role}: {name: string; role: string}) => [name, role]),
		[
			['owner', 'owner'],
			['operator', 'operator'],
			['viewer', 'viewer'],
		],
	);
	t.is((await viewer('/evidence')).body.code, 'forbidden');
	t.is((await operator('/evidence')).status, 200);
	for (const path of ['/agent', '/devices', '/channels', '/log/entries/0', '/log/notes', '/quarantine', '/shipments', '/emissions'])
		for (const who of [owner, operator, viewer]) t.is((await who(path)).status, 200, path);
	t.is((await viewer('/log/entries/0')).body.arrivalState, 'withheld');
	t.is((await operator('/log/entries/0')).body.arrivalState, 'shown');
	t.is((await viewer('/quarantine')).body.items[0].payload, null);
	t.is((await operator('/quarantine')).body.items[0].payload, 'AA==');
	t.is((await viewer('/log/entries/0/receipt?arrival=show')).body.code, 'forbidden');
	// Tokens of the config look; they neither change anything nor make shares.
	t.is((await ask('/agent', {token: tokens.auditor})).status, 200);
	for (const token of [tokens.anna, tokens.mdc, tokens.reader]) t.is((await ask('/agent', {token})).body.code, 'forbidden');
	t.is((await ask('/shares', {...share, token: tokens.operator})).body.code, 'forbidden');
});

test('a hundred wrong passwords cost bounded work, and the right one is let in after the wait', async t => {
	const {signIn, clock} = await openWindowWorld(t, {server: {limits: {signInsPerSecond: 1e6, signInsBurst: 1e6}}});
	const codes: string[] = [];
	for (let i = 0; i < 100; i += 1) codes.push((await signIn('owner', `wrong password ${i}`)).body.code);
	t.deepEqual(new Set(codes), new Set(['wrong-password', 'rate-limited']));
	// Four are looked at, and a few more if this machine is slow: what came in a wait was not.
	const looked = codes.filter(code => code === 'wrong-password').length;
	t.true(looked >= 4 && looked <= 12, `${looked}`);
	const refused = await signIn('owner', passwords.owner);
	t.is(refused.body.code, 'rate-limited');
	const waitS = Number(refused.headers.get('retry-after'));
	t.true(waitS >= 1 && waitS <= waitMsMax / 1000);
	clock.pass(waitS * 1000);
	t.is((await signIn('owner', passwords.owner)).status, 201);
	// The slate is clean.
	t.is((await signIn('owner', 'wrong once more')).body.code, 'wrong-password');
	t.is((await signIn('owner', passwords.owner)).status, 201);
});

test('sign-ins of one address are counted before any password is', async t => {
	const {signIn} = await openWindowWorld(t, {server: {limits: {signInsPerSecond: 0.001, signInsBurst: 2}}});
	await signIn('a', 'b');
	await signIn('c', 'd');
	t.is((await signIn('e', 'f')).body.code, 'rate-limited');
});

test('waits double up to a minute, by name and by address, and are forgotten after an hour', async t => {
	let nowMs = 0;
	const gate = createPasswordGate({monotonicMs: () => nowMs});
	const wrong = (name: string, address: string) => gate.try(name, address, async () => false);
	const waits: number[] = [];
	for (let i = 0; i < 14; i += 1) {
		let tried = await wrong('owner', `address ${i}`);
		if (typeof tried === 'object') {
			waits.push(tried.waitMs);
			nowMs += tried.waitMs;
			tried = await wrong('owner', `address ${i}`);
		}
		t.is(tried, 'wrong');
	}
	t.deepEqual(waits, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000, 60_000]);
	// The name waits wherever it is tried from, the address whatever name it tries.
	t.is(typeof (await gate.try('owner', 'elsewhere', async () => true)), 'object');
	for (let i = 0; i < 4; i += 1) await wrong(`name ${i}`, 'one address');
	t.is(typeof (await gate.try('somebody', 'one address', async () => true)), 'object');
	t.is(await gate.try('somebody', 'another address', async () => true), 'good');
	nowMs += 3_600_001;
	t.is(await gate.try('owner', 'elsewhere', async () => true), 'good');
});

test('many passwords at once are checked one at a time, and too many are turned away', async t => {
	const gate = createPasswordGate(systemClock);
	let [running, most] = [0, 0];
	const release: (() => void)[] = [];
	const check = async (): Promise<boolean> => {
		running += 1;
		most = Math.max(most, running);
		await new Promise<void>(resolve => release.push(resolve));
		running -= 1;
		return false;
	};
	const all = Array.from({length: 30}, (_, i) => gate.try(`name ${i}`, `address ${i}`, check));
	const busy = await Promise.race(all.slice(-1));
	t.is(busy, 'busy');
	for (let i = 0; i < 9; i += 1) {
		while (release.length === 0) await new Promise(resolve => setImmediate(resolve));
		release.shift()!();
	}
	const answers = await Promise.all(all);
	t.is(answers.filter(one => one === 'wrong').length, 9);
	t.is(answers.filter(one => one === 'busy').length, 21);
	t.is(most, 1);
});

// Alone: what else is hashed meanwhile would be measured with it.
test.serial('a name that nobody has takes as long as a wrong password', async t => {
	const {people} = await openWindowWorld(t);
	const leastOf = async (name: string, before: number): Promise<number> => {
		const beganMs = systemClock.monotonicMs();
		t.false(await people.check(name, 'not the password'));
		return Math.min(before, systemClock.monotonicMs() - beganMs);
	};
	let [known, unknown] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
	// Both do the same scrypt; without it a stranger's name would take microseconds, however often it is tried. What else the machine does only makes single ones longer.
	const isAlike = (): boolean => unknown > known / 3 && known > unknown / 3;
	for (let i = 0; i < 5 || (i < 100 && !isAlike()); i += 1) {
		known = await leastOf('owner', known);
		unknown = await leastOf('nobody-at-all', unknown);
	}
	t.log(`${known.toFixed(1)} and ${unknown.toFixed(1)} ms`);
	t.true(isAlike());
});

test('pages of another origin can neither sign in nor change anything with our cookie', async t => {
	const {as, signIn, url, withCookie} = await openWindowWorld(t);
	const owner = await as('owner');
	const share = {json: {scope: {kind: 'device', id: 'boiler'}, days: 1}};
	for (const headers of [
		{origin: 'https://elsewhere.example'},
		{origin: 'null'},
		{origin: `${url}.elsewhere.example`},
		{origin: url, 'sec-fetch-site': 'cross-site'},
		{origin: url, 'sec-fetch-site': 'same-site'},
	] as Record<string, string>[]) {
		t.is((await owner('/shares', {...share, headers})).body.code, 'foreign-origin', JSON.stringify(headers));
		t.is((await signIn('owner', passwords.owner, headers)).body.code, 'foreign-origin');
	}
	t.is((await owner('/shares', {...share, headers: {'sec-fetch-site': 'same-origin'}})).status, 201);
	// Without any sign of a page there is no cookie of a browser: that is a tool, which signs in and then says where it comes from.
	t.throws(() => assertSameOrigin({host: 'a'}, false));
	t.notThrows(() => assertSameOrigin({host: 'a'}, true));
	t.notThrows(() => assertSameOrigin({host: 'a:443', origin: 'https://a'}, false));
	const bad = withCookie(`kedge-session=${'A'.repeat(43)}`);
	t.is((await bad('/agent')).body.code, 'unauthorised');
	t.is((await bad('/time')).status, 200);
});

test('a session ends when it is idle, when it is old, and when its owner is taken away or gets another password', async t => {
	const {as, clock, paths} = await openWindowWorld(t);
	const [idle, old, gone, changed] = [await as('owner'), await as('owner'), await as('viewer'), await as('operator')];
	clock.pass(11 * 3_600_000);
	t.is((await old('/session')).status, 200);
	clock.pass(2 * 3_600_000);
	t.is((await idle('/session')).body.code, 'unauthorised');
	t.is((await old('/session')).status, 200);
	for (let i = 0; i < 15; i += 1) {
		clock.pass(11 * 3_600_000);
		await old('/session');
	}
	t.is((await old('/session')).body.code, 'unauthorised');
	t.is((await gone('/session')).body.code, 'unauthorised');
	const [again, other] = [await as('viewer'), await as('operator')];
	t.is((await changed('/session')).body.code, 'unauthorised');
	await removeUser(paths, 'viewer');
	await setPassword(paths, 'operator', undefined, random);
	clock.pass(1001);
	t.is((await again('/session')).body.code, 'unauthorised');
	t.is((await other('/session')).body.code, 'unauthorised');
});

test('users are kept for their owner alone, without a password, and a file that was damaged lets nobody in', async t => {
	const {paths, people, clock} = await openWindowWorld(t);
	t.is(statSync(paths.users).mode & 0o777, 0o600);
	const text = readFileSync(paths.users, 'utf8');
	for (const password of Object.values(passwords)) t.false(text.includes(password));
	t.is(await makeFirstOwner(paths, {random, clock}), undefined);
	await t.throwsAsync(addUser(paths, {name: 'owner', role: 'viewer', password: undefined}, {random, clock}), {code: 'ARGUMENT_INVALID'});
	await t.throwsAsync(addUser(paths, {name: 'a/../b', role: 'viewer', password: undefined}, {random, clock}), {code: 'ARGUMENT_INVALID'});
	await t.throwsAsync(addUser(paths, {name: 'short', role: 'viewer', password: '12345678901'}, {random, clock}), {
		code: 'ARGUMENT_INVALID',
	});
	t.is(passwordProblem('x'.repeat(257)), 'is longer than 256 bytes');
	// Twelve bytes, and four characters.
	t.is(passwordProblem('四个汉字'), 'is shorter than 12 characters');
	t.is(passwordProblem('十二个汉字就可以当作密码'), undefined);
	const fresh = {users: `${paths.users}.fresh`};
	const made = await makeFirstOwner(fresh, {random, clock});
	t.regex(made!, /^[a-z2-9]{26}$/);
	t.like((await readUsers(fresh))[0], {name: 'owner', role: 'owner'});
	writeFileSync(paths.users, '{"format":"kedge users 1","users":[{"name":"owner"}]}');
	await t.throwsAsync(readUsers(paths), {code: 'FORMAT_INVALID'});
	clock.pass(1001);
	t.false(await people.check('owner', passwords.owner));
});

test('a viewer sees what was outside the limits of shipments, and hears where there are no allowances', async t => {
	const viewer = await (await openWindowWorld(t)).as('viewer');
	const path = `/channels/boiler%2Ftemperature/excursions?from=${startMs}&to=${startMs + 1}`;
	t.deepEqual((await viewer(path)).body, {
		spans: [
			{shipment: 's1', assignment: 'a1', sort: 'temperature', fromMs: startMs, toMs: startMs + 1, low: -25_000, high: null, excursions: []},
		],
		isCut: false,
	});
	t.is((await viewer(`/channels/boiler%2Ftemperature/excursions?from=5&to=5`)).body.code, 'malformed');
	t.is((await viewer('/channels/nobody%2Ftemperature/excursions?from=0&to=5')).body.code, 'not-found');
	t.is((await viewer('/emissions/bakery/allowances')).body.code, 'not-found');
});

test('a share shows what was shared, and nothing else', async t => {
	const {as, ask, withCookie} = await openWindowWorld(t);
	const owner = await as('owner');
	const open = async (scope: object) => {
		const made = await owner('/shares', {json: {scope, days: 7, label: 'the insurer'}});
		t.is(made.status, 201);
		t.is(made.body.link, `/share#${made.body.token}`);
		const opened = await ask('/shares/open', {json: {token: made.body.token}});
		t.is(opened.status, 201);
		t.regex(opened.headers.getSetCookie()[0]!, /^kedge-share=.*Max-Age=604800/);
		return {id: made.body.share.id as string, token: made.body.token as string, look: withCookie(cookieOf(opened))};
	};
	const curve = (device: string, fromMs: number, toMs: number) => `/channels/${device}%2Ftemperature/curve?from=${fromMs}&to=${toMs}`;

	const device = (await open({kind: 'device', id: 'boiler', fromMs: startMs, toMs: startMs + 3_600_000})).look;
	t.like((await device('/session')).body, {user: null, role: null, share: {label: 'the insurer'}});
	t.deepEqual(
		(await device('/devices')).body.items.map(({id}: {id: string}) => id),
		['boiler'],
	);
	t.is((await device('/channels')).body.items.length, 1);
	t.is((await device('/devices/truck')).body.code, 'forbidden');
	const clamped = await device(curve('boiler', startMs - 1e6, startMs + 1e9));
	t.is(clamped.body.times[0], startMs);
	t.is((await device(curve('boiler', startMs + 3_600_000, startMs + 3_700_000))).body.code, 'forbidden');
	t.is((await device(curve('truck', startMs, startMs + 1))).body.code, 'forbidden');
	t.is((await device('/log/entries/0')).body.arrivalState, 'withheld');
	t.is((await device('/log/entries/0/receipt')).status, 200);
	for (const path of [
		'/log/entries/1',
		'/log/entries/1/path',
		'/log/entries/2',
		'/shipments/shipment-1',
		'/agent',
		'/quarantine',
		'/log/notes',
		'/emissions',
		'/emissions/bakery/allowances',
		`/channels/boiler%2Ftemperature/excursions?from=${startMs}&to=${startMs + 1}`,
		'/users',
		'/shares',
		'/agent/events',
	])
		t.is((await device(path)).body.code, 'forbidden', path);
	t.is((await device('/shares', {json: {scope: {kind: 'device', id: 'truck'}, days: 1}})).body.code, 'forbidden');

	const shipment = (await open({kind: 'shipment', id: 'shipment-1'})).look;
	t.deepEqual((await shipment('/shipments')).body.items, ['shipment-1']);
	t.is((await shipment('/shipments/shipment-1')).body.answer.id, 'shipment-1');
	t.is((await shipment('/shipments/shipment-2')).body.code, 'forbidden');
	t.deepEqual((await shipment('/devices')).body.items, []);
	t.is((await shipment('/log/entries/0')).body.code, 'forbidden');
	t.is((await shipment(curve('boiler', startMs, startMs + 1))).body.code, 'forbidden');

	const period = await open({kind: 'period', fromMs: startMs, toMs: startMs + 60_000});
	t.is((await period.look('/devices')).body.items.length, 2);
	t.is((await period.look('/log/entries/0')).status, 200);
	t.is((await period.look('/log/entries/1')).body.code, 'forbidden');

	// Revoked, it ends at once for whoever is in, and says so to whoever comes.
	t.is((await owner(`/shares/${period.id}`, {method: 'DELETE'})).body.state, 'revoked');
	t.is((await period.look('/devices')).body.code, 'unauthorised');
	const reused = await ask('/shares/open', {json: {token: period.token}});
	t.is(reused.body.code, 'share-ended');
	t.regex(reused.body.detail, /was revoked on 2026-11-29/);
	t.is((await owner(`/shares/${'0'.repeat(16)}`, {method: 'DELETE'})).body.code, 'unknown-share');
});

test('a share ends with its time, is kept over a restart, and its token is kept nowhere', async t => {
	const world = await openWindowWorld(t);
	const {as, ask, clock, paths, withCookie} = world;
	const owner = await as('owner');
	const {token} = (await owner('/shares', {json: {scope: {kind: 'device', id: 'boiler'}, days: 1}})).body;
	t.false(readFileSync(paths.shares, 'utf8').includes(token));
	t.is(statSync(paths.shares).mode & 0o777, 0o600);
	t.is((await openPeople(paths, {random, clock})).shares.byToken(token)?.scope.id, 'boiler');
	// Whoever edits the file makes no link that never ends, or that shows what no link can.
	const {format, shares} = JSON.parse(readFileSync(paths.shares, 'utf8'));
	for (const change of [
		{expiresAtMs: undefined},
		{expiresAtMs: '2099'},
		{scope: {kind: 'all'}},
		{scope: {kind: 'device'}},
		{sha256: ''},
		{id: 'x'},
	]) {
		const edited = {users: paths.users, shares: `${paths.shares}.edited`};
		writeFileSync(edited.shares, JSON.stringify({format, shares: [{...shares[0], ...change}]}));
		await t.throwsAsync(openPeople(edited, {random, clock}), {code: 'FORMAT_INVALID'}, JSON.stringify(change));
	}
	const look = withCookie(cookieOf(await ask('/shares/open', {json: {token}})));
	t.is((await look('/devices')).status, 200);
	clock.set(startMs + 86_400_000);
	t.is((await look('/devices')).body.code, 'unauthorised');
	t.regex((await ask('/shares/open', {json: {token}})).body.detail, /expired on 2026-11-30/);
	for (const scope of [
		{kind: 'device'},
		{kind: 'period'},
		{kind: 'period', fromMs: 2, toMs: 1},
		{kind: 'shipment', id: 'a', fromMs: 1},
		{kind: 'site', id: 'a'},
		{kind: 'device', id: '../x'},
	])
		t.is((await owner('/shares', {json: {scope, days: 1}})).body.code, 'malformed', JSON.stringify(scope));
	for (const days of [0, 91, 1.5]) t.is((await owner('/shares', {json: {scope: {kind: 'device', id: 'a'}, days}})).body.code, 'malformed');
});

test('bodies that are too large, slow clients and odd paths get an answer of ours and nothing else', async t => {
	const {ask, root, server, as} = await openWindowWorld(t, {server: {limits: {headersTimeoutMs: 300, requestTimeoutMs: 600}}});
	const large = await ask('/session', {json: {name: 'owner', password: 'x'.repeat(2_000_000)}});
	t.is(large.body.code, 'too-large');
	t.is((await ask('/session', {json: {name: 'owner', password: 'x'.repeat(257)}})).body.code, 'malformed');
	t.is((await ask('/session', {json: {name: 'owner', password: 'x', extra: 1}})).body.code, 'malformed');
	const slow = connect(server.port, '127.0.0.1');
	slow.write('POST /v1/session HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"na');
	const chunks: Buffer[] = [];
	for await (const chunk of slow) chunks.push(chunk as Buffer);
	t.regex(Buffer.concat(chunks).toString(), /^HTTP\/1.1 408 /);
	const viewer = await as('viewer');
	for (const path of [
		'/../users.json',
		'/..%2f..%2fusers.json',
		'/%2e%2e/%2e%2e/etc/passwd',
		'/app-0123ABCD.js/../../users.json',
		'/..;/users.json',
		'//etc/passwd',
		'/tile/0/../../users.json',
		'/tile/entries/..%2f000',
	]) {
		const answer = await new Promise<string>(resolve => {
			const socket = connect(server.port, '127.0.0.1');
			let text = '';
			socket.on('data', chunk => {
				text += chunk;
			});
			socket.on('close', () => resolve(text));
			socket.end(`GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
		});
		t.regex(answer, /^HTTP\/1.1 40[014] /, path);
		t.false(answer.includes('passwordHash') || answer.includes('root:'), path);
	}
	for (const name of ['..%2Fboiler', '%3Cscript%3E', 'boiler%2F..%2Ftemperature'])
		t.is((await viewer(`/channels/${name}/curve?from=0&to=1`)).body.code, 'malformed', name);
	t.is((await root('/nowhere')).status, 404);
});

test('cookies are read as browsers write them', t => {
	t.deepEqual(
		[...cookiesOf('a=1; kedge-session=x=y;b')],
		[
			['a', '1'],
			['kedge-session', 'x=y'],
		],
	);
	t.is(cookiesOf(undefined).size, 0);
	t.true(cookiesOf('x=1;'.repeat(10_000)).size <= 64);
});

test('an owner adds, changes and removes people, each from the next request on', async t => {
	const {as, ask, signIn, withCookie, paths} = await openWindowWorld(t);
	const owner = await as('owner');
	const made = await owner('/users', {json: {name: 'anna', role: 'viewer'}});
	t.is(made.status, 201);
	t.like(made.body, {user: {name: 'anna', role: 'viewer'}});
	const {password} = made.body as {password: string};
	t.false(readFileSync(paths.users, 'utf8').includes(password));
	const anna = withCookie(cookieOf(await signIn('anna', password)));
	t.is((await anna('/evidence')).body.code, 'forbidden');
	t.like((await owner('/users/anna/role', {json: {role: 'operator'}})).body, {name: 'anna', role: 'operator'});
	t.is((await anna('/evidence')).status, 200);
	const renewed = await owner('/users/anna/password', {method: 'POST'});
	t.is(renewed.status, 201);
	t.not(renewed.body.password, password);
	t.is((await anna('/session')).body.code, 'unauthorised');
	const again = withCookie(cookieOf(await signIn('anna', renewed.body.password)));
	t.is((await owner('/users/anna', {method: 'DELETE'})).status, 200);
	t.is((await again('/session')).body.code, 'unauthorised');
	t.deepEqual(
		(await readUsers(paths)).map(({name}) => name),
		['owner', 'operator', 'viewer'],
	);
	for (const [path, init] of [
		['/users/anna', {method: 'DELETE'}],
		['/users/anna/role', {json: {role: 'owner'}}],
		['/users/anna/password', {method: 'POST'}],
	] as const)
		t.is((await owner(path, init)).body.code, 'unknown-user', path);
	// Neither names that are none nor roles that are none, nor anybody else.
	for (const json of [
		{name: '<b>', role: 'viewer'},
		{name: 'a b', role: 'viewer'},
		{name: 'x'.repeat(65), role: 'viewer'},
		{name: 'x', role: 'god'},
	])
		t.is((await owner('/users', {json})).body.code, 'malformed', json.name);
	for (const who of [await as('operator'), await as('viewer'), ask as unknown as typeof owner])
		for (const [path, init] of [
			['/users', {json: {name: 'mallory', role: 'owner'}}],
			['/users/viewer/role', {json: {role: 'owner'}}],
			['/users/viewer/password', {method: 'POST'}],
			['/users/viewer', {method: 'DELETE'}],
		] as const)
			t.true([401, 403].includes((await who(path, init)).status), path);
	t.is((await owner('/users/viewer', {method: 'DELETE', headers: {origin: 'https://elsewhere.example'}})).body.code, 'foreign-origin');
});

test('one owner stays, and an open browser is not enough to take an account from its owner', async t => {
	const {as, paths} = await openWindowWorld(t);
	const owner = await as('owner');
	t.is((await owner('/users/owner', {method: 'DELETE'})).body.code, 'last-owner');
	t.is((await owner('/users/owner/role', {json: {role: 'operator'}})).body.code, 'last-owner');
	t.is((await owner('/users/owner/password', {method: 'POST'})).body.code, 'forbidden');
	t.is((await owner('/users/viewer/role', {json: {role: 'owner'}})).status, 200);
	// Two who demote each other at once: one of them stays.
	const viewer = await as('viewer');
	const both = await Promise.all([
		owner('/users/viewer/role', {json: {role: 'viewer'}}),
		viewer('/users/owner/role', {json: {role: 'viewer'}}),
	]);
	t.deepEqual(both.map(({status}) => status).sort(), [200, 409]);
	t.is((await readUsers(paths)).filter(({role}) => role === 'owner').length, 1);
});

test('one changes his own password with the one of now, stays signed in here and nowhere else', async t => {
	const {as, ask, signIn, withCookie, clock} = await openWindowWorld(t);
	const [here, elsewhere] = [await as('viewer'), await as('viewer')];
	const to = 'another long password';
	t.is((await here('/session/password', {json: {current: 'a guess of somebody', password: to}})).body.code, 'wrong-password');
	t.is((await here('/session/password', {json: {current: passwords.viewer, password: 'short'}})).body.code, 'weak-password');
	const changed = await here('/session/password', {json: {current: passwords.viewer, password: to}});
	t.is(changed.status, 200);
	t.like((await withCookie(cookieOf(changed))('/session')).body, {user: 'viewer', role: 'viewer'});
	for (const old of [here, elsewhere]) t.is((await old('/session')).body.code, 'unauthorised');
	t.is((await signIn('viewer', passwords.viewer)).body.code, 'wrong-password');
	t.is((await signIn('viewer', to)).status, 201);
	t.is((await ask('/session/password', {json: {current: to, password: to}, token: tokens.operator})).body.code, 'forbidden');
	// Guesses wait here as they do at the door.
	const owner = await as('owner');
	const codes: string[] = [];
	for (let i = 0; i < 6; i += 1) codes.push((await owner('/session/password', {json: {current: `guess ${i}`, password: to}})).body.code);
	t.is(codes.at(-1), 'rate-limited');
	clock.pass(60_000);
	t.is((await owner('/session/password', {json: {current: passwords.owner, password: to}})).status, 200);
});

test('a link says when it was last used, and its file remembers to the hour', async t => {
	const {as, ask, withCookie, clock, paths} = await openWindowWorld(t);
	const owner = await as('owner');
	const {share, token} = (await owner('/shares', {json: {scope: {kind: 'device', id: 'boiler'}, days: 1}})).body;
	t.is(share.used, null);
	const guest = withCookie(cookieOf(await ask('/shares/open', {json: {token}})));
	const used = async (): Promise<number> => Date.parse((await owner('/shares')).body.items[0].used);
	t.is((await guest('/devices/boiler')).status, 200);
	t.is(await used(), clock.nowMs());
	const firstMs = clock.nowMs();
	clock.set(firstMs + 60_000);
	await guest('/devices/boiler');
	t.is(await used(), firstMs + 60_000);
	const kept = (): number => (JSON.parse(readFileSync(paths.shares, 'utf8')) as {shares: {usedAtMs: number}[]}).shares[0]!.usedAtMs;
	t.is(kept(), firstMs);
	clock.set(firstMs + 3_600_000);
	await guest('/devices/boiler');
	await owner('/shares', {json: {scope: {kind: 'device', id: 'truck'}, days: 1}});
	t.is(kept(), firstMs + 3_600_000);
});
