// The same for one anchor: each write-like system call between the wish to anchor and the final block fails once, and no anchor may be missing or there twice.

import {rmSync} from 'node:fs';
import {join} from 'node:path';
import {id} from 'ethers';
import {type Chain, nonceOf, prepareChain} from './chain.ts';
import {addFindings, liveAgain} from './examiner.ts';
import {type Adding, createAdding, type Fault, type Ground, type Tally} from './fault.ts';
import {makeTemplate, place, type Template} from './place.ts';
import {chooseEvenly} from './points.ts';
import {scriptHomes} from './script.ts';
import {breakdown} from './strace.ts';
import {type Call, callsIn, everyInjection, type Injection, liveFirst, ofBusiestThread} from './tracing.ts';

const shape = 'one append';
const anchoredTopic = id('Anchored(bytes32,uint64,bytes32,uint64)');

type Point = Call & {readonly injection: Injection};

/** SQLite's calls between the two marks, which another thread leaves. */
function placesIn(trace: string): Call[] {
	const calls = callsIn(trace);
	const busiest = ofBusiestThread(calls)[0]?.thread;
	let marks = 0;
	return calls.filter(({thread, line}) => {
		if (line.includes('log.db-journal') && line.includes('ENOENT')) marks += 1;
		return marks === 1 && thread === busiest;
	});
}

async function breakAt(adding: Adding, chain: Chain, template: Template, folder: string, point: Point, seed: string) {
	const {anvil, registry, opener, nonce} = chain;
	const where = `one anchor, ${point.call} ${point.when}, ${point.injection}`;
	const snapshot = await anvil.rpc<string>('evm_snapshot');
	place(template, folder);
	const first = await liveFirst(folder, shape, seed, point);
	if (first.code === 'hangs') adding.add({problems: [`${where}: the agent hangs: ${first.said}`]});
	const accountPath = `${folder}.jsonl`;
	const again = await liveAgain({folder, accountPath, shape, seed, done: [...first.done], heads: first.heads});
	if (!again.ended) adding.add({problems: [`${where}: started again, it ended with ${again.code}: ${again.said}`]});

	const events = await anvil.rpc<{topics: string[]}[]>('eth_getLogs', {address: registry, fromBlock: '0x0', topics: [anchoredTopic]});
	const sizes = events.map(({topics}) => Number(topics[2]));
	const sent = (await nonceOf(anvil, opener)) - nonce;
	if (sent !== sizes.length) adding.add({problems: [`${where}: ${sent} transactions made ${sizes.length} anchors`]});
	if (new Set(sizes).size !== sizes.length) adding.add({forks: 1, problems: [`${where}: a size is anchored twice: ${sizes.join(', ')}`]});
	if (sizes.length === 0) adding.add({problems: [`${where}: nothing is anchored`]});

	addFindings(adding, where, again.findings);
	if (first.isHit) adding.add({done: 1});
	await anvil.rpc('evm_revert', snapshot);
	for (const path of [folder, accountPath, `${folder}.strace`]) rmSync(path, {recursive: true, force: true});
	return first.isHit ? (first.ended ? 'went on' : 'ended') : 'missed';
}

/** Sites whose lives go on side by side, each with a chain of its own: most of an anchor's time is waiting. */
const lanesMax = 3;

async function straceAnchor(ground: Ground): Promise<Tally> {
	const adding = createAdding();
	const lanes: {readonly template: Template; readonly chain: Chain}[] = [];
	for (let i = 0; i < Math.min(lanesMax, ground.count); i += 1) {
		const template = await makeTemplate(join(ground.folder, `template-${i}`), {homes: scriptHomes, log: ', floorMiB: 8, ballastMiB: 1'});
		const chain = await prepareChain(template);
		ground.defer(chain.anvil.stop);
		lanes.push({template, chain});
	}
	const {template, chain} = lanes[0]!;
	const listed = join(ground.folder, 'list');
	const snapshot = await chain.anvil.rpc<string>('evm_snapshot');
	place(template, listed);
	const life = await liveFirst(listed, shape, ground.seed, undefined);
	if (!life.ended) throw new Error(`without a fault the agent ended with ${life.code}: ${life.said}`);
	await chain.anvil.rpc('evm_revert', snapshot);
	const places = placesIn(life.trace);
	const points = places.flatMap(one => everyInjection.map(injection => ({...one, injection})));
	const chosen = chooseEvenly(points, ({call, injection}) => `${call} ${injection}`, ground.count, ground.chance('points'));

	const hit = new Set<Point>();
	const ends = new Map<string, number>();
	let begun = 0;
	let done = 0;
	const work = async (lane: (typeof lanes)[number]): Promise<void> => {
		while (begun < ground.count) {
			const i = begun++;
			const point = chosen[i]!;
			const end = await breakAt(adding, lane.chain, lane.template, join(ground.folder, `point-${i}`), point, ground.seed);
			if (end !== 'missed') hit.add(point);
			ends.set(end, (ends.get(end) ?? 0) + 1);
			done += 1;
			if (done % 10 === 0 || done === ground.count) ground.say(`${done} of ${ground.count} points (there are ${points.length})`);
		}
	};
	await Promise.all(lanes.map(work));
	const endsText = [...ends]
		.map(([end, count]) => `${count} ${end}`)
		.join(', ')
		.replace('missed', 'missed, which are not counted');
	adding.note(
		`${hit.size} of ${points.length} distinct points at the ${places.length} calls from the wish to the final block: ${breakdown([...hit])}`,
	);
	adding.note(endsText);
	return adding.tally();
}

export const straceAnchorFault: Fault = {
	name: 'strace-anchor',
	about: 'the same at the system calls of one anchor, on a chain of its own: none missing, none twice, no transaction for nothing',
	unit: 'crash points',
	programs: ['strace'],
	count: 150,
	quickCount: 12,
	isControl: false,
	run: straceAnchor,
};
