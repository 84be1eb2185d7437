// Turns the settled rows of a day into what is posted of it: every account's running balance, a tree of rows, a tree of balances, and proofs of either.

import {toPrefixedHex, viewOf} from '../base/bytes.ts';
import {keccak256Into} from '../base/hash.ts';
import {
	type BalanceLeaf,
	type DayHeader,
	dayHeaderHash,
	leafLengths,
	type RowLeaf,
	readInt128,
	readRowLeaf,
	rowCumOffset,
	writeBalanceRecord,
	writeInt128,
	writeRowLeaf,
} from './commitment.ts';
import {balanceTree, buildTree, hashLength, plainTree, recordLengthOf, sumsOf, type Tree} from './sum-tree.ts';

/** A row before its account's balance is known. */
export type DayRow = Omit<RowLeaf, 'cumNano'>;

export type RowProof = {readonly index: number; readonly row: RowLeaf; readonly path: readonly Uint8Array[]};
export type BalanceProof = {readonly index: number; readonly balance: BalanceLeaf; readonly path: readonly Uint8Array[]};

/** The two children of the tree of balances: what shows that credits and debits are equal. */
export type BalancesOpening = {
	readonly left: string;
	readonly leftCredit: bigint;
	readonly leftDebit: bigint;
	readonly right: string;
	readonly rightCredit: bigint;
	readonly rightDebit: bigint;
};

export type DayCommitment = {
	readonly header: DayHeader;
	readonly headerHash: string;
	readonly balancesOpening: BalancesOpening;
	/** By rising address; what the next day begins with. */
	readonly balances: readonly BalanceLeaf[];
	/** Row of that place; rows come by account, slot and meter. */
	readonly rowAt: (index: number) => RowLeaf;
	readonly rowProof: (index: number) => RowProof;
	/** undefined if the account has no balance. */
	readonly balanceProof: (account: string) => BalanceProof | undefined;
	/** Place of a row; undefined if there is none. */
	readonly findRow: (account: string, slot: number, meter: string) => number | undefined;
};

export type DayBuilder = {
	/** Takes a row in any order. */
	readonly add: (row: DayRow) => void;
	/**
	 * Commits to the day. `opening` has the balance of every account that ever had a row or a deposit, zero if it is new. `counters` has what the grid, the retailer and the
	 * pool got this day. Opening, rows and counters MUST sum to zero. A builder closes once.
	 */
	readonly close: (opening: ReadonlyMap<string, bigint>, counters: ReadonlyMap<string, bigint>) => DayCommitment;
};

/** 2^16 households of 96 slots fit. */
export const dayRowsMax = 2 ** 23;
export const dayAccountsMax = 2 ** 20;

/** Rows are packed as they come, this many to a piece, so that nothing of a million rows is copied or kept as an object. */
const pieceRows = 4096;

