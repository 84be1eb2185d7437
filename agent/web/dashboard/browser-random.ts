// The only place of the dashboard that draws by lot: what wallets sign must differ from all that was signed before.

/** So many bytes that nobody can guess, as hexadecimal digits with 0x. */
export function randomHex(length: number): string {
	return `0x${Array.from(crypto.getRandomValues(new Uint8Array(length)), byte => byte.toString(16).padStart(2, '0')).join('')}`;
}
