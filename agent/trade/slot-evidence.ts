// Reads and writes the evidence of one slot: everything from which a stranger, with this file alone, clears and settles the slot again.

import {fromHex, toPrefixedHex} from '../base/bytes.ts';
import {nodeHasher} from '../base/hash-node.ts';
import {canonicalTextWithDigest, type Fields, type Json, type Parsed, parseDocument, shapeError} from '../format/document.ts';
import {ordersMax} from './book.ts';
import type {Certificate, SideCertificate, TierOpening} from './certificate.ts';
import type {Rules} from './clear.ts';
import type {RowLeaf, SlotHeader, TierLeaf} from './commitment.ts';
import {type Delegation, type Mode, readOrder, type SignedOrder} from './order.ts';
import {cancelledMax, type Domain} from './typed-data.ts';

/** Where an entry stands in the log, and its receipt, by the SHA-256 of the receipt's file. */
export type EntryReference = {readonly index: number; readonly receipt: string | undefined};

/** What took an order out before the gate. */
export type Withdrawal =
	| {readonly kind: 'cancellation'; readonly orders: readonly string[]; readonly signature: string; readonly receivedAt: number}
	/** `0x` for the signature: the chain said so. */
	| {readonly kind: 'counter'; readonly counter: number; readonly signature: string; readonly receivedAt: number};

export type EvidenceOrder = {
	readonly sequence: number;
	readonly hash: string;
	readonly order: SignedOrder;
	/** s since 1970, by the operator's clock. */
	readonly receivedAt: number;
	/** The operator's signature over the Acknowledgement; undefined where it is not in the file. */
	readonly acknowledgement: string | undefined;
	/** By which an agent signed. */
	readonly delegation: {readonly delegation: Delegation; readonly signature: string} | undefined;
	/** The trader is a contract that took the signature when the order came [ERC-1271]: nobody can check that without its chain. */
	readonly byContract: boolean;
	readonly withdrawal: Withdrawal | undefined;
	readonly entry: EntryReference | undefined;
};

/** What a register showed at the start of a slot, and the entry that says so. */
export type EvidenceBoundary = EntryReference & {
	/** The boundary is the start of this slot. */
	readonly slot: number;
	readonly number: number;
	readonly registerWh: number;
	readonly counterEpoch: number;
};

/** A register between the nearest known boundaries around the slot; undefined where there are none. */
export type EvidenceRegister = {readonly from: EvidenceBoundary; readonly to: EvidenceBoundary};

export type EvidenceMeter = {
	readonly meter: string;
	readonly owner: string;
	/** It has no register of what it gives. */
	readonly onlyTakes: boolean;
	readonly imported: EvidenceRegister | undefined;
	readonly exported: EvidenceRegister | undefined;
	/** Metered mode: what was known when the slot was cleared, if that was something else; `netExportWh` is undefined if nothing was. */
	readonly atClearing: {readonly netExportWh: number | undefined} | undefined;
};

export type EvidenceRow = Omit<RowLeaf, 'slot' | 'cumNano'>;

export type EvidenceAccounts = {readonly gridNano: bigint; readonly retailerNano: bigint; readonly poolNano: bigint};

/** A tier as it was matched, with what each of its orders got. */
export type EvidenceTier = {
	readonly priceMicroPerKwh: number;
	readonly quantityWh: number;
	readonly fills: readonly {readonly sequence: number; readonly quantityWh: number; readonly fillWh: number}[];
};

export type SlotEvidence = {
	/** keccak256 of the market's name. */
	readonly market: string;
	readonly domain: Domain;
	/** Who signs acknowledgements and statements. */
	readonly operator: string;
	/** When orders for the slot stopped, s since 1970. */
	readonly gate: number;
	readonly rules: Rules;
	readonly header: SlotHeader;
	readonly headerHash: string;
	/** The operator's signature over the SlotStatement. */
	readonly statement: string;
	/** Every order acknowledged before the gate, by rising sequence. */
	readonly orders: readonly EvidenceOrder[];
	readonly bids: readonly EvidenceTier[];
	readonly asks: readonly EvidenceTier[];
	readonly certificate: Certificate;
	/** Every meter of the market by rising id in the order of the rows. */
	readonly meters: readonly EvidenceMeter[];
	/** undefined while the slot is not settled; then one for each meter. */
	readonly settled: {readonly rows: readonly EvidenceRow[]; readonly accounts: EvidenceAccounts} | undefined;
};

