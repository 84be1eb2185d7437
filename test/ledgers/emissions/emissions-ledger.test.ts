// The emissions ledger: hours of registers, intervals and stacks, with what is missing in them shown as exactly that.
import test from 'ava';
import {qualities} from '../../../agent/format/entry.ts';
import type {StatementBody} from '../../../agent/format/statement.ts';
import {factorBodyOf} from '../../../agent/ledgers/emissions/factor-body.ts';
import {createEmissionsWorld, type EmissionsWorld, hourMs} from '../../helpers/emissions-world.ts';

const site = 'urn:kedge:site:plant';
const meter = 'urn:kedge:device:m1:energy-import';
const startMs = Date.UTC(2026, 0, 1);
const minuteMs = 60_000;

const grid = (changes: Partial<Parameters<typeof factorBodyOf>[0]> = {}): StatementBody => {
	const made = factorBodyOf({value: '0.5306', mass: 'kg', per: 'kWh', source: 'a test', validFrom: '2020-01-01', ...changes});
	if ('problem' in made) throw new Error(made.problem);
	return made.value;
};

const electricity = (changes: StatementBody = {}): StatementBody => ({
	zone: 'UTC',
	sources: [{id: 'grid', scope: 2, method: 'factor', channels: [{urn: meter}], locationFactors: ['grid']}],
	...changes,
});

/** A site with a meter, and a factor of 530.6 mg/Wh. */
function metered(body: StatementBody = electricity()): EmissionsWorld {
	const world = createEmissionsWorld();
	world.state('factor', 'urn:kedge:factor:grid', grid(), startMs - hourMs);
	world.state('site', site, body, startMs - hourMs);
	return world;
}

const day = {id: 'plant', fromMs: startMs, toMs: startMs + 24 * hourMs};

test('a register becomes hours whose sum is the difference times the factor, to the milligram', async t => {
	const world = metered();
	// Every seven minutes 333 Wh, off the hour.
	for (let i = 0; i <= 220; i += 1) world.read(meter, {value: 1_000_003 + i * 333, atMs: startMs - 3 * minuteMs + i * 7 * minuteMs});
	const folded = await world.fold();
	const answer = await folded.answer(day);
	t.true(answer.complete, answer.reasons.join());
	const at = (ms: number): bigint => {
		const passed = BigInt(ms - (startMs - 3 * minuteMs));
		const step = BigInt(7 * minuteMs);
		const i = passed / step;
		return 1_000_003n + i * 333n + (333n * (passed % step)) / step;
	};
	const mg = (wh: bigint): bigint => (wh * 5306n) / 10n;
	t.is(answer.totals.scope2Location, `${mg(at(day.toMs)) - mg(at(day.fromMs))}`);
	t.is(answer.sources[0]!.channels[0]!.amount, `${at(day.toMs) - at(day.fromMs)}`);
	t.is(answer.hours!.length, 24);
	t.is(
		answer.hours!.reduce((sum, hour) => sum + BigInt(hour.mg.scope2Location!), 0n),
		mg(at(day.toMs)) - mg(at(day.fromMs)),
	);
	t.is(answer.days!.length, 1);
	t.deepEqual(answer.sources[0]!.factors, [{id: 'grid', number: 2, hours: 24}]);
	t.deepEqual(answer.sources[0]!.gaps, {list: [], leftOut: 0});
	t.is(folded.rows.all().filter(({key}) => key.startsWith('past/')).length, 0);
});

test('what passes between two readings hours apart is spread over the hours, and marked', async t => {
	const world = metered();
	world.read(meter, {value: 0, atMs: startMs});
	world.read(meter, {value: 1000, atMs: startMs + 3 * hourMs});
	world.read(meter, {value: 1000, atMs: startMs + 24 * hourMs});
	const {hours, gaps, mg} = (await (await world.fold()).answer(day)).sources[0]!;
	t.is(hours.spread, 24);
	t.is(hours.missing, 0);
	// 333, 666 and 1000 Wh.
	t.is(mg.location, '530600');
	// The second one is longer than the six hours that the site allows.
	t.deepEqual(gaps.list, [{fromMs: startMs + 3 * hourMs, toMs: startMs + 24 * hourMs, what: 'long'}]);
	const answer = await (await world.fold()).answer(day);
	t.false(answer.complete);
	t.regex(answer.reasons.join(), /reaches an end of the period/);
	t.deepEqual(
		answer.hours!.slice(0, 4).map(hour => hour.mg.scope2Location),
		[`${(333 * 5306 - 8) / 10}`, `${(666 * 5306 - 6) / 10 - (333 * 5306 - 8) / 10}`, '177221', '0'],
	);
});

