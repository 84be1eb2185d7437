// kedge run: runs the agent until it is told to stop.

import {keepHeapSmall} from '../base/heap.ts';
import {createLineLogger} from '../base/logger.ts';
import {openAgent} from '../main.ts';
import {openSite} from '../site.ts';
import {type Command, configDefault, configOption, exitCodes, textOf} from './command.ts';

export const runCommand: Command = {
	name: 'run',
	usage: '',
	details: [
		'Takes what devices publish, acknowledges it once it is on disk, and anchors checkpoints as the config says.',
		'Logs one line per event to standard error. SIGINT or SIGTERM ends it cleanly; nothing acknowledged is lost either way.',
	],
	options: configOption,
	run: async ({values}, io) => {
		keepHeapSmall();
		const site = await openSite(textOf(values, 'config') ?? configDefault);
		const logger = createLineLogger(
			io.error,
			site.config.logging.level,
			// What systemd reads from us it stamps itself.
			process.env.JOURNAL_STREAM === undefined ? () => io.clock.nowMs() : undefined,
		);
		const agent = await openAgent({site, logger, world: {clock: io.clock}});
		const stopped = await new Promise<'asked' | 'failed'>(resolve => {
			if (io.signal.aborted) resolve('asked');
			io.signal.addEventListener('abort', () => resolve('asked'), {once: true});
			agent.failed.addEventListener('abort', () => resolve('failed'), {once: true});
		});
		if (stopped === 'failed') throw agent.failed.reason;
		const {frozen} = agent;
		await agent[Symbol.asyncDispose]();
		logger.log('info', 'agent stopped');
		// Frozen it stayed up so that `status` could say why; its exit code says it too.
		if (frozen.aborted) throw frozen.reason;
		return exitCodes.ok;
	},
};
