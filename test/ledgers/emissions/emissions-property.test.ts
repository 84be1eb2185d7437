// The emissions ledger under chance: the same account whichever way it was folded, and from what an answer rests on alone.
import assert from 'node:assert/strict';
import test from 'ava';
import fc from 'fast-check';
import type {EmissionsAnswer} from '../../../agent/ledgers/emissions/answer.ts';
import {hours, startMs, timed, worldOf} from '../../helpers/emissions-chance.ts';
import {hourMs} from '../../helpers/emissions-world.ts';

/** KEDGE_RUNS asks for more: thousands found nothing more. */
const numRuns = Number(process.env.KEDGE_RUNS ?? 120);

const periods = fc.tuple(fc.integer({min: -2, max: hours}), fc.integer({min: 0, max: hours + 4}));
const question = ([from, length]: readonly [number, number]): {id: string; fromMs: number; toMs: number} => ({
	id: 'plant',
	fromMs: startMs + from * hourMs,
	toMs: startMs + (from + length) * hourMs,
});

test('an answer over the whole log is the answer over what it rests on', async t => {
	await fc.assert(
		fc.asyncProperty(fc.array(timed, {minLength: 1, maxLength: 160}), periods, async (events, period) => {
			const world = worldOf(events);
			const folded = await world.fold();
			const asked = question(period);
			const whole = await folded.answer(asked);
			const part = await (await world.only(await folded.basis(asked)).fold()).answer(asked);
			assert.deepEqual(part, whole);
		}),
		{numRuns},
	);
	t.pass();
});

test('rows are the same wherever they were written and taken up again', async t => {
	await fc.assert(
		fc.asyncProperty(fc.array(timed, {minLength: 1, maxLength: 120}), fc.array(fc.nat(140), {maxLength: 6}), async (events, saves) => {
			const world = worldOf(events);
			const ends = [...new Set(saves)].filter(end => end > 0 && end < world.size()).sort((a, b) => a - b);
			assert.deepEqual((await world.fold(ends)).rows.all(), (await world.fold()).rows.all());
		}),
		{numRuns},
	);
	t.pass();
});

/** What an answer says apart from how it came about. */
const settled = ({sources, refused: _, ...rest}: EmissionsAnswer): unknown => ({
	...rest,
	sources: sources.map(({restatements: _restatements, hours, ...source}) => ({...source, hours: {...hours, restated: 0}})),
});

test('hours are the same in whatever order their readings arrive', async t => {
	await fc.assert(
		fc.asyncProperty(fc.array(timed, {minLength: 1, maxLength: 160}), periods, async (events, period) => {
			const world = worldOf(events);
			const answer = await (await world.fold()).answer(question(period));
			assert.deepEqual(settled(await (await world.inOrder().fold()).answer(question(period))), settled(answer));
		}),
		{numRuns},
	);
	t.pass();
});
