// Turns the manifest of an evidence package into the page that people read first: what is asked, what the answer is, what it rests on, and what it does not show.

import {toBase64, toHex} from '../base/bytes.ts';
import {parseCheckpoint} from '../format/checkpoint.ts';
import type {EvidenceManifest, PackageBeacon, PackageSubject} from '../format/evidence-package.ts';
import {answerBlocks} from './answer.ts';
import type {Block, Cover, CoverLanguage, Section, SectionName, Table} from './document.ts';
import {durationText, figureText, groupedText, timeText} from './figure.ts';
import {termOf} from './labels.ts';
import {type Words, wordsOf} from './words.ts';

/** An answer that counts whatever comes later names a time beyond all calendars as its end: the year 5000. */
const openEndMs = 95_617_584_000_000;

/** A longer table stands in the annex. */
export const rowsInTextMax = 26;
/** Rows of one table in the annex: about fifty pages. The others are in the manifest. */
export const rowsInAnnexMax = 2000;
/** Rows of tables that are not the answer's: devices, channels, statements, gaps, files. */
export const rowsElsewhereMax = 200;
/** What a QR code holds that a telephone reads from paper; a longer checkpoint, with many signatures, is shown without them. */
const codeLengthMax = 420;

/** Covers of packages are made again to be compared, so those that were made before must still be known: when what a cover says of the same manifest changes, it is another edition. The newest is first. */
export const coverEditions = [2, 1] as const;
export type CoverEdition = (typeof coverEditions)[number];

/** The whole page in one language. A pure function: whoever has the manifest can make it again. */
export function coverOf(manifest: EvidenceManifest, language: CoverLanguage, edition: CoverEdition = coverEditions[0]): Cover {
	const words = wordsOf[language];
	const {question, origin} = manifest;
	const head = parseCheckpoint(manifest.checkpoint);
	const count = (value: number): string => groupedText(String(value));
	const period = [timeText(question.fromMs), timeText(question.toMs)] as const;
	const size = count(head?.size ?? 0);
	const {blocks: answer, annex} = split(answerBlocks(manifest.answer, language), words);
	const blocks: Readonly<Record<SectionName, readonly Block[]>> = {
		question: [
			{is: 'text', text: words.question[question.about](question.id, ...period)},
			{
				is: 'facts',
				rows: [
					[words.questionFacts.about, words.about[question.about]],
					[words.questionFacts.id, question.id],
					[words.questionFacts.from, period[0]],
					[words.questionFacts.to, period[1]],
					[words.questionFacts.made, timeText(manifest.madeAtMs)],
				],
			},
		],
		answer: [...answer, {is: 'text', text: words.answerBy(manifest.method.ledger, manifest.method.ledgerVersion, count(manifest.entries))}],
		origin: originBlocks(manifest, language, edition),
		making: makingBlocks(manifest, words),
		unchanged: unchangedBlocks(manifest, words),
		missing: missingBlocks(manifest, language),
		witness: [
			{is: 'text', text: words.witness.lead},
			{is: 'heading', text: words.witness.form},
			{is: 'list', items: words.witness.statements},
			{is: 'blanks', rows: words.witness.blanks},
		],
		check: [
			{is: 'list', items: words.check.steps},
			{is: 'code', lines: words.check.lines},
			...[...words.check.after, ...(edition === 1 ? [] : [words.check.page])].map(text => ({is: 'text', text}) satisfies Block),
		],
		limits: [{is: 'list', items: words.limits}],
		rules: [{is: 'text', text: words.rules.lead}, table(words.rules.table, words.rules.columns, words.rules.rows, words)],
		rows: annex,
	};
	const sections: Section[] = [];
	for (const [name, title] of Object.entries(words.sections) as [SectionName, string][]) {
		// The annex is there only if there is something in it.
		if (name === 'rows' && annex.length === 0) continue;
		sections.push({name, title: name === 'rows' ? title : `${sections.length + 1}. ${title}`, blocks: blocks[name]});
	}
	return {
		language,
		title: words.title,
		subtitle: words.subtitle(words.about[question.about], question.id, ...period),
		head: [
			[words.head.log, origin],
			[words.head.size, `${size} (${manifest.anchors.length > 0 ? words.head.anchored : words.head.notAnchored})`],
			[words.head.root, head === undefined ? '–' : toHex(head.root)],
			[words.head.made, timeText(manifest.madeAtMs)],
		],
		code: codeOf(manifest.checkpoint),
		codeCaption: words.codeCaption,
		sections,
		footer: words.footer(origin, size),
		pageText: words.page,
	};
}

