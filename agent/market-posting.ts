// The composition root's part that posts a market's slots and days to its contract, and tells the market what stands there.

import type {DigestSigner} from './anchor/keystore.ts';
import type {AccountOnChain, MarketChain, PostedBalance} from './anchor/market-chain.ts';
import type {ForcedOrder, MarketCourt} from './anchor/market-court.ts';
import {nodesOf} from './anchoring.ts';
import {concatBytes, toPrefixedHex} from './base/bytes.ts';
import {systemClock} from './base/clock.ts';
import {createClosing} from './base/closing.ts';
import {AgentError} from './base/errors.ts';
import type {Logger} from './base/logger.ts';
import {type Answering, type CourtSources, createAnswering} from './market-answering.ts';
import type {Site} from './site.ts';
import {certificateOf, headerOf} from './trade/court-openings.ts';
import type {DayCommitment} from './trade/day.ts';
import type {Intake} from './trade/intake.ts';
import type {Posting} from './trade/market-desk.ts';
import type {Engine, MarketMeter} from './trade/market-engine.ts';
import {slotsPerDay} from './trade/order.ts';
import {modeCodes, sideCodes} from './trade/typed-data.ts';
import type {World} from './world.ts';

type ChainIntake = Pick<Intake, 'counterOnChain' | 'force'>;

/** What the market is, to whom the chain's news are told and from whom answers come. */
export type PostedMarket = {
	readonly engine: Engine;
	readonly intake: ChainIntake;
	readonly meters: readonly MarketMeter[];
	readonly sources: CourtSources;
	/** Works out again what accounts have for what they may owe. */
	readonly refreshMargins: () => Promise<void>;
};

export type MarketPosting = Posting & {
	readonly acceptsSignature: MarketChain['acceptsSignature'];
	/** What became of a cleared slot on the chain: one whose time for being posted is over, or that must not be posted, settles without contracts. */
	readonly standingOf: (slot: number) => 'posted' | 'unposted' | 'unknown';
	/** All that happened on the chain before this moment was told to the intake, s since 1970. */
	readonly chainSeenS: () => number;
	/** Demands of the court that are not closed. */
	readonly demands: () => number;
	/** Looks at what others did there, posts what is due, one transaction after the other, and answers the court. Rejects if the chain does not answer: it is tried again. */
	readonly step: (market: PostedMarket) => Promise<void>;
	readonly [Symbol.asyncDispose]: () => Promise<void>;
};

/** All accounts are looked at again this often, if there is time for it: slots, which have a deadline, go first. */
const accountsEveryMs = 5000;
/** Accounts that are looked at in one step, and how many of them at a time. */
const accountsPerStep = 256;
const accountsAtOnce = 16;
/**
 * A start looks so far back, by the chain's time: as far as an order goes, and further than any window in which a demand is answered.
 * KNOWN GAP: the contract takes orders for slots that are further away, and for more slots than these; one that was forced in so long ago, and not heard of then, is not heard of again.
 */
const lookBackS = 33 * 86_400;
/** Blocks of which news are taken in at a time. */
const newsBlocks = 50_000;
/** So many of the newest blocks are looked at again, for the chain may put others in their place. KNOWN GAP: what a deeper reorganisation takes back stays taken. */
const blocksAgain = 32;

/** What stands on the chain, once it has answered. */
type There = {readonly onChain: MarketChain; readonly court: MarketCourt; readonly answering: Answering};

