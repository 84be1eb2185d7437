// The composition root's part that posts a market's slots and days to its contract, and tells the market what stands there.

import type {DigestSigner} from './anchor/keystore.ts';
import type {AccountOnChain, MarketChain, PostedBalance, PostedDay, PostedSide, PostedSlot, PostedTier} from './anchor/market-chain.ts';
import {concatBytes, toPrefixedHex} from './base/bytes.ts';
import {systemClock} from './base/clock.ts';
import {createClosing} from './base/closing.ts';
import {AgentError} from './base/errors.ts';
import type {Site} from './site.ts';
import type {SideCertificate, TierOpening} from './trade/certificate.ts';
import type {DayHeader, SlotHeader} from './trade/commitment.ts';
import type {DayCommitment} from './trade/day.ts';
import type {Intake} from './trade/intake.ts';
import type {Posting} from './trade/market-desk.ts';
import type {Engine, MarketMeter} from './trade/market-engine.ts';
import {slotsPerDay} from './trade/order.ts';
import {modeCodes} from './trade/typed-data.ts';
import type {World} from './world.ts';

export type MarketPosting = Posting & {
	readonly acceptsSignature: MarketChain['acceptsSignature'];
	/** What became of a cleared slot on the chain: one whose time for being posted is over settles without contracts. */
	readonly standingOf: (slot: number) => 'posted' | 'unposted' | 'unknown';
	/** Posts what is due, one transaction after the other, and looks at what stands there. Rejects if the chain does not answer: it is tried again. */
	readonly step: (engine: Engine, intake: Pick<Intake, 'counterOnChain'>, meters: readonly MarketMeter[]) => Promise<void>;
	readonly [Symbol.asyncDispose]: () => Promise<void>;
};

/** All accounts are looked at again this often, if there is time for it: slots, which have a deadline, go first. */
const accountsEveryMs = 5000;
/** Accounts that are looked at in one step, and how many of them at a time. */
const accountsPerStep = 256;
const accountsAtOnce = 16;

