// kedge verify: checks receipts, histories, disclosures and evidence packages against a trust file, offline unless it is given a chain to ask.

import {openChainReader} from '../anchoring.ts';
import {fromBase64, toBase64, toHex} from '../base/bytes.ts';
import {verifyDeviceSignature} from '../base/device-signature.ts';
import {replaceFile} from '../base/durable.ts';
import {verifyEd25519} from '../base/ed25519.ts';
import {AgentError, describeError} from '../base/errors.ts';
import {nodeHasher} from '../base/hash-node.ts';
import {answerCsv, answerText, checkCovers} from '../covering.ts';
import {historyLengthMax} from '../format/history.ts';
import {formatTrust, type PinnedAnchor, parseTrust, type Trust} from '../format/trust.ts';
import {isPackageFile, verifyPackageFile} from '../packing.ts';
import {verifierDigest} from '../verifier-digest.ts';
import type {ChainReader} from '../verify/anchors.ts';
import {historyTable} from '../verify/table.ts';
import {type Strength, type Verdict, verdictText} from '../verify/verdict.ts';
import {createVerifier} from '../verify/verifier.ts';
import {type Command, exitCodes, type Io, isSet, textOf, usageError} from './command.ts';
import {readInput, readTrust, trustOption} from './input.ts';
import {readBytes} from './lines.ts';
import {writeDocument} from './output.ts';
import {createProgress} from './progress.ts';

/** From nothing upwards. */
const strengths: readonly Strength[] = ['none', 'committed', 'anchored', 'final'];

/** Rows of a table of an answer that a terminal shows. */
const rowsShown = 24;

export const verifyCommand: Command = {
	name: 'verify',
	usage: 'FILE…',
	takesWords: true,
	details: [
		'Says what was checked, what was skipped and why, and how strong the evidence is. It needs the trust file of the log, which',
		'you should have from somewhere you trust, and nothing else: no agent, no network. With --rpc it also asks a chain. A FILE',
		'that is - is standard input. Of an evidence package the answer is computed anew from its entries, and printed; it is read from a file only.',
		'With --rpc and --pin, anchors that this chain reports as final are added to the trust file: from then on their files verify as',
		'anchored without a network; kedge trust pin keeps blocks instead, under which files with a proof of their own verify as final. You',
		'vouch for what you pin: use a node that you trust. Exit code 0 if every file is good and as',
		'strong as --require wants, 1 if not, 3 if --rpc was given and no node answered for an anchor that stands in a file.',
	],
	options: {
		...trustOption,
		rpc: {type: 'string', value: 'URL', help: 'ask this node about anchors', multiple: true},
		pin: {type: 'boolean', help: 'keep the anchors that --rpc showed to be final in the trust file'},
		require: {type: 'string', value: 'STRENGTH', help: 'committed, anchored or final: weaker files are not good enough'},
		csv: {
			type: 'string',
			value: 'FILE',
			help: 'write the entries of the one history named, or the rows of the answer of the one package, if it is good, as a table to this new file',
		},
		json: {type: 'boolean', help: 'print the verdicts as JSON, one a line'},
	},
	run: async ({values, positionals}, io) => {
		if (positionals.length === 0) throw usageError(verifyCommand, 'takes at least one file');
		if (isSet(values, 'pin') && values.rpc === undefined)
			throw usageError(verifyCommand, '--pin needs --rpc: only what a chain showed is kept');
		const {path: trustPath, trust} = await readTrust(values);
		const csvPath = textOf(values, 'csv');
		if (csvPath !== undefined && positionals.length > 1) throw usageError(verifyCommand, '--csv takes one file');
		const required = strengths.indexOf((textOf(values, 'require') ?? 'committed') as Strength);
		if (required < 1) throw usageError(verifyCommand, '--require is none of committed, anchored, final');
		const urls = (values.rpc ?? []) as readonly string[];
		await using chain = urls.length === 0 ? undefined : openChainReader(urls);
		let silent = 0;
		let unanswered = 0;
		const asking: ChainReader | undefined = chain && {
			readBlock: chain.readBlock,
			readAnchor: async (...asked) => {
				const sight = await chain.readAnchor(...asked);
				if (sight.found === 'unreachable') silent += 1;
				return sight;
			},
		};
		const verifier = createVerifier({hasher: nodeHasher, verifySignature: verifyEd25519, verifyDeviceSignature, chain: asking});
		let allGood = true;
		let unread = 0;
		const pins: PinnedAnchor[] = [];
		let table: string | undefined;
		const progress = createProgress(io);
		const onProgress = (done: number, all: number): void => progress.show('checking entries', done, all);
		for (const path of positionals) {
			const before = silent;
			let verdict: Verdict;
			try {
				// A package may be larger than what is taken into memory at once.
				if (path !== '-' && (await isPackageFile(path)))
					verdict = await verifyPackageFile(path, trust, {chain: asking, onProgress}).finally(progress.end);
				else {
					const bytes = path === '-' ? await readBytes(path, historyLengthMax) : await readInput(path);
					if (path === '-' && bytes[0] === 0x50 && bytes[1] === 0x4b)
						throw usageError(verifyCommand, 'an evidence package is read from a file, not from standard input');
					verdict = await verifier.verify(bytes, trust);
					if (csvPath !== undefined) table = historyTable(nodeHasher, bytes);
				}
			} catch (error) {
				// The others still get their verdicts.
				io.error(`kedge: ${describeError(error)}\n`);
				unread += 1;
				continue;
			}
			const answered = verdict.facts.package;
			if (csvPath !== undefined && answered !== undefined) table = answerCsv(answered.answer);
			const covers = verdict.good && answered !== undefined && path !== '-' ? await checkCovers(path) : undefined;
			const own = answered === undefined ? undefined : toHex(await verifierDigest());
			// A pin says as much as a node would.
			if (silent > before && verdict.strength === 'committed') unanswered += 1;
			allGood &&= verdict.good && strengths.indexOf(verdict.strength) >= required && covers?.isFalse !== true;
			if (verdict.good && strengths.indexOf(verdict.strength) < required)
				io.error(`kedge: ${path} is ${verdict.strength}, not ${strengths[required]}\n`);
			if (verdict.good && verdict.facts.anchors.length === 0 && (urls.length > 0 || required > 1))
				io.error(`kedge: ${path} names no anchor: it was made before one covered it, so ask for it again\n`);
			if (isSet(values, 'pin')) pins.push(...finalAnchors(verdict));
			if (isSet(values, 'json'))
				io.out(`${JSON.stringify({file: path, ...verdict, ...(covers && {covers: covers.covers}), ...(own && {verifierSha256: own})})}\n`);
			else {
				const answer =
					answered === undefined
						? ''
						: `\n${verdict.good ? 'Its answer' : 'Its answer, WHICH IS NOT SHOWN to follow'}:\n${answerText(answered, rowsShown)}`;
				const lines = covers?.covers.map(({name, state, reason}) => `  ${state.padEnd(8)}  ${name.padEnd(14)} ${reason}\n`).join('');
				io.out(
					`${path}\n${verdictText(verdict, {withAnswer: false})}${lines ?? ''}${verifierLine(own, answered?.verifierSha256)}${answer}${positionals.length > 1 ? '\n' : ''}`,
				);
			}
		}
		if (csvPath !== undefined && unread === 0 && allGood) {
			if (table === undefined)
				throw usageError(verifyCommand, `--csv is for a history, or a package whose answer has rows, which ${positionals[0]} is not`);
			await writeDocument(io, table, csvPath);
		}
		if (isSet(values, 'pin')) await pin(trustPath, trust, pins, io);
		if (unread > 0) return exitCodes.drop;
		if (!allGood) return exitCodes.no;
		if (unanswered > 0) io.error(`kedge: no node answered for the anchors of ${unanswered} of the files\n`);
		return unanswered > 0 ? exitCodes.retry : exitCodes.ok;
	},
};

