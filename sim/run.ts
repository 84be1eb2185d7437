// Runs a fleet against a broker: steps the devices in time, lets faults happen, sends, and keeps the account.

import {setMaxListeners} from 'node:events';
import {existsSync, readFileSync, renameSync, writeFileSync} from 'node:fs';
import type {Clock} from '../agent/base/clock.ts';
import {AgentError} from '../agent/base/errors.ts';
import {type Account, openAccount} from './account.ts';
import {createPublisher, type Publisher} from './client.ts';
import type {Device, Moment} from './device.ts';
import {createFaultLine, type FaultLine, type FaultRates, noFaults} from './faults.ts';
import {createFleet, type FleetSize} from './fleet.ts';
import {hostileMessage} from './hostile.ts';
import type {Message, Sent} from './message.ts';
import {type Chance, createChance} from './seed.ts';
import {createSimSigner, type SimSigner, type SimSigning} from './signing.ts';

export type SimOptions = {
	/** Of the broker, `mqtt://host:port`. */
	readonly url: string;
	/** The same seed makes the same homes with the same habits. */
	readonly seed: string;
	/** @default 20 homes, a boiler, a truck */
	readonly size?: FleetSize;
	/** Of each device; its user name and client id are its id. A device without one sends none. */
	readonly passwords: Readonly<Record<string, string>>;
	/** How a device signs what it sends, hostile messages too. @default none signs */
	readonly signing?: (deviceId: string) => SimSigning | undefined;
	/** Device time against real time. Above 1 the devices start in the past and catch up; they never get ahead of the real clock. @default 1 */
	readonly speed?: number;
	/** Device time at the start, ms since 1970; a continued run never starts before the end of the last. @default now, or a day ago if `speed` is above 1 */
	readonly startMs?: number;
	/** How fast sun and habits go against device time; registers do not: they are power times device time. @default 60, or 1 if `speed` is not 1 */
	readonly sceneSpeed?: number;
	/** Where the sun stands at the very first start, ms since 1970; later runs go on where the last one ended. @default ten in the morning of the start's day, UTC */
	readonly sceneStartMs?: number;
	/** Messages per device time against the ordinary rate (a home every 2 s, boiler and truck every 5 s). @default 1 */
	readonly rate?: number;
	/** What goes wrong; what is left out does not. @default nothing */
	readonly faults?: Partial<FaultRates>;
	/** The account, appended to. */
	readonly accountPath: string;
	/** Registers, boots and the scene, so that the next run goes on. @default the account's path with `.state.json` */
	readonly statePath?: string;
	/** PUBLISH packets without a PUBACK, per device. @default 20 */
	readonly inFlightMax?: number;
	/** Messages that wait behind them, per device; what a device says while its queue is full is lost and counted. @default 2000 */
	readonly queueMax?: number;
	/** How long the end of a run waits for PUBACKs. @default 10000 */
	readonly drainMs?: number;
	readonly clock: Clock;
	/** Ends the run: no new messages, late ones are sent now, PUBACKs are waited for. */
	readonly signal: AbortSignal;
	/** Called once a second, and at the end. */
	readonly onStats?: (stats: SimStats) => void;
	readonly onProblem?: (sentence: string) => void;
};

export type SimStats = {
	/** Messages handed to the network, repeats and hostile ones included; and those of them with a PUBACK. */
	readonly sent: number;
	readonly acknowledged: number;
	/** Without a PUBACK yet: in flight or waiting for a connection. */
	readonly pending: number;
	/** Readings in acknowledged messages that an agent has to hold: what the judge looks for. */
	readonly readings: number;
	/** Of the sent ones. */
	readonly repeated: number;
	readonly hostile: number;
	/** Not sent: a fault, or no room in the device. */
	readonly dropped: number;
	/** Hostile messages that no broker acknowledged. */
	readonly givenUp: number;
	readonly devices: number;
	readonly connected: number;
};

const tickMs = 50;
const statsEveryMs = 1000;
/** After a pause in which a device could not send, it goes on from at most this many messages ago. */
const catchUpMessages = 10;
/** Steps of one device in one tick: more only delay the others. */
const stepsPerTickMax = 200;
const dayMs = 86_400_000;
const tenHoursMs = 36_000_000;
const stateVersion = 1;

type SavedRun = {
	readonly version: number;
	readonly run: number;
	readonly timeMs: number;
	readonly sceneMs: number;
	readonly devices: Readonly<Record<string, unknown>>;
};

