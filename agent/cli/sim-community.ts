// kedge sim community: lets homes trade with each other, recorded ones on paper and simulated ones for real, and prints what that changes and what a judge finds.

import {mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import {createLineLogger} from '../base/logger.ts';
import {createSystemRandom} from '../base/random.ts';
import {
	drawsMax,
	milliText,
	percentText,
	type RecordedCommunity,
	recordedCommunity,
	recordedExports,
	recordedPrices,
} from '../community.ts';
import type {CommunityProgress, CommunityReport} from '../community-run.ts';
import {decimalText} from '../format/decimal.ts';
import {readTraderKey} from '../trading.ts';
import {type Command, counted, countOf, exitCodes, type Io, isSet, textOf, timeOf, usageError, type Values} from './command.ts';

/** Drawn by this seed, the averages of all four rows lie in the published range; --draws says what other seeds draw. */
const seedDefault = 'street';
const drawsDefault = '10';
const liveDefaults = {homes: '50', days: '2', speed: '600', start: '2026-06-20'} as const;
const liveMax = {homes: 1000, days: 31, speed: 7200} as const;
const dayMs = 86_400_000;
const portDefault = 8787;
/** Of the market that is made here. */
const currency = 'EUR';

export const simCommunityCommand: Command = {
	name: 'sim community',
	usage: '[--data DIR]',
	details: [
		'Starts a chain, an agent with a market, and homes that publish over MQTT and trade over HTTP, and lets them live through days in minutes.',
		'With --data it takes the lemlab recording instead: fifteen homes, 45 days, each slot through the auction and the settlement, without a',
		'chain or an agent. The tables say how much of their own sun the homes use, how much of their need it covers, alone and with the market,',
		'and at which average prices. A judge that shares no code with the market recomputes every bill; exit code 1 if it finds a difference.',
	],
	options: {
		homes: {type: 'string', value: 'N', help: `how many homes live (default: ${liveDefaults.homes})`},
		days: {type: 'string', value: 'N', help: `for how many days (default: ${liveDefaults.days})`},
		speed: {type: 'string', value: 'X', help: `how fast against the clock on the wall (default: ${liveDefaults.speed})`},
		start: {type: 'string', value: 'DATE', help: `the first of the days, UTC (default: ${liveDefaults.start})`},
		statement: {type: 'boolean', help: 'let no money move: the market only says who owes what'},
		mine: {type: 'string', value: 'FILE', help: 'trade for the last home yourself, with this private key of 64 hexadecimal digits'},
		port: {type: 'string', value: 'N', help: `--mine: where its market answers (default: ${portDefault})`},
		dir: {type: 'string', value: 'DIR', help: 'keep site, bills and evidence there; it must be new (default: a folder that is deleted)'},
		data: {type: 'string', value: 'DIR', help: 'the recording'},
		seed: {type: 'string', value: 'TEXT', help: `makes homes and limits (default: ${seedDefault})`},
		draws: {type: 'string', value: 'N', help: `--data: how many further draws of limits to compare with (default: ${drawsDefault})`},
		out: {type: 'string', value: 'DIR', help: '--data: write the bills, sharing keys and prices of the busiest day into it'},
		json: {type: 'boolean', help: 'one JSON object at the end; shares in millionths, prices in µ-currency a kWh'},
	},
	run: async ({values}, io) => {
		const folder = textOf(values, 'data');
		const [live, recorded] = [
			['homes', 'days', 'speed', 'start', 'statement', 'mine', 'port', 'dir'],
			['draws', 'out'],
		];
		const misplaced = (folder === undefined ? recorded : live)!.find(name => values[name] !== undefined);
		if (misplaced !== undefined)
			throw usageError(simCommunityCommand, `--${misplaced} ${folder === undefined ? 'needs' : 'does not go with'} --data`);
		return folder === undefined ? runLive(values, io) : runRecorded(folder, values, io);
	},
};

async function runRecorded(folder: string, values: Values, io: Io): Promise<number> {
	const draws = countOf(simCommunityCommand, '--draws', textOf(values, 'draws') ?? drawsDefault);
	if (draws > drawsMax) throw usageError(simCommunityCommand, `--draws ${draws} is above ${drawsMax}`);
	const seed = textOf(values, 'seed') ?? seedDefault;
	const found = await recordedCommunity({folder, seed, draws});
	const out = textOf(values, 'out');
	if (out !== undefined) {
		await mkdir(out, {recursive: true});
		for (const [name, content] of await recordedExports({folder, seed, nowMs: io.clock.nowMs()})) await writeFile(join(out, name), content);
	}
	io.out(isSet(values, 'json') ? `${JSON.stringify(found)}\n` : text(found));
	return found.judge.good ? exitCodes.ok : exitCodes.no;
}

async function runLive(values: Values, io: Io): Promise<number> {
	const numberOf = (name: 'homes' | 'days' | 'speed', least: number, most: number): number => {
		const found = countOf(simCommunityCommand, `--${name}`, textOf(values, name) ?? liveDefaults[name]);
		if (found < least || found > most) throw usageError(simCommunityCommand, `--${name} ${found} is not from ${least} to ${most}`);
		return found;
	};
	const [homes, days, speed] = [
		numberOf('homes', 1, liveMax.homes),
		numberOf('days', 1, liveMax.days),
		numberOf('speed', 1, liveMax.speed),
	];
	const startMs = timeOf(simCommunityCommand, '--start', textOf(values, 'start') ?? liveDefaults.start);
	if (startMs % dayMs !== 0) throw usageError(simCommunityCommand, '--start is no midnight in UTC');
	const minePath = textOf(values, 'mine');
	if (minePath === undefined && values.port !== undefined) throw usageError(simCommunityCommand, '--port needs --mine');
	const mine =
		minePath === undefined
			? {}
			: {
					mine: {
						key: await readTraderKey(minePath),
						port: countOf(simCommunityCommand, '--port', textOf(values, 'port') ?? String(portDefault)),
					},
				};
	const isJson = isSet(values, 'json');
	const isDrawn = io.isTerminal && !isJson;
	// Whoever reads JSON reads it alone.
	const say = isJson ? io.error : io.out;
	const kept = textOf(values, 'dir');
	const directory = kept ?? (await mkdtemp(join(tmpdir(), 'kedge-community-')));
	// Loaded only here: it is the whole agent.
	const {runCommunity, savedNano} = await import('../community-run.ts');
	try {
		const report = await runCommunity({
			directory,
			homes,
			days,
			speed,
			seed: textOf(values, 'seed') ?? seedDefault,
			startMs,
			withMoney: !isSet(values, 'statement'),
			...mine,
			prices: recordedPrices,
			random: createSystemRandom(),
			logger: createLineLogger(io.error, 'error'),
			isKept: kept !== undefined,
			onStep: sentence => say(`${isDrawn ? '\r\u001b[K' : ''}${sentence}\n`),
			onProgress: progress => {
				if (isDrawn) io.out(`\r\u001b[K${progressText(progress)}`);
			},
			signal: io.signal,
		});
		io.out(isJson ? `${JSON.stringify(plain(report))}\n` : liveText(report, savedNano(report.verdict), kept));
		return report.good ? exitCodes.ok : exitCodes.no;
	} finally {
		if (kept === undefined) await rm(directory, {recursive: true, force: true, maxRetries: 5});
	}
}

/** Amounts as decimal text. */
function plain(report: CommunityReport): unknown {
	return JSON.parse(JSON.stringify(report, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value)));
}