export const slotEvidenceFormat = 'kedge slot evidence 1';
export const slotEvidenceLengthMax = 256 * 1024 * 1024;
const pathMax = 32;

/** The canonical text, digest included. */
export function formatSlotEvidence(evidence: SlotEvidence): string {
	const {header, rules, settled} = evidence;
	return canonicalTextWithDigest(nodeHasher, {
		format: slotEvidenceFormat,
		market: evidence.market,
		domain: {chainId: evidence.domain.chainId, verifyingContract: evidence.domain.verifyingContract},
		operator: evidence.operator,
		gate: evidence.gate,
		rules: {
			pricing: rules.pricing,
			feedInMicroPerKwh: rules.feedInMicroPerKwh,
			retailMicroPerKwh: rules.retailMicroPerKwh,
			gridFeeMicroPerKwh: rules.gridFeeMicroPerKwh,
			lineLimitWh: rules.lineLimitWh,
		},
		header: Object.fromEntries(headerKeys.map(key => [key, header[key]])),
		headerHash: evidence.headerHash,
		statement: evidence.statement,
		orders: evidence.orders.map(writeOrder),
		bids: evidence.bids.map(writeTier),
		asks: evidence.asks.map(writeTier),
		certificate: {bids: writeSide(evidence.certificate.bids), asks: writeSide(evidence.certificate.asks)},
		meters: evidence.meters.map(({meter, owner, onlyTakes, imported, exported, atClearing}) => ({
			meter,
			owner,
			onlyTakes: onlyTakes ? true : undefined,
			imported: imported && writeRegister(imported),
			exported: exported && writeRegister(exported),
			atClearing: atClearing && {netExportWh: atClearing.netExportWh === undefined ? undefined : `${atClearing.netExportWh}`},
		})),
		settled: settled && {
			rows: settled.rows.map(writeRow),
			gridNano: `${settled.accounts.gridNano}`,
			retailerNano: `${settled.accounts.retailerNano}`,
			poolNano: `${settled.accounts.poolNano}`,
		},
	});
}

/** Whatever is not byte for byte what formatSlotEvidence writes is a problem. What it says is not checked here. */
export function parseSlotEvidence(bytes: Uint8Array): Parsed<SlotEvidence> {
	return parseDocument(bytes, slotEvidenceLengthMax, readEvidence, formatSlotEvidence);
}

const headerKeys = [
	'slot',
	'paramsVersion',
	'mode',
	'orderCount',
	'orderSetRoot',
	'bidTiers',
	'bidRoot',
	'askTiers',
	'askRoot',
	'volumeWh',
	'priceBuyMicroPerKwh',
	'priceSellMicroPerKwh',
] as const satisfies readonly (keyof SlotHeader)[];

const orderKeys = [
	'market',
	'meter',
	'trader',
	'side',
	'mode',
	'slotFrom',
	'slotCount',
	'quantityWh',
	'limitMicroPerKwh',
	'minQuantityWh',
	'validUntil',
	'counter',
	'salt',
	'signature',
] as const satisfies readonly (keyof SignedOrder)[];

const delegationKeys = [
	'owner',
	'agent',
	'market',
	'meter',
	'maxWhPerSlot',
	'minSellMicroPerKwh',
	'maxBuyMicroPerKwh',
	'notBefore',
	'notAfter',
	'nonce',
] as const satisfies readonly (keyof Delegation)[];

