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

export type Trust = {
	/** One key per log and epoch; the key's name is the origin. */
	readonly logs: readonly NoteKey[];
	readonly registries: readonly TrustedRegistry[];
	readonly anchors: readonly PinnedAnchor[];
};

export const trustFormat = 'kedge trust 1';
const lengthMax = 4 * 1024 * 1024;
const itemsMax = 10_000;
const address = /^0x[0-9a-f]{40}$/;

export function formatTrust(trust: Trust): string {
	return canonicalText({
		format: trustFormat,
		logs: trust.logs.map(formatNoteKey),
		registries: trust.registries.map(({chainId, registry, opener}) => ({chainId, registry, opener})),
		anchors: trust.anchors.map(({chainId, registry, origin, size, root}) => ({chainId, registry, origin, size, root: toBase64(root)})),
	} satisfies Json);
}

/** Reads a trust file. People edit it: any JSON of the right shape is taken, white space and order are free; unknown keys are a problem. */
export function parseTrust(hasher: Hasher, bytes: Uint8Array): Parsed<Trust> {
	return parseEditedDocument(bytes, lengthMax, fields => readTrust(hasher, fields));
}

function readTrust(hasher: Hasher, fields: Fields): Trust {
	if (fields.text('format') !== trustFormat) shapeError(`format is not "${trustFormat}"`);
	// A misspelt key would leave out something that its owner believes to be checked.
	fields.only('format', 'logs', 'registries', 'anchors');
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
	};
}
