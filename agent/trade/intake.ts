// Takes what traders sign into the log: checks it against the book, appends it, and answers once it is durable.

import {toPrefixedHex} from '../base/bytes.ts';
import type {Clock} from '../base/clock.ts';
import {orderKinds} from '../format/entry.ts';
import type {Rules} from './clear.ts';
import {type Delegation, type MarketBody, readOrder, type SignedOrder} from './order.ts';
import {type BookedOrder, type BookProblem, delegationsPerOwnerMax, marginNano, type OrderBook, type Signer} from './order-book.ts';
import {cancelledMax, type Digests, type OrderFields, parseSignature, signerOf} from './typed-data.ts';

export type IntakeProblem = {
	readonly code: BookProblem['code'] | 'insufficient-escrow' | 'unsupported-tif' | 'batch-refused' | 'operator-halted';
	readonly detail: string;
	readonly pointer?: string;
	readonly orderHash?: string;
	readonly requiredNano?: string;
	readonly availableNano?: string;
};

export type Acknowledged = {readonly booked: BookedOrder; readonly index: number; readonly signature: string};

export type IntakeAnswer<T> = {readonly value: T} | {readonly problem: IntakeProblem};

export type IntakeNeeds = {
	readonly book: OrderBook;
	readonly digests: Digests;
	readonly sign: (digest: Uint8Array) => Uint8Array;
	readonly append: (body: MarketBody, value: bigint, atMs: number) => {readonly sequence: number; readonly durable: Promise<number>};
	/** nano that the account has for what it may owe; undefined where no money moves. */
	readonly marginOf: ((account: string) => bigint) | undefined;
	/** Whether a contract account takes a signature over a digest [ERC-1271]; undefined without a chain. */
	readonly acceptsSignature: ((account: string, digest: string, signature: string) => Promise<boolean>) | undefined;
	/** Why nothing is taken now. */
	readonly halted: () => string | undefined;
	readonly announce: (event: {
		readonly type: string;
		readonly atMs: number;
		readonly account: string | undefined;
		readonly data: string;
	}) => void;
	readonly clock: Clock;
};

export type Intake = {
	/** At most 500 orders, in the order of arrival. */
	readonly submit: (
		orders: readonly unknown[],
		options: {readonly atomic: boolean},
	) => Promise<readonly IntakeAnswer<{readonly isNew: boolean; readonly acknowledged: Acknowledged}>[]>;
	readonly cancel: (hashes: readonly string[], signature: string) => Promise<IntakeAnswer<readonly BookedOrder[]>>;
	readonly cancelAll: (trader: string, counter: number, signature: string) => Promise<IntakeAnswer<{readonly cancelled: number}>>;
	/** The counter that the chain has is the harder one. `leftAtS`: when the chain left the counter that the book had, s since 1970: from then on what has it is out. */
	readonly counterOnChain: (trader: string, counter: number, leftAtS: number) => Promise<void>;
	/**
	 * Takes an order that its trader forced onto the chain, as if it had come then, s since 1970. Its gate may be over: it must be in the set of every slot whose gate came later than
	 * that. What is refused may be asked for again.
	 */
	readonly force: (order: unknown, forcedAtS: number) => Promise<IntakeAnswer<{readonly hash: string; readonly isNew: boolean}>>;
	readonly delegate: (delegation: Delegation, signature: string) => Promise<IntakeAnswer<{readonly id: string}>>;
	readonly revoke: (id: string, signature: string) => Promise<IntakeAnswer<{readonly id: string}>>;
	/** What was acknowledged of an order that the book has. */
	readonly acknowledgementOf: (booked: BookedOrder) => {readonly receivedAt: number; readonly signature: string};
	/** Index of an order's entry, if it was taken since the start. */
	readonly indexOf: (hash: string) => number | undefined;
};

/** What margin is asked for: orders of no more slots than these, from now on; by then the first of them are final. */
const marginSlots = 2 * 96;
/** Indexes of entries that are remembered. */
const indexesMax = 100_000;

type Prepared = {readonly order: SignedOrder; readonly hash: string; readonly signer: Signer | undefined};

type Taken =
	| {readonly state: 'refused'; readonly problem: IntakeProblem}
	| {readonly state: 'known'; readonly hash: string}
	| {readonly state: 'taken'; readonly booked: BookedOrder; readonly durable: Promise<number>};