function writeOrder(one: EvidenceOrder): Json {
	const {order, withdrawal} = one;
	return {
		sequence: one.sequence,
		hash: one.hash,
		order: Object.fromEntries(orderKeys.map(key => [key, order[key]])),
		receivedAt: one.receivedAt,
		acknowledgement: one.acknowledgement,
		delegation: one.delegation && {
			...Object.fromEntries(delegationKeys.map(key => [key, one.delegation!.delegation[key]])),
			signature: one.delegation.signature,
		},
		byContract: one.byContract ? true : undefined,
		withdrawal:
			withdrawal &&
			(withdrawal.kind === 'cancellation'
				? {kind: withdrawal.kind, orders: withdrawal.orders, signature: withdrawal.signature, receivedAt: withdrawal.receivedAt}
				: {kind: withdrawal.kind, counter: withdrawal.counter, signature: withdrawal.signature, receivedAt: withdrawal.receivedAt}),
		entry: one.entry && {index: one.entry.index, receipt: one.entry.receipt},
	};
}

function writeTier({priceMicroPerKwh, quantityWh, fills}: EvidenceTier): Json {
	return {
		priceMicroPerKwh,
		quantityWh,
		fills: fills.map(({sequence, quantityWh: orderWh, fillWh}) => ({sequence, quantityWh: orderWh, fillWh})),
	};
}

function writeSide({lastIndex, last, next}: SideCertificate): Json {
	return {lastIndex, last: writeOpening(last), next: next && writeOpening(next)};
}

function writeOpening({tier, path}: TierOpening): Json {
	// The sentinel's price is beyond what a JSON number holds.
	return {
		priceMicroPerKwh: `${tier.priceMicroPerKwh}`,
		quantityWh: `${tier.quantityWh}`,
		ordersRoot: tier.ordersRoot,
		path: path.map(toPrefixedHex),
	};
}

function writeRegister({from, to}: EvidenceRegister): Json {
	return {from: writeBoundary(from), to: writeBoundary(to)};
}

function writeBoundary({slot, index, number, registerWh, counterEpoch, receipt}: EvidenceBoundary): Json {
	return {slot, index, number, registerWh, counterEpoch, receipt};
}

function writeRow(row: EvidenceRow): Json {
	return {
		account: row.account,
		meter: row.meter,
		orderHash: row.orderHash,
		// As text, since what is taken is negative.
		contractedWh: `${row.contractedWh}`,
		meteredWh: `${row.meteredWh}`,
		usualImportWh: row.usualImportWh,
		flags: row.flags,
		importFrom: row.importFrom,
		importTo: row.importTo,
		exportFrom: row.exportFrom,
		exportTo: row.exportTo,
		netNano: `${row.netNano}`,
	};
}

const bytes32 = /^0x[0-9a-f]{64}$/;
const address = /^0x[0-9a-f]{40}$/;
const digest = /^[0-9a-f]{64}$/;
const signatureText = /^0x(?:[0-9a-f]{2}){0,2048}$/;
const wholeText = /^(?:0|-?[1-9][0-9]{0,38})$/;

function matching(fields: Fields, key: string, pattern: RegExp): string {
	const text = fields.text(key);
	return pattern.test(text) ? text : shapeError(`${key} "${text.slice(0, 80)}" has not the form that it must have`);
}

const maybe = <T>(fields: Fields, key: string, read: () => T): T | undefined => (fields.has(key) ? read() : undefined);

function bigOf(fields: Fields, key: string): bigint {
	return BigInt(matching(fields, key, wholeText));
}

function energyOf(fields: Fields, key: string): number {
	const energyWh = Number(matching(fields, key, wholeText));
	return Number.isSafeInteger(energyWh) ? energyWh : shapeError(`${key} is beyond 2^53 Wh`);
}

function oneOf<T extends string>(fields: Fields, key: string, choices: readonly T[]): T {
	const text = fields.text(key);
	return choices.find(choice => choice === text) ?? shapeError(`${key} is none of ${choices.join(', ')}`);
}

