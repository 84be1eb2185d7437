// How fast a market is: a call auction by the number of its orders, a day of ten thousand homes settled and committed to, and signed orders over HTTP acknowledged after the commit.

import {createHash} from 'node:crypto';
import {mkdtempSync, rmSync} from 'node:fs';
import {writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {createKeystore} from '../../agent/anchor/keystore.ts';
import {createScaledClock, systemClock} from '../../agent/base/clock.ts';
import {silentLogger} from '../../agent/base/logger.ts';
import {createSystemRandom} from '../../agent/base/random.ts';
import {openAgent} from '../../agent/main.ts';
import {makeSite, openSite} from '../../agent/site.ts';
import type {Order} from '../../agent/trade/book.ts';
import {clear, type Rules} from '../../agent/trade/clear.ts';
import {start} from '../faults/process.ts';
import {type Bench, type BenchOptions, type Figure, median} from './figure.ts';
import {gasOfMarket} from './market-gas.ts';
import {type Load, marketName, ownerOf, slotOfBench} from './market-orders.ts';

const dayPath = fileURLToPath(new URL('./market-day.js', import.meta.url));
const loadPath = fileURLToPath(new URL('./market-load.js', import.meta.url));
const tariff: Rules = {
	feedInMicroPerKwh: 80_000,
	retailMicroPerKwh: 300_000,
	gridFeeMicroPerKwh: 40_000,
	pricing: 'auction',
	lineLimitWh: undefined,
};

/** Orders with limits all over the band, as many prices as there are: the most tiers that a book can have. */
function bookOf(count: number, seed: number): Order[] {
	let state = seed;
	const next = (below: number): number => {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		return Math.floor((state / 2 ** 32) * below);
	};
	return Array.from({length: count}, (_, at) => {
		const isBuy = next(2) === 0;
		const hash = `0x${createHash('sha256').update(`${seed} ${at}`).digest('hex')}`;
		const limit = isBuy ? 120_000 + next(180_001) : 80_000 + next(180_001);
		return {hash, side: isBuy ? 'buy' : 'sell', quantityWh: 1 + next(5000), limitMicroPerKwh: limit, minQuantityWh: 0};
	});
}

function clearing({quick}: BenchOptions): Figure[] {
	const figures: Figure[] = [];
	const seed = new Uint8Array(32).fill(7);
	const perOrder: number[] = [];
	for (const count of [2000, 20_000, 200_000]) {
		const books = Array.from({length: quick ? 2 : 5}, (_, at) => bookOf(count, at + 1));
		clear(books[0]!, tariff, seed);
		const seconds = median(
			books.map(book => {
				const startedMs = systemClock.monotonicMs();
				clear(book, tariff, seed);
				return (systemClock.monotonicMs() - startedMs) / 1000;
			}),
		);
		perOrder.push(seconds / count);
		if (count === 200_000) figures.push({name: '200,000 orders cleared', value: seconds, unit: 's', target: {atMost: 1}});
		else
			figures.push({
				name: `${count.toLocaleString('en-US')} orders cleared`,
				value: count / seconds,
				unit: 'orders/s',
				target: {atLeast: 300_000},
			});
	}
	// From 2,000 to 200,000 orders n·log n grows by 160: a hundred times the orders at 1.6 times the cost of each.
	const growth = perOrder[2]! / perOrder[0]!;
	figures.push({
		name: 'cost of an order at 200,000 against 2,000',
		value: growth,
		unit: 'times',
		target: {atMost: Math.log2(200_000) / Math.log2(2000)},
	});
	return figures;
}

async function settlement({quick}: BenchOptions): Promise<Figure[]> {
	const homes = quick ? 1000 : 10_000;
	let line = '';
	const child = start(process.execPath, [dayPath, String(homes)], {
		onLine: text => {
			line = text;
		},
	});
	await child.ended;
	if (line === '') throw new Error(`the day was not settled: ${child.said()}`);
	const {seconds, residentBytes} = JSON.parse(line) as {readonly seconds: number; readonly residentBytes: number};
	const shown = homes.toLocaleString('en-US');
	return [
		{name: `${shown} homes × 96 slots settled and committed to`, value: seconds, unit: 's', target: quick ? undefined : {atMost: 30}},
		{name: '… resident at most', value: residentBytes / 1e6, unit: 'MB', target: quick ? undefined : {atMost: 500}},
	];
}

async function api({quick, say}: BenchOptions): Promise<Figure[]> {
	const folder = mkdtempSync(join(tmpdir(), 'kedge-market-'));
	try {
		const meters = quick ? 200 : 1000;
		const {json} = await createKeystore('bench', {scryptN: 1024});
		const devices = Array.from({length: meters}, (_, at) => ({id: `meter-${at}`, mappings: ['m'], cadenceSeconds: 60}));
		await makeSite({
			directory: folder,
			logName: 'bench',
			random: createSystemRandom(),
			configFor: () => `log: {name: bench, floorMiB: 1, ballastMiB: 0}
mappings: {m: {topic: "m/{device}", format: json, readings: [{pointer: /i, quantity: energy-import, unit: Wh}, {pointer: /e, quantity: energy-export, unit: Wh}]}}
devices: ${JSON.stringify(devices)}
market: {name: ${marketName}, mode: forward, feedInMicroPerKwh: 80000, retailMicroPerKwh: 300000, gridFeeMicroPerKwh: 40000, chainId: 31337, meters: ${JSON.stringify(devices.map(({id}, at) => ({device: id, owner: ownerOf(at).address})))}}
api: {port: 0}
`,
		});
		await writeFile(join(folder, 'market-key.json'), json);
		await writeFile(join(folder, 'market-key.password'), 'bench\n');
		const site = await openSite(join(folder, 'kedge.yaml'));
		const clock = createScaledClock({startMs: slotOfBench * 900_000, speed: 1});
		await using agent = await openAgent({site, logger: silentLogger, world: {clock}});
		const figures: Figure[] = [];
		for (const {name, batch, inFlight, target} of [
			{name: 'signed orders over HTTP, one a request, 64 in flight', batch: 1, inFlight: 64, target: {atLeast: 1000}},
			{name: 'signed orders over HTTP, 100 a request, 4 in flight', batch: 100, inFlight: 4, target: {atLeast: 1000}},
		] as const) {
			const rates: number[] = [];
			let p99Ms = 0;
			for (let round = 0; round < (quick ? 1 : 3); round += 1) {
				const load: Load = {
					url: `http://127.0.0.1:${agent.apiPort}`,
					meters,
					orders: quick ? 2000 : 10_000,
					batch,
					inFlight,
					slot: slotOfBench + 2 + rates.length * 20 + (batch === 1 ? 0 : 10),
				};
				const found = await run(load);
				rates.push(found.orders / found.seconds);
				p99Ms = Math.max(p99Ms, found.p99Ms);
				say(`${name}: ${Math.round(found.orders / found.seconds)} orders/s, p99 ${Math.round(found.p99Ms)} ms`);
			}
			figures.push({name, value: median(rates), unit: 'orders/s', target});
			figures.push({name: '… p99 of a request, the worst round', value: p99Ms, unit: 'ms', target: undefined});
		}
		return figures;
	} finally {
		rmSync(folder, {recursive: true, force: true});
	}
}

async function run(load: Load): Promise<{readonly orders: number; readonly seconds: number; readonly p99Ms: number}> {
	let line = '';
	const child = start(process.execPath, [loadPath, JSON.stringify(load)], {
		onLine: text => {
			line = text;
		},
	});
	await child.ended;
	if (line === '') throw new Error(`the load ended without a result: ${child.said()}`);
	return JSON.parse(line) as {readonly orders: number; readonly seconds: number; readonly p99Ms: number};
}

export const bench: Bench = async options => [
	...clearing(options),
	...(await settlement(options)),
	...(await api(options)),
	...(await gasOfMarket()),
];
