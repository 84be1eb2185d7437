// Talks to the contracts of emission allowances: puts them on a chain, and says there what a regulator, a site or a challenger has to say. Each verb looks first and does nothing twice.

import {getCreateAddress, Interface} from 'ethers';
import {carbonAllowanceAbi, carbonAllowanceBytecode} from '../../contracts/generated/carbon-allowance.ts';
import {carbonReportsAbi, carbonReportsBytecode} from '../../contracts/generated/carbon-reports.ts';
import {toPrefixedHex, utf8} from '../base/bytes.ts';
import {AgentError} from '../base/errors.ts';
import {keccak256} from '../base/hash.ts';
import {type CarbonReport, type Demand, demandKinds, type LoggedEntry, type ReportCall, reportHash} from './carbon-challenge.ts';
import {type DeployNeeds, transact} from './deploy.ts';
import {explained} from './market-chain.ts';

/** Of a compliance period; times and windows in seconds. [ICarbonAllowance.sol] */
export type CarbonPeriod = {
	readonly from: number;
	readonly to: number;
	readonly coverFrom: number;
	readonly reportDeadline: number;
	readonly surrenderDeadline: number;
	readonly challengeWindow: number;
	readonly answerWindow: number;
	readonly stakeWei: bigint;
};

/** What a site reports on. [ICarbonReports.sol] */
export type CarbonPlan = {
	readonly logId: string;
	/** The site's own subject, under which its statements stand. */
	readonly statements: string;
	/** In rising order, each once: reportPlan of format/carbon-report.ts. */
	readonly subjects: readonly string[];
};

export const reportStatuses = ['none', 'posted', 'void', 'final', 'determined'] as const;
export type ReportStatus = (typeof reportStatuses)[number];

export type ReportStanding = {
	readonly status: ReportStatus;
	readonly attempts: number;
	/** s since 1970. */
	readonly windowEndsAt: number;
	readonly openDemands: number;
	readonly reportHash: string;
	readonly totalMg: bigint;
	readonly stakeWei: bigint;
};

/** In mg CO2e. */
export type AllowanceStanding = {
	readonly held: bigint;
	readonly surrendered: bigint;
	readonly short: bigint;
	readonly isReleased: boolean;
	readonly isShortRecorded: boolean;
};

/** What the contract tells of a report when it is posted. */
export type PostedReport = {
	readonly report: CarbonReport;
	readonly windowEndsAt: number;
	/** The 118 bytes of the statement in the log, as 0x and hexadecimal digits. */
	readonly statement: string;
};

export type CarbonNews = {readonly posted: readonly PostedReport[]; readonly demands: readonly (Demand & {readonly reportHash: string})[]};

