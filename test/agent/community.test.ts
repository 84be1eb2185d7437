// A community of simulated homes on a real chain node, MQTT and HTTP, for one day in seconds: every bill must be the judge's, and no nano unexplained.
import {spawn} from 'node:child_process';
import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {createServer} from 'node:net';
import {join} from 'node:path';
import test from 'ava';
import {systemClock} from '../../agent/base/clock.ts';
import {createLineLogger} from '../../agent/base/logger.ts';
import {createSystemRandom} from '../../agent/base/random.ts';
import {until} from '../../agent/base/retry.ts';
import {recordedPrices} from '../../agent/community.ts';
import {type CommunityProgress, runCommunity, savedNano} from '../../agent/community-run.ts';
import {checkEvidenceFile} from '../../agent/evidence.ts';
import {endWithTest} from '../helpers/children.ts';
import {kedgePath, testFolder} from '../helpers/site.ts';

test('homes that live through a day trade what their meters show, and a judge finds every row, price, bill and payout as it must be', async t => {
	t.timeout(240_000);
	const progress: CommunityProgress[] = [];
	const directory = testFolder(t);
	const report = await runCommunity({
		directory,
		isKept: true,
		homes: 10,
		days: 1,
		speed: 3600,
		seed: 'street',
		startMs: Date.UTC(2026, 5, 20),
		withMoney: true,
		prices: recordedPrices,
		random: createSystemRandom(),
		logger: createLineLogger(line => t.log(line), 'error'),
		onStep: () => {},
		onProgress: one => progress.push(one),
		signal: new AbortController().signal,
	});
	t.true(report.good, report.examples.join('\n'));
	t.deepEqual(report.examples, []);
	const {verdict, bills, evidence, orders, money} = report;
	t.is(verdict.rows, 10 * 96);
	t.is(verdict.unexplainedNano, 0n);
	t.is(bills.compared, 10);
	t.is(evidence.checked, 96);
	// Everybody whom the day owes something was paid by a claim on the chain, to the unit.
	t.true(money!.claims > 3);
	t.is(money!.different, 0);
	t.is(money!.gas.postSlot.transactions, 96);
	t.is(money!.gas.postDay.transactions, 1);
	t.is(money!.gas.claim.transactions, money!.claims);
	// The tenth home sends its orders where it sends its registers; one home changed its mind.
	t.true(orders.mqtt > 0 && orders.http > 10);
	t.is(orders.cancelled, 1);
	t.true(report.slotsTraded > 20);
	t.is(report.messages, progress.at(-1)!.sent);
	// What was made can be opened: a bill of every home, all rows, and the evidence of every slot with trade.
	t.is(readdirSync(join(directory, 'bills')).length, 2 * 10);
	t.is(readFileSync(join(directory, 'rows.csv'), 'utf8').trimEnd().split('\n').length, 1 + 10 * 96);
	const kept = readdirSync(join(directory, 'evidence'));
	t.is(kept.length, report.slotsTraded);
	t.true(kept.includes('2026-06-20T12.00Z.json'));
	const noon = {name: 'noon', bytes: readFileSync(join(directory, 'evidence', '2026-06-20T12.00Z.json'))};
	t.true((await checkEvidenceFile(noon, [], undefined)).good);
	t.true(savedNano(verdict) > 0n, 'trading is better than the grid');
	const {own, withMarket} = verdict.shares.selfSufficiencyPpm;
	t.true(withMarket! > own!);
	const {sellerMicroPerKwh, buyerMicroPerKwh} = verdict.averages;
	t.true(sellerMicroPerKwh! > recordedPrices.feedInMicroPerKwh && buyerMicroPerKwh! < recordedPrices.retailMicroPerKwh);
});

test('a community whose terminal is closed ends its chain and deletes its folder', async t => {
	t.timeout(90_000);
	const child = spawn(process.execPath, [kedgePath, 'sim', 'community', '--homes', '1', '--days', '1', '--speed', '1', '--json'], {
		stdio: ['ignore', 'pipe', 'pipe'],
	});
	endWithTest(t, child, 'SIGTERM');
	const ended = new Promise<number | null>(resolve => child.once('close', resolve));
	let said = '';
	child.stderr.setEncoding('utf8').on('data', (text: string) => {
		said += text;
	});
	t.true(
		await until(async () => (said.includes('orders stand') ? true : undefined), {clock: systemClock, everyMs: 100, timeoutMs: 60_000}),
		said,
	);
	const directory = /its trust file is (\S+)\/trust\.json/.exec(said)?.[1] ?? '';
	t.true(existsSync(directory), said);
	const {anchor} = JSON.parse(readFileSync(join(directory, 'kedge.yaml'), 'utf8')) as {readonly anchor: {readonly rpcUrl: string}};
	t.true((await fetch(anchor.rpcUrl, {method: 'POST'})).status > 0);
	child.kill('SIGHUP');
	t.is(await ended, 3);
	t.false(existsSync(directory));
	await t.throwsAsync(fetch(anchor.rpcUrl, {method: 'POST'}));
});

test('a port that is taken is noticed before anything is made', async t => {
	const server = createServer();
	await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
	t.teardown(() => server.close());
	const {port} = server.address() as {readonly port: number};
	const steps: string[] = [];
	const error = await t.throwsAsync(
		runCommunity({
			directory: testFolder(t),
			homes: 2,
			days: 1,
			speed: 3600,
			seed: 'street',
			startMs: Date.UTC(2026, 5, 20),
			withMoney: true,
			mine: {key: createSystemRandom().bytes(32), port},
			prices: recordedPrices,
			random: createSystemRandom(),
			logger: createLineLogger(line => t.log(line), 'error'),
			onStep: step => steps.push(step),
			onProgress: () => {},
			signal: new AbortController().signal,
		}),
	);
	t.is(error?.message, `cannot listen on 127.0.0.1:${port}`);
	t.deepEqual(steps, []);
});
