// The whole path on one agent, in real Chromium: first start, sign-in, live curves, a reading, its receipt on the verify page from the disk without a network, one flipped byte, and an
// order that is signed by a wallet, cleared, settled from anchored readings on a chain, and billed.
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {formatReceipt, parseReceipt} from '../../agent/format/receipt.ts';
import {hashOf} from '../../agent/web/dashboard/route.ts';
import {words} from '../../agent/web/dashboard/words.ts';
import {words as verifyWords} from '../../agent/web/verify/words.ts';
import {hasAnvil, noAnvil} from '../helpers/anvil.ts';
import {createChainMarket, homes} from '../helpers/chain-market.ts';
import {kedge} from '../helpers/site.ts';
import {firstSlot} from '../trade/market-world.ts';
import {hasChromium, noChromium, openBrowser, openVerifyPage, type VerifyPage} from './browser.ts';
import {giveWallet} from './browser-wallet.ts';
import {openDashboard} from './dashboard-world.ts';

const said = words.en;
const answers = verifyWords.en.answers;

/** The evening of a day, so that its end is near. */
const slot = firstSlot + 92;
const dayEndS = (firstSlot + 96) * 900;
const [seller, buyer] = [homes[0]!, homes[1]!];

/** Lets a file fall on the page, as a person does with the mouse, and waits for an answer. */
async function drop(verify: VerifyPage, path: string, answer: readonly [head: string, text: string]): Promise<void> {
	const transfer = await verify.page.evaluateHandle(
		`(() => { const one = new DataTransfer(); one.items.add(new File([${JSON.stringify(readFileSync(path, 'utf8'))}], 'receipt.json')); return one; })()`,
	);
	await verify.page.dispatchEvent('body', 'drop', {dataTransfer: transfer});
	await verify.page.locator('.answer', {hasText: answer[1]}).waitFor();
}

/** The checks that failed, by their names. */
const failedOf = ({page}: VerifyPage): Promise<string[]> => page.locator('details.fail dd code').allTextContents();

