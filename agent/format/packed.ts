// Reads items of one length that lie in one base64 text of a document, one behind the other.

import {fromBase64} from '../base/bytes.ts';
import {type Fields, shapeError} from './document.ts';

/** The bytes under a key, with their text. Ends the reading if they are not whole items, or more than `itemsMax`. */
export function packedOf(
	fields: Fields,
	key: string,
	length: number,
	itemsMax: number,
): {readonly text: string; readonly bytes: Uint8Array} {
	const text = fields.ascii(key);
	const bytes = fromBase64(text) ?? shapeError(`${key} is not canonical base64`);
	if (bytes.length % length !== 0) shapeError(`${key} has ${bytes.length} bytes, not a multiple of ${length}`);
	if (bytes.length / length > itemsMax) shapeError(`${key} has ${bytes.length / length} items, more than ${itemsMax}`);
	return {text, bytes};
}
