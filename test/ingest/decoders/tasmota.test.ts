// Telemetry of Tasmota.
import test from 'ava';
import fc from 'fast-check';
import type {DecodedReading} from '../../../agent/ingest/decoders/decoder.ts';
import {tasmotaDecoder} from '../../../agent/ingest/decoders/tasmota.ts';
import {capturedIn, checkMutations, decodedText, decodeWith, othersThan} from './published.ts';

const decodeInParis = decodeWith(tasmotaDecoder, 'Europe/Paris');
const decodeNowhere = decodeWith(tasmotaDecoder);
const bytesOf = (payload: unknown): Uint8Array => Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload));
const read = (payload: unknown, topic = 'tele/x/SENSOR'): string => decodedText(decodeNowhere(topic, bytesOf(payload)));
const readingsOf = (payload: unknown, topic = 'tele/x/SENSOR'): readonly DecodedReading[] => {
	const decoded = decodeNowhere(topic, bytesOf(payload));
	return 'refused' in decoded ? [] : decoded.readings.filter(reading => 'channel' in reading);
};

/** What each captured line becomes, in order, on a clock in Paris. */
const captured = [
	'2023-05-19T18:52:56.000Z energy-import=514153000 | active-power=56000 | apparent-power=92000 | reactive-power=73000 | power-factor=610 | voltage=234000 | current=392',
	'2021-03-13T08:20:26.000Z energy-import=7970903000 | active-power=860000 | current=4000',
	'2021-03-13T08:20:30.000Z energy-import:TIC-BASE=7970903000 | current:TIC=3000 | apparent-power:TIC=780000 | current:TIC-L1=3000 | apparent-power:TIC-L1=780000',
	'2023-03-10T12:53:42.000Z voltage:METER-L1=235000 | apparent-power:METER-L1=1470000 | active-power:METER-L1=1470000 | current:METER-L1=6000 | power-factor:METER-L1=1000 | apparent-power:METER=1470000 | active-power:METER=1470000 | current:METER=6000',
	'2023-03-10T12:54:42.000Z apparent-power:PROD=1470000 | active-power:PROD=1470000 | power-factor:PROD=1000',
	'2023-04-04T15:01:33.000Z input:ch1=1 | energy-import=14687920 | active-power=32000 | apparent-power=35000 | reactive-power=16000 | power-factor=890 | voltage=238000 | current=148',
	'2020-08-30T08:14:45.000Z on:ch1=0 | on:ch2=0',
	'2020-08-30T08:15:00.000Z input:ch1=0 | input:ch2=0 | temperature-fahrenheit:ANALOG=100100 | energy-import=586000 | active-power=0 | apparent-power=0 | reactive-power=0 | power-factor=0 | voltage=0 | current=0',
	'2020-08-28T18:37:17.000Z on=1',
	'2020-06-29T20:22:24.000Z energy-import=41573000 | active-power=2000 | apparent-power=22000 | reactive-power=21000 | power-factor=80 | voltage=230000 | current=94',
	'2022-08-18T07:34:27.000Z energy-import=350000 | active-power=0 | apparent-power=0 | reactive-power=0 | power-factor=0 | voltage=0 | current=0',
	'2022-08-18T07:39:27.000Z energy-import=350000 | active-power=0 | apparent-power=0 | reactive-power=0 | power-factor=0 | voltage=0 | current=0',
	'2026-09-18T09:19:21.000Z energy-import:ch0=2813000 | energy-import:ch1=254000 | active-power:ch0=52000 | active-power:ch1=5000 | apparent-power:ch0=66000 | apparent-power:ch1=10000 | reactive-power:ch0=40000 | reactive-power:ch1=9000 | power-factor:ch0=790 | power-factor:ch1=500 | voltage=235000 | current:ch0=278 | current:ch1=44 | !units-unknown: the message has a temperature (BL09XX) and no TempUnit: it may be Celsius or Fahrenheit',
	'2018-10-14T19:57:33.000Z energy-import=6000 | active-power=5000 | power-factor=100 | voltage=214000 | current=241',
	'2018-11-01T22:42:54.000Z energy-import=0 | active-power=0 | apparent-power=0 | reactive-power=0 | power-factor=0 | voltage=220000 | current=0',
	'2023-08-18T17:39:10.000Z energy-import=1175000 | active-power=13000 | apparent-power=625000 | reactive-power=625000 | power-factor=20 | voltage=227000 | current=2751',
];

