// Kills the agent's process under load, at any moment of its life, and starts it again on what is there.

import {join} from 'node:path';
import {systemClock} from '../../agent/base/clock.ts';
import {addFindings, examine} from './examiner.ts';
import {createAdding, type Fault, type Ground, type Tally} from './fault.ts';
import {watchHeads} from './heads.ts';
import {startLoad} from './load.ts';
import {makeTemplate, place, startAgent} from './place.ts';

const homes = 6;
const killsPerRound = 10;

async function kill(ground: Ground): Promise<Tally> {
	const adding = createAdding();
	const template = await makeTemplate(join(ground.folder, 'template'), {homes});
	let done = 0;
	let restartMsMax = 0;
	for (let round = 1; done < ground.count; round += 1) {
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
		for (let i = 1; i <= killsPerRound && done < ground.count; i += 1) {
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
			done += 1;
		}
		const agent = await startAgent(site);
		heads.follow(agent.status);
		await systemClock.sleep(300);
		const pending = await load.end();
		heads.leave();
		if (pending > 0) adding.add({problems: [`round ${round}: ${pending} messages were never acknowledged`]});
		await agent.end('SIGKILL');
		const findings = await examine({folder: site, accountPath, heads: heads.seen(), acknowledged: load.readings()});
		addFindings(adding, `round ${round}`, findings);
		ground.say(`${done} of ${ground.count} kills, ${findings.acknowledged} acknowledged readings looked for`);
	}
	adding.add({done});
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
