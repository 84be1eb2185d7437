// The composition root's part that keeps Home Assistant told of the agent and its devices, through the doors that there are, a few devices a second.

import type {Status} from './api/status-server.ts';
import {toHex, utf8} from './base/bytes.ts';
import type {Clock} from './base/clock.ts';
import {describeError} from './base/errors.ts';
import type {Logger} from './base/logger.ts';
import {decodeEntry, kinds, noteKinds} from './format/entry.ts';
import {parseChannelUrn, parseDeviceUrn} from './format/subject.ts';
import {agentState, describeAgent, describeDevice, deviceState, offline, online, type Topics, topicsOf} from './home-assistant.ts';
import type {DeviceCounts} from './ingest/ingest.ts';
import type {Channel} from './log/channels.ts';
import type {Log} from './log/log.ts';
import type {LogReader} from './log/reader.ts';

/** Devices that are looked at in one call, once a second. */
const devicesPerCall = 100;
/** From one look at a device to the next, at least; so its state is said no more often. */
const lookEveryMs = 10_000;

/** A row beside the log that says under which names something is or may be shown by a broker that keeps it longer than we run, so that it can be taken back. */
const announcedKind = 'announced';
const announcedKey = 'client';
/** Names that are remembered; each is another prefix or topic in the config while the broker was away. */
const namesMax = 8;

type Names = {readonly prefix: string; readonly topic: string};

/** A door that something can be said through. */
export type Outlet = {
	/** True where what is retained outlives this process. */
	readonly isKept: boolean;
	/** Another one each time that a connection stands anew, and all must be said again; undefined while there is none. */
	readonly life: () => string | undefined;
	/** False if it was not said. */
	readonly publish: (topic: string, payload: Uint8Array, options: {readonly retain: boolean}) => boolean;
};

export type AnnounceNeeds = {
	readonly log: Pick<Log, 'logName' | 'channels' | 'documents' | 'putDocument'>;
	readonly reader: Pick<LogReader, 'entry' | 'tallyAt'>;
	/** Ids of all devices, those that were revoked among them. */
	readonly deviceIds: () => readonly string[];
	readonly isEnrolled: (deviceId: string) => boolean;
	readonly countsOf: (deviceId: string) => Readonly<DeviceCounts> | undefined;
	/** Ids of devices with channels that are silent now. */
	readonly silentIds: () => readonly string[];
	readonly expired: (deviceId: string) => readonly ('certificate' | 'calibration')[];
	readonly status: () => Promise<Status>;
	/** False while nothing may be written or said. */
	readonly mayAppend: () => boolean;
	readonly clock: Clock;
	readonly logger: Logger;
};

export type AnnounceOptions = {
	/** undefined: what was announced before is taken back, and nothing else is said. */
	readonly names: Names | undefined;
	readonly version: string;
	readonly isAnchored: boolean;
	/** Through which something is announced. */
	readonly outlets: readonly Outlet[];
	/** Through which something may have been announced before this start. */
	readonly keptOutlet: Outlet | undefined;
};

export type Announcer = {
	/** Says what is new, bounded; call it every second. MUST NOT reject. */
	readonly tick: () => Promise<void>;
	/** True for what may come back from a broker that we say it to and listen at: it is nobody's reading. */
	readonly isOwn: (topic: string) => boolean;
	/** Says that the agent is gone. */
	readonly [Symbol.asyncDispose]: () => Promise<void>;
};

const nothing = new Uint8Array(0);

function say({publish}: Outlet, topic: string, text: string): boolean {
	return publish(topic, text === '' ? nothing : utf8(text), {retain: true});
}

