// Runs a job beside the page: in a worker made of the page's own script, so that nothing has to be fetched. Where a browser gives none, on the page, between whose reads it breathes.

import {type Job, type Outcome, work} from './job.ts';

export type Running = {
	/** undefined: it was cancelled. */
	readonly outcome: Promise<Outcome | undefined>;
	readonly cancel: () => void;
};

type FromWorker =
	| {readonly says: 'ready'}
	| {readonly says: 'progress'; readonly done: number; readonly all: number}
	| {readonly says: 'outcome'; readonly outcome: Outcome};

/** What is used of the global of a worker. */
type WorkerScope = {
	onmessage: ((event: MessageEvent<Job>) => void) | null;
	readonly postMessage: (message: FromWorker) => void;
};

/** The worker's side: does one job and says how far it is. */
export function serveJobs(scope: WorkerScope): void {
	scope.onmessage = async ({data}) => {
		let told = -1;
		const onProgress = (done: number, all: number): void => {
			const percent = all === 0 ? 0 : Math.floor((done / all) * 100);
			if (percent === told) return;
			told = percent;
			scope.postMessage({says: 'progress', done, all});
		};
		scope.postMessage({says: 'outcome', outcome: await work(data, onProgress)});
	};
	scope.postMessage({says: 'ready'});
}

/** Begins a job. `script` is the text of the page's script, which serves jobs where it runs without a document. */
export function runJob(job: Job, script: string, onProgress: (done: number, all: number) => void): Running {
	const url = URL.createObjectURL(new Blob([script], {type: 'text/javascript'}));
	const aborting = new AbortController();
	let worker: Worker | undefined;
	let finish: (outcome: Outcome | undefined) => void = () => {};
	const outcome = new Promise<Outcome | undefined>(resolve => {
		finish = resolve;
	});
	const done = (found: Outcome | undefined): void => {
		worker?.terminate();
		URL.revokeObjectURL(url);
		finish(found);
	};
	const onPage = (): void => {
		worker?.terminate();
		worker = undefined;
		work(job, onProgress, aborting.signal).then(done, () => done(undefined));
	};
	try {
		worker = new Worker(workerUrl(url) as string);
		let isReady = false;
		worker.onmessage = ({data}: MessageEvent<FromWorker>) => {
			if (data.says === 'ready') {
				isReady = true;
				worker!.postMessage(job);
			} else if (data.says === 'progress') onProgress(data.done, data.all);
			else done(data.outcome);
		};
		worker.onerror = event => {
			event.preventDefault();
			if (isReady) done({kind: 'unreadable', reason: event.message});
			else onPage();
		};
	} catch {
		onPage();
	}
	return {
		outcome,
		cancel: () => {
			aborting.abort();
			done(undefined);
		},
	};
}

type TrustedTypes = {
	readonly createPolicy: (
		name: string,
		rules: {readonly createScriptURL: (url: string) => string},
	) => {readonly createScriptURL: (url: string) => unknown};
};

let policy: ReturnType<TrustedTypes['createPolicy']> | undefined;

/** The page's policy lets scripts begin only at addresses that went through here: blobs that this page made. */
function workerUrl(url: string): unknown {
	const types = (globalThis as {readonly trustedTypes?: TrustedTypes}).trustedTypes;
	policy ??= types?.createPolicy('kedge-worker', {
		createScriptURL: made => {
			if (!made.startsWith('blob:')) throw new TypeError('only a blob of this page becomes a worker');
			return made;
		},
	});
	return policy === undefined ? url : policy.createScriptURL(url);
}
