// Turns text that devices and people wrote into text that cannot play tricks on paper: characters that nobody sees, or that turn the direction of reading, are spelt out.

const hidden = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Surrogate}\u2028\u2029]/gu;

/** The text with each such character as `\u{…}`. */
export function plainText(text: string): string {
	return text.replace(hidden, spelt);
}

export function spelt(character: string): string {
	return `\\u{${character.codePointAt(0)!.toString(16)}}`;
}
