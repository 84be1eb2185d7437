// Turns a discovery message of Home Assistant into what it says of entities: where their state comes, of what, and in which unit.

import {type QuantityName, quantityOfName, unitFactor} from '../../format/quantity.ts';
import {type Refused, refuse} from '../refusal.ts';
import {type ChannelSpec, channelOf, partOf} from './decoder.ts';
import {parseTemplate, type Template} from './homeassistant-template.ts';

/** One sensor, binary sensor or switch. */
export type Entity = {
	/** What the description calls it: its unique id, else its place in the topic. */
	readonly id: string;
	readonly stateTopic: string;
	/** undefined: described, and no measured quantity. */
	readonly channel: ChannelSpec | undefined;
	/** As `unitsOf` spells it. */
	readonly unit: string;
	readonly isState: boolean;
	/** States: what is printed for true and false. */
	readonly on: string;
	readonly off: string;
	/** undefined: the payload is the value. */
	readonly template: Template | undefined;
	/** Registers: what names the counter's life. */
	readonly lastReset: Template | undefined;
	/** Why its value cannot be taken, although it is one. */
	readonly problem: Refused | undefined;
};

export type Description = {
	readonly entities: readonly Entity[];
	/** Topics that say whether the device can be reached. */
	readonly availabilities: readonly string[];
	/** Make and model. */
	readonly make: string | undefined;
	/** It comes from a program whose messages another decoder reads better. */
	readonly hasOwnDecoder: boolean;
};

const descriptionBytesMax = 1_048_576;
/** Of one description. */
const componentsMax = 256;
/** Of a topic, an id, a name. */
const textLengthMax = 256;
const templateLengthMax = 512;

type Fields = Readonly<Record<string, unknown>>;

/** Full names by the abbreviations that matter here (`homeassistant/components/mqtt/abbreviations.py`). */
const fullNames: Readonly<Record<string, string>> = {
	avty: 'availability',
	avty_t: 'availability_topic',
	cmps: 'components',
	dev: 'device',
	dev_cla: 'device_class',
	ent_cat: 'entity_category',
	ids: 'identifiers',
	lrst_val_tpl: 'last_reset_value_template',
	mdl: 'model',
	mf: 'manufacturer',
	o: 'origin',
	p: 'platform',
	pl_off: 'payload_off',
	pl_on: 'payload_on',
	stat_cla: 'state_class',
	stat_off: 'state_off',
	stat_on: 'state_on',
	stat_t: 'state_topic',
	t: 'topic',
	uniq_id: 'unique_id',
	unit_of_meas: 'unit_of_measurement',
	val_tpl: 'value_template',
};

/** undefined if it is no description, or an empty one. Nothing of it becomes a value, so that the engine may parse it. */
export function readDescription(topic: string, payload: Uint8Array): Description | undefined {
	if (payload.length === 0 || payload.length > descriptionBytesMax) return undefined;
	let parsed: unknown;
	try {
		parsed = JSON.parse(new TextDecoder('utf-8', {fatal: true}).decode(payload));
	} catch {
		return undefined;
	}
	const fields = fullFields(parsed);
	if (fields === undefined) return undefined;
	const levels = topic.split('/');
	const component = levels[1]!;
	// `<node>_<object>`: the object alone is one of its kind only within its node.
	const place = levels.slice(2, -1).join('_');
	const base = textIn(fields, '~') ?? '';
	const entities: Entity[] = [];
	const availabilities = new Set<string>();
	const take = (own: Fields, kind: string, id: string): void => {
		for (const one of availabilityTopics(own, base)) availabilities.add(one);
		const entity = entityOf({...own, '~': base}, kind, id);
		if (entity !== undefined) entities.push(entity);
	};
	if (component === 'device') {
		const components = fields.components;
		if (typeof components !== 'object' || components === null || Array.isArray(components)) return undefined;
		const {state_topic: stateTopic, availability, availability_topic: availabilityTopic} = fields;
		for (const [key, value] of Object.entries(components).slice(0, componentsMax)) {
			const own = fullFields(value);
			// What the device says holds for each of its components that does not say otherwise.
			if (own !== undefined)
				take(
					{state_topic: stateTopic, availability, availability_topic: availabilityTopic, ...own},
					textIn(own, 'platform') ?? '',
					`${place}_${key}`,
				);
		}
	} else take(fields, component, place);
	const device = fullFields(fields.device) ?? {};
	const make = [textIn(device, 'manufacturer'), textIn(device, 'model')].filter(text => text !== undefined).join(' ');
	const origin = textIn(fullFields(fields.origin) ?? {}, 'name') ?? '';
	return {
		entities,
		availabilities: [...availabilities].slice(0, componentsMax),
		make: make === '' ? undefined : make.slice(0, 128),
		hasOwnDecoder: /zigbee2mqtt|tasmota/i.test(origin) || JSON.stringify(device.identifiers ?? '').includes('zigbee2mqtt'),
	};
}

