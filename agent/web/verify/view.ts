// Draws the page from its state. Whatever comes from a file is put in as text: no markup is ever made of it.

import {html, nothing, render, type TemplateResult} from 'lit-html';
import type {PinnedBlock, Trust} from '../../format/trust.ts';
import type {Check, Facts, Verdict} from '../../verify/verdict.ts';
import type {Language} from '../language.ts';
import {languagesView, markView} from '../mark.ts';
import {saveFile} from '../save-file.ts';
import {checkWords} from './check-words.ts';
import {answerView, entryRowsOf, factRows, type Row, timeText} from './facts-view.ts';
import type {Detail, Outcome} from './job.ts';
import {type Words, words} from './words.ts';

/** trust: what was chosen as the file to check was a trust file, and taken as that. */
export type Note = 'many' | 'cancelled' | 'trust';

export type State = {
	readonly language: Language;
	readonly isDragging: boolean;
	readonly file?: File | undefined;
	/** `pins`: blocks that a node vouched for in this visit. */
	readonly trust?: {readonly name: string; readonly trust: Trust; readonly pins: readonly PinnedBlock[]} | undefined;
	readonly trustProblem?: string | undefined;
	readonly note?: Note | undefined;
	readonly progress?: {readonly done: number; readonly all: number} | undefined;
	readonly outcome?: Outcome | undefined;
	readonly node?: {readonly isAsking: boolean; readonly message: ((words: Words) => string) | undefined} | undefined;
};

export type Actions = {
	readonly setLanguage: (language: Language) => void;
	readonly take: (files: readonly File[], only?: 'file' | 'trust') => void;
	readonly cancel: () => void;
	readonly ask: (url: string) => void;
};

type View = TemplateResult | typeof nothing;

export function show(state: State, place: HTMLElement, actions: Actions): void {
	render(pageView(state, actions), place);
}

function pageView(state: State, actions: Actions): TemplateResult {
	const said = words[state.language];
	return html`
		<header>
			<p class="mark" aria-hidden="true">${markView}<span>Kedge</span></p>
			${languagesView(said.language, state.language, actions.setLanguage)}
		</header>
		<main>
			<h1>${said.title}</h1>
			<p class="lead">${said.lead}</p>
			<div class="inputs">
				${inputView('file', said, state, actions)} ${inputView('trust', said, state, actions)}
			</div>
			<p class="promise">${said.promise}</p>
			<div role="status" class="status">${statusView(state, said, actions)}</div>
			${outcomeView(state, said, actions)}
		</main>
		<footer><p>${said.foot}</p></footer>
	`;
}

function inputView(which: 'file' | 'trust', said: Words, state: State, {take}: Actions): TemplateResult {
	const {title, hint, change} = said[which];
	const name = which === 'file' ? state.file?.name : state.trust?.name;
	const problem = which === 'trust' ? state.trustProblem : undefined;
	const below =
		which === 'file' ? state.file && lengthText(state.file.size) : state.trust && said.trust.logs(state.trust.trust.logs.length);
	const onChange = (event: Event): void => {
		const input = event.target as HTMLInputElement;
		const files = [...(input.files ?? [])];
		// The same file may be chosen again once it has changed.
		input.value = '';
		if (files.length > 0) take(files, which);
	};
	return html`
		<label class="input ${name === undefined ? '' : 'taken'} ${state.isDragging ? 'dragging' : ''}">
			<span class="step" aria-hidden="true">${which === 'file' ? '1' : '2'}</span>
			<span class="about">
				<strong>${title}</strong>
				${name === undefined ? html`<span class="hint">${hint}</span>` : html`<span class="name">${name}</span><span class="hint">${below}</span>`}
				${problem === undefined ? nothing : html`<span class="problem" role="alert">${said.trustProblem(problem)}</span>`}
				<span class="choose">${name === undefined ? said.dropHere : change}</span>
			</span>
			<input type="file" id=${`choose-${which}`} @change=${onChange} />
		</label>
	`;
}

