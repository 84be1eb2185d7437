// Turns what the agent knows of itself and its devices into what Home Assistant shows: descriptions for its MQTT discovery, and states that they point at.

import type {Status} from './api/status-server.ts';
import {toHex, utf8} from './base/bytes.ts';
import {nodeHasher} from './base/hash-node.ts';
import {refusalCounts} from './state.ts';

/** Where everything of one log is said. */
export type Topics = {
	/** `online` or `offline`, retained. */
	readonly status: string;
	/** Of the agent, and with an id of a device; retained. An empty message takes back what was there. */
	readonly description: (deviceId?: string) => string;
	readonly state: (deviceId?: string) => string;
	/** True for every topic of these. */
	readonly has: (topic: string) => boolean;
};

export const online = 'online';
export const offline = 'offline';

const plainName = /^[A-Za-z0-9_-]+$/;
/** Of the digest of a name that a topic cannot hold as it is. */
const digestDigits = 8;

/** The name of a log as one level of a topic, and as Home Assistant takes it there (`[A-Za-z0-9_-]`); two logs have two. */
function levelOf(logName: string): string {
	if (plainName.test(logName)) return logName;
	return `${logName.replaceAll(/[^A-Za-z0-9_-]/g, '_')}_${toHex(nodeHasher.sha256(utf8(logName))).slice(0, digestDigits)}`;
}

export function topicsOf(logName: string, {prefix, topic}: {readonly prefix: string; readonly topic: string}): Topics {
	const level = levelOf(logName);
	const own = `${topic}/${level}`;
	const described = `${prefix}/device/kedge_${level}`;
	const below = (start: string, deviceId: string | undefined, end: string): string =>
		deviceId === undefined ? `${start}/${end}` : `${start}/${deviceId}/${end}`;
	return {
		status: `${own}/status`,
		description: deviceId => below(described, deviceId, 'config'),
		state: deviceId => below(own, deviceId, 'state'),
		has: said => {
			if (said.startsWith(`${described}/`)) return /^(?:[A-Za-z0-9_-]+\/)?config$/.test(said.slice(described.length + 1));
			return said.startsWith(`${own}/`) && /^(?:status|(?:[A-Za-z0-9_-]+\/)?state)$/.test(said.slice(own.length + 1));
		},
	};
}

type Component = Readonly<Record<string, string | readonly string[]>>;

/** Of a number that was, and what makes it: a key of our own in the state, never anything that a device sent. */
const read = (key: string): string => `{{ value_json.${key} }}`;

const diagnostic = {ent_cat: 'diagnostic'} as const;
const counter = (name: string, unit: string, key: string): Component => ({
	p: 'sensor',
	name,
	unit_of_meas: unit,
	stat_cla: 'total_increasing',
	val_tpl: read(key),
});
const gauge = (name: string, unit: string, key: string): Component => ({...counter(name, unit, key), stat_cla: 'measurement'});
const moment = (name: string, key: string): Component => ({p: 'sensor', name, dev_cla: 'timestamp', val_tpl: read(key)});

/** A component that is on while something is wrong, with the reasons beside it. */
const problem = (topic: string): Component => ({
	p: 'binary_sensor',
	name: 'Problem',
	dev_cla: 'problem',
	val_tpl: read('problem'),
	json_attr_t: topic,
	json_attr_tpl: "{{ {'reasons': value_json.reasons} | tojson }}",
});

/** What is there in every log, and what only where it is anchored. */
type Parts = {readonly logName: string; readonly version: string; readonly topics: Topics; readonly isAnchored: boolean};

/**
 * The message of the device-based discovery of Home Assistant 2024.11 and later: `device`, `origin`, and the components with their `platform` and `unique_id`, in its abbreviations
 * [home-assistant.io/integrations/mqtt, "Device discovery payload"].
 */
function describe(
	{logName, version, topics}: Parts,
	deviceId: string | undefined,
	device: Readonly<Record<string, string>>,
	components: Readonly<Record<string, Component>>,
): string {
	// No name of a log or a device has a colon: two of them never make one id.
	const agentId = `kedge:${logName}`;
	const id = deviceId === undefined ? agentId : `${agentId}:${deviceId}`;
	return JSON.stringify({
		dev: {ids: [id], mf: 'Kedge', sw: version, ...device, ...(deviceId === undefined ? {} : {via_device: agentId})},
		o: {name: 'Kedge', sw: version},
		avty_t: topics.status,
		stat_t: topics.state(deviceId),
		cmps: Object.fromEntries(Object.entries(components).map(([key, component]) => [key, {...component, uniq_id: `${id}:${key}`}])),
	});
}

