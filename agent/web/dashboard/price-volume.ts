// Draws what a market traded in each slot as columns, and its prices as a line over them, each with a scale that can be read; a click chooses a slot.

import {html, nothing, svg, type TemplateResult} from 'lit-html';
import type {Figures} from './figures.ts';

export type SlotBar = {
	readonly fromMs: number;
	readonly toMs: number;
	readonly volumeWh: number | undefined;
	readonly priceMicro: number | undefined;
	/** Orders for it are taken. */
	readonly isOpen: boolean;
	readonly isChosen: boolean;
	readonly title: string;
	readonly choose: () => void;
};

export type PriceVolume = {
	readonly label: string;
	/** One after the other, none missing between. */
	readonly bars: readonly SlotBar[];
	/** µ-currency: what prices lie between. */
	readonly band: readonly [low: number, high: number];
	readonly currency: string;
	readonly nowMs: number;
	/** As on a phone: fewer labels, and larger ones. */
	readonly isNarrow: boolean;
	readonly figures: Figures;
};

const minuteMs = 60_000;
const tickHours = [1, 2, 3, 6, 12, 24, 48] as const;

/** The smallest of 1, 2, 2.5 and 5 times a power of ten that is not below a value. */
export function roundUp(value: number): number {
	if (!(value > 0)) return 1;
	const power = 10 ** Math.floor(Math.log10(value));
	return ([1, 2, 2.5, 5, 10].find(step => step * power >= value) ?? 10) * power;
}

/** Full hours of the reader's clock between two times, at most so many, every so many hours alike. */
export function ticksBetween(fromMs: number, toMs: number, most: number): readonly number[] {
	for (const step of tickHours) {
		const ticks: number[] = [];
		// A quarter of an hour: there are time zones that are off by as much.
		for (let atMs = Math.ceil(fromMs / (15 * minuteMs)) * 15 * minuteMs; atMs <= toMs; atMs += 15 * minuteMs) {
			const at = new Date(atMs);
			if (at.getMinutes() !== 0 || at.getHours() % Math.min(step, 24) !== 0) continue;
			if (step === 48 && at.getDate() % 2 === 0) continue;
			ticks.push(atMs);
		}
		if (ticks.length <= most) return ticks;
	}
	return [];
}

export function priceVolumeView(drawn: PriceVolume): TemplateResult {
	const {label, bars, band, currency, nowMs, isNarrow, figures} = drawn;
	const first = bars[0];
	const last = bars.at(-1);
	if (first === undefined || last === undefined) return html``;
	const [width, height] = isNarrow ? [360, 250] : [960, 280];
	const [left, right, top, bottom] = [42, 46, 26, 26];
	const [plotWidth, plotHeight] = [width - left - right, height - top - bottom];
	const [fromMs, toMs] = [first.fromMs, last.toMs];
	const x = (ms: number): number => left + ((ms - fromMs) / (toMs - fromMs)) * plotWidth;
	const most = roundUp(Math.max(...bars.map(({volumeWh}) => (volumeWh ?? 0) / 1000)));
	const volumeY = (kwh: number): number => top + plotHeight * (1 - kwh / most);
	const [low, high] = band;
	const priceY = (micro: number): number => top + plotHeight * (1 - (micro - low) / Math.max(1, high - low));
	const number = new Intl.NumberFormat(figures.locale, {maximumSignificantDigits: 4});
	const price = new Intl.NumberFormat(figures.locale, {minimumFractionDigits: 2, maximumFractionDigits: 3});
	const step = plotWidth / bars.length;
	// Columns of a week stand side by side on a phone.
	const gap = step > 4 ? step * 0.12 : 0;
	const openFrom = bars.find(({isOpen}) => isOpen);
	const texts = (at: number, y: number, text: string, look: string) => svg`<text class=${`axis ${look}`} x=${at} y=${y}>${text}</text>`;
	return html`<figure class="price-volume">
		<svg viewBox=${`0 0 ${width} ${height}`} role="img" aria-label=${label}>
			${openFrom === undefined ? nothing : svg`<rect class="open" x=${x(openFrom.fromMs)} y=${top} width=${x(toMs) - x(openFrom.fromMs)} height=${plotHeight} />`}
			${[0, 0.5, 1].map(
				part =>
					svg`<path class="rule" d=${`M${left} ${top + plotHeight * (1 - part)}h${plotWidth}`} />${texts(left - 6, top + plotHeight * (1 - part) + 4, number.format(most * part), 'left')}${texts(
						width - right + 6,
						top + plotHeight * (1 - part) + 4,
						price.format((low + (high - low) * part) / 1e6),
						'price',
					)}`,
			)}
			${texts(left - 6, 14, 'kWh', 'left')} ${texts(width, 14, `${currency}/kWh`, 'price end')}
			${bars.map(({fromMs: at, volumeWh, isChosen, title, choose}) => {
				const kwh = (volumeWh ?? 0) / 1000;
				const tall = kwh === 0 ? 0 : Math.max(1, top + plotHeight - volumeY(kwh));
				return svg`<g class=${isChosen ? 'slot chosen' : 'slot'} @click=${choose}>
					<title>${title}</title>
					<rect class="behind" x=${x(at)} y=${top} width=${step} height=${plotHeight} />
					<rect class="bar" x=${x(at) + gap} y=${top + plotHeight - tall} width=${step - 2 * gap} height=${tall} />
				</g>`;
			})}
			<path class="level" d=${levelPath(bars, x, priceY)} />
			${nowMs > fromMs && nowMs < toMs ? svg`<path class="now" d=${`M${x(nowMs)} ${top - 4}v${plotHeight + 8}`} />` : nothing}
			${ticksBetween(fromMs, toMs, isNarrow ? 5 : 9).map(
				ms =>
					svg`<path class="rule" d=${`M${x(ms)} ${top + plotHeight}v4`} />${texts(x(ms), height - 6, new Date(ms).getHours() === 0 ? figures.shortDay(ms) : figures.hour(ms), 'time')}`,
			)}
		</svg>
	</figure>`;
}

/** Level through each slot that has a price; broken where there is none. */
function levelPath(bars: readonly SlotBar[], x: (ms: number) => number, y: (micro: number) => number): string {
	let path = '';
	let isDown = false;
	for (const {fromMs, toMs, priceMicro} of bars) {
		if (priceMicro !== undefined) path += `${isDown ? 'L' : 'M'}${x(fromMs).toFixed(1)} ${y(priceMicro).toFixed(1)}H${x(toMs).toFixed(1)}`;
		isDown = priceMicro !== undefined;
	}
	return path;
}
