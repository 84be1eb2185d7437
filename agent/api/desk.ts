// What the HTTP API needs of an energy market's desk: plain values in, plain values out, and no HTTP word among them.

/** Prices in µ-currency/kWh, energies in Wh: whole numbers below 2^53. Amounts in nano-currency: decimal text. Hashes, ids and addresses: 0x and lower-case hexadecimal. */
export type MarketView = {
	/** keccak256 of the name: what orders are signed for. */
	readonly id: string;
	readonly name: string;
	readonly mode: 'metered' | 'forward';
	readonly pricing: 'auction' | 'midmarket';
	readonly settlementMode: 'erc20' | 'statement';
	readonly residual: 'community';
	readonly params: ParamsView;
	/** Seconds: how long before a slot its gate closes, and how long after it readings are waited for. */
	readonly timeline: {readonly slotS: 900; readonly openBeforeS: number; readonly gateBeforeS: number; readonly readingDeadlineS: number};
	/** EIP-712: `verifyingContract` is the zero address in statement mode. */
	readonly domain: {readonly name: string; readonly version: string; readonly chainId: number; readonly verifyingContract: string};
	readonly contract: string | undefined;
	/** Signs acknowledgements and slot statements. */
	readonly operator: string;
	readonly meters: number;
	/** Code of the money that its prices and amounts are in, such as EUR. */
	readonly currency: string;
};

export type ParamsView = {
	readonly version: number;
	readonly feedInMicroPerKwh: number;
	readonly retailMicroPerKwh: number;
	readonly gridFeeMicroPerKwh: number;
	readonly lineLimitWh: number | undefined;
};

/** An order as its trader signed it. 256-bit numbers as decimal text. */
export type SignedOrder = {
	readonly market: string;
	readonly meter: string;
	readonly trader: string;
	readonly side: 'buy' | 'sell';
	readonly mode: 'metered' | 'forward';
	readonly slotFrom: number;
	readonly slotCount: number;
	readonly quantityWh: number;
	readonly limitMicroPerKwh: number;
	readonly minQuantityWh: number;
	/** s since 1970. */
	readonly validUntil: number;
	readonly counter: number;
	/** 256 bits: 0x and 64 digits. */
	readonly salt: string;
	/** 65 bytes; anything up to 2,048 bytes for a contract account [ERC-1271]. */
	readonly signature: string;
};

/** Not signed, and not in the log: only echoed to whoever sent it. */
export type OrderRequest = SignedOrder & {
	readonly clientOrderId?: string;
	/** GTG (good till gate) is the default; IOC and FOK have no meaning in a call auction. */
	readonly timeInForce?: string;
};

export type OrderState = 'open' | 'cancelled' | 'expired' | 'locked' | 'filled' | 'partially-filled' | 'unfilled';

/** The operator's EIP-712 signature over what was acknowledged: what the contract accepts as proof of an order that was left out. */
export type AcknowledgementView = {
	readonly orderHash: string;
	readonly market: string;
	readonly slot: number;
	readonly sequence: number;
	/** s since 1970. */
	readonly receivedAt: number;
	readonly signature: string;
};

export type OrderView = {
	readonly hash: string;
	readonly sequence: number;
	readonly state: OrderState;
	/** Place of its entry in the log. */
	readonly index: number;
	readonly order: SignedOrder;
	readonly acknowledgement: AcknowledgementView;
};

/** Why something was not taken. The codes are those of the API's error table. */
export type DeskProblem = {
	readonly code: DeskProblemCode;
	readonly detail: string;
	/** JSON pointer into what was sent. */
	readonly pointer?: string;
	readonly requiredNano?: string;
	readonly availableNano?: string;
	readonly orderHash?: string;
};

