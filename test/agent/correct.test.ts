// What an owner corrects on a running agent: a new entry that names the old one, both in the history, and neither settled from.
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {connectAsync} from 'mqtt';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {silentLogger} from '../../agent/base/logger.ts';
import {correctionOf, encodeCorrection} from '../../agent/format/correction.ts';
import {decodeEntry, entryLeafHash, qualities, qualityNames, uncountedQualities, unsettledQualities} from '../../agent/format/entry.ts';
import {openLogReader} from '../../agent/log/reader.ts';
import {type Agent, openAgent} from '../../agent/main.ts';
import {auditSite} from '../../agent/reading.ts';
import {changeConfig, createTestSite, kedge, type TestSite} from '../helpers/site.ts';

async function open(t: ExecutionContext, made: TestSite): Promise<Agent> {
	const agent = await openAgent({site: made.site, logger: silentLogger});
	t.teardown(() => agent[Symbol.asyncDispose]().catch(() => {}));
	return agent;
}

const homeOf = (made: TestSite): string => Object.keys(made.passwords).find(name => name.startsWith('home'))!;
const firstMs = 1_700_000_000_000;

async function publish(made: TestSite, begin: number, registersKwh: readonly (number | string)[]): Promise<void> {
	const id = homeOf(made);
	const client = await connectAsync(made.url, {clientId: id, username: id, password: made.password, reconnectPeriod: 0});
	for (const [i, kwh] of registersKwh.entries()) {
		const seq = begin + i;
		const body = {at: new Date(firstMs + seq * 60_000).toISOString(), boot: 'b', seq, import_kwh: kwh};
		await client.publishAsync(`homes/${id}/meter`, JSON.stringify(body), {qos: 1});
	}
	await client.endAsync();
}

/** `number: value@epoch bits` of the import register. */
async function importsOf(made: TestSite): Promise<string[]> {
	await using reader = await openLogReader({path: made.site.paths.log, hasher: nodeHasher});
	const channel = (await reader.channels()).find(({urn}) => urn.endsWith(':energy-import'))!;
	const found: string[] = [];
	for await (const {entry} of reader.between(channel, 0, Number.MAX_SAFE_INTEGER)) {
		const {kind, number, value, span, quality} = decodeEntry(entry);
		const bits = qualityNames(quality).filter(name => name !== 'late' && name !== 'simulated');
		if (kind === 1) found.push([`${number}: ${value}@${span}`, ...bits].join(' '));
	}
	return found;
}

