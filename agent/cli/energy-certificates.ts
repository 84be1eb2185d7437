// kedge certificates list | show | open | transfer | split | cancel | retire: hourly energy certificates of devices, and to whom they go.

import {
	type CertifiedHour,
	cadenceOf,
	certificatesAt,
	type DeviceCertificates,
	devicesWithCertificates,
	type GranularCertificate,
	stateCertificate,
} from '../energy-certificates.ts';
import type {StatementBody} from '../format/statement.ts';
import {openSite, type Site} from '../site.ts';
import {
	type Command,
	configDefault,
	configOption,
	countOf,
	exitCodes,
	type Io,
	isSet,
	needed,
	type OptionSpec,
	textOf,
	timeOf,
	usageError,
	type Values,
} from './command.ts';

const jsonOption = {json: {type: 'boolean', help: 'print the result as one JSON object'}} as const satisfies Record<string, OptionSpec>;

const hourOption = {
	hour: {type: 'string', value: 'TIME', help: 'the hour that it was produced in: when it begins, UTC, such as 2026-06-01T12:00Z'},
} as const satisfies Record<string, OptionSpec>;

const holderOption = {
	holder: {type: 'string', value: 'ACCOUNT', help: 'who holds the certificates'},
} as const satisfies Record<string, OptionSpec>;

const energyOption = {
	wh: {type: 'string', value: 'N', help: 'how many: a certificate stands for one Wh'},
} as const satisfies Record<string, OptionSpec>;

const hourMs = 3_600_000;
const daysShown = 7;

export const certificatesListCommand: Command = {
	name: 'certificates list',
	usage: '',
	details: [
		'Lists the devices with energy certificates: how much is certified, held, cancelled and retired, and what a correction took away again.',
	],
	options: {...configOption, ...jsonOption},
	run: async ({values}, io) => {
		const {paths} = await openSite(textOf(values, 'config') ?? configDefault);
		const nowMs = io.clock.nowMs();
		const all: DeviceCertificates[] = [];
		for (const device of await devicesWithCertificates(paths)) all.push(await certificatesAt(paths, device, nowMs, nowMs + 1));
		if (isSet(values, 'json')) io.out(`${JSON.stringify({devices: all.map(({device, totals}) => ({...device, totals}))})}\n`);
		else if (all.length === 0) io.out('There are no energy certificates. See: kedge certificates open --help\n');
		else
			for (const {device, totals} of all)
				io.out(`${device.id}: ${device.energySource}, ${device.country}, for ${device.owner}; ${totalsText(totals)}\n`);
		return exitCodes.ok;
	},
};

export const certificatesShowCommand: Command = {
	name: 'certificates show',
	usage: 'DEVICE',
	takesWords: true,
	details: [
		'Shows the hours of a device with their certificates and who holds them, and what of the log about them was refused. An hour is certified as soon as the register is known at',
		'both its ends, in whole Wh as the register completed them: never more than it counted. Where a reading was corrected downwards later, the hour shows a shortfall.',
	],
	options: {
		...configOption,
		from: {type: 'string', value: 'TIME', help: `hours from here on (default: ${daysShown} days ago)`},
		to: {type: 'string', value: 'TIME', help: 'hours before this (default: now)'},
		...jsonOption,
	},
	run: async ({values, positionals}, io) => {
		const {paths} = await openSite(textOf(values, 'config') ?? configDefault);
		const device = deviceOf(certificatesShowCommand, positionals);
		const time = (name: string): number | undefined => {
			const text = textOf(values, name);
			return text === undefined ? undefined : timeOf(certificatesShowCommand, `--${name}`, text);
		};
		const toMs = time('to') ?? io.clock.nowMs();
		const fromMs = time('from') ?? Math.max(0, toMs - daysShown * 24 * hourMs);
		if (fromMs >= toMs) throw usageError(certificatesShowCommand, '--from must be before --to');
		const found = await certificatesAt(paths, device, fromMs, toMs);
		io.out(isSet(values, 'json') ? `${JSON.stringify(found)}\n` : textOfCertificates(found));
		return exitCodes.ok;
	},
};

