#!/usr/bin/env node
// The command line: finds the command, runs it, and turns whatever happens into a sentence and an exit code.

import {systemClock} from '../base/clock.ts';
import {AgentError, describeError} from '../base/errors.ts';
import {version} from '../version.ts';
import {type Command, exitCodes, helpText, type Io, isSet, readWords} from './command.ts';
import {createWaiting} from './progress.ts';

/** Commands are loaded when they are called for: `kedge run` must not carry the simulator's libraries in its memory. */
const commands: readonly {readonly name: string; readonly summary: string; readonly load: () => Promise<Command>}[] = [
	{name: 'init', summary: 'make keys, an empty log and a config in a directory', load: async () => (await import('./init.ts')).initCommand},
	{
		name: 'certificate',
		summary: "make or renew the broker's certificate",
		load: async () => (await import('./certificate.ts')).certificateCommand,
	},
	{
		name: 'anchor',
		summary: 'make a chain ready for the anchors of this log',
		load: async () => (await import('./anchor.ts')).anchorCommand,
	},
	{
		name: 'anchor key',
		summary: 'make another anchoring key, to hand the log on to',
		load: async () => (await import('./anchor-keys.ts')).anchorKeyCommand,
	},
	{
		name: 'anchor rotate',
		summary: 'propose another key as the one that anchors this log',
		load: async () => (await import('./anchor-keys.ts')).anchorRotateCommand,
	},
	{
		name: 'anchor accept',
		summary: 'take the log over with the key that was proposed',
		load: async () => (await import('./anchor-keys.ts')).anchorAcceptCommand,
	},
	{
		name: 'anchor close',
		summary: 'end a log on its chains, for ever',
		load: async () => (await import('./anchor-keys.ts')).anchorCloseCommand,
	},
	{
		name: 'deploy',
		summary: 'put a registry of anchors on a chain of yours',
		load: async () => (await import('./deploy.ts')).deployCommand,
	},
	{
		name: 'run',
		summary: 'run the agent: embedded broker, a broker of yours, or both',
		load: async () => (await import('./run.ts')).runCommand,
	},
	{name: 'status', summary: 'ask the running agent how it is', load: async () => (await import('./status.ts')).statusCommand},
	{
		name: 'doctor',
		summary: 'look at the machine and the site, and say what to do',
		load: async () => (await import('./doctor.ts')).doctorCommand,
	},
	{
		name: 'upgrade',
		summary: 'try this version on copies of the databases, before the agent runs with it',
		load: async () => (await import('./upgrade.ts')).upgradeCommand,
	},
	{
		name: 'service install',
		summary: 'let systemd run the agent, with as few rights as it needs',
		load: async () => (await import('./systemd.ts')).serviceInstallCommand,
	},
	{
		name: 'service uninstall',
		summary: 'take that unit away',
		load: async () => (await import('./systemd.ts')).serviceUninstallCommand,
	},
	{
		name: 'service show',
		summary: 'print that unit, and how it is',
		load: async () => (await import('./systemd.ts')).serviceShowCommand,
	},
	{name: 'prove', summary: 'issue a receipt for one entry', load: async () => (await import('./prove.ts')).proveCommand},
	{name: 'history', summary: 'issue the history of a device for a period', load: async () => (await import('./history.ts')).historyCommand},
	{name: 'verify', summary: 'check receipts and histories, offline', load: async () => (await import('./verify.ts')).verifyCommand},
	{
		name: 'trust show',
		summary: 'say in words what the trust file believes',
		load: async () => (await import('./trust.ts')).trustShowCommand,
	},
	{
		name: 'trust pin',
		summary: 'keep blocks that your nodes call final, so that files verify offline',
		load: async () => (await import('./trust.ts')).trustPinCommand,
	},
	{
		name: 'trust add-authority',
		summary: 'believe the time stamps of an authority',
		load: async () => (await import('./trust.ts')).trustAddAuthorityCommand,
	},
	{
		name: 'trust need',
		summary: 'say how many anchors a file must have that hold',
		load: async () => (await import('./trust.ts')).trustNeedCommand,
	},
	{
		name: 'calldata',
		summary: 'turn a receipt into a call that a contract can check',
		load: async () => (await import('./calldata.ts')).calldataCommand,
	},
	{
		name: 'ledgers',
		summary: 'say how far the ledgers have come, and make them again to compare',
		load: async () => (await import('./ledgers.ts')).ledgersCommand,
	},
	{
		name: 'emissions',
		summary: 'what a site emitted in a period, and by what it was counted',
		load: async () => (await import('./emissions.ts')).emissionsCommand,
	},
	{
		name: 'report',
		summary: 'say in the log what a site emitted, bound to the entries below it',
		load: async () => (await import('./emissions.ts')).reportCommand,
	},
	{
		name: 'factor list',
		summary: 'list the emission factors that are built in',
		load: async () => (await import('./emissions.ts')).factorListCommand,
	},
	{
		name: 'factor add',
		summary: 'add a version of an emission factor to the log',
		load: async () => (await import('./emissions.ts')).factorAddCommand,
	},
	{
		name: 'activity add',
		summary: 'state an amount that no meter counts',
		load: async () => (await import('./emissions.ts')).activityAddCommand,
	},
	{name: 'audit', summary: 're-derive every hash of the log and compare', load: async () => (await import('./audit.ts')).auditCommand},
	{
		name: 'epoch',
		summary: 'open the next life of a log that is frozen for good',
		load: async () => (await import('./epoch.ts')).epochCommand,
	},
	{
		name: 'quarantine',
		summary: 'show what was refused, why, and its raw bytes',
		load: async () => (await import('./quarantine.ts')).quarantineCommand,
	},
	{
		name: 'decode',
		summary: 'show what a message becomes, and why',
		load: async () => (await import('./decode.ts')).decodeCommand,
	},
	{
		name: 'discover',
		summary: 'listen to a broker, and propose mappings and devices',
		load: async () => (await import('./discover.ts')).discoverCommand,
	},
	{
		name: 'backup',
		summary: 'copy the log and what belongs to it, while the agent runs',
		load: async () => (await import('./backup.ts')).backupCommand,
	},
	{
		name: 'prune',
		summary: 'drop old raw messages and old entries; what remains stays provable',
		load: async () => (await import('./prune.ts')).pruneCommand,
	},
	{
		name: 'correct',
		summary: 'put a reading in place of another one, or say that a register was reset',
		load: async () => (await import('./correct.ts')).correctCommand,
	},
	{
		name: 'quantities',
		summary: 'list what can be measured, and in which units',
		load: async () => (await import('./quantities.ts')).quantitiesCommand,
	},
	{
		name: 'slots',
		summary: 'energy of each quarter of an hour, from a history of an energy register',
		load: async () => (await import('./slots.ts')).slotsCommand,
	},
	{
		name: 'clear',
		summary: 'clear and settle one slot of an energy market again, from its file',
		load: async () => (await import('./clear.ts')).clearCommand,
	},
	{
		name: 'disclose',
		summary: 'open chosen entries, or what a register counted, to one named reader',
		load: async () => (await import('./disclose.ts')).discloseCommand,
	},
	{
		name: 'evidence',
		summary: 'pack evidence on a site, shipment or device; check that of a market slot',
		load: async () => (await import('./evidence.ts')).evidenceCommand,
	},
	{
		name: 'market',
		summary: "make the key of an energy market's operator, and print its config",
		load: async () => (await import('./market.ts')).marketCommand,
	},
	{
		name: 'order',
		summary: 'sign an order of an energy market, for curl',
		load: async () => (await import('./order.ts')).orderCommand,
	},
	{
		name: 'certificates list',
		summary: 'devices with hourly energy certificates',
		load: async () => (await import('./energy-certificates.ts')).certificatesListCommand,
	},
	{
		name: 'certificates show',
		summary: 'hours of a device, with their energy certificates and who holds them',
		load: async () => (await import('./energy-certificates.ts')).certificatesShowCommand,
	},
	{
		name: 'certificates open',
		summary: 'begin hourly energy certificates of a device',
		load: async () => (await import('./energy-certificates.ts')).certificatesOpenCommand,
	},
	{
		name: 'certificates transfer',
		summary: 'hand energy certificates on',
		load: async () => (await import('./energy-certificates.ts')).certificatesTransferCommand,
	},
	{
		name: 'certificates split',
		summary: 'make two bundles of energy certificates of one',
		load: async () => (await import('./energy-certificates.ts')).certificatesSplitCommand,
	},
	{
		name: 'certificates cancel',
		summary: 'use energy certificates up for a claim',
		load: async () => (await import('./energy-certificates.ts')).certificatesCancelCommand,
	},
	{
		name: 'certificates retire',
		summary: 'take energy certificates out of the world without a claim',
		load: async () => (await import('./energy-certificates.ts')).certificatesRetireCommand,
	},
	{
		name: 'device add',
		summary: 'let a further device in, while the agent runs',
		load: async () => (await import('./device.ts')).deviceAddCommand,
	},
	{
		name: 'device list',
		summary: 'list the devices, with their credentials, keys and certificates',
		load: async () => (await import('./device.ts')).deviceListCommand,
	},
	{
		name: 'device rotate',
		summary: 'give a device another password, certificate, key or calibration',
		load: async () => (await import('./device.ts')).deviceRotateCommand,
	},
	{
		name: 'device revoke',
		summary: 'end a device for good',
		load: async () => (await import('./device.ts')).deviceRevokeCommand,
	},
	{
		name: 'device bind',
		summary: 'say on a chain to whom a device belongs, and with which key',
		load: async () => (await import('./device-binding.ts')).deviceBindCommand,
	},
	{
		name: 'device unbind',
		summary: 'end that on the chain',
		load: async () => (await import('./device-binding.ts')).deviceUnbindCommand,
	},
	{
		name: 'device binding',
		summary: 'what a chain says of a device, and whether the log says the same',
		load: async () => (await import('./device-binding.ts')).deviceBindingCommand,
	},
	{
		name: 'shipment open',
		summary: 'state what is sent, and which limits hold for it',
		load: async () => (await import('./shipment.ts')).shipmentOpenCommand,
	},
	{
		name: 'shipment leg',
		summary: 'state a part of its way',
		load: async () => (await import('./shipment.ts')).shipmentLegCommand,
	},
	{
		name: 'shipment assign',
		summary: 'state which sensor is with it',
		load: async () => (await import('./shipment.ts')).shipmentAssignCommand,
	},
	{
		name: 'shipment handover',
		summary: 'hand it over: both parties sign',
		load: async () => (await import('./shipment.ts')).shipmentHandoverCommand,
	},
	{
		name: 'shipment sign',
		summary: 'sign a hand-over, offline',
		load: async () => (await import('./shipment.ts')).shipmentSignCommand,
	},
	{
		name: 'shipment key',
		summary: 'make a key to sign hand-overs with',
		load: async () => (await import('./shipment.ts')).shipmentKeyCommand,
	},
	{
		name: 'shipment close',
		summary: 'state the verdict that its readings come to',
		load: async () => (await import('./shipment.ts')).shipmentCloseCommand,
	},
	{
		name: 'shipment show',
		summary: 'who had it, what it went through, and what that comes to',
		load: async () => (await import('./shipment.ts')).shipmentShowCommand,
	},
	{
		name: 'shipment list',
		summary: 'list the shipments that the log knows',
		load: async () => (await import('./shipment.ts')).shipmentListCommand,
	},
	{
		name: 'shipment profiles',
		summary: 'list the limits that are built in',
		load: async () => (await import('./shipment.ts')).shipmentProfilesCommand,
	},
	{
		name: 'shipment epcis',
		summary: 'tell it as EPCIS 2.0 events',
		load: async () => (await import('./shipment.ts')).shipmentEpcisCommand,
	},
	{
		name: 'user add',
		summary: 'let somebody sign in to the pages',
		load: async () => (await import('./user.ts')).userAddCommand,
	},
	{name: 'user list', summary: 'list who may sign in', load: async () => (await import('./user.ts')).userListCommand},
	{
		name: 'user remove',
		summary: 'let somebody sign in no more',
		load: async () => (await import('./user.ts')).userRemoveCommand,
	},
	{
		name: 'user password',
		summary: 'give somebody another password',
		load: async () => (await import('./user.ts')).userPasswordCommand,
	},
	{
		name: 'password',
		summary: 'make a password for a device, and its hash for the config',
		load: async () => (await import('./password.ts')).passwordCommand,
	},
	{
		name: 'sim',
		summary: 'run simulated homes, a boiler stack and a refrigerated truck',
		load: async () => (await import('./sim.ts')).simCommand,
	},
	{
		name: 'sim community',
		summary: 'let simulated or recorded homes trade, and recompute every bill',
		load: async () => (await import('./sim-community.ts')).simCommunityCommand,
	},
	{
		name: 'replay',
		summary: 'send a recording (CSV, JSON lines, CityLearn) through MQTT',
		load: async () => (await import('./replay.ts')).replayCommand,
	},
	{
		name: 'demo',
		summary: 'a local chain, the agent and a street of devices, in one view',
		load: async () => (await import('./demo.ts')).demoCommand,
	},
];

