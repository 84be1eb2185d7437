// Puts together the evidence of a cleared slot from what a market has: its order entries, its registers, its rows.

import {decodeEntry, kinds, orderKinds} from '../format/entry.ts';
import type {RowLeaf} from './commitment.ts';
import {rowFlags} from './commitment.ts';
import {slotEvidenceText} from './evidence-check.ts';
import type {Engine, EngineRules, MarketMeter} from './market-engine.ts';
import {netExportWh, type RegisterEntry} from './meter.ts';
import {decodeBody, type MarketBody, slotMs, slotsPerDay} from './order.ts';
import {settle} from './settle.ts';
import type {ClearedSlot} from './slot-clearing.ts';
import type {EvidenceBoundary, EvidenceMeter, EvidenceOrder, EvidenceRegister, EvidenceRow, Withdrawal} from './slot-evidence.ts';
import {type createDigests, type Domain, parseSignature, signerOf} from './typed-data.ts';

export type EvidenceNeeds = {
	readonly engine: Engine;
	readonly digests: ReturnType<typeof createDigests>;
	/** The operator's signature over an acknowledgement. */
	readonly acknowledge: (fields: {
		readonly orderHash: string;
		readonly slot: number;
		readonly sequence: number;
		readonly receivedAt: number;
	}) => string;
	/** Entries under the market's subject with their bodies, from an index on. */
	readonly marketEntries: (
		begin: number,
	) => AsyncIterable<{readonly index: number; readonly entry: Uint8Array; readonly record: Uint8Array}>;
	/** An entry of a register channel by its number; undefined if it is not there. */
	readonly registerEntry: (urn: string, number: number) => Promise<RegisterEntry | undefined>;
};

export type EvidenceOptions = {
	readonly rules: EngineRules;
	readonly domain: Domain;
	readonly operator: string;
	readonly enrolledAt: number;
};

type Signed = {readonly index: number; readonly sequence: number; readonly body: MarketBody};

/** Orders and the like that are kept ready. */
const signedKeptMax = 20_000;
/** Entries of registers that are kept ready. */
const entriesKeptMax = 50_000;

