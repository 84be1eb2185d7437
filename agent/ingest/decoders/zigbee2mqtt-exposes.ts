// Turns what Zigbee2MQTT says of a device's properties ("exposes") into how each of them is read.

import {type QuantityName, quantityOfName, unitFactor} from '../../format/quantity.ts';
import {type Refused, refuse} from '../refusal.ts';
import {type ChannelSpec, channelOf, partOf} from './decoder.ts';

/** How one property becomes a reading; `passed`: it is no measured quantity, such as a setting. */
export type Way =
	| 'passed'
	| Refused
	| {
			readonly channel: ChannelSpec;
			readonly isState: boolean;
			/** As `unitsOf` spells it. */
			readonly unit: string;
			/** States: the words for true and false, beside the booleans. */
			readonly on: string | undefined;
			readonly off: string | undefined;
			/** States: true in the message is false in the channel. */
			readonly isOpposite: boolean;
			/** Temperatures: what the letter of `temperature_scale` must be, where a message has one. */
			readonly scale: 'C' | 'F' | undefined;
			/** Powers: where the message says which way it flows, if the device says so at all: `power_a` has no sign beside `energy_flow_a`. */
			readonly flow: string | undefined;
	  };

/** By property. */
export type Plan = ReadonlyMap<string, Way>;

/** A property whose name is known, with the part that the end of its name stands for. */
export type Named = {readonly base: string; readonly isState: boolean; readonly part: string | undefined};

/** No message has more keys; see jsonKeysMax. */
const propertiesMax = 256;
/** Features within features: a climate within a device has two levels. */
const depthMax = 4;

/** Names of numbers, as zigbee-herdsman-converters gives them. Which quantity it is depends on the unit; `part` where the name itself is the place. */
const numbers: Readonly<Record<string, {readonly quantities: readonly QuantityName[]; readonly part?: string}>> = {
	temperature: {quantities: ['temperature', 'temperature-fahrenheit']},
	local_temperature: {quantities: ['temperature', 'temperature-fahrenheit'], part: 'local'},
	device_temperature: {quantities: ['temperature', 'temperature-fahrenheit'], part: 'device'},
	humidity: {quantities: ['relative-humidity']},
	soil_moisture: {quantities: ['moisture'], part: 'soil'},
	pressure: {quantities: ['pressure']},
	illuminance: {quantities: ['illuminance']},
	illuminance_lux: {quantities: ['illuminance'], part: 'lux'},
	battery: {quantities: ['state-of-charge']},
	power: {quantities: ['active-power']},
	power_reactive: {quantities: ['reactive-power']},
	power_apparent: {quantities: ['apparent-power']},
	power_factor: {quantities: ['power-factor']},
	voltage: {quantities: ['voltage']},
	current: {quantities: ['current']},
	ac_frequency: {quantities: ['frequency']},
	energy: {quantities: ['energy-import']},
	produced_energy: {quantities: ['energy-export']},
	energy_produced: {quantities: ['energy-export']},
	co2: {quantities: ['co2-fraction']},
	co: {quantities: ['co-fraction']},
	voc: {quantities: ['voc-concentration', 'voc-fraction']},
	pm25: {quantities: ['pm25-concentration']},
	pm10: {quantities: ['pm10-concentration']},
	noise: {quantities: ['sound-level-a', 'sound-level']},
	formaldehyd: {quantities: ['formaldehyde-concentration']},
	flow: {quantities: ['volume-flow']},
};

/** Names of states. What they say is certain, whatever else is known of the device. */
const states: Readonly<Record<string, {readonly quantity: QuantityName; readonly part?: string; readonly isOpposite?: boolean}>> = {
	// True when closed.
	contact: {quantity: 'door', isOpposite: true},
	occupancy: {quantity: 'occupancy'},
	presence: {quantity: 'occupancy', part: 'presence'},
	water_leak: {quantity: 'leak'},
	smoke: {quantity: 'smoke'},
	gas: {quantity: 'gas-alarm'},
	carbon_monoxide: {quantity: 'co-alarm'},
	tamper: {quantity: 'tamper'},
	vibration: {quantity: 'vibration'},
	battery_low: {quantity: 'battery-low'},
	state: {quantity: 'on'},
};

