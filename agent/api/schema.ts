// The words of the HTTP interface as schemas: the same ones validate, serialise, and become the published description.

import {type Static, type TSchema, Type} from 'typebox';
import {signatureBytesMax} from './limits.ts';

/** Names a schema: the description has it once, under this name. */
export const nameKey = 'x-name';

const hex = (bytes: number, description: string) =>
	Type.String({pattern: `^0x[0-9a-fA-F]{${2 * bytes}}$`, maxLength: 2 + 2 * bytes, description});

export const hash = hex(32, '32 bytes, as 0x and 64 hexadecimal digits. Answers have lower-case digits.');
/** What orders and delegations are signed for. */
export const marketId = hex(32, "keccak-256 of the market's name, as 0x and 64 hexadecimal digits: `id` of GET /v1/markets.");
export const meterId = hex(32, 'keccak-256 of the text urn:kedge:device: and the name of the meter, as 0x and 64 hexadecimal digits.');
export const address = hex(
	20,
	'Address of an account, as 0x and 40 hexadecimal digits. Either case is taken; answers have lower-case digits.',
);
export const signature = Type.String({
	pattern: '^0x(?:[0-9a-fA-F]{2})+$',
	minLength: 4,
	maxLength: 2 + 2 * signatureBytesMax,
	description: `65 bytes r, s, v, as 0x and hexadecimal digits. For a contract account up to ${signatureBytesMax} bytes [ERC-1271].`,
});

const whole = (description: string, maximum: number = Number.MAX_SAFE_INTEGER, minimum = 0) =>
	Type.Integer({minimum, maximum, description});

export const energyWh = whole('Energy in Wh.');
export const signedEnergyWh = whole('Energy in Wh; negative is import.', Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER);
export const price = whole('Price in µ-currency/kWh, which is nano-currency/Wh.');
export const slotMs = 900_000;
export const slot = whole('Number of a slot: seconds since 1970 divided by 900, rounded down.', 0xffff_ffff);
export const day = whole('Number of a day in UTC: the slot divided by 96, rounded down.', 0xffff_ffff);
export const count = whole('A count.');
export const seconds = whole('Seconds since 1970.');
export const sequence = whole('Place in the order of arrival, from 1, without gaps in a market.');
export const nano = Type.String({pattern: '^-?[0-9]{1,39}$', maxLength: 40, description: 'Amount in nano-currency, as decimal text.'});
export const wideNumber = Type.String({pattern: '^[0-9]{1,78}$', maxLength: 78, description: 'Up to 256 bits, as decimal text.'});
export const time = Type.String({description: 'RFC 3339, UTC.'});
export const side = Type.Unsafe<'buy' | 'sell'>({type: 'string', enum: ['buy', 'sell']});
export const mode = Type.Unsafe<'metered' | 'forward'>({type: 'string', enum: ['metered', 'forward']});
export const market = Type.String({
	pattern: '^(?:0x[0-9a-fA-F]{64}|[A-Za-z0-9_-]{1,64})$',
	maxLength: 66,
	description: 'Name of a market, or keccak-256 of it. May be left out where the agent has one market.',
});
export const anything = Type.Unknown();

export function oneOf<const T extends readonly string[]>(values: T, description = '') {
	return Type.Unsafe<T[number]>({type: 'string', enum: [...values], ...(description === '' ? {} : {description})});
}

/** A text, or null while there is none. */
export function textOrNull(description: string) {
	return Type.Unsafe<string | null>({type: ['string', 'null'], description});
}

export const cursor = Type.String({pattern: '^[A-Za-z0-9_-]{1,256}$', maxLength: 256, description: 'The `next` of the page before.'});

/** ms since 1970, as far as an entry can say them. */
export const timeMs = whole('ms since 1970.', 0xffff_ffff_ffff);
export const index = whole('Place in the log, from 0.', 0xffff_ffff_ffff);
export const accountId = Type.String({pattern: '^[A-Za-z0-9_-]{1,64}$', maxLength: 64, description: '1 to 64 letters, digits, _ or -.'});
export const digits = Type.String({description: 'Digits with a sign, to be multiplied with ten to the exponent.'});
export const digitsOrNull = textOrNull('Digits with a sign, to be multiplied with ten to the exponent; null: no value.');
export const wholeOrNull = (description: string) => Type.Unsafe<number | null>({type: ['integer', 'null'], description});

/** A list with the cursor of its next page. */
export function pageOf<T extends TSchema>(name: string, items: T) {
	return Type.Object(
		{
			items: Type.Array(items),
			next: Type.Optional(Type.String({description: 'Cursor of the next page; missing on the last one.'})),
		},
		{[nameKey]: name},
	);
}

/** For bodies and queries: what is not named is refused. */
export const closed = {additionalProperties: false} as const;

export type {Static, TSchema};
export {Type};
