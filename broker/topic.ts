// Decides which text from the wire may be used at all, and which topics a topic filter covers.

/**
 * Whether text is free of control characters and of U+FFFD. The packet parser puts U+FFFD where the bytes were not UTF-8, so text that holds it may be a forgery of
 * another text; [MQTT-1.5.3-1] and [MQTT-1.5.3-2] close the connection for ill-formed UTF-8 and for U+0000.
 */
export function isCleanText(text: string): boolean {
	for (let i = 0; i < text.length; i += 1) {
		const code = text.charCodeAt(i);
		if (code < 0x20 || (code >= 0x7f && code <= 0x9f) || code === 0xfffd) return false;
	}
	return true;
}

export function isWithinBytes(text: string, bytesMax: number): boolean {
	// UTF-8 has at least one and at most three bytes for each UTF-16 unit, so most texts need no counting.
	return text.length * 3 <= bytesMax || (text.length <= bytesMax && Buffer.byteLength(text) <= bytesMax);
}

/** Whether every topic that `narrow` (a topic or a filter) can stand for is also matched by the filter `wide` [MQTT 3.1.1 §4.7]. */
export function covers(wide: string, narrow: string): boolean {
	const wideLevels = wide.split('/');
	const narrowLevels = narrow.split('/');
	// [MQTT-4.7.2-1] A wildcard in front never reaches the broker's own topics.
	if (narrow.startsWith('$') && !wide.startsWith('$')) return false;
	for (const [i, level] of wideLevels.entries()) {
		// [MQTT-4.7.1-2] `a/#` stands for `a` as well.
		if (level === '#') return true;
		const other = narrowLevels[i];
		if (other === undefined || other === '#') return false;
		if (level !== '+' && level !== other) return false;
	}
	return wideLevels.length === narrowLevels.length;
}

export function coversAny(filters: readonly string[], narrow: string): boolean {
	return filters.some(filter => covers(filter, narrow));
}
