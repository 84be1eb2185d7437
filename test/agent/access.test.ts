// Who comes in by the config, certificates that are watched, and what the owner is warned of.
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {connect as connectTls, type TLSSocket} from 'node:tls';
import test, {type ExecutionContext} from 'ava';
import {certificateAlarms, openAccess, openDoorWarnings} from '../../agent/access.ts';
import {askAgent} from '../../agent/api/status-server.ts';
import {systemClock} from '../../agent/base/clock.ts';
import type {AgentError} from '../../agent/base/errors.ts';
import {silentLogger} from '../../agent/base/logger.ts';
import {createSystemRandom} from '../../agent/base/random.ts';
import {certificatesFor, issueClient, issueServer, makeCa} from '../../agent/certificates.ts';
import {parseConfig} from '../../agent/config.ts';
import {openAgent, openDevices} from '../../agent/main.ts';
import {initSite, openSite, type Site, sitePaths} from '../../agent/site.ts';
import {connectPacket, pingPacket, publishPacket, RawClient} from '../broker/wire.ts';
import {connackOk, pingresp, puback} from '../broker/world.ts';
import {changeConfig, testFolder} from '../helpers/site.ts';

const random = createSystemRandom();
const dayMs = 86_400_000;
const nowMs = Date.UTC(2026, 5, 1, 12);

test('a certificate is an alarm from 30 days before its end on, and while it is not valid yet', t => {
	const life = (name: string, days: number, since = -100) => ({name, notBeforeMs: nowMs + since * dayMs, notAfterMs: nowMs + days * dayMs});
	t.deepEqual(certificateAlarms([life('a', 31), life('b', 365)], nowMs), []);
	t.deepEqual(
		certificateAlarms([life('a', 31), life('b', 30), life('c', 1.5), life('d', 0.5), life('e', 0), life('f', -3), life('g', 99, 2)], nowMs),
		[
			'F ran out on 2026-05-29: it is trusted no more.',
			'E ran out on 2026-06-01: it is trusted no more.',
			'D runs out within a day, on 2026-06-02.',
			'C runs out in 1 day, on 2026-06-03.',
			'B runs out in 30 days, on 2026-07-01.',
			'G is valid from 2026-06-03 only; is the clock of this machine right?',
		],
	);
	const many = certificateAlarms(
		Array.from({length: 50}, (_, i) => life(`device ${i}`, 10)),
		nowMs,
	);
	t.is(many.length, 21);
	t.is(many.at(-1), '30 more certificates run out within 30 days.');
});

const section = (lines: string, devices = '[]'): string =>
	`log: {name: a}\nbroker:\n${lines}\nmappings: {m: {topic: x, format: json, readings: [{pointer: /a, quantity: door}]}}\ndevices: ${devices}\n`;
const problemOf = (text: string): string => {
	try {
		parseConfig(text, 'kedge.yaml');
	} catch (error) {
		return (error as AgentError).message;
	}
	return 'no problem';
};

