// Folds the registers of devices, and what is stated of their certificates, into hourly certificates of what they produced: issued, moved, split, cancelled and retired.

import type {Json} from '../../format/document.ts';
import {qualities} from '../../format/entry.ts';
import {accountUrn, deviceUrn, parseAccountUrn} from '../../format/subject.ts';
import type {Basis, Ledger, Past, Question, Reading, Rows, Statement} from '../ledger.ts';
import {applyToBundles, withHour} from './bundles.ts';
import {
	type Bundle,
	type CorrectionRow,
	type HourRow,
	keys,
	noTotals,
	partOf,
	type RefusedRow,
	type RegisterRow,
	readRow,
	type Totals,
} from './certificate-rows.ts';
import {type CertificateStatement, type Opening, readCertificateStatement} from './certificate-statement.ts';
import {certificatesOf} from './certificates-of.ts';
import {type Covered, startCovered, takeStretch} from './covered.ts';
import {
	type Edge,
	type FoundHour,
	followNote,
	followReading,
	hourMs,
	type RegisterTrack,
	registerWhOf,
	startTrack,
} from './register-hours.ts';

/** Devices with certificates. */
export const registersMax = 4096;

type Register = {
	readonly device: string;
	readonly urn: string;
	readonly opening: RegisterRow;
	readonly track: RegisterTrack;
	readonly covered: Covered;
	issuedWh: number;
	/** What the channel had before it was wanted is still to be looked up: until then readings pass, and are met again there. */
	isPending: boolean;
	/** While it is pending: the newest entry that passed. */
	passed: Reading | number | undefined;
	/** The newest entry that is in the rows. */
	savedNumber: number;
	isCoveredSaved: boolean;
};

/** Something that happened, in the order of the log: rows are written where promises may be waited for. A statement each, two hours an hour of a register, and a correction each. */
type Happening = {readonly index: number} & (
	| {readonly register: Register; readonly found: FoundHour}
	| {readonly register: Register; readonly correction: Reading}
	| {readonly register: Register; readonly opened: true}
	| {readonly device: string; readonly statement: Statement; readonly said: Exclude<CertificateStatement, Opening>}
	| {readonly device: string; readonly statement: Statement; readonly refused: string}
);

