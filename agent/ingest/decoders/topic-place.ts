// Guesses which level of a topic names the device, for formats whose messages come on any topic.

/** Last levels that say what the message is, not whose. */
const sayings = new Set([
	'telegram',
	'telegrams',
	'raw',
	'p1',
	'data',
	'up',
	'upload',
	'report',
	'frame',
	'frames',
	'message',
	'event',
	'hj212',
	'dsmr',
	'state',
]);

/** The filter with `{device}` where the device is named, and what stands there. undefined where a filter cannot have it so. */
export function placeOfDevice(topic: string): {readonly topic: string; readonly device: string} | undefined {
	if (/[+#{}\0]/.test(topic)) return undefined;
	const levels = topic.split('/');
	let place = levels.length - 1;
	if (place > 0 && sayings.has(levels[place]!.toLowerCase())) place -= 1;
	const device = levels[place]!;
	if (device === '' || device.length > 128) return undefined;
	levels[place] = '{device}';
	return {topic: levels.join('/'), device};
}
