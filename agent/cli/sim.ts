// kedge sim: runs simulated devices against a broker until it is told to stop.

import {
	brokerUrl,
	demoFaults,
	readPasswords,
	runSim,
	type SimSigning,
	simSignedForms,
	simulatedKeys,
	simulatedSigning,
} from '../simulation.ts';
import {openSite} from '../site.ts';
import {
	type Command,
	configDefault,
	configOption,
	countOf,
	durationOf,
	endingAfter,
	exitCodes,
	isSet,
	textOf,
	usageError,
} from './command.ts';

export const simCommand: Command = {
	name: 'sim',
	usage: '',
	details: [
		'Publishes at QoS 1 until it is stopped, and keeps its own account of what was acknowledged, for the judge.',
		'The same seed makes the same devices with the same habits.',
	],
	options: {
		...configOption,
		url: {type: 'string', value: 'URL', help: 'broker (default: the embedded one of the config)'},
		passwords: {type: 'string', value: 'FILE', help: 'JSON object from device ids to passwords'},
		account: {type: 'string', value: 'FILE', help: 'where to keep the account (default: account.jsonl)'},
		seed: {type: 'string', value: 'TEXT', help: 'default: kedge'},
		homes: {type: 'string', value: 'N', help: 'how many homes (default: 20)'},
		rate: {type: 'string', value: 'X', help: 'messages against the ordinary rate (default: 1)'},
		speed: {type: 'string', value: 'X', help: 'device time against real time (default: 1)'},
		faults: {type: 'string', value: 'none|demo', help: 'what goes wrong on the way (default: none)'},
		sign: {type: 'string', value: 'FORM', help: 'devices sign: jws, jws-detached, cose, plain, or mixed'},
		'key-type': {type: 'string', value: 'TYPE', help: 'with --sign: ed25519 (default), p256 or secp256k1'},
		'key-number': {type: 'string', value: 'N', help: 'with --sign: another number, another key of each device (default: 1)'},
		keys: {type: 'boolean', help: 'with --sign: print the public key of each device as JSON, and send nothing'},
		for: {type: 'string', value: 'TIME', help: 'stop after this long, such as 60s'},
		json: {type: 'boolean', help: 'one JSON object a second on standard output'},
	},
	run: async ({values}, io) => {
		const seed = textOf(values, 'seed') ?? 'kedge';
		const homesText = textOf(values, 'homes');
		const homes = homesText === undefined ? undefined : countOf(simCommand, '--homes', homesText);
		const signing = signingOf(values, homes);
		if (isSet(values, 'keys')) {
			if (signing === undefined) throw usageError(simCommand, '--keys needs --sign');
			io.out(`${JSON.stringify(simulatedKeys(seed, signing, homes), undefined, 2)}\n`);
			return exitCodes.ok;
		}
		const urlText = textOf(values, 'url');
		const url = urlText ?? brokerUrl(await openSite(textOf(values, 'config') ?? configDefault));
		const passwordsPath = textOf(values, 'passwords');
		const faults = textOf(values, 'faults') ?? 'none';
		if (faults !== 'none' && faults !== 'demo') throw usageError(simCommand, `--faults "${faults}" is neither none nor demo`);
		const forText = textOf(values, 'for');
		const signal = endingAfter(io, forText === undefined ? undefined : durationOf(simCommand, '--for', forText));
		const stats = await runSim({
			url,
			seed,
			passwords: passwordsPath === undefined ? {} : await readPasswords(passwordsPath),
			accountPath: textOf(values, 'account') ?? 'account.jsonl',
			rate: factorOf('--rate', textOf(values, 'rate')),
			speed: factorOf('--speed', textOf(values, 'speed')),
			faults: faults === 'demo' ? demoFaults : {},
			...(homes === undefined ? {} : {size: {homes}}),
			...(signing === undefined ? {} : {signing}),
			clock: io.clock,
			signal,
			onStats: found => {
				if (isSet(values, 'json')) io.out(`${JSON.stringify(found)}\n`);
				else if (io.isTerminal)
					io.out(`\r\u001b[K${found.acknowledged} of ${found.sent} acknowledged, ${found.connected} of ${found.devices} connected`);
			},
			onProblem: sentence => io.error(`${sentence}\n`),
		});
		if (!isSet(values, 'json'))
			io.out(`${io.isTerminal ? '\n' : ''}sent ${stats.sent}, acknowledged ${stats.acknowledged}, ${stats.pending} open\n`);
		return exitCodes.ok;
	},
};

const keyTypes = ['ed25519', 'p256', 'secp256k1'] as const;

function signingOf(values: Parameters<typeof textOf>[0], homes: number | undefined): ((deviceId: string) => SimSigning) | undefined {
	const formText = textOf(values, 'sign');
	const typeText = textOf(values, 'key-type');
	const numberText = textOf(values, 'key-number');
	if (formText === undefined) {
		if (typeText !== undefined || numberText !== undefined) throw usageError(simCommand, '--key-type and --key-number need --sign');
		return undefined;
	}
	const form = [...simSignedForms, 'mixed' as const].find(one => one === formText);
	if (form === undefined) throw usageError(simCommand, `--sign "${formText}" is none of ${simSignedForms.join(', ')}, mixed`);
	const keyType = keyTypes.find(one => one === (typeText ?? 'ed25519'));
	if (keyType === undefined) throw usageError(simCommand, `--key-type "${typeText}" is none of ${keyTypes.join(', ')}`);
	const keyNumber = numberText === undefined ? 1 : countOf(simCommand, '--key-number', numberText);
	return simulatedSigning({form, keyType, keyNumber}, homes);
}

function factorOf(what: string, text: string | undefined): number {
	if (text === undefined) return 1;
	const factor = Number(text);
	if (!(factor > 0 && factor <= 1_000_000)) throw usageError(simCommand, `${what} "${text}" is not a number above 0`);
	return factor;
}
