// What each page of the dashboard is handed, and what it is.

import type {TemplateResult} from 'lit-html';
import type {Agent, Reading, Share} from '../../api/client.ts';
import type {Language} from '../language.ts';
import type {AskProblem} from './ask.ts';
import type {Figures} from './figures.ts';
import type {Place} from './route.ts';
import type {Words} from './words.ts';

export type SignedIn = {
	readonly user: string | null;
	readonly role: 'owner' | 'operator' | 'viewer' | null;
	readonly share?: Share;
	readonly until: string;
};

export type Chinese = Pick<typeof import('./said.ts'), 'codesInChinese' | 'inChinese' | 'refusalMeaning' | 'refusalName'>;

export type LiveReading = Reading & {readonly urn: string; readonly exponent: number};

export type Context = {
	readonly words: () => Words;
	readonly language: () => Language;
	readonly figures: () => Figures;
	/** What the agent says, in Chinese: there once the reader wants Chinese and it is loaded. */
	readonly chinese: () => Chinese | undefined;
	readonly session: () => SignedIn;
	/** Undefined for whoever came by a share link, and before the first answer. */
	readonly agent: () => Agent | undefined;
	/** By the agent's clock, as far as it was told; else by ours. */
	readonly nowMs: () => number;
	/** The newest reading of a channel since the page was opened. */
	readonly latest: (urn: string) => LiveReading | undefined;
	/** Draws soon, once however often it is called. */
	readonly redraw: () => void;
	readonly go: (hash: string) => void;
};

export type Page = {
	/** For the browser's title. */
	readonly title: () => string;
	readonly view: () => TemplateResult;
	/** Another place of the same page; false: it must be made anew. */
	readonly move?: (place: Place) => boolean;
	readonly heard?: (readings: readonly LiveReading[]) => void;
	/** After what `view` gave was drawn. */
	readonly drawn?: () => void;
	readonly leave?: () => void;
};

export type PageMaker = (context: Context, place: Place) => Page;

/** A problem in the reader's words; what the agent said stands beside it. */
export function problemText(problem: AskProblem, {problems}: Words): string {
	return Object.hasOwn(problems, problem.code) ? problems[problem.code as keyof typeof problems] : problems.other;
}
