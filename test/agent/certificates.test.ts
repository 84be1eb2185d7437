// The certificates of a site: OpenSSL and Node accept them for what they are for, and for nothing else.
import {execFile} from 'node:child_process';
import {createHash, createPrivateKey, X509Certificate} from 'node:crypto';
import {mkdtempSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {promisify} from 'node:util';
import test, {type ExecutionContext} from 'ava';
import type {AgentError} from '../../agent/base/errors.ts';
import {createSystemRandom} from '../../agent/base/random.ts';
import {
	certificatesFor,
	issueClient,
	issueClientCertificate,
	issueServer,
	makeCa,
	namesOf,
	renewServerCertificate,
} from '../../agent/certificates.ts';
import {placeOf} from '../faults/packages.ts';

const random = createSystemRandom();
const nowMs = Date.UTC(2026, 5, 1);
const ca = await makeCa('example.com/street-7', {random, nowMs});
const life = {random, nowMs, days: 90};
const openssl = placeOf('openssl');

async function run(...words: readonly string[]): Promise<string> {
	const {stdout, stderr} = await promisify(execFile)(openssl!, words).catch((error: {stdout: string; stderr: string}) => error);
	return stdout + stderr;
}

function folderOf(t: ExecutionContext, files: Readonly<Record<string, string>> = {}): string {
	const folder = mkdtempSync(join(tmpdir(), 'kedge-certificates-'));
	t.teardown(() => rmSync(folder, {recursive: true, force: true}));
	for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
	return folder;
}

if (openssl === undefined) test('without openssl nothing of it is compared', t => t.pass('openssl is not installed'));
else {
	test('OpenSSL takes a server certificate for its names and addresses, as a server only', async t => {
		const server = await issueServer(ca, ['kedge.lan', '*.farm.example', '192.0.2.7', '2001:db8::7'], life);
		const folder = folderOf(t, {'ca.pem': ca.certificate, 'server.pem': server.certificate});
		const [root, leaf] = [join(folder, 'ca.pem'), join(folder, 'server.pem')];
		const verify = (...words: readonly string[]): Promise<string> =>
			run('verify', '-x509_strict', '-check_ss_sig', '-attime', String(nowMs / 1000), '-CAfile', root, ...words, leaf);
		t.regex(await verify('-purpose', 'sslserver', '-verify_hostname', 'kedge.lan'), /: OK/);
		t.regex(await verify('-verify_hostname', 'barn.farm.example'), /: OK/);
		t.regex(await verify('-verify_ip', '192.0.2.7'), /: OK/);
		t.regex(await verify('-verify_ip', '2001:db8::7'), /: OK/);
		t.regex(await verify('-verify_hostname', 'other.lan'), /hostname mismatch/i);
		t.regex(await verify('-purpose', 'sslclient'), /unsuitable certificate purpose|unsupported certificate purpose/);
		const text = await run('x509', '-in', leaf, '-noout', '-text');
		t.regex(text, /Version: 3/);
		t.regex(text, /Signature Algorithm: ecdsa-with-SHA256/);
		t.regex(text, /ASN1 OID: prime256v1/);
		t.regex(text, /Basic Constraints: critical\s+CA:FALSE/);
		t.regex(text, /Key Usage: critical\s+Digital Signature\s/);
		t.regex(text, /Extended Key Usage:\s+TLS Web Server Authentication\s/);
		t.regex(text, /DNS:kedge\.lan, DNS:\*\.farm\.example, IP Address:192\.0\.2\.7, IP Address:2001:DB8:0:0:0:0:0:7/);
		t.regex(text, /Not Before: May 31 23:00:00 2026 GMT\s+Not After : Aug 30 00:00:00 2026 GMT/);
	});

	test('OpenSSL takes a client certificate as a client only, and its fingerprint is the one we give', async t => {
		const client = await issueClient(ca, 'meter-1', life);
		const folder = folderOf(t, {'ca.pem': ca.certificate, 'client.pem': client.certificate});
		const leaf = join(folder, 'client.pem');
		const verify = (purpose: string): Promise<string> =>
			run('verify', '-x509_strict', '-attime', String(nowMs / 1000), '-CAfile', join(folder, 'ca.pem'), '-purpose', purpose, leaf);
		t.regex(await verify('sslclient'), /: OK/);
		t.regex(await verify('sslserver'), /unsuitable certificate purpose|unsupported certificate purpose/);
		const printed = await run('x509', '-in', leaf, '-noout', '-fingerprint', '-sha256', '-subject', '-ext', 'subjectAltName');
		t.is(/Fingerprint=([0-9A-F:]+)/.exec(printed)![1]!.replaceAll(':', '').toLowerCase(), client.fingerprint);
		t.regex(printed, /subject=CN = meter-1/);
		t.regex(printed, /URI:urn:kedge:device:meter-1/);
	});

	test('OpenSSL takes the CA for a CA of ends, that has signed itself', async t => {
		const folder = folderOf(t, {'ca.pem': ca.certificate});
		const path = join(folder, 'ca.pem');
		t.regex(await run('verify', '-x509_strict', '-check_ss_sig', '-attime', String(nowMs / 1000), '-CAfile', path, path), /: OK/);
		const text = await run('x509', '-in', path, '-noout', '-text');
		t.regex(text, /Basic Constraints: critical\s+CA:TRUE, pathlen:0/);
		t.regex(text, /Key Usage: critical\s+Certificate Sign, CRL Sign\s/);
		t.regex(text, /Subject: CN = Kedge CA [0-9a-f]{8} example\.com\/street-7/);
		t.regex(text, /Not After : May 29 00:00:00 2036 GMT/);
	});

	test('a certificate that ends after 2049 says so in the longer form of time', async t => {
		// A fraction of a second would be written in the longer form, and is not allowed in it.
		const late = Date.UTC(2049, 11, 1, 0, 0, 0, 999);
		const client = await issueClient(await makeCa('a', {random, nowMs: late}), 'm', {random, nowMs: late, days: 60});
		const folder = folderOf(t, {'client.pem': client.certificate});
		t.regex(await run('x509', '-in', join(folder, 'client.pem'), '-noout', '-enddate'), /notAfter=Jan 30 00:00:00 2050 GMT/);
		t.is(client.notAfterMs, Date.UTC(2050, 0, 30));
	});

	/** The issuer (1) or the subject (3) of a certificate: the sequences of its signed part are algorithm, issuer, times, subject, key. */
	const nameIn = async (path: string, place: 1 | 3): Promise<string> => {
		const sequences = [...(await run('asn1parse', '-in', path)).matchAll(/^ *(\d+):d=2 +hl=(\d+) l= *(\d+) cons: SEQUENCE/gm)];
		const [start = 0, head = 0, length = 0] = sequences[place]!.slice(1).map(Number);
		return new X509Certificate(readFileSync(path)).raw.subarray(start, start + head + length).toString('hex');
	};

	/** A CA that OpenSSL makes in this folder, with a key of this kind and a name that is hard to spell. */
	const makeForeignCa = async (folder: string, ...keyKind: readonly string[]): Promise<{certificate: string; key: string}> => {
		const [root, key] = [join(folder, 'ca.pem'), join(folder, 'ca-key.pem')];
		const name = '/C=DE/O=Mühle "Zur, Au"+OU=Dach/CN=own CA/emailAddress=ca@example.com';
		const rest = ['-nodes', '-utf8', '-multivalue-rdn', '-days', '30', '-addext', 'keyUsage=critical,keyCertSign', '-subj', name];
		await run('req', '-x509', '-newkey', ...keyKind, ...rest, '-keyout', key, '-out', root);
		return {certificate: readFileSync(root, 'utf8'), key: readFileSync(key, 'utf8')};
	};
	const curve = (name: string): string[] => ['ec', '-pkeyopt', `ec_paramgen_curve:${name}`];

	for (const [type, ...keyKind] of [
		['P-256', ...curve('P-256')],
		['P-384', ...curve('P-384')],
		['RSA', 'rsa:2048'],
	] as const)
		test(`a CA that OpenSSL made with a key of ${type} signs as well, and its certificates name it as it names itself`, async t => {
			const folder = folderOf(t);
			const [root, leaf] = [join(folder, 'ca.pem'), join(folder, 'client.pem')];
			const own = await makeForeignCa(folder, ...keyKind);
			const now = Date.parse(new X509Certificate(own.certificate).validFrom) + 3_600_000;
			writeFileSync(leaf, (await issueClient(own, 'meter-1', {random, nowMs: now, days: 90})).certificate);
			const verify = ['verify', '-x509_strict', '-check_ss_sig', '-attime', String(now / 1000), '-CAfile', root, '-purpose', 'sslclient'];
			t.regex(await run(...verify, leaf), /: OK/);
			t.true(new X509Certificate(readFileSync(leaf)).checkIssued(new X509Certificate(own.certificate)));
			// To the byte: not everybody compares names as kindly as OpenSSL.
			t.is(await nameIn(leaf, 1), await nameIn(root, 3));
		});

	test('a CA with a key that signs no certificates is refused', async t => {
		const own = await makeForeignCa(folderOf(t), ...curve('secp256k1'));
		const now = Date.parse(new X509Certificate(own.certificate).validFrom);
		const error = (await t.throwsAsync(issueClient(own, 'meter-1', {...life, nowMs: now}))) as AgentError;
		t.is(error.code, 'KEY_INVALID');
		t.regex(error.message, /secp256k1/);
	});
}

test('an address has one meaning, however it is written', async t => {
	const names = ['::ffff:192.0.2.7', '::192.0.2.7', 'fe80::1%eth0', '::', '2001:DB8:0:0:0:0:0:7', '1::'];
	t.is(
		new X509Certificate((await issueServer(ca, names, life)).certificate).subjectAltName,
		['0:0:0:0:0:FFFF:C000:207', '0:0:0:0:0:0:C000:207', 'FE80:0:0:0:0:0:0:1', '0:0:0:0:0:0:0:0', '2001:DB8:0:0:0:0:0:7', '1:0:0:0:0:0:0:0']
			.map(address => `IP Address:${address}`)
			.join(', '),
	);
});

test('each certificate has a key, a serial number and a fingerprint of its own', async t => {
	const all = await Promise.all(Array.from({length: 20}, () => issueClient(ca, 'meter-1', life)));
	const serials = all.map(({certificate}) => new X509Certificate(certificate).serialNumber);
	t.is(new Set(serials).size, 20);
	for (const serial of serials) t.regex(serial, /^[4-7][0-9A-F]{31}$/);
	t.is(new Set(all.map(({key}) => key)).size, 20);
	t.is(new Set(all.map(({fingerprint}) => fingerprint)).size, 20);
	for (const {certificate, key, fingerprint} of all) {
		const parsed = new X509Certificate(certificate);
		t.true(parsed.checkPrivateKey(createPrivateKey(key)));
		t.true(parsed.verify(new X509Certificate(ca.certificate).publicKey));
		t.is(createHash('sha256').update(parsed.raw).digest('hex'), fingerprint);
	}
});

test('a certificate never outlives its CA, and a CA that has run out issues none', async t => {
	const authority = new X509Certificate(ca.certificate);
	const nearlyOver = Date.parse(authority.validTo) - 5 * 86_400_000;
	t.is((await issueClient(ca, 'm', {random, nowMs: nearlyOver, days: 90})).notAfterMs, Date.parse(authority.validTo));
	const error = (await t.throwsAsync(issueClient(ca, 'm', {random, nowMs: Date.parse(authority.validTo), days: 1}))) as AgentError;
	t.is(error.code, 'KEY_INVALID');
});

test('what cannot be in a certificate is refused', async t => {
	for (const name of [
		'',
		'a b',
		'a..b',
		'-a',
		'a,b',
		'a/b',
		'ä.example',
		`${'a'.repeat(64)}.example`,
		'*',
		'a.*.b',
		'x'.repeat(300),
		'\0',
	]) {
		const error = (await t.throwsAsync(issueServer(ca, [name], life), undefined, name)) as AgentError;
		t.is(error.code, 'ARGUMENT_INVALID');
	}
	for (const days of [0, -1, 1.5, 3651, Number.NaN])
		t.is(((await t.throwsAsync(issueClient(ca, 'm', {...life, days}))) as AgentError).code, 'ARGUMENT_INVALID');
	t.is(((await t.throwsAsync(issueServer(ca, [], life))) as AgentError).code, 'ARGUMENT_INVALID');
	const other = await makeCa('other', {random, nowMs});
	t.is(((await t.throwsAsync(issueClient({...ca, key: other.key}, 'm', life))) as AgentError).code, 'KEY_INVALID');
});

test('a renewed certificate is of the same CA and for the same names, and keys are for their owner only', async t => {
	const folder = folderOf(t);
	const wanted = {logName: 'street-7', names: ['kedge.lan', '192.0.2.7'], random, nowMs};
	t.true((await renewServerCertificate(folder, wanted)).isNewCa);
	const before = readFileSync(join(folder, 'server.pem'), 'utf8');
	t.deepEqual(await namesOf(folder), ['kedge.lan', '192.0.2.7', 'localhost', '127.0.0.1']);
	t.false((await renewServerCertificate(folder, {...wanted, names: await namesOf(folder)})).isNewCa);
	const after = readFileSync(join(folder, 'server.pem'), 'utf8');
	t.not(after, before);
	const authority = new X509Certificate(readFileSync(join(folder, 'ca.pem')));
	for (const text of [before, after]) t.true(new X509Certificate(text).checkIssued(authority));
	for (const [name, mode] of [
		['ca-key.pem', 0o600],
		['server-key.pem', 0o600],
		['ca.pem', 0o644],
		['server.pem', 0o644],
	] as const)
		t.is(statSync(join(folder, name)).mode & 0o777, mode, name);
	const client = await issueClientCertificate({paths: {directory: folder}}, 'meter-1', life);
	t.true(new X509Certificate(client.certificate).checkIssued(authority));
});

test('half of a CA is neither used nor replaced', async t => {
	const folder = folderOf(t, {'ca.pem': ca.certificate});
	const error = (await t.throwsAsync(renewServerCertificate(folder, {logName: 'a', names: ['b'], random, nowMs}))) as AgentError;
	t.is(error.code, 'DATA_EXISTS');
	t.is(readFileSync(join(folder, 'ca.pem'), 'utf8'), ca.certificate);
	const missing = (await t.throwsAsync(issueClientCertificate({paths: {directory: folder}}, 'm', life))) as AgentError;
	t.is(missing.code, 'DATA_MISSING');
});

test('the files of a new site are a CA, its key, and a certificate that also holds on the machine itself', async t => {
	const files = await certificatesFor({logName: 'a', names: ['kedge.lan'], random, nowMs});
	t.deepEqual(
		files.map(({name, mode}) => [name, mode.toString(8)]),
		[
			['ca.pem', '644'],
			['ca-key.pem', '600'],
			['server-key.pem', '600'],
			['server.pem', '644'],
		],
	);
	t.is(new X509Certificate(files[3]!.text).subjectAltName, 'DNS:kedge.lan, DNS:localhost, IP Address:127.0.0.1');
});
