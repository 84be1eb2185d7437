// What a trader bought and sold, what his meters showed, and what it comes to: by slot, and summed for a period.

import {html, nothing, type TemplateResult} from 'lit-html';
import type {Account, Market, Settlement, SettlementPage} from '../../api/client.ts';
import {named} from '../entry-words.ts';
import {saveFile} from '../save-file.ts';
import {energyDigits, moneyDigits, priceDigits} from './amounts.ts';
import {AskProblem, ask, askText, createAsked, pathOf} from './ask.ts';
import {added, nought, type Sums, sumsOf} from './bill-sums.ts';
import type {Context} from './context.ts';
import type {Figures} from './figures.ts';
import {isExpired, type Told, toldOf, toldView} from './market-told.ts';
import type {Part} from './my-orders.ts';
import {askedView, tableView} from './parts.ts';
import type {Trader} from './wallet.ts';
import type {Words} from './words.ts';

const slotsPerDay = 96;
const periods = {day: 1, week: 7, month: 31} as const;
type PeriodName = keyof typeof periods;
const pageLength = 500;
/** A month of one meter; of more meters the newest are shown. */
const rowsMax = 3000;
const rowsShown = 500;

/** The totals of a bill as its file has them; everything is decimal text. */
type BillFile = {
	readonly totals: {readonly [Name in 'soldWh' | 'boughtWh' | 'exportWh' | 'importWh']: string} & {
		readonly [Name in 'energy' | 'imbalance' | 'gridFee' | 'adjustment' | 'net' | 'withoutMarket']: {readonly nano: string};
	};
};

type Answered = {
	readonly rows: readonly Settlement[];
	readonly isCut: boolean;
	/** Slots before this one are in the bill; undefined: no day of the period is settled. */
	readonly settledTo: number | undefined;
	readonly settled: Sums | undefined;
	readonly withoutNano: bigint | undefined;
};

function billSums({totals}: BillFile): Sums {
	const {soldWh, boughtWh, exportWh, importWh, energy, imbalance, gridFee, adjustment, net} = totals;
	return {
		soldWh: BigInt(soldWh),
		boughtWh: BigInt(boughtWh),
		exportWh: BigInt(exportWh),
		importWh: BigInt(importWh),
		energyNano: BigInt(energy.nano),
		imbalanceNano: BigInt(imbalance.nano),
		gridFeeNano: BigInt(gridFee.nano),
		adjustmentNano: BigInt(adjustment.nano),
		netNano: BigInt(net.nano),
	};
}

