// Checks the evidence of a slot by itself: who signed, what the order set is, what follows from orders and readings, and what everybody owes. Every check says what it found.

import {toPrefixedHex} from '../base/bytes.ts';
import {orderProblem} from './book.ts';
import {certificateProblem} from './certificate.ts';
import {rowFlags, type SlotHeader, slotHeaderHash, zeroHash} from './commitment.ts';
import {netExportWh, type SlotEnergy} from './meter.ts';
import {slotS} from './order.ts';
import {settle} from './settle.ts';
import {type ClearedSlot, clearSlot, contractsOf, type SetOrder} from './slot-clearing.ts';
import {
	type EntryReference,
	type EvidenceMeter,
	type EvidenceOrder,
	type EvidenceRegister,
	type EvidenceTier,
	formatSlotEvidence,
	type SlotEvidence,
} from './slot-evidence.ts';
import {tariffProblem} from './tariff.ts';
import {createDigests, type Digests, type OrderFields, parseSignature, signerOf} from './typed-data.ts';

/** In the order in which they are made. */
export const evidenceChecks = [
	/** The prices make a market. */
	'rules',
	/** Every order is named by its digest, signed by its trader or an agent within his delegation, and may stand in this slot. */
	'orders',
	/** The operator acknowledged every order in the file, before the gate. */
	'acknowledgements',
	/** What was taken out was taken out by its trader or the chain, before the gate. */
	'withdrawals',
	/** The orders are those of the header's set, none more and none fewer. */
	'order-set',
	/** Registers rise, and say what was used of them. */
	'readings',
	/** Cleared again, the slot has this header, these tiers and these fills. */
	'clearing',
	/** Four openings show that price and volume follow from the tiers. */
	'certificate',
	/** The operator signed this header. */
	'statement',
	/** Settled again, every meter has this row. */
	'rows',
	/** Rows, grid, retailer and pool sum to zero, and are what they should be. */
	'accounts',
] as const;

export type EvidenceCheckName = (typeof evidenceChecks)[number];
export type EvidenceCheck = {
	readonly name: EvidenceCheckName;
	/** skipped: the file has nothing to check, or nobody can from the file alone. */
	readonly state: 'pass' | 'fail' | 'skipped';
	/** A sentence; of several problems the first. */
	readonly detail: string;
};

export type EvidenceVerdict = {
	/** No check failed. */
	readonly good: boolean;
	readonly checks: readonly EvidenceCheck[];
	/** Entries whose receipts show that orders and readings stand in a log: check those too. */
	readonly entries: readonly ReferredEntry[];
};

/** An entry that the file rests on. A boundary says what its register showed. */
export type ReferredEntry = EntryReference & {
	readonly what: string;
	readonly register:
		| {
				readonly meter: string;
				readonly quantity: 'energy-import' | 'energy-export';
				readonly number: number;
				readonly registerWh: number;
				readonly counterEpoch: number;
		  }
		| undefined;
};

/** A check's outcome: undefined is a pass without a word. */
type Outcome = {readonly state: 'pass' | 'fail' | 'skipped'; readonly detail: string};
const pass = (detail: string): Outcome => ({state: 'pass', detail});
const fail = (detail: string): Outcome => ({state: 'fail', detail});
const skipped = (detail: string): Outcome => ({state: 'skipped', detail});

export function checkSlotEvidence(evidence: SlotEvidence): EvidenceVerdict {
	const digests = createDigests(evidence.domain);
	// What cannot be cleared at all leaves nothing for the checks behind it.
	const rules = rulesOutcome(evidence);
	const orders = rules.state === 'pass' ? ordersOutcome(evidence, digests) : skipped('the rules make no market');
	const readings = readingsOutcome(evidence);
	const cleared = orders.state === 'pass' && readings.state === 'pass' ? clearedAgain(evidence) : undefined;
	const afterOrders = (check: (cleared: ClearedSlot) => Outcome): Outcome => {
		if (cleared === undefined) return skipped('orders or readings fail: nothing can be cleared from them');
		return typeof cleared === 'string' ? fail(cleared) : check(cleared);
	};
	const outcomes: Record<EvidenceCheckName, Outcome> = {
		rules,
		orders,
		acknowledgements: acknowledgementsOutcome(evidence, digests),
		withdrawals: withdrawalsOutcome(evidence, digests),
		'order-set': afterOrders(found => orderSetOutcome(evidence, found)),
		readings,
		clearing: afterOrders(found => clearingOutcome(evidence, found)),
		certificate: certificateOutcome(evidence),
		statement: statementOutcome(evidence, digests),
		rows: afterOrders(found => rowsOutcome(evidence, found)),
		accounts: afterOrders(found => accountsOutcome(evidence, found)),
	};
	const checks = evidenceChecks.map((name): EvidenceCheck => ({name, ...outcomes[name]}));
	return {good: checks.every(({state}) => state !== 'fail'), checks, entries: entriesOf(evidence)};
}

