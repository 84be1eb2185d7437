import test, {type ExecutionContext} from 'ava';
import fc from 'fast-check';
import {fromHex, toPrefixedHex} from '../../agent/base/bytes.ts';
import type {Order} from '../../agent/trade/book.ts';
import {
	type Certificate,
	certificateProblem,
	commitSlot,
	fillProofOf,
	orderSetOf,
	type SlotCommitment,
	type SlotOrder,
} from '../../agent/trade/certificate.ts';
import {clear, type Rules} from '../../agent/trade/clear.ts';
import {
	fillLeafRecord,
	isSentinel,
	type OrderLeaf,
	orderLeafRecord,
	type SlotHeader,
	slotHeaderHash,
	tierLeafRecord,
	zeroHash,
} from '../../agent/trade/commitment.ts';
import {fillTree, isUnder, plainTree, tierTree} from '../../agent/trade/sum-tree.ts';
import {abiHash, fillLeaf, orderLeaf, rootOf, tierLeaf} from '../helpers/reference-market.ts';
import {arbitraryBook, hashOf, order, priceOf, rules} from './world.ts';

const about = {slot: 1_980_044, paramsVersion: 3, mode: 'forward'} as const;
const bytesOf = (text: string): Uint8Array => fromHex(text.slice(2))!;

/** What anybody does with the published orders of a slot: from the set alone to the header. */
function commit(orders: readonly Order[], rulesHere: Rules, cancelled: readonly OrderLeaf[] = []): SlotCommitment {
	const slotOrders = orders.map((one, at): SlotOrder => ({...one, sequence: 2 * at + 5, meter: hashOf(900 + at)}));
	const leaves = [...slotOrders.map(({sequence, hash}) => ({sequence, orderHash: hash, cancellation: undefined})), ...cancelled];
	const orderSet = orderSetOf(leaves.sort((a, b) => a.sequence - b.sequence));
	return commitSlot(about, orderSet, slotOrders, clear(slotOrders, rulesHere, orderSet.seed));
}

const withLine = (line: number | null): Rules => ({...rules, lineLimitWh: line ?? undefined});
const arbitraryLine = fc.option(fc.integer({min: 1, max: 120}));

const example = [
	order(0xa, 'sell', 1000, 100_000),
	order(0xb, 'sell', 500, 150_000),
	order(0xc, 'buy', 800, 280_000),
	order(0xd, 'buy', 900, 220_000),
	order(0xe, 'buy', 301, 220_000),
];

test('P21: whoever clears the published orders again gets the committed header', t => {
	fc.assert(
		fc.property(arbitraryBook({withMin: true}), arbitraryLine, (orders, line) => {
			const [first, again] = [commit(orders, withLine(line)), commit(orders, withLine(line))];
			t.is(first.headerHash, again.headerHash);
			t.is(first.header.orderSetRoot, toPrefixedHex(first.orderSet.seed));
		}),
		{numRuns: 200},
	);
});

test('roots and header hash are those of their definitions', t => {
	fc.assert(
		fc.property(arbitraryBook(), arbitraryLine, (orders, line) => {
			const extra = {sequence: 4, orderHash: hashOf(700), cancellation: hashOf(701)};
			const {header, headerHash, orderSet} = commit(orders, withLine(line), [extra]);
			const cleared = clear(orders, withLine(line), orderSet.seed);
			t.is(header.orderSetRoot, rootOf('plain', orderSet.leaves.map(orderLeaf)).hash);
			t.is(header.orderCount, orders.length + 1);
			for (const side of ['buy', 'sell'] as const) {
				const prices = [...new Set(orders.filter(one => one.side === side).map(priceOf))].sort((a, b) => (side === 'buy' ? b - a : a - b));
				const tiers = prices.map(price => {
					const fills = orders.flatMap((one, at) =>
						one.side === side && priceOf(one) === price
							? [
									fillLeaf({
										sequence: 2 * at + 5,
										orderHash: one.hash,
										meter: hashOf(900 + at),
										quantityWh: one.quantityWh,
										fillWh: cleared.fillsWh[at]!,
									}),
								]
							: [],
					);
					const root = rootOf('fills', fills);
					return tierLeaf(BigInt(price), root.sums[0]!, root.hash);
				});
				const sentinel = tierLeaf(side === 'buy' ? 0n : 2n ** 64n - 1n, 0n, zeroHash);
				t.is(side === 'buy' ? header.bidRoot : header.askRoot, rootOf('tiers', [...tiers, sentinel], sentinel).hash);
				t.is(side === 'buy' ? header.bidTiers : header.askTiers, tiers.length);
			}
			t.is(
				headerHash,
				abiHash([
					['uint64', header.slot],
					['uint32', header.paramsVersion],
					['uint8', 2],
					['uint32', header.orderCount],
					['bytes32', header.orderSetRoot],
					['uint32', header.bidTiers],
					['bytes32', header.bidRoot],
					['uint32', header.askTiers],
					['bytes32', header.askRoot],
					['uint64', header.volumeWh],
					['uint64', header.priceBuyMicroPerKwh],
					['uint64', header.priceSellMicroPerKwh],
				]),
			);
		}),
		{numRuns: 100},
	);
});

