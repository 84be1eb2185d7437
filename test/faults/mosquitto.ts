// Puts Debian's Mosquitto between devices and agent, breaks broker, network and agent, and holds the agent to each PUBACK that it sent.

import {join} from 'node:path';
import {systemClock} from '../../agent/base/clock.ts';
import {until} from '../../agent/base/retry.ts';
import type {Chance} from '../../sim/seed.ts';
import {createMosquitto, type Mosquitto} from '../helpers/mosquitto.ts';
import {freePort} from '../helpers/ports.ts';
import {fair, startChaosProxy} from './chaos-proxy.ts';
import {addFindings, examine} from './examiner.ts';
import {createAdding, type Fault, type Ground, type Tally} from './fault.ts';
import {watchHeads} from './heads.ts';
import {startLoad} from './load.ts';
import {makeTemplate, place, startAgent} from './place.ts';

const homes = 6;
const disturbancesPerRound = 10;
/** Nothing delivered and nothing outstanding for this long: everything is through. */
const quietMs = 2500;
const throughMsMax = 120_000;

type Scene = {
	readonly broker: Mosquitto;
	readonly proxy: Awaited<ReturnType<typeof startChaosProxy>>;
	readonly chance: Chance;
	readonly restartAgent: () => Promise<void>;
};

const wait = (chance: Chance, minMs: number, maxMs: number): Promise<void> => systemClock.sleep(chance.between(minMs, maxMs));

/** Each disturbance begins and ends with everything running. */
const disturbances = {
	'Mosquitto stopped and started': async ({broker, chance}) => {
		await broker.process().end('SIGTERM');
		await wait(chance, 100, 2000);
		await broker.start();
	},
	'Mosquitto frozen': async ({broker, chance}) => {
		broker.process().child.kill('SIGSTOP');
		await wait(chance, 5000, chance.happens(0.2) ? 20_000 : 7000);
		broker.process().child.kill('SIGCONT');
	},
	'agent killed': async ({restartAgent, chance}) => {
		// More than once: what it had not yet written is only a moment's worth.
		for (let i = chance.between(1, 4); i > 0; i -= 1) {
			await restartAgent();
			await wait(chance, 50, 1200);
		}
	},
	'connection cut': async ({proxy, chance}) => {
		for (let i = chance.between(1, 3); i > 0; i -= 1) {
			proxy.cut();
			await wait(chance, 50, 2500);
		}
	},
	'half open': async ({proxy, chance}) => {
		proxy.setWeather({...fair, isSilent: true});
		await wait(chance, 1000, 8000);
		if (chance.happens(0.7)) proxy.cut();
		proxy.setWeather(fair);
	},
	'agent killed while half open': async ({proxy, chance, restartAgent}) => {
		proxy.setWeather({...fair, isSilent: true});
		await wait(chance, 100, 1500);
		await restartAgent();
		proxy.cut();
		proxy.setWeather(fair);
	},
	delayed: async ({proxy, chance}) => {
		proxy.setWeather({...fair, delayMs: chance.between(50, 400)});
		await wait(chance, 1000, 4000);
		if (chance.happens(0.5)) proxy.cut();
		proxy.setWeather(fair);
	},
	slow: async ({proxy, chance}) => {
		proxy.setWeather({...fair, bytesPerS: chance.between(2000, 20_000)});
		await wait(chance, 2000, 6000);
		if (chance.happens(0.5)) proxy.cut();
		proxy.setWeather(fair);
	},
} as const satisfies Readonly<Record<string, (scene: Scene) => Promise<void>>>;

const brokerKilled = async ({broker, chance}: Scene): Promise<void> => {
	await broker.process().end('SIGKILL');
	await wait(chance, 100, 2000);
	await broker.start();
};

