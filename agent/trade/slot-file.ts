// Reads a slot file: the rules, the orders and the readings of one slot, so that anybody can clear and settle it again.

import {fromHex} from '../base/bytes.ts';
import {type Fields, type Parsed, parseEditedDocument, shapeError} from '../format/document.ts';
import {type Order, orderProblem, ordersMax} from './book.ts';
import type {Rules} from './clear.ts';
import type {Position} from './settle.ts';
import {tariffProblem} from './tariff.ts';

export type SlotFile = {
	readonly rules: Rules;
	/** Root of the order set: breaks ties of single Wh. */
	readonly seed: Uint8Array;
	readonly orders: readonly (Order & {readonly account: string})[];
	/** What meters showed, by account; undefined if the file has no readings, as before the slot is over. */
	readonly readings: readonly Pick<Position, 'account' | 'meteredWh' | 'usualImportWh'>[] | undefined;
};

export const slotFormat = 'kedge slot 1';
const lengthMax = 256 * 1024 * 1024;
const energyWhMax = 2 ** 45;

/** People and programs write it: white space and the order of keys are free, unknown keys are a problem. */
export function parseSlotFile(bytes: Uint8Array): Parsed<SlotFile> {
	return parseEditedDocument(bytes, lengthMax, readSlot);
}

function readSlot(fields: Fields): SlotFile {
	if (fields.text('format') !== slotFormat) shapeError(`format is not "${slotFormat}"`);
	fields.only('format', 'tariff', 'pricing', 'lineLimitWh', 'seed', 'orders', 'readings');
	const tariff = fields.object('tariff', item => {
		item.only('feedInMicroPerKwh', 'retailMicroPerKwh', 'gridFeeMicroPerKwh');
		return {
			feedInMicroPerKwh: item.count('feedInMicroPerKwh'),
			retailMicroPerKwh: item.count('retailMicroPerKwh'),
			gridFeeMicroPerKwh: item.count('gridFeeMicroPerKwh'),
		};
	});
	const problem = tariffProblem(tariff);
	if (problem !== undefined) shapeError(`tariff: ${problem}`);
	const pricing = fields.text('pricing');
	if (pricing !== 'auction' && pricing !== 'midmarket') return shapeError('pricing is neither "auction" nor "midmarket"');
	const seed = /^0x(?:[0-9a-f]{2}){1,64}$/.test(fields.text('seed')) ? fromHex(fields.text('seed').slice(2)) : undefined;
	if (seed === undefined) return shapeError('seed is not 0x and 1 to 64 bytes in lower-case hexadecimal');
	const hashes = new Set<string>();
	const orders = fields.list('orders', ordersMax, item => {
		item.only('hash', 'account', 'side', 'quantityWh', 'limitMicroPerKwh', 'minQuantityWh');
		const order = {
			hash: item.text('hash'),
			account: item.text('account'),
			side: item.text('side') as Order['side'],
			quantityWh: item.count('quantityWh'),
			limitMicroPerKwh: item.count('limitMicroPerKwh'),
			minQuantityWh: item.has('minQuantityWh') ? item.count('minQuantityWh') : 0,
		};
		const wrong = orderProblem(order, tariff);
		if (wrong !== undefined) shapeError(`order ${order.hash}: ${wrong.detail}`);
		if (hashes.has(order.hash)) shapeError(`order ${order.hash} is there twice`);
		hashes.add(order.hash);
		return order;
	});
	return {
		rules: {...tariff, pricing, lineLimitWh: fields.has('lineLimitWh') ? fields.count('lineLimitWh') : undefined},
		seed,
		orders,
		readings: fields.has('readings') ? fields.list('readings', ordersMax, readReading) : undefined,
	};
}

function readReading(item: Fields): NonNullable<SlotFile['readings']>[number] {
	item.only('account', 'netExportWh', 'usualImportWh');
	// As text, since what is taken is negative.
	const text = item.textMaybe('netExportWh');
	const meteredWh = text === undefined ? undefined : /^(?:0|-?[1-9][0-9]{0,15})$/.test(text) ? Number(text) : Number.NaN;
	if (meteredWh !== undefined && !(Math.abs(meteredWh) <= energyWhMax)) shapeError(`netExportWh "${text}" is not a whole number of Wh`);
	return {account: item.text('account'), meteredWh, usualImportWh: item.has('usualImportWh') ? item.count('usualImportWh') : 0};
}
