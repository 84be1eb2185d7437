// Typical messages of every make, made up here, and those that other people published; beside each what parses the same bytes and does nothing else.
import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {BinaryReader, BinaryWriter, WireType} from '@bufbuild/protobuf/wire';
import {decode as decodeBareCbor, encode as encodeCbor} from 'cborg';
import type {MappingConfig, ReadingConfig} from '../../agent/ingest/mapping.ts';
import {dataFolder} from '../helpers/published-data.ts';

export type Sample = {readonly topic: string; readonly payload: Buffer};

/** Messages that are decoded over and over in their order, and what is said once in front of them. */
export type SampleSet = {
	/** made up, or published. */
	readonly kind: 'own' | 'published';
	readonly mapping: Omit<MappingConfig, 'name' | 'format'>;
	readonly learned?: readonly Sample[];
	/** Decoded once, before anything is measured. */
	readonly first?: readonly Sample[];
	readonly messages: readonly Sample[];
	/** Parses one message, made ready by `bareOf`. */
	readonly bare: (bytes: Buffer) => unknown;
	/** What the bare parser gets in place of the payload. @default the payload */
	readonly bareOf?: (payload: Buffer) => Buffer;
};

export const arrivedAtMs = Date.UTC(2026, 10, 29);

const bytesOf = (value: unknown): Buffer => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const bareJson = (bytes: Buffer): unknown => JSON.parse(bytes.toString());

/** A JSON text for each message: sixteen of them, with other digits each, as a device would send them. */
const turns = 16;
function ownJson(
	topic: string,
	mapping: SampleSet['mapping'],
	make: (turn: number) => unknown,
	more: Partial<Pick<SampleSet, 'learned' | 'bare' | 'bareOf'>> = {},
): SampleSet {
	return {
		kind: 'own',
		mapping,
		messages: Array.from({length: turns}, (_, turn) => ({topic, payload: bytesOf(make(turn))})),
		bare: bareJson,
		...more,
	};
}

const pad = (value: number): string => String(value).padStart(2, '0');
const isoOf = (turn: number): string => new Date(Date.UTC(2026, 10, 21 + (turn % 9), 6, turn, 7, 120 + turn)).toISOString();
const localOf = (turn: number): string => isoOf(turn).slice(0, 19);

const energyReading: ReadingConfig = {pointer: '/energy_kwh', quantity: 'energy-import', unit: 'kWh'};
const temperatureReading: ReadingConfig = {pointer: '/temperature', quantity: 'temperature', unit: '°C'};

const shellyOwn = ownJson('shelly-1/status/switch:0', {topic: '{device}/#'}, turn => ({
	id: 0,
	source: 'init',
	output: turn % 2 === 0,
	apower: 41.5 + turn,
	voltage: 231.2,
	current: 0.18,
	aenergy: {total: 1234.567 + turn, by_minute: [100.5, 99.1, 98.7], minute_ts: 1_790_000_000 + 60 * turn},
	temperature: {tC: 39.2, tF: 102.6},
}));

const tasmotaOwn = ownJson('tele/plug-1/SENSOR', {topic: 'tele/{device}/+', zone: 'Europe/Berlin'}, turn => ({
	Time: localOf(turn),
	ENERGY: {
		TotalStartTime: '2025-03-02T11:20:31',
		Total: 514.153 + turn,
		Yesterday: 1.306,
		Today: 0.927,
		Period: 1,
		Power: 56 + turn,
		ApparentPower: 92,
		ReactivePower: 73,
		Factor: 0.61,
		Voltage: 234,
		Current: 0.392,
	},
}));

