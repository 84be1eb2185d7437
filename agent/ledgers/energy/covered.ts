// Keeps which Wh of a register are certified, so that none ever is twice. Pure.

/** Wh from … to of one life of the counter, the first excluded: what the register showed after `fromWh` up to `toWh`. */
export type Stretch = {readonly counterEpoch: number; fromWh: number; toWh: number};

export type Covered = {
	/** By counter epoch and Wh, apart from one another. */
	readonly stretches: Stretch[];
	/** Lives of the counter up to this one are closed: nothing of them is certified any more. */
	closedEpoch: number;
};

/** Gaps make stretches. Where there are more, the oldest gap is given up: what lies in it is never certified. */
export const stretchesMax = 256;

export function startCovered(): Covered {
	return {stretches: [], closedEpoch: -1};
}

/** Takes Wh for a certificate; false if one of them is taken already, or given up. An empty stretch MUST NOT be asked for. */
export function takeStretch(covered: Covered, counterEpoch: number, fromWh: number, toWh: number): boolean {
	const {stretches} = covered;
	if (counterEpoch <= covered.closedEpoch) return false;
	// Nearly always it goes on where the last one ended; looked for from behind.
	let at = stretches.length;
	while (at > 0 && isBehind(stretches[at - 1]!, counterEpoch, fromWh)) at -= 1;
	// Those before `at` begin at or before it, those from `at` on behind it.
	const [before, after] = [stretches[at - 1], stretches[at]];
	if (before?.counterEpoch === counterEpoch && before.toWh > fromWh) return false;
	if (after?.counterEpoch === counterEpoch && after.fromWh < toWh) return false;
	const goesOn = before?.counterEpoch === counterEpoch && before.toWh === fromWh;
	const leadsTo = after?.counterEpoch === counterEpoch && after.fromWh === toWh;
	if (goesOn && leadsTo) {
		before.toWh = after.toWh;
		stretches.splice(at, 1);
	} else if (goesOn) before.toWh = toWh;
	else if (leadsTo) after.fromWh = fromWh;
	else stretches.splice(at, 0, {counterEpoch, fromWh, toWh});
	if (stretches.length > stretchesMax) giveUpOldest(covered);
	return true;
}

function isBehind(stretch: Stretch, counterEpoch: number, fromWh: number): boolean {
	return stretch.counterEpoch > counterEpoch || (stretch.counterEpoch === counterEpoch && stretch.fromWh > fromWh);
}

function giveUpOldest(covered: Covered): void {
	const [first, second] = covered.stretches;
	if (first!.counterEpoch === second!.counterEpoch) second!.fromWh = first!.fromWh;
	else covered.closedEpoch = first!.counterEpoch;
	covered.stretches.shift();
}
