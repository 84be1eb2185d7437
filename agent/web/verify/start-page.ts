// The verify page: takes a file and a trust file, has them checked, and shows the verdict.

import {formatTrust, type PinnedBlock, type Trust} from '../../format/trust.ts';
import {languageOf, tagOf} from '../language.ts';
import {askNode, nodeUrl} from './ask-node.ts';
import {type Outcome, readTrustFile} from './job.ts';
import {type Running, runJob} from './run-job.ts';
import {blocksToAsk, type Note, type State, show} from './view.ts';
import {words} from './words.ts';

/** What a trust file may have at most is less. */
const trustLengthMax = 8 * 1024 * 1024;

/** Takes the page into use. */
export function startPage(): void {
	const script = document.querySelector('script')!.textContent;
	const place = document.getElementById('page')!;
	let state: State = {language: languageOf(navigator.languages), isDragging: false};
	let running: Running | undefined;

	const set = (changes: Partial<State>): void => {
		state = {...state, ...changes};
		draw();
	};

	const check = async (): Promise<void> => {
		running?.cancel();
		const {file, trust} = state;
		set({outcome: undefined, node: undefined, progress: undefined});
		if (file === undefined || trust === undefined) return;
		set({progress: {done: 0, all: 0}});
		const mine = runJob({file, trust: formatTrust(widened(trust.trust, trust.pins))}, script, (done, all) => {
			if (running === mine) set({progress: {done, all}});
		});
		running = mine;
		const outcome = await mine.outcome;
		if (running !== mine) return;
		running = undefined;
		if (outcome === undefined) set({progress: undefined, note: 'cancelled'});
		else finish(outcome);
	};

	const finish = (outcome: Outcome): void => {
		set({progress: undefined, outcome});
		// Whoever reads with a screen reader, or with the keys, is where the answer is.
		document.getElementById('answer')?.focus();
	};

	const take = async (files: readonly File[], only?: 'file' | 'trust'): Promise<void> => {
		let note: Note | undefined;
		let changed = false;
		let taken: File | undefined;
		const before = state.file;
		if (only === 'file') {
			// Shown at once, and no answer to another one beside it while it is looked at.
			const old = running;
			running = undefined;
			old?.cancel();
			set({file: files[0], outcome: undefined, node: undefined, progress: undefined});
		}
		for (const file of files) {
			const found = await trustIn(file, only === 'trust');
			if (found !== undefined) {
				if ('problem' in found) set({trustProblem: found.problem});
				else {
					set({trustProblem: undefined, trust: {name: file.name, trust: found.trust, pins: []}});
					changed = true;
					if (only === 'file') note = 'trust';
				}
				if (only === 'file') set({file: before});
			} else if (taken === undefined) taken = file;
			else note = 'many';
		}
		if (taken !== undefined) set({file: taken, note});
		else if (changed) set({note});
		if (taken !== undefined || changed || only === 'file') await check();
	};

	const ask = async (text: string): Promise<void> => {
		const {outcome, trust} = state;
		if (outcome?.kind !== 'verdict' || trust === undefined) return;
		const url = nodeUrl(text);
		if (url === undefined) return set({node: {isAsking: false, message: ({node}) => node.notUrl}});
		set({node: {isAsking: true, message: undefined}});
		const blocks = blocksToAsk(outcome.verdict);
		const answer = await askNode(url, blocks);
		if (state.outcome !== outcome) return;
		const {host} = url;
		if (answer.kind === 'other-chain') {
			const wanted = [...new Set(blocks.map(({chainId}) => chainId))].join(', ');
			return set({node: {isAsking: false, message: ({node}) => node.otherChain(answer.chainId, wanted)}});
		}
		if (answer.kind === 'silent') return set({node: {isAsking: false, message: ({node}) => node.silent(answer.reason)}});
		if (answer.pins.length === 0) return set({node: {isAsking: false, message: ({node}) => node.notFinal(host)}});
		set({trust: {...trust, pins: [...trust.pins, ...answer.pins]}});
		await check();
		set({
			node: {
				isAsking: false,
				message: ({node}) => (answer.contradicted ? node.contradicted(host) : node.found(answer.pins.length, host)),
			},
		});
	};

	const draw = (): void => {
		document.documentElement.lang = tagOf(state.language);
		document.title = `Kedge · ${words[state.language].title}`;
		show(state, place, {
			setLanguage: language => set({language}),
			take: (files, only) => void take(files, only),
			cancel: () => running?.cancel(),
			ask: text => void ask(text),
		});
	};

	let depth = 0;
	const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false;
	addEventListener('dragenter', event => {
		if (!hasFiles(event)) return;
		depth += 1;
		set({isDragging: true});
	});
	addEventListener('dragleave', () => {
		depth = Math.max(0, depth - 1);
		if (depth === 0) set({isDragging: false});
	});
	// Without these the browser would open the file instead of the page.
	addEventListener('dragover', event => event.preventDefault());
	addEventListener('drop', event => {
		event.preventDefault();
		depth = 0;
		set({isDragging: false});
		void take([...(event.dataTransfer?.files ?? [])]);
	});
	draw();
}

/** Blocks that a node vouched for are trusted for as long as the page is open. */
function widened(trust: Trust, pins: readonly PinnedBlock[]): Trust {
	const isKnown = (pin: PinnedBlock): boolean => trust.blocks.some(({chainId, hash}) => chainId === pin.chainId && hash === pin.hash);
	return {...trust, blocks: [...trust.blocks, ...pins.filter(pin => !isKnown(pin))]};
}

/** The trust file that this is; why it is none, where it should be one; undefined for any other file. */
async function trustIn(file: File, isMeant: boolean): Promise<{readonly trust: Trust} | {readonly problem: string} | undefined> {
	try {
		const head = await file.slice(0, 4096).text();
		const isOne = /"kedge trust [0-9]+"/.test(head) && !head.startsWith('PK');
		if (!isOne && !isMeant) return undefined;
		if (file.size > trustLengthMax) return {problem: `${file.size} bytes`};
		return readTrustFile(new Uint8Array(await file.arrayBuffer()));
	} catch (error) {
		// A folder is dropped like a file, and cannot be read.
		return isMeant ? {problem: error instanceof Error ? error.message : String(error)} : undefined;
	}
}
