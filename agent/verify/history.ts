// Checks a history: the entries of one channel for a period, each with its proof under the same checkpoint.

import {toBase64} from '../base/bytes.ts';
import {decodeEntry, entryLeafHash, entryProblem} from '../format/entry.ts';
import {type History, parseHistory} from '../format/history.ts';
import type {Trust} from '../format/trust.ts';
import {checkAnchors, claimedAnchors} from './anchors.ts';
import {createChannelCheck} from './channel.ts';
import {describeEntry} from './facts.ts';
import {checkCompleteness, checkOrder, checkPeriod, type Placed} from './order.ts';
import {createPathChecker} from './paths.ts';
import type {Needs} from './receipt.ts';
import {type Check, conclude, fail, isCommitted, noFacts, pass, skipped, type Verdict} from './verdict.ts';

const afterForm = ['entry', 'checkpoint', 'signature', 'inclusion', 'channel', 'order', 'period', 'completeness', 'pinned'] as const;

export async function verifyHistory({hasher, checkHead, chain}: Needs, bytes: Uint8Array, trust: Trust): Promise<Verdict> {
	const parsed = parseHistory(hasher, bytes);
	if ('problem' in parsed) {
		const rest = afterForm.map(name => skipped(name, 'the history could not be read'));
		return conclude('history', [fail('form', parsed.problem), ...rest], noFacts);
	}
	const history = parsed.value;
	const checks: Check[] = [pass('form', 'it is whole and canonical')];
	const {check, placed} = readEntries(history);
	checks.push(check);

	const {checks: headChecks, head} = await checkHead(history.checkpoint, trust);
	checks.push(...headChecks);
	if (head === undefined) {
		checks.push(skipped('inclusion', 'there is no checkpoint to lead to'), skipped('channel', 'there is no checkpoint to name the log'));
	} else {
		const leadsToRoot = createPathChecker(hasher, head);
		const lost = history.entries.find(({index, entry, path}) => !leadsToRoot(index, entryLeafHash(hasher, entry), path));
		checks.push(
			history.entries.length === 0
				? skipped('inclusion', 'it has no entries')
				: lost === undefined
					? pass('inclusion', `all ${history.entries.length} entries are in the tree of size ${head.size}`)
					: fail('inclusion', `the path does not show that the entry is at index ${lost.index} with the checkpoint's root`),
		);
		checks.push(checkChannel());
	}
	if (placed === undefined) {
		checks.push(...(['order', 'period', 'completeness'] as const).map(name => skipped(name, 'the entries could not be read')));
	} else checks.push(checkOrder(placed), checkPeriod(placed, history.fromMs, history.toMs), checkCompleteness(placed));

	const [first, last] = [placed?.[0], placed?.at(-1)];
	const facts = {
		...noFacts,
		origin: head?.origin,
		size: head?.size,
		root: head && toBase64(head.root),
		channel: history.subject.urn,
		history: {
			fromMs: history.fromMs,
			toMs: history.toMs,
			entries: history.entries.length,
			first: first && describeEntry(first.entry, first.index),
			last: last && describeEntry(last.entry, last.index),
		},
		anchors: claimedAnchors(history.anchors),
	};
	if (head === undefined || !isCommitted(checks)) {
		const reason = history.entries.length === 0 ? 'nothing is shown to be in the log' : 'a check before it failed';
		const names = ['pinned', ...history.anchors.map(() => 'anchor' as const)] as const;
		checks.push(...names.map(name => skipped(name, reason)));
		return conclude('history', checks, facts);
	}
	const anchors = await checkAnchors(history.anchors, head, trust, chain);
	checks.push(...anchors.checks);
	return conclude('history', checks, {...facts, anchors: anchors.facts}, anchors.outside);

	function checkChannel(): Check {
		if (head === undefined || placed === undefined) return skipped('channel', 'the entries could not be read');
		if (placed.length === 0) return skipped('channel', 'it has no entries');
		const channelProblem = createChannelCheck(hasher, history.subject, head.origin);
		for (const {index, entry} of placed) {
			const wrong = channelProblem(entry);
			if (wrong !== undefined) return fail('channel', `index ${index}: ${wrong}`);
		}
		return pass('channel', `all entries are of ${history.subject.urn}`);
	}
}

function readEntries(history: History): {readonly check: Check; readonly placed: readonly Placed[] | undefined} {
	const placed: Placed[] = [];
	for (const {index, entry} of history.entries) {
		const problem = entryProblem(entry);
		if (problem !== undefined) return {check: fail('entry', `index ${index}: ${problem}`), placed: undefined};
		placed.push({index, entry: decodeEntry(entry)});
	}
	if (placed.length === 0) return {check: skipped('entry', 'it has no entries'), placed};
	return {check: pass('entry', `${placed.length} entries can be read`), placed};
}
