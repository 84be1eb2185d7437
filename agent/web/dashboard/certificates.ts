// Energy certificates of devices: what was issued, who holds it, what was used up, and which readings each hour rests on.

import {html, nothing, type TemplateResult} from 'lit-html';
import type {AccountAnswer} from '../../api/client.ts';
import type {DeviceCertificates} from '../../ledgers/energy/certificates-of.ts';
import {named} from '../entry-words.ts';
import {holdingsOf} from './account-figures.ts';
import {type Asked, ask, createAsked, pathOf} from './ask.ts';
import type {Context} from './context.ts';
import {wattHours} from './figures.ts';
import {amountView, askedView, cardsView, factsView, figuresView, tableView, takeView, type View} from './parts.ts';
import {channelText, sentenceView} from './quoted.ts';
import {hashOf} from './route.ts';

export type Certified = AccountAnswer & {readonly answer: DeviceCertificates};
export type Period = {readonly fromMs: number; readonly toMs: number};

/** Devices that are shown, and rows of a table: the newest. */
const devicesMax = 20;
const rowsMax = 100;

export type CertificatesDesk = {
	readonly ask: (devices: readonly string[], period: Period) => void;
	readonly view: () => View;
	readonly leave: () => void;
};

/** One after the other: each is read out of many rows. */
export function createCertificatesDesk(context: Context): CertificatesDesk {
	let shown: readonly {readonly device: string; readonly answer: Asked<Certified>}[] = [];
	let asked: Period = {fromMs: 0, toMs: 0};
	let asking = 0;
	return {
		ask: (devices, period) => {
			for (const {answer} of shown) answer.stop();
			asked = period;
			shown = devices.slice(0, devicesMax).map(device => ({
				device,
				answer: createAsked(
					signal => ask<Certified>(pathOf(['certificates', device], {from: period.fromMs, to: period.toMs}), {signal}),
					context.redraw,
				),
			}));
			asking += 1;
			const mine = asking;
			void (async () => {
				for (const {answer} of shown) if (mine === asking) await answer.again();
			})();
		},
		leave: () => {
			asking += 1;
			for (const {answer} of shown) answer.stop();
		},
		view: () => {
			if (shown.length === 0) return nothing;
			const said = context.words().certificates;
			const figures = context.figures();
			return html`<section class="certificates">
				<h2>${said.title}</h2>
				<p class="hint">${said.lead}</p>
				${shown.map(({device, answer}) => askedView(answer, context, value => deviceView(device, value, asked, context)))}
				<p class="hint">${said.period(figures.minute(asked.fromMs), figures.minute(asked.toMs))}</p>
			</section>`;
		},
	};
}

function deviceView(id: string, {answer, size}: Certified, period: Period, context: Context): TemplateResult {
	const said = context.words().certificates;
	const figures = context.figures();
	const {device, totals, hours, certificates, refused, isCut} = answer;
	const energy = (wh: number): TemplateResult => amountView(wattHours(wh), context);
	const energyText = (wh: number): string => figures.amount(wattHours(wh));
	const shortfallWh = hours.reduce((sum, one) => sum + one.shortfallWh, 0);
	const [quantity = '', part] = device.register.split(':');
	const channel = (at?: {readonly fromMs: number; readonly toMs: number}): string =>
		hashOf('devices', id, part === undefined ? quantity : `${quantity}:${part}`, at);
	const newest = hours
		.filter(one => one.issuedWh > 0 || one.notCertified !== undefined)
		.slice(-rowsMax)
		.reverse();
	return html`<div class="series">
		<div class="line">
			<h3>${id}</h3>
			<div class="buttons">${takeView(context, 'certificates', id, period)}</div>
		</div>
		${figuresView([
			{label: said.issued, value: energy(totals.issuedWh), more: said.ofAll},
			{label: said.held, value: energy(totals.heldWh)},
			{label: said.cancelled, value: energy(totals.cancelledWh)},
			{label: said.retired, value: energy(totals.retiredWh)},
			...(shortfallWh > 0 ? [{label: said.shortfall, value: energy(shortfallWh), verdict: 'bad' as const, more: said.shortfallMeans}] : []),
		])}
		${
			certificates.length === 0
				? html`<p>${said.none}</p>`
				: cardsView(
						said.inPeriod,
						[said.account, said.state, said.amount, said.why],
						holdingsOf(certificates).map(one => [
							html`<strong>${one.account}</strong>`,
							html`${said.states[one.status]}${one.isInShortfall ? html` <span class="bad">${said.inShortfall}</span>` : nothing}`,
							{view: energyText(one.energyWh), look: 'number' as const},
							{view: one.why ?? '', look: 'wrap' as const},
						]),
					)
		}
		${isCut === true ? html`<p class="hint">${said.cut}</p>` : nothing}
		<details>
			<summary>${said.rests}</summary>
			${factsView([
				[said.register, html`<a href=${channel()}>${channelText(`urn:kedge:device:${id}:${device.register}`, context.language())}</a>`],
				[said.opened, said.openedBy(figures.whole(device.openedBy), figures.minute(device.fromMs))],
				[said.issuer, device.issuer],
				[said.owner, device.owner],
				[
					said.source,
					[named(said.sources, device.energySource), device.technology, device.country, device.location]
						.filter(one => one !== undefined)
						.join(' · '),
				],
				[said.counted, said.over(figures.whole(size))],
			])}
			${
				newest.length === 0
					? nothing
					: tableView(
							said.hours,
							[said.hour, said.issued, said.reading, said.entries, ''],
							newest.map(one => [
								html`<a href=${channel({fromMs: one.hourMs - 3_600_000, toMs: one.hourMs + 7_200_000})}>${figures.minute(one.hourMs)}</a>`,
								{view: energyText(one.issuedWh), look: 'number' as const},
								{view: `${figures.whole(one.fromWh)} → ${figures.whole(one.toWh)} Wh`, look: 'number' as const},
								{view: said.numbers(figures.whole(one.fromNumber), figures.whole(one.toNumber)), look: 'number' as const},
								one.notCertified === undefined
									? one.shortfallWh > 0
										? html`<span class="bad">${said.shortfall}${figures.colon}${energyText(one.shortfallWh)}</span>`
										: ''
									: html`<span class="half">! ${named(said.notCertified, one.notCertified)}</span>`,
							]),
						)
			}
		</details>
		${
			refused.length === 0
				? nothing
				: html`<h4>${context.words().shipments.refused}</h4>
						<ul class="reasons">${refused.map(one => html`<li>${figures.minute(one.statedAtMs)}${figures.colon}${sentenceView(one.why, context.language(), context.words())}</li>`)}</ul>`
		}
	</div>`;
}