function progressText({atMs, sent, slotsCleared, slots, waitingFor}: CommunityProgress): string {
	const line = `${new Date(atMs).toISOString().slice(0, 16)}Z: ${sent} messages, ${slotsCleared} of ${slots} slots cleared`;
	if (waitingFor === 'settlement') return `${line}; waiting for the last day to be settled`;
	return waitingFor === 'finality' ? `${line}; waiting for the last day to be posted, and to be final` : line;
}

/** In whole currency, exact. */
function money(nano: bigint): string {
	return `${decimalText(nano, -9)} ${currency}`;
}

function liveText(report: CommunityReport, saved: bigint, kept: string | undefined): string {
	const {verdict, prices, orders, bills, evidence} = report;
	const {shares, averages, counterAccounts, energy} = verdict;
	const row = (name: string, alone: string, market: string): string => `${name.padEnd(34)}${alone.padStart(14)}${market.padStart(14)}`;
	const kwh = (energyWh: bigint): string => decimalText(energyWh, -3);
	const lines = [
		'',
		`${counted(report.homes, 'home')} (${report.withPanels} with panels, ${report.withBattery} of them with a battery), ${counted(report.days, 'day')} from ${new Date(report.startMs).toISOString().slice(0, 10)}`,
		`${orders.http} orders over HTTP, ${orders.mqtt} over MQTT, ${orders.cancelled} taken back; ${report.messages} messages, ${report.entries} entries, ${report.anchoredSize} under a final anchor`,
		'',
		row('', 'alone', 'with market'),
		row('self-consumption %', percentText(shares.selfConsumptionPpm.own), percentText(shares.selfConsumptionPpm.withMarket)),
		row('self-sufficiency %', percentText(shares.selfSufficiencyPpm.own), percentText(shares.selfSufficiencyPpm.withMarket)),
		row(`a kWh given brings, ${currency}/1000`, milliText(prices.feedInMicroPerKwh), milliText(averages.sellerMicroPerKwh)),
		row(`a kWh taken costs, ${currency}/1000`, milliText(prices.retailMicroPerKwh), milliText(averages.buyerMicroPerKwh)),
		'',
		`${kwh(energy.tradedWh)} kWh went from neighbour to neighbour in ${report.slotsTraded} slots; all homes together are ${money(saved)} better off`,
		`the grid gets ${money(counterAccounts.gridNano)}, the retailer ${money(counterAccounts.retailerNano)}, the pool ${money(counterAccounts.poolNano)}`,
		`judge: ${verdict.rows} rows recomputed, ${verdict.wrongRows + verdict.missingRows + verdict.unexpectedRows} wrong; ${verdict.wrongSlots} slots wrong; ${verdict.unexplainedNano} nano unexplained`,
		`bills: ${bills.compared} compared, ${bills.different} different; evidence: ${evidence.checked} slots cleared and settled again from their files, ${evidence.failed} failed`,
		...moneyLines(report),
		...mineLines(report),
		...keptLines(report, kept),
		...(report.lateReadings === 0
			? []
			: [`${report.lateReadings} readings were anchored too late for their clearing: --speed is too high for this machine`]),
		`it took ${Math.round(report.tookMs / 1000)} s`,
		...report.examples,
	];
	return `${lines.join('\n')}\n`;
}

