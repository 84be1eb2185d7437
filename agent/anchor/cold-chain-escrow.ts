// Speaks with a ColdChainEscrow: puts one on a chain, reads how the money of a shipment stands, and shows it what an anchored log says.

import {getCreateAddress, Interface} from 'ethers';
import {coldChainEscrowAbi, coldChainEscrowBytecode} from '../../contracts/generated/cold-chain-escrow.ts';
import {toPrefixedHex} from '../base/bytes.ts';
import {AgentError} from '../base/errors.ts';
import type {Chain} from './chain.ts';
import {type DeployNeeds, transact} from './deploy.ts';
import {explained} from './market-chain.ts';

/** What a sensor that is with the shipment may say; values in 10^exponent base units. */
export type SensorTerms = {
	/** subjectHash of its channel, 0x and 64 hexadecimal digits. */
	readonly subject: string;
	/** Code in the quantity registry. */
	readonly quantity: number;
	readonly exponent: number;
	/** Readings below `low` or above `high` are outside. @default no limit */
	readonly low?: bigint | undefined;
	readonly high?: bigint | undefined;
	/** From so long without a break on it is an excursion. */
	readonly toleratedMs: number;
	/** Between readings that are further apart nothing is known. */
	readonly gapMaxMs: number;
	readonly fromMs: number;
	readonly toMs: number;
};

/** What buyer and seller agree on; see IColdChainEscrow.sol. Times are s since 1970. */
export type ShipmentTerms = {
	readonly buyer: string;
	readonly seller: string;
	/** @default nobody */
	readonly arbiter?: string | undefined;
	/** Units of the token. */
	readonly amount: bigint;
	readonly toSellerAtTimeout: bigint;
	readonly logId: string;
	/** The size of the log when this was agreed. */
	readonly fromIndex: number;
	/** subjectHash of the shipment's URN. */
	readonly subject: string;
	readonly verdictDueAt: number;
	readonly timeoutAt: number;
	readonly windowS: number;
	readonly sensors: readonly SensorTerms[];
	/** 32 bytes that tell apart what is alike. */
	readonly salt: string;
};

/** An anchored head of the log; `time` is that of the anchor's block, s since 1970. */
export type ShownHead = {readonly size: number; readonly time: number; readonly root: Uint8Array};
/** An entry of the log, and its path under the head. */
export type ShownEntry = {readonly index: number; readonly entry: Uint8Array; readonly path: readonly Uint8Array[]};

export const escrowStatuses = ['none', 'offered', 'paying', 'refunding', 'waiting', 'excursion', 'decided'] as const;
export type EscrowStatus = (typeof escrowStatuses)[number];
export const escrowDecisions = ['nobody', 'verdict', 'readings', 'agreement', 'arbiter', 'timeout', 'cancelled'] as const;
export type EscrowDecision = (typeof escrowDecisions)[number];

export type EscrowStanding = {
	readonly status: EscrowStatus;
	readonly by: EscrowDecision;
	/** When it changes by itself, s since 1970; 0 if it does not. */
	readonly until: number;
	/** Once decided. */
	readonly toSeller: bigint;
	/** Of the newest verdict shown; 0 if none was. */
	readonly number: number;
	readonly verdict: number;
	readonly isContradicted: boolean;
	readonly buyerIsPaid: boolean;
	readonly sellerIsPaid: boolean;
	readonly claims: number;
};

