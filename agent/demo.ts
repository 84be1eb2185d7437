// The demo: a local chain, an agent and a street of simulated devices as three processes, watched, proven and judged from a fourth.

import {mkdir, readFile, rename, writeFile} from 'node:fs/promises';
import {join, resolve} from 'node:path';
import {type Verdict as Judgement, judge} from '../sim/judge.ts';
import type {SimStats} from '../sim/run.ts';
import {openChain} from './anchor/chain.ts';
import {deployRegistry, fundAccount, openLogAt} from './anchor/deploy.ts';
import {openKeystore, signerFromKey} from './anchor/keystore.ts';
import {openChainReader} from './anchoring.ts';
import {toHex} from './base/bytes.ts';
import type {Clock} from './base/clock.ts';
import {createClosing} from './base/closing.ts';
import {verifyDeviceSignature} from './base/device-signature.ts';
import {verifyEd25519} from './base/ed25519.ts';
import {AgentError, describeError} from './base/errors.ts';
import {nodeHasher} from './base/hash-node.ts';
import type {Random} from './base/random.ts';
import {until} from './base/retry.ts';
import {decimalText} from './format/decimal.ts';
import {decodeEntry, entryLength, kinds} from './format/entry.ts';
import {quantityOfCode} from './format/quantity.ts';
import {formatTrust, type Trust} from './format/trust.ts';
import {anvilPath, type Child, freePort, playMoneyKey, startChild} from './local-chain.ts';
import {openSiteReader, type SiteReader} from './reading.ts';
import {type Passwords, readPasswords, simulatedDeviceIds, simulatedDevicesYaml} from './simulation.ts';
import {makePassword, makeSite, openSite, readSecret, type Site, type SitePaths, siteFile, trustOf} from './site.ts';
import {firstChainOf, readStatus, requestAnchor, type Status} from './state.ts';
import {makeFirstOwner} from './users.ts';
import {createVerifier, type Verifier} from './verify/verifier.ts';

const logName = 'demo';
const chainIdFirst = 31_337;
const anchorMinutes = 0.1;
const challengeTimeS = 300;
/** The devices speak every 2 to 5 s; a busy machine shall not make them look silent. */
const cadenceSeconds = 15;
const receiptEveryMs = 3000;
const lookEveryMs = 500;
const receiptsAtEnd = 100;
/** Entries read at a look to show the newest values. */
const tailMax = 600;

export type DemoOptions = {
	readonly directory: string;
	/** The compiled command line, to start agent and simulator with. */
	readonly kedgePath: string;
	readonly clock: Clock;
	readonly random: Random;
	/** Told what happens, as sentences. */
	readonly onEvent: (sentence: string) => void;
	/** Messages against the ordinary rate. @default 1 */
	readonly rate?: number;
	readonly signal: AbortSignal;
};

export type ShownReceipt = {
	readonly index: number;
	readonly what: string;
	readonly strength: string;
	readonly good: boolean;
	readonly bytes: number;
	readonly tookMs: number;
};
export type DemoPages = {
	readonly url: string /** Of the user `owner`; undefined where somebody has changed who may sign in. */;
	readonly password: string | undefined;
};
export type ShownAnchor = {readonly size: number; readonly state: string; readonly blockNumber: number | undefined};

export type DemoState = {
	readonly startedAtMs: number;
	/** Where the agent shows itself in a browser, and how to get in. */
	readonly pages: DemoPages;
	readonly sim: SimStats | undefined;
	readonly status: Status | undefined;
	/** Newest value of each channel, as text with its unit, by channel URN without its prefix: `home-01:active-power`. */
	readonly values: ReadonlyMap<string, string>;
	readonly anchors: readonly ShownAnchor[];
	readonly receiptsVerified: number;
	readonly receiptsBad: number;
	readonly newestReceipt: ShownReceipt | undefined;
};

export type DemoResult = {
	readonly sent: number;
	readonly acknowledged: number;
	readonly entries: number;
	readonly refused: Readonly<Record<string, number>>;
	readonly repeats: number;
	readonly anchorsFinal: number;
	readonly receiptsVerified: number;
	/** Histories of channels over this run that were issued at the end. */
	readonly historiesVerified: number;
	readonly judge: Pick<Judgement, 'missing' | 'twice' | 'unanchored' | 'unexpected' | 'unnoted'> & {
		readonly badReceipts: number;
		/** Histories that were not good, not final, or not complete up to the last tally. */
		readonly badHistories: number;
	};
	readonly examples: readonly string[];
};

