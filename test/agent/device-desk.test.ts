// Who the devices are over restarts, other configs and failing disks, with a real log and no doors.
import test from 'ava';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {silentLogger} from '../../agent/base/logger.ts';
import {type Config, type DeviceConfig, parseConfig, parseDevice} from '../../agent/config.ts';
import {admissionOf, type DeviceDesk, deviceChangeOf, openDeviceDesk} from '../../agent/device-desk.ts';
import {formatDeviceKey} from '../../agent/format/device-key.ts';
import {decodeEntry, identityKinds, kinds} from '../../agent/format/entry.ts';
import {decodeIdentity, type IdentityBody} from '../../agent/format/identity.ts';
import {createDevices, type Devices} from '../../agent/ingest/devices.ts';
import type {Log} from '../../agent/log/log.ts';
import {openLogReader} from '../../agent/log/reader.ts';
import {createSimSigner} from '../../sim/signing.ts';
import {createLogWorld, type LogWorld} from '../helpers/log-world.ts';
import {mappingFor} from '../ingest/decoders/read.ts';

const keyOf = (number: number): string => formatDeviceKey(createSimSigner('desk', 'a', {form: 'jws', keyNumber: number}).key);

type Opened = {readonly desk: DeviceDesk; readonly devices: Devices; readonly log: Log};

/** Opens log and desk with these devices in the config, as a start of the agent does. */
async function open(
	disk: LogWorld,
	inConfig: readonly Record<string, unknown>[],
	mappingNames: readonly string[] = ['m'],
): Promise<Opened> {
	const mappings = new Map(
		mappingNames.map(name => [
			name,
			mappingFor({name, topic: `${name}/{device}`, format: 'json', readings: [{pointer: '/v', quantity: 'voltage', unit: 'mV'}]}),
		]),
	);
	const base = parseConfig('log: {name: harbour}\n', 'kedge.yaml').config;
	const configured: readonly DeviceConfig[] = inConfig.map(device => parseDevice({mappings: ['m'], ...device}));
	const config = {...base, devices: configured, mappings: Object.fromEntries(mappingNames.map(name => [name, {}]))} as unknown as Config;
	const devices = createDevices(
		configured.map(device => admissionOf(device)),
		mappings,
	);
	const log = await disk.open();
	const desk = await openDeviceDesk({
		site: {config},
		log,
		devices,
		onChanged: () => {},
		countsOf: () => undefined,
		mayAppend: () => true,
		clock: disk.clock,
		logger: silentLogger,
	});
	return {desk, devices, log};
}

/** What the log says of devices, in its order. */
async function said(disk: LogWorld): Promise<readonly (Pick<IdentityBody, 'event' | 'urn' | 'key'> & {readonly kind: string})[]> {
	await using reader = await openLogReader({path: disk.path, hasher: nodeHasher});
	const found = [];
	for (let index = 0; index < ((await reader.head())?.size ?? 0); index += 1) {
		const {kind, quantity} = decodeEntry(await reader.entry(index));
		if (kind !== kinds.identity) continue;
		const {event, urn, key} = decodeIdentity((await reader.source(index)).record)!;
		found.push({event, urn, key, kind: Object.entries(identityKinds).find(([, code]) => code === quantity)![0]});
	}
	return found;
}

const device = {id: 'a', mappings: ['m']};

test('a device that was revoked stays so when the config names it no more, and comes back under no name of its own', async t => {
	const disk = await createLogWorld(t);
	const {desk} = await open(disk, [device]);
	await desk.change({event: 'revoke', id: 'a'});
	const later = await open(disk, []);
	await t.throwsAsync(later.desk.change({event: 'add', device}), {message: /there is a device "a" already/});
	t.deepEqual(
		later.desk.list().map(({id, state}) => [id, state]),
		[['a', 'revoked']],
	);
	const again = await open(disk, [device]);
	t.is(again.devices.byId('a')?.isRevoked, true);
});

test('nothing that the config says of a revoked device makes the log say that it may speak again', async t => {
	const disk = await createLogWorld(t);
	const {desk} = await open(disk, [{...device, publicKey: keyOf(1)}]);
	await desk.change({event: 'revoke', id: 'a'});
	await open(disk, [{...device, publicKey: keyOf(2)}]);
	t.deepEqual((await said(disk)).map(({event}) => event).slice(0, 2), ['enrolled', 'revoked']);
	t.is((await said(disk)).at(-1)?.event, 'revoked');
});

test('a device that the config does not name any more can be added, and its changes are counted on', async t => {
	const disk = await createLogWorld(t);
	await open(disk, [{...device, publicKey: keyOf(1)}]);
	const {desk} = await open(disk, []);
	t.deepEqual(desk.list(), []);
	t.is((await desk.change({event: 'add', device})).changes, 2);
	t.is((await open(disk, [])).desk.list()[0]?.changes, 2);
});

test('a device whose mapping has gone from the config can still be revoked, and its end is still noted', async t => {
	const disk = await createLogWorld(t);
	const {desk} = await open(disk, [], ['m', 'other']);
	const calibration = {sha256: '0'.repeat(64), notBefore: '2020-01-01', notAfter: '2020-01-02'};
	await desk.change({event: 'add', device: {...device, mappings: ['other'], calibration}});
	const later = await open(disk, []);
	await later.desk.tick();
	await t.throwsAsync(later.desk.change({event: 'add', device}), {message: /there is a device "a" already/});
	await later.desk.change({event: 'revoke', id: 'a'});
	t.deepEqual(
		(await said(disk)).map(({event}) => event),
		['enrolled', 'expired', 'revoked'],
	);
});

