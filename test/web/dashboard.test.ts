// The dashboard in real Chromium, before a whole agent: from the first start to a receipt that the verify page calls good.
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import type {Browser, BrowserContextOptions} from 'playwright-core';
import {drawnCurve, gapAfter, withReading} from '../../agent/web/dashboard/drawn-curve.ts';
import {createFigures, emissionsOf} from '../../agent/web/dashboard/figures.ts';
import {byAdvice, shareText, verdictOf} from '../../agent/web/dashboard/health.ts';
import {hashOf, pageNames, placeOf} from '../../agent/web/dashboard/route.ts';
import {betterSpan} from '../../agent/web/dashboard/spans.ts';
import {words} from '../../agent/web/dashboard/words.ts';
import {readableText, readableValue} from '../../agent/web/units.ts';
import {words as verifyWords} from '../../agent/web/verify/words.ts';
import {hasChromium, openBrowser, openVerifyPage} from './browser.ts';
import {asksNobody, type Dashboard, type DashboardAgent, home, markup, openDashboard, openDashboardAgent} from './dashboard-world.ts';
import {browserTests, isAccessible} from './in-browser.ts';

let browser: Browser;
let agent: DashboardAgent;
const ends: (() => unknown)[] = [];

test.before(async t => {
	t.timeout(180_000);
	if (!hasChromium) return;
	[browser, agent] = await Promise.all([openBrowser(), openDashboardAgent({title: t.title, teardown: end => void ends.push(end)})]);
});
test.after.always(async () => {
	await browser?.close();
	for (const end of ends.reverse()) await end();
});

const inBrowser = browserTests<BrowserContextOptions, Dashboard>(options => openDashboard(browser, agent, options), asksNobody);

const said = words.en;

inBrowser('from the first start to a receipt that is good, and with one byte flipped is not', async (t, open) => {
	const {page, signIn, go} = await open();
	await page.fill('#name', 'owner');
	await page.fill('#password', 'a guess');
	await page.click('button[type=submit]');
	await page.getByText(said.signIn.wrong).waitFor();
	await signIn();
	await page.getByRole('heading', {level: 1, name: said.overview.verdicts.good}).waitFor();

	// Live: what a device sends stands on its page without a reload.
	await go(hashOf('devices', home));
	await page.locator('.plot canvas').waitFor();
	await agent.publish(1);
	const tile = page.locator('.channel').filter({hasText: 'energy-import'}).locator('.newest');
	await tile.filter({hasText: '4,901.125'}).waitFor({timeout: 20_000});
	t.regex((await tile.textContent()) ?? '', /4,901\.125\s+kWh/);
	t.regex((await page.locator('.plot').getAttribute('aria-label')) ?? '', /between/);
	await page.getByRole('button', {name: said.curve.periods.hour}).click();
	await page.locator('.legend', {hasText: said.curve.levels.raw}).waitFor();

	// A reading of the table leads to its proof.
	await page.locator('details summary', {hasText: said.curve.table}).click();
	await page.locator('.curve table tbody tr').nth(9).locator('a').click();
	await page.getByText(said.log.checked).waitFor({timeout: 20_000});
	t.is(await page.locator('.tree .node.root').count(), 1);
	await page.locator('.tree .node.leaf').focus();
	await page.keyboard.press('Enter');
	await page.getByText(said.log.explain.leaf).waitFor();

	const [download] = await Promise.all([
		page.waitForEvent('download'),
		page.getByRole('link', {name: said.log.receipt, exact: true}).click(),
	]);
	const path = join(agent.site.paths.trust, '..', download.suggestedFilename());
	await download.saveAs(path);
	const verify = await openVerifyPage(browser);
	try {
		const good = await verify.choose(path, agent.site.paths.trust);
		t.true(good.includes(verifyWords.en.answers.committed[0]), good);
		const text = readFileSync(path, 'utf8');
		const at = text.indexOf('"entry"') + 40;
		writeFileSync(path, `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`);
		const bad = await verify.choose(path, undefined);
		t.true(
			[verifyWords.en.answers.bad[0], verifyWords.en.answers.broken[0]].some(one => bad.includes(one)),
			bad,
		);
	} finally {
		await verify.page.context().close();
	}
});

