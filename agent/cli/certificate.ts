// kedge certificate: makes or renews the broker's certificate, with a CA of the site's own.

import {createSystemRandom} from '../base/random.ts';
import {namesOf, renewServerCertificate} from '../certificates.ts';
import {openSite, tlsBrokerYaml} from '../site.ts';
import {type Command, configDefault, configOption, exitCodes, textOf, usageError} from './command.ts';

export const certificateCommand: Command = {
	name: 'certificate',
	usage: '[NAMES]',
	takesWords: true,
	details: [
		'NAMES: DNS names and IP addresses of this machine, with commas; without them those of the certificate that is there. It is valid for 397 days,',
		'and an agent that runs takes it up within a minute. Where there is no CA yet (ca.pem) one is made, for 10 years; its key stays here.',
	],
	options: {...configOption},
	run: async ({values, positionals}, io) => {
		if (positionals.length > 1) throw usageError(certificateCommand, 'takes one list of names, with commas and without spaces');
		const site = await openSite(textOf(values, 'config') ?? configDefault);
		const {directory} = site.paths;
		const names = positionals[0]?.split(',') ?? (await namesOf(directory));
		const {isNewCa, notAfterMs} = await renewServerCertificate(directory, {
			logName: site.config.log.name,
			names,
			random: createSystemRandom(),
			nowMs: io.clock.nowMs(),
		});
		io.error(
			`${isNewCa ? 'Made a CA: ca.pem goes to the devices, ca-key.pem to nobody. ' : ''}server.pem is for ${names.join(', ')} and valid to ${new Date(notAfterMs).toISOString().slice(0, 10)}.\n`,
		);
		if (site.config.broker?.tls === undefined) {
			io.error('The config has no broker.tls yet. It belongs there like this:\n');
			io.out(tlsBrokerYaml);
		}
		return exitCodes.ok;
	},
};
