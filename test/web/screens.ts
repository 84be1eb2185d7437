// `npm run screens -- [FOLDER] [verify|dashboard|accounts] [PAGE,…]`: opens every page in every state, in both languages, light and dark, on a phone and a desktop, and keeps what it looks like as PNG files.
import {mkdirSync} from 'node:fs';
import {join, resolve} from 'node:path';
import type {Page} from 'playwright-core';
import {systemClock} from '../../agent/base/clock.ts';
import {until} from '../../agent/base/retry.ts';
import {words} from '../../agent/web/dashboard/words.ts';
import {type AccountsWorld, openAccountsAgent, shipments} from './accounts-world.ts';
import {hasChromium, noChromium, openBrowser, openVerifyPage} from './browser.ts';
import {sampleWallet, withSamples} from './dashboard-samples.ts';
import {type Dashboard, home, openDashboard, openDashboardAgent} from './dashboard-world.ts';
import {type SampleName, writeSamples} from './samples.ts';

const states: readonly (readonly [name: string, file?: SampleName | undefined, trust?: SampleName, unfolded?: readonly string[]])[] = [
	['empty'],
	['waiting', 'receipt.json'],
	['trust-broken', undefined, 'trust-broken.json'],
	['committed', 'receipt.json', 'trust.json'],
	['node', 'anchored.json', 'trust-chain.json'],
	['final', 'anchored.json', 'trust-final.json', ['signature', 'inclusion', 'entry']],
	['history', 'history.json', 'trust-history.json'],
	['missing', 'history-missing.json', 'trust-history.json'],
	['package', 'site.kedge', 'trust-site.json'],
	['flipped', 'flipped.json', 'trust.json', ['form']],
	['other', 'other.json', 'trust.json'],
	['markup', 'markup.json', 'trust-markup.json', ['arrival']],
	['unknown', 'unknown.json', 'trust.json'],
	['too-large', 'huge.json', 'trust.json'],
];

const looks = [
	{name: 'desktop', viewport: {width: 1280, height: 900}},
	{name: 'phone', viewport: {width: 390, height: 844}, deviceScaleFactor: 2, isMobile: true, hasTouch: true},
] as const;

async function screens(folder: string): Promise<void> {
	mkdirSync(folder, {recursive: true});
	const ends: (() => unknown)[] = [];
	const browser = await openBrowser();
	try {
		const samples = await writeSamples({title: 'screens', teardown: end => void ends.push(end)});
		for (const {name: look, ...options} of looks)
			for (const locale of ['en-GB', 'zh-CN'])
				for (const colorScheme of ['light', 'dark'] as const)
					for (const [state, file, trust, unfolded] of states) {
						const {page, choose} = await openVerifyPage(browser, {...options, locale, colorScheme});
						if (file !== undefined && trust !== undefined) await choose(samples.at(file), samples.at(trust));
						else if (file !== undefined) await page.setInputFiles('#choose-file', samples.at(file));
						else if (trust !== undefined) await page.setInputFiles('#choose-trust', samples.at(trust));
						for (const check of unfolded ?? [])
							await page
								.locator('details.check', {has: page.locator(`code:text-is("${check}")`)})
								.first()
								.locator('summary')
								.click();
						const path = join(folder, `verify-${state}-${look}-${locale.slice(0, 2)}-${colorScheme}.png`);
						await page.screenshot({path, fullPage: true});
						await page.context().close();
						process.stdout.write(`${path}\n`);
					}
	} finally {
		await browser.close();
		for (const end of ends.reverse()) await end();
	}
}

