// kedge device bind | unbind | binding: to whom a device belongs, on a chain that neither it nor the site can change alone.

import {AgentError} from '../base/errors.ts';
import {
	type BindOutcome,
	bindDevice,
	bindingToSign,
	bindSignedDevice,
	readDeviceBinding,
	type SeenBinding,
	unbindDevice,
} from '../device-binding.ts';
import {type BindingChange, zeroAddress, zeroHash} from '../format/device-binding.ts';
import {openSite} from '../site.ts';
import {
	type Command,
	configDefault,
	configOption,
	countOf,
	exitCodes,
	type Io,
	isSet,
	type OptionSpec,
	oneWord,
	textOf,
	usageError,
	type Values,
} from './command.ts';
import {readInput} from './input.ts';

const registryOptions = {
	registry: {type: 'string', value: 'ADDRESS', help: 'the DeviceRegistry (default: anchor.deviceRegistry of the config)'},
} as const satisfies Record<string, OptionSpec>;

const jsonOption = {json: {type: 'boolean', help: 'as JSON'}} as const satisfies Record<string, OptionSpec>;

export const deviceBindCommand: Command = {
	name: 'device bind',
	usage: 'ID --owner ADDRESS',
	takesWords: true,
	details: [
		'Says on the chain of the section anchor, with the anchoring key, to whom a device belongs and which key and calibration certificate it has. It is bound once the owner says the',
		'same: by the transaction that is printed, or by a signature (--typed-data, then --terms and --signature). Then this again notes it in the log, and after a',
		'rotation it brings the chain up to date. The agent must run. What is there already is left as it is.',
	],
	options: {
		...configOption,
		...registryOptions,
		owner: {type: 'string', value: 'ADDRESS', help: 'the account that it belongs to (default: whose it is on the chain)'},
		deploy: {type: 'boolean', help: 'use the DeviceRegistry that the anchoring key has deployed, or deploy one'},
		'ask-owner': {type: 'boolean', help: 'the owner must agree to every other key or certificate too'},
		days: {type: 'string', value: 'N', help: 'days that the owner has to accept (default: 30)'},
		'typed-data': {type: 'boolean', help: 'send nothing; print what the owner may sign [EIP-712]'},
		terms: {type: 'string', value: 'FILE', help: 'what --typed-data printed, and the owner signed'},
		signature: {type: 'string', value: 'FILE', help: "the owner's signature of it: 0x and hexadecimal digits"},
		...jsonOption,
	},
	run: async ({values, positionals}, io) => {
		const id = oneWord(deviceBindCommand, positionals);
		const site = await openSite(textOf(values, 'config') ?? configDefault);
		const choice = {registry: addressOf(deviceBindCommand, values, 'registry'), deploy: isSet(values, 'deploy')};
		if (choice.deploy && choice.registry !== undefined) throw usageError(deviceBindCommand, 'takes --deploy or --registry, not both');
		const [terms, signature] = [textOf(values, 'terms'), textOf(values, 'signature')];
		if ((terms === undefined) !== (signature === undefined)) throw usageError(deviceBindCommand, '--terms and --signature come together');
		if (terms !== undefined) {
			const [typedData, text] = await Promise.all([readText(terms), readText(signature!)]);
			tellBound(io, values, id, await orWords(bindSignedDevice(site, id, {typedData, signature: text.trim()}, io.clock)));
			return exitCodes.ok;
		}
		const wish = {
			owner: addressOf(deviceBindCommand, values, 'owner'),
			openerRotates: !isSet(values, 'ask-owner'),
			days: countOf(deviceBindCommand, '--days', textOf(values, 'days') ?? '30'),
		};
		if (isSet(values, 'typed-data')) {
			io.out(`${JSON.stringify(await orWords(bindingToSign(site, id, choice, wish, io.clock)), undefined, 2)}\n`);
			return exitCodes.ok;
		}
		tellBound(io, values, id, await orWords(bindDevice(site, id, choice, wish, io.clock)));
		return exitCodes.ok;
	},
};

export const deviceUnbindCommand: Command = {
	name: 'device unbind',
	usage: 'ID',
	takesWords: true,
	details: [
		'Ends the binding of a device to its owner, on the chain and in the log. What was, stays to be seen in both. The agent must run.',
	],
	options: {...configOption, ...registryOptions, ...jsonOption},
	run: async ({values, positionals}, io) => {
		const id = oneWord(deviceUnbindCommand, positionals);
		const site = await openSite(textOf(values, 'config') ?? configDefault);
		const done = await orWords(unbindDevice(site, id, {registry: addressOf(deviceUnbindCommand, values, 'registry')}, io.clock));
		if (isSet(values, 'json')) io.out(`${JSON.stringify(done)}\n`);
		else io.out(done.wasBound ? `${id} is bound to nobody any more.\n` : `${id} was bound to nobody.\n`);
		return exitCodes.ok;
	},
};