test('what passes while a register begins anew is unknown, and the rest counts', async t => {
	const world = metered();
	world.read(meter, {value: 5000, atMs: startMs});
	world.read(meter, {value: 6000, atMs: startMs + 30 * minuteMs});
	world.read(meter, {value: 10, atMs: startMs + 40 * minuteMs, span: 1, quality: qualities.reset});
	world.read(meter, {value: 110, atMs: startMs + hourMs, span: 1});
	const answer = await (await world.fold()).answer({...day, toMs: startMs + hourMs});
	t.is(answer.totals.scope2Location, `${(1100 * 5306) / 10}`);
	t.false(answer.complete);
	const [source] = answer.sources;
	t.is(source!.hours.partial, 1);
	t.is(source!.channels[0]!.unknownMs, 10 * minuteMs);
	t.is(source!.channels[0]!.resets, 1);
	t.deepEqual(source!.gaps.list, [{fromMs: startMs, toMs: startMs + hourMs, what: 'unknown'}]);
});

test('a register that runs over counts on where the site says at which number, and is unknown otherwise', async t => {
	const rolling = electricity({
		sources: [{id: 'grid', scope: 2, method: 'factor', channels: [{urn: meter, rollsOverAt: '100000'}], locationFactors: ['grid']}],
	});
	for (const body of [rolling, electricity()]) {
		const world = metered(body);
		world.read(meter, {value: 99_000, atMs: startMs});
		world.read(meter, {value: 1000, atMs: startMs + 2 * hourMs, span: 1, quality: qualities.rollover});
		const answer = await (await world.fold()).answer({...day, toMs: startMs + 2 * hourMs});
		t.is(answer.complete, body === rolling);
		t.is(answer.totals.scope2Location, body === rolling ? `${(2000 * 5306) / 10}` : '0');
		t.is(answer.sources[0]!.hours.missing, body === rolling ? 0 : 2);
	}
});

test('readings that do not count, and a register that falls without saying so, are no emission', async t => {
	const world = metered();
	world.read(meter, {value: 1000, atMs: startMs});
	world.read(meter, {value: 900_000, atMs: startMs + 10 * minuteMs, quality: qualities.exception});
	world.read(meter, {value: 1001, atMs: startMs + 20 * minuteMs, quality: qualities.conflict});
	world.read(meter, {value: 2000, atMs: startMs + hourMs});
	world.read(meter, {value: 500, atMs: startMs + hourMs + 30 * minuteMs});
	world.read(meter, {value: 600, atMs: startMs + 2 * hourMs});
	const answer = await (await world.fold()).answer({...day, toMs: startMs + 2 * hourMs});
	t.deepEqual(
		answer.hours!.map(hour => hour.mg.scope2Location),
		['530600', '53060'],
	);
	t.is(answer.sources[0]!.channels[0]!.falls, 1);
	t.is(answer.sources[0]!.hours.partial, 1);
});

test('a factor that was never stated, has expired or is for another unit leaves the hours unknown, and the amount known', async t => {
	const cases: [StatementBody | undefined, RegExp][] = [
		[undefined, /factor "grid" was never stated/],
		[grid({validTo: '2025-12-31'}), /factor "grid" has expired/],
		[grid({validFrom: '2026-01-02'}), /factor "grid" does not hold yet/],
		[grid({per: 'm3'}), /factor "grid" is for another unit/],
	];
	for (const [factor, reason] of cases) {
		const world = createEmissionsWorld();
		if (factor !== undefined) world.state('factor', 'urn:kedge:factor:grid', factor, startMs - hourMs);
		world.state('site', site, electricity(), startMs - hourMs);
		for (let hour = 0; hour <= 24; hour += 1) world.read(meter, {value: hour * 100, atMs: startMs + hour * hourMs});
		const answer = await (await world.fold()).answer(day);
		t.false(answer.complete);
		t.regex(answer.reasons.join('\n'), reason);
		t.is(answer.sources[0]!.hours.missing, 24);
		t.is(answer.totals.scope2Location, '0');
		t.is(answer.sources[0]!.channels[0]!.amount, '2400');
	}
});

