// What the market takes and what it refuses: every reason, signatures that are bent, repeats, batches, agents, and commits that fail.
import test, {type ExecutionContext} from 'ava';
import fc from 'fast-check';
import {toPrefixedHex} from '../../agent/base/bytes.ts';
import {orderKinds} from '../../agent/format/entry.ts';
import type {IntakeAnswer} from '../../agent/trade/intake.ts';
import {type Delegation, decodeBody, type SignedOrder, slotS} from '../../agent/trade/order.ts';
import {createDigests} from '../../agent/trade/typed-data.ts';
import {checkLog} from '../helpers/check-log.ts';
import {createMarketWorld, digests, domain, firstSlot, hashText, keyOf, type MarketWorld, market} from './market-world.ts';

const codeOf = (answer: IntakeAnswer<unknown> | undefined): string =>
	answer === undefined ? 'no answer' : 'problem' in answer ? answer.problem.code : 'taken';

async function codesOf(world: MarketWorld, ...orders: readonly unknown[]): Promise<string[]> {
	return (await world.intake().submit(orders, {atomic: false})).map(codeOf);
}

async function openWorld(t: ExecutionContext, options: Parameters<typeof createMarketWorld>[1] = {}): Promise<MarketWorld> {
	const world = await createMarketWorld(t, options);
	await world.open();
	return world;
}

test('an order is refused for each reason that there is, by its code', async t => {
	const world = await openWorld(t);
	const {meters} = world;
	const refused: readonly (readonly [code: string, order: SignedOrder])[] = [
		['unknown-market', world.order(0, {market: hashText('elsewhere')})],
		['malformed', world.order(0, {mode: 'metered'})],
		['malformed', world.order(0, {minQuantityWh: 1001})],
		['not-your-meter', world.order(0, {meter: meters[1]!.id})],
		['not-your-meter', world.order(0, {meter: hashText('nowhere')})],
		['counter-stale', world.order(0, {counter: 1})],
		['price-out-of-band', world.order(0, {limitMicroPerKwh: 79_999})],
		['price-out-of-band', world.order(0, {limitMicroPerKwh: 260_001})],
		['price-out-of-band', world.order(0, {side: 'buy', limitMicroPerKwh: 119_999})],
		['price-out-of-band', world.order(0, {side: 'buy', limitMicroPerKwh: 300_001})],
		['capacity-exceeded', world.order(0, {quantityWh: 5001})],
		['gate-closed', world.order(0, {slotFrom: firstSlot - 2})],
		['gate-closed', world.order(0, {slotFrom: firstSlot + 96})],
		['gate-closed', world.order(0, {validUntil: firstSlot * slotS - 301})],
	];
	for (const [code, order] of refused) t.deepEqual(await codesOf(world, order), [code], JSON.stringify(order));
	t.deepEqual(await codesOf(world, world.order(0, {limitMicroPerKwh: 80_000})), ['taken'], 'the edge of the band is within it');
	t.deepEqual(await codesOf(world, world.order(0, {})), ['order-exists']);
	t.deepEqual(await codesOf(world, world.order(0, {side: 'buy', limitMicroPerKwh: 200_000})), ['side-conflict']);
	const salt = hashText('the same salt');
	t.deepEqual(await codesOf(world, world.order(1, {salt}), world.order(1, {salt, slotFrom: firstSlot + 1})), ['taken', 'duplicate-salt']);
	t.deepEqual(await codesOf(world, {...world.order(2, {}), timeInForce: 'IOC'}), ['unsupported-tif']);
	t.deepEqual(await codesOf(world, {...world.order(2, {}), timeInForce: 'FOK'}), ['unsupported-tif']);
});

