// Lets one system call after the other fail: at each call by which the agent writes, the process is killed, or the call is refused with EIO or ENOSPC.

import {rmSync} from 'node:fs';
import {join} from 'node:path';
import {addFindings, inPool, liveAgain} from './examiner.ts';
import {type Adding, createAdding, type Fault, type Ground, type Tally} from './fault.ts';
import {makeTemplate, place, type Template} from './place.ts';
import {chooseEvenly, inGroups} from './points.ts';
import {type Shape, scriptHomes, shapes} from './script.ts';
import {type Call, callsIn, everyInjection, type Injection, liveFirst, ofBusiestThread} from './tracing.ts';

type Point = Call & {readonly shape: Shape; readonly injection: Injection};

const atOnceMax = 2;

/** The calls of one life in which nothing fails. */
async function callsOf(template: Template, folder: string, shape: Shape, seed: string): Promise<Call[]> {
	place(template, folder);
	const life = await liveFirst(folder, shape, seed, undefined);
	if (!life.ended) throw new Error(`without a fault the agent ended with ${life.code}: ${life.said}`);
	rmSync(folder, {recursive: true});
	return [...ofBusiestThread(callsIn(life.trace))];
}

async function breakAt(adding: Adding, template: Template, folder: string, point: Point, seed: string) {
	const {shape, call, when, injection} = point;
	const where = `${shape}, ${call} ${when}, ${injection}`;
	place(template, folder);
	const first = await liveFirst(folder, shape, seed, point);
	if (first.code === 'hangs') adding.add({problems: [`${where}: the agent hangs: ${first.said}`]});
	const accountPath = `${folder}.jsonl`;
	const again = await liveAgain({folder, accountPath, shape, seed, done: [...first.done], heads: first.heads});
	if (!again.ended || again.answered !== again.messages)
		adding.add({
			problems: [
				`${where}: started again, the agent answered ${again.answered} of ${again.messages} and ended with ${again.code}: ${again.said}`,
			],
		});
	addFindings(adding, where, again.findings);
	if (first.isHit) adding.add({done: 1});
	for (const path of [folder, accountPath, `${folder}.strace`]) rmSync(path, {recursive: true, force: true});
	return first.isHit ? (first.ended ? 'went on' : 'ended') : 'missed';
}

async function strace(ground: Ground): Promise<Tally> {
	const adding = createAdding();
	const template = await makeTemplate(join(ground.folder, 'template'), {homes: scriptHomes, log: ', floorMiB: 8, ballastMiB: 1'});
	const points: Point[] = [];
	for (const shape of Object.keys(shapes) as Shape[]) {
		const calls = await callsOf(template, join(ground.folder, 'list'), shape, ground.seed);
		adding.note(
			`${shape}, from opening to closing: ${[...inGroups(calls, ({call}) => call)].map(([call, some]) => `${some.length} ${call}`).join(', ')}`,
		);
		for (const {call, when} of calls) for (const injection of everyInjection) points.push({shape, call, when, injection});
	}
	const stratumOf = ({shape, call, injection}: Point): string => `${shape} ${call} ${injection}`;
	const chosen = chooseEvenly(points, stratumOf, ground.count, ground.chance('points'));
	const ends = new Map<string, number>();
	const hit = new Set<Point>();
	let done = 0;
	await inPool([...chosen.entries()], atOnceMax, async ([i, point]) => {
		const end = await breakAt(adding, template, join(ground.folder, `point-${i}`), point, ground.seed);
		if (end !== 'missed') hit.add(point);
		ends.set(end, (ends.get(end) ?? 0) + 1);
		done += 1;
		if (done % 50 === 0 || done === ground.count) ground.say(`${done} of ${ground.count} points (there are ${points.length})`);
	});
	adding.note(
		`${hit.size} of ${points.length} distinct points (shape, call, which one, what is done to it), all kinds alike: ${breakdown([...hit])}`,
	);
	adding.note(
		[...ends]
			.map(([end, count]) => `${count} ${end}`)
			.join(', ')
			.replace('missed', 'missed, which are not counted'),
	);
	return adding.tally();
}

/** How many points of each call and each thing done to it. */
export function breakdown(points: readonly {readonly call: string; readonly injection: Injection}[]): string {
	return [...inGroups(points, ({call}) => call)]
		.map(([call, ofCall]) => {
			const parts = [...inGroups(ofCall, ({injection}) => injection)].map(([injection, some]) => `${some.length} ${injection}`);
			return `${call} ${ofCall.length} (${parts.sort().join(', ')})`;
		})
		.join('; ');
}

export const straceFault: Fault = {
	name: 'strace',
	about:
		'at the n-th write-like system call of opening, appending and closing: killed, EIO, ENOSPC; then started again, and everything is sent again',
	unit: 'crash points',
	programs: ['strace'],
	count: 1000,
	quickCount: 60,
	isControl: false,
	run: strace,
};
