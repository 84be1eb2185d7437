// What an owner reads of devices and of those that do not get in: when each was heard, by what it is known, and who was turned away.
import {join} from 'node:path';
import test from 'ava';
import {systemClock} from '../../agent/base/clock.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {silentLogger} from '../../agent/base/logger.ts';
import {createSystemRandom} from '../../agent/base/random.ts';
import type {ListedDevice} from '../../agent/device-desk.ts';
import {deviceKeyThumbprint, parseDeviceKey} from '../../agent/format/device-key.ts';
import {openAgent} from '../../agent/main.ts';
import {initSite, openSite} from '../../agent/site.ts';
import {connectPacket, publishPacket, RawClient} from '../broker/wire.ts';
import {connackOk, puback} from '../broker/world.ts';
import {changeConfig, kedge, testFolder} from '../helpers/site.ts';

test('kedge device list says when a device was heard and by which key and certificate it is known, kedge status who was turned away', async t => {
	const directory = testFolder(t);
	const random = createSystemRandom();
	const made = await initSite({directory, logName: 'harbour', random, tlsNames: ['kedge.lan'], nowMs: systemClock.nowMs()});
	const site = await changeConfig(await openSite(join(directory, 'kedge.yaml')), text =>
		text.replace('port: 8883', 'port: 0').replace('port: 8787', 'port: 0'),
	);
	const agent = await openAgent({site, logger: silentLogger});
	t.teardown(() => agent[Symbol.asyncDispose]());
	const ask = async (...words: string[]): Promise<string> => {
		const ran = await kedge(t, [...words, '--config', site.configPath]);
		t.true(ran.code === 0 || words[0] === 'status', ran.err);
		return ran.out;
	};
	const key = `ed25519:${Buffer.from(Array.from({length: 32}, (_, i) => i)).toString('base64')}`;
	await ask('device', 'add', 'probe-1', '--mapping', 'example-meter', '--certificate', '--days', '90');
	await ask('device', 'add', 'probe-2', '--mapping', 'example-meter', '--key', key);
	const open = async (): Promise<RawClient> => {
		const client = await RawClient.openTls(agent.port!, {rejectUnauthorized: false});
		t.teardown(() => client.socket.destroy());
		return client;
	};
	const meter = await open();
	meter.send(connectPacket({clientId: 'meter-1', username: 'meter-1', password: made.devicePassword}));
	t.is(await meter.next(), connackOk);
	const at = new Date(Math.floor(systemClock.nowMs() / 1000) * 1000).toISOString();
	meter.send(publishPacket('meters/meter-1', JSON.stringify({at, energy_kwh: 1}), {id: 1}), publishPacket('meters/meter-1', '{', {id: 2}));
	t.deepEqual([await meter.next(), await meter.next()], [puback(1), puback(2)]);
	for (let i = 0; i < 2; i += 1) {
		const stranger = await open();
		stranger.send(connectPacket({clientId: 'meter-7', username: 'meter-1', password: 'guess\u0007'}));
		t.deepEqual(await stranger.rest(), ['20020005']);
	}

	const listed = (await ask('device', 'list', '--json'))
		.trim()
		.split('\n')
		.map(line => JSON.parse(line) as ListedDevice);
	const [one, two] = ['probe-1', 'probe-2'].map(id => listed.find(device => device.id === id)!);
	const thumbprint = deviceKeyThumbprint(
		nodeHasher,
		parseDeviceKey(two!.key!) as Exclude<ReturnType<typeof parseDeviceKey>, {problem: string}>,
	);
	const rowOf = (text: string, id: string): string => text.split('\n').find(line => line.startsWith(id))!;
	const before = await ask('device', 'list');
	t.regex(rowOf(before, 'DEVICE'), / CALIBRATION +LAST HEARD +TOPICS$/);
	t.regex(rowOf(before, 'meter-1'), / \d+ s ago, 1 refused +meters\/meter-1$/);
	t.regex(
		rowOf(before, 'probe-1'),
		new RegExp(`certificate ${one!.certificateSha256!.slice(0, 16)} until \\d{4}-\\d\\d-\\d\\d .* never since the start +meters/probe-1$`),
	);
	t.regex(rowOf(before, 'probe-2'), new RegExp(`signs, ed25519 ${thumbprint.slice(0, 16)} `));
	await ask('device', 'revoke', 'probe-1');
	const after = rowOf(await ask('device', 'list'), 'probe-1');
	t.regex(after, /REVOKED +certificate [0-9a-f]{16} /);
	t.notRegex(after, /until/);

	const status = await ask('status');
	t.regex(
		status,
		/^turned away +2 credentials \(since the start\)\n +\d+ s ago, credentials, from \S*127\.0\.0\.1, client "meter-7", user "meter-1", 2 times$/m,
	);
	t.regex(status, /^! 1 message was refused as payload-malformed lately; the newest, on meters\/meter-1 of meter-1: /m);
});
