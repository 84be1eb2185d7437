// A whole agent with a day of readings in its log, and its dashboard in Debian's Chromium.
import type {ExecutionContext} from 'ava';
import type {Browser, BrowserContextOptions, Page} from 'playwright-core';
import {systemClock} from '../../agent/base/clock.ts';
import {silentLogger} from '../../agent/base/logger.ts';
import {encodeArrival} from '../../agent/format/arrival.ts';
import {kinds, qualities} from '../../agent/format/entry.ts';
import {quantityOfName} from '../../agent/format/quantity.ts';
import {channelUrn} from '../../agent/format/subject.ts';
import {openAgent} from '../../agent/main.ts';
import {simulatedDeviceIds} from '../../agent/simulation.ts';
import type {Site} from '../../agent/site.ts';
import {createPublisher} from '../../sim/client.ts';
import {changeConfig, createTestSite} from '../helpers/site.ts';
import {openSiteLog} from '../helpers/site-log.ts';

export const home = simulatedDeviceIds(1)[0]!;
const minuteMs = 60_000;
/** A little more than a day. */
const minutes = 1600;
const gapAt = 900;
const gapMinutes = 75;
export const markup = '<img src=x onerror="document.title=1">';

/** Two channels that speak once a minute, with an hour and a quarter of silence, an estimate and a conflict, up to the minute before now. */
async function fill(site: Site): Promise<void> {
	const log = await openSiteLog(site.paths);
	const firstMs = Math.floor(systemClock.nowMs() / minuteMs) * minuteMs - (minutes + gapMinutes + 1) * minuteMs;
	for (const name of ['energy-import', 'active-power']) {
		const urn = channelUrn(home, name);
		const {code, exponentDefault: exponent} = quantityOfName(name)!;
		if (log.channel(urn) === undefined) log.enrol({urn, quantity: code, quantityName: name, exponent});
	}
	for (let i = 0; i < minutes; i += 1) {
		const measuredAtMs = firstMs + (i < gapAt ? i : i + gapMinutes) * minuteMs;
		const drafts = (
			[
				['energy-import', BigInt(4_812_000_000 + i * 11_000), i === 400 ? qualities.estimated : 0],
				[
					'active-power',
					BigInt(Math.round(640_000 + 420_000 * Math.sin(i / 140) + 90_000 * Math.sin(i / 7))),
					i > 1100 && i < 1140 ? qualities.estimated : i === 1300 ? qualities.conflict : 0,
				],
			] as const
		).map(([name, value, quality]) => {
			const {code, exponentDefault: exponent} = quantityOfName(name)!;
			const channel = log.channel(channelUrn(home, name))!;
			return {
				channel,
				kind: kinds.reading,
				quantity: code,
				exponent,
				quality,
				value,
				measuredAtMs,
				span: 0,
				session: undefined,
				key: measuredAtMs,
				keyTop: measuredAtMs,
			};
		});
		const record = encodeArrival({
			topic: `homes/${home}/meter`,
			payload: Buffer.from(JSON.stringify({note: markup, i})),
			flags: 1,
			identity: home,
			arrivedAtMs: measuredAtMs + 400,
			deviceSignature: new Uint8Array(0),
			decoder: 'json/1',
		});
		log.append({record, arrivedAtMs: measuredAtMs + 400, drafts}, failure => {
			if (failure !== undefined) throw failure;
		});
	}
	await log.settled();
	await log[Symbol.asyncDispose]();
}

export type DashboardAgent = {
	readonly site: Site;
	readonly url: string;
	/** As the first start printed it. */
	readonly password: string;
	/** One message as the meter of the home sends it. */
	readonly publish: (seq: number, topic?: string, payload?: string) => Promise<void>;
};

export async function openDashboardAgent(t: Pick<ExecutionContext, 'teardown' | 'title'>): Promise<DashboardAgent> {
	const made = await createTestSite(t as ExecutionContext, {homes: 1, config: () => 'api: {port: 0}\n'});
	// It is due every two minutes, so that its silence is a gap.
	const site = await changeConfig(made.site, text => text.replaceAll('"simulated":true', '"cadenceSeconds":120,"simulated":true'));
	await fill(site);
	const told: string[] = [];
	const agent = await openAgent({site, logger: silentLogger, onFirstOwner: password => told.push(password)});
	t.teardown(() => agent[Symbol.asyncDispose]());
	return {
		site,
		url: `http://127.0.0.1:${agent.apiPort}`,
		password: told[0]!,
		publish: async (seq, topic = `homes/${home}/meter`, payload) => {
			const publisher = createPublisher({
				url: made.url,
				clientId: home,
				username: home,
				password: made.password,
				clock: systemClock,
				onAcknowledged: () => {},
				onProblem: () => {},
			});
			const at = new Date(systemClock.nowMs()).toISOString().replace(/\.\d+Z$/, 'Z');
			publisher.publish({topic, payload: payload ?? `{"boot":"b","seq":${seq},"at":"${at}","import_kwh":${4900 + seq}.125}`});
			await publisher.untilDrained(AbortSignal.timeout(10_000));
			await publisher[Symbol.asyncDispose]();
		},
	};
}

export type Dashboard = {
	readonly page: Page;
	/** Addresses of elsewhere that the page asked for. */
	readonly asked: string[];
	/** What the browser complained of: exceptions, violations of the policy. */
	readonly complaints: string[];
	readonly signIn: () => Promise<void>;
	/** Waits until the heading of the page is there. */
	readonly go: (hash: string) => Promise<void>;
};

/** What each window of these tests must hold to: nothing is asked of anybody but the agent. */
export const asksNobody = (t: ExecutionContext, {asked}: Dashboard): void => void t.deepEqual(asked, []);

/** A fresh window; nobody is signed in. */
export async function openDashboard(
	browser: Browser,
	{url, password}: Pick<DashboardAgent, 'url' | 'password'>,
	options: BrowserContextOptions = {},
): Promise<Dashboard> {
	const context = await browser.newContext({locale: 'en-GB', timezoneId: 'UTC', ...options});
	const page = await context.newPage();
	const asked: string[] = [];
	const complaints: string[] = [];
	page.on('request', request => {
		if (!request.url().startsWith(url) && !/^(?:data|blob):/.test(request.url())) asked.push(request.url());
	});
	page.on('pageerror', error => complaints.push(error.message));
	page.on('console', message => {
		// Answers that say no are part of the talk, and Chromium complains of each of them.
		if ((message.type() === 'error' || message.type() === 'warning') && !/status of (?:4\d\d|503)/.test(message.text()))
			complaints.push(message.text());
	});
	await page.goto(`${url}/`);
	return {
		page,
		asked,
		complaints,
		signIn: async () => {
			await page.fill('#name', 'owner');
			await page.fill('#password', password);
			await page.click('button[type=submit]');
			await page.locator('nav').waitFor();
		},
		go: async hash => {
			await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
			await page.waitForTimeout(50);
			await page.locator('main h1').first().waitFor();
		},
	};
}
