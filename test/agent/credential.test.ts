// The anchoring key in a credential of systemd: found by its name and nowhere else, and only if it is the service's alone.
import {chmod, mkdir, mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import fc from 'fast-check';
import {createKeystore, signerFromKey} from '../../agent/anchor/keystore.ts';
import {openAnchoringKey} from '../../agent/anchoring.ts';
import {AgentError} from '../../agent/base/errors.ts';
import {credentialPath, secretPlace} from '../../agent/base/secret-place.ts';
import {type Site, siteFile} from '../../agent/site.ts';
import {startRemoteSigner} from '../helpers/remote-signer.ts';
import {createTestSite} from '../helpers/site.ts';

const key = `0x${'42'.repeat(32)}`;

// One directory of credentials for the process, as systemd makes it.
let credentials: string;
test.before(async () => {
	credentials = await mkdtemp(join(tmpdir(), 'kedge-credentials-'));
	process.env.CREDENTIALS_DIRECTORY = credentials;
});
test.after.always(() => rm(credentials, {recursive: true, force: true}));

async function put(name: string, text: string, mode = 0o400): Promise<void> {
	await writeFile(join(credentials, name), text, {mode: 0o600});
	await chmod(join(credentials, name), mode);
}

/** A site whose section anchor says where the key is. */
async function siteWith(t: ExecutionContext, keystore: string, password?: string): Promise<Site> {
	const lines = password === undefined ? '' : `  keystorePasswordFile: "${password}"\n`;
	const {site} = await createTestSite(t, {
		homes: 1,
		config: () =>
			`anchor:\n  rpcUrl: http://127.0.0.1:1\n  chainId: 1\n  registry: "0x${'1'.repeat(40)}"\n  keystore: "${keystore}"\n${lines}`,
	});
	return site;
}

test.serial('the password of the keystore may be a credential, and the keystore too', async t => {
	const {address, json} = await createKeystore('word', {scryptN: 2 ** 10});
	await put('anchor-password', 'word\n');
	await put('anchor-keystore', json);
	const both = await siteWith(t, 'credential:anchor-keystore', 'credential:anchor-password');
	t.is((await openAnchoringKey(both)).address, address);
	// Or the credential opens what lies beside the log.
	const {site, folder} = await createTestSite(t, {
		homes: 1,
		config: () =>
			`anchor:\n  rpcUrl: http://127.0.0.1:1\n  chainId: 1\n  registry: "0x${'1'.repeat(40)}"\n  keystorePasswordFile: credential:own-password\n`,
	});
	await put('own-password', await readFile(join(folder, 'anchor-key.password'), 'utf8'));
	await rm(join(folder, 'anchor-key.password'));
	t.regex((await openAnchoringKey(site)).address, /^0x[0-9a-f]{40}$/);
});

test.serial('a key as it is may be a credential, and never a file', async t => {
	const {address} = signerFromKey(key);
	for (const text of [key, `${key}\n`, key.slice(2)]) {
		await put('bare-key', text);
		t.is((await openAnchoringKey(await siteWith(t, 'credential:bare-key'))).address, address);
		await chmod(join(credentials, 'bare-key'), 0o600);
	}
	const site = await siteWith(t, 'bare.key');
	await writeFile(siteFile(site, 'bare.key'), `${key}\n`, {mode: 0o600});
	const error = await t.throwsAsync(openAnchoringKey(site), {code: 'KEY_INVALID', message: /holds a key that is not encrypted/});
	t.notRegex(error!.message, /4242/);
});

test.serial('a credential that everybody may read, or write, is not taken, nor one without end', async t => {
	const site = await siteWith(t, 'credential:open-key');
	for (const mode of [0o404, 0o444, 0o602, 0o401]) {
		await put('open-key', key, mode);
		await t.throwsAsync(openAnchoringKey(site), {code: 'KEY_INVALID', message: /everybody on this machine may use it/}, mode.toString(8));
		await chmod(join(credentials, 'open-key'), 0o600);
	}
	// So systemd shows, by an access list, that it lets the user of the service in.
	await put('open-key', key, 0o440);
	t.is((await openAnchoringKey(site)).address, signerFromKey(key).address);
	await chmod(join(credentials, 'open-key'), 0o600);
	await put('open-key', 'x'.repeat(70_000));
	await t.throwsAsync(openAnchoringKey(site), {code: 'KEY_INVALID', message: /70000 bytes, and a secret at most 65536/});
});

test.serial('a credential that is not there is named, and what would have to be done', async t => {
	const site = await siteWith(t, 'credential:nobody-put-it');
	await t.throwsAsync(openAnchoringKey(site), {code: 'KEY_INVALID', message: /cannot read the secret in .*nobody-put-it: ENOENT/});
	const before = process.env.CREDENTIALS_DIRECTORY;
	t.teardown(() => {
		process.env.CREDENTIALS_DIRECTORY = before;
	});
	for (const value of [undefined, '', 'relative/path']) {
		if (value === undefined) delete process.env.CREDENTIALS_DIRECTORY;
		else process.env.CREDENTIALS_DIRECTORY = value;
		const error = await t.throwsAsync(openAnchoringKey(site), {
			instanceOf: AgentError,
			code: 'KEY_INVALID',
			message: /CREDENTIALS_DIRECTORY/,
		});
		if (value !== 'relative/path') t.regex(error!.hint ?? '', /LoadCredentialEncrypted=nobody-put-it/);
	}
});

test('the name of a credential never leads out of its directory', t => {
	for (const name of ['', '.', '..', '../log.key', 'a/b', '/etc/passwd', '.hidden', 'a\0b', 'a\nb', 'a b', 'ä', 'x'.repeat(129)])
		t.true('problem' in secretPlace(`credential:${name}`), JSON.stringify(name));
	for (const name of ['a', 'anchor-key', 'anchor.key', 'A_1', 'x'.repeat(128)])
		t.deepEqual(secretPlace(`credential:${name}`), {credential: name});
	for (const path of ['anchor-key.password', '/run/secret', 'credential', 'a/credential:x', './credential:x'])
		t.deepEqual(secretPlace(path), {file: path});
	t.true('problem' in secretPlace(''));
	fc.assert(
		fc.property(fc.oneof(fc.string(), fc.constantFrom('..', '../..', '/', '\\', '%2e%2e/'), fc.string({unit: 'binary'})), name => {
			const place = secretPlace(`credential:${name}`);
			if ('credential' in place) {
				const path = credentialPath(place.credential, '/run/credentials/kedge');
				t.regex(path, /^\/run\/credentials\/kedge\/[A-Za-z0-9_][A-Za-z0-9._-]*$/);
			} else t.true('problem' in place);
		}),
	);
});

test.serial('a name that is no credential is told with its line in the config, and nothing is read', async t => {
	for (const name of ['../log.key', 'folder/x'])
		await t.throwsAsync(siteWith(t, `credential:${name}`), {
			code: 'CONFIG_INVALID',
			message: /anchor\.keystore: .*is not the name of a credential/,
		});
	await mkdir(join(credentials, 'folder'), {recursive: true});
	await t.throwsAsync(openAnchoringKey(await siteWith(t, 'credential:folder')), {code: 'KEY_INVALID', message: /EISDIR|may use it/});
});

test.serial('a signer elsewhere takes the place of the keystore, and of files that are not there', async t => {
	const remote = await startRemoteSigner(key, 1);
	t.teardown(remote.stop);
	const {site, folder} = await createTestSite(t, {
		homes: 1,
		config: () =>
			`anchor:\n  rpcUrl: http://127.0.0.1:1\n  chainId: 1\n  registry: "0x${'1'.repeat(40)}"\n  signerUrl: ${remote.url}\n  signerAddress: "${remote.address}"\n`,
	});
	for (const name of ['anchor-key.json', 'anchor-key.password']) await rm(join(folder, name));
	const signer = await openAnchoringKey(site);
	t.is(signer.address, remote.address);
	const transaction = {
		chainId: 1,
		nonce: 0,
		to: remote.address,
		data: '0x',
		value: 0n,
		gasLimit: 21_000n,
		type: 'legacy',
		gasPrice: 0n,
	} as const;
	t.is(await signer.signTransaction(transaction), await signerFromKey(key).signTransaction(transaction));
});
