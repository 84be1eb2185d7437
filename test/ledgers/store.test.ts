// The rows of ledgers on disk: seen at once, kept with their cursor, dropped where they are of others, and equal bytes for equal rows.
import {mkdtemp, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import fc from 'fast-check';
import {openDatabase} from '../../agent/base/sqlite.ts';
import {createMemoryRows} from '../../agent/ledgers/rows.ts';
import {type LedgerStore, openLedgerStore} from '../../agent/ledgers/store.ts';

const ledgers = [
	{name: 'a', version: 1},
	{name: 'b', version: 1},
];
const origin = 'test/1';

async function folder(t: ExecutionContext): Promise<string> {
	const directory = await mkdtemp(join(tmpdir(), 'kedge-ledgers-'));
	t.teardown(() => rm(directory, {recursive: true, force: true}));
	return directory;
}

const openStore = (path: string, more: Partial<Parameters<typeof openLedgerStore>[0]> = {}): Promise<LedgerStore> =>
	openLedgerStore({path, origin, ledgers, openDatabase, ...more});

const all = async (rows: {range: (from: string, below: string) => AsyncIterable<{key: string; body: string}>}) => {
	const found: string[] = [];
	for await (const {key, body} of rows.range('', '~')) found.push(`${key}=${body}`);
	return found;
};

test('rows are seen before they are committed, and are there after with their cursor', async t => {
	const path = join(await folder(t), 'ledgers.db');
	{
		await using store = await openStore(path);
		t.is(store.cursor(), undefined);
		const rows = store.rowsOf({name: 'a'});
		rows.put('x', '1');
		t.is(await rows.get('x'), '1');
		await store.commit({origin, size: 7, logTimeMs: 99});
		rows.put('x', '2');
		rows.put('w', '0');
		t.deepEqual(await all(rows), ['w=0', 'x=2']);
		t.deepEqual(await all(store.rowsOf({name: 'b'})), []);
	}
	// What was put and not committed is gone, as after a power cut.
	await using store = await openStore(path);
	t.deepEqual(store.cursor(), {origin, size: 7, logTimeMs: 99});
	t.deepEqual(await all(store.rowsOf({name: 'a'})), ['x=1']);
});

test('rows of another version of a ledger, or of another log, are dropped', async t => {
	const path = join(await folder(t), 'ledgers.db');
	for (const more of [{ledgers: [{name: 'a', version: 2}, ledgers[1]!]}, {origin: 'test/2'}]) {
		{
			await using store = await openStore(path);
			store.rowsOf({name: 'a'}).put('x', '1');
			await store.commit({origin, size: 1, logTimeMs: 1});
		}
		await using store = await openStore(path, more);
		t.is(store.cursor(), undefined);
		t.deepEqual(await all(store.rowsOf({name: 'a'})), []);
	}
});

test('any sequence of changes reads as it does in memory, wherever it is committed, and comes to the same bytes', async t => {
	const directory = await folder(t);
	let run = 0;
	const change = fc.record({
		key: fc.stringMatching(/^[a-c]{0,3}$/),
		body: fc.option(fc.string({maxLength: 4}), {nil: undefined}),
		commit: fc.boolean(),
	});
	await fc.assert(
		fc.asyncProperty(fc.array(change, {maxLength: 40}), async changes => {
			run += 1;
			const memory = createMemoryRows();
			await using often = await openStore(join(directory, `often-${run}.db`));
			await using once = await openStore(join(directory, `once-${run}.db`));
			for (const {key, body, commit} of changes) {
				for (const rows of [memory, often.rowsOf({name: 'a'}), once.rowsOf({name: 'a'})]) {
					if (body === undefined) rows.remove(key);
					else rows.put(key, body);
				}
				if (commit) await often.commit({origin, size: 1, logTimeMs: 1});
				t.deepEqual(await all(often.rowsOf({name: 'a'})), await all(memory));
			}
			for (const store of [often, once]) await store.commit({origin, size: 2, logTimeMs: 2});
			t.is(await often.digest(), await once.digest());
			await often.exportTo(join(directory, `often-${run}.out`));
			await once.exportTo(join(directory, `once-${run}.out`));
			t.deepEqual(await readFile(join(directory, `often-${run}.out`)), await readFile(join(directory, `once-${run}.out`)));
		}),
		{numRuns: 30},
	);
});