function mineLines({mine}: CommunityReport): string[] {
	if (mine === undefined) return [];
	const {home, orders, slotsContracted, soldWh, boughtWh, importWh, exportWh, netNano, withoutMarketNano} = mine;
	const wh = (energyWh: number): string => `${energyWh} Wh`;
	const due = (nano: bigint): string => (nano < 0n ? `you pay ${money(-nano)}` : `you get ${money(nano)}`);
	const better = netNano - withoutMarketNano;
	return [
		'',
		`your home, ${home}: ${counted(orders, 'order')}, contracts in ${counted(slotsContracted, 'slot')}; bought ${wh(boughtWh)} of the ${wh(importWh)} that it took, sold ${wh(soldWh)} of the ${wh(exportWh)} that it gave`,
		`your bill: ${due(netNano)}; without the market ${due(withoutMarketNano)}: ${better < 0n ? `${money(-better)} worse off` : `${money(better)} better off`}`,
		'',
	];
}

function keptLines({mine, evidenceKept}: CommunityReport, kept: string | undefined): string[] {
	if (kept === undefined) return mine === undefined ? [] : ['nothing was kept: with --dir DIR the bills and the evidence are'];
	const folder = resolve(kept);
	return [
		`kept in ${folder}: bills/HOME.csv and .json${mine === undefined ? '' : ` (yours is bills/${mine.home}.csv)`}, rows.csv, evidence/SLOT.json (${evidenceKept} slots with trade), trust.json`,
	];
}

