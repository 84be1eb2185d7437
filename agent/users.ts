// The composition root's part for people: who may sign in, in users.json beside the log. What was shared with others is in shares.ts.

import {stat} from 'node:fs/promises';
import {type NewPassword, type People, type UserProblem, type UserRefused, type UserRole, userRoles} from './api/window.ts';
import {utf8} from './base/bytes.ts';
import type {Clock} from './base/clock.ts';
import {AgentError} from './base/errors.ts';
import {checkPassword, chosenCost, generatePassword, hashPassword, passwordHashProblem} from './base/password.ts';
import type {Random} from './base/random.ts';
import {takeProcessLock} from './base/sqlite.ts';
import {idPattern} from './format/subject.ts';
import {openShares} from './shares.ts';
import type {SitePaths} from './site.ts';
import {notOurs, readSmallFile, writeSmallFile} from './small-file.ts';

export {userRoles};

/** As users.json has him. */
type User = Awaited<ReturnType<People['list']>>[number];

const usersFormat = 'kedge users 1';
const usersMax = 64;
/** People choose worse than machines: a short one is refused. The longest is what one scrypt takes gladly. */
const passwordCharactersMin = 12;
const passwordBytesMax = 256;

const hint = 'Put it back from your backup, or remove it and run: kedge user add NAME --role owner';

/** Who may sign in; nobody where there is no file. Fails with FORMAT_INVALID. */
export async function readUsers({users: path}: Pick<SitePaths, 'users'>): Promise<readonly User[]> {
	const found = await readSmallFile(path, hint);
	if (found === undefined) return [];
	const {format, users} = (found ?? {}) as {readonly format?: unknown; readonly users?: unknown};
	if (format !== usersFormat || !Array.isArray(users) || users.length > usersMax) throw notOurs(path, 'is no file of users', hint);
	const names = new Set<string>();
	return users.map((one: unknown) => {
		const {name, role, passwordHash, addedAtMs} = (one ?? {}) as Record<string, unknown>;
		const isGood =
			typeof name === 'string' &&
			idPattern.test(name) &&
			userRoles.includes(role as UserRole) &&
			typeof passwordHash === 'string' &&
			passwordHashProblem(passwordHash) === undefined &&
			Number.isSafeInteger(addedAtMs) &&
			!names.has(name);
		if (!isGood) throw notOurs(path, 'has a user that is none, or one twice', hint);
		names.add(name);
		return {name, role: role as UserRole, passwordHash, addedAtMs: addedAtMs as number};
	});
}

/** Makes other users of those that there are, or says why not. */
type Change = (users: readonly User[]) => readonly User[] | UserProblem;

const adding =
	(user: User): Change =>
	users => {
		if (users.some(({name}) => name === user.name)) return 'user-exists';
		return users.length >= usersMax ? 'too-many' : [...users, user];
	};

/** `by`: what becomes of the one of that name. */
const changing =
	(name: string, by: (user: User) => readonly User[]): Change =>
	users =>
		users.some(user => user.name === name) ? users.flatMap(user => (user.name === name ? by(user) : [user])) : 'unknown-user';

const removing = (name: string): Change => changing(name, () => []);
const withHash = (name: string, passwordHash: string): Change => changing(name, user => [{...user, passwordHash}]);

/** The same change, unless it takes the last owner away. */
const keepingAnOwner =
	(by: Change): Change =>
	users => {
		const isOwner = ({role}: User): boolean => role === 'owner';
		const next = by(users);
		return typeof next !== 'string' && users.some(isOwner) && !next.some(isOwner) ? 'last-owner' : next;
	};

/** Changes the file, unless there is a problem. Durable when it resolves. Fails with LOG_LOCKED while somebody else changes it. */
async function change({users: path}: Pick<SitePaths, 'users'>, by: Change): Promise<UserProblem | undefined> {
	// Two commands at a time would lose what one of them did.
	await using _lock = await takeProcessLock(`${path}.lock`).catch(error => {
		if (!(error instanceof AgentError) || error.code !== 'LOG_LOCKED') throw error;
		throw new AgentError('LOG_LOCKED', `another command changes ${path}`, {hint: 'Try again.', cause: error});
	});
	const next = by(await readUsers({users: path}));
	if (typeof next === 'string') return next;
	await writeSmallFile(path, {format: usersFormat, users: next});
	return undefined;
}

/** Why a password cannot be one; undefined if it can. */
export function passwordProblem(password: string): string | undefined {
	if ([...password].length < passwordCharactersMin) return `is shorter than ${passwordCharactersMin} characters`;
	return utf8(password).length > passwordBytesMax ? `is longer than ${passwordBytesMax} bytes` : undefined;
}

/** Of a generated password if none is given. Fails with ARGUMENT_INVALID for one that cannot be one. */
async function newHash(password: string | undefined, random: Random): Promise<NewPassword & {readonly passwordHash: string}> {
	const chosen = password ?? generatePassword(random);
	const problem = passwordProblem(chosen);
	if (problem !== undefined) throw new AgentError('ARGUMENT_INVALID', `the password ${problem}`);
	return {password: chosen, passwordHash: await hashPassword(chosen, random, chosenCost)};
}

function assertName(name: string): void {
	if (!idPattern.test(name)) throw new AgentError('ARGUMENT_INVALID', `"${name.slice(0, 64)}" is no name: 1 to 64 letters, digits, _ or -`);
}

