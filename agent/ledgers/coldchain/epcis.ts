// Turns the account of a shipment into EPCIS 2.0 events as JSON-LD: what was packed, moved, handed over, measured and found.

import type {Json} from '../../format/document.ts';
import {accountUrn, deviceUrn, parseChannelUrn} from '../../format/subject.ts';
import type {ShipmentAccount} from './account.ts';
import {type EpcisObject, eventHashId, extensions} from './event-hash.ts';
import type {Handover, Leg} from './shipment.ts';
import type {Lot, Party, VerdictName} from './statements.ts';

export type EpcisOptions = {
	/** When the document was made, ms since 1970. It names no event. */
	readonly createdAtMs: number;
	/** Where the evidence is that the readings stand in a log: becomes rawData of what sensors report. */
	readonly evidenceUri?: string | undefined;
};

type LotAccount = Lot & {readonly series: readonly number[]; readonly verdict: VerdictName};
type SeriesAccount = {
	readonly sort: 'temperature' | 'humidity';
	readonly assignments: readonly string[];
	readonly fromMs: number;
	readonly toMs: number;
	readonly readings: number;
	readonly min?: {readonly milli: number} | undefined;
	readonly max?: {readonly milli: number} | undefined;
	readonly meanMilli?: number | undefined;
	readonly mktMilliC?: number | 'frozen' | undefined;
	readonly excursions: readonly {
		readonly side: string;
		readonly fromMs: number;
		readonly toMs: number;
		readonly peakMilli: number;
		readonly peakAtMs: number;
	}[];
	readonly gaps: readonly {readonly fromMs: number; readonly toMs: number}[];
};
type SensorAccount = {readonly assignment: string; readonly channel: string};
type ClosingAccount = {readonly atMs: number; readonly lots: readonly {readonly id: string; readonly verdict: VerdictName}[]};

const context = 'https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld';
/** How the mean kinetic temperature is computed; see mkt.ts. */
const mktMethod = 'urn:kedge:method:mean-kinetic-temperature';
/** UN/ECE Recommendation 20: degree Celsius, per cent. */
const units = {temperature: {type: 'Temperature', uom: 'CEL'}, humidity: {type: 'RelativeHumidity', uom: 'P1'}} as const;
/** [CBV 2.0 §7.2] */
const dispositions = {good: 'conformant', excursion: 'non_conformant', indeterminate: 'unknown'} as const satisfies Record<
	VerdictName,
	string
>;

/** undefined if the answer is of no shipment that was opened. */
export function epcisDocument(answer: Json, {createdAtMs, evidenceUri}: EpcisOptions): Json | undefined {
	const account = answer as unknown as ShipmentAccount;
	if (account.isOpened !== true) return undefined;
	const eventList = eventsOf(account as ShipmentAccount & Opened, evidenceUri).map(event => ({...event, eventID: eventHashId(event)}));
	return {
		'@context': [context, extensions],
		type: 'EPCISDocument',
		schemaVersion: '2.0',
		creationDate: timeText(createdAtMs),
		epcisBody: {eventList},
	};
}

type Opened = Required<Pick<ShipmentAccount, 'fromMs' | 'profile' | 'parties' | 'lots' | 'legs' | 'handovers' | 'sensors' | 'series'>>;

function eventsOf(account: ShipmentAccount & Opened, evidenceUri: string | undefined): EpcisObject[] {
	const {shipment} = account;
	const lots = account.lots as unknown as readonly LotAccount[];
	const parties = new Map(account.parties.map(party => [party.id, party]));
	const quantities = (ids: readonly string[]): Json[] => lots.filter(({id}) => ids.includes(id)).map(lot => quantityOf(shipment, lot));
	const all = lots.map(({id}) => id);
	const parentID = accountUrn('shipment', shipment);
	// When it was opened, not where the question begins.
	const openedMs = (account.lots[0] as unknown as {custody: readonly {fromMs: number}[]}).custody[0]!.fromMs;
	const events: EpcisObject[] = [
		{type: 'AggregationEvent', ...at(openedMs), parentID, childQuantityList: quantities(all), action: 'ADD', bizStep: 'packing'},
	];
	for (const leg of account.legs as unknown as readonly Leg[]) events.push(...legEvents(leg, quantities(leg.lots ?? all), parties));
	for (const handover of account.handovers as unknown as readonly Handover[])
		events.push(...handoverEvents(shipment, handover, quantities(handover.lots), parties));
	for (const [i, series] of (account.series as unknown as readonly SeriesAccount[]).entries()) {
		const watched = lots.filter(lot => lot.series.includes(i)).map(({id}) => id);
		const event = sensorEvent(account, series, quantities(watched), evidenceUri);
		if ((event.sensorElementList as readonly Json[]).length > 0) events.push(event);
	}
	const closing = account.closing as unknown as ClosingAccount | undefined;
	if (closing === undefined) return events;
	for (const verdict of Object.keys(dispositions) as VerdictName[]) {
		const found = closing.lots.filter(lot => lot.verdict === verdict).map(({id}) => id);
		if (found.length > 0)
			events.push({
				type: 'ObjectEvent',
				...at(closing.atMs),
				quantityList: quantities(found),
				action: 'OBSERVE',
				bizStep: 'inspecting',
				disposition: dispositions[verdict],
			});
	}
	events.push({
		type: 'AggregationEvent',
		...at(closing.atMs),
		parentID,
		childQuantityList: quantities(all),
		action: 'DELETE',
		bizStep: 'unpacking',
	});
	return events;
}

