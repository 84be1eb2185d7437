// Reads kedge.yaml into one frozen Config; whatever is wrong is named with its line.

import {type Document, isMap, isScalar, LineCounter, parseDocument, visit} from 'yaml';
import {AgentError} from './base/errors.ts';
import {nearestName} from './base/nearest.ts';
import {secretPlace} from './base/secret-place.ts';

/** Every key with its unit and default is explained in kedge.example.yaml; a test compares the two. */
export type Config = {
	readonly log: {
		readonly name: string;
		readonly directory: string;
		readonly quarantineMiB: number;
		readonly keepArrivalsDays: number;
		readonly keepEntriesDays: number;
		/** Of the chains and authorities. */
		readonly anchorsNeeded: number;
		readonly floorMiB: number;
		readonly ballastMiB: number;
	};
	readonly broker: BrokerConfig | undefined;
	readonly client: ClientConfig | undefined;
	readonly ingest: {readonly lateAfterMinutes: number};
	readonly homeAssistant: HomeAssistantConfig | undefined;
	readonly mappings: Readonly<Record<string, MappingConfig>>;
	readonly devices: readonly DeviceConfig[];
	/** Sites and factors become statements of the log; see declaring.ts. */
	readonly sites: readonly SiteConfig[];
	readonly factors: readonly FactorConfig[];
	readonly anchor: AnchorConfig | undefined;
	readonly timestamps: readonly AuthorityConfig[];
	readonly market: MarketConfig | undefined;
	readonly api: ApiConfig | undefined;
	readonly logging: {readonly level: 'debug' | 'info' | 'warn' | 'error'};
};

/** A site whose emissions are counted. What its parts mean is said, and checked, in ledgers/emissions/site-body.ts. */
export type SiteConfig = {
	readonly id: string;
	readonly name: string | undefined;
	readonly zone: string | undefined;
	readonly gapMinutesMax: number | undefined;
	readonly report: {readonly scopes: readonly number[]; readonly scope2: 'location' | 'market' | undefined} | undefined;
	readonly sources: readonly SourceConfig[];
};

type CountedChannelConfig = {
	readonly device: string;
	readonly quantity: string;
	readonly part: string | undefined;
	readonly rollsOverAt: string | undefined;
	readonly stamp: 'end' | 'start' | undefined;
	readonly spanMinutes: number | undefined;
};

type AveragedChannelConfig = {
	readonly device: string;
	readonly quantity: string;
	readonly part: string | undefined;
	readonly fallback: string | undefined;
};

type SourceConfig = {
	readonly id: string;
	readonly name: string | undefined;
	readonly scope: number;
	readonly method: 'factor' | 'direct';
	readonly from: string | undefined;
	readonly to: string | undefined;
	readonly channels: readonly CountedChannelConfig[] | undefined;
	readonly factors: readonly string[] | undefined;
	readonly locationFactors: readonly string[] | undefined;
	readonly marketFactors: readonly string[] | undefined;
	readonly concentration: AveragedChannelConfig | undefined;
	readonly flow: AveragedChannelConfig | undefined;
	readonly quadrantsMin: number | undefined;
	readonly substitution: 'maximum' | 'fallback' | 'none' | undefined;
};

/** An emission factor. Without value, per and source it is the built-in one of that id, for the days that are said. */
export type FactorConfig = {
	readonly id: string;
	readonly value: string | undefined;
	readonly mass: 'mg' | 'g' | 'kg' | 't';
	readonly per: string | undefined;
	readonly source: string | undefined;
	readonly name: string | undefined;
	readonly region: string | undefined;
	readonly gases: string | undefined;
	readonly gwp: string | undefined;
	readonly validFrom: string | undefined;
	readonly validTo: string | undefined;
	readonly supersedes: number | undefined;
};

export type BrokerConfig = {
	readonly host: string;
	/** undefined: only with TLS. */
	readonly port: number | undefined;
	readonly tls:
		| {
				readonly port: number;
				readonly certificate: string;
				readonly key: string;
				readonly clientCa: string | undefined;
		  }
		| undefined;
	readonly plaintext: boolean;
	readonly anonymous: typeof anonymousWord | undefined;
	readonly messagesPerSecondMax: number | undefined;
	readonly deviceMessagesPerSecondMax: number | undefined;
	readonly packetBytesMax: number;
	readonly connectionsMax: number;
	readonly connectionsPerAddressMax: number;
	/** Who may listen and say nothing. */
	readonly readers: readonly {readonly name: string; readonly passwordHash: string; readonly topics: readonly string[]}[];
};

/** Written in full, so that nobody lets everybody in by mistake. */
const anonymousWord = 'I-know-that-anybody-can-publish';

export type ClientConfig = {
	readonly name: string;
	readonly url: string;
	readonly caFile: string | undefined;
	readonly certificateFile: string | undefined;
	readonly keyFile: string | undefined;
	readonly serverName: string | undefined;
	readonly clientId: string;
	readonly username: string | undefined;
	readonly passwordFile: string | undefined;
	readonly protocol: '3.1.1' | '5';
	readonly windowMax: number;
	readonly packetBytesMax: number;
	readonly watchDrops: boolean;
};

export type HomeAssistantConfig = {
	readonly prefix: string;
	readonly topic: string;
	/** The doors that it is announced through, where they are. */
	readonly through: 'both' | 'broker' | 'client';
};

export type MappingConfig = {
	readonly topic: string;
	readonly format: string;
	readonly zone: string | undefined;
	readonly keyFile: string | undefined;
	readonly time: {readonly pointer: string; readonly format: 'iso' | 'unix-s' | 'unix-ms'} | undefined;
	readonly sequence: {readonly pointer: string; readonly session: string | undefined} | undefined;
	readonly readings: readonly {
		readonly pointer: string | undefined;
		readonly name: string | undefined;
		readonly sum: boolean;
		readonly quantity: string;
		readonly unit: string | undefined;
		readonly part: string | undefined;
		readonly exponent: number | undefined;
		readonly optional: boolean;
	}[];
};