/** What a command says of a problem. */
function problemError(problem: UserProblem, name: string): AgentError {
	const words: Readonly<Record<UserProblem, readonly [sentence: string, hint: string]>> = {
		'user-exists': [`there is a user "${name}" already`, `Another password for him: kedge user password ${name}`],
		'unknown-user': [`there is no user "${name}"`, 'See: kedge user list'],
		'last-owner': [`"${name}" is the last owner`, 'Make somebody else one first.'],
		'too-many': [`there are ${usersMax} users, as many as there may be`, 'Take one away first: kedge user remove NAME'],
	};
	const [sentence, advice] = words[problem];
	return new AgentError('ARGUMENT_INVALID', sentence, {hint: advice});
}

/** For commands: whoever has the file can always add an owner, and so may take the last one away. Fails with ARGUMENT_INVALID. */
async function changeOrFail(paths: Pick<SitePaths, 'users'>, name: string, by: Change): Promise<void> {
	const problem = await change(paths, by);
	if (problem !== undefined) throw problemError(problem, name);
}

/** Adds somebody, with a generated password if none is given. Fails with ARGUMENT_INVALID. */
export async function addUser(
	paths: Pick<SitePaths, 'users'>,
	{name, role, password: wanted}: {readonly name: string; readonly role: UserRole; readonly password: string | undefined},
	{random, clock}: {readonly random: Random; readonly clock: Pick<Clock, 'nowMs'>},
): Promise<NewPassword> {
	assertName(name);
	const {password, passwordHash} = await newHash(wanted, random);
	await changeOrFail(paths, name, adding({name, role, passwordHash, addedAtMs: clock.nowMs()}));
	return {password};
}

/** Takes somebody away; his sessions end within a second. Fails with ARGUMENT_INVALID. */
export async function removeUser(paths: Pick<SitePaths, 'users'>, name: string): Promise<void> {
	await changeOrFail(paths, name, removing(name));
}

/** Gives somebody another password, a generated one if none is given; his sessions end within a second. Fails with ARGUMENT_INVALID. */
export async function setPassword(
	paths: Pick<SitePaths, 'users'>,
	name: string,
	wanted: string | undefined,
	random: Random,
): Promise<NewPassword> {
	const {password, passwordHash} = await newHash(wanted, random);
	await changeOrFail(paths, name, withHash(name, passwordHash));
	return {password};
}

/** The file is looked at again after so long. */
const lookEveryMs = 1000;

/** The people and shares of a running agent. Fails with FORMAT_INVALID where a file is none of ours. */
export async function openPeople(
	paths: Pick<SitePaths, 'users' | 'shares'>,
	{random, clock}: {readonly random: Random; readonly clock: Pick<Clock, 'nowMs' | 'monotonicMs'>},
): Promise<People> {
	const nobody = await hashPassword(generatePassword(random), random, chosenCost);
	let users = await readUsers(paths);
	const shares = await openShares(paths, {random, clock});
	let lookedMs = clock.monotonicMs();
	let seen: string | undefined;
	const look = async (): Promise<readonly User[]> => {
		if (clock.monotonicMs() - lookedMs < lookEveryMs) return users;
		lookedMs = clock.monotonicMs();
		const now = await stat(paths.users).then(
			({mtimeMs, size, ino}) => `${mtimeMs} ${size} ${ino}`,
			() => '',
		);
		if (now === seen) return users;
		// A file that cannot be read lets nobody in; it is read again at the next look, since too many open files are no change of it.
		seen = now;
		users = await readUsers(paths).catch(() => {
			seen = undefined;
			return [];
		});
		return users;
	};
	const named = async (name: string): Promise<User | undefined> => (await look()).find(user => user.name === name);
	let editing: Promise<unknown> = Promise.resolve();
	/** One after the other, and known to us at once. */
	const edit = (by: Change): Promise<UserRefused | undefined> => {
		const done = editing.then(async () => {
			const problem = await change(paths, keepingAnOwner(by));
			users = await readUsers(paths);
			return problem && {problem};
		});
		editing = done.catch(() => {});
		return done;
	};
	return {
		user: named,
		list: look,
		check: async (name, password) => {
			const user = await named(name);
			const isRight = await checkPassword(utf8(password), user?.passwordHash ?? nobody);
			return user !== undefined && isRight;
		},
		add: async (name, role) => {
			assertName(name);
			const {password, passwordHash} = await newHash(undefined, random);
			return (await edit(adding({name, role, passwordHash, addedAtMs: clock.nowMs()}))) ?? {password};
		},
		remove: name => edit(removing(name)),
		setRole: (name, role) => edit(changing(name, user => [{...user, role}])),
		setPassword: async (name, wanted) => {
			const {password, passwordHash} = await newHash(wanted, random);
			return (await edit(withHash(name, passwordHash))) ?? {password};
		},
		shares,
	};
}

/** Makes the first owner, with a password that is told to whoever starts the agent and to nobody else; undefined where somebody may sign in already. */
export async function makeFirstOwner(
	paths: Pick<SitePaths, 'users'>,
	needs: {readonly random: Random; readonly clock: Pick<Clock, 'nowMs'>},
): Promise<string | undefined> {
	if ((await readUsers(paths)).length > 0) return undefined;
	return (await addUser(paths, {name: 'owner', role: 'owner', password: undefined}, needs)).password;
}