test('bent signatures are none: the mirror image, another chain, another contract, another key, a bit', async t => {
	const world = await openWorld(t);
	const order = world.order(0, {});
	const fields = {...order, salt: BigInt(order.salt)};
	const key = keyOf('home 0');
	const n = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
	const s = BigInt(`0x${order.signature.slice(66, 130)}`);
	const v = order.signature.slice(130);
	const bent = [
		// The other signature that everybody can make of this one [EIP-2].
		`${order.signature.slice(0, 66)}${(n - s).toString(16).padStart(64, '0')}${v === '1b' ? '1c' : '1b'}`,
		`${order.signature.slice(0, 130)}${v === '1b' ? '00' : '01'}`,
		key.sign(createDigests({...domain, chainId: 1}).order(fields)),
		key.sign(createDigests({...domain, verifyingContract: `0x${'11'.repeat(20)}`}).order(fields)),
		keyOf('somebody else').sign(digests.order(fields)),
		`0x${'00'.repeat(65)}`,
		'0x00',
	];
	for (const signature of bent) t.deepEqual(await codesOf(world, {...order, signature}), ['bad-signature'], signature);
	for (let byte = 0; byte < 65; byte += 7) {
		const at = 2 + 2 * byte;
		const flipped = (Number.parseInt(order.signature.slice(at, at + 2), 16) ^ 1).toString(16).padStart(2, '0');
		t.deepEqual(await codesOf(world, {...order, signature: order.signature.slice(0, at) + flipped + order.signature.slice(at + 2)}), [
			'bad-signature',
		]);
	}
	t.deepEqual(await codesOf(world, {...order, quantityWh: 999}), ['bad-signature'], 'what was signed is not what was sent');
	t.deepEqual(await codesOf(world, order), ['taken']);
});

test('the same signed order is one order, however often and in whatever batch it comes', async t => {
	const world = await openWorld(t);
	const order = world.order(0, {});
	const answers = await Promise.all([1, 2, 3].map(() => world.intake().submit([order, order], {atomic: false})));
	const taken = answers.flat().map(answer => ('value' in answer ? answer.value : undefined));
	t.is(taken.filter(value => value?.isNew).length, 1);
	t.is(new Set(taken.map(value => `${value?.acknowledged.index} ${value?.acknowledged.signature}`)).size, 1);
	t.is(world.engine().book.size(), 1);
	await world.open();
	const [again] = await world.intake().submit([order], {atomic: false});
	t.false('value' in again! ? again.value.isNew : true);
});

test('a known order with another signature is shown only if that signature is good', async t => {
	const world = await openWorld(t, {
		acceptsSignature: async (account, _, signature) => account === keyOf('home 1').address && signature === '0xc0ffee',
	});
	const [order, second] = [world.order(0, {}), world.order(1, {})];
	t.deepEqual(await codesOf(world, order, second), ['taken', 'taken']);
	const digest = digests.order({...order, salt: BigInt(order.salt)});
	for (const signature of ['0x1234', keyOf('mallory').sign(digest), second.signature, `0x${'00'.repeat(65)}`]) {
		const forged = {...order, signature};
		t.deepEqual(await codesOf(world, forged), ['bad-signature'], signature);
		const batch = await world.intake().submit([second, forged], {atomic: true});
		t.deepEqual(batch.map(codeOf), ['batch-refused', 'bad-signature']);
		t.false(JSON.stringify(batch).includes(order.signature));
	}
	const [same] = await world.intake().submit([order], {atomic: false});
	t.false('value' in same! ? same.value.isNew : true);
	// Good in another way, it says the same: what stands is what was signed first.
	const [other] = await world.intake().submit([{...second, signature: '0xc0ffee'}], {atomic: false});
	t.deepEqual('value' in other! && [other.value.isNew, other.value.acknowledged.booked.order.signature], [false, second.signature]);
	t.is(world.engine().book.size(), 2);
});

test('all or none of a batch are taken where that is asked for', async t => {
	const world = await openWorld(t);
	const good = [world.order(0, {}), world.order(1, {})];
	const mixed = await world.intake().submit([...good, world.order(2, {quantityWh: 9999})], {atomic: true});
	t.deepEqual(mixed.map(codeOf), ['batch-refused', 'batch-refused', 'capacity-exceeded']);
	const clashing = await world.intake().submit([world.order(0, {}), world.order(0, {})], {atomic: true});
	t.deepEqual(clashing.map(codeOf), ['batch-refused', 'order-exists']);
	t.is(world.engine().book.size(), 0);
	t.deepEqual((await world.intake().submit(good, {atomic: true})).map(codeOf), ['taken', 'taken']);
});

