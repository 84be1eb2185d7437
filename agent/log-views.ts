// The composition root's part that shows what stands in the log: an entry, the way from its leaf to a checkpoint and its anchors, notes, and what was refused.

import {anchoredAbove} from './anchoring.ts';
import {noteNames} from './api/note-names.ts';
import type {ArrivalView, EntryView, NoteView, PathView, RefusalView, Window} from './api/window.ts';
import {fromUtf8, toBase64, toHex, viewOf} from './base/bytes.ts';
import {AgentError} from './base/errors.ts';
import {nodeHasher} from './base/hash-node.ts';
import type {ChannelTable} from './channel-table.ts';
import {type Arrival, decodeArrival} from './format/arrival.ts';
import {decodeNote, parseObject} from './format/body.ts';
import {parseCheckpoint} from './format/checkpoint.ts';
import {
	decodeEntry,
	type Entry,
	enrolmentKinds,
	entryLeafHash,
	entryLength,
	epochKinds,
	identityKinds,
	kinds,
	orderKinds,
	outlineEntry,
	qualityNames,
	statementKinds,
} from './format/entry.ts';
import {quantityOfCode} from './format/quantity.ts';
import {parseChannelUrn, parseDeviceUrn} from './format/subject.ts';
import {timeOf} from './ledgers/ledger.ts';
import type {Log} from './log/log.ts';
import type {LogReader, QuarantineRow} from './log/reader.ts';
import type {Release} from './log/release.ts';
import {inclusionRanges} from './merkle/prove.ts';
import {nodeHash} from './merkle/tree.ts';
import {slotMs} from './trade/order.ts';

/** Entries that one page of notes looks at, and that are read at once for it. */
const notesLookMax = 65_536;
const notesAtOnce = 4096;
/** Longer payloads are not sent along with a list. */
const payloadShownMax = 16_384;

const namesOf = (table: Readonly<Record<string, number>>): ReadonlyMap<number, string> =>
	new Map(Object.entries(table).map(([name, code]) => [code, name]));
const kindNames = namesOf(kinds);
/** Names of the sorts of each kind but readings, which have quantities. */
const sortNames: Readonly<Record<number, ReadonlyMap<number, string>>> = {
	[kinds.note]: noteNames,
	[kinds.enrolment]: namesOf(enrolmentKinds),
	[kinds.order]: namesOf(orderKinds),
	[kinds.epoch]: namesOf(epochKinds),
	[kinds.identity]: namesOf(identityKinds),
	[kinds.statement]: namesOf(statementKinds),
};

export function createLogViews({
	log,
	reader,
	release,
	channels,
	anchorsNeeded,
}: {
	readonly log: Pick<Log, 'size'>;
	readonly reader: LogReader;
	readonly release: Pick<Release, 'released'>;
	readonly channels: Pick<ChannelTable, 'ofSubject'>;
	readonly anchorsNeeded: number;
}): Pick<Window, 'entry' | 'path' | 'notes' | 'quarantine'> {
	return {
		entry: async (index, withArrival) => {
			if (index >= log.size()) return undefined;
			// Promised, and not durable yet.
			const bytes = await unless('ENTRY_UNKNOWN', () => reader.entry(index));
			if (bytes === undefined) return undefined;
			const entry = decodeEntry(bytes);
			return {
				...entryView(index, bytes, entry, channels.ofSubject(entry.subject)?.urn ?? null),
				...(isWithheld(entry, withArrival)
					? ({body: null, arrival: null, arrivalState: 'withheld'} as const)
					: entry.kind === kinds.enrolment
						? ({body: null, arrival: null, arrivalState: 'none'} as const)
						: sourceView(entry, (await unless('ENTRY_PRUNED', () => reader.source(index)))?.record)),
			};
		},
		path: async index => {
			const anchored = await anchoredAbove(reader, index, 0, anchorsNeeded);
			const note = anchored?.note ?? release.released()?.note;
			const checkpoint = note === undefined ? undefined : parseCheckpoint(note);
			if (note === undefined || checkpoint === undefined || checkpoint.size <= index) return undefined;
			const {size, root, origin} = checkpoint;
			const leaf = entryLeafHash(nodeHasher, await reader.entry(index));
			return {
				index,
				leafHash: toHex(leaf),
				steps: stepsOf(index, size, leaf, await reader.inclusion(index, size)),
				checkpoint: {origin, size, root: toHex(root), note},
				anchors: [...(anchored?.anchors ?? []), ...(anchored?.timestamps ?? [])].map(plain),
			};
		},
		notes: async (before, wanted, limit) => {
			const codes = new Set([...noteNames].filter(([, name]) => wanted.includes(name)).map(([code]) => code));
			const first: number = await reader.first();
			let end: number = Math.min(before, (await reader.head())?.size ?? 0);
			const stop = Math.max(first, end - notesLookMax);
			const items: NoteView[] = [];
			while (end > stop) {
				const begin = Math.max(stop, end - notesAtOnce);
				const entries = await reader.entries(begin, end);
				const entriesView = viewOf(entries);
				for (let index = end - 1; index >= begin; index -= 1) {
					const offset = (index - begin) * entryLength;
					if (entries[offset] !== kinds.note || !codes.has(outlineEntry(entriesView, offset).quantity)) continue;
					const entry = decodeEntry(entries.subarray(offset, offset + entryLength));
					items.push({
						index,
						note: noteNames.get(entry.quantity)!,
						urn: channels.ofSubject(entry.subject)?.urn ?? null,
						atMs: timeOf(entry),
						value: String(entry.value),
						// One that cannot be read does not hide the others.
						body: await reader.source(index).then(
							({record}) => decodeNote(record) ?? null,
							() => null,
						),
					});
					if (items.length === limit) return {items, next: index > first ? index : undefined};
				}
				end = begin;
			}
			return {items, next: end > first ? end : undefined};
		},
		quarantine: async (limit, withPayload) => (await reader.quarantine(limit)).map(row => refusalView(row, withPayload)),
	};
}