function readEvidence(fields: Fields): SlotEvidence {
	if (fields.text('format') !== slotEvidenceFormat) shapeError(`format is not "${slotEvidenceFormat}"`);
	return {
		market: matching(fields, 'market', bytes32),
		domain: fields.object('domain', item => ({
			chainId: item.count('chainId'),
			verifyingContract: matching(item, 'verifyingContract', address),
		})),
		operator: matching(fields, 'operator', address),
		gate: fields.count('gate'),
		rules: fields.object('rules', item => ({
			pricing: oneOf(item, 'pricing', ['auction', 'midmarket']),
			feedInMicroPerKwh: item.count('feedInMicroPerKwh'),
			retailMicroPerKwh: item.count('retailMicroPerKwh'),
			gridFeeMicroPerKwh: item.count('gridFeeMicroPerKwh'),
			lineLimitWh: maybe(item, 'lineLimitWh', () => item.count('lineLimitWh')),
		})),
		header: fields.object('header', readHeader),
		headerHash: matching(fields, 'headerHash', bytes32),
		statement: matching(fields, 'statement', signatureText),
		orders: fields.list('orders', ordersMax, readOrderRecord),
		bids: fields.list('bids', ordersMax, readTier),
		asks: fields.list('asks', ordersMax, readTier),
		certificate: fields.object('certificate', item => ({bids: item.object('bids', readSide), asks: item.object('asks', readSide)})),
		meters: fields.list('meters', ordersMax, readMeter),
		settled: fields.objectMaybe('settled', item => ({
			rows: item.list('rows', ordersMax, readRow),
			accounts: {gridNano: bigOf(item, 'gridNano'), retailerNano: bigOf(item, 'retailerNano'), poolNano: bigOf(item, 'poolNano')},
		})),
	};
}

function readHeader(item: Fields): SlotHeader {
	return {
		slot: item.count('slot'),
		paramsVersion: item.count('paramsVersion'),
		mode: oneOf<Mode>(item, 'mode', ['metered', 'forward']),
		orderCount: item.count('orderCount'),
		orderSetRoot: matching(item, 'orderSetRoot', bytes32),
		bidTiers: item.count('bidTiers'),
		bidRoot: matching(item, 'bidRoot', bytes32),
		askTiers: item.count('askTiers'),
		askRoot: matching(item, 'askRoot', bytes32),
		volumeWh: item.count('volumeWh'),
		priceBuyMicroPerKwh: item.count('priceBuyMicroPerKwh'),
		priceSellMicroPerKwh: item.count('priceSellMicroPerKwh'),
	};
}

const orderTexts = ['market', 'meter', 'trader', 'side', 'mode', 'salt', 'signature'] as const;
const orderCounts = ['slotFrom', 'slotCount', 'quantityWh', 'limitMicroPerKwh', 'minQuantityWh', 'validUntil', 'counter'] as const;

function readSignedOrder(item: Fields): SignedOrder {
	const found = readOrder({
		...Object.fromEntries(orderTexts.map(key => [key, item.text(key)])),
		...Object.fromEntries(orderCounts.map(key => [key, item.count(key)])),
	});
	return 'code' in found ? shapeError(`an order: ${found.detail}`) : found;
}

function readOrderRecord(item: Fields): EvidenceOrder {
	return {
		sequence: item.count('sequence'),
		hash: matching(item, 'hash', bytes32),
		order: item.object('order', readSignedOrder),
		receivedAt: item.count('receivedAt'),
		acknowledgement: maybe(item, 'acknowledgement', () => matching(item, 'acknowledgement', signatureText)),
		delegation: item.objectMaybe('delegation', inner => ({
			delegation: {
				owner: matching(inner, 'owner', address),
				agent: matching(inner, 'agent', address),
				market: matching(inner, 'market', bytes32),
				meter: matching(inner, 'meter', bytes32),
				maxWhPerSlot: inner.count('maxWhPerSlot'),
				minSellMicroPerKwh: inner.count('minSellMicroPerKwh'),
				maxBuyMicroPerKwh: inner.count('maxBuyMicroPerKwh'),
				notBefore: inner.count('notBefore'),
				notAfter: inner.count('notAfter'),
				nonce: nonceOf(inner),
			},
			signature: matching(inner, 'signature', signatureText),
		})),
		// Any value but true is not what is written, and so refused.
		byContract: item.has('byContract'),
		withdrawal: item.objectMaybe('withdrawal', (inner): Withdrawal => {
			const common = {signature: matching(inner, 'signature', signatureText), receivedAt: inner.count('receivedAt')};
			return oneOf(inner, 'kind', ['cancellation', 'counter']) === 'counter'
				? {kind: 'counter', counter: inner.count('counter'), ...common}
				: {kind: 'cancellation', orders: inner.texts('orders', cancelledMax), ...common};
		}),
		entry: item.objectMaybe('entry', readReference),
	};
}

