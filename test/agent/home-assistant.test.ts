// What Home Assistant is told, held against the keys that its documentation names, and how devices are gone round.
import test from 'ava';
import {type AnnounceNeeds, type Outlet, openAnnouncer} from '../../agent/announcing.ts';
import type {Status} from '../../agent/api/status-server.ts';
import {silentLogger} from '../../agent/base/logger.ts';
import {encodeEntry, kinds, noteKinds} from '../../agent/format/entry.ts';
import {agentState, describeAgent, describeDevice, deviceState, topicsOf} from '../../agent/home-assistant.ts';
import {loadDecoder} from '../../agent/ingest/decoders/table.ts';
import {openMapping} from '../../agent/ingest/mapping.ts';
import type {Channel} from '../../agent/log/channels.ts';

const names = {prefix: 'homeassistant', topic: 'kedge'};

test('each log has topics of its own, and a log whose name no topic can hold is told apart from others', t => {
	const plain = topicsOf('street-7', names);
	t.deepEqual(
		[plain.status, plain.description(), plain.state(), plain.description('m-1'), plain.state('m-1')],
		[
			'kedge/street-7/status',
			'homeassistant/device/kedge_street-7/config',
			'kedge/street-7/state',
			'homeassistant/device/kedge_street-7/m-1/config',
			'kedge/street-7/m-1/state',
		],
	);
	const dotted = ['example.com/street-7', 'example_com/street-7', 'example.com_street-7'].map(name => topicsOf(name, names).status);
	t.is(new Set(dotted).size, 3);
	for (const status of dotted) t.regex(status, /^kedge\/example_com_street-7_[0-9a-f]{8}\/status$/);
	for (const topic of [plain.status, plain.description(), plain.state(), plain.description('m-1'), plain.state('m-1')])
		t.true(plain.has(topic), topic);
	for (const topic of [
		'kedge/street-7',
		'kedge/street-70/state',
		'kedge/street-7/m-1/x/state',
		'kedge/m-1/receipt',
		'homeassistant/device/kedge_street-7/a/b/config',
		'homeassistant/device/kedge_street-71/config',
		'homeassistant/sensor/kedge_street-7/config',
	])
		t.false(plain.has(topic), topic);
});

/**
 * Of `device`, `origin`, the shared options and the options of sensors and binary sensors, those that are used; full names by abbreviation
 * [home-assistant.io/integrations/mqtt, "Device discovery payload" and "Supported abbreviations"].
 */
const deviceKeys = ['ids', 'name', 'mf', 'mdl', 'sw', 'via_device'];
const originKeys = ['name', 'sw'];
const rootKeys = ['dev', 'o', 'cmps', 'avty_t', 'stat_t'];
const componentKeys: Readonly<Record<string, readonly string[]>> = {
	sensor: ['p', 'name', 'uniq_id', 'dev_cla', 'stat_cla', 'unit_of_meas', 'val_tpl', 'ent_cat', 'options'],
	binary_sensor: ['p', 'name', 'uniq_id', 'dev_cla', 'val_tpl', 'ent_cat', 'json_attr_t', 'json_attr_tpl'],
};
const units: Readonly<Record<string, readonly string[]>> = {duration: ['d', 'h', 'min', 's', 'ms'], data_size: ['B', 'KiB', 'MiB', 'GiB']};

type Component = Readonly<Record<string, string>>;
type Description = {
	readonly dev: Readonly<Record<string, unknown>> & {readonly ids: readonly string[]};
	readonly o: Readonly<Record<string, unknown>>;
	readonly cmps: Readonly<Record<string, Component>>;
	readonly avty_t: string;
	readonly stat_t: string;
};

const status = {
	state: 'running',
	size: 1000,
	anchor: {
		minedSize: 900,
		oldestUnanchoredAgeMs: 130_000,
		targets: [{kind: 'chain', runwayDays: 90.5}, {kind: 'chain', runwayDays: 12.9}, {kind: 'chain'}, {kind: 'authority'}],
	},
	devices: 3,
	silent: {count: 1, devices: []},
	counters: {'refused:retained': 5, 'refused:no-reading': 7, 'refused:unit-wrong': 2, 'also-refused:unit-wrong': 9, repeats: 4},
	disk: {freeBytes: 5 * 1024 * 1024 + 17},
	warnings: ['{{ evil }} of a device'],
	reasons: ['refused as unit-wrong, the newest of m-1'],
} as unknown as Status;

