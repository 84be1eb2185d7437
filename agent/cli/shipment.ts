// kedge shipment open | leg | assign | handover | sign | key | close | show | list | profiles | epcis: what is sent, who has it, and whether it stayed as it must.

import {writeFile} from 'node:fs/promises';
import {fromUtf8} from '../base/bytes.ts';
import {replaceFile} from '../base/durable.ts';
import {AgentError} from '../base/errors.ts';
import {createSystemRandom} from '../base/random.ts';
import {shownText} from '../base/shown-text.ts';
import {channelUrn} from '../format/subject.ts';
import {
	type Alarm,
	askShipment,
	assignSensor,
	builtInProfiles,
	closeShipment,
	decidingAlarms,
	endAt,
	type HandoverDocument,
	handoverText,
	listShipments,
	makePartyKey,
	openShipment,
	type Profile,
	prepareHandover,
	readHandover,
	readOpening,
	readPartyKey,
	type ShipmentAccount,
	signersOf,
	signHandover,
	stateHandover,
	stateLeg,
	tellEpcis,
	unknownChannel,
} from '../shipping.ts';
import type {Site} from '../site.ts';
import {
	type Command,
	configOption,
	exitCodes,
	type Io,
	isSet,
	needed,
	type OptionSpec,
	oneWord,
	textOf,
	timeOf,
	usageError,
	type Values,
} from './command.ts';
import {readInput, siteOf} from './input.ts';
import {writeDocument} from './output.ts';

const jsonOption = {json: {type: 'boolean', help: 'print the account as JSON'}} as const satisfies Record<string, OptionSpec>;
const lotOption = {
	lot: {type: 'string', value: 'ID', multiple: true, help: 'a lot; may be given several times (default: all)'},
} as const satisfies Record<string, OptionSpec>;
const endOptions = {
	ends: {type: 'string', value: 'ID', help: 'end one that was left open; with --at'},
	at: {type: 'string', value: 'TIME', help: 'when (default: now)'},
} as const satisfies Record<string, OptionSpec>;

function timeMaybe(command: Command, values: Values, name: string): number | undefined {
	const text = textOf(values, name);
	return text === undefined ? undefined : timeOf(command, `--${name}`, text);
}

/** Clocks of two machines may differ by so much. */
const clockSpreadMs = 60_000;

/** What has happened is stated, and what has not is not. Fails with ARGUMENT_INVALID. */
function refuseFuture(command: Command, what: string, atMs: number, nowMs: number): void {
	if (atMs > nowMs + clockSpreadMs)
		throw usageError(command, `${what} at ${timeText(atMs)} is not yet: here it is ${timeText(nowMs)}; state it when it has happened`);
}

function lotsOf(values: Values): string[] | undefined {
	const {lot} = values;
	return Array.isArray(lot) ? (lot as string[]) : undefined;
}

export const shipmentOpenCommand: Command = {
	name: 'shipment open',
	usage: 'ID --file FILE',
	takesWords: true,
	details: [
		'States what is sent and which limits hold for it. FILE is JSON: {"from": "2026-03-28T08:00:00+01:00", "goods": "…", "lots": [{"id", "name", "gtin"?, "batch"?, "quantity"?,',
		'"unit"?}], "parties": [{"id", "name", "role"?, "key"?, "gln"?}], "holder": who has it first, "profile": one of those below, or a whole one}. Without "from" it begins now.',
		`Profiles: ${builtInProfiles.map(({id}) => id).join(', ')}. What they say: kedge shipment profiles. A whole example stands in OPERATING.md, "Sending goods".`,
		'Whoever gives or takes it signs with a key: see kedge shipment key.',
	],
	options: {...configOption, file: {type: 'string', value: 'FILE', help: 'the shipment, as JSON'}},
	run: async ({values, positionals}, io) => {
		const id = oneWord(shipmentOpenCommand, positionals);
		const path = needed(shipmentOpenCommand, values, 'file');
		const opening = readOpening(await readInput(path), path, io.clock.nowMs());
		const {paths} = await siteOf(values);
		const {index} = await openShipment(paths, id, opening);
		io.out(`Opened shipment ${id} with entry ${index}.\n`);
		return exitCodes.ok;
	},
};