function statusView({file, trust, progress, outcome, note}: State, said: Words, {cancel}: Actions): View {
	if (progress !== undefined) {
		const {done, all} = progress;
		const percent = all === 0 ? undefined : Math.floor((done / all) * 100);
		return html`<div class="progress">
			<p id="progress-words">${percent === undefined ? said.checking : said.checkingPart(percent)}</p>
			${
				percent === undefined
					? html`<progress aria-labelledby="progress-words"></progress>`
					: html`<progress aria-labelledby="progress-words" max="100" .value=${percent}></progress>`
			}
			<button type="button" id="cancel" @click=${cancel}>${said.cancel}</button>
		</div>`;
	}
	const texts: string[] = [];
	if (note === 'many') texts.push(said.manyFiles);
	if (note === 'trust') texts.push(said.wasTrust);
	if (outcome === undefined) {
		if (note === 'cancelled') texts.push(said.cancelled);
		else if (file !== undefined && trust === undefined) texts.push(said.waitingTrust);
		else if (trust !== undefined && file === undefined) texts.push(said.waitingFile);
	}
	return texts.length === 0 ? nothing : html`<p class="waiting">${texts.join(' ')}</p>`;
}

function outcomeView(state: State, said: Words, actions: Actions): View {
	const {outcome} = state;
	if (outcome === undefined) return nothing;
	if (outcome.kind === 'verdict') return verdictView(outcome, state, said, actions);
	const [text, more] = refusalTexts(outcome, said);
	return html`<section class="answer bad">
		<span class="sign" aria-hidden="true">!</span>
		<div><h2 id="answer" tabindex="-1">${said.cannotTell}</h2><p>${text}</p>${more === '' ? nothing : html`<p class="exact">${more}</p>`}</div>
	</section>`;
}

function refusalTexts(outcome: Exclude<Outcome, {readonly kind: 'verdict'}>, said: Words): readonly [string, string] {
	switch (outcome.kind) {
		case 'too-large':
			return [said.tooLarge(lengthText(outcome.length), lengthText(outcome.lengthMax)), outcome.isPackage ? '' : said.tooLargeDocument];
		case 'empty':
			return [said.empty, ''];
		case 'unreadable':
			return [said.unreadable, outcome.reason];
		case 'old-browser':
			return [said.oldBrowser, ''];
	}
}

/** Which of the answers is given: the first thing that anybody reads. */
function answerOf(verdict: Verdict, trust: Trust): keyof Words['answers'] {
	const {good, strength, document, checks, facts} = verdict;
	if (good) {
		if (strength !== 'anchored') return strength === 'final' ? 'final' : 'committed';
		const isOnChain =
			facts.anchors.some(({state}) => state !== 'claimed') || checks.some(({name, result}) => name === 'pinned' && result === 'pass');
		return isOnChain ? 'anchored' : 'stamped';
	}
	if (document === 'unknown') return 'notOurs';
	const failed = checks.filter(({result}) => result === 'fail').map(({name}) => name);
	if (failed.length === 1 && failed[0] === 'signature' && !trust.logs.some(({name}) => name === facts.origin)) return 'otherLog';
	return failed[0] === 'form' ? 'broken' : 'bad';
}