function rulesOutcome({rules}: SlotEvidence): Outcome {
	const problem = tariffProblem(rules);
	if (problem !== undefined) return fail(problem);
	return rules.lineLimitWh === 0 ? fail('a line limit of 0 leaves no market') : pass(`${rules.pricing}, within the tariff's band`);
}

function ordersOutcome({orders, header, market, rules, gate}: SlotEvidence, digests: Digests): Outcome {
	const {slot, mode} = header;
	const hashes = new Set<string>();
	const standing = new Set<string>();
	let unchecked = 0;
	if (gate > slot * slotS) return fail(`the gate, ${gate}, is later than the slot's start, ${slot * slotS}`);
	for (const one of orders) {
		const {order, hash} = one;
		const problem = (what: string): Outcome => fail(`order ${hash}: ${what}`);
		if (toPrefixedHex(digests.order(fieldsOf(one))) !== hash) return problem('its digest is another one');
		if (hashes.has(hash)) return problem('it is there twice');
		hashes.add(hash);
		if (order.market !== market || order.mode !== mode) return problem('it is for another market or mode');
		if (slot < order.slotFrom || slot >= order.slotFrom + order.slotCount) return problem(`it is not for slot ${slot}`);
		if (one.receivedAt >= gate || order.validUntil < gate) return problem('it came too late, or was valid no longer');
		const wrong = orderProblem({...order, hash}, rules);
		if (wrong !== undefined) return problem(wrong.detail);
		if (one.withdrawal === undefined) {
			const place = mode === 'forward' ? order.meter : `${order.meter} ${order.side}`;
			if (standing.has(place)) return problem('its meter has another order that stands');
			standing.add(place);
		}
		const signer = signerProblem(one, digests);
		if (signer === 'unchecked') unchecked += 1;
		else if (signer !== undefined) return problem(signer);
	}
	const rest = unchecked === 0 ? '' : `; ${unchecked} by contracts, whose signatures only their chain can check`;
	return pass(`${orders.length} orders, each named by its digest and signed${rest}`);
}

function fieldsOf({order}: EvidenceOrder): OrderFields {
	return {...order, salt: BigInt(order.salt)};
}

function recovered(digest: Uint8Array, signature: string): string | undefined {
	const bytes = parseSignature(signature);
	return bytes === undefined ? undefined : signerOf(digest, bytes);
}

/** undefined: its trader signed it, or an agent whom he let. */
function signerProblem(one: EvidenceOrder, digests: Digests): string | undefined {
	const {order, delegation, byContract, receivedAt} = one;
	const signer = recovered(digests.order(fieldsOf(one)), order.signature);
	if (signer === order.trader) return byContract || delegation !== undefined ? 'its trader signed it himself' : undefined;
	if (byContract) return delegation === undefined ? 'unchecked' : 'a contract needs no delegation';
	if (delegation === undefined) return `it is signed by ${signer ?? 'nobody'}, not by its trader ${order.trader}`;
	const {delegation: granted, signature} = delegation;
	if (recovered(digests.delegation({...granted, nonce: BigInt(granted.nonce)}), signature) !== order.trader)
		return 'the delegation is not signed by the trader';
	const isFor =
		granted.owner === order.trader && granted.agent === signer && granted.market === order.market && granted.meter === order.meter;
	if (!isFor) return 'the delegation is for somebody else, or for something else';
	if (receivedAt < granted.notBefore || receivedAt > granted.notAfter) return 'the delegation did not hold when the order came';
	const isWithin =
		order.quantityWh <= granted.maxWhPerSlot &&
		(order.side === 'sell' ? order.limitMicroPerKwh >= granted.minSellMicroPerKwh : order.limitMicroPerKwh <= granted.maxBuyMicroPerKwh);
	return isWithin ? undefined : 'it goes beyond the delegation';
}

