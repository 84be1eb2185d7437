// What the description shows as examples. A test holds them to the code: signatures, hash and amounts are what they would be.

import type {OrderView, SettlementView, SignedOrder} from './desk.ts';

const market = '0x595e34f145c03a15bc4d626d202b6373b5074d6d5235ef25cf879d9cb54cbf4d';
const meter = '0x4e3a0e57cb42b5b6b8f86cdf62528377d5b0588db5d6cac201d99cdd1dda446a';
const trader = '0xbc62265da3b27b725ebbe113dba78dd9d191e874';
const orderHash = '0x3ccf5ad092227555926959a2904f6024556345f172b471a0032e8d23a9bfb141';
const slot = 1_995_506;

/** Signed on chain 31337 with no contract. */
export const exampleOrder: SignedOrder = {
	market,
	meter,
	trader,
	side: 'sell',
	mode: 'forward',
	slotFrom: slot,
	slotCount: 1,
	quantityWh: 1000,
	limitMicroPerKwh: 100_000,
	minQuantityWh: 0,
	validUntil: 1_795_955_400,
	counter: 0,
	salt: '0xd62e10ff773330c87ef8b74f03d5767108de7c02789e5839b66ccfaa25805a01',
	signature:
		'0xe1c5a69576392181e53a82daf801d2e962a3259fbcf316ec788c31f5f40cbd9251534772c51d9d11419e912fad5b48f978d9f1e63586553fa665c849bc08f8191b',
};

export const exampleTaken: OrderView = {
	hash: orderHash,
	sequence: 17,
	state: 'open',
	index: 4210,
	order: exampleOrder,
	acknowledgement: {
		orderHash,
		market,
		slot,
		sequence: 17,
		receivedAt: 1_795_953_630,
		signature:
			'0x47dce14b93c857840820c1c4017f51c36879954deebb45efb5511e9232429724373b190ae82e6b24e302162460de623f24ca29ae916fdc9d52dc1808876f64f01b',
	},
};

/** 800 Wh sold at 190,000, of which 750 came; feed-in 80,000, retail 300,000, grid fee 40,000 µ/kWh. */
export const exampleSettlement: Omit<SettlementView, 'adjustmentOf'> = {
	market,
	slot,
	account: trader,
	meter,
	orderHash,
	contractedWh: 800,
	meteredWh: 750,
	deviationWh: -50,
	forwardNano: '152000000',
	imbalanceNano: '-13000000',
	gridNano: '0',
	netNano: '139000000',
	substituted: false,
	spread: false,
	entries: {importFrom: 288, importTo: 291, exportFrom: 288, exportTo: 291},
	state: 'final',
};