function verdictView(outcome: Extract<Outcome, {readonly kind: 'verdict'}>, state: State, said: Words, actions: Actions): TemplateResult {
	const {verdict} = outcome;
	const {good, checks, facts, document} = verdict;
	const which = answerOf(verdict, state.trust!.trust);
	const [headline, sentence] = said.answers[which];
	const look = good ? (which === 'committed' ? 'half' : 'good') : 'bad';
	const failures = checks.filter(({result}) => result === 'fail');
	const rows = factRows(verdict, said, state.language);
	const count = (result: Check['result']): number => checks.filter(check => check.result === result).length;
	return html`
		<section class="answer ${look}" aria-labelledby="answer">
			<span class="sign" aria-hidden="true">${look === 'bad' ? '✕' : '✓'}</span>
			<div>
				<h2 id="answer" tabindex="-1">${headline}</h2>
				<p>${sentence}${which === 'final' ? ` ${chainText(verdict, state, said)}` : nothing}</p>
				${
					// Of what is no file of ours the verifier can only say which formats it knows: that stands with the checks.
					failures.length === 0 || which === 'notOurs'
						? nothing
						: html`<p class="why">${said.firstFailure}</p>
							<ul class="whys">${failures
								.slice(0, 3)
								.map(
									({name, reason}) =>
										html`<li>${which === 'bad' ? checkWords[state.language][name].fail : nothing} <q class="exact" lang="en">${reason}</q></li>`,
								)}</ul>`
				}
				${cautionsOf(verdict, said).map(caution => html`<p class="caution">${caution}</p>`)}
				<p class="tags"><span>${said.documents[document]}</span><span>${said.strengths[verdict.strength]}</span><span>${said.counts(count('pass'), count('fail'), count('skipped'))}</span></p>
			</div>
		</section>
		${
			rows.length === 0
				? nothing
				: html`<section aria-labelledby="says">
					<h2 id="says">${good ? said.says : said.claims}</h2>
					${good ? nothing : html`<p class="caution">${said.claimsHint}</p>`}
					${rowsView(rows)}
					${facts.package === undefined ? nothing : answerView(facts.package.answer, said, state.language)}
				</section>`
		}
		${outsideView(verdict, state, said, actions)} ${tableView(outcome, said, state.language)}
		<section aria-labelledby="checks">
			<h2 id="checks">${said.checks}</h2>
			<p class="hint">${said.checksHint}</p>
			<ul class="checks">${checks.map((check, i) => html`<li>${checkView(check, isFirst(checks, i) ? (outcome.details[check.name] ?? []) : [], good, state.language, said)}</li>`)}</ul>
			<details class="machine"><summary>${said.machine}</summary><pre tabindex="0">${JSON.stringify(verdict, null, '\t')}</pre></details>
		</section>
	`;
}

const isFirst = (checks: readonly Check[], place: number): boolean => checks.findIndex(({name}) => name === checks[place]!.name) === place;

const signs = {pass: '✓', fail: '✕', skipped: '–'} as const;

function checkView(check: Check, details: readonly Detail[], isGood: boolean, language: Language, said: Words): TemplateResult {
	const {name, result, reason} = check;
	const own = checkWords[language][name];
	// Why something was not looked at is another question once a check has failed.
	const sentence = result === 'skipped' && !isGood ? said.notLooked : own[result];
	return html`<details class="check ${result}">
		<summary>
			<span class="sign" aria-hidden="true">${signs[result]}</span>
			<span class="about"><strong>${own.name}</strong><span class="result">${said.results[result]}</span><span class="sentence">${sentence}</span></span>
		</summary>
		<dl class="bytes">
			<div><dt>${said.exact}</dt><dd lang="en"><code>${name}</code> ${reason}</dd></div>
			${details.map(({name: detail, text}) => html`<div><dt>${said.details[detail]}</dt><dd><pre tabindex="0">${text}</pre></dd></div>`)}
		</dl>
	</details>`;
}

function rowsView(rows: readonly Row[]): TemplateResult {
	return html`<dl class="facts">${rows.map(
		({label, text, look, more}) =>
			html`<div class=${look ?? ''}><dt>${label}</dt><dd>${look === 'long' ? html`<pre tabindex="0">${text}</pre>` : text}${more === undefined ? nothing : html` <span class="hint">${more}</span>`}</dd></div>`,
	)}</dl>`;
}

const shownAnchors = ({facts}: Verdict): Facts['anchors'] => facts.anchors.filter(({state}) => state !== 'claimed');

/** On which chain it stands, and who is believed for it. What a chain is worth nobody can tell by its number. */
function chainText(verdict: Verdict, {trust}: State, said: Words): string {
	const shown = shownAnchors(verdict);
	const chains = chainsOf(verdict, false);
	const isAsked = shown.some(({chainId, blockHash}) => trust?.pins.some(pin => pin.chainId === chainId && pin.hash === blockHash));
	return [...(chains.length > 0 ? [said.onChains(chains.join(', '))] : []), ...(isAsked ? [said.nodeBelieved] : [])].join(' ');
}

