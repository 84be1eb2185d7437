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
import {createIngest, type Outcome} from '../../agent/ingest/ingest.ts';
import type {Channel} from '../../agent/log/channels.ts';
import {openLogReader} from '../../agent/log/reader.ts';
import {createSimSigner, type SimSigner} from '../../sim/signing.ts';
import {checkLog} from '../helpers/check-log.ts';
import {createLogWorld, startMs} from '../helpers/log-world.ts';
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
	readonly describe: (changes: Partial<DeviceConfig>) => void;
	/** Sends the next value, signed or not; the outcome stands in `outcomes` at the same place. */
	readonly send: (signer?: SimSigner) => void;
	readonly outcomes: (Outcome | undefined)[];
	/** Checks of signatures that wait to be made. */
	readonly held: (() => void)[];
	readonly settle: () => Promise<void>;
	readonly refusals: string[];
	readonly readings: () => Promise<{readonly value: bigint; readonly isSigned: boolean; readonly form: string | undefined}[]>;
};

async function openDoor(t: ExecutionContext): Promise<Door> {
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
	const ingest = createIngest<Channel>(
		{
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
		},
		{devices, lateAfterMs: 900_000},
	);
	return {
		devices,
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
	t.deepEqual(await door.readings(), [{value: 230_000n, isSigned: true, form: 'jws'}]);
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
	t.deepEqual(await door.readings(), [{value: 230_001n, isSigned: true, form: 'cose'}]);
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
		{value: 230_000n, isSigned: true, form: 'jws'},
		{value: 230_001n, isSigned: false, form: undefined},
		{value: 230_002n, isSigned: true, form: 'jws'},
	]);
});
