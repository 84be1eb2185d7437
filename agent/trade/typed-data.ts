// Turns orders and the other things that are signed in a market into their EIP-712 digests, and signatures into addresses.

import {concatBytes, fromHex, toPrefixedHex, utf8, viewOf, writeHex} from '../base/bytes.ts';
import {keccak256} from '../base/hash.ts';
import {recoverAddress, signatureLength} from '../base/secp256k1.ts';

/** Where a signature counts. In statement mode, without a contract, the contract is the zero address. */
export type Domain = {
	readonly chainId: number;
	/** Of EnergyMarket; 0x and 40 lower-case hexadecimal digits, as every address here. */
	readonly verifyingContract: string;
};

export const domainName = 'Kedge Energy Market';
export const domainVersion = '1';

/** What a trader signs. Numbers are whole and below 2^53; bytes32 are 0x and 64 lower-case hexadecimal digits. */
export type OrderFields = {
	readonly trader: string;
	/** keccak256 of the market's name. */
	readonly market: string;
	/** keccak256 of the meter's URN. */
	readonly meter: string;
	readonly side: 'buy' | 'sell';
	readonly mode: 'metered' | 'forward';
	readonly slotFrom: number;
	readonly slotCount: number;
	readonly quantityWh: number;
	readonly limitMicroPerKwh: number;
	readonly minQuantityWh: number;
	/** Seconds since 1970; the order stands for slots whose gate is not later. */
	readonly validUntil: number;
	/** The trader's counter on the chain. */
	readonly counter: number;
	/** 0 … 2^256 − 1. */
	readonly salt: bigint;
};

/** Takes orders out until their gate. */
export type CancellationFields = {readonly hashes: readonly string[]};

/** Takes out every order with a lower counter, for slots whose gate is later. */
export type CounterIncrementFields = {readonly trader: string; readonly market: string; readonly counter: number};

/** Lets an agent's key sign orders for one meter within limits, so that the owner's key can stay cold. */
export type DelegationFields = {
	readonly owner: string;
	readonly agent: string;
	readonly market: string;
	readonly meter: string;
	readonly maxWhPerSlot: number;
	readonly minSellMicroPerKwh: number;
	readonly maxBuyMicroPerKwh: number;
	/** Seconds since 1970, both ends included. */
	readonly notBefore: number;
	readonly notAfter: number;
	/** 0 … 2^256 − 1. */
	readonly nonce: bigint;
};

/** The digest of the delegation that no longer counts. */
export type RevocationFields = {readonly delegation: string};

/** The operator's word that it has an order: what it leaves out afterwards, this proves. */
export type AcknowledgementFields = {
	readonly orderHash: string;
	readonly market: string;
	/** The order's first slot. */
	readonly slot: number;
	readonly sequence: number;
	/** Seconds since 1970. */
	readonly receivedAt: number;
};

/** The operator's word on how a slot was cleared. */
export type SlotStatementFields = {readonly market: string; readonly slot: number; readonly headerHash: string};

/** Lets an account be paid at another address, as one that the token refuses must be. */
export type PayoutFields = {
	readonly account: string;
	readonly to: string;
	readonly market: string;
	/** Seconds since 1970. */
	readonly validUntil: number;
	/** 0 … 2^256 − 1. */
	readonly nonce: bigint;
};

/** How a field is encoded: all but a list fill one word of 32 bytes. */
type Kind = 'address' | 'bytes32' | 'bytes32[]' | 'uint8' | 'uint32' | 'uint64' | 'uint256';

/** Fields in the order in which they are signed. */
type Layout<Fields> = {readonly name: string; readonly fields: readonly (readonly [name: keyof Fields & string, kind: Kind])[]};

