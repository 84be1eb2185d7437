// /healthz and /metrics: for whatever watches over the agent.

import {isNamedAsThisMachine, isThisMachine} from './access.ts';
import {Problem} from './problem.ts';
import {agentOf, defineRoute, headerOf, type Route} from './route.ts';

export const healthRoutes: readonly Route[] = [
	defineRoute({
		method: 'GET',
		path: '/healthz',
		isAtRoot: true,
		isRaw: true,
		id: 'getAgentHealth',
		tag: 'agent',
		summary: 'ok, or 503 and one word why not: withheld, full, frozen or failed',
		access: 'public',
		cost: 'request',
		answers: {ok: ['text/plain; charset=utf-8']},
		problems: ['not-found'],
		handle: ({context}) => {
			const word = agentOf(context).window.health();
			return {
				kind: word === 'ok' ? 'ok' : 'unwell',
				text: `${word}\n`,
				mediaType: 'text/plain; charset=utf-8',
				headers: {'cache-control': 'no-store'},
			};
		},
	}),
	defineRoute({
		method: 'GET',
		path: '/metrics',
		isAtRoot: true,
		isRaw: true,
		id: 'getMetrics',
		tag: 'agent',
		summary: 'Counters and gauges for Prometheus [text format 0.0.4]: from this machine, or with a token of a reader, auditor or operator',
		access: 'public',
		cost: 'request',
		answers: {ok: ['text/plain; version=0.0.4; charset=utf-8']},
		problems: ['not-found', 'forbidden'],
		handle: async ({context, caller, remote, headers}) => {
			// A page of somebody else's that was told that its name is this machine's address names itself as the host; a proxy names whom it speaks for.
			const isHere =
				isThisMachine(remote) &&
				isNamedAsThisMachine(headerOf(headers, 'host')) &&
				// A page of an origin that may ask for the market is not who watches over the machine.
				headers.origin === undefined &&
				headers['x-forwarded-for'] === undefined &&
				headers.forwarded === undefined &&
				headers.via === undefined;
			const isKnown = caller.user !== undefined || caller.role === 'reader' || caller.role === 'auditor' || caller.role === 'operator';
			if (!isHere && !isKnown)
				throw new Problem('unauthorised', 'metrics are read from this machine, or with the token of a reader, auditor or operator');
			return {
				kind: 'ok',
				text: await agentOf(context).window.metrics(),
				mediaType: 'text/plain; version=0.0.4; charset=utf-8',
				headers: {'cache-control': 'no-store'},
			};
		},
	}),
];
