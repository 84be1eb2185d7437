// kedge demo: what `npm start` runs: chain, agent and devices together, watched until Ctrl-C or for a while.

import {fileURLToPath} from 'node:url';
import {createSystemRandom} from '../base/random.ts';
import {type Demo, type DemoResult, openDemo} from '../demo.ts';
import {type Command, durationOf, endingAfter, exitCodes, type Io, isSet, textOf, usageError} from './command.ts';
import {demoLine, demoView, pagesText} from './demo-view.ts';

const redrawMs = 500;
const lineEveryMs = 10_000;
const eventsShown = 4;

export const demoCommand: Command = {
	name: 'demo',
	usage: '',
	details: [
		'Runs until Ctrl-C, or --for a while; then anchors what is left and lets a judge compare the log with what the devices saw',
		'acknowledged. The next start goes on with the same log. Exit code 0 only if the judge found nothing.',
	],
	options: {
		for: {type: 'string', value: 'TIME', help: 'end by itself after this long, such as 60s'},
		json: {type: 'boolean', help: 'no view; the last line is one JSON object'},
		directory: {type: 'string', value: 'DIR', help: 'where everything is kept (default: kedge-demo)'},
		rate: {type: 'string', value: 'X', help: 'messages against the ordinary rate (default: 1)'},
	},
	run: async ({values}, io) => {
		const forText = textOf(values, 'for');
		const forMs = forText === undefined ? undefined : durationOf(demoCommand, '--for', forText);
		const rate = Number(textOf(values, 'rate') ?? '1');
		if (!(rate > 0 && rate <= 1000)) throw usageError(demoCommand, '--rate is not a number above 0');
		const isViewed = io.isTerminal && !isSet(values, 'json');
		const events: string[] = [];
		const say = (sentence: string): void => {
			events.push(sentence);
			if (!isViewed) io.error(`${sentence}\n`);
		};
		const directory = textOf(values, 'directory') ?? 'kedge-demo';
		say(`starting chain, agent and devices in ${directory}/`);
		if (isViewed) io.out('starting chain, agent and devices …\n');
		await using demo = await openDemo({
			directory,
			kedgePath: fileURLToPath(new URL('./kedge.js', import.meta.url)),
			clock: io.clock,
			random: createSystemRandom(),
			onEvent: say,
			rate,
			signal: io.signal,
		});
		if (!isViewed) io.error(`pages: ${pagesText(demo.state())}\n`);
		await watch(demo, forMs, isViewed, events, io);
		const result = await demo.finish(step => io.error(`${step} …\n`));
		const {judge} = result;
		const isGood =
			judge.missing === 0 &&
			judge.twice === 0 &&
			judge.unanchored === 0 &&
			judge.unexpected === 0 &&
			judge.unnoted === 0 &&
			judge.badReceipts === 0 &&
			judge.badHistories === 0 &&
			result.acknowledged > 0;
		if (isSet(values, 'json')) {
			for (const example of result.examples) io.error(`${example}\n`);
			const {examples: _, ...numbers} = result;
			io.out(`${JSON.stringify(numbers)}\n`);
		} else io.out(summary(result, isGood, directory));
		return isGood ? exitCodes.ok : exitCodes.no;
	},
};

async function watch(demo: Demo, forMs: number | undefined, isViewed: boolean, events: readonly string[], io: Io): Promise<void> {
	const ended = endingAfter(io, forMs);
	const startedMs = io.clock.monotonicMs();
	let lineAtMs = startedMs + lineEveryMs;
	// The alternate screen keeps what stood in the terminal before.
	if (isViewed) io.out('\u001b[?1049h\u001b[?25l');
	try {
		while (!ended.aborted) {
			const nowMs = io.clock.monotonicMs();
			const state = demo.state();
			if (isViewed) {
				const lines = demoView(state, {
					elapsedMs: nowMs - startedMs,
					forMs,
					columns: process.stdout.columns ?? 80,
					events: events.slice(-eventsShown),
				});
				const rows = process.stdout.rows ?? 24;
				io.out(
					`\u001b[H${lines
						.slice(0, rows - 1)
						.map(line => `${line}\u001b[K\n`)
						.join('')}\u001b[J`,
				);
			} else if (nowMs >= lineAtMs) {
				lineAtMs += lineEveryMs;
				io.error(`${demoLine(state, nowMs - startedMs)}\n`);
			}
			await io.clock.sleep(redrawMs, ended);
		}
	} finally {
		if (isViewed) io.out('\u001b[?25h\u001b[?1049l');
	}
}

function summary(result: DemoResult, isGood: boolean, directory: string): string {
	const {judge} = result;
	const refused = Object.entries(result.refused);
	return [
		'',
		`messages    ${result.sent} sent, ${result.acknowledged} acknowledged in this run`,
		`log         ${result.entries} entries; ${result.repeats} repeats told apart; refused: ${refused.map(([reason, count]) => `${count} ${reason}`).join(', ') || 'none'}`,
		`anchors     ${result.anchorsFinal} final on the chain`,
		`receipts    ${result.receiptsVerified} issued and verified, ${judge.badReceipts} bad`,
		`histories   ${result.historiesVerified} issued and verified, ${judge.badHistories} bad or not complete`,
		`judge       ${judge.missing} missing, ${judge.twice} twice, ${judge.unanchored} unanchored, ${judge.unexpected} that should have been refused, ${judge.unnoted} gaps not noted`,
		...result.examples.map(example => `            ${example}`),
		isGood ? 'Nothing acknowledged was lost or doubled, and all of it is anchored.' : 'NOT GOOD: see the judge above.',
		`The next start goes on with this log. It is in ${directory}/; try: npx kedge audit --config ${directory}/kedge.yaml`,
		'',
	].join('\n');
}
