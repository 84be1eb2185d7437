// Says what a share link shows, and keeps what it does not show away from whoever came by it.

import {parseChannelUrn} from '../format/subject.ts';
import type {Caller} from './access.ts';
import {Problem} from './problem.ts';
import type {CurveView, Period, Share} from './window.ts';

/** A device, a shipment, or all devices for a period. A device may be shown for a period as well. */
export type ShareScope = {
	readonly kind: 'device' | 'shipment' | 'period';
	/** Of the device or shipment. */
	readonly id?: string | undefined;
	readonly fromMs?: number | undefined;
	readonly toMs?: number | undefined;
};

/** Whether a share link shows something, and if not, why. */
export function shareState(
	{revokedAtMs, expiresAtMs}: Pick<Share, 'revokedAtMs' | 'expiresAtMs'>,
	nowMs: number,
): 'open' | 'expired' | 'revoked' {
	if (revokedAtMs !== undefined) return 'revoked';
	return expiresAtMs <= nowMs ? 'expired' : 'open';
}

/** Why a scope cannot be shared, and where in the request that stands; undefined if it can. */
export function scopeProblem({kind, id, fromMs, toMs}: ShareScope): {readonly pointer: string; readonly detail: string} | undefined {
	const isTimed = fromMs !== undefined || toMs !== undefined;
	if (kind === 'period' && (fromMs === undefined || toMs === undefined))
		return {pointer: '/scope', detail: 'a period needs fromMs and toMs'};
	if (kind === 'period' && id !== undefined) return {pointer: '/scope/id', detail: 'a period has no id'};
	if (kind !== 'period' && id === undefined) return {pointer: '/scope/id', detail: `a ${kind} needs an id`};
	if (kind === 'shipment' && isTimed) return {pointer: '/scope', detail: 'a shipment is shown whole'};
	if (fromMs !== undefined && toMs !== undefined && fromMs >= toMs)
		return {pointer: '/scope/toMs', detail: 'the period ends before it begins'};
	return undefined;
}

export const notShared = (): Problem => new Problem('forbidden', 'this was not shared with you: the link shows something else');

export function seesDevice({share}: Caller, device: string): boolean {
	return share === undefined || share.scope.kind === 'period' || (share.scope.kind === 'device' && share.scope.id === device);
}

export function seesShipment({share}: Caller, id: string): boolean {
	return share === undefined || (share.scope.kind === 'shipment' && share.scope.id === id);
}

/** Throws unless the device is shown to the caller. */
export function assertDevice(caller: Caller, device: string): void {
	if (!seesDevice(caller, device)) throw notShared();
}

/** Throws unless the channel is shown to the caller. */
export function assertChannel(caller: Caller, urn: string): void {
	assertDevice(caller, parseChannelUrn(urn)?.deviceId ?? '');
}

/** Throws unless the shipment is shown to the caller. */
export function assertShipment(caller: Caller, id: string): void {
	if (!seesShipment(caller, id)) throw notShared();
}

/** The part of a period that is shown to the caller. Throws where that is nothing. */
export function shownPeriod({share}: Caller, {fromMs, toMs}: Period): Period {
	const shown = {fromMs: Math.max(fromMs, share?.scope.fromMs ?? 0), toMs: Math.min(toMs, share?.scope.toMs ?? Number.MAX_SAFE_INTEGER)};
	if (share !== undefined && shown.fromMs >= shown.toMs) throw new Problem('forbidden', 'that time was not shared with you');
	return shown;
}

/** The columns of a curve without the buckets that reach beyond what is shown to the caller: a bucket of four days says what was before a shared hour, and behind it. */
export function shownCurve<C extends CurveView>({share}: Caller, curve: C): C {
	const {bucketMs, times} = curve;
	const {fromMs = 0, toMs = Number.MAX_SAFE_INTEGER} = share?.scope ?? {};
	if (bucketMs === null) return curve;
	const begin = times.findIndex(beginMs => beginMs >= fromMs);
	const end = times.findLastIndex(beginMs => beginMs + bucketMs <= toMs) + 1;
	if (begin === 0 && end === times.length) return curve;
	const cut = <T>(column: readonly T[]): readonly T[] => (begin < 0 ? [] : column.slice(begin, Math.max(begin, end)));
	const marks = Object.entries(curve.marks).map(
		([name, places]) =>
			[name, places.filter(([place]) => place >= begin && place < end).map(([place, often]) => [place - begin, often] as const)] as const,
	);
	return {
		...curve,
		times: cut(times),
		counts: cut(curve.counts),
		first: cut(curve.first),
		last: cut(curve.last),
		min: cut(curve.min),
		max: cut(curve.max),
		marks: Object.fromEntries(marks.filter(([, places]) => begin >= 0 && places.length > 0)),
	};
}

/** Throws unless the moment is shown to the caller. */
export function assertTime(caller: Caller, timeMs: number): void {
	shownPeriod(caller, {fromMs: timeMs, toMs: timeMs + 1});
}
