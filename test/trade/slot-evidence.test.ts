import test from 'ava';
import {toPrefixedHex, utf8} from '../../agent/base/bytes.ts';
import {keccak256} from '../../agent/base/hash.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {createSigner} from '../../agent/base/secp256k1.ts';
import {canonicalTextWithDigest, type Json} from '../../agent/format/document.ts';
import {rowFlags} from '../../agent/trade/commitment.ts';
import {checkSlotEvidence, type EvidenceParts, slotEvidenceText} from '../../agent/trade/evidence-check.ts';
import type {Delegation, SignedOrder} from '../../agent/trade/order.ts';
import {settle} from '../../agent/trade/settle.ts';
import {clearSlot, contractsOf, type SetOrder} from '../../agent/trade/slot-clearing.ts';
import {
	type EvidenceMeter,
	type EvidenceOrder,
	type EvidenceRow,
	parseSlotEvidence,
	type Withdrawal,
} from '../../agent/trade/slot-evidence.ts';
import {createDigests} from '../../agent/trade/typed-data.ts';
import {rules, tariff} from './world.ts';

const slot = 1_980_044;
const gate = slot * 900;
const domain = {chainId: 31_337, verifyingContract: `0x${'00'.repeat(20)}`};
const digests = createDigests(domain);
const hashText = (text: string): string => toPrefixedHex(keccak256(utf8(text)));
const market = hashText('street');
const keyOf = (name: string) => {
	const signer = createSigner(keccak256(utf8(`key of ${name}`)))!;
	return {address: toPrefixedHex(signer.address), sign: (digest: Uint8Array) => toPrefixedHex(signer.sign(digest))};
};
const operator = keyOf('operator');
const names = ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H'] as const;
type Name = (typeof names)[number];
const meterId = (name: string): string => hashText(`urn:kedge:device:${name}`);

/** Wh of net export by the registers; E's meter says nothing, G's is spread over three slots, and H's came after the clearing. */
const nets: Readonly<Record<Name, number | undefined>> = {A: 600, B: 560, C: -800, D: -425, E: undefined, F: 40, G: -90, H: -70};

function signedOrder(
	name: Name,
	side: 'buy' | 'sell',
	quantityWh: number,
	limitMicroPerKwh: number,
	signer = keyOf(name),
	counter = 0,
): {order: SignedOrder; hash: string} {
	const plain = {
		market,
		meter: meterId(name),
		trader: keyOf(name).address,
		side,
		mode: 'metered' as const,
		slotFrom: slot - 4,
		slotCount: 10,
		quantityWh,
		limitMicroPerKwh,
		minQuantityWh: 0,
		validUntil: gate + 900,
		counter,
		salt: hashText(`salt of ${name} ${side} ${limitMicroPerKwh}`),
	};
	const digest = digests.order({...plain, salt: BigInt(plain.salt)});
	// The signature first: the order of keys must not matter.
	return {order: {signature: signer.sign(digest), ...plain}, hash: toPrefixedHex(digest)};
}

let sequences = 0;
function record(
	{order, hash}: {order: SignedOrder; hash: string},
	more: Partial<EvidenceOrder> = {},
	receivedAt = gate - 5000,
): EvidenceOrder {
	sequences += 3;
	const sequence = sequences;
	const acknowledgement = operator.sign(digests.acknowledgement({orderHash: hash, market, slot: order.slotFrom, sequence, receivedAt}));
	return {
		sequence,
		hash,
		order,
		receivedAt,
		acknowledgement,
		delegation: undefined,
		byContract: false,
		withdrawal: undefined,
		entry: {index: 1000 + sequence, receipt: nodeHasherHex(`order ${hash}`)},
		...more,
	};
}

function nodeHasherHex(text: string): string {
	return toPrefixedHex(nodeHasher.sha256(utf8(text))).slice(2);
}

function delegated(): EvidenceOrder {
	const agent = keyOf('agent of D');
	const delegation: Delegation = {
		owner: keyOf('D').address,
		agent: agent.address,
		market,
		meter: meterId('D'),
		maxWhPerSlot: 5000,
		minSellMicroPerKwh: 80_000,
		maxBuyMicroPerKwh: 250_000,
		notBefore: gate - 50_000,
		notAfter: gate + 50_000,
		nonce: '7',
	};
	const signature = keyOf('D').sign(digests.delegation({...delegation, nonce: 7n}));
	return record(signedOrder('D', 'buy', 5000, 220_000, agent), {delegation: {delegation, signature}});
}

