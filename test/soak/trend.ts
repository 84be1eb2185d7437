// Tells whether a row of samples grows: a slope that single outliers do not move, and how sure it is.

export type Sample = {readonly timeMs: number; readonly value: number};

/** Slope per hour; with 95 % confidence it lies between `low` and `high`. */
export type Trend = {readonly perHour: number; readonly low: number; readonly high: number};

const hourMs = 3_600_000;

function median(values: readonly number[]): number {
	const sorted = values.toSorted((a, b) => a - b);
	const middle = sorted.length >> 1;
	return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/**
 * The medians of equal spans of time. Neighbouring samples of a heap are not independent (it grows until it is collected); those of spans much longer than that are
 * nearly so, and only then does the interval below mean what it says.
 */
export function inBlocks(samples: readonly Sample[], blocks: number): Sample[] {
	const [first, last] = [samples[0], samples.at(-1)];
	if (first === undefined || last === undefined) return [];
	const lengthMs = (last.timeMs - first.timeMs) / blocks;
	return Array.from({length: blocks}, (_, i) => {
		const [fromMs, toMs] = [first.timeMs + i * lengthMs, first.timeMs + (i + 1) * lengthMs];
		const some = samples.filter(({timeMs}) => timeMs >= fromMs && (timeMs < toMs || (i === blocks - 1 && timeMs <= toMs)));
		return {timeMs: median(some.map(({timeMs}) => timeMs)), value: median(some.map(({value}) => value))};
	}).filter(({value}) => !Number.isNaN(value));
}

/** The median of the slopes between all pairs [Theil 1950; Sen 1968], with Sen's interval from Kendall's S. Undefined below 4 samples. */
export function trendOf(samples: readonly Sample[]): Trend | undefined {
	const n = samples.length;
	if (n < 4) return undefined;
	const slopes: number[] = [];
	for (let i = 0; i < n; i += 1)
		for (let j = i + 1; j < n; j += 1) {
			const [a, b] = [samples[i]!, samples[j]!];
			if (b.timeMs > a.timeMs) slopes.push(((b.value - a.value) * hourMs) / (b.timeMs - a.timeMs));
		}
	slopes.sort((a, b) => a - b);
	const spread = 1.96 * Math.sqrt((n * (n - 1) * (2 * n + 5)) / 18);
	const lowAt = Math.max(0, Math.floor((slopes.length - spread) / 2));
	const highAt = Math.min(slopes.length - 1, Math.ceil((slopes.length + spread) / 2));
	return {perHour: median(slopes), low: slopes[lowAt]!, high: slopes[highAt]!};
}

const bars = '▁▂▃▄▅▆▇█';

/** One character a value, from the smallest to the largest. */
export function plot(values: readonly number[], widthMax = 60): string {
	const width = Math.min(widthMax, values.length);
	const cells = Array.from({length: width}, (_, i) =>
		median(values.slice(Math.floor((i * values.length) / width), Math.floor(((i + 1) * values.length) / width))),
	);
	const [min, max] = [Math.min(...cells), Math.max(...cells)];
	return cells.map(value => bars[max === min ? 0 : Math.round(((value - min) / (max - min)) * (bars.length - 1))]).join('');
}
