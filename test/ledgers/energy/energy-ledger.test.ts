import test from 'ava';
import {qualities} from '../../../agent/format/entry.ts';
import {bundlesPerHourMax} from '../../../agent/ledgers/energy/bundles.ts';
import {startCovered, stretchesMax, takeStretch} from '../../../agent/ledgers/energy/covered.ts';
import {edgesMax} from '../../../agent/ledgers/energy/register-hours.ts';
import {createEnergyWorld, hourMs, minuteMs, opening, produce, startMs} from './energy-world.ts';

const hourOf = (hour: number): number => startMs + hour * hourMs;
const transfer = (hour: number, energyWh: number, to = 'bob', from = 'alice') => ({
	does: 'transfer',
	from,
	moves: [{hourMs: hourOf(hour), to, energyWh}],
});
const cancel = (hour: number, energyWh: number, holder = 'alice') => ({
	does: 'cancel',
	holder,
	hourMs: hourOf(hour),
	energyWh,
	beneficiary: 'The bakery',
});
const retire = (hour: number, energyWh: number, holder = 'alice') => ({
	does: 'retire',
	holder,
	hourMs: hourOf(hour),
	energyWh,
	reason: 'measured wrongly',
});

test('hours are certified in whole Wh as the register completes them, and the owner holds them', async t => {
	const world = createEnergyWorld();
	world.state('roof', opening({technology: 'T010101', capacityW: 9000}));
	const numbers = produce(world, 'roof', [0, 1200, 2400]);
	const {certificates} = await world.fold();
	const {hours, certificates: all, totals, device} = (await certificates('roof'))!;
	t.deepEqual(
		hours.map(one => [(one.hourMs - startMs) / hourMs, one.issuedWh, one.fromWh, one.toWh, one.fromNumber, one.toNumber]),
		[
			[0, 0, 0, 0, numbers[0], numbers[12]],
			[1, 1200, 0, 1200, numbers[12], numbers[24]],
			[2, 2400, 1200, 3600, numbers[24], numbers[36]],
		],
	);
	t.deepEqual(all, [
		{
			productionStartingMs: hourOf(1),
			productionEndingMs: hourOf(2),
			rangeStart: 1,
			rangeEnd: 1200,
			energyWh: 1200,
			status: 'active',
			account: 'alice',
			by: 0,
		},
		{
			productionStartingMs: hourOf(2),
			productionEndingMs: hourOf(3),
			rangeStart: 1201,
			rangeEnd: 3600,
			energyWh: 2400,
			status: 'active',
			account: 'alice',
			by: 0,
		},
	]);
	t.deepEqual(totals, {issuedWh: 3600, cancelledWh: 0, retiredWh: 0, shortfallWh: 0, hours: 3, refused: 0, heldWh: 3600});
	t.deepEqual(device, {
		id: 'roof',
		register: 'energy-export',
		owner: 'alice',
		issuer: 'The issuing body',
		energySource: 'solar',
		energyCarrier: 'electricity',
		technology: 'T010101',
		country: 'DE',
		capacityW: 9000,
		faceValueWh: 1,
		fromMs: startMs,
		openedBy: 1,
	});
	t.is((await certificates('roof', hourOf(2), hourOf(3)))!.hours.length, 1);
	t.is(await certificates('other'), undefined);
});

test('certificates are moved, split, cancelled and retired, and every Wh is somewhere', async t => {
	const world = createEnergyWorld();
	world.state('roof', opening());
	produce(world, 'roof', [1200, 600]);
	world.state('roof', transfer(0, 500));
	world.state('roof', transfer(0, 100, 'carol', 'bob'));
	world.state('roof', {does: 'split', holder: 'alice', hourMs: hourOf(0), first: 501, energyWh: 200});
	world.state('roof', cancel(0, 250));
	world.state('roof', {...retire(1, 600), reason: 'expired'});
	const {certificates} = await world.fold();
	const {certificates: all, totals} = (await certificates('roof'))!;
	t.deepEqual(
		all.map(one => [one.rangeStart, one.rangeEnd, one.account, one.status, one.by, one.beneficiary ?? one.reason]),
		[
			[1, 100, 'carol', 'active', 3, undefined],
			[101, 500, 'bob', 'active', 2, undefined],
			[501, 700, 'alice', 'cancelled', 5, 'The bakery'],
			[701, 750, 'alice', 'cancelled', 5, 'The bakery'],
			[751, 1200, 'alice', 'active', 4, undefined],
			[1201, 1800, 'alice', 'withdrawn', 6, 'expired'],
		],
	);
	t.deepEqual(totals, {issuedWh: 1800, cancelledWh: 250, retiredWh: 600, shortfallWh: 0, hours: 2, refused: 0, heldWh: 950});
});

