// /channels: one quantity of one device each; curves of one for drawing, and its readings one by one.

import {parseChannelUrn} from '../format/subject.ts';
import {periodOf, periodQuery} from './period.ts';
import {Problem} from './problem.ts';
import {agentOf, type Context, cursorOf, defineRoute, pageKey, type Route} from './route.ts';
import {closed, count, cursor, digitsOrNull, index, nameKey, oneOf, pageOf, Type, textOrNull, timeMs, wholeOrNull} from './schema.ts';
import {assertChannel, seesDevice, shownCurve, shownPeriod} from './share-scope.ts';
import type {ChannelView} from './window.ts';

const pointsMax = 2000;
const readingsMax = 2000;
const readingsDefault = 500;

const channel = Type.String({
	maxLength: 256,
	pattern: '^(?:urn:kedge:device:)?[A-Za-z0-9_-]{1,64}[:/][a-z0-9-]{1,64}(?:[:/][A-Za-z0-9_-]{1,64})?$',
	description: 'URN of a channel, or DEVICE/QUANTITY or DEVICE/QUANTITY/PART with the slashes written as %2F.',
});

export const channelSchema = Type.Object(
	{
		urn: Type.String(),
		device: Type.String(),
		quantity: Type.String(),
		part: textOrNull('Phase, tariff or direction.'),
		unit: textOrNull('Base unit; null for a quantity that this program does not know.'),
		kind: textOrNull('register, interval, gauge or state.'),
		exponent: Type.Integer(),
		entries: count,
	},
	{[nameKey]: 'Channel'},
);

const column = (description: string) => Type.Array(digitsOrNull, {description});

const curveSchema = Type.Object(
	{
		urn: Type.String(),
		unit: textOrNull('As of its channel.'),
		kind: textOrNull('As of its channel.'),
		exponent: Type.Integer(),
		level: oneOf(['raw', 'quarter-hour', 'six-hours', 'four-days']),
		bucketMs: wholeOrNull('Length of each bucket; null for readings one by one.'),
		cadenceMs: wholeOrNull('The device speaks at least this often: a longer time without a point is a gap. null: it may be silent.'),
		behind: Type.Integer({description: 'Entries of the log that are not in it yet.'}),
		times: Type.Array(timeMs, {description: 'Where each bucket begins, or when each reading was measured.'}),
		counts: Type.Array(count, {description: 'Readings of each bucket.'}),
		first: column('First value of each bucket, by time; null where none is shown.'),
		last: column('Last value.'),
		min: column('Smallest value.'),
		max: column('Largest value.'),
		marks: Type.Record(Type.String(), Type.Array(Type.Array(Type.Integer())), {
			description:
				'By name, pairs of a place and how often: estimated, conflict, noValue, invalid, exception, correction, late, missing (numbers that the device left out), silences.',
		}),
		indexes: Type.Optional(Type.Array(index, {description: 'Of readings one by one: where each stands in the log.'})),
	},
	{
		[nameKey]: 'Curve',
		description:
			'A period of a channel in columns, at most as many points as were asked for: from readings one by one where they are so few, else from buckets that are exact sums over them. The buckets in which a period begins and ends are given whole, but to whoever came by a share link for a period: they are left out. What is invalid, in conflict or without a value is counted, and not shown.',
	},
);

const watchedSchema = Type.Object(
	{
		spans: Type.Array(
			Type.Object({
				shipment: Type.String(),
				assignment: Type.String({description: 'Of the sensor, as the shipment calls it.'}),
				sort: oneOf(['temperature', 'humidity']),
				fromMs: timeMs,
				toMs: timeMs,
				low: wholeOrNull('Lower limit, in thousandths of °C or of a per cent; null: none.'),
				high: wholeOrNull('Upper limit.'),
				excursions: Type.Array(
					Type.Object({
						side: oneOf(['above', 'below']),
						fromMs: timeMs,
						toMs: timeMs,
						peakMilli: Type.Integer({description: 'The reading farthest out, in thousandths.'}),
						peakAtMs: timeMs,
						heldMs: Type.Integer({description: 'How long it counts as outside: readings stand until the next one, and gaps do not count.'}),
					}),
				),
			}),
		),
		isCut: Type.Boolean({description: 'More shipments had this channel than were asked.'}),
	},
	{
		[nameKey]: 'Watched',
		description:
			'When a channel watched goods of shipments, within which limits, and which of its times were outside: what the shipments answer for that period, where one that began earlier is cut.',
	},
);