function withdrawn(name: Name, kind: Withdrawal['kind']): EvidenceOrder {
	const made = signedOrder(name, 'sell', 700, kind === 'counter' ? 90_000 : 95_000);
	const one = record(made);
	const common = {receivedAt: gate - 100};
	if (kind === 'cancellation') {
		const orders = [hashText('another order'), made.hash];
		return {...one, withdrawal: {kind, orders, signature: keyOf(name).sign(digests.cancellation({hashes: orders})), ...common}};
	}
	const signature = keyOf(name).sign(digests.counterIncrement({trader: keyOf(name).address, market, counter: 1}));
	return {...one, withdrawal: {kind, counter: 1, signature, ...common}};
}

function meterRecord(name: Name): EvidenceMeter {
	const net = nets[name];
	const common = {meter: meterId(name), owner: keyOf(name).address};
	if (net === undefined) return {...common, onlyTakes: false, imported: undefined, exported: undefined, atClearing: undefined};
	const [span, before] = name === 'G' ? [3, 1] : [1, 0];
	const register = (gained: number, base: number) => {
		const at = (place: 'from' | 'to') => ({
			slot: place === 'from' ? slot - before : slot - before + span,
			index: base + (place === 'from' ? 0 : 60),
			number: base + (place === 'from' ? 2 : 17),
			registerWh: base * 10 + (place === 'from' ? 0 : gained * span),
			counterEpoch: 2,
			receipt: nodeHasherHex(`${name} ${base} ${place}`),
		});
		return {from: at('from'), to: at('to')};
	};
	const onlyTakes = name === 'C';
	return {
		...common,
		onlyTakes,
		imported: register(Math.max(0, -net) + (onlyTakes ? 0 : 5), 500),
		exported: onlyTakes ? undefined : register(Math.max(0, net) + 5, 900),
		atClearing: name === 'H' ? {netExportWh: undefined} : undefined,
	};
}

function made(isSettled = true): EvidenceParts {
	sequences = 0;
	const orders = [
		record(signedOrder('A', 'sell', 5000, 100_000)),
		record(signedOrder('B', 'sell', 500, 150_000)),
		withdrawn('F', 'cancellation'),
		record(signedOrder('C', 'buy', 5000, 280_000)),
		withdrawn('F', 'counter'),
		delegated(),
		record(signedOrder('E', 'buy', 5000, 220_000)),
		// The counter rose before it came.
		record(signedOrder('F', 'sell', 30, 120_000, keyOf('F'), 1), {}, gate - 50),
		record(signedOrder('G', 'buy', 5000, 220_000)),
		record(signedOrder('H', 'buy', 5000, 300_000)),
	];
	const meters = names.map(meterRecord).sort((a, b) => (a.meter < b.meter ? -1 : 1));
	const nameOf = (meter: string): Name => names.find(name => meterId(name) === meter)!;
	const netExportWh = Object.fromEntries(
		meters.flatMap(({meter}) => (nets[nameOf(meter)] === undefined ? [] : [[meter, nets[nameOf(meter)]!]])),
	);
	const set = orders.map(({hash, sequence, order, withdrawal}): SetOrder => {
		const cancellation =
			withdrawal === undefined
				? undefined
				: toPrefixedHex(
						withdrawal.kind === 'cancellation'
							? digests.cancellation({hashes: withdrawal.orders})
							: digests.counterIncrement({trader: order.trader, market, counter: withdrawal.counter}),
					);
		return {...order, hash, sequence, cancellation};
	});
	const {[meterId('H')]: _, ...known} = netExportWh;
	const cleared = clearSlot({slot, paramsVersion: 1, mode: 'metered', rules, set, netExportWh: known});
	const contracts = contractsOf(cleared);
	const settlement = settle(
		meters.map(({meter}) => ({
			account: meter,
			contractedWh: contracts.get(meter)?.contractedWh ?? 0,
			meteredWh: netExportWh[meter],
			usualImportWh: nameOf(meter) === 'E' ? 301 : 0,
		})),
		cleared.clearing,
		tariff,
	);
	const rows = settlement.rows.map((row, i): EvidenceRow => {
		const {meter, owner, imported, exported} = meters[i]!;
		return {
			account: owner,
			meter,
			orderHash: contracts.get(meter)?.orderHash,
			contractedWh: row.contractedWh,
			meteredWh: row.meteredWh,
			usualImportWh: row.substituted ? 301 : 0,
			flags: row.substituted ? rowFlags.substituted : nameOf(meter) === 'G' ? rowFlags.spread : 0,
			importFrom: imported?.from.number ?? 0,
			importTo: imported?.to.number ?? 0,
			exportFrom: exported?.from.number ?? 0,
			exportTo: exported?.to.number ?? 0,
			netNano: row.netNano,
		};
	});
	const {headerHash} = cleared.commitment;
	return {
		market,
		domain,
		operator: operator.address,
		gate,
		statement: operator.sign(digests.slotStatement({market, slot, headerHash})),
		orders,
		meters,
		settled: isSettled ? {rows, accounts: settlement.accounts} : undefined,
		cleared,
	};
}

