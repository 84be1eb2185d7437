import {mkdtempSync} from 'node:fs';
import {mkdir, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'ava';
import {recordedCommunity, recordedExports} from '../../agent/community.ts';
import {percentText} from '../../sim/community/figures.ts';
import {readLemlab} from '../../sim/community/lemlab.ts';
import {publishedData} from '../helpers/published-data.ts';

/** Panels on so many roofs; % alone and with a market, of what panels make and of what homes use. */
const published = [
	[5, '37.1', '80.2', '10.6', '22.8'],
	[8, '36.2', '60.6', '17.3', '29.0'],
	[11, '32.5', '46.2', '23.3', '33.2'],
	[15, '34.4', '36.3', '34.4', '36.3'],
];

test('fifteen recorded homes use and cover as much of their sun, alone and with each other, as was published', async t => {
	const folder = publishedData(t, 'load-pv', 'lemlab-15min');
	if (folder === undefined) return;
	const found = await recordedCommunity({folder, seed: 'street', draws: 0});
	t.is(found.homes, 15);
	t.is(found.slots, 4316);
	t.deepEqual(
		found.rows.map(({panels, selfConsumptionPpm: c, selfSufficiencyPpm: s}) => [
			panels,
			...[c.own, c.withMarket, s.own, s.withMarket].map(percentText),
		]),
		published,
	);
	for (const {limited} of found.rows) {
		t.true(limited.sellerMicroPerKwh! >= 158_800 && limited.sellerMicroPerKwh! <= 176_800, `${limited.sellerMicroPerKwh}`);
		t.true(limited.buyerMicroPerKwh! >= 198_800 && limited.buyerMicroPerKwh! <= 216_800, `${limited.buyerMicroPerKwh}`);
	}
	t.is(found.judge.bills, 8 * 15 * 4316);
	t.true(found.judge.good, found.judge.examples.join('\n'));
	t.is(found.judge.unexplainedNano, '0');
});

test('what the recorded market hands out for a day sums up: bills to what was traded, keys to a million', async t => {
	const folder = publishedData(t, 'load-pv', 'lemlab-15min');
	if (folder === undefined) return;
	const files = await recordedExports({folder, seed: 'street', nowMs: 0});
	let [soldWh, boughtWh] = [0, 0];
	for (let home = 1; home <= 15; home += 1) {
		const name = `bill-home-${String(home).padStart(2, '0')}`;
		const {totals, lines} = JSON.parse(files.get(`${name}.json`)!) as {totals: {soldWh: string; boughtWh: string}; lines: unknown[]};
		t.is(lines.length, 96);
		t.is(files.get(`${name}.csv`)!.split('\r\n').length, 98);
		soldWh += Number(totals.soldWh);
		boughtWh += Number(totals.boughtWh);
	}
	t.true(soldWh > 10_000);
	t.is(soldWh, boughtWh);
	const {slots} = JSON.parse(files.get('sharing-keys-pro-rata.json')!) as {slots: {keys: {ppm: number}[]}[]};
	for (const {keys} of slots) t.true([0, 1_000_000].includes(keys.reduce((sum, {ppm}) => sum + ppm, 0)));
	const {intervals} = JSON.parse(files.get('price-event.json')!) as {intervals: unknown[]};
	t.is(intervals.length, 96);
});

async function madeUp(t: {teardown: (end: () => Promise<void>) => void}, files: Readonly<Record<string, string>>): Promise<string> {
	const folder = mkdtempSync(join(tmpdir(), 'kedge-lemlab-'));
	t.teardown(() => rm(folder, {recursive: true, force: true}));
	for (const [path, text] of Object.entries(files)) {
		await mkdir(join(folder, path, '..'), {recursive: true});
		await writeFile(join(folder, path), text);
	}
	return folder;
}

const sun = 'timestamp,power\n900.0,0.0\n1800.0,0.5\n2700.0,0.25\n';

test('a recording becomes what registers gain that round down, and panels make as much as their home uses', async t => {
	const folder = await madeUp(t, {
		'prosumers/pv/pv_1_pu.csv': sun,
		'prosumers/hh/hh_2_0.csv': 'timestamp,power,heat\n900,10,0\n1800,10,0\n2700,10,0\n',
		'prosumers/hh/hh_1_0.csv': 'timestamp,power,heat\n900,0,0\n1800,0.000000000001,0\n2700,12000.999999999999,0\n',
	});
	const recording = await readLemlab(folder);
	t.is(recording.slotFrom, 1);
	t.is(recording.slotCount, 3);
	t.deepEqual(recording.homes[0]!.loadWh, [0, 0, 3000]);
	t.deepEqual(recording.homes[1]!.loadWh, [2, 3, 2]);
	// 30 W over a quarter-hour, two thirds of it in the second slot.
	t.deepEqual(recording.homes[1]!.pvWh, [0, 5, 2]);
});

const bad: readonly (readonly [what: string, text: string, message: RegExp])[] = [
	['a gap', 'timestamp,power\n900,1\n1800,1\n3600,1\n', /line 4 is not one slot after/],
	['a power below 0', 'timestamp,power\n900,1\n1800,-1\n2700,1\n', /line 3 has no power of 0 or more/],
	['a time between slots', 'timestamp,power\n901,1\n', /line 2 has no time at the start/],
	['no columns', 'a,b\n1,2\n', /names no columns/],
	['other slots', 'timestamp,power\n1800,1\n2700,1\n3600,1\n', /does not cover the same slots/],
];

for (const [what, text, message] of bad) {
	test(`a recording with ${what} is refused with its place`, async t => {
		const folder = await madeUp(t, {'prosumers/pv/pv_1_pu.csv': sun, 'prosumers/hh/hh_1_0.csv': text});
		await t.throwsAsync(readLemlab(folder), {code: 'FORMAT_INVALID', message});
	});
}

test('a folder that is no recording is refused with a hint', async t => {
	const error = await t.throwsAsync(readLemlab('/nowhere'), {code: 'DATA_MISSING'});
	t.true(error?.message.startsWith('cannot read /nowhere'));
});