test('an order that is taken back is out of the slots whose gate is to come, and makes room for another', async t => {
	const world = await openWorld(t);
	const order = world.order(0, {slotCount: 4});
	await codesOf(world, order);
	const hash = toPrefixedHex(digests.order({...order, salt: BigInt(order.salt)}));
	const signature = keyOf('home 0').sign(digests.cancellation({hashes: [hash]}));
	t.is(codeOf(await world.intake().cancel([hash], keyOf('home 1').sign(digests.cancellation({hashes: [hash]})))), 'bad-signature');
	t.is(codeOf(await world.intake().cancel([hashText('none')], signature)), 'unknown-order');
	t.is(codeOf(await world.intake().cancel([], signature)), 'malformed');
	// Behind the first gate, before the second.
	world.moveTo(firstSlot, -200);
	t.is(codeOf(await world.intake().cancel([hash], signature)), 'taken');
	const size = world.log().size();
	t.is(codeOf(await world.intake().cancel([hash], signature)), 'taken', 'said again it changes nothing');
	t.is(world.log().size(), size);
	await world.engine().tick();
	t.is((await world.engine().cleared(firstSlot))!.orders.length, 1, 'the first slot had it');
	t.deepEqual(await codesOf(world, world.order(0, {slotFrom: firstSlot + 1})), ['taken'], 'there is room for another');
	world.moveTo(firstSlot + 1, -200);
	await world.engine().tick();
	const {orders, commitment} = (await world.engine().cleared(firstSlot + 1))!;
	t.is(orders.length, 1);
	t.is(commitment.header.orderCount, 2, 'what was taken back stays in the set, with what took it out');
});

test('a raised counter takes everything out at once, and a lower one is stale', async t => {
	const world = await openWorld(t);
	await codesOf(world, world.order(0, {}), world.order(0, {slotFrom: firstSlot + 1}), world.order(1, {}));
	const key = keyOf('home 0');
	const sign = (counter: number): string => key.sign(digests.counterIncrement({trader: key.address, market, counter}));
	t.is(codeOf(await world.intake().cancelAll(key.address, 5, sign(6))), 'bad-signature');
	t.deepEqual(await world.intake().cancelAll(key.address, 5, sign(5)), {value: {cancelled: 2}});
	t.is(codeOf(await world.intake().cancelAll(key.address, 5, sign(5))), 'counter-stale');
	t.deepEqual(await codesOf(world, world.order(0, {}), world.order(0, {counter: 5})), ['counter-stale', 'taken']);
	await world.open({withoutLedger: true});
	t.is(world.engine().book.counterOf(key.address), 5);
});

test('an agent signs within its delegation, for its meter, in its time, and not once that is revoked', async t => {
	const world = await openWorld(t);
	const [owner, agent] = [keyOf('home 0'), keyOf('an agent')];
	const nowS = Math.floor(world.logWorld.clock.nowMs() / 1000);
	const delegation: Delegation = {
		owner: owner.address,
		agent: agent.address,
		market,
		meter: world.meters[0]!.id,
		maxWhPerSlot: 500,
		minSellMicroPerKwh: 100_000,
		maxBuyMicroPerKwh: 200_000,
		notBefore: nowS,
		notAfter: nowS + 3600,
		nonce: '7',
	};
	const digest = digests.delegation({...delegation, nonce: 7n});
	const byAgent = (fields: Partial<SignedOrder>): SignedOrder => {
		const order = world.order(0, {quantityWh: 500, ...fields});
		return {...order, signature: agent.sign(digests.order({...order, salt: BigInt(order.salt)}))};
	};
	t.deepEqual(await codesOf(world, byAgent({})), ['bad-signature']);
	t.is(codeOf(await world.intake().delegate(delegation, agent.sign(digest))), 'bad-signature');
	const given = await world.intake().delegate(delegation, owner.sign(digest));
	t.deepEqual(given, {value: {id: toPrefixedHex(digest)}});
	t.deepEqual(await world.intake().delegate(delegation, owner.sign(digest)), given, 'said again it is the same');
	t.deepEqual(await codesOf(world, byAgent({quantityWh: 501})), ['delegation-exceeded']);
	t.deepEqual(await codesOf(world, byAgent({limitMicroPerKwh: 99_999})), ['delegation-exceeded']);
	t.deepEqual(await codesOf(world, byAgent({side: 'buy', limitMicroPerKwh: 200_001})), ['delegation-exceeded']);
	t.deepEqual(await codesOf(world, byAgent({})), ['taken']);
	const id = toPrefixedHex(digest);
	t.is(codeOf(await world.intake().revoke(id, agent.sign(digests.revocation({delegation: id})))), 'bad-signature');
	t.deepEqual(await world.intake().revoke(id, owner.sign(digests.revocation({delegation: id}))), {value: {id}});
	t.deepEqual(await codesOf(world, byAgent({slotFrom: firstSlot + 1})), ['bad-signature']);
	t.is(world.engine().book.size(), 1, 'what it signed before stands');
});

