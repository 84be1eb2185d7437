// Turns the statements of a shipment, in their order, into who and what is part of it, and says of each that cannot stand why.

import {fromBase64} from '../../base/bytes.ts';
import {parseDeviceKey, type VerifyDeviceSignature} from '../../format/device-key.ts';
import {parseChannelUrn} from '../../format/subject.ts';
import type {Statement} from '../ledger.ts';
import {type Sort, sortOf} from './exact.ts';
import {
	type AssignmentBody,
	type EndBody,
	type HandoverBody,
	handoverBytes,
	isShipmentKind,
	type LegBody,
	openingDigest,
	type ShipmentBody,
	type ShipmentKind,
	shapeProblem,
	type VerdictBody,
	type VerdictName,
	verdictValues,
} from './statements.ts';

/** More of them are refused. */
export const statementsMax = 1000;

/** What of a statement is looked at; the index and number of one that is only wished for are 0. */
export type Stated = Pick<Statement, 'says' | 'urn' | 'body' | 'value' | 'index' | 'number'>;

/** Something that stands, and where. Times: from is included, to is not; without `toMs` it goes on. */
export type Leg = LegBody & {readonly index: number};
export type Assignment = AssignmentBody & {readonly index: number; readonly sort: Sort};
export type Handover = HandoverBody & {readonly index: number};
export type Closing = VerdictBody & {readonly index: number; readonly number: number};

/** Somebody who had a lot in hand from then on: by the opening, or by a hand-over at that index. */
export type Hand = {readonly party: string; readonly fromMs: number; readonly index: number};

/** A statement that stands in the log and counts for nothing. */
export type Refused = {readonly index: number; readonly number: number; readonly says: string; readonly reason: string};

export type Opened = {
	readonly urn: string;
	readonly index: number;
	readonly body: ShipmentBody;
	readonly digest: string;
	readonly legs: Map<string, Leg>;
	readonly assignments: Map<string, Assignment>;
	readonly handovers: Handover[];
	/** By lot, from first to last. */
	readonly custody: Map<string, Hand[]>;
	/** The last one is the one that counts. */
	readonly closings: Closing[];
};

export type Shipment = {readonly opened: Opened | undefined; readonly refused: readonly Refused[]};

/** Without an end. */
const never = Number.POSITIVE_INFINITY;

/**
 * Reads statements of one shipment in the order of the log. The same rules say here what counts, and in front of the log what may be appended: `take` gives the reason why one more
 * cannot stand, undefined if it can, and takes it if so.
 */
export async function readShipment(
	statements: Iterable<Stated> | AsyncIterable<Stated>,
	verify: VerifyDeviceSignature,
): Promise<Shipment & {readonly take: (stated: Stated) => Promise<string | undefined>}> {
	const refused: Refused[] = [];
	const state: {opened: Opened | undefined} = {opened: undefined};
	let count = 0;
	const take = async (stated: Stated): Promise<string | undefined> => {
		count += 1;
		if (count > statementsMax) return `a shipment has at most ${statementsMax} statements`;
		return apply(state, stated, verify);
	};
	for await (const stated of statements) {
		const reason = await take(stated);
		if (reason !== undefined) refused.push({index: stated.index, number: stated.number, says: stated.says, reason});
		// What comes after is beyond the limit too: the first of them says so.
		if (count > statementsMax) break;
	}
	return {opened: state.opened, refused, take};
}

async function apply(state: {opened: Opened | undefined}, stated: Stated, verify: VerifyDeviceSignature): Promise<string | undefined> {
	const {says, body, value} = stated;
	if (!isShipmentKind(says)) return `of a shipment nobody states a ${says}`;
	const wrong = shapeProblem(says, body);
	if (wrong !== undefined) return wrong;
	if (says !== 'verdict' && value !== 0n) return `a statement of kind ${says} has no value`;
	if (says === 'shipment') {
		if (state.opened !== undefined) return 'the shipment was opened before: what was stated then holds';
		state.opened = open(stated);
		return undefined;
	}
	const {opened} = state;
	if (opened === undefined) return 'nothing opened the shipment: state what is sent, and which limits hold for it, first';
	const closing = opened.closings.at(-1);
	if (closing !== undefined && says !== 'verdict')
		return `the shipment ended with the verdict of number ${closing.number}, and nothing in it can be ended or added since: what was stated wrongly is stated rightly in another shipment of the same goods`;
	return rules[says](opened, stated, verify);
}

