// Turns a receipt into the call that convicts a false report of emissions, or that makes its site show the entry; and an honest site's log into the answer.

import {AbiCoder, Interface, keccak256} from 'ethers';
import {carbonReportsAbi} from '../../contracts/generated/carbon-reports.ts';
import {toPrefixedHex} from '../base/bytes.ts';
import type {Hasher} from '../base/hash.ts';
import {countsInReport, mustBeCovered, type ReportPeriod, type ReportRange} from '../format/carbon-report.ts';
import {parseCheckpoint} from '../format/checkpoint.ts';
import {decodeEntry, entryLeafHash} from '../format/entry.ts';
import type {AnchorRecord, SourceOpening} from '../format/evidence.ts';
import type {Receipt} from '../format/receipt.ts';
import {decodeTally, type TallyLeaf} from '../format/tally.ts';
import {parseTlogProof} from '../format/tlog-proof.ts';

/** A report as the contract has it; hashes as 0x and hexadecimal digits. [ICarbonReports.sol] */
export type CarbonReport = {
	readonly siteId: string;
	readonly period: number;
	readonly attempt: number;
	readonly logId: string;
	/** How many entries of the log it covers. */
	readonly size: number;
	/** The anchored head under which the total stands in the log. */
	readonly headSize: number;
	readonly root: string;
	/** mg CO2e. */
	readonly totalMg: bigint;
	readonly entriesRoot: string;
	readonly subjects: readonly string[];
	readonly ranges: readonly ReportRange[];
};

/** An entry under an anchored head. `time`: of the anchor's block, s since 1970; 0 for the report's own head. */
export type LoggedEntry = {
	readonly size: number;
	readonly time: number;
	readonly root: string;
	readonly index: number;
	readonly leafData: string;
	readonly inclusionProof: readonly string[];
};

export type CoverPeriod = ReportPeriod & {readonly coverFromMs: number};

/** What the report has at a place: the hash of the entry that it was made from, and the path to its root. */
export type ReportLeaf = {readonly hash: Uint8Array; readonly path: readonly Uint8Array[]};

/** A demand's kinds, by their place in the enum of the contract. */
export const demandKinds = ['entry', 'number', 'start', 'end'] as const;
export type DemandKind = (typeof demandKinds)[number];

/** A call of the contract that holds the reports. */
export type ReportCall = {
	/** The contract's own name for it. */
	readonly name: string;
	readonly data: string;
	/** A demand costs a stake. */
	readonly costsStake: boolean;
	/** Of a demand: by what it is found again. */
	readonly demandId?: string;
};

/** What can be done with a piece of evidence; `why` is a sentence. */
export type Challenge = {readonly call: ReportCall; readonly why: string} | {readonly call: undefined; readonly why: string};

const api = new Interface(carbonReportsAbi);
const reportType = api.getFunction('postReport')!.inputs[0]!;
const zeroHash = `0x${'0'.repeat(64)}`;

/** What the contract keeps of a report: keccak256(abi.encode(report)). */
export function reportHash(report: CarbonReport): string {
	return keccak256(AbiCoder.defaultAbiCoder().encode([reportType], [report]));
}

/** The hash that a demand is kept under. [CarbonReports.sol, _demandId] */
export function demandIdOf(report: CarbonReport, kind: DemandKind, channel: number, number: number, leaf: string = zeroHash): string {
	const values = [reportHash(report), demandKinds.indexOf(kind), channel, number, leaf];
	return keccak256(AbiCoder.defaultAbiCoder().encode(['bytes32', 'uint8', 'uint256', 'uint48', 'bytes32'], values));
}

const hexes = (hashes: readonly Uint8Array[]): string[] => hashes.map(toPrefixedHex);

