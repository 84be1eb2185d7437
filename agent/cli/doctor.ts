// kedge doctor: looks at the machine and the site, and says what to do about what it finds.

import {isWrong, type Line} from '../diagnosis.ts';
import {examine} from '../doctor.ts';
import {openSite} from '../site.ts';
import {type Command, configDefault, configOption, counted, exitCodes, isSet, textOf} from './command.ts';
import {printable} from './printable.ts';
import {createProgress} from './progress.ts';

export const doctorCommand: Command = {
	name: 'doctor',
	usage: '',
	details: [
		'Looks at the clock, the disk, the keys, the ports, your broker, the chains and the agent, and changes nothing. Each line is ok, a warning, or',
		'wrong, with what to do. Run it as the user of the agent, or as root. Exit code 0 if nothing is wrong, 1 if something is.',
	],
	options: {
		...configOption,
		network: {type: 'boolean', help: 'also ask each time-stamp authority for a stamp'},
		json: {type: 'boolean', help: 'print the lines as one JSON object'},
	},
	run: async ({values}, io) => {
		const site = await openSite(textOf(values, 'config') ?? configDefault);
		const progress = createProgress(io);
		const lines = await examine({
			site,
			asksNetwork: isSet(values, 'network'),
			onPart: (name, done, all) => progress.show(`looking at: ${name}`, done, all),
			world: {clock: io.clock},
		});
		progress.end();
		io.out(isSet(values, 'json') ? `${JSON.stringify({isWell: !isWrong(lines), lines}, null, '\t')}\n` : doctorText(lines));
		return isWrong(lines) ? exitCodes.no : exitCodes.ok;
	},
};

/** Each line, with what to do below it; once below several that follow each other and ask for the same. */
export function linesText(lines: readonly Line[]): string {
	return lines
		.flatMap(({topic, grade, said, advice}, i) => [
			`${grade.padEnd(9)}${topic.padEnd(15)}${printable(said)}`,
			...(advice === undefined || advice === lines[i + 1]?.advice ? [] : [`${' '.repeat(24)}→ ${printable(advice)}`]),
		])
		.map(line => `${line}\n`)
		.join('');
}

function doctorText(lines: readonly Line[]): string {
	const count = (grade: Line['grade']): number => lines.filter(line => line.grade === grade).length;
	const [wrong, warnings] = [count('wrong'), count('warning')];
	const end =
		wrong === 0
			? warnings === 0
				? 'All is well.'
				: `Nothing is wrong; ${counted(warnings, 'warning')}.`
			: `${wrong} wrong, ${counted(warnings, 'warning')}.`;
	return `${linesText(lines)}${end}\n`;
}
