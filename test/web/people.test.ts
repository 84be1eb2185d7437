import {join} from 'node:path';
import test from 'ava';
import type {Browser, BrowserContextOptions, Page} from 'playwright-core';
import {systemClock} from '../../agent/base/clock.ts';
import {hashOf, mayOpen, pageNames} from '../../agent/web/dashboard/route.ts';
import {refusalMeaning} from '../../agent/web/dashboard/said.ts';
import {words} from '../../agent/web/dashboard/words.ts';
import {words as verifyWords} from '../../agent/web/verify/words.ts';
import {hasChromium, openBrowser, openVerifyPage} from './browser.ts';
import {withSamples} from './dashboard-samples.ts';
import {asksNobody, type Dashboard, type DashboardAgent, home, openDashboard, openDashboardAgent} from './dashboard-world.ts';
import {browserTests, isAccessible} from './in-browser.ts';

const said = words.en;
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

async function enter(page: Page, name: string, password: string): Promise<void> {
	await page.fill('#name', name);
	await page.fill('#password', password);
	await page.click('button[type=submit]');
}

const once = (page: Page) => page.locator('.once input');
const navOf = (page: Page): Promise<string[]> => page.locator('nav li a').allTextContents();

inBrowser('an owner adds a viewer, who signs in, sees nothing of people and sharing, and changes his own password', async (t, open) => {
	const owner = await open();
	await owner.signIn();
	await owner.go(hashOf('people'));
	const {page} = owner;
	await page.getByLabel(said.people.name).fill('anna');
	await page.getByRole('button', {name: said.people.go, exact: true}).click();
	await page.getByText(said.people.password('anna')).waitFor();
	const password = await once(page).inputValue();
	t.regex(password, /^\S{16,}$/);

	const viewer = await open();
	await enter(viewer.page, 'anna', password);
	await viewer.page.locator('nav').waitFor();
	t.deepEqual(
		(await navOf(viewer.page)).filter(name =>
			[said.pages.sharing, said.pages.people, said.pages.evidence, said.pages.account].includes(name),
		),
		[said.pages.account],
	);
	for (const name of ['people', 'sharing', 'evidence'] as const) {
		await viewer.go(hashOf(name));
		await viewer.page.getByText(said.problems.forbidden).waitFor();
		t.is(await viewer.page.locator('main form, main button').count(), 0, name);
	}
	await viewer.go(hashOf('devices', home));
	await viewer.page.locator('.channel').first().waitFor();
	t.is(await viewer.page.getByRole('link', {name: said.sharing.button, exact: true}).count(), 0);

	await viewer.go(hashOf('account'));
	await viewer.page.fill('#current', 'not his password');
	await viewer.page.fill('#next', 'a much better one');
	await viewer.page.fill('#again', 'a much bitter one');
	const change = viewer.page.getByRole('button', {name: said.account.go, exact: true});
	await change.click();
	await viewer.page.getByText(said.account.differ).waitFor();
	await viewer.page.fill('#again', 'a much better one');
	await change.click();
	await viewer.page.getByText(said.problems['wrong-password']).waitFor();
	await viewer.page.fill('#current', password);
	await change.click();
	await viewer.page.getByText(said.account.done).waitFor();
	// He stays signed in, and the old password is gone.
	await viewer.page.reload();
	await viewer.page.locator('nav').waitFor();
	const late = await open();
	await enter(late.page, 'anna', password);
	await late.page.getByText(said.signIn.wrong).waitFor();
	await enter(late.page, 'anna', 'a much better one');
	await late.page.locator('nav').waitFor();

	// Another role, and nobody any more.
	const row = page.locator('tbody tr', {hasText: 'anna'});
	await row.locator('select').selectOption('operator');
	await row.getByText(said.people.sureRole('anna', said.roles.operator)).waitFor();
	await row.getByRole('button', {name: said.really}).click();
	await page.getByText(said.people.changed('anna', said.roles.operator)).waitFor();
	await late.page.reload();
	await late.page.getByRole('link', {name: said.pages.evidence, exact: true}).waitFor();
	// What is asked once more leaves the focus where it was, on what takes it back: pressed twice, nothing is done.
	await row.getByRole('button', {name: said.people.remove}).focus();
	await page.keyboard.press('Enter');
	await row.getByText(said.people.sureRemove('anna')).waitFor();
	t.is(await page.evaluate('document.activeElement.textContent'), said.rather);
	await page.keyboard.press('Enter');
	await row.getByRole('button', {name: said.people.remove}).click();
	await row.getByRole('button', {name: said.really}).click();
	await page.getByText(said.people.removed('anna')).waitFor();
	await late.page.getByText(said.problems.unauthorised).waitFor({timeout: 30_000});
	// One owner stays.
	const own = page.locator('tbody tr', {hasText: 'owner'});
	await own.locator('select').selectOption('viewer');
	await own.getByRole('button', {name: said.really}).click();
	await page.getByText(said.problems['last-owner']).waitFor();
	t.is(await own.locator('select').inputValue(), 'owner');
});

