// Draws what both pages have in their heads: the mark, and the switch between the languages.

import {html, type TemplateResult} from 'lit-html';
import {type Language, languages, tagOf} from './language.ts';

export const markView = html`<svg viewBox="0 0 24 24" width="28" height="28" aria-hidden="true"><path d="M12 7v14M4 13c0 5 4 8 8 8s8-3 8-8M8 11h8" /><circle cx="12" cy="4.5" r="2.5" /></svg>`;

/** Each in its own words: whoever looks for his language may not read the other. */
const names: Readonly<Record<Language, string>> = {en: 'English', zh: '中文'};

export const languagesView = (label: string, language: Language, choose: (language: Language) => void): TemplateResult =>
	html`<div class="languages" role="group" aria-label=${label}>
		${languages.map(
			one =>
				html`<button type="button" lang=${tagOf(one)} aria-pressed=${one === language ? 'true' : 'false'} @click=${() => choose(one)}>${names[one]}</button>`,
		)}
	</div>`;
