// Reads the telemetry of Tasmota: SENSOR, STATE, ENERGY and the STATUS answers that wrap them.

import type {QuantityName} from '../../format/quantity.ts';
import {JsonNumber, JsonObject, type JsonValue, parseJson} from '../json.ts';
import {parseLocalTime} from '../local-time.ts';
import {type Refused, refuse} from '../refusal.ts';
import type {Zone} from '../zone.ts';
import {type ChannelSpec, channelOf, type Decoded, type DecodedReading, type Decoder, partOf, type Recognised} from './decoder.ts';
import {endOf, type Field, fieldOf, fieldReading, isChannelNumber} from './field.ts';

export const tasmotaDecoder: Decoder = {
	format: 'tasmota',
	name: 'tasmota/1',
	readingsBy: 'format',
	open: ({zone}) => ({decode: ({topic, payload}) => decodeTasmota(topic, payload, zone)}),
	recognise,
};

/** Tasmota has up to eight phases or channels, and four tariffs. */
const channelsOfListMax = 8;

/** Its channel where the device has one, and its channels where it prints a list. */
type EnergyField = {
	readonly channel: ChannelSpec;
	readonly listed: readonly ChannelSpec[];
	readonly unit: string;
	readonly hasCounter: boolean;
	/** What it is beside an export that has no import beside it. */
	readonly ofBoth: Pick<EnergyField, 'channel' | 'listed'> | undefined;
};

/**
 * What stands in ENERGY, energies in kWh and powers in W [Tasmota docs, "Power Monitoring"]. Passed over are Today, Yesterday and Period, which are differences of Total, the
 * last one over a span that the message does not tell. Only Total is known to start again at TotalStartTime.
 */
const energyFields = new Map<string, EnergyField>();

function add(name: string, quantity: QuantityName, unit: string, part: (k: number) => string = k => `ch${k}`): void {
	const channels = (of: QuantityName): Pick<EnergyField, 'channel' | 'listed'> => ({
		channel: channelOf(of),
		listed: Array.from({length: channelsOfListMax}, (_, k) => channelOf(of, part(k))),
	});
	const ofBoth = name === 'Total' || name === 'TotalTariff' ? channels('active-energy') : undefined;
	energyFields.set(name, {...channels(quantity), unit, hasCounter: name === 'Total', ofBoth});
}

add('Total', 'energy-import', 'kWh');
add('TotalTariff', 'energy-import', 'kWh', k => `T${k + 1}`);
add('ImportActive', 'energy-import', 'kWh');
add('ExportActive', 'energy-export', 'kWh');
add('ExportTariff', 'energy-export', 'kWh', k => `T${k + 1}`);
add('ImportReactive', 'reactive-energy-import', 'kvarh');
add('ExportReactive', 'reactive-energy-export', 'kvarh');
add('Power', 'active-power', 'W');
add('ApparentPower', 'apparent-power', 'VA');
add('ReactivePower', 'reactive-power', 'var');
add('Factor', 'power-factor', '1');
add('Voltage', 'voltage', 'V');
add('Current', 'current', 'A');
add('Frequency', 'frequency', 'Hz');

/** What stands in the block of a sensor; temperature and pressure beside it, because their units stand elsewhere. `ofKnown`: other blocks have it too, in units of their own. */
const sensorFields = new Map<string, {readonly quantity: QuantityName; readonly unit: string; readonly ofKnown?: true}>([
	['Humidity', {quantity: 'relative-humidity', unit: '%'}],
	['Illuminance', {quantity: 'illuminance', unit: 'lx'}],
	['Lux', {quantity: 'illuminance', unit: 'lx'}],
	['CarbonDioxide', {quantity: 'co2-fraction', unit: 'ppm'}],
	['Voltage', {quantity: 'voltage', unit: 'V', ofKnown: true}],
	['Current', {quantity: 'current', unit: 'A', ofKnown: true}],
	['Power', {quantity: 'active-power', unit: 'W', ofKnown: true}],
]);