test('a change whose commit fails, done or not, is in the log and in the list together, or in neither', async t => {
	for (const isDone of [false, true]) {
		const disk = await createLogWorld(t);
		const {desk} = await open(disk, []);
		await desk.change({event: 'add', device});
		disk.disk.around = async commit => {
			if (isDone) await commit();
			throw new Error('the power went');
		};
		await t.throwsAsync(desk.change({event: 'revoke', id: 'a'}));
		disk.disk.around = undefined;
		const later = await open(disk, []);
		t.is(later.devices.byId('a')?.isRevoked, isDone);
		t.deepEqual(
			(await said(disk)).map(({event}) => event),
			isDone ? ['enrolled', 'revoked'] : ['enrolled'],
		);
	}
});

test('what a device has may be taken away: its key, its password, its certificate and its calibration', async t => {
	const disk = await createLogWorld(t);
	const {desk} = await open(disk, []);
	const calibration = {sha256: '0'.repeat(64), notBefore: '2020-01-01', notAfter: '2099-01-02'};
	await desk.change({
		event: 'add',
		device: {...device, calibration, publicKey: keyOf(1), certificateSha256: '1'.repeat(64), signed: 'optional'},
	});
	for (const name of ['calibration', 'publicKey', 'certificateSha256', 'signed'] as const)
		await t.notThrowsAsync(desk.change({event: 'rotate', id: 'a', set: {[name]: null}}), name);
	t.like(desk.list()[0], {calibration: undefined, key: undefined, certificateSha256: undefined, changes: 5});
	t.like((await open(disk, [])).desk.list()[0], {calibration: undefined, key: undefined, changes: 5});
});

test('nothing that is asked over the socket is taken for a change that it is not', async t => {
	const disk = await createLogWorld(t);
	const {desk} = await open(disk, []);
	await desk.change({event: 'add', device});
	const asks: readonly unknown[] = [
		null,
		1,
		'add',
		[],
		{},
		{event: 'toString'},
		{event: 'rotate', id: 'a'},
		{event: 'rotate', id: 'a', set: {}},
		{event: 'rotate', id: 'a', set: []},
		{event: 'rotate', id: 'a', set: JSON.parse('{"__proto__": {"publicKey": "x"}}') as unknown},
		{event: 'rotate', id: 'a', set: {via: 'a'}},
		{event: 'rotate', id: 'a', set: {id: 'b'}},
		{event: 'rotate', id: '__proto__', set: {publicKey: null}},
		{event: 'add', device: {id: '../b', mappings: ['m']}},
		{event: 'add', device: {id: 'b', mappings: ['__proto__']}},
		{event: 'add', device: {id: 'b', mappings: ['m'], via: 'b'}},
		{event: 'add', device: {id: 'b', mappings: ['m'], quantities: {constructor: {}}}},
		{event: 'revoke', id: 'constructor'},
		{event: 'bind', id: 'a', binding: {owner: 'x', registry: 'y'}},
		{event: 'revoke', id: 'a', reason: 'x'.repeat(401)},
	];
	for (const asked of asks) {
		const failed = await t.throwsAsync(async () => desk.change(deviceChangeOf(asked)), undefined, JSON.stringify(asked));
		t.regex(String((failed as {code?: string} | undefined)?.code), /^(?:ARGUMENT|CONFIG)_INVALID$/, JSON.stringify(asked));
	}
	t.deepEqual(
		desk.list().map(({id, changes}) => [id, changes]),
		[['a', 1]],
	);
});

test('what expired by a clock that was ahead has not expired, and its end is noted when it comes', async t => {
	const disk = await createLogWorld(t);
	const {desk} = await open(disk, []);
	await desk.change({
		event: 'add',
		device: {...device, calibration: {sha256: '0'.repeat(64), notBefore: '2020-01-01', notAfter: '2024-01-02'}},
	});
	const years = 10 * 365 * 86_400_000;
	for (const [byMs, expired, events] of [
		[0, [], 1],
		[years, ['calibration'], 2],
		[-years, [], 2],
		[365 * 86_400_000, ['calibration'], 3],
		[0, ['calibration'], 3],
	] as const) {
		disk.clock.move(byMs);
		await desk.tick();
		t.deepEqual(desk.list()[0]?.expired, expired);
		t.is((await said(disk)).length, events);
	}
});

test('the next epoch of a log says of each device what it is, of one that was revoked that it is revoked', async t => {
	const disk = await createLogWorld(t);
	const first = await open(
		disk,
		[
			{...device, publicKey: keyOf(1)},
			{...device, id: 'b'},
			{...device, id: 'c'},
		],
		['m', 'other'],
	);
	await first.desk.change({event: 'add', device: {...device, id: 'd'}});
	await first.desk.change({event: 'add', device: {...device, id: 'e', mappings: ['other']}});
	for (const id of ['b', 'c', 'd']) await first.desk.change({event: 'revoke', id});
	const rows = await first.log.documents('device');
	const next = await createLogWorld(t, {epoch: 2});
	const log = await next.open();
	for (const {key, body} of rows) await log.putDocument('device', key, body);
	const inConfig = [
		{...device, publicKey: keyOf(1)},
		{...device, id: 'b'},
	];
	const {desk} = await open(next, inConfig);
	const says = (await said(next)).map(({urn, event}) => [urn.at(-1), event]).sort();
	t.deepEqual(says, [
		['a', 'rotated'],
		['b', 'revoked'],
		['c', 'revoked'],
		['d', 'revoked'],
		['e', 'enrolled'],
	]);
	t.deepEqual(
		desk
			.list()
			.map(({id, state}) => `${id} ${state}`)
			.sort(),
		['a enrolled', 'b revoked', 'c revoked', 'd revoked', 'e enrolled'],
	);
	// Once.
	await open(next, inConfig);
	t.is((await said(next)).length, 5);
});