export const shipmentLegCommand: Command = {
	name: 'shipment leg',
	usage: 'ID --leg LEG --start PLACE --end PLACE',
	takesWords: true,
	details: ['States a part of the way. Without --to it is under way until it is ended: kedge shipment leg ID --ends LEG --at TIME.'],
	options: {
		...configOption,
		leg: {type: 'string', value: 'LEG', help: 'what it is called'},
		start: {type: 'string', value: 'PLACE', help: 'where it begins'},
		end: {type: 'string', value: 'PLACE', help: 'where it ends'},
		from: {type: 'string', value: 'TIME', help: 'when it begins (default: now)'},
		to: {type: 'string', value: 'TIME', help: 'when it ends, if that is known'},
		carrier: {type: 'string', value: 'PARTY', help: 'who carries it'},
		vehicle: {type: 'string', value: 'TEXT', help: 'in which sort of vehicle or store'},
		...lotOption,
		...endOptions,
	},
	run: async ({values, positionals}, io) => {
		const id = oneWord(shipmentLegCommand, positionals);
		const {paths} = await siteOf(values);
		const ends = textOf(values, 'ends');
		if (ends !== undefined) return endOne(shipmentLegCommand, paths, id, 'leg', ends, values, io);
		const leg = needed(shipmentLegCommand, values, 'leg');
		const {index} = await stateLeg(paths, id, {
			id: leg,
			fromMs: timeMaybe(shipmentLegCommand, values, 'from') ?? io.clock.nowMs(),
			toMs: timeMaybe(shipmentLegCommand, values, 'to'),
			from: needed(shipmentLegCommand, values, 'start'),
			to: needed(shipmentLegCommand, values, 'end'),
			carrier: textOf(values, 'carrier'),
			vehicle: textOf(values, 'vehicle'),
			lots: lotsOf(values),
		});
		io.out(`Stated leg ${leg} of shipment ${id} with entry ${index}.\n`);
		return exitCodes.ok;
	},
};

async function endOne(
	command: Command,
	paths: Site['paths'],
	id: string,
	what: 'leg' | 'assignment',
	ends: string,
	values: Values,
	io: Io,
): Promise<number> {
	const {index} = await endAt(paths, id, what, ends, timeMaybe(command, values, 'at') ?? io.clock.nowMs());
	io.out(`Ended ${what} ${ends} of shipment ${id} with entry ${index}.\n`);
	return exitCodes.ok;
}

export const shipmentAssignCommand: Command = {
	name: 'shipment assign',
	usage: 'ID --sensor DEVICE (--lot LOT… | --leg LEG)',
	takesWords: true,
	details: [
		'States that a sensor is with lots, or in the vehicle of a leg. Its readings count for them from then on, until --to or until it is ended:',
		'kedge shipment assign ID --ends ASSIGNMENT --at TIME. To move it to other lots, end it and assign it again: each reading counts for whoever it was with.',
		'One that never was there is ended at the time at which it began: it then counts for nothing.',
	],
	options: {
		...configOption,
		sensor: {type: 'string', value: 'DEVICE', help: 'the device'},
		quantity: {type: 'string', value: 'NAME', help: 'temperature (default), relative-humidity, door, on, …'},
		part: {type: 'string', value: 'PART', help: 'which part of it'},
		leg: {type: 'string', value: 'LEG', help: 'it is fixed in the vehicle of this leg'},
		as: {type: 'string', value: 'ASSIGNMENT', help: 'what the assignment is called (default: from the sensor and the time)'},
		from: {type: 'string', value: 'TIME', help: 'from when (default: now)'},
		to: {type: 'string', value: 'TIME', help: 'until when, if that is known'},
		place: {type: 'string', value: 'TEXT', help: 'where it measures'},
		'not-yet': {type: 'boolean', help: 'although the log has no reading of it yet'},
		...lotOption,
		...endOptions,
	},
	run: async ({values, positionals}, io) => {
		const id = oneWord(shipmentAssignCommand, positionals);
		const {paths} = await siteOf(values);
		const ends = textOf(values, 'ends');
		if (ends !== undefined) return endOne(shipmentAssignCommand, paths, id, 'assignment', ends, values, io);
		const sensor = needed(shipmentAssignCommand, values, 'sensor');
		const quantity = textOf(values, 'quantity') ?? 'temperature';
		const fromMs = timeMaybe(shipmentAssignCommand, values, 'from') ?? io.clock.nowMs();
		const assignment = textOf(values, 'as') ?? `${sensor.slice(0, 24)}-${quantity.slice(0, 20)}-${fromMs}`;
		const channel = channelUrn(sensor, quantity, textOf(values, 'part'));
		const unknown = await unknownChannel(paths, channel);
		if (unknown !== undefined && !isSet(values, 'not-yet'))
			throw new AgentError('ARGUMENT_INVALID', unknown.problem, {
				hint: [...(unknown.hint === undefined ? [] : [unknown.hint]), 'If it is right and comes later: --not-yet'].join(' '),
			});
		if (unknown !== undefined) io.error(`kedge: ${unknown.problem}\n`);
		const {index} = await assignSensor(paths, id, {
			id: assignment,
			channel,
			lots: lotsOf(values),
			leg: textOf(values, 'leg'),
			fromMs,
			toMs: timeMaybe(shipmentAssignCommand, values, 'to'),
			place: textOf(values, 'place'),
		});
		io.out(`Stated assignment ${assignment} of shipment ${id} with entry ${index}.\n`);
		return exitCodes.ok;
	},
};

