// Turns assignments of sensors into what each lot went through: which series watch it, when nothing did, and so what its verdict is.

import type {Past} from '../ledger.ts';
import {type Collected, collect, measuredOf} from './collect.ts';
import {finePerMilli, type Sort} from './exact.ts';
import {type Gap, listedMax, openSeries, type Series} from './excursions.ts';
import {meanKineticMilliC} from './mkt.ts';
import {type Alarm, decidingAlarms, type Limits, type Profile} from './profiles.ts';
import {type Assignment, lotsOf, type Opened, windowOf, worstOf} from './shipment.ts';
import type {VerdictName} from './statements.ts';

/** When readings of an assignment count within what is asked; from is included, to is not. */
export type Window = {readonly assignment: Assignment; readonly fromMs: number; readonly toMs: number};

/** What a sensor brought. */
export type Sensor = Window & {readonly collected: Omit<Collected, 'times' | 'lows' | 'highs'>};

/** One sensor after the other in the same place: when one ends and the next begins within gapMaxMs it is one series, so that no excursion is cut in two by changing sensors. */
export type Chain = {
	readonly sort: 'temperature' | 'humidity';
	readonly windows: readonly Window[];
	readonly fromMs: number;
	readonly toMs: number;
	readonly series: Series;
	/** m°C; `frozen`: means nothing; undefined: none asked for, or nothing was measured. */
	readonly mktMilliC: number | 'frozen' | undefined;
	readonly isCut: boolean;
};

/** How often and how long a door was open, or power was off. */
export type StateSpans = {
	readonly window: Window;
	/** The first of them, and how many there were. */
	readonly spans: readonly Gap[];
	readonly count: number;
	readonly totalMs: number;
	/** From the beginning until it was known how it stands. */
	readonly unknownMs: number;
};

export type Reason =
	| {
			readonly because: 'alarm';
			readonly chain: number;
			readonly alarm: Alarm;
			readonly firedAtMs: number;
			readonly fired: number;
			readonly heldMs: number;
	  }
	| {readonly because: 'mkt'; readonly chain: number; readonly mktMilliC: number; readonly maxMilliC: number}
	| {readonly because: 'gap'; readonly chain: number; readonly sort: Sort; readonly count: number; readonly ms: number}
	| {readonly because: 'unwatched'; readonly sort: Sort; readonly count: number; readonly ms: number}
	| {readonly because: 'too-many-readings'; readonly chain: number}
	| {readonly because: 'no-time'};

export type LotWatch = {
	readonly id: string;
	/** Places in the list of chains and of states. */
	readonly chains: readonly number[];
	readonly states: readonly number[];
	/** Times longer than gapMaxMs in which no sensor of that sort was with the lot. */
	readonly unwatched: readonly (Gap & {readonly sort: Sort})[];
	readonly verdict: VerdictName;
	readonly reasons: readonly Reason[];
};

export type Watch = {
	readonly fromMs: number;
	readonly toMs: number;
	readonly sensors: readonly Sensor[];
	readonly chains: readonly Chain[];
	readonly states: readonly StateSpans[];
	readonly lots: readonly LotWatch[];
	readonly verdict: VerdictName;
};

/** The time in which a shipment must be watched, as far as it is asked for. */
export function periodOf(
	opened: Opened,
	asked: {readonly fromMs: number; readonly toMs: number},
): {readonly fromMs: number; readonly toMs: number} {
	const endMs = opened.closings.at(-1)?.atMs ?? Number.POSITIVE_INFINITY;
	return {fromMs: Math.max(opened.body.fromMs, asked.fromMs), toMs: Math.min(endMs, asked.toMs)};
}

/** Windows that are not empty, in the order of the assignments. */
export function windowsOf(opened: Opened, period: {readonly fromMs: number; readonly toMs: number}): Window[] {
	const windows: Window[] = [];
	for (const assignment of opened.assignments.values()) {
		const span = windowOf(opened, assignment);
		const fromMs = Math.max(span.fromMs, period.fromMs);
		const toMs = Math.min(span.toMs ?? Number.POSITIVE_INFINITY, period.toMs);
		if (fromMs < toMs) windows.push({assignment, fromMs, toMs});
	}
	return windows;
}