test('every captured message of Tasmota is read, or refused for a stated reason', t => {
	const messages = capturedIn(t, 'tasmota');
	if (messages === undefined) return;
	t.is(messages.length, captured.length);
	for (const [i, {name, topic, payload}] of messages.entries()) t.is(decodedText(decodeInParis(topic, payload)), captured[i]!, name);
});

test('a changed byte in a captured message of Tasmota never throws and makes no other quantity', t => {
	const messages = capturedIn(t, 'tasmota');
	if (messages !== undefined) checkMutations(t, decodeInParis, messages);
});

test('a local time without a zone, in an hour that comes twice or never, or of a clock that was never set is no time', t => {
	const at = (time: unknown, decode = decodeInParis): string =>
		decodedText(decode('tele/x/SENSOR', bytesOf({Time: time, ENERGY: {Power: 1}})));
	t.is(at('2026-07-01T12:00:00'), '2026-07-01T10:00:00.000Z active-power=1000');
	t.is(at('2026-01-01T12:00:00'), '2026-01-01T11:00:00.000Z active-power=1000');
	t.is(at('2026-07-01T12:00:00', decodeNowhere), 'active-power=1000');
	t.is(at('2026-10-25T02:30:00'), 'active-power=1000');
	t.is(at('2026-10-25T02:30:00+01:00'), '2026-10-25T01:30:00.000Z active-power=1000');
	t.is(at('2026-10-25T02:30:00+02:00', decodeNowhere), '2026-10-25T00:30:00.000Z active-power=1000');
	t.is(at('2026-03-29T02:30:00'), 'active-power=1000');
	t.is(at('1970-01-01T00:00:08'), 'active-power=1000');
	t.is(at('1970-01-01T00:00:08Z'), 'active-power=1000');
	t.is(at(undefined), 'active-power=1000');
	for (const time of [
		'2026-13-01T12:00:00',
		'2026-02-30T12:00:00',
		'2026-07-01T24:00:00',
		'2026-07-01 ',
		'',
		'x'.repeat(19),
		'2026-07-01T12:00:00+2:00',
		1_700_000_000,
		[],
	])
		t.regex(at(time), /^!time-malformed/, String(time));
});

test('energy is in kWh, and Total alone has the life that TotalStartTime names', t => {
	const begun = '2026-01-01T00:00:00';
	const readings = readingsOf({
		ENERGY: {TotalStartTime: begun, Total: 1.23456, ExportActive: 0.001, Today: 1, Yesterday: 2, Period: 3, Power: 4},
	});
	t.deepEqual(
		readings.map(({channel, counter}) => [channel.name, counter]),
		[
			['active-energy', begun],
			['energy-export', undefined],
			['active-power', undefined],
		],
	);
	t.is(readingsOf({ENERGY: {TotalStartTime: begun, Total: 1}})[0]?.counter, begun);
	t.is(readingsOf({ENERGY: {TotalStartTime: 'never', Total: 1}})[0]?.counter, undefined);
	t.is(readingsOf({ENERGY: {TotalStartTime: 5, Total: 1}})[0]?.counter, undefined);
	t.is(read({ENERGY: {Total: null, Power: 'x'}}), 'energy-import=none | active-power=!value-not-number');
	t.is(read({ENERGY: {Total: {}}}), '!value-not-number: energy-import is an object');
});