export const certificatesOpenCommand: Command = {
	name: 'certificates open',
	usage: 'DEVICE --owner ACCOUNT --issuer TEXT --source TEXT --country CC',
	takesWords: true,
	details: [
		'Begins energy certificates of a device: from the next whole hour on, what its register says that it produced is certified hour by hour, and belongs to the owner. In a market the owner',
		"is the account of the device's meter. It is an entry of the log and cannot be taken back. Whoever issues says with it that nobody else certifies the same energy: no log can know that.",
	],
	options: {
		...configOption,
		owner: {type: 'string', value: 'ACCOUNT', help: 'to whom the certificates go, such as an address'},
		issuer: {type: 'string', value: 'TEXT', help: 'who issues them'},
		source: {type: 'string', value: 'TEXT', help: 'what the energy is made of, such as solar'},
		country: {type: 'string', value: 'CC', help: 'where: two capital letters, such as DE'},
		register: {type: 'string', value: 'NAME', help: 'energy-export (default) or energy-generated, with :PART if it has one'},
		'cadence-seconds': {type: 'string', value: 'N', help: 'how often it reports at least (default: as in the config), at most 3600'},
		from: {type: 'string', value: 'TIME', help: 'certify from this hour on, also what is in the log already'},
		carrier: {type: 'string', value: 'TEXT', help: 'the energy carrier (default: electricity)'},
		technology: {type: 'string', value: 'CODE', help: "the technology's code in the issuer's scheme"},
		location: {type: 'string', value: 'TEXT', help: 'where it stands'},
		grid: {type: 'string', value: 'TEXT', help: 'the grid that it is connected to'},
		zone: {type: 'string', value: 'TEXT', help: 'the bidding zone'},
		'capacity-w': {type: 'string', value: 'N', help: 'its capacity in W'},
		support: {type: 'string', value: 'TEXT', help: 'what support it gets'},
		scheme: {type: 'string', value: 'TEXT', help: 'the quality scheme'},
		...jsonOption,
	},
	run: async ({values, positionals}, io) => {
		const site = await openSite(textOf(values, 'config') ?? configDefault);
		const device = deviceOf(certificatesOpenCommand, positionals);
		const needs = (name: string): string => needed(certificatesOpenCommand, values, name);
		const count = (name: string): number | undefined => {
			const text = textOf(values, name);
			return text === undefined ? undefined : countOf(certificatesOpenCommand, `--${name}`, text);
		};
		const seconds = count('cadence-seconds');
		const cadenceMs = seconds === undefined ? cadenceOf(site, device) : seconds * 1000;
		if (cadenceMs === undefined)
			throw usageError(certificatesOpenCommand, `the config does not say how often ${device} reports: give --cadence-seconds`);
		const from = textOf(values, 'from');
		const body = {
			does: 'open',
			channel: textOf(values, 'register') ?? 'energy-export',
			cadenceMs,
			fromMs: from === undefined ? undefined : timeOf(certificatesOpenCommand, '--from', from),
			owner: needs('owner'),
			issuer: needs('issuer'),
			energySource: needs('source'),
			energyCarrier: textOf(values, 'carrier'),
			technology: textOf(values, 'technology'),
			country: needs('country'),
			location: textOf(values, 'location'),
			grid: textOf(values, 'grid'),
			marketZone: textOf(values, 'zone'),
			capacityW: count('capacity-w'),
			support: textOf(values, 'support'),
			scheme: textOf(values, 'scheme'),
		};
		return state(site, device, body, values, io, `certificates of ${device} go to ${body.owner} from here on`);
	},
};

