// Says what can be stated of a shipment: the bodies of its statements, how they are made, and what their shape must be.

import {concatBytes, fromBase64, packFields, toBase64, toHex, uint48Max, utf8} from '../../base/bytes.ts';
import {portableHasher} from '../../base/hash.ts';
import {deviceSignatureLength, parseDeviceKey} from '../../format/device-key.ts';
import type {Json} from '../../format/document.ts';
import type {StatementKind} from '../../format/entry.ts';
import {encodeStatement, type StatementBody} from '../../format/statement.ts';
import {idPattern, parseChannelUrn} from '../../format/subject.ts';
import {tags} from '../../format/tags.ts';
import {sortOf} from './exact.ts';
import {type Profile, profileProblem} from './profiles.ts';

/** Kinds of statements that are made of shipments, and of nothing else. */
export const shipmentKinds = ['shipment', 'leg', 'assignment', 'handover', 'verdict'] as const;
export type ShipmentKind = (typeof shipmentKinds)[number];

export function isShipmentKind(says: StatementKind): says is ShipmentKind {
	return (shipmentKinds as readonly string[]).includes(says);
}

export const lotsMax = 256;
export const partiesMax = 32;

/** Somebody whose hands the goods go through. */
export type Party = {
	readonly id: string;
	readonly name: string;
	/** maker, carrier, warehouse, buyer: a word of whoever states it. */
	readonly role?: string | undefined;
	/** `ed25519:BASE64` or `p256:BASE64`: who has none can hold the goods first, but neither give nor take them. */
	readonly key?: string | undefined;
	/** Global Location Number, 13 digits. */
	readonly gln?: string | undefined;
};

export type Lot = {
	readonly id: string;
	readonly name: string;
	/** GTIN of 14 digits, and the maker's batch or lot number: what EPCIS calls the goods by. */
	readonly gtin?: string | undefined;
	readonly batch?: string | undefined;
	/** How much of it, as a decimal; and its unit, a code of UN/ECE Recommendation 20. */
	readonly quantity?: string | undefined;
	readonly unit?: string | undefined;
};

/** `shipment`: opens it. From `fromMs` on its lots must be watched. */
export type ShipmentBody = {
	readonly fromMs: number;
	readonly goods: string;
	readonly lots: readonly Lot[];
	readonly parties: readonly Party[];
	/** Who has it in hand at fromMs. */
	readonly holder: string;
	/** Whole, so that nobody needs a table to know what held. */
	readonly profile: Profile;
};

/** `leg`: a part of the way. Without `toMs` it is under way until a statement {ends, atMs} ends it. */
export type LegBody = {
	readonly id: string;
	readonly fromMs: number;
	readonly toMs?: number | undefined;
	readonly from: string;
	readonly to: string;
	readonly carrier?: string | undefined;
	/** GSP annex 3 asks for the sort of vehicle or store. */
	readonly vehicle?: string | undefined;
	/** @default all */
	readonly lots?: readonly string[] | undefined;
};

/** `assignment`: a sensor is with lots, or in the vehicle of a leg, from a time until another or until it is ended. Either `lots` or `leg`. */
export type AssignmentBody = {
	readonly id: string;
	readonly channel: string;
	readonly lots?: readonly string[] | undefined;
	readonly leg?: string | undefined;
	readonly fromMs: number;
	readonly toMs?: number | undefined;
	/** Where it measures: GSP annex 3 asks for it. */
	readonly place?: string | undefined;
};

/** `leg` or `assignment`: what was left open ends; at its beginning, it never held and counts for nothing. */
export type EndBody = {readonly ends: string; readonly atMs: number};

/** What both parties of a hand-over sign. */
export type HandoverTerms = {
	readonly lots: readonly string[];
	readonly from: string;
	readonly to: string;
	readonly atMs: number;
	readonly place?: string | undefined;
	/** What whoever takes it saw, in words. */
	readonly remarks?: string | undefined;
	/** See openingDigest: they sign for these goods and limits, and not for another shipment of the same name. */
	readonly opening: string;
};

/** `handover` */
export type HandoverBody = HandoverTerms & {
	/** 64 bytes each in base64, see format/device-key.ts. */
	readonly signatures: {readonly from?: string | undefined; readonly to?: string | undefined};
};

export const verdictValues = {good: 1, excursion: 2, indeterminate: 3} as const;
export type VerdictName = keyof typeof verdictValues;