function acknowledgementsOutcome({orders, market, operator}: SlotEvidence, digests: Digests): Outcome {
	let known = 0;
	for (const {hash, order, sequence, receivedAt, acknowledgement} of orders) {
		if (acknowledgement === undefined) continue;
		const digest = digests.acknowledgement({orderHash: hash, market, slot: order.slotFrom, sequence, receivedAt});
		if (recovered(digest, acknowledgement) !== operator) return fail(`order ${hash}: its acknowledgement is not signed by the operator`);
		known += 1;
	}
	if (known === 0) return skipped('the file has none');
	return pass(`${known} of ${orders.length} orders, signed by ${operator}`);
}

function withdrawalsOutcome({orders, market, gate}: SlotEvidence, digests: Digests): Outcome {
	const withdrawn = orders.filter(({withdrawal}) => withdrawal !== undefined);
	const stillStanding = standingProblem(orders);
	if (stillStanding !== undefined) return fail(stillStanding);
	let [byChain, byContract] = [0, 0];
	for (const one of withdrawn) {
		const {hash, order, withdrawal, receivedAt} = one;
		const problem = (what: string): Outcome => fail(`order ${hash}: ${what}`);
		if (withdrawal === undefined) continue;
		if (withdrawal.receivedAt < receivedAt || withdrawal.receivedAt >= gate)
			return problem('it was taken out before it came, or behind the gate');
		if (withdrawal.kind === 'cancellation' && !withdrawal.orders.includes(hash)) return problem('the cancellation does not name it');
		if (withdrawal.kind === 'counter' && withdrawal.counter <= order.counter) return problem('the counter did not rise above its own');
		if (withdrawal.kind === 'counter' && withdrawal.signature === '0x') {
			byChain += 1;
			continue;
		}
		const digest = digestOf(one, market, digests);
		if (digest === undefined) return problem('what took it out cannot be signed');
		const signer = recovered(digest, withdrawal.signature);
		const isAllowed = signer === order.trader || (withdrawal.kind === 'cancellation' && signer === one.delegation?.delegation.agent);
		if (isAllowed && signer !== undefined) continue;
		if (!one.byContract) return problem('it was taken out by somebody else');
		byContract += 1;
	}
	if (withdrawn.length === 0) return skipped('no order was taken out');
	const rest = byChain + byContract === 0 ? '' : `; ${byChain + byContract} by the chain or by contracts, which only the chain can check`;
	return pass(`${withdrawn.length} orders${rest}`);
}

/** An order that stands although something in the file took it out: one cancellation names many, and a counter takes out all below it. */
function standingProblem(orders: readonly EvidenceOrder[]): string | undefined {
	const cancelled = new Map<string, number>();
	const counters = new Map<string, {counter: number; receivedAt: number}>();
	for (const {withdrawal, order} of orders) {
		if (withdrawal?.kind === 'cancellation') for (const hash of withdrawal.orders) cancelled.set(hash, withdrawal.receivedAt);
		if (withdrawal?.kind !== 'counter') continue;
		const known = counters.get(order.trader);
		if (known === undefined || withdrawal.counter > known.counter) counters.set(order.trader, withdrawal);
	}
	for (const {hash, order, receivedAt, withdrawal} of orders) {
		if (withdrawal !== undefined) continue;
		if ((cancelled.get(hash) ?? -1) >= receivedAt) return `order ${hash}: a cancellation in the file names it, and it stands`;
		const counter = counters.get(order.trader);
		if (counter !== undefined && order.counter < counter.counter)
			return `order ${hash}: its trader's counter rose above its own, and it stands`;
	}
	return undefined;
}

/** What took an order out, as its leaf names it; undefined for names that are none. */
function digestOf({withdrawal, order}: EvidenceOrder, market: string, digests: Digests): Uint8Array | undefined {
	if (withdrawal === undefined) return undefined;
	if (withdrawal.kind === 'counter') return digests.counterIncrement({trader: order.trader, market, counter: withdrawal.counter});
	return withdrawal.orders.every(hash => /^0x[0-9a-f]{64}$/.test(hash)) ? digests.cancellation({hashes: withdrawal.orders}) : undefined;
}