/** Sensors of voltage and current beside ENERGY. Scripts for smart meters name their blocks and fields as they like, and the unit is seen in the script only. */
const electricSensors = /^(?:INA\d+|MAX170\d\d|ANALOG)(?:[-_]|$)/;

/** The French meter's own labels [Enedis-NOI-CPT_54E; Enedis-NOI-CPT_02E]. Its texts have leading zeros. */
const ticFields = new Map<string, Field>();
for (const label of ['BASE', 'HCHC', 'HCHP', 'EJPHN', 'EJPHPM', 'BBRHCJB', 'BBRHPJB', 'BBRHCJW', 'BBRHPJW', 'BBRHCJR', 'BBRHPJR', 'EAST'])
	ticFields.set(label, fieldOf('energy-import', 'Wh', `TIC-${label}`));
for (let index = 1; index <= 10; index += 1) {
	const label = `EASF${String(index).padStart(2, '0')}`;
	ticFields.set(label, fieldOf('energy-import', 'Wh', `TIC-${label}`));
}
ticFields.set('EAIT', fieldOf('energy-export', 'Wh', 'TIC-EAIT'));
ticFields.set('PAPP', fieldOf('apparent-power', 'VA', 'TIC'));
ticFields.set('SINSTS', fieldOf('apparent-power', 'VA', 'TIC-SINSTS'));
ticFields.set('SINSTI', fieldOf('apparent-power', 'VA', 'TIC-SINSTI'));
ticFields.set('IINST', fieldOf('current', 'A', 'TIC'));
for (const phase of [1, 2, 3]) {
	ticFields.set(`SINSTS${phase}`, fieldOf('apparent-power', 'VA', `TIC-L${phase}`));
	ticFields.set(`IINST${phase}`, fieldOf('current', 'A', `TIC-L${phase}`));
	ticFields.set(`IRMS${phase}`, fieldOf('current', 'A', `TIC-RMS-L${phase}`));
	ticFields.set(`URMS${phase}`, fieldOf('voltage', 'V', `TIC-L${phase}`));
}

/** What Tasmota makes of that meter: METER by phase and in sum, PROD what a house gives back. */
const meterFields = new Map<string, Field>();
for (const phase of ['', '1', '2', '3']) {
	const part = phase === '' ? 'METER' : `METER-L${phase}`;
	meterFields.set(`U${phase}`, fieldOf('voltage', 'V', part));
	meterFields.set(`P${phase}`, fieldOf('apparent-power', 'VA', part));
	meterFields.set(`W${phase}`, fieldOf('active-power', 'W', part));
	meterFields.set(`I${phase}`, fieldOf('current', 'A', part));
	meterFields.set(`C${phase}`, fieldOf('power-factor', '1', part));
}
const productionFields = new Map<string, Field>([
	['VA', fieldOf('apparent-power', 'VA', 'PROD')],
	['W', fieldOf('active-power', 'W', 'PROD')],
	['COS', fieldOf('power-factor', '1', 'PROD')],
]);

/** What holds for the whole message. */
type Frame = {
	readonly measuredAtMs: number;
	/** C or F; undefined where the message does not say. */
	readonly temperatureUnit: string | undefined;
	readonly pressureUnit: string | undefined;
	readonly readings: (DecodedReading | Refused)[];
};

