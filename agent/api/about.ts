// /time, /healthz and the two descriptions: what a client asks before it begins.

import {asyncApi} from './asyncapi.ts';
import {Problem} from './problem.ts';
import {defineRoute, type Route} from './route.ts';
import {count, nameKey, oneOf, slot, slotMs, Type, time} from './schema.ts';

export const aboutRoutes: readonly Route[] = [
	defineRoute({
		method: 'GET',
		path: '/time',
		id: 'getTime',
		tag: 'about',
		summary: "The agent's clock, and the slot that it stands in",
		access: 'public',
		cost: 'request',
		answers: {ok: Type.Object({nowMs: count, now: time, slot}, {[nameKey]: 'Time'})},
		problems: [],
		handle: ({context}) => {
			const nowMs = context.clock.nowMs();
			return {kind: 'ok', body: {nowMs, now: new Date(nowMs).toISOString(), slot: Math.floor(nowMs / slotMs)}};
		},
	}),
	defineRoute({
		method: 'GET',
		path: '/healthz',
		id: 'getHealth',
		tag: 'about',
		summary: 'Whether orders are taken',
		access: 'public',
		cost: 'request',
		answers: {ok: Type.Object({status: oneOf(['ok']), markets: count}, {[nameKey]: 'Health'})},
		problems: ['operator-halted'],
		handle: ({context}) => {
			const illness = context.illness();
			if (illness !== undefined) throw new Problem('operator-halted', illness);
			return {kind: 'ok', body: {status: 'ok', markets: context.desks.all.length}};
		},
	}),
	defineRoute({
		method: 'GET',
		path: '/asyncapi.json',
		id: 'getAsyncApi',
		tag: 'about',
		summary: 'What is told without being asked, as AsyncAPI 3',
		access: 'public',
		cost: 'request',
		answers: {ok: ['application/json']},
		problems: [],
		handle: () => ({kind: 'ok', cache: 'public', text: `${JSON.stringify(asyncApi(), null, '\t')}\n`, mediaType: 'application/json'}),
	}),
];
