// Moves a market through its slots and days: reads registers from the log, clears what is due, settles what is over, and writes each decision into the log before anybody hears of it.

import {toHex, toPrefixedHex} from '../base/bytes.ts';
import type {Clock} from '../base/clock.ts';
import {AgentError} from '../base/errors.ts';
import type {Logger} from '../base/logger.ts';
import {decodeEntry, entryLength, kinds, orderKinds, subjectRange, unsettledQualities} from '../format/entry.ts';
import {type Boundaries, createBoundaries} from './boundary.ts';
import {leafLengths, readRowLeaf, rowFlags, rowLeafBytes} from './commitment.ts';
import {createDay, type DayCommitment} from './day.ts';
import {type CounterAccounts, type DaySlot, type MeterEnergy, settleDay} from './day-settlement.ts';
import type {Ledger, LedgerEvent} from './ledger.ts';
import {netExportWh, type RegisterEntry} from './meter.ts';
import {decodeBody, type MarketBody, slotS, slotsPerDay} from './order.ts';
import {type BookRules, type BookStanding, createOrderBook, type Meter, type OrderBook} from './order-book.ts';
import type {Accounts} from './settle.ts';
import {type ClearedSlot, type Contract, clearSlot, contractsOf, type SetOrder, type SlotInput} from './slot-clearing.ts';
import type {Digests} from './typed-data.ts';

export type EngineRules = BookRules & {
	/** Version of tariff and rules; in every header. */
	readonly paramsVersion: number;
	/** Metered mode: a slot is cleared with the readings that are there so long after its end. */
	readonly clearAfterS: number;
	/** Readings are waited for so long after a slot's end; then the missing rule stands in for them. */
	readonly deadlineS: number;
	readonly counters: CounterAccounts;
};

/** A meter with the channels of its registers. */
export type MarketMeter = Meter & {
	readonly importUrn: string;
	/** undefined: it only takes, so that it has no such register. */
	readonly exportUrn: string | undefined;
	/** How often it reports at least. */
	readonly cadenceMs: number;
};

/** All that the engine needs of the rest of the agent. */
export type EngineNeeds = {
	readonly digests: Digests;
	/** The operator's key over a digest: 65 bytes. */
	readonly sign: (digest: Uint8Array) => Uint8Array;
	/** Appends an entry under the market's subject. Its number is known at once; `durable` resolves to its index. */
	readonly append: (body: MarketBody, value: bigint, atMs: number) => {readonly sequence: number; readonly durable: Promise<number>};
	/** Resolves when everything appended before is durable. */
	readonly settled: () => Promise<void>;
	/**
	 * Whether a cleared slot's header is on the chain: one that is not, and cannot be any more, settles without contracts. undefined where there is no contract: every
	 * clearing counts.
	 */
	readonly standingOf: ((slot: number) => 'posted' | 'unposted' | 'unknown') | undefined;
	/** All that happened on the chain before this moment is in the book, s since 1970; undefined where there is no contract. */
	readonly chainSeenS: (() => number) | undefined;
	/** How many entries are durable. */
	readonly logSize: () => number;
	/** Readings below this index count: what is anchored, or released where nothing is anchored. */
	readonly provenSize: () => Promise<number>;
	/** Packed entries begin … end−1. */
	readonly entries: (begin: number, end: number) => Promise<Uint8Array>;
	/** Entries under the market's subject from an index on, with their bodies. */
	readonly marketEntries: (
		begin: number,
	) => AsyncIterable<{readonly index: number; readonly entry: Uint8Array; readonly record: Uint8Array}>;
	/** The subject of a channel; undefined while it has not spoken. */
	readonly subjectOf: (urn: string) => Uint8Array | undefined;
	readonly ledger: Ledger;
	readonly clock: Clock;
	readonly logger: Logger;
};

/** What the ledger keeps of a cleared slot. */
export type SlotRecord = {readonly input: SlotInput; readonly headerHash: string; readonly statement: string; readonly sequence: number};