function energyOf(register: EvidenceRegister | undefined, slot: number): SlotEnergy {
	if (register === undefined) return {energyWh: undefined, spread: false, fromNumber: undefined, toNumber: undefined};
	const {from, to} = register;
	const count = to.slot - from.slot;
	const totalWh = to.registerWh - from.registerWh;
	const eachWh = Math.floor(totalWh / count);
	// Flat between boundaries that are further apart, and the rest to the last slot.
	const energyWh = slot === to.slot - 1 ? totalWh - eachWh * (count - 1) : eachWh;
	return {energyWh, spread: count > 1, fromNumber: from.number, toNumber: to.number};
}

const nothing: SlotEnergy = {energyWh: 0, spread: false, fromNumber: undefined, toNumber: undefined};

/** What both registers say; `net` is undefined where one of them says nothing. */
function energiesOf({onlyTakes, imported, exported}: EvidenceMeter, slot: number) {
	const [taken, given] = [energyOf(imported, slot), onlyTakes ? nothing : energyOf(exported, slot)];
	return {taken, given, net: netExportWh(given, taken)};
}

function readingsOutcome({meters, header}: SlotEvidence): Outcome {
	const {slot} = header;
	let [known, spread, changed] = [0, 0, 0];
	for (const [i, one] of meters.entries()) {
		const {meter, onlyTakes, imported, exported, atClearing} = one;
		const problem = (what: string): Outcome => fail(`meter ${meter}: ${what}`);
		if (i > 0 && meters[i - 1]!.meter >= meter) return problem('meters do not come by rising id');
		if (onlyTakes && exported !== undefined) return problem('it has a register that it has not');
		for (const register of [imported, exported]) {
			if (register === undefined) continue;
			const {from, to} = register;
			if (from.slot > slot || to.slot <= slot) return problem(`its boundaries, ${from.slot} and ${to.slot}, are not around slot ${slot}`);
			if (from.counterEpoch !== to.counterEpoch || to.registerWh < from.registerWh) return problem('its register fell, or began anew');
			if (from.number >= to.number || from.index >= to.index) return problem('its entries do not follow each other');
		}
		const {taken, given, net} = energiesOf(one, slot);
		if (net !== undefined) known += 1;
		if (atClearing !== undefined) changed += 1;
		if (atClearing !== undefined && (header.mode === 'forward' || atClearing.netExportWh === net))
			return problem('what was known at the clearing is said without need');
		if (taken.spread || given.spread) spread += 1;
	}
	const rest = changed === 0 ? '' : `; that ${changed} were not known when the slot was cleared is the operator's word`;
	return pass(`${known} of ${meters.length} meters have a reading, ${spread} of them spread flat over several slots${rest}`);
}

/** Clears the orders of the file by its rules and readings; a sentence where they cannot be. */
function clearedAgain(evidence: SlotEvidence): ClearedSlot | string {
	const {header, rules, orders, meters, market, domain} = evidence;
	const digests = createDigests(domain);
	for (let at = 1; at < orders.length; at += 1)
		if (orders[at - 1]!.sequence >= orders[at]!.sequence) return 'the orders do not come by rising sequence';
	const set = orders.map((one): SetOrder => {
		const {sequence, hash, order} = one;
		const {trader, meter, side, quantityWh, limitMicroPerKwh, minQuantityWh} = order;
		const digest = digestOf(one, market, digests);
		// What cannot be signed has failed its own check; zeros would make it stand again.
		const cancellation = one.withdrawal === undefined ? undefined : digest === undefined ? hash : toPrefixedHex(digest);
		return {trader, meter, side, quantityWh, limitMicroPerKwh, minQuantityWh, hash, sequence, cancellation};
	});
	const nets = meters.flatMap((one): [string, number][] => {
		const net = one.atClearing === undefined ? energiesOf(one, header.slot).net : one.atClearing.netExportWh;
		return net === undefined ? [] : [[one.meter, net]];
	});
	const {slot, paramsVersion, mode} = header;
	return clearSlot({slot, paramsVersion, mode, rules, set, netExportWh: mode === 'metered' ? Object.fromEntries(nets) : undefined});
}