export type DeviceConfig = {
	readonly id: string;
	readonly topicName: string | undefined;
	readonly via: string | undefined;
	readonly passwordHash: string | undefined;
	readonly certificateSha256: string | undefined;
	readonly anonymous: boolean;
	readonly messagesPerSecondMax: number | undefined;
	readonly mappings: readonly string[];
	readonly cadenceSeconds: number | undefined;
	readonly simulated: boolean;
	readonly maxPowerW: number | undefined;
	readonly registerDigits: number | undefined;
	/** min and max in decimal text. */
	readonly quantities:
		| Readonly<Record<string, {readonly min: string | undefined; readonly max: string | undefined; readonly unit: string | undefined}>>
		| undefined;
	readonly publicKey: string | undefined;
	readonly signed: 'required' | 'optional';
	/** The file's SHA-256, and the days on which it holds, YYYY-MM-DD, both ends included. */
	readonly calibration:
		| {readonly sha256: string; readonly number: string | undefined; readonly notBefore: string; readonly notAfter: string}
		| undefined;
	readonly receipts: boolean;
};

/** A registry on a chain that the log is anchored at. */
export type ChainConfig = {
	readonly name: string | undefined;
	/** In the order in which they are asked. */
	readonly rpcUrls: readonly string[];
	readonly chainId: number;
	readonly registry: string;
	/** undefined: the anchoring key itself. */
	readonly opener: string | undefined;
	readonly genesisHash: string | undefined;
	readonly codeHash: string | undefined;
	readonly confirmations: number | undefined;
	readonly fees: 'dynamic' | 'legacy';
	readonly gasPriceGwei: number | undefined;
	readonly feeGweiMax: number;
	/** Decimal texts, in the chain's coin of 10^18 wei. */
	readonly costMax: string | undefined;
	readonly budgetPerDay: string | undefined;
	readonly coin: string;
};

export type AnchorConfig = {
	/** At least one. The first is where devices and markets are. */
	readonly chains: readonly [ChainConfig, ...ChainConfig[]];
	readonly keystore: string;
	readonly keystorePasswordFile: string;
	readonly signerUrl: string | undefined;
	readonly signerAddress: string | undefined;
	readonly signerPlaintext: boolean;
	readonly signerCaFile: string | undefined;
	readonly signerCertificateFile: string | undefined;
	readonly signerKeyFile: string | undefined;
	readonly everyMinutes: number;
	readonly entriesMax: number;
	readonly idleHours: number;
	readonly deviceRegistry: string | undefined;
	/** Where sites report what they emitted: from there their allowances are found. On the first chain. */
	readonly carbonReports: string | undefined;
};

/** A time-stamp authority [RFC 3161]. */
export type AuthorityConfig = {
	readonly name: string;
	readonly url: string;
	/** A PEM or DER file: the authority's own certificate, or that of the CA that it comes from. */
	readonly certificate: string;
	readonly imprints: readonly ('sha256' | 'sm3')[];
};

export type MarketConfig = {
	readonly name: string;
	readonly mode: 'metered' | 'forward';
	readonly pricing: 'auction' | 'midmarket';
	readonly currency: string;
	readonly feedInMicroPerKwh: number;
	readonly retailMicroPerKwh: number;
	readonly gridFeeMicroPerKwh: number;
	readonly lineLimitWh: number | undefined;
	readonly openBeforeHours: number;
	readonly gateBeforeMinutes: number;
	readonly clearAfterMinutes: number;
	readonly readingHours: number;
	readonly keystore: string;
	readonly keystorePasswordFile: string;
	readonly chainId: number | undefined;
	readonly contract: string | undefined;
	readonly paramsVersion: number;
	readonly firstSlot: number | undefined;
	readonly gridAccount: string | undefined;
	readonly retailerAccount: string | undefined;
	readonly poolAccount: string | undefined;
	readonly certificates: boolean;
	readonly meters: readonly {
		readonly device: string;
		readonly owner: string;
		readonly maxExportWh: number;
		readonly maxImportWh: number;
	}[];
};

export type ApiConfig = {
	readonly host: string;
	readonly port: number;
	readonly origins: readonly string[];
	readonly signInDomains: readonly string[];
	readonly trustProxy: boolean;
	readonly tokens: readonly {
		readonly name: string;
		readonly role: 'agent' | 'operator' | 'dso' | 'auditor' | 'mdc' | 'reader';
		readonly account: string | undefined;
		readonly sha256: string;
	}[];
};

/** Devices of the config, and all together with those that `kedge device` added. */
export const devicesMax = 10_000;

/** A device as `kedge device` hands it in: the same keys as in the config. Fails with CONFIG_INVALID. */
export function parseDevice(value: unknown): DeviceConfig {
	try {
		return deepFreeze(readDevice(value, ['device']));
	} catch (error) {
		if (error instanceof ConfigProblem) throw new AgentError('CONFIG_INVALID', `${pathText(error.path)}: ${error.message}`);
		throw error;
	}
}

/** A place in the document: keys and list indexes from the top. */
export type ConfigPath = readonly (string | number)[];

export type ParsedConfig = {
	readonly config: Config;
	/** The error for something that another room found wrong at this place. */
	readonly errorAt: (path: ConfigPath, problem: string) => AgentError;
};

class ConfigProblem extends Error {
	readonly path: ConfigPath;
	constructor(path: ConfigPath, problem: string) {
		super(problem);
		this.path = path;
	}
}

type Read<T> = (value: unknown, path: ConfigPath) => T;

