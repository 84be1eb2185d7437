// Asks an energy market over HTTP. Made from openapi.json by `npm run api`: change the schemas, not this file.

import {type CallOptions, type ClientOptions, createTransport, type Operation, type Request} from './client-transport.ts';

export {type CallOptions, type ClientOptions, MarketProblem, MarketUnreachable} from './client-transport.ts';

export type AcceptedOrder = {
	/** 32 bytes, as 0x and 64 hexadecimal digits. Answers have lower-case digits. */
	readonly hash: string;
	/** Place in the order of arrival, from 1, without gaps in a market. */
	readonly sequence: number;
	readonly state: 'open' | 'cancelled' | 'expired' | 'locked' | 'filled' | 'partially-filled' | 'unfilled';
	/** Place of its entry in the log. */
	readonly index: number;
	readonly order: SignedOrder;
	readonly acknowledgement: Acknowledgement;
	/** False: the very same signed order was there already. */
	readonly isNew: boolean;
	readonly clientOrderId?: string;
	/** The receipt of its entry in the log, as `kedge verify` takes it; null if it was not released in time, or not asked for. */
	readonly receipt: string | null;
	readonly receiptLink: string;
};

/** The operator's signature over what it acknowledged [EIP-712]: the contract takes it against an order that was left out. */
export type Acknowledgement = {
	/** 32 bytes, as 0x and 64 hexadecimal digits. Answers have lower-case digits. */
	readonly orderHash: string;
	/** 32 bytes, as 0x and 64 hexadecimal digits. Answers have lower-case digits. */
	readonly market: string;
	/** Number of a slot: seconds since 1970 divided by 900, rounded down. */
	readonly slot: number;
	/** Place in the order of arrival, from 1, without gaps in a market. */
	readonly sequence: number;
	/** Seconds since 1970. */
	readonly receivedAt: number;
	/** 65 bytes r, s, v, as 0x and hexadecimal digits. For a contract account up to 2048 bytes [ERC-1271]. */
	readonly signature: string;
};

/** Pending is settled and not final yet. */
export type Balance = {
	/** Address of an account, as 0x and 40 hexadecimal digits. Either case is taken; answers have lower-case digits. */
	readonly account: string;
	/** Amount in nano-currency, as decimal text. */
	readonly depositedNano: string;
	/** Amount in nano-currency, as decimal text. */
	readonly reservedNano: string;
	/** Amount in nano-currency, as decimal text. */
	readonly availableNano: string;
	/** Amount in nano-currency, as decimal text. */
	readonly pendingNano: string;
	/** Amount in nano-currency, as decimal text. */
	readonly claimableNano: string;
	/** Amount in nano-currency, as decimal text. */
	readonly drawnNano: string;
};

export type Book = {
	readonly bids: readonly (Tier)[];
	readonly asks: readonly (Tier)[];
};

/** A signed CounterIncrement: orders with a lower counter fall. */
export type CancelAllRequest = {
	/** Name of a market, or keccak-256 of it. May be left out where the agent has one market. */
	readonly market?: string;
	/** Address of an account, as 0x and 40 hexadecimal digits. Either case is taken; answers have lower-case digits. */
	readonly trader: string;
	/** A count. */
	readonly counter: number;
	/** 65 bytes r, s, v, as 0x and hexadecimal digits. For a contract account up to 2048 bytes [ERC-1271]. */
	readonly signature: string;
};

export type CancelAllResult = {
	/** A count. */
	readonly cancelled: number;
};

export type CancelOneRequest = {
	/** 65 bytes r, s, v, as 0x and hexadecimal digits. For a contract account up to 2048 bytes [ERC-1271]. */
	readonly signature?: string;
};

export type CancelRequest = {
	/** Name of a market, or keccak-256 of it. May be left out where the agent has one market. */
	readonly market?: string;
	readonly hashes: readonly (string)[];
	/** 65 bytes r, s, v, as 0x and hexadecimal digits. For a contract account up to 2048 bytes [ERC-1271]. */
	readonly signature: string;
};

export type Claim = {
	/** Number of a day in UTC: the slot divided by 96, rounded down. */
	readonly day: number;
	/** Address of an account, as 0x and 40 hexadecimal digits. Either case is taken; answers have lower-case digits. */
	readonly account: string;
	/** Amount in nano-currency, as decimal text. */
	readonly cumNano: string;
	/** Address of an account, as 0x and 40 hexadecimal digits. Either case is taken; answers have lower-case digits. */
	readonly to: string;
	/** To be sent to `to` as it is. */
	readonly calldata: string;
};

export type ClaimList = {
	readonly items: readonly (Claim)[];
};

export type Clearing = {
	/** 32 bytes, as 0x and 64 hexadecimal digits. Answers have lower-case digits. */
	readonly market: string;
	/** Number of a slot: seconds since 1970 divided by 900, rounded down. */
	readonly slot: number;
	/** Energy in Wh. */
	readonly volumeWh: number;
	/** Energy price of what is bought, µ-currency/kWh, without the grid fee, which the buyer pays on top and which his limit includes. */
	readonly priceBuyMicroPerKwh?: number;
	/** Energy price of what is sold, µ-currency/kWh: what the seller gets. */
	readonly priceSellMicroPerKwh?: number;
	/** Price in µ-currency/kWh, which is nano-currency/Wh. */
	readonly lowMicroPerKwh?: number;
	/** Price in µ-currency/kWh, which is nano-currency/Wh. */
	readonly highMicroPerKwh?: number;
	/** 32 bytes, as 0x and 64 hexadecimal digits. Answers have lower-case digits. */
	readonly seed: string;
	/** 32 bytes, as 0x and 64 hexadecimal digits. Answers have lower-case digits. */
	readonly bidRoot: string;
	/** 32 bytes, as 0x and 64 hexadecimal digits. Answers have lower-case digits. */
	readonly askRoot: string;
	/** 32 bytes, as 0x and 64 hexadecimal digits. Answers have lower-case digits. */
	readonly headerHash: string;
	readonly header: unknown;
	readonly certificate: unknown;
	/** The operator's signature over market, slot and header hash [EIP-712]. */
	readonly statement: string;
	/** Hash of the transaction that posted it; null while there is none. */
	readonly transaction: string | null;
};

