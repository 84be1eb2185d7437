import {readFileSync} from 'node:fs';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import test from 'ava';
import fc from 'fast-check';
import {utf8} from '../../agent/base/bytes.ts';
import {clearSlotFile} from '../../agent/market.ts';
import {parseSlotFile} from '../../agent/trade/slot-file.ts';
import {kedge, testFolder} from '../helpers/site.ts';
import {hashOf} from './world.ts';

const example = {
	format: 'kedge slot 1',
	tariff: {feedInMicroPerKwh: 80_000, retailMicroPerKwh: 300_000, gridFeeMicroPerKwh: 40_000},
	pricing: 'auction',
	seed: '0x00',
	orders: [
		{hash: hashOf(0xa), account: 'A', side: 'sell', quantityWh: 1000, limitMicroPerKwh: 100_000},
		{hash: hashOf(0xb), account: 'B', side: 'sell', quantityWh: 500, limitMicroPerKwh: 150_000},
		{hash: hashOf(0xc), account: 'C', side: 'buy', quantityWh: 800, limitMicroPerKwh: 280_000},
		{hash: hashOf(0xd), account: 'D', side: 'buy', quantityWh: 900, limitMicroPerKwh: 220_000},
		{hash: hashOf(0xe), account: 'E', side: 'buy', quantityWh: 301, limitMicroPerKwh: 220_000},
	],
	readings: [
		{account: 'A', netExportWh: '600'},
		{account: 'B', netExportWh: '560'},
		{account: 'C', netExportWh: '-800'},
		{account: 'D', netExportWh: '-425'},
	],
};

test('kedge clear settles the worked example to the nano, with E missing', async t => {
	const path = join(testFolder(t), 'slot.json');
	await writeFile(path, JSON.stringify(example));
	const ran = await kedge(t, ['clear', path, '--json']);
	t.is(ran.code, 0, ran.err);
	const {settlement, priceBuyMicroPerKwh, fills} = JSON.parse(ran.out) as {
		priceBuyMicroPerKwh: number;
		fills: {fillWh: number}[];
		settlement: {rows: {netNano: string; substituted: boolean}[]; accounts: Record<string, string>};
	};
	t.is(priceBuyMicroPerKwh, 180_000);
	t.deepEqual(
		fills.map(({fillWh}) => fillWh),
		[1000, 500, 800, 525, 175],
	);
	t.deepEqual(
		settlement.rows.map(({netNano}) => netNano),
		['76000000', '94800000', '-176000000', '-103500000', '-38500000'],
	);
	t.true(settlement.rows[4]!.substituted);
	const shown = await kedge(t, ['clear', path]);
	t.regex(shown.out, /^1500 Wh at 0\.180000 a kWh$/m);
	t.regex(shown.out, /^E .*missing: -175.* -0\.038500000$/m);
	t.regex(shown.out, /^sum of all of it: 0$/m);
	const bad = await kedge(t, ['clear', join(testFolder(t), 'none.json')]);
	t.is(bad.code, 2);
});

test('the example in the README of the room is a slot file', t => {
	const readme = readFileSync(fileURLToPath(new URL('../../../agent/trade/README.md', import.meta.url)), 'utf8');
	const text = /```json\n([\s\S]*?)```/.exec(readme)![1]!;
	t.is(clearSlotFile(utf8(text), 'README').clearing.volumeWh, 800);
});

const problems: readonly (readonly [name: string, change: Record<string, unknown>, problem: RegExp])[] = [
	['another format', {format: 'kedge slot 2'}, /format is not/],
	['an unknown key', {tarif: 1}, /tarif/],
	['a feed-in above retail', {tariff: {...example.tariff, feedInMicroPerKwh: 300_000}}, /no price suits both sides/],
	['another pricing', {pricing: 'dutch'}, /pricing is neither/],
	['a seed that is none', {seed: 'x'}, /seed is not/],
	['an order twice', {orders: [example.orders[0], example.orders[0]]}, /is there twice/],
	['an order out of the band', {orders: [{...example.orders[0], limitMicroPerKwh: 1}]}, /must be from 80000 to 260000/],
	['a side that is none', {orders: [{...example.orders[0], side: 'swap'}]}, /neither buy nor sell/],
	['a reading with a fraction', {readings: [{account: 'A', netExportWh: '1.5'}]}, /is not a whole number/],
	['a reading of minus nothing', {readings: [{account: 'A', netExportWh: '-0'}]}, /is not a whole number/],
];

for (const [name, change, problem] of problems) {
	test(`a slot file with ${name} is refused with its reason`, t => {
		const parsed = parseSlotFile(utf8(JSON.stringify({...example, ...change})));
		t.true('problem' in parsed && problem.test(parsed.problem), JSON.stringify(parsed));
	});
}

test('two readings of one account are refused', t => {
	const twice = {...example, readings: [example.readings[0], example.readings[0]]};
	t.throws(() => clearSlotFile(utf8(JSON.stringify(twice)), 'slot.json'), {code: 'FORMAT_INVALID'});
});

test('no change of a byte makes clearing throw anything but a reason', t => {
	const text = JSON.stringify(example);
	fc.assert(
		fc.property(fc.nat({max: text.length - 1}), fc.integer({min: 32, max: 126}), (at, code) => {
			const bytes = utf8(text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1));
			try {
				const {settlement} = clearSlotFile(bytes, 'slot.json');
				if (settlement === undefined) return;
				const {tradersNano, gridNano, retailerNano, poolNano} = settlement.accounts;
				t.is(tradersNano + gridNano + retailerNano + poolNano, 0n);
			} catch (error) {
				t.is((error as {code?: string}).code, 'FORMAT_INVALID');
			}
		}),
		{numRuns: 1000},
	);
});
