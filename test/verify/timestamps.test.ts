import {execFile} from 'node:child_process';
import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {promisify} from 'node:util';
import test, {type ExecutionContext} from 'ava';
import {utf8} from '../../agent/base/bytes.ts';
import {verifyEd25519} from '../../agent/base/ed25519.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import type {TimestampRecord} from '../../agent/format/evidence.ts';
import {formatReceipt} from '../../agent/format/receipt.ts';
import {imprintOf, readTimestampReply, stampedText, timestampRequest} from '../../agent/format/timestamp-token.ts';
import {checkTimestamps, claimedTimestamps} from '../../agent/verify/timestamps.ts';
import {createVerifier} from '../../agent/verify/verifier.ts';
import {createSmallLog} from '../helpers/small-log.ts';
import {caExtensions, canStamp, forgeToken, type Issued, openTimeWorld, type TimeWorld} from '../helpers/time-authority.ts';

const log = createSmallLog();
const head = log.checkpoint;
const text = stampedText(head.note)!;
const sha256 = imprintOf(nodeHasher, 'sha256', text).hash;
const time = '20260801120000Z';
const genTimeMs = Date.UTC(2026, 7, 1, 12);

let world: TimeWorld;
let clock: Issued;
let foreign: Issued;
test.before(async () => {
	if (!canStamp) return;
	world = await openTimeWorld();
	clock = await world.issue('Clock');
	foreign = await world.issue('Foreign', {by: await world.issue('Foreign CA', {by: 'itself', extensions: caExtensions})});
});
test.after.always(async () => {
	await world?.close();
});
/** A test that needs openssl. */
const stamped = (title: string, run: (t: ExecutionContext) => Promise<void>): void =>
	test(title, async t => {
		if (canStamp) return run(t);
		t.log('not run: openssl 3 is not installed');
		t.pass();
	});
const record = async (
	signer: Issued,
	forged: {time?: string; imprint?: Uint8Array} = {},
	authority = 'said',
): Promise<TimestampRecord> => ({
	authority,
	token: await forgeToken(signer, {imprint: sha256, time, ...forged}),
});
const trusting = (...authorities: readonly (readonly [name: string, issued: Issued])[]) => ({
	authorities: authorities.map(([name, {certificate}]) => ({name, certificate})),
});

stamped('a token of a trusted authority passes by the name that the trust file has for it', async t => {
	const {checks, facts, holds} = await checkTimestamps([await record(clock)], head, trusting(['mine', world.ca]));
	t.deepEqual(checks, [{name: 'timestamp', result: 'pass', reason: '"mine" stamped it at 2026-08-01T12:00:00.000Z (SHA-256, CN=Clock)'}]);
	t.deepEqual(facts, [{authority: 'mine', genTimeMs, accuracyMs: undefined, algorithm: 'sha256', signer: 'CN=Clock', state: 'checked'}]);
	t.is(holds, 1);
});

stamped('two hashes of one authority are one voice, two authorities are two', async t => {
	const sm3Query = timestampRequest(imprintOf(nodeHasher, 'sm3', text), Uint8Array.of(1));
	const reply = readTimestampReply(await world.reply(sm3Query, clock));
	if ('problem' in reply) return t.fail(reply.problem);
	const both = [await record(clock), {authority: 'said', token: reply.token}];
	const one = await checkTimestamps(both, head, trusting(['mine', world.ca]));
	t.deepEqual(
		one.checks.map(({result}) => result),
		['pass', 'pass'],
	);
	t.regex(one.checks[1]!.reason, /^"mine" stamped it at .*Z, give or take 1501 ms \(SM3, CN=Clock\)$/);
	t.is(one.holds, 1);
	const two = await checkTimestamps([...both, await record(foreign)], head, trusting(['mine', world.ca], ['theirs', foreign]));
	t.is(two.holds, 2);
	// A renewed certificate is no second authority.
	const renewed = await world.issue('Clock renewed');
	const same = await checkTimestamps([await record(clock), await record(renewed)], head, trusting(['mine', clock], ['mine', renewed]));
	t.is(same.holds, 1);
});

stamped('a token of an authority that is not trusted is skipped, whatever name the file gives it', async t => {
	const {checks, facts, holds} = await checkTimestamps([await record(foreign, {}, 'mine')], head, trusting(['mine', world.ca]));
	t.is(checks[0]!.result, 'skipped');
	t.regex(checks[0]!.reason, /^the token of "mine" is not of a trusted authority: it is signed by "CN=Foreign", which is neither/);
	t.like(facts[0], {authority: 'mine', genTimeMs, state: 'claimed'});
	t.is(holds, 0);
	t.is((await checkTimestamps([await record(clock)], head, trusting())).checks[0]!.result, 'skipped');
});

