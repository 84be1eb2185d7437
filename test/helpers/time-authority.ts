// A time-stamp authority of one's own for a test: certificates and replies by openssl, a server that answers over HTTP, and tokens forged piece by piece.
import {execFile, spawnSync} from 'node:child_process';
import {createHash, createPrivateKey, sign} from 'node:crypto';
import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {createServer, type IncomingHttpHeaders} from 'node:http';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {concatBytes, utf8} from '../../agent/base/bytes.ts';
import {der, derNumber, derOid, derTags, fieldsIn, parseDer} from '../../agent/format/der.ts';

const found = spawnSync('openssl', ['version'], {encoding: 'utf8'});
/** True where there is an OpenSSL that can stamp; tests of it are left out elsewhere, with a line that says so. */
export const canStamp = found.status === 0 && /^OpenSSL [3-9]/.test(found.stdout);

export type KeyKind = 'rsa' | 'P-256' | 'P-384' | 'P-521' | 'SM2';

/** A certificate with its key. */
export type Issued = {
	readonly name: string;
	/** DER. */
	readonly certificate: Uint8Array;
	readonly certificateFile: string;
	readonly keyFile: string;
};

export type IssueOptions = {
	readonly key?: KeyKind;
	/** Lines of openssl's extensions. @default those of a time-stamp authority */
	readonly extensions?: readonly string[];
	/** @default 2020 */
	readonly from?: string;
	/** @default 2040 */
	readonly to?: string;
	/** @default the CA of the world */
	readonly by?: Issued | 'itself';
	/** @default sha256 */
	readonly digest?: string;
	/** @default the name */
	readonly subject?: string;
};

export type TimeWorld = {
	readonly folder: string;
	readonly ca: Issued;
	readonly issue: (name: string, options?: IssueOptions) => Promise<Issued>;
	/** What `openssl ts -reply` answers to a query. */
	readonly reply: (
		query: Uint8Array,
		signer: Issued,
		options?: {readonly lines?: readonly string[]; readonly chain?: Issued},
	) => Promise<Uint8Array>;
	/** Whether `openssl ts -verify` takes a token over this text, below this certificate. */
	readonly verify: (token: Uint8Array, text: Uint8Array, root?: Issued) => Promise<boolean>;
	/** Whether `openssl cms -verify` takes its signature, which `ts -verify` does not know all kinds of. */
	readonly verifySignature: (token: Uint8Array) => Promise<boolean>;
	/** Runs openssl in the folder; rejects where it fails. */
	readonly openssl: (...args: readonly string[]) => Promise<string>;
	readonly write: (name: string, bytes: Uint8Array | string) => Promise<string>;
	readonly close: () => Promise<void>;
};

export const stampingExtensions = [
	'basicConstraints = critical,CA:FALSE',
	'keyUsage = critical,digitalSignature',
	'extendedKeyUsage = critical,timeStamping',
	'subjectKeyIdentifier = hash',
	'authorityKeyIdentifier = keyid',
] as const;
export const caExtensions = [
	'basicConstraints = critical,CA:TRUE',
	'keyUsage = critical,keyCertSign,cRLSign',
	'subjectKeyIdentifier = hash',
] as const;

const caConfig = `[ca]
default_ca = own
[own]
dir = .
database = index.txt
serial = serial
new_certs_dir = .
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[req]
prompt = no
distinguished_name = subject
[subject]
CN = nobody
`;