const layouts = {
	order: {
		name: 'Order',
		fields: [
			['trader', 'address'],
			['market', 'bytes32'],
			['meter', 'bytes32'],
			['side', 'uint8'],
			['mode', 'uint8'],
			['slotFrom', 'uint64'],
			['slotCount', 'uint32'],
			['quantityWh', 'uint64'],
			['limitMicroPerKwh', 'uint64'],
			['minQuantityWh', 'uint64'],
			['validUntil', 'uint64'],
			['counter', 'uint64'],
			['salt', 'uint256'],
		],
	} satisfies Layout<OrderFields>,
	cancellation: {name: 'OrderCancellation', fields: [['hashes', 'bytes32[]']]} satisfies Layout<CancellationFields>,
	counterIncrement: {
		name: 'CounterIncrement',
		fields: [
			['trader', 'address'],
			['market', 'bytes32'],
			['counter', 'uint64'],
		],
	} satisfies Layout<CounterIncrementFields>,
	delegation: {
		name: 'Delegation',
		fields: [
			['owner', 'address'],
			['agent', 'address'],
			['market', 'bytes32'],
			['meter', 'bytes32'],
			['maxWhPerSlot', 'uint64'],
			['minSellMicroPerKwh', 'uint64'],
			['maxBuyMicroPerKwh', 'uint64'],
			['notBefore', 'uint64'],
			['notAfter', 'uint64'],
			['nonce', 'uint256'],
		],
	} satisfies Layout<DelegationFields>,
	revocation: {name: 'DelegationRevocation', fields: [['delegation', 'bytes32']]} satisfies Layout<RevocationFields>,
	acknowledgement: {
		name: 'Acknowledgement',
		fields: [
			['orderHash', 'bytes32'],
			['market', 'bytes32'],
			['slot', 'uint64'],
			['sequence', 'uint64'],
			['receivedAt', 'uint64'],
		],
	} satisfies Layout<AcknowledgementFields>,
	slotStatement: {
		name: 'SlotStatement',
		fields: [
			['market', 'bytes32'],
			['slot', 'uint64'],
			['headerHash', 'bytes32'],
		],
	} satisfies Layout<SlotStatementFields>,
	payout: {
		name: 'Payout',
		fields: [
			['account', 'address'],
			['to', 'address'],
			['market', 'bytes32'],
			['validUntil', 'uint64'],
			['nonce', 'uint256'],
		],
	} satisfies Layout<PayoutFields>,
} as const;

/** Names of the fields and their types, by the name that EIP-712 has for the struct: what a wallet must be shown to make the same digests. */
export const signedTypes: Readonly<Record<string, readonly {readonly name: string; readonly type: string}[]>> = Object.fromEntries(
	Object.values(layouts).map(({name, fields}) => [name, fields.map(([field, type]) => ({name: field, type}))]),
);

/** Numbers that stand for words in what is signed. */
export const sideCodes = {buy: 1, sell: 2} as const;
export const modeCodes = {metered: 1, forward: 2} as const;
const codes: ReadonlyMap<unknown, number> = new Map<unknown, number>([...Object.entries(sideCodes), ...Object.entries(modeCodes)]);

/** A cancellation names at most this many orders. */
export const cancelledMax = 500;

/** One function for each thing that is signed, from its fields to the digest under the domain. */
export type Digests = {
	readonly order: (fields: OrderFields) => Uint8Array;
	readonly cancellation: (fields: CancellationFields) => Uint8Array;
	readonly counterIncrement: (fields: CounterIncrementFields) => Uint8Array;
	readonly delegation: (fields: DelegationFields) => Uint8Array;
	readonly revocation: (fields: RevocationFields) => Uint8Array;
	readonly acknowledgement: (fields: AcknowledgementFields) => Uint8Array;
	readonly slotStatement: (fields: SlotStatementFields) => Uint8Array;
	readonly payout: (fields: PayoutFields) => Uint8Array;
};

/**
 * Digests under one domain. [EIP-712] The digest of an order is its public name, the order hash. Fields that no word can hold throw a RangeError: whoever takes them from
 * outside checks their shape first.
 */
