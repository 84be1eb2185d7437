// Finds the channel that the words of a command mean.

import {type OptionSpec, textOf, usageError, type Values} from './command.ts';

export const channelOptions = {
	quantity: {type: 'string', value: 'NAME', help: 'which quantity of the device, if it has several'},
	part: {type: 'string', value: 'PART', help: 'which part (phase, tariff, direction) of it'},
} as const satisfies Record<string, OptionSpec>;

/** All channels of a device, by its id; at least one. Fails with ARGUMENT_INVALID, naming the devices that there are. */
export function channelsOf<C extends {readonly urn: string}>(
	command: {readonly name: string},
	channels: readonly C[],
	device: string,
): C[] {
	const own = channels.filter(channel => channel.urn.startsWith(`urn:kedge:device:${device}:`));
	if (own.length > 0) return own;
	// The log's own channel is no device.
	const devices = new Set(channels.filter(({urn}) => urn.startsWith('urn:kedge:device:')).map(({urn}) => urn.split(':')[3]));
	throw usageError(
		command,
		`the log has no reading of a device "${device}" yet; it has readings of ${[...devices].slice(0, 20).join(', ') || 'none'}`,
	);
}

/** The one channel of a device, by its id or its whole URN. Fails with ARGUMENT_INVALID, naming what there is. */
export function findChannel<C extends {readonly urn: string}>(
	command: {readonly name: string},
	channels: readonly C[],
	device: string,
	values: Values,
): C {
	const quantity = textOf(values, 'quantity');
	const part = textOf(values, 'part');
	const exact = channels.find(channel => channel.urn === device);
	if (exact !== undefined) return exact;
	const own = channelsOf(command, channels, device);
	const fitting = own.filter(channel => {
		const [, , , , itsQuantity, itsPart] = channel.urn.split(':');
		return (quantity === undefined || itsQuantity === quantity) && (part === undefined || itsPart === part);
	});
	if (fitting.length === 1) return fitting[0]!;
	const names = (fitting.length === 0 ? own : fitting).map(channel => `\n  --quantity ${channel.urn.split(':').slice(4).join(' --part ')}`);
	throw usageError(
		command,
		`${fitting.length === 0 ? 'the device has no such channel; it has' : 'the device has several channels, say which'}:${names.join('')}`,
	);
}
