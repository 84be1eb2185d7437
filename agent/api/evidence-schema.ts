// Describes the file of a slot's evidence, as agent/trade/slot-evidence.ts writes it: what a stranger needs to clear and settle the slot again.

import {signedOrderSchema} from './orders.ts';
import {
	address,
	count,
	energyWh,
	hash,
	mode,
	nameKey,
	oneOf,
	price,
	seconds,
	sequence,
	signature,
	slot,
	Type,
	wideNumber,
} from './schema.ts';

const signedText = (description: string) => Type.String({pattern: '^-?[0-9]{1,39}$', description: `${description}, as decimal text.`});
const referenceFields = {
	index: Type.Integer({minimum: 0, description: 'Place of the entry in the log.'}),
	receipt: Type.Optional(Type.String({pattern: '^[0-9a-f]{64}$', description: "SHA-256 of the file of the entry's receipt."})),
};

const delegation = Type.Object(
	{
		owner: address,
		agent: address,
		market: hash,
		meter: hash,
		maxWhPerSlot: energyWh,
		minSellMicroPerKwh: price,
		maxBuyMicroPerKwh: price,
		notBefore: seconds,
		notAfter: seconds,
		nonce: wideNumber,
		signature,
	},
	{description: 'By which an agent signed; missing where the trader himself did.'},
);

const withdrawal = Type.Object(
	{
		kind: oneOf(['cancellation', 'counter']),
		orders: Type.Optional(Type.Array(hash, {description: 'What the cancellation names.'})),
		counter: Type.Optional(count),
		signature: Type.String({description: 'Of the OrderCancellation or CounterIncrement; 0x where the chain said so.'}),
		receivedAt: seconds,
	},
	{description: 'What took the order out before the gate; missing where it stood.'},
);

const orderRecord = Type.Object({
	sequence,
	hash,
	order: signedOrderSchema,
	receivedAt: seconds,
	acknowledgement: Type.Optional(signature),
	delegation: Type.Optional(delegation),
	byContract: Type.Optional(
		Type.Boolean({description: 'The trader is a contract that took the signature when the order came [ERC-1271].'}),
	),
	withdrawal: Type.Optional(withdrawal),
	entry: Type.Optional(Type.Object(referenceFields)),
});

const tier = Type.Object({
	priceMicroPerKwh: price,
	quantityWh: energyWh,
	fills: Type.Array(Type.Object({sequence, quantityWh: energyWh, fillWh: energyWh})),
});

const opening = Type.Object({
	priceMicroPerKwh: wideNumber,
	quantityWh: wideNumber,
	ordersRoot: hash,
	path: Type.Array(Type.String(), {description: 'Siblings from the leaf upwards in hexadecimal, each with the sum under it.'}),
});
const sideCertificate = Type.Object({lastIndex: count, last: opening, next: Type.Optional(opening)});

const boundary = Type.Object({
	slot,
	...referenceFields,
	number: Type.Integer({minimum: 1, description: 'Number of the entry under its register.'}),
	registerWh: energyWh,
	counterEpoch: count,
});
const register = Type.Object({from: boundary, to: boundary}, {description: 'Between the nearest known boundaries around the slot.'});

const meter = Type.Object({
	meter: hash,
	owner: address,
	onlyTakes: Type.Optional(Type.Boolean({description: 'It has no register of what it gives.'})),
	imported: Type.Optional(register),
	exported: Type.Optional(register),
	atClearing: Type.Optional(
		Type.Object(
			{netExportWh: Type.Optional(signedText('Wh'))},
			{description: 'Metered mode: what was known when the slot was cleared, if that was something else.'},
		),
	),
});

const row = Type.Object({
	account: address,
	meter: hash,
	orderHash: Type.Optional(hash),
	contractedWh: signedText('Wh, sold is positive'),
	meteredWh: signedText('Wh, fed in is positive'),
	usualImportWh: energyWh,
	flags: Type.Integer({minimum: 0, maximum: 7, description: 'Sum of 1 substituted, 2 spread, 4 adjusted.'}),
	importFrom: count,
	importTo: count,
	exportFrom: count,
	exportTo: count,
	netNano: signedText('Nano-currency'),
});

export const slotEvidenceSchema = Type.Object(
	{
		format: oneOf(['kedge slot evidence 1']),
		market: hash,
		domain: Type.Object({chainId: count, verifyingContract: address}),
		operator: address,
		gate: seconds,
		rules: Type.Object({
			pricing: oneOf(['auction', 'midmarket']),
			feedInMicroPerKwh: price,
			retailMicroPerKwh: price,
			gridFeeMicroPerKwh: price,
			lineLimitWh: Type.Optional(energyWh),
		}),
		header: Type.Object(
			{
				slot,
				paramsVersion: count,
				mode,
				orderCount: count,
				orderSetRoot: hash,
				bidTiers: count,
				bidRoot: hash,
				askTiers: count,
				askRoot: hash,
				volumeWh: energyWh,
				priceBuyMicroPerKwh: price,
				priceSellMicroPerKwh: price,
			},
			{description: 'What the slot was cleared to. Prices are energy prices, without the grid fee; 0 where nothing was traded.'},
		),
		headerHash: hash,
		statement: Type.String({description: "The operator's signature over the SlotStatement [EIP-712]."}),
		orders: Type.Array(orderRecord, {description: 'Every order acknowledged before the gate, by rising sequence.'}),
		bids: Type.Array(tier),
		asks: Type.Array(tier),
		certificate: Type.Object({bids: sideCertificate, asks: sideCertificate}),
		meters: Type.Array(meter),
		settled: Type.Optional(
			Type.Object(
				{
					rows: Type.Array(row),
					gridNano: signedText('Nano-currency'),
					retailerNano: signedText('Nano-currency'),
					poolNano: signedText('Nano-currency'),
				},
				{description: 'Missing while the slot is not settled.'},
			),
		),
		digest: Type.String({description: 'SHA-256, behind a tag, of the file without this member.'}),
	},
	{
		[nameKey]: 'SlotEvidence',
		description: 'The file that `kedge evidence` checks. It is canonical: whoever checks it keeps its bytes as they came.',
	},
);
