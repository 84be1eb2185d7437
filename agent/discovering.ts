// The composition root's part that listens to what speaks on a broker and proposes a config for it. A person decides: nothing here changes anything.

import type {Clock} from './base/clock.ts';
import {AgentError, describeError} from './base/errors.ts';
import type {Logger} from './base/logger.ts';
import {parseConfig} from './config.ts';
import {arrivalFlags} from './format/arrival.ts';
import {type Collection, createCollection, type Heard} from './ingest/collection.ts';
import type {Decoder} from './ingest/decoders/decoder.ts';
import {loadAllDecoders} from './ingest/decoders/table.ts';
import type {Devices} from './ingest/devices.ts';
import type {MqttClientOptions} from './ingest/mqtt-client.ts';
import {claimsOn, holdsNothing, type Proposal, type ProposedDevice, type ProposedMapping, propose, refine} from './ingest/proposal.ts';
import {type Tried, tryMessage} from './ingest/trial.ts';
import {openDevices} from './main.ts';
import {pagesYaml, readSecret, sitePaths} from './site.ts';

/** How to get to a broker, as words of a command say it. */
export type Listening = {
	readonly url: string;
	readonly clientId: string;
	readonly username: string | undefined;
	readonly passwordFile: string | undefined;
	/** PEM. */
	readonly ca: string | undefined;
	/** Where that stands, for the config. */
	readonly caFile: string | undefined;
	readonly topics: readonly string[];
};

export type DiscoverProgress = {
	readonly isConnected: boolean;
	readonly messages: number;
	readonly topics: number;
	/** By format, topics whose first message some decoder took for its own. */
	readonly formats: ReadonlyMap<string, number>;
	/** Of topics that nobody knows. */
	readonly unknown: number;
};

/** A broker that says nothing for so long is not there. */
const connectMsMax = 20_000;
/** The largest packet that is taken in: lists of devices are long. */
const packetBytesMax = 1_048_576;
const progressEveryMs = 500;

/** Listens until the signal aborts. Fails with BROKER_UNREACHABLE if the broker never lets it in, or refuses what it wants to hear. */
export async function listen(options: {
	readonly listening: Listening;
	readonly clock: Clock;
	readonly signal: AbortSignal;
	readonly onProgress: (progress: DiscoverProgress) => void;
}): Promise<Collection> {
	const {listening, clock, signal, onProgress} = options;
	const {url, clientId, username, passwordFile, ca} = listening;
	const collection = createCollection();
	const decoders = await loadAllDecoders();
	const formats = new Map<string, number>();
	let unknown = 0;
	let problem: string | undefined;
	const logger: Logger = {
		log: (level, event, fields) => {
			if (level === 'warn' || level === 'error') problem = [event, fields?.error].filter(text => text !== undefined).join(': ');
		},
	};
	const clientOptions: MqttClientOptions = {
		name: 'discover',
		url,
		clientId,
		topics: listening.topics,
		isOnlooker: true,
		packetBytesMax,
		...(username === undefined ? {} : {username}),
		...(passwordFile === undefined ? {} : {password: await readSecret(passwordFile)}),
		...(ca === undefined ? {} : {tls: {ca}}),
	};
	const {openMqttClient} = await import('./ingest/mqtt-client.ts');
	await using door = openMqttClient(
		{
			accept: ({topic, payload, flags, payloadLength}, done) => {
				// The payload is a view into what the socket read.
				const message = {
					topic,
					payload: Uint8Array.from(payload),
					isRetained: (flags & arrivalFlags.retain) !== 0,
					arrivedAtMs: clock.nowMs(),
				};
				if (payloadLength === undefined && collection.add(message)) {
					const [first] = claimsOn(decoders, message);
					if (first === undefined) unknown += 1;
					else formats.set(first.format, (formats.get(first.format) ?? 0) + 1);
				}
				done('kept');
			},
			pressure: () => undefined,
			clock,
			logger,
		},
		clientOptions,
	);
	const begunMs = clock.monotonicMs();
	while (!signal.aborted) {
		await clock.sleep(progressEveryMs, signal);
		const {connects, connected, refusedTopics} = door.stats();
		if (refusedTopics.length > 0)
			throw new AgentError('BROKER_UNREACHABLE', `${url} does not let us listen to ${refusedTopics.join(' ')}`, {
				hint: 'Name topics that this user may read with --topics.',
			});
		if (connects === 0 && clock.monotonicMs() - begunMs > connectMsMax) break;
		onProgress({isConnected: connected, messages: collection.heardCount(), topics: collection.topicCount(), formats, unknown});
	}
	if (door.stats().connects === 0)
		throw new AgentError('BROKER_UNREACHABLE', `${url} does not answer${problem === undefined ? '' : `: ${problem}`}`, {
			hint: 'See --username, --password-file and --ca.',
		});
	return collection;
}

