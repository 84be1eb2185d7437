import test from 'ava';
import {SigningKey, TypedDataEncoder, Wallet} from 'ethers';
import fc from 'fast-check';
import {fromHex, toPrefixedHex} from '../../agent/base/bytes.ts';
import {createSigner, recoverAddress} from '../../agent/base/secp256k1.ts';
import {
	cancelledMax,
	createDigests,
	type Digests,
	domainName,
	domainSeparator,
	domainVersion,
	modeCodes,
	parseSignature,
	sideCodes,
	signedTypes,
	signerOf,
} from '../../agent/trade/typed-data.ts';

const domain = {chainId: 31_337, verifyingContract: `0x${'5b'.repeat(20)}`};
const digests = createDigests(domain);
const shownDomain = {...domain, name: domainName, version: domainVersion};

const hexOf = (length: number): fc.Arbitrary<string> => fc.uint8Array({minLength: length, maxLength: length}).map(toPrefixedHex);
const address = hexOf(20);
const bytes32 = hexOf(32);
const u64 = fc.maxSafeNat();
const u32 = fc.integer({min: 0, max: 0xffff_ffff});
const u256 = fc.bigInt({min: 0n, max: 2n ** 256n - 1n});

const fields: {readonly [Name in keyof Digests]: fc.Arbitrary<Parameters<Digests[Name]>[0]>} = {
	order: fc.record({
		trader: address,
		market: bytes32,
		meter: bytes32,
		side: fc.constantFrom('buy', 'sell'),
		mode: fc.constantFrom('metered', 'forward'),
		slotFrom: u64,
		slotCount: u32,
		quantityWh: u64,
		limitMicroPerKwh: u64,
		minQuantityWh: u64,
		validUntil: u64,
		counter: u64,
		salt: u256,
	}),
	cancellation: fc.record({hashes: fc.array(bytes32, {maxLength: 5})}),
	counterIncrement: fc.record({trader: address, market: bytes32, counter: u64}),
	delegation: fc.record({
		owner: address,
		agent: address,
		market: bytes32,
		meter: bytes32,
		maxWhPerSlot: u64,
		minSellMicroPerKwh: u64,
		maxBuyMicroPerKwh: u64,
		notBefore: u64,
		notAfter: u64,
		nonce: u256,
	}),
	revocation: fc.record({delegation: bytes32}),
	acknowledgement: fc.record({orderHash: bytes32, market: bytes32, slot: u64, sequence: u64, receivedAt: u64}),
	slotStatement: fc.record({market: bytes32, slot: u64, headerHash: bytes32}),
	payout: fc.record({account: address, to: address, market: bytes32, validUntil: u64, nonce: u256}),
};

const structNames: {readonly [Name in keyof Digests]: string} = {
	order: 'Order',
	cancellation: 'OrderCancellation',
	counterIncrement: 'CounterIncrement',
	delegation: 'Delegation',
	revocation: 'DelegationRevocation',
	acknowledgement: 'Acknowledgement',
	slotStatement: 'SlotStatement',
	payout: 'Payout',
};

/** What wallets have for the words that stand for a side and a mode. */
function shown(value: Record<string, unknown>): Record<string, unknown> {
	if (!('side' in value)) return value;
	return {...value, side: sideCodes[value.side as 'buy' | 'sell'], mode: modeCodes[value.mode as 'metered' | 'forward']};
}

for (const name of Object.keys(fields) as (keyof Digests)[]) {
	test(`the digest of a ${name} is what a wallet makes of the same fields`, t => {
		const type = structNames[name];
		fc.assert(
			fc.property(fields[name] as fc.Arbitrary<never>, value => {
				const expected = TypedDataEncoder.hash(shownDomain, {[type]: [...signedTypes[type]!]}, shown(value));
				t.is(toPrefixedHex(digests[name](value)), expected);
			}),
			{numRuns: 100},
		);
	});
}

test('an order has the type text that the contract hashes', t => {
	t.is(
		TypedDataEncoder.from({Order: [...signedTypes.Order!]}).encodeType('Order'),
		'Order(address trader,bytes32 market,bytes32 meter,uint8 side,uint8 mode,uint64 slotFrom,uint32 slotCount,uint64 quantityWh,uint64 limitMicroPerKwh,uint64 minQuantityWh,uint64 validUntil,uint64 counter,uint256 salt)',
	);
});

test('the domain is that of the contract and of the chain', t => {
	t.is(toPrefixedHex(domainSeparator(domain)), TypedDataEncoder.hashDomain(shownDomain));
	t.notDeepEqual(domainSeparator(domain), domainSeparator({...domain, chainId: 1}));
	t.throws(() => domainSeparator({...domain, chainId: 1.5}), {instanceOf: RangeError});
	t.throws(() => domainSeparator({...domain, verifyingContract: '0x12'}), {instanceOf: RangeError});
});

const [sample] = fc.sample(fields.order, {numRuns: 1, seed: 7});
const key = new SigningKey(`0x${'42'.repeat(32)}`);
const signer = createSigner(fromHex('42'.repeat(32))!)!;
const digest = digests.order(sample!);

