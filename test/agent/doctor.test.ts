// What kedge doctor says of what it finds: each judgement by itself, and the looking on a site of its own.

import {once} from 'node:events';
import {chmodSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {createServer as createHttpServer} from 'node:http';
import {type AddressInfo, createServer} from 'node:net';
import {join} from 'node:path';
import test from 'ava';
import type {Chain} from '../../agent/anchor/chain.ts';
import type {JoinedChain} from '../../agent/anchor/nodes.ts';
import {systemClock} from '../../agent/base/clock.ts';
import {AgentError} from '../../agent/base/errors.ts';
import {linesText} from '../../agent/cli/doctor.ts';
import {
	type FoundNode,
	isWrong,
	judgeAgent,
	judgeAuthority,
	judgeBackup,
	judgeBroker,
	judgeChainNode,
	judgeClock,
	judgeDatabase,
	judgeDisk,
	judgeKeys,
	judgeMemory,
	judgeNode,
	judgePort,
	judgeTrust,
	type Line,
} from '../../agent/diagnosis.ts';
import {examine, mountOf} from '../../agent/doctor.ts';
import {createTestSite, kedge, startAgent, testFolder} from '../helpers/site.ts';

const mib = 1024 * 1024;
const nowMs = Date.UTC(2026, 10, 30);
const disk = {freeBytes: 9000 * mib, floorBytes: 64 * mib, syncMs: [3, 1, 2], fileSystem: 'ext4', device: '/dev/sda1'};
const node: FoundNode = {
	chainId: 1,
	host: 'node',
	finalNumber: 7,
	hasRegistry: true,
	registry: '0xaa',
	headAgeS: 12,
	balanceWei: 10n ** 18n,
	address: '0xbb',
	feeGweiMax: 10,
	confirmations: undefined,
};
const key = {what: 'a key', path: '/s/key', mode: 0o100600, uid: 7, isNeeded: true};

/** What is judged, the grade, and what must be said. */
const judged: readonly (readonly [name: string, line: Line | undefined, grade: Line['grade'], said: RegExp])[] = [
	['Node 20.19', judgeNode('v20.19.0'), 'ok', /^v20\.19\.0$/],
	['Node 26', judgeNode('v26.10.0'), 'ok', /26/],
	['an old Node', judgeNode('v20.18.3'), 'wrong', /older than 20\.19/],
	['an old major Node', judgeNode('v18.20.0'), 'wrong', /older/],
	['a Node that nobody tested', judgeNode('v23.1.0'), 'warning', /nobody tested/],
	['a database', judgeDatabase({version: '3.51.3', format: 1}), 'ok', /3\.51\.3.*format 1/],
	['no database', judgeDatabase({problem: 'no database at x', hint: undefined}), 'wrong', /no database/],
	[
		'a good clock',
		judgeClock({synchronisation: 'synchronised', nowMs, newestMs: nowMs - 5}),
		'ok',
		/2026-11-30T00:00:00\.000Z, synchronised/,
	],
	['an unsynchronised clock', judgeClock({synchronisation: 'unsynchronised', nowMs, newestMs: undefined}), 'wrong', /not synchronised/],
	['a clock that nobody knows', judgeClock({synchronisation: 'unknown', nowMs, newestMs: undefined}), 'warning', /nobody here knows/],
	[
		'a clock behind the log',
		judgeClock({synchronisation: 'synchronised', nowMs, newestMs: nowMs + 3 * 86_400_000}),
		'wrong',
		/3 days behind the newest entry/,
	],
	['room', judgeDisk(disk)[0], 'ok', /9000 MiB free/],
	['little room', judgeDisk({...disk, freeBytes: 200 * mib})[0], 'warning', /200 MiB free; below 64 MiB/],
	['no room', judgeDisk({...disk, freeBytes: 10 * mib})[0], 'wrong', /10 MiB free, less than/],
	['a disk', judgeDisk(disk)[1], 'ok', /ext4 on \/dev\/sda1/],
	['an SD card', judgeDisk({...disk, device: '/dev/mmcblk0p2'})[1], 'warning', /SD card/],
	['memory as a disk', judgeDisk({...disk, fileSystem: 'tmpfs', device: 'tmpfs'})[1], 'wrong', /in memory/],
	['a disk elsewhere', judgeDisk({...disk, fileSystem: 'nfs4', device: 'nas:/x'})[1], 'wrong', /another machine/],
	['an unknown file system', judgeDisk({...disk, fileSystem: undefined, device: undefined})[1], 'ok', /unknown/],
	['quick durable writes', judgeDisk(disk)[2], 'ok', /^2 ms, 3 ms at most$/],
	['slow durable writes', judgeDisk({...disk, syncMs: [200, 300, 900]})[2], 'warning', /^300 ms, 900 ms at most$/],
	['durable writes that cannot be', judgeDisk({...disk, syncMs: [0.01, 0.01, 0.01]})[2], 'warning', /faster than any disk/],
	['no durable write', judgeDisk({...disk, syncMs: []})[2], 'wrong', /nothing could be written/],
	['a key', judgeKeys([key], 7)[0], 'ok', /its owner's alone/],
	['a key that others read', judgeKeys([{...key, mode: 0o100640}], 7)[0], 'wrong', /read by others \(mode 640\)/],
	["another user's key", judgeKeys([{...key, uid: 0}], 7)[0], 'wrong', /belongs to user 0, the site to 7/],
	['a missing key', judgeKeys([{...key, mode: undefined}], 7)[0], 'wrong', /is missing/],
	['a key that need not be', judgeKeys([{...key, mode: undefined, isNeeded: false}], 7)[0] ?? judgeNode('v22.0.0'), 'ok', /v22/],
	['a trust file', judgeTrust({hasKey: true, registries: 1}, true), 'ok', /key of this log and 1 registry$/],
	['a trust file without the key', judgeTrust({hasKey: false, registries: 1}, true), 'wrong', /does not have the key/],
	['a trust file without the registry', judgeTrust({hasKey: true, registries: 0}, true), 'warning', /names no registry/],
	['no trust file', judgeTrust({problem: 'cannot read it'}, false), 'wrong', /cannot read it/],
	['a free port', judgePort({what: 'the broker', host: 'h', port: 1, state: 'free'}), 'ok', /is free/],
	["the agent's port", judgePort({what: 'the broker', host: 'h', port: 1, state: 'ours'}), 'ok', /the agent's/],
	['a taken port', judgePort({what: 'the broker', host: 'h', port: 1, state: 'taken'}), 'wrong', /another program/],
	['a port that is not allowed', judgePort({what: 'the broker', host: 'h', port: 1, state: 'forbidden'}), 'wrong', /may not be opened/],
	[
		'an address that is not here',
		judgePort({what: 'the broker', host: 'h', port: 1, state: 'no-address'}),
		'wrong',
		/does not have that address/,
	],
	['a connected broker', judgeBroker({name: 'b', place: 'h:1', state: 'connected'}), 'ok', /is connected/],
	['a reachable broker', judgeBroker({name: 'b', place: 'h:1', state: 'reachable'}), 'ok', /takes connections/],
	['a broker that is away', judgeBroker({name: 'b', place: 'h:1', state: 'unreachable', problem: 'no answer'}), 'wrong', /no answer/],
	[
		'a broker that throws us out',
		judgeBroker({name: 'b', place: 'h:1', state: 'down', problem: 'not connected'}),
		'wrong',
		/not connected/,
	],
	['a chain', judgeChainNode(node), 'ok', /chain 1 at node: registry there, final blocks known, 1\.0 of its coin/],
	['a chain without a final block yet', judgeChainNode({...node, finalNumber: 0}), 'ok', /registry there/],
	['a chain whose key is elsewhere', judgeChainNode({...node, balanceWei: undefined, address: undefined}), 'ok', /registry there/],
	['a chain without fees', judgeChainNode({...node, feeGweiMax: 0, balanceWei: 0n}), 'ok', /registry there/],
	[
		'a chain that is away',
		judgeChainNode({chainId: 1, host: 'node', problem: 'does not answer', hint: undefined}),
		'wrong',
		/does not answer/,
	],
	['a chain without our registry', judgeChainNode({...node, hasRegistry: false}), 'wrong', /no contract at 0xaa/],
	['a chain without finality', judgeChainNode({...node, finalNumber: undefined}), 'wrong', /"finalized"/],
	['a chain whose finality is counted', judgeChainNode({...node, finalNumber: undefined, confirmations: 3}), 'ok', /registry there/],
	['a chain that stands still', judgeChainNode({...node, headAgeS: 7200}), 'warning', /2 h old/],
	['a key without money', judgeChainNode({...node, balanceWei: 0n}), 'wrong', /0xbb has nothing to pay with/],
	[
		'a key with little money',
		judgeChainNode({...node, balanceWei: 5n * 10n ** 15n}),
		'warning',
		/0\.005 of its coin, enough for 5 anchors/,
	],
	['an authority', judgeAuthority({name: 'tsa', host: 'h', state: 'stamps', tookMs: 12.4}), 'ok', /in 12 ms/],
	['an authority that was not asked', judgeAuthority({name: 'tsa', host: 'h', state: 'not-asked'}), 'ok', /not asked/],
	['an authority that refuses', judgeAuthority({name: 'tsa', host: 'h', problem: 'refused'}), 'wrong', /refused/],
	['no agent', judgeAgent(undefined, '1.0.0')[0], 'warning', /none runs/],
	['an agent', judgeAgent({state: 'running', size: 5, warnings: [], version: '1.0.0'}, '1.0.0')[0], 'ok', /runs, 5 entries/],
	['a frozen agent', judgeAgent({state: 'frozen', size: 5, warnings: [], version: '1.0.0'}, '1.0.0')[0], 'wrong', /FROZEN/],
	['a full agent', judgeAgent({state: 'full', size: 5, warnings: [], version: '1.0.0'}, '1.0.0')[0], 'warning', /is full/],
	[
		'an agent of another version',
		judgeAgent({state: 'running', size: 5, warnings: [], version: '1.0.0'}, '1.1.0')[1],
		'warning',
		/version 1\.0\.0, this command is 1\.1\.0/,
	],
	['an agent that warns', judgeAgent({state: 'running', size: 5, warnings: ['A.'], version: '1.0.0'}, '1.0.0')[1], 'warning', /^A\.$/],
	['a backup', judgeBackup({ageMs: 3 * 86_400_000, directory: '/b', behind: 4}), 'ok', /3 days old, in \/b, 4 entries behind/],
	['an old backup', judgeBackup({ageMs: 40 * 86_400_000, directory: '/b', behind: 4}), 'warning', /40 days old/],
	['no backup', judgeBackup(undefined), 'warning', /none was made/],
	['memory', judgeMemory(1024 * mib, undefined), 'ok', /^1024 MiB$/],
	['little memory', judgeMemory(1024 * mib, 256 * mib), 'warning', /^256 MiB that it may take$/],
];

for (const [name, line, grade, said] of judged)
	test(`doctor says of ${name}: ${grade}`, t => {
		t.is(line?.grade, grade);
		t.regex(line!.said, said);
		// Whatever is not well has a sentence that says what to do, and nothing else has.
		if (grade === 'ok') t.is(line!.advice, undefined);
		else t.regex(line!.advice!, /^[a-zA-Z].{10,}$/);
	});

test('what to do stands once below lines that ask for the same', t => {
	const [ok, ...warnings] = judgeAgent({state: 'running', size: 5, warnings: ['A.', 'B.'], version: '1.0.0'}, '1.0.0');
	const text = linesText([ok!, ...warnings, judgeBackup(undefined)]);
	t.regex(
		text,
		/^warning {2}agent {10}A\.\nwarning {2}agent {10}B\.\n +→ kedge status has more\.\nwarning {2}backup .*\n +→ kedge backup /m,
	);
});

test('the mount of a path is the longest above it, the last of two', t => {
	const mounts = [
		'1 0 8:1 / / rw - ext4 /dev/root rw',
		'2 1 8:2 / /srv rw - xfs /dev/sdb rw',
		'3 1 0:5 / /srv/my\\040site rw shared:1 - tmpfs tmpfs rw',
		'4 1 0:6 / /srv rw - nfs4 nas:/x rw',
		'broken line',
	].join('\n');
	t.deepEqual(mountOf(mounts, '/home/x'), {fileSystem: 'ext4', device: '/dev/root'});
	t.deepEqual(mountOf(mounts, '/srv/my site/a'), {fileSystem: 'tmpfs', device: 'tmpfs'});
	t.deepEqual(mountOf(mounts, '/srv'), {fileSystem: 'nfs4', device: 'nas:/x'});
	t.deepEqual(mountOf(mounts, '/srvx'), {fileSystem: 'ext4', device: '/dev/root'});
	t.is(mountOf('', '/'), undefined);
});

const gradeOf = (lines: readonly Line[], topic: string, said = /(?:)/): Line['grade'] | undefined =>
	lines.find(line => line.topic === topic && said.test(line.said))?.grade;

test('doctor changes nothing, finds a new site well, and says each thing that is broken in it', async t => {
	const made = await createTestSite(t, {homes: 1});
	// A reader of SQLite leaves its two files, with the rights of the database.
	const files = (): string[] =>
		readdirSync(made.folder)
			.filter(name => !/-(?:wal|shm)$/.test(name))
			.sort();
	const before = files();
	const parts: string[] = [];
	const well = await examine({site: made.site, asksNetwork: false, onPart: name => parts.push(name)});
	t.false(isWrong(well), JSON.stringify(well));
	t.true(parts.length >= 12);
	t.deepEqual(files(), before);
	t.is(gradeOf(well, 'port'), 'ok');
	t.is(gradeOf(well, 'agent'), 'warning');

	chmodSync(made.site.paths.logKey, 0o644);
	rmSync(made.site.paths.trust);
	const server = createServer().listen(made.port, '127.0.0.1');
	t.teardown(() => server.close());
	const broken = await examine({site: made.site, asksNetwork: false});
	t.is(gradeOf(broken, 'keys', /the log's key can be read by others/), 'wrong');
	t.is(gradeOf(broken, 'trust file'), 'wrong');
	t.is(gradeOf(broken, 'port'), 'wrong');
	t.is(gradeOf(broken, 'SQLite'), 'ok');
	rmSync(made.site.paths.log);
	const without = await examine({site: made.site, asksNetwork: false});
	t.is(gradeOf(without, 'SQLite'), 'wrong');
	t.true(without.length >= 10);
});

test('doctor asks each node, says which is away, and never lets one stop the others', async t => {
	const made = await createTestSite(t, {
		homes: 1,
		config: () =>
			'anchor: {rpcUrl: "http://127.0.0.1:1", chainId: 31337, registry: "0x5FbDB2315678afecb367f032d93F642f64180aa3", feeGweiMax: 10}\n',
	});
	const answering: Partial<Chain> = {
		chainId: async () => 31337,
		hasCode: async () => true,
		headTimeS: async () => Math.floor(systemClock.nowMs() / 1000),
		finalizedNumber: async () => 3,
		balanceWei: async () => 10n ** 18n,
	};
	const look = async (chain: Partial<Chain>): Promise<readonly Line[]> =>
		examine({
			site: made.site,
			asksNetwork: false,
			world: {openChain: async () => ({[Symbol.asyncDispose]: async () => {}, ...chain}) as unknown as JoinedChain},
		});
	t.is(gradeOf(await look(answering), 'chain', /1\.0 of its coin/), 'ok');
	t.is(gradeOf(await look({...answering, chainId: async () => 1}), 'chain', /answers for chain 1/), 'wrong');
	const away = await look({
		chainId: async () => {
			throw new AgentError('CHAIN_UNREACHABLE', 'the chain does not answer', {hint: 'Start it.'});
		},
	});
	t.is(gradeOf(away, 'chain', /does not answer/), 'wrong');
	t.is(away.find(({topic}) => topic === 'chain')?.advice, 'Start it.');
	const noTag = await look({
		...answering,
		finalizedNumber: async () => {
			throw new Error('unknown block');
		},
	});
	t.is(gradeOf(noTag, 'chain', /finalized/), 'wrong');
	t.is(gradeOf(away, 'backup'), 'warning');
});

test('kedge doctor of a running agent: its port is its own, a backup is remembered, and wrong ends with 1', async t => {
	const made = await createTestSite(t, {homes: 1});
	const {site} = made;
	const agent = await startAgent(t, site);
	const folder = testFolder(t);
	t.is((await kedge(t, ['backup', join(folder, 'copy'), '--config', site.configPath])).code, 0);
	const well = await kedge(t, ['doctor', '--config', site.configPath]);
	t.is(well.code, 0, well.out);
	t.is(well.err, '');
	t.regex(well.out, /^ok {7}port {11}the broker 127\.0\.0\.1:\d+ is the agent's$/m);
	t.regex(well.out, /^ok {7}agent {10}runs, \d+ entries$/m);
	t.regex(well.out, /^ok {7}backup {9}\d+ s old, in .*copy, \d+ entries behind$/m);
	chmodSync(site.paths.logKey, 0o604);
	const wrong = await kedge(t, ['doctor', '--config', site.configPath, '--json']);
	t.is(wrong.code, 1);
	const said = JSON.parse(wrong.out) as {isWell: boolean; lines: Line[]};
	t.false(said.isWell);
	t.is(gradeOf(said.lines, 'keys', /mode 604/), 'wrong');
	chmodSync(site.paths.logKey, 0o600);
	await agent.end('SIGTERM');
	writeFileSync(join(site.paths.directory, 'newest-backup.json'), 'no JSON');
	t.regex((await kedge(t, ['doctor', '--config', site.configPath])).out, /^warning {2}backup {9}none was made/m);
});

test('kedge doctor tells a broker of yours that is not there, and a config that cannot be read', async t => {
	const made = await createTestSite(t, {
		homes: 1,
		config: () => 'client: {name: mine, url: "mqtt://127.0.0.1:1", clientId: kedge}\n',
	});
	const ran = await kedge(t, ['doctor', '--config', made.site.configPath]);
	t.is(ran.code, 1);
	t.regex(ran.out, /^wrong {4}your broker {4}mine at 127\.0\.0\.1:1: .*ECONNREFUSED/m);
	writeFileSync(made.site.configPath, 'log: {name: harbour}\nbroke: {}\n');
	const broken = await kedge(t, ['doctor', '--config', made.site.configPath]);
	t.is(broken.code, 2);
	t.regex(broken.err, /kedge\.yaml:2: broke: unknown key; did you mean "broker"\?/);
});

test('doctor asks a time-stamp authority only when told to, and says what is wrong with its answer', async t => {
	let asked = 0;
	const server = createHttpServer((_, response) => {
		asked += 1;
		response.writeHead(200, {'content-type': 'application/timestamp-reply'}).end('no stamp');
	}).listen(0, '127.0.0.1');
	t.teardown(() => server.close());
	await once(server, 'listening');
	const {port} = server.address() as AddressInfo;
	const made = await createTestSite(t, {
		homes: 1,
		config: () => `timestamps: [{name: tsa, url: "http://127.0.0.1:${port}/", certificate: tsa.pem}]\n`,
	});
	t.is(gradeOf(await examine({site: made.site, asksNetwork: false}), 'time stamps', /not asked/), 'ok');
	t.is(asked, 0);
	t.is(gradeOf(await examine({site: made.site, asksNetwork: true}), 'time stamps', /^tsa at 127\.0\.0\.1:\d+: /), 'wrong');
	t.is(asked, 1);
});
