// A site for a fault: made as `kedge init` makes it, with the simulator's devices, and its agent as a process of its own.

import {cpSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import type {Status} from '../../agent/api/status-server.ts';
import {systemClock} from '../../agent/base/clock.ts';
import {createSystemRandom} from '../../agent/base/random.ts';
import {until} from '../../agent/base/retry.ts';
import {simulatedDeviceIds, simulatedDevicesYaml} from '../../agent/simulation.ts';
import {makePassword, makeSite, sitePaths} from '../../agent/site.ts';
import {readStatus} from '../../agent/state.ts';
import {freePort} from '../helpers/ports.ts';
import {kedgePath} from '../helpers/site.ts';
import {type Started, start} from './process.ts';

/** Starts an agent with the durability that a control run wants. */
const weakAgentPath = fileURLToPath(new URL('./weak-agent.js', import.meta.url));

export type Template = {
	/** Never run: what `place` copies. */
	readonly folder: string;
	readonly port: number;
	/** Where devices publish. */
	readonly url: string;
	/** One for all devices: hashing one password is enough. */
	readonly passwords: Readonly<Record<string, string>>;
	readonly homes: number;
	readonly anchoringAddress: string;
};

export type TemplateOptions = {
	readonly homes?: number;
	/** Instead of the embedded broker; YAML. */
	readonly door?: string;
	/** More keys of the section `log`, such as `, floorMiB: 4`. @default none */
	readonly log?: string;
};

/** Makes keys, config and an empty log once; every repetition starts from a copy. */
export async function makeTemplate(folder: string, options: TemplateOptions = {}): Promise<Template> {
	const {homes = 6} = options;
	const random = createSystemRandom();
	const port = await freePort();
	const {password, hash} = await makePassword(random);
	const ids = simulatedDeviceIds(homes);
	const hashes = Object.fromEntries(ids.map(id => [id, hash]));
	const door = options.door ?? `broker: {host: 127.0.0.1, port: ${port}}\n`;
	const {anchoringAddress} = await makeSite({
		directory: folder,
		logName: 'harbour',
		random,
		configFor: () => `log: {name: harbour${options.log ?? ''}}\n${door}${simulatedDevicesYaml(hashes, homes)}`,
	});
	return {
		folder,
		port,
		url: `mqtt://127.0.0.1:${port}`,
		passwords: Object.fromEntries(ids.map(id => [id, password])),
		homes,
		anchoringAddress,
	};
}

/** Copies a template's site to where it will run. */
export function place(template: Template, folder: string): void {
	cpSync(template.folder, folder, {recursive: true});
}

export type Synchronous = 'FULL' | 'NORMAL' | 'OFF';

export type Agent = Started & {readonly status: () => Promise<Status>};

export type AgentOptions = {
	/** @default 'FULL': `kedge run` itself */
	readonly synchronous?: Synchronous;
	readonly env?: Readonly<Record<string, string>>;
	/** False: does not wait until the agent answers. @default true */
	readonly wait?: boolean;
};

/** Starts the agent of the site in a folder. Resolves when it answers; throws what it said if it ends instead. */
export async function startAgent(folder: string, options: AgentOptions = {}): Promise<Agent> {
	const {synchronous = 'FULL', wait = true} = options;
	const config = join(folder, 'kedge.yaml');
	const words = synchronous === 'FULL' ? [kedgePath, 'run', '--config', config] : [weakAgentPath, config, synchronous];
	const started = start(process.execPath, words, options.env === undefined ? {} : {env: options.env});
	const paths = sitePaths(folder);
	const status = (): Promise<Status> => readStatus(paths);
	if (wait) {
		const isUp = await until(async () => (started.isUp() ? status().catch(() => undefined) : 'ended'), {
			clock: systemClock,
			everyMs: 15,
			timeoutMs: 60_000,
		});
		if (isUp === undefined || isUp === 'ended') {
			await started.end('SIGKILL');
			throw new Error(`the agent does not answer: ${started.said()}`);
		}
	}
	return {...started, status};
}
