// The same for one anchor: each write-like system call between the wish to anchor and the final block fails once, and no anchor may be missing or there twice.

import {readFileSync, rmSync} from 'node:fs';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {id} from 'ethers';
import {prepareAnchoring} from '../../agent/anchoring.ts';
import {openSite} from '../../agent/site.ts';
import {openAccount} from '../../sim/account.ts';
import {type Anvil, anvilChainId, startAnvil} from '../helpers/anvil.ts';
import {addFindings, examine} from './examiner.ts';
import {type Adding, createAdding, type Fault, type Ground, type Tally} from './fault.ts';
import {makeTemplate, place, type Template} from './place.ts';
import {scriptHomes, scriptOf} from './script.ts';
import {type Injection, injections, live, scriptedAgentPath, straceWords, wasHit} from './strace.ts';

const shape = 'one append';
const anchoredTopic = id('Anchored(bytes32,uint64,bytes32,uint64)');

type Chain = {readonly anvil: Anvil; readonly registry: string; readonly opener: string; readonly nonce: number};

/** Deploys a registry, opens the log there, and adds it to the template's config. */
async function prepareChain(template: Template): Promise<Chain> {
	const anvil = await startAnvil();
	await anvil.rpc('anvil_setBalance', template.anchoringAddress, '0xde0b6b3a7640000');
	const configPath = join(template.folder, 'kedge.yaml');
	const site = await openSite(configPath);
	const {registry, opener} = await prepareAnchoring(site, {
		rpcUrl: anvil.url,
		chainId: anvilChainId,
		registry: undefined,
		challengeTimeS: 300,
	});
	const anchor = `anchor:\n  rpcUrl: ${anvil.url}\n  chainId: ${anvilChainId}\n  registry: "${registry}"\n`;
	await writeFile(configPath, `${readFileSync(configPath, 'utf8')}\n${anchor}`);
	return {anvil, registry, opener, nonce: await nonceOf(anvil, opener)};
}

async function nonceOf(anvil: Anvil, address: string): Promise<number> {
	return Number(await anvil.rpc<string>('eth_getTransactionCount', address, 'latest'));
}

type Place = {readonly call: string; readonly when: number};

