import test from 'ava';
import {hashPassword} from '../../agent/base/password.ts';
import {createSystemRandom} from '../../agent/base/random.ts';
import {createDevices, type DeviceConfig, type Devices} from '../../agent/ingest/devices.ts';
import {mappingFor} from './decoders/read.ts';

const random = createSystemRandom();

const mappings = new Map(
	Object.entries({meter: 'meters/{device}', status: 'meters/{device}/status', shared: 'shared/data', all: '#'}).map(([name, topic]) => [
		name,
		mappingFor({name, topic, format: 'json', readings: [{pointer: '/v', quantity: 'voltage', unit: 'V'}]}),
	]),
);

const device = (id: string, names: readonly string[], passwordHash?: string): DeviceConfig => ({
	id,
	passwordHash,
	mappings: names,
	simulated: false,
});

const routed = (devices: Devices, topic: string, connected?: string): string => {
	const route = devices.route(topic, connected);
	return 'refused' in route ? route.refused : `${route.device.id} by ${route.mapping.name}`;
};

test('a topic leads to its device and its mapping', t => {
	const devices = createDevices([device('a', ['meter', 'status']), device('b', ['meter']), device('c', ['shared'])], mappings);
	for (const connected of [undefined, 'a']) {
		t.is(routed(devices, 'meters/a', connected), 'a by meter');
		t.is(routed(devices, 'meters/a/status', connected), 'a by status');
	}
	t.is(routed(devices, 'meters/b'), 'b by meter');
	t.is(routed(devices, 'shared/data'), 'c by shared');
	t.is(routed(devices, 'shared/data', 'c'), 'c by shared');
});

test('through a broker of yours, a topic of no device is refused', t => {
	const devices = createDevices([device('a', ['meter'])], mappings);
	for (const topic of ['meters/b', 'meters/a/status', 'shared/data', 'elsewhere', '', '\0', 'meters/a\0'])
		t.is(routed(devices, topic), 'device-unknown', JSON.stringify(topic));
});

test('a connected device that publishes to the topic of another one is refused', t => {
	const devices = createDevices([device('a', ['meter']), device('b', ['meter', 'status']), device('c', ['shared'])], mappings);
	t.is(routed(devices, 'meters/b', 'a'), 'topic-forbidden');
	t.is(routed(devices, 'meters/b/status', 'a'), 'topic-forbidden');
	t.is(routed(devices, 'shared/data', 'a'), 'topic-forbidden');
	t.deepEqual(devices.route('meters/b', 'a'), {refused: 'topic-forbidden', detail: 'topic meters/b belongs to b'});
});

test('a topic of nobody, or of a mapping that the device has not, is unknown', t => {
	const devices = createDevices([device('a', ['meter']), device('b', ['meter'])], mappings);
	t.is(routed(devices, 'elsewhere', 'a'), 'topic-unknown');
	t.is(routed(devices, 'meters/nobody', 'a'), 'topic-unknown');
	t.is(routed(devices, 'meters/a/status', 'a'), 'topic-unknown');
	t.is(routed(devices, '', 'a'), 'topic-unknown');
	t.is(routed(devices, 'meters/a', 'nobody'), 'device-unknown');
	t.is(routed(devices, 'meters/a', '__proto__'), 'device-unknown');
});

test('a topic that names no device belongs to whoever is connected and has the mapping, else to the first one that has it', t => {
	const devices = createDevices([device('a', ['meter']), device('b', ['shared']), device('c', ['shared'])], mappings);
	t.is(routed(devices, 'shared/data', 'b'), 'b by shared');
	t.is(routed(devices, 'shared/data', 'c'), 'c by shared');
	t.is(routed(devices, 'shared/data'), 'b by shared');
});

test('a topic that several devices have stays with the first one, whatever is changed of it', t => {
	const devices = createDevices([device('a', ['shared', 'meter']), device('b', ['shared']), device('c', ['meter'])], mappings);
	devices.put({...device('c', ['meter']), topicName: 'a'});
	t.is(routed(devices, 'shared/data'), 'a by shared');
	t.is(routed(devices, 'meters/a'), 'a by meter');
	devices.put({...device('a', ['shared', 'meter']), cadenceSeconds: 60});
	t.is(routed(devices, 'shared/data'), 'a by shared');
	t.is(routed(devices, 'meters/a'), 'a by meter');
	devices.put(device('a', ['meter']));
	t.is(routed(devices, 'shared/data'), 'b by shared');
});

