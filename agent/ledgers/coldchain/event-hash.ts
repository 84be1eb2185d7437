// Turns an EPCIS event into the hash that names it, so that whoever has the event has its name [CBV 2.0 §8.9].

import {toHex, utf8} from '../../base/bytes.ts';
import {portableHasher} from '../../base/hash.ts';
import type {Json} from '../../format/document.ts';

export type EpcisObject = {readonly [key: string]: Json | undefined};

/** Where user extensions come from: `kedge:place` is {urn:kedge:voc:}place. */
export const extensions = {kedge: 'urn:kedge:voc:'} as const;

const cbv = 'https://ref.gs1.org/cbv/';
const voc = 'https://gs1.org/voc/';

/** A bare word of the vocabulary becomes a URI; what is one already stays. */
const expand =
	(prefix: string) =>
	(value: Json): string =>
		String(value).includes(':') ? String(value) : `${prefix}${value}`;

const plain = (value: Json): string => String(value).trim();
/** UTC with milliseconds. */
const time = (value: Json): string => new Date(String(value)).toISOString();

type Field =
	| {readonly key: string; readonly value: (value: Json) => string}
	| {readonly key: string; readonly of: readonly Field[]}
	/** `item` stands in front of each; '' where the list's name does not stand once in front of all. */
	| {readonly key: string; readonly name: string; readonly item: string; readonly each: readonly Field[]};

const field = (key: string, value: (value: Json) => string = plain): Field => ({key, value});
const quantityElement = [field('epcClass'), field('quantity'), field('uom')];

const sensorMetadata = [
	field('time', time),
	field('startTime', time),
	field('endTime', time),
	field('deviceID'),
	field('deviceMetadata'),
	field('rawData'),
	field('dataProcessingMethod'),
	field('bizRules'),
];

const sensorReport = [
	field('type', expand(voc)),
	field('exception', expand(voc)),
	field('deviceID'),
	field('deviceMetadata'),
	field('rawData'),
	field('dataProcessingMethod'),
	field('time', time),
	field('value'),
	field('minValue'),
	field('maxValue'),
	field('meanValue'),
	field('uom'),
];

/**
 * The canonical order of what our events have. Types stand in front of what they are of, as the standard's own vectors have it. Events with both a source and a destination are not made
 * here: of these two implementations that are in use come to different names.
 */
const order: readonly Field[] = [
	field('eventTime', time),
	field('eventTimeZoneOffset'),
	{key: 'epcList', name: 'epcList', item: 'epc', each: []},
	field('parentID'),
	{key: 'quantityList', name: 'quantityList', item: 'quantityElement', each: quantityElement},
	{key: 'childQuantityList', name: 'childQuantityList', item: 'quantityElement', each: quantityElement},
	field('action'),
	field('bizStep', expand(`${cbv}BizStep-`)),
	field('disposition', expand(`${cbv}Disp-`)),
	{key: 'readPoint', of: [field('id')]},
	{key: 'bizTransactionList', name: 'bizTransactionList', item: '', each: [field('type', expand(`${cbv}BTT-`)), field('bizTransaction')]},
	{key: 'sourceList', name: 'sourceList', item: '', each: [field('type', expand(`${cbv}SDT-`)), field('source')]},
	{key: 'destinationList', name: 'destinationList', item: '', each: [field('type', expand(`${cbv}SDT-`)), field('destination')]},
	{
		key: 'sensorElementList',
		name: 'sensorElementList',
		item: 'sensorElement',
		each: [
			{key: 'sensorMetadata', of: sensorMetadata},
			{key: 'sensorReport', name: '', item: 'sensorReport', each: sensorReport},
		],
	},
];

/** Names and values in canonical order, without anything between them. */
export function preHash(event: EpcisObject): string {
	const own = Object.keys(event)
		.filter(key => key.startsWith('kedge:') && event[key] !== undefined)
		.map(key => `{${extensions.kedge}}${key.slice('kedge:'.length)}=${plain(event[key]!)}`)
		.sort(byCodePoint);
	return `eventType=${event.type}${inOrder(event, order)}${own.join('')}`;
}

function inOrder(object: EpcisObject, fields: readonly Field[]): string {
	let text = '';
	for (const one of fields) {
		const value = object[one.key];
		if (value === undefined) continue;
		if ('value' in one) text += `${one.key}=${one.value(value)}`;
		else if ('of' in one) text += `${one.key}${inOrder(value as EpcisObject, one.of)}`;
		else
			text +=
				one.name +
				(value as readonly Json[])
					.map(item => itemText(item, one.item, one.each))
					.sort(byCodePoint)
					.join('');
	}
	return text;
}

function itemText(item: Json, name: string, fields: readonly Field[]): string {
	return typeof item === 'string' ? `${name}=${item.trim()}` : `${name}${inOrder(item as EpcisObject, fields)}`;
}

/** Case-sensitive, by code units: what is sorted is ASCII but for extensions. */
function byCodePoint(a: string, b: string): number {
	return a < b ? -1 : a > b ? 1 : 0;
}

/** `ni:///sha-256;HEX?ver=CBV2.0` [RFC 6920] */
export function eventHashId(event: EpcisObject): string {
	return `ni:///sha-256;${toHex(portableHasher.sha256(utf8(preHash(event))))}?ver=CBV2.0`;
}