test('whatever is sent, it is answered and nothing but sound orders gets into the log', async t => {
	const world = await openWorld(t);
	const sound = world.order(0, {});
	const values = fc.oneof(fc.jsonValue(), fc.integer(), fc.bigInt().map(String), fc.constantFrom('', '0x', 'buy', -1, 1.5, 2 ** 53, null));
	const mutated = fc
		.record({key: fc.constantFrom(...Object.keys(sound)), value: values})
		.map(({key, value}) => ({...sound, [key]: value}))
		// Chance may find what was there, which is sound.
		.filter(value => JSON.stringify(value) !== JSON.stringify(sound));
	const before = world.log().size();
	await fc.assert(
		fc.asyncProperty(fc.oneof(mutated, fc.jsonValue()), async value => {
			const [answer] = await world.intake().submit([value], {atomic: false});
			return answer !== undefined && 'problem' in answer;
		}),
		{numRuns: 500},
	);
	t.is(world.log().size(), before);
});

test('a commit that fails, done or not done, leaves an order in the log or nowhere, and its answer never lies', async t => {
	for (const isDone of [false, true]) {
		const world = await openWorld(t);
		const [kept, lost] = [world.order(0, {}), world.order(1, {})];
		t.deepEqual(await codesOf(world, kept), ['taken']);
		world.logWorld.disk.around = async commit => {
			if (isDone) await commit();
			throw new Error('the disk is gone');
		};
		await t.throwsAsync(world.intake().submit([lost], {atomic: false}), {code: 'LOG_COMMIT_FAILED'});
		world.logWorld.disk.around = undefined;
		await world.open({withoutLedger: isDone});
		t.is(world.engine().book.size(), isDone ? 2 : 1);
		const [again] = await world.intake().submit([lost], {atomic: false});
		t.is('value' in again! ? again.value.isNew : undefined, !isDone);
		await checkLog(t, world.logWorld.path);
	}
});

test('a clearing whose commit fails, done or not done, is one clearing and one statement in the end', async t => {
	for (const isDone of [false, true]) {
		const world = await openWorld(t);
		await codesOf(world, world.order(0, {}), world.order(1, {side: 'buy', limitMicroPerKwh: 280_000}));
		world.moveTo(firstSlot, -300);
		world.logWorld.disk.around = async commit => {
			if (isDone) await commit();
			throw new Error('the disk is gone');
		};
		await t.throwsAsync(world.engine().tick(), {code: 'LOG_COMMIT_FAILED'});
		world.logWorld.disk.around = undefined;
		await world.open();
		await world.engine().tick();
		const reader = await world.logWorld.reader();
		const channel = (await reader.channels()).find(({urn}) => urn.startsWith('urn:kedge:market:'))!;
		const clearings: string[] = [];
		for await (const {record} of reader.withRecords(channel, 0)) {
			const body = decodeBody(record);
			if (body?.kind === orderKinds.clearing && body.slot === firstSlot) clearings.push(body.headerHash);
		}
		t.deepEqual(clearings, [(await world.engine().cleared(firstSlot))!.commitment.headerHash]);
	}
});

test('a contract account takes its own signature, of any length, and nobody else can sign for it', async t => {
	const asked: string[] = [];
	const world = await openWorld(t, {
		acceptsSignature: async (account, digest, signature) => {
			asked.push(`${account} ${digest}`);
			return account === keyOf('home 0').address && signature === '0xc0ffee';
		},
	});
	const order = world.order(0, {});
	t.deepEqual(await codesOf(world, {...order, signature: '0xc0ffed'}), ['bad-signature']);
	t.deepEqual(await codesOf(world, {...world.order(1, {}), signature: '0xc0ffee'}), ['bad-signature'], 'another account does not take it');
	t.deepEqual(await codesOf(world, {...order, signature: '0xc0ffee'}), ['taken']);
	t.is(asked.length, 3);
	t.is(asked[2], `${order.trader} ${toPrefixedHex(digests.order({...order, salt: BigInt(order.salt)}))}`);
	t.deepEqual(await codesOf(world, world.order(2, {})), ['taken'], 'who signs himself asks no contract');
	t.is(asked.length, 3);
});

