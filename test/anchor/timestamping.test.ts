import test, {type ExecutionContext} from 'ava';
import fc from 'fast-check';
import {openTimeAuthority, type TimeAuthority, type TimeAuthorityOptions} from '../../agent/anchor/time-authority.ts';
import {
	createStamper,
	isStamped,
	type Stamper,
	type StamperNeeds,
	type StamperOptions,
	type StampRow,
	toTimestampRecords,
} from '../../agent/anchor/timestamping.ts';
import {toHex, utf8} from '../../agent/base/bytes.ts';
import {systemClock} from '../../agent/base/clock.ts';
import {AgentError} from '../../agent/base/errors.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {silentLogger} from '../../agent/base/logger.ts';
import {randomFrom} from '../../agent/base/random.ts';
import {until} from '../../agent/base/retry.ts';
import {der, derNumber, derTags, fieldsIn, parseDer} from '../../agent/format/der.ts';
import {checkTimestampToken, type TokenCheck} from '../../agent/format/timestamp-token.ts';
import {checkTimestamps} from '../../agent/verify/timestamps.ts';
import {canStamp, type Issued, openTimeWorld, startTimeServer, type TimeServer, type TimeWorld} from '../helpers/time-authority.ts';
import {createTreeInMemory, type TreeInMemory} from '../helpers/tree-in-memory.ts';
import {Crash, live} from './world.ts';

const seq = (...parts: readonly Uint8Array[]): Uint8Array => der(derTags.sequence, ...parts);
const startMs = 1_800_000_000_000;

type World = {
	readonly tree: TreeInMemory;
	/** What the store holds, as texts: nothing survives in it but what JSON keeps. */
	readonly stored: Map<string, string>;
	readonly rows: () => StampRow[];
	readonly clock: StamperNeeds['clock'] & {advance: (ms: number) => void};
	readonly store: StamperNeeds['store'];
	readonly start: (needs?: Partial<StamperNeeds>, options?: Partial<StamperOptions>) => Stamper;
	readonly checkpoint: (size: number) => ReturnType<TreeInMemory['checkpoint']>;
	/** Requests that the fake authority has seen: hexadecimal of the imprint. */
	readonly asked: string[];
};

/** An authority that grants everything: its tokens are the requests, with a number. */
const fakeAuthority = (asked: string[]): TimeAuthority => ({
	host: 'fake.example',
	ask: async request => {
		const fields = fieldsIn(parseDer(request));
		fields.next(derTags.integer, 'version');
		const imprint = fields.next(derTags.sequence, 'imprint');
		asked.push(toHex(imprint.children[1]!.content));
		return seq(seq(derNumber(Uint8Array.of(0))), seq(imprint.bytes, derNumber(Uint8Array.of(asked.length))));
	},
	[Symbol.asyncDispose]: async () => {},
});
const good: TokenCheck = {
	authority: 'clock',
	genTimeMs: startMs,
	accuracyMs: undefined,
	algorithm: 'sha256',
	serial: '01',
	policy: '1.2.3',
	signer: 'CN=Clock',
};

function createWorld(): World {
	const tree = createTreeInMemory('harbour/1');
	const stored = new Map<string, string>();
	const asked: string[] = [];
	let nowMs = startMs;
	let drawn = 0;
	const rows = (): StampRow[] => [...stored.values()].map(text => JSON.parse(text) as StampRow).sort((a, b) => a.size - b.size);
	const keyOf = (row: StampRow): string => `${row.authority} ${row.origin} ${row.size}`;
	const save = async (row: StampRow): Promise<void> => void stored.set(keyOf(row), JSON.stringify(row));
	const clock = {
		nowMs: () => nowMs,
		monotonicMs: () => nowMs,
		sleep: () => Promise.resolve(),
		advance: (ms: number) => {
			nowMs += ms;
		},
	};
	const store: StamperNeeds['store'] = {
		load: async () => rows(),
		save,
		replace: async (old, row) => {
			stored.delete(keyOf(old));
			await save(row);
		},
	};
	const random = randomFrom((target, offset, length) => {
		drawn += 1;
		target.fill(drawn, offset, offset + length);
	});
	return {
		tree,
		stored,
		rows,
		clock,
		store,
		asked,
		checkpoint: size => {
			tree.growTo(size);
			return tree.checkpoint(size);
		},
		start: (needs = {}, options = {}) =>
			createStamper(
				{
					store,
					authority: fakeAuthority(asked),
					checkToken: async () => good,
					hasher: nodeHasher,
					random,
					clock,
					logger: silentLogger,
					...needs,
				},
				{name: 'clock', origin: 'harbour/1', ...options},
			),
	};
}

