// The market page in real Chromium, before a market in memory that checks what is signed: signing in, placing and taking back, what is refused, and what it comes to.
import {readFileSync} from 'node:fs';
import test, {type ExecutionContext} from 'ava';
import type {Browser, BrowserContextOptions} from 'playwright-core';
import {energyText, fieldText, moneyText, priceText, typedAmount} from '../../agent/web/dashboard/amounts.ts';
import {added, sumsOf} from '../../agent/web/dashboard/bill-sums.ts';
import {createFigures} from '../../agent/web/dashboard/figures.ts';
import {roundUp, ticksBetween} from '../../agent/web/dashboard/price-volume.ts';
import {hashOf} from '../../agent/web/dashboard/route.ts';
import {words} from '../../agent/web/dashboard/words.ts';
import {openWindowWorld, passwords, type WindowWorld} from '../api/window-world.ts';
import {accountOf, firstSlot, meterOf, startMs, types, walletOf} from '../api/world.ts';
import {hasChromium, noChromium, openBrowser} from './browser.ts';
import {type BrowserWallet, giveWallet, walletMarkup} from './browser-wallet.ts';
import {builtPages} from './built-pages.ts';
import {type Dashboard, openDashboard} from './dashboard-world.ts';
import {isAccessible} from './in-browser.ts';

const said = words.en.market;

let browser: Browser;
test.before(async () => {
	if (hasChromium) browser = await openBrowser();
});
test.after.always(() => browser?.close());

type Opened = Dashboard & Pick<WindowWorld, 'desk' | 'clock' | 'url'> & {readonly wallet: BrowserWallet};

function inBrowser(title: string, body: (t: ExecutionContext, opened: Opened) => Promise<void>, options: BrowserContextOptions = {}): void {
	test.serial(title, async t => {
		t.timeout(120_000);
		if (!hasChromium) {
			t.log(noChromium);
			t.pass();
			return;
		}
		const {desk, url, clock} = await openWindowWorld(t, {}, builtPages());
		const dashboard = await openDashboard(browser, {url, password: passwords.owner}, options);
		try {
			const {page, signIn, go, complaints} = dashboard;
			const wallet = await giveWallet(page, walletOf('anna').privateKey);
			await page.reload();
			await signIn();
			await go(hashOf('market'));
			await body(t, {...dashboard, desk, clock, url, wallet});
			t.deepEqual(complaints, []);
			t.is(await page.locator('main img').count(), 0);
		} finally {
			await dashboard.page.context().close();
		}
	});
}

async function connect({page}: Opened): Promise<void> {
	await page.getByRole('button', {name: said.connect}).click();
	await page.locator('form.order').waitFor();
}

/** Types into the form, and sends it. */
async function order(
	{page}: Opened,
	quantity: string,
	limit: string,
	more: {readonly from?: number; readonly until?: number} = {},
): Promise<void> {
	if (more.from !== undefined) await page.selectOption('form.order select[name=from]', String(more.from));
	if (more.until !== undefined) await page.selectOption('form.order select[name=until]', String(more.until));
	await page.fill('form.order input[name=quantity]', quantity);
	await page.fill('form.order input[name=limit]', limit);
	await page.getByRole('button', {name: said.sign}).click();
}

const told = ({page}: Opened, text: string): Promise<void> => page.locator('.told', {hasText: text}).waitFor();