/** The entry of a receipt under its anchor in a log; undefined if the receipt has none there. */
export function loggedEntryOf(receipt: Receipt, logId: string): LoggedEntry | undefined {
	const proof = parseTlogProof(receipt.proof);
	const checkpoint = proof && parseCheckpoint(proof.checkpoint);
	if (proof === undefined || checkpoint === undefined) return undefined;
	const anchor = receipt.anchors.find(one => one.logId === logId && one.size === checkpoint.size);
	if (anchor === undefined) return undefined;
	return loggedEntry(anchor, {root: checkpoint.root, index: proof.index, entry: receipt.entry, path: proof.path});
}

export function loggedEntry(
	anchor: Pick<AnchorRecord, 'size' | 'blockTime'>,
	proven: {readonly root: Uint8Array; readonly index: number; readonly entry: Uint8Array; readonly path: readonly Uint8Array[]},
): LoggedEntry {
	return {
		size: anchor.size,
		time: anchor.blockTime,
		root: toPrefixedHex(proven.root),
		index: proven.index,
		leafData: toPrefixedHex(proven.entry),
		inclusionProof: hexes(proven.path),
	};
}

/**
 * What the holder of a receipt can do against a report. Without `leaf`, what the report has in the entry's place, it is a demand where the report has that number: the site must show that it is the same entry,
 * or loses. The contract decides by the very same rules. [ICarbonReports.sol]
 */
export function challengeWithReceipt(
	hasher: Hasher,
	against: {readonly report: CarbonReport; readonly period: CoverPeriod; readonly leaf?: ReportLeaf},
	receipt: Receipt,
): Challenge {
	const {report, period, leaf} = against;
	const none = (why: string): Challenge => ({call: undefined, why});
	const logged = loggedEntryOf(receipt, report.logId);
	if (logged === undefined)
		return none('the receipt has no anchor of the log that the report is about: issue it again once the entry is anchored');
	const entry = decodeEntry(receipt.entry);
	const channel = report.subjects.indexOf(toPrefixedHex(entry.subject));
	if (channel < 0) return none('the entry stands under a subject that is not in the plan');
	const name = `number ${entry.number} of subject ${channel} of the plan`;
	const outside = (why: string): Challenge => ({call: callOf('challengeOutside', [report, channel, logged]), why});
	if (logged.index >= report.size)
		return mustBeCovered(entry, period, logged.time * 1000)
			? outside(`${name} arrived in time, and the report does not cover it`)
			: none(`the report covers ${report.size} entries and need not cover ${name}`);
	const {first, last} = report.ranges[channel]!;
	if (entry.number < first || entry.number > last)
		return countsInReport(entry, period)
			? outside(`${name} counts, and the report has ${first} … ${last}`)
			: none(`${name} does not count in the period`);
	const hash = entryLeafHash(hasher, receipt.entry);
	if (leaf === undefined) {
		const demandId = demandIdOf(report, 'entry', channel, entry.number, toPrefixedHex(hash));
		const call = callOf('demandEntry', [report, channel, logged], demandId);
		return {call, why: `the report has a number ${entry.number} of subject ${channel}: its site must show that it is this entry`};
	}
	const shown = toPrefixedHex(leaf.hash);
	if (shown === toPrefixedHex(hash)) return none(`the report has this very entry as ${name}`);
	const call = callOf('challengeLeaf', [report, channel, logged, shown, hexes(leaf.path)]);
	return {call, why: `the report has another entry as ${name}`};
}

/** A tally of the log: its receipt with the source opened, and the leaf of one subject in it. */
export type ShownTally = {
	readonly receipt: Receipt;
	/** Opens the tally entry: `receipt.arrival`, where it was asked for. */
	readonly source: SourceOpening;
	readonly leaf: TallyLeaf;
	/** Of the leaf, and the hashes to the tally's root. */
	readonly place: number;
	readonly path: readonly Uint8Array[];
};

/**
 * What a tally shows against a report whose range stops before it does. `edge` is the receipt of the report's last entry of that subject; without it the site must show that entry, or loses. Of a subject that
 * the report says has no entry there is no edge, and the tally is enough.
 */