test('a factor that expires inside the period counts up to its last day, and the answer says what is missing', async t => {
	const world = createEmissionsWorld();
	world.state('factor', 'urn:kedge:factor:grid', grid({validTo: '2026-01-01'}), startMs - hourMs);
	world.state('site', site, electricity({zone: '+08:00'}), startMs - hourMs);
	for (let hour = 0; hour <= 24; hour += 1) world.read(meter, {value: hour * 100, atMs: startMs + hour * hourMs});
	const answer = await (await world.fold()).answer(day);
	// 2 January begins there at 16:00 UTC.
	t.is(answer.totals.scope2Location, `${(1600 * 5306) / 10}`);
	t.deepEqual(answer.sources[0]!.problems, [{problem: 'factor-expired grid', hours: 8}]);
	t.false(answer.complete);
});

test('another version of a factor restates the hours that it holds for, and the rows before stay', async t => {
	const world = metered();
	for (let hour = 0; hour <= 30; hour += 1) world.read(meter, {value: hour * 100, atMs: startMs + hour * hourMs});
	world.state('factor', 'urn:kedge:factor:grid', grid({value: '0.6', validFrom: '2026-01-01', supersedes: 2}), startMs + 31 * hourMs);
	world.other(startMs + 33 * hourMs);
	const folded = await world.fold();
	const answer = await folded.answer(day);
	t.is(answer.totals.scope2Location, `${2400 * 600}`);
	const [source] = answer.sources;
	t.is(source!.hours.restated, 24);
	t.deepEqual(source!.restatements.list[0], {
		hourMs: startMs,
		revision: 2,
		why: ['factors'],
		mg: {location: 60_000},
		mgBefore: {location: 53_060},
	});
	t.deepEqual(source!.factors, [{id: 'grid', number: 3, hours: 24}]);
	const past = folded.rows.all().filter(({key}) => key.startsWith('past/'));
	t.is(past.length, 30);
	t.regex(past[0]!.body, /"revision":1.*53060/);
});

test('a late reading restates its hours once, and says why', async t => {
	const world = metered();
	for (let hour = 0; hour <= 24; hour += 1) world.read(meter, {value: hour * 100, atMs: startMs + hour * hourMs});
	// It has known all along that nearly all passed in the first half of the hour.
	world.read(meter, {value: 590, atMs: startMs + 5.5 * hourMs, arrivedAtMs: startMs + 30 * hourMs});
	world.other(startMs + 31 * hourMs);
	const {hours, restatements, mg} = (await (await world.fold()).answer(day)).sources[0]!;
	t.is(mg.location, `${(2400 * 5306) / 10}`);
	t.is(hours.restated, 1);
	t.deepEqual(restatements.list, [
		{hourMs: startMs + 5 * hourMs, revision: 2, why: ['readings'], mg: {location: 53_060}, mgBefore: {location: 53_060}},
	]);
});

test('a correction takes the place of what it corrects', async t => {
	const world = metered();
	const numbers = Array.from({length: 25}, (_, hour) => world.read(meter, {value: hour * 100, atMs: startMs + hour * hourMs}));
	world.read(meter, {value: 550, atMs: startMs + 5 * hourMs, arrivedAtMs: startMs + 26 * hourMs, corrects: numbers[5]!});
	const answer = await (await world.fold()).answer(day);
	t.deepEqual(
		answer.hours!.slice(3, 7).map(hour => hour.mg.scope2Location),
		['53060', `${(150 * 5306) / 10}`, `${(50 * 5306) / 10}`, '53060'],
	);
	t.true(answer.complete);
	t.true(answer.sources[0]!.channels[0]!.qualities.includes('corrected'));
	t.is(answer.sources[0]!.hours.restated, 2);
});

test('days have the hours that clocks give them: 23 in spring, 25 in autumn', async t => {
	for (const [date, count] of [
		['2026-03-29', 23],
		['2026-10-25', 25],
		['2026-06-01', 24],
	] as const) {
		const world = createEmissionsWorld();
		const [fromMs, toMs] = [Date.parse(`${date}T00:00:00Z`) - 24 * hourMs, Date.parse(`${date}T00:00:00Z`) + 48 * hourMs];
		world.state('factor', 'urn:kedge:factor:grid', grid(), fromMs);
		world.state('site', site, electricity({zone: 'Europe/Berlin'}), fromMs);
		for (let ms = fromMs; ms <= toMs; ms += hourMs) world.read(meter, {value: (ms - fromMs) / 36_000, atMs: ms});
		const answer = await (await world.fold()).answer({id: 'plant', fromMs, toMs});
		const found = answer.days!.find(one => one.day === date)!;
		t.is(found.hours, count);
		t.is(found.mg.scope2Location, `${(count * 100 * 5306) / 10}`);
	}
});