/** Other numbers that nobody can set: where the unit leaves no choice, the name is the part. */
const byUnit: Readonly<Record<string, QuantityName>> = {
	'°C': 'temperature',
	'°F': 'temperature-fahrenheit',
	W: 'active-power',
	kW: 'active-power',
	V: 'voltage',
	mV: 'voltage',
	A: 'current',
	mA: 'current',
	Hz: 'frequency',
	hPa: 'pressure',
	kPa: 'pressure',
	lx: 'illuminance',
	VA: 'apparent-power',
};

/** Units that converters spell in another way than the registry. */
const spellings: Readonly<Record<string, string>> = {
	'µg/m³': 'ug/m3',
	'μg/m³': 'ug/m3',
	'ug/m³': 'ug/m3',
	'mg/m³': 'mg/m3',
	'm³/h': 'm3/h',
	'L/min': 'l/min',
	'L/h': 'l/h',
	VAR: 'var',
	kVAR: 'kvar',
};

/** The ends that a name can have, with the part that they stand for. */
function partOfEnd(end: string): string | undefined {
	switch (end) {
		case 'phase_a':
		case 'a':
			return 'L1';
		case 'phase_b':
		case 'b':
			return 'L2';
		case 'phase_c':
		case 'c':
			return 'L3';
		case 'neutral':
			return 'N';
	}
	// The endpoints l1, l2, … of a device with several sockets are no phases.
	return /^l?[1-9]$/.test(end) ? `ch${end.slice(-1)}` : undefined;
}

const named = new Map<string, Named | undefined>();
/** Keys come from the wire, so that there may be any number of them. */
const namedMax = 4096;

/** A key whose name is known; undefined if it is not. Ends that are not known here make it another name. */
export function nameOf(key: string): Named | undefined {
	if (named.has(key)) return named.get(key);
	const found = findName(key);
	if (named.size < namedMax) named.set(key, found);
	return found;
}

function findName(key: string): Named | undefined {
	for (let end = key.length; end > 0; end = key.lastIndexOf('_', end - 1)) {
		const base = key.slice(0, end);
		const isState = Object.hasOwn(states, base);
		if (!isState && !Object.hasOwn(numbers, base)) continue;
		const own = isState ? states[base]!.part : numbers[base]!.part;
		if (end === key.length) return {base, isState, part: own};
		const part = partOfEnd(key.slice(end + 1));
		return part === undefined ? undefined : {base, isState, part: own === undefined ? part : `${own}_${part}`};
	}
	return undefined;
}

/** How a state is read, with or without a list of devices. */
export function stateOf({base, part}: Named): Exclude<Way, 'passed' | Refused> {
	const {quantity, isOpposite = false} = states[base]!;
	const isOn = quantity === 'on';
	return {
		channel: channelOf(quantity, part),
		isState: true,
		unit: 'state',
		on: isOn ? 'ON' : undefined,
		off: isOn ? 'OFF' : undefined,
		isOpposite,
		scale: undefined,
		flow: undefined,
	};
}

/** What a list of devices says of one property. Its fields are texts only where they are. */
type Expose = {
	readonly type?: unknown;
	readonly name?: unknown;
	readonly property?: unknown;
	readonly unit?: unknown;
	readonly access?: unknown;
	readonly category?: unknown;
	readonly value_on?: unknown;
	readonly value_off?: unknown;
	readonly features?: unknown;
};

/** Bits of `access`: the device publishes the property; it can be set. */
const published = 1;
const settable = 2;

/** The plan of a device from `definition.exposes`, whatever that is. */
export function planOf(exposes: unknown): Plan {
	const flat: Expose[] = [];
	flatten(exposes, flat, 0);
	const properties = new Set(flat.map(({property}) => property));
	const plan = new Map<string, Way>();
	const taken = new Set<string>();
	for (const expose of flat) {
		const {property} = expose;
		if (typeof property !== 'string' || property.length > 128 || plan.has(property) || plan.size === propertiesMax) continue;
		let way = wayOf(property, expose, properties);
		if (way === undefined) continue;
		if (way !== 'passed' && 'channel' in way) {
			// `temperature_1` and `temperature_l1`: what stands first has the part that both would have.
			if (taken.has(way.channel.name)) way = {...way, channel: channelOf(way.channel.quantity.name as QuantityName, partOf(property))};
			taken.add(way.channel.name);
		}
		plan.set(property, way);
	}
	return plan;
}