const zigbeeBase = 'zigbee2mqtt';
const zigbeeExposes = [
	{
		type: 'switch',
		features: [{type: 'binary', name: 'state', property: 'state', access: 7, value_on: 'ON', value_off: 'OFF'}],
	},
	...(
		[
			['power', 'W'],
			['current', 'A'],
			['voltage', 'V'],
			['energy', 'kWh'],
			['linkquality', 'lqi'],
		] as const
	).map(([name, unit]) => ({type: 'numeric', name, property: name, access: 1, unit})),
];
const zigbeeOwn = ownJson(
	`${zigbeeBase}/plug-1`,
	{topic: `${zigbeeBase}/{device}`},
	turn => ({
		current: 0.18,
		energy: 12.34,
		linkquality: 112 - turn,
		power: 41 + turn,
		power_outage_memory: 'off',
		state: 'ON',
		update: {installed_version: 79, latest_version: 79, state: 'idle'},
		update_available: false,
		voltage: 231,
	}),
	{
		learned: [{topic: `${zigbeeBase}/bridge/devices`, payload: bytesOf([{friendly_name: 'plug-1', definition: {exposes: zigbeeExposes}}])}],
	},
);

const homeassistantOwn = ownJson(
	'home/heatpump/state',
	{topic: 'home/{device}/#'},
	turn => ({power: 810.5 + turn, energy: 4012.25, outside: 3.5, water: {flow: 41.25, back: 35.5}, mode: 'heat', uptime: 86_400 + turn}),
	{
		learned: (
			[
				['power', 'power', 'W', 'measurement', 'power'],
				['energy', 'energy', 'kWh', 'total_increasing', 'energy'],
				['outside', 'temperature', '°C', 'measurement', 'outside'],
				['flow', 'temperature', '°C', 'measurement', 'water.flow'],
				['back', 'temperature', '°C', 'measurement', 'water.back'],
			] as const
		).map(([id, deviceClass, unit, stateClass, path]) => ({
			topic: `homeassistant/sensor/${id}/config`,
			payload: bytesOf({
				unique_id: id,
				state_topic: 'home/heatpump/state',
				device_class: deviceClass,
				state_class: stateClass,
				unit_of_measurement: unit,
				value_template: `{{ value_json.${path} }}`,
			}),
		})),
	},
);

const homewizardOwn = ownJson('home/p1/data', {topic: 'home/{device}/data', zone: 'Europe/Amsterdam'}, turn => ({
	wifi_ssid: 'meters',
	wifi_strength: 84,
	smr_version: 50,
	meter_model: 'Landis 500',
	unique_id: '00112233445566778899AABBCCDDEEFF',
	active_tariff: 2,
	total_power_import_kwh: 13_779.338 + turn,
	total_power_import_t1_kwh: 10_830.511,
	total_power_import_t2_kwh: 2948.827,
	total_power_export_kwh: 0,
	total_power_export_t1_kwh: 0,
	total_power_export_t2_kwh: 0,
	active_power_w: -543 + turn,
	active_power_l1_w: -676,
	active_power_l2_w: 133,
	active_power_l3_w: 0,
	active_voltage_l1_v: 231.1,
	active_voltage_l2_v: 229.8,
	active_voltage_l3_v: 230.4,
	active_current_l1_a: -4,
	active_current_l2_a: 2,
	active_current_l3_a: 0,
	voltage_sag_l1_count: 1,
	voltage_sag_l2_count: 1,
	voltage_sag_l3_count: 0,
	any_power_fail_count: 4,
	long_power_fail_count: 5,
	total_gas_m3: 2569.646,
	gas_timestamp: 261_122_120_010 + turn,
	gas_unique_id: '0011223344',
	external: [{unique_id: '0055667788', type: 'water_meter', timestamp: 261_122_121_510, value: 123.456, unit: 'm3'}],
}));

/** CRC-16/ARC, as telegrams have it. */
function arcOf(bytes: Uint8Array): string {
	let crc = 0;
	for (const byte of bytes) {
		crc ^= byte;
		for (let i = 0; i < 8; i += 1) crc = crc & 1 ? (crc >> 1) ^ 0xa001 : crc >> 1;
	}
	return crc.toString(16).toUpperCase().padStart(4, '0');
}

