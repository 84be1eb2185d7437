// A trader's balance and orders: what became of them, placing one with the wallet of the browser, and taking them back.

import {html, nothing, type TemplateResult} from 'lit-html';
import type {Account, Balance, Market, Order, OrderPage, Slot, SlotList} from '../../api/client.ts';
import {named} from '../entry-words.ts';
import {saveFile} from '../save-file.ts';
import {energyText, fieldText, moneyText, priceText, type Typed, typedAmount} from './amounts.ts';
import {type Asked, ask, askText, createAsked, pathOf} from './ask.ts';
import type {Context} from './context.ts';
import type {Figures} from './figures.ts';
import {isExpired, limitBand, type Told, toldOf, toldView, type Wanted} from './market-told.ts';
import {askedView, factsView, tableView} from './parts.ts';
import {hashOf} from './route.ts';
import {placeOrder, type Trader, takeBack} from './wallet.ts';
import type {Words} from './words.ts';

export type Part = {
	readonly view: () => TemplateResult;
	/** Asks again for all that it shows. */
	readonly again: () => void;
	readonly stop: () => void;
};

const ordersShown = 100;
/** As many as one cancellation may name. */
const takenBackMax = 500;
/** Slots that can be chosen: two days ahead. */
const slotsAheadMax = 192;
const kwhPlaces = 3;
const pricePlaces = 6;

/** What stands in the form, as it was typed. */
type Form = {
	readonly side: 'buy' | 'sell';
	readonly meter: string;
	readonly from: number;
	/** The slot that it ends before. */
	readonly until: number;
	readonly quantity: string;
	readonly limit: string;
	readonly isWhole: boolean;
};

