// The files that follow from the schemas are up to date, and sound by the measure of others.
import {readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {Validator} from '@seriousme/openapi-schema-validator';
import test from 'ava';
import {eventTypes} from '../../agent/api/event-schema.ts';
import {generatedFiles} from '../../agent/api/generated.ts';
import {routes} from '../../agent/api/routes.ts';
import type {Loose} from './world.ts';

const folder = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'agent', 'api');

for (const [name, text] of Object.entries(generatedFiles())) {
	test(`${name} is what the schemas give; if not, run npm run api`, t => {
		t.true(readFileSync(join(folder, name), 'utf8') === text);
	});
}

test('the description is sound OpenAPI 3.1 by a validator of others', async t => {
	const validator = new Validator();
	const {valid, errors} = await validator.validate(JSON.parse(generatedFiles()['openapi.json']));
	t.deepEqual(errors, undefined);
	t.true(valid);
	t.is(validator.version, '3.1');
});

test('every request has a name of its own, and every reference leads somewhere', t => {
	const ids = routes.map(({id}) => id);
	t.is(new Set(ids).size, ids.length);
	for (const name of ['openapi.json', 'asyncapi.json'] as const) {
		const document: Loose = JSON.parse(generatedFiles()[name]);
		const visit = (value: Loose): void => {
			if (typeof value !== 'object' || value === null) return;
			if (typeof value.$ref === 'string') {
				const target = value.$ref
					.slice(2)
					.split('/')
					.reduce((at: Loose, part: string) => at?.[part], document);
				t.truthy(target, `${name} ${value.$ref}`);
			}
			for (const one of Object.values(value)) visit(one);
		};
		visit(document);
	}
});

test('events are described with all their types', t => {
	const document: Loose = JSON.parse(generatedFiles()['asyncapi.json']);
	t.deepEqual(document.components.schemas.Event.properties.type.enum, [...eventTypes]);
	t.is(document.channels.cleared.address, 'p2p/{market}/{slot}/cleared');
});
