// A small energy market in memory that does real things: signatures, one order a meter, slot and side, the gate, clearing and settling. And a server on top of it.
import type {ExecutionContext} from 'ava';
import {type TypedDataDomain, TypedDataEncoder, type TypedDataField, verifyMessage, verifyTypedData, Wallet} from 'ethers';
import type {StaticToken} from '../../agent/api/access.ts';
import type {
	Answer,
	DeskProblem,
	DeskProblemCode,
	DisputeView,
	MarketDesk,
	MarketEvent,
	MarketView,
	OrderRequest,
	OrderView,
	SignedOrder,
	SlotPhase,
	SlotView,
	SubmittedOrder,
} from '../../agent/api/desk.ts';
import {type ApiServer, openApiServer, type ServerOptions} from '../../agent/api/server.ts';
import type {Window} from '../../agent/api/window.ts';
import {toHex, utf8} from '../../agent/base/bytes.ts';
import {type Clock, systemClock} from '../../agent/base/clock.ts';
import {keccak256} from '../../agent/base/hash.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import type {Logger} from '../../agent/base/logger.ts';
import {createSystemRandom} from '../../agent/base/random.ts';
import {orderProblem} from '../../agent/trade/book.ts';
import {type Clearing, clear} from '../../agent/trade/clear.ts';
import {misfit} from './conform.ts';

export const hashOfText = (text: string): string => `0x${toHex(keccak256(utf8(text)))}`;
export const zeroAddress = `0x${'0'.repeat(40)}`;

const fields = (text: string): TypedDataField[] =>
	text.split(',').map(one => {
		const [type, name] = one.split(' ');
		return {type: type!, name: name!};
	});

export const types = {
	Order: {
		Order: fields(
			'address trader,bytes32 market,bytes32 meter,uint8 side,uint8 mode,uint64 slotFrom,uint32 slotCount,uint64 quantityWh,uint64 limitMicroPerKwh,uint64 minQuantityWh,uint64 validUntil,uint64 counter,uint256 salt',
		),
	},
	OrderCancellation: {OrderCancellation: fields('bytes32[] hashes')},
	CounterIncrement: {CounterIncrement: fields('address trader,bytes32 market,uint64 counter')},
	Delegation: {
		Delegation: fields(
			'address owner,address agent,bytes32 market,bytes32 meter,uint64 maxWhPerSlot,uint64 minSellMicroPerKwh,uint64 maxBuyMicroPerKwh,uint64 notBefore,uint64 notAfter,uint256 nonce',
		),
	},
	DelegationRevocation: {DelegationRevocation: fields('bytes32 delegation')},
	Acknowledgement: {Acknowledgement: fields('bytes32 orderHash,bytes32 market,uint64 slot,uint64 sequence,uint64 receivedAt')},
};

const typed = (order: Omit<SignedOrder, 'signature'>) => ({
	...order,
	side: order.side === 'buy' ? 1 : 2,
	mode: order.mode === 'metered' ? 1 : 2,
});

/** Keys of the tests: the same ones each time. */
export const walletOf = (name: string): Wallet => new Wallet(hashOfText(`key of ${name}`));
export const accountOf = (name: string): string => walletOf(name).address.toLowerCase();
export const meterOf = (name: string): string => hashOfText(`urn:kedge:device:${name}`);

const tariff = {feedInMicroPerKwh: 80_000, retailMicroPerKwh: 300_000, gridFeeMicroPerKwh: 40_000};

export type MemoryDesk = MarketDesk & {
	readonly domain: TypedDataDomain;
	/** Signs an order of this person and his meter. */
	readonly sign: (name: string, order?: Partial<SignedOrder>, signer?: Wallet) => OrderRequest;
	readonly tell: (event: Omit<MarketEvent, 'sequence' | 'atMs'>) => void;
	/** Drops the events up to this sequence, as after seven days. */
	readonly forgetUpTo: (sequence: number) => void;
	readonly clearSlot: (slot: number) => Clearing;
	readonly finish: (slot: number) => void;
	readonly release: () => void;
	halted: string | undefined;
	/** Called before an order is taken. */
	beforeSubmit: () => Promise<void>;
	submits: number;
};

