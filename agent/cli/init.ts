// kedge init: makes a site and says what to do next.

import {join} from 'node:path';
import type {Adopted} from '../adopting.ts';
import {AgentError} from '../base/errors.ts';
import {createSystemRandom} from '../base/random.ts';
import {configName, exists, initSite, type MadeSite} from '../site.ts';
import {type Command, commandName, exitCodes, textOf, usageError} from './command.ts';

export const initCommand: Command = {
	name: 'init',
	usage: '[DIRECTORY]',
	takesWords: true,
	details: [
		'Makes the key that signs checkpoints, an encrypted key for anchoring, an empty log, a trust file to hand out, and kedge.yaml',
		'with one example device. Nothing that is there already is touched. Where a kedge.yaml is there and nothing else of a site, as after `kedge discover`, it is checked and',
		'taken as it is: all the rest is made for it.',
	],
	options: {
		name: {type: 'string', value: 'NAME', help: 'name of the log, for ever (default: that in kedge.yaml, or of the directory)'},
		tls: {
			type: 'string',
			value: 'NAMES',
			help: "names and addresses of this machine, with commas: lets devices of other machines in, with TLS and a CA of the site's own",
		},
	},
	run: async ({values, positionals}, io) => {
		if (positionals.length > 1) throw usageError(initCommand, 'takes one directory');
		const directory = positionals[0] ?? '.';
		const tlsNames = textOf(values, 'tls')?.split(',');
		const configPath = directory === '.' ? configName : join(directory, configName);
		if (await exists(configPath)) {
			if (tlsNames !== undefined)
				throw new AgentError('ARGUMENT_INVALID', `${configPath} is there already, and --tls is for a config that is made here`, {
					hint: `Make the site without it, then: kedge certificate ${tlsNames.join(',')} --config ${configPath}`,
				});
			// It brings the agent with it, which making an example does not need.
			const {adoptConfig} = await import('../adopting.ts');
			const made = await adoptConfig({configPath, logName: textOf(values, 'name'), random: createSystemRandom()});
			io.out(adoptedText(made, configPath));
			return exitCodes.ok;
		}
		const made = await initSite({
			directory,
			logName: textOf(values, 'name'),
			random: createSystemRandom(),
			tlsNames,
			nowMs: io.clock.nowMs(),
		});
		const at = directory === '.' ? '' : ` --config ${directory}/kedge.yaml`;
		// The example must look as if it were measured now, or it would be late, or ahead.
		const measuredAt = new Date(Math.floor(io.clock.nowMs() / 1000) * 1000).toISOString().replace('.000', '');
		const kedge = commandName();
		io.out(
			[
				`Made log ${made.logName} in ${made.paths.directory}`,
				'',
				`  kedge.yaml       the config: your devices and topics go there`,
				...madeLines(made),
				...(tlsNames === undefined
					? []
					: [
							`  ca.pem           the CA of this site: devices trust the broker by it`,
							`  ca-key.pem       its key, which makes certificates: let nobody have it`,
							`  server.pem       the broker's certificate, for ${tlsNames.join(', ')}; renew it with: ${kedge} certificate${at} ${tlsNames.join(',')}`,
						]),
				'',
				'The example device can publish at once:',
				'',
				`  ${kedge} run${at}`,
				`  mosquitto_pub ${tlsNames === undefined ? '-p 1883' : `--cafile ${directory === '.' ? '' : `${directory}/`}ca.pem -p 8883`} -q 1 -i meter-1 -u meter-1 -P ${made.devicePassword} \\`,
				`    -t meters/meter-1 -m '{"at":"${measuredAt}","energy_kwh":12.345}'`,
				`  ${kedge} prove${at} --device meter-1 --out receipt.json`,
				`  ${kedge} verify --trust ${directory === '.' ? '' : `${directory}/`}trust.json receipt.json`,
				'',
				'This password is shown once; kedge.yaml keeps its hash.',
				`More devices: ${kedge} device add${at} ID --mapping example-meter, while the agent runs; or kedge.yaml, with ${kedge} password.`,
				'While the agent runs, its pages are at http://127.0.0.1:8787/; its first start prints the password for them.',
				`To anchor on a chain, fund the anchoring address, then: ${kedge} anchor${at} --rpc URL --chain-id N`,
				'',
			].join('\n'),
		);
		return exitCodes.ok;
	},
};

const madeLines = ({anchoringAddress}: MadeSite): string[] => [
	`  log.db, log.key  the log and the key that signs it: back up log.key, and never run a copy of both`,
	`  trust.json       hand it to whoever is to check your receipts; again after kedge anchor`,
	`  anchor-key.json  the anchoring key ${anchoringAddress}, with its password beside it`,
];

function adoptedText(made: Adopted, configPath: string): string {
	const kedge = commandName();
	const at = configPath === configName ? '' : ` --config ${configPath}`;
	return [
		`Made log ${made.logName} in ${made.paths.directory} for the config that was there`,
		'',
		`  kedge.yaml       your config, ${made.devices} device${made.devices === 1 ? '' : 's'}: as it was`,
		...madeLines(made),
		'',
		`  ${kedge} run${at}`,
		`  ${kedge} status${at}`,
		'',
		`To anchor on a chain, fund the anchoring address, then: ${kedge} anchor${at} --rpc URL --chain-id N`,
		'',
	].join('\n');
}
