// Evidence packages: has one packed, says how far that is, and hands out the file.

import {html, nothing, type TemplateResult} from 'lit-html';
import type {EvidencePackage, EvidencePackageList} from '../../api/client.ts';
import {named} from '../entry-words.ts';
import {type Asked, type AskProblem, ask, createAsked, pathOf, problemFrom} from './ask.ts';
import type {Context, Page} from './context.ts';
import {askedIds, choiceView, localText, outcomeView, periodOf, periodView, type Told, thingView} from './forms.ts';
import {askedView, cardsView, saidView, type View} from './parts.ts';
import type {Place} from './route.ts';

const kinds = ['device', 'shipment', 'site', 'certificates'] as const;
type Kind = (typeof kinds)[number];
const packingAgainMs = 1000;
const stillAgainMs = 15_000;
const dayMs = 86_400_000;
const daysMax = 366;

export function evidencePage(context: Context, place: Place): Page {
	let kind: Kind = kinds.find(one => one === place.of) ?? 'device';
	let of: string | undefined = place.part;
	const now = context.nowMs();
	let period = {from: localText(place.fromMs ?? now - dayMs), to: localText(place.toMs ?? now)};
	let problem: AskProblem | undefined;
	let told: Told | undefined;
	let timer: ReturnType<typeof setTimeout> | undefined;
	let left = false;
	/** Begun here: how it ends is told. */
	let begun: string | undefined;
	const list = createAsked(signal => ask<EvidencePackageList>('/evidence', {signal}), context.redraw);
	const things: Readonly<Record<Kind, Asked<readonly string[]>>> = {
		device: askedIds('/devices', context),
		shipment: askedIds('/shipments', context),
		site: askedIds('/emissions', context),
		certificates: askedIds('/certificates', context),
	};
	for (const one of Object.values(things)) void one.again();
	/** Soon again while one is being packed. */
	const look = async (): Promise<void> => {
		clearTimeout(timer);
		await list.again();
		if (left) return;
		const ended = list.value?.items.find(({id, state}) => id === begun && state !== 'packing');
		if (ended !== undefined) {
			const {state} = ended;
			begun = undefined;
			told = ({evidence}) => evidence.ended[state === 'done' ? 'done' : 'failed'];
			context.redraw();
		}
		const isPacking = list.value?.items.some(({state}) => state === 'packing') === true;
		timer = setTimeout(() => void look(), isPacking ? packingAgainMs : stillAgainMs);
	};
	void look();

	const pack = async (): Promise<void> => {
		problem = undefined;
		told = undefined;
		const id = of ?? things[kind].value?.[0];
		// A shipment is looked at from its beginning to now.
		const times = kind === 'shipment' ? {fromMs: 0, toMs: Math.floor(context.nowMs())} : periodOf(period);
		if (id === undefined) told = ({evidence}) => evidence.bad.of;
		else if (times === undefined || (kind !== 'shipment' && times.toMs - times.fromMs > daysMax * dayMs))
			told = ({evidence}) => evidence.bad.period;
		else
			try {
				begun = (await ask<EvidencePackage>('/evidence', {method: 'POST', body: {about: kind, id, ...times}})).id;
				await look();
			} catch (error) {
				const found = problemFrom(error);
				if (found.code === 'busy') told = ({evidence}) => evidence.busy;
				else problem = found;
			}
		context.redraw();
	};

	const makeView = (): TemplateResult => {
		const said = context.words().evidence;
		return html`<section aria-labelledby="make">
			<h2 id="make">${said.make}</h2>
			<form class="form" @submit=${(event: SubmitEvent) => {
				event.preventDefault();
				void pack();
			}}>
				${choiceView(
					said.about,
					'about',
					kinds.map(one => [one, said.kinds[one]]),
					kind,
					next => {
						kind = next as Kind;
						of = undefined;
						context.redraw();
					},
				)}
				${thingView(
					said.of,
					things[kind],
					of,
					said.noneOf,
					next => {
						of = next;
					},
					context,
				)}
				${
					kind === 'shipment'
						? html`<p class="hint wide">${said.whole}</p>`
						: periodView(
								period,
								next => {
									period = next;
								},
								context,
							)
				}
				<div class="wide"><button type="submit" class="first">${said.go}</button></div>
			</form>
			${outcomeView(problem, told, context)}
		</section>`;
	};
	return {
		title: () => context.words().evidence.title,
		leave: () => {
			left = true;
			clearTimeout(timer);
			list.stop();
			for (const one of Object.values(things)) one.stop();
		},
		view: () => {
			const said = context.words().evidence;
			return html`<h1>${said.title}</h1>
				<p class="lead">${said.lead}</p>
				${makeView()}
				<section aria-labelledby="packages">
					<h2 id="packages">${said.list}</h2>
					${askedView(list, context, ({items}) =>
						items.length === 0
							? html`<p>${said.empty}</p>`
							: cardsView(
									said.list,
									[said.about, said.period, said.state, said.size, ''],
									items.map(one => rowOf(one, context)),
								),
					)}
					<p class="hint">${said.kept}</p>
					<p>${said.hint}</p>
					<p class="buttons">
						<a class="button" href="/verify">${context.words().openVerify}</a>
						<a class="button" href="/verify" download="kedge-verify.html">${said.take}</a>
					</p>
				</section>`;
		},
	};
}

function rowOf(one: EvidencePackage, context: Context): readonly View[] {
	const said = context.words().evidence;
	const figures = context.figures();
	return [
		html`${named(said.kinds, one.about)}<span class="more">${one.of}</span>`,
		one.fromMs === 0 ? said.whole : html`${figures.minute(one.fromMs)} –<br />${figures.minute(one.toMs)}`,
		stateView(one, context),
		one.bytes === null ? '' : figures.bytes(one.bytes),
		one.state === 'done' ? html`<a class="button" href=${`/v1${pathOf(['evidence', one.id, 'file'])}`} download>${said.download}</a>` : '',
	];
}

function stateView({state, step, done, all, problem}: EvidencePackage, context: Context): View {
	const said = context.words().evidence;
	const figures = context.figures();
	if (state === 'failed')
		return html`<span class="bad">${said.states.failed}</span>${problem === null ? nothing : html`<span class="more wrap">${saidView(problem, context)}</span>`}`;
	if (state === 'done') return html`<span class="good">${said.states.done}</span>`;
	return html`${said.states.packing}<span class="more">${step === null ? nothing : named(said.steps, step)}${all > 0 ? html` · ${said.progress(figures.whole(done), figures.whole(all))}` : nothing}</span>
		${all > 0 ? html`<progress max=${all} .value=${Math.min(done, all)} aria-label=${said.states.packing}></progress>` : html`<progress aria-label=${said.states.packing}></progress>`}`;
}
