// A wallet in the browser as its owner sees it [EIP-1193], with a real key behind it outside of the page, and faults on demand.
import {Wallet} from 'ethers';
import type {Page} from 'playwright-core';

export type WalletFault =
	| 'refuses'
	| 'is locked'
	| 'waits already'
	| 'fails'
	/** Signs with a key of somebody else. */
	| 'signs as another'
	/** Shows an account of somebody else, from now on. */
	| 'shows another'
	/** Is on another chain, and does not know the one that is wanted. */
	| 'is on another chain'
	/** Is on another chain until its owner is asked to change it. */
	| 'is on another chain, and changes it'
	| 'gives no signature'
	/** Never answers what it is to sign. */
	| 'hangs';

export type BrowserWallet = {
	fault: WalletFault | undefined;
	/** The methods that it was asked for. */
	readonly asked: string[];
	/** What it was asked to sign, as typed data. */
	readonly signed: {readonly primaryType: string; readonly message: Readonly<Record<string, unknown>>}[];
};

type Answer = {readonly value: unknown} | {readonly error: {readonly code: number; readonly message: string}};

export const walletMarkup = '<img src=x onerror="document.title=7">';
const stranger = new Wallet(`0x${'5e'.repeat(32)}`);

/** From the next load of the page on. */
export async function giveWallet(page: Page, privateKey: string, chainId = 31_337): Promise<BrowserWallet> {
	const owner = new Wallet(privateKey);
	const wallet: BrowserWallet = {fault: undefined, asked: [], signed: []};
	await page.exposeFunction('askWallet', async (method: string, params: readonly string[]): Promise<Answer> => {
		wallet.asked.push(method);
		const {fault} = wallet;
		const isSigning = method === 'personal_sign' || method === 'eth_signTypedData_v4';
		if (fault === 'waits already' && isSigning) return {error: {code: -32_002, message: 'already pending'}};
		if (fault === 'refuses' && isSigning) return {error: {code: 4001, message: 'User rejected the request.'}};
		if (fault === 'fails' && isSigning) return {error: {code: -32_603, message: `Internal error ${walletMarkup}`}};
		if (fault === 'gives no signature' && isSigning) return {value: walletMarkup};
		if (fault === 'hangs' && isSigning) return new Promise(() => {});
		const signer = fault === 'signs as another' ? stranger : owner;
		switch (method) {
			case 'eth_requestAccounts':
			case 'eth_accounts':
				return {value: fault === 'is locked' ? [] : [fault === 'shows another' ? stranger.address : owner.address]};
			case 'eth_chainId':
				return {value: fault?.startsWith('is on another chain') === true ? '0x1' : `0x${chainId.toString(16)}`};
			case 'wallet_switchEthereumChain':
				if (fault === 'is on another chain') return {error: {code: 4902, message: 'Unrecognized chain ID.'}};
				wallet.fault = undefined;
				return {value: null};
			case 'personal_sign':
				return {value: await signer.signMessage(Buffer.from(params[0]!.slice(2), 'hex'))};
			case 'eth_signTypedData_v4': {
				const {domain, types, primaryType, message} = JSON.parse(params[1]!);
				wallet.signed.push({primaryType, message});
				const {EIP712Domain: _, ...rest} = types;
				return {value: await signer.signTypedData(domain, rest, message)};
			}
			default:
				return {error: {code: 4200, message: `no method ${method}`}};
		}
	});
	await page.addInitScript(`window.ethereum = {
		request: async ({method, params}) => {
			const answer = await window.askWallet(method, params ?? []);
			if (answer.error !== undefined) throw Object.assign(new Error(answer.error.message), {code: answer.error.code});
			return answer.value;
		},
	}`);
	return wallet;
}
