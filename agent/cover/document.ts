// What a cover is before it is drawn: sections of a few simple blocks, so that the HTML and the PDF say the same.

export const coverLanguages = ['en', 'zh'] as const;
export type CoverLanguage = (typeof coverLanguages)[number];

/** In the order in which a cover has them. */
export const sectionNames = [
	'question',
	'answer',
	'origin',
	'making',
	'unchanged',
	'missing',
	'witness',
	'check',
	'limits',
	'rules',
	'rows',
] as const;
export type SectionName = (typeof sectionNames)[number];

export type Column = {readonly title: string; readonly isNumber: boolean};

export type Table = {
	readonly title: string;
	readonly columns: readonly Column[];
	readonly rows: readonly (readonly string[])[];
	/** What is not in the rows, as a sentence; undefined if all is. */
	readonly rest: string | undefined;
};

export type Block =
	| {readonly is: 'text'; readonly text: string}
	| {readonly is: 'heading'; readonly text: string}
	/** What has to catch the eye. */
	| {readonly is: 'notice'; readonly text: string; readonly tone: Tone}
	/** Labels with what stands for each. */
	| {readonly is: 'facts'; readonly rows: readonly (readonly [label: string, value: string])[]}
	/** The few numbers that the answer comes down to. */
	| {readonly is: 'figures'; readonly figures: readonly {readonly label: string; readonly value: string; readonly tone: Tone}[]}
	| {readonly is: 'table'; readonly table: Table}
	| {readonly is: 'list'; readonly items: readonly string[]}
	/** Text that is copied or compared letter by letter. */
	| {readonly is: 'code'; readonly lines: readonly string[]}
	/** Lines to be filled in by hand; `isWide` for more than a name. */
	| {readonly is: 'blanks'; readonly rows: readonly {readonly label: string; readonly isWide: boolean}[]};

export type Tone = 'plain' | 'good' | 'bad' | 'unsure';

export type Section = {readonly name: SectionName; readonly title: string; readonly blocks: readonly Block[]};

export type Cover = {
	readonly language: CoverLanguage;
	readonly title: string;
	/** Of what and when, in one line. */
	readonly subtitle: string;
	/** Log, size and root: what the code beside it holds. */
	readonly head: readonly (readonly [label: string, value: string])[];
	/** Goes into the QR code. */
	readonly code: string;
	readonly codeCaption: string;
	readonly sections: readonly Section[];
	/** At the foot of each page. */
	readonly footer: string;
	/** `page 1 of 3` */
	readonly pageText: (page: number, pages: number) => string;
};