test('lists are channels, tariffs are tariffs, and a meter of both directions has no Total', t => {
	t.is(
		read({ENERGY: {Total: [1, 2, 3], Voltage: 230}}),
		'energy-import:ch0=1000000 | energy-import:ch1=2000000 | energy-import:ch2=3000000 | voltage=230000',
	);
	t.is(
		read({ENERGY: {TotalTariff: [1, 2], ExportTariff: [0, 0.5]}}),
		'energy-import:T1=1000000 | energy-import:T2=2000000 | energy-export:T1=0 | energy-export:T2=500000',
	);
	t.is(read({ENERGY: {Total: 9, ImportActive: 6, ExportActive: 3}}), 'energy-import=6000000 | energy-export=3000000');
	t.is(
		read({ENERGY: {ImportReactive: 1.5, ExportReactive: 2, Frequency: 49.98}}),
		'reactive-energy-import=1500000 | reactive-energy-export=2000000 | frequency=49980',
	);
	t.is(read({ENERGY: {Power: []}}), '!readings-none: none of its fields is a measured quantity that is known');
	t.regex(read({ENERGY: {Power: Array.from({length: 9}, () => 1)}}), /^!payload-malformed: Power has 9 values/);
	t.is(read({ENERGY: {Power: [[1]]}}), '!value-not-number: active-power:ch0 is a list');
});

test('a Total beside an export is not called an import: drivers that count the export themselves take it off the Total', t => {
	t.is(
		read({ENERGY: {Total: [5, 1], TotalTariff: [3, 3], ExportActive: [3, 0], ExportTariff: [1, 2]}}),
		'active-energy:ch0=5000000 | active-energy:ch1=1000000 | active-energy:T1=3000000 | active-energy:T2=3000000 | energy-export:ch0=3000000 | energy-export:ch1=0 | energy-export:T1=1000000 | energy-export:T2=2000000',
	);
	t.is(read({ENERGY: {Total: 5, ExportActive: 0}}), 'active-energy=5000000 | energy-export=0');
	t.is(read({ENERGY: {Total: 9, TotalTariff: [4, 5], ImportActive: 6, ExportActive: 3}}), 'energy-import=6000000 | energy-export=3000000');
});

test('what a block calls Power, Voltage or Current is measured in known units by known sensors only', t => {
	t.is(read({Status: {Module: 1, Power: 1, PowerOnState: 3}}, 'stat/x/STATUS'), '!no-reading: STATUS describes the device');
	t.is(read({Status: {Module: 1, Power: '0'}}, 'stat/x/STATUS'), '!no-reading: STATUS describes the device');
	t.is(read({IRHVAC: {Vendor: 'X', Power: 'On'}}, 'stat/x/RESULT'), '!no-reading: RESULT describes the device');
	// A script of the smart meter interface names its block, its fields and their units itself: this is kW.
	t.is(
		read({House: {Total_in: 123.4, Power: 0.523}, INA219: {Voltage: 5}}),
		'!units-unknown: House is no sensor that is known, and nothing says which unit its Power has | voltage:INA219=5000',
	);
	t.is(read({'INA219-40': {Voltage: 5}, INA226_1: {Current: 1}}), 'voltage:INA219-40=5000 | current:INA226_1=1000');
});

test('a temperature has the unit that the message says, and none where it says none', t => {
	t.is(read({DS18B20: {Temperature: 19.7}, TempUnit: 'C'}), 'temperature:DS18B20=19700');
	t.is(read({DS18B20: {Temperature: 67.5}, TempUnit: 'F'}), 'temperature-fahrenheit:DS18B20=67500');
	t.is(read({DS18B20: {Temperature: null}, TempUnit: 'C'}), 'temperature:DS18B20=none');
	t.regex(read({DS18B20: {Temperature: 19.7}}), /^!units-unknown/);
	t.regex(read({DS18B20: {Temperature: 19.7}, TempUnit: 'K'}), /^!unit-wrong/);
	t.is(
		read({AM2301: {Temperature: 19.7, Humidity: 55.1, DewPoint: 10.2}}),
		'!units-unknown: the message has a temperature (AM2301) and no TempUnit: it may be Celsius or Fahrenheit | relative-humidity:AM2301=55100',
	);
});

