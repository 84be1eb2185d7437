// What is kept of certificates, as rows: their keys, and what each holds.

import type {Rows} from '../ledger.ts';
import type {Opening} from './certificate-statement.ts';

/** What was opened, and by which statement. */
export type RegisterRow = Opening & {
	readonly index: number;
	readonly number: number;
	readonly statedAtMs: number;
	/** Hours since 1970: the first one that is certified. */
	readonly firstHour: number;
};

/** Why an hour with known ends has no certificate. counter: the register fell, or began anew. counted: some of these Wh are in another hour's certificates, or were given up. */
export type NotCertified = 'counter' | 'counted';

export type HourRow = {
	/** The register at both ends as it was read, in whole Wh, and the numbers of these readings in their channel. */
	readonly fromWh: number;
	readonly toWh: number;
	/** Life of the counter at the first end. */
	readonly counterEpoch: number;
	readonly fromNumber: number;
	readonly toNumber: number;
	readonly why?: NotCertified | undefined;
	/** Certificates of this hour: as many from `first` on. */
	readonly issuedWh: number;
	readonly first: number;
	/** What the register says now that it was corrected; null where nobody knows. */
	readonly measuredWh: number | null;
	/** Numbers of the corrections that `measuredWh` rests on. */
	readonly corrections: readonly number[];
	readonly cancelledWh: number;
	readonly retiredWh: number;
};

/** held: can be moved, split, cancelled and retired; the others are as they are for good. */
export type BundleState = 'held' | 'cancelled' | 'retired';

/** Certificates of one hour with one holder, one Wh each, numbered within the device. */
export type Bundle = {
	readonly first: number;
	readonly last: number;
	readonly holder: string;
	readonly state: BundleState;
	/** Number of the statement that made it so, among those of the device; 0: as it was issued. */
	readonly by: number;
	readonly beneficiary?: string | undefined;
	/** What it was cancelled for, or why it was retired. */
	readonly reason?: string | undefined;
};

/** Sums over all hours, in Wh. held = issued − cancelled − retired. */
export type Totals = {
	readonly issuedWh: number;
	readonly cancelledWh: number;
	readonly retiredWh: number;
	/** Certified, but not measured any more after a correction, less what was retired of these hours. */
	readonly shortfallWh: number;
	readonly hours: number;
	/** Statements that stand in the log and do nothing. */
	readonly refused: number;
};

/** A statement that stands in the log, and why it does nothing. */
export type RefusedRow = {readonly number: number; readonly statedAtMs: number; readonly does: string; readonly why: string};

/** What a correction says that a reading should have been; null: nothing that can be compared. */
export type CorrectionRow = {readonly registerWh: number | null; readonly number: number};

export const noTotals: Totals = {issuedWh: 0, cancelledWh: 0, retiredWh: 0, shortfallWh: 0, hours: 0, refused: 0};

/** Hours since 1970, until the year 11,000, and whatever else is counted: texts in the order of the numbers. */
const hourText = (hour: number): string => `${hour}`.padStart(8, '0');
const countText = (count: number): string => `${count}`.padStart(16, '0');

export const keys = {
	register: (device: string) => `register/${device}`,
	track: (device: string) => `track/${device}`,
	edge: (device: string, hour: number) => `edge/${device}/${hourText(hour)}`,
	covered: (device: string) => `covered/${device}`,
	totals: (device: string) => `totals/${device}`,
	hour: (device: string, hour: number) => `hour/${device}/${hourText(hour)}`,
	bundle: (device: string, hour: number, first: number) => `bundle/${device}/${hourText(hour)}/${countText(first)}`,
	/** All bundles of an hour are from here to that of the next. */
	bundles: (device: string, hour: number) => `bundle/${device}/${hourText(hour)}/`,
	correction: (device: string, number: number) => `correction/${device}/${countText(number)}`,
	/** Of the hour, what was traded in the market was moved. */
	trade: (device: string, hour: number, market: string) => `trade/${device}/${hourText(hour)}/${market}`,
	trades: (device: string, hour: number) => `trade/${device}/${hourText(hour)}/`,
	refused: (device: string, index: number) => `refused/${device}/${countText(index)}`,
	/** Everything of a sort: from here, below that. */
	all: (sort: string, device?: string): readonly [from: string, below: string] =>
		device === undefined ? [`${sort}/`, `${sort}0`] : [`${sort}/${device}/`, `${sort}/${device}0`],
} as const;

/** What the key says at a place between its slashes. */
export function partOf(key: string, place: number): string {
	return key.split('/')[place] ?? '';
}

export async function readRow<T>(rows: Pick<Rows, 'get'>, key: string): Promise<T | undefined> {
	const body = await rows.get(key);
	return body === undefined ? undefined : (JSON.parse(body) as T);
}

export function shortfallOf({issuedWh, measuredWh, retiredWh}: Pick<HourRow, 'issuedWh' | 'measuredWh' | 'retiredWh'>): number {
	return Math.max(0, issuedWh - (measuredWh ?? 0) - retiredWh);
}
