// Makes the files that follow from the schemas, as texts by name.

import {asyncApi} from './asyncapi.ts';
import {clientText} from './client-text.ts';
import {openApi} from './openapi.ts';
import {routes} from './routes.ts';

export function generatedFiles(): Readonly<Record<'openapi.json' | 'asyncapi.json' | 'client.ts', string>> {
	// Through JSON, so that the client is made of what others read, and of nothing else.
	const description = JSON.parse(JSON.stringify(openApi(routes))) as Record<string, unknown>;
	return {
		'openapi.json': `${JSON.stringify(description, null, '\t')}\n`,
		'asyncapi.json': `${JSON.stringify(asyncApi(), null, '\t')}\n`,
		'client.ts': clientText(description),
	};
}
