// The composition root's part that turns messages, in their order, into what they would become, and why: for people who ask before they decide.

import type {Clock} from './base/clock.ts';
import {AgentError} from './base/errors.ts';
import {nodeHasher} from './base/hash-node.ts';
import type {Logger} from './base/logger.ts';
import {putStoredDevices} from './device-desk.ts';
import {decimalText} from './format/decimal.ts';
import {qualityNames} from './format/entry.ts';
import type {Heard} from './ingest/collection.ts';
import type {Decoder} from './ingest/decoders/decoder.ts';
import {formats, loadAllDecoders, loadDecoder} from './ingest/decoders/table.ts';
import type {Devices} from './ingest/devices.ts';
import {parseJson} from './ingest/json.ts';
import {type Claim, claimsOn, openProposal, type Proposal, propose, refine} from './ingest/proposal.ts';
import {type RefusalReason, refusalReasons} from './ingest/refusal.ts';
import {printedText, type SignedNote, tryMessage} from './ingest/trial.ts';
import {parseZone} from './ingest/zone.ts';
import {learnedOf} from './learned.ts';
import {openLogReader} from './log/reader.ts';
import {exists, type Site} from './site.ts';

export {formats as formatNames} from './ingest/decoders/table.ts';

export type ExplainedReading = {
	/** `energy-import:L1`. */
	readonly channel: string;
	/** What the device printed, and its unit. */
	readonly printed: string;
	readonly unit: string;
	/** What stands in the entry: value·10^exponent of the base unit. */
	readonly value: string;
	readonly exponent: number;
	readonly baseUnit: string;
	/** The same in plain digits. */
	readonly exact: string;
	/** ISO 8601; undefined: the device claims none that can be taken. */
	readonly measuredAt: string | undefined;
	readonly noTimeBecause: string | undefined;
	readonly quality: readonly string[];
	readonly session: string | undefined;
	readonly sequence: number | undefined;
	readonly spanMs: number | undefined;
	readonly counter: string | undefined;
};

export type ExplainedRefusal = {
	readonly reason: RefusalReason;
	readonly detail: string;
	readonly means: string;
	/** Of one reading only. */
	readonly channel: string | undefined;
};

export type Explained = {
	readonly topic: string;
	readonly bytes: number;
	/** undefined: nobody knows it. */
	readonly format: string | undefined;
	readonly chosenBy: 'config' | 'words' | 'recognition' | undefined;
	/** Of the config, or the one that was made up for it. */
	readonly mapping: {readonly name: string; readonly topic: string} | undefined;
	readonly device: string | undefined;
	/** What the message looks like to each decoder that takes it for its own, the surest first. */
	readonly looksLike: readonly {readonly format: string; readonly sureness: number; readonly make: string | undefined}[];
	readonly signed: SignedNote | undefined;
	/** It described devices, and that was taken in. */
	readonly isLearned: boolean;
	readonly readings: readonly ExplainedReading[];
	readonly refusals: readonly ExplainedRefusal[];
	/** Topics on which the decoder would ask the device for something. */
	readonly asksOn: readonly string[];
	/** Why nothing could be tried, as a sentence. */
	readonly problem: string | undefined;
	/** What would get more of an answer, as a sentence. */
	readonly hint: string | undefined;
};

export type ExplainOptions = {
	readonly messages: readonly Pick<Heard, 'topic' | 'payload' | 'isRetained'>[];
	/** Its mappings and devices decide. */
	readonly site: Site | undefined;
	/** Else this one. */
	readonly format: string | undefined;
	readonly zone: string | undefined;
	/** 16 bytes, see MappingConfig. */
	readonly key: Uint8Array | undefined;
	readonly clock: Clock;
};

const lateAfterMsDefault = 15 * 60_000;

