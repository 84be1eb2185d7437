// Turns the answer about a site's emissions into what a person reads: the total first, then whether it is whole, then what it rests on.

import type {EmissionsAnswer} from '../site-emissions.ts';
import {printable} from './printable.ts';

/** mg as tonnes, with all their digits and no zeros behind them. */
export function tonnes(mg: string): string {
	const digits = mg.replace('-', '').padStart(10, '0');
	const fraction = digits.slice(-9).replace(/0+$/, '');
	return `${mg.startsWith('-') ? '-' : ''}${digits.slice(0, -9)}${fraction === '' ? '' : `.${fraction}`} t CO2e`;
}

const totalWords = [
	['scope1', 'scope 1'],
	['scope2Location', 'scope 2, by location'],
	['scope2Market', 'scope 2, by market'],
	['scope3', 'scope 3'],
] as const;

/** What readings of a channel had that no amount follows from. */
const oddities = [
	['negative', 'negative'],
	['invalid', 'without a value that counts'],
	['falls', 'lower than the one before'],
	['resets', 'where the counter began anew'],
	['overlaps', 'that overlap the one before'],
] as const;

/** Items of a list that are printed. */
const shown = 10;

export function emissionsText(answer: EmissionsAnswer): string {
	const {site, name, zone, totals, reported, complete, reasons, sources, factors, reports, refused} = answer;
	const lines = [
		`${printable(name ?? site)} (${site}), ${iso(answer.fromMs)} to ${iso(answer.toMs)}, days of ${zone}`,
		complete ? 'COMPLETE: every hour of every source is known' : 'NOT COMPLETE: something is missing or uncertain',
		...reasons.map(reason => `  ${printable(reason)}`),
		'',
		...totalWords.flatMap(([key, words]) => (totals[key] === undefined ? [] : [`${words.padEnd(22)}${tonnes(totals[key])}`])),
		`${'to be reported'.padEnd(22)}${tonnes(reported.mg)} (scopes ${reported.scopes.join(', ')}; scope 2 by ${reported.scope2})`,
	];
	for (const source of sources) {
		const {hours} = source;
		const counts = Object.entries(source.mg).map(([account, mg]) => `${account === 'emitted' ? '' : `by ${account} `}${tonnes(mg)}`);
		lines.push(
			'',
			`${source.id}${source.name === undefined ? '' : `, ${printable(source.name)}`}: scope ${source.scope}, ${source.method}: ${counts.join(', ')}`,
		);
		const states = (['known', 'partial', 'missing', 'substituted', 'spread', 'restated'] as const)
			.filter(state => hours[state] > 0)
			.map(state => `${hours[state]} ${state}`);
		lines.push(`  hours: ${hours.all}, of these ${states.join(', ') || 'none'}`);
		for (const [account, mg] of Object.entries(source.substitutedMg ?? {}))
			lines.push(`  stands in for what was not measured${account === 'emitted' ? '' : ` (by ${account})`}: ${tonnes(mg)}`);
		for (const {urn, amount, unit, entries, ...channel} of source.channels) {
			const numbers = entries === undefined ? 'no entries' : `${entries.count} entries, numbers ${entries.first} to ${entries.last}`;
			const odd = oddities.flatMap(([key, words]) => (channel[key] === 0 ? [] : [`${channel[key]} ${words}`]));
			lines.push(`  ${urn}: ${[...(amount === undefined ? [] : [`${amount} ${unit}`]), numbers, ...odd].join(', ')}`);
		}
		const {list: activities, leftOut} = source.activities;
		if (activities.length > 0)
			lines.push(
				`  stated: ${activities.length + leftOut} ${activities.length + leftOut === 1 ? 'activity' : 'activities'}, number ${activities.slice(0, shown).join(', ')}${activities.length + leftOut > shown ? ', …' : ''}`,
			);
		for (const {problem, hours: count} of source.problems) lines.push(`  ${problem}: ${count} ${count === 1 ? 'hour' : 'hours'}`);
		for (const {what, fromMs, toMs} of source.gaps.list.slice(0, shown)) lines.push(`  ${what} from ${iso(fromMs)} to ${iso(toMs)}`);
		const gapsLeft = source.gaps.list.length + source.gaps.leftOut - Math.min(shown, source.gaps.list.length);
		if (gapsLeft > 0) lines.push(`  … and ${gapsLeft} more`);
	}
	if (factors.length > 0) lines.push('', 'factors:');
	for (const {id, number, value, unit, source, validFrom, validTo} of factors)
		lines.push(
			`  ${id}, statement ${number}: ${value} mg CO2e/${unit}, from ${validFrom}${validTo === undefined ? '' : ` to ${validTo}`}; ${printable(source)}`,
		);
	for (const {number, fromMs, toMs, totalMg} of reports.list)
		lines.push('', `report ${number}: ${iso(fromMs)} to ${iso(toMs)}, ${tonnes(totalMg)}`);
	for (const {number, problem} of refused) lines.push('', `statement ${number} says nothing: ${printable(problem)}`);
	return `${lines.join('\n')}\n`;
}

function iso(atMs: number): string {
	return `${new Date(atMs).toISOString().slice(0, 16)}Z`;
}
