// The JSON of HomeWizard meters, both versions of their API.
import test from 'ava';
import fc from 'fast-check';
import {homewizardDecoder} from '../../../agent/ingest/decoders/homewizard.ts';
import {checkMutations, decodedText, decodeWith, filesIn, othersThan} from './published.ts';

const decode = decodeWith(homewizardDecoder, 'Europe/Amsterdam');
const decodeNowhere = decodeWith(homewizardDecoder);
const bytesOf = (payload: unknown): Uint8Array => Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload));
const read = (payload: unknown): string => decodedText(decode('h/x/data', bytesOf(payload)));

/** What each published file becomes, on a clock in Amsterdam. */
const published: Readonly<Record<string, string>> = {
	'v1/HWE-KWH1/data.json':
		'energy-import=122376000 | energy-import:T1=122376000 | energy-export=579813000 | energy-export:T1=579813000 | active-power=-45252 | active-power:L1=-45252 | voltage=228472 | current=273 | apparent-power=74052 | reactive-power=-58612 | power-factor=611 | frequency=50000',
	'v1/HWE-KWH1/device.json': '!no-reading: it describes the device or its settings',
	'v1/HWE-KWH1/system.json': '!no-reading: it describes the device or its settings',
	'v1/HWE-KWH3/data.json':
		'energy-import=2940101000 | energy-import:T1=2940101000 | energy-export=0 | energy-export:T1=0 | active-power=7100278 | active-power:L1=0 | active-power:L2=3547015 | active-power:L3=3553263 | voltage:L1=230751 | voltage:L2=228391 | voltage:L3=229612 | current=30999 | current:L1=0 | current:L2=15521 | current:L3=15477 | apparent-power=7112293 | apparent-power:L1=0 | apparent-power:L2=3548879 | apparent-power:L3=3563414 | reactive-power=-429025 | reactive-power:L1=0 | reactive-power:L2=-166675 | reactive-power:L3=-262350 | power-factor:L1=1000 | power-factor:L2=999 | power-factor:L3=997 | frequency=49926',
	'v1/HWE-KWH3/device.json': '!no-reading: it describes the device or its settings',
	'v1/HWE-KWH3/system.json': '!no-reading: it describes the device or its settings',
	'v1/HWE-P1/data_all_data.json':
		'2023-01-01T07:00:10.000Z,2021-06-06T12:00:10.000Z tariff=2 | energy-import=13779338000 | energy-import:T1=10830511000 | energy-import:T2=2948827000 | energy-export=0 | energy-export:T1=0 | energy-export:T2=0 | active-power=-543000 | active-power:L1=-676000 | active-power:L2=133000 | active-power:L3=0 | current:L1=-4000 | current:L2=2000 | current:L3=0 | frequency=50000 | voltage-sags:L1=1 | voltage-sags:L2=1 | voltage-sags:L3=0 | voltage-swells:L1=0 | voltage-swells:L2=0 | voltage-swells:L3=0 | power-failures=4 | power-failures:long=5 | demand-import=123000 | demand-import-maximum=1111000 | gas-volume:4E474C5944=111111 | !unit-wrong: external meter 4E475241414459: "m3" does not measure heat-energy-joule | water-volume:4E474D5943=333333 | water-volume:4E475347=444444 | !unit-wrong: external meter 4E4754414C414859: "m3" does not measure heat-energy-joule',
	'v1/HWE-P1/data_minimal.json':
		'2021-06-06T12:00:10.000Z energy-import:T1=10830511000 | energy-import:T2=2948827000 | energy-export:T1=1285951000 | energy-export:T2=2876510000 | active-power=-543000 | active-power:L1=-676000 | active-power:L2=133000 | active-power:L3=0 | gas-volume=2569646',
	'v1/HWE-P1/data_no_gas.json':
		'energy-import:T1=10830511000 | energy-import:T2=2948827000 | energy-export:T1=1285951000 | energy-export:T2=2876510000 | active-power=-543000 | active-power:L1=-676000 | active-power:L2=133000 | active-power:L3=0 | gas-volume=none',
	'v1/HWE-P1/data_single_phase.json':
		'2021-06-06T12:00:10.000Z energy-import:T1=10830511000 | energy-import:T2=2948827000 | energy-export:T1=1285951000 | energy-export:T2=2876510000 | active-power=-543000 | active-power:L1=-676000 | active-power:L2=none | active-power:L3=none | gas-volume=2569646',
	'v1/HWE-P1/decryption.json': '!no-reading: it describes the device or its settings',
	'v1/HWE-P1/device.json': '!no-reading: it describes the device or its settings',
	'v1/HWE-P1/identify.json': '!no-reading: it describes the device or its settings',
	'v1/HWE-P1/system.json': '!no-reading: it describes the device or its settings',
	'v1/HWE-SKT/data.json': 'energy-import:T1=10830511000 | energy-export:T1=2948827000 | active-power=123000 | active-power:L1=123000',
	'v1/HWE-SKT/device.json': '!no-reading: it describes the device or its settings',
	'v1/HWE-SKT/identify.json': '!no-reading: it describes the device or its settings',
	'v1/HWE-SKT/state_all.json': 'on=0',
	'v1/HWE-SKT/state_brightness.json': '!no-reading: it describes the device or its settings',
	'v1/HWE-SKT/state_power_on.json': 'on=0',
	'v1/HWE-SKT/state_switch_lock.json': '!no-reading: it describes the device or its settings',
	'v1/HWE-SKT/system.json': '!no-reading: it describes the device or its settings',
	'v1/HWE-WTR/data.json': 'volume-flow=787200 | water-volume=8129123',
	'v1/HWE-WTR/device.json': '!no-reading: it describes the device or its settings',
	'v1/HWE-WTR/identify.json': '!no-reading: it describes the device or its settings',
	'v1/HWE-WTR/system.json': '!no-reading: it describes the device or its settings',
	'v1/SDM230-wifi/data.json':
		'energy-import=122376000 | energy-import:T1=122376000 | energy-export=579813000 | energy-export:T1=579813000 | active-power=-45252 | active-power:L1=-45252 | voltage=228472 | current=273 | apparent-power=74052 | reactive-power=-58612 | power-factor=611 | frequency=50000',
	'v1/SDM230-wifi/device.json': '!no-reading: it describes the device or its settings',
	'v1/SDM230-wifi/system.json': '!no-reading: it describes the device or its settings',
	'v1/SDM630-wifi/data.json':
		'energy-import=2940101000 | energy-import:T1=2940101000 | energy-export=0 | energy-export:T1=0 | active-power=7100278 | active-power:L1=0 | active-power:L2=3547015 | active-power:L3=3553263 | voltage:L1=230751 | voltage:L2=228391 | voltage:L3=229612 | current=30999 | current:L1=0 | current:L2=15521 | current:L3=15477 | apparent-power=7112293 | apparent-power:L1=0 | apparent-power:L2=3548879 | apparent-power:L3=3563414 | reactive-power=-429025 | reactive-power:L1=0 | reactive-power:L2=-166675 | reactive-power:L3=-262350 | power-factor:L1=1000 | power-factor:L2=999 | power-factor:L3=997 | frequency=49926',
	'v1/SDM630-wifi/device.json': '!no-reading: it describes the device or its settings',
	'v1/SDM630-wifi/system.json': '!no-reading: it describes the device or its settings',
	'v1/exceptions/data_invalid_external_data.json':
		'2021-06-06T12:00:10.000Z gas-volume=2569646 | !field-missing: an external meter has no unique_id | !field-missing: external meter 4E474C5944 has no type | !field-missing: external meter 4E474C5944 has no timestamp | !field-missing: external meter 4E474C5944 has no value | !field-missing: external meter 4E474C5944 has no unit',
	'v1/exceptions/data_invalid_external_ean.json':
		'2021-06-06T12:00:10.000Z gas-volume=2569646 | !field-missing: the unique_id of an external meter is all zeros, which names none | !field-missing: the unique_id of an external meter is all zeros, which names none | !field-missing: the unique_id of an external meter is all zeros, which names none | !field-missing: the unique_id of an external meter is all zeros, which names none | !field-missing: the unique_id of an external meter is all zeros, which names none | !field-missing: an external meter has no unique_id | !field-missing: the unique_id of an external meter is all zeros, which names none | !field-missing: the unique_id of an external meter is all zeros, which names none',
	'v1/exceptions/device_extra_parameters.json': '!no-reading: it describes the device or its settings',
	'v1/exceptions/device_invalid_api.json': '!no-reading: it describes the device or its settings',
	'v2/HWE-BAT/device.json': '!no-reading: it describes the device or its settings',
	'v2/HWE-BAT/measurement.json':
		'energy-import=123456000 | energy-export=321654000 | active-power=1234000 | voltage=230123 | current=5678 | frequency=50123 | battery-cycles=123 | state-of-charge=50123',
	'v2/HWE-BAT/system.json': '!no-reading: it describes the device or its settings',
	'v2/HWE-P1/device.json': '!no-reading: it describes the device or its settings',
	'v2/HWE-P1/measurement_1_phase_no_gas.json':
		'2024-06-28T12:12:34.000Z energy-import:T1=10830511000 | energy-import:T2=2948827000 | energy-export:T1=1285951000 | energy-export:T2=2876510000 | active-power=-678000 | active-power:L1=-676000',
	'v2/HWE-P1/measurement_3_phase_with_gas_with_watermeter.json':
		'2024-06-28T12:12:34.000Z,2024-06-04T08:11:22.000Z,2024-06-28T12:00:00.000Z,2024-06-28T12:05:00.000Z tariff=2 | energy-import=13779338000 | energy-import:T1=10830511000 | energy-import:T2=2948827000 | energy-export=0 | energy-export:T1=0 | energy-export:T2=0 | active-power=-543000 | active-power:L1=-676000 | active-power:L2=133000 | active-power:L3=0 | current=6000 | current:L1=-4000 | current:L2=2000 | current:L3=0 | voltage-sags:L1=1 | voltage-sags:L2=1 | voltage-sags:L3=0 | voltage-swells:L1=0 | voltage-swells:L2=0 | voltage-swells:L3=0 | power-failures=4 | power-failures:long=5 | demand-import=123000 | demand-import-maximum=1111000 | gas-volume:4E6576657220676F6E6E612072756E2061726F756E64=2569646 | water-volume:616E642064657365727420796F75=123456',
	'v2/HWE-P1/measurement_invalid_ean.json':
		'!field-missing: the unique_id of an external meter is all zeros, which names none | !field-missing: the unique_id of an external meter is all zeros, which names none | !field-missing: the unique_id of an external meter is all zeros, which names none | !field-missing: the unique_id of an external meter is all zeros, which names none | !field-missing: the unique_id of an external meter is all zeros, which names none | !field-missing: an external meter has no unique_id | !field-missing: the unique_id of an external meter is all zeros, which names none | !field-missing: the unique_id of an external meter is all zeros, which names none',
	'v2/HWE-P1/measurement_invalid_external.json':
		'!field-missing: an external meter has no unique_id | !payload-malformed: external meter 4E6576657220676F6E6E612072756E2061726F756E64 is a "catfish", which is no meter that is known | !field-missing: external meter 4E6576657220676F6E6E612072756E2061726F756E64 has no type',
	'v2/HWE-P1/system.json': '!no-reading: it describes the device or its settings',
};