export type DeskProblemCode =
	| 'malformed'
	| 'bad-signature'
	| 'not-your-meter'
	| 'unknown-market'
	| 'unknown-order'
	| 'unknown-slot'
	| 'side-conflict'
	| 'order-exists'
	| 'duplicate-salt'
	| 'gate-closed'
	| 'price-out-of-band'
	| 'capacity-exceeded'
	| 'insufficient-escrow'
	| 'counter-stale'
	| 'unsupported-tif'
	| 'delegation-exceeded'
	/** Sound in itself, but another order of the atomic batch was refused. */
	| 'batch-refused'
	| 'operator-halted';

export type Answer<T> = {readonly value: T} | {readonly problem: DeskProblem};

export type SubmittedOrder = {
	/** False: the very same signed order was there already. */
	readonly isNew: boolean;
	readonly order: OrderView;
};

export type SlotPhase = 'open' | 'closed' | 'cleared' | 'metered' | 'posted' | 'final' | 'void';

export type SlotView = {
	readonly market: string;
	readonly slot: number;
	/** RFC 3339, UTC. */
	readonly start: string;
	readonly end: string;
	readonly gate: string;
	readonly phase: SlotPhase;
	/** Energy prices and volume once it is cleared; undefined before, and prices undefined if nothing was traded. */
	readonly volumeWh: number | undefined;
	readonly priceBuyMicroPerKwh: number | undefined;
	readonly priceSellMicroPerKwh: number | undefined;
};

export type BookView = {
	readonly bids: readonly {readonly priceMicroPerKwh: number; readonly quantityWh: number; readonly orders: number}[];
	readonly asks: readonly {readonly priceMicroPerKwh: number; readonly quantityWh: number; readonly orders: number}[];
};

export type ClearingView = {
	readonly market: string;
	readonly slot: number;
	readonly volumeWh: number;
	readonly priceBuyMicroPerKwh: number | undefined;
	readonly priceSellMicroPerKwh: number | undefined;
	readonly lowMicroPerKwh: number | undefined;
	readonly highMicroPerKwh: number | undefined;
	/** Root of the order set, which breaks ties of single Wh. */
	readonly seed: string;
	readonly bidRoot: string;
	readonly askRoot: string;
	readonly headerHash: string;
	readonly header: unknown;
	readonly certificate: unknown;
	/** The operator's EIP-712 signature over market, slot and header hash. */
	readonly statement: string;
	readonly transaction: string | undefined;
};

export type FillView = {
	readonly orderHash: string;
	/** Of the order. */
	readonly sequence: number;
	readonly account: string;
	readonly meter: string;
	readonly slot: number;
	readonly side: 'buy' | 'sell';
	readonly quantityWh: number;
	readonly fillWh: number;
	readonly priceMicroPerKwh: number;
};

export type SettlementState = 'contracted' | 'metered' | 'provisional' | 'posted' | 'final';

export type SettlementView = {
	readonly market: string;
	readonly slot: number;
	readonly account: string;
	readonly meter: string;
	readonly orderHash: string | undefined;
	readonly contractedWh: number;
	readonly meteredWh: number;
	readonly deviationWh: number;
	readonly forwardNano: string;
	readonly imbalanceNano: string;
	readonly gridNano: string;
	readonly netNano: string;
	readonly substituted: boolean;
	readonly spread: boolean;
	/** Numbers of the entries at the slot's boundaries in the channels of the meter's registers; 0 for none. */
	readonly entries: {readonly importFrom: number; readonly importTo: number; readonly exportFrom: number; readonly exportTo: number};
	readonly state: SettlementState;
	/** Slot whose row this one corrects, where a late reading came before finality. */
	readonly adjustmentOf: number | undefined;
};

/** What an account trades by. */
export type AccountView = {
	readonly account: string;
	/** What its next order must be signed with. */
	readonly counter: number;
	/** That it answers for, by their ids. */
	readonly meters: readonly {
		readonly meter: string;
		readonly device: string;
		/** Most that it can take, and feed in, in a slot. */
		readonly maxImportWh: number;
		readonly maxExportWh: number;
	}[];
};