type Live = {
	readonly device: Device;
	readonly chance: Chance;
	readonly faults: FaultLine<Sent>;
	readonly publisher: Publisher<Sent>;
	readonly signer: SimSigner | undefined;
	nextMs: number;
};

/** Runs until the signal aborts; resolves when the account is on disk. */
export async function runSim(options: SimOptions): Promise<SimStats> {
	const {clock, signal} = options;
	const speed = options.speed ?? 1;
	const sceneSpeed = options.sceneSpeed ?? (speed === 1 ? 60 : 1);
	const rates: FaultRates = {...noFaults, ...options.faults};
	if (!(speed > 0) || !(sceneSpeed >= 0) || !((options.rate ?? 1) > 0))
		throw new AgentError('ARGUMENT_INVALID', `speed ${speed}, scene speed ${sceneSpeed} and rate ${options.rate} must be above 0`);

	const statePath = options.statePath ?? `${options.accountPath}.state.json`;
	const saved = readState(statePath);
	const run = (saved?.run ?? 0) + 1;
	const startedMs = clock.monotonicMs();
	const wallStartMs = clock.nowMs();
	const timeStartMs = Math.max(options.startMs ?? (speed > 1 ? wallStartMs - dayMs : wallStartMs), saved?.timeMs ?? 0);
	const sceneStartMs = saved?.sceneMs ?? options.sceneStartMs ?? timeStartMs - (timeStartMs % dayMs) + tenHoursMs;

	/** Device time runs at `speed` until it has caught up with the real clock, then with it. */
	const timeNowMs = (): number => {
		const passedMs = clock.monotonicMs() - startedMs;
		return speed <= 1 ? timeStartMs + passedMs * speed : Math.min(timeStartMs + passedMs * speed, wallStartMs + passedMs);
	};
	const momentOf = (timeMs: number): Moment => ({timeMs, sceneMs: sceneStartMs + (timeMs - timeStartMs) * sceneSpeed});

	const account = openAccount(options.accountPath);
	const counts = {sent: 0, acknowledged: 0, readings: 0, repeated: 0, hostile: 0, dropped: 0, givenUp: 0};
	const live = createFleet({
		seed: options.seed,
		faults: rates,
		moment: momentOf(timeStartMs),
		run,
		...(options.size === undefined ? {} : {size: options.size}),
		...(options.rate === undefined ? {} : {rate: options.rate}),
		...(saved === undefined ? {} : {saved: saved.devices}),
	}).map((device): Live => {
		const chance = createChance(options.seed, `faults ${run} of ${device.id}`);
		const password = options.passwords[device.id];
		const publisher = createPublisher<Sent>({
			url: options.url,
			clientId: device.id,
			username: device.id,
			...(password === undefined ? {} : {password}),
			clock,
			...(options.inFlightMax === undefined ? {} : {inFlightMax: options.inFlightMax}),
			...(options.queueMax === undefined ? {} : {queueMax: options.queueMax}),
			...(options.onProblem === undefined ? {} : {onProblem: options.onProblem}),
			onAcknowledged: message => {
				counts.acknowledged += 1;
				if (account.acknowledged(message)) counts.readings += message.readings.length;
			},
			onGivenUp: () => {
				counts.givenUp += 1;
			},
		});
		const signing = options.signing?.(device.id);
		const signer = signing && createSimSigner(options.seed, device.id, signing);
		const phaseMs = chance.fraction() * device.cadenceMs;
		return {device, chance, faults: createFaultLine(rates, chance), publisher, signer, nextMs: timeStartMs + phaseMs};
	});
	const byId = new Map(live.map(one => [one.device.id, one]));

	const stats = (): SimStats => ({
		...counts,
		pending: live.reduce((sum, {publisher}) => sum + publisher.pending(), 0),
		devices: live.length,
		connected: live.filter(({publisher}) => publisher.isConnected()).length,
	});

	/** Steps every device whose time has come. Nothing leaves before the state is saved: a killed run's registers and boots never go back. */
	const tick = (): void => {
		const nowMs = timeNowMs();
		const outgoing: Sent[] = [];
		const cuts: Live[] = [];
		for (const one of live) {
			outgoing.push(...one.faults.due(nowMs));
			if (speed <= 1) one.nextMs = Math.max(one.nextMs, nowMs - catchUpMessages * one.device.cadenceMs);
			// A backlog is read from the device's memory at the pace of the connection; what happens now happens whether there is room or not.
			const isBacklog = nowMs - one.nextMs > catchUpMessages * one.device.cadenceMs;
			for (let steps = 0; one.nextMs <= nowMs && steps < stepsPerTickMax; steps += 1) {
				if (isBacklog && !one.publisher.hasRoom()) break;
				const {message, report} = one.device.step(momentOf(one.nextMs));
				one.nextMs += one.device.cadenceMs;
				const {send, cut, dropped} = one.faults.pass(signed(one, message), nowMs);
				if (dropped) counts.dropped += 1;
				if (send.length > 1 && send[0] === send[1]) counts.repeated += 1;
				if (cut) cuts.push(one);
				outgoing.push(...send);
				if (one.chance.happens(rates.hostile))
					outgoing.push(signed(one, hostileMessage(one.device.id, report, one.device.extra(), one.chance)));
			}
		}
		if (outgoing.length > 0) writeState(statePath, {version: stateVersion, run, ...momentOf(nowMs), devices: savedDevices(live)});
		send(outgoing);
		for (const {publisher} of cuts) publisher.cut();
	};

	const send = (messages: readonly Sent[]): void => {
		const hostile = messages.filter(message => message.hostile !== undefined);
		for (const message of hostile) account.hostile(message);
		// Before it can be refused it must stand in the account: else a kill in between would make it look like an honest reading.
		if (hostile.length > 0) account.flush();
		for (const message of messages) {
			if (!byId.get(message.deviceId)!.publisher.publish(message)) {
				counts.dropped += 1;
				continue;
			}
			counts.sent += 1;
			if (message.hostile !== undefined) counts.hostile += 1;
		}
	};

	try {
		let statsAtMs = startedMs + statsEveryMs;
		while (!signal.aborted) {
			tick();
			if (clock.monotonicMs() >= statsAtMs) {
				statsAtMs += statsEveryMs;
				account.flush();
				options.onStats?.(stats());
			}
			await clock.sleep(tickMs, signal);
		}
		for (const {faults} of live) send(faults.rest());
		await drain(live, options.drainMs ?? 10_000, clock);
	} finally {
		await close(live, account);
	}
	const end = stats();
	options.onStats?.(end);
	return end;
}