function decodeTasmota(topic: string, payload: Uint8Array, zone: Zone | undefined): Decoded {
	const last = topic.slice(topic.lastIndexOf('/') + 1);
	if (last === 'LWT') return refuse('no-reading', 'it says whether the device is online');
	if (topic.startsWith('cmnd/') || topic.includes('/cmnd/')) return refuse('no-reading', 'it is a command to the device');
	const relay = numberBehind('POWER', last);
	if (relay !== undefined) {
		const reading = switchReading('on', relay, textOf(payload), 0);
		return 'refused' in reading ? reading : {readings: [reading]};
	}

	const parsed = parseJson(payload);
	if ('problem' in parsed) return refuse('payload-malformed', parsed.problem);
	let message = parsed.value;
	if (!(message instanceof JsonObject)) return refuse('payload-malformed', 'the message is not an object');
	// Answers to the Status command wrap what the device tells by itself; StatusPWR is what StatusSNS was before 6.0.
	const wrapper = message.keys.length === 1 ? message.keys[0]! : '';
	const wrapped = message.values[0];
	if (wrapped instanceof JsonObject && (wrapper === 'StatusSNS' || wrapper === 'StatusSTS' || wrapper === 'StatusPWR')) message = wrapped;

	const printed = message.get('Time');
	let measuredAtMs = 0;
	if (printed !== undefined && printed !== null) {
		const time = typeof printed === 'string' ? parseLocalTime(printed, zone) : undefined;
		if (time === undefined) return refuse('time-malformed', `Time is ${typeof printed === 'string' ? `"${printed}"` : 'not a text'}`);
		measuredAtMs = time;
	}
	const readings: (DecodedReading | Refused)[] = [];
	const frame: Frame = {
		measuredAtMs,
		temperatureUnit: textMember(message, 'TempUnit'),
		pressureUnit: textMember(message, 'PressureUnit'),
		readings,
	};
	// Up to version 5 energy came on a topic of its own.
	if (wrapper === 'StatusPWR' && message === wrapped) readEnergy(message, frame);
	else if (last === 'ENERGY' && message.get('ENERGY') === undefined) readEnergy(message, frame);
	else readBlocks(message, frame);
	if (readings.length > 0) return {readings};
	return last === 'SENSOR' || last === 'ENERGY' || last === 'STATUS8' || last === 'STATUS10'
		? refuse('readings-none', 'none of its fields is a measured quantity that is known')
		: refuse('no-reading', `${last} describes the device`);
}

function textMember(message: JsonObject, key: string): string | undefined {
	const value = message.get(key);
	return typeof value === 'string' ? value : undefined;
}

function readBlocks(message: JsonObject, frame: Frame): void {
	const {keys, values} = message;
	for (let i = 0; i < keys.length; i += 1) {
		const key = keys[i]!;
		const value = values[i]!;
		if (value instanceof JsonObject) {
			switch (key) {
				case 'ENERGY':
					readEnergy(value, frame);
					break;
				case 'TIC':
					readNamed(ticFields, value, frame, true);
					break;
				case 'METER':
					readNamed(meterFields, value, frame, false);
					break;
				case 'PROD':
					readNamed(productionFields, value, frame, false);
					break;
				default:
					readSensor(key, value, frame);
			}
			continue;
		}
		if (typeof value !== 'string') continue;
		const code = key.charCodeAt(0);
		if (code === 0x50) {
			const relay = numberBehind('POWER', key);
			if (relay !== undefined) frame.readings.push(switchReading('on', relay, value, frame.measuredAtMs));
		} else if (code === 0x53) {
			const input = numberBehind('Switch', key);
			if (input !== undefined) frame.readings.push(switchReading('input', input, value, frame.measuredAtMs));
		}
	}
}

function readEnergy(energy: JsonObject, frame: Frame): void {
	const {keys, values} = energy;
	const begun = energy.get('TotalStartTime');
	const counter = typeof begun === 'string' && begun.length >= 19 && begun.length <= 25 ? begun : undefined;
	// Where a meter counts both directions itself, Total is the sum of the two. Where Tasmota counts the export, Total is what is left of the import without it; where only
	// the meter's export is shown, Total is the import. Nothing in the message tells the last two apart.
	const hasImport = energy.get('ImportActive') !== undefined;
	const hasExport = energy.get('ExportActive') !== undefined;
	for (let i = 0; i < keys.length; i += 1) {
		const key = keys[i]!;
		const value = values[i]!;
		const field = energyFields.get(key);
		if (field === undefined) {
			// The chip's own temperature.
			if (value instanceof JsonObject) readSensor(key, value, frame);
			continue;
		}
		if (hasImport && field.ofBoth !== undefined) continue;
		const {unit} = field;
		const {channel, listed} = hasExport && field.ofBoth !== undefined ? field.ofBoth : field;
		const named = field.hasCounter ? counter : undefined;
		if (!Array.isArray(value)) {
			frame.readings.push(fieldReading(channel, unit, value, frame.measuredAtMs, 0, named));
			continue;
		}
		const items = value as readonly JsonValue[];
		if (items.length > channelsOfListMax) {
			frame.readings.push(
				refuse('payload-malformed', `${key} has ${items.length} values; Tasmota has up to ${channelsOfListMax} channels`),
			);
			continue;
		}
		for (let k = 0; k < items.length; k += 1) frame.readings.push(fieldReading(listed[k]!, unit, items[k]!, frame.measuredAtMs, 0, named));
	}
}

