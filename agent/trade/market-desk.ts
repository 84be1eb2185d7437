// Answers for one energy market: its slots, orders, clearings, rows and balances as plain values, whoever asks.

import {toPrefixedHex} from '../base/bytes.ts';
import type {Clock} from '../base/clock.ts';
import {orderKinds} from '../format/entry.ts';
import {fillProofOf} from './certificate.ts';
import {type RowLeaf, rowFlags} from './commitment.ts';
import type {DayCommitment} from './day.ts';
import type {Intake} from './intake.ts';
import type {Engine, EngineRules, MarketMeter} from './market-engine.ts';
import {netExportWh} from './meter.ts';
import {type Delegation, type MarketBody, type Mode, type SignedOrder, slotS, slotsPerDay} from './order.ts';
import type {BookedOrder} from './order-book.ts';
import {type Row, settleRow} from './settle.ts';
import {type ClearedSlot, contractsOf} from './slot-clearing.ts';
import {type Domain, domainName, domainVersion} from './typed-data.ts';

/** What the chain says of what was posted; a market in statement mode has none. */
export type Posting = {
	readonly contract: string;
	readonly slot: (slot: number) => {readonly state: 'posted' | 'void'; readonly transaction: string | undefined} | undefined;
	readonly day: (day: number) => {readonly state: 'posted' | 'final'; readonly transaction: string | undefined} | undefined;
	/** nano: deposits without what is asked back, and what was drawn, as of the last look. */
	readonly account: (account: string) => {readonly depositedNano: bigint; readonly drawnNano: bigint};
	/** The newest day that is final on the chain. */
	readonly finalDay: () => number | undefined;
	/** The call that pays an account what a day gives it, ABI-encoded. */
	readonly claimCalldata: (day: DayCommitment, account: string) => Promise<string | undefined>;
};

export type DeskNeeds = {
	readonly engine: Engine;
	readonly intake: Intake;
	readonly posting: Posting | undefined;
	readonly append: (body: MarketBody, value: bigint, atMs: number) => {readonly sequence: number; readonly durable: Promise<number>};
	/** The receipt of an entry, once a released checkpoint covers it. */
	readonly receipt: (index: number, waitMs: number) => Promise<string | undefined>;
	/** Index of an entry under the market's subject by its number. */
	readonly indexOfSequence: (sequence: number) => Promise<number | undefined>;
	/** An entry of a register channel by its number, with its inclusion under the newest anchored head; undefined if it is not there or not anchored. */
	readonly registerProof: (urn: string, number: number) => Promise<unknown>;
	readonly clock: Clock;
};

export type DeskOptions = {
	readonly name: string;
	readonly rules: EngineRules;
	readonly domain: Domain;
	readonly operator: string;
	readonly openBeforeS: number;
	/** Code of the money. */
	readonly currency: string;
};

type OrderState = 'open' | 'cancelled' | 'expired' | 'locked' | 'filled' | 'partially-filled' | 'unfilled';
type SettlementState = 'contracted' | 'metered' | 'provisional' | 'posted' | 'final';

/** The newest disputes that are kept ready. */
const disputesMax = 500;
const reasonLengthMax = 1000;
/** Days whose balances are kept ready, and that a margin looks back at: as long as the longest challenge and a reading's deadline. */
const balanceDaysMax = 64;

/** A value with its 64-bit numbers as decimal text and its bytes as hexadecimal text, for JSON. */
export function plain(value: unknown): unknown {
	if (typeof value === 'bigint') return `${value}`;
	if (value instanceof Uint8Array) return toPrefixedHex(value);
	if (Array.isArray(value)) return value.map(plain);
	if (typeof value !== 'object' || value === null) return value;
	return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part)]));
}

