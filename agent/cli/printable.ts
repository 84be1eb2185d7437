// Makes a text of strangers fit for a terminal: nothing in it moves the cursor.

/** Text of others, as people can read it without their terminal obeying it. */
export function printable(text: string): string {
	return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\ufffd').slice(0, 400);
}
