// The composition root's part that answers what the court of a market demands of its operator: one that is left unanswered convicts it, however honest it was.

import type {Demand, EntryOnChain, MarketCourt, ReadingOnChain} from './anchor/market-court.ts';
import {systemClock} from './base/clock.ts';
import {describeError} from './base/errors.ts';
import type {Logger} from './base/logger.ts';
import {backoffMs} from './base/retry.ts';
import {orderKinds} from './format/entry.ts';
import {
	type CourtAnswer,
	dayAnswer,
	type Granted,
	isOfDay,
	readingNumbersOf,
	type SignedParts,
	signedPlaceOf,
	slotAnswer,
	slotNeededBy,
} from './trade/court-answer.ts';
import type {Engine} from './trade/market-engine.ts';
import {type MarketBody, slotsPerDay} from './trade/order.ts';

/** What answers are made of that is in the log alone. */
export type CourtSources = {
	/** What an entry under the market's subject says, by its number. */
	readonly body: (sequence: number) => Promise<MarketBody | undefined>;
	/** All of them, from the first on. */
	readonly bodies: () => AsyncIterable<MarketBody>;
	/** Entries of a register channel by their numbers, each under the newest anchored head; undefined if one is not there or that head does not cover it. */
	readonly proven: (entries: readonly (readonly [urn: string, number: number])[]) => Promise<readonly EntryOnChain[] | undefined>;
};

export type Answering = {
	/** Takes a demand that was made. */
	readonly add: (demand: Demand) => void;
	/** Answers what is open, one demand after the other. Rejects with the first failure once each was tried; what failed is tried again, after longer and longer waits. */
	readonly step: (engine: Engine, sources: CourtSources, headTimeS: number) => Promise<void>;
	/** Demands that are not closed yet. */
	readonly open: () => number;
};

const firstWaitMs = 500;
const waitMsMax = 60_000;

type Open = {readonly demand: Demand; tries: number; notBeforeMs: number; told: string | undefined};

/** Nothing is remembered: whoever adds the demands of the last answer window again, and asks the chain which of them are open, goes on where another left off. */
export function createAnswering(court: MarketCourt, logger: Logger): Answering {
	const open = new Map<string, Open>();

	const answerOne = async (one: Open, engine: Engine, sources: CourtSources, headTimeS: number): Promise<void> => {
		const {demand} = one;
		const {id, answerBefore} = demand;
		if (!(await court.isOpen(demand))) {
			open.delete(id);
			return;
		}
		if (headTimeS >= answerBefore) {
			logger.log('error', 'a demand of the court was not answered in time', {demand: id, why: one.told});
			open.delete(id);
			return;
		}
		// If we die behind the transaction and before its effect is seen, the next start finds the demand closed, or its transaction still to be mined, which no second one can come beside.
		const why = demand.kind === 'leaf' ? await showLeaf(demand, engine, sources) : await showReading(demand, engine, sources);
		if (why === undefined) {
			open.delete(id);
			logger.log('info', 'a demand of the court was answered', {demand: id});
			return;
		}
		later(one, why, demand.kind === 'leaf' ? 'error' : 'warn');
	};

	const later = (one: Open, why: string, level: 'error' | 'warn'): void => {
		one.notBeforeMs = systemClock.monotonicMs() + backoffMs(one.tries, firstWaitMs, waitMsMax);
		one.tries += 1;
		if (one.told !== why) logger.log(level, 'a demand of the court is not answered yet', {demand: one.demand.id, why});
		one.told = why;
	};

	/** Why it could not be shown; undefined once it is. */
	const showLeaf = async (demand: Demand & {readonly kind: 'leaf'}, engine: Engine, sources: CourtSources): Promise<string | undefined> => {
		const answer = await answerTo(demand, engine, sources);
		if ('why' in answer) return answer.why;
		await court.show(demand, answer.name, answer.values);
		return undefined;
	};

	const showReading = async (
		demand: Demand & {readonly kind: 'reading'},
		engine: Engine,
		sources: CourtSources,
	): Promise<string | undefined> => {
		const proof = await readingProof(demand, engine, sources);
		if ('why' in proof) return proof.why;
		await court.showReading(demand, proof);
		return undefined;
	};

	return {
		add: demand => {
			if (!open.has(demand.id)) open.set(demand.id, {demand, tries: 0, notBeforeMs: 0, told: undefined});
			else open.set(demand.id, {...open.get(demand.id)!, demand});
		},
		step: async (engine, sources, headTimeS) => {
			const due = [...open.values()].filter(({notBeforeMs}) => notBeforeMs <= systemClock.monotonicMs());
			due.sort((a, b) => a.demand.answerBefore - b.demand.answerBefore);
			const failures: unknown[] = [];
			for (const one of due) {
				try {
					await answerOne(one, engine, sources, headTimeS);
				} catch (error) {
					later(one, describeError(error), 'warn');
					failures.push(error);
				}
			}
			if (failures.length > 0) throw failures[0];
		},
		open: () => open.size,
	};
}

