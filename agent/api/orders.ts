// /orders: signed orders in, one or many, and what became of them.

import {accountFor, type Caller, seesAll} from './access.ts';
import type {Answer, MarketDesk, OrderRequest, OrderView, SubmittedOrder} from './desk.ts';
import {gateMs} from './desks.ts';
import {exampleOrder, exampleTaken} from './examples.ts';
import {fieldErrorsMax, hashesPerCancelMax, ordersPerBatchMax, pageItemsDefault, pageItemsMax} from './limits.ts';
import {signedTypes} from './markets.ts';
import {type FieldError, Problem, problemBody, problemOf} from './problem.ts';
import {problemSchema} from './problem-schema.ts';
import {type Context, cursorOf, defineRoute, headerOf, pageKey, type Reply, type Route} from './route.ts';
import {
	address,
	closed,
	count,
	cursor,
	hash,
	market,
	marketId,
	meterId,
	mode,
	nameKey,
	oneOf,
	pageOf,
	type Static,
	seconds,
	sequence,
	side,
	signature,
	slot,
	Type,
	textOrNull,
} from './schema.ts';

const signedSide = Type.Unsafe<'buy' | 'sell'>({...side, description: 'Signed as a number: buy is 1, sell is 2.'});
const signedMode = Type.Unsafe<'metered' | 'forward'>({
	...mode,
	description: 'That of the market. Signed as a number: metered is 1, forward is 2.',
});

const signedFields = {
	market: marketId,
	meter: meterId,
	trader: address,
	side: signedSide,
	mode: signedMode,
	slotFrom: slot,
	slotCount: Type.Integer({minimum: 1, maximum: 0xffff_ffff, description: 'How many slots it stands for, from slotFrom.'}),
	quantityWh: Type.Integer({minimum: 1, maximum: 0xffff_ffff, description: 'Wh in each slot; metered: at most that much.'}),
	limitMicroPerKwh: Type.Integer({
		minimum: 0,
		maximum: Number.MAX_SAFE_INTEGER,
		description:
			'µ-currency/kWh. Sell: the least that the seller gets, net. Buy: the most that is paid in all, grid fee included: the energy price of a slot is at most this less the grid fee.',
	}),
	minQuantityWh: Type.Integer({minimum: 0, maximum: 0xffff_ffff, description: 'Filled with at least this, or not at all.'}),
	validUntil: Type.Integer({
		minimum: 0,
		maximum: Number.MAX_SAFE_INTEGER,
		description: 'Seconds since 1970. The order stands only in slots whose gate is not later.',
	}),
	counter: Type.Integer({
		minimum: 0,
		maximum: Number.MAX_SAFE_INTEGER,
		description: 'The counter of the trader: 0 until he raises it. GET /v1/accounts/{account} has it.',
	}),
	salt: Type.String({...hash, description: 'Any 256 bits that the trader has not used before, as 0x and 64 hexadecimal digits.'}),
	signature,
};

export const signedOrderSchema = Type.Object(signedFields, {
	[nameKey]: 'SignedOrder',
	description: 'As its trader signed it; its hash is the EIP-712 digest.',
	examples: [exampleOrder],
});

const clientOrderId = Type.String({
	maxLength: 64,
	pattern: '^[\\x21-\\x7e]*$',
	description: 'At most 64 printable characters of ASCII without spaces. It is only echoed: neither signed nor kept.',
});
const timeInForce = Type.String({
	maxLength: 16,
	description: 'GTG, good till gate, is the default; "standing" says the same of several slots. For FOK set minQuantityWh to quantityWh.',
});

export const orderRequestSchema = Type.Object(
	{...signedFields, clientOrderId: Type.Optional(clientOrderId), timeInForce: Type.Optional(timeInForce)},
	{
		[nameKey]: 'OrderRequest',
		description: 'An order and its signature [EIP-712].',
		examples: [{...exampleOrder, clientOrderId: 'noon'}],
		...closed,
	},
);

const batchFields = {
	atomic: Type.Optional(Type.Boolean({description: 'All or none are taken; all must be for one market.', default: false})),
};
const batchLength = {minItems: 1, maxItems: ordersPerBatchMax};
const batchSchema = Type.Object(
	{orders: Type.Array(orderRequestSchema, batchLength), ...batchFields},
	{[nameKey]: 'OrderBatch', ...closed},
);
/** The batch around its orders: these are looked at one by one, since one that is malformed does not spoil the others. */
const envelopeSchema = Type.Object({orders: Type.Array(Type.Unknown(), batchLength), ...batchFields}, closed);

