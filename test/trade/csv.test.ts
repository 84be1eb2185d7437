import test from 'ava';
import fc from 'fast-check';
import {csvText} from '../../agent/trade/csv.ts';

/** A reader of RFC 4180 that shares nothing with the writer. */
function read(text: string): string[][] {
	const rows: string[][] = [];
	let [row, cell, isQuoted, at] = [[] as string[], '', false, 0];
	for (; at < text.length; at += 1) {
		const c = text[at]!;
		if (isQuoted) {
			if (c === '"' && text[at + 1] === '"') {
				cell += '"';
				at += 1;
			} else if (c === '"') isQuoted = false;
			else cell += c;
		} else if (c === '"') isQuoted = true;
		else if (c === ',') [row, cell] = [[...row, cell], ''];
		else if (c === '\r' && text[at + 1] === '\n') {
			rows.push([...row, cell]);
			[row, cell, at] = [[], '', at + 1];
		} else cell += c;
	}
	return rows;
}

test('whatever a text holds, it comes back as it was, but for a quote in front of what would be a formula', t => {
	const texts = fc.array(
		fc.string({unit: fc.constantFrom('=', '+', '-', '@', '"', ',', '\r', '\n', '\t', ' ', 'a', '1', '|', '＝', '\u0000'), maxLength: 6}),
		{
			minLength: 3,
			maxLength: 3,
		},
	);
	fc.assert(
		fc.property(texts, cells => {
			const [header, row] = read(csvText(['a', 'b', 'c'], [cells.map(text => ({text}))]));
			t.deepEqual(header, ['a', 'b', 'c']);
			for (const [i, cell] of row!.entries()) {
				const isFormula = /^[=+\-@\t\r\n|＝]/u.test(cells[i]!.replace(/^[\s\u0000]*/u, '')) || /^[\t\r\n]/.test(cells[i]!);
				t.true(cell === cells[i] || cell === `'${cells[i]}`);
				if (isFormula) t.is(cell, `'${cells[i]}`);
				t.notRegex(cell, /^[\s\u0000]*[=+\-@|]/u);
			}
		}),
		{numRuns: 2000},
	);
});

test('numbers are written bare, negative ones too, and nothing else passes for one', t => {
	t.is(
		csvText(
			['a', 'b', 'c'],
			[
				[{decimal: -5}, {decimal: 12n}, {decimal: '-0.000000001'}],
				[undefined, {text: ''}, {decimal: '0'}],
			],
		),
		'a,b,c\r\n-5,12,-0.000000001\r\n,,0\r\n',
	);
	for (const decimal of ['1e3', '=1', '', ' 1', '01', Number.NaN, 1e21])
		t.throws(() => csvText(['a'], [[{decimal}]]), {message: /is not a decimal number/});
	t.throws(() => csvText(['a'], [[]]), {message: 'a row has 0 cells for 1 columns'});
});
