// Judges what was found of a machine and a site: one line a finding, with what to do about it. Nothing here looks at anything.

import type {Status} from './api/status-server.ts';

export type Grade = 'ok' | 'warning' | 'wrong';

export type Line = {
	/** What was looked at, in a word or two. */
	readonly topic: string;
	readonly grade: Grade;
	/** What was found. */
	readonly said: string;
	/** What to do about it; only where the grade is not ok. */
	readonly advice?: string;
};

export const ok = (topic: string, said: string): Line => ({topic, grade: 'ok', said});
export const warning = (topic: string, said: string, advice: string): Line => ({topic, grade: 'warning', said, advice});
export const wrong = (topic: string, said: string, advice: string): Line => ({topic, grade: 'wrong', said, advice});

const mib = 1024 * 1024;
const dayMs = 86_400_000;

/** Node's releases that our tests run on; those with odd numbers are left behind after half a year. */
const testedMajors = [20, 22, 24, 26];
const oldestNode = [20, 19] as const;

export function judgeNode(version: string): Line {
	const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
	if (major < oldestNode[0] || (major === oldestNode[0] && minor < oldestNode[1]))
		return wrong('Node', `${version}, older than ${oldestNode.join('.')}`, 'Install a newer Node.');
	if (!testedMajors.includes(major))
		return warning('Node', `${version}, which nobody tested this program with`, `Use one of ${testedMajors.join(', ')}.`);
	return ok('Node', version);
}

/** What opening the log's database came to. */
export type FoundDatabase =
	| {readonly version: string; readonly format: number}
	| {readonly problem: string; readonly hint: string | undefined};

export function judgeDatabase(found: FoundDatabase): Line {
	if ('problem' in found) return wrong('SQLite', found.problem, found.hint ?? 'Look whether the log is where the config says.');
	return ok('SQLite', `${found.version}, log.db has format ${found.format}`);
}

export type FoundClock = {
	readonly synchronisation: 'synchronised' | 'unsynchronised' | 'unknown';
	readonly nowMs: number;
	/** When the newest entry of the log arrived; undefined for an empty log. */
	readonly newestMs: number | undefined;
};

/** A clock so far behind the log's own newest entry was set back, or is one that a Pi without a battery starts with. */
const behindMsMax = 10_000;

export function judgeClock({synchronisation, nowMs, newestMs}: FoundClock): Line {
	const now = new Date(nowMs).toISOString();
	const service = 'Start a time service: timedatectl set-ntp true (package systemd-timesyncd), or install chrony.';
	if (newestMs !== undefined && nowMs < newestMs - behindMsMax)
		return wrong(
			'clock',
			`${now}, ${durationText(newestMs - nowMs)} behind the newest entry of the log`,
			`${service} A machine without a battery for its clock starts in the past.`,
		);
	if (synchronisation === 'unsynchronised') return wrong('clock', `${now}, not synchronised: readings are marked as doubtful`, service);
	if (synchronisation === 'unknown') return warning('clock', `${now}; nobody here knows whether it is synchronised`, service);
	return ok('clock', `${now}, synchronised`);
}

export type FoundDisk = {
	readonly freeBytes: number;
	readonly floorBytes: number;
	/** Each of some writes that were made durable, in ms. */
	readonly syncMs: readonly number[];
	/** As the mount table says; undefined where there is none. */
	readonly fileSystem: string | undefined;
	readonly device: string | undefined;
};

/** One commit waits for one such write: slower than this and devices wait for their acknowledgements noticeably. */
const slowSyncMs = 100;
/** Faster than any disk that stores: something between says yes before it is so. */
const unbelievableSyncMs = 0.02;
/** File systems that lose everything with the power, and those over a network, whose locks and syncs SQLite's WAL cannot lean on [sqlite.org/wal.html]. */
const volatile = new Set(['tmpfs', 'ramfs']);
const remote = new Set(['nfs', 'nfs4', 'cifs', 'smb3', 'fuse.sshfs', '9p', 'ceph', 'afs', 'vboxsf', 'fuse.rclone']);

export function judgeDisk(found: FoundDisk): readonly Line[] {
	return [judgeRoom(found), judgeFileSystem(found), judgeSyncs(found.syncMs)];
}

