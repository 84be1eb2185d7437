// Proposes readings for what the keys of an object plainly say that they are; what is not plain is left to a person.

import {parseDecimal, scaleDecimal} from '../../format/decimal.ts';
import {quantityOfName, unitFactor} from '../../format/quantity.ts';
import {JsonNumber, JsonObject, type JsonValue} from '../json.ts';
import type {ReadingConfig} from '../mapping.ts';

export type Meaning = {readonly quantity: string; readonly unit: string; readonly part?: string};

const temperature: Meaning = {quantity: 'temperature', unit: '°C'};
const humidity: Meaning = {quantity: 'relative-humidity', unit: '%'};
const batteryVoltage: Meaning = {quantity: 'voltage', unit: 'V', part: 'battery'};
const batteryLevel: Meaning = {quantity: 'state-of-charge', unit: '%', part: 'battery'};
const co2: Meaning = {quantity: 'co2-fraction', unit: 'ppm'};
const illuminance: Meaning = {quantity: 'illuminance', unit: 'lx'};

/** Keys without their case and without `_`, `-` and blanks → what they mean wherever they were seen. A bare "battery" is volts, millivolts or per cent: not here. */
const plain: ReadonlyMap<string, Meaning> = new Map([
	['temperature', temperature],
	['temp', temperature],
	['tempc', temperature],
	['temperaturec', temperature],
	['humidity', humidity],
	['relativehumidity', humidity],
	['hum', humidity],
	['batteryvoltage', batteryVoltage],
	['batvoltage', batteryVoltage],
	['batv', batteryVoltage],
	['vbat', batteryVoltage],
	['batterylevel', batteryLevel],
	['batterypercent', batteryLevel],
	['batterypercentage', batteryLevel],
	['batpercentage', batteryLevel],
	['batterysoc', batteryLevel],
	['co2', co2],
	['co2ppm', co2],
	['illuminance', illuminance],
	['lux', illuminance],
	['voltage', {quantity: 'voltage', unit: 'V'}],
	['energykwh', {quantity: 'energy-import', unit: 'kWh'}],
	['energywh', {quantity: 'energy-import', unit: 'Wh'}],
	['powerw', {quantity: 'active-power', unit: 'W'}],
	['activepowerw', {quantity: 'active-power', unit: 'W'}],
]);

/** Values outside are in another unit than the table's: then nothing is proposed. */
const plausible: Readonly<Record<string, readonly [min: number, max: number]>> = {
	temperature: [-90, 150],
	'relative-humidity': [0, 100],
	'state-of-charge': [0, 100],
	voltage: [0, 1000],
};

/** So deep an object is looked into. */
const depthMax = 3;
/** Readings that are proposed of one message. */
const readingsMax = 32;

/** Readings of the numbers below `root` whose keys are plain. `under` is the pointer of `root` itself. All are optional: devices send now this, now that. */
export function suggestReadings(root: JsonValue | undefined, under = ''): ReadingConfig[] {
	const found: ReadingConfig[] = [];
	collect(root, under, 1, found, (key, value) => {
		const meaning = plain.get(key.toLowerCase().replace(/[_\- ]/g, ''));
		return meaning !== undefined && isPlausible(meaning, value) ? meaning : undefined;
	});
	return found;
}

/** Readings of the values below `root` by a table of the pointers that a published schema fixes. */
export function knownReadings(root: JsonValue | undefined, under: string, known: ReadonlyMap<string, Meaning>): ReadingConfig[] {
	const found: ReadingConfig[] = [];
	collect(root, under, 1, found, (_key, _value, pointer) => known.get(pointer.slice(under.length)));
	return found;
}

function collect(
	at: JsonValue | undefined,
	under: string,
	depth: number,
	found: ReadingConfig[],
	meaningOf: (key: string, value: JsonNumber, pointer: string) => Meaning | undefined,
): void {
	if (!(at instanceof JsonObject)) return;
	for (let i = 0; i < at.keys.length && found.length < readingsMax; i += 1) {
		const key = at.keys[i]!;
		const value = at.values[i]!;
		const pointer = `${under}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
		if (value instanceof JsonNumber) {
			const meaning = meaningOf(key, value, pointer);
			const reading = meaning && readingOf(pointer, value, meaning, depth === 1 ? undefined : under);
			if (reading !== undefined && !found.some(({quantity, part}) => quantity === reading.quantity && part === reading.part))
				found.push(reading);
		} else if (depth < depthMax) collect(value, pointer, depth + 1, found, meaningOf);
	}
}

function readingOf(pointer: string, value: JsonNumber, meaning: Meaning, place: string | undefined): ReadingConfig | undefined {
	const quantity = quantityOfName(meaning.quantity);
	const factor = quantity && unitFactor(quantity, meaning.unit);
	if (quantity === undefined || factor === undefined) return undefined;
	const decimal = parseDecimal(value.text);
	if (decimal === undefined) return undefined;
	// Formatters in JavaScript print the dust of their doubles: 86.66666666666667. The finest exponent takes it, where the value still fits.
	const fits = scaleDecimal(decimal, quantity.exponentDefault, ...factor) !== undefined;
	const part = meaning.part ?? partOfPlace(place);
	return {
		pointer,
		quantity: quantity.name,
		unit: meaning.unit,
		...(part === undefined ? {} : {part}),
		...(fits ? {} : {exponent: finestExponent}),
		optional: true,
	};
}

const finestExponent = -12;

/** The last name of a pointer, where it can be a part as it stands. */
function partOfPlace(pointer: string | undefined): string | undefined {
	const last = pointer?.split('/').at(-1);
	return last !== undefined && /^[A-Za-z][A-Za-z0-9_-]{0,63}$/.test(last) ? last : undefined;
}

function isPlausible({quantity}: Meaning, value: JsonNumber): boolean {
	const range = plausible[quantity];
	// For a proposal only: a double is near enough.
	const about = Number(value.text);
	return range === undefined || (about >= range[0] && about <= range[1]);
}
