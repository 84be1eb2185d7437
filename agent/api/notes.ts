// /log/notes and /quarantine: what the agent noted of itself and its devices, and what it refused.

import {seesMessages} from './access.ts';
import {noteNames} from './note-names.ts';
import {Problem} from './problem.ts';
import {agentOf, cursorOf, defineRoute, pageKey, type Route} from './route.ts';
import {anything, closed, count, cursor, digits, index, nameKey, Type, textOrNull, timeMs} from './schema.ts';

const noteKinds = [...noteNames.values()];
/** What an owner wants to know of: what is not written every hour. */
const alarmKinds = noteKinds.filter(kind => kind !== 'tally' && kind !== 'beacon');
const noteSchema = Type.Object(
	{index, note: Type.String(), urn: textOrNull('Of what.'), atMs: timeMs, value: digits, body: anything},
	{[nameKey]: 'Note'},
);

const refusalSchema = Type.Object(
	{
		id: count,
		arrivedAtMs: timeMs,
		reason: Type.String(),
		detail: Type.String(),
		topic: textOrNull('Where it came to; null where it cannot be read.'),
		identity: textOrNull('Who sent it, as far as the door knew.'),
		bytes: count,
		payload: textOrNull('Base64; null for viewers and auditors, and for more than 16 KiB.'),
	},
	{[nameKey]: 'Refusal'},
);

export const noteRoutes: readonly Route[] = [
	defineRoute({
		method: 'GET',
		path: '/log/notes',
		id: 'listNotes',
		tag: 'log',
		summary: 'What the agent noted: gaps, silences, steps of its clock, evictions; the newest first',
		description:
			'A page may be empty, or shorter than `limit`, though there are more: a page looks at so many entries at most. `next` goes on until it is missing.',
		access: 'viewer',
		cost: 'request',
		weight: () => 20,
		query: Type.Object(
			{
				kinds: Type.Optional(
					Type.String({
						pattern: '^[a-z-]{1,16}(?:,[a-z-]{1,16}){0,15}$',
						maxLength: 256,
						description: `Among ${noteKinds.join(', ')}, with commas between them. Without: all but tallies and beacons.`,
					}),
				),
				limit: Type.Optional(Type.Integer({minimum: 1, maximum: 500, description: 'At most so many. Without: 100.'})),
				cursor: Type.Optional(cursor),
			},
			closed,
		),
		answers: {
			ok: Type.Object(
				{
					items: Type.Array(noteSchema),
					next: Type.Optional(Type.String({description: 'Cursor of the next page; missing at the beginning of the log.'})),
				},
				{[nameKey]: 'NoteList'},
			),
		},
		problems: ['forbidden'],
		handle: async ({query, context}) => {
			const kinds = query.kinds === undefined ? alarmKinds : query.kinds.split(',');
			const unknown = kinds.find(kind => !noteKinds.includes(kind));
			if (unknown !== undefined) throw new Problem('malformed', `there are no notes of the kind ${unknown}`);
			const before = pageKey(query.cursor, ['number'])?.[0] as number | undefined;
			const {items, next} = await agentOf(context).window.notes(before ?? Number.MAX_SAFE_INTEGER, kinds, query.limit ?? 100);
			return {kind: 'ok', body: {items, ...(next === undefined ? {} : {next: cursorOf([next])})}};
		},
	}),
	defineRoute({
		method: 'GET',
		path: '/quarantine',
		id: 'listRefusals',
		tag: 'log',
		summary: 'What was refused, why, and its raw bytes; the newest first',
		access: 'viewer',
		cost: 'request',
		weight: () => 20,
		query: Type.Object(
			{limit: Type.Optional(Type.Integer({minimum: 1, maximum: 200, description: 'At most so many. Without: 50.'}))},
			closed,
		),
		answers: {ok: Type.Object({items: Type.Array(refusalSchema)}, {[nameKey]: 'RefusalList'})},
		problems: ['forbidden'],
		handle: async ({query, caller, context}) => ({
			kind: 'ok',
			body: {items: await agentOf(context).window.quarantine(query.limit ?? 50, seesMessages(caller))},
		}),
	}),
];
