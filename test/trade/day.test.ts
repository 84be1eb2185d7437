import test from 'ava';
import fc from 'fast-check';
import {fromHex, toPrefixedHex} from '../../agent/base/bytes.ts';
import {
	balanceLeafRecord,
	dayHeaderHash,
	leafLengths,
	type RowLeaf,
	readRowLeaf,
	rowLeafBytes,
	rowLeafRecord,
	zeroHash,
} from '../../agent/trade/commitment.ts';
import {createDay, type DayRow} from '../../agent/trade/day.ts';
import {settle} from '../../agent/trade/settle.ts';
import {balanceTree, isUnder, plainTree} from '../../agent/trade/sum-tree.ts';
import {abiHash, balanceLeaf, join, rootOf, rowBytes, rowLeaf} from '../helpers/reference-market.ts';
import {hashOf, tariff} from './world.ts';

const bytesOf = (text: string): Uint8Array => fromHex(text.slice(2))!;
const addressOf = (n: number): string => `0x${n.toString(16).padStart(40, '0')}`;
const day = 20_625;
const grid = addressOf(0xfff0);

const u48 = fc.integer({min: 0, max: 2 ** 48 - 1});
const i64 = fc.maxSafeInteger();
const i128 = fc.bigInt({min: -(2n ** 127n), max: 2n ** 127n - 1n});
const hash = fc.uint8Array({minLength: 32, maxLength: 32}).map(toPrefixedHex);
const arbitraryRow: fc.Arbitrary<RowLeaf> = fc.record({
	account: fc.uint8Array({minLength: 20, maxLength: 20}).map(toPrefixedHex),
	slot: fc.maxSafeNat(),
	meter: hash,
	orderHash: fc.option(hash, {nil: undefined}),
	contractedWh: i64,
	meteredWh: i64,
	usualImportWh: fc.maxSafeNat(),
	flags: fc.integer({min: 0, max: 255}),
	importFrom: u48,
	importTo: u48,
	exportFrom: u48,
	exportTo: u48,
	netNano: i128,
	cumNano: i128,
});

test('a row has the 174 bytes of its definition, and is read from them again', t => {
	fc.assert(
		fc.property(arbitraryRow, row => {
			const bytes = rowLeafBytes(row);
			t.is(bytes.length, leafLengths.row);
			t.is(toPrefixedHex(bytes), rowBytes(row));
			t.deepEqual(readRowLeaf(bytes), row);
		}),
	);
});

test('every field of a row counts', t => {
	const [row] = fc.sample(arbitraryRow, {numRuns: 1, seed: 3});
	const before = toPrefixedHex(rowLeafRecord({...row!, flags: 0, netNano: 5n, cumNano: 6n}));
	for (const name of Object.keys(row!) as (keyof RowLeaf)[]) {
		const value = {...row!, flags: 0, netNano: 5n, cumNano: 6n}[name];
		const other =
			typeof value === 'number'
				? value === 0
					? 1
					: value - 1
				: typeof value === 'bigint'
					? value + 1n
					: name === 'account'
						? addressOf(1)
						: hashOf(1);
		t.not(toPrefixedHex(rowLeafRecord({...row!, flags: 0, netNano: 5n, cumNano: 6n, [name]: other})), before, name);
	}
});

test('what does not fit into a row is refused', t => {
	const [row] = fc.sample(arbitraryRow, {numRuns: 1, seed: 3});
	const bad: Partial<Record<keyof RowLeaf, unknown>>[] = [
		{account: '0x12'},
		{meter: addressOf(1)},
		{slot: -1},
		{contractedWh: 1.5},
		{meteredWh: 2 ** 53},
		{usualImportWh: -1},
		{flags: 256},
		{importFrom: 2 ** 48},
		{exportTo: -1},
		{netNano: 2n ** 127n},
		{cumNano: -(2n ** 127n) - 1n},
	];
	for (const change of bad) t.throws(() => rowLeafBytes({...row!, ...change} as never), {instanceOf: RangeError}, Object.keys(change)[0]!);
});

