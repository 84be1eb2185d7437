// The files that follow from the schemas are up to date, and sound by the measure of others.
import {readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {Validator} from '@seriousme/openapi-schema-validator';
import {Ajv2020} from 'ajv/dist/2020.js';
import test from 'ava';
import {eventTypes} from '../../agent/api/event-schema.ts';
import {exampleOrder, exampleSettlement, exampleTaken} from '../../agent/api/examples.ts';
import {generatedFiles} from '../../agent/api/generated.ts';
import {routes} from '../../agent/api/routes.ts';
import {toPrefixedHex} from '../../agent/base/bytes.ts';
import {settleRow} from '../../agent/trade/settle.ts';
import {createDigests, domainName, domainVersion, parseSignature, signerOf} from '../../agent/trade/typed-data.ts';
import {type Loose, openWorld, types, zeroAddress} from './world.ts';

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

test('how an order is signed is described, and the examples are what they say', async t => {
	const {paths, components}: Loose = JSON.parse(generatedFiles()['openapi.json']);
	const {description} = paths['/v1/orders'].post;
	const {desk} = await openWorld(t);
	const {name, version} = desk.domain;
	t.true(description.includes(`name "${name}", version "${version}"`));
	t.is(domainName, name!);
	t.is(domainVersion, version!);
	t.true(description.includes(`Order(${types.Order.Order.map(one => `${one.type} ${one.name}`).join(',')})`));
	t.regex(description, /side is 1 for buy and 2 for sell, mode is 1 for metered and 2 for forward/);
	const digests = createDigests({chainId: Number(desk.domain.chainId), verifyingContract: zeroAddress});
	const signerOfText = (digest: Uint8Array, text: string) => signerOf(digest, parseSignature(text)!);
	const digest = digests.order({...exampleOrder, salt: BigInt(exampleOrder.salt)});
	t.is(toPrefixedHex(digest), exampleTaken.hash);
	t.is(signerOfText(digest, exampleOrder.signature), exampleOrder.trader);
	const {signature, ...acknowledged} = exampleTaken.acknowledgement;
	t.is(signerOfText(digests.acknowledgement(acknowledged), signature), desk.view().operator);
	t.is(exampleOrder.market, desk.view().id);
	const tariff = {feedInMicroPerKwh: 80_000, retailMicroPerKwh: 300_000, gridFeeMicroPerKwh: 40_000};
	const row = settleRow({...exampleSettlement, usualImportWh: 0}, {priceBuyMicroPerKwh: 190_000, priceSellMicroPerKwh: 190_000}, tariff);
	for (const key of ['forwardNano', 'imbalanceNano', 'gridNano', 'netNano'] as const) t.is(`${row[key]}`, exampleSettlement[key], key);
	t.is(row.deviationWh, exampleSettlement.deviationWh);
	const ajv = new Ajv2020({strict: false});
	ajv.addSchema({components, $id: 'api'});
	for (const one of ['SignedOrder', 'OrderRequest', 'Order', 'AcceptedOrder', 'Settlement']) {
		const [example] = components.schemas[one].examples;
		const validate = ajv.compile({$ref: `api#/components/schemas/${one}`});
		t.true(validate(example), `${one}: ${ajv.errorsText(validate.errors)}`);
	}
	for (const key of ['contractedWh', 'forwardNano', 'imbalanceNano', 'substituted', 'spread'])
		t.true(components.schemas.Settlement.properties[key].description.length > 40, key);
	t.regex(components.schemas.Slot.properties.priceBuyMicroPerKwh.description, /without the grid fee.*limit includes/);
	t.regex(components.schemas.OrderRequest.properties.side.description, /buy is 1, sell is 2/);
});

test('events are described with all their types', t => {
	const document: Loose = JSON.parse(generatedFiles()['asyncapi.json']);
	t.deepEqual(document.components.schemas.Event.properties.type.enum, [...eventTypes]);
	t.is(document.channels.cleared.address, 'p2p/{market}/{slot}/cleared');
});