/** `verdict`: what the readings came to when it ended. The entry's value is the verdict's, see verdictValues. */
export type VerdictBody = {
	/** It ended then: what is measured later does not count. */
	readonly atMs: number;
	readonly verdict: VerdictName;
	readonly lots: readonly {readonly id: string; readonly verdict: VerdictName}[];
	/** Number of the verdict that this one takes the place of, as when readings came late. */
	readonly replaces?: number | undefined;
};

const bodyOf = (members: object): StatementBody => members as StatementBody;

export function shipmentBody({fromMs, goods, lots, parties, holder, profile}: ShipmentBody): StatementBody {
	return bodyOf({fromMs, goods, lots, parties, holder, profile});
}

export function legBody({id, fromMs, toMs, from, to, carrier, vehicle, lots}: LegBody): StatementBody {
	return bodyOf({id, fromMs, toMs, from, to, carrier, vehicle, lots});
}

export function assignmentBody({id, channel, lots, leg, fromMs, toMs, place}: AssignmentBody): StatementBody {
	return bodyOf({id, channel, lots, leg, fromMs, toMs, place});
}

export function endBody({ends, atMs}: EndBody): StatementBody {
	return bodyOf({ends, atMs});
}

function termsOf({lots, from, to, atMs, place, remarks, opening}: HandoverTerms): StatementBody {
	return bodyOf({lots, from, to, atMs, place, remarks, opening});
}

/** What stands in the log once both have signed. */
export function handoverBody(terms: HandoverTerms, signatures: {readonly from: Uint8Array; readonly to: Uint8Array}): StatementBody {
	return {...termsOf(terms), signatures: {from: toBase64(signatures.from), to: toBase64(signatures.to)}};
}

/** What each of the two signs: tag ‖ packed fields: URN of the shipment, the terms as one line of canonical JSON. */
export function handoverBytes(urn: string, terms: HandoverTerms): Uint8Array {
	return concatBytes(tags.handover, packFields([utf8(urn), encodeStatement(termsOf(terms))]));
}

/** Names the opening of a shipment, goods and limits and keys and all: hexadecimal SHA-256(tag ‖ its statement). */
export function openingDigest(opening: StatementBody): string {
	return toHex(portableHasher.sha256(concatBytes(tags.shipment, encodeStatement(opening))));
}

type Members = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Members => typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown, lengthMax: number): value is string =>
	typeof value === 'string' && value !== '' && value.length <= lengthMax && !/[\p{Cc}\p{Surrogate}]/u.test(value);
const isTextMaybe = (value: unknown, lengthMax: number): boolean => value === undefined || isText(value, lengthMax);
const isId = (value: unknown): value is string => typeof value === 'string' && idPattern.test(value);
export const isTime = (value: unknown): value is number =>
	Number.isSafeInteger(value) && (value as number) > 0 && (value as number) <= uint48Max;
const unknownKey = (value: Members, keys: readonly string[]): string | undefined => Object.keys(value).find(key => !keys.includes(key));

const textMax = 200;

/** Why the members of a body do not have the shape of its kind, as a sentence; undefined if they do. What they name is not looked up. */
export function shapeProblem(says: ShipmentKind, body: StatementBody): string | undefined {
	if ((says === 'leg' || says === 'assignment') && body.ends !== undefined) {
		if (unknownKey(body, ['ends', 'atMs']) !== undefined) return `what ends a ${says} has ends and atMs, and nothing else`;
		if (!isId(body.ends)) return `ends is no id of a ${says}`;
		return isTime(body.atMs) ? undefined : 'atMs is no time in ms since 1970';
	}
	const unknown = unknownKey(body, keys[says]);
	if (unknown !== undefined) return `a statement of kind ${says} has no "${unknown}"`;
	return shapes[says](body);
}

const keys: Readonly<Record<ShipmentKind, readonly string[]>> = {
	shipment: ['fromMs', 'goods', 'lots', 'parties', 'holder', 'profile'],
	leg: ['id', 'fromMs', 'toMs', 'from', 'to', 'carrier', 'vehicle', 'lots'],
	assignment: ['id', 'channel', 'lots', 'leg', 'fromMs', 'toMs', 'place'],
	handover: ['lots', 'from', 'to', 'atMs', 'place', 'remarks', 'opening', 'signatures'],
	verdict: ['atMs', 'verdict', 'lots', 'replaces'],
};

