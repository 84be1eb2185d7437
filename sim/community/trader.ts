// Trades for the homes of a community as their owners would: orders over the market's HTTP interface, or over MQTT where a home has nothing else.

import {type AcceptedOrder, type MarketClient, MarketProblem, type OrderRequest} from '../../agent/api/client.ts';
import type {Clock} from '../../agent/base/clock.ts';
import type {Prices} from './habit.ts';
import type {SentOrder} from './judge.ts';
import {type Home, type StandingOrder, slotS, standingOrders} from './plan.ts';

/** Who answers for a home: signs with a key that nobody else has. */
export type Owner = {
	readonly address: string;
	/** keccak256 of the meter's URN. */
	readonly meter: string;
	readonly salt: () => string;
	readonly sign: (order: Omit<OrderRequest, 'signature'>) => {readonly hash: string; readonly signature: string};
	readonly signCancellation: (hashes: readonly string[]) => string;
};

export type TraderNeeds = {
	readonly client: Pick<MarketClient, 'submitOrders' | 'cancelOrders'>;
	/** keccak256 of the market's name. */
	readonly market: string;
	readonly owners: ReadonlyMap<string, Owner>;
	/** Sends an order over MQTT. */
	readonly sendByMqtt: (homeId: string, payload: string) => Promise<void>;
	readonly prices: Prices;
	/** For waiting on the market. */
	readonly wallClock: Clock;
};

/** A deposit counts once the market has looked at the chain: so often, and so long apart, an order is sent again that it does not cover yet. */
const escrowTriesMax = 100;
const escrowEveryMs = 200;
/** One home in so many has no HTTP and sends its orders where it sends its registers. */
const mqttEvery = 10;

export type Trader = {
	/** Places what each home wants for these slots; resolves when every order is acknowledged. */
	readonly place: (homes: readonly Home[], slotFrom: number, slotCount: number) => Promise<void>;
	/**
	 * A home changes its mind: its buying order is taken back, and a new one stands with another limit. `nowSlot` tells in which slot that is; if it changes in between nobody could say
	 * for which slots the old one stood, so whoever calls this MUST let time pass slowly.
	 */
	readonly changeMind: (home: Home, limitMicroPerKwh: number, lastSlot: number, nowSlot: () => number) => Promise<void>;
	/** Everything that was acknowledged, for the judge. */
	readonly sent: () => readonly SentOrder[];
	readonly counts: () => {readonly http: number; readonly mqtt: number; readonly cancelled: number};
};

export function createTrader({client, market, owners, sendByMqtt, prices, wallClock}: TraderNeeds): Trader {
	const sent: SentOrder[] = [];
	const counts = {http: 0, mqtt: 0, cancelled: 0};

	const signed = (standing: StandingOrder): {readonly hash: string; readonly order: OrderRequest} => {
		const owner = owners.get(standing.homeId)!;
		const plain = {
			market,
			meter: owner.meter,
			trader: owner.address,
			side: standing.side,
			mode: 'metered' as const,
			slotFrom: standing.slotFrom,
			slotCount: standing.slotCount,
			quantityWh: standing.quantityWh,
			limitMicroPerKwh: standing.limitMicroPerKwh,
			minQuantityWh: 0,
			validUntil: (standing.slotFrom + standing.slotCount) * slotS,
			counter: 0,
			salt: owner.salt(),
		};
		const {hash, signature} = owner.sign(plain);
		return {hash, order: {...plain, signature}};
	};

	const submit = async (order: OrderRequest): Promise<AcceptedOrder> => {
		for (let tries = 1; ; tries += 1) {
			try {
				return await client.submitOrders({receipt: 'link', body: order});
			} catch (error) {
				if (!(error instanceof MarketProblem) || error.code !== 'insufficient-escrow' || tries === escrowTriesMax) throw error;
			}
			await wallClock.sleep(escrowEveryMs);
		}
	};

	const send = async (standing: StandingOrder, byMqtt: boolean): Promise<void> => {
		const {hash, order} = signed(standing);
		if (byMqtt) {
			await sendByMqtt(standing.homeId, JSON.stringify(order));
			// Acknowledged is kept: to whoever sends it again, now over HTTP, it is nothing new.
			const {isNew} = await client.submitOrders({receipt: 'link', body: order});
			if (isNew) throw new Error(`order ${hash} was acknowledged over MQTT, and is new to the market`);
			counts.mqtt += 1;
		} else {
			const accepted = await submit(order);
			if (accepted.hash !== hash) throw new Error(`the market calls order ${hash} ${accepted.hash}`);
			counts.http += 1;
		}
		const {side, slotFrom, slotCount, quantityWh, limitMicroPerKwh} = standing;
		sent.push({hash, meter: order.meter, side, slotFrom, slotCount, quantityWh, limitMicroPerKwh});
	};

	return {
		place: async (homes, slotFrom, slotCount) => {
			for (const [i, home] of homes.entries())
				for (const standing of standingOrders(home, slotFrom, slotCount, prices)) await send(standing, i % mqttEvery === mqttEvery - 1);
		},
		changeMind: async (home, limitMicroPerKwh, lastSlot, nowSlot) => {
			const {meter, signCancellation} = owners.get(home.id)!;
			const slot = nowSlot();
			const at = sent.findIndex(
				one => one.meter === meter && one.side === 'buy' && one.slotFrom <= slot && one.slotFrom + one.slotCount > slot + 1,
			);
			const old = sent[at];
			if (old === undefined) return;
			await client.cancelOrders({body: {hashes: [old.hash], signature: signCancellation([old.hash])}});
			const next = {homeId: home.id, side: 'buy' as const, quantityWh: old.quantityWh, limitMicroPerKwh};
			await send({...next, slotFrom: slot + 1, slotCount: lastSlot - slot}, false);
			if (nowSlot() !== slot) throw new Error(`slot ${slot} ended while an order was changed: let the community's time pass more slowly`);
			// The gates of the slots that begin later come after the cancellation.
			sent[at] = {...old, standsUntil: slot + 1};
			counts.cancelled += 1;
		},
		sent: () => sent,
		counts: () => ({...counts}),
	};
}