/** Parses the text of a config file. `file` is its name in messages. Fails with CONFIG_INVALID. */
export function parseConfig(text: string, file: string): ParsedConfig {
	const lines = new LineCounter();
	const document = parseDocument(text, {lineCounter: lines, strict: true, uniqueKeys: true});
	const syntax = syntaxProblem(document);
	if (syntax !== undefined) throw new AgentError('CONFIG_INVALID', `${file}:${lines.linePos(syntax.at).line}: ${syntax.problem}`);
	const errorAt = (path: ConfigPath, problem: string): AgentError =>
		new AgentError('CONFIG_INVALID', `${file}:${lineOf(path)}: ${pathText(path)}: ${problem}`, {
			hint: 'Every key is explained in kedge.example.yaml.',
		});
	const lineOf = (path: ConfigPath): number => {
		// The key of the last step says more than its value: values can be empty.
		for (let length = path.length; length > 0; length -= 1) {
			const parent = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
			const key = path[length - 1];
			const pair = isMap(parent) ? parent.items.find(item => String(item.key) === key) : undefined;
			const node = (pair?.key ?? document.getIn(path.slice(0, length), true)) as {range?: readonly number[]} | undefined;
			const start = node?.range?.[0];
			if (start !== undefined) return lines.linePos(start).line;
		}
		return 1;
	};
	try {
		return {config: deepFreeze(readConfig(document.toJS({maxAliasCount: aliasesMax}) ?? {}, [])), errorAt};
	} catch (error) {
		if (error instanceof ConfigProblem) throw errorAt(error.path, error.message);
		// An alias stands for its anchor so often that the text would become very large.
		if (error instanceof ReferenceError) throw new AgentError('CONFIG_INVALID', `${file}:1: ${error.message}`, {cause: error});
		throw error;
	}
}

/** A file of YAML, or of JSON, as plain values: what they mean is for whoever asks. Fails with FORMAT_INVALID. */
export function parsePlain(text: string, file: string): unknown {
	const lines = new LineCounter();
	const document = parseDocument(text, {lineCounter: lines, strict: true, uniqueKeys: true});
	const syntax = syntaxProblem(document);
	if (syntax !== undefined) throw new AgentError('FORMAT_INVALID', `${file}:${lines.linePos(syntax.at).line}: ${syntax.problem}`);
	try {
		return document.toJS({maxAliasCount: aliasesMax});
	} catch (error) {
		throw new AgentError('FORMAT_INVALID', `${file}: ${error instanceof Error ? error.message : String(error)}`, {cause: error});
	}
}

/** How often the aliases of a file may stand for something, counted through one another. */
const aliasesMax = 100;

/** What makes the text no YAML that we take, and at which character: the first error or warning, a key that is no text, or an alias of nothing. */
function syntaxProblem(document: Document.Parsed): {readonly at: number; readonly problem: string} | undefined {
	const [found] = [...document.errors, ...document.warnings];
	if (found !== undefined) {
		const sentence = found.message.split('\n')[0]!.replace(/ at line \d+, column \d+:?$/, '');
		return {at: found.pos[0], problem: found.code === 'MULTIPLE_DOCS' ? 'the file must hold one document, without "---" inside' : sentence};
	}
	let problem: {readonly at: number; readonly problem: string} | undefined;
	visit(document, {
		Pair: (_, {key}) => {
			if (!isScalar(key)) problem ??= {at: (key as {range?: readonly number[]}).range?.[0] ?? 0, problem: 'a key must be a text'};
		},
		Alias: (_, alias) => {
			if (alias.resolve(document) === undefined) problem ??= {at: alias.range?.[0] ?? 0, problem: `there is no anchor &${alias.source}`};
		},
	});
	return problem;
}

function pathText(path: ConfigPath): string {
	return (
		path.reduce<string>((text, step) => (typeof step === 'number' ? `${text}[${step}]` : text === '' ? step : `${text}.${step}`), '') ||
		'the file'
	);
}

function fail(path: ConfigPath, problem: string): never {
	throw new ConfigProblem(path, problem);
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** A mapping with exactly these keys; a reader sees undefined where a key is missing. */
function object<T>(readers: {readonly [K in keyof T]-?: Read<T[K]>}): Read<T> {
	return (value, path) => {
		// A section with nothing below it is there, and takes its defaults.
		const found = value === null ? {} : required(value, path);
		if (!isRecord(found)) return fail(path, 'must be a mapping of keys');
		for (const key of Object.keys(found)) if (!Object.hasOwn(readers, key)) fail([...path, key], unknownKey(key, Object.keys(readers)));
		return Object.fromEntries(Object.entries<Read<unknown>>(readers).map(([key, read]) => [key, read(found[key], [...path, key])])) as T;
	};
}

function unknownKey(key: string, known: readonly string[]): string {
	const near = nearestName(key, known);
	return near === undefined ? 'unknown key' : `unknown key; did you mean "${near}"?`;
}

function optional<T>(read: Read<T>): Read<T | undefined> {
	return (value, path) => (value === undefined || value === null ? undefined : read(value, path));
}

/** A section that may be left out. */
function section<T>(read: Read<T>): Read<T | undefined> {
	return (value, path) => (value === undefined ? undefined : read(value, path));
}

function withDefault<T>(read: Read<T>, fallback: T): Read<T> {
	return (value, path) => (value === undefined || value === null ? fallback : read(value, path));
}

function required(value: unknown, path: ConfigPath): unknown {
	return value === undefined || value === null ? fail(path, 'is missing') : value;
}

function printed(value: unknown): string {
	return typeof value === 'number' ? String(value) : JSON.stringify(value);
}

function text(pattern?: RegExp, what?: string): Read<string> {
	return (value, path) => {
		const found = required(value, path);
		if (typeof found !== 'string') return fail(path, `must be a text, not ${printed(found)}`);
		if (pattern !== undefined && !pattern.test(found)) return fail(path, `"${found}" is not ${what}`);
		return found;
	};
}

/** A path, or `credential:NAME` [systemd.exec(5), LoadCredential=]. */
const secretFile: Read<string> = (value, path) => {
	const found = text()(value, path);
	const place = secretPlace(found);
	return 'problem' in place ? fail(path, place.problem) : found;
};

function wholeNumber(min: number, max: number): Read<number> {
	return (value, path) => {
		const found = required(value, path);
		if (typeof found !== 'number' || !Number.isInteger(found) || found < min || found > max)
			return fail(path, `must be a whole number from ${min} to ${max}, not ${printed(found)}`);
		return found;
	};
}

function number(min: number, max: number): Read<number> {
	return (value, path) => {
		const found = required(value, path);
		if (typeof found !== 'number' || !(found >= min && found <= max))
			return fail(path, `must be a number from ${min} to ${max}, not ${printed(found)}`);
		return found;
	};
}

const flag: Read<boolean> = (value, path) => {
	const found = required(value, path);
	return typeof found === 'boolean' ? found : fail(path, `must be true or false, not ${printed(found)}`);
};

function oneOf<T extends string>(...choices: readonly T[]): Read<T> {
	return (value, path) => {
		const found = required(value, path);
		return choices.includes(found as T) ? (found as T) : fail(path, `must be one of ${choices.join(', ')}, not ${printed(found)}`);
	};
}

function list<T>(read: Read<T>, lengthMin: number, lengthMax: number): Read<readonly T[]> {
	return (value, path) => {
		const found = required(value, path);
		if (!Array.isArray(found)) return fail(path, 'must be a list');
		if (found.length < lengthMin || found.length > lengthMax)
			return fail(path, `must have ${lengthMin} to ${lengthMax} items, not ${found.length}`);
		return found.map((item, i) => read(item, [...path, i]));
	};
}

const id = /^[A-Za-z0-9_-]{1,64}$/;
const idWhat = '1 to 64 letters, digits, _ or -';
const logName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}(?:\/[A-Za-z0-9][A-Za-z0-9._-]{0,63})?$/;

