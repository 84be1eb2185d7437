// Turns the model of a device into messages: adds what every device has, a boot, a sequence and a clock that can be wrong.

import type {ExpectedReading, Message} from './message.ts';
import type {Chance} from './seed.ts';

/** When a step happens. */
export type Moment = {
	/** Time that really passes for the device; registers integrate over it. */
	readonly timeMs: number;
	/** Where the sun stands and what people do; may run faster than the time, so that a short demo shows a day. */
	readonly sceneMs: number;
};

/** What a device puts around its values. */
export type Envelope = {
	readonly boot: string;
	readonly sequence: number;
	/** By the device's own clock. */
	readonly measuredAtMs: number;
};

/** A value as an integer, before it is given a device and a time. */
export type Value = {readonly quantityName: string; readonly value: number; readonly exponent: number; readonly part?: string};

export type Report = {
	readonly topic: string;
	readonly payload: (envelope: Envelope) => string;
	readonly values: readonly Value[];
};

/** A kind of device as a pure step function. `State` is plain JSON, so that a run can be continued. */
export type Model<State> = {
	readonly id: string;
	/** Key of demoMappings. */
	readonly mapping: string;
	readonly cadenceMs: number;
	readonly start: (moment: Moment, chance: Chance) => State;
	readonly step: (state: State, moment: Moment, chance: Chance) => {readonly state: State; readonly report: Report};
};

export type DeviceFaults = {
	/** How likely a message is the first of a time in which the device's clock is off. */
	readonly skew: number;
	/** How likely the device restarts before a message: new boot, sequence from 1, registers go on. */
	readonly restart: number;
};

/** Everything that must be known to go on with a device. */
type Saved = {
	readonly model: unknown;
	readonly boots: number;
	/** The latest times that the right clock and the wrong clock printed. */
	readonly rightMs: number;
	readonly wrongMs: number;
};

export type Device = {
	readonly id: string;
	readonly mapping: string;
	readonly cadenceMs: number;
	/** Takes one step. Moments MUST NOT go back. */
	readonly step: (moment: Moment) => {readonly message: Message; readonly report: Report; readonly envelope: Envelope};
	/** A further envelope for a message that no step made, with the next sequence and the time of the last step. */
	readonly extra: () => Envelope;
	readonly save: () => unknown;
};

/** How far a wrong clock is off, and for how many messages. */
const skewMs = -3000;
const skewMessages = 20;

export type DeviceOptions<State> = {
	readonly model: Model<State>;
	readonly chance: Chance;
	readonly faults: DeviceFaults;
	readonly moment: Moment;
	/** What `save` gave; the device then starts with the next boot. */
	readonly saved?: unknown;
};

export function createDevice<State>(options: DeviceOptions<State>): Device {
	const {model, chance, faults} = options;
	const saved = readSaved(options.saved);
	let state = saved === undefined ? model.start(options.moment, chance) : (saved.model as State);
	let boots = (saved?.boots ?? 0) + 1;
	let sequence = 0;
	let rightMs = saved?.rightMs ?? 0;
	let wrongMs = saved?.wrongMs ?? 0;
	let skewedLeft = 0;
	let timeMs = options.moment.timeMs;

	/**
	 * A right clock prints even ms, a wrong one odd ms, and each only ever rises: so no two messages of a device claim the same time, and a judge can tell a
	 * repeat from a coincidence.
	 */
	const nextTime = (): number => {
		if (skewedLeft > 0) {
			wrongMs = Math.max(wrongMs + 2, timeMs + skewMs - ((timeMs + skewMs) % 2) + 1);
			return wrongMs;
		}
		rightMs = Math.max(rightMs + 2, timeMs - (timeMs % 2));
		return rightMs;
	};

	const envelope = (): Envelope => {
		sequence += 1;
		return {boot: `b${boots}`, sequence, measuredAtMs: nextTime()};
	};

	return {
		id: model.id,
		mapping: model.mapping,
		cadenceMs: model.cadenceMs,
		step: moment => {
			timeMs = Math.floor(moment.timeMs);
			if (chance.happens(faults.restart)) {
				boots += 1;
				sequence = 0;
			}
			if (skewedLeft > 0) skewedLeft -= 1;
			else if (chance.happens(faults.skew)) skewedLeft = skewMessages;
			const stepped = model.step(state, {...moment, timeMs}, chance);
			state = stepped.state;
			const made = envelope();
			return {message: messageOf(model.id, stepped.report, made), report: stepped.report, envelope: made};
		},
		extra: envelope,
		save: (): Saved => ({model: state, boots, rightMs, wrongMs}),
	};
}

export function messageOf(deviceId: string, report: Report, envelope: Envelope): Message {
	const readings: ExpectedReading[] = report.values.map(({quantityName, value, exponent, part}) => ({
		deviceId,
		quantityName,
		...(part === undefined ? {} : {part}),
		value: BigInt(value),
		exponent,
		measuredAtMs: envelope.measuredAtMs,
	}));
	return {deviceId, id: `${envelope.boot}/${envelope.sequence}`, topic: report.topic, payload: report.payload(envelope), readings};
}

function readSaved(saved: unknown): Saved | undefined {
	if (typeof saved !== 'object' || saved === null) return undefined;
	const {model, boots, rightMs, wrongMs} = saved as Partial<Saved>;
	if (model === undefined || ![boots, rightMs, wrongMs].every(Number.isSafeInteger)) return undefined;
	return saved as Saved;
}
