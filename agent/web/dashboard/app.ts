// Runs the dashboard: who is signed in, which page is open, what the agent says meanwhile, and when to draw.

import {html, render} from 'lit-html';
import type {Agent, Share} from '../../api/client.ts';
import {type Language, languageOf, languages, tagOf} from '../language.ts';
import {AskProblem, ask} from './ask.ts';
import {browserClock} from './browser-clock.ts';
import type {Chinese, Context, LiveReading, Page, PageMaker, SignedIn} from './context.ts';
import {createFigures, type Figures} from './figures.ts';
import {type Live, listen} from './live.ts';
import {overviewPage} from './overview.ts';
import {hashOf, mayOpen, type PageName, pageNames, placeOf} from './route.ts';
import {type Look, looks, shellView} from './shell.ts';
import {type SignInState, signInView} from './sign-in.ts';
import {words} from './words.ts';

/** Ages grow while nothing happens. */
const redrawMs = 5000;
/** Whoever came by a link is told by no event that it has ended: he asks. */
const shareAgainMs = 10_000;
/** Channels whose newest reading is remembered. */
const latestMax = 20_000;

const makers: Readonly<Record<PageName, () => Promise<PageMaker>>> = {
	overview: async () => overviewPage,
	devices: async () => (await import('./devices.ts')).devicesPage,
	log: async () => (await import('./log.ts')).logPage,
	alarms: async () => (await import('./alarms.ts')).alarmsPage,
	emissions: async () => (await import('./emissions.ts')).emissionsPage,
	shipments: async () => (await import('./shipments.ts')).shipmentsPage,
	market: async () => (await import('./market.ts')).marketPage,
	evidence: async () => (await import('./evidence.ts')).evidencePage,
	sharing: async () => (await import('./sharing.ts')).sharingPage,
	people: async () => (await import('./people.ts')).peoplePage,
	account: async () => (await import('./account.ts')).accountPage,
};

/** In the place of a page that somebody may not open. */
const deniedPage: PageMaker = (context, {page}) => ({
	title: () => context.words().pages[page],
	view: () => html`<h1>${context.words().pages[page]}</h1><p class="lead">${context.words().problems.forbidden}</p>`,
});