export function describeAgent(parts: Parts): string {
	const {logName, topics, isAnchored} = parts;
	return describe(
		parts,
		undefined,
		{name: `Kedge ${logName}`, mdl: 'Agent'},
		{
			state: {
				p: 'sensor',
				name: 'State',
				dev_cla: 'enum',
				options: ['running', 'withheld', 'full', 'frozen', 'stopping'],
				val_tpl: read('state'),
			},
			problem: problem(topics.state()),
			entries: counter('Log entries', 'entries', 'entries'),
			...(isAnchored
				? {
						// A block that vanishes takes its anchors with it: it can fall.
						anchored: gauge('Anchored entries', 'entries', 'anchored'),
						unanchored_age: {...gauge('Oldest unanchored entry', 'min', 'unanchoredMinutes'), dev_cla: 'duration'},
						// Of the chain whose balance is used up first; nothing until an anchor was paid for.
						runway: {...gauge('Anchoring balance lasts', 'd', 'runwayDays'), dev_cla: 'duration', ...diagnostic},
					}
				: {}),
			devices: {...gauge('Devices', 'devices', 'devices'), ...diagnostic},
			silent: {...gauge('Silent devices', 'devices', 'silent'), ...diagnostic},
			refused: {...counter('Refused messages', 'messages', 'refused'), ...diagnostic},
			disk_free: {...gauge('Free disk', 'MiB', 'diskFreeMiB'), dev_cla: 'data_size', ...diagnostic},
		},
	);
}

export function describeDevice(parts: Parts, deviceId: string): string {
	const {logName, topics, isAnchored} = parts;
	return describe(
		parts,
		deviceId,
		{name: `Kedge ${deviceId}`, mdl: `Device in the log ${logName}`},
		{
			problem: problem(topics.state(deviceId)),
			...(isAnchored
				? {
						anchored_until: moment('Anchored until', 'anchoredUntil'),
						unanchored: gauge('Unanchored entries', 'entries', 'unanchored'),
					}
				: {}),
			entries: counter('Log entries', 'entries', 'entries'),
			last_reading: moment('Last reading', 'lastReading'),
			gaps: counter('Gaps since start', 'gaps', 'gaps'),
			silences: {...counter('Silences since start', 'silences', 'silences'), ...diagnostic},
			refused: {...counter('Refused since start', 'messages', 'refused'), ...diagnostic},
		},
	);
}

const mib = 1024 * 1024;

const timeText = (timeMs: number | undefined): string | null => (timeMs === undefined ? null : new Date(timeMs).toISOString());

export function agentState({
	state,
	size,
	anchor,
	devices,
	silent,
	counters,
	disk,
	reasons,
}: Pick<Status, 'state' | 'size' | 'anchor' | 'devices' | 'silent' | 'counters' | 'disk' | 'reasons'>): string {
	const refused = refusalCounts(counters).refused.reduce((sum, [, count]) => sum + count, 0);
	const ageMs = anchor?.oldestUnanchoredAgeMs;
	const runways = (anchor?.targets ?? []).flatMap(target =>
		target.kind === 'chain' && target.runwayDays !== undefined ? [target.runwayDays] : [],
	);
	return JSON.stringify({
		state,
		problem: reasons.length > 0 ? 'ON' : 'OFF',
		reasons,
		entries: size,
		...(anchor === undefined
			? {}
			: {
					anchored: anchor.minedSize,
					unanchoredMinutes: ageMs === undefined ? 0 : Math.floor(ageMs / 60_000),
					runwayDays: runways.length === 0 ? null : Math.floor(Math.min(...runways)),
				}),
		devices,
		silent: silent.count,
		refused,
		diskFreeMiB: Math.floor(disk.freeBytes / mib),
	});
}

/** What is told of a device. */
export type DeviceNews = {
	/** Entries about it that the log has, enrolments and notes among them. */
	readonly entries: number;
	/** undefined: nothing is anchored here, or it is not known. */
	readonly anchored: {readonly entries: number; readonly untilMs: number} | undefined;
	/** When something arrived last since the start of which there is a reading. */
	readonly lastReadingMs: number | undefined;
	/** Since the start. */
	readonly gaps: number;
	readonly silences: number;
	readonly refused: number;
	readonly reasons: readonly ('silent' | 'register exceptions' | 'certificate expired' | 'calibration expired')[];
};

export function deviceState({entries, anchored, lastReadingMs, gaps, silences, refused, reasons}: DeviceNews): string {
	return JSON.stringify({
		problem: reasons.length > 0 ? 'ON' : 'OFF',
		reasons,
		anchoredUntil: timeText(anchored?.untilMs),
		unanchored: anchored === undefined ? null : Math.max(0, entries - anchored.entries),
		entries,
		lastReading: timeText(lastReadingMs),
		gaps,
		silences,
		refused,
	});
}
