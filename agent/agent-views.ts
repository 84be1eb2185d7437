// The composition root's part that shows how the agent is, and its devices, as the HTTP interface gives them.

import type {AgentView, ChannelView, DeviceView} from './api/window.ts';
import type {DeviceDesk} from './device-desk.ts';
import {refusalCounts, type Status} from './state.ts';

/** `more`: what its status does not say. */
export function agentView(status: Status, more: Pick<AgentView, 'newestEntryAtMs' | 'releasedAtMs' | 'accountsBehind'>): AgentView {
	const {
		version,
		origin,
		state,
		startedAtMs,
		nowMs,
		size,
		releasedSize,
		channels,
		devices,
		devicesRevoked,
		devicesHeard,
		connections,
		quarantineBytes,
		residentBytes,
		scrub,
		warnings,
		notices,
	} = status;
	const {anchor, counters, silent, disk} = status;
	const {refused, setAside} = refusalCounts(counters);
	const sumOf = (counts: readonly (readonly [string, number])[]): number => counts.reduce((sum, [, count]) => sum + count, 0);
	const anchoredSize = anchor?.minedSize ?? 0;
	return {
		version,
		origin,
		state,
		startedAtMs,
		nowMs,
		size,
		checkpoint: status.newestCheckpoint ?? null,
		releasedSize,
		unanchoredEntries: anchor === undefined ? 0 : Math.max(0, size - anchoredSize),
		unanchoredAgeMs: anchor?.oldestUnanchoredAgeMs ?? null,
		anchorsNeeded: anchor?.needed ?? 0,
		anchoredSize,
		finalSize: anchor?.finalSize ?? 0,
		anchors: (anchor?.targets ?? []).map(anchorView),
		clock: status.clock.synchronisation,
		channels,
		devices,
		devicesRevoked,
		devicesHeard,
		silentDevices: silent.count,
		silent: silent.devices.map(one => ({device: one.deviceId, channels: one.channels})),
		connections,
		gaps: counters.gaps ?? 0,
		silences: counters.silences ?? 0,
		refused: sumOf(refused),
		refusedByReason: Object.fromEntries(refused),
		setAside: sumOf(setAside),
		quarantineBytes,
		disk: {...disk, fillDays: disk.fillDays ?? null},
		residentBytes,
		scrub,
		broker: status.broker ?? null,
		client: status.client ?? null,
		market: status.market ?? null,
		warnings,
		notices,
		...more,
	};
}

function anchorView(target: NonNullable<Status['anchor']>['targets'][number]): AgentView['anchors'][number] {
	const {kind, name, waitingFor = null, lastError = null, lastErrorCode = null} = target;
	const sizes =
		kind === 'chain' ? {size: target.minedSize, finalSize: target.finalSize} : {size: target.stampedSize, finalSize: target.stampedSize};
	const runwayDays = kind === 'chain' ? target.runwayDays : undefined;
	return {
		kind,
		name,
		...sizes,
		waitingFor,
		problem: lastError,
		problemCode: lastErrorCode,
		runwayDays: runwayDays === undefined ? null : Math.floor(runwayDays),
		detail: target,
	};
}

/** Devices as their desk has them. */
export function deviceViews(
	desk: Pick<DeviceDesk, 'list' | 'configured'>,
	channels: readonly ChannelView[],
	silentIds: readonly string[],
): DeviceView[] {
	const counted = new Map<string, number>();
	for (const {device} of channels) counted.set(device, (counted.get(device) ?? 0) + 1);
	const silent = new Set(silentIds);
	return desk.list().map(({id, from, state, topics, mappings, credentials, key, lastHeardMs, refused, expired, binding}) => {
		const seconds = desk.configured(id)?.cadenceSeconds;
		return {
			id,
			from,
			state,
			topics,
			mappings,
			credentials,
			isSigning: key !== undefined,
			cadenceMs: seconds === undefined ? null : seconds * 1000,
			lastHeardMs: lastHeardMs ?? null,
			isSilent: silent.has(id),
			refused,
			expired,
			binding: binding ?? null,
			channels: counted.get(id) ?? 0,
		};
	});
}