export function createDigests(domain: Domain): Digests {
	const separator = domainSeparator(domain);
	const digester = <Fields>(layout: Layout<Fields>): ((fields: Fields) => Uint8Array) => {
		const typeHash = keccak256(utf8(typeText(layout)));
		const words = new Uint8Array(32 * (1 + layout.fields.length));
		const message = concatBytes(Uint8Array.of(0x19, 0x01), separator, new Uint8Array(32));
		return fields => {
			words.fill(0);
			words.set(typeHash);
			for (let i = 0; i < layout.fields.length; i += 1) {
				const [name, kind] = layout.fields[i]!;
				if (!writeWord(words, 32 * (i + 1), kind, fields[name])) throw new RangeError(`${layout.name}: ${name} is no ${kind}`);
			}
			message.set(keccak256(words), 34);
			return keccak256(message);
		};
	};
	return {
		order: digester(layouts.order),
		cancellation: digester(layouts.cancellation),
		counterIncrement: digester(layouts.counterIncrement),
		delegation: digester(layouts.delegation),
		revocation: digester(layouts.revocation),
		acknowledgement: digester(layouts.acknowledgement),
		slotStatement: digester(layouts.slotStatement),
		payout: digester(layouts.payout),
	};
}

/** What keeps a signature for one market contract from counting for another, or on another chain. */
export function domainSeparator({chainId, verifyingContract}: Domain): Uint8Array {
	const words = new Uint8Array(160);
	words.set(keccak256(utf8('EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)')));
	words.set(keccak256(utf8(domainName)), 32);
	words.set(keccak256(utf8(domainVersion)), 64);
	if (!writeWord(words, 96, 'uint64', chainId)) throw new RangeError('chainId is not a whole number from 0 to 2^53 − 1');
	if (!writeWord(words, 128, 'address', verifyingContract))
		throw new RangeError('verifyingContract is not 0x and 40 lower-case hexadecimal digits');
	return keccak256(words);
}

function typeText<Fields>({name, fields}: Layout<Fields>): string {
	return `${name}(${fields.map(([field, kind]) => `${kind} ${field}`).join(',')})`;
}

/** Writes a value into a word of zeros; false if it does not fit. */
function writeWord(words: Uint8Array, offset: number, kind: Kind, value: unknown): boolean {
	switch (kind) {
		case 'address':
			return typeof value === 'string' && writeHex(words, offset + 12, value, 20);
		case 'bytes32':
			return typeof value === 'string' && writeHex(words, offset, value, 32);
		case 'bytes32[]': {
			// A list counts by the hash over its members.
			if (!Array.isArray(value) || value.length > cancelledMax) return false;
			const members = new Uint8Array(32 * value.length);
			for (const [at, member] of value.entries()) if (typeof member !== 'string' || !writeHex(members, 32 * at, member, 32)) return false;
			words.set(keccak256(members), offset);
			return true;
		}
		case 'uint256':
			if (typeof value !== 'bigint' || value < 0n || value >> 256n !== 0n) return false;
			for (let part = 3, rest = value; part >= 0; part -= 1, rest >>= 64n)
				viewOf(words).setBigUint64(offset + 8 * part, BigInt.asUintN(64, rest));
			return true;
		default: {
			const number = typeof value === 'string' ? codes.get(value) : value;
			const bits = Number(kind.slice(4));
			if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 0 || number >= 2 ** bits) return false;
			const view = viewOf(words);
			view.setUint32(offset + 24, Math.floor(number / 0x1_0000_0000));
			view.setUint32(offset + 28, number % 0x1_0000_0000);
			return true;
		}
	}
}

/** 65 bytes from their text; undefined if it is not 0x and 130 lower-case hexadecimal digits. */
export function parseSignature(text: string): Uint8Array | undefined {
	if (text.length !== 2 + 2 * signatureLength || !text.startsWith('0x')) return undefined;
	return fromHex(text.slice(2));
}

/**
 * The address that signed the digest, as text; undefined if the signature is none that a contract would take (a high s, a v other than 27 and 28, zeros). An account that is a
 * contract has no such signature: ask it by ERC-1271.
 */
export function signerOf(digest: Uint8Array, signature: Uint8Array): string | undefined {
	const address = recoverAddress(digest, signature);
	return address === undefined ? undefined : toPrefixedHex(address);
}