export const acknowledgementSchema = Type.Object(
	{orderHash: hash, market: hash, slot, sequence, receivedAt: seconds, signature},
	{
		[nameKey]: 'Acknowledgement',
		description: "The operator's signature over what it acknowledged [EIP-712]: the contract takes it against an order that was left out.",
	},
);

const orderStates = ['open', 'cancelled', 'expired', 'locked', 'filled', 'partially-filled', 'unfilled'] as const;
const orderFields = {
	hash,
	sequence,
	state: oneOf(orderStates),
	index: Type.Integer({minimum: 0, description: 'Place of its entry in the log.'}),
	order: signedOrderSchema,
	acknowledgement: acknowledgementSchema,
};
export const orderSchema = Type.Object(orderFields, {[nameKey]: 'Order', examples: [exampleTaken]});

const acceptedSchema = Type.Object(
	{
		...orderFields,
		isNew: Type.Boolean({description: 'False: the very same signed order was there already.'}),
		clientOrderId: Type.Optional(Type.String()),
		receipt: textOrNull(
			'The receipt of its entry in the log, as `kedge verify` takes it; null if it was not released in time, or not asked for.',
		),
		receiptLink: Type.String(),
	},
	{
		[nameKey]: 'AcceptedOrder',
		examples: [
			{...exampleTaken, isNew: true, clientOrderId: 'noon', receipt: null, receiptLink: `/v1/orders/${exampleTaken.hash}/receipt`},
		],
	},
);

const resultSchema = Type.Object(
	{
		isNew: Type.Optional(Type.Boolean()),
		order: Type.Optional(orderSchema),
		clientOrderId: Type.Optional(Type.String()),
		problem: Type.Optional(problemSchema),
	},
	{[nameKey]: 'OrderResult', description: 'Either an order or a problem.'},
);
const resultsSchema = Type.Object(
	{accepted: count, refused: count, results: Type.Array(resultSchema, {description: 'In the order of the request.'})},
	{[nameKey]: 'OrderResults'},
);

type Batch = {readonly orders: readonly unknown[]; readonly atomic?: boolean};
type Submitted = Static<typeof orderRequestSchema>;

/** One spelling of what is hexadecimal. */
function lowerCased(order: Submitted): OrderRequest {
	return {
		...order,
		market: order.market.toLowerCase(),
		meter: order.meter.toLowerCase(),
		trader: order.trader.toLowerCase(),
		salt: order.salt.toLowerCase(),
		signature: order.signature.toLowerCase(),
	};
}

function refusedTerms({timeInForce}: Submitted): Problem | undefined {
	if (timeInForce === undefined || timeInForce === 'GTG' || timeInForce === 'standing') return undefined;
	return new Problem('unsupported-tif', 'a call auction has GTG only; for FOK set minQuantityWh to quantityWh', {
		errors: [{pointer: '/timeInForce', code: 'unsupported-tif', detail: 'is neither GTG nor standing'}],
	});
}

function unknownMarket(id: string): Problem {
	return new Problem('unknown-market', `there is no market ${id}`);
}

function malformed(errors: readonly FieldError[]): Problem {
	return new Problem('malformed', `the order does not fit: ${errors[0]!.pointer || 'it'} ${errors[0]!.detail}`, {errors});
}

function receiptLink(order: OrderView): string {
	return `/v1/orders/${order.hash}/receipt`;
}

export async function submitOne(context: Context, body: unknown, isThorough: boolean, waitsForReceipt: boolean): Promise<Reply> {
	const errors = context.check.body(orderRequestSchema, body, isThorough);
	if (errors.length > 0) throw malformed(errors);
	const order = lowerCased(body as Submitted);
	const refused = refusedTerms(order as Submitted);
	if (refused !== undefined) throw refused;
	const desk = context.desks.find(order.market);
	if (desk === undefined) throw unknownMarket(order.market);
	const [answer] = await desk.submit([order], {atomic: false});
	if (answer === undefined || 'problem' in answer)
		throw answer === undefined ? new Error('the desk gave no answer') : problemOf(answer.problem);
	const {isNew, order: view} = answer.value;
	const receipt = waitsForReceipt ? await receiptOf(context, desk, view.hash) : undefined;
	return {
		kind: isNew ? 'created' : 'ok',
		schema: acceptedSchema,
		headers: {location: `/v1/orders/${view.hash}`, link: `<${receiptLink(view)}>; rel="receipt"`},
		body: {
			...view,
			isNew,
			...(order.clientOrderId === undefined ? {} : {clientOrderId: order.clientOrderId}),
			receipt: receipt ?? null,
			receiptLink: receiptLink(view),
		},
	};
}

