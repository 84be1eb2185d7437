// Everything that the agent meets outside of itself, in one place, so that a simulation can put a world of its own around the same agent.

import {stat, statfs} from 'node:fs/promises';
import {schedule} from 'node-cron';
import {openBroker} from '../broker/broker.ts';
import type {JoinedChain} from './anchor/nodes.ts';
import {type AnchoringKey, type NodesOptions, openAnchoringKey} from './anchoring.ts';
import {openStatusServer} from './api/status-server.ts';
import {type Clock, systemClock} from './base/clock.ts';
import {type ClockState, readClockState} from './base/clock-state.ts';
import {createSystemRandom, type Random} from './base/random.ts';
import {openDatabase, takeProcessLock} from './base/sqlite.ts';
import type {MqttClientNeeds, MqttClientOptions, MqttDoor} from './ingest/mqtt-client.ts';
import {createBallast} from './log/ballast.ts';
import {createHeadFile} from './log/head-file.ts';
import type {Signer} from './log/log.ts';
import {openLogKey, type Site, type SitePaths} from './site.ts';

export type World = {
	readonly clock: Clock;
	/** False in a play whose time runs faster than its machine can follow: what it is late with would look like silence of the devices. */
	readonly tellsSilence: boolean;
	/** What the machine knows of its own clock. */
	readonly readClockState: () => Promise<ClockState>;
	readonly random: Random;
	readonly openDatabase: typeof openDatabase;
	readonly takeProcessLock: typeof takeProcessLock;
	readonly createHeadFile: typeof createHeadFile;
	readonly createBallast: typeof createBallast;
	/** Bytes that this user may still write on the file system of a directory. */
	readonly freeBytes: (directory: string) => Promise<number>;
	/** Length of a file; 0 if there is none. */
	readonly fileBytes: (path: string) => Promise<number>;
	readonly openLogKey: (paths: SitePaths) => Promise<Signer>;
	readonly openAnchoringKey: (site: Site) => Promise<AnchoringKey>;
	readonly openBroker: typeof openBroker;
	readonly openMqttClient: (needs: MqttClientNeeds, options: MqttClientOptions) => Promise<MqttDoor>;
	readonly openChain: (options: NodesOptions) => Promise<JoinedChain>;
	readonly openStatusServer: typeof openStatusServer;
	/** Calls at midnight UTC by the calendar; gives what ends that. */
	readonly atMidnight: (call: () => Promise<void>) => () => Promise<void>;
};

/** The world outside of tests. */
export function realWorld(): World {
	return {
		clock: systemClock,
		tellsSilence: true,
		readClockState: () => readClockState(),
		random: createSystemRandom(),
		openDatabase,
		takeProcessLock,
		createHeadFile,
		createBallast,
		freeBytes: async directory => {
			// bavail, not bfree: ext4 keeps a part for root.
			const {bavail, bsize} = await statfs(directory);
			return bavail * bsize;
		},
		fileBytes: path =>
			stat(path).then(
				({size}) => size,
				() => 0,
			),
		openLogKey,
		openAnchoringKey,
		openBroker,
		// Both are loaded only where they are used: MQTT.js costs 18 MB, ethers 22 MB.
		openMqttClient: async (needs, options) => (await import('./ingest/mqtt-client.ts')).openMqttClient(needs, options),
		openChain: async options => (await import('./anchor/nodes.ts')).openChains({...options, clock: systemClock}),
		openStatusServer,
		atMidnight: call => {
			const task = schedule('0 0 * * *', call, {noOverlap: true, timezone: 'UTC', name: 'midnight'});
			// Handled here, a missed midnight is not worth a line of the library's own on standard error.
			task.on('execution:missed', () => {});
			return async () => void (await task.destroy());
		},
	};
}