/** A folder with a CA in it. */
export async function openTimeWorld(): Promise<TimeWorld> {
	const folder = await mkdtemp(join(tmpdir(), 'kedge-time-'));
	let names = 0;
	const openssl = (...args: readonly string[]): Promise<string> =>
		new Promise((resolve, reject) => {
			execFile('openssl', args, {cwd: folder, encoding: 'latin1'}, (error, stdout, stderr) => {
				if (error === null) resolve(stdout);
				else reject(new Error(`openssl ${args.join(' ')}: ${stderr}`));
			});
		});
	const write = async (name: string, bytes: Uint8Array | string): Promise<string> => {
		names += 1;
		const path = join(folder, `${names}-${name}`);
		await writeFile(path, bytes);
		return path;
	};
	await writeFile(join(folder, 'index.txt'), '');
	await writeFile(join(folder, 'serial'), '1001\n');

	// One after the other: openssl keeps the numbers of certificates in a file.
	let turn: Promise<unknown> = Promise.resolve();
	const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
		const done = turn.then(work, work);
		turn = done;
		return done;
	};

	const issueNow = async (name: string, options: IssueOptions): Promise<Issued> => {
		const {
			key = 'P-256',
			extensions = stampingExtensions,
			from = '20200101000000Z',
			to = '20400101000000Z',
			by,
			digest = 'sha256',
		} = options;
		const config = await write('ca.cnf', `${caConfig}[extensions]\n${extensions.join('\n')}\n`);
		const keyFile = await write(`${name}.key`, '');
		const kind = key === 'rsa' ? ['RSA', '-pkeyopt', 'rsa_keygen_bits:2048'] : ['EC', '-pkeyopt', `ec_paramgen_curve:${key}`];
		await openssl('genpkey', '-algorithm', ...kind, '-out', keyFile);
		const request = await write(`${name}.csr`, '');
		await openssl(
			'req',
			'-new',
			'-config',
			config,
			'-key',
			keyFile,
			'-subj',
			`/CN=${options.subject ?? name}`,
			'-out',
			request,
			...(key === 'SM2' ? ['-sm3'] : []),
		);
		const certificateFile = await write(`${name}.pem`, '');
		const signer =
			by === undefined || by === 'itself' ? ['-selfsign', '-keyfile', keyFile] : ['-cert', by.certificateFile, '-keyfile', by.keyFile];
		await openssl(
			...['ca', '-batch', '-notext', '-config', config, '-in', request, '-extensions', 'extensions', '-md', digest],
			...['-startdate', from, '-enddate', to, '-out', certificateFile, ...signer],
		);
		const text = await readFile(certificateFile, 'latin1');
		const base64 = /-----BEGIN CERTIFICATE-----([^-]*)-----END/.exec(text)![1]!;
		return {name, certificate: new Uint8Array(Buffer.from(base64, 'base64')), certificateFile, keyFile};
	};
	const ca = await inTurn(() => issueNow('Test CA', {extensions: caExtensions}));

	return {
		folder,
		ca,
		openssl,
		write,
		issue: (name, options = {}) => inTurn(() => issueNow(name, {by: ca, ...options})),
		reply: async (query, signer, {lines = [], chain} = {}) => {
			const serial = await write('tsa.serial', '01\n');
			const config = await write(
				'tsa.cnf',
				[
					...['[tsa]', 'default_tsa = one', '[one]', `serial = ${serial}`, 'crypto_device = builtin', 'default_policy = 1.2.3.4.1'],
					...['digests = sha256, sm3, sha512', 'signer_digest = sha256', 'accuracy = secs:1, millisecs:500, microsecs:100'],
					...['ordering = yes', 'tsa_name = yes', 'ess_cert_id_chain = no', 'ess_cert_id_alg = sha256'],
					// The last of two lines counts.
					...lines,
				].join('\n'),
			);
			const [queryFile, out] = [await write('q.tsq', query), await write('r.tsr', '')];
			const more = chain === undefined ? [] : ['-chain', chain.certificateFile];
			await openssl(
				'ts',
				'-reply',
				'-config',
				config,
				'-queryfile',
				queryFile,
				'-signer',
				signer.certificateFile,
				'-inkey',
				signer.keyFile,
				...more,
				'-out',
				out,
			);
			return new Uint8Array(await readFile(out));
		},
		verify: async (token, text, root = ca) => {
			const [tokenFile, textFile] = [await write('token.der', token), await write('text', text)];
			const verified = openssl(
				'ts',
				'-verify',
				'-data',
				textFile,
				'-in',
				tokenFile,
				'-token_in',
				'-CAfile',
				root.certificateFile,
				'-partial_chain',
			);
			return verified.then(
				said => said.includes('Verification: OK'),
				() => false,
			);
		},
		verifySignature: async token => {
			const [tokenFile, out] = [await write('token.der', token), await write('content', '')];
			const verified = openssl(
				'cms',
				'-verify',
				'-inform',
				'DER',
				'-in',
				tokenFile,
				'-CAfile',
				ca.certificateFile,
				'-purpose',
				'timestampsign',
				'-out',
				out,
			);
			return verified.then(
				() => true,
				() => false,
			);
		},
		close: () => rm(folder, {recursive: true, force: true}),
	};
}