/** What the ledger keeps of a settled day beside its rows. */
export type DayRecord = {
	readonly day: number;
	readonly round: number;
	readonly dayHash: string;
	readonly sequence: number;
	readonly size: number;
	/** Slots that settled without contracts, since the chain does not have them. */
	readonly unposted: readonly number[];
	readonly settledAtMs: number;
	readonly totals: {readonly [K in keyof Accounts]: string};
	/** nano by account as decimal text: balances before the day, and what the counter accounts got. */
	readonly opening: Readonly<Record<string, string>>;
	readonly counters: Readonly<Record<string, string>>;
	/** Counters and delegations as they were: a restart reads orders of the last month only. Left out in ledgers of before. */
	readonly standing?: BookStanding;
};

export type Engine = {
	readonly book: OrderBook;
	readonly meters: ReadonlyMap<string, MarketMeter>;
	/** The first slot of the market. */
	readonly firstSlot: number;
	/** Looks what is due and does it, to the end. MUST NOT be called twice at a time. */
	readonly tick: () => Promise<void>;
	/** undefined if the slot is not cleared, or was without a single order. */
	readonly cleared: (slot: number) => Promise<ClearedSlot | undefined>;
	readonly record: (slot: number) => Promise<SlotRecord | undefined>;
	/** True once nothing can change a slot's clearing, also where nobody had an order. */
	readonly isDecided: (slot: number) => boolean;
	/**
	 * True if the book has another set of orders for a cleared slot now: a counter or an order came onto the chain before the gate, and was heard of behind the clearing. Whoever posts the slot is convicted of
	 * it.
	 */
	readonly isOutdated: (slot: number) => Promise<boolean>;
	/** Settled days, the newest last: how far days are settled. */
	readonly newestDay: () => number | undefined;
	readonly day: (day: number) => Promise<{readonly record: DayRecord; readonly commitment: DayCommitment} | undefined>;
	/** What both registers of a meter say of a slot that is not settled yet. */
	readonly energyOf: (meter: MarketMeter, slot: number) => MeterEnergy;
	/** Takes an event into the stream with the next step. */
	readonly announce: (event: LedgerEvent) => void;
	/** Told of events once they are in the ledger. */
	readonly onEvents: (listener: (first: number, events: readonly LedgerEvent[]) => void) => () => void;
	/** Set when what the log says contradicts what follows from it: nothing is signed any more. */
	readonly halted: () => string | undefined;
};

/** Entries read at once. */
const pageEntries = 4096;
/** What is kept ready of cleared slots and settled days. */
const slotsKeptMax = 512;
const daysKeptMax = 4;
/**
 * So long behind its gate a slot waits for the look at the chain that shows what came before it. While no chain answers nothing is posted either; a slot that was cleared without that look is compared
 * with the book again before it is.
 */
export const chainWaitS = 60;
/** A device's clock may be ahead, and a reading early, by less than this. */
const slotsBefore = 8;
/** Orders go on for 31 days at most. */
const orderDays = 33;

type MeterState = {readonly meter: MarketMeter; readonly imported: Boundaries; readonly exported: Boundaries | undefined};