test('every clearing has a certificate that holds', t => {
	fc.assert(
		fc.property(arbitraryBook({withMin: true, lengthMax: 20}), arbitraryLine, fc.boolean(), (orders, line, isMid) => {
			const rulesHere: Rules = {...withLine(line), pricing: isMid ? 'midmarket' : 'auction'};
			const {header, certificate} = commit(orders, rulesHere);
			t.is(certificateProblem(header, certificate, rulesHere), undefined);
		}),
		{numRuns: 1000},
	);
});

test('no other volume and no other price has a certificate over the same tiers', t => {
	fc.assert(
		fc.property(
			arbitraryBook({lengthMax: 10, quantityWhMax: 6}),
			fc.option(fc.integer({min: 1, max: 30})),
			fc.nat({max: 7}),
			(orders, line, pick) => {
				const rulesHere = withLine(line);
				const slotOrders = orders.map((one, at): SlotOrder => ({...one, sequence: at, meter: hashOf(900 + at)}));
				const orderSet = orderSetOf(slotOrders.map(({sequence, hash}) => ({sequence, orderHash: hash, cancellation: undefined})));
				const cleared = clear(slotOrders, rulesHere, orderSet.seed);
				const prices = [undefined, ...new Set(orders.map(priceOf)), cleared.priceBuyMicroPerKwh, (cleared.priceBuyMicroPerKwh ?? 0) + 1];
				for (let volumeWh = 0; volumeWh <= 40; volumeWh += 1) {
					const price = prices[pick % prices.length];
					for (const [priceBuy, priceSell] of [
						[cleared.priceBuyMicroPerKwh, cleared.priceSellMicroPerKwh],
						[price, price],
						[price, cleared.priceSellMicroPerKwh],
					]) {
						const claimed = {...cleared, volumeWh, priceBuyMicroPerKwh: priceBuy, priceSellMicroPerKwh: priceSell};
						let lie: SlotCommitment;
						try {
							lie = commitSlot(about, orderSet, slotOrders, claimed);
						} catch {
							continue;
						}
						const isTrue =
							volumeWh === cleared.volumeWh &&
							(priceBuy ?? 0) === (cleared.priceBuyMicroPerKwh ?? 0) &&
							(priceSell ?? 0) === (cleared.priceSellMicroPerKwh ?? 0);
						t.is(certificateProblem(lie.header, lie.certificate, rulesHere) === undefined, isTrue);
					}
				}
			},
		),
		{numRuns: 100},
	);
});

/** Every header and certificate that differs from this one in one place, with what was done to it. */
function mutations(header: SlotHeader, certificate: Certificate): [name: string, header: SlotHeader, certificate: Certificate][] {
	const list: [string, SlotHeader, Certificate][] = [];
	const otherHash = (text: string): string => `${text.slice(0, -1)}${text.endsWith('0') ? '1' : '0'}`;
	// Of the number of tiers the certificate sees no more than the depth that it gives: a wrong one is shown by opening the tier that is or is not there.
	for (const name of ['volumeWh', 'priceBuyMicroPerKwh', 'priceSellMicroPerKwh'] as const)
		for (const step of [-1, 1])
			if (header[name] + step >= 0) list.push([`${name} ${step}`, {...header, [name]: header[name] + step}, certificate]);
	for (const name of ['bidRoot', 'askRoot'] as const) list.push([name, {...header, [name]: otherHash(header[name])}, certificate]);
	for (const side of ['bids', 'asks'] as const) {
		const here = certificate[side];
		const put = (name: string, change: Partial<typeof here>): void => {
			list.push([`${side}: ${name}`, header, {...certificate, [side]: {...here, ...change}}]);
		};
		// Where nothing is traded the best tier counts, whatever place is named.
		if (header.volumeWh > 0) put('lastIndex + 1', {lastIndex: here.lastIndex + 1});
		if (here.lastIndex > 0) put('lastIndex - 1', {lastIndex: here.lastIndex - 1});
		for (const which of ['last', 'next'] as const) {
			const opening = here[which];
			if (opening === undefined) {
				continue;
			}
			const {tier, path} = opening;
			for (const step of [-1n, 1n])
				for (const name of ['priceMicroPerKwh', 'quantityWh'] as const) {
					const value = tier[name] + step;
					if (value >= 0n && value < 2n ** 64n) put(`${which} ${name} ${step}`, {[which]: {path, tier: {...tier, [name]: value}}});
				}
			put(`${which} ordersRoot`, {[which]: {path, tier: {...tier, ordersRoot: otherHash(tier.ordersRoot)}}});
			put(`${which} path too long`, {[which]: {tier, path: [...path, new Uint8Array(40)]}});
			if (path.length > 0) put(`${which} path too short`, {[which]: {tier, path: path.slice(1)}});
			for (const [level, sibling] of path.entries())
				for (const at of [0, 31, 32, 39]) {
					const changed = sibling.slice();
					changed[at]! ^= 1;
					put(`${which} path ${level} byte ${at}`, {[which]: {tier, path: path.map((one, i) => (i === level ? changed : one))}});
				}
		}
		if (here.next !== undefined) put('no next', {next: undefined});
	}
	return list;
}