function telegramOf(turn: number): Buffer {
	const kwh = (value: number): string => `${(value + turn / 1000).toFixed(3).padStart(10, '0')}*kWh`;
	const lines = [
		'1-3:0.2.8(50)',
		`0-0:1.0.0(2611${pad(21 + (turn % 9))}12${pad(turn)}10W)`,
		'0-0:96.1.1(00112233445566778899)',
		`1-0:1.8.1(${kwh(10_830.511)})`,
		`1-0:1.8.2(${kwh(2948.827)})`,
		`1-0:2.8.1(${kwh(1285.951)})`,
		`1-0:2.8.2(${kwh(2876.51)})`,
		'0-0:96.14.0(0002)',
		'1-0:1.7.0(00.543*kW)',
		'1-0:2.7.0(00.000*kW)',
		'0-0:96.7.21(00004)',
		'0-0:96.7.9(00005)',
		'1-0:99.97.0(1)(0-0:96.7.19)(250101101010W)(0000000240*s)',
		'1-0:32.32.0(00001)',
		'1-0:52.32.0(00001)',
		'1-0:72.32.0(00000)',
		'1-0:32.7.0(231.1*V)',
		'1-0:52.7.0(229.8*V)',
		'1-0:72.7.0(230.4*V)',
		'1-0:31.7.0(001*A)',
		'1-0:51.7.0(002*A)',
		'1-0:71.7.0(000*A)',
		'1-0:21.7.0(00.676*kW)',
		'1-0:41.7.0(00.133*kW)',
		'1-0:61.7.0(00.000*kW)',
		'0-1:24.1.0(003)',
		'0-1:96.1.0(0055667788)',
		'0-1:24.2.1(261122120000W)(02569.646*m3)',
	];
	const text = `/KED5KEDGE-1\r\n\r\n${lines.map(line => `${line}\r\n`).join('')}!`;
	return Buffer.from(`${text}${arcOf(Buffer.from(text, 'latin1'))}\r\n`, 'latin1');
}

/** The content of a telegram as JSON would have it: the name of a line with its texts in brackets. */
export function telegramAsJson(payload: Buffer): Buffer {
	const content: Record<string, string | string[]> = {};
	for (const line of payload.toString('latin1').split('\r\n')) {
		const [name = '', ...rest] = line.split('(');
		const values = rest.map(one => one.slice(0, one.indexOf(')')));
		if (name !== '') content[name] = values.length === 1 ? values[0]! : values;
	}
	return bytesOf(content);
}

/** The checksum of HJ 212, annex A. */
function hjChecksumOf(text: string): string {
	let register = 0xffff;
	for (const byte of Buffer.from(text, 'latin1')) {
		register = (register >> 8) ^ byte;
		for (let i = 0; i < 8; i += 1) register = register & 1 ? (register >> 1) ^ 0xa001 : register >> 1;
	}
	return register.toString(16).toUpperCase().padStart(4, '0');
}

function hjFrameOf(turn: number): Buffer {
	const body = [
		`DataTime=202608010${turn % 10}5800`,
		`a21026-Rtd=12.${pad(turn)},a21026-ZsRtd=15.1,a21026-Flag=N`,
		'a21002-Rtd=31.4,a21002-ZsRtd=38.7,a21002-Flag=N',
		'a34013-Rtd=2.21,a34013-ZsRtd=2.71,a34013-Flag=N',
		'a00000-Rtd=35.2,a00000-Flag=N',
		'a01012-Rtd=120.5,a01012-Flag=N',
		'a01013-Rtd=-0.2,a01013-Flag=N',
		'a19001-Rtd=8.1,a19001-Flag=N',
	].join(';');
	const segment = `QN=2026080108585722${turn % 10};ST=31;CN=2011;PW=123456;MN=010000A8900016F000169DC0;Flag=5;CP=&&${body}&&`;
	return Buffer.from(`##${String(segment.length).padStart(4, '0')}${segment}${hjChecksumOf(segment)}\r\n`, 'latin1');
}

