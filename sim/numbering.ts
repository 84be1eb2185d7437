// Follows the numbering of the simulated devices through a log, and finds gaps that no note tells of and notes that tell of no gap.

/** A gap note as its entries' body has it. */
export type GapNote = {readonly session: string; readonly from: number; readonly to: number};

export type NumberingCheck = {
	/** A message of the device, with the subjects of its readings, in the order of the log. */
	readonly arrived: (index: number, deviceId: string, subjects: readonly string[], payload: Uint8Array) => void;
	/** A gap note on the subjects of its entries. */
	readonly noted: (index: number, subjects: readonly string[], note: GapNote | undefined) => void;
	/** Notes that no message came behind are wrong too. */
	readonly end: () => void;
	/** Channels with a gap that has no note, and notes without a gap. */
	readonly wrong: () => number;
};

/** Devices with a numbering begin every payload with it. */
const numberPattern = /^\{"boot":"([^"\\]{1,64})","seq":(\d{1,15}),/;
const prefixBytes = 100;

/** Told of each thing that is wrong with a sentence. */
export function createNumberingCheck(example: (sentence: string) => void): NumberingCheck {
	/** By device and session: the largest number so far. */
	const tops = new Map<string, number>();
	/** By subject: notes whose message must come next. */
	const open = new Map<string, GapNote & {readonly index: number}>();
	let wrong = 0;
	const found = (sentence: string): void => {
		wrong += 1;
		example(sentence);
	};
	const misplaced = (index: number): void => found(`the gap note at index ${index} tells of no gap of the message behind it`);
	return {
		arrived: (index, deviceId, subjects, payload) => {
			const printed = numberPattern.exec(Buffer.from(payload.buffer, payload.byteOffset, Math.min(prefixBytes, payload.length)).toString());
			if (printed === null) return;
			const [session, sequence] = [printed[1]!, Number(printed[2])];
			const name = `${deviceId} ${session}`;
			const top = tops.get(name);
			const isGap = top !== undefined && sequence > top + 1;
			tops.set(name, Math.max(top ?? sequence, sequence));
			for (const subject of new Set(subjects)) {
				const note = open.get(subject);
				open.delete(subject);
				const fits = note?.session === session && note.from === (top ?? 0) + 1 && note.to === sequence - 1;
				if (note !== undefined && !(isGap && fits)) misplaced(note.index);
				if (isGap && !fits)
					found(`index ${index}: nothing says that ${deviceId} lost its numbers ${top + 1} to ${sequence - 1} of session ${session}`);
			}
		},
		noted: (index, subjects, note) => {
			for (const subject of subjects) {
				if (note === undefined || open.has(subject)) misplaced(index);
				if (note !== undefined) open.set(subject, {...note, index});
			}
		},
		end: () => {
			for (const {index} of open.values()) misplaced(index);
			open.clear();
		},
		wrong: () => wrong,
	};
}

/** undefined if the bytes are not the body of a gap note. */
export function readGapNote(body: Uint8Array): GapNote | undefined {
	try {
		const parsed = JSON.parse(Buffer.from(body).toString()) as Record<string, unknown>;
		const {note, session = '', from, to, ...rest} = parsed;
		if (note !== 'gap' || typeof session !== 'string' || Object.keys(rest).length > 0) return undefined;
		return Number.isSafeInteger(from) && Number.isSafeInteger(to) ? {session, from: from as number, to: to as number} : undefined;
	} catch {
		return undefined;
	}
}
