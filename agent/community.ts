// The composition root's part for a simulated community: lets recorded homes trade through the market's own auction and settlement, and has them judged.

import {averageMicroPerKwh, type Shares, sharesOf} from '../sim/community/figures.ts';
import {drawLimit, type Prices} from '../sim/community/habit.ts';
import {
	type CommunityVerdict,
	isGood,
	judgeCommunity,
	type PublishedRow,
	type PublishedSlot,
	type SentOrder,
} from '../sim/community/judge.ts';
import {type Recording, readLemlab} from '../sim/community/lemlab.ts';
import {createChance} from '../sim/seed.ts';
import {toHex, utf8} from './base/bytes.ts';
import {keccak256} from './base/hash.ts';
import {type BilledRow, billCsv, billJson, billOf, type SlotTerms} from './trade/bill.ts';
import {type Order, orderProblem, quantityWhMax} from './trade/book.ts';
import {clear, type Rules} from './trade/clear.ts';
import {slotMs, slotsPerDay} from './trade/order.ts';
import {priceEventText} from './trade/price-event.ts';
import {settle} from './trade/settle.ts';
import {type Energies, type SharedSlot, sharingKeys, sharingKeysCsv, sharingKeysJson} from './trade/sharing-keys.ts';

export {milliText, percentText} from '../sim/community/figures.ts';

/** F 80, R 300 and g 40 thousandths of currency a kWh: the prices that the published table was made with. */
export const recordedPrices: Prices = {feedInMicroPerKwh: 80_000, retailMicroPerKwh: 300_000, gridFeeMicroPerKwh: 40_000};
/** On how many roofs panels stand, one row of the table each; where there are fewer homes, on all. */
const panelSteps = [5, 8, 11, 15];
export const drawsMax = 1000;

export type Spread = {readonly least: number; readonly median: number; readonly most: number};

export type RecordedRow = Shares & {
	readonly panels: number;
	/** The same homes with one limit each, drawn from the band for good: what they traded, and at which average prices. */
	readonly limited: {
		readonly selfConsumptionPpm: number | undefined;
		readonly selfSufficiencyPpm: number | undefined;
		readonly sellerMicroPerKwh: number | undefined;
		readonly buyerMicroPerKwh: number | undefined;
	};
	/** The same over further draws; undefined without any, or where nothing was traded. */
	readonly draws: {readonly sellerMicroPerKwh: Spread; readonly selfSufficiencyPpm: Spread} | undefined;
};

export type RecordedCommunity = {
	readonly homes: number;
	readonly slots: number;
	readonly startMs: number;
	readonly prices: Prices;
	readonly seed: string;
	readonly draws: number;
	readonly rows: readonly RecordedRow[];
	/** Over all rows of the table, once willing and once limited. */
	readonly judge: {
		readonly bills: number;
		readonly wrongRows: number;
		readonly wrongSlots: number;
		readonly unexplainedNano: string;
		readonly good: boolean;
		readonly examples: readonly string[];
	};
};

/** Fails with DATA_MISSING or FORMAT_INVALID. */
export async function recordedCommunity(options: {
	readonly folder: string;
	readonly seed: string;
	readonly draws: number;
}): Promise<RecordedCommunity> {
	const {folder, seed, draws} = options;
	const recording = await readLemlab(folder);
	const {homes, slotFrom, slotCount} = recording;
	const verdicts: CommunityVerdict[] = [];
	const rows = [...new Set(panelSteps.map(step => Math.min(step, homes.length)))].map((panels): RecordedRow => {
		// Whoever takes any price inside the band trades all that both sides have: no market can trade more.
		const willing = judged(recording, panels, () => undefined);
		const limited = judged(recording, panels, limitsDrawn(recording, seed));
		verdicts.push(willing, limited);
		const others = Array.from({length: draws}, (_, n) =>
			totals(recording, panels, trade(recording, panels, limitsDrawn(recording, `${seed} ${n + 1}`))),
		);
		return {
			panels,
			...willing.shares,
			limited: {
				selfConsumptionPpm: limited.shares.selfConsumptionPpm.withMarket,
				selfSufficiencyPpm: limited.shares.selfSufficiencyPpm.withMarket,
				...limited.averages,
			},
			draws: spreads(others),
		};
	});
	const count = (key: 'wrongRows' | 'missingRows' | 'unexpectedRows' | 'wrongSlots' | 'rows'): number =>
		verdicts.reduce((sum, verdict) => sum + verdict[key], 0);
	return {
		homes: homes.length,
		slots: slotCount,
		startMs: slotFrom * slotMs,
		prices: recordedPrices,
		seed,
		draws,
		rows,
		judge: {
			bills: count('rows'),
			wrongRows: count('wrongRows') + count('missingRows') + count('unexpectedRows'),
			wrongSlots: count('wrongSlots'),
			unexplainedNano: `${verdicts.reduce((sum, {unexplainedNano: one}) => sum + (one < 0n ? -one : one), 0n)}`,
			good: verdicts.every(isGood),
			examples: verdicts.flatMap(({examples}) => examples).slice(0, 20),
		},
	};
}

