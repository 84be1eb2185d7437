// Turns what is wrong with the agent and its devices into sentences for its owner, and into few words for those who only hear that something is.

import type {RecentRefusals} from './ingest/refusal-watch.ts';

export type Warning = {
	/** For the owner; may quote what a device sent. */
	readonly sentence: string;
	/** For whoever hears of the agent: our own words, and names of the config. */
	readonly reason: string;
};

/** Devices that a sentence names, and a reason. */
const namedMax = 20;
const namedInReasonMax = 5;
/** Reasons that are given, and how long one may be, in UTF-16 units. */
const reasonsMax = 12;
const reasonLengthMax = 200;

/** A sentence of ours whose first part holds nothing but our words; what follows a colon may come from elsewhere. */
export function warningOf(sentence: string): Warning {
	return {sentence, reason: sentence.split(': ')[0]!.replace(/\.$/, '')};
}

function namesOf(ids: readonly string[], count: number, max: number): string {
	const named = ids.slice(0, max).join(', ');
	return count > Math.min(ids.length, max) ? `${named} and others, ${count} in all` : named;
}

function warningOfDevices(ids: readonly string[], count: number, sentence: (names: string) => string, reason: string): Warning[] {
	if (count === 0) return [];
	return [{sentence: sentence(namesOf(ids, count, namedMax)), reason: `${reason}: ${namesOf(ids, count, namedInReasonMax)}`}];
}

/** What is known of one device that may not be well. */
export type WatchedDevice = {
	readonly id: string;
	/** Readings of its registers since the start that fit no step. */
	readonly exceptions: number;
	readonly isCalibrationOver: boolean;
};

/** Certificates that have run out are told of with those that soon will. */
export function deviceWarnings(
	silent: {readonly count: number; readonly devices: readonly {readonly deviceId: string}[]},
	devices: readonly WatchedDevice[],
): Warning[] {
	const exceptional = devices.filter(({exceptions}) => exceptions > 0).sort((a, b) => b.exceptions - a.exceptions);
	const exceptions = exceptional.reduce((sum, one) => sum + one.exceptions, 0);
	const over = devices.filter(({isCalibrationOver}) => isCalibrationOver).map(({id}) => id);
	return [
		...warningOfDevices(
			silent.devices.map(({deviceId}) => deviceId),
			silent.count,
			names => `Silent, not heard for more than twice the cadence: ${names}.`,
			'silent',
		),
		...warningOfDevices(
			exceptional.map(({id}) => id),
			exceptional.length,
			names =>
				`${exceptions} reading${exceptions === 1 ? '' : 's'} of registers since the start fit${exceptions === 1 ? 's' : ''} nothing before (exceptions): ${names}. See: kedge correct --help.`,
			'register exceptions',
		),
		...warningOfDevices(
			over,
			over.length,
			names => `The calibration has run out: ${names}. See: kedge device list.`,
			'calibration expired',
		),
	];
}

/** Devices hear an acknowledgement for what is refused, since sending it again would not help: so the owner must hear of it. */
export function refusalWarnings(recent: readonly RecentRefusals[]): Warning[] {
	return recent.map(({reason, count, detail, topic, deviceId}) => ({
		sentence: `${count} message${count === 1 ? ' was' : 's were'} refused as ${reason} lately; the newest, on ${topic}${deviceId === undefined ? '' : ` of ${deviceId}`}: ${detail}. See: kedge quarantine.`,
		reason: `refused as ${reason}${deviceId === undefined ? '' : `, the newest of ${deviceId}`}`,
	}));
}

/** Bounded, whatever is wrong. */
export function reasonsOf(warnings: readonly Warning[]): string[] {
	const reasons = warnings.slice(0, reasonsMax).map(({reason}) => reason.slice(0, reasonLengthMax));
	return warnings.length > reasonsMax ? [...reasons, `${warnings.length - reasonsMax} more in kedge status`] : reasons;
}
