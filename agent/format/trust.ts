// The trust file: what a verifier brings along. It says whose log it believes, and which anchors it has seen for itself.

import {fromBase64, toBase64} from '../base/bytes.ts';
import {type Hasher, hashLength} from '../base/hash.ts';
import {canonicalText, type Fields, type Json, type Parsed, parseEditedDocument, shapeError} from './document.ts';
import {formatNoteKey, type NoteKey, parseNoteKey} from './note.ts';

/** A registry on a chain that the verifier accepts, and the address that may speak for the log there. */
export type TrustedRegistry = {readonly chainId: number; readonly registry: string; readonly opener: string};

/** An anchor that the verifier has seen: with it a receipt is shown to be anchored without asking anybody. */
export type PinnedAnchor = {
	readonly chainId: number;
	readonly registry: string;
	readonly origin: string;
	readonly size: number;
	readonly root: Uint8Array;
};

/** A block that the verifier knows to be of that chain, final there: a proof that leads to it needs nobody to be asked. */
export type PinnedBlock = {
	readonly chainId: number;
	readonly number: number;
	/** 0x and 64 lower-case hexadecimal digits. */
	readonly hash: string;
	/** By its header, s since 1970; undefined where only its hash is known. */
	readonly timeS?: number | undefined;
};

/** A time-stamp authority that the verifier accepts [RFC 3161]. */
export type TrustedAuthority = {
	/** What its owner calls it. Certificates of one name are of one authority: it renews them. */
	readonly name: string;
	/** DER of the certificate that signs its tokens, or of one above it. */
	readonly certificate: Uint8Array;
};

export type Trust = {
	/** One key per log and epoch; the key's name is the origin. */
	readonly logs: readonly NoteKey[];
	readonly registries: readonly TrustedRegistry[];
	readonly anchors: readonly PinnedAnchor[];
	readonly blocks: readonly PinnedBlock[];
	readonly authorities: readonly TrustedAuthority[];
	/** How many anchors, on different chains or by different authorities, a file must have that hold; undefined: it is for the reader to judge. */
	readonly anchorsNeeded: number | undefined;
};

/** Trusts nobody. */
export const emptyTrust: Trust = {logs: [], registries: [], anchors: [], blocks: [], authorities: [], anchorsNeeded: undefined};

export const trustFormat = 'kedge trust 1';
/** With blocks, authorities or a number of anchors in it. */
export const widerTrustFormat = 'kedge trust 2';
/** What a policy may ask for: more than one document can list is a mistake. */
export const anchorsNeededMax = 24;
const authorityNameLengthMax = 200;
/** A certificate has 1 to 2 KiB. */
const certificateLengthMax = 16 * 1024;
const hash32 = /^0x[0-9a-f]{64}$/;
const lengthMax = 4 * 1024 * 1024;
const itemsMax = 10_000;
const address = /^0x[0-9a-f]{40}$/;

export function formatTrust(trust: Trust): string {
	const {blocks, authorities, anchorsNeeded} = trust;
	const isWider = blocks.length > 0 || authorities.length > 0 || anchorsNeeded !== undefined;
	const wider = {
		blocks: blocks.map(({chainId, number, hash, timeS}) => ({chainId, number, hash, timeS})),
		authorities: authorities.map(({name, certificate}) => ({name, certificate: toBase64(certificate)})),
		anchorsNeeded,
	};
	return canonicalText({
		format: isWider ? widerTrustFormat : trustFormat,
		logs: trust.logs.map(formatNoteKey),
		registries: trust.registries.map(({chainId, registry, opener}) => ({chainId, registry, opener})),
		anchors: trust.anchors.map(({chainId, registry, origin, size, root}) => ({chainId, registry, origin, size, root: toBase64(root)})),
		...(isWider ? wider : {}),
	} satisfies Json);
}

/** Reads a trust file. People edit it: any JSON of the right shape is taken, white space and order are free; unknown keys are a problem. */
export function parseTrust(hasher: Hasher, bytes: Uint8Array): Parsed<Trust> {
	return parseEditedDocument(bytes, lengthMax, fields => readTrust(hasher, fields));
}

function readTrust(hasher: Hasher, fields: Fields): Trust {
	const format = fields.text('format');
	if (format !== trustFormat && format !== widerTrustFormat) shapeError(`format is not "${trustFormat}" or "${widerTrustFormat}"`);
	const isWider = format === widerTrustFormat;
	// A misspelt key would leave out something that its owner believes to be checked.
	fields.only('format', 'logs', 'registries', 'anchors', ...(isWider ? ['blocks', 'authorities', 'anchorsNeeded'] : []));
	const addressOf = (item: Fields, key: string): string => {
		const value = item.text(key).toLowerCase();
		return address.test(value) ? value : shapeError(`${key} "${value}" is not an address`);
	};
	return {
		logs: fields.texts('logs', itemsMax).map(vkey => parseNoteKey(hasher, vkey) ?? shapeError(`log key "${vkey}" is not an Ed25519 vkey`)),
		registries: fields.list('registries', itemsMax, item => {
			item.only('chainId', 'registry', 'opener');
			return {chainId: item.count('chainId'), registry: addressOf(item, 'registry'), opener: addressOf(item, 'opener')};
		}),
		anchors: fields.list('anchors', itemsMax, item => {
			item.only('chainId', 'registry', 'origin', 'size', 'root');
			const root = fromBase64(item.text('root'));
			if (root?.length !== hashLength) shapeError('root of a pinned anchor is not 32 bytes of base64');
			return {
				chainId: item.count('chainId'),
				registry: addressOf(item, 'registry'),
				origin: item.text('origin'),
				size: item.count('size'),
				root: root as Uint8Array,
			};
		}),
		blocks: fields.has('blocks') ? fields.list('blocks', itemsMax, readBlock) : [],
		authorities: fields.has('authorities') ? fields.list('authorities', itemsMax, readAuthority) : [],
		anchorsNeeded: fields.has('anchorsNeeded') ? readNeeded(fields.count('anchorsNeeded')) : undefined,
	};
}

function readBlock(item: Fields): PinnedBlock {
	item.only('chainId', 'number', 'hash', 'timeS');
	const hash = item.text('hash').toLowerCase();
	if (!hash32.test(hash)) shapeError(`hash "${hash}" of a pinned block is not 0x and 64 hexadecimal digits`);
	return {
		chainId: item.count('chainId'),
		number: item.count('number'),
		hash,
		...(item.has('timeS') ? {timeS: item.count('timeS')} : {}),
	};
}

function readAuthority(item: Fields): TrustedAuthority {
	item.only('name', 'certificate');
	const name = item.text('name');
	if (name === '' || name.length > authorityNameLengthMax)
		shapeError(`the name of an authority is empty or longer than ${authorityNameLengthMax}`);
	const certificate = item.bytes('certificate');
	if (certificate.length > certificateLengthMax) shapeError(`the certificate of "${name}" is longer than ${certificateLengthMax} bytes`);
	return {name, certificate};
}

function readNeeded(count: number): number {
	return count >= 1 && count <= anchorsNeededMax ? count : shapeError(`anchorsNeeded is ${count}, not 1 to ${anchorsNeededMax}`);
}
