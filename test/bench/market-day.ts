// Settles a day of so many homes and commits to it, in a process of its own, so that its memory is that of the day alone.

import {toPrefixedHex, utf8} from '../../agent/base/bytes.ts';
import {systemClock} from '../../agent/base/clock.ts';
import {keccak256} from '../../agent/base/hash.ts';
import type {Rules} from '../../agent/trade/clear.ts';
import {settleDay} from '../../agent/trade/day-settlement.ts';
import type {Meter} from '../../agent/trade/order-book.ts';

const homes = Number(process.argv[2]);
const day = 20_000;
const rules: Rules = {
	feedInMicroPerKwh: 80_000,
	retailMicroPerKwh: 300_000,
	gridFeeMicroPerKwh: 40_000,
	pricing: 'auction',
	lineLimitWh: undefined,
};
const hashOf = (text: string): string => toPrefixedHex(keccak256(utf8(text)));
const meters: Meter[] = Array.from({length: homes}, (_, at) => ({
	id: hashOf(`meter ${at}`),
	deviceId: `meter-${at}`,
	owner: hashOf(`owner ${at}`).slice(0, 42),
	maxExportWh: 5000,
	maxImportWh: 5000,
}));
const places = new Map(meters.map(({id}, at) => [id, at]));
const startedMs = systemClock.monotonicMs();
// Half of the homes sell to the other half, and every one deviates a little.
const contractOf = (at: number, slot: number): number => (at % 2 === 0 ? 1 : -1) * (100 + ((Math.floor(at / 2) * 7 + slot) % 400));
const slots = Array.from({length: 96}, (_, i) => day * 96 + i).map(slot => ({
	slot,
	rules,
	prices: {priceBuyMicroPerKwh: 180_000, priceSellMicroPerKwh: 180_000},
	contracts: new Map(meters.slice(0, homes - (homes % 2)).map(({id}, at) => [id, {orderHash: id, contractedWh: contractOf(at, slot)}])),
}));
const {commitment} = settleDay({
	day,
	meters,
	slots,
	energyOf: ({id}, slot) => {
		const at = places.get(id)!;
		const net = contractOf(at, slot) + ((at * 13 + slot) % 41) - 20;
		const register = (energyWh: number) => ({energyWh, spread: false, fromNumber: slot - day * 96 + 1, toNumber: slot - day * 96 + 2});
		return {imported: register(Math.max(0, -net)), exported: register(Math.max(0, net))};
	},
	usualImportWh: () => 0,
	late: [],
	opening: new Map(meters.map(({owner}) => [owner, 0n])),
	counters: {grid: `0x${'a1'.repeat(20)}`, retailer: `0x${'a2'.repeat(20)}`, pool: `0x${'a3'.repeat(20)}`},
});
const seconds = (systemClock.monotonicMs() - startedMs) / 1000;
if (commitment.header.rowCount !== homes * 96) throw new Error(`${commitment.header.rowCount} rows`);
process.stdout.write(`${JSON.stringify({seconds, residentBytes: process.resourceUsage().maxRSS * 1024})}\n`);