export function createMyBill(context: Context, market: Market, {token, account}: Trader, ended: () => void): Part {
	let name: PeriodName = 'week';
	let told: Told | undefined;
	const {currency} = market;
	const {slotS} = market.timeline;
	/** Whole days of UTC, as they are settled, today's with it. */
	const period = (): {readonly from: number; readonly to: number} => {
		const to = (Math.floor(context.nowMs() / 1000 / slotS / slotsPerDay) + 1) * slotsPerDay;
		return {from: Math.max(0, to - periods[name] * slotsPerDay), to};
	};
	const names = createAsked(signal => ask<Account>(pathOf(['accounts', account], {market: market.id}), {token, signal}), context.redraw);
	const answer = createAsked(async (signal): Promise<Answered> => {
		const {from, to} = period();
		const query = {market: market.id, account, from, to};
		let settledTo: number | undefined;
		const bill = await ask<BillFile>(pathOf(['exports', 'bill'], {...query, format: 'json'}), {
			token,
			signal,
			heard: headers => {
				settledTo = Number(headers.get('settled-to'));
			},
		}).catch(error => {
			if (error instanceof AskProblem && error.code === 'not-yet') return undefined;
			throw error;
		});
		const rows: Settlement[] = [];
		let cursor: string | undefined;
		do {
			const page: SettlementPage = await ask(pathOf(['settlements'], {...query, limit: pageLength, cursor}), {token, signal});
			rows.push(...page.items);
			cursor = page.next;
		} while (cursor !== undefined && rows.length < rowsMax);
		return {
			rows,
			isCut: cursor !== undefined,
			settledTo,
			settled: bill === undefined ? undefined : billSums(bill),
			withoutNano: bill === undefined ? undefined : BigInt(bill.totals.withoutMarket.nano),
		};
	}, context.redraw);
	const again = (): void => {
		for (const one of [answer, names])
			void one.again().then(() => {
				if (one.problem?.code === 'unauthorised') ended();
			});
	};
	again();

	const save = async (format: 'csv' | 'json'): Promise<void> => {
		const {from, to} = period();
		told = undefined;
		try {
			const text = await askText(pathOf(['exports', 'bill'], {market: market.id, account, from, to, format}), {token});
			const day = new Date(from * slotS * 1000).toISOString().slice(0, 10);
			saveFile(`bill-${market.name}-${day}.${format}`, text, format === 'csv' ? 'text/csv' : 'application/json');
		} catch (error) {
			if (isExpired(error)) return ended();
			const isEarly = error instanceof AskProblem && error.code === 'not-yet';
			told = isEarly ? {text: ({market: said}) => said.bill.noneSettled} : toldOf(error, {market, account});
		}
		context.redraw();
	};

	return {
		again,
		stop: () => {
			answer.stop();
			names.stop();
		},
		view: () => {
			const words = context.words();
			const said = words.market.bill;
			return html`<section>
				<div class="line">
					<h2>${said.title}</h2>
					<div class="buttons" role="group" aria-label=${said.period}>
						${(Object.keys(periods) as PeriodName[]).map(
							one =>
								html`<button type="button" aria-pressed=${one === name ? 'true' : 'false'} @click=${() => {
									name = one;
									again();
								}}>${said.periods[one]}</button>`,
						)}
					</div>
				</div>
				<p class="lead">${said.lead}</p>
				${askedView(answer, context, value => billView(value, words, context.figures()))}
				${toldView(told, words, context.figures())}
			</section>`;
		},
	};

	function billView({rows, isCut, settledTo, settled, withoutNano}: Answered, words: Words, figures: Figures): TemplateResult {
		const said = words.market.bill;
		const open = rows.filter(({slot}) => settledTo === undefined || slot >= settledTo);
		const columns = [settled ?? nought, sumsOf(open)] as const;
		const all = added(...columns);
		const money = (nano: bigint) => ({view: moneyDigits(nano, figures), look: 'number' as const});
		const energy = (wh: bigint) => ({view: energyDigits(wh, figures), look: 'number' as const});
		const line = (label: string, of: keyof Sums, show: typeof money) => [
			html`${label} <small>${show === money ? currency : 'kWh'}</small>`,
			...[...columns, all].map(sums => show(sums[of])),
		];
		const shown = rows.filter(({contractedWh, meteredWh, netNano}) => contractedWh !== 0 || meteredWh !== 0 || netNano !== '0').reverse();
		if (shown.length === 0 && settled === undefined) return html`<p>${said.none}</p>`;
		return html`
			<p class="hint">${settledTo === undefined ? said.noneSettled : said.settledTo(figures.near(settledTo * slotS * 1000))}</p>
			<div class="sums">${tableView(
				said.title,
				[said.item, said.settled, said.open, said.all],
				[
					line(said.bought, 'boughtWh', energy),
					line(said.sold, 'soldWh', energy),
					line(said.taken, 'importWh', energy),
					line(said.fed, 'exportWh', energy),
					line(said.energy, 'energyNano', money),
					line(said.imbalance, 'imbalanceNano', money),
					line(said.grid, 'gridFeeNano', money),
					...(all.adjustmentNano === 0n ? [] : [line(said.adjustment, 'adjustmentNano', money)]),
					[
						html`<strong>${said.net}</strong> <small>${currency}</small>`,
						...[...columns, all].map(sums => ({view: html`<strong>${money(sums.netNano).view}</strong>`, look: 'number' as const})),
					],
					...(withoutNano === undefined ? [] : [[html`${said.without} <small>${currency}</small>`, money(withoutNano), '', '']]),
				],
			)}</div>
			<p class="buttons below" role="group" aria-label=${said.file}>
				<button type="button" ?disabled=${settled === undefined} @click=${() => void save('csv')}>${said.file} · CSV</button>
				<button type="button" ?disabled=${settled === undefined} @click=${() => void save('json')}>${said.file} · JSON</button>
			</p>
			<h3>${said.rows}</h3>
			${shown.length === 0 ? html`<p>${said.none}</p>` : rowsView(shown.slice(0, rowsShown), words, figures)}
			${isCut || shown.length > rowsShown ? html`<p class="hint">${said.more(figures.whole(Math.min(shown.length, rowsShown)))}</p>` : nothing}
		`;
	}

	function rowsView(rows: readonly Settlement[], {market: words}: Words, figures: Figures): TemplateResult {
		const said = words.bill;
		const devices = new Map((names.value?.meters ?? []).map(({meter, device}) => [meter, device]));
		const money = (nano: string) => ({view: moneyDigits(nano, figures), look: 'number' as const});
		const energy = (wh: number) => ({view: energyDigits(wh, figures), look: 'number' as const});
		const inMoney = (head: string): string => `${head} (${currency})`;
		const inEnergy = (head: string): string => `${head} (kWh)`;
		return tableView(
			said.rows,
			[
				words.time,
				inEnergy(said.contracted),
				inEnergy(said.metered),
				inMoney(said.net),
				words.state,
				`${words.price} (${currency}/kWh)`,
				inMoney(said.energy),
				inMoney(said.imbalance),
				inMoney(said.grid),
				words.meter,
			],
			rows.map(row => {
				const {contractedWh, forwardNano, state, substituted, spread} = row;
				// Nano-currency for Wh is µ-currency for kWh, and no row has a remainder.
				const price = contractedWh === 0 ? undefined : BigInt(forwardNano) / BigInt(contractedWh);
				const marks = [substituted ? said.substituted : '', spread ? said.spread : ''].filter(mark => mark !== '');
				return [
					figures.near(row.slot * slotS * 1000),
					energy(contractedWh),
					state === 'contracted' ? {view: '–', look: 'number' as const} : energy(row.meteredWh),
					money(row.netNano),
					html`${named(said.states, state)}${marks.length === 0 ? nothing : html` <small>${marks.join(' · ')}</small>`}`,
					{view: price === undefined ? '–' : priceDigits(price, figures), look: 'number' as const},
					money(forwardNano),
					money(row.imbalanceNano),
					money(row.gridNano),
					devices.get(row.meter) ?? '–',
				];
			}),
		);
	}
}