export function createMarketDesk(needs: DeskNeeds, options: DeskOptions) {
	const {engine, intake, posting, clock} = needs;
	const {name, rules, domain, operator} = options;
	const {book} = engine;
	const nowS = (): number => Math.floor(clock.nowMs() / 1000);
	const isoOf = (timeS: number): string => new Date(timeS * 1000).toISOString();
	const dayOf = (slot: number): number => Math.floor(slot / slotsPerDay);
	const meters = [...engine.meters.values()].sort((a, b) => compare(a.owner, b.owner) || compare(a.id, b.id));
	const disputes: {id: string; account: string; slot: number; reason: string; openedAtMs: number}[] = [];

	const lastSlot = ({slotFrom, slotCount}: SignedOrder): number => slotFrom + slotCount - 1;

	const stateOf = async (booked: BookedOrder): Promise<OrderState> => {
		const {order, hash} = booked;
		const last = lastSlot(order);
		if (booked.cancellation !== undefined && book.isOut(booked, last)) return 'cancelled';
		if (nowS() < book.gateOf(last)) return 'open';
		if (!engine.isDecided(last)) return 'locked';
		if (order.slotCount > 1) return 'expired';
		const cleared = await engine.cleared(last);
		const at = cleared?.orders.findIndex(one => one.hash === hash) ?? -1;
		const fillWh = at < 0 ? 0 : cleared!.clearing.fillsWh[at]!;
		return fillWh === 0 ? 'unfilled' : fillWh < cleared!.orders[at]!.quantityWh ? 'partially-filled' : 'filled';
	};

	const orderView = async (booked: BookedOrder, index?: number) => {
		const {hash, order, sequence} = booked;
		const {receivedAt, signature} = intake.acknowledgementOf(booked);
		return {
			hash,
			sequence,
			state: await stateOf(booked),
			index: index ?? intake.indexOf(hash) ?? (await needs.indexOfSequence(sequence)) ?? -1,
			order,
			acknowledgement: {orderHash: hash, market: rules.market, slot: order.slotFrom, sequence, receivedAt, signature},
		};
	};

	const phaseOf = (slot: number, cleared: ClearedSlot | undefined) => {
		const onChain = posting?.slot(slot);
		if (onChain?.state === 'void') return 'void' as const;
		const settled = engine.newestDay();
		if (settled !== undefined && dayOf(slot) <= settled) {
			if (posting === undefined) return 'final' as const;
			const day = posting.day(dayOf(slot));
			return day?.state ?? ('metered' as const);
		}
		if (nowS() < book.gateOf(slot)) return 'open' as const;
		if (!engine.isDecided(slot)) return 'closed' as const;
		if (nowS() >= (slot + 1) * slotS && meters.every(meter => meteredWh(meter, slot) !== undefined)) return 'metered' as const;
		return onChain?.state === 'posted' && cleared !== undefined ? ('posted' as const) : ('cleared' as const);
	};

	const meteredWh = (meter: MarketMeter, slot: number): number | undefined => {
		const {imported, exported} = engine.energyOf(meter, slot);
		return netExportWh(exported, imported);
	};

	const slotView = async (slot: number) => {
		if (slot < engine.firstSlot || slot * slotS > nowS() + options.openBeforeS) return undefined;
		const cleared = await engine.cleared(slot);
		return {
			market: rules.market,
			slot,
			start: isoOf(slot * slotS),
			end: isoOf((slot + 1) * slotS),
			gate: isoOf(book.gateOf(slot)),
			phase: phaseOf(slot, cleared),
			volumeWh: engine.isDecided(slot) ? (cleared?.clearing.volumeWh ?? 0) : undefined,
			priceBuyMicroPerKwh: cleared?.clearing.priceBuyMicroPerKwh,
			priceSellMicroPerKwh: cleared?.clearing.priceSellMicroPerKwh,
		};
	};

	/** What a row says; of a day that is not settled it is made for the moment. */
	const rowsOf = async (slot: number, account: string | undefined) => {
		const mine = meters.filter(({owner}) => account === undefined || owner === account);
		const cleared = await engine.cleared(slot);
		const prices = cleared?.clearing ?? {priceBuyMicroPerKwh: undefined, priceSellMicroPerKwh: undefined};
		const contracts = cleared === undefined ? new Map() : contractsOf(cleared);
		const settled = await engine.day(dayOf(slot));
		return mine.flatMap(meter => {
			const at = settled?.commitment.findRow(meter.owner, slot, meter.id);
			if (settled !== undefined) {
				if (at === undefined) return [];
				const leaf = settled.commitment.rowAt(at);
				const position = {account: meter.id, contractedWh: leaf.contractedWh, meteredWh: leaf.meteredWh, usualImportWh: leaf.usualImportWh};
				return [settlementView(meter, settleRow(position, prices, rules), leaf, stateOfDay(dayOf(slot)))];
			}
			const contract = contracts.get(meter.id);
			const energy = engine.energyOf(meter, slot);
			const shown = netExportWh(energy.exported, energy.imported);
			if (contract === undefined && shown === undefined) return [];
			const position = {account: meter.id, contractedWh: contract?.contractedWh ?? 0, meteredWh: shown, usualImportWh: 0};
			const row = settleRow(position, prices, rules);
			const leaf = {
				slot,
				orderHash: contract?.orderHash,
				flags: shown === undefined ? 0 : energy.imported.spread || energy.exported.spread ? rowFlags.spread : 0,
				importFrom: energy.imported.fromNumber ?? 0,
				importTo: energy.imported.toNumber ?? 0,
				exportFrom: energy.exported.fromNumber ?? 0,
				exportTo: energy.exported.toNumber ?? 0,
			};
			return [settlementView(meter, row, leaf, shown === undefined ? 'contracted' : 'provisional')];
		});
	};

	const stateOfDay = (day: number): SettlementState => (posting === undefined ? 'final' : (posting.day(day)?.state ?? 'provisional'));

	const settlementView = (
		meter: MarketMeter,
		row: Row,
		leaf: Pick<RowLeaf, 'slot' | 'orderHash' | 'flags' | 'importFrom' | 'importTo' | 'exportFrom' | 'exportTo'> & {
			readonly netNano?: bigint;
		},
		state: SettlementState,
	) => ({
		market: rules.market,
		slot: leaf.slot,
		account: meter.owner,
		meter: meter.id,
		orderHash: leaf.orderHash,
		contractedWh: row.contractedWh,
		meteredWh: row.meteredWh,
		deviationWh: row.deviationWh,
		forwardNano: `${row.forwardNano}`,
		imbalanceNano: `${row.imbalanceNano}`,
		gridNano: `${row.gridNano}`,
		netNano: `${leaf.netNano ?? row.netNano}`,
		substituted: (leaf.flags & rowFlags.substituted) !== 0,
		spread: (leaf.flags & rowFlags.spread) !== 0,
		entries: {importFrom: leaf.importFrom, importTo: leaf.importTo, exportFrom: leaf.exportFrom, exportTo: leaf.exportTo},
		state,
		adjustmentOf: (leaf.flags & rowFlags.adjusted) !== 0 ? leaf.slot : undefined,
	});

	/** By day. A settled day never changes, and is too large to be opened for every account that is asked for. */
	const balances = new Map<number, Promise<ReadonlyMap<string, bigint>>>();

	const balancesOf = async (day: number): Promise<ReadonlyMap<string, bigint>> => {
		const known = balances.get(day);
		if (known !== undefined) return known;
		const newest = engine.newestDay();
		if (newest === undefined || day > newest) return new Map();
		const found = engine.day(day).then(one => new Map(one?.commitment.balances.map(({account, cumNano}) => [account, cumNano])));
		balances.set(day, found);
		found.catch(() => balances.delete(day));
		while (balances.size > balanceDaysMax) balances.delete(balances.keys().next().value!);
		return found;
	};

	const balanceAt = async (day: number | undefined, account: string): Promise<bigint> =>
		day === undefined ? 0n : ((await balancesOf(day)).get(account) ?? 0n);

	const marginOf = async (account: string): Promise<bigint> => {
		if (posting === undefined) return 0n;
		const {depositedNano, drawnNano} = posting.account(account);
		const [finalDay, newestDay] = [posting.finalDay(), engine.newestDay()];
		const finalNano = await balanceAt(finalDay, account);
		// What a day gives may be drawn as soon as it is final, so it is no margin: neither that of the final day, nor that of those which wait for it. What it takes is owed at once.
		let [drawable, worst] = [drawnNano, finalNano];
		const from = Math.max(finalDay ?? dayOf(engine.firstSlot), (newestDay ?? 0) - balanceDaysMax + 1);
		for (let day = from; newestDay !== undefined && day <= newestDay; day += 1) {
			const cumNano = await balanceAt(day, account);
			if (cumNano > drawable) drawable = cumNano;
			if (cumNano < worst) worst = cumNano;
		}
		// Orders of slots that have begun and are not settled yet bind as much as those that are to come.
		const unsettled = newestDay === undefined ? engine.firstSlot : (newestDay + 1) * slotsPerDay;
		return depositedNano + worst - drawable - book.marginNano(account, unsettled, Math.floor(nowS() / slotS) - 1);
	};

	return {
		/** What an account has for what it may owe. */
		marginOf,
		view: () => ({
			id: rules.market,
			name,
			mode: rules.mode as Mode,
			pricing: rules.pricing,
			settlementMode: posting === undefined ? ('statement' as const) : ('erc20' as const),
			residual: 'community' as const,
			params: {
				version: rules.paramsVersion,
				feedInMicroPerKwh: rules.feedInMicroPerKwh,
				retailMicroPerKwh: rules.retailMicroPerKwh,
				gridFeeMicroPerKwh: rules.gridFeeMicroPerKwh,
				lineLimitWh: rules.lineLimitWh,
			},
			timeline: {slotS: 900 as const, openBeforeS: options.openBeforeS, gateBeforeS: rules.gateBeforeS, readingDeadlineS: rules.deadlineS},
			domain: {name: domainName, version: domainVersion, chainId: domain.chainId, verifyingContract: domain.verifyingContract},
			contract: posting?.contract,
			operator,
			meters: meters.length,
			currency: options.currency,
		}),
		submit: async (orders: readonly unknown[], {atomic}: {readonly atomic: boolean}) => {
			const answers = await intake.submit(orders, {atomic});
			return Promise.all(
				answers.map(async answer =>
					'problem' in answer
						? answer
						: {
								value: {
									isNew: answer.value.isNew,
									order: await orderView(
										answer.value.acknowledged.booked,
										answer.value.acknowledged.index < 0 ? undefined : answer.value.acknowledged.index,
									),
								},
							},
				),
			);
		},
		cancel: async ({hashes, signature}: {readonly hashes: readonly string[]; readonly signature: string}) => {
			const answer = await intake.cancel(hashes, signature);
			return 'problem' in answer ? answer : {value: await Promise.all(answer.value.map(booked => orderView(booked)))};
		},
		cancelAll: ({trader, counter, signature}: {readonly trader: string; readonly counter: number; readonly signature: string}) =>
			intake.cancelAll(trader, counter, signature),
		delegate: ({delegation, signature}: {readonly delegation: Delegation; readonly signature: string}) =>
			intake.delegate(delegation, signature),
		revokeDelegation: ({id, signature}: {readonly id: string; readonly signature: string}) => intake.revoke(id, signature),
		order: async (hash: string) => {
			const booked = book.find(hash);
			return booked === undefined ? undefined : orderView(booked);
		},
		orders: async (query: {
			readonly trader: string | undefined;
			readonly slot: number | undefined;
			readonly state: OrderState | undefined;
			readonly newestFirst: boolean;
			readonly after: number | undefined;
			readonly limit: number;
		}) => {
			const {trader, slot, state, newestFirst, after, limit} = query;
			const items: Awaited<ReturnType<typeof orderView>>[] = [];
			const known = trader === undefined ? book.all() : book.of(trader);
			for (const booked of newestFirst ? [...known].reverse() : known) {
				if (after !== undefined && (newestFirst ? booked.sequence >= after : booked.sequence <= after)) continue;
				if (slot !== undefined && (booked.order.slotFrom > slot || lastSlot(booked.order) < slot)) continue;
				if (state !== undefined && (await stateOf(booked)) !== state) continue;
				if (items.length === limit) return {items, next: items.at(-1)!.sequence};
				items.push(await orderView(booked));
			}
			return {items, next: undefined};
		},
		orderReceipt: async (hash: string, waitMs: number) => {
			const booked = book.find(hash);
			if (booked === undefined) return undefined;
			const index = intake.indexOf(hash) ?? (await needs.indexOfSequence(booked.sequence));
			return index === undefined ? undefined : needs.receipt(index, waitMs);
		},
		slots: async ({from, to}: {readonly from: number; readonly to: number}) => {
			const found = [];
			for (let slot = Math.max(from, engine.firstSlot); slot < to; slot += 1) {
				const view = await slotView(slot);
				if (view !== undefined) found.push(view);
			}
			return found;
		},
		slot: slotView,
		book: async (slot: number) => {
			if (nowS() < book.gateOf(slot)) return undefined;
			const cleared = await engine.cleared(slot);
			if (cleared === undefined) return engine.isDecided(slot) ? {bids: [], asks: []} : undefined;
			const side = (tiers: ClearedSlot['clearing']['bids']) =>
				tiers.map(({priceMicroPerKwh, quantityWh, members}) => ({priceMicroPerKwh, quantityWh, orders: members.length}));
			return {bids: side(cleared.clearing.bids), asks: side(cleared.clearing.asks)};
		},
		clearing: async (slot: number) => {
			const [cleared, record] = [await engine.cleared(slot), await engine.record(slot)];
			if (cleared === undefined || record === undefined) return undefined;
			const {clearing, commitment} = cleared;
			return {
				market: rules.market,
				slot,
				volumeWh: clearing.volumeWh,
				priceBuyMicroPerKwh: clearing.priceBuyMicroPerKwh,
				priceSellMicroPerKwh: clearing.priceSellMicroPerKwh,
				lowMicroPerKwh: clearing.lowMicroPerKwh,
				highMicroPerKwh: clearing.highMicroPerKwh,
				seed: commitment.header.orderSetRoot,
				bidRoot: commitment.header.bidRoot,
				askRoot: commitment.header.askRoot,
				headerHash: commitment.headerHash,
				header: plain(commitment.header),
				certificate: plain(commitment.certificate),
				statement: record.statement,
				transaction: posting?.slot(slot)?.transaction,
			};
		},
		fills: async (query: {
			readonly account: string | undefined;
			readonly slot: number;
			readonly after: number | undefined;
			readonly limit: number;
		}) => {
			const {account, slot, after = 0, limit} = query;
			const cleared = await engine.cleared(slot);
			const all = (cleared?.orders ?? []).flatMap((order, at) => {
				const {hash, sequence, trader, meter, side, quantityWh} = order;
				const fillWh = cleared!.clearing.fillsWh[at]!;
				if ((account !== undefined && trader !== account) || sequence <= after) return [];
				const {priceBuyMicroPerKwh, priceSellMicroPerKwh} = cleared!.clearing;
				const price = (side === 'buy' ? priceBuyMicroPerKwh : priceSellMicroPerKwh) ?? 0;
				return [{orderHash: hash, sequence, account: trader, meter, slot, side, quantityWh, fillWh, priceMicroPerKwh: price}];
			});
			const items = all.slice(0, limit);
			return {items, next: all.length > limit ? items.at(-1)!.sequence : undefined};
		},
		fillProof: async (orderHash: string, slot: number) => {
			const cleared = await engine.cleared(slot);
			const proof = cleared && fillProofOf(cleared.commitment, orderHash);
			return proof === undefined ? undefined : plain({header: cleared!.commitment.header, ...proof});
		},
		settlements: async (query: {
			readonly account: string | undefined;
			readonly from: number;
			readonly to: number;
			readonly after: {readonly slot: number; readonly account: string; readonly meter: string} | undefined;
			readonly limit: number;
		}) => {
			const {account, after, limit} = query;
			const items: ReturnType<typeof settlementView>[] = [];
			const first = Math.max(query.from, engine.firstSlot, after?.slot ?? 0);
			const end = Math.min(query.to, Math.floor(nowS() / slotS) + Math.ceil(options.openBeforeS / slotS) + 1);
			for (let slot = first; slot < end; slot += 1) {
				for (const view of await rowsOf(slot, account)) {
					if (after?.slot === slot && (compare(view.account, after.account) || compare(view.meter, after.meter)) <= 0) continue;
					if (items.length === limit) {
						const {slot: at, account: owner, meter} = items.at(-1)!;
						return {items, next: {slot: at, account: owner, meter}};
					}
					items.push(view);
				}
			}
			return {items, next: undefined};
		},
		settlementProof: async (slot: number, account: string, meter: string | undefined) => {
			const settled = await engine.day(dayOf(slot));
			const chosen = meters.find(one => one.owner === account && (meter === undefined || one.id === meter));
			const at = chosen && settled?.commitment.findRow(account, slot, chosen.id);
			if (settled === undefined || chosen === undefined || at === undefined) return undefined;
			const proof = settled.commitment.rowProof(at);
			const {importFrom, importTo, exportFrom, exportTo} = proof.row;
			const entry = async (urn: string | undefined, number: number): Promise<unknown> =>
				urn === undefined || number === 0
					? undefined
					: {at: await needs.registerProof(urn, number), next: await needs.registerProof(urn, number + 1)};
			return plain({
				day: dayOf(slot),
				header: settled.commitment.header,
				...proof,
				readings: {
					importFrom: await entry(chosen.importUrn, importFrom),
					importTo: await entry(chosen.importUrn, importTo),
					exportFrom: await entry(chosen.exportUrn, exportFrom),
					exportTo: await entry(chosen.exportUrn, exportTo),
				},
			});
		},
		meterReading: async (meterId: string, slot: number) => {
			const meter = engine.meters.get(meterId);
			if (meter === undefined) return undefined;
			const settled = await engine.day(dayOf(slot));
			const at = settled?.commitment.findRow(meter.owner, slot, meter.id);
			const row = at === undefined ? undefined : settled!.commitment.rowAt(at);
			const energy = row === undefined ? engine.energyOf(meter, slot) : undefined;
			const numbers = {
				importFrom: row?.importFrom ?? energy?.imported.fromNumber ?? 0,
				importTo: row?.importTo ?? energy?.imported.toNumber ?? 0,
				exportFrom: row?.exportFrom ?? energy?.exported.fromNumber ?? 0,
				exportTo: row?.exportTo ?? energy?.exported.toNumber ?? 0,
			};
			return plain({
				meter: meterId,
				slot,
				channels: {import: meter.importUrn, export: meter.exportUrn},
				netExportWh: row === undefined ? meteredWh(meter, slot) : (row.flags & rowFlags.substituted) !== 0 ? undefined : row.meteredWh,
				entries: numbers,
				proofs: {
					importFrom: numbers.importFrom === 0 ? undefined : await needs.registerProof(meter.importUrn, numbers.importFrom),
					importTo: numbers.importTo === 0 ? undefined : await needs.registerProof(meter.importUrn, numbers.importTo),
					exportFrom:
						numbers.exportFrom === 0 || meter.exportUrn === undefined
							? undefined
							: await needs.registerProof(meter.exportUrn, numbers.exportFrom),
					exportTo:
						numbers.exportTo === 0 || meter.exportUrn === undefined
							? undefined
							: await needs.registerProof(meter.exportUrn, numbers.exportTo),
				},
			});
		},
		account: async (account: string) => ({
			account,
			counter: book.counterOf(account),
			meters: meters
				.filter(({owner}) => owner === account)
				.map(({id, deviceId, maxImportWh, maxExportWh}) => ({meter: id, device: deviceId, maxImportWh, maxExportWh})),
		}),
		balance: async (account: string) => {
			const {depositedNano, drawnNano} = posting?.account(account) ?? {depositedNano: 0n, drawnNano: 0n};
			const final = posting === undefined ? engine.newestDay() : posting.finalDay();
			const [finalNano, newestNano] = [await balanceAt(final, account), await balanceAt(engine.newestDay(), account)];
			const slot = Math.floor(nowS() / slotS);
			const reservedNano = book.marginNano(account, slot, slot + 2 * slotsPerDay);
			const claimable = finalNano - drawnNano;
			return {
				account,
				depositedNano: `${depositedNano}`,
				reservedNano: `${reservedNano}`,
				availableNano: `${(await marginOf(account)) - reservedNano}`,
				pendingNano: `${newestNano - finalNano}`,
				claimableNano: `${claimable > 0n ? claimable : 0n}`,
				drawnNano: `${drawnNano}`,
			};
		},
		claims: async (account: string) => {
			const day = posting?.finalDay();
			const settled = day === undefined ? undefined : await engine.day(day);
			const calldata = settled === undefined ? undefined : await posting!.claimCalldata(settled.commitment, account);
			if (day === undefined || calldata === undefined) return [];
			return [{day, account, cumNano: `${await balanceAt(day, account)}`, to: posting!.contract, calldata}];
		},
		meterOwner: (meter: string) => engine.meters.get(meter)?.owner,
		openDispute: async ({account, slot, reason}: {readonly account: string; readonly slot: number; readonly reason: string}) => {
			const malformed = (detail: string, pointer: string) => ({problem: {code: 'malformed' as const, detail, pointer}});
			if (reason.length > reasonLengthMax) return malformed(`a reason has at most ${reasonLengthMax} characters`, '/reason');
			if (!meters.some(({owner}) => owner === account))
				return {problem: {code: 'not-your-meter' as const, detail: `${account} answers for no meter of this market`, pointer: '/account'}};
			if (slot < engine.firstSlot || !engine.isDecided(slot))
				return {problem: {code: 'unknown-slot' as const, detail: `slot ${slot} is not cleared`, pointer: '/slot'}};
			const atMs = clock.nowMs();
			const {sequence, durable} = needs.append(
				{kind: orderKinds.dispute, account, slot, reason, receivedAt: Math.floor(atMs / 1000)},
				BigInt(slot),
				atMs,
			);
			await durable;
			const dispute = {id: `${sequence}`, account, slot, reason, openedAtMs: atMs};
			disputes.unshift(dispute);
			disputes.splice(disputesMax);
			engine.announce({type: 'dispute.opened', atMs, account, data: JSON.stringify({id: dispute.id, slot})});
			return {value: disputeView(dispute)};
		},
		dispute: async (id: string) => {
			const found = disputes.find(one => one.id === id);
			return found && disputeView(found);
		},
		disputes: async (account: string | undefined) =>
			disputes.filter(one => account === undefined || one.account === account).map(disputeView),
		rowsOf,
	};

	function disputeView(dispute: (typeof disputes)[number]) {
		const isFinal = stateOfDay(dayOf(dispute.slot)) === 'final' && dayOf(dispute.slot) <= (engine.newestDay() ?? -1);
		return {...dispute, state: isFinal ? ('resolved' as const) : ('open' as const)};
	}
}

function compare(a: string, b: string): number {
	return a < b ? -1 : a > b ? 1 : 0;
}
