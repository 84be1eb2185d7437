// Turns a text into the dark and light squares of a QR code.

import {encodeQR} from 'qr';
import {utf8} from '../base/bytes.ts';

/** Rows of squares, true for a dark one, with the quiet border that readers need. */
export function squaresOf(text: string): readonly (readonly boolean[])[] {
	// Everything that is not said is a default that could change: medium correction, bytes in UTF-8, four squares of border [ISO/IEC 18004 §6.3.8].
	return encodeQR(text, 'raw', {ecc: 'medium', encoding: 'byte', textEncoder: utf8, border: 4});
}

/** Runs of dark squares in each row: fewer rectangles to draw, and no hair lines between them. */
export function darkRuns(squares: readonly (readonly boolean[])[]): {readonly x: number; readonly y: number; readonly length: number}[] {
	const runs: {x: number; y: number; length: number}[] = [];
	for (const [y, row] of squares.entries()) {
		for (let x = 0; x < row.length; x += 1) {
			if (!row[x]) continue;
			let end = x;
			while (row[end]) end += 1;
			runs.push({x, y, length: end - x});
			x = end;
		}
	}
	return runs;
}
