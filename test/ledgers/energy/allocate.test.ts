import test from 'ava';
import fc from 'fast-check';
import {encodeStatement, statementBytesMax} from '../../../agent/format/statement.ts';
import {type Allocation, allocate, deal, type SettledRow} from '../../../agent/ledgers/energy/allocate.ts';
import {movesMax, readCertificateStatement, transferBody} from '../../../agent/ledgers/energy/certificate-statement.ts';

const day = 20_605;
const firstSlot = day * 96;
const street = 'street';
const row = (slot: number, device: string, account: string, contractedWh: number, meteredWh = contractedWh): SettledRow => ({
	slot: firstSlot + slot,
	device,
	account,
	contractedWh,
	meteredWh,
});
const plenty = (): number => 1_000_000;
const shown = (all: readonly Allocation[]): unknown[] =>
	all.flatMap(({device, from, moves}) => moves.map(({hour, to, energyWh}) => `${device} ${hour - day * 24}: ${from} ${to} ${energyWh}`));

test('who bought gets the certificates of the hour, over its four slots, from everybody who delivered', t => {
	const rows = [
		row(0, 'roof', 'alice', 500),
		row(0, 'shop', 'bob', -300),
		row(0, 'flat', 'carol', -200),
		row(1, 'roof', 'alice', 100),
		row(1, 'shop', 'bob', -100),
		row(4, 'roof', 'alice', 60),
		row(4, 'mill', 'dora', 40),
		row(4, 'shop', 'bob', -100),
	];
	t.deepEqual(shown(allocate(rows, plenty, street)), [
		'mill 1: dora bob 40',
		'roof 0: alice bob 400',
		'roof 0: alice carol 200',
		'roof 1: alice bob 60',
	]);
	t.is(allocate(rows, plenty, street)[0]!.market, 'street');
	t.deepEqual(
		shown(allocate(rows.toReversed(), plenty, street)),
		shown(allocate(rows, plenty, street)),
		'the order of the rows does not matter',
	);
});

test('a seller hands on what was delivered, not what was sold, and never more than is held of the hour', t => {
	const rows = [row(0, 'roof', 'alice', 500, 301), row(0, 'shop', 'bob', -300), row(0, 'flat', 'carol', -200)];
	t.deepEqual(shown(allocate(rows, plenty, street)), ['roof 0: alice bob 181', 'roof 0: alice carol 120']);
	t.deepEqual(shown(allocate(rows, () => 100, street)), ['roof 0: alice bob 60', 'roof 0: alice carol 40']);
	t.deepEqual(
		allocate(rows, () => 0, street),
		[],
	);
	// More than was sold stays with the seller; a meter that took more than it gave delivered nothing.
	t.deepEqual(shown(allocate([row(0, 'roof', 'alice', 500, 900), row(0, 'shop', 'bob', -500)], plenty, street)), ['roof 0: alice bob 500']);
	t.deepEqual(allocate([row(0, 'roof', 'alice', 500, -10), row(0, 'shop', 'bob', -500)], plenty, street), []);
});

test('what somebody sells to himself stays where it is', t => {
	const rows = [row(0, 'roof', 'alice', 400), row(0, 'house', 'alice', -100), row(0, 'shop', 'bob', -300)];
	t.deepEqual(shown(allocate(rows, plenty, street)), ['roof 0: alice bob 300']);
	t.deepEqual(shown(allocate(rows, () => 200, street)), ['roof 0: alice bob 150']);
});

test('a day with more buyers than a statement takes comes in statements of whole hours', t => {
	const rows = Array.from({length: 96}, (_, slot) => [
		row(slot, 'roof', 'alice', 200),
		...Array.from({length: 100}, (_, at) => row(slot, `d${at}`, `buyer-${at}`, -2)),
	]).flat();
	const all = allocate(rows, plenty, street);
	t.deepEqual(
		all.map(({moves}) => [moves.length, moves[0]!.hour - day * 24]),
		[
			[2000, 0],
			[400, 20],
		],
	);
	for (const {from, moves, market} of all)
		t.deepEqual(readCertificateStatement(transferBody({from, moves, market})), {does: 'transfer', from, moves, market});
});