test('what cannot stand is refused, and stands as refused where it is in the log all the same', async t => {
	const world = createEnergyWorld();
	produce(world, 'shed', [1200]);
	world.state('roof', opening({fromMs: startMs}));
	produce(world, 'roof', [1200, 0]);
	world.state('roof', cancel(0, 1000));
	const {problem} = await world.fold();
	const cases: readonly (readonly [body: Parameters<typeof problem>[1], why: string, device?: string])[] = [
		[opening(), 'certificates of roof are open already'],
		[transfer(0, 10), 'certificates of shed are not open: nothing of it is certified', 'shed'],
		[transfer(0, 201), 'alice holds 200 Wh of the hour from 2026-06-01T00:00Z, not 201 Wh: 1000 Wh are cancelled already'],
		[cancel(0, 1000), 'alice holds 200 Wh of the hour from 2026-06-01T00:00Z, not 1000 Wh: 1000 Wh are cancelled already'],
		[transfer(0, 1, 'carol', 'bob'), 'bob holds 0 Wh of the hour from 2026-06-01T00:00Z, not 1 Wh'],
		[transfer(1, 1), 'nothing is certified of roof in the hour from 2026-06-01T01:00Z: it produced nothing'],
		[transfer(2, 1), 'nothing is certified of roof in the hour from 2026-06-01T02:00Z: it is not complete, or was not measured'],
		[
			{does: 'transfer', from: 'alice', moves: [150, 51].map(energyWh => ({hourMs: hourOf(0), to: 'bob', energyWh}))},
			'alice holds 50 Wh of the hour from 2026-06-01T00:00Z, not 51 Wh: 1000 Wh are cancelled already',
		],
		[
			{does: 'split', holder: 'alice', hourMs: hourOf(0), first: 1, energyWh: 5},
			'alice holds no bundle of the hour from 2026-06-01T00:00Z that begins at certificate 1',
		],
		[
			{does: 'split', holder: 'alice', hourMs: hourOf(0), first: 1001, energyWh: 200},
			'the bundle has 200 Wh: 200 Wh leave nothing to split off',
		],
		[transfer(0, 1, 'alice'), 'a transfer from alice to itself moves nothing'],
		[{...cancel(0, 1), hourMs: hourOf(0) + 1}, 'a cancellation needs hourMs: when the hour begins, ms since 1970'],
		[{...cancel(0, 1), energyWh: 0.5}, 'a cancellation needs energyWh: a whole number from 1 to 9007199254740991'],
		[{...cancel(0, 1), colour: 'green'}, 'a cancellation has a member "colour", which is not known'],
		[{does: 'mint'}, 'a statement on certificates says what it does: open, transfer, split, cancel or retire'],
		[
			opening({channel: 'energy-import'}),
			'an opening of certificates needs channel: energy-export or energy-generated, with the part of it if it has one',
			'shed',
		],
		[{does: 'transfer', from: 'alice', moves: []}, 'a transfer needs moves: a list of 1 to 2048'],
	];
	for (const [body, why, device = 'roof'] of cases) {
		t.is(await problem(device, body), why);
		world.state(device, body);
	}
	t.is(await problem('roof', transfer(0, 200)), undefined);
	const {certificates, rows} = await world.fold();
	const {totals, refused} = (await certificates('roof'))!;
	t.is(totals.cancelledWh, 1000);
	t.is(totals.heldWh, 200);
	const ofRoof = cases.filter(([, , device = 'roof']) => device === 'roof');
	t.is(totals.refused, ofRoof.length);
	t.deepEqual(
		refused.map(({why}) => why),
		ofRoof.map(([, why]) => why),
	);
	t.is(rows.all().filter(({key}) => key.startsWith('refused/shed/')).length, 2);
});