export const shipmentHandoverCommand: Command = {
	name: 'shipment handover',
	usage: 'ID --giver PARTY --taker PARTY --out FILE | --file FILE',
	takesWords: true,
	details: [
		'A hand-over takes three steps. First this, with --out, writes what is to be signed. Then each of the two signs the file: kedge shipment sign FILE --key KEY.',
		'Then this, with --file, states it. What only one has signed is refused.',
	],
	options: {
		...configOption,
		giver: {type: 'string', value: 'PARTY', help: 'who has it in hand'},
		taker: {type: 'string', value: 'PARTY', help: 'who takes it'},
		at: {type: 'string', value: 'TIME', help: 'when (default: now)'},
		place: {type: 'string', value: 'TEXT', help: 'where'},
		remarks: {type: 'string', value: 'TEXT', help: 'what whoever takes it saw'},
		out: {type: 'string', value: 'FILE', help: 'write what is to be signed to a new file'},
		file: {type: 'string', value: 'FILE', help: 'state the hand-over that both have signed'},
		...lotOption,
	},
	run: async ({values, positionals}, io) => {
		const id = oneWord(shipmentHandoverCommand, positionals);
		const {paths} = await siteOf(values);
		const file = textOf(values, 'file');
		if (file !== undefined) {
			const document = readHandover(await readInput(file), file);
			if (document.shipment !== id) throw usageError(shipmentHandoverCommand, `${file} is of shipment ${document.shipment}`);
			refuseFuture(shipmentHandoverCommand, 'a hand-over', document.terms.atMs, io.clock.nowMs());
			const {index} = await stateHandover(paths, document);
			io.out(`Handed over from ${document.terms.from} to ${document.terms.to} with entry ${index}.\n`);
			return exitCodes.ok;
		}
		const atMs = timeMaybe(shipmentHandoverCommand, values, 'at') ?? io.clock.nowMs();
		refuseFuture(shipmentHandoverCommand, 'a hand-over', atMs, io.clock.nowMs());
		const document = await prepareHandover(paths, id, {
			from: needed(shipmentHandoverCommand, values, 'giver'),
			to: needed(shipmentHandoverCommand, values, 'taker'),
			atMs,
			place: textOf(values, 'place'),
			remarks: textOf(values, 'remarks'),
			lots: lotsOf(values),
		});
		await writeDocument(io, handoverText(document), textOf(values, 'out'));
		return exitCodes.ok;
	},
};