/** What `ask` gives; undefined where it fails with this code. */
async function unless<T>(code: 'ENTRY_PRUNED' | 'ENTRY_UNKNOWN', ask: () => Promise<T>): Promise<T | undefined> {
	try {
		return await ask();
	} catch (error) {
		if (error instanceof AgentError && error.code === code) return undefined;
		throw error;
	}
}

/** What traders signed is shown by the market, after the gate, and nowhere else; a message as it arrived is for some. */
function isWithheld({kind}: Entry, withArrival: boolean): boolean {
	return kind === kinds.order || (kind === kinds.reading && !withArrival);
}

type Shown = Pick<EntryView, 'body' | 'arrival' | 'arrivalState'>;

/** What an entry came from: of a reading the message, of all else a body. undefined: it was pruned. */
function sourceView({kind}: Entry, record: Uint8Array | undefined): Shown {
	if (record === undefined) return {body: null, arrival: null, arrivalState: 'pruned'};
	const message = kind === kinds.reading ? decodeArrival(record) : undefined;
	return message === undefined
		? {body: parseObject(record) ?? null, arrival: null, arrivalState: 'none'}
		: {body: null, arrival: arrivalView(message), arrivalState: 'shown'};
}

function arrivalView({topic, identity, flags, arrivedAtMs, decoder, deviceSignature, payload}: Arrival): ArrivalView {
	const shown = payload.subarray(0, payloadShownMax);
	return {
		topic,
		identity,
		flags,
		arrivedAtMs,
		decoder,
		signature: toHex(deviceSignature),
		payload: toBase64(shown),
		payloadText: fromUtf8(shown) ?? null,
		payloadBytes: payload.length,
	};
}

function entryView(index: number, bytes: Uint8Array, entry: Entry, urn: string | null): Omit<EntryView, keyof Shown> {
	const isReading = entry.kind === kinds.reading;
	const quantity = isReading ? quantityOfCode(entry.quantity) : undefined;
	return {
		index,
		kind: kindNames.get(entry.kind) ?? `kind-${entry.kind}`,
		sort: (isReading ? quantity?.name : sortNames[entry.kind]?.get(entry.quantity)) ?? null,
		urn,
		device: urn === null ? null : (parseChannelUrn(urn)?.deviceId ?? parseDeviceUrn(urn) ?? null),
		number: entry.number,
		unit: quantity?.unit ?? null,
		exponent: entry.exponent,
		value: String(entry.value),
		quality: isReading ? qualityNames(entry.quality) : [],
		measuredAtMs: entry.measuredAtMs === 0 ? null : entry.measuredAtMs,
		arrivedAtMs: entry.arrivedAtMs,
		span: entry.span,
		subject: toHex(entry.subject),
		salt: toHex(entry.salt),
		source: toHex(entry.source),
		bytes: toHex(bytes),
		leafHash: toHex(entryLeafHash(nodeHasher, bytes)),
	};
}

/** The path of a leaf in the tree of `size`, with what each step comes to [RFC 9162 §2.1.3]. */
function stepsOf(index: number, size: number, leaf: Uint8Array, hashes: readonly Uint8Array[]): PathView['steps'] {
	let sum = leaf;
	return inclusionRanges(index, size).map(({begin, end}, i) => {
		const hash = hashes[i]!;
		const side = begin > index ? 'right' : 'left';
		sum = side === 'right' ? nodeHash(nodeHasher, sum, hash) : nodeHash(nodeHasher, hash, sum);
		return {side, hash: toHex(hash), begin, end, sum: toHex(sum)};
	});
}

function refusalView({id, arrivedAtMs, reason, detail, record}: QuarantineRow, withPayload: boolean): RefusalView {
	const message = decodeArrival(record);
	const payload = message?.payload;
	return {
		id,
		arrivedAtMs,
		reason,
		detail,
		topic: message?.topic ?? null,
		identity: message?.identity ?? null,
		bytes: payload?.length ?? record.length,
		payload: withPayload && payload !== undefined && payload.length <= payloadShownMax ? toBase64(payload) : null,
	};
}

/** As JSON can hold it: bytes in hexadecimal, whole numbers of any length as text. */
function plain(value: unknown): unknown {
	return JSON.parse(
		JSON.stringify(value, (_key, one: unknown) => (one instanceof Uint8Array ? toHex(one) : typeof one === 'bigint' ? String(one) : one)),
	);
}

/** When the newest of the orders among packed entries may be shown, in ms since 1970; 0 if there is none. */
export function sealedUntilMs(entries: Uint8Array, gateBeforeMs: number): number {
	const view = viewOf(entries);
	let untilMs = 0;
	for (let offset = 0; offset < entries.length; offset += entryLength) {
		const {kind, quantity} = outlineEntry(view, offset);
		if (kind !== kinds.order || quantity !== orderKinds.order) continue;
		// The value of an order is the first of its slots.
		const {value} = decodeEntry(entries.subarray(offset, offset + entryLength));
		untilMs = Math.max(untilMs, Number(value) * slotMs - gateBeforeMs);
	}
	return untilMs;
}