test('every published message of a HomeWizard meter is read, or refused for a stated reason', t => {
	const files = filesIn(t, 'homewizard', '.json');
	if (files === undefined) return;
	t.deepEqual(
		files.map(({name}) => name.replace('/fixtures', '')),
		Object.keys(published),
	);
	for (const {name, topic, payload} of files) t.is(decodedText(decode(topic, payload)), published[name.replace('/fixtures', '')]!, name);
});

test('a changed byte in a published message of a HomeWizard meter never throws and makes no other quantity', t => {
	const files = filesIn(t, 'homewizard', '.json');
	// Whatever is not all zeros is an id, and one digit of a meter without an id makes it one.
	if (files !== undefined) checkMutations(t, decode, files, ['gas-volume', 'water-volume']);
});

test('a local time without a zone, or in an hour that comes twice, is no time; a broken one is refused', t => {
	const message = {timestamp: '2026-07-01T12:00:00', power_w: 1};
	t.is(read(message), '2026-07-01T10:00:00.000Z active-power=1000');
	t.is(decodedText(decodeNowhere('h/x/data', bytesOf(message))), 'active-power=1000');
	t.is(read({...message, timestamp: '2026-10-25T02:30:00'}), 'active-power=1000');
	t.is(read({...message, timestamp: null}), 'active-power=1000');
	t.regex(read({...message, timestamp: '2026-13-01T12:00:00'}), /^!time-malformed/);
	t.regex(read({...message, timestamp: true}), /^!time-malformed/);
});

