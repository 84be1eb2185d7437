// Turns what is written down about a chain and what the chain shows into the sentence that says how they differ.

/** What tells a chain and its registry from others that claim the same id and address. All 0x and 64 hexadecimal digits; what is left out is not compared. */
export type Pins = {
	/** Hash of block 0. */
	readonly genesisHash?: string;
	/** keccak256 of the registry's code. */
	readonly codeHash?: string;
};

export type FoundPins = {readonly genesisHash: string | undefined; readonly codeHash: string | undefined};

/** How what was found differs from what is pinned; undefined if it does not. */
export function pinProblem(pins: Pins, found: FoundPins): string | undefined {
	const differs = (pinned: string | undefined, shown: string | undefined): boolean =>
		pinned !== undefined && pinned.toLowerCase() !== shown?.toLowerCase();
	if (differs(pins.genesisHash, found.genesisHash)) {
		return `the chain begins with block ${found.genesisHash ?? 'unknown'}, but ${pins.genesisHash} is pinned: it is another chain of the same id, or it was reset`;
	}
	if (differs(pins.codeHash, found.codeHash)) {
		return `the registry's code has the hash ${found.codeHash ?? 'of no code'}, but ${pins.codeHash} is pinned: it is another contract`;
	}
	return undefined;
}
