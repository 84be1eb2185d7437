// The composition root's part that lets energy certificates follow a market: states, once a day is settled, which certificates go from sellers to buyers.

import type {Accounts} from './accounts.ts';
import type {Clock} from './base/clock.ts';
import {AgentError} from './base/errors.ts';
import type {Logger} from './base/logger.ts';
import {accountUrn} from './format/subject.ts';
import {type Allocation, allocate, type SettledRow} from './ledgers/energy/allocate.ts';
import {transferBody} from './ledgers/energy/certificate-statement.ts';
import {type DeviceCertificates, heldByHour} from './ledgers/energy/certificates-of.ts';
import {rowFlags} from './trade/commitment.ts';
import type {Engine} from './trade/market-engine.ts';

/** The market, as far as certificates go. Days are since 1970, UTC. */
export type SettledMarket = {
	readonly name: string;
	/** The newest day that nothing changes any more: settled, and final on the chain where money moves there. */
	readonly newestDay: () => number | undefined;
	/** What was settled of a day, without what was adjusted later; undefined for a day that is not kept, or before the first. */
	readonly rowsOf: (day: number) => Promise<readonly SettledRow[] | undefined>;
};

export type Certifying = {
	/** States what is due; does nothing while nothing is. Called every second. */
	readonly tick: () => Promise<void>;
};

const dayMs = 86_400_000;
const hourMs = 3_600_000;
/** Days that the first look goes back: what was settled while nobody looked is still handed on. */
const daysBackMax = 7;
/** Days that are looked at again, and how often: an hour that became whole late is handed on too. */
const daysAgainMax = 2;
const lookMs = 3_600_000;

export function createCertifying(parts: {
	readonly market: SettledMarket;
	readonly accounts: Pick<Accounts, 'answer' | 'desk'>;
	readonly mayAppend: () => boolean;
	readonly clock: Clock;
	readonly logger: Logger;
}): Certifying {
	const {market, accounts, mayAppend, clock, logger} = parts;
	let looked: {readonly day: number; readonly atMs: number} | undefined;

	/** What a device's certificates are of this day; undefined where none are open. */
	const certificatesOf = async (device: string, day: number): Promise<DeviceCertificates | undefined> => {
		const answered = await accounts.answer({about: 'certificates', id: device, fromMs: day * dayMs, toMs: (day + 1) * dayMs});
		return answered?.answer as unknown as DeviceCertificates | undefined;
	};

	const state = async ({device, ...transfer}: Allocation): Promise<void> => {
		try {
			await accounts.desk.state({says: 'certificate', urn: accountUrn('certificates', device), body: transferBody(transfer)});
		} catch (error) {
			// Somebody moved some of them meanwhile: the next look counts again.
			if (!(error instanceof AgentError) || error.code !== 'ARGUMENT_INVALID') throw error;
			logger.log('warn', 'certificates could not follow a trade', {device, error: error.message});
		}
	};

	const follow = async (day: number): Promise<void> => {
		const rows = (await market.rowsOf(day)) ?? [];
		const held = new Map<string, ReadonlyMap<number, number>>();
		for (const {device, account, contractedWh} of rows) {
			if (contractedWh <= 0 || held.has(device)) continue;
			const found = await certificatesOf(device, day);
			const own = found === undefined ? new Map<number, number>() : heldByHour(found, account);
			// What was moved once is not moved again.
			for (const trade of found?.trades ?? []) if (trade.market === market.name) own.delete(trade.hourMs);
			held.set(device, own);
		}
		const heldWh = (device: string, hour: number): number => held.get(device)?.get(hour * hourMs) ?? 0;
		for (const allocation of allocate(rows, heldWh, market.name)) {
			if (!mayAppend()) return;
			await state(allocation);
		}
	};

	return {
		tick: async () => {
			const day = market.newestDay();
			if (day === undefined || !mayAppend()) return;
			const nowMs = clock.monotonicMs();
			if (looked !== undefined && looked.day === day && nowMs - looked.atMs < lookMs) return;
			const days = looked === undefined ? daysBackMax : Math.max(daysAgainMax, day - looked.day + 1);
			for (let at = Math.max(0, day - Math.min(days, daysBackMax) + 1); at <= day; at += 1) await follow(at);
			looked = {day, atMs: nowMs};
		},
	};
}

/** Rows of a day as certificates follow them: without those that adjust an earlier day's, and those of meters that are gone. */
export async function settledRowsOf(engine: Pick<Engine, 'day' | 'meters'>, day: number): Promise<readonly SettledRow[] | undefined> {
	const commitment = (await engine.day(day))?.commitment;
	if (commitment === undefined) return undefined;
	return Array.from({length: commitment.header.rowCount}, (_, at) => commitment.rowAt(at)).flatMap(row => {
		const {slot, account, contractedWh, meteredWh, flags} = row;
		const device = engine.meters.get(row.meter)?.deviceId;
		return device === undefined || (flags & rowFlags.adjusted) !== 0 ? [] : [{slot, device, account, contractedWh, meteredWh}];
	});
}
