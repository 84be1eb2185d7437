// Signs in, and signs and takes back orders, with the wallet of the browser [EIP-1193]: what is signed is text and typed data, never a transaction.

import type {AcceptedOrder, Account, Market, Nonce, OrderList, Session, Time} from '../../api/client.ts';
import {signInText} from '../../api/siwe.ts';
import {toHex, utf8} from '../../base/bytes.ts';
import {ask, pathOf} from './ask.ts';
import {randomHex} from './browser-random.ts';

type Wallet = {readonly request: (asked: {readonly method: string; readonly params?: readonly unknown[]}) => Promise<unknown>};

export type Trader = {readonly account: string; readonly token: string; readonly wallet: Wallet};

export type WalletFault =
	| {readonly kind: 'none' | 'refused' | 'pending' | 'locked' | 'no-signature'}
	/** It shows another account than the one that signed in. */
	| {readonly kind: 'other-account'; readonly account: string}
	| {readonly kind: 'other-chain'; readonly chainId: string}
	| {readonly kind: 'failed'; readonly said: string};

/** Whoever holds the wallet said no, or it cannot do what is wanted. */
export class WalletProblem extends Error {
	override readonly name = 'WalletProblem';
	readonly fault: WalletFault;

	constructor(fault: WalletFault) {
		super(fault.kind);
		this.fault = fault;
	}
}

export function walletOf(): Wallet | undefined {
	const found = (window as {readonly ethereum?: Partial<Wallet>}).ethereum;
	return typeof found?.request === 'function' ? (found as Wallet) : undefined;
}

/** What a wallet says of its own failure may be as long as it likes. */
const saidLengthMax = 300;

async function asked(wallet: Wallet, method: string, params?: readonly unknown[]): Promise<unknown> {
	try {
		return await wallet.request({method, ...(params === undefined ? {} : {params})});
	} catch (error) {
		const {code, message} = (typeof error === 'object' && error !== null ? error : {}) as {
			readonly code?: unknown;
			readonly message?: unknown;
		};
		// 4001 and 4100 are those of EIP-1193; -32002 is what wallets answer while a window of theirs is open already.
		if (code === 4001) throw new WalletProblem({kind: 'refused'});
		if (code === 4100) throw new WalletProblem({kind: 'locked'});
		if (code === -32_002) throw new WalletProblem({kind: 'pending'});
		throw new WalletProblem({kind: 'failed', said: String(message ?? error).slice(0, saidLengthMax)});
	}
}

const isAccount = (one: unknown): one is string => typeof one === 'string' && /^0x[0-9a-fA-F]{40}$/.test(one);

async function accountsOf(wallet: Wallet, method: 'eth_requestAccounts' | 'eth_accounts'): Promise<readonly string[]> {
	const found = await asked(wallet, method);
	const accounts = Array.isArray(found) ? found.filter(isAccount) : [];
	if (accounts.length === 0) throw new WalletProblem({kind: 'locked'});
	return accounts.map(account => account.toLowerCase());
}

/** 65 bytes, or what a contract account has for them. */
function signatureOf(answer: unknown): string {
	if (typeof answer === 'string' && /^0x(?:[0-9a-fA-F]{2}){65,2048}$/.test(answer)) return answer;
	throw new WalletProblem({kind: 'no-signature'});
}

/** A token for the account of the wallet [EIP-4361]. */
export async function walletSignIn(market: Market): Promise<Trader> {
	const wallet = walletOf();
	if (wallet === undefined) throw new WalletProblem({kind: 'none'});
	const account = (await accountsOf(wallet, 'eth_requestAccounts'))[0]!;
	// The market's clock counts, not the trader's.
	const [{nonce}, {nowMs}] = await Promise.all([ask<Nonce>('/auth/nonce', {method: 'POST'}), ask<Time>('/time')]);
	const message = signInText({
		domain: location.host,
		address: account,
		statement: 'See, place and take back my orders.',
		uri: location.origin,
		chainId: market.domain.chainId,
		nonce,
		issuedAtMs: nowMs,
	});
	const signature = signatureOf(await asked(wallet, 'personal_sign', [`0x${toHex(utf8(message))}`, account]));
	const session = await ask<Session>('/auth/siwe', {method: 'POST', body: {message, signature}});
	return {account, token: session.token, wallet};
}