export function createEnergyLedger(): Ledger {
	const byDevice = new Map<string, Register>();
	const byUrn = new Map<string, Register>();
	let happenings: Happening[] = [];

	const openProblem = (device: string): string | undefined => {
		if (byDevice.has(device)) return `certificates of ${device} are open already`;
		return byDevice.size < registersMax ? undefined : `certificates are kept of at most ${registersMax} devices`;
	};

	const add = (device: string, opening: RegisterRow, isPending: boolean): Register => {
		const register: Register = {
			device,
			urn: `${deviceUrn(device)}:${opening.channel}`,
			opening,
			track: startTrack(opening.firstHour),
			covered: startCovered(),
			issuedWh: 0,
			isPending,
			passed: undefined,
			savedNumber: -1,
			isCoveredSaved: false,
		};
		byDevice.set(device, register);
		byUrn.set(register.urn, register);
		return register;
	};

	const state = (statement: Statement): void => {
		const device = deviceOf(statement);
		if (device === undefined) return;
		const {index, number, statedAtMs, body} = statement;
		const said = readCertificateStatement(body);
		const problem = 'problem' in said ? said.problem : said.does === 'open' ? openProblem(device) : notOpen(device);
		if (problem !== undefined) happenings.push({index, device, statement, refused: problem});
		else if ('does' in said && said.does === 'open') {
			const firstHour = Math.ceil((said.fromMs ?? statedAtMs) / hourMs);
			happenings.push({index, register: add(device, {...said, index, number, statedAtMs, firstHour}, true), opened: true});
		} else happenings.push({index, device, statement, said: said as Exclude<CertificateStatement, Opening>});
	};

	const notOpen = (device: string): string | undefined =>
		byDevice.has(device) ? undefined : `certificates of ${device} are not open: nothing of it is certified`;

	/** A reading of the channel, in the order of the log. */
	const follow = (register: Register, reading: Reading): void => {
		// An opening that tells of the past comes before what it lets in.
		const index = Math.max(reading.index, register.opening.index);
		if ((reading.quality & qualities.correction) !== 0) happenings.push({index, register, correction: reading});
		const found = followReading(register.track, register.opening.cadenceMs, reading);
		for (let at = 0; at < found.length; at += 1) happenings.push({index, register, found: found[at]!});
	};

	/** Meets what a channel had before it was wanted, as if it had been wanted from the start. */
	const lookBack = async (register: Register, past: Past): Promise<void> => {
		const {opening, track, urn} = register;
		for await (const reading of past.readings(urn, earliestMs(opening), Number.MAX_SAFE_INTEGER)) follow(register, reading);
		// What is not in that range has its number all the same.
		const {passed} = register;
		if (typeof passed === 'number' && passed > track.lastNumber) followNote(track, passed);
		if (typeof passed === 'object' && passed.number > track.lastNumber) followReading(track, opening.cadenceMs, passed);
		register.isPending = false;
		register.passed = undefined;
	};

	const settle = async (past: Past, rows: Rows): Promise<void> => {
		for (const register of byDevice.values()) if (register.isPending) await lookBack(register, past);
		if (happenings.length === 0) return;
		const due = happenings.sort((a, b) => a.index - b.index);
		happenings = [];
		for (const one of due) {
			if ('found' in one) await certify(one.register, one.found, rows);
			else if ('correction' in one) await correct(one.register, one.correction, past, rows);
			else if ('opened' in one) {
				rows.put(keys.register(one.register.device), JSON.stringify(one.register.opening));
				const totals = await readRow<Totals>(rows, keys.totals(one.register.device));
				if (totals === undefined) rows.put(keys.totals(one.register.device), JSON.stringify(noTotals));
			} else if ('said' in one) {
				const why = await applyToBundles(rows, one.device, one.said, one.statement.number, false);
				if (why !== undefined) await refuse(one.device, one.statement, why, rows);
			} else await refuse(one.device, one.statement, one.refused, rows);
		}
	};

	const save = async (past: Past, rows: Rows): Promise<void> => {
		await settle(past, rows);
		for (const register of byDevice.values()) {
			const {device, track, covered, savedNumber} = register;
			for (const hour of track.changed) {
				const edge = track.edges.get(hour);
				if (edge === undefined) rows.remove(keys.edge(device, hour));
				else rows.put(keys.edge(device, hour), JSON.stringify([edge.registerWh, edge.counterEpoch, edge.number]));
			}
			track.changed.clear();
			if (savedNumber !== track.lastNumber) {
				const {firstHour, lastNumber, lastMs, lastValue, lastExponent, lastEpoch} = track;
				rows.put(keys.track(device), JSON.stringify({firstHour, lastNumber, lastMs, lastValue: `${lastValue}`, lastExponent, lastEpoch}));
				register.savedNumber = lastNumber;
			}
			if (!register.isCoveredSaved) rows.put(keys.covered(device), JSON.stringify({...covered, issuedWh: register.issuedWh}));
			register.isCoveredSaved = true;
		}
	};

	return {
		name: 'energy',
		version: 1,
		open: async rows => {
			for await (const {key, body} of rows.range(...keys.all('register'))) {
				const register = add(partOf(key, 1), JSON.parse(body) as RegisterRow, false);
				await takeUp(register, rows);
			}
		},
		state,
		wants: urn => byUrn.has(urn),
		read: (urn, reading) => {
			const register = byUrn.get(urn);
			if (register === undefined) return;
			if (register.isPending) register.passed = reading;
			else follow(register, reading);
		},
		note: (urn, {number}) => {
			const register = byUrn.get(urn);
			if (register === undefined) return;
			if (register.isPending) register.passed = number;
			else followNote(register.track, number);
		},
		tick: async (_at, past, rows) => settle(past, rows),
		save,
		problem: async (statement, rows) => {
			const device = deviceOf(statement);
			if (device === undefined) return undefined;
			const said = readCertificateStatement(statement.body);
			if ('problem' in said) return said.problem;
			if (said.does === 'open') return openProblem(device);
			return notOpen(device) ?? (await applyToBundles(rows, device, said, 0, true));
		},
		basis: async question => {
			const register = registerOf(question);
			return register && basisOf(register);
		},
		answer: async (question, _past, rows): Promise<Json | undefined> =>
			registerOf(question) === undefined
				? undefined
				: ((await certificatesOf(rows, question.id, question.fromMs, question.toMs)) as unknown as Json | undefined),
	};

	function registerOf({about, id}: Question): Register | undefined {
		return about === 'certificates' ? byDevice.get(id) : undefined;
	}
}

