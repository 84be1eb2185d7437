// kedge order: signs an order of an energy market on the trader's own machine, as JSON for curl or a file.

import {toPrefixedHex} from '../base/bytes.ts';
import {createSystemRandom} from '../base/random.ts';
import {openTraderKey, signIn, signOrder} from '../trading.ts';
import {type Command, countOf, exitCodes, isSet, textOf, usageError} from './command.ts';

const urlDefault = 'http://127.0.0.1:8787';
const keyDefault = 'trader.key';

export const orderCommand: Command = {
	name: 'order',
	usage: '--meter DEVICE --sell WH|--buy WH --limit PRICE',
	details: [
		'Asks the market what it is, signs an order for it (EIP-712), and prints it as JSON; nothing is sent. Send it with',
		`curl -H 'content-type: application/json' -d @order.json ${urlDefault}/v1/orders. The key never leaves this machine.`,
		'A seller’s limit is what he gets, a buyer’s all that he pays, grid fee included.',
	],
	options: {
		url: {type: 'string', value: 'URL', help: `the market's HTTP interface (default: ${urlDefault})`},
		market: {type: 'string', value: 'NAME', help: 'which market, where there are several'},
		key: {type: 'string', value: 'FILE', help: `private key, 64 hexadecimal digits (default: ${keyDefault})`},
		address: {type: 'boolean', help: "print the key's address and nothing else"},
		token: {type: 'boolean', help: 'sign in, and print a token that shows what is yours for fifteen minutes'},
		meter: {type: 'string', value: 'DEVICE', help: 'the device at the connection'},
		sell: {type: 'string', value: 'WH', help: 'sell so many Wh a slot'},
		buy: {type: 'string', value: 'WH', help: 'buy so many Wh a slot'},
		limit: {type: 'string', value: 'PRICE', help: 'currency a kWh, such as 0.21'},
		min: {type: 'string', value: 'WH', help: 'filled with at least this, or not at all (default: 0)'},
		slot: {type: 'string', value: 'N', help: 'first slot: s since 1970 divided by 900 (default: the next that is open)'},
		slots: {type: 'string', value: 'N', help: 'how many slots, at most 2976 (default: 1)'},
		counter: {type: 'string', value: 'N', help: "the trader's counter (default: 0)"},
	},
	run: async ({values}, io) => {
		const signer = await openTraderKey(textOf(values, 'key') ?? keyDefault);
		if (isSet(values, 'address')) {
			io.out(`${toPrefixedHex(signer.address)}\n`);
			return exitCodes.ok;
		}
		const url = textOf(values, 'url') ?? urlDefault;
		if (isSet(values, 'token')) {
			io.out(`${await signIn(url, signer)}\n`);
			return exitCodes.ok;
		}
		const [device, sell, buy, limit] = [textOf(values, 'meter'), textOf(values, 'sell'), textOf(values, 'buy'), textOf(values, 'limit')];
		if (device === undefined || limit === undefined) throw usageError(orderCommand, 'needs --meter and --limit');
		if ((sell === undefined) === (buy === undefined)) throw usageError(orderCommand, 'needs one of --sell and --buy');
		const slot = textOf(values, 'slot');
		const order = await signOrder(
			{
				url,
				market: textOf(values, 'market'),
				device,
				side: sell === undefined ? 'buy' : 'sell',
				quantityWh: countOf(orderCommand, sell === undefined ? '--buy' : '--sell', (sell ?? buy)!),
				limitMicroPerKwh: microOf(limit),
				minQuantityWh: countOf(orderCommand, '--min', textOf(values, 'min') ?? '0'),
				slotFrom: slot === undefined ? undefined : countOf(orderCommand, '--slot', slot),
				slotCount: countOf(orderCommand, '--slots', textOf(values, 'slots') ?? '1'),
				counter: countOf(orderCommand, '--counter', textOf(values, 'counter') ?? '0'),
			},
			signer,
			createSystemRandom(),
		);
		io.out(`${JSON.stringify(order)}\n`);
		return exitCodes.ok;
	},
};

/** Millionths of the currency a kWh; what has more digits is refused, not rounded. */
function microOf(text: string): number {
	const found = /^(\d{1,9})(?:\.(\d{1,6}))?$/.exec(text);
	if (found === null)
		throw usageError(orderCommand, `--limit "${text}" is not a price such as 0.21, with at most six digits behind the point`);
	return Number(found[1]) * 1_000_000 + Number((found[2] ?? '').padEnd(6, '0'));
}