export function startDashboard(root: HTMLElement): void {
	let language: Language = kept('kedge-language', languages) ?? languageOf(navigator.languages);
	let look: Look = kept('kedge-look', looks) ?? 'auto';
	let figures: Figures = createFigures(language);
	let chinese: Chinese | undefined;
	let session: SignedIn | undefined;
	let signIn: SignInState = {isBusy: true, said: undefined};
	let agent: Agent | undefined;
	/** How far the agent's clock is ahead of ours. */
	let aheadMs = 0;
	let live: Live | undefined;
	let heardAtMs: number | undefined;
	const latest = new Map<string, LiveReading>();
	let page: {readonly name: PageName; readonly page: Page} | undefined;
	/** The open page's program could not be loaded. */
	let isLost = false;
	let isDrawing = false;
	let isMenuOpen = false;
	let shareTimer: ReturnType<typeof setInterval> | undefined;
	let opened = 0;

	const context: Context = {
		words: () => words[language],
		language: () => language,
		figures: () => figures,
		chinese: () => (language === 'zh' ? chinese : undefined),
		session: () => session!,
		agent: () => agent,
		nowMs: () => browserClock.nowMs() + aheadMs,
		latest: urn => latest.get(urn),
		redraw: () => {
			if (isDrawing) return;
			isDrawing = true;
			requestAnimationFrame(() => {
				isDrawing = false;
				draw();
			});
		},
		go: hash => {
			location.hash = hash;
		},
	};

	/** For nobody who reads English. */
	const loadChinese = async (): Promise<void> => {
		if (language !== 'zh' || chinese !== undefined) return;
		// Without it the agent is quoted as it speaks.
		chinese = await import('./said.ts').catch(() => undefined);
		context.redraw();
	};

	/** Pages that whoever looks may see. */
	const pagesShown = (): readonly PageName[] => {
		const scope = session?.share?.scope;
		if (scope === undefined)
			return pageNames.filter(
				name => (name !== 'market' || (agent !== undefined && agent.market !== null)) && mayOpen(session?.role ?? 'viewer', name),
			);
		return scope.kind === 'shipment' ? ['shipments', 'log'] : ['devices', 'log'];
	};

	const draw = (): void => {
		const said = words[language];
		const html = document.documentElement;
		html.lang = tagOf(language);
		if (look === 'auto') delete html.dataset.look;
		else html.dataset.look = look;
		const title = session === undefined ? (signIn.isGuest === true ? said.signIn.shared : said.signIn.title) : page?.page.title();
		document.title = title === undefined ? 'Kedge' : `${title} · Kedge`;
		const settings = {
			language,
			look,
			setLanguage: (next: Language) => {
				language = next;
				figures = createFigures(next);
				void loadChinese();
				keep('kedge-language', next);
				draw();
			},
			setLook: (next: Look) => {
				look = next;
				keep('kedge-look', next);
				draw();
			},
		};
		if (session === undefined) {
			render(
				signInView(signIn, said, settings, (name, password) => void enter(name, password)),
				root,
			);
			return;
		}
		const {user, share} = session;
		render(
			shellView({
				said,
				settings,
				pages: pagesShown(),
				current: page?.name,
				origin: agent?.origin,
				who:
					user === null ? (share === undefined ? '' : said.sharedUntil(figures.minute(Date.parse(share.expires)))) : said.signedInAs(user),
				zone: figures.zone,
				isShare: user === null,
				isLive: live?.isOpen() ?? false,
				stale: user !== null && live?.isOpen() !== true && heardAtMs !== undefined ? said.notLive(figures.time(heardAtMs)) : undefined,
				isLoading: page === undefined,
				isLost,
				content: page?.page.view(),
				leave: () => void leave(),
				isMenuOpen,
				toggleMenu: () => {
					isMenuOpen = !isMenuOpen;
					draw();
				},
			}),
			root,
		);
		page?.page.drawn?.();
	};

	const open = async (): Promise<void> => {
		if (session === undefined) return;
		let place = placeOf(location.hash);
		const shown = pagesShown();
		// A share link shows one thing: that is where it begins.
		if (session.user === null && (!shown.includes(place.page) || (place.page === 'log' && place.of === undefined)))
			place = placeOf(homeOf(session.share));
		if (page?.name === place.page && page.page.move?.(place) === true) {
			draw();
			return;
		}
		opened += 1;
		const mine = opened;
		let maker: PageMaker;
		try {
			maker = session.role !== null && !mayOpen(session.role, place.page) ? deniedPage : await makers[place.page]();
			isLost = false;
		} catch {
			isLost = true;
			draw();
			return;
		}
		if (mine !== opened || session === undefined) return;
		page?.page.leave?.();
		page = {name: place.page, page: maker(context, place)};
		draw();
		scrollTo(0, 0);
	};

	/** After a change of page whoever reads with a screen reader is where it begins. */
	const moved = (): void => {
		isMenuOpen = false;
		void open().then(() => {
			if (session !== undefined && document.activeElement?.closest('main') == null)
				document.getElementById('content')?.focus({preventScroll: true});
		});
	};

	const begin = async (found: SignedIn): Promise<void> => {
		session = found;
		signIn = {isBusy: false, said: undefined};
		if (found.user !== null) {
			live = listen({
				agent: told => {
					agent = told;
					heardAtMs = browserClock.nowMs();
					aheadMs = told.nowMs - heardAtMs;
					context.redraw();
				},
				readings: told => {
					heardAtMs = browserClock.nowMs();
					for (const reading of told) if (latest.size < latestMax || latest.has(reading.urn)) latest.set(reading.urn, reading);
					page?.page.heard?.(told);
					context.redraw();
				},
				changed: context.redraw,
				refused: () => void lookAgain(),
			});
			// So that the first page has something to say before the first second is over.
			agent = await ask<Agent>('/agent').catch(() => undefined);
			if (agent !== undefined) aheadMs = agent.nowMs - browserClock.nowMs();
		} else shareTimer = setInterval(() => void lookAgain(), shareAgainMs);
		await open();
	};

	/** Whether the session still holds. */
	const lookAgain = async (): Promise<void> => {
		try {
			const found = await ask<SignedIn>('/session');
			if (session === undefined) await begin(found);
		} catch (error) {
			if (!(error instanceof AskProblem) || (error.status !== 401 && error.status !== 403)) {
				// The agent is away: what was shown stays.
				if (session === undefined) {
					signIn = {isBusy: false, said: said => said.problems.unreachable};
					draw();
				}
				return;
			}
			const [had, wasShare] = [session !== undefined, session?.share !== undefined];
			end();
			signIn = {
				isBusy: false,
				isGuest: wasShare,
				said: had ? said => (wasShare ? said.signIn.shareEnded : said.problems.unauthorised) : undefined,
			};
			draw();
		}
	};

	const end = (): void => {
		live?.stop();
		live = undefined;
		clearInterval(shareTimer);
		page?.page.leave?.();
		page = undefined;
		session = undefined;
		agent = undefined;
		latest.clear();
	};

	const enter = async (name: string, password: string): Promise<void> => {
		signIn = {isBusy: true, said: undefined};
		draw();
		try {
			const {user, role, until} = await ask<SignedIn>('/session', {method: 'POST', body: {name, password}});
			await begin({user, role, until});
			document.getElementById('content')?.focus({preventScroll: true});
		} catch (error) {
			signIn = {isBusy: false, said: signInProblem(error)};
			draw();
		}
	};

	const leave = async (): Promise<void> => {
		await ask('/session', {method: 'DELETE'}).catch(() => undefined);
		end();
		signIn = {isBusy: false, said: undefined};
		location.hash = '';
		draw();
		document.getElementById('content')?.focus();
	};

	/** The token stands behind #, which no server sees; it leaves the address as soon as it is read. */
	const openShare = async (token: string): Promise<void> => {
		history.replaceState(null, '', '/');
		signIn = {isBusy: true, isGuest: true, said: said => said.signIn.opening};
		draw();
		try {
			await ask<Share>('/shares/open', {method: 'POST', body: {token}});
			const found = await ask<SignedIn>('/session');
			location.hash = homeOf(found.share);
			await begin(found);
		} catch (error) {
			const code = error instanceof AskProblem ? error.code : '';
			signIn = {
				isBusy: false,
				isGuest: true,
				said: said =>
					code === 'share-ended' ? said.signIn.shareEnded : code === 'unreachable' ? said.problems.unreachable : said.signIn.shareUnknown,
			};
			draw();
		}
	};

	addEventListener('hashchange', moved);
	setInterval(context.redraw, redrawMs);
	void loadChinese();
	draw();
	if (location.pathname === '/share') void openShare(location.hash.slice(1));
	else void lookAgain();
}

const homeOf = (share: Share | undefined): string => {
	if (share === undefined || share.scope.kind === 'period') return hashOf('devices');
	return hashOf(share.scope.kind === 'shipment' ? 'shipments' : 'devices', share.scope.id);
};

function signInProblem(error: unknown): SignInState['said'] {
	if (!(error instanceof AskProblem)) return said => said.problems.other;
	const {code, retryAfterS} = error;
	if (code === 'wrong-password') return said => said.signIn.wrong;
	if (code === 'rate-limited') return said => said.signIn.wait(retryAfterS ?? 60);
	if (code === 'busy') return said => said.problems.busy;
	return said => (code === 'unreachable' ? said.problems.unreachable : said.problems.other);
}

/** Only what the reader chose himself is remembered. */
function kept<T extends string>(name: string, among: readonly T[]): T | undefined {
	try {
		const found = localStorage.getItem(name);
		return among.find(one => one === found);
	} catch {
		return undefined;
	}
}

function keep(name: string, value: string): void {
	try {
		localStorage.setItem(name, value);
	} catch {
		// A browser that keeps nothing asks again the next time.
	}
}
