// kedge emissions, report, factor, activity: what a site emitted, by what it was counted, and what it says of it.

import {idPattern} from '../format/subject.ts';
import {addActivity, addFactor, builtInFactors, emissionsAt, reportSite} from '../site-emissions.ts';
import {
	type Command,
	configOption,
	countOf,
	exitCodes,
	isSet,
	needed,
	type OptionSpec,
	oneWord,
	textOf,
	timeOf,
	usageError,
	type Values,
} from './command.ts';
import {emissionsText, tonnes} from './emissions-text.ts';
import {siteOf} from './input.ts';

const jsonOption = {json: {type: 'boolean', help: 'print the result as one JSON object'}} as const satisfies Record<string, OptionSpec>;

const hourMs = 3_600_000;

const periodOptions = {
	from: {type: 'string', value: 'TIME', help: 'such as 2026-11-01; whole hours of UTC'},
	to: {type: 'string', value: 'TIME', help: 'not included, such as 2026-12-01'},
} as const satisfies Record<string, OptionSpec>;

export const emissionsCommand: Command = {
	name: 'emissions',
	usage: 'SITE --from TIME --to TIME',
	takesWords: true,
	details: [
		'What a site emitted in a period, as it follows from the log: by scope and source, with what is missing, what stands in for it, what was restated, and the factors that were used. The site and its sources are in the section `sites` of the config.',
		'`kedge evidence --site` makes the file that a stranger can check. Exit code 0 if the total is complete, else 1.',
	],
	options: {...configOption, ...periodOptions, ...jsonOption},
	run: async ({values, positionals}, io) => {
		const site = oneWord(emissionsCommand, positionals);
		const {paths} = await siteOf(values);
		const period = periodOf(emissionsCommand, values);
		// An hour that is not over has no emissions yet, and would be counted as one that nobody measured.
		const overMs = Math.floor(io.clock.nowMs() / hourMs) * hourMs;
		if (period.fromMs >= overMs) throw usageError(emissionsCommand, 'no hour of the period is over yet');
		const toMs = Math.min(period.toMs, overMs);
		if (toMs < period.toMs) io.error(`kedge: hours until ${new Date(toMs).toISOString()} are over, and counted\n`);
		const {emissions} = await emissionsAt(paths, site, {fromMs: period.fromMs, toMs});
		io.out(isSet(values, 'json') ? `${JSON.stringify(emissions)}\n` : emissionsText(emissions));
		return emissions.complete ? exitCodes.ok : exitCodes.no;
	},
};

export const reportCommand: Command = {
	name: 'report',
	usage: 'SITE --from TIME --to TIME [--replaces NUMBER] [--dry-run]',
	takesWords: true,
	details: [
		'Says in the log what a site emitted in a period: the total, bound to the entries that it follows from by a root over them. Allowances are surrendered against it (contracts/README.md), and whoever holds a reading that it leaves out can',
		'show that on the chain. It cannot be taken back; another one replaces it, and both stay.',
	],
	options: {
		...configOption,
		...periodOptions,
		replaces: {type: 'string', value: 'NUMBER', help: 'number of the report that this one stands in for'},
		incomplete: {type: 'boolean', help: 'state it although something is missing in it'},
		'dry-run': {type: 'boolean', help: 'compute it, and state nothing; exit code 1 if something is missing'},
		...jsonOption,
	},
	run: async ({values, positionals}, io) => {
		const site = oneWord(reportCommand, positionals);
		const {paths} = await siteOf(values);
		const replaces = textOf(values, 'replaces');
		const period = periodOf(reportCommand, values);
		if (period.toMs > io.clock.nowMs()) throw usageError(reportCommand, 'the period is not over yet');
		const isDry = isSet(values, 'dry-run');
		const report = await reportSite(paths, {
			site,
			...period,
			replaces: replaces === undefined ? undefined : countOf(reportCommand, '--replaces', replaces),
			isDry,
			isIncompleteFine: isSet(values, 'incomplete'),
		});
		if (isSet(values, 'json')) io.out(`${JSON.stringify(report)}\n`);
		else
			io.out(
				[
					`${site} from ${new Date(report.fromMs).toISOString()} to ${new Date(report.toMs).toISOString()}: ${tonnes(report.totalMg)}`,
					report.complete ? 'complete' : `NOT COMPLETE: ${report.reasons.join('; ')}`,
					`rests on ${report.entries} entries of ${report.ranges.length} subjects, among the first ${report.size} of the log`,
					`root of the entries ${report.entriesRoot}`,
					report.stated === undefined ? 'nothing was stated' : `stated: index ${report.stated.index}, number ${report.stated.number}`,
					'',
				].join('\n'),
			);
		// What was stated is done: a script that tries again would only be refused.
		return report.complete || !isDry ? exitCodes.ok : exitCodes.no;
	},
};

export const factorListCommand: Command = {
	name: 'factor list',
	usage: '',
	details: [
		'The factors that are built in; --json tells who published each. A site names them by id. Which days a factor holds for is yours to say, in the section `factors` of the config or with `kedge factor add`;',
		'those that were published for certain days hold for these, and are stated when a site first names them.',
	],
	options: {...jsonOption},
	run: async ({values}, io) => {
		if (isSet(values, 'json')) io.out(`${JSON.stringify(builtInFactors)}\n`);
		else
			for (const {id, name, value, mass, per, validFrom, validTo} of builtInFactors)
				io.out(
					`${id.padEnd(24)} ${`${value} ${mass}/${per}`.padEnd(18)} ${name}${validFrom === undefined ? '' : ` (${validFrom} to ${validTo})`}\n`,
				);
		return exitCodes.ok;
	},
};