export type Demo = {
	readonly state: () => DemoState;
	/** Ends the simulator, anchors what is left, judges, and ends the rest. */
	readonly finish: (onStep: (sentence: string) => void) => Promise<DemoResult>;
	readonly [Symbol.asyncDispose]: () => Promise<void>;
};

/** What the demo remembers of its chain between two starts. */
type Saved = {readonly chainId: number; readonly anchored: boolean};

export async function openDemo(options: DemoOptions): Promise<Demo> {
	const {clock, onEvent} = options;
	const directory = resolve(options.directory);
	await mkdir(directory, {recursive: true, mode: 0o700});
	const closing = createClosing();
	try {
		const chain = await startChain(directory, options);
		closing.defer(chain.stop);
		const apiPort = await freePort();
		const site = await prepareSite(directory, chain, apiPort, options);
		const pages = {url: `http://127.0.0.1:${apiPort}/`, password: await ownerPassword(site.paths, options)};
		const passwordsPath = join(directory, 'sim-passwords.json');

		let sim: SimStats | undefined;
		let status: Status | undefined;
		let finishing = false;
		const agent = startAgent(directory, options, () => finishing);
		closing.defer(agent.stop);
		await agentUp(site, clock, options.signal);
		const simulator = startChild(
			'simulator',
			process.execPath,
			[
				options.kedgePath,
				'sim',
				'--config',
				join(directory, 'kedge.yaml'),
				'--passwords',
				passwordsPath,
				'--account',
				join(directory, 'account.jsonl'),
				'--rate',
				String(options.rate ?? 1),
				'--faults',
				'demo',
				'--json',
			],
			join(directory, 'sim.log'),
			line => {
				sim = JSON.parse(line) as SimStats;
			},
		);
		closing.defer(simulator.stop);
		simulator.ended.then(code => {
			if (!finishing) onEvent(`the simulator ended by itself with code ${code}; see sim.log`);
		});

		const reader = await openSiteReader(site.paths, site.config.log.anchorsNeeded);
		closing.use(reader);
		const chainReader = closing.use(openChainReader([chain.url]));
		const trust = trustOf(await readFile(site.paths.trust), site.paths.trust);
		const verifier = createVerifier({hasher: nodeHasher, verifySignature: verifyEd25519, verifyDeviceSignature, chain: chainReader});
		const watch = createWatch(reader, verifier, trust, options);
		const looking = new AbortController();
		const looks = (async () => {
			let receiptAtMs = clock.monotonicMs() + receiptEveryMs;
			while (!looking.signal.aborted) {
				status = await readStatus(site.paths).catch(() => undefined);
				if (status !== undefined && status.releasedSize > 0) {
					await watch.look(status.size).catch(error => onEvent(describeError(error)));
					if (clock.monotonicMs() >= receiptAtMs && !finishing) {
						receiptAtMs = clock.monotonicMs() + receiptEveryMs;
						await watch.prove(status.releasedSize, status.anchor?.minedSize ?? 0).catch(error => onEvent(describeError(error)));
					}
				}
				await clock.sleep(lookEveryMs, looking.signal);
			}
		})();
		closing.defer(async () => {
			looking.abort();
			await looks;
		});

		const startedAtMs = clock.nowMs();
		return {
			state: () => ({startedAtMs, pages, sim, status, ...watch.state()}),
			finish: async onStep => {
				finishing = true;
				onStep('stopping the devices');
				await simulator.stop();
				onStep('anchoring what is left');
				const last = await anchorRest(site, clock);
				onStep('stopping the agent');
				await agent.stop();
				onStep('judging: is everything that was acknowledged in the log, once, and anchored?');
				const verdict = await judge({logPath: site.paths.log, accountPath: join(directory, 'account.jsonl')});
				onStep(`issuing and verifying ${receiptsAtEnd} receipts`);
				const size = (await reader.released())?.size ?? 0;
				for (let i = 0; i < receiptsAtEnd && size > 0; i += 1) await watch.prove(size, size);
				onStep('issuing and verifying a history of every channel');
				const histories = await proveHistories(reader, verifier, trust, startedAtMs, clock.nowMs());
				const counters = await reader.counters();
				const {receiptsVerified, receiptsBad} = watch.state();
				return {
					sent: sim?.sent ?? 0,
					acknowledged: sim?.acknowledged ?? 0,
					entries: size,
					refused: Object.fromEntries(
						[...counters].filter(([name]) => name.startsWith('refused:')).map(([name, count]) => [name.slice(8), count]),
					),
					repeats: counters.get('repeats') ?? 0,
					anchorsFinal: firstChainOf(last)?.rows.final ?? 0,
					receiptsVerified,
					historiesVerified: histories.verified,
					judge: {
						missing: verdict.missing,
						twice: verdict.twice,
						unanchored: verdict.unanchored,
						unexpected: verdict.unexpected,
						unnoted: verdict.unnoted,
						badReceipts: receiptsBad,
						badHistories: histories.bad,
					},
					examples: verdict.examples,
				};
			},
			[Symbol.asyncDispose]: () => {
				finishing = true;
				return closing.close();
			},
		};
	} catch (error) {
		await closing.close().catch(() => {});
		throw error;
	}
}

