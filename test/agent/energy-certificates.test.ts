// Energy certificates of a real agent: a meter over MQTT, hours that are certified, and `kedge certificates` that opens, moves and cancels them.
import {join} from 'node:path';
import test from 'ava';
import {connectAsync} from 'mqtt';
import {createScaledClock, systemClock} from '../../agent/base/clock.ts';
import {silentLogger} from '../../agent/base/logger.ts';
import {until} from '../../agent/base/retry.ts';
import {certificatesAt, type DeviceCertificates} from '../../agent/energy-certificates.ts';
import {openAgent} from '../../agent/main.ts';
import {changeConfig, createTestSite, kedge} from '../helpers/site.ts';

const startMs = Date.UTC(2026, 5, 1, 10);
const minuteMs = 60_000;
test('what a meter exports is certified, handed on, cancelled once, and shown with what a correction took away', async t => {
	const made = await createTestSite(t, {homes: 1});
	const site = await changeConfig(made.site, text => text.replaceAll('"simulated":true', '"simulated":false,"cadenceSeconds":300'));
	const home = Object.keys(made.passwords).find(name => name.startsWith('home'))!;
	const agent = await openAgent({
		site,
		logger: silentLogger,
		world: {clock: createScaledClock({startMs: startMs + 240 * minuteMs, speed: 1})},
	});
	t.teardown(() => agent[Symbol.asyncDispose]());
	const certificates = (verb: string, ...words: readonly string[]) =>
		kedge(t, ['certificates', verb, ...words, '--config', site.configPath]);
	const show = (): Promise<DeviceCertificates> => certificatesAt(site.paths, home, Date.UTC(2026, 5, 1), Date.UTC(2026, 5, 2));
	const opened = await certificates(
		...([
			'open',
			home,
			'--owner',
			'alice',
			'--issuer',
			'The issuing body',
			'--source',
			'solar',
			'--country',
			'DE',
			'--from',
			'2026-06-01',
		] as const),
	);
	t.is(opened.code, 0, opened.err);
	t.regex(opened.out, /^certificates of home-\d+ go to alice from here on: entry \d+, statement 2\n$/);

	const client = await connectAsync(made.url, {clientId: home, username: home, password: made.password, reconnectPeriod: 0});
	for (let step = 0; step <= 25; step += 1) {
		const body = {
			at: new Date(startMs + step * 5 * minuteMs).toISOString(),
			boot: 'b',
			seq: step + 1,
			import_kwh: 7,
			export_kwh: 100 + step / 10,
		};
		await client.publishAsync(`homes/${home}/meter`, JSON.stringify(body), {qos: 1});
	}
	await client.endAsync();
	const first = await until(
		async () => {
			const shown = await show();
			return shown.hours.length === 2 ? shown : undefined;
		},
		{clock: systemClock, everyMs: 100, timeoutMs: 20_000},
	);
	t.deepEqual(
		first?.hours.map(({issuedWh}) => issuedWh),
		[1200, 1200],
	);

	const hour = ['--hour', '2026-06-01T11:00Z'];
	const moved = await certificates('transfer', home, ...hour, '--holder', 'alice', '--to', 'bob', '--wh', '1000');
	t.regex(moved.out, /^1000 Wh go from alice to bob: entry \d+, statement 3\n$/);
	const cancelled = await certificates('cancel', home, ...hour, '--holder', 'alice', '--wh', '200', '--beneficiary', 'The bakery');
	t.is(cancelled.code, 0, cancelled.err);
	const twice = await certificates('cancel', home, ...hour, '--holder', 'alice', '--wh', '200', '--beneficiary', 'The bakery');
	t.is(twice.code, 2);
	t.regex(twice.err, /alice holds 0 Wh of the hour from 2026-06-01T11:00Z, not 200 Wh: 200 Wh are cancelled already/);

	// What the second hour ended with was 300 Wh less.
	const words = [
		'--device',
		home,
		'--quantity',
		'energy-export',
		'--number',
		'26',
		'--value',
		'102.1',
		'--unit',
		'kWh',
		'--reason',
		'read wrongly',
	];
	const corrected = await kedge(t, ['correct', ...words, '--config', site.configPath]);
	t.is(corrected.code, 0, corrected.err);
	const after = await show();
	t.deepEqual(
		after.hours.map(({issuedWh, shortfallWh}) => [issuedWh, shortfallWh]),
		[
			[1200, 0],
			[1200, 300],
		],
	);
	t.deepEqual(
		after.certificates.map(({account, energyWh, status, isInShortfall}) => [account, energyWh, status, isInShortfall]),
		[
			['alice', 1200, 'active', undefined],
			['bob', 1000, 'active', true],
			['alice', 200, 'cancelled', true],
		],
	);
	const asJson = await certificates('show', home, '--from', '2026-06-01', '--to', '2026-06-02', '--json');
	t.deepEqual(JSON.parse(asJson.out), after);
	const text = await certificates('show', home, '--from', '2026-06-01', '--to', '2026-06-02');
	t.regex(text.out, /^2026-06-01T11:00Z {2}1200 Wh, entries 14 to 26; 900 Wh after correction 28; SHORTFALL 300 Wh$/m);
	t.regex(text.out, /^ {4}1201 to 2200: 1000 Wh, active, bob$/m);
	const listed = await certificates('list');
	t.regex(listed.out, /: solar, DE, for alice; 2400 Wh certified, 2200 held, 200 cancelled, 0 retired; SHORTFALL 300 Wh\n$/);
	const retired = await certificates('retire', home, ...hour, '--holder', 'bob', '--wh', '300', '--reason', 'never produced');
	t.is(retired.code, 0, retired.err);
	t.is((await show()).totals.shortfallWh, 0);
	const split = await certificates('split', home, '--hour', '2026-06-01T10:00Z', '--holder', 'alice', '--first', '1', '--wh', '700');
	t.is(split.code, 0, split.err);

	const same = await kedge(t, ['ledgers', '--check', '--config', site.configPath]);
	t.is(same.code, 0, same.err + same.out);
	// From the first hour that is certified, where nobody says from when.
	const file = join(made.folder, 'certificates.kedge');
	const packed = await kedge(t, [
		'evidence',
		'--certificates',
		home,
		'--out',
		file,
		'--language',
		'en',
		'--json',
		'--config',
		site.configPath,
	]);
	t.is(packed.code, 0, packed.err);
	t.is(JSON.parse(packed.out).question.fromMs, Date.UTC(2026, 5, 1));
	const unknown = await certificates('show', 'nobody');
	t.is(unknown.code, 2);
	t.regex(unknown.err, /the log says nothing of certificates nobody/);
});
