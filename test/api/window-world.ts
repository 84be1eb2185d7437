// An agent to look into that is made up, with real people: what the HTTP interface needs behind it, for tests of the interface alone.
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {ExecutionContext} from 'ava';
import type {AgentView, ArrivalView, DeviceView, People, Window} from '../../agent/api/window.ts';
import {AgentError} from '../../agent/base/errors.ts';
import {createSystemRandom} from '../../agent/base/random.ts';
import {addUser, openPeople} from '../../agent/users.ts';
import {type Answered, type Loose, openWorld, settableClock, startMs, type World} from './world.ts';

export const passwords = {owner: 'correct horse battery', operator: 'staple of the operator', viewer: 'somebody who only looks'} as const;
type Name = keyof typeof passwords;

export const channelUrn = 'urn:kedge:device:boiler:temperature';

export const agentState: AgentView = {
	version: '0.0.0',
	origin: 'made-up/1',
	state: 'running',
	startedAtMs: startMs,
	nowMs: startMs,
	size: 3,
	newestEntryAtMs: startMs,
	checkpoint: {size: 3, root: '00'.repeat(32)},
	releasedSize: 3,
	releasedAtMs: startMs,
	unanchoredEntries: 0,
	unanchoredAgeMs: null,
	anchorsNeeded: 0,
	anchoredSize: 0,
	finalSize: 0,
	anchors: [],
	clock: 'synchronised',
	channels: 1,
	devices: 1,
	devicesRevoked: 0,
	devicesHeard: 1,
	silentDevices: 0,
	silent: [],
	connections: 0,
	gaps: 0,
	silences: 0,
	refused: 0,
	refusedByReason: {},
	setAside: 0,
	quarantineBytes: 0,
	disk: {freeBytes: 1, floorBytes: 0, walBytes: 0, fillDays: null},
	residentBytes: 1,
	accountsBehind: 0,
	scrub: {done: 0, of: 0, passes: 0},
	broker: null,
	client: null,
	market: null,
	warnings: [],
	notices: [],
};

const device = (id: string): DeviceView => ({
	id,
	from: 'config',
	state: 'enrolled',
	topics: [`${id}/#`],
	mappings: [],
	credentials: ['password'],
	isSigning: false,
	cadenceMs: 60_000,
	lastHeardMs: null,
	isSilent: false,
	refused: 0,
	expired: [],
	binding: null,
	channels: 1,
});
const channel = (id: string) => ({
	urn: `urn:kedge:device:${id}:temperature`,
	device: id,
	quantity: 'temperature',
	part: null,
	unit: 'mCel',
	kind: 'gauge',
	exponent: 0,
	entries: 1,
});

const arrival: ArrivalView = {
	topic: 'boiler/t',
	identity: 'boiler',
	flags: 1,
	arrivedAtMs: startMs,
	decoder: 'json/1',
	signature: '',
	payload: 'PGltZyBzcmM9eCBvbmVycm9yPWFsZXJ0KDEpPg==',
	payloadText: '<img src=x onerror=alert(1)>',
	payloadBytes: 28,
};

