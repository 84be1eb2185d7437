// Turns OBIS names, as meters print them, into channels of the quantity registry [IEC 62056-61].

import {type QuantityName, quantityOfName} from '../format/quantity.ts';
import {type ChannelSpec, channelSpec} from './decoders/decoder.ts';

/** A-B:C.D.E*F: the medium, the channel of the meter, what is measured, how it was processed, the tariff, and the billing period. */
export type Obis = {
	readonly a: number;
	readonly b: number;
	readonly c: number;
	readonly d: number;
	readonly e: number;
	/** 255 where none is printed: the current value, not one of a billing period that is over. */
	readonly f: number;
};

/** Letters that the reduced form has for C [IEC 62056-61, 5.2]: C is 96, F 97, L 98, P 99. */
const letters: Readonly<Record<string, number>> = {C: 96, F: 97, L: 98, P: 99};
const obisPattern = /^(?:(\d{1,3})-(\d{1,3}):)?(\d{1,3}|[CFLP])\.(\d{1,3})(?:\.(\d{1,3}))?(?:[*&](\d{1,3}))?$/;

/** undefined if the text is no such name. The reduced form without A and B is of electricity, channel 0. */
export function parseObis(text: string): Obis | undefined {
	const found = obisPattern.exec(text);
	if (found === null) return undefined;
	const [, a = '1', b = '0', c, d, e = '0', f = '255'] = found;
	const obis = {a: Number(a), b: Number(b), c: letters[c!] ?? Number(c), d: Number(d), e: Number(e), f: Number(f)};
	return Object.values(obis).every(group => group <= 255) ? obis : undefined;
}

/** What C means for the sum over the phases; 20, 40 and 60 more mean the same of one phase. */
const electricity: Readonly<Record<number, Readonly<Record<number, QuantityName>>>> = {
	1: {8: 'energy-import', 7: 'active-power-import', 4: 'demand-import', 6: 'demand-import-maximum'},
	2: {8: 'energy-export', 7: 'active-power-export', 4: 'demand-export', 6: 'demand-export-maximum'},
	3: {8: 'reactive-energy-import', 7: 'reactive-power-import'},
	4: {8: 'reactive-energy-export', 7: 'reactive-power-export'},
	5: {8: 'reactive-energy-quadrant', 7: 'reactive-power-quadrant'},
	6: {8: 'reactive-energy-quadrant', 7: 'reactive-power-quadrant'},
	7: {8: 'reactive-energy-quadrant', 7: 'reactive-power-quadrant'},
	8: {8: 'reactive-energy-quadrant', 7: 'reactive-power-quadrant'},
	9: {8: 'apparent-energy', 7: 'apparent-power'},
	11: {7: 'current'},
	12: {7: 'voltage', 32: 'voltage-sags', 36: 'voltage-swells'},
	13: {7: 'power-factor'},
	14: {7: 'frequency'},
	15: {8: 'energy-absolute'},
	16: {7: 'active-power'},
};

const total = 8;
const maximum = 6;
const currentPeriod = 255;
const noTariff = 0;
/** Highest tariff that a meter may number [IEC 62056-61, table 9]. */
const tariffMax = 63;

/**
 * The channel that an OBIS name of electricity, heat, gas or water stands for; undefined if it stands for none: a setting, an identity, a value of a billing period that is over,
 * a harmonic. A tariff is a part of the channel by its number only, because which of them is the cheap one differs by country.
 */
export function channelOfObis({a, b, c, d, e, f}: Obis): ChannelSpec | undefined {
	if (f !== currentPeriod) return undefined;
	if (a === 0) return channelOfTheMeter(b, c, d, e);
	if (a !== 1) return channelOfOtherMedium(a, b, c, d, e);
	const isNeutral = c === 91 || c === 92;
	const phase = isNeutral ? 'N' : c > 80 || c % 20 === 0 ? undefined : [undefined, 'L1', 'L2', 'L3'][Math.floor(c / 20)];
	if (c > 20 && phase === undefined) return undefined;
	const base = isNeutral ? c - 80 : c % 20;
	const name = electricity[base]?.[d];
	if (name === undefined || e > tariffMax || (d !== total && d !== maximum && e !== noTariff)) return undefined;
	const quadrant = base >= 5 && base <= 8 ? `Q${base - 4}` : undefined;
	return spec(name, [channelPart(b), phase, quadrant, e === noTariff ? undefined : `T${e}`]);
}

/** What the meter itself counts: power failures, all and long ones; and the tariff that holds now. */
function channelOfTheMeter(b: number, c: number, d: number, e: number): ChannelSpec | undefined {
	if (c !== 96) return undefined;
	if (d === 14 && e === 0) return spec('tariff', [channelPart(b)]);
	if (d === 7 && e === 21) return spec('power-failures', [channelPart(b)]);
	return d === 7 && e === 9 ? spec('power-failures', [channelPart(b), 'long']) : undefined;
}

/** Media of which meters print one register only [IEC 62056-61, annex of heat, gas and water]. */
function channelOfOtherMedium(a: number, b: number, c: number, d: number, e: number): ChannelSpec | undefined {
	if (d !== 0 || e !== 0) return undefined;
	if (a === 6 && c === 1) return spec('heat-energy', [channelPart(b)]);
	if (a === 7 && c === 3) return spec('gas-volume', [channelPart(b)]);
	if ((a === 8 || a === 9) && c === 1) return spec('water-volume', [channelPart(b)]);
	return undefined;
}

function channelPart(b: number): string | undefined {
	return b === 0 ? undefined : `ch${b}`;
}

function spec(name: QuantityName, parts: readonly (string | undefined)[]): ChannelSpec {
	const quantity = quantityOfName(name)!;
	const part = parts.filter(one => one !== undefined).join('-');
	return channelSpec(quantity, part === '' ? undefined : part, quantity.exponentDefault);
}
