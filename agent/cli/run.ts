// kedge run: runs the agent until it is told to stop.

import {fstatSync} from 'node:fs';
import {keepHeapSmall} from '../base/heap.ts';
import {createLineLogger, isJournal} from '../base/logger.ts';
import {openAgent} from '../main.ts';
import {openSite, type Site} from '../site.ts';
import {type Command, configDefault, configOption, exitCodes, textOf} from './command.ts';
import {createReadiness, listenerOf, sayBySystemdNotify} from './readiness.ts';

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
		// What the journal reads it stamps itself, and files by its priority.
		const front = isJournal(process.env.JOURNAL_STREAM, fstatSync(2)) ? 'journal' : () => io.clock.nowMs();
		const logger = createLineLogger(io.error, site.config.logging.level, front);
		const agent = await openAgent({
			site,
			logger,
			world: {clock: io.clock},
			// For whoever starts it, and kept nowhere: where a journal would keep it, root makes another.
			onFirstOwner: password => io.error(front === 'journal' ? ownerInJournal(site) : ownerOnTerminal(site, password)),
		});
		const readiness = createReadiness(listenerOf(process.env, process.pid), {
			look: async () => {
				const {state, size, warnings} = await agent.status();
				return `${state}, ${size} entries, ${warnings.length} warnings`;
			},
			say: sayBySystemdNotify,
			clock: io.clock,
			logger,
		});
		await readiness.ready();
		const stopped = await new Promise<'asked' | 'failed'>(resolve => {
			if (io.signal.aborted) resolve('asked');
			io.signal.addEventListener('abort', () => resolve('asked'), {once: true});
			agent.failed.addEventListener('abort', () => resolve('failed'), {once: true});
		});
		await readiness.stopping();
		if (stopped === 'failed') throw agent.failed.reason;
		const {frozen} = agent;
		await agent[Symbol.asyncDispose]();
		logger.log('info', 'agent stopped');
		// Frozen it stayed up so that `status` could say why; its exit code says it too.
		if (frozen.aborted) throw frozen.reason;
		return exitCodes.ok;
	},
};

const pagesOf = ({config: {api}}: Site): string => `The pages are at http://${api!.host}:${api!.port}/`;

const ownerOnTerminal = (site: Site, password: string): string =>
	`\n${pagesOf(site)}: sign in as owner with the password\n\n  ${password}\n\nIt is not shown again. Another one: kedge user password owner\n\n`;

const ownerInJournal = (site: Site): string =>
	`${pagesOf(site)}; make a password for them with: kedge user password owner --config ${site.configPath}\n`;