export const deviceBindingCommand: Command = {
	name: 'device binding',
	usage: 'ID',
	takesWords: true,
	details: [
		'What the chain says of a device: whose it is since when, which key and calibration certificate it has, and all that changed; and whether the log says the same. Exit code 1 if it',
		'does not, or if the device is bound to nobody. As of the newest block, by the word of one node. Needs no running agent.',
	],
	options: {
		...configOption,
		...registryOptions,
		rpc: {type: 'string', value: 'URL', help: 'the node to ask (default: the one of the section anchor)'},
		...jsonOption,
	},
	run: async ({values, positionals}, io) => {
		const id = oneWord(deviceBindingCommand, positionals);
		const site = await openSite(textOf(values, 'config') ?? configDefault);
		const registry = addressOf(deviceBindingCommand, values, 'registry');
		const seen = await orWords(readDeviceBinding(site, id, {rpcUrl: textOf(values, 'rpc'), registry}));
		io.out(isSet(values, 'json') ? `${JSON.stringify(seen)}\n` : bindingText(seen));
		return seen.binding.owner !== undefined && seen.differences.length === 0 ? exitCodes.ok : exitCodes.no;
	},
};

function addressOf(command: Command, values: Values, name: string): string | undefined {
	const text = textOf(values, name);
	if (text !== undefined && !/^0x[0-9a-fA-F]{40}$/.test(text)) throw usageError(command, `--${name} "${text}" is not an address`);
	return text;
}

async function readText(path: string): Promise<string> {
	return new TextDecoder().decode(await readInput(path));
}

/** Here another chain or contract than the words say is a slip of whoever typed them, not a state that nobody knows. */
async function orWords<T>(work: Promise<T>): Promise<T> {
	try {
		return await work;
	} catch (error) {
		if (!(error instanceof AgentError) || error.code !== 'CHAIN_MISMATCH') throw error;
		throw new AgentError('ARGUMENT_INVALID', error.message, {cause: error, ...(error.hint === undefined ? {} : {hint: error.hint})});
	}
}

function tellBound(io: Io, values: Values, id: string, outcome: BindOutcome): void {
	if (isSet(values, 'json')) {
		io.out(`${JSON.stringify(outcome)}\n`);
		return;
	}
	const {terms, registry, deployed, accept, chainId} = outcome;
	if (deployed) io.error(`deployed the device registry; add this to the section anchor of the config:\n`);
	if (deployed) io.out(`  deviceRegistry: "${registry}"\n`);
	const until = timeText(terms.validUntil);
	if (accept === undefined) {
		const sentence = {
			bound: `${id} is bound to ${terms.owner}.`,
			rotated: `${id} is bound to ${terms.owner} as before, with the key and certificate that it has now.`,
			unchanged: `${id} was bound to ${terms.owner} already.`,
			proposed: '',
		}[outcome.outcome];
		io.out(`${sentence}\n`);
		return;
	}
	io.out(`Proposed to ${terms.owner}, who has until ${until} to accept, by this transaction on chain ${chainId}:\n`);
	io.out(`  to: ${accept.to}\n  data: ${accept.data}\nThen run this again, so that the log says it too.\n`);
}

function bindingText({urn, origin, chainId, registry, binding, changes, isWhole, differences}: SeenBinding): string {
	const {owner, boundSinceS, keyHash, certificateHash, openerRotates} = binding;
	const lines = [`${urn} of ${origin}, in the device registry ${registry} of chain ${chainId}:`];
	if (owner === undefined) lines.push('  bound to nobody');
	else
		lines.push(
			`  owner        ${owner} since ${timeText(boundSinceS)}`,
			`  key          ${hashText(keyHash)}`,
			`  certificate  ${hashText(certificateHash)}`,
			`  replaced by  ${openerRotates ? "the log's opener alone" : "the log's opener and the owner"}`,
		);
	if (changes.length > 0)
		lines.push(isWhole ? 'All changes:' : 'The newest changes, not held against anything:', ...changes.map(changeText));
	lines.push(...differences.map(difference => `DIFFERENT: ${difference}.`));
	if (owner !== undefined && differences.length === 0) lines.push('The log says the same.');
	return `${lines.join('\n')}\n`;
}

function changeText({owner, keyHash, certificateHash, by, timeS}: BindingChange): string {
	const what = owner === zeroAddress ? 'ended' : `owner ${owner}, key ${hashText(keyHash)}, certificate ${hashText(certificateHash)}`;
	return `  ${timeText(timeS)}  ${what}, by ${by}`;
}

function hashText(hash: string): string {
	return hash === zeroHash ? 'none' : hash.slice(2);
}

function timeText(timeS: number): string {
	return new Date(1000 * timeS).toISOString().replace('.000', '');
}