export type DeskOptions = {
	readonly name?: string;
	readonly clock?: Clock;
	readonly people?: readonly string[];
	/** Do not look at signatures: for figures of the HTTP layer alone. */
	readonly unsigned?: boolean;
	/** Whether orders become events. @default true */
	readonly tells?: boolean;
	/** Receipts are there when `release` is called. @default at once */
	readonly holdReceipts?: boolean;
	readonly depositNano?: bigint;
};

/** gate = slot start − 300 s. Everybody of `people` has a meter of his name, which carries 5,000 Wh a slot. */
export function createMemoryDesk(options: DeskOptions = {}): MemoryDesk {
	const {name = 'street', clock = systemClock, people = ['anna', 'bert', 'cora'], depositNano = 10n ** 12n} = options;
	const operator = walletOf(`operator of ${name}`);
	const id = hashOfText(name);
	const domain = {name: 'Kedge Energy Market', version: '1', chainId: 31_337, verifyingContract: zeroAddress};
	const owners = new Map(people.map(one => [meterOf(one), accountOf(one)]));
	const orders = new Map<string, OrderView>();
	const counters = new Map<string, number>();
	const salts = new Set<string>();
	const standing = new Map<string, string>();
	const delegations = new Map<string, {owner: string; agent: string; meter: string; maxWhPerSlot: number}>();
	const clearings = new Map<number, {readonly clearing: Clearing; readonly hashes: readonly string[]}>();
	const finished = new Set<number>();
	const disputes: DisputeView[] = [];
	let events: MarketEvent[] = [];
	let newest = 0;
	let sequence = 0;
	let isReleased = options.holdReceipts !== true;
	let releaseWaiters: (() => void)[] = [];
	const listeners = new Set<(event: MarketEvent) => void>();

	const view = (): MarketView => ({
		id,
		name,
		mode: 'forward',
		pricing: 'auction',
		settlementMode: 'statement',
		residual: 'community',
		params: {version: 1, ...tariff, lineLimitWh: undefined},
		timeline: {slotS: 900, openBeforeS: 86_400, gateBeforeS: 300, readingDeadlineS: 86_400},
		domain,
		contract: undefined,
		operator: operator.address.toLowerCase(),
		meters: owners.size,
		currency: 'EUR',
	});
	const gateMsOf = (slot: number): number => (slot * 900 - 300) * 1000;
	const isKnown = (slot: number): boolean => slot * 900_000 < clock.nowMs() + 86_400_000 && slot > 1_000_000;
	const phaseOf = (slot: number): SlotPhase =>
		finished.has(slot) ? 'final' : clearings.has(slot) ? 'cleared' : clock.nowMs() < gateMsOf(slot) ? 'open' : 'closed';
	const slotView = (slot: number): SlotView => ({
		market: id,
		slot,
		start: new Date(slot * 900_000).toISOString(),
		end: new Date((slot + 1) * 900_000).toISOString(),
		gate: new Date(gateMsOf(slot)).toISOString(),
		phase: phaseOf(slot),
		volumeWh: clearings.get(slot)?.clearing.volumeWh,
		priceBuyMicroPerKwh: clearings.get(slot)?.clearing.priceBuyMicroPerKwh,
		priceSellMicroPerKwh: clearings.get(slot)?.clearing.priceSellMicroPerKwh,
	});

	const problem = (code: DeskProblemCode, detail: string, more: Partial<DeskProblem> = {}): {readonly problem: DeskProblem} => ({
		problem: {code, detail, ...more},
	});
	const signerOf = (kind: keyof typeof types, value: Record<string, unknown>, signature: string): string | undefined => {
		try {
			return verifyTypedData(domain, types[kind], value, signature).toLowerCase();
		} catch {
			return undefined;
		}
	};
	const tell: MemoryDesk['tell'] = event => {
		if (options.tells === false) return;
		newest += 1;
		const whole = {...event, sequence: newest, atMs: clock.nowMs()};
		events.push(whole);
		for (const listener of listeners) listener(whole);
	};
	let salt = 0;

	/** What taking an order would do; nothing is changed by asking. */
	const judge = (
		request: OrderRequest,
	): {readonly hash: string; readonly known: OrderView | undefined} | {readonly problem: DeskProblem} => {
		const {clientOrderId: _1, timeInForce: _2, signature, ...order} = request;
		if (desk.halted !== undefined) return problem('operator-halted', desk.halted);
		const hash = options.unsigned === true ? order.salt : TypedDataEncoder.hash(domain, types.Order, typed(order)).toLowerCase();
		const known = orders.get(hash);
		if (known !== undefined && known.order.signature === signature) return {hash, known};
		if (options.unsigned !== true) {
			const signer = signerOf('Order', typed(order), signature);
			const delegation = [...delegations.values()].find(
				one => one.owner === order.trader && one.agent === signer && one.meter === order.meter,
			);
			if (signer !== order.trader && delegation === undefined)
				return problem('bad-signature', 'the signature is neither by the trader nor by an agent of his', {pointer: '/signature'});
			if (delegation !== undefined && order.quantityWh > delegation.maxWhPerSlot)
				return problem('delegation-exceeded', `the agent may trade ${delegation.maxWhPerSlot} Wh a slot`, {pointer: '/quantityWh'});
			if (known !== undefined) return {hash, known};
			if (owners.get(order.meter) !== order.trader)
				return problem('not-your-meter', 'the meter is not registered to the trader', {pointer: '/meter'});
		}
		if (salts.has(`${order.trader}${order.salt}`)) return problem('duplicate-salt', 'the salt was used before', {pointer: '/salt'});
		if (order.counter !== (counters.get(order.trader) ?? 0))
			return problem('counter-stale', `the counter is ${counters.get(order.trader) ?? 0}, not ${order.counter}`, {pointer: '/counter'});
		if (!isKnown(order.slotFrom)) return problem('unknown-slot', `there is no slot ${order.slotFrom} yet`, {pointer: '/slotFrom'});
		if (clock.nowMs() >= gateMsOf(order.slotFrom)) return problem('gate-closed', `the gate of slot ${order.slotFrom} is closed`);
		if (options.unsigned === true) return {hash, known: undefined};
		const wrong = orderProblem({...order, hash}, tariff, 5000);
		if (wrong !== undefined) return problem(wrong.code, wrong.detail, {orderHash: hash});
		const same = standing.get(`${order.meter} ${order.slotFrom} ${order.side}`);
		if (same !== undefined) return problem('order-exists', 'the meter has such an order already', {orderHash: same});
		if (standing.has(`${order.meter} ${order.slotFrom} ${order.side === 'buy' ? 'sell' : 'buy'}`))
			return problem('side-conflict', 'the meter has an order on the other side', {pointer: '/side'});
		const required = BigInt(order.quantityWh) * BigInt(order.limitMicroPerKwh);
		if (order.side === 'buy' && required > depositNano)
			return problem('insufficient-escrow', 'the deposit does not cover it', {
				requiredNano: String(required),
				availableNano: String(depositNano),
			});
		return {hash, known: undefined};
	};

	const take = (request: OrderRequest, hash: string): OrderView => {
		const {clientOrderId: _1, timeInForce: _2, ...order} = request;
		sequence += 1;
		salts.add(`${order.trader}${order.salt}`);
		standing.set(`${order.meter} ${order.slotFrom} ${order.side}`, hash);
		const receivedAt = Math.floor(clock.nowMs() / 1000);
		const signature = `0x${'11'.repeat(65)}`;
		const acknowledgement = {orderHash: hash, market: id, slot: order.slotFrom, sequence, receivedAt, signature};
		const one: OrderView = {hash, sequence, state: 'open', index: sequence, order, acknowledgement};
		orders.set(hash, one);
		tell({type: 'order.accepted', account: order.trader, data: {orderHash: hash, sequence}});
		return one;
	};

	const drop = (hash: string): OrderView => {
		const one = {...orders.get(hash)!, state: 'cancelled' as const};
		orders.set(hash, one);
		standing.delete(`${one.order.meter} ${one.order.slotFrom} ${one.order.side}`);
		tell({type: 'order.cancelled', account: one.order.trader, data: {orderHash: hash}});
		return one;
	};

	const ofSlot = (slot: number): OrderView[] =>
		[...orders.values()].filter(one => one.order.slotFrom === slot && one.state !== 'cancelled');

	const evidenceOf = (slot: number): object => {
		const zero = `0x${'0'.repeat(64)}`;
		const prices = {volumeWh: 0, priceBuyMicroPerKwh: 0, priceSellMicroPerKwh: 0};
		const side = {lastIndex: 0, last: {priceMicroPerKwh: '0', quantityWh: '0', ordersRoot: zero, path: []}};
		return {
			format: 'kedge slot evidence 1',
			market: id,
			domain: {chainId: domain.chainId, verifyingContract: zeroAddress},
			operator: operator.address.toLowerCase(),
			gate: gateMsOf(slot) / 1000,
			rules: {pricing: 'auction', ...tariff},
			header: {
				slot,
				paramsVersion: 1,
				mode: 'forward',
				orderCount: 0,
				orderSetRoot: zero,
				bidTiers: 0,
				bidRoot: zero,
				askTiers: 0,
				askRoot: zero,
				...prices,
			},
			headerHash: zero,
			statement: '0x',
			orders: [],
			bids: [],
			asks: [],
			certificate: {bids: side, asks: side},
			meters: [],
			digest: '0'.repeat(64),
		};
	};

	const desk: MemoryDesk = {
		domain,
		halted: undefined,
		beforeSubmit: async () => {},
		submits: 0,
		view,
		tell,
		sign: (person, changes = {}, signer = walletOf(person)) => {
			salt += 1;
			const order = {
				market: id,
				meter: meterOf(person),
				trader: accountOf(person),
				side: 'sell' as const,
				mode: 'forward' as const,
				slotFrom: Math.floor(clock.nowMs() / 900_000) + 2,
				slotCount: 1,
				quantityWh: 1000,
				limitMicroPerKwh: 100_000,
				minQuantityWh: 0,
				validUntil: Math.floor(clock.nowMs() / 1000) + 86_400,
				counter: 0,
				salt: `0x${salt.toString(16).padStart(64, '0')}`,
				...changes,
			};
			if (options.unsigned === true) return {...order, signature: `0x${'22'.repeat(65)}`};
			const digest = TypedDataEncoder.hash(domain, types.Order, typed(order));
			return {...order, signature: signer.signingKey.sign(digest).serialized};
		},
		forgetUpTo: upTo => {
			events = events.filter(one => one.sequence > upTo);
		},
		clearSlot: slot => {
			const book = ofSlot(slot);
			const clearing = clear(
				book.map(one => ({...one.order, hash: one.hash})),
				{...tariff, pricing: 'auction', lineLimitWh: undefined},
				keccak256(utf8(`seed ${slot}`)),
			);
			clearings.set(slot, {clearing, hashes: book.map(one => one.hash)});
			for (const [at, one] of book.entries()) {
				const fill = clearing.fillsWh[at]!;
				orders.set(one.hash, {...one, state: fill === 0 ? 'unfilled' : fill < one.order.quantityWh ? 'partially-filled' : 'filled'});
				tell({type: 'order.filled', account: one.order.trader, data: {orderHash: one.hash, fillWh: fill}});
			}
			tell({type: 'slot.cleared', account: undefined, data: {slot, volumeWh: clearing.volumeWh}});
			return clearing;
		},
		finish: slot => {
			finished.add(slot);
			tell({type: 'settlement.final', account: undefined, data: {slot}});
		},
		release: () => {
			isReleased = true;
			for (const wake of releaseWaiters) wake();
			releaseWaiters = [];
		},
		submit: async (requests, {atomic}) => {
			desk.submits += 1;
			await desk.beforeSubmit();
			const taken: string[] = [];
			const answers = requests.map((request): Answer<SubmittedOrder> => {
				const judged = judge(request);
				if ('problem' in judged) return judged;
				if (judged.known !== undefined) return {value: {isNew: false, order: judged.known}};
				taken.push(judged.hash);
				return {value: {isNew: true, order: take(request, judged.hash)}};
			});
			if (!atomic || answers.every(answer => 'value' in answer)) return answers;
			for (const hash of taken) {
				const {order} = orders.get(hash)!;
				orders.delete(hash);
				salts.delete(`${order.trader}${order.salt}`);
				standing.delete(`${order.meter} ${order.slotFrom} ${order.side}`);
			}
			return answers.map(answer => ('problem' in answer ? answer : problem('batch-refused', 'another order was refused')));
		},
		cancel: async ({hashes, signature}) => {
			const found = hashes.map(hash => orders.get(hash));
			const missing = found.indexOf(undefined);
			if (missing >= 0) return problem('unknown-order', `there is no order ${hashes[missing]}`, {pointer: `/hashes/${missing}`});
			const signer = signerOf('OrderCancellation', {hashes: [...hashes]}, signature);
			if (found.some(one => one!.order.trader !== signer))
				return problem('bad-signature', 'not signed by the trader', {pointer: '/signature'});
			const late = found.find(one => clock.nowMs() >= gateMsOf(one!.order.slotFrom));
			if (late !== undefined) return problem('gate-closed', 'the gate is closed', {orderHash: late.hash});
			return {value: hashes.map(drop)};
		},
		cancelAll: async ({trader, counter, signature}) => {
			if (signerOf('CounterIncrement', {trader, market: id, counter}, signature) !== trader)
				return problem('bad-signature', 'not signed by the trader', {pointer: '/signature'});
			if (counter <= (counters.get(trader) ?? 0)) return problem('counter-stale', 'the counter is not higher', {pointer: '/counter'});
			counters.set(trader, counter);
			const his = [...orders.values()].filter(one => one.order.trader === trader && one.state === 'open');
			for (const one of his) drop(one.hash);
			return {value: {cancelled: his.length}};
		},
		delegate: async ({delegation, signature}) => {
			if (signerOf('Delegation', {...delegation}, signature) !== delegation.owner)
				return problem('bad-signature', 'not signed by the owner', {pointer: '/signature'});
			const digest = TypedDataEncoder.hash(domain, types.Delegation, {...delegation}).toLowerCase();
			delegations.set(digest, delegation);
			return {value: {id: digest}};
		},
		revokeDelegation: async ({id: digest, signature}) => {
			const one = delegations.get(digest);
			if (one === undefined || signerOf('DelegationRevocation', {delegation: digest}, signature) !== one.owner)
				return problem('bad-signature', 'not signed by the owner');
			delegations.delete(digest);
			return {value: {id: digest}};
		},
		order: async hash => orders.get(hash),
		orders: async ({trader, slot, state, newestFirst, after, limit}) => {
			const known = [...orders.values()];
			const all = (newestFirst ? known.reverse() : known).filter(
				one =>
					(trader === undefined || one.order.trader === trader) &&
					(slot === undefined || one.order.slotFrom === slot) &&
					(state === undefined || one.state === state) &&
					(after === undefined || (newestFirst ? one.sequence < after : one.sequence > after)),
			);
			const items = all.slice(0, limit);
			return {items, next: all.length > limit ? items.at(-1)!.sequence : undefined};
		},
		orderReceipt: async (hash, waitMs) => {
			if (!isReleased && waitMs > 0)
				await Promise.race([systemClock.sleep(waitMs), new Promise<void>(resolve => releaseWaiters.push(resolve))]);
			return isReleased ? `{"receipt": "${hash}"}\n` : undefined;
		},
		slots: async ({from, to}) =>
			Array.from({length: to - from}, (_, at) => from + at)
				.filter(isKnown)
				.map(slotView),
		slot: async slot => (isKnown(slot) ? slotView(slot) : undefined),
		book: async slot => {
			const cleared = clearings.get(slot);
			if (cleared === undefined) return undefined;
			const tiers = (side: 'bids' | 'asks') => cleared.clearing[side].map(tier => ({...tier, orders: 1}));
			return {bids: tiers('bids'), asks: tiers('asks')};
		},
		clearing: async slot => {
			const cleared = clearings.get(slot)?.clearing;
			if (cleared === undefined) return undefined;
			const zero = `0x${'0'.repeat(64)}`;
			const {volumeWh, priceBuyMicroPerKwh, priceSellMicroPerKwh, lowMicroPerKwh, highMicroPerKwh} = cleared;
			const prices = {priceBuyMicroPerKwh, priceSellMicroPerKwh, lowMicroPerKwh, highMicroPerKwh};
			const roots = {seed: hashOfText(`seed ${slot}`), bidRoot: zero, askRoot: zero, headerHash: zero};
			return {market: id, slot, volumeWh, ...prices, ...roots, header: {slot}, certificate: {}, statement: '0x', transaction: undefined};
		},
		fills: async ({account, slot, after, limit}) => {
			const cleared = clearings.get(slot);
			const all = (cleared?.hashes ?? []).flatMap((hash, at) => {
				const {order, sequence: place} = orders.get(hash)!;
				if ((account !== undefined && order.trader !== account) || (after !== undefined && place <= after)) return [];
				const {meter, side, quantityWh} = order;
				const prices = cleared!.clearing;
				const priceMicroPerKwh = (side === 'buy' ? prices.priceBuyMicroPerKwh : prices.priceSellMicroPerKwh) ?? 0;
				const fillWh = prices.fillsWh[at]!;
				return [{orderHash: hash, sequence: place, account: order.trader, meter, slot, side, quantityWh, fillWh, priceMicroPerKwh}];
			});
			const items = all.slice(0, limit);
			return {items, next: all.length > limit ? items.at(-1)!.sequence : undefined};
		},
		fillProof: async (hash, slot) => (clearings.get(slot)?.hashes.includes(hash) === true ? {path: []} : undefined),
		settlements: async ({account, from, to, after, limit}) => {
			const key = (slot: number, trader: string, meter: string): string => `${String(slot).padStart(12, '0')} ${trader} ${meter}`;
			const all = [...clearings]
				.filter(([slot]) => slot >= from && slot < to)
				.flatMap(([slot, {clearing, hashes}]) =>
					hashes.map((hash, at) => {
						const {order} = orders.get(hash)!;
						const contractedWh = clearing.fillsWh[at]! * (order.side === 'sell' ? 1 : -1);
						return {
							market: id,
							slot,
							account: order.trader,
							meter: order.meter,
							orderHash: hash,
							contractedWh,
							meteredWh: contractedWh,
							deviationWh: 0,
							forwardNano: String(contractedWh),
							imbalanceNano: '0',
							gridNano: '0',
							netNano: String(contractedWh),
							substituted: false,
							spread: false,
							entries: {importFrom: 0, importTo: 0, exportFrom: 0, exportTo: 0},
							state: 'provisional' as const,
							adjustmentOf: undefined,
						};
					}),
				)
				.filter(one => account === undefined || one.account === account)
				.sort((a, b) => (key(a.slot, a.account, a.meter) < key(b.slot, b.account, b.meter) ? -1 : 1))
				.filter(one => after === undefined || key(one.slot, one.account, one.meter) > key(after.slot, after.account, after.meter));
			const items = all.slice(0, limit);
			const last = items.at(-1);
			return {items, next: all.length > limit ? {slot: last!.slot, account: last!.account, meter: last!.meter} : undefined};
		},
		settlementProof: async (slot, account) => (finished.has(slot) ? {slot, account, path: []} : undefined),
		meterReading: async (meter, slot) =>
			clearings.has(slot)
				? {
						meter,
						slot,
						channels: {import: 'urn:kedge:device:x/ch/import'},
						netExportWh: -5,
						entries: {importFrom: 1, importTo: 2, exportFrom: 0, exportTo: 0},
						proofs: {
							importFrom: {channel: 'urn:kedge:device:x/ch/import', number: 1, index: 7, entry: '0x00', receipt: 'kedge prove 7'},
						},
					}
				: undefined,
		account: async account => ({
			account,
			counter: counters.get(account) ?? 0,
			meters: people
				.filter(one => accountOf(one) === account)
				.map(one => ({meter: meterOf(one), device: one, maxImportWh: 5000, maxExportWh: 5000})),
		}),
		balance: async account => ({
			account,
			depositedNano: String(depositNano),
			reservedNano: '0',
			availableNano: String(depositNano),
			pendingNano: '0',
			claimableNano: '0',
			drawnNano: '0',
		}),
		claims: async account => [{day: 20_000, account, cumNano: '-5', to: zeroAddress, calldata: '0x1234'}],
		meterOwner: meter => owners.get(meter),
		bill: async ({account, from, to, format}) => {
			const settledTo = finished.size === 0 ? 0 : Math.max(...finished) + 1;
			if (settledTo <= from) return undefined;
			const none = {nano: '0'};
			const money = {energy: none, imbalance: none, gridFee: none, adjustment: none, net: none, withoutMarket: none};
			const totals = {soldWh: '0', boughtWh: '0', exportWh: '0', importWh: '0', ...money};
			const text = format === 'csv' ? `account,from,to\n${account},${from},${to}\n` : `${JSON.stringify({account, totals})}\n`;
			return {text, settledTo: Math.min(to, settledTo)};
		},
		sharingKeys: async ({kind, format}) => (format === 'csv' ? `kind\n${kind}\n` : `{"kind": "${kind}"}\n`),
		priceEvent: async ({from, to}) => ({objectType: 'EVENT', from, to}),
		slotEvidence: async slot => (finished.has(slot) ? `${JSON.stringify(evidenceOf(slot))}\n` : undefined),
		openDispute: async ({account, slot, reason}) => {
			if (!isKnown(slot)) return problem('unknown-slot', `there is no slot ${slot}`, {pointer: '/slot'});
			const one: DisputeView = {id: `d${disputes.length + 1}`, account, slot, reason, state: 'open', openedAtMs: clock.nowMs()};
			disputes.unshift(one);
			tell({type: 'dispute.opened', account, data: {id: one.id}});
			return {value: one};
		},
		dispute: async wanted => disputes.find(one => one.id === wanted),
		disputes: async account => disputes.filter(one => account === undefined || one.account === account).slice(0, 500),
		eventsAfter: async (after, limit) => {
			const first = events[0]?.sequence ?? newest + 1;
			if (after + 1 < first) return 'gap';
			return events.filter(one => one.sequence > after).slice(0, limit);
		},
		newestEvent: () => newest,
		onEvent: listener => {
			listeners.add(listener);
			return () => listeners.delete(listener);
		},
	};
	return desk;
}