/** `past` is asked for readings of the windows, and for one reading before those of doors and power. */
export async function watch(opened: Opened, asked: {readonly fromMs: number; readonly toMs: number}, past: Past): Promise<Watch> {
	const period = periodOf(opened, asked);
	const {profile} = opened.body;
	const windows = windowsOf(opened, period);
	const sensors = new Map<Window, Sensor>();
	const chains: Chain[] = [];
	const known = new Map<string, number>();
	const states: StateSpans[] = [];
	const stateOf = new Map<Window, number>();
	const note = (window: Window, {times: _times, lows: _lows, highs: _highs, ...collected}: Collected): void => {
		if (!sensors.has(window)) sensors.set(window, {...window, collected});
	};
	for (const window of windows) {
		const {sort} = window.assignment;
		if (sort !== 'door' && sort !== 'power') continue;
		stateOf.set(window, states.length);
		const collected = await collect(past, window.assignment.channel, sort, window.fromMs, window.toMs);
		note(window, collected);
		states.push(await statesOf(window, sort, collected, past));
	}

	/** The chain of these windows; many lots share one. */
	const chainOf = async (sort: 'temperature' | 'humidity', of: readonly Window[], fromMs: number, toMs: number): Promise<number> => {
		const key = JSON.stringify([fromMs, toMs, ...of.map(({assignment}) => assignment.id)]);
		const found = known.get(key);
		if (found !== undefined) return found;
		const fold = openSeries(seriesRules(profile, sort, fromMs, toMs));
		let isCut = false;
		for (const window of of) {
			const collected = await collect(past, window.assignment.channel, sort, window.fromMs, window.toMs);
			note(window, collected);
			const {times, lows, highs} = collected;
			for (let i = 0; i < times.length; i += 1) fold.add({atMs: times[i]!, low: lows[i]!, high: highs[i]!});
			isCut ||= collected.isCut;
		}
		const series = fold.end();
		const mktMilliC = sort === 'temperature' ? mktOf(profile, series) : undefined;
		known.set(key, chains.length);
		return chains.push({sort, windows: of, fromMs, toMs, series, mktMilliC, isCut}) - 1;
	};

	const lots: LotWatch[] = [];
	for (const {id} of opened.body.lots) {
		const own = windows.filter(({assignment}) => lotsOf(opened, assignment).includes(id));
		const ownChains: number[] = [];
		const unwatched: (Gap & {sort: Sort})[] = [];
		const reasons: Reason[] = [];
		if (period.fromMs >= period.toMs) reasons.push({because: 'no-time'});
		else
			for (const sort of ['temperature', 'humidity'] as const) {
				const ofSort = own.filter(({assignment}) => assignment.sort === sort);
				const holes = holesOf(ofSort, period.fromMs, period.toMs);
				for (const linked of link(ofSort, profile.gapMaxMs)) {
					const {fromMs, toMs} = widened(linked, holes, period, profile.gapMaxMs);
					ownChains.push(await chainOf(sort, linked, fromMs, toMs));
				}
				if (sort === 'humidity' && profile.humidity === undefined) continue;
				const long = holes.filter(hole => hole.toMs - hole.fromMs > profile.gapMaxMs);
				for (const hole of long) unwatched.push({sort, ...hole});
				if (long.length > 0)
					reasons.push({because: 'unwatched', sort, count: long.length, ms: long.reduce((sum, hole) => sum + hole.toMs - hole.fromMs, 0)});
			}
		for (const at of ownChains) reasons.push(...reasonsOf(chains[at]!, at, profile));
		lots.push({
			id,
			chains: ownChains,
			states: own.flatMap(window => stateOf.get(window) ?? []),
			unwatched: unwatched.slice(0, listedMax),
			verdict: worstOf(reasons.map(({because}) => (because === 'alarm' || because === 'mkt' ? 'excursion' : 'indeterminate'))),
			reasons,
		});
	}
	return {
		...period,
		sensors: windows.flatMap(window => sensors.get(window) ?? []),
		chains,
		states,
		lots,
		verdict: worstOf(lots.map(lot => lot.verdict)),
	};
}

/** Sensors in the order of time, each behind the one that ended last before it, if that is not longer ago than a gap. */
function link(windows: readonly Window[], gapMaxMs: number): Window[][] {
	const linked: Window[][] = [];
	const byTime = [...windows].sort((a, b) => a.fromMs - b.fromMs || a.assignment.index - b.assignment.index);
	for (const window of byTime) {
		let best: Window[] | undefined;
		for (const one of linked) {
			const endMs = one.at(-1)!.toMs;
			if (endMs <= window.fromMs && window.fromMs - endMs <= gapMaxMs && (best === undefined || endMs > best.at(-1)!.toMs)) best = one;
		}
		if (best === undefined) linked.push([window]);
		else best.push(window);
	}
	return linked;
}

