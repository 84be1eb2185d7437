// The bounded memory of a channel, against a list that forgets nothing.
import test from 'ava';
import fc from 'fast-check';
import {type Judgement, keysRemembered, RepeatMemory, sessionsRemembered} from '../../agent/ingest/repeats.ts';

/** What somebody who forgets nothing says. */
type Truth = Exclude<Judgement, 'unknown'>;

type Known = {readonly session: string | undefined; readonly key: number; readonly value: bigint};

/** A channel: its whole history, and the memory that must agree with it, asked as ingest.ts asks. */
function createChannel() {
	const history: Known[] = [];
	let memory = new RepeatMemory({session: undefined, keyTop: undefined, isWhole: true});
	let lookUps = 0;
	const inSession = (session: string | undefined): Known[] => history.filter(known => known.session === session);
	const truth = (session: string | undefined, key: number, value: bigint): Truth => {
		const same = inSession(session).filter(known => known.key === key);
		return same.length === 0 ? 'new' : same.some(known => known.value === value) ? 'repeat' : 'conflict';
	};
	const topOf = (session: string | undefined): number | undefined =>
		inSession(session).reduce<number | undefined>((top, {key}) => (top === undefined || key > top ? key : top), undefined);
	return {
		history,
		lookUps: () => lookUps,
		memory: () => memory,
		/** What memory alone says, what is true, and what comes of both. */
		take: (session: string | undefined, key: number, value: bigint): {readonly said: Judgement; readonly wanted: Truth} => {
			const wanted = truth(session, key, value);
			const said = memory.judge(session, key, value);
			if (said === 'unknown') {
				lookUps += 1;
				memory.trim();
			}
			if (wanted !== 'repeat') {
				const top = memory.knowsTop(session) ? undefined : topOf(session);
				history.push({session, key, value});
				memory.remember(session, key, value, top);
			}
			return {said, wanted};
		},
		restart: (): void => {
			const newest = history.at(-1);
			// The log keeps the top with the newest entry.
			const keyTop = newest && memory.top(newest.session);
			memory = new RepeatMemory({session: newest?.session, keyTop, isWhole: newest === undefined});
		},
		topOf,
	};
}

type Step =
	| {readonly kind: 'take'; readonly session: number; readonly key: number; readonly value: number}
	| {readonly kind: 'run'; readonly session: number; readonly count: number}
	| {readonly kind: 'again'; readonly back: number; readonly value: number}
	| {readonly kind: 'restart'};

const step = (sessions: number): fc.Arbitrary<Step> => {
	const session = fc.nat(sessions - 1);
	return fc.oneof(
		{weight: 6, arbitrary: fc.record({kind: fc.constant('take' as const), session, key: fc.nat(40), value: fc.nat(2)})},
		{weight: 2, arbitrary: fc.record({kind: fc.constant('run' as const), session, count: fc.integer({min: 1, max: 300})})},
		{weight: 5, arbitrary: fc.record({kind: fc.constant('again' as const), back: fc.nat(600), value: fc.nat(1)})},
		{weight: 1, arbitrary: fc.constant({kind: 'restart' as const})},
	);
};

for (const [name, sessions] of [
	['one session', 1],
	['two sessions that come back', 2],
	['more sessions than are remembered', 2 * sessionsRemembered],
] as const) {
	test(`memory never contradicts the whole history: ${name}`, t => {
		fc.assert(
			fc.property(fc.array(step(sessions), {maxLength: 60}), steps => {
				const channel = createChannel();
				const nameOf = (session: number): string | undefined => (session === 0 ? undefined : `boot-${session}`);
				const take = (session: string | undefined, key: number, value: bigint): void => {
					const {said, wanted} = channel.take(session, key, value);
					if (said !== 'unknown') t.is(said, wanted, `${session} ${key} ${value}`);
				};
				for (const one of steps) {
					if (one.kind === 'restart') channel.restart();
					else if (one.kind === 'take') take(nameOf(one.session), one.key, BigInt(one.value));
					else if (one.kind === 'run') {
						const from = (channel.topOf(nameOf(one.session)) ?? 0) + 1;
						for (let i = 0; i < one.count; i += 1) take(nameOf(one.session), from + i, 0n);
					} else if (channel.history.length > 0) {
						const known = channel.history.at(-1 - (one.back % channel.history.length))!;
						take(known.session, known.key, known.value + BigInt(one.value));
					}
					// What the next start is told must never be too small.
					const newest = channel.history.at(-1);
					if (newest !== undefined) t.is(channel.memory().top(newest.session), channel.topOf(newest.session));
				}
			}),
			{numRuns: 300},
		);
	});
}

test('keys in order need no look into the log, however many, not even after a restart', t => {
	const channel = createChannel();
	for (let key = 0; key < 1000; key += 1) t.is(channel.take('a', key, 1n).said, 'new');
	channel.restart();
	for (let key = 1000; key < 2000; key += 1) t.is(channel.take('a', key, 1n).said, 'new');
	t.is(channel.lookUps(), 0);
});

