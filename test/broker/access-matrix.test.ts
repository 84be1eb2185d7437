// Who may do what: every device with every credential, every operation on every topic, over real sockets, held against one table.
import test, {type ExecutionContext} from 'ava';
import {whoConnects} from '../../agent/access.ts';
import {systemClock} from '../../agent/base/clock.ts';
import {silentLogger} from '../../agent/base/logger.ts';
import {hashPassword} from '../../agent/base/password.ts';
import {createSystemRandom} from '../../agent/base/random.ts';
import {until} from '../../agent/base/retry.ts';
import {issueClient, issueServer, type KeyAndCertificate, makeCa} from '../../agent/certificates.ts';
import {parseConfig} from '../../agent/config.ts';
import {arrivalFlags} from '../../agent/format/arrival.ts';
import type {Devices} from '../../agent/ingest/devices.ts';
import {openDevices} from '../../agent/main.ts';
import {sitePaths} from '../../agent/site.ts';
import {type Broker, type BrokerStats, openBroker} from '../../broker/broker.ts';
import {connectPacket, pingPacket, publishPacket, RawClient, subscribePacket} from './wire.ts';
import {connackOk, pingresp, puback} from './world.ts';

const random = createSystemRandom();
const dayMs = 86_400_000;
const nowMs = systemClock.nowMs();
const ca = await makeCa('street', {random, nowMs});
const server = await issueServer(ca, ['localhost'], {random, nowMs, days: 30});
const foreignCa = await makeCa('street', {random, nowMs});

const ids = ['both', 'password', 'certificate', 'open', 'gateway', 'behind', 'gone'] as const;
type DeviceId = (typeof ids)[number];

const enrolled = Object.fromEntries(
	await Promise.all(ids.map(async id => [id, await issueClient(ca, id, {random, nowMs, days: 30})] as const)),
);
const foreign = await issueClient(foreignCa, 'both', {random, nowMs, days: 30});
const forgotten = await issueClient(ca, 'both', {random, nowMs, days: 30});
const expired = await issueClient(ca, 'both', {random, nowMs: nowMs - 60 * dayMs, days: 30});

/** What a CONNECT brings along; a client certificate needs TLS, the rest comes over both ports. */
type Credential = {
	readonly username?: string | undefined;
	readonly password?: string | undefined;
	readonly certificate?: KeyAndCertificate | undefined;
	readonly isPlain?: boolean;
	/** Behind the device's id in its client id. */
	readonly suffix?: string;
};

const other = (id: DeviceId): DeviceId => (id === 'both' ? 'password' : 'both');
const passwordOf = (id: DeviceId): string => `secret-${id}`;

const credentials = {
	'right password': id => ({username: id, password: passwordOf(id)}),
	'right password, not encrypted': id => ({username: id, password: passwordOf(id), isPlain: true}),
	'wrong password': id => ({username: id, password: 'wrong'}),
	'no password': id => ({username: id}),
	nothing: () => ({}),
	'nothing, not encrypted': () => ({isPlain: true}),
	"another's password": id => ({username: id, password: passwordOf(other(id))}),
	"another's name and password": id => ({username: other(id), password: passwordOf(other(id))}),
	'right certificate': id => ({certificate: enrolled[id]}),
	'right certificate and name': id => ({certificate: enrolled[id], username: id, password: 'is not looked at'}),
	"right certificate, another's name": id => ({certificate: enrolled[id], username: other(id), password: passwordOf(other(id))}),
	"another's certificate": id => ({certificate: enrolled[other(id) === 'password' ? 'certificate' : 'both']}),
	"another's certificate, right password": id => ({
		certificate: enrolled[other(id) === 'password' ? 'certificate' : 'both'],
		username: id,
		password: passwordOf(id),
	}),
	'certificate that is enrolled for nobody': id => ({certificate: forgotten, username: id, password: passwordOf(id)}),
	'certificate of another CA': id => ({certificate: foreign, username: id, password: passwordOf(id)}),
	'expired certificate': id => ({certificate: expired, username: id, password: passwordOf(id)}),
	"the server's own certificate": () => ({certificate: server}),
} as const satisfies Record<string, (id: DeviceId) => Credential>;
type CredentialName = keyof typeof credentials;

/** Who comes in: those that are named. All others get return code 5, but with another's name 2: the client id is not that one's. */
const comesIn: Readonly<Record<CredentialName, readonly DeviceId[]>> = {
	'right password': ['both', 'password', 'gateway'],
	'right password, not encrypted': ['both', 'password', 'gateway'],
	'wrong password': [],
	'no password': [],
	nothing: ['open'],
	'nothing, not encrypted': ['open'],
	"another's password": [],
	"another's name and password": [],
	'right certificate': ['both', 'certificate'],
	'right certificate and name': ['both', 'certificate'],
	"right certificate, another's name": [],
	"another's certificate": [],
	"another's certificate, right password": [],
	'certificate that is enrolled for nobody': [],
	'certificate of another CA': [],
	'expired certificate': [],
	"the server's own certificate": [],
};