for (const isAnchored of [true, false])
	test(`descriptions have only keys that Home Assistant documents, and point at what the states say, ${isAnchored ? 'with' : 'without'} a chain`, t => {
		const topics = topicsOf('example.com/street-7', names);
		const parts = {logName: 'example.com/street-7', version: '0.1.0', topics, isAnchored};
		const {anchor, ...rest} = status;
		const news = {entries: 50, lastReadingMs: 5000, gaps: 1, silences: 2, refused: 3, reasons: ['silent'] as const};
		const described = [
			{description: describeAgent(parts), state: agentState((isAnchored ? {...rest, anchor} : rest) as Status)},
			{
				description: describeDevice(parts, 'm-1'),
				state: deviceState({...news, anchored: isAnchored ? {entries: 40, untilMs: 4000} : undefined}),
			},
		];
		const ids = new Set<string>();
		for (const one of described) {
			const {dev, o, cmps, avty_t: availability, stat_t: stateTopic, ...others} = JSON.parse(one.description) as Description;
			const state = JSON.parse(one.state) as Record<string, unknown>;
			t.deepEqual(others, {});
			t.deepEqual(
				Object.keys(dev).filter(key => !deviceKeys.includes(key)),
				[],
			);
			t.deepEqual(Object.keys(o), originKeys);
			t.true([availability, stateTopic].every(topic => topics.has(topic)));
			t.true(rootKeys.length === 5 && dev.ids.length === 1);
			for (const [key, component] of Object.entries(cmps)) {
				t.deepEqual(
					Object.keys(component).filter(one => !componentKeys[component.p!]!.includes(one)),
					[],
					key,
				);
				t.false(ids.has(component.uniq_id!), 'each unique id is there once');
				ids.add(component.uniq_id!);
				const read = /^\{\{ value_json\.([A-Za-z]+) \}\}$/.exec(component.val_tpl!)?.[1];
				t.true(read !== undefined && Object.hasOwn(state, read), `${key} reads ${component.val_tpl}`);
				const unit = component.unit_of_meas;
				if (component.dev_cla !== undefined && Object.hasOwn(units, component.dev_cla)) t.true(units[component.dev_cla]!.includes(unit!));
				if (unit === undefined) t.is(component.stat_cla, undefined, 'what is no number has no state class');
				else t.is(typeof state[read!], 'number', key);
				// The device class enum must have the state among its options, and neither unit nor state class.
				if (component.dev_cla === 'enum') t.true((component.options as unknown as string[]).includes(String(state[read!])));
				if (component.dev_cla === 'timestamp') t.regex(String(state[read!]), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
				if (component.p === 'binary_sensor') t.true(['ON', 'OFF'].includes(String(state[read!])));
			}
			t.is('anchored' in cmps || 'anchored_until' in cmps, isAnchored);
		}
		const [agent, device] = described.map(({state}) => JSON.parse(state) as Record<string, unknown>);
		t.like(agent, {
			state: 'running',
			entries: 1000,
			refused: 2,
			diskFreeMiB: 5,
			problem: 'ON',
			reasons: ['refused as unit-wrong, the newest of m-1'],
		});
		t.is(agent!.runwayDays, isAnchored ? 12 : undefined, 'of the chain where the balance ends first');
		t.like(device, {entries: 50, unanchored: isAnchored ? 10 : null, lastReading: '1970-01-01T00:00:05.000Z', reasons: ['silent']});
		t.false(
			described.some(({state, description}) => `${state}${description}`.includes('evil')),
			'nothing that a device sent',
		);
	});

test('what is announced is no data for those who read descriptions of devices', async t => {
	const decoder = await loadDecoder('homeassistant');
	t.false('problem' in decoder);
	if ('problem' in decoder) return;
	const topics = topicsOf('street-7', names);
	const description = Buffer.from(describeDevice({logName: 'street-7', version: '0.1.0', topics, isAnchored: true}, 'm-1'));
	const topic = topics.description('m-1');
	t.is(decoder.recognise?.({topic, payload: description}), undefined, 'kedge discover proposes nothing');
	const mapping = openMapping(
		{
			name: 'm',
			topic: 'kedge/street-7/{device}/#',
			format: 'homeassistant',
			zone: undefined,
			key: undefined,
			time: undefined,
			sequence: undefined,
			readings: [],
		},
		decoder,
	);
	if ('problem' in mapping) return void t.fail(mapping.problem);
	mapping.decoder.learn!({topic, payload: description, arrivedAtMs: 1});
	const state = Buffer.from(
		deviceState({entries: 1, anchored: undefined, lastReadingMs: 1, gaps: 0, silences: 0, refused: 0, reasons: []}),
	);
	const decoded = mapping.decoder.decode({topic: topics.state('m-1'), payload: state, arrivedAtMs: 1, deviceId: 'm-1'});
	t.true('refused' in decoded && decoded.refused === 'readings-none', JSON.stringify(decoded));
});

type Said = readonly [topic: string, text: string];

/** An announcer around a log that is made up, with outlets that remember. */
async function openWorld(
	changes: Partial<{
		readonly ids: string[];
		readonly names: typeof names | undefined;
		readonly documents: Map<string, string>;
		readonly isKept: boolean;
	}> = {},
) {
	const ids = changes.ids ?? ['m-1', 'm-2'];
	const documents = changes.documents ?? new Map<string, string>();
	const channels: Channel[] = [];
	const subjectOf = (id: number): Uint8Array => new Uint8Array(32).fill(id);
	const addChannel = (urn: string, lastNumber: number): Channel => {
		const id = channels.length + 1;
		const channel = {
			id,
			urn,
			secret: new Uint8Array(16),
			subject: subjectOf(id),
			quantity: 1,
			exponent: 0,
			enrolled: 0,
			lastNumber,
			session: undefined,
			keyTop: undefined,
		};
		channels.push(channel);
		return channel;
	};
	const world = {
		nowMs: 0,
		life: '1' as string | undefined,
		said: [] as Said[],
		revoked: new Set<string>(),
		counts: new Map<string, {arrivedAtMs: number; gaps: number; silences: number; refused: number; exceptions: number}>(),
		silent: [] as string[],
		expired: new Map<string, readonly ('certificate' | 'calibration')[]>(),
		minedSize: 0,
		tally: new Map<number, number>(),
		tallies: 0,
		canAppend: true,
		documents,
		addChannel,
	};
	const outlet: Outlet = {
		isKept: changes.isKept ?? true,
		life: () => world.life,
		publish: (topic, payload, {retain}) => {
			t(retain);
			world.said.push([topic, Buffer.from(payload).toString()]);
			return true;
		},
	};
	const needs: AnnounceNeeds = {
		log: {
			logName: 'street-7',
			channels: () => channels,
			documents: async kind =>
				[...documents].filter(([key]) => key.startsWith(`${kind}/`)).map(([key, body]) => ({key: key.slice(kind.length + 1), body})),
			putDocument: async (kind, key, body) => void documents.set(`${kind}/${key}`, body),
		},
		reader: {
			entry: async () =>
				encodeEntry({
					kind: kinds.note,
					salt: new Uint8Array(16),
					subject: new Uint8Array(32),
					quantity: noteKinds.tally,
					exponent: 0,
					quality: 0,
					value: 1n,
					measuredAtMs: 0,
					arrivedAtMs: 7000,
					number: 1,
					span: 0,
					source: new Uint8Array(32),
				}),
			tallyAt: async () => {
				world.tallies += 1;
				return [...world.tally].map(([id, number]) => ({subject: subjectOf(id), number}));
			},
		},
		deviceIds: () => ids,
		isEnrolled: id => ids.includes(id) && !world.revoked.has(id),
		countsOf: id => world.counts.get(id),
		silentIds: () => world.silent,
		expired: id => world.expired.get(id) ?? [],
		status: async () => ({...status, reasons: [], anchor: {minedSize: world.minedSize}}) as unknown as Status,
		mayAppend: () => world.canAppend,
		clock: {nowMs: () => world.nowMs, monotonicMs: () => world.nowMs, sleep: async () => {}},
		logger: silentLogger,
	};
	function t(retain: boolean): void {
		if (!retain) throw new Error('everything is retained');
	}
	const announcer = await openAnnouncer(needs, {
		names: 'names' in changes ? changes.names : names,
		version: '0.1.0',
		isAnchored: true,
		outlets: [outlet],
		keptOutlet: outlet,
	});
	/** Lets a second pass, and gives what was said. */
	const tick = async (seconds = 1): Promise<Said[]> => {
		const begin = world.said.length;
		for (let i = 0; i < seconds; i += 1) {
			world.nowMs += 1000;
			await announcer?.tick();
		}
		return world.said.slice(begin);
	};
	return {world, announcer, tick};
}

const topicsSaid = (said: readonly Said[]): string[] => said.map(([topic, text]) => `${topic}${text === '' ? ' (taken back)' : ''}`);
const stateSaid = (said: readonly Said[], id: string): Record<string, unknown> | undefined => {
	const found = said.findLast(([topic]) => topic === `kedge/street-7/${id}/state`);
	return found && (JSON.parse(found[1]) as Record<string, unknown>);
};

test('each device is described once, and its state is said when it changes, every ten seconds at most', async t => {
	const {world, tick} = await openWorld();
	const channel = world.addChannel('urn:kedge:device:m-1:voltage', 5);
	world.addChannel('urn:kedge:agent:street-7', 9);
	t.deepEqual(topicsSaid(await tick()), [
		'kedge/street-7/status',
		'homeassistant/device/kedge_street-7/config',
		'kedge/street-7/state',
		'homeassistant/device/kedge_street-7/m-1/config',
		'kedge/street-7/m-1/state',
		'homeassistant/device/kedge_street-7/m-2/config',
		'kedge/street-7/m-2/state',
	]);
	t.like(stateSaid(world.said, 'm-1'), {entries: 5, unanchored: null, anchoredUntil: null, lastReading: null, problem: 'OFF'});
	t.deepEqual(await tick(30), []);
	channel.lastNumber = 6;
	world.counts.set('m-1', {arrivedAtMs: 9000, gaps: 2, silences: 1, refused: 4, exceptions: 0});
	world.silent = ['m-1'];
	world.expired.set('m-2', ['calibration']);
	const said = await tick(10);
	t.deepEqual(topicsSaid(said), ['kedge/street-7/m-1/state', 'kedge/street-7/m-2/state']);
	t.like(stateSaid(said, 'm-1'), {
		entries: 6,
		gaps: 2,
		silences: 1,
		refused: 4,
		problem: 'ON',
		reasons: ['silent'],
		lastReading: '1970-01-01T00:00:09.000Z',
	});
	t.like(stateSaid(said, 'm-2'), {problem: 'ON', reasons: ['calibration expired']});
	let saidTimes = 0;
	for (let i = 0; i < 60; i += 1) {
		channel.lastNumber += 1;
		saidTimes += (await tick()).length;
	}
	t.is(saidTimes, 6);
});

test('what of a device is anchored comes from the tally under the newest anchor, which is read once', async t => {
	const {world, tick} = await openWorld();
	world.addChannel('urn:kedge:device:m-1:voltage', 5);
	world.addChannel('urn:kedge:device:m-1:current:L1', 7);
	world.addChannel('urn:kedge:device:m-1', 2);
	world.tally = new Map([
		[1, 4],
		[2, 6],
		[3, 2],
	]);
	await tick();
	world.minedSize = 30;
	const said = await tick(40);
	t.deepEqual(topicsSaid(said), ['kedge/street-7/state', 'kedge/street-7/m-1/state']);
	t.like(stateSaid(said, 'm-1'), {entries: 14, unanchored: 2, anchoredUntil: '1970-01-01T00:00:07.000Z'});
	t.is(world.tallies, 1);
	// Another block: all of it is on the chain no more.
	world.minedSize = 0;
	t.like(stateSaid(await tick(10), 'm-1'), {unanchored: null, anchoredUntil: null});
});

test('of many devices a hundred are looked at a second, and a new connection hears all of them again', async t => {
	const ids = Array.from({length: 250}, (_, i) => `m-${i}`);
	const {world, tick} = await openWorld({ids});
	t.is((await tick()).length, 3 + 200);
	t.is((await tick()).length, 200);
	t.is((await tick()).length, 100);
	t.deepEqual(await tick(20), []);
	world.life = undefined;
	t.deepEqual(await tick(20), []);
	world.life = '2';
	t.is((await tick(3)).length, 3 + 500);
});

test('a device that was revoked, or that only the log knows, is taken back once', async t => {
	const {world, tick} = await openWorld();
	world.addChannel('urn:kedge:device:gone:voltage', 5);
	const first = topicsSaid(await tick());
	t.true(first.includes('homeassistant/device/kedge_street-7/gone/config (taken back)'));
	t.true(first.includes('kedge/street-7/gone/state (taken back)'));
	world.revoked.add('m-2');
	t.deepEqual(topicsSaid(await tick(30)), [
		'homeassistant/device/kedge_street-7/m-2/config (taken back)',
		'kedge/street-7/m-2/state (taken back)',
	]);
});

test('the agent is said to be gone when it closes, and says nothing while nothing may be written', async t => {
	const {world, announcer, tick} = await openWorld();
	world.canAppend = false;
	t.deepEqual(await tick(5), []);
	world.canAppend = true;
	await tick();
	await announcer![Symbol.asyncDispose]();
	t.deepEqual(world.said.at(-1), ['kedge/street-7/status', 'offline']);
});

test('with the section switched off, what a broker still shows is taken back at the next start, once', async t => {
	const documents = new Map<string, string>();
	const before = await openWorld({documents});
	await before.tick();
	const off = await openWorld({documents, names: undefined});
	off.world.life = undefined;
	t.deepEqual(await off.tick(3), []);
	off.world.life = '1';
	t.deepEqual(topicsSaid(await off.tick(3)), [
		'homeassistant/device/kedge_street-7/m-1/config (taken back)',
		'kedge/street-7/m-1/state (taken back)',
		'homeassistant/device/kedge_street-7/m-2/config (taken back)',
		'kedge/street-7/m-2/state (taken back)',
		'homeassistant/device/kedge_street-7/config (taken back)',
		'kedge/street-7/state (taken back)',
		'kedge/street-7/status (taken back)',
	]);
	t.true(off.announcer!.isOwn('kedge/street-7/m-1/state'), 'what comes back of it is no noise');
	t.is((await openWorld({documents, names: undefined})).announcer, undefined);
});

test('under another prefix only the descriptions are taken back, and everything is said under the new one', async t => {
	const documents = new Map<string, string>();
	await (await openWorld({documents, ids: ['m-1']})).tick();
	const {tick} = await openWorld({documents, ids: ['m-1'], names: {prefix: 'ha', topic: 'kedge'}});
	const said = topicsSaid(await tick(2));
	t.deepEqual(
		said.filter(topic => topic.endsWith('(taken back)')),
		['homeassistant/device/kedge_street-7/m-1/config (taken back)', 'homeassistant/device/kedge_street-7/config (taken back)'],
	);
	t.true(said.includes('ha/device/kedge_street-7/m-1/config') && said.includes('kedge/street-7/m-1/state'));
	t.deepEqual(JSON.parse(documents.get('announced/client')!), [{prefix: 'ha', topic: 'kedge'}]);
});

test('through the embedded broker alone nothing is remembered, since it keeps nothing', async t => {
	const documents = new Map<string, string>();
	await (await openWorld({documents, isKept: false})).tick(5);
	t.is(documents.size, 0);
});
