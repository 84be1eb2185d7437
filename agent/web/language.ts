// Which of the two languages a page speaks, and what it is called where a browser asks.

export const languages = ['en', 'zh'] as const;
export type Language = (typeof languages)[number];

/** The language of the first that the browser asks for and that we speak. */
export function languageOf(asked: readonly string[]): Language {
	const first = asked.find(language => /^(?:en|zh)\b/i.test(language));
	return first !== undefined && /^zh/i.test(first) ? 'zh' : 'en';
}

/** What stands between a name and what it names, and between the parts of a list. */
export const punctuation: Readonly<Record<Language, {readonly colon: string; readonly comma: string}>> = {
	en: {colon: ': ', comma: ', '},
	zh: {colon: '：', comma: '、'},
};

/** For the attribute `lang` [BCP 47]. */
export const tagOf = (language: Language): string => (language === 'zh' ? 'zh-Hans' : 'en');
