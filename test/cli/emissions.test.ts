// A site owner's way to emissions: sections of the config, meters over MQTT, what was emitted, and what is said of it in the log.
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {connectAsync, type MqttClient} from 'mqtt';
import {systemClock} from '../../agent/base/clock.ts';
import {until} from '../../agent/base/retry.ts';
import {changeConfig, createTestSite, kedge, startAgent, type TestSite} from '../helpers/site.ts';

const hourMs = 3_600_000;
const startMs = Math.floor(systemClock.nowMs() / hourMs) * hourMs - 4 * hourMs;
const iso = (atMs: number): string => new Date(atMs).toISOString();
const day = iso(startMs - 24 * hourMs).slice(0, 10);

const sections = `
sites:
  - id: plant
    name: The plant
    sources:
      - {id: grid, scope: 2, method: factor, channels: [{device: home-01, quantity: energy-import}], locationFactors: [mine], marketFactors: [grid-fra]}
      - {id: cooling, scope: 1, method: factor, factors: [ar6-r410a]}
factors:
  - {id: mine, value: 0.5, per: kWh, source: "the test", validFrom: "${day}"}
  - {id: grid-fra, validFrom: "${day}"}
  - {id: ar6-r410a, validFrom: "${day}"}
`;

async function start(t: ExecutionContext): Promise<{readonly made: TestSite; readonly config: string; readonly home: MqttClient}> {
	const made = await createTestSite(t, {homes: 1});
	const site = await changeConfig(made.site, text => `${text}${sections}`);
	await startAgent(t, site);
	const home = await connectAsync(made.url, {clientId: 'home-01', username: 'home-01', password: made.password, reconnectPeriod: 0});
	t.teardown(() => home.endAsync(true).catch(() => {}));
	return {made, config: site.configPath, home};
}

const say = (home: MqttClient, sequence: number, atMs: number, kwh: string): Promise<unknown> =>
	home.publishAsync('homes/home-01/meter', `{"boot":"b7","seq":${sequence},"at":"${iso(atMs)}","import_kwh":${kwh}}`, {qos: 1});

