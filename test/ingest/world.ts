// A front door with a real log behind it, in a temporary folder, and what a naive reader finds in that log.
import type {ExecutionContext} from 'ava';
import {verifyDeviceSignatureAside} from '../../agent/base/device-signature.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import type {Logger} from '../../agent/base/logger.ts';
import {arrivalFlags, decodeArrival} from '../../agent/format/arrival.ts';
import {type Quality, qualityNames} from '../../agent/format/entry.ts';
import {counterKind, createCounters} from '../../agent/ingest/counters.ts';
import type {DecodedReading, DeviceRequest} from '../../agent/ingest/decoders/decoder.ts';
import {createDevices, type DeviceConfig} from '../../agent/ingest/devices.ts';
import {createIngest, type Delivery, type Ingest, type Kept, type Outcome} from '../../agent/ingest/ingest.ts';
import type {MappingConfig, OpenMapping} from '../../agent/ingest/mapping.ts';
import type {Channel} from '../../agent/log/channels.ts';
import type {Log} from '../../agent/log/log.ts';
import {type LogReader, openLogReader} from '../../agent/log/reader.ts';
import {type CheckedLog, checkLog} from '../helpers/check-log.ts';
import {createLogWorld, type LogWorld} from '../helpers/log-world.ts';
import {mappingFor} from './decoders/read.ts';

export type Config = {
	readonly mappings: Readonly<Record<string, Omit<MappingConfig, 'name'>>>;
	/** Ids of devices with the names of their mappings. */
	readonly devices: Readonly<Record<string, readonly string[]>>;
	readonly simulated?: readonly string[];
	/** Devices that are sent receipts. */
	readonly receipts?: readonly string[];
	/** By device. */
	readonly cadenceSeconds?: Readonly<Record<string, number>>;
	/** By device. */
	readonly maxPowerW?: Readonly<Record<string, number>>;
	readonly quantities?: Readonly<Record<string, NonNullable<DeviceConfig['quantities']>>>;
	/** What decoders make of readings beside what the mapping says. */
	readonly retell?: (reading: DecodedReading, message: Record<string, unknown>) => DecodedReading;
};

/** One of each: keys that are times, keys that are sequences, SenML, and none. */
export const config: Config = {
	mappings: {
		clocked: {
			topic: 'clocked/{device}',
			format: 'json',
			time: {pointer: '/at', format: 'unix-ms'},
			readings: [
				{pointer: '/v', quantity: 'voltage', unit: 'mV'},
				{pointer: '/i', quantity: 'current', unit: 'mA', optional: true},
			],
		},
		counted: {
			topic: 'counted/{device}',
			format: 'json',
			time: {pointer: '/at', format: 'unix-ms'},
			sequence: {pointer: '/seq', session: '/boot'},
			readings: [{pointer: '/v', quantity: 'voltage', unit: 'mV'}],
		},
		pack: {
			topic: 'pack/{device}',
			format: 'senml',
			readings: [
				{name: '{device}:v', quantity: 'voltage', unit: 'mV'},
				{name: '{device}:i', quantity: 'current', unit: 'mA'},
			],
		},
		bare: {topic: 'bare/{device}', format: 'json', readings: [{pointer: '/v', quantity: 'voltage', unit: 'mV'}]},
	},
	devices: {clock: ['clocked'], count: ['counted'], pack: ['pack'], bare: ['bare']},
};

export type Sent = Partial<Delivery> & {readonly payload: Uint8Array};

export type World = LogWorld & {
	/** Opens log and door, or closes and opens them again, as a restart of the agent does. */
	readonly restart: (config?: Config) => Promise<void>;
	readonly log: () => Log;
	readonly ingest: () => Ingest;
	/** What the door was told of lookups: how often it asked. */
	lookUps: number;
	/** What the machine says of its clock. */
	isClockUnsynchronised: boolean;
	readonly warnings: string[];
	/** What decoders asked devices for. */
	readonly requests: DeviceRequest[];
	/** What is durable of devices with receipts. */
	readonly kept: Kept[];
	/** Sends as device `device` to the topic of its first mapping, QoS 1, each time with the next packet id. */
	readonly send: (device: string, payload: unknown, changes?: Partial<Delivery>) => Promise<Outcome>;
	readonly accept: (delivery: Delivery) => Promise<Outcome>;
	/** Checks the whole log, and gives its readings in order. */
	readonly readings: () => Promise<{readonly log: CheckedLog; readonly readings: readonly LoggedReading[]}>;
};

export type LoggedReading = {
	readonly urn: string;
	readonly value: bigint;
	readonly exponent: number;
	readonly measuredAtMs: number;
	readonly span: number;
	readonly qualities: readonly Quality[];
	/** The arrival that it came from. */
	readonly topic: string;
	readonly payload: string;
	readonly identity: string;
	readonly flags: number;
	readonly decoder: string;
};