/** The evidence of a slot as text; undefined until it is cleared, and where nobody had an order. It reads the market's entries from the beginning: it is for auditors, not for everybody. */
export function createDeskEvidence(needs: EvidenceNeeds, options: EvidenceOptions): (slot: number) => Promise<string | undefined> {
	const {engine, digests} = needs;
	const {rules, domain, operator} = options;
	const meters = [...engine.meters.values()].sort((a, b) => (a.id < b.id ? -1 : 1));

	/** What was signed so far, as it was read last, and where reading goes on; of more than is kept nothing is, and it is read each time. */
	let kept: Signed[] | undefined = [];
	let [keptTo, keptSequence] = [options.enrolledAt, 0];

	const read = async function* (begin: number): AsyncGenerator<Signed> {
		for await (const {index, entry, record} of needs.marketEntries(begin)) {
			const {kind, number: sequence} = decodeEntry(entry);
			const body = kind === kinds.order ? decodeBody(record) : undefined;
			if (body !== undefined) yield {index, sequence, body};
		}
	};

	/** Everything that was signed before an entry of the market, in its order. */
	const signedBefore = async function* (lastSequence: number): AsyncGenerator<Signed> {
		if (kept !== undefined && keptSequence < lastSequence) {
			for await (const one of read(keptTo)) {
				if (one.sequence <= keptSequence) continue;
				[keptTo, keptSequence] = [one.index, one.sequence];
				if (one.body.kind === orderKinds.clearing || one.body.kind === orderKinds.day) continue;
				kept?.push(one);
				if (kept !== undefined && kept.length > signedKeptMax) kept = undefined;
				if (kept === undefined) break;
			}
		}
		if (kept !== undefined) {
			for (const one of kept) if (one.sequence <= lastSequence) yield one;
			return;
		}
		for await (const one of read(options.enrolledAt)) {
			if (one.sequence > lastSequence) return;
			yield one;
		}
	};

	const ordersOf = async ({input}: ClearedSlot, lastSequence: number): Promise<EvidenceOrder[]> => {
		const wanted = new Map(input.set.map(one => [one.sequence, one]));
		const cancellations = new Set(input.set.flatMap(({cancellation}) => (cancellation === undefined ? [] : [cancellation])));
		const delegations = new Map<string, MarketBody & {readonly kind: typeof orderKinds.delegation}>();
		const withdrawals = new Map<string, Withdrawal>();
		const found: {
			readonly index: number;
			readonly sequence: number;
			readonly body: MarketBody & {readonly kind: typeof orderKinds.order};
		}[] = [];
		for await (const {index, sequence, body} of signedBefore(lastSequence)) {
			if (body.kind === orderKinds.delegation) delegations.set(body.hash, body);
			else if (body.kind === orderKinds.order && wanted.has(sequence)) found.push({index, sequence, body});
			else if (body.kind === orderKinds.cancellation && cancellations.has(body.hash)) {
				const {orders, signature, receivedAt} = body;
				withdrawals.set(body.hash, {kind: 'cancellation', orders, signature, receivedAt});
			} else if (body.kind === orderKinds.counter && cancellations.has(body.hash)) {
				const {counter, signature, receivedAt} = body;
				withdrawals.set(body.hash, {kind: 'counter', counter, signature: signature === '' ? '0x' : signature, receivedAt});
			}
		}
		return found.map(({index, sequence, body}): EvidenceOrder => {
			const {order, hash, receivedAt, delegation} = body;
			const granted = delegation === undefined ? undefined : delegations.get(delegation);
			const cancellation = wanted.get(sequence)?.cancellation;
			const bytes = parseSignature(order.signature);
			const signer = bytes && signerOf(digests.order({...order, salt: BigInt(order.salt)}), bytes);
			return {
				sequence,
				hash,
				order,
				receivedAt,
				acknowledgement: needs.acknowledge({orderHash: hash, slot: order.slotFrom, sequence, receivedAt}),
				delegation: granted && {delegation: granted.delegation, signature: granted.signature},
				byContract: granted === undefined && signer !== order.trader,
				withdrawal: cancellation === undefined ? undefined : withdrawals.get(cancellation),
				entry: {index, receipt: undefined},
			};
		});
	};

	/** The end of one slot is the start of the next: whoever asks for one after the other asks for each entry twice. */
	const known = new Map<string, RegisterEntry>();
	const entryOf = async (urn: string, number: number): Promise<RegisterEntry | undefined> => {
		const key = `${number} ${urn}`;
		const found = known.get(key) ?? (await needs.registerEntry(urn, number));
		if (found !== undefined) known.set(key, found);
		if (known.size > entriesKeptMax) known.delete(known.keys().next().value!);
		return found;
	};

	/** Which slot begins at an entry that ends or begins a spread: of the boundaries that it and its follower lie around, the one nearest to the slot. */
	const boundarySlot = async (urn: string, entry: RegisterEntry, slot: number, isFrom: boolean): Promise<number | undefined> => {
		const next = await entryOf(urn, entry.number + 1);
		if (next === undefined) return undefined;
		const [first, last] = [Math.ceil(entry.measuredAtMs / slotMs), Math.ceil(next.measuredAtMs / slotMs) - 1];
		const at = isFrom ? Math.min(last, slot) : Math.max(first, slot + 1);
		return at < first || at > last ? undefined : at;
	};

	const boundaryOf = async (
		urn: string,
		number: number,
		slot: number,
		isFrom: boolean,
		isSpread: boolean,
	): Promise<EvidenceBoundary | undefined> => {
		const entry = await entryOf(urn, number);
		if (entry === undefined) return undefined;
		const at = isSpread ? await boundarySlot(urn, entry, slot, isFrom) : isFrom ? slot : slot + 1;
		if (at === undefined) return undefined;
		const {index, registerWh, counterEpoch} = entry;
		return {slot: at, index, number, registerWh, counterEpoch, receipt: undefined};
	};

	const registerOf = async (
		urn: string | undefined,
		[from, to]: readonly [from: number, to: number],
		slot: number,
		isSpread: boolean,
	): Promise<EvidenceRegister | undefined> => {
		if (urn === undefined || from === 0 || to === 0) return undefined;
		const [start, end] = [await boundaryOf(urn, from, slot, true, isSpread), await boundaryOf(urn, to, slot, false, isSpread)];
		return start === undefined || end === undefined ? undefined : {from: start, to: end};
	};

	const meterOf = async (meter: MarketMeter, slot: number, row: RowLeaf | undefined, {input}: ClearedSlot): Promise<EvidenceMeter> => {
		const {imported, exported} = engine.energyOf(meter, slot);
		const numbers = row ?? {
			importFrom: imported.fromNumber ?? 0,
			importTo: imported.toNumber ?? 0,
			exportFrom: exported.fromNumber ?? 0,
			exportTo: exported.toNumber ?? 0,
		};
		const isSubstituted = row !== undefined && (row.flags & rowFlags.substituted) !== 0;
		const isSpread = row === undefined ? imported.spread || exported.spread : (row.flags & rowFlags.spread) !== 0;
		const net = row === undefined ? netExportWh(exported, imported) : isSubstituted ? undefined : row.meteredWh;
		const before = input.netExportWh?.[meter.id];
		// Only meters with an order were looked at when the slot was cleared.
		const isAsked = input.netExportWh !== undefined && input.set.some(one => one.meter === meter.id);
		return {
			meter: meter.id,
			owner: meter.owner,
			onlyTakes: meter.exportUrn === undefined,
			imported: await registerOf(meter.importUrn, [numbers.importFrom, numbers.importTo], slot, isSpread),
			exported: await registerOf(meter.exportUrn, [numbers.exportFrom, numbers.exportTo], slot, isSpread),
			atClearing: isAsked && before !== net ? {netExportWh: before} : undefined,
		};
	};

	return async slot => {
		const [cleared, record] = [await engine.cleared(slot), await engine.record(slot)];
		if (cleared === undefined || record === undefined) return undefined;
		const settled = await engine.day(Math.floor(slot / slotsPerDay));
		const leaves = meters.map(({owner, id}) => {
			const at = settled?.commitment.findRow(owner, slot, id);
			return at === undefined ? undefined : settled!.commitment.rowAt(at);
		});
		const shown: EvidenceMeter[] = [];
		for (const [i, meter] of meters.entries()) shown.push(await meterOf(meter, slot, leaves[i], cleared));
		const rows = leaves.flatMap((leaf): EvidenceRow[] => (leaf === undefined ? [] : [leaf]));
		const positions = rows.map(({meter, contractedWh, meteredWh, usualImportWh}) => ({
			account: meter,
			contractedWh,
			meteredWh,
			usualImportWh,
		}));
		return slotEvidenceText({
			market: rules.market,
			domain,
			operator,
			gate: engine.book.gateOf(slot),
			statement: record.statement,
			orders: await ordersOf(cleared, record.sequence),
			meters: shown,
			settled: settled === undefined ? undefined : {rows, accounts: settle(positions, cleared.clearing, rules).accounts},
			cleared,
		});
	};
}