const refusedAs = (credential: CredentialName): string => {
	if (credential === "another's name and password" || credential === "another's certificate") return 'identifier';
	if (credential === 'certificate of another CA' || credential === "the server's own certificate") return 'certificate-untrusted';
	if (credential === 'expired certificate') return 'certificate-expired';
	return credential.includes('certificate') ? 'certificate-unknown' : 'credentials';
};

const operations = ['publish', 'publish retained', 'will', 'subscribe'] as const;
type Operation = (typeof operations)[number];

/** For each kind of topic, what comes of each operation of a device that is in. */
const outcomes: Readonly<Record<string, {readonly topic: (id: DeviceId) => string} & Readonly<Record<Operation, string>>>> = {
	'its own': {topic: id => `meters/${id}`, publish: 'kept', 'publish retained': 'kept', will: 'published', subscribe: 'granted'},
	"another's": {
		topic: id => `meters/${other(id)}`,
		publish: 'topic-forbidden',
		'publish retained': 'topic-forbidden',
		will: 'not published',
		subscribe: 'refused',
	},
	"a revoked device's": {
		topic: () => 'meters/gone',
		publish: 'topic-forbidden',
		'publish retained': 'topic-forbidden',
		will: 'not published',
		subscribe: 'refused',
	},
	"nobody's": {
		topic: () => 'attic/x',
		publish: 'topic-unknown',
		'publish retained': 'topic-unknown',
		will: 'not published',
		subscribe: 'refused',
	},
	'below its own': {
		topic: id => `meters/${id}/x`,
		publish: 'topic-unknown',
		'publish retained': 'topic-unknown',
		will: 'not published',
		subscribe: 'refused',
	},
	"the broker's": {
		topic: () => '$SYS/x',
		publish: 'closed: bad-text',
		'publish retained': 'closed: bad-text',
		will: 'closed: bad-text',
		subscribe: 'refused',
	},
	'a share of its own': {
		topic: id => `$share/g/meters/${id}`,
		publish: 'closed: bad-text',
		'publish retained': 'closed: bad-text',
		will: 'closed: bad-text',
		subscribe: 'refused',
	},
	everything: {
		topic: () => '#',
		publish: 'closed: protocol',
		'publish retained': 'closed: protocol',
		will: 'no topic',
		subscribe: 'refused',
	},
	"everybody's": {
		topic: () => 'meters/+',
		publish: 'closed: protocol',
		'publish retained': 'closed: protocol',
		will: 'no topic',
		subscribe: 'refused',
	},
	'its own by a wildcard': {
		topic: id => `+/${id}`,
		publish: 'closed: protocol',
		'publish retained': 'closed: protocol',
		will: 'no topic',
		subscribe: 'refused',
	},
};

/** What a gateway may as well: to speak for the device behind it. */
const gatewayOutcomes = {
	topic: () => 'meters/behind',
	publish: 'kept',
	'publish retained': 'kept',
	will: 'published',
	subscribe: 'granted',
};

type World = {
	readonly broker: Broker;
	readonly devices: Devices;
	/** What admission said of each arrival, with RETAIN as received. */
	readonly said: {readonly outcome: string; readonly isRetained: boolean; readonly identity: string}[];
	readonly wall: RawClient;
};