export const certificatesTransferCommand: Command = {
	name: 'certificates transfer',
	usage: 'DEVICE --hour TIME --holder ACCOUNT --to ACCOUNT --wh N',
	takesWords: true,
	details: ['Hands certificates of an hour on to another account. Refused where the holder has fewer.'],
	options: {
		...configOption,
		...hourOption,
		...holderOption,
		to: {type: 'string', value: 'ACCOUNT', help: 'who gets them'},
		...energyOption,
		...jsonOption,
	},
	run: ({values, positionals}, io) =>
		move(certificatesTransferCommand, values, positionals, io, ({hourMs: atMs, holder, energyWh}) => {
			const to = needed(certificatesTransferCommand, values, 'to');
			return {
				body: {does: 'transfer', from: holder, moves: [{hourMs: atMs, to, energyWh}]},
				done: `${energyWh} Wh go from ${holder} to ${to}`,
			};
		}),
};

export const certificatesSplitCommand: Command = {
	name: 'certificates split',
	usage: 'DEVICE --hour TIME --holder ACCOUNT --first NUMBER --wh N',
	takesWords: true,
	details: [
		'Makes two bundles of one that begins at a certificate: N Wh, and the rest. Whatever is handed on or cancelled is split off by itself.',
	],
	options: {
		...configOption,
		...hourOption,
		...holderOption,
		first: {type: 'string', value: 'NUMBER', help: 'number of the first certificate of the bundle, as `kedge certificates show` has it'},
		...energyOption,
		...jsonOption,
	},
	run: ({values, positionals}, io) =>
		move(certificatesSplitCommand, values, positionals, io, ({hourMs: atMs, holder, energyWh}) => {
			const first = countOf(certificatesSplitCommand, '--first', needed(certificatesSplitCommand, values, 'first'));
			return {body: {does: 'split', holder, hourMs: atMs, first, energyWh}, done: `${energyWh} Wh of ${holder} are a bundle of their own`};
		}),
};

export const certificatesCancelCommand: Command = {
	name: 'certificates cancel',
	usage: 'DEVICE --hour TIME --holder ACCOUNT --wh N --beneficiary TEXT',
	takesWords: true,
	details: [
		'Uses certificates up for a claim: nobody can move or cancel them again. Of an hour that was corrected downwards no more can be cancelled than was measured.',
	],
	options: {
		...configOption,
		...hourOption,
		...holderOption,
		...energyOption,
		beneficiary: {type: 'string', value: 'TEXT', help: 'who claims the energy'},
		purpose: {type: 'string', value: 'TEXT', help: 'what for'},
		...jsonOption,
	},
	run: ({values, positionals}, io) =>
		move(certificatesCancelCommand, values, positionals, io, ({hourMs: atMs, holder, energyWh}) => {
			const beneficiary = needed(certificatesCancelCommand, values, 'beneficiary');
			const purpose = textOf(values, 'purpose');
			return {
				body: {does: 'cancel', holder, hourMs: atMs, energyWh, beneficiary, purpose},
				done: `${energyWh} Wh of ${holder} are cancelled for ${beneficiary}`,
			};
		}),
};

export const certificatesRetireCommand: Command = {
	name: 'certificates retire',
	usage: 'DEVICE --hour TIME --holder ACCOUNT --wh N --reason TEXT',
	takesWords: true,
	details: ['Takes certificates out of the world without a claim, such as those that a correction has shown never to have been produced.'],
	options: {
		...configOption,
		...hourOption,
		...holderOption,
		...energyOption,
		reason: {type: 'string', value: 'TEXT', help: 'why; it stands in the log'},
		...jsonOption,
	},
	run: ({values, positionals}, io) =>
		move(certificatesRetireCommand, values, positionals, io, ({hourMs: atMs, holder, energyWh}) => {
			const reason = needed(certificatesRetireCommand, values, 'reason');
			return {body: {does: 'retire', holder, hourMs: atMs, energyWh, reason}, done: `${energyWh} Wh of ${holder} are retired`};
		}),
};

