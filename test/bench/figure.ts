// The one form in which every benchmark reports: figures with a target, told as a table and as one line of JSON.

export type Figure = {
	readonly name: string;
	readonly value: number;
	readonly unit: string;
	/** What the project promises, in the figure's unit; undefined where a figure only informs. */
	readonly target: {readonly atLeast: number} | {readonly atMost: number} | undefined;
};

export type BenchOptions = {
	/** For trying out: less work and fewer pairs, and the figures mean little. */
	readonly quick: boolean;
	/** How many entries a log has in which something is looked for. @default what the benchmark says */
	readonly entries?: number;
	/** Says something while the benchmark goes on. */
	readonly say: (text: string) => void;
};

/** A benchmark: runs, and gives what it found. */
export type Bench = (options: BenchOptions) => Promise<readonly Figure[]>;

export function isMet({value, target}: Figure): boolean {
	if (target === undefined) return true;
	return 'atLeast' in target ? value >= target.atLeast : value <= target.atMost;
}

function targetText({target}: Figure): string {
	if (target === undefined) return '';
	return 'atLeast' in target ? `≥ ${target.atLeast}` : `≤ ${target.atMost}`;
}

/** At most three digits behind the point, and none on large numbers. */
function round(value: number): number {
	return Math.abs(value) >= 1000 ? Math.round(value) : Math.round(value * 1000) / 1000;
}

/** Markdown, which reads well in a terminal too. */
export function formatTable(figures: readonly Figure[]): string {
	const rows = [
		['figure', 'value', 'unit', 'target', 'met'],
		...figures.map(figure => [
			figure.name,
			round(figure.value).toLocaleString('en-US'),
			figure.unit,
			targetText(figure),
			figure.target === undefined ? '' : isMet(figure) ? 'yes' : 'no',
		]),
	];
	const widths = rows[0]!.map((_, column) => Math.max(...rows.map(row => row[column]!.length)));
	const lines = rows.map(row => `| ${row.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`);
	lines.splice(1, 0, `|${widths.map(width => '-'.repeat(width + 2)).join('|')}|`);
	return lines.join('\n');
}

/** The last line that a benchmark prints. */
export function formatResult(bench: string, figures: readonly Figure[]): string {
	return JSON.stringify({
		bench,
		figures: figures.map(figure => ({
			name: figure.name,
			value: round(figure.value),
			unit: figure.unit,
			target: targetText(figure) || null,
			met: isMet(figure),
		})),
	});
}

export function median(values: readonly number[]): number {
	const sorted = values.toSorted((a, b) => a - b);
	const middle = sorted.length >> 1;
	return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
