// Kills the agent's process under load, at any moment of its life, and starts it again on what is there.

import {rmSync} from 'node:fs';
import {join} from 'node:path';
import {systemClock} from '../../agent/base/clock.ts';
import {addFindings, examine} from './examiner.ts';
import {createAdding, type Fault, type Ground, type Tally} from './fault.ts';
import {watchHeads} from './heads.ts';
import {startLoad} from './load.ts';
import {makeTemplate, place, startAgent, type Template} from './place.ts';

const homes = 6;
const killsPerRound = 10;

/** Sites whose rounds go on side by side: most of a round is waiting. */
const lanesMax = 2;

async function kill(ground: Ground): Promise<Tally> {
	const adding = createAdding();
	const rounds: {readonly round: number; readonly kills: number}[] = [];
	for (let left = ground.count; left > 0; left -= killsPerRound)
		rounds.push({round: rounds.length + 1, kills: Math.min(left, killsPerRound)});
	let done = 0;
	let restartMsMax = 0;
	const killInRound = async (template: Template, round: number, kills: number): Promise<void> => {
		const chance = ground.chance(`round ${round}`);
		const site = join(ground.folder, `site-${round}`);
		place(template, site);
		const accountPath = join(ground.folder, `account-${round}.jsonl`);
		const load = startLoad({
			url: template.url,
			seed: `${ground.seed} ${round}`,
			homes,
			passwords: template.passwords,
			rate: chance.between(40, 250),
			accountPath,
		});
		const heads = watchHeads();
		for (let i = 1; i <= kills; i += 1) {
			// Every fourth dies while it opens its log, before anybody knows whether it is up.
			const early = i % 4 === 0;
			const startedMs = systemClock.monotonicMs();
			const agent = await startAgent(site, {wait: !early});
			if (!early) restartMsMax = Math.max(restartMsMax, systemClock.monotonicMs() - startedMs);
			heads.follow(agent.status);
			await systemClock.sleep(early ? chance.between(1, 700) : chance.between(1, 1500));
			const ended = await agent.end('SIGKILL');
			heads.leave();
			if (ended !== 'SIGKILL') adding.add({problems: [`round ${round} kill ${i}: the agent had ended with ${ended}: ${agent.said()}`]});
			adding.add({done: 1});
		}
		const agent = await startAgent(site);
		heads.follow(agent.status);
		await systemClock.sleep(300);
		const pending = await load.end();
		heads.leave();
		if (pending > 0) adding.add({problems: [`round ${round}: ${pending} messages were never acknowledged: ${agent.said().slice(-1500)}`]});
		await agent.end('SIGKILL');
		const findings = await examine({folder: site, accountPath, heads: heads.seen(), acknowledged: load.readings()});
		addFindings(adding, `round ${round}`, findings);
		rmSync(site, {recursive: true});
		done += kills;
		ground.say(`${done} of ${ground.count} kills, ${findings.acknowledged} acknowledged readings looked for`);
	};
	const lanes = Array.from({length: Math.min(lanesMax, rounds.length)}, async (_, i) => {
		const template = await makeTemplate(join(ground.folder, `template-${i}`), {homes});
		for (let next = rounds.shift(); next !== undefined; next = rounds.shift()) await killInRound(template, next.round, next.kills);
	});
	await Promise.all(lanes);
	adding.note(`from start to answering at most ${Math.round(restartMsMax)} ms`);
	return adding.tally();
}

export const killFault: Fault = {
	name: 'kill',
	about: 'SIGKILL under load, every fourth while the agent opens its log; it is started again each time',
	unit: 'kills',
	programs: [],
	count: 100,
	quickCount: 10,
	isControl: false,
	run: kill,
};
