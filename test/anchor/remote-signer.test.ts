// A signer elsewhere: what it is asked, and that nothing but the very transaction is taken from it.
import test from 'ava';
import {Wallet} from 'ethers';
import {signerFromKey, type UnsignedTransaction} from '../../agent/anchor/keystore.ts';
import {openRemoteSigner, signerUrlProblem} from '../../agent/anchor/remote-signer.ts';
import {systemClock} from '../../agent/base/clock.ts';
import {AgentError} from '../../agent/base/errors.ts';
import {issueClient, issueServer, makeCa} from '../../agent/certificates.ts';
import {createSeededRandom} from '../helpers/log-world.ts';
import {type RemoteSigner, type SignerTreatment, startRemoteSigner} from '../helpers/remote-signer.ts';

const key = `0x${'31'.repeat(32)}`;
const otherKey = `0x${'32'.repeat(32)}`;
const chainId = 31337;
let remote: RemoteSigner;

test.before(async () => {
	remote = await startRemoteSigner(key, chainId);
});

test.after.always(async () => {
	await remote?.stop();
});

const registry = `0x${'12'.repeat(20)}`;
const asked = {
	chainId,
	nonce: 3,
	to: registry,
	data: '0xabcdef',
	value: 0n,
	gasLimit: 100_000n,
	type: 'dynamic',
	maxFeePerGas: 10n ** 9n,
	maxPriorityFeePerGas: 10n ** 8n,
} as const satisfies UnsignedTransaction;
const open = (changes: Partial<Parameters<typeof openRemoteSigner>[0]> = {}) =>
	openRemoteSigner({url: remote.url, address: remote.address, ...changes});

test.serial('a signer elsewhere signs the same bytes as the key here would, and is asked as web3signer wants it', async t => {
	remote.treat = () => 'sign';
	const raw = await open().signTransaction(asked);
	t.is(raw, await signerFromKey(key).signTransaction(asked));
	const {method, params, headers} = remote.asked.at(-1)!;
	t.is(method, 'eth_signTransaction');
	t.is(headers['content-type'], 'application/json');
	t.deepEqual(params, [
		{
			from: remote.address,
			to: registry,
			data: '0xabcdef',
			value: '0x0',
			gas: '0x186a0',
			nonce: '0x3',
			chainId: '0x7a69',
			maxFeePerGas: '0x3b9aca00',
			maxPriorityFeePerGas: '0x5f5e100',
		},
	]);
	// The address may be written as people write it.
	t.is(open({address: new Wallet(key).address}).address, remote.address);
});

test.serial('a contract is created without a word about whom it goes to', async t => {
	remote.treat = () => 'sign';
	const creation = {...asked, to: undefined, nonce: 0};
	t.is(await open().signTransaction(creation), await signerFromKey(key).signTransaction(creation));
	t.false('to' in remote.asked.at(-1)!.params[0]!);
});

test.serial('a transaction with one gas price, 0 as well, is asked for without caps, and no other kind is taken for it', async t => {
	const {maxFeePerGas: _, maxPriorityFeePerGas: __, ...plain} = asked;
	for (const gasPrice of [0n, 7n]) {
		const legacy: UnsignedTransaction = {...plain, type: 'legacy', gasPrice};
		remote.treat = () => 'sign';
		t.is(await open().signTransaction(legacy), await signerFromKey(key).signTransaction(legacy));
		const [parameter] = remote.asked.at(-1)!.params;
		t.is(parameter!.gasPrice, `0x${gasPrice.toString(16)}`);
		t.false('maxFeePerGas' in parameter! || 'maxPriorityFeePerGas' in parameter!);
		const changes = [
			{gasPrice: gasPrice + 1n},
			{chainId: 0},
			{type: 2, gasPrice: null, maxFeePerGas: gasPrice, maxPriorityFeePerGas: 0n},
			{type: 1},
		];
		for (const change of changes) {
			remote.treat = () => ({change});
			await t.throwsAsync(open().signTransaction(legacy), {code: 'KEY_INVALID', message: /another transaction/});
		}
	}
});

test.serial('an answer in the form of geth and clef is taken as well', async t => {
	remote.treat = () => ({result: raw => ({raw, tx: {}})});
	t.is(await open().signTransaction(asked), await signerFromKey(key).signTransaction(asked));
});