/** Issues and verifies a history of each device's channel: once all is anchored, each must be complete up to the tally of the last anchor. */
async function proveHistories(
	reader: SiteReader,
	verifier: Verifier,
	trust: Trust,
	fromMs: number,
	toMs: number,
): Promise<{readonly verified: number; readonly bad: number}> {
	let [verified, bad] = [0, 0];
	for (const channel of await reader.channels()) {
		if (!channel.urn.startsWith('urn:kedge:device:')) continue;
		let text: string;
		try {
			text = await reader.issuer.history(channel, fromMs, toMs);
		} catch (error) {
			// The channel had no reading in this run.
			if (error instanceof AgentError && error.code === 'ENTRY_UNKNOWN') continue;
			throw error;
		}
		const verdict = await verifier.verify(Buffer.from(text), trust);
		verified += 1;
		if (verdict.strength !== 'final' || verdict.facts.history?.completeness?.state !== 'complete') bad += 1;
	}
	return {verified, bad};
}

/** The agent may be killed under the demo's hands, which is worth trying: it is started again and goes on with its log. */
function startAgent(directory: string, options: DemoOptions, isFinishing: () => boolean): Child {
	const start = (): Child =>
		startChild(
			'agent',
			process.execPath,
			[options.kedgePath, 'run', '--config', join(directory, 'kedge.yaml')],
			join(directory, 'agent.log'),
		);
	let current = start();
	const watch = async (): Promise<number> => {
		for (;;) {
			const code = await current.ended;
			if (isFinishing()) return code;
			options.onEvent(`the agent ended with code ${code}; starting it again`);
			await options.clock.sleep(1000);
			if (isFinishing()) return code;
			current = start();
		}
	};
	const ended = watch();
	ended.catch(() => {});
	return {ended, stop: () => current.stop()};
}

async function agentUp(site: Site, clock: Clock, signal: AbortSignal): Promise<void> {
	const up = await until(() => readStatus(site.paths).catch(() => undefined), {clock, everyMs: 100, timeoutMs: 30_000, signal});
	if (up === undefined && !signal.aborted)
		throw new AgentError('AGENT_UNREACHABLE', 'the agent did not come up within 30 s', {
			hint: `See ${join(site.paths.directory, 'agent.log')}`,
		});
}

type LocalChain = {
	readonly url: string;
	readonly chainId: number;
	readonly stop: () => Promise<void>;
	readonly saved: Saved;
	readonly save: (saved: Saved) => Promise<void>;
};

/**
 * Starts anvil with the state of the last run. If that state is gone (it was killed, or deleted) although something was anchored, the chain begins anew under the next
 * chain id: the anchors of the old chain are lost with it, and nothing must look as if it were still the same chain.
 */
async function startChain(directory: string, options: DemoOptions): Promise<LocalChain> {
	const savedPath = join(directory, 'chain.json');
	let saved = await readFile(savedPath, 'utf8').then(
		text => JSON.parse(text) as Saved,
		(): Saved => ({chainId: chainIdFirst, anchored: false}),
	);
	const save = async (next: Saved): Promise<void> => {
		await writeFile(`${savedPath}.new`, JSON.stringify(next));
		await rename(`${savedPath}.new`, savedPath);
	};
	for (let attempt = 0; ; attempt += 1) {
		const port = await freePort();
		const url = `http://127.0.0.1:${port}`;
		const state = join(directory, `chain-${saved.chainId}.json`);
		const child = startChild(
			'chain',
			anvilPath(),
			[
				'--host',
				'127.0.0.1',
				'--port',
				String(port),
				'--chain-id',
				String(saved.chainId),
				'--block-time',
				'1',
				'--slots-in-an-epoch',
				'1',
				'--state',
				state,
				'--state-interval',
				'5',
				'--silent',
			],
			join(directory, 'chain.log'),
			undefined,
			false,
		);
		// anvil knows nothing of us: when we are gone without having ended it, it must not stay.
		const end = (): void => void child.stop();
		process.once('exit', end);
		const chain = openChain({url, chainId: saved.chainId});
		try {
			const up = await until(() => chain.chainId().catch(() => undefined), {
				clock: options.clock,
				everyMs: 100,
				timeoutMs: 20_000,
				signal: options.signal,
			});
			if (up === undefined)
				throw new AgentError('CHAIN_UNREACHABLE', 'the local chain did not come up within 20 s', {
					hint: `See ${join(directory, 'chain.log')}`,
				});
			const isKnown = !saved.anchored || (await chain.hasCode(await registryAddress(chain, options.clock)));
			if (isKnown || attempt > 0) return {url, chainId: saved.chainId, saved, save, stop: child.stop};
		} finally {
			await chain[Symbol.asyncDispose]();
		}
		await child.stop();
		saved = {chainId: saved.chainId + 1, anchored: false};
		await save(saved);
		options.onEvent(`the local chain lost its state; anchoring begins again on chain ${saved.chainId}`);
	}
}