function judgeRoom({freeBytes, floorBytes}: FoundDisk): Line {
	const free = `${Math.floor(freeBytes / mib)} MiB free`;
	const floor = `${Math.floor(floorBytes / mib)} MiB`;
	if (freeBytes < floorBytes)
		return wrong('disk', `${free}, less than log.floorMiB (${floor}): the agent acknowledges nothing`, 'Make room; it goes on by itself.');
	if (freeBytes < floorBytes * 4)
		return warning(
			'disk',
			`${free}; below ${floor} the agent takes nothing`,
			'Make room, or prune: kedge prune --dry-run says what could go.',
		);
	return ok('disk', free);
}

function judgeFileSystem({fileSystem, device}: FoundDisk): Line {
	const topic = 'file system';
	if (fileSystem === undefined) return ok(topic, 'an unknown file system');
	const place = `${fileSystem}${device === undefined ? '' : ` on ${device}`}`;
	if (volatile.has(fileSystem))
		return wrong(topic, `${place}, which is in memory`, 'Move the site to a disk: all of it is gone with the power.');
	if (remote.has(fileSystem))
		return wrong(
			topic,
			`${place}, which is on another machine`,
			"Move the site to a disk of this machine: SQLite's WAL does not work over a network.",
		);
	if (device?.includes('mmcblk') === true)
		return warning(
			topic,
			`${place}, an SD card or eMMC`,
			'Cards wear out and die without a word: keep backups on something else, and a card of the kind for cameras or dash cams.',
		);
	return ok(topic, place);
}

/** `syncMs`: of some writes, how long each took to be durable. */
function judgeSyncs(syncMs: readonly number[]): Line {
	const topic = 'durable write';
	const sorted = [...syncMs].sort((a, b) => a - b);
	const middle = sorted[Math.floor(sorted.length / 2)];
	const longest = sorted.at(-1);
	if (middle === undefined || longest === undefined)
		return wrong(topic, 'nothing could be written', 'Look at the rights of the folder, and run this as the user of the agent.');
	const said = `${middle.toFixed(middle < 1 ? 2 : 0)} ms, ${longest.toFixed(longest < 1 ? 2 : 0)} ms at most`;
	if (middle > slowSyncMs)
		return warning(
			topic,
			said,
			'Each acknowledgement waits for one. Another card or a USB disk helps; so does whatever else writes here writing less.',
		);
	if (middle < unbelievableSyncMs)
		return warning(
			topic,
			`${said}: faster than any disk`,
			'Something on the way may say that it is stored before it is: a write cache without a battery, or a virtual machine that was told so.',
		);
	return ok(topic, said);
}

export type FoundFile = {
	/** What it is, in a few words. */
	readonly what: string;
	readonly path: string;
	/** undefined: it is not there. */
	readonly mode: number | undefined;
	readonly uid: number | undefined;
	readonly isNeeded: boolean;
};

/** Keys: there, its owner's alone, and of the same owner as the site. */
export function judgeKeys(files: readonly FoundFile[], siteUid: number | undefined): readonly Line[] {
	return files.flatMap(({what, path, mode, uid, isNeeded}): Line[] => {
		if (mode === undefined)
			return isNeeded ? [wrong('keys', `${what} is missing: ${path}`, 'Take it from your backup; a new one cannot stand in for it.')] : [];
		if ((mode & 0o077) !== 0)
			return [wrong('keys', `${what} can be read by others (mode ${(mode & 0o777).toString(8)}): ${path}`, `chmod 600 ${path}`)];
		if (uid !== undefined && siteUid !== undefined && uid !== siteUid)
			return [wrong('keys', `${what} belongs to user ${uid}, the site to ${siteUid}: ${path}`, `chown ${siteUid} ${path}`)];
		return [ok('keys', `${what}, its owner's alone`)];
	});
}

export type FoundTrust = {readonly hasKey: boolean; readonly registries: number} | {readonly problem: string};

/** `isAnchored`: the config names a chain. */
export function judgeTrust(found: FoundTrust, isAnchored: boolean): Line {
	if ('problem' in found) return wrong('trust file', found.problem, 'Take trust.json from your backup, and hand it out again.');
	if (!found.hasKey)
		return wrong(
			'trust file',
			'it does not have the key of this log',
			'Whoever checks with it sees nothing of this log. Take it from your backup, or from the folder of the newest epoch.',
		);
	if (isAnchored && found.registries === 0)
		return warning(
			'trust file',
			'it names no registry, and the config does',
			'Run kedge anchor again, and hand trust.json out: without it anchors count for nothing.',
		);
	return ok('trust file', `has the key of this log and ${found.registries} ${found.registries === 1 ? 'registry' : 'registries'}`);
}

