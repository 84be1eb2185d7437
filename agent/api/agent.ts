// /agent: how the agent is: its log, what is anchored, disk and devices, and what is wrong.

import {agentOf, defineRoute, type Route} from './route.ts';
import {anything, count, nameKey, oneOf, Type, textOrNull, timeMs, wholeOrNull} from './schema.ts';

const anchorSchema = Type.Object(
	{
		kind: oneOf(['chain', 'authority']),
		name: Type.String({description: 'Which one, for people.'}),
		size: count,
		finalSize: count,
		waitingFor: textOrNull('What it waits for.'),
		problem: textOrNull('What went wrong last.'),
		problemCode: textOrNull('The code of that error, which stays when its sentence changes.'),
		runwayDays: wholeOrNull('How long the fees last at the pace of the last days; null: not known, or free.'),
		detail: anything,
	},
	{[nameKey]: 'AnchorState'},
);

const agentSchema = Type.Object(
	{
		version: Type.String(),
		origin: Type.String({description: 'Name of the log, a slash, and its epoch.'}),
		state: oneOf(['running', 'withheld', 'full', 'frozen', 'stopping']),
		startedAtMs: timeMs,
		nowMs: timeMs,
		size: count,
		newestEntryAtMs: wholeOrNull('When the newest entry arrived.'),
		checkpoint: Type.Unsafe<{size: number; root: string} | null>({
			type: ['object', 'null'],
			properties: {size: {type: 'integer'}, root: {type: 'string'}},
			required: ['size', 'root'],
			description: 'The newest one that is signed.',
		}),
		releasedSize: count,
		releasedAtMs: wholeOrNull('When the newest entry that may be shown to others arrived.'),
		unanchoredEntries: count,
		unanchoredAgeMs: wholeOrNull('Age of the oldest entry that no anchor covers; null: there is none, or nothing is anchored.'),
		anchorsNeeded: {...count, description: 'So many of the anchors must hold an entry before it counts as anchored.'},
		anchoredSize: {...count, description: 'How many entries so many anchors hold.'},
		finalSize: {...count, description: 'And hold for good.'},
		anchors: Type.Array(anchorSchema, {description: 'Where the log is anchored: chains and time-stamp authorities.'}),
		clock: oneOf(['synchronised', 'unsynchronised', 'unknown']),
		channels: count,
		devices: count,
		devicesRevoked: count,
		devicesHeard: {...count, description: 'Of those that may speak, the ones that did since the start of the agent.'},
		silentDevices: count,
		silent: Type.Array(Type.Object({device: Type.String(), channels: count}, {[nameKey]: 'SilentDevice'})),
		connections: count,
		gaps: count,
		silences: count,
		refused: count,
		refusedByReason: Type.Record(Type.String(), count),
		setAside: count,
		quarantineBytes: count,
		disk: Type.Object({
			freeBytes: count,
			floorBytes: count,
			walBytes: count,
			fillDays: wholeOrNull(
				'Days until the disk is at its floor at the pace of the last days; null: not known, or with less than an hour to go by.',
			),
		}),
		residentBytes: count,
		accountsBehind: count,
		scrub: Type.Object({done: count, of: count, passes: count}),
		broker: anything,
		client: anything,
		market: anything,
		warnings: Type.Array(Type.String()),
		notices: Type.Array(Type.String()),
	},
	{[nameKey]: 'Agent', description: 'Counts are since the log began where nothing else is said.'},
);

export const agentRoute: Route = defineRoute({
	method: 'GET',
	path: '/agent',
	id: 'getAgent',
	tag: 'agent',
	summary: 'How the agent is: its log, what is anchored, disk, devices, and what is wrong',
	access: 'viewer',
	cost: 'request',
	answers: {ok: agentSchema},
	problems: ['forbidden'],
	handle: async ({context}) => ({kind: 'ok', body: await agentOf(context).window.agent()}),
});