test('scope 2 is counted by location and by market, side by side', async t => {
	const world = createEmissionsWorld();
	world.state('factor', 'urn:kedge:factor:grid', grid(), startMs - hourMs);
	world.state('factor', 'urn:kedge:factor:contract', grid({value: '0.01'}), startMs - hourMs);
	const sources = [
		{id: 'grid', scope: 2, method: 'factor', channels: [{urn: meter}], locationFactors: ['grid'], marketFactors: ['contract']},
	];
	world.state('site', site, electricity({sources, report: {scopes: [2], scope2: 'market'}}), startMs - hourMs);
	for (let hour = 0; hour <= 24; hour += 1) world.read(meter, {value: hour * 100, atMs: startMs + hour * hourMs});
	const answer = await (await world.fold()).answer(day);
	t.deepEqual(answer.totals, {scope2Location: '1273440', scope2Market: '24000'});
	t.deepEqual(answer.reported, {mg: '24000', scopes: [2], scope2: 'market'});
});

test('amounts that people state count for their hours, and corrections of them restate', async t => {
	const world = createEmissionsWorld();
	// HFC-134a: 1530 times carbon dioxide.
	world.state('factor', 'urn:kedge:factor:r134a', grid({value: '1530', mass: 'kg', per: 'kg'}), startMs - hourMs);
	world.state(
		'site',
		site,
		{zone: 'UTC', sources: [{id: 'chiller', scope: 1, method: 'factor', channels: [], factors: ['r134a']}]},
		startMs - hourMs,
	);
	const first = world.state(
		'activity',
		site,
		{source: 'chiller', amount: '2.5', unit: 'kg', atMs: startMs + 90 * minuteMs, document: 'note 1'},
		startMs + 2 * hourMs,
	);
	world.state(
		'activity',
		site,
		{source: 'chiller', amount: '1', unit: 'g', atMs: startMs, untilMs: startMs + 3 * hourMs},
		startMs + 2 * hourMs,
	);
	const before = await (await world.fold()).answer(day);
	t.is(before.totals.scope1, `${2_500_000 * 1530 + 1000 * 1530}`);
	t.true(before.complete);
	world.state(
		'activity',
		site,
		{source: 'chiller', amount: '2', unit: 'kg', atMs: startMs + 90 * minuteMs, corrects: first},
		startMs + 4 * hourMs,
	);
	const folded = await world.fold();
	const answer = await folded.answer(day);
	t.is(answer.totals.scope1, `${2_000_000 * 1530 + 1000 * 1530}`);
	t.deepEqual(
		answer.sources[0]!.restatements.list.map(({why, revision}) => ({why, revision})),
		[{why: ['activities'], revision: 2}],
	);
	t.regex(
		(await folded.problem('activity', site, {source: 'chiller', amount: '2', unit: 'kg', atMs: startMs, corrects: first}))!,
		/was corrected by 5 already/,
	);
	t.regex((await folded.problem('activity', site, {source: 'boiler', amount: '2', unit: 'kg', atMs: startMs}))!, /has no source "boiler"/);
});

test('intervals count as far as they reach, once, and what lies between them is unknown', async t => {
	const world = createEmissionsWorld();
	const gas = 'urn:kedge:device:g1:gas-volume-interval';
	world.state('factor', 'urn:kedge:factor:gas', grid({value: '2', mass: 'kg', per: 'm3'}), startMs - hourMs);
	world.state(
		'site',
		site,
		{zone: 'UTC', sources: [{id: 'boiler', scope: 1, method: 'factor', channels: [{urn: gas, spanMinutes: 20}], factors: ['gas']}]},
		startMs - hourMs,
	);
	const span = 20 * minuteMs;
	world.read(gas, {value: 30, atMs: startMs + 10 * minuteMs, span});
	world.read(gas, {value: 30, atMs: startMs + 30 * minuteMs, span});
	// Begins before the last one ends.
	world.read(gas, {value: 50, atMs: startMs + 40 * minuteMs, span});
	world.read(gas, {value: 31, atMs: startMs + 70 * minuteMs, span});
	// Of a day, beside the others.
	world.read(gas, {value: 5000, atMs: startMs + 80 * minuteMs, span: 24 * hourMs});
	world.read(gas, {value: 60, atMs: startMs + 2 * hourMs, span});
	const answer = await (await world.fold()).answer({...day, toMs: startMs + 2 * hourMs});
	// 15 and 30 l, and half of 31; the rest of that, and 60.
	t.deepEqual(
		answer.hours!.map(hour => hour.mg.scope1),
		[`${60 * 2000}`, `${76 * 2000}`],
	);
	const [channel] = answer.sources[0]!.channels;
	t.is(channel!.amount, '136');
	t.is(channel!.overlaps, 1);
	t.is(channel!.unknownMs, 50 * minuteMs);
});