export const shipmentSignCommand: Command = {
	name: 'shipment sign',
	usage: 'FILE --key KEY',
	takesWords: true,
	details: [
		'Adds a signature to a hand-over, in the file. It needs no site and no network. What is signed is printed first: compare its opening with that of kedge shipment show.',
	],
	options: {key: {type: 'string', value: 'KEY', help: 'the file of your key, see kedge shipment key'}},
	run: async ({values, positionals}, io) => {
		const path = oneWord(shipmentSignCommand, positionals);
		const keyPath = needed(shipmentSignCommand, values, 'key');
		const signer = readPartyKey(fromUtf8(await readInput(keyPath)) ?? '', keyPath);
		const read = readHandover(await readInput(path), path);
		io.out(termsWords(read));
		const {document, party} = signHandover(read, signer);
		await replaceFile(path, handoverText(document), 0o644);
		const signed = signersOf(document);
		const missing = [document.terms.from, document.terms.to].filter(one => !signed.includes(one));
		io.out(`${party} signed. ${missing.length === 0 ? 'Both have.' : `Still to sign: ${missing.join(', ')}.`}\n`);
		return exitCodes.ok;
	},
};

export const shipmentKeyCommand: Command = {
	name: 'shipment key',
	usage: '--out FILE',
	details: [
		'Makes a key for a party of shipments. The secret goes to FILE, which only you can read; what it prints stands in the shipment.',
	],
	options: {
		out: {type: 'string', value: 'FILE', help: 'where the secret goes; a new file'},
		p256: {type: 'boolean', help: 'a P-256 key (default: Ed25519)'},
	},
	run: async ({values}, io) => {
		const path = needed(shipmentKeyCommand, values, 'out');
		const {secretText, publicText} = makePartyKey(createSystemRandom(), isSet(values, 'p256') ? 'p256' : 'ed25519');
		try {
			await writeFile(path, secretText, {flag: 'wx', mode: 0o600});
		} catch (error) {
			throw new AgentError('DATA_EXISTS', `cannot write ${path} as a new file`, {cause: error});
		}
		io.out(`${publicText}\n`);
		return exitCodes.ok;
	},
};

export const shipmentCloseCommand: Command = {
	name: 'shipment close',
	usage: 'ID',
	takesWords: true,
	details: [
		'States the verdict that the readings come to, which a contract pays by. What is measured afterwards does not count. Where readings came late, close it again at the same time:',
		'the new verdict names the old one. The exit code is 1 where the verdict is not good.',
	],
	options: {...configOption, at: {type: 'string', value: 'TIME', help: 'when it ended (default: now, or as it was closed)'}, ...jsonOption},
	run: async ({values, positionals}, io) => {
		const id = oneWord(shipmentCloseCommand, positionals);
		const {paths} = await siteOf(values);
		const nowMs = io.clock.nowMs();
		const {account: before} = await askShipment(paths, id, {toMs: nowMs});
		const closedMs = (before.closing as {readonly atMs: number} | undefined)?.atMs;
		const atMs = timeMaybe(shipmentCloseCommand, values, 'at') ?? closedMs ?? nowMs;
		refuseFuture(shipmentCloseCommand, 'an end', atMs, nowMs);
		const {stated, account} = await closeShipment(paths, id, atMs);
		if (isSet(values, 'json')) io.out(`${JSON.stringify({...stated, verdict: account.verdict, lots: account.lots})}\n`);
		else io.out(`Closed shipment ${id} with entry ${stated.index}: ${account.verdict}.\n${wordsOf(account, true)}`);
		return account.verdict === 'good' ? exitCodes.ok : exitCodes.no;
	},
};

export const shipmentShowCommand: Command = {
	name: 'shipment show',
	usage: 'ID',
	takesWords: true,
	details: [
		'Tells who had a shipment in hand, what its sensors measured, and what that comes to. The exit code is 1 where that is not good.',
	],
	options: {
		...configOption,
		from: {type: 'string', value: 'TIME', help: 'look at readings from then on (default: from its beginning)'},
		to: {type: 'string', value: 'TIME', help: 'until then (default: now, or its end)'},
		...jsonOption,
	},
	run: async ({values, positionals}, io) => {
		const id = oneWord(shipmentShowCommand, positionals);
		const {paths} = await siteOf(values);
		const period = {
			fromMs: timeMaybe(shipmentShowCommand, values, 'from'),
			toMs: timeMaybe(shipmentShowCommand, values, 'to') ?? io.clock.nowMs(),
		};
		const {account} = await askShipment(paths, id, period);
		io.out(isSet(values, 'json') ? `${JSON.stringify(account)}\n` : wordsOf(account));
		return account.verdict === 'good' ? exitCodes.ok : exitCodes.no;
	},
};

