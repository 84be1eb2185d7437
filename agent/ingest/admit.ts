// Judges one decoded reading: admitted with its quality, or refused. Pure.

import {fitsTime, qualities} from '../format/entry.ts';
import type {DecodedReading} from './decoders/decoder.ts';
import {type Refused, refuse} from './refusal.ts';

/** Nothing was measured before this: a clock that says so was never set. */
export const measuredAtMsMin = Date.UTC(2000, 0, 1);
/** A clock that says less was never set: this program did not exist then. A Pi without a battery clock starts like that, before the network tells it the time. */
export const clockMsMin = Date.UTC(2023, 0, 1);
/** A device's clock may be this far ahead. */
export const aheadMsMax = 24 * 3600 * 1000;

export type AdmitContext = {
	readonly arrivedAtMs: number;
	/** A reading older than this on arrival is marked late. */
	readonly lateAfterMs: number;
	readonly simulated: boolean;
	/** The agent's own clock is known to be wrong or was never synchronised. */
	readonly clockUnsynchronised: boolean;
	/** The message was signed by the device. @default false */
	readonly isSigned?: boolean;
	/** When the device's calibration certificate holds; undefined: it has none, and nothing is said of it. */
	readonly calibration?: {readonly notBeforeMs: number; readonly notAfterMs: number} | undefined;
};

export type Admitted = {readonly quality: number};

export function admit(
	reading: Pick<DecodedReading, 'measuredAtMs' | 'timeIsDevices' | 'quality' | 'value'>,
	context: AdmitContext,
): Admitted | Refused {
	const {measuredAtMs} = reading;
	let quality = reading.quality;
	if (reading.value === null) quality |= qualities.noValue;
	if (measuredAtMs === 0) quality |= qualities.noDeviceTime;
	else {
		if (measuredAtMs < measuredAtMsMin) return refuse('time-implausible', `measured at ${timeText(measuredAtMs)}, before 2000`);
		// Against a clock that was never set every right time looks ahead: then the device's word stands, and the entry says what the agent's clock was like.
		const isAhead = measuredAtMs > context.arrivedAtMs + aheadMsMax && !context.clockUnsynchronised;
		if (isAhead || !fitsTime(measuredAtMs))
			return refuse('time-implausible', `measured at ${timeText(measuredAtMs)}, more than a day ahead of ${timeText(context.arrivedAtMs)}`);
		if (measuredAtMs < context.arrivedAtMs - context.lateAfterMs) quality |= qualities.late;
		if (!reading.timeIsDevices) quality |= qualities.noDeviceTime;
	}
	if (context.simulated) quality |= qualities.simulated;
	if (context.clockUnsynchronised) quality |= qualities.clockUnsynchronised;
	if (context.isSigned) quality |= qualities.deviceSigned;
	if (isOutsideCalibration(measuredAtMs, context)) quality |= qualities.uncalibrated;
	return {quality};
}

/** True for what was measured while the device's calibration certificate did not hold. */
export function isOutsideCalibration(
	measuredAtMs: number,
	{arrivedAtMs, calibration}: Pick<AdmitContext, 'arrivedAtMs' | 'calibration'>,
): boolean {
	const atMs = measuredAtMs === 0 ? arrivedAtMs : measuredAtMs;
	return calibration !== undefined && (atMs < calibration.notBeforeMs || atMs > calibration.notAfterMs);
}

function timeText(timeMs: number): string {
	return Math.abs(timeMs) <= 8.64e15 ? new Date(timeMs).toISOString() : String(timeMs);
}