async function receiptOf({receiptWaits, limits}: Context, desk: MarketDesk, hash: string): Promise<string | undefined> {
	if (!receiptWaits.take()) return desk.orderReceipt(hash, 0);
	try {
		return await desk.orderReceipt(hash, limits.receiptWaitMs);
	} finally {
		receiptWaits.give();
	}
}

type Result = Answer<SubmittedOrder> | Problem;

export async function submitMany(context: Context, body: Batch): Promise<Reply> {
	const errors = context.check.body(envelopeSchema, body, false);
	if (errors.length > 0) throw malformed(errors);
	const isAtomic = body.atomic === true;
	const results = new Array<Result | undefined>(body.orders.length).fill(undefined);
	const perMarket = new Map<MarketDesk, {readonly at: number; readonly order: OrderRequest}[]>();
	for (const [at, item] of body.orders.entries()) {
		const wrong = context.check.body(orderRequestSchema, item, false);
		const order = wrong.length > 0 ? undefined : lowerCased(item as Submitted);
		const desk = order === undefined ? undefined : context.desks.find(order.market);
		results[at] =
			order === undefined
				? malformed(wrong)
				: (refusedTerms(order as Submitted) ?? (desk === undefined ? unknownMarket(order.market) : undefined));
		if (results[at] !== undefined || desk === undefined) continue;
		const orders = perMarket.get(desk) ?? [];
		orders.push({at, order: order!});
		perMarket.set(desk, orders);
	}
	if (isAtomic && perMarket.size > 1) throw new Problem('malformed', 'the orders of an atomic batch are not all for one market');
	if (!isAtomic || results.every(result => result === undefined)) {
		await Promise.all(
			[...perMarket].map(async ([desk, orders]) => {
				const answers = await desk.submit(
					orders.map(({order}) => order),
					{atomic: isAtomic},
				);
				for (const [i, {at}] of orders.entries()) results[at] = answers[i];
			}),
		);
	}
	const shown = results.map((result, at) => shownResult(result, body.orders[at], at));
	const refused = shown.filter(({problem}) => problem !== undefined);
	if (isAtomic && refused.length > 0) throw batchRefused(refused.map(({problem}) => problem!));
	return {
		kind: 'ok',
		schema: resultsSchema,
		body: {
			accepted: shown.length - refused.length,
			refused: refused.length,
			results: shown.map(({problem, ...order}) => (problem === undefined ? order : {problem: problemBody(problem)})),
		},
	};
}

type Shown = {readonly isNew?: boolean; readonly order?: OrderView; readonly clientOrderId?: string; readonly problem?: Problem};

function shownResult(result: Result | undefined, asked: unknown, at: number): Shown {
	// Nothing was tried, since another order of the atomic batch did not fit.
	if (result === undefined) return {};
	const prefix = `/orders/${at}`;
	if (result instanceof Problem) {
		const errors = result.members.errors?.map(error => ({...error, pointer: `${prefix}${error.pointer}`}));
		return {problem: new Problem(result.code, result.message, {...result.members, ...(errors === undefined ? {} : {errors})})};
	}
	if ('problem' in result) return {problem: problemOf(result.problem, prefix)};
	const {clientOrderId} = asked as Submitted;
	return {...result.value, ...(clientOrderId === undefined ? {} : {clientOrderId})};
}

/** One problem for a batch that is taken whole or not at all; it names the orders to blame. */
function batchRefused(refused: readonly Problem[]): Problem {
	const errors = refused
		.filter(({code}) => code !== 'batch-refused')
		.flatMap((problem): readonly FieldError[] => problem.members.errors ?? [{pointer: '', code: problem.code, detail: problem.message}])
		.slice(0, fieldErrorsMax);
	return new Problem('batch-refused', 'no order of the batch was taken, since some were refused', {errors});
}

/** Before the gate of its first slot an order is its trader's secret, whoever else asks. */
export function maySee({desks, clock}: Context, caller: Caller, {order}: OrderView): boolean {
	if (caller.account === order.trader.toLowerCase()) return true;
	const desk = desks.find(order.market);
	return seesAll(caller) && desk !== undefined && clock.nowMs() >= gateMs(desk, order.slotFrom);
}

/** The order, if the caller may see it. What he may not see is not there, as far as he can tell. */
export async function findOrder(
	context: Context,
	caller: Caller,
	hash: string,
): Promise<{readonly desk: MarketDesk; readonly view: OrderView}> {
	for (const desk of context.desks.all) {
		const view = await desk.order(hash.toLowerCase());
		if (view !== undefined && maySee(context, caller, view)) return {desk, view};
	}
	throw new Problem('unknown-order', `there is no order ${hash} that this token may see`);
}

