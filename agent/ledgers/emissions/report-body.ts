// Turns an answer and the ranges of entries below it into the body of a report's statement: what a site says that it emitted, bound to its log.

import {fromHex, toHex} from '../../base/bytes.ts';
import type {StatementBody} from '../../format/statement.ts';
import type {EmissionsAnswer} from './answer.ts';
import {bodyProblem, type Checked, checked, membersOf, timeMsMax} from './read-body.ts';
import {siteChannelsMax} from './site-body.ts';

/** Numbers of a channel's entries, both included; 1 … 0 for a channel without any. */
export type ReportRange = {readonly urn: string; readonly first: number; readonly last: number};

export type Report = {
	/** ms since 1970: from is included, to is not. */
	readonly fromMs: number;
	readonly toMs: number;
	/** mg CO2e, as the value of the entry says it. */
	readonly totalMg: bigint;
	readonly scopes: readonly (1 | 2 | 3)[];
	readonly scope2: 'location' | 'market';
	/** Whether nothing is missing in it; see EmissionsAnswer. */
	readonly complete: boolean;
	/** The number of the site's statement that it was made by. */
	readonly siteNumber: number;
	/** How many entries of the log it covers. */
	readonly size: number;
	/** MTH over the leaf hashes of the entries in `ranges`: channels in their order here, numbers rising [RFC 9162 §2.1.1]; 32 bytes. */
	readonly entriesRoot: Uint8Array;
	/** One for each channel of the site, in the order of its statement: the monitoring plan. */
	readonly ranges: readonly ReportRange[];
	/** The number of a report of the same site that this one stands in for. */
	readonly replaces: number | undefined;
};

export const totalMgMax = 2n ** 63n - 1n;

/** The body and the value of the statement. The answer MUST be of the site and the period that is reported, over the first `size` entries. */
export function reportBody(
	answer: EmissionsAnswer,
	entries: {readonly size: number; readonly ranges: readonly ReportRange[]; readonly entriesRoot: Uint8Array},
	replaces?: number,
): Checked<{readonly body: StatementBody; readonly value: bigint}> {
	const body = {
		fromMs: answer.fromMs,
		toMs: answer.toMs,
		totalMg: answer.reported.mg,
		scopes: answer.reported.scopes,
		scope2: answer.reported.scope2,
		complete: answer.complete,
		siteNumber: answer.siteNumber,
		size: entries.size,
		entriesRoot: toHex(entries.entriesRoot),
		ranges: entries.ranges.map(({urn, first, last}) => ({urn, first, last})),
		...(replaces === undefined ? {} : {replaces}),
	};
	const read = readReport(body);
	return 'problem' in read ? read : {value: {body, value: read.value.totalMg}};
}

export function readReport(body: StatementBody): Checked<Report> {
	return checked(() => {
		const report = membersOf(body, 'the report');
		report.only('fromMs', 'toMs', 'totalMg', 'scopes', 'scope2', 'complete', 'siteNumber', 'size', 'entriesRoot', 'ranges', 'replaces');
		const [fromMs, toMs] = [report.whole('fromMs', 0, timeMsMax), report.whole('toMs', 0, timeMsMax)];
		if (toMs <= fromMs) bodyProblem('the report: it ends before it begins');
		const totalMg = BigInt(report.pattern('totalMg', /^(?:0|[1-9]\d{0,18})$/, 'a whole number of mg CO2e, as text'));
		if (totalMg > totalMgMax) bodyProblem('the report: its total is more than an entry holds');
		const scopes = report.list('scopes', 3, item =>
			item === 1 || item === 2 || item === 3 ? item : bodyProblem('the report: a scope is 1, 2 or 3'),
		);
		if (body.complete !== true && body.complete !== false) bodyProblem('the report: complete is neither true nor false');
		const ranges = report.list('ranges', siteChannelsMax, item => {
			const range = membersOf(item, 'a range of the report');
			range.only('urn', 'first', 'last');
			const [first, last] = [range.whole('first', 1, 2 ** 48 - 1), range.whole('last', 0, 2 ** 48 - 1)];
			if (last < first && !(first === 1 && last === 0)) bodyProblem('a range of the report: it ends before it begins');
			return {urn: range.text('urn', 256), first, last};
		});
		return {
			fromMs,
			toMs,
			totalMg,
			scopes,
			scope2: report.oneOf('scope2', ['location', 'market']),
			complete: body.complete as boolean,
			siteNumber: report.whole('siteNumber', 1, Number.MAX_SAFE_INTEGER),
			size: report.whole('size', 0, Number.MAX_SAFE_INTEGER),
			entriesRoot: fromHex(report.pattern('entriesRoot', /^[0-9a-f]{64}$/, '32 bytes in hexadecimal'))!,
			ranges,
			replaces: report.wholeMaybe('replaces', 1, Number.MAX_SAFE_INTEGER),
		};
	});
}
