import test, {type ExecutionContext} from 'ava';
import {verifyDeviceSignature} from '../../agent/base/device-signature.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {silentLogger} from '../../agent/base/logger.ts';
import {decodeArrival} from '../../agent/format/arrival.ts';
import {formatDeviceKey} from '../../agent/format/device-key.ts';
import {decodeDeviceSignature} from '../../agent/format/device-signature.ts';
import {qualities} from '../../agent/format/entry.ts';
import {createCounters} from '../../agent/ingest/counters.ts';
import {createDevices, type DeviceConfig, type Devices} from '../../agent/ingest/devices.ts';
import {createIngest, type Ingest, type Outcome} from '../../agent/ingest/ingest.ts';
import type {Channel} from '../../agent/log/channels.ts';
import {openLogReader} from '../../agent/log/reader.ts';
import {createSimSigner, type SimSigner} from '../../sim/signing.ts';
import {checkLog} from '../helpers/check-log.ts';
import {createLogWorld, type MovedClock, startMs} from '../helpers/log-world.ts';
import {mappingFor} from './decoders/read.ts';

const mapping = mappingFor({
	name: 'm',
	topic: 'm/{device}',
	format: 'json',
	time: {pointer: '/at', format: 'unix-ms'},
	readings: [{pointer: '/v', quantity: 'voltage', unit: 'mV'}],
});
const first = createSimSigner('seed', 'm-1', {form: 'jws'});
const second = createSimSigner('seed', 'm-1', {form: 'cose', keyNumber: 2});

type Door = {
	readonly devices: Devices;
	readonly ingest: Ingest;
	readonly clock: MovedClock;
	readonly counters: () => ReadonlyMap<string, number>;
	readonly describe: (changes: Partial<DeviceConfig>) => void;
	/** Sends the next value, signed or not; the outcome stands in `outcomes` at the same place. */
	readonly send: (signer?: SimSigner) => void;
	readonly outcomes: (Outcome | undefined)[];
	/** Checks of signatures that wait to be made. */
	readonly held: (() => void)[];
	readonly settle: () => Promise<void>;
	readonly refusals: string[];
	readonly readings: () => Promise<
		{readonly value: bigint; readonly isSigned: boolean; readonly form: string | undefined; readonly isCalibrated: boolean}[]
	>;
};

/** `hasSpoken`: it measured once after all that comes, and signed nothing then, so the log must be asked for what comes. */
async function openDoor(t: ExecutionContext, {hasSpoken} = {hasSpoken: false}): Promise<Door> {
	const disk = await createLogWorld(t);
	const log = await disk.open();
	const reader = await openLogReader({path: disk.path, hasher: nodeHasher});
	t.teardown(() => reader[Symbol.asyncDispose]());
	const config: DeviceConfig = {
		id: 'm-1',
		passwordHash: undefined,
		mappings: ['m'],
		simulated: false,
		publicKey: formatDeviceKey(first.key),
	};
	const devices = createDevices([config], new Map([['m', mapping]]));
	const held: (() => void)[] = [];
	const refusals: string[] = [];
	const outcomes: (Outcome | undefined)[] = [];
	const needs: Parameters<typeof createIngest<Channel>>[0] = {
		...log,
		refuse: (refusal, done) => {
			refusals.push(refusal.reason);
			log.refuse(refusal, done);
		},
		valueOfKey: reader.valueOfKey,
		sessionTop: reader.sessionTop,
		newestReadings: reader.newestReadings,
		counters: createCounters([], async () => {}, silentLogger),
		verify: (key, message, signature, done) => held.push(() => done(verifyDeviceSignature(key, message, signature))),
		request: () => {},
		clock: disk.clock,
		isClockUnsynchronised: () => false,
		logger: silentLogger,
	};
	if (hasSpoken) {
		const before = createIngest<Channel>(needs, {
			devices: createDevices([{...config, publicKey: undefined}], new Map([['m', mapping]])),
			lateAfterMs: 900_000,
		});
		const payload = Buffer.from(`{"at":${startMs + 1000},"v":229000}`);
		await new Promise(resolve =>
			before.accept({topic: 'm/m-1', payload, flags: 1, identity: 'm-1', clientId: 'm-1', packetId: 1}, resolve),
		);
	}
	const ingest = createIngest<Channel>(needs, {devices, lateAfterMs: 900_000});
	return {
		devices,
		ingest,
		clock: disk.clock,
		counters: log.counters,
		describe: changes => void devices.put({...config, ...changes}),
		send: signer => {
			const place = outcomes.length;
			outcomes.push(undefined);
			const text = `{"at":${startMs + place},"v":${230_000 + place}}`;
			const payload = Buffer.from(signer?.sign(text) ?? text);
			ingest.accept({topic: 'm/m-1', payload, flags: 1, identity: 'm-1', clientId: 'm-1', packetId: place + 1}, outcome => {
				outcomes[place] = outcome;
			});
		},
		outcomes,
		held,
		settle: async () => {
			await log.settled();
			await new Promise(resolve => setImmediate(resolve));
		},
		refusals,
		readings: async () =>
			(await checkLog(t, disk.path)).entries
				.filter(({entry}) => entry.kind === 1)
				.map(({entry, record}) => ({
					value: entry.value,
					isSigned: (entry.quality & qualities.deviceSigned) !== 0,
					form: decodeDeviceSignature(decodeArrival(record)!.deviceSignature)?.form,
					isCalibrated: (entry.quality & qualities.uncalibrated) === 0,
				})),
	};
}