/** The content of a frame as JSON would have it: its fields, and those of its data area in a list. */
function hjFrameAsJson(payload: Buffer): Buffer {
	const [head = '', body = ''] = payload.toString('latin1').slice(6).split('&&');
	const fieldsOf = (text: string, separator: string): Record<string, string | number> =>
		Object.fromEntries(
			text
				.split(separator)
				.filter(one => one !== '' && !one.startsWith('CP'))
				.map(one => {
					const [name, value = ''] = one.split('=');
					return [name, /^-?(?:0|[1-9]\d{0,5})(?:\.\d+)?$/.test(value) ? Number(value) : value];
				}),
		);
	return bytesOf({...fieldsOf(head, ';'), CP: body.split(';').map(one => fieldsOf(one, ','))});
}

const ttsReadings: readonly ReadingConfig[] = [
	temperatureReading,
	{pointer: '/humidity', quantity: 'relative-humidity', unit: '%', optional: true},
	{pointer: '/battery/level', quantity: 'state-of-charge', unit: '%', part: 'battery', optional: true},
];
const ttsOwn = ownJson('v3/farm@ttn/devices/barn-3/up', {topic: 'v3/+/devices/{device}/up', readings: ttsReadings}, turn => ({
	end_device_ids: {device_id: 'barn-3', application_ids: {application_id: 'farm'}, dev_eui: '70B3D57ED0000001', dev_addr: '260B1234'},
	correlation_ids: ['as:up:01GV0000000000000000000001', 'ns:uplink:01GV0000000000000000000002'],
	received_at: isoOf(turn).replace('Z', '456789Z'),
	uplink_message: {
		session_key_id: 'AYgfqhJ2mR0xT1c8Yw==',
		f_port: 2,
		f_cnt: 41 + turn,
		frm_payload: 'AQID',
		decoded_payload: {temperature: 21.4, humidity: 55.5, battery: {level: 87}},
		rx_metadata: [{gateway_ids: {gateway_id: 'roof', eui: '58A0CBFFFE800001'}, time: isoOf(turn), rssi: -71, channel_rssi: -71, snr: 8.25}],
		settings: {data_rate: {lora: {bandwidth: 125_000, spreading_factor: 7}}, frequency: '868100000', timestamp: 2_664_286_091},
		received_at: isoOf(turn).replace('Z', '123456Z'),
		consumed_airtime: '0.061696s',
	},
}));

const chirpstackOwn = ownJson(
	'application/7f0c/device/0a1b2c3d4e5f6071/event/up',
	{
		topic: 'application/+/device/{device}/event/+',
		readings: [temperatureReading, {pointer: '/meter/total', quantity: 'energy-import', unit: 'kWh'}],
	},
	turn => ({
		deduplicationId: '5f0d3a52-0000-4000-8000-000000000001',
		time: `${isoOf(turn).slice(0, 23)}654321+00:00`,
		deviceInfo: {
			tenantId: '52f14cd4-0000-4000-8000-000000000000',
			applicationId: '7f0c',
			applicationName: 'farm',
			deviceProfileName: 'Heat meter',
			deviceName: 'cellar',
			devEui: '0a1b2c3d4e5f6071',
		},
		devAddr: '01a2b3c4',
		adr: true,
		dr: 5,
		fCnt: 12 + turn,
		fPort: 2,
		data: 'AQI=',
		object: {temperature: 61.25, meter: {total: 1200.5}},
		rxInfo: [{gatewayId: '00800000a0001234', uplinkId: 4217, rssi: -58, snr: 9.5, channel: 2, location: {}, crcStatus: 'CRC_OK'}],
		txInfo: {frequency: 868_300_000, modulation: {lora: {bandwidth: 125_000, spreadingFactor: 7, codeRate: 'CR_4_5'}}},
	}),
);