export const dup = {flags: 1 | arrivalFlags.dup} as const;

export async function openWorld(t: ExecutionContext, initial: Config = config): Promise<World> {
	const disk = await createLogWorld(t);
	let current = initial;
	let log: Log;
	let reader: LogReader | undefined;
	let ingest: Ingest;
	let packetId = 0;
	const warnings: string[] = [];
	const logger: Logger = {
		log: (level, event) => {
			if (level === 'warn' || level === 'error') warnings.push(event);
		},
	};
	const closeReader = async (): Promise<void> => {
		await reader?.[Symbol.asyncDispose]();
		reader = undefined;
	};
	t.teardown(closeReader);

	const world: World = {
		...disk,
		lookUps: 0,
		isClockUnsynchronised: false,
		warnings,
		requests: [],
		kept: [],
		log: () => log,
		ingest: () => ingest,
		restart: async changed => {
			current = changed ?? current;
			await closeReader();
			log = await disk.open();
			const opened = await openLogReader({path: disk.path, hasher: nodeHasher});
			reader = opened;
			const mappings = new Map(
				Object.entries(current.mappings).map(([name, mapping]) => [name, retold(mappingFor({name, ...mapping}), current.retell)]),
			);
			const devices = Object.entries(current.devices).map(([id, names]) => ({
				id,
				passwordHash: undefined,
				mappings: names,
				simulated: current.simulated?.includes(id) ?? false,
				receipts: current.receipts?.includes(id) ?? false,
				cadenceSeconds: current.cadenceSeconds?.[id],
				maxPowerW: current.maxPowerW?.[id],
				quantities: current.quantities?.[id],
			}));
			ingest = createIngest<Channel>(
				{
					...log,
					valueOfKey: (channel, session, key, wanted) => {
						world.lookUps += 1;
						return opened.valueOfKey(channel, session, key, wanted);
					},
					sessionTop: opened.sessionTop,
					verify: verifyDeviceSignatureAside,
					newestReadings: opened.newestReadings,
					counters: createCounters(await log.documents(counterKind), (id, body) => log.putDocument(counterKind, id, body), logger),
					onKept: kept => void world.kept.push(kept),
					request: request => void world.requests.push(request),
					clock: disk.clock,
					isClockUnsynchronised: () => world.isClockUnsynchronised,
					logger,
				},
				{devices: createDevices(devices, mappings), lateAfterMs: 900_000},
			);
		},
		send: (device, payload, changes = {}) => {
			packetId = (packetId % 65_535) + 1;
			const topic = current.mappings[current.devices[device]![0]!]!.topic.replace('{device}', device);
			return world.accept({
				topic,
				payload: Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload)),
				flags: 1,
				identity: device,
				clientId: device,
				packetId,
				...changes,
			});
		},
		accept: delivery =>
			new Promise((resolve, reject) => {
				let isDone = false;
				ingest.accept(delivery, outcome => {
					if (isDone) reject(new Error('done was called twice'));
					isDone = true;
					resolve(outcome);
				});
			}),
		readings: async () => {
			const checked = await checkLog(t, disk.path);
			const urns = new Map(checked.channels.map(({subject, urn}) => [subject, urn]));
			const readings = checked.entries
				.filter(({entry}) => entry.kind === 1)
				.map(({entry, record}): LoggedReading => {
					const arrival = decodeArrival(record)!;
					t.is(arrival.arrivedAtMs, entry.arrivedAtMs);
					return {
						urn: urns.get(Buffer.from(entry.subject).toString('hex'))!,
						value: entry.value,
						exponent: entry.exponent,
						measuredAtMs: entry.measuredAtMs,
						span: entry.span,
						qualities: qualityNames(entry.quality) as Quality[],
						topic: arrival.topic,
						payload: Buffer.from(arrival.payload).toString(),
						identity: arrival.identity,
						flags: arrival.flags,
						decoder: arrival.decoder,
					};
				});
			return {log: checked, readings};
		},
	};
	await world.restart();
	return world;
}

function retold(mapping: OpenMapping, retell: Config['retell']): OpenMapping {
	if (retell === undefined) return mapping;
	return {
		...mapping,
		decoder: {
			decode: message => {
				const decoded = mapping.decoder.decode(message);
				if ('refused' in decoded) return decoded;
				const printed = JSON.parse(Buffer.from(message.payload).toString());
				return {readings: decoded.readings.map(reading => ('refused' in reading ? reading : retell(reading, printed)))};
			},
		},
	};
}

/** The raw message of a refusal. */
export function quarantined({quarantine}: CheckedLog): {readonly reason: string; readonly topic: string; readonly payload: string}[] {
	return quarantine.map(({reason, record}) => {
		const {topic, payload} = decodeArrival(record)!;
		return {reason, topic, payload: Buffer.from(payload).toString()};
	});
}