test('fields that no word can hold are refused, not cut', t => {
	const bad: Record<string, unknown>[] = [
		{trader: `0x${'AB'.repeat(20)}`},
		{trader: `0x${'ab'.repeat(21)}`},
		{market: 'ab'.repeat(32)},
		{meter: `0x${'ag'.repeat(32)}`},
		{meter: `0x${'a\u0130'.repeat(32)}`},
		{side: 'hold'},
		{slotFrom: -1},
		{slotFrom: 1.5},
		{slotFrom: 2 ** 53},
		{slotCount: 2 ** 32},
		{quantityWh: Number.NaN},
		{counter: '1'},
		{salt: -1n},
		{salt: 2n ** 256n},
		{salt: 1},
	];
	for (const change of bad)
		t.throws(() => digests.order({...sample!, ...change} as never), {instanceOf: RangeError}, Object.keys(change)[0]!);
	t.throws(() => digests.cancellation({hashes: new Array<string>(cancelledMax + 1).fill(`0x${'00'.repeat(32)}`)}), {
		instanceOf: RangeError,
	});
	t.deepEqual(digests.order(sample!), digest);
});

test('two orders that differ in one field have different digests', t => {
	const changes: Record<string, unknown>[] = [
		{trader: `0x${'01'.repeat(20)}`},
		{market: `0x${'01'.repeat(32)}`},
		{meter: `0x${'01'.repeat(32)}`},
		{side: sample!.side === 'buy' ? 'sell' : 'buy'},
		{mode: sample!.mode === 'metered' ? 'forward' : 'metered'},
	];
	for (const name of ['slotFrom', 'slotCount', 'quantityWh', 'limitMicroPerKwh', 'minQuantityWh', 'validUntil', 'counter'] as const)
		changes.push({[name]: sample![name] === 0 ? 1 : sample![name] - 1});
	changes.push({salt: sample!.salt ^ 1n});
	t.is(changes.length, signedTypes.Order!.length);
	for (const change of changes) t.notDeepEqual(digests.order({...sample!, ...change}), digest, Object.keys(change)[0]!);
});

test('whoever signed with a wallet is recovered, and the operator signs what a wallet accepts', async t => {
	const wallet = new Wallet(key);
	t.is(toPrefixedHex(signer.address), wallet.address.toLowerCase());
	const signature = await wallet.signTypedData(shownDomain, {Order: [...signedTypes.Order!]}, shown(sample!));
	t.is(signerOf(digest, parseSignature(signature)!), wallet.address.toLowerCase());
	t.is(toPrefixedHex(signer.sign(digest)), signature);
	fc.assert(
		fc.property(fc.uint8Array({minLength: 32, maxLength: 32}), some => {
			t.is(toPrefixedHex(signer.sign(some)), key.sign(some).serialized);
			t.deepEqual(recoverAddress(some, signer.sign(some)), signer.address);
		}),
		{numRuns: 50},
	);
});

test('a signature in its other form, or of nothing, is none', t => {
	const good = signer.sign(digest);
	const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
	const put = (change: (bytes: Uint8Array) => void): string | undefined => {
		const bytes = good.slice();
		change(bytes);
		return signerOf(digest, bytes);
	};
	const write = (offset: number, value: bigint) => (bytes: Uint8Array) => bytes.set(fromHex(value.toString(16).padStart(64, '0'))!, offset);
	const s = BigInt(toPrefixedHex(good.subarray(32, 64)));
	const mirrored = put(bytes => {
		write(32, order - s)(bytes);
		bytes[64] = 55 - bytes[64]!;
	});
	t.is(mirrored, undefined, 'a high s');
	for (const v of [0, 1, 26, 29, 30, 31])
		t.is(
			put(bytes => bytes.fill(v, 64)),
			undefined,
			`v ${v}`,
		);
	t.is(put(write(0, 0n)), undefined, 'r of 0');
	t.is(put(write(32, 0n)), undefined, 's of 0');
	t.is(put(write(0, order)), undefined, 'r of the order');
	t.is(put(write(32, (order >> 1n) + 1n)), undefined, 'just above half the order');
	t.not(put(write(32, order >> 1n)), undefined, 'half the order');
	t.is(signerOf(digest, good.subarray(0, 64)), undefined);
	t.is(signerOf(digest.subarray(1), good), undefined);
	// r that is no point of the curve: the fifth power-of-two neighbour of a good one is as likely as not.
	const answers = Array.from({length: 32}, (_, bit) => put(bytes => (bytes[31]! ^= bit + 1)));
	t.true(answers.includes(undefined));
	for (const answer of answers) t.not(answer, toPrefixedHex(signer.address));
	t.is(parseSignature('0x12'), undefined);
	t.is(parseSignature(`0x${'AB'.repeat(65)}`), undefined);
	t.is(parseSignature(`0y${'ab'.repeat(65)}`), undefined);
});

test('every bit of a signature counts', t => {
	const good = signer.sign(digest);
	for (let bit = 0; bit < 8 * good.length; bit += 1) {
		const flipped = good.slice();
		flipped[bit >> 3]! ^= 0x80 >> (bit & 7);
		t.not(signerOf(digest, flipped), toPrefixedHex(signer.address), `bit ${bit}`);
	}
});

test('what is no private key makes no signer, and a signer keeps its key', t => {
	t.is(createSigner(new Uint8Array(32)), undefined);
	t.is(createSigner(new Uint8Array(31).fill(1)), undefined);
	t.is(createSigner(new Uint8Array(32).fill(255)), undefined);
	const bytes = fromHex('42'.repeat(32))!;
	const kept = createSigner(bytes)!;
	bytes.fill(0);
	t.deepEqual(kept.sign(digest), signer.sign(digest));
});
