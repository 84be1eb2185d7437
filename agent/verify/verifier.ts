// Checks receipts, histories and packages against what the verifier trusts. Asks nobody, unless it is handed a chain to ask.

import {fromUtf8} from '../base/bytes.ts';
import type {Hasher} from '../base/hash.ts';
import type {VerifyDeviceSignature} from '../format/device-key.ts';
import {disclosureFormats} from '../format/disclosure.ts';
import {historyFormats} from '../format/history.ts';
import type {VerifySignature} from '../format/note.ts';
import {receiptFormats} from '../format/receipt.ts';
import type {Trust} from '../format/trust.ts';
import type {ChainReader} from './anchors.ts';
import type {KeyOfDevice} from './device-signature.ts';
import {verifyDisclosure} from './disclosure.ts';
import {createHeadChecker} from './head.ts';
import {verifyHistory} from './history.ts';
import {type PackageNeeds, type PackageSource, sourceOfBytes, verifyPackage} from './package.ts';
import {verifyReceipt} from './receipt.ts';
import {conclude, fail, noFacts, type Verdict} from './verdict.ts';

export type VerifierOptions = {
	readonly hasher: Hasher;
	/** Ed25519: node's, a browser's, or any other; it may throw or reject, which fails the signature. */
	readonly verifySignature: VerifySignature;
	/** Signatures of devices. @default Ed25519 by verifySignature; those of other types stay unchecked */
	readonly verifyDeviceSignature?: VerifyDeviceSignature | undefined;
	/** Says what is known of a device's keys beside the receipt. @default nothing */
	readonly keyOfDevice?: KeyOfDevice | undefined;
	/** Asked about anchors in trusted registries. @default nobody is asked */
	readonly chain?: ChainReader | undefined;
	/** Counts answers of packages anew. @default nobody does, and packages fail */
	readonly recountOf?: PackageNeeds['recountOf'];
	/** @default format/sm3.ts */
	readonly sm3?: PackageNeeds['sm3'];
};

export type Verifier = {
	/** The verdict on a file, told apart by its `format` field. Never throws or rejects, whatever the bytes are. */
	readonly verify: (bytes: Uint8Array, trust: Trust) => Promise<Verdict>;
	/** The verdict on a package of which only what is looked at is read. Rejects only if it cannot be. */
	readonly verifyPackage: (source: PackageSource, trust: Trust, onProgress?: (done: number, all: number) => void) => Promise<Verdict>;
};

const knownFormats: readonly string[] = [...receiptFormats, ...historyFormats, ...disclosureFormats];

/** A verifier. It keeps nothing between files but which checkpoints it found signed by which keys, bounded. */
export function createVerifier(options: VerifierOptions): Verifier {
	const {hasher, chain, verifySignature, keyOfDevice} = options;
	const verifyDeviceSignature: VerifyDeviceSignature =
		options.verifyDeviceSignature ??
		(({type, bytes}, message, signature) => (type === 'ed25519' ? verifySignature(bytes, message, signature) : undefined));
	const needs = {hasher, chain, checkHead: createHeadChecker(verifySignature), verifySignature, verifyDeviceSignature, keyOfDevice};
	const {recountOf, sm3} = options;
	return {
		verifyPackage: (source, trust, onProgress) => verifyPackage({...needs, recountOf, sm3, onProgress}, source, trust),
		verify: async (bytes, trust) => {
			if (isZip(bytes)) return verifyPackage({...needs, recountOf, sm3}, sourceOfBytes(bytes), trust);
			const format = formatOf(bytes) ?? '';
			if (receiptFormats.includes(format)) return verifyReceipt(needs, bytes, trust);
			if (disclosureFormats.includes(format)) return verifyDisclosure(needs, bytes, trust);
			if (historyFormats.includes(format)) return verifyHistory(needs, bytes, trust);
			const found = format === '' ? 'it does not begin with a format' : `its format is "${format}"`;
			return conclude(
				'unknown',
				[fail('form', `${found}; this program knows "${knownFormats.join('", "')}" and ZIP files that are evidence packages`)],
				noFacts,
			);
		},
	};
}

/** PK, 3, 4: a file of a ZIP file begins [APPNOTE §4.3.7]. */
function isZip(bytes: Uint8Array): boolean {
	return bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4;
}

/** The format that a document of ours names in its first line. */
function formatOf(bytes: Uint8Array): string | undefined {
	const end = bytes.subarray(0, 128).indexOf(0x2c);
	const start = fromUtf8(bytes.subarray(0, Math.max(end, 0)));
	return start === undefined ? undefined : /^\s*\{\s*"format"\s*:\s*"([^"\\]*)"\s*$/.exec(start)?.[1];
}