/** An object's own members under their full names; undefined if it is none. */
function fullFields(value: unknown): Fields | undefined {
	if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
	const full: Record<string, unknown> = Object.create(null);
	for (const [key, member] of Object.entries(value)) full[Object.hasOwn(fullNames, key) ? fullNames[key]! : key] = member;
	return full;
}

function textIn(fields: Fields, name: string, lengthMax = textLengthMax): string | undefined {
	const value = fields[name];
	return typeof value === 'string' && value !== '' && value.length <= lengthMax ? value : undefined;
}

/** `~` at the beginning or the end of a topic stands for the base topic. */
function topicIn(fields: Fields, name: string, base: string): string | undefined {
	const topic = textIn(fields, name);
	if (topic === undefined) return undefined;
	if (topic.startsWith('~')) return base + topic.slice(1);
	return topic.endsWith('~') ? topic.slice(0, -1) + base : topic;
}

function availabilityTopics(fields: Fields, base: string): string[] {
	const found = [topicIn(fields, 'availability_topic', base)];
	if (Array.isArray(fields.availability))
		for (const one of fields.availability.slice(0, 16)) found.push(topicIn(fullFields(one) ?? {}, 'topic', base));
	return found.filter(topic => topic !== undefined);
}

/** What each device class of a sensor measures; where the unit decides, the first that it fits. */
const sensors: Readonly<Record<string, readonly QuantityName[]>> = {
	apparent_power: ['apparent-power'],
	atmospheric_pressure: ['pressure'],
	battery: ['state-of-charge'],
	carbon_dioxide: ['co2-fraction'],
	carbon_monoxide: ['co-fraction', 'co-concentration'],
	current: ['current'],
	// Nothing in a description says whether a counter of energy counts what comes in or what goes out, and a name is no proof.
	energy: ['active-energy'],
	frequency: ['frequency'],
	gas: ['gas-volume'],
	humidity: ['relative-humidity'],
	illuminance: ['illuminance'],
	moisture: ['moisture'],
	pm10: ['pm10-concentration'],
	pm25: ['pm25-concentration'],
	power: ['active-power'],
	power_factor: ['power-factor'],
	pressure: ['pressure'],
	reactive_power: ['reactive-power'],
	sound_pressure: ['sound-level', 'sound-level-a'],
	sulphur_dioxide: ['so2-concentration'],
	temperature: ['temperature', 'temperature-fahrenheit'],
	volatile_organic_compounds: ['voc-concentration'],
	volatile_organic_compounds_parts: ['voc-fraction'],
	voltage: ['voltage'],
	volume_flow_rate: ['volume-flow'],
	water: ['water-volume'],
};

const binarySensors: Readonly<Record<string, QuantityName>> = {
	battery: 'battery-low',
	carbon_monoxide: 'co-alarm',
	door: 'door',
	garage_door: 'door',
	gas: 'gas-alarm',
	moisture: 'leak',
	motion: 'occupancy',
	occupancy: 'occupancy',
	opening: 'door',
	power: 'on',
	presence: 'occupancy',
	running: 'on',
	smoke: 'smoke',
	tamper: 'tamper',
	vibration: 'vibration',
	window: 'door',
};

