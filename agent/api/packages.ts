// /evidence: packs evidence packages, one at a time, and hands them out.

import {periodOf} from './period.ts';
import {Problem} from './problem.ts';
import {agentOf, defineRoute, type Route} from './route.ts';
import {accountId, closed, count, nameKey, oneOf, Type, textOrNull, timeMs, wholeOrNull} from './schema.ts';

const dayMs = 86_400_000;
const packageDaysMax = 366;

const packageSchema = Type.Object(
	{
		id: Type.String(),
		state: oneOf(['packing', 'done', 'failed']),
		about: Type.String(),
		of: Type.String(),
		fromMs: timeMs,
		toMs: timeMs,
		step: textOrNull('gather, answer or write, while it is packed.'),
		done: count,
		all: count,
		bytes: wholeOrNull('Of the file, when it is done.'),
		problem: textOrNull('Why it failed.'),
	},
	{[nameKey]: 'EvidencePackage'},
);

const id = Type.String({pattern: '^[0-9a-f]{16}$', maxLength: 16});

export const packageRoutes: readonly Route[] = [
	defineRoute({
		method: 'POST',
		path: '/evidence',
		id: 'packEvidence',
		tag: 'evidence',
		summary: 'Packs what answers a question into one file that proves it without us; goes on in the background, one at a time',
		description:
			'Under the newest checkpoint that is anchored and covers what is asked, or else the newest that is released: it holds what the accounts answer now.',
		access: 'operator',
		cost: 'write',
		body: Type.Object({about: oneOf(['site', 'shipment', 'device', 'certificates']), id: accountId, fromMs: timeMs, toMs: timeMs}, closed),
		answers: {created: packageSchema},
		problems: ['forbidden', 'foreign-origin', 'busy'],
		handle: ({body, context}) => {
			const {about, id: of, fromMs, toMs} = body;
			const period = periodOf(fromMs, toMs, '/toMs');
			// A shipment is shown whole.
			if (about !== 'shipment' && toMs - fromMs > packageDaysMax * dayMs)
				throw new Problem('malformed', `a package covers up to ${packageDaysMax} days`);
			const started = agentOf(context).window.packages.start({about, id: of, ...period});
			if (started === undefined) throw new Problem('busy', 'another package is being packed', {retryAfterS: 10});
			return {kind: 'created', body: started};
		},
	}),
	defineRoute({
		method: 'GET',
		path: '/evidence',
		id: 'listPackages',
		tag: 'evidence',
		summary: 'The packages since the start of the agent: the newest few are kept',
		access: 'operator',
		cost: 'request',
		answers: {ok: Type.Object({items: Type.Array(packageSchema)}, {[nameKey]: 'EvidencePackageList'})},
		problems: ['forbidden'],
		handle: ({context}) => ({kind: 'ok', body: {items: agentOf(context).window.packages.list()}}),
	}),
	defineRoute({
		method: 'GET',
		path: '/evidence/{package}/file',
		id: 'getPackage',
		tag: 'evidence',
		summary: 'The file of a package',
		access: 'operator',
		isRaw: true,
		cost: 'request',
		params: Type.Object({package: id}),
		answers: {ok: ['application/zip']},
		problems: ['forbidden', 'not-found'],
		handle: ({params, context}) => {
			const file = agentOf(context).window.packages.file(params.package);
			if (file === undefined) throw new Problem('not-found', 'there is no such package, or it is not done');
			return {
				kind: 'ok',
				file,
				mediaType: 'application/zip',
				headers: {'content-disposition': `attachment; filename="${file.name}"`, 'content-length': String(file.bytes)},
			};
		},
	}),
];