/** What becomes of one message with the proposed config. */
export type Fate = {readonly message: Heard; readonly tried: Tried};

export type Discovery = {
	/** The config, or the part of one. */
	readonly text: string;
	readonly proposal: Proposal;
	/** With the config as it is printed: what is commented out reads nothing. */
	readonly fates: readonly Fate[];
};

export type DiscoverOptions = {
	readonly messages: readonly Heard[];
	/** In which the devices' clocks stand, if somebody said it. */
	readonly zone: string | undefined;
	/** Of this machine, for a comment. */
	readonly ownZone: string | undefined;
	/** Prints a whole config: the name of its log, and how to get to the broker. */
	readonly whole: {readonly name: string; readonly listening: Listening} | undefined;
	/** Sentences that go in front. */
	readonly notes: readonly string[];
};

/** Readings are late when they are old; the trial says nothing of it. */
const lateAfterMs = 15 * 60_000;
const fileName = 'the proposal';

/** Proposes for the messages, compiles what it proposes as the agent would, and decodes the messages with it. */
export async function discover(options: DiscoverOptions): Promise<Discovery> {
	const {messages} = options;
	const decoders: readonly Decoder[] = await loadAllDecoders();
	const trial = {lateAfterMs, readsRetained: true};
	const proposal = refine(propose(decoders, messages), decoders, messages, trial);
	// Once without comments, to know what they have to say.
	let opened: Devices;
	try {
		opened = await openText(proposalText(proposal, options, []));
	} catch (error) {
		const sentence = `this proposal would not compile, so that it is switched off as a whole: ${describeError(error)}`;
		const text = allOff(proposalText(proposal, {...options, notes: [...options.notes, sentence]}, []));
		return {text, proposal, fates: messages.map(message => ({message, tried: notTried}))};
	}
	const fates = messages.map(message => ({message, tried: tryMessage(message, {...trial, devices: opened})}));
	const isKnown = holdsNothing(proposal, decoders);
	const known = new Set(
		fates.filter(({message, tried}) => tried.route === undefined && isKnown(message)).map(({message}) => message.topic),
	);
	return {text: proposalText(proposal, options, fates, known), proposal, fates};
}

const notTried: Tried = {route: undefined, signed: undefined, isLearned: false, refused: undefined, readings: [], asksOn: []};

/** Opens mappings and devices of a config's text as the agent does. Fails with CONFIG_INVALID. */
async function openText(text: string): Promise<Devices> {
	// A part of a config has no log.
	const whole = /^log:/m.test(text) ? text : `log: {name: proposal}\n${text}`;
	return openDevices({...parseConfig(whole, fileName), configPath: fileName, paths: sitePaths('.')});
}