test.serial('over TLS each side knows the other, or nothing is asked', async t => {
	const life = {random: createSeededRandom('signer'), nowMs: systemClock.nowMs(), days: 30};
	const [ca, otherCa] = [await makeCa('signer', life), await makeCa('stranger', life)];
	const server = await issueServer(ca, ['127.0.0.1'], life);
	const [client, stranger] = [await issueClient(ca, 'agent', life), await issueClient(otherCa, 'agent', life)];
	const secure = await startRemoteSigner(key, chainId, {certificate: server.certificate, key: server.key, clientCa: ca.certificate});
	t.teardown(secure.stop);
	const over = (tls: NonNullable<Parameters<typeof openRemoteSigner>[0]['tls']>) => open({url: secure.url, tls}).signTransaction(asked);
	const own = {certificate: client.certificate, key: client.key};
	t.is(await over({ca: ca.certificate, ...own}), await signerFromKey(key).signTransaction(asked));
	t.is(secure.asked.length, 1);
	// A signer whose certificate is from elsewhere, and then an agent without one, or with that of another authority.
	for (const tls of [
		{ca: otherCa.certificate, ...own},
		own,
		{ca: ca.certificate},
		{ca: ca.certificate, certificate: stranger.certificate, key: stranger.key},
	])
		await t.throwsAsync(over(tls), {code: 'SIGNER_UNREACHABLE', message: /did not answer: [A-Z_]+/});
	t.is(secure.asked.length, 1);
});

/** A signer with a bug, or one that was taken over. */
const others: readonly (readonly [name: string, treatment: SignerTreatment])[] = [
	['another nonce', {change: {nonce: 4}}],
	['another receiver', {change: {to: `0x${'13'.repeat(20)}`}}],
	['no receiver', {change: {to: null}}],
	['other data', {change: {data: '0xabcdee'}}],
	['no data', {change: {data: '0x'}}],
	['a value of 1 wei', {change: {value: 1n}}],
	['a higher fee cap', {change: {maxFeePerGas: 10n ** 9n + 1n}}],
	['a higher tip', {change: {maxPriorityFeePerGas: 10n ** 9n}}],
	['a higher gas limit', {change: {gasLimit: 100_001n}}],
	['another chain id', {change: {chainId: 1}}],
	['an access list', {change: {accessList: [{address: registry, storageKeys: []}]}}],
	['a legacy transaction', {change: {type: 0, gasPrice: 10n ** 9n, maxFeePerGas: null, maxPriorityFeePerGas: null}}],
	['the signature of another key', {key: otherKey}],
];

for (const [name, treatment] of others) {
	test.serial(`a signer that gives back ${name} is refused`, async t => {
		remote.treat = () => treatment;
		const error = await t.throwsAsync(open().signTransaction(asked), {instanceOf: AgentError, code: 'KEY_INVALID'});
		t.regex(error!.message, /gave back another transaction than it was asked to sign/);
		t.regex(error!.hint ?? '', /Nothing was sent/);
	});
}

const garbage: readonly (readonly [name: string, result: (raw: string) => unknown])[] = [
	['nothing', () => null],
	['a number', () => 7],
	['an empty text', () => ''],
	['no hexadecimal digits', () => '0xzz'],
	['half a byte', raw => `${raw}0`],
	['a transaction that was cut', raw => raw.slice(0, -2)],
	['a transaction and more', raw => `${raw}00`],
	['capital letters', raw => raw.toUpperCase().replace('0X', '0x')],
	['a hash', () => `0x${'ab'.repeat(32)}`],
	['a list', raw => [raw]],
	['an object without it', () => ({tx: {}})],
];

for (const [name, result] of garbage) {
	test.serial(`a signer that gives back ${name} in place of a transaction is refused`, async t => {
		remote.treat = () => ({result});
		await t.throwsAsync(open().signTransaction(asked), {
			code: 'KEY_INVALID',
			message: /gave back (?:no transaction|bytes that are no transaction)/,
		});
	});
}

test.serial('one bit that is changed anywhere in the signed bytes is never taken', async t => {
	const raw = await signerFromKey(key).signTransaction(asked);
	const bytes = Buffer.from(raw.slice(2), 'hex');
	for (let bit = 0; bit < 8 * bytes.length; bit += 1) {
		const bent = Buffer.from(bytes);
		bent[bit >> 3]! ^= 1 << (bit & 7);
		remote.treat = () => ({result: () => `0x${bent.toString('hex')}`});
		await t.throwsAsync(open().signTransaction(asked), {code: 'KEY_INVALID'}, `bit ${bit}`);
	}
});

const away: readonly (readonly [name: string, treatment: SignerTreatment, says: RegExp])[] = [
	['cuts the connection', 'drop', /did not answer: ECONNRESET$/],
	['breaks off', 'half', /did not answer: (?:ECONNRESET|the connection broke)$/],
	['points elsewhere', {status: 302, body: '', headers: {location: 'http://127.0.0.1:1/'}}, /points elsewhere \(HTTP 302\)/],
	['is a web page', {status: 200, body: '<html>'}, /is no signer \(HTTP 200\)/],
	['is a broken gateway', {status: 502, body: 'bad gateway'}, /is no signer \(HTTP 502\)/],
	['answers another question', {status: 200, body: '{"jsonrpc":"2.0","id":999,"result":"0x00"}'}, /is no signer/],
	['answers without end', {status: 200, body: 'x'.repeat(300_000)}, /longer than 262144 bytes/],
	['has trouble of its own', {error: {code: -32603, message: 'Internal error'}}, /trouble of its own: Internal error/],
];

