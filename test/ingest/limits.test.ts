// What a device may report: bounds at the channel's exponent, and what becomes of the rest of a message.
import test from 'ava';
import fc from 'fast-check';
import {quantityOfName} from '../../agent/format/quantity.ts';
import {channelSpec} from '../../agent/ingest/decoders/decoder.ts';
import {limitExceeded, limitsOf, limitsProblem} from '../../agent/ingest/limits.ts';
import {config, openWorld} from './world.ts';

const temperature = channelSpec(quantityOfName('temperature')!, undefined, 0);

test('limits are taken at the exponent of the channel, and rounded into what is allowed', t => {
	const limits = {temperature: {min: '-30.0005', max: '60.0005', unit: 'Cel'}};
	t.deepEqual(limitsOf(limits, temperature, 0), {min: -30_000n, max: 60_000n});
	t.deepEqual(limitsOf(limits, temperature, -1), {min: -300_005n, max: 600_005n});
	t.deepEqual(limitsOf(limits, temperature, 3), {min: -30n, max: 60n});
	t.deepEqual(limitsOf({temperature: {}}, temperature, 0), limitsOf(undefined, temperature, 0));
	t.regex(String(limitsOf({pressure: {}}, temperature, 0)), /^temperature is not among the quantities of the device$/);
});

test('a value is within limits exactly if it is between them as fractions', t => {
	t.notThrows(() => check());
});

function check(): void {
	fc.assert(
		fc.property(
			fc.integer({min: -1e6, max: 1e6}),
			fc.integer({min: 0, max: 1e6}),
			fc.integer({min: -3, max: 3}),
			(low, width, exponent) => {
				const bounds = limitsOf({temperature: {min: `${low}`, max: `${low + width}`}}, temperature, exponent);
				if (typeof bounds === 'string') return false;
				const inMilli = (value: bigint): number => Number(value) * 10 ** exponent;
				return (
					inMilli(bounds.min) >= low - 1e-9 &&
					inMilli(bounds.min - 1n) < low &&
					inMilli(bounds.max) <= low + width + 1e-9 &&
					inMilli(bounds.max + 1n) > low + width
				);
			},
		),
	);
}

test('limits that cannot be meant are told', t => {
	t.is(limitsProblem('temperature', {min: '-30', max: '60', unit: 'Cel'}), undefined);
	t.regex(limitsProblem('temprature', {})!, /not in the quantity registry/);
	t.regex(limitsProblem('temperature', {unit: 'C'})!, /"C" does not measure temperature/);
	t.regex(limitsProblem('temperature', {min: '1e999'})!, /not a plain decimal number/);
	t.regex(limitsProblem('temperature', {min: '2', max: '1.9'})!, /its min 2 is above its max 1\.9/);
});

test('of a message only the readings that the device may not report are refused', async t => {
	const world = await openWorld(t, {...config, quantities: {clock: {voltage: {min: '200', max: '250', unit: 'V'}}}});
	const atMs = world.clock.nowMs();
	t.is(await world.send('clock', {at: atMs, v: 230_000, i: 5}), 'kept');
	t.is(await world.send('clock', {at: atMs + 1, v: 250_001}), 'refused');
	t.is(await world.send('clock', {at: atMs + 2, v: 250_000}), 'kept');
	const {readings} = await world.readings();
	t.deepEqual(
		readings.map(({urn, value}) => [urn, value]),
		[
			['urn:kedge:device:clock:voltage', 230_000n],
			['urn:kedge:device:clock:voltage', 250_000n],
		],
	);
	const counters = world.log().counters();
	t.is(counters.get('refused:quantity-forbidden'), 1);
	t.is(counters.get('refused:limit-exceeded'), 1);
});

const volts = channelSpec(quantityOfName('voltage')!, '', -1);

const detailOf = (limits: {min?: string; max?: string; unit?: string}, value: bigint): string | undefined => {
	const bounds = limitsOf({voltage: limits}, volts, -1);
	const exceeded = typeof bounds === 'string' ? undefined : limitExceeded(value, bounds, volts, -1);
	if (exceeded !== undefined && exceeded.refused !== 'limit-exceeded') throw new Error(exceeded.refused);
	return exceeded?.detail;
};

test('a value outside of the limits is refused with its unit and both limits', t => {
	t.is(detailOf({min: '200', max: '260'}, 2600n), undefined);
	t.is(
		detailOf({min: '0.2', max: '0.26', unit: 'V'}, 2601n),
		'voltage 260.1 mV lies outside of the limits of the device: 200.0 mV to 260.0 mV',
	);
	t.is(detailOf({max: '260'}, 2601n), 'voltage 260.1 mV lies outside of the limits of the device: at most 260.0 mV');
	t.is(detailOf({min: '200'}, 1n), 'voltage 0.1 mV lies outside of the limits of the device: at least 200.0 mV');
	t.is(detailOf({}, 1n), undefined);
});

test('limits of no quantity, or in a wrong unit, are told with what is meant', t => {
	t.regex(limitsProblem('temprature', {})!, /"temprature" is not in the quantity registry; did you mean "temperature"\?/);
	t.regex(limitsProblem('temp', {})!, /"temp" is not in the quantity registry; did you mean "temperature" or /);
	t.regex(limitsProblem('voltage', {unit: 'kv'})!, /"kv" does not measure voltage; did you mean "kV"\?/);
	t.is(limitsProblem('voltage', {min: '0', max: '1', unit: 'kV'}), undefined);
});
