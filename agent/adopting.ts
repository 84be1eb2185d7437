// The composition root's part that turns a config that somebody has written, or had proposed, into a site: everything but the config is made.

import {AgentError} from './base/errors.ts';
import type {Random} from './base/random.ts';
import {openDevices} from './main.ts';
import {type MadeSite, makeSite, openSite} from './site.ts';

export type Adopted = MadeSite & {readonly logName: string /** In the config. */; readonly devices: number};

/**
 * Makes keys, an empty log and the trust file for a config, which stays as it is. Nothing is made if the config would not open, or anything else of a site is there: fails
 * with CONFIG_INVALID, DATA_EXISTS, or ARGUMENT_INVALID if the config has another name for the log than `logName`.
 */
export async function adoptConfig(options: {
	readonly configPath: string;
	readonly logName: string | undefined;
	readonly random: Random;
}): Promise<Adopted> {
	const {configPath, logName, random} = options;
	const site = await openSite(configPath);
	const {name} = site.config.log;
	if (logName !== undefined && logName !== name)
		throw new AgentError('ARGUMENT_INVALID', `${configPath} is there already, and calls the log ${name}, not ${logName}`, {
			hint: 'Leave --name out, or change log.name there.',
		});
	await openDevices(site);
	const made = await makeSite({directory: site.paths.directory, logName: name, random, configFor: {isAt: configPath}});
	return {...made, logName: name, devices: site.config.devices.length};
}
