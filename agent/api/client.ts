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

/** What an account trades by. */
export type Account = {
	/** Address of an account, as 0x and 40 hexadecimal digits. Either case is taken; answers have lower-case digits. */
	readonly account: string;
	/** What orders of the account are signed with, until it is raised. */
	readonly counter: number;
	/** Meters that the account answers for; none: it cannot trade here. */
	readonly meters: readonly (OwnMeter)[];
};

/** The answer of the ledger, as in an evidence package: its README says what stands in it. */
export type AccountAnswer = {
	/** How many entries of the log it rests on. */
	readonly size: number;
	readonly answer: unknown;
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

/** Counts are since the log began where nothing else is said. */
export type Agent = {
	readonly version: string;
	/** Name of the log, a slash, and its epoch. */
	readonly origin: string;
	readonly state: 'running' | 'withheld' | 'full' | 'frozen' | 'stopping';
	/** ms since 1970. */
	readonly startedAtMs: number;
	/** ms since 1970. */
	readonly nowMs: number;
	/** A count. */
	readonly size: number;
	/** When the newest entry arrived. */
	readonly newestEntryAtMs: number | null;
	/** The newest one that is signed. */
	readonly checkpoint: Readonly<Record<string, unknown>> | null;
	/** A count. */
	readonly releasedSize: number;
	/** When the newest entry that may be shown to others arrived. */
	readonly releasedAtMs: number | null;
	/** A count. */
	readonly unanchoredEntries: number;
	/** Age of the oldest entry that no anchor covers; null: there is none, or nothing is anchored. */
	readonly unanchoredAgeMs: number | null;
	/** So many of the anchors must hold an entry before it counts as anchored. */
	readonly anchorsNeeded: number;
	/** How many entries so many anchors hold. */
	readonly anchoredSize: number;
	/** And hold for good. */
	readonly finalSize: number;
	/** Where the log is anchored: chains and time-stamp authorities. */
	readonly anchors: readonly (AnchorState)[];
	readonly clock: 'synchronised' | 'unsynchronised' | 'unknown';
	/** A count. */
	readonly channels: number;
	/** A count. */
	readonly devices: number;
	/** A count. */
	readonly devicesRevoked: number;
	/** Of those that may speak, the ones that did since the start of the agent. */
	readonly devicesHeard: number;
	/** A count. */
	readonly silentDevices: number;
	readonly silent: readonly (SilentDevice)[];
	/** A count. */
	readonly connections: number;
	/** A count. */
	readonly gaps: number;
	/** A count. */
	readonly silences: number;
	/** A count. */
	readonly refused: number;
	readonly refusedByReason: Readonly<Record<string, unknown>>;
	/** A count. */
	readonly setAside: number;
	/** A count. */
	readonly quarantineBytes: number;
	readonly disk: {readonly freeBytes: number; readonly floorBytes: number; readonly walBytes: number; readonly fillDays: number | null};
	/** A count. */
	readonly residentBytes: number;
	/** A count. */
	readonly accountsBehind: number;
	readonly scrub: {readonly done: number; readonly of: number; readonly passes: number};
	readonly broker: unknown;
	readonly client: unknown;
	readonly market: unknown;
	readonly warnings: readonly (string)[];
	readonly notices: readonly (string)[];
};

/** What a site has of emission allowances, as contracts on the first chain of the config say it. */
export type Allowances = {
	/** As the config calls it. */
	readonly chain: string | null;
	/** A count. */
	readonly chainId: number;
	/** Address of CarbonAllowance. */
	readonly allowances: string;
	/** Address of CarbonReports. */
	readonly reports: string;
	/** Who acts for the site; null: the contracts do not know it. */
	readonly account: string | null;
	/** As of this block. */
	readonly blockNumber: number;
	/** ms since 1970. */
	readonly blockTimeMs: number;
	readonly periods: readonly ({readonly period: number; readonly fromMs: number; readonly toMs: number; readonly reportDeadlineMs: number; readonly surrenderDeadlineMs: number; readonly report: 'none' | 'posted' | 'void' | 'final' | 'determined'; readonly isReleased: boolean; readonly heldMg: string; readonly surrenderedMg: string; readonly balanceMg: string; readonly shortMg: string | null; readonly owedMg: string | null})[];
	/** Newest first, at most 200. */
	readonly moves: readonly ({readonly what: 'issued' | 'surrendered' | 'released' | 'retired' | 'short' | 'received' | 'sent'; readonly period: number; readonly amountMg: string; readonly other: string | null; readonly blockNumber: number})[];
	/** What moved in earlier blocks is not told. */
	readonly movesFromBlock: number;
};

export type AnchorState = {
	readonly kind: 'chain' | 'authority';
	/** Which one, for people. */
	readonly name: string;
	/** A count. */
	readonly size: number;
	/** A count. */
	readonly finalSize: number;
	/** What it waits for. */
	readonly waitingFor: string | null;
	/** What went wrong last. */
	readonly problem: string | null;
	/** The code of that error, which stays when its sentence changes. */
	readonly problemCode: string | null;
	/** How long the fees last at the pace of the last days; null: not known, or free. */
	readonly runwayDays: number | null;
	readonly detail: unknown;
};

/** Deposited: what the contract holds for the account, less what it asked back. Reserved: the worst that its open orders can cost. Available: what further orders can be covered with. Pending is settled and not final yet. Claimable: final, and can be drawn. In a market without a contract nothing is deposited or drawn. */
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

export type Channel = {
	readonly urn: string;
	readonly device: string;
	readonly quantity: string;
	/** Phase, tariff or direction. */
	readonly part: string | null;
	/** Base unit; null for a quantity that this program does not know. */
	readonly unit: string | null;
	/** register, interval, gauge or state. */
	readonly kind: string | null;
	readonly exponent: number;
	/** A count. */
	readonly entries: number;
};

export type ChannelList = {
	readonly items: readonly (Channel)[];
};

export type Checkpoint = {
	readonly origin: string;
	/** A count. */
	readonly size: number;
	/** Of the tree. Hexadecimal. */
	readonly root: string;
	readonly note: string;
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

/** A period of a channel in columns, at most as many points as were asked for: from readings one by one where they are so few, else from buckets that are exact sums over them. The buckets in which a period begins and ends are given whole, but to whoever came by a share link for a period: they are left out. What is invalid, in conflict or without a value is counted, and not shown. */
export type Curve = {
	readonly urn: string;
	/** As of its channel. */
	readonly unit: string | null;
	/** As of its channel. */
	readonly kind: string | null;
	readonly exponent: number;
	readonly level: 'raw' | 'quarter-hour' | 'six-hours' | 'four-days';
	/** Length of each bucket; null for readings one by one. */
	readonly bucketMs: number | null;
	/** The device speaks at least this often: a longer time without a point is a gap. null: it may be silent. */
	readonly cadenceMs: number | null;
	/** Entries of the log that are not in it yet. */
	readonly behind: number;
	/** Where each bucket begins, or when each reading was measured. */
	readonly times: readonly (number)[];
	/** Readings of each bucket. */
	readonly counts: readonly (number)[];
	/** First value of each bucket, by time; null where none is shown. */
	readonly first: readonly (string | null)[];
	/** Last value. */
	readonly last: readonly (string | null)[];
	/** Smallest value. */
	readonly min: readonly (string | null)[];
	/** Largest value. */
	readonly max: readonly (string | null)[];
	/** By name, pairs of a place and how often: estimated, conflict, noValue, invalid, exception, correction, late, missing (numbers that the device left out), silences. */
	readonly marks: Readonly<Record<string, unknown>>;
	/** Of readings one by one: where each stands in the log. */
	readonly indexes?: readonly (number)[];
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

export type Device = {
	readonly id: string;
	readonly from: 'config' | 'added';
	readonly state: 'enrolled' | 'revoked';
	readonly topics: readonly (string)[];
	readonly mappings: readonly (string)[];
	readonly credentials: readonly (string)[];
	readonly isSigning: boolean;
	/** It speaks at least this often; null: it may be silent. */
	readonly cadenceMs: number | null;
	/** Since the start of the agent. */
	readonly lastHeardMs: number | null;
	/** One of its channels at least was not heard for twice its cadence. */
	readonly isSilent: boolean;
	/** A count. */
	readonly refused: number;
	readonly expired: readonly (string)[];
	readonly binding: unknown;
	/** A count. */
	readonly channels: number;
};

export type DeviceList = {
	readonly items: readonly (Device)[];
};

export type DeviceWithChannels = {
	readonly device: Device;
	readonly channels: readonly (Channel)[];
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

export type Entry = {
	/** Place in the log, from 0. */
	readonly index: number;
	/** reading, note, enrolment, order, epoch, identity or statement; else kind-N. */
	readonly kind: string;
	/** Of a reading the quantity, else the sort of its kind. */
	readonly sort: string | null;
	/** Of what; null if this log does not say. */
	readonly urn: string | null;
	/** Of which device. */
	readonly device: string | null;
	/** A count. */
	readonly number: number;
	/** Base unit of the value. */
	readonly unit: string | null;
	readonly exponent: number;
	/** Digits with a sign, to be multiplied with ten to the exponent. */
	readonly value: string;
	readonly quality: readonly (string)[];
	/** By the device; null: it claims no time. */
	readonly measuredAtMs: number | null;
	/** ms since 1970. */
	readonly arrivedAtMs: number;
	/** A count. */
	readonly span: number;
	/** Salted hash of the URN. Hexadecimal. */
	readonly subject: string;
	/** Of the entry. Hexadecimal. */
	readonly salt: string;
	/** Salted hash of what it came from. Hexadecimal. */
	readonly source: string;
	/** The entry itself, 118 bytes. Hexadecimal. */
	readonly bytes: string;
	/** SHA-256 of 0x00 and the entry. Hexadecimal. */
	readonly leafHash: string;
	readonly body: unknown;
	readonly arrival: unknown;
	/** Messages are shown to owners and operators, and to nobody from the orders of a market. */
	readonly arrivalState: 'shown' | 'withheld' | 'pruned' | 'none';
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

export type EvidencePackage = {
	readonly id: string;
	readonly state: 'packing' | 'done' | 'failed';
	readonly about: string;
	readonly of: string;
	/** ms since 1970. */
	readonly fromMs: number;
	/** ms since 1970. */
	readonly toMs: number;
	/** gather, answer or write, while it is packed. */
	readonly step: string | null;
	/** A count. */
	readonly done: number;
	/** A count. */
	readonly all: number;
	/** Of the file, when it is done. */
	readonly bytes: number | null;
	/** Why it failed. */
	readonly problem: string | null;
};

export type EvidencePackageList = {
	readonly items: readonly (EvidencePackage)[];
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

export type Ids = {
	readonly items: readonly (string)[];
};

export type MadeShare = {
	readonly share: Share;
	/** 256 bits. Shown here once: only its SHA-256 is kept. */
	readonly token: string;
	/** Path of the page that opens it; the token stands behind #, which no server and no log sees. */
	readonly link: string;
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
	/** Code of the money that prices and amounts are in, such as EUR. */
	readonly currency: string;
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

export type NewUser = {
	readonly user: User;
	/** Shown here once: only its hash is kept. */
	readonly password: string;
};

export type Nonce = {
	readonly nonce: string;
	/** RFC 3339, UTC. */
	readonly expiresAt: string;
};

export type Note = {
	/** Place in the log, from 0. */
	readonly index: number;
	readonly note: string;
	/** Of what. */
	readonly urn: string | null;
	/** ms since 1970. */
	readonly atMs: number;
	/** Digits with a sign, to be multiplied with ten to the exponent. */
	readonly value: string;
	readonly body: unknown;
};

export type NoteList = {
	readonly items: readonly (Note)[];
	/** Cursor of the next page; missing at the beginning of the log. */
	readonly next?: string;
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
	/** The counter of the trader: 0 until he raises it. GET /v1/accounts/{account} has it. */
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

export type OwnMeter = {
	/** 32 bytes, as 0x and 64 hexadecimal digits. Answers have lower-case digits. */
	readonly meter: string;
	/** Name of the meter: `meter` is keccak-256 of urn:kedge:device: and this. */
	readonly device: string;
	/** Most that it can take in a slot, Wh. */
	readonly maxImportWh: number;
	/** Most that it can feed in in a slot, Wh; 0: it only takes. */
	readonly maxExportWh: number;
};

export type Path = {
	/** Place in the log, from 0. */
	readonly index: number;
	/** Where it begins. Hexadecimal. */
	readonly leafHash: string;
	/** From the leaf up [RFC 9162 §2.1.3]. */
	readonly steps: readonly (PathStep)[];
	readonly checkpoint: Checkpoint;
	/** Where the checkpoint stands outside of the log, with transactions and blocks, or tokens. */
	readonly anchors: readonly (unknown)[];
};

export type PathStep = {
	/** On which side of what was hashed so far it stands. */
	readonly side: 'left' | 'right';
	/** What is hashed with it. Hexadecimal. */
	readonly hash: string;
	/** Place in the log, from 0. */
	readonly begin: number;
	/** A count. */
	readonly end: number;
	/** Of both together. Hexadecimal. */
	readonly sum: string;
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
	readonly code: 'malformed' | 'idempotency-missing' | 'unauthorised' | 'wrong-password' | 'bad-signature' | 'forbidden' | 'foreign-origin' | 'not-your-meter' | 'delegation-exceeded' | 'not-found' | 'unknown-share' | 'unknown-user' | 'unknown-market' | 'unknown-order' | 'unknown-slot' | 'not-yet' | 'method-not-allowed' | 'not-acceptable' | 'request-timeout' | 'side-conflict' | 'order-exists' | 'duplicate-salt' | 'gate-closed' | 'user-exists' | 'last-owner' | 'too-many' | 'idempotency-in-flight' | 'stream-gap' | 'share-ended' | 'pruned' | 'too-large' | 'unsupported-media' | 'weak-password' | 'price-out-of-band' | 'capacity-exceeded' | 'insufficient-escrow' | 'counter-stale' | 'unsupported-tif' | 'batch-refused' | 'idempotency-mismatch' | 'rate-limited' | 'headers-too-large' | 'internal' | 'busy' | 'operator-halted';
	readonly errors?: readonly (FieldError)[];
	readonly orderHash?: string;
	readonly requiredNano?: string;
	readonly availableNano?: string;
	readonly newestSequence?: number;
};

export type Reading = {
	/** Place in the log, from 0. */
	readonly index: number;
	/** A count. */
	readonly number: number;
	/** By the device; null: it claims no time. */
	readonly measuredAtMs: number | null;
	/** ms since 1970. */
	readonly arrivedAtMs: number;
	/** Digits with a sign, to be multiplied with ten to the exponent; null: no value. */
	readonly value: string | null;
	readonly quality: readonly (string)[];
	/** A count. */
	readonly span: number;
};

export type ReadingPage = {
	readonly items: readonly (Reading)[];
	/** Cursor of the next page; missing on the last one. */
	readonly next?: string;
};

export type Refusal = {
	/** A count. */
	readonly id: number;
	/** ms since 1970. */
	readonly arrivedAtMs: number;
	readonly reason: string;
	readonly detail: string;
	/** Where it came to; null where it cannot be read. */
	readonly topic: string | null;
	/** Who sent it, as far as the door knew. */
	readonly identity: string | null;
	/** A count. */
	readonly bytes: number;
	/** Base64; null for viewers and auditors, and for more than 16 KiB. */
	readonly payload: string | null;
};

export type RefusalList = {
	readonly items: readonly (Refusal)[];
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

export type Share = {
	readonly id: string;
	readonly scope: ShareScope;
	readonly label: string;
	readonly by: string;
	/** RFC 3339, UTC. */
	readonly created: string;
	/** RFC 3339, UTC. */
	readonly expires: string;
	/** RFC 3339, UTC; null while it is not. */
	readonly revoked: string | null;
	/** When somebody last saw something by it, RFC 3339, UTC; null if nobody has. */
	readonly used: string | null;
	readonly state: 'open' | 'expired' | 'revoked';
};

export type ShareList = {
	readonly items: readonly (Share)[];
};

/** device and shipment need an id, period needs both times; a device may have times too. The first is included, the second is not. */
export type ShareScope = {
	readonly kind: 'device' | 'shipment' | 'period';
	/** 1 to 64 letters, digits, _ or -. */
	readonly id?: string;
	/** ms since 1970. */
	readonly fromMs?: number;
	/** ms since 1970. */
	readonly toMs?: number;
};

export type SignInRequest = {
	readonly message: string;
	/** 65 bytes r, s, v, as 0x and hexadecimal digits. For a contract account up to 2048 bytes [ERC-1271]. */
	readonly signature: string;
};

/** Who asks. It ends at `until` at the latest, and when it is not used for twelve hours. */
export type SignedIn = {
	/** Name of who is signed in; null for whoever came by a share link. */
	readonly user: string | null;
	readonly role: 'owner' | 'operator' | 'viewer' | 'null';
	readonly share?: Share;
	/** RFC 3339, UTC. */
	readonly until: string;
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
	/** The counter of the trader: 0 until he raises it. GET /v1/accounts/{account} has it. */
	readonly counter: number;
	/** Any 256 bits that the trader has not used before, as 0x and 64 hexadecimal digits. */
	readonly salt: string;
	/** 65 bytes r, s, v, as 0x and hexadecimal digits. For a contract account up to 2048 bytes [ERC-1271]. */
	readonly signature: string;
};

export type SignedOut = {
	readonly ended: boolean;
};

export type SilentDevice = {
	readonly device: string;
	/** A count. */
	readonly channels: number;
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

export type User = {
	readonly name: string;
	readonly role: 'owner' | 'operator' | 'viewer';
	/** RFC 3339, UTC. */
	readonly added: string;
};

export type UserList = {
	readonly items: readonly (User)[];
};

/** When a channel watched goods of shipments, within which limits, and which of its times were outside: what the shipments answer for that period, where one that began earlier is cut. */
export type Watched = {
	readonly spans: readonly ({readonly shipment: string; readonly assignment: string; readonly sort: 'temperature' | 'humidity'; readonly fromMs: number; readonly toMs: number; readonly low: number | null; readonly high: number | null; readonly excursions: readonly ({readonly side: 'above' | 'below'; readonly fromMs: number; readonly toMs: number; readonly peakMilli: number; readonly peakAtMs: number; readonly heldMs: number})[]})[];
	/** More shipments had this channel than were asked. */
	readonly isCut: boolean;
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
	readonly listOrders: (request?: {readonly market?: string; readonly trader?: string; readonly slot?: number; readonly state?: 'open' | 'cancelled' | 'expired' | 'locked' | 'filled' | 'partially-filled' | 'unfilled'; readonly sort?: 'oldest' | 'newest'; readonly cursor?: string; readonly limit?: number}, options?: CallOptions) => Promise<OrderPage>;
	/** The same, page after page. */
	readonly iterateOrders: (request?: {readonly market?: string; readonly trader?: string; readonly slot?: number; readonly state?: 'open' | 'cancelled' | 'expired' | 'locked' | 'filled' | 'partially-filled' | 'unfilled'; readonly sort?: 'oldest' | 'newest'; readonly cursor?: string; readonly limit?: number}, options?: CallOptions) => AsyncIterable<Order>;
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
	/** The counter that its next order must be signed with, and the meters that the account answers for. */
	readonly getAccount: (request: {readonly account: string; readonly market?: string}, options?: CallOptions) => Promise<Account>;
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
	/** Signs in with a name and a password; the answer sets the cookie of the session. */
	readonly beginSession: (request: {readonly body: {readonly name: string; readonly password: string}}, options?: CallOptions) => Promise<SignedIn>;
	/** Who the cookie of the request stands for. */
	readonly getSession: (request?: Readonly<Record<never, never>>, options?: CallOptions) => Promise<SignedIn>;
	/** Ends the session, or the look that a share link gave. */
	readonly endSession: (request?: Readonly<Record<never, never>>, options?: CallOptions) => Promise<SignedOut>;
	/** Changes the password of who asks; all his other sessions end, and the answer sets the cookie of a new one. */
	readonly changeOwnPassword: (request: {readonly body: {readonly current: string; readonly password: string}}, options?: CallOptions) => Promise<SignedIn>;
	/** Who may sign in. */
	readonly listUsers: (request?: Readonly<Record<never, never>>, options?: CallOptions) => Promise<UserList>;
	/** Lets somebody sign in, with a generated password. */
	readonly addUser: (request: {readonly body: {readonly name: string; readonly role: 'owner' | 'operator' | 'viewer'}}, options?: CallOptions) => Promise<NewUser>;
	/** Gives somebody another role, from his next request on. */
	readonly setUserRole: (request: {readonly user: string; readonly body: {readonly role: 'owner' | 'operator' | 'viewer'}}, options?: CallOptions) => Promise<User>;
	/** Gives somebody else a generated password; his sessions end. */
	readonly newUserPassword: (request: {readonly user: string}, options?: CallOptions) => Promise<NewUser>;
	/** Takes away that somebody may sign in; his sessions end. */
	readonly removeUser: (request: {readonly user: string}, options?: CallOptions) => Promise<User>;
	/** Makes a link that shows one device, shipment or period for at most 90 days. */
	readonly makeShare: (request: {readonly body: {readonly scope: ShareScope; readonly days: number; readonly label?: string}}, options?: CallOptions) => Promise<MadeShare>;
	/** The share links, those that ended in the last 90 days included. */
	readonly listShares: (request?: Readonly<Record<never, never>>, options?: CallOptions) => Promise<ShareList>;
	/** Revokes a share link: whoever came by it sees nothing more from now on. */
	readonly revokeShare: (request: {readonly share: string}, options?: CallOptions) => Promise<Share>;
	/** Opens a share link by its token; the answer sets the cookie of a session that sees what was shared and nothing else. */
	readonly openShare: (request: {readonly body: {readonly token: string}}, options?: CallOptions) => Promise<Share>;
	/** How the agent is: its log, what is anchored, disk, devices, and what is wrong. */
	readonly getAgent: (request?: Readonly<Record<never, never>>, options?: CallOptions) => Promise<Agent>;
	/** The devices, those that were revoked included. */
	readonly listDevices: (request?: Readonly<Record<never, never>>, options?: CallOptions) => Promise<DeviceList>;
	/** A device and its channels. */
	readonly getDevice: (request: {readonly device: string}, options?: CallOptions) => Promise<DeviceWithChannels>;
	/** All channels: one quantity of one device, with its sub-part. */
	readonly listChannels: (request?: Readonly<Record<never, never>>, options?: CallOptions) => Promise<ChannelList>;
	/** A period of a channel for drawing, at most 2000 points. */
	readonly getCurve: (request: {readonly channel: string; readonly from: number; readonly to: number; readonly points?: number}, options?: CallOptions) => Promise<Curve>;
	/** When a channel watched goods in a period, and what of that was outside their limits. */
	readonly getExcursions: (request: {readonly channel: string; readonly from: number; readonly to: number}, options?: CallOptions) => Promise<Watched>;
	/** Readings of a period one by one, in the order of the log, at most 2000 a page. */
	readonly listReadings: (request: {readonly channel: string; readonly from: number; readonly to: number; readonly limit?: number; readonly cursor?: string}, options?: CallOptions) => Promise<ReadingPage>;
	/** The same, page after page. */
	readonly iterateReadings: (request: {readonly channel: string; readonly from: number; readonly to: number; readonly limit?: number; readonly cursor?: string}, options?: CallOptions) => AsyncIterable<Reading>;
	/** An entry of the log, read. */
	readonly getEntry: (request: {readonly index: number}, options?: CallOptions) => Promise<Entry>;
	/** From the leaf of an entry to a checkpoint, anchored where one is, and to its anchors. */
	readonly getPath: (request: {readonly index: number}, options?: CallOptions) => Promise<Path>;
	/** The receipt of an entry: a file that proves it without us. */
	readonly getReceipt: (request: {readonly index: number; readonly arrival?: 'show'}, options?: CallOptions) => Promise<string>;
	/** What the agent noted: gaps, silences, steps of its clock, evictions; the newest first. */
	readonly listNotes: (request?: {readonly kinds?: string; readonly limit?: number; readonly cursor?: string}, options?: CallOptions) => Promise<NoteList>;
	/** The same, page after page. */
	readonly iterateNotes: (request?: {readonly kinds?: string; readonly limit?: number; readonly cursor?: string}, options?: CallOptions) => AsyncIterable<Note>;
	/** What was refused, why, and its raw bytes; the newest first. */
	readonly listRefusals: (request?: {readonly limit?: number}, options?: CallOptions) => Promise<RefusalList>;
	/** Sites whose emissions are counted. */
	readonly listSites: (request?: Readonly<Record<never, never>>, options?: CallOptions) => Promise<Ids>;
	/** What a site emitted in a period, by hour, source and scope. */
	readonly getEmissions: (request: {readonly site: string; readonly from: number; readonly to: number}, options?: CallOptions) => Promise<AccountAnswer>;
	/** Emission allowances of a site: held, surrendered, free, and how they moved. */
	readonly getAllowances: (request: {readonly site: string}, options?: CallOptions) => Promise<Allowances>;
	/** Shipments that the log knows. */
	readonly listShipments: (request?: Readonly<Record<never, never>>, options?: CallOptions) => Promise<Ids>;
	/** A shipment: its way, who held it, its excursions, and the verdict. */
	readonly getShipment: (request: {readonly shipment: string; readonly from?: number; readonly to?: number}, options?: CallOptions) => Promise<AccountAnswer>;
	/** Devices with energy certificates. */
	readonly listCertified: (request?: Readonly<Record<never, never>>, options?: CallOptions) => Promise<Ids>;
	/** Certificates of a device, of the hours that begin in a period. */
	readonly getCertificates: (request: {readonly device: string; readonly from: number; readonly to: number}, options?: CallOptions) => Promise<AccountAnswer>;
	/** Packs what answers a question into one file that proves it without us; goes on in the background, one at a time. */
	readonly packEvidence: (request: {readonly body: {readonly about: 'site' | 'shipment' | 'device' | 'certificates'; readonly id: string; readonly fromMs: number; readonly toMs: number}}, options?: CallOptions) => Promise<EvidencePackage>;
	/** The packages since the start of the agent: the newest few are kept. */
	readonly listPackages: (request?: Readonly<Record<never, never>>, options?: CallOptions) => Promise<EvidencePackageList>;
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
	listOrders: {method: 'GET', path: '/v1/orders', queryNames: ['market', 'trader', 'slot', 'state', 'sort', 'cursor', 'limit'], headerNames: {}, isText: false},
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
	getAccount: {method: 'GET', path: '/v1/accounts/{account}', queryNames: ['market'], headerNames: {}, isText: false},
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
	beginSession: {method: 'POST', path: '/v1/session', queryNames: [], headerNames: {}, isText: false},
	getSession: {method: 'GET', path: '/v1/session', queryNames: [], headerNames: {}, isText: false},
	endSession: {method: 'DELETE', path: '/v1/session', queryNames: [], headerNames: {}, isText: false},
	changeOwnPassword: {method: 'POST', path: '/v1/session/password', queryNames: [], headerNames: {}, isText: false},
	listUsers: {method: 'GET', path: '/v1/users', queryNames: [], headerNames: {}, isText: false},
	addUser: {method: 'POST', path: '/v1/users', queryNames: [], headerNames: {}, isText: false},
	setUserRole: {method: 'POST', path: '/v1/users/{user}/role', queryNames: [], headerNames: {}, isText: false},
	newUserPassword: {method: 'POST', path: '/v1/users/{user}/password', queryNames: [], headerNames: {}, isText: false},
	removeUser: {method: 'DELETE', path: '/v1/users/{user}', queryNames: [], headerNames: {}, isText: false},
	makeShare: {method: 'POST', path: '/v1/shares', queryNames: [], headerNames: {}, isText: false},
	listShares: {method: 'GET', path: '/v1/shares', queryNames: [], headerNames: {}, isText: false},
	revokeShare: {method: 'DELETE', path: '/v1/shares/{share}', queryNames: [], headerNames: {}, isText: false},
	openShare: {method: 'POST', path: '/v1/shares/open', queryNames: [], headerNames: {}, isText: false},
	getAgent: {method: 'GET', path: '/v1/agent', queryNames: [], headerNames: {}, isText: false},
	listDevices: {method: 'GET', path: '/v1/devices', queryNames: [], headerNames: {}, isText: false},
	getDevice: {method: 'GET', path: '/v1/devices/{device}', queryNames: [], headerNames: {}, isText: false},
	listChannels: {method: 'GET', path: '/v1/channels', queryNames: [], headerNames: {}, isText: false},
	getCurve: {method: 'GET', path: '/v1/channels/{channel}/curve', queryNames: ['from', 'to', 'points'], headerNames: {}, isText: false},
	getExcursions: {method: 'GET', path: '/v1/channels/{channel}/excursions', queryNames: ['from', 'to'], headerNames: {}, isText: false},
	listReadings: {method: 'GET', path: '/v1/channels/{channel}/readings', queryNames: ['from', 'to', 'limit', 'cursor'], headerNames: {}, isText: false},
	getEntry: {method: 'GET', path: '/v1/log/entries/{index}', queryNames: [], headerNames: {}, isText: false},
	getPath: {method: 'GET', path: '/v1/log/entries/{index}/path', queryNames: [], headerNames: {}, isText: false},
	getReceipt: {method: 'GET', path: '/v1/log/entries/{index}/receipt', queryNames: ['arrival'], headerNames: {}, isText: true},
	listNotes: {method: 'GET', path: '/v1/log/notes', queryNames: ['kinds', 'limit', 'cursor'], headerNames: {}, isText: false},
	listRefusals: {method: 'GET', path: '/v1/quarantine', queryNames: ['limit'], headerNames: {}, isText: false},
	listSites: {method: 'GET', path: '/v1/emissions', queryNames: [], headerNames: {}, isText: false},
	getEmissions: {method: 'GET', path: '/v1/emissions/{site}', queryNames: ['from', 'to'], headerNames: {}, isText: false},
	getAllowances: {method: 'GET', path: '/v1/emissions/{site}/allowances', queryNames: [], headerNames: {}, isText: false},
	listShipments: {method: 'GET', path: '/v1/shipments', queryNames: [], headerNames: {}, isText: false},
	getShipment: {method: 'GET', path: '/v1/shipments/{shipment}', queryNames: ['from', 'to'], headerNames: {}, isText: false},
	listCertified: {method: 'GET', path: '/v1/certificates', queryNames: [], headerNames: {}, isText: false},
	getCertificates: {method: 'GET', path: '/v1/certificates/{device}', queryNames: ['from', 'to'], headerNames: {}, isText: false},
	packEvidence: {method: 'POST', path: '/v1/evidence', queryNames: [], headerNames: {}, isText: false},
	listPackages: {method: 'GET', path: '/v1/evidence', queryNames: [], headerNames: {}, isText: false},
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
		getAccount: (request: Request = {}, options?: CallOptions) => call(operations.getAccount, request, options),
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
		beginSession: (request: Request = {}, options?: CallOptions) => call(operations.beginSession, request, options),
		getSession: (request: Request = {}, options?: CallOptions) => call(operations.getSession, request, options),
		endSession: (request: Request = {}, options?: CallOptions) => call(operations.endSession, request, options),
		changeOwnPassword: (request: Request = {}, options?: CallOptions) => call(operations.changeOwnPassword, request, options),
		listUsers: (request: Request = {}, options?: CallOptions) => call(operations.listUsers, request, options),
		addUser: (request: Request = {}, options?: CallOptions) => call(operations.addUser, request, options),
		setUserRole: (request: Request = {}, options?: CallOptions) => call(operations.setUserRole, request, options),
		newUserPassword: (request: Request = {}, options?: CallOptions) => call(operations.newUserPassword, request, options),
		removeUser: (request: Request = {}, options?: CallOptions) => call(operations.removeUser, request, options),
		makeShare: (request: Request = {}, options?: CallOptions) => call(operations.makeShare, request, options),
		listShares: (request: Request = {}, options?: CallOptions) => call(operations.listShares, request, options),
		revokeShare: (request: Request = {}, options?: CallOptions) => call(operations.revokeShare, request, options),
		openShare: (request: Request = {}, options?: CallOptions) => call(operations.openShare, request, options),
		getAgent: (request: Request = {}, options?: CallOptions) => call(operations.getAgent, request, options),
		listDevices: (request: Request = {}, options?: CallOptions) => call(operations.listDevices, request, options),
		getDevice: (request: Request = {}, options?: CallOptions) => call(operations.getDevice, request, options),
		listChannels: (request: Request = {}, options?: CallOptions) => call(operations.listChannels, request, options),
		getCurve: (request: Request = {}, options?: CallOptions) => call(operations.getCurve, request, options),
		getExcursions: (request: Request = {}, options?: CallOptions) => call(operations.getExcursions, request, options),
		listReadings: (request: Request = {}, options?: CallOptions) => call(operations.listReadings, request, options),
		iterateReadings: (request: Request = {}, options?: CallOptions) => pages(operations.listReadings, request, options),
		getEntry: (request: Request = {}, options?: CallOptions) => call(operations.getEntry, request, options),
		getPath: (request: Request = {}, options?: CallOptions) => call(operations.getPath, request, options),
		getReceipt: (request: Request = {}, options?: CallOptions) => call(operations.getReceipt, request, options),
		listNotes: (request: Request = {}, options?: CallOptions) => call(operations.listNotes, request, options),
		iterateNotes: (request: Request = {}, options?: CallOptions) => pages(operations.listNotes, request, options),
		listRefusals: (request: Request = {}, options?: CallOptions) => call(operations.listRefusals, request, options),
		listSites: (request: Request = {}, options?: CallOptions) => call(operations.listSites, request, options),
		getEmissions: (request: Request = {}, options?: CallOptions) => call(operations.getEmissions, request, options),
		getAllowances: (request: Request = {}, options?: CallOptions) => call(operations.getAllowances, request, options),
		listShipments: (request: Request = {}, options?: CallOptions) => call(operations.listShipments, request, options),
		getShipment: (request: Request = {}, options?: CallOptions) => call(operations.getShipment, request, options),
		listCertified: (request: Request = {}, options?: CallOptions) => call(operations.listCertified, request, options),
		getCertificates: (request: Request = {}, options?: CallOptions) => call(operations.getCertificates, request, options),
		packEvidence: (request: Request = {}, options?: CallOptions) => call(operations.packEvidence, request, options),
		listPackages: (request: Request = {}, options?: CallOptions) => call(operations.listPackages, request, options),
	} as unknown as MarketClient;
}
