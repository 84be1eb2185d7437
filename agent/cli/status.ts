// kedge status: asks the running agent how it is.

import {openSite} from '../site.ts';
import {readStatus, refusalCounts, type Status} from '../state.ts';
import {ageText, type Command, configDefault, configOption, counted, exitCodes, isSet, textOf} from './command.ts';

export const statusCommand: Command = {
	name: 'status',
	usage: '',
	details: ['Exit code 0 if all is well, 1 if something is wrong (lines with !), 3 if no agent answers, 5 if it is frozen.'],
	options: {...configOption, json: {type: 'boolean', help: 'print the whole state as JSON'}},
	run: async ({values}, io) => {
		const site = await openSite(textOf(values, 'config') ?? configDefault);
		const status = await readStatus(site.paths);
		io.out(isSet(values, 'json') ? `${JSON.stringify(status, null, '\t')}\n` : statusText(status));
		if (status.state === 'frozen') return exitCodes.frozen;
		return status.warnings.length === 0 ? exitCodes.ok : exitCodes.no;
	},
};

function statusText(status: Status): string {
	const {anchor, newestCheckpoint} = status;
	const skipped = status.counters['receipts-skipped'] ?? 0;
	const {refused, setAside} = refusalCounts(status.counters);
	const countsText = (counts: readonly (readonly [string, number])[]): string =>
		counts.map(([name, count]) => `${count} ${name}`).join(', ');
	const turnedAway = Object.entries(status.broker?.turnedAway ?? {});
	const lines = [
		['log', `${status.origin}, ${status.size} entries, ${status.channels} channels`],
		['checkpoint', newestCheckpoint === undefined ? 'none yet' : `size ${newestCheckpoint.size}, root ${newestCheckpoint.root}`],
		['devices', devicesText(status)],
		[
			'silent',
			status.silent.count === 0
				? 'none'
				: `${status.silent.devices.map(({deviceId}) => deviceId).join(', ')}${status.silent.count > status.silent.devices.length ? ` and others, ${status.silent.count} in all` : ''}`,
		],
		['broker', status.broker === undefined ? 'none' : brokerText(status.broker)],
		[
			'your broker',
			status.client === undefined ? 'none' : `${status.client.name}, ${status.client.isConnected ? 'connected' : 'not connected'}`,
		],
		['anchors', anchor === undefined ? 'none' : anchorsText(anchor)],
		...(anchor?.targets ?? []).flatMap(target => targetLines(target, status.nowMs)),
		[
			'unanchored',
			anchor === undefined
				? 'everything'
				: anchor.oldestUnanchoredAgeMs === undefined
					? 'nothing'
					: `since ${Math.round(anchor.oldestUnanchoredAgeMs / 1000)} s`,
		],
		[
			'checked',
			`${status.scrub.done} of ${status.scrub.of} stored entries hashed again, ${status.scrub.passes} whole ${status.scrub.passes === 1 ? 'pass' : 'passes'} since the start`,
		],
		[
			'market',
			status.market === undefined
				? 'none'
				: status.market.halted !== undefined
					? `${status.market.name} is HALTED: ${status.market.halted}`
					: `${status.market.name}, ${status.market.mode}, ${status.market.orders} orders, ${status.market.demands === undefined ? '' : `${status.market.demands} open demands of the court, `}${status.market.api ?? 'no HTTP interface'}`,
		],
		['pages', status.api === undefined ? 'none' : `${status.api} (HTTP interface and pages)`],
		['repeats', String(status.counters.repeats ?? 0)],
		['gaps', `${status.counters.gaps ?? 0} in the numbering of devices, ${status.counters.silences ?? 0} silences`],
		[
			'registers',
			`${status.counters['steps:exception'] ?? 0} exceptions, ${status.counters['steps:reset'] ?? 0} resets, ${status.counters['steps:rollover'] ?? 0} rollovers, ${status.counters.corrections ?? 0} corrections`,
		],
		...(skipped === 0 ? [] : [['receipts', `${skipped} were not sent to their devices`] as const]),
		['refused', refused.length === 0 ? 'none' : countsText(refused)],
		...(setAside.length === 0 ? [] : [['set aside', countsText(setAside)] as const]),
		['turned away', turnedAway.length === 0 ? 'none' : `${countsText(turnedAway)} (since the start)`],
		...(status.broker?.newestTurnedAway ?? []).map(one => ['', turnedAwayText(one, status.nowMs)] as const),
		[
			'clock',
			`${status.clock.synchronisation === 'unknown' ? 'nobody here knows whether it is synchronised' : status.clock.synchronisation}, machine up ${Math.round(status.clock.upMs / 1000)} s`,
		],
		[
			'disk',
			`${Math.round(status.disk.freeBytes / 1048576)} MiB free, floor ${Math.round(status.disk.floorBytes / 1048576)} MiB${lastsText(status.disk.fillDays)}`,
		],
		['memory', `${Math.round(status.residentBytes / 1e6)} MB, up ${Math.round((status.nowMs - status.startedAtMs) / 1000)} s`],
	] as const;
	const warnings = [...status.warnings.map(warning => `! ${warning}\n`), ...status.notices.map(notice => `  ${notice}\n`)];
	return `${lines.map(([name, value]) => `${name.padEnd(13)}${value}\n`).join('')}${warnings.join('')}`;
}

