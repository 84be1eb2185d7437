// The composition root's part for covers: the files that people read in a package, and whether those of a package are what this program makes of its manifest.

import {equalBytes, utf8} from './base/bytes.ts';
import {nodeHasher} from './base/hash-node.ts';
import {answerBlocks} from './cover/answer.ts';
import {type CoverEdition, coverEditions, coverOf} from './cover/cover.ts';
import {type CoverLanguage, coverLanguages} from './cover/document.ts';
import {chineseFontPackage, readChineseFonts} from './cover/fonts.ts';
import {htmlOf} from './cover/html.ts';
import {blocksText, tablesCsv} from './cover/lines.ts';
import {pdfOf} from './cover/pdf.ts';
import type {Json} from './format/document.ts';
import {type EvidenceManifest, parseManifest} from './format/evidence-package.ts';
import {isCoverName, manifestName} from './format/evidence-package-files.ts';
import {parseZipDirectory, zipDirectoryPlace, zipEndLength} from './format/evidence-package-zip.ts';
import {openPackage} from './packing.ts';
import {version} from './version.ts';

export {type CoverLanguage, coverLanguages} from './cover/document.ts';

/** A file of a package. */
export type CoverFile = {readonly name: string; readonly bytes: Uint8Array};

export type Covers = {
	readonly files: readonly CoverFile[];
	/** What could not be made, and why, as sentences without their full stop. */
	readonly left: readonly string[];
};

/** As packing names it in the manifest. */
const programName = `kedge ${version}`;

export const coverNames: Readonly<Record<CoverLanguage, string>> = {en: 'cover-en', zh: 'cover-zh'};

/** An HTML page and a PDF in each language. The PDF in Chinese needs fonts that may not be installed. */
export async function makeCovers(
	manifest: EvidenceManifest,
	languages: readonly CoverLanguage[] = coverLanguages,
	edition?: CoverEdition,
): Promise<Covers> {
	const fonts = await readChineseFonts();
	const files: CoverFile[] = [];
	const left: string[] = [];
	for (const language of languages) {
		const cover = coverOf(manifest, language, edition);
		files.push({name: `${coverNames[language]}.html`, bytes: utf8(htmlOf(cover))});
		if (language === 'zh' && fonts === undefined)
			left.push(`there is no PDF in Chinese, because the optional package ${chineseFontPackage}, which has the fonts, is not installed`);
		else files.push({name: `${coverNames[language]}.pdf`, bytes: await pdfOf(cover, manifest.madeAtMs, fonts)});
	}
	return {files, left};
}

/** As it was when its covers were made: without them and what stands behind them. */
function beforeCovers(manifest: EvidenceManifest): EvidenceManifest {
	const first = manifest.files.findIndex(({name}) => isCoverName(name));
	return first < 0 ? manifest : {...manifest, files: manifest.files.slice(0, first)};
}

export type CoverCheck = {
	readonly name: string;
	/** pass: it is what this program makes of the manifest. fail: it is not, though this very program is said to have made it. skipped: that could not be compared. */
	readonly state: 'pass' | 'fail' | 'skipped';
	readonly reason: string;
};

/** A longer cover is not one of ours. */
const coverLengthMax = 64 * 1024 * 1024;

/**
 * Whether the covers of a package say what its manifest says: they are made again and compared. The package MUST have been found good, so that its manifest is true. PDFs of other
 * versions of libraries or fonts are other bytes, so that only an HTML page can be found to be false.
 */
export async function checkCovers(path: string): Promise<{readonly covers: readonly CoverCheck[]; readonly isFalse: boolean}> {
	await using source = await openPackage(path);
	const {length} = source;
	const place = zipDirectoryPlace(length, await source.read(length - zipEndLength, length));
	const directory = 'problem' in place ? place : parseZipDirectory(await source.read(place.begin, length), place.count);
	if ('problem' in directory) return {covers: [], isFalse: false};
	const readFile = async (name: string): Promise<Uint8Array | undefined> => {
		const member = directory.members.find(one => one.name === name);
		return member === undefined || member.length > coverLengthMax ? undefined : source.read(member.offset, member.offset + member.length);
	};
	const bytes = await readFile(manifestName);
	const parsed = bytes && parseManifest(nodeHasher, bytes);
	if (parsed === undefined || 'problem' in parsed) return {covers: [], isFalse: false};
	const manifest = parsed.value;
	const outline = beforeCovers(manifest);
	const isSameProgram = manifest.method.program === programName;
	const covers: CoverCheck[] = [];
	for (const {name} of manifest.files.filter(file => isCoverName(file.name))) {
		const language = coverLanguages.find(one => name.startsWith(`${coverNames[one]}.`));
		const found = await readFile(name);
		let made: CoverFile | undefined;
		let edition: CoverEdition | undefined;
		for (const one of language === undefined ? [] : coverEditions) {
			made = (await makeCovers(outline, [language!], one)).files.find(file => file.name === name);
			if (made === undefined || found === undefined || !equalBytes(made.bytes, found)) continue;
			edition = one;
			break;
		}
		if (edition === coverEditions[0])
			covers.push({name, state: 'pass', reason: 'it says what the manifest says: this program makes the same of it'});
		else if (edition !== undefined)
			covers.push({
				name,
				state: 'pass',
				reason: `it says what the manifest says, in the words of an earlier edition of covers, ${edition}`,
			});
		else if (language === undefined && isSameProgram)
			covers.push({name, state: 'fail', reason: 'this program makes no such cover: do not read it'});
		else if (name.endsWith('.html') && made !== undefined && isSameProgram)
			covers.push({name, state: 'fail', reason: 'it is not what this program makes of the manifest: do not read it'});
		else
			covers.push({
				name,
				state: 'skipped',
				reason: 'this program makes other bytes of the manifest, as other versions and fonts do: rely on what is printed here',
			});
	}
	return {covers, isFalse: covers.some(({state}) => state === 'fail')};
}

/** The answer as lines for a terminal: long tables cut to `rowsMax`. */
export function answerText({answer}: {readonly answer: Json}, rowsMax: number): string {
	return blocksText(answerBlocks(answer, 'en'), rowsMax);
}

/** All lists of the answer, as comma-separated values one behind the other; undefined if it has none. */
export function answerCsv(answer: Json): string | undefined {
	return tablesCsv(answer);
}