function timeText(timeMs: number): string {
	return new Date(timeMs).toISOString();
}

/** Times are UTC: what the clocks showed where it happened is nowhere stated. */
function at(timeMs: number): EpcisObject {
	return {eventTime: timeText(timeMs), eventTimeZoneOffset: '+00:00'};
}

/** A GTIN, with the batch if there is one, as GS1 Digital Link; else a name of ours. */
function quantityOf(shipment: string, {id, gtin, batch, quantity, unit}: Lot): EpcisObject {
	const epcClass =
		gtin === undefined
			? `${accountUrn('shipment', shipment)}:lot:${id}`
			: `https://id.gs1.org/01/${gtin}${batch === undefined ? '' : `/10/${batch}`}`;
	if (quantity === undefined) return {epcClass};
	// Pieces are counted without a unit [EPCIS 2.0 §7.3.3.3].
	return {epcClass, quantity: Number(quantity), uom: unit === 'EA' ? undefined : unit};
}

function partyUri(id: string, parties: ReadonlyMap<string, Party>): string {
	const gln = parties.get(id)?.gln;
	return gln === undefined ? `urn:kedge:party:${id}` : `https://id.gs1.org/417/${gln}`;
}

function legEvents(
	{id, fromMs, toMs, from, to, carrier, vehicle}: Leg,
	quantityList: Json[],
	parties: ReadonlyMap<string, Party>,
): EpcisObject[] {
	// Taken back: it ended as it began.
	if (toMs === fromMs) return [];
	const about = {
		quantityList,
		action: 'OBSERVE',
		disposition: 'in_transit',
		'kedge:leg': id,
		'kedge:vehicle': vehicle,
		'kedge:carrier': carrier === undefined ? undefined : partyUri(carrier, parties),
	};
	const events: EpcisObject[] = [{type: 'ObjectEvent', ...at(fromMs), ...about, bizStep: 'departing', 'kedge:place': from}];
	if (toMs !== undefined) events.push({type: 'ObjectEvent', ...at(toMs), ...about, bizStep: 'arriving', 'kedge:place': to});
	return events;
}

/** One event of whoever gives and one of whoever takes, each with its own party: see event-hash.ts. */
function handoverEvents(
	shipment: string,
	{from, to, atMs, place, index}: Handover,
	quantityList: Json[],
	parties: ReadonlyMap<string, Party>,
): EpcisObject[] {
	const about = {
		type: 'TransactionEvent',
		...at(atMs),
		quantityList,
		action: 'ADD',
		bizTransactionList: [{bizTransaction: `${accountUrn('shipment', shipment)}:handover:${index}`}],
		'kedge:place': place,
	};
	return [
		{...about, bizStep: 'shipping', sourceList: [{type: 'possessing_party', source: partyUri(from, parties)}]},
		{...about, bizStep: 'receiving', destinationList: [{type: 'possessing_party', destination: partyUri(to, parties)}]},
	];
}

function sensorEvent(
	{profile, sensors}: Opened,
	series: SeriesAccount,
	quantityList: Json[],
	evidenceUri: string | undefined,
): EpcisObject {
	const {sort, assignments, fromMs, toMs, min, max, meanMilli, mktMilliC, excursions, gaps} = series;
	const {type, uom} = units[sort];
	const unit = (milli: number | undefined): number | undefined => (milli === undefined ? undefined : milli / 1000);
	const channels = (sensors as unknown as readonly SensorAccount[])
		.filter(({assignment}) => assignments.includes(assignment))
		.map(({channel}) => channel);
	const devices = new Set(channels.map(channel => deviceUrn(parseChannelUrn(channel)!.deviceId)));
	const metadata = (span: {readonly fromMs: number; readonly toMs: number}): EpcisObject => ({
		startTime: timeText(span.fromMs),
		endTime: timeText(span.toMs),
		deviceID: devices.size === 1 ? [...devices][0] : undefined,
		rawData: evidenceUri,
		bizRules: `urn:kedge:profile:${encodeURIComponent(profile.id)}`,
	});
	const summary: EpcisObject[] = [];
	if (min !== undefined && max !== undefined)
		summary.push({type, minValue: unit(min.milli), maxValue: unit(max.milli), meanValue: unit(meanMilli), uom});
	if (typeof mktMilliC === 'number') summary.push({type, dataProcessingMethod: mktMethod, value: unit(mktMilliC), uom});
	const elements: EpcisObject[] = summary.length === 0 ? [] : [{sensorMetadata: metadata({fromMs, toMs}), sensorReport: summary}];
	for (const run of excursions) {
		const peak = {time: timeText(run.peakAtMs), value: unit(run.peakMilli), uom};
		elements.push({sensorMetadata: metadata(run), sensorReport: [{type, exception: 'ALARM_CONDITION', ...peak}]});
	}
	for (const gap of gaps) elements.push({sensorMetadata: metadata(gap), sensorReport: [{type, exception: 'ERROR_CONDITION'}]});
	return {type: 'ObjectEvent', ...at(toMs), quantityList, action: 'OBSERVE', bizStep: 'sensor_reporting', sensorElementList: elements};
}