/** Whether it was checked with the verifier that its maker had. Another one may check as well: what it comes to is the verdict. */
function verifierLine(own: string | undefined, makers: string | undefined): string {
	if (own === undefined) return '';
	const which = makers === own ? 'the one that its maker had' : makers === undefined ? 'its maker names none' : `its maker had ${makers}`;
	return `  ${(makers === own ? 'same' : 'other').padEnd(8)}  ${'verifier'.padEnd(14)} SHA-256 ${own}; ${which}\n`;
}

/** The anchors of a good verdict that a chain reported as final. */
function finalAnchors({good, facts}: Verdict): PinnedAnchor[] {
	const {origin, size} = facts;
	const root = facts.root === undefined ? undefined : fromBase64(facts.root);
	if (!good || origin === undefined || size === undefined || root === undefined) return [];
	const shown = facts.anchors.filter(({state, shownBy}) => state === 'final' && shownBy === 'node');
	return shown.map(({chainId, registry}) => ({chainId, registry, origin, size, root}));
}

/** Adds anchors to the trust file and says so; a power cut leaves the old file or the new one. */
async function pin(path: string, trust: Trust, found: readonly PinnedAnchor[], io: Io): Promise<void> {
	const name = (anchor: PinnedAnchor): string => `size ${anchor.size} of ${anchor.origin} on chain ${anchor.chainId} at ${anchor.registry}`;
	const keyOf = (anchor: PinnedAnchor): string => `${name(anchor)} ${toBase64(anchor.root)}`;
	const known = new Set(trust.anchors.map(keyOf));
	// Many files share a checkpoint.
	const added = found.filter(anchor => !known.has(keyOf(anchor)) && known.add(keyOf(anchor)));
	if (added.length === 0) {
		io.error(`nothing new to pin in ${path}\n`);
		return;
	}
	const text = formatTrust({...trust, anchors: [...trust.anchors, ...added]});
	// The file that is written must be one that is read.
	const read = parseTrust(nodeHasher, Buffer.from(text));
	if ('problem' in read) throw new AgentError('FORMAT_INVALID', `${path} takes no more anchors: ${read.problem}`);
	await replaceFile(path, text, 0o644);
	for (const anchor of added) io.error(`pinned ${name(anchor)} in ${path}\n`);
}
