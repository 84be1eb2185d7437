// The agent with a front door that a script plays, so that two runs make the same system calls: `scripted-agent FOLDER SHAPE SEED first|again`.
// It says what it hears: `sent I`, `done I`, `head SIZE ROOT`, `end`. Again: everything is sent once more, as devices do that have no PUBACK.

import {join} from 'node:path';
import {createLineLogger} from '../../agent/base/logger.ts';
import {arrivalFlags} from '../../agent/format/arrival.ts';
import {openAgent} from '../../agent/main.ts';
import {openSite} from '../../agent/site.ts';
import {type BrokerNeeds, openBroker} from '../../broker/broker.ts';
import {type Shape, scriptOf} from './script.ts';

const [folder = '', shape = '', seed = '', life = ''] = process.argv.slice(2);
/** A pipe is written at once: what was said is said, whatever comes. */
const say = (line: string): boolean => process.stdout.write(`${line}\n`);

let door: BrokerNeeds | undefined;
const agent = await openAgent({
	site: await openSite(join(folder, 'kedge.yaml')),
	logger: createLineLogger(line => process.stderr.write(line), 'warn'),
	openBroker: (needs, options) => {
		door = needs;
		return openBroker(needs, {...options, port: 0});
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
await agent[Symbol.asyncDispose]();
say('end');
