// The order book by itself: what bounds it.
import test from 'ava';
import {orderKinds} from '../../agent/format/entry.ts';
import type {SignedOrder} from '../../agent/trade/order.ts';
import {createOrderBook, knownPerMeterMax} from '../../agent/trade/order-book.ts';
import {baseRules, firstSlot, hashText, keyOf, market, meterOf} from './market-world.ts';

test('whoever orders and takes back again and again is told to stop, and may go on once the day is settled', t => {
	const {address: trader} = keyOf('a busy trader');
	const meter = meterOf('home', trader);
	const book = createOrderBook(baseRules, new Map([[meter.id, meter]]));
	const nowS = (firstSlot - 4) * 900;
	const orderAt = (at: number): SignedOrder => ({
		trader,
		market,
		meter: meter.id,
		side: 'sell',
		mode: 'forward',
		slotFrom: firstSlot,
		slotCount: 1,
		quantityWh: 100,
		limitMicroPerKwh: 100_000,
		minQuantityWh: 0,
		validUntil: firstSlot * 900,
		counter: 0,
		salt: hashText(`salt ${at}`),
		signature: '0x',
	});
	const signer = {address: trader, isContract: false};
	for (let at = 0; at < knownPerMeterMax; at += 1) {
		const [order, hash] = [orderAt(at), hashText(`order ${at}`)];
		if (at % 512 === 0) t.is(book.problemOf(order, signer, nowS), undefined, `after ${at}`);
		book.apply({kind: orderKinds.order, order, hash, signer: trader, delegation: undefined, receivedAt: nowS}, 2 * at + 1);
		book.apply(
			{kind: orderKinds.cancellation, hash: hashText(`back ${at}`), orders: [hash], signer: trader, signature: '0x', receivedAt: nowS},
			2 * at + 2,
		);
	}
	const next = orderAt(knownPerMeterMax);
	t.deepEqual(book.problemOf(next, signer, nowS)?.code, 'capacity-exceeded');
	// What its trader forces onto the chain must be in the set all the same.
	t.is(book.forcedProblemOf(next), undefined);
	book.forgetBefore(firstSlot + 1);
	t.is(book.problemOf({...next, slotFrom: firstSlot + 1, validUntil: (firstSlot + 1) * 900}, signer, nowS), undefined);
});
