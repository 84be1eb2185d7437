// Answers of an agent with a market and with anchors in trouble: for pictures of what a small agent leaves empty.
import type {Page} from 'playwright-core';
import type {Agent, Market} from '../../agent/api/client.ts';
import {signedTypes} from '../../agent/api/markets.ts';

const hourMs = 3_600_000;
const hash = (digit: string): string => `0x${digit.repeat(64)}`;

const market: Market = {
	id: hash('a'),
	name: 'harbour street',
	mode: 'forward',
	pricing: 'auction',
	settlementMode: 'erc20',
	residual: 'community',
	params: {version: 1, feedInMicroPerKwh: 82_000, retailMicroPerKwh: 341_000, gridFeeMicroPerKwh: 24_000},
	timeline: {slotS: 900, openBeforeS: 86_400, gateBeforeS: 300, readingDeadlineS: 3600},
	domain: {name: 'Kedge', version: '1', chainId: 31_337, verifyingContract: `0x${'12'.repeat(20)}`},
	types: signedTypes,
	contract: `0x${'12'.repeat(20)}`,
	operator: `0x${'34'.repeat(20)}`,
	meters: 18,
	currency: 'EUR',
	asOfSequence: 912,
};

const slotsAt = (from: number, to: number, nowMs: number) => {
	const items = Array.from({length: to - from}, (_, i) => {
		const slot = from + i;
		const startMs = slot * 900_000;
		const gateMs = startMs - 300_000;
		const isOpen = gateMs > nowMs;
		// Whenever it is looked at, it is half past two in the afternoon.
		const hour = ((startMs - nowMs) / hourMs + 14.5 + 48) % 24;
		const volumeWh = Math.round(Math.max(0, 5200 * Math.sin(((hour - 6) / 12) * Math.PI) + 600 * Math.sin(i)));
		return {
			market: market.id,
			slot,
			start: new Date(startMs).toISOString(),
			end: new Date(startMs + 900_000).toISOString(),
			gate: new Date(gateMs).toISOString(),
			phase: isOpen ? 'open' : startMs + 900_000 > nowMs ? 'cleared' : 'final',
			...(isOpen
				? {}
				: {
						volumeWh,
						...(volumeWh === 0 ? {} : {priceBuyMicroPerKwh: 190_000 - volumeWh * 8, priceSellMicroPerKwh: 190_000 - volumeWh * 8}),
					}),
		};
	});
	return {items};
};

const book = {
	bids: [
		{priceMicroPerKwh: 260_000, quantityWh: 1200, orders: 3},
		{priceMicroPerKwh: 210_000, quantityWh: 800, orders: 1},
		{priceMicroPerKwh: 165_000, quantityWh: 2300, orders: 4},
	],
	asks: [
		{priceMicroPerKwh: 110_000, quantityWh: 1900, orders: 2},
		{priceMicroPerKwh: 150_000, quantityWh: 1400, orders: 5},
	],
};

const trader = `0x${'ab'.repeat(20)}`;
const meters = [
	{meter: hash('1'), device: 'roof-12', maxImportWh: 8000, maxExportWh: 3000},
	{meter: hash('2'), device: 'garage', maxImportWh: 4000, maxExportWh: 0},
];

const ordersAt = (nowMs: number) => {
	const now = Math.floor(nowMs / 900_000);
	const states = ['open', 'open', 'cancelled', 'locked', 'filled', 'partially-filled', 'unfilled'] as const;
	const items = states.map((state, at) => {
		const [slotFrom, isSold] = [now + 12 - at * 4, at % 3 === 1];
		const signed = {
			market: market.id,
			meter: meters[isSold ? 0 : at % 2]!.meter,
			trader,
			side: isSold ? 'sell' : 'buy',
			mode: 'forward',
			slotFrom,
			slotCount: at === 0 ? 4 : 1,
			quantityWh: 1200 + at * 125,
			limitMicroPerKwh: 240_000 - at * 12_500,
			minQuantityWh: 0,
			validUntil: slotFrom * 900,
			counter: 2,
			salt: hash('7'),
			signature: '0x11',
		};
		const orderHash = `0x${String(at).repeat(64)}`;
		const acknowledgement = {orderHash, market: market.id, slot: slotFrom, sequence: 90 - at, receivedAt: 1, signature: '0x11'};
		return {hash: orderHash, sequence: 90 - at, state, index: 48_190 - at * 7, order: signed, acknowledgement};
	});
	return {items};
};

const billRows = (from: number, to: number, nowMs: number) => {
	const now = Math.floor(nowMs / 900_000);
	return Array.from({length: Math.min(to, now + 3) - Math.max(from, now - 40)}, (_, at) => {
		const slot = Math.max(from, now - 40) + at;
		const isCharged = at % 5 === 0;
		const contractedWh = isCharged ? -1200 : 300 + 25 * (at % 7);
		const isOver = slot < now;
		const meteredWh = isOver ? contractedWh - 40 + 13 * (at % 6) : contractedWh;
		const deviationWh = meteredWh - contractedWh;
		const [forward, imbalance] = [contractedWh * 165_000, deviationWh * (deviationWh > 0 ? 82_000 : 317_000)];
		const grid = Math.min(0, meteredWh) * 24_000;
		return {
			market: market.id,
			slot,
			account: trader,
			meter: meters[isCharged ? 1 : 0]!.meter,
			contractedWh,
			meteredWh,
			deviationWh,
			forwardNano: String(forward),
			imbalanceNano: String(imbalance),
			gridNano: String(grid),
			netNano: String(forward + imbalance + grid),
			substituted: at === 9,
			spread: at === 4,
			entries: {importFrom: 1, importTo: 2, exportFrom: 1, exportTo: 2},
			state: isOver ? 'provisional' : 'contracted',
		};
	});
};