function codeOf(note: string): string {
	if (note.length <= codeLengthMax) return note;
	return note.slice(0, note.indexOf('\n\n') + 1).slice(0, codeLengthMax);
}

/** Long tables go behind everything else, and what they are too long for even there is said. */
function split(blocks: readonly Block[], words: Words): {readonly blocks: Block[]; readonly annex: Block[]} {
	const annex: Block[] = [];
	const shown = blocks.map((block): Block => {
		if (block.is !== 'table' || block.table.rows.length <= rowsInTextMax) return block;
		const {title, rows} = block.table;
		const count = groupedText(String(rows.length));
		const rest = rows.length <= rowsInAnnexMax ? undefined : words.rowsNotAll(groupedText(String(rowsInAnnexMax)), count);
		annex.push({is: 'table', table: {...block.table, rows: rows.slice(0, rowsInAnnexMax), rest}});
		return {is: 'text', text: words.rowsElsewhere(title, count)};
	});
	return {blocks: shown, annex};
}

function table(
	title: string,
	columns: readonly string[],
	rows: readonly (readonly string[])[],
	words: Words,
	numbers: readonly number[] = [],
): Block {
	const count = groupedText(String(rows.length));
	const rest = rows.length <= rowsElsewhereMax ? undefined : words.rowsNotAll(groupedText(String(rowsElsewhereMax)), count);
	const made: Table = {
		title,
		columns: columns.map((name, i) => ({title: name, isNumber: numbers.includes(i)})),
		rows: rows.slice(0, rowsElsewhereMax),
		rest,
	};
	return {is: 'table', table: made};
}

const shortUrn = (urn: string): string => urn.replace(/^urn:kedge:/, '');
const numbersText = ({firstNumber, lastNumber, count}: PackageSubject): string =>
	count === 0 ? '–' : `${groupedText(String(firstNumber))}–${groupedText(String(lastNumber))}`;

const verdicts: Readonly<Record<string, string>> = {'1': 'good', '2': 'excursion', '3': 'indeterminate'};

/** What the entry of a statement says by itself: the total of a report, and a verdict. All others say nothing there. */
function statedValue(says: string, value: string, language: CoverLanguage): string | undefined {
	if (says === 'report') return figureText('totalMgCo2e', value, language);
	if (says === 'verdict' && Object.hasOwn(verdicts, value)) return termOf(verdicts[value]!, language);
	return value === '0' ? undefined : value;
}

