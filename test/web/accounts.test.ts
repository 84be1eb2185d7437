// The pages of emissions and the cold chain, and excursions on curves, before an agent with long accounts: every figure is held to what the ledgers answer.
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import type {Browser, BrowserContextOptions, Locator, Page} from 'playwright-core';
import {certificatesAt} from '../../agent/energy-certificates.ts';
import type {ShipmentAccount} from '../../agent/ledgers/coldchain/account.ts';
import {profiles} from '../../agent/ledgers/coldchain/profiles.ts';
import {watchedSpans} from '../../agent/ledgers/coldchain/watched.ts';
import type {EmissionsAnswer} from '../../agent/ledgers/emissions/answer.ts';
import {verifyPackageFile} from '../../agent/packing.ts';
import {askShipment} from '../../agent/shipping.ts';
import {trustOf} from '../../agent/site.ts';
import {builtInProfiles, csvText, drawnLimit, holdingsOf, reportedParts} from '../../agent/web/dashboard/account-figures.ts';
import {createFigures, emissionsOf, factorOf, wattHours} from '../../agent/web/dashboard/figures.ts';
import {hashOf} from '../../agent/web/dashboard/route.ts';
import {translated} from '../../agent/web/dashboard/sentences.ts';
import {words} from '../../agent/web/dashboard/words.ts';
import type {Language} from '../../agent/web/language.ts';
import {kedge} from '../helpers/site.ts';
import {type AccountsWorld, bakery, markedUp, openAccountsAgent, shipments} from './accounts-world.ts';
import {hasChromium, openBrowser} from './browser.ts';
import {asksNobody, type Dashboard, openDashboard} from './dashboard-world.ts';
import {browserTests, isAccessible} from './in-browser.ts';

let browser: Browser;
let agent: AccountsWorld;
const ends: (() => unknown)[] = [];

test.before(async t => {
	t.timeout(240_000);
	if (!hasChromium) return;
	browser = await openBrowser();
	agent = await openAccountsAgent({title: t.title, teardown: end => void ends.push(end)});
});
test.after.always(async () => {
	await browser?.close();
	for (const end of ends.reverse()) await end();
});

const inBrowser = browserTests<BrowserContextOptions, Dashboard>(async options => {
	const one = await openDashboard(browser, agent, options);
	await one.page.locator('#name').waitFor();
	await one.signIn();
	return one;
}, asksNobody);

const massText = (mg: string, language: Language): string => {
	const {text, unit} = emissionsOf(mg);
	return `${createFigures(language, 'UTC').exact(text)} ${unit}`;
};
/** As people see it: without what only the source has of spaces. */
const seen = async (locator: Locator): Promise<string> => ((await locator.allInnerTexts())[0] ?? '').replace(/\s+/g, ' ');

const textOf = async (page: Page, selector: string): Promise<string> => seen(page.locator(selector).first());

/** What the page asked of a site, so that another can ask the same. */
async function answerShown(page: Page, go: Dashboard['go'], site: string): Promise<EmissionsAnswer> {
	const [response] = await Promise.all([
		page.waitForResponse(one => one.url().includes(`/v1/emissions/${site}?`)),
		go(hashOf('emissions', site)),
	]);
	return ((await response.json()) as {answer: EmissionsAnswer}).answer;
}