function orderSetOutcome({header}: SlotEvidence, {commitment}: ClearedSlot): Outcome {
	const {orderCount, orderSetRoot} = commitment.header;
	if (orderCount !== header.orderCount) return fail(`the header counts ${header.orderCount} orders; the file has ${orderCount}`);
	return orderSetRoot === header.orderSetRoot
		? pass(`${orderCount} orders under ${orderSetRoot}`)
		: fail(`the header's root is ${header.orderSetRoot}; the orders give ${orderSetRoot}`);
}

function clearingOutcome(evidence: SlotEvidence, cleared: ClearedSlot): Outcome {
	const {header, headerHash} = evidence;
	const {commitment, clearing} = cleared;
	for (const key of Object.keys(commitment.header) as (keyof SlotHeader)[])
		if (commitment.header[key] !== header[key]) return fail(`${key} is ${header[key]}; cleared again it is ${commitment.header[key]}`);
	if (toPrefixedHex(slotHeaderHash(header)) !== headerHash) return fail(`the header's hash is not ${headerHash}`);
	for (const side of ['bids', 'asks'] as const)
		if (JSON.stringify(tiersOf(cleared, side)) !== JSON.stringify(evidence[side]))
			return fail(`the ${side} and their fills are other ones`);
	const {volumeWh, priceBuyMicroPerKwh: buy, priceSellMicroPerKwh: sell} = clearing;
	return pass(buy === undefined ? 'nothing is traded' : `${volumeWh} Wh; buyers pay ${buy} µ/kWh, sellers get ${sell}`);
}

/** The tiers of a cleared slot, as its evidence has them. */
export function tiersOf({commitment}: Pick<ClearedSlot, 'commitment'>, side: 'bids' | 'asks'): EvidenceTier[] {
	return commitment[side].tiers.map(({leaf, fillLeaves}) => ({
		priceMicroPerKwh: Number(leaf.priceMicroPerKwh),
		quantityWh: Number(leaf.quantityWh),
		fills: fillLeaves.map(({sequence, quantityWh, fillWh}) => ({sequence, quantityWh, fillWh})),
	}));
}

function certificateOutcome({header, certificate, rules}: SlotEvidence): Outcome {
	const problem = certificateProblem(header, certificate, rules);
	return problem === undefined ? pass('price and volume follow from the tiers that it opens') : fail(problem);
}

function statementOutcome({header, headerHash, statement, market, operator}: SlotEvidence, digests: Digests): Outcome {
	const signer = recovered(digests.slotStatement({market, slot: header.slot, headerHash}), statement);
	return signer === operator
		? pass(`signed by ${operator}`)
		: fail(`it is signed by ${signer ?? 'nobody'}, not by the operator ${operator}`);
}

function settledAgain({meters, header, rules, settled}: SlotEvidence, cleared: ClearedSlot) {
	const contracts = contractsOf(cleared);
	const energies = meters.map(one => energiesOf(one, header.slot));
	const positions = meters.map(({meter}, i) => ({
		account: meter,
		contractedWh: contracts.get(meter)?.contractedWh ?? 0,
		meteredWh: energies[i]!.net,
		// What the last weeks showed is not in the file: the row's word is taken for it.
		usualImportWh: settled?.rows[i]?.usualImportWh ?? 0,
	}));
	const strangers = [...contracts.keys()].filter(meter => !meters.some(one => one.meter === meter));
	return {contracts, energies, strangers, settlement: strangers.length > 0 ? undefined : settle(positions, cleared.clearing, rules)};
}