export type Delegation = {
	/** Address of an account, as 0x and 40 hexadecimal digits. Either case is taken; answers have lower-case digits. */
	readonly owner: string;
	/** Address of an account, as 0x and 40 hexadecimal digits. Either case is taken; answers have lower-case digits. */
	readonly agent: string;
	/** keccak-256 of the market's name, as 0x and 64 hexadecimal digits: `id` of GET /v1/markets. */
	readonly market: string;
	/** keccak-256 of the text urn:kedge:device: and the name of the meter, as 0x and 64 hexadecimal digits. */
	readonly meter: string;
	/** Energy in Wh. */
	readonly maxWhPerSlot: number;
	/** Price in µ-currency/kWh, which is nano-currency/Wh. */
	readonly minSellMicroPerKwh: number;
	/** Price in µ-currency/kWh, which is nano-currency/Wh. */
	readonly maxBuyMicroPerKwh: number;
	/** Seconds since 1970. */
	readonly notBefore: number;
	/** Seconds since 1970. */
	readonly notAfter: number;
	/** Up to 256 bits, as decimal text. */
	readonly nonce: string;
};

/** The digest that was signed [EIP-712]. */
export type DelegationId = {
	/** 32 bytes, as 0x and 64 hexadecimal digits. Answers have lower-case digits. */
	readonly id: string;
};

export type DelegationRequest = {
	readonly delegation: Delegation;
	/** 65 bytes r, s, v, as 0x and hexadecimal digits. For a contract account up to 2048 bytes [ERC-1271]. */
	readonly signature: string;
};

export type Dispute = {
	readonly id: string;
	/** Address of an account, as 0x and 40 hexadecimal digits. Either case is taken; answers have lower-case digits. */
	readonly account: string;
	/** Number of a slot: seconds since 1970 divided by 900, rounded down. */
	readonly slot: number;
	readonly reason: string;
	readonly state: 'open' | 'resolved';
	/** A count. */
	readonly openedAtMs: number;
};

export type DisputeList = {
	readonly items: readonly (Dispute)[];
};

export type DisputeRequest = {
	/** Name of a market, or keccak-256 of it. May be left out where the agent has one market. */
	readonly market?: string;
	/** Number of a slot: seconds since 1970 divided by 900, rounded down. */
	readonly slot: number;
	readonly reason: string;
};

export type Event = {
	/** A count. */
	readonly sequence: number;
	/** The event before it that this reader was shown, or where he began: what concerns others is left out, and no gap goes unseen. */
	readonly previousSequence: number;
	/** 32 bytes, as 0x and 64 hexadecimal digits. Answers have lower-case digits. */
	readonly market: string;
	readonly type: 'slot.opened' | 'slot.closing' | 'slot.cleared' | 'slot.unposted' | 'order.accepted' | 'order.cancelled' | 'order.filled' | 'reading.anchored' | 'reading.missing' | 'settlement.provisional' | 'settlement.posted' | 'settlement.final' | 'settlement.adjusted' | 'dispute.opened' | 'dispute.resolved' | 'params.changed' | 'market.halted';
	/** RFC 3339, UTC. */
	readonly at: string;
	readonly data: unknown;
};

export type FieldError = {
	/** JSON pointer into what was sent [RFC 6901]. */
	readonly pointer: string;
	readonly code: string;
	readonly detail: string;
};

export type Fill = {
	/** 32 bytes, as 0x and 64 hexadecimal digits. Answers have lower-case digits. */
	readonly orderHash: string;
	/** Place in the order of arrival, from 1, without gaps in a market. */
	readonly sequence: number;
	/** Address of an account, as 0x and 40 hexadecimal digits. Either case is taken; answers have lower-case digits. */
	readonly account: string;
	/** 32 bytes, as 0x and 64 hexadecimal digits. Answers have lower-case digits. */
	readonly meter: string;
	/** Number of a slot: seconds since 1970 divided by 900, rounded down. */
	readonly slot: number;
	readonly side: 'buy' | 'sell';
	/** What the order wanted in this slot, Wh; metered: at most what the meter shows. */
	readonly quantityWh: number;
	/** What it got, Wh. */
	readonly fillWh: number;
	/** Energy price of its side, µ-currency/kWh, without the grid fee that a buyer pays on top; 0 where nothing was traded. */
	readonly priceMicroPerKwh: number;
};

export type FillPage = {
	readonly items: readonly (Fill)[];
	/** Cursor of the next page; missing on the last one. */
	readonly next?: string;
};

export type FillProof = {
	/** 32 bytes, as 0x and 64 hexadecimal digits. Answers have lower-case digits. */
	readonly orderHash: string;
	/** Number of a slot: seconds since 1970 divided by 900, rounded down. */
	readonly slot: number;
	readonly proof: unknown;
};

export type Health = {
	readonly status: 'ok';
	/** A count. */
	readonly markets: number;
};

export type Market = {
	/** 32 bytes, as 0x and 64 hexadecimal digits. Answers have lower-case digits. */
	readonly id: string;
	readonly name: string;
	readonly mode: 'metered' | 'forward';
	readonly pricing: 'auction' | 'midmarket';
	readonly settlementMode: 'erc20' | 'statement';
	readonly residual: 'community';
	readonly params: MarketParams;
	/** Seconds: how long before a slot it opens and its gate closes, and how long after it readings are waited for. */
	readonly timeline: {readonly slotS: number; readonly openBeforeS: number; readonly gateBeforeS: number; readonly readingDeadlineS: number};
	/** What orders are signed under [EIP-712]. */
	readonly domain: {readonly name: string; readonly version: string; readonly chainId: number; readonly verifyingContract: string};
	/** Types of all that is signed, by name: lists of {name, type} [EIP-712]. */
	readonly types: unknown;
	/** Address of an account, as 0x and 40 hexadecimal digits. Either case is taken; answers have lower-case digits. */
	readonly contract?: string;
	/** Address of an account, as 0x and 40 hexadecimal digits. Either case is taken; answers have lower-case digits. */
	readonly operator: string;
	/** A count. */
	readonly meters: number;
	/** Place in the order of arrival, from 1, without gaps in a market. */
	readonly asOfSequence: number;
};

export type MarketList = {
	readonly items: readonly (Market)[];
};