export type Carbon = {
	readonly allowances: string;
	readonly reports: string;
	readonly registry: string;
	readonly demandStakeWei: bigint;

	// As the regulator.
	readonly registerSite: (siteId: string, account: string) => Promise<void>;
	/** The id of the period with exactly these dates, opened if there is none. */
	readonly openPeriod: (dates: CarbonPeriod) => Promise<number>;
	/** Issues once each time it is called. */
	readonly issue: (siteId: string, period: number, amountMg: bigint) => Promise<void>;
	readonly reject: (siteId: string, period: number, reasonHash: string) => Promise<void>;
	readonly determine: (siteId: string, period: number, totalMg: bigint, reasonHash: string) => Promise<void>;

	// As the site.
	readonly registerPlan: (siteId: string, period: number, plan: CarbonPlan) => Promise<void>;
	/** Brings the bond to at least so much. */
	readonly fundBond: (siteId: string, minWei: bigint) => Promise<void>;
	/** `statement`: the total in the log, under the head that the report names. */
	readonly postReport: (report: CarbonReport, statement: LoggedEntry) => Promise<void>;
	readonly answer: (demand: Pick<Demand, 'id'>, call: ReportCall) => Promise<void>;
	readonly surrender: (siteId: string, period: number, amountMg: bigint) => Promise<void>;
	/** Sends released allowances to an account. */
	readonly transfer: (to: string, period: number, amountMg: bigint) => Promise<void>;

	// As anybody.
	/** Remembers an anchored head for ever. */
	readonly keepHead: (logId: string, head: Pick<LoggedEntry, 'size' | 'time' | 'root'>) => Promise<void>;
	/** Sends a challenge or a demand. Fails with CHAIN_REFUSED and the contract's own words if it does not hold. */
	readonly challenge: (report: CarbonReport, call: ReportCall) => Promise<void>;
	readonly closeDemand: (report: CarbonReport, demandId: string) => Promise<void>;
	readonly returnStake: (siteId: string, period: number) => Promise<void>;
	readonly retire: (period: number, amountMg: bigint, reasonHash: string) => Promise<void>;
	/** Pays all of the signer's credit to it. */
	readonly withdrawCredit: () => Promise<void>;

	// What is known.
	readonly period: (period: number) => Promise<CarbonPeriod>;
	readonly reportStanding: (siteId: string, period: number) => Promise<ReportStanding>;
	readonly standing: (siteId: string, period: number) => Promise<AllowanceStanding>;
	/** mg CO2e that the site owes; undefined as long as nothing is settled. */
	readonly totalMg: (siteId: string, period: number) => Promise<bigint | undefined>;
	readonly supply: (
		period: number,
	) => Promise<{readonly issued: bigint; readonly held: bigint; readonly surrendered: bigint; readonly retired: bigint}>;
	readonly balanceMg: (account: string, period: number) => Promise<bigint>;
	readonly creditWei: (account: string) => Promise<bigint>;
	readonly bondWei: (siteId: string) => Promise<bigint>;
	/** Events of blocks from … to; the range is the caller's to bound. */
	readonly news: (from: number, to: number) => Promise<CarbonNews>;
};

const allowanceApi = new Interface(carbonAllowanceAbi);
const reportsApi = new Interface(carbonReportsAbi);
const reportedTopic = reportsApi.getEvent('Reported')!.topicHash;
const demandedTopic = reportsApi.getEvent('Demanded')!.topicHash;
/** Periods that are looked through for one with the same dates, newest first. */
const periodsSearched = 64;

/** By what the contracts know a site: keccak256 of its URN. */
export function siteIdOf(urn: string): string {
	return toPrefixedHex(keccak256(utf8(urn)));
}

/** Deploys both contracts with the signer, who needs no role in them. What was begun and broken off before is left where it lies. */
export async function deployCarbon(
	needs: DeployNeeds,
	{registry, regulator, demandStakeWei}: {readonly registry: string; readonly regulator: string; readonly demandStakeWei: bigint},
): Promise<{readonly allowances: string; readonly reports: string}> {
	const {chain, signer} = needs;
	const nonce = await chain.nonce(signer.address);
	const at = (place: number): string => getCreateAddress({from: signer.address, nonce: nonce + place}).toLowerCase();
	// Each knows the other's address from its constructor, so the first is told where the second will be.
	const [allowances, reports] = [at(0), at(1)];
	const create = (address: string, data: string, what: string): Promise<void> =>
		transact(needs, {to: undefined, data, value: 0n}, () => chain.hasCode(address), `deploying ${what} at ${address}`);
	await create(allowances, carbonAllowanceBytecode + allowanceApi.encodeDeploy([reports, regulator]).slice(2), 'the allowances');
	await create(reports, carbonReportsBytecode + reportsApi.encodeDeploy([allowances, registry, demandStakeWei]).slice(2), 'the reports');
	return {allowances, reports};
}