const both: Partial<StamperOptions> = {algorithms: ['sha256', 'sm3']};
const settle = async (stamper: Stamper, world: World, ticks = 40): Promise<void> => {
	for (let i = 0; i < ticks; i += 1) if (!(await stamper.tick(live))) world.clock.advance(1_000_000);
};

test('a checkpoint is planned, and gets one token for each hash, SHA-256 first', async t => {
	const world = createWorld();
	await using stamper = world.start({}, both);
	t.false(await stamper.tick(live));
	t.true(await stamper.plan(world.checkpoint(3)));
	t.false(await stamper.plan(world.checkpoint(3)), 'it is planned already');
	t.false(await stamper.plan(world.checkpoint(2)));
	t.like(await stamper.status(), {
		name: 'clock',
		host: 'fake.example',
		rows: {planned: 1, stamped: 0},
		plannedSize: 3,
		stampedSize: 0,
		waitingFor: 'size 3 waits for a token of "clock"',
	});
	t.true(await stamper.tick(live));
	t.deepEqual(
		world.rows().map(({state, tokens}) => [state, tokens.map(({algorithm}) => algorithm)]),
		[['planned', ['sha256']]],
	);
	t.true(isStamped(world.rows()[0]!));
	t.true(await stamper.tick(live));
	t.false(await stamper.tick(live));
	t.deepEqual(
		world.rows().map(({state, tokens}) => [state, tokens.map(({algorithm}) => algorithm)]),
		[['stamped', ['sha256', 'sm3']]],
	);
	t.is(new Set(world.asked).size, 2);
	t.is(toTimestampRecords(world.rows()[0]!).length, 2);
	t.like(await stamper.status(), {
		rows: {planned: 0, stamped: 1},
		stampedSize: 3,
		lastGenTimeMs: startMs,
		waitingFor: undefined,
		clockNote: undefined,
	});
	await using again = world.start({}, both);
	t.like(await again.status(), {rows: {planned: 0, stamped: 1}, plannedSize: 3, stampedSize: 3, lastGenTimeMs: startMs});
	t.false(await again.plan(world.checkpoint(3)));
});

test('a newer checkpoint takes the place of one that has no token, and closes one that lacks some', async t => {
	const world = createWorld();
	let answers = false;
	const authority = fakeAuthority(world.asked);
	const ask: TimeAuthority['ask'] = request =>
		answers ? authority.ask(request) : Promise.reject(new AgentError('AUTHORITY_UNREACHABLE', 'it is away'));
	await using stamper = world.start({authority: {...authority, ask}}, both);
	for (const size of [2, 4, 6]) {
		await stamper.plan(world.checkpoint(size));
		await stamper.tick(live);
	}
	t.deepEqual(
		world.rows().map(({size, state}) => [size, state]),
		[[6, 'planned']],
	);
	t.like((await stamper.status()).lastError, {code: 'AUTHORITY_UNREACHABLE', sentence: 'it is away', atMs: startMs});
	answers = true;
	world.clock.advance(1_000_000);
	t.true(await stamper.tick(live));
	answers = false;
	await stamper.tick(live);
	await stamper.plan(world.checkpoint(8));
	answers = true;
	await settle(stamper, world);
	t.deepEqual(
		world.rows().map(({size, state, tokens}) => [size, state, tokens.length]),
		[
			[6, 'stamped', 1],
			[8, 'stamped', 2],
		],
	);
	t.is((await stamper.status()).lastError, undefined);
});

