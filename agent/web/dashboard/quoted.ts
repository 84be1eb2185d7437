// Says a sentence of an account in the reader's language where it is one that we know, and else quotes it in the English in which it stands.

import {html, type TemplateResult} from 'lit-html';
import {termOf} from '../../cover/labels.ts';
import {type Language, punctuation} from '../language.ts';
import {translated} from './sentences.ts';
import type {Words} from './words.ts';

/** A sentence of the agent, of an account or of a ledger. */
export function sentenceView(sentence: string, language: Language, {exact}: Pick<Words, 'exact'>): TemplateResult {
	const known = translated(sentence, language);
	return known === undefined ? html`${exact}${punctuation[language].colon}<q lang="en">${sentence}</q>` : html`${known}`;
}

/** What a quantity, a mark or a kind of statement is called: its name in the log, or in Chinese what people say where we know it. */
export const nameText = (name: string, language: Language): string => termOf(name, language);

/** A channel for people: its device, and what of it. Of anything else that has a name in the log, that name. */
export function channelText(urn: string, language: Language): string {
	const [name = urn, ...parts] = urn.split(':').slice(3);
	return [name, ...parts.map(part => nameText(part, language))].join(' · ');
}
