// What is remembered of Sparkplug edge nodes: their birth certificates, and where their numbering stands. Bounded.

import type {CompiledReading} from '../mapping.ts';
import type {Refused} from '../refusal.ts';

/** Edge nodes of one mapping that are remembered; the one that was silent for longest is forgotten first, and asked for its births when it speaks. */
export const nodesMax = 1024;
/** Metrics of all edge nodes of one mapping that are remembered, about 250 bytes each. */
export const metricsTotalMax = 65_536;
/** Sparkplug devices of one edge node. */
export const devicesMax = 1024;

/** A metric as its birth certificate says. */
export type Metric = {
	readonly name: string;
	/** The Sparkplug device, '' for the node itself. */
	readonly scope: string;
	readonly alias: number | undefined;
	readonly datatype: number;
	/** What the mapping makes of it; undefined if it names it not. */
	readonly reading: CompiledReading | undefined;
	/** As `unitsOf` spells it, or why its values cannot be read. DATA that names another one changes it. */
	unit: string | Refused;
};

/** The 256 numbers that an edge node goes round in, unrolled. */
export class Numbering {
	/** By seq: the number that it stood for last, and the node's own time of the message. NaN: no such message came. */
	readonly #numbers = new Float64Array(256);
	readonly #times = new Float64Array(256);
	/** The number of the newest message. */
	#top = -1;
	#seq = 0;
	#time = 0;

	/** Begins anew with the message of a birth. Its number is 0. */
	begin(seq: number, timeMs: number): void {
		this.#numbers.fill(Number.NaN);
		this.#times.fill(Number.NaN);
		this.#top = 0;
		this.#remember(seq, 0, timeMs);
	}