for (const [name, text, said] of [
	['loopback', section('  host: 127.0.0.1'), /^no problem$/],
	['IPv6 loopback', section('  host: "::1"'), /^no problem$/],
	[
		'all networks',
		section('  host: 0.0.0.0'),
		/kedge\.yaml:3: broker\.host: 0\.0\.0\.0 is more than this machine, and port 1883 is not encrypted/,
	],
	['a name that only begins like loopback', section('  host: 127.0.0.1.example.com'), /is more than this machine/],
	['all networks in plain words', section('  host: 0.0.0.0\n  plaintext: true'), /^no problem$/],
	['all networks with TLS', section('  host: 0.0.0.0\n  tls: {certificate: a, key: b}'), /^no problem$/],
	[
		'all networks with TLS and a port beside it',
		section('  host: 0.0.0.0\n  port: 1883\n  tls: {certificate: a, key: b}'),
		/without "port" beside it/,
	],
	['anonymous by half a word', section('  anonymous: true'), /broker\.anonymous: must be one of I-know-that-anybody-can-publish, not true/],
	[
		'an anonymous device alone',
		section('  port: 0', '[{id: d, mappings: [m], anonymous: true}]'),
		/devices\[0\]\.anonymous: needs "anonymous: I-know-that-anybody-can-publish" in the section "broker"/,
	],
	[
		'an anonymous device',
		section('  anonymous: I-know-that-anybody-can-publish', '[{id: d, mappings: [m], anonymous: true}]'),
		/^no problem$/,
	],
	[
		'a certificate without a CA',
		section('  tls: {certificate: a, key: b}', `[{id: d, mappings: [m], certificateSha256: ${'a'.repeat(64)}}]`),
		/needs broker\.tls\.clientCa/,
	],
	[
		'one certificate for two',
		section(
			'  tls: {certificate: a, key: b, clientCa: c}',
			`[{id: d, mappings: [m], certificateSha256: ${'a'.repeat(64)}}, {id: e, mappings: [m], certificateSha256: ${'a'.repeat(64)}}]`,
		),
		/devices\[1\]\.certificateSha256: is that of "d" as well/,
	],
	[
		'a fingerprint with colons',
		section('  tls: {certificate: a, key: b, clientCa: c}', '[{id: d, mappings: [m], certificateSha256: "AA:BB"}]'),
		/is not the SHA-256 of a certificate/,
	],
	[
		'a CA for a broker without TLS',
		'log: {name: a}\nclient: {url: "mqtt://h", clientId: c, caFile: x}\n',
		/client\.caFile: needs a URL with TLS/,
	],
	['a certificate without its key', 'log: {name: a}\nclient: {url: "mqtts://h", clientId: c, certificateFile: x}\n', /are given together/],
] as const)
	test(`the config is ${String(said) === String(/^no problem$/) ? 'right' : 'wrong'} with ${name}`, t => {
		t.regex(problemOf(text), said);
	});

test('with TLS the port that is not encrypted is there only if it is asked for', t => {
	t.is(parseConfig(section('  host: 127.0.0.1'), 'k').config.broker!.port, 1883);
	t.is(parseConfig(section('  tls: {certificate: a, key: b}'), 'k').config.broker!.port, undefined);
	t.is(parseConfig(section('  port: 5\n  tls: {certificate: a, key: b}'), 'k').config.broker!.port, 5);
});

test('doors that stand open are told as long as they do', t => {
	const broker = parseConfig(section('  host: 0.0.0.0\n  plaintext: true\n  anonymous: I-know-that-anybody-can-publish'), 'k').config
		.broker;
	const [first, second] = openDoorWarnings({broker}, [{anonymous: true}, {anonymous: false}, {anonymous: true, isRevoked: true}]);
	t.regex(first!, /without encryption on port 1883/);
	t.regex(second!, /ANYBODY CAN PUBLISH for 1 device:/);
	t.deepEqual(openDoorWarnings({broker: parseConfig(section('  port: 1'), 'k').config.broker}, []), []);
});

