// The config: the example says everything that config.ts knows and nothing else, and every mistake is named with its line.
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import test from 'ava';
import {parse} from 'yaml';
import {AgentError} from '../agent/base/errors.ts';
import {type Config, parseConfig} from '../agent/config.ts';
import {quantities} from '../agent/format/quantity.ts';
import {openDevices} from '../agent/main.ts';
import {sitePaths} from '../agent/site.ts';

const example = readFileSync(join(fileURLToPath(new URL('.', import.meta.url)), '..', '..', 'kedge.example.yaml'), 'utf8');
/** With everything that is switched off switched on. */
const whole = example.replaceAll(/^#(?=\S| {2})/gm, '');

/** A site with the secrets that the example names. */
const directory = mkdtempSync(join(tmpdir(), 'kedge-config-'));
writeFileSync(join(directory, 'hj212.key'), `${'30'.repeat(16)}\n`);
test.after.always(() => rmSync(directory, {recursive: true}));

/** Paths of all keys, list indexes and the names of mappings left out, in order and each once. */
function keysOf(value: unknown, path = ''): string[] {
	if (Array.isArray(value)) return [...new Set(value.flatMap(item => keysOf(item, path)))];
	if (typeof value !== 'object' || value === null) return [];
	const keys = Object.entries(value).flatMap(([key, part]) => {
		// The names of mappings and of quantities are the owner's.
		const isNamed = path === 'mappings' || path === 'devices.quantities';
		const below = isNamed ? `${path}.*` : path === '' ? key : `${path}.${key}`;
		return isNamed ? keysOf(part, below) : [below, ...keysOf(part, below)];
	});
	return [...new Set(keys)];
}

function devicesIn(text: string): ReturnType<typeof openDevices> {
	return openDevices({...parseConfig(text, 'kedge.yaml'), paths: sitePaths(directory), configPath: join(directory, 'kedge.yaml')});
}

async function problemOf(text: string): Promise<string> {
	try {
		await devicesIn(text);
	} catch (error) {
		if (!(error instanceof AgentError)) throw error;
		return `${error.code} ${error.message}`;
	}
	return 'no problem';
}

test('the example is a config, as it stands and with everything switched on', async t => {
	for (const text of [example, whole]) {
		const devices = await devicesIn(text);
		t.deepEqual(
			devices.all().map(({id}) => id),
			['meter-1', 'plug-kitchen', 'cold-1'],
		);
	}
	const {config} = parseConfig(example, 'kedge.yaml');
	t.is(config.client, undefined);
	t.is(config.anchor, undefined);
});

test('the example has every key that the config knows, and no other', t => {
	// What is read has every known key, also those that were not given.
	t.deepEqual(keysOf(parse(whole)).sort(), keysOf(parseConfig(whole, 'kedge.yaml').config).sort());
	t.true(keysOf(parse(whole)).length > 50);
});

/** The config that says as little as possible, with every section there. */
const least: Config = parseConfig(
	`
log: {name: a}
broker: {port: 1883, tls: {certificate: a, key: b}, readers: [{name: r, passwordHash: p, topics: ["#"]}]}
homeAssistant:
client: {url: mqtt://h, clientId: c}
ingest:
mappings: {m: {topic: x, format: json, time: {pointer: /t, format: iso}, sequence: {pointer: /s}, readings: [{pointer: /a, quantity: door}]}}
devices: [{id: d, mappings: [m], quantities: {door: {}}, calibration: {sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08, notBefore: "2026-01-01", notAfter: "2026-01-01"}}, {id: e, mappings: [m], cadenceSeconds: 60}]
market: {name: m, feedInMicroPerKwh: 8, retailMicroPerKwh: 30, gridFeeMicroPerKwh: 4, meters: [{device: e, owner: "0x5FbDB2315678afecb367f032d93F642f64180aa3"}]}
api: {tokens: [{name: t, role: auditor, sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08}]}
anchor: {rpcUrl: http://h, chainId: 1, registry: "0x5FbDB2315678afecb367f032d93F642f64180aa3"}
timestamps: [{name: t, url: http://h, certificate: c}]
sites: [{id: s, report: {}, sources: [{id: o, scope: 2, method: factor, channels: [{device: d, quantity: energy-import}], marketFactors: [f]}]}]
factors: [{id: f}]
logging:
`,
	'kedge.yaml',
).config;

/** The value at a path of keysOf; of lists and mappings the first one. */
function valueAt(path: string): unknown {
	let at: unknown = least;
	for (const step of path.split('.')) {
		if (Array.isArray(at)) at = at[0];
		// Below a section that is not there, as that of a stack of a source without one.
		if (at === undefined) return undefined;
		at = step === '*' ? Object.values(at as object)[0] : (at as Record<string, unknown>)[step];
	}
	return at;
}

test('the example explains every key in the lines above it, and its default is the true one', t => {
	const lines = whole.split('\n');
	const explained = new Set<string>();
	let above: string[] = [];
	const place: {readonly indent: number; readonly key: string}[] = [];
	for (const line of lines) {
		const key = /^( *)(- )?([A-Za-z][\w-]*):/.exec(line);
		if (/^ *# /.test(line)) above.push(line.trim().slice(2));
		else if (key === null) above = [];
		else {
			const indent = key[1]!.length + (key[2]?.length ?? 0);
			while ((place.at(-1)?.indent ?? -1) >= indent) place.pop();
			const isNamed = (place.length === 1 && place[0]!.key === 'mappings') || (place.length === 2 && place[1]!.key === 'quantities');
			place.push({indent, key: isNamed ? '*' : key[3]!});
			const path = place.map(step => step.key).join('.');
			if (above.length > 0 && path !== 'mappings.*' && path !== 'devices.quantities.*' && !explained.has(path)) {
				explained.add(path);
				const text = above.join(' ');
				const value = valueAt(path);
				const said = /Default: (.*)$/.exec(text)?.[1];
				if (typeof value === 'object' && value !== null) t.true(said === undefined || said === 'none', path);
				else if (said === undefined)
					t.regex(text, value === undefined ? /Required for \w+\./ : /Required( for \w+)?\./, `${path} is required, or has a default`);
				else if (value === undefined) t.regex(said, /^(none|what fits devices of this kind)$/, path);
				else t.is(said, String(value), `the default of ${path}`);
			}
			above = [];
		}
	}
	t.deepEqual(
		keysOf(parse(whole)).filter(path => !explained.has(path)),
		[],
	);
});

test('quantities that the example names exist', t => {
	const named = /from the registry: (.*) and others/.exec(example)![1]!.split(', ');
	for (const name of named)
		t.true(
			quantities.some(quantity => quantity.name === name),
			name,
		);
});

test('what is not given has its default', t => {
	const {config} = parseConfig('log: {name: a}', 'kedge.yaml');
	t.deepEqual(config, {
		log: {
			name: 'a',
			directory: '.',
			quarantineMiB: 16,
			keepArrivalsDays: 0,
			keepEntriesDays: 0,
			anchorsNeeded: 1,
			floorMiB: 256,
			ballastMiB: 32,
		},
		broker: undefined,
		client: undefined,
		ingest: {lateAfterMinutes: 15},
		homeAssistant: undefined,
		mappings: {},
		devices: [],
		sites: [],
		factors: [],
		anchor: undefined,
		timestamps: [],
		market: undefined,
		api: undefined,
		logging: {level: 'info'},
	});
});

test('a section with nothing below it is there', t => {
	const {config} = parseConfig('log: {name: a}\nbroker:\ningest:\nmappings:\ndevices:\nlogging:\n', 'kedge.yaml');
	t.deepEqual(config.broker, {
		host: '127.0.0.1',
		port: 1883,
		tls: undefined,
		plaintext: false,
		anonymous: undefined,
		messagesPerSecondMax: undefined,
		deviceMessagesPerSecondMax: undefined,
		packetBytesMax: 65_536,
		connectionsMax: 256,
		connectionsPerAddressMax: 64,
		readers: [],
	});
	t.is(config.logging.level, 'info');
	t.deepEqual(config.devices, []);
});

test('a config cannot be changed once it is read', t => {
	const {config} = parseConfig(whole, 'kedge.yaml');
	t.throws(() => {
		(config.log as {name: string}).name = 'b';
	});
	t.throws(() => {
		(config.devices as unknown[]).push({});
	});
	t.true(Object.isFrozen(config.mappings.meter?.readings[0]));
});

const base = `log: {name: a}
mappings:
  m:
    topic: meters/{device}
    format: json
    readings:
      - pointer: /v
        quantity: voltage
        unit: V
devices:
  - id: d
    mappings: [m]
`;

/** A text and the whole message. */
const wrong: readonly (readonly [name: string, text: string, message: string])[] = [
	['an empty file', '', 'kedge.yaml:1: log: is missing'],
	['a file of comments', '# nothing\n', 'kedge.yaml:1: log: is missing'],
	['a list', '- a\n', 'kedge.yaml:1: the file: must be a mapping of keys'],
	['a text', 'hello', 'kedge.yaml:1: the file: must be a mapping of keys'],
	['a section that is a text', 'log: street-7\n', 'kedge.yaml:1: log: must be a mapping of keys'],
	['a section that is a list', 'log:\n  - name: a\n', 'kedge.yaml:1: log: must be a mapping of keys'],
	[
		'a bracket that does not close',
		'log: {name: a}\nbroker: {port: 1\n',
		'kedge.yaml:3: Flow map in block collection must be sufficiently indented and end with a }',
	],
	['a tab', 'log:\n\tname: a\n', 'kedge.yaml:2: Tabs are not allowed as indentation'],
	['a key twice', 'log: {name: a}\nbroker:\n  port: 1\n  port: 2\n', 'kedge.yaml:4: Map keys must be unique'],
	['a section twice', 'log: {name: a}\nlog: {name: b}\n', 'kedge.yaml:2: Map keys must be unique'],
	['two documents', 'log: {name: a}\n---\nlog: {name: b}\n', 'kedge.yaml:2: the file must hold one document, without "---" inside'],
	['an alias of nothing', 'log:\n  name: *x\n', 'kedge.yaml:2: there is no anchor &x'],
	['a tag', 'log:\n  name: !secret a\n', 'kedge.yaml:2: Unresolved tag: !secret'],
	['a key that is a list', 'log: {name: a}\n? [x]\n: 1\n', 'kedge.yaml:2: a key must be a text'],
	['a misspelt section', `${base}loging: {level: info}\n`, 'kedge.yaml:13: loging: unknown key; did you mean "logging"?'],
	['a misspelt key', 'log:\n  name: a\n  directry: .\n', 'kedge.yaml:3: log.directry: unknown key; did you mean "directory"?'],
	['a key in another case', 'log: {name: a}\nbroker:\n  Port: 1\n', 'kedge.yaml:3: broker.Port: unknown key; did you mean "port"?'],
	[
		'a key with a letter too many',
		'log: {name: a}\nbroker:\n  hosts: x\n',
		'kedge.yaml:3: broker.hosts: unknown key; did you mean "host"?',
	],
	[
		'a key that is near to two',
		'log: {name: a}\nanchor:\n  keystoer: x\n',
		'kedge.yaml:3: anchor.keystoer: unknown key; did you mean "keystore"?',
	],
	['a key near to nothing', 'log: {name: a}\nretention: 5\n', 'kedge.yaml:2: retention: unknown key'],
	['a short key near to nothing', `${base}x: 5\n`, 'kedge.yaml:13: x: unknown key'],
	['__proto__', 'log: {name: a}\n__proto__: {x: 1}\n', 'kedge.yaml:2: __proto__: unknown key'],
	['a merge key', 'log: {name: a}\n<<: {x: 1}\n', 'kedge.yaml:2: <<: unknown key'],
	['an unknown key in a list', `${base}    pasword: x\n`, 'kedge.yaml:13: devices[0].pasword: unknown key'],
	[
		'an unknown key in a reading',
		base.replace('unit: V', 'unti: V'),
		'kedge.yaml:9: mappings.m.readings[0].unti: unknown key; did you mean "unit"?',
	],
	['no log name', 'log: {directory: .}\n', 'kedge.yaml:1: log.name: is missing'],
	[
		'an empty log name',
		'log:\n  name: ""\n',
		'kedge.yaml:2: log.name: "" is not a log name: letters, digits, ".", "_" and "-", such as street-7 or example.com/street-7',
	],
	[
		'a log name with a space',
		'log:\n  name: my street\n',
		'kedge.yaml:2: log.name: "my street" is not a log name: letters, digits, ".", "_" and "-", such as street-7 or example.com/street-7',
	],
	['a number for a text', 'log:\n  name: 7\n', 'kedge.yaml:2: log.name: must be a text, not 7'],
	['a list for a text', 'log: {name: a}\nbroker:\n  host: [x]\n', 'kedge.yaml:3: broker.host: must be a text, not ["x"]'],
	[
		'a text for a number',
		'log: {name: a}\nbroker:\n  port: "1883"\n',
		'kedge.yaml:3: broker.port: must be a whole number from 0 to 65535, not "1883"',
	],
	[
		'a number that is too large',
		'log: {name: a}\nbroker:\n  port: 65536\n',
		'kedge.yaml:3: broker.port: must be a whole number from 0 to 65535, not 65536',
	],
	[
		'a number that is too small',
		'log: {name: a, quarantineMiB: 0}\n',
		'kedge.yaml:1: log.quarantineMiB: must be a whole number from 1 to 4096, not 0',
	],
	[
		'a number with a fraction',
		'log: {name: a}\ningest: {lateAfterMinutes: 1.5}\n',
		'kedge.yaml:2: ingest.lateAfterMinutes: must be a whole number from 1 to 527040, not 1.5',
	],
	[
		'infinity',
		'log: {name: a}\ningest: {lateAfterMinutes: .inf}\n',
		'kedge.yaml:2: ingest.lateAfterMinutes: must be a whole number from 1 to 527040, not Infinity',
	],
	[
		'a flag that is a text',
		base.replace('unit: V', 'unit: V\n        optional: yes'),
		'kedge.yaml:10: mappings.m.readings[0].optional: must be true or false, not "yes"',
	],
	[
		'a choice that does not exist',
		'log: {name: a}\nlogging: {level: verbose}\n',
		'kedge.yaml:2: logging.level: must be one of debug, info, warn, error, not "verbose"',
	],
	[
		'a protocol without quotes',
		'log: {name: a}\nclient:\n  url: mqtt://h\n  clientId: c\n  protocol: 5\n',
		'kedge.yaml:5: client.protocol: must be one of 3.1.1, 5, not 5',
	],
	['a client without a URL', 'log: {name: a}\nclient:\n  clientId: c\n', 'kedge.yaml:2: client.url: is missing'],
	['a client with nothing', 'log: {name: a}\nclient:\n', 'kedge.yaml:2: client.url: is missing'],
	[
		'a URL of something else',
		'log: {name: a}\nclient:\n  url: http://h\n  clientId: c\n',
		'kedge.yaml:3: client.url: "http://h" is not a URL such as mqtt://127.0.0.1:1883',
	],
	[
		'a client id with a space',
		'log: {name: a}\nclient:\n  url: mqtt://h\n  clientId: a b\n',
		'kedge.yaml:4: client.clientId: "a b" is not a client id of 1 to 64 letters, digits or _ : . / -',
	],
	[
		'an address without quotes',
		'log: {name: a}\nanchor:\n  rpcUrl: http://h\n  chainId: 1\n  registry: 0x5F\n',
		'kedge.yaml:5: anchor.registry: must be a text, not 95',
	],
	[
		'an address that is too short',
		'log: {name: a}\nanchor:\n  rpcUrl: http://h\n  chainId: 1\n  registry: "0x5F"\n',
		'kedge.yaml:5: anchor.registry: "0x5F" is not an address: 0x and 40 hexadecimal digits',
	],
	[
		'a fee of nothing',
		`log: {name: a}\nanchor: {rpcUrl: "http://h", chainId: 1, registry: "0x${'0'.repeat(40)}", feeGweiMax: 0}\n`,
		'kedge.yaml:2: anchor.feeGweiMax: must be a number from 0.001 to 1000000, not 0',
	],
	[
		'a reader that is a device',
		`${base}broker:\n  readers:\n    - {name: d, passwordHash: x, topics: ["#"]}\n`,
		'kedge.yaml:15: broker.readers[0].name: "d" is a device as well',
	],
	[
		'two readers of one name',
		'log: {name: a}\nbroker:\n  readers:\n    - {name: r, passwordHash: x, topics: ["#"]}\n    - {name: r, passwordHash: x, topics: ["#"]}\n',
		'kedge.yaml:5: broker.readers[1].name: "r" is there twice',
	],
	[
		"a reader of the broker's own topics",
		'log: {name: a}\nbroker:\n  readers:\n    - {name: r, passwordHash: x, topics: ["$SYS/#"]}\n',
		'kedge.yaml:4: broker.readers[0].topics[0]: "$SYS/#" is not a topic filter: 1 to 256 characters, without $ in front',
	],
	[
		'a filter with # in the middle',
		'log: {name: a}\nbroker:\n  readers:\n    - {name: r, passwordHash: x, topics: [a, "a/#/b"]}\n',
		'kedge.yaml:4: broker.readers[0].topics[1]: "a/#/b" is not a topic filter: + is a whole level, and # the last one',
	],
	[
		'a filter with half a level',
		'log: {name: a}\nbroker:\n  readers:\n    - {name: r, passwordHash: x, topics: ["a/b+"]}\n',
		'kedge.yaml:4: broker.readers[0].topics[0]: "a/b+" is not a topic filter: + is a whole level, and # the last one',
	],
	[
		'a reader with a password instead of its hash',
		'log: {name: a}\nbroker:\n  readers:\n    - {name: r, passwordHash: secret, topics: ["#"]}\n',
		'kedge.yaml:4: broker.readers[0].passwordHash: is not of the form scrypt$LOG2N$SALT$HASH; make one with: kedge password',
	],
	[
		'nowhere to announce',
		'log: {name: a}\nhomeAssistant:\n',
		'kedge.yaml:2: homeAssistant: needs the section "broker" or "client": there is nowhere to announce it',
	],
	[
		'an announcement through a door that is not there',
		'log: {name: a}\nbroker:\nhomeAssistant:\n  through: client\n',
		'kedge.yaml:4: homeAssistant.through: needs the section "client"',
	],
	[
		'a prefix that is a filter',
		'log: {name: a}\nbroker:\nhomeAssistant:\n  prefix: "home/#"\n',
		'kedge.yaml:4: homeAssistant.prefix: "home/#" is not one to three levels of a topic: letters, digits, _ or -',
	],
	[
		'states among the descriptions',
		'log: {name: a}\nbroker:\nhomeAssistant:\n  topic: homeassistant\n',
		'kedge.yaml:4: homeAssistant.topic: is the prefix as well: Home Assistant would take states for descriptions',
	],
	['devices that are no list', 'log: {name: a}\ndevices: {id: d}\n', 'kedge.yaml:2: devices: must be a list'],
	['a device without an id', base.replace('id: d\n    ', ''), 'kedge.yaml:11: devices[0].id: is missing'],
	[
		'a device id with a slash',
		base.replace('id: d', 'id: a/b'),
		'kedge.yaml:11: devices[0].id: "a/b" is not 1 to 64 letters, digits, _ or -',
	],
	[
		'a device id twice',
		`${base}  - {id: e, mappings: [m]}\n  - {id: d, mappings: [m]}\n`,
		'kedge.yaml:14: devices[2].id: "d" is there twice',
	],
	['a device without mappings', base.replace('[m]', '[]'), 'kedge.yaml:12: devices[0].mappings: must have 1 to 64 items, not 0'],
	['a mapping that does not exist', base.replace('[m]', '[m, n]'), 'kedge.yaml:12: devices[0].mappings[1]: there is no mapping "n"'],
	[
		'a mapping named like what objects have',
		base.replace('[m]', '[toString]'),
		'kedge.yaml:12: devices[0].mappings[0]: there is no mapping "toString"',
	],
	['mappings that are a list', 'log: {name: a}\nmappings: [x]\n', 'kedge.yaml:2: mappings: must be a mapping from names to mappings'],
	[
		'a mapping name with a space',
		base.replace('  m:', '  m n:'),
		'kedge.yaml:3: mappings.m n: the name is not 1 to 64 letters, digits, _ or -',
	],
	[
		'a mapping without readings',
		'log: {name: a}\nmappings:\n  m:\n    topic: x\n    format: json\n',
		'kedge.yaml:3: mappings.m.readings: a mapping of json names its readings',
	],
	[
		'a mapping with no reading',
		'log: {name: a}\nmappings:\n  m:\n    topic: x\n    format: json\n    readings: []\n',
		'kedge.yaml:6: mappings.m.readings: a mapping of json names its readings',
	],
	[
		'a format that does not exist',
		base.replace('format: json', 'format: xml'),
		'kedge.yaml:5: mappings.m.format: "xml" is no format; `kedge decode --help` lists them',
	],
	[
		'a time without a format',
		base.replace('format: json', 'format: json\n    time:\n      pointer: /t'),
		'kedge.yaml:6: mappings.m.time.format: is missing',
	],
	[
		'an exponent that is too large',
		base.replace('unit: V', 'unit: V\n        exponent: 13'),
		'kedge.yaml:10: mappings.m.readings[0].exponent: must be a whole number from -12 to 12, not 13',
	],
	// What only other rooms know.
	[
		'a topic that is no filter',
		base.replace('meters/{device}', 'meters/#/x'),
		'kedge.yaml:4: mappings.m.topic: "meters/#/x" is not an MQTT topic filter ("+" and "#" stand alone between slashes, "#" last)',
	],
	[
		'a quantity that does not exist',
		base.replace('voltage', 'volts'),
		'kedge.yaml:8: mappings.m.readings[0].quantity: "volts" is not in the quantity registry; kedge quantities lists what is',
	],
	[
		'a unit of something else',
		base.replace('unit: V', 'unit: kWh'),
		'kedge.yaml:9: mappings.m.readings[0].unit: "kWh" does not measure voltage: use mV, V, kV',
	],
	[
		'a misspelt quantity',
		base.replace('voltage', 'volatge'),
		'kedge.yaml:8: mappings.m.readings[0].quantity: "volatge" is not in the quantity registry; did you mean "voltage"?',
	],
	[
		'a topic with a brace that is never closed',
		base.replace('meters/{device}', 'meters/{device'),
		'kedge.yaml:4: mappings.m.topic: "meters/{device" has a brace that is not part of {device}, the only word in braces that is known',
	],
	[
		'a unit that is missing',
		base.replace('        unit: V\n', ''),
		'kedge.yaml:7: mappings.m.readings[0]: the unit of voltage is missing: use mV, V, kV',
	],
	[
		'a pointer that is missing',
		base.replace('- pointer: /v\n        quantity', '- quantity'),
		'kedge.yaml:7: mappings.m.readings[0].pointer: a json mapping needs a JSON pointer such as /energy/total',
	],
	[
		'a time that is no pointer',
		base.replace('format: json', 'format: json\n    time: {pointer: at, format: iso}'),
		'kedge.yaml:6: mappings.m.time.pointer: "at" is not a JSON pointer',
	],
	[
		'a password where its hash belongs',
		`${base}    passwordHash: secret\n`,
		'kedge.yaml:13: devices[0].passwordHash: is not of the form scrypt$LOG2N$SALT$HASH; make one with: kedge password',
	],
];

for (const [name, text, message] of wrong) {
	test(`${name} is an error with its line`, async t => {
		t.is(await problemOf(text), `CONFIG_INVALID ${message}`);
	});
}

test('the config that these are made from is right', async t => {
	t.is(await problemOf(base), 'no problem');
});

test('aliases that grow without bound are an error, a few are not', async t => {
	const bomb = 'a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c]\n';
	t.regex(await problemOf(bomb), /^CONFIG_INVALID kedge.yaml:1: Excessive alias count/);
	const shared = base.replace('[m]', '&ms [m]').concat('  - {id: e, mappings: *ms}\n');
	t.deepEqual(
		(await devicesIn(shared)).all().map(({id, mappings}) => [id, mappings]),
		[
			['d', ['m']],
			['e', ['m']],
		],
	);
	t.is(
		await problemOf(shared.replace('&ms [m]', '&ms [n]')),
		'CONFIG_INVALID kedge.yaml:12: devices[0].mappings[0]: there is no mapping "n"',
	);
});

test('an error says where every key is explained', t => {
	const error = t.throws(() => parseConfig('log: {}', 'kedge.yaml'), {instanceOf: AgentError});
	t.is(error?.hint, 'Every key is explained in kedge.example.yaml.');
});

test('a market has four different kinds of accounts, and a log that keeps what it reads again', t => {
	const base = (market: string, log = 'log: {name: a}'): string => `${log}
mappings: {m: {topic: "t/{device}", format: json, readings: [{pointer: /v, quantity: energy-import, unit: Wh}]}}
devices: [{id: e, mappings: [m], cadenceSeconds: 60}]
anchor: {rpcUrl: http://h, chainId: 1, registry: "0x5FbDB2315678afecb367f032d93F642f64180aa3"}
market: {name: m, feedInMicroPerKwh: 8, retailMicroPerKwh: 30, gridFeeMicroPerKwh: 4, ${market}meters: [{device: e, owner: "0x5FbDB2315678afecb367f032d93F642f64180aa3"}]}
`;
	t.notThrows(() => parseConfig(base(''), 'kedge.yaml'));
	const a = `"0x${'a1'.repeat(20)}"`;
	t.throws(() => parseConfig(base(`gridAccount: ${a}, retailerAccount: ${a}, `), 'kedge.yaml'), {message: /must be different accounts/});
	t.throws(() => parseConfig(base('poolAccount: "0x5fbdb2315678afecb367f032d93f642f64180aa3", '), 'kedge.yaml'), {
		message: /has the other side of all rows/,
	});
	t.throws(() => parseConfig(base('', 'log: {name: a, keepEntriesDays: 7}'), 'kedge.yaml'), {message: /at least 45 with a market/});
});
