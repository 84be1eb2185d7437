// Reads the certificates of a device out of the ledger's rows, with the fields that EnergyTag knows of a granular certificate.

import type {Rows} from '../ledger.ts';
import {sizeOf} from './bundles.ts';
import {
	type Bundle,
	type HourRow,
	keys,
	noTotals,
	partOf,
	type RefusedRow,
	type RegisterRow,
	readRow,
	shortfallOf,
	type Totals,
} from './certificate-rows.ts';
import {hourMs} from './register-hours.ts';

/** What is told at once: bundles of two weeks with a hundred buyers an hour. Where there is more, it is said. */
export const bundlesToldMax = 40_000;
export const refusedToldMax = 100;

/** Certificates [EnergyTag Granular Certificate Scheme Standard v2]: names in camel case, times in ms since 1970. One certificate stands for one Wh. */
export type GranularCertificate = {
	readonly productionStartingMs: number;
	readonly productionEndingMs: number;
	/** Numbers within the device, both included. */
	readonly rangeStart: number;
	readonly rangeEnd: number;
	readonly energyWh: number;
	/** active, cancelled (used up for the beneficiary), or withdrawn (retired). */
	readonly status: 'active' | 'cancelled' | 'withdrawn';
	readonly account: string;
	readonly beneficiary?: string;
	readonly reason?: string;
	/** Number of the statement that made it what it is; 0: as issued. */
	readonly by: number;
	/** A correction took away more of this hour than was retired since. */
	readonly isInShortfall?: true;
};

export type CertifiedHour = {
	readonly hourMs: number;
	readonly issuedWh: number;
	/** The register at both ends, and the numbers of the entries that say so in its channel. */
	readonly fromWh: number;
	readonly toWh: number;
	/** How often the counter had begun anew. */
	readonly counterEpoch: number;
	readonly fromNumber: number;
	readonly toNumber: number;
	readonly measuredWh: number | null;
	readonly corrections: readonly number[];
	readonly cancelledWh: number;
	readonly retiredWh: number;
	readonly shortfallWh: number;
	readonly notCertified?: string;
};

export type DeviceCertificates = {
	readonly device: {
		readonly id: string;
		readonly register: string;
		readonly owner: string;
		readonly issuer: string;
		readonly energySource: string;
		readonly energyCarrier: string;
		readonly technology?: string;
		readonly country: string;
		readonly location?: string;
		readonly grid?: string;
		readonly marketZone?: string;
		readonly capacityW?: number;
		readonly support?: string;
		readonly scheme?: string;
		/** Wh of one certificate. */
		readonly faceValueWh: 1;
		/** First hour that is certified, and the statement that opened it. */
		readonly fromMs: number;
		readonly openedBy: number;
	};
	/** Of all hours, in the period or not. */
	readonly totals: Totals & {readonly heldWh: number};
	/** Of the period, by time. */
	readonly hours: readonly CertifiedHour[];
	readonly certificates: readonly GranularCertificate[];
	/** Bundles of the period that are not told here, since there are too many. */
	readonly isCut?: true;
	/** The newest statements that do nothing, and why. */
	readonly refused: readonly RefusedRow[];
	/** Hours of the period of which was moved what a market traded. */
	readonly trades: readonly {readonly hourMs: number; readonly market: string}[];
};

const statusOf = {held: 'active', cancelled: 'cancelled', retired: 'withdrawn'} as const;

/** Certificates of the hours that begin in the period: `fromMs` is included, `toMs` is not. undefined: none are open of the device. */
export async function certificatesOf(
	rows: Pick<Rows, 'get' | 'range'>,
	device: string,
	fromMs: number,
	toMs: number,
): Promise<DeviceCertificates | undefined> {
	const register = await readRow<RegisterRow>(rows, keys.register(device));
	if (register === undefined) return undefined;
	const totals = (await readRow<Totals>(rows, keys.totals(device))) ?? noTotals;
	const [from, below] = [hourAt(fromMs), hourAt(toMs)];
	const hours: CertifiedHour[] = [];
	const inShortfall = new Set<number>();
	for await (const {key, body} of rows.range(keys.hour(device, from), keys.hour(device, below))) {
		const hour = Number(partOf(key, 2));
		const {why, first: _, ...row} = JSON.parse(body) as HourRow;
		const shortfallWh = shortfallOf(row);
		if (shortfallWh > 0) inShortfall.add(hour);
		hours.push({hourMs: hour * hourMs, ...row, shortfallWh, ...(why === undefined ? {} : {notCertified: why})});
	}
	const certificates: GranularCertificate[] = [];
	let isCut = false;
	for await (const {key, body} of rows.range(keys.bundles(device, from), keys.bundles(device, below))) {
		isCut = certificates.length === bundlesToldMax;
		if (isCut) break;
		const hour = Number(partOf(key, 2));
		certificates.push(granularOf(hour, JSON.parse(body) as Bundle, inShortfall.has(hour)));
	}
	const refused: RefusedRow[] = [];
	for await (const {body} of rows.range(...keys.all('refused', device))) {
		if (refused.length === refusedToldMax) refused.shift();
		refused.push(JSON.parse(body) as RefusedRow);
	}
	const trades: {readonly hourMs: number; readonly market: string}[] = [];
	for await (const {key} of rows.range(keys.trades(device, from), keys.trades(device, below)))
		trades.push({hourMs: Number(partOf(key, 2)) * hourMs, market: partOf(key, 3)});
	const {does: _does, channel, cadenceMs: _cadence, fromMs: _from, index: _index, number, statedAtMs: _at, firstHour, ...said} = register;
	return {
		device: {
			id: device,
			register: channel,
			...said,
			faceValueWh: 1,
			fromMs: firstHour * hourMs,
			openedBy: number,
		} as DeviceCertificates['device'],
		totals: {...totals, heldWh: totals.issuedWh - totals.cancelledWh - totals.retiredWh},
		hours,
		certificates,
		...(isCut ? {isCut} : {}),
		refused,
		trades,
	};
}

/** The end of what an entry's time can say. */
const endMs = 2 ** 48;

function hourAt(timeMs: number): number {
	return Math.ceil(Math.min(timeMs, endMs) / hourMs);
}

function granularOf(hour: number, bundle: Bundle, isInShortfall: boolean): GranularCertificate {
	const {first, last, state, holder, beneficiary, reason, by} = bundle;
	return {
		productionStartingMs: hour * hourMs,
		productionEndingMs: (hour + 1) * hourMs,
		rangeStart: first,
		rangeEnd: last,
		energyWh: sizeOf(bundle),
		status: statusOf[state],
		account: holder,
		...(beneficiary === undefined ? {} : {beneficiary}),
		...(reason === undefined ? {} : {reason}),
		by,
		...(isInShortfall && state !== 'retired' ? {isInShortfall: true as const} : {}),
	};
}

/** What an account holds and can hand on, by hour (ms since 1970, when it begins). */
export function heldByHour({certificates}: Pick<DeviceCertificates, 'certificates'>, account: string): Map<number, number> {
	const held = new Map<number, number>();
	for (const {status, account: holder, productionStartingMs, energyWh} of certificates)
		if (status === 'active' && holder === account) held.set(productionStartingMs, (held.get(productionStartingMs) ?? 0) + energyWh);
	return held;
}