test('an hour has no more bundles than a reader can bear', async t => {
	const world = createEnergyWorld();
	world.state('roof', opening());
	produce(world, 'roof', [12_000]);
	const {problem} = await world.fold();
	const one = {hourMs: hourOf(0), to: 'bob', energyWh: 1};
	world.state('roof', {does: 'transfer', from: 'alice', moves: new Array(2048).fill(one)});
	world.state('roof', {does: 'transfer', from: 'alice', moves: new Array(2047).fill(one)});
	t.is(
		await problem('roof', {does: 'transfer', from: 'alice', moves: new Array(2049).fill(one)}),
		'a transfer needs moves: a list of 1 to 2048',
	);
	const {problem: full, certificates} = await world.fold();
	t.is((await certificates('roof'))!.certificates.length, bundlesPerHourMax);
	t.is(await full('roof', transfer(0, 1)), 'the hour from 2026-06-01T00:00Z would have more than 4096 bundles: hand on larger ones');
	t.is(await full('roof', transfer(0, 12_000 - 4095)), undefined);
});

test('readings that come late complete their hour when they come, and never change one that is certified', async t => {
	const world = createEnergyWorld();
	world.state('roof', opening());
	produce(world, 'roof', [1200]);
	// The second hour is lost for now; the third is there.
	produce(world, 'roof', [600], 2, 2400);
	const {certificates} = await world.fold();
	t.deepEqual(
		(await certificates('roof'))!.hours.map(({hourMs: atMs, issuedWh}) => [(atMs - startMs) / hourMs, issuedWh]),
		[
			[0, 1200],
			// Both its ends are known, from what stands at them.
			[1, 1200],
			[2, 600],
		],
	);
	const gap = createEnergyWorld();
	gap.state('roof', opening());
	produce(gap, 'roof', [1200]);
	gap.note('roof');
	// Only from twenty minutes on: nothing stands where the hour begins.
	for (let step = 4; step < 26; step += 1)
		gap.read('roof', {value: (2400 + step * 50) * 1000, measuredAtMs: startMs + 2 * hourMs + step * 5 * minuteMs});
	t.deepEqual(
		(await (await gap.fold()).certificates('roof'))!.hours.map(({issuedWh}) => issuedWh),
		[1200, 600],
	);
	for (let step = 0; step < 5; step += 1)
		gap.read('roof', {value: (2400 + step * 50) * 1000, measuredAtMs: startMs + 2 * hourMs + step * 5 * minuteMs});
	// And once more with more in it: what is known of an hour stays.
	for (let step = 0; step < 5; step += 1)
		gap.read('roof', {value: (9000 + step * 50) * 1000, measuredAtMs: startMs + 2 * hourMs + step * 5 * minuteMs});
	const late = (await (await gap.fold()).certificates('roof'))!;
	t.deepEqual(
		late.hours.map(({hourMs: atMs, issuedWh}) => [(atMs - startMs) / hourMs, issuedWh]),
		[
			[0, 1200],
			[1, 1200],
			[2, 600],
			[3, 600],
		],
	);
	t.deepEqual(
		late.certificates.map(({rangeStart, rangeEnd}) => [rangeStart, rangeEnd]),
		[
			[1, 1200],
			[1801, 3000],
			[3001, 3600],
			[1201, 1800],
		],
	);
});

test('a correction downwards after a transfer is shown as a shortfall, cannot be claimed, and goes when it is retired', async t => {
	const world = createEnergyWorld();
	world.state('roof', opening());
	const numbers = produce(world, 'roof', [1200, 1200]);
	world.state('roof', transfer(1, 1000));
	// The register at the end of the second hour was 2100, not 2400.
	const corrects = numbers[24]!;
	const by = world.read('roof', {value: 2_100_000, measuredAtMs: hourOf(2), corrects});
	const {certificates, problem} = await world.fold();
	const {hours, totals, certificates: all} = (await certificates('roof'))!;
	t.like(hours[1], {issuedWh: 1200, measuredWh: 900, shortfallWh: 300, corrections: [by]});
	t.like(hours[0], {issuedWh: 1200, measuredWh: 1200, shortfallWh: 0, corrections: []});
	t.is(totals.shortfallWh, 300);
	t.deepEqual(
		all.map(({account, energyWh, isInShortfall}) => [account, energyWh, isInShortfall]),
		[
			['alice', 1200, undefined],
			['bob', 1000, true],
			['alice', 200, true],
		],
	);
	t.is(
		await problem('roof', cancel(1, 1000, 'bob')),
		'the hour from 2026-06-01T01:00Z of roof has 900 Wh after a correction, of which 0 Wh are cancelled: 1000 Wh more cannot be',
	);
	t.is(await problem('roof', cancel(1, 900, 'bob')), undefined);
	world.state('roof', retire(1, 200));
	world.state('roof', retire(1, 100, 'bob'));
	const after = (await (await world.fold()).certificates('roof'))!;
	t.is(after.totals.shortfallWh, 0);
	t.is(after.certificates.filter(one => one.isInShortfall).length, 0);
	// A correction upwards gives nothing; the newest one counts.
	world.read('roof', {value: 9_000_000, measuredAtMs: hourOf(2), corrects});
	const again = (await (await world.fold()).certificates('roof'))!;
	t.is(again.totals.issuedWh, 2400);
	t.like(again.hours[1], {measuredWh: 7800, shortfallWh: 0});
});

