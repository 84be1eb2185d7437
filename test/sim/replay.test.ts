import {existsSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import test, {type ExecutionContext} from 'ava';
import {systemClock} from '../../agent/base/clock.ts';
import {parseDecimal, scaleDecimal} from '../../agent/format/decimal.ts';
import {readAccount} from '../../sim/account.ts';
import {citylearnMonths} from '../../sim/citylearn-sums.ts';
import {type ReplayProgress, replay} from '../../sim/replay.ts';
import {startBroker} from './broker.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
const data = process.env.KEDGE_TEST_DATA ?? join(root, '..', 'shared', 'data');
const citylearn = join(data, 'load-pv', 'citylearn-2022');

function folderOf(t: ExecutionContext): string {
	const folder = mkdtempSync(join(tmpdir(), 'kedge-replay-'));
	t.teardown(() => rmSync(folder, {recursive: true, force: true}));
	return folder;
}

function citylearnIsThere(t: ExecutionContext): boolean {
	if (existsSync(citylearn)) return true;
	t.log(`skipped: there are no recordings at ${citylearn}`);
	t.pass();
	return false;
}

const login = (deviceId: string) => ({clientId: deviceId, username: deviceId, password: 'p'});

test('a month of eight homes, replayed, sums to what the CSV sums to', async t => {
	if (!citylearnIsThere(t)) return;
	const broker = await startBroker();
	t.teardown(broker.stop);
	const accountPath = join(folderOf(t), 'account.jsonl');
	const progress: ReplayProgress[] = [];
	const end = await replay({
		url: broker.url,
		source: {kind: 'citylearn', folder: citylearn},
		login,
		accountPath,
		clock: systemClock,
		onProgress: one => progress.push(one),
	});
	t.deepEqual(end, {sent: 8 * 746, acknowledged: 8 * 746, pending: 0, atMs: Date.UTC(2021, 8, 1)});
	t.deepEqual(progress.at(-1), end);

	// What arrived, read by digits: device → time → register.
	const registers = new Map<string, bigint>();
	for (const {clientId, topic, payload} of broker.received) {
		t.is(topic, `homes/${clientId}/meter`);
		const {at} = JSON.parse(payload) as {at: string};
		for (const field of ['import_kwh', 'pv_kwh']) {
			const text = new RegExp(`"${field}":([0-9.]+)`).exec(payload)![1]!;
			registers.set(`${clientId} ${field} ${Date.parse(at)}`, scaleDecimal(parseDecimal(text)!, -3)!);
		}
	}
	for (let home = 1; home <= 8; home += 1) {
		const [july, august] = citylearnMonths(citylearn, home);
		t.is(july!.month, '2021-07');
		t.is(july!.hours, 1);
		t.is(august!.month, '2021-08');
		t.is(august!.hours, 744);
		t.is(august!.endMs, Date.UTC(2021, 8, 1));
		const gained = (field: string, {beginMs, endMs}: {beginMs: number; endMs: number}): bigint =>
			registers.get(`home-0${home} ${field} ${endMs}`)! - registers.get(`home-0${home} ${field} ${beginMs}`)!;
		for (const month of [july!, august!]) {
			t.is(gained('import_kwh', month), month.loadWh);
			t.is(gained('pv_kwh', month), month.pvWh);
			// A register that rounds down is off by less than one Wh at either end.
			for (const [kwh, wattHours] of [
				[month.loadKwh, month.loadWh],
				[month.pvKwh, month.pvWh],
			] as const)
				t.true(Math.abs(Number(kwh) * 1000 - Number(wattHours)) < 1);
		}
		// From the very beginning the register is the exact sum, rounded down once.
		const whole = {beginMs: july!.beginMs, endMs: august!.endMs};
		const exact = (key: 'loadKwh' | 'pvKwh'): bigint => {
			const sum = scaleDecimal(parseDecimal(july![key])!, -40)! + scaleDecimal(parseDecimal(august![key])!, -40)!;
			return sum / 10n ** 37n;
		};
		t.is(gained('import_kwh', whole), exact('loadKwh'));
		t.is(gained('pv_kwh', whole), exact('pvKwh'));
	}

	let acknowledged = 0;
	for await (const line of readAccount(accountPath)) if (line.kind === 'acknowledged') acknowledged += line.readings.length;
	t.is(acknowledged, 8 * 746 * 2);
});

test('the months of a building cover its year', t => {
	if (!citylearnIsThere(t)) return;
	const months = citylearnMonths(citylearn, 1);
	t.is(months.length, 13);
	t.is(
		months.reduce((sum, {hours}) => sum + hours, 0),
		8760,
	);
	for (const month of months.slice(1, -1)) {
		const [year, number] = month.month.split('-').map(Number) as [number, number];
		t.is(month.beginMs, Date.UTC(year, number - 1, 1));
		t.is(month.endMs, Date.UTC(year, number, 1));
	}
	// SOURCE.md: 6,462 to 14,711 kWh a year over all homes.
	const yearWh = months.reduce((sum, {loadWh}) => sum + loadWh, 0n);
	t.true(yearWh > 6_000_000n && yearWh < 15_000_000n);
});

test('JSON lines are replayed as they are, at their speed', async t => {
	const broker = await startBroker();
	t.teardown(broker.stop);
	const path = join(folderOf(t), 'recording.jsonl');
	const lines = [
		{device: 'a', topic: 't/a', payload: '{"v":1.10}', atMs: 1_000_000},
		{topic: 't/b', payloadBase64: Buffer.from('raw').toString('base64'), atMs: 1_030_000},
		{device: 'a', topic: 't/a', payload: '', atMs: 1_060_000},
	];
	writeFileSync(path, `${lines.map(line => JSON.stringify(line)).join('\n')}\n\n`);
	const startedMs = systemClock.monotonicMs();
	const end = await replay({url: broker.url, source: {kind: 'jsonl', path, device: 'b'}, login, speed: 200, clock: systemClock});
	t.true(systemClock.monotonicMs() - startedMs >= 299);
	t.is(end.acknowledged, 3);
	t.deepEqual(
		broker.received.map(({clientId, topic, payload}) => [clientId, topic, payload]),
		[
			['a', 't/a', '{"v":1.10}'],
			['b', 't/b', 'raw'],
			['a', 't/a', ''],
		],
	);
});

test('rows of a CSV become messages by their description', async t => {
	const broker = await startBroker();
	t.teardown(broker.stop);
	const path = join(folderOf(t), 'recording.csv');
	writeFileSync(path, '\uFEFFid,when,Temp (C),note\r\nx1,1700000000.5,4.10,"a ""b"", c"\r\nx2,1700000001,-3.00,\r\n');
	await replay({
		url: broker.url,
		source: {
			kind: 'csv',
			path,
			description: {
				device: '{id}',
				topic: 'boxes/{id}',
				payload: '{"t":{Temp (C)},"note":{note:json}}',
				time: {column: 'when', format: 'unix-s'},
			},
		},
		login,
		clock: systemClock,
	});
	t.deepEqual(broker.received.map(({topic, payload}) => [topic, payload]).sort(), [
		['boxes/x1', '{"t":4.10,"note":"a \\"b\\", c"}'],
		['boxes/x2', '{"t":-3.00,"note":""}'],
	]);
});

test('an error in a recording names the file, the line and what is wrong', async t => {
	const broker = await startBroker();
	t.teardown(broker.stop);
	const folder = folderOf(t);
	const path = join(folder, 'recording');
	const common = {url: broker.url, login, clock: systemClock};
	const jsonl = async (text: string): Promise<void> => {
		writeFileSync(path, text);
		await replay({...common, source: {kind: 'jsonl', path}});
	};
	await t.throwsAsync(jsonl('{"topic":"t","payload":"x","atMs":1,"device":"a"}\nnot json\n'), {message: /line 2 is not JSON/});
	await t.throwsAsync(jsonl('{"payload":"x","atMs":1,"device":"a"}\n'), {message: /line 1 has no topic/});
	await t.throwsAsync(jsonl('{"topic":"t","payload":{"v":1.10},"atMs":1,"device":"a"}\n'), {message: /line 1 has no text payload/});
	await t.throwsAsync(jsonl('{"topic":"t","payload":"x","atMs":1}\n'), {message: /line 1 has no device/});
	writeFileSync(path, 'a,b\n1,2\n');
	const csv = (payload: string, column: string) =>
		replay({
			...common,
			source: {kind: 'csv', path, description: {device: 'd', topic: 't', payload, time: {column, format: 'unix-ms'}}},
		});
	await t.throwsAsync(csv('{c}', 'a'), {code: 'ARGUMENT_INVALID', message: /no column "c"/});
	await t.throwsAsync(csv('{a}', 'when'), {message: /no column "when"/});
	await t.throwsAsync(
		replay({
			...common,
			source: {
				kind: 'csv',
				path: join(folder, 'none'),
				description: {device: 'd', topic: 't', payload: 'p', time: {column: 'a', format: 'iso'}},
			},
		}),
		{code: 'DATA_MISSING'},
	);
	await t.throwsAsync(replay({...common, source: {kind: 'citylearn', folder}}), {code: 'DATA_MISSING'});
});

test('a replay that is aborted ends without waiting for what is missing', async t => {
	const broker = await startBroker(() => new Promise(() => {}));
	t.teardown(broker.stop);
	const path = join(folderOf(t), 'recording.jsonl');
	writeFileSync(path, Array.from({length: 1000}, (_, i) => `{"topic":"t","payload":"${i}","atMs":${i},"device":"a"}\n`).join(''));
	const end = await replay({
		url: broker.url,
		source: {kind: 'jsonl', path},
		login,
		clock: systemClock,
		signal: AbortSignal.timeout(300),
	});
	t.is(end.acknowledged, 0);
	t.true(end.pending > 0 && end.sent < 1000);
});