const shapes: Readonly<Record<ShipmentKind, (body: StatementBody) => string | undefined>> = {
	shipment: ({fromMs, goods, lots, parties, holder, profile}) => {
		if (!isTime(fromMs)) return 'fromMs is no time in ms since 1970';
		if (!isText(goods, textMax)) return `goods is no text of at most ${textMax} characters`;
		const wrong = listProblem('lot', lots, lotsMax, lotProblem) ?? listProblem('party', parties, partiesMax, partyProblem);
		if (wrong !== undefined) return wrong;
		if (!(parties as readonly Party[]).some(({id}) => id === holder)) return 'holder is none of the parties';
		return profileProblem(profile);
	},
	leg: ({id, fromMs, toMs, from, to, carrier, vehicle, lots}) => {
		if (!isId(id)) return 'a leg has an id of letters, digits, _ and -';
		const wrong = spanProblem(fromMs, toMs) ?? (lots === undefined ? undefined : idsProblem(lots));
		if (wrong !== undefined) return wrong;
		if (!isText(from, textMax) || !isText(to, textMax)) return 'a leg says from where to where';
		if (carrier !== undefined && !isId(carrier)) return 'carrier is no id of a party';
		return isTextMaybe(vehicle, textMax) ? undefined : `vehicle is no text of at most ${textMax} characters`;
	},
	assignment: ({id, channel, lots, leg, fromMs, toMs, place}) => {
		if (!isId(id)) return 'an assignment has an id of letters, digits, _ and -';
		const name = typeof channel === 'string' ? parseChannelUrn(channel)?.quantityName : undefined;
		if (name === undefined) return 'channel is not urn:kedge:device:ID:QUANTITY';
		if (sortOf(name) === undefined) return `${name} is neither a temperature nor a humidity, and no door or power either`;
		if ((lots === undefined) === (leg === undefined)) return 'a sensor is with lots, or in the vehicle of a leg: one of the two';
		const wrong = spanProblem(fromMs, toMs) ?? (lots === undefined ? undefined : idsProblem(lots));
		if (wrong !== undefined) return wrong;
		if (leg !== undefined && !isId(leg)) return 'leg is no id of a leg';
		return isTextMaybe(place, textMax) ? undefined : `place is no text of at most ${textMax} characters`;
	},
	handover: ({lots, from, to, atMs, place, remarks, opening, signatures}) => {
		const wrong = idsProblem(lots);
		if (wrong !== undefined) return wrong;
		if (!isId(from) || !isId(to) || from === to) return 'a hand-over is from one party to another';
		if (!isTime(atMs)) return 'atMs is no time in ms since 1970';
		if (!isTextMaybe(place, textMax)) return `place is no text of at most ${textMax} characters`;
		if (!isTextMaybe(remarks, 2000)) return 'remarks is no text of at most 2,000 characters';
		if (typeof opening !== 'string' || !/^[0-9a-f]{64}$/.test(opening)) return 'opening is no SHA-256 in hexadecimal';
		if (!isObject(signatures) || unknownKey(signatures, ['from', 'to']) !== undefined)
			return 'signatures are those of from and to, and nothing else';
		const [byFrom, byTo] = [signatures.from !== undefined, signatures.to !== undefined];
		if (!byFrom && !byTo) return 'the hand-over is signed by nobody: both parties must sign';
		if (!byFrom || !byTo)
			return `the hand-over is signed by one side only, ${byFrom ? `${from}, who gives` : `${to}, who takes`}: both parties must sign`;
		for (const one of [signatures.from, signatures.to])
			if (typeof one !== 'string' || fromBase64(one)?.length !== deviceSignatureLength)
				return `a signature is no base64 of ${deviceSignatureLength} bytes`;
		return undefined;
	},
	verdict: ({atMs, verdict, lots, replaces}) => {
		if (!isTime(atMs)) return 'atMs is no time in ms since 1970';
		if (!isVerdict(verdict)) return 'verdict is good, excursion or indeterminate';
		if (replaces !== undefined && !(Number.isSafeInteger(replaces) && (replaces as number) > 0))
			return 'replaces is no number of a statement';
		return listProblem('lot', lots, lotsMax, one => {
			if (unknownKey(one, ['id', 'verdict']) !== undefined) return 'it has id and verdict, and nothing else';
			return isVerdict(one.verdict) ? undefined : 'its verdict is good, excursion or indeterminate';
		});
	},
};

