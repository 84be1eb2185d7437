// Turns the body of a note entry into a sentence for a person.

import {utf8} from '../base/bytes.ts';
import {decodeNote, type NoteBody} from '../format/body.ts';
import type {EntryFacts} from './facts.ts';

/** Dates end at this many ms; a file may claim more. */
const dateMsMax = 8_640_000_000_000_000;

/** The time in words; what is no date is printed as the number that it is. */
export function timeText(timeMs: number): string {
	return Math.abs(timeMs) <= dateMsMax ? new Date(timeMs).toISOString() : `${timeMs} ms`;
}

/** What the note says, without its full stop; undefined for an entry that is no note, and for a note that this program does not know or that is not as we write it. */
export function noteWords(entry: EntryFacts, bodyText: string): string | undefined {
	const body = entry.kind === 'note' ? decodeNote(utf8(bodyText)) : undefined;
	if (body === undefined || body.note !== entry.quantity || !Object.hasOwn(words, entry.quantity)) return undefined;
	return words[entry.quantity]!(body);
}

const number = (value: NoteBody[string] | undefined): number | undefined => (Number.isSafeInteger(value) ? (value as number) : undefined);
const text = (value: NoteBody[string] | undefined): string => (value === undefined ? 'unnamed' : String(value));
const secondsText = (durationMs: number): string => `${durationMs / 1000} s`;

/** `undefined` where a field is missing or is not what it should be. */
const words: Readonly<Record<string, (body: NoteBody) => string | undefined>> = {
	start: ({agent, platform, bootId, synchronisation}) => {
		const boot = bootId === undefined ? '' : `, in boot ${bootId}`;
		const clock = synchronisation === undefined ? '' : `, its clock ${clockText(synchronisation)}`;
		return `the agent started: version ${text(agent)} on ${text(platform)}${boot}${clock}`;
	},
	eviction: ({evicted}) =>
		number(evicted) === undefined ? undefined : `${evicted} refused messages were dropped from the quarantine to make room`,
	beacon: ({chainId, blockNumber, blockHash, blockTimeS}) => {
		const timeS = number(blockTimeS);
		if (number(blockNumber) === undefined || timeS === undefined) return undefined;
		const block = `block ${blockNumber} of chain ${text(chainId)}, of ${timeText(timeS * 1000)}, hash ${text(blockHash)}`;
		return `as the agent's node told it, the newest finalized block was ${block}: if that is so, what stands behind this entry was appended after that block`;
	},
	clockStep: ({expectedMs, foundMs, synchronisation, synchronisationBefore}) => {
		const [expected, found] = [number(expectedMs), number(foundMs)];
		if (expected === undefined || found === undefined) return undefined;
		const clock = `it is ${clockText(synchronisation ?? 'unknown')}${synchronisationBefore === undefined ? '' : `, before it was ${clockText(synchronisationBefore)}`}`;
		// A clock that was not set shows what it should.
		if (synchronisationBefore !== undefined && Math.abs(found - expected) <= 1000) return `the agent's clock changed its state: ${clock}`;
		const direction = found < expected ? 'back' : 'forward';
		return `the agent's clock was set ${direction} by ${secondsText(Math.abs(found - expected))}, from ${timeText(expected)} to ${timeText(found)}; ${clock}`;
	},
	rotation: ({chainId, registry, logId, from, to}) => {
		if (number(chainId) === undefined || [registry, logId, from, to].some(value => typeof value !== 'string')) return undefined;
		return `as the agent's node told it, the log that registry ${registry} of chain ${chainId} knows as ${logId} is anchored with the key of ${to} from here on, and no longer with that of ${from}`;
	},
	gap: ({session, from, to}) => {
		const [first, last] = [number(from), number(to)];
		if (first === undefined || last === undefined) return undefined;
		const missing = first === last ? `number ${first} was` : `numbers ${first} to ${last} were`;
		const where = session === undefined || session === '' ? '' : ` of its session "${session}"`;
		return `the device's own ${missing} not among what was logged${where} when a later one came`;
	},
	silence: ({cadenceMs, sinceMs}) => {
		const cadence = number(cadenceMs);
		if (cadence === undefined) return undefined;
		const since = number(sinceMs) === undefined ? 'since the agent started' : `since ${timeText(sinceMs as number)}`;
		return `nothing of this channel was logged ${since}, though its device should speak every ${secondsText(cadence)}`;
	},
};

function clockText(synchronisation: string | number): string {
	return synchronisation === 'unknown' ? 'in a state that it cannot know' : String(synchronisation);
}
