// Turns statements of shipments, and the readings of the sensors that were with them, into the account of each shipment: who had it, what it went through, and its verdict.

import type {VerifyDeviceSignature} from '../../format/device-key.ts';
import type {Json} from '../../format/document.ts';
import {type StatementKind, statementKinds} from '../../format/entry.ts';
import type {StatementBody} from '../../format/statement.ts';
import {accountUrn} from '../../format/subject.ts';
import type {Ledger, Past, Rows, Statement} from '../ledger.ts';
import {accountOf, isSameVerdict, type ShipmentAccount, shipmentIdOf, unopenedAccountOf} from './account.ts';
import {type Assignment, type Opened, overlapReason, overlaps, readShipment, type Stated, windowOf} from './shipment.ts';
import {isShipmentKind, type VerdictBody, type VerdictName, verdictValues} from './statements.ts';
import {periodOf, watch, windowsOf} from './watch.ts';

export type ColdchainNeeds = {
	/** Checks hand-overs: Ed25519 and P-256, the same in Node and in a browser. */
	readonly verifySignature: VerifyDeviceSignature;
};

export type ColdchainLedger = Ledger & {
	/** Ids of at most so many shipments that ever had this channel assigned, as far as they were saved. */
	readonly shipmentsWith: (urn: string, rows: Rows, max: number) => Promise<string[]>;
};

const version = 1;
const ever = {fromMs: 0, toMs: Number.MAX_SAFE_INTEGER};

/** Digits that every index has, so that keys stand in the order of the log. */
const indexDigits = 16;

const statementKey = (id: string, index: number): string => `shipment/${id}/${String(index).padStart(indexDigits, '0')}`;
/** Which shipments ever had a channel assigned. */
const channelKey = (urn: string, id: string): string => `channel/${urn}/${id}`;

/**
 * Its rows are the statements of shipments, as they stand in the log, and nothing else: readings are looked up when somebody asks, and only those of the times in which a sensor was
 * with the goods. So a shipment costs nothing while it is under way, an assignment may be stated long after the fact, and late readings need no second thought.
 */
export function createColdchainLedger({verifySignature}: ColdchainNeeds): ColdchainLedger {
	/** Since the last `save`. */
	let pending: Statement[] = [];
	/** Of the last `save`, which is called before a verdict is looked at. */
	let latest: Past | undefined;

	return {
		name: 'coldchain',
		version,
		open: async () => {},
		state: statement => {
			if (shipmentIdOf(statement.urn) !== undefined) pending.push(statement);
		},
		wants: () => false,
		read: () => {},
		note: () => {},
		tick: async () => {},
		save: async (past, rows) => {
			latest = past;
			for (const {says, urn, body, value, index, number} of pending) {
				const id = shipmentIdOf(urn)!;
				rows.put(statementKey(id, index), JSON.stringify([statementKinds[says], number, `${value}`, body]));
				if (says === 'assignment' && typeof body.channel === 'string') rows.put(channelKey(body.channel, id), '1');
			}
			pending = [];
		},
		problem: async ({says, urn, body, value}, rows) => {
			const id = shipmentIdOf(urn);
			if (id === undefined) return isShipmentKind(says) ? `a ${says} is stated of a shipment, not of ${urn}` : undefined;
			const shipment = await readShipment(statementsOf(rows, id), verifySignature);
			const problem = await shipment.take({says, urn, body, value, index: 0, number: 0});
			if (problem !== undefined || shipment.opened === undefined) return problem;
			if (says === 'assignment' && body.ends === undefined)
				return elsewhereProblem(rows, shipment.opened, shipment.opened.assignments.get(body.id as string)!, id, verifySignature);
			if (says === 'verdict' && latest !== undefined) return verdictProblem(shipment.opened, body as unknown as VerdictBody, latest);
			return undefined;
		},
		basis: async (question, rows) => {
			const known = await knownOf(question.about, question.id, rows, verifySignature);
			if (known === undefined) return undefined;
			const {opened} = known;
			const windows = opened === undefined ? [] : windowsOf(opened, periodOf(opened, question));
			return {
				statements: [accountUrn('shipment', question.id)],
				channels: windows.map(({assignment, fromMs, toMs}) => ({urn: assignment.channel, fromMs, toMs: toMs - 1})),
			};
		},
		answer: async (question, past, rows): Promise<Json | undefined> => {
			const known = await knownOf(question.about, question.id, rows, verifySignature);
			if (known === undefined) return undefined;
			const {opened, refused} = known;
			const account: ShipmentAccount =
				opened === undefined
					? unopenedAccountOf(question, refused)
					: accountOf(question, opened, refused, await watch(opened, question, past));
			return account as unknown as Json;
		},
		shipmentsWith: async (urn, rows, max) => {
			const prefix = channelKey(urn, '');
			const ids: string[] = [];
			for await (const {key} of rows.range(prefix, `${prefix.slice(0, -1)}0`)) {
				if (ids.length === max) break;
				ids.push(key.slice(prefix.length));
			}
			return ids;
		},
	};
}