/** The registry of the play-money account if it has one, else the zero address, which never has code. */
async function registryAddress(chain: ReturnType<typeof openChain>, clock: Clock): Promise<string> {
	const signer = signerFromKey(playMoneyKey);
	if ((await chain.nonce(signer.address)) === 0) return `0x${'0'.repeat(40)}`;
	return (await deployRegistry({chain, clock, signer}, {challengeTimeS})).registry;
}

/** Makes the demo's site at the first start, and writes its config anew at each: ports and chain change, keys and log stay. */
async function prepareSite(directory: string, local: LocalChain, apiPort: number, options: DemoOptions): Promise<Site> {
	const {clock, random, signal} = options;
	const configPath = join(directory, 'kedge.yaml');
	const passwords = await demoPasswords(join(directory, 'sim-passwords.json'), random);
	const chain = openChain({url: local.url, chainId: local.chainId});
	try {
		const payer = signerFromKey(playMoneyKey);
		const {registry, deployed} = await deployRegistry({chain, clock, signer: payer, signal}, {challengeTimeS});
		const config = demoConfig({
			port: await freePort(),
			apiPort,
			rpcUrl: local.url,
			chainId: local.chainId,
			registry,
			hashes: passwords.hashes,
		});
		const isNew = await readFile(configPath).then(
			() => false,
			() => true,
		);
		if (isNew) await makeSite({directory, logName, random, configFor: () => config});
		else await writeFile(configPath, config, {mode: 0o600});
		const site = await openSite(configPath);
		const {keystore, keystorePasswordFile} = site.config.anchor!;
		const signer = await openKeystore(
			await readFile(siteFile(site, keystore), 'utf8'),
			await readSecret(siteFile(site, keystorePasswordFile)),
		);
		// For weeks, with an anchor every six seconds: nobody shall be told that it runs out.
		await fundAccount({chain, clock, signer: payer, signal}, {to: signer.address, minWei: 5n * 10n ** 19n, amountWei: 10n ** 20n});
		const {opened} = await openLogAt({chain, clock, signer, signal}, {registry, origin: `${logName}/1`});
		await local.save({...local.saved, anchored: true});
		const trust = trustOf(await readFile(site.paths.trust), site.paths.trust);
		const registries = [
			...trust.registries.filter(known => known.chainId !== local.chainId),
			{chainId: local.chainId, registry, opener: signer.address},
		];
		await writeFile(site.paths.trust, formatTrust({...trust, registries}));
		if (deployed || opened) options.onEvent(`registry ${registry} is on chain ${local.chainId}, and log ${logName}/1 is open there`);
		return site;
	} finally {
		await chain[Symbol.asyncDispose]();
	}
}

async function demoPasswords(path: string, random: Random): Promise<{readonly hashes: Passwords}> {
	const hashesPath = `${path.slice(0, -'.json'.length)}.hashes.json`;
	const known = await readPasswords(path).catch(() => undefined);
	if (known === undefined) {
		const passwords: Record<string, string> = {};
		const hashes: Record<string, string> = {};
		for (const id of simulatedDeviceIds()) {
			const made = await makePassword(random);
			passwords[id] = made.password;
			hashes[id] = made.hash;
		}
		await writeFile(hashesPath, JSON.stringify(hashes), {mode: 0o600});
		await writeFile(path, JSON.stringify(passwords), {mode: 0o600});
	}
	return {hashes: await readPasswords(hashesPath)};
}

/** Whoever looks at the pages: made at the first start, with a password that stays readable, for this is play. */
async function ownerPassword(paths: SitePaths, {random, clock}: DemoOptions): Promise<string | undefined> {
	const path = join(paths.directory, 'owner-password');
	const made = await makeFirstOwner(paths, {random, clock});
	if (made !== undefined) await writeFile(path, `${made}\n`, {mode: 0o600});
	return (
		made ??
		readFile(path, 'utf8').then(
			text => text.trim(),
			() => undefined,
		)
	);
}