test('a correction is a new entry that names the old one, is known by it, and shows in receipt and history', async t => {
	const simulated = await createTestSite(t, {homes: 1});
	const site = await changeConfig(simulated.site, text => text.replaceAll('"simulated":true', '"simulated":true,"maxPowerW":20000'));
	const made = {...simulated, site};
	const {configPath} = site;
	const home = homeOf(made);
	const agent = await open(t, made);
	await publish(made, 1, [100, 0.5, 100.2]);
	t.deepEqual(await importsOf(made), ['2: 100000@0', '3: 500@0 exception', '4: 100200@0']);

	const channel = ['--device', home, '--quantity', 'energy-import'];
	const words = [
		'correct',
		...channel,
		'--number',
		'3',
		'--value',
		'100.1',
		'--unit',
		'kWh',
		'--reason',
		'a wire was loose',
		'--config',
		configPath,
	];
	const first = await kedge(t, words);
	t.is(first.code, 0, first.err);
	const told = new RegExp(
		`^urn:kedge:device:${home}:energy-import: index (\\d+), number 5 corrects index (\\d+), number 3\\n500 Wh is 100100 Wh\\n$`,
	).exec(first.out);
	t.truthy(told, first.out);
	const [index, corrected] = told!.slice(1).map(Number);

	// The same once more is a repeat, by index as well; another value is another correction.
	const again = await kedge(t, [...words, '--json']);
	t.like(JSON.parse(again.out), {index, number: 5, isRepeat: true});
	const other = await kedge(t, [
		'correct',
		'--index',
		`${corrected}`,
		'--value',
		'100150',
		'--unit',
		'Wh',
		'--reason',
		'read off again',
		'--config',
		configPath,
	]);
	t.is(other.code, 0, other.err);
	const back = await kedge(t, [...words, '--json']);
	t.like(JSON.parse(back.out), {number: 7, isRepeat: false});
	const marks = 'substituted correction';
	const corrections = [`5: 100100@0 ${marks}`, `6: 100150@0 ${marks}`, `7: 100100@0 ${marks}`];
	t.deepEqual((await importsOf(made)).slice(3), corrections);

	// The register goes on from what it showed, with and without a restart.
	await publish(made, 4, [100.3]);
	await agent[Symbol.asyncDispose]();
	const restarted = await open(t, made);
	await publish(made, 4, [100.3, 100.4]);
	t.deepEqual((await importsOf(made)).slice(6), ['8: 100300@0', '9: 100400@0']);

	const receipt = join(made.folder, 'correction.json');
	t.is((await kedge(t, ['prove', `${index}`, '--with-arrival', '--out', receipt, '--config', configPath])).code, 0);
	const verified = await kedge(t, ['verify', receipt, '--trust', made.site.paths.trust]);
	t.is(verified.code, 0, verified.out + verified.err);
	t.regex(verified.out, new RegExp(`^ {2}corrects {2}entry ${corrected}, number 3, with leaf hash [0-9a-f]{64}$`, 'm'));
	t.regex(verified.out, /^ {2}reason {4}a wire was loose$/m);
	t.regex(verified.out, /^ {2}stated {4}by the owner, for the time 2023-.* of the device$/m);
	t.notRegex(verified.out, /^ {2}measured/m);

	const history = join(made.folder, 'history.json');
	t.is((await kedge(t, ['history', home, '--quantity', 'energy-import', '--out', history, '--config', configPath])).code, 0);
	const table = await kedge(t, ['verify', history, '--trust', made.site.paths.trust]);
	t.regex(table.out, /^ {2}rise +400 Wh from the first to the last$/m);
	t.regex(
		table.out,
		/^ {2}corrected 3 entries by the owner, beside the readings: number 5 corrects number 3; number 6 corrects number 3; number 7 corrects number 3; both stay,/m,
	);
	t.regex(table.out, /^ {2}exception 1 reading that no meter could have/m);

	// Of minutes 1 to 5 there is no whole slot; what counts is read at its beginning and end only.
	t.is((await kedge(t, ['slots', history, '--trust', made.site.paths.trust])).code, 0);

	await using reader = await openLogReader({path: made.site.paths.log, hasher: nodeHasher});
	const {record} = await reader.source(index!);
	t.true(Buffer.from(record).includes(Buffer.from(entryLeafHash(nodeHasher, await reader.entry(corrected!))).toString('hex')));
	t.deepEqual((await auditSite(made.site.paths)).problems, []);
	await restarted[Symbol.asyncDispose]();
});