const bill = {
	totals: {
		soldWh: '61400',
		boughtWh: '22850',
		exportWh: '63120',
		importWh: '24001',
		energy: {nano: '6361750000'},
		imbalance: {nano: '-211004000'},
		gridFee: {nano: '-576024000'},
		adjustment: {nano: '-1250000'},
		net: {nano: '5573472000'},
		withoutMarket: {nano: '-3007501000'},
	},
};

/** A wallet that signs with nothing at all: the agent's answers are made up as well. */
export const sampleWallet = `window.ethereum = {request: async ({method}) =>
	method === 'eth_chainId' ? '0x7a69' : method.endsWith('ccounts') ? ['${trader}'] : '0x' + '11'.repeat(65)}`;

/** An agent with two chains and an authority, of which one chain is away, and a device that is silent. */
export const troubled = (agent: Agent): Agent => ({
	...agent,
	anchorsNeeded: 2,
	anchoredSize: agent.size - 12,
	finalSize: agent.size - 40,
	unanchoredAgeMs: 4 * 60_000,
	anchors: [
		{
			kind: 'chain',
			name: 'sepolia',
			size: agent.size - 12,
			finalSize: agent.size - 40,
			waitingFor: null,
			problem: null,
			problemCode: null,
			runwayDays: 212,
			detail: null,
		},
		{
			kind: 'chain',
			name: 'consortium',
			size: agent.size - 900,
			finalSize: agent.size - 900,
			waitingFor: null,
			problem: 'no node answers: connect ECONNREFUSED',
			problemCode: 'CHAIN_UNREACHABLE',
			runwayDays: null,
			detail: null,
		},
		{
			kind: 'authority',
			name: 'freetsa.org',
			size: agent.size - 12,
			finalSize: agent.size - 12,
			waitingFor: `size ${agent.size} waits for a token of "freetsa.org"; it is asked again in 40 s`,
			problem: null,
			problemCode: null,
			runwayDays: null,
			detail: null,
		},
	],
	disk: {...agent.disk, fillDays: 212},
	silentDevices: 1,
	silent: [{device: 'cellar-2', channels: 1}],
	refused: 3,
	refusedByReason: {'payload-malformed': 2, 'topic-unknown': 1},
	warnings: [
		'Silent, not heard for more than twice the cadence: cellar-2.',
		'Anchoring at consortium: no node answers: connect ECONNREFUSED. Hint: is the node running?.',
	],
	market: {name: market.name},
});

/** Answers these in the place of the agent. */
export async function withSamples(page: Page, nowMs: number): Promise<void> {
	const number = (url: string, name: string): number => Number(new URL(url).searchParams.get(name));
	await page.route('**/v1/markets', route => route.fulfill({json: {items: [market]}}));
	await page.route('**/v1/markets/*/slots*', route =>
		route.fulfill({json: slotsAt(number(route.request().url(), 'from'), number(route.request().url(), 'to'), nowMs)}),
	);
	await page.route('**/v1/slots/*/*/book', route => route.fulfill({json: book}));
	await page.route('**/v1/slots/*/*/clearing', route =>
		route.fulfill({
			json: {slot: Number(new URL(route.request().url()).pathname.split('/').at(-2)), headerHash: hash('c'), transaction: null},
		}),
	);
	await page.route('**/v1/auth/siwe', route => route.fulfill({json: {token: 'token', account: trader, expiresAt: '2100-01-01T00:00:00Z'}}));
	await page.route('**/v1/accounts/*?*', route => route.fulfill({json: {account: trader, counter: 2, meters}}));
	await page.route('**/v1/accounts/*/balance?*', route =>
		route.fulfill({
			json: {
				account: trader,
				depositedNano: '25000000000',
				reservedNano: '1632000000',
				availableNano: '19204018500',
				pendingNano: '412550000',
				claimableNano: '3121000000',
				drawnNano: '40900000000',
			},
		}),
	);
	await page.route('**/v1/orders?*', route => route.fulfill({json: ordersAt(nowMs)}));
	await page.route('**/v1/settlements?*', route => {
		const url = route.request().url();
		return route.fulfill({json: {items: billRows(number(url, 'from'), number(url, 'to'), nowMs)}});
	});
	await page.route('**/v1/exports/bill?*', route =>
		route.fulfill({json: bill, headers: {'settled-to': String(Math.floor(nowMs / 86_400_000) * 96)}}),
	);
	await page.route('**/v1/agent', async route => {
		const answer = await route.fetch();
		await route.fulfill({json: troubled((await answer.json()) as Agent)});
	});
	// What is told live would take the place of the samples.
	await page.route('**/v1/agent/events', route =>
		route.fulfill({status: 200, contentType: 'text/event-stream', body: 'retry: 600000\n\n'}),
	);
}
