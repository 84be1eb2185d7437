// What somebody waits for in front of a browser: the first page, the overview, and a year of one device on the screen.

import type {Browser, BrowserContext} from 'playwright-core';
import {hasChromium, noChromium, openBrowser} from '../web/browser.ts';
import {elapsed} from './child.ts';
import {type Figure, median} from './figure.ts';

const rounds = 7;

export type Looked = {
	readonly url: string;
	/** Of a session. */
	readonly cookie: string;
	readonly device: string;
	/** What is drawn. */
	readonly fromMs: number;
	readonly toMs: number;
};

/** A window that has nothing of the page in its cache; signed in or not. */
async function freshWindow(browser: Browser, {url, cookie}: Looked, isSignedIn: boolean): Promise<BrowserContext> {
	const context = await browser.newContext({viewport: {width: 1280, height: 900}});
	const [name, value] = cookie.split('=') as [string, string];
	if (isSignedIn) await context.addCookies([{name, value, url, httpOnly: true, sameSite: 'Strict'}]);
	return context;
}

type Load = {readonly shownMs: number; readonly bytes: number};

/** From asking for the page until what it is for is there, and all bytes that came over the wire until then. */
async function load(browser: Browser, looked: Looked, isSignedIn: boolean): Promise<Load> {
	const context = await freshWindow(browser, looked, isSignedIn);
	try {
		const page = await context.newPage();
		const beganMs = performance.now();
		await page.goto(looked.url, {waitUntil: 'commit'});
		await page.locator(isSignedIn ? 'section.answer' : 'form input[type=password]').waitFor();
		const shownMs = performance.now() - beganMs;
		const bytes = await page.evaluate<number>(
			"['navigation', 'resource'].flatMap(type => performance.getEntriesByType(type)).reduce((sum, {transferSize}) => sum + transferSize, 0)",
		);
		return {shownMs, bytes};
	} finally {
		await context.close();
	}
}

/** From asking for a period until its curve is on the screen, as the page itself measures it. */
async function drawnMs(browser: Browser, looked: Looked): Promise<number> {
	const {url, device, fromMs, toMs} = looked;
	const context = await freshWindow(browser, looked, true);
	try {
		const page = await context.newPage();
		const untilDrawn = async (): Promise<void> => {
			while (!(await page.evaluate<boolean>("performance.getEntriesByName('curve drawn').length > 0"))) await elapsed(20);
		};
		// A week first: the page and what it draws with are loaded then, as they are when somebody asks for a year.
		await page.goto(`${url}/#/devices/${device}/energy-import?from=${toMs - 7 * 86_400_000}&to=${toMs}`);
		await untilDrawn();
		await page.evaluate(
			`performance.clearMeasures('curve drawn'); location.hash = '#/devices/${device}/energy-import?from=${fromMs}&to=${toMs}';`,
		);
		await untilDrawn();
		return await page.evaluate<number>("performance.getEntriesByName('curve drawn').at(-1).duration");
	} finally {
		await context.close();
	}
}

/** Medians of fresh windows of one Chromium that runs already; nothing where there is none. */
export async function measurePages(looked: Looked): Promise<Figure[]> {
	if (!hasChromium) {
		process.stderr.write(`${noChromium}\n`);
		return [];
	}
	const browser = await openBrowser();
	try {
		const [first, overview, drawn]: [Load[], Load[], number[]] = [[], [], []];
		for (let i = 0; i < rounds; i += 1) {
			first.push(await load(browser, looked, false));
			overview.push(await load(browser, looked, true));
			drawn.push(await drawnMs(browser, looked));
		}
		return [
			{name: 'first load, compressed', value: Math.max(...first.map(({bytes}) => bytes)) / 1024, unit: 'KiB', target: {atMost: 146}},
			{name: '… until one can sign in', value: median(first.map(({shownMs}) => shownMs)), unit: 'ms', target: {atMost: 1000}},
			{
				name: 'overview of who is signed in, compressed',
				value: Math.max(...overview.map(({bytes}) => bytes)) / 1024,
				unit: 'KiB',
				target: {atMost: 146},
			},
			{name: '… until it is there', value: median(overview.map(({shownMs}) => shownMs)), unit: 'ms', target: {atMost: 1000}},
			{name: 'curve of the year, from the question to the screen', value: median(drawn), unit: 'ms', target: {atMost: 300}},
		];
	} finally {
		await browser.close();
	}
}