for (const [locale, language] of [
	['en-GB', 'en'],
	['zh-CN', 'zh'],
] as const)
	inBrowser(`the emissions on the page are those of the command line, ${language}`, async (t, open) => {
		const {page, go} = await open({locale});
		const said = words[language].emissions;
		const {fromMs, toMs} = await answerShown(page, go, bakery);
		const ran = await kedge(t, [
			'emissions',
			bakery,
			'--config',
			agent.site.configPath,
			'--from',
			new Date(fromMs).toISOString(),
			'--to',
			new Date(toMs).toISOString(),
			'--json',
		]);
		const told = JSON.parse(ran.out) as EmissionsAnswer;
		t.is(ran.code, 1, 'the forklift has no factor');
		await page.locator('.bars').first().waitFor();
		const figures = await textOf(page, 'main section .figures');
		for (const mg of [told.reported.mg, ...Object.values(told.totals)])
			t.true(figures.includes(massText(mg, language)), `${mg}: ${figures}`);
		const reasons = await textOf(page, '.reasons');
		for (const reason of told.reasons) t.true(reasons.includes(translated(reason, language)!), `${reason}: ${reasons}`);
		if (language === 'zh') t.notRegex(reasons, /hours|factor/);

		// By hour and by day: as many columns, and in the table the same figures as the ledger's.
		t.is(await page.locator('.bars rect.behind').count(), told.hours!.length);
		await page.getByRole('button', {name: said.byDay}).click();
		await page.getByRole('heading', {level: 2, name: said.byDay}).waitFor();
		t.is(await page.locator('.bars rect.behind').count(), told.days!.length);
		await page.locator('details summary', {hasText: said.table}).click();
		const row = await seen(page.locator('details', {hasText: said.table}).locator('tbody tr').nth(1));
		for (const mg of Object.values(told.days!.at(-2)!.mg)) t.true(row.includes(massText(mg, language)), `${mg}: ${row}`);

		const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', {name: said.csv}).click()]);
		const lines = readFileSync(await download.path(), 'utf8')
			.trim()
			.split('\r\n');
		t.is(lines[0], 'day,scope1Mg,scope2LocationMg,scope2MarketMg,scope3Mg');
		t.deepEqual(
			lines.slice(1),
			told.days!.map(({day, mg}) => [day, mg.scope1, mg.scope2Location, mg.scope2Market, mg.scope3].join(',')),
		);

		// A year is more than the log has: by day, and with what is not known said.
		const [year] = await Promise.all([
			page.waitForResponse(one => one.url().includes(`/v1/emissions/${bakery}?`)),
			page.getByRole('button', {name: said.periods.year}).click(),
		]);
		const ofYear = ((await year.json()) as {answer: EmissionsAnswer}).answer;
		await page.locator('main section .figures', {hasText: massText(ofYear.reported.mg, language)}).waitFor();
		t.is(await page.locator('.bars rect.behind').count(), ofYear.days!.length);
		t.is(ofYear.hours, undefined);

		// Allowances, as the chain has them.
		const allowances = await textOf(page, '.allowances');
		const held = words[language].allowances;
		for (const text of [`${held.surrendered} 31.417 t CO₂e`, `${held.free} 2.083 t CO₂e`, `${held.held} 36.000 t CO₂e`])
			t.true(allowances.includes(text), `${text}: ${allowances}`);
		await page.locator('.allowances summary').click();
		const moves = await page.locator('.allowances details tbody tr').allInnerTexts();
		t.deepEqual(
			moves.map(one => one.split('\t')[0]!.trim()),
			(['issued', 'received', 'retired', 'sent', 'released', 'surrendered', 'issued'] as const).map(what => held.whats[what]),
		);
	});

inBrowser('the certificates on the page are those of the ledger, with the readings that they rest on', async (t, open) => {
	const {page, go} = await open();
	const said = words.en.certificates;
	const [response] = await Promise.all([
		page.waitForResponse(one => one.url().includes('/v1/certificates/roof?')),
		go(hashOf('emissions', bakery)),
	]);
	const asked = new URL(response.url()).searchParams;
	const told = await certificatesAt(agent.site.paths, 'roof', Number(asked.get('from')), Number(asked.get('to')));
	await page.locator('.certificates table').first().waitFor();
	const text = await textOf(page, '.certificates');
	const figures = createFigures('en', 'UTC');
	const energy = (wh: number): string => `${figures.exact(wattHours(wh).text)} ${wattHours(wh).unit}`;
	for (const [label, wh] of [
		[said.issued, told.totals.issuedWh],
		[said.held, told.totals.heldWh],
		[said.cancelled, told.totals.cancelledWh],
		[said.retired, told.totals.retiredWh],
	] as const)
		t.true(text.includes(`${label} ${energy(wh)}`), `${label} ${energy(wh)}: ${text}`);
	for (const one of holdingsOf(told.certificates))
		t.true(text.includes(`${one.account} ${said.states[one.status]} ${energy(one.energyWh)}`), `${one.account}: ${text}`);
	await page.locator('.certificates summary').click();
	const hour = told.hours.findLast(({issuedWh}) => issuedWh > 0)!;
	const rows = await seen(page.locator('.certificates details tbody'));
	t.true(rows.includes(said.numbers(figures.whole(hour.fromNumber), figures.whole(hour.toNumber))), rows);
	t.true(rows.includes(said.notCertified.counter));
	await page.locator('.certificates details tbody a').first().click();
	await page.getByRole('heading', {level: 1, name: 'roof'}).waitFor();
});

