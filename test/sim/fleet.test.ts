import test from 'ava';
import {parseDecimal, scaleDecimal} from '../../agent/format/decimal.ts';
import {quantityOfName, unitFactor} from '../../agent/format/quantity.ts';
import {createDevice, type Device} from '../../sim/device.ts';
import {dwMsPerWh, type HomeState, homeModel} from '../../sim/devices/home.ts';
import {noFaults} from '../../sim/faults.ts';
import {createFleet, fleetMembers} from '../../sim/fleet.ts';
import {hostileMessage, hostileReasons} from '../../sim/hostile.ts';
import {type DemoMapping, demoMappings} from '../../sim/mappings.ts';
import type {Message} from '../../sim/message.ts';
import {createChance} from '../../sim/seed.ts';

const startMs = Date.UTC(2026, 10, 22, 9);
const sceneSpeed = 60;

function fleetOf(seed: string, faults: {skew: number; restart: number} = noFaults): Device[] {
	return createFleet({seed, faults, moment: {timeMs: startMs, sceneMs: startMs}});
}

function messagesOf(fleet: readonly Device[], steps: number): Message[] {
	return fleet.flatMap(device =>
		Array.from({length: steps}, (_, i) => {
			const passedMs = i * device.cadenceMs;
			return device.step({timeMs: startMs + passedMs, sceneMs: startMs + passedMs * sceneSpeed}).message;
		}),
	);
}

const truthOf = (message: Message, quantityName: string): bigint | undefined =>
	message.readings.find(reading => reading.quantityName === quantityName)?.value;

test('the same seed gives the same messages and another seed gives others', t => {
	const faults = {skew: 0.02, restart: 0.02};
	const one = messagesOf(fleetOf('a', faults), 50);
	t.is(one.length, 22 * 50);
	t.deepEqual(one, messagesOf(fleetOf('a', faults), 50));
	t.notDeepEqual(one, messagesOf(fleetOf('b', faults), 50));
});

test('the fleet has twenty homes, a boiler and a truck, and some homes have panels', t => {
	t.is(fleetMembers().length, 22);
	const homes = messagesOf(fleetOf('a'), 1).filter(({deviceId}) => deviceId.startsWith('home-'));
	const withPanels = homes.filter(message => truthOf(message, 'energy-generated') !== undefined).length;
	t.is(homes.length, 20);
	t.true(withPanels > 5 && withPanels < 19, `${withPanels} with panels`);
});

test('registers never fall, through restarts and clock errors too', t => {
	for (const device of fleetOf('registers', {skew: 0.05, restart: 0.05})) {
		const last = new Map<string, bigint>();
		for (const message of messagesOf([device], 400))
			for (const {quantityName, value} of message.readings) {
				if (quantityOfName(quantityName)?.kind !== 'register') continue;
				t.true(value >= (last.get(quantityName) ?? 0n), `${device.id} ${quantityName}`);
				last.set(quantityName, value);
			}
	}
});

test('a register gains exactly the reported power times the time', t => {
	const plan = {
		id: 'home-01',
		place: {latitudeDeg: 47, longitudeDeg: 8},
		baseW: 150,
		habitW: 800,
		pvPeakW: 6000,
		batteryWh: 20,
		cadenceMs: 2000,
	};
	const model = homeModel(plan);
	const chance = createChance('energy', 'home');
	let state: HomeState = model.start({timeMs: startMs, sceneMs: startMs}, chance);
	let importDwMs = BigInt(state.importDwMs);
	let exportDwMs = BigInt(state.exportDwMs);
	let powerDw = 0n;
	let atMs = startMs;
	let exported = false;
	for (let i = 1; i < 2000; i += 1) {
		const timeMs = startMs + i * 2000 + (i % 7);
		const {state: next, report} = model.step(state, {timeMs, sceneMs: startMs + i * 120_000}, chance);
		// The truth of each message against an integral of the powers that the messages before it reported.
		const energy = powerDw * BigInt(timeMs - atMs);
		if (energy > 0n) importDwMs += energy;
		else exportDwMs -= energy;
		const value = (name: string): number => report.values.find(({quantityName}) => quantityName === name)!.value;
		t.is(BigInt(value('energy-import')), importDwMs / BigInt(dwMsPerWh));
		t.is(BigInt(value('energy-export')), exportDwMs / BigInt(dwMsPerWh));
		powerDw = BigInt(value('active-power'));
		if (powerDw < 0n) exported = true;
		atMs = timeMs;
		state = next;
	}
	t.true(exported);
});

