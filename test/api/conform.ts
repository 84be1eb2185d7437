// Holds every answer that a test gets to the published description: its status must be named there, and its body must fit.
import {Ajv2020, type ValidateFunction} from 'ajv/dist/2020.js';
import {generatedFiles} from '../../agent/api/generated.ts';
import type {Loose} from './world.ts';

const description: Loose = JSON.parse(generatedFiles()['openapi.json']);
const ajv = new Ajv2020({strict: false, allErrors: true});
ajv.addSchema({...description, $id: 'api'});
const validators = new Map<string, ValidateFunction>();

const templates = Object.keys(description.paths).map(path => ({
	path,
	pattern: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
}));

/** Why the answer is not what the description promises; undefined if it is, or if there is no such path. */
export function misfit(method: string, url: string, status: number, mediaType: string, body: unknown): string | undefined {
	const {pathname} = new URL(url);
	// Fixed paths come before those with parameters, as in the router.
	const found = templates
		.filter(({pattern}) => pattern.test(pathname))
		.sort((a, b) => a.path.split('{').length - b.path.split('{').length)[0];
	const operation = found === undefined ? undefined : description.paths[found.path][method.toLowerCase()];
	if (operation === undefined || status === 304) return undefined;
	const answer = operation.responses[status];
	if (answer === undefined) return `${operation.operationId} does not name the status ${status}: ${JSON.stringify(body)}`;
	const type = mediaType.split(';')[0]!;
	const content = answer.content[type];
	if (content === undefined) return `${operation.operationId} does not name ${type} for ${status}`;
	const code = (body as Loose)?.code;
	if (status >= 400 && !answer.description.split(', ').includes(code)) return `${operation.operationId} does not name ${code}`;
	if (!type.includes('json')) return undefined;
	const pointer = ['', 'paths', found!.path, method.toLowerCase(), 'responses', String(status), 'content', type, 'schema']
		.map(part => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')))
		.join('/');
	const validate = validators.get(pointer) ?? ajv.compile({$ref: `api#${pointer}`});
	validators.set(pointer, validate);
	return validate(body) === true ? undefined : `${operation.operationId} ${status}: ${ajv.errorsText(validate.errors)}`;
}

/** The global fetch, which throws for an answer that is not what the description promises. */
export async function conformingFetch(url: string, init: RequestInit = {}): Promise<Response> {
	const response = await fetch(url, init);
	const mediaType = response.headers.get('content-type') ?? '';
	if (mediaType.startsWith('text/event-stream')) return response;
	const text = await response.clone().text();
	const wrong = misfit(
		init.method ?? 'GET',
		response.url,
		response.status,
		mediaType,
		mediaType.includes('json') && text !== '' ? JSON.parse(text) : {},
	);
	if (wrong !== undefined) throw new Error(wrong);
	return response;
}