/** Two devices, boiler and truck; entry 0 is of the boiler, 1 of the truck, 2 a note, 3 was pruned. */
function madeUpWindow(people: People): Window & {health_: ReturnType<Window['health']>; pulses: number} {
	const entryOf = (index: number) => {
		const id = index === 0 ? 'boiler' : 'truck';
		return {
			index,
			kind: index === 2 ? 'note' : 'reading',
			sort: index === 2 ? 'gap' : 'temperature',
			urn: index === 2 ? null : `urn:kedge:device:${id}:temperature`,
			device: index === 2 ? null : id,
			number: 1,
			unit: 'mCel',
			exponent: 0,
			value: '21500',
			quality: [],
			measuredAtMs: startMs + index * 60_000,
			arrivedAtMs: startMs + index * 60_000,
			span: 0,
			subject: 'aa',
			salt: 'bb',
			source: 'cc',
			bytes: 'dd',
			leafHash: 'ee',
			body: null,
		};
	};
	const made: Window & {health_: ReturnType<Window['health']>; pulses: number} = {
		health_: 'ok',
		pulses: 0,
		people,
		agent: async () => agentState,
		health: () => made.health_,
		metrics: async () => '# HELP x y\n# TYPE x gauge\nx 1\n',
		pulse: async () => {
			made.pulses += 1;
			return {agent: {...agentState, nowMs: startMs + made.pulses, size: 3 + made.pulses}, readings: []};
		},
		devices: () => [device('boiler'), device('truck')],
		channels: () => [channel('boiler'), channel('truck')],
		curve: async (_urn, {fromMs}, points) => ({
			level: 'quarter-hour',
			bucketMs: 900_000,
			behind: 0,
			times: [fromMs],
			counts: [points],
			first: ['1'],
			last: ['2'],
			min: ['-9223372036854775808'],
			max: [null],
			marks: {estimated: [[0, 1]]},
		}),
		watched: async (_urn, {fromMs, toMs}) => ({
			spans: [{shipment: 's1', assignment: 'a1', sort: 'temperature', fromMs, toMs, low: -25_000, high: null, excursions: []}],
			isCut: false,
		}),
		allowances: async () => undefined,
		readings: async (_urn, {fromMs, toMs}, _after, limit) =>
			[fromMs, toMs]
				.slice(0, limit)
				.map((atMs, index) => ({index, number: 1, measuredAtMs: atMs, arrivedAtMs: atMs, value: '1', quality: [], span: 0})),
		entry: async (index, withArrival) => {
			if (index === 3) throw new AgentError('ENTRY_PRUNED', 'entry 3 was pruned');
			return index > 3
				? undefined
				: {
						...entryOf(index),
						arrival: withArrival ? arrival : null,
						arrivalState: withArrival ? 'shown' : 'withheld',
					};
		},
		path: async index => ({
			index,
			leafHash: 'ee',
			steps: [{side: 'left', hash: 'ff', begin: 0, end: 1, sum: 'ab'}],
			checkpoint: {origin: 'made-up/1', size: 3, root: '00', note: 'note'},
			anchors: [],
		}),
		receipt: async index => `{"receipt":${index}}\n`,
		notes: async () => ({items: [], next: undefined}),
		quarantine: async (_limit, withPayload) => [
			{
				id: 1,
				arrivedAtMs: startMs,
				reason: 'not-json',
				detail: 'x',
				topic: 't',
				identity: 'i',
				bytes: 1,
				payload: withPayload ? 'AA==' : null,
			},
		],
		accounts: sort => [`${sort}-1`, `${sort}-2`],
		answer: async (about, id) => (id === 'nobody' ? undefined : {size: 3, answer: {about, id}}),
		packages: {list: () => [], start: () => undefined, file: () => undefined},
		log: {
			checkpoint: () => ({size: 3, note: 'made-up/1\n3\nAA==\n\n— x y\n'}),
			tile: async (_level, _number, count) => new Uint8Array(32 * count),
			entries: async (begin, end) => new Uint8Array(118 * (end - begin)),
			sealedUntilMs: () => 0,
		},
		pages: new Map([
			['/', {bytes: Buffer.from('<!doctype html><p>hello'), mediaType: 'text/html; charset=utf-8', isHashed: false}],
			['/app-0123ABCD.js', {bytes: Buffer.from('export {};'), mediaType: 'text/javascript; charset=utf-8', isHashed: true}],
		]),
	};
	return made;
}

export type WindowWorld = World & {
	readonly window: ReturnType<typeof madeUpWindow>;
	readonly people: People;
	/** Signs in and asks on, as a page would: with the cookie, and with our origin. */
	readonly as: (name: Name) => Promise<Ask>;
	readonly signIn: (name: string, password: string, headers?: Record<string, string>) => Promise<Answered>;
	/** Asks with a cookie. */
	readonly withCookie: (cookie: string) => Ask;
	readonly paths: {readonly users: string; readonly shares: string};
	/** Of whatever lies outside of /v1. */
	readonly root: (path: string, headers?: Record<string, string>) => Promise<Response>;
};

export type Ask = (
	path: string,
	init?: {readonly json?: unknown; readonly method?: string; readonly headers?: Record<string, string>},
) => Promise<Answered>;

export const cookieOf = (answer: Answered): string => answer.headers.getSetCookie()[0]!.split(';')[0]!;

export async function openWindowWorld(
	t: ExecutionContext<unknown>,
	options: Parameters<typeof openWorld>[1] = {},
	/** In the place of two made-up ones. */
	pages?: Window['pages'],
): Promise<WindowWorld> {
	const folder = mkdtempSync(join(tmpdir(), 'kedge-'));
	t.teardown(() => rmSync(folder, {recursive: true, force: true}));
	const paths = {users: join(folder, 'users.json'), shares: join(folder, 'shares.json')};
	const random = createSystemRandom();
	const clock = settableClock(startMs);
	for (const [name, password] of Object.entries(passwords)) await addUser(paths, {name, role: name as Name, password}, {random, clock});
	const people = await openPeople(paths, {random, clock});
	const window = Object.assign(madeUpWindow(people), pages === undefined ? {} : {pages});
	const world = await openWorld(t, {...options, clock, window});
	const withCookie =
		(cookie: string): Ask =>
		(path, {json, method, headers} = {}) =>
			world.ask(path, {
				...(json === undefined ? {} : {json}),
				...(method === undefined ? {} : {method}),
				headers: {cookie, origin: world.url, ...headers},
			});
	const signIn: WindowWorld['signIn'] = (name, password, headers = {}) => world.ask('/session', {json: {name, password}, headers});
	return {
		...world,
		window,
		people,
		paths,
		signIn,
		withCookie,
		as: async name => {
			const answer = await signIn(name, passwords[name]);
			t.is(answer.status, 201);
			return withCookie(cookieOf(answer));
		},
		root: (path, headers = {}) => fetch(`${world.url}${path}`, {headers}),
	};
}

export type {Loose};