/** Chain ids that tools for developers take unless they are told otherwise: Ganache and Geth in its development mode, Hardhat and Anvil. */
const developmentChains: readonly number[] = [1337, 31_337];

/** Numbers of the chains that hold what was shown: of development chains, or of all others. */
const chainsOf = (verdict: Verdict, isDevelopment: boolean): number[] =>
	[...new Set(shownAnchors(verdict).map(({chainId}) => chainId))].filter(chainId => developmentChains.includes(chainId) === isDevelopment);

/** What whoever rests something on a good file must know first. */
function cautionsOf(verdict: Verdict, said: Words): string[] {
	const {good, facts} = verdict;
	if (!good) return [];
	const chains = chainsOf(verdict, true);
	const development = chains.length > 0 ? [said.developmentChains(chains.join(', '))] : [];
	if (facts.package === undefined) return development;
	const {completeness, absent, tallyAtMs, question} = facts.package;
	return [
		...development,
		...(completeness === 'later-unknown' ? [said.cautions.later] : []),
		...(completeness === 'crosses-epoch' ? [said.cautions.epoch] : []),
		...(absent.length > 0 ? [said.cautions.absent] : []),
		...(tallyAtMs !== undefined && tallyAtMs < question.toMs ? [said.cautions.open(timeText(tallyAtMs))] : []),
	];
}

/** Blocks that a node could vouch for: of anchors with a proof of their own, and of the beacon. */
export function blocksToAsk({good, facts}: Verdict): {readonly chainId: number; readonly number: number; readonly hash: string}[] {
	if (!good) return [];
	const anchors = facts.anchors
		.filter(({state, isProven}) => state === 'claimed' && isProven)
		.map(({chainId, blockNumber, blockHash}) => ({chainId, number: blockNumber, hash: blockHash}));
	const {after} = facts.bracket ?? {};
	const beacon =
		after?.checked === 'claimed' && after.by.kind === 'block'
			? [{chainId: after.by.chainId, number: after.by.blockNumber, hash: after.by.blockHash}]
			: [];
	return [...anchors, ...beacon];
}

function outsideView(verdict: Verdict, state: State, said: Words, actions: Actions): View {
	const {facts, good} = verdict;
	if (facts.root === undefined) return nothing;
	const {anchors, timestamps} = facts;
	return html`<section aria-labelledby="outside">
		<h2 id="outside">${said.anchors}</h2>
		${anchors.length + timestamps.length === 0 ? html`<p>${said.noAnchors}</p>` : nothing}
		<ul class="anchors">
			${anchors.map(anchor => {
				const kind =
					anchor.state === 'final'
						? (`final-${anchor.shownBy === 'proof' ? 'proof' : 'node'}` as const)
						: anchor.state === 'claimed' && anchor.isProven
							? 'claimed-proven'
							: anchor.state;
				const {labels} = said;
				const isShown = anchor.state !== 'claimed';
				return html`<li class=${isShown ? 'shown' : ''}>
					<p class="state"><span class="sign" aria-hidden="true">${isShown ? '✓' : '?'}</span>${said.anchorStates[good ? kind : 'claimed']}</p>
					${rowsView([
						{label: labels.block, text: said.boundBlock(anchor.blockNumber, anchor.chainId)},
						{label: labels.time, text: timeText(anchor.blockTimeMs)},
						{label: labels.blockHash, text: anchor.blockHash, look: 'code'},
						{label: labels.transaction, text: anchor.transactionHash, look: 'code'},
						{label: labels.registry, text: anchor.registry, look: 'code'},
					])}
				</li>`;
			})}
			${timestamps.map(({authority, genTimeMs, signer, state: own}) => {
				const isShown = own === 'checked';
				return html`<li class=${isShown ? 'shown' : ''}>
					<p class="state"><span class="sign" aria-hidden="true">${isShown ? '✓' : '?'}</span>${said.stampStates[own]}</p>
					${rowsView([
						{label: said.boundStamp(authority), text: genTimeMs === undefined ? said.unknownBound : timeText(genTimeMs)},
						...(signer === undefined ? [] : [{label: said.labels.signer, text: signer}]),
					])}
				</li>`;
			})}
		</ul>
		${nodeView(verdict, state, said, actions)} ${bracketView(facts, said)}
	</section>`;
}