test('where devices are described a device may listen, and leave no will', t => {
	const meter = mappings.get('meter')!;
	const told = {...meter, decoder: {...meter.decoder, hears: ['homeassistant/+/+/config']}};
	const devices = createDevices([device('a', ['meter']), {...device('b', ['meter']), via: 'a'}], new Map([['meter', told]]));
	t.deepEqual(devices.filtersOf(devices.byId('a')!), ['meters/a', 'meters/b']);
	t.deepEqual(devices.heardOf(devices.byId('a')!), ['homeassistant/+/+/config']);
});

test('what a gateway has described that was revoked is not learned again', t => {
	const learned: string[] = [];
	const hearing = mappings.get('meter')!;
	const told = {
		...hearing,
		decoder: {...hearing.decoder, learn: ({topic}: {readonly topic: string}) => learned.push(topic) > 0},
		isHeard: () => true,
	};
	const devices = createDevices([device('bridge', ['h']), {...device('bulb', ['h']), via: 'bridge'}], new Map([['h', told]]));
	const message = {topic: 'h/bridge/devices', payload: new Uint8Array(2), arrivedAtMs: 0};
	t.true(devices.learn(message, 'bridge'));
	t.false(devices.learn(message, 'bulb'), 'it has a gateway that speaks for others');
	devices.put({...device('old', ['h']), isRevoked: true});
	t.true(devices.learn(message, 'bridge'), 'of one that was revoked nothing is read, so nobody needs to speak for it');
	devices.put({...device('bridge', ['h']), isRevoked: true});
	t.false(devices.learn(message, 'bridge'));
	t.is(learned.length, 2);
});

test('the first mapping of a device that fits reads its topic', t => {
	const devices = createDevices([device('a', ['meter', 'all']), device('b', ['all', 'meter'])], mappings);
	t.is(routed(devices, 'meters/a', 'a'), 'a by meter');
	t.is(routed(devices, 'meters/b', 'b'), 'b by all');
	t.is(routed(devices, 'x/y', 'a'), 'a by all');
});

test('a device gets in with its password, again and again, and with no other', async t => {
	const devices = createDevices(
		[
			device('a', ['meter'], await hashPassword('right', random)),
			device('b', ['meter'], await hashPassword('right', random)),
			device('silent', ['meter']),
		],
		mappings,
	);
	const enter = async (id: string, password: string): Promise<string | undefined> =>
		(await devices.authenticate(id, Buffer.from(password)))?.id;
	t.is(await enter('a', 'wrong'), undefined);
	t.is(await enter('a', 'right'), 'a');
	// From here on its digest is known.
	t.is(await enter('a', 'right'), 'a');
	t.is(await enter('a', 'wrong'), undefined);
	t.is(await enter('a', ''), undefined);
	t.is(await enter('b', ''), undefined);
	t.is(await enter('b', 'right'), 'b');
	t.is(await enter('silent', ''), undefined);
	t.is(await enter('silent', 'right'), undefined);
	t.is(await enter('nobody', 'right'), undefined);
	t.is(await enter('', ''), undefined);
	t.deepEqual(await Promise.all(['right', 'wrong', 'right'].map(password => enter('b', password))), ['b', undefined, 'b']);
});

test('more than 256 password checks at once are turned away, and those before still answered', async t => {
	const devices = createDevices([device('a', ['meter'], await hashPassword('right', random))], mappings);
	// The hash cannot be read, so the wait is short.
	const cheap = createDevices([device('a', ['meter'], 'none')], mappings);
	const all = await Promise.all(Array.from({length: 300}, () => cheap.authenticate('a', Buffer.from('x'))));
	t.deepEqual([...new Set(all)], [undefined]);
	const first = devices.authenticate('a', Buffer.from('right'));
	const others = Array.from({length: 256}, () => devices.authenticate('a', Buffer.from('right')));
	t.is((await first)?.id, 'a');
	t.is((await Promise.all(others)).filter(found => found === undefined).length, 1);
});
