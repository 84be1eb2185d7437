// Logs of a site by chance: readings that are late, odd, corrected or missing, and statements that change what they mean.
import fc from 'fast-check';
import {qualities} from '../../agent/format/entry.ts';
import type {StatementBody} from '../../agent/format/statement.ts';
import {createEmissionsWorld, type EmissionsWorld, hourMs} from './emissions-world.ts';

const site = 'urn:kedge:site:plant';
export const startMs = Date.UTC(2026, 2, 28);
const meter = 'urn:kedge:device:m1:energy-import';
const gas = 'urn:kedge:device:g1:gas-volume-interval';
const stack = 'urn:kedge:device:s1:co2-concentration';
const flow = 'urn:kedge:device:s1:stack-flow';
const minuteMs = 60_000;
export const hours = 12;

type Event =
	| {readonly does: 'register'; readonly rise: number; readonly quality: number}
	| {readonly does: 'fall' | 'reset' | 'other' | 'correct' | 'correct-stack'; readonly value: number}
	| {readonly does: 'interval'; readonly value: number; readonly minutes: number}
	| {readonly does: 'stack' | 'flow'; readonly value: number; readonly quality: number}
	| {readonly does: 'factor'; readonly digits: number; readonly fromDay: number; readonly days: number}
	| {readonly does: 'site'; readonly variant: number}
	| {readonly does: 'activity'; readonly grams: number; readonly hours: number; readonly corrects: boolean};

/** An event, how long after the one before it was measured, and how late it arrives. */
export type Timed = {readonly event: Event; readonly afterMinutes: number; readonly lateMinutes: number};

const quality = fc.constantFrom(0, 0, 0, 0, 0, qualities.invalid, qualities.simulated, qualities.exception, qualities.late);
const event: fc.Arbitrary<Event> = fc.oneof(
	{weight: 12, arbitrary: fc.record({does: fc.constant('register' as const), rise: fc.integer({min: 0, max: 5000}), quality})},
	{
		weight: 2,
		arbitrary: fc.record({does: fc.constantFrom('fall', 'reset', 'correct', 'correct-stack'), value: fc.integer({min: 0, max: 3000})}),
	},
	{weight: 3, arbitrary: fc.record({does: fc.constant('other' as const), value: fc.constant(0)})},
	{
		weight: 5,
		arbitrary: fc.record({
			does: fc.constant('interval' as const),
			value: fc.integer({min: 0, max: 900}),
			minutes: fc.constantFrom(20, 20, 20, 60),
		}),
	},
	{weight: 16, arbitrary: fc.record({does: fc.constantFrom('stack', 'flow'), value: fc.integer({min: -5, max: 1000}), quality})},
	{
		weight: 1,
		arbitrary: fc.record({
			does: fc.constant('factor' as const),
			digits: fc.integer({min: 0, max: 9999}),
			fromDay: fc.integer({min: 27, max: 29}),
			days: fc.integer({min: 0, max: 1}),
		}),
	},
	{weight: 1, arbitrary: fc.record({does: fc.constant('site' as const), variant: fc.integer({min: 0, max: 3})})},
	{
		weight: 2,
		arbitrary: fc.record({
			does: fc.constant('activity' as const),
			grams: fc.integer({min: 0, max: 500}),
			hours: fc.integer({min: 0, max: 5}),
			corrects: fc.boolean(),
		}),
	},
) as fc.Arbitrary<Event>;
export const timed: fc.Arbitrary<Timed> = fc.record({
	event,
	afterMinutes: fc.oneof(
		{weight: 10, arbitrary: fc.integer({min: 0, max: 12})},
		{weight: 2, arbitrary: fc.integer({min: 13, max: 200})},
		{weight: 2, arbitrary: fc.constantFrom(15, 30, 60)},
	),
	lateMinutes: fc.oneof({weight: 10, arbitrary: fc.constant(0)}, {weight: 2, arbitrary: fc.integer({min: 1, max: 400})}),
});

function siteBody(variant: number): StatementBody {
	const direct = {
		id: 'stack',
		scope: 1,
		method: 'direct',
		concentration: {urn: stack, fallback: variant === 2 ? '800' : undefined},
		flow: {urn: flow, fallback: variant === 2 ? '90' : undefined},
		quadrantsMin: variant === 3 ? 1 : 2,
		substitution: variant === 2 ? 'fallback' : variant === 1 ? 'none' : 'maximum',
	};
	const counted = {id: 'grid', scope: 2, method: 'factor', channels: [{urn: meter}], locationFactors: ['grid']};
	const boiler = {
		id: 'boiler',
		scope: 1,
		method: 'factor',
		channels: [{urn: gas, stamp: variant === 3 ? 'start' : undefined, spanMinutes: 20}],
		factors: ['gas', 'grid-gas'].slice(0, variant === 2 ? 2 : 1),
	};
	const chiller = {id: 'chiller', scope: 1, method: 'factor', channels: [], factors: ['r134a']};
	const sources = variant === 1 ? [counted, direct, chiller] : [direct, counted, boiler, chiller];
	return JSON.parse(JSON.stringify({zone: 'Europe/Berlin', gapMinutesMax: 120, sources})) as StatementBody;
}

