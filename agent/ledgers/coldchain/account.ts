// Turns what is known of a shipment into its account: one JSON value without sentences, which covers, commands and EPCIS documents are made of.

import type {Json} from '../../format/document.ts';
import {parseAccountUrn} from '../../format/subject.ts';
import type {Question} from '../ledger.ts';
import {milliOf} from './exact.ts';
import type {AlarmState, Run} from './excursions.ts';
import {type Hand, lotsOf, type Opened, type Refused, windowOf} from './shipment.ts';
import {type Party, type VerdictName, verdictValues} from './statements.ts';
import type {Chain, LotWatch, Sensor, StateSpans, Watch} from './watch.ts';

/** Refused statements beyond this many are counted only. */
const refusedListedMax = 200;

/** What `answer` gives. Times in ms since 1970, each `from` included and each `to` not; temperatures in m°C; humidity in thousandths of a per cent. */
export type ShipmentAccount = {
	readonly shipment: string;
	readonly isOpened: boolean;
	/** Statements that stand in the log and count for nothing. */
	readonly refused: readonly Refused[];
	readonly refusedCount: number;
} & Partial<OpenedAccount>;

export type OpenedAccount = {
	readonly goods: string;
	/** See openingDigest: what both parties of a hand-over sign for. */
	readonly opening: string;
	readonly openedIndex: number;
	readonly profile: Opened['body']['profile'];
	/** The time that is looked at. */
	readonly fromMs: number;
	readonly toMs: number;
	readonly verdict: VerdictName;
	readonly value: number;
	readonly parties: readonly Party[];
	readonly lots: readonly Json[];
	readonly legs: readonly Json[];
	readonly handovers: readonly Json[];
	readonly sensors: readonly Json[];
	readonly series: readonly Json[];
	readonly states: readonly Json[];
	readonly closing: Json | undefined;
};

export function accountOf(question: Question, opened: Opened, refused: readonly Refused[], watched: Watch): ShipmentAccount {
	const {body, digest, legs, handovers} = opened;
	return {
		shipment: question.id,
		isOpened: true,
		goods: body.goods,
		opening: digest,
		openedIndex: opened.index,
		profile: body.profile,
		fromMs: watched.fromMs,
		toMs: watched.toMs,
		verdict: watched.verdict,
		value: verdictValues[watched.verdict],
		parties: body.parties,
		lots: body.lots.map((lot, i) => ({...lot, ...custodyOf(opened.custody.get(lot.id)!), ...lotJson(watched.lots[i]!)})),
		legs: [...legs.values()].map(leg => ({...leg, lots: lotsOf(opened, leg)})),
		handovers: handovers.map(handover => ({...handover})),
		sensors: watched.sensors.map(sensor => sensorJson(opened, sensor)),
		series: watched.chains.map(chainJson),
		states: watched.states.map(stateJson),
		closing: closingOf(opened, watched),
		...refusedOf(refused),
	};
}

/** Of a shipment that nothing opened. */
export function unopenedAccountOf(question: Question, refused: readonly Refused[]): ShipmentAccount {
	return {shipment: question.id, isOpened: false, ...refusedOf(refused)};
}

export function shipmentIdOf(urn: string): string | undefined {
	const account = parseAccountUrn(urn);
	return account?.sort === 'shipment' ? account.id : undefined;
}

function refusedOf(refused: readonly Refused[]): Pick<ShipmentAccount, 'refused' | 'refusedCount'> {
	return {refused: refused.slice(0, refusedListedMax), refusedCount: refused.length};
}

/** From first to last hand. */
function custodyOf(hands: readonly Hand[]): {readonly [key: string]: Json | undefined} {
	return {custody: hands.map((hand, i) => ({party: hand.party, fromMs: hand.fromMs, toMs: hands[i + 1]?.fromMs, index: hand.index}))};
}

function lotJson({chains, states, unwatched, verdict, reasons}: LotWatch): {readonly [key: string]: Json | undefined} {
	return {series: chains, states, unwatched: unwatched.map(one => ({...one})), verdict, reasons: reasons.map(one => ({...one}) as Json)};
}

function sensorJson(opened: Opened, {assignment, fromMs, toMs, collected}: Sensor): Json {
	const {id, channel, sort, leg, place, index} = assignment;
	const {readings, faults, marks, isCut} = collected;
	const assigned = windowOf(opened, assignment);
	return {
		assignment: id,
		channel,
		sort,
		lots: lotsOf(opened, assignment),
		leg,
		place,
		assignedFromMs: assigned.fromMs,
		assignedToMs: assigned.toMs,
		fromMs,
		toMs,
		readings,
		faults,
		marks,
		isCut: isCut || undefined,
		index,
	};
}

function chainJson({sort, windows, fromMs, toMs, series, mktMilliC}: Chain): Json {
	const {points, min, max, mean, coveredMs, aboveMs, belowMs, runs, runCount, alarms, gaps, gapCount, gapMs, sparseCount} = series;
	return {
		sort,
		assignments: windows.map(({assignment}) => assignment.id),
		fromMs,
		toMs,
		readings: points,
		min: min && {milli: milliOf(min.value), atMs: min.atMs},
		max: max && {milli: milliOf(max.value), atMs: max.atMs},
		meanMilli: mean === undefined ? undefined : milliOf(mean),
		mktMilliC,
		coveredMs,
		aboveMs,
		belowMs,
		excursions: runs.map(runJson),
		excursionCount: runCount,
		alarms: alarms.map(alarmJson),
		gaps: gaps.map(gap => ({...gap})),
		gapCount,
		gapMs,
		sparseCount,
	};
}

function runJson({side, fromMs, toMs, ended, peak, peakAtMs, heldMs}: Run): Json {
	return {side, fromMs, toMs, ended, peakMilli: milliOf(peak), peakAtMs, heldMs};
}

function alarmJson({alarm, firedAtMs, fired, heldMs, longestMs}: AlarmState): Json {
	return {...alarm, firedAtMs, fired, heldMs, longestMs};
}

function stateJson({window, spans, count, totalMs, unknownMs}: StateSpans): Json {
	const {id, channel, sort} = window.assignment;
	return {
		sort,
		assignment: id,
		channel,
		fromMs: window.fromMs,
		toMs: window.toMs,
		state: sort === 'door' ? 'open' : 'off',
		spans: spans.map(span => ({...span})),
		count,
		totalMs,
		unknownMs,
	};
}

/** The verdict that was stated, and whether it is what the readings come to now: late ones may have come since. */
function closingOf(opened: Opened, watched: Watch): Json | undefined {
	const closing = opened.closings.at(-1);
	if (closing === undefined) return undefined;
	const {atMs, verdict, lots, replaces, index, number} = closing;
	const isWhole = watched.fromMs === opened.body.fromMs && watched.toMs === atMs;
	return {
		atMs,
		verdict,
		value: verdictValues[verdict],
		lots: lots.map(lot => ({...lot})),
		replaces,
		index,
		number,
		// Of a part of its time nobody can say.
		isBorneOut: isWhole ? isSameVerdict(lots, watched.lots) : undefined,
	};
}

export function isSameVerdict(
	stated: readonly {readonly id: string; readonly verdict: VerdictName}[],
	found: readonly LotWatch[],
): boolean {
	return found.every(({id, verdict}) => stated.find(one => one.id === id)?.verdict === verdict);
}
