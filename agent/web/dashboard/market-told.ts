// Turns why a wallet or a market did not do what was wanted into a sentence for whoever wanted it, in the reader's language.

import {html, nothing, type TemplateResult} from 'lit-html';
import type {Market} from '../../api/client.ts';
import {moneyText, priceText} from './amounts.ts';
import {AskProblem} from './ask.ts';
import {problemText} from './context.ts';
import {type Figures, shortHash} from './figures.ts';
import {quotedView} from './parts.ts';
import {WalletProblem} from './wallet.ts';
import type {Words} from './words.ts';

/** What is told once: made when it is drawn, since the reader may change the language meanwhile. */
export type Told = {
	readonly text: (words: Words, figures: Figures) => string;
	/** In the words of whoever said it, in English. */
	readonly exact?: {readonly by: (words: Words) => string; readonly text: string};
};

/** What the sentence needs beside the refusal. */
export type Wanted = {
	readonly market: Market;
	readonly account?: string | undefined;
	readonly side?: 'buy' | 'sell' | undefined;
	/** What the meter carries in a slot, as a text. */
	readonly most?: ((figures: Figures) => string) | undefined;
};

/** µ-currency: what a limit lies between. A buyer's includes the grid fee. */
export function limitBand({params}: Market, side: 'buy' | 'sell'): readonly [low: number, high: number] {
	const {feedInMicroPerKwh, retailMicroPerKwh, gridFeeMicroPerKwh} = params;
	return side === 'buy'
		? [feedInMicroPerKwh + gridFeeMicroPerKwh, retailMicroPerKwh]
		: [feedInMicroPerKwh, retailMicroPerKwh - gridFeeMicroPerKwh];
}

export const isExpired = (error: unknown): boolean => error instanceof AskProblem && error.code === 'unauthorised';

export function toldOf(error: unknown, wanted: Wanted): Told {
	if (error instanceof WalletProblem) return walletTold(error, wanted);
	if (!(error instanceof AskProblem)) return {text: ({problems}) => problems.other, exact: {by: ({exact}) => exact, text: String(error)}};
	return {text: refusalText(error, wanted), exact: {by: ({exact}) => exact, text: error.message}};
}

/** It is read out to whoever cannot see it, when it changes. */
export function toldView(told: Told | undefined, words: Words, figures: Figures): TemplateResult {
	return html`<div role="status">${
		told === undefined
			? nothing
			: html`<div class="told">
					<p>${told.text(words, figures)}</p>
					${told.exact === undefined ? nothing : quotedView(told.exact.by(words), told.exact.text, figures)}
				</div>`
	}</div>`;
}

function walletTold({fault}: WalletProblem, {market, account = ''}: Wanted): Told {
	switch (fault.kind) {
		case 'other-account':
			return {text: words => words.market.wallet.otherAccount(shortHash(fault.account), shortHash(account))};
		case 'other-chain':
			return {text: words => words.market.wallet.otherChain(fault.chainId, String(market.domain.chainId))};
		case 'failed':
			return {text: words => words.market.wallet.failed, exact: {by: words => words.market.wallet.says, text: fault.said}};
		case 'no-signature':
			return {text: words => words.market.wallet.noSignature};
		default:
			return {text: words => words.market.wallet[fault.kind as 'none' | 'refused' | 'pending' | 'locked']};
	}
}

const isNano = (text: unknown): text is string => typeof text === 'string' && /^-?\d{1,39}$/.test(text);

function refusalText(problem: AskProblem, {market, side, most}: Wanted): Told['text'] {
	const {code, members} = problem;
	const {currency} = market;
	const pointers = Array.isArray(members.errors) ? members.errors.map(one => (one as {readonly pointer?: unknown} | null)?.pointer) : [];
	if (code === 'price-out-of-band' && side !== undefined) {
		const [low, high] = limitBand(market, side);
		return (words, figures) => words.market.outOfBand(priceText(low, currency, figures), priceText(high, currency, figures));
	}
	if (code === 'capacity-exceeded') {
		if (pointers.includes('/meter') || most === undefined) return words => words.market.tooMany;
		return (words, figures) => words.market.tooMuch(most(figures));
	}
	const {requiredNano, availableNano} = members;
	if (code === 'insufficient-escrow' && isNano(requiredNano) && isNano(availableNano))
		return (words, figures) => words.market.escrow(moneyText(requiredNano, currency, figures), moneyText(availableNano, currency, figures));
	return words => {
		const {refusals} = words.market;
		return Object.hasOwn(refusals, code) ? refusals[code as keyof typeof refusals] : problemText(problem, words);
	};
}