/** undefined where there is nothing to say and nothing to take back. */
export async function openAnnouncer(needs: AnnounceNeeds, options: AnnounceOptions): Promise<Announcer | undefined> {
	const {log, logger} = needs;
	const {names, outlets, keptOutlet} = options;
	const [row] = (await log.documents(announcedKind)).filter(({key}) => key === announcedKey);
	const before = row === undefined ? [] : (JSON.parse(row.body) as readonly Names[]);
	const others = before.filter(one => one.prefix !== names?.prefix || one.topic !== names.topic);
	if (names === undefined && others.length === 0) return undefined;

	const knownIds = createKnownDevices(log, needs.deviceIds);
	const topics = names && topicsOf(log.logName, names);
	let written = JSON.stringify(before);
	const write = async (shown: readonly Names[]): Promise<void> => {
		const body = JSON.stringify(shown.slice(-namesMax));
		if (body !== written) await log.putDocument(announcedKind, announcedKey, body);
		written = body;
	};

	const old = others.map(one => topicsOf(log.logName, one));
	const takeBack =
		others.length === 0 || keptOutlet === undefined
			? undefined
			: createTakingBack({
					outlet: keptOutlet,
					old,
					isCurrent: topic => topics?.has(topic) ?? false,
					ids: knownIds.ids,
				});
	let isTakenBack = takeBack === undefined;
	const announce = topics && createRounds(needs, options, topics, knownIds);
	let problem = '';

	const step = async (): Promise<void> => {
		if (!needs.mayAppend()) return;
		if (!isTakenBack && takeBack!()) {
			await write(names === undefined ? [] : [names]);
			isTakenBack = true;
		}
		if (announce === undefined) return;
		// Known before it is said: should we die in between, the next start takes back what was never there.
		if (names !== undefined && outlets.some(outlet => outlet.isKept && outlet.life() !== undefined))
			await write(isTakenBack ? [names] : [...others, names]);
		await announce();
	};

	return {
		tick: async () => {
			try {
				await step();
				problem = '';
			} catch (error) {
				const sentence = describeError(error);
				if (sentence !== problem) logger.log('warn', 'Home Assistant is not told what is new', {error: sentence});
				problem = sentence;
			}
		},
		isOwn: topic => topics?.has(topic) === true || old.some(one => one.has(topic)),
		[Symbol.asyncDispose]: async () => {
			if (topics !== undefined) for (const outlet of outlets) if (outlet.life() !== undefined) say(outlet, topics.status, offline);
		},
	};
}

/** The channels of each device, as they come. */
type KnownDevices = {
	/** Takes in channels that are new, and gives the ids of all devices that the log or the agent knows: those that are there no more may still be shown. */
	readonly ids: () => readonly string[];
	readonly channelsOf: (id: string) => readonly Channel[];
};

function createKnownDevices(log: Pick<Log, 'channels'>, deviceIds: () => readonly string[]): KnownDevices {
	const byId = new Map<string, Channel[]>();
	let seen = 0;
	return {
		ids: () => {
			const channels = log.channels();
			for (; seen < channels.length; seen += 1) {
				const channel = channels[seen]!;
				const id = parseChannelUrn(channel.urn)?.deviceId ?? parseDeviceUrn(channel.urn);
				if (id === undefined) continue;
				const own = byId.get(id);
				if (own === undefined) byId.set(id, [channel]);
				else own.push(channel);
			}
			return [...new Set([...deviceIds(), ...byId.keys()])];
		},
		channelsOf: id => byId.get(id) ?? [],
	};
}

/** Gives what takes back some of what was said under old names, and says true when all of it is. */
function createTakingBack(parts: {
	readonly outlet: Outlet;
	readonly old: readonly Topics[];
	readonly isCurrent: (topic: string) => boolean;
	readonly ids: () => readonly string[];
}): () => boolean {
	const {outlet, old, isCurrent} = parts;
	let left: (string | undefined)[] | undefined;
	let life: string | undefined;
	return () => {
		const now = outlet.life();
		if (now === undefined) return false;
		// On a connection that is another one nobody knows what of the last words was heard.
		if (left === undefined || now !== life) left = [...parts.ids(), undefined];
		life = now;
		for (const id of left.splice(0, devicesPerCall))
			for (const topics of old)
				for (const topic of [topics.description(id), topics.state(id), ...(id === undefined ? [topics.status] : [])])
					if (!isCurrent(topic)) say(outlet, topic, '');
		return left.length === 0;
	};
}

/** What an outlet was told in its life: by device id, and of the agent under the empty one. An empty state: all of it was taken back. */
type Told = {life: string | undefined; readonly states: Map<string, string>};