export type MarketParams = {
	/** A count. */
	readonly version: number;
	/** Price in µ-currency/kWh, which is nano-currency/Wh. */
	readonly feedInMicroPerKwh: number;
	/** Price in µ-currency/kWh, which is nano-currency/Wh. */
	readonly retailMicroPerKwh: number;
	/** Price in µ-currency/kWh, which is nano-currency/Wh. */
	readonly gridFeeMicroPerKwh: number;
	/** Energy in Wh. */
	readonly lineLimitWh?: number;
};

export type MeterReading = {
	/** 32 bytes, as 0x and 64 hexadecimal digits. Answers have lower-case digits. */
	readonly meter: string;
	/** Number of a slot: seconds since 1970 divided by 900, rounded down. */
	readonly slot: number;
	readonly reading: SlotReading;
};

export type Nonce = {
	readonly nonce: string;
	/** RFC 3339, UTC. */
	readonly expiresAt: string;
};

export type Order = {
	/** 32 bytes, as 0x and 64 hexadecimal digits. Answers have lower-case digits. */
	readonly hash: string;
	/** Place in the order of arrival, from 1, without gaps in a market. */
	readonly sequence: number;
	readonly state: 'open' | 'cancelled' | 'expired' | 'locked' | 'filled' | 'partially-filled' | 'unfilled';
	/** Place of its entry in the log. */
	readonly index: number;
	readonly order: SignedOrder;
	readonly acknowledgement: Acknowledgement;
};

export type OrderBatch = {
	readonly orders: readonly (OrderRequest)[];
	/** All or none are taken; all must be for one market. */
	readonly atomic?: boolean;
};

export type OrderList = {
	readonly items: readonly (Order)[];
};

export type OrderPage = {
	readonly items: readonly (Order)[];
	/** Cursor of the next page; missing on the last one. */
	readonly next?: string;
};

/** An order and its signature [EIP-712]. */
export type OrderRequest = {
	/** keccak-256 of the market's name, as 0x and 64 hexadecimal digits: `id` of GET /v1/markets. */
	readonly market: string;
	/** keccak-256 of the text urn:kedge:device: and the name of the meter, as 0x and 64 hexadecimal digits. */
	readonly meter: string;
	/** Address of an account, as 0x and 40 hexadecimal digits. Either case is taken; answers have lower-case digits. */
	readonly trader: string;
	/** Signed as a number: buy is 1, sell is 2. */
	readonly side: 'buy' | 'sell';
	/** That of the market. Signed as a number: metered is 1, forward is 2. */
	readonly mode: 'metered' | 'forward';
	/** Number of a slot: seconds since 1970 divided by 900, rounded down. */
	readonly slotFrom: number;
	/** How many slots it stands for, from slotFrom. */
	readonly slotCount: number;
	/** Wh in each slot; metered: at most that much. */
	readonly quantityWh: number;
	/** µ-currency/kWh. Sell: the least that the seller gets, net. Buy: the most that is paid in all, grid fee included: the energy price of a slot is at most this less the grid fee. */
	readonly limitMicroPerKwh: number;
	/** Filled with at least this, or not at all. */
	readonly minQuantityWh: number;
	/** Seconds since 1970. The order stands only in slots whose gate is not later. */
	readonly validUntil: number;
	/** The counter of the trader: 0 until he raises it. */
	readonly counter: number;
	/** Any 256 bits that the trader has not used before, as 0x and 64 hexadecimal digits. */
	readonly salt: string;
	/** 65 bytes r, s, v, as 0x and hexadecimal digits. For a contract account up to 2048 bytes [ERC-1271]. */
	readonly signature: string;
	/** At most 64 printable characters of ASCII without spaces. It is only echoed: neither signed nor kept. */
	readonly clientOrderId?: string;
	/** GTG, good till gate, is the default; "standing" says the same of several slots. For FOK set minQuantityWh to quantityWh. */
	readonly timeInForce?: string;
};

/** Either an order or a problem. */
export type OrderResult = {
	readonly isNew?: boolean;
	readonly order?: Order;
	readonly clientOrderId?: string;
	readonly problem?: Problem;
};

export type OrderResults = {
	/** A count. */
	readonly accepted: number;
	/** A count. */
	readonly refused: number;
	/** In the order of the request. */
	readonly results: readonly (OrderResult)[];
};

/** An OpenADR 3 event. */
export type PriceEvent = {
	readonly event: unknown;
};

/** What went wrong [RFC 9457]. */
export type Problem = {
	/** urn:kedge:problem: and the code. */
	readonly type: string;
	readonly title: string;
	readonly status: number;
	readonly detail: string;
	readonly code: 'malformed' | 'idempotency-missing' | 'unauthorised' | 'bad-signature' | 'forbidden' | 'not-your-meter' | 'delegation-exceeded' | 'not-found' | 'unknown-market' | 'unknown-order' | 'unknown-slot' | 'not-yet' | 'method-not-allowed' | 'not-acceptable' | 'request-timeout' | 'side-conflict' | 'order-exists' | 'duplicate-salt' | 'gate-closed' | 'idempotency-in-flight' | 'stream-gap' | 'too-large' | 'unsupported-media' | 'price-out-of-band' | 'capacity-exceeded' | 'insufficient-escrow' | 'counter-stale' | 'unsupported-tif' | 'batch-refused' | 'idempotency-mismatch' | 'rate-limited' | 'headers-too-large' | 'internal' | 'operator-halted';
	readonly errors?: readonly (FieldError)[];
	readonly orderHash?: string;
	readonly requiredNano?: string;
	readonly availableNano?: string;
	readonly newestSequence?: number;
};

/** An entry of a register in the log, as the contract takes it. */
export type RegisterEntry = {
	/** URN of the register. */
	readonly channel: string;
	/** Number of the entry under its channel. */
	readonly number: number;
	/** Place of the entry in the log. */
	readonly index: number;
	/** The entry itself, in hexadecimal: what the leaf of the log is made from. */
	readonly entry: string;
	/** The command by which the operator makes the receipt of the entry. */
	readonly receipt: string;
	/** The smallest anchored head that covers the entry; missing while there is none. */
	readonly anchor?: {readonly logId: string; readonly size: number; readonly time: number; readonly root: string; readonly path: readonly (string)[]};
};

