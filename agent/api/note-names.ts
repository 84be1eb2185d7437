// Names the notes of the log as the HTTP interface writes them.

import {noteKinds} from '../format/entry.ts';

/** By the code of the note. */
export const noteNames: ReadonlyMap<number, string> = new Map(
	Object.entries(noteKinds).map(([name, code]) => [code, name === 'clockStep' ? 'clock-step' : name]),
);
