import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {fromHex, toPrefixedHex} from '../../agent/base/bytes.ts';
import {type Certificate, certificateProblem, commitSlot, orderSetOf, type SlotOrder} from '../../agent/trade/certificate.ts';
import {clear, type Rules} from '../../agent/trade/clear.ts';
import {
	balanceLeafRecord,
	dayHeaderHash,
	fillLeafRecord,
	orderLeafRecord,
	readRowLeaf,
	rowLeafBytes,
	rowLeafRecord,
	type SlotHeader,
	slotHeaderHash,
	tierLeafRecord,
	zeroHash,
} from '../../agent/trade/commitment.ts';
import {settleRow} from '../../agent/trade/settle.ts';
import {
	balanceTree,
	climb,
	depthOf,
	fillTree,
	plainTree,
	recordLengthOf,
	sumsOf,
	type TreeKind,
	tierTree,
} from '../../agent/trade/sum-tree.ts';
import {createDigests, type Digests, signerOf} from '../../agent/trade/typed-data.ts';
import {
	type CertificateCase,
	type Header,
	marketVectorFiles,
	type NetCase,
	type Params,
	type PathCase,
	type Side,
	type SlotCase,
} from '../helpers/make-market-vectors.ts';

const folder = join('test', 'vectors', 'market');
const casesOf = <Case>(path: string): Case[] => JSON.parse(readFileSync(join(folder, path), 'utf8')).cases;
const namesIn = (path: string): string[] => readdirSync(join(folder, path));
const bytesOf = (text: string): Uint8Array => fromHex(text.slice(2))!;

const rulesOf = ({lineLimitWh, pricing, ...tariff}: Params): Rules => ({
	...tariff,
	lineLimitWh: lineLimitWh === 0 ? undefined : lineLimitWh,
	pricing: pricing === 1 ? 'auction' : 'midmarket',
});

function headerOf({priceBuy, priceSell, mode, ...rest}: Header): SlotHeader {
	return {...rest, mode: mode === 1 ? 'metered' : 'forward', priceBuyMicroPerKwh: priceBuy, priceSellMicroPerKwh: priceSell};
}

function recordsOf(path: string, length: number): Uint8Array[] {
	const bytes = bytesOf(path);
	return Array.from({length: Math.ceil(bytes.length / length)}, (_, at) => bytes.slice(at * length, (at + 1) * length));
}

test('the committed vectors of the market are what the generator makes, no file more and none less', t => {
	const files = marketVectorFiles();
	for (const [path, text] of files) t.true(readFileSync(join('test', 'vectors', path), 'utf8') === text, `${path} differs`);
	const committed = readdirSync(folder, {recursive: true, encoding: 'utf8'}).filter(path => path.endsWith('.json'));
	t.deepEqual(committed.map(path => `market/${path.replaceAll('\\', '/')}`).sort(), [...files.keys()].sort());
});

for (const file of namesIn('certificate')) {
	test(`P22: certificates of ${file} are judged as the contract judges them`, t => {
		const cases = casesOf<CertificateCase>(join('certificate', file));
		t.true(cases.length > 0);
		for (const {name, params, header, headerHash, bids, asks, valid} of cases) {
			const sideOf = ({index, last, lastPath, next, nextPath}: Side): Certificate['bids'] => {
				const open = (tier: Side['last'], path: string): Certificate['bids']['last'] => ({
					tier: {priceMicroPerKwh: BigInt(tier.price), quantityWh: BigInt(tier.quantityWh), ordersRoot: tier.ordersRoot},
					path: recordsOf(path, recordLengthOf(tierTree)),
				});
				// On the chain an opening that is not there is an empty one.
				return {lastIndex: index, last: open(last, lastPath), next: open(next, nextPath)};
			};
			const problem = certificateProblem(headerOf(header), {bids: sideOf(bids), asks: sideOf(asks)}, rulesOf(params));
			t.is(problem === undefined, valid, `${name}: ${problem}`);
			t.is(toPrefixedHex(slotHeaderHash(headerOf(header))), headerHash);
		}
	});
}

test('slots clear to the header of their vector, and to its fills', t => {
	for (const {name, params, orders, cancelled, fillsWh, header, headerHash} of casesOf<SlotCase>('slots.json')) {
		const leaves = [
			...orders.map(({sequence, hash}) => ({sequence, orderHash: hash, cancellation: undefined})),
			...cancelled.map(({sequence, hash, cancellation}) => ({sequence, orderHash: hash, cancellation})),
		].sort((a, b) => a.sequence - b.sequence);
		const set = orderSetOf(leaves);
		const slotOrders = orders.map((one): SlotOrder => ({...one, minQuantityWh: 0}));
		const cleared = clear(slotOrders, rulesOf(params), set.seed);
		t.deepEqual(cleared.fillsWh, fillsWh, name);
		const made = commitSlot({slot: header.slot, paramsVersion: 1, mode: 'forward'}, set, slotOrders, cleared);
		t.deepEqual(made.header, headerOf(header), name);
		t.is(made.headerHash, headerHash, name);
		t.is(certificateProblem(made.header, made.certificate, rulesOf(params)), undefined);
	}
});

