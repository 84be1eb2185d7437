// Speaks with the contracts of an energy market: what is posted there, what accounts have, and the calls that change either.

import {Interface} from 'ethers';
import {energyMarketAbi} from '../../contracts/generated/energy-market.ts';
import {marketRulesAbi} from '../../contracts/generated/market-rules.ts';
import type {Clock} from '../base/clock.ts';
import {AgentError} from '../base/errors.ts';
import type {Chain} from './chain.ts';
import {transact} from './deploy.ts';
import type {Signer} from './keystore.ts';

/** A call as it is sent or shown. */
export type MarketCall = {readonly to: string; readonly data: string};

/** As the contract has them; numbers that fit are numbers. */
export type PostedSlot = {
	readonly slot: number;
	readonly paramsVersion: number;
	readonly mode: number;
	readonly orderCount: number;
	readonly orderSetRoot: string;
	readonly bidTiers: number;
	readonly bidRoot: string;
	readonly askTiers: number;
	readonly askRoot: string;
	readonly volumeWh: number;
	readonly priceBuy: number;
	readonly priceSell: number;
};
export type PostedTier = {readonly price: bigint; readonly quantityWh: bigint; readonly ordersRoot: string};
export type PostedSide = {
	readonly index: number;
	readonly last: PostedTier;
	/** 0x, 40 bytes a level. */
	readonly lastPath: string;
	readonly next: PostedTier;
	readonly nextPath: string;
};
export type PostedDay = {
	readonly day: number;
	readonly rowCount: number;
	readonly rowsRoot: string;
	readonly accountCount: number;
	readonly balancesRoot: string;
};
export type PostedBalances = {
	readonly left: string;
	readonly leftCredit: bigint;
	readonly leftDebit: bigint;
	readonly right: string;
	readonly rightCredit: bigint;
	readonly rightDebit: bigint;
};
export type PostedBalance = {readonly account: string; readonly cumNano: bigint; readonly firstRow: number; readonly rowCount: number};

export type AccountOnChain = {readonly depositedNano: bigint; readonly drawnNano: bigint; readonly counter: number};

export type MarketChain = {
	readonly contract: string;
	readonly firstDay: number;
	readonly nanoPerUnit: bigint;
	/** Hash of the posted header, or `void`; undefined while there is none. */
	readonly slot: (slot: number) => Promise<string | 'void' | undefined>;
	readonly latestDay: () => Promise<number>;
	/** Newest day that is final; undefined while there is none. */
	readonly finalDay: () => Promise<number | undefined>;
	readonly dayHash: (day: number) => Promise<string | undefined>;
	/** When a day may be posted at the earliest, s since 1970. */
	readonly dayOpensAt: (day: number) => number;
	/** From when on a slot's header is taken, by its gate: a metered one once it is over. s since 1970. */
	readonly slotOpensAt: (gateS: number) => number;
	/** Until when a slot's header is taken, by its gate; s since 1970. */
	readonly slotClosesAt: (gateS: number) => number;
	readonly headTimeS: () => Promise<number>;
	/** Deposits without what is asked back. */
	readonly account: (account: string) => Promise<AccountOnChain>;
	/** Whom a meter belongs to in a slot; undefined while it is not registered. */
	readonly ownerOf: (meter: string, slot: number) => Promise<string | undefined>;
	readonly acceptsSignature: (account: string, digest: string, signature: string) => Promise<boolean>;
	/** Each sends one transaction and resolves once its effect is there. */
	readonly postSlot: (
		header: PostedSlot,
		certificate: {readonly bids: PostedSide; readonly asks: PostedSide},
		headerHash: string,
	) => Promise<void>;
	readonly postDay: (header: PostedDay, balances: PostedBalances, dayHash: string) => Promise<void>;
	readonly claim: (header: PostedDay, balance: PostedBalance, index: number, path: string) => MarketCall;
};

const marketInterface = new Interface(energyMarketAbi);
const rulesInterface = new Interface(marketRulesAbi);
const erc1271 = new Interface(['function isValidSignature(bytes32 hash, bytes signature) view returns (bytes4)']);
/** What a contract account answers that takes a signature [ERC-1271]. */
const magicValue = '0x1626ba7e';
const zeroHash = `0x${'0'.repeat(64)}`;
const secondsPerDay = 86_400;
const slotSeconds = 900;
const meteredMode = 1;

