// kedge service install, uninstall, show: writes the unit with which systemd runs the agent of a site, takes it away, and says how it is.

import {spawn} from 'node:child_process';
import {mkdir, readFile, realpath, rm, stat} from 'node:fs/promises';
import {basename, dirname, join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import {replaceFile} from '../base/durable.ts';
import {AgentError} from '../base/errors.ts';
import {secretPlace} from '../base/secret-place.ts';
import type {Config} from '../config.ts';
import {portsOf} from '../doctor.ts';
import {exists, openSite, type Site} from '../site.ts';
import {stateDirectoryOf, type UnitOptions, unitMark, unitText, unitWordProblem} from '../systemd-unit.ts';
import {
	type Command,
	configDefault,
	configOption,
	countOf,
	exitCodes,
	type Io,
	isSet,
	type OptionSpec,
	textOf,
	usageError,
	type Values,
} from './command.ts';

const unitDirectory = '/etc/systemd/system';
const memoryMiBDefault = 512;
/** Less than this the agent cannot run with; see the README's figures. */
const memoryMiBMin = 192;
const watchdogSeconds = 120;
/** There while systemd runs this machine [sd_booted(3)]. */
const bootedPath = '/run/systemd/system';

const nameOptions = {
	name: {type: 'string', value: 'NAME', help: 'of the unit (default: kedge); another one for each further site'},
	'unit-directory': {type: 'string', value: 'PATH', help: `where units are (default: ${unitDirectory})`},
} as const satisfies Record<string, OptionSpec>;

export const serviceInstallCommand: Command = {
	name: 'service install',
	usage: '',
	details: [
		'Writes a systemd unit that runs the agent of this site with as few rights as it needs, and starts it again when it ends or hangs.',
		'A site right below /var/lib runs as a user that systemd makes up (DynamicUser); any other needs --user, whose files it must be.',
		'A unit that is there and says something else is left alone without --force. Needs root, except with --dry-run.',
	],
	options: {
		...configOption,
		...nameOptions,
		user: {type: 'string', value: 'NAME', help: 'the user that it runs as, who must own the site'},
		memory: {type: 'string', value: 'MIB', help: `memory that it may take at most (default: ${memoryMiBDefault})`},
		write: {type: 'string', value: 'PATH', multiple: true, help: 'also let it write there, such as where backups go'},
		credential: {
			type: 'string',
			value: 'NAME:PATH',
			multiple: true,
			help: 'hand it the secret in a file, for credential:NAME in the config',
		},
		encrypted: {type: 'string', value: 'NAME:PATH', multiple: true, help: 'the same, of a file that systemd-creds encrypted'},
		start: {type: 'boolean', help: 'also start it now, and at every boot'},
		force: {type: 'boolean', help: 'write over a unit that says something else'},
		'dry-run': {type: 'boolean', help: 'print the unit and write nothing'},
	},
	run: async ({values}, io) => {
		const site = await openSite(textOf(values, 'config') ?? configDefault);
		const text = unitText(await unitOptions(site, values, isSet(values, 'dry-run')));
		if (isSet(values, 'dry-run')) {
			io.out(text);
			return exitCodes.ok;
		}
		const {path, unit} = unitPlace(serviceInstallCommand, values);
		const present = await readFile(path, 'utf8').catch(() => undefined);
		if (present !== undefined && present !== text && !isSet(values, 'force'))
			throw new AgentError('DATA_EXISTS', `${path} is there, and says something else: ${firstDifference(present, text)}`, {
				hint: 'Look at both (--dry-run prints the new one); --force writes over it, and --name NAME makes another one.',
			});
		if (present !== text) {
			await mkdir(dirname(path), {recursive: true});
			await replaceFile(path, text, 0o644).catch(cannotWrite(path));
		}
		io.out(`${path} ${present === text ? 'is as it should be' : 'is written'}.\n`);
		if (!(await exists(bootedPath))) {
			io.out(`systemd does not run this machine. Where it does: systemctl daemon-reload && systemctl enable --now ${unit}\n`);
			return exitCodes.ok;
		}
		await systemctl(io, ['daemon-reload']);
		if (isSet(values, 'start')) await systemctl(io, ['enable', '--now', unit]);
		else io.out(`To start it, now and at every boot: systemctl enable --now ${unit}\n`);
		io.out(`Its log: journalctl -u ${unit}\n`);
		return exitCodes.ok;
	},
};

export const serviceUninstallCommand: Command = {
	name: 'service uninstall',
	usage: '',
	details: ['Stops the agent, and takes its unit away. The site, with its log and its keys, stays as it is.'],
	options: {...nameOptions, force: {type: 'boolean', help: 'also a unit that kedge service install did not write'}},
	run: async ({values}, io) => {
		const {path, unit} = unitPlace(serviceUninstallCommand, values);
		const present = await readUnit(path);
		if (!present.startsWith(unitMark) && !isSet(values, 'force'))
			throw new AgentError('DATA_EXISTS', `${path} was not written by kedge service install`, {
				hint: '--force takes it away all the same.',
			});
		const isBooted = await exists(bootedPath);
		if (isBooted) await systemctl(io, ['disable', '--now', unit]);
		await rm(path).catch(cannotWrite(path));
		if (isBooted) await systemctl(io, ['daemon-reload']);
		io.out(`${path} is gone; the site is as it was.\n`);
		return exitCodes.ok;
	},
};

export const serviceShowCommand: Command = {
	name: 'service show',
	usage: '',
	details: ['Prints the unit that is there and, where systemd runs, how it is. Exit code 0 if it is active, 1 if not.'],
	options: nameOptions,
	run: async ({values}, io) => {
		const {path, unit} = unitPlace(serviceShowCommand, values);
		io.out(await readUnit(path));
		if (!(await exists(bootedPath))) {
			io.out('# systemd does not run this machine.\n');
			return exitCodes.no;
		}
		const said = await runSystemctl([
			'show',
			unit,
			'--property=ActiveState,SubState,StatusText,UnitFileState,NRestarts,MemoryCurrent,ActiveEnterTimestamp',
		]);
		io.out(said.out.replace(/^(?=.)/gm, '# '));
		return /^ActiveState=active$/m.test(said.out) ? exitCodes.ok : exitCodes.no;
	},
};

function unitPlace(command: Command, values: Values): {readonly path: string; readonly unit: string} {
	const name = textOf(values, 'name') ?? 'kedge';
	if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/.test(name)) throw usageError(command, `--name "${name}" is no name for a unit`);
	const unit = name.endsWith('.service') ? name : `${name}.service`;
	return {path: join(resolve(textOf(values, 'unit-directory') ?? unitDirectory), unit), unit};
}

