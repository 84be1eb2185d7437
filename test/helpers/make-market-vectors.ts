// Makes every file of test/vectors/market, the same bytes on every machine.
//
// `node dist/test/helpers/make-market-vectors.js` writes them. What looks random is SHA-256 of a label. Hashes, roots and verdicts come from
// reference-market.ts and from ethers, never from the code under test.
import {createHash} from 'node:crypto';
import {mkdirSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {SigningKey, TypedDataEncoder, type TypedDataField} from 'ethers';
import * as reference from './reference-market.ts';

/** Thirty-two bytes that only their label determines. */
function labelled(label: string): string {
	return `0x${createHash('sha256').update(`kedge market vectors: ${label}`).digest('hex')}`;
}

const addressLabelled = (label: string): string => `0x${labelled(label).slice(26)}`;

export type Params = reference.ReferenceParams;

export type Header = {
	readonly slot: number;
	readonly paramsVersion: number;
	readonly mode: number;
	readonly orderCount: number;
	readonly orderSetRoot: string;
	readonly bidTiers: number;
	readonly bidRoot: string;
	readonly askTiers: number;
	readonly askRoot: string;
	readonly volumeWh: number;
	readonly priceBuy: number;
	readonly priceSell: number;
};

/** Decimal text, since a sentinel's price is beyond what JSON numbers hold exactly. */
export type Tier = {readonly price: string; readonly quantityWh: string; readonly ordersRoot: string};
export type Side = {
	readonly index: number;
	readonly last: Tier;
	readonly lastPath: string;
	readonly next: Tier;
	readonly nextPath: string;
};

/** A header and the openings that shall show its volume and its prices. */
export type CertificateCase = {
	readonly name: string;
	readonly params: Params;
	readonly header: Header;
	readonly headerHash: string;
	readonly bids: Side;
	readonly asks: Side;
	readonly valid: boolean;
};

/** A slot from its orders to its header. */
export type SlotCase = {
	readonly name: string;
	readonly params: Params;
	readonly orders: readonly SlotOrder[];
	/** Orders of the set that were taken out before the gate. */
	readonly cancelled: readonly {readonly sequence: number; readonly hash: string; readonly cancellation: string}[];
	readonly fillsWh: readonly number[];
	readonly header: Header;
	readonly headerHash: string;
};

export type SlotOrder = {
	readonly sequence: number;
	readonly hash: string;
	readonly meter: string;
	readonly side: 'buy' | 'sell';
	readonly quantityWh: number;
	readonly limitMicroPerKwh: number;
};

/** A leaf, its claimed place, and the path that shall show it. `leaves` counts those that may be opened. */
export type PathCase = {
	readonly name: string;
	readonly leaf: string;
	/** Decimal text. Of a balance: its credit and its debit. */
	readonly sums: readonly string[];
	readonly index: number;
	readonly leaves: number;
	readonly path: string;
	readonly root: string;
	readonly before: readonly string[];
	readonly total: readonly string[];
	readonly valid: boolean;
};

/** A row's money; amounts are decimal text. */
export type NetCase = {
	readonly name: string;
	readonly params: Params;
	readonly contractedWh: number;
	readonly meteredWh: number;
	readonly priceBuy: number;
	readonly priceSell: number;
	readonly netNano: string;
};

type File = {readonly about: string; readonly cases: readonly object[]};

const base: Params = {feedInMicroPerKwh: 80_000, retailMicroPerKwh: 300_000, gridFeeMicroPerKwh: 40_000, lineLimitWh: 0, pricing: 1};
const slot = 1_980_044;

function order(sequence: number, name: string, side: 'buy' | 'sell', quantityWh: number, limitMicroPerKwh: number): SlotOrder {
	return {sequence, hash: labelled(`order ${name}`), meter: labelled(`meter ${name}`), side, quantityWh, limitMicroPerKwh};
}

const example = [
	order(1, 'A', 'sell', 1000, 100_000),
	order(2, 'B', 'sell', 500, 150_000),
	order(4, 'C', 'buy', 800, 280_000),
	order(5, 'D', 'buy', 900, 220_000),
	order(9, 'E', 'buy', 301, 220_000),
];

// Slots.

const sentinels = {
	buy: {price: 0n, quantityWh: 0n, ordersRoot: reference.zero},
	sell: {price: 2n ** 64n - 1n, quantityWh: 0n, ordersRoot: reference.zero},
} as const;

const tierNode = ({price, quantityWh, ordersRoot}: reference.ReferenceTier): reference.Node =>
	reference.tierLeaf(price, quantityWh, ordersRoot);

/** The tiers of a side with the sentinel that stands behind them, as leaves and with what fills them up. */
function tierTree(side: 'buy' | 'sell', tiers: readonly reference.ReferenceTier[]): {nodes: reference.Node[]; pad: reference.Node} {
	const pad = tierNode(sentinels[side]);
	return {nodes: [...tiers.map(tierNode), pad], pad};
}

const tierRoot = (side: 'buy' | 'sell', tiers: readonly reference.ReferenceTier[]): string => {
	const {nodes, pad} = tierTree(side, tiers);
	return reference.rootOf('tiers', nodes, pad).hash;
};

function energyPrice({side, limitMicroPerKwh}: SlotOrder, params: Params): bigint {
	const {feedInMicroPerKwh: f, retailMicroPerKwh: r, gridFeeMicroPerKwh: g} = params;
	if (params.pricing === 2) return BigInt(f + Math.floor((r - g - f) / 2));
	return BigInt(side === 'buy' ? limitMicroPerKwh - g : limitMicroPerKwh);
}

type Cleared = {readonly slotCase: SlotCase; readonly bids: reference.ReferenceTier[]; readonly asks: reference.ReferenceTier[]};

function headerHash(header: Header): string {
	const types = ['uint64', 'uint32', 'uint8', 'uint32', 'bytes32', 'uint32', 'bytes32', 'uint32', 'bytes32', 'uint64', 'uint64', 'uint64'];
	return reference.abiHash(Object.values(header).map((value, at) => [types[at]!, value]));
}

/** Clears a slot by definition, and commits to it. Orders come by rising sequence and have no least quantity. */
function cleared(name: string, params: Params, orders: readonly SlotOrder[], cancelled: SlotCase['cancelled'] = []): Cleared {
	const set = [...orders.map(one => ({...one, cancellation: undefined})), ...cancelled]
		.sort((a, b) => a.sequence - b.sequence)
		.map(({sequence, hash, cancellation}) => reference.orderLeaf({sequence, orderHash: hash, cancellation}));
	const orderSetRoot = reference.rootOf('plain', set).hash;
	const groups = (side: 'buy' | 'sell'): SlotOrder[][] => {
		const byPrice = new Map<bigint, SlotOrder[]>();
		for (const one of orders.filter(order => order.side === side)) {
			const price = energyPrice(one, params);
			byPrice.set(price, [...(byPrice.get(price) ?? []), one]);
		}
		return [...byPrice].sort(([a], [b]) => (side === 'buy' ? Number(b - a) : Number(a - b))).map(([, group]) => group);
	};
	const sum = (group: readonly SlotOrder[]): bigint => group.reduce((total, one) => total + BigInt(one.quantityWh), 0n);
	const bare = (group: readonly SlotOrder[]) => ({price: energyPrice(group[0]!, params), quantityWh: sum(group), ordersRoot: ''});
	const [bidGroups, askGroups] = [groups('buy'), groups('sell')];
	const clearing = reference.clearingOf(bidGroups.map(bare), askGroups.map(bare), BigInt(params.lineLimitWh));
	const fills = new Map<SlotOrder, bigint>();
	const tiersOf = (list: readonly SlotOrder[][]): reference.ReferenceTier[] => {
		let left = clearing.volumeWh;
		return list.map(group => {
			const total = sum(group);
			const isServed = left >= total;
			const got = isServed ? total : left;
			left -= got;
			for (const [at, share] of reference.sharesOf(got, group, orderSetRoot).entries()) fills.set(group[at]!, share);
			const leaves = group.map(one => reference.fillLeaf({...one, orderHash: one.hash, fillWh: Number(fills.get(one))}));
			return {...bare(group), ordersRoot: reference.rootOf('fills', leaves).hash};
		});
	};
	const [bids, asks] = [tiersOf(bidGroups), tiersOf(askGroups)];
	const header: Header = {
		slot,
		paramsVersion: 1,
		mode: 2,
		orderCount: set.length,
		orderSetRoot,
		bidTiers: bids.length,
		bidRoot: tierRoot('buy', bids),
		askTiers: asks.length,
		askRoot: tierRoot('sell', asks),
		volumeWh: Number(clearing.volumeWh),
		priceBuy: Number(clearing.priceBuy),
		priceSell: Number(clearing.priceSell),
	};
	const slotCase = {
		name,
		params,
		orders,
		cancelled,
		fillsWh: orders.map(one => Number(fills.get(one))),
		header,
		headerHash: headerHash(header),
	};
	return {slotCase, bids, asks};
}

/** A book of many prices a side, with quantities and prices that only the label determines. */
function manyPrices(tiers: number, label: string, params: Params): SlotOrder[] {
	const width = params.retailMicroPerKwh - params.gridFeeMicroPerKwh - params.feedInMicroPerKwh;
	return Array.from({length: 2 * tiers}, (_, at) => {
		const isBuy = at % 2 === 0;
		const price = params.feedInMicroPerKwh + Math.floor((width * (at >> 1)) / tiers);
		const quantityWh = 1 + (Number.parseInt(labelled(`${label} ${at}`).slice(2, 10), 16) % 5000);
		return order(at + 1, `${label} ${at}`, isBuy ? 'buy' : 'sell', quantityWh, isBuy ? price + params.gridFeeMicroPerKwh : price);
	});
}

const wide: Params = {feedInMicroPerKwh: 0, retailMicroPerKwh: Number.MAX_SAFE_INTEGER, gridFeeMicroPerKwh: 0, lineLimitWh: 0, pricing: 1};
const most = 0xffff_ffff;

function slots(): Cleared[] {
	const line = {...base, lineLimitWh: 900};
	const free: Params = {feedInMicroPerKwh: 0, retailMicroPerKwh: 40_000, gridFeeMicroPerKwh: 0, lineLimitWh: 0, pricing: 1};
	return [
		cleared('the worked example', base, example),
		cleared('the worked example with orders that were taken out again', base, example, [
			{sequence: 3, hash: labelled('order F'), cancellation: labelled('cancellation of F')},
			{sequence: 12, hash: labelled('order G'), cancellation: labelled('cancellation of G')},
		]),
		cleared('a line of 900 Wh keeps buyers and sellers apart', line, example),
		cleared('a line that is never full', {...base, lineLimitWh: 1501}, example),
		cleared('a line that is full with nothing left over', {...base, lineLimitWh: 1500}, example),
		cleared('a line that ends between two tiers of both sides', {...base, lineLimitWh: 800}, [
			order(1, 'a', 'sell', 800, 100_000),
			order(2, 'b', 'sell', 500, 150_000),
			order(3, 'c', 'buy', 800, 280_000),
			order(4, 'd', 'buy', 900, 220_000),
		]),
		cleared('the middle of the band', {...base, pricing: 2}, example),
		cleared('three bids at 30 and ten at 20 against five asks at 10', free, [
			order(1, 'b1', 'buy', 3, 30_000),
			order(2, 'b2', 'buy', 10, 20_000),
			order(3, 's1', 'sell', 5, 10_000),
		]),
		cleared('no orders', base, []),
		cleared('bids alone', base, [order(1, 'b1', 'buy', 3, 200_000), order(2, 'b2', 'buy', 4, 210_000)]),
		cleared('asks alone', base, [order(1, 's1', 'sell', 3, 90_000)]),
		cleared('an ask at zero alone', free, [order(1, 's1', 'sell', 3, 0)]),
		cleared('sides that do not meet', base, [order(1, 'b1', 'buy', 5, 130_000), order(2, 's1', 'sell', 5, 95_000)]),
		cleared('both sides fully served', base, [
			order(1, 'b1', 'buy', 5, 230_000),
			order(2, 's1', 'sell', 3, 95_000),
			order(3, 's2', 'sell', 2, 96_001),
		]),
		cleared('both sides fully served, with orders behind them', base, [
			order(1, 'b1', 'buy', 5, 230_000),
			order(2, 'b2', 'buy', 5, 130_000),
			order(3, 's1', 'sell', 5, 95_000),
			order(4, 's2', 'sell', 2, 185_000),
		]),
		cleared('sellers exhausted', base, [order(1, 'b1', 'buy', 50, 230_000), order(2, 's1', 'sell', 3, 95_000)]),
		cleared('buyers exhausted', base, [order(1, 'b1', 'buy', 5, 230_000), order(2, 's1', 'sell', 30, 95_000)]),
		cleared('a bid and an ask at the same price, both with more behind', base, [
			order(1, 'b1', 'buy', 5, 160_000),
			order(2, 'b2', 'buy', 5, 150_000),
			order(3, 's1', 'sell', 5, 120_000),
			order(4, 's2', 'sell', 5, 130_000),
		]),
		cleared('remainders that tie go to the smaller key', base, [
			order(1, 's1', 'sell', 10, 90_000),
			...Array.from({length: 7}, (_, at) => order(2 + at, `tie ${at}`, 'buy', 3, 200_000)),
		]),
		cleared('the largest quantities and prices', wide, [
			...Array.from({length: 6}, (_, at) => order(1 + at, `large sell ${at}`, 'sell', most, Number.MAX_SAFE_INTEGER - (at % 3))),
			...Array.from({length: 5}, (_, at) => order(11 + at, `large buy ${at}`, 'buy', most, Number.MAX_SAFE_INTEGER - (at % 2))),
		]),
		...[7, 8, 100].map(count => cleared(`${count} tiers a side`, base, manyPrices(count, `many ${count}`, base))),
	];
}

// Certificates.

const shown = ({price, quantityWh, ordersRoot}: reference.ReferenceTier): Tier => ({
	price: `${price}`,
	quantityWh: `${quantityWh}`,
	ordersRoot,
});
const noTier: Tier = {price: '0', quantityWh: '0', ordersRoot: reference.zero};

/** Opens the tier in which a volume ends, and the one behind it if that is fully served. */
function side(which: 'buy' | 'sell', tiers: readonly reference.ReferenceTier[], volumeWh: bigint): Side {
	const {nodes, pad} = tierTree(which, tiers);
	let [index, served] = [0, 0n];
	for (const [at, {quantityWh}] of tiers.entries()) {
		if (served >= volumeWh) break;
		index = at;
		served += quantityWh;
	}
	const open = (at: number): [Tier, string] => [shown(tiers[at] ?? sentinels[which]), reference.pathOf('tiers', nodes, at, pad)];
	const [last, lastPath] = open(index);
	if (volumeWh === 0n || served !== volumeWh) return {index, last, lastPath, next: noTier, nextPath: '0x'};
	const [next, nextPath] = open(index + 1);
	return {index, last, lastPath, next, nextPath};
}

type Claim = {
	readonly name: string;
	readonly params: Params;
	readonly header: Header;
	readonly bids: Side;
	readonly asks: Side;
};

const certificateCase = (claim: Claim, valid: boolean): CertificateCase => ({
	name: claim.name,
	params: claim.params,
	header: claim.header,
	headerHash: headerHash(claim.header),
	bids: claim.bids,
	asks: claim.asks,
	valid,
});

/** The openings for a header over these trees, whatever it claims. */
function claimOf({slotCase, bids, asks}: Cleared, change: Partial<Header> = {}): Claim {
	const header = {...slotCase.header, ...change};
	const volumeWh = BigInt(header.volumeWh);
	return {
		name: slotCase.name,
		params: slotCase.params,
		header,
		bids: side('buy', bids, volumeWh),
		asks: side('sell', asks, volumeWh),
	};
}

/** A byte of packed hex turned into another. */
function flipByte(hex: string, at: number): string {
	const digits = (Number.parseInt(hex.slice(2 + 2 * at, 4 + 2 * at), 16) ^ 1).toString(16).padStart(2, '0');
	return `${hex.slice(0, 2 + 2 * at)}${digits}${hex.slice(4 + 2 * at)}`;
}

/** Each turns a true certificate into some that lie, or into none where the mutation means nothing. */
const certificateMutations: Record<
	string,
	{readonly about: string; readonly mutate: (claim: Claim, cleared: Cleared) => Partial<Claim>[]}
> = {
	'wrong-price': {
		about: 'A price is one too high or too low, or both are.',
		mutate: ({header}) =>
			header.volumeWh === 0
				? [{header: {...header, priceBuy: 1, priceSell: 1}}]
				: [-1, 1].flatMap(step => [
						{header: {...header, priceBuy: header.priceBuy + step}},
						{header: {...header, priceSell: header.priceSell + step}},
						{header: {...header, priceBuy: header.priceBuy + step, priceSell: header.priceSell + step}},
					]),
	},
	'other-volume': {
		about: 'The volume is another, with the openings that it would need and the prices of the true one, or none.',
		mutate: ({header}, made) =>
			[header.volumeWh - 1, header.volumeWh + 1, Math.floor(header.volumeWh / 2), 0].flatMap(volumeWh => {
				if (volumeWh < 0 || volumeWh === header.volumeWh) return [];
				const prices = volumeWh === 0 ? {priceBuy: 0, priceSell: 0} : {};
				return [claimOf(made, {volumeWh, ...prices})];
			}),
	},
	'volume-alone': {
		about: 'The volume is one too high or too low, with the openings of the true one.',
		mutate: ({header}) =>
			[-1, 1].flatMap(step => (header.volumeWh + step < 0 ? [] : [{header: {...header, volumeWh: header.volumeWh + step}}])),
	},
	'wrong-index': {
		about: 'The last tier that got something is said to be another place.',
		mutate: ({header, bids, asks}) =>
			header.volumeWh === 0
				? []
				: [-1, 1].flatMap(step => [
						...(bids.index + step < 0 ? [] : [{bids: {...bids, index: bids.index + step}}]),
						...(asks.index + step < 0 ? [] : [{asks: {...asks, index: asks.index + step}}]),
					]),
	},
	'wrong-tier': {
		about: 'A tier that is opened has another price, quantity or root of its orders.',
		mutate: ({bids, asks}) => {
			const others = (tier: Tier): Tier[] => [
				{...tier, price: `${(BigInt(tier.price) + 1n) % 2n ** 64n}`},
				{...tier, quantityWh: `${BigInt(tier.quantityWh) + 1n}`},
				{...tier, ordersRoot: labelled('another root')},
			];
			return [
				...others(bids.last).map(last => ({bids: {...bids, last}})),
				...others(asks.last).map(last => ({asks: {...asks, last}})),
				...(bids.nextPath === '0x' ? [] : others(bids.next).map(next => ({bids: {...bids, next}}))),
				...(asks.nextPath === '0x' ? [] : others(asks.next).map(next => ({asks: {...asks, next}}))),
			];
		},
	},
	'wrong-path': {
		about: 'A byte of a path is another, in a hash or in a sum.',
		mutate: ({bids, asks}) =>
			(['lastPath', 'nextPath'] as const).flatMap(which =>
				[0, 31, 32, 39].flatMap(at => [
					...(bids[which] === '0x' ? [] : [{bids: {...bids, [which]: flipByte(bids[which], at)}}]),
					...(asks[which] === '0x' ? [] : [{asks: {...asks, [which]: flipByte(asks[which], at)}}]),
				]),
			),
	},
	'path-length': {
		about: 'A path is a level too long or too short, or not a whole number of levels.',
		mutate: ({bids, asks}) => {
			const others = (path: string): string[] => [
				`${path}${'00'.repeat(40)}`,
				`${path}00`,
				...(path === '0x' ? [] : [path.slice(0, -80), `0x${path.slice(82)}`]),
			];
			return [
				...others(bids.lastPath).map(lastPath => ({bids: {...bids, lastPath}})),
				...others(asks.lastPath).map(lastPath => ({asks: {...asks, lastPath}})),
			];
		},
	},
	'wrong-root': {
		about: 'The root of a side is another, or that of the other side.',
		mutate: ({header}) => [
			{header: {...header, bidRoot: labelled('another root')}},
			{header: {...header, askRoot: labelled('another root')}},
			{header: {...header, bidRoot: header.askRoot, askRoot: header.bidRoot}},
		],
	},
	'no-next': {
		about: 'The tier behind a fully served one is not shown, or the fully served one in its place.',
		mutate: ({bids, asks}) => [
			...(bids.nextPath === '0x'
				? []
				: [{bids: {...bids, next: noTier, nextPath: '0x'}}, {bids: {...bids, next: bids.last, nextPath: bids.lastPath}}]),
			...(asks.nextPath === '0x'
				? []
				: [{asks: {...asks, next: noTier, nextPath: '0x'}}, {asks: {...asks, next: asks.last, nextPath: asks.lastPath}}]),
		],
	},
	'depth-by-count': {
		about: 'The number of tiers is one that gives another depth.',
		mutate: ({header}) => [
			{header: {...header, bidTiers: 2 * header.bidTiers + 2}},
			{header: {...header, askTiers: 2 * header.askTiers + 2}},
		],
	},
	'line-limit': {
		about: 'The line carries less than was traded, or more where it kept buyers and sellers apart.',
		mutate: ({params, header}) => [
			...(header.volumeWh < 2 ? [] : [{params: {...params, lineLimitWh: header.volumeWh - 1}}]),
			...(header.priceBuy === header.priceSell
				? []
				: [{params: {...params, lineLimitWh: header.volumeWh + 1}}, {params: {...params, lineLimitWh: 0}}]),
		],
	},
	'out-of-band': {
		about: 'The tariff leaves no room for the price.',
		mutate: ({params, header}) =>
			header.volumeWh === 0 || params.pricing === 2
				? []
				: [
						{params: {...params, feedInMicroPerKwh: header.priceSell + 1, retailMicroPerKwh: Number.MAX_SAFE_INTEGER}},
						...(header.priceBuy === 0
							? []
							: [{params: {...params, feedInMicroPerKwh: 0, retailMicroPerKwh: header.priceBuy + params.gridFeeMicroPerKwh - 1}}]),
					],
	},
	'not-the-middle': {
		about: 'A market at one price traded at another, or has more than one tier a side.',
		mutate: ({params, header}) =>
			header.bidTiers > 1 || header.askTiers > 1
				? [{params: {...params, pricing: 2}}]
				: params.pricing === 2
					? [{params: {...params, retailMicroPerKwh: params.retailMicroPerKwh + 2}}]
					: [],
	},
};

/** Trees that lie, with openings that are true of them. */
function brokenTrees(): Claim[] {
	const tier = (price: bigint, quantityWh: bigint): reference.ReferenceTier => ({
		price,
		quantityWh,
		ordersRoot: labelled(`orders at ${price}`),
	});
	const made = (
		name: string,
		bids: readonly reference.ReferenceTier[],
		asks: readonly reference.ReferenceTier[],
		claimed: Partial<Header>,
	): Claim => {
		const header: Header = {
			slot,
			paramsVersion: 1,
			mode: 2,
			orderCount: 9,
			orderSetRoot: labelled('order set'),
			bidTiers: bids.length,
			bidRoot: tierRoot('buy', bids),
			askTiers: asks.length,
			askRoot: tierRoot('sell', asks),
			volumeWh: 0,
			priceBuy: 0,
			priceSell: 0,
			...claimed,
		};
		const volumeWh = BigInt(header.volumeWh);
		return {name, params: base, header, bids: side('buy', bids, volumeWh), asks: side('sell', asks, volumeWh)};
	};
	const prices = {priceBuy: 150_000, priceSell: 150_000};
	return [
		made('the next bid is dearer than the last', [tier(150_000n, 5n), tier(160_000n, 5n)], [tier(100_000n, 5n)], {volumeWh: 5, ...prices}),
		made('the next bid is as dear as the last', [tier(150_000n, 5n), tier(150_000n, 5n)], [tier(100_000n, 5n)], {volumeWh: 5, ...prices}),
		made('the next ask is cheaper than the last', [tier(200_000n, 5n)], [tier(150_000n, 5n), tier(140_000n, 5n)], {volumeWh: 5, ...prices}),
		made('the last bid does not pay the last ask', [tier(140_000n, 5n)], [tier(150_000n, 5n)], {volumeWh: 5, ...prices}),
		made('a tier without quantity', [tier(160_000n, 0n), tier(150_000n, 5n)], [tier(150_000n, 5n)], {
			volumeWh: 0,
			priceBuy: 0,
			priceSell: 0,
		}),
		made('more is traded than there are bids', [tier(160_000n, 5n)], [tier(150_000n, 50n)], {volumeWh: 6, ...prices}),
		{
			...made('a tier behind the last is hidden by the count', [tier(150_000n, 5n), tier(140_000n, 5n)], [tier(100_000n, 5n)], {
				volumeWh: 5,
				priceBuy: 125_000,
				priceSell: 125_000,
			}),
		},
	].map(claim => (claim.name.startsWith('a tier behind') ? {...claim, header: {...claim.header, bidTiers: 1}} : claim));
}

function certificateFiles(made: readonly Cleared[]): Map<string, File> {
	const files = new Map<string, File>();
	const large = [1000, 1023].map(count => cleared(`${count} tiers a side`, base, manyPrices(count, `many ${count}`, base)));
	files.set('happy-path', {
		about: 'True certificates: of the slots, and of sides with a thousand tiers.',
		cases: [...made, ...large].map(one => certificateCase(claimOf(one), true)),
	});
	const bases = made.filter(({slotCase}) => slotCase.header.bidTiers < 100);
	for (const [mutation, {about, mutate}] of Object.entries(certificateMutations)) {
		const cases = bases.flatMap(one => {
			const claim = claimOf(one);
			return mutate(claim, one).map((change, at) =>
				certificateCase({...claim, ...change, name: `${mutation} ${at + 1}, ${claim.name}`}, false),
			);
		});
		files.set(mutation, {about, cases});
	}
	files.set('broken-tree', {
		about: 'Trees that are not sorted, have empty tiers, or hide a tier by their count, each with openings that are true of it.',
		cases: brokenTrees().map(claim => certificateCase(claim, false)),
	});
	files.set('not-looked-at', {
		about: 'Changes that nobody looks at: the certificate holds all the same, and the hash of the header is another where the header is.',
		cases: bases.flatMap(one => {
			const claim = claimOf(one);
			const changes: Partial<Claim>[] = [
				{header: {...claim.header, slot: slot + 1}},
				{header: {...claim.header, paramsVersion: 2}},
				{header: {...claim.header, mode: 1}},
				{header: {...claim.header, orderCount: claim.header.orderCount + 1}},
				{header: {...claim.header, orderSetRoot: labelled('another order set')}},
				...(claim.bids.nextPath === '0x' ? [{bids: {...claim.bids, next: claim.bids.last, nextPath: claim.bids.lastPath}}] : []),
			];
			return changes.map((change, at) => certificateCase({...claim, ...change, name: `not-looked-at ${at + 1}, ${claim.name}`}, true));
		}),
	});
	return files;
}

// Paths.

const kindsOfSum = {plain: [], tiers: [8], fills: [8, 8], balances: [16, 16]} as const;

function pathCases(kind: keyof typeof kindsOfSum): PathCase[] {
	const node = (label: string, at: number): reference.Node => {
		const hash = labelled(`${kind} ${label} ${at}`);
		const number = BigInt(`0x${hash.slice(2, 10)}`);
		if (kind === 'balances') return {hash, sums: at % 2 === 0 ? [number << 60n, 0n] : [0n, number << 60n]};
		return {hash, sums: kindsOfSum[kind].map((_, i) => number >> BigInt(i))};
	};
	const texts = (sums: readonly bigint[]): string[] => sums.map(String);
	const cases: PathCase[] = [];
	for (const leaves of [1, 2, 3, 4, 5, 8, 9, 33]) {
		const nodes = Array.from({length: leaves}, (_, at) => node(`of ${leaves}`, at));
		const {hash: root, sums: total} = reference.rootOf(kind, nodes);
		for (const index of new Set([0, leaves >> 1, leaves - 1])) {
			const path = reference.pathOf(kind, nodes, index);
			const good: PathCase = {
				name: `leaf ${index} of ${leaves}`,
				leaf: nodes[index]!.hash,
				sums: texts(nodes[index]!.sums),
				index,
				leaves,
				path,
				root,
				before: texts(reference.sumsBefore(kind, nodes, index)),
				total: texts(total),
				valid: true,
			};
			cases.push(good);
			const bad = (name: string, change: Partial<PathCase>): unknown =>
				cases.push({...good, ...change, name: `${name}, ${good.name}`, valid: false});
			bad('another leaf', {leaf: labelled('another leaf')});
			bad('another root', {root: labelled('another root')});
			bad('a level too many', {path: `${path}${'00'.repeat(32 + kindsOfSum[kind].reduce((sum: number, one) => sum + one, 0))}`});
			bad('a byte too many', {path: `${path}00`});
			bad('an index outside the tree', {index: leaves});
			if (leaves === 1) continue;
			bad('another index', {index: index ^ 1});
			bad('a byte of the path', {path: flipByte(path, 31)});
			bad('a byte too few', {path: path.slice(0, -2)});
			bad('no path', {path: '0x'});
			if (kind === 'plain') continue;
			bad('a sum of the path', {path: flipByte(path, 39)});
			if (kind !== 'balances') bad('a sum of the leaf', {sums: good.sums.map((sum, at) => (at === 0 ? `${BigInt(sum) + 1n}` : sum))});
		}
	}
	if (kind === 'plain') return cases;
	const full = {hash: labelled(`${kind} full`), sums: kindsOfSum[kind].map(width => 2n ** BigInt(8 * width - 1))};
	const overflowing = reference.recordOf(kind, full);
	cases.push({
		name: 'a sum that does not fit',
		leaf: full.hash,
		sums: texts(kind === 'balances' ? [2n ** 127n - 1n, 0n] : full.sums),
		index: 0,
		leaves: 2,
		path: kind === 'balances' ? `${overflowing.slice(0, 66)}${'ff'.repeat(16)}${'00'.repeat(16)}` : overflowing,
		root: labelled('a root that nothing has'),
		before: texts(full.sums.map(() => 0n)),
		total: texts(full.sums.map(() => 0n)),
		valid: false,
	});
	return cases;
}

// Leaves.

const largest = Number.MAX_SAFE_INTEGER;

function leafFiles(): Map<string, File> {
	const orders = [
		{sequence: 0, orderHash: labelled('o'), cancellation: reference.zero},
		{sequence: 1_000_000, orderHash: labelled('p'), cancellation: labelled('q')},
		{sequence: largest, orderHash: reference.zero, cancellation: `0x${'ff'.repeat(32)}`},
	];
	const tiers = [
		{price: '180000', quantityWh: '1201', ordersRoot: labelled('r')},
		{price: '0', quantityWh: '0', ordersRoot: reference.zero},
		{price: `${2n ** 64n - 1n}`, quantityWh: '0', ordersRoot: reference.zero},
		{price: `${largest}`, quantityWh: `${2n ** 52n}`, ordersRoot: labelled('s')},
	];
	const fills = [
		{sequence: 5, orderHash: labelled('t'), meter: labelled('u'), quantityWh: 900, fillWh: 525},
		{sequence: largest, orderHash: labelled('v'), meter: labelled('w'), quantityWh: most, fillWh: 0},
	];
	const row = {
		account: addressLabelled('a'),
		slot,
		meter: labelled('m'),
		orderHash: labelled('t'),
		contractedWh: -525,
		meteredWh: -425,
		usualImportWh: 0,
		flags: 0,
		importFrom: 100,
		importTo: 115,
		exportFrom: 7,
		exportTo: 8,
		netNano: '-103500000',
		cumNano: '-103500001',
	};
	const rows = [
		row,
		{...row, orderHash: reference.zero, contractedWh: 0, meteredWh: 600, flags: 7, netNano: '48000000', cumNano: '0'},
		{
			...row,
			contractedWh: largest,
			meteredWh: -largest,
			usualImportWh: largest,
			flags: 255,
			importFrom: 2 ** 48 - 1,
			exportTo: 2 ** 48 - 1,
			netNano: `${-(2n ** 127n)}`,
			cumNano: `${2n ** 127n - 1n}`,
		},
	];
	const balances = [
		{account: addressLabelled('a'), cumNano: '-103500000', firstRow: 3, rowCount: 96},
		{account: addressLabelled('b'), cumNano: '0', firstRow: 0, rowCount: 0},
		{account: addressLabelled('c'), cumNano: `${2n ** 127n - 1n}`, firstRow: most, rowCount: most},
		{account: addressLabelled('d'), cumNano: `${-(2n ** 127n)}`, firstRow: 1, rowCount: 1},
	];
	const days = [
		{day: 20_625, rowCount: 960_000, rowsRoot: labelled('x'), accountCount: 10_003, balancesRoot: labelled('y')},
		{day: largest, rowCount: 0, rowsRoot: reference.zero, accountCount: most, balancesRoot: reference.zero},
	];
	const dayTypes = ['uint64', 'uint32', 'bytes32', 'uint32', 'bytes32'];
	return new Map<string, File>([
		[
			'orders',
			{
				about: 'Leaves of the set of orders; `cancellation` is zero for an order that stands.',
				cases: orders.map(one => ({...one, hash: reference.orderLeaf(one).hash})),
			},
		],
		[
			'tiers',
			{
				about: 'Leaves of tier trees, sentinels among them; prices and quantities are decimal text.',
				cases: tiers.map(one => ({...one, hash: reference.tierLeaf(BigInt(one.price), BigInt(one.quantityWh), one.ordersRoot).hash})),
			},
		],
		['fills', {about: 'Leaves of fill trees.', cases: fills.map(one => ({...one, hash: reference.fillLeaf(one).hash}))}],
		[
			'rows',
			{
				about: 'Leaves of rows, with their 174 bytes; amounts are decimal text.',
				cases: rows.map(one => ({...one, bytes: reference.rowBytes(one), hash: reference.rowLeaf(one).hash})),
			},
		],
		[
			'balances',
			{
				about: 'Leaves of balance trees; amounts are decimal text.',
				cases: balances.map(one => ({...one, hash: reference.balanceLeaf({...one, cumNano: BigInt(one.cumNano)}).hash})),
			},
		],
		[
			'days',
			{
				about: 'Headers of days, hashed as abi.encode has them.',
				cases: days.map(one => ({...one, hash: reference.abiHash(Object.values(one).map((value, at) => [dayTypes[at]!, value]))})),
			},
		],
	]);
}

// Money.

function netCases(): NetCase[] {
	const net = (name: string, contractedWh: number, meteredWh: number, priceBuy = 180_000, priceSell = 180_000, params = base): NetCase => {
		const [c, m, pb, ps] = [contractedWh, meteredWh, priceBuy, priceSell].map(BigInt) as [bigint, bigint, bigint, bigint];
		return {name, params, contractedWh, meteredWh, priceBuy, priceSell, netNano: `${reference.netOf(c, m, pb, ps, params)}`};
	};
	return [
		net('a seller short of 400 Wh', 1000, 600),
		net('a seller long of 60 Wh', 500, 560),
		net('a buyer who took what he bought', -800, -800),
		net('a buyer who took 100 Wh less', -525, -425),
		net('a buyer whose reading is missing', -175, -175),
		net('the same buyer with his late reading', -175, -300),
		net('a seller whose reading is missing', 1000, 0),
		net('a seller without any generation while the others are long', 1000, 0),
		net('a seller long of 2500 Wh', 500, 3000),
		net('a buyer who took 75 Wh more', -525, -600),
		net('exactly as contracted', 1000, 1000),
		net('no contract, fed in', 0, 600, 0, 0),
		net('no contract, taken', 0, -600, 0, 0),
		net('nothing at all', 0, 0, 0, 0),
		net('a buyer who fed in', -500, 200),
		net('a seller who took', 500, -200),
		net('a buyer before a full line', -800, -800, 180_000, 100_000),
		net('a seller behind a full line', 900, 900, 180_000, 100_000),
		net('the most that fits', most, -most, largest, largest, wide),
		net('the most that fits, bought', -most, most, largest, largest, wide),
	];
}

// What is signed.

const domain = {name: 'Kedge Energy Market', version: '1', chainId: 31_337, verifyingContract: addressLabelled('the market')};
const market = labelled('market');

/** A type, in the words of EIP-712, and values of it. */
const signed: Record<
	string,
	{readonly type: string; readonly fields: readonly TypedDataField[]; readonly values: readonly Record<string, unknown>[]}
> = {
	orders: {
		type: 'Order',
		fields: [
			['address', 'trader'],
			['bytes32', 'market'],
			['bytes32', 'meter'],
			['uint8', 'side'],
			['uint8', 'mode'],
			['uint64', 'slotFrom'],
			['uint32', 'slotCount'],
			['uint64', 'quantityWh'],
			['uint64', 'limitMicroPerKwh'],
			['uint64', 'minQuantityWh'],
			['uint64', 'validUntil'],
			['uint64', 'counter'],
			['uint256', 'salt'],
		].map(([type, name]) => ({type: type!, name: name!})),
		values: [
			{
				trader: '',
				market,
				meter: labelled('meter A'),
				side: 2,
				mode: 2,
				slotFrom: slot,
				slotCount: 1,
				quantityWh: 1000,
				limitMicroPerKwh: 100_000,
				minQuantityWh: 0,
				validUntil: 1_782_039_300,
				counter: 0,
				salt: '1',
			},
			{
				trader: '',
				market,
				meter: labelled('meter C'),
				side: 1,
				mode: 1,
				slotFrom: largest,
				slotCount: most,
				quantityWh: largest,
				limitMicroPerKwh: largest,
				minQuantityWh: largest,
				validUntil: largest,
				counter: largest,
				salt: `${2n ** 256n - 1n}`,
			},
		],
	},
	cancellations: {
		type: 'OrderCancellation',
		fields: [{type: 'bytes32[]', name: 'hashes'}],
		values: [{hashes: [labelled('order A'), labelled('order B')]}, {hashes: []}],
	},
	'counter-increments': {
		type: 'CounterIncrement',
		fields: [
			{type: 'address', name: 'trader'},
			{type: 'bytes32', name: 'market'},
			{type: 'uint64', name: 'counter'},
		],
		values: [{trader: '', market, counter: 7}],
	},
	delegations: {
		type: 'Delegation',
		fields: [
			['address', 'owner'],
			['address', 'agent'],
			['bytes32', 'market'],
			['bytes32', 'meter'],
			['uint64', 'maxWhPerSlot'],
			['uint64', 'minSellMicroPerKwh'],
			['uint64', 'maxBuyMicroPerKwh'],
			['uint64', 'notBefore'],
			['uint64', 'notAfter'],
			['uint256', 'nonce'],
		].map(([type, name]) => ({type: type!, name: name!})),
		values: [
			{
				owner: '',
				agent: addressLabelled('agent'),
				market,
				meter: labelled('meter A'),
				maxWhPerSlot: 2500,
				minSellMicroPerKwh: 90_000,
				maxBuyMicroPerKwh: 250_000,
				notBefore: 1_782_000_000,
				notAfter: 1_790_000_000,
				nonce: '3',
			},
		],
	},
	revocations: {
		type: 'DelegationRevocation',
		fields: [{type: 'bytes32', name: 'delegation'}],
		values: [{delegation: labelled('delegation')}],
	},
	acknowledgements: {
		type: 'Acknowledgement',
		fields: [
			{type: 'bytes32', name: 'orderHash'},
			{type: 'bytes32', name: 'market'},
			{type: 'uint64', name: 'slot'},
			{type: 'uint64', name: 'sequence'},
			{type: 'uint64', name: 'receivedAt'},
		],
		values: [{orderHash: labelled('order A'), market, slot, sequence: 17, receivedAt: 1_782_038_000}],
	},
	'slot-statements': {
		type: 'SlotStatement',
		fields: [
			{type: 'bytes32', name: 'market'},
			{type: 'uint64', name: 'slot'},
			{type: 'bytes32', name: 'headerHash'},
		],
		values: [{market, slot, headerHash: labelled('header')}],
	},
	payouts: {
		type: 'Payout',
		fields: [
			{type: 'address', name: 'account'},
			{type: 'address', name: 'to'},
			{type: 'bytes32', name: 'market'},
			{type: 'uint64', name: 'validUntil'},
			{type: 'uint256', name: 'nonce'},
		],
		values: [{account: '', to: addressLabelled('payee'), market, validUntil: 1_790_000_000, nonce: `${2n ** 200n}`}],
	},
};

function signedFiles(): Map<string, File> {
	return new Map(
		Object.entries(signed).map(([file, {type, fields, values}]) => [
			file,
			{
				about: `${type} under the domain of each case, signed by a key of the vectors' own. Numbers of 256 bits are decimal text.`,
				cases: values.map((value, at) => {
					const key = new SigningKey(labelled(`key ${file} ${at}`));
					const signer = addressOf(key);
					// Who an account of it is, signs.
					const whole = Object.fromEntries(Object.entries(value).map(([name, one]) => [name, one === '' ? signer : one]));
					const digest = TypedDataEncoder.hash(domain, {[type]: [...fields]}, whole);
					return {
						chainId: domain.chainId,
						verifyingContract: domain.verifyingContract,
						...whole,
						digest,
						signature: key.sign(digest).serialized,
						signer,
					};
				}),
			},
		]),
	);
}

function addressOf(key: SigningKey): string {
	return `0x${reference.keccakOf(`0x${key.publicKey.slice(4)}`).slice(26)}`;
}

/** Path below test/vectors to the text of the file. */
export function marketVectorFiles(): Map<string, string> {
	const made = slots();
	const files = new Map<string, File>();
	const put = (folder: string, more: ReadonlyMap<string, File>): void => {
		for (const [name, file] of more) files.set(`market/${folder}${name}.json`, file);
	};
	put(
		'',
		new Map<string, File>([
			[
				'slots',
				{
					about: 'Slots from their orders to what they got and to the header. Buy limits are all-in; orders come by rising sequence.',
					cases: made.map(({slotCase}) => slotCase),
				},
			],
			['nets', {about: 'Rows by the settlement formula; amounts are decimal text.', cases: netCases()}],
		]),
	);
	put('certificate/', certificateFiles(made));
	put('leaf/', leafFiles());
	put('signed/', signedFiles());
	put(
		'path/',
		new Map(
			(['plain', 'tiers', 'fills', 'balances'] as const).map(kind => [
				kind,
				{about: `Paths in a tree of ${kind}; sums are decimal text.`, cases: pathCases(kind)},
			]),
		),
	);
	return new Map([...files].map(([path, {about, cases}]) => [path, textOf(about, cases)]));
}

function textOf(about: string, cases: readonly object[]): string {
	const lines = cases.map(one => `\t\t${JSON.stringify(one)}`);
	return `{\n\t"about": ${JSON.stringify(about)},\n\t"cases": [\n${lines.join(',\n')}\n\t]\n}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
	for (const [path, text] of marketVectorFiles()) {
		const file = join('test', 'vectors', path);
		mkdirSync(dirname(file), {recursive: true});
		writeFileSync(file, text);
	}
}
