// Writes the published description as one page that people read: plain HTML without a script, made once from the schemas.

type Json = {readonly [key: string]: unknown};

const escaped = (text: unknown): string =>
	String(text ?? '')
		.replaceAll('&', '&amp;')
		.replaceAll('<', '&lt;')
		.replaceAll('>', '&gt;')
		.replaceAll('"', '&quot;');

/** `code` between backquotes; all else as it is. */
const prose = (text: unknown): string => escaped(text).replaceAll(/`([^`]+)`/g, '<code>$1</code>');

const refPrefix = '#/components/schemas/';

function typeOf(schema: Json | undefined): string {
	if (schema === undefined) return '';
	if (typeof schema.$ref === 'string') {
		const name = schema.$ref.slice(refPrefix.length);
		return `<a href="#schema-${escaped(name)}">${escaped(name)}</a>`;
	}
	if (Array.isArray(schema.anyOf)) return schema.anyOf.map(one => typeOf(one as Json)).join(' or ');
	if (Array.isArray(schema.enum)) return schema.enum.map(one => `<code>${escaped(one ?? 'null')}</code>`).join(', ');
	if (Array.isArray(schema.type)) return schema.type.map(escaped).join(' or ');
	if (schema.type === 'array') return `list of ${typeOf(schema.items as Json) || 'anything'}`;
	return escaped(schema.type ?? 'anything');
}

function membersOf(schema: Json): string {
	const properties = Object.entries((schema.properties ?? {}) as Readonly<Record<string, Json>>);
	if (properties.length === 0) return `<p>${typeOf(schema)}</p>`;
	const required = (schema.required ?? []) as readonly string[];
	const rows = properties.map(
		([name, one]) =>
			`<tr><td><code>${escaped(name)}</code>${required.includes(name) ? '' : ' <small>optional</small>'}</td><td>${typeOf(one)}</td><td>${prose(one.description)}</td></tr>`,
	);
	return `<table><thead><tr><th>member</th><th>type</th><th>meaning</th></tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

type Operation = {
	readonly operationId: string;
	readonly tags: readonly string[];
	readonly summary: string;
	readonly description?: string;
	readonly security: readonly Json[];
	readonly 'x-role'?: string;
	readonly parameters: readonly {
		readonly name: string;
		readonly in: string;
		readonly required: boolean;
		readonly description?: string;
		readonly schema: Json;
	}[];
	readonly requestBody?: {readonly content: Readonly<Record<string, {readonly schema: Json}>>};
	readonly responses: Readonly<
		Record<string, {readonly description: string; readonly content: Readonly<Record<string, {readonly schema: Json}>>}>
	>;
};

function operationOf(method: string, path: string, operation: Operation): string {
	const {operationId, summary, description, security, parameters, requestBody, responses} = operation;
	const asks =
		security.length === 0
			? 'anybody'
			: `${operation['x-role'] ?? 'token'} (${security.map(one => Object.keys(one)[0] ?? 'nothing').join(' or ')})`;
	const asked = parameters.map(
		({name, in: place, required, description: own, schema}) =>
			`<tr><td><code>${escaped(name)}</code>${required ? '' : ' <small>optional</small>'}</td><td>${escaped(place)}</td><td>${typeOf(schema)}</td><td>${prose(own ?? schema.description)}</td></tr>`,
	);
	const body = Object.values(requestBody?.content ?? {})[0]?.schema;
	const answers = Object.entries(responses).map(([status, one]) => {
		const what = Object.entries(one.content).map(
			([type, {schema}]) => `<code>${escaped(type)}</code> ${status < '300' ? typeOf(schema) : ''}`,
		);
		return `<tr><td>${escaped(status)}</td><td>${what.join('<br>')}</td><td>${prose(one.description)}</td></tr>`;
	});
	return [
		`<section id="${escaped(operationId)}"><h3><span class="method">${escaped(method.toUpperCase())}</span> <code>${escaped(path)}</code></h3>`,
		`<p>${prose(summary)}.</p>`,
		description === undefined ? '' : `<p>${prose(description)}</p>`,
		`<p><small>Who may ask: ${escaped(asks)}. In the client: <code>${escaped(operationId)}</code>.</small></p>`,
		asked.length === 0
			? ''
			: `<table><thead><tr><th>parameter</th><th>in</th><th>type</th><th>meaning</th></tr></thead><tbody>${asked.join('')}</tbody></table>`,
		body === undefined ? '' : `<p>Body: ${typeOf(body)}</p>${body.$ref === undefined ? membersOf(body) : ''}`,
		`<table><thead><tr><th>status</th><th>answer</th><th></th></tr></thead><tbody>${answers.join('')}</tbody></table></section>`,
	].join('\n');
}

export const docsStyle = `:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{margin:0 auto;max-width:64rem;padding:1rem}
h1{font-size:1.6rem}h2{border-bottom:1px solid;margin-top:2.5rem}h3{margin-top:2rem}
code{font-family:ui-monospace,monospace;font-size:.9em;overflow-wrap:anywhere}
.method{font-size:.8em;border:1px solid;border-radius:.3em;padding:0 .4em}
table{border-collapse:collapse;width:100%;margin:.5rem 0;font-size:.9rem}
th,td{text-align:left;vertical-align:top;padding:.25rem .5rem;border-bottom:1px solid color-mix(in srgb,currentColor 20%,transparent)}
nav ul{columns:16rem;padding-left:1.2rem}
`;

/** The whole page; its style is a file of its own, so that no style in a page need be allowed. */
export function docsPage(description: Json): string {
	const {info, paths, components} = description as {
		readonly info: {readonly title: string; readonly summary: string; readonly description: string};
		readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
		readonly components: {readonly schemas: Readonly<Record<string, Json>>};
	};
	const operations = Object.entries(paths).flatMap(([path, methods]) =>
		Object.entries(methods).map(([method, operation]) => ({path, method, operation, tag: operation.tags[0] ?? ''})),
	);
	const tags = [...new Set(operations.map(({tag}) => tag))];
	const links = tags.map(
		tag =>
			`<h3>${escaped(tag)}</h3><ul>${operations
				.filter(one => one.tag === tag)
				.map(
					({method, path, operation}) =>
						`<li><a href="#${escaped(operation.operationId)}">${escaped(method.toUpperCase())} ${escaped(path)}</a></li>`,
				)
				.join('')}</ul>`,
	);
	const sections = tags.map(
		tag =>
			`<h2>${escaped(tag)}</h2>${operations
				.filter(one => one.tag === tag)
				.map(({method, path, operation}) => operationOf(method, path, operation))
				.join('\n')}`,
	);
	const schemas = Object.entries(components.schemas).map(
		([name, schema]) =>
			`<section id="schema-${escaped(name)}"><h3>${escaped(name)}</h3><p>${prose(schema.description)}</p>${membersOf(schema)}</section>`,
	);
	return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${escaped(info.title)}: API</title><link rel="stylesheet" href="/v1/docs.css"></head>
<body><main><h1>${escaped(info.title)}: API</h1><p>${prose(info.summary)}</p><p>${prose(info.description)}</p>
<p>The same for machines: <a href="/v1/openapi.json">OpenAPI 3.1</a>, <a href="/v1/asyncapi.json">AsyncAPI 3</a>.</p>
<nav>${links.join('\n')}</nav>
${sections.join('\n')}
<h2>Schemas</h2>
${schemas.join('\n')}
</main></body></html>
`;
}