test('of an hour with more buyers than a statement takes the largest are served', t => {
	const buyers = Array.from({length: movesMax + 10}, (_, at) => row(0, `d${at}`, `buyer-${at}`, at < 10 ? -1 : -2));
	const rows = [row(0, 'roof', 'alice', 2 * movesMax + 10), ...buyers];
	const [one, ...more] = allocate(rows, plenty, street);
	t.deepEqual(more, []);
	t.is(one!.moves.length, movesMax);
	t.true(one!.moves.every(({energyWh}) => energyWh === 2));
	const moves = one!.moves.map(move => ({...move, to: 'b'.repeat(64), energyWh: 10 ** 9}));
	t.true(encodeStatement(transferBody({from: 'a'.repeat(64), moves, market: 'm'.repeat(64)})).length <= statementBytesMax);
});

const names = ['a', 'b', 'c', 'd', 'e'];
const slotRows = fc.array(
	fc.record({
		slot: fc.nat({max: 9}),
		at: fc.nat({max: 4}),
		contractedWh: fc.integer({min: -500, max: 500}),
		meteredWh: fc.integer({min: -500, max: 500}),
	}),
	{maxLength: 60},
);

test('nothing is handed on that was not produced, delivered, held and bought', t => {
	let moved = 0;
	fc.assert(
		fc.property(slotRows, fc.nat({max: 3000}), fc.nat(), (wishes, heldMax, salt) => {
			const known = new Set<string>();
			const rows = wishes.flatMap(({slot, at, contractedWh, meteredWh}) => {
				if (known.has(`${slot} ${at}`)) return [];
				known.add(`${slot} ${at}`);
				return [row(slot, `device-${at}`, names[at]!, contractedWh, meteredWh)];
			});
			const held = (device: string, hour: number): number => ((device.charCodeAt(7) * 131 + hour * 17 + salt) % 97) * heldMax;
			const all = allocate(rows, held, street);
			const sum = (take: (move: {device: string; from: string; hour: number; to: string; energyWh: number}) => boolean): number =>
				all.reduce(
					(total, {device, from, moves}) => total + moves.reduce((of, move) => of + (take({device, from, ...move}) ? move.energyWh : 0), 0),
					0,
				);
			moved += sum(() => true);
			for (let hour = day * 24; hour < day * 24 + 3; hour += 1) {
				const inHour = rows.filter(({slot}) => Math.floor(slot / 4) === hour);
				for (const at of [0, 1, 2, 3, 4]) {
					const own = inHour.filter(({device}) => device === `device-${at}`);
					const delivered = own.reduce((total, one) => total + Math.max(0, Math.min(one.contractedWh, one.meteredWh)), 0);
					const bought = own.reduce((total, one) => total + Math.max(0, -one.contractedWh), 0);
					const out = sum(move => move.device === `device-${at}` && move.hour === hour);
					t.true(out <= delivered && out <= held(`device-${at}`, hour));
					t.true(sum(move => move.to === names[at] && move.hour === hour) <= bought);
				}
			}
			for (const {from, moves} of all)
				t.true(moves.every(({to, energyWh}) => to !== from && energyWh > 0 && Number.isSafeInteger(energyWh)));
		}),
		{numRuns: 1000},
	);
	t.true(moved > 0);
});

test('an amount is dealt whole, and nobody gets more than he wants', t => {
	fc.assert(
		fc.property(fc.nat({max: 2 ** 40}), fc.dictionary(fc.constantFrom(...names), fc.nat({max: 2 ** 40})), (amount, wishes) => {
			const wanted = new Map(Object.entries(wishes));
			const dealt = deal(amount, wanted);
			const total = [...wanted.values()].reduce((sum, one) => sum + one, 0);
			t.is(
				[...dealt.values()].reduce((sum, one) => sum + one, 0),
				Math.min(amount, total),
			);
			for (const [name, energyWh] of dealt) t.true(energyWh >= 0 && energyWh <= wanted.get(name)!);
		}),
	);
});
