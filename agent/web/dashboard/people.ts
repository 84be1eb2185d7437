// People, for owners: who may sign in and with which role; adds, changes and removes them, and shows a new password once.

import {html, nothing, type TemplateResult} from 'lit-html';
import {live} from 'lit-html/directives/live.js';
import type {NewUser, User, UserList} from '../../api/client.ts';
import {type AskProblem, ask, createAsked, pathOf, problemFrom} from './ask.ts';
import type {Context, Page} from './context.ts';
import {choiceView, onceView, outcomeView, sureView, type Told} from './forms.ts';
import {askedView, cardsView, factsView, type View} from './parts.ts';
import {hashOf} from './route.ts';

const roles = ['owner', 'operator', 'viewer'] as const;
type Role = (typeof roles)[number];
/** As the agent wants it. */
const namePattern = /^[A-Za-z0-9_-]{1,64}$/;

export function peoplePage(context: Context): Page {
	let made: NewUser | undefined;
	let problem: AskProblem | undefined;
	let told: Told | undefined;
	let isBusy = false;
	/** What is asked once more before it is done. */
	let asked: string | undefined;
	/** A role that was chosen and is not given yet: whoever goes through a list with the keys has chosen nothing. */
	let wanted: {readonly name: string; readonly role: Role} | undefined;
	const list = createAsked(signal => ask<UserList>('/users', {signal}), context.redraw);
	void list.again();

	const doing = async (work: () => Promise<void>): Promise<boolean> => {
		isBusy = true;
		problem = undefined;
		told = undefined;
		made = undefined;
		asked = undefined;
		wanted = undefined;
		context.redraw();
		try {
			await work();
		} catch (error) {
			problem = problemFrom(error);
		}
		await list.again();
		isBusy = false;
		context.redraw();
		return problem === undefined;
	};
	const add = (form: HTMLFormElement): void => {
		const fields = new FormData(form);
		const name = String(fields.get('name')).trim();
		if (!namePattern.test(name)) {
			problem = undefined;
			made = undefined;
			told = said => said.people.badName;
			context.redraw();
			return;
		}
		void doing(async () => {
			made = await ask<NewUser>('/users', {method: 'POST', body: {name, role: fields.get('role')}});
		}).then(isDone => {
			if (isDone) form.reset();
		});
	};
	const setRole = (user: User, role: Role): void =>
		void doing(async () => {
			const changed = await ask<User>(pathOf(['users', user.name, 'role']), {method: 'POST', body: {role}});
			told = said => said.people.changed(changed.name, said.roles[changed.role]);
		});
	const newPassword = (user: User): void =>
		void doing(async () => {
			made = await ask<NewUser>(pathOf(['users', user.name, 'password']), {method: 'POST'});
		});
	const remove = (user: User): void =>
		void doing(async () => {
			await ask(pathOf(['users', user.name]), {method: 'DELETE'});
			told = said => said.people.removed(user.name);
		});

	const actionsView = (user: User): View => {
		const said = context.words().people;
		const ask = (key: string) => (isAsked: boolean) => {
			asked = isAsked ? key : undefined;
			context.redraw();
		};
		if (wanted?.name === user.name) {
			const {role} = wanted;
			const leave = (): void => {
				wanted = undefined;
				context.redraw();
			};
			return sureView('', said.sureRole(user.name, context.words().roles[role]), true, leave, () => setRole(user, role), context);
		}
		const [password, away] = [`password ${user.name}`, `remove ${user.name}`];
		return html`<div class="buttons">
			${asked === away ? nothing : sureView(said.newPassword, said.surePassword(user.name), asked === password, ask(password), () => newPassword(user), context)}
			${asked === password ? nothing : sureView(said.remove, said.sureRemove(user.name), asked === away, ask(away), () => remove(user), context)}
		</div>`;
	};
	const rowOf = (user: User): readonly View[] => {
		const said = context.words();
		const isMe = user.name === context.session().user;
		return [
			html`<strong>${user.name}</strong>${isMe ? html` <small>(${said.people.you})</small>` : nothing}`,
			html`<select aria-label=${`${said.people.role}${context.figures().colon}${user.name}`} ?disabled=${isBusy} @change=${(
				event: Event,
			) => {
				const role = (event.target as HTMLSelectElement).value as Role;
				wanted = role === user.role ? undefined : {name: user.name, role};
				asked = undefined;
				context.redraw();
			}}>
				${roles.map(role => html`<option value=${role} .selected=${live(role === (wanted?.name === user.name ? wanted.role : user.role))}>${said.roles[role]}</option>`)}
			</select>`,
			context.figures().day(Date.parse(user.added)),
			isMe && wanted?.name !== user.name ? html`<a href=${hashOf('account')}>${said.pages.account}</a>` : actionsView(user),
		];
	};
	const addView = (): TemplateResult => {
		const said = context.words();
		return html`<section aria-labelledby="add">
			<h2 id="add">${said.people.add}</h2>
			<form class="form" @submit=${(event: SubmitEvent) => {
				event.preventDefault();
				add(event.target as HTMLFormElement);
			}}>
				<label>${said.people.name}<input name="name" required maxlength="64" autocomplete="off" autocapitalize="none" spellcheck="false" placeholder=${said.people.nameHint} /></label>
				${choiceView(
					said.people.role,
					'role',
					[...roles].reverse().map(role => [role, said.roles[role]]),
					'viewer',
				)}
				<div class="at-end"><button type="submit" class="first" ?disabled=${isBusy}>${said.people.go}</button></div>
			</form>
		</section>`;
	};
	return {
		title: () => context.words().people.title,
		leave: list.stop,
		view: () => {
			const said = context.words();
			return html`<h1>${said.people.title}</h1>
				<p class="lead">${said.people.lead}</p>
				<section aria-labelledby="people">
					<h2 id="people">${said.people.list}</h2>
					${askedView(list, context, ({items}) => cardsView(said.people.list, [said.people.name, said.people.role, said.people.since, ''], items.map(rowOf)))}
					<p class="hint">${said.people.own}</p>
					${outcomeView(
						problem,
						told,
						context,
						made === undefined
							? nothing
							: onceView(made, said.people.passwordLabel, made.password, said.people.password(made.user.name), context),
					)}
				</section>
				${addView()}
				<section aria-labelledby="roles">
					<h2 id="roles">${said.people.roles}</h2>
					${factsView(roles.map(role => [said.roles[role], said.mayDo[role]]))}
				</section>`;
		},
	};
}