/** Lower case, whatever its checksum's spelling. */
const address: Read<string> = (value, path) =>
	text(/^0x[0-9a-fA-F]{40}$/, 'an address: 0x and 40 hexadecimal digits, in quotes')(value, path).toLowerCase();

const readMapping: Read<MappingConfig> = object<MappingConfig>({
	topic: text(),
	format: text(),
	zone: optional(text()),
	keyFile: optional(text()),
	time: section(object<NonNullable<MappingConfig['time']>>({pointer: text(), format: oneOf('iso', 'unix-s', 'unix-ms')})),
	sequence: section(object<NonNullable<MappingConfig['sequence']>>({pointer: text(), session: optional(text())})),
	readings: withDefault(
		list(
			object<MappingConfig['readings'][number]>({
				pointer: optional(text()),
				name: optional(text()),
				sum: withDefault(flag, false),
				quantity: text(),
				unit: optional(text()),
				part: optional(text(id, idWhat)),
				exponent: optional(wholeNumber(-12, 12)),
				optional: withDefault(flag, false),
			}),
			0,
			256,
		),
		[],
	),
});

const readMappings: Read<Config['mappings']> = (value, path) => {
	if (value === undefined || value === null) return {};
	if (!isRecord(value)) return fail(path, 'must be a mapping from names to mappings');
	return Object.fromEntries(
		Object.entries(value).map(([name, mapping]) => {
			if (!id.test(name)) fail([...path, name], `the name is not ${idWhat}`);
			return [name, readMapping(mapping, [...path, name])];
		}),
	);
};

/** A plain decimal number, as a number or a text: its digits are kept. */
const decimal: Read<string> = (value, path) => {
	const found = required(value, path);
	const printedNumber = typeof found === 'number' && Number.isFinite(found) ? String(found) : found;
	if (typeof printedNumber !== 'string' || !/^-?[0-9]{1,15}(?:\.[0-9]{1,12})?$/.test(printedNumber))
		return fail(path, `must be a decimal number, not ${printed(found)}`);
	return printedNumber.replace(/^(-?)0+(?=[0-9])/, '$1');
};

type QuantityLimits = NonNullable<DeviceConfig['quantities']>[string];

const readQuantities: Read<NonNullable<DeviceConfig['quantities']>> = (value, path) => {
	if (!isRecord(value)) return fail(path, 'must be a mapping from quantities to their limits');
	const read = object<QuantityLimits>({min: optional(decimal), max: optional(decimal), unit: optional(text())});
	return Object.fromEntries(Object.entries(value).map(([name, limits]) => [name, read(limits, [...path, name])]));
};

const day = text(/^\d{4}-\d\d-\d\d$/, 'a day such as 2026-05-01, in quotes');

const readCalibration: Read<NonNullable<DeviceConfig['calibration']>> = (value, path) => {
	const calibration = object<NonNullable<DeviceConfig['calibration']>>({
		sha256: text(/^[0-9a-f]{64}$/, "the SHA-256 of the certificate's file: 64 hexadecimal digits"),
		number: optional(text(/^[^\p{C}]{1,128}$/u, 'a text of 1 to 128 characters')),
		notBefore: day,
		notAfter: day,
	})(value, path);
	const {notBeforeMs, notAfterMs} = calibrationTimes(calibration);
	if (Number.isNaN(notBeforeMs)) fail([...path, 'notBefore'], `"${calibration.notBefore}" is no day`);
	if (Number.isNaN(notAfterMs)) fail([...path, 'notAfter'], `"${calibration.notAfter}" is no day`);
	if (notBeforeMs > notAfterMs) fail([...path, 'notBefore'], 'is after notAfter');
	return calibration;
};

/** From the first moment of the first day to the last of the last, in UTC. */
export function calibrationTimes({notBefore, notAfter}: {readonly notBefore: string; readonly notAfter: string}): {
	readonly notBeforeMs: number;
	readonly notAfterMs: number;
} {
	return {notBeforeMs: Date.parse(`${notBefore}T00:00:00.000Z`), notAfterMs: Date.parse(`${notAfter}T23:59:59.999Z`)};
}

