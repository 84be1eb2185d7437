// Kills the agent's process under load at moments that a seed chose, and lets it run into a full disk; then the judge compares the log with what the devices saw.
import {existsSync} from 'node:fs';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {toHex} from '../../agent/base/bytes.ts';
import {systemClock} from '../../agent/base/clock.ts';
import {createSystemRandom} from '../../agent/base/random.ts';
import {auditSite} from '../../agent/reading.ts';
import {demoFaults, judge, runSim, type SimStats} from '../../agent/simulation.ts';
import {readStatus} from '../../agent/state.ts';
import {createChance} from '../../sim/seed.ts';
import {createTestSite, startAgent, type TestSite, untilStatus} from '../helpers/site.ts';

const homes = 12;

type Load = {
	/** Resolves when the log has `count` more entries; fails the test if that takes too long. */
	readonly more: (count: number) => Promise<void>;
	/** No new messages; waits for what is open. */
	readonly end: () => Promise<SimStats>;
};

/** A street that sends what the agent takes, with everything that goes wrong in the demo. Each agent that is started finds it waiting. */
function startLoad(t: ExecutionContext, {site, url, passwords, folder}: TestSite, seed: string): Load {
	const ending = new AbortController();
	const ran = runSim({
		url,
		seed,
		size: {homes},
		passwords,
		rate: 150,
		faults: demoFaults,
		// However slow the machine is: what waits is little, and there is time for it.
		queueMax: 200,
		drainMs: 60_000,
		accountPath: join(folder, 'account.jsonl'),
		clock: systemClock,
		signal: ending.signal,
	});
	t.teardown(async () => {
		ending.abort();
		await ran;
	});
	return {
		more: async count => {
			const {size} = await readStatus(site.paths);
			await untilStatus(t, site, status => status.size >= size + count, {everyMs: 5});
		},
		end: () => {
			ending.abort();
			return ran;
		},
	};
}

async function judgeAll(t: ExecutionContext, {site, folder}: TestSite): Promise<void> {
	const {examples, ...verdict} = await judge({logPath: site.paths.log, accountPath: join(folder, 'account.jsonl')});
	t.like(verdict, {missing: 0, twice: 0, unexpected: 0, unnoted: 0}, examples.join('\n'));
	t.true(verdict.acknowledged > 0);
	const report = await auditSite(site.paths);
	t.deepEqual(report.problems, []);
	t.log(`${verdict.acknowledged} readings acknowledged, ${report.size} entries in ${report.batches} batches`);
}

test.serial('ten kills under load lose nothing acknowledged and double nothing', async t => {
	t.timeout(240_000);
	const seed = process.env.KEDGE_TEST_SEED ?? toHex(createSystemRandom().bytes(4));
	t.log(`seed ${seed}; set KEDGE_TEST_SEED to it to choose the same moments`);
	const chance = createChance(seed, 'kills');
	const made = await createTestSite(t, {homes});
	const load = startLoad(t, made, seed);
	for (let life = 1; life <= 10; life += 1) {
		// Every third dies while it opens its log, before anybody knows whether it is up.
		if (life % 3 === 0) {
			const agent = await startAgent(t, made.site, {wait: false});
			await systemClock.sleep(chance.between(1, 700));
			t.is(await agent.end('SIGKILL'), 'SIGKILL', agent.said());
			continue;
		}
		const agent = await startAgent(t, made.site);
		await load.more(chance.between(1, 6000));
		await systemClock.sleep(chance.between(0, 60));
		t.is(await agent.end('SIGKILL'), 'SIGKILL', agent.said());
	}
	const agent = await startAgent(t, made.site);
	await load.more(500);
	const stats = await load.end();
	t.is(stats.pending, 0);
	const {counters} = await readStatus(made.site.paths);
	t.true((counters.repeats ?? 0) > 0, 'what was committed and not acknowledged came again');
	t.is(await agent.end('SIGTERM'), 0, agent.said());
	await judgeAll(t, made);
});

test.serial('SIGTERM under load ends the agent cleanly', async t => {
	const made = await createTestSite(t, {homes});
	const agent = await startAgent(t, made.site);
	const load = startLoad(t, made, 'sigterm');
	await load.more(300);
	t.is(await agent.end('SIGTERM'), 0, agent.said());
	t.regex(agent.said(), /agent stopped/);
	t.notRegex(agent.said(), /error/i);
	t.false(existsSync(`${made.site.paths.log}-wal`), 'the WAL went into the database');
	t.false(existsSync(made.site.paths.socket));
	const again = await startAgent(t, made.site);
	await load.more(100);
	t.is((await load.end()).pending, 0);
	t.is(await again.end('SIGINT'), 0);
	await judgeAll(t, made);
});

test.serial('a disk that takes no more ends the agent with code 4, and nothing acknowledged is lost', async t => {
	const made = await createTestSite(t, {homes});
	const load = startLoad(t, made, 'full disk');
	// No file may grow beyond this: the write behind some commit fails, honestly, in the kernel.
	const full = await startAgent(t, made.site, {behind: 'ulimit -f 2000'});
	t.is(await full.ended, 4, full.said());
	t.regex(full.said(), /commit to the log failed/);
	t.regex(full.said(), /Devices send again what was not acknowledged/);

	// With still no room it says so at once, before any device is let in.
	const stillFull = await startAgent(t, made.site, {behind: 'ulimit -f 100', wait: false});
	t.is(await stillFull.ended, 4, stillFull.said());

	const agent = await startAgent(t, made.site);
	await load.more(300);
	t.is((await load.end()).pending, 0);
	await untilStatus(t, made.site, status => status.pendingBytes === 0);
	t.is(await agent.end('SIGTERM'), 0);
	await judgeAll(t, made);
});