const ocmfOwn = ownJson(
	'chargers/yard-2/ocmf',
	{topic: 'chargers/{device}/ocmf'},
	turn => {
		const day = pad(22 + (turn % 9));
		const reading = {RI: '1-b:1.8.0', RU: 'kWh', RT: 'AC', EF: '', ST: 'G'};
		const payload = {
			FV: '1.2',
			GI: 'Kedge Box',
			GS: 'G-77',
			GV: '1.0.4',
			PG: `T${12 + turn}`,
			MV: 'Kedge',
			MM: 'Meter 3',
			MS: 'M-4711',
			IS: true,
			IL: 'VERIFIED',
			IF: ['RFID_PLAIN', 'OCPP_RS_TLS'],
			IT: 'ISO14443',
			ID: '1F2D3A4F5506C7',
			RD: [
				{TM: `2026-11-${day}T08:00:00,000+0100 S`, TX: 'B', RV: 120.5 + turn, ...reading},
				{TM: `2026-11-${day}T09:30:00,250+0100 S`, TX: 'E', RV: 141.25 + turn, ...reading},
			],
		};
		return `OCMF|${JSON.stringify(payload)}|${JSON.stringify({SA: 'ECDSA-secp256r1-SHA256', SD: '3044'.padEnd(140, '0')})}`;
	},
	{
		// The two texts between the bars.
		bare: bytes => {
			const text = bytes.toString();
			const bar = text.lastIndexOf('|');
			return [JSON.parse(text.slice(5, bar)), JSON.parse(text.slice(bar + 1))];
		},
	},
);

const senmlReadings: readonly ReadingConfig[] = [
	{name: '{device}/energy', quantity: 'energy-import'},
	{name: '{device}/power', quantity: 'active-power'},
	{name: '{device}/voltage', quantity: 'voltage'},
];
const senmlTimeS = (turn: number): number => 1_790_000_000 + 60 * turn;
const senmlOwn = ownJson('packs/meter-1', {topic: 'packs/{device}', readings: senmlReadings}, turn => [
	{bn: 'meter-1/', bt: senmlTimeS(turn), n: 'energy', u: 'kWh', v: 12_345.678},
	{n: 'power', u: 'W', v: 811.5},
	{n: 'voltage', u: 'V', v: 230.1},
	...[1, 2, 3, 4, 5, 6, 7].map(t => ({n: 'power', u: 'W', t: 5 * t, v: 800.25 + t})),
]);

/** Labels that are numbers [RFC 8428 §6]. */
const senmlLabels: Readonly<Record<string, number>> = {bn: -2, bt: -3, n: 0, u: 1, v: 2, t: 6};
const senmlCborOwn: SampleSet = {
	...senmlOwn,
	messages: senmlOwn.messages.map(({topic, payload}) => ({
		topic,
		payload: Buffer.from(
			encodeCbor(
				(JSON.parse(payload.toString()) as readonly object[]).map(
					record => new Map(Object.entries(record).map(([label, value]) => [senmlLabels[label], value])),
				),
				{float64: true},
			),
		),
	})),
	bare: bytes => decodeBareCbor(bytes, {useMaps: true}),
};

type Metric = {readonly name?: string; readonly alias: number; readonly type?: number; readonly double: number; readonly timeMs: number};

function sparkplugOf(timeMs: number, seq: number, metrics: readonly Metric[]): Buffer {
	const writer = new BinaryWriter();
	writer.tag(1, WireType.Varint).uint64(BigInt(timeMs));
	for (const {name, alias, type, double, timeMs: metricMs} of metrics) {
		writer.tag(2, WireType.LengthDelimited).fork();
		if (name !== undefined) writer.tag(1, WireType.LengthDelimited).string(name);
		writer.tag(2, WireType.Varint).uint64(alias);
		writer.tag(3, WireType.Varint).uint64(BigInt(metricMs));
		if (type !== undefined) writer.tag(4, WireType.Varint).uint32(type);
		writer.tag(13, WireType.Bit64).double(double);
		writer.join();
	}
	writer.tag(3, WireType.Varint).uint64(seq);
	return Buffer.from(writer.finish());
}