test('gas has the time of its own meter, which spoils only itself', t => {
	t.is(
		read({active_power_w: 5, total_gas_m3: 1.234, gas_timestamp: 260701120000}),
		'2026-07-01T10:00:00.000Z active-power=5000 | gas-volume=1234',
	);
	t.is(read({total_gas_m3: 1.234, gas_timestamp: 90701120000}), '2009-07-01T10:00:00.000Z gas-volume=1234');
	t.is(read({total_gas_m3: null, gas_timestamp: null}), 'gas-volume=none');
	for (const time of [261301120000, 1.5, 2026070112000000, -260701120000, 'x'])
		t.regex(read({active_power_w: 5, total_gas_m3: 1.234, gas_timestamp: time}), /^active-power=5000 \| !time-malformed/, `${time}`);
	t.is(read({montly_power_peak_w: 2, montly_power_peak_timestamp: 260701120000}), '2026-07-01T10:00:00.000Z demand-import-maximum=2000');
});

test('external meters are named by their ids, and each is read once', t => {
	const gas = {unique_id: 'AB01', type: 'gas_meter', timestamp: 260701120000, value: 2.5, unit: 'm3'};
	t.is(read({total_gas_m3: 2.5, gas_unique_id: 'AB01', external: [gas]}), '2026-07-01T10:00:00.000Z gas-volume:AB01=2500');
	// Where the list does not hold it, or it cannot be read there, the old field is.
	t.is(
		read({total_gas_m3: 2.5, gas_unique_id: 'AB02', external: [gas]}),
		'2026-07-01T10:00:00.000Z gas-volume=2500 | gas-volume:AB01=2500',
	);
	t.is(
		read({total_gas_m3: 2.5, gas_unique_id: 'AB01', external: [{...gas, unit: 'l/s'}]}),
		'gas-volume=2500 | !unit-wrong: external meter AB01: "l/s" does not measure gas-volume',
	);
	t.is(
		read({external: [{...gas, type: 'heat_meter', value: 12.345, unit: 'GJ'}]}),
		'2026-07-01T10:00:00.000Z heat-energy-joule:AB01=12345000000',
	);
	t.is(read({external: [{...gas, type: 'water_meter', value: null}]}), '2026-07-01T10:00:00.000Z water-volume:AB01=none');
	t.regex(read({external: [{...gas, unit: ''}]}), /^!unit-wrong/);
	t.regex(read({external: [5]}), /^!payload-malformed/);
	t.regex(read({external: {}}), /^!payload-malformed/);
	t.regex(read({external: [{...gas, timestamp: 261301120000}]}), /^!time-malformed/);
	t.regex(read({external: []}), /^!readings-none/);
});