/** How long the disk lasts, if anybody knows. */
export function lastsText(fillDays: number | undefined): string {
	if (fillDays === undefined) return '';
	return `, enough for ${fillDays === 0 ? 'less than a day' : counted(fillDays, 'day')} at this pace`;
}

function anchorsText({needed, of, minedSize, finalSize}: NonNullable<Status['anchor']>): string {
	const who = of === 1 ? '' : ` by ${needed} of ${of}`;
	return `final to size ${finalSize}${who}, ${minedSize === finalSize ? 'and nothing beyond' : `held to ${minedSize}`}`;
}

/** As OPERATING.md says them. */
const nodeStates: Readonly<Record<string, string>> = {unasked: 'not asked yet', out: 'left alone', onTrial: 'tried again'};

/** One line for where a target stands, and one for what it waits for, if it does. */
function targetLines(target: NonNullable<Status['anchor']>['targets'][number], nowMs: number): (readonly [string, string])[] {
	const waiting = target.waitingFor === undefined ? [] : [['', `waiting: ${target.waitingFor}`] as const];
	if (target.kind === 'authority') {
		const stamped =
			target.stampedAtMs === undefined
				? 'nothing stamped yet'
				: `stamped to size ${target.stampedSize}, ${ageText(nowMs - target.stampedAtMs)}`;
		return [['', `${target.name}: ${stamped}`], ...waiting];
	}
	const {name, chainId, registry, finalSize, minedSize, balance, coin, spentLastDay, budgetPerDay, runwayDays, nodes} = target;
	const lasts = runwayDays === undefined ? '' : `, enough for ${counted(Math.floor(runwayDays), 'day')}`;
	const budget = budgetPerDay === undefined ? '' : ` of the ${budgetPerDay} allowed`;
	const spent = spentLastDay === undefined ? '' : `, ${shortAmount(spentLastDay)}${budget} spent within 24 h`;
	const money = balance === undefined ? '' : `; ${shortAmount(balance)} ${coin} left${lasts}${spent}`;
	const places = name === `chain ${chainId}` ? `${name} at ${registry}` : `${name}, chain ${chainId} at ${registry}`;
	return [
		['', `${places}: final to ${finalSize}, in a block to ${minedSize}${money}`],
		...(nodes.length < 2
			? []
			: [['', `nodes: ${nodes.map(({host, state}) => `${host} ${nodeStates[state] ?? state}`).join(', ')}`] as const]),
		...waiting,
	];
}

/** An amount as a person reads it: six digits behind the point, of a smaller one the first three that are not 0. `--json` has all. */
export function shortAmount(amount: string): string {
	const [whole = '', fraction = ''] = amount.split('.');
	const zeros = /^0*/.exec(fraction)![0].length;
	const digits = fraction.slice(0, whole === '0' ? Math.max(6, zeros + 3) : 6).replace(/0+$/, '');
	return digits === '' ? whole : `${whole}.${digits}`;
}

/** Of those that come through a broker of yours nobody here sees a connection. */
function devicesText({devices, devicesRevoked, broker, connections}: Status): string {
	return [
		String(devices),
		...(broker === undefined ? [] : [`${connections} connected here`]),
		...(devicesRevoked === 0 ? [] : [`${devicesRevoked} revoked`]),
	].join(', ');
}

/** One that was turned away, so that its owner knows it. */
function turnedAwayText(
	{atMs, address, clientId, user, reason, times}: NonNullable<Status['broker']>['newestTurnedAway'][number],
	nowMs: number,
): string {
	const claims = [
		...(clientId === undefined ? [] : [`client ${JSON.stringify(clientId)}`]),
		...(user === undefined ? [] : [`user ${JSON.stringify(user)}`]),
	];
	const said = [
		ageText(nowMs - atMs),
		reason,
		`from ${address || 'nobody knows where'}`,
		...claims,
		...(times > 1 ? [`${times} times`] : []),
	];
	return said.join(', ');
}

function brokerText({host, port, tlsPort, throttled}: NonNullable<Status['broker']>): string {
	const ports =
		port === tlsPort ? `${host}:${port} with TLS` : tlsPort === undefined ? `${host}:${port}` : `${host}:${port}, with TLS :${tlsPort}`;
	return throttled === 0 ? ports : `${ports}, ${throttled} times a device had to wait (throttled)`;
}