/** Members that a table names; `zeros`: their values are texts with zeros in front. */
function readNamed(table: ReadonlyMap<string, Field>, block: JsonObject, frame: Frame, zeros: boolean): void {
	const {keys, values} = block;
	for (let i = 0; i < keys.length; i += 1) {
		const field = table.get(keys[i]!);
		if (field === undefined) continue;
		const value = values[i]!;
		frame.readings.push(
			fieldReading(field.channel, field.unit, zeros && typeof value === 'string' ? withoutZeros(value) : value, frame.measuredAtMs),
		);
	}
}

function withoutZeros(text: string): string {
	let at = 0;
	while (at < text.length - 1 && text.charCodeAt(at) === 0x30 && text.charCodeAt(at + 1) !== 0x2e) at += 1;
	return at === 0 ? text : text.slice(at);
}

/**
 * A block that is named after its sensor. Probes on one bus are numbered in the order in which they are found, so that the number of a probe is another one's when the
 * first is gone: where a probe prints its own Id, that names its channel.
 */
function readSensor(name: string, block: JsonObject, frame: Frame): void {
	const {keys, values} = block;
	let part: string | undefined;
	for (let i = 0; i < keys.length; i += 1) {
		const key = keys[i]!;
		const value = values[i]!;
		const isTemperature = key === 'Temperature';
		const isPressure = key === 'Pressure';
		const field = isTemperature || isPressure ? undefined : sensorFields.get(key);
		if (field === undefined && !isTemperature && !isPressure) {
			// Several analogue inputs of one kind: Temperature1, Temperature2.
			if (name === 'ANALOG') readAnalog(key, value, frame);
			continue;
		}
		if (field?.ofKnown && !electricSensors.test(name)) {
			// What Status and other answers say is no number, or none of a sensor.
			if (value instanceof JsonNumber && name !== 'Status')
				frame.readings.push(refuse('units-unknown', `${name} is no sensor that is known, and nothing says which unit its ${key} has`));
			continue;
		}
		part ??= sensorPart(name, block);
		if (isTemperature) frame.readings.push(temperatureReading(part, value, frame));
		else if (isPressure) frame.readings.push(pressureReading(part, value, frame));
		else frame.readings.push(fieldReading(channelOf(field!.quantity, part), field!.unit, value, frame.measuredAtMs));
	}
}

function sensorPart(name: string, block: JsonObject): string | undefined {
	const id = block.get('Id');
	return partOf(typeof id === 'string' && id !== '' ? `${name.replace(/[-_]\d+$/, '')}-${id}` : name);
}

function readAnalog(key: string, value: JsonValue, frame: Frame): void {
	const temperature = numberBehind('Temperature', key);
	if (temperature !== undefined) frame.readings.push(temperatureReading(`ANALOG-${temperature}`, value, frame));
	const illuminance = numberBehind('Illuminance', key);
	if (illuminance !== undefined)
		frame.readings.push(fieldReading(channelOf('illuminance', `ANALOG-${illuminance}`), 'lx', value, frame.measuredAtMs));
}

