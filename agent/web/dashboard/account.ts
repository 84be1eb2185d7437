// One's own account: who one is, what that role may do, and another password.

import {html} from 'lit-html';
import {type AskProblem, ask, problemFrom} from './ask.ts';
import type {Context, Page, SignedIn} from './context.ts';
import {outcomeView, type Told} from './forms.ts';
import {factsView} from './parts.ts';

export function accountPage(context: Context): Page {
	let problem: AskProblem | undefined;
	let told: Told | undefined;
	let isBusy = false;
	const change = async (form: HTMLFormElement): Promise<void> => {
		const fields = new FormData(form);
		problem = undefined;
		told = undefined;
		if (fields.get('next') !== fields.get('again')) {
			told = said => said.account.differ;
			context.redraw();
			return;
		}
		isBusy = true;
		context.redraw();
		try {
			await ask<SignedIn>('/session/password', {method: 'POST', body: {current: fields.get('current'), password: fields.get('next')}});
			told = said => said.account.done;
			form.reset();
		} catch (error) {
			problem = problemFrom(error);
		}
		isBusy = false;
		context.redraw();
	};
	return {
		title: () => context.words().account.title,
		view: () => {
			const said = context.words();
			const {user, role, until} = context.session();
			if (user === null || role === null) return html`<h1>${said.account.title}</h1><p>${said.problems.forbidden}</p>`;
			const field = (name: string, label: string, autocomplete: string) =>
				html`<label for=${name}>${label}</label>
					<input id=${name} name=${name} type="password" required maxlength="256" minlength=${autocomplete === 'new-password' ? 12 : 1} autocomplete=${autocomplete} />`;
			return html`<h1>${said.account.title}</h1>
				<p class="lead">${said.account.lead}</p>
				<section>
					${factsView([
						[said.people.name, user],
						[said.people.role, said.roles[role]],
						[said.account.may, said.mayDo[role]],
						[said.account.until, context.figures().minute(Date.parse(until))],
					])}
				</section>
				<section aria-labelledby="change">
					<h2 id="change">${said.account.change}</h2>
					<p class="hint">${said.account.hint}</p>
					<form class="narrow" @submit=${(event: SubmitEvent) => {
						event.preventDefault();
						void change(event.target as HTMLFormElement);
					}}>
						<input class="away" name="name" autocomplete="username" .value=${user} readonly tabindex="-1" aria-hidden="true" />
						${field('current', said.account.current, 'current-password')}
						${field('next', said.account.next, 'new-password')}
						${field('again', said.account.again, 'new-password')}
						<button type="submit" class="first" ?disabled=${isBusy}>${said.account.go}</button>
						${outcomeView(problem, told, context)}
					</form>
				</section>`;
		},
	};
}
