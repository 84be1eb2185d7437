// The anchoring key: made once, kept encrypted, and able to do one thing, to sign transactions.

import {scrypt as nodeScrypt} from 'node:crypto';
import {encryptKeystoreJson, getBytes, scrypt, Wallet} from 'ethers';
import {AgentError} from '../base/errors.ts';
import {createSigner} from '../base/secp256k1.ts';

/** A transaction before it is signed; amounts in wei. */
export type UnsignedTransaction = {
	readonly chainId: number;
	readonly nonce: number;
	/** Undefined to create a contract. */
	readonly to: string | undefined;
	/** 0x and hexadecimal digits. */
	readonly data: string;
	readonly value: bigint;
	readonly gasLimit: bigint;
} & TransactionPrice;

/** What a unit of gas may cost: by [EIP-1559], or one price for chains without it, bound to its chain by [EIP-155]. */
export type TransactionPrice =
	| {readonly type: 'dynamic'; readonly maxFeePerGas: bigint; readonly maxPriorityFeePerGas: bigint}
	| {readonly type: 'legacy'; readonly gasPrice: bigint};

export type Signer = {
	/** 0x and 40 lower-case hexadecimal digits. */
	readonly address: string;
	/** Gives the raw signed transaction, 0x and hexadecimal digits. The same request gives the same bytes [RFC 6979]. */
	readonly signTransaction: (transaction: UnsignedTransaction) => Promise<string>;
};

/**
 * 2^15 needs 32 MiB and a third of a second on a laptop. The usual 2^17 and more do not fit beside an agent on a Pi Zero; with 2^15 the password must not be a weak one.
 */
const scryptN = 2 ** 15;

/** Above this a keystore file could ask for more memory than the machine has. */
const scryptNMax = 2 ** 18;

// OpenSSL's scrypt needs the 32 MiB and gives them back, off the event loop. The portable one that ethers brings leaves twice that in the heap of an agent that has 100 MB.
scrypt.register(
	(password, salt, n, r, p, length) =>
		new Promise((resolve, reject) => {
			const costs = {N: n, r, p, maxmem: 256 * n * r};
			nodeScrypt(getBytes(password), getBytes(salt), length, costs, (error, key) =>
				error === null ? resolve(new Uint8Array(key)) : reject(error),
			);
		}),
);

/** Makes a new key. The key itself is nowhere but in the encrypted `json`. */
export async function createKeystore(
	password: string,
	options: {readonly scryptN?: number} = {},
): Promise<{readonly address: string; readonly json: string}> {
	// Only the key goes into the file: the words that ethers makes it from would be a second secret to guard.
	const {address, privateKey} = Wallet.createRandom();
	const json = await encryptKeystoreJson({address, privateKey}, password, {scrypt: {N: options.scryptN ?? scryptN, r: 8, p: 1}});
	return {address: address.toLowerCase(), json};
}

export async function openKeystore(json: string, password: string): Promise<Signer> {
	return signerOf(await openWallet(json, password));
}

async function openWallet(json: string, password: string): Promise<Wallet> {
	const n = scryptNOf(json);
	if (n === undefined) {
		throw new AgentError('KEY_INVALID', 'the keystore is not an encrypted JSON key (version 3, scrypt)', {
			hint: 'make one with `kedge init`, or export the key as a V3 keystore',
		});
	}
	if (n > scryptNMax) {
		throw new AgentError('KEY_INVALID', `the keystore asks for scrypt with N = ${n}; at most ${scryptNMax} is opened here`);
	}
	try {
		return (await Wallet.fromEncryptedJson(json, password)) as Wallet;
	} catch {
		// The cause is left out: nothing about a key may end up in a log.
		throw new AgentError('KEY_INVALID', 'the keystore does not open with this password', {hint: 'check the password file'});
	}
}

/** A signer that also signs digests as they are, for EIP-712. */
export type DigestSigner = Signer & {
	/** 65 bytes r ‖ s ‖ v with a low s. The same digest gives the same bytes. */
	readonly signDigest: (digest: Uint8Array) => Uint8Array;
};

/** Opens a keystore whose key signs transactions and digests: an operator's. */
export async function openDigestKeystore(json: string, password: string): Promise<DigestSigner> {
	const signer = await openWallet(json, password);
	const key = createSigner(getBytes(signer.privateKey));
	if (key === undefined) throw new AgentError('KEY_INVALID', 'the keystore holds no private key');
	return {...signerOf(signer), signDigest: key.sign};
}

/** The key that a text is, with or without 0x in front; undefined if it is another text, such as a keystore. */
export function bareKeyOf(text: string): string | undefined {
	const digits = /^(?:0x)?([0-9a-fA-F]{64})\s*$/.exec(text)?.[1];
	return digits === undefined ? undefined : `0x${digits}`;
}

/** A signer from a bare private key: of a credential, or of a demo chain whose keys are public. */
export function signerFromKey(privateKey: string): Signer {
	try {
		return signerOf(new Wallet(privateKey));
	} catch {
		throw new AgentError('KEY_INVALID', 'the private key is not 0x and 64 hexadecimal digits');
	}
}

function signerOf(wallet: {readonly address: string; readonly signTransaction: Wallet['signTransaction']}): Signer {
	return {
		address: wallet.address.toLowerCase(),
		signTransaction: asked => {
			const {chainId, nonce, to, data, value, gasLimit} = asked;
			const price =
				asked.type === 'legacy'
					? {type: 0, gasPrice: asked.gasPrice}
					: {type: 2, maxFeePerGas: asked.maxFeePerGas, maxPriorityFeePerGas: asked.maxPriorityFeePerGas};
			return wallet.signTransaction({...price, chainId, nonce, to: to ?? null, data, value, gasLimit});
		},
	};
}

/** N of a keystore whose other costs are the usual ones; undefined if it is none. Writers do not agree on the letter that `crypto` begins with. */
function scryptNOf(json: string): number | undefined {
	type Sealed = {readonly kdf?: unknown; readonly kdfparams?: {readonly n?: unknown; readonly r?: unknown; readonly p?: unknown}};
	try {
		const parsed = JSON.parse(json) as {readonly crypto?: Sealed; readonly Crypto?: Sealed};
		const {kdf, kdfparams} = parsed.crypto ?? parsed.Crypto ?? {};
		return kdf === 'scrypt' && typeof kdfparams?.n === 'number' && kdfparams.r === 8 && kdfparams.p === 1 ? kdfparams.n : undefined;
	} catch {
		return undefined;
	}
}
