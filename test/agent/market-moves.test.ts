// The market's rows move out of ledgers.db, where they stood before there were other ledgers, with all that their WAL holds.
import {existsSync} from 'node:fs';
import {rm} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'ava';
import {openDatabase} from '../../agent/base/sqlite.ts';
import {moveOldLedger} from '../../agent/marketplace.ts';
import {openLedger} from '../../agent/trade/ledger.ts';
import {testFolder} from '../helpers/site.ts';

test('rows of a market that stand in ledgers.db are in market.db afterwards, and other ledgers are left alone', async t => {
	const directory = testFolder(t);
	const paths = {ledgers: join(directory, 'ledgers.db'), market: join(directory, 'market.db')};
	await moveOldLedger(paths, openDatabase);
	t.false(existsSync(paths.market));
	{
		await using ledger = await openLedger({path: paths.ledgers, market: 'm', openDatabase});
		await ledger.putSlot({slot: 7, body: '{}'});
	}
	await moveOldLedger(paths, openDatabase);
	t.false(existsSync(paths.ledgers));
	{
		await using ledger = await openLedger({path: paths.market, market: 'm', openDatabase});
		t.deepEqual(await ledger.slot(7), {slot: 7, body: '{}'});
	}
	await rm(paths.market);
	{
		await using other = await openDatabase({path: paths.ledgers, mode: 'create'});
		await other.exec('CREATE TABLE rows (a)');
	}
	await moveOldLedger(paths, openDatabase);
	t.true(existsSync(paths.ledgers));
	t.false(existsSync(paths.market));
});
