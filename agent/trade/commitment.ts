// Turns what a market commits to into bytes: the leaves of its trees, the header of a slot, the header of a day. One page, so that every layout can be compared with the contract's.

import {readUint48, toPrefixedHex, uint48Max, viewOf, writeHex, writeUint48} from '../base/bytes.ts';
import {keccak256, keccak256Into} from '../base/hash.ts';
import {hashLength} from './sum-tree.ts';
import {modeCodes} from './typed-data.ts';

/** First byte of a leaf; none is the tag of a node, so that neither can be passed off as the other. */
const leafTags = {orderSet: 0x10, tier: 0x11, fill: 0x12, row: 0x13, balance: 0x14} as const;

export const zeroHash = `0x${'00'.repeat(32)}`;

/** An order that was acknowledged for a slot. */
export type OrderLeaf = {
	readonly sequence: number;
	readonly orderHash: string;
	/** Hash of the OrderCancellation or CounterIncrement that took it out before the gate; undefined if it stands. */
	readonly cancellation: string | undefined;
};

/** All orders of one side at one energy price. A sentinel has no quantity and no orders. */
export type TierLeaf = {
	/** As the contract has it, u64: the sentinel of the asks is beyond what a number holds. */
	readonly priceMicroPerKwh: bigint;
	readonly quantityWh: bigint;
	readonly ordersRoot: string;
};

/** What an order got. */
export type FillLeaf = {
	readonly sequence: number;
	readonly orderHash: string;
	readonly meter: string;
	/** The effective one: in metered mode no more than the meter showed. */
	readonly quantityWh: number;
	readonly fillWh: number;
};

export const rowFlags = {substituted: 1, spread: 2, adjusted: 4} as const;

/** A household's settled slot. Energy is net export: what was sold or fed in is positive. */
export type RowLeaf = {
	readonly account: string;
	readonly slot: number;
	readonly meter: string;
	/** The order that the contract comes from; undefined if there is none. */
	readonly orderHash: string | undefined;
	readonly contractedWh: number;
	readonly meteredWh: number;
	readonly usualImportWh: number;
	/** Sum of rowFlags. */
	readonly flags: number;
	/** Numbers of the entries at the boundaries; 0 for none. */
	readonly importFrom: number;
	readonly importTo: number;
	readonly exportFrom: number;
	readonly exportTo: number;
	readonly netNano: bigint;
	/** The account's balance after this row. */
	readonly cumNano: bigint;
};

/** An account at the end of a day. */
export type BalanceLeaf = {
	readonly account: string;
	readonly cumNano: bigint;
	/** Where its rows of this day begin, and how many there are; 0 and 0 if none. */
	readonly firstRow: number;
	readonly rowCount: number;
};

export type SlotHeader = {
	readonly slot: number;
	/** Version of tariff and rules that the slot was cleared by. */
	readonly paramsVersion: number;
	readonly mode: 'metered' | 'forward';
	readonly orderCount: number;
	/** Also the seed that breaks ties. */
	readonly orderSetRoot: string;
	readonly bidTiers: number;
	readonly bidRoot: string;
	readonly askTiers: number;
	readonly askRoot: string;
	/** With both prices, which are energy prices, zero if nothing is traded. */
	readonly volumeWh: number;
	readonly priceBuyMicroPerKwh: number;
	readonly priceSellMicroPerKwh: number;
};

export type DayHeader = {
	/** Days since 1970, UTC. */
	readonly day: number;
	readonly rowCount: number;
	readonly rowsRoot: string;
	readonly accountCount: number;
	readonly balancesRoot: string;
};

/** Bytes of each leaf. */
export const leafLengths = {orderSet: 73, tier: 49, fill: 89, row: 174, balance: 45} as const;

const sentinelPrices = {bids: 0n, asks: 2n ** 64n - 1n} as const;

/** What stands behind the last tier of a side. */
export function sentinelOf(side: 'bids' | 'asks'): TierLeaf {
	return {priceMicroPerKwh: sentinelPrices[side], quantityWh: 0n, ordersRoot: zeroHash};
}

export function isSentinel(tier: TierLeaf): boolean {
	return tier.quantityWh === 0n;
}

/** Writes numbers and names one behind the other, big-endian; what does not fit throws a RangeError. */
class Packer {
	readonly bytes: Uint8Array;
	/** Where the next field goes. */
	at: number;
	readonly #view: DataView;

	constructor(bytes: Uint8Array, offset = 0) {
		this.bytes = bytes;
		this.at = offset;
		this.#view = viewOf(bytes);
	}

	rewind(): this {
		this.at = 0;
		return this;
	}

