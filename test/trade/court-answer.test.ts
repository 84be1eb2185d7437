// What answers a court: the right call for each thing that may be asked, with paths that lead to the roots, and a sentence where there is nothing to show.
import test from 'ava';
import {fromHex, toPrefixedHex} from '../../agent/base/bytes.ts';
import {fillLeafRecord, orderLeafRecord, rowLeafRecord, tierLeafRecord, zeroHash} from '../../agent/trade/commitment.ts';
import {
	type Asked,
	type CourtAnswer,
	dayAnswer,
	isOfDay,
	leafCodes,
	readingNumbersOf,
	type SignedParts,
	signedPlaceOf,
	slotAnswer,
	slotNeededBy,
} from '../../agent/trade/court-answer.ts';
import {createDay, type DayRow} from '../../agent/trade/day.ts';
import type {SlotEnergy} from '../../agent/trade/meter.ts';
import {clearSlot, type SetOrder} from '../../agent/trade/slot-clearing.ts';
import {climb, fillTree, isUnder, plainTree, recordLengthOf, tierTree} from '../../agent/trade/sum-tree.ts';
import {createMarketWorld, firstSlot, hashText} from './market-world.ts';
import {tariff} from './world.ts';

const orders: readonly SetOrder[] = (
	[
		['sell', 1000, 100_000],
		['buy', 400, 280_000],
		['buy', 300, 280_000],
		['buy', 200, 260_000],
		['sell', 500, 90_000],
	] as const
).map(([side, quantityWh, limitMicroPerKwh], at) => ({
	hash: hashText(`order ${at}`),
	sequence: at + 1,
	trader: `0x${`${at + 1}`.repeat(40)}`,
	meter: hashText(`meter ${at}`),
	side,
	quantityWh,
	limitMicroPerKwh,
	minQuantityWh: 0,
	cancellation: at === 4 ? hashText('a cancellation') : undefined,
}));
const {commitment} = clearSlot({
	slot: firstSlot,
	paramsVersion: 1,
	mode: 'forward',
	rules: {...tariff, pricing: 'auction', lineLimitWh: undefined},
	set: orders,
	netExportWh: undefined,
});
const asking = (fields: Partial<Asked>): Asked => ({
	leaf: leafCodes.orderInSet,
	number: firstSlot,
	commit: commitment.headerHash,
	side: 0,
	index: 0,
	other: 0,
	hash: zeroHash,
	...fields,
});
const nameOf = (answer: CourtAnswer): string => ('why' in answer ? `why: ${answer.why}` : answer.name);
const partOf = <T>(answer: CourtAnswer, at: number): T => ('why' in answer ? undefined : answer.values[at]) as T;
const pathOf = (packed: string, length: number): Uint8Array[] => {
	const bytes = fromHex(packed.slice(2))!;
	return Array.from({length: bytes.length / length}, (_, at) => bytes.subarray(at * length, (at + 1) * length));
};
const rootOf = (text: string): Uint8Array => fromHex(text.slice(2))!;

test('each leaf of a slot is shown under its root', t => {
	for (const index of orders.keys()) {
		const answer = slotAnswer(asking({index}), commitment, undefined);
		t.is(nameOf(answer), 'showOrderInSet');
		const {path} = partOf<{path: string}>(answer, 1);
		const record = orderLeafRecord(commitment.orderSet.leaves[index]!);
		t.true(isUnder(plainTree, rootOf(commitment.header.orderSetRoot), record, index, pathOf(path, 32)));
	}
	for (const [side, code] of [
		['bids', 1],
		['asks', 2],
	] as const) {
		const root = rootOf(side === 'bids' ? commitment.header.bidRoot : commitment.header.askRoot);
		for (const [index, {leaf, fillLeaves}] of commitment[side].tiers.entries()) {
			const tier = slotAnswer(asking({leaf: leafCodes.tier, side: code, index}), commitment, undefined);
			t.is(nameOf(tier), 'showTier');
			const {path} = partOf<{path: string}>(tier, 1);
			t.true(isUnder(tierTree, root, tierLeafRecord(leaf), index, pathOf(path, recordLengthOf(tierTree))));
			for (const [other, fill] of fillLeaves.entries()) {
				const answer = slotAnswer(asking({leaf: leafCodes.fill, side: code, index, other}), commitment, undefined);
				t.is(nameOf(answer), 'showFill');
				const shown = pathOf(partOf<{path: string}>(answer, 1).path, recordLengthOf(fillTree));
				t.true(isUnder(fillTree, rootOf(leaf.ordersRoot), fillLeafRecord(fill), other, shown));
			}
		}
	}
	// Padding within the tree of a tier, and a place beyond it.
	const beyond = slotAnswer(asking({leaf: leafCodes.fill, side: 1, index: 0, other: 2}), commitment, undefined);
	t.deepEqual([nameOf(beyond), partOf(beyond, 2), partOf(beyond, 3)], ['showNoFill', 2, '0x']);
	t.is(nameOf(slotAnswer(asking({leaf: leafCodes.forcedOrder, hash: orders[3]!.hash}), commitment, undefined)), 'showForced');
});