export function createIntake(needs: IntakeNeeds, rules: Rules & {readonly market: string}): Intake {
	const {book, digests, sign, append, announce, clock} = needs;
	/** Orders on their way to the disk. */
	const pending = new Map<string, Promise<number>>();
	const indexes = new Map<string, number>();
	/** Made once for each order, which is shown several times. */
	const signatures = new WeakMap<BookedOrder, string>();

	const signerOfDigest = async (digest: Uint8Array, signature: string, account: string): Promise<Signer | undefined> => {
		const bytes = parseSignature(signature);
		const address = bytes === undefined ? undefined : signerOf(digest, bytes);
		const byKey = address === undefined ? undefined : {address, isContract: false};
		// Only accounts of this market are worth a question to the chain: anybody can name any other.
		if (address === account || needs.acceptsSignature === undefined || !book.isOwner(account)) return byKey;
		// An agent's key is no contract, and works while the chain does not answer.
		if (address !== undefined && book.isAgentOf(account, address)) return byKey;
		// An account that is a contract says itself what it signed.
		return (await needs.acceptsSignature(account, toPrefixedHex(digest), signature)) ? {address: account, isContract: true} : byKey;
	};

	const unchecked: IntakeProblem = {
		code: 'operator-halted',
		detail: 'the chain that knows whether a contract has signed this does not answer: try again',
		pointer: '/signature',
	};

	const prepare = async (value: unknown): Promise<Prepared | IntakeProblem> => {
		const order = readOrder(value);
		if ('code' in order) return order;
		const timeInForce = (value as {readonly timeInForce?: unknown}).timeInForce;
		if (timeInForce !== undefined && timeInForce !== 'GTG' && timeInForce !== 'standing') {
			const hint = timeInForce === 'FOK' ? ' A fill-or-kill order is one whose minQuantityWh is its quantityWh.' : '';
			return {
				code: 'unsupported-tif',
				detail: `a call auction knows GTG and standing, not ${String(timeInForce)}.${hint}`,
				pointer: '/timeInForce',
			};
		}
		const fields: OrderFields = {...order, salt: BigInt(order.salt)};
		const digest = digests.order(fields);
		try {
			return {order, hash: toPrefixedHex(digest), signer: await signerOfDigest(digest, order.signature, order.trader)};
		} catch {
			// One order of a batch must not take the others with it.
			return {...unchecked, orderHash: toPrefixedHex(digest)};
		}
	};

	const marginOfOrder = (order: SignedOrder): bigint => BigInt(Math.min(order.slotCount, marginSlots)) * marginNano(order, rules);

	const escrowProblem = (order: SignedOrder, atS: number, othersNano: bigint): IntakeProblem | undefined => {
		if (needs.marginOf === undefined) return undefined;
		const slot = Math.floor(atS / 900);
		const required = book.marginNano(order.trader, slot, slot + marginSlots) + othersNano + marginOfOrder(order);
		const available = needs.marginOf(order.trader);
		if (required <= available) return undefined;
		return {
			code: 'insufficient-escrow',
			detail: `the account's orders need ${required} nano in escrow, and it has ${available}`,
			requiredNano: `${required}`,
			availableNano: `${available}`,
		};
	};

	const acknowledgementOf: Intake['acknowledgementOf'] = booked => {
		const {hash, order, sequence, receivedAt} = booked;
		// The nonce follows from key and digest: the same words get the same signature every time.
		let signature = signatures.get(booked);
		if (signature === undefined) {
			const fields = {orderHash: hash, market: rules.market, slot: order.slotFrom, sequence, receivedAt};
			signature = toPrefixedHex(sign(digests.acknowledgement(fields)));
			signatures.set(booked, signature);
		}
		return {receivedAt, signature};
	};

	const take = (
		{order, hash, signer}: Prepared,
		atMs: number,
		receivedAt = Math.floor(atMs / 1000),
	): {readonly booked: BookedOrder; readonly durable: Promise<number>} => {
		const signedBy = signer!.address;
		const delegation = signedBy === order.trader ? undefined : book.delegationFor(order, signedBy, receivedAt);
		const body: MarketBody = {kind: orderKinds.order, order, hash, signer: signedBy, delegation, receivedAt};
		const {sequence, durable} = append(body, BigInt(order.slotFrom), atMs);
		book.apply(body, sequence);
		const booked = book.find(hash)!;
		// If the commit fails the process ends, and with it the book that has the order already.
		const kept = durable.then(index => {
			pending.delete(hash);
			indexes.set(hash, index);
			if (indexes.size > indexesMax) indexes.delete(indexes.keys().next().value!);
			announce({
				type: 'order.accepted',
				atMs,
				account: order.trader,
				data: JSON.stringify({orderHash: hash, sequence, slotFrom: order.slotFrom}),
			});
			return index;
		});
		pending.set(hash, kept);
		return {booked, durable: kept};
	};

	/** `others`: how many orders of the same meter are about to be taken with it, and what they and those of other meters of its trader can cost. */
	const problemOf = ({order, hash, signer}: Prepared, atS: number, others = {count: 0, nano: 0n}): IntakeProblem | undefined => {
		const problem = book.problemOf(order, signer, atS, others.count) ?? escrowProblem(order, atS, others.nano);
		return problem && {...problem, orderHash: hash};
	};

	/** Why orders cannot be taken all at once, by place; those that the book has are no problem. */
	const problemsOf = (prepared: readonly (Prepared | IntakeProblem)[], atS: number): (IntakeProblem | undefined)[] => {
		const apart = together(prepared);
		const counts = new Map<string, number>();
		const nanos = new Map<string, bigint>();
		const seen = new Set<string>();
		return prepared.map((one, at) => {
			if ('code' in one) return one;
			if (book.find(one.hash) !== undefined) return knownProblem(one, atS);
			if (seen.has(one.hash)) return undefined;
			seen.add(one.hash);
			const {meter, trader} = one.order;
			const others = {count: counts.get(meter) ?? 0, nano: nanos.get(trader) ?? 0n};
			counts.set(meter, others.count + 1);
			nanos.set(trader, others.nano + marginOfOrder(one.order));
			return apart.get(at) ?? problemOf(one, atS, others);
		});
	};

	/** The very same signed order is its own proof. Said with another signature, that must be good too: the answer holds what stands, with its own one. */
	const knownProblem = ({order, hash, signer}: Prepared, atS: number): IntakeProblem | undefined => {
		if (order.signature === book.find(hash)!.order.signature || signer?.address === order.trader) return undefined;
		if (signer !== undefined && book.delegationFor(order, signer.address, atS) !== undefined) return undefined;
		const detail = 'the order is known, and this signature of it is neither by its trader nor by an agent of his';
		return {code: 'bad-signature', detail, pointer: '/signature', orderHash: hash};
	};

	/** Why orders that are each fine cannot stand together, by place. */
	const together = (prepared: readonly (Prepared | IntakeProblem)[]): Map<number, IntakeProblem> => {
		const problems = new Map<number, IntakeProblem>();
		for (const [at, one] of prepared.entries()) {
			if ('code' in one) continue;
			for (const other of prepared.slice(0, at)) {
				if ('code' in other || other.hash === one.hash) continue;
				const [a, b] = [one.order, other.order];
				if (a.trader === b.trader && a.salt === b.salt)
					problems.set(at, {
						code: 'duplicate-salt',
						detail: `another order of the batch has salt ${a.salt}`,
						pointer: '/salt',
						orderHash: one.hash,
					});
				const isApart = a.slotFrom + a.slotCount <= b.slotFrom || b.slotFrom + b.slotCount <= a.slotFrom;
				if (a.meter === b.meter && !isApart && (a.side === b.side || a.mode === 'forward'))
					problems.set(at, {
						code: a.side === b.side ? 'order-exists' : 'side-conflict',
						detail: `another order of the batch is for this meter and slot: ${other.hash}`,
						orderHash: one.hash,
					});
			}
		}
		return problems;
	};

	const haltProblem = (): IntakeProblem | undefined => {
		const why = needs.halted();
		return why === undefined ? undefined : {code: 'operator-halted', detail: why};
	};

	const known = async (
		hash: string,
	): Promise<{readonly value: {readonly isNew: boolean; readonly acknowledged: Acknowledged}} | undefined> => {
		const booked = book.find(hash);
		if (booked === undefined) return undefined;
		// The first of two may still be on its way to the disk: the second must not be answered before it.
		const index = (await pending.get(hash)) ?? indexes.get(hash) ?? -1;
		return {value: {isNew: false, acknowledged: {booked, index, signature: acknowledgementOf(booked).signature}}};
	};

	return {
		submit: async (orders, {atomic}) => {
			const halted = haltProblem();
			if (halted !== undefined) return orders.map(() => ({problem: halted}));
			const prepared = await Promise.all(orders.map(prepare));
			// Asking a chain for a signature may have taken long.
			const haltedSince = haltProblem();
			if (haltedSince !== undefined) return orders.map(() => ({problem: haltedSince}));
			// One moment for all: the gate does not close between a check and what it was made for.
			const atMs = clock.nowMs();
			const atS = Math.floor(atMs / 1000);
			if (atomic) {
				const problems = problemsOf(prepared, atS);
				if (problems.some(problem => problem !== undefined))
					return problems.map(problem => ({
						problem: problem ?? {code: 'batch-refused', detail: 'another order of the batch was refused, and all or none were to be taken'},
					}));
			}
			// From here to the last append nothing waits: what was checked is what is taken.
			const taken = prepared.map((one): Taken => {
				if ('code' in one) return {state: 'refused', problem: one};
				const isKnown = book.find(one.hash) !== undefined;
				const problem = isKnown ? knownProblem(one, atS) : problemOf(one, atS);
				if (problem !== undefined) return {state: 'refused', problem};
				return isKnown ? {state: 'known', hash: one.hash} : {state: 'taken', ...take(one, atMs)};
			});
			return Promise.all(
				taken.map(async one => {
					if (one.state === 'refused') return {problem: one.problem};
					if (one.state === 'known') return (await known(one.hash))!;
					const index = await one.durable;
					return {value: {isNew: true, acknowledged: {booked: one.booked, index, signature: acknowledgementOf(one.booked).signature}}};
				}),
			);
		},
		cancel: async (hashes, signature) => {
			const halted = haltProblem();
			if (halted !== undefined) return {problem: halted};
			if (hashes.length === 0 || hashes.length > cancelledMax)
				return {problem: {code: 'malformed', detail: `a cancellation names 1 to ${cancelledMax} orders`, pointer: '/hashes'}};
			const first = book.find(hashes[0]!);
			if (first === undefined) return {problem: {code: 'unknown-order', detail: `there is no order ${hashes[0]}`, pointer: '/hashes/0'}};
			const digest = digests.cancellation({hashes});
			const signer = await signerOfDigest(digest, signature, first.order.trader);
			const atMs = clock.nowMs();
			const problem = book.cancellationProblem(hashes, signer?.address, Math.floor(atMs / 1000));
			if (problem !== undefined) return {problem};
			const found = hashes.map(hash => book.find(hash)!);
			// Said again, it changes nothing and needs no entry.
			if (found.every(({cancellation}) => cancellation !== undefined)) return {value: found};
			const hash = toPrefixedHex(digest);
			const body: MarketBody = {
				kind: orderKinds.cancellation,
				hash,
				orders: hashes,
				signer: signer!.address,
				signature,
				receivedAt: Math.floor(atMs / 1000),
			};
			const {sequence, durable} = append(body, BigInt(hashes.length), atMs);
			book.apply(body, sequence);
			await durable;
			for (const {hash: orderHash, order} of found)
				announce({type: 'order.cancelled', atMs, account: order.trader, data: JSON.stringify({orderHash, sequence})});
			return {value: found};
		},
		cancelAll: async (trader, counter, signature) => {
			const halted = haltProblem();
			if (halted !== undefined) return {problem: halted};
			// A key costs nothing: what anybody could fill log and memory with is taken of those only who trade here.
			if (!book.isOwner(trader)) return {problem: notOwner(trader, '/trader')};
			const current = book.counterOf(trader);
			if (counter <= current)
				return {
					problem: {code: 'counter-stale', detail: `the trader's counter is ${current} already, not below ${counter}`, pointer: '/counter'},
				};
			const digest = digests.counterIncrement({trader, market: rules.market, counter});
			const signer = await signerOfDigest(digest, signature, trader);
			if (signer?.address !== trader)
				return {problem: {code: 'bad-signature', detail: `the counter is not signed by ${trader}`, pointer: '/signature'}};
			const cancelled = book.of(trader).filter(({cancellation, order}) => cancellation === undefined && order.counter < counter).length;
			await raise(trader, counter, toPrefixedHex(digest), signature);
			return {value: {cancelled}};
		},
		counterOnChain: async (trader, counter, leftAtS) => {
			if (counter <= book.counterOf(trader)) return;
			await raise(trader, counter, toPrefixedHex(digests.counterIncrement({trader, market: rules.market, counter})), '', leftAtS);
		},
		force: async (order, forcedAtS) => {
			const halted = haltProblem();
			if (halted !== undefined) return {problem: halted};
			const prepared = await prepare(order);
			if ('code' in prepared) return {problem: prepared};
			const {hash, signer} = prepared;
			const atMs = clock.nowMs();
			if (book.find(hash) !== undefined) return {value: {hash, isNew: false}};
			const problem: IntakeProblem | undefined =
				signer?.address === prepared.order.trader
					? (book.forcedProblemOf(prepared.order) ?? escrowProblem(prepared.order, Math.floor(atMs / 1000), 0n))
					: {code: 'bad-signature', detail: `the forced order is not signed by ${prepared.order.trader}`, pointer: '/signature'};
			if (problem !== undefined) return {problem: {...problem, orderHash: hash}};
			await take(prepared, atMs, forcedAtS).durable;
			return {value: {hash, isNew: true}};
		},
		delegate: async (delegation, signature) => {
			const halted = haltProblem();
			if (halted !== undefined) return {problem: halted};
			if (delegation.market !== rules.market)
				return {
					problem: {code: 'unknown-market', detail: `the delegation is for market ${delegation.market}`, pointer: '/delegation/market'},
				};
			if (!book.isOwner(delegation.owner)) return {problem: notOwner(delegation.owner, '/delegation/owner')};
			const digest = digests.delegation({...delegation, nonce: BigInt(delegation.nonce)});
			const id = toPrefixedHex(digest);
			const signer = await signerOfDigest(digest, signature, delegation.owner);
			if (signer?.address !== delegation.owner)
				return {
					problem: {code: 'bad-signature', detail: `the delegation is not signed by its owner ${delegation.owner}`, pointer: '/signature'},
				};
			if (book.delegation(id) !== undefined) return {value: {id}};
			if (book.isRevoked(id))
				return {
					problem: {code: 'delegation-exceeded', detail: `delegation ${id} was revoked: its owner must sign another, with another nonce`},
				};
			if (book.delegationsOf(delegation.owner) >= delegationsPerOwnerMax)
				return {problem: {code: 'capacity-exceeded', detail: `an owner has at most ${delegationsPerOwnerMax} delegations`}};
			const atMs = clock.nowMs();
			const body: MarketBody = {kind: orderKinds.delegation, hash: id, delegation, signature, receivedAt: Math.floor(atMs / 1000)};
			const {sequence, durable} = append(body, BigInt(delegation.notAfter), atMs);
			book.apply(body, sequence);
			await durable;
			return {value: {id}};
		},
		revoke: async (id, signature) => {
			const halted = haltProblem();
			if (halted !== undefined) return {problem: halted};
			const delegation = book.delegation(id);
			if (delegation === undefined) return {problem: {code: 'unknown-order', detail: `there is no delegation ${id}`, pointer: '/id'}};
			const digest = digests.revocation({delegation: id});
			const signer = await signerOfDigest(digest, signature, delegation.owner);
			if (signer?.address !== delegation.owner)
				return {problem: {code: 'bad-signature', detail: `the revocation is not signed by ${delegation.owner}`, pointer: '/signature'}};
			const atMs = clock.nowMs();
			const body: MarketBody = {
				kind: orderKinds.revocation,
				hash: toPrefixedHex(digest),
				revokes: id,
				signature,
				receivedAt: Math.floor(atMs / 1000),
			};
			const {sequence, durable} = append(body, 0n, atMs);
			book.apply(body, sequence);
			await durable;
			return {value: {id}};
		},
		acknowledgementOf,
		indexOf: hash => indexes.get(hash),
	};

	function notOwner(account: string, pointer: string): IntakeProblem {
		return {code: 'not-your-meter', detail: `${account} answers for no meter of this market`, pointer};
	}

	async function raise(trader: string, counter: number, hash: string, signature: string, leftAtS?: number): Promise<void> {
		const atMs = clock.nowMs();
		const body: MarketBody = {kind: orderKinds.counter, hash, trader, counter, signature, receivedAt: leftAtS ?? Math.floor(atMs / 1000)};
		const {sequence, durable} = append(body, BigInt(counter), atMs);
		book.apply(body, sequence);
		await durable;
	}
}