/** Few accounts, slots and meters, so that an account has several rows in a slot. */
const arbitraryRows: fc.Arbitrary<DayRow[]> = fc
	.uniqueArray(
		fc.record({
			account: fc.integer({min: 1, max: 4}).map(addressOf),
			slot: fc.integer({min: 0, max: 3}).map(at => day * 96 + at),
			meter: fc.integer({min: 1, max: 3}).map(hashOf),
			netNano: fc.bigInt({min: -1000n, max: 1000n}),
		}),
		{maxLength: 30, selector: ({account, slot, meter}) => `${account} ${slot} ${meter}`},
	)
	.map(list =>
		list.map((one, at) => ({
			...one,
			orderHash: undefined,
			contractedWh: at - 10,
			meteredWh: 3 * at - 20,
			usualImportWh: 0,
			flags: 0,
			importFrom: 1,
			importTo: 2,
			exportFrom: 3,
			exportTo: 4,
		})),
	);

const arbitraryOpening: fc.Arbitrary<Map<string, bigint>> = fc
	.array(fc.tuple(fc.integer({min: 2, max: 6}).map(addressOf), fc.bigInt({min: -500n, max: 500n})), {maxLength: 5})
	.map(list => new Map(list));

test('rows run by account, slot and meter, balances run through them, and both roots are those of their definitions', t => {
	fc.assert(
		fc.property(arbitraryRows, arbitraryOpening, (rows, opening) => {
			const builder = createDay(day);
			for (const row of rows) builder.add(row);
			const missing = -[...opening.values(), ...rows.map(({netNano}) => netNano)].reduce((sum, one) => sum + one, 0n);
			const made = builder.close(
				opening,
				new Map([
					[grid, missing],
					[addressOf(0xfff1), 0n],
				]),
			);
			const sorted = [...rows].sort((a, b) => (`${a.account}${a.slot}${a.meter}` < `${b.account}${b.slot}${b.meter}` ? -1 : 1));
			const running = new Map(opening);
			const full = sorted.map((row): RowLeaf => {
				const cumNano = (running.get(row.account) ?? 0n) + row.netNano;
				running.set(row.account, cumNano);
				return {...row, cumNano};
			});
			running.set(grid, missing);
			running.set(addressOf(0xfff1), 0n);
			t.is(made.header.rowCount, rows.length);
			t.is(made.header.rowsRoot, rootOf('plain', full.map(rowLeaf)).hash);
			const balances = [...running]
				.sort(([a], [b]) => (a < b ? -1 : 1))
				.map(([account, cumNano]) => {
					const own = full.filter(row => row.account === account).length;
					return {account, cumNano, firstRow: own === 0 ? 0 : full.findIndex(row => row.account === account), rowCount: own};
				});
			t.deepEqual(made.balances, balances);
			const balancesRoot = rootOf('balances', balances.map(balanceLeaf));
			t.is(made.header.balancesRoot, balancesRoot.hash);
			t.is(balancesRoot.sums[0], balancesRoot.sums[1]);
			const {left, leftCredit, leftDebit, right, rightCredit, rightDebit} = made.balancesOpening;
			t.is(
				join('balances', {hash: left, sums: [leftCredit, leftDebit]}, {hash: right, sums: [rightCredit, rightDebit]}).hash,
				balancesRoot.hash,
			);
			t.is(
				made.headerHash,
				abiHash([
					['uint64', day],
					['uint32', rows.length],
					['bytes32', made.header.rowsRoot],
					['uint32', balances.length],
					['bytes32', made.header.balancesRoot],
				]),
			);
			for (const [at, row] of full.entries()) {
				const proof = made.rowProof(at);
				t.deepEqual(proof.row, row);
				t.true(isUnder(plainTree, bytesOf(made.header.rowsRoot), rowLeafRecord(row), at, proof.path));
				t.is(made.findRow(row.account, row.slot, row.meter), at);
			}
			for (const [at, balance] of balances.entries()) {
				const proof = made.balanceProof(balance.account)!;
				t.deepEqual([proof.index, proof.balance], [at, balance]);
				t.true(isUnder(balanceTree, bytesOf(made.header.balancesRoot), balanceLeafRecord(balance), at, proof.path));
				for (const change of [{cumNano: balance.cumNano + 1n}, {firstRow: balance.firstRow + 1}, {rowCount: balance.rowCount + 1}])
					t.false(isUnder(balanceTree, bytesOf(made.header.balancesRoot), balanceLeafRecord({...balance, ...change}), at, proof.path));
			}
			t.is(made.balanceProof(addressOf(0xabcd)), undefined);
			t.is(made.findRow(addressOf(1), 5, hashOf(1)), undefined);
			t.is(made.findRow(addressOf(0xabcd), 5, hashOf(1)), undefined);
		}),
		{numRuns: 300},
	);
});