stamped('each token is checked on its own, and a bad one fails beside a good one', async t => {
	const good = await record(clock);
	const records = [
		good,
		await record(clock, {imprint: new Uint8Array(32)}),
		await record(clock, {time: '20410101000000Z'}),
		{authority: 'said', token: good.token.slice(0, -1)},
		{authority: 'said', token: new Uint8Array(0)},
	];
	const {checks, facts, holds} = await checkTimestamps(records, head, trusting(['mine', world.ca]));
	t.deepEqual(
		checks.map(({result}) => result),
		['pass', 'fail', 'fail', 'fail', 'fail'],
	);
	t.is(checks[1]!.reason, 'the token of "said" does not hold: it stamps another text: its imprint is not that of this checkpoint');
	t.regex(checks[2]!.reason, /had expired at 2041-01-01/);
	t.deepEqual(
		facts.map(({state}) => state),
		['checked', 'claimed', 'claimed', 'claimed', 'claimed'],
	);
	t.is(facts[4]!.genTimeMs, undefined);
	t.is(holds, 1);
	const other = await checkTimestamps([good], {...head, size: (head.size - 1) as never}, trusting(['mine', world.ca]));
	t.is(other.checks[0]!.result, 'fail');
});

stamped('without Web Crypto a token is skipped, and without any check it is a claim', async t => {
	const records = [await record(clock), {authority: 'x', token: new Uint8Array(3)}];
	const broken = {digest: () => Promise.reject(new Error('gone'))} as never;
	const {checks} = await checkTimestamps(records, head, trusting(['mine', world.ca]), broken);
	t.deepEqual(
		checks.map(({result}) => result),
		['skipped', 'fail'],
	);
	t.deepEqual(
		claimedTimestamps(records).map(({genTimeMs, state}) => [genTimeMs, state]),
		[
			[genTimeMs, 'claimed'],
			[undefined, 'claimed'],
		],
	);
});

stamped('the commands of the README take a token out of a receipt and check it with openssl alone', async t => {
	const readme = await readFile(new URL('../../../agent/anchor/README.md', import.meta.url), 'utf8');
	const commands = /### Checking a token without us[\s\S]*?```sh\n([\s\S]*?)```/.exec(readme)![1]!;
	const folder = await mkdtemp(join(tmpdir(), 'kedge-expert-'));
	t.teardown(() => rm(folder, {recursive: true, force: true}));
	const reply = readTimestampReply(await world.reply(timestampRequest(imprintOf(nodeHasher, 'sm3', text), Uint8Array.of(1)), clock));
	if ('problem' in reply) return t.fail(reply.problem);
	const timestamps = [await record(clock), {authority: 'said', token: reply.token}];
	await writeFile(join(folder, 'reading.receipt'), formatReceipt(nodeHasher, log.receipt(4, {timestamps})));
	await writeFile(join(folder, 'authority-ca.pem'), await readFile(world.ca.certificateFile));
	const run = async (script: string): Promise<string> => (await promisify(execFile)('sh', ['-ec', script], {cwd: folder})).stdout;
	const said = await run(commands);
	t.regex(said, /Verification: OK/);
	t.regex(said, /Hash Algorithm: sha256/);
	t.is(await readFile(join(folder, 'checkpoint.txt'), 'utf8'), new TextDecoder().decode(text));
	const second = await run(commands.replace('head -n 1', 'sed -n 2p'));
	t.regex(second, /Hash Algorithm: sm3/);
	t.regex(second, /Verification: OK/);
	await writeFile(
		join(folder, 'reading.receipt'),
		formatReceipt(nodeHasher, log.receipt(4, {timestamps: [await record(clock, {imprint: new Uint8Array(32)})]})),
	);
	await t.throwsAsync(run(commands));
});

stamped('a receipt with a good token is anchored, with one of a stranger committed, and with a broken one nothing', async t => {
	const {verify} = createVerifier({hasher: nodeHasher, verifySignature: verifyEd25519});
	const strength = async (...timestamps: readonly TimestampRecord[]): Promise<string> => {
		const text = formatReceipt(nodeHasher, log.receipt(4, {timestamps}));
		return (await verify(utf8(text), {...log.trust, ...trusting(['mine', world.ca])})).strength;
	};
	t.is(await strength(await record(clock)), 'anchored');
	t.is(await strength(await record(foreign)), 'committed');
	t.is(await strength(await record(foreign), await record(clock)), 'anchored');
	t.is(await strength(await record(clock), await record(clock, {imprint: new Uint8Array(32)})), 'none');
});
