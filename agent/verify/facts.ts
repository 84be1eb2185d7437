// Says in words and exact numbers what an entry says in bytes.

import {decimalText} from '../format/decimal.ts';
import {
	type Entry,
	enrolmentKinds,
	epochKinds,
	type Index,
	identityKinds,
	kinds,
	noteKinds,
	orderKinds,
	qualities,
	qualityNames,
	statementKinds,
} from '../format/entry.ts';
import {quantityOfCode} from '../format/quantity.ts';

export type EntryFacts = {
	readonly index: number;
	/** Its place among the entries of its channel in this epoch. */
	readonly number: number;
	/** `reading`, `note`, `enrolment`, `order`, `epoch`, `identity`, `statement`, or `kind-N` for one that this program does not know. */
	readonly kind: string;
	/** Name in the quantity registry, or of the sub-kind; `quantity-N` for a code that this program does not know. */
	readonly quantity: string;
	/** Exact decimal text; undefined where the reading says that there is no value. */
	readonly value: string | undefined;
	/** Unit of the value, for readings of a known quantity. */
	readonly unit: string | undefined;
	/** The device's clock; undefined if it claims no time. */
	readonly measuredAtMs: number | undefined;
	/** The agent's clock. */
	readonly arrivedAtMs: number;
	/** Length of the interval, for interval quantities. */
	readonly spanMs: number | undefined;
	/** How often the counter has begun anew, for register quantities. */
	readonly counterEpoch: number | undefined;
	readonly qualities: readonly string[];
};

const nameIn = (names: Readonly<Record<string, number>>, code: number): string | undefined =>
	Object.keys(names).find(name => names[name] === code);

const subKinds: Readonly<Record<number, Readonly<Record<string, number>>>> = {
	[kinds.note]: noteKinds,
	[kinds.enrolment]: enrolmentKinds,
	[kinds.order]: orderKinds,
	[kinds.epoch]: epochKinds,
	[kinds.identity]: identityKinds,
	[kinds.statement]: statementKinds,
};

export function describeEntry(entry: Entry, index: Index): EntryFacts {
	const isReading = entry.kind === kinds.reading;
	const quantity = isReading ? quantityOfCode(entry.quantity) : undefined;
	const name = isReading ? quantity?.name : nameIn(subKinds[entry.kind] ?? {}, entry.quantity);
	return {
		index,
		number: entry.number,
		kind: nameIn(kinds, entry.kind) ?? `kind-${entry.kind}`,
		quantity: name ?? `quantity-${entry.quantity}`,
		value: isReading && (entry.quality & qualities.noValue) !== 0 ? undefined : decimalText(entry.value, entry.exponent),
		unit: quantity?.unit,
		measuredAtMs: entry.measuredAtMs === 0 ? undefined : entry.measuredAtMs,
		arrivedAtMs: entry.arrivedAtMs,
		spanMs: quantity?.kind === 'interval' ? entry.span : undefined,
		counterEpoch: quantity?.kind === 'register' ? entry.span : undefined,
		qualities: qualityNames(entry.quality),
	};
}