/** How an order is signed, from the types that markets show. */
const signing = [
	'An order is signed by EIP-712 typed data.',
	`Domain: name "Kedge Energy Market", version "1", chainId and verifyingContract as \`domain\` of GET /v1/markets has them; verifyingContract is the zero address in a market without a contract.`,
	`Type: Order(${signedTypes.Order.map(({type, name}) => `${type} ${name}`).join(',')}).`,
	'In what is signed, side is 1 for buy and 2 for sell, mode is 1 for metered and 2 for forward, and salt is the number that its 32 bytes are; all else is as in the JSON.',
	"The digest is the order's hash. The other types are in `types` of GET /v1/markets.",
].join(' ');

const ofOrder = Type.Object({hash});
const receiptQuery = Type.Object(
	{
		receipt: Type.Optional(
			oneOf(['inline', 'link'], 'Whether the answer to a single order waits up to 1.5 s for its receipt. A batch never does.'),
		),
	},
	closed,
);
const cancellationHeader = 'order-cancellation';
const cancelSchema = Type.Object(
	{market: Type.Optional(market), hashes: Type.Array(hash, {minItems: 1, maxItems: hashesPerCancelMax}), signature},
	{[nameKey]: 'CancelRequest', ...closed},
);
const cancelledSchema = Type.Object({items: Type.Array(orderSchema)}, {[nameKey]: 'OrderList'});
const cancelAllSchema = Type.Object(
	{market: Type.Optional(market), trader: address, counter: count, signature},
	{[nameKey]: 'CancelAllRequest', description: 'A signed CounterIncrement: orders with a lower counter fall.', ...closed},
);

const submitProblems = [
	'bad-signature',
	'not-your-meter',
	'unknown-market',
	'unknown-slot',
	'side-conflict',
	'order-exists',
	'duplicate-salt',
	'gate-closed',
	'price-out-of-band',
	'capacity-exceeded',
	'insufficient-escrow',
	'counter-stale',
	'unsupported-tif',
	'delegation-exceeded',
	'batch-refused',
	'operator-halted',
] as const;

export async function cancel(
	context: Context,
	body: {readonly market?: string; readonly hashes: readonly string[]; readonly signature: string},
): Promise<Reply> {
	const answer = await context.desks
		.of(body.market)
		.cancel({hashes: body.hashes.map(one => one.toLowerCase()), signature: body.signature.toLowerCase()});
	if ('problem' in answer) throw problemOf(answer.problem);
	return {kind: 'ok', body: {items: answer.value}};
}