/** The limit of a home for both sides: net when it sells, all in when it buys. undefined: any price inside the band. */
type LimitOf = (homeAt: number) => number | undefined;

function limitsDrawn({homes}: Recording, seed: string): LimitOf {
	const limits = homes.map(({id}) => drawLimit(recordedPrices, createChance(seed, `one limit of ${id}`)));
	return at => limits[at];
}

type Traded = {
	readonly orders: readonly SentOrder[];
	readonly slots: readonly PublishedSlot[];
	readonly rows: readonly PublishedRow[];
	readonly gridNano: bigint;
	readonly retailerNano: bigint;
	readonly poolNano: bigint;
	readonly tradedWh: bigint;
	readonly sellersNano: bigint;
};

function netWh({homes}: Recording, panels: number, homeAt: number, at: number): number {
	const home = homes[homeAt]!;
	return (homeAt < panels ? home.pvWh[at]! : 0) - home.loadWh[at]!;
}

/** Every slot of the recording through the auction and the settlement, in metered mode: what is offered is what the meter shows. */
function trade(recording: Recording, panels: number, limitOf: LimitOf): Traded {
	const {homes, slotFrom, slotCount} = recording;
	const {feedInMicroPerKwh, retailMicroPerKwh} = recordedPrices;
	const rules: Rules = {...recordedPrices, pricing: 'auction', lineLimitWh: undefined};
	const orders = homes.flatMap(({id}, i): SentOrder[] =>
		(['buy', 'sell'] as const).map(side => ({
			hash: `0x${toHex(keccak256(utf8(`${side} order of ${id}`)))}`,
			meter: id,
			side,
			slotFrom,
			slotCount,
			quantityWh: quantityWhMax,
			limitMicroPerKwh: limitOf(i) ?? (side === 'buy' ? retailMicroPerKwh : feedInMicroPerKwh),
		})),
	);
	const slots: PublishedSlot[] = [];
	const rows: PublishedRow[] = [];
	let [gridNano, retailerNano, poolNano, tradedWh, sellersNano] = [0n, 0n, 0n, 0n, 0n];
	for (let at = 0; at < slotCount; at += 1) {
		const slot = slotFrom + at;
		const seed = keccak256(utf8(`slot ${slot}`));
		const offers: (Order & {readonly homeAt: number})[] = [];
		const nets = homes.map((_, homeAt) => netWh(recording, panels, homeAt, at));
		for (const [homeAt, net] of nets.entries()) {
			if (net === 0) continue;
			const {hash, side, limitMicroPerKwh} = orders[2 * homeAt + (net > 0 ? 1 : 0)]!;
			const offer = {hash, side, quantityWh: Math.abs(net), limitMicroPerKwh, minQuantityWh: 0, homeAt};
			const problem = orderProblem(offer, recordedPrices);
			if (problem !== undefined) throw new RangeError(`${homes[homeAt]!.id}: ${problem.detail}`);
			offers.push(offer);
		}
		const clearing = clear(offers, rules, seed);
		const contracts = new Array<number>(homes.length).fill(0);
		for (const [i, {homeAt, side}] of offers.entries()) contracts[homeAt] = clearing.fillsWh[i]! * (side === 'sell' ? 1 : -1);
		const positions = homes.map(({id}, i) => ({account: id, contractedWh: contracts[i]!, meteredWh: nets[i], usualImportWh: 0}));
		const settled = settle(positions, clearing, recordedPrices);
		const {volumeWh, priceBuyMicroPerKwh, priceSellMicroPerKwh} = clearing;
		slots.push({slot, seed: `0x${toHex(seed)}`, volumeWh, priceBuyMicroPerKwh, priceSellMicroPerKwh});
		for (const {account, contractedWh, meteredWh, netNano, forwardNano} of settled.rows) {
			rows.push({slot, meter: account, account, contractedWh, meteredWh, netNano});
			if (forwardNano > 0n) sellersNano += forwardNano;
		}
		gridNano += settled.accounts.gridNano;
		retailerNano += settled.accounts.retailerNano;
		poolNano += settled.accounts.poolNano;
		tradedWh += BigInt(volumeWh);
	}
	return {orders, slots, rows, gridNano, retailerNano, poolNano, tradedWh, sellersNano};
}