/** Fails with CHAIN_MISMATCH unless the two contracts were made for each other. */
export async function openCarbon(needs: DeployNeeds, reports: string): Promise<Carbon> {
	const {chain, signer} = needs;
	const tryAsk = async (to: string, api: Interface, name: string, values: readonly unknown[] = []): Promise<Decoded | undefined> => {
		const answer = await chain.read(to, api.encodeFunctionData(name, values));
		try {
			return 'value' in answer ? (api.decodeFunctionResult(name, answer.value) as unknown as Decoded) : undefined;
		} catch {
			return undefined;
		}
	};
	const asker =
		(to: string, api: Interface) =>
		async (name: string, ...values: readonly unknown[]): Promise<Decoded> => {
			const found = await tryAsk(to, api, name, values);
			if (found !== undefined) return found;
			throw new AgentError('CHAIN_MISMATCH', `the contract at ${to} does not answer ${name}(${values.map(String).join(', ')})`, {
				hint: 'check the address of the reports, and that the site and the period are registered',
			});
		};
	const ofReports = asker(reports, reportsApi);
	const allowances = String((await ofReports('allowances'))[0]).toLowerCase();
	const registry = String((await ofReports('registry'))[0]).toLowerCase();
	const demandStakeWei = (await ofReports('demandStake'))[0] as bigint;
	const ofAllowances = asker(allowances, allowanceApi);
	if (String((await ofAllowances('reports'))[0]).toLowerCase() !== reports.toLowerCase())
		throw new AgentError('CHAIN_MISMATCH', `the allowances at ${allowances} listen to other reports than those at ${reports}`);

	const send = async (to: string, data: string, value: bigint, isDone: () => Promise<boolean>, doing: string): Promise<void> => {
		try {
			await transact(needs, {to, data, value}, isDone, doing);
		} catch (error) {
			throw explained(error, [reportsApi, allowanceApi]);
		}
	};
	const allowing = (name: string, values: readonly unknown[], isDone: () => Promise<boolean>, doing: string): Promise<void> =>
		send(allowances, allowanceApi.encodeFunctionData(name, values), 0n, isDone, doing);
	const reporting = (name: string, values: readonly unknown[], isDone: () => Promise<boolean>, doing: string, value = 0n): Promise<void> =>
		send(reports, reportsApi.encodeFunctionData(name, values), value, isDone, doing);

	const accountOf = async (siteId: string): Promise<string | undefined> => {
		const found = await tryAsk(allowances, allowanceApi, 'accountOf', [siteId]);
		return found === undefined ? undefined : String(found[0]).toLowerCase();
	};
	const period: Carbon['period'] = async id => {
		const [found] = (await ofAllowances('periodOf', id)) as unknown as [Decoded];
		const count = (name: string): number => Number(found[name]);
		return {
			from: count('from'),
			to: count('to'),
			coverFrom: count('coverFrom'),
			reportDeadline: count('reportDeadline'),
			surrenderDeadline: count('surrenderDeadline'),
			challengeWindow: count('challengeWindow'),
			answerWindow: count('answerWindow'),
			stakeWei: found.stake as bigint,
		};
	};
	const findPeriod = async (dates: CarbonPeriod): Promise<number | undefined> => {
		const newest = Number((await ofAllowances('periodCount'))[0]);
		for (let id = newest; id > Math.max(0, newest - periodsSearched); id -= 1) {
			const found = await period(id);
			if ((Object.keys(dates) as (keyof CarbonPeriod)[]).every(key => found[key] === dates[key])) return id;
		}
		return undefined;
	};
	const reportStanding: Carbon['reportStanding'] = async (siteId, id) => {
		const [found] = (await ofReports('standingOf', siteId, id)) as unknown as [Decoded];
		return {
			status: reportStatuses[Number(found.status)]!,
			attempts: Number(found.attempts),
			windowEndsAt: Number(found.windowEndsAt),
			openDemands: Number(found.openDemands),
			reportHash: String(found.reportHash),
			totalMg: found.totalMg as bigint,
			stakeWei: found.stake as bigint,
		};
	};
	const standing: Carbon['standing'] = async (siteId, id) => {
		const [found] = (await ofAllowances('standingOf', siteId, id)) as unknown as [Decoded];
		return {
			held: found.held as bigint,
			surrendered: found.surrendered as bigint,
			short: found.shortMg as bigint,
			isReleased: found.isReleased === true,
			isShortRecorded: found.isShortRecorded === true,
		};
	};
	const supply: Carbon['supply'] = async id => {
		const [issued, held, surrendered, retired] = (await ofAllowances('supplyOf', id)) as unknown as [bigint, bigint, bigint, bigint];
		return {issued, held, surrendered, retired};
	};
	const isDemanded = async (id: string): Promise<boolean> => BigInt(String((await ofReports('demandOf', id))[0])) !== 0n;
	const isVoid = async (report: CarbonReport): Promise<boolean> => {
		const {status, reportHash: stands} = await reportStanding(report.siteId, report.period);
		return status === 'void' || stands !== reportHash(report);
	};
	const creditWei = async (account: string): Promise<bigint> => (await ofReports('creditOf', account))[0] as bigint;
	const bondWei = async (siteId: string): Promise<bigint> => (await ofReports('bondOf', siteId))[0] as bigint;
	const balanceMg = async (account: string, id: number): Promise<bigint> => (await ofAllowances('balanceOf', account, id))[0] as bigint;

	return {
		allowances,
		reports,
		registry,
		demandStakeWei,

		registerSite: async (siteId, account) => {
			const isThere = async (): Promise<boolean> => (await accountOf(siteId)) !== undefined;
			if (await isThere()) return;
			await allowing('registerSite', [siteId, account], isThere, `registering site ${siteId}`);
		},
		openPeriod: async dates => {
			const {stakeWei: stake, ...rest} = dates;
			if ((await findPeriod(dates)) === undefined)
				await allowing('openPeriod', [{...rest, stake}], async () => (await findPeriod(dates)) !== undefined, 'opening a period');
			return (await findPeriod(dates))!;
		},
		issue: async (siteId, id, amountMg) => {
			const {issued} = await supply(id);
			const isDone = async (): Promise<boolean> => (await supply(id)).issued >= issued + amountMg;
			await allowing('issue', [siteId, id, amountMg], isDone, `issuing ${amountMg} mg`);
		},
		reject: async (siteId, id, reasonHash) => {
			const isDone = async (): Promise<boolean> => (await reportStanding(siteId, id)).status === 'void';
			await reporting('reject', [siteId, id, reasonHash], isDone, `rejecting a report of period ${id}`);
		},
		determine: async (siteId, id, totalMg, reasonHash) => {
			const isDone = async (): Promise<boolean> => (await reportStanding(siteId, id)).status === 'determined';
			await reporting('determine', [siteId, id, totalMg, reasonHash], isDone, `determining the total of period ${id}`);
		},

		registerPlan: async (siteId, id, plan) => {
			const wanted = reportsPlanHash(plan.subjects);
			const isDone = async (): Promise<boolean> => {
				const [logId, statements, subjectsHash] = await ofReports('planOf', siteId, id);
				return logId === plan.logId && statements === plan.statements && subjectsHash === wanted;
			};
			if (await isDone()) return;
			await reporting('registerPlan', [siteId, id, plan], isDone, `registering the plan of period ${id}`);
		},
		fundBond: async (siteId, minWei) => {
			const has = await bondWei(siteId);
			if (has >= minWei) return;
			await reporting('fundBond', [siteId], async () => (await bondWei(siteId)) >= minWei, 'funding a bond', minWei - has);
		},
		postReport: async (report, statement) => {
			const hash = reportHash(report);
			const isDone = async (): Promise<boolean> => (await reportStanding(report.siteId, report.period)).reportHash === hash;
			if (await isDone()) return;
			await reporting('postReport', [report, statement], isDone, `reporting on period ${report.period}`);
		},
		answer: (demand, call) => send(reports, call.data, 0n, async () => !(await isDemanded(demand.id)), 'answering a demand'),
		surrender: async (siteId, id, amountMg) => {
			const {surrendered, isReleased} = await standing(siteId, id);
			const isDone = async (): Promise<boolean> => {
				const now = await standing(siteId, id);
				return amountMg === 0n ? now.isReleased && !isReleased : now.surrendered >= surrendered + amountMg;
			};
			await allowing('surrender', [siteId, id, amountMg], isDone, `surrendering ${amountMg} mg`);
		},
		transfer: async (to, id, amountMg) => {
			const before = await balanceMg(to, id);
			await allowing('transfer', [to, id, amountMg], async () => (await balanceMg(to, id)) >= before + amountMg, `sending ${amountMg} mg`);
		},

		keepHead: async (logId, {size, time, root}) => {
			const isDone = async (): Promise<boolean> => (await ofReports('isKept', logId, size, time, root))[0] === true;
			if (await isDone()) return;
			await reporting('keepHead', [logId, size, time, root], isDone, `keeping the head at ${size}`);
		},
		challenge: (report, call) => {
			const {demandId} = call;
			const isDone = demandId === undefined ? () => isVoid(report) : () => isDemanded(demandId);
			return send(
				reports,
				call.data,
				call.costsStake ? demandStakeWei : 0n,
				isDone,
				`${call.name} against the report of period ${report.period}`,
			);
		},
		closeDemand: (report, demandId) =>
			reporting('closeDemand', [report, demandId], async () => !(await isDemanded(demandId)), 'closing a demand'),
		returnStake: async (siteId, id) => {
			const isDone = async (): Promise<boolean> => (await reportStanding(siteId, id)).stakeWei === 0n;
			if (await isDone()) return;
			await reporting('returnStake', [siteId, id], isDone, `returning the stake of period ${id}`);
		},
		retire: async (id, amountMg, reasonHash) => {
			const {retired} = await supply(id);
			const isDone = async (): Promise<boolean> => (await supply(id)).retired >= retired + amountMg;
			await allowing('retire', [id, amountMg, reasonHash], isDone, `retiring ${amountMg} mg`);
		},
		withdrawCredit: async () => {
			const credit = await creditWei(signer.address);
			if (credit === 0n) return;
			const isDone = async (): Promise<boolean> => (await creditWei(signer.address)) < credit;
			await reporting('withdrawCredit', [credit, signer.address], isDone, `withdrawing ${credit} wei`);
		},

		period,
		reportStanding,
		standing,
		totalMg: async (siteId, id) => {
			const [isSettled, totalMg] = await ofReports('totalOf', siteId, id);
			return isSettled === true ? (totalMg as bigint) : undefined;
		},
		supply,
		balanceMg,
		creditWei,
		bondWei,
		news: async (from, to) => {
			const logs = await chain.logs({addresses: [reports.toLowerCase()], topics: [reportedTopic, demandedTopic], from, to});
			const news = {posted: [] as PostedReport[], demands: [] as (Demand & {readonly reportHash: string})[]};
			for (const log of logs)
				if (log.topics[0] === reportedTopic) news.posted.push(postedReport(reportsApi.decodeEventLog('Reported', log.data, log.topics)));
				else news.demands.push(demanded(reportsApi.decodeEventLog('Demanded', log.data, log.topics)));
			return news;
		},
	};
}