test('a plan does not wait for the authority, and what is being asked for is not taken away', async t => {
	const world = createWorld();
	let answer = (): void => {};
	const held = new Promise<void>(resolve => {
		answer = resolve;
	});
	const authority = fakeAuthority(world.asked);
	const ask: TimeAuthority['ask'] = async request => {
		const reply = await authority.ask(request);
		await held;
		return reply;
	};
	await using stamper = world.start({authority: {...authority, ask}});
	await stamper.plan(world.checkpoint(1));
	const ticking = stamper.tick(live);
	t.is(stamper.tick(live), ticking, 'calls do not overlap');
	await until(async () => (world.asked.length > 0 ? true : undefined), {clock: systemClock, everyMs: 1, timeoutMs: 20_000});
	await stamper.plan(world.checkpoint(2));
	await stamper.plan(world.checkpoint(3));
	t.deepEqual(
		world.rows().map(({size}) => size),
		[1, 3],
	);
	t.like(await stamper.status(), {plannedSize: 3, rows: {planned: 2, stamped: 0}});
	answer();
	t.true(await ticking);
	await settle(stamper, world);
	t.deepEqual(
		world.rows().map(({size, state}) => [size, state]),
		[
			[1, 'stamped'],
			[3, 'stamped'],
		],
	);
});

test('after a failure the authority is left alone for longer and longer, up to the bound', async t => {
	const world = createWorld();
	let asked = 0;
	const ask: TimeAuthority['ask'] = async () => {
		asked += 1;
		throw new AgentError('AUTHORITY_UNREACHABLE', 'it is away');
	};
	await using stamper = world.start({authority: {...fakeAuthority([]), ask}}, {retryFirstMs: 1000, retryMaxMs: 4000});
	await stamper.plan(world.checkpoint(1));
	const seen: number[] = [];
	for (let second = 0; second < 16; second += 1) {
		await stamper.tick(live);
		seen.push(asked);
		world.clock.advance(1000);
	}
	t.deepEqual(seen, [1, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 6]);
	t.is((await stamper.status()).waitingFor, 'size 1 waits for a token of "clock"; it is asked again in 3 s');
	t.false(await stamper.tick(AbortSignal.abort()));
});

test('what the authority answers is told in its words or ours, and the plan stays', async t => {
	const rejected = seq(seq(derNumber(Uint8Array.of(2)), seq(der(derTags.utf8, utf8('no credit')))));
	const claimed = {...good} as never;
	const cases: readonly (readonly [reply: Uint8Array | undefined, check: TokenCheck, sentence: RegExp])[] = [
		[
			rejected,
			good,
			/^"clock" gave no token for size 1 over sha256: the authority answers with rejection, and no token: it says "no credit"$/,
		],
		[utf8('no'), good, /the reply is not one of RFC 3161/],
		[undefined, {problem: 'it stamps another text'}, /the token does not hold: it stamps another text$/],
		[
			undefined,
			{untrusted: 'it is signed by "CN=X"', claimed},
			/the token is not by the authority that is pinned: it is signed by "CN=X"$/,
		],
	];
	for (const [reply, check, sentence] of cases) {
		const world = createWorld();
		const authority = fakeAuthority([]);
		await using stamper = world.start({
			authority: {...authority, ask: async request => reply ?? authority.ask(request)},
			checkToken: async () => check,
		});
		await stamper.plan(world.checkpoint(1));
		t.false(await stamper.tick(live));
		const {lastError} = await stamper.status();
		t.is(lastError?.code, 'AUTHORITY_REFUSED');
		t.regex(lastError!.sentence, sentence);
		t.is(lastError?.hint !== undefined, 'untrusted' in check);
		t.deepEqual(
			world.rows().map(({state, tokens}) => [state, tokens.length]),
			[['planned', 0]],
		);
	}
});

test('a token that cannot be checked here is kept, marked, and does not count', async t => {
	const world = createWorld();
	await using stamper = world.start({checkToken: async () => ({unchecked: 'it is signed with SM2', claimed: good as never})});
	await stamper.plan(world.checkpoint(2));
	t.true(await stamper.tick(live));
	const [row] = world.rows();
	t.is(row!.state, 'stamped');
	t.is(row!.tokens[0]!.unchecked, 'it is signed with SM2');
	t.false(isStamped(row!));
	t.like(await stamper.status(), {
		stampedSize: 0,
		plannedSize: 2,
		waitingFor: 'the newest token of "clock" could not be checked here: it is signed with SM2',
	});
});

test('a clock of the authority that is far from ours is a note, and no error', async t => {
	for (const [offMs, note] of [
		[-3_600_000, 'the clock of "clock" is 3600 s behind ours'],
		[61_000, 'the clock of "clock" is 61 s ahead of ours'],
		[59_000, undefined],
	] as const) {
		const world = createWorld();
		await using stamper = world.start({checkToken: async () => ({...good, genTimeMs: startMs + offMs}) as TokenCheck});
		await stamper.plan(world.checkpoint(1));
		t.true(await stamper.tick(live));
		t.like(await stamper.status(), {clockAheadMs: offMs, clockNote: note, stampedSize: 1, lastError: undefined});
	}
});