export function challengeWithTally(
	against: {readonly report: CarbonReport; readonly period: ReportPeriod},
	shown: ShownTally,
	edge?: Receipt,
): Challenge {
	const {report, period} = against;
	const none = (why: string): Challenge => ({call: undefined, why});
	const channel = report.subjects.indexOf(toPrefixedHex(shown.leaf.subject));
	if (channel < 0) return none('the tally shows a subject that is not in the plan');
	const logged = loggedEntryOf(shown.receipt, report.logId);
	const body = decodeTally(shown.source.record);
	if (logged === undefined || body === undefined) return none('this is no anchored tally of the log that the report is about');
	if (logged.index > report.size) return none(`the tally counts entries that the report of ${report.size} does not cover`);
	const {last} = report.ranges[channel]!;
	if (shown.leaf.number <= last) return none(`the tally counts ${shown.leaf.number} entries of the subject, and the report has ${last}`);
	const tally = {
		entry: logged,
		salt: toPrefixedHex(shown.source.salt),
		channels: body.channels,
		root: toPrefixedHex(body.root),
		number: shown.leaf.number,
		place: shown.place,
		path: hexes(shown.path),
	};
	const why = `the report ends with number ${last} of subject ${channel}, and the tally counts ${shown.leaf.number}`;
	if (last === 0) return {call: callOf('challengeEnd', [report, channel, noEntry, tally]), why};
	const edgeEntry = edge && decodeEntry(edge.entry);
	const edgeLogged = edge && loggedEntryOf(edge, report.logId);
	if (edgeEntry === undefined || edgeLogged === undefined)
		return {call: callOf('demandEnd', [report, channel, tally], demandIdOf(report, 'end', channel, last)), why};
	if (edgeEntry.number !== last) return none(`the edge is number ${edgeEntry.number}, and the report ends with ${last}`);
	const {measuredAtMs, arrivedAtMs} = edgeEntry;
	if ((measuredAtMs === 0 ? arrivedAtMs : measuredAtMs) >= period.toMs) return none('the last entry of the report lies behind the period');
	return {call: callOf('challengeEnd', [report, channel, edgeLogged, tally]), why};
}

const noEntry: LoggedEntry = {size: 0, time: 0, root: zeroHash, index: 0, leafData: '0x', inclusionProof: []};

/** Demands that the site shows the entry of a number, for all to see. */
export function demandNumber(report: CarbonReport, channel: number, number: number): ReportCall {
	return callOf('demandNumber', [report, channel, number], demandIdOf(report, 'number', channel, number));
}

/** What is asked of a site. */
export type Demand = {
	readonly id: string;
	readonly kind: DemandKind;
	readonly channel: number;
	readonly number: number;
	/** Hash of the entry that the report must have there; of kind `entry` only. */
	readonly leaf: string;
	/** s since 1970. */
	readonly answerBefore: number;
};

/** The answer of a site that has the entry (`number`, `start`, `end`) or the path in its report (`entry`, `number`). */
export function answerTo(
	report: CarbonReport,
	demand: Demand,
	shown: {readonly entry: LoggedEntry; readonly path: readonly Uint8Array[]},
): ReportCall {
	const {kind, channel, number, leaf} = demand;
	const path = hexes(shown.path);
	if (kind === 'entry') return callOf('answerEntry', [report, channel, number, leaf, path]);
	if (kind === 'number') return callOf('answerNumber', [report, channel, shown.entry, path]);
	return callOf('answerEdge', [report, channel, demandKinds.indexOf(kind), shown.entry]);
}

function callOf(name: string, values: readonly unknown[], demandId?: string): ReportCall {
	const data = api.encodeFunctionData(name, values);
	return demandId === undefined ? {name, data, costsStake: false} : {name, data, costsStake: true, demandId};
}