inBrowser('a total leads to a package that proves it', async (t, open) => {
	const {page, go} = await open();
	await answerShown(page, go, 'cold-store');
	const {evidence} = words.en;
	await page.locator('.proofs').getByRole('link', {name: evidence.button}).click();
	await page.getByRole('heading', {level: 1, name: evidence.title}).waitFor();
	await page.locator('select[name=of]').waitFor();
	t.is(await page.locator('select[name=of]').inputValue(), 'cold-store');
	await page.getByRole('button', {name: evidence.go}).click();
	const link = page.getByRole('link', {name: evidence.download, exact: true});
	await link.waitFor({timeout: 60_000});
	const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
	const path = join(agent.site.paths.directory, 'total.zip');
	await download.saveAs(path);
	const {checks} = await verifyPackageFile(path, trustOf(readFileSync(agent.site.paths.trust), agent.site.paths.trust));
	t.deepEqual(
		checks.filter(({result}) => result === 'fail'),
		[],
	);
	t.true(checks.some(({name, result}) => name === 'answer' && result === 'pass'));
});

inBrowser('the cold chain says what the ledger says, leg by leg', async (t, open) => {
	const {page, go} = await open();
	const said = words.en.shipments;
	const figures = createFigures('en', 'UTC');
	await go(hashOf('shipments'));
	await page.locator('tbody .verdict').nth(2).waitFor();
	for (const [id, verdict] of [
		[shipments.beyond, said.verdicts.excursion],
		[shipments.underWay, said.verdicts.good],
		[shipments.unknown, said.verdicts.indeterminate],
	] as const)
		t.true((await seen(page.locator('tbody tr', {hasText: id}))).includes(verdict), id);

	const {account} = await askShipment(agent.site.paths, shipments.beyond, {toMs: agent.nowMs});
	const series = account.series as unknown as readonly {
		excursions: readonly {fromMs: number; toMs: number; peakMilli: number; heldMs: number}[];
		aboveMs: number;
	}[];
	const [run] = series.flatMap(one => one.excursions);
	await go(hashOf('shipments', shipments.beyond));
	await page.locator('.route .beyond').waitFor();
	const answer = await textOf(page, '.answer');
	const peak = `${(run!.peakMilli / 1000).toFixed(3).replace(/0+$/, '')} °C`;
	t.true(answer.includes(said.wentBeyond(said.sorts.temperature, said.times(1), figures.span(run!.heldMs), peak, '8.0 °C')), answer);
	const route = await textOf(page, '.route');
	for (const text of [
		'Kiel → Hamburg',
		'Kühl & Söhne, reefer truck HH-KS 19',
		'Ramp 4, Kiel',
		said.signed,
		said.outsideFor(figures.span(run!.heldMs)),
	])
		t.true(route.includes(text), `${text}: ${route}`);
	t.is(await page.locator('.route li').count(), 5);
	t.is(await page.locator('.route .beyond').count(), 1);
	// On to the curve of the sensor, in that time.
	await page
		.locator('section', {has: page.getByRole('heading', {name: said.excursions, exact: true})})
		.locator('tbody a')
		.first()
		.click();
	await page.getByRole('heading', {level: 1, name: agent.beyond.device}).waitFor();
	await page.locator('.legend .out-box').waitFor();
});

