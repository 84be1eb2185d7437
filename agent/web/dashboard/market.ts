// The energy market: price and volume by slot, the book after its gate, and with a wallet of the browser one's own balance, orders and bill.

import {html, nothing, type TemplateResult} from 'lit-html';
import type {Book, Clearing, Market, MarketList, Slot, SlotList} from '../../api/client.ts';
import {energyText, priceDigits, priceText} from './amounts.ts';
import {ask, createAsked, pathOf} from './ask.ts';
import type {Context, Page, SignedIn} from './context.ts';
import {isExpired, type Told, toldOf, toldView} from './market-told.ts';
import {createMyBill} from './my-bill.ts';
import {createMyOrders, type Part} from './my-orders.ts';
import {askedView, factsView, figuresView, tableView} from './parts.ts';
import {priceVolumeView} from './price-volume.ts';
import {type Trader, walletOf, walletSignIn} from './wallet.ts';

/** Slots that are shown: those of a week are as many as one listing may have. */
const spans = {hours: 32, day: 104, week: 672} as const;
type SpanName = keyof typeof spans;
/** Of them, those that are still to come. */
const slotsAhead = 8;
const againMs = 15_000;
/** While a slot is between its gate and its clearing. */
const againSoonMs = 3000;

/** Who signed in with a wallet, as long as the session of the dashboard goes on: leaving the page is no signing out. In memory alone. */
const traders = new WeakMap<SignedIn, Trader>();

