// Turns a cover into a PDF on A4: the same blocks as the HTML, page by page, the same bytes each time.

import PDFDocument from 'pdfkit';
import {darkRuns, squaresOf} from './code.ts';
import type {Block, Cover, Table, Tone} from './document.ts';
import type {Fonts} from './fonts.ts';
import {plainText, spelt} from './plain.ts';

const page = {width: 595.28, height: 841.89, left: 46, right: 46, top: 48, bottom: 62};
const textWidth = page.width - page.left - page.right;
const codeWidth = 118;
const bodySize = 9.5;
const bottomY = page.height - page.bottom;

const colours = {ink: '#1a1f24', soft: '#55606b', line: '#d5dbe1', wash: '#f3f6f8', accent: '#0f4c75'};
const toneColours: Readonly<Record<Tone, string>> = {plain: colours.accent, good: '#1e6b3a', bad: '#a3231f', unsure: '#8a5a00'};

/** What the fonts that every PDF reader has can show [ISO 32000-1 annex D, WinAnsiEncoding]. */
const latin = /^[ -~\u00a0-\u00ac\u00ae-\u00ff€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]$/u;

type FontName = 'plain' | 'bold' | 'code';

/**
 * With `fonts` they are embedded, as far as they are used; without them the PDF has the standard fonts, and a character that those do not have is spelt out. A cover in Chinese needs
 * them. `madeAtMs` is the date in the file.
 */
export async function pdfOf(cover: Cover, madeAtMs: number, fonts: Fonts | undefined): Promise<Uint8Array> {
	const made = new Date(madeAtMs);
	const document = new PDFDocument({
		size: [page.width, page.height],
		// This program breaks pages itself: text that runs below a margin must not begin one.
		margin: 0,
		bufferPages: true,
		autoFirstPage: false,
		compress: true,
		pdfVersion: '1.7',
		lang: cover.language === 'en' ? 'en' : 'zh-CN',
		displayTitle: true,
		info: {Title: plainText(`${cover.title}: ${cover.subtitle}`), Creator: 'kedge', Producer: 'pdfkit', CreationDate: made, ModDate: made},
	});
	const chunks: Uint8Array[] = [];
	const ended = new Promise<void>((resolve, reject) => {
		document.on('data', (chunk: Uint8Array) => chunks.push(chunk));
		document.on('end', resolve);
		document.on('error', reject);
	});
	const isLatin = cover.language === 'en' || fonts === undefined;
	document.registerFont('plain', isLatin ? 'Helvetica' : fontOf(fonts?.regular, 'Helvetica'));
	document.registerFont('bold', isLatin ? 'Helvetica-Bold' : fontOf(fonts?.bold, 'Helvetica-Bold'));
	// A name in another script, in the midst of English. Only what is used is put into the file. Under two names the library would read a font anew each time that it is chosen.
	if (isLatin) {
		document.registerFont('other plain', fontOf(fonts?.regular, 'Helvetica'));
		document.registerFont('other bold', fontOf(fonts?.bold, 'Helvetica-Bold'));
	}
	document.registerFont('code', 'Courier');
	drawCover(document, cover, createPen(document, fonts !== undefined, isLatin ? 'other ' : ''));
	document.end();
	await ended;
	return new Uint8Array(Buffer.concat(chunks));
}

const fontOf = (font: Uint8Array | undefined, standard: string): Buffer | string => (font === undefined ? standard : Buffer.from(font));

type Doc = InstanceType<typeof PDFDocument>;

/** All text goes through here: how it is cleaned, and in which font it can be set. */
function createPen(doc: Doc, hasFonts: boolean, other: '' | 'other ') {
	/** The text as it can be shown, with the font chosen. */
	const choose = (text: string, font: FontName, size: number): string => {
		const plain = plainText(text);
		const canBeLatin = [...plain].every(character => latin.test(character));
		doc.font(canBeLatin ? font : `${other}${font === 'bold' ? 'bold' : 'plain'}`).fontSize(size);
		return canBeLatin || hasFonts ? plain : [...plain].map(one => (latin.test(one) ? one : spelt(one))).join('');
	};
	return {
		widthOf: (text: string, font: FontName, size: number): number => doc.widthOfString(choose(text, font, size)),
		heightOf: (text: string, font: FontName, size: number, width: number): number =>
			doc.heightOfString(choose(text, font, size), {width, lineGap: size * 0.22}),
		write: (
			text: string,
			font: FontName,
			size: number,
			x: number,
			y: number,
			width: number,
			colour = colours.ink,
			align: 'left' | 'right' | 'center' = 'left',
		): void => {
			const chosen = choose(text, font, size);
			doc.fillColor(colour).text(chosen, x, y, {width, align, lineGap: size * 0.22});
		},
	};
}

