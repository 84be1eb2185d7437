import test from 'ava';
import fc from 'fast-check';
import {drawHabit, limitsOf, type Prices} from '../../sim/community/habit.ts';
import {jPerWh, lifeOf, slotsOf, stepBattery} from '../../sim/community/home.ts';
import {communityPoints, meterMessage, pointsOf} from '../../sim/community/meter.ts';
import {fuseWhPerSlot, type Home, planCommunity, slotMs, standingOrders} from '../../sim/community/plan.ts';
import {createChance} from '../../sim/seed.ts';

const prices: Prices = {feedInMicroPerKwh: 80_000, retailMicroPerKwh: 300_000, gridFeeMicroPerKwh: 40_000};
const seed = 'test';
/** Midnight of 2026-06-21, UTC. */
const slotFrom = Date.UTC(2026, 5, 21) / slotMs;
const homes = planCommunity({seed, homes: 50, prices});

const arbitraryPrices: fc.Arbitrary<Prices> = fc
	.tuple(fc.nat({max: 500_000}), fc.nat({max: 500_000}), fc.nat({max: 500_000}))
	.map(([f, g, width]) => ({feedInMicroPerKwh: f, gridFeeMicroPerKwh: g, retailMicroPerKwh: f + g + width}));

test('a seed fixes every home, and more homes leave the first ones as they are', t => {
	t.deepEqual(planCommunity({seed, homes: 50, prices}), homes);
	t.deepEqual(planCommunity({seed, homes: 7, prices}), homes.slice(0, 7));
	t.notDeepEqual(planCommunity({seed: 'another', homes: 50, prices}), homes);
	t.deepEqual([...slotsOf(homes[3]!, seed, slotFrom, 8)], [...slotsOf(homes[3]!, seed, slotFrom, 8)]);
});

test('a community of fifty has panels, batteries, every habit, and meters that speak beside the boundaries', t => {
	const count = (is: (home: Home) => boolean): number => homes.filter(is).length;
	t.true(count(home => home.pvPeakW > 0) > 20);
	t.true(count(home => home.battery !== undefined) > 5);
	t.true(count(home => home.phaseMs > 0) > 0);
	for (const kind of ['tariff', 'fixed', 'share', 'daily']) t.true(count(home => home.habit.kind === kind) > 0, kind);
	for (const home of homes) if (home.battery !== undefined) t.true(home.pvPeakW > 0);
});

test('a home neither makes nor loses energy but in its battery, whose store stays within its capacity', t => {
	for (const home of homes.slice(0, 12)) {
		let first: ReturnType<(typeof states)['next']>['value'] | undefined;
		const states = lifeOf(home, seed, slotFrom * slotMs, 2 * 1440);
		let before = 0;
		for (const state of states) {
			first ??= state;
			const gained = (key: 'loadJ' | 'pvJ' | 'importJ' | 'exportJ' | 'chargedJ' | 'dischargedJ'): number =>
				state[key] - (first as typeof state)[key];
			t.is(gained('importJ') + gained('pvJ') + gained('dischargedJ'), gained('loadJ') + gained('exportJ') + gained('chargedJ'));
			t.true(state.storedJ >= 0 && state.storedJ <= (home.battery?.capacityWh ?? 0) * jPerWh);
			t.true(Number.isInteger(state.storedJ) && Number.isInteger(state.importJ) && Number.isInteger(state.exportJ));
			t.true(state.timeMs > before);
			before = state.timeMs;
		}
	}
});

test('a battery never gives more than it took, whatever is asked of it', t => {
	const battery = fc.record({
		capacityWh: fc.integer({min: 1, max: 20_000}),
		chargeW: fc.integer({min: 1, max: 8000}),
		dischargeW: fc.integer({min: 1, max: 8000}),
		efficiencyPpm: fc.integer({min: 1, max: 1_000_000}),
	});
	fc.assert(
		fc.property(battery, fc.array(fc.integer({min: -900_000, max: 900_000}), {maxLength: 60}), (plan, surpluses) => {
			let [storedJ, tookJ, gaveJ] = [0, 0, 0];
			for (const surplusJ of surpluses) {
				const step = stepBattery({battery: plan}, storedJ, surplusJ);
				storedJ = step.storedJ;
				tookJ += step.inJ;
				gaveJ += step.outJ;
				t.true(step.inJ >= 0 && step.outJ >= 0 && (step.inJ === 0 || step.outJ === 0));
				t.true(step.inJ <= Math.max(0, surplusJ) && step.inJ <= plan.chargeW * 60);
				t.true(step.outJ <= Math.max(0, -surplusJ) && step.outJ <= plan.dischargeW * 60);
				t.true(storedJ >= 0 && storedJ <= plan.capacityWh * jPerWh);
				t.true(gaveJ + storedJ <= tookJ);
			}
		}),
	);
});

