// Replays two sea containers, with their duplicates, gaps and clocks that jump back, into a real agent, and accounts for every row.
import {readFileSync} from 'node:fs';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'ava';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {decodeEntry, kinds, qualities} from '../../agent/format/entry.ts';
import {openLogReader} from '../../agent/log/reader.ts';
import {auditSite} from '../../agent/reading.ts';
import {readStatus} from '../../agent/state.ts';
import {publishedData} from '../helpers/published-data.ts';
import {changeConfig, createTestSite, kedge, startAgent} from '../helpers/site.ts';

/** What of a row is measured: its column, the channel and the decimals that the column has. */
const columns = [
	{column: 'Temperature', channel: 'temperature', milli: 1000},
	{column: 'Humidity', channel: 'relative-humidity', milli: 1000},
	{column: 'Door', channel: 'door', milli: 1},
	{column: 'Motion', channel: 'vibration', milli: 1},
] as const;

const mapping = `  container:
    topic: containers/{device}
    format: json
    time: {pointer: /at, format: iso}
    readings:
      - {pointer: /Temperature, quantity: temperature, unit: Cel, optional: true}
      - {pointer: /Humidity, quantity: relative-humidity, unit: "%", optional: true}
      - {pointer: /Door, quantity: door, optional: true}
      - {pointer: /Motion, quantity: vibration, optional: true}
`;

type Row = {readonly device: string; readonly at: string; readonly cells: Readonly<Record<string, string>>};

function rowsOf(path: string): Row[] {
	const [header = '', ...lines] = readFileSync(path, 'utf8').trim().split('\n');
	const names = header.split(',');
	return lines.map(line => {
		const cells = Object.fromEntries(line.split(',').map((cell, i) => [names[i]!, cell.trim()]));
		return {device: cells.device!, at: `${cells.Date}T${cells.Time_UTC}Z`, cells};
	});
}

/** What an honest reader makes of the rows, written apart from the product: a key is a device, a channel and a time. */
function accountOf(rows: readonly Row[]) {
	const account = {rows: rows.length, entries: 0, repeats: 0, conflicts: 0, empty: 0, backward: 0};
	const seen = new Map<string, Set<string>>();
	const before = new Map<string, string>();
	for (const {device, at, cells} of rows) {
		if (at < (before.get(device) ?? '')) account.backward += 1;
		before.set(device, at);
		const measured = columns.filter(({column}) => cells[column] !== '');
		if (measured.length === 0) account.empty += 1;
		for (const {column, channel, milli} of measured) {
			const key = `${device} ${channel} ${at}`;
			const value = String(Math.round(Number(cells[column]) * milli));
			const values = seen.get(key) ?? new Set();
			if (values.has(value)) account.repeats += 1;
			else {
				account.entries += 1;
				if (values.size > 0) account.conflicts += 1;
				seen.set(key, values.add(value));
			}
		}
	}
	return account;
}

test('two sea containers are replayed, and every row is an entry, a repeat, a conflict or a refusal', async t => {
	const path = publishedData(t, 'cold-chain', 'db-schenker', 'containers-A-D.csv');
	if (path === undefined) return;
	const rows = rowsOf(path);
	const expected = accountOf(rows);
	const made = await createTestSite(t, {homes: 1});
	const hash = made.site.config.devices[0]!.passwordHash!;
	const site = await changeConfig(
		made.site,
		text =>
			`${text.replace('mappings:\n', `mappings:\n${mapping}`)}${['A', 'D'].map(id => `  - {id: ${id}, passwordHash: ${hash}, mappings: [container]}\n`).join('')}`,
	);
	const recording = join(made.folder, 'containers.jsonl');
	const lines = rows.map(({device, at, cells}) => {
		const values = columns.filter(({column}) => cells[column] !== '').map(({column}) => `,"${column}":${cells[column]}`);
		return JSON.stringify({device, topic: `containers/${device}`, payload: `{"at":"${at}"${values.join('')}}`, atMs: Date.parse(at)});
	});
	await writeFile(recording, `${lines.join('\n')}\n`);
	const passwords = join(made.folder, 'containers.passwords.json');
	await writeFile(passwords, JSON.stringify({A: made.password, D: made.password}));
	const agent = await startAgent(t, site);
	const replay = (): ReturnType<typeof kedge> => kedge(t, ['replay', recording, '--config', site.configPath, '--passwords', passwords]);
	t.deepEqual(await replay(), {code: 0, out: `sent ${rows.length}, acknowledged ${rows.length}\n`, err: ''});
	const {counters} = await readStatus(site.paths);
	t.is(counters.repeats, expected.repeats);
	t.deepEqual(
		Object.entries(counters).filter(([name]) => name.startsWith('refused:')),
		[['refused:readings-none', expected.empty]],
	);

	const reader = await openLogReader({path: site.paths.log, hasher: nodeHasher});
	t.teardown(() => reader[Symbol.asyncDispose]());
	const found = {entries: 0, conflicts: 0, late: 0};
	for (const channel of await reader.channels()) {
		if (!/^urn:kedge:device:[AD]:/.test(channel.urn)) continue;
		for await (const {entry} of reader.range(channel, 0, Date.UTC(2030, 0))) {
			const {kind, quality} = decodeEntry(entry);
			if (kind !== kinds.reading) continue;
			found.entries += 1;
			if ((quality & qualities.conflict) !== 0) found.conflicts += 1;
			if ((quality & qualities.late) !== 0) found.late += 1;
		}
	}
	// All of it was measured years before it arrived.
	t.deepEqual(found, {entries: expected.entries, conflicts: expected.conflicts, late: expected.entries});

	// Once more: nothing is new, whatever the clocks did.
	const before = (await readStatus(site.paths)).size;
	t.is((await replay()).code, 0);
	const after = await readStatus(site.paths);
	t.is(after.size, before);
	t.is(after.counters.repeats, expected.repeats * 2 + expected.entries);
	t.is(await agent.end('SIGTERM'), 0);
	t.deepEqual((await auditSite(site.paths)).problems, []);
	t.log(
		`${expected.rows} rows: ${expected.entries} entries (${expected.conflicts} of them conflicts, all late), ${expected.repeats} repeats, ${expected.empty} rows without a measured value refused; ${expected.backward} times a clock went back`,
	);
});
