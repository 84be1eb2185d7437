// The composition root's part for a trader: makes and signs orders on the trader's own machine, and a market's key on the operator's.

import {chmod, readFile, stat, writeFile} from 'node:fs/promises';
import {signInText} from './api/siwe.ts';
import {fromHex, toHex, toPrefixedHex, utf8} from './base/bytes.ts';
import {giveToOwner} from './base/durable.ts';
import {AgentError, describeError} from './base/errors.ts';
import {keccak256} from './base/hash.ts';
import type {Random} from './base/random.ts';
import {createSigner, type Signer} from './base/secp256k1.ts';
import {deviceUrn} from './format/subject.ts';
import {readSecret, type Site, siteFile} from './site.ts';
import type {Mode, Side, SignedOrder} from './trade/order.ts';
import {slotCountMax, slotS} from './trade/order.ts';
import {messageDigest} from './trade/personal-message.ts';
import {createDigests} from './trade/typed-data.ts';

/** Reads 64 hexadecimal digits from the first line of a file. Fails with KEY_INVALID. */
export async function openTraderKey(path: string): Promise<Signer> {
	return createSigner(await readTraderKey(path))!;
}

/** The 32 bytes of such a key. Fails with KEY_INVALID. */
export async function readTraderKey(path: string): Promise<Uint8Array> {
	const key = fromHex((await readSecret(path)).replace(/^0x/, ''));
	if (key?.length !== 32 || createSigner(key) === undefined)
		throw new AgentError('KEY_INVALID', `${path} does not hold a private key of 64 hexadecimal digits`, {
			hint: `Make one with: openssl rand -hex 32 > ${path}`,
		});
	return key;
}

type MarketFacts = {
	readonly id: string;
	readonly name: string;
	readonly mode: Mode;
	readonly timeline: {readonly gateBeforeS: number};
	readonly domain: {readonly chainId: number; readonly verifyingContract: string};
};

export type OrderWish = {
	/** Where the market's HTTP interface answers, such as http://127.0.0.1:8787. */
	readonly url: string;
	/** The market's name; may be left out where there is one. */
	readonly market: string | undefined;
	readonly device: string;
	readonly side: Side;
	readonly quantityWh: number;
	readonly limitMicroPerKwh: number;
	readonly minQuantityWh: number;
	/** undefined: the next slot whose gate is open. */
	readonly slotFrom: number | undefined;
	readonly slotCount: number;
	readonly counter: number;
};

/** Asks the market what it is, and signs an order for it. Fails with AGENT_UNREACHABLE or ARGUMENT_INVALID. */
export async function signOrder(wish: OrderWish, signer: Signer, random: Random): Promise<SignedOrder> {
	const {url, device, side, quantityWh, limitMicroPerKwh, minQuantityWh, slotCount, counter} = wish;
	if (slotCount < 1 || slotCount > slotCountMax)
		throw new AgentError(
			'ARGUMENT_INVALID',
			`an order is for 1 to ${slotCountMax} slots, not for ${slotCount}: no market takes more than 31 days in one`,
		);
	const {markets, nowMs} = await readMarkets(url);
	const market = markets.find(({name}) => wish.market === undefined || name === wish.market);
	if (market === undefined || (wish.market === undefined && markets.length > 1))
		throw new AgentError('ARGUMENT_INVALID', `${url} has the markets ${markets.map(({name}) => name).join(', ') || 'none'}`, {
			hint: 'Name one with --market.',
		});
	const slotFrom = wish.slotFrom ?? Math.floor((nowMs / 1000 + market.timeline.gateBeforeS) / slotS) + 1;
	const plain = {
		market: market.id,
		meter: toPrefixedHex(keccak256(utf8(deviceUrn(device)))),
		trader: toPrefixedHex(signer.address),
		side,
		mode: market.mode,
		slotFrom,
		slotCount,
		quantityWh,
		limitMicroPerKwh,
		minQuantityWh,
		validUntil: (slotFrom + slotCount) * slotS,
		counter,
		salt: toPrefixedHex(random.bytes(32)),
	};
	const digest = createDigests(market.domain).order({...plain, salt: BigInt(plain.salt)});
	return {...plain, signature: toPrefixedHex(signer.sign(digest))};
}

