// A shipment's money on a real chain, moved by what a real log says: a good verdict pays, an excursion refunds, an indeterminate one waits.
import test, {type ExecutionContext} from 'ava';
import {getCreateAddress, Interface} from 'ethers';
import {type Chain, encodeAnchor, openChain} from '../../agent/anchor/chain.ts';
import {
	deployColdChainEscrow,
	type EscrowChain,
	openEscrowChain,
	type ShipmentTerms,
	type ShownEntry,
	type ShownHead,
} from '../../agent/anchor/cold-chain-escrow.ts';
import {deployRegistry, openLogAt, transact} from '../../agent/anchor/deploy.ts';
import {signerFromKey} from '../../agent/anchor/keystore.ts';
import {toPrefixedHex, utf8} from '../../agent/base/bytes.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {kinds, qualities, statementKinds} from '../../agent/format/entry.ts';
import {encodeStatement} from '../../agent/format/statement.ts';
import {accountUrn, channelUrn, subjectHash} from '../../agent/format/subject.ts';
import {finePerMilli} from '../../agent/ledgers/coldchain/exact.ts';
import {openSeries} from '../../agent/ledgers/coldchain/excursions.ts';
import type {Channel} from '../../agent/log/channels.ts';
import type {Log} from '../../agent/log/log.ts';
import {coldChainEscrowAbi} from '../../contracts/generated/cold-chain-escrow.ts';
import {testTokenAbi, testTokenBytecode} from '../../contracts/generated/test-token.ts';
import {type Anvil, anvilChainId, richKey, startAnvil} from '../helpers/anvil.ts';
import {checkLog} from '../helpers/check-log.ts';
import {append, createLogWorld, createSeededRandom, draftOf, startMs} from '../helpers/log-world.ts';
import {hastyClock} from './world.ts';

const verdicts = {good: 1n, excursion: 2n, indeterminate: 3n} as const;
const minuteMs = 60_000;
const windowS = 7200;
const temperature = 30;
const amount = 5_000_000n;
const salts = Array.from({length: 16}, (_, at) => `0x${at.toString(16).padStart(64, '0')}`);

const rich = signerFromKey(richKey);
const buyer = signerFromKey(`0x${'b'.repeat(64)}`);
const seller = signerFromKey(`0x${'5'.repeat(64)}`);
const arbiter = signerFromKey(`0x${'a'.repeat(64)}`);
const tokenInterface = new Interface(testTokenAbi);

let anvil: Anvil;
let chain: Chain;
let registry: string;
let token: string;
let contract: string;
let deployGas: number;
const needsOf = (signer: typeof rich) => ({chain, clock: hastyClock, signer});

async function balanceOf(account: string): Promise<bigint> {
	const answer = await chain.read(token, tokenInterface.encodeFunctionData('balanceOf', [account]));
	return 'value' in answer ? BigInt(answer.value) : -1n;
}

async function pass(byS: number): Promise<void> {
	await anvil.rpc('evm_increaseTime', byS);
	await anvil.mine(1);
}

test.before(async () => {
	anvil = await startAnvil();
	chain = openChain({url: anvil.url, chainId: anvilChainId});
	for (const {address} of [buyer, seller, arbiter]) await anvil.rpc('anvil_setBalance', address, '0xde0b6b3a7640000');
	({registry} = await deployRegistry(needsOf(rich), {challengeTimeS: 0}));
	token = getCreateAddress({from: rich.address, nonce: await chain.nonce(rich.address)}).toLowerCase();
	await transact(needsOf(rich), {to: undefined, data: testTokenBytecode, value: 0n}, () => chain.hasCode(token), 'deploying the currency');
	contract = await deployColdChainEscrow(needsOf(rich), {registry, token});
	deployGas = await gasOfLast();
});

test.after.always(async () => {
	await chain?.[Symbol.asyncDispose]();
	await anvil?.stop();
});

/** What the newest transaction cost. */
async function gasOfLast(): Promise<number> {
	const {transactions} = await anvil.rpc<{transactions: string[]}>('eth_getBlockByNumber', 'latest', false);
	const {gasUsed} = await anvil.rpc<{gasUsed: string}>('eth_getTransactionReceipt', transactions[0]);
	return Number(gasUsed);
}

