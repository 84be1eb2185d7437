// Draws a day of a channel as small as a word.

import {html, nothing, svg, type TemplateResult} from 'lit-html';

const width = 120;
const height = 28;

/** Breaks where a value is missing. */
export function sparkView(times: readonly number[], values: readonly (number | null)[]): TemplateResult | typeof nothing {
	const shown = values.filter(value => value !== null);
	if (shown.length < 2) return nothing;
	const low = Math.min(...shown);
	const high = Math.max(...shown);
	const first = times[0]!;
	const span = Math.max(1, times.at(-1)! - first);
	let path = '';
	let isDown = false;
	values.forEach((value, i) => {
		if (value === null) {
			isDown = false;
			return;
		}
		const x = (((times[i]! - first) / span) * width).toFixed(1);
		const y = (high === low ? height / 2 : 2 + (1 - (value - low) / (high - low)) * (height - 4)).toFixed(1);
		path += `${isDown ? 'L' : 'M'}${x} ${y}`;
		isDown = true;
	});
	return html`<svg class="spark" viewBox="0 0 ${width} ${height}" width=${width} height=${height} preserveAspectRatio="none" aria-hidden="true">${svg`<path d=${path} />`}</svg>`;
}
