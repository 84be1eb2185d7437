// The anchoring key in its file.
import test from 'ava';
import {createKeystore, openKeystore, signerFromKey, type UnsignedTransaction} from '../../agent/anchor/keystore.ts';
import {AgentError} from '../../agent/base/errors.ts';

const transaction: UnsignedTransaction = {
	chainId: 31337,
	nonce: 3,
	to: `0x${'12'.repeat(20)}`,
	data: '0xabcdef',
	value: 0n,
	gasLimit: 100_000n,
	type: 'dynamic',
	maxFeePerGas: 10n ** 9n,
	maxPriorityFeePerGas: 10n ** 8n,
};

test('a keystore opens with its password and signs as its address', async t => {
	const {address, json} = await createKeystore('a password');
	t.regex(address, /^0x[0-9a-f]{40}$/);
	const parsed = JSON.parse(json) as {version: number; address: string; 'x-ethers'?: unknown} & Record<string, {kdfparams: {n: number}}>;
	t.is(parsed.version, 3);
	t.is(parsed.Crypto?.kdfparams.n ?? parsed.crypto?.kdfparams.n, 2 ** 15);
	const signer = await openKeystore(json, 'a password');
	t.is(signer.address, address);
	const raw = await signer.signTransaction(transaction);
	t.regex(raw, /^0x02[0-9a-f]+$/);
	t.is(await signer.signTransaction(transaction), raw, 'the same request gives the same bytes');
});

test('no two keystores hold the same key, and no words that make it', async t => {
	const [one, two] = await Promise.all([createKeystore('x', {scryptN: 2 ** 10}), createKeystore('x', {scryptN: 2 ** 10})]);
	t.not(one.address, two.address);
	t.notRegex(one.json, /mnemonic/i);
});

test('a wrong password is a clear error that tells nothing of the key', async t => {
	const {json} = await createKeystore('right', {scryptN: 2 ** 10});
	const error = await t.throwsAsync(openKeystore(json, 'wrong'), {instanceOf: AgentError, code: 'KEY_INVALID'});
	t.regex(error!.message, /does not open with this password/);
	t.is(error!.cause, undefined);
});

test('what is not a keystore, or asks for too much memory, is refused before anything is computed', async t => {
	const {json} = await createKeystore('x', {scryptN: 2 ** 10});
	await t.throwsAsync(openKeystore('not json', 'x'), {code: 'KEY_INVALID', message: /not an encrypted JSON key/});
	await t.throwsAsync(openKeystore('{}', 'x'), {code: 'KEY_INVALID'});
	await t.throwsAsync(openKeystore('null', 'x'), {code: 'KEY_INVALID'});
	await t.throwsAsync(openKeystore(json.replace('"n":1024', '"n":1073741824'), 'x'), {code: 'KEY_INVALID', message: /N = 1073741824/});
	await t.throwsAsync(openKeystore(json.replace('"r":8', '"r":4096'), 'x'), {code: 'KEY_INVALID'});
});

test('a bare key that is none is refused without being repeated', t => {
	const error = t.throws(() => signerFromKey('0x1234secret'), {code: 'KEY_INVALID'});
	t.notRegex(error!.message, /1234secret/);
});
