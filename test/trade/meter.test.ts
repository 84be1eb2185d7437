import test from 'ava';
import fc from 'fast-check';
import {boundariesOf, netExportWh, type RegisterEntry, slotEnergies} from '../../agent/trade/meter.ts';

const at = (number: number, measuredAtMs: number, registerWh: number, counterEpoch = 0): RegisterEntry => ({
	index: number * 3,
	number,
	measuredAtMs,
	registerWh,
	counterEpoch,
});

const boundaryAt = (entries: readonly RegisterEntry[], atMs: number, cadenceMs: number): RegisterEntry | undefined =>
	boundariesOf(entries, {firstMs: atMs, stepMs: 900, count: 1}, cadenceMs)[0];

/** The rule, word by word. */
function slowly(entries: readonly RegisterEntry[], atMs: number, cadenceMs: number): RegisterEntry | undefined {
	return entries.find((before, i) => {
		const after = entries[i + 1];
		if (after?.number !== before.number + 1 || before.measuredAtMs === 0 || after.measuredAtMs === 0) return false;
		const isCrossing = before.measuredAtMs <= atMs && atMs < after.measuredAtMs;
		return isCrossing && atMs - before.measuredAtMs <= 2 * cadenceMs && after.measuredAtMs - atMs <= 2 * cadenceMs;
	});
}

test('all boundaries at once are those that the rule gives one by one, whatever the clock of the device does', t => {
	const arbitraryEntries = fc.array(fc.record({step: fc.integer({min: -200, max: 400}), skip: fc.boolean(), timeless: fc.nat({max: 9})}), {
		maxLength: 40,
	});
	fc.assert(
		fc.property(arbitraryEntries, fc.integer({min: 1, max: 300}), (steps, cadenceMs) => {
			let [number, timeMs] = [1, 1000];
			const entries = steps.map(({step, skip, timeless}, i) => {
				number += skip && i % 5 === 0 ? 2 : 1;
				timeMs = Math.max(1, timeMs + step);
				return at(number, timeless === 0 ? 0 : timeMs, i);
			});
			const found = boundariesOf(entries, {firstMs: 900, stepMs: 130, count: 30}, cadenceMs);
			for (const [i, boundary] of found.entries()) t.is(boundary, slowly(entries, 900 + i * 130, cadenceMs));
		}),
		{numRuns: 2000},
	);
});

test('a boundary is the entry before it whose follower comes after it, both near', t => {
	const entries = [at(1, 100, 5), at(2, 200, 6), at(3, 300, 7)];
	t.is(boundaryAt(entries, 200, 60)?.number, 2);
	t.is(boundaryAt(entries, 199, 60)?.number, 1);
	t.is(boundaryAt(entries, 300, 60), undefined);
	t.is(boundaryAt(entries, 99, 60), undefined);
	t.is(boundaryAt(entries, 250, 24), undefined);
	t.is(boundaryAt(entries, 250, 25)?.number, 2);
});

test('of several crossings the lowest number counts', t => {
	// The device's clock went back.
	const entries = [at(1, 100, 5), at(2, 210, 6), at(3, 150, 7), at(4, 230, 8)];
	t.is(boundaryAt(entries, 200, 1000)?.number, 1);
});

test('an entry without a time, or with a number missing behind it, is no crossing', t => {
	t.is(boundaryAt([at(1, 0, 5), at(2, 210, 6)], 200, 1000), undefined);
	t.is(boundaryAt([at(1, 100, 5), at(2, 0, 6)], 200, 1000), undefined);
	t.is(boundaryAt([at(1, 100, 5), at(3, 210, 6)], 200, 1000), undefined);
});

test('what lies between known boundaries is spread flat, the rest to the last slot', t => {
	const slots = slotEnergies([at(1, 0, 100), undefined, undefined, at(9, 9, 110), at(12, 12, 113)]);
	t.deepEqual(
		slots.map(slot => slot.energyWh),
		[3, 3, 4, 3],
	);
	t.deepEqual(
		slots.map(slot => slot.spread),
		[true, true, true, false],
	);
	t.deepEqual([slots[0]!.fromNumber, slots[0]!.toNumber, slots[3]!.fromNumber], [1, 9, 9]);
});

test('a register that falls or begins anew, and the slots at the ends without a boundary, are missing', t => {
	t.deepEqual(
		slotEnergies([at(1, 0, 100), at(2, 1, 90), at(3, 2, 95)]).map(slot => slot.energyWh),
		[undefined, 5],
	);
	t.deepEqual(
		slotEnergies([at(1, 0, 100), at(2, 1, 110, 1)]).map(slot => slot.energyWh),
		[undefined],
	);
	t.deepEqual(
		slotEnergies([undefined, at(1, 0, 100), undefined]).map(slot => slot.energyWh),
		[undefined, undefined],
	);
	t.deepEqual(slotEnergies([]), []);
	const [known, missing] = slotEnergies([at(1, 0, 100), at(2, 1, 110), undefined]);
	t.is(netExportWh(known!, known!), 0);
	t.is(netExportWh(known!, missing!), undefined);
});

test('whatever is missing, the slots between the first and the last boundary sum to what the register gained', t => {
	fc.assert(
		fc.property(fc.array(fc.option(fc.nat({max: 50})), {minLength: 2, maxLength: 30}), steps => {
			let register = 1000;
			const boundaries = steps.map((step, i) => {
				if (step === null) return undefined;
				register += step;
				return at(i + 1, i, register);
			});
			const known = boundaries.filter(one => one !== undefined);
			const slots = slotEnergies(boundaries);
			const sum = slots.reduce((total, {energyWh}) => total + (energyWh ?? 0), 0);
			t.is(sum, known.length < 2 ? 0 : known.at(-1)!.registerWh - known[0]!.registerWh);
			for (const {energyWh} of slots) if (energyWh !== undefined) t.true(energyWh >= 0 && Number.isInteger(energyWh));
		}),
	);
});
