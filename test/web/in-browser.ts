// Tests that open pages in a browser: one after the other, each in windows of its own that are closed after it, and only where there is a browser.
import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import test, {type ExecutionContext} from 'ava';
import type {Page} from 'playwright-core';
import {hasChromium, noChromium} from './browser.ts';

type Opened = {readonly page: Page; readonly complaints: readonly string[]};

/** What a test is whose windows `open` opens, and of which each is `good` at its end; a browser must complain of none of them. */
export function browserTests<Options, One extends Opened>(
	open: (options?: Options) => Promise<One>,
	good: (t: ExecutionContext, one: One) => void = () => {},
): (title: string, body: (t: ExecutionContext, open: (options?: Options) => Promise<One>) => Promise<void>) => void {
	return (title, body) =>
		test.serial(title, async t => {
			t.timeout(120_000);
			if (!hasChromium) {
				t.log(noChromium);
				t.pass();
				return;
			}
			const opened: One[] = [];
			try {
				await body(t, async options => {
					const one = await open(options);
					opened.push(one);
					return one;
				});
				for (const one of opened) {
					t.deepEqual(one.complaints, []);
					good(t, one);
				}
			} finally {
				for (const {page} of opened) await page.context().close();
			}
		});
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
type Violation = {
	readonly id: string;
	readonly impact: string;
	readonly nodes: readonly {readonly html: string; readonly failureSummary: string}[];
};

/** Nothing serious is found by axe-core, which needs a window with `bypassCSP`, and nothing of the page stands beside it. */
export async function isAccessible(t: ExecutionContext, page: Page, where: string): Promise<void> {
	await page.evaluate(axe);
	const {violations} = (await page.evaluate('axe.run()')) as {readonly violations: readonly Violation[]};
	t.deepEqual(
		violations
			.filter(({impact}) => impact === 'serious' || impact === 'critical')
			.map(({id, nodes}) => `${where}: ${id}: ${nodes.map(({html, failureSummary}) => `${html} ${failureSummary}`).join('; ')}`),
		[],
	);
	const width = (await page.evaluate('document.documentElement.scrollWidth')) as number;
	t.true(width <= page.viewportSize()!.width, `${where} is ${width} px wide`);
}