test('a day whose money does not sum to zero is not committed to', t => {
	const builder = createDay(day);
	t.throws(() => builder.close(new Map([[addressOf(1), 1n]]), new Map([[grid, 0n]])), {message: /sum to zero: credits 1, debits 0/});
	t.throws(() => builder.close(new Map(), new Map()), {message: /is closed/});
});

test('one row of a day for an account, a slot and a meter; counter accounts have none', t => {
	const [row] = fc.sample(
		arbitraryRows.filter(({length}) => length > 0),
		{numRuns: 1, seed: 5},
	)[0]!;
	const twice = createDay(day);
	twice.add(row!);
	twice.add({...row!, netNano: 1n});
	t.throws(() => twice.close(new Map(), new Map([[grid, 0n]])), {message: /same account, slot and meter/});
	const mixed = createDay(day);
	mixed.add({...row!, account: grid});
	t.throws(() => mixed.close(new Map(), new Map([[grid, -row!.netNano]])), {message: /counter account/});
});

test('a thousand homes settle to a day whose counter accounts take what the homes paid', t => {
	const builder = createDay(day);
	const counters = new Map([grid, addressOf(0xfff1), addressOf(0xfff2)].map(account => [account, 0n]));
	const book = (account: string, amount: bigint): unknown => counters.set(account, counters.get(account)! + amount);
	for (let slot = 0; slot < 4; slot += 1) {
		const positions = Array.from({length: 1000}, (_, at) => ({
			account: addressOf(1 + at * 37),
			contractedWh: at % 2 === 0 ? 100 + (at >> 1) : -100 - (at >> 1),
			meteredWh: at % 7 === 0 ? undefined : ((at * 31 + slot * 17) % 900) - 450,
			usualImportWh: at % 50,
		}));
		const settled = settle(positions, {priceBuyMicroPerKwh: 190_000, priceSellMicroPerKwh: 180_000}, tariff);
		book(grid, settled.accounts.gridNano);
		book(addressOf(0xfff1), settled.accounts.retailerNano);
		book(addressOf(0xfff2), settled.accounts.poolNano);
		for (const {account, contractedWh, meteredWh, netNano} of settled.rows)
			builder.add({
				account,
				slot: day * 96 + slot,
				meter: hashOf(Number(account)),
				orderHash: zeroHash,
				contractedWh,
				meteredWh,
				usualImportWh: 0,
				flags: 0,
				importFrom: 0,
				importTo: 0,
				exportFrom: 0,
				exportTo: 0,
				netNano,
			});
	}
	const made = builder.close(new Map(), counters);
	t.is(made.header.rowCount, 4000);
	t.is(
		made.balances.reduce((sum, {cumNano}) => sum + cumNano, 0n),
		0n,
	);
	t.is(toPrefixedHex(dayHeaderHash(made.header)), made.headerHash);
	// The next day begins with what this one ended with.
	const next = createDay(day + 1).close(new Map(made.balances.map(({account, cumNano}) => [account, cumNano])), new Map());
	t.is(next.header.accountCount, made.header.accountCount);
	t.is(next.header.rowsRoot, zeroHash);
});