const kindNames = new Map<number, StatementKind>(Object.entries(statementKinds).map(([name, code]) => [code, name as StatementKind]));

async function* statementsOf(rows: Rows, id: string): AsyncIterable<Stated> {
	const prefix = `shipment/${id}/`;
	for await (const {key, body} of rows.range(prefix, `shipment/${id}0`)) {
		const [kind, number, value, stated] = JSON.parse(body) as [number, number, string, StatementBody];
		yield {
			says: kindNames.get(kind)!,
			urn: accountUrn('shipment', id),
			body: stated,
			value: BigInt(value),
			index: Number(key.slice(prefix.length)),
			number,
		};
	}
}

async function knownOf(
	about: string,
	id: string,
	rows: Rows,
	verify: VerifyDeviceSignature,
): Promise<Awaited<ReturnType<typeof readShipment>> | undefined> {
	if (about !== 'shipment') return undefined;
	const shipment = await readShipment(statementsOf(rows, id), verify);
	return shipment.opened === undefined && shipment.refused.length === 0 ? undefined : shipment;
}

/** A sensor that is in a box cannot be in another; one that is fixed in a vehicle is with all that is carried there. */
async function elsewhereProblem(
	rows: Rows,
	opened: Opened,
	assignment: Assignment,
	id: string,
	verify: VerifyDeviceSignature,
): Promise<string | undefined> {
	const prefix = channelKey(assignment.channel, '');
	for await (const {key} of rows.range(prefix, `${prefix.slice(0, -1)}0`)) {
		const otherId = key.slice(prefix.length);
		if (otherId === id) continue;
		const {opened: other} = await readShipment(statementsOf(rows, otherId), verify);
		if (other === undefined) continue;
		const endMs = other.closings.at(-1)?.atMs;
		for (const one of other.assignments.values()) {
			if (one.channel !== assignment.channel || (one.leg !== undefined && assignment.leg !== undefined)) continue;
			const span = windowOf(other, one);
			const toMs = endMs === undefined ? span.toMs : Math.min(span.toMs ?? endMs, endMs);
			if (overlaps(windowOf(opened, assignment), {fromMs: span.fromMs, toMs}))
				return overlapReason({...one, toMs}, ` of shipment ${otherId}`);
		}
	}
	return undefined;
}

async function verdictProblem(opened: Opened, {lots}: VerdictBody, past: Past): Promise<string | undefined> {
	const found = await watch(opened, ever, past);
	if (isSameVerdict(lots, found.lots)) return undefined;
	const other = found.lots.find(({id, verdict}) => lots.find(lot => lot.id === id)?.verdict !== verdict)!;
	return `the readings of lot ${other.id} come to ${other.verdict}, not to ${lots.find(({id}) => id === other.id)!.verdict}`;
}

/**
 * The statement that closes a shipment: from the answer about it for all its time until `atMs`, or that replaces the verdict of a number. undefined if the answer is of no shipment
 * that was opened.
 */
export function verdictBody(
	answer: Json,
	end: {readonly atMs: number; readonly replaces?: number | undefined},
): {readonly body: StatementBody; readonly value: bigint} | undefined {
	const {isOpened, verdict, lots} = answer as unknown as ShipmentAccount;
	if (isOpened !== true || verdict === undefined || lots === undefined) return undefined;
	const ofLots = (lots as unknown as readonly {readonly id: string; readonly verdict: VerdictName}[]).map(one => ({
		id: one.id,
		verdict: one.verdict,
	}));
	return {body: {atMs: end.atMs, verdict, lots: ofLots, replaces: end.replaces}, value: BigInt(verdictValues[verdict])};
}