const sparkplugStartMs = Date.UTC(2026, 10, 28);
const sparkplugMetrics = ['energy', 'power', 'voltage', 'current', 'frequency'];
const sparkplugTypes = {double: 10};
const sparkplugOwn: SampleSet = {
	kind: 'own',
	mapping: {
		topic: 'spBv1.0/plant/+/{device}/#',
		readings: [
			{name: 'meter/energy', quantity: 'energy-import', unit: 'kWh', exponent: -3},
			{name: 'meter/power', quantity: 'active-power', unit: 'W'},
			{name: 'meter/voltage', quantity: 'voltage', unit: 'V'},
			{name: 'meter/current', quantity: 'current', unit: 'A'},
			{name: 'meter/frequency', quantity: 'frequency', unit: 'Hz'},
		],
	},
	first: [
		{topic: 'spBv1.0/plant/NBIRTH/edge', payload: sparkplugOf(sparkplugStartMs, 0, [])},
		{
			topic: 'spBv1.0/plant/DBIRTH/edge/meter',
			payload: sparkplugOf(
				sparkplugStartMs + 1,
				1,
				sparkplugMetrics.map((name, alias) => ({name, alias, type: sparkplugTypes.double, double: 1, timeMs: sparkplugStartMs + 1})),
			),
		},
	],
	// A whole round of sequence numbers, so that the next round goes on where this one ends.
	messages: Array.from({length: 256}, (_, turn) => {
		const timeMs = sparkplugStartMs + 1000 * (turn + 1);
		return {
			topic: 'spBv1.0/plant/DDATA/edge/meter',
			payload: sparkplugOf(
				timeMs,
				(turn + 2) % 256,
				[12_345.678, 811.5, 230.1, 3.52, 49.98].map((double, alias) => ({alias, double, timeMs})),
			),
		};
	}),
	bare: walkSparkplug,
};

type Tree = Record<number, unknown>;

/** Reads every field of a Sparkplug payload into objects with the library's reader, as generated code would. */
function walkSparkplug(bytes: Uint8Array): unknown {
	const reader = new BinaryReader(bytes);
	const payload: Tree & {metrics: Tree[]} = {metrics: []};
	while (reader.pos < reader.len) {
		const [field, wireType] = reader.tag();
		if (field === 2) payload.metrics.push(walkMetric(reader));
		else payload[field] = wireType === WireType.Varint ? reader.uint64() : reader.string();
	}
	return payload;
}

function walkMetric(reader: BinaryReader): Tree {
	const metric: Tree = {};
	const end = reader.uint32() + reader.pos;
	while (reader.pos < end) {
		const [field, wireType] = reader.tag();
		switch (field) {
			case 1:
			case 15:
				metric[field] = reader.string();
				break;
			case 2:
			case 3:
			case 11:
				metric[field] = reader.uint64();
				break;
			case 4:
			case 10:
				metric[field] = reader.uint32();
				break;
			case 5:
			case 6:
			case 7:
			case 14:
				metric[field] = reader.bool();
				break;
			case 9:
				metric[field] = walkProperties(reader);
				break;
			case 12:
				metric[field] = reader.float();
				break;
			case 13:
				metric[field] = reader.double();
				break;
			default:
				if (wireType === WireType.LengthDelimited) metric[field] = reader.bytes();
				else reader.skip(wireType, field);
		}
	}
	return metric;
}

function walkProperties(reader: BinaryReader): unknown {
	const keys: string[] = [];
	const values: Tree[] = [];
	const end = reader.uint32() + reader.pos;
	while (reader.pos < end) {
		const [field] = reader.tag();
		if (field === 1) keys.push(reader.string());
		else values.push(walkProperty(reader));
	}
	return {keys, values};
}

