// Demands of a court and who answers them: once each, again after failures, never what is closed, and whatever one of them fails by, the others.
import test from 'ava';
import type {Demand, MarketCourt} from '../../agent/anchor/market-court.ts';
import {systemClock} from '../../agent/base/clock.ts';
import {silentLogger} from '../../agent/base/logger.ts';
import {until} from '../../agent/base/retry.ts';
import {type CourtSources, createAnswering} from '../../agent/market-answering.ts';
import {leafCodes} from '../../agent/trade/court-answer.ts';
import {createMarketWorld, firstSlot} from '../trade/market-world.ts';

const noSources: CourtSources = {
	body: async () => undefined,
	bodies: async function* () {},
	proven: async () => undefined,
};

/** A court in memory that remembers which demands are open and what was sent. */
function createCourt() {
	const open = new Set<string>();
	const shown: string[] = [];
	const court = {
		open,
		shown,
		fail: undefined as string | undefined,
	};
	const show: MarketCourt['show'] = async (demand, name) => {
		shown.push(`${demand.id} ${name}`);
		if (court.fail === demand.id) throw new Error('the chain does not answer');
		open.delete(demand.id);
	};
	const chain: MarketCourt = {
		news: async () => ({demands: [], raised: [], forced: [], voidedDays: []}),
		isOpen: async ({id}) => open.has(id),
		counterLeftAt: async () => undefined,
		forcedAt: async () => undefined,
		show,
		showReading: async () => {},
	};
	return Object.assign(court, {chain});
}

test('each open demand is answered once; what fails is tried again and keeps no other from its answer', async t => {
	const world = await createMarketWorld(t);
	await world.open();
	await world.intake().submit([world.order(0, {}), world.order(1, {side: 'buy', limitMicroPerKwh: 280_000})], {atomic: false});
	world.moveTo(firstSlot, -300);
	await world.engine().tick();
	const commit = (await world.engine().cleared(firstSlot))!.commitment.headerHash;
	const demandOf = (id: string, fields: object = {}, answerBefore = 1000): Demand => ({
		kind: 'leaf',
		id,
		asked: {leaf: leafCodes.orderInSet, number: firstSlot, commit, side: 0, index: 0, other: 0, hash: commit, ...fields},
		answerBefore,
	});
	const court = createCourt();
	const answering = createAnswering(court.chain, silentLogger);
	const step = () => answering.step(world.engine(), noSources, 500);
	for (const id of ['a', 'b', 'late', 'other header']) court.open.add(id);
	court.fail = 'a';
	answering.add(demandOf('a'));
	answering.add(demandOf('a'));
	answering.add(demandOf('b', {leaf: leafCodes.tier, side: 2}));
	answering.add(demandOf('closed'));
	answering.add(demandOf('late', {}, 500));
	answering.add(demandOf('other header', {commit: `0x${'11'.repeat(32)}`}));
	t.is(answering.open(), 5);
	await t.throwsAsync(step, {message: 'the chain does not answer'});
	t.deepEqual(court.shown.sort(), ['a showOrderInSet', 'b showTier']);
	t.is(answering.open(), 2, 'what failed, and what cannot be shown');

	// Somebody else's transaction, or ours that was lost sight of, had its effect meanwhile.
	court.fail = undefined;
	const stepped = async (): Promise<true | undefined> => {
		await step();
		return answering.open() === 1 ? true : undefined;
	};
	t.true(await until(stepped, {clock: systemClock, everyMs: 50, timeoutMs: 5000}));
	t.deepEqual(court.shown.sort(), ['a showOrderInSet', 'a showOrderInSet', 'b showTier']);
	answering.add(demandOf('a'));
	await step();
	t.is(court.shown.length, 3, 'what is closed is not answered again');

	// The same thing may be demanded anew.
	court.open.add('b');
	answering.add(demandOf('b', {leaf: leafCodes.tier, side: 2}));
	await step();
	t.is(court.shown.length, 4);
});