async function openWorld(t: ExecutionContext): Promise<World> {
	const hashes = new Map<DeviceId, string>();
	for (const id of ids) hashes.set(id, await hashPassword(passwordOf(id), random));
	const lines = ids.map(id => {
		const password = id === 'both' || id === 'password' || id === 'gateway' || id === 'gone' ? `, passwordHash: ${hashes.get(id)}` : '';
		const certificate = id === 'both' || id === 'certificate' || id === 'gone' ? `, certificateSha256: ${enrolled[id]!.fingerprint}` : '';
		return `  - {id: ${id}, mappings: [meter]${password}${certificate}${id === 'open' ? ', anonymous: true' : ''}${id === 'behind' ? ', via: gateway' : ''}}`;
	});
	const parsed = parseConfig(
		`log: {name: a}
broker: {anonymous: I-know-that-anybody-can-publish, tls: {certificate: s, key: k, clientCa: c}}
mappings: {meter: {topic: 'meters/{device}', format: json, readings: [{pointer: /e, quantity: energy-import, unit: kWh}]}}
devices:
${lines.join('\n')}
`,
		'kedge.yaml',
	);
	const devices = await openDevices({...parsed, paths: sitePaths('/nowhere'), configPath: '/nowhere/kedge.yaml'});
	devices.put({...devices.byId('gone')!, isRevoked: true});
	const said: World['said'] = [];
	const broker = await openBroker(
		{
			accept: ({topic, flags, identity}, done) => {
				const route = devices.route(topic, identity);
				const outcome = 'refused' in route ? route.refused : 'kept';
				said.push({outcome, isRetained: (flags & arrivalFlags.retain) !== 0, identity});
				done(outcome === 'kept' ? 'kept' : 'refused');
			},
			pressure: () => undefined,
			authenticate: async (clientId, username, password, certificate) => {
				if (username === 'wall') return {deviceId: 'wall', role: 'reader', topicFilters: ['#']};
				const device = await whoConnects(devices, {clientId, username, password, certificate}, true);
				return (
					device && {
						deviceId: device.id,
						role: 'device',
						get topicFilters() {
							return devices.filtersOf(device);
						},
					}
				);
			},
			mayConnect: () => true,
			logger: silentLogger,
		},
		{
			port: 0,
			tls: {...server, clientCa: ca.certificate, port: 0},
			limits: {failuresPerUserMax: 1e6, failuresPerAddressMax: 1e6, connectionsPerAddressMax: 256},
		},
	);
	t.teardown(() => broker[Symbol.asyncDispose]());
	const wall = await RawClient.open(broker.port);
	t.teardown(() => wall.socket.destroy());
	wall.send(connectPacket({clientId: 'wall', username: 'wall', password: 'x'}), subscribePacket(1, '#'));
	t.is(await wall.next(), connackOk);
	t.is(await wall.next(), '9003000101');
	return {broker, devices, said, wall};
}

async function connected(world: World, credential: Credential): Promise<RawClient> {
	const {certificate, isPlain} = credential;
	if (isPlain) return RawClient.open(world.broker.port);
	return RawClient.openTls(world.broker.tlsPort!, {
		ca: ca.certificate,
		...(certificate === undefined ? {} : {cert: certificate.certificate, key: certificate.key}),
	});
}

const connectOf = (id: DeviceId, {username, password, suffix = ''}: Credential, will?: string): Buffer =>
	connectPacket({
		clientId: `${id}${suffix}`,
		...(username === undefined ? {} : {username}),
		...(password === undefined ? {} : {password}),
		...(will === undefined ? {} : {will: {topic: will, payload: 'gone', qos: 1, retain: true}}),
	});

/** Why the broker refused or closed something since `before`. */
function reasonSince({broker}: World, before: BrokerStats): string {
	const now = broker.stats();
	const risen = <Name extends string>(a: Readonly<Record<Name, number>>, b: Readonly<Record<Name, number>>): string | undefined =>
		(Object.keys(a) as Name[]).find(name => a[name] > b[name]);
	return risen(now.connectsRefused, before.connectsRefused) ?? `closed: ${risen(now.closed, before.closed)}`;
}

/** A connection that is let in, with the will that it leaves. */
async function enter(t: ExecutionContext, world: World, id: DeviceId, credential: Credential, will?: string): Promise<RawClient> {
	const client = await connected(world, credential);
	client.send(connectOf(id, credential, will));
	t.is(await client.next(), connackOk);
	return client;
}

/** What comes of one operation of a device that is in, in the words of the table. */
async function outcomeOf(world: World, client: RawClient, id: DeviceId, operation: Operation, topic: string): Promise<string> {
	const {broker, said, wall} = world;
	const before = broker.stats();
	if (operation === 'subscribe') {
		client.send(subscribePacket(7, topic));
		const granted = await client.next();
		return granted === '9003000701' ? 'granted' : granted === '9003000780' ? 'refused' : reasonSince(world, before);
	}
	if (operation === 'will') {
		client.socket.destroy();
		const isOver = await until(async () => (broker.stats().willsRefused > before.willsRefused || wall.untaken > 0 ? true : undefined), {
			clock: systemClock,
			everyMs: 1,
			timeoutMs: 5000,
		});
		if (!isOver) return 'nothing happened';
		if (broker.stats().willsRefused > before.willsRefused) return 'not published';
		const got = Buffer.from((await wall.next())!, 'hex');
		// Never retained, whatever it asked for.
		return got.includes(topic) && (got[0]! & 1) === 0 ? 'published' : 'published wrongly';
	}
	const count = said.length;
	client.send(publishPacket(topic, '{"e":1}', {id: 9, retain: operation === 'publish retained'}), pingPacket);
	const first = await client.next();
	if (first === undefined) return said.length === count ? reasonSince(world, before) : 'arrived, and closed';
	// The PUBACK comes for what is refused as well: to send it again would not help.
	if (first !== puback(9) || (await client.next()) !== pingresp) return `answered ${first}`;
	const {outcome, isRetained, identity} = said.at(-1)!;
	if (identity !== id || said.length !== count + 1 || isRetained !== (operation === 'publish retained')) return 'arrived wrongly';
	if (outcome === 'kept') return (Buffer.from((await wall.next())!, 'hex')[0]! & 1) === 0 ? 'kept' : 'kept as old state';
	return wall.untaken > 0 ? 'refused, and delivered' : outcome;
}