function walkProperty(reader: BinaryReader): Tree {
	const value: Tree = {};
	const end = reader.uint32() + reader.pos;
	while (reader.pos < end) {
		const [field, wireType] = reader.tag();
		if (field === 8) value[field] = reader.string();
		else if (field === 1 || field === 3) value[field] = reader.uint32();
		else if (field === 4) value[field] = reader.uint64();
		else if (field === 7) value[field] = reader.bool();
		else reader.skip(wireType, field);
	}
	return value;
}

const own: Readonly<Record<string, SampleSet>> = {
	json: ownJson(
		'meters/meter-1/energy',
		{topic: 'meters/{device}/energy', time: {pointer: '/at', format: 'iso'}, readings: [energyReading]},
		turn => ({at: isoOf(turn), energy_kwh: 12_345.678 + turn}),
	),
	senml: senmlOwn,
	'senml-cbor': senmlCborOwn,
	shelly: shellyOwn,
	tasmota: tasmotaOwn,
	zigbee2mqtt: zigbeeOwn,
	homeassistant: homeassistantOwn,
	homewizard: homewizardOwn,
	dsmr: {
		kind: 'own',
		mapping: {topic: 'p1/{device}', zone: 'Europe/Amsterdam'},
		messages: Array.from({length: turns}, (_, turn) => ({topic: 'p1/meter-1', payload: telegramOf(turn)})),
		bare: bareJson,
		bareOf: telegramAsJson,
	},
	sparkplug: sparkplugOwn,
	tts: ttsOwn,
	chirpstack: chirpstackOwn,
	hj212: {
		kind: 'own',
		mapping: {topic: 'hj/{device}'},
		messages: Array.from({length: turns}, (_, turn) => ({topic: 'hj/stack-1', payload: hjFrameOf(turn)})),
		bare: bareJson,
		bareOf: hjFrameAsJson,
	},
	ocmf: ocmfOwn,
	alink: ownJson(
		'/sys/a1Key/pump-1/thing/event/property/post',
		{
			topic: '/sys/a1Key/{device}/#',
			readings: [temperatureReading, {pointer: '/Meter/total', quantity: 'energy-import', unit: 'kWh'}],
		},
		turn => ({
			id: String(7 + turn),
			version: '1.0',
			sys: {ack: 0},
			params: {
				temperature: {value: 23.6, time: 1_790_000_000_250 + turn},
				Meter: {value: {total: 1200.5 + turn}, time: 1_790_000_000_250 + turn},
			},
			method: 'thing.event.property.post',
		}),
	),
	iotda: ownJson(
		'$oc/devices/pump-1/sys/properties/report',
		{
			topic: '$oc/devices/{device}/sys/#',
			readings: [
				{pointer: '/Air/temperature', quantity: 'temperature', unit: '°C'},
				{pointer: '/Meter/total', quantity: 'energy-import', unit: 'kWh'},
			],
		},
		turn => ({
			services: [
				{service_id: 'Air', properties: {temperature: 21.5}, event_time: `202611${pad(21 + (turn % 9))}T0500${pad(turn)}Z`},
				{service_id: 'Meter', properties: {total: 1200.5 + turn}, event_time: `202611${pad(21 + (turn % 9))}T0500${pad(turn)}Z`},
			],
		}),
	),
	thingsboard: ownJson(
		'v1/devices/me/telemetry',
		{topic: 'v1/devices/{device}/telemetry', readings: [temperatureReading, {pointer: '/door', quantity: 'door'}]},
		turn => ({ts: 1_790_000_000_250 + turn, values: {temperature: 4.25, humidity: 55, door: turn % 2 === 0}}),
	),
};

export const decodeFormats: readonly string[] = Object.keys(own);

/** The messages of a format: those made up, and those published where the folder is there. What is no reading by its nature is left out later, by who decodes. */
export function samplesOf(format: string): readonly SampleSet[] {
	const made = own[format]!;
	const published = publishedSet(format, made);
	return published === undefined ? [made] : [made, published];
}

