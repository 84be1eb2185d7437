// Signing in with a wallet: the message, its nonce, and the token that comes of it.
import test from 'ava';
import {checksummed, parseSignInMessage} from '../../agent/api/siwe.ts';
import {accountOf, openWorld, startMs, type World, walletOf} from './world.ts';

type Parts = Partial<
	Record<'domain' | 'address' | 'uri' | 'version' | 'chainId' | 'nonce' | 'issuedAt' | 'expiresAt' | 'notBefore' | 'statement', string>
>;

function messageOf(world: World, nonce: string, parts: Parts = {}): string {
	const domain = parts.domain ?? `127.0.0.1:${world.server.port}`;
	return [
		`${domain} wants you to sign in with your Ethereum account:`,
		parts.address ?? walletOf('anna').address,
		'',
		...(parts.statement === undefined ? [] : [parts.statement]),
		'',
		`URI: ${parts.uri ?? `http://${domain}/v1`}`,
		`Version: ${parts.version ?? '1'}`,
		`Chain ID: ${parts.chainId ?? '31337'}`,
		`Nonce: ${nonce}`,
		`Issued At: ${parts.issuedAt ?? new Date(startMs).toISOString()}`,
		...(parts.expiresAt === undefined ? [] : [`Expiration Time: ${parts.expiresAt}`]),
		...(parts.notBefore === undefined ? [] : [`Not Before: ${parts.notBefore}`]),
	].join('\n');
}

async function signIn(world: World, parts: Parts = {}, signer = walletOf('anna')) {
	const nonce: string = (await world.ask('/auth/nonce', {method: 'POST'})).body.nonce;
	const message = messageOf(world, nonce, parts);
	const sent = {json: {message, signature: await signer.signMessage(message)}};
	return {answer: await world.ask('/auth/siwe', sent), sent};
}

test('who signs the message gets a token for his account, and only once', async t => {
	const world = await openWorld(t);
	const {answer, sent} = await signIn(world, {statement: 'Show me my orders.'});
	t.is(answer.status, 201);
	t.is(answer.body.account, accountOf('anna'));
	t.is(answer.body.expiresAt, new Date(startMs + 900_000).toISOString());
	const {token} = answer.body;
	t.is((await world.ask(`/accounts/${accountOf('anna')}/balance`, {token})).status, 200);
	t.is((await world.ask(`/accounts/${accountOf('bert')}/balance`, {token})).status, 403);
	const again = await world.ask('/auth/siwe', sent);
	t.is(again.status, 401);
	t.regex(again.body.detail, /nonce/);
});

test('a token expires', async t => {
	const world = await openWorld(t);
	const {token} = (await signIn(world)).answer.body;
	t.is((await world.ask('/orders', {token})).status, 200);
	world.clock.pass(900_000);
	t.is((await world.ask('/orders', {token})).body.code, 'unauthorised');
});

const later = (ms: number): string => new Date(startMs + ms).toISOString();

for (const [name, parts, code] of [
	['another domain', {domain: 'evil.example', uri: 'https://evil.example/'}, 'unauthorised'],
	['an address of another host', {uri: 'https://evil.example/'}, 'unauthorised'],
	['another chain', {chainId: '1'}, 'unauthorised'],
	['a time in the future', {issuedAt: later(120_000)}, 'unauthorised'],
	['a time long ago', {issuedAt: later(-700_000)}, 'unauthorised'],
	['an expiry that is over', {expiresAt: later(-1)}, 'unauthorised'],
	['a beginning that is to come', {notBefore: later(1000)}, 'unauthorised'],
	['version 2', {version: '2'}, 'malformed'],
	['an address without its capital letters', {address: accountOf('anna')}, 'malformed'],
	['an expiry that is no time', {expiresAt: '2026-13-45T99:00:00Z'}, 'malformed'],
	['a line too many', {issuedAt: `${later(0)}\nNonce: 12345678`}, 'malformed'],
	['an account that did not sign', {address: walletOf('bert').address}, 'bad-signature'],
] as const) {
	test(`a message with ${name} opens nothing`, async t => {
		t.is((await signIn(await openWorld(t), parts)).answer.body.code, code);
	});
}

test('a token does not outlive the message', async t => {
	const {answer} = await signIn(await openWorld(t), {expiresAt: later(60_000)});
	t.is(answer.body.expiresAt, later(60_000));
});

test('a nonce of nobody, and a used one, are refused before the signature is looked at', async t => {
	const world = await openWorld(t);
	const message = messageOf(world, 'ABCDEFGH12345678');
	t.is((await world.ask('/auth/siwe', {json: {message, signature: `0x${'00'.repeat(65)}`}})).body.code, 'unauthorised');
});

test('addresses are capitalised as EIP-55 has them', t => {
	for (const address of ['0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed', '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359'])
		t.is(checksummed(address.toLowerCase()), address);
});

test('a message that is cut anywhere, or has one character more, is no message or another one', async t => {
	const world = await openWorld(t);
	const text = messageOf(world, 'ABCDEFGH12345678', {expiresAt: later(1000)});
	t.is(typeof parseSignInMessage(text), 'object');
	for (let at = 0; at < text.indexOf('Issued At'); at += 1) t.is(typeof parseSignInMessage(text.slice(0, at)), 'string');
	for (const end of ['\n', ' ', '\r\n', '\nResources:\n-x']) t.is(typeof parseSignInMessage(text + end), 'string');
});
