// Turns the published description into the text of a typed client.

type Json = {readonly [key: string]: unknown};

type Parameter = {
	readonly name: string;
	readonly in: string;
	readonly required: boolean;
	readonly schema: Json;
	readonly description?: string;
};

type Operation = {
	readonly operationId: string;
	readonly summary: string;
	readonly parameters: readonly Parameter[];
	readonly requestBody?: {readonly required: boolean; readonly content: Readonly<Record<string, {readonly schema: Json}>>};
	readonly responses: Readonly<
		Record<
			string,
			{readonly content: Readonly<Record<string, {readonly schema: Json /** Not to be read as JSON. */; readonly 'x-text'?: boolean}>>}
		>
	>;
	readonly 'x-raw'?: boolean;
	/** Which answer each form of the body gets. */
	readonly 'x-forms'?: readonly {readonly body: Json; readonly answer: Json}[];
};

const refPrefix = '#/components/schemas/';

/** A schema as a type, in one line. */
export function typeText(schema: Json): string {
	if (typeof schema.$ref === 'string') return schema.$ref.slice(refPrefix.length);
	if (Array.isArray(schema.anyOf)) return schema.anyOf.map(one => typeText(one as Json)).join(' | ');
	if (Array.isArray(schema.enum)) return schema.enum.map(one => `'${String(one)}'`).join(' | ');
	if (Array.isArray(schema.type)) return schema.type.map(type => typeText({type})).join(' | ');
	switch (schema.type) {
		case 'string':
			return 'string';
		case 'integer':
		case 'number':
			return 'number';
		case 'boolean':
			return 'boolean';
		case 'null':
			return 'null';
		case 'array':
			return `readonly (${typeText((schema.items ?? {}) as Json)})[]`;
		case 'object':
			return objectText(schema);
		default:
			return 'unknown';
	}
}

function objectText(schema: Json): string {
	const properties = Object.entries((schema.properties ?? {}) as Readonly<Record<string, Json>>);
	if (properties.length === 0) return 'Readonly<Record<string, unknown>>';
	const required = (schema.required ?? []) as readonly string[];
	return `{${properties.map(([name, one]) => memberText(name, required.includes(name), one)).join('; ')}}`;
}

function memberText(name: string, isRequired: boolean, schema: Json): string {
	return `readonly ${name}${isRequired ? '' : '?'}: ${typeText(schema)}`;
}

/** A named schema as a type of its own, a line a member. */
function namedText(name: string, schema: Json): string {
	const about = typeof schema.description === 'string' ? `/** ${schema.description} */\n` : '';
	if (schema.type !== 'object') return `${about}export type ${name} = ${typeText(schema)};\n`;
	const required = (schema.required ?? []) as readonly string[];
	const members = Object.entries((schema.properties ?? {}) as Readonly<Record<string, Json>>).map(([key, one]) => {
		const note = typeof one.description === 'string' ? `\t/** ${one.description} */\n` : '';
		return `${note}\t${memberText(key, required.includes(key), one)};\n`;
	});
	return `${about}export type ${name} = {\n${members.join('')}};\n`;
}

const camel = (name: string): string => name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

export function clientText(description: Json): string {
	const {components, paths} = description as {
		readonly components: {readonly schemas: Readonly<Record<string, Json>>};
		readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
	};
	const operations = Object.entries(paths).flatMap(([path, methods]) =>
		Object.entries(methods)
			// Files and endless answers: browsers have links and EventSource for them.
			.filter(([, operation]) => operation['x-raw'] !== true)
			.map(([method, operation]) => ({path, method: method.toUpperCase(), operation})),
	);
	const signatures = operations.flatMap(({operation}) => signaturesOf(operation, components.schemas));
	const table = operations.map(({path, method, operation}) => `\t${operation.operationId}: ${operationText(path, method, operation)},\n`);
	const methods = operations.flatMap(({operation}) => methodsOf(operation, components.schemas));
	return `// Asks an energy market over HTTP. Made from openapi.json by \`npm run api\`: change the schemas, not this file.

import {type CallOptions, type ClientOptions, createTransport, type Operation, type Request} from './client-transport.ts';

export {type CallOptions, type ClientOptions, MarketProblem, MarketUnreachable} from './client-transport.ts';

${Object.entries(components.schemas)
	.map(([name, schema]) => namedText(name, schema))
	.join('\n')}
export type MarketClient = {
${signatures.join('')}};

const operations = {
${table.join('')}} as const satisfies Readonly<Record<string, Operation>>;

/** A client of the server at \`url\`, as in http://127.0.0.1:8080. It keeps nothing open but what fetch keeps, and streams that are read. */
export function createMarketClient(url: string, clientOptions: ClientOptions = {}): MarketClient {
	const {call, pages, events} = createTransport(url, clientOptions);
	// What comes back is what the description says; the tests hold the server to it.
	return {
${methods.join('')}	} as unknown as MarketClient;
}
`;
}