export type BalanceView = {
	readonly account: string;
	/** nano as decimal text. */
	readonly depositedNano: string;
	readonly reservedNano: string;
	readonly availableNano: string;
	/** Settled and not final yet. */
	readonly pendingNano: string;
	readonly claimableNano: string;
	readonly drawnNano: string;
};

export type ClaimView = {
	readonly day: number;
	readonly account: string;
	readonly cumNano: string;
	readonly to: string;
	/** Ready to send, ABI-encoded. */
	readonly calldata: string;
};

export type MarketEvent = {
	/** Gapless within a market, from 1. */
	readonly sequence: number;
	readonly type:
		| 'slot.opened'
		| 'slot.closing'
		| 'slot.cleared'
		| 'slot.unposted'
		| 'order.accepted'
		| 'order.cancelled'
		| 'order.filled'
		| 'reading.anchored'
		| 'reading.missing'
		| 'settlement.provisional'
		| 'settlement.posted'
		| 'settlement.final'
		| 'settlement.adjusted'
		| 'dispute.opened'
		| 'dispute.resolved'
		| 'params.changed'
		| 'market.halted';
	/** ms since 1970. */
	readonly atMs: number;
	/** Whom it concerns; undefined: everybody. Such events are shown only to that account. */
	readonly account: string | undefined;
	readonly data: Readonly<Record<string, unknown>>;
};

/** The API makes opaque cursors of keys and keys of cursors, so that a desk meets no made-up ones. */
export type Page<T, Key> = {
	readonly items: readonly T[];
	/** Key of the last item, for `after` of the next page; undefined on the last page. */
	readonly next: Key | undefined;
};

/** What rows are sorted by, in this order. */
export type SettlementKey = {readonly slot: number; readonly account: string; readonly meter: string};

