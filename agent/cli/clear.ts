// kedge clear: clears and settles one slot of an energy market again, from its orders and readings.

import {decimalText} from '../format/decimal.ts';
import {type ClearedSlot, clearSlotFile} from '../market.ts';
import {type Command, exitCodes, isSet, usageError} from './command.ts';
import {readInput} from './input.ts';

export const clearCommand: Command = {
	name: 'clear',
	usage: 'FILE',
	takesWords: true,
	details: [
		'FILE holds the rules, orders and, once they are known, the readings of one slot (agent/trade/README.md). Prints the price, who',
		'got how much and, with readings, what everybody gets or pays; anybody with the same file gets the same to the last nano. It moves',
		'no money and asks nobody: the market around it (orders as entries, escrow, API) is not built yet.',
	],
	options: {json: {type: 'boolean', help: 'print everything as one JSON object; amounts are nano-currency in decimal text'}},
	run: async ({values, positionals}, io) => {
		const [path] = positionals;
		if (path === undefined || positionals.length > 1) throw usageError(clearCommand, 'takes one file');
		const cleared = clearSlotFile(await readInput(path), path);
		io.out(isSet(values, 'json') ? `${JSON.stringify(plain(cleared))}\n` : text(cleared));
		return exitCodes.ok;
	},
};

function plain({file, clearing, settlement}: ClearedSlot): unknown {
	const {fillsWh, removed, ...rest} = clearing;
	const fills = file.orders.map(({hash}, at) => ({hash, fillWh: fillsWh[at]}));
	const whole = {...rest, fills, removed: removed.map(at => file.orders[at]!.hash), settlement};
	return JSON.parse(JSON.stringify(whole, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value)));
}

function text({file, clearing, contractedWh, settlement}: ClearedSlot): string {
	const {volumeWh, priceBuyMicroPerKwh: buy, priceSellMicroPerKwh: sell, removed} = clearing;
	const lines =
		buy === undefined || sell === undefined
			? ['nothing is traded: no bid pays an ask']
			: [
					buy === sell
						? `${volumeWh} Wh at ${money(buy, 6)} a kWh`
						: `${volumeWh} Wh, all that the line carries: buyers pay ${money(buy, 6)} a kWh, sellers get ${money(sell, 6)}`,
				];
	if (removed.length > 0) lines.push(`${removed.length} orders would have got less than their least quantity and get nothing`);
	const width = Math.max(7, ...file.orders.map(({account}) => account.length));
	const column = (value: string): string => value.padStart(16);
	lines.push('');
	if (settlement === undefined) {
		lines.push(`${'account'.padEnd(width)}${column('contracted Wh')}`);
		for (const [account, energyWh] of [...contractedWh].sort(([a], [b]) => (a < b ? -1 : 1)))
			lines.push(`${account.padEnd(width)}${column(`${energyWh}`)}`);
		return `${lines.join('\n')}\n`;
	}
	lines.push(`${'account'.padEnd(width)}${['contracted Wh', 'metered Wh', 'energy', 'imbalance', 'grid fee', 'net'].map(column).join('')}`);
	for (const row of settlement.rows) {
		const {forwardNano, imbalanceNano, gridNano, netNano} = row;
		const amounts = [forwardNano, imbalanceNano, gridNano, netNano].map(amount => column(money(amount, 9)));
		const metered = `${row.substituted ? 'missing: ' : ''}${row.meteredWh}`;
		lines.push(`${row.account.padEnd(width)}${column(`${row.contractedWh}`)}${column(metered)}${amounts.join('')}`);
	}
	const {accounts} = settlement;
	lines.push('', `grid ${money(accounts.gridNano, 9)}, retailer ${money(accounts.retailerNano, 9)}, pool ${money(accounts.poolNano, 9)}`);
	const sum = accounts.tradersNano + accounts.gridNano + accounts.retailerNano + accounts.poolNano;
	lines.push(`sum of all of it: ${sum}`);
	return `${lines.join('\n')}\n`;
}

/** Whole currency with so many digits behind the point, exactly. */
function money(value: bigint | number, digits: number): string {
	return decimalText(BigInt(value), -digits);
}