function open({urn, index, body}: Stated): Opened {
	const opening = body as unknown as ShipmentBody;
	const {fromMs, holder, lots} = opening;
	return {
		urn,
		index,
		body: opening,
		digest: openingDigest(body),
		legs: new Map(),
		assignments: new Map(),
		handovers: [],
		custody: new Map(lots.map(({id}) => [id, [{party: holder, fromMs, index}]])),
		closings: [],
	};
}

type Rule = (opened: Opened, stated: Stated, verify: VerifyDeviceSignature) => string | undefined | Promise<string | undefined>;

const rules: Readonly<Record<Exclude<ShipmentKind, 'shipment'>, Rule>> = {
	leg: (opened, {body, index}) => {
		const {legs} = opened;
		if (body.ends !== undefined) return end('leg', legs, body as unknown as EndBody);
		const leg = body as unknown as LegBody;
		if (legs.has(leg.id)) return `there is a leg ${leg.id} already`;
		if (leg.carrier !== undefined && !hasParty(opened, leg.carrier)) return `there is no party ${leg.carrier}`;
		const unknown = unknownLot(opened, leg.lots);
		if (unknown !== undefined) return unknown;
		for (const other of legs.values()) {
			if (!overlaps(leg, other)) continue;
			const others = new Set(lotsOf(opened, other));
			const shared = lotsOf(opened, leg).find(id => others.has(id));
			if (shared !== undefined) return `lot ${shared} is on leg ${other.id} then${other.toMs === undefined ? ', which has not ended' : ''}`;
		}
		legs.set(leg.id, {...leg, index});
		return undefined;
	},
	assignment: (opened, {body, index}) => {
		const {assignments, legs} = opened;
		if (body.ends !== undefined) return end('assignment', assignments, body as unknown as EndBody);
		const one = body as unknown as AssignmentBody;
		if (assignments.has(one.id)) return `there is an assignment ${one.id} already`;
		const unknown = unknownLot(opened, one.lots);
		if (unknown !== undefined) return unknown;
		const leg = one.leg === undefined ? undefined : legs.get(one.leg);
		if (one.leg !== undefined && leg === undefined) return `there is no leg ${one.leg}`;
		if (leg !== undefined && !overlaps(one, leg)) return `leg ${leg.id} is not under way then`;
		for (const other of assignments.values())
			if (other.channel === one.channel && overlaps(windowOf(opened, one), windowOf(opened, other))) return overlapReason(other);
		assignments.set(one.id, {...one, index, sort: sortOf(parseChannelUrn(one.channel)!.quantityName)!});
		return undefined;
	},
	handover: async (opened, {urn, body, index}, verify) => {
		const handover = body as unknown as HandoverBody;
		const unknown = unknownLot(opened, handover.lots);
		if (unknown !== undefined) return unknown;
		if (handover.opening !== opened.digest) return 'what was signed names another opening of the shipment: other goods, limits or keys';
		for (const id of handover.lots) {
			const hand = opened.custody.get(id)!.at(-1)!;
			if (hand.party !== handover.from) return `lot ${id} is in the hands of ${hand.party}, not of ${handover.from}`;
			if (handover.atMs < hand.fromMs) return `lot ${id} came to ${hand.party} only after that`;
		}
		for (const side of ['from', 'to'] as const) {
			const reason = await signatureProblem(opened, urn, handover, side, verify);
			if (reason !== undefined) return reason;
		}
		for (const id of handover.lots) opened.custody.get(id)!.push({party: handover.to, fromMs: handover.atMs, index});
		opened.handovers.push({...handover, index});
		return undefined;
	},
	verdict: (opened, {body, value, index, number}) => {
		const verdict = body as unknown as VerdictBody;
		const {body: opening, closings} = opened;
		if (value !== BigInt(verdictValues[verdict.verdict]))
			return `the value of a verdict "${verdict.verdict}" is ${verdictValues[verdict.verdict]}, not ${value}`;
		const ids = verdict.lots.map(({id}) => id);
		const missing = opening.lots.find(({id}) => !ids.includes(id));
		if (missing !== undefined) return `the verdict says nothing of lot ${missing.id}`;
		const unknown = unknownLot(opened, ids);
		if (unknown !== undefined) return unknown;
		const worst = worstOf(verdict.lots.map(one => one.verdict));
		if (verdict.verdict !== worst) return `the verdict is ${verdict.verdict}, that of a lot ${worst}`;
		if (verdict.atMs <= opening.fromMs) return 'the shipment ended before it began';
		const later = opened.handovers.find(({atMs}) => atMs > verdict.atMs);
		if (later !== undefined) return `it was handed over to ${later.to} after that`;
		const before = closings.at(-1);
		if (before === undefined && verdict.replaces !== undefined) return 'there is no verdict yet that this one could replace';
		if (before !== undefined && verdict.replaces !== before.number)
			return `the shipment ended with the verdict of number ${before.number}: another one names it in replaces`;
		if (before !== undefined && verdict.atMs !== before.atMs) return 'another verdict does not move the end of the shipment';
		closings.push({...verdict, index, number});
		return undefined;
	},
};