function originBlocks(manifest: EvidenceManifest, language: CoverLanguage, edition: CoverEdition): Block[] {
	const words = wordsOf[language];
	const {origin, firstEdition} = words;
	const {devices, channels, accounts, agent, absent, clock} = manifest;
	const count = (value: number): string => groupedText(String(value));
	const agentNumbers = [count(agent.firstNumber), count(agent.lastNumber)] as const;
	const blocks: Block[] = [{is: 'text', text: origin.lead}];
	const identities = devices.flatMap(({subject, identities: own}) =>
		own.map(({event, statedAtMs, key, certificate, calibration}) => [
			shortUrn(subject.urn).replace(/^device:/, ''),
			termOf(event, language),
			timeText(statedAtMs),
			key ?? origin.none,
			certificate?.sha256 ?? origin.none,
			calibration === undefined ? origin.none : origin.calibration(calibration.number, calibration.notBefore, calibration.notAfter),
		]),
	);
	if (identities.length === 0) blocks.push({is: 'text', text: origin.noDevices});
	else blocks.push(table(origin.devices, origin.deviceColumns, identities, words));
	blocks.push(
		table(
			origin.channels,
			origin.channelColumns,
			channels.map(channel => [
				shortUrn(channel.subject.urn).replace(/^device:/, ''),
				termOf(channel.quantity, language),
				count(channel.count),
				numbersText(channel),
				channel.tallyNumber === undefined ? origin.none : count(channel.tallyNumber),
				channel.fromMs <= 0 ? origin.none : timeText(channel.fromMs),
				channel.toMs >= openEndMs ? origin.none : timeText(channel.toMs),
			]),
			words,
			[2, 4],
		),
	);
	if (absent.length > 0) blocks.push({is: 'notice', tone: 'unsure', text: origin.absent(absent.slice(0, 50).map(shortUrn).join(', '))});
	const statements = accounts.flatMap(account =>
		account.statements.map(({index, number, says, statedAtMs, value}) => [
			shortUrn(account.subject.urn),
			count(number),
			termOf(says, language),
			timeText(statedAtMs),
			statedValue(says, value, language) ?? origin.none,
			count(index),
		]),
	);
	if (statements.length > 0) blocks.push(table(origin.statements, origin.statementColumns, statements, words, [1, 4, 5]));
	blocks.push({is: 'heading', text: origin.clock}, {is: 'text', text: origin.clockLead});
	const starts = clock.starts.map(({index, arrivedAtMs, agent, synchronisation}) => [
		timeText(arrivedAtMs),
		agent ?? origin.none,
		synchronisation === undefined ? origin.none : termOf(synchronisation, language),
		count(index),
	]);
	if (starts.length === 0) blocks.push({is: 'text', text: edition === 1 ? firstEdition.noStarts : origin.noStarts(...agentNumbers)});
	else blocks.push(table(origin.starts, origin.startColumns, starts, words, [3]));
	const steps = clock.steps.map(({index, arrivedAtMs, expectedMs, foundMs, synchronisation}) => [
		timeText(arrivedAtMs),
		expectedMs === undefined ? origin.none : timeText(expectedMs),
		foundMs === undefined ? origin.none : timeText(foundMs),
		synchronisation === undefined ? origin.none : termOf(synchronisation, language),
		count(index),
	]);
	if (steps.length === 0) blocks.push({is: 'text', text: edition === 1 ? firstEdition.noSteps : origin.noSteps(...agentNumbers)});
	else blocks.push(table(origin.steps, origin.stepColumns, steps, words, [4]));
	const block = ({blockNumber, chainId, blockTimeS}: PackageBeacon): string =>
		origin.block(count(blockNumber), String(chainId), timeText(blockTimeS * 1000));
	const {beaconBefore: before, beaconAfter: after} = clock;
	if (before !== undefined && after !== undefined) blocks.push({is: 'text', text: origin.between(block(before), block(after))});
	else if (before !== undefined) blocks.push({is: 'text', text: origin.onlyAfter(block(before))});
	else if (after !== undefined) blocks.push({is: 'text', text: origin.onlyBefore(block(after))});
	else blocks.push({is: 'text', text: origin.noBeacon});
	return blocks;
}

function makingBlocks({method, arrivals}: EvidenceManifest, {making}: Words): Block[] {
	const {facts} = making;
	return [
		{is: 'list', items: making.steps},
		{
			is: 'facts',
			rows: [
				[facts.program, method.program],
				[facts.ledger, `${method.ledger} ${method.ledgerVersion}`],
				[facts.verifier, method.verifierSha256 === undefined ? facts.noVerifier : toHex(method.verifierSha256)],
				[facts.arrivals, arrivals === 'all' ? facts.arrivalsAll : facts.arrivalsCorrections],
			],
		},
	];
}