function temperatureReading(part: string | undefined, value: JsonValue, {temperatureUnit, measuredAtMs}: Frame): DecodedReading | Refused {
	if (temperatureUnit === 'C') return fieldReading(channelOf('temperature', part), 'Cel', value, measuredAtMs);
	if (temperatureUnit === 'F') return fieldReading(channelOf('temperature-fahrenheit', part), '[degF]', value, measuredAtMs);
	return temperatureUnit === undefined
		? refuse('units-unknown', `the message has a temperature (${part}) and no TempUnit: it may be Celsius or Fahrenheit`)
		: refuse('unit-wrong', `TempUnit is "${temperatureUnit}", neither C nor F`);
}

function pressureReading(part: string | undefined, value: JsonValue, {pressureUnit, measuredAtMs}: Frame): DecodedReading | Refused {
	if (pressureUnit === 'hPa') return fieldReading(channelOf('pressure', part), 'hPa', value, measuredAtMs);
	return pressureUnit === undefined
		? refuse('units-unknown', `the message has a pressure (${part}) and no PressureUnit`)
		: refuse('unit-wrong', `PressureUnit is "${pressureUnit}"; set it to hPa`);
}

/** '' for the word itself, the digits behind it, undefined for anything else. */
function numberBehind(word: string, text: string): string | undefined {
	if (!text.startsWith(word)) return undefined;
	if (text.length === word.length) return '';
	const rest = text.slice(word.length);
	return isChannelNumber(rest) ? rest : undefined;
}

function switchReading(quantity: 'on' | 'input', number: string, value: JsonValue, measuredAtMs: number): DecodedReading | Refused {
	const channel = channelOf(quantity, number === '' ? undefined : `ch${number}`);
	if (value === 'ON' || value === 'OFF') return fieldReading(channel, 'state', value === 'ON', measuredAtMs);
	return refuse('value-not-number', `${channel.name} is ${typeof value === 'string' ? `"${value}"` : 'no text'}, neither ON nor OFF`);
}

const textMax = 32;

function textOf(payload: Uint8Array): string {
	return payload.length > textMax ? '' : String.fromCharCode(...payload);
}

const telemetryLevels: ReadonlySet<string> = new Set(['SENSOR', 'STATE', 'ENERGY', 'STATUS8', 'STATUS10', 'STATUS11']);
const payloadMax = 8192;

function recognise({topic, payload}: {readonly topic: string; readonly payload: Uint8Array}): Recognised | undefined {
	const {last, before} = endOf(topic);
	const isWill = last === 'LWT';
	if (!isWill && !telemetryLevels.has(last)) return undefined;
	const levels = topic.split('/');
	// FullTopic can be anything; nearly everybody keeps the prefix beside the device's name, in front or behind.
	const prefixAt = levels.findLastIndex((level, at) => at < levels.length - 1 && (level === 'tele' || level === 'stat'));
	const deviceAt = prefixAt < 0 ? levels.length - 2 : prefixAt + 1 < levels.length - 1 ? prefixAt + 1 : prefixAt - 1;
	const device = levels[deviceAt];
	if (device === undefined || device === '' || before === '') return undefined;
	const filter = levels.map((level, at) => (at === deviceAt ? '{device}' : at === levels.length - 1 ? '+' : level)).join('/');
	if (isWill) {
		const text = textOf(payload);
		return prefixAt >= 0 && (text === 'Online' || text === 'Offline') ? {topic: filter, device, sureness: 60, make: 'Tasmota'} : undefined;
	}
	if (payload.length > payloadMax || payload[0] !== 0x7b) return undefined;
	const parsed = parseJson(payload);
	if ('problem' in parsed || !(parsed.value instanceof JsonObject)) return undefined;
	const wrapped = parsed.value.get('StatusSNS') ?? parsed.value.get('StatusSTS');
	const message = wrapped instanceof JsonObject ? wrapped : parsed.value;
	const time = message.get('Time');
	if (typeof time !== 'string') return undefined;
	return {
		topic: filter,
		device,
		sureness: prefixAt < 0 ? 70 : 90,
		...(time.length === 19 ? {wantsZone: true} : {}),
		make: 'Tasmota',
	};
}