test('sensors are named by their block, probes on one bus by their own Id', t => {
	t.is(
		read({'DS18B20-1': {Id: '0000000000AA', Temperature: 1}, 'DS18B20-2': {Id: '0000000000BB', Temperature: 2}, TempUnit: 'C'}),
		'temperature:DS18B20-0000000000AA=1000 | temperature:DS18B20-0000000000BB=2000',
	);
	// SetOption64 puts another sign in front of the number.
	t.is(read({DS18B20_2: {Id: '0000000000AA', Temperature: 1}, TempUnit: 'C'}), 'temperature:DS18B20-0000000000AA=1000');
	t.is(
		read({'DS18B20-1': {Temperature: 1}, 'DS18B20-2': {Temperature: 2}, TempUnit: 'C'}),
		'temperature:DS18B20-1=1000 | temperature:DS18B20-2=2000',
	);
	t.is(
		read({
			BME280: {Temperature: 21.34, Humidity: 40.5, DewPoint: 7.4, Pressure: 1013.25, SeaPressure: 1020.1},
			PressureUnit: 'hPa',
			TempUnit: 'C',
		}),
		'temperature:BME280=21340 | relative-humidity:BME280=40500 | pressure:BME280=101325000',
	);
	t.regex(read({BMP280: {Pressure: 760}, PressureUnit: 'mmHg'}), /^!unit-wrong/);
	t.regex(read({BMP280: {Pressure: 760}}), /^!units-unknown/);
	t.is(
		read({SCD40: {CarbonDioxide: 638, eCO2: 600, Temperature: 20, Humidity: 50}, TempUnit: 'C'}),
		'co2-fraction:SCD40=638000 | temperature:SCD40=20000 | relative-humidity:SCD40=50000',
	);
	t.is(
		read({SHT3X: {Humidity: 50}, BH1750: {Illuminance: 79}, TSL2561: {Lux: 21.18}}),
		'relative-humidity:SHT3X=50000 | illuminance:BH1750=79000 | illuminance:TSL2561=21180',
	);
	t.is(read({INA219: {Voltage: 4.494, Current: 0.02, Power: 0.089}}), 'voltage:INA219=4494 | current:INA219=20 | active-power:INA219=89');
	t.is(
		read({ANALOG: {Temperature1: 20.1, Temperature2: 21, A0: 1023}, TempUnit: 'C'}),
		'temperature:ANALOG-1=20100 | temperature:ANALOG-2=21000',
	);
	t.regex(read({'Fühler 1': {Humidity: 1}}), /^relative-humidity:F_hler_1-[0-9a-f]{8}=1000$/);
});

test('the French meter has its own labels, and zeros in front of its numbers', t => {
	t.is(
		read({TIC: {HCHC: '000012345', HCHP: '000000000', IINST1: '002', PAPP: '00010'}}),
		'energy-import:TIC-HCHC=12345000 | energy-import:TIC-HCHP=0 | current:TIC-L1=2000 | apparent-power:TIC=10000',
	);
	t.is(
		read({TIC: {EAST: '004711', EASF01: '004000', EAIT: '000001', URMS1: '231', SINSTS: '00500'}}),
		'energy-import:TIC-EAST=4711000 | energy-import:TIC-EASF01=4000000 | energy-export:TIC-EAIT=1000 | voltage:TIC-L1=231000 | apparent-power:TIC-SINSTS=500000',
	);
	t.is(read({TIC: {BASE: '0000x'}}), 'energy-import:TIC-BASE=!value-not-number');
	t.is(read({TIC: {BASE: ''}}), 'energy-import:TIC-BASE=!value-not-number');
});

test('relays and switches are states, wherever Tasmota tells them', t => {
	t.is(read({POWER: 'ON', Uptime: '1T'}, 'tele/x/STATE'), 'on=1');
	t.is(read({POWER1: 'ON', POWER2: 'OFF'}, 'tele/x/STATE'), 'on:ch1=1 | on:ch2=0');
	t.is(read({StatusSTS: {Time: '2026-01-01T00:00:00', POWER: 'OFF'}}, 'stat/x/STATUS11'), 'on=0');
	t.is(read('ON', 'stat/x/POWER'), 'on=1');
	t.is(read('OFF', 'stat/x/POWER2'), 'on:ch2=0');
	t.is(read({POWER: 'ON'}, 'stat/x/RESULT'), 'on=1');
	t.is(read({Switch1: 'OFF'}), 'input:ch1=0');
	t.regex(read('TOGGLE', 'stat/x/POWER'), /^!value-not-number/);
	t.regex(read({POWER: 'on'}, 'tele/x/STATE'), /^!value-not-number/);
});