/** Once for each message: a repeat is the same bytes. */
function signed({signer}: Live, message: Message): Sent {
	return signer === undefined ? message : {...message, payload: signer.sign(message.payload)};
}

async function drain(live: readonly Live[], drainMs: number, clock: Clock): Promise<void> {
	const late = new AbortController();
	const done = new AbortController();
	const timer = clock.sleep(drainMs, done.signal).then(() => late.abort());
	// One listener a device is meant, and no leak.
	setMaxListeners(live.length + 1, late.signal);
	await Promise.all(live.map(({publisher}) => publisher.untilDrained(late.signal)));
	done.abort();
	await timer;
}

async function close(live: readonly Live[], account: Account): Promise<void> {
	await Promise.all(live.map(({publisher}) => publisher[Symbol.asyncDispose]()));
	// Only now can no further PUBACK come.
	for (const {publisher} of live) for (const message of publisher.uncertain()) account.uncertain(message);
	await account[Symbol.asyncDispose]();
}

function savedDevices(live: readonly Live[]): Record<string, unknown> {
	return Object.fromEntries(live.map(({device}) => [device.id, device.save()]));
}

function readState(path: string): SavedRun | undefined {
	if (!existsSync(path)) return undefined;
	let parsed: Partial<SavedRun>;
	try {
		parsed = JSON.parse(readFileSync(path, 'utf8')) as Partial<SavedRun>;
	} catch (cause) {
		throw new AgentError('FORMAT_INVALID', `${path} is not the state of a simulation`, {
			hint: 'Delete it to start over with new registers.',
			cause,
		});
	}
	if (
		parsed.version !== stateVersion ||
		![parsed.run, parsed.timeMs, parsed.sceneMs].every(Number.isFinite) ||
		typeof parsed.devices !== 'object'
	)
		throw new AgentError('FORMAT_INVALID', `${path} is not the state of a simulation`, {
			hint: 'Delete it to start over with new registers.',
		});
	return parsed as SavedRun;
}

/** Replaces the file at once, so that a kill leaves the old or the new one. */
function writeState(path: string, state: SavedRun): void {
	writeFileSync(`${path}.new`, JSON.stringify(state), {mode: 0o600});
	renameSync(`${path}.new`, path);
}
