// Turns one seed into a street of homes, a boiler and a truck.

import {createDevice, type Device, type DeviceFaults, type Moment} from './device.ts';
import {boilerModel} from './devices/boiler.ts';
import {homeModel, planHome} from './devices/home.ts';
import {truckModel} from './devices/truck.ts';
import type {DemoMappingName} from './mappings.ts';
import {createChance} from './seed.ts';
import type {Place} from './sun.ts';

/** How many devices of each kind. */
export type FleetSize = {
	/** @default 20 */
	readonly homes?: number;
	/** @default 1 */
	readonly boilers?: number;
	/** @default 1 */
	readonly trucks?: number;
};

export type FleetMember = {readonly id: string; readonly mapping: DemoMappingName};

const street: Place = {latitudeDeg: 47.37, longitudeDeg: 8.54};
/** Each house stands a little further on. */
const houseDeg = 0.000_2;
const cadencesMs = {home: 2000, boiler: 5000, truck: 5000} as const;
/** Devices stamp even ms, so that this is as fast as one may be. */
const cadenceMsMin = 2;

function ids(prefix: string, count: number): string[] {
	return Array.from({length: count}, (_, i) => `${prefix}-${String(i + 1).padStart(2, '0')}`);
}

/** The ids of a fleet and how each device's messages are read. Needs no seed: configs are made from it. */
export function fleetMembers(size: FleetSize = {}): FleetMember[] {
	return [
		...ids('home', size.homes ?? 20).map(id => ({id, mapping: 'home-meter'}) as const),
		...ids('boiler', size.boilers ?? 1).map(id => ({id, mapping: 'boiler'}) as const),
		...ids('truck', size.trucks ?? 1).map(id => ({id, mapping: 'truck-fridge'}) as const),
	];
}

export type FleetOptions = {
	readonly seed: string;
	readonly size?: FleetSize;
	/** Messages per time against the ordinary rate. @default 1 */
	readonly rate?: number;
	readonly faults: DeviceFaults;
	readonly moment: Moment;
	/** What each device saved, by id. */
	readonly saved?: Readonly<Record<string, unknown>>;
	/** Which life of the fleet this is, so that a continued run does not repeat the chances of the last. @default 1 */
	readonly run?: number;
};

/** The same options give the same devices, which then say the same for the same moments. */
export function createFleet(options: FleetOptions): Device[] {
	const {seed, faults, moment} = options;
	const cadence = (kind: keyof typeof cadencesMs): number => Math.max(cadenceMsMin, Math.round(cadencesMs[kind] / (options.rate ?? 1)));
	return fleetMembers(options.size).map(({id, mapping}, i) => {
		const common = {
			chance: createChance(seed, `run ${options.run ?? 1} of ${id}`),
			faults,
			moment,
			...(options.saved?.[id] === undefined ? {} : {saved: options.saved[id]}),
		};
		const place = {latitudeDeg: street.latitudeDeg, longitudeDeg: street.longitudeDeg + i * houseDeg};
		if (mapping === 'boiler') return createDevice({...common, model: boilerModel({id, place, cadenceMs: cadence('boiler')})});
		if (mapping === 'truck-fridge') return createDevice({...common, model: truckModel({id, place, cadenceMs: cadence('truck')})});
		return createDevice({...common, model: homeModel(planHome(id, place, cadence('home'), createChance(seed, `plan of ${id}`)))});
	});
}