export const shipmentListCommand: Command = {
	name: 'shipment list',
	usage: '',
	details: ['Lists the shipments that the log knows.'],
	options: {...configOption, ...jsonOption},
	run: async ({values}, io) => {
		const {paths} = await siteOf(values);
		const toMs = io.clock.nowMs();
		for (const id of await listShipments(paths)) {
			const {account} = await askShipment(paths, id, {toMs});
			const state = account.isOpened ? (account.closing === undefined ? 'under way' : 'closed') : 'not opened';
			if (isSet(values, 'json')) io.out(`${JSON.stringify({id, state, goods: account.goods, verdict: account.verdict})}\n`);
			else io.out(`${shownText([id, state, account.verdict ?? '-', account.goods ?? ''].join('  '), lineLengthMax)}\n`);
		}
		return exitCodes.ok;
	},
};

export const shipmentProfilesCommand: Command = {
	name: 'shipment profiles',
	usage: '',
	details: [
		'Lists the profiles that are built in: which limits hold, how long they may be left, and how often must be measured. A shipment may state another, whole.',
	],
	options: {json: {type: 'boolean', help: 'print them as JSON, one a line, as a shipment states them'}},
	run: async ({values}, io) => {
		for (const profile of builtInProfiles) io.out(isSet(values, 'json') ? `${JSON.stringify(profile)}\n` : profileWords(profile));
		return exitCodes.ok;
	},
};

export const shipmentEpcisCommand: Command = {
	name: 'shipment epcis',
	usage: 'ID',
	takesWords: true,
	details: [
		'Tells a shipment as EPCIS 2.0 events in JSON-LD: packing, legs, hand-overs, what sensors reported, and the verdict. Each event is named by its hash.',
	],
	options: {
		...configOption,
		to: {type: 'string', value: 'TIME', help: 'until then (default: now, or its end)'},
		'evidence-uri': {type: 'string', value: 'URI', help: 'where its evidence package lies: becomes rawData of sensor reports'},
		out: {type: 'string', value: 'FILE', help: 'write to a new file'},
	},
	run: async ({values, positionals}, io) => {
		const id = oneWord(shipmentEpcisCommand, positionals);
		const {paths} = await siteOf(values);
		const createdAtMs = io.clock.nowMs();
		const toMs = timeMaybe(shipmentEpcisCommand, values, 'to') ?? createdAtMs;
		const text = await tellEpcis(paths, id, {toMs, createdAtMs, evidenceUri: textOf(values, 'evidence-uri')});
		await writeDocument(io, text, textOf(values, 'out'));
		return exitCodes.ok;
	},
};

const timeText = (timeMs: number): string => new Date(timeMs).toISOString().replace('.000Z', 'Z');
const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
const unitOf = (of: string): string => (of === 'temperature' ? '°C' : '%');
/** A line is cut there, and what in it would move a cursor is replaced: names and reasons come from whoever stated them. */
const lineLengthMax = 1000;
const minutesText = (ms: number): string => `${Math.round(ms / 6000) / 10} min`;

type LotWords = {
	readonly id: string;
	readonly name: string;
	readonly verdict: string;
	readonly custody: readonly {readonly party: string; readonly fromMs: number}[];
	readonly series: readonly number[];
	readonly unwatched: readonly (SpanWords & {readonly sort: string})[];
	readonly reasons: readonly {
		readonly because: string;
		readonly chain?: number;
		readonly sort?: string;
		readonly count?: number;
		readonly ms?: number;
		readonly alarm?: Alarm;
		readonly firedAtMs?: number;
	}[];
};
type SpanWords = {readonly fromMs: number; readonly toMs: number};
type SensorWords = {
	readonly assignment: string;
	readonly faults?: {readonly count: number; readonly firstMs: number; readonly lastMs: number};
};
type StateWords = {
	readonly assignment: string;
	readonly sort: string;
	readonly state: string;
	readonly count: number;
	readonly totalMs: number;
};
type SeriesWords = {
	readonly sort: string;
	readonly assignments: readonly string[];
	readonly readings: number;
	readonly min?: {readonly milli: number};
	readonly max?: {readonly milli: number};
	readonly meanMilli?: number;
	readonly mktMilliC?: number | 'frozen';
	readonly aboveMs: number;
	readonly belowMs: number;
	readonly excursionCount: number;
	readonly gaps: readonly SpanWords[];
	readonly gapCount: number;
	readonly gapMs: number;
};

