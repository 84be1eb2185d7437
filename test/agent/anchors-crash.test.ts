// A log on two chains and with a time-stamp authority, ended at every place where something lasting happens: in the end all three hold one checkpoint, once.
import test from 'ava';
import type {Chain} from '../../agent/anchor/chain.ts';
import type {AnchorRow} from '../../agent/anchor/outbox.ts';
import {openTimeAuthority} from '../../agent/anchor/time-authority.ts';
import {createStamper, type StampRow} from '../../agent/anchor/timestamping.ts';
import {type Anchors, createAnchors, createSealing} from '../../agent/anchors.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {silentLogger} from '../../agent/base/logger.ts';
import {createSystemRandom} from '../../agent/base/random.ts';
import {parseCheckpoint} from '../../agent/format/checkpoint.ts';
import {checkTimestampToken} from '../../agent/format/timestamp-token.ts';
import {Crash, createSite, keyOf, live, type Site, type World} from '../anchor/world.ts';
import {type Anvil, startAnvil} from '../helpers/anvil.ts';
import {canStamp, type Issued, openTimeWorld, startTimeServer, type TimeServer, type TimeWorld} from '../helpers/time-authority.ts';

const anvils: Anvil[] = [];
let sites: Site[];
let time: TimeWorld;
let authority: Issued;
let server: TimeServer;

test.before(async () => {
	anvils.push(await startAnvil(), await startAnvil());
	sites = await Promise.all(anvils.map(createSite));
	if (!canStamp) return;
	time = await openTimeWorld();
	authority = await time.issue('stamp');
	server = await startTimeServer(query => time.reply(query, authority));
});

test.after.always(async () => {
	for (const anvil of anvils) await anvil.stop();
	await server?.stop();
	await time?.close();
});

type Log = {
	readonly worlds: readonly World[];
	readonly stamps: Map<string, string>;
	/** How many checkpoints were sealed. */
	seals: number;
	/** Starts an agent's anchoring over what is stored. `place` is called wherever something lasting happens, before it and after it. */
	readonly start: (place: () => void) => Anchors;
};

async function openLog(name: string): Promise<Log> {
	const worlds = await Promise.all(sites.map(site => site.log(name)));
	const [first] = worlds;
	const {tree, clock} = first!;
	const stamps = new Map<string, string>();
	const stampRows = (): StampRow[] => [...stamps.values()].map(text => JSON.parse(text) as StampRow);
	const log: Log = {
		worlds,
		stamps,
		seals: 0,
		start: place => {
			const noted = [...worlds.flatMap(world => world.rows()), ...stampRows()].sort((a, b) => b.size - a.size)[0]?.note;
			const sealing = createSealing({
				newest: noted === undefined ? undefined : parseCheckpoint(noted),
				sealNew: async () => {
					place();
					// As a log appends its tally.
					for (const world of worlds) world.tree.growTo(tree.size + (world.tree === tree ? 0 : 1));
					tree.growTo(tree.size + 1);
					log.seals += 1;
					place();
					return tree.checkpoint(tree.size);
				},
				mayRelease: () => true,
				size: () => tree.size,
				shareMs: 60_000,
				clock,
			});
			const newest = async () => (tree.size === 0 ? undefined : tree.checkpoint(tree.size));
			const lasting = async <T>(work: () => Promise<T> | T): Promise<T> => {
				place(); // failed and not done
				const done = await work();
				place(); // failed but done
				return done;
			};
			const arrivedAtMsOf = async (index: number) => (index < tree.size ? 1_800_000_000_000 : undefined);
			const chains = worlds.map((world, i) => ({
				name: `chain ${i}`,
				nodes: () => [],
				anchor: world.start({
					chain: (chain: Chain): Chain => ({...chain, broadcast: raw => lasting(() => chain.broadcast(raw))}),
					needs: {
						newestCheckpoint: newest,
						sealCheckpoint: sealing.seal,
						arrivedAtMsOf,
						consistencyProof: async (from, to) => tree.consistencyProof(from, to),
						clock,
						store: {
							load: async () => world.rows(),
							save: (row: AnchorRow) => lasting(() => void world.stored.set(keyOf(row), JSON.stringify(row))),
							replace: (old: AnchorRow, row: AnchorRow) =>
								lasting(() => {
									world.stored.delete(keyOf(old));
									world.stored.set(keyOf(row), JSON.stringify(row));
								}),
						},
					},
				}),
			}));
			const stampers = canStamp
				? [
						{
							name: 'tsa',
							stamper: createStamper(
								{
									store: {
										load: async () => stampRows(),
										save: row => lasting(() => void stamps.set(String(row.size), JSON.stringify(row))),
										replace: (old, row) =>
											lasting(() => {
												stamps.delete(String(old.size));
												stamps.set(String(row.size), JSON.stringify(row));
											}),
									},
									authority: openTimeAuthority({url: server.url}),
									checkToken: (token, {imprint, nonce}) =>
										checkTimestampToken(token, {
											imprints: {[imprint.algorithm]: imprint.hash},
											authorities: [{name: 'tsa', certificate: time.ca.certificate}],
											nonce,
										}),
									hasher: nodeHasher,
									random: createSystemRandom(),
									clock,
									logger: silentLogger,
								},
								{name: 'tsa', origin: tree.origin, retryFirstMs: 0, retryMaxMs: 0},
							),
						},
					]
				: [];
			return createAnchors({
				chains,
				stampers,
				needed: 2,
				sealing,
				policy: {ageMsMax: 3_600_000, entriesMax: 1, idleMsMax: 0},
				release: {release: newest},
				arrivedAtMsOf,
				clock,
			});
		},
	};
	return log;
}