/** Gives what goes round among the devices, and tells each outlet what it does not know yet. */
function createRounds(needs: AnnounceNeeds, options: AnnounceOptions, topics: Topics, known: KnownDevices): () => Promise<void> {
	const {log, reader, clock} = needs;
	const {version, isAnchored, outlets} = options;
	const parts = {logName: log.logName, version, topics, isAnchored};
	const told = new Map<Outlet, Told>(outlets.map(outlet => [outlet, {life: undefined, states: new Map()}]));
	/** What of each device the newest anchor covers. */
	let anchored: {readonly size: number; readonly untilMs: number | undefined; readonly entries: ReadonlyMap<string, number>} = {
		size: 0,
		untilMs: undefined,
		entries: new Map(),
	};
	let round: readonly string[] = [];
	let at = 0;
	let begunAtMs = Number.NEGATIVE_INFINITY;
	let silent: ReadonlySet<string> = new Set();

	/** The tally that an anchored checkpoint ends with has the last number of each channel. */
	const seeAnchored = async (size: number): Promise<void> => {
		if (size === anchored.size) return;
		const entries = new Map<string, number>();
		const end = size === 0 ? undefined : decodeEntry(await reader.entry(size - 1));
		const isTally = end?.kind === kinds.note && end.quantity === noteKinds.tally;
		if (isTally) {
			const numbers = new Map((await reader.tallyAt(size - 1)).map(({subject, number}) => [toHex(subject), number]));
			for (const id of round) {
				const count = known.channelsOf(id).reduce((sum, {subject}) => sum + (numbers.get(toHex(subject)) ?? 0), 0);
				if (count > 0) entries.set(id, count);
			}
		}
		anchored = {size, untilMs: isTally ? end.arrivedAtMs : undefined, entries};
	};

	const stateOf = (id: string): string => {
		const counts = needs.countsOf(id);
		const {untilMs} = anchored;
		const covered = anchored.entries.get(id);
		return deviceState({
			entries: known.channelsOf(id).reduce((sum, {lastNumber}) => sum + lastNumber, 0),
			anchored: untilMs === undefined || covered === undefined ? undefined : {entries: covered, untilMs},
			lastReadingMs: counts?.arrivedAtMs,
			gaps: counts?.gaps ?? 0,
			silences: counts?.silences ?? 0,
			refused: counts?.refused ?? 0,
			reasons: [
				...(silent.has(id) ? (['silent'] as const) : []),
				...((counts?.exceptions ?? 0) > 0 ? (['register exceptions'] as const) : []),
				...needs.expired(id).map(what => `${what} expired` as const),
			],
		});
	};

	const tell = (id: string, description: () => string, state: string): void => {
		const ofDevice = id === '' ? undefined : id;
		for (const [outlet, {life, states}] of told) {
			const before = states.get(id);
			if (life === undefined || before === state) continue;
			const isNews = before === undefined || before === '' || state === '';
			if (isNews && !say(outlet, topics.description(ofDevice), state === '' ? '' : description())) continue;
			if (say(outlet, topics.state(ofDevice), state)) states.set(id, state);
		}
	};

	/** What stands anew has heard nothing yet. */
	const seeLives = (): void => {
		for (const [outlet, one] of told) {
			const life = outlet.life();
			if (life === one.life) continue;
			one.life = life;
			one.states.clear();
			if (life === undefined) continue;
			say(outlet, topics.status, online);
			begunAtMs = Number.NEGATIVE_INFINITY;
			at = round.length;
		}
	};

	return async () => {
		seeLives();
		if (at >= round.length) {
			if (clock.monotonicMs() - begunAtMs < lookEveryMs) return;
			begunAtMs = clock.monotonicMs();
			round = known.ids();
			at = 0;
			const status = await needs.status();
			await seeAnchored(status.anchor?.minedSize ?? 0);
			silent = new Set(needs.silentIds());
			tell('', () => describeAgent(parts), agentState(status));
		}
		for (const id of round.slice(at, at + devicesPerCall))
			tell(id, () => describeDevice(parts, id), needs.isEnrolled(id) ? stateOf(id) : '');
		at += devicesPerCall;
	};
}
