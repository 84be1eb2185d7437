// Turns sentences of accounts and ledgers into Chinese, where they are among those that we know.

import {sentenceOf, termOf} from '../../cover/labels.ts';
import type {Language} from '../language.ts';

type Pattern = readonly [pattern: RegExp, made: (...parts: string[]) => string];

/** What ledgers say of statements that count for nothing, as people meet it most often; the covers of packages have the reasons of totals. */
const refusals: readonly Pattern[] = [
	[/^the shipment was opened before: what was stated then holds$/, () => '此货运此前已开立：以当时的声明为准'],
	[/^nothing opened the shipment: .*$/s, () => '此货运尚未开立：请先声明所运货物及其限值'],
	[
		/^the shipment ended with the verdict of number (\d+), .*$/s,
		number => `此货运已以第 ${number} 号结案判定结束，此后不得再增改；如有误，请为同一货物另立货运并正确声明`,
	],
	[/^there is no party (.*)$/s, party => `没有名为 ${party} 的一方`],
	[/^there is a leg (.*) already$/s, leg => `运段 ${leg} 已存在`],
	[
		/^lot (.*) is on leg (.*) then(, which has not ended)?$/s,
		(lot, leg, open) => `批次 ${lot} 当时在运段 ${leg} 上${open === undefined ? '' : '，该运段尚未结束'}`,
	],
	[/^a shipment has at most (\d+) statements$/, most => `一次货运最多有 ${most} 条声明`],
	[/^the readings of lot (.*) come to (.*), not to (.*)$/s, (lot, found, stated) => `批次 ${lot} 的读数得出“${found}”，而非“${stated}”`],
	[
		/^(.*) holds (\d+) Wh of the hour from (\S+), not (\d+) Wh(?:: (.*))?$/s,
		(holder, has, hour, wanted) => `${holder} 在自 ${hour} 起的一小时内持有 ${has} Wh，而非 ${wanted} Wh`,
	],
];

/** undefined: we have no words of our own for it. */
export function translated(sentence: string, language: Language): string | undefined {
	if (language === 'en') return sentenceOf(sentence, 'en');
	const known = sentenceOf(sentence, 'zh');
	if (known !== sentence) return known;
	for (const [pattern, made] of refusals) {
		const found = pattern.exec(sentence);
		if (found !== null) return made(...found.slice(1).map(part => (part === undefined ? part : termOf(part, language)) as string));
	}
	return undefined;
}