const readingSchema = Type.Object(
	{
		index,
		number: count,
		measuredAtMs: wholeOrNull('By the device; null: it claims no time.'),
		arrivedAtMs: timeMs,
		value: digitsOrNull,
		quality: Type.Array(Type.String()),
		span: count,
	},
	{[nameKey]: 'Reading'},
);

function channelOf(context: Context, word: string): ChannelView {
	const urn = word.startsWith('urn:') ? word : `urn:kedge:device:${word.replaceAll('/', ':')}`;
	const found =
		parseChannelUrn(urn) &&
		agentOf(context)
			.window.channels()
			.find(one => one.urn === urn);
	if (found === undefined) throw new Problem('not-found', `there is no channel ${word}`);
	return found;
}

export const channelRoutes: readonly Route[] = [
	defineRoute({
		method: 'GET',
		path: '/channels',
		id: 'listChannels',
		tag: 'devices',
		summary: 'All channels: one quantity of one device, with its sub-part',
		access: 'viewer',
		isShared: true,
		cost: 'request',
		answers: {ok: Type.Object({items: Type.Array(channelSchema)}, {[nameKey]: 'ChannelList'})},
		problems: ['forbidden'],
		handle: ({caller, context}) => {
			const items = agentOf(context)
				.window.channels()
				.filter(({device}) => seesDevice(caller, device));
			return {kind: 'ok', body: {items}};
		},
	}),
	defineRoute({
		method: 'GET',
		path: '/channels/{channel}/curve',
		id: 'getCurve',
		tag: 'devices',
		summary: `A period of a channel for drawing, at most ${pointsMax} points`,
		access: 'viewer',
		isShared: true,
		cost: 'request',
		weight: ({points = pointsMax}) => points / 100,
		params: Type.Object({channel}),
		query: Type.Object(
			{
				...periodQuery,
				points: Type.Optional(Type.Integer({minimum: 1, maximum: pointsMax, description: `At most so many. Without: ${pointsMax}.`})),
			},
			closed,
		),
		answers: {ok: curveSchema},
		problems: ['forbidden', 'not-found'],
		handle: async ({params, query, caller, context}) => {
			const {urn, unit, kind, exponent, device} = channelOf(context, params.channel);
			assertChannel(caller, urn);
			const shown = shownPeriod(caller, periodOf(query.from, query.to));
			const {window} = agentOf(context);
			const curve = shownCurve(caller, await window.curve(urn, shown, query.points ?? pointsMax));
			const cadenceMs = window.devices().find(({id}) => id === device)?.cadenceMs ?? null;
			return {kind: 'ok', body: {urn, unit, kind, exponent, cadenceMs, ...curve}};
		},
	}),
	defineRoute({
		method: 'GET',
		path: '/channels/{channel}/excursions',
		id: 'getExcursions',
		tag: 'devices',
		summary: 'When a channel watched goods in a period, and what of that was outside their limits',
		access: 'viewer',
		cost: 'request',
		params: Type.Object({channel}),
		query: Type.Object(periodQuery, closed),
		answers: {ok: watchedSchema},
		problems: ['forbidden', 'not-found'],
		handle: async ({params, query, context}) => {
			const {urn} = channelOf(context, params.channel);
			return {kind: 'ok', body: await agentOf(context).window.watched(urn, periodOf(query.from, query.to))};
		},
	}),
	defineRoute({
		method: 'GET',
		path: '/channels/{channel}/readings',
		id: 'listReadings',
		tag: 'devices',
		summary: `Readings of a period one by one, in the order of the log, at most ${readingsMax} a page`,
		access: 'viewer',
		isShared: true,
		cost: 'request',
		weight: ({limit = readingsDefault}) => limit / 50,
		params: Type.Object({channel}),
		query: Type.Object(
			{
				...periodQuery,
				limit: Type.Optional(
					Type.Integer({minimum: 1, maximum: readingsMax, description: `At most so many. Without: ${readingsDefault}.`}),
				),
				cursor: Type.Optional(cursor),
			},
			closed,
		),
		answers: {ok: pageOf('ReadingPage', readingSchema)},
		problems: ['forbidden', 'not-found'],
		handle: async ({params, query, caller, context}) => {
			const {urn} = channelOf(context, params.channel);
			assertChannel(caller, urn);
			const shown = shownPeriod(caller, periodOf(query.from, query.to));
			const after = pageKey(query.cursor, ['number'])?.[0] as number | undefined;
			const limit = query.limit ?? readingsDefault;
			const items = await agentOf(context).window.readings(urn, shown, after ?? -1, limit);
			return {kind: 'ok', body: {items, ...(items.length < limit ? {} : {next: cursorOf([items.at(-1)!.index])})}};
		},
	}),
];