	/** A hash, a name or an address, from its text. */
	hex(text: string, length: number): this {
		if (!writeHex(this.bytes, this.at, text, length))
			throw new RangeError(`"${text}" is not 0x and ${length} bytes in lower-case hexadecimal`);
		this.at += length;
		return this;
	}

	u8(value: number): this {
		whole(value, 0, 0xff);
		this.bytes[this.at] = value;
		this.at += 1;
		return this;
	}

	u32(value: number): this {
		whole(value, 0, 0xffff_ffff);
		this.#view.setUint32(this.at, value);
		this.at += 4;
		return this;
	}

	u48(value: number): this {
		whole(value, 0, uint48Max);
		writeUint48(this.#view, this.at, value);
		this.at += 6;
		return this;
	}

	u64(value: number): this {
		whole(value, 0, Number.MAX_SAFE_INTEGER);
		return this.#eight(value);
	}

	/** Two's complement. */
	i64(value: number): this {
		whole(value, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
		return this.#eight(value);
	}

	bigU64(value: bigint): this {
		if (BigInt.asUintN(64, value) !== value) throw new RangeError(`${value} does not fit into 64 bits`);
		this.#view.setBigUint64(this.at, value);
		this.at += 8;
		return this;
	}

	i128(value: bigint): this {
		writeInt128(this.#view, this.at, value);
		this.at += 16;
		return this;
	}

	#eight(value: number): this {
		const high = Math.floor(value / 0x1_0000_0000);
		this.#view.setInt32(this.at, high);
		this.#view.setUint32(this.at + 4, value - high * 0x1_0000_0000);
		this.at += 8;
		return this;
	}
}

export function writeInt128(view: DataView, offset: number, value: bigint): void {
	if (BigInt.asIntN(128, value) !== value) throw new RangeError(`${value} does not fit into 128 bits`);
	view.setBigInt64(offset, value >> 64n);
	view.setBigUint64(offset + 8, BigInt.asUintN(64, value));
}

function writeUint128(view: DataView, offset: number, value: bigint): void {
	view.setBigUint64(offset, value >> 64n);
	view.setBigUint64(offset + 8, BigInt.asUintN(64, value));
}

export function readInt128(view: DataView, offset: number): bigint {
	return (view.getBigInt64(offset) << 64n) | view.getBigUint64(offset + 8);
}

function whole(value: number, least: number, most: number): void {
	if (!Number.isSafeInteger(value) || value < least || value > most)
		throw new RangeError(`${value} is not a whole number from ${least} to ${most}`);
}

// Rows, as the bytes that are hashed.

/** Where the balance behind a row begins. */
export const rowCumOffset = leafLengths.row - 16;

export function rowLeafBytes(row: RowLeaf): Uint8Array {
	const bytes = new Uint8Array(leafLengths.row);
	writeRowLeaf(bytes, 0, row);
	writeInt128(viewOf(bytes), rowCumOffset, row.cumNano);
	return bytes;
}

/** A row's bytes at `offset`, but for the balance behind it. */
export function writeRowLeaf(target: Uint8Array, offset: number, row: Omit<RowLeaf, 'cumNano'>): void {
	new Packer(target, offset)
		.u8(leafTags.row)
		.hex(row.account, 20)
		.u64(row.slot)
		.hex(row.meter, 32)
		.hex(row.orderHash ?? zeroHash, 32)
		.i64(row.contractedWh)
		.i64(row.meteredWh)
		.u64(row.usualImportWh)
		.u8(row.flags)
		.u48(row.importFrom)
		.u48(row.importTo)
		.u48(row.exportFrom)
		.u48(row.exportTo)
		.i128(row.netNano);
}

/** The reverse of rowLeafBytes, for bytes that this file wrote. */
export function readRowLeaf(bytes: Uint8Array): RowLeaf {
	const view = viewOf(bytes);
	const hex = (offset: number, length: number): string => toPrefixedHex(bytes.subarray(offset, offset + length));
	const i64 = (offset: number): number => view.getInt32(offset) * 0x1_0000_0000 + view.getUint32(offset + 4);
	const orderHash = hex(61, 32);
	return {
		account: hex(1, 20),
		slot: i64(21),
		meter: hex(29, 32),
		orderHash: orderHash === zeroHash ? undefined : orderHash,
		contractedWh: i64(93),
		meteredWh: i64(101),
		usualImportWh: i64(109),
		flags: bytes[117]!,
		importFrom: readUint48(view, 118),
		importTo: readUint48(view, 124),
		exportFrom: readUint48(view, 130),
		exportTo: readUint48(view, 136),
		netNano: readInt128(view, 142),
		cumNano: readInt128(view, rowCumOffset),
	};
}

// Records: a leaf's hash and its sums, as a tree has them. A slot has thousands, so that each is packed where the one before was, and written into the tree at once.

const packers = {
	orderSet: new Packer(new Uint8Array(leafLengths.orderSet)),
	tier: new Packer(new Uint8Array(leafLengths.tier)),
	fill: new Packer(new Uint8Array(leafLengths.fill)),
	balance: new Packer(new Uint8Array(leafLengths.balance)),
};

/** Writes the record of a leaf into `target` at `offset`. */
export type RecordWriter<Leaf> = (leaf: Leaf, target: Uint8Array, offset: number) => void;

export const writeOrderRecord: RecordWriter<OrderLeaf> = ({sequence, orderHash, cancellation}, target, offset) => {
	const {bytes} = packers.orderSet
		.rewind()
		.u8(leafTags.orderSet)
		.u64(sequence)
		.hex(orderHash, 32)
		.hex(cancellation ?? zeroHash, 32);
	keccak256Into(bytes, target, offset);
};

export const writeTierRecord: RecordWriter<TierLeaf> = ({priceMicroPerKwh, quantityWh, ordersRoot}, target, offset) => {
	const {bytes} = packers.tier.rewind().u8(leafTags.tier).bigU64(priceMicroPerKwh).bigU64(quantityWh).hex(ordersRoot, 32);
	keccak256Into(bytes, target, offset);
	// The sum of a leaf is its quantity, which lies in its bytes as it does in a record.
	target.set(bytes.subarray(9, 17), offset + hashLength);
};

export const writeFillRecord: RecordWriter<FillLeaf> = ({sequence, orderHash, meter, quantityWh, fillWh}, target, offset) => {
	const {bytes} = packers.fill.rewind().u8(leafTags.fill).u64(sequence).hex(orderHash, 32).hex(meter, 32).u64(quantityWh).u64(fillWh);
	keccak256Into(bytes, target, offset);
	target.set(bytes.subarray(73, 89), offset + hashLength);
};

/** A credit and a debit, one of them zero. */
export const writeBalanceRecord: RecordWriter<BalanceLeaf> = ({account, cumNano, firstRow, rowCount}, target, offset) => {
	const {bytes} = packers.balance.rewind().u8(leafTags.balance).hex(account, 20).i128(cumNano).u32(firstRow).u32(rowCount);
	keccak256Into(bytes, target, offset);
	const view = viewOf(target);
	const isDebit = cumNano < 0n;
	writeUint128(view, offset + hashLength, isDebit ? 0n : cumNano);
	writeUint128(view, offset + hashLength + 16, isDebit ? -cumNano : 0n);
};

const recordOf =
	<Leaf>(write: RecordWriter<Leaf>, length: number): ((leaf: Leaf) => Uint8Array) =>
	leaf => {
		const record = new Uint8Array(length);
		write(leaf, record, 0);
		return record;
	};

export const orderLeafRecord = recordOf(writeOrderRecord, hashLength);
export const tierLeafRecord = recordOf(writeTierRecord, hashLength + 8);
export const fillLeafRecord = recordOf(writeFillRecord, hashLength + 16);
export const balanceLeafRecord = recordOf(writeBalanceRecord, hashLength + 32);

export function rowLeafRecord(row: RowLeaf): Uint8Array {
	return keccak256(rowLeafBytes(row));
}

// Headers, hashed as abi.encode has them: a word of 32 bytes for each field.

export function slotHeaderHash(header: SlotHeader): Uint8Array {
	return keccak256(
		abiWords([
			header.slot,
			header.paramsVersion,
			modeCodes[header.mode],
			header.orderCount,
			header.orderSetRoot,
			header.bidTiers,
			header.bidRoot,
			header.askTiers,
			header.askRoot,
			header.volumeWh,
			header.priceBuyMicroPerKwh,
			header.priceSellMicroPerKwh,
		]),
	);
}

export function dayHeaderHash(header: DayHeader): Uint8Array {
	return keccak256(abiWords([header.day, header.rowCount, header.rowsRoot, header.accountCount, header.balancesRoot]));
}

/** Numbers below 2^53, and hashes. */
function abiWords(fields: readonly (number | string)[]): Uint8Array {
	const words = new Uint8Array(32 * fields.length);
	const view = viewOf(words);
	for (const [at, field] of fields.entries()) {
		if (typeof field === 'string') {
			if (!writeHex(words, 32 * at, field, 32)) throw new RangeError(`"${field}" is not 0x and 32 bytes in lower-case hexadecimal`);
			continue;
		}
		whole(field, 0, Number.MAX_SAFE_INTEGER);
		view.setBigUint64(32 * at + 24, BigInt(field));
	}
	return words;
}