test('from the first start to an order that is settled', async t => {
	t.timeout(240_000);
	if (!hasChromium || !hasAnvil) {
		t.log(hasChromium ? noAnvil : noChromium);
		t.pass();
		return;
	}
	const [browser, world] = await Promise.all([openBrowser(), createChainMarket(t)]);
	t.teardown(() => browser.close());
	const {soon, report, moveTo, anvil, site} = world;
	// What the registers show, in Wh: the first home feeds in, the second takes.
	const reportAt = async (timeS: number, outWh: number, intoWh: number): Promise<void> => {
		await report(0, timeS, 1234, outWh);
		await report(1, timeS, intoWh, 500);
	};

	// The first start prints a password once, and with it one signs in.
	const startS = slot * 900 - 900;
	await moveTo(startS);
	await world.open();
	const dashboard = await openDashboard(browser, {url: new URL(world.url()).origin, password: world.ownerPassword()!});
	const {page, signIn, go} = dashboard;
	t.teardown(() => page.context().close());
	const wallet = await giveWallet(page, buyer.privateKey);
	await page.reload();
	await signIn();

	// Live: what a meter sends stands on its page without a reload.
	await go(hashOf('devices', seller.device, 'energy-import'));
	await page.locator('.plot').waitFor();
	for (const [at, wh] of [1100, 1150, 1200].entries()) await report(0, startS - 240 + at * 60, wh, 500);
	await reportAt(startS - 60, 500, 1000);
	await page.locator('.channel[aria-current=true] .newest', {hasText: '1.234'}).waitFor();
	await page.locator('.plot canvas').waitFor();
	await page.getByRole('button', {name: said.curve.periods.hour}).click();
	await page.locator('.legend', {hasText: said.curve.levels.raw}).waitFor();

	// A reading is picked, and its receipt saved once its checkpoint stands in a final block.
	await page.locator('details summary', {hasText: said.curve.table}).click();
	await page.locator('.curve table tbody tr').first().locator('a').click();
	await page.getByText(said.log.checked).waitFor();
	await soon('the readings are anchored for good', async () => {
		await anvil.mine(3);
		const {anchor, size} = await world.agent().status();
		return anchor !== undefined && anchor.finalSize >= size - 2 ? true : undefined;
	});
	const [download] = await Promise.all([
		page.waitForEvent('download'),
		page.getByRole('link', {name: said.log.receipt, exact: true}).click(),
	]);
	const path = join(world.folder, 'picked.json');
	await download.saveAs(path);

	// On the verify page from the disk, without a network: by the trust file of the site, and with the block that the verifier's own node calls final.
	const verify = await openVerifyPage(browser);
	t.teardown(() => verify.page.context().close());
	await verify.page.setInputFiles('#choose-trust', site.paths.trust);
	await drop(verify, path, answers.committed);
	const pinned = await kedge(t, ['trust', 'pin', path, '--trust', site.paths.trust, '--rpc', anvil.url]);
	t.is(pinned.code, 0, pinned.err);
	await verify.page.setInputFiles('#choose-trust', site.paths.trust);
	await verify.page.locator('.answer', {hasText: answers.final[1]}).waitFor();
	t.deepEqual(await failedOf(verify), []);

	// One byte, as a disk or a mail spoils it: the file is not whole.
	const text = readFileSync(path, 'utf8');
	const place = text.search(/"entry":\s*"/) + 40;
	writeFileSync(path, `${text.slice(0, place)}${text[place] === 'A' ? 'B' : 'A'}${text.slice(place + 1)}`);
	await drop(verify, path, answers.broken);
	t.deepEqual(await failedOf(verify), ['form']);
	// One byte, as a forger changes it, who makes the file whole again: it is none of the log's.
	const read = parseReceipt(nodeHasher, Buffer.from(text));
	t.false('problem' in read);
	if ('problem' in read) return;
	const entry = Uint8Array.from(read.value.entry);
	entry[60]! ^= 1;
	writeFileSync(path, formatReceipt(nodeHasher, {...read.value, entry}));
	await drop(verify, path, answers.bad);
	t.deepEqual(await failedOf(verify), ['inclusion']);
	t.deepEqual(verify.asked, [], 'nothing was asked of anybody');

	// The market: what the contract holds for the account is there before its first order.
	await soon('the deposits count', async () => {
		const order = world.order(0, {side: 'sell', slotFrom: slot, quantityWh: 1000, limitMicroPerKwh: 100_000});
		return (await world.post('/orders', order)).status === 201 ? true : undefined;
	});
	await go(hashOf('market'));
	await page.locator('.facts', {hasText: world.prepared.contract}).waitFor();
	await page.getByRole('button', {name: said.market.connect}).click();
	await page.locator('form.order').waitFor();
	const balance = (name: keyof typeof said.market.balances, amount: string): Promise<void> =>
		page.locator('.facts > div', {hasText: said.market.balances[name]}).getByText(amount, {exact: true}).waitFor();
	await balance('deposited', '5.00 EUR');
	t.deepEqual(await page.locator('form.order select[name=meter] option').allTextContents(), [buyer.device]);
	await page.selectOption('form.order select[name=from]', String(slot));
	await page.fill('form.order input[name=quantity]', '0.4');
	await page.fill('form.order input[name=limit]', '0.26');
	await page.getByRole('button', {name: said.market.sign}).click();
	await page.locator('.told', {hasText: said.market.placed('').slice(0, 10)}).waitFor();
	t.deepEqual(wallet.signed.at(-1)!.primaryType, 'Order');
	const order = page.locator(`[aria-label="${said.market.myOrders}"] tbody tr`).first();
	await order.getByText(said.market.states.open, {exact: true}).waitFor();
	await balance('reserved', '0.104 EUR');

	// The gate: both orders are cleared together, and the slot is posted to the contract.
	await moveTo(slot * 900 - 290);
	await order.getByText(said.market.states.filled, {exact: true}).waitFor();
	const book = page.locator('.book');
	await book.getByText(said.market.phases.posted, {exact: true}).waitFor({timeout: 60_000});
	const {headerHash} = await world.get<{headerHash: string}>(`/slots/street/${slot}/clearing`);
	await book.locator('.facts', {hasText: headerHash}).waitFor();
	t.regex((await book.locator('.figures').textContent()) ?? '', /0\.4 kWh.*0\.10 EUR\/kWh/s);
	const row = page.locator(`[aria-label="${said.market.bill.rows}"] tbody tr`).first();
	await row.getByText(said.market.bill.states.contracted, {exact: true}).waitFor();

	// The meters go on: 700 Wh out of the first home in the slot, 400 Wh into the second.
	for (const [at, out, into] of [
		[slot * 900, 500, 1000],
		[(slot + 1) * 900, 1200, 1400],
		[dayEndS, 1200, 1400],
	] as const) {
		await moveTo(at + 30);
		for (const offset of [-10, 20]) await reportAt(at + offset, out, into);
	}
	await moveTo(dayEndS + 3700);
	await row.getByText(said.market.bill.states.posted, {exact: true}).waitFor({timeout: 60_000});
	// c = 400 at 100,000, and the grid fee of 40,000: nothing deviates.
	for (const cell of ['-0.4', '-0.056', '0.10', '-0.04', '-0.016'])
		t.true((await row.locator('td').allTextContents()).includes(cell), cell);
	const [saved] = await Promise.all([
		page.waitForEvent('download'),
		page.getByRole('button', {name: `${said.market.bill.file} · CSV`}).click(),
	]);
	t.regex(readFileSync(await saved.path(), 'utf8'), new RegExp(`,${slot},street,${buyer.address},.*,-56000000,-0\\.056000000,`));

	// Nobody objects in time: it is final, and the balance on the chain is what is left.
	await moveTo(dayEndS + 3700 + 7300);
	await row.getByText(said.market.bill.states.final, {exact: true}).waitFor({timeout: 60_000});
	await balance('available', '4.944 EUR');
	t.deepEqual([dashboard.complaints, dashboard.asked], [[], []]);
	t.deepEqual(verify.complaints, []);
});