export async function openEngine(
	needs: EngineNeeds,
	rules: EngineRules,
	meters: readonly MarketMeter[],
	opened: {readonly atMs: number; readonly index: number},
): Promise<Engine> {
	const {ledger, clock, logger} = needs;
	const byId = new Map(meters.map(meter => [meter.id, meter]));
	const book = createOrderBook(rules, byId);
	const states = new Map<string, MeterState>();
	/** Whose register a subject is, by its hexadecimal text. */
	const registers = new Map<string, Boundaries>();
	const unresolved = new Map<string, Boundaries>();
	const slots = new Map<number, ClearedSlot>();
	const records = new Map<number, SlotRecord>();
	const days = new Map<number, {readonly record: DayRecord; readonly commitment: DayCommitment}>();
	const listeners = new Set<(first: number, events: readonly LedgerEvent[]) => void>();
	const firstSlot = Math.floor(opened.atMs / 1000 / slotS) + 1;
	const firstDay = Math.floor(firstSlot / slotsPerDay);
	let pendingEvents: LedgerEvent[] = [];
	let halted: string | undefined;
	let cursor = 0;
	let newestDay: number | undefined;
	let balances: ReadonlyMap<string, bigint> = new Map();
	let nextToClear = firstSlot;
	/** Slots that metered mode has cleared out of their order. */
	const decided = new Set<number>();
	let marked = -1;
	/** What the log has and the ledger not yet, by name: a ledger that cannot be written for a while must not make us say in the log twice what was decided once. */
	const unsaved = new Map<string, () => Promise<void>>();
	/** How far registers were read when the newest day was looked at last. */
	let lookedAt = -1;
	/** The first meter and slot of the day without a reading at that look: what is known stays known, so that nobody is looked at twice. */
	let waitsFor = {day: -1, slot: 0, meter: 0};

	/** Size of the log when a moment was first seen to be over, by its name. */
	const sizesThen = new Map<string, number>();

	/** True once the moment is over and everything that had come by then is read: while no anchor goes through, nobody's reading is missing. */
	const isOver = (name: string, timeS: number): boolean => {
		if (nowS() < timeS) return false;
		const then = sizesThen.get(name) ?? needs.logSize();
		sizesThen.set(name, then);
		if (cursor < then) return false;
		sizesThen.delete(name);
		return true;
	};

	const nowS = (): number => Math.floor(clock.nowMs() / 1000);
	const dayOf = (slot: number): number => Math.floor(slot / slotsPerDay);
	const endS = (slot: number): number => (slot + 1) * slotS;

	const announce = (event: LedgerEvent): void => void pendingEvents.push(event);
	const tell = (type: string, data: Record<string, unknown>, account?: string): void =>
		announce({type, atMs: clock.nowMs(), account, data: JSON.stringify(data)});

	const save = async (): Promise<void> => {
		for (const [name, put] of unsaved) {
			await put();
			unsaved.delete(name);
		}
	};

	const flushEvents = async (): Promise<void> => {
		if (pendingEvents.length === 0) return;
		const events = pendingEvents;
		pendingEvents = [];
		const first = await ledger.addEvents(events);
		for (const listener of listeners) listener(first, events);
	};

	const halt = (why: string): AgentError => {
		halted = why;
		tell('market.halted', {reason: why});
		return new AgentError('MARKET_HALTED', why, {
			hint: 'Nothing is signed any more. Was log.db changed by hand, or a rule or meter of the market? Restore what the log was made with.',
		});
	};

	const openMeters = (from: number): void => {
		registers.clear();
		for (const meter of meters) {
			const imported = createBoundaries(meter.cadenceMs, from);
			const exported = meter.exportUrn === undefined ? undefined : createBoundaries(meter.cadenceMs, from);
			states.set(meter.id, {meter, imported, exported});
			unresolved.set(meter.importUrn, imported);
			if (exported !== undefined) unresolved.set(meter.exportUrn!, exported);
		}
	};

	/** A register's channel has a subject only once it has spoken. */
	const resolve = (): void => {
		for (const [urn, boundaries] of unresolved) {
			const subject = needs.subjectOf(urn);
			if (subject === undefined) continue;
			registers.set(toHex(subject), boundaries);
			unresolved.delete(urn);
		}
	};

	/** Reads registers from the log up to an index. What is below the cursor already was read. */
	const followTo = async (size: number): Promise<void> => {
		while (cursor < size) {
			resolve();
			const end = Math.min(size, cursor + pageEntries);
			const page = await needs.entries(cursor, end);
			for (let at = 0; at < page.length; at += entryLength) {
				const boundaries = registers.get(toHex(page.subarray(at + subjectRange.begin, at + subjectRange.end)));
				if (boundaries === undefined) continue;
				const {number, register} = registerOf(page.subarray(at, at + entryLength), cursor + at / entryLength);
				boundaries.follow(number, register);
			}
			cursor = end;
		}
	};

	const energyOf = (meter: Meter, slot: number): MeterEnergy => {
		const {imported, exported} = states.get(meter.id)!;
		const [from, to] = [dayOf(slot) * slotsPerDay - slotsPerDay, (dayOf(slot) + 2) * slotsPerDay];
		return {
			imported: imported.energyOf(slot, from, to),
			exported: exported?.energyOf(slot, from, to) ?? {energyWh: 0, spread: false, fromNumber: undefined, toNumber: undefined},
		};
	};

	const netOf = (meter: Meter, slot: number): number | undefined => {
		const {imported, exported} = energyOf(meter, slot);
		return netExportWh(exported, imported);
	};

	/** What an order may be cleared with: energy that is only spread flat can be proved to have been less as soon as the boundary between turns up, and costs the bond. */
	const measuredOf = (meter: Meter, slot: number): number | undefined => {
		const {imported, exported} = energyOf(meter, slot);
		return imported.spread || exported.spread ? undefined : netExportWh(exported, imported);
	};

	const setOf = (slot: number): SetOrder[] =>
		book.setOf(slot).map((booked): SetOrder => {
			const {trader, meter, side, quantityWh, limitMicroPerKwh, minQuantityWh} = booked.order;
			const cancellation = book.isOut(booked, slot) ? booked.cancellation!.hash : undefined;
			return {hash: booked.hash, sequence: booked.sequence, trader, meter, side, quantityWh, limitMicroPerKwh, minQuantityWh, cancellation};
		});

	const inputOf = (slot: number): SlotInput => {
		const {pricing, lineLimitWh, feedInMicroPerKwh, retailMicroPerKwh, gridFeeMicroPerKwh} = rules;
		const set = setOf(slot);
		const shown = new Set(set.map(({meter}) => meter));
		const nets = [...shown].sort().flatMap(id => {
			const net = measuredOf(byId.get(id)!, slot);
			return net === undefined ? [] : [[id, net] as const];
		});
		return {
			slot,
			paramsVersion: rules.paramsVersion,
			mode: rules.mode,
			rules: {pricing, lineLimitWh, feedInMicroPerKwh, retailMicroPerKwh, gridFeeMicroPerKwh},
			set,
			netExportWh: rules.mode === 'metered' ? Object.fromEntries(nets) : undefined,
		};
	};

	const keepSlot = (slot: number, cleared: ClearedSlot, record: SlotRecord): void => {
		slots.set(slot, cleared);
		records.set(slot, record);
		while (slots.size > slotsKeptMax) slots.delete(slots.keys().next().value!);
	};

	/** Clears a slot, or refuses to if the log has another clearing of it. */
	const clearAt = async (
		slot: number,
		size: number,
		known?: {readonly body: MarketBody & {readonly kind: typeof orderKinds.clearing}; readonly sequence: number},
	): Promise<void> => {
		await followTo(size);
		book.lock(slot);
		const input = inputOf(slot);
		if (input.set.length === 0 && known === undefined) {
			decided.add(slot);
			return;
		}
		const cleared = clearSlot(input);
		const {headerHash, header} = cleared.commitment;
		if (known !== undefined && known.body.headerHash !== headerHash)
			throw halt(`the log has clearing ${known.body.headerHash} of slot ${slot}, but its orders and readings give ${headerHash}`);
		let record: SlotRecord;
		if (known === undefined) {
			const statement = toPrefixedHex(needs.sign(needs.digests.slotStatement({market: rules.market, slot, headerHash})));
			const {sequence, durable} = needs.append({kind: orderKinds.clearing, slot, headerHash, statement, size}, BigInt(slot), clock.nowMs());
			// If we die before this, nobody has heard of the clearing, and the next start makes the same or a later one.
			await durable;
			record = {input, headerHash, statement, sequence};
		} else record = {input, headerHash, statement: known.body.statement, sequence: known.sequence};
		keepSlot(slot, cleared, record);
		// Only now: whoever sees that it is decided finds what was decided.
		decided.add(slot);
		unsaved.set(`slot ${slot}`, () => ledger.putSlot({slot, body: JSON.stringify(record)}));
		if (known !== undefined) return save();
		const {volumeWh, priceBuyMicroPerKwh, priceSellMicroPerKwh} = cleared.clearing;
		tell('slot.cleared', {slot, headerHash, orders: header.orderCount, volumeWh, priceBuyMicroPerKwh, priceSellMicroPerKwh});
		for (const [at, {hash, trader, side}] of cleared.orders.entries()) {
			const fillWh = cleared.clearing.fillsWh[at]!;
			if (fillWh > 0) tell('order.filled', {slot, orderHash: hash, side, fillWh}, trader);
		}
		await save();
	};

	const isChainSeen = (slot: number): boolean => {
		const gateS = book.gateOf(slot);
		return needs.chainSeenS === undefined || needs.chainSeenS() >= gateS || nowS() >= gateS + chainWaitS;
	};

	const isClearable = (slot: number, size: number): boolean => {
		if (!isChainSeen(slot)) return false;
		if (rules.mode === 'forward') return nowS() >= book.gateOf(slot);
		if (nowS() < endS(slot)) return false;
		if (isOver(`slot ${slot}`, endS(slot) + rules.clearAfterS)) return true;
		// Whoever has a standing order must have spoken; the others' registers do not count in a clearing.
		return (
			cursor >= size &&
			book.setOf(slot).every(booked => book.isOut(booked, slot) || measuredOf(byId.get(booked.order.meter)!, slot) !== undefined)
		);
	};

	const clearDue = async (size: number): Promise<void> => {
		await followTo(size);
		const last = rules.mode === 'forward' ? Math.floor((nowS() + rules.gateBeforeS) / slotS) : Math.floor(nowS() / slotS) - 1;
		for (let slot = nextToClear; slot <= last; slot += 1) {
			if (decided.has(slot) || !isClearable(slot, size)) continue;
			// What was acknowledged before the gate is in the log, or its sender has heard nothing yet and we would not get to the next line.
			await needs.settled();
			await clearAt(slot, size);
		}
		while (decided.has(nextToClear)) {
			decided.delete(nextToClear);
			nextToClear += 1;
		}
	};

	const nextUnsettled = (): number => Math.max(firstSlot, ((newestDay ?? -1) + 1) * slotsPerDay);

	const isDecided = (slot: number): boolean => slot < nextToClear || decided.has(slot);

	const recordOf = async (slot: number): Promise<SlotRecord | undefined> => {
		const known = records.get(slot);
		if (known !== undefined) return known;
		const stored = await ledger.slot(slot);
		return stored === undefined ? undefined : (JSON.parse(stored.body) as SlotRecord);
	};

	const clearedOf = async (slot: number): Promise<ClearedSlot | undefined> => {
		const known = slots.get(slot);
		if (known !== undefined) return known;
		const record = await recordOf(slot);
		if (record === undefined) return undefined;
		const cleared = clearSlot(record.input);
		keepSlot(slot, cleared, record);
		return cleared;
	};

	const daySlotOf = async (slot: number, unposted: readonly number[]): Promise<DaySlot> => {
		const cleared = unposted.includes(slot) ? undefined : await clearedOf(slot);
		const contracts: ReadonlyMap<string, Contract> = cleared === undefined ? new Map() : contractsOf(cleared);
		const {priceBuyMicroPerKwh, priceSellMicroPerKwh} = cleared?.clearing ?? {
			priceBuyMicroPerKwh: undefined,
			priceSellMicroPerKwh: undefined,
		};
		return {slot, rules, prices: {priceBuyMicroPerKwh, priceSellMicroPerKwh}, contracts};
	};

	const slotsOf = (day: number): number[] => {
		const from = Math.max(firstSlot, day * slotsPerDay);
		return Array.from({length: (day + 1) * slotsPerDay - from}, (_, i) => from + i);
	};

	const dayIsReady = (day: number, size: number): boolean => {
		const lastSlot = (day + 1) * slotsPerDay - 1;
		if (!isDecided(lastSlot) || slotsOf(day).some(slot => !isDecided(slot))) return false;
		if (isOver(`day ${day}`, endS(lastSlot) + rules.deadlineS)) return true;
		if (lookedAt === cursor) return false;
		lookedAt = cursor;
		if (cursor < size) return false;
		if (waitsFor.day !== day) waitsFor = {day, slot: Math.max(firstSlot, day * slotsPerDay), meter: 0};
		for (; waitsFor.slot <= lastSlot; waitsFor.slot += 1, waitsFor.meter = 0)
			for (; waitsFor.meter < meters.length; waitsFor.meter += 1)
				if (netOf(meters[waitsFor.meter]!, waitsFor.slot) === undefined) return false;
		return true;
	};

	/** Rows of the days before that were guessed, and whose reading has come since. */
	const lateRows = async (day: number): Promise<Parameters<typeof settleDay>[0]['late'][number][]> => {
		const before = await dayAt(day - 1);
		const late: Parameters<typeof settleDay>[0]['late'][number][] = [];
		if (before === undefined) return late;
		const {commitment} = before;
		for (let at = 0; at < commitment.header.rowCount; at += 1) {
			const booked = commitment.rowAt(at);
			if ((booked.flags & rowFlags.substituted) === 0 || (booked.flags & rowFlags.adjusted) !== 0) continue;
			const meter = byId.get(booked.meter);
			if (meter === undefined || netOf(meter, booked.slot) === undefined) continue;
			late.push({slot: await daySlotOf(booked.slot, before.record.unposted), booked, meter, energy: energyOf(meter, booked.slot)});
		}
		return late;
	};

	const usualImports = async (day: number): Promise<(meter: Meter, slot: number) => number> => {
		const found = new Map<string, number>();
		for (let weeks = 1; weeks <= 4; weeks += 1) {
			const before = await dayAt(day - 7 * weeks);
			for (let at = 0; before !== undefined && at < before.commitment.header.rowCount; at += 1) {
				const {meter, slot, meteredWh, flags} = before.commitment.rowAt(at);
				if ((flags & (rowFlags.adjusted | rowFlags.substituted)) !== 0) continue;
				const key = `${meter} ${slot % slotsPerDay}`;
				found.set(key, Math.max(found.get(key) ?? 0, -meteredWh));
			}
		}
		return (meter, slot) => found.get(`${meter.id} ${slot % slotsPerDay}`) ?? 0;
	};

	const settleAt = async (
		day: number,
		size: number,
		known?: {readonly body: MarketBody & {readonly kind: typeof orderKinds.day}; readonly sequence: number},
	): Promise<void> => {
		await followTo(size);
		const daySlots: DaySlot[] = [];
		const unposted = known?.body.unposted ?? (known === undefined ? await unpostedOf(day) : []);
		for (const slot of slotsOf(day)) daySlots.push(await daySlotOf(slot, unposted));
		const opening = new Map(meters.map(({owner}) => [owner, 0n]));
		for (const account of Object.values(rules.counters)) opening.set(account, 0n);
		for (const [account, cumNano] of balances) opening.set(account, cumNano);
		const usual = await usualImports(day);
		const late = await lateRows(day);
		const settled = settleDay({day, meters, slots: daySlots, energyOf, usualImportWh: usual, late, opening, counters: rules.counters});
		const dayHash = settled.commitment.headerHash;
		if (known !== undefined && known.body.dayHash !== dayHash)
			throw halt(`the log has day ${day} as ${known.body.dayHash}, but its readings and contracts give ${dayHash}`);
		let sequence = known?.sequence ?? 0;
		if (known === undefined) {
			const body = {kind: orderKinds.day, day, round: 1, dayHash, size, ...(unposted.length === 0 ? {} : {unposted})};
			const appended = needs.append(body, BigInt(day), clock.nowMs());
			await appended.durable;
			sequence = appended.sequence;
		}
		const {totals} = settled;
		const {grid, retailer, pool} = rules.counters;
		const record: DayRecord = {
			day,
			round: 1,
			dayHash,
			sequence,
			size,
			unposted,
			settledAtMs: clock.nowMs(),
			totals: {
				tradersNano: `${totals.tradersNano}`,
				gridNano: `${totals.gridNano}`,
				retailerNano: `${totals.retailerNano}`,
				poolNano: `${totals.poolNano}`,
			},
			opening: Object.fromEntries([...opening].map(([account, nano]) => [account, `${nano}`])),
			counters: {[grid]: `${totals.gridNano}`, [retailer]: `${totals.retailerNano}`, [pool]: `${totals.poolNano}`},
			standing: book.standing(),
		};
		const {commitment} = settled;
		const rows = new Uint8Array(leafLengths.row * commitment.header.rowCount);
		for (let at = 0; at < commitment.header.rowCount; at += 1) rows.set(rowLeafBytes(commitment.rowAt(at)), at * leafLengths.row);
		keepDay(record, commitment);
		unsaved.set(`day ${day}`, () => ledger.putDay({day, round: 1, body: JSON.stringify(record), rows, balances: new Uint8Array(0)}));
		if (known !== undefined) return save();
		for (let at = 0; at < commitment.header.rowCount; at += 1) {
			const {account, slot, meter, flags, netNano} = commitment.rowAt(at);
			if ((flags & rowFlags.adjusted) !== 0) tell('settlement.adjusted', {slot, meter, netNano: `${netNano}`}, account);
			else if ((flags & rowFlags.substituted) !== 0) tell('reading.missing', {slot, meter}, account);
		}
		tell('settlement.provisional', {
			day,
			dayHash,
			rows: commitment.header.rowCount,
			substituted: settled.substituted,
			adjusted: late.length,
		});
		await save();
	};

	const keepDay = (record: DayRecord, commitment: DayCommitment): void => {
		days.set(record.day, {record, commitment});
		while (days.size > daysKeptMax) days.delete(days.keys().next().value!);
		if (newestDay !== undefined && record.day <= newestDay) return;
		newestDay = record.day;
		balances = new Map(commitment.balances.map(({account, cumNano}) => [account, cumNano]));
		// The next day may still correct rows of this one.
		for (const {imported, exported} of states.values()) {
			imported.forgetBefore((record.day - 1) * slotsPerDay);
			exported?.forgetBefore((record.day - 1) * slotsPerDay);
		}
		for (const slot of records.keys()) if (dayOf(slot) < record.day) records.delete(slot);
		book.forgetBefore(record.day * slotsPerDay);
	};

	const dayAt: Engine['day'] = async day => {
		const known = days.get(day);
		if (known !== undefined) return known;
		const stored = await ledger.day(day);
		if (stored === undefined) return undefined;
		const found = restoreDay(JSON.parse(stored.body) as DayRecord, stored.rows);
		days.set(day, found);
		while (days.size > daysKeptMax) days.delete(days.keys().next().value!);
		return found;
	};

	const settleDue = async (size: number): Promise<void> => {
		for (let day = (newestDay ?? firstDay - 1) + 1; dayIsReady(day, size); day += 1) {
			if ((await standingsOf(day)).includes('unknown')) return;
			await settleAt(day, size);
		}
	};

	const standingsOf = async (day: number): Promise<('posted' | 'unposted' | 'unknown' | 'nothing')[]> => {
		const {standingOf} = needs;
		if (standingOf === undefined) return [];
		return Promise.all(slotsOf(day).map(async slot => ((await recordOf(slot)) === undefined ? 'nothing' : standingOf(slot))));
	};

	const unpostedOf = async (day: number): Promise<number[]> => {
		const standings = await standingsOf(day);
		return slotsOf(day).filter((_, at) => standings[at] === 'unposted');
	};

	/** Opens where the ledger ends, and does again what the log has beyond it. */
	const replay = async (): Promise<void> => {
		const newest = await ledger.newestDay();
		const from = newest === undefined ? 0 : newest.day - 1;
		openMeters(newest === undefined ? 0 : from * slotsPerDay);
		// Registers before the market tell it nothing; a log may be years long, and its beginning pruned.
		cursor = newest === undefined ? opened.index : Math.max(opened.index, await ledger.markBefore(from * slotsPerDay - slotsBefore));
		if (newest !== undefined) {
			const {record, commitment} = restoreDay(JSON.parse(newest.body) as DayRecord, newest.rows);
			keepDay(record, commitment);
			if (record.standing !== undefined) book.restore(record.standing);
			nextToClear = Math.max(firstSlot, (record.day + 1) * slotsPerDay);
		}
		const begin = newest === undefined ? opened.index : Math.max(opened.index, await ledger.markBefore((from - orderDays) * slotsPerDay));
		for await (const {entry, record: bytes} of needs.marketEntries(begin)) {
			const {kind, number: sequence} = decodeEntry(entry);
			const body = kind === kinds.order ? decodeBody(bytes) : undefined;
			if (body === undefined) continue;
			book.apply(body, sequence);
			if (body.kind === orderKinds.clearing && body.slot >= nextToClear) {
				const stored = await recordOf(body.slot);
				if (stored?.headerHash === body.headerHash) {
					records.set(body.slot, stored);
					decided.add(body.slot);
				} else await clearAt(body.slot, body.size, {body, sequence});
			}
			if (body.kind === orderKinds.day && body.day > (newestDay ?? -1)) await settleAt(body.day, body.size, {body, sequence});
		}
	};

	/** A meter that went, or changed hands, while slots of its are not settled: neither its old nor its new owner's rows would be what the log says. */
	const metersProblem = async (): Promise<string | undefined> => {
		for (const {hash, order} of book.all()) {
			const owner = byId.get(order.meter)?.owner;
			if (order.slotFrom + order.slotCount > nextUnsettled() && owner !== order.trader)
				return `order ${hash} stands for meter ${order.meter} of ${order.trader}, which is ${owner === undefined ? 'not in the config any more' : `${owner}'s there`}`;
		}
		const newest = newestDay === undefined ? undefined : await dayAt(newestDay);
		for (let at = 0; newest !== undefined && at < newest.commitment.header.rowCount; at += 1) {
			const {account, meter} = newest.commitment.rowAt(at);
			const owner = byId.get(meter)?.owner;
			if (owner !== undefined && owner !== account)
				return `meter ${meter} was ${account}'s on day ${newestDay}, and is ${owner}'s in the config`;
		}
		return undefined;
	};

	await replay();
	const changed = await metersProblem();
	if (changed !== undefined) throw halt(changed);

	return {
		book,
		meters: byId,
		firstSlot,
		tick: async () => {
			if (halted !== undefined) return;
			await save();
			// A reorganisation of the chain may take an anchor back; what was read stays read, so that every decision can be made again from the size that it names.
			const size = Math.max(cursor, await needs.provenSize());
			const slot = Math.floor(nowS() / slotS);
			if (slot > marked) {
				marked = slot;
				await ledger.putMark(slot, size);
			}
			try {
				await clearDue(size);
				await settleDue(size);
			} finally {
				await flushEvents();
			}
		},
		cleared: clearedOf,
		record: recordOf,
		isDecided,
		isOutdated: async slot => {
			const was = (await recordOf(slot))?.input.set ?? [];
			const is = setOf(slot);
			const isOther = ({hash, cancellation}: SetOrder, at: number): boolean =>
				is[at]!.hash !== hash || (is[at]!.cancellation === undefined) !== (cancellation === undefined);
			return was.length !== is.length || was.some(isOther);
		},
		newestDay: () => newestDay,
		day: dayAt,
		energyOf,
		announce,
		onEvents: listener => {
			listeners.add(listener);
			return () => listeners.delete(listener);
		},
		halted: () => halted,
	};

	function restoreDay(record: DayRecord, rows: Uint8Array): {readonly record: DayRecord; readonly commitment: DayCommitment} {
		const builder = createDay(record.day);
		for (let at = 0; at < rows.length; at += leafLengths.row) builder.add(readRowLeaf(rows.subarray(at, at + leafLengths.row)));
		const nanos = (texts: Readonly<Record<string, string>>): Map<string, bigint> =>
			new Map(Object.entries(texts).map(([account, nano]) => [account, BigInt(nano)]));
		const commitment = builder.close(nanos(record.opening), nanos(record.counters));
		if (commitment.headerHash !== record.dayHash) {
			logger.log('error', 'a day in the ledger is not the one that was settled', {day: record.day});
			throw halt(`the ledger's rows of day ${record.day} give ${commitment.headerHash}, not ${record.dayHash}`);
		}
		return {record, commitment};
	}
}

/** What an entry of a register channel says, and its number in the channel; the register is undefined where the entry does not count for settlement. */
export function registerOf(bytes: Uint8Array, index: number): {readonly number: number; readonly register: RegisterEntry | undefined} {
	const {kind, quality, exponent, value, number, measuredAtMs, span} = decodeEntry(bytes);
	// The contract takes no other exponent, and counters below zero are none.
	if (kind !== kinds.reading || (quality & unsettledQualities) !== 0 || exponent > 0 || exponent < -3 || value < 0n)
		return {number, register: undefined};
	const registerWh = Number(value / 10n ** BigInt(-exponent));
	// Beyond it two registers have no exact difference: no meter counts so far.
	if (!Number.isSafeInteger(registerWh)) return {number, register: undefined};
	return {number, register: {index, number, measuredAtMs, registerWh, counterEpoch: span}};
}
