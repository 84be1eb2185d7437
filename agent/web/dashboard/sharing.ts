// Share links: makes one for a device, a shipment or a period, shows it once, lists them, and revokes them.

import {html, nothing, type TemplateResult} from 'lit-html';
import type {MadeShare, Share, ShareList} from '../../api/client.ts';
import {type AskProblem, ask, createAsked, pathOf, problemFrom} from './ask.ts';
import type {Context, Page} from './context.ts';
import {askedIds, choiceView, localText, onceView, outcomeView, periodOf, periodView, sureView, type Told, thingView} from './forms.ts';
import {askedView, cardsView, type View} from './parts.ts';
import {hashOf, type Place} from './route.ts';

const kinds = ['device', 'shipment', 'period'] as const;
type Kind = (typeof kinds)[number];
const daysOffered = [1, 3, 7, 30, 90];
const daysFirst = 7;
const againMs = 15_000;
const dayMs = 86_400_000;

export function sharingPage(context: Context, place: Place): Page {
	let kind: Kind = kinds.find(one => one === place.of) ?? 'device';
	let of: string | undefined = kind === 'period' ? undefined : place.part;
	const now = context.nowMs();
	let period = {from: localText(place.fromMs ?? now - dayMs), to: localText(place.toMs ?? now)};
	let isLimited = kind === 'period' || place.fromMs !== undefined;
	let made: MadeShare | undefined;
	let problem: AskProblem | undefined;
	let told: Told | undefined;
	let isBusy = false;
	let asked: string | undefined;
	const list = createAsked(signal => ask<ShareList>('/shares', {signal}), context.redraw);
	const things = {device: askedIds('/devices', context), shipment: askedIds('/shipments', context)};
	void list.again();
	for (const one of Object.values(things)) void one.again();
	const timer = setInterval(() => void list.again(), againMs);

	/** Does it, and tells of what came in the way. */
	const doing = async (work: () => Promise<void>): Promise<void> => {
		isBusy = true;
		problem = undefined;
		told = undefined;
		made = undefined;
		context.redraw();
		try {
			await work();
		} catch (error) {
			problem = problemFrom(error);
		}
		isBusy = false;
		context.redraw();
	};
	const make = (fields: FormData): void => {
		const times = kind !== 'shipment' && isLimited ? periodOf(period) : undefined;
		const id = kind === 'period' ? undefined : (of ?? things[kind].value?.[0]);
		if (kind !== 'shipment' && isLimited && times === undefined) told = ({sharing}) => sharing.bad.period;
		else if (kind !== 'period' && id === undefined) told = ({sharing}) => sharing.bad.of;
		else {
			const scope = {kind, ...(id === undefined ? {} : {id}), ...times};
			void doing(async () => {
				made = await ask<MadeShare>('/shares', {
					method: 'POST',
					body: {scope, days: Number(fields.get('days')), label: String(fields.get('label')).trim()},
				});
				void list.again();
			});
			return;
		}
		context.redraw();
	};
	const revoke = (share: Share): void =>
		void doing(async () => {
			await ask(pathOf(['shares', share.id]), {method: 'DELETE'});
			asked = undefined;
			told = ({sharing}) => sharing.revoked;
			await list.again();
		});

	const makeView = (): TemplateResult => {
		const said = context.words().sharing;
		return html`<section aria-labelledby="make">
			<h2 id="make">${said.make}</h2>
			<form class="form" @submit=${(event: SubmitEvent) => {
				event.preventDefault();
				make(new FormData(event.target as HTMLFormElement));
			}}>
				${choiceView(
					said.what,
					'kind',
					kinds.map(one => [one, said.kinds[one]]),
					kind,
					next => {
						kind = next as Kind;
						of = undefined;
						isLimited = kind === 'period';
						context.redraw();
					},
				)}
				${
					kind === 'period'
						? nothing
						: thingView(
								said.of[kind],
								things[kind],
								of,
								said.noneOf[kind],
								next => {
									of = next;
									context.redraw();
								},
								context,
							)
				}
				${choiceView(
					said.holds,
					'days',
					daysOffered.map(one => [String(one), said.days(String(one))]),
					String(daysFirst),
				)}
				<label>${said.label}<input name="label" maxlength="100" autocomplete="off" placeholder=${said.labelHint} /></label>
				${
					kind === 'device'
						? html`<label class="check wide"><input type="checkbox" .checked=${isLimited} @change=${(event: Event) => {
								isLimited = (event.target as HTMLInputElement).checked;
								context.redraw();
							}} />${said.limited}</label>`
						: nothing
				}
				${
					kind !== 'shipment' && isLimited
						? periodView(
								period,
								next => {
									period = next;
								},
								context,
							)
						: nothing
				}
				<div class="wide"><button type="submit" class="first" ?disabled=${isBusy}>${said.go}</button></div>
			</form>
			${outcomeView(
				problem,
				told,
				context,
				made === undefined
					? nothing
					: html`${onceView(made, said.link, `${location.origin}${made.link}`, said.made, context)}
						${isLoopback(location.hostname) ? html`<p class="hint">${said.loopback}</p>` : nothing}`,
			)}
		</section>`;
	};
	const rowOf = (share: Share): readonly View[] => {
		const said = context.words().sharing;
		const figures = context.figures();
		return [
			scopeView(share, context),
			html`${share.label === '' ? '–' : share.label}<span class="more">${said.by}${figures.colon}${share.by}</span>`,
			html`<span class="share-of ${share.state}">${said.states[share.state]}</span>`,
			figures.minute(Date.parse(share.expires)),
			share.used === null ? said.neverUsed : context.words().ago(figures.age(context.nowMs() - Date.parse(share.used))),
			share.state === 'open'
				? sureView(
						said.revoke,
						said.sure,
						asked === share.id,
						isAsked => {
							asked = isAsked ? share.id : undefined;
							context.redraw();
						},
						() => revoke(share),
						context,
					)
				: '',
		];
	};
	return {
		title: () => context.words().sharing.title,
		leave: () => {
			clearInterval(timer);
			list.stop();
			for (const one of Object.values(things)) one.stop();
		},
		view: () => {
			const said = context.words().sharing;
			return html`<h1>${said.title}</h1>
				<p class="lead">${said.lead}</p>
				${makeView()}
				<section aria-labelledby="shares">
					<h2 id="shares">${said.list}</h2>
					${askedView(list, context, ({items}) =>
						items.length === 0
							? html`<p>${said.empty}</p>`
							: cardsView(
									said.list,
									[said.scope, said.label, said.state, said.expires, said.used, ''],
									[...items].sort((a, b) => (a.created < b.created ? 1 : -1)).map(rowOf),
								),
					)}
				</section>`;
		},
	};
}

/** An address that nobody else can open. */
const isLoopback = (host: string): boolean => host === 'localhost' || host === '[::1]' || /^127\./.test(host);

function scopeView({scope}: Share, context: Context): View {
	const said = context.words().sharing;
	const figures = context.figures();
	const {kind, id, fromMs, toMs} = scope;
	const what =
		kind === 'period'
			? said.kinds.period
			: html`${said.of[kind]} <a href=${hashOf(kind === 'device' ? 'devices' : 'shipments', id)}>${id}</a>`;
	return html`${what}${fromMs === undefined && toMs === undefined ? nothing : html`<span class="more">${fromMs === undefined ? '' : figures.minute(fromMs)} –<br />${toMs === undefined ? '' : figures.minute(toMs)}</span>`}`;
}
