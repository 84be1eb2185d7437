import test from 'ava';
import {admit} from '../../agent/ingest/admit.ts';
import type {MappingConfig, OpenMapping} from '../../agent/ingest/mapping.ts';
import {createFleet, fleetMembers} from '../../sim/fleet.ts';
import {hostileMessage} from '../../sim/hostile.ts';
import {demoMappings} from '../../sim/mappings.ts';
import type {Message} from '../../sim/message.ts';
import {createChance} from '../../sim/seed.ts';
import {mappingFor, readExactly} from '../ingest/decoders/read.ts';

const startMs = Date.UTC(2026, 10, 22, 9);
const fleet = () => createFleet({seed: 'mappings', faults: {skew: 0.05, restart: 0.05}, moment: {timeMs: startMs, sceneMs: startMs}});
const mappingNames = new Map(fleetMembers().map(({id, mapping}) => [id, mapping]));

function mappingOf(deviceId: string): OpenMapping {
	const name = mappingNames.get(deviceId)!;
	const config: MappingConfig = {name, ...demoMappings[name]};
	return mappingFor(config);
}

/** As the agent reads it. */
function decode({deviceId, payload}: Message, arrivedAtMs: number): ReturnType<typeof readExactly> {
	return readExactly(mappingOf(deviceId), Buffer.from(payload), {deviceId, arrivedAtMs});
}

test('every mapping of the demo compiles', t => {
	for (const {id} of fleetMembers()) t.false('problem' in mappingOf(id));
});

test('the agent reads in every message exactly its truth', t => {
	for (const device of fleet())
		for (let i = 0; i < 50; i += 1) {
			const {message, envelope} = device.step({timeMs: startMs + i * 2000, sceneMs: startMs + i * 120_000});
			const mapping = mappingOf(device.id);
			t.is(mapping.deviceIn(message.topic), device.id);
			const decoded = decode(message, startMs);
			if ('refused' in decoded) {
				t.fail(`${message.payload}: ${decoded.refused}`);
				continue;
			}
			const readings = decoded.readings.map(reading => {
				if ('refused' in reading) return reading;
				t.is(reading.session, mapping.sequence === undefined ? undefined : envelope.boot);
				t.is(reading.sequence, mapping.sequence === undefined ? undefined : envelope.sequence);
				const {quantity, exponent, part} = reading.channel;
				return {
					deviceId: device.id,
					quantityName: quantity.name,
					...(part === undefined ? {} : {part}),
					value: reading.value,
					exponent,
					measuredAtMs: reading.measuredAtMs,
				};
			});
			t.deepEqual(readings, [...message.readings]);
		}
});

test('the agent takes no reading out of a hostile message', t => {
	const chance = createChance('hostile', 'mappings');
	for (const device of fleet())
		for (let i = 0; i < 40; i += 1) {
			const timeMs = startMs + i * 2000;
			const {report} = device.step({timeMs, sceneMs: timeMs});
			const message = hostileMessage(device.id, report, device.extra(), chance);
			// Its payload is right; who may send it there is for the door to say.
			if (mappingOf(device.id).deviceIn(message.topic) !== device.id) continue;
			const decoded = decode(message, timeMs);
			const readings = 'refused' in decoded ? [] : decoded.readings;
			const context = {arrivedAtMs: timeMs, lateAfterMs: 60_000, simulated: true, clockUnsynchronised: false};
			for (const reading of readings)
				t.true('refused' in reading || 'refused' in admit({...reading, value: null}, context), `${message.hostile}: ${message.payload}`);
		}
});
