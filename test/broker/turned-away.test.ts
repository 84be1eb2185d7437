// Who is turned away is remembered, bounded, and said seldom; over real sockets with the name that it claimed.
import {readFileSync} from 'node:fs';
import test from 'ava';
import {createTurnedAwayWatch} from '../../broker/turned-away.ts';
import {repositoryPath} from '../helpers/published-data.ts';
import {connectPacket, publishPacket} from './wire.ts';
import {openWorld} from './world.ts';

function watchOf() {
	let nowMs = 1000;
	const lines: string[] = [];
	const watch = createTurnedAwayWatch({
		clock: {nowMs: () => nowMs, monotonicMs: () => nowMs, sleep: async () => {}},
		logger: {log: (level, event, fields) => void lines.push(`${level} ${event} ${JSON.stringify(fields)}`)},
	});
	return {
		watch,
		lines,
		pass: (durationMs: number) => {
			nowMs += durationMs;
		},
	};
}

test('the newest sixteen are remembered, and one that tries again and again is one of them', t => {
	const {watch, pass} = watchOf();
	for (let i = 0; i < 100; i += 1) watch.saw('credentials', {address: '10.0.0.1', clientId: `m-${i}`, user: `u-${i}`}, 'warn');
	pass(500);
	for (let i = 0; i < 100; i += 1) watch.saw('identifier', {address: '10.0.0.2', clientId: 'm'}, 'warn');
	const newest = watch.newest();
	t.is(newest.length, 16);
	t.deepEqual(newest[0], {atMs: 1500, address: '10.0.0.2', clientId: 'm', user: undefined, reason: 'identifier', times: 100});
	t.deepEqual(newest[1], {atMs: 1000, address: '10.0.0.1', clientId: 'm-99', user: 'u-99', reason: 'credentials', times: 1});
	t.is(newest.at(-1)!.clientId, 'm-85');
});

test('what somebody calls itself is cut and cleaned', t => {
	const {watch, lines} = watchOf();
	watch.saw('bad-text', {address: '::1', clientId: `\u001b[2J\u202e${'x'.repeat(1000)}`, user: '\ud800\n'}, 'info');
	const [one] = watch.newest();
	t.is(one!.clientId, `\ufffd[2J\ufffd${'x'.repeat(59)}`);
	t.is(one!.user, '\ufffd\ufffd');
	t.regex(lines[0]!, /^info turned away \{"reason":"bad-text","count":1,"address":"::1"/);
	t.false(lines[0]!.includes('\\u001b'));
});

test('a reason is said once a minute with its count', t => {
	const {watch, lines, pass} = watchOf();
	for (let i = 0; i < 5; i += 1) watch.saw('credentials', {address: 'a', user: `u-${i}`}, 'warn');
	watch.saw('handshakes-failed', {address: 'a'}, 'warn');
	pass(59_999);
	watch.saw('credentials', {address: 'b'}, 'warn');
	t.is(lines.length, 2);
	pass(1);
	watch.saw('credentials', {address: 'c', user: 'last'}, 'warn');
	t.deepEqual(lines.slice(2), ['warn turned away {"reason":"credentials","count":6,"address":"c","user":"last"}']);
});

test('a wrong password, a name that is another device and a packet that is not taken are told with what was claimed', async t => {
	const world = await openWorld(t);
	const stranger = await world.raw();
	stranger.send(connectPacket({clientId: 'm-9', username: 'm-9', password: 'guess'}));
	await stranger.rest();
	const other = await world.raw();
	other.send(connectPacket({clientId: 'm-2', username: 'm-1', password: 'secret'}));
	await other.rest();
	const twice = await world.join('m-1');
	twice.send(publishPacket('meters/m-1/energy', '1', {id: 1, qos: 2}));
	await twice.rest();
	const told = world.broker
		.stats()
		.newestTurnedAway.map(({reason, clientId, user, address, times}) => [reason, clientId, user, address, times]);
	t.deepEqual(
		told.map(([reason, clientId]) => [reason, clientId]),
		[
			['qos-2', 'm-1'],
			['identifier', 'm-2'],
			['credentials', 'm-9'],
		],
	);
	t.is(told[2]![2], 'm-9');
	t.regex(String(told[0]![3]), /127\.0\.0\.1$/);
});

test('OPERATING.md says of every reason for turning somebody away when it is so, and of no other', async t => {
	const {broker} = await openWorld(t);
	const {connectsRefused, closed} = broker.stats();
	const page = readFileSync(repositoryPath('OPERATING.md'), 'utf8');
	const table = page.slice(page.indexOf('| turned away as | when |')).split('\n\n')[0]!;
	const named = table
		.split('\n')
		.slice(2)
		.flatMap(row => [...row.split('|')[1]!.matchAll(/`([a-z0-9-]+)`/g)].map(([, reason]) => reason!));
	const all = [...Object.keys(connectsRefused), ...Object.keys(closed), 'too-many-connections', 'handshakes-failed', 'wills-refused'];
	t.deepEqual(named.sort(), all.sort());
});