async function accessOf(t: ExecutionContext, now: () => number) {
	const folder = mkdtempSync(join(tmpdir(), 'kedge-access-'));
	t.teardown(() => rmSync(folder, {recursive: true, force: true}));
	const files = await certificatesFor({logName: 'a', names: ['localhost'], random, nowMs});
	for (const {name, text} of files) writeFileSync(join(folder, name), text);
	const parsed = parseConfig(section('  tls: {certificate: server.pem, key: server-key.pem, clientCa: ca.pem}'), 'kedge.yaml');
	const site: Site = {...parsed, paths: sitePaths(folder), configPath: join(folder, 'kedge.yaml')};
	let monotonicMs = 0;
	const logged: string[] = [];
	const access = await openAccess({
		site,
		devices: await openDevices(site),
		deviceCertificates: () => [{name: 'the certificate of device "d"', notBeforeMs: 0, notAfterMs: nowMs + 20 * dayMs}],
		clock: {...systemClock, nowMs: now, monotonicMs: () => monotonicMs},
		logger: {...silentLogger, log: (_level, message, fields) => void logged.push(`${message} ${JSON.stringify(fields ?? {})}`)},
	});
	const used: string[] = [];
	let problem: Error | undefined;
	const door = {
		useCertificate: ({certificate}: {readonly certificate: string}) => {
			if (problem !== undefined) throw problem;
			used.push(certificate);
		},
		closeExpired: () => {},
	};
	return {
		access,
		folder,
		files,
		used,
		logged,
		setProblem: (next: Error | undefined) => {
			problem = next;
		},
		look: async (): Promise<void> => {
			monotonicMs += 60_000;
			await access.look(door);
		},
		lookAtOnce: () => access.look(door),
	};
}

