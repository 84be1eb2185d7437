// A market with money: from registers over MQTT and signed orders over HTTP to slots and days on a chain, and a payout that its owner claims there.
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {connectAsync} from 'mqtt';
import {openChain} from '../../agent/anchor/chain.ts';
import {transact} from '../../agent/anchor/deploy.ts';
import {createKeystore, signerFromKey} from '../../agent/anchor/keystore.ts';
import {deposit, mintTestTokens} from '../../agent/anchor/market-deploy.ts';
import {toPrefixedHex} from '../../agent/base/bytes.ts';
import {type Clock, systemClock} from '../../agent/base/clock.ts';
import {keccak256} from '../../agent/base/hash.ts';
import type {Logger} from '../../agent/base/logger.ts';
import {until} from '../../agent/base/retry.ts';
import {createSigner} from '../../agent/base/secp256k1.ts';
import {type Agent, openAgent} from '../../agent/main.ts';
import {prepareMarketContract} from '../../agent/market-deploying.ts';
import type {Site} from '../../agent/site.ts';
import {createDigests} from '../../agent/trade/typed-data.ts';
import {signIn} from '../../agent/trading.ts';
import {type Anvil, anvilChainId, startAnvil} from '../helpers/anvil.ts';
import {anchorSite, changeConfig, createTestSite, type TestSite} from '../helpers/site.ts';
import {firstSlot, hashText} from '../trade/market-world.ts';

/** A private key from a name, for the chain and for orders alike. */
function accountOf(name: string) {
	const key = keccak256(Buffer.from(`test account ${name}`));
	const signer = createSigner(key)!;
	return {
		signer,
		address: toPrefixedHex(signer.address),
		chainSigner: signerFromKey(toPrefixedHex(key)),
		sign: (digest: Uint8Array) => toPrefixedHex(signer.sign(digest)),
	};
}

const homes = [0, 1].map(home => ({device: `home-0${home + 1}`, ...accountOf(`home ${home}`)}));

/** The agent's and the chain's time, moved together. */
type Time = {readonly clock: Clock; readonly moveTo: (timeS: number) => Promise<void>};

async function startTime(anvil: Anvil, startS: number): Promise<Time> {
	const begunMs = systemClock.monotonicMs();
	let aheadMs = 0;
	const passedMs = (): number => systemClock.monotonicMs() - begunMs + aheadMs;
	return {
		clock: {
			nowMs: () => Math.floor(startS * 1000 + passedMs()),
			monotonicMs: passedMs,
			sleep: (ms, signal) => systemClock.sleep(Math.min(ms, 100), signal),
		},
		moveTo: async timeS => {
			aheadMs += timeS * 1000 - (startS * 1000 + passedMs());
			await anvil.rpc('evm_setNextBlockTimestamp', Math.floor(timeS));
			await anvil.mine(1);
		},
	};
}

async function report(made: TestSite, device: string, timeS: number, importWh: number, exportWh: number): Promise<void> {
	const client = await connectAsync(made.url, {clientId: device, username: device, password: made.password, reconnectPeriod: 0});
	const topic = `meters/${device}/registers`;
	await client.publishAsync(topic, JSON.stringify({at: timeS * 1000, import: importWh, export: exportWh}), {qos: 1});
	await client.endAsync();
}

async function openWithMeters(t: ExecutionContext, site: Site, clock: Clock): Promise<Agent> {
	const logger: Logger = {
		log: (level, event, fields) => (level === 'error' || level === 'warn' ? t.log(level, event, JSON.stringify(fields)) : undefined),
	};
	const agent = await openAgent({site, logger, world: {clock}});
	t.teardown(() => agent[Symbol.asyncDispose]());
	return agent;
}

