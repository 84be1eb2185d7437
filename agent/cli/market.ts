// kedge market: makes the key of an energy market's operator and prints the config for a market.

import {createSystemRandom} from '../base/random.ts';
import {prepareMarketContract} from '../market-deploying.ts';
import {openSite, type Site} from '../site.ts';
import {prepareMarketKey} from '../trading.ts';
import {type Command, configDefault, configOption, countOf, exitCodes, type Io, isSet, textOf, usageError, type Values} from './command.ts';

export const marketCommand: Command = {
	name: 'market',
	usage: '--name NAME',
	details: [
		"Makes the key that acknowledges orders and signs clearings, and prints the lines for kedge.yaml, with this site's devices as meters.",
		'Each meter needs the address of whoever signs its orders: `kedge order --address` prints that of a key. What is there is left as it is.',
		'With --contract it deploys the market of the config to the chain of the section anchor, registers every meter that has spoken, and prints',
		'the lines that the section market needs then. Fund the operator first, and stop the agent: nothing is settled before the first slot.',
	],
	options: {
		...configOption,
		name: {type: 'string', value: 'NAME', help: 'what the market is called, for good'},
		contract: {type: 'boolean', help: 'deploy the contracts of the market in the config'},
		token: {type: 'string', value: 'ADDRESS', help: 'the ERC-20 that is paid in (default: a new one of no worth, for trying)'},
		dso: {type: 'string', value: 'ADDRESS', help: 'grid operator, who registers meters (default: the market itself)'},
		'first-slot': {type: 'string', value: 'N', help: 'first slot of the contract (default: the next midnight UTC)'},
		'challenge-hours': {type: 'string', value: 'N', help: 'how long a posted day can be challenged (default: 48)'},
		bond: {type: 'string', value: 'UNITS', help: "the operator's bond in token units (default: 1000000000)"},
	},
	run: async ({values}, io) => {
		if (isSet(values, 'contract')) return deploy(await openSite(textOf(values, 'config') ?? configDefault), values, io);
		const name = textOf(values, 'name');
		if (name === undefined || !/^[A-Za-z0-9_-]{1,64}$/.test(name)) throw usageError(marketCommand, 'needs --name: letters, digits, _ or -');
		const site = await openSite(textOf(values, 'config') ?? configDefault);
		const {address, made, keystore} = await prepareMarketKey(site, createSystemRandom());
		io.error(`${made ? 'made' : 'found'} the operator's key in ${keystore}; its address is ${address}\n`);
		if (site.config.market !== undefined) return exitCodes.ok;
		const meters = site.config.devices.map(
			({id, cadenceSeconds}) =>
				`    - {device: ${id}, owner: "0x..."}${cadenceSeconds === undefined ? `  # its device needs cadenceSeconds` : ''}\n`,
		);
		io.error(`add this to ${site.configPath}, with an owner for each meter, and start the agent again:\n`);
		io.out(
			`market:\n  name: ${name}\n  feedInMicroPerKwh: 80000\n  retailMicroPerKwh: 300000\n  gridFeeMicroPerKwh: 40000\n  meters:\n${meters.join('')}${site.config.api === undefined ? 'api:\n  port: 8787\n' : ''}`,
		);
		return exitCodes.ok;
	},
};

const slotsPerDay = 96;
const slotMs = 900_000;

async function deploy(site: Site, values: Values, io: Io): Promise<number> {
	const addressOf = (name: string): string | undefined => {
		const text = textOf(values, name);
		if (text !== undefined && !/^0x[0-9a-fA-F]{40}$/.test(text)) throw usageError(marketCommand, `--${name} "${text}" is not an address`);
		return text;
	};
	const midnight = Math.ceil((io.clock.nowMs() / slotMs + 1) / slotsPerDay) * slotsPerDay;
	const firstSlot = countOf(marketCommand, '--first-slot', textOf(values, 'first-slot') ?? String(midnight));
	const challengeWindowS = 3600 * countOf(marketCommand, '--challenge-hours', textOf(values, 'challenge-hours') ?? '48');
	const done = await prepareMarketContract(
		site,
		{
			token: addressOf('token'),
			dso: addressOf('dso'),
			firstSlot,
			challengeWindowS,
			answerWindowS: Math.floor(challengeWindowS / 2),
			bond: BigInt(countOf(marketCommand, '--bond', textOf(values, 'bond') ?? '1000000000')),
		},
		io.clock,
	);
	io.error(`deployed the rules at ${done.rules}, the market at ${done.contract}; it pays in ${done.token}\n`);
	for (const device of done.unregistered) io.error(`${device} is not registered: it has not spoken yet, or the grid operator must do it\n`);
	io.error(`add this to the section market of ${site.configPath}, and start the agent:\n`);
	io.out(
		`  contract: "${done.contract}"\n  firstSlot: ${firstSlot}\n  gridAccount: "${done.grid}"\n  retailerAccount: "${done.retailer}"\n  poolAccount: "${done.pool}"\n`,
	);
	return exitCodes.ok;
}