test('an hour that begins in the period and has no reading at all is shown as missing', async t => {
	const world = metered();
	world.read(meter, {value: 0, atMs: startMs + 2 * hourMs});
	world.read(meter, {value: 100, atMs: startMs + 3 * hourMs});
	const answer = await (await world.fold()).answer({...day, toMs: startMs + 4 * hourMs});
	t.is(answer.sources[0]!.hours.missing, 3);
	t.deepEqual(answer.sources[0]!.gaps.list, [
		{fromMs: startMs, toMs: startMs + 2 * hourMs, what: 'missing'},
		{fromMs: startMs + 3 * hourMs, toMs: startMs + 4 * hourMs, what: 'missing'},
	]);
	t.deepEqual(answer.reasons, ['source "grid": 3 of 4 hours are not known']);
});

test('a clock that was years ahead once spoils no hour, and costs no loop through the years', async t => {
	const farMs = startMs + 8000 * 365 * 24 * hourMs;
	const world = metered();
	for (let hour = 0; hour <= 3; hour += 1) world.read(meter, {value: hour * 100, atMs: startMs + hour * hourMs});
	world.read(meter, {value: 350, atMs: farMs, arrivedAtMs: startMs + 3.5 * hourMs});
	for (let hour = 4; hour <= 26; hour += 1) world.read(meter, {value: hour * 100, atMs: startMs + hour * hourMs});
	world.other(startMs + 30 * hourMs);
	const folded = await world.fold();
	const answer = await folded.answer(day);
	t.true(answer.complete, answer.reasons.join());
	t.is(answer.totals.scope2Location, '1273440');
	const part = await world.only(await folded.basis(day)).fold();
	t.deepEqual(await part.answer(day), answer);
});

test('statements that say nothing change nothing, and are named', async t => {
	const world = metered();
	for (let hour = 0; hour <= 24; hour += 1) world.read(meter, {value: hour * 100, atMs: startMs + hour * hourMs});
	const before = await (await world.fold()).answer(day);
	for (const says of ['site', 'activity', 'report', 'factor'] as const) {
		world.state(says, site, {nonsense: true}, startMs + 25 * hourMs);
		world.state(says, 'urn:kedge:factor:grid', {digits: -1}, startMs + 25 * hourMs);
		world.state(says, 'urn:kedge:shipment:x', {}, startMs + 25 * hourMs);
	}
	const {refused, ...after} = await (await world.fold()).answer(day);
	t.deepEqual(after, (({refused: _, ...rest}) => rest)(before));
	t.deepEqual(
		refused.map(({number, problem}) => `${number} ${problem}`),
		[
			'3 the site has no key "nonsense"',
			'4 the activity has no key "nonsense"',
			'5 the report has no key "nonsense"',
			'6 factor "grid": the factor: unit is not one line of 1 to 16 characters',
		],
	);
});

