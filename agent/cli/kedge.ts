#!/usr/bin/env node
// The command line: finds the command, runs it, and turns whatever happens into a sentence and an exit code.

import {systemClock} from '../base/clock.ts';
import {AgentError, describeError} from '../base/errors.ts';
import {version} from '../main.ts';
import {auditCommand} from './audit.ts';
import {type Command, exitCodes, helpText, type Io, isSet, readWords} from './command.ts';
import {demoCommand} from './demo.ts';
import {historyCommand} from './history.ts';
import {initCommand} from './init.ts';
import {passwordCommand} from './password.ts';
import {proveCommand} from './prove.ts';
import {quarantineCommand} from './quarantine.ts';
import {replayCommand} from './replay.ts';
import {runCommand} from './run.ts';
import {simCommand} from './sim.ts';
import {statusCommand} from './status.ts';
import {verifyCommand} from './verify.ts';

const commands: readonly Command[] = [
	initCommand,
	runCommand,
	statusCommand,
	proveCommand,
	historyCommand,
	verifyCommand,
	auditCommand,
	quarantineCommand,
	passwordCommand,
	simCommand,
	replayCommand,
	demoCommand,
];

function overview(): string {
	return [
		`kedge ${version}: turns what meters publish over MQTT into evidence that a stranger can check.`,
		'',
		...commands.map(command => `  kedge ${command.name.padEnd(12)}${command.summary}`),
		'',
		'kedge COMMAND --help explains a command.',
		'Exit codes: 0 done; 1 the answer is no; 2 wrong words, config or file; 3 the world did not answer; 4 the agent must be started again.',
		'',
	].join('\n');
}

async function main(words: readonly string[], io: Io): Promise<number> {
	const [name, ...rest] = words;
	if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
		io.out(overview());
		return name === undefined ? exitCodes.drop : exitCodes.ok;
	}
	if (name === '--version' || name === '-v') {
		io.out(`${version}\n`);
		return exitCodes.ok;
	}
	const command = commands.find(candidate => candidate.name === name);
	if (command === undefined) throw new AgentError('ARGUMENT_INVALID', `there is no command "${name}"`, {hint: 'See: kedge --help'});
	const read = readWords(command, rest);
	if (isSet(read.values, 'help')) {
		io.out(helpText(command));
		return exitCodes.ok;
	}
	return command.run(read, io);
}

function report(error: unknown, io: Io): number {
	io.error(`kedge: ${describeError(error)}\n`);
	if (!(error instanceof AgentError)) {
		io.error(`${error instanceof Error ? error.stack : ''}\n`);
		return exitCodes.restart;
	}
	if (error.hint !== undefined) io.error(`  ${error.hint}\n`);
	return exitCodes[error.remedy];
}

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stop.abort());
// A child of the demo ends with its parent, however the parent ended.
process.on('disconnect', () => stop.abort());
// `kedge prove 1 | head` closes the pipe early: that is no error of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
	if (error.code === 'EPIPE') process.exit(exitCodes.ok);
	throw error;
});

const io: Io = {
	out: text => process.stdout.write(text),
	error: text => process.stderr.write(text),
	isTerminal: process.stdout.isTTY === true,
	signal: stop.signal,
	clock: systemClock,
};
try {
	process.exitCode = await main(process.argv.slice(2), io);
} catch (error) {
	process.exitCode = report(error, io);
}
// Nothing of ours is left running here; whatever a library still holds must not keep the command alive.
process.stdout.write('', () => process.exit());