export function createDay(day: number): DayBuilder {
	const rowLength = leafLengths.row;
	const pieces: Uint8Array[] = [];
	const accountIds = new Map<string, number>();
	const slotIds = new Map<number, number>();
	/** By row: its account and slot, as the ids above. */
	let rowAccounts = new Uint32Array(pieceRows);
	let rowSlots = new Uint32Array(pieceRows);
	let [rowCount, isClosed] = [0, false];

	const bytesOf = (row: number): Uint8Array => {
		const at = (row % pieceRows) * rowLength;
		return pieces[Math.floor(row / pieceRows)]!.subarray(at, at + rowLength);
	};

	const add = (row: DayRow): void => {
		if (isClosed) throw new RangeError(`day ${day} is closed`);
		if (rowCount === dayRowsMax) throw new RangeError(`a day holds at most ${dayRowsMax} rows`);
		if (rowCount % pieceRows === 0) {
			pieces.push(new Uint8Array(pieceRows * rowLength));
			if (rowCount === rowAccounts.length) [rowAccounts, rowSlots] = [doubled(rowAccounts), doubled(rowSlots)];
		}
		writeRowLeaf(pieces.at(-1)!, (rowCount % pieceRows) * rowLength, row);
		rowAccounts[rowCount] = idOf(accountIds, row.account);
		rowSlots[rowCount] = idOf(slotIds, row.slot);
		rowCount += 1;
	};

	const close: DayBuilder['close'] = (opening, counters) => {
		if (isClosed) throw new RangeError(`day ${day} is closed`);
		isClosed = true;
		// Lower-case text sorts as the bytes do.
		const accounts = [...new Set([...accountIds.keys(), ...opening.keys(), ...counters.keys()])].sort();
		if (accounts.length > dayAccountsMax) throw new RangeError(`a day holds at most ${dayAccountsMax} accounts, not ${accounts.length}`);
		const order = sortRows(
			rowCount,
			rowAccounts,
			rowSlots,
			ranksOf(accountIds, accounts),
			ranksOf(
				slotIds,
				[...slotIds.keys()].sort((a, b) => a - b),
			),
			bytesOf,
		);

		// Balances run through the rows, which lie together account by account.
		const leaves = new Uint8Array(hashLength * rowCount);
		const accountOfId = [...accountIds.keys()];
		const balances: BalanceLeaf[] = [];
		let at = 0;
		for (const account of accounts) {
			let cumNano = opening.get(account) ?? 0n;
			const firstRow = at;
			for (; at < rowCount && accountOfId[rowAccounts[order[at]!]!] === account; at += 1) {
				const bytes = bytesOf(order[at]!);
				const view = viewOf(bytes);
				cumNano += readInt128(view, rowCumOffset - 16);
				writeInt128(view, rowCumOffset, cumNano);
				keccak256Into(bytes, leaves, hashLength * at);
			}
			const own = at - firstRow;
			balances.push({account, cumNano: cumNano + (counters.get(account) ?? 0n), firstRow: own === 0 ? 0 : firstRow, rowCount: own});
			if (own > 0 && counters.has(account)) throw new RangeError(`${account} is a counter account and has rows of its own`);
		}
		const rows = buildTree(plainTree, leaves);
		const balanceTreeOfDay = balancesTree(balances);
		const [credit, debit] = sumsOf(balanceTree, balanceTreeOfDay.rootRecord);
		if (credit !== debit) throw new RangeError(`money of day ${day} does not sum to zero: credits ${credit}, debits ${debit} nano`);

		const header: DayHeader = {
			day,
			rowCount,
			rowsRoot: toPrefixedHex(rows.root),
			accountCount: balances.length,
			balancesRoot: toPrefixedHex(balanceTreeOfDay.root),
		};
		const rowAt = (index: number): RowLeaf => {
			if (!Number.isSafeInteger(index) || index < 0 || index >= rowCount) throw new RangeError(`day ${day} has no row ${index}`);
			return readRowLeaf(bytesOf(order[index]!));
		};
		const findBalance = (account: string): number => {
			const found = lowest(balances.length, middle => balances[middle]!.account >= account);
			return balances[found]?.account === account ? found : -1;
		};
		return {
			header,
			headerHash: toPrefixedHex(dayHeaderHash(header)),
			balancesOpening: openingOf(balanceTreeOfDay),
			balances,
			rowAt,
			rowProof: index => ({index, row: rowAt(index), path: rows.path(index)}),
			balanceProof: account => {
				const index = findBalance(account);
				return index < 0 ? undefined : {index, balance: balances[index]!, path: balanceTreeOfDay.path(index)};
			},
			findRow: (account, slot, meter) => {
				const {firstRow, rowCount: own} = balances[findBalance(account)] ?? {firstRow: 0, rowCount: 0};
				const found = lowest(own, middle => {
					const row = rowAt(firstRow + middle);
					return row.slot > slot || (row.slot === slot && row.meter >= meter);
				});
				const row = found < own ? rowAt(firstRow + found) : undefined;
				return row?.slot === slot && row.meter === meter ? firstRow + found : undefined;
			},
		};
	};

	return {add, close};
}