test('what does not exist, is no reading, or is no value of it cannot be corrected', async t => {
	const made = await createTestSite(t, {homes: 1});
	const home = homeOf(made);
	const channel = ['--device', home, '--quantity', 'energy-import'];
	const rest = ['--reason', 'r', '--config', made.site.configPath];
	const value = ['--value', '1', '--unit', 'kWh'];
	t.is((await kedge(t, ['correct', '--index', '1', ...value, ...rest])).code, 3, 'without an agent nobody corrects');
	await open(t, made);
	await publish(made, 1, [100]);
	const cases: readonly (readonly [readonly string[], RegExp])[] = [
		[['--index', '9999', ...value], /there is no entry 9999/],
		[['--index', '0', ...value], /entry 0 is no reading/],
		[[...channel, '--number', '1', ...value], /is no reading: only readings are corrected/],
		[[...channel, '--number', '99', ...value], /has no entry number 99/],
		[['--device', 'nobody', '--quantity', 'energy-import', '--number', '1', ...value], /the log has no channel/],
		[[...channel, '--number', '2', '--value', '1', '--unit', 'kg'], /"kg" does not measure energy-import/],
		[[...channel, '--number', '2', '--value', '1.0000001', '--unit', 'kWh'], /is not a whole multiple/],
		[[...channel, '--number', '2', '--value', 'one', '--unit', 'kWh'], /"one" is no decimal number/],
		[[...channel, '--number', '2', '--value', '10,0005', '--unit', 'kWh'], /"10,0005" is no decimal number.*\s.*with a point/],
		[[...channel, '--number', '2', '--unit', 'kWh'], /needs --value/],
		[[...channel, ...value], /needs --number/],
		[['--reset', ...channel, '--value', '1'], /takes no --value with --reset/],
		[['--reset', '--device', home, '--quantity', 'voltage'], /the log has no channel/],
	];
	for (const [words, sentence] of cases) {
		const refused = await kedge(t, ['correct', ...words, ...rest]);
		t.is(refused.code, 2, refused.out);
		t.regex(refused.err, sentence);
	}
	const blank = await kedge(t, ['correct', ...channel, '--number', '2', ...value, '--reason', ' ', '--config', made.site.configPath]);
	t.regex(blank.err, /a reason has 1 to 400 characters/);
	const corrected = await kedge(t, ['correct', ...channel, '--number', '2', ...value, ...rest, '--json']);
	const {index} = JSON.parse(corrected.out) as {index: number};
	t.regex((await kedge(t, ['correct', '--index', `${index}`, ...value, ...rest])).err, /is a correction itself/);
	t.is((await importsOf(made)).length, 2);
});

test('an owner who says that a register was reset is believed at its next reading', async t => {
	const made = await createTestSite(t, {homes: 1});
	const agent = await open(t, made);
	await publish(made, 1, [100]);
	const words = ['correct', '--reset', '--device', homeOf(made), '--quantity', 'energy-import', '--reason', 'another meter'];
	const declared = await kedge(t, [...words, '--config', made.site.configPath]);
	t.regex(declared.out, /^urn:kedge:device:[^:]+:energy-import: its next reading begins a new count\.\n$/);
	await agent[Symbol.asyncDispose]();
	const restarted = await open(t, made);
	await publish(made, 2, [3, 4]);
	t.deepEqual(await importsOf(made), ['2: 100000@0', '3: 3000@1 reset', '4: 4000@1']);
	await restarted[Symbol.asyncDispose]();
});

test('a correction has one form, and no device can send one', t => {
	const correction = {corrects: {index: 7, number: 3, leaf: 'ab'.repeat(32)}, value: '1.5', unit: 'kWh', reason: 'a wire\u001b was loose'};
	const arrival = {
		topic: 'kedge/correction',
		identity: 'owner',
		decoder: 'correction/1',
		flags: 0,
		arrivedAtMs: 1,
		deviceSignature: new Uint8Array(0),
	};
	const payload = encodeCorrection(correction);
	t.deepEqual(correctionOf({...arrival, payload}), correction);
	for (const change of [
		{topic: 'kedge/Correction'},
		{identity: 'meter'},
		{decoder: 'json/1'},
		{payload: Buffer.from(`${Buffer.from(payload)} `)},
	])
		t.is(correctionOf({...arrival, payload, ...change}), undefined);
	for (let bit = 0; bit < payload.length * 8; bit += 1) {
		const flipped = Uint8Array.from(payload);
		flipped[bit >> 3] = flipped[bit >> 3]! ^ (1 << (bit & 7));
		t.notThrows(() => correctionOf({...arrival, payload: flipped}));
	}
	t.truthy(uncountedQualities & qualities.correction);
	t.truthy(unsettledQualities & qualities.correction);
});