test('a day of a market is settled on a chain, and a seller claims what it brought him', async t => {
	const startS = (firstSlot - 20) * 900;
	const anvil = await startAnvil(['--timestamp', String(startS)]);
	t.teardown(anvil.stop);
	const time = await startTime(anvil, startS);
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

	// The registers must have spoken before anybody can register them.
	const first = await openWithMeters(t, site, time.clock);
	for (const {device} of homes) await report(made, device, startS, 1000, 500);
	await first[Symbol.asyncDispose]();

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

	await time.moveTo((firstSlot - 2) * 900);
	const agent = await openWithMeters(t, site, time.clock);
	const url = `http://127.0.0.1:${agent.apiPort}/v1`;
	const digests = createDigests({chainId: anvilChainId, verifyingContract: prepared.contract});
	const get = async <T>(path: string): Promise<T> => (await (await fetch(`${url}${path}`)).json()) as T;
	const soon = async <T>(what: string, look: () => Promise<T | undefined>): Promise<T> => {
		const found = await until(look, {clock: systemClock, everyMs: 100, timeoutMs: 30_000});
		if (found === undefined) t.log(JSON.stringify({status: await agent.status(), now: time.clock.nowMs()}, null, 1));
		t.truthy(found, what);
		return found!;
	};
	const submit = async (home: number, side: 'buy' | 'sell', quantityWh: number, limitMicroPerKwh: number): Promise<Response> => {
		const {device, address, sign} = homes[home]!;
		const plain = {
			market: hashText('street'),
			meter: hashText(`urn:kedge:device:${device}`),
			trader: address,
			side,
			mode: 'forward' as const,
			slotFrom: firstSlot,
			slotCount: 1,
			quantityWh,
			limitMicroPerKwh,
			minQuantityWh: 0,
			validUntil: firstSlot * 900,
			counter: 0,
			salt: hashText(`${home} ${side} ${quantityWh}`),
		};
		const signature = sign(digests.order({...plain, salt: BigInt(plain.salt)}));
		return fetch(`${url}/orders?receipt=link`, {
			method: 'POST',
			headers: {'content-type': 'application/json'},
			body: JSON.stringify({...plain, signature}),
		});
	};
	// The margin is known once the chain was asked: 5 units of 1,000,000 are 5,000,000,000 nano.
	const bought = await soon('the deposit counts', async () => {
		const answer = await submit(1, 'buy', 400, 260_000);
		return answer.status === 201 ? answer : undefined;
	});
	t.is(bought.status, 201);
	t.is((await submit(0, 'sell', 1000, 100_000)).status, 201);

	await time.moveTo(firstSlot * 900 - 290);
	const market = hashText('street');
	await soon('the slot is posted', async () =>
		(await get<{phase: string}>(`/slots/${market}/${firstSlot}`)).phase === 'posted' ? true : undefined,
	);

	// Registers at the slot's boundaries, and at the end of the day: 700 Wh out of the first home, 400 Wh into the second.
	for (const [slot, out, into] of [
		[firstSlot, 500, 1000],
		[firstSlot + 1, 1200, 1400],
		[firstSlot + 96, 1200, 1400],
	] as const) {
		await time.moveTo(slot * 900 + 30);
		for (const offset of [-10, 20]) {
			await report(made, 'home-01', slot * 900 + offset, 1000, out);
			await report(made, 'home-02', slot * 900 + offset, into, 500);
		}
	}
	const dayEndS = (firstSlot + 96) * 900;
	await time.moveTo(dayEndS + 3700);
	await soon('the day is posted', async () =>
		(await get<{phase: string}>(`/slots/${market}/${firstSlot}`)).phase === 'posted' ? (await agent.status()).market?.newestDay : undefined,
	);
	await soon('the day stands on the chain', async () => {
		const {items} = await get<{items: {phase: string}[]}>(`/markets/${market}/slots?from=${firstSlot + 5}&to=${firstSlot + 6}`);
		return items[0]?.phase === 'posted' ? true : undefined;
	});
	await time.moveTo(dayEndS + 3700 + 7300);
	await soon('the day is final', async () =>
		(await get<{phase: string}>(`/slots/${market}/${firstSlot}`)).phase === 'final' ? true : undefined,
	);

	// c = 400 at 100,000, and 300 more at the feed-in of 80,000.
	const owed = 400n * 100_000n + 300n * 80_000n;
	const seller = homes[0]!;
	const before = await balanceOf(anvil, prepared.token, seller.address);
	const claim = await claimOf(url, seller);
	t.is(claim.cumNano, `${owed}`);
	await transact(
		{chain, clock: systemClock, signer: seller.chainSigner},
		{to: claim.to, data: claim.calldata, value: 0n},
		async () => (await balanceOf(anvil, prepared.token, seller.address)) > before,
		'claiming',
	);
	t.is((await balanceOf(anvil, prepared.token, seller.address)) - before, owed / 1000n);
});

async function balanceOf(anvil: Anvil, token: string, account: string): Promise<bigint> {
	return BigInt(await anvil.rpc<string>('eth_call', {to: token, data: `0x70a08231${account.slice(2).padStart(64, '0')}`}, 'latest'));
}

type Claim = {readonly cumNano: string; readonly to: string; readonly calldata: string};

/** Signs in as a wallet does, and asks what can be claimed. */
async function claimOf(url: string, account: ReturnType<typeof accountOf>): Promise<Claim> {
	const token = await signIn(new URL(url).origin, account.signer);
	const answer = await fetch(`${url}/accounts/${account.address}/claims`, {headers: {authorization: `Bearer ${token}`}});
	const {items} = (await answer.json()) as {items: Claim[]};
	return items[0]!;
}
