// kedge slots: the energy of each quarter of an hour, from a history of an energy register that was verified first.

import {verifyDeviceSignature} from '../base/device-signature.ts';
import {verifyEd25519} from '../base/ed25519.ts';
import {nodeHasher} from '../base/hash-node.ts';
import {slotsOfHistory} from '../market.ts';
import {createVerifier} from '../verify/verifier.ts';
import {type Command, countOf, exitCodes, isSet, textOf, usageError} from './command.ts';
import {readInput, readTrust, trustOption} from './input.ts';

const cadenceSDefault = '60';

export const slotsCommand: Command = {
	name: 'slots',
	usage: 'HISTORY',
	takesWords: true,
	details: [
		'Verifies the history and says, for each quarter of an hour of it, by how many Wh the register rose, and between which entries. A',
		'boundary is the entry before it whose follower comes after it, both within twice the cadence; energy between boundaries that are',
		'further apart is spread flat and marked. Comma-separated values; exit code 1 if the history is not good.',
	],
	options: {
		...trustOption,
		cadence: {type: 'string', value: 'SECONDS', help: `how often the meter reports (default: ${cadenceSDefault})`},
		json: {type: 'boolean', help: 'print them as one JSON object'},
	},
	run: async ({values, positionals}, io) => {
		const [path] = positionals;
		if (path === undefined || positionals.length > 1) throw usageError(slotsCommand, 'takes one history');
		const cadenceMs = 1000 * countOf(slotsCommand, '--cadence', textOf(values, 'cadence') ?? cadenceSDefault);
		const {trust} = await readTrust(values);
		const bytes = await readInput(path);
		const verdict = await createVerifier({hasher: nodeHasher, verifySignature: verifyEd25519, verifyDeviceSignature}).verify(bytes, trust);
		if (!verdict.good) {
			io.error(`kedge: ${path} is not good; see: kedge verify ${path}\n`);
			return exitCodes.no;
		}
		const slots = slotsOfHistory(bytes, path, cadenceMs);
		if (isSet(values, 'json')) io.out(`${JSON.stringify({channel: verdict.facts.channel, slots})}\n`);
		else {
			const lines = slots.map(({startMs, energyWh, spread, fromNumber, toNumber}) =>
				[new Date(startMs).toISOString(), energyWh ?? '', spread ? 1 : 0, fromNumber ?? '', toNumber ?? ''].join(','),
			);
			io.out(`${['start,energyWh,spread,fromNumber,toNumber', ...lines].join('\r\n')}\r\n`);
		}
		return exitCodes.ok;
	},
};
