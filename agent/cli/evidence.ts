// kedge evidence: packs what answers a question on a site, a shipment or a device into one file; or checks the evidence of a slot of an energy market.

import {type CoverLanguage, coverLanguages, makeCovers} from '../covering.ts';
import {certificatesAt} from '../energy-certificates.ts';
import {checkEvidenceFile} from '../evidence.ts';
import type {PackageQuestion} from '../format/evidence-package.ts';
import {type PackProgress, packEvidence} from '../packing.ts';
import {spanOfShipment} from '../shipping.ts';
import {openSite, type SitePaths} from '../site.ts';
import {type Command, configDefault, configOption, exitCodes, type Io, isSet, textOf, timeOf, usageError, type Values} from './command.ts';
import {epochOption, pathsOf} from './epochs.ts';
import {readInput, readTrust, trustOption} from './input.ts';
import {createProgress} from './progress.ts';

/** A slot of ten thousand meters names four receipts each. */
const receiptsMax = 50_000;

const hourMs = 3_600_000;
const abouts = ['site', 'shipment', 'device', 'certificates'] as const;

export const evidenceCommand: Command = {
	name: 'evidence',
	usage: '--site|--shipment|--device|--certificates ID [--from TIME] [--to TIME] --out FILE  or  kedge evidence FILE [RECEIPT…]',
	takesWords: true,
	details: [
		'With --site, --shipment, --device or --certificates: packs the answer and all that it rests on into one new file: entries with one proof, statements, the messages as they',
		'arrived, the clock, gaps and refusals of the period, and a cover for people to read and to sign, as HTML and PDF. --from is included, --to is not. A shipment needs neither:',
		'its time is from its opening until it was closed, or now. Certificates are told from the first hour that is certified.',
		'Whoever has the file and the trust file checks it, to the last total, with: kedge verify FILE --trust trust.json',
		'',
		'With FILE, the evidence of a slot of an energy market: clears and settles the slot again from FILE alone, and says of each check whether it passed: signatures,',
		'order set, clearing, certificate, rows, accounts. Receipts named behind it are verified against the trust file and compared with what FILE says of the',
		'entries that it rests on; without them it is only shown that everything follows from those readings and orders. Exit code 1 if a check failed.',
	],
	options: {
		...configOption,
		...epochOption,
		site: {type: 'string', value: 'ID', help: 'what this site emitted'},
		shipment: {type: 'string', value: 'ID', help: 'whether this shipment was kept within its limits'},
		device: {type: 'string', value: 'ID', help: 'what this device reported'},
		certificates: {type: 'string', value: 'ID', help: 'who holds the energy certificates of what this device counted'},
		from: {
			type: 'string',
			value: 'TIME',
			help: 'such as 2026-11-01 or 2026-11-01T00:00:00+08:00; without a zone it is UTC (shipment: its opening; certificates: their first hour)',
		},
		to: {type: 'string', value: 'TIME', help: 'such as 2026-12-01, not included (default: now; shipment: as it was closed)'},
		out: {type: 'string', value: 'FILE', help: 'write the package here, to a new file'},
		'without-arrivals': {type: 'boolean', help: 'leave out the messages as they arrived, but for those of corrections'},
		'as-of': {
			type: 'string',
			value: 'WHEN',
			help: 'period: as it was known when the period was over; newest: with all that was stated since',
		},
		language: {type: 'string', value: 'CODE', help: 'of the cover: en, zh or both (default: both)'},
		...trustOption,
		json: {type: 'boolean', help: 'print what was packed, or the checks, as one JSON object'},
	},
	run: async ({values, positionals}, io) => {
		const asked = abouts.filter(about => textOf(values, about) !== undefined);
		if (asked.length === 0) return checkSlot(values, positionals, io);
		if (asked.length > 1) throw usageError(evidenceCommand, `takes one of --${asked.join(', --')}`);
		if (positionals.length > 0) throw usageError(evidenceCommand, `takes no file beside --${asked[0]}`);
		return pack({about: asked[0]!, id: textOf(values, asked[0]!)!}, values, io);
	},
};