test('rows of other authorities and of other epochs are left alone', async t => {
	const world = createWorld();
	await using other = world.start({}, {name: 'other'});
	await other.plan(world.checkpoint(9));
	await using stamper = world.start();
	await stamper.plan(world.checkpoint(3));
	await settle(stamper, world);
	t.deepEqual(
		world.rows().map(({authority, size, state}) => [authority, size, state]),
		[
			['clock', 3, 'stamped'],
			['other', 9, 'planned'],
		],
	);
	await t.throwsAsync(world.start({}, {origin: 'harbour/2'}).plan(world.checkpoint(3)), {code: 'ASSERTION_FAILED'});
});

test('a hash that is no longer asked for is no longer waited for', async t => {
	const world = createWorld();
	await using stamper = world.start({}, both);
	await stamper.plan(world.checkpoint(3));
	await stamper.tick(live);
	await using fewer = world.start();
	await settle(fewer, world);
	t.deepEqual(
		world.rows().map(({state, tokens}) => [state, tokens.length]),
		[['stamped', 1]],
	);
});

/** What can go wrong at one step: it fails and was not done, it fails and was done, or the process ends behind it. */
const faults = ['failed and not done', 'failed but done', 'the end of the process'] as const;

test('a fault at any step costs at most a token: each size has exactly one for each hash, and none is lost', async t => {
	// Steps in order: load, save of the plan, request, save of a token, request, save of a token, and the same with a replacement.
	for (const fault of faults) {
		for (let at = 0; at < 24; at += 1) {
			const world = createWorld();
			let step = 0;
			let isHit = false;
			const hit = async <T>(work: () => Promise<T>): Promise<T> => {
				step += 1;
				if (step - 1 !== at) return work();
				isHit = true;
				if (fault !== 'failed and not done') await work();
				throw fault === 'the end of the process' ? new Crash() : new AgentError('WRITE_REFUSED', 'the disk is full');
			};
			const authority = fakeAuthority(world.asked);
			const needs: Partial<StamperNeeds> = {
				authority: {...authority, ask: request => hit(() => authority.ask(request))},
				store: {
					load: () => hit(world.store.load),
					save: row => hit(() => world.store.save(row)),
					replace: (old, row) => hit(() => world.store.replace(old, row)),
				},
			};
			let stamper = world.start(needs, both);
			const survive = async (work: () => Promise<unknown>): Promise<void> => {
				for (let attempt = 0; attempt < 3; attempt += 1) {
					try {
						await work();
						return;
					} catch (error) {
						if (error instanceof Crash) stamper = world.start(needs, both);
						else if (!(error instanceof AgentError)) throw error;
					}
				}
			};
			for (const size of [2, 3, 5]) {
				await survive(() => stamper.plan(world.checkpoint(size)));
				// The second one finds the first one without a token, and takes its place.
				if (size !== 2)
					for (let i = 0; i < 8; i += 1)
						await survive(async () => ((await stamper.tick(live)) ? undefined : world.clock.advance(1_000_000)));
			}
			const name = `${fault} at step ${at}`;
			t.deepEqual(
				world.rows().map(({size, state, tokens}) => [size, state, tokens.map(({algorithm}) => algorithm).join()]),
				[
					[3, 'stamped', 'sha256,sm3'],
					[5, 'stamped', 'sha256,sm3'],
				],
				name,
			);
			t.true(world.asked.length <= 5, `${name}: ${world.asked.length} tokens were asked for`);
			t.like(await stamper.status(), {plannedSize: 5, stampedSize: 5, rows: {planned: 0}}, name);
			if (!isHit) t.true(at > 6, `${name} is never reached`);
		}
	}
});

