// A market of two homes with money on a chain of its own: contracts, deposits, meters that have spoken, and an agent that can be opened and closed.
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {ExecutionContext} from 'ava';
import {connectAsync} from 'mqtt';
import {type Chain, openChain} from '../../agent/anchor/chain.ts';
import {createKeystore, signerFromKey} from '../../agent/anchor/keystore.ts';
import {deposit, mintTestTokens} from '../../agent/anchor/market-deploy.ts';
import {toPrefixedHex} from '../../agent/base/bytes.ts';
import {type Clock, systemClock} from '../../agent/base/clock.ts';
import {keccak256} from '../../agent/base/hash.ts';
import type {Logger} from '../../agent/base/logger.ts';
import {until} from '../../agent/base/retry.ts';
import {createSigner} from '../../agent/base/secp256k1.ts';
import {type Agent, openAgent} from '../../agent/main.ts';
import {type PreparedMarket, prepareMarketContract} from '../../agent/market-deploying.ts';
import type {Site} from '../../agent/site.ts';
import {createDigests, type Digests} from '../../agent/trade/typed-data.ts';
import {firstSlot, hashText} from '../trade/market-world.ts';
import {type Anvil, anvilChainId, startAnvil} from './anvil.ts';
import {anchorSite, changeConfig, createTestSite} from './site.ts';

/** A private key from a name, for the chain and for orders alike. */
export function accountOf(name: string) {
	const key = keccak256(Buffer.from(`test account ${name}`));
	const signer = createSigner(key)!;
	return {
		signer,
		privateKey: toPrefixedHex(key),
		address: toPrefixedHex(signer.address),
		chainSigner: signerFromKey(toPrefixedHex(key)),
		sign: (digest: Uint8Array) => toPrefixedHex(signer.sign(digest)),
	};
}
export type Account = ReturnType<typeof accountOf>;

export const homes = [0, 1].map(home => ({device: `home-0${home + 1}`, ...accountOf(`home ${home}`)}));

export type ChainMarket = {
	readonly anvil: Anvil;
	readonly chain: Chain;
	readonly site: Site;
	readonly folder: string;
	readonly prepared: PreparedMarket;
	readonly digests: Digests;
	readonly agent: () => Agent;
	readonly url: () => string;
	/** What the first start printed for the owner's sign-in; undefined before. */
	readonly ownerPassword: () => string | undefined;
	/** Opens the agent; one that is open is closed first. */
	readonly open: () => Promise<void>;
	readonly close: () => Promise<void>;
	/** Moves the agent's and the chain's time together, s since 1970; not back. */
	readonly moveTo: (timeS: number) => Promise<void>;
	/** What the registers of a home show at a time, s since 1970, in Wh. */
	readonly report: (home: number, timeS: number, importWh: number, exportWh: number) => Promise<void>;
	/** Waits until there is something to be seen. */
	readonly soon: <T>(what: string, look: () => Promise<T | undefined>) => Promise<T>;
	readonly get: <T>(path: string) => Promise<T>;
	readonly post: (path: string, body: unknown) => Promise<Response>;
	/** A signed order of a home, for one slot unless `fields` say otherwise. */
	readonly order: (home: number, fields: OrderChoice, by?: Pick<Account, 'sign'>) => SignedFields;
};

type Fields = {
	readonly trader: string;
	readonly market: string;
	readonly meter: string;
	readonly side: 'buy' | 'sell';
	readonly mode: 'forward';
	readonly slotFrom: number;
	readonly slotCount: number;
	readonly quantityWh: number;
	readonly limitMicroPerKwh: number;
	readonly minQuantityWh: number;
	readonly validUntil: number;
	readonly counter: number;
	readonly salt: string;
};
export type SignedFields = Fields & {readonly signature: string};
export type OrderChoice = Pick<Fields, 'side' | 'quantityWh' | 'limitMicroPerKwh'> & Partial<Fields>;

/** The market's time begins so many slots before its first one. */
const leadSlots = 20;