/** Explains each message; they share what a decoder remembers. Fails with ARGUMENT_INVALID or CONFIG_INVALID. */
export async function explain(options: ExplainOptions): Promise<Explained[]> {
	const {site, format, zone, key, clock} = options;
	if (zone !== undefined && parseZone(zone) === undefined)
		throw new AgentError('ARGUMENT_INVALID', `"${zone}" is no zone such as UTC, +08:00 or Europe/Amsterdam`);
	const arrivedAtMs = clock.nowMs();
	const messages: readonly Heard[] = options.messages.map(message => ({...message, arrivedAtMs}));
	const all = await loadAllDecoders();
	const lateAfterMs = site === undefined ? lateAfterMsDefault : site.config.ingest.lateAfterMinutes * 60_000;
	const trial = {lateAfterMs, opensUnknownSignatures: true};
	const {devices, proposal} = await openFor(messages, all, options, trial);
	return messages.map(message => {
		const claims = claimsOn(all, message);
		const tried = tryMessage(message, {...trial, devices});
		const {route, refused} = tried;
		const isUnclaimed = site === undefined && refused?.refused === 'device-unknown';
		const first = claims.find(claim => format === undefined || claim.format === format);
		const refusals = [
			...(refused === undefined || isUnclaimed ? [] : [{...refusalOf(refused), channel: undefined}]),
			...tried.readings.flatMap(one => ('refused' in one ? [{...refusalOf(one), channel: one.reading?.channel.name}] : [])),
		];
		const read = route?.mapping.format ?? (site === undefined ? (format ?? first?.format) : undefined);
		const unread = isUnclaimed ? whyUnread(message.payload, first, proposal, format) : undefined;
		return {
			topic: message.topic,
			bytes: message.payload.length,
			format: read,
			chosenBy: site !== undefined ? 'config' : format !== undefined ? 'words' : first === undefined ? undefined : 'recognition',
			mapping: route && {name: route.mapping.name, topic: route.mapping.topic},
			device: route?.device.id,
			looksLike: claims.map(({format: its, found}) => ({format: its, sureness: found.sureness, make: found.make})),
			signed: tried.signed,
			isLearned: tried.isLearned,
			readings: tried.readings.flatMap(one => ('refused' in one ? [] : [explainedReading(one, first, zone ?? route?.mapping.zone?.name)])),
			refusals,
			asksOn: tried.asksOn,
			problem: unread,
			hint: hintFor(
				read,
				refusals.map(({reason}) => reason),
			),
		};
		function refusalOf({
			refused: reason,
			detail,
		}: {
			readonly refused: RefusalReason;
			readonly detail: string;
		}): Omit<ExplainedRefusal, 'channel'> {
			return {reason, detail, means: refusalReasons[reason]};
		}
	});

	async function openFor(
		heard: readonly Heard[],
		decoders: readonly Decoder[],
		{site: opened, format: wanted}: ExplainOptions,
		how: {readonly lateAfterMs: number},
	): Promise<{readonly devices: Devices; readonly proposal: Proposal | undefined}> {
		if (opened !== undefined) return {devices: await devicesOf(opened), proposal: undefined};
		let some = decoders;
		if (wanted !== undefined) {
			const decoder = await loadDecoder(wanted);
			if ('problem' in decoder) throw new AgentError('ARGUMENT_INVALID', decoder.problem, {hint: `Formats: ${formats.join(', ')}`});
			some = [decoder];
		}
		const found = refine(propose(some, heard), some, heard, {...how, readsRetained: true});
		const withOwn = wanted === undefined ? found : withFallback(found, some[0]!, heard);
		return {devices: openProposal(withOwn, some, {zone, key}), proposal: withOwn};
	}
}

/** The devices of a site as its agent knows them, running or not: with those that were added, and with what descriptions said of them before. */
async function devicesOf(site: Site): Promise<Devices> {
	const {openDevices} = await import('./main.ts');
	const devices = await openDevices(site);
	// A config alone, which nothing was made for yet.
	if (!(await exists(site.paths.log))) return devices;
	await using reader = await openLogReader({path: site.paths.log, hasher: nodeHasher});
	const logger: Logger = {log: () => {}};
	await putStoredDevices({site, log: reader, devices, logger});
	for (const {topic, payload, connected} of await learnedOf(reader)) devices.learn({topic, payload, arrivedAtMs: 0}, connected);
	return devices;
}

