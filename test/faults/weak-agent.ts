// The agent with less durability than it has: `weak-agent CONFIG NORMAL|OFF`. Control runs need it, to show that the harness sees what is lost.

import {createLineLogger} from '../../agent/base/logger.ts';
import {openAgent} from '../../agent/main.ts';
import {openSite} from '../../agent/site.ts';

const [config = '', synchronous = ''] = process.argv.slice(2);
if (synchronous !== 'FULL' && synchronous !== 'NORMAL' && synchronous !== 'OFF') throw new Error(`no such durability: ${synchronous}`);
const agent = await openAgent({
	site: await openSite(config),
	logger: createLineLogger(line => process.stderr.write(line), 'info'),
	synchronous,
});
agent.failed.addEventListener('abort', () => process.exit(4), {once: true});
process.once('SIGTERM', () => {
	void agent[Symbol.asyncDispose]().then(() => process.exit(0));
});