type Site = {
	readonly log: Log;
	readonly logId: string;
	readonly shipment: Channel;
	readonly sensor: Channel;
	/** By who speaks to the contract. */
	readonly as: Readonly<Record<'buyer' | 'seller' | 'arbiter' | 'stranger', EscrowChain>>;
	readonly terms: ShipmentTerms;
	readonly state: (verdict: keyof typeof verdicts) => Promise<number>;
	/** Readings in m°C, five minutes apart, from a minute of the journey on; gives the index of the first. */
	readonly read: (fromMinute: number, milliC: readonly number[], quality?: number) => Promise<number>;
	/** Anchors all that is durable. */
	readonly anchor: () => Promise<ShownHead>;
	readonly shown: (head: ShownHead, index: number) => Promise<ShownEntry>;
};

let sites = 0;

/** A log on the disk with a shipment and a sensor, opened at the registry; and money that waits for it. */
async function createSite(t: ExecutionContext, changes: Partial<ShipmentTerms> = {}): Promise<Site> {
	const world = await createLogWorld(t);
	const log = await world.open();
	sites += 1;
	const opener = signerFromKey(`0x${'c'.repeat(62)}${sites.toString(16).padStart(2, '0')}`);
	await anvil.rpc('anvil_setBalance', opener.address, '0xde0b6b3a7640000');
	const {logId} = await openLogAt(needsOf(opener), {registry, origin: 'harbour/1'});
	const shipmentUrn = accountUrn('shipment', 'lot-7');
	const shipment = log.enrol({urn: shipmentUrn, quantity: 0, quantityName: undefined, exponent: 0});
	const sensor = log.enrol({
		urn: channelUrn('logger-1', 'temperature'),
		quantity: temperature,
		quantityName: 'temperature',
		exponent: -3,
	});
	const reader = await world.reader();
	const statement = async (says: 'shipment' | 'verdict', body: Record<string, string>, value: bigint): Promise<number> =>
		new Promise((resolve, reject) => {
			const draft = {...draftOf(shipment), kind: kinds.statement, quantity: statementKinds[says], exponent: 0, value};
			log.appendBody(
				{body: encodeStatement(body), arrivedAtMs: startMs, drafts: [{...draft, key: undefined, keyTop: undefined}]},
				(failure, first) => (failure === undefined ? resolve(first) : reject(failure)),
			);
		});
	const agreed = await statement('shipment', {profile: '2-8'}, 0n);

	const open = (signer: typeof rich): Promise<EscrowChain> => openEscrowChain(needsOf(signer), {contract});
	const as = {buyer: await open(buyer), seller: await open(seller), arbiter: await open(arbiter), stranger: await open(rich)};
	const nowS = await chain.headTimeS();
	// What a party computes from the secret in the enrolment, and holds against the log.
	const subject = subjectHash(nodeHasher, {logName: 'harbour', secret: shipment.secret, urn: shipmentUrn});
	t.deepEqual(subject, shipment.subject);
	const terms: ShipmentTerms = {
		buyer: buyer.address,
		seller: seller.address,
		arbiter: arbiter.address,
		amount,
		toSellerAtTimeout: amount / 5n,
		logId,
		fromIndex: agreed + 1,
		subject: toPrefixedHex(subject),
		verdictDueAt: nowS + 86_400,
		timeoutAt: nowS + 5 * 86_400,
		windowS,
		sensors: [
			{
				subject: toPrefixedHex(sensor.subject),
				quantity: temperature,
				exponent: -3,
				low: 2000n,
				high: 8000n,
				toleratedMs: 30 * minuteMs,
				gapMaxMs: 15 * minuteMs,
				fromMs: startMs,
				toMs: startMs + 1440 * minuteMs,
			},
		],
		salt: salts[0]!,
		...changes,
	};
	const mint = tokenInterface.encodeFunctionData('mint', [buyer.address, terms.amount]);
	const before = await balanceOf(buyer.address);
	await transact(needsOf(rich), {to: token, data: mint, value: 0n}, async () => (await balanceOf(buyer.address)) > before, 'minting');
	t.is((await as.buyer.standing(terms)).status, 'none');
	await as.buyer.offer(terms);
	const offered = await gasOfLast();
	t.is((await as.seller.standing(terms)).status, 'offered');
	await as.seller.accept(terms);
	t.log(`offer ${offered}, accept ${await gasOfLast()}`);

	return {
		log,
		logId,
		shipment,
		sensor,
		as,
		terms,
		state: verdict => statement('verdict', {verdict}, verdicts[verdict]),
		read: async (fromMinute, milliC, quality = 0) => {
			const first = await append(
				log,
				milliC.map((value, i) => draftOf(sensor, {value: BigInt(value), quality, measuredAtMs: startMs + (fromMinute + 5 * i) * minuteMs})),
				{record: utf8('a message')},
			);
			return first;
		},
		anchor: async () => {
			const {size, root} = (await reader.head())!;
			const last = await chain.latest(registry, logId);
			const proof = last.size === 0 ? [] : await reader.consistency(last.size, size);
			const data = encodeAnchor(logId, size, toPrefixedHex(root), proof.map(toPrefixedHex));
			await transact(
				needsOf(opener),
				{to: registry, data, value: 0n},
				async () => (await chain.latest(registry, logId)).size === size,
				'anchoring',
			);
			await checkLog(t, world.path);
			return {size, time: (await chain.latest(registry, logId)).time, root};
		},
		shown: async (head, index) => ({
			index,
			entry: await reader.entry(index),
			path: await reader.inclusion(index, head.size),
		}),
	};
}

