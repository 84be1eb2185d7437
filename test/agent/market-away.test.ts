// An agent whose market has a contract, and whose chain does not answer: it takes readings and orders all the same.
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'ava';
import {createKeystore} from '../../agent/anchor/keystore.ts';
import {silentLogger} from '../../agent/base/logger.ts';
import {openAgent} from '../../agent/main.ts';
import {changeConfig, createTestSite} from '../helpers/site.ts';
import {keyOf} from '../trade/market-world.ts';

test('an agent starts while the chain of its market does not answer', async t => {
	const made = await createTestSite(t, {homes: 2});
	for (const name of ['market-key', 'anchor-key']) {
		const {json} = await createKeystore('operator password', {scryptN: 1024});
		await writeFile(join(made.folder, `${name}.json`), json);
		await writeFile(join(made.folder, `${name}.password`), 'operator password\n');
	}
	const site = await changeConfig(
		made.site,
		text => `${text.replaceAll('"simulated":true', '"simulated":false,"cadenceSeconds":60')}
anchor: {rpcUrl: "http://127.0.0.1:1", chainId: 31337, registry: "0x${'11'.repeat(20)}"}
market:
  name: street
  feedInMicroPerKwh: 80000
  retailMicroPerKwh: 300000
  gridFeeMicroPerKwh: 40000
  contract: "0x${'22'.repeat(20)}"
  gridAccount: "0x${'a1'.repeat(20)}"
  retailerAccount: "0x${'a2'.repeat(20)}"
  poolAccount: "0x${'a3'.repeat(20)}"
  meters: [{device: home-01, owner: "${keyOf('home 0').address}"}]
api: {port: 0}
`,
	);
	const agent = await openAgent({site, logger: silentLogger});
	t.teardown(() => agent[Symbol.asyncDispose]());
	const {state} = await agent.status();
	t.not(state, 'frozen');
	t.truthy(agent.apiPort);
});
