// Moves, splits, cancels and retires certificates: all that a statement wants, or nothing of it.

import type {Rows} from '../ledger.ts';
import {type Bundle, type HourRow, keys, noTotals, readRow, shortfallOf, type Totals} from './certificate-rows.ts';
import type {CertificateStatement, Opening} from './certificate-statement.ts';
import {hourMs} from './register-hours.ts';

/** Bundles that an hour of a device may come to: every one is a line of whoever reads them. */
export const bundlesPerHourMax = 4096;

/** An hour that a statement is about, with what it has changed there so far. */
type OpenHour = {
	row: HourRow;
	bundles: Bundle[];
	readonly put: Set<Bundle>;
};

class Refused extends Error {}

function refuse(why: string): never {
	throw new Refused(why);
}

/**
 * Does what a statement says, or gives the sentence why it cannot be done: then nothing was written. With `isTrial` nothing is written in any case. The device MUST be open.
 */
export async function applyToBundles(
	rows: Rows,
	device: string,
	said: Exclude<CertificateStatement, Opening>,
	number: number,
	isTrial: boolean,
): Promise<string | undefined> {
	const hours = new Map<number, OpenHour>();
	const at = async (hour: number): Promise<OpenHour> => {
		const known = hours.get(hour);
		if (known !== undefined) return known;
		const row = await readRow<HourRow>(rows, keys.hour(device, hour));
		if (row === undefined) refuse(`nothing is certified of ${device} in ${hourName(hour)}: it is not complete, or was not measured`);
		if (row.issuedWh === 0) refuse(`nothing is certified of ${device} in ${hourName(hour)}: ${whyNothing(row)}`);
		const bundles: Bundle[] = [];
		for await (const {body} of rows.range(keys.bundles(device, hour), keys.bundles(device, hour + 1)))
			bundles.push(JSON.parse(body) as Bundle);
		const opened = {row, bundles, put: new Set<Bundle>()};
		hours.set(hour, opened);
		return opened;
	};
	try {
		switch (said.does) {
			case 'transfer': {
				for (const {hour, to, energyWh} of said.moves)
					take(await at(hour), hour, said.from, energyWh, bundle => ({...bundle, holder: to, by: number}));
				for (const hour of said.market === undefined ? [] : hours.keys())
					if ((await rows.get(keys.trade(device, hour, said.market!))) !== undefined)
						refuse(`what market ${said.market} traded of ${hourName(hour)} of ${device} was moved already`);
				break;
			}
			case 'split':
				split(await at(said.hour), said.hour, said.holder, said.first, said.energyWh, number);
				break;
			case 'cancel': {
				const hour = await at(said.hour);
				const {measuredWh, cancelledWh} = hour.row;
				take(hour, said.hour, said.holder, said.energyWh, ({first, last, holder}) => ({
					first,
					last,
					holder,
					state: 'cancelled',
					by: number,
					beneficiary: said.beneficiary,
					reason: said.purpose,
				}));
				// What a correction took away can be held and handed on, with its mark, but nobody can claim it.
				if (cancelledWh + said.energyWh > (measuredWh ?? 0))
					return `${hourName(said.hour)} of ${device} has ${measuredWh ?? 'an unknown number of'} Wh after a correction, of which ${cancelledWh} Wh are cancelled: ${said.energyWh} Wh more cannot be`;
				hour.row = {...hour.row, cancelledWh: cancelledWh + said.energyWh};
				break;
			}
			case 'retire': {
				const hour = await at(said.hour);
				take(hour, said.hour, said.holder, said.energyWh, ({first, last, holder}) => ({
					first,
					last,
					holder,
					state: 'retired',
					by: number,
					reason: said.reason,
				}));
				hour.row = {...hour.row, retiredWh: hour.row.retiredWh + said.energyWh};
				break;
			}
		}
	} catch (error) {
		if (!(error instanceof Refused)) throw error;
		return error.message;
	}
	if (isTrial) return undefined;
	let totals = (await readRow<Totals>(rows, keys.totals(device))) ?? noTotals;
	for (const [hour, {row, put}] of hours) {
		for (const bundle of put) rows.put(keys.bundle(device, hour, bundle.first), JSON.stringify(bundle));
		if (said.does === 'transfer' && said.market !== undefined) rows.put(keys.trade(device, hour, said.market), `${number}`);
		const before = (await readRow<HourRow>(rows, keys.hour(device, hour)))!;
		rows.put(keys.hour(device, hour), JSON.stringify(row));
		totals = withHour(totals, before, row);
	}
	rows.put(keys.totals(device), JSON.stringify(totals));
	return undefined;
}