export type RevokeRequest = {
	/** 65 bytes r, s, v, as 0x and hexadecimal digits. For a contract account up to 2048 bytes [ERC-1271]. */
	readonly signature?: string;
};

export type Session = {
	readonly token: string;
	/** Address of an account, as 0x and 40 hexadecimal digits. Either case is taken; answers have lower-case digits. */
	readonly account: string;
	/** RFC 3339, UTC. */
	readonly expiresAt: string;
};

/** Energy is net export: what was sold or fed in is positive. `entries` are the numbers of the readings that it rests on; 0 for none. */
export type Settlement = {
	/** 32 bytes, as 0x and 64 hexadecimal digits. Answers have lower-case digits. */
	readonly market: string;
	/** Number of a slot: seconds since 1970 divided by 900, rounded down. */
	readonly slot: number;
	/** Address of an account, as 0x and 40 hexadecimal digits. Either case is taken; answers have lower-case digits. */
	readonly account: string;
	/** 32 bytes, as 0x and 64 hexadecimal digits. Answers have lower-case digits. */
	readonly meter: string;
	/** 32 bytes, as 0x and 64 hexadecimal digits. Answers have lower-case digits. */
	readonly orderHash?: string;
	/** What was traded before, Wh: sold is positive, bought negative. */
	readonly contractedWh: number;
	/** What the meter says, Wh: fed in is positive, taken negative. If `substituted`, what stands in for it. */
	readonly meteredWh: number;
	/** meteredWh less contractedWh, Wh. */
	readonly deviationWh: number;
	/** For what was traded, nano-currency as decimal text: contractedWh times the energy price of its side; positive is paid to the account. */
	readonly forwardNano: string;
	/** For the deviation, nano-currency as decimal text: what is over is paid the feed-in price, what is short costs retail less the grid fee. */
	readonly imbalanceNano: string;
	/** The grid fee of what was taken, nano-currency as decimal text: zero or negative. */
	readonly gridNano: string;
	/** The sum of the three, nano-currency as decimal text; positive is paid to the account. A row that adjusts another has the difference alone. */
	readonly netNano: string;
	/** The reading was missing at its deadline: a seller is taken to have delivered nothing, a buyer to have taken what he bought or usually takes, whichever is more. */
	readonly substituted: boolean;
	/** A register was not read at both ends of the slot: what it counted between readings further apart is spread evenly over the slots between. */
	readonly spread: boolean;
	readonly entries: {readonly importFrom: number; readonly importTo: number; readonly exportFrom: number; readonly exportTo: number};
	readonly state: 'contracted' | 'metered' | 'provisional' | 'posted' | 'final';
	/** Number of a slot: seconds since 1970 divided by 900, rounded down. */
	readonly adjustmentOf?: number;
};

export type SettlementPage = {
	readonly items: readonly (Settlement)[];
	/** Cursor of the next page; missing on the last one. */
	readonly next?: string;
};

export type SettlementProof = {
	/** 32 bytes, as 0x and 64 hexadecimal digits. Answers have lower-case digits. */
	readonly market: string;
	/** Number of a slot: seconds since 1970 divided by 900, rounded down. */
	readonly slot: number;
	/** Address of an account, as 0x and 40 hexadecimal digits. Either case is taken; answers have lower-case digits. */
	readonly account: string;
	readonly proof: unknown;
};

export type SignInRequest = {
	readonly message: string;
	/** 65 bytes r, s, v, as 0x and hexadecimal digits. For a contract account up to 2048 bytes [ERC-1271]. */
	readonly signature: string;
};

/** As its trader signed it; its hash is the EIP-712 digest. */
export type SignedOrder = {
	/** keccak-256 of the market's name, as 0x and 64 hexadecimal digits: `id` of GET /v1/markets. */
	readonly market: string;
	/** keccak-256 of the text urn:kedge:device: and the name of the meter, as 0x and 64 hexadecimal digits. */
	readonly meter: string;
	/** Address of an account, as 0x and 40 hexadecimal digits. Either case is taken; answers have lower-case digits. */
	readonly trader: string;
	/** Signed as a number: buy is 1, sell is 2. */
	readonly side: 'buy' | 'sell';
	/** That of the market. Signed as a number: metered is 1, forward is 2. */
	readonly mode: 'metered' | 'forward';
	/** Number of a slot: seconds since 1970 divided by 900, rounded down. */
	readonly slotFrom: number;
	/** How many slots it stands for, from slotFrom. */
	readonly slotCount: number;
	/** Wh in each slot; metered: at most that much. */
	readonly quantityWh: number;
	/** µ-currency/kWh. Sell: the least that the seller gets, net. Buy: the most that is paid in all, grid fee included: the energy price of a slot is at most this less the grid fee. */
	readonly limitMicroPerKwh: number;
	/** Filled with at least this, or not at all. */
	readonly minQuantityWh: number;
	/** Seconds since 1970. The order stands only in slots whose gate is not later. */
	readonly validUntil: number;
	/** The counter of the trader: 0 until he raises it. */
	readonly counter: number;
	/** Any 256 bits that the trader has not used before, as 0x and 64 hexadecimal digits. */
	readonly salt: string;
	/** 65 bytes r, s, v, as 0x and hexadecimal digits. For a contract account up to 2048 bytes [ERC-1271]. */
	readonly signature: string;
};

/** Prices are energy prices, without the grid fee; a buyer pays the fee on top of it, and his order's limit includes it. They are missing until it is cleared, and where nothing was traded. */
export type Slot = {
	/** 32 bytes, as 0x and 64 hexadecimal digits. Answers have lower-case digits. */
	readonly market: string;
	/** Number of a slot: seconds since 1970 divided by 900, rounded down. */
	readonly slot: number;
	/** RFC 3339, UTC. */
	readonly start: string;
	/** RFC 3339, UTC. */
	readonly end: string;
	/** RFC 3339, UTC. */
	readonly gate: string;
	readonly phase: 'open' | 'closed' | 'cleared' | 'metered' | 'posted' | 'final' | 'void';
	/** Energy in Wh. */
	readonly volumeWh?: number;
	/** Energy price of what is bought, µ-currency/kWh, without the grid fee, which the buyer pays on top and which his limit includes. */
	readonly priceBuyMicroPerKwh?: number;
	/** Energy price of what is sold, µ-currency/kWh: what the seller gets. */
	readonly priceSellMicroPerKwh?: number;
};