export const tokens = {
	anna: 'token-of-anna-0123456789',
	bert: 'token-of-bert-0123456789',
	auditor: 'token-of-auditor-0123456789',
	dso: 'token-of-dso-0123456789',
	mdc: 'token-of-mdc-0123456789',
	operator: 'token-of-operator-0123456789',
	reader: 'token-of-reader-0123456789',
};

const sha256 = (text: string): string => toHex(nodeHasher.sha256(utf8(text)));

export const staticTokens: readonly StaticToken[] = [
	{name: 'anna', role: 'trader', sha256: sha256(tokens.anna), account: accountOf('anna')},
	{name: 'bert', role: 'agent', sha256: sha256(tokens.bert), account: accountOf('bert')},
	{name: 'auditor', role: 'auditor', sha256: sha256(tokens.auditor)},
	{name: 'dso', role: 'dso', sha256: sha256(tokens.dso)},
	{name: 'mdc', role: 'mdc', sha256: sha256(tokens.mdc)},
	{name: 'operator', role: 'operator', sha256: sha256(tokens.operator)},
	{name: 'reader', role: 'reader', sha256: sha256(tokens.reader)},
];

/** A wall clock that tests set, a monotonic one that they can put forward, and waits that are real. */
export function settableClock(startMs: number): Clock & {readonly set: (ms: number) => void; readonly pass: (ms: number) => void} {
	let nowMs = startMs;
	let passedMs = 0;
	return {
		...systemClock,
		nowMs: () => nowMs,
		monotonicMs: () => systemClock.monotonicMs() + passedMs,
		set: ms => {
			nowMs = ms;
		},
		pass: ms => {
			passedMs += ms;
		},
	};
}

