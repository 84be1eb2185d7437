// Debian's Chromium, driven with the verify page opened from the disk and no network.
import {existsSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath, pathToFileURL} from 'node:url';
import {type Browser, type BrowserContextOptions, chromium, type Page} from 'playwright-core';

const executablePath = '/usr/bin/chromium';
export const hasChromium = existsSync(executablePath);
export const noChromium = `${executablePath} is not there: the pages were not opened`;

/** What the build made. */
export const verifyPagePath = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'web', 'verify.html');

export function openBrowser(): Promise<Browser> {
	return chromium.launch({
		executablePath,
		args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-dev-shm-usage'],
	});
}

export type VerifyPage = {
	readonly page: Page;
	/** Addresses that the page asked for, but for itself and its own blobs. */
	readonly asked: string[];
	/** What the browser complained of: exceptions, violations of the policy. */
	readonly complaints: string[];
	/** Gives files to an input as a person who chooses does, and waits for the answer. */
	readonly choose: (file: string | undefined, trust: string | undefined) => Promise<string>;
};

/** A fresh window without a network; `online` leaves it one. */
export async function openVerifyPage(
	browser: Browser,
	options: BrowserContextOptions & {readonly online?: boolean} = {},
): Promise<VerifyPage> {
	const {online = false, ...rest} = options;
	const context = await browser.newContext({locale: 'en-GB', ...rest, offline: !online});
	const page = await context.newPage();
	const asked: string[] = [];
	const complaints: string[] = [];
	const own = pathToFileURL(verifyPagePath).href;
	page.on('request', request => {
		if (request.url() !== own && !request.url().startsWith('blob:')) asked.push(request.url());
	});
	page.on('pageerror', error => complaints.push(error.message));
	page.on('console', message => {
		if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
	});
	await page.goto(own);
	return {
		page,
		asked,
		complaints,
		choose: async (file, trust) => {
			if (trust !== undefined) await page.setInputFiles('#choose-trust', trust);
			if (file !== undefined) await page.setInputFiles('#choose-file', file);
			const answer = page.locator('#answer');
			await answer.waitFor({timeout: 30_000});
			return (await answer.textContent()) ?? '';
		},
	};
}