inBrowser('an excursion is marked on the curve of its sensor, for eyes and for ears', async (t, open) => {
	const {page, go} = await open();
	const said = words.en.curve;
	const {device, fromMs, toMs} = agent.beyond;
	await go(hashOf('devices', device, 'temperature', {fromMs, toMs}));
	await page.locator('.legend .out-box').waitFor();
	const legend = await textOf(page, '.legend.watched');
	t.true(legend.includes(`${said.inside} ${shipments.beyond}: 2.0 °C to 8.0 °C`), legend);
	t.regex(legend, new RegExp(`Hatched: outside the limits of ${shipments.beyond}, once, for 1 hr 5 mins in all, as far as 1\\d\\.\\d+ °C`));
	t.true(((await page.locator('.plot').getAttribute('aria-label')) ?? '').includes('outside the limits of'));
	await page.locator('details summary', {hasText: said.table}).click();
	const outside = page.locator('.curve tbody tr', {hasText: said.marks.outside});
	const {account} = await askShipment(agent.site.paths, shipments.beyond, {fromMs, toMs});
	const [span] = watchedSpans(account, `urn:kedge:device:${device}:temperature`);
	t.is(await outside.count(), Math.round((span!.excursions[0]!.toMs - span!.excursions[0]!.fromMs) / 300_000));
	// What the limits are is drawn: a green band, and red where it was too warm.
	const colours = (await page.evaluate(`(() => {
		const canvas = document.querySelector('.plot canvas');
		const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
		let red = 0;
		for (let i = 0; i < data.length; i += 4) if (data[i] > 150 && data[i + 1] < 60 && data[i + 2] < 60 && data[i + 3] > 200) red += 1;
		return red;
	})()`)) as number;
	t.true(colours > 100, `${colours} red points`);
	await go(hashOf('devices', 'box-5', 'temperature'));
	await page.locator('.legend .in-box').waitFor();
	const marks = await textOf(page, '.legend');
	for (const name of ['estimated', 'conflict', 'noValue'] as const) t.true(marks.includes(said.means[name]), `${name}: ${marks}`);
});

inBrowser('what people named stands as text', async (t, open) => {
	const {page, go} = await open();
	await answerShown(page, go, 'cold-store');
	await page.getByRole('heading', {level: 2, name: markedUp.site}).waitFor();
	await go(hashOf('shipments'));
	await page.getByText(markedUp.goods).waitFor();
	await go(hashOf('shipments', shipments.unknown));
	await page.getByText(`${markedUp.place} → Kiel`).first().waitFor();
	await page.getByText('Lot <s>D</s>').waitFor();
	t.is(await page.locator('main img, main b, main i, main s').count(), 0);
	t.not(await page.title(), '1');
});

for (const options of [
	{colorScheme: 'light', viewport: {width: 1280, height: 900}, locale: 'zh-CN'},
	{colorScheme: 'dark', viewport: {width: 390, height: 844}, locale: 'en-GB'},
] as const)
	inBrowser(`axe-core finds nothing serious in the accounts, ${options.colorScheme}, ${options.viewport.width} px`, async (t, open) => {
		const {page, go} = await open({...options, bypassCSP: true});
		const {device, fromMs, toMs} = agent.beyond;
		for (const [hash, wait] of [
			[hashOf('emissions', bakery), '.certificates table'],
			[hashOf('shipments'), 'tbody tr:nth-child(3) .verdict'],
			[hashOf('shipments', shipments.beyond), '.route li:nth-child(4) .seen'],
			[hashOf('devices', device, 'temperature', {fromMs, toMs}), '.legend .out-box'],
		] as const) {
			await go(hash);
			await page.locator(wait).first().waitFor();
			for (const one of await page.locator('main details > summary').all()) await one.click();
			await isAccessible(t, page, hash);
		}
	});

