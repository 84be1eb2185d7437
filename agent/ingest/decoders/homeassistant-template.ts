// Turns the value templates of Home Assistant that only point at a value into the path to it; all others compute, and are not followed.

import {followPointer, type JsonValue} from '../json.ts';

export type Template = {
	/** `value_json…`: the payload is JSON, and the path leads to the value in it. Else the payload is the value, as a text. */
	readonly isJson: boolean;
	readonly path: readonly string[];
	/** `| int`: what it prints is the value only if there is nothing behind the point. */
	readonly isWhole: boolean;
};

const pathMax = 16;

const templatePattern = /^\{\{(value_json|value)([^|{}]*)((?:\|[^|{}]*)*)\}\}$/;
/** Filters that leave a value as it is, where it is there; `default` only says what stands for one that is not. */
const harmlessPattern = /^(?:float|is_defined|default|d)\s*(?:\([^()]*\))?$/;
const wholePattern = /^int\s*(?:\([^()]*\))?$/;

/** undefined if the template does more than to point at a value. `text` MUST be of bounded length. */
export function parseTemplate(text: string): Template | undefined {
	// A minus beside the braces only eats the blanks around them.
	const found = templatePattern.exec(
		text
			.trim()
			.replace(/^\{\{-?\s*/, '{{')
			.replace(/\s*-?\}\}$/, '}}'),
	);
	if (found === null) return undefined;
	const [, root, steps = '', filters = ''] = found;
	const path = parsePath(steps.trim());
	if (path === undefined || (root === 'value' && path.length > 0)) return undefined;
	let isWhole = false;
	for (const filter of filters.split('|').slice(1)) {
		const name = filter.trim();
		if (wholePattern.test(name)) isWhole = true;
		else if (!harmlessPattern.test(name)) return undefined;
	}
	return {isJson: root === 'value_json', path, isWhole};
}

const stepPattern = /\.([A-Za-z_][A-Za-z0-9_]*)|\[\s*(?:'([^'\\]*)'|"([^"\\]*)"|(0|[1-9][0-9]{0,3}))\s*\]/y;

/** The steps of `.a['b'][0]`; undefined if it is anything else, such as a sum or a call. */
function parsePath(text: string): readonly string[] | undefined {
	const path: string[] = [];
	stepPattern.lastIndex = 0;
	for (let at = 0; at < text.length; at = stepPattern.lastIndex) {
		stepPattern.lastIndex = at;
		const found = stepPattern.exec(text);
		if (found === null || path.length === pathMax) return undefined;
		path.push(found[1] ?? found[2] ?? found[3] ?? found[4]!);
	}
	return path;
}

/** What the template points at in a JSON payload; undefined if nothing is there. */
export function followTemplate(value: JsonValue, {path}: Template): JsonValue | undefined {
	return followPointer(value, path);
}