test('the envelope that version 2 pushes is opened', t => {
	t.is(read({type: 'measurement', data: {energy_import_kwh: 1.001, cycles: 3}}), 'energy-import=1001000 | battery-cycles=3');
	t.regex(read({type: 'device', data: {product_type: 'HWE-P1'}}), /^!no-reading/);
	t.regex(read({type: 'error', data: 5, error: 'x'}), /^!no-reading/);
	t.regex(read({hello: 1}), /^!readings-none/);
	t.regex(read([]), /^!payload-malformed/);
	t.regex(read('{"power_w":1'), /^!payload-malformed/);
	t.is(
		read({power_w: '1', voltage_v: [], current_a: true}),
		'active-power=1000 | !value-not-number: voltage is a list | current=!value-not-number',
	);
});

test('nothing that a device may send makes it throw', t => {
	const names = ['power_w', 'timestamp', 'external', 'gas_unique_id', 'total_gas_m3', 'gas_timestamp', 'data', 'type', 'cycles'];
	const meter = fc.dictionary(fc.constantFrom('unique_id', 'type', 'value', 'unit', 'timestamp'), fc.jsonValue());
	const message = fc.dictionary(fc.constantFrom(...names), fc.oneof(fc.jsonValue(), fc.array(meter, {maxLength: 3})));
	fc.assert(
		fc.property(fc.oneof(fc.uint8Array({maxLength: 64}), message.map(bytesOf)), payload => {
			const decoded = decode('h/x/data', payload);
			return 'refused' in decoded || decoded.readings.length > 0;
		}),
	);
	t.pass();
});

test('a HomeWizard meter is recognised by the names of its fields', t => {
	const files = filesIn(t, 'homewizard', '.json');
	if (files === undefined) return;
	for (const {name, topic, payload} of files) {
		const found = homewizardDecoder.recognise!({topic, payload});
		// Settings alone could be anybody's; the same device's other messages have said whose they are.
		if (/(?:system|identify|decryption|state_\w+)\.json$/.test(name)) t.is(found, undefined, name);
		else t.deepEqual([found?.topic, found?.device], ['bridge/{device}/+', 'meter-1'], name);
		if (/HWE-P1\/(?:data|measurement)/.test(name)) t.is(found?.wantsZone, true, name);
	}
	t.is(homewizardDecoder.recognise!({topic: 'meter-1', payload: bytesOf({power_w: 1, voltage_v: 230})})?.topic, '{device}');
});

test('no published message of another format is taken for a HomeWizard meter', t => {
	for (const {name, topic, payload} of othersThan(t, 'homewizard'))
		t.is(homewizardDecoder.recognise!({topic, payload}), undefined, `${name} on ${topic}`);
	t.pass();
});
