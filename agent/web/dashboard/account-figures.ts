// Adds up and lays out what accounts answer, for the pages that show them: nothing here needs a browser.

import type {EmissionsAnswer} from '../../ledgers/emissions/answer.ts';
import type {GranularCertificate} from '../../ledgers/energy/certificates-of.ts';

type Totals = EmissionsAnswer['totals'];

/** What the site reports, of an hour or a day: the same scopes as its total, scope 2 by location or by market and never by both. */
export function reportedParts(
	mg: Totals,
	{scopes: counted, scope2}: EmissionsAnswer['reported'],
): readonly {readonly scope: keyof Totals; readonly mg: bigint}[] {
	const all = counted.map(
		scope => (scope === 1 ? 'scope1' : scope === 3 ? 'scope3' : scope2 === 'market' ? 'scope2Market' : 'scope2Location') as keyof Totals,
	);
	return all.map(scope => ({scope, mg: BigInt(mg[scope] ?? '0')}));
}

/** Together by who has them and what became of them, in the order in which they are met. */
export function holdingsOf(certificates: readonly GranularCertificate[]): readonly {
	readonly account: string;
	readonly status: GranularCertificate['status'];
	readonly why: string | undefined;
	readonly energyWh: number;
	readonly isInShortfall: boolean;
}[] {
	const sums = new Map<
		string,
		{account: string; status: GranularCertificate['status']; why: string | undefined; energyWh: number; isInShortfall: boolean}
	>();
	for (const {account, status, beneficiary, reason, energyWh, isInShortfall} of certificates) {
		const why = [beneficiary, reason].filter(one => one !== undefined).join(' · ') || undefined;
		const key = JSON.stringify([account, status, why]);
		const known = sums.get(key);
		if (known === undefined) sums.set(key, {account, status, why, energyWh, isInShortfall: isInShortfall === true});
		else {
			known.energyWh += energyWh;
			known.isInShortfall ||= isInShortfall === true;
		}
	}
	return [...sums.values()].sort((a, b) => b.energyWh - a.energyWh);
}

/** A CSV file [RFC 4180]: what a table shows stands in it with all its digits. Cells that a spreadsheet would take for a formula begin with an apostrophe; numbers below nought are no formulas. */
export function csvText(heads: readonly string[], rows: readonly (readonly (string | number | undefined)[])[]): string {
	const cell = (value: string | number | undefined): string => {
		const text = value === undefined ? '' : String(value);
		const safe = /^[=+@\t\r]/.test(text) || (/^-/.test(text) && !/^-\d+(?:\.\d+)?$/.test(text)) ? `'${text}` : text;
		return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
	};
	return `${[heads, ...rows].map(row => row.map(cell).join(',')).join('\r\n')}\r\n`;
}

/** Thousandths of °C or of a per cent, in the unit that the channel is drawn in. */
export function drawnLimit(milli: number, unit: string | null): number {
	return unit === 'm[degF]' ? (milli * 9) / 5000 + 32 : milli / 1000;
}

/** What the profiles that are built in are called in a shipment's statement: of these we have names in each language. Held to ledgers/coldchain/profiles.ts by a test. */
export const builtInProfiles: Readonly<Record<string, string>> = {
	'cold-2-8': 'Medicine, 2 to 8 °C',
	'frozen-20': 'Frozen medicine, −25 to −15 °C',
	'ultra-low-70': 'Ultra low, −90 to −60 °C',
	'room-15-25': 'Room temperature, 15 to 25 °C',
	'controlled-room': 'Controlled room temperature, 20 to 25 °C, excursions 15 to 30 °C',
	'gsp-transport-2-8': '药品冷链运输 2–8 ℃',
	'gsp-transport-2-10': '药品冷藏运输 2–10 ℃',
	'gsp-storage-2-10': '药品冷库 2–10 ℃',
	'quick-frozen-18': 'Quick-frozen food, −18 °C',
	'who-pqs-e006': 'Vaccine refrigerator, alarms of 30-day loggers',
};
