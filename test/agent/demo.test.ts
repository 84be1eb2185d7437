// Runs the demo as `npm start -- --for TIME --json` does, three times in one directory, the last time with its agent killed and its chain forgotten.
import {readdirSync, readFileSync} from 'node:fs';
import {rm} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'ava';
import {systemClock} from '../../agent/base/clock.ts';
import {until} from '../../agent/base/retry.ts';
import {auditSite} from '../../agent/reading.ts';
import {openSite} from '../../agent/site.ts';
import {readStatus} from '../../agent/state.ts';
import {kedge, type Ran, testFolder} from '../helpers/site.ts';

type Result = {
	readonly sent: number;
	readonly acknowledged: number;
	readonly entries: number;
	readonly refused: Readonly<Record<string, number>>;
	readonly anchorsFinal: number;
	readonly receiptsVerified: number;
	readonly judge: Readonly<Record<string, number>>;
};

function resultOf(ran: Ran): Result {
	return JSON.parse(ran.out.trim().split('\n').at(-1) ?? '') as Result;
}

/** Process ids of programs whose command line has all of these words. */
function processesWith(...words: readonly string[]): number[] {
	return readdirSync('/proc')
		.filter(name => /^\d+$/.test(name))
		.filter(name => {
			try {
				const line = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
				return words.every(word => line.includes(word));
			} catch {
				return false;
			}
		})
		.map(Number);
}

const isNothing = {missing: 0, twice: 0, unanchored: 0, unexpected: 0, unnoted: 0, badReceipts: 0, badHistories: 0};

test.serial('the demo ends by itself, goes on with the same log, and survives a killed agent and a lost chain', async t => {
	t.timeout(240_000);
	const directory = join(testFolder(t), 'demo');
	const demo = (): Promise<Ran> => kedge(t, ['demo', '--for', '8s', '--json', '--directory', directory]);

	const first = await demo();
	t.is(first.code, 0, first.err);
	const result = resultOf(first);
	t.deepEqual(result.judge, isNothing);
	for (const key of ['sent', 'acknowledged', 'entries', 'anchorsFinal', 'receiptsVerified'] as const) t.true(result[key] > 0, key);
	t.is(typeof result.refused, 'object');
	t.true(result.sent >= result.acknowledged);
	t.is(first.out.trim().split('\n').length, 1, 'nothing else is on standard output');

	const second = await demo();
	t.is(second.code, 0, second.err);
	const next = resultOf(second);
	t.deepEqual(next.judge, isNothing);
	t.true(next.entries > result.entries);
	t.true(next.anchorsFinal > result.anchorsFinal);

	const site = await openSite(join(directory, 'kedge.yaml'));
	t.is(site.config.anchor?.chains[0].chainId, 31_337);
	for (const name of readdirSync(directory)) if (/^chain-\d+\.json/.test(name)) await rm(join(directory, name), {recursive: true});
	const running = demo();
	const killing = (async () => {
		if (process.platform !== 'linux') return;
		const isUp = await until(async () => ((await readStatus(site.paths).catch(() => undefined))?.connections ?? 0) > 5 || undefined, {
			clock: systemClock,
			everyMs: 50,
			timeoutMs: 60_000,
		});
		t.true(isUp);
		const [agent, ...others] = processesWith('run', join(directory, 'kedge.yaml'));
		t.true(agent !== undefined && others.length === 0);
		process.kill(agent!, 'SIGKILL');
	})();
	const third = await running;
	await killing;
	t.is(third.code, 0, third.err);
	const last = resultOf(third);
	t.deepEqual(last.judge, isNothing);
	t.true(last.entries > next.entries);
	t.true(last.anchorsFinal > 0);
	t.regex(third.err, /the local chain lost its state; anchoring begins again on chain 31338/);
	if (process.platform === 'linux') t.regex(third.err, /the agent ended with code .*; starting it again/);
	const after = await openSite(site.configPath);
	t.is(after.config.anchor?.chains[0].chainId, 31_338);
	t.deepEqual((await auditSite(site.paths)).problems, []);
	if (process.platform === 'linux') t.deepEqual(processesWith('run', site.configPath), [], 'nothing is left running');
	t.log(`${last.entries} entries, ${last.anchorsFinal} anchors on the second chain`);
});
