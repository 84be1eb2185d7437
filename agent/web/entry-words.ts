// What kinds of entries, and sorts of them, are called.

import {termOf} from '../cover/labels.ts';
import type {Language} from './language.ts';

const english = {
	kinds: {
		reading: 'reading',
		note: 'note',
		enrolment: 'enrolment',
		order: 'order',
		epoch: 'epoch',
		identity: 'identity',
		statement: 'statement',
	},
	notes: {
		start: 'The agent was started',
		eviction: 'Refused messages were thrown away to make room',
		'clock-step': 'The clock of the machine jumped',
		gap: 'Readings are missing',
		silence: 'A device fell silent',
		prune: 'Old messages were pruned',
		tally: 'The agent counted its channels',
		beacon: 'A block of a chain was noted',
		rotation: 'A key was changed',
	},
	enrolments: {agent: 'agent', channel: 'channel', market: 'market', device: 'device', account: 'account'},
};

const chinese: typeof english = {
	kinds: {
		reading: '读数',
		note: '注记',
		enrolment: '登记',
		order: '订单',
		epoch: '纪元',
		identity: '身份',
		statement: '声明',
	},
	notes: {
		start: '代理启动',
		eviction: '为腾出空间丢弃了拒收的消息',
		'clock-step': '代理主机的时钟跳变',
		gap: '读数缺失',
		silence: '设备静默',
		prune: '旧消息已裁剪',
		tally: '代理清点了通道',
		beacon: '记下了链上的一个区块',
		rotation: '更换了密钥',
	},
	enrolments: {agent: '代理', channel: '通道', market: '市场', device: '设备', account: '账户'},
};

const entryWords: Readonly<Record<Language, typeof english>> = {en: english, zh: chinese};

/** What a word of the agent is called; a word that is not known is shown as it is. */
export function named(table: Readonly<Record<string, string>>, word: string): string {
	return Object.hasOwn(table, word) ? table[word]! : word;
}

export const kindText = (kind: string, language: Language): string => named(entryWords[language].kinds, kind);

/** The sort of an entry of that kind: of a reading its quantity. */
export function sortText(kind: string, sort: string, language: Language): string {
	const {notes, enrolments} = entryWords[language];
	if (kind === 'note') return named(notes, sort);
	return kind === 'enrolment' ? named(enrolments, sort) : termOf(sort, language);
}
