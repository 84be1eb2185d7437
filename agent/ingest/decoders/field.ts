// Turns the value of a JSON member whose name says what it is into a reading of its channel.

import type {QuantityName} from '../../format/quantity.ts';
import {JsonNumber, JsonObject, type JsonValue} from '../json.ts';
import {type Refused, refuse} from '../refusal.ts';
import {type ChannelSpec, channelOf, type DecodedReading} from './decoder.ts';

/** What a member of a format's messages measures. */
export type Field = {readonly channel: ChannelSpec; readonly unit: string};

export function fieldOf(quantity: QuantityName, unit: string, part?: string): Field {
	return {channel: channelOf(quantity, part), unit};
}

/** A list or an object where a value should be is refused; null is a reading without a value. What text is no number, `exactValue` says. */
export function fieldReading(
	channel: ChannelSpec,
	unit: string,
	value: JsonValue,
	measuredAtMs: number,
	quality = 0,
	counter: string | undefined = undefined,
): DecodedReading | Refused {
	if (value !== null && typeof value === 'object' && !(value instanceof JsonNumber))
		return refuse('value-not-number', `${channel.name} is ${value instanceof JsonObject ? 'an object' : 'a list'}`);
	return {
		channel,
		value: value as JsonNumber | boolean | string | null,
		unit,
		measuredAtMs,
		timeIsDevices: true,
		session: undefined,
		sequence: undefined,
		quality,
		spanMs: 0,
		counter,
	};
}

/** Its last level, and the one before it; '' where there is none. */
export function endOf(topic: string): {readonly last: string; readonly before: string; readonly head: string} {
	const lastSlash = topic.lastIndexOf('/');
	if (lastSlash < 0) return {last: topic, before: '', head: ''};
	const beforeSlash = topic.lastIndexOf('/', lastSlash - 1);
	return {
		last: topic.slice(lastSlash + 1),
		before: lastSlash === 0 ? '' : topic.slice(beforeSlash + 1, lastSlash),
		head: beforeSlash <= 0 ? '' : topic.slice(0, beforeSlash),
	};
}

/** A number of a channel, as devices print it: one to three digits. */
export function isChannelNumber(text: string): boolean {
	if (text.length === 0 || text.length > 3) return false;
	for (let at = 0; at < text.length; at += 1) if (!(text.charCodeAt(at) >= 0x30 && text.charCodeAt(at) <= 0x39)) return false;
	return true;
}
