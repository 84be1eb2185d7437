// Certificates from the command line: a site that is made with TLS, one that gets it later, and a renewal that a running agent takes up.
import {X509Certificate} from 'node:crypto';
import {readFile, stat, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'ava';
import {openSite} from '../../agent/site.ts';
import {kedge, testFolder} from '../helpers/site.ts';

test('a site that is made with TLS has a CA, a certificate for its names, and no port without TLS', async t => {
	const folder = testFolder(t);
	const made = await kedge(t, ['init', folder, '--name', 'harbour', '--tls', 'kedge.lan,192.0.2.7']);
	t.is(made.code, 0, made.err);
	t.regex(made.out, /mosquitto_pub --cafile .*ca\.pem -p 8883/);
	t.regex(made.out, /kedge certificate .*kedge\.lan,192\.0\.2\.7/);
	const {config} = await openSite(join(folder, 'kedge.yaml'));
	t.like(config.broker, {
		host: '0.0.0.0',
		port: undefined,
		plaintext: false,
		tls: {port: 8883, certificate: 'server.pem', key: 'server-key.pem', clientCa: 'ca.pem'},
		deviceMessagesPerSecondMax: 100,
	});
	t.true(config.devices.every(({passwordHash, anonymous}) => passwordHash !== undefined && !anonymous));
	for (const name of ['ca-key.pem', 'server-key.pem', 'log.key']) t.is((await stat(join(folder, name))).mode & 0o777, 0o600, name);
	const server = new X509Certificate(await readFile(join(folder, 'server.pem')));
	t.is(server.subjectAltName, 'DNS:kedge.lan, IP Address:192.0.2.7, DNS:localhost, IP Address:127.0.0.1');
	const again = await kedge(t, ['init', folder, '--tls', 'kedge.lan']);
	t.is(again.code, 2);
	t.regex(again.err, /is there already/);
});

test('without TLS only this machine reaches the broker', async t => {
	const folder = testFolder(t);
	t.is((await kedge(t, ['init', folder, '--name', 'harbour'])).code, 0);
	const {config} = await openSite(join(folder, 'kedge.yaml'));
	t.like(config.broker, {host: '127.0.0.1', port: 1883, tls: undefined, anonymous: undefined});
	await t.throwsAsync(stat(join(folder, 'ca.pem')));
});

test('a site gets TLS later, and its certificate is renewed for the same names', async t => {
	const folder = testFolder(t);
	t.is((await kedge(t, ['init', folder, '--name', 'harbour'])).code, 0);
	const config = join(folder, 'kedge.yaml');
	const none = await kedge(t, ['certificate', '--config', config]);
	t.is(none.code, 2);
	t.regex(none.err, /there is no .*server\.pem to renew/);
	const first = await kedge(t, ['certificate', 'kedge.lan', '--config', config]);
	t.is(first.code, 0, first.err);
	t.regex(first.err, /Made a CA: .* valid to \d{4}-\d\d-\d\d/);
	const text = await readFile(config, 'utf8');
	const begin = text.indexOf('broker:');
	await writeFile(config, `${text.slice(0, begin)}${first.out}${text.slice(text.indexOf('mappings:'))}`);
	t.is((await openSite(config)).config.broker!.tls!.port, 8883);
	const before = new X509Certificate(await readFile(join(folder, 'server.pem')));
	const second = await kedge(t, ['certificate', '--config', config]);
	t.is(second.code, 0, second.err);
	t.is(second.out, '');
	const after = new X509Certificate(await readFile(join(folder, 'server.pem')));
	t.not(after.serialNumber, before.serialNumber);
	t.is(after.subjectAltName, before.subjectAltName);
});
