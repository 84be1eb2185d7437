// Reads what HomeWizard meters say of themselves: the JSON of their local API, versions 1 and 2, as a bridge publishes it.

import type {QuantityName} from '../../format/quantity.ts';
import {JsonNumber, JsonObject, type JsonValue, parseJson} from '../json.ts';
import {parseLocalTime, zonedMs} from '../local-time.ts';
import {type Refused, refuse} from '../refusal.ts';
import {localFields, type Zone} from '../zone.ts';
import {channelOf, type Decoded, type DecodedReading, type Decoder, partOf, type Recognised} from './decoder.ts';
import {endOf, type Field, fieldOf, fieldReading} from './field.ts';

export const homewizardDecoder: Decoder = {
	format: 'homewizard',
	name: 'homewizard/1',
	readingsBy: 'format',
	open: ({zone}) => ({decode: ({payload}) => decodeHomewizard(payload, zone)}),
	recognise,
};

/** Whose clock a value was read by: the meter's, the gas meter's, or that of the month's peak. */
type TimeOf = 'message' | 'gas' | 'peak';
type HomewizardField = Field & {readonly timeOf: TimeOf};
/** What says more of others than of itself. */
type Named = 'timestamp' | 'gas_timestamp' | 'peak' | 'external' | 'gas_unique_id';
type Member = HomewizardField | Named | 'description';

/**
 * Every member that measures. Passed over are apparent and reactive currents, which follow from the powers, and settings. The two versions share no name, so that one table
 * serves both.
 */
const members = new Map<string, Member>();

function add(name: string, quantity: QuantityName, unit: string, part?: string, timeOf: TimeOf = 'message'): void {
	members.set(name, {...fieldOf(quantity, unit, part), timeOf});
}

for (const [prefix, middle, powerFactor] of [
	['active_', 'total_power_', 'active_power_factor'],
	['', 'energy_', 'power_factor'],
] as const) {
	for (const direction of ['import', 'export'] as const) {
		add(`${middle}${direction}_kwh`, `energy-${direction}`, 'kWh');
		for (const tariff of [1, 2, 3, 4]) add(`${middle}${direction}_t${tariff}_kwh`, `energy-${direction}`, 'kWh', `T${tariff}`);
	}
	for (const phase of [undefined, 'L1', 'L2', 'L3']) {
		const infix = phase === undefined ? '' : `_${phase.toLowerCase()}`;
		add(`${prefix}power${infix}_w`, 'active-power', 'W', phase);
		add(`${prefix}voltage${infix}_v`, 'voltage', 'V', phase);
		add(`${prefix}current${infix}_a`, 'current', 'A', phase);
		add(`${prefix}apparent_power${infix}_va`, 'apparent-power', 'VA', phase);
		add(`${prefix}reactive_power${infix}_var`, 'reactive-power', 'var', phase);
		add(`${powerFactor}${infix}`, 'power-factor', '1', phase);
	}
	add(`${prefix}frequency_hz`, 'frequency', 'Hz');
	add(`${prefix}tariff`, 'tariff', 'state');
}
for (const phase of ['L1', 'L2', 'L3']) {
	add(`voltage_sag_${phase.toLowerCase()}_count`, 'voltage-sags', 'count', phase);
	add(`voltage_swell_${phase.toLowerCase()}_count`, 'voltage-swells', 'count', phase);
}
add('any_power_fail_count', 'power-failures', 'count');
add('long_power_fail_count', 'power-failures', 'count', 'long');
// The API's own spelling.
add('active_power_average_w', 'demand-import', 'W');
add('montly_power_peak_w', 'demand-import-maximum', 'W', undefined, 'peak');
add('average_power_15m_w', 'demand-import', 'W');
add('monthly_power_peak_w', 'demand-import-maximum', 'W', undefined, 'peak');
add('total_gas_m3', 'gas-volume', 'm3', undefined, 'gas');
add('total_liter_m3', 'water-volume', 'm3');
add('active_liter_lpm', 'volume-flow', 'l/min');
add('state_of_charge_pct', 'state-of-charge', '%');
add('cycles', 'battery-cycles', 'count');
add('power_on', 'on', 'state');

/** What the meters count that the P1 meter hears. Heat comes in GJ, of which few decimals are a whole number of Wh. */
const externals = new Map<string, QuantityName>([
	['gas_meter', 'gas-volume'],
	['water_meter', 'water-volume'],
	['warm_water_meter', 'water-volume'],
	['heat_meter', 'heat-energy-joule'],
	['inlet_heat_meter', 'heat-energy-joule'],
]);

