// /emissions, /shipments and /certificates: what the accounts of the log answer.

import {AgentError} from '../base/errors.ts';
import {periodOf, periodQuery} from './period.ts';
import {Problem} from './problem.ts';
import {agentOf, type Context, defineRoute, type Route} from './route.ts';
import {accountId, anything, closed, count, nameKey, oneOf, Type, textOrNull, timeMs} from './schema.ts';
import {assertShipment, seesShipment} from './share-scope.ts';

const answerSchema = Type.Object(
	{size: {...count, description: 'How many entries of the log it rests on.'}, answer: anything},
	{[nameKey]: 'AccountAnswer', description: 'The answer of the ledger, as in an evidence package: its README says what stands in it.'},
);
const mg = Type.String({pattern: '^[0-9]+$', description: 'mg CO2e.'});
const allowancesSchema = Type.Object(
	{
		chain: textOrNull('As the config calls it.'),
		chainId: count,
		allowances: Type.String({description: 'Address of CarbonAllowance.'}),
		reports: Type.String({description: 'Address of CarbonReports.'}),
		account: textOrNull('Who acts for the site; null: the contracts do not know it.'),
		blockNumber: {...count, description: 'As of this block.'},
		blockTimeMs: timeMs,
		periods: Type.Array(
			Type.Object({
				period: count,
				fromMs: timeMs,
				toMs: timeMs,
				reportDeadlineMs: timeMs,
				surrenderDeadlineMs: timeMs,
				report: oneOf(['none', 'posted', 'void', 'final', 'determined']),
				isReleased: Type.Boolean({description: 'All that was owed is surrendered.'}),
				heldMg: {...mg, description: 'Issued, and not to be transferred before all is surrendered.'},
				surrenderedMg: mg,
				balanceMg: {...mg, description: 'What the account can transfer or retire.'},
				shortMg: textOrNull('What was missing at the deadline, once recorded.'),
				owedMg: textOrNull('The total of the site; null while none is settled.'),
			}),
		),
		moves: Type.Array(
			Type.Object({
				what: oneOf(['issued', 'surrendered', 'released', 'retired', 'short', 'received', 'sent']),
				period: count,
				amountMg: mg,
				other: textOrNull('The other account, of what was received or sent.'),
				blockNumber: count,
			}),
			{description: 'Newest first, at most 200.'},
		),
		movesFromBlock: {...count, description: 'What moved in earlier blocks is not told.'},
	},
	{[nameKey]: 'Allowances', description: 'What a site has of emission allowances, as contracts on the first chain of the config say it.'},
);
const idsSchema = Type.Object({items: Type.Array(Type.String())}, {[nameKey]: 'Ids'});
const period = Type.Object(periodQuery, closed);
const periodMaybe = Type.Object({from: Type.Optional(timeMs), to: Type.Optional(timeMs)}, closed);

async function answerTo(context: Context, about: 'site' | 'shipment' | 'certificates', id: string, fromMs: number, toMs: number) {
	const answered = await agentOf(context).window.answer(about, id, periodOf(fromMs, toMs));
	if (answered === undefined) throw new Problem('not-found', `the log says nothing of ${about} ${id}`);
	return {kind: 'ok', body: answered} as const;
}

export const accountAnswerRoutes: readonly Route[] = [
	defineRoute({
		method: 'GET',
		path: '/emissions',
		id: 'listSites',
		tag: 'accounts',
		summary: 'Sites whose emissions are counted',
		access: 'viewer',
		cost: 'request',
		answers: {ok: idsSchema},
		problems: ['forbidden'],
		handle: ({context}) => ({kind: 'ok', body: {items: agentOf(context).window.accounts('site')}}),
	}),
	defineRoute({
		method: 'GET',
		path: '/emissions/{site}',
		id: 'getEmissions',
		tag: 'accounts',
		summary: 'What a site emitted in a period, by hour, source and scope',
		access: 'viewer',
		cost: 'request',
		weight: () => 20,
		params: Type.Object({site: accountId}),
		query: period,
		answers: {ok: answerSchema},
		problems: ['forbidden', 'not-found'],
		handle: ({params, query, context}) => answerTo(context, 'site', params.site, query.from, query.to),
	}),
	defineRoute({
		method: 'GET',
		path: '/emissions/{site}/allowances',
		id: 'getAllowances',
		tag: 'accounts',
		summary: 'Emission allowances of a site: held, surrendered, free, and how they moved',
		access: 'viewer',
		cost: 'request',
		params: Type.Object({site: accountId}),
		answers: {ok: allowancesSchema},
		problems: ['forbidden', 'not-found', 'busy'],
		handle: async ({params, context}) => {
			const found = await agentOf(context)
				.window.allowances(params.site)
				.catch(error => {
					// What is the world's fault; ours is told in no detail.
					if (!(error instanceof AgentError)) throw error;
					throw new Problem('busy', `the chain does not answer: ${error.message}`, {retryAfterS: 30});
				});
			if (found === undefined) throw new Problem('not-found', 'no contracts of allowances are named in the config (anchor.carbonReports)');
			return {kind: 'ok', body: found};
		},
	}),
	defineRoute({
		method: 'GET',
		path: '/shipments',
		id: 'listShipments',
		tag: 'accounts',
		summary: 'Shipments that the log knows',
		access: 'viewer',
		isShared: true,
		cost: 'request',
		answers: {ok: idsSchema},
		problems: ['forbidden'],
		handle: ({caller, context}) => {
			const all = agentOf(context).window.accounts('shipment');
			return {kind: 'ok', body: {items: all.filter(id => seesShipment(caller, id))}};
		},
	}),
	defineRoute({
		method: 'GET',
		path: '/shipments/{shipment}',
		id: 'getShipment',
		tag: 'accounts',
		summary: 'A shipment: its way, who held it, its excursions, and the verdict',
		access: 'viewer',
		isShared: true,
		cost: 'request',
		weight: () => 20,
		params: Type.Object({shipment: accountId}),
		query: periodMaybe,
		answers: {ok: answerSchema},
		problems: ['forbidden', 'not-found'],
		handle: ({params, query, caller, context}) => {
			assertShipment(caller, params.shipment);
			return answerTo(context, 'shipment', params.shipment, query.from ?? 0, query.to ?? context.clock.nowMs() + 1);
		},
	}),
	defineRoute({
		method: 'GET',
		path: '/certificates',
		id: 'listCertified',
		tag: 'accounts',
		summary: 'Devices with energy certificates',
		access: 'viewer',
		cost: 'request',
		answers: {ok: idsSchema},
		problems: ['forbidden'],
		handle: ({context}) => ({kind: 'ok', body: {items: agentOf(context).window.accounts('certificates')}}),
	}),
	defineRoute({
		method: 'GET',
		path: '/certificates/{device}',
		id: 'getCertificates',
		tag: 'accounts',
		summary: 'Certificates of a device, of the hours that begin in a period',
		access: 'viewer',
		cost: 'request',
		weight: () => 20,
		params: Type.Object({device: accountId}),
		query: period,
		answers: {ok: answerSchema},
		problems: ['forbidden', 'not-found'],
		handle: ({params, query, context}) => answerTo(context, 'certificates', params.device, query.from, query.to),
	}),
];