export const orderRoutes: readonly Route[] = [
	defineRoute({
		method: 'POST',
		path: '/orders',
		id: 'submitOrders',
		tag: 'orders',
		summary: `One signed order, or up to ${ordersPerBatchMax}`,
		description: `An order is acknowledged once it is durable in the log. The same signed order again is answered 200 with the same order. One that is malformed or refused in a batch spoils no other, unless the batch is atomic. ${signing}`,
		access: 'signed',
		cost: 'write',
		query: receiptQuery,
		body: Type.Union([orderRequestSchema, batchSchema]),
		checksBody: true,
		idempotency: 'optional',
		answers: {created: acceptedSchema, ok: Type.Union([acceptedSchema, resultsSchema])},
		forms: [
			{body: orderRequestSchema, answer: acceptedSchema},
			{body: batchSchema, answer: resultsSchema},
		],
		problems: submitProblems,
		handle: ({body, query, isShort, context}) => {
			const isBatch = typeof body === 'object' && body !== null && 'orders' in body;
			return isBatch ? submitMany(context, body as Batch) : submitOne(context, body, isShort, query.receipt !== 'link');
		},
	}),
	defineRoute({
		method: 'GET',
		path: '/orders',
		id: 'listOrders',
		tag: 'orders',
		summary: "The caller's orders, by sequence. Auditors, the grid and the operator see those of others after their gate",
		access: 'token',
		cost: 'request',
		query: Type.Object(
			{
				market: Type.Optional(market),
				trader: Type.Optional(address),
				slot: Type.Optional(slot),
				state: Type.Optional(oneOf(orderStates)),
				sort: Type.Optional(
					oneOf(['oldest', 'newest'], 'Which come first; oldest is the default. A cursor goes on in the direction that it came from.'),
				),
				cursor: Type.Optional(cursor),
				limit: Type.Optional(Type.Integer({minimum: 1, maximum: pageItemsMax, default: pageItemsDefault})),
			},
			closed,
		),
		answers: {ok: pageOf('OrderPage', orderSchema)},
		problems: ['forbidden', 'unknown-market'],
		handle: async ({query, caller, context}) => {
			const desk = context.desks.of(query.market);
			const page = await desk.orders({
				trader: accountFor(caller, query.trader),
				slot: query.slot,
				state: query.state,
				newestFirst: query.sort === 'newest',
				after: pageKey(query.cursor, ['number'])?.[0] as number | undefined,
				limit: query.limit ?? pageItemsDefault,
			});
			return {
				kind: 'ok',
				body: {
					// The page may become shorter, and is continued all the same.
					items: page.items.filter(view => maySee(context, caller, view)),
					...(page.next === undefined ? {} : {next: cursorOf([page.next])}),
				},
			};
		},
	}),
	defineRoute({
		method: 'GET',
		path: '/orders/{hash}',
		id: 'getOrder',
		tag: 'orders',
		summary: 'One order, and what became of it',
		access: 'token',
		cost: 'request',
		params: ofOrder,
		answers: {ok: orderSchema},
		problems: ['unknown-order'],
		handle: async ({params, caller, context}) => ({kind: 'ok', body: (await findOrder(context, caller, params.hash)).view}),
	}),
	defineRoute({
		method: 'GET',
		path: '/orders/{hash}/receipt',
		id: 'getOrderReceipt',
		tag: 'orders',
		summary: "The receipt of the order's entry in the log, as `kedge verify` takes it",
		access: 'token',
		cost: 'request',
		params: ofOrder,
		answers: {ok: ['application/json']},
		problems: ['unknown-order', 'not-yet'],
		handle: async ({params, caller, context}) => {
			const {desk, view} = await findOrder(context, caller, params.hash);
			const text = await desk.orderReceipt(view.hash, 0);
			if (text === undefined) throw new Problem('not-yet', 'no checkpoint that covers the order is released yet', {retryAfterS: 1});
			return {kind: 'ok', text, mediaType: 'application/json'};
		},
	}),
	defineRoute({
		method: 'DELETE',
		path: '/orders/{hash}',
		id: 'cancelOrder',
		tag: 'orders',
		summary: 'Takes one order back, before its gate',
		description: `The signature of an OrderCancellation over this one hash stands in the body, or in the header ${cancellationHeader}.`,
		access: 'signed',
		cost: 'write',
		params: ofOrder,
		query: Type.Object({market: Type.Optional(market)}, closed),
		headers: {[cancellationHeader]: 'Signature of the OrderCancellation, where the body has none.'},
		body: Type.Object({signature: Type.Optional(signature)}, {[nameKey]: 'CancelOneRequest', ...closed}),
		answers: {ok: cancelledSchema},
		problems: ['bad-signature', 'unknown-order', 'unknown-market', 'gate-closed', 'operator-halted'],
		handle: ({params, query, body, headers, context}) => {
			const given = body?.signature ?? headerOf(headers, cancellationHeader);
			const errors = context.check.body(signature, given, true);
			if (errors.length > 0)
				throw new Problem('malformed', 'the signature of the cancellation is missing or malformed', {
					errors: errors.map(error => ({...error, pointer: '/signature'})),
				});
			return cancel(context, {hashes: [params.hash], signature: given!, ...(query.market === undefined ? {} : {market: query.market})});
		},
	}),
	defineRoute({
		method: 'POST',
		path: '/orders/cancel',
		id: 'cancelOrders',
		tag: 'orders',
		summary: `Takes up to ${hashesPerCancelMax} orders back, before their gates`,
		access: 'signed',
		cost: 'write',
		body: cancelSchema,
		idempotency: 'optional',
		answers: {ok: cancelledSchema},
		problems: ['bad-signature', 'unknown-order', 'unknown-market', 'gate-closed', 'operator-halted'],
		handle: ({body, context}) => cancel(context, body),
	}),
	defineRoute({
		method: 'POST',
		path: '/orders/cancel-all',
		id: 'cancelAllOrders',
		tag: 'orders',
		summary: "Raises the trader's counter: all his orders with a lower one fall, for slots whose gate is later",
		access: 'signed',
		cost: 'write',
		body: cancelAllSchema,
		idempotency: 'optional',
		answers: {ok: Type.Object({cancelled: count}, {[nameKey]: 'CancelAllResult'})},
		problems: ['bad-signature', 'unknown-market', 'counter-stale', 'operator-halted'],
		handle: async ({body, context}) => {
			const answer = await context.desks
				.of(body.market)
				.cancelAll({trader: body.trader.toLowerCase(), counter: body.counter, signature: body.signature.toLowerCase()});
			if ('problem' in answer) throw problemOf(answer.problem);
			return {kind: 'ok', body: answer.value};
		},
	}),
];