/** Parameters that the client sets itself. */
const hidden = ['last-event-id'];

function requestType(operation: Operation, body: Json | undefined): {readonly text: string; readonly isOptional: boolean} {
	const members = operation.parameters
		.filter(({name}) => !hidden.includes(name))
		.map(({name, required, schema}) => ({required, text: memberText(camel(name), required, schema)}));
	if (body !== undefined)
		members.push({required: operation.requestBody!.required, text: memberText('body', operation.requestBody!.required, body)});
	return {text: `{${members.map(({text}) => text).join('; ')}}`, isOptional: members.every(({required}) => !required)};
}

function answerOf(operation: Operation): {
	readonly type: string;
	readonly isText: boolean;
	readonly isStream: boolean;
	readonly schema: Json | undefined;
} {
	const good = Object.entries(operation.responses).filter(([status]) => status.startsWith('2'));
	const contents = good.flatMap(([, {content}]) => Object.entries(content));
	if (contents.some(([type]) => type === 'text/event-stream')) return {type: 'Event', isText: true, isStream: true, schema: undefined};
	const schemas = contents.map(([, {schema}]) => schema);
	const isText = contents.some(([, content]) => content['x-text'] === true);
	if (isText) return {type: 'string', isText, isStream: false, schema: undefined};
	return {
		type: [...new Set(schemas.flatMap(schema => typeText(schema).split(' | ')))].join(' | '),
		isText,
		isStream: false,
		schema: schemas[0],
	};
}

/** The type of a page's items, where the operation gives pages. */
function itemOf(operation: Operation, schemas: Readonly<Record<string, Json>>): string | undefined {
	if (!operation.parameters.some(({name}) => name === 'cursor')) return undefined;
	const name = answerOf(operation).type;
	const {items} = (schemas[name]?.properties ?? {}) as {readonly items?: {readonly items: Json}};
	return items === undefined ? undefined : typeText(items.items);
}

const iterate = (id: string): string => id.replace(/^list/, 'iterate');

function signaturesOf(operation: Operation, schemas: Readonly<Record<string, Json>>): string[] {
	const {operationId: id, summary} = operation;
	const answer = answerOf(operation);
	const about = `\t/** ${summary}. */\n`;
	const options = 'options?: CallOptions';
	const signature = (body: Json | undefined, result: string): string => {
		const {text, isOptional} = requestType(operation, body);
		return text === '{}'
			? `(request?: Readonly<Record<never, never>>, ${options}) => ${result}`
			: `(request${isOptional ? '?' : ''}: ${text}, ${options}) => ${result}`;
	};
	const body = operation.requestBody?.content['application/json']?.schema;
	if (answer.isStream) return [`${about}\treadonly ${id}: ${signature(body, `AsyncIterable<${answer.type}>`)};\n`];
	const forms = operation['x-forms'];
	if (forms !== undefined) {
		const each = forms.map(form => `(${signature(form.body, `Promise<${typeText(form.answer)}>`)})`);
		return [`${about}\treadonly ${id}: ${each.join(' & ')};\n`];
	}
	const item = itemOf(operation, schemas);
	return [
		`${about}\treadonly ${id}: ${signature(body, `Promise<${answer.type}>`)};\n`,
		...(item === undefined
			? []
			: [`\t/** The same, page after page. */\n\treadonly ${iterate(id)}: ${signature(body, `AsyncIterable<${item}>`)};\n`]),
	];
}

function operationText(path: string, method: string, operation: Operation): string {
	const of = (place: string): Parameter[] => operation.parameters.filter(one => one.in === place && !hidden.includes(one.name));
	const names = (place: string): string =>
		of(place)
			.map(({name}) => `'${name}'`)
			.join(', ');
	const headers = of('header').map(({name}) => `${camel(name)}: '${name}'`);
	return `{method: '${method}', path: '${path}', queryNames: [${names('query')}], headerNames: {${headers.join(', ')}}, isText: ${answerOf(operation).isText}}`;
}

function methodsOf(operation: Operation, schemas: Readonly<Record<string, Json>>): string[] {
	const {operationId: id} = operation;
	const {isStream} = answerOf(operation);
	return [
		`\t\t${id}: (request: Request = {}, options?: CallOptions) => ${isStream ? 'events' : 'call'}(operations.${id}, request, options),\n`,
		...(itemOf(operation, schemas) === undefined
			? []
			: [`\t\t${iterate(id)}: (request: Request = {}, options?: CallOptions) => pages(operations.${id}, request, options),\n`]),
	];
}
