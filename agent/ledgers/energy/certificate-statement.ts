// Turns the body of a certificate statement into what it says, or into a sentence on what is wrong with it.

import type {Json} from '../../format/document.ts';
import type {StatementBody} from '../../format/statement.ts';
import {idPattern} from '../../format/subject.ts';
import {hourMs} from './register-hours.ts';

/** Certificates of a device from here on: which register tells what it produced, who gets them, and what EnergyTag wants to be known of them. */
export type Opening = {
	readonly does: 'open';
	/** A register of the device that counts what it produced: energy-export or energy-generated, with `:PART` if it has one. */
	readonly channel: string;
	/** How often the device reports at least; what begins an hour is looked for within twice of it. */
	readonly cadenceMs: number;
	/** From the first whole hour on that begins then or later. @default when it was stated */
	readonly fromMs: number | undefined;
	/** The account that what is issued comes to. */
	readonly owner: string;
	/** Issuing body: who answers for it that these certificates are the only ones of the device. */
	readonly issuer: string;
	/** Such as solar, wind or hydro. */
	readonly energySource: string;
	readonly energyCarrier: string;
	/** Code of the technology in the issuer's scheme. */
	readonly technology: string | undefined;
	/** ISO 3166-1 alpha-2. */
	readonly country: string;
	readonly location: string | undefined;
	readonly grid: string | undefined;
	readonly marketZone: string | undefined;
	readonly capacityW: number | undefined;
	readonly support: string | undefined;
	readonly scheme: string | undefined;
};

export type Move = {readonly hour: number; readonly to: string; readonly energyWh: number};

export type Transfer = {
	readonly does: 'transfer';
	readonly from: string;
	/** All are made, or none. */
	readonly moves: readonly Move[];
	/** They follow what was traded in this market, which moves an hour of a device once. */
	readonly market: string | undefined;
};

/** The bundle that begins at certificate `first` becomes one of `energyWh`, and the rest. */
export type Split = {
	readonly does: 'split';
	readonly holder: string;
	readonly hour: number;
	readonly first: number;
	readonly energyWh: number;
};

/** Used up for a claim. */
export type Cancellation = {
	readonly does: 'cancel';
	readonly holder: string;
	readonly hour: number;
	readonly energyWh: number;
	readonly beneficiary: string;
	readonly purpose: string | undefined;
};

/** Taken out of the world without a claim. */
export type Retirement = {
	readonly does: 'retire';
	readonly holder: string;
	readonly hour: number;
	readonly energyWh: number;
	readonly reason: string;
};

export type CertificateStatement = Opening | Transfer | Split | Cancellation | Retirement;

/** A day of a hundred buyers. */
export const movesMax = 2048;
export const cadenceMsMax = hourMs;
const textMax = 128;
const channelPattern = /^(?:energy-export|energy-generated)(?::[A-Za-z0-9_-]{1,64})?$/;
const accountPattern = /^[A-Za-z0-9_.:@-]{1,64}$/;

class Wrong extends Error {}

/** What the members of an object must be. The first that is not ends the reading. */
function membersOf(value: unknown, what: string, known: readonly string[]) {
	if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Wrong(`${what} is no object`);
	const members = value as Readonly<Record<string, Json | undefined>>;
	for (const name of Object.keys(members))
		if (!known.includes(name)) throw new Wrong(`${what} has a member "${name.slice(0, 64)}", which is not known`);
	const wrong = (name: string, needed: string): never => {
		throw new Wrong(`${what} needs ${name}: ${needed}`);
	};
	const text = (name: string, pattern: RegExp, needed: string): string => {
		const member = members[name];
		return typeof member === 'string' && pattern.test(member) ? member : wrong(name, needed);
	};
	const whole = (name: string, least: number, most: number): number => {
		const member = members[name];
		return typeof member === 'number' && Number.isSafeInteger(member) && member >= least && member <= most
			? member
			: wrong(name, `a whole number from ${least} to ${most}`);
	};
	const optional = <T>(name: string, read: () => T): T | undefined => (members[name] === undefined ? undefined : read());
	const words = (name: string): string => {
		const member = members[name];
		return typeof member === 'string' && member.trim() !== '' && member.length <= textMax && !hasControls(member)
			? member
			: wrong(name, `a text of 1 to ${textMax} characters`);
	};
	return {
		members,
		text,
		whole,
		words,
		optionalWords: (name: string) => optional(name, () => words(name)),
		optionalWhole: (name: string, least: number, most: number) => optional(name, () => whole(name, least, most)),
		account: (name: string) => text(name, accountPattern, 'an account of 1 to 64 letters, digits, and _ . : @ -'),
		hour: (): number => {
			const timeMs = whole('hourMs', 0, timeMax);
			return timeMs % hourMs === 0 ? timeMs / hourMs : wrong('hourMs', 'when the hour begins, ms since 1970');
		},
		energyWh: () => whole('energyWh', 1, Number.MAX_SAFE_INTEGER),
	};
}