/** Signs in at the market's HTTP interface as a wallet does [EIP-4361]; gives a token for fifteen minutes. Fails with AGENT_UNREACHABLE. */
export async function signIn(url: string, signer: Signer): Promise<string> {
	const {markets, nowMs} = await readMarkets(url);
	const {nonce} = (await ask(url, 'POST', '/auth/nonce')) as {readonly nonce: string};
	const {host, origin} = new URL(url);
	const message = signInText({
		domain: host,
		address: toPrefixedHex(signer.address),
		statement: 'Show me my orders and rows.',
		uri: origin,
		chainId: markets[0]?.domain.chainId ?? 1,
		nonce,
		issuedAtMs: nowMs,
	});
	const signature = toPrefixedHex(signer.sign(messageDigest(message)));
	return ((await ask(url, 'POST', '/auth/siwe', {message, signature})) as {readonly token: string}).token;
}

async function readMarkets(url: string): Promise<{readonly markets: readonly MarketFacts[]; readonly nowMs: number}> {
	const markets = (await ask(url, 'GET', '/markets')) as {readonly items: readonly MarketFacts[]};
	// The market's clock counts, not the trader's.
	const time = (await ask(url, 'GET', '/time')) as {readonly nowMs?: number; readonly now?: string};
	return {markets: markets.items, nowMs: time.nowMs ?? Date.parse(time.now ?? '')};
}

async function ask(url: string, method: 'GET' | 'POST', path: string, body?: unknown): Promise<unknown> {
	try {
		const answer = await fetch(`${url.replace(/\/+$/, '')}/v1${path}`, {
			method,
			signal: AbortSignal.timeout(10_000),
			...(body === undefined ? {} : {headers: {'content-type': 'application/json'}, body: JSON.stringify(body)}),
		});
		if (!answer.ok) throw new Error(`it answers ${answer.status}: ${(await answer.text()).slice(0, 500)}`);
		return await answer.json();
	} catch (error) {
		throw new AgentError('AGENT_UNREACHABLE', `no market answers at ${url}: ${describeError(error)}`, {
			hint: 'Is the agent running, and does its config have the sections market and api?',
			cause: error,
		});
	}
}

/** Makes the operator's key of a market, unless it is there; gives its address. */
export async function prepareMarketKey(
	site: Site,
	random: Random,
): Promise<{readonly address: string; readonly made: boolean; readonly keystore: string}> {
	const {keystore, keystorePasswordFile} = site.config.market ?? {keystore: 'market-key.json', keystorePasswordFile: 'market-key.password'};
	const [keyPath, passwordPath] = [siteFile(site, keystore), siteFile(site, keystorePasswordFile)];
	const {createKeystore, openKeystore} = await import('./anchor/keystore.ts');
	const isThere = await stat(keyPath).then(
		() => true,
		() => false,
	);
	if (isThere) {
		const {address} = await openKeystore(await readFile(keyPath, 'utf8'), await readSecret(passwordPath));
		return {address, made: false, keystore: keyPath};
	}
	const password = toHex(random.bytes(32));
	const {address, json} = await createKeystore(password);
	// The password first: a key that nobody can open is worse than none.
	await writeFile(passwordPath, `${password}\n`, {flag: 'wx', mode: 0o600});
	await writeFile(keyPath, `${json}\n`, {flag: 'wx', mode: 0o600});
	await chmod(keyPath, 0o600);
	for (const path of [passwordPath, keyPath]) await giveToOwner(path);
	return {address, made: true, keystore: keyPath};
}