function allFail(t: ExecutionContext, {header, certificate}: SlotCommitment, rulesHere: Rules): void {
	t.is(certificateProblem(header, certificate, rulesHere), undefined);
	for (const [name, badHeader, badCertificate] of mutations(header, certificate))
		t.not(certificateProblem(badHeader, badCertificate, rulesHere), undefined, name);
}

test('a header or a certificate with anything changed by one is refused', t => {
	fc.assert(
		fc.property(arbitraryBook({lengthMax: 12}), arbitraryLine, (orders, line) =>
			allFail(t, commit(orders, withLine(line)), withLine(line)),
		),
		{numRuns: 100},
	);
	allFail(t, commit(example, rules), rules);
	allFail(t, commit(example, withLine(900)), withLine(900));
});

test('what the certificate does not see changes the hash of the header', t => {
	const {header, headerHash} = commit(example, rules);
	const hashOther = (change: Partial<SlotHeader>): string => toPrefixedHex(slotHeaderHash({...header, ...change}));
	t.is(hashOther({}), headerHash);
	for (const [name, value] of Object.entries(header)) {
		const other = typeof value === 'number' ? value + 1 : name === 'mode' ? 'metered' : hashOf(1);
		t.not(hashOther({[name]: other}), headerHash, name);
	}
});

test('the worked example opens the tier that is served in part, and the end of the other side', t => {
	const {header, certificate} = commit(example, rules);
	t.is(header.volumeWh, 1500);
	t.is(header.priceBuyMicroPerKwh, 180_000);
	t.deepEqual([certificate.bids.lastIndex, certificate.asks.lastIndex], [1, 1]);
	t.is(certificate.bids.next, undefined);
	t.true(isSentinel(certificate.asks.next!.tier));
});

test('a line limit other than that of the slot is not what the certificate says', t => {
	const {header, certificate} = commit(example, withLine(900));
	t.is(certificateProblem(header, certificate, withLine(900)), undefined);
	t.regex(certificateProblem(header, certificate, withLine(901))!, /more could be traded/);
	t.regex(certificateProblem(header, certificate, withLine(899))!, /above the line limit/);
	t.regex(certificateProblem(header, certificate, rules)!, /more could be traded/);
	t.regex(certificateProblem(header, certificate, withLine(0))!, /line limit of 0/);
});

test('a price outside the band is refused, and at one price every price but that', t => {
	const made = commit(example, rules);
	const problem = (change: Partial<Rules>): string | undefined => certificateProblem(made.header, made.certificate, {...rules, ...change});
	t.regex(problem({feedInMicroPerKwh: 180_001})!, /are not from/);
	t.regex(problem({retailMicroPerKwh: 219_999})!, /are not from/);
	t.is(problem({feedInMicroPerKwh: 180_000, retailMicroPerKwh: 220_000}), undefined);
	t.regex(problem({pricing: 'midmarket'})!, /more than one tier/);
	const mid: Rules = {...rules, pricing: 'midmarket'};
	const atOnePrice = commit(example, mid);
	t.is(certificateProblem(atOnePrice.header, atOnePrice.certificate, mid), undefined);
	t.regex(certificateProblem(atOnePrice.header, atOnePrice.certificate, {...mid, retailMicroPerKwh: 310_000})!, /at one price has/);
});