const factor = (unit: string, digits: number, validFrom = '2020-01-01', validTo?: string): StatementBody =>
	JSON.parse(JSON.stringify({digits, exponent: -1, unit, source: 'a test', validFrom, validTo})) as StatementBody;

/** A world from events. With `inOrder` everything arrives when it was measured, and corrections at once: another log that says the same. */
export function worldOf(events: readonly Timed[]): EmissionsWorld {
	const world = createEmissionsWorld();
	for (const [id, unit] of [
		['grid', 'Wh'],
		['gas', 'l'],
		['grid-gas', 'l'],
		['r134a', 'mg'],
	] as const)
		world.state('factor', `urn:kedge:factor:${id}`, factor(unit, 1530), startMs - hourMs);
	world.state('site', site, siteBody(0), startMs - hourMs);
	let [atMs, value, span, nowMs] = [startMs, 1000, 0, startMs];
	const lates: {readonly dueMs: number; readonly run: (arrivedAtMs: number) => void}[] = [];
	const registers: {number: number; atMs: number; span: number}[] = [];
	const stacks: {number: number; atMs: number}[] = [];
	const activities: number[] = [];
	let lastIntervalMs = startMs;
	for (const {event, afterMinutes, lateMinutes} of events) {
		atMs += afterMinutes * minuteMs;
		if (atMs > startMs + hours * hourMs) break;
		nowMs = Math.max(nowMs, atMs);
		for (const late of lates.filter(({dueMs}) => dueMs <= nowMs)) late.run(nowMs);
		lates.splice(0, lates.length, ...lates.filter(({dueMs}) => dueMs > nowMs));
		const at = atMs;
		const arrive = (run: (arrivedAtMs: number) => void): void => {
			if (lateMinutes === 0) run(nowMs);
			else lates.push({dueMs: at + lateMinutes * minuteMs, run});
		};
		switch (event.does) {
			case 'register': {
				value += event.rise;
				const [now, epoch] = [value, span];
				arrive(arrivedAtMs =>
					registers.push({
						number: world.read(meter, {value: now, atMs: at, arrivedAtMs, quality: event.quality, span: epoch}),
						atMs: at,
						span: epoch,
					}),
				);
				break;
			}
			case 'fall':
				value = Math.max(0, value - event.value);
				break;
			case 'reset':
				span += 1;
				value = event.value;
				break;
			case 'other':
				world.other(nowMs + hourMs);
				world.other(nowMs);
				break;
			case 'correct': {
				const one = registers[event.value % Math.max(1, registers.length)];
				if (one !== undefined)
					world.read(meter, {value: value - event.value, atMs: one.atMs, arrivedAtMs: nowMs, span: one.span, corrects: one.number});
				break;
			}
			case 'correct-stack': {
				const one = stacks[event.value % Math.max(1, stacks.length)];
				if (one !== undefined) world.read(stack, {value: event.value, atMs: one.atMs, arrivedAtMs: nowMs, corrects: one.number});
				break;
			}
			case 'interval': {
				const minutes = event.minutes;
				lastIntervalMs = Math.max(at, lastIntervalMs + (event.value % 3 === 0 ? minutes * minuteMs : 0));
				const endMs = lastIntervalMs;
				arrive(arrivedAtMs => world.read(gas, {value: event.value, atMs: endMs, arrivedAtMs, span: minutes * minuteMs}));
				break;
			}
			case 'stack':
				arrive(arrivedAtMs =>
					stacks.push({number: world.read(stack, {value: event.value, atMs: at, arrivedAtMs, quality: event.quality}), atMs: at}),
				);
				break;
			case 'flow':
				arrive(arrivedAtMs => world.read(flow, {value: event.value, atMs: at, arrivedAtMs, quality: event.quality}));
				break;
			case 'factor':
				world.state(
					'factor',
					'urn:kedge:factor:grid',
					factor('Wh', event.digits, `2026-03-${event.fromDay}`, `2026-03-${event.fromDay + event.days}`),
					nowMs,
				);
				break;
			case 'site':
				world.state('site', site, siteBody(event.variant), nowMs);
				break;
			case 'activity': {
				const corrects = event.corrects ? activities.pop() : undefined;
				const until = event.hours === 0 ? {} : {untilMs: at + event.hours * hourMs};
				const body = {
					source: 'chiller',
					amount: `${event.grams}`,
					unit: 'g',
					atMs: at,
					...until,
					...(corrects === undefined ? {} : {corrects}),
				};
				activities.push(world.state('activity', site, body, nowMs));
				break;
			}
		}
	}
	for (const late of lates) late.run(Math.max(nowMs, late.dueMs));
	return world;
}
