// kedge evidence: checks the evidence of a slot of an energy market, and the receipts that it names.

import {checkEvidenceFile} from '../evidence.ts';
import {type Command, exitCodes, isSet, usageError} from './command.ts';
import {readInput, readTrust, trustOption} from './input.ts';

/** A slot of ten thousand meters names four receipts each. */
const receiptsMax = 50_000;

export const evidenceCommand: Command = {
	name: 'evidence',
	usage: 'FILE [RECEIPT…]',
	takesWords: true,
	details: [
		'Clears and settles the slot again from FILE alone, and says of each check whether it passed: signatures, order set, clearing,',
		'certificate, rows, accounts. Receipts named behind it are verified against the trust file and compared with what FILE says of the',
		'entries that it rests on; without them it is only shown that everything follows from those readings and orders. Exit code 1 if a check failed.',
	],
	options: {
		...trustOption,
		json: {type: 'boolean', help: 'print the checks as one JSON object'},
	},
	run: async ({values, positionals}, io) => {
		const [path, ...receiptPaths] = positionals;
		if (path === undefined) throw usageError(evidenceCommand, 'takes a file');
		if (receiptPaths.length > receiptsMax) throw usageError(evidenceCommand, `takes at most ${receiptsMax} receipts`);
		const receipts = [];
		for (const name of receiptPaths) receipts.push({name, bytes: await readInput(name)});
		// Without a receipt nothing has to be trusted but the file's own arithmetic.
		const trust = receipts.length === 0 ? undefined : (await readTrust(values)).trust;
		const {good, slot, checks, receipts: found} = await checkEvidenceFile({name: path, bytes: await readInput(path)}, receipts, trust);
		if (isSet(values, 'json')) io.out(`${JSON.stringify({good, slot, checks, receipts: found})}\n`);
		else {
			const lines = checks.map(({name, state, detail}) => `${state.padEnd(8)}${name.padEnd(18)}${detail}`);
			const entries = found.good + found.missing;
			const receiptsLine =
				receipts.length > 0
					? `receipts: ${found.good} fit; ${found.missing} of ${entries} entries have none here`
					: `receipts: not asked for; name those of the ${entries} entries that FILE rests on behind it, with --trust (kedge prove INDEX makes one)`;
			const start = new Date(slot * 900_000).toISOString();
			io.out(
				[
					`slot ${slot} from ${start}: ${good ? 'good' : 'NOT GOOD'}`,
					...lines,
					'prices are of the energy: whoever takes it from the grid pays the grid fee on top',
					receiptsLine,
					...found.problems,
					'',
				].join('\n'),
			);
		}
		return good ? exitCodes.ok : exitCodes.no;
	},
};