async function readUnit(path: string): Promise<string> {
	try {
		return await readFile(path, 'utf8');
	} catch (error) {
		throw new AgentError('DATA_MISSING', `there is no unit ${path}`, {hint: 'kedge service install writes it.', cause: error});
	}
}

const cannotWrite =
	(path: string) =>
	(error: unknown): never => {
		throw new AgentError('DATA_MISSING', `cannot write ${path}`, {hint: 'It takes root: sudo kedge service …', cause: error});
	};

/** The first line in which a unit differs, for people. */
function firstDifference(present: string, wanted: string): string {
	const [there, new_] = [present.split('\n'), wanted.split('\n')];
	const at = there.findIndex((line, i) => line !== new_[i]);
	const i = at < 0 ? there.length : at;
	return `line ${i + 1} is "${there[i] ?? ''}" and would be "${new_[i] ?? ''}"`;
}

/** Whether this machine has a program, by the PATH that a service gets [systemd.exec(5), $PATH]. */
async function hasProgram(name: string): Promise<boolean> {
	for (const folder of ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'])
		if (await exists(join(folder, name))) return true;
	return false;
}

async function unitOptions(site: Site, values: Values, isDry: boolean): Promise<UnitOptions> {
	const {paths, config} = site;
	const user = textOf(values, 'user');
	const memory = textOf(values, 'memory');
	const configPath = resolve(site.configPath);
	const {directory} = paths;
	if (user === undefined && stateDirectoryOf(directory) === undefined)
		throw usageError(
			serviceInstallCommand,
			`the site in ${directory} is not right below /var/lib: name the user who owns it with --user, or move it to /var/lib/kedge`,
		);
	if (user !== undefined && !/^[a-z_][a-z0-9_-]{0,30}\$?$/i.test(user))
		throw usageError(serviceInstallCommand, `--user "${user}" is no user's name`);
	if (user !== undefined && !isDry) await assertOwner(user, directory);
	if (dirname(paths.socket) !== directory)
		throw new AgentError('CONFIG_INVALID', `${directory} is too long for the agent's socket, which a service must have there`, {
			hint: 'Move the site to a folder with a shorter name.',
		});
	const memoryMiB = memory === undefined ? memoryMiBDefault : countOf(serviceInstallCommand, '--memory', memory);
	if (memoryMiB < memoryMiBMin)
		throw usageError(serviceInstallCommand, `--memory ${memoryMiB} is less than the ${memoryMiBMin} MiB that the agent needs`);
	const credentials = [...credentialsOf(values, 'credential', false), ...credentialsOf(values, 'encrypted', true)];
	assertCredentials(
		config,
		credentials.map(({name}) => name),
	);
	const {node, program, programFolders} = await programPlace();
	const options: UnitOptions = {
		logName: config.log.name,
		node,
		program,
		programFolders: configPath.startsWith(`${directory}/`) ? programFolders : [...programFolders, configPath],
		configPath,
		directory,
		user,
		memoryMiB,
		writable: textsOf(values, 'write').map(path => resolve(path)),
		credentials,
		// 0 is any free one, which is never so low.
		hasLowPort: portsOf(config).some(({port}) => port > 0 && port < 1024),
		watchdogSeconds: (await hasProgram('systemd-notify')) ? watchdogSeconds : undefined,
	};
	for (const path of [
		node,
		program,
		configPath,
		directory,
		...options.writable,
		...options.programFolders,
		...credentials.map(({path}) => path),
	]) {
		const problem = unitWordProblem(path);
		if (problem !== undefined)
			throw new AgentError('ARGUMENT_INVALID', `${JSON.stringify(path)} ${problem}`, {hint: 'Use a path without it.'});
	}
	return options;
}

function textsOf(values: Values, name: string): readonly string[] {
	const value = values[name];
	return Array.isArray(value) ? value.filter(text => typeof text === 'string') : [];
}

function credentialsOf(values: Values, option: string, isEncrypted: boolean): UnitOptions['credentials'] {
	return textsOf(values, option).map(text => {
		const found = /^([A-Za-z0-9_.-]{1,64}):(.+)$/.exec(text);
		if (found === null) throw usageError(serviceInstallCommand, `--${option} "${text}" is not NAME:PATH`);
		return {name: found[1]!, path: resolve(found[2]!), isEncrypted};
	});
}

/** Every `credential:NAME` that the config has must be handed to the service, and nothing else needs to be. */
function assertCredentials(config: Config, given: readonly string[]): void {
	const needed = new Set<string>();
	const visit = (value: unknown): void => {
		const place = typeof value === 'string' ? secretPlace(value) : undefined;
		if (place !== undefined && 'credential' in place) needed.add(place.credential);
		if (typeof value === 'object' && value !== null) for (const one of Object.values(value)) visit(one);
	};
	visit(config);
	for (const name of needed)
		if (!given.includes(name))
			throw usageError(
				serviceInstallCommand,
				`the config has credential:${name}: say where it is with --credential ${name}:PATH or --encrypted`,
			);
	for (const name of given) if (!needed.has(name)) throw usageError(serviceInstallCommand, `nothing in the config has credential:${name}`);
}

async function assertOwner(user: string, directory: string): Promise<void> {
	const ran = await run('id', ['-u', user]);
	if (ran.code !== 0)
		throw new AgentError('ARGUMENT_INVALID', `there is no user ${user} on this machine`, {
			hint: `Make one: useradd --system --no-create-home --shell /usr/sbin/nologin ${user}`,
		});
	const {uid} = await stat(directory);
	if (String(uid) !== ran.out.trim())
		throw new AgentError('ARGUMENT_INVALID', `the site in ${directory} belongs to user ${uid}, not to ${user}`, {
			hint: `chown -R ${user}: ${directory}`,
		});
}

/** Where this program is, with links resolved: what a service sees must not hang on a link in somebody's home. */
async function programPlace(): Promise<Pick<UnitOptions, 'node' | 'program' | 'programFolders'>> {
	const program = await realpath(fileURLToPath(new URL('./kedge.js', import.meta.url)));
	// ROOT/dist/agent/cli/kedge.js; its packages lie in ROOT/node_modules, or around ROOT where npm installed it.
	const root = dirname(dirname(dirname(dirname(program))));
	const around = dirname(root);
	const programFolders = (await exists(join(root, 'node_modules'))) || basename(around) !== 'node_modules' ? [root] : [around];
	return {node: await realpath(process.execPath), program, programFolders};
}

type Ran = {readonly code: number | null; readonly out: string; readonly error: string};

function run(program: string, words: readonly string[]): Promise<Ran> {
	return new Promise((done, reject) => {
		const child = spawn(program, words, {stdio: ['ignore', 'pipe', 'pipe']});
		let [out, error] = ['', ''];
		child.stdout.setEncoding('utf8').on('data', (text: string) => {
			out += text;
		});
		child.stderr.setEncoding('utf8').on('data', (text: string) => {
			error += text;
		});
		child.once('error', cause =>
			reject(new AgentError('DATA_MISSING', `cannot run ${program}`, {hint: 'Install it, or look at the PATH.', cause})),
		);
		child.once('close', code => done({code, out, error}));
	});
}

const runSystemctl = (words: readonly string[]): Promise<Ran> => run('systemctl', words);

async function systemctl(io: Io, words: readonly string[]): Promise<void> {
	const {code, out, error} = await runSystemctl(words);
	io.error(`${out}${error}`);
	if (code !== 0) throw new AgentError('AGENT_UNREACHABLE', `systemctl ${words.join(' ')} ended with ${code}`, {hint: 'It may need root.'});
}