/** Page, where it is, and what must be there before the picture is made; `samples`: with answers of an agent that has more to tell. `press`: what is clicked before, where it is there. */
const places: readonly (readonly [name: string, hash: string, wait: string, samples?: 'samples' | undefined, press?: readonly string[]])[] =
	[
		['overview', '#/', '.figures'],
		['overview-troubled', '#/', '.warnings', 'samples'],
		['devices', '#/devices', 'table'],
		['device', `#/devices/${home}/active-power`, '.plot canvas'],
		['log', '#/log', 'table'],
		['entry', '#/log/2031', '.tree'],
		['alarms', '#/alarms', 'table'],
		['market', '#/market', '.pair', 'samples'],
		['market-account', '#/market', '.pair', 'samples'],
		['evidence', `#/evidence/device/${home}`, 'table'],
		['sharing', '#/sharing', 'table'],
		['sharing-made', `#/sharing/device/${home}`, '.once', undefined, ['.check input', 'main form .first', 'td button']],
		['people', '#/people', 'table', undefined, ['tr:has-text("anna") button:last-of-type']],
		['account', '#/account', '#current'],
		['menu', '#/sharing', 'table', undefined, ['nav .menu']],
	];

/** People, links and a package, so that their pages have something to show. */
async function furnish({page}: Dashboard): Promise<void> {
	const post = (path: string, body: unknown): Promise<unknown> =>
		page.evaluate(
			`fetch('/v1${path}', {method: 'POST', headers: {'content-type': 'application/json'}, body: ${JSON.stringify(JSON.stringify(body))}}).then(one => one.json())`,
		);
	for (const [name, role] of [
		['anna', 'operator'],
		['the-auditor', 'viewer'],
	])
		await post('/users', {name, role});
	const nowMs = systemClock.nowMs();
	const period = {fromMs: nowMs - 86_400_000, toMs: nowMs};
	await post('/shares', {scope: {kind: 'period', ...period}, days: 30, label: 'Grid operator'});
	const {token} = (await post('/shares', {scope: {kind: 'device', id: home}, days: 7, label: 'The neighbour, <b>No. 12</b>'})) as {
		readonly token: string;
	};
	await post('/shares/open', {token});
	await post('/evidence', {about: 'device', id: home, ...period});
	const isPacked = async (): Promise<true | undefined> => {
		const {items} = (await page.evaluate(`fetch('/v1/evidence').then(one => one.json())`)) as {
			readonly items: readonly {readonly state: string}[];
		};
		return items.every(({state}) => state !== 'packing') || undefined;
	};
	await until(isPacked, {clock: systemClock, everyMs: 200, timeoutMs: 60_000});
	await post('/evidence', {about: 'site', id: 'bakery', ...period});
}

/** The same of the agent with long accounts. */
const accountPlaces = ({beyond}: AccountsWorld): readonly (readonly [name: string, hash: string, wait: string, then?: string])[] => [
	['emissions', '#/emissions/bakery', '.certificates table', '.allowances .table'],
	['emissions-unfolded', '#/emissions/bakery', '.certificates table', '.allowances .table'],
	['emissions-marked', '#/emissions/cold-store', '.bars'],
	['shipments', '#/shipments', 'tbody tr:nth-child(3) .verdict'],
	['shipment', `#/shipments/${shipments.beyond}`, '.route li:nth-child(4) .seen'],
	['shipment-open', `#/shipments/${shipments.underWay}`, '.route li:nth-child(2) .seen'],
	['shipment-unknown', `#/shipments/${shipments.unknown}`, '.route li .seen'],
	['curve-outside', `#/devices/${beyond.device}/temperature?from=${beyond.fromMs}&to=${beyond.toMs}`, '.legend .out-box'],
	[
		'curve-whole',
		`#/devices/${beyond.device}/temperature?from=${beyond.fromMs - 20 * 3_600_000}&to=${beyond.toMs + 40 * 3_600_000}`,
		'.legend .out-box',
	],
	['curve-marks', '#/devices/box-5/temperature', '.legend .in-box'],
];

