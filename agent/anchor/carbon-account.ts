// Reads what a site has of emission allowances, and how it came to it, from the contracts on a chain. Nothing is signed or sent.

import {Interface} from 'ethers';
import {carbonAllowanceAbi} from '../../contracts/generated/carbon-allowance.ts';
import {carbonReportsAbi} from '../../contracts/generated/carbon-reports.ts';
import {AgentError} from '../base/errors.ts';
import {type ReportStatus, reportStatuses, siteIdOf} from './carbon.ts';
import type {Chain, FoundLog} from './chain.ts';

/** Amounts in mg CO2e; times in s since 1970. */
export type AllowancePeriod = {
	readonly period: number;
	readonly from: number;
	readonly to: number;
	readonly reportDeadline: number;
	readonly surrenderDeadline: number;
	/** Issued, and not to be transferred until all is surrendered. */
	readonly held: bigint;
	readonly surrendered: bigint;
	/** What was missing at the deadline; undefined while nobody has recorded it. */
	readonly short: bigint | undefined;
	readonly isReleased: boolean;
	/** What the site's account can transfer. */
	readonly balance: bigint;
	readonly report: ReportStatus;
	/** What the site owes; undefined while nothing is settled. */
	readonly owed: bigint | undefined;
};

export type AllowanceMove = {
	/** received and sent: between accounts. */
	readonly what: 'issued' | 'surrendered' | 'released' | 'retired' | 'short' | 'received' | 'sent';
	readonly period: number;
	readonly amount: bigint;
	/** The other account. */
	readonly other: string | undefined;
	readonly blockNumber: number;
};

export type AllowanceAccount = {
	readonly chainId: number;
	readonly allowances: string;
	readonly reports: string;
	/** Who acts for the site; undefined: the contract does not know the site, and the rest is empty. */
	readonly account: string | undefined;
	/** Newest first. */
	readonly periods: readonly AllowancePeriod[];
	/** Newest first, of blocks since `movesFromBlock`. */
	readonly moves: readonly AllowanceMove[];
	readonly movesFromBlock: number;
	readonly block: {readonly number: number; readonly timeS: number};
};

/** Newest periods that are told. */
const periodsMax = 12;
export const movesMax = 200;
/** A node answers for so many blocks at once, and is asked so often. */
const blocksAtOnce = 5000;
const rangesMax = 20;

const allowanceApi = new Interface(carbonAllowanceAbi);
const reportsApi = new Interface(carbonReportsAbi);
const topicOf = (name: string): string => allowanceApi.getEvent(name)!.topicHash;
const topics = ['Issued', 'Surrendered', 'Released', 'ShortfallRecorded', 'Retired', 'Transfer'].map(topicOf);

type Decoded = readonly unknown[] & {readonly [name: string]: unknown};