export type World = {
	readonly server: ApiServer;
	readonly url: string;
	readonly desk: MemoryDesk;
	readonly clock: ReturnType<typeof settableClock>;
	readonly logged: string[];
	readonly ask: (path: string, init?: RequestInit & {readonly token?: string; readonly json?: unknown}) => Promise<Answered>;
};

// biome-ignore lint/suspicious/noExplicitAny: answers are looked at field by field, and a wrong guess fails the test.
export type Loose = any;

export type Answered = {readonly status: number; readonly headers: Headers; readonly text: string; readonly body: Loose};

/** 2026-11-29 12:00:00 UTC, where a slot starts. */
export const startMs = Date.UTC(2026, 10, 29, 12);
export const firstSlot = startMs / 900_000;

export async function openWorld(
	t: ExecutionContext<unknown>,
	options: {
		readonly desk?: DeskOptions;
		readonly desks?: readonly MarketDesk[];
		readonly server?: Partial<ServerOptions>;
		readonly illness?: () => string | undefined;
		readonly clock?: ReturnType<typeof settableClock>;
		readonly window?: Window;
	} = {},
): Promise<World> {
	const {clock = settableClock(startMs)} = options;
	const desk = createMemoryDesk({clock, ...options.desk});
	const logged: string[] = [];
	const logger: Logger = {log: (level, event, fields = {}) => logged.push(`${level} ${event} ${JSON.stringify(fields)}`)};
	const server = await openApiServer(
		{
			desks: [desk, ...(options.desks ?? [])],
			clock,
			random: createSystemRandom(),
			logger,
			tokens: staticTokens,
			recoverMessageSigner: (message, signature) => {
				try {
					return verifyMessage(message, signature).toLowerCase();
				} catch {
					return undefined;
				}
			},
			...(options.illness === undefined ? {} : {illness: options.illness}),
			...(options.window === undefined ? {} : {window: options.window}),
		},
		{host: '127.0.0.1', port: 0, ...options.server},
	);
	t.teardown(() => server[Symbol.asyncDispose]());
	const url = `http://127.0.0.1:${server.port}`;
	return {
		server,
		url,
		desk,
		clock,
		logged,
		ask: async (path, {token, json, headers, ...init} = {}) => {
			const response = await fetch(`${url}/v1${path}`, {
				...init,
				headers: {
					...(token === undefined ? {} : {authorization: `Bearer ${token}`}),
					...(json === undefined ? {} : {'content-type': 'application/json'}),
					...(headers as Record<string, string>),
				},
				...(json === undefined ? {} : {body: JSON.stringify(json), method: init.method ?? 'POST'}),
			});
			const text = await response.text();
			const mediaType = response.headers.get('content-type') ?? '';
			const body = mediaType.includes('json') && text !== '' ? JSON.parse(text) : {};
			const method = init.method ?? (json === undefined ? 'GET' : 'POST');
			const wrong = misfit(method, response.url, response.status, mediaType, body);
			if (wrong !== undefined) throw new Error(wrong);
			return {status: response.status, headers: response.headers, text, body};
		},
	};
}