test('a meter that speaks at the boundaries shows exactly what flows in each slot; one that speaks later is never more than a cadence off', t => {
	const slots = 96;
	for (const home of homes.slice(0, 20)) {
		const truth = [...slotsOf(home, seed, slotFrom, slots)];
		const points = [...pointsOf(home, seed, slotFrom, slots)];
		t.is(points[0]!.atMs, slotFrom * slotMs + home.phaseMs);
		t.true(points.at(-1)!.atMs > (slotFrom + slots) * slotMs);
		for (const [i, point] of points.entries()) {
			const before = points[i - 1];
			t.is(point.sequence, i + 1);
			if (before === undefined) continue;
			t.is(point.atMs - before.atMs, home.cadenceMs);
			t.true(point.importWh >= before.importWh && point.exportWh >= before.exportWh && (point.pvWh ?? 0) >= (before.pvWh ?? 0));
		}
		if (home.phaseMs > 0) continue;
		const at = (slot: number) => points.find(({atMs}) => atMs === slot * slotMs)!;
		for (const {slot, importWh, exportWh} of truth) {
			t.is(at(slot + 1).importWh - at(slot).importWh, importWh);
			t.is(at(slot + 1).exportWh - at(slot).exportWh, exportWh);
		}
	}
});

test('the points of a community come in the order of their times, and all of them', t => {
	const few = homes.slice(0, 9);
	const points = [...communityPoints(few, seed, slotFrom, 4)];
	t.is(
		points.length,
		few.reduce((sum, home) => sum + [...pointsOf(home, seed, slotFrom, 4)].length, 0),
	);
	for (const [i, {atMs}] of points.entries()) t.true(i === 0 || atMs >= points[i - 1]!.atMs);
});

test('a message prints kilowatt-hours that are its registers', t => {
	const [point] = pointsOf(homes.find(({pvPeakW}) => pvPeakW > 0)!, seed, slotFrom, 1);
	const message = meterMessage(point!, 'b1');
	const read = JSON.parse(message.payload) as Record<string, number | string>;
	t.is(Math.round(Number(read.import_kwh) * 1000), point!.importWh);
	t.is(Math.round(Number(read.pv_kwh) * 1000), point!.pvWh ?? 0);
	t.is(Date.parse(String(read.at)), point!.atMs);
	t.deepEqual(
		message.readings.map(({quantityName}) => quantityName),
		['energy-import', 'energy-export', 'energy-generated'],
	);
	t.is(message.readings[1]!.value, BigInt(point!.exportWh));
});

test('every habit keeps inside the band of every tariff that makes a market, on every day', t => {
	fc.assert(
		fc.property(arbitraryPrices, fc.string(), fc.nat({max: 30_000}), (here, text, day) => {
			const {feedInMicroPerKwh: f, retailMicroPerKwh: r, gridFeeMicroPerKwh: g} = here;
			const {sellMicroPerKwh, buyMicroPerKwh} = limitsOf(drawHabit(here, createChance(text, 'habit')), day, here);
			t.true(sellMicroPerKwh >= f && sellMicroPerKwh <= r - g && Number.isInteger(sellMicroPerKwh));
			t.true(buyMicroPerKwh >= f + g && buyMicroPerKwh <= r && Number.isInteger(buyMicroPerKwh));
		}),
	);
});

test('a home has one buying order for every slot, and one selling order if it can sell', t => {
	for (const home of homes) {
		const orders = standingOrders(home, slotFrom + 10, 200, prices);
		for (let slot = slotFrom; slot < slotFrom + 220; slot += 1) {
			const live = (side: 'buy' | 'sell') =>
				orders.filter(one => one.side === side && slot >= one.slotFrom && slot < one.slotFrom + one.slotCount).length;
			const isInside = slot >= slotFrom + 10 && slot < slotFrom + 210;
			t.is(live('buy'), isInside ? 1 : 0);
			t.is(live('sell'), isInside && home.pvPeakW > 0 ? 1 : 0);
		}
		for (const {quantityWh} of orders) t.true(quantityWh > 0 && quantityWh <= fuseWhPerSlot);
	}
});

test('a community that cannot be is refused with a sentence', t => {
	t.throws(() => planCommunity({seed, homes: 0, prices}), {message: 'a community has 1 to 9999 homes, not 0'});
	t.throws(() => planCommunity({seed, homes: 1, prices, cadenceMs: 7000}), {message: /is no divisor of 900000 ms/});
});
