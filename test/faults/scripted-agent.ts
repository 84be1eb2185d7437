// The agent with a front door that a script plays, so that two runs make the same system calls: `scripted-agent FOLDER SHAPE SEED first|again`.
// It says what it hears: `sent I`, `done I`, `head SIZE ROOT`, `anchored SIZE`, `end`. Again: everything is sent once more, as devices do that have no PUBACK.
// With a chain in its config it then anchors what it has, and waits until that is final.

import {unlinkSync} from 'node:fs';
import {join} from 'node:path';
import {systemClock} from '../../agent/base/clock.ts';
import {createLineLogger} from '../../agent/base/logger.ts';
import {arrivalFlags} from '../../agent/format/arrival.ts';
import {openAgent} from '../../agent/main.ts';
import {openSite} from '../../agent/site.ts';
import {requestAnchor} from '../../agent/state.ts';
import {type BrokerNeeds, openBroker} from '../../broker/broker.ts';
import {type Shape, scriptOf} from './script.ts';

const [folder = '', shape = '', seed = '', life = ''] = process.argv.slice(2);
/** A pipe is written at once: what was said is said, whatever comes. */
const say = (line: string): boolean => process.stdout.write(`${line}\n`);

let door: BrokerNeeds | undefined;
const site = await openSite(join(folder, 'kedge.yaml'));
const agent = await openAgent({
	site,
	logger: createLineLogger(line => process.stderr.write(line), 'warn'),
	world: {
		openBroker: (needs, options) => {
			door = needs;
			return openBroker(needs, {...options, port: 0});
		},
	},
});
// As `kedge run` ends.
agent.failed.addEventListener('abort', () => process.exit(4), {once: true});

let index = 0;
for (const group of scriptOf(shape as Shape, seed)) {
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

/** Asks the node directly for what only a local chain does. */
async function mineAt(rpcUrl: string): Promise<void> {
	const body = JSON.stringify({jsonrpc: '2.0', id: 1, method: 'anvil_mine', params: ['0x1']});
	await fetch(rpcUrl, {method: 'POST', headers: {'content-type': 'application/json'}, body});
}

/** Leaves a mark among the system calls: this file is never there. */
function markPlace(): void {
	try {
		unlinkSync(`${site.paths.log}-journal`);
	} catch {
		// As it should be.
	}
}

if (site.config.anchor !== undefined) {
	markPlace();
	const {size} = await agent.status();
	await requestAnchor(site.paths);
	for (;;) {
		const {anchor} = await agent.status();
		if (anchor !== undefined && anchor.finalSize >= size) break;
		// Blocks come by, as they do.
		await mineAt(site.config.anchor.rpcUrl);
		await systemClock.sleep(200);
	}
	say(`anchored ${size}`);
	markPlace();
}
await agent[Symbol.asyncDispose]();
say('end');
