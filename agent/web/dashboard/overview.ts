// The overview: whether all is well, at a glance, and what is to be done where it is not.

import {html, nothing, type TemplateResult} from 'lit-html';
import type {Agent, AnchorState} from '../../api/client.ts';
import type {Context, Page} from './context.ts';
import {byAdvice, ofAlarms, shareText, verdictOf} from './health.ts';
import {cardsView, figuresView, quotedView, saidView, signView, type View} from './parts.ts';
import {hashOf} from './route.ts';

/** Less than this is worth a colour. */
const runwayDaysLow = 14;

export function overviewPage(context: Context): Page {
	return {
		title: () => context.words().overview.title,
		view: () => {
			const agent = context.agent();
			if (agent === undefined) return html`<p class="loading" role="status">${context.words().loading}</p>`;
			return html`${headView(agent, context)}${logView(agent, context)}${anchorsView(agent, context)}${devicesView(agent, context)}${machineView(agent, context)}`;
		},
	};
}

function headView(agent: Agent, context: Context): TemplateResult {
	const said = context.words();
	const verdict = verdictOf(agent);
	return html`<section class="answer ${verdict}" aria-labelledby="answer">
			${signView(verdict)}
			<div>
				<h1 id="answer">${said.overview.verdicts[verdict]}</h1>
				<p>${said.overview.leads[verdict]}</p>
				${agent.state === 'running' ? nothing : html`<p class="state">${said.overview.states[agent.state]}</p>`}
				${
					agent.warnings.length === 0
						? nothing
						: html`<ul class="warnings" aria-label=${said.overview.warnings}>
								${byAdvice(agent.warnings, context.language()).map(
									({advice, warnings}) => html`<li>
										<p class="advice">${advice}${warnings.some(warning => ofAlarms.test(warning)) ? html` <a href=${hashOf('alarms')}>${said.pages.alarms}</a>` : nothing}</p>
										${warnings.map(warning => html`${sentenceView(warning, context)}${quotedView(said.exact, warning, context.figures())}`)}
									</li>`,
								)}
							</ul>`
				}
			</div>
		</section>
		${
			agent.notices.length === 0
				? nothing
				: html`<section class="notices"><h2>${said.overview.notices}</h2><ul>${agent.notices.map(notice => html`<li>${saidView(notice, context)}</li>`)}</ul></section>`
		}`;
}

/** What the agent said, in Chinese; the English stands below it in any case. */
function sentenceView(warning: string, context: Context): View {
	const chinese = context.chinese()?.inChinese(warning);
	return chinese === undefined ? nothing : html`<p class="said">${chinese}</p>`;
}

function logView(agent: Agent, context: Context): TemplateResult {
	const said = context.words().overview;
	const figures = context.figures();
	const {size, newestEntryAtMs, checkpoint, releasedSize, releasedAtMs} = agent;
	const checkpointSize = typeof checkpoint?.size === 'number' ? checkpoint.size : undefined;
	const held = size - releasedSize;
	return html`<section aria-labelledby="the-log">
		<h2 id="the-log">${said.log}</h2>
		${figuresView([
			{
				label: said.entries,
				value: html`<a href=${hashOf('log')}>${figures.whole(size)}</a>`,
				more: html`<span class="code">${agent.origin}</span>`,
			},
			{
				label: said.newest,
				value: newestEntryAtMs === null ? '–' : context.words().ago(figures.age(context.nowMs() - newestEntryAtMs)),
				more: newestEntryAtMs === null ? nothing : figures.time(newestEntryAtMs),
			},
			{
				label: said.checkpoint,
				value: releasedAtMs === null ? '–' : context.words().ago(figures.age(context.nowMs() - releasedAtMs)),
				more: checkpointSize === undefined ? nothing : said.checkpointOf(figures.whole(checkpointSize)),
			},
			{label: said.released, value: held <= 0 ? said.releasedAll : said.releasedBut(figures.whole(held))},
		])}
	</section>`;
}

function anchorsView(agent: Agent, context: Context): TemplateResult {
	const said = context.words().overview;
	const figures = context.figures();
	const {anchors, anchoredSize, finalSize, size, unanchoredAgeMs, anchorsNeeded, nowMs} = agent;
	if (anchors.length === 0)
		return html`<section aria-labelledby="anchors"><h2 id="anchors">${said.anchoring}</h2><p class="lead">${said.noAnchors}</p></section>`;
	// It was told as it stood then, and grows on its own.
	const ageMs = unanchoredAgeMs === null ? undefined : unanchoredAgeMs + Math.max(0, context.nowMs() - nowMs);
	return html`<section aria-labelledby="anchors">
		<h2 id="anchors">${said.anchoring}</h2>
		<p class="lead">${said.anchorsLead}</p>
		${figuresView([
			{label: said.anchored, value: shareText(anchoredSize, size, figures.locale), more: said.entriesCount(figures.whole(anchoredSize))},
			{label: said.final, value: shareText(finalSize, size, figures.locale), more: said.entriesCount(figures.whole(finalSize))},
			{label: said.unanchoredAge, value: ageMs === undefined ? said.allAnchored : context.words().ago(figures.age(ageMs))},
		])}
		${cardsView(
			said.anchoring,
			[said.name, said.kind, said.holds, said.final, said.runway, said.anchorState],
			anchors.map(anchor => [
				html`<strong>${anchor.name}</strong>`,
				said[anchor.kind],
				{view: figures.whole(anchor.size), look: 'number' as const},
				{view: figures.whole(anchor.finalSize), look: 'number' as const},
				{view: runwayView(anchor, context), look: 'number' as const},
				{view: anchorStateView(anchor, context), look: 'wrap' as const},
			]),
		)}
		${anchors.length > 1 || anchorsNeeded > 1 ? html`<p class="hint">${said.needed(anchorsNeeded, anchors.length)}</p>` : nothing}
	</section>`;
}

