// Turns a misspelt name into the known one that its writer probably meant.

/** The known name that differs from `name` by at most two letters, letter case aside, and by less than all of them; undefined if none does. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
	const distances = known.map(one => distance(one.toLowerCase(), name.toLowerCase()));
	const least = Math.min(...distances);
	return least <= 2 && least < name.length ? known[distances.indexOf(least)] : undefined;
}

/** How many letters differ, cheaply: enough to guess at a misspelt key. */
function distance(a: string, b: string): number {
	let row = [...b].map((_, i) => i + 1);
	for (const [i, letter] of [...a].entries()) {
		let corner = i;
		let left = i + 1;
		row = row.map((above, j) => {
			left = Math.min(left + 1, above + 1, corner + (b[j] === letter ? 0 : 1));
			corner = above;
			return left;
		});
	}
	return row.at(-1) ?? a.length;
}