async function pack({about, id}: Pick<PackageQuestion, 'about' | 'id'>, values: Values, io: Io): Promise<number> {
	const [fromText, toText, out] = [textOf(values, 'from'), textOf(values, 'to'), textOf(values, 'out')];
	if (fromText === undefined && about !== 'shipment' && about !== 'certificates')
		throw usageError(evidenceCommand, 'needs --from, the time at which the period begins');
	if (out === undefined) throw usageError(evidenceCommand, 'needs --out, the file that it writes');
	const nowMs = io.clock.nowMs();
	const asked = {
		fromMs: fromText === undefined ? undefined : timeOf(evidenceCommand, '--from', fromText),
		// A site is counted by the hour, and the one that has begun is not over.
		toMs:
			toText !== undefined ? timeOf(evidenceCommand, '--to', toText) : about === 'site' ? Math.floor(nowMs / hourMs) * hourMs : undefined,
	};
	if (about === 'site' && [asked.fromMs, asked.toMs].some(timeMs => timeMs !== undefined && timeMs % hourMs !== 0))
		throw usageError(evidenceCommand, 'a site is counted by whole hours of UTC: --from and --to begin one');
	const asOf = textOf(values, 'as-of');
	if (asOf !== undefined && asOf !== 'period' && asOf !== 'newest')
		throw usageError(evidenceCommand, '--as-of is neither period nor newest');
	const languages = languagesOf(textOf(values, 'language') ?? 'both');
	const site = await openSite(textOf(values, 'config') ?? configDefault);
	const paths = await pathsOf(evidenceCommand, site, values);
	const {fromMs, toMs} = await periodOf(paths, about, id, asked, nowMs);
	if (fromMs >= toMs)
		throw usageError(
			evidenceCommand,
			fromText === undefined ? `--to is not after its beginning, ${timeText(fromMs)}` : '--from is not before --to',
		);
	const left: string[] = [];
	const progress = createProgress(io);
	const packed = packEvidence(paths, {
		question: {about, id, fromMs, toMs},
		out,
		madeAtMs: nowMs,
		withArrivals: !isSet(values, 'without-arrivals'),
		asOf,
		anchorsNeeded: site.config.log.anchorsNeeded,
		coverOf: async outline => {
			const covers = await makeCovers(outline, languages);
			left.push(...covers.left);
			return covers.files;
		},
		onProgress: ({step, done, all}) => progress.show(stepTexts[step], done, all),
	});
	const {manifest, length} = await packed.finally(progress.end);
	for (const sentence of left) io.error(`kedge: ${sentence}\n`);
	if (toMs >= nowMs) io.error('kedge: the period was not over when this was packed: what arrives later is not in it\n');
	if (manifest.tally === undefined)
		io.error(
			'kedge: no anchor covers it yet, so that nothing shows that its channels did not go on; pack it again once one was made (kedge status)\n',
		);
	if (isSet(values, 'json')) {
		const {question, answer, entries, files, anchors} = manifest;
		io.out(
			`${JSON.stringify({file: out, length, question, answer, entries, anchors: anchors.length, files: files.map(file => file.name)})}\n`,
		);
	} else io.error(`wrote ${out} (${length} bytes, ${manifest.entries} entries); check it with: kedge verify ${out} --trust trust.json\n`);
	return exitCodes.ok;
}

const timeText = (timeMs: number): string => new Date(timeMs).toISOString().replace('.000Z', 'Z');

/** What is not said: a shipment and certificates know their own time. */
async function periodOf(
	paths: SitePaths,
	about: PackageQuestion['about'],
	id: string,
	{fromMs, toMs}: {readonly fromMs: number | undefined; readonly toMs: number | undefined},
	nowMs: number,
): Promise<{readonly fromMs: number; readonly toMs: number}> {
	if (about === 'shipment' && (fromMs === undefined || toMs === undefined)) {
		const span = await spanOfShipment(paths, id, nowMs);
		return {fromMs: fromMs ?? span.fromMs, toMs: toMs ?? span.toMs};
	}
	if (fromMs !== undefined || about !== 'certificates') return {fromMs: fromMs ?? 0, toMs: toMs ?? nowMs};
	const {device} = await certificatesAt(paths, id, nowMs, nowMs + 1);
	return {fromMs: device.fromMs, toMs: toMs ?? nowMs};
}

function languagesOf(text: string): readonly CoverLanguage[] {
	if (text === 'both') return coverLanguages;
	const found = coverLanguages.filter(language => language === text);
	if (found.length === 0) throw usageError(evidenceCommand, `--language "${text}" is none of ${coverLanguages.join(', ')}, both`);
	return found;
}

const stepTexts: Readonly<Record<PackProgress['step'], string>> = {
	gather: 'reading entries',
	answer: 'computing the answer',
	write: 'writing the proof and the cover',
};

async function checkSlot(values: Values, positionals: readonly string[], io: Io): Promise<number> {
	const [path, ...receiptPaths] = positionals;
	if (path === undefined)
		throw usageError(evidenceCommand, 'takes a file of a slot, or one of --site, --shipment, --device, --certificates');
	if (receiptPaths.length > receiptsMax) throw usageError(evidenceCommand, `takes at most ${receiptsMax} receipts`);
	const receipts = [];
	for (const name of receiptPaths) receipts.push({name, bytes: await readInput(name)});
	// Without a receipt nothing has to be trusted but the file's own arithmetic.
	const trust = receipts.length === 0 ? undefined : (await readTrust(values)).trust;
	const {good, slot, checks, receipts: found} = await checkEvidenceFile({name: path, bytes: await readInput(path)}, receipts, trust);
	if (isSet(values, 'json')) io.out(`${JSON.stringify({good, slot, checks, receipts: found})}\n`);
	else {
		const lines = checks.map(({name, state, detail}) => `${state.padEnd(8)}${name.padEnd(18)}${detail}`);
		const entries = found.good + found.missing;
		const receiptsLine =
			receipts.length > 0
				? `receipts: ${found.good} fit; ${found.missing} of ${entries} entries have none here`
				: `receipts: not asked for; name those of the ${entries} entries that FILE rests on behind it, with --trust (kedge prove INDEX makes one)`;
		const start = new Date(slot * 900_000).toISOString();
		io.out(
			[
				`slot ${slot} from ${start}: ${good ? 'good' : 'NOT GOOD'}`,
				...lines,
				'prices are of the energy: whoever takes it from the grid pays the grid fee on top',
				receiptsLine,
				...found.problems,
				'',
			].join('\n'),
		);
	}
	return good ? exitCodes.ok : exitCodes.no;
}
