// The composition root's part that tells what sites have of emission allowances: asks the contracts that the config names, on the chain where the log is anchored first.

import {nodesOf} from './anchoring.ts';
import type {AllowanceView} from './api/window.ts';
import type {Clock} from './base/clock.ts';
import {accountUrn} from './format/subject.ts';
import type {Site} from './site.ts';

export type Allowances = AsyncDisposable & {
	/** undefined where the config names no contracts. Fails with CHAIN_UNREACHABLE or CHAIN_MISMATCH. */
	readonly of: (site: string) => Promise<AllowanceView | undefined>;
};

/** Nothing is opened, and nothing of ethers loaded, before somebody asks. */
export function openAllowances({config}: Pick<Site, 'config'>, clock: Clock): Allowances {
	const {anchor} = config;
	const reports = anchor?.carbonReports?.toLowerCase();
	const open = async () => {
		const [{allowanceAccountOf}, {openChains}] = await Promise.all([import('./anchor/carbon-account.ts'), import('./anchor/nodes.ts')]);
		return {allowanceAccountOf, chain: openChains({...nodesOf(anchor!.chains[0]), clock})};
	};
	let opening: ReturnType<typeof open> | undefined;
	return {
		of: async site => {
			if (anchor === undefined || reports === undefined) return undefined;
			opening ??= open();
			const {allowanceAccountOf, chain} = await opening;
			const {account, block, periods, moves, ...rest} = await allowanceAccountOf(chain, reports, accountUrn('site', site));
			return {
				...rest,
				chain: anchor.chains[0].name ?? null,
				account: account ?? null,
				blockNumber: block.number,
				blockTimeMs: block.timeS * 1000,
				periods: periods.map(({held, surrendered, short, balance, owed, report, period, isReleased, ...dates}) => ({
					period,
					fromMs: dates.from * 1000,
					toMs: dates.to * 1000,
					reportDeadlineMs: dates.reportDeadline * 1000,
					surrenderDeadlineMs: dates.surrenderDeadline * 1000,
					report,
					isReleased,
					heldMg: `${held}`,
					surrenderedMg: `${surrendered}`,
					balanceMg: `${balance}`,
					shortMg: short === undefined ? null : `${short}`,
					owedMg: owed === undefined ? null : `${owed}`,
				})),
				moves: moves.map(({what, period, amount, other, blockNumber}) => ({
					what,
					period,
					amountMg: `${amount}`,
					other: other ?? null,
					blockNumber,
				})),
			};
		},
		[Symbol.asyncDispose]: async () => void (await (await opening?.catch(() => undefined))?.chain[Symbol.asyncDispose]()),
	};
}