test('a signed message becomes entries that say so, and one of another key a refusal', async t => {
	const door = await openDoor(t);
	door.send(first);
	door.send(second);
	door.send();
	t.deepEqual(door.outcomes, [undefined, undefined, undefined]);
	t.is(door.held.length, 2, 'what is not signed needs no check');
	for (const check of door.held) check();
	await door.settle();
	t.deepEqual(door.outcomes, ['kept', 'refused', 'refused']);
	t.deepEqual(door.refusals, ['signature-wrong', 'signature-missing']);
	t.deepEqual(await door.readings(), [{value: 230_000n, isSigned: true, form: 'jws', isCalibrated: true}]);
});

test('a device that was revoked while its signature was checked is not heard, even if another message noticed first', async t => {
	const door = await openDoor(t);
	door.send(first);
	door.describe({isRevoked: true});
	door.send(first);
	for (const check of door.held) check();
	await door.settle();
	t.deepEqual(door.outcomes, ['refused', 'refused']);
	t.deepEqual(door.refusals, ['device-revoked', 'device-revoked']);
	t.deepEqual(await door.readings(), []);
});

test('a message of a key that was replaced while it was checked is refused, even if another message noticed first', async t => {
	const door = await openDoor(t);
	door.send(first);
	door.describe({publicKey: formatDeviceKey(second.key)});
	door.send(second);
	for (const check of door.held) check();
	await door.settle();
	t.deepEqual(door.outcomes, ['refused', 'kept']);
	t.deepEqual(door.refusals, ['signature-wrong']);
	t.deepEqual(await door.readings(), [{value: 230_001n, isSigned: true, form: 'cose', isCalibrated: true}]);
});

test('a device that need not sign may, and both come in the order of their arrival', async t => {
	const door = await openDoor(t);
	door.describe({signed: 'optional'});
	door.send(first);
	door.send();
	door.send(first);
	door.held[1]!();
	door.held[0]!();
	await door.settle();
	t.deepEqual(door.outcomes, ['kept', 'kept', 'kept']);
	t.deepEqual(await door.readings(), [
		{value: 230_000n, isSigned: true, form: 'jws', isCalibrated: true},
		{value: 230_001n, isSigned: false, form: undefined, isCalibrated: true},
		{value: 230_002n, isSigned: true, form: 'jws', isCalibrated: true},
	]);
});

const untilAll = async (door: Door): Promise<void> => {
	while (door.outcomes.includes(undefined)) await door.settle();
};

test('a device that was revoked while the log was asked about its message is not heard', async t => {
	const door = await openDoor(t, {hasSpoken: true});
	door.send(first);
	door.held[0]!();
	t.deepEqual(door.outcomes, [undefined]);
	door.describe({isRevoked: true});
	await untilAll(door);
	t.deepEqual(door.outcomes, ['refused']);
	t.deepEqual(door.refusals, ['device-revoked']);
	t.is((await door.readings()).length, 1);
});

test('a message of a key that was replaced while the log was asked about it is refused', async t => {
	const door = await openDoor(t, {hasSpoken: true});
	door.send(first);
	door.held[0]!();
	door.describe({publicKey: formatDeviceKey(second.key)});
	await untilAll(door);
	t.deepEqual(door.refusals, ['signature-wrong']);
	t.is((await door.readings()).length, 1);
});

test('a message that waits for the log is judged by the calibration that the log names in front of it', async t => {
	const door = await openDoor(t, {hasSpoken: true});
	door.send(first);
	door.held[0]!();
	door.describe({calibration: {notBeforeMs: startMs + 60_000, notAfterMs: startMs + 120_000}});
	await untilAll(door);
	t.deepEqual(door.outcomes, ['kept']);
	t.deepEqual(
		(await door.readings()).map(({isCalibrated}) => isCalibrated),
		[true, false],
	);
});

test('nobody misses a device that was revoked', async t => {
	const door = await openDoor(t);
	for (const isRevoked of [false, true]) {
		door.describe({publicKey: undefined, cadenceSeconds: 60});
		door.send();
		await untilAll(door);
		if (isRevoked) door.describe({isRevoked});
		door.clock.move(121_000);
		door.ingest.noteSilences();
		t.is(door.ingest.silent(20).count, isRevoked ? 0 : 1);
	}
	await door.settle();
	t.is(door.counters().get('silences'), 1);
});