test('a correction that comes before its hour is certified lowers what is certified, and nothing is read across it', async t => {
	const world = createEnergyWorld();
	world.state('roof', opening());
	const numbers: number[] = [];
	let by = 0;
	for (let step = 0; step <= 38; step += 1) {
		numbers.push(world.read('roof', {value: step * 100_000, measuredAtMs: startMs + step * 5 * minuteMs}));
		// What the second hour begins with is known, and was too low.
		if (step === 14) by = world.read('roof', {value: 1_300_000, measuredAtMs: hourOf(1), corrects: numbers[12]!});
		// Between the reading that ends the second hour and the one behind it.
		if (step === 36) world.read('roof', {value: 1_000_000, measuredAtMs: hourOf(3), corrects: numbers[36]!});
	}
	const {hours, totals} = (await (await world.fold()).certificates('roof'))!;
	t.deepEqual(
		hours.map(({issuedWh, measuredWh, corrections}) => [issuedWh, measuredWh, corrections]),
		[
			[1200, 1300, [by]],
			[1100, 1100, [by]],
		],
	);
	t.is(totals.shortfallWh, 0);
});

test('a register that falls, begins anew, or tells of the same energy twice gets no certificate for it', async t => {
	const world = createEnergyWorld();
	world.state('roof', opening());
	produce(world, 'roof', [1200], 0, 5000);
	// It begins anew within the second hour.
	for (let step = 14; step <= 38; step += 1)
		world.read('roof', {value: (step - 13) * 100_000, measuredAtMs: startMs + step * 5 * minuteMs, epoch: 1});
	// Its clock jumps ahead and back: the same Wh once more.
	for (let step = 14; step <= 38; step += 1)
		world.read('roof', {value: (step - 13) * 100_000, measuredAtMs: hourOf(10) + step * 5 * minuteMs, epoch: 1});
	const {hours, totals} = (await (await world.fold()).certificates('roof'))!;
	t.deepEqual(
		hours.map(one => [(one.hourMs - startMs) / hourMs, one.issuedWh, one.notCertified]),
		[
			[0, 1200, undefined],
			[1, 0, 'counter'],
			[2, 1200, undefined],
			[12, 0, 'counted'],
		],
	);
	t.is(totals.issuedWh, 2400);
});

test('what is simulated, guessed or out of bounds is certified by nobody', async t => {
	for (const quality of [
		qualities.simulated,
		qualities.estimated,
		qualities.substituted,
		qualities.conflict,
		qualities.invalid,
		qualities.exception,
	]) {
		const world = createEnergyWorld();
		world.state('roof', opening());
		for (let step = 0; step <= 13; step += 1)
			world.read('roof', {value: step * 100_000, measuredAtMs: startMs + step * 5 * minuteMs, quality});
		t.deepEqual((await (await world.fold()).certificates('roof'))!.hours, []);
	}
	const world = createEnergyWorld();
	world.state('roof', opening());
	for (let step = 0; step <= 13; step += 1)
		world.read('roof', {value: 2n ** 62n + BigInt(step), measuredAtMs: startMs + step * 5 * minuteMs, exponent: 0});
	for (let step = 0; step <= 13; step += 1) world.read('roof', {value: step - 1000, measuredAtMs: startMs + step * 5 * minuteMs});
	for (let step = 0; step <= 13; step += 1) world.read('roof', {value: step * 1000, measuredAtMs: 0});
	t.deepEqual((await (await world.fold()).certificates('roof'))!.hours, []);
});