function check(text: string) {
	const parsed = parseSlotEvidence(utf8(text));
	return 'problem' in parsed ? parsed : checkSlotEvidence(parsed.value);
}

const text = slotEvidenceText(made());

test('the evidence of a slot passes every check from the file alone, and names the entries that it rests on', t => {
	const verdict = check(text);
	if ('problem' in verdict) return t.fail(verdict.problem);
	t.true(verdict.good);
	for (const {name, state, detail} of verdict.checks) t.is(state, 'pass', `${name}: ${detail}`);
	const detailOf = (name: string) => verdict.checks.find(one => one.name === name)!.detail;
	t.is(detailOf('orders'), '10 orders, each named by its digest and signed');
	t.is(
		detailOf('readings'),
		"7 of 8 meters have a reading, 1 of them spread flat over several slots; that 1 were not known when the slot was cleared is the operator's word",
	);
	t.is(detailOf('accounts'), 'everything sums to zero, to the last nano');
	t.is(detailOf('rows'), '8 rows; the usual imports of 1 without a reading are taken as they are');
	// Ten orders; two registers of six meters and one of the seventh, at two boundaries each.
	t.is(verdict.entries.length, 10 + 2 * 13);
	t.is(verdict.entries.filter(({register}) => register?.meter === meterId('C')).length, 2);
});

test('before the slot is settled rows and accounts are skipped, and the rest stands', t => {
	const verdict = check(slotEvidenceText(made(false)));
	if ('problem' in verdict) return t.fail(verdict.problem);
	t.true(verdict.good);
	t.deepEqual(
		verdict.checks.filter(({state}) => state === 'skipped').map(({name}) => name),
		['rows', 'accounts'],
	);
});

type Place = readonly (string | number)[];

function placesOf(value: unknown, place: Place = []): Place[] {
	if (typeof value !== 'object' || value === null) return [place];
	return Object.entries(value).flatMap(([key, inner]) => placesOf(inner, [...place, Array.isArray(value) ? Number(key) : key]));
}

/** The document with another value at a place (undefined: without it), in canonical form, with a digest that fits. */
function changed(place: Place, change: (before: unknown) => unknown): string {
	const whole = JSON.parse(text) as Record<string, unknown>;
	delete whole.digest;
	let at = whole as Record<string | number, unknown>;
	for (const key of place.slice(0, -1)) at = at[key] as Record<string | number, unknown>;
	const last = place.at(-1)!;
	const value = change(at[last]);
	if (value === undefined && Array.isArray(at)) at.splice(Number(last), 1);
	else at[last] = value;
	return canonicalTextWithDigest(nodeHasher, whole as {[key: string]: Json});
}

/** What no check can see from the file: where entries stand and which receipts they have, what is taken at its word, and when something happened that only matters for the gate. */
const free = [
	/\.index$/,
	/\.receipt$/,
	/^gate$/,
	/withdrawal\.receivedAt$/,
	// Energy of G is spread over three slots: the slot itself may get the same from a register that is a Wh off.
	new RegExp(`^meters\\.${made().meters.findIndex(({meter}) => meter === meterId('G'))}\\..*(?:registerWh|\\.slot)$`),
];

const isFree = (place: Place): boolean => free.some(pattern => pattern.test(place.join('.')));

function other(value: unknown): unknown {
	if (typeof value === 'number') return value + 1;
	if (typeof value === 'boolean') return !value;
	const before = String(value);
	if (/^-?[0-9]+$/.test(before)) return `${BigInt(before) + 1n}`;
	const last = before.at(-1)!;
	return before.slice(0, -1) + (last === '0' ? '1' : last === 'd' ? 'e' : '0');
}

test('no number, name or signature of the file can be another without a check that fails', t => {
	const places = placesOf(JSON.parse(text)).filter(place => place[0] !== 'digest' && !isFree(place));
	t.true(places.length > 300);
	for (const place of places) {
		const verdict = check(changed(place, other));
		t.false('good' in verdict && verdict.good, `${place.join('.')} was changed, and nothing failed`);
	}
});

test('nothing can be left out of the file without a check that fails, but for what is optional and free', t => {
	const whole = JSON.parse(text) as Record<string, unknown>;
	const nodes = (value: unknown, place: Place = []): Place[] =>
		typeof value !== 'object' || value === null
			? [place]
			: [place, ...Object.entries(value).flatMap(([key, inner]) => nodes(inner, [...place, Array.isArray(value) ? Number(key) : key]))];
	const optional = [/^settled$/, /\.acknowledgement$/, /\.entry$/, /\.receipt$/, /^digest$/];
	for (const place of nodes(whole)) {
		if (place.length === 0 || optional.some(pattern => pattern.test(place.join('.')))) continue;
		const verdict = check(changed(place, () => undefined));
		t.false('good' in verdict && verdict.good, `${place.join('.')} was left out, and nothing failed`);
	}
});

