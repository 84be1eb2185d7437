// kedge anchor key | rotate | accept | close: hands this log on to another anchoring key at its registries, or ends it there.

import {createSystemRandom} from '../base/random.ts';
import {formatOrigin} from '../format/checkpoint.ts';
import {
	acceptAnchoring,
	closeOnChains,
	type LogFailure,
	type LogOnChain,
	type LogOutcome,
	lookOnChains,
	makeNextKey,
	rotateAnchoring,
	withdrawAnchoring,
	withKey,
} from '../log-on-chain.ts';
import {openSite, type Site} from '../site.ts';
import {
	type Command,
	configDefault,
	configOption,
	exitCodes,
	type Io,
	isSet,
	type OptionSpec,
	textOf,
	usageError,
	type Values,
} from './command.ts';
import {asWords} from './deploy.ts';

const chainOptions = {
	chain: {type: 'string', value: 'NAME', help: 'one chain of the config, by its name or id (default: all of them)'},
	opener: {
		type: 'string',
		value: 'ADDRESS',
		help: 'who opened the log (default: whom the config or the trust file names, or the key itself)',
	},
} as const satisfies Record<string, OptionSpec>;

const yesOption = {yes: {type: 'boolean', help: 'do it; without this it is only said what would be done'}} as const satisfies Record<
	string,
	OptionSpec
>;

const address = /^0x[0-9a-fA-F]{40}$/;

function choiceOf(
	command: Pick<Command, 'name'>,
	values: Values,
): {readonly chain: string | undefined; readonly opener: string | undefined} {
	const opener = textOf(values, 'opener');
	if (opener !== undefined && !address.test(opener)) throw usageError(command, `--opener "${opener}" is not an address`);
	return {chain: textOf(values, 'chain'), opener};
}

export const anchorKeyCommand: Command = {
	name: 'anchor key',
	usage: '',
	details: [
		'Makes another anchoring key, encrypted, beside the one that anchors now, and prints its address. It anchors nothing yet: fund it, hand the log on to it with',
		'kedge anchor rotate, and take it over with kedge anchor accept.',
	],
	options: {...configOption},
	run: async ({values}, io) => {
		const site = await openSite(textOf(values, 'config') ?? configDefault);
		const {address: made, keystore, keystorePasswordFile} = await makeNextKey(site, createSystemRandom());
		io.error(`made ${keystore} and ${keystorePasswordFile} in ${site.paths.directory}\n`);
		io.out(`${made}\n`);
		return exitCodes.ok;
	},
};

export const anchorRotateCommand: Command = {
	name: 'anchor rotate',
	usage: '--to ADDRESS | --withdraw',
	details: [
		'Proposes, at the registry of each chain, that the key of another address takes this log over. The key of now goes on anchoring until that one has said',
		'kedge anchor accept; until then --withdraw takes the proposal back. The log keeps its id, its anchors and its receipts. Wait until nothing is under way, or stop',
		'the agent: both would use one account.',
	],
	options: {
		...configOption,
		to: {type: 'string', value: 'ADDRESS', help: 'of the key that takes over; kedge anchor key makes one'},
		withdraw: {type: 'boolean', help: 'take back what was proposed'},
		...chainOptions,
	},
	run: async ({values}, io) => {
		const isWithdrawn = isSet(values, 'withdraw');
		const to = textOf(values, 'to');
		if ((to === undefined) !== isWithdrawn) throw usageError(anchorRotateCommand, 'takes either --to or --withdraw');
		if (to !== undefined && !address.test(to)) throw usageError(anchorRotateCommand, `--to "${to}" is not an address`);
		const choice = choiceOf(anchorRotateCommand, values);
		const site = await openSite(textOf(values, 'config') ?? configDefault);
		if (to === undefined)
			return told(io, await withdrawAnchoring(site, choice, io.clock), ({changed}) =>
				changed ? 'the proposal is taken back' : 'nobody was proposed',
			);
		return told(io, await rotateAnchoring(site, {...choice, to}, io.clock), ({changed}) =>
			changed
				? `${to} is proposed. The key of now goes on anchoring until that one accepts: fund it there, then say kedge anchor accept with it`
				: `${to} is proposed, or has taken over, already`,
		);
	},
};

export const anchorAcceptCommand: Command = {
	name: 'anchor accept',
	usage: '[--keystore FILE --password-file FILE] --yes',
	details: [
		'Takes this log over at the registry of each chain, with a key that was proposed by kedge anchor rotate, and prints the lines for kedge.yaml. From then on the key',
		'before anchors nothing more, and cannot take that back. Stop the agent first. The agent notes the rotation in the log when it sees it on the chain.',
	],
	options: {
		...configOption,
		keystore: {
			type: 'string',
			value: 'FILE',
			help: 'the key that takes over, named as in the config: from its folder (default: the one that it names)',
		},
		'password-file': {type: 'string', value: 'FILE', help: 'its password'},
		...chainOptions,
		...yesOption,
	},
	run: async ({values}, io) => {
		const choice = choiceOf(anchorAcceptCommand, values);
		const [keystore, keystorePasswordFile] = [textOf(values, 'keystore'), textOf(values, 'password-file')];
		if ((keystore === undefined) !== (keystorePasswordFile === undefined))
			throw usageError(anchorAcceptCommand, '--keystore and --password-file go together');
		const opened = await openSite(textOf(values, 'config') ?? configDefault);
		const site = keystore === undefined || keystorePasswordFile === undefined ? opened : withKey(opened, {keystore, keystorePasswordFile});
		if (!isSet(values, 'yes')) {
			const seen = await lookOnChains(site, choice, io.clock);
			return asked(io, seen, ({standing, key}) => [
				`is anchored by ${standing.operator}; ${standing.proposed === undefined ? 'nobody is proposed' : `${standing.proposed} is proposed`}.`,
				standing.operator === key
					? `${key} has taken it over already: nothing would be done.`
					: `${key} would take it over, if it is the one proposed. ${standing.operator} then anchors nothing more here.`,
			]);
		}
		const outcomes = await acceptAnchoring(site, choice, io.clock);
		const taken = outcomes.flatMap(one => (one.problem === undefined ? [one] : []));
		const [only] = taken;
		if (only !== undefined) {
			const isAlone = (site.config.anchor?.chains.length ?? 0) < 2;
			const openers = isAlone
				? `  opener: "${only.opener}"\n`
				: `  chains:\n${taken.map(({chainId, opener, name}) => `    # beside what stands there of ${name}\n    - chainId: ${chainId}\n      opener: "${opener}"\n`).join('')}`;
			io.error(`change the section anchor of ${site.configPath} to this, and start the agent:\n`);
			io.out(
				[
					'anchor:\n',
					...(keystore === undefined ? [] : [`  keystore: ${keystore}\n  keystorePasswordFile: ${keystorePasswordFile}\n`]),
					openers,
				].join(''),
			);
		}
		return told(io, outcomes, ({changed}) => (changed ? 'is taken over; the key before anchors nothing more' : 'was taken over before'));
	},
};

