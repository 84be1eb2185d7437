// Describes the HTTP interface as OpenAPI 3.1, from the very schemas that validate and serialise.

import {eventSchema} from './event-schema.ts';
import {type ProblemCode, problems, statuses} from './problem.ts';
import {problemSchema} from './problem-schema.ts';
import {createPublished, type Published} from './published.ts';
import {isForRoles, type Route} from './route.ts';
import type {TSchema} from './schema.ts';
import {cookieNames} from './session-table.ts';

type Json = {readonly [key: string]: unknown};

/** What any request may meet. */
const everywhere: readonly ProblemCode[] = ['malformed', 'unauthorised', 'not-acceptable', 'rate-limited', 'internal'];

export function openApi(routes: readonly Route[]): Json {
	const published = createPublished('#/components/schemas/');
	const paths: Record<string, Record<string, Json>> = {};
	for (const route of routes) {
		const path = `${route.isAtRoot === true ? '' : '/v1'}${route.path.replace('*}', '}')}`;
		paths[path] ??= {};
		paths[path][route.method.toLowerCase()] = operationOf(route, published);
	}
	published.of(problemSchema);
	// No answer has it as a whole: it is what each event of a stream holds.
	published.of(eventSchema);
	return {
		openapi: '3.1.0',
		info: {
			title: 'Kedge agent',
			version: '1',
			summary:
				'What an agent keeps, with its proofs; and where it runs an energy market: signed orders in, provable clearing and settlement out.',
			description:
				'Times that end in Ms are ms since 1970. Values are digits, to be multiplied with ten to the exponent beside them. Energies are whole Wh, prices whole µ-currency/kWh, amounts nano-currency as decimal text. Problems are RFC 9457 documents whose `code` is stable. What happens as events is described in /v1/asyncapi.json.',
			license: {name: 'Apache-2.0', identifier: 'Apache-2.0'},
		},
		servers: [{url: '/'}],
		tags: [...new Set(routes.map(({tag}) => tag))].map(name => ({name})),
		paths,
		components: {
			schemas: published.named(),
			securitySchemes: {
				token: {type: 'http', scheme: 'bearer', description: 'From /v1/auth/siwe, or configured by the operator.'},
				session: {type: 'apiKey', in: 'cookie', name: cookieNames.session, description: 'From POST /v1/session.'},
				share: {type: 'apiKey', in: 'cookie', name: cookieNames.share, description: 'From POST /v1/shares/open.'},
			},
		},
	};
}

function operationOf(route: Route, published: Published): Json {
	const codes = [
		...everywhere,
		...(route.body === undefined ? [] : (['too-large', 'unsupported-media'] as const)),
		...(route.idempotency === undefined ? [] : (['idempotency-in-flight', 'idempotency-mismatch'] as const)),
		...(route.idempotency === 'required' ? (['idempotency-missing'] as const) : []),
		...route.problems,
		// Of roles, and of an interface that serves a market alone.
		...(isForRoles(route) ? (['forbidden', 'not-found'] as const) : []),
	];
	return {
		operationId: route.id,
		tags: [route.tag],
		summary: route.summary,
		...(route.description === undefined ? {} : {description: route.description}),
		security: securityOf(route),
		...(isForRoles(route) ? {'x-role': route.access} : {}),
		...(route.isRaw === true ? {'x-raw': true} : {}),
		parameters: [
			...parametersOf(route.params, 'path', published),
			...parametersOf(route.query, 'query', published),
			...Object.entries(route.headers ?? {}).map(([name, description]) => ({
				name,
				in: 'header',
				required: false,
				description,
				schema: {type: 'string'},
			})),
			...(route.idempotency === undefined
				? []
				: [
						{
							name: 'idempotency-key',
							in: 'header',
							required: route.idempotency === 'required',
							description: 'A key of the client’s own: the same request with the same key is done once.',
							schema: {type: 'string', minLength: 1, maxLength: 64},
						},
					]),
		],
		...(route.body === undefined
			? {}
			: {requestBody: {required: route.method === 'POST', content: {'application/json': {schema: published.of(route.body)}}}}),
		...(route.forms === undefined
			? {}
			: {'x-forms': route.forms.map(({body, answer}) => ({body: published.of(body), answer: published.of(answer)}))}),
		responses: {...answersOf(route, published), ...problemsOf(codes)},
	};
}

function securityOf({access, isShared, id}: Route): Json[] {
	switch (access) {
		case 'token':
			return [{token: []}];
		case 'reader':
		case 'viewer':
			return [{session: []}, {token: []}, ...(isShared === true ? [{share: []}] : [])];
		case 'operator':
		case 'owner':
			return [{session: []}];
		default:
			return id === 'events' ? [{}, {token: []}] : [];
	}
}

function parametersOf(schema: TSchema | undefined, place: 'path' | 'query', published: Published): Json[] {
	const {properties = {}, required = []} = (schema ?? {}) as {
		readonly properties?: Readonly<Record<string, unknown>>;
		readonly required?: readonly string[];
	};
	return Object.entries(properties).map(([name, one]) => ({
		name,
		in: place,
		required: place === 'path' || required.includes(name),
		schema: published.of(one),
	}));
}

function answersOf({answers, file = {}}: Route, published: Published): Json {
	const shown: Record<string, Json> = {};
	for (const kind of ['ok', 'created'] as const) {
		const answer = answers[kind];
		if (answer === undefined) continue;
		const content = Array.isArray(answer)
			? Object.fromEntries(
					(answer as readonly string[]).map(type => [
						type,
						// The bytes count, or may: a client hands them on as they came.
						{schema: type === 'application/json' ? published.of(file) : {type: 'string'}, 'x-text': true},
					]),
				)
			: {'application/json': {schema: published.of(answer)}};
		shown[statuses[kind]] = {description: kind === 'ok' ? 'It went well.' : 'It is there now.', content};
	}
	return shown;
}

/** One answer a status, which names its codes. */
function problemsOf(codes: readonly ProblemCode[]): Json {
	const byStatus = new Map<number, Set<ProblemCode>>();
	for (const code of codes) {
		const {status} = problems[code];
		byStatus.set(status, (byStatus.get(status) ?? new Set()).add(code));
	}
	return Object.fromEntries(
		[...byStatus].map(([status, set]) => [
			status,
			{
				description: [...set].join(', '),
				content: {'application/problem+json': {schema: {$ref: '#/components/schemas/Problem'}}},
			},
		]),
	);
}
