// The verify page in real Chromium, opened from the disk with the network off: what it answers, what it never does, and who can use it.
import {readFileSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import type {Browser, Locator} from 'playwright-core';
import type {Language} from '../../agent/web/language.ts';
import {checkWords} from '../../agent/web/verify/check-words.ts';
import {words} from '../../agent/web/verify/words.ts';
import {hasChromium, openBrowser, openVerifyPage, type VerifyPage, verifyPagePath} from './browser.ts';
import {browserTests, isAccessible} from './in-browser.ts';
import {markup, type SampleName, type Samples, writeSamples} from './samples.ts';

let browser: Browser;
let samples: Samples;
const ends: (() => unknown)[] = [];

test.before(async t => {
	t.timeout(180_000);
	if (!hasChromium) return;
	[browser, samples] = await Promise.all([openBrowser(), writeSamples({title: t.title, teardown: end => void ends.push(end)})]);
});
test.after.always(async () => {
	await browser?.close();
	for (const end of ends.reverse()) await end();
});

const inBrowser = browserTests<Parameters<typeof openVerifyPage>[1], VerifyPage>(options => openVerifyPage(browser, options));

const said = words.en;
const textOf = async (locator: Locator): Promise<string> => (await locator.textContent()) ?? '';
/** What the page says of a file under a trust file, and of its checks that did not pass, as `name: result`. */
async function answerTo(
	verify: VerifyPage,
	file: SampleName,
	trust: SampleName,
): Promise<{readonly answer: string; readonly text: string; readonly failed: string[]}> {
	const answer = await verify.choose(samples.at(file), samples.at(trust));
	const text = await textOf(verify.page.locator('.answer'));
	const failed = await verify.page.locator('details.fail dd code').allTextContents();
	return {answer, text, failed};
}

test('every check has words in both languages for each of its results, and none is left over', t => {
	// The names are a type: whoever adds one without words cannot compile, and both tables have the same.
	const source = readFileSync(join(verifyPagePath, '..', '..', '..', 'agent', 'verify', 'verdict.ts'), 'utf8');
	const names = [
		...source.slice(source.indexOf('type CheckName'), source.indexOf('export type Check =')).matchAll(/^\t\| '([\w-]+)'/gm),
	].map(([, name]) => name!);
	t.true(names.length > 20);
	for (const language of ['en', 'zh'] as const) {
		t.deepEqual(Object.keys(checkWords[language]).sort(), names.toSorted(), language);
		for (const own of Object.values(checkWords[language]))
			for (const key of ['name', 'pass', 'fail', 'skipped'] as const) {
				t.true(own[key].length > 1, `${language} ${own.name} ${key}`);
				t.is(/[\u4e00-\u9fff]/.test(own[key]), language === 'zh', own[key]);
			}
	}
});

test('the page has all its words in both languages', t => {
	const paths = (value: object, prefix = ''): string[] =>
		Object.entries(value).flatMap(([key, one]) =>
			typeof one === 'object' && one !== null ? paths(one, `${prefix}${key}.`) : [`${prefix}${key}`],
		);
	t.deepEqual(paths(words.en), paths(words.zh));
});

test('the page is one file: it names no address, and runs nothing but its own script', t => {
	const page = readFileSync(verifyPagePath, 'utf8');
	const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1] ?? '';
	t.regex(policy, /^default-src 'none'; script-src 'sha256-[\w+/]{43}='; style-src 'sha256-[\w+/]{43}='; worker-src blob:;/);
	t.notRegex(policy, /unsafe|\*(?!;|$| )(?!\d)/);
	t.notRegex(page, /<(?:link|img|iframe)\b[^>]*(?:href|src)=["']?https?:/);
	t.is(page.match(/<script/g)?.length, 1);
});

const goods: readonly (readonly [SampleName, SampleName, keyof typeof said.answers])[] = [
	['receipt.json', 'trust.json', 'committed'],
	['anchored.json', 'trust-chain.json', 'committed'],
	['anchored.json', 'trust-final.json', 'final'],
	['history.json', 'trust-history.json', 'committed'],
	['site.kedge', 'trust-site.json', 'committed'],
];
for (const [file, trust, answer] of goods)
	inBrowser(`${file} under ${trust} is ${answer}, checked beside the page, and nothing is asked of anybody`, async (t, open) => {
		const verify = await open();
		const workers: string[] = [];
		verify.page.on('worker', worker => workers.push(worker.url()));
		const found = await answerTo(verify, file, trust);
		t.is(found.answer, said.answers[answer][0]);
		t.deepEqual(found.failed, []);
		t.is(workers.length, 1);
		t.deepEqual(verify.asked, []);
	});

const bads: readonly (readonly [SampleName, SampleName, keyof typeof said.answers, readonly string[], RegExp])[] = [
	['flipped.json', 'trust.json', 'broken', ['form'], /sha256|digest/i],
	['truncated.json', 'trust.json', 'broken', ['form'], /not JSON/],
	['other.json', 'trust.json', 'otherLog', ['signature'], /no trusted key for origin "quay\/1"/],
	['receipt.json', 'trust-other.json', 'otherLog', ['signature'], /no trusted key for origin "harbour\/1"/],
	['history-missing.json', 'trust-history.json', 'bad', ['completeness'], /numbers are missing: 6/],
	['site-truncated.kedge', 'trust-site.json', 'broken', ['form'], /it was cut/],
	['site-flipped.kedge', 'trust-site.json', 'bad', ['files', 'entry'], /entries\/0000\.bin was damaged or changed/],
	['long.kedge', 'trust-site.json', 'broken', ['form'], /it was cut/],
	['unknown.json', 'trust.json', 'notOurs', ['form'], /does not begin with a format|its format is/],
];
for (const [file, trust, answer, checks, reason] of bads)
	inBrowser(`${file} under ${trust} is not good, with the right reason`, async (t, open) => {
		const verify = await open();
		const found = await answerTo(verify, file, trust);
		t.is(found.answer, said.answers[answer][0]);
		t.deepEqual(found.failed, checks);
		// Which formats there are stands with the checks alone, for those who know of formats.
		t.is(reason.test(found.text), answer !== 'notOurs');
		t.regex((await verify.page.locator('details.fail').allTextContents()).join(' '), reason);
	});

inBrowser('files that are too large are not read, and the page says so and stays alive', async (t, open) => {
	const verify = await open();
	for (const [file, text] of [
		['huge.kedge', /More than 2\.00 GiB/],
		['huge.json', /The file has 1\.00 GiB\. More than 128\.0 MiB is not checked here\.[\s\S]*kedge verify FILE/],
		['empty.json', /The file is empty/],
	] as const) {
		const found = await answerTo(verify, file, 'trust.json');
		t.is(found.answer, said.cannotTell);
		t.regex(found.text, text);
	}
	t.is((await answerTo(verify, 'receipt.json', 'trust.json')).answer, said.answers.committed[0]);
});

inBrowser(
	'what a file says is text and never markup: payload, block hash, format, key in a trust file, name of a file',
	async (t, open) => {
		const verify = await open();
		const {page} = verify;
		const isText = async (where: string): Promise<void> => {
			t.is(await page.locator('main img, main script, main b').count(), 0, where);
			t.not(await page.title(), 'run', where);
		};
		await answerTo(verify, 'markup.json', 'trust-markup.json');
		t.true((await textOf(page.locator('main'))).includes(markup));
		await isText('payload');
		await answerTo(verify, 'unknown.json', 'trust.json');
		await isText('format');
		await page.setInputFiles('#choose-trust', samples.at('trust-broken.json'));
		t.true((await textOf(page.getByRole('alert'))).includes(markup));
		await isText('trust file');
		const named = join(samples.folder, `<img src=x onerror=alert(1)>.json`);
		writeFileSync(named, readFileSync(samples.at('receipt.json')));
		await verify.choose(named, samples.at('trust.json'));
		t.true((await textOf(page.locator('.name').first())).startsWith('<img'));
		await isText('name');
	},
);

inBrowser('a long check shows how far it is, leaves the page alive, and can be cancelled', async (t, open) => {
	const {page} = await open();
	// A worker that never answers: its messages are lost on the way.
	await page.evaluate(() => {
		(globalThis as unknown as {Worker: {prototype: {postMessage: () => void}}}).Worker.prototype.postMessage = () => {};
	});
	await page.setInputFiles('#choose-trust', samples.at('trust.json'));
	await page.setInputFiles('#choose-file', samples.at('receipt.json'));
	await page.locator('progress').waitFor();
	await page.getByRole('button', {name: '中文'}).click();
	t.is(await textOf(page.locator('#cancel')), words.zh.cancel);
	await page.locator('#cancel').click();
	await page.getByText(words.zh.cancelled).waitFor();
	t.is(await page.locator('.answer').count(), 0);
});

inBrowser('a browser that gives a page from a disk no worker checks on the page', async (t, open) => {
	const verify = await open();
	await verify.page.evaluate(() => {
		(globalThis as unknown as {Worker: unknown}).Worker = undefined;
	});
	t.is((await answerTo(verify, 'site.kedge', 'trust-site.json')).answer, said.answers.committed[0]);
});

inBrowser('trust file and file may be dropped together, in any order, and are told apart', async (t, open) => {
	const {page} = await open();
	const files = (['trust.json', 'receipt.json'] as const).map(name => ({name, text: readFileSync(samples.at(name), 'utf8')}));
	const dropped = `(() => {
		const data = new DataTransfer();
		for (const {name, text} of ${JSON.stringify(files)}) data.items.add(new File([text], name));
		for (const type of ['dragenter', 'dragover', 'drop'])
			document.body.dispatchEvent(new DragEvent(type, {dataTransfer: data, bubbles: true, cancelable: true}));
	})()`;
	await page.evaluate(dropped);
	await page.locator('#answer').waitFor();
	t.is(await textOf(page.locator('#answer')), said.answers.committed[0]);
	t.deepEqual(await page.locator('.name').allTextContents(), ['receipt.json', 'trust.json']);
	// Nothing is kept: whoever opens the page again begins anew.
	await page.reload();
	t.is(await page.locator('.name').count(), 0);
});

inBrowser('a trust file that is chosen as the file to check is taken as what it is', async (t, open) => {
	const {page} = await open();
	await page.setInputFiles('#choose-file', samples.at('trust.json'));
	await page.getByText(said.wasTrust).waitFor();
	t.deepEqual(await page.locator('.name').allTextContents(), ['trust.json']);
	await page.setInputFiles('#choose-file', samples.at('receipt.json'));
	await page.locator('#answer').waitFor();
	t.is(await textOf(page.locator('#answer')), said.answers.committed[0]);
	t.is(await page.getByText(said.wasTrust).count(), 0);
});

inBrowser('the language is that of the browser, and can be changed', async (t, open) => {
	for (const [locale, language] of [
		['zh-CN', 'zh'],
		['zh-TW', 'zh'],
		['en-US', 'en'],
		['de-DE', 'en'],
	] as const satisfies readonly (readonly [string, Language])[]) {
		const {page} = await open({locale});
		t.is(await textOf(page.locator('h1')), words[language].title, locale);
		t.is(await page.locator('html').getAttribute('lang'), language === 'zh' ? 'zh-Hans' : 'en');
	}
	const verify = await open();
	await answerTo(verify, 'anchored.json', 'trust-final.json');
	await verify.page.getByRole('button', {name: '中文'}).click();
	t.is(await textOf(verify.page.locator('#answer')), words.zh.answers.final[0]);
	t.true((await verify.page.locator('.sentence').allTextContents()).includes(checkWords.zh.inclusion.pass));
});

inBrowser('everything can be done with the keys, and the answer has the focus when it comes', async (t, open) => {
	const {page} = await open();
	const focused = (): Promise<string> =>
		page.evaluate('document.activeElement.id || document.activeElement.className || document.activeElement.tagName');
	const order: string[] = [];
	for (let i = 0; i < 4; i += 1) {
		await page.keyboard.press('Tab');
		order.push(await focused());
	}
	t.deepEqual(order.slice(2), ['choose-file', 'choose-trust']);
	for (const [name, file] of [
		['choose-trust', 'trust.json'],
		['choose-file', 'receipt.json'],
	] as const) {
		await page.locator(`#${name}`).focus();
		// A chooser that nobody waits for yet would be the machine's own: the page answers once before the key is pressed.
		const chooser = page.waitForEvent('filechooser');
		await page.evaluate('0');
		await page.keyboard.press('Enter');
		await (await chooser).setFiles(samples.at(file));
	}
	await page.locator('#answer').waitFor();
	await page.waitForFunction('document.activeElement.id === "answer"');
	const check = page.locator('details.check').first();
	await check.locator('summary').focus();
	await page.keyboard.press('Enter');
	t.true(await check.locator('dl').isVisible());
});

for (const options of [
	{colorScheme: 'light', viewport: {width: 1280, height: 900}},
	{colorScheme: 'dark', viewport: {width: 390, height: 844}, locale: 'zh-CN'},
] as const)
	for (const [file, trust] of [
		[undefined, undefined],
		['anchored.json', 'trust-chain.json'],
		['anchored.json', 'trust-final.json'],
		['history-missing.json', 'trust-history.json'],
		['site.kedge', 'trust-site.json'],
		['huge.json', 'trust.json'],
	] as const)
		inBrowser(
			`axe-core finds nothing serious: ${file ?? 'nothing'} under ${trust ?? 'nothing'}, ${options.colorScheme}, ${options.viewport.width} px`,
			async (t, open) => {
				const verify = await open({...options, bypassCSP: true});
				if (file !== undefined) await verify.choose(samples.at(file), samples.at(trust));
				await verify.page.evaluate('for (const one of document.querySelectorAll("details")) one.open = true');
				await isAccessible(t, verify.page, file ?? 'nothing');
			},
		);

/** A node that has these blocks, and what it was asked. */
async function startNode(
	t: ExecutionContext,
	blocks: readonly {readonly number: number; readonly hash: string; readonly timeS?: number | undefined}[],
) {
	const asked: string[] = [];
	const final = Math.max(...blocks.map(({number}) => number));
	const server = createServer((request, response) => {
		response.setHeader('access-control-allow-origin', '*');
		response.setHeader('access-control-allow-headers', 'content-type');
		let text = '';
		request.on('data', part => {
			text += part;
		});
		request.on('end', () => {
			if (request.method !== 'POST') {
				response.end();
				return;
			}
			asked.push(text);
			const {method, params} = JSON.parse(text);
			const number = params[0] === 'finalized' ? final : Number(params[0]);
			const block = blocks.find(one => one.number === number);
			const result =
				method === 'eth_chainId'
					? '0x7a69'
					: {number: `0x${number.toString(16)}`, hash: block?.hash, timestamp: `0x${block?.timeS?.toString(16)}`};
			response.end(JSON.stringify({jsonrpc: '2.0', id: 1, result}));
		});
	});
	await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
	t.teardown(() => server.close());
	return {url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, asked};
}

inBrowser(
	'a node is asked only when its address is typed, for numbers of blocks alone, and its word makes the receipt final',
	async (t, open) => {
		const {block, beacon} = samples;
		const node = await startNode(t, [block, beacon]);
		const verify = await open({online: true});
		const {page} = verify;
		await answerTo(verify, 'anchored.json', 'trust-chain.json');
		t.deepEqual(verify.asked, []);
		await page.fill('#node-url', 'ftp://elsewhere');
		await page.keyboard.press('Enter');
		await page.getByText(said.node.notUrl).waitFor();
		t.deepEqual(verify.asked, []);
		await page.fill('#node-url', node.url);
		await page.keyboard.press('Enter');
		await page.locator('.answer.good').waitFor();
		t.is(await textOf(page.locator('#answer')), said.answers.final[0]);
		const told = await textOf(page.locator('.answer'));
		t.true(told.includes(said.nodeBelieved));
		t.true(told.includes(said.developmentChains('31337')));
		t.notRegex(told, /public|nobody can/);
		t.regex(await textOf(page.locator('.told')), /^127\.0\.0\.1:\d+ says that .* final/);
		t.true(verify.asked.every(url => url === node.url));
		const numbers = [block.number, beacon.number].map(number => `0x${number.toString(16)}`);
		t.deepEqual(
			node.asked.map(text => JSON.parse(text)).map(({method, params}) => [method, params[0]]),
			[['eth_chainId', undefined], ['eth_getBlockByNumber', 'finalized'], ...numbers.map(number => ['eth_getBlockByNumber', number])],
		);
	},
);

inBrowser('a node that has another block at that place makes the receipt bad', async (t, open) => {
	const {block, beacon} = samples;
	const node = await startNode(t, [{...block, hash: `0x${'00'.repeat(32)}`}, beacon]);
	const verify = await open({online: true});
	await answerTo(verify, 'anchored.json', 'trust-chain.json');
	await verify.page.fill('#node-url', node.url);
	await verify.page.keyboard.press('Enter');
	await verify.page.locator('.answer.bad').waitFor();
	t.deepEqual(await verify.page.locator('details.fail dd code').allTextContents(), ['anchor']);
	t.regex(await textOf(verify.page.locator('.told')), /has another block at this place/);
});