/** The chain runs by its own time, whatever the agent's clock does: waiting for it is real. */
export async function openMarketPosting(
	site: Site,
	world: World,
	signer: DigestSigner,
	market: string,
	/** Ends what waits for the chain. */
	stopping: AbortSignal,
): Promise<MarketPosting> {
	const closing = createClosing();
	try {
		const {rpcUrl, chainId} = site.config.anchor!;
		const {openMarketChain} = await import('./anchor/market-chain.ts');
		const chain = closing.use(await world.openChain({url: rpcUrl, chainId}));
		const contract = site.config.market!.contract!;
		let opened: MarketChain | undefined;
		const open = async (): Promise<MarketChain> => {
			opened ??= await openMarketChain(
				{chain, clock: systemClock, signer, signal: stopping},
				{contract, market, paramsVersion: site.config.market!.paramsVersion},
			);
			return opened;
		};
		// What is there must be right before anything is signed; but readings do not wait for a chain that is away.
		await open().catch(error => {
			if (!(error instanceof AgentError) || error.code !== 'CHAIN_UNREACHABLE') throw error;
		});
		const slots = new Map<number, {readonly state: 'posted' | 'void'; readonly transaction: string | undefined}>();
		/** Not there, and too late for it. */
		const missed = new Set<number>();
		const days = new Map<number, {readonly state: 'posted' | 'final'; readonly transaction: string | undefined}>();
		const accounts = new Map<string, AccountOnChain>();
		let finalDay: number | undefined;
		let lookedAtMs = Number.NEGATIVE_INFINITY;
		let nextSlot: number | undefined;
		/** Accounts of the round that are still to be looked at. */
		let toLookAt: string[] = [];

		const tell = (engine: Engine, type: string, data: Record<string, unknown>): void =>
			engine.announce({type, atMs: world.clock.nowMs(), account: undefined, data: JSON.stringify(data)});

		const lookAtAccounts = async (
			onChain: MarketChain,
			intake: Pick<Intake, 'counterOnChain'>,
			meters: readonly MarketMeter[],
		): Promise<void> => {
			if (toLookAt.length === 0) {
				if (systemClock.monotonicMs() - lookedAtMs < accountsEveryMs) return;
				lookedAtMs = systemClock.monotonicMs();
				toLookAt = [...new Set(meters.map(({owner}) => owner))];
			}
			for (let done = 0; done < accountsPerStep && toLookAt.length > 0 && !stopping.aborted; done += accountsAtOnce) {
				const some = toLookAt.slice(-accountsAtOnce);
				const found = await Promise.all(some.map(onChain.account));
				toLookAt.splice(-some.length);
				for (const [at, account] of some.entries()) {
					accounts.set(account, found[at]!);
					await intake.counterOnChain(account, found[at]!.counter, found[at]!.counterSinceS);
				}
			}
		};

		/** A slot without orders has nothing to commit to, and settles without contracts as it is. */
		const postSlots = async (onChain: MarketChain, engine: Engine): Promise<void> => {
			const latest = await onChain.latestDay();
			nextSlot = Math.max(nextSlot ?? 0, engine.firstSlot, (latest + 1) * slotsPerDay);
			for (; engine.isDecided(nextSlot); nextSlot += 1) {
				const [cleared, record] = [await engine.cleared(nextSlot), await engine.record(nextSlot)];
				if (cleared === undefined || record === undefined) continue;
				let found = await onChain.slot(nextSlot);
				const gateS = engine.book.gateOf(nextSlot);
				// The chain's clock may be a little behind ours.
				if (found === undefined && (await onChain.headTimeS()) < onChain.slotOpensAt(gateS)) return;
				if (found === undefined && (await onChain.headTimeS()) > onChain.slotClosesAt(gateS)) {
					missed.add(nextSlot);
					tell(engine, 'slot.unposted', {slot: nextSlot});
					continue;
				}
				if (found === undefined) {
					const {header, certificate} = cleared.commitment;
					await onChain.postSlot(
						postedSlot(header),
						{bids: postedSide(certificate.bids), asks: postedSide(certificate.asks)},
						record.headerHash,
					);
					found = record.headerHash;
				}
				slots.set(nextSlot, {state: found === 'void' ? 'void' : 'posted', transaction: undefined});
			}
		};

		/**
		 * Whether the headers that a day was settled with are still there: a reorganisation may have taken one, which is posted again, or the court. A day with a contract of a slot
		 * that has none costs the bond, each time that it is posted.
		 */
		const standsAsSettled = async (onChain: MarketChain, engine: Engine, day: number, unposted: readonly number[]): Promise<boolean> => {
			for (let slot = Math.max(engine.firstSlot, day * slotsPerDay); slot < (day + 1) * slotsPerDay; slot += 1) {
				const record = unposted.includes(slot) ? undefined : await engine.record(slot);
				if (record === undefined) continue;
				const found = await onChain.slot(slot);
				if (found === record.headerHash) continue;
				const isGone = found === undefined && (await onChain.headTimeS()) <= onChain.slotClosesAt(engine.book.gateOf(slot));
				if (!isGone)
					throw new AgentError(
						'CHAIN_MISMATCH',
						`day ${day} was settled with header ${record.headerHash} of slot ${slot}, and the chain has ${found ?? 'none'}`,
						{
							hint: 'The day is not posted: every one of its rows that has a contract of this slot would be wrong.',
						},
					);
				slots.delete(slot);
				nextSlot = Math.min(nextSlot ?? slot, slot);
				return false;
			}
			return true;
		};

		const postDays = async (onChain: MarketChain, engine: Engine): Promise<void> => {
			for (let day = (await onChain.latestDay()) + 1; day <= (engine.newestDay() ?? -1); day += 1) {
				if ((await onChain.headTimeS()) < onChain.dayOpensAt(day)) return;
				const settled = await engine.day(day);
				if (settled === undefined) return;
				const {commitment} = settled;
				if (!(await standsAsSettled(onChain, engine, day, settled.record.unposted))) return;
				await onChain.postDay(postedDay(commitment.header), commitment.balancesOpening, commitment.headerHash);
				days.set(day, {state: 'posted', transaction: undefined});
				tell(engine, 'settlement.posted', {day, dayHash: commitment.headerHash});
			}
		};

		const lookAtDays = async (onChain: MarketChain, engine: Engine): Promise<void> => {
			const [latest, newFinal] = [await onChain.latestDay(), await onChain.finalDay()];
			for (let day = Math.max(onChain.firstDay, finalDay ?? onChain.firstDay); day <= latest; day += 1) {
				const isFinal = newFinal !== undefined && day <= newFinal;
				if (isFinal && days.get(day)?.state !== 'final') tell(engine, 'settlement.final', {day});
				days.set(day, {state: isFinal ? 'final' : 'posted', transaction: undefined});
			}
			finalDay = newFinal;
		};

		return {
			contract: contract.toLowerCase(),
			slot: slot => slots.get(slot),
			day: day => days.get(day),
			account: account => accounts.get(account) ?? {depositedNano: 0n, drawnNano: 0n},
			finalDay: () => finalDay,
			claimCalldata: async (settled, account) => claimOf(await open(), settled, account)?.data,
			standingOf: slot => {
				const known = slots.get(slot);
				if (known !== undefined) return known.state === 'posted' ? 'posted' : 'unposted';
				return missed.has(slot) ? 'unposted' : 'unknown';
			},
			acceptsSignature: async (...question) => (await open()).acceptsSignature(...question),
			step: async (engine, intake, meters) => {
				const onChain = await open();
				await postSlots(onChain, engine);
				await postDays(onChain, engine);
				await lookAtDays(onChain, engine);
				await lookAtAccounts(onChain, intake, meters);
			},
			[Symbol.asyncDispose]: () => closing.close(),
		};
	} catch (error) {
		await closing.close().catch(() => {});
		throw error;
	}
}

/** The call that pays an account what a day gives it; undefined if it has no balance there. */
function claimOf(onChain: MarketChain, commitment: DayCommitment, account: string): {readonly data: string} | undefined {
	const proof = commitment.balanceProof(account);
	if (proof === undefined) return undefined;
	const balance: PostedBalance = proof.balance;
	return onChain.claim(postedDay(commitment.header), balance, proof.index, toPrefixedHex(concatBytes(...proof.path)));
}

export function postedDay(header: DayHeader): PostedDay {
	return header;
}

export function postedSlot(header: SlotHeader): PostedSlot {
	const {mode, priceBuyMicroPerKwh, priceSellMicroPerKwh, ...rest} = header;
	return {...rest, mode: modeCodes[mode], priceBuy: priceBuyMicroPerKwh, priceSell: priceSellMicroPerKwh};
}

const nothing: PostedTier = {price: 0n, quantityWh: 0n, ordersRoot: `0x${'0'.repeat(64)}`};

export function postedSide({lastIndex, last, next}: SideCertificate): PostedSide {
	const tier = ({tier: {priceMicroPerKwh, quantityWh, ordersRoot}}: TierOpening): PostedTier => ({
		price: priceMicroPerKwh,
		quantityWh,
		ordersRoot,
	});
	const path = (opening: TierOpening): string => toPrefixedHex(concatBytes(...opening.path));
	return {
		index: lastIndex,
		last: tier(last),
		lastPath: path(last),
		next: next === undefined ? nothing : tier(next),
		nextPath: next === undefined ? '0x' : path(next),
	};
}