export type Asked = {readonly query: Uint8Array; readonly headers: IncomingHttpHeaders};

/** What happens to one request. */
export type Answering =
	/** The authority's own answer. */
	| 'answer'
	/** The authority never sees it; the connection is cut. */
	| 'drop'
	/** The authority does it, and its answer is lost. */
	| 'swallow'
	/** Nobody ever answers. */
	| 'hang'
	| {readonly status?: number; readonly type?: string; readonly body?: Uint8Array | string; readonly headers?: Record<string, string>};

export type TimeServer = {
	readonly url: string;
	/** All requests so far. */
	readonly asked: readonly Asked[];
	/** Asked for each request, in order. */
	treat: (asked: Asked, place: number) => Answering;
	readonly stop: () => Promise<void>;
};

/** Answers over HTTP as an authority does [RFC 3161 §3.4]. */
export async function startTimeServer(answer: (query: Uint8Array) => Promise<Uint8Array>): Promise<TimeServer> {
	const asked: Asked[] = [];
	const http = createServer((incoming, outgoing) => {
		const parts: Buffer[] = [];
		incoming.on('data', (part: Buffer) => parts.push(part));
		incoming.on('end', async () => {
			const one = {query: new Uint8Array(Buffer.concat(parts)), headers: incoming.headers};
			asked.push(one);
			const treatment = server.treat(one, asked.length - 1);
			if (treatment === 'hang') return;
			if (treatment === 'drop') return void incoming.socket.destroy();
			if (typeof treatment === 'object') {
				const {status = 200, type = 'application/timestamp-reply', body = '', headers = {}} = treatment;
				outgoing.on('error', () => {});
				outgoing.writeHead(status, {'content-type': type, ...headers}).end(body);
				return;
			}
			const reply = await answer(one.query);
			if (treatment === 'swallow') incoming.socket.destroy();
			else outgoing.writeHead(200, {'content-type': 'application/timestamp-reply'}).end(reply);
		});
	});
	await new Promise<void>(resolve => {
		http.listen(0, '127.0.0.1', resolve);
	});
	const server: TimeServer = {
		url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
		asked,
		treat: () => 'answer',
		stop: () =>
			new Promise(resolve => {
				http.close(() => resolve());
				http.closeAllConnections();
			}),
	};
	return server;
}

const sha256Oid = '2.16.840.1.101.3.4.2.1';
const empty = new Uint8Array(0);
const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());
const seq = (...parts: readonly Uint8Array[]): Uint8Array => der(derTags.sequence, ...parts);
const attribute = (oid: string, ...values: readonly Uint8Array[]): Uint8Array => seq(derOid(oid), der(derTags.set, ...values));