for (const [name, treatment, says] of away) {
	test.serial(`a signer that ${name} is asked again later`, async t => {
		remote.treat = () => treatment;
		const before = remote.asked.length;
		const error = await t.throwsAsync(open().signTransaction(asked), {instanceOf: AgentError, code: 'SIGNER_UNREACHABLE', message: says});
		t.is((error as AgentError).remedy, 'retry');
		// It is our caller who asks again; here nothing is tried twice, or elsewhere.
		t.is(remote.asked.length, before + 1);
	});
}

test.serial('a signer that hangs is given up after the time that is set, and at once when the agent stops', async t => {
	remote.treat = () => 'hang';
	await t.throwsAsync(open({timeoutMs: 30}).signTransaction(asked), {code: 'SIGNER_UNREACHABLE', message: /no answer within 0\.03 s$/});
	const stopping = new AbortController();
	const signing = open({timeoutMs: 600_000, signal: stopping.signal}).signTransaction(asked);
	stopping.abort();
	await t.throwsAsync(signing, {code: 'SIGNER_UNREACHABLE'});
});

test.serial('a signer that is not there is asked again later', async t => {
	const gone = await startRemoteSigner(key, chainId);
	await gone.stop();
	await t.throwsAsync(open({url: gone.url}).signTransaction(asked), {code: 'SIGNER_UNREACHABLE', message: /ECONNREFUSED/});
});

test.serial("the signer's own refusal is repeated, but not all of it", async t => {
	remote.treat = () => ({error: {code: -32000, message: 'No unlocked account matches the Sender'}});
	await t.throwsAsync(open().signTransaction(asked), {
		code: 'KEY_INVALID',
		message: /does not sign for 0x[0-9a-f]{40}: No unlocked account/,
	});
	remote.treat = () => ({error: {code: -32602, message: 'x'.repeat(5000)}, status: 400});
	const error = await t.throwsAsync(open().signTransaction(asked), {code: 'KEY_INVALID'});
	t.true(error!.message.length < 400);
});

test('what is in the URL beside the host stays out of every message', async t => {
	const secret = await startRemoteSigner(key, chainId);
	t.teardown(secret.stop);
	secret.treat = () => ({status: 500, body: ''});
	const url = secret.url.replace('http://', 'http://me:tellnobody@');
	const error = await t.throwsAsync(open({url: `${url}/path-of-mine`}).signTransaction(asked));
	t.notRegex(JSON.stringify([error!.message, (error as AgentError).hint]), /tellnobody|path-of-mine/);
	t.is(secret.asked[0]!.headers.authorization, `Basic ${Buffer.from('me:tellnobody').toString('base64')}`);
});

const urls: readonly (readonly [url: string, plaintext: boolean, problem: RegExp | undefined])[] = [
	['https://signer.example.com:9000', false, undefined],
	['http://127.0.0.1:9000', false, undefined],
	['http://127.8.8.8', false, undefined],
	['http://localhost:9000', false, undefined],
	['http://[::1]:9000', false, undefined],
	['http://192.168.1.7:9000', false, /more than this machine/],
	['http://192.168.1.7:9000', true, undefined],
	['http://10.0.0.1', true, undefined],
	['http://172.31.0.1', true, undefined],
	['http://172.32.0.1', true, /no address of a private network/],
	['http://8.8.8.8', true, /no address of a private network/],
	['http://[fd12::1]', true, undefined],
	['http://[2001:db8::1]', true, /no address of a private network/],
	['http://signer.lan', false, /more than this machine/],
	['http://signer.lan', true, undefined],
	['http://127.0.0.1.example.com', false, /more than this machine/],
	['ftp://127.0.0.1', false, /by http or https/],
	['signer', false, /not a URL/],
];

test('a signer is asked without TLS on this machine only, or in a private network if that is said', t => {
	for (const [url, plaintext, problem] of urls) {
		const found = signerUrlProblem(url, plaintext);
		if (problem === undefined) t.is(found, undefined, url);
		else t.regex(found ?? '', problem, url);
	}
	t.throws(() => open({url: 'http://8.8.8.8'}), {code: 'CONFIG_INVALID', message: /more than this machine/});
	t.throws(() => open({address: '0x12'}), {code: 'CONFIG_INVALID', message: /not the address of a signer/});
	t.throws(() => open({tls: {certificate: 'x'}}), {code: 'CONFIG_INVALID', message: /needs its key/});
});
