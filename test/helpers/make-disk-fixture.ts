// Makes a folder of test/fixtures/disk: a whole small site as today's program leaves it on the disk, and every document that it issues.
//
// `node dist/test/helpers/make-disk-fixture.js FOLDER`, once for each new format of a database. What was made is never made again: that an old program wrote it is what it
// is for. Its keys are no secrets.
import {createHash} from 'node:crypto';
import {copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {ExecutionContext} from 'ava';
import {connectAsync} from 'mqtt';
import {systemClock} from '../../agent/base/clock.ts';
import {createSystemRandom} from '../../agent/base/random.ts';
import {until} from '../../agent/base/retry.ts';
import {formatDeviceKey} from '../../agent/format/device-key.ts';
import {openSiteReader} from '../../agent/reading.ts';
import {makePassword, openSite, sitePaths} from '../../agent/site.ts';
import {readStatus, requestAnchor} from '../../agent/state.ts';
import {createSimSigner} from '../../sim/signing.ts';
import {anvilChainId, startAnvil} from './anvil.ts';
import {freePort} from './ports.ts';
import {kedge, startAgent} from './site.ts';

/** What a test of the folder compares with. */
export type DiskFixture = {
	readonly origin: string;
	readonly size: number;
	readonly root: string;
	/** SHA-256 of the receipt of each entry, from the first on. */
	readonly receipts: readonly string[];
	/** Digest of the ledgers' rows. */
	readonly ledgers: string | undefined;
	/** The documents, by file: what they call themselves, and how strong they are by the trust file of the folder. */
	readonly documents: Readonly<Record<string, {readonly format: string; readonly strength: string}>>;
};

/** Files of the site that are kept. */
export const diskFiles = [
	'kedge.yaml',
	'log.db',
	'ledgers.db',
	'market.db',
	'log.key',
	'trust.json',
	'released.checkpoint',
	'anchor-key.json',
	'anchor-key.password',
	'market-key.json',
	'market-key.password',
] as const;

const day = '2026-11-20';
const at = (minutes: number): string => new Date(Date.parse(`${day}T08:00:00Z`) + minutes * 60_000).toISOString();

const configText = (port: number, hash: string): string => `# A site of the tests. Its keys and passwords are known to everybody.
log: {name: harbour}
broker: {host: 127.0.0.1, port: ${port}}
mappings:
  meter:
    topic: meters/{device}
    format: json
    time: {pointer: /at, format: iso}
    readings:
      - {pointer: /kwh, quantity: energy-import, unit: kWh}
      - {pointer: /out, quantity: energy-export, unit: kWh, optional: true}
  box:
    topic: boxes/{device}
    format: json
    time: {pointer: /at, format: iso}
    readings:
      - {pointer: /t, quantity: temperature, unit: Cel}
devices:
  - {id: meter-1, passwordHash: "${hash}", mappings: [meter], maxPowerW: 20000, cadenceSeconds: 900}
  - {id: box-1, passwordHash: "${hash}", mappings: [box]}
sites:
  - id: plant
    name: The plant
    sources:
      - {id: grid, scope: 2, method: factor, channels: [{device: meter-1, quantity: energy-import}], locationFactors: [mine], marketFactors: [mine]}
factors:
  - {id: mine, value: "0.5", per: kWh, source: "the test", validFrom: "${day}"}
`;

async function make(target: string): Promise<void> {
	if (existsSync(target)) throw new Error(`${target} is there: a fixture is never made again`);
	const endings: (() => unknown)[] = [];
	const t = {teardown: (end: () => unknown) => void endings.push(end)} as unknown as ExecutionContext;
	try {
		const folder = mkdtempSync(join(tmpdir(), 'kedge-disk-'));
		endings.push(() => rmSync(folder, {recursive: true, force: true}));
		const site = join(folder, 'site');
		mkdirSync(site);
		const config = join(site, 'kedge.yaml');
		const file = (name: string): string => join(folder, name);
		const done = async (...words: readonly string[]): Promise<string> => {
			const {code, out, err} = await kedge(t, words);
			if (code !== 0) throw new Error(`kedge ${words.join(' ')} ended with ${code}: ${err}`);
			return out;
		};
		const {password, hash} = await makePassword(createSystemRandom());
		const port = await freePort();
		writeFileSync(config, configText(port, hash));
		await done('init', site);
		const anvil = await startAnvil();
		endings.push(() => anvil.stop());
		const {address} = JSON.parse(readFileSync(join(site, 'anchor-key.json'), 'utf8')) as {address: string};
		await anvil.rpc('anvil_setBalance', `0x${address.replace(/^0x/, '')}`, '0xde0b6b3a7640000');
		const append = (text: string): void => writeFileSync(config, `${readFileSync(config, 'utf8')}${text}\n`);
		append(await done('anchor', '--config', config, '--rpc', anvil.url, '--chain-id', String(anvilChainId)));
		const marketLines = await done('market', '--name', 'street', '--config', config);
		const marketPort = await freePort();
		append(
			marketLines
				.replace(/^.*device: box-1.*\n/m, '')
				.replace('"0x..."', '"0x70997970C51812dc3A010C7d01b50e0d17dc79C8", maxExportWh: 5000, maxImportWh: 5000')
				.replace('8787', String(marketPort)),
		);
		let agent = await startAgent(t, await openSite(config));
		const say = async (device: string, topic: string, messages: readonly (object | string)[]): Promise<void> => {
			const client = await connectAsync(`mqtt://127.0.0.1:${port}`, {clientId: device, username: device, password, reconnectPeriod: 0});
			for (const message of messages)
				await client.publishAsync(topic, typeof message === 'string' ? message : JSON.stringify(message), {qos: 1});
			await client.endAsync();
		};
		// Two readings an hour, one that falls, one that is no number, one that is doubled.
		await say('meter-1', 'meters/meter-1', [
			...Array.from({length: 24}, (_, i) => ({at: at(i * 30), kwh: (1000 + i * 1.25).toFixed(2), out: '3.5'})).map(
				({at: time, kwh, out}) => `{"at":"${time}","kwh":${kwh},"out":${out}}`,
			),
			`{"at":"${at(760)}","kwh":3}`,
			`{"at":"${at(770)}","kwh":"much"}`,
			`{"at":"${at(0)}","kwh":1000.00,"out":3.5}`,
		]);
		const key = createSimSigner('disk', 'probe-1', {form: 'jws'});
		const added = JSON.parse(
			await done('device', 'add', 'probe-1', '--config', config, '--mapping', 'box', '--key', formatDeviceKey(key.key), '--json'),
		) as {made: {password: string}};
		const probe = await connectAsync(`mqtt://127.0.0.1:${port}`, {
			clientId: 'probe-1',
			username: 'probe-1',
			password: added.made.password,
			reconnectPeriod: 0,
		});
		await probe.publishAsync('boxes/probe-1', Buffer.from(key.sign(Buffer.from(`{"at":"${at(5)}","t":4.5}`))), {qos: 1});
		await probe.endAsync();
		await done('shipment', 'key', '--out', file('maker.key'));
		const maker = (await done('shipment', 'key', '--out', file('buyer.key'))).trim();
		writeFileSync(
			file('s1.json'),
			JSON.stringify({
				from: at(0),
				goods: 'Vaccine',
				lots: [{id: 'L1', name: 'Vaccine A'}],
				parties: [{id: 'maker', name: 'Maker', key: maker}],
				holder: 'maker',
				profile: 'cold-2-8',
			}),
		);
		const about = ['--config', config];
		await done('shipment', 'open', 'S1', '--file', file('s1.json'), ...about);
		await done('shipment', 'assign', 'S1', '--sensor', 'box-1', '--lot', 'L1', '--from', at(0), '--not-yet', ...about);
		await say(
			'box-1',
			'boxes/box-1',
			Array.from({length: 13}, (_, i) => `{"at":"${at(i * 5)}","t":${(4 + i / 10).toFixed(1)}}`),
		);
		await done('shipment', 'close', 'S1', '--at', at(60), ...about);
		await done(
			'correct',
			'--device',
			'meter-1',
			'--quantity',
			'energy-import',
			'--number',
			'26',
			'--value',
			'1030',
			'--unit',
			'kWh',
			'--reason',
			'a test',
			...about,
		);
		await done(
			...[
				'certificates',
				'open',
				'meter-1',
				'--owner',
				'anna',
				'--issuer',
				'A test',
				'--source',
				'solar',
				'--country',
				'DE',
				'--from',
				at(0),
			],
			...about,
		);
		const {paths} = await openSite(config);
		// A restart is a note, too, and the anchor covers it.
		await agent.end('SIGTERM');
		agent = await startAgent(t, await openSite(config));
		await requestAnchor(paths);
		const anchored = await until(
			async () => {
				await anvil.mine(1);
				const {anchor, size} = await readStatus(paths);
				return anchor !== undefined && anchor.finalSize > 0 && anchor.finalSize >= size - 5 ? true : undefined;
			},
			{clock: systemClock, everyMs: 200, timeoutMs: 60_000},
		);
		if (anchored !== true) throw new Error(`no anchor became final: ${JSON.stringify((await readStatus(paths)).anchor)}`);
		const documents = join(target, 'documents');
		mkdirSync(documents, {recursive: true});
		const out = (name: string): string[] => ['--out', join(documents, name), ...about];
		await done('prove', '--device', 'meter-1', '--quantity', 'energy-import', '--with-arrival', ...out('receipt-1.json'));
		await done('prove', '--device', 'probe-1', '--with-arrival', ...out('receipt-2.json'));
		await done('history', 'meter-1', '--quantity', 'energy-import', '--from', day, '--to', '2026-11-21', ...out('history.json'));
		await done('disclose', '3', '4', '--to-reader', 'a test', ...out('disclosure.json'));
		const asked = [
			['site', 'plant', '--from', at(0), '--to', at(720)],
			['shipment', 'S1'],
			['device', 'meter-1', '--from', at(0), '--to', at(720)],
			['certificates', 'meter-1', '--to', at(720)],
		] as const;
		// One language: the letters of the other are most of a cover.
		for (const [what, ...words] of asked) await done('evidence', `--${what}`, ...words, '--language', 'en', ...out(`evidence-${what}.zip`));
		await agent.end('SIGTERM');

		const kept = readFileSync(config, 'utf8')
			.replaceAll(String(port), '1883')
			.replaceAll(String(marketPort), '8787')
			.replaceAll(anvil.url, 'http://127.0.0.1:8545');
		writeFileSync(config, kept);
		for (const name of diskFiles) if (existsSync(join(site, name))) copyFileSync(join(site, name), join(target, name));
		for (const name of ['log.db', 'ledgers.db', 'market.db'])
			if (existsSync(join(site, `${name}-wal`))) throw new Error(`${name} has a WAL left`);
		await describe(target, t);
	} finally {
		for (const end of endings.reverse()) await end();
	}
}

/** Writes down what the folder holds, as the program that made it sees it. */
async function describe(target: string, t: ExecutionContext): Promise<void> {
	const config = join(target, 'kedge.yaml');
	const ask = async (...words: readonly string[]): Promise<string> => (await kedge(t, words)).out;
	const audited = JSON.parse(await ask('audit', '--config', config, '--json')) as {size: number; root: string; problems: string[]};
	if (audited.problems.length > 0) throw new Error(audited.problems.join('; '));
	const receipts: string[] = [];
	const {paths} = await openSite(config);
	let origin = '';
	{
		await using reader = await openSiteReader(paths);
		origin = reader.origin;
		for (let i = 0; i < audited.size; i += 1)
			receipts.push(
				createHash('sha256')
					.update(await reader.issuer.receipt(i))
					.digest('hex'),
			);
	}
	const ledgers = JSON.parse(await ask('ledgers', '--config', config, '--json')) as {digest?: string};
	const documents: Record<string, {format: string; strength: string}> = {};
	for (const name of readdirSync(join(target, 'documents')).sort()) {
		const path = join(target, 'documents', name);
		const verdict = JSON.parse(await ask('verify', '--trust', join(target, 'trust.json'), path, '--json')) as {
			good: boolean;
			strength: string;
			checks: unknown;
		};
		if (!verdict.good) throw new Error(`${name}: ${JSON.stringify(verdict.checks)}`);
		const text = readFileSync(path).toString('latin1');
		documents[name] = {format: /kedge (?:receipt|history|disclosure|evidence) \d+/.exec(text)?.[0] ?? 'zip', strength: verdict.strength};
	}
	const fixture: DiskFixture = {origin, size: audited.size, root: audited.root, receipts, ledgers: ledgers.digest, documents};
	writeFileSync(join(target, 'expected.json'), `${JSON.stringify(fixture, null, '\t')}\n`);
	for (const name of ['log.db', 'ledgers.db', 'market.db'])
		for (const ending of ['-wal', '-shm', '.lock']) rmSync(join(target, `${name}${ending}`), {force: true});
	rmSync(sitePaths(target).socket, {force: true});
}

const [target] = process.argv.slice(2);
if (target === undefined) throw new Error('make-disk-fixture FOLDER');
await make(target);
