// A shipment through a running agent and the command line: opened, watched by a logger whose probe fails for a while, handed over by two keys, closed, and told as EPCIS.
import {readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'ava';
import {connectAsync} from 'mqtt';
import {silentLogger} from '../../agent/base/logger.ts';
import {profileProblem} from '../../agent/ledgers/coldchain/profiles.ts';
import {shapeProblem} from '../../agent/ledgers/coldchain/statements.ts';
import {openAgent} from '../../agent/main.ts';
import {packEvidence, verifyPackageFile} from '../../agent/packing.ts';
import {readOpening} from '../../agent/shipping.ts';
import {trustOf} from '../../agent/site.ts';
import {changeConfig, createTestSite, kedge, type Ran} from '../helpers/site.ts';

const minuteMs = 60_000;
const startMs = Date.UTC(2026, 2, 28, 8);
const timeText = (minutes: number): string => new Date(startMs + minutes * minuteMs).toISOString();

const mapping = `  box:
    topic: boxes/{device}
    format: json
    time: {pointer: /at, format: iso}
    readings:
      - {pointer: /t, quantity: temperature, unit: Cel}
`;

test('a shipment is opened, watched, handed over by both, closed with what its readings say, and told as EPCIS', async t => {
	const made = await createTestSite(t, {homes: 1});
	const hash = made.site.config.devices[0]!.passwordHash!;
	const site = await changeConfig(
		made.site,
		text => `${text.replace('mappings:\n', `mappings:\n${mapping}`)}  - {id: b1, passwordHash: ${hash}, mappings: [box]}\n`,
	);
	const agent = await openAgent({site, logger: silentLogger});
	t.teardown(() => agent[Symbol.asyncDispose]().catch(() => {}));
	const file = (name: string): string => join(made.folder, name);
	const run = (...words: readonly string[]): Promise<Ran> => kedge(t, ['shipment', ...words, '--config', site.configPath]);
	const done = async (...words: readonly string[]): Promise<string> => {
		const {code, out, err} = await run(...words);
		t.is(code, 0, `${words.join(' ')}: ${err}`);
		return out;
	};
	const keyOf = async (party: string, ...more: readonly string[]): Promise<string> => {
		const {out} = await kedge(t, ['shipment', 'key', '--out', file(`${party}.key`), ...more]);
		return out.trim();
	};
	const [maker, buyer] = await Promise.all([keyOf('maker'), keyOf('buyer', '--p256')]);
	t.regex(maker, /^ed25519:/);
	t.regex(buyer, /^p256:/);
	const opening = {
		from: timeText(0),
		goods: 'Vaccine',
		lots: [{id: 'L1', name: 'Vaccine A'}],
		parties: [
			{id: 'maker', name: 'Maker', key: maker},
			{id: 'buyer', name: 'Buyer', key: buyer},
		],
		holder: 'maker',
		profile: 'cold-2-8',
	};
	await writeFile(file('wrong.json'), JSON.stringify({...opening, profile: 'cold'}));
	const wrong = await run('open', 'S1', '--file', file('wrong.json'));
	t.is(wrong.code, 2);
	t.regex(wrong.err, /there is no profile "cold"/);
	await writeFile(file('s1.json'), JSON.stringify(opening));
	await done('open', 'S1', '--file', file('s1.json'));
	const silent = await run('assign', 'S1', '--sensor', 'b1', '--lot', 'L1', '--from', timeText(0), '--as', 'A1');
	t.is(silent.code, 2);
	t.regex(silent.err, /the log has no channel urn:kedge:device:b1:temperature yet: until it speaks nobody knows .*--not-yet/s);
	await done('assign', 'S1', '--sensor', 'b1', '--lot', 'L1', '--from', timeText(0), '--as', 'A1', '--not-yet');
	const again = await run('assign', 'S1', '--sensor', 'b1', '--lot', 'L1', '--from', timeText(60), '--as', 'A2', '--not-yet');
	t.is(again.code, 2);
	t.regex(again.err, /is assigned then already, by assignment A1/);

	// Four hours, one reading in ten minutes; the logger prints two errors of its probe as text.
	const client = await connectAsync(made.url, {clientId: 'b1', username: 'b1', password: made.password, reconnectPeriod: 0});
	for (let minutes = 0; minutes < 240; minutes += 10) {
		const celsius = minutes === 100 || minutes === 110 ? '--.-' : minutes === 200 ? 9.5 : 5.5;
		await client.publishAsync('boxes/b1', JSON.stringify({at: timeText(minutes), t: celsius}), {qos: 1});
	}
	await client.endAsync();

	await done(
		'handover',
		'S1',
		'--giver',
		'maker',
		'--taker',
		'buyer',
		'--at',
		timeText(180),
		'--place',
		'Ramp 4',
		'--out',
		file('handover.json'),
	);
	const first = await kedge(t, ['shipment', 'sign', file('handover.json'), '--key', file('maker.key')]);
	t.regex(
		first.out,
		/^hand-over of shipment S1\n {2}lots: L1\n {2}from: maker\n {2}to: buyer\n {2}time: 2026-03-28T11:00:00Z\n {2}place: Ramp 4\n/,
	);
	const digest = /opening \(goods, limits, keys\): ([0-9a-f]{64})\n/.exec(first.out)?.[1];
	t.true(first.out.endsWith('maker signed. Still to sign: buyer.\n'));
	t.true((await run('show', 'S1')).out.includes(`\nopening ${digest}\n`));
	const misspelt = await run('assign', 'S1', '--sensor', 'b2', '--lot', 'L1', '--from', timeText(0));
	t.regex(misspelt.err, /Misspelt\? There is a device b1\./);
	const other = await run('assign', 'S1', '--sensor', 'b1', '--quantity', 'relative-humidity', '--lot', 'L1');
	t.regex(other.err, /b1 has temperature\./);
	const oneSided = await run('handover', 'S1', '--file', file('handover.json'));
	t.is(oneSided.code, 2);
	t.regex(oneSided.err, /buyer has not signed the hand-over: both parties must/);
	await kedge(t, ['shipment', 'sign', file('handover.json'), '--key', file('buyer.key')]);
	t.regex(await done('handover', 'S1', '--file', file('handover.json')), /Handed over from maker to buyer/);

	const morning = await run('show', 'S1', '--to', timeText(190), '--json');
	t.is(morning.code, 1);
	const account = JSON.parse(morning.out);
	t.is(account.verdict, 'indeterminate');
	t.deepEqual(account.series[0].gaps, [{fromMs: startMs + 90 * minuteMs, toMs: startMs + 120 * minuteMs}]);
	t.deepEqual(
		account.lots[0].custody.map(({party}: {party: string}) => party),
		['maker', 'buyer'],
	);
	const tomorrow = '2126-03-28T12:00:00Z';
	for (const words of [
		['close', 'S1', '--at', tomorrow],
		['handover', 'S1', '--giver', 'buyer', '--taker', 'maker', '--at', tomorrow],
	]) {
		const early = await run(...words);
		t.is(early.code, 2);
		t.regex(early.err, /at 2126-03-28T12:00:00Z is not yet: here it is .*; state it when it has happened/);
	}
	const closed = await run('close', 'S1', '--at', timeText(240));
	t.notRegex(closed.out, /so far/);
	t.regex(closed.out, /temperature: 1 gap of 30 min in all: 2026-03-28T09:30:00Z to 2026-03-28T10:00:00Z/);
	t.regex(closed.out, /; 1 excursion: 10 min above, 0 min below; 1 gap of 30 min/);
	t.is(closed.code, 1);
	t.regex(closed.out, /Closed shipment S1 with entry \d+: excursion/);
	t.regex(closed.out, /temperature above 8 °C at any time: first at 2026-03-28T11:20:00Z/);
	t.is(await done('list'), 'S1  closed  excursion  Vaccine\n');
	const document = JSON.parse(await done('epcis', 'S1'));
	t.true(document.epcisBody.eventList.every(({eventID}: {eventID: string}) => eventID.startsWith('ni:///sha-256;')));
	// A stranger with the package and the log's key comes to the same account.
	const path = file('s1.zip');
	await packEvidence(site.paths, {
		question: {about: 'shipment', id: 'S1', fromMs: 0, toMs: startMs + 240 * minuteMs},
		out: path,
		madeAtMs: startMs,
	});
	const trust = trustOf(await readFile(site.paths.trust), site.paths.trust);
	const {checks} = await verifyPackageFile(path, trust);
	t.deepEqual(
		checks.filter(({result}) => result === 'fail'),
		[],
	);
	t.true(
		checks.some(({name, result}) => name === 'answer' && result === 'pass'),
		JSON.stringify(checks),
	);
	// A shipment knows its own time.
	const packed = await kedge(t, ['evidence', '--shipment', 'S1', '--out', file('own.zip'), '--json', '--config', site.configPath]);
	t.is(packed.code, 0, packed.err);
	const {question} = JSON.parse(packed.out);
	t.deepEqual([question.fromMs, question.toMs], [startMs, startMs + 240 * minuteMs]);
	t.notRegex(packed.err, /was not over/);
	// The same from the files, without the agent.
	const shown = await run('show', 'S1', '--json');
	await agent[Symbol.asyncDispose]();
	t.deepEqual(await run('show', 'S1', '--json'), shown);
});

test('the file that OPERATING.md shows opens a shipment', async t => {
	const page = await readFile(new URL('../../../OPERATING.md', import.meta.url), 'utf8');
	const section = page.slice(page.indexOf('\n## Sending goods'));
	const example = /\n```json\n(\{.*?\n\})\n```\n/s.exec(section)?.[1];
	const body = readOpening(Buffer.from(example ?? ''), 'OPERATING.md', startMs);
	t.is(shapeProblem('shipment', body), undefined);
	t.deepEqual([body.fromMs, body.holder], [startMs, 'maker']);
});

test('profiles are listed in words, and as JSON with which a shipment is opened', async t => {
	const [words, json] = await Promise.all([kedge(t, ['shipment', 'profiles']), kedge(t, ['shipment', 'profiles', '--json'])]);
	t.regex(words.out, /^cold-2-8: .*\n {2}limits: temperature 2 to 8 °C\n {2}tolerated outside: 0 min\n/);
	t.regex(words.out, / {2}excursion: temperature at or below -0\.5 °C for 60 min without a break\n/);
	t.regex(words.out, /humidity 35 to 75 %\n/);
	const lines = json.out.trimEnd().split('\n');
	t.deepEqual(
		lines.map(line => profileProblem(JSON.parse(line))),
		lines.map(() => undefined),
	);
});