/** Before anything is signed: a wallet can be moved to another account or chain at any time, and some sign for one while they show another. */
async function checkWallet({wallet, account}: Trader, {domain}: Market): Promise<void> {
	const accounts = await accountsOf(wallet, 'eth_accounts');
	if (!accounts.includes(account)) throw new WalletProblem({kind: 'other-account', account: accounts[0]!});
	const chainOf = async (): Promise<string> => {
		const answer = await asked(wallet, 'eth_chainId');
		return typeof answer === 'string' && /^0x[0-9a-fA-F]{1,16}$/.test(answer) ? String(BigInt(answer)) : '?';
	};
	const wanted = String(domain.chainId);
	if ((await chainOf()) === wanted) return;
	// Asked of its owner by the wallet itself [EIP-3326]. Whether he did it is looked at, and not believed.
	await asked(wallet, 'wallet_switchEthereumChain', [{chainId: `0x${domain.chainId.toString(16)}`}]).catch(() => undefined);
	const chainId = await chainOf();
	if (chainId !== wanted) throw new WalletProblem({kind: 'other-chain', chainId});
}

async function sign(trader: Trader, market: Market, primaryType: 'Order' | 'OrderCancellation', message: object): Promise<string> {
	await checkWallet(trader, market);
	const data = {
		domain: market.domain,
		primaryType,
		types: {
			EIP712Domain: [
				{name: 'name', type: 'string'},
				{name: 'version', type: 'string'},
				{name: 'chainId', type: 'uint256'},
				{name: 'verifyingContract', type: 'address'},
			],
			[primaryType]: (market.types as Readonly<Record<string, unknown>>)[primaryType],
		},
		message,
	};
	return signatureOf(await asked(trader.wallet, 'eth_signTypedData_v4', [trader.account, JSON.stringify(data)]));
}

export type Wish = {
	readonly meter: string;
	readonly side: 'buy' | 'sell';
	readonly slotFrom: number;
	readonly slotCount: number;
	/** In each slot. */
	readonly quantityWh: number;
	/** Filled whole, or not at all. */
	readonly isWhole: boolean;
	readonly limitMicroPerKwh: number;
};

/** An order, signed by the wallet [EIP-712] with the counter that the account has now, and taken by the market. */
export async function placeOrder(trader: Trader, market: Market, {isWhole, ...wish}: Wish): Promise<AcceptedOrder> {
	const {timeline, mode} = market;
	const {counter} = await ask<Account>(pathOf(['accounts', trader.account], {market: market.id}), {token: trader.token});
	const order = {
		market: market.id,
		...wish,
		trader: trader.account,
		mode,
		minQuantityWh: isWhole ? wish.quantityWh : 0,
		// Until its last slot begins, which is behind the last gate: it means nothing afterwards.
		validUntil: (wish.slotFrom + wish.slotCount - 1) * timeline.slotS,
		counter,
		salt: randomHex(32),
	};
	const signature = await sign(trader, market, 'Order', {
		...order,
		side: wish.side === 'buy' ? 1 : 2,
		mode: mode === 'metered' ? 1 : 2,
	});
	return ask<AcceptedOrder>('/orders?receipt=link', {method: 'POST', token: trader.token, body: {...order, signature}});
}

/** Takes orders back before their gates; one signature for all of them. */
export async function takeBack(trader: Trader, market: Market, hashes: readonly string[]): Promise<OrderList> {
	const signature = await sign(trader, market, 'OrderCancellation', {hashes});
	return ask<OrderList>('/orders/cancel', {method: 'POST', token: trader.token, body: {market: market.id, hashes, signature}});
}
