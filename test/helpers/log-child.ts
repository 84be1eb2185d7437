// A process of its own that fills a log until it is killed, and says what was acknowledged: `log-child PATH SEED`.
import {systemClock} from '../../agent/base/clock.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {silentLogger} from '../../agent/base/logger.ts';
import {createSystemRandom} from '../../agent/base/random.ts';
import {openLog} from '../../agent/log/log.ts';
import {draftOf, enrolMeter, signer, startMs} from './log-world.ts';

const [path, seed] = process.argv.slice(2);
const log = await openLog({
	path: path!,
	hasher: nodeHasher,
	random: createSystemRandom(),
	clock: systemClock,
	logger: silentLogger,
	signer,
});
const channels = ['a', 'b', 'c'].map(device => log.channel(`urn:kedge:device:${device}:energy-import`) ?? enrolMeter(log, device));
await log.settled();
process.stdout.write('open\n');

// Packs of 1 to 40 readings, a few in flight; each has a value that no other run and no other pack has.
let next = 0;
const put = (): void => {
	const i = next++;
	const name = `${seed}:${i}`;
	const channel = channels[i % 3]!;
	const drafts = Array.from({length: 1 + (i % 40)}, (_, j) => draftOf(channel, {value: BigInt(i), measuredAtMs: startMs + i * 100 + j}));
	log.append({record: Buffer.from(name), arrivedAtMs: startMs, drafts}, failure => {
		if (failure !== undefined) throw failure;
		process.stdout.write(`${name}\n`);
		put();
	});
};
// With seed 0 it only sits there and holds the lock.
if (seed === '0') setInterval(() => {}, 60_000);
else for (let i = 0; i < 30; i += 1) put();