function rowsOutcome(evidence: SlotEvidence, cleared: ClearedSlot): Outcome {
	const {settled, meters} = evidence;
	if (settled === undefined) return skipped('the slot is not settled yet');
	if (settled.rows.length !== meters.length) return fail(`there are ${settled.rows.length} rows for ${meters.length} meters`);
	const {contracts, energies, strangers, settlement} = settledAgain(evidence, cleared);
	if (settlement === undefined) return fail(`meter ${strangers[0]} has a contract, and is none of the market's`);
	let substituted = 0;
	for (const [i, {meter, owner}] of meters.entries()) {
		const [row, {taken, given}, again] = [settled.rows[i]!, energies[i]!, settlement.rows[i]!];
		const isSpread = !again.substituted && (taken.spread || given.spread);
		if (again.substituted) substituted += 1;
		const numbers = again.substituted
			? [0, 0, 0, 0]
			: [taken.fromNumber, taken.toNumber, given.fromNumber, given.toNumber].map(number => number ?? 0);
		const should = {
			account: owner,
			meter,
			orderHash: contracts.get(meter)?.orderHash,
			contractedWh: again.contractedWh,
			meteredWh: again.meteredWh,
			usualImportWh: again.substituted ? row.usualImportWh : 0,
			flags: (again.substituted ? rowFlags.substituted : 0) + (isSpread ? rowFlags.spread : 0),
			importFrom: numbers[0]!,
			importTo: numbers[1]!,
			exportFrom: numbers[2]!,
			exportTo: numbers[3]!,
			netNano: again.netNano,
		};
		for (const key of Object.keys(should) as (keyof typeof should)[])
			if (row[key] !== should[key])
				return fail(`meter ${meter}: ${key} is ${row[key] ?? zeroHash}; settled again it is ${should[key] ?? zeroHash}`);
	}
	const rest = substituted === 0 ? '' : `; the usual imports of ${substituted} without a reading are taken as they are`;
	return pass(`${settled.rows.length} rows${rest}`);
}

function accountsOutcome(evidence: SlotEvidence, cleared: ClearedSlot): Outcome {
	const {settled} = evidence;
	if (settled === undefined) return skipped('the slot is not settled yet');
	const {settlement} = settledAgain(evidence, cleared);
	if (settlement === undefined) return skipped('the rows cannot be settled');
	for (const key of ['gridNano', 'retailerNano', 'poolNano'] as const)
		if (settled.accounts[key] !== settlement.accounts[key])
			return fail(`${key} is ${settled.accounts[key]}; settled again it is ${settlement.accounts[key]}`);
	const {gridNano, retailerNano, poolNano} = settled.accounts;
	const sum = settled.rows.reduce((total, {netNano}) => total + netNano, gridNano + retailerNano + poolNano);
	return sum === 0n ? pass('everything sums to zero, to the last nano') : fail(`everything sums to ${sum} nano, not to zero`);
}

function entriesOf({orders, meters}: SlotEvidence): ReferredEntry[] {
	const ofOrders = orders.flatMap(({hash, entry}) => (entry === undefined ? [] : [{...entry, what: `order ${hash}`, register: undefined}]));
	const ofMeters = meters.flatMap(({meter, imported, exported}) =>
		(
			[
				['energy-import', imported],
				['energy-export', exported],
			] as const
		).flatMap(([quantity, register]) =>
			register === undefined
				? []
				: [register.from, register.to].map(({index, receipt, slot, number, registerWh, counterEpoch}) => ({
						index,
						receipt,
						what: `${quantity} of meter ${meter} at the start of slot ${slot}`,
						register: {meter, quantity, number, registerWh, counterEpoch},
					})),
		),
	);
	return [...ofOrders, ...ofMeters];
}

/** What makes the evidence of a slot: the parts that nobody but the operator has. */
export type EvidenceParts = Omit<SlotEvidence, 'header' | 'headerHash' | 'bids' | 'asks' | 'certificate' | 'rules'> & {
	readonly cleared: ClearedSlot;
};

/** The evidence file of a slot. It is checked before it is handed out: one that fails its own checks throws a RangeError. */
export function slotEvidenceText({cleared, ...parts}: EvidenceParts): string {
	const {header, headerHash, certificate} = cleared.commitment;
	const {rules} = cleared.input;
	const evidence = {...parts, rules, header, headerHash, certificate, bids: tiersOf(cleared, 'bids'), asks: tiersOf(cleared, 'asks')};
	const failed = checkSlotEvidence(evidence).checks.find(({state}) => state === 'fail');
	if (failed !== undefined) throw new RangeError(`the evidence of slot ${header.slot} fails its check of ${failed.name}: ${failed.detail}`);
	return formatSlotEvidence(evidence);
}