/** All that the API needs of one market. Everything that is asked by account has been authorised by the API before. */
export type MarketDesk = {
	readonly view: () => MarketView;
	/** Orders in, in the order of arrival; each is answered when it is durable. At most 500. With `atomic` all or none are taken. */
	readonly submit: (orders: readonly OrderRequest[], options: {readonly atomic: boolean}) => Promise<readonly Answer<SubmittedOrder>[]>;
	/** OrderCancellation over 1 … 500 hashes, signed by the trader or his agent. */
	readonly cancel: (request: {readonly hashes: readonly string[]; readonly signature: string}) => Promise<Answer<readonly OrderView[]>>;
	/** CounterIncrement, signed by the trader. */
	readonly cancelAll: (request: {
		readonly trader: string;
		readonly counter: number;
		readonly signature: string;
	}) => Promise<Answer<{readonly cancelled: number}>>;
	readonly delegate: (request: {
		readonly delegation: DelegationRequest;
		readonly signature: string;
	}) => Promise<Answer<{readonly id: string}>>;
	readonly revokeDelegation: (request: {readonly id: string; readonly signature: string}) => Promise<Answer<{readonly id: string}>>;
	readonly order: (hash: string) => Promise<OrderView | undefined>;
	/** Sorted by sequence, from the oldest or from the newest on. Of one trader, since bodies are released to nobody else before the gate. */
	readonly orders: (query: {
		readonly trader: string | undefined;
		readonly slot: number | undefined;
		readonly state: OrderState | undefined;
		readonly newestFirst: boolean;
		/** Sequence behind which the page begins, in that direction. */
		readonly after: number | undefined;
		readonly limit: number;
	}) => Promise<Page<OrderView, number>>;
	/**
	 * The receipt of the order's entry as `kedge verify` takes it; undefined while no checkpoint that covers it is released, for which it waits at most `waitMs`. There
	 * may be 2,000 such waits at a time.
	 */
	readonly orderReceipt: (hash: string, waitMs: number) => Promise<string | undefined>;
	/** From `from` to before `to`, at most 672, without those that the market does not know. */
	readonly slots: (query: {readonly from: number; readonly to: number}) => Promise<readonly SlotView[]>;
	/** undefined: before the market's first slot, or not open yet. */
	readonly slot: (slot: number) => Promise<SlotView | undefined>;
	/** undefined before the gate. */
	readonly book: (slot: number) => Promise<BookView | undefined>;
	/** undefined until it is cleared. */
	readonly clearing: (slot: number) => Promise<ClearingView | undefined>;
	/** Sorted by the orders' sequence; `after` is one. */
	readonly fills: (query: {
		readonly account: string | undefined;
		readonly slot: number;
		readonly after: number | undefined;
		readonly limit: number;
	}) => Promise<Page<FillView, number>>;
	/** Opening of the order's fill under the header, for the contract; undefined if it has none. */
	readonly fillProof: (orderHash: string, slot: number) => Promise<unknown>;
	readonly settlements: (query: {
		readonly account: string | undefined;
		readonly from: number;
		readonly to: number;
		readonly after: SettlementKey | undefined;
		readonly limit: number;
	}) => Promise<Page<SettlementView, SettlementKey>>;
	/**
	 * Opening of a row under the day's root, with the meter's boundary entries and their inclusion proofs where they are anchored; undefined while the day is not posted.
	 * `meter` may be left out where the account has one.
	 */
	readonly settlementProof: (slot: number, account: string, meter: string | undefined) => Promise<unknown>;
	/** Boundary entries of a slot with links to their receipts. */
	readonly meterReading: (meter: string, slot: number) => Promise<unknown>;
	readonly account: (account: string) => Promise<AccountView>;
	readonly balance: (account: string) => Promise<BalanceView>;
	readonly claims: (account: string) => Promise<readonly ClaimView[]>;
	readonly meterOwner: (meter: string) => string | undefined;
	/** The account's settled rows from … before `to` as a file; undefined while no slot of them is settled. */
	readonly bill: (query: {
		readonly account: string;
		readonly from: number;
		readonly to: number;
		readonly format: 'csv' | 'json';
	}) => Promise<BillFile | undefined>;
	readonly sharingKeys: (query: {
		readonly from: number;
		readonly to: number;
		readonly kind: 'static' | 'pro-rata' | 'full-dynamic';
		readonly format: 'csv' | 'json';
	}) => Promise<string>;
	readonly priceEvent: (query: {readonly from: number; readonly to: number}) => Promise<unknown>;
	readonly slotEvidence: (slot: number) => Promise<string | undefined>;
	readonly openDispute: (request: {
		readonly account: string;
		readonly slot: number;
		readonly reason: string;
	}) => Promise<Answer<DisputeView>>;
	readonly dispute: (id: string) => Promise<DisputeView | undefined>;
	/** The newest 500 at most, newest first. */
	readonly disputes: (account: string | undefined) => Promise<readonly DisputeView[]>;
	/** Events after `sequence`, oldest first, at most `limit`; 'gap' if some of them are not kept any more. */
	readonly eventsAfter: (sequence: number, limit: number) => Promise<readonly MarketEvent[] | 'gap'>;
	/** Newest event's sequence; 0 if there is none. */
	readonly newestEvent: () => number;
	/** Told of each event once it is durable, in order. Gives what ends that. MUST NOT throw. */
	readonly onEvent: (listener: (event: MarketEvent) => void) => () => void;
};

/** `settledTo`: the slots before this one are settled; `to`, if all are. */
export type BillFile = {readonly text: string; readonly settledTo: number};

export type DelegationRequest = {
	readonly owner: string;
	readonly agent: string;
	readonly market: string;
	readonly meter: string;
	readonly maxWhPerSlot: number;
	readonly minSellMicroPerKwh: number;
	readonly maxBuyMicroPerKwh: number;
	/** s since 1970. */
	readonly notBefore: number;
	readonly notAfter: number;
	readonly nonce: string;
};

export type DisputeView = {
	readonly id: string;
	readonly account: string;
	readonly slot: number;
	readonly reason: string;
	readonly state: 'open' | 'resolved';
	readonly openedAtMs: number;
};