export async function createChainMarket(t: ExecutionContext): Promise<ChainMarket> {
	const startS = (firstSlot - leadSlots) * 900;
	const anvil = await startAnvil(['--timestamp', String(startS)]);
	t.teardown(anvil.stop);
	const begunMs = systemClock.monotonicMs();
	let aheadMs = 0;
	const passedMs = (): number => systemClock.monotonicMs() - begunMs + aheadMs;
	const clock: Clock = {
		nowMs: () => Math.floor(startS * 1000 + passedMs()),
		monotonicMs: passedMs,
		sleep: (ms, signal) => systemClock.sleep(Math.min(ms, 100), signal),
	};
	const moveTo = async (timeS: number): Promise<void> => {
		// Forward only: on a busy machine the time may have come by itself, and no block is older than the one below it.
		aheadMs += Math.max(0, timeS * 1000 - (startS * 1000 + passedMs()));
		await anvil.rpc('evm_setNextBlockTimestamp', Math.floor(timeS)).catch((error: unknown) => {
			if (!(error instanceof Error && /lower than previous block/.test(error.message))) throw error;
		});
		await anvil.mine(1);
	};

	const made = await createTestSite(t, {homes: 2});
	await changeConfig(made.site, text =>
		text
			.replaceAll('"simulated":true', '"simulated":false,"cadenceSeconds":60')
			.replaceAll(/"mappings":\["home-meter"\]/g, '"mappings":["registers"]')
			.replace(
				'mappings:\n',
				`mappings:\n  registers: {topic: "meters/{device}/registers", format: json, time: {pointer: /at, format: unix-ms}, readings: [{pointer: /import, quantity: energy-import, unit: Wh}, {pointer: /export, quantity: energy-export, unit: Wh}]}\n`,
			),
	);
	let site = await anchorSite(t, made, anvil, anvil.url, ['--challenge-time', '60']);
	site = await changeConfig(site, text => text.replace('anchor:\n', 'anchor:\n  everyMinutes: 0.02\n'));

	const logger: Logger = {
		log: (level, event, fields) => (level === 'error' || level === 'warn' ? t.log(level, event, JSON.stringify(fields)) : undefined),
	};
	let agent: Agent | undefined;
	let ownerPassword: string | undefined;
	const close = async (): Promise<void> => {
		await agent?.[Symbol.asyncDispose]();
		agent = undefined;
	};
	t.teardown(close);
	const open = async (): Promise<void> => {
		await close();
		agent = await openAgent({
			site,
			logger,
			world: {clock},
			onFirstOwner: password => {
				ownerPassword = password;
			},
		});
	};
	const report = async (home: number, timeS: number, importWh: number, exportWh: number): Promise<void> => {
		const {device} = homes[home]!;
		const client = await connectAsync(made.url, {clientId: device, username: device, password: made.password, reconnectPeriod: 0});
		const text = JSON.stringify({at: timeS * 1000, import: importWh, export: exportWh});
		await client.publishAsync(`meters/${device}/registers`, text, {qos: 1});
		await client.endAsync();
	};

	// The registers must have spoken before anybody can register them.
	await open();
	for (const home of homes.keys()) await report(home, startS, 1000, 500);
	await close();

	const keystore = await createKeystore('operator', {scryptN: 1024});
	await writeFile(join(made.folder, 'market-key.json'), keystore.json);
	await writeFile(join(made.folder, 'market-key.password'), 'operator\n');
	await anvil.rpc('anvil_setBalance', keystore.address, '0x56bc75e2d63100000');
	const meters = JSON.stringify(homes.map(({device, address}) => ({device, owner: address})));
	site = await changeConfig(
		site,
		text =>
			`${text}\nmarket:\n  name: street\n  mode: forward\n  gateBeforeMinutes: 5\n  readingHours: 1\n  feedInMicroPerKwh: 80000\n  retailMicroPerKwh: 300000\n  gridFeeMicroPerKwh: 40000\n  meters: ${meters}\napi: {port: 0}\n`,
	);
	const prepared = await prepareMarketContract(
		site,
		{token: undefined, dso: undefined, firstSlot, challengeWindowS: 7200, answerWindowS: 3600, bond: 1_000_000n},
		systemClock,
	);
	t.deepEqual(prepared.unregistered, []);
	site = await changeConfig(site, text =>
		text.replace(
			'market:\n',
			`market:\n  contract: "${prepared.contract}"\n  firstSlot: ${firstSlot}\n  gridAccount: "${prepared.grid}"\n  retailerAccount: "${prepared.retailer}"\n  poolAccount: "${prepared.pool}"\n`,
		),
	);
	const chain = openChain({url: anvil.url, chainId: anvilChainId});
	t.teardown(() => chain[Symbol.asyncDispose]());
	for (const {address, chainSigner} of homes) {
		await anvil.rpc('anvil_setBalance', address, '0x56bc75e2d63100000');
		const needs = {chain, clock: systemClock, signer: chainSigner};
		await mintTestTokens(needs, prepared.token, address, 5_000_000n);
		await deposit(needs, prepared.contract, prepared.token, 5_000_000n);
	}
	const digests = createDigests({chainId: anvilChainId, verifyingContract: prepared.contract});
	const url = (): string => `http://127.0.0.1:${agent!.apiPort}/v1`;
	let salts = 0;
	return {
		anvil,
		chain,
		site,
		folder: made.folder,
		prepared,
		digests,
		agent: () => agent!,
		url,
		ownerPassword: () => ownerPassword,
		open,
		close,
		moveTo,
		report,
		soon: async (what, look) => {
			const found = await until(look, {clock: systemClock, everyMs: 100, timeoutMs: 30_000});
			if (found === undefined) t.log(JSON.stringify({status: await agent?.status(), now: clock.nowMs()}, null, 1));
			t.truthy(found, what);
			return found!;
		},
		get: async <T>(path: string): Promise<T> => (await (await fetch(`${url()}${path}`)).json()) as T,
		post: (path, body) =>
			fetch(`${url()}${path}`, {method: 'POST', headers: {'content-type': 'application/json'}, body: JSON.stringify(body)}),
		order: (home, choice, by: Pick<Account, 'sign'> = homes[home]!) => {
			salts += 1;
			const fields: Fields = {
				market: hashText('street'),
				meter: hashText(`urn:kedge:device:${homes[home]!.device}`),
				trader: homes[home]!.address,
				mode: 'forward',
				slotFrom: firstSlot,
				slotCount: 1,
				minQuantityWh: 0,
				validUntil: (firstSlot + 1000) * 900,
				counter: 0,
				salt: hashText(`salt ${salts}`),
				...choice,
			};
			return {...fields, signature: by.sign(digests.order({...fields, salt: BigInt(fields.salt)}))};
		},
	};
}
