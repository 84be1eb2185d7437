// The composition root's part that turns the agent's state into counters and gauges, as Prometheus reads them.

import type {Family} from './api/metrics.ts';
import type {AgentView} from './api/window.ts';
import {refusalCounts, type Status} from './state.ts';

/** State as families; names end in their units. */
export function familiesOf(
	status: Status,
	view: Pick<AgentView, 'newestEntryAtMs' | 'releasedAtMs' | 'accountsBehind'>,
	nowMs: number,
): Family[] {
	const {counters, anchor, disk, broker, client} = status;
	const {refused, setAside} = refusalCounts(counters);
	const targets = anchor?.targets ?? [];
	const one = (value: number | undefined | null): Family['samples'] => (value === undefined || value === null ? [] : [{value}]);
	const ageS = (atMs: number | null): number | undefined => (atMs === null ? undefined : Math.max(0, nowMs - atMs) / 1000);
	return [
		{
			name: 'kedge_info',
			type: 'gauge',
			help: 'Always 1; the labels say which program and log.',
			samples: [{labels: {version: status.version, origin: status.origin}, value: 1}],
		},
		{
			name: 'kedge_state',
			type: 'gauge',
			help: '1 for the state that the agent is in.',
			samples: ['running', 'withheld', 'full', 'frozen', 'stopping'].map(state => ({
				labels: {state},
				value: state === status.state ? 1 : 0,
			})),
		},
		{
			name: 'kedge_start_time_seconds',
			type: 'gauge',
			help: 'When the agent was started, since 1970.',
			samples: one(status.startedAtMs / 1000),
		},
		{name: 'kedge_entries_total', type: 'counter', help: 'Entries of the log.', samples: one(status.size)},
		{
			name: 'kedge_released_entries_total',
			type: 'counter',
			help: 'Entries that may be proven to others.',
			samples: one(status.releasedSize),
		},
		{
			name: 'kedge_newest_entry_age_seconds',
			type: 'gauge',
			help: 'Since the newest entry arrived.',
			samples: one(ageS(view.newestEntryAtMs)),
		},
		{
			name: 'kedge_released_entry_age_seconds',
			type: 'gauge',
			help: 'Since the newest released entry arrived.',
			samples: one(ageS(view.releasedAtMs)),
		},
		{
			name: 'kedge_anchored_entries_total',
			type: 'counter',
			help: 'Entries that an anchor covers.',
			samples: targets.flatMap(target =>
				target.kind === 'chain'
					? [
							{labels: {target: target.name, state: 'mined'}, value: target.minedSize},
							{labels: {target: target.name, state: 'final'}, value: target.finalSize},
						]
					: [{labels: {target: target.name, state: 'stamped'}, value: target.stampedSize}],
			),
		},
		{
			name: 'kedge_anchor_failing',
			type: 'gauge',
			help: '1 while anchoring there fails.',
			samples: targets.map(({name, lastError}) => ({labels: {target: name}, value: lastError === undefined ? 0 : 1})),
		},
		{
			name: 'kedge_anchor_runway_days',
			type: 'gauge',
			help: 'Days that the fees last at what anchors cost now.',
			samples: targets.flatMap(target =>
				target.kind === 'chain' && target.runwayDays !== undefined ? [{labels: {target: target.name}, value: target.runwayDays}] : [],
			),
		},
		{
			name: 'kedge_unanchored_age_seconds',
			type: 'gauge',
			help: 'Age of the oldest entry that no anchor covers.',
			samples: one(anchor === undefined ? undefined : (anchor.oldestUnanchoredAgeMs ?? 0) / 1000),
		},
		{name: 'kedge_channels', type: 'gauge', help: 'Channels of the log.', samples: one(status.channels)},
		{name: 'kedge_devices', type: 'gauge', help: 'Devices that may speak.', samples: one(status.devices)},
		{
			name: 'kedge_silent_devices',
			type: 'gauge',
			help: 'Devices that were not heard for twice their cadence.',
			samples: one(status.silent.count),
		},
		{
			name: 'kedge_connections',
			type: 'gauge',
			help: 'Connections to the embedded broker.',
			samples: one(broker === undefined ? undefined : status.connections),
		},
		{
			name: 'kedge_client_connected',
			type: 'gauge',
			help: '1 while the connection to your broker is up.',
			samples: one(client === undefined ? undefined : Number(client.isConnected)),
		},
		{
			name: 'kedge_refused_messages_total',
			type: 'counter',
			help: 'Messages that were refused, by reason.',
			samples: [...refused, ...setAside].map(([reason, value]) => ({labels: {reason}, value})),
		},
		...(['repeats', 'gaps', 'silences', 'corrections', 'evicted'] as const).map(
			(name): Family => ({
				name: `kedge_${name}_total`,
				type: 'counter',
				help: `Counted since the log began: ${name}.`,
				samples: one(counters[name] ?? 0),
			}),
		),
		{name: 'kedge_quarantine_bytes', type: 'gauge', help: 'What the quarantine holds.', samples: one(status.quarantineBytes)},
		{name: 'kedge_pending_bytes', type: 'gauge', help: 'On the way to the disk.', samples: one(status.pendingBytes)},
		{name: 'kedge_resident_memory_bytes', type: 'gauge', help: 'Memory of the agent.', samples: one(status.residentBytes)},
		{name: 'kedge_disk_free_bytes', type: 'gauge', help: 'Room on the disk of the log.', samples: one(disk.freeBytes)},
		{name: 'kedge_disk_floor_bytes', type: 'gauge', help: 'Below this room nothing is acknowledged.', samples: one(disk.floorBytes)},
		{
			name: 'kedge_disk_fill_days',
			type: 'gauge',
			help: 'Days until the disk is at its floor at the pace of the last days; absent while nobody knows.',
			samples: one(disk.fillDays),
		},
		{name: 'kedge_wal_bytes', type: 'gauge', help: 'Size of the WAL of SQLite.', samples: one(disk.walBytes)},
		{
			name: 'kedge_accounts_behind_entries',
			type: 'gauge',
			help: 'Entries that the accounts have not folded yet.',
			samples: one(view.accountsBehind),
		},
		{
			name: 'kedge_warnings',
			type: 'gauge',
			help: 'What is wrong, as kedge status says it: how many sentences.',
			samples: one(status.warnings.length),
		},
	];
}