const timeMax = 2 ** 48 - 1;

function hasControls(text: string): boolean {
	for (let at = 0; at < text.length; at += 1) {
		const code = text.charCodeAt(at);
		if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return true;
	}
	return false;
}

/** What it says, or why it says nothing. */
export function readCertificateStatement(body: StatementBody): CertificateStatement | {readonly problem: string} {
	try {
		switch (body.does) {
			case 'open':
				return readOpening(body);
			case 'transfer':
				return readTransfer(body);
			case 'split': {
				const is = membersOf(body, 'a split', ['does', 'holder', 'hourMs', 'first', 'energyWh']);
				return {
					does: 'split',
					holder: is.account('holder'),
					hour: is.hour(),
					first: is.whole('first', 1, Number.MAX_SAFE_INTEGER),
					energyWh: is.energyWh(),
				};
			}
			case 'cancel': {
				const is = membersOf(body, 'a cancellation', ['does', 'holder', 'hourMs', 'energyWh', 'beneficiary', 'purpose']);
				return {
					does: 'cancel',
					holder: is.account('holder'),
					hour: is.hour(),
					energyWh: is.energyWh(),
					beneficiary: is.words('beneficiary'),
					purpose: is.optionalWords('purpose'),
				};
			}
			case 'retire': {
				const is = membersOf(body, 'a retirement', ['does', 'holder', 'hourMs', 'energyWh', 'reason']);
				return {does: 'retire', holder: is.account('holder'), hour: is.hour(), energyWh: is.energyWh(), reason: is.words('reason')};
			}
			default:
				return {problem: 'a statement on certificates says what it does: open, transfer, split, cancel or retire'};
		}
	} catch (error) {
		if (!(error instanceof Wrong)) throw error;
		return {problem: error.message};
	}
}

function readOpening(body: StatementBody): Opening {
	const is = membersOf(body, 'an opening of certificates', [
		'does',
		'channel',
		'cadenceMs',
		'fromMs',
		'owner',
		'issuer',
		'energySource',
		'energyCarrier',
		'technology',
		'country',
		'location',
		'grid',
		'marketZone',
		'capacityW',
		'support',
		'scheme',
	]);
	return {
		does: 'open',
		channel: is.text('channel', channelPattern, 'energy-export or energy-generated, with the part of it if it has one'),
		cadenceMs: is.whole('cadenceMs', 1, cadenceMsMax),
		fromMs: is.optionalWhole('fromMs', 0, timeMax),
		owner: is.account('owner'),
		issuer: is.words('issuer'),
		energySource: is.words('energySource'),
		energyCarrier: is.optionalWords('energyCarrier') ?? 'electricity',
		technology: is.optionalWords('technology'),
		country: is.text('country', /^[A-Z]{2}$/, 'a country code of two capital letters'),
		location: is.optionalWords('location'),
		grid: is.optionalWords('grid'),
		marketZone: is.optionalWords('marketZone'),
		capacityW: is.optionalWhole('capacityW', 1, Number.MAX_SAFE_INTEGER),
		support: is.optionalWords('support'),
		scheme: is.optionalWords('scheme'),
	};
}

function readTransfer(body: StatementBody): Transfer {
	const is = membersOf(body, 'a transfer', ['does', 'from', 'market', 'moves']);
	const {moves, market} = is.members;
	if (!Array.isArray(moves) || moves.length === 0 || moves.length > movesMax)
		throw new Wrong(`a transfer needs moves: a list of 1 to ${movesMax}`);
	const from = is.account('from');
	return {
		does: 'transfer',
		from,
		moves: moves.map((one): Move => {
			const move = membersOf(one, 'a move', ['hourMs', 'to', 'energyWh']);
			const to = move.account('to');
			if (to === from) throw new Wrong(`a transfer from ${from} to itself moves nothing`);
			return {hour: move.hour(), to, energyWh: move.energyWh()};
		}),
		market: market === undefined ? undefined : is.text('market', idPattern, 'the name of a market'),
	};
}

/** The body that such a transfer has. */
export function transferBody({from, moves, market}: Omit<Transfer, 'does'>): StatementBody {
	return {
		does: 'transfer',
		from,
		...(market === undefined ? {} : {market}),
		moves: moves.map(({hour, to, energyWh}) => ({hourMs: hour * hourMs, to, energyWh})),
	};
}
