// Lets a script play an agent's front door, so that two lives of it make the same system calls; with a chain in its config it then anchors what it has.

import {unlinkSync} from 'node:fs';
import {join} from 'node:path';
import {type Clock, systemClock} from '../../agent/base/clock.ts';
import {createLineLogger} from '../../agent/base/logger.ts';
import {arrivalFlags} from '../../agent/format/arrival.ts';
import {openAgent} from '../../agent/main.ts';
import {openSite} from '../../agent/site.ts';
import {requestAnchor} from '../../agent/state.ts';
import {type BrokerNeeds, openBroker} from '../../broker/broker.ts';
import {type Shape, scriptOf} from './script.ts';

export type Play = {
	readonly folder: string;
	readonly shape: Shape;
	readonly seed: string;
	/** Again: everything is sent once more, as devices do that have no PUBACK. */
	readonly life: 'first' | 'again';
	/** Hears `sent I`, `done I`, `head SIZE ROOT`, `anchored SIZE`, `end`. */
	readonly say: (line: string) => void;
	/** Hears the agent's log, from warnings up. */
	readonly warn: (line: string) => void;
	/** The agent no longer knows its state; `kedge run` then ends with 4. */
	readonly onFailed: () => void;
};

/** An anchor's time is waiting for the next second: here they are short. Timeouts of the chain are not. */
const hurry = 20;
const hurriedClock: Clock = {
	nowMs: systemClock.nowMs,
	monotonicMs: () => systemClock.monotonicMs() * hurry,
	sleep: (durationMs, signal) => systemClock.sleep(durationMs / hurry, signal),
};

/** Blocks come by this often while an anchor waits to become final. */
const blockEveryMs = 30;

/** One life of the agent, from opening to closing. */
export async function play({folder, shape, seed, life, say, warn, onFailed}: Play): Promise<void> {
	let door: BrokerNeeds | undefined;
	const site = await openSite(join(folder, 'kedge.yaml'));
	const agent = await openAgent({
		site,
		logger: createLineLogger(warn, 'warn'),
		world: {
			openBroker: (needs, options) => {
				door = needs;
				return openBroker(needs, {...options, port: 0});
			},
			...(site.config.anchor === undefined ? {} : {clock: hurriedClock}),
		},
	});
	agent.failed.addEventListener('abort', onFailed, {once: true});
	if (agent.failed.aborted) onFailed();

	let index = 0;
	for (const group of scriptOf(shape, seed)) {
		await Promise.all(
			group.map(({topic, payload, deviceId}) => {
				const i = index++;
				say(`sent ${i}`);
				return new Promise<void>(resolve => {
					door!.accept(
						{
							topic,
							payload: Buffer.from(payload),
							flags: 1 | (life === 'again' ? arrivalFlags.dup : 0),
							identity: deviceId,
							clientId: deviceId,
							packetId: (i % 65_535) + 1,
						},
						outcome => {
							if (outcome === 'failed') return;
							say(`done ${i}`);
							resolve();
						},
					);
				});
			}),
		);
		const head = (await agent.status()).newestCheckpoint;
		if (head !== undefined) say(`head ${head.size} ${head.root}`);
	}

	/** Leaves a mark among the system calls: this file is never there. */
	const markPlace = (): void => {
		try {
			unlinkSync(`${site.paths.log}-journal`);
		} catch {
			// As it should be.
		}
	};

	if (site.config.anchor !== undefined) {
		markPlace();
		const {size} = await agent.status();
		await requestAnchor(site.paths);
		for (;;) {
			const {anchor} = await agent.status();
			if (anchor !== undefined && anchor.finalSize >= size) break;
			await mineAt(site.config.anchor.chains[0].rpcUrls[0]!);
			await systemClock.sleep(blockEveryMs);
		}
		say(`anchored ${size}`);
		markPlace();
	}
	await agent[Symbol.asyncDispose]();
	say('end');
}

/** Asks the node directly for what only a local chain does. */
async function mineAt(rpcUrl: string): Promise<void> {
	const body = JSON.stringify({jsonrpc: '2.0', id: 1, method: 'anvil_mine', params: ['0x1']});
	await fetch(rpcUrl, {method: 'POST', headers: {'content-type': 'application/json'}, body});
}
