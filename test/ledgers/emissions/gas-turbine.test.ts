// Two years of a gas turbine's stack become hourly emissions, equal to a straight computation that shares nothing with the ledger.
import {readFileSync} from 'node:fs';
import test from 'ava';
import type {HourRow} from '../../../agent/ledgers/emissions/hour-rows.ts';
import {createEmissionsWorld, hourMs} from '../../helpers/emissions-world.ts';
import {publishedData} from '../../helpers/published-data.ts';

const site = 'urn:kedge:site:turbine';
const stack = 'urn:kedge:device:gt:co-concentration';
const flow = 'urn:kedge:device:gt:stack-flow';
const generated = 'urn:kedge:device:gt:energy-generated';

/** The digits of a decimal number with so many behind the point. */
function scaled(text: string, decimals: number): bigint {
	const [whole, fraction = ''] = text.split('.');
	return BigInt(whole + fraction.padEnd(decimals, '0'));
}

test('two years of a gas turbine become the hourly emissions of a straight computation', async t => {
	const folder = publishedData(t, 'emissions', 'gas-turbine-cems');
	if (folder === undefined) return;
	const world = createEmissionsWorld();
	const fromMs = Date.UTC(2011, 0, 1);
	const body = {digits: 15_714, exponent: -4, unit: 'mg', source: 'what carbon monoxide becomes', validFrom: '2000-01-01'};
	world.state('factor', 'urn:kedge:factor:co', body, fromMs - hourMs);
	world.state(
		'factor',
		'urn:kedge:factor:gas',
		{digits: 2019, exponent: -1, unit: 'Wh', source: 'a test', validFrom: '2000-01-01', validTo: '2011-12-31'},
		fromMs - hourMs,
	);
	world.state(
		'factor',
		'urn:kedge:factor:gas',
		{digits: 2021, exponent: -1, unit: 'Wh', source: 'a test', validFrom: '2012-01-01'},
		fromMs - hourMs,
	);
	const sources = [
		{id: 'stack', scope: 1, method: 'direct', concentration: {urn: stack}, flow: {urn: flow}, factors: ['co'], quadrantsMin: 1},
		{id: 'fuel', scope: 1, method: 'factor', channels: [{urn: generated}], factors: ['gas']},
	];
	world.state('site', site, {zone: 'UTC', sources}, fromMs - hourMs);

	/** By hour since 1970. */
	const expected = new Map<number, {stackMg: bigint; fuelMg: bigint | undefined}>();
	let register = 0n;
	let rows = 0;
	for (const year of [2011, 2012]) {
		const [head, ...lines] = readFileSync(`${folder}/gt_${year}.csv`, 'utf8').trim().split('\n');
		const [co, tey] = [head!.trim().split(',').indexOf('CO'), head!.trim().split(',').indexOf('TEY')];
		for (const [at, line] of lines.entries()) {
			const cells = line.trim().split(',');
			const timeMs = Date.UTC(year, 0, 1) + at * hourMs;
			// mg/m3 with up to seven decimals: 10^-4 ug/m3. The file has no flow; ten litres a second for each kWh are as good as any.
			const coTenThousandthsUg = scaled(cells[co]!, 7);
			const energyWh = scaled(cells[tey]!, 6);
			const flowLps = energyWh / 100n;
			world.read(generated, {value: register, atMs: timeMs});
			world.read(stack, {value: coTenThousandthsUg, atMs: timeMs + 1000, exponent: -4});
			world.read(flow, {value: flowLps, atMs: timeMs + 1000});
			const perWh = year === 2011 ? 2019n : 2021n;
			const isLast = at === lines.length - 1;
			// ug/m3 · l/s · 3600 s / 10^6 is mg; 1.5714 mg for each.
			const stackMg = (coTenThousandthsUg * flowLps * 3600n * 15_714n) / (1_000_000n * 10_000n * 10_000n);
			const fuelMg = ((register + energyWh) * perWh) / 10n - (register * perWh) / 10n;
			expected.set(timeMs / hourMs, {stackMg, fuelMg: isLast ? undefined : fuelMg});
			register += energyWh;
			rows += 1;
		}
	}
	t.true(rows > 15_000);
	// The hour behind the last one ends it.
	const toMs = Date.UTC(2013, 0, 1);
	world.read(stack, {value: 0, atMs: toMs, exponent: -4});
	world.read(flow, {value: 0, atMs: toMs});
	world.other(toMs + 2 * hourMs);

	const folded = await world.fold();
	const found = new Map(folded.rows.all().map(({key, body}) => [key, body]));
	let [compared, stackMg] = [0, 0n];
	for (const [hour, {stackMg: mg, fuelMg}] of expected) {
		stackMg += mg;
		const stackRow = JSON.parse(found.get(`hour/turbine/stack/${`${hour}`.padStart(9, '0')}`)!) as HourRow;
		if (BigInt(stackRow.content.mg.emitted!) !== mg) t.fail(`stack, hour ${hour}: ${stackRow.content.mg.emitted} and not ${mg}`);
		if (fuelMg === undefined) continue;
		const fuelRow = JSON.parse(found.get(`hour/turbine/fuel/${`${hour}`.padStart(9, '0')}`)!) as HourRow;
		if (BigInt(fuelRow.content.mg.emitted!) !== fuelMg) t.fail(`fuel, hour ${hour}: ${fuelRow.content.mg.emitted} and not ${fuelMg}`);
		compared += 1;
	}
	t.is(compared, rows - 2);
	const answer = await folded.answer({id: 'turbine', fromMs, toMs});
	t.is(answer.sources[0]!.mg.emitted, `${stackMg}`);
	t.deepEqual(answer.sources[0]!.hours, {
		all: 17_544,
		known: rows,
		partial: 0,
		missing: 17_544 - rows,
		substituted: 0,
		spread: 0,
		restated: 0,
	});
	t.deepEqual(
		answer.sources[1]!.factors.map(({number}) => number),
		[2, 3],
	);
});
