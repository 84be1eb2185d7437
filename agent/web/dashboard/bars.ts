// Draws columns of numbers side by side, such as hours or slots; what each of them is stands in a table as well.

import {html, svg, type TemplateResult} from 'lit-html';

export type Bar = {
	readonly value: number;
	readonly title: string;
	readonly look?: string | undefined;
	/** What it is made of, from the bottom; together they are its value, none of them below nought. */
	readonly parts?: readonly {readonly value: number; readonly look: string}[] | undefined;
};

const height = 180;

export function barsView(label: string, bars: readonly Bar[], ends: readonly [first: string, last: string]): TemplateResult {
	const high = Math.max(0, ...bars.map(({value}) => value));
	const low = Math.min(0, ...bars.map(({value}) => value));
	const span = high - low || 1;
	const width = 1000;
	const step = width / Math.max(1, bars.length);
	const y = (value: number): number => ((high - value) / span) * height;
	return html`<figure class="bars">
		<svg viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" role="img" aria-label=${label}>
			${bars.map(({value, title, look, parts}, i) => {
				const top = Math.min(y(value), y(0));
				const tall = Math.max(value === 0 ? 0 : 1, Math.abs(y(value) - y(0)));
				return svg`<g>
					<rect class=${`behind ${look ?? ''}`} x=${i * step} y="0" width=${step} height=${height}><title>${title}</title></rect>
					${
						parts === undefined
							? svg`<rect class=${`bar ${look ?? ''}`} x=${i * step + step * 0.12} y=${top} width=${step * 0.76} height=${tall}><title>${title}</title></rect>`
							: partsView(parts, value => y(value), i * step + step * 0.12, step * 0.76, title)
					}
				</g>`;
			})}
		</svg>
		<figcaption><span>${ends[0]}</span><span>${ends[1]}</span></figcaption>
	</figure>`;
}

/** One on top of the other. */
function partsView(
	parts: NonNullable<Bar['parts']>,
	y: (value: number) => number,
	x: number,
	width: number,
	title: string,
): readonly TemplateResult[] {
	let below = 0;
	return parts.map(({value, look}) => {
		const [bottom, top] = [y(below), y(below + value)];
		below += value;
		return svg`<rect class=${`bar ${look}`} x=${x} y=${top} width=${width} height=${Math.max(0, bottom - top)}><title>${title}</title></rect>`;
	});
}