test('certificates that are opened later begin with the next hour, or with the past where it is said', async t => {
	for (const [fromMs, expected] of [
		[undefined, [600]],
		[hourOf(1), [1200, 600]],
		[hourOf(0) + 1, [1200, 600]],
		[0, [1200, 1200, 600]],
	] as const) {
		const world = createEnergyWorld();
		for (let step = 0; step <= 38; step += 1) {
			if (step === 14) world.state('roof', opening({fromMs}), startMs + step * 5 * minuteMs);
			world.read('roof', {
				value: Math.min(step, 24) * 100_000 + Math.max(0, step - 24) * 50_000,
				measuredAtMs: startMs + step * 5 * minuteMs,
			});
		}
		const {hours} = (await (await world.fold()).certificates('roof'))!;
		t.deepEqual(
			hours.map(({issuedWh}) => issuedWh),
			expected,
		);
	}
});

test('what a market traded of an hour is moved once', async t => {
	const world = createEnergyWorld();
	world.state('roof', opening());
	produce(world, 'roof', [1200, 1200]);
	world.state('roof', {...transfer(0, 100), market: 'street'});
	const {problem, certificates} = await world.fold();
	t.is(
		await problem('roof', {...transfer(0, 100), market: 'street'}),
		'what market street traded of the hour from 2026-06-01T00:00Z of roof was moved already',
	);
	for (const other of [{...transfer(1, 100), market: 'street'}, {...transfer(0, 100), market: 'quarter'}, transfer(0, 100)])
		t.is(await problem('roof', other), undefined);
	t.deepEqual((await certificates('roof', startMs, startMs + hourMs))!.trades, [{hourMs: startMs, market: 'street'}]);
	t.deepEqual((await certificates('roof', startMs + hourMs, startMs + 2 * hourMs))!.trades, []);
});

test('six weeks of hours are remembered of a register, and what is older is never certified any more', async t => {
	const world = createEnergyWorld();
	world.state('roof', opening({cadenceMs: hourMs}));
	// The first hours come last.
	for (let at = 3; at <= 1100; at += 1) world.read('roof', {value: at * 1000, measuredAtMs: hourOf(at)});
	for (let at = 0; at <= 4; at += 1) world.read('roof', {value: at * 1000, measuredAtMs: hourOf(at)});
	// Where the oldest that is remembered begins: nothing there is found once more.
	for (let at = 85; at <= 95; at += 1) world.read('roof', {value: at * 1000, measuredAtMs: hourOf(at)});
	const whole = await world.fold();
	const {totals, hours} = (await whole.certificates('roof'))!;
	t.is(hours[0]!.hourMs, hourOf(3));
	t.true(hours.every(({issuedWh}) => issuedWh === 1));
	t.is(totals.issuedWh, 1100 - 3 - 1);
	t.is(whole.rows.all().filter(({key}) => key.startsWith('edge/roof/')).length, edgesMax);
	t.deepEqual((await world.fold({chunk: 97, restarts: true})).rows.all(), whole.rows.all());
});

test('where a register has too many gaps, what lies in the oldest is given up', async t => {
	const covered = startCovered();
	for (let at = 0; at < 300; at += 1) t.true(takeStretch(covered, 0, at * 10, at * 10 + 5));
	t.is(covered.stretches.length, stretchesMax);
	t.false(takeStretch(covered, 0, 6, 7));
	t.true(takeStretch(covered, 0, 2995, 2999));
	t.true(takeStretch(covered, 0, 2985, 2990));
	t.deepEqual(covered.stretches.at(-1), {counterEpoch: 0, fromWh: 2980, toWh: 2999});
	for (let at = 0; at < 300; at += 1) t.true(takeStretch(covered, at + 1, 0, 5));
	t.false(takeStretch(covered, 0, 5000, 5001));
	t.is(covered.closedEpoch, 44);
});

test('what stood before a note is remembered by nobody, whether it was met or looked up', async t => {
	// Found by the property of equal rows.
	const world = createEnergyWorld();
	world.state('roof', opening({fromMs: hourOf(5)}));
	// Long before the first hour that is certified, so that it is not looked up.
	world.read('roof', {value: 525_462, measuredAtMs: startMs, epoch: 1});
	world.note('roof');
	t.deepEqual((await world.fold({chunk: 1})).rows.all(), (await world.fold()).rows.all());
});