/** Collects what stands at the top of a device's messages: a light, a switch or a climate groups such properties, a composite or a list is one value with parts. */
function flatten(exposes: unknown, flat: Expose[], depth: number): void {
	if (!Array.isArray(exposes) || depth === depthMax) return;
	for (const expose of exposes as unknown[]) {
		if (typeof expose !== 'object' || expose === null || flat.length === propertiesMax) continue;
		const {type, features} = expose as Expose;
		if (Array.isArray(features)) {
			if (type !== 'composite' && type !== 'list') flatten(features, flat, depth + 1);
		} else flat.push(expose as Expose);
	}
}

function wayOf(property: string, expose: Expose, properties: ReadonlySet<unknown>): Way | undefined {
	const {type, access, category, unit, value_on: on, value_off: off} = expose;
	const isSettable = typeof access === 'number' && (access & settable) !== 0;
	if (typeof access !== 'number' || (access & published) === 0 || category === 'config') return 'passed';
	if (type === 'binary') {
		const found = endpointName(property, expose);
		if (found === undefined || !found.isState) return 'passed';
		// The states of locks, and of whatever else is not simply on or off.
		if (found.base === 'state') return on === 'ON' && off === 'OFF' ? stateOf(found) : 'passed';
		if (isSettable) return 'passed';
		const way = stateOf(found);
		return typeof on === 'string' && typeof off === 'string'
			? {...way, on: way.isOpposite ? off : on, off: way.isOpposite ? on : off}
			: way;
	}
	// Enumerations, texts and lists are no quantities. A number that can be set is a wish, not what was measured.
	if (type !== 'numeric' || isSettable) return 'passed';
	return numberOf(property, expose, typeof unit === 'string' ? unit.slice(0, 32) : '', properties);
}

/** What the name means, where its end may be the endpoint that the list names. */
function endpointName(property: string, {name}: Expose): Named | undefined {
	const known = nameOf(property);
	if (known !== undefined || typeof name !== 'string' || !property.startsWith(`${name}_`)) return known;
	const base = nameOf(name);
	const end = partOf(property.slice(name.length + 1));
	if (base === undefined || end === undefined) return undefined;
	return {...base, part: base.part === undefined ? end : partOf(`${base.part}_${end}`)};
}

function numberOf(property: string, expose: Expose, unitTold: string, properties: ReadonlySet<unknown>): Way {
	const unit = Object.hasOwn(spellings, unitTold) ? spellings[unitTold]! : unitTold;
	const found = endpointName(property, expose);
	if (found === undefined || found.isState) {
		const quantity = Object.hasOwn(byUnit, unit) ? byUnit[unit] : undefined;
		return quantity === undefined ? 'passed' : numberWay(channelOf(quantity, partOf(property)), unit);
	}
	const {base} = found;
	let {part} = found;
	if (part === undefined) {
		// Phase A is the one whose name has no end [ZCL 4.9.2: ActivePower is of the only phase, or of phase A], unless another one says that it is.
		if (properties.has(`${base}_phase_b`) && !properties.has(`${base}_phase_a`)) part = 'L1';
		// Xiaomi's mV and the like: what feeds the device, not what it measures.
		else if (base === 'voltage' && properties.has('battery') && !properties.has('power') && !properties.has('current')) part = 'battery';
	}
	for (const quantity of numbers[base]!.quantities) {
		// A bare number is a power factor, and nothing else.
		const known = unit === '' && quantity === 'power-factor' ? '1' : unit;
		if (known === '' || unitFactor(quantityOfName(quantity)!, known) === undefined) continue;
		const flow = base === 'power' ? `energy_flow${property.slice(base.length)}` : undefined;
		return numberWay(channelOf(quantity, part), known, flow !== undefined && properties.has(flow) ? flow : undefined);
	}
	return refuse(
		'unit-wrong',
		`the list of devices says that ${property} is in "${unitTold}", which does not measure ${numbers[base]!.quantities.join(' or ')}`,
	);
}

function numberWay(channel: ChannelSpec, unit: string, flow: string | undefined = undefined): Way {
	const scale = unit === '°C' ? 'C' : unit === '°F' ? 'F' : undefined;
	return {channel, isState: false, unit, on: undefined, off: undefined, isOpposite: false, scale, flow};
}
