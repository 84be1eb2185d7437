// Passwords of devices and people: kept as scrypt hashes, checked off the event loop.

import {scrypt, timingSafeEqual} from 'node:crypto';
import {fromBase64, toBase64} from './bytes.ts';
import type {Random} from './random.ts';

/** Cost of the hashes that we make: 1 MiB and 2 ms. A generated password has 130 bits, which nobody guesses however cheap a guess is; what a check takes from a Pi matters more. */
const costDefault = 10;
/** Cost of the hashes of passwords that people choose: 16 MiB and 40 ms, on a Pi 200 ms. */
export const chosenCost = 14;
/** Hashes made elsewhere may cost less or more, from 1 to 64 MiB. */
const costMin = 10;
const costMax = 16;
const blockSize = 8;
const hashLength = 32;
const hashPattern = /^scrypt\$([0-9]{1,2})\$([A-Za-z0-9+/=]{16,64})\$([A-Za-z0-9+/=]{44})$/;

const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789';

/** A password of 26 characters that people can type: 130 bits. */
export function generatePassword(random: Random): string {
	let password = '';
	for (const byte of random.bytes(26)) password += alphabet[byte % alphabet.length];
	return password;
}

/** `scrypt$LOG2N$SALT$HASH`, r = 8, p = 1 [RFC 7914]. */
export async function hashPassword(password: string, random: Random, cost: number = costDefault): Promise<string> {
	const salt = random.bytes(16);
	return `scrypt$${cost}$${toBase64(salt)}$${toBase64(await derive(Buffer.from(password), salt, cost))}`;
}

/** Why this is not a hash that hashPassword makes; undefined if it is one. */
export function passwordHashProblem(hash: string): string | undefined {
	const found = hashPattern.exec(hash);
	const isReadable = found !== null && fromBase64(found[2]!) !== undefined && fromBase64(found[3]!) !== undefined;
	if (!isReadable || Number(found[1]) > costMax || Number(found[1]) < costMin)
		return 'is not of the form scrypt$LOG2N$SALT$HASH; make one with: kedge password';
	return undefined;
}

export async function checkPassword(password: Uint8Array, hash: string): Promise<boolean> {
	const found = hashPattern.exec(hash);
	if (found === null || Number(found[1]) > costMax) return false;
	const [, cost, saltText = '', hashText = ''] = found;
	const salt = fromBase64(saltText);
	const wanted = fromBase64(hashText);
	if (salt === undefined || wanted?.length !== hashLength) return false;
	return timingSafeEqual(await derive(password, salt, Number(cost)), wanted);
}

function derive(password: Uint8Array, salt: Uint8Array, cost: number): Promise<Buffer> {
	return new Promise((resolve, reject) => {
		scrypt(password, salt, hashLength, {N: 2 ** cost, r: blockSize, p: 1, maxmem: 2 ** cost * blockSize * 256}, (error, key) =>
			error === null ? resolve(key) : reject(error),
		);
	});
}