export type FoundPort = {
	readonly what: string;
	readonly host: string;
	readonly port: number;
	readonly state: 'free' | 'ours' | 'taken' | 'forbidden' | 'no-address';
};

export function judgePort({what, host, port, state}: FoundPort): Line {
	const place = `${what} ${host}:${port}`;
	switch (state) {
		case 'free':
			return ok('port', `${place} is free`);
		case 'ours':
			return ok('port', `${place} is the agent's`);
		case 'taken':
			return wrong(
				'port',
				`${place} is taken by another program`,
				`ss -ltnp 'sport = :${port}' says by which; end it, or choose another port.`,
			);
		case 'forbidden':
			return wrong(
				'port',
				`${place} may not be opened by this user`,
				'Choose a port from 1024 on, or let kedge service install give it the right.',
			);
		case 'no-address':
			return wrong(
				'port',
				`${place}: this machine does not have that address`,
				'Name an address of this machine, 127.0.0.1, or 0.0.0.0 for all.',
			);
	}
}

export type FoundBroker = {readonly name: string; readonly place: string} & (
	| {readonly state: 'connected' | 'reachable'}
	| {readonly state: 'down' | 'unreachable'; readonly problem: string}
);

export function judgeBroker(found: FoundBroker): Line {
	const place = `${found.name} at ${found.place}`;
	if ('problem' in found)
		return wrong(
			'your broker',
			`${place}: ${found.problem}`,
			'Look whether it runs, and whether its name, port, certificate and password are those in the section client.',
		);
	if (found.state === 'connected') return ok('your broker', `${place}: the agent is connected`);
	return ok('your broker', `${place} takes connections; whether it lets the agent in shows once that runs`);
}

export type FoundNode = {readonly chainId: number; readonly host: string} & (
	| {readonly problem: string; readonly hint: string | undefined}
	| {
			/** Number of the newest final block; undefined if the node does not know what is final, 0 if nothing is yet. */
			readonly finalNumber: number | undefined;
			readonly hasRegistry: boolean;
			readonly registry: string;
			readonly headAgeS: number;
			/** undefined where the key's address is not known. */
			readonly balanceWei: bigint | undefined;
			readonly address: string | undefined;
			/** What gas may cost at most. */
			readonly feeGweiMax: number;
			/** Finality is counted in blocks here, not asked for. */
			readonly confirmations: number | undefined;
	  }
);

/** Gas of one anchor, at most, as the README's table has it, with room. */
const gasPerAnchor = 100_000n;
const chainSilentSMax = 600;

export function judgeChainNode(found: FoundNode): Line {
	const place = `chain ${found.chainId} at ${found.host}`;
	if ('problem' in found)
		return wrong(
			'chain',
			`${place}: ${found.problem}`,
			found.hint ?? 'Look whether the node runs, and whether the URL and the number of the chain are right.',
		);
	const {finalNumber, hasRegistry, registry, headAgeS, balanceWei, address, feeGweiMax, confirmations} = found;
	if (!hasRegistry)
		return wrong(
			'chain',
			`${place}: there is no contract at ${registry}`,
			'Run kedge anchor, which deploys a registry or takes one that is there, and put its lines into the config.',
		);
	if (finalNumber === undefined && confirmations === undefined)
		return wrong(
			'chain',
			`${place}: the node does not know the tag "finalized"`,
			'Use another node; on a chain without it say after how many blocks an anchor is final (confirmations).',
		);
	if (headAgeS > chainSilentSMax)
		return warning(
			'chain',
			`${place}: its newest block is ${durationText(headAgeS * 1000)} old`,
			'The node may not be synchronised; a chain that makes blocks only for transactions is fine.',
		);
	if (balanceWei !== undefined && feeGweiMax > 0) {
		const perAnchor = gasPerAnchor * BigInt(Math.round(feeGweiMax * 1e9));
		const anchors = perAnchor === 0n ? undefined : balanceWei / perAnchor;
		const coin = `${etherText(balanceWei)} of its coin`;
		if (balanceWei === 0n) return wrong('chain', `${place}: ${address} has nothing to pay with`, `Send it some of the chain's coin.`);
		if (anchors !== undefined && anchors < 20n)
			return warning(
				'chain',
				`${place}: ${address} has ${coin}, enough for ${anchors} anchors at the highest fee that you allow`,
				'Send it more before it runs out.',
			);
		return ok('chain', `${place}: registry there, final blocks known, ${coin} to pay with`);
	}
	return ok('chain', `${place}: registry there, final blocks known`);
}