inBrowser('a click on a drawn reading opens its entry, and a drag looks closer', async (t, open) => {
	const {page, signIn, go} = await open();
	await signIn();
	await go(hashOf('devices', home, 'active-power'));
	const over = page.locator('.plot .u-over');
	await over.waitFor();
	const box = (await over.boundingBox())!;
	await page.mouse.move(box.x + box.width * 0.7, box.y + 100);
	await page.mouse.down();
	await page.mouse.move(box.x + box.width * 0.9, box.y + 120, {steps: 6});
	await page.mouse.up();
	await page.waitForURL(/from=\d+/);
	const place = placeOf(new URL(page.url()).hash);
	t.true(place.toMs! - place.fromMs! < 0.3 * 86_400_000);
	await page.waitForTimeout(500);
	await page.mouse.click(box.x + box.width * 0.5, box.y + 100);
	await page.waitForURL(/#\/log\//);
	await page.getByText(said.log.proof).waitFor();
});

inBrowser('a curve leaves its numbers as much room as they need', async (t, open) => {
	const {page, signIn, go} = await open();
	const left = (): Promise<number> => page.evaluate('document.querySelector(".plot .u-over").offsetLeft');
	await signIn();
	await go(hashOf('devices', home, 'energy-import'));
	await page.locator('.plot .u-over').waitFor();
	const before = await left();
	await page.route('**/curve?*', async route => {
		const found = await (await route.fetch()).json();
		for (const name of ['first', 'last', 'min', 'max'])
			found[name] = found[name].map((digits: string | null) => (digits === null ? null : `60328${digits}`));
		await route.fulfill({json: found});
	});
	await go(hashOf('devices', home, 'active-power'));
	await go(hashOf('devices', home, 'energy-import'));
	await page.waitForFunction(`(document.querySelector('.plot .u-over')?.offsetLeft ?? 0) > ${before + 15}`);
	t.true((await left()) < before + 60);
});

inBrowser('what devices send is text wherever it stands', async (t, open) => {
	const {page, signIn, go} = await open();
	await agent.publish(2, `homes/${home}/meter`, markup);
	await signIn();
	await go(hashOf('alarms'));
	await page.getByText(said.alarms.refused, {exact: true}).first().waitFor();
	await go(hashOf('log', 3));
	await page.locator('pre', {hasText: '<img src=x onerror'}).first().waitFor();
	const evil = `x"><script>document.title=1</script>${markup}`;
	await page.route('**/v1/devices', async route =>
		route.fulfill({
			json: {
				items: [
					{
						id: evil,
						from: 'config',
						state: 'enrolled',
						topics: [],
						mappings: [],
						credentials: [],
						isSigning: false,
						cadenceMs: null,
						lastHeardMs: null,
						isSilent: false,
						refused: 0,
						expired: [],
						binding: null,
						channels: 1,
					},
				],
			},
		}),
	);
	await go(hashOf('devices'));
	await page.getByText(evil).waitFor();
	t.is(await page.locator('main img, main script').count(), 0);
	t.not(await page.title(), '1');
});

inBrowser('the pages speak both languages, follow the switches, and remember them', async (t, open) => {
	const {page, signIn, go} = await open({locale: 'zh-CN'});
	t.is(await page.locator('html').getAttribute('lang'), 'zh-Hans');
	await signIn();
	for (const name of pageNames) {
		if (name === 'market') continue;
		await go(hashOf(name));
		if (name === 'overview') continue;
		await page.getByRole('heading', {level: 1, name: words.zh[name].title}).waitFor();
	}
	await page.getByRole('button', {name: 'English'}).click();
	await page.locator('.settings select').selectOption('dark');
	await page.reload();
	await page.getByRole('link', {name: said.pages.devices, exact: true}).waitFor();
	t.is(await page.locator('html').getAttribute('data-look'), 'dark');
	t.is(await page.evaluate('getComputedStyle(document.documentElement).backgroundColor'), 'rgb(20, 23, 26)');
	await page.getByRole('button', {name: said.signOut}).click();
	await page.getByRole('heading', {name: said.signIn.title}).waitFor();
});

inBrowser('a share link shows one device and its proofs, and nothing once it is revoked', async (t, open) => {
	const owner = await open();
	await owner.signIn();
	const post = (path: string, method: string, body?: unknown): Promise<{share: {id: string}; link: string}> =>
		owner.page.evaluate(
			`fetch('/v1${path}', {method: '${method}', ${body === undefined ? '' : `headers: {'content-type': 'application/json'}, body: ${JSON.stringify(JSON.stringify(body))}`}}).then(one => one.json())`,
		);
	const {share, link} = await post('/shares', 'POST', {scope: {kind: 'device', id: home}, days: 3});
	const guest = await open();
	await guest.page.goto('about:blank');
	await guest.page.goto(`${agent.url}${link}`);
	await guest.page.getByRole('heading', {level: 1, name: home}).waitFor();
	t.false(guest.page.url().includes(link.split('#')[1]!));
	await guest.page.locator('.plot canvas').waitFor();
	t.deepEqual(await guest.page.locator('nav li a').allTextContents(), [said.pages.devices, said.pages.log, said.verify]);
	await guest.go(hashOf('log', 5));
	await guest.page.getByText(said.log.checked).waitFor();
	await guest.page.getByText(said.log.messages.withheld).waitFor();
	await guest.go(hashOf('alarms'));
	await guest.page.getByRole('heading', {level: 1, name: home}).waitFor();
	await post(`/shares/${share.id}`, 'DELETE');
	const late = await open();
	await late.page.goto('about:blank');
	await late.page.goto(`${agent.url}${link}`);
	await late.page.getByText(said.signIn.shareEnded).waitFor();
	// A guest has no password, and is not asked for one.
	t.is(await late.page.locator('input').count(), 0);
	t.is(await late.page.getByText(said.signIn.first).count(), 0);
	await late.page.getByRole('link', {name: said.signIn.own}).click();
	await late.page.locator('#name').waitFor();
});

for (const options of [
	{colorScheme: 'light', viewport: {width: 1280, height: 900}},
	{colorScheme: 'dark', viewport: {width: 390, height: 844}, locale: 'zh-CN'},
] as const)
	inBrowser(`axe-core finds nothing serious, ${options.colorScheme}, ${options.viewport.width} px`, async (t, open) => {
		const {page, signIn, go} = await open({...options, bypassCSP: true});
		const look = (where: string): Promise<void> => isAccessible(t, page, where);
		await page.locator('#name').waitFor();
		await look('sign-in');
		await signIn();
		for (const hash of [
			hashOf('overview'),
			hashOf('devices'),
			hashOf('devices', home),
			hashOf('log'),
			hashOf('log', 5),
			hashOf('alarms'),
			hashOf('emissions'),
			hashOf('shipments'),
		]) {
			await go(hash);
			await page.waitForTimeout(400);
			await look(hash);
		}
	});

test('both languages say everything, and nothing is left in the other', t => {
	const texts = (value: unknown, path: string): [string, string][] => {
		if (typeof value === 'string') return [[path, value]];
		if (typeof value === 'function') return [[path, String((value as (...words: string[]) => string)('1', '2', '3', '4', '5'))]];
		return Object.entries(value as object).flatMap(([key, one]) => texts(one, `${path}.${key}`));
	};
	const [en, zh] = [new Map(texts(words.en, '')), new Map(texts(words.zh, ''))];
	t.deepEqual([...zh.keys()].sort(), [...en.keys()].sort());
	for (const [path, text] of en) {
		t.not(text.trim(), '', path);
		t.notRegex(text, /\p{Script=Han}/u, path);
		t.regex(zh.get(path)!, /\p{Script=Han}/u, path);
	}
});

test('places in the address are read as they are written, and what is none is the overview', t => {
	for (const page of pageNames) t.is(placeOf(hashOf(page)).page, page);
	const place = placeOf(hashOf('devices', 'a/b?c#d', 'energy-import:L1', {fromMs: 5, toMs: 9}));
	t.deepEqual(place, {page: 'devices', of: 'a/b?c#d', part: 'energy-import:L1', fromMs: 5, toMs: 9});
	for (const hash of ['', '#', '#/nowhere/x', '#/%E0%A4%A/', '#//']) t.is(placeOf(hash).page, 'overview');
});

test('a gap is a time in which a device was due', t => {
	t.deepEqual(gapAfter({bucketMs: null, cadenceMs: 60_000}, 0, 60_001), {fromMs: 0, toMs: 60_001});
	t.is(gapAfter({bucketMs: null, cadenceMs: 60_000}, 0, 60_000), undefined);
	t.is(gapAfter({bucketMs: 900_000, cadenceMs: 60_000}, 0, 900_000), undefined);
	t.deepEqual(gapAfter({bucketMs: 900_000, cadenceMs: 60_000}, 0, 1_800_000), {fromMs: 900_000, toMs: 1_800_000});
	t.is(gapAfter({bucketMs: 900_000, cadenceMs: 3_600_000}, 0, 1_800_000), undefined);
	t.is(gapAfter({bucketMs: null, cadenceMs: null}, 0, 1e12), undefined);
	const curve = {
		urn: 'u',
		unit: 'mCel',
		kind: 'gauge',
		exponent: 0,
		level: 'raw' as const,
		bucketMs: null,
		cadenceMs: 60_000,
		behind: 0,
		times: [0, 60_000, 600_000],
		counts: [1, 1, 1],
		first: ['1000', '2000', null],
		last: ['1000', '2000', null],
		min: ['1000', '2000', null],
		max: ['1000', '2000', null],
		marks: {},
		indexes: [4, 5, 6],
	};
	const drawn = drawnCurve(curve);
	t.deepEqual(drawn.last, [1, 2, null, null]);
	t.deepEqual(drawn.places, [0, 1, undefined, 2]);
	t.deepEqual(drawn.gaps, [{fromMs: 60_000, toMs: 600_000}]);
	const reading = {index: 9, measuredAtMs: 660_000, arrivedAtMs: 660_100, value: '3000', quality: []};
	t.deepEqual(withReading(curve, reading)?.indexes, [4, 5, 6, 9]);
	t.is(withReading(curve, {...reading, measuredAtMs: 5}), undefined);
});

test('figures keep every digit, and nothing is called whole that is not', t => {
	const figures = createFigures('en', 'UTC');
	const value = readableValue('123456789012345670', -3, 'Wh');
	t.is(`${figures.exact(value.text)} ${value.unit}`, '123,456,789,012.34567 kWh');
	t.deepEqual(readableValue('-500', 0, 'mCel'), {text: '-0.5', unit: '°C'});
	t.deepEqual(readableText('12000.500', 'Wh'), {text: '12.0005', unit: 'kWh'});
	t.deepEqual(readableText('open', undefined), {text: 'open', unit: ''});
	t.deepEqual(emissionsOf('1234567890'), {text: '1.235', unit: 't CO₂e'});
	t.is(shareText(999_999, 1_000_000, 'en'), '99.9%');
	t.is(shareText(1_000_000, 1_000_000, 'en'), '100%');
	t.is(verdictOf({state: 'frozen', warnings: []}), 'bad');
	t.is(verdictOf({state: 'running', warnings: ['x']}), 'half');
	t.deepEqual(
		byAdvice(['Silent, not heard: a.', 'Anything else.', 'Silent, not heard: b.', 'Another.'], 'en').map(({warnings}) => warnings),
		[
			['Silent, not heard: a.', 'Silent, not heard: b.'],
			['Anything else.', 'Another.'],
		],
	);
	t.regex(figures.age(3 * 3_600_000), /^3 h/);
});

test('a curve begins with the span that shows what there is', t => {
	const [hourMs, dayMs] = [3_600_000, 86_400_000];
	const toMs = 1000 * dayMs;
	const [day, all] = [
		{fromMs: toMs - dayMs, toMs},
		{fromMs: 0, toMs},
	];
	t.is(betterSpan([toMs - 60_000], day), 'minutes');
	t.is(betterSpan([toMs - 600_001, toMs], day), 'hour');
	t.is(betterSpan([toMs - hourMs - 1, toMs], day), undefined);
	t.is(betterSpan([], day), 'all');
	t.is(betterSpan([], all), undefined);
	t.is(betterSpan([dayMs, toMs - 3 * dayMs], all), 'week');
	t.is(betterSpan([dayMs, toMs - 300 * dayMs], all), 'year');
	t.is(betterSpan([dayMs, toMs - 400 * dayMs], all), undefined);
});