/** The chain runs by its own time, whatever the agent's clock does: waiting for it is real. */
export async function openMarketPosting(
	site: Site,
	world: World,
	signer: DigestSigner,
	market: string,
	logger: Logger,
	/** Ends what waits for the chain. */
	stopping: AbortSignal,
): Promise<MarketPosting> {
	const closing = createClosing();
	try {
		const [{openMarketChain}, {openMarketCourt}] = await Promise.all([
			import('./anchor/market-chain.ts'),
			import('./anchor/market-court.ts'),
		]);
		const chain = closing.use(await world.openChain(nodesOf(site.config.anchor!.chains[0])));
		const needs = {chain, clock: systemClock, signer, signal: stopping};
		const contract = site.config.market!.contract!;
		let there: There | undefined;
		const open = async (): Promise<There> => {
			if (there !== undefined) return there;
			const onChain = await openMarketChain(needs, {contract, market, paramsVersion: site.config.market!.paramsVersion});
			const court = await openMarketCourt(needs, onChain.contract);
			there = {onChain, court, answering: createAnswering(court, logger)};
			return there;
		};
		// What is there must be right before anything is signed; but readings do not wait for a chain that is away.
		await open().catch(error => {
			if (!(error instanceof AgentError) || error.code !== 'CHAIN_UNREACHABLE') throw error;
		});
		const slots = new Map<number, {readonly state: 'posted' | 'void'; readonly transaction: string | undefined}>();
		/** Not there, and too late for it, or not to be posted. */
		const missed = new Set<number>();
		const days = new Map<number, {readonly state: 'posted' | 'final'; readonly transaction: string | undefined}>();
		const accounts = new Map<string, AccountOnChain>();
		/** Orders on the chain that are not in the book yet, by their hashes. Each costs its trader more gas than it costs us memory. */
		const forced = new Map<string, {readonly order: ForcedOrder; forcedAtS: number | undefined; refused: string | undefined}>();
		/** Accounts whose counter was raised, until the book has it: an event is told once. */
		const raised = new Set<string>();
		/** Days that the court voided. */
		const voidedDays = new Set<number>();
		/** Meters that the chain has as the config has them. */
		const registered = new Set<string>();
		let finalDay: number | undefined;
		let lookedAtMs = Number.NEGATIVE_INFINITY;
		let nextSlot: number | undefined;
		/** Accounts of the round that are still to be looked at. */
		let toLookAt: string[] = [];
		let nextBlock: number | undefined;
		let chainSeenS = Number.NEGATIVE_INFINITY;

		const nowS = (): number => Math.floor(world.clock.nowMs() / 1000);
		const tell = (engine: Engine, type: string, data: Record<string, unknown>): void =>
			engine.announce({type, atMs: world.clock.nowMs(), account: undefined, data: JSON.stringify(data)});

		/** An order with the counter that the book has fell when the chain left that counter, which may be long before we hear of it. */
		const raise = async ({court}: There, {engine, intake}: PostedMarket, account: string, counter: number): Promise<void> => {
			const known = engine.book.counterOf(account);
			if (counter <= known) return;
			await intake.counterOnChain(account, counter, (await court.counterLeftAt(account, known)) ?? nowS());
		};

		const lookAtAccounts = async (there: There, posted: PostedMarket): Promise<void> => {
			if (toLookAt.length === 0) {
				if (systemClock.monotonicMs() - lookedAtMs < accountsEveryMs) return;
				lookedAtMs = systemClock.monotonicMs();
				toLookAt = [...new Set(posted.meters.map(({owner}) => owner))];
			}
			for (let done = 0; done < accountsPerStep && toLookAt.length > 0 && !stopping.aborted; done += accountsAtOnce) {
				const some = toLookAt.slice(-accountsAtOnce);
				const found = await Promise.all(some.map(there.onChain.account));
				toLookAt.splice(-some.length);
				for (const [at, account] of some.entries()) {
					accounts.set(account, found[at]!);
					await raise(there, posted, account, found[at]!.counter);
				}
			}
		};

		const takeForced = async ({court}: There, {engine, intake}: PostedMarket): Promise<void> => {
			for (const [hash, one] of forced) {
				const last = one.order.slotFrom + one.order.slotCount - 1n;
				if (last < BigInt(firstOpenSlot(engine))) {
					forced.delete(hash);
					continue;
				}
				one.forcedAtS ??= await court.forcedAt(hash);
				if (one.forcedAtS === undefined) {
					forced.delete(hash);
					continue;
				}
				const answer = await intake.force(orderOf(one.order), one.forcedAtS);
				// Nothing is taken now, whatever it is: that says nothing of this one.
				if ('problem' in answer && answer.problem.code === 'operator-halted') return;
				const why =
					'problem' in answer ? answer.problem.detail : answer.value.hash === hash ? undefined : `its words have hash ${answer.value.hash}`;
				if (why === undefined) forced.delete(hash);
				else if (why !== one.refused) {
					one.refused = why;
					logger.log('warn', 'an order that was forced onto the chain cannot stand: its slots are not posted', {order: hash, why});
				}
			}
		};

		/** Before the first slot of it everything is settled. */
		const firstOpenSlot = (engine: Engine): number => Math.max(engine.firstSlot, ((engine.newestDay() ?? -1) + 1) * slotsPerDay);

		const isSettledWith = async (engine: Engine, slot: number): Promise<boolean> => {
			const settled = await engine.day(Math.floor(slot / slotsPerDay));
			return settled !== undefined && !settled.record.unposted.includes(slot);
		};

		/** Takes in what others did on the chain. */
		const look = async (there: There, posted: PostedMarket): Promise<void> => {
			const {onChain, court, answering} = there;
			const head = await chain.head();
			nextBlock ??= await chain.firstBlockFrom(head.timeS - lookBackS);
			for (let from = nextBlock; from <= head.number; from = nextBlock) {
				const to = Math.min(head.number, from + newsBlocks - 1);
				const news = await court.news(from, to);
				for (const demand of news.demands) answering.add(demand);
				for (const account of news.raised) raised.add(account);
				for (const day of news.voidedDays) voidedDays.add(day);
				for (const order of news.forced) forced.set(order.hash, {order, forcedAtS: undefined, refused: undefined});
				nextBlock = to + 1;
			}
			// Accounts are asked for their counters now and then in any case; these are asked now, for a gate may be over.
			const owners = new Set(posted.meters.map(({owner}) => owner));
			for (const account of raised) {
				if (owners.has(account)) await raise(there, posted, account, (await onChain.account(account)).counter);
				raised.delete(account);
			}
			if (forced.size > 0) {
				// What an account has follows from its deposit and the newest final day.
				for (const trader of new Set([...forced.values()].map(({order}) => order.trader)))
					if (posted.meters.some(({owner}) => owner === trader)) accounts.set(trader, await onChain.account(trader));
				await lookAtDays(there, posted.engine);
				await posted.refreshMargins();
				await takeForced(there, posted);
			}
			nextBlock = Math.max(0, head.number + 1 - blocksAgain);
			chainSeenS = head.timeS;
		};

		/** Why a cleared slot must not be posted: its operator would be convicted of it. `unknown` if that cannot be said yet. */
		const flawOf = async (engine: Engine, slot: number): Promise<{readonly why: string} | 'unknown' | undefined> => {
			if (await engine.isOutdated(slot))
				return {why: 'its orders changed on the chain before its gate, and that was heard of behind its clearing'};
			const [gateS, at] = [engine.book.gateOf(slot), BigInt(slot)];
			for (const [hash, {order, forcedAtS, refused}] of forced) {
				const isOfSlot = order.slotFrom <= at && at < order.slotFrom + order.slotCount && order.validUntil >= BigInt(gateS);
				if (!isOfSlot || (forcedAtS !== undefined && forcedAtS >= gateS)) continue;
				return refused === undefined ? 'unknown' : {why: `order ${hash}, which was forced onto the chain, is not in it: ${refused}`};
			}
			return undefined;
		};

		const miss = (engine: Engine, slot: number, reason: string): void => {
			missed.add(slot);
			tell(engine, 'slot.unposted', {slot, reason});
		};

		/** Rows and orders of a meter that the chain does not know, or that belongs to somebody else there, cost the bond: nothing is posted with them. */
		const checkMeters = async ({onChain}: There, {engine, meters}: PostedMarket): Promise<void> => {
			if (registered.size === meters.length) return;
			const first = Math.max(engine.firstSlot, ((await onChain.latestDay()) + 1) * slotsPerDay);
			for (const {id, deviceId, owner} of meters) {
				if (registered.has(id)) continue;
				const found = await onChain.ownerOf(id, first);
				if (found !== owner)
					throw new AgentError(
						'CHAIN_MISMATCH',
						`meter ${deviceId} is ${found === undefined ? 'registered for nobody' : `${found}'s`} in slot ${first} on the chain, and ${owner}'s in the config`,
						{hint: 'Nothing is posted. Let the grid operator register it from the first slot on, or correct market.meters.'},
					);
				registered.add(id);
			}
		};

		/** A slot without orders has nothing to commit to, and settles without contracts as it is. */
		const postSlots = async ({onChain}: There, engine: Engine): Promise<void> => {
			const latest = await onChain.latestDay();
			nextSlot = Math.max(nextSlot ?? 0, engine.firstSlot, (latest + 1) * slotsPerDay);
			for (; engine.isDecided(nextSlot); nextSlot += 1) {
				const [cleared, record] = [await engine.cleared(nextSlot), await engine.record(nextSlot)];
				if (cleared === undefined || record === undefined) continue;
				let found = await onChain.slot(nextSlot);
				const isSettled = nextSlot < firstOpenSlot(engine);
				if (found === undefined && isSettled && !(await isSettledWith(engine, nextSlot))) {
					missed.add(nextSlot);
					continue;
				}
				const gateS = engine.book.gateOf(nextSlot);
				// The chain's clock may be a little behind ours; and what came onto it before the gate must have been heard of.
				if (found === undefined && chainSeenS < onChain.slotOpensAt(gateS)) return;
				if (found === undefined && (await onChain.headTimeS()) > onChain.slotClosesAt(gateS)) {
					miss(engine, nextSlot, 'the time in which the contract takes it is over');
					continue;
				}
				if (found === undefined) {
					// One that its day was settled with stood there before, and its orders are forgotten.
					const flaw = isSettled ? undefined : await flawOf(engine, nextSlot);
					if (flaw === 'unknown') return;
					if (flaw !== undefined) {
						miss(engine, nextSlot, flaw.why);
						continue;
					}
					const {header} = cleared.commitment;
					await onChain.postSlot(headerOf(header), certificateOf(cleared.commitment), record.headerHash);
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

		/** KNOWN GAP: a day or slot that the court voided is not settled anew; the operator must look at it. */
		const checkDay = (onChain: MarketChain, engine: Engine, day: number, opening: Readonly<Record<string, string>> | undefined): void => {
			if (voidedDays.has(day))
				throw dayMismatch(
					`the court voided day ${day} as it was settled`,
					'It is not posted again as it was: that would cost the bond once more.',
				);
			if (day * slotsPerDay + slotsPerDay <= engine.firstSlot)
				throw dayMismatch(
					`the contract wants day ${day} next, and this market began with slot ${engine.firstSlot}`,
					'The contract was deployed for an earlier day: deploy another, or set market.firstSlot in a new site.',
				);
			if (day === onChain.firstDay && Object.values(opening ?? {}).some(nano => nano !== '0'))
				throw dayMismatch(
					`day ${day} is the contract's first, and accounts have balances from the days before`,
					'A market that was run without a contract cannot take one: begin another.',
				);
		};

		const postDays = async ({onChain}: There, engine: Engine): Promise<void> => {
			for (let day = (await onChain.latestDay()) + 1; day <= (engine.newestDay() ?? -1); day += 1) {
				if ((await onChain.headTimeS()) < onChain.dayOpensAt(day)) return;
				const settled = await engine.day(day);
				checkDay(onChain, engine, day, settled?.record.opening);
				if (settled === undefined) return;
				const {commitment} = settled;
				if (!(await standsAsSettled(onChain, engine, day, settled.record.unposted))) return;
				await onChain.postDay(commitment.header, commitment.balancesOpening, commitment.headerHash);
				days.set(day, {state: 'posted', transaction: undefined});
				tell(engine, 'settlement.posted', {day, dayHash: commitment.headerHash});
			}
		};

		const lookAtDays = async ({onChain}: There, engine: Engine): Promise<void> => {
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
			claimCalldata: async (settled, account) => claimOf((await open()).onChain, settled, account)?.data,
			standingOf: slot => {
				const known = slots.get(slot);
				if (known !== undefined) return known.state === 'posted' ? 'posted' : 'unposted';
				return missed.has(slot) ? 'unposted' : 'unknown';
			},
			acceptsSignature: async (...question) => (await open()).onChain.acceptsSignature(...question),
			chainSeenS: () => chainSeenS,
			demands: () => there?.answering.open() ?? 0,
			step: async posted => {
				const {engine, sources} = posted;
				const there = await open();
				const answer = async (): Promise<void> => there.answering.step(engine, sources, await there.onChain.headTimeS());
				// One thing that the chain refuses must not keep the others from it: a demand has a deadline, and so have a slot and a day.
				const failures: unknown[] = [];
				const parts = [
					() => look(there, posted),
					async () => {
						await checkMeters(there, posted);
						await postSlots(there, engine);
					},
					answer,
					async () => {
						if (registered.size === posted.meters.length) await postDays(there, engine);
					},
					() => lookAtDays(there, engine),
					() => lookAtAccounts(there, posted),
				];
				for (const part of parts) await part().catch(error => failures.push(error));
				if (failures.length > 0) throw failures[0];
			},
			[Symbol.asyncDispose]: () => closing.close(),
		};
	} catch (error) {
		await closing.close().catch(() => {});
		throw error;
	}
}

function dayMismatch(sentence: string, hint: string): AgentError {
	return new AgentError('CHAIN_MISMATCH', sentence, {hint});
}

/** The call that pays an account what a day gives it; undefined if it has no balance there. */
function claimOf(onChain: MarketChain, commitment: DayCommitment, account: string): {readonly data: string} | undefined {
	const proof = commitment.balanceProof(account);
	if (proof === undefined) return undefined;
	const balance: PostedBalance = proof.balance;
	return onChain.claim(commitment.header, balance, proof.index, toPrefixedHex(concatBytes(...proof.path)));
}

const wordOf = (codes: Readonly<Record<string, number>>, code: number): string | undefined =>
	Object.keys(codes).find(word => codes[word] === code);

/** The order as JSON would have it. Numbers beyond what JSON holds exactly come out as others, and are refused for it. */
function orderOf({hash: _, side, mode, salt, ...order}: ForcedOrder): unknown {
	const numbers = Object.fromEntries(Object.entries(order).map(([key, value]) => [key, typeof value === 'bigint' ? Number(value) : value]));
	return {...numbers, side: wordOf(sideCodes, side), mode: wordOf(modeCodes, mode), salt: `0x${salt.toString(16).padStart(64, '0')}`};
}