function runwayView({runwayDays}: AnchorState, context: Context): View {
	if (runwayDays === null) return '–';
	const text = context.figures().days(runwayDays);
	return runwayDays < runwayDaysLow ? html`<strong class="half">${text}</strong>` : text;
}

function anchorStateView({problem, problemCode, waitingFor}: AnchorState, context: Context): View {
	const said = context.words().overview;
	if (problem !== null) return html`<span class="bad">${saidView(problem, context, problemCode)}</span>`;
	return waitingFor === null ? html`<span class="good">${said.anchorFine}</span>` : saidView(waitingFor, context);
}

function devicesView(agent: Agent, context: Context): TemplateResult {
	const said = context.words().overview;
	const figures = context.figures();
	const {devices, devicesHeard, silentDevices, silent, gaps, silences, refused, setAside, refusedByReason} = agent;
	const chinese = context.chinese();
	const nameOf = (reason: string): string => chinese?.refusalName(reason, 'zh') ?? reason;
	const reasons = Object.entries(refusedByReason).map(([reason, count]) => `${nameOf(reason)} ${figures.whole(Number(count))}`);
	return html`<section aria-labelledby="of-devices">
		<h2 id="of-devices">${said.devices}</h2>
		${figuresView([
			{
				label: said.devices,
				value: html`<a href=${hashOf('devices')}>${figures.whole(devices)}</a>`,
				more: said.heard(figures.whole(devicesHeard), figures.whole(devices)),
			},
			{
				label: said.silent,
				value: figures.whole(silentDevices),
				more:
					silent.length === 0
						? nothing
						: html`${silent.map(({device}, i) => html`${i > 0 ? figures.comma : ''}<a href=${hashOf('devices', device)}>${device}</a>`)}`,
				verdict: silentDevices > 0 ? 'half' : undefined,
			},
			{label: said.gaps, value: html`<a href=${hashOf('alarms')}>${figures.whole(gaps)}</a>`},
			{label: said.silences, value: html`<a href=${hashOf('alarms')}>${figures.whole(silences)}</a>`},
			{
				label: said.refused,
				value: html`<a href=${hashOf('alarms')}>${figures.whole(refused)}</a>`,
				more:
					reasons.length === 0
						? nothing
						: html`<span lang=${chinese === undefined ? 'en' : 'zh-Hans'}>${reasons.join(figures.comma)}</span>`,
			},
			...(setAside > 0 ? [{label: said.setAside, value: figures.whole(setAside)}] : []),
		])}
	</section>`;
}

function machineView(agent: Agent, context: Context): TemplateResult {
	const said = context.words().overview;
	const figures = context.figures();
	const {disk, residentBytes, clock, startedAtMs, version, scrub, accountsBehind} = agent;
	return html`<section aria-labelledby="machine">
		<h2 id="machine">${said.machine}</h2>
		${figuresView([
			{
				label: said.diskFree,
				value: figures.bytes(disk.freeBytes),
				more:
					disk.fillDays === null
						? said.diskFloor(figures.bytes(disk.floorBytes))
						: `${said.diskLasts}${figures.colon}${figures.days(disk.fillDays)}`,
				verdict: disk.freeBytes < 2 * disk.floorBytes ? 'half' : undefined,
			},
			{label: said.clock, value: said.clocks[clock], verdict: clock === 'unsynchronised' ? 'half' : undefined},
			{label: said.memory, value: figures.bytes(residentBytes)},
			{
				label: said.scrub,
				value: shareText(scrub.done, scrub.of, figures.locale),
				more: scrub.passes === 0 ? nothing : said.scrubPasses(figures.whole(scrub.passes)),
			},
			...(accountsBehind > 0 ? [{label: said.behind, value: figures.whole(accountsBehind)}] : []),
			{
				label: said.since,
				value: context.words().ago(figures.age(context.nowMs() - startedAtMs)),
				more: figures.time(startedAtMs),
			},
			{label: said.version, value: version},
		])}
	</section>`;
}