async function disturb(ground: Ground): Promise<Tally> {
	const adding = createAdding();
	const kinds = new Map<string, number>();
	const seen = {delivered: 0, repeated: 0, connections: 0, acknowledged: 0, lostByMosquitto: 0, mosquittoKills: 0};
	let done = 0;
	for (let round = 1; done < ground.count; round += 1) {
		const chance = ground.chance(`round ${round}`);
		const where = `round ${round}`;
		// In every third round Mosquitto dies without a word, and may lose what it had acknowledged.
		const brokerDies = round % 3 === 0;
		const brokerPort = await freePort();
		const broker = createMosquitto(join(ground.folder, `mosquitto-${round}`), brokerPort);
		await broker.start();
		const proxy = await startChaosProxy(brokerPort);
		const protocol = round % 2 === 0 ? '5' : '3.1.1';
		const site = join(ground.folder, `site-${round}`);
		const template = await makeTemplate(join(ground.folder, `template-${round}`), {
			homes,
			door: `client: {name: barn, url: 'mqtt://127.0.0.1:${proxy.port}', clientId: kedge-${round}, protocol: '${protocol}', windowMax: ${chance.pick([20, 200, 1000])}}\n`,
		});
		place(template, site);
		const heads = watchHeads();
		let agent = await startAgent(site);
		heads.follow(agent.status);
		// Before its first subscription the broker keeps nothing for it.
		await until(async () => ((await agent.status().catch(() => undefined))?.client?.isConnected ? true : undefined), {
			clock: systemClock,
			everyMs: 20,
			timeoutMs: 20_000,
		});
		await systemClock.sleep(300);
		const load = startLoad({
			url: `mqtt://127.0.0.1:${brokerPort}`,
			seed: `${ground.seed} ${round}`,
			homes,
			passwords: {},
			rate: chance.between(20, 120),
			// Behind a broker nobody knows who published: what is hostile by its sender is not.
			faults: {hostile: 0},
			accountPath: join(ground.folder, `devices-${round}.jsonl`),
			remember: true,
		});
		const scene: Scene = {
			broker,
			proxy,
			chance,
			restartAgent: async () => {
				await agent.end('SIGKILL');
				heads.leave();
				await wait(chance, 10, 600);
				agent = await startAgent(site);
				heads.follow(agent.status);
			},
		};
		await systemClock.sleep(500);
		for (let i = 1; i <= disturbancesPerRound && done < ground.count; i += 1) {
			const dies = brokerDies && i % 4 === 0;
			const name = dies ? 'Mosquitto killed' : chance.pick(Object.keys(disturbances) as (keyof typeof disturbances)[]);
			if (dies) seen.mosquittoKills += 1;
			await (dies ? brokerKilled : disturbances[name as keyof typeof disturbances])(scene);
			kinds.set(name, (kinds.get(name) ?? 0) + 1);
			done += 1;
			if (!agent.isUp()) adding.add({problems: [`${where}, ${name}: the agent ended by itself: ${agent.said()}`]});
			await wait(chance, 100, 2000);
		}
		const pending = await load.end(30_000);
		if (pending > 0) adding.add({problems: [`${where}: Mosquitto did not acknowledge ${pending} messages of devices`]});

		let last = '';
		let sinceMs = systemClock.monotonicMs();
		const through = await until(
			async () => {
				const now = JSON.stringify([proxy.counts(), proxy.acknowledged.size, proxy.outstanding()]);
				if (now !== last) sinceMs = systemClock.monotonicMs();
				last = now;
				const {client} = await agent.status().catch(() => ({client: undefined}));
				return client?.isConnected && proxy.outstanding() === 0 && systemClock.monotonicMs() - sinceMs > quietMs ? true : undefined;
			},
			{clock: systemClock, everyMs: 100, timeoutMs: throughMsMax},
		);
		if (!through)
			adding.add({
				problems: [`${where}: ${proxy.outstanding()} messages were never acknowledged by the agent: ${agent.said().slice(-2000)}`],
			});
		heads.leave();
		await agent.end('SIGKILL');

		// Ours: what the agent sent a PUBACK for. Whatever else devices sent may be in the log.
		const ours = join(ground.folder, `ours-${round}.jsonl`);
		const {readings: acknowledged, unknown} = await load.writeAccountOf(ours, proxy.acknowledged);
		if (unknown > 0) adding.add({problems: [`${where}: ${unknown} messages were acknowledged that no device sent`]});
		const findings = await examine({folder: site, accountPath: ours, heads: heads.seen(), acknowledged});
		addFindings(adding, where, findings);
		for (const problem of proxy.problems.slice(0, 3)) adding.add({problems: [`${where}: ${problem}`]});

		// All that devices have a PUBACK for: what is missing of it now, the agent never acknowledged.
		const all = await examine({
			folder: site,
			accountPath: join(ground.folder, `devices-${round}.jsonl`),
			heads: [],
			acknowledged: load.readings(),
		});
		const lostByMosquitto = all.missing - findings.missing;
		seen.lostByMosquitto += lostByMosquitto;
		if (lostByMosquitto > 0 && !brokerDies)
			adding.add({
				problems: [
					`${where}: ${lostByMosquitto} readings never came through although Mosquitto was not killed: ${all.problems.slice(0, 3).join('; ')}`,
				],
			});
		const counts = proxy.counts();
		seen.delivered += counts.delivered;
		seen.repeated += counts.repeated;
		seen.connections += counts.connections;
		seen.acknowledged += proxy.acknowledged.size;
		await proxy.stop();
		await broker.process().end('SIGTERM');
		ground.say(
			`${done} of ${ground.count} disturbances; MQTT ${protocol}, ${counts.delivered} deliveries (${counts.repeated} repeated) on ${counts.connections} connections, ${lostByMosquitto} readings lost by Mosquitto`,
		);
	}
	adding.add({done});
	adding.note([...kinds].map(([name, count]) => `${count} × ${name}`).join(', '));
	adding.note(
		`${seen.delivered} deliveries, ${seen.repeated} of them repeated, on ${seen.connections} connections; ${seen.acknowledged} messages acknowledged by the agent`,
	);
	adding.note(
		`killed ${seen.mosquittoKills} times, Mosquitto itself lost ${seen.lostByMosquitto} readings that it had acknowledged to devices and never delivered: not ours, and not counted as lost`,
	);
	return adding.tally();
}

export const mosquittoFault: Fault = {
	name: 'mosquitto',
	about:
		'devices publish to Mosquitto, the agent reads from it through a proxy; broker, proxy and agent are stopped, frozen, cut, slowed and killed',
	unit: 'disturbances',
	programs: ['mosquitto'],
	count: 60,
	quickCount: 6,
	isControl: false,
	run: disturb,
};
