// Turns the entries of a counter into the energy of each slot. Pure.

/** An entry of one register channel, as the log has it. */
export type RegisterEntry = {
	readonly index: number;
	/** Place within the channel; rises without gaps. */
	readonly number: number;
	/** By the device's clock; 0 if it claims no time: such an entry is no crossing of anything. */
	readonly measuredAtMs: number;
	/** The register, rounded down to whole Wh. */
	readonly registerWh: number;
	/** How often the counter has begun anew. */
	readonly counterEpoch: number;
};

/** What a slot got, and the entries that say so. */
export type SlotEnergy = {
	/** undefined: a boundary is missing, or the register fell between the boundaries. */
	readonly energyWh: number | undefined;
	/** Not measured slot by slot: spread flat between two boundaries that are further apart. */
	readonly spread: boolean;
	/** Numbers of the entries at the two boundaries. */
	readonly fromNumber: number | undefined;
	readonly toNumber: number | undefined;
};

/**
 * The register at each boundary T = first + i·step: the entry n with measuredAt(n) ≤ T < measuredAt(n+1), both within twice the cadence of T; of several the lowest n, so that
 * whoever shows a lower one is right. Entries come in the order of their numbers. undefined where there is no crossing.
 */
export function boundariesOf(
	entries: readonly RegisterEntry[],
	grid: {readonly firstMs: number; readonly stepMs: number; readonly count: number},
	cadenceMs: number,
): (RegisterEntry | undefined)[] {
	const {firstMs, stepMs, count} = grid;
	const farMs = 2 * cadenceMs;
	const boundaries = new Array<RegisterEntry | undefined>(count).fill(undefined);
	for (let i = 0; i + 1 < entries.length; i += 1) {
		const [before, after] = [entries[i]!, entries[i + 1]!];
		if (after.number !== before.number + 1 || before.measuredAtMs === 0 || after.measuredAtMs === 0) continue;
		// What both are near enough to, which bounds this loop whatever the device's clock does.
		const fromMs = Math.max(before.measuredAtMs, after.measuredAtMs - farMs);
		const toMs = Math.min(after.measuredAtMs - 1, before.measuredAtMs + farMs);
		for (let at = Math.max(0, Math.ceil((fromMs - firstMs) / stepMs)); at < count && firstMs + at * stepMs <= toMs; at += 1)
			boundaries[at] ??= before;
	}
	return boundaries;
}

/**
 * The energy of the slots between boundaries, one fewer than there are boundaries. Between two known boundaries with missing ones between them it is spread flat,
 * the remainder to the last slot. A register that falls, or counts in another epoch, tells nothing.
 */
export function slotEnergies(boundaries: readonly (RegisterEntry | undefined)[]): SlotEnergy[] {
	const unknown: SlotEnergy = {energyWh: undefined, spread: false, fromNumber: undefined, toNumber: undefined};
	const slots = new Array<SlotEnergy>(Math.max(0, boundaries.length - 1)).fill(unknown);
	let from: number | undefined;
	for (const [to, end] of boundaries.entries()) {
		if (end === undefined) continue;
		const start = from === undefined ? undefined : boundaries[from];
		if (start !== undefined && from !== undefined) {
			const totalWh = end.registerWh - start.registerWh;
			const isKnown = totalWh >= 0 && end.counterEpoch === start.counterEpoch;
			const count = to - from;
			const eachWh = Math.floor(totalWh / count);
			for (let slot = from; isKnown && slot < to; slot += 1) {
				const energyWh = slot === to - 1 ? totalWh - eachWh * (count - 1) : eachWh;
				slots[slot] = {energyWh, spread: count > 1, fromNumber: start.number, toNumber: end.number};
			}
		}
		from = to;
	}
	return slots;
}

/** Net export of a slot from both registers; undefined unless both are known. */
export function netExportWh(exported: SlotEnergy, imported: SlotEnergy): number | undefined {
	if (exported.energyWh === undefined || imported.energyWh === undefined) return undefined;
	return exported.energyWh - imported.energyWh;
}