/** Tries everything on every topic with a credential that is good. */
async function tryAll(t: ExecutionContext, world: World, id: DeviceId, credential: Credential, name: string): Promise<number> {
	const kinds = Object.entries(id === 'gateway' ? {...outcomes, 'of the device behind it': gatewayOutcomes} : outcomes);
	const shared = await enter(t, world, id, credential);
	let tried = 0;
	for (const [kind, row] of kinds)
		for (const operation of operations) {
			const topic = row.topic(id);
			const expected = row[operation];
			if (expected === 'no topic') continue;
			tried += 1;
			const isWill = operation === 'will';
			let got: string;
			if (isWill && expected.startsWith('closed')) {
				const before = world.broker.stats();
				const client = await connected(world, credential);
				client.send(connectOf(id, credential, topic));
				got = (await client.next()) ?? reasonSince(world, before);
			} else {
				// The client id is another one: the same would end the connection that is there.
				const ofItsOwn = isWill || expected.startsWith('closed');
				const client = ofItsOwn ? await enter(t, world, id, {...credential, suffix: ':b'}, isWill ? topic : undefined) : shared;
				got = await outcomeOf(world, client, id, operation, topic);
				if (ofItsOwn) client.socket.destroy();
			}
			if (got !== expected) t.fail(`${id} with ${name}: ${operation} on ${kind} (${topic}) is "${got}", not "${expected}"`);
		}
	shared.socket.destroy();
	return tried;
}

/** A CONNECT with everything right behind it, on all topics, before the answer is there: what is refused must not have had any of it. */
async function tryRefused(t: ExecutionContext, world: World, id: DeviceId, credential: Credential, name: CredentialName): Promise<number> {
	const {said, wall, broker} = world;
	const topics = Object.values(outcomes).map(({topic}) => topic(id));
	const wills = topics.filter(topic => !/[+#]/.test(topic));
	const behind = topics.flatMap((topic, i) => [
		...(wills.includes(topic)
			? [publishPacket(topic, '{"e":1}', {id: 20 + i}), publishPacket(topic, '{"e":1}', {id: 40 + i, retain: true})]
			: []),
		subscribePacket(60 + i, topic),
	]);
	const arrived = said.length;
	for (const will of [undefined, ...wills.slice(0, 2), '$SYS/x']) {
		const before = broker.stats();
		const client = await connected(world, credential);
		client.send(connectOf(id, credential, will), ...behind);
		const answers = await client.rest();
		const wanted = will?.startsWith('$') ? 'closed: bad-text' : refusedAs(name);
		const code = wanted === 'identifier' ? ['20020002'] : wanted.startsWith('closed') ? [] : ['20020005'];
		const what = `${id} with ${name}, will ${will}`;
		t.deepEqual(answers, code, what);
		t.is(reasonSince(world, before), wanted, what);
	}
	t.is(said.length, arrived);
	t.is(wall.untaken, 0);
	return 4 * behind.length;
}

for (const id of ids)
	test(`the matrix of ${id}: ${Object.keys(credentials).length} credentials, ${operations.length} operations, ${Object.keys(outcomes).length} topics`, async t => {
		const world = await openWorld(t);
		let tried = 0;
		for (const [name, make] of Object.entries(credentials) as [CredentialName, (id: DeviceId) => Credential][])
			tried += comesIn[name].includes(id) ? await tryAll(t, world, id, make(id), name) : await tryRefused(t, world, id, make(id), name);
		t.true(tried > 1000, `${tried}`);
		// Nobody was kept out by what others did.
		world.wall.send(pingPacket);
		t.is(await world.wall.next(), pingresp);
	});

test('a gateway that is connected may hear a device that is put behind it later', async t => {
	const world = await openWorld(t);
	const client = await enter(t, world, 'gateway', credentials['right password']('gateway'));
	client.send(subscribePacket(7, 'meters/later'));
	t.is(await client.next(), '9003000780');
	world.devices.put({...world.devices.byId('behind')!, id: 'later', topicName: 'later'});
	client.send(subscribePacket(8, 'meters/later'));
	t.is(await client.next(), '9003000801');
	client.socket.destroy();
});
