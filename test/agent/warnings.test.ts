// What is wrong is a warning for the owner and a reason for Home Assistant; what every healthy home has is neither.
import test from 'ava';
import {connectAsync} from 'mqtt';
import {createScaledClock, systemClock} from '../../agent/base/clock.ts';
import {silentLogger} from '../../agent/base/logger.ts';
import {until} from '../../agent/base/retry.ts';
import {agentState} from '../../agent/home-assistant.ts';
import {openAgent} from '../../agent/main.ts';
import {deviceWarnings, reasonsOf, refusalWarnings, warningOf} from '../../agent/warnings.ts';
import {changeConfig, createTestSite, kedge} from '../helpers/site.ts';

const nobody = {count: 0, devices: []};
const deviceId = (i: number): string => `m-${i}`;

test('a silent device, registers that fit nothing and a calibration that ran out are warnings that name the devices', t => {
	const well = {id: 'm-0', exceptions: 0, isCalibrationOver: false};
	t.deepEqual(deviceWarnings(nobody, [well]), []);
	const warnings = deviceWarnings({count: 1, devices: [{deviceId: 'm-1'}]}, [
		well,
		{...well, id: 'm-2', exceptions: 2},
		{...well, id: 'm-3', isCalibrationOver: true},
	]);
	t.deepEqual(
		warnings.map(({sentence}) => sentence),
		[
			'Silent, not heard for more than twice the cadence: m-1.',
			'2 readings of registers since the start fit nothing before (exceptions): m-2. See: kedge correct --help.',
			'The calibration has run out: m-3. See: kedge device list.',
		],
	);
	t.deepEqual(reasonsOf(warnings), ['silent: m-1', 'register exceptions: m-2', 'calibration expired: m-3']);
});

test('however many devices are not well, a bounded number is named and all are counted', t => {
	const devices = Array.from({length: 10_000}, (_, i) => ({id: deviceId(i), exceptions: i, isCalibrationOver: true}));
	const silent = {count: 10_000, devices: devices.slice(0, 20).map(({id}) => ({deviceId: id}))};
	for (const {sentence, reason} of deviceWarnings(silent, devices)) {
		t.regex(sentence, /^[^:]+: (?:m-\d+, ){19}m-\d+ and others, (?:10000|9999) in all\./);
		t.regex(reason, /^[^:]+: (?:m-\d+, ){4}m-\d+ and others, (?:10000|9999) in all$/);
	}
	const many = reasonsOf(Array.from({length: 40}, () => warningOf(`${'x'.repeat(1000)}: y`)));
	t.is(many.length, 13);
	t.true(many.every(reason => reason.length <= 200));
	t.is(many.at(-1), '28 more in kedge status');
});

test('a refusal is told to the owner with its topic, its device and what was wrong, and to others without what was sent', t => {
	const recent = {reason: 'unit-wrong', count: 2, detail: 'evil', topic: 'evil/topic', deviceId: 'm-1'};
	const [known, unknown] = refusalWarnings([recent, {...recent, count: 1, deviceId: undefined}]);
	t.is(known!.sentence, '2 messages were refused as unit-wrong lately; the newest, on evil/topic of m-1: evil. See: kedge quarantine.');
	t.is(unknown!.sentence, '1 message was refused as unit-wrong lately; the newest, on evil/topic: evil. See: kedge quarantine.');
	t.deepEqual(reasonsOf([known!, unknown!]), ['refused as unit-wrong, the newest of m-1', 'refused as unit-wrong']);
});

test('a sentence is told to others as far as its first colon', t => {
	t.is(warningOf('FROZEN, nothing is released: what a chain said.').reason, 'FROZEN, nothing is released');
	t.is(warningOf('A commit failed.').reason, 'A commit failed');
});

test('a plug that says that it is online is no warning, and a meter that falls back and falls silent is one', async t => {
	const made = await createTestSite(t, {homes: 1});
	const site = await changeConfig(made.site, text =>
		text
			.replace('"id":"home-01"', '"id":"home-01","cadenceSeconds":60')
			.replace(/^mappings:$/m, 'mappings:\n  plug: {topic: "tele/{device}/#", format: tasmota}')
			.replace(/^devices:$/m, `devices:\n  - {id: plug-1, mappings: [plug], passwordHash: "${made.site.config.devices[0]!.passwordHash}"}`),
	);
	// Two minutes of silence are over in a few seconds.
	const clock = createScaledClock({startMs: systemClock.nowMs(), speed: 40});
	const agent = await openAgent({site, logger: silentLogger, world: {clock}});
	t.teardown(() => agent[Symbol.asyncDispose]());
	const join = async (id: string) => {
		const client = await connectAsync(made.url, {clientId: id, username: id, password: made.password, reconnectPeriod: 0});
		t.teardown(() => client.endAsync(true).catch(() => {}));
		return client;
	};
	const plug = await join('plug-1');
	await plug.publishAsync('tele/plug-1/LWT', 'Online', {qos: 1});
	const home = await join('home-01');
	const say = (sequence: number, kwh: string) =>
		home.publishAsync(
			'homes/home-01/meter',
			`{"boot":"b7","seq":${sequence},"at":"${new Date(clock.nowMs()).toISOString()}","import_kwh":${kwh}}`,
			{qos: 1},
		);
	await say(1, '5000.125');
	const well = await agent.status();
	t.deepEqual(
		well.warnings.filter(warning => !warning.includes('clock')),
		[],
	);
	t.is(well.counters['refused:no-reading'], 1);
	const shown = await kedge(t, ['status', '--config', site.configPath]);
	t.regex(shown.out, /^set aside +1 no-reading$/m);
	t.regex(shown.out, /^refused +none$/m);

	await say(2, '1000.125');
	await say(3, '3000.125');
	const ill = await until(
		async () => {
			const status = await agent.status();
			return status.silent.count > 0 ? status : undefined;
		},
		{clock: systemClock, everyMs: 50, timeoutMs: 30_000},
	);
	t.regex(ill!.warnings.join('\n'), /^Silent, .*: home-01\.$/m);
	t.regex(ill!.warnings.join('\n'), /^\d readings? of registers since the start fits? nothing before \(exceptions\): home-01\./m);
	t.like(JSON.parse(agentState(ill!)), {problem: 'ON', silent: 1, refused: 0});
	t.true(ill!.reasons.includes('silent: home-01'));
	t.true(ill!.reasons.includes('register exceptions: home-01'));
	const told = await kedge(t, ['status', '--config', site.configPath]);
	t.is(told.code, 1);
	t.regex(told.out, /^! Silent, /m);
});
