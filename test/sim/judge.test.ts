import {appendFileSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {type AccountLine, openAccount, readAccount} from '../../sim/account.ts';
import {noFaults} from '../../sim/faults.ts';
import {createFleet} from '../../sim/fleet.ts';
import {judge, type Verdict} from '../../sim/judge.ts';
import type {Message} from '../../sim/message.ts';
import {type LoggedMessage, loggedOf, type MakeLogOptions, makeLog} from './make-log.ts';

function folderOf(t: ExecutionContext): string {
	const folder = mkdtempSync(join(tmpdir(), 'kedge-judge-'));
	t.teardown(() => rmSync(folder, {recursive: true, force: true}));
	return folder;
}

function someMessages(rounds = 10): Message[] {
	const startMs = Date.UTC(2026, 10, 22, 12);
	const fleet = createFleet({seed: 'judge', size: {homes: 3}, faults: noFaults, moment: {timeMs: startMs, sceneMs: startMs}});
	return Array.from({length: rounds}, (_, i) =>
		fleet.map(device => device.step({timeMs: startMs + i * 2000, sceneMs: startMs}).message),
	).flat();
}

type Written = {readonly acknowledged?: readonly Message[]; readonly uncertain?: readonly Message[]; readonly hostile?: readonly Message[]};

async function verdictOf(
	t: ExecutionContext,
	written: Written,
	log: Omit<MakeLogOptions, 'path'>,
	options: {readonly readingsPerPass?: number} = {},
): Promise<Verdict> {
	const folder = folderOf(t);
	const accountPath = join(folder, 'account.jsonl');
	const account = openAccount(accountPath);
	for (const message of written.hostile ?? []) account.hostile(message);
	for (const message of written.acknowledged ?? []) account.acknowledged(message);
	for (const message of written.uncertain ?? []) account.uncertain(message);
	await account[Symbol.asyncDispose]();
	const logPath = join(folder, 'log.db');
	await makeLog({...log, path: logPath});
	return judge({logPath, accountPath, ...options});
}

const faultsOf = ({missing, twice, unanchored, unexpected}: Verdict) => ({missing, twice, unanchored, unexpected});
const clean = {missing: 0, twice: 0, unanchored: 0, unexpected: 0};

test('a log that holds what was acknowledged, once and anchored, has nothing wrong', async t => {
	const messages = someMessages();
	const verdict = await verdictOf(t, {acknowledged: messages}, {messages: messages.map(loggedOf)});
	t.deepEqual(faultsOf(verdict), clean);
	t.deepEqual(verdict.examples, []);
	const readings = messages.reduce((sum, message) => sum + message.readings.length, 0);
	t.is(verdict.acknowledged, readings);
	t.is(verdict.logged, readings);
});

test('a lost message is missing and named', async t => {
	const messages = someMessages();
	const lost = messages[7]!;
	const verdict = await verdictOf(t, {acknowledged: messages}, {messages: messages.filter(message => message !== lost).map(loggedOf)});
	t.deepEqual(faultsOf(verdict), {...clean, missing: lost.readings.length});
	const named = verdict.examples.filter(sentence => sentence.endsWith('is not in the log'));
	t.is(named.length, lost.readings.length);
	t.true(named[0]!.startsWith(`${lost.deviceId} ${lost.id}: urn:kedge:device:${lost.deviceId}:`));
});

test('a log that does not tell of a lost message is told so, on each channel of the message behind it', async t => {
	const messages = someMessages();
	const lost = messages[7]!;
	const next = messages.find(({deviceId}, i) => i > 7 && deviceId === lost.deviceId)!;
	const rest = messages.filter(message => message !== lost);
	const verdict = await verdictOf(t, {acknowledged: rest}, {messages: rest.map(loggedOf)});
	t.deepEqual(faultsOf(verdict), clean);
	t.is(verdict.unnoted, next.readings.length);
	t.regex(verdict.examples[0]!, new RegExp(`nothing says that ${lost.deviceId} lost its numbers 2 to 2 of session b1`));
});

test('a value that differs by one is missing', async t => {
	const messages = someMessages();
	const [first, ...rest] = messages.map(loggedOf) as [LoggedMessage, ...LoggedMessage[]];
	const [reading, ...others] = first.readings;
	const changed = {...first, readings: [{...reading!, value: reading!.value + 1n}, ...others]};
	t.deepEqual(faultsOf(await verdictOf(t, {acknowledged: messages}, {messages: [changed, ...rest]})), {...clean, missing: 1});
});

test('the same value with another exponent is the same reading', async t => {
	const messages = someMessages();
	const finer = messages.map(message => ({
		...loggedOf(message),
		readings: message.readings.map(reading => ({...reading, value: reading.value * 100n, exponent: reading.exponent - 2})),
	}));
	t.deepEqual(faultsOf(await verdictOf(t, {acknowledged: messages}, {messages: finer})), clean);
});

test('a message that was logged twice is seen, acknowledged or not', async t => {
	const messages = someMessages();
	const [one, two, three, ...rest] = messages;
	const verdict = await verdictOf(
		t,
		{acknowledged: [one!, ...rest], uncertain: [two!, three!]},
		{messages: [...messages, one!, two!].map(loggedOf)},
	);
	t.deepEqual(faultsOf(verdict), {...clean, twice: one!.readings.length + two!.readings.length});
	t.regex(verdict.examples[0]!, /^index \d+ repeats urn:kedge:device:/);
});

test('two messages that truly say the same are not twice', async t => {
	const [message] = someMessages(1);
	const again = {...message!, id: 'b2/1'};
	t.deepEqual(faultsOf(await verdictOf(t, {acknowledged: [message!, again]}, {messages: [message!, again].map(loggedOf)})), clean);
	t.deepEqual(faultsOf(await verdictOf(t, {acknowledged: [message!, again]}, {messages: [loggedOf(message!)]})), {
		...clean,
		missing: message!.readings.length,
	});
});

test('a repeat in the account counts once', async t => {
	const [message] = someMessages(1);
	t.deepEqual(faultsOf(await verdictOf(t, {acknowledged: [message!, message!]}, {messages: [loggedOf(message!)]})), clean);
});

test('what was not acknowledged may be in the log or not', async t => {
	const messages = someMessages();
	const [one, two, ...rest] = messages;
	const verdict = await verdictOf(t, {acknowledged: rest, uncertain: [one!, two!]}, {messages: [one!, ...rest].map(loggedOf)});
	t.deepEqual(faultsOf(verdict), clean);
});

test('only final anchors cover entries', async t => {
	const messages = someMessages();
	const logged = messages.map(loggedOf);
	const readings = messages.reduce((sum, message) => sum + message.readings.length, 0);
	const unanchored = async (anchors: MakeLogOptions['anchors']): Promise<number> =>
		(await verdictOf(t, {acknowledged: messages}, {messages: logged, anchors: anchors!})).unanchored;
	t.is(await unanchored([]), readings);
	t.is(await unanchored([{size: 100_000, state: 'mined'}]), readings);
	t.is(
		await unanchored([
			{size: 5, state: 'final'},
			{size: 100_000, state: 'final'},
		]),
		0,
	);
	// The last message has its entries at the very end: enrolments come with the first round.
	const size = await makeLog({path: join(folderOf(t), 'log.db'), messages: logged});
	t.is(await unanchored([{size: size - 1, state: 'final'}]), 1);
	t.is(await unanchored([{size, state: 'final'}]), 0);
});

test('an entry out of a hostile message is unexpected', async t => {
	const messages = someMessages();
	const hostile: Message = {...messages[3]!, id: 'b1/99', payload: '{"bad":1}', readings: [], hostile: 'not a number'};
	const taken = {topic: hostile.topic, payload: hostile.payload, readings: [{...messages[3]!.readings[0]!, value: 1n}]};
	const written = {acknowledged: messages, hostile: [hostile]};
	t.deepEqual(faultsOf(await verdictOf(t, written, {messages: messages.map(loggedOf)})), clean);
	const verdict = await verdictOf(t, written, {messages: [...messages.map(loggedOf), taken]});
	t.deepEqual(faultsOf(verdict), {...clean, unexpected: 1});
	t.regex(verdict.examples[0]!, /not a number/);
});

test('entries of devices that the account does not know are left alone', async t => {
	const messages = someMessages();
	const mine = messages.filter(({deviceId}) => deviceId !== 'truck-01');
	const foreign = messages.filter(({deviceId}) => deviceId === 'truck-01');
	const verdict = await verdictOf(t, {acknowledged: mine}, {messages: [...messages, ...foreign].map(loggedOf)});
	t.deepEqual(faultsOf(verdict), clean);
});

test('many passes find what one pass finds', async t => {
	const messages = someMessages(60);
	const lost = messages[33]!;
	const twice = messages[44]!;
	const logged = [...messages.filter(message => message !== lost), twice].map(loggedOf);
	const one = await verdictOf(t, {acknowledged: messages}, {messages: logged});
	const many = await verdictOf(t, {acknowledged: messages}, {messages: logged}, {readingsPerPass: 100});
	t.deepEqual(faultsOf(one), {...clean, missing: lost.readings.length, twice: twice.readings.length});
	t.deepEqual(faultsOf(many), faultsOf(one));
	t.deepEqual([...many.examples].sort(), [...one.examples].sort());
	t.is(many.logged, one.logged);
});

test('a channel whose enrolment was changed loses its name', async t => {
	const messages = someMessages();
	const verdict = await verdictOf(
		t,
		{acknowledged: messages},
		{
			messages: messages.map(loggedOf),
			spoil: ({records, first}) => {
				if (first > 0) return;
				const at = records.indexOf('home-02:energy-import');
				records.write('home-09', at);
			},
		},
	);
	// All of home-02's imports are nameless; nothing is credited to home-09.
	t.deepEqual(faultsOf(verdict), {...clean, missing: 10});
});

test('batches that do not follow each other are no log', async t => {
	const messages = someMessages();
	await t.throwsAsync(
		verdictOf(
			t,
			{acknowledged: messages},
			{
				messages: messages.map(loggedOf),
				spoil: batch => {
					if (batch.first > 0) batch.first += 1;
				},
			},
		),
		{code: 'LOG_CORRUPT'},
	);
});

test('an account keeps what is there and skips a line that a kill cut short', async t => {
	const path = join(folderOf(t), 'account.jsonl');
	const [one, two] = someMessages(1);
	const first = openAccount(path);
	t.true(first.acknowledged(one!));
	t.false(first.acknowledged(one!));
	await first[Symbol.asyncDispose]();
	appendFileSync(path, '{"kind":"acknow');
	const second = openAccount(path);
	second.uncertain(two!);
	await second[Symbol.asyncDispose]();
	const lines: AccountLine[] = [];
	for await (const line of readAccount(path)) lines.push(line);
	t.deepEqual(lines, [
		{kind: 'acknowledged', message: `${one!.deviceId} ${one!.id}`, readings: one!.readings},
		{kind: 'uncertain', message: `${two!.deviceId} ${two!.id}`, readings: two!.readings},
	]);
});

test('an account that is missing or is something else is an error', async t => {
	const folder = folderOf(t);
	const logPath = join(folder, 'log.db');
	await makeLog({path: logPath, messages: []});
	await t.throwsAsync(judge({logPath, accountPath: join(folder, 'nothing')}), {code: 'DATA_MISSING'});
	appendFileSync(join(folder, 'other'), '{"kind":"other","device":"a","message":"b"}\n');
	await t.throwsAsync(judge({logPath, accountPath: join(folder, 'other')}), {code: 'FORMAT_INVALID'});
	await t.throwsAsync(judge({logPath: join(folder, 'no.db'), accountPath: join(folder, 'other')}), {code: 'DATA_MISSING'});
});