const kinds: Record<string, TreeKind> = {plain: plainTree, tiers: tierTree, fills: fillTree, balances: balanceTree};
for (const [name, kind] of Object.entries(kinds)) {
	test(`paths in a tree of ${name} lead where their vector says, and the false ones nowhere`, t => {
		for (const one of casesOf<PathCase>(`path/${name}.json`)) {
			const leaf = new Uint8Array(recordLengthOf(kind));
			leaf.set(bytesOf(one.leaf));
			let at = 32;
			for (const [i, sum] of one.sums.entries()) {
				const width = kind.sumLengths[i]!;
				leaf.set(
					bytesOf(
						`0x${BigInt(sum)
							.toString(16)
							.padStart(2 * width, '0')}`,
					),
					at,
				);
				at += width;
			}
			const fits = one.index < one.leaves && one.path.length === 2 + 2 * recordLengthOf(kind) * depthOf(one.leaves);
			const climbed = fits ? climb(kind, leaf, one.index, recordsOf(one.path, recordLengthOf(kind))) : undefined;
			t.is(climbed !== undefined && toPrefixedHex(climbed.rootRecord.subarray(0, 32)) === one.root, one.valid, one.name);
			if (!one.valid) continue;
			t.deepEqual(sumsOf(kind, climbed!.rootRecord).map(String), one.total);
			t.deepEqual(climbed!.before.map(String), one.before);
		}
	});
}

type Leaf = Readonly<Record<string, never>> & {readonly hash: string};

test('leaves and the headers of days have the hashes of their vectors', t => {
	const hashOf = (record: Uint8Array): string => toPrefixedHex(record.subarray(0, 32));
	const named = (text: string): string | undefined => (text === zeroHash ? undefined : text);
	for (const one of casesOf<Leaf>('leaf/orders.json'))
		t.is(hashOf(orderLeafRecord({...one, cancellation: named(one.cancellation!)} as never)), one.hash);
	for (const {price, quantityWh, ordersRoot, hash} of casesOf<Leaf>('leaf/tiers.json'))
		t.is(hashOf(tierLeafRecord({priceMicroPerKwh: BigInt(price!), quantityWh: BigInt(quantityWh!), ordersRoot: ordersRoot!})), hash);
	for (const one of casesOf<Leaf>('leaf/fills.json')) t.is(hashOf(fillLeafRecord(one as never)), one.hash);
	for (const one of casesOf<Leaf>('leaf/balances.json'))
		t.is(hashOf(balanceLeafRecord({...one, cumNano: BigInt(one.cumNano!)} as never)), one.hash);
	for (const one of casesOf<Leaf>('leaf/days.json')) t.is(toPrefixedHex(dayHeaderHash(one as never)), one.hash);
	for (const {bytes, hash, ...row} of casesOf<Leaf>('leaf/rows.json')) {
		const full = {...row, orderHash: named(row.orderHash!), netNano: BigInt(row.netNano!), cumNano: BigInt(row.cumNano!)} as never;
		t.is(toPrefixedHex(rowLeafBytes(full)), bytes!);
		t.is(hashOf(rowLeafRecord(full)), hash);
		t.deepEqual(readRowLeaf(bytesOf(bytes!)), full);
	}
});

test('rows come to the money of their vectors', t => {
	for (const {name, params, contractedWh, meteredWh, priceBuy, priceSell, netNano} of casesOf<NetCase>('nets.json')) {
		const row = settleRow(
			{account: 'A', contractedWh, meteredWh, usualImportWh: 0},
			{priceBuyMicroPerKwh: priceBuy, priceSellMicroPerKwh: priceSell},
			rulesOf(params),
		);
		t.is(`${row.netNano}`, netNano, name);
	}
});

const digestOf: Record<string, keyof Digests> = {
	'acknowledgements.json': 'acknowledgement',
	'cancellations.json': 'cancellation',
	'counter-increments.json': 'counterIncrement',
	'delegations.json': 'delegation',
	'orders.json': 'order',
	'payouts.json': 'payout',
	'revocations.json': 'revocation',
	'slot-statements.json': 'slotStatement',
};

test('what is signed has the digest and the signer of its vector', t => {
	t.deepEqual(namesIn('signed').sort(), Object.keys(digestOf).sort());
	for (const [file, name] of Object.entries(digestOf))
		for (const one of casesOf<Record<string, never>>(`signed/${file}`)) {
			const {chainId, verifyingContract, digest, signature, signer, ...fields} = one;
			const words = {
				...fields,
				...('salt' in fields ? {salt: BigInt(fields.salt!)} : {}),
				...('nonce' in fields ? {nonce: BigInt(fields.nonce!)} : {}),
				...('side' in fields ? {side: fields.side === 1 ? 'buy' : 'sell', mode: fields.mode === 1 ? 'metered' : 'forward'} : {}),
			};
			const made = createDigests({chainId: chainId!, verifyingContract: verifyingContract!})[name](words as never);
			t.is(toPrefixedHex(made), digest!, file);
			t.is(signerOf(made, bytesOf(signature!)), signer!, file);
		}
});