/** The file that `kedge evidence` checks. It is canonical: whoever checks it keeps its bytes as they came. */
export type SlotEvidence = {
	readonly format: 'kedge slot evidence 1';
	/** 32 bytes, as 0x and 64 hexadecimal digits. Answers have lower-case digits. */
	readonly market: string;
	readonly domain: {readonly chainId: number; readonly verifyingContract: string};
	/** Address of an account, as 0x and 40 hexadecimal digits. Either case is taken; answers have lower-case digits. */
	readonly operator: string;
	/** Seconds since 1970. */
	readonly gate: number;
	readonly rules: {readonly pricing: 'auction' | 'midmarket'; readonly feedInMicroPerKwh: number; readonly retailMicroPerKwh: number; readonly gridFeeMicroPerKwh: number; readonly lineLimitWh?: number};
	/** What the slot was cleared to. Prices are energy prices, without the grid fee; 0 where nothing was traded. */
	readonly header: {readonly slot: number; readonly paramsVersion: number; readonly mode: 'metered' | 'forward'; readonly orderCount: number; readonly orderSetRoot: string; readonly bidTiers: number; readonly bidRoot: string; readonly askTiers: number; readonly askRoot: string; readonly volumeWh: number; readonly priceBuyMicroPerKwh: number; readonly priceSellMicroPerKwh: number};
	/** 32 bytes, as 0x and 64 hexadecimal digits. Answers have lower-case digits. */
	readonly headerHash: string;
	/** The operator's signature over the SlotStatement [EIP-712]. */
	readonly statement: string;
	/** Every order acknowledged before the gate, by rising sequence. */
	readonly orders: readonly ({readonly sequence: number; readonly hash: string; readonly order: SignedOrder; readonly receivedAt: number; readonly acknowledgement?: string; readonly delegation?: {readonly owner: string; readonly agent: string; readonly market: string; readonly meter: string; readonly maxWhPerSlot: number; readonly minSellMicroPerKwh: number; readonly maxBuyMicroPerKwh: number; readonly notBefore: number; readonly notAfter: number; readonly nonce: string; readonly signature: string}; readonly byContract?: boolean; readonly withdrawal?: {readonly kind: 'cancellation' | 'counter'; readonly orders?: readonly (string)[]; readonly counter?: number; readonly signature: string; readonly receivedAt: number}; readonly entry?: {readonly index: number; readonly receipt?: string}})[];
	readonly bids: readonly ({readonly priceMicroPerKwh: number; readonly quantityWh: number; readonly fills: readonly ({readonly sequence: number; readonly quantityWh: number; readonly fillWh: number})[]})[];
	readonly asks: readonly ({readonly priceMicroPerKwh: number; readonly quantityWh: number; readonly fills: readonly ({readonly sequence: number; readonly quantityWh: number; readonly fillWh: number})[]})[];
	readonly certificate: {readonly bids: {readonly lastIndex: number; readonly last: {readonly priceMicroPerKwh: string; readonly quantityWh: string; readonly ordersRoot: string; readonly path: readonly (string)[]}; readonly next?: {readonly priceMicroPerKwh: string; readonly quantityWh: string; readonly ordersRoot: string; readonly path: readonly (string)[]}}; readonly asks: {readonly lastIndex: number; readonly last: {readonly priceMicroPerKwh: string; readonly quantityWh: string; readonly ordersRoot: string; readonly path: readonly (string)[]}; readonly next?: {readonly priceMicroPerKwh: string; readonly quantityWh: string; readonly ordersRoot: string; readonly path: readonly (string)[]}}};
	readonly meters: readonly ({readonly meter: string; readonly owner: string; readonly onlyTakes?: boolean; readonly imported?: {readonly from: {readonly slot: number; readonly index: number; readonly receipt?: string; readonly number: number; readonly registerWh: number; readonly counterEpoch: number}; readonly to: {readonly slot: number; readonly index: number; readonly receipt?: string; readonly number: number; readonly registerWh: number; readonly counterEpoch: number}}; readonly exported?: {readonly from: {readonly slot: number; readonly index: number; readonly receipt?: string; readonly number: number; readonly registerWh: number; readonly counterEpoch: number}; readonly to: {readonly slot: number; readonly index: number; readonly receipt?: string; readonly number: number; readonly registerWh: number; readonly counterEpoch: number}}; readonly atClearing?: {readonly netExportWh?: string}})[];
	/** Missing while the slot is not settled. */
	readonly settled?: {readonly rows: readonly ({readonly account: string; readonly meter: string; readonly orderHash?: string; readonly contractedWh: string; readonly meteredWh: string; readonly usualImportWh: number; readonly flags: number; readonly importFrom: number; readonly importTo: number; readonly exportFrom: number; readonly exportTo: number; readonly netNano: string})[]; readonly gridNano: string; readonly retailerNano: string; readonly poolNano: string};
	/** SHA-256, behind a tag, of the file without this member. */
	readonly digest: string;
};

export type SlotList = {
	readonly items: readonly (Slot)[];
};

/** What the registers showed at the start (From) and the end (To) of the slot, and the entries that say so. */
export type SlotReading = {
	/** 32 bytes, as 0x and 64 hexadecimal digits. Answers have lower-case digits. */
	readonly meter: string;
	/** Number of a slot: seconds since 1970 divided by 900, rounded down. */
	readonly slot: number;
	/** URNs of the registers; a meter that only takes has none of what it gives. */
	readonly channels: {readonly import: string; readonly export?: string};
	/** What the meter gave less what it took in the slot, Wh; missing while that is not known, and where the missing rule stood in for it. */
	readonly netExportWh?: number;
	readonly entries: {readonly importFrom: number; readonly importTo: number; readonly exportFrom: number; readonly exportTo: number};
	/** The entries themselves; one that is not there yet is missing. */
	readonly proofs: {readonly importFrom?: RegisterEntry; readonly importTo?: RegisterEntry; readonly exportFrom?: RegisterEntry; readonly exportTo?: RegisterEntry};
};