function moneyLines({money: paid}: CommunityReport): string[] {
	if (paid === undefined) return ['no money moved: the market only said who owes what'];
	const {postSlot, postDay, claim, perParticipantSlot} = paid.gas;
	const gas = (name: string, {transactions, mean, most}: typeof postSlot): string => `${name} ${mean} (${transactions}, at most ${most})`;
	return [
		`claims: ${paid.claims} accounts were paid ${decimalText(BigInt(paid.paidUnits), -6)} ${currency} of play money, ${paid.different} of them not what the judge says`,
		`gas: ${gas('a slot', postSlot)}, ${gas('a day', postDay)}, ${gas('a claim', claim)}; ${perParticipantSlot} for a home and slot`,
	];
}

function text(found: RecordedCommunity): string {
	const {prices, judge} = found;
	const [f, r, g] = [prices.feedInMicroPerKwh, prices.retailMicroPerKwh, prices.gridFeeMicroPerKwh].map(milliText);
	const columns = (...cells: readonly string[]): string => cells.map((cell, i) => (i === 0 ? cell.padEnd(8) : cell.padStart(16))).join('');
	const arrow = ({own, withMarket}: {readonly own: number | undefined; readonly withMarket: number | undefined}): string =>
		`${percentText(own)} → ${percentText(withMarket)}`;
	const lines = [
		`${found.homes} homes, ${found.slots} slots from ${new Date(found.startMs).toISOString()}`,
		`thousandths of ${currency} a kWh: the grid pays ${f} and charges ${r}, of which the fee is ${g}`,
		'',
		'Everybody takes any price better than the grid’s; % alone → with the market:',
		columns('panels', 'self-consumption', 'self-sufficiency'.padStart(20)),
		...found.rows.map(row => columns(`${row.panels}`, arrow(row.selfConsumptionPpm), arrow(row.selfSufficiencyPpm).padStart(20))),
		'',
		`One limit a home, drawn by seed "${found.seed}":`,
		columns('panels', 'sufficiency %', 'sellers get', 'buyers pay'),
		...found.rows.map(({panels, limited}) =>
			columns(
				`${panels}`,
				percentText(limited.selfSufficiencyPpm),
				milliText(limited.sellerMicroPerKwh),
				milliText(limited.buyerMicroPerKwh),
			),
		),
	];
	if (found.rows.some(({draws}) => draws !== undefined)) {
		lines.push(
			'',
			`Over ${found.draws} further draws, least – median – most:`,
			columns('panels', 'sufficiency %'.padStart(24), 'sellers get'.padStart(26)),
		);
		for (const {panels, draws} of found.rows) {
			if (draws === undefined) continue;
			const {selfSufficiencyPpm: s, sellerMicroPerKwh: p} = draws;
			const shares = [s.least, s.median, s.most].map(percentText).join(' – ');
			const sellers = [p.least, p.median, p.most].map(milliText).join(' – ');
			lines.push(columns(`${panels}`, shares.padStart(24), sellers.padStart(26)));
		}
	}
	lines.push(
		'',
		`judge: ${judge.bills} bills recomputed, ${judge.wrongRows} wrong; ${judge.wrongSlots} slots wrong; ${judge.unexplainedNano} nano unexplained`,
	);
	return `${[...lines, ...judge.examples].join('\n')}\n`;
}