/** These go on until they are stopped, or draw a view of their own: nobody waits for their end. */
const untilStopped: ReadonlySet<string> = new Set(['run', 'demo', 'sim', 'sim community', 'replay', 'discover']);

function overview(): string {
	return [
		`kedge ${version}: turns what meters publish over MQTT into evidence that a stranger can check.`,
		'',
		...commands.map(command => `  kedge ${command.name.padEnd(24)}${command.summary}`),
		'',
		'kedge COMMAND --help explains a command.',
		'Exit codes: 0 done; 1 the answer is no; 2 wrong words, config or file; 3 the world did not answer; 4 the agent must be started again; 5 the log is frozen.',
		'',
	].join('\n');
}

async function main(words: readonly string[], io: Io): Promise<number> {
	const [name, ...rest] = words;
	if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
		io.out(overview());
		return name === undefined ? exitCodes.drop : exitCodes.ok;
	}
	if (name === '--version' || name === '-v') {
		io.out(`${version}\n`);
		return exitCodes.ok;
	}
	// A name of two words goes before the one that is its first word.
	const longer = commands.find(candidate => candidate.name === `${name} ${rest[0]}`);
	const known = longer ?? commands.find(candidate => candidate.name === name);
	const below = commands.filter(candidate => candidate.name.startsWith(`${name} `));
	if (known === undefined && below.length > 0) {
		io.out(`${below.map(({name: one, summary}) => `  kedge ${one.padEnd(24)}${summary}`).join('\n')}\n`);
		return rest.length === 0 || rest[0] === '--help' || rest[0] === '-h' ? exitCodes.ok : exitCodes.drop;
	}
	if (known === undefined) throw new AgentError('ARGUMENT_INVALID', `there is no command "${name}"`, {hint: 'See: kedge --help'});
	const command = await known.load();
	const read = readWords(command, longer === undefined ? rest : rest.slice(1));
	if (isSet(read.values, 'help')) {
		io.out(helpText(command));
		return exitCodes.ok;
	}
	if (untilStopped.has(known.name)) return command.run(read, io);
	const waiting = createWaiting(io, known.name);
	try {
		return await command.run(read, waiting.io);
	} finally {
		await waiting.end();
	}
}