export type Forged = {
	/** Hash that is stamped. */
	readonly imprint: Uint8Array;
	readonly imprintOid?: string;
	/** GeneralizedTime. */
	readonly time?: string;
	/** Behind the time: accuracy, ordering, nonce, extensions, in DER. */
	readonly behind?: readonly Uint8Array[];
	readonly version?: number;
	/** Replaces the whole TSTInfo. */
	readonly content?: Uint8Array;
	readonly contentType?: string;
	readonly certificates?: readonly Uint8Array[];
	/** Gets the attributes as they would be, and gives those that are signed. */
	readonly attributes?: (usual: {
		readonly type: Uint8Array;
		readonly digest: Uint8Array;
		readonly certificate: Uint8Array;
	}) => readonly Uint8Array[];
	readonly digestOid?: string;
	readonly algorithm?: Uint8Array;
	/** Signs the attributes. @default the signer's key with SHA-256 */
	readonly signWith?: (bytes: Uint8Array) => Uint8Array | Promise<Uint8Array>;
	readonly unsigned?: Uint8Array;
	/** How many times the signer is listed. */
	readonly signers?: number;
	/** Names the signer by its key instead. */
	readonly keyId?: Uint8Array;
};

/** A token that nobody but us would issue: each part of it can be another. */
export async function forgeToken(signer: Issued, forged: Forged): Promise<Uint8Array> {
	const {imprint, imprintOid = sha256Oid, time = '20260801120000Z', behind = [], version = 1, digestOid = sha256Oid} = forged;
	const timestampType = forged.contentType ?? '1.2.840.113549.1.9.16.1.4';
	const content =
		forged.content ??
		seq(
			derNumber(Uint8Array.of(version)),
			derOid('1.2.3.4.1'),
			seq(seq(derOid(imprintOid), der(derTags.null)), der(derTags.octets, imprint)),
			derNumber(Uint8Array.of(7)),
			der(derTags.generalizedTime, utf8(time)),
			...behind,
		);
	const usual = {
		type: attribute('1.2.840.113549.1.9.3', derOid(timestampType)),
		digest: attribute('1.2.840.113549.1.9.4', der(derTags.octets, sha256(content))),
		certificate: attribute('1.2.840.113549.1.9.16.2.47', seq(seq(seq(der(derTags.octets, sha256(signer.certificate)))))),
	};
	const attributes = concatBytes(...(forged.attributes?.(usual) ?? Object.values(usual)));
	const signed = der(derTags.set, attributes);
	const key = createPrivateKey(await readFile(signer.keyFile));
	const signature = (await forged.signWith?.(signed)) ?? new Uint8Array(sign('sha256', signed, key));
	const algorithm =
		forged.algorithm ??
		(key.asymmetricKeyType === 'rsa' ? seq(derOid('1.2.840.113549.1.1.11'), der(derTags.null)) : seq(derOid('1.2.840.10045.4.3.2')));
	const tbs = fieldsIn(parseDer(signer.certificate).children[0]!);
	tbs.maybe(0xa0);
	const serial = tbs.next(derTags.integer, 'serial').bytes;
	tbs.next(derTags.sequence, 'algorithm');
	const issuer = tbs.next(derTags.sequence, 'issuer').bytes;
	const digestAlgorithm = seq(derOid(digestOid));
	const info = seq(
		derNumber(Uint8Array.of(forged.keyId === undefined ? 1 : 3)),
		forged.keyId === undefined ? seq(issuer, serial) : der(0x80, forged.keyId),
		digestAlgorithm,
		der(0xa0, attributes),
		algorithm,
		der(derTags.octets, signature),
		forged.unsigned ?? empty,
	);
	const certificates = forged.certificates ?? [signer.certificate];
	return seq(
		derOid('1.2.840.113549.1.7.2'),
		der(
			0xa0,
			seq(
				derNumber(Uint8Array.of(3)),
				der(derTags.set, digestAlgorithm),
				seq(derOid(timestampType), der(0xa0, der(derTags.octets, content))),
				certificates.length === 0 ? empty : der(0xa0, ...certificates),
				der(derTags.set, ...Array.from({length: forged.signers ?? 1}, () => info)),
			),
		),
	);
}