test('what a message prints is the truth, read as the mapping says', t => {
	for (const message of messagesOf(fleetOf('print', {skew: 0.05, restart: 0.05}), 60)) {
		const member = fleetMembers().find(({id}) => id === message.deviceId)!;
		const mapping: DemoMapping = demoMappings[member.mapping];
		t.is(message.topic, mapping.topic.replace('{device}', message.deviceId));
		const pack = mapping.format === 'senml' ? (JSON.parse(message.payload) as {n: string; u: string}[]) : [];
		let found = 0;
		for (const {pointer, name, quantity, unit, exponent, part, optional} of mapping.readings) {
			const key = pointer?.slice(1) ?? name!.split(':').at(-1)!;
			const pattern = mapping.format === 'senml' ? `"n":"${key}","u":"[^"]+","v":(-?[0-9.]+)[,}]` : `"${key}":(-?[0-9.]+)[,}]`;
			const text = new RegExp(pattern).exec(message.payload)?.[1];
			const truth = message.readings.find(reading => reading.quantityName === quantity && reading.part === part);
			if (text === undefined) {
				t.true(optional ?? false);
				t.is(truth, undefined);
				continue;
			}
			found += 1;
			const [numerator, denominator] = unitFactor(quantityOfName(quantity)!, unit ?? pack.find(({n}) => n === key)!.u)!;
			t.is(truth!.exponent, exponent);
			t.is(scaleDecimal(parseDecimal(text)!, exponent, numerator, denominator), truth!.value, `${message.payload} ${key}`);
		}
		t.is(found, message.readings.length);

		const measuredAtMs = message.readings[0]!.measuredAtMs;
		const parsed = JSON.parse(message.payload) as {at?: string | number; boot?: string; seq?: number} & {bt?: number}[];
		if (mapping.format === 'senml') t.is(Math.round(parsed[0]!.bt! * 1000), measuredAtMs);
		else {
			t.is(typeof parsed.at === 'string' ? Date.parse(parsed.at) : parsed.at, measuredAtMs);
			t.is(`${parsed.boot}/${parsed.seq}`, message.id);
		}
	}
});

test('no two messages of a device claim the same time or have the same id', t => {
	for (const device of fleetOf('times', {skew: 0.1, restart: 0.1})) {
		const messages = messagesOf([device], 500);
		t.is(new Set(messages.map(({readings}) => readings[0]!.measuredAtMs)).size, 500);
		t.is(new Set(messages.map(({id}) => id)).size, 500);
	}
});

test('a restart begins the next boot at sequence 1', t => {
	const [home] = fleetOf('restart', {skew: 0, restart: 0.2});
	const ids = messagesOf([home!], 100).map(({id}) => id);
	const boots = [...new Set(ids.map(id => id.split('/')[0]))];
	t.true(boots.length > 5);
	for (const boot of boots) {
		const sequences = ids.filter(id => id.startsWith(`${boot}/`)).map(id => Number(id.split('/')[1]));
		t.deepEqual(
			sequences,
			sequences.map((_, i) => i + 1),
		);
	}
});

test('a wrong clock is three seconds behind for a while', t => {
	const [home] = fleetOf('skew', {skew: 0.02, restart: 0});
	const offs = messagesOf([home!], 300).map(({readings}, i) => readings[0]!.measuredAtMs - (startMs + i * home!.cadenceMs));
	t.true(offs.some(off => off < -2990 && off > -3010));
	t.true(offs.some(off => off === 0));
});

test('a saved fleet goes on with its registers in the next boot', t => {
	const first = fleetOf('saved');
	const before = messagesOf(first, 100);
	const saved = Object.fromEntries(first.map(device => [device.id, JSON.parse(JSON.stringify(device.save())) as unknown]));
	const laterMs = startMs + 3_600_000;
	const second = createFleet({seed: 'saved', faults: noFaults, moment: {timeMs: laterMs, sceneMs: laterMs}, saved, run: 2});
	for (const device of second) {
		const {message} = device.step({timeMs: laterMs, sceneMs: laterMs});
		const last = before.filter(({deviceId}) => deviceId === device.id).at(-1)!;
		t.is(message.id, 'b2/1');
		for (const {quantityName, value} of message.readings)
			if (quantityOfName(quantityName)?.kind === 'register') t.true(value >= truthOf(last, quantityName)!);
	}
});

test('the truck stays about its set point and warms up while its door is open', t => {
	const truck = fleetOf('truck').at(-1)!;
	const shut: number[] = [];
	const open: number[] = [];
	for (const message of messagesOf([truck], 2000))
		(truthOf(message, 'door') === 1n ? open : shut).push(Number(truthOf(message, 'temperature')));
	const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
	t.true(open.length > 50);
	t.true(mean(shut) > 2000 && mean(shut) < 8000, `${mean(shut)}`);
	t.true(mean(open) > mean(shut));
});

test('a hostile message has a reason, no truth, and is not what the device says', t => {
	const chance = createChance('hostile', 'test');
	const seen = new Set<string>();
	for (const device of fleetOf('hostile'))
		for (let i = 0; i < 60; i += 1) {
			const {message, report} = device.step({timeMs: startMs + i * 1000, sceneMs: startMs});
			const hostile = hostileMessage(device.id, report, device.extra(), chance);
			seen.add(hostile.hostile!);
			t.deepEqual(hostile.readings, []);
			t.true(hostile.topic !== message.topic || hostile.payload !== message.payload);
			if (hostile.hostile === 'not a number') t.regex(hostile.payload, /NaN/);
			if (hostile.hostile === 'time in 1970') t.regex(hostile.payload, /"at":(?:"1970-|\d{4}[,}])/);
			if (hostile.hostile === 'topic of another device') t.not(hostile.topic, message.topic);
		}
	t.deepEqual([...seen].sort(), [...hostileReasons].sort());
});

test('a device whose saved state is unreadable starts anew', t => {
	const model = homeModel({
		id: 'h',
		place: {latitudeDeg: 0, longitudeDeg: 0},
		baseW: 1,
		habitW: 1,
		pvPeakW: 0,
		batteryWh: 0,
		cadenceMs: 10,
	});
	const device = createDevice({
		model,
		chance: createChance('s', 'p'),
		faults: noFaults,
		moment: {timeMs: startMs, sceneMs: startMs},
		saved: {boots: 'x'},
	});
	t.is(device.step({timeMs: startMs, sceneMs: startMs}).message.id, 'b1/1');
});
