// Turns the OBIS code of an OCMF reading into the channel of the register that was read.

import type {QuantityName} from '../../format/quantity.ts';
import {type ChannelSpec, channelOf} from './decoder.ts';

export type OcmfRegister = {
	readonly channel: ChannelSpec;
	/** It begins at zero with every transaction: what counts is its life, not its sum. */
	readonly isOfTransaction: boolean;
};

/**
 * Stations write one code in many ways: `1-b:1.8.0`, `01-00:01.08.00.FF`, `1-0:1.8.0*198`. OCMF says that groups are hexadecimal, meters print decimals, and nothing tells
 * the two apart: so only codes are known that mean the same in both, and a group is kept as it was printed.
 */
const pattern = /^0?1-([0-9A-F]{1,2}):([0-9A-F]{1,2})\.([0-9A-F]{1,2})\.([0-9A-F]{1,2})(?:[*.]([0-9A-F]{1,3}))?$/;

/** Value group C [IEC 62056-6-1; OCMF 1.4 table 25] → quantity, and what tells the registers of one quantity apart. */
const registers: Readonly<Record<string, readonly [quantity: QuantityName, place: string, isOfTransaction?: true]>> = {
	'1': ['energy-import', ''],
	'2': ['energy-export', ''],
	'3': ['reactive-energy-import', ''],
	'4': ['reactive-energy-export', ''],
	B0: ['energy-import', 'mains'],
	B1: ['energy-import', 'device'],
	B2: ['energy-import', 'transaction-mains', true],
	B3: ['energy-import', 'transaction-device', true],
	C0: ['energy-export', 'mains'],
	C1: ['energy-export', 'device'],
	C2: ['energy-export', 'transaction-mains', true],
	C3: ['energy-export', 'transaction-device', true],
	// Registers of makers, of energy drawn with the loss of the cable taken off; the transparency software bills by them. What they begin with nobody has published.
	'98': ['energy-import', 'C98'],
	'9E': ['energy-import', 'C9E'],
};

const known = new Map<string, OcmfRegister | undefined>();
/** Codes come from the wire: only so many are remembered. */
const knownMax = 1024;

/** undefined: the code stands for no quantity that is known. */
export function ocmfRegisterOf(code: string): OcmfRegister | undefined {
	const before = known.get(code);
	if (before !== undefined || known.has(code)) return before;
	const found = parse(code);
	if (known.size < knownMax) known.set(code, found);
	return found;
}

function parse(code: string): OcmfRegister | undefined {
	const groups = pattern.exec(code.toUpperCase());
	if (groups === null) return undefined;
	const [b, c, d, e, f] = groups.slice(1).map(group => group?.replace(/^0+(?=.)/, ''));
	// Group E of it is no tariff: 0.8.6 is how long the register ran.
	if (c === '0' && d === '8' && e === '6') return registerOf('operating-time', [channelPart(b), periodPart(f)], true);
	const found = Object.hasOwn(registers, c!) ? registers[c!] : undefined;
	// D: 8 counts since ever, 9 since the billing period began, which is the station's to say.
	if (found === undefined || (d !== '8' && d !== '9')) return undefined;
	const [quantity, place, isOfTransaction = false] = found;
	return registerOf(quantity, [place, d === '9' ? 'period' : '', channelPart(b), tariffPart(e), periodPart(f)], isOfTransaction);
}

function registerOf(quantity: QuantityName, parts: readonly string[], isOfTransaction: boolean): OcmfRegister {
	const part = parts.filter(text => text !== '').join('-');
	return {channel: channelOf(quantity, part === '' ? undefined : part), isOfTransaction};
}

/** Stations with one meter print 0, or b, as the channel. */
function channelPart(b: string | undefined): string {
	return b === '0' || b === 'B' ? '' : `ch${b}`;
}

/** Up to 9 a rate is the same in both ways of writing. */
function tariffPart(e: string | undefined): string {
	if (e === '0') return '';
	return /^[1-9]$/.test(e!) ? `T${e}` : `rate-${e}`;
}

/** FF, or 255, is the register as it stands; another one is a register of its own, such as a stored value. */
function periodPart(f: string | undefined): string {
	return f === undefined || f === 'FF' || f === '255' ? '' : `F${f}`;
}