type Decoded = readonly unknown[] & {readonly [name: string]: unknown};

function reportsPlanHash(subjects: readonly string[]): string {
	// abi.encode of a list of words: where it begins, how many there are, and they themselves.
	const word = (value: number): string => value.toString(16).padStart(64, '0');
	const packed = `${word(32)}${word(subjects.length)}${subjects.map(subject => subject.slice(2)).join('')}`;
	return toPrefixedHex(keccak256(Buffer.from(packed, 'hex')));
}

function postedReport(event: Decoded): PostedReport {
	const found = event.report as Decoded;
	const ranges = found.ranges as unknown as readonly Decoded[];
	return {
		report: {
			siteId: String(found.siteId),
			period: Number(found.period),
			attempt: Number(found.attempt),
			logId: String(found.logId),
			size: Number(found.size),
			headSize: Number(found.headSize),
			root: String(found.root),
			totalMg: found.totalMg as bigint,
			entriesRoot: String(found.entriesRoot),
			subjects: [...(found.subjects as unknown as readonly string[])],
			ranges: ranges.map(({first, last}) => ({first: Number(first), last: Number(last)})),
		},
		windowEndsAt: Number(event.windowEndsAt),
		statement: String(event.statement),
	};
}

function demanded(event: Decoded): Demand & {readonly reportHash: string} {
	return {
		id: String(event.demandId),
		kind: demandKinds[Number(event.kind)]!,
		channel: Number(event.channel),
		number: Number(event.number),
		leaf: String(event.leaf),
		answerBefore: Number(event.answerBefore),
		reportHash: String(event.reportHash),
	};
}
