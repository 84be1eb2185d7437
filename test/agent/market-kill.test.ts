// An agent with a market is killed under load, again and again: what it acknowledged is there afterwards, once, under the same number and the same signature.
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'ava';
import {createKeystore} from '../../agent/anchor/keystore.ts';
import {systemClock} from '../../agent/base/clock.ts';
import {until} from '../../agent/base/retry.ts';
import {createDigests} from '../../agent/trade/typed-data.ts';
import {freePort} from '../helpers/ports.ts';
import {changeConfig, createTestSite, startAgent} from '../helpers/site.ts';
import {hashText, keyOf} from '../trade/market-world.ts';

const homes = Array.from({length: 20}, (_, home) => ({
	device: `home-${String(home + 1).padStart(2, '0')}`,
	key: keyOf(`killed home ${home}`),
}));
const rounds = 5;
const acknowledgedPerRound = 15;
const digests = createDigests({chainId: 31_337, verifyingContract: `0x${'00'.repeat(20)}`});

type Acknowledged = {readonly hash: string; readonly sequence: number; readonly acknowledgement: {readonly signature: string}};

test('nothing that a market acknowledged is lost or doubled by SIGKILL', async t => {
	const made = await createTestSite(t, {homes: homes.length});
	const {json} = await createKeystore('operator', {scryptN: 1024});
	await writeFile(join(made.folder, 'market-key.json'), json);
	await writeFile(join(made.folder, 'market-key.password'), 'operator\n');
	const port = await freePort();
	const site = await changeConfig(made.site, text => {
		const meters = JSON.stringify(homes.map(({device, key}) => ({device, owner: key.address})));
		const market = `market: {name: street, mode: forward, gateBeforeMinutes: 5, feedInMicroPerKwh: 80000, retailMicroPerKwh: 300000, gridFeeMicroPerKwh: 40000, chainId: 31337, meters: ${meters}}`;
		return `${text.replaceAll('"simulated":true', '"simulated":true,"cadenceSeconds":3600')}\n${market}\napi: {port: ${port}}\n`;
	});
	// Far enough away that no gate closes meanwhile, and within a day.
	const firstSlot = Math.floor(systemClock.nowMs() / 900_000) + 4;
	const orders = Array.from({length: 80 * homes.length}, (_, at) => {
		const {device, key} = homes[at % homes.length]!;
		const plain = {
			market: hashText('street'),
			meter: hashText(`urn:kedge:device:${device}`),
			trader: key.address,
			side: 'sell' as const,
			mode: 'forward' as const,
			slotFrom: firstSlot + Math.floor(at / homes.length),
			slotCount: 1,
			quantityWh: 1 + (at % 5000),
			limitMicroPerKwh: 100_000,
			minQuantityWh: 0,
			validUntil: (firstSlot + 200) * 900,
			counter: 0,
			salt: hashText(`salt ${at}`),
		};
		return JSON.stringify({...plain, signature: key.sign(digests.order({...plain, salt: BigInt(plain.salt)}))});
	});
	const acknowledged = new Map<number, Acknowledged>();
	const send = async (at: number): Promise<number> => {
		const answer = await fetch(`http://127.0.0.1:${port}/v1/orders?receipt=link`, {
			method: 'POST',
			headers: {'content-type': 'application/json'},
			body: orders[at]!,
		});
		const body = (await answer.json()) as Acknowledged;
		if (answer.status !== 200 && answer.status !== 201) throw new Error(JSON.stringify(body));
		const known = acknowledged.get(at);
		if (known === undefined) acknowledged.set(at, body);
		else
			t.deepEqual(
				[body.hash, body.sequence, body.acknowledgement.signature],
				[known.hash, known.sequence, known.acknowledgement.signature],
			);
		return answer.status;
	};
	let next = 0;
	for (let round = 0; round < rounds; round += 1) {
		const agent = await startAgent(t, site);
		let isKilled = false;
		const clients = Array.from({length: 8}, async () => {
			while (!isKilled && next < orders.length) {
				const at = next;
				next += 1;
				// An answer that never came is no acknowledgement.
				await send(at).catch(() => {});
			}
		});
		// In the middle of it, wherever that is; but not before anything was acknowledged, however slow this machine is.
		const before = acknowledged.size;
		await systemClock.sleep(150 + 130 * round);
		await until(async () => (acknowledged.size >= before + acknowledgedPerRound ? true : undefined), {
			clock: systemClock,
			everyMs: 5,
			timeoutMs: 15_000,
		});
		// What is on its way is lost with the agent; nothing more is sent to one that is no longer there.
		isKilled = true;
		await agent.end('SIGKILL');
		await Promise.all(clients);
	}
	await startAgent(t, site);
	t.true(acknowledged.size > 50, `${acknowledged.size} orders were acknowledged`);
	for (const at of [...acknowledged.keys()]) t.is(await send(at), 200, `order ${at} is there`);
	const sequences = [...acknowledged.values()].map(({sequence}) => sequence);
	t.is(new Set(sequences).size, sequences.length);
	t.log(`${acknowledged.size} acknowledged of ${next} sent, over ${rounds} kills`);
});
