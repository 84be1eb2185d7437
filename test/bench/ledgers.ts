// What accounts cost: how fast a log is folded into all ledgers, what memory that takes, and what a month's evidence weighs.

import {spawn} from 'node:child_process';
import {mkdtempSync, rmSync, statSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {createSystemRandom} from '../../agent/base/random.ts';
import {makeSite} from '../../agent/site.ts';
import type {Bench, Figure} from './figure.ts';
import {median} from './figure.ts';
import {measurePackage} from './ledgers-package.ts';

const place = (name: string): string => fileURLToPath(new URL(`./${name}.js`, import.meta.url));

type Folded = {
	readonly size: number;
	readonly tookMs: number;
	readonly processorMs: number;
	readonly peakBytes: number;
	readonly digest: string;
};

function runNode(words: readonly string[]): Promise<string> {
	return new Promise((resolve, reject) => {
		const child = spawn(process.execPath, words, {stdio: ['ignore', 'pipe', 'inherit']});
		let out = '';
		child.stdout.setEncoding('utf8').on('data', (text: string) => {
			out += text;
		});
		child.on('error', reject);
		child.on('close', code => (code === 0 ? resolve(out) : reject(new Error(`${words[0]} ended with ${code}`))));
	});
}

async function fold(folder: string, round: string, which: 'all' | 'none'): Promise<Folded & {readonly bytes: number}> {
	const path = join(folder, `${round}.db`);
	const folded = JSON.parse(await runNode([place('ledgers-fold'), folder, path, which])) as Folded;
	const bytes = statSync(path).size;
	rmSync(path);
	return {...folded, bytes};
}

export const bench: Bench = async ({quick, entries, say}) => {
	const wanted = entries ?? (quick ? 200_000 : 10_000_000);
	const folder = mkdtempSync(join(tmpdir(), 'kedge-bench-'));
	try {
		await makeSite({directory: folder, logName: 'bench', random: createSystemRandom(), configFor: () => 'log: {name: bench}\n'});
		say(`filling a log with ${wanted} entries …`);
		await runNode([place('ledgers-filler'), folder, String(wanted)]);
		const [all, none]: [Awaited<ReturnType<typeof fold>>[], Folded[]] = [[], []];
		for (let round = 0; round < (quick ? 1 : 3); round += 1) {
			none.push(await fold(folder, `none-${round}`, 'none'));
			all.push(await fold(folder, `all-${round}`, 'all'));
			const {size, tookMs, peakBytes} = all.at(-1)!;
			say(
				`${size} entries folded in ${(tookMs / 1000).toFixed(1)} s, ${(peakBytes / 1e6).toFixed(0)} MB; without ledgers in ${(none.at(-1)!.tookMs / 1000).toFixed(1)} s`,
			);
		}
		const rate = ({size, tookMs}: Folded): number => (1000 * size) / tookMs;
		const {size, bytes} = all[0]!;
		if (new Set(all.map(({digest}) => digest)).size !== 1) throw new Error('the ledgers came to different rows');
		const figures: Figure[] = [
			{
				name: `fold into all ledgers, ${size} entries, 100 sensors`,
				value: median(all.map(rate)),
				unit: 'entries/s',
				target: {atLeast: 200_000},
			},
			{
				name: 'the same by processor time',
				value: median(all.map(one => (1000 * one.size) / one.processorMs)),
				unit: 'entries/s',
				target: undefined,
			},
			{name: 'only reading the log and looking at every entry', value: median(none.map(rate)), unit: 'entries/s', target: undefined},
			{
				name: `rebuild of ledgers.db from ${size} entries`,
				value: median(all.map(({tookMs}) => tookMs)) / 1000,
				unit: 's',
				target: {atMost: size / 200_000},
			},
			{name: '… resident at most', value: Math.max(...all.map(({peakBytes}) => peakBytes)) / 1e6, unit: 'MB', target: {atMost: 250}},
			{name: '… ledgers.db', value: bytes / 2 ** 20, unit: 'MiB', target: undefined},
		];
		return [...figures, ...(await measurePackage({quick, say}))];
	} finally {
		rmSync(folder, {recursive: true, force: true});
	}
};
