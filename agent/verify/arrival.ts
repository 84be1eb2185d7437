// Checks that the message, or the body, that a receipt shows is what its entry came from.

import {equalBytes, fromUtf8} from '../base/bytes.ts';
import type {Hasher} from '../base/hash.ts';
import {type Arrival, decodeArrival} from '../format/arrival.ts';
import {type Correction, correctionOf} from '../format/correction.ts';
import {parseDecimal, scaleDecimal} from '../format/decimal.ts';
import {type Entry, type Index, kinds, qualities, sourceHash} from '../format/entry.ts';
import type {SourceOpening} from '../format/evidence.ts';
import {quantityOfCode, unitFactor} from '../format/quantity.ts';
import {tags} from '../format/tags.ts';
import {type ArrivalFacts, type Check, fail, pass, type SignatureFacts, skipped} from './verdict.ts';

export type ArrivalCheck = {
	readonly check: Check;
	/** What the message says, as far as it could be read. */
	readonly arrival?: Omit<ArrivalFacts, 'signature'>;
	/** The message, once it is shown to be what the entry came from. */
	readonly shown?: Arrival;
	readonly bodyText?: string | undefined;
};

/** The facts of a message with those of its signature. */
export function arrivalFacts(arrival: ArrivalCheck['arrival'], signature: SignatureFacts | undefined): ArrivalFacts | undefined {
	return arrival && {...arrival, signature};
}

/** `index` is where the proof of the entry says that it stands. */
export function checkArrival(hasher: Hasher, opening: SourceOpening | undefined, entry: Entry, index: Index): ArrivalCheck {
	if (opening === undefined) return {check: skipped('arrival', 'what the entry came from is withheld')};
	const isReading = entry.kind === kinds.reading;
	const source = sourceHash(hasher, isReading ? tags.arrival : tags.body, opening.salt, opening.record);
	if (!equalBytes(source, entry.source)) return {check: fail('arrival', 'what is shown with the entry is not what it came from')};
	if (!isReading) {
		const check = pass('arrival', `the ${opening.record.length} bytes shown are the body of the entry`);
		return {check, bodyText: fromUtf8(opening.record)};
	}
	const arrival = decodeArrival(opening.record);
	if (arrival === undefined) return {check: fail('arrival', 'what the reading came from is not an arrival record')};
	const {topic, identity, decoder, payload} = arrival;
	const facts = {topic, identity, decoder, payloadLength: payload.length, payloadText: fromUtf8(payload)};
	if (arrival.arrivedAtMs !== entry.arrivedAtMs) {
		const check = fail('arrival', `the message arrived at ${arrival.arrivedAtMs} ms, the entry says ${entry.arrivedAtMs} ms`);
		return {check, arrival: facts};
	}
	if ((entry.quality & qualities.correction) !== 0) {
		const corrects = correctionOf(arrival);
		if (corrects === undefined) {
			const check = fail('arrival', 'the entry stands in for another one, but what it came from does not say for which');
			return {check, arrival: facts};
		}
		const wrong = correctionProblem(corrects, entry, index);
		if (wrong !== undefined) return {check: fail('arrival', wrong), arrival: facts};
		const check = pass('arrival', `the reading was put in place of entry ${corrects.corrects.index} by the owner`);
		return {check, arrival: {...facts, corrects}, shown: arrival};
	}
	const check = pass('arrival', `the reading came from ${payload.length} bytes on topic "${topic}"`);
	return {check, arrival: facts, shown: arrival};
}

/** What a correction says, and its entry does not; undefined if they agree. */
function correctionProblem({corrects, value, unit}: Correction, entry: Entry, index: Index): string | undefined {
	if (corrects.index >= index || corrects.number >= entry.number) return 'the entry stands in for one that is not in front of it';
	const quantity = quantityOfCode(entry.quantity);
	const factor = quantity && unitFactor(quantity, unit);
	const decimal = parseDecimal(value);
	const scaled = decimal && factor && scaleDecimal(decimal, entry.exponent, ...factor);
	return scaled === entry.value ? undefined : `the owner said ${value} ${unit}, the entry says something else`;
}