/** `ended`: the token of the wallet holds no more. `changed`: an order was taken or taken back. */
export function createMyOrders(
	context: Context,
	market: Market,
	trader: Trader,
	tell: {readonly ended: () => void; readonly changed: () => void},
): Part {
	const {token, account} = trader;
	const {slotS, gateBeforeS, openBeforeS} = market.timeline;
	const {currency} = market;
	const inMarket = {market: market.id};
	let form: Partial<Form> = {};
	let told: Told | undefined;
	/** Rises with each talk with the wallet: an answer that nobody waits for any more is let go. */
	let talk = 0;
	let isBusy = false;

	const asking = <T>(how: (signal: AbortSignal) => Promise<T>): Asked<T> => createAsked(how, context.redraw);
	const who = asking(signal => ask<Account>(pathOf(['accounts', account], inMarket), {token, signal}));
	const balance = asking(signal => ask<Balance>(pathOf(['accounts', account, 'balance'], inMarket), {token, signal}));
	const orders = asking(signal =>
		ask<OrderPage>(pathOf(['orders'], {...inMarket, trader: account, sort: 'newest', limit: ordersShown}), {token, signal}),
	);
	const open = asking(async signal => {
		const from = Math.floor((context.nowMs() / 1000 + gateBeforeS) / slotS) + 1;
		const to = from + Math.min(slotsAheadMax, Math.ceil(openBeforeS / slotS));
		const {items} = await ask<SlotList>(pathOf(['markets', market.id, 'slots'], {from, to}), {signal});
		return items.filter(({phase}) => phase === 'open');
	});
	const all = [who, balance, orders, open] as const;
	const again = (): void => {
		for (const one of all)
			void one.again().then(() => {
				if (one.problem?.code === 'unauthorised') tell.ended();
			});
	};
	again();

	const slots = (): readonly Slot[] => open.value ?? [];
	/** Of what was typed, and where nothing was, of what comes first. */
	const current = (): Form | undefined => {
		const meters = who.value?.meters ?? [];
		const [meter, first] = [meters.find(one => one.meter === form.meter) ?? meters[0], slots()[0]];
		if (meter === undefined || first === undefined) return undefined;
		const from = slots().find(({slot}) => slot === form.from)?.slot ?? first.slot;
		// Orders are for slots without a gap between.
		let end = from;
		while (slots().some(({slot}) => slot === end)) end += 1;
		const until = form.until !== undefined && form.until > from && form.until <= end ? form.until : from + 1;
		const {side = 'buy', quantity = '', limit = '', isWhole = false} = form;
		return {side, meter: meter.meter, from, until, quantity, limit, isWhole};
	};
	const most = ({meter, side}: Pick<Form, 'meter' | 'side'>): number | undefined => {
		const found = who.value?.meters.find(one => one.meter === meter);
		return side === 'buy' ? found?.maxImportWh : found?.maxExportWh;
	};

	/** Talks with the wallet and the market, and tells what came of it. */
	const attempt = async (wanted: Omit<Wanted, 'market' | 'account'>, what: () => Promise<Told>): Promise<void> => {
		talk += 1;
		const mine = talk;
		isBusy = true;
		told = {text: ({market: said}) => said.signing};
		context.redraw();
		let found: Told;
		try {
			found = await what();
			tell.changed();
		} catch (error) {
			if (isExpired(error)) {
				if (mine === talk) tell.ended();
				return;
			}
			found = toldOf(error, {market, account, ...wanted});
		}
		// Whatever nobody waited for any more has happened all the same.
		again();
		if (mine !== talk) return;
		told = found;
		isBusy = false;
		context.redraw();
	};

	const place = (element: HTMLFormElement): void => {
		const wish = current();
		if (wish === undefined) return;
		const {side, meter, from, until, isWhole} = wish;
		const [quantity, limit] = [typedAmount(wish.quantity, kwhPlaces), typedAmount(wish.limit, pricePlaces)];
		if ('wrong' in quantity || 'wrong' in limit) {
			told = 'wrong' in quantity ? wrongTold(quantity, 'quantityField', kwhPlaces) : wrongTold(limit as Wrong, 'limitField', pricePlaces);
			context.redraw();
			return;
		}
		const carried = most(wish);
		const signed = {meter, side, slotFrom: from, slotCount: until - from, isWhole};
		void attempt({side, most: carried === undefined ? undefined : figures => energyText(carried, figures)}, async () => {
			const taken = await placeOrder(trader, market, {...signed, quantityWh: quantity.value, limitMicroPerKwh: limit.value});
			// Side, meter and limit stay for the next one.
			const typed = element.elements.namedItem('quantity');
			if (typed instanceof HTMLInputElement) typed.value = '';
			form = {...form, quantity: ''};
			return {text: ({market: said}) => said.placed(String(taken.index))};
		});
	};

	type Wrong = Extract<Typed, {readonly wrong: unknown}>;
	const wrongTold = ({wrong}: Wrong, field: 'quantityField' | 'limitField', places: number): Told => ({
		text: ({market: said}) => {
			const name = field === 'quantityField' ? said.quantityField : said.limitField(currency);
			switch (wrong) {
				case 'malformed':
					return said.bad.malformed(name);
				case 'too-fine':
					return said.bad.tooFine(name, String(places));
				case 'not-above-nought':
					return said.bad.nought(name);
				case 'too-large':
					return said.bad.tooLarge(name);
			}
		},
	});

	const withdraw = (hashes: readonly string[]): void =>
		void attempt({}, async () => {
			const {items} = await takeBack(trader, market, hashes);
			return {text: ({market: said}, figures) => said.takenBack(figures.whole(items.length))};
		});

	const saveReceipt = async ({hash, index}: Order): Promise<void> => {
		try {
			const text = await askText(pathOf(['orders', hash, 'receipt']), {token});
			saveFile(`receipt-${index}.json`, text, 'application/json');
		} catch (error) {
			if (isExpired(error)) return tell.ended();
			told = toldOf(error, {market, account});
			context.redraw();
		}
	};

	return {
		again,
		stop: () => {
			talk += 1;
			for (const one of all) one.stop();
		},
		view: () => {
			const words = context.words();
			const figures = context.figures();
			const said = words.market;
			return html`
				${balanceView(said)}
				<section>
					<h2>${said.myOrders}</h2>
					${askedView(orders, context, ({items, next}) =>
						items.length === 0
							? html`<p>${said.noneMine}</p>`
							: html`${ordersView(items, said, figures)}${next === undefined ? nothing : html`<p class="hint">${said.moreOrders(figures.whole(items.length))}</p>`}`,
					)}
				</section>
				<section>
					<h2>${said.place}</h2>
					${askedView(who, context, ({meters}) =>
						meters.length === 0
							? html`<p>${said.noMeter}</p>`
							: askedView(open, context, () => (slots().length === 0 ? html`<p>${said.noSlot}</p>` : formView(said, figures))),
					)}
					${toldView(told, words, figures)}
					${
						isBusy
							? html`<button type="button" @click=${() => {
									talk += 1;
									isBusy = false;
									told = undefined;
									context.redraw();
								}}>${said.stopWaiting}</button>`
							: nothing
					}
				</section>
			`;
		},
	};

	function balanceView(said: Words['market']): TemplateResult | typeof nothing {
		// Where no money moves nothing is deposited.
		if (market.contract === undefined) return nothing;
		return html`<section>
			<h2>${said.balance}</h2>
			${askedView(balance, context, value => {
				const row = (name: keyof typeof said.balances) =>
					[said.balances[name], moneyText(value[`${name}Nano`], currency, context.figures())] as const;
				return html`${factsView([row('deposited'), row('reserved'), row('available'), row('pending'), row('claimable'), row('drawn')])}
					<p class="hint">${said.balanceHint}</p>`;
			})}
		</section>`;
	}

	function ordersView(items: readonly Order[], said: Words['market'], figures: Figures): TemplateResult {
		const names = new Map((who.value?.meters ?? []).map(({meter, device}) => [meter, device]));
		const openOnes = items.filter(({state}) => state === 'open').slice(0, takenBackMax);
		return html`${tableView(
			said.myOrders,
			[said.time, said.state, said.side, said.quantity, said.limit, said.meter, said.proof],
			items.map(one => {
				const {order, state, index} = one;
				const time = figures.near(order.slotFrom * slotS * 1000);
				return [
					html`${time}${order.slotCount > 1 ? html` <small>${said.slotsOf(figures.whole(order.slotCount))}</small>` : nothing}`,
					html`<span>${named(said.states, state)}</span>${
						state === 'open'
							? html` · <button type="button" class="plain" ?disabled=${isBusy} aria-label=${said.takeBackOf(time)} @click=${() => withdraw([one.hash])}>${said.takeBack}</button>`
							: nothing
					}`,
					said.sides[order.side],
					{
						view: html`${energyText(order.quantityWh, figures)}${order.slotCount > 1 ? html` <small>${said.eachSlot}</small>` : nothing}`,
						look: 'number' as const,
					},
					{view: priceText(order.limitMicroPerKwh, currency, figures), look: 'number' as const},
					names.get(order.meter) ?? '–',
					index < 0
						? '–'
						: html`<a href=${hashOf('log', index)}>${figures.whole(index)}</a> · <button type="button" class="plain" @click=${() => void saveReceipt(one)}>${said.receipt}</button>`,
				];
			}),
		)}${
			openOnes.length < 2
				? nothing
				: html`<p class="buttons below"><button type="button" ?disabled=${isBusy} @click=${() => withdraw(openOnes.map(({hash}) => hash))}>${said.takeAllBack}</button></p>`
		}`;
	}

	function formView(said: Words['market'], figures: Figures): TemplateResult {
		const wish = current()!;
		const {side, from, until} = wish;
		const ends: number[] = [];
		for (let slot = from; slots().some(one => one.slot === slot); slot += 1) ends.push(slot + 1);
		const [low, high] = limitBand(market, side);
		const timeOf = (slot: number): string => figures.near(slot * slotS * 1000);
		return html`<form class="order" novalidate
			@input=${(event: Event) => {
				form = formOf(event.currentTarget as HTMLFormElement);
				context.redraw();
			}}
			@submit=${(event: SubmitEvent) => {
				event.preventDefault();
				form = formOf(event.currentTarget as HTMLFormElement);
				place(event.currentTarget as HTMLFormElement);
			}}>
			<label>${said.side}<select name="side">${(['buy', 'sell'] as const).map(one => html`<option value=${one} .selected=${one === side}>${said.sides[one]}</option>`)}</select></label>
			<label>${said.meter}<select name="meter">${who.value!.meters.map(({meter, device}) => html`<option value=${meter} .selected=${meter === wish.meter}>${device}</option>`)}</select></label>
			<label>${said.from}<select name="from">${slots().map(({slot}) => html`<option value=${slot} .selected=${slot === from}>${timeOf(slot)}</option>`)}</select></label>
			<label>${said.until}<select name="until">${ends.map(slot => html`<option value=${slot} .selected=${slot === until}>${timeOf(slot)}</option>`)}</select></label>
			<label>${said.quantityField}<input name="quantity" inputmode="decimal" autocomplete="off" maxlength="20" required aria-describedby="order-most" />
				<small id="order-most">${said.between('0.001', energyText(most(wish) ?? 0, figures))}</small></label>
			<label>${said.limitField(currency)}<input name="limit" inputmode="decimal" autocomplete="off" maxlength="20" required aria-describedby="order-band" />
				<small id="order-band">${said.between(fieldText(low), fieldText(high))} · ${said.limitHint[side]}</small></label>
			<label class="check"><input type="checkbox" name="whole" />${said.whole}</label>
			<div class="wide ends"><output>${previewText(wish, said, figures)}</output>
				<button type="submit" class="first" ?disabled=${isBusy}>${said.sign}</button></div>
		</form>`;
	}

	function previewText({side, from, until, quantity, limit}: Form, said: Words['market'], figures: Figures): string {
		const [energy, price] = [typedAmount(quantity, kwhPlaces), typedAmount(limit, pricePlaces)];
		if ('wrong' in energy || 'wrong' in price) return '';
		const wh = BigInt(energy.value) * BigInt(until - from);
		// Wh times µ/kWh is nano-currency.
		return said.preview[side](energyText(wh, figures), moneyText(wh * BigInt(price.value), currency, figures));
	}
}

function formOf(element: HTMLFormElement): Form {
	const fields = new FormData(element);
	const text = (name: string): string => String(fields.get(name) ?? '');
	return {
		side: text('side') === 'sell' ? 'sell' : 'buy',
		meter: text('meter'),
		from: Number(text('from')),
		until: Number(text('until')),
		quantity: text('quantity'),
		limit: text('limit'),
		isWhole: fields.get('whole') !== null,
	};
}