test('figures of accounts keep every digit', t => {
	t.deepEqual(wattHours(1_234_567), {text: '1.234567', unit: 'MWh'});
	t.deepEqual(wattHours(900), {text: '900', unit: 'Wh'});
	t.deepEqual(factorOf('342.06', 'Wh'), {text: '342.06', unit: 'g CO₂e / kWh'});
	t.deepEqual(factorOf('2020', 'l'), {text: '2.02', unit: 'g CO₂e / l'});
	t.deepEqual(factorOf('2680000', 'l'), {text: '2.68', unit: 'kg CO₂e / l'});
	t.is(factorOf('a lot', 'l'), undefined);
	t.is(drawnLimit(8000, 'm[degF]'), 46.4);
	t.is(drawnLimit(-25_000, 'mCel'), -25);
	const mg = {scope1: '1', scope2Location: '20', scope2Market: '300', scope3: '4000'};
	t.deepEqual(reportedParts(mg, {mg: '301', scopes: [1, 2], scope2: 'market'}), [
		{scope: 'scope1', mg: 1n},
		{scope: 'scope2Market', mg: 300n},
	]);
	t.regex(createFigures('en').span(70 * 60_000), /^1 hr? 10 mins?$/);
	t.is(createFigures('zh').span(70 * 60_000), '1小时10分钟');
});

test('no cell of a CSV file is a formula or breaks its line', t => {
	t.is(
		csvText(
			['a', 'b'],
			[
				['=1+1', 'x,y'],
				['-3.5', '"q"\n'],
				['-cmd', undefined],
			],
		),
		'a,b\r\n\'=1+1,"x,y"\r\n-3.5,"""q""\n"\r\n\'-cmd,\r\n',
	);
});

test('what a shipment says of a channel is what its series say while the sensor was there', t => {
	const run = (fromMs: number, toMs: number) => ({
		side: 'above',
		fromMs,
		toMs,
		peakMilli: 9000,
		peakAtMs: fromMs,
		heldMs: toMs - fromMs,
		ended: 'inside',
	});
	const account = {
		shipment: 's',
		isOpened: true,
		refused: [],
		refusedCount: 0,
		profile: {temperature: {low: 2000, high: 8000}},
		sensors: [
			{assignment: 'A', channel: 'u', sort: 'temperature', fromMs: 0, toMs: 100},
			{assignment: 'B', channel: 'v', sort: 'temperature', fromMs: 100, toMs: 200},
			{assignment: 'C', channel: 'u', sort: 'door', fromMs: 0, toMs: 100},
		],
		series: [
			{sort: 'temperature', assignments: ['A', 'B'], excursions: [run(10, 20), run(90, 110), run(150, 160)]},
			{sort: 'temperature', assignments: ['A'], excursions: [run(10, 20)]},
		],
	} as unknown as ShipmentAccount;
	const [span, ...none] = watchedSpans(account, 'u');
	t.deepEqual(none, []);
	t.deepEqual([span!.low, span!.high, span!.assignment], [2000, 8000, 'A']);
	t.deepEqual(
		span!.excursions.map(({fromMs}) => fromMs),
		[10, 90],
	);
	t.deepEqual(watchedSpans({shipment: 's', isOpened: false, refused: [], refusedCount: 0}, 'u'), []);
});

test('sentences of ledgers are said in Chinese where we know them, and profiles have names in both languages', t => {
	t.is(translated('source "a": 2 of 24 hours are not known', 'zh'), '排放源“a”：24 小时中有 2 小时数据未知');
	t.is(translated('there is no party <b>', 'zh'), '没有名为 <b> 的一方');
	t.is(translated('something that nobody foresaw', 'zh'), undefined);
	t.is(translated('something that nobody foresaw', 'en'), 'something that nobody foresaw');
	t.deepEqual(builtInProfiles, Object.fromEntries(profiles.map(({id, name}) => [id, name])));
	for (const {id} of profiles) t.true(id in words.en.shipments.profiles, id);
});
