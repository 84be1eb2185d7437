// Makes the ledgers of a site again, in a process of its own so that its memory can be told: `ledgers-fold FOLDER PATH all|none`. Prints one line of JSON.

import {createFollowers, openAccountsAside} from '../../agent/accounts.ts';
import {systemClock} from '../../agent/base/clock.ts';
import {sitePaths} from '../../agent/site.ts';

const [folder = '', path = '', which = 'all'] = process.argv.slice(2);
const startedMs = systemClock.monotonicMs();
const before = process.cpuUsage();
const following = await openAccountsAside({log: sitePaths(folder).log, ledgers: path}, which === 'all' ? createFollowers() : []);
await following.catchUp();
const tookMs = systemClock.monotonicMs() - startedMs;
const {user, system} = process.cpuUsage(before);
const {digest} = await following.digest();
const size = following.size();
await following[Symbol.asyncDispose]();
process.stdout.write(
	`${JSON.stringify({size, tookMs, processorMs: (user + system) / 1000, peakBytes: process.resourceUsage().maxRSS * 1024, digest})}\n`,
);
