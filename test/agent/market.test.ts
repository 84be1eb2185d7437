// A market of a real agent: orders over HTTP and MQTT, meters over MQTT, a slot that clears and rows that anybody can ask for.
import {createHash} from 'node:crypto';
import {readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {connectAsync, type MqttClient} from 'mqtt';
import {createKeystore} from '../../agent/anchor/keystore.ts';
import {toPrefixedHex} from '../../agent/base/bytes.ts';
import {createScaledClock, systemClock} from '../../agent/base/clock.ts';
import {verifyEd25519} from '../../agent/base/ed25519.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {silentLogger} from '../../agent/base/logger.ts';
import {until} from '../../agent/base/retry.ts';
import {checkEvidenceFile} from '../../agent/evidence.ts';
import {type Agent, openAgent} from '../../agent/main.ts';
import {openSite, type Site, trustOf} from '../../agent/site.ts';
import {parseSignature, signerOf} from '../../agent/trade/typed-data.ts';
import {createVerifier} from '../../agent/verify/verifier.ts';
// Every answer is held to the published description.
import {conformingFetch as fetch} from '../api/conform.ts';
import {createHurryingClock} from '../helpers/hurrying-clock.ts';
import {changeConfig, createTestSite, type TestSite} from '../helpers/site.ts';
import {digests, firstSlot, hashText, keyOf} from '../trade/market-world.ts';

const homes = [0, 1].map(home => ({device: `home-0${home + 1}`, key: keyOf(`market home ${home}`)}));

async function createMarketSite(t: ExecutionContext): Promise<{readonly made: TestSite; readonly site: Site}> {
	const made = await createTestSite(t, {homes: 2});
	const {json} = await createKeystore('operator password', {scryptN: 1024});
	await writeFile(join(made.folder, 'market-key.json'), json);
	await writeFile(join(made.folder, 'market-key.password'), 'operator password\n');
	const site = await changeConfig(made.site, text =>
		`${text.replaceAll('"simulated":true', '"simulated":false,"cadenceSeconds":60')}
market:
  name: street
  mode: forward
  feedInMicroPerKwh: 80000
  retailMicroPerKwh: 300000
  gridFeeMicroPerKwh: 40000
  gateBeforeMinutes: 5
  chainId: 31337
  meters: ${JSON.stringify(homes.map(({device, key}) => ({device, owner: key.address})))}
api: {port: 0, tokens: [{name: audit, role: auditor, sha256: ${createHash('sha256').update('a-token-that-only-the-auditor-of-this-test-has').digest('hex')}}]}
`.replace(/\{"passwordHash/g, '{"passwordHash'),
	);
	return {made, site};
}

async function startMarket(t: ExecutionContext): Promise<{
	readonly agent: Agent;
	readonly url: string;
	readonly site: Site;
	readonly made: TestSite;
	readonly hurry: () => void;
}> {
	const {made, site} = await createMarketSite(t);
	const clock = createHurryingClock((firstSlot - 2) * 900_000);
	const agent = await openAgent({site, logger: silentLogger, world: {clock}});
	t.teardown(() => agent[Symbol.asyncDispose]());
	return {agent, url: `http://127.0.0.1:${agent.apiPort}/v1`, site, made, hurry: () => clock.hurry(600)};
}

function order(home: number, fields: Record<string, unknown> = {}): Record<string, unknown> {
	const {device, key} = homes[home]!;
	const plain = {
		market: hashText('street'),
		meter: hashText(`urn:kedge:device:${device}`),
		trader: key.address,
		side: 'sell' as const,
		mode: 'forward' as const,
		slotFrom: firstSlot,
		slotCount: 1,
		quantityWh: 1000,
		limitMicroPerKwh: 100_000,
		minQuantityWh: 0,
		validUntil: (firstSlot + 96) * 900,
		counter: 0,
		salt: hashText(`salt ${home} ${JSON.stringify(fields)}`),
		...fields,
	};
	return {...plain, signature: key.sign(digests.order({...plain, salt: BigInt(plain.salt)}))};
}

const post = (url: string, body: unknown): Promise<Response> =>
	fetch(url, {method: 'POST', headers: {'content-type': 'application/json'}, body: JSON.stringify(body)});

test('an order over HTTP is answered with its entry, a receipt that verifies and a signature of the operator', async t => {
	const {url, site} = await startMarket(t);
	const view = (await (await fetch(`${url}/markets`)).json()) as {items?: {operator: string}[]};
	const operator = (view.items ?? (view as unknown as {operator: string}[]))[0]!.operator;
	const first = await post(`${url}/orders`, order(0));
	const body = (await first.json()) as {
		hash: string;
		index: number;
		receipt: string;
		acknowledgement: {orderHash: string; market: string; slot: number; sequence: number; receivedAt: number; signature: string};
	};
	t.is(first.status, 201, JSON.stringify(body));
	const {signature, ...acknowledged} = body.acknowledgement;
	t.is(signerOf(digests.acknowledgement(acknowledged), parseSignature(signature)!), operator);
	const trust = trustOf(await readFile(site.paths.trust), site.paths.trust);
	const verdict = await createVerifier({hasher: nodeHasher, verifySignature: verifyEd25519}).verify(Buffer.from(body.receipt), trust);
	t.true(verdict.good, JSON.stringify(verdict.checks));
	t.is(verdict.facts.entry?.kind, 'order');
	t.is(verdict.facts.channel, 'urn:kedge:market:street');
	t.true(verdict.facts.bodyText?.includes(body.hash));
	const again = await post(`${url}/orders`, order(0));
	t.is(again.status, 200);
	t.is(((await again.json()) as {hash: string}).hash, body.hash);
	for (const signature of [
		'0x1234',
		homes[1]!.key.sign(
			digests.order({...(order(0) as unknown as Parameters<typeof digests.order>[0]), salt: BigInt(order(0).salt as string)}),
		),
	]) {
		const forged = await post(`${url}/orders`, {...order(0), signature});
		t.is(forged.status, 401);
		const text = await forged.text();
		t.is((JSON.parse(text) as {code: string}).code, 'bad-signature');
		t.false(text.includes('acknowledgement') || text.includes(order(0).signature as string), 'a stranger is shown nothing');
	}
	const late = await post(`${url}/orders`, order(1, {slotFrom: firstSlot - 2}));
	t.is(late.status, 409);
	t.is(((await late.json()) as {code: string}).code, 'gate-closed');
	const refused: readonly (readonly [order: Record<string, unknown>, code: string, detail: RegExp])[] = [
		[
			order(1, {validUntil: (firstSlot - 3) * 900}),
			'gate-closed',
			/^the order expired at .*; for slot \d+ it must be valid until the gate at /,
		],
		[order(1, {validUntil: firstSlot * 900 - 301}), 'gate-closed', /^the order expires at /],
		[order(1, {meter: hashText('nowhere')}), 'not-your-meter', /^this market has no such meter: 0x/],
		[order(1, {meter: order(0).meter}), 'not-your-meter', /does not answer for meter/],
		[{...order(1), quantityWh: 999}, 'bad-signature', /or the order was changed after signing$/],
	];
	for (const [one, code, detail] of refused) {
		const problem = (await (await post(`${url}/orders`, one)).json()) as {code: string; detail: string};
		t.is(problem.code, code);
		t.regex(problem.detail, detail);
	}
});

test('nobody who looks into the log sees an order before its gate, nor ever by a receipt', async t => {
	const {url, agent} = await startMarket(t);
	const {index, hash} = (await (await post(`${url}/orders`, order(0))).json()) as {index: number; hash: string};
	const auditor = {headers: {authorization: 'Bearer a-token-that-only-the-auditor-of-this-test-has'}};
	for (const path of ['', '/path', '/receipt']) {
		const answer = await fetch(`${url}/log/entries/${index}${path}`, auditor);
		const text = await answer.text();
		t.is((JSON.parse(text) as {code: string}).code, 'not-yet', path);
		t.true(Number(answer.headers.get('retry-after')) > 0);
		t.false(text.includes(hash));
	}
	// The market's own enrolment holds a secret.
	for (let at = 0; at < index; at += 1) {
		const {kind} = (await (await fetch(`${url}/log/entries/${at}`, auditor)).json()) as {kind: string};
		const answer = await fetch(`${url}/log/entries/${at}/receipt`, auditor);
		t.is(answer.status === 200, kind !== 'enrolment' && kind !== 'order', `${kind} ${answer.status}`);
		t.false((await answer.text()).includes('secret":') && kind === 'enrolment');
	}
	t.truthy(agent.apiPort);
});

test('a site with a market starts again with its orders', async t => {
	const {agent, url, site} = await startMarket(t);
	const {hash} = (await (await post(`${url}/orders?receipt=link`, order(0))).json()) as {hash: string};
	await agent[Symbol.asyncDispose]();
	const again = await openAgent({
		site: await openSite(site.configPath),
		logger: silentLogger,
		world: {clock: createScaledClock({startMs: (firstSlot - 2) * 900_000 + 60_000, speed: 1})},
	});
	t.teardown(() => again[Symbol.asyncDispose]());
	const answer = await post(`http://127.0.0.1:${again.apiPort}/v1/orders?receipt=link`, order(0));
	t.is(answer.status, 200, 'it is known');
	t.is(((await answer.json()) as {hash: string}).hash, hash);
});

test('a slot clears at its gate, and everybody sees its price and nobody the orders before', async t => {
	const {url, hurry} = await startMarket(t);
	t.is((await post(`${url}/orders?receipt=link`, order(0))).status, 201);
	t.is((await post(`${url}/orders?receipt=link`, order(1, {side: 'buy', limitMicroPerKwh: 260_000, quantityWh: 400}))).status, 201);
	hurry();
	const market = hashText('street');
	const cleared = await until(
		async () => {
			const answer = await fetch(`${url}/slots/${market}/${firstSlot}/clearing`);
			return answer.status === 200
				? ((await answer.json()) as {volumeWh: number; priceBuyMicroPerKwh: number; statement: string})
				: undefined;
		},
		{clock: systemClock, everyMs: 50, timeoutMs: 20_000},
	);
	t.is(cleared?.volumeWh, 400);
	// The seller's own limit: he has more than is wanted.
	t.is(cleared?.priceBuyMicroPerKwh, 100_000);
	const book = (await (await fetch(`${url}/slots/${market}/${firstSlot}/book`)).json()) as {bids: unknown[]; asks: unknown[]};
	t.is(book.bids.length, 1);
	t.is(book.asks.length, 1);
	const auditor = {headers: {authorization: 'Bearer a-token-that-only-the-auditor-of-this-test-has'}};
	const {hash: seller} = ((await (await fetch(`${url}/orders`, auditor)).json()) as {items: {hash: string}[]}).items[0]!;
	// From the newest on as well, page by page.
	type Orders = {readonly items: readonly {readonly sequence: number}[]; readonly next?: string};
	const page = async (cursor = ''): Promise<Orders> =>
		(await (await fetch(`${url}/orders?sort=newest&limit=1${cursor}`, auditor)).json()) as Orders;
	const newest = await page();
	const oldest = await page(`&cursor=${newest.next}`);
	t.true(newest.items[0]!.sequence > oldest.items[0]!.sequence);
	t.is(oldest.next, undefined);
	const account = homes[0]!.key.address;
	const range = `from=${firstSlot}&to=${firstSlot + 96}`;
	for (const path of [
		'markets/street',
		`markets/street/slots?${range}`,
		`slots/street/${firstSlot}`,
		`orders/${seller}`,
		`orders/${seller}/receipt`,
		`fills?slot=${firstSlot}`,
		`fills/${seller}/proof`,
		`settlements?${range}`,
		`meters/${hashText(`urn:kedge:device:${homes[0]!.device}`)}/readings/${firstSlot}`,
		`accounts/${account}`,
		`accounts/${account}/balance`,
		`accounts/${account}/claims`,
		'disputes',
		`exports/sharing-keys?${range}&kind=pro-rata&format=csv`,
		`exports/price-event?${range}`,
		'time',
		'healthz',
	])
		t.is((await fetch(`${url}/${path}`, auditor)).status, 200, path);
	const bill = await fetch(`${url}/exports/bill?${range}&format=json&account=${account}`, auditor);
	t.is(((await bill.json()) as {code: string}).code, 'not-yet');
	t.true(Number(bill.headers.get('retry-after')) >= 900);
	const evidence = Buffer.from(
		await (
			await fetch(`${url}/slots/${market}/${firstSlot}/evidence`, {
				headers: {authorization: 'Bearer a-token-that-only-the-auditor-of-this-test-has'},
			})
		).arrayBuffer(),
	);
	const found = await checkEvidenceFile({name: 'evidence.json', bytes: evidence}, [], undefined);
	t.true(found.good, JSON.stringify(found.checks, null, 1));
	t.is(found.checks.find(({name}) => name === 'clearing')?.state, 'pass');
});

test('an order over MQTT is answered on a topic of its sender, and no neighbour can listen to it', async t => {
	const {made, agent, hurry} = await startMarket(t);
	const slotFrom = firstSlot;
	const connect = async (device: string): Promise<MqttClient> => {
		const client = await connectAsync(made.url, {
			clientId: device,
			username: device.split(':')[0]!,
			password: made.password,
			reconnectPeriod: 0,
		});
		t.teardown(() => client.endAsync(true));
		return client;
	};
	const [seller, neighbour] = [await connect('home-01'), await connect('home-02')];
	const heard: string[] = [];
	neighbour.on('message', (topic, payload) => heard.push(`${topic} ${payload.toString()}`));
	for (const topic of ['p2p/street/orders', 'p2p/street/acknowledged/home-01'])
		await t.throwsAsync(neighbour.subscribeAsync(topic, {qos: 1}), undefined, topic);
	await neighbour.subscribeAsync(['p2p/street/+/cleared', 'p2p/street/acknowledged/home-02'], {qos: 1});
	await seller.subscribeAsync('p2p/street/acknowledged/home-01', {qos: 1});
	const replies: Record<string, unknown>[] = [];
	seller.on('message', (_topic, payload) => replies.push(JSON.parse(payload.toString()) as Record<string, unknown>));
	await seller.publishAsync('p2p/street/orders', JSON.stringify(order(0, {slotFrom})), {qos: 1});
	await seller.publishAsync('p2p/street/orders', JSON.stringify(order(0, {slotFrom, quantityWh: 999_999})), {qos: 1});
	await seller.publishAsync('p2p/street/orders', 'no order at all', {qos: 1});
	await neighbour.publishAsync('p2p/street/orders', JSON.stringify(order(1, {slotFrom, side: 'buy', limitMicroPerKwh: 260_000})), {qos: 1});
	const isThere = await until(async () => (replies.length === 3 ? true : undefined), {clock: systemClock, everyMs: 20, timeoutMs: 10_000});
	t.true(isThere, JSON.stringify(replies));
	t.true(replies[0]!.isNew);
	t.is((replies[1]!.problem as {code: string}).code, 'capacity-exceeded');
	t.is((replies[2]!.problem as {code: string}).code, 'malformed');
	const {counters} = await agent.status();
	t.is(counters['refused:order-capacity-exceeded'], 1);
	t.is(counters['refused:order-malformed'], 1);
	// What was ordered by MQTT is taken back by MQTT, and so are delegations given and taken.
	const extra = order(0, {slotFrom: firstSlot + 40});
	const hash = toPrefixedHex(digests.order({...(extra as Parameters<typeof digests.order>[0]), salt: BigInt(extra.salt as string)}));
	const {key} = homes[0]!;
	const delegation = {
		owner: key.address,
		agent: homes[1]!.key.address,
		market: hashText('street'),
		meter: extra.meter as string,
		maxWhPerSlot: 100,
		minSellMicroPerKwh: 0,
		maxBuyMicroPerKwh: 0,
		notBefore: 0,
		notAfter: 2_000_000_000,
	};
	const delegated = digests.delegation({...delegation, nonce: 1n});
	const id = toPrefixedHex(delegated);
	for (const message of [
		extra,
		{hashes: [hash], signature: key.sign(digests.cancellation({hashes: [hash]}))},
		{delegation: {...delegation, nonce: '1'}, signature: key.sign(delegated)},
		{revokes: id, signature: key.sign(digests.revocation({delegation: id}))},
		{hashes: ['0x'], signature: '0x00'},
	])
		await seller.publishAsync('p2p/street/orders', JSON.stringify(message), {qos: 1});
	await until(async () => (replies.length === 8 ? true : undefined), {clock: systemClock, everyMs: 20, timeoutMs: 10_000});
	t.deepEqual(
		replies.slice(3).map(reply => ('problem' in reply ? (reply.problem as {code: string}).code : Object.keys(reply)[0])),
		['isNew', '0', 'id', 'id', 'malformed'],
		JSON.stringify(replies.slice(3)),
	);
	hurry();
	const mirrored = await until(async () => heard.find(line => line.startsWith(`p2p/street/${slotFrom}/cleared`)), {
		clock: systemClock,
		everyMs: 20,
		timeoutMs: 20_000,
	});
	t.regex(mirrored ?? '', /"volumeWh":1000/);
	t.false(heard.some(line => line.includes('signature') && !line.startsWith('p2p/street/acknowledged/home-02')));
	const signature = key.sign(digests.counterIncrement({trader: key.address, market: hashText('street'), counter: 3}));
	await seller.publishAsync('p2p/street/orders', JSON.stringify({trader: key.address, counter: 3, signature}), {qos: 1});
	t.truthy(await until(async () => replies[8], {clock: systemClock, everyMs: 20, timeoutMs: 10_000}));
	t.deepEqual(Object.keys(replies[8]!), ['cancelled']);
	// A last will is no word of the market.
	const forger = await connectAsync(made.url, {
		clientId: 'home-01:forger',
		username: 'home-01',
		password: made.password,
		reconnectPeriod: 0,
		will: {topic: `p2p/street/${firstSlot + 1}/cleared`, payload: Buffer.from('{"volumeWh":666}'), qos: 1, retain: false},
	});
	forger.on('error', () => {});
	forger.stream.destroy();
	await systemClock.sleep(500);
	t.false(
		heard.some(line => line.includes('"volumeWh":666}')),
		'nobody but the market says what was cleared',
	);
	const late = await connect('home-01:late');
	const retained: string[] = [];
	late.on('message', topic => retained.push(topic));
	await late.subscribeAsync(`p2p/street/${slotFrom}/cleared`, {qos: 1});
	t.truthy(await until(async () => retained[0], {clock: systemClock, everyMs: 20, timeoutMs: 10_000}), 'whoever comes later hears it too');
});
