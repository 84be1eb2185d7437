// Turns rows of texts and numbers into CSV that spreadsheets read as what it is: text stays text, and nothing in it is run as a formula.

/** Texts come from outside; numbers and decimal amounts are ours. An empty cell is undefined. */
export type Cell = {readonly text: string} | {readonly decimal: string | number | bigint} | undefined;

const decimal = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$/;
/** What a spreadsheet takes for the start of a formula, also in its wide forms, and what it may skip before it. */
const formula = /^[\s\u0000]*[=+\-@\t\r\n|%＝＋－＠]/u;

/** One line for each row and the header, ended by CR LF [RFC 4180 §2]. A decimal that is none throws: only whole numbers and exact amounts come here. */
export function csvText(columns: readonly string[], rows: readonly (readonly Cell[])[]): string {
	const lines = [columns.map(column => quoted(column)).join(',')];
	for (const row of rows) {
		if (row.length !== columns.length) throw new RangeError(`a row has ${row.length} cells for ${columns.length} columns`);
		lines.push(row.map(cellText).join(','));
	}
	return lines.map(line => `${line}\r\n`).join('');
}

function cellText(cell: Cell): string {
	if (cell === undefined) return '';
	if ('text' in cell) return quoted(formula.test(cell.text) ? `'${cell.text}` : cell.text);
	const printed = `${cell.decimal}`;
	if (!decimal.test(printed)) throw new RangeError(`"${printed}" is not a decimal number`);
	return printed;
}

function quoted(text: string): string {
	return /[",\r\n\t]|^\s|\s$/u.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