function nonceOf(item: Fields): string {
	const text = matching(item, 'nonce', /^(?:0|[1-9][0-9]{0,77})$/);
	return BigInt(text) >> 256n === 0n ? text : shapeError('nonce is beyond 256 bits');
}

function readReference(item: Fields): EntryReference {
	return {index: item.count('index'), receipt: maybe(item, 'receipt', () => matching(item, 'receipt', digest))};
}

function readTier(item: Fields): EvidenceTier {
	return {
		priceMicroPerKwh: item.count('priceMicroPerKwh'),
		quantityWh: item.count('quantityWh'),
		fills: item.list('fills', ordersMax, fill => ({
			sequence: fill.count('sequence'),
			quantityWh: fill.count('quantityWh'),
			fillWh: fill.count('fillWh'),
		})),
	};
}

function readSide(item: Fields): SideCertificate {
	return {lastIndex: item.count('lastIndex'), last: item.object('last', readOpening), next: item.objectMaybe('next', readOpening)};
}

function readOpening(item: Fields): TierOpening {
	const u64 = (key: string): bigint => {
		const value = bigOf(item, key);
		return BigInt.asUintN(64, value) === value ? value : shapeError(`${key} is beyond 64 bits`);
	};
	const tier: TierLeaf = {
		priceMicroPerKwh: u64('priceMicroPerKwh'),
		quantityWh: u64('quantityWh'),
		ordersRoot: matching(item, 'ordersRoot', bytes32),
	};
	const path = item.texts('path', pathMax).map(text => (text.startsWith('0x') ? fromHex(text.slice(2)) : undefined));
	return {tier, path: path.map(record => record ?? shapeError('a path is not hexadecimal'))};
}

function readMeter(item: Fields): EvidenceMeter {
	const register = (key: string): EvidenceRegister | undefined =>
		item.objectMaybe(key, inner => ({from: inner.object('from', readBoundary), to: inner.object('to', readBoundary)}));
	return {
		meter: matching(item, 'meter', bytes32),
		owner: matching(item, 'owner', address),
		onlyTakes: item.has('onlyTakes'),
		imported: register('imported'),
		exported: register('exported'),
		atClearing: item.objectMaybe('atClearing', inner => ({
			netExportWh: maybe(inner, 'netExportWh', () => energyOf(inner, 'netExportWh')),
		})),
	};
}

function readBoundary(item: Fields): EvidenceBoundary {
	return {
		slot: item.count('slot'),
		index: item.count('index'),
		number: item.count('number'),
		registerWh: item.count('registerWh'),
		counterEpoch: item.count('counterEpoch'),
		receipt: maybe(item, 'receipt', () => matching(item, 'receipt', digest)),
	};
}

function readRow(item: Fields): EvidenceRow {
	return {
		account: matching(item, 'account', address),
		meter: matching(item, 'meter', bytes32),
		orderHash: maybe(item, 'orderHash', () => matching(item, 'orderHash', bytes32)),
		contractedWh: energyOf(item, 'contractedWh'),
		meteredWh: energyOf(item, 'meteredWh'),
		usualImportWh: item.count('usualImportWh'),
		flags: item.count('flags'),
		importFrom: item.count('importFrom'),
		importTo: item.count('importTo'),
		exportFrom: item.count('exportFrom'),
		exportTo: item.count('exportTo'),
		netNano: bigOf(item, 'netNano'),
	};
}
