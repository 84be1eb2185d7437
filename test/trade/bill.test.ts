import test from 'ava';
import fc from 'fast-check';
import {type BilledRow, billCsv, billJson, billOf, type SlotTerms} from '../../agent/trade/bill.ts';
import {settle} from '../../agent/trade/settle.ts';
import {hashOf, tariff} from './world.ts';

const slot = 1_980_044;
const terms: SlotTerms = {...tariff, priceBuyMicroPerKwh: 180_000, priceSellMicroPerKwh: 180_000};
const options = {market: 'street', account: 'A', currency: 'EUR', from: slot, to: slot + 96, openingNano: 0n};

const rowOf = (account: string, at: number, contractedWh: number, meteredWh: number, flags = 0): BilledRow => {
	const [settled] = settle(
		[
			{account, contractedWh, meteredWh, usualImportWh: 0},
			{account: 'the others', contractedWh: -contractedWh, meteredWh: 0, usualImportWh: 0},
		],
		terms,
		tariff,
	).rows;
	const {netNano} = settled!;
	return {
		account,
		slot: at,
		meter: hashOf(7),
		orderHash: contractedWh === 0 ? undefined : hashOf(1),
		contractedWh,
		meteredWh,
		flags,
		importFrom: 0,
		importTo: 0,
		exportFrom: 11,
		exportTo: 26,
		netNano,
	};
};

test('the worked example is billed with its parts, exact to the last digit', t => {
	const bill = billOf({...options, openingNano: -5n}, [rowOf('A', slot, 1000, 600)], () => terms);
	const [line] = bill.lines;
	t.deepEqual(
		[line!.energyNano, line!.imbalanceNano, line!.gridFeeNano, line!.netNano, line!.withoutMarketNano, line!.balanceNano],
		[180_000_000n, -104_000_000n, 0n, 76_000_000n, 48_000_000n, 75_999_995n],
	);
	t.is(bill.closingNano, 75_999_995n);
	const [header, first, rest] = billCsv(bill).split('\r\n');
	const cells = Object.fromEntries(header!.split(',').map((name, i) => [name, first!.split(',')[i]]));
	t.is(rest, '');
	t.like(cells, {
		slot_start_utc: '2026-06-21T11:00:00.000Z',
		contracted_wh: '1000',
		metered_wh: '600',
		deviation_wh: '-400',
		price_micro_per_kwh: '180000',
		price_per_kwh: '0.180000',
		net_nano: '76000000',
		net: '0.076000000',
		imbalance: '-0.104000000',
		balance: '0.075999995',
		currency: 'EUR',
		flags: '',
		import_from: '',
		export_to: '26',
	});
	const json = JSON.parse(billJson(bill)) as {totals: Record<string, unknown>; lines: Record<string, unknown>[]; opening: unknown};
	t.deepEqual(json.opening, {nano: '-5', EUR: '-0.000000005'});
	t.deepEqual(json.totals.net, {nano: '76000000', EUR: '0.076000000'});
	t.is(json.lines[0]!.order, hashOf(1));
});

test('a bill takes the rows of its account and its slots alone, by slot, and its totals are what they sum to', t => {
	const arbitraryRows = fc.array(
		fc.record({
			account: fc.constantFrom('A', 'B'),
			at: fc.integer({min: -3, max: 99}),
			c: fc.integer({min: -500, max: 500}),
			m: fc.integer({min: -500, max: 500}),
		}),
		{maxLength: 30},
	);
	fc.assert(
		fc.property(arbitraryRows, list => {
			const rows = list.map(({account, at, c, m}) => rowOf(account, slot + at, c, m));
			const bill = billOf(options, rows, () => terms);
			const own = rows.filter(row => row.account === 'A' && row.slot >= slot && row.slot < slot + 96);
			t.is(bill.lines.length, own.length);
			t.is(
				bill.totals.netNano,
				own.reduce((sum, {netNano}) => sum + netNano, 0n),
			);
			t.is(bill.closingNano, bill.totals.netNano);
			t.is(bill.totals.energyNano + bill.totals.imbalanceNano + bill.totals.gridFeeNano, bill.totals.netNano);
			t.is(bill.totals.exportWh - bill.totals.importWh, BigInt(own.reduce((sum, {meteredWh}) => sum + meteredWh, 0)));
			for (const [i, line] of bill.lines.entries()) if (i > 0) t.true(line.slot >= bill.lines[i - 1]!.slot);
			t.is(billCsv(bill).split('\r\n').length, own.length + 2);
		}),
	);
});

test('a row whose amount does not follow from it is no line of a bill, unless it adjusts an earlier one', t => {
	const row = rowOf('A', slot, 100, 90);
	t.throws(() => billOf(options, [{...row, netNano: row.netNano + 1n}], () => terms), {message: /the row says .* nano; its parts sum to/});
	const bill = billOf(options, [{...row, netNano: -500n, flags: 4 + 1}], () => terms);
	const [line] = bill.lines;
	t.deepEqual([line!.adjustmentNano, line!.energyNano, bill.totals.netNano, bill.totals.soldWh], [-500n, 0n, -500n, 0n]);
	t.regex(billCsv(bill), /,substituted adjusted,/);
});

test('names that come from outside are never run as formulas', t => {
	const row = {...rowOf('=1+1', slot, 0, 5), meter: '@SUM(A1)'};
	const csv = billCsv(billOf({...options, account: '=1+1', market: '-cmd', currency: '+EUR'}, [row], () => terms));
	t.regex(csv, /,'-cmd,'=1\+1,'@SUM\(A1\),/);
	t.regex(csv, /,'\+EUR,/);
});
