// kedge market: makes the key of an energy market's operator and prints the config for a market.

import {createSystemRandom} from '../base/random.ts';
import {openSite} from '../site.ts';
import {prepareMarketKey} from '../trading.ts';
import {type Command, configDefault, configOption, exitCodes, textOf, usageError} from './command.ts';

export const marketCommand: Command = {
	name: 'market',
	usage: '--name NAME',
	details: [
		"Makes the key that acknowledges orders and signs clearings, and prints the lines for kedge.yaml, with this site's devices as meters.",
		'Each meter needs the address of whoever signs its orders: `kedge order --address` prints that of a key. What is there is left as it is.',
	],
	options: {...configOption, name: {type: 'string', value: 'NAME', help: 'what the market is called, for good'}},
	run: async ({values}, io) => {
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
			`market:\n  name: ${name}\n  feedInMicroPerKwh: 80000\n  retailMicroPerKwh: 300000\n  gridFeeMicroPerKwh: 40000\n  meters:\n${meters.join('')}api:\n  port: 8787\n`,
		);
		return exitCodes.ok;
	},
};
