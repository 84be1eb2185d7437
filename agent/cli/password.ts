// kedge password: makes a password for a device and the hash that goes into the config.

import {createSystemRandom} from '../base/random.ts';
import {makePassword} from '../site.ts';
import {type Command, exitCodes} from './command.ts';

export const passwordCommand: Command = {
	name: 'password',
	usage: '',
	details: ['Prints a new password and the line for kedge.yaml. The password is kept nowhere.'],
	options: {},
	run: async (_words, io) => {
		const {password, hash} = await makePassword(createSystemRandom());
		io.out(`password      ${password}\npasswordHash: ${hash}\n`);
		return exitCodes.ok;
	},
};