test('whatever comes in whichever order, no size has two tokens over one hash, and the newest one is stamped in the end', async t => {
	const move = fc.oneof(
		fc.record({kind: fc.constant('plan' as const), by: fc.integer({min: 0, max: 3})}),
		fc.record({kind: fc.constant('tick' as const), fails: fc.boolean()}),
		fc.constant({kind: 'restart' as const}),
	);
	await fc.assert(
		fc.asyncProperty(fc.array(move, {maxLength: 25}), async moves => {
			const world = createWorld();
			let fails = false;
			const authority = fakeAuthority(world.asked);
			const ask: TimeAuthority['ask'] = request =>
				fails ? Promise.reject(new AgentError('AUTHORITY_UNREACHABLE', 'it is away')) : authority.ask(request);
			const start = (): Stamper => world.start({authority: {...authority, ask}}, both);
			let stamper = start();
			let size = 1;
			let newest = 0;
			for (const one of moves) {
				if (one.kind === 'plan') {
					size += one.by;
					if (await stamper.plan(world.checkpoint(size))) newest = size;
				} else if (one.kind === 'tick') {
					fails = one.fails;
					await stamper.tick(live);
					world.clock.advance(1_000_000);
				} else stamper = start();
				t.true(world.rows().filter(({state}) => state === 'planned').length <= 2);
			}
			fails = false;
			await settle(stamper, world, 8);
			for (const {state, tokens} of world.rows()) {
				t.is(state, 'stamped');
				t.true(tokens.length > 0 && new Set(tokens.map(({algorithm}) => algorithm)).size === tokens.length);
			}
			t.is(world.rows().at(-1)?.size ?? 0, newest);
			t.is((await stamper.status()).stampedSize, newest);
		}),
		{numRuns: 200},
	);
});

/** A server that answers with whatever it is told. */
async function serve(
	t: ExecutionContext,
	options: Partial<TimeAuthorityOptions> = {},
): Promise<{readonly server: TimeServer; readonly authority: TimeAuthority}> {
	const server = await startTimeServer(async query => query);
	t.teardown(server.stop);
	const authority = openTimeAuthority({url: `${server.url}/stamp?key=secret`, ...options});
	t.teardown(() => authority[Symbol.asyncDispose]());
	return {server, authority};
}

test('a request is a POST of the right type, and the reply comes back byte for byte', async t => {
	const {server, authority} = await serve(t);
	t.deepEqual(await authority.ask(Uint8Array.of(1, 2, 3)), Uint8Array.of(1, 2, 3));
	t.is(server.asked[0]!.headers['content-type'], 'application/timestamp-query');
	t.is(server.asked[0]!.headers.authorization, undefined);
	await using named = openTimeAuthority({url: server.url.replace('//', '//me:a%40b@')});
	await named.ask(Uint8Array.of(1));
	t.is(server.asked[1]!.headers.authorization, `Basic ${Buffer.from('me:a@b').toString('base64')}`);
	for (const url of ['', 'ftp://example.com', 'nonsense']) t.throws(() => openTimeAuthority({url}), {code: 'ARGUMENT_INVALID'});
});

const unusable: readonly (readonly [title: string, treatment: ReturnType<TimeServer['treat']>, said: RegExp])[] = [
	['is cut off', 'drop', /does not answer: /],
	['is lost on its way back', 'swallow', /does not answer: /],
	['is longer than 64 KiB', {body: new Uint8Array(65_537)}, /answers with more than 65536 bytes$/],
	[
		'is a page for people',
		{type: 'text/html; charset=utf-8', body: '<html>'},
		/answers with text\/html, not with application\/timestamp-reply$/,
	],
	['has no type', {type: ''}, /answers with .*, not with application\/timestamp-reply$/],
	['is an error', {status: 503, body: 'later'}, /answers with HTTP 503$/],
	['redirects', {status: 307, headers: {location: 'http://127.0.0.1:9/'}}, /redirects \(HTTP 307\), and redirects are not followed$/],
	['redirects elsewhere', {status: 302, headers: {location: '/other'}}, /redirects \(HTTP 302\)/],
];
for (const [title, treatment, said] of unusable) {
	test(`an answer that ${title} is an error that names the host and nothing else of the URL`, async t => {
		const {server, authority} = await serve(t);
		server.treat = () => treatment;
		const error = await t.throwsAsync(authority.ask(Uint8Array.of(1)), {instanceOf: AgentError, code: 'AUTHORITY_UNREACHABLE'});
		t.regex(error!.message, new RegExp(`^the time-stamp authority at ${authority.host} ${said.source}`));
		t.notRegex(error!.message, /secret/);
		t.is(server.asked.length, 1);
	});
}