/** For messages that the decoder does not take for its own, although somebody says that they are: mappings that read their topics. */
function withFallback(proposal: Proposal, decoder: Decoder, messages: readonly Heard[]): Proposal {
	if (decoder.readingsBy !== 'format') return proposal;
	const {format} = decoder;
	const wanted = new Map<string, string>();
	const taken = new Set(proposal.devices.map(({topicName}) => topicName));
	for (const {topic} of messages) {
		const slash = topic.indexOf('/');
		const name = slash < 0 ? topic : topic.slice(slash + 1);
		const filter = slash < 0 || /[{}]/.test(topic) ? '#' : decoder.namesHaveSlashes === true ? `${topic.slice(0, slash)}/{device}` : '#';
		if (!taken.has(name)) wanted.set(filter === '#' ? 'message' : name, filter);
	}
	const filters = [...new Set(wanted.values())];
	const blank = {
		format,
		readingsBy: decoder.readingsBy,
		readings: [],
		time: undefined,
		wantsZone: false,
		sureness: 0,
		others: new Map(),
		makes: [],
		problem: undefined,
	};
	const names = new Map(filters.map((filter, i) => [filter, `${format}-as-told-${i + 1}`]));
	return {
		...proposal,
		mappings: [...proposal.mappings, ...filters.map(topic => ({...blank, name: names.get(topic)!, topic}))],
		devices: [
			...proposal.devices,
			...[...wanted].map(([topicName, filter], i) => ({
				id: `device-${i + 1}`,
				topicName,
				mappings: [names.get(filter)!],
				makes: [],
				signed: undefined,
				problem: undefined,
			})),
		],
	};
}

function whyUnread(payload: Uint8Array, first: Claim | undefined, proposal: Proposal | undefined, format: string | undefined): string {
	const parsed = first === undefined && looksLikeJson(payload) ? parseJson(payload) : undefined;
	if (parsed !== undefined && 'problem' in parsed) return `it begins as JSON does, but cannot be read: ${parsed.problem}`;
	if (first === undefined)
		return format === undefined
			? 'no decoder takes it for its own: say with --format what it is, or with --config which mappings read it'
			: `the decoder of ${format} does not take it for its own, and a mapping of ${format} names its readings: write one, and use --config`;
	const mapping = proposal?.mappings.find(one => one.format === first.format && one.topic === first.found.topic);
	return mapping?.problem === undefined
		? `it looks like ${first.format}, but no mapping could be made up for its topic`
		: `it looks like ${first.format}, but ${mapping.problem}: write a mapping, and use --config`;
}

/** The first character that is no blank opens an object or a list. */
function looksLikeJson(payload: Uint8Array): boolean {
	const first = payload.find(byte => byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d);
	return first === 0x7b || first === 0x5b;
}

/** How whoever asks gets an answer for a message that cannot be read without others. */
function hintFor(format: string | undefined, reasons: readonly RefusalReason[]): string | undefined {
	if (!reasons.includes('units-unknown')) return undefined;
	switch (format) {
		case 'zigbee2mqtt':
			return 'give the retained message of its list (…/bridge/devices) in front of this one, a message a line, with --lines';
		case 'homeassistant':
			return 'give its retained description (homeassistant/…/config) in front of this one, a message a line, with --lines';
		default:
			return undefined;
	}
}

function explainedReading(
	{reading, value, exponent, quality}: Extract<ReturnType<typeof tryMessage>['readings'][number], {readonly value: bigint}>,
	first: Claim | undefined,
	zone: string | undefined,
): ExplainedReading {
	const {channel, unit, measuredAtMs, timeIsDevices, session, sequence, spanMs, counter} = reading;
	const noTimeBecause =
		measuredAtMs === 0
			? first?.found.wantsZone === true && zone === undefined
				? 'the device prints local time, and no zone says where its clock stands'
				: 'the device claims none, or its clock was never set'
			: timeIsDevices
				? undefined
				: 'the device counts from the moment of arrival';
	return {
		channel: channel.name,
		printed: printedText(reading),
		unit,
		value: String(value),
		exponent,
		baseUnit: channel.quantity.unit,
		exact: reading.value === null ? 'none' : decimalText(value, exponent),
		measuredAt: measuredAtMs === 0 ? undefined : new Date(measuredAtMs).toISOString(),
		noTimeBecause,
		quality: qualityNames(quality),
		session,
		sequence,
		spanMs: spanMs === 0 ? undefined : spanMs,
		counter,
	};
}