function used({homes}: Recording, panels: number): {readonly loadWh: bigint; readonly pvWh: bigint} {
	const sum = (values: readonly number[]): bigint => BigInt(values.reduce((total, value) => total + value, 0));
	return {
		loadWh: homes.reduce((total, {loadWh}) => total + sum(loadWh), 0n),
		pvWh: homes.slice(0, panels).reduce((total, {pvWh}) => total + sum(pvWh), 0n),
	};
}

/** Trades, and hands the judge registers instead of differences, as meters would have shown them. */
function judged(recording: Recording, panels: number, limitOf: LimitOf): CommunityVerdict {
	const {homes, slotFrom, slotCount} = recording;
	const traded = trade(recording, panels, limitOf);
	const meters = homes.map(({id}, homeAt) => {
		let [importWh, exportWh] = [0, 0];
		// One point behind the end, since a boundary counts only when something came after it.
		const points = Array.from({length: slotCount + 2}, (_, at) => {
			const net = at === 0 || at > slotCount ? 0 : netWh(recording, panels, homeAt, at - 1);
			importWh += Math.max(0, -net);
			exportWh += Math.max(0, net);
			return {atMs: (slotFrom + at) * slotMs, importWh, exportWh};
		});
		return {meter: id, account: id, cadenceMs: slotMs, points};
	});
	const {orders, slots, rows, gridNano, retailerNano, poolNano} = traded;
	return judgeCommunity({
		prices: recordedPrices,
		slotFrom,
		slotCount,
		meters,
		orders,
		slots,
		rows,
		counterAccounts: {gridNano, retailerNano, poolNano},
		used: used(recording, panels),
	});
}

type Totals = {readonly sellerMicroPerKwh: number | undefined; readonly selfSufficiencyPpm: number | undefined};

function totals(recording: Recording, panels: number, {tradedWh, sellersNano}: Traded): Totals {
	let [importWh, exportWh] = [0n, 0n];
	for (let homeAt = 0; homeAt < recording.homes.length; homeAt += 1) {
		for (let at = 0; at < recording.slotCount; at += 1) {
			const net = netWh(recording, panels, homeAt, at);
			if (net < 0) importWh -= BigInt(net);
			else exportWh += BigInt(net);
		}
	}
	const shares = sharesOf({...used(recording, panels), importWh, exportWh, tradedWh});
	return {
		sellerMicroPerKwh: averageMicroPerKwh(sellersNano, tradedWh),
		selfSufficiencyPpm: shares.selfSufficiencyPpm.withMarket,
	};
}

function spreads(all: readonly Totals[]): RecordedRow['draws'] {
	const spread = (values: readonly (number | undefined)[]): Spread | undefined => {
		const known = values.filter(value => value !== undefined).sort((a, b) => a - b);
		if (known.length === 0) return undefined;
		return {least: known[0]!, median: known[Math.floor(known.length / 2)]!, most: known.at(-1)!};
	};
	const [seller, sufficiency] = [spread(all.map(one => one.sellerMicroPerKwh)), spread(all.map(one => one.selfSufficiencyPpm))];
	return seller === undefined || sufficiency === undefined ? undefined : {sellerMicroPerKwh: seller, selfSufficiencyPpm: sufficiency};
}