function nodeView(verdict: Verdict, {node}: State, said: Words, {ask}: Actions): View {
	const message = node?.message?.(said);
	const told = html`<p role="status" class="told">${message ?? nothing}</p>`;
	if (blocksToAsk(verdict).length === 0) return message === undefined ? nothing : told;
	const onSubmit = (event: SubmitEvent): void => {
		event.preventDefault();
		ask((event.target as HTMLFormElement).querySelector('input')!.value);
	};
	return html`<form class="node" @submit=${onSubmit}>
		<h3>${said.node.title}</h3>
		<p class="hint" id="node-lead">${said.node.lead}</p>
		<label for="node-url">${said.node.url}</label>
		<div class="line"><input id="node-url" type="text" inputmode="url" autocomplete="off" spellcheck="false" placeholder="https://" aria-describedby="node-lead" /><button ?disabled=${node?.isAsking === true}>${node?.isAsking === true ? said.node.asking : said.node.ask}</button></div>
		${told}
	</form>`;
}

function bracketView({bracket}: Facts, said: Words): View {
	if (bracket === undefined) return nothing;
	const {after, before} = bracket;
	const boundRow = (label: string, bound: typeof after): Row => {
		if (bound === undefined) return {label, text: said.unknownBound, look: 'quiet'};
		const {by, timeMs, checked} = bound;
		const what = by.kind === 'block' ? said.boundBlock(by.blockNumber, by.chainId) : said.boundStamp(by.authority);
		return {label, text: timeText(timeMs), more: `${what} · ${said.bounds[checked]}`};
	};
	const isContradiction =
		after !== undefined &&
		before !== undefined &&
		after.checked !== 'claimed' &&
		before.checked !== 'claimed' &&
		after.timeMs > before.timeMs;
	return html`<h3>${said.when}</h3>
		<p class="hint">${said.whenLead} ${said.measuring}</p>
		${rowsView([boundRow(said.notBefore, after), boundRow(said.notAfter, before)])}
		${isContradiction ? html`<p class="caution">${said.contradiction}</p>` : nothing}`;
}

function tableView({table, verdict}: Extract<Outcome, {readonly kind: 'verdict'}>, said: Words, language: Language): View {
	if (table === undefined) return nothing;
	return html`<section aria-labelledby="readings">
		<h2 id="readings">${said.readings}</h2>
		${verdict.good ? nothing : html`<p class="caution">${said.claimsHint}</p>`}
		<div class="line"><p class="hint">${said.readingsCount(table.rows.length, table.count)}</p>
		<button type="button" id="save" @click=${() => saveFile('readings.csv', table.csv, 'text/csv')}>${said.saveCsv}</button></div>
		<div class="table" tabindex="0" role="region" aria-labelledby="readings">
			<table>
				<thead><tr>${table.columns.map(column => html`<th scope="col">${said.columns[column] ?? column}</th>`)}</tr></thead>
				<tbody>${table.rows.map(row => html`<tr>${entryRowsOf(row, table.columns, said, language).map(({text, isNumber}) => html`<td class=${isNumber ? 'number' : ''}>${text}</td>`)}</tr>`)}</tbody>
			</table>
		</div>
	</section>`;
}

const mebi = 1024 * 1024;

function lengthText(length: number): string {
	if (length < 1024) return `${length} B`;
	if (length < mebi) return `${(length / 1024).toFixed(1)} KiB`;
	return length < 1024 * mebi ? `${(length / mebi).toFixed(1)} MiB` : `${(length / 1024 / mebi).toFixed(2)} GiB`;
}
