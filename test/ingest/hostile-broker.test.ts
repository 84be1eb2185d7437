// A broker that sends broken packets to the door: nothing is thrown, nothing ill-formed goes further, and an honest connection is served at the end.
import {once} from 'node:events';
import {type AddressInfo, createServer} from 'node:net';
import test from 'ava';
import {systemClock} from '../../agent/base/clock.ts';
import {silentLogger} from '../../agent/base/logger.ts';
import type {Delivery} from '../../agent/ingest/ingest.ts';
import {openMqttClient} from '../../agent/ingest/mqtt-client.ts';
import {createChance} from '../../sim/seed.ts';
import {PacketCutter, packet, pingPacket} from '../broker/wire.ts';
import {mutatePacket, mutatePayload, publishedPackets} from '../faults/mutate.ts';
import {dataFolder} from '../helpers/published-data.ts';

const connections = 200;
const topic = 'meters/m-1/energy';
const text = '{"boot":"b","seq":7,"at":"2026-05-01T12:00:00Z","import_kwh":514.153}';
const packetBytesMax = 4096;

for (const protocolVersion of [4, 5] as const)
	test(`broken packets of a broker harm nobody (MQTT version ${protocolVersion})`, async t => {
		const seed = `hostile broker ${protocolVersion}`;
		t.log(`seed ${seed}`);
		const chance = createChance(seed, 'packets');
		const isFive = protocolVersion === 5;
		const connack = Buffer.from(isFive ? '2003000000' : '20020000', 'hex');
		const none = isFive ? Buffer.from([0]) : Buffer.alloc(0);
		const five = (qos: number, id: number, payload: Buffer): Buffer =>
			packet(
				0x30 | (qos << 1),
				Buffer.from([0, topic.length]),
				Buffer.from(topic),
				qos > 0 ? Buffer.from([id >> 8, id & 255]) : Buffer.alloc(0),
				none,
				payload,
			);
		const right = [
			connack,
			five(1, 1, Buffer.from(text)),
			five(0, 0, Buffer.from(text)),
			five(2, 2, Buffer.from(text)),
			five(1, 3, Buffer.alloc(9000, 'x')),
			packet(0x90, Buffer.from([0, 1]), none, Buffer.from([1])),
			Buffer.from([0x62, 2, 0, 2]),
			Buffer.from([0x40, 2, 0, 1]),
			Buffer.from([0x50, 2, 0, 1]),
			Buffer.from([0x70, 2, 0, 1]),
			Buffer.from([0xd0, 0]),
			pingPacket,
			Buffer.from(isFive ? 'e0028200' : 'e000', 'hex'),
			Buffer.from('f0021800', 'hex'),
		];
		const others = [...right, ...publishedPackets(dataFolder)];
		let accepted = 0;
		let sent = 0;
		let wake = (): void => {};
		const server = createServer(socket => {
			socket.on('error', () => {});
			const cutter = new PacketCutter();
			accepted += 1;
			const isHonest = accepted > connections;
			socket.on('data', (chunk: Buffer) => {
				for (const bytes of cutter.cut(chunk)) {
					if (bytes[0] === 0x82) socket.write(packet(0x90, bytes.subarray(2, 4), none, Buffer.from([1])));
					if (bytes[0] !== 0x10) continue;
					if (isHonest) {
						socket.write(Buffer.concat([connack, five(1, 9, Buffer.from('honest'))]));
						continue;
					}
					const packets = Array.from({length: 12}, (_, i) => {
						if (i < 4 || chance.happens(0.3)) return five(1, i + 1, mutatePayload(text, chance, others));
						const one = chance.pick(others);
						return chance.happens(0.7) ? mutatePacket(one, chance, others) : one;
					});
					sent += packets.length;
					socket.end(Buffer.concat([chance.happens(0.1) ? mutatePacket(connack, chance, others) : connack, ...packets]));
				}
				if (isHonest && chunk.includes(Buffer.from([0x40, 2, 0, 9]))) wake();
			});
		});
		server.listen(0, '127.0.0.1');
		await once(server, 'listening');
		t.teardown(() => server.close());
		const wrong: Delivery[] = [];
		let taken = 0;
		const door = openMqttClient(
			{
				accept: (delivery, done) => {
					taken += 1;
					const isClean = delivery.topic !== '' && !/[\0-\x1f\x7f-\x9f\ufffd]/.test(delivery.topic) && !delivery.topic.startsWith('$SYS/');
					if (!isClean || delivery.payload.length > packetBytesMax || delivery.packetId === 0) wrong.push(delivery);
					// Now and then an answer comes late, when the connection has gone.
					if (chance.happens(0.2)) setImmediate(() => done('kept'));
					else done('kept');
				},
				pressure: () => undefined,
				clock: systemClock,
				logger: silentLogger,
			},
			{
				name: 'barn',
				url: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`,
				clientId: 'kedge',
				topics: ['meters/#'],
				protocolVersion,
				packetBytesMax,
				connectTimeoutMs: 2000,
				reconnectMsMin: 1,
				reconnectMsMax: 2,
			},
		);
		t.teardown(() => door[Symbol.asyncDispose]());
		await new Promise<void>(resolve => {
			wake = resolve;
		});
		t.deepEqual(wrong, []);
		t.true(taken > connections && sent > connections * 11, `${taken} taken of ${sent}`);
		t.true(door.stats().tooLarge > 0);
		t.is(door.stats().waiting, 0);
	});