/** Certificates are numbered from the first hour on, and each may have been moved at any time since: everything counts. */
function basisOf({device, urn, opening}: Register): Basis {
	return {statements: [accountUrn('certificates', device)], channels: [{urn, fromMs: earliestMs(opening), toMs: 2 ** 48 - 1}]};
}

/** What was measured before tells nothing of the first hour: its beginning stands within twice the cadence. */
function earliestMs({firstHour, cadenceMs}: RegisterRow): number {
	return Math.max(0, firstHour * hourMs - 2 * cadenceMs);
}

function deviceOf({says, urn}: Pick<Statement, 'says' | 'urn'>): string | undefined {
	if (says !== 'certificate') return undefined;
	const parsed = parseAccountUrn(urn);
	return parsed?.sort === 'certificates' ? parsed.id : undefined;
}

/** Takes up from the rows what is remembered of a register. */
async function takeUp(register: Register, rows: Rows): Promise<void> {
	const {device, track, covered} = register;
	const kept = await readRow<Omit<RegisterTrack, 'edges' | 'changed' | 'lastValue'> & {readonly lastValue: string}>(
		rows,
		keys.track(device),
	);
	if (kept !== undefined) Object.assign(track, kept, {lastValue: BigInt(kept.lastValue)});
	for await (const {key, body} of rows.range(...keys.all('edge', device))) {
		const [registerWh, counterEpoch, number] = JSON.parse(body) as [number, number, number];
		track.edges.set(Number(partOf(key, 2)), {registerWh, counterEpoch, number});
	}
	const taken = await readRow<Covered & {readonly issuedWh: number}>(rows, keys.covered(device));
	if (taken !== undefined) {
		covered.stretches.push(...taken.stretches);
		covered.closedEpoch = taken.closedEpoch;
		register.issuedWh = taken.issuedWh;
	}
	register.savedNumber = track.lastNumber;
	register.isCoveredSaved = true;
}

/** Issues the certificates of an hour to the owner: as many as the register counted, and never more than it did after corrections that are known by now. */
async function certify(register: Register, {hour, start, end}: FoundHour, rows: Rows): Promise<void> {
	const {device, covered, opening} = register;
	const isCount = start.counterEpoch === end.counterEpoch && end.registerWh >= start.registerWh;
	const countedWh = isCount ? end.registerWh - start.registerWh : 0;
	const isNew = countedWh > 0 && takeStretch(covered, start.counterEpoch, start.registerWh, end.registerWh);
	const {measuredWh, corrections} = await measured(rows, device, isCount, start, end);
	const issuedWh = isNew ? Math.min(countedWh, measuredWh ?? 0) : 0;
	if (isNew) register.isCoveredSaved = false;
	const first = register.issuedWh + 1;
	register.issuedWh += issuedWh;
	const row: HourRow = {
		fromWh: start.registerWh,
		toWh: end.registerWh,
		counterEpoch: start.counterEpoch,
		fromNumber: start.number,
		toNumber: end.number,
		why: isCount ? (countedWh > 0 && !isNew ? 'counted' : undefined) : 'counter',
		issuedWh,
		first: issuedWh === 0 ? 0 : first,
		measuredWh,
		corrections,
		cancelledWh: 0,
		retiredWh: 0,
	};
	const totals = (await readRow<Totals>(rows, keys.totals(device))) ?? noTotals;
	rows.put(keys.hour(device, hour), JSON.stringify(row));
	rows.put(keys.totals(device), JSON.stringify(withHour(totals, undefined, row)));
	if (issuedWh === 0) return;
	const bundle: Bundle = {first, last: first + issuedWh - 1, holder: opening.owner, state: 'held', by: 0};
	rows.put(keys.bundle(device, hour, first), JSON.stringify(bundle));
}

