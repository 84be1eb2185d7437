// The composition root's part that puts a site's market on its chain, and registers its meters there.

import {testTokenBytecode} from '../contracts/generated/test-token.ts';
import type {DeployedMarket, MarketTerms} from './anchor/market-deploy.ts';
import {openAnchoringKey, openChainOf} from './anchoring.ts';
import {toPrefixedHex, utf8} from './base/bytes.ts';
import {type Clock, systemClock} from './base/clock.ts';
import {AgentError} from './base/errors.ts';
import {keccak256} from './base/hash.ts';
import {nodeHasher} from './base/hash-node.ts';
import {anchorLogId} from './format/log-id.ts';
import {channelUrn, deviceUrn} from './format/subject.ts';
import {openLogReader} from './log/reader.ts';
import {counterAccounts, openMarketKey} from './marketplace.ts';
import type {Site} from './site.ts';
import {slotS} from './trade/order.ts';

export type DeployMarketOptions = {
	/** An ERC-20 on the chain; undefined deploys one of no worth. */
	readonly token: string | undefined;
	/** Grid operator; undefined: the market's own key, which may register the meters then. */
	readonly dso: string | undefined;
	readonly firstSlot: number;
	/** Seconds after its gate in which a slot's header is taken, 0 for as long as its day is not posted. @default forward mode: until the slot ends, so that no reading is known yet */
	readonly postWindowS?: number;
	readonly challengeWindowS: number;
	readonly answerWindowS: number;
	/** Token units. */
	readonly bond: bigint;
};

export type PreparedMarket = DeployedMarket & {
	readonly token: string;
	readonly operator: string;
	readonly grid: string;
	readonly retailer: string;
	readonly pool: string;
	/** Devices whose registers have not spoken yet: they cannot be registered. */
	readonly unregistered: readonly string[];
};

const daysS = 86_400;

/** Deploys the contracts of the market in the config with the market's key, which must have been funded. The section `anchor` says where. */
export async function prepareMarketContract(site: Site, options: DeployMarketOptions, clock: Clock = systemClock): Promise<PreparedMarket> {
	const {market: config, anchor, devices} = site.config;
	if (config === undefined || anchor === undefined)
		throw new AgentError(
			'ARGUMENT_INVALID',
			`${site.configPath} needs the sections market and anchor before the market can have a contract`,
		);
	for (const {device, maxExportWh} of config.meters)
		if (maxExportWh === 0)
			throw new AgentError(
				'ARGUMENT_INVALID',
				`meter ${device} has maxExportWh 0, and on a chain every meter has a register of both directions`,
				{
					hint: 'Let it publish energy-export too, which stays 0, and set maxExportWh to 1.',
				},
			);
		else if (devices.find(({id}) => id === device)!.cadenceSeconds! > slotS)
			throw new AgentError('ARGUMENT_INVALID', `meter ${device} has cadenceSeconds over ${slotS}, and the contract takes at most a slot`, {
				hint: 'Its registers must be published at least once in a quarter of an hour.',
			});
	const deploying = await import('./anchor/market-deploy.ts');
	const signer = await openMarketKey(site);
	await using chain = await openChainOf(anchor.chains[0], clock);
	const needs = {chain, clock, signer};
	const accounts = counterAccounts(config.name);
	const token = options.token?.toLowerCase() ?? (await deploying.deployTestToken(needs, testTokenBytecode));
	const readingDeadline = config.readingHours * 3600;
	const params: MarketTerms['params'] = {
		feedInMicroPerKwh: config.feedInMicroPerKwh,
		retailMicroPerKwh: config.retailMicroPerKwh,
		gridFeeMicroPerKwh: config.gridFeeMicroPerKwh,
		lineLimitWh: config.lineLimitWh ?? 0,
		effectiveFromSlot: options.firstSlot,
		gateLeadSeconds: config.gateBeforeMinutes * 60,
		postWindowSeconds: options.postWindowS ?? (config.mode === 'forward' ? config.gateBeforeMinutes * 60 + slotS : 0),
		pricing: config.pricing === 'auction' ? 1 : 2,
		mode: config.mode === 'metered' ? 1 : 2,
		grid: config.gridAccount ?? accounts.grid,
		retailer: config.retailerAccount ?? accounts.retailer,
		pool: config.poolAccount ?? accounts.pool,
	};
	const {challengeWindowS, answerWindowS, bond} = options;
	const deployed = await deploying.deployMarket(needs, {
		market: toPrefixedHex(keccak256(utf8(config.name))),
		token,
		registry: anchor.chains[0].registry.toLowerCase(),
		dso: options.dso?.toLowerCase() ?? signer.address,
		params,
		paramsDelay: daysS,
		challengeWindow: challengeWindowS,
		readingDeadline,
		answerWindow: answerWindowS,
		withdrawDelay: challengeWindowS + readingDeadline + 2 * daysS,
		escapeAfter: challengeWindowS + readingDeadline + 30 * daysS,
		bondMin: bond,
		penalty: bond / 10n === 0n ? 1n : bond / 10n,
		demandStake: 1n,
	});
	if (options.token === undefined) await deploying.mintTestTokens(needs, token, signer.address, 2n * bond);
	await deploying.fundBond(needs, deployed.contract, token, bond);
	const unregistered =
		options.dso === undefined
			? await registerMeters(site, options.firstSlot, await chain.headTimeS(), meter =>
					deploying.registerMeter(needs, deployed.rules, meter),
				)
			: config.meters.map(({device}) => device);
	const {grid, retailer, pool} = params;
	return {...deployed, token, operator: signer.address, grid, retailer, pool, unregistered};
}

type Register = Parameters<typeof import('./anchor/market-deploy.ts').registerMeter>[2];

/** Registers every meter whose registers have spoken; gives the devices of the others. */
async function registerMeters(
	site: Site,
	firstSlot: number,
	headTimeS: number,
	register: (meter: Register) => Promise<void>,
): Promise<string[]> {
	const {market, anchor, devices} = site.config;
	const {chainId, registry, opener: named} = anchor!.chains[0];
	const opener = named ?? (await openAnchoringKey(site)).address;
	await using reader = await openLogReader({path: site.paths.log, hasher: nodeHasher});
	const logId = anchorLogId(chainId, registry.toLowerCase(), opener, reader.origin);
	const subjects = new Map((await reader.channels()).map(({urn, subject}) => [urn, toPrefixedHex(subject)]));
	const silent: string[] = [];
	// A meter may be registered for slots that have not begun.
	const fromSlot = Math.max(firstSlot, Math.floor(headTimeS / slotS) + 1);
	for (const {device, owner, maxExportWh, maxImportWh} of market!.meters) {
		const importSubject = subjects.get(channelUrn(device, 'energy-import'));
		const exportSubject = maxExportWh === 0 ? `0x${'0'.repeat(64)}` : subjects.get(channelUrn(device, 'energy-export'));
		if (importSubject === undefined || exportSubject === undefined) {
			silent.push(device);
			continue;
		}
		const cadenceMs = devices.find(({id}) => id === device)!.cadenceSeconds! * 1000;
		await register({
			meter: toPrefixedHex(keccak256(utf8(deviceUrn(device)))),
			importSubject,
			exportSubject,
			cadenceMs,
			owner,
			fromSlot,
			maxExportWh,
			maxImportWh,
			logId,
			isOperators: true,
		});
	}
	return silent;
}
