// Draws the page on which one signs in, and what a guest sees whose link does not open.

import {html, nothing, type TemplateResult} from 'lit-html';
import {markView} from '../mark.ts';
import {type Settings, settingsView} from './shell.ts';
import type {Words} from './words.ts';

export type SignInState = {
	readonly isBusy: boolean;
	/** What is to be told, in the language of the moment. */
	readonly said: ((said: Words) => string) | undefined;
	/** Came by a link: has no password, and need not be asked for one. */
	readonly isGuest?: boolean;
};

export function signInView(
	{isBusy, said: told, isGuest = false}: SignInState,
	said: Words,
	settings: Settings,
	enter: (name: string, password: string) => void,
): TemplateResult {
	const {signIn} = said;
	const top = html`<header class="top"><span class="mark">${markView}<span>Kedge</span></span>${settingsView(settings, said)}</header>`;
	if (isGuest)
		return html`
			${top}
			<main class="sign-in" id="content" tabindex="-1">
				<h1>${signIn.shared}</h1>
				<div role="alert">${told === undefined ? nothing : html`<p class="told">${told(said)}</p>`}</div>
				<p class="hint"><a href="/">${signIn.own}</a></p>
				<p class="hint"><a href="/verify">${said.verify}</a></p>
			</main>
		`;
	return html`
		${top}
		<main class="sign-in" id="content" tabindex="-1">
			<h1>${signIn.title}</h1>
			<p class="lead">${signIn.lead}</p>
			<form
				@submit=${(event: SubmitEvent) => {
					event.preventDefault();
					const fields = new FormData(event.target as HTMLFormElement);
					enter(String(fields.get('name')), String(fields.get('password')));
				}}
			>
				<label for="name">${signIn.name}</label>
				<input id="name" name="name" autocomplete="username" autocapitalize="none" spellcheck="false" required maxlength="64" />
				<label for="password">${signIn.password}</label>
				<input id="password" name="password" type="password" autocomplete="current-password" required maxlength="256" />
				<button type="submit" class="first" ?disabled=${isBusy}>${isBusy ? signIn.going : signIn.go}</button>
				<div role="alert">${told === undefined ? nothing : html`<p class="told">${told(said)}</p>`}</div>
			</form>
			<p class="hint">${signIn.first}</p>
			<p class="hint"><a href="/verify">${said.verify}</a></p>
		</main>
	`;
}