test('who says something again because the answer was lost is told that it stands', async t => {
	const cooling = {id: 'cooling', scope: 1, method: 'factor', channels: [], factors: ['grid']};
	const world = metered(electricity({sources: [cooling]}));
	const filled = {source: 'cooling', amount: '10', unit: 'kWh', atMs: startMs + hourMs, document: 'note 7'};
	const number = world.state('activity', site, filled, startMs + 2 * hourMs);
	const reported = {
		fromMs: startMs,
		toMs: startMs + 24 * hourMs,
		totalMg: '5306000',
		scopes: [1, 2],
		scope2: 'location',
		complete: true,
		siteNumber: 2,
		size: 0,
		entriesRoot: '00'.repeat(32),
		ranges: [],
	};
	const report = world.state('report', site, reported, startMs + 30 * hourMs, 5_306_000n);
	const {problem} = await world.fold();
	t.is(await problem('activity', site, filled), `activity ${number} says just that already: if it happened twice, name another document`);
	t.is(await problem('activity', site, {...filled, document: 'note 8'}), undefined);
	t.is(await problem('activity', site, {...filled, corrects: number}), undefined);
	t.regex(
		(await problem('report', site, reported, 5_306_000n)) ?? '',
		new RegExp(`^report ${report} says already what site "plant" emitted in this period`),
	);
	t.is(await problem('report', site, {...reported, replaces: report}, 5_306_000n), undefined);
	t.is(await problem('report', site, {...reported, toMs: startMs + 48 * hourMs}, 5_306_000n), undefined);
	// And no report stands that says less than the account comes to.
	t.is(
		await problem('report', site, {...reported, replaces: report, totalMg: '5305999'}, 5_305_999n),
		'the account of site "plant" comes to 5306000 mg, and not to what the report says: 5305999 mg',
	);
	t.regex(
		(await problem('report', site, {...reported, replaces: report, complete: false}, 5_306_000n)) ?? '',
		/says: 5306000 mg, not complete$/,
	);
	t.is(await problem('factor', 'urn:kedge:factor:grid', grid()), 'factor "grid" says just that already: it is version 2');
	t.is(await problem('factor', 'urn:kedge:factor:grid', grid({value: '0.5'})), undefined);
	t.is(await problem('factor', 'urn:kedge:factor:other', grid()), undefined);
});

test('a correction to what no register says takes a reading out, whatever came when', async t => {
	for (const isInOrder of [true, false]) {
		const world = metered();
		const number = world.read(meter, {value: 1000, atMs: startMs});
		world.read(meter, {value: -1, atMs: startMs, arrivedAtMs: startMs + 14 * minuteMs, corrects: number});
		const readings = [
			{value: 1000, atMs: startMs + 28 * minuteMs, arrivedAtMs: startMs + 75 * minuteMs},
			{value: 1000, atMs: startMs + 60 * minuteMs, arrivedAtMs: startMs + 76 * minuteMs},
		];
		for (const reading of isInOrder ? readings : readings.reverse()) world.read(meter, reading);
		const answer = await (await world.fold()).answer({...day, toMs: startMs + hourMs});
		t.is(answer.sources[0]!.channels[0]!.unknownMs, 28 * minuteMs, `${isInOrder}`);
		t.is(answer.sources[0]!.hours.partial, 1);
	}
});

test('a reading that comes late to the second hour takes nothing from the first', async t => {
	const world = metered();
	for (const minute of [4, 22, 49]) world.read(meter, {value: 100 * minute, atMs: startMs + minute * minuteMs});
	world.other(startMs + 2 * hourMs);
	world.read(meter, {value: 6200, atMs: startMs + 62 * minuteMs, arrivedAtMs: startMs + 2 * hourMs + minuteMs});
	world.read(meter, {value: 6100, atMs: startMs + 61 * minuteMs, arrivedAtMs: startMs + 2 * hourMs + 2 * minuteMs});
	const [channel] = (await (await world.fold()).answer({...day, toMs: startMs + hourMs})).sources[0]!.channels;
	t.is(channel!.unknownMs, 4 * minuteMs);
	t.is(channel!.amount, '5600');
	t.is(channel!.entries!.count, 3);
});

test('what an hour of intervals rests on reaches as far as the interval that ended it', async t => {
	const gas = 'urn:kedge:device:g1:gas-volume-interval';
	const world = createEmissionsWorld();
	const span = 20 * minuteMs;
	world.state('factor', 'urn:kedge:factor:gas', grid({value: '2', mass: 'kg', per: 'm3'}), startMs - hourMs);
	const source = {id: 'boiler', scope: 1, method: 'factor', channels: [{urn: gas, spanMinutes: 20}], factors: ['gas']};
	world.state('site', site, {zone: 'UTC', gapMinutesMax: 120, sources: [source]}, startMs - hourMs);
	world.read(gas, {value: 0, atMs: startMs, span});
	world.read(gas, {value: 0, atMs: startMs + 200 * minuteMs, span: hourMs});
	world.read(gas, {value: 0, atMs: startMs + 260 * minuteMs, span});
	const asked = {...day, toMs: startMs + hourMs};
	const folded = await world.fold();
	t.deepEqual(await (await world.only(await folded.basis(asked)).fold()).answer(asked), await folded.answer(asked));
});