export const factorAddCommand: Command = {
	name: 'factor add',
	usage: 'ID --valid-from DAY [--value V --mass kg --per kWh --source TEXT]',
	takesWords: true,
	details: [
		'Adds a version of a factor to the log: the built-in one of that id (`kedge factor list`) for the days that you say, or with --value one of your own. Versions are never changed: hours are counted by the newest that holds on their day, and where another one comes later their rows are restated, with the old ones kept.',
	],
	options: {
		...configOption,
		value: {type: 'string', value: 'V', help: 'decimal: so much'},
		mass: {type: 'string', value: 'UNIT', help: 'mg, g, kg or t of CO2e (default: kg)'},
		per: {type: 'string', value: 'UNIT', help: 'for one of this unit: kWh, m3, l, kg, …'},
		source: {type: 'string', value: 'TEXT', help: 'who published it, and where'},
		name: {type: 'string', value: 'TEXT', help: 'what it is of'},
		region: {type: 'string', value: 'TEXT', help: 'where it holds'},
		gases: {type: 'string', value: 'TEXT', help: 'what is in it, such as CO2+CH4+N2O'},
		gwp: {type: 'string', value: 'TEXT', help: 'the set of global warming potentials, such as AR6GWP100'},
		'valid-from': {type: 'string', value: 'DAY', help: 'first day on which it holds'},
		'valid-to': {type: 'string', value: 'DAY', help: 'last day on which it holds (default: any)'},
		supersedes: {type: 'string', value: 'NUMBER', help: 'number of a version that no longer holds, on any day'},
		...jsonOption,
	},
	run: async ({values, positionals}, io) => {
		const id = oneWord(factorAddCommand, positionals);
		if (!idPattern.test(id)) throw usageError(factorAddCommand, `"${id}" is not 1 to 64 letters, digits, _ or -`);
		const supersedes = textOf(values, 'supersedes');
		const {paths} = await siteOf(values);
		const stated = await addFactor(paths, {
			id,
			value: textOf(values, 'value'),
			mass: massOf(values),
			per: textOf(values, 'per'),
			source: textOf(values, 'source'),
			name: textOf(values, 'name'),
			region: textOf(values, 'region'),
			gases: textOf(values, 'gases'),
			gwp: textOf(values, 'gwp'),
			validFrom: textOf(values, 'valid-from'),
			validTo: textOf(values, 'valid-to'),
			supersedes: supersedes === undefined ? undefined : countOf(factorAddCommand, '--supersedes', supersedes),
		});
		io.out(isSet(values, 'json') ? `${JSON.stringify(stated)}\n` : `Added factor ${id}: index ${stated.index}, number ${stated.number}.\n`);
		return exitCodes.ok;
	},
};

export const activityAddCommand: Command = {
	name: 'activity add',
	usage: 'SITE --source ID --amount A --unit U --at TIME [--until TIME]',
	takesWords: true,
	details: [
		'States an amount that no meter counts: a delivery of fuel, a refrigerant that was filled in. With --until it is spread evenly over that time; else it counts in the hour of --at.',
	],
	options: {
		...configOption,
		source: {type: 'string', value: 'ID', help: 'the source of the site'},
		amount: {type: 'string', value: 'A', help: 'decimal'},
		unit: {type: 'string', value: 'U', help: 'its unit: kg, l, m3, kWh, …'},
		at: {type: 'string', value: 'TIME', help: 'when, or from when'},
		until: {type: 'string', value: 'TIME', help: 'until when it was used up'},
		document: {type: 'string', value: 'TEXT', help: 'what proves it: the number of an invoice or a delivery note'},
		corrects: {type: 'string', value: 'NUMBER', help: 'number of the activity that this one stands in for'},
		...jsonOption,
	},
	run: async ({values, positionals}, io) => {
		const site = oneWord(activityAddCommand, positionals);
		const [until, corrects] = [textOf(values, 'until'), textOf(values, 'corrects')];
		const atMs = timeOf(activityAddCommand, '--at', needed(activityAddCommand, values, 'at'));
		if (atMs > io.clock.nowMs()) throw usageError(activityAddCommand, '--at is still to come');
		const {paths} = await siteOf(values);
		const stated = await addActivity(paths, site, {
			source: needed(activityAddCommand, values, 'source'),
			amount: needed(activityAddCommand, values, 'amount'),
			unit: needed(activityAddCommand, values, 'unit'),
			atMs,
			untilMs: until === undefined ? undefined : timeOf(activityAddCommand, '--until', until),
			document: textOf(values, 'document'),
			corrects: corrects === undefined ? undefined : countOf(activityAddCommand, '--corrects', corrects),
		});
		io.out(isSet(values, 'json') ? `${JSON.stringify(stated)}\n` : `Stated: index ${stated.index}, number ${stated.number}.\n`);
		return exitCodes.ok;
	},
};

function massOf(values: Values): 'mg' | 'g' | 'kg' | 't' {
	const mass = textOf(values, 'mass') ?? 'kg';
	if (mass !== 'mg' && mass !== 'g' && mass !== 'kg' && mass !== 't')
		throw usageError(factorAddCommand, `--mass "${mass}" is not mg, g, kg or t`);
	return mass;
}

function periodOf(command: Command, values: Values): {readonly fromMs: number; readonly toMs: number} {
	const [fromMs, toMs] = [
		timeOf(command, '--from', needed(command, values, 'from')),
		timeOf(command, '--to', needed(command, values, 'to')),
	];
	if (fromMs >= toMs) throw usageError(command, '--to is not after --from');
	if (fromMs % hourMs !== 0 || toMs % hourMs !== 0)
		throw usageError(command, '--from and --to are whole hours of UTC: emissions are counted by the hour');
	return {fromMs, toMs};
}
