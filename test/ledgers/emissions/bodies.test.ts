// What is stated of sites, factors and activities: strict, exact, and refused with a sentence.
import test from 'ava';
import fc from 'fast-check';
import type {StatementBody} from '../../../agent/format/statement.ts';
import {decodeStatement, encodeStatement} from '../../../agent/format/statement.ts';
import {readActivity} from '../../../agent/ledgers/emissions/activity-body.ts';
import type {EmissionsAnswer} from '../../../agent/ledgers/emissions/answer.ts';
import {factorBodyOf, factorOn, readFactor} from '../../../agent/ledgers/emissions/factor-body.ts';
import {factorTable, tableFactorBody} from '../../../agent/ledgers/emissions/factor-table.ts';
import {readReport, reportBody} from '../../../agent/ledgers/emissions/report-body.ts';
import {channelsOf, readSite, type SiteSection, siteBodyOf} from '../../../agent/ledgers/emissions/site-body.ts';

const meter = 'urn:kedge:device:m1:energy-import';
const problemOf = (checked: {readonly value: unknown} | {readonly problem: string}): string | undefined =>
	'problem' in checked ? checked.problem : undefined;

const section: SiteSection = {
	id: 'plant',
	zone: 'Europe/Berlin',
	sources: [
		{
			id: 'grid',
			scope: 2,
			method: 'factor',
			from: '2026-01-01',
			to: '2026-03-29',
			channels: [{device: 'm1', quantity: 'energy-import', rollsOverAt: '1e9'}],
			locationFactors: ['grid-deu'],
		},
		{
			id: 'stack',
			scope: 1,
			method: 'direct',
			concentration: {device: 's1', quantity: 'co2-concentration', part: 'dry', fallback: '150000000'},
			flow: {device: 's1', quantity: 'stack-flow', fallback: '2.0e5'},
			substitution: 'fallback',
		},
		{id: 'chiller', scope: 1, method: 'factor', factors: ['ar6-r410a']},
	],
};

test('a section of a config becomes the body of a statement, days become hours of UTC', t => {
	const made = siteBodyOf(section);
	if ('problem' in made) return t.fail(made.problem);
	const {id, body} = made.value;
	t.is(id, 'plant');
	t.deepEqual(decodeStatement(encodeStatement(body)), body);
	const site = readSite(body);
	if ('problem' in site) return t.fail(site.problem);
	const [grid, stack] = site.value.sources;
	t.is(grid!.fromHour, Date.UTC(2025, 11, 31, 23) / 3_600_000);
	// The last day has 23 hours, and is in it.
	t.is(grid!.toHour, Date.UTC(2026, 2, 29, 22) / 3_600_000);
	t.deepEqual(channelsOf(site.value), [meter, 'urn:kedge:device:s1:co2-concentration:dry', 'urn:kedge:device:s1:stack-flow']);
	t.is(stack!.method === 'direct' ? stack!.flow.fallback : undefined, 200_000n);
	t.is(grid!.method === 'factor' ? grid!.channels[0]!.rollsOverAt : undefined, 1_000_000_000n);
	t.deepEqual(site.value.report, {scopes: [1, 2], scope2: 'location'});
});