test('what was signed is shown for orders that stand and for what took others out', async t => {
	const world = await createMarketWorld(t, {homes: 1});
	const order = world.order(0, {});
	const signed: SignedParts = {order, granted: undefined, takenOut: undefined};
	const body = asking({leaf: leafCodes.orderBody});
	t.is(signedPlaceOf(body, commitment), 0);
	const answer = slotAnswer(body, commitment, signed);
	t.deepEqual([nameOf(answer), partOf(answer, 3), partOf(answer, 5)], ['showOrder', order.signature, '0x']);
	const {side, mode, salt} = partOf<{side: number; mode: number; salt: bigint}>(answer, 2);
	t.deepEqual([side, mode, salt], [2, 2, BigInt(order.salt)]);
	t.regex(nameOf(slotAnswer(body, commitment, undefined)), /^why: what was signed about order 0x[0-9a-f]{64} is not in the log$/);
	// Of an order that is out its body is not asked for, and of one that stands nothing that took it out.
	t.is(signedPlaceOf({...body, index: 4}, commitment), undefined);
	t.is(nameOf(slotAnswer({...body, index: 4}, commitment, undefined)), 'showOrder');
	const out = asking({leaf: leafCodes.cancellation, index: 4});
	t.is(signedPlaceOf(out, commitment), 4);
	t.is(signedPlaceOf({...out, index: 0}, commitment), undefined);
	t.is(nameOf(slotAnswer({...out, index: 0}, commitment, undefined)), 'showCancellation');
	const takenOut = {counter: 3, hashes: [], signature: '', granted: undefined};
	const shown = slotAnswer(out, commitment, {...signed, takenOut});
	t.deepEqual(partOf(shown, 3), {isCounter: true, counter: 3, hashes: [], signature: '0x'});
	t.regex(nameOf(slotAnswer(out, commitment, signed)), /^why: what took order/);
});

test('rows, contracts and balances of a day are shown, and what is nowhere is said to be', t => {
	const rowOf = (at: number, contractedWh: number): DayRow => ({
		account: orders[at]!.trader,
		slot: firstSlot,
		meter: orders[at]!.meter,
		orderHash: contractedWh === 0 ? undefined : orders[at]!.hash,
		contractedWh,
		meteredWh: contractedWh,
		usualImportWh: 0,
		flags: 0,
		importFrom: 1,
		importTo: 2,
		exportFrom: 3,
		exportTo: 4,
		netNano: 0n,
	});
	const builder = createDay(firstSlot / 96);
	builder.add(rowOf(0, 900));
	builder.add(rowOf(4, 0));
	const day = builder.close(new Map(), new Map());
	const ofDay = (fields: Partial<Asked>): Asked => asking({number: day.header.day, commit: day.headerHash, ...fields});
	const contract = ofDay({leaf: leafCodes.rowContract});
	t.deepEqual([contract, asking({})].map(isOfDay), [true, false]);
	t.deepEqual([slotNeededBy(contract, day), slotNeededBy({...contract, index: 1}, day)], [firstSlot, undefined]);
	t.is(nameOf(dayAnswer(contract, day, commitment)), 'showContract');
	t.is(nameOf(dayAnswer({...contract, index: 1}, day, undefined)), 'showContract');
	t.regex(nameOf(dayAnswer(contract, day, undefined)), /^why: the contract of row 0/);
	const row = dayAnswer(ofDay({leaf: leafCodes.row, index: 1}), day, undefined);
	const {path} = partOf<{path: string}>(row, 1);
	t.is(toPrefixedHex(climb(plainTree, rowLeafRecord(day.rowAt(1)), 1, pathOf(path, 32))!.rootRecord), day.header.rowsRoot);
	t.is(nameOf(dayAnswer(ofDay({leaf: leafCodes.balance, index: 1}), day, undefined)), 'showBalance');
	const commit = hashText('another header');
	for (const answer of [
		dayAnswer(ofDay({leaf: leafCodes.balance, index: 2}), day, undefined),
		dayAnswer(ofDay({leaf: leafCodes.row, index: 2}), day, undefined),
		dayAnswer(ofDay({leaf: leafCodes.row, commit}), day, undefined),
		slotAnswer(asking({commit}), commitment, undefined),
		slotAnswer(asking({index: 5}), commitment, undefined),
		slotAnswer(asking({leaf: leafCodes.tier, side: 2, index: 2}), commitment, undefined),
		slotAnswer(asking({leaf: leafCodes.forcedOrder, hash: commit}), commitment, undefined),
		slotAnswer(asking({leaf: 10}), commitment, undefined),
	])
		t.regex(nameOf(answer), /^why: /);
});

test('a reading is shown from the entries that its row names, and not where it was guessed or spread', t => {
	const known: SlotEnergy = {energyWh: 5, spread: false, fromNumber: 7, toNumber: 9};
	const unknown: SlotEnergy = {energyWh: undefined, spread: false, fromNumber: undefined, toNumber: undefined};
	const both = {imported: known, exported: {...known, fromNumber: 8}};
	t.deepEqual(readingNumbersOf(undefined, both), {importFrom: 7, importTo: 9, exportFrom: 8, exportTo: 9});
	const row = {...createRow(), importFrom: 1, importTo: 2, exportFrom: 3, exportTo: 4};
	t.deepEqual(readingNumbersOf(row, both), {importFrom: 1, importTo: 2, exportFrom: 3, exportTo: 4});
	for (const found of [
		readingNumbersOf(undefined, {...both, imported: unknown}),
		readingNumbersOf(undefined, {...both, exported: {...known, spread: true}}),
		readingNumbersOf({...row, flags: 1}, both),
		readingNumbersOf({...row, flags: 2}, both),
		readingNumbersOf({...row, exportFrom: 0, exportTo: 0}, both),
	])
		t.true('why' in found);
});

function createRow() {
	const at = {account: orders[0]!.trader, slot: firstSlot, meter: orders[0]!.meter, orderHash: undefined};
	const sums = {contractedWh: 0, meteredWh: 0, usualImportWh: 0, flags: 0, netNano: 0n, cumNano: 0n};
	return {...at, ...sums, importFrom: 0, importTo: 0, exportFrom: 0, exportTo: 0};
}