async function accountScreens(folder: string, only: readonly string[] | undefined): Promise<void> {
	mkdirSync(folder, {recursive: true});
	const ends: (() => unknown)[] = [];
	const browser = await openBrowser();
	try {
		const agent = await openAccountsAgent({title: 'screens', teardown: end => void ends.push(end)});
		for (const {name: look, ...options} of looks)
			for (const locale of ['en-GB', 'zh-CN'])
				for (const colorScheme of ['light', 'dark'] as const) {
					const {page, signIn, go} = await openDashboard(browser, agent, {...options, locale, colorScheme});
					await page.locator('#name').waitFor();
					await signIn();
					for (const [name, hash, wait, then] of accountPlaces(agent)) {
						if (only?.includes(name) === false) continue;
						await go(hash);
						for (const one of [wait, then]) if (one !== undefined) await page.locator(one).first().waitFor();
						await untilLoaded(page);
						if (name.endsWith('-unfolded')) for (const one of await page.locator('main details > summary').all()) await one.click();
						await page.waitForTimeout(300);
						const path = join(folder, `dashboard-${name}-${look}-${locale.slice(0, 2)}-${colorScheme}.png`);
						await page.screenshot({path, fullPage: true});
						process.stdout.write(`${path}\n`);
					}
					await page.context().close();
				}
	} finally {
		await browser.close();
		for (const end of ends.reverse()) await end();
	}
}

/** A picture of a page that still waits for an answer shows nobody anything. */
async function untilLoaded(page: Page): Promise<void> {
	await page.locator('.loading').first().waitFor({state: 'detached'});
}

async function dashboardScreens(folder: string, only: readonly string[] | undefined): Promise<void> {
	mkdirSync(folder, {recursive: true});
	const ends: (() => unknown)[] = [];
	const browser = await openBrowser();
	try {
		let isFurnished = false;
		const agent = await openDashboardAgent({title: 'screens', teardown: end => void ends.push(end)});
		await agent.publish(1, `homes/${home}/meter`, 'not JSON <b>at all</b>');
		for (const {name: look, ...options} of looks)
			for (const locale of ['en-GB', 'zh-CN'])
				for (const colorScheme of ['light', 'dark'] as const) {
					const ending = `${look}-${locale.slice(0, 2)}-${colorScheme}.png`;
					const signedOut = await openDashboard(browser, agent, {...options, locale, colorScheme});
					await signedOut.page.locator('#name').waitFor();
					await signedOut.page.screenshot({path: join(folder, `dashboard-sign-in-${ending}`)});
					await signedOut.signIn();
					if (!isFurnished) await furnish(signedOut);
					isFurnished = true;
					const storageState = await signedOut.page.context().storageState();
					await signedOut.page.context().close();
					for (const [name, hash, wait, samples, press = []] of places) {
						if (only?.includes(name) === false) continue;
						const {page, go} = await openDashboard(browser, agent, {...options, locale, colorScheme, storageState});
						if (samples !== undefined) {
							await withSamples(page, systemClock.nowMs());
							if (name === 'market-account') await page.addInitScript(sampleWallet);
							await page.reload();
						}
						await page.locator('nav').waitFor();
						await go(hash);
						for (const one of press) {
							const target = page.locator(one).first();
							await page.waitForTimeout(200);
							if (await target.isVisible()) await target.click();
						}
						await page.locator(wait).first().waitFor();
						if (name === 'market-account') {
							await page.locator('main button', {hasText: words[locale === 'zh-CN' ? 'zh' : 'en'].market.connect}).click();
							await page.fill('form.order input[name=quantity]', '1.25');
							await page.fill('form.order input[name=limit]', '0.2415');
						}
						await untilLoaded(page);
						await page.waitForTimeout(300);
						const path = join(folder, `dashboard-${name}-${ending}`);
						await page.screenshot({path, fullPage: true});
						await page.context().close();
						process.stdout.write(`${path}\n`);
					}
				}
	} finally {
		await browser.close();
		for (const end of ends.reverse()) await end();
	}
}

const [folder = join('dist', 'screens'), only, pages] = process.argv.slice(2);
if (hasChromium) {
	if (only === undefined || only === 'verify') await screens(resolve(folder));
	if (only === undefined || only === 'dashboard') await dashboardScreens(resolve(folder), pages?.split(','));
	if (only === undefined || only === 'accounts') await accountScreens(resolve(folder), pages?.split(','));
} else process.stderr.write(`${noChromium}\n`);