function drawCover(doc: Doc, cover: Cover, pen: ReturnType<typeof createPen>): void {
	let y = page.top;
	const begin = (): void => {
		doc.addPage();
		y = page.top;
	};
	/** Begins a page unless there is room for so much. */
	const need = (height: number): void => {
		if (y + height > bottomY && y > page.top) begin();
	};
	const rule = (at: number, colour: string, width: number, x = page.left, length = textWidth): void => {
		doc
			.moveTo(x, at)
			.lineTo(x + length, at)
			.lineWidth(width)
			.strokeColor(colour)
			.stroke();
	};
	const paragraph = (text: string, font: FontName, size: number, options: {colour?: string; x?: number; after?: number} = {}): void => {
		const {colour = colours.ink, x = page.left, after = 5} = options;
		const width = page.width - page.right - x;
		need(Math.min(pen.heightOf(text, font, size, width), bottomY - page.top));
		pen.write(text, font, size, x, y, width, colour);
		y += pen.heightOf(text, font, size, width) + after;
	};

	const facts = (rows: readonly (readonly [string, string])[], size: number, width: number, mayBreak: boolean): void => {
		const labelWidth = Math.min(width * 0.4, Math.max(96, ...rows.map(([label]) => pen.widthOf(label, 'plain', size) + 2)));
		const valueWidth = width - labelWidth - 12;
		for (const [label, value] of rows) {
			const height = Math.max(pen.heightOf(label, 'plain', size, labelWidth), pen.heightOf(value, 'plain', size, valueWidth));
			if (mayBreak) need(height);
			pen.write(label, 'plain', size, page.left, y, labelWidth, colours.soft);
			pen.write(value, 'plain', size, page.left + labelWidth + 12, y, valueWidth);
			y += height + 2;
		}
		y += 5;
	};

	const table = ({title, columns, rows, rest}: Table): void => {
		const size = columns.length > 6 ? 7.2 : 8;
		const pad = 10;
		const sizeOf = (text: string): number => (isHash(text) ? size - 1.4 : size);
		const fontOf = (text: string): FontName => (isHash(text) ? 'code' : 'plain');
		const sample = rows.slice(0, 120);
		const natural = columns.map(
			(column, i) =>
				Math.max(
					pen.widthOf(column.title, 'bold', size),
					...sample.map(row => pen.widthOf(row[i] ?? '', fontOf(row[i] ?? ''), sizeOf(row[i] ?? ''))),
				) +
				pad +
				1,
		);
		const least = columns.map((column, i) => {
			const longest = (text: string, font: FontName): number =>
				isHash(text) ? 84 : Math.max(0, ...text.split(/\s/).map(word => Math.min(140, pen.widthOf(word, font, size))));
			return Math.min(natural[i]!, Math.max(longest(column.title, 'bold'), ...sample.map(row => longest(row[i] ?? '', 'plain'))) + pad + 4);
		});
		const widths = shared(natural, least, textWidth);
		const left = widths.map((_, i) => page.left + widths.slice(0, i).reduce((sum, width) => sum + width, 0));
		const heightOf = (row: readonly string[], isHead: boolean): number =>
			Math.max(...row.map((text, i) => pen.heightOf(text, isHead ? 'bold' : fontOf(text), isHead ? size : sizeOf(text), widths[i]! - pad)));
		const head = (): void => {
			const titles = columns.map(column => column.title);
			const height = heightOf(titles, true);
			for (const [i, text] of titles.entries())
				pen.write(
					text,
					'bold',
					size,
					left[i]!,
					y + height - pen.heightOf(text, 'bold', size, widths[i]! - pad),
					widths[i]! - pad,
					colours.soft,
					columns[i]!.isNumber ? 'right' : 'left',
				);
			y += height + 1;
			rule(y, colours.ink, 0.9);
			y += 3;
		};
		need(64);
		pen.write(title, 'bold', bodySize, page.left, y, textWidth);
		y += pen.heightOf(title, 'bold', bodySize, textWidth) + 3;
		head();
		for (const row of rows) {
			const height = heightOf(row, false);
			if (y + height > bottomY) {
				begin();
				head();
			}
			for (const [i, text] of row.entries())
				pen.write(text, fontOf(text), sizeOf(text), left[i]!, y, widths[i]! - pad, colours.ink, columns[i]!.isNumber ? 'right' : 'left');
			y += height + 1.5;
			rule(y, colours.line, 0.5);
			y += 2.5;
		}
		y += 3;
		if (rest !== undefined) paragraph(rest, 'plain', 8, {colour: colours.soft});
		y += 5;
	};

	const boxed = (text: string, font: FontName, size: number, edge: string): void => {
		const height = pen.heightOf(text, font, size, textWidth - 22) + 12;
		need(height);
		doc.rect(page.left, y, textWidth, height).fill(colours.wash);
		doc.rect(page.left, y, 3, height).fill(edge);
		pen.write(text, font, size, page.left + 12, y + 6, textWidth - 22);
		y += height + 7;
	};

	const draw = (block: Block): void => {
		switch (block.is) {
			case 'text':
				paragraph(block.text, 'plain', bodySize);
				return;
			case 'heading':
				need(44);
				y += 3;
				paragraph(block.text, 'bold', bodySize + 0.5, {after: 4});
				return;
			case 'notice':
				boxed(block.text, 'plain', bodySize, toneColours[block.tone]);
				return;
			case 'facts':
				facts(block.rows, bodySize, textWidth, true);
				return;
			case 'figures': {
				const gap = 8;
				const perRow = block.figures.length === 4 ? 2 : Math.min(block.figures.length, 3);
				const size = perRow === 3 ? 11 : 14;
				const width = (textWidth - gap * (perRow - 1)) / perRow;
				for (let at = 0; at < block.figures.length; at += perRow) {
					const row = block.figures.slice(at, at + perRow);
					const height =
						20 +
						Math.max(
							...row.map(({label, value}) => pen.heightOf(label, 'plain', 8, width - 20) + pen.heightOf(value, 'bold', size, width - 20)),
						);
					need(height + gap);
					for (const [i, {label, value, tone}] of row.entries()) {
						const x = page.left + i * (width + gap);
						doc.rect(x, y, width, height).fill(colours.wash);
						doc.rect(x, y, width, 3).fill(toneColours[tone]);
						pen.write(label, 'plain', 8, x + 10, y + 10, width - 20, colours.soft);
						const below = y + 12 + pen.heightOf(label, 'plain', 8, width - 20);
						pen.write(value, 'bold', size, x + 10, below, width - 20, tone === 'plain' ? colours.ink : toneColours[tone]);
					}
					y += height + gap;
				}
				y += 2;
				return;
			}
			case 'table':
				table(block.table);
				return;
			case 'list':
				for (const [i, item] of block.items.entries()) {
					const height = pen.heightOf(item, 'plain', bodySize, textWidth - 20);
					need(height);
					pen.write(`${i + 1}.`, 'plain', bodySize, page.left, y, 16, colours.soft, 'right');
					pen.write(item, 'plain', bodySize, page.left + 20, y, textWidth - 20);
					y += height + 3;
				}
				y += 3;
				return;
			case 'code': {
				const heights = block.lines.map(line => (line === '' ? 6 : pen.heightOf(line, 'code', 8, textWidth - 24)));
				const height = heights.reduce((sum, one) => sum + one, 12);
				need(height);
				doc.rect(page.left, y, textWidth, height).fill(colours.wash);
				let at = y + 6;
				for (const [i, line] of block.lines.entries()) {
					if (line !== '') pen.write(line, 'code', 8, page.left + 12, at, textWidth - 24);
					at += heights[i]!;
				}
				y += height + 7;
				return;
			}
			case 'blanks': {
				for (const {label} of block.rows.filter(({isWide}) => isWide)) {
					need(50);
					rule(y + 16, colours.line, 0.5);
					rule(y + 34, colours.ink, 0.7);
					pen.write(label, 'plain', 7.5, page.left, y + 37, textWidth, colours.soft);
					y += 52;
				}
				const narrow = block.rows.filter(({isWide}) => !isWide);
				const width = (textWidth - 20) / 2;
				for (let at = 0; at < narrow.length; at += 2) {
					need(48);
					for (const [i, {label}] of narrow.slice(at, at + 2).entries()) {
						const x = page.left + i * (width + 20);
						rule(y + 28, colours.ink, 0.7, x, width);
						pen.write(label, 'plain', 7.5, x, y + 31, width, colours.soft);
					}
					y += 48;
				}
				return;
			}
		}
	};

	begin();
	const squares = squaresOf(cover.code);
	const square = codeWidth / squares.length;
	const codeX = page.width - page.right - codeWidth;
	for (const run of darkRuns(squares)) doc.rect(codeX + run.x * square, y + run.y * square, run.length * square, square);
	doc.fill('#000000');
	doc.rect(codeX, y, codeWidth, codeWidth).lineWidth(0.5).strokeColor(colours.line).stroke();
	pen.write(cover.codeCaption, 'plain', 6.8, codeX, y + codeWidth + 4, codeWidth, colours.soft, 'center');
	const codeEnd = y + codeWidth + 4 + pen.heightOf(cover.codeCaption, 'plain', 6.8, codeWidth);
	const nameWidth = textWidth - codeWidth - 20;
	for (const [text, font, size, colour, after] of [
		[cover.title, 'bold', 19, colours.accent, 3],
		[cover.subtitle, 'plain', 10.5, colours.soft, 10],
	] as const) {
		pen.write(text, font, size, page.left, y, nameWidth, colour);
		y += pen.heightOf(text, font, size, nameWidth) + after;
	}
	facts(cover.head, 8.5, nameWidth, false);
	y = Math.max(y, codeEnd + 6);
	rule(y, colours.accent, 1.8);
	y += 8;

	for (const section of cover.sections) {
		if (section.name === 'witness' || section.name === 'rows') begin();
		need(70);
		y += 6;
		pen.write(section.title, 'bold', 12.5, page.left, y, textWidth, colours.accent);
		y += pen.heightOf(section.title, 'bold', 12.5, textWidth) + 2;
		rule(y, colours.line, 0.7);
		y += 6;
		for (const block of section.blocks) draw(block);
	}

	const {start, count} = doc.bufferedPageRange();
	for (let i = 0; i < count; i += 1) {
		doc.switchToPage(start + i);
		rule(page.height - 44, colours.line, 0.5);
		pen.write(cover.footer, 'plain', 6.8, page.left, page.height - 38, textWidth - 80, colours.soft);
		pen.write(cover.pageText(i + 1, count), 'plain', 6.8, page.width - page.right - 76, page.height - 38, 76, colours.soft, 'right');
	}
}

/** Hashes and keys are set in a font in which letters are told apart, and may break anywhere. */
const isHash = (text: string): boolean => /^(?:0x)?[0-9a-f]{40,}$|^[a-z0-9]+:[A-Za-z0-9+/=]{30,}$/.test(text);

/** Widths for columns: what each needs by itself where all fit, else at least what its longest word needs, as far as the paper goes. */
function shared(natural: readonly number[], least: readonly number[], total: number): number[] {
	const sum = (widths: readonly number[]): number => widths.reduce((all, width) => all + width, 0);
	const [wanted, needed] = [sum(natural), sum(least)];
	if (wanted <= total) return natural.map(width => width + ((total - wanted) * width) / wanted);
	if (needed >= total) return least.map(width => (width * total) / needed);
	return natural.map((width, i) => least[i]! + ((total - needed) * (width - least[i]!)) / (wanted - needed));
}