function allOff(text: string): string {
	return text.replace(/^(?!#|$)/gm, '#');
}

/** Topics that are listed by name. */
const listedMax = 100;

function proposalText(
	proposal: Proposal,
	options: DiscoverOptions,
	fates: readonly Fate[],
	knownTopics: ReadonlySet<string> = new Set(),
): string {
	const {whole, zone} = options;
	const seen = seenIn(fates);
	const lines: string[] = [
		...(whole === undefined
			? [
					'# Proposed by `kedge discover`: nobody has decided anything. Read it, delete what is not yours to log, and take it into kedge.yaml.',
				]
			: [
					'# Proposed by `kedge discover`: nobody has decided anything. Read it, delete what is not yours to log. Then, as FOLDER/kedge.yaml, it is a whole config:',
					'# `kedge init FOLDER` makes keys and an empty log for it, `kedge run --config FOLDER/kedge.yaml` runs it.',
				]),
		'# Devices that shall come to the embedded broker need a password each, see `kedge password`; through a broker of yours they need none.',
		...options.notes.map(note => `# ${cleanText(note)}`),
		'',
	];
	if (whole !== undefined)
		lines.push('log:', `  name: ${yamlText(whole.name)}`, '', ...clientLines(whole.name, whole.listening), '', ...pagesYaml.split('\n'));
	const working = proposal.mappings.filter(({problem}) => problem === undefined);
	const speaking = proposal.devices.filter(({problem}) => problem === undefined);
	lines.push(proposal.mappings.length === 0 ? '#mappings: nothing was recognised' : working.length === 0 ? '#mappings:' : 'mappings:');
	for (const mapping of proposal.mappings) lines.push(...mappingLines(mapping, proposal, zone, options.ownZone, seen));
	lines.push(proposal.devices.length === 0 ? '#devices:' : speaking.length === 0 ? '#devices:' : 'devices:');
	for (const device of proposal.devices) lines.push(...deviceLines(device, seen));
	lines.push(...restLines(proposal, fates, knownTopics));
	return `${lines.join('\n')}\n`;
}

function clientLines(name: string, {url, username, passwordFile, caFile}: Listening): string[] {
	return [
		"# The broker that was listened to. The client id must be nobody else's, and stay the same.",
		'client:',
		`  url: ${yamlText(url)}`,
		`  clientId: ${yamlText(`kedge-${name.replace('/', '-')}`.slice(0, 64))}`,
		...(username === undefined ? [] : [`  username: ${yamlText(username)}`]),
		...(passwordFile === undefined ? [] : [`  passwordFile: ${yamlText(passwordFile)}`]),
		...(caFile === undefined ? [] : [`  caFile: ${yamlText(caFile)}`]),
	];
}

/** What was found by decoding, for comments. */
type Seen = {
	/** By device id: channels with the unit that the device prints. */
	readonly channels: ReadonlyMap<string, ReadonlyMap<string, string>>;
	/** By mapping: how many messages gave readings, and what was refused, by reason. */
	readonly mappings: ReadonlyMap<string, {messages: number; readings: number; readonly channels: Map<string, string>}>;
	/** By device id and reason, one of the sentences. */
	readonly refused: ReadonlyMap<string, ReadonlyMap<string, string>>;
};

function seenIn(fates: readonly Fate[]): Seen {
	const channels = new Map<string, Map<string, string>>();
	const mappings = new Map<string, {messages: number; readings: number; channels: Map<string, string>}>();
	const refused = new Map<string, Map<string, string>>();
	const refusedOf = (id: string): Map<string, string> => {
		const own = refused.get(id) ?? new Map();
		refused.set(id, own);
		return own;
	};
	for (const {tried} of fates) {
		const {route} = tried;
		if (route === undefined) continue;
		const {id} = route.device;
		const ofMapping = mappings.get(route.mapping.name) ?? {messages: 0, readings: 0, channels: new Map()};
		mappings.set(route.mapping.name, ofMapping);
		ofMapping.messages += 1;
		if (tried.refused !== undefined && !isByNature(tried)) refusedOf(id).set(tried.refused.refused, tried.refused.detail);
		for (const one of tried.readings) {
			if ('refused' in one) {
				refusedOf(id).set(one.refused, one.detail);
				continue;
			}
			ofMapping.readings += 1;
			const {channel, unit} = one.reading;
			const own = channels.get(id) ?? new Map();
			channels.set(id, own.set(channel.name, unit));
			ofMapping.channels.set(channel.quantity.name, unit);
		}
	}
	return {channels, mappings, refused};
}

const isByNature = ({refused}: Tried): boolean => refused?.refused === 'no-reading' || refused?.refused === 'readings-none';

/** Quantities or channels that one comment names. */
const namedMax = 12;

function measuredText(channels: ReadonlyMap<string, string> | undefined): string | undefined {
	if (channels === undefined || channels.size === 0) return undefined;
	const texts = [...channels].map(([name, unit]) => (unit === '' || unit === 'state' ? name : `${name} ${unit}`));
	const more = texts.length - namedMax;
	return `${texts.slice(0, namedMax).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function mappingLines(
	mapping: ProposedMapping,
	{devices}: Proposal,
	zone: string | undefined,
	ownZone: string | undefined,
	seen: Seen,
): string[] {
	const {name, format, readingsBy, topic, time, wantsZone, sureness, others, makes, problem, readings} = mapping;
	const own = devices.filter(device => device.mappings.includes(name)).length;
	const isOff = problem !== undefined;
	const comments = [
		`${makes.length === 0 ? format : listText(makes, 6)}: ${own} device${own === 1 ? '' : 's'}, ${sureness} of 100 sure${
			others.size === 0 ? '' : `; could also be ${[...others].map(([other, its]) => `${other} (${its})`).join(', ')}`
		}`,
	];
	const found = seen.mappings.get(name);
	const measured = measuredText(found?.channels);
	if (measured !== undefined) comments.push(`Found: ${measured}`);
	else if (found !== undefined && !isOff) comments.push('None of the messages that were heard held a reading.');
	if (isOff) comments.push(`Switched off, because ${problem}.`);
	const zoneLines =
		zone !== undefined
			? wantsZone
				? [`    zone: ${yamlText(zone)}`]
				: []
			: wantsZone
				? [
						'    # Its devices print local times without an offset. Until you say where their clocks stand, they have no time: fill this in, and take the "#" away,',
						`    # or let \`kedge discover --zone ${ownZone ?? 'Europe/Amsterdam'}\` fill it in everywhere.`,
						`#    zone: ${yamlText(ownZone ?? 'Europe/Amsterdam')}${ownZone === undefined ? '' : '  # that of this machine; is it theirs?'}`,
					]
				: [];
	const body = [
		`  ${name}:`,
		`    topic: ${yamlText(topic)}`,
		`    format: ${format}`,
		...zoneLines,
		...(time === undefined ? [] : [`    time: {pointer: ${yamlText(time.pointer)}, format: ${time.format}}`]),
		...(readings.length === 0 ? [] : ['    readings:', ...readings.map(readingLine)]),
		...(isOff && readings.length === 0
			? [
					'    readings:',
					`      - {${readingsBy === 'pointer' ? 'pointer: /NAME/OF/THE/VALUE' : 'name: NAME-OF-THE-VALUE'}, quantity: temperature, unit: °C, optional: true}`,
				]
			: []),
	];
	return [...comments.map(comment => `  # ${cleanText(comment)}`), ...(isOff ? body.map(off) : body), ''];
}

const off = (line: string): string => (line.startsWith('#') ? line : `#${line}`);

function readingLine({pointer, name, sum, quantity, unit, part, exponent, optional}: ProposedMapping['readings'][number]): string {
	const fields = [
		...(pointer === undefined ? [] : [`pointer: ${yamlText(pointer)}`]),
		...(name === undefined ? [] : [`name: ${yamlText(name)}`]),
		...(sum === true ? ['sum: true'] : []),
		`quantity: ${quantity}`,
		...(unit === undefined || unit === '' ? [] : [`unit: ${yamlText(unit)}`]),
		...(part === undefined ? [] : [`part: ${yamlText(part)}`]),
		...(exponent === undefined ? [] : [`exponent: ${exponent}`]),
		...(optional === true ? ['optional: true'] : []),
	];
	return `      - {${fields.join(', ')}}`;
}

function deviceLines({id, topicName, mappings, makes, signed, problem}: ProposedDevice, seen: Seen): string[] {
	const refused = seen.refused.get(id);
	const comments = [
		...(makes.length === 0 ? [] : [listText(makes, 4)]),
		...(seen.channels.has(id) ? [measuredText(seen.channels.get(id))!] : problem === undefined ? ['Heard, but no reading of it.'] : []),
		...(problem === undefined ? [] : [`Switched off: ${problem}.`]),
		...[...(refused ?? [])].slice(0, 4).map(([reason, detail]) => `refused ${reason}: ${detail}`),
	];
	const body = [
		`  - id: ${yamlText(id)}`,
		...(topicName === id ? [] : [`    topicName: ${yamlText(topicName)}`]),
		`    mappings: [${mappings.join(', ')}]`,
		...(signed === undefined ? [] : ['#    publicKey: "ed25519:…"']),
	];
	return [...comments.map(comment => `  # ${cleanText(comment)}`), ...(problem === undefined ? body : body.map(off))];
}

/** What no mapping reads, and what was left out. */
function restLines(proposal: Proposal, fates: readonly Fate[], knownTopics: ReadonlySet<string>): string[] {
	const lines: string[] = [];
	const topics = new Set<string>();
	const known = new Set(knownTopics);
	for (const {message, tried} of fates) {
		if (tried.route !== undefined || tried.isLearned) known.add(message.topic);
		else topics.add(message.topic);
	}
	const unread = [...topics].filter(topic => !known.has(topic));
	if (proposal.leftOut.length > 0) lines.push('', '# Left out:', ...proposal.leftOut.map(sentence => `#   ${cleanText(sentence)}`));
	if (unread.length > 0) {
		lines.push('', `# Heard, and read by no mapping above (${unread.length} topic${unread.length === 1 ? '' : 's'}):`);
		for (const topic of unread.slice(0, listedMax)) lines.push(`#   ${cleanText(topic)}`);
		if (unread.length > listedMax) lines.push(`#   and ${unread.length - listedMax} more`);
	}
	return lines;
}

function listText(texts: readonly string[], max: number): string {
	return `${texts.slice(0, max).join(', ')}${texts.length > max ? ` and ${texts.length - max} more` : ''}`;
}

const cleanMax = 240;

/** What came over the wire, for a comment: one line, nothing that a terminal or YAML could obey. */
function cleanText(text: string): string {
	const clean = text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\ufffd');
	return clean.length > cleanMax ? `${clean.slice(0, cleanMax)}…` : clean;
}

/** Words that YAML readers of one version or another take for something else than a text. */
const reserved = /^(?:true|false|null|yes|no|on|off|y|n)$/i;

/** A text as YAML, quoted where it has to be. What is no plain character stands as its number. */
function yamlText(text: string): string {
	if (/^[A-Za-z][A-Za-z0-9_/.-]*$/.test(text) && !reserved.test(text)) return text;
	return JSON.stringify(text).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, found =>
		[...found].flatMap(character => Array.from(utf16Of(character), unit => `\\u${unit.toString(16).padStart(4, '0')}`)).join(''),
	);
}

function utf16Of(character: string): number[] {
	return Array.from({length: character.length}, (_, i) => character.charCodeAt(i));
}