inBrowser('a wallet of the browser signs in and places an order, which is cleared, settled and billed', async (t, opened) => {
	const {page, wallet, desk, clock, url} = opened;
	await connect(opened);
	t.deepEqual([...new Set(wallet.asked)], ['eth_requestAccounts', 'personal_sign']);
	const slot = firstSlot + 1;
	// Times, and no numbers of slots; the meter is one of the account's own.
	t.is(await page.locator('form.order select[name=from] option').first().textContent(), '29 Nov, 12:15');
	t.deepEqual(await page.locator('form.order select[name=meter] option').allTextContents(), ['anna']);
	await page.fill('form.order input[name=quantity]', '1.2');
	await page.fill('form.order input[name=limit]', '0.25');
	await page.locator('form.order output', {hasText: said.preview.buy('1.2 kWh', '0.30 EUR')}).waitFor();
	await order(opened, '1.2', '0.25', {from: slot});
	await told(opened, said.placed('').slice(0, 10));
	const row = page.locator(`[aria-label="${said.myOrders}"] tbody tr`).first();
	await row.getByText(said.states.open, {exact: true}).waitFor();
	t.deepEqual([wallet.signed.at(-1)!.message.quantityWh, wallet.signed.at(-1)!.message.limitMicroPerKwh], [1200, 250_000]);
	const [download] = await Promise.all([page.waitForEvent('download'), row.getByRole('button', {name: said.receipt}).click()]);
	t.regex(readFileSync(await download.path(), 'utf8'), /^\{"receipt": "0x/);

	// The other side, the gate, the clearing and the settling; then the page asks again by itself.
	const {signature, ...other} = desk.sign('bert', {side: 'sell', slotFrom: slot, quantityWh: 1200, limitMicroPerKwh: 100_000});
	const taken = await fetch(`${url}/v1/orders?receipt=link`, {
		method: 'POST',
		headers: {'content-type': 'application/json'},
		body: JSON.stringify({...other, signature}),
	});
	t.is(taken.status, 201, await taken.text());
	await page.getByRole('button', {name: said.later}).click();
	clock.set(startMs + 660_000);
	desk.clearSlot(slot);
	desk.finish(slot);
	await row.getByText(said.states.filled, {exact: true}).waitFor({timeout: 30_000});
	await page.locator(`[aria-label="${said.bids}"] tbody tr`).waitFor();
	const bill = page.locator(`[aria-label="${said.bill.rows}"] tbody tr`).first();
	await bill.getByText('anna', {exact: true}).waitFor();
	t.regex((await bill.textContent()) ?? '', /-1\.2-1\.2/);

	// Another page and back: the wallet is asked nothing again. Fifteen minutes later it is.
	const asked = wallet.asked.length;
	await opened.go(hashOf('overview'));
	await opened.go(hashOf('market'));
	await page.locator('form.order').waitFor();
	t.is(wallet.asked.length, asked);
	clock.pass(900_000);
	await page.getByText(said.expired).waitFor({timeout: 30_000});
});

inBrowser('orders stand for several slots, and are taken back with the counter that the account has', async (t, opened) => {
	const {page, wallet, desk} = opened;
	// He raised his counter elsewhere.
	const signature = await walletOf('anna').signTypedData(desk.domain, types.CounterIncrement, {
		trader: accountOf('anna'),
		market: desk.view().id,
		counter: 3,
	});
	t.true('value' in (await desk.cancelAll({trader: accountOf('anna'), counter: 3, signature})));
	await connect(opened);
	await order(opened, '0.5', '0.2', {from: firstSlot + 4, until: firstSlot + 8});
	await told(opened, said.placed('').slice(0, 10));
	const {message} = wallet.signed.at(-1)!;
	t.deepEqual([message.counter, message.slotFrom, message.slotCount, message.quantityWh], [3, firstSlot + 4, 4, 500]);
	const rows = page.locator(`[aria-label="${said.myOrders}"] tbody tr`);
	await rows.first().getByText(said.slotsOf('4')).waitFor();
	await order(opened, '0.5', '0.2', {from: firstSlot + 10});
	await rows.nth(1).waitFor();
	await page.getByRole('button', {name: said.takeBackOf('29 Nov, 14:30')}).click();
	await told(opened, said.takenBack('1'));
	await rows.first().getByText(said.states.cancelled, {exact: true}).waitFor();
	await order(opened, '0.7', '0.2', {from: firstSlot + 12});
	await rows.nth(2).waitFor();
	await page.getByRole('button', {name: said.takeAllBack}).click();
	await told(opened, said.takenBack('2'));
	await rows.getByText(said.states.cancelled, {exact: true}).nth(2).waitFor();
	t.is((wallet.signed.at(-1)!.message.hashes as string[]).length, 2);
});

inBrowser('what is refused is said in plain words, in the language of the reader, with what the agent said', async (t, opened) => {
	const {page, desk} = opened;
	await connect(opened);
	const {quantityField} = said;
	const limitField = said.limitField('EUR');
	for (const [quantity, limit, text] of [
		['1,2', '0.2', said.bad.malformed(quantityField)],
		['', '0.2', said.bad.malformed(quantityField)],
		['-1', '0.2', said.bad.malformed(quantityField)],
		['1e3', '0.2', said.bad.malformed(quantityField)],
		['<b>1</b>', '0.2', said.bad.malformed(quantityField)],
		['1.2345', '0.2', said.bad.tooFine(quantityField, '3')],
		['0.000', '0.2', said.bad.nought(quantityField)],
		['1', '0.1234567', said.bad.tooFine(limitField, '6')],
		['1', '99999999999', said.bad.tooLarge(limitField)],
		['1', '0.9', said.outOfBand('0.12 EUR/kWh', '0.30 EUR/kWh')],
		['5.001', '0.2', said.tooMuch('5 kWh')],
	] as const) {
		await order(opened, quantity, limit);
		await told(opened, text);
	}
	await order(opened, '1', '0.2', {from: firstSlot + 2});
	await told(opened, said.placed('').slice(0, 10));
	await order(opened, '1', '0.2', {from: firstSlot + 2});
	await told(opened, said.refusals['order-exists']);
	await page.locator('.told .quoted', {hasText: 'the meter has such an order already'}).waitFor();
	await page.selectOption('form.order select[name=side]', 'sell');
	await order(opened, '1', '0.2', {from: firstSlot + 2});
	await told(opened, said.refusals['side-conflict']);
	desk.halted = `down ${walletMarkup}`;
	await order(opened, '1', '0.2', {from: firstSlot + 6});
	await told(opened, said.refusals['operator-halted']);
	await page.getByRole('button', {name: '中文'}).click();
	await told(opened, words.zh.market.refusals['operator-halted']);
	await page.locator('.told q', {hasText: walletMarkup}).waitFor();
	t.pass();
});

inBrowser('a wallet that refuses, or is somewhere else, or is somebody else, is told of and does no harm', async (t, opened) => {
	const {page, wallet, desk} = opened;
	const button = page.getByRole('button', {name: said.connect});
	for (const [fault, text] of [
		['is locked', said.wallet.locked],
		['refuses', said.wallet.refused],
		['waits already', said.wallet.pending],
		['gives no signature', said.wallet.noSignature],
		['fails', said.wallet.failed],
		['signs as another', said.refusals['bad-signature']],
	] as const) {
		wallet.fault = fault;
		await button.click();
		await told(opened, text);
	}
	wallet.fault = undefined;
	await connect(opened);
	const before = desk.submits;
	for (const [fault, text] of [
		['refuses', said.wallet.refused],
		['waits already', said.wallet.pending],
		['fails', walletMarkup],
		['gives no signature', said.wallet.noSignature],
		['is locked', said.wallet.locked],
		['shows another', 'Choose that one in the wallet'],
		['is on another chain', said.wallet.otherChain('1', '31337')],
	] as const) {
		wallet.fault = fault;
		await order(opened, '1', '0.2', {from: firstSlot + 3});
		await told(opened, text);
	}
	t.is(desk.submits, before, 'nothing was sent');
	wallet.fault = 'signs as another';
	await order(opened, '1', '0.2', {from: firstSlot + 3});
	await told(opened, said.refusals['bad-signature']);
	wallet.fault = 'hangs';
	await order(opened, '1', '0.2', {from: firstSlot + 3});
	await page.getByRole('button', {name: said.stopWaiting}).click();
	wallet.fault = 'is on another chain, and changes it';
	await order(opened, '1', '0.2', {from: firstSlot + 3});
	await told(opened, said.placed('').slice(0, 10));
	t.true(wallet.asked.includes('wallet_switchEthereumChain'));
	t.not(await page.title(), '7');
});

inBrowser('names from elsewhere are text, and an account without a meter is told so', async (t, opened) => {
	const {page, go} = opened;
	const evil = `x</option><script>document.title=1</script>${walletMarkup}`;
	const answerTo = async (path: string, change: (body: never) => object): Promise<void> => {
		await page.route(path, async route => {
			const answer = await route.fetch();
			await route.fulfill({response: answer, json: change((await answer.json()) as never)});
		});
	};
	await answerTo('**/v1/markets', ({items}: {items: object[]}) => ({items: [{...items[0], name: evil, currency: evil}]}));
	await answerTo('**/v1/accounts/0x*', (account: object) => ({
		...account,
		meters: [{meter: meterOf('anna'), device: evil, maxImportWh: 1, maxExportWh: 1}],
	}));
	await go(hashOf('overview'));
	await go(hashOf('market'));
	await connect(opened);
	t.is(await page.locator('form.order select[name=meter] option').textContent(), evil);
	t.is(await page.locator('main script').count(), 0);
	t.notRegex(await page.title(), /^[17]$/);
	await page.unroute('**/v1/accounts/0x*');
	await answerTo('**/v1/accounts/0x*', (account: object) => ({...account, meters: []}));
	await go(hashOf('overview'));
	await go(hashOf('market'));
	await page.getByText(said.noMeter).waitFor();
});

for (const {language, ...options} of [
	{language: 'en', colorScheme: 'light', viewport: {width: 1280, height: 900}},
	{language: 'zh', colorScheme: 'dark', viewport: {width: 390, height: 844}, locale: 'zh-CN'},
] as const)
	inBrowser(
		`axe-core finds nothing serious in the market, ${options.colorScheme}, ${options.viewport.width} px`,
		async (t, {page, desk}) => {
			const {market} = words[language];
			for (const slot of [firstSlot + 1, firstSlot + 2]) await desk.submit([desk.sign('anna', {slotFrom: slot})], {atomic: false});
			await desk.submit([desk.sign('bert', {side: 'buy', slotFrom: firstSlot + 1, limitMicroPerKwh: 250_000})], {atomic: false});
			desk.clearSlot(firstSlot + 1);
			await page.getByRole('button', {name: market.connect}).click();
			await page.locator('form.order').waitFor();
			await page.fill('form.order input[name=quantity]', '1,5');
			await page.getByRole('button', {name: market.sign}).click();
			await page.locator('.told').waitFor();
			await page.locator(`[aria-label="${market.bill.rows}"] tbody tr`).first().waitFor();
			await page.locator('details summary').click();
			await isAccessible(t, page, language);
		},
		{...options, bypassCSP: true},
	);

test('what is typed is exact or refused, whatever the keyboard', t => {
	t.deepEqual(typedAmount('1.25', 3), {value: 1250});
	t.deepEqual(typedAmount(' 0１．２５0 ', 3), {value: 1250});
	t.deepEqual(typedAmount('0.000001', 6), {value: 1});
	t.deepEqual(typedAmount('9007199254.740991', 6), {value: Number.MAX_SAFE_INTEGER});
	t.deepEqual(typedAmount('9007199254.740992', 6), {wrong: 'too-large'});
	t.deepEqual(typedAmount('0.0000', 3), {wrong: 'not-above-nought'});
	t.deepEqual(typedAmount('1.0001', 3), {wrong: 'too-fine'});
	for (const text of ['', '.', '1.', '.5', '1,5', '1 000', '1_0', '+1', '-1', '0x10', '1e3', 'NaN', '²', '1'.repeat(70)])
		t.deepEqual(typedAmount(text, 3), {wrong: 'malformed'}, text);
});

test('amounts keep every digit, and sums are those of their rows', t => {
	const figures = createFigures('en', 'UTC');
	t.is(energyText(1250, figures), '1.25 kWh');
	t.is(energyText(-5000, figures), '-5 kWh');
	t.is(priceText(80_000, 'EUR', figures), '0.08 EUR/kWh');
	t.is(priceText(80_001, 'EUR', figures), '0.080001 EUR/kWh');
	t.is(moneyText('-1234567890123456789', 'EUR', figures), '-1,234,567,890.123456789 EUR');
	t.is(moneyText('0', 'CNY', createFigures('zh', 'UTC')), '0.00 CNY');
	t.deepEqual([80_000, 300_000, 41_250, 1_000_001].map(fieldText), ['0.08', '0.30', '0.04125', '1.000001']);
	const row = {contractedWh: -1200, meteredWh: -1000, forwardNano: '-300', imbalanceNano: '16', gridNano: '-40', netNano: '-324'};
	const sums = sumsOf([row, {...row, contractedWh: 500, meteredWh: 700}, {...row, adjustmentOf: 7}] as never);
	t.deepEqual(sums, {
		soldWh: 500n,
		boughtWh: 1200n,
		exportWh: 700n,
		importWh: 1000n,
		energyNano: -600n,
		imbalanceNano: 32n,
		gridFeeNano: -80n,
		adjustmentNano: -324n,
		netNano: -972n,
	});
	t.is(sums.energyNano + sums.imbalanceNano + sums.gridFeeNano + sums.adjustmentNano, sums.netNano);
	t.is(added(sums, sums).netNano, -1944n);
});

test('a scale ends at a round number, and its times are full hours, as few as fit', t => {
	t.deepEqual([0, Number.NaN, 0.3, 1, 1.2, 2.1, 4.9, 7, 12, 8400].map(roundUp), [1, 1, 0.5, 1, 2, 2.5, 5, 10, 20, 10_000]);
	const hourMs = 3_600_000;
	for (const hours of [1, 6, 26, 168])
		for (const most of [5, 9]) {
			const ticks = ticksBetween(startMs + 900_000, startMs + 900_000 + hours * hourMs, most);
			t.true(ticks.length <= most && ticks.length > 0, `${hours} h: ${ticks.length}`);
			t.true(ticks.every(ms => new Date(ms).getMinutes() === 0));
		}
});
