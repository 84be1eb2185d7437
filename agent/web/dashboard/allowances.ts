// What a site has of emission allowances, as contracts on a chain say it: by period, and how they moved.

import {html, nothing, type TemplateResult} from 'lit-html';
import type {Allowances} from '../../api/client.ts';
import {named} from '../entry-words.ts';
import type {Asked} from './ask.ts';
import type {Context} from './context.ts';
import {emissionsOf, shortHash} from './figures.ts';
import {amountView, askedView, cardsView, factsView, figuresView, type View} from './parts.ts';

const sum = (amounts: readonly string[]): string => String(amounts.reduce((all, one) => all + BigInt(one), 0n));

/** Nothing where the agent knows of no contracts. */
export function allowancesView(asked: Asked<Allowances>, context: Context): View {
	if (asked.problem?.code === 'not-found') return nothing;
	const said = context.words().allowances;
	return html`<section class="allowances">
		<h2>${said.title}</h2>
		<p class="hint">${said.lead}</p>
		${askedView(asked, context, value => knownView(value, context))}
	</section>`;
}

function knownView(value: Allowances, context: Context): TemplateResult {
	const said = context.words().allowances;
	const figures = context.figures();
	const {account, periods, moves, blockNumber, blockTimeMs, chain, chainId, allowances, movesFromBlock} = value;
	const asOf = said.asOf(chain ?? String(chainId), figures.whole(blockNumber), figures.minute(blockTimeMs));
	if (account === null) return html`<p>${said.unknown}</p><p class="hint">${asOf}</p>`;
	const mass = (mg: string): TemplateResult => amountView(emissionsOf(mg), context);
	const massText = (mg: string): string => figures.amount(emissionsOf(mg));
	const hasShort = periods.some(({shortMg}) => shortMg !== null);
	const due = periods.filter(({owedMg, surrenderedMg}) => owedMg !== null && BigInt(owedMg) > BigInt(surrenderedMg));
	return html`
		${figuresView([
			{label: said.free, value: mass(sum(periods.map(({balanceMg}) => balanceMg))), more: said.freeMeans},
			{label: said.held, value: mass(sum(periods.map(({heldMg}) => heldMg))), more: said.heldMeans},
			{label: said.surrendered, value: mass(sum(periods.map(({surrenderedMg}) => surrenderedMg)))},
			{
				label: said.due,
				value: mass(sum(due.map(({owedMg, surrenderedMg}) => String(BigInt(owedMg ?? '0') - BigInt(surrenderedMg))))),
				verdict: due.length > 0 ? 'half' : undefined,
			},
		])}
		${
			periods.length === 0
				? html`<p>${said.noPeriods}</p>`
				: cardsView(
						said.title,
						[said.period, said.report, said.owed, said.surrendered, said.held, said.free, ...(hasShort ? [said.short] : []), said.deadline],
						periods.map(one => [
							html`<strong class="part">${figures.day(one.fromMs)} –</strong><strong>${figures.day(one.toMs - 1)}</strong>`,
							html`${named(said.reports, one.report)}${one.isReleased ? html`<span class="more">${said.isReleased}</span>` : nothing}`,
							{view: one.owedMg === null ? '–' : massText(one.owedMg), look: 'number' as const},
							{view: massText(one.surrenderedMg), look: 'number' as const},
							{view: massText(one.heldMg), look: 'number' as const},
							{view: massText(one.balanceMg), look: 'number' as const},
							...(hasShort ? [{view: one.shortMg === null ? '–' : massText(one.shortMg), look: 'number' as const}] : []),
							figures.day(one.surrenderDeadlineMs),
						]),
					)
		}
		${
			moves.length === 0
				? nothing
				: html`<details>
						<summary>${said.moves}</summary>
						${cardsView(
							said.moves,
							[said.what, said.amount, said.period, said.other, said.block],
							moves.map(({what, amountMg, period, other, blockNumber: at}) => {
								const dates = periods.find(one => one.period === period);
								return [
									named(said.whats, what),
									{view: massText(amountMg), look: 'number' as const},
									dates === undefined ? String(period) : `${figures.day(dates.fromMs)} – ${figures.day(dates.toMs - 1)}`,
									{view: other === null ? '' : html`<span title=${other}>${shortHash(other)}</span>`, look: 'code' as const},
									{view: figures.whole(at), look: 'number' as const},
								];
							}),
						)}
						${movesFromBlock > 0 ? html`<p class="hint">${said.since(figures.whole(movesFromBlock))}</p>` : nothing}
					</details>`
		}
		${factsView([
			[said.account, account, 'code'],
			[said.contract, allowances, 'code'],
		])}
		<p class="hint">${asOf}</p>
	`;
}
