// A site that is pruned while its agent runs: by hand, with what remains proven to a stranger, and old data sent again.
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {connectAsync} from 'mqtt';
import {systemClock} from '../../agent/base/clock.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {silentLogger} from '../../agent/base/logger.ts';
import {createSystemRandom} from '../../agent/base/random.ts';
import {openLog} from '../../agent/log/log.ts';
import {type Agent, openAgent} from '../../agent/main.ts';
import {auditSite} from '../../agent/reading.ts';
import {openLogKey} from '../../agent/site.ts';
import {createTestSite, kedge, type TestSite} from '../helpers/site.ts';

async function open(t: ExecutionContext, made: TestSite): Promise<Agent> {
	const agent = await openAgent({site: made.site, logger: silentLogger});
	t.teardown(() => agent[Symbol.asyncDispose]().catch(() => {}));
	return agent;
}

async function publish(made: TestSite, begin: number, end: number): Promise<void> {
	const id = Object.keys(made.passwords).find(name => name.startsWith('home'))!;
	const client = await connectAsync(made.url, {clientId: id, username: id, password: made.password, reconnectPeriod: 0});
	const sent: Promise<unknown>[] = [];
	for (let seq = begin; seq < end; seq += 1) {
		const body = {at: new Date(1_700_000_000_000 + seq * 1000).toISOString(), boot: 'b', seq, import_kwh: seq};
		sent.push(client.publishAsync(`homes/${id}/meter`, JSON.stringify(body), {qos: 1}));
		if (seq % 20 === 0) await Promise.all(sent);
	}
	await Promise.all(sent);
	await client.endAsync();
}

/** As if the whole log had been anchored for good. */
async function anchorAll(made: TestSite): Promise<number> {
	const log = await openLog({
		path: made.site.paths.log,
		hasher: nodeHasher,
		random: createSystemRandom(),
		clock: systemClock,
		logger: silentLogger,
		signer: await openLogKey(made.site.paths),
	});
	const {size, root} = log.checkpoint()!;
	const row = {state: 'final', origin: log.origin, size, root: `0x${Buffer.from(root).toString('hex')}`};
	await log.putDocument('anchor', `${String(size).padStart(15, '0')}/0x`, JSON.stringify(row));
	await log[Symbol.asyncDispose]();
	return size;
}

test('kedge prune drops what an anchor covers; the rest is proven as before, and old data sent again is refused', async t => {
	const made = await createTestSite(t, {homes: 1});
	const {paths, configPath} = made.site;
	const first = await open(t, made);
	await publish(made, 1, 700);
	await first[Symbol.asyncDispose]();
	const before = new Date(systemClock.nowMs() + 1000).toISOString();
	const words = ['prune', '--entries-before', before, '--arrivals-before', before, '--config', configPath];

	// Nothing is final yet.
	const refused = await kedge(t, [...words, '--dry-run']);
	t.is(refused.code, 2);
	t.regex(refused.err, /no anchor of this log is final/);
	const unanchored = await kedge(t, ['prune', '--arrivals-before', before, '--dry-run', '--config', configPath]);
	t.regex(unanchored.err, /say --unanchored/);
	t.is((await kedge(t, ['prune', '--arrivals-before', before, '--dry-run', '--unanchored', '--config', configPath])).code, 0);

	const size = await anchorAll(made);
	const receiptBefore = join(made.folder, 'before.json');
	t.is((await kedge(t, ['prove', '10', '--with-arrival', '--out', receiptBefore, '--config', configPath])).code, 0);
	const dry = await kedge(t, [...words, '--dry-run', '--json']);
	t.is(dry.code, 0, dry.err);
	const planned = JSON.parse(dry.out) as {firstAfter: number; entries: number; finalSize: number};
	t.is(planned.finalSize, size);
	t.is(planned.firstAfter, Math.floor(size / 256) * 256);
	t.is((await kedge(t, words)).code, 3, 'without an agent nobody prunes');

	const agent = await open(t, made);
	await publish(made, 700, 720);
	const done = await kedge(t, words);
	t.is(done.code, 0, done.err);
	t.regex(done.out, new RegExp(`what can be proven begins at ${planned.firstAfter}`));
	const audited = await auditSite(paths);
	t.deepEqual([audited.problems, audited.first], [[], planned.firstAfter]);
	t.true(audited.sourcesPruned > 0);

	// What is gone, and what is not.
	const gone = await kedge(t, ['prove', '10', '--config', configPath]);
	t.is(gone.code, 2);
	t.regex(gone.err, /entry 10 was pruned\n {2}Receipts and histories that were made before still verify/);
	const index = String(planned.firstAfter + 1);
	const withArrival = await kedge(t, ['prove', index, '--with-arrival', '--config', configPath]);
	t.regex(withArrival.err, /the message that entry \d+ came from was pruned/);
	const receipt = join(made.folder, 'after.json');
	t.is((await kedge(t, ['prove', index, '--out', receipt, '--config', configPath])).code, 0);
	const history = join(made.folder, 'history.json');
	const id = Object.keys(made.passwords).find(name => name.startsWith('home'))!;
	const issued = await kedge(t, [
		'history',
		id,
		'--quantity',
		'energy-import',
		'--from',
		'2020-01-01',
		'--out',
		history,
		'--config',
		configPath,
	]);
	t.is(issued.code, 0, issued.err);
	for (const file of [receiptBefore, receipt, history]) {
		const verified = await kedge(t, ['verify', '--trust', paths.trust, file]);
		t.is(verified.code, 0, verified.out + verified.err);
	}
	t.true((await readFile(receipt, 'utf8')).length > 100);

	// Old data again: what is still there is a repeat, what is gone is refused; nothing is admitted twice.
	const entries = (await agent.status()).size;
	await publish(made, 715, 720);
	t.is((await agent.status()).counters['refused:older-than-log'], undefined);
	await publish(made, 100, 110);
	const {counters, size: sizeAfter} = await agent.status();
	t.is(counters['refused:older-than-log'], 10);
	t.is(counters.repeats, 5);
	t.is(sizeAfter, entries);
	await agent[Symbol.asyncDispose]();

	// And it opens again, and a backup of it is whole.
	const again = await open(t, made);
	t.false(again.frozen.aborted);
	await publish(made, 720, 725);
	t.is((await kedge(t, ['backup', join(made.folder, 'backup'), '--config', configPath])).code, 0);
	t.deepEqual((await auditSite(paths)).problems, []);
	await again[Symbol.asyncDispose]();

	// The next epoch opens from it: what was pruned is known by its hashes.
	const epoch = await kedge(t, ['epoch', '--anyway', '--reason', 'a drill', '--config', configPath]);
	t.is(epoch.code, 0, epoch.out + epoch.err);
	t.is((await (await open(t, made)).status()).origin, 'harbour/2');
});