/** Lets all targets come to rest, ending the agent at the n-th place. Gives false once there is no n-th place. */
async function runTo(log: Log, n: number): Promise<boolean> {
	let places = 0;
	let crashed = false;
	const place = (): void => {
		places += 1;
		if (places !== n) return;
		crashed = true;
		throw new Crash(`at place ${n}`);
	};
	const [{tree, clock}] = log.worlds as [World];
	let anchors = log.start(place);
	for (let idle = 0, turns = 0; idle < 3; turns += 1) {
		if (turns > 200)
			throw new Error(`not at rest: ${JSON.stringify((await anchors.status()).targets.map(({status}) => status.waitingFor))}`);
		try {
			let moved = false;
			for (const tick of anchors.ticks) moved = (await tick(live)) || moved;
			const {finalSize, targets} = await anchors.status();
			const isDone =
				finalSize === tree.size &&
				targets.every(({kind, status}) => (kind === 'chain' ? status.finalSize : status.stampedSize) === tree.size);
			idle = isDone && !moved ? idle + 1 : 0;
			if (!moved) {
				clock.advance(1000);
				for (const anvil of anvils) await anvil.mine(1);
			}
		} catch (error) {
			if (!(error instanceof Crash)) throw error;
			anchors = log.start(place);
		}
	}
	return crashed;
}

test('ended at any place of any target, all targets hold one checkpoint in the end, each once', async t => {
	t.timeout(240_000);
	if (!canStamp) t.log('without the authority: openssl 3 is not installed');
	let n = 1;
	for (; ; n += 1) {
		const log = await openLog(`crash ${n}`);
		const [{tree}] = log.worlds as [World];
		for (const world of log.worlds) world.tree.growTo(5);
		const crashed = await runTo(log, n);
		const sizes = log.worlds.map(world => world.rows().map(({size}) => size));
		t.is(sizes[0]!.at(-1), tree.size, `place ${n}`);
		t.is(sizes[1]!.at(-1), tree.size, `place ${n}`);
		for (const [i, world] of log.worlds.entries()) t.deepEqual(await world.judge(sizes[i]!), [], `chain ${i}, place ${n}`);
		if (canStamp) t.true(log.stamps.has(String(tree.size)), `place ${n}`);
		// A seal that nobody planned is one entry for nothing; no more than that.
		t.true(log.seals <= 2, `${log.seals} seals, place ${n}`);
		if (!crashed) break;
	}
	t.log(`${n - 1} places`);
	t.true(n > 25, `only ${n - 1} places were met`);
});
