// Statements whose answer is lost: who stated something is told that it may stand, and not that nobody was there.
import {createServer} from 'node:net';
import {join} from 'node:path';
import test from 'ava';
import {stateAtSite} from '../../agent/stating.ts';
import {temporaryFolder} from '../helpers/log-world.ts';

const wish = {says: 'site', urn: 'urn:kedge:site:plant', body: {}} as const;

test('an agent that dies before it answers may have done what it was asked, and that is said', async t => {
	const socket = join(temporaryFolder(t), 'agent.sock');
	const nobody = await t.throwsAsync(stateAtSite({socket}, wish), {code: 'AGENT_UNREACHABLE'});
	t.regex(nobody?.message ?? '', /^no agent answers at /);
	const server = createServer(connection => {
		connection.on('error', () => {});
		connection.once('data', () => connection.destroy());
	});
	await new Promise<void>(resolve => void server.listen(socket, resolve));
	t.teardown(() => void server.close());
	const broken = await t.throwsAsync(stateAtSite({socket}, wish), {code: 'AGENT_UNREACHABLE'});
	t.regex(broken?.message ?? '', /broke off before it answered: what it was asked to do may be done/);
});