/** The account, for who reads it at a terminal. */
function wordsOf(account: ShipmentAccount, isClosed = account.closing !== undefined): string {
	const lines: string[] = [];
	if (account.isOpened) {
		const {goods, fromMs, toMs, verdict, profile, closing, opening} = account;
		const series = account.series as unknown as readonly SeriesWords[];
		lines.push(`${account.shipment}: ${goods}, ${profile?.name}`);
		lines.push(`opening ${opening}`);
		lines.push(`${timeText(fromMs!)} to ${timeText(toMs!)}: ${verdict}${isClosed ? '' : ' so far'}`);
		for (const lot of account.lots as unknown as readonly LotWords[]) {
			lines.push(`lot ${lot.id}, ${lot.name}: ${lot.verdict}`);
			lines.push(`  in hand: ${lot.custody.map(({party, fromMs: sinceMs}) => `${party} from ${timeText(sinceMs)}`).join(', ')}`);
			for (const reason of lot.reasons) lines.push(`  ${reasonWords(reason, lot, series)}`);
			for (const at of lot.series) lines.push(`  ${seriesWords(series[at]!)}`);
		}
		for (const {assignment, faults} of account.sensors as unknown as readonly SensorWords[])
			if (faults !== undefined)
				lines.push(
					`${assignment}: ${counted(faults.count, 'reading')} ${faults.count === 1 ? 'was' : 'were'} no measurement, ${timeText(faults.firstMs)} to ${timeText(faults.lastMs)}`,
				);
		for (const {assignment, sort, state, count, totalMs} of account.states as unknown as readonly StateWords[])
			lines.push(`${assignment}: ${sort} ${state} ${counted(count, 'time')}, ${minutesText(totalMs)} in all`);
		const stated = closing as unknown as {readonly verdict: string; readonly number: number; readonly isBorneOut?: boolean} | undefined;
		if (stated?.isBorneOut === false)
			lines.push(`the verdict that was stated is ${stated.verdict}: readings that came since say ${verdict}; close it again`);
	} else lines.push(`${account.shipment}: nothing opened it`);
	for (const {index, says, reason} of account.refused) lines.push(`entry ${index}, ${says}, counts for nothing: ${reason}`);
	return `${lines.map(line => shownText(line, lineLengthMax)).join('\n')}\n`;
}

/** Only the first of them are told. */
const gapsToldMax = 5;

function reasonWords(
	{because, chain, sort, count = 0, ms = 0, alarm, firedAtMs}: LotWords['reasons'][number],
	lot: LotWords,
	series: readonly SeriesWords[],
): string {
	if (alarm !== undefined) return `${alarmWords(alarm)}: first at ${timeText(firedAtMs!)}`;
	if (because === 'gap')
		return `${sort}: ${counted(count, 'gap')} of ${minutesText(ms)} in all: ${spansWords(series[chain!]!.gaps, count)}`;
	if (because === 'unwatched')
		return `${sort}: no sensor for ${minutesText(ms)}: ${spansWords(
			lot.unwatched.filter(one => one.sort === sort),
			count,
		)}`;
	if (because === 'no-time') return 'no time of it is looked at';
	if (because === 'too-many-readings') return 'a sensor has more readings than are counted';
	return because === 'mkt' ? 'the mean kinetic temperature is above its limit' : because;
}

function spansWords(spans: readonly SpanWords[], count: number): string {
	const told = spans.slice(0, gapsToldMax).map(({fromMs, toMs}) => `${timeText(fromMs)} to ${timeText(toMs)}`);
	return `${told.join(', ')}${count > told.length ? `, and ${count - told.length} more` : ''}`;
}