function isVerdict(value: unknown): value is VerdictName {
	return typeof value === 'string' && Object.hasOwn(verdictValues, value);
}

function spanProblem(fromMs: unknown, toMs: unknown): string | undefined {
	if (!isTime(fromMs)) return 'fromMs is no time in ms since 1970';
	if (toMs === undefined) return undefined;
	if (!isTime(toMs)) return 'toMs is no time in ms since 1970';
	return toMs > fromMs ? undefined : 'it ends before it begins';
}

function idsProblem(list: unknown): string | undefined {
	if (!Array.isArray(list) || list.length === 0 || list.length > lotsMax || !list.every(isId)) return 'lots is no list of ids';
	return new Set(list).size === list.length ? undefined : 'lots names one twice';
}

function listProblem(
	what: string,
	list: Json | undefined,
	lengthMax: number,
	problemOf: (one: Members) => string | undefined,
): string | undefined {
	if (!Array.isArray(list) || list.length === 0 || list.length > lengthMax) return `there are 1 to ${lengthMax} of each ${what}, in a list`;
	const ids = new Set<string>();
	for (const [i, one] of (list as readonly Json[]).entries()) {
		if (!isObject(one) || !isId(one.id)) return `${what} ${i + 1} has no id of letters, digits, _ and -`;
		if (ids.has(one.id)) return `${what} ${one.id} is there twice`;
		ids.add(one.id);
		const wrong = problemOf(one);
		if (wrong !== undefined) return `${what} ${one.id}: ${wrong}`;
	}
	return undefined;
}

function lotProblem(lot: Members): string | undefined {
	const {name, gtin, batch, quantity, unit} = lot;
	if (unknownKey(lot, ['id', 'name', 'gtin', 'batch', 'quantity', 'unit']) !== undefined)
		return 'it has id, name, gtin, batch, quantity and unit, and nothing else';
	if (!isText(name, textMax)) return 'it has no name';
	if (gtin !== undefined && !(typeof gtin === 'string' && /^\d{14}$/.test(gtin) && hasCheckDigit(gtin)))
		return 'its gtin is not 14 digits of which the last checks the others';
	// Characters of an AI 10 that need no escape in a GS1 Digital Link [GS1 General Specifications §7.11].
	if (batch !== undefined && !(typeof batch === 'string' && /^[A-Za-z0-9._-]{1,20}$/.test(batch)))
		return 'its batch is not 1 to 20 letters, digits, ., _ and -';
	if ((quantity === undefined) !== (unit === undefined)) return 'it has a quantity and a unit, or neither';
	if (quantity !== undefined && !(typeof quantity === 'string' && /^(?:0|[1-9]\d{0,11})(?:\.\d{0,5}[1-9])?$/.test(quantity)))
		return 'its quantity is no plain decimal such as 12 or 0.5';
	return unit === undefined || (typeof unit === 'string' && /^[A-Z0-9]{2,3}$/.test(unit))
		? undefined
		: 'its unit is no code such as KGM or EA';
}

function partyProblem(party: Members): string | undefined {
	const {name, role, key, gln} = party;
	if (unknownKey(party, ['id', 'name', 'role', 'key', 'gln']) !== undefined) return 'it has id, name, role, key and gln, and nothing else';
	if (!isText(name, textMax)) return 'it has no name';
	if (!isTextMaybe(role, 64)) return 'its role is no short text';
	if (gln !== undefined && !(typeof gln === 'string' && /^\d{13}$/.test(gln) && hasCheckDigit(gln)))
		return 'its gln is not 13 digits of which the last checks the others';
	if (key === undefined) return undefined;
	if (typeof key !== 'string') return 'its key is no text';
	const parsed = parseDeviceKey(key);
	if ('problem' in parsed) return parsed.problem;
	// No browser checks secp256k1: what a stranger cannot check is no proof to him.
	return parsed.type === 'secp256k1' ? 'its key is of type secp256k1: parties sign with ed25519 or p256' : undefined;
}

/** [GS1 General Specifications §7.9.1]: from the right, the digits in front of the last count three and one times. */
function hasCheckDigit(digits: string): boolean {
	let sum = 0;
	for (let i = 0; i < digits.length; i += 1) sum += Number(digits[digits.length - 1 - i]) * (i % 2 === 0 ? 1 : 3);
	return sum % 10 === 0;
}