test('a site that does not say what it means is refused with a sentence', t => {
	const grid = {id: 'grid', scope: 2, method: 'factor', channels: [{urn: meter}], locationFactors: ['grid']};
	const direct = {
		id: 'd',
		scope: 1,
		method: 'direct',
		concentration: {urn: 'urn:kedge:device:s:co2-concentration'},
		flow: {urn: 'urn:kedge:device:s:stack-flow'},
	};
	const cases: [StatementBody, RegExp][] = [
		[{zone: 'Mars/Olympus', sources: []}, /zone "Mars\/Olympus"/],
		[{sources: []}, /zone is not one line/],
		[{zone: 'UTC', sources: [], owner: 'x'}, /has no key "owner"/],
		[{zone: 'UTC', sources: [grid, grid]}, /"grid" is there twice/],
		[{zone: 'UTC', sources: [{...grid, id: 'a b'}]}, /id is not a name/],
		[{zone: 'UTC', sources: [{...grid, scope: 4}]}, /scope is not one of 1, 2, 3/],
		[{zone: 'UTC', sources: [{...grid, locationFactors: []}]}, /neither locationFactors nor marketFactors/],
		[{zone: 'UTC', sources: [{...grid, factors: ['grid']}]}, /has no key "factors"/],
		[{zone: 'UTC', sources: [{...grid, scope: 1, locationFactors: undefined}]}, /it has no factors/],
		[{zone: 'UTC', sources: [{...grid, channels: [{urn: 'urn:kedge:device:m1:active-power'}]}]}, /active-power is a gauge/],
		[{zone: 'UTC', sources: [{...grid, channels: [{urn: 'urn:kedge:site:x'}]}]}, /is no channel/],
		[{zone: 'UTC', sources: [{...grid, channels: [{urn: 'urn:kedge:device:g:gas-volume-interval'}]}]}, /spanMinutes is not a whole number/],
		[{zone: 'UTC', sources: [grid, {...grid, id: 'b', channels: [{urn: meter, rollsOverAt: '1000'}]}]}, /used in two ways/],
		[{zone: 'UTC', sources: [{...grid, fromMs: 1}]}, /not the start of a whole hour/],
		[{zone: 'UTC', sources: [{...grid, fromMs: 7_200_000, toMs: 3_600_000}]}, /ends before it begins/],
		[{zone: 'UTC', sources: [{...direct, substitution: 'fallback'}]}, /belongs to the substitution "fallback"/],
		[{zone: 'UTC', sources: [{...direct, flow: {urn: 'urn:kedge:device:s:gas-velocity'}}]}, /measured in mm\/s/],
		[{zone: 'UTC', sources: [{...direct, quadrantsMin: 5}]}, /quadrantsMin is not a whole number from 1 to 4/],
		[{zone: 'UTC', report: {scopes: []}, sources: []}, /it has no scope/],
		[{zone: 'UTC', sources: Array.from({length: 65}, (_, i) => ({...grid, id: `s${i}`}))}, /more than 64/],
	];
	for (const [body, sentence] of cases) t.regex(problemOf(readSite(body)) ?? 'it was taken', sentence);
});

test('a factor is exact or refused', t => {
	const printed = {source: 'a test', validFrom: '2026-01-01'};
	const of = (value: string, mass: string, per: string): unknown => {
		const made = factorBodyOf({...printed, value, mass, per});
		return 'problem' in made ? made.problem : [made.value.digits, made.value.exponent, made.value.unit];
	};
	t.deepEqual(of('0.5306', 'kg', 'kWh'), [5306, -1, 'Wh']);
	t.deepEqual(of('342.06', 'g', 'kWh'), [34_206, -2, 'Wh']);
	t.deepEqual(of('56.1', 'g', 'MJ'), [561, -4, 'J']);
	t.deepEqual(of('2.02', 'kg', 'm3'), [202, 1, 'l']);
	t.deepEqual(of('1530', 'kg', 'kg'), [153, 1, 'mg']);
	t.deepEqual(of('0', 'kg', 'kWh'), [0, 0, 'Wh']);
	t.regex(String(of('-1', 'kg', 'kWh')), /not negative/);
	t.regex(String(of('1', 'lb', 'kWh')), /lb is not mg, g, kg or t/);
	t.regex(String(of('1', 'kg', 'therm')), /therm is not one of/);
	t.regex(String(of('1.23456789012345678', 'kg', 'kWh')), /more digits than can be kept/);
	t.regex(problemOf(factorBodyOf({...printed, value: '1', mass: 'kg', per: 'kg', validFrom: '2026-02-30'}))!, /no day of the calendar/);
	t.regex(problemOf(factorBodyOf({...printed, value: '1', mass: 'kg', per: 'kg', validTo: '2025-12-31'}))!, /ends before it begins/);
	t.regex(problemOf(readFactor({digits: 1, exponent: 0, unit: 'kWh', source: 'x', validFrom: '2026-01-01'}))!, /unit is none of/);
	t.regex(
		problemOf(readFactor({digits: 0.5, exponent: 0, unit: 'Wh', source: 'x', validFrom: '2026-01-01'}))!,
		/digits is not a whole number/,
	);
});

