// kedge user: who may sign in to the agent's pages.

import {AgentError} from '../base/errors.ts';
import {createSystemRandom} from '../base/random.ts';
import {addUser, readUsers, removeUser, setPassword, userRoles} from '../users.ts';
import {type Command, configOption, exitCodes, isSet, type OptionSpec, oneWord, textOf, usageError} from './command.ts';
import {siteOf} from './input.ts';

/** A longer line is no password. */
const lineBytesMax = 1024;

/** The first line of standard input. */
async function readPasswordLine(): Promise<string> {
	let text = '';
	for await (const chunk of process.stdin) {
		text += String(chunk);
		if (text.length > lineBytesMax) throw new AgentError('ARGUMENT_INVALID', `the password is longer than ${lineBytesMax} bytes`);
		if (text.includes('\n')) break;
	}
	return text.split('\n')[0]!.replace(/\r$/, '');
}

const stdinOption = {
	stdin: {type: 'boolean', help: 'read the password from standard input (one line, at least 12 characters) instead of making one'},
} as const satisfies Record<string, OptionSpec>;

export const userAddCommand: Command = {
	name: 'user add',
	usage: 'NAME --role ROLE',
	takesWords: true,
	details: [
		'Lets somebody sign in to the pages, and prints his password, which is kept nowhere. A running agent knows him within a second.',
		'owner: everything. operator: everything but users and share links. viewer: looks.',
	],
	options: {...configOption, role: {type: 'string', value: 'ROLE', help: 'owner, operator or viewer (default: viewer)'}, ...stdinOption},
	run: async ({values, positionals}, io) => {
		const name = oneWord(userAddCommand, positionals);
		const wanted = textOf(values, 'role') ?? 'viewer';
		const role = userRoles.find(one => one === wanted);
		if (role === undefined) throw usageError(userAddCommand, `--role "${wanted}" is none of ${userRoles.join(', ')}`);
		const given = isSet(values, 'stdin') ? await readPasswordLine() : undefined;
		const {password} = await addUser(
			(await siteOf(values)).paths,
			{name, role, password: given},
			{random: createSystemRandom(), clock: io.clock},
		);
		io.out(given === undefined ? `${name} (${role}) may sign in with the password\n\n  ${password}\n` : `${name} (${role}) may sign in.\n`);
		return exitCodes.ok;
	},
};

export const userListCommand: Command = {
	name: 'user list',
	usage: '',
	details: ['Lists who may sign in to the pages.'],
	options: configOption,
	run: async ({values}, io) => {
		const users = await readUsers((await siteOf(values)).paths);
		if (users.length === 0) io.out('Nobody may sign in. The first start of an agent with the section "api" makes an owner.\n');
		for (const {name, role, addedAtMs} of users)
			io.out(`${name.padEnd(24)} ${role.padEnd(9)} since ${new Date(addedAtMs).toISOString().slice(0, 10)}\n`);
		return exitCodes.ok;
	},
};

export const userRemoveCommand: Command = {
	name: 'user remove',
	usage: 'NAME',
	takesWords: true,
	details: ['Takes away that somebody may sign in. His sessions end within a second.'],
	options: configOption,
	run: async ({values, positionals}, io) => {
		const name = oneWord(userRemoveCommand, positionals);
		await removeUser((await siteOf(values)).paths, name);
		io.out(`${name} may not sign in any more.\n`);
		return exitCodes.ok;
	},
};

export const userPasswordCommand: Command = {
	name: 'user password',
	usage: 'NAME',
	takesWords: true,
	details: ['Gives somebody another password, and prints it. His sessions end within a second.'],
	options: {...configOption, ...stdinOption},
	run: async ({values, positionals}, io) => {
		const name = oneWord(userPasswordCommand, positionals);
		const given = isSet(values, 'stdin') ? await readPasswordLine() : undefined;
		const {password} = await setPassword((await siteOf(values)).paths, name, given, createSystemRandom());
		io.out(given === undefined ? `${name} signs in with the password\n\n  ${password}\n` : `The password of ${name} is changed.\n`);
		return exitCodes.ok;
	},
};