/** Looks who is there. Fails with CHAIN_MISMATCH if it is no market, or one of another name or operator. */
export async function openMarketChain(
	needs: {readonly chain: Chain; readonly clock: Clock; readonly signer: Signer; readonly signal?: AbortSignal},
	options: {readonly contract: string; readonly market: string; readonly paramsVersion: number},
): Promise<MarketChain> {
	const {chain, signer} = needs;
	const contract = options.contract.toLowerCase();
	const ask = (to: string, api: Interface, name: string, values: readonly unknown[] = []): Promise<readonly unknown[]> =>
		read(chain, to, api, name, values);
	const market = async (name: string, values: readonly unknown[] = []): Promise<readonly unknown[]> =>
		ask(contract, marketInterface, name, values);
	const [id] = await market('market');
	if (id !== options.market) throw mismatch(`the contract at ${contract} is market ${String(id)}, not ${options.market}`);
	const [operator] = await market('operator');
	if (String(operator).toLowerCase() !== signer.address)
		throw mismatch(`the operator of ${contract} is ${String(operator).toLowerCase()}, and the market's key is ${signer.address}`);
	const rules = String((await market('rules'))[0]).toLowerCase();
	const firstDay = Number((await market('firstDay'))[0]);
	const nanoPerUnit = (await market('nanoPerUnit'))[0] as bigint;
	const readingDeadline = Number((await market('readingDeadline'))[0]);

	const ownerOf: MarketChain['ownerOf'] = async (meter, number) => {
		const [tenure] = (await ask(rules, rulesInterface, 'tenureAt', [meter, number])) as unknown as [{readonly owner: string}];
		return BigInt(tenure.owner) === 0n ? undefined : tenure.owner.toLowerCase();
	};
	const [params] = (await ask(rules, rulesInterface, 'paramsOf', [options.paramsVersion])) as unknown as [
		{readonly postWindowSeconds: bigint; readonly mode: bigint},
	];
	const postWindowS = Number(params.postWindowSeconds);
	const openAfterS = Number(params.mode) === meteredMode ? slotSeconds : 0;

	const dayHash = async (day: number): Promise<string | undefined> => {
		const [hash] = await market('dayCommit', [day]);
		return hash === zeroHash ? undefined : (hash as string);
	};
	const slot: MarketChain['slot'] = async number => {
		const [status] = await market('slotStatus', [number]);
		if (Number(status) === 2) return 'void';
		return Number(status) === 1 ? ((await market('slotCommit', [number]))[0] as string) : undefined;
	};
	const send = (data: string, isDone: () => Promise<boolean>, doing: string): Promise<void> =>
		transact(needs, {to: contract, data, value: 0n}, isDone, doing).catch(error => {
			throw explained(error, [marketInterface, rulesInterface]);
		});

	return {
		contract,
		firstDay,
		nanoPerUnit,
		slot,
		latestDay: async () => Number((await market('latestDay'))[0]),
		finalDay: async () => {
			for (let day = Number((await market('latestDay'))[0]); day >= firstDay; day -= 1)
				if ((await market('isFinal', [day]))[0] === true) return day;
			return undefined;
		},
		dayHash,
		dayOpensAt: day => (day + 1) * secondsPerDay + readingDeadline,
		slotOpensAt: gateS => gateS + openAfterS,
		slotClosesAt: gateS => (postWindowS === 0 ? Number.POSITIVE_INFINITY : gateS + postWindowS),
		headTimeS: chain.headTimeS,
		ownerOf,
		account: async account => {
			const [deposited, drawn, pending] = (await market('accountOf', [account])) as readonly bigint[];
			const [counter] = await ask(rules, rulesInterface, 'counterOf', [account]);
			return {
				depositedNano: (deposited! - pending!) * nanoPerUnit,
				drawnNano: drawn! * nanoPerUnit,
				counter: Number(counter),
			};
		},
		acceptsSignature: async (account, digest, signature) => {
			if (!(await chain.hasCode(account))) return false;
			const answer = await chain.read(account, erc1271.encodeFunctionData('isValidSignature', [digest, signature]));
			return 'value' in answer && answer.value === magicValue.padEnd(66, '0');
		},
		postSlot: (header, certificate, headerHash) =>
			send(
				marketInterface.encodeFunctionData('postSlot', [header, certificate]),
				async () => (await slot(header.slot)) === headerHash,
				`posting slot ${header.slot}`,
			),
		postDay: (header, balances, hash) =>
			send(
				marketInterface.encodeFunctionData('postDay', [header, balances]),
				async () => (await dayHash(header.day)) === hash,
				`posting day ${header.day}`,
			),
		claim: (header, balance, index, path) => ({
			to: contract,
			data: marketInterface.encodeFunctionData('claim', [header, balance, index, path]),
		}),
	};
}

function mismatch(sentence: string): AgentError {
	return new AgentError('CHAIN_MISMATCH', sentence, {hint: 'Check market.contract, market.name and market.keystore in the config.'});
}

async function read(chain: Chain, to: string, api: Interface, name: string, values: readonly unknown[]): Promise<readonly unknown[]> {
	const answer = await chain.read(to, api.encodeFunctionData(name, values));
	if ('value' in answer)
		try {
			return api.decodeFunctionResult(name, answer.value);
		} catch {
			// Said below.
		}
	throw mismatch(`the contract at ${to} does not answer ${name}(): it is no energy market`);
}

/** A contract's own error by its name, where the node only gave its bytes: `custom error 0x…`, with the arguments behind it or behind a colon. */
export function explained(error: unknown, apis: readonly Interface[]): unknown {
	if (!(error instanceof AgentError)) return error;
	// An address in the sentence looks like one too, and is none.
	for (const found of error.message.matchAll(/(?:custom error )?(0x[0-9a-f]{8})(?:: ?)?([0-9a-f]*)/gi)) {
		const name = errorName(found[1]!, found[2]!, apis);
		if (name === undefined) continue;
		const sentence = error.message.replace(found[0], name);
		return new AgentError(error.code, sentence, {cause: error, ...(error.hint === undefined ? {} : {hint: error.hint})});
	}
	return error;
}

function errorName(selector: string, values: string, apis: readonly Interface[]): string | undefined {
	for (const api of apis) {
		const known = api.getError(selector);
		if (known === null) continue;
		try {
			return `${known.name}(${api.decodeErrorResult(known, `${selector}${values}`).map(String).join(', ')})`;
		} catch {
			// A node that takes the arguments for text leaves nothing of small numbers: the name must do.
			return `${known.name}(…)`;
		}
	}
	return undefined;
}