export const anchorCloseCommand: Command = {
	name: 'anchor close',
	usage: '[--epoch N] [--successor ORIGIN|EPOCH] --yes',
	details: [
		'Ends a log at the registry of each chain, for ever: what is anchored there stays and can be proven, and nothing is ever added, by nobody. With --successor it says',
		'which log goes on, which must be open there (kedge epoch opens it, and closes the one before by itself if the chain answers). Wait until the last anchor is final: what',
		'is not anchored by then never will be.',
	],
	options: {
		...configOption,
		epoch: {type: 'string', value: 'N', help: 'the epoch whose log is ended (default: the one that goes on)'},
		successor: {type: 'string', value: 'LOG', help: 'the log that goes on: its origin, such as street-7/2, or its epoch'},
		...chainOptions,
		...yesOption,
	},
	run: async ({values}, io) => {
		const choice = choiceOf(anchorCloseCommand, values);
		const site = await openSite(textOf(values, 'config') ?? configDefault);
		const [epoch, after] = [textOf(values, 'epoch'), textOf(values, 'successor')];
		const origin = epoch === undefined ? undefined : originOf(site, '--epoch', epoch);
		const successor = after === undefined ? undefined : originOf(site, '--successor', after);
		const seen = await lookOnChains(site, {...choice, ...(origin === undefined ? {} : {origin})}, io.clock);
		if (!isSet(values, 'yes'))
			return asked(io, seen, ({standing, head}) => [
				standing.isClosed
					? `is closed already${standing.successor === undefined ? '' : `, and goes on as ${standing.successor}`}.`
					: `is anchored up to size ${head} and would be ended there, for ever${successor === undefined ? ', with none that goes on' : `; ${successor} goes on`}. That cannot be undone, by nobody.`,
			]);
		const [first] = seen.filter(one => one.problem === undefined);
		if (first === undefined)
			return told(
				io,
				seen.filter(one => one.problem !== undefined),
				() => '',
			);
		return told(io, await closeOnChains(site, {...choice, origin: first.origin, successor}, io.clock), ({changed}) =>
			changed ? `is closed${successor === undefined ? '' : `; ${successor} goes on`}` : 'was closed before',
		);
	},
};

/** The number of an epoch of this log, or an origin in full. */
function originOf(site: Site, option: string, text: string): string {
	if (/^[1-9][0-9]{0,5}$/.test(text)) return formatOrigin(site.config.log.name, Number(text));
	if (/^[A-Za-z0-9._/-]{1,128}\/[1-9][0-9]{0,5}$/.test(text)) return text;
	throw usageError(anchorCloseCommand, `${option} "${text}" is neither an epoch, such as 2, nor an origin, such as street-7/2`);
}

function placeText({origin, logId, registry, name}: LogOnChain): string {
	return `log ${origin} (${logId}) at registry ${registry} on ${name}`;
}

/** What was done on each chain. Fails with the first problem, after all were said. */
function told(io: Io, outcomes: readonly (LogOutcome | LogFailure)[], words: (outcome: LogOutcome) => string): number {
	for (const one of outcomes)
		if (one.problem === undefined)
			io.error(`${placeText(one)}: ${words(one)}${one.transactionHash === undefined ? '' : ` (transaction ${one.transactionHash})`}\n`);
	return failed(io, outcomes);
}

/** What would be done on each chain; the answer is no, since nothing was. */
function asked<T extends LogOnChain & {readonly problem?: undefined}>(
	io: Io,
	seen: readonly (T | LogFailure)[],
	words: (one: T) => readonly string[],
): number {
	for (const one of seen) if (one.problem === undefined) io.out(`${[`${placeText(one)}`, ...words(one)].join('\n  ')}\n`);
	failed(io, seen);
	io.error('nothing was done: say it again with --yes to do it\n');
	return exitCodes.no;
}

function failed(io: Io, outcomes: readonly {readonly problem?: LogFailure['problem'] | undefined; readonly name: string}[]): number {
	const failures = outcomes.flatMap(({problem, name}) => (problem === undefined ? [] : [{problem: asWords(problem), name}]));
	const [first, ...others] = failures;
	for (const {problem, name} of others) io.error(`${name}: ${problem.message}${problem.hint === undefined ? '' : `; ${problem.hint}`}\n`);
	if (first !== undefined) throw first.problem;
	return exitCodes.ok;
}