test('an order needs escrow for the worst that it and all others of the account can cost', async t => {
	const world = await openWorld(t, {marginOf: () => 400_000_000n});
	// 1,000 Wh at 280,000 are 280,000,000 nano; a seller who delivers nothing buys the gap at 260,000 − 100,000.
	const [first] = await world.intake().submit([world.order(0, {side: 'buy', limitMicroPerKwh: 280_000})], {atomic: false});
	t.is(codeOf(first), 'taken');
	const [second] = await world.intake().submit([world.order(0, {slotFrom: firstSlot + 1})], {atomic: false});
	t.deepEqual('problem' in second! && [second.problem.code, second.problem.requiredNano, second.problem.availableNano], [
		'insufficient-escrow',
		'440000000',
		'400000000',
	]);
	t.deepEqual(await codesOf(world, world.order(0, {slotFrom: firstSlot + 1, quantityWh: 750})), ['taken'], 'exactly as much as there is');
	t.deepEqual(await codesOf(world, world.order(1, {})), ['taken'], 'everybody has his own');
});

test('an order that was forced onto the chain is taken as of then, also behind its gate, unless another stands in its place', async t => {
	const world = await openWorld(t);
	const gateS = firstSlot * slotS - 300;
	const order = world.order(0, {});
	world.moveTo(firstSlot, -200);
	t.deepEqual(await codesOf(world, order), ['gate-closed']);
	t.is(codeOf(await world.intake().force(order, gateS - 600)), 'taken');
	t.is(codeOf(await world.intake().force(order, gateS - 600)), 'taken', 'again, it is the same one');
	const set = () =>
		world
			.engine()
			.book.setOf(firstSlot)
			.map(({order: {salt}}) => salt);
	t.deepEqual(set(), [order.salt]);
	t.is(codeOf(await world.intake().force(world.order(0, {}), gateS - 600)), 'order-exists');
	t.is(codeOf(await world.intake().force(world.order(0, {side: 'buy', limitMicroPerKwh: 200_000}), gateS - 600)), 'side-conflict');
	t.is(codeOf(await world.intake().force({...world.order(1, {}), signature: order.signature}, gateS - 600)), 'bad-signature');
	t.is(codeOf(await world.intake().force(world.order(1, {quantityWh: 5001}), gateS - 600)), 'capacity-exceeded');
	// Nothing else is asked of it: not how early it came, nor that its salt is new.
	t.is(codeOf(await world.intake().force(world.order(1, {slotFrom: firstSlot + 300, salt: order.salt}), gateS - 600)), 'taken');
	await world.open();
	t.deepEqual(set(), [order.salt], 'and it is in the log');
});

test('a counter that the chain raised takes orders out as of then, whenever it is heard of', async t => {
	const world = await openWorld(t);
	const {intake, engine} = world;
	const orders = [0, 1, 2].map(at => world.order(0, {slotFrom: firstSlot + at}));
	t.deepEqual(await codesOf(world, ...orders), ['taken', 'taken', 'taken']);
	const trader = orders[0]!.trader;
	const gateOf = (slot: number): number => slot * slotS - 300;
	// Taken back by its trader behind the second gate, and by the chain before it.
	const [, , last] = orders.map(order => toPrefixedHex(digests.order({...order, salt: BigInt(order.salt)})));
	world.moveTo(firstSlot + 1, -100);
	t.is(codeOf(await intake().cancel([last!], keyOf('home 0').sign(digests.cancellation({hashes: [last!]})))), 'taken');
	await intake().counterOnChain(trader, 1, gateOf(firstSlot + 1) - 1);
	const outs = () =>
		[0, 1, 2].map(at =>
			engine()
				.book.setOf(firstSlot + at)
				.map(booked => engine().book.isOut(booked, firstSlot + at)),
		);
	t.deepEqual(outs(), [[false], [true], [true]]);
	t.is(engine().book.find(last!)!.cancellation!.receivedAt, gateOf(firstSlot + 1) - 1);
	// One that was forced in with the counter that fell is in the set, and out of it.
	t.is(codeOf(await intake().force(world.order(0, {slotFrom: firstSlot + 3}), gateOf(firstSlot + 1) - 50)), 'taken');
	t.deepEqual(
		engine()
			.book.setOf(firstSlot + 3)
			.map(booked => engine().book.isOut(booked, firstSlot + 3)),
		[true],
	);
	t.deepEqual(await codesOf(world, world.order(0, {slotFrom: firstSlot + 3, counter: 1})), ['taken'], "what is out is in nobody's way");
	await world.open();
	t.deepEqual(outs(), [[false], [true], [true]]);
});