const readDevice: Read<DeviceConfig> = object<DeviceConfig>({
	id: text(id, idWhat),
	topicName: optional(text(/^[^+#\p{C}]{1,128}$/u, '1 to 128 characters of a topic, without + and #')),
	via: optional(text(id, idWhat)),
	passwordHash: optional(text()),
	certificateSha256: optional(text(/^[0-9a-f]{64}$/, 'the SHA-256 of a certificate: 64 hexadecimal digits in lower case')),
	anonymous: withDefault(flag, false),
	messagesPerSecondMax: optional(wholeNumber(1, 100_000)),
	mappings: list(text(), 1, 64),
	cadenceSeconds: optional(wholeNumber(1, 604_800)),
	simulated: withDefault(flag, false),
	maxPowerW: optional(wholeNumber(1, 1_000_000_000)),
	registerDigits: optional(wholeNumber(1, 15)),
	quantities: optional(readQuantities),
	publicKey: optional(text()),
	signed: withDefault(oneOf('required', 'optional'), 'required'),
	calibration: section(readCalibration),
	receipts: withDefault(flag, false),
});

const readCountedChannel = object<CountedChannelConfig>({
	device: text(id, idWhat),
	quantity: text(),
	part: optional(text(id, idWhat)),
	rollsOverAt: optional(decimal),
	stamp: optional(oneOf('end', 'start')),
	spanMinutes: optional(wholeNumber(1, 44_640)),
});

const readAveragedChannel = object<AveragedChannelConfig>({
	device: text(id, idWhat),
	quantity: text(),
	part: optional(text(id, idWhat)),
	fallback: optional(decimal),
});

const readSource = object<SourceConfig>({
	id: text(id, idWhat),
	name: optional(text()),
	scope: wholeNumber(1, 3),
	method: oneOf('factor', 'direct'),
	from: optional(day),
	to: optional(day),
	channels: optional(list(readCountedChannel, 0, 256)),
	factors: optional(list(text(id, idWhat), 1, 64)),
	locationFactors: optional(list(text(id, idWhat), 1, 64)),
	marketFactors: optional(list(text(id, idWhat), 1, 64)),
	concentration: section(readAveragedChannel),
	flow: section(readAveragedChannel),
	quadrantsMin: optional(wholeNumber(1, 4)),
	substitution: optional(oneOf('maximum', 'fallback', 'none')),
});

const readSite = object<SiteConfig>({
	id: text(id, idWhat),
	name: optional(text()),
	zone: optional(text()),
	gapMinutesMax: optional(wholeNumber(1, 44_640)),
	report: section(
		object<NonNullable<SiteConfig['report']>>({
			scopes: withDefault(list(wholeNumber(1, 3), 1, 3), [1, 2]),
			scope2: optional(oneOf('location', 'market')),
		}),
	),
	sources: list(readSource, 1, 256),
});

const readFactor = object<FactorConfig>({
	id: text(id, idWhat),
	value: optional(decimal),
	mass: withDefault(oneOf('mg', 'g', 'kg', 't'), 'kg'),
	per: optional(text()),
	source: optional(text()),
	name: optional(text()),
	region: optional(text()),
	gases: optional(text()),
	gwp: optional(text()),
	validFrom: optional(day),
	validTo: optional(day),
	supersedes: optional(wholeNumber(1, Number.MAX_SAFE_INTEGER)),
});

/** A topic filter, which may not reach the broker's own topics [MQTT 3.1.1 §4.7]. */
const topicFilter: Read<string> = (value, path) => {
	const filter = text(/^(?!\$)[^\p{C}]{1,256}$/u, 'a topic filter: 1 to 256 characters, without $ in front')(value, path);
	const levels = filter.split('/');
	for (const [i, level] of levels.entries())
		if (/[+#]/.test(level) && level !== '+' && !(level === '#' && i === levels.length - 1))
			return fail(path, `"${filter}" is not a topic filter: + is a whole level, and # the last one`);
	return filter;
};

/** Levels of a topic that stand in front of ours; the embedded broker takes eight in all. */
const topicStart = text(/^[A-Za-z0-9_-]{1,64}(?:\/[A-Za-z0-9_-]{1,64}){0,2}$/, 'one to three levels of a topic: letters, digits, _ or -');

const readersMax = 256;

const hash32 = text(/^0x[0-9a-f]{64}$/, '0x and 64 lower-case hexadecimal digits');
const rpcUrl = text(/^https?:\/\//, 'an http or https URL');

/** An amount of a chain's coin as decimal text: as a number it would have been rounded already where that matters. */
const coinAmount: Read<string> = (value, path) => {
	const found = required(value, path);
	const amount = typeof found === 'number' ? String(found) : found;
	if (typeof amount !== 'string' || !/^\d{1,12}(?:\.\d{1,18})?$/.test(amount))
		return fail(path, `must be an amount such as "0.05", in quotes, not ${printed(found)}`);
	return amount;
};

const chainReaders: {readonly [K in keyof ChainConfig]-?: Read<ChainConfig[K]>} = {
	name: optional(text(id, idWhat)),
	rpcUrls: list(rpcUrl, 1, 8),
	chainId: wholeNumber(1, Number.MAX_SAFE_INTEGER),
	registry: text(/^0x[0-9a-fA-F]{40}$/, 'an address: 0x and 40 hexadecimal digits'),
	opener: optional(address),
	genesisHash: optional(hash32),
	codeHash: optional(hash32),
	confirmations: optional(wholeNumber(1, 10_000)),
	fees: withDefault(oneOf('dynamic', 'legacy'), 'dynamic'),
	gasPriceGwei: optional(number(0, 1_000_000)),
	feeGweiMax: withDefault(number(0.001, 1_000_000), 500),
	costMax: optional(coinAmount),
	budgetPerDay: optional(coinAmount),
	coin: withDefault(text(/^[A-Za-z0-9]{1,12}$/, 'a name of 1 to 12 letters and digits'), 'ETH'),
};

const readChain: Read<ChainConfig> = (value, path) => {
	const chain = object<ChainConfig>(chainReaders)(value, path);
	if (chain.gasPriceGwei !== undefined && chain.fees !== 'legacy') fail([...path, 'gasPriceGwei'], 'needs "fees: legacy"');
	return chain;
};

/** When an anchor is due, where the config does not say; also for a site without a chain, whose checkpoints are only stamped. */
export const anchorPolicyDefault = {everyMinutes: 10, entriesMax: 100_000, idleHours: 24} as const;

const anchorReaders: {readonly [K in Exclude<keyof AnchorConfig, 'chains'>]-?: Read<AnchorConfig[K]>} = {
	keystore: withDefault(secretFile, 'anchor-key.json'),
	keystorePasswordFile: withDefault(secretFile, 'anchor-key.password'),
	signerUrl: optional(rpcUrl),
	signerAddress: optional(address),
	signerPlaintext: withDefault(flag, false),
	signerCaFile: optional(text()),
	signerCertificateFile: optional(text()),
	signerKeyFile: optional(text()),
	everyMinutes: withDefault(number(0.01, 10_080), anchorPolicyDefault.everyMinutes),
	entriesMax: withDefault(wholeNumber(1, 1_000_000_000), anchorPolicyDefault.entriesMax),
	idleHours: withDefault(number(0, 8784), anchorPolicyDefault.idleHours),
	deviceRegistry: optional(text(/^0x[0-9a-fA-F]{40}$/, 'an address: 0x and 40 hexadecimal digits')),
	carbonReports: optional(text(/^0x[0-9a-fA-F]{40}$/, 'an address: 0x and 40 hexadecimal digits')),
};

/** One chain may stand in the section itself, with `rpcUrl` for a single node; more stand in `chains`. */
function readAnchor(value: unknown, path: ConfigPath): AnchorConfig {
	const found = value === null ? {} : value;
	if (!isRecord(found)) return fail(path, 'must be a mapping of keys');
	const {chains: listed, rpcUrl: node, ...others} = found;
	const own = Object.entries(others).filter(([key]) => Object.hasOwn(chainReaders, key));
	const rest = Object.fromEntries(Object.entries(others).filter(([key]) => !Object.hasOwn(chainReaders, key)));
	for (const key of Object.keys(rest))
		if (!Object.hasOwn(anchorReaders, key))
			fail([...path, key], unknownKey(key, ['chains', 'rpcUrl', ...Object.keys(anchorReaders), ...Object.keys(chainReaders)]));
	const short =
		own.length === 0 && node === undefined
			? []
			: [readChain({...Object.fromEntries(own), ...(node === undefined ? {} : {rpcUrls: [rpcUrl(node, [...path, 'rpcUrl'])]})}, path)];
	const [first, ...more] = [...short, ...withDefault(list(readChain, 1, 8), [])(listed, [...path, 'chains'])];
	if (first === undefined) return fail([...path, 'chains'], 'is missing');
	const chains = [first, ...more] as const;
	const seen = new Set<string>();
	for (const [i, {chainId, name}] of chains.entries()) {
		const at = i < short.length ? path : [...path, 'chains', i - short.length];
		// Two registries on one chain would stand or fall together.
		for (const one of [String(chainId), ...(name === undefined ? [] : [name])])
			if (seen.has(one)) fail([...at, one === name ? 'name' : 'chainId'], `${one} is there twice`);
			else seen.add(one);
	}
	const section = object<Omit<AnchorConfig, 'chains'>>(anchorReaders)(rest, path);
	if ((section.signerUrl === undefined) !== (section.signerAddress === undefined))
		fail(
			[...path, section.signerUrl === undefined ? 'signerAddress' : 'signerUrl'],
			'a signer and its address are given together: signerUrl and signerAddress',
		);
	if ((section.signerCertificateFile === undefined) !== (section.signerKeyFile === undefined))
		fail(
			[...path, section.signerKeyFile === undefined ? 'signerCertificateFile' : 'signerKeyFile'],
			'a certificate and its key are given together: signerCertificateFile and signerKeyFile',
		);
	return {chains: [first, ...more], ...section};
}

const readAuthority = object<AuthorityConfig>({
	name: text(id, idWhat),
	url: rpcUrl,
	certificate: text(),
	imprints: withDefault(list(oneOf('sha256', 'sm3'), 1, 2), ['sha256']),
});

const readShape: Read<Config> = object<Config>({
	log: object<Config['log']>({
		name: text(logName, 'a log name: letters, digits, ".", "_" and "-", such as street-7 or example.com/street-7'),
		directory: withDefault(text(), '.'),
		quarantineMiB: withDefault(wholeNumber(1, 4096), 16),
		keepArrivalsDays: withDefault(wholeNumber(0, 36_500), 0),
		keepEntriesDays: withDefault(wholeNumber(0, 36_500), 0),
		anchorsNeeded: withDefault(wholeNumber(1, 16), 1),
		floorMiB: withDefault(wholeNumber(0, 1_048_576), 256),
		ballastMiB: withDefault(wholeNumber(0, 4096), 32),
	}),
	broker: section(
		object<BrokerConfig>({
			host: withDefault(text(), '127.0.0.1'),
			port: optional(wholeNumber(0, 65_535)),
			tls: section(
				object<NonNullable<BrokerConfig['tls']>>({
					port: withDefault(wholeNumber(0, 65_535), 8883),
					certificate: text(),
					key: text(),
					clientCa: optional(text()),
				}),
			),
			plaintext: withDefault(flag, false),
			anonymous: optional(oneOf(anonymousWord)),
			messagesPerSecondMax: optional(wholeNumber(1, 1_000_000)),
			deviceMessagesPerSecondMax: optional(wholeNumber(1, 100_000)),
			packetBytesMax: withDefault(wholeNumber(1024, 1_048_576), 65_536),
			connectionsMax: withDefault(wholeNumber(1, 10_000), 256),
			connectionsPerAddressMax: withDefault(wholeNumber(1, 10_000), 64),
			readers: withDefault(
				list(
					object<BrokerConfig['readers'][number]>({name: text(id, idWhat), passwordHash: text(), topics: list(topicFilter, 1, 64)}),
					0,
					readersMax,
				),
				[],
			),
		}),
	),
	client: section(
		object<ClientConfig>({
			name: withDefault(text(id, idWhat), 'broker'),
			url: text(/^(?:mqtts?|tcp|ssl|wss?):\/\//, 'a URL such as mqtt://127.0.0.1:1883'),
			caFile: optional(text()),
			certificateFile: optional(text()),
			keyFile: optional(text()),
			serverName: optional(text()),
			clientId: text(/^[A-Za-z0-9_:./-]{1,64}$/, 'a client id of 1 to 64 letters, digits or _ : . / -'),
			username: optional(text()),
			passwordFile: optional(secretFile),
			protocol: withDefault(oneOf('3.1.1', '5'), '3.1.1'),
			windowMax: withDefault(wholeNumber(1, 10_000), 1000),
			packetBytesMax: withDefault(wholeNumber(1024, 1_048_576), 262_144),
			watchDrops: withDefault(flag, true),
		}),
	),
	ingest: withDefault(object<Config['ingest']>({lateAfterMinutes: withDefault(wholeNumber(1, 527_040), 15)}), {lateAfterMinutes: 15}),
	homeAssistant: section(
		object<HomeAssistantConfig>({
			prefix: withDefault(topicStart, 'homeassistant'),
			topic: withDefault(topicStart, 'kedge'),
			through: withDefault(oneOf('both', 'broker', 'client'), 'both'),
		}),
	),
	mappings: readMappings,
	devices: withDefault(list(readDevice, 0, devicesMax), []),
	sites: withDefault(list(readSite, 0, 256), []),
	factors: withDefault(list(readFactor, 0, 1024), []),
	anchor: section((value, path) => readAnchor(value, path)),
	timestamps: withDefault(list(readAuthority, 0, 8), []),
	market: section(
		object<MarketConfig>({
			name: text(id, idWhat),
			mode: withDefault(oneOf('metered', 'forward'), 'metered'),
			pricing: withDefault(oneOf('auction', 'midmarket'), 'auction'),
			currency: withDefault(text(/^[A-Z]{3,8}$/, 'a code of 3 to 8 capital letters such as EUR'), 'EUR'),
			feedInMicroPerKwh: wholeNumber(0, Number.MAX_SAFE_INTEGER),
			retailMicroPerKwh: wholeNumber(0, Number.MAX_SAFE_INTEGER),
			gridFeeMicroPerKwh: wholeNumber(0, Number.MAX_SAFE_INTEGER),
			lineLimitWh: optional(wholeNumber(1, 1_000_000_000_000)),
			openBeforeHours: withDefault(wholeNumber(1, 744), 24),
			gateBeforeMinutes: withDefault(wholeNumber(0, 1440), 0),
			clearAfterMinutes: withDefault(wholeNumber(1, 1440), 60),
			readingHours: withDefault(wholeNumber(1, 168), 24),
			keystore: withDefault(secretFile, 'market-key.json'),
			keystorePasswordFile: withDefault(secretFile, 'market-key.password'),
			chainId: optional(wholeNumber(1, Number.MAX_SAFE_INTEGER)),
			contract: optional(address),
			paramsVersion: withDefault(wholeNumber(1, 0xffff_ffff), 1),
			firstSlot: optional(wholeNumber(1, 100_000_000)),
			gridAccount: optional(address),
			retailerAccount: optional(address),
			poolAccount: optional(address),
			certificates: withDefault(flag, false),
			meters: list(
				object<MarketConfig['meters'][number]>({
					device: text(id, idWhat),
					owner: address,
					maxExportWh: withDefault(wholeNumber(0, 0xffff_ffff), 5000),
					maxImportWh: withDefault(wholeNumber(1, 0xffff_ffff), 10_000),
				}),
				0,
				10_000,
			),
		}),
	),
	api: section(
		object<ApiConfig>({
			host: withDefault(text(), '127.0.0.1'),
			port: withDefault(wholeNumber(0, 65_535), 8787),
			origins: withDefault(list(text(), 0, 64), []),
			signInDomains: withDefault(list(text(), 0, 64), []),
			trustProxy: withDefault(flag, false),
			tokens: withDefault(
				list(
					object<ApiConfig['tokens'][number]>({
						name: text(id, idWhat),
						role: oneOf('agent', 'operator', 'dso', 'auditor', 'mdc', 'reader'),
						account: optional(address),
						sha256: text(/^[0-9a-f]{64}$/, 'the SHA-256 of a token: 64 hexadecimal digits'),
					}),
					0,
					256,
				),
				[],
			),
		}),
	),
	logging: withDefault(object<Config['logging']>({level: withDefault(oneOf('debug', 'info', 'warn', 'error'), 'info')}), {level: 'info'}),
});

const readConfig: Read<Config> = (value, path) => {
	const shape = readShape(value, path);
	const config: Config = {...shape, broker: shape.broker && checkedBroker(shape.broker)};
	if (config.client !== undefined) checkClient(config.client);
	if (config.homeAssistant !== undefined) checkHomeAssistant(config, config.homeAssistant);
	for (const [i, {name}] of (config.broker?.readers ?? []).entries()) {
		if (config.broker?.readers.findIndex(reader => reader.name === name) !== i)
			fail(['broker', 'readers', i, 'name'], `"${name}" is there twice`);
		if (config.devices.some(device => device.id === name)) fail(['broker', 'readers', i, 'name'], `"${name}" is a device as well`);
	}
	for (const [i, {id: siteId}] of config.sites.entries())
		if (config.sites.findIndex(site => site.id === siteId) !== i) fail(['sites', i, 'id'], `"${siteId}" is there twice`);
	const byId = new Map(config.devices.map(device => [device.id, device]));
	const seen = new Set<string>();
	const certificates = new Map<string, string>();
	for (const [i, device] of config.devices.entries()) {
		if (seen.has(device.id)) fail(['devices', i, 'id'], `"${device.id}" is there twice`);
		seen.add(device.id);
		if (device.via !== undefined && (device.via === device.id || byId.get(device.via)?.via !== undefined))
			fail(['devices', i, 'via'], `"${device.via}" is no gateway: it is the device itself, or speaks through another`);
		if (device.via !== undefined && !byId.has(device.via)) fail(['devices', i, 'via'], `there is no device "${device.via}"`);
		if (device.anonymous && config.broker?.anonymous === undefined)
			fail(['devices', i, 'anonymous'], `needs "anonymous: ${anonymousWord}" in the section "broker"`);
		if (device.certificateSha256 !== undefined && config.broker !== undefined && config.broker.tls?.clientCa === undefined)
			fail(['devices', i, 'certificateSha256'], 'needs broker.tls.clientCa: without it no device is asked for a certificate');
		if (device.certificateSha256 !== undefined) {
			const other = certificates.get(device.certificateSha256);
			if (other !== undefined) fail(['devices', i, 'certificateSha256'], `is that of "${other}" as well: one certificate is one device`);
			certificates.set(device.certificateSha256, device.id);
		}
		for (const [j, name] of device.mappings.entries())
			if (!Object.hasOwn(config.mappings, name)) fail(['devices', i, 'mappings', j], `there is no mapping "${name}"`);
	}
	if (config.market !== undefined) checkMarket(config, config.market);
	if (config.market !== undefined && config.log.keepEntriesDays > 0 && config.log.keepEntriesDays < marketEntriesDays)
		fail(
			['log', 'keepEntriesDays'],
			`must be 0 or at least ${marketEntriesDays} with a market: a restart reads its orders and registers again`,
		);
	for (const key of ['keepArrivalsDays', 'keepEntriesDays'] as const)
		if (config.log[key] > 0 && config.anchor === undefined)
			fail(['log', key], 'needs the section "anchor": only what a chain holds for good is pruned');
	checkAnchors(config);
	return config;
};

/** Each anchor has a name of its own, and no more are needed than there are. */
function checkAnchors({anchor, timestamps, log}: Config): void {
	const names = new Set(anchor?.chains.map(({name, chainId}) => name ?? String(chainId)));
	for (const [i, {name}] of timestamps.entries()) {
		if (names.has(name)) fail(['timestamps', i, 'name'], `"${name}" is there twice`);
		names.add(name);
	}
	if (log.anchorsNeeded > Math.max(1, names.size))
		fail(['log', 'anchorsNeeded'], `is ${log.anchorsNeeded}, and there are ${names.size} chains and authorities`);
}

/** Orders go on for 31 days, and days are settled some days later. */
const marketEntriesDays = 45;

/** The port that is not encrypted is there if it is asked for, or if there is no other; and beyond this machine only if that is said. */
function checkedBroker(broker: BrokerConfig): BrokerConfig {
	const port = broker.port ?? (broker.tls === undefined ? 1883 : undefined);
	if (port !== undefined && !isLoopback(broker.host) && !broker.plaintext)
		fail(
			['broker', 'host'],
			`${broker.host} is more than this machine, and port ${port} is not encrypted: anybody on the way reads the passwords. Add the section "tls"${broker.tls === undefined ? '' : ' without "port" beside it'}, or "plaintext: true"`,
		);
	return {...broker, port};
}

/** Whether only this machine reaches what listens there. */
export function isLoopback(host: string): boolean {
	return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

function checkHomeAssistant({broker, client}: Config, {prefix, topic, through}: HomeAssistantConfig): void {
	const missing = (['broker', 'client'] as const).find(door => through === door && {broker, client}[door] === undefined);
	if (missing !== undefined) fail(['homeAssistant', 'through'], `needs the section "${missing}"`);
	if (broker === undefined && client === undefined)
		fail(['homeAssistant'], 'needs the section "broker" or "client": there is nowhere to announce it');
	if (prefix === topic) fail(['homeAssistant', 'topic'], 'is the prefix as well: Home Assistant would take states for descriptions');
}

function checkClient(client: ClientConfig): void {
	const isEncrypted = /^(?:mqtts|ssl|wss):/.test(client.url);
	for (const key of ['caFile', 'certificateFile', 'keyFile', 'serverName'] as const)
		if (client[key] !== undefined && !isEncrypted) fail(['client', key], 'needs a URL with TLS: mqtts:// or wss://');
	if ((client.certificateFile === undefined) !== (client.keyFile === undefined))
		fail(
			['client', client.keyFile === undefined ? 'certificateFile' : 'keyFile'],
			'a certificate and its key are given together: certificateFile and keyFile',
		);
}

/** What a market needs of the rest of the config. */
function checkMarket(config: Config, market: MarketConfig): void {
	const {feedInMicroPerKwh, retailMicroPerKwh, gridFeeMicroPerKwh, mode, gateBeforeMinutes} = market;
	if (feedInMicroPerKwh > retailMicroPerKwh - gridFeeMicroPerKwh)
		fail(['market', 'feedInMicroPerKwh'], 'is above what is left of retail after the grid fee: no price suits both sides');
	if (mode === 'metered' && gateBeforeMinutes !== 0)
		fail(['market', 'gateBeforeMinutes'], 'must be 0 in metered mode: a standing order can be taken back until the slot starts');
	if (market.contract !== undefined && config.anchor === undefined)
		fail(['market', 'contract'], 'needs the section "anchor": rows are settled from anchored readings');
	for (const key of ['gridAccount', 'retailerAccount', 'poolAccount'] as const)
		if (market.contract !== undefined && market[key] === undefined) fail(['market', key], 'is missing: the contract pays it');
	// Rows and their other side in one account would have no sum of their own: no day could be settled.
	const accounts = new Map<string, string>();
	for (const key of ['gridAccount', 'retailerAccount', 'poolAccount'] as const) {
		const account = market[key];
		if (account === undefined) continue;
		const other = accounts.get(account);
		if (other !== undefined) fail(['market', key], `is ${other} as well: the three must be different accounts`);
		accounts.set(account, key);
	}
	const seen = new Set<string>();
	for (const [i, {device, owner}] of market.meters.entries()) {
		const counter = accounts.get(owner);
		if (counter !== undefined) fail(['market', 'meters', i, 'owner'], `is ${counter} as well, which has the other side of all rows`);
		const found = config.devices.find(one => one.id === device);
		if (found === undefined) fail(['market', 'meters', i, 'device'], `there is no device "${device}"`);
		if (found.cadenceSeconds === undefined)
			fail(['market', 'meters', i, 'device'], `"${device}" needs cadenceSeconds: a boundary is looked for within twice of it`);
		if (seen.has(device)) fail(['market', 'meters', i, 'device'], `"${device}" is there twice`);
		seen.add(device);
	}
}

function deepFreeze<T>(value: T): T {
	if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
		Object.freeze(value);
		for (const part of Object.values(value)) deepFreeze(part);
	}
	return value;
}

/** Where systemd has put the credentials of this service; undefined outside of a service that has any [systemd.exec(5), $CREDENTIALS_DIRECTORY]. */
export function credentialsDirectory(): string | undefined {
	return process.env.CREDENTIALS_DIRECTORY;
}