/** The least of 0 … count−1 for which `isEnough` holds, which then holds for all above it; `count` if there is none. */
function lowest(count: number, isEnough: (middle: number) => boolean): number {
	let [low, high] = [0, count];
	while (low < high) {
		const middle = Math.floor((low + high) / 2);
		if (isEnough(middle)) high = middle;
		else low = middle + 1;
	}
	return low;
}

function idOf<Key>(ids: Map<Key, number>, key: Key): number {
	let id = ids.get(key);
	if (id === undefined) {
		id = ids.size;
		ids.set(key, id);
	}
	return id;
}

/** By id, the place of its key among the sorted ones. */
function ranksOf<Key>(ids: ReadonlyMap<Key, number>, sorted: readonly Key[]): Uint32Array {
	const ranks = new Uint32Array(ids.size);
	for (const [rank, key] of sorted.entries()) {
		const id = ids.get(key);
		if (id !== undefined) ranks[id] = rank;
	}
	return ranks;
}

/** The rows by account, slot and meter. Account, slot and place go into one number, which sorts a million of them without comparing a byte. */
function sortRows(
	rowCount: number,
	rowAccounts: Uint32Array,
	rowSlots: Uint32Array,
	accountRanks: Uint32Array,
	slotRanks: Uint32Array,
	bytesOf: (row: number) => Uint8Array,
): Uint32Array {
	const slotCount = Math.max(1, slotRanks.length);
	if (dayAccountsMax * slotCount * dayRowsMax > 2 ** 53) throw new RangeError(`a day's rows are of at most 1024 slots, not ${slotCount}`);
	const groupOf = (row: number): number => accountRanks[rowAccounts[row]!]! * slotCount + slotRanks[rowSlots[row]!]!;
	const keys = new Float64Array(rowCount);
	for (let row = 0; row < rowCount; row += 1) keys[row] = groupOf(row) * dayRowsMax + row;
	keys.sort();
	const order = new Uint32Array(rowCount);
	const meterOf = (row: number): Uint8Array => bytesOf(row).subarray(29, 61);
	for (let at = 0; at < rowCount; at += 1) {
		const row = keys[at]! % dayRowsMax;
		// An account with several meters has several rows in a slot: few, so that they are put into place one by one.
		let to = at;
		for (; to > 0 && groupOf(order[to - 1]!) === groupOf(row); to -= 1) {
			const side = compareBytes(meterOf(order[to - 1]!), meterOf(row));
			if (side === 0) throw new RangeError('two rows of a day have the same account, slot and meter');
			if (side < 0) break;
			order[to] = order[to - 1]!;
		}
		order[to] = row;
	}
	return order;
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
	for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return a[i]! - b[i]!;
	return 0;
}

function balancesTree(balances: readonly BalanceLeaf[]): Tree {
	const length = recordLengthOf(balanceTree);
	const records = new Uint8Array(length * balances.length);
	for (const [at, balance] of balances.entries()) writeBalanceRecord(balance, records, at * length);
	return buildTree(balanceTree, records);
}

function openingOf(tree: Tree): BalancesOpening {
	if (tree.depth === 0) throw new RangeError('a day has fewer than two accounts');
	const right = tree.path(0)[tree.depth - 1]!;
	const left = tree.path(2 ** tree.depth - 1)[tree.depth - 1]!;
	const [leftCredit, leftDebit] = sumsOf(balanceTree, left);
	const [rightCredit, rightDebit] = sumsOf(balanceTree, right);
	return {
		left: toPrefixedHex(left.subarray(0, hashLength)),
		leftCredit: leftCredit!,
		leftDebit: leftDebit!,
		right: toPrefixedHex(right.subarray(0, hashLength)),
		rightCredit: rightCredit!,
		rightDebit: rightDebit!,
	};
}

function doubled(list: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
	const longer = new Uint32Array(2 * list.length);
	longer.set(list);
	return longer;
}