/** Units that Home Assistant spells in another way than the registry. */
const spellings: Readonly<Record<string, string>> = {
	'µg/m³': 'ug/m3',
	'μg/m³': 'ug/m3',
	'mg/m³': 'mg/m3',
	'm³': 'm3',
	'm³/h': 'm3/h',
	'L/min': 'l/min',
};

/** undefined if it has no state to listen to. */
function entityOf(fields: Fields, component: string, place: string): Entity | undefined {
	const stateTopic = topicIn(fields, 'state_topic', textIn(fields, '~') ?? '');
	if (stateTopic === undefined) return undefined;
	const id = textIn(fields, 'unique_id') ?? place;
	const blank = {
		id,
		stateTopic,
		channel: undefined,
		unit: '',
		isState: false,
		on: '',
		off: '',
		template: undefined,
		lastReset: undefined,
		problem: undefined,
	};
	const part = partOf(id);
	const quantities = quantitiesOf(component, textIn(fields, 'device_class') ?? '');
	if (quantities.length === 0 || part === undefined || fields.entity_category === 'config') return blank;

	// A template that is there but no text, or too long, is none that can be passed over.
	const hasTemplate = fields.value_template !== undefined && fields.value_template !== null && fields.value_template !== '';
	const templateText = textIn(fields, 'value_template', templateLengthMax);
	const template = templateText === undefined ? undefined : parseTemplate(templateText);
	const unreadable =
		!hasTemplate || template !== undefined
			? undefined
			: refuse('template-unsupported', `the value template of ${id} does more than to point at a value: ${templateText}`);
	if (component !== 'sensor') {
		const isSwitch = component === 'switch';
		const on = wordIn(fields, 'payload_on') ?? 'ON';
		const off = wordIn(fields, 'payload_off') ?? 'OFF';
		return {
			...blank,
			channel: channelOf(quantities[0]!, part),
			unit: 'state',
			isState: true,
			on: isSwitch ? (wordIn(fields, 'state_on') ?? on) : on,
			off: isSwitch ? (wordIn(fields, 'state_off') ?? off) : off,
			template,
			problem: unreadable,
		};
	}

	const unitTold = (textIn(fields, 'unit_of_measurement') ?? '').slice(0, 32);
	const spelt = Object.hasOwn(spellings, unitTold) ? spellings[unitTold]! : unitTold;
	// Only a power factor has no unit.
	const unit = spelt === '' && quantities[0] === 'power-factor' ? '1' : spelt;
	const name = unit === '' ? undefined : quantities.find(one => unitFactor(quantityOfName(one)!, unit) !== undefined);
	const channel = channelOf(name ?? quantities[0]!, part);
	const isRegister = channel.quantity.kind === 'register';
	const stateClass = textIn(fields, 'state_class') ?? '';
	const counts = stateClass === 'total' || stateClass === 'total_increasing';
	const resetText = textIn(fields, 'last_reset_value_template');
	const lastReset = resetText === undefined ? undefined : parseTemplate(resetText);
	const problem =
		name === undefined
			? refuse('unit-wrong', `${id} is said to be in "${unitTold}", which does not measure ${quantities.join(' or ')}`)
			: isRegister !== counts
				? refuse(
						'units-unknown',
						`${id} has the state class "${stateClass}", so that nothing says ${isRegister ? 'that it counts up' : 'what it is'}`,
					)
				: unreadable;
	return {...blank, channel, unit, template, lastReset: isRegister && lastReset?.isJson ? lastReset : undefined, problem};
}

function quantitiesOf(component: string, deviceClass: string): readonly QuantityName[] {
	if (component === 'sensor') return Object.hasOwn(sensors, deviceClass) ? sensors[deviceClass]! : [];
	if (component === 'switch') return ['on'];
	return component === 'binary_sensor' && Object.hasOwn(binarySensors, deviceClass) ? [binarySensors[deviceClass]!] : [];
}

/** A payload of the description as a template would print it. */
function wordIn(fields: Fields, name: string): string | undefined {
	const value = fields[name];
	if (typeof value === 'boolean') return value ? 'True' : 'False';
	if (typeof value === 'number') return String(value);
	return typeof value === 'string' && value.length <= 64 ? value : undefined;
}
