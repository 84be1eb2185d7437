// Devices that come, sign, get other credentials and go, from the command line, while the agent runs; and what a stranger is shown of them.
import {readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {connectAsync, type MqttClient} from 'mqtt';
import {systemClock} from '../../agent/base/clock.ts';
import {formatDeviceKey} from '../../agent/format/device-key.ts';
import {openSite} from '../../agent/site.ts';
import {createSimSigner, type SimSignedForm} from '../../sim/signing.ts';
import {freePort} from '../helpers/ports.ts';
import {changeConfig, createTestSite, kedge, startAgent, type TestSite, testFolder, untilStatus} from '../helpers/site.ts';

const mapping = `  thermometer:
    topic: thermometers/{device}
    format: json
    time: {pointer: /at, format: iso}
    readings:
      - {pointer: /c, quantity: temperature, unit: Cel}
`;

async function createSite(t: ExecutionContext): Promise<TestSite> {
	const made = await createTestSite(t, {homes: 1});
	return {...made, site: await changeConfig(made.site, text => text.replace('mappings:\n', `mappings:\n${mapping}`))};
}

type Asked = {readonly device: {readonly changes: number}; readonly made: {readonly password?: string}};

const ask = async (t: ExecutionContext, made: TestSite, ...words: string[]): Promise<Asked> => {
	const ran = await kedge(t, [...words, '--config', made.site.configPath, '--json']);
	t.is(ran.code, 0, ran.err);
	return JSON.parse(ran.out) as Asked;
};

const joinAs = (t: ExecutionContext, made: TestSite, id: string, password: string): Promise<MqttClient> =>
	connectAsync(made.url, {clientId: id, username: id, password, reconnectPeriod: 0}).then(client => {
		t.teardown(() => client.endAsync(true).catch(() => {}));
		return client;
	});

let second = 0;
/** A message that could have been measured now. */
const message = (celsius: number, atMs = systemClock.nowMs()): string => {
	second += 1;
	return JSON.stringify({at: new Date(Math.floor(atMs / 1000) * 1000 + second).toISOString(), c: celsius});
};

const refusedOf = async (t: ExecutionContext, made: TestSite): Promise<Record<string, number>> => {
	const {counters} = await untilStatus(t, made.site, () => true);
	return Object.fromEntries(Object.entries(counters).filter(([name]) => name.startsWith('refused:')));
};

test('a device is added, gets another password, and is revoked, all while the agent runs', async t => {
	const made = await createSite(t);
	await startAgent(t, made.site);
	const {password} = (await ask(t, made, 'device', 'add', 'probe-1', '--mapping', 'thermometer', '--cadence', '60s')).made;
	const first = await joinAs(t, made, 'probe-1', password!);
	await first.publishAsync('thermometers/probe-1', message(4.2), {qos: 1});
	const closed = new Promise<void>(resolve => first.once('close', () => resolve()));
	const rotated = await ask(t, made, 'device', 'rotate', 'probe-1', '--password', '--reason', 'the old one was on a note');
	t.is(rotated.device.changes, 2);
	await closed;
	await t.throwsAsync(joinAs(t, made, 'probe-1', password!), {message: /Not authorized/});
	const again = await joinAs(t, made, 'probe-1', rotated.made.password!);
	await again.publishAsync('thermometers/probe-1', message(4.3), {qos: 1});
	const gone = new Promise<void>(resolve => again.once('close', () => resolve()));
	await ask(t, made, 'device', 'revoke', 'probe-1', '--reason', 'stolen');
	await gone;
	await t.throwsAsync(joinAs(t, made, 'probe-1', rotated.made.password!), {message: /Not authorized/});

	const listed = await kedge(t, ['device', 'list', '--config', made.site.configPath]);
	t.regex(listed.out, /probe-1\s+REVOKED\s+password/);
	const twice = await kedge(t, ['device', 'add', 'probe-1', '--mapping', 'thermometer', '--config', made.site.configPath]);
	t.is(twice.code, 2);
	t.regex(twice.err, /there is a device "probe-1" already/);
	const other = await kedge(t, ['device', 'add', 'probe-2', '--mapping', 'thermometer', '--config', made.site.configPath]);
	t.regex(other.out, /^It connects to this machine on port \d+ without TLS, with MQTT 3\.1\.1,$/m);
	t.regex(other.out, /^ {2}mosquitto_pub -p \d+ -q 1 -i probe-2 -u probe-2 -P \w+ \\\n {4}-t 'thermometers\/probe-2' -m 'MESSAGE'$/m);
	const back = await kedge(t, ['device', 'rotate', 'probe-1', '--password', '--config', made.site.configPath]);
	t.regex(back.err, /"probe-1" was revoked: it stays so/);

	// Both readings are there, and the log audits clean with what it says of the device.
	const history = join(made.folder, 'history.json');
	const issued = await kedge(t, ['history', 'probe-1', '--config', made.site.configPath, '--from', '2020-01-01', '--out', history]);
	t.is(issued.code, 0, issued.err);
	t.regex((await kedge(t, ['verify', '--trust', made.site.paths.trust, history])).out, /readings +2 measured in the period/);
	t.is((await kedge(t, ['audit', '--config', made.site.configPath])).code, 0);
});

test('a certificate takes the place of a password, which ends', async t => {
	const folder = testFolder(t);
	const config = join(folder, 'site', 'kedge.yaml');
	t.is((await kedge(t, ['init', join(folder, 'site'), '--name', 'street-7', '--tls', 'localhost'])).code, 0);
	const port = await freePort();
	const site = await changeConfig(await openSite(config), text =>
		text.replace(/port: 8883/, `port: ${port}`).replace('port: 8787', 'port: 0'),
	);
	await startAgent(t, site);
	const mappingName = Object.keys(site.config.mappings)[0]!;
	const added = await kedge(t, ['device', 'add', 'probe-1', '--mapping', mappingName, '--config', config]);
	t.is(added.code, 0, added.err);
	const password = /shown once: (\S+)/.exec(added.out)?.[1];
	t.regex(added.out, new RegExp(`port ${port} with TLS`));
	t.regex(added.out, /the client id "probe-1"/);
	const ca = await readFile(join(folder, 'site', 'ca.pem'));
	const url = `mqtts://localhost:${port}`;
	const come = async (more: object): Promise<void> => {
		const client = await connectAsync(url, {ca, clientId: 'probe-1', reconnectPeriod: 0, ...more});
		await client.endAsync();
	};
	await come({username: 'probe-1', password});
	const rotated = await kedge(t, ['device', 'rotate', 'probe-1', '--certificate', '--days', '30', '--reason', 'seen', '--config', config]);
	t.is(rotated.code, 0, rotated.err);
	t.regex(rotated.out, /^Changed probe-1: certificate; what was there before ended\.$/m);
	const [, certificateFile] = /Its certificate: (\S+)/.exec(rotated.out)!;
	const [, keyFile] = /The key of it: (\S+)/.exec(rotated.out)!;
	await t.throwsAsync(come({username: 'probe-1', password}), {message: /Not authorized/});
	await come({cert: await readFile(certificateFile!), key: await readFile(keyFile!)});
	t.regex((await kedge(t, ['device', 'list', '--config', config])).out, /probe-1 .*certificate/);
});

test('a receipt of a reading outside of the calibration of its device is good, and says so where the value stands', async t => {
	const made = await createSite(t);
	await startAgent(t, made.site);
	const calibration = join(made.folder, 'certificate.pdf');
	await writeFile(calibration, 'a certificate');
	const {made: credentials} = await ask(
		t,
		made,
		...['device', 'add', 'probe-1', '--mapping', 'thermometer'],
		...['--calibration', calibration, '--calibration-from', '2098-01-01', '--calibration-until', '2098-12-31'],
	);
	const client = await joinAs(t, made, 'probe-1', credentials.password!);
	await client.publishAsync('thermometers/probe-1', message(4.2), {qos: 1});
	const out = join(made.folder, 'receipt.json');
	t.is((await kedge(t, ['prove', '--config', made.site.configPath, '--device', 'probe-1', '--out', out])).code, 0);
	const verified = await kedge(t, ['verify', '--trust', made.site.paths.trust, out]);
	t.is(verified.code, 0, verified.out);
	t.regex(verified.out, /^ {2}quality +uncalibrated \(no calibration of its device held\)$/m);
	t.regex(verified.out, /^ {2}calibration NOT VALID when it was measured \(2098-01-01 to 2098-12-31\)$/m);
	t.regex(verified.out, /pass +identity +.*did not hold when it was measured/);
});

for (const form of ['jws', 'cose', 'plain'] as const satisfies readonly SimSignedForm[])
	test(`what a device signs as ${form} is taken, what it does not sign is not, and a stranger sees whose key it was`, async t => {
		const made = await createSite(t);
		await startAgent(t, made.site);
		const signer = createSimSigner('devices', 'probe-1', {form});
		const other = createSimSigner('devices', 'probe-1', {form, keyNumber: 2});
		const calibration = join(made.folder, 'certificate.pdf');
		await writeFile(calibration, 'a certificate');
		const {made: credentials} = await ask(
			t,
			made,
			...[
				'device',
				'add',
				'probe-1',
				'--mapping',
				'thermometer',
				'--key',
				formatDeviceKey(signer.key),
				'--quantity',
				'temperature=-30..60:Cel',
			],
			...['--calibration', calibration, '--calibration-id', 'K-1', '--calibration-from', '2020-01-01', '--calibration-until', '2099-12-31'],
		);
		const client = await joinAs(t, made, 'probe-1', credentials.password!);
		const send = (payload: string | Uint8Array): Promise<unknown> =>
			client.publishAsync('thermometers/probe-1', typeof payload === 'string' ? payload : Buffer.from(payload), {qos: 1});
		await send(signer.sign(message(5.25)));
		await send(message(5.5));
		await send(other.sign(message(5.75)));
		await send(signer.sign(message(99)));
		t.deepEqual(await refusedOf(t, made), {'refused:signature-missing': 1, 'refused:signature-wrong': 1, 'refused:limit-exceeded': 1});

		const out = join(made.folder, 'receipt.json');
		const prove = ['prove', '--config', made.site.configPath, '--device', 'probe-1', '--with-arrival', '--out', out];
		t.is((await kedge(t, prove)).code, 0);
		const verified = await kedge(t, ['verify', '--trust', made.site.paths.trust, out]);
		t.is(verified.code, 0, verified.out);
		t.regex(verified.out, /value +temperature 5250 mCel/);
		t.regex(
			verified.out,
			new RegExp(`pass +device-signature +the payload is signed by ${formatDeviceKey(signer.key).replaceAll('+', '\\+')} \\(${form}\\)`),
		);
		t.regex(verified.out, /pass +device-key .* is the key that the log names for the device at index \d+/);
		t.regex(verified.out, /pass +identity .*its calibration certificate K-1 held when it was measured/);
		t.regex(verified.out, /quality +.*deviceSigned/);

		// With another key the old one ends at once, and each receipt names the key of its time.
		await ask(t, made, 'device', 'rotate', 'probe-1', '--key', formatDeviceKey(other.key));
		const next = await joinAs(t, made, 'probe-1', credentials.password!);
		await next.publishAsync('thermometers/probe-1', Buffer.from(signer.sign(message(6))), {qos: 1});
		await next.publishAsync('thermometers/probe-1', Buffer.from(other.sign(message(6.5))), {qos: 1});
		t.is((await refusedOf(t, made))['refused:signature-wrong'], 2);
		const later = join(made.folder, 'later.json');
		t.is((await kedge(t, [...prove.slice(0, -1), later])).code, 0);
		const shown = await kedge(t, ['verify', '--trust', made.site.paths.trust, later]);
		t.is(shown.code, 0, shown.out);
		t.regex(shown.out, /value +temperature 6500 mCel/);
		t.regex(shown.out, /device +urn:kedge:device:probe-1, rotated at index/);

		// Whoever changes one word of what is said of the device is seen.
		const text = await readFile(later, 'utf8');
		const parsed = JSON.parse(text) as {identity: {body: {record: string}}};
		const forged = Buffer.from(Buffer.from(parsed.identity.body.record, 'base64').toString().replace('rotated', 'enrolled')).toString(
			'base64',
		);
		await writeFile(later, text.replace(parsed.identity.body.record, forged));
		t.is((await kedge(t, ['verify', '--trust', made.site.paths.trust, later])).code, 1);
	});

test('what stands in the config with a key is said in the log, and again only when it changes', async t => {
	const made = await createSite(t);
	const signer = createSimSigner('config', 'probe-2', {form: 'plain'});
	const line = (key: string): string => `  - {id: probe-2, mappings: [thermometer], publicKey: "${key}"}\n`;
	let site = await changeConfig(made.site, text => `${text}${line(formatDeviceKey(signer.key))}`);
	const changesOf = async (): Promise<number> => {
		const ran = await kedge(t, ['device', 'list', '--config', site.configPath, '--json']);
		return ran.out
			.trim()
			.split('\n')
			.map(one => JSON.parse(one) as {id: string; changes: number})
			.find(({id}) => id === 'probe-2')!.changes;
	};
	const agent = await startAgent(t, site);
	t.is(await changesOf(), 1);
	await agent.end('SIGTERM');
	const same = await startAgent(t, site);
	t.is(await changesOf(), 1);
	await same.end('SIGTERM');
	const key = formatDeviceKey(createSimSigner('config', 'probe-2', {form: 'plain', keyNumber: 2}).key);
	site = await changeConfig(site, text => text.replace(formatDeviceKey(signer.key), key));
	await startAgent(t, site);
	t.is(await changesOf(), 2);
	const refused = await kedge(t, ['device', 'rotate', 'probe-2', '--no-key', '--config', site.configPath]);
	t.regex(refused.err, /"probe-2" stands in the config/);
});

test('a device that was added and falls silent is missed after a restart as well', async t => {
	const made = await createSite(t);
	const agent = await startAgent(t, made.site);
	const {password} = (await ask(t, made, 'device', 'add', 'probe-3', '--mapping', 'thermometer', '--cadence', '1s')).made;
	const client = await joinAs(t, made, 'probe-3', password!);
	await client.publishAsync('thermometers/probe-3', message(4.2), {qos: 1});
	await agent.end('SIGTERM');
	await startAgent(t, made.site);
	const {silent} = await untilStatus(t, made.site, status => status.silent.count > 0);
	t.deepEqual(silent.devices, [{deviceId: 'probe-3', channels: 1}]);
});