function end<T extends {readonly id: string; readonly fromMs: number; readonly toMs?: number | undefined}>(
	what: string,
	among: Map<string, T>,
	{ends, atMs}: EndBody,
): string | undefined {
	const found = among.get(ends);
	if (found === undefined) return `there is no ${what} ${ends}`;
	if (found.toMs !== undefined) return `${what} ${ends} ended before`;
	// At its beginning: it never held.
	if (atMs < found.fromMs) return `${what} ${ends} begins after that: one that never held is ended at its beginning`;
	among.set(ends, {...found, toMs: atMs});
	return undefined;
}

type Span = {readonly fromMs: number; readonly toMs?: number | undefined};

/** What is empty overlaps nothing. */
export function overlaps(a: Span, b: Span): boolean {
	return Math.max(a.fromMs, b.fromMs) < Math.min(a.toMs ?? never, b.toMs ?? never);
}

export function overlapReason({id, channel, toMs}: AssignmentBody, elsewhere = ''): string {
	return `${channel} is assigned then already, by assignment ${id}${elsewhere}${toMs === undefined ? ', which has not ended' : ''}`;
}

/** When readings of an assignment count: in its time, and in that of its leg. It may be empty: nothing then has `toMs` after `fromMs`. */
export function windowOf({legs}: Pick<Opened, 'legs'>, {fromMs, toMs, leg: legId}: AssignmentBody): Span {
	const leg = legId === undefined ? undefined : legs.get(legId);
	if (leg === undefined) return {fromMs, toMs};
	const end = Math.min(toMs ?? never, leg.toMs ?? never);
	return {fromMs: Math.max(fromMs, leg.fromMs), toMs: end === never ? undefined : end};
}

/** Of a leg or an assignment. */
export function lotsOf(
	{body, legs}: Opened,
	{lots, leg}: {readonly lots?: readonly string[] | undefined; readonly leg?: string | undefined},
): readonly string[] {
	const found = lots ?? (leg === undefined ? undefined : legs.get(leg)?.lots);
	return found ?? body.lots.map(({id}) => id);
}

export function worstOf(verdicts: readonly VerdictName[]): VerdictName {
	return verdicts.includes('excursion') ? 'excursion' : verdicts.includes('indeterminate') ? 'indeterminate' : 'good';
}

function hasParty({body}: Opened, id: string): boolean {
	return body.parties.some(party => party.id === id);
}

function unknownLot({body}: Opened, ids: readonly string[] | undefined): string | undefined {
	const unknown = ids?.find(id => !body.lots.some(lot => lot.id === id));
	return unknown === undefined ? undefined : `there is no lot ${unknown}`;
}

async function signatureProblem(
	opened: Opened,
	urn: string,
	handover: HandoverBody,
	side: 'from' | 'to',
	verify: VerifyDeviceSignature,
): Promise<string | undefined> {
	const id = handover[side];
	const party = opened.body.parties.find(one => one.id === id);
	if (party === undefined) return `there is no party ${id}`;
	if (party.key === undefined) return `party ${id} has no key to sign with`;
	const key = parseDeviceKey(party.key);
	if ('problem' in key) return `party ${id}: ${key.problem}`;
	const signature = fromBase64(handover.signatures[side] ?? '');
	let isGood: boolean | undefined;
	try {
		isGood = signature !== undefined && (await verify(key, handoverBytes(urn, handover), signature));
	} catch {
		isGood = false;
	}
	return isGood === true ? undefined : `the hand-over is not signed by ${id}: the signature does not fit the key that the shipment names`;
}