function publishedSet(format: string, made: SampleSet): SampleSet | undefined {
	const set = (folder: string, messages: readonly Sample[], more: Partial<SampleSet> = {}): SampleSet | undefined => {
		if (!existsSync(join(dataFolder, 'payloads', folder))) return undefined;
		const {learned: _learned, first: _first, ...rest} = made;
		return {...rest, kind: 'published', mapping: {topic: '#', zone: 'Europe/Paris'}, messages, ...more};
	};
	switch (format) {
		case 'shelly':
		case 'tasmota':
			return set(format, captured(format));
		case 'homewizard':
			return set(
				format,
				files(format, '.json', () => 'bridge/meter-1/data'),
			);
		case 'dsmr':
			return set(
				'dsmr-p1',
				files('dsmr-p1', '.txt', () => 'p1/meter-1'),
			);
		case 'tts':
			return set(
				'the-things-stack-v3',
				files('the-things-stack-v3', '.json', () => 'v3/a/devices/d/up'),
				{
					mapping: {
						topic: '#',
						readings: (
							[
								['/temperature', 'temperature', '°C'],
								['/humidity', 'relative-humidity', '%'],
								['/1/temperature', 'temperature', '°C'],
							] as const
						).map(([pointer, quantity, unit], place) => ({pointer, quantity, unit, part: `p${place}`, optional: true, exponent: -6})),
					},
				},
			);
		case 'zigbee2mqtt':
			return set(format, zigbeeFile('deviceState.json'), {
				mapping: {topic: 'zigbee2mqtt/{device}'},
				learned: zigbeeFile('bridgeDevices.json'),
			});
		case 'sparkplug': {
			const folder = 'sparkplug-b';
			const index = join(dataFolder, 'payloads', folder, 'index.json');
			if (!existsSync(index)) return undefined;
			const listed = JSON.parse(readFileSync(index, 'utf8')) as readonly {readonly file: string; readonly topic: string}[];
			return set(
				folder,
				listed.map(({file, topic}) => ({topic, payload: readFileSync(join(dataFolder, 'payloads', folder, file))})),
				{
					mapping: {
						topic: 'spBv1.0/plant/+/{device}/#',
						readings: [
							{name: 'meter-A/Active Energy Import', quantity: 'energy-import'},
							{name: 'meter-A/Active Power', quantity: 'active-power', unit: 'W'},
							{name: 'meter-A/Counter64', quantity: 'energy-export', unit: 'Wh', exponent: 0},
						],
					},
				},
			);
		}
		default:
			return undefined;
	}
}

function captured(folder: string): readonly Sample[] {
	const path = join(dataFolder, 'payloads', folder, 'mqtt-captures.jsonl');
	if (!existsSync(path)) return [];
	return readFileSync(path, 'utf8')
		.split('\n')
		.filter(line => line !== '')
		.map(line => {
			const {topic, payload} = JSON.parse(line) as {readonly topic: string; readonly payload: string};
			return {topic, payload: Buffer.from(payload)};
		});
}

function files(folder: string, ending: string, topicOf: (name: string) => string): readonly Sample[] {
	const path = join(dataFolder, 'payloads', folder);
	if (!existsSync(path)) return [];
	return readdirSync(path, {recursive: true, encoding: 'utf8'})
		.filter(name => name.endsWith(ending))
		.sort()
		.map(name => ({topic: topicOf(name), payload: readFileSync(join(path, name))}));
}

function zigbeeFile(name: string): readonly Sample[] {
	const path = join(dataFolder, 'payloads', 'zigbee2mqtt', name);
	if (!existsSync(path)) return [];
	const content = JSON.parse(readFileSync(path, 'utf8')) as unknown;
	return (Array.isArray(content) ? content : [content]).map(({topic, payload}: {topic: string; payload: unknown}) => ({
		topic: `zigbee2mqtt/${topic}`,
		payload: bytesOf(payload),
	}));
}
