// Turns text that came from the wire into text that may be shown.

/** Cut to so many UTF-16 units, and without what moves a cursor, turns the writing or is half a character. */
export function shownText(text: string, lengthMax: number): string {
	return text.slice(0, lengthMax).replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '\ufffd');
}