function unchangedBlocks(manifest: EvidenceManifest, words: Words): Block[] {
	const {unchanged} = words;
	const count = (value: number): string => groupedText(String(value));
	const head = parseCheckpoint(manifest.checkpoint);
	const blocks: Block[] = [
		{is: 'text', text: unchanged.lead},
		{
			is: 'facts',
			rows: [
				[unchanged.facts.entries, count(manifest.entries)],
				[unchanged.facts.size, head === undefined ? '–' : count(head.size)],
				[unchanged.facts.root, head === undefined ? '–' : toBase64(head.root)],
				[unchanged.facts.tally, manifest.tally === undefined ? unchanged.tallyNo : unchanged.tallyYes],
			],
		},
		{is: 'heading', text: unchanged.checkpoint},
		{is: 'code', lines: manifest.checkpoint.trimEnd().split('\n')},
	];
	if (manifest.anchors.length === 0) blocks.push({is: 'notice', tone: 'unsure', text: unchanged.noAnchors});
	else {
		const rows = manifest.anchors.map(({chainId, blockNumber, blockTime, transactionHash, registry}) => [
			String(chainId),
			count(blockNumber),
			timeText(blockTime * 1000),
			transactionHash,
			registry,
		]);
		blocks.push(table(unchanged.anchors, unchanged.anchorColumns, rows, words), {is: 'text', text: unchanged.anchorText});
	}
	const files = manifest.files.map(({name, length, sha256, sm3}) => [name, count(length), toHex(sha256), toHex(sm3)]);
	if (files.length > 0) blocks.push(table(unchanged.files, unchanged.fileColumns, files, words, [1]));
	return blocks;
}

function missingBlocks(manifest: EvidenceManifest, language: CoverLanguage): Block[] {
	const words = wordsOf[language];
	const {missing} = words;
	const count = (value: number): string => groupedText(String(value));
	const blocks: Block[] = [{is: 'text', text: missing.lead}];
	const subjects: PackageSubject[] = [...manifest.channels, ...manifest.accounts];
	if (manifest.tally === undefined) blocks.push({is: 'notice', tone: 'unsure', text: missing.noTally});
	else {
		const open = subjects.filter(({lastNumber, tallyNumber}) => tallyNumber !== lastNumber);
		if (open.length === 0) blocks.push({is: 'notice', tone: 'good', text: missing.allThere(count(subjects.length))});
		else
			blocks.push({
				is: 'notice',
				tone: 'unsure',
				text: missing.notAll(
					open
						.slice(0, 50)
						.map(({subject}) => shortUrn(subject.urn))
						.join(', '),
				),
			});
	}
	const {gaps, silences} = manifest.gapCounts;
	if (gaps + silences === 0) blocks.push({is: 'text', text: missing.noGaps});
	else {
		const rows = manifest.gaps.map(({urn, note, index, arrivedAtMs, value}) => [
			shortUrn(urn).replace(/^device:/, ''),
			note === 'gap' ? missing.gap(groupedText(value)) : missing.silence(durationText(Number(value), language)),
			timeText(arrivedAtMs),
			count(index),
		]);
		const shown = rows.slice(0, rowsElsewhereMax);
		const rest = shown.length < gaps + silences ? missing.gapRest(count(shown.length), count(gaps + silences)) : undefined;
		const columns = missing.gapColumns.map((title, i) => ({title, isNumber: i === 3}));
		blocks.push(
			{is: 'text', text: missing.counts(count(gaps), count(silences))},
			{is: 'table', table: {title: missing.gapTable, columns, rows: shown, rest}},
		);
	}
	const {counts, shown} = manifest.refusals;
	if (counts.length === 0) blocks.push({is: 'text', text: missing.noRefusals});
	else {
		const rows = counts.map(one => [one.reason, count(one.count)]);
		blocks.push(table(missing.refusals, missing.refusalColumns, rows, words, [1]), {is: 'text', text: missing.refusalLead(count(shown))});
	}
	return blocks;
}