const market = 'recorded';
const currency = 'EUR';

/**
 * What the market of the table's first row hands out for its busiest day, with one limit a home: a bill of each home, the three kinds of sharing keys and the prices as an
 * event. By file name. Fails with DATA_MISSING or FORMAT_INVALID.
 */
export async function recordedExports(options: {
	readonly folder: string;
	readonly seed: string;
	readonly nowMs: number;
}): Promise<Map<string, string>> {
	const recording = await readLemlab(options.folder);
	const panels = Math.min(panelSteps[0]!, recording.homes.length);
	const {slots, rows, orders} = trade(recording, panels, limitsDrawn(recording, options.seed));
	const from = slotsPerDay * busiestDay(slots);
	const ofDay = slots.filter(({slot}) => slot >= from && slot < from + slotsPerDay);
	const termsBySlot = new Map(ofDay.map((one): [number, SlotTerms] => [one.slot, {...one, ...recordedPrices}]));
	const dayRows = rows.filter(({slot}) => termsBySlot.has(slot));
	const hashes = new Map(orders.map(({meter, side, hash}) => [`${meter} ${side}`, hash]));
	const billed = dayRows.map(({slot, meter, account, contractedWh, meteredWh, netNano}): BilledRow => {
		const orderHash = contractedWh === 0 ? undefined : hashes.get(`${meter} ${contractedWh > 0 ? 'sell' : 'buy'}`);
		// A recording has no entries that a row could rest on.
		return {
			slot,
			meter,
			account,
			orderHash,
			contractedWh,
			meteredWh,
			flags: 0,
			importFrom: 0,
			importTo: 0,
			exportFrom: 0,
			exportTo: 0,
			netNano,
		};
	});
	const files = new Map<string, string>();
	for (const {id} of recording.homes) {
		const bill = billOf(
			{market, currency, account: id, from, to: from + slotsPerDay, openingNano: 0n},
			billed,
			slot => termsBySlot.get(slot)!,
		);
		files.set(`bill-${id}.csv`, billCsv(bill));
		files.set(`bill-${id}.json`, billJson(bill));
	}
	const shared = ofDay.map(({slot}) => sharedIn(slot, billed));
	for (const kind of ['static', 'pro-rata', 'full-dynamic'] as const) {
		const keys = sharingKeys(kind, shared);
		files.set(`sharing-keys-${kind}.csv`, sharingKeysCsv(kind, keys));
		files.set(`sharing-keys-${kind}.json`, sharingKeysJson(kind, market, keys));
	}
	const priced = ofDay.map(one => ({slot: one.slot, cleared: one, tariff: recordedPrices}));
	files.set('price-event.json', priceEventText({market, currency, createdAtMs: options.nowMs}, priced));
	return files;
}

/** The UTC day in which most was traded; the first of equal ones. */
function busiestDay(slots: readonly PublishedSlot[]): number {
	const byDay = new Map<number, number>();
	for (const {slot, volumeWh} of slots)
		byDay.set(Math.floor(slot / slotsPerDay), (byDay.get(Math.floor(slot / slotsPerDay)) ?? 0) + volumeWh);
	return [...byDay].reduce((best, one) => (one[1] > best[1] ? one : best))[0];
}

function sharedIn(slot: number, rows: readonly BilledRow[]): SharedSlot {
	const own = rows.filter(row => row.slot === slot);
	const positive = (energyOf: (row: BilledRow) => number): Energies =>
		new Map(own.flatMap(row => (energyOf(row) > 0 ? [[row.meter, energyOf(row)] as const] : [])));
	return {
		slot,
		soldWh: positive(row => row.contractedWh),
		boughtWh: positive(row => -row.contractedWh),
		takenWh: positive(row => -row.meteredWh),
	};
}
