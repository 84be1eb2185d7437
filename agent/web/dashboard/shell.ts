// Draws what stands around every page: the mark, the pages, language and colours, who is signed in, and whether what is shown is live.

import {html, nothing, type TemplateResult} from 'lit-html';
import type {Language} from '../language.ts';
import {languagesView, markView} from '../mark.ts';
import {apartPages, hashOf, type PageName} from './route.ts';
import type {Words} from './words.ts';

export const looks = ['auto', 'light', 'dark'] as const;
export type Look = (typeof looks)[number];

export type Settings = {
	readonly language: Language;
	readonly look: Look;
	readonly setLanguage: (language: Language) => void;
	readonly setLook: (look: Look) => void;
};

export function settingsView({language, look, setLanguage, setLook}: Settings, said: Words): TemplateResult {
	return html`<div class="settings">
		<select aria-label=${said.look} @change=${(event: Event) => setLook((event.target as HTMLSelectElement).value as Look)}>
			${looks.map(one => html`<option value=${one} .selected=${one === look}>${said.looks[one]}</option>`)}
		</select>
		${languagesView(said.language, language, setLanguage)}
	</div>`;
}

export type Shell = {
	readonly said: Words;
	readonly settings: Settings;
	readonly pages: readonly PageName[];
	readonly current: PageName | undefined;
	readonly origin: string | undefined;
	readonly who: string;
	/** Of the reader's times. */
	readonly zone: string;
	readonly isShare: boolean;
	readonly isLive: boolean;
	/** Why what is shown is old. */
	readonly stale: string | undefined;
	readonly isLoading: boolean;
	/** The program of the page could not be loaded. */
	readonly isLost: boolean;
	readonly content: TemplateResult | undefined;
	readonly leave: () => void;
	/** On a phone the pages are behind a button. */
	readonly isMenuOpen: boolean;
	readonly toggleMenu: () => void;
};

export function shellView(shell: Shell): TemplateResult {
	const {
		said,
		settings,
		pages,
		current,
		origin,
		who,
		zone,
		isShare,
		isLive,
		stale,
		isLoading,
		isLost,
		content,
		leave,
		isMenuOpen,
		toggleMenu,
	} = shell;
	const linkTo = (name: PageName): TemplateResult =>
		html`<a href=${hashOf(name)} aria-current=${name === current ? 'page' : 'false'}>${said.pages[name]}</a>`;
	const apart = pages.filter(name => apartPages.includes(name));
	return html`
		<a class="skip" href="#content" @click=${(event: Event) => {
			// Behind # stands the page that is open.
			event.preventDefault();
			document.getElementById('content')?.focus();
		}}>${said.skip}</a>
		<header class="top">
			<a class="mark" href=${hashOf('overview')}>${markView}<span>Kedge</span></a>
			${origin === undefined ? nothing : html`<span class="origin">${origin}</span>`}
			${isShare ? nothing : html`<span class="live ${isLive ? 'good' : 'half'}">${isLive ? said.live : said.offline}</span>`}
			${settingsView(settings, said)}
		</header>
		<div class="body">
			<nav aria-label=${said.menu}>
				<button type="button" class="menu" aria-expanded=${isMenuOpen ? 'true' : 'false'} aria-controls="pages" @click=${toggleMenu}>
					<svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><path d="M2 4h12M2 8h12M2 12h12" /></svg>
					<span>${said.menu}</span>${current === undefined ? nothing : html`<strong>${said.pages[current]}</strong>`}
				</button>
				<ul id="pages" class=${isMenuOpen ? 'open' : ''}>
					${pages.filter(name => !apart.includes(name)).map(name => html`<li>${linkTo(name)}</li>`)}
					${apart.map((name, i) => html`<li class=${i === 0 ? 'apart' : ''}>${linkTo(name)}</li>`)}
					<li class="apart"><a href="/verify">${said.verify}</a></li>
					${isShare ? nothing : html`<li><a href="/v1/docs">${said.api}</a></li>`}
				</ul>
			</nav>
			<main id="content" tabindex="-1">
				<div role="status">${stale === undefined ? nothing : html`<p class="stale">${stale}</p>`}</div>
				${
					isLost
						? html`<div class="problem" role="alert"><p>${said.lost}</p><button type="button" @click=${() => location.reload()}>${said.reload}</button></div>`
						: nothing
				}
				${content ?? (isLoading && !isLost ? html`<p class="loading" role="status">${said.loading}</p>` : nothing)}
			</main>
		</div>
		<footer>
			<p>${isShare ? who : html`<a href=${hashOf('account')}>${who}</a>`}${isShare ? html` · ${said.sharedOnly}` : nothing} · ${said.times(zone)}</p>
			<button type="button" @click=${leave}>${said.signOut}</button>
		</footer>
	`;
}
