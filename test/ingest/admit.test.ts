import test from 'ava';
import {type Quality, qualities, qualityNames} from '../../agent/format/entry.ts';
import {type AdmitContext, admit, aheadMsMax, measuredAtMsMin} from '../../agent/ingest/admit.ts';
import type {DecodedReading} from '../../agent/ingest/decoders/decoder.ts';

const nowMs = Date.UTC(2026, 0, 1);
const lateAfterMs = 900_000;

type Case = readonly [
	name: string,
	reading: Partial<Pick<DecodedReading, 'value' | 'quality' | 'measuredAtMs' | 'timeIsDevices'>>,
	context: Partial<AdmitContext>,
	expected: readonly Quality[] | RegExp,
];

const cases: readonly Case[] = [
	['a reading of just now is admitted as it is', {measuredAtMs: nowMs}, {}, []],
	['a reading without a time is marked', {measuredAtMs: 0}, {}, ['noDeviceTime']],
	['a reading whose time was made here is marked', {measuredAtMs: nowMs - 5000, timeIsDevices: false}, {}, ['noDeviceTime']],
	['a reading from 1970 is refused', {measuredAtMs: 86_400_000}, {}, /1970-01-02T00:00:00.000Z, before 2000/],
	['the last ms of 1999 is refused', {measuredAtMs: measuredAtMsMin - 1}, {}, /before 2000/],
	['the first ms of 2000 is admitted, and late', {measuredAtMs: measuredAtMsMin}, {}, ['late']],
	['a negative time is refused', {measuredAtMs: -1}, {}, /1969-12-31T23:59:59.999Z, before 2000/],
	['a reading from 2100 is refused', {measuredAtMs: Date.UTC(2100, 0, 1)}, {}, /2100-01-01T00:00:00.000Z, more than a day ahead/],
	['a reading a day ahead is admitted', {measuredAtMs: nowMs + aheadMsMax}, {}, []],
	['a reading more than a day ahead is refused', {measuredAtMs: nowMs + aheadMsMax + 1}, {}, /more than a day ahead/],
	['a time beyond every calendar is refused', {measuredAtMs: Number.MAX_SAFE_INTEGER}, {}, /9007199254740991, more than a day ahead/],
	['a reading as old as allowed is not late', {measuredAtMs: nowMs - lateAfterMs}, {}, []],
	['an older reading is late', {measuredAtMs: nowMs - lateAfterMs - 1}, {}, ['late']],
	['what a simulator sends is marked', {measuredAtMs: nowMs}, {simulated: true}, ['simulated']],
	['an unsynchronised clock is marked', {measuredAtMs: nowMs}, {clockUnsynchronised: true}, ['clockUnsynchronised']],
	[
		'marks add up',
		{measuredAtMs: nowMs - 86_400_000, timeIsDevices: false},
		{simulated: true, clockUnsynchronised: true},
		['simulated', 'clockUnsynchronised', 'noDeviceTime', 'late'],
	],
	[
		'a right time is taken while the agent thinks that it is 1970',
		{},
		{arrivedAtMs: 60_000, clockUnsynchronised: true},
		['clockUnsynchronised'],
	],
	['what the device says of its value is kept', {quality: qualities.estimated | qualities.historical}, {}, ['estimated', 'historical']],
	['a device that says that it has no value is marked', {value: null}, {}, ['noValue']],
	['a reading within its calibration is not marked', {}, {calibration: {notBeforeMs: nowMs, notAfterMs: nowMs}}, []],
	[
		'a reading before its calibration is marked',
		{measuredAtMs: nowMs - 1},
		{calibration: {notBeforeMs: nowMs, notAfterMs: nowMs}},
		['uncalibrated'],
	],
	[
		'a reading without a time is judged by its arrival',
		{measuredAtMs: 0},
		{calibration: {notBeforeMs: 0, notAfterMs: nowMs - 1}},
		['noDeviceTime', 'uncalibrated'],
	],
	['a time that does not fit the entry is refused even if the clock is as wrong', {measuredAtMs: 2 ** 48}, {arrivedAtMs: 2 ** 48}, /ahead/],
];

for (const [name, reading, context, expected] of cases) {
	test(name, t => {
		const admitted = admit(
			{value: '1', quality: 0, measuredAtMs: nowMs, timeIsDevices: true, ...reading},
			{arrivedAtMs: nowMs, lateAfterMs, simulated: false, clockUnsynchronised: false, ...context},
		);
		if (expected instanceof RegExp) {
			t.is('refused' in admitted ? admitted.refused : undefined, 'time-implausible');
			t.regex('refused' in admitted ? admitted.detail : '', expected);
		} else t.deepEqual('refused' in admitted ? admitted : qualityNames(admitted.quality), expected as string[]);
	});
}