test('repeats, conflicts and gaps among the newest keys need no look into the log', t => {
	const channel = createChannel();
	for (let key = 0; key < 2000; key += 2) channel.take('a', key, 1n);
	for (let key = 1600; key < 2000; key += 2) {
		t.is(channel.take('a', key, 1n).said, 'repeat');
		if (key % 100 === 0) t.is(channel.take('a', key, 2n).said, 'conflict');
		if (key % 100 === 0) t.is(channel.take('a', key + 1, 1n).said, 'new');
	}
	t.is(channel.lookUps(), 0);
});

test('a key older than what is remembered is unknown, and one that fell out on its own is as well', t => {
	const channel = createChannel();
	for (let key = 0; key < keysRemembered; key += 1) channel.take('a', key, 1n);
	t.is(channel.take('a', 0, 1n).said, 'repeat');
	channel.take('a', keysRemembered, 1n);
	t.is(channel.take('a', 0, 1n).said, 'unknown');
	t.is(channel.take('a', 1, 1n).said, 'repeat');
	t.is(channel.take('a', -5, 1n).said, 'unknown');
});

test('a channel that was never heard knows everything', t => {
	const memory = new RepeatMemory({session: undefined, keyTop: undefined, isWhole: true});
	t.is(memory.judge('a', 5, 1n), 'new');
	t.true(memory.knowsTop('a'));
	memory.remember('a', 5, 1n, undefined);
	t.is(memory.judge('a', 3, 1n), 'new');
	t.is(memory.judge('b', 5, 1n), 'new');
	t.is(memory.judge(undefined, 5, 1n), 'new');
	t.is(memory.judge('a', 5, 1n), 'repeat');
	t.is(memory.judge('a', 5, 2n), 'conflict');
});

test('after a restart only larger keys of the newest session are new without looking', t => {
	const memory = new RepeatMemory({session: 'a', keyTop: 10, isWhole: false});
	t.is(memory.judge('a', 11, 1n), 'new');
	t.is(memory.judge('a', 10, 1n), 'unknown');
	t.is(memory.judge('b', 11, 1n), 'unknown');
	t.is(memory.judge(undefined, 11, 1n), 'unknown');
	t.true(memory.knowsTop('a'));
	t.false(memory.knowsTop('b'));
	memory.remember('b', 7, 1n, 20);
	t.is(memory.judge('b', 21, 1n), 'new');
	t.is(memory.judge('b', 20, 1n), 'unknown');
	t.is(memory.judge('b', 7, 1n), 'repeat');
	t.is(memory.top('b'), 20);
});

test('where the newest entry had no key, every key is unknown after a restart', t => {
	const memory = new RepeatMemory({session: undefined, keyTop: undefined, isWhole: false});
	t.is(memory.judge(undefined, 1e12, 1n), 'unknown');
	t.false(memory.knowsTop(undefined));
});

test('a second delivery under a packet id repeats the values of the newest arrival under it, and no others', t => {
	const memory = new RepeatMemory({session: undefined, keyTop: undefined, isWhole: true});
	t.is(memory.judgePacket('packet:c', 7, 1n), 'new');
	for (const value of [1n, 2n, 1n]) memory.rememberPacket('packet:c', 7, value, 1);
	for (const value of [1n, 2n]) t.is(memory.judgePacket('packet:c', 7, value), 'repeat');
	t.is(memory.judgePacket('packet:c', 7, 3n), 'new');
	t.is(memory.judgePacket('packet:c', 8, 1n), 'new');
	t.is(memory.judgePacket('packet:d', 7, 1n), 'new');
	memory.rememberPacket('packet:c', 8, 5n, 2);
	memory.rememberPacket('packet:c', 7, 3n, 3);
	t.is(memory.judgePacket('packet:c', 7, 1n), 'new');
	t.is(memory.judgePacket('packet:c', 7, 3n), 'repeat');
	for (let i = 0; i < keysRemembered; i += 1) memory.rememberPacket('packet:c', 100 + i, 0n, 10 + i);
	t.is(memory.judgePacket('packet:c', 7, 3n), 'unknown');
	t.is(memory.judgePacket('packet:c', 355, 0n), 'repeat');
});

test('packet ids and other keys in one channel do not disturb each other', t => {
	const memory = new RepeatMemory({session: undefined, keyTop: undefined, isWhole: true});
	memory.remember(undefined, 1000, 1n, undefined);
	memory.rememberPacket('packet:c', 65_535, 2n, 1);
	t.is(memory.top(undefined), 1000);
	t.is(memory.top('packet:c'), undefined);
	t.is(memory.judge(undefined, 1001, 1n), 'new');
	t.is(memory.judge(undefined, 1000, 1n), 'repeat');
});