test('no bit of the text can flip without the file being refused', t => {
	const bytes = utf8(text);
	// Every bit of some bytes, and some bit of every tenth byte.
	for (let at = 0; at < bytes.length; at += 97) {
		for (let bit = 0; bit < 8; bit += 1) {
			const flipped = Uint8Array.from(bytes);
			flipped[at]! ^= 1 << bit;
			const parsed = parseSlotEvidence(flipped);
			t.true('problem' in parsed, `bit ${bit} of byte ${at}`);
		}
	}
});

test('each check fails for what it is there for', t => {
	const failing = (place: Place, change: (before: unknown) => unknown): string[] => {
		const verdict = check(changed(place, change));
		return 'problem' in verdict ? [verdict.problem] : verdict.checks.filter(({state}) => state === 'fail').map(({name}) => name);
	};
	t.deepEqual(
		failing(['rules', 'retailMicroPerKwh'], () => 100_000),
		['rules', 'certificate'],
	);
	t.deepEqual(
		failing(['orders', 0, 'order', 'limitMicroPerKwh'], () => 99_999),
		['orders'],
	);
	t.deepEqual(
		failing(['orders', 5, 'delegation', 'maxWhPerSlot'], () => 4999),
		['orders'],
	);
	t.deepEqual(
		failing(['orders', 0, 'acknowledgement'], () => `0x${'11'.repeat(65)}`),
		['acknowledgements'],
	);
	t.deepEqual(
		failing(['orders', 2, 'withdrawal', 'receivedAt'], () => gate),
		['withdrawals'],
	);
	t.deepEqual(
		failing(['orders', 1], () => undefined),
		['order-set', 'clearing', 'rows', 'accounts'],
	);
	t.deepEqual(
		failing(['certificate', 'bids', 'lastIndex'], before => Number(before) + 1),
		['certificate'],
	);
	t.deepEqual(
		failing(['statement'], () => `0x${'11'.repeat(65)}`),
		['statement'],
	);
	t.deepEqual(
		failing(['settled', 'rows', 0, 'netNano'], before => `${BigInt(String(before)) + 1n}`),
		['rows', 'accounts'],
	);
	t.deepEqual(
		failing(['settled', 'poolNano'], before => `${BigInt(String(before)) + 1n}`),
		['accounts'],
	);
	t.deepEqual(
		failing(['header', 'volumeWh'], before => Number(before) - 1),
		['clearing', 'certificate'],
	);
	t.deepEqual(
		failing(['headerHash'], () => hashText('another')),
		['clearing', 'statement'],
	);
	t.deepEqual(
		failing(['meters', 0, 'imported', 'from', 'counterEpoch'], () => 9),
		['readings'],
	);
});

test('an order that a cancellation or a counter in the file took out cannot stand', t => {
	const parts = made();
	const [cancelled, counted] = [parts.orders[2]!, parts.orders[4]!];
	for (const one of [cancelled, counted]) {
		const orders = parts.orders.map(other => (other === one ? {...one, withdrawal: undefined} : other));
		const error = t.throws(() => slotEvidenceText({...parts, orders}));
		t.regex(error!.message, /fails its check of (?:orders|withdrawals)/);
	}
	// The same cancellation names the order of A too.
	const hashes = [parts.orders[0]!.hash, cancelled.hash];
	const withdrawal = {
		kind: 'cancellation',
		orders: hashes,
		signature: keyOf('F').sign(digests.cancellation({hashes})),
		receivedAt: gate - 100,
	} as const;
	const orders = parts.orders.map(one => (one === cancelled ? {...one, withdrawal} : one));
	t.throws(() => slotEvidenceText({...parts, orders}), {
		message: /fails its check of withdrawals: order .*: a cancellation in the file names it, and it stands/,
	});
});

test('an order by a contract, and one taken out by the chain, pass with a word on what was not checked', t => {
	const parts = made();
	const orders = parts.orders.map((one, i): EvidenceOrder => {
		if (i === 0) return {...one, byContract: true, order: {...one.order, signature: '0x1234'}};
		return one.withdrawal?.kind === 'counter' ? {...one, withdrawal: {...one.withdrawal, signature: '0x'}} : one;
	});
	const verdict = check(slotEvidenceText({...parts, orders}));
	if ('problem' in verdict) return t.fail(verdict.problem);
	t.true(verdict.good);
	t.regex(verdict.checks[1]!.detail, /; 1 by contracts, whose signatures only their chain can check$/);
	t.regex(verdict.checks[3]!.detail, /; 1 by the chain or by contracts/);
});

test('an operator cannot make evidence that fails its own checks', t => {
	const parts = made();
	t.throws(() => slotEvidenceText({...parts, statement: `0x${'11'.repeat(65)}`}), {message: /fails its check of statement/});
});