/** What the register counted in an hour, with corrections of the readings at its ends in their place. */
async function measured(
	rows: Rows,
	device: string,
	isCount: boolean,
	start: Pick<Edge, 'number' | 'registerWh'>,
	end: Pick<Edge, 'number' | 'registerWh'>,
): Promise<Pick<HourRow, 'measuredWh' | 'corrections'>> {
	const [atStart, atEnd] = [
		await readRow<CorrectionRow>(rows, keys.correction(device, start.number)),
		await readRow<CorrectionRow>(rows, keys.correction(device, end.number)),
	];
	const corrections = [...new Set([atStart, atEnd].flatMap(one => (one === undefined ? [] : [one.number])))];
	const from = atStart === undefined ? start.registerWh : atStart.registerWh;
	const to = atEnd === undefined ? end.registerWh : atEnd.registerWh;
	const isKnown = isCount && from !== null && to !== null && to >= from;
	return {measuredWh: isKnown ? to - from : null, corrections};
}

/** A correction of a reading at an end of an hour changes what was measured there, and never what was certified. */
async function correct(register: Register, reading: Reading, past: Past, rows: Rows): Promise<void> {
	const {device, urn, opening} = register;
	// One that claims no time begins no hour.
	if (reading.measuredAtMs < Math.max(1, earliestMs(opening))) return;
	const corrected = await past.corrects(urn, reading);
	if (corrected === undefined) return;
	const correction: CorrectionRow = {registerWh: registerWhOf(reading) ?? null, number: reading.number};
	rows.put(keys.correction(device, corrected), JSON.stringify(correction));
	// It has the time of what it corrects, which stands at an end within twice the cadence behind it.
	const firstHour = Math.max(0, Math.floor(reading.measuredAtMs / hourMs) - 1);
	const lastHour = Math.floor((reading.measuredAtMs + 2 * opening.cadenceMs) / hourMs);
	for (let hour = firstHour; hour <= lastHour; hour += 1) {
		const before = await readRow<HourRow>(rows, keys.hour(device, hour));
		if (before === undefined || (before.fromNumber !== corrected && before.toNumber !== corrected)) continue;
		const start = {number: before.fromNumber, registerWh: before.fromWh};
		const end = {number: before.toNumber, registerWh: before.toWh};
		const after = {...before, ...(await measured(rows, device, before.why !== 'counter', start, end))};
		const totals = (await readRow<Totals>(rows, keys.totals(device))) ?? noTotals;
		rows.put(keys.hour(device, hour), JSON.stringify(after));
		rows.put(keys.totals(device), JSON.stringify(withHour(totals, before, after)));
	}
}

async function refuse(device: string, {index, number, statedAtMs, body}: Statement, why: string, rows: Rows): Promise<void> {
	const row: RefusedRow = {number, statedAtMs, does: typeof body.does === 'string' ? body.does.slice(0, 16) : '', why};
	const totals = (await readRow<Totals>(rows, keys.totals(device))) ?? noTotals;
	rows.put(keys.refused(device, index), JSON.stringify(row));
	rows.put(keys.totals(device), JSON.stringify({...totals, refused: totals.refused + 1}));
}