/** Times that none of the windows covers. */
function holesOf(windows: readonly Window[], fromMs: number, toMs: number): Gap[] {
	const holes: Gap[] = [];
	let doneMs = fromMs;
	for (const window of [...windows].sort((a, b) => a.fromMs - b.fromMs)) {
		if (window.fromMs > doneMs) holes.push({fromMs: doneMs, toMs: window.fromMs});
		doneMs = Math.max(doneMs, window.toMs);
	}
	if (doneMs < toMs) holes.push({fromMs: doneMs, toMs});
	return holes;
}

/** Where a short time at the beginning or end has no sensor, the one next to it answers for it: else a hole and a late first reading would each be short, and together longer than a gap. */
function widened(linked: readonly Window[], holes: readonly Gap[], period: Gap, gapMaxMs: number): Gap {
	const [first, last] = [linked[0]!.fromMs, linked.at(-1)!.toMs];
	const isShort = ({fromMs, toMs}: Gap): boolean => toMs - fromMs <= gapMaxMs;
	const before = holes.find(hole => hole.fromMs === period.fromMs && hole.toMs === first && isShort(hole));
	const after = holes.find(hole => hole.toMs === period.toMs && hole.fromMs === last && isShort(hole));
	return {fromMs: before?.fromMs ?? first, toMs: after?.toMs ?? last};
}

function seriesRules(profile: Profile, sort: 'temperature' | 'humidity', fromMs: number, toMs: number): Parameters<typeof openSeries>[0] {
	const limits: Limits = (sort === 'temperature' ? profile.temperature : profile.humidity) ?? {};
	const {gapMaxMs, gapMaxOutsideMs} = profile;
	return {
		fromMs,
		toMs,
		limits: {
			low: limits.low === undefined ? undefined : limits.low * finePerMilli,
			high: limits.high === undefined ? undefined : limits.high * finePerMilli,
		},
		alarms: decidingAlarms(profile).filter(alarm => alarm.of === sort),
		gapMaxMs,
		gapMaxOutsideMs,
	};
}

function mktOf({frozen, mkt}: Profile, {held}: Series): Chain['mktMilliC'] {
	if (frozen === true) return 'frozen';
	return mkt === undefined ? undefined : meanKineticMilliC(held, mkt.activationJPerMol);
}

function reasonsOf({sort, series, mktMilliC, isCut}: Chain, chain: number, profile: Profile): Reason[] {
	const reasons: Reason[] = [];
	for (const {alarm, firedAtMs, fired, heldMs} of series.alarms)
		if (firedAtMs !== undefined) reasons.push({because: 'alarm', chain, alarm, firedAtMs, fired, heldMs});
	const maxMilliC = profile.mkt?.maxMilliC;
	if (maxMilliC !== undefined && typeof mktMilliC === 'number' && mktMilliC > maxMilliC)
		reasons.push({because: 'mkt', chain, mktMilliC, maxMilliC});
	const counts = sort === 'temperature' || profile.humidity !== undefined;
	if (counts && series.gapCount > 0) reasons.push({because: 'gap', chain, sort, count: series.gapCount, ms: series.gapMs});
	if (isCut) reasons.push({because: 'too-many-readings', chain});
	return reasons;
}

/** A door is open at 1, power is off at 0. A state holds until the next one, however long: whoever reports changes only is not silent. */
async function statesOf(window: Window, sort: 'door' | 'power', {times, lows, highs}: Collected, past: Past): Promise<StateSpans> {
	const isSo = (low: number, high: number): boolean => (sort === 'door' ? high === 1 : low === 0);
	const before = await past.before(window.assignment.channel, window.fromMs - 1);
	const first = before === undefined ? undefined : measuredOf(before, '', true);
	const spans: Gap[] = [];
	let [count, totalMs] = [0, 0];
	let since = first !== undefined && isSo(first, first) ? window.fromMs : undefined;
	const close = (atMs: number): void => {
		if (since === undefined) return;
		count += 1;
		totalMs += atMs - since;
		if (spans.length < listedMax) spans.push({fromMs: since, toMs: atMs});
		since = undefined;
	};
	for (let i = 0; i < times.length; i += 1) {
		if (isSo(lows[i]!, highs[i]!)) since ??= times[i]!;
		else close(times[i]!);
	}
	close(window.toMs);
	return {window, spans, count, totalMs, unknownMs: first === undefined ? (times[0] ?? window.toMs) - window.fromMs : 0};
}