/** Each verb sends one transaction of the signer's and resolves once its effect is there; `offer` one more, where the token has not been allowed yet. */
export type EscrowChain = {
	readonly contract: string;
	readonly registry: string;
	readonly token: string;
	readonly idOf: (terms: ShipmentTerms) => Promise<string>;
	readonly standing: (terms: ShipmentTerms) => Promise<EscrowStanding>;
	readonly offer: (terms: ShipmentTerms) => Promise<void>;
	readonly cancel: (terms: ShipmentTerms) => Promise<void>;
	readonly accept: (terms: ShipmentTerms) => Promise<void>;
	readonly showVerdict: (terms: ShipmentTerms, head: ShownHead, verdict: ShownEntry) => Promise<void>;
	/** Consecutive entries of `terms.sensors[sensor]`, from the first one outside on. */
	readonly showExcursion: (terms: ShipmentTerms, sensor: number, head: ShownHead, readings: readonly ShownEntry[]) => Promise<void>;
	readonly refuteExcursion: (terms: ShipmentTerms, head: ShownHead, reading: ShownEntry) => Promise<void>;
	readonly agree: (terms: ShipmentTerms, toSeller: bigint) => Promise<void>;
	readonly arbitrate: (terms: ShipmentTerms, toSeller: bigint) => Promise<void>;
	readonly claim: (terms: ShipmentTerms, party: string) => Promise<void>;
};

const escrowInterface = new Interface(coldChainEscrowAbi);
const tokenInterface = new Interface([
	'function approve(address spender, uint256 amount) returns (bool)',
	'function allowance(address owner, address spender) view returns (uint256)',
]);
const zeroAddress = `0x${'0'.repeat(40)}`;
const [int64Min, int64Max] = [-(2n ** 63n), 2n ** 63n - 1n];

/** Deploys an escrow with the signer, who has no part in it afterwards. */
export async function deployColdChainEscrow(
	needs: DeployNeeds,
	options: {readonly registry: string; readonly token: string},
): Promise<string> {
	const {chain, signer} = needs;
	const contract = getCreateAddress({from: signer.address, nonce: await chain.nonce(signer.address)}).toLowerCase();
	const data = coldChainEscrowBytecode + escrowInterface.encodeDeploy([options.registry, options.token]).slice(2);
	await transact(needs, {to: undefined, data, value: 0n}, () => chain.hasCode(contract), `deploying the cold-chain escrow at ${contract}`);
	return contract;
}

