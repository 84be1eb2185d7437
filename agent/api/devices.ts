// /devices: those that may speak, those that were revoked, and their channels.

import type {Caller} from './access.ts';
import {channelSchema} from './channels.ts';
import {Problem} from './problem.ts';
import {agentOf, defineRoute, type Route} from './route.ts';
import {accountId, anything, count, nameKey, oneOf, Type, wholeOrNull} from './schema.ts';
import {assertDevice, seesDevice} from './share-scope.ts';
import type {DeviceView} from './window.ts';

const deviceSchema = Type.Object(
	{
		id: Type.String(),
		from: oneOf(['config', 'added']),
		state: oneOf(['enrolled', 'revoked']),
		topics: Type.Array(Type.String()),
		mappings: Type.Array(Type.String()),
		credentials: Type.Array(Type.String()),
		isSigning: Type.Boolean(),
		cadenceMs: wholeOrNull('It speaks at least this often; null: it may be silent.'),
		lastHeardMs: wholeOrNull('Since the start of the agent.'),
		isSilent: Type.Boolean({description: 'One of its channels at least was not heard for twice its cadence.'}),
		refused: count,
		expired: Type.Array(Type.String()),
		binding: anything,
		channels: count,
	},
	{[nameKey]: 'Device'},
);

/** Whoever came by a share link sees what a device measures, and not how it is let in. */
function shownDevice(caller: Caller, device: DeviceView): DeviceView {
	const hidden = {topics: [], mappings: [], credentials: [], refused: 0, expired: [], binding: null};
	return caller.share === undefined ? device : {...device, ...hidden};
}

export const deviceRoutes: readonly Route[] = [
	defineRoute({
		method: 'GET',
		path: '/devices',
		id: 'listDevices',
		tag: 'devices',
		summary: 'The devices, those that were revoked included',
		access: 'viewer',
		isShared: true,
		cost: 'request',
		answers: {ok: Type.Object({items: Type.Array(deviceSchema)}, {[nameKey]: 'DeviceList'})},
		problems: ['forbidden'],
		handle: ({caller, context}) => {
			const items = agentOf(context)
				.window.devices()
				.filter(({id}) => seesDevice(caller, id));
			return {kind: 'ok', body: {items: items.map(one => shownDevice(caller, one))}};
		},
	}),
	defineRoute({
		method: 'GET',
		path: '/devices/{device}',
		id: 'getDevice',
		tag: 'devices',
		summary: 'A device and its channels',
		access: 'viewer',
		isShared: true,
		cost: 'request',
		params: Type.Object({device: accountId}),
		answers: {ok: Type.Object({device: deviceSchema, channels: Type.Array(channelSchema)}, {[nameKey]: 'DeviceWithChannels'})},
		problems: ['forbidden', 'not-found'],
		handle: ({params, caller, context}) => {
			assertDevice(caller, params.device);
			const {window} = agentOf(context);
			const device = window.devices().find(({id}) => id === params.device);
			if (device === undefined) throw new Problem('not-found', `there is no device ${params.device}`);
			return {
				kind: 'ok',
				body: {device: shownDevice(caller, device), channels: window.channels().filter(channel => channel.device === params.device)},
			};
		},
	}),
];
