// /checkpoint and /tile: the log as transparency-log tools and witnesses read it [C2SP tlog-tiles].

import {entryLength} from '../format/entry.ts';
import {Problem} from './problem.ts';
import {agentOf, type Context, defineRoute, type Reply, type Route} from './route.ts';
import {Type} from './schema.ts';

/** [tlog-tiles]: a tile is 256 hashes wide. */
const width = 256;
/** A tile stands for eight levels of the tree: six of them one upon the other are for 2^48 entries, as many as an index can say. */
const levelMax = 5;

type TilePart = {readonly number: number; readonly count: number};

/**
 * The number of a tile and how many hashes or entries of it are asked for. [tlog-tiles]: the number in groups of three digits, all but the last with an x in front, and
 * how many if it is not a whole tile: `x001/x234/067.p/8`. undefined where it is not written so; numbers have one form, without a group of zeros in front.
 */
export function tilePartOf(path: string): TilePart | undefined {
	const found = /^((?:(?!x000)x[0-9]{3}\/(?:x[0-9]{3}\/){0,3})?[0-9]{3})(?:\.p\/([1-9][0-9]{0,2}))?$/.exec(path);
	if (found === null) return undefined;
	const [, number = '', part] = found;
	if (part !== undefined && Number(part) >= width) return undefined;
	return {number: Number(number.replaceAll(/[x/]/g, '')), count: part === undefined ? width : Number(part)};
}

const notThere = (): Problem => new Problem('not-found', 'the log has no such tile, or it is not released');

/** A tile that is not full has a name of its own: whoever asks for the whole one is told how it is asked for. */
const notFull = (): Problem =>
	new Problem(
		'not-found',
		`the log has no such tile, or it is not released: one with N hashes or entries, fewer than ${width}, is asked for with .p/N behind it, such as /tile/0/000.p/N`,
	);

function partOf(context: Context, path: string, level: number): TilePart {
	const part = tilePartOf(path);
	if (part === undefined)
		throw new Problem('not-found', 'a tile is named as C2SP tlog-tiles says: /tile/0/x001/067, or with .p/8 behind it');
	const {number, count} = part;
	// How many hashes of this level the released tree has; what is beyond it, nobody shall see.
	const released = Math.floor((agentOf(context).window.log.checkpoint()?.size ?? 0) / width ** level);
	if (number * width + count > released) throw count === width && number * width < released ? notFull() : notThere();
	return part;
}

const bytesReply = (bytes: Uint8Array): Reply => ({kind: 'ok', cache: 'final', bytes, mediaType: 'application/octet-stream'});

export const tileRoutes: readonly Route[] = [
	defineRoute({
		method: 'GET',
		path: '/checkpoint',
		isAtRoot: true,
		isRaw: true,
		id: 'getCheckpoint',
		tag: 'tiles',
		summary: 'The newest released checkpoint: a signed note [C2SP tlog-checkpoint]',
		access: 'public',
		cost: 'request',
		answers: {ok: ['text/plain; charset=utf-8']},
		problems: ['not-yet', 'not-found'],
		handle: ({context}) => {
			const checkpoint = agentOf(context).window.log.checkpoint();
			if (checkpoint === undefined) throw new Problem('not-yet', 'nothing is released yet', {retryAfterS: 1});
			return {kind: 'ok', text: checkpoint.note, mediaType: 'text/plain; charset=utf-8', headers: {'cache-control': 'no-cache'}};
		},
	}),
	defineRoute({
		method: 'GET',
		path: '/tile/entries/{part*}',
		isAtRoot: true,
		isRaw: true,
		id: 'getEntryBundle',
		tag: 'tiles',
		summary: 'Up to 256 entries, each with its length in front as 16 bits [C2SP tlog-tiles]',
		description:
			'`part` is N of tlog-tiles, which may have slashes and .p/W. Not before the gate of the newest order among them. An entry is 118 bytes and holds no message, no name and no order: those are salted hashes.',
		access: 'reader',
		cost: 'request',
		params: Type.Object({part: Type.String({maxLength: 40})}),
		answers: {ok: ['application/octet-stream']},
		problems: ['not-found', 'not-yet', 'pruned', 'forbidden'],
		handle: async ({params, context}) => {
			const {number, count} = partOf(context, params.part, 0);
			const {log} = agentOf(context).window;
			const begin = number * width;
			const entries = await log.entries(begin, begin + count);
			const waitMs = log.sealedUntilMs(entries) - context.clock.nowMs();
			if (waitMs > 0)
				throw new Problem('not-yet', 'an order among these entries is sealed until its gate closes', {
					retryAfterS: Math.ceil(waitMs / 1000),
				});
			const bundle = new Uint8Array(count * (2 + entryLength));
			for (let i = 0; i < count; i += 1) {
				bundle[i * (2 + entryLength) + 1] = entryLength;
				bundle.set(entries.subarray(i * entryLength, (i + 1) * entryLength), i * (2 + entryLength) + 2);
			}
			return {...bytesReply(bundle), cache: 'final-own'};
		},
	}),
	defineRoute({
		method: 'GET',
		path: '/tile/{level}/{part*}',
		isAtRoot: true,
		isRaw: true,
		id: 'getTile',
		tag: 'tiles',
		summary: 'Up to 256 hashes of a level of the tree [C2SP tlog-tiles]. Leaves are salted, so that hashes tell nothing',
		description: '`part` is N of tlog-tiles, which may have slashes and .p/W.',
		access: 'public',
		cost: 'request',
		params: Type.Object({level: Type.String({pattern: '^[0-9]{1,2}$', maxLength: 2}), part: Type.String({maxLength: 40})}),
		answers: {ok: ['application/octet-stream']},
		problems: ['not-found', 'pruned'],
		handle: async ({params, context}) => {
			const level = Number(params.level);
			if (level > levelMax || String(level) !== params.level) throw notThere();
			const {number, count} = partOf(context, params.part, level);
			return bytesReply(await agentOf(context).window.log.tile(level, number, count));
		},
	}),
];
