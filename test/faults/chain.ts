// Gives a site a chain of its own: anvil, with a registry on it in which the site's log is opened.

import {readFileSync} from 'node:fs';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {prepareAnchoring} from '../../agent/anchoring.ts';
import {openSite} from '../../agent/site.ts';
import {type Anvil, anvilChainId, startAnvil} from '../helpers/anvil.ts';
import type {Template} from './place.ts';

export type Chain = {readonly anvil: Anvil; readonly registry: string; readonly opener: string; readonly nonce: number};

export type ChainOptions = {
	/** More words for anvil. */
	readonly anvil?: readonly string[];
	/** More of the config's `anchor`, as YAML with two blanks in front. */
	readonly more?: string;
};

/** Deploys a registry, opens the log there, and adds it to the template's config. The caller stops anvil. */
export async function prepareChain(template: Template, options: ChainOptions = {}): Promise<Chain> {
	const anvil = await startAnvil(options.anvil);
	await anvil.rpc('anvil_setBalance', template.anchoringAddress, '0xde0b6b3a7640000');
	const configPath = join(template.folder, 'kedge.yaml');
	const site = await openSite(configPath);
	const {registry, opener} = await prepareAnchoring(site, {
		rpcUrl: anvil.url,
		chainId: anvilChainId,
		registry: undefined,
		challengeTimeS: 300,
	});
	const anchor = `anchor:\n  rpcUrl: ${anvil.url}\n  chainId: ${anvilChainId}\n  registry: "${registry}"\n${options.more ?? ''}`;
	await writeFile(configPath, `${readFileSync(configPath, 'utf8')}\n${anchor}`);
	return {anvil, registry, opener, nonce: await nonceOf(anvil, opener)};
}

export async function nonceOf(anvil: Anvil, address: string): Promise<number> {
	return Number(await anvil.rpc<string>('eth_getTransactionCount', address, 'latest'));
}