export type Tier = {
	/** Price in µ-currency/kWh, which is nano-currency/Wh. */
	readonly priceMicroPerKwh: number;
	/** Energy in Wh. */
	readonly quantityWh: number;
	/** A count. */
	readonly orders: number;
};

export type Time = {
	/** A count. */
	readonly nowMs: number;
	/** RFC 3339, UTC. */
	readonly now: string;
	/** Number of a slot: seconds since 1970 divided by 900, rounded down. */
	readonly slot: number;
};

export type MarketClient = {
	/** All markets of this agent. */
	readonly listMarkets: (request?: Readonly<Record<never, never>>, options?: CallOptions) => Promise<MarketList>;
	/** One market: its rules, prices and times, and what orders are signed under. */
	readonly getMarket: (request: {readonly market: string}, options?: CallOptions) => Promise<Market>;
	/** Slots from `from` to before `to`, at most 672. */
	readonly listSlots: (request: {readonly market: string; readonly from: number; readonly to: number}, options?: CallOptions) => Promise<SlotList>;
	/** One slot: its times, phase, volume and prices. */
	readonly getSlot: (request: {readonly market: string; readonly slot: number}, options?: CallOptions) => Promise<Slot>;
	/** Both sides of the book by price, once the gate is closed. */
	readonly getBook: (request: {readonly market: string; readonly slot: number}, options?: CallOptions) => Promise<Book>;
	/** What the slot was cleared to, with the certificate that the contract checks. */
	readonly getClearing: (request: {readonly market: string; readonly slot: number}, options?: CallOptions) => Promise<Clearing>;
	/** All that a slot rests on in one file: orders, clearing, readings with receipts, rows. For auditors, the grid and the operator. */
	readonly getSlotEvidence: (request: {readonly market: string; readonly slot: number}, options?: CallOptions) => Promise<string>;
	/** One signed order, or up to 500. */
	readonly submitOrders: ((request: {readonly receipt?: 'inline' | 'link'; readonly idempotencyKey?: string; readonly body: OrderRequest}, options?: CallOptions) => Promise<AcceptedOrder>) & ((request: {readonly receipt?: 'inline' | 'link'; readonly idempotencyKey?: string; readonly body: OrderBatch}, options?: CallOptions) => Promise<OrderResults>);
	/** The caller's orders, by sequence. Auditors, the grid and the operator see those of others after their gate. */
	readonly listOrders: (request?: {readonly market?: string; readonly trader?: string; readonly slot?: number; readonly state?: 'open' | 'cancelled' | 'expired' | 'locked' | 'filled' | 'partially-filled' | 'unfilled'; readonly cursor?: string; readonly limit?: number}, options?: CallOptions) => Promise<OrderPage>;
	/** The same, page after page. */
	readonly iterateOrders: (request?: {readonly market?: string; readonly trader?: string; readonly slot?: number; readonly state?: 'open' | 'cancelled' | 'expired' | 'locked' | 'filled' | 'partially-filled' | 'unfilled'; readonly cursor?: string; readonly limit?: number}, options?: CallOptions) => AsyncIterable<Order>;
	/** One order, and what became of it. */
	readonly getOrder: (request: {readonly hash: string}, options?: CallOptions) => Promise<Order>;
	/** Takes one order back, before its gate. */
	readonly cancelOrder: (request: {readonly hash: string; readonly market?: string; readonly orderCancellation?: string; readonly body?: CancelOneRequest}, options?: CallOptions) => Promise<OrderList>;
	/** The receipt of the order's entry in the log, as `kedge verify` takes it. */
	readonly getOrderReceipt: (request: {readonly hash: string}, options?: CallOptions) => Promise<string>;
	/** Takes up to 500 orders back, before their gates. */
	readonly cancelOrders: (request: {readonly idempotencyKey?: string; readonly body: CancelRequest}, options?: CallOptions) => Promise<OrderList>;
	/** Raises the trader's counter: all his orders with a lower one fall, for slots whose gate is later. */
	readonly cancelAllOrders: (request: {readonly idempotencyKey?: string; readonly body: CancelAllRequest}, options?: CallOptions) => Promise<CancelAllResult>;
	/** What the caller's orders got in a slot, by the orders' sequence. */
	readonly listFills: (request: {readonly market?: string; readonly account?: string; readonly slot: number; readonly cursor?: string; readonly limit?: number}, options?: CallOptions) => Promise<FillPage>;
	/** The same, page after page. */
	readonly iterateFills: (request: {readonly market?: string; readonly account?: string; readonly slot: number; readonly cursor?: string; readonly limit?: number}, options?: CallOptions) => AsyncIterable<Fill>;
	/** The opening of an order's fill under the slot's header, as the contract takes it. */
	readonly getFillProof: (request: {readonly orderHash: string; readonly slot?: number}, options?: CallOptions) => Promise<FillProof>;
	/** The caller's rows from slot `from` to before slot `to`, at most 2976 slots, by slot, account and meter; without them those of the last day. */
	readonly listSettlements: (request?: {readonly market?: string; readonly account?: string; readonly from?: number; readonly to?: number; readonly cursor?: string; readonly limit?: number}, options?: CallOptions) => Promise<SettlementPage>;
	/** The same, page after page. */
	readonly iterateSettlements: (request?: {readonly market?: string; readonly account?: string; readonly from?: number; readonly to?: number; readonly cursor?: string; readonly limit?: number}, options?: CallOptions) => AsyncIterable<Settlement>;
	/** The opening of a row under the day's root, with the readings that it rests on, as the contract takes it. */
	readonly getSettlementProof: (request: {readonly market: string; readonly slot: number; readonly account: string; readonly meter?: string}, options?: CallOptions) => Promise<SettlementProof>;
	/** The entries at the boundaries of a slot in a meter's registers, with links to their receipts. */
	readonly getMeterReading: (request: {readonly meter: string; readonly slot: number; readonly market?: string}, options?: CallOptions) => Promise<MeterReading>;
	/** Objects to the caller's row of a slot. */
	readonly openDispute: (request: {readonly idempotencyKey: string; readonly body: DisputeRequest}, options?: CallOptions) => Promise<Dispute>;
	/** The caller's newest 500 disputes. */
	readonly listDisputes: (request?: {readonly market?: string; readonly account?: string}, options?: CallOptions) => Promise<DisputeList>;
	/** One dispute. */
	readonly getDispute: (request: {readonly id: string}, options?: CallOptions) => Promise<Dispute>;
	/** What the account deposited, has reserved, can use, and can claim. */
	readonly getBalance: (request: {readonly account: string; readonly market?: string}, options?: CallOptions) => Promise<Balance>;
	/** Transactions that draw what is due to the account, ready to be sent. */
	readonly listClaims: (request: {readonly account: string; readonly market?: string}, options?: CallOptions) => Promise<ClaimList>;
	/** Lets an agent's key sign orders for the owner, within bounds. */
	readonly delegate: (request: {readonly idempotencyKey?: string; readonly body: DelegationRequest}, options?: CallOptions) => Promise<DelegationId>;
	/** Takes a delegation back. */
	readonly revokeDelegation: (request: {readonly id: string; readonly market?: string; readonly delegationRevocation?: string; readonly body?: RevokeRequest}, options?: CallOptions) => Promise<DelegationId>;
	/** The bill of an account from slot `from` to before slot `to`, at most 2976. */
	readonly exportBill: (request: {readonly market?: string; readonly account?: string; readonly from: number; readonly to: number; readonly format: 'csv' | 'json'}, options?: CallOptions) => Promise<string>;
	/** How the energy of each slot is shared, for the grid company that bills it. */
	readonly exportSharingKeys: (request: {readonly market?: string; readonly from: number; readonly to: number; readonly kind: 'static' | 'pro-rata' | 'full-dynamic'; readonly format: 'csv' | 'json'}, options?: CallOptions) => Promise<string>;
	/** Prices of at most 672 slots as an OpenADR 3 event. */
	readonly exportPriceEvent: (request: {readonly market?: string; readonly from: number; readonly to: number}, options?: CallOptions) => Promise<PriceEvent>;
	/** A nonce for one message, good for five minutes. */
	readonly newNonce: (request?: Readonly<Record<never, never>>, options?: CallOptions) => Promise<Nonce>;
	/** A token for the account that signed the message. */
	readonly signIn: (request: {readonly body: SignInRequest}, options?: CallOptions) => Promise<Session>;
	/** A market's events as they happen, with those of the caller's account. */
	readonly events: (request?: {readonly market?: string; readonly after?: number}, options?: CallOptions) => AsyncIterable<Event>;
	/** The agent's clock, and the slot that it stands in. */
	readonly getTime: (request?: Readonly<Record<never, never>>, options?: CallOptions) => Promise<Time>;
	/** Whether orders are taken. */
	readonly getHealth: (request?: Readonly<Record<never, never>>, options?: CallOptions) => Promise<Health>;
	/** What is told without being asked, as AsyncAPI 3. */
	readonly getAsyncApi: (request?: Readonly<Record<never, never>>, options?: CallOptions) => Promise<string>;
};