function demoConfig(parts: {
	readonly port: number;
	readonly apiPort: number;
	readonly rpcUrl: string;
	readonly chainId: number;
	readonly registry: string;
	readonly hashes: Passwords;
}): string {
	return `# Written by the demo at each start.
log: {name: ${logName}}
broker: {host: 127.0.0.1, port: ${parts.port}}
api: {port: ${parts.apiPort}}
anchor:
  rpcUrl: ${parts.rpcUrl}
  chainId: ${parts.chainId}
  registry: "${parts.registry}"
  everyMinutes: ${anchorMinutes}
${simulatedDevicesYaml(parts.hashes, undefined, cadenceSeconds)}`;
}

/** Asks for anchors until the newest checkpoint is final, or nothing moves any more. */
async function anchorRest(site: Site, clock: Clock): Promise<Status | undefined> {
	let last: Status | undefined;
	let wantedAtMs = Number.NEGATIVE_INFINITY;
	await until(
		async () => {
			if (clock.monotonicMs() - wantedAtMs > 2000) {
				wantedAtMs = clock.monotonicMs();
				await requestAnchor(site.paths).catch(() => {});
			}
			last = await readStatus(site.paths).catch(() => last);
			return last !== undefined && (last.anchor?.finalSize ?? 0) >= last.size ? true : undefined;
		},
		{clock, everyMs: 200, timeoutMs: 60_000},
	);
	return last;
}

/** Looks at the log from outside: newest values, newest anchors, and a receipt now and then. */
function createWatch(
	reader: SiteReader,
	verifier: Verifier,
	trust: Trust,
	options: DemoOptions,
): {
	look: (size: number) => Promise<void>;
	prove: (size: number, preferBelow: number) => Promise<void>;
	state: () => Pick<DemoState, 'values' | 'anchors' | 'receiptsVerified' | 'receiptsBad' | 'newestReceipt'>;
} {
	const {clock, random} = options;
	const values = new Map<string, string>();
	const names = new Map<string, string>();
	let seen = 0;
	let anchors: readonly ShownAnchor[] = [];
	let anchorsFrom = '';
	let receiptsVerified = 0;
	let receiptsBad = 0;
	let newestReceipt: ShownReceipt | undefined;

	const nameOf = async (subject: Uint8Array): Promise<string> => {
		const key = toHex(subject);
		if (!names.has(key))
			for (const channel of await reader.channels()) names.set(toHex(channel.subject), channel.urn.replace(/^urn:kedge:device:/, ''));
		return names.get(key) ?? '?';
	};

	return {
		look: async size => {
			const begin = Math.max(seen, size - tailMax);
			const packed = begin < size ? await reader.entries(begin, size) : new Uint8Array(0);
			for (let at = 0; at < packed.length; at += entryLength) {
				const entry = decodeEntry(packed.subarray(at, at + entryLength));
				if (entry.kind !== kinds.reading) continue;
				const unit = quantityOfCode(entry.quantity)?.unit ?? '';
				values.set(await nameOf(entry.subject), `${decimalText(entry.value, entry.exponent)} ${unit}`);
			}
			seen = size;
			const rows = await reader.documentsFrom('anchor', anchorsFrom, 200);
			anchors = rows.map(({body}) => {
				const row = JSON.parse(body) as {size: number; state: string; mined?: {blockNumber: number}};
				return {size: row.size, state: row.state, blockNumber: row.mined?.blockNumber};
			});
			// Final rows never change: only the newest few are read again.
			anchorsFrom = rows.at(-8)?.key ?? anchorsFrom;
		},
		prove: async (size, preferBelow) => {
			const below = preferBelow > 0 ? preferBelow : size;
			const index = new DataView(random.bytes(4).buffer).getUint32(0) % below;
			const startedMs = clock.monotonicMs();
			const text = await reader.issuer.receipt(index, {withArrival: true});
			const bytes = Buffer.from(text);
			const verdict = await verifier.verify(bytes, trust);
			if (verdict.good) receiptsVerified += 1;
			else receiptsBad += 1;
			const entry = decodeEntry(await reader.entry(index));
			newestReceipt = {
				index,
				what: entry.kind === kinds.reading ? await nameOf(entry.subject) : 'a note of the agent',
				strength: verdict.strength,
				good: verdict.good,
				bytes: bytes.length,
				tookMs: clock.monotonicMs() - startedMs,
			};
		},
		state: () => ({values, anchors, receiptsVerified, receiptsBad, newestReceipt}),
	};
}