test('an authority that never answers is given up after the time-out, and at once when it is closed', async t => {
	const {server, authority} = await serve(t, {timeoutMs: 50});
	server.treat = () => 'hang';
	await t.throwsAsync(authority.ask(Uint8Array.of(1)), {
		code: 'AUTHORITY_UNREACHABLE',
		message: /does not answer: no answer within 50 ms$/,
	});
	const patient = openTimeAuthority({url: server.url, timeoutMs: 600_000});
	const world = createWorld();
	const stamper = world.start({authority: patient});
	await stamper.plan(world.checkpoint(1));
	const ticking = stamper.tick(live);
	await until(async () => (server.asked.length > 1 ? true : undefined), {clock: systemClock, everyMs: 2, timeoutMs: 20_000});
	await stamper[Symbol.asyncDispose]();
	t.false(await ticking);
	t.regex((await stamper.status()).lastError!.sentence, /the connection was closed/);
	await t.throwsAsync(patient.ask(Uint8Array.of(1)), {code: 'AUTHORITY_UNREACHABLE', message: /the connection was closed$/});
});

let authorityWorld: TimeWorld;
let clock: Issued;
test.before(async () => {
	if (!canStamp) return;
	authorityWorld = await openTimeWorld();
	clock = await authorityWorld.issue('Clock');
});
test.after.always(async () => {
	await authorityWorld?.close();
});

/** A test that needs openssl. */
const stamped = (title: string, run: (t: ExecutionContext) => Promise<void>): void =>
	test(title, async t => {
		if (canStamp) return run(t);
		t.log('not run: openssl 3 is not installed');
		t.pass();
	});

stamped(
	'a local authority of openssl stamps a checkpoint over both hashes, through a connection that fails, and a verifier and openssl take both',
	async t => {
		const server = await startTimeServer(query => authorityWorld.reply(query, clock));
		t.teardown(server.stop);
		const world = createWorld();
		const authorities = [{name: 'clock', certificate: authorityWorld.ca.certificate}];
		await using stamper = world.start(
			{
				authority: openTimeAuthority({url: server.url}),
				checkToken: (token, {imprint, nonce}) =>
					checkTimestampToken(token, {imprints: {[imprint.algorithm]: imprint.hash}, nonce, authorities}),
			},
			both,
		);
		const treatments = ['drop', 'answer', 'swallow', 'answer'] as const;
		server.treat = (_, place) => treatments[place] ?? 'answer';
		const checkpoint = world.checkpoint(5);
		await stamper.plan(checkpoint);
		await settle(stamper, world, 8);
		const [row] = world.rows();
		t.is(row!.state, 'stamped');
		t.is(server.asked.length, 4);
		const records = toTimestampRecords(row!);
		const {checks, holds} = await checkTimestamps(records, checkpoint, {authorities});
		t.deepEqual(
			checks.map(({result}) => result),
			['pass', 'pass'],
		);
		t.is(holds, 1);
		const text = utf8(`${checkpoint.note.split('\n\n')[0]}\n`);
		for (const {token} of records) t.true(await authorityWorld.verify(token, text));
		t.regex((await stamper.status()).clockNote!, /^the clock of "clock" is \d+ s (?:behind|ahead of) ours$/);
	},
);

stamped('a reply to another request is not taken, whoever signed it', async t => {
	const world = createWorld();
	let first: Uint8Array | undefined;
	const server = await startTimeServer(async query => {
		first ??= query;
		return authorityWorld.reply(first, clock);
	});
	t.teardown(server.stop);
	const authorities = [{name: 'clock', certificate: authorityWorld.ca.certificate}];
	await using stamper = world.start({
		authority: openTimeAuthority({url: server.url}),
		checkToken: (token, {imprint, nonce}) =>
			checkTimestampToken(token, {imprints: {[imprint.algorithm]: imprint.hash}, nonce, authorities}),
	});
	await stamper.plan(world.checkpoint(1));
	t.true(await stamper.tick(live));
	await stamper.plan(world.checkpoint(2));
	t.false(await stamper.tick(live));
	t.regex(
		(await stamper.status()).lastError!.sentence,
		/^"clock" gave no token for size 2 over sha256: the token does not hold: it stamps another text/,
	);
	t.deepEqual(
		world.rows().map(({state}) => state),
		['stamped', 'planned'],
	);
});
