// What traders sign, as plain values, and the one canonical body that the log keeps of each. Pure.

import {fromUtf8, utf8} from '../base/bytes.ts';
import {orderKinds} from '../format/entry.ts';
import {quantityWhMax} from './book.ts';

export type Side = 'buy' | 'sell';
/** forward: the quantity is bid before the gate closes. metered: the limit stands, and the quantity is what the meter shows. */
export type Mode = 'metered' | 'forward';

/** An order as its trader signed it. Hashes, ids and addresses are 0x and lower-case hexadecimal. */
export type SignedOrder = {
	/** keccak256 of the market's name. */
	readonly market: string;
	/** keccak256 of the meter's device URN. */
	readonly meter: string;
	readonly trader: string;
	readonly side: Side;
	readonly mode: Mode;
	/** The first slot: s since 1970 divided by 900. */
	readonly slotFrom: number;
	readonly slotCount: number;
	/** Wh in each slot. */
	readonly quantityWh: number;
	/** Sell: net to the seller. Buy: all that is paid, grid fee included. */
	readonly limitMicroPerKwh: number;
	readonly minQuantityWh: number;
	/** s since 1970: the order stands for slots whose gate is not later. */
	readonly validUntil: number;
	/** The trader's counter; a higher one takes the order out. */
	readonly counter: number;
	/** 256 bits. */
	readonly salt: string;
	/** 65 bytes of ECDSA, or what the trader's contract account takes [ERC-1271]. */
	readonly signature: string;
};

/** An agent's key may sign orders of an owner, within limits; the owner's own key stays cold. */
export type Delegation = {
	readonly owner: string;
	readonly agent: string;
	readonly market: string;
	readonly meter: string;
	readonly maxWhPerSlot: number;
	readonly minSellMicroPerKwh: number;
	readonly maxBuyMicroPerKwh: number;
	/** s since 1970, both included. */
	readonly notBefore: number;
	readonly notAfter: number;
	/** 256 bits as decimal text. */
	readonly nonce: string;
};

/** What an entry of a market says. `receivedAt`: s since 1970 by the agent's clock, as it was acknowledged. */
export type MarketBody =
	| {
			readonly kind: typeof orderKinds.order;
			readonly order: SignedOrder;
			readonly hash: string;
			/** The trader, or the agent whose delegation is named. */
			readonly signer: string;
			readonly delegation: string | undefined;
			readonly receivedAt: number;
	  }
	| {
			readonly kind: typeof orderKinds.cancellation;
			readonly hash: string;
			readonly orders: readonly string[];
			readonly signer: string;
			readonly signature: string;
			readonly receivedAt: number;
	  }
	| {
			readonly kind: typeof orderKinds.counter;
			readonly hash: string;
			readonly trader: string;
			readonly counter: number;
			/** Empty where the chain said so. */
			readonly signature: string;
			readonly receivedAt: number;
	  }
	| {
			readonly kind: typeof orderKinds.delegation;
			readonly hash: string;
			readonly delegation: Delegation;
			readonly signature: string;
			readonly receivedAt: number;
	  }
	| {
			readonly kind: typeof orderKinds.revocation;
			readonly hash: string;
			/** Hash of the delegation that ends. */
			readonly revokes: string;
			readonly signature: string;
			readonly receivedAt: number;
	  }
	| {
			readonly kind: typeof orderKinds.clearing;
			readonly slot: number;
			/** Of the slot's header, and the operator's signature over it. */
			readonly headerHash: string;
			readonly statement: string;
			/** Entries of the log that quantities were read from: all below this index. */
			readonly size: number;
	  }
	| {
			readonly kind: typeof orderKinds.day;
			readonly day: number;
			/** Which time this day is settled, from 1: what a contract refuses is settled again. */
			readonly round: number;
			readonly dayHash: string;
			readonly size: number;
			/** Slots whose header is not on the chain: they settle without contracts. Left out where there is none. */
			readonly unposted?: readonly number[];
	  }
	| {
			readonly kind: typeof orderKinds.dispute;
			readonly account: string;
			readonly slot: number;
			readonly reason: string;
			readonly receivedAt: number;
	  };

/** A slot is a quarter of an hour: they start at :00, :15, :30 and :45 UTC. */
export const slotS = 900;
export const slotMs = 1000 * slotS;
export const slotsPerDay = 96;
/** A standing order goes on for a month at most. */
export const slotCountMax = 31 * slotsPerDay;
/** No longer signature is kept: contract accounts take what they like. */
export const signatureBytesMax = 2048;

export type OrderShapeProblem = {readonly code: 'malformed'; readonly detail: string; readonly pointer: string};

const hash32 = /^0x[0-9a-f]{64}$/;
const address = /^0x[0-9a-f]{40}$/;
const signatureText = /^0x(?:[0-9a-f]{2}){1,2048}$/;

type Check = (value: unknown) => string | undefined;

const matches =
	(pattern: RegExp, what: string): Check =>
	value =>
		typeof value === 'string' && pattern.test(value) ? undefined : `is not ${what}`;
const whole =
	(min: number, max: number): Check =>
	value =>
		typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max
			? undefined
			: `is not a whole number from ${min} to ${max}`;
const oneOf =
	(...choices: readonly string[]): Check =>
	value =>
		choices.includes(value as string) ? undefined : `is none of ${choices.join(', ')}`;

/** Slots until the year 5138. */
const slotMax = 10 ** 8;
const secondsMax = slotMax * slotS;

