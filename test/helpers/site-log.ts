// Opens the log of a site as its agent does, without the agent around it.

import {systemClock} from '../../agent/base/clock.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {silentLogger} from '../../agent/base/logger.ts';
import {createSystemRandom} from '../../agent/base/random.ts';
import {type Log, openLog} from '../../agent/log/log.ts';
import {openLogKey, type SitePaths} from '../../agent/site.ts';

export async function openSiteLog(paths: SitePaths): Promise<Log> {
	return openLog({
		path: paths.log,
		hasher: nodeHasher,
		random: createSystemRandom(),
		clock: systemClock,
		logger: silentLogger,
		signer: await openLogKey(paths),
	});
}