test('P23: a book without a price has a certificate too, and moves nothing', t => {
	for (const orders of [
		[],
		[order(1, 'buy', 5, 200_000)],
		[order(1, 'sell', 5, 100_000)],
		[order(1, 'buy', 5, 130_000), order(2, 'sell', 5, 95_000)],
	]) {
		const made = commit(orders, rules);
		t.is(made.header.volumeWh + made.header.priceBuyMicroPerKwh + made.header.priceSellMicroPerKwh, 0);
		for (const side of [made.bids, made.asks]) for (const tier of side.tiers) for (const {fillWh} of tier.fillLeaves) t.is(fillWh, 0);
		allFail(t, made, rules);
	}
});

test('an ask at a price of zero is no match for bids that are not there', t => {
	const free: Rules = {...rules, feedInMicroPerKwh: 0};
	const made = commit([order(1, 'sell', 5, 0)], free);
	t.is(made.header.volumeWh, 0);
	allFail(t, made, free);
});

test('P24: the largest quantities and prices are certified exactly', t => {
	const wide: Rules = {
		feedInMicroPerKwh: 0,
		retailMicroPerKwh: Number.MAX_SAFE_INTEGER,
		gridFeeMicroPerKwh: 0,
		pricing: 'auction',
		lineLimitWh: undefined,
	};
	const most = 0xffff_ffff;
	const sellers = Array.from({length: 300}, (_, n) => order(n + 1, 'sell', most, Number.MAX_SAFE_INTEGER - (n % 3)));
	const buyers = Array.from({length: 200}, (_, n) => order(n + 1001, 'buy', most, Number.MAX_SAFE_INTEGER - (n % 5)));
	const made = commit([...sellers, ...buyers], wide);
	t.is(certificateProblem(made.header, made.certificate, wide), undefined);
	t.is(made.header.volumeWh, 100 * most);
	t.is(made.header.priceBuyMicroPerKwh, Number.MAX_SAFE_INTEGER - 2);
});

test('every order that is in a tier opens to the root of its side, with the fill that it got', t => {
	fc.assert(
		fc.property(arbitraryBook({withMin: true}), orders => {
			const made = commit(orders, rules);
			const cleared = clear(orders, rules, made.orderSet.seed);
			for (const [at, one] of orders.entries()) {
				const proof = fillProofOf(made, one.hash);
				if (cleared.removed.includes(at)) {
					t.is(proof, undefined);
					continue;
				}
				const {side, tierIndex, tier, fillIndex, fill, fillPath} = proof!;
				t.is(fill.fillWh, cleared.fillsWh[at]!);
				t.is(fill.orderHash, one.hash);
				t.true(isUnder(fillTree, bytesOf(tier.tier.ordersRoot), fillLeafRecord(fill), fillIndex, fillPath));
				const root = side === 'bids' ? made.header.bidRoot : made.header.askRoot;
				t.true(isUnder(tierTree, bytesOf(root), tierLeafRecord(tier.tier), tierIndex, tier.path));
				for (const change of [
					{sequence: fill.sequence + 1},
					{meter: hashOf(1)},
					{quantityWh: fill.quantityWh + 1},
					{fillWh: fill.fillWh + 1},
				])
					t.false(isUnder(fillTree, bytesOf(tier.tier.ordersRoot), fillLeafRecord({...fill, ...change}), fillIndex, fillPath));
			}
			for (const [at, leaf] of made.orderSet.leaves.entries())
				t.true(isUnder(plainTree, bytesOf(made.header.orderSetRoot), orderLeafRecord(leaf), at, made.orderSet.tree.path(at)));
		}),
		{numRuns: 300},
	);
});

test('orders that do not come by rising sequence make no set and no slot', t => {
	const leaf = (sequence: number): OrderLeaf => ({sequence, orderHash: hashOf(sequence + 1), cancellation: undefined});
	t.throws(() => orderSetOf([leaf(1), leaf(1)]), {instanceOf: RangeError});
	t.throws(() => orderSetOf([leaf(2), leaf(1)]), {instanceOf: RangeError});
	const orders: SlotOrder[] = [
		{...order(1, 'buy', 5, 200_000), sequence: 2, meter: hashOf(1)},
		{...order(2, 'buy', 5, 200_000), sequence: 1, meter: hashOf(1)},
	];
	t.throws(() => commitSlot(about, orderSetOf([leaf(1), leaf(2)]), orders, clear(orders, rules, new Uint8Array(32))), {
		instanceOf: RangeError,
	});
	t.is(orderSetOf([]).tree.root.join(''), '0'.repeat(32));
});