function report(error: unknown, io: Io): number {
	io.error(`kedge: ${describeError(error)}\n`);
	if (!(error instanceof AgentError)) {
		io.error(`${error instanceof Error ? error.stack : ''}\n`);
		return exitCodes.restart;
	}
	if (error.hint !== undefined) io.error(`  ${error.hint}\n`);
	return error.code === 'LOG_FROZEN' ? exitCodes.frozen : exitCodes[error.remedy];
}

const stop = new AbortController();
// SIGHUP is a terminal that was closed: children that are in groups of their own, such as a local chain, get none.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stop.abort());
// A child of the demo ends with its parent, however the parent ended.
process.on('disconnect', () => stop.abort());
// `kedge prove 1 | head` closes the pipe early, and a terminal that is gone answers EIO: that is no error of ours. What runs until it is stopped stops; a verdict keeps its exit code.
for (const stream of [process.stdout, process.stderr])
	stream.on('error', (error: NodeJS.ErrnoException) => {
		if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
		stop.abort();
	});

const io: Io = {
	out: text => process.stdout.write(text),
	error: text => process.stderr.write(text),
	isTerminal: process.stdout.isTTY === true,
	signal: stop.signal,
	clock: systemClock,
};
try {
	process.exitCode = await main(process.argv.slice(2), io);
} catch (error) {
	process.exitCode = report(error, io);
}
// Nothing of ours is left running here; whatever a library still holds must not keep the command alive.
if (process.stdout.writable) process.stdout.write('', () => process.exit());
else process.exit();
