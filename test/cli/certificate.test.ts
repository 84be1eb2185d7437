// Certificates from the command line: a site that is made with TLS, one that gets it later, and a renewal that a running agent takes up.
import {X509Certificate} from 'node:crypto';
import {readFile, stat, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'ava';
import {openSite} from '../../agent/site.ts';
import {changeConfig, kedge, kedgePath, run, startAgent, testFolder} from '../helpers/site.ts';

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

/** Makes a process write, when it ends, which files of libraries it has loaded. */
const tellLoaded = `data:text/javascript,${encodeURIComponent(`
	import {writeSync} from 'node:fs';
	import {createRequire} from 'node:module';
	const {cache} = createRequire('file:///');
	process.on('exit', () => writeSync(2, Object.keys(cache).join('\\n')));
`).replaceAll("'", '%27')}`;

test('who makes certificates loads the library for them, and an agent does not', async t => {
	const library = /node_modules\/(?:@peculiar\/x509|reflect-metadata)\//;
	const folder = testFolder(t);
	const config = join(folder, 'kedge.yaml');
	t.is((await kedge(t, ['init', folder, '--name', 'harbour', '--tls', 'kedge.lan'])).code, 0);
	const site = await changeConfig(await openSite(config), text => text.replace('port: 8883', 'port: 0').replace('port: 8787', 'port: 0'));
	const agent = await startAgent(t, site, {behind: `export NODE_OPTIONS='--import=${tellLoaded}'`});
	const renewed = await run(t, process.execPath, ['--import', tellLoaded, kedgePath, 'certificate', '--config', config]);
	t.is(renewed.code, 0, renewed.err);
	t.regex(renewed.err, library);
	t.is(await agent.end('SIGTERM'), 0, agent.said());
	t.regex(agent.said(), /node_modules\/aedes\//);
	t.notRegex(agent.said(), library);
});