/** In the order in which they are signed and written. */
const orderChecks: {readonly [K in keyof SignedOrder]: Check} = {
	market: matches(hash32, '0x and 64 lower-case hexadecimal digits'),
	meter: matches(hash32, '0x and 64 lower-case hexadecimal digits'),
	trader: matches(address, '0x and 40 lower-case hexadecimal digits'),
	side: oneOf('buy', 'sell'),
	mode: oneOf('metered', 'forward'),
	slotFrom: whole(1, slotMax),
	slotCount: whole(1, slotCountMax),
	quantityWh: whole(1, quantityWhMax),
	limitMicroPerKwh: whole(0, Number.MAX_SAFE_INTEGER),
	minQuantityWh: whole(0, quantityWhMax),
	validUntil: whole(0, secondsMax),
	counter: whole(0, Number.MAX_SAFE_INTEGER),
	salt: matches(hash32, '0x and 64 lower-case hexadecimal digits'),
	signature: matches(signatureText, `0x and 1 to ${signatureBytesMax} bytes in lower-case hexadecimal`),
};

const delegationChecks: {readonly [K in keyof Delegation]: Check} = {
	owner: orderChecks.trader,
	agent: orderChecks.trader,
	market: orderChecks.market,
	meter: orderChecks.meter,
	maxWhPerSlot: whole(0, quantityWhMax),
	minSellMicroPerKwh: orderChecks.limitMicroPerKwh,
	maxBuyMicroPerKwh: orderChecks.limitMicroPerKwh,
	notBefore: whole(0, secondsMax),
	notAfter: whole(0, secondsMax),
	nonce: matches(/^(?:0|[1-9][0-9]{0,76})$/, 'a whole number below 10^77 as decimal text'),
};

/** The fields of a record whose every key passes its check, in the order of the checks; further keys are ignored. */
function readFields<T>(value: unknown, what: string, checks: Readonly<Record<string, Check>>): T | OrderShapeProblem {
	if (typeof value !== 'object' || value === null || Array.isArray(value))
		return {code: 'malformed', detail: `${what} is a JSON object`, pointer: ''};
	const found = value as Record<string, unknown>;
	for (const [key, check] of Object.entries(checks)) {
		const problem = check(Object.hasOwn(found, key) ? found[key] : undefined);
		if (problem !== undefined) return {code: 'malformed', detail: `${key} ${problem}`, pointer: `/${key}`};
	}
	return Object.fromEntries(Object.keys(checks).map(key => [key, found[key]])) as T;
}

const isProblem = (value: object): value is OrderShapeProblem => 'code' in value && value.code === 'malformed';

/** What a trader may send beside an order, each with its EIP-712 signature. */
export type Wish =
	| {readonly kind: 'order'; readonly order: unknown}
	| {readonly kind: 'cancel'; readonly hashes: readonly string[]; readonly signature: string}
	| {readonly kind: 'cancelAll'; readonly trader: string; readonly counter: number; readonly signature: string}
	| {readonly kind: 'delegate'; readonly delegation: Delegation; readonly signature: string}
	| {readonly kind: 'revoke'; readonly revokes: string; readonly signature: string};

const hashesMax = 500;
const hashList: Check = value =>
	Array.isArray(value) && value.length > 0 && value.length <= hashesMax && value.every(one => typeof one === 'string' && hash32.test(one))
		? undefined
		: `is not a list of 1 to ${hashesMax} hashes`;
const anything: Check = () => undefined;

/** Tells by its keys what a message is: `hashes`, `counter` without a side, `delegation`, `revokes`; all else is an order, whose shape is checked where it is taken. */
export function readWish(value: unknown): Wish | OrderShapeProblem {
	const has = (key: string): boolean => typeof value === 'object' && value !== null && Object.hasOwn(value, key);
	const {signature, trader, counter} = orderChecks;
	const read = <T extends object>(kind: Wish['kind'], checks: Readonly<Record<string, Check>>): Wish | OrderShapeProblem => {
		const fields = readFields<T>(value, 'a message', {...checks, signature});
		return isProblem(fields) ? fields : ({kind, ...fields} as unknown as Wish);
	};
	if (has('hashes')) return read('cancel', {hashes: hashList});
	if (has('revokes')) return read('revoke', {revokes: orderChecks.market});
	if (has('counter') && !has('side')) return read('cancelAll', {trader, counter});
	if (!has('delegation')) return {kind: 'order', order: value};
	const fields = read('delegate', {delegation: anything});
	if (isProblem(fields) || fields.kind !== 'delegate') return fields;
	const delegation = readFields<Delegation>(fields.delegation, 'a delegation', delegationChecks);
	return isProblem(delegation) ? {...delegation, pointer: `/delegation${delegation.pointer}`} : {...fields, delegation};
}

/** Reads an order from parsed JSON; further keys are ignored, and keys come out in the one order that is written. */
export function readOrder(value: unknown): SignedOrder | OrderShapeProblem {
	const order = readFields<SignedOrder>(value, 'an order', orderChecks);
	if (isProblem(order)) return order;
	if (order.minQuantityWh > order.quantityWh)
		return {code: 'malformed', detail: 'minQuantityWh is above quantityWh', pointer: '/minQuantityWh'};
	return order;
}

/** The canonical body of an entry: one line of JSON without white space, keys in the order of the types above. */
export function encodeBody(body: MarketBody): Uint8Array {
	return utf8(JSON.stringify(body));
}

/** The reverse. What stands in the log was written by encodeBody and is proven by its entry, so only its kind is looked at; undefined for a kind that is not known. */
export function decodeBody(bytes: Uint8Array): MarketBody | undefined {
	const text = fromUtf8(bytes);
	if (text === undefined) return undefined;
	try {
		const parsed: unknown = JSON.parse(text);
		if (typeof parsed !== 'object' || parsed === null || !('kind' in parsed)) return undefined;
		return (Object.values(orderKinds) as unknown[]).includes(parsed.kind) ? (parsed as MarketBody) : undefined;
	} catch {
		return undefined;
	}
}