const operations = {
	listMarkets: {method: 'GET', path: '/v1/markets', queryNames: [], headerNames: {}, isText: false},
	getMarket: {method: 'GET', path: '/v1/markets/{market}', queryNames: [], headerNames: {}, isText: false},
	listSlots: {method: 'GET', path: '/v1/markets/{market}/slots', queryNames: ['from', 'to'], headerNames: {}, isText: false},
	getSlot: {method: 'GET', path: '/v1/slots/{market}/{slot}', queryNames: [], headerNames: {}, isText: false},
	getBook: {method: 'GET', path: '/v1/slots/{market}/{slot}/book', queryNames: [], headerNames: {}, isText: false},
	getClearing: {method: 'GET', path: '/v1/slots/{market}/{slot}/clearing', queryNames: [], headerNames: {}, isText: false},
	getSlotEvidence: {method: 'GET', path: '/v1/slots/{market}/{slot}/evidence', queryNames: [], headerNames: {}, isText: true},
	submitOrders: {method: 'POST', path: '/v1/orders', queryNames: ['receipt'], headerNames: {idempotencyKey: 'idempotency-key'}, isText: false},
	listOrders: {method: 'GET', path: '/v1/orders', queryNames: ['market', 'trader', 'slot', 'state', 'cursor', 'limit'], headerNames: {}, isText: false},
	getOrder: {method: 'GET', path: '/v1/orders/{hash}', queryNames: [], headerNames: {}, isText: false},
	cancelOrder: {method: 'DELETE', path: '/v1/orders/{hash}', queryNames: ['market'], headerNames: {orderCancellation: 'order-cancellation'}, isText: false},
	getOrderReceipt: {method: 'GET', path: '/v1/orders/{hash}/receipt', queryNames: [], headerNames: {}, isText: true},
	cancelOrders: {method: 'POST', path: '/v1/orders/cancel', queryNames: [], headerNames: {idempotencyKey: 'idempotency-key'}, isText: false},
	cancelAllOrders: {method: 'POST', path: '/v1/orders/cancel-all', queryNames: [], headerNames: {idempotencyKey: 'idempotency-key'}, isText: false},
	listFills: {method: 'GET', path: '/v1/fills', queryNames: ['market', 'account', 'slot', 'cursor', 'limit'], headerNames: {}, isText: false},
	getFillProof: {method: 'GET', path: '/v1/fills/{orderHash}/proof', queryNames: ['slot'], headerNames: {}, isText: false},
	listSettlements: {method: 'GET', path: '/v1/settlements', queryNames: ['market', 'account', 'from', 'to', 'cursor', 'limit'], headerNames: {}, isText: false},
	getSettlementProof: {method: 'GET', path: '/v1/settlements/{market}/{slot}/{account}/proof', queryNames: ['meter'], headerNames: {}, isText: false},
	getMeterReading: {method: 'GET', path: '/v1/meters/{meter}/readings/{slot}', queryNames: ['market'], headerNames: {}, isText: false},
	openDispute: {method: 'POST', path: '/v1/disputes', queryNames: [], headerNames: {idempotencyKey: 'idempotency-key'}, isText: false},
	listDisputes: {method: 'GET', path: '/v1/disputes', queryNames: ['market', 'account'], headerNames: {}, isText: false},
	getDispute: {method: 'GET', path: '/v1/disputes/{id}', queryNames: [], headerNames: {}, isText: false},
	getBalance: {method: 'GET', path: '/v1/accounts/{account}/balance', queryNames: ['market'], headerNames: {}, isText: false},
	listClaims: {method: 'GET', path: '/v1/accounts/{account}/claims', queryNames: ['market'], headerNames: {}, isText: false},
	delegate: {method: 'POST', path: '/v1/delegations', queryNames: [], headerNames: {idempotencyKey: 'idempotency-key'}, isText: false},
	revokeDelegation: {method: 'DELETE', path: '/v1/delegations/{id}', queryNames: ['market'], headerNames: {delegationRevocation: 'delegation-revocation'}, isText: false},
	exportBill: {method: 'GET', path: '/v1/exports/bill', queryNames: ['market', 'account', 'from', 'to', 'format'], headerNames: {}, isText: true},
	exportSharingKeys: {method: 'GET', path: '/v1/exports/sharing-keys', queryNames: ['market', 'from', 'to', 'kind', 'format'], headerNames: {}, isText: true},
	exportPriceEvent: {method: 'GET', path: '/v1/exports/price-event', queryNames: ['market', 'from', 'to'], headerNames: {}, isText: false},
	newNonce: {method: 'POST', path: '/v1/auth/nonce', queryNames: [], headerNames: {}, isText: false},
	signIn: {method: 'POST', path: '/v1/auth/siwe', queryNames: [], headerNames: {}, isText: false},
	events: {method: 'GET', path: '/v1/events', queryNames: ['market', 'after'], headerNames: {}, isText: true},
	getTime: {method: 'GET', path: '/v1/time', queryNames: [], headerNames: {}, isText: false},
	getHealth: {method: 'GET', path: '/v1/healthz', queryNames: [], headerNames: {}, isText: false},
	getAsyncApi: {method: 'GET', path: '/v1/asyncapi.json', queryNames: [], headerNames: {}, isText: true},
} as const satisfies Readonly<Record<string, Operation>>;