inBrowser(
	'a link that was made on a device’s page shows that device in a fresh window, and ends there once it is revoked',
	async (t, open) => {
		const owner = await open();
		await owner.signIn();
		await owner.go(hashOf('devices', home));
		const {page} = owner;
		await page.getByRole('link', {name: said.sharing.button, exact: true}).click();
		await page.getByRole('heading', {level: 1, name: said.sharing.title}).waitFor();
		await page.locator('select[name=of]').waitFor();
		t.is(await page.locator('select[name=of]').inputValue(), home);
		await page.getByLabel(said.sharing.label).fill('<b>the neighbour</b>');
		await page.getByRole('button', {name: said.sharing.go}).click();
		await page.getByText(said.sharing.made).waitFor();
		await page.getByText(said.sharing.loopback).waitFor();
		const link = await once(page).inputValue();
		t.regex(link, /\/share#[A-Za-z0-9_-]{43}$/);
		await page.getByText('<b>the neighbour</b>').waitFor();
		await page.getByText(said.sharing.neverUsed).waitFor();

		const guest = await open();
		await guest.page.goto('about:blank');
		await guest.page.goto(link);
		await guest.page.getByRole('heading', {level: 1, name: home}).waitFor();
		t.false(guest.page.url().includes(link.split('#')[1]!));
		await guest.page.locator('.plot canvas').waitFor();
		t.deepEqual(await navOf(guest.page), [said.pages.devices, said.pages.log, said.verify]);
		t.is(await guest.page.getByRole('link', {name: said.sharing.button, exact: true}).count(), 0);
		for (const path of ['/agent', '/shares', '/users', '/evidence', '/quarantine'])
			t.is(await guest.page.evaluate(`fetch('/v1${path}').then(one => one.status)`), 403, path);
		await guest.go(hashOf('sharing'));
		await guest.page.getByRole('heading', {level: 1, name: home}).waitFor();

		await page.reload();
		const row = page.locator('tbody tr').first();
		await row.waitFor();
		t.regex((await row.textContent()) ?? '', / ago/);
		await row.getByRole('button', {name: said.sharing.revoke}).click();
		await row.getByRole('button', {name: said.really}).click();
		await page.getByText(said.sharing.revoked).waitFor();
		await guest.page.getByText(said.signIn.shareEnded).waitFor({timeout: 30_000});
		t.is(await guest.page.locator('.plot, .channel').count(), 0);
		const late = await open();
		await late.page.goto('about:blank');
		await late.page.goto(link);
		await late.page.getByText(said.signIn.shareEnded).waitFor();
	},
);

inBrowser('a name with markup is refused, and one that stands in an answer is text', async (t, open) => {
	const {page, signIn, go} = await open();
	await signIn();
	await go(hashOf('people'));
	const evil = '<img src=x onerror="document.title=1">';
	await page.getByLabel(said.people.name).fill(evil);
	await page.getByRole('button', {name: said.people.go, exact: true}).click();
	await page.getByText(said.people.badName).waitFor();
	t.is(
		await page.evaluate(
			`fetch('/v1/users', {method: 'POST', headers: {'content-type': 'application/json'}, body: JSON.stringify({name: '<b>', role: 'viewer'})}).then(one => one.status)`,
		),
		400,
	);
	await page.route('**/v1/users', route =>
		route.fulfill({json: {items: [{name: evil, role: 'viewer', added: '2026-01-01T00:00:00.000Z'}]}}),
	);
	await go(hashOf('account'));
	await go(hashOf('people'));
	await page.getByText(evil).waitFor();
	t.is(await page.locator('main img').count(), 0);
	t.not(await page.title(), '1');
});

inBrowser('in Chinese what the agent says is Chinese, with the English beside it', async (t, open) => {
	const {page, signIn, go} = await open({locale: 'zh-CN'});
	await withSamples(page, systemClock.nowMs());
	await signIn();
	await page.getByText('在 consortium 锚定未成功：没有节点应答。').waitFor();
	await page.getByText('前 3').first().waitFor();
	await page.getByText('内容格式错误 2').waitFor();
	for (const english of ['Anchoring at consortium: no node answers', 'Silent, not heard', 'Nothing is anchored: only the side file'])
		t.is(await page.locator(`[lang=en]`, {hasText: english}).count(), 1, english);
	await page.route('**/v1/quarantine*', route =>
		route.fulfill({
			json: {
				items: [
					{id: 1, arrivedAtMs: 1, reason: 'time-implausible', detail: 'it is 1970', topic: 'a/b', identity: null, bytes: 3, payload: null},
					{id: 2, arrivedAtMs: 1, reason: 'made-up', detail: 'x', topic: 'a/b', identity: null, bytes: 3, payload: null},
				],
			},
		}),
	);
	await go(hashOf('alarms'));
	await page.getByText(refusalMeaning('time-implausible')!).waitFor();
	await page.getByText('made-up', {exact: true}).waitFor();
	await page.getByRole('button', {name: 'English'}).click();
	await page.getByText('time-implausible', {exact: true}).waitFor();
	t.is(await page.getByText(refusalMeaning('time-implausible')!).count(), 0);
});

inBrowser('evidence of a device is packed, downloaded, and good on the verify page', async (t, open) => {
	const {page, signIn, go} = await open();
	await signIn();
	await go(hashOf('devices', home));
	await page.getByRole('link', {name: said.evidence.button, exact: true}).click();
	await page.getByRole('heading', {level: 1, name: said.evidence.title}).waitFor();
	await page.getByRole('button', {name: said.evidence.go}).click();
	await page.getByRole('alert').getByText(said.evidence.ended.done).waitFor({timeout: 60_000});
	const file = page.getByRole('link', {name: said.evidence.download, exact: true});
	await file.waitFor();
	const [download] = await Promise.all([page.waitForEvent('download'), file.click()]);
	const path = join(agent.site.paths.directory, 'downloaded.zip');
	await download.saveAs(path);
	t.is(await page.locator('a[download="kedge-verify.html"]').getAttribute('href'), '/verify');
	const verify = await openVerifyPage(browser);
	try {
		const good = await verify.choose(path, agent.site.paths.trust);
		t.true(good.includes(verifyWords.en.answers.committed[0]), good);
	} finally {
		await verify.page.context().close();
	}
});

for (const options of [
	{colorScheme: 'light', viewport: {width: 1280, height: 900}},
	{colorScheme: 'dark', viewport: {width: 390, height: 844}, locale: 'zh-CN'},
] as const)
	inBrowser(`axe-core finds nothing serious on these pages, ${options.colorScheme}, ${options.viewport.width} px`, async (t, open) => {
		const {page, signIn, go} = await open({...options, bypassCSP: true});
		const words_ = 'locale' in options ? words.zh : words.en;
		const look = (where: string): Promise<void> => isAccessible(t, page, where);
		await signIn();
		for (const name of ['sharing', 'evidence', 'people', 'account'] as const) {
			await go(hashOf(name));
			await page.waitForTimeout(300);
			await look(name);
		}
		await go(hashOf('sharing', 'device', home));
		await page.getByRole('button', {name: words_.sharing.go}).click();
		await once(page).waitFor();
		await page.getByRole('button', {name: words_.sharing.revoke}).first().click();
		await look('a link');
		if (options.viewport.width > 500) return;
		// On a phone the pages are behind a button, all of them, and one that was chosen closes it.
		const menu = page.locator('nav .menu');
		await menu.click();
		t.is(await menu.getAttribute('aria-expanded'), 'true');
		await page.locator('nav li a', {hasText: words_.pages.people}).waitFor();
		await look('the menu');
		await page.locator('nav li a', {hasText: words_.pages.people}).click();
		await page.getByRole('heading', {level: 1, name: words_.people.title}).waitFor();
		t.is(await menu.getAttribute('aria-expanded'), 'false');
		t.false(await page.locator('nav li a').first().isVisible());
	});

inBrowser('a hundred wrong passwords wait longer and longer, say how long, and the right one comes in after', async (t, open) => {
	const {page, signIn} = await open();
	await page.locator('#name').waitFor();
	const counts = (await page.evaluate(`(async () => {
		const counts = {};
		for (let i = 0; i < 100; i += 1) {
			const {status} = await fetch('/v1/session', {
				method: 'POST', headers: {'content-type': 'application/json'}, body: JSON.stringify({name: 'owner', password: 'guess ' + i}),
			});
			counts[status] = (counts[status] ?? 0) + 1;
		}
		return counts;
	})()`)) as Record<string, number>;
	t.deepEqual(Object.keys(counts).sort(), ['401', '429']);
	t.true(counts['401']! < 15, JSON.stringify(counts));
	const pattern = new RegExp(said.signIn.wait(0).replace('0', '(\\d+)').replaceAll('.', '\\.'));
	const waits: number[] = [];
	for (let i = 0; i < 12 && Math.max(0, ...waits) < 4; i += 1) {
		await enter(page, 'owner', 'one more guess');
		const alert = page.locator('[role=alert] .told');
		await page.locator('button[type=submit]:not([disabled])').waitFor();
		const seconds = Number(pattern.exec((await alert.textContent()) ?? '')?.[1] ?? 0);
		if (seconds > 0) waits.push(seconds);
		await page.waitForTimeout(seconds * 1000);
	}
	t.true(Math.max(...waits) >= 4, waits.join(' '));
	await signIn();
	await page.getByRole('heading', {level: 1, name: said.overview.verdicts.good}).waitFor();
});

test('each role opens what it may, and what nobody may open is no page', t => {
	t.deepEqual(
		(['owner', 'operator', 'viewer'] as const).map(role => pageNames.filter(name => !mayOpen(role, name))),
		[[], ['sharing', 'people'], ['evidence', 'sharing', 'people']],
	);
});