async function move(
	command: Command,
	values: Values,
	positionals: readonly string[],
	io: Io,
	make: (said: {readonly hourMs: number; readonly holder: string; readonly energyWh: number}) => {
		readonly body: StatementBody;
		readonly done: string;
	},
): Promise<number> {
	const site = await openSite(textOf(values, 'config') ?? configDefault);
	const device = deviceOf(command, positionals);
	const {body, done} = make({
		hourMs: timeOf(command, '--hour', needed(command, values, 'hour')),
		holder: needed(command, values, 'holder'),
		energyWh: countOf(command, '--wh', needed(command, values, 'wh')),
	});
	return state(site, device, body, values, io, done);
}

async function state(
	{paths}: Pick<Site, 'paths'>,
	device: string,
	body: StatementBody,
	values: Values,
	io: Io,
	done: string,
): Promise<number> {
	const stated = await stateCertificate(paths, device, body);
	io.out(isSet(values, 'json') ? `${JSON.stringify(stated)}\n` : `${done}: entry ${stated.index}, statement ${stated.number}\n`);
	return exitCodes.ok;
}

function deviceOf(command: Command, positionals: readonly string[]): string {
	if (positionals.length !== 1) throw usageError(command, 'needs the id of one device');
	return positionals[0]!;
}

function totalsText({issuedWh, heldWh, cancelledWh, retiredWh, shortfallWh, refused}: DeviceCertificates['totals']): string {
	return [
		`${issuedWh} Wh certified, ${heldWh} held, ${cancelledWh} cancelled, ${retiredWh} retired`,
		...(shortfallWh > 0 ? [`SHORTFALL ${shortfallWh} Wh`] : []),
		...(refused > 0 ? [`${refused} statements refused`] : []),
	].join('; ');
}

/** As RFC 3339, to the minute. */
function timeText(timeMs: number): string {
	return `${new Date(timeMs).toISOString().slice(0, 16)}Z`;
}

const reasonTexts: Readonly<Record<string, string>> = {
	counter: 'not certified: the register fell or began anew',
	counted: 'not certified: the register tells of energy that is certified already',
};

function hourText({
	hourMs: atMs,
	issuedWh,
	measuredWh,
	shortfallWh,
	notCertified,
	fromNumber,
	toNumber,
	corrections,
}: CertifiedHour): string {
	return [
		`${timeText(atMs)}  ${issuedWh} Wh, entries ${fromNumber} to ${toNumber}`,
		...(notCertified === undefined ? [] : [reasonTexts[notCertified] ?? notCertified]),
		...(corrections.length === 0 ? [] : [`${measuredWh ?? 'an unknown number of'} Wh after correction ${corrections.join(', ')}`]),
		...(shortfallWh > 0 ? [`SHORTFALL ${shortfallWh} Wh`] : []),
	].join('; ');
}

function certificateText({rangeStart, rangeEnd, energyWh, status, account, beneficiary, reason}: GranularCertificate): string {
	const why = [beneficiary === undefined ? undefined : `for ${beneficiary}`, reason].filter(one => one !== undefined).join(', ');
	return `    ${rangeStart} to ${rangeEnd}: ${energyWh} Wh, ${status}, ${account}${why === '' ? '' : `, ${why}`}`;
}

function textOfCertificates({device, totals, hours, certificates, refused, isCut}: DeviceCertificates): string {
	const {id, register, energySource, technology, country, owner, issuer, fromMs} = device;
	const byHour = new Map<number, string[]>();
	for (const one of certificates) {
		const lines = byHour.get(one.productionStartingMs) ?? [];
		lines.push(certificateText(one));
		byHour.set(one.productionStartingMs, lines);
	}
	return [
		`${id} (${register}): ${[energySource, technology, country].filter(one => one !== undefined).join(', ')}, for ${owner}, issued by ${issuer}, from ${timeText(fromMs)} on`,
		totalsText(totals),
		...hours.flatMap(hour => [hourText(hour), ...(byHour.get(hour.hourMs) ?? [])]),
		...(isCut === true ? ['There is more: ask for a shorter period.'] : []),
		...refused.map(({number, does, why}) => `refused: statement ${number}${does === '' ? '' : ` (${does})`}: ${why}`),
		'',
	].join('\n');
}