/** `urn`: of the site, as its log names it. Fails with CHAIN_MISMATCH where the contracts are others, or CHAIN_UNREACHABLE. */
export async function allowanceAccountOf(chain: Chain, reports: string, urn: string): Promise<AllowanceAccount> {
	const siteId = siteIdOf(urn);
	const tryAsk = async (to: string, api: Interface, name: string, values: readonly unknown[]): Promise<Decoded | undefined> => {
		const answer = await chain.read(to, api.encodeFunctionData(name, values));
		try {
			return 'value' in answer ? (api.decodeFunctionResult(name, answer.value) as unknown as Decoded) : undefined;
		} catch {
			return undefined;
		}
	};
	const ask = async (to: string, api: Interface, name: string, ...values: readonly unknown[]): Promise<Decoded> => {
		const found = await tryAsk(to, api, name, values);
		if (found !== undefined) return found;
		throw new AgentError('CHAIN_MISMATCH', `the contract at ${to} does not answer ${name}`, {
			hint: 'Check anchor.carbonReports in the config: it is the address of CarbonReports on the first chain.',
		});
	};
	const block = await chain.head();
	const allowances = String((await ask(reports, reportsApi, 'allowances'))[0]).toLowerCase();
	const account = (await tryAsk(allowances, allowanceApi, 'accountOf', [siteId]))?.[0];
	const none = {
		chainId: chain.expectedId,
		allowances,
		reports,
		account: undefined,
		periods: [],
		moves: [],
		movesFromBlock: block.number,
		block,
	};
	if (account === undefined) return none;
	const holder = String(account).toLowerCase();

	const periods: AllowancePeriod[] = [];
	const newest = Number((await ask(allowances, allowanceApi, 'periodCount'))[0]);
	for (let period = newest; period > Math.max(0, newest - periodsMax); period -= 1) {
		const [[dates], [standing], [balance], [isSettled, totalMg], [report]] = (await Promise.all([
			ask(allowances, allowanceApi, 'periodOf', period),
			ask(allowances, allowanceApi, 'standingOf', siteId, period),
			ask(allowances, allowanceApi, 'balanceOf', holder, period),
			ask(reports, reportsApi, 'totalOf', siteId, period),
			ask(reports, reportsApi, 'standingOf', siteId, period),
		])) as unknown as readonly [[Decoded], [Decoded], [bigint], [boolean, bigint], [Decoded]];
		const count = (name: string): number => Number(dates[name]);
		periods.push({
			period,
			from: count('from'),
			to: count('to'),
			reportDeadline: count('reportDeadline'),
			surrenderDeadline: count('surrenderDeadline'),
			held: standing.held as bigint,
			surrendered: standing.surrendered as bigint,
			short: standing.isShortRecorded === true ? (standing.shortMg as bigint) : undefined,
			isReleased: standing.isReleased === true,
			balance,
			report: reportStatuses[Number(report.status)] ?? 'none',
			owed: isSettled ? totalMg : undefined,
		});
	}

	const moves: AllowanceMove[] = [];
	let movesFromBlock = block.number + 1;
	for (let ranges = 0; ranges < rangesMax && movesFromBlock > 0 && moves.length < movesMax; ranges += 1) {
		const [from, to] = [Math.max(0, movesFromBlock - blocksAtOnce), movesFromBlock - 1];
		const logs = await chain.logs({addresses: [allowances], topics, from, to});
		moves.push(...[...logs].reverse().flatMap(log => moveOf(log, siteId, holder) ?? []));
		movesFromBlock = from;
	}
	return {...none, account: holder, periods, moves: moves.slice(0, movesMax), movesFromBlock};
}

/** undefined: it is of others. */
function moveOf({data, topics: logTopics, blockNumber}: FoundLog, siteId: string, holder: string): AllowanceMove | undefined {
	const found = allowanceApi.parseLog({data, topics: [...logTopics]});
	if (found === null) return undefined;
	const {name, args} = found;
	const text = (key: string): string => String(args[key]).toLowerCase();
	const made = (what: AllowanceMove['what'], amount: unknown, period: unknown = args.period, other?: string): AllowanceMove => ({
		what,
		period: Number(period),
		amount: amount as bigint,
		other,
		blockNumber,
	});
	if (name === 'Transfer') {
		const [sender, receiver] = [text('sender'), text('receiver')];
		// What is made or burnt is told by the events above.
		if (/^0x0+$/.test(sender) || /^0x0+$/.test(receiver)) return undefined;
		if (receiver === holder) return made('received', args.amount, args.id, sender);
		return sender === holder ? made('sent', args.amount, args.id, receiver) : undefined;
	}
	if (name === 'Retired') return text('account') === holder ? made('retired', args.amountMg) : undefined;
	if (text('siteId') !== siteId) return undefined;
	if (name === 'Issued') return made('issued', args.amountMg);
	if (name === 'Surrendered') return made('surrendered', args.amountMg);
	return name === 'Released' ? made('released', args.amountMg) : made('short', args.shortMg);
}