test('what a site emitted follows from its meters, and its report stands in the log', async t => {
	const {made, config, home} = await start(t);
	for (const [sequence, kwh] of ['1000.0', '1001.5', '1003.5', '1003.5', '1010.0'].entries())
		await say(home, sequence + 1, startMs + sequence * hourMs, kwh);
	const period = ['--from', iso(startMs), '--to', iso(startMs + 4 * hourMs)];
	const shown = await until(
		async () => {
			const ran = await kedge(t, ['emissions', 'plant', '--config', config, ...period]);
			return ran.code === 3 || ran.out.includes('no entries') || ran.code === 2 ? undefined : ran;
		},
		{clock: systemClock, everyMs: 500, timeoutMs: 60_000},
	);
	// 10 kWh at 0.5 kg, and at 44.18 g.
	t.regex(shown?.out ?? '', /scope 2, by location +0\.005 t CO2e/, shown?.err);
	t.regex(shown!.out, /scope 2, by market +0\.0004418 t CO2e/);
	t.regex(shown!.out, /COMPLETE: every hour of every source is known/);
	t.is(shown!.code, 0, shown!.out);

	// A refrigerant that was filled in: 50 g of HFC32 and 50 g of HFC125, as half and half of 100 g.
	const words = [
		'activity',
		'add',
		'plant',
		'--config',
		config,
		'--source',
		'cooling',
		'--amount',
		'0.1',
		'--unit',
		'kg',
		'--at',
		iso(startMs + hourMs),
	];
	const added = await kedge(t, words);
	t.is(added.code, 0, added.err);
	const wrong = await kedge(
		t,
		words.map(word => (word === '0.1' ? 'a little' : word)),
	);
	t.is(wrong.code, 2);
	t.regex(wrong.err, /amount is no decimal number that is not negative/);
	const json = await kedge(t, ['emissions', 'plant', '--config', config, ...period, '--json']);
	const {totals, reported, complete} = JSON.parse(json.out) as {totals: Record<string, string>; reported: {mg: string}; complete: boolean};
	t.deepEqual(totals, {scope1: '225550000', scope2Location: '5000000', scope2Market: '441800'}, json.out);
	t.is(reported.mg, '230550000');
	t.true(complete);

	const dry = await kedge(t, ['report', 'plant', '--config', config, ...period, '--dry-run']);
	t.is(dry.code, 0, dry.err);
	t.regex(dry.out, /plant from .* to .*: 0\.23055 t CO2e\ncomplete\nrests on \d+ entries of 2 subjects/);
	t.regex(dry.out, /nothing was stated/);
	const report = await kedge(t, ['report', 'plant', '--config', config, ...period, '--json']);
	t.is(report.code, 0, report.err);
	const said = JSON.parse(report.out) as {
		stated: {index: number};
		entriesRoot: string;
		ranges: readonly {urn: string; first: number; last: number}[];
	};
	t.regex(said.entriesRoot, /^[0-9a-f]{64}$/);
	// From the first reading to the one at the end of the period; notes of silence may stand between them.
	const range = said.ranges.find(({urn}) => urn.endsWith('energy-import'))!;
	t.is(range.first, 1);
	t.true(range.last >= 5);
	const proven = await kedge(t, ['prove', String(said.stated.index), '--config', config, '--out', join(made.folder, 'report.json')]);
	t.is(proven.code, 0, proven.err);
	const verified = await kedge(t, ['verify', '--trust', join(made.folder, 'trust.json'), join(made.folder, 'report.json')]);
	t.regex(verified.out, /report/);

	// What is said of a period is said once, unless it takes the place of what was said.
	const twice = await kedge(t, ['report', 'plant', '--config', config, ...period]);
	t.is(twice.code, 2);
	t.regex(twice.err, /report \d+ covers a part of the period already\n.*--replaces \d+/);
	const number = /--replaces (\d+)/.exec(twice.err)![1]!;
	t.is((await kedge(t, ['report', 'plant', '--config', config, ...period, '--replaces', number])).code, 0);
	const half = await kedge(t, [
		'emissions',
		'plant',
		'--config',
		config,
		'--from',
		iso(startMs + 1_800_000),
		'--to',
		iso(startMs + hourMs),
	]);
	t.regex(half.err, /whole hours of UTC/);
	const thin = ['report', 'plant', '--config', config, '--from', iso(startMs - hourMs), '--to', iso(startMs), '--dry-run'];
	t.is((await kedge(t, thin)).code, 1);
	t.regex((await kedge(t, thin.slice(0, -1))).err, /the total is not complete: .*\n.*--incomplete/);

	const checked = await kedge(t, ['ledgers', '--check', '--config', config]);
	t.is(checked.code, 0, checked.out + checked.err);
	t.regex(checked.out, /the same\.$/m);
});

test('a site that cannot be understood does not start, with the line that is wrong', async t => {
	const made = await createTestSite(t, {homes: 1});
	const text = `log: {name: a}\nsites:\n  - id: plant\n    sources:\n      - {id: grid, scope: 2, method: factor, channels: [{device: d, quantity: energy-import}]}\n`;
	await writeFile(made.site.configPath, text);
	const ran = await kedge(t, ['run', '--config', made.site.configPath]);
	t.is(ran.code, 2);
	t.regex(ran.err, /kedge\.yaml:3: sites\[0\]: .*neither locationFactors nor marketFactors/);
});

test('the factors that are built in are listed, and say who published them', async t => {
	const listed = await kedge(t, ['factor', 'list']);
	t.is(listed.code, 0, listed.err);
	t.regex(listed.out, /^grid-fra +44\.18 g\/kWh/m);
	const factors = JSON.parse((await kedge(t, ['factor', 'list', '--json'])).out) as readonly {source: string}[];
	t.true(factors.every(({source}) => source.length > 10));
});