// Descriptions, settings and answers to commands: what they hold is never a reading.
for (const name of ['product_type', 'cloud_enabled', 'identify', 'switch_lock', 'brightness', 'aad', 'status_led_brightness_pct', 'error'])
	members.set(name, 'description');
for (const name of ['timestamp', 'gas_timestamp', 'external', 'gas_unique_id'] as const) members.set(name, name);
members.set('montly_power_peak_timestamp', 'peak');
members.set('monthly_power_peak_timestamp', 'peak');

/** What three members say a time is: ms, 0 for none, or why it is no time. */
type Times = Record<TimeOf, number | Refused>;

function decodeHomewizard(payload: Uint8Array, zone: Zone | undefined): Decoded {
	const parsed = parseJson(payload);
	if ('problem' in parsed) return refuse('payload-malformed', parsed.problem);
	let message = parsed.value;
	if (!(message instanceof JsonObject)) return refuse('payload-malformed', 'the message is not an object');
	// Version 2 pushes its measurements in an envelope.
	const data = message.keys.length === 2 ? message.get('data') : undefined;
	if (data instanceof JsonObject && typeof message.get('type') === 'string') message = data;

	// Times stand behind what they are of, so that the members are looked up first.
	const {keys, values} = message;
	const found = membersOf(keys);
	const named: Record<Named, JsonValue | undefined> = {
		timestamp: undefined,
		gas_timestamp: undefined,
		peak: undefined,
		external: undefined,
		gas_unique_id: undefined,
	};
	let isDescription = false;
	for (let i = 0; i < keys.length; i += 1) {
		const member = found[i];
		if (typeof member !== 'string') continue;
		if (member === 'description') isDescription = true;
		else named[member] = values[i];
	}
	const {external} = named;
	const times: Times = {
		message: timeOf('timestamp', named.timestamp, zone),
		gas: timeOf('gas_timestamp', named.gas_timestamp, zone),
		peak: timeOf('the time of the peak', named.peak, zone),
	};
	if (typeof times.message !== 'number') return times.message;
	const gasIsExternal = external !== undefined && isListed(external, named.gas_unique_id);

	const readings: (DecodedReading | Refused)[] = [];
	for (let i = 0; i < found.length; i += 1) {
		const field = found[i];
		if (field === undefined || typeof field === 'string') continue;
		// The same meter stands in the list as well, with its own name; it is read once.
		if (field.timeOf === 'gas' && gasIsExternal) continue;
		const time = times[field.timeOf];
		readings.push(typeof time === 'number' ? fieldReading(field.channel, field.unit, values[i]!, time) : time);
	}
	if (Array.isArray(external)) for (const meter of external as readonly JsonValue[]) readings.push(externalReading(meter, zone));
	else if (external !== undefined && external !== null) readings.push(refuse('payload-malformed', 'external is not a list'));
	if (readings.length > 0) return {readings};
	return isDescription
		? refuse('no-reading', 'it describes the device or its settings')
		: refuse('readings-none', 'none of its fields is a measured quantity of a HomeWizard meter');
}

/** What the members are, by the list of keys that messages of one layout share. */
const known = new WeakMap<readonly string[], readonly (Member | undefined)[]>();

function membersOf(keys: readonly string[]): readonly (Member | undefined)[] {
	let found = known.get(keys);
	if (found === undefined) {
		found = keys.map(key => members.get(key));
		known.set(keys, found);
	}
	return found;
}

/** The meter whose reading `total_gas_m3` repeats is in the list, and can be read there. */
function isListed(external: JsonValue, id: JsonValue | undefined): boolean {
	if (typeof id !== 'string' || !Array.isArray(external)) return false;
	return (external as readonly JsonValue[]).some(
		meter => meter instanceof JsonObject && meter.get('unique_id') === id && !('refused' in externalReading(meter, undefined)),
	);
}