/** The calls of SQLite's thread between the two marks, each with its place in the thread's count. */
function placesIn(output: string): Place[] {
	const counts = new Map<string, number>();
	const places: Place[] = [];
	let marks = 0;
	for (const line of output.split('\n')) {
		const [, thread, call] = /^(\d+) +(\w+)\(/.exec(line) ?? [];
		if (thread === undefined || call === undefined) continue;
		if (line.includes('log.db-journal') && line.includes('ENOENT')) {
			marks += 1;
			continue;
		}
		const key = `${thread} ${call}`;
		const when = (counts.get(key) ?? 0) + 1;
		counts.set(key, when);
		if (marks === 1) places.push({call, when});
	}
	return places;
}

async function breakAt(adding: Adding, chain: Chain, template: Template, folder: string, point: Place, injection: Injection, seed: string) {
	const {anvil, registry, opener, nonce} = chain;
	const where = `one anchor, ${point.call} ${point.when}, ${injection}`;
	const snapshot = await anvil.rpc<string>('evm_snapshot');
	place(template, folder);
	const inject = ['-e', `inject=${point.call}:${injections[injection]}:when=${point.when}`];
	const words = [scriptedAgentPath, folder, shape, seed];
	const first = await live('strace', straceWords(folder, `${folder}.strace`, inject, [...words, 'first']));
	if (first.code === 'hangs') adding.add({problems: [`${where}: the agent hangs: ${first.said}`]});
	const again = await live(process.execPath, [...words, 'again']);
	if (!again.ended) adding.add({problems: [`${where}: started again, it ended with ${again.code}: ${again.said}`]});

	const events = await anvil.rpc<{topics: string[]}[]>('eth_getLogs', {address: registry, fromBlock: '0x0', topics: [anchoredTopic]});
	const sizes = events.map(({topics}) => Number(topics[2]));
	const sent = (await nonceOf(anvil, opener)) - nonce;
	if (sent !== sizes.length) adding.add({problems: [`${where}: ${sent} transactions made ${sizes.length} anchors`]});
	if (new Set(sizes).size !== sizes.length) adding.add({forks: 1, problems: [`${where}: a size is anchored twice: ${sizes.join(', ')}`]});
	if (sizes.length === 0) adding.add({problems: [`${where}: nothing is anchored`]});

	const accountPath = `${folder}.jsonl`;
	const account = openAccount(accountPath);
	const messages = scriptOf(shape, seed).flat();
	for (const [i, message] of messages.entries()) {
		if (first.done.has(i) || again.done.has(i)) account.acknowledged(message);
		else account.uncertain(message);
	}
	await account[Symbol.asyncDispose]();
	const acknowledged = messages.reduce((sum, {readings}) => sum + readings.length, 0);
	addFindings(adding, where, await examine({folder, accountPath, heads: [...first.heads, ...again.heads], acknowledged}));
	const isHit = wasHit(injection, first, `${folder}.strace`);
	if (isHit) adding.add({done: 1});
	await anvil.rpc('evm_revert', snapshot);
	for (const path of [folder, accountPath, `${folder}.strace`]) rmSync(path, {recursive: true, force: true});
	return isHit ? (first.ended ? 'went on' : 'ended') : 'missed';
}

/** Sites whose lives go on side by side, each with a chain of its own: most of an anchor's time is waiting. */
const lanesMax = 4;

async function straceAnchor(ground: Ground): Promise<Tally> {
	const adding = createAdding();
	const lanes: {readonly template: Template; readonly chain: Chain}[] = [];
	for (let i = 0; i < Math.min(lanesMax, ground.count); i += 1) {
		const template = await makeTemplate(join(ground.folder, `template-${i}`), {homes: scriptHomes});
		const chain = await prepareChain(template);
		ground.defer(chain.anvil.stop);
		lanes.push({template, chain});
	}
	const {template, chain} = lanes[0]!;
	const listed = join(ground.folder, 'list');
	const snapshot = await chain.anvil.rpc<string>('evm_snapshot');
	place(template, listed);
	const life = await live('strace', straceWords(listed, `${listed}.strace`, [], [scriptedAgentPath, listed, shape, ground.seed, 'first']));
	if (!life.ended) throw new Error(`without a fault the agent ended with ${life.code}: ${life.said}`);
	await chain.anvil.rpc('evm_revert', snapshot);
	const places = placesIn(readFileSync(`${listed}.strace`, 'utf8'));
	const points = places.flatMap(one => (Object.keys(injections) as Injection[]).map(injection => ({one, injection})));
	const chance = ground.chance('points');
	const key = new Map(points.map(point => [point, chance.word()]));
	points.sort((a, b) => key.get(a)! - key.get(b)!);

	const ends = new Map<string, number>();
	let begun = 0;
	let done = 0;
	const work = async (lane: (typeof lanes)[number]): Promise<void> => {
		while (begun < ground.count) {
			const i = begun++;
			const {one, injection} = points[i % points.length]!;
			const folder = join(ground.folder, `point-${i}`);
			const end = await breakAt(adding, lane.chain, lane.template, folder, one, injection, ground.seed);
			ends.set(end, (ends.get(end) ?? 0) + 1);
			done += 1;
			if (done % 10 === 0 || done === ground.count) ground.say(`${done} of ${ground.count} points (there are ${points.length})`);
		}
	};
	await Promise.all(lanes.map(work));
	const endsText = [...ends].map(([end, count]) => `${count} ${end}`).join(', ');
	adding.note(
		`${places.length} calls from the wish to the final block; of ${ground.count} points: ${endsText} (missed points are not counted)`,
	);
	return adding.tally();
}

export const straceAnchorFault: Fault = {
	name: 'strace-anchor',
	about: 'the same at the system calls of one anchor, on a chain of its own: none missing, none twice, no transaction for nothing',
	unit: 'crash points',
	programs: ['strace'],
	count: 100,
	quickCount: 3,
	isControl: false,
	run: straceAnchor,
};
