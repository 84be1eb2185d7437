// Looks at what a fault left of a log: opens it as the agent would, judges it by the account, audits it, and appends to it.

import {createHash} from 'node:crypto';
import {systemClock} from '../../agent/base/clock.ts';
import {describeError} from '../../agent/base/errors.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {kinds} from '../../agent/format/entry.ts';
import type {Log} from '../../agent/log/log.ts';
import {openLogReader} from '../../agent/log/reader.ts';
import {auditSite} from '../../agent/reading.ts';
import {judge, type Verdict} from '../../agent/simulation.ts';
import {sitePaths} from '../../agent/site.ts';
import {openSiteLog} from '../helpers/site-log.ts';

/** A signed head that somebody outside has seen; root in hexadecimal. */
export type Head = {readonly size: number; readonly root: string};

export type Examination = {
	readonly folder: string;
	readonly accountPath: string;
	readonly heads: readonly Head[];
	/** Readings that the account says were acknowledged: what is lost if the log does not open. */
	readonly acknowledged: number;
};

export type Findings = {
	readonly size: number;
	readonly missing: number;
	readonly twice: number;
	readonly forks: number;
	readonly acknowledged: number;
	readonly problems: readonly string[];
};

const entryBytes = 118;
const entriesPerPage = 4096;

const sha256 = (...parts: readonly Uint8Array[]): Buffer => {
	const hash = createHash('sha256');
	for (const part of parts) hash.update(part);
	return hash.digest();
};

/** The roots of some sizes of a log, from its entries alone [RFC 9162 §2.1.1], with none of the log's own code for trees. */
async function rootsOf(
	path: string,
	sizes: readonly number[],
): Promise<{readonly size: number; readonly roots: ReadonlyMap<number, string>}> {
	const wanted = new Set(sizes);
	const roots = new Map<number, string>();
	await using reader = await openLogReader({path, hasher: nodeHasher});
	const size = (await reader.head())?.size ?? 0;
	/** Roots of whole subtrees, the largest first. */
	const peaks: {readonly level: number; readonly hash: Buffer}[] = [];
	for (let begin = 0; begin < size; begin += entriesPerPage) {
		const page = await reader.entries(begin, Math.min(size, begin + entriesPerPage));
		for (let at = 0; at < page.length; at += entryBytes) {
			let peak = {level: 0, hash: sha256(Uint8Array.of(0), page.subarray(at, at + entryBytes))};
			for (let left = peaks.at(-1); left?.level === peak.level; left = peaks.at(-1)) {
				peaks.pop();
				peak = {level: peak.level + 1, hash: sha256(Uint8Array.of(1), left.hash, peak.hash)};
			}
			peaks.push(peak);
			const reached = begin + at / entryBytes + 1;
			if (!wanted.has(reached)) continue;
			roots.set(
				reached,
				peaks
					.map(({hash}) => hash)
					.reduceRight((right, left) => sha256(Uint8Array.of(1), left, right))
					.toString('hex'),
			);
		}
	}
	return {size, roots};
}

/** Appends one reading to a channel that is there, as the front door would. */
async function appendOne(log: Log): Promise<void> {
	const channel = log.channels().find(({quantity}) => quantity !== 0);
	if (channel === undefined) {
		log.note(1, {note: 'start', agent: 'examination', node: process.version, platform: process.platform}, 0n);
		await log.settled();
		return;
	}
	await new Promise<void>((resolve, reject) => {
		log.append(
			{
				record: Buffer.from('examination'),
				arrivedAtMs: systemClock.nowMs(),
				drafts: [
					{
						channel,
						kind: kinds.reading,
						quantity: channel.quantity,
						exponent: channel.exponent,
						quality: 0,
						value: 1n,
						measuredAtMs: 1,
						span: 0,
						session: 'examination',
						key: 1,
						keyTop: 1,
					},
				],
			},
			failure => (failure === undefined ? resolve() : reject(failure)),
		);
	});
}

/** Says what the judge found, and what the agent says that it refused: such a message is kept, and still no reading. */
async function whatIsWrong(logPath: string, accountPath: string, {missing, twice, unexpected, unnoted}: Verdict): Promise<string[]> {
	const {examples} = await judge({logPath, accountPath, examplesMax: 100_000});
	await using reader = await openLogReader({path: logPath, hasher: nodeHasher});
	const refused = [...(await reader.counters())].filter(([name]) => name.startsWith('refused')).map(([name, count]) => `${count} ${name}`);
	return [
		`${missing} acknowledged readings are missing, ${twice} are there too often, ${unexpected} should have been refused, ${unnoted} gaps are not noted; counters: ${refused.join(', ') || 'nothing refused'}`,
		...examples.filter(sentence => !sentence.includes('beyond the anchored size')).slice(0, 5),
	];
}

export async function examine({folder, accountPath, heads, acknowledged}: Examination): Promise<Findings> {
	const paths = sitePaths(folder);
	const problems: string[] = [];
	const counts = {size: 0, missing: 0, twice: 0, forks: 0, acknowledged};
	try {
		const log = await openSiteLog(paths);
		const before = log.checkpoint();
		counts.size = before?.size ?? 0;
		try {
			const verdict = await judge({logPath: paths.log, accountPath});
			counts.missing = verdict.missing;
			counts.twice = verdict.twice + verdict.unexpected;
			counts.acknowledged = verdict.acknowledged;
			if (verdict.missing + verdict.twice + verdict.unexpected + verdict.unnoted > 0)
				problems.push(...(await whatIsWrong(paths.log, accountPath, verdict)));
			await appendOne(log);
			const after = log.checkpoint();
			const known = [before, after]
				.filter(head => head !== undefined)
				.map(({size, root}) => ({size, root: Buffer.from(root).toString('hex')}));
			if (after === undefined || after.size <= counts.size) problems.push('a further reading did not make the log longer');
			const {size, roots} = await rootsOf(
				paths.log,
				[...heads, ...known].map(head => head.size),
			);
			for (const head of [...heads, ...known]) {
				if (head.size === 0 || roots.get(head.size) === head.root) continue;
				counts.forks += 1;
				problems.push(
					head.size > size
						? `a head of size ${head.size} was seen outside, the log has ${size}`
						: `at size ${head.size} the root was ${head.root}, now ${roots.get(head.size)}`,
				);
			}
		} finally {
			await log[Symbol.asyncDispose]();
		}
		problems.push(...(await auditSite(paths)).problems.slice(0, 5).map(problem => `audit: ${problem}`));
	} catch (error) {
		// What cannot be opened and read is gone, whatever its bytes are.
		counts.missing = Math.max(counts.missing, acknowledged);
		problems.push(`the log does not open: ${describeError(error)}`);
	}
	return {...counts, problems};
}
