// What each decoder costs, exact values included, beside the bare parser of the same bytes.
import {once} from 'node:events';
import {Worker} from 'node:worker_threads';
import type {DecodeRun, DecodeWork} from './decode-one.ts';
import {decodeFormats} from './decode-samples.ts';
import type {Bench, Figure} from './figure.ts';

async function runFormat(work: DecodeWork): Promise<readonly DecodeRun[]> {
	const worker = new Worker(new URL('./decode-one.js', import.meta.url), {workerData: work});
	const [runs] = (await once(worker, 'message')) as [readonly DecodeRun[]];
	await worker.terminate();
	return runs;
}

export const bench: Bench = async ({quick, say}) => {
	const figures: Figure[] = [];
	// For trying out: KEDGE_BENCH_FORMATS=tasmota,hj212 runs these alone.
	const chosen = process.env.KEDGE_BENCH_FORMATS?.split(',');
	for (const format of chosen ?? decodeFormats) {
		const runs = await runFormat({format, rounds: quick ? 5 : 15, roundMs: quick ? 60 : 150});
		for (const run of runs) {
			const name = run.kind === 'own' ? format : `${format}, published`;
			const rate = `${(run.messagesPerS / 1000).toFixed(0)}k against ${(run.bareMessagesPerS / 1000).toFixed(0)}k messages/s`;
			say(`${name}: ${run.ratio.toFixed(2)}, ${rate}, ${run.messages} messages of ${run.messageBytes.toFixed(0)} bytes`);
			figures.push(
				{name: `${name}: against the bare parser`, value: run.ratio, unit: 'times', target: {atLeast: 0.4}},
				{name: `${name}: messages`, value: run.messagesPerS, unit: 'messages/s', target: undefined},
				{name: `${name}: readings`, value: run.readingsPerS, unit: 'readings/s', target: undefined},
			);
		}
	}
	return figures;
};
