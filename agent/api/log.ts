// /log: an entry, the path from it to a checkpoint and to what stands outside, and its receipt.

import {fromHex} from '../base/bytes.ts';
import {type Caller, seesMessages} from './access.ts';
import {Problem} from './problem.ts';
import {agentOf, type Context, defineRoute, type Route} from './route.ts';
import {anything, closed, count, digits, index, nameKey, oneOf, Type, textOrNull, timeMs, wholeOrNull} from './schema.ts';
import {assertDevice, assertTime, notShared} from './share-scope.ts';
import type {EntryView} from './window.ts';

const hex = (description: string) => Type.String({description: `${description} Hexadecimal.`});

const entrySchema = Type.Object(
	{
		index,
		kind: Type.String({description: 'reading, note, enrolment, order, epoch, identity or statement; else kind-N.'}),
		sort: textOrNull('Of a reading the quantity, else the sort of its kind.'),
		urn: textOrNull('Of what; null if this log does not say.'),
		device: textOrNull('Of which device.'),
		number: count,
		unit: textOrNull('Base unit of the value.'),
		exponent: Type.Integer(),
		value: digits,
		quality: Type.Array(Type.String()),
		measuredAtMs: wholeOrNull('By the device; null: it claims no time.'),
		arrivedAtMs: timeMs,
		span: count,
		subject: hex('Salted hash of the URN.'),
		salt: hex('Of the entry.'),
		source: hex('Salted hash of what it came from.'),
		bytes: hex('The entry itself, 118 bytes.'),
		leafHash: hex('SHA-256 of 0x00 and the entry.'),
		body: anything,
		arrival: anything,
		arrivalState: oneOf(
			['shown', 'withheld', 'pruned', 'none'],
			'Messages are shown to owners and operators, and to nobody from the orders of a market.',
		),
	},
	{[nameKey]: 'Entry'},
);

const pathSchema = Type.Object(
	{
		index,
		leafHash: hex('Where it begins.'),
		steps: Type.Array(
			Type.Object(
				{
					side: oneOf(['left', 'right'], 'On which side of what was hashed so far it stands.'),
					hash: hex('What is hashed with it.'),
					begin: index,
					end: count,
					sum: hex('Of both together.'),
				},
				{[nameKey]: 'PathStep'},
			),
			{description: 'From the leaf up [RFC 9162 §2.1.3].'},
		),
		checkpoint: Type.Object(
			{origin: Type.String(), size: count, root: hex('Of the tree.'), note: Type.String()},
			{[nameKey]: 'Checkpoint'},
		),
		anchors: Type.Array(anything, {
			description: 'Where the checkpoint stands outside of the log, with transactions and blocks, or tokens.',
		}),
	},
	{[nameKey]: 'Path'},
);

const ofEntry = Type.Object({index});

/** Looks at the entry first: nobody is shown the path of what he may not see. */
async function shownEntry(context: Context, caller: Caller, at: number): Promise<EntryView> {
	const {window} = agentOf(context);
	const entry = await window.entry(at, seesMessages(caller));
	if (entry === undefined) throw new Problem('not-found', `there is no entry ${at}`);
	if (entry.kind === 'order') {
		// As of a bundle of entries: which slot somebody wants to trade in is nobody's before the gate.
		const waitMs = window.log.sealedUntilMs(fromHex(entry.bytes) ?? new Uint8Array()) - context.clock.nowMs();
		if (waitMs > 0)
			throw new Problem('not-yet', `entry ${at} is sealed until the gate of its slot closes`, {retryAfterS: Math.ceil(waitMs / 1000)});
	}
	if (caller.share !== undefined) {
		if (entry.device === null || entry.kind !== 'reading') throw notShared();
		assertDevice(caller, entry.device);
		assertTime(caller, entry.measuredAtMs ?? entry.arrivedAtMs);
	}
	return entry;
}

const notCovered = (): Problem => new Problem('not-yet', 'no checkpoint that may be shown covers the entry yet', {retryAfterS: 1});

/** Throws while no released checkpoint covers the entry: of a log that is frozen, or that stands back, nothing is proven to anybody. */
function assertReleased(context: Context, at: number): void {
	const released = agentOf(context).window.log.checkpoint();
	if (released === undefined || released.size <= at) throw notCovered();
}

/** A receipt of anything but a reading shows its body: what a trader signed, or the secret of a channel, has none here. */
const receiptKinds: readonly string[] = ['reading', 'note', 'epoch', 'identity', 'statement'];

export const logRoutes: readonly Route[] = [
	defineRoute({
		method: 'GET',
		path: '/log/entries/{index}',
		id: 'getEntry',
		tag: 'log',
		summary: 'An entry of the log, read',
		access: 'viewer',
		isShared: true,
		cost: 'request',
		weight: () => 5,
		params: ofEntry,
		answers: {ok: entrySchema},
		problems: ['forbidden', 'not-found', 'not-yet', 'pruned'],
		handle: async ({params, caller, context}) => ({kind: 'ok', body: await shownEntry(context, caller, params.index)}),
	}),
	defineRoute({
		method: 'GET',
		path: '/log/entries/{index}/path',
		id: 'getPath',
		tag: 'log',
		summary: 'From the leaf of an entry to a checkpoint, anchored where one is, and to its anchors',
		access: 'viewer',
		isShared: true,
		cost: 'request',
		weight: () => 5,
		params: ofEntry,
		answers: {ok: pathSchema},
		problems: ['forbidden', 'not-found', 'not-yet', 'pruned'],
		handle: async ({params, caller, context}) => {
			await shownEntry(context, caller, params.index);
			assertReleased(context, params.index);
			const path = await agentOf(context).window.path(params.index);
			if (path === undefined) throw notCovered();
			return {kind: 'ok', body: path};
		},
	}),
	defineRoute({
		method: 'GET',
		path: '/log/entries/{index}/receipt',
		id: 'getReceipt',
		tag: 'log',
		summary: 'The receipt of an entry: a file that proves it without us',
		description:
			'There is none of what traders signed, which the market shows after the gate, nor of enrolments, which hold secrets: `kedge prove` makes those for whoever has the log.',
		access: 'viewer',
		isShared: true,
		cost: 'request',
		weight: () => 5,
		params: ofEntry,
		query: Type.Object({arrival: Type.Optional(oneOf(['show'], 'Shows the message as it arrived; for owners and operators.'))}, closed),
		answers: {ok: ['application/json']},
		problems: ['forbidden', 'not-found', 'not-yet', 'pruned'],
		handle: async ({params, query, caller, context}) => {
			const entry = await shownEntry(context, caller, params.index);
			if (query.arrival === 'show' && entry.arrivalState === 'withheld')
				throw new Problem('forbidden', 'the message is shown to owners and operators, and to nobody from the orders of a market');
			if (!receiptKinds.includes(entry.kind))
				throw new Problem(
					'forbidden',
					entry.kind === 'order'
						? 'what traders signed is shown by the market, once the gate is closed, and not by a receipt'
						: 'a receipt of this entry would show a secret; kedge prove makes one for whoever has the log',
				);
			assertReleased(context, params.index);
			const text = await agentOf(context).window.receipt(params.index, query.arrival === 'show');
			return {
				kind: 'ok',
				text,
				mediaType: 'application/json',
				headers: {'content-disposition': `attachment; filename="receipt-${params.index}.json"`},
			};
		},
	}),
];