test('alarms are logged once a day and told all the time', async t => {
	let now = nowMs;
	const {access, look, logged} = await accessOf(t, () => now);
	await look();
	await look();
	t.is(logged.length, 1);
	t.regex(logged[0]!, /The certificate of device \\"d\\" runs out in 20 days/);
	now += dayMs;
	await look();
	t.is(logged.length, 2);
	t.regex(logged[1]!, /in 19 days/);
	t.deepEqual(access.warnings(), ['The certificate of device "d" runs out in 19 days, on 2026-06-21.']);
	now = nowMs + 380 * dayMs;
	t.regex(access.warnings().join('\n'), /The broker's certificate \(server\.pem\) runs out in 17 days/);
});

test('new files are taken up at the next look, half of them are not, and each problem is told once', async t => {
	const world = await accessOf(t, () => nowMs);
	const {folder, files, used, logged, look, lookAtOnce} = world;
	await look();
	t.deepEqual(used, []);
	const renewed = await issueServer({certificate: files[0]!.text, key: files[1]!.text}, ['localhost'], {random, nowMs, days: 60});
	writeFileSync(join(folder, 'server.pem'), renewed.certificate);
	world.setProblem(new Error('the key is another one'));
	logged.length = 0;
	await look();
	await look();
	t.is(logged.length, 1);
	t.regex(world.access.warnings().join('\n'), /New certificate files cannot be used, the old ones stay: the key is another one/);
	writeFileSync(join(folder, 'server-key.pem'), renewed.key);
	world.setProblem(undefined);
	await lookAtOnce();
	t.deepEqual(used, [], 'not before a minute has passed');
	await look();
	t.deepEqual(used, [renewed.certificate]);
	await look();
	t.is(used.length, 1);
	rmSync(join(folder, 'ca.pem'));
	await look();
	t.is(used.length, 1);
	t.regex(world.access.warnings().join('\n'), /cannot read .*ca\.pem/);
});

test('a site without the files that its config names does not open', async t => {
	const folder = testFolder(t);
	const parsed = parseConfig(section('  tls: {certificate: server.pem, key: server-key.pem}'), 'kedge.yaml');
	const site: Site = {...parsed, paths: sitePaths(folder), configPath: join(folder, 'kedge.yaml')};
	const open = async () =>
		openAccess({site, devices: await openDevices(site), deviceCertificates: () => [], clock: systemClock, logger: silentLogger});
	const error = (await t.throwsAsync(open())) as AgentError;
	t.is(error.code, 'KEY_INVALID');
	t.regex(error.message, /cannot read .*server\.pem/);
	writeFileSync(join(folder, 'server.pem'), 'no certificate');
	writeFileSync(join(folder, 'server-key.pem'), 'no key');
	t.is(((await t.throwsAsync(open())) as AgentError).code, 'KEY_INVALID');
});

test('a site that was made with TLS lets a device in by password and by certificate, and warns of nothing', async t => {
	const folder = testFolder(t);
	const made = await initSite({directory: folder, logName: 'harbour', random, tlsNames: ['kedge.lan'], nowMs: systemClock.nowMs()});
	const {openCa} = await import('../../agent/certificates.ts');
	const ca = await openCa({directory: folder});
	const mine = await issueClient(ca, 'meter-2', {random, nowMs: systemClock.nowMs(), days: 90});
	const foreign = await issueClient(await makeCa('harbour', {random, nowMs: systemClock.nowMs()}), 'meter-2', {
		random,
		nowMs: systemClock.nowMs(),
		days: 90,
	});
	const site = await changeConfig(await openSite(join(folder, 'kedge.yaml')), text =>
		text
			.replace('port: 8883', 'port: 0')
			.replace('port: 8787', 'port: 0')
			.replace('devices:\n', `devices:\n  - {id: meter-2, mappings: [example-meter], certificateSha256: ${mine.fingerprint}}\n`),
	);
	t.is(site.config.broker!.port, undefined);
	const agent = await openAgent({site, logger: silentLogger});
	t.teardown(() => agent[Symbol.asyncDispose]());
	const open = async (options: object): Promise<RawClient> => {
		const client = await RawClient.openTls(agent.port!, {ca: ca.certificate, ...options});
		t.teardown(() => client.socket.destroy());
		return client;
	};
	const at = new Date(Math.floor(systemClock.nowMs() / 1000) * 1000).toISOString();
	const payload = JSON.stringify({at, energy_kwh: 1});
	const byPassword = await open({});
	byPassword.send(connectPacket({clientId: 'meter-1', username: 'meter-1', password: made.devicePassword}));
	t.is(await byPassword.next(), connackOk);
	byPassword.send(publishPacket('meters/meter-1', payload, {id: 1}));
	t.is(await byPassword.next(), puback(1));
	const byCertificate = await open({cert: mine.certificate, key: mine.key});
	byCertificate.send(connectPacket({clientId: 'meter-2'}));
	t.is(await byCertificate.next(), connackOk);
	byCertificate.send(publishPacket('meters/meter-2', payload, {id: 2}), publishPacket('meters/meter-1', payload, {id: 3}));
	t.deepEqual([await byCertificate.next(), await byCertificate.next()], [puback(2), puback(3)]);
	const stranger = await open({cert: foreign.certificate, key: foreign.key});
	stranger.send(connectPacket({clientId: 'meter-2'}));
	t.deepEqual(await stranger.rest(), ['20020005']);
	const status = await agent.status();
	t.is(status.counters['refused:topic-forbidden'], 1, JSON.stringify(status.counters));
	t.is(status.broker!.tlsPort, agent.port);
	t.is(status.broker!.turnedAway['certificate-untrusted'], 1);
	t.deepEqual(
		status.warnings.filter(warning => !/refused|clock/.test(warning)),
		[],
	);
	// Revoked: it is out at once, and does not come in again.
	await askAgent(site.paths.socket, 'POST', '/devices', {event: 'revoke', id: 'meter-2', reason: 'stolen'});
	t.deepEqual(await byCertificate.rest(), []);
	const again = await open({cert: mine.certificate, key: mine.key});
	again.send(connectPacket({clientId: 'meter-2'}));
	t.deepEqual(await again.rest(), ['20020005']);
	byPassword.send(pingPacket);
	t.is(await byPassword.next(), pingresp);
	t.is((await agent.status()).broker!.turnedAway['certificate-unknown'], 1);
	// Names that a browser on the machine itself may use.
	const socket = await new Promise<TLSSocket>((resolve, reject) => {
		const one = connectTls({port: agent.port!, host: '127.0.0.1', servername: 'kedge.lan', ca: ca.certificate}, () => resolve(one));
		one.on('error', reject);
	});
	t.true(socket.authorized);
	socket.destroy();
});
