// The market's HTTP door in a process of its own, in front of a desk in memory that looks at no signature: what the door alone can do.
import {openApiServer} from '../../agent/api/server.ts';
import {systemClock} from '../../agent/base/clock.ts';
import {silentLogger} from '../../agent/base/logger.ts';
import {createSystemRandom} from '../../agent/base/random.ts';
import {createMemoryDesk} from '../api/world.ts';

const plenty = 1e9;
const server = await openApiServer(
	{
		desks: [createMemoryDesk({unsigned: true, tells: false})],
		clock: systemClock,
		random: createSystemRandom(),
		logger: silentLogger,
		tokens: [],
		recoverMessageSigner: () => undefined,
	},
	{
		host: '127.0.0.1',
		port: 0,
		limits: {requestsPerSecond: plenty, requestsBurst: plenty, writesPerSecond: plenty, writesBurst: plenty},
	},
);
process.send!({port: server.port});
process.on('message', () => {
	const {user, system} = process.cpuUsage();
	process.send!({cpuS: (user + system) / 1e6, residentBytes: process.memoryUsage.rss()});
});
process.on('disconnect', () => process.exit(0));