test('answers to Status are unwrapped, and what holds no reading says so', t => {
	t.is(read({StatusSNS: {ENERGY: {Power: 2}}}, 'stat/x/STATUS10'), 'active-power=2000');
	t.is(read({StatusPWR: {Total: 1, Power: 2}}, 'stat/x/STATUS8'), 'energy-import=1000000 | active-power=2000');
	t.is(read({Time: '2026-01-01T00:00:00', Total: 1, Power: 2}, 'tele/x/ENERGY'), 'energy-import=1000000 | active-power=2000');
	t.is(read('Online', 'tele/x/LWT'), '!no-reading: it says whether the device is online');
	t.is(read('ON', 'cmnd/x/POWER'), '!no-reading: it is a command to the device');
	t.is(read({Uptime: '0T00:00:10'}, 'tele/x/STATE'), '!no-reading: STATE describes the device');
	t.is(read({Info1: {Module: 'Generic'}}, 'tele/x/INFO1'), '!no-reading: INFO1 describes the device');
	t.is(read({Time: '2026-01-01T00:00:00'}), '!readings-none: none of its fields is a measured quantity that is known');
	t.regex(read('{'), /^!payload-malformed/);
	t.regex(read([]), /^!payload-malformed/);
});

test('nothing that a device may send makes it throw', t => {
	const topics = ['tele/x/SENSOR', 'tele/x/STATE', 'stat/x/STATUS8', 'stat/x/POWER', 'tele/x/ENERGY', '', '/'];
	const block = fc.dictionary(
		fc.constantFrom('Total', 'Power', 'Temperature', 'Id', 'Pressure', 'BASE', 'W1', 'TotalStartTime'),
		fc.jsonValue(),
	);
	const message = fc.dictionary(
		fc.constantFrom('Time', 'ENERGY', 'TIC', 'METER', 'PROD', 'TempUnit', 'POWER', 'Switch1', 'X', 'StatusSNS'),
		fc.oneof(fc.jsonValue(), block),
	);
	fc.assert(
		fc.property(fc.constantFrom(...topics), fc.oneof(fc.uint8Array({maxLength: 64}), message.map(bytesOf)), (topic, payload) => {
			const decoded = decodeInParis(topic, payload);
			return 'refused' in decoded || decoded.readings.length > 0;
		}),
	);
	t.pass();
});

test('Tasmota is recognised by its last level and its time, wherever the prefix stands', t => {
	const messages = capturedIn(t, 'tasmota');
	if (messages === undefined) return;
	const filters = new Set<string>();
	for (const {name, topic, payload} of messages) {
		const found = tasmotaDecoder.recognise!({topic, payload});
		t.is(found?.sureness, 90, name);
		t.is(found?.wantsZone, true, name);
		t.is(found?.topic.replace('{device}', found.device).replace(/\+$/, ''), topic.replace(/[^/]+$/, ''), name);
		filters.add(found!.topic);
	}
	t.deepEqual([...filters], ['tele/{device}/+', '{device}/tele/+', 'stat/{device}/+', 'iot/sonoff/tele/{device}/+']);
	const will = tasmotaDecoder.recognise!({topic: 'tele/x/LWT', payload: bytesOf('Online')});
	t.is(will?.sureness, 60);
	t.is(tasmotaDecoder.recognise!({topic: 'x/SENSOR', payload: bytesOf({a: 1})}), undefined);
});

test('no published message of another format is taken for Tasmota', t => {
	for (const {name, topic, payload} of othersThan(t, 'tasmota'))
		t.is(tasmotaDecoder.recognise!({topic, payload}), undefined, `${name} on ${topic}`);
	t.pass();
});