export type FoundAuthority = {readonly name: string; readonly host: string} & (
	| {readonly state: 'stamps'; readonly tookMs: number}
	| {readonly state: 'not-asked'}
	| {readonly problem: string}
);

export function judgeAuthority(found: FoundAuthority): Line {
	const place = `${found.name} at ${found.host}`;
	if ('problem' in found)
		return wrong('time stamps', `${place}: ${found.problem}`, 'Look whether its address is right and whether it takes requests from you.');
	if (found.state === 'not-asked') return ok('time stamps', `${place}; it was not asked (--network asks it for one stamp)`);
	return ok('time stamps', `${place} answers with a stamp, in ${Math.round(found.tookMs)} ms`);
}

/** undefined: no agent answers. */
export function judgeAgent(status: Pick<Status, 'state' | 'size' | 'warnings' | 'version'> | undefined, version: string): readonly Line[] {
	if (status === undefined) return [warning('agent', 'none runs for this site', 'Start it: kedge run, or kedge service install --start.')];
	const {state, size, warnings} = status;
	const lines: Line[] = [
		state === 'running'
			? ok('agent', `runs, ${size} entries`)
			: state === 'frozen'
				? wrong(
						'agent',
						'is FROZEN: nothing is acknowledged or released',
						'Read "If it says FROZEN" in OPERATING.md before you do anything.',
					)
				: warning('agent', `is ${state}`, 'kedge status says why.'),
	];
	if (status.version !== version)
		lines.push(
			warning(
				'agent',
				`it is version ${status.version}, this command is ${version}`,
				'Start it again to take up the new one, after kedge upgrade --check.',
			),
		);
	for (const sentence of warnings) lines.push(warning('agent', sentence, 'kedge status has more.'));
	return lines;
}

export type FoundBackup = {readonly ageMs: number; readonly directory: string; readonly behind: number} | undefined;

const backupDaysMax = 30;

export function judgeBackup(found: FoundBackup): Line {
	const advice = 'kedge backup DIRECTORY, on another disk; once with --with-keys.';
	if (found === undefined) return warning('backup', 'none was made since this program writes it down', advice);
	const said = `${durationText(found.ageMs)} old, in ${found.directory}, ${found.behind} entries behind`;
	return found.ageMs > backupDaysMax * dayMs ? warning('backup', said, advice) : ok('backup', said);
}

/** What the agent needs beside a system and a broker. */
const memoryMiBMin = 400;

export function judgeMemory(totalBytes: number, limitBytes: number | undefined): Line {
	const bytes = Math.min(totalBytes, limitBytes ?? totalBytes);
	const said = `${Math.round(bytes / mib)} MiB${limitBytes !== undefined && limitBytes < totalBytes ? ' that it may take' : ''}`;
	return bytes < memoryMiBMin * mib
		? warning('memory', said, `The agent takes up to 200 MiB under load; below ${memoryMiBMin} MiB something may be killed.`)
		: ok('memory', said);
}

export function isWrong(lines: readonly Line[]): boolean {
	return lines.some(({grade}) => grade === 'wrong');
}

/** `90 s`, `3 h`, `12 days`: by the largest unit that it has two of. */
function durationText(ms: number): string {
	const seconds = Math.max(0, Math.round(ms / 1000));
	if (seconds < 120) return `${seconds} s`;
	if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
	return seconds < 2 * 86_400 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} days`;
}

/** Wei as the coin, to six places, cut. */
function etherText(wei: bigint): string {
	const micro = wei / 1_000_000_000_000n;
	return `${micro / 1_000_000n}.${(micro % 1_000_000n).toString().padStart(6, '0').replace(/0+$/, '').padEnd(1, '0')}`;
}