export function marketPage(context: Context): Page {
	const narrow = matchMedia('(max-width: 48rem)');
	let span: SpanName = narrow.matches ? 'hours' : 'day';
	let chosen: number | undefined;
	/** The newest slot whose gate has closed is shown, until the reader chooses one. */
	let isFollowing = true;
	let mine: {readonly trader: Trader; readonly parts: readonly Part[]} | undefined;
	let told: Told | undefined;
	let isBusy = false;
	let isLeft = false;
	let timer: number | undefined;
	let seen = '';
	const markets = createAsked(signal => ask<MarketList>('/markets', {signal}), context.redraw);
	const market = (): Market | undefined => markets.value?.items[0];
	const nowSlot = ({timeline}: Market): number => Math.floor(context.nowMs() / 1000 / timeline.slotS);
	const slots = createAsked(async signal => {
		const one = market()!;
		const to = nowSlot(one) + slotsAhead;
		return ask<SlotList>(pathOf(['markets', one.id, 'slots'], {from: Math.max(0, to - spans[span]), to}), {signal});
	}, context.redraw);
	const book = createAsked(signal => ask<Book>(pathOf(['slots', market()!.id, chosen!, 'book']), {signal}), context.redraw);
	const clearing = createAsked(signal => ask<Clearing>(pathOf(['slots', market()!.id, chosen!, 'clearing']), {signal}), context.redraw);
	const items = (): readonly Slot[] => slots.value?.items ?? [];
	const chosenSlot = (): Slot | undefined => items().find(({slot}) => slot === chosen);
	/** What it shows of a slot may be new. */
	const look = (): void => {
		if (chosen === undefined) return;
		void book.again();
		void clearing.again();
	};
	const show = (slot: number): void => {
		if (slot !== chosen) {
			book.forget();
			clearing.forget();
		}
		chosen = slot;
		look();
	};
	const choose = (slot: number): void => {
		isFollowing = false;
		show(slot);
		context.redraw();
	};
	const load = async (): Promise<void> => {
		window.clearTimeout(timer);
		if (market() === undefined) await markets.again();
		if (market() !== undefined && !isLeft) {
			const before = phasesOf(items());
			await slots.again();
			const closed = isFollowing ? [...items()].reverse().find(({phase}) => phase !== 'open') : undefined;
			if (closed !== undefined && closed.slot !== chosen) show(closed.slot);
			else if (phasesOf(items()) !== before) look();
			// Orders are few; a bill is long, and new only where a slot is.
			const isNew = phasesOf(items()) !== before;
			for (const part of mine?.parts ?? []) if (isNew || part === mine?.parts[0]) part.again();
		}
		if (isLeft) return;
		const isDue = items().some(({phase}) => phase === 'closed');
		timer = window.setTimeout(() => void load(), isDue ? againSoonMs : againMs);
	};

	const open = (trader: Trader): void => {
		const one = market()!;
		const ended = (): void => close({text: ({market: said}) => said.expired});
		const parts: Part[] = [];
		parts.push(createMyOrders(context, one, trader, {ended, changed: () => parts[1]?.again()}), createMyBill(context, one, trader, ended));
		mine = {trader, parts};
	};
	const close = (why?: Told): void => {
		for (const part of mine?.parts ?? []) part.stop();
		mine = undefined;
		traders.delete(context.session());
		told = why;
		context.redraw();
	};
	const connect = async (): Promise<void> => {
		isBusy = true;
		told = undefined;
		context.redraw();
		const session = context.session();
		try {
			const trader = await walletSignIn(market()!);
			traders.set(session, trader);
			if (!isLeft) open(trader);
		} catch (error) {
			const found = toldOf(error, {market: market()!});
			// Answered too late, for one: nobody was signed in before.
			told = isExpired(error) ? {...found, text: ({market: said}) => said.wallet.notTaken} : found;
		}
		isBusy = false;
		if (!isLeft) context.redraw();
	};
	narrow.addEventListener('change', context.redraw);
	void load().then(() => {
		const trader = isLeft ? undefined : traders.get(context.session());
		if (trader === undefined || market() === undefined) return;
		open(trader);
		context.redraw();
	});

	return {
		title: () => context.words().market.title,
		move: () => true,
		drawn: () => {
			// The agent says once a second how its market is: what is new there, and a slot that begins, is asked for at once.
			const one = market();
			if (one === undefined) return;
			const now = JSON.stringify([context.agent()?.market ?? null, nowSlot(one)]);
			if (seen !== '' && seen !== now) {
				void load();
				mine?.parts[1]?.again();
			}
			seen = now;
		},
		leave: () => {
			isLeft = true;
			window.clearTimeout(timer);
			narrow.removeEventListener('change', context.redraw);
			for (const asked of [markets, slots, book, clearing]) asked.stop();
			for (const part of mine?.parts ?? []) part.stop();
		},
		view: () => {
			const said = context.words().market;
			return html`<h1>${said.title}</h1>
				<p class="lead">${said.lead}</p>
				${askedView(markets, context, ({items: all}) => {
					const one = all[0];
					if (one === undefined) return html`<p>${said.empty}</p>`;
					return html`${marketView(one, context)} ${askedView(slots, context, ({items: shown}) => slotsView(one, shown))}
						${chosen === undefined ? nothing : bookView(one)} ${mineView()}`;
				})}`;
		},
	};

	function slotsView(one: Market, shown: readonly Slot[]): TemplateResult {
		const said = context.words().market;
		const figures = context.figures();
		const {currency, params} = one;
		const price = ({priceBuyMicroPerKwh, volumeWh}: Slot): string =>
			priceBuyMicroPerKwh !== undefined ? priceText(priceBuyMicroPerKwh, currency, figures) : volumeWh === undefined ? '–' : said.noTrade;
		const energy = ({volumeWh}: Slot): string => (volumeWh === undefined ? '–' : energyText(volumeWh, figures));
		const most = Math.max(0, ...shown.map(({volumeWh}) => volumeWh ?? 0));
		const priced = [...shown].reverse().find(({priceBuyMicroPerKwh}) => priceBuyMicroPerKwh !== undefined);
		return html`<section>
			<div class="line">
				<h2>${said.slots}</h2>
				<div class="buttons" role="group" aria-label=${said.span}>
					${(Object.keys(spans) as SpanName[]).map(
						name =>
							html`<button type="button" aria-pressed=${name === span ? 'true' : 'false'} @click=${() => {
								span = name;
								void load();
							}}>${said.spans[name]}</button>`,
					)}
				</div>
			</div>
			<ul class="legend">
				<li><span class="key volume" aria-hidden="true"></span>${said.legend.volume}</li>
				<li><span class="key price" aria-hidden="true"></span>${said.legend.price}</li>
				<li><span class="key open" aria-hidden="true"></span>${said.legend.open}</li>
			</ul>
			${priceVolumeView({
				label: `${said.slots}. ${said.nowTraded(energyText(most, figures), priced === undefined ? said.noTrade : price(priced))}`,
				bars: shown.map(slot => ({
					fromMs: Date.parse(slot.start),
					toMs: Date.parse(slot.end),
					volumeWh: slot.volumeWh,
					priceMicro: slot.priceBuyMicroPerKwh,
					isOpen: slot.phase === 'open',
					isChosen: slot.slot === chosen,
					title: `${figures.near(Date.parse(slot.start))} · ${said.phases[slot.phase]} · ${energy(slot)} · ${price(slot)}`,
					choose: () => choose(slot.slot),
				})),
				band: [params.feedInMicroPerKwh, params.retailMicroPerKwh],
				currency,
				nowMs: context.nowMs(),
				isNarrow: narrow.matches,
				figures,
			})}
			<p class="hint">${said.drawn}</p>
			<details>
				<summary>${said.table}</summary>
				${tableView(
					said.slots,
					[said.time, said.phase, said.volume, said.price, said.slot],
					[...shown]
						.reverse()
						.map(slot => [
							html`<button type="button" class="plain" aria-pressed=${slot.slot === chosen ? 'true' : 'false'} @click=${() => choose(slot.slot)}>${figures.near(Date.parse(slot.start))}</button>`,
							said.phases[slot.phase],
							{view: energy(slot), look: 'number' as const},
							{view: price(slot), look: 'number' as const},
							{view: String(slot.slot), look: 'number' as const},
						]),
				)}
			</details>
		</section>`;
	}

	function bookView(one: Market): TemplateResult {
		const said = context.words().market;
		const figures = context.figures();
		const {currency} = one;
		const slot = chosenSlot();
		const cleared = clearing.value?.slot === chosen ? clearing.value : undefined;
		const isSealed = book.problem?.code === 'not-yet' && slot !== undefined;
		const tiers = (side: 'bids' | 'asks', value: Book): TemplateResult =>
			html`<div><h3>${said[side]}</h3>${
				value[side].length === 0
					? html`<p>${said.noOrders}</p>`
					: tableView(
							said[side],
							[said.price, said.quantity, said.orders],
							value[side].map(tier => [
								{view: priceText(tier.priceMicroPerKwh, currency, figures), look: 'number' as const},
								{view: energyText(tier.quantityWh, figures), look: 'number' as const},
								{view: figures.whole(tier.orders), look: 'number' as const},
							]),
						)
			}</div>`;
		const startMs = chosen! * one.timeline.slotS * 1000;
		const neighbour = (step: 1 | -1, label: string): TemplateResult => {
			const next = chosen! + step;
			const isThere = items().some(({slot: number}) => number === next);
			return html`<button type="button" ?disabled=${!isThere} @click=${() => choose(next)} aria-label=${label}>${step < 0 ? '←' : '→'}</button>`;
		};
		return html`<section class="book" aria-label=${said.book}>
			<div class="line">
				<h2>${said.book} <small>${figures.near(startMs)} – ${figures.hour(startMs + one.timeline.slotS * 1000)}</small></h2>
				<div class="buttons">${neighbour(-1, said.earlier)} ${neighbour(1, said.later)}</div>
			</div>
			${
				slot === undefined
					? nothing
					: figuresView([
							{label: said.phase, value: said.phases[slot.phase]},
							{label: said.volume, value: slot.volumeWh === undefined ? '–' : energyText(slot.volumeWh, figures)},
							{
								label: said.price,
								value: slot.priceBuyMicroPerKwh === undefined ? '–' : priceText(slot.priceBuyMicroPerKwh, currency, figures),
							},
						])
			}
			${isSealed ? html`<p>${slot.phase === 'open' ? said.bookSealed(figures.time(Date.parse(slot.gate))) : said.bookClosed}</p>` : askedView(book, context, value => html`<div class="pair">${tiers('bids', value)}${tiers('asks', value)}</div>`)}
			${
				cleared === undefined
					? nothing
					: factsView([
							[said.header, cleared.headerHash, 'code'],
							cleared.transaction === null ? undefined : [said.posted, cleared.transaction, 'code'],
						])
			}
		</section>`;
	}

	function mineView(): TemplateResult {
		const words = context.words();
		const said = words.market;
		if (mine !== undefined)
			return html`<section>
					<div class="line">
						<h2>${said.mine}</h2>
						<button type="button" @click=${() => close()}>${said.disconnect}</button>
					</div>
					${factsView([[said.account, mine.trader.account, 'code']])}
				</section>
				${mine.parts.map(part => part.view())}`;
		const hasWallet = walletOf() !== undefined;
		return html`<section>
			<h2>${said.mine}</h2>
			<p class="lead">${hasWallet ? said.mineLead : said.noWallet}</p>
			${hasWallet ? html`<button type="button" ?disabled=${isBusy} @click=${() => void connect()}>${said.connect}</button>` : nothing}
			${toldView(told, words, context.figures())}
		</section>`;
	}
}

/** Changes when something of the slots that are shown does. */
const phasesOf = (slots: readonly Slot[]): string => slots.map(({slot, phase}) => `${slot}${phase}`).join();

function marketView(market: Market, context: Context): TemplateResult {
	const said = context.words().market;
	const figures = context.figures();
	const {params, currency, timeline, contract, settlementMode, domain} = market;
	return html`<section>
		${figuresView([
			{label: said.market, value: market.name, more: said.mode[market.mode]},
			{
				label: said.band,
				value: `${priceDigits(params.feedInMicroPerKwh, figures)} – ${priceText(params.retailMicroPerKwh - params.gridFeeMicroPerKwh, currency, figures)}`,
			},
			{label: said.fee, value: priceText(params.gridFeeMicroPerKwh, currency, figures)},
			{label: said.gate, value: said.gateBefore(figures.age(timeline.gateBeforeS * 1000))},
		])}
		${factsView([
			[said.settlement, said.settlementMode[settlementMode]],
			contract === undefined ? undefined : [said.contract, `${contract} · ${said.chain(String(domain.chainId))}`, 'code'],
		])}
	</section>`;
}