async function answerTo({asked}: Demand & {readonly kind: 'leaf'}, engine: Engine, sources: CourtSources): Promise<CourtAnswer> {
	if (isOfDay(asked)) {
		const settled = await engine.day(asked.number);
		if (settled === undefined) return {why: `day ${asked.number} is not settled`};
		const slot = slotNeededBy(asked, settled.commitment);
		return dayAnswer(asked, settled.commitment, slot === undefined ? undefined : (await engine.cleared(slot))?.commitment);
	}
	const cleared = await engine.cleared(asked.number);
	if (cleared === undefined) return {why: `slot ${asked.number} is not cleared`};
	const {commitment} = cleared;
	const place = signedPlaceOf(asked, commitment);
	return slotAnswer(asked, commitment, place === undefined ? undefined : await signedParts(commitment.orderSet.leaves[place]!, sources));
}

type Body<Kind extends keyof typeof orderKinds> = MarketBody & {readonly kind: (typeof orderKinds)[Kind]};

/** Delegations and cancellations have no place of their own, so that the market's entries are read through for them. */
async function signedParts(
	{sequence, cancellation}: {readonly sequence: number; readonly cancellation: string | undefined},
	sources: CourtSources,
): Promise<SignedParts | undefined> {
	const found = await sources.body(sequence);
	if (found === undefined || found.kind !== orderKinds.order) return undefined;
	const {order, delegation} = found;
	if (cancellation === undefined && delegation === undefined) return {order, granted: undefined, takenOut: undefined};
	const grants: Body<'delegation'>[] = [];
	let taken: Body<'cancellation'> | Body<'counter'> | undefined;
	for await (const body of sources.bodies()) {
		if (body.kind === orderKinds.delegation) {
			const {owner, meter} = body.delegation;
			if (owner === order.trader && meter === order.meter) grants.push(body);
		} else if ((body.kind === orderKinds.cancellation || body.kind === orderKinds.counter) && body.hash === cancellation) taken ??= body;
	}
	const grant = (isIt: (body: Body<'delegation'>) => boolean): Granted | undefined => grants.find(isIt);
	const granted = delegation === undefined ? undefined : grant(({hash}) => hash === delegation);
	if (delegation !== undefined && granted === undefined) return undefined;
	if (taken === undefined) return {order, granted, takenOut: undefined};
	const {signature} = taken;
	if (taken.kind === orderKinds.counter)
		return {order, granted, takenOut: {counter: taken.counter, hashes: [], signature, granted: undefined}};
	const {signer, orders} = taken;
	const agents = signer === order.trader ? undefined : grant(({delegation: {agent}}) => agent === signer);
	return {order, granted, takenOut: {counter: undefined, hashes: orders, signature, granted: agents}};
}

async function readingProof(
	{slot, meter: id}: Demand & {readonly kind: 'reading'},
	engine: Engine,
	sources: CourtSources,
): Promise<ReadingOnChain | {readonly why: string}> {
	const meter = engine.meters.get(id);
	if (meter?.exportUrn === undefined) return {why: `meter ${id} has no two registers in this market`};
	const settled = await engine.day(Math.floor(slot / slotsPerDay));
	const at = settled?.commitment.findRow(meter.owner, slot, id);
	const numbers = readingNumbersOf(at === undefined ? undefined : settled!.commitment.rowAt(at), engine.energyOf(meter, slot));
	if ('why' in numbers) return {why: `slot ${slot} of meter ${id}: ${numbers.why}`};
	const {importUrn, exportUrn} = meter;
	const {importFrom, importTo, exportFrom, exportTo} = numbers;
	const before = [
		[importUrn, importFrom] as const,
		[importUrn, importTo] as const,
		[exportUrn, exportFrom] as const,
		[exportUrn, exportTo] as const,
	];
	const proven = await sources.proven(before.flatMap(([urn, number]) => [[urn, number] as const, [urn, number + 1] as const]));
	if (proven === undefined) return {why: `slot ${slot} of meter ${id}: its entries are not under an anchored head yet`};
	const crossing = (place: number) => ({before: proven[2 * place]!, behind: proven[2 * place + 1]!});
	return {importStart: crossing(0), importEnd: crossing(1), exportStart: crossing(2), exportEnd: crossing(3)};
}