/** Looks who is there. Fails with CHAIN_MISMATCH if it is no cold-chain escrow. */
export async function openEscrowChain(needs: DeployNeeds, options: {readonly contract: string}): Promise<EscrowChain> {
	const {chain, signer} = needs;
	const contract = options.contract.toLowerCase();
	const ask = (name: string, values: readonly unknown[] = []): Promise<readonly unknown[]> =>
		read(chain, contract, escrowInterface, name, values);
	const registry = String((await ask('registry'))[0]).toLowerCase();
	const token = String((await ask('token'))[0]).toLowerCase();

	const standing: EscrowChain['standing'] = async terms => {
		const found = (await ask('standingOf', [tupleOf(terms)]))[0] as Readonly<Record<string, bigint | boolean>>;
		return {
			status: escrowStatuses[Number(found.status)]!,
			by: escrowDecisions[Number(found.by)]!,
			until: Number(found.until),
			toSeller: found.toSeller as bigint,
			number: Number(found.number),
			verdict: Number(found.verdict),
			isContradicted: found.isContradicted as boolean,
			buyerIsPaid: found.buyerIsPaid as boolean,
			sellerIsPaid: found.sellerIsPaid as boolean,
			claims: Number(found.claims),
		};
	};
	const send = (name: string, values: readonly unknown[], isDone: () => Promise<boolean>, doing: string): Promise<void> =>
		transact(needs, {to: contract, data: escrowInterface.encodeFunctionData(name, values), value: 0n}, isDone, doing).catch(error => {
			throw explained(error, [escrowInterface]);
		});
	/** Sends until the standing is what the call makes of it. */
	const move = (
		terms: ShipmentTerms,
		name: string,
		values: readonly unknown[],
		isDone: (now: EscrowStanding) => boolean,
		doing: string,
	): Promise<void> => send(name, [tupleOf(terms), ...values], async () => isDone(await standing(terms)), doing);

	return {
		contract,
		registry,
		token,
		standing,
		idOf: async terms => String((await ask('idOf', [tupleOf(terms)]))[0]),
		offer: async terms => {
			const isAllowed = async (): Promise<boolean> => {
				const [allowed] = await read(chain, token, tokenInterface, 'allowance', [signer.address, contract]);
				return (allowed as bigint) >= terms.amount;
			};
			if (!(await isAllowed())) {
				const data = tokenInterface.encodeFunctionData('approve', [contract, terms.amount]);
				await transact(needs, {to: token, data, value: 0n}, isAllowed, 'allowing the escrow to take the price of the shipment');
			}
			await move(terms, 'offer', [], now => now.status !== 'none', 'paying in the price of the shipment');
		},
		cancel: terms => move(terms, 'cancel', [], now => now.by === 'cancelled', 'taking the price of the shipment back'),
		accept: terms => move(terms, 'accept', [], now => now.status !== 'offered', 'accepting the shipment'),
		showVerdict: async (terms, head, verdict) => {
			const [before, nonce] = await Promise.all([standing(terms), chain.nonce(signer.address)]);
			// A newer number, or what an older excursion changes. Of one that counts only against a later good verdict nothing can be read: the nonce tells.
			const isDone = async (): Promise<boolean> => {
				const now = await standing(terms);
				const isSeen = now.number !== before.number || now.isContradicted !== before.isContradicted || now.status !== before.status;
				return isSeen || (await chain.nonce(signer.address)) > nonce;
			};
			await send('showVerdict', [tupleOf(terms), headOf(head), entryOf(verdict)], isDone, 'showing the verdict');
		},
		showExcursion: async (terms, sensor, head, readings) => {
			const before = await standing(terms);
			const values = [sensor, headOf(head), readings.map(entryOf)];
			await move(terms, 'showExcursion', values, now => now.claims > before.claims, 'showing the excursion');
		},
		refuteExcursion: (terms, head, reading) =>
			move(terms, 'refuteExcursion', [headOf(head), entryOf(reading)], now => now.status !== 'excursion', 'refuting the excursion'),
		agree: async (terms, toSeller) => {
			const said = escrowInterface.encodeFunctionData('agree', [tupleOf(terms), toSeller]);
			const nonce = await chain.nonce(signer.address);
			// Nothing that can be read changes where only one side has spoken: the nonce tells.
			const isDone = async (): Promise<boolean> =>
				(await standing(terms)).by === 'agreement' || (await chain.nonce(signer.address)) > nonce;
			await transact(needs, {to: contract, data: said, value: 0n}, isDone, 'saying how to split').catch(error => {
				throw explained(error, [escrowInterface]);
			});
		},
		arbitrate: (terms, toSeller) => move(terms, 'arbitrate', [toSeller], now => now.by === 'arbiter', 'deciding how to split'),
		claim: (terms, party) => {
			const isSellers = party.toLowerCase() === terms.seller.toLowerCase();
			const isDone = (now: EscrowStanding): boolean => (isSellers ? now.sellerIsPaid : now.buyerIsPaid);
			return move(terms, 'claim', [party, party], isDone, `paying the ${isSellers ? 'seller' : 'buyer'} what is due of the shipment`);
		},
	};
}

function tupleOf({arbiter = zeroAddress, sensors, ...rest}: ShipmentTerms): object {
	return {
		...rest,
		arbiter,
		sensors: sensors.map(({low = int64Min, high = int64Max, ...sensor}) => ({...sensor, low, high})),
	};
}

function headOf({size, time, root}: ShownHead): object {
	return {size, time, root: toPrefixedHex(root)};
}

function entryOf({index, entry, path}: ShownEntry): object {
	return {index, leafData: toPrefixedHex(entry), inclusionProof: path.map(toPrefixedHex)};
}

async function read(chain: Chain, to: string, api: Interface, name: string, values: readonly unknown[]): Promise<readonly unknown[]> {
	const answer = await chain.read(to, api.encodeFunctionData(name, values));
	if ('value' in answer)
		try {
			return api.decodeFunctionResult(name, answer.value);
		} catch {
			// Said below.
		}
	throw new AgentError('CHAIN_MISMATCH', `the contract at ${to} does not answer ${name}(): it is no cold-chain escrow or its token`, {
		hint: 'check the address of the escrow, or deploy one',
	});
}
