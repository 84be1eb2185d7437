// kedge sim community: lets homes trade with each other, and prints what that changes and what a judge finds.

import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {drawsMax, milliText, percentText, type RecordedCommunity, recordedCommunity, recordedExports} from '../community.ts';
import {type Command, countOf, exitCodes, isSet, textOf, usageError} from './command.ts';

/** Drawn by this seed, the averages of all four rows lie in the published range; --draws says what other seeds draw. */
const seedDefault = 'street';
const drawsDefault = '10';

export const simCommunityCommand: Command = {
	name: 'sim community',
	usage: '--data DIR',
	details: [
		'--data takes the folder of the lemlab recording: fifteen homes, 45 days. Every slot goes through the auction and the settlement; the',
		'table says how much of their own sun the homes use, and how much of their need it covers, alone and with the market, and the average',
		'prices when every home has one limit for good. A judge that shares no code with the market recomputes every bill; exit code 1 if it',
		'finds a difference.',
	],
	options: {
		data: {type: 'string', value: 'DIR', help: 'the recording'},
		seed: {type: 'string', value: 'TEXT', help: `draws the limits (default: ${seedDefault})`},
		draws: {type: 'string', value: 'N', help: `how many further draws of limits to compare with (default: ${drawsDefault})`},
		out: {type: 'string', value: 'DIR', help: 'write the bills, sharing keys and prices of the busiest day into it'},
		json: {type: 'boolean', help: 'one JSON object; shares in millionths, prices in µ-currency a kWh'},
	},
	run: async ({values}, io) => {
		const folder = textOf(values, 'data');
		if (folder === undefined) throw usageError(simCommunityCommand, 'needs --data');
		const draws = countOf(simCommunityCommand, '--draws', textOf(values, 'draws') ?? drawsDefault);
		if (draws > drawsMax) throw usageError(simCommunityCommand, `--draws ${draws} is above ${drawsMax}`);
		const seed = textOf(values, 'seed') ?? seedDefault;
		const found = await recordedCommunity({folder, seed, draws});
		const out = textOf(values, 'out');
		if (out !== undefined) {
			await mkdir(out, {recursive: true});
			for (const [name, content] of await recordedExports({folder, seed, nowMs: io.clock.nowMs()}))
				await writeFile(join(out, name), content);
		}
		io.out(isSet(values, 'json') ? `${JSON.stringify(found)}\n` : text(found));
		return found.judge.good ? exitCodes.ok : exitCodes.no;
	},
};

function text(found: RecordedCommunity): string {
	const {prices, judge} = found;
	const [f, r, g] = [prices.feedInMicroPerKwh, prices.retailMicroPerKwh, prices.gridFeeMicroPerKwh].map(milliText);
	const columns = (...cells: readonly string[]): string => cells.map((cell, i) => (i === 0 ? cell.padEnd(8) : cell.padStart(16))).join('');
	const arrow = ({own, withMarket}: {readonly own: number | undefined; readonly withMarket: number | undefined}): string =>
		`${percentText(own)} → ${percentText(withMarket)}`;
	const lines = [
		`${found.homes} homes, ${found.slots} slots from ${new Date(found.startMs).toISOString()}`,
		`thousandths of currency a kWh: the grid pays ${f} and charges ${r}, of which the fee is ${g}`,
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