	/**
	 * The number of a message, and how many messages are missing in front of it. A message that comes again has the number that it had. `timeMs` is when the node
	 * says that it sent it, 0 if it does not: that tells a message that comes late or again from one behind a long gap.
	 */
	take(seq: number, timeMs: number): {readonly number: number; readonly missing: number; readonly isNewest: boolean} {
		const known = this.#numbers[seq]!;
		const knownTime = this.#times[seq]!;
		// Once more: to the same seq belongs the same time.
		if (!Number.isNaN(known) && knownTime === timeMs && (timeMs !== 0 || seq === this.#seq))
			return {number: known, missing: 0, isNewest: false};
		// 1 to 256: a seq that stands still at another time is either a whole round or a node that does not count.
		const step = ((seq - this.#seq + 255) & 255) + 1;
		// Passed over before, and sent before the newest: it was overtaken.
		const isLate = !Number.isNaN(known) && Number.isNaN(knownTime) && step >= 128 && timeMs !== 0 && timeMs <= this.#time;
		if (isLate) {
			this.#times[seq] = timeMs;
			return {number: known, missing: 0, isNewest: false};
		}
		for (let passed = 1; passed < step; passed += 1) {
			const at = (this.#seq + passed) & 255;
			this.#numbers[at] = this.#top + passed;
			this.#times[at] = Number.NaN;
		}
		this.#top += step;
		this.#remember(seq, this.#top, timeMs);
		return {number: this.#top, missing: step - 1, isNewest: true};
	}

	/** The newest message held nothing that is logged, by its nature: it leaves no gap in the numbers of those that do. */
	giveBack(): void {
		this.#top -= 1;
	}

	#remember(seq: number, number: number, timeMs: number): void {
		this.#seq = seq;
		this.#time = timeMs;
		this.#numbers[seq] = number;
		this.#times[seq] = timeMs;
	}
}

/** What the mapping wants of a birth, by the names in it. */
export type WantedMetrics = ReadonlyMap<string, CompiledReading>;

/** A birth certificate. It is kept beyond its end, since the next one mostly says the same. */
type Birth = {
	readonly wanted: WantedMetrics;
	readonly inOrder: readonly Metric[];
	readonly byName: ReadonlyMap<string, Metric>;
	holds: boolean;
};

/** One edge node, with its Sparkplug devices. */
export class EdgeNode {
	/** Names the numbering since the last NBIRTH; undefined while no birth holds. */
	session: string | undefined;
	/** As the NBIRTH has it; an NDEATH of another one is of an earlier connection. */
	bdSeq: string | undefined;
	birthSeq: number | undefined;
	/** When a new birth was asked for last. */
	requestedAtMs: number | undefined;
	readonly numbering = new Numbering();
	/** Of the node itself ('') and its devices. */
	readonly #births = new Map<string, Birth>();
	/** Of births that hold: unique over the whole node [Sparkplug 3.0 §6.4.7]. */
	readonly #aliases = new Map<number, Metric>();
	/** Which scope has what the mapping names. */
	readonly #mapped = new Map<CompiledReading, string>();

	get metricCount(): number {
		let count = 0;
		for (const {inOrder} of this.#births.values()) count += inOrder.length;
		return count;
	}

	/** The metrics of the node itself ('') or of a device by name; undefined while it has no birth that holds. */
	scope(scope: string): ReadonlyMap<string, Metric> | undefined {
		const birth = this.#births.get(scope);
		return birth?.holds === true ? birth.byName : undefined;
	}

	/** The metrics of the scope's last birth in their order, whether it holds or not, if the same is wanted of it. */
	lastBirth(scope: string, wanted: WantedMetrics): readonly Metric[] | undefined {
		const birth = this.#births.get(scope);
		return birth?.wanted === wanted ? birth.inOrder : undefined;
	}

	ofAlias(alias: number): Metric | undefined {
		return this.#aliases.get(alias);
	}

	/** Nothing that the node says by number is understood until its next NBIRTH. */
	die(): void {
		this.session = undefined;
		for (const birth of this.#births.values()) birth.holds = false;
		this.#aliases.clear();
		this.#mapped.clear();
	}

	/** The birth of the node itself ('') or of a device holds no more. */
	end(scope: string): void {
		const birth = this.#births.get(scope);
		if (birth?.holds !== true) return;
		birth.holds = false;
		for (const metric of birth.inOrder) {
			const {alias, reading} = metric;
			// Of a birth that was not taken some belong to others.
			if (alias !== undefined && this.#aliases.get(alias) === metric) this.#aliases.delete(alias);
			if (reading !== undefined && this.#mapped.get(reading) === scope) this.#mapped.delete(reading);
		}
	}

	/**
	 * Takes in a birth in place of the scope's last one; says what is wrong with it, and then the scope MUST be ended. `isLast`: its metrics are those of lastBirth, each
	 * the same object.
	 */
	bear(scope: string, wanted: WantedMetrics, metrics: readonly Metric[], isLast: boolean): string | undefined {
		const last = this.#births.get(scope);
		if (isLast && last!.holds) return undefined;
		this.end(scope);
		if (last === undefined && this.#births.size >= devicesMax) {
			for (const [other, {holds}] of this.#births) if (!holds) this.#births.delete(other);
			if (this.#births.size >= devicesMax) return `the node has more than ${devicesMax} devices`;
		}
		let birth = last;
		if (!isLast || birth === undefined) {
			const byName = new Map<string, Metric>();
			for (const metric of metrics) {
				if (byName.has(metric.name)) return `the birth certificate has "${metric.name}" twice`;
				byName.set(metric.name, metric);
			}
			birth = {wanted, inOrder: metrics, byName, holds: true};
			this.#births.set(scope, birth);
		} else birth.holds = true;
		for (const metric of metrics) {
			const {name, alias, reading} = metric;
			if (alias !== undefined) {
				if (this.#aliases.has(alias)) return `"${name}" has the alias ${alias} of another metric`;
				this.#aliases.set(alias, metric);
			}
			if (reading !== undefined) {
				// `a/b` of the node and `b` of its device `a`.
				if (this.#mapped.has(reading)) return `"${name}" is the name of a metric of the node and of a metric of a device`;
				this.#mapped.set(reading, scope);
			}
		}
		return undefined;
	}
}

/** The edge nodes of one mapping by their group and name. */
export class EdgeNodes {
	/** The one that spoke last is at the end. */
	readonly #nodes = new Map<string, EdgeNode>();
	#metrics = 0;
	#newest: string | undefined;

	get(key: string): EdgeNode {
		let node = this.#nodes.get(key);
		if (node !== undefined && this.#newest === key) return node;
		if (node === undefined) node = new EdgeNode();
		else this.#nodes.delete(key);
		this.#nodes.set(key, node);
		this.#newest = key;
		if (this.#nodes.size > nodesMax) this.#forgetOldest();
		return node;
	}

	/** MUST be called with the metrics that a node has gained, or lost (negative). Forgets nodes that were silent for longest where there are too many. */
	grew(by: number): void {
		this.#metrics += by;
		while (this.#metrics > metricsTotalMax && this.#nodes.size > 1) this.#forgetOldest();
	}

	#forgetOldest(): void {
		for (const [key, node] of this.#nodes) {
			this.#nodes.delete(key);
			this.#metrics -= node.metricCount;
			return;
		}
	}
}