test('of the versions of a factor the one stated last holds, unless it was superseded', t => {
	const version = (number: number, validFrom: string, validTo?: string, supersedes?: number) =>
		({
			digits: number,
			exponent: 0,
			unit: 'Wh',
			name: undefined,
			source: 'x',
			region: undefined,
			gases: undefined,
			gwp: undefined,
			validFrom,
			validTo,
			supersedes,
			number,
		}) as const;
	const versions = [version(2, '2024-01-01', '2024-12-31'), version(3, '2025-01-01'), version(4, '2025-06-01', '2025-06-30')];
	t.is(factorOn([], '2025-01-01'), 'missing');
	t.is(factorOn(versions, '2023-12-31'), 'not-valid-yet');
	t.is((factorOn(versions, '2024-05-01') as {number: number}).number, 2);
	t.is((factorOn(versions, '2025-06-15') as {number: number}).number, 4);
	t.is((factorOn(versions, '2025-07-01') as {number: number}).number, 3);
	t.is(factorOn([...versions, version(5, '2026-01-01', undefined, 3)], '2025-07-01'), 'expired');
});

test('every factor of the table can be stated, and says who published it', t => {
	const ids = new Set<string>();
	for (const {id, source} of factorTable) {
		t.false(ids.has(id), id);
		ids.add(id);
		t.true(source.length > 10);
		const made = tableFactorBody(id, {validFrom: '2026-01-01'});
		t.is(problemOf(made), undefined);
		if ('value' in made) t.is(problemOf(readFactor(made.value)), undefined);
	}
	const china = tableFactorBody('grid-chn-national-2023');
	t.like('value' in china ? china.value : {}, {digits: 5306, exponent: -1, unit: 'Wh', validFrom: '2023-01-01', validTo: '2023-12-31'});
	// 771 and 3740, half each.
	t.like((tableFactorBody('ar6-r410a', {validFrom: '2026-01-01'}) as {value: StatementBody}).value, {
		digits: 22_555,
		exponent: -1,
		unit: 'mg',
	});
	t.regex(problemOf(tableFactorBody('grid-deu'))!, /say from which day/);
	t.regex(problemOf(tableFactorBody('grid-atlantis'))!, /has no factor/);
});

test('an activity is an amount that somebody answers for', t => {
	const body = {source: 'chiller', amount: '2.5', unit: 'kg', atMs: 1_767_225_600_000};
	t.is(problemOf(readActivity(body)), undefined);
	t.regex(problemOf(readActivity({...body, amount: '-2'}))!, /not negative/);
	t.regex(problemOf(readActivity({...body, amount: '2e3'}))!, /written plainly/);
	t.regex(problemOf(readActivity({...body, unit: 'bottle'}))!, /unit is not one of/);
	t.regex(problemOf(readActivity({...body, untilMs: 1}))!, /ends before it begins/);
	t.regex(problemOf(readActivity({...body, price: 1}))!, /has no key "price"/);
});

test('a report is what its answer says, bound to ranges and a root', t => {
	const answer = {
		fromMs: 0,
		toMs: 3_600_000,
		complete: true,
		siteNumber: 2,
		reported: {mg: '1234', scopes: [1], scope2: 'location'},
	} as unknown as EmissionsAnswer;
	const made = reportBody(answer, {size: 100, ranges: [{urn: meter, first: 1, last: 60}], entriesRoot: new Uint8Array(32).fill(7)});
	if ('problem' in made) return t.fail(made.problem);
	t.is(made.value.value, 1234n);
	t.deepEqual(decodeStatement(encodeStatement(made.value.body)), made.value.body);
	t.is(problemOf(readReport(made.value.body)), undefined);
	t.regex(problemOf(readReport({...made.value.body, totalMg: '01'}))!, /totalMg/);
	t.regex(problemOf(readReport({...made.value.body, totalMg: '9223372036854775808'}))!, /more than an entry holds/);
	t.regex(problemOf(readReport({...made.value.body, ranges: [{urn: meter, first: 2, last: 0}]}))!, /ends before it begins/);
});

test('nothing that JSON can say makes a reader throw', t => {
	fc.assert(
		fc.property(
			fc.dictionary(fc.constantFrom('zone', 'sources', 'report', 'digits', 'unit', 'source', 'amount', 'ranges', 'fromMs'), fc.jsonValue()),
			body => {
				for (const read of [readSite, readFactor, readActivity, readReport]) read(body as StatementBody);
			},
		),
		{numRuns: 500},
	);
	t.pass();
});

test('nothing that a config can say makes its reader throw', t => {
	fc.assert(
		fc.property(fc.jsonValue(), fc.jsonValue(), (sources, channels) => {
			for (const value of [
				{...section, sources},
				{...section, sources: [{...section.sources[0], channels}]},
			])
				siteBodyOf(value as unknown as SiteSection);
		}),
		{numRuns: 300},
	);
	t.pass();
});