/** 0 minutes: no reading beyond the limit is tolerated. */
function alarmWords({of, side, limit, inclusive, minutes, kind}: Alarm): string {
	const beyond = `${of} ${inclusive === true ? 'at or ' : ''}${side} ${limit / 1000} ${unitOf(of)}`;
	return minutes === 0 ? `${beyond} at any time` : `${beyond} for ${minutes} min ${kind === 'single' ? 'without a break' : 'all together'}`;
}

function limitsWords({low, high}: Profile['temperature'], unit: string): string {
	if (low === undefined) return `at most ${high! / 1000} ${unit}`;
	return high === undefined ? `at least ${low / 1000} ${unit}` : `${low / 1000} to ${high / 1000} ${unit}`;
}

function profileWords(profile: Profile): string {
	const {id, name, source, temperature, humidity, toleratedMinutes, gapMaxMs, gapMaxOutsideMs, frozen, mkt} = profile;
	const outside = gapMaxOutsideMs === undefined ? '' : `, ${minutesText(gapMaxOutsideMs)} while it is outside`;
	const lines = [
		`${id}: ${name}`,
		`  limits: temperature ${limitsWords(temperature, '°C')}${humidity === undefined ? '' : `, humidity ${limitsWords(humidity, '%')}`}`,
		`  tolerated outside: ${toleratedMinutes === undefined ? 'as the alarms say' : `${toleratedMinutes} min`}`,
		...decidingAlarms(profile).map(alarm => `  excursion: ${alarmWords(alarm)}`),
		`  gap: longer than ${minutesText(gapMaxMs)} without a reading${outside}`,
	];
	if (frozen === true) lines.push('  mean kinetic temperature: none, frozen');
	else if (mkt !== undefined)
		lines.push(
			`  mean kinetic temperature: ${mkt.maxMilliC === undefined ? 'told, without a limit' : `at most ${mkt.maxMilliC / 1000} °C`}`,
		);
	lines.push(`  source: ${source}`);
	return `${lines.join('\n')}\n`;
}

/** What is signed: whoever signs has a file that somebody else wrote. */
function termsWords({shipment, terms}: HandoverDocument): string {
	const {lots, from, to, atMs, place, remarks, opening} = terms;
	const isTime = Math.abs(atMs) <= 8.64e15;
	const lines = [
		`hand-over of shipment ${shipment}`,
		`  lots: ${lots.join(', ')}`,
		`  from: ${from}`,
		`  to: ${to}`,
		`  time: ${isTime ? timeText(atMs) : 'none'}`,
		`  place: ${place ?? '-'}`,
		`  remarks: ${remarks ?? '-'}`,
		`  opening (goods, limits, keys): ${opening}`,
	];
	return `${lines.map(line => shownText(line, termLengthMax)).join('\n')}\n`;
}

/** Whole: 256 lots with ids of 64 letters each, or 2,000 characters of remarks; nobody signs what was cut off. */
const termLengthMax = 20_000;

function seriesWords(series: SeriesWords): string {
	const {sort, assignments, readings, min, max, meanMilli, mktMilliC, aboveMs, belowMs, excursionCount, gapCount, gapMs} = series;
	const unit = sort === 'temperature' ? '°C' : '%';
	const figures =
		min === undefined || max === undefined
			? 'no measurement'
			: `${min.milli / 1000} to ${max.milli / 1000} ${unit}, mean ${meanMilli! / 1000}`;
	const mkt = mktMilliC === undefined ? '' : mktMilliC === 'frozen' ? ', no MKT of frozen goods' : `, MKT ${mktMilliC / 1000}`;
	const outside =
		excursionCount === 0 ? '' : `; ${counted(excursionCount, 'excursion')}: ${minutesText(aboveMs)} above, ${minutesText(belowMs)} below`;
	const gaps = gapCount === 0 ? '' : `; ${counted(gapCount, 'gap')} of ${minutesText(gapMs)}`;
	return `${assignments.join(', ')}: ${counted(readings, 'reading')}, ${figures}${mkt}${outside}${gaps}`;
}