/** A client of the server at `url`, as in http://127.0.0.1:8080. It keeps nothing open but what fetch keeps, and streams that are read. */
export function createMarketClient(url: string, clientOptions: ClientOptions = {}): MarketClient {
	const {call, pages, events} = createTransport(url, clientOptions);
	// What comes back is what the description says; the tests hold the server to it.
	return {
		listMarkets: (request: Request = {}, options?: CallOptions) => call(operations.listMarkets, request, options),
		getMarket: (request: Request = {}, options?: CallOptions) => call(operations.getMarket, request, options),
		listSlots: (request: Request = {}, options?: CallOptions) => call(operations.listSlots, request, options),
		getSlot: (request: Request = {}, options?: CallOptions) => call(operations.getSlot, request, options),
		getBook: (request: Request = {}, options?: CallOptions) => call(operations.getBook, request, options),
		getClearing: (request: Request = {}, options?: CallOptions) => call(operations.getClearing, request, options),
		getSlotEvidence: (request: Request = {}, options?: CallOptions) => call(operations.getSlotEvidence, request, options),
		submitOrders: (request: Request = {}, options?: CallOptions) => call(operations.submitOrders, request, options),
		listOrders: (request: Request = {}, options?: CallOptions) => call(operations.listOrders, request, options),
		iterateOrders: (request: Request = {}, options?: CallOptions) => pages(operations.listOrders, request, options),
		getOrder: (request: Request = {}, options?: CallOptions) => call(operations.getOrder, request, options),
		cancelOrder: (request: Request = {}, options?: CallOptions) => call(operations.cancelOrder, request, options),
		getOrderReceipt: (request: Request = {}, options?: CallOptions) => call(operations.getOrderReceipt, request, options),
		cancelOrders: (request: Request = {}, options?: CallOptions) => call(operations.cancelOrders, request, options),
		cancelAllOrders: (request: Request = {}, options?: CallOptions) => call(operations.cancelAllOrders, request, options),
		listFills: (request: Request = {}, options?: CallOptions) => call(operations.listFills, request, options),
		iterateFills: (request: Request = {}, options?: CallOptions) => pages(operations.listFills, request, options),
		getFillProof: (request: Request = {}, options?: CallOptions) => call(operations.getFillProof, request, options),
		listSettlements: (request: Request = {}, options?: CallOptions) => call(operations.listSettlements, request, options),
		iterateSettlements: (request: Request = {}, options?: CallOptions) => pages(operations.listSettlements, request, options),
		getSettlementProof: (request: Request = {}, options?: CallOptions) => call(operations.getSettlementProof, request, options),
		getMeterReading: (request: Request = {}, options?: CallOptions) => call(operations.getMeterReading, request, options),
		openDispute: (request: Request = {}, options?: CallOptions) => call(operations.openDispute, request, options),
		listDisputes: (request: Request = {}, options?: CallOptions) => call(operations.listDisputes, request, options),
		getDispute: (request: Request = {}, options?: CallOptions) => call(operations.getDispute, request, options),
		getBalance: (request: Request = {}, options?: CallOptions) => call(operations.getBalance, request, options),
		listClaims: (request: Request = {}, options?: CallOptions) => call(operations.listClaims, request, options),
		delegate: (request: Request = {}, options?: CallOptions) => call(operations.delegate, request, options),
		revokeDelegation: (request: Request = {}, options?: CallOptions) => call(operations.revokeDelegation, request, options),
		exportBill: (request: Request = {}, options?: CallOptions) => call(operations.exportBill, request, options),
		exportSharingKeys: (request: Request = {}, options?: CallOptions) => call(operations.exportSharingKeys, request, options),
		exportPriceEvent: (request: Request = {}, options?: CallOptions) => call(operations.exportPriceEvent, request, options),
		newNonce: (request: Request = {}, options?: CallOptions) => call(operations.newNonce, request, options),
		signIn: (request: Request = {}, options?: CallOptions) => call(operations.signIn, request, options),
		events: (request: Request = {}, options?: CallOptions) => events(operations.events, request, options),
		getTime: (request: Request = {}, options?: CallOptions) => call(operations.getTime, request, options),
		getHealth: (request: Request = {}, options?: CallOptions) => call(operations.getHealth, request, options),
		getAsyncApi: (request: Request = {}, options?: CallOptions) => call(operations.getAsyncApi, request, options),
	} as unknown as MarketClient;
}