async function shownFrom(site: Site, head: ShownHead, first: number, count: number): Promise<ShownEntry[]> {
	const all: ShownEntry[] = [];
	for (let i = 0; i < count; i += 1) all.push(await site.shown(head, first + i));
	return all;
}

test.serial('a good verdict in an anchored log pays the seller, once', async t => {
	const site = await createSite(t);
	const {as, terms} = site;
	await site.read(5, [5000, 5100, 4900]);
	const index = await site.state('good');
	const head = await site.anchor();
	await as.stranger.showVerdict(terms, head, await site.shown(head, index));
	t.log(`deploy ${deployGas}`);
	t.log(`show the first verdict, ${(await site.shown(head, index)).path.length} levels: ${await gasOfLast()}`);
	t.like(await as.buyer.standing(terms), {status: 'paying', verdict: 1, number: 3, by: 'nobody'});
	await t.throwsAsync(as.seller.claim(terms, terms.seller), {code: 'CHAIN_REFUSED', message: /NotNow\(/});
	await pass(windowS);
	t.like(await as.buyer.standing(terms), {status: 'decided', by: 'verdict', toSeller: amount});
	const before = await balanceOf(seller.address);
	await as.stranger.claim(terms, terms.seller);
	t.log(`claim ${await gasOfLast()}`);
	t.is((await balanceOf(seller.address)) - before, amount);
	await t.throwsAsync(as.seller.claim(terms, terms.seller), {code: 'CHAIN_REFUSED', message: /NothingToPay\(/});
	await t.throwsAsync(as.buyer.claim(terms, terms.buyer), {code: 'CHAIN_REFUSED', message: /NothingToPay\(/});
});

test.serial('a verdict of an excursion refunds the buyer', async t => {
	const site = await createSite(t, {salt: salts[1]!, arbiter: undefined});
	const {as, terms} = site;
	const index = await site.state('excursion');
	const head = await site.anchor();
	await as.buyer.showVerdict(terms, head, await site.shown(head, index));
	await pass(windowS);
	const before = await balanceOf(buyer.address);
	await as.stranger.claim(terms, terms.buyer);
	t.is((await balanceOf(buyer.address)) - before, amount);
});

test.serial('readings that were outside for too long refund the buyer although the log states a good verdict', async t => {
	const site = await createSite(t, {salt: salts[2]!});
	const {as, terms} = site;
	await site.read(5, [5000, 7900]);
	const first = await site.read(15, [8001, 8300, 9100, 9500, 9100, 8500]);
	// An exception of the logger in between: it counts for nothing, and is shown.
	await site.read(44, [-40_000], qualities.invalid);
	await site.read(45, [7000]);
	const index = await site.state('good');
	const head = await site.anchor();
	await as.seller.showVerdict(terms, head, await site.shown(head, index));
	const readings = await shownFrom(site, head, first, 8);
	await t.throwsAsync(as.buyer.showExcursion(terms, 0, head, readings.slice(0, 6)), {
		code: 'CHAIN_REFUSED',
		message: /Tolerated\(1500000, 1800000\)/,
	});
	await t.throwsAsync(as.buyer.showExcursion(terms, 0, head, [...readings.slice(0, 6), readings[7]!]), {
		code: 'CHAIN_REFUSED',
		message: /NotConsecutive\(/,
	});
	await as.buyer.showExcursion(terms, 0, head, readings);
	t.log(`show an excursion of ${readings.length} readings, ${readings[0]!.path.length} levels: ${await gasOfLast()}`);
	t.like(await as.seller.standing(terms), {status: 'excursion', claims: 1});
	await t.throwsAsync(as.seller.refuteExcursion(terms, head, await site.shown(head, first + 7)), {message: /RefutesNothing\(/});
	await pass(windowS);
	t.like(await as.seller.standing(terms), {status: 'decided', by: 'readings', toSeller: 0n});
	const before = await balanceOf(buyer.address);
	await as.buyer.claim(terms, terms.buyer);
	t.is((await balanceOf(buyer.address)) - before, amount);
});

test.serial('a reading that came late refutes an excursion, and the good verdict pays', async t => {
	const site = await createSite(t, {salt: salts[3]!});
	const {as, terms} = site;
	const first = await site.read(5, [9000, 9000, 9000, 9000, 9000, 9000, 9000]);
	const late = await site.read(17, [5000], qualities.historical);
	const index = await site.state('good');
	const head = await site.anchor();
	await as.stranger.showVerdict(terms, head, await site.shown(head, index));
	await as.buyer.showExcursion(terms, 0, head, await shownFrom(site, head, first, 7));
	await as.seller.refuteExcursion(terms, head, await site.shown(head, late));
	t.log(`refute it ${await gasOfLast()}`);
	t.like(await as.seller.standing(terms), {status: 'paying', claims: 1});
	await pass(windowS);
	t.like(await as.seller.standing(terms), {status: 'decided', by: 'verdict', toSeller: amount});
});

test.serial('an older excursion behind an indeterminate verdict is shown once, and counts against a later good one', async t => {
	const site = await createSite(t, {salt: salts[15]!});
	const {as, terms} = site;
	const older = await site.state('excursion');
	const newer = await site.state('indeterminate');
	const head = await site.anchor();
	await as.seller.showVerdict(terms, head, await site.shown(head, newer));
	const before = await as.buyer.standing(terms);
	const shown = await site.shown(head, older);
	await as.buyer.showVerdict(terms, head, shown);
	t.deepEqual(await as.buyer.standing(terms), before);
	await t.throwsAsync(as.buyer.showVerdict(terms, head, shown), {code: 'CHAIN_REFUSED', message: /ChangesNothing\(/});
	const good = await site.state('good');
	const last = await site.anchor();
	await as.seller.showVerdict(terms, last, await site.shown(last, good));
	t.like(await as.buyer.standing(terms), {status: 'waiting', isContradicted: true});
});

test.serial('an indeterminate verdict waits, for both to agree, for the arbiter, or for the time to be out', async t => {
	for (const [at, way] of (['agreement', 'arbiter', 'timeout'] as const).entries()) {
		const site = await createSite(t, {salt: salts[4 + at]!});
		const {as, terms} = site;
		const index = await site.state('indeterminate');
		const head = await site.anchor();
		await as.stranger.showVerdict(terms, head, await site.shown(head, index));
		await pass(2 * windowS);
		t.like(await as.buyer.standing(terms), {status: 'waiting', by: 'nobody', verdict: 3, until: terms.timeoutAt});
		await t.throwsAsync(as.seller.claim(terms, terms.seller), {message: /NotNow\(/});
		await t.throwsAsync(as.buyer.claim(terms, terms.buyer), {message: /NotNow\(/});
		if (way === 'agreement') {
			await as.buyer.agree(terms, amount / 2n);
			t.is((await as.buyer.standing(terms)).status, 'waiting');
			await as.seller.agree(terms, amount / 2n);
			t.log(`agree, as the second ${await gasOfLast()}`);
		} else if (way === 'arbiter') {
			await t.throwsAsync(as.seller.arbitrate(terms, amount), {message: /NotParty\(/});
			await as.arbiter.arbitrate(terms, amount / 2n);
		} else await pass(5 * 86_400);
		const toSeller = way === 'timeout' ? amount / 5n : amount / 2n;
		t.like(await as.buyer.standing(terms), {status: 'decided', by: way, toSeller});
		const before = [await balanceOf(buyer.address), await balanceOf(seller.address)] as const;
		await as.stranger.claim(terms, terms.seller);
		await as.stranger.claim(terms, terms.buyer);
		t.deepEqual(
			[(await balanceOf(buyer.address)) - before[0], (await balanceOf(seller.address)) - before[1]],
			[amount - toSeller, toSeller],
			way,
		);
	}
});

test.serial('a newer verdict replaces an older one while its window lasts, and none takes an excursion back', async t => {
	const site = await createSite(t, {salt: salts[7]!});
	const {as, terms} = site;
	const [waiting, good, warm, cold] = [
		await site.state('indeterminate'),
		await site.state('good'),
		await site.state('excursion'),
		await site.state('good'),
	];
	const head = await site.anchor();
	const show = async (index: number): Promise<void> => as.stranger.showVerdict(terms, head, await site.shown(head, index));
	await show(waiting);
	await show(good);
	t.like(await as.buyer.standing(terms), {status: 'paying', number: 4});
	await show(warm);
	t.like(await as.buyer.standing(terms), {status: 'refunding', number: 5});
	await t.throwsAsync(show(good), {message: /ChangesNothing\(/});
	await show(cold);
	t.like(await as.buyer.standing(terms), {status: 'waiting', number: 6, isContradicted: true});
	await pass(windowS);
	await as.arbiter.arbitrate(terms, 0n);
	t.like(await as.buyer.standing(terms), {status: 'decided', by: 'arbiter', toSeller: 0n});
});

test.serial('what is not of this log, this shipment or this agreement shows nothing, and nor does a changed entry', async t => {
	const site = await createSite(t, {salt: salts[8]!});
	const other = await createSite(t, {salt: salts[9]!});
	const {as, terms} = site;
	// Else both would be the same to the last byte: what is chance to a log is the title of the test here.
	await other.read(5, [5000]);
	const [index, foreign] = [await site.state('good'), await other.state('good')];
	const [head, otherHead] = [await site.anchor(), await other.anchor()];
	const shown = await site.shown(head, index);
	await t.throwsAsync(as.seller.showVerdict(terms, otherHead, await other.shown(otherHead, foreign)), {message: /HeadNotAnchored\(/});
	for (const at of [0, 1, 18, 50, 60, 63, 81, 117]) {
		const entry = shown.entry.slice();
		entry[at]! ^= 1;
		await t.throwsAsync(as.seller.showVerdict(terms, head, {...shown, entry}), {message: /NotInLog\(/}, `byte ${at}`);
	}
	// The statement of the shipment itself is in front of the agreement; its enrolment is no statement.
	await t.throwsAsync(as.seller.showVerdict(terms, head, await site.shown(head, terms.fromIndex - 1)), {message: /BeforeAgreement\(/});
	const reading = await site.read(5, [1000]);
	const later = await site.anchor();
	await t.throwsAsync(as.seller.showVerdict(terms, later, await site.shown(later, reading)), {message: /NotAVerdict\(/});
	await t.throwsAsync(openEscrowChain(needsOf(buyer), {contract: token}), {code: 'CHAIN_MISMATCH', message: /no cold-chain escrow/});
	t.is(await as.buyer.idOf(terms), await as.seller.idOf(terms));
});

test.serial('a buyer whom no seller has accepted takes the money back', async t => {
	const site = await createSite(t, {salt: salts[10]!});
	const {as} = site;
	const terms = {...site.terms, salt: salts[11]!};
	const mint = tokenInterface.encodeFunctionData('mint', [buyer.address, amount]);
	const before = await balanceOf(buyer.address);
	await transact(needsOf(rich), {to: token, data: mint, value: 0n}, async () => (await balanceOf(buyer.address)) > before, 'minting');
	await as.buyer.offer(terms);
	await t.throwsAsync(as.seller.cancel(terms), {message: /NotParty\(/});
	await as.buyer.cancel(terms);
	t.like(await as.buyer.standing(terms), {status: 'decided', by: 'cancelled', buyerIsPaid: true});
	t.is(await balanceOf(buyer.address), before + amount);
});

test.serial('stretches of readings by chance are an excursion to the contract exactly where they are one run to the ledger', async t => {
	const site = await createSite(t, {salt: salts[12]!});
	const {terms} = site;
	const random = createSeededRandom('stretches');
	const dice = (below: number): number => {
		const [a, b] = random.bytes(2);
		return (a! * 256 + b!) % below;
	};
	// Mostly warm, now and then inside, below or at the limit, and now and then with a silence.
	const readings = Array.from({length: 72}, () => {
		const what = dice(24);
		return {
			milliC: what === 0 ? 5000 : what === 1 ? 8000 : what === 2 ? 1500 : 8001 + dice(500),
			afterMs: (dice(20) === 0 ? 16 : 2 + dice(13)) * minuteMs,
		};
	});
	let minute = 0;
	const points: {readonly index: number; readonly atMs: number; readonly low: number; readonly high: number}[] = [];
	for (const {milliC, afterMs} of readings) {
		minute += afterMs / minuteMs;
		const index = await site.read(minute, [milliC]);
		const fine = milliC * finePerMilli;
		points.push({index, atMs: startMs + minute * minuteMs, low: fine, high: fine});
	}
	const head = await site.anchor();
	const shown: ShownEntry[] = [];
	for (const {index} of points) shown.push(await site.shown(head, index));
	const sensor = terms.sensors[0]!;
	const ledgerSays = (from: number, count: number): boolean => {
		const [begin, end] = [points[from]!, points[from + count - 1]!];
		const limits = {low: 2000 * finePerMilli, high: 8000 * finePerMilli};
		const series = openSeries({fromMs: begin.atMs, toMs: end.atMs, limits, alarms: [], gapMaxMs: sensor.gapMaxMs});
		for (const point of points.slice(from, from + count - 1)) series.add(point);
		const {runs, gapCount} = series.end();
		const [run] = runs;
		const isWhole = runs.length === 1 && gapCount === 0 && run!.fromMs === begin.atMs && run!.toMs === end.atMs;
		return isWhole && run!.heldMs >= sensor.toleratedMs;
	};
	const escrowInterface = new Interface(coldChainEscrowAbi);
	const contractSays = async (from: number, count: number): Promise<boolean> => {
		const data = escrowInterface.encodeFunctionData('showExcursion', [
			terms,
			0,
			{...head, root: toPrefixedHex(head.root)},
			shown.slice(from, from + count).map(({index, entry, path}) => ({
				index,
				leafData: toPrefixedHex(entry),
				inclusionProof: path.map(toPrefixedHex),
			})),
		]);
		return anvil.rpc('eth_call', {from: buyer.address, to: contract, data}, 'latest').then(
			() => true,
			() => false,
		);
	};
	let taken = 0;
	for (let i = 0; i < 250; i += 1) {
		const from = dice(points.length - 2);
		const count = 2 + dice(Math.min(9, points.length - from - 1));
		const expected = ledgerSays(from, count);
		t.is(await contractSays(from, count), expected, `${count} readings from ${from}`);
		if (expected) taken += 1;
	}
	t.true(taken > 25 && taken < 225, `${taken} were taken`);
});