function externalReading(meter: JsonValue, zone: Zone | undefined): DecodedReading | Refused {
	if (!(meter instanceof JsonObject)) return refuse('payload-malformed', 'an external meter is not an object');
	const id = meter.get('unique_id');
	const type = meter.get('type');
	const value = meter.get('value');
	const unit = meter.get('unit');
	if (typeof id !== 'string' || id === '') return refuse('field-missing', 'an external meter has no unique_id');
	// What stands there while the P1 meter has not learned the number: several meters would become one.
	if (/^0+$/.test(id)) return refuse('field-missing', 'the unique_id of an external meter is all zeros, which names none');
	if (typeof type !== 'string') return refuse('field-missing', `external meter ${id} has no type`);
	const quantity = externals.get(type);
	if (quantity === undefined) return refuse('payload-malformed', `external meter ${id} is a "${type}", which is no meter that is known`);
	if (value === undefined) return refuse('field-missing', `external meter ${id} has no value`);
	if (typeof unit !== 'string') return refuse('field-missing', `external meter ${id} has no unit`);
	const channel = channelOf(quantity, partOf(id));
	// A heat meter that prints cubic metres has counted water, not heat.
	if (unit === '' || !channel.scales.has(unit)) return refuse('unit-wrong', `external meter ${id}: "${unit}" does not measure ${quantity}`);
	const printed = meter.get('timestamp');
	if (printed === undefined || printed === null) return refuse('field-missing', `external meter ${id} has no timestamp`);
	const time = timeOf(`the time of external meter ${id}`, printed, zone);
	return typeof time === 'number' ? fieldReading(channel, unit, value, time) : time;
}

/** Version 1 prints local times as the number yymmddhhmmss, version 2 as `2026-11-22T18:00:00`. Missing or null is no time. */
function timeOf(what: string, value: JsonValue | undefined, zone: Zone | undefined): number | Refused {
	if (value === undefined || value === null) return 0;
	if (typeof value === 'string') return parseLocalTime(value, zone) ?? refuse('time-malformed', `${what} is "${value}"`);
	if (!(value instanceof JsonNumber)) return refuse('time-malformed', `${what} is neither a text nor a number`);
	const {digits, exponent} = value;
	// Before 2010 the number has lost its first zero.
	const local =
		exponent === 0 && digits >= 0 && digits < 1e12
			? localFields(
					2000 + Math.floor(digits / 1e10),
					Math.floor(digits / 1e8) % 100,
					Math.floor(digits / 1e6) % 100,
					Math.floor(digits / 1e4) % 100,
					Math.floor(digits / 100) % 100,
					digits % 100,
				)
			: undefined;
	return local === undefined ? refuse('time-malformed', `${what} is ${value.text}, which is not yymmddhhmmss`) : zonedMs(local, zone);
}

/** Nothing else prints two of these. `product_type` names the make outright. */
const productPattern = /^(?:HWE-[A-Z0-9]+|SDM(?:230|630)-wifi)$/;
/** A level of this name says what the message is, not whose. */
const kindLevels: ReadonlySet<string> = new Set(['data', 'measurement', 'state', 'system', 'device', 'identify', 'decryption', 'telegram']);
const payloadMax = 8192;

function recognise({topic, payload}: {readonly topic: string; readonly payload: Uint8Array}): Recognised | undefined {
	if (payload.length > payloadMax || payload[0] !== 0x7b) return undefined;
	const parsed = parseJson(payload);
	if ('problem' in parsed || !(parsed.value instanceof JsonObject)) return undefined;
	const envelope = parsed.value.get('data');
	const message = envelope instanceof JsonObject && parsed.value.get('type') === 'measurement' ? envelope : parsed.value;
	const product = message.get('product_type');
	const isProduct = typeof product === 'string' && productPattern.test(product);
	let known = 0;
	for (const key of message.keys)
		if (key === 'gas_timestamp' || (key.includes('_') && key !== 'power_on' && typeof members.get(key) === 'object')) known += 1;
	// A list of external meters is as telling as two fields.
	const external = message.get('external');
	const meter = Array.isArray(external) ? (external as readonly JsonValue[])[0] : undefined;
	if (
		meter instanceof JsonObject &&
		meter.get('value') !== undefined &&
		meter.get('unit') !== undefined &&
		meter.get('timestamp') !== undefined
	)
		known += 2;
	if (!isProduct && known < 2) return undefined;
	const {last, before, head} = endOf(topic);
	const isKind = kindLevels.has(last) && before !== '';
	const device = isKind ? before : last;
	if (device === '') return undefined;
	const rest = isKind ? head : topic.slice(0, Math.max(0, topic.length - last.length - 1));
	return {
		topic: `${rest === '' ? '' : `${rest}/`}{device}${isKind ? '/+' : ''}`,
		device,
		sureness: isProduct || known > 3 ? 90 : 75,
		...(message.get('timestamp') !== undefined || message.get('gas_timestamp') !== undefined || external !== undefined
			? {wantsZone: true}
			: {}),
		make: `HomeWizard${isProduct ? ` ${product}` : ''}`,
	};
}