/** The sums with an hour's row in place of what it was before. */
export function withHour(totals: Totals, before: HourRow | undefined, after: HourRow): Totals {
	const change = (name: 'issuedWh' | 'cancelledWh' | 'retiredWh'): number => totals[name] + after[name] - (before?.[name] ?? 0);
	return {
		...totals,
		issuedWh: change('issuedWh'),
		cancelledWh: change('cancelledWh'),
		retiredWh: change('retiredWh'),
		shortfallWh: totals.shortfallWh + shortfallOf(after) - (before === undefined ? 0 : shortfallOf(before)),
		hours: totals.hours + (before === undefined ? 1 : 0),
	};
}

/** The first `energyWh` certificates that the holder has of the hour become what `change` makes of them. A bundle of which only a part is needed is split. */
function take(hour: OpenHour, at: number, holder: string, energyWh: number, change: (bundle: Bundle) => Bundle): void {
	const heldWh = hour.bundles.reduce((sum, one) => sum + (isHeldBy(one, holder) ? sizeOf(one) : 0), 0);
	if (energyWh > heldWh) {
		const spent = (state: Bundle['state']): number =>
			hour.bundles.reduce((sum, one) => sum + (one.state === state && one.holder === holder ? sizeOf(one) : 0), 0);
		const [cancelledWh, retiredWh] = [spent('cancelled'), spent('retired')];
		const gone = [
			...(cancelledWh > 0 ? [`${cancelledWh} Wh are cancelled already`] : []),
			...(retiredWh > 0 ? [`${retiredWh} Wh are retired already`] : []),
		];
		refuse(`${holder} holds ${heldWh} Wh of ${hourName(at)}, not ${energyWh} Wh${gone.length === 0 ? '' : `: ${gone.join(', ')}`}`);
	}
	let left = energyWh;
	const bundles: Bundle[] = [];
	for (const bundle of hour.bundles) {
		if (left === 0 || !isHeldBy(bundle, holder)) {
			bundles.push(bundle);
			continue;
		}
		const taken = Math.min(left, sizeOf(bundle));
		left -= taken;
		bundles.push(replaced(hour, bundle, change({...bundle, last: bundle.first + taken - 1})));
		if (taken < sizeOf(bundle)) bundles.push(replaced(hour, undefined, {...bundle, first: bundle.first + taken}));
	}
	keep(hour, at, bundles);
}

function split(hour: OpenHour, at: number, holder: string, first: number, energyWh: number, number: number): void {
	const place = hour.bundles.findIndex(one => one.first === first && isHeldBy(one, holder));
	const bundle = hour.bundles[place];
	if (bundle === undefined) refuse(`${holder} holds no bundle of ${hourName(at)} that begins at certificate ${first}`);
	if (energyWh >= sizeOf(bundle)) refuse(`the bundle has ${sizeOf(bundle)} Wh: ${energyWh} Wh leave nothing to split off`);
	const parts = [
		{...bundle, last: first + energyWh - 1, by: number},
		{...bundle, first: first + energyWh, by: number},
	];
	for (const part of parts) replaced(hour, part === parts[0] ? bundle : undefined, part);
	keep(hour, at, hour.bundles.toSpliced(place, 1, ...parts));
}

/** What is to be written: the newest of what begins at one certificate. */
function replaced(hour: OpenHour, before: Bundle | undefined, after: Bundle): Bundle {
	if (before !== undefined) hour.put.delete(before);
	hour.put.add(after);
	return after;
}

function keep(hour: OpenHour, at: number, bundles: Bundle[]): void {
	if (bundles.length > bundlesPerHourMax) refuse(`${hourName(at)} would have more than ${bundlesPerHourMax} bundles: hand on larger ones`);
	hour.bundles = bundles;
}

export function sizeOf({first, last}: Pick<Bundle, 'first' | 'last'>): number {
	return last - first + 1;
}

function isHeldBy({state, holder}: Bundle, who: string): boolean {
	return state === 'held' && holder === who;
}

/** As RFC 3339, UTC. */
export function hourName(hour: number): string {
	return `the hour from ${new Date(hour * hourMs).toISOString().slice(0, 16)}Z`;
}

function whyNothing({why}: HourRow): string {
	return why === 'counter'
		? 'its register fell or began anew'
		: why === 'counted'
			? 'its register tells of energy that is certified in another hour already'
			: 'it produced nothing';
}
