// Makes test/fixtures/documents: one of every kind of document in every format that today's program writes, with the trust files by which strangers check them.
//
// `node dist/test/helpers/make-document-fixtures.js FOLDER`, into a new folder, in the commit that brings a new format; of what it makes, what is new goes to the others. What is there is never
// made again: that an old program wrote it is what it is for. Its keys are no secrets, and are thrown away.
import {createHash} from 'node:crypto';
import {copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {ExecutionContext} from 'ava';
import {connectAsync} from 'mqtt';
import {createSystemRandom} from '../../agent/base/random.ts';
import {formatDeviceKey} from '../../agent/format/device-key.ts';
import {makePassword, openSite} from '../../agent/site.ts';
import {requestAnchor} from '../../agent/state.ts';
import {createSimSigner} from '../../sim/signing.ts';
import {anvilChainId, startAnvil} from './anvil.ts';
import {freePort} from './ports.ts';
import {kedge, startAgent, untilStatus} from './site.ts';
import {openTimeWorld, startTimeServer} from './time-authority.ts';

/** By file: which trust file it is checked with, what it calls itself, how strong it is then, and its SHA-256. */
export type DocumentFixtures = Readonly<
	Record<string, {readonly format: string; readonly sha256: string; readonly trust?: string; readonly strength?: string}>
>;

/** What a document calls itself. That of a package stands in its manifest, which no ZIP of ours compresses. */
export const formatOf = (bytes: Buffer): string | undefined =>
	/kedge (?:receipt|history|disclosure|evidence|trust) \d+/.exec(bytes.toString('latin1'))?.[0];

const day = '2026-11-20';
const at = (minutes: number): string => new Date(Date.parse(`${day}T08:00:00Z`) + minutes * 60_000).toISOString();

const configText = (port: number, hash: string): string => `log: {name: harbour}
broker: {host: 127.0.0.1, port: ${port}}
mappings:
  meter:
    topic: meters/{device}
    format: json
    time: {pointer: /at, format: iso}
    readings:
      - {pointer: /kwh, quantity: energy-import, unit: kWh}
devices:
  - {id: meter-1, passwordHash: "${hash}", mappings: [meter], maxPowerW: 20000}
`;

async function make(target: string): Promise<void> {
	if (existsSync(target)) throw new Error(`${target} is there: a fixture is never made again`);
	const endings: (() => unknown)[] = [];
	const t = {teardown: (end: () => unknown) => void endings.push(end)} as unknown as ExecutionContext;
	try {
		const folder = mkdtempSync(join(tmpdir(), 'kedge-documents-'));
		endings.push(() => rmSync(folder, {recursive: true, force: true}));
		const site = join(folder, 'site');
		mkdirSync(site);
		mkdirSync(target, {recursive: true});
		const config = join(site, 'kedge.yaml');
		const done = async (...words: readonly string[]): Promise<string> => {
			const {code, out, err} = await kedge(t, words);
			if (code !== 0) throw new Error(`kedge ${words.join(' ')} ended with ${code}: ${err}`);
			return out;
		};
		const about = ['--config', config];
		const out = (name: string): string[] => ['--out', join(target, name), ...about];
		const {password, hash} = await makePassword(createSystemRandom());
		const port = await freePort();
		writeFileSync(config, configText(port, hash));
		await done('init', site);
		copyFileSync(join(site, 'trust.json'), join(target, 'trust-1.json'));

		const first = await startAgent(t, await openSite(config));
		const client = await connectAsync(`mqtt://127.0.0.1:${port}`, {clientId: 'meter-1', username: 'meter-1', password, reconnectPeriod: 0});
		for (let i = 0; i < 8; i += 1)
			await client.publishAsync('meters/meter-1', `{"at":"${at(i * 30)}","kwh":${(1000 + i * 1.25).toFixed(2)}}`, {qos: 1});
		await client.endAsync();
		const key = createSimSigner('documents', 'probe-1', {form: 'jws'});
		const added = JSON.parse(
			await done('device', 'add', 'probe-1', ...about, '--mapping', 'meter', '--key', formatDeviceKey(key.key), '--json'),
		) as {made: {password: string}};
		const probe = await connectAsync(`mqtt://127.0.0.1:${port}`, {
			clientId: 'probe-1',
			username: 'probe-1',
			password: added.made.password,
			reconnectPeriod: 0,
		});
		await probe.publishAsync('meters/probe-1', Buffer.from(key.sign(Buffer.from(`{"at":"${at(5)}","kwh":4.5}`))), {qos: 1});
		await probe.endAsync();
		const history = ['history', 'meter-1', '--from', day, '--to', '2026-11-21'];
		// Before anything is anchored: signed, and no more.
		await done('prove', '--device', 'meter-1', '--with-arrival', ...out('receipt-1.json'));
		await done('prove', '--device', 'probe-1', '--with-arrival', ...out('receipt-2.json'));
		await done(...history, ...out('history-2.json'));
		await done('disclose', '1', '2', '--to-reader', 'a test', ...out('disclosure-1.json'));
		await first.end('SIGTERM');

		const anvil = await startAnvil();
		endings.push(() => anvil.stop());
		const {address} = JSON.parse(readFileSync(join(site, 'anchor-key.json'), 'utf8')) as {address: string};
		await anvil.rpc('anvil_setBalance', `0x${address.replace(/^0x/, '')}`, '0xde0b6b3a7640000');
		const anchor = await done('anchor', ...about, '--rpc', anvil.url, '--chain-id', String(anvilChainId));
		const time = await openTimeWorld();
		endings.push(time.close);
		const authority = await time.issue('stamp');
		const server = await startTimeServer(query => time.reply(query, authority));
		endings.push(server.stop);
		copyFileSync(time.ca.certificateFile, join(site, 'tsa-ca.pem'));
		writeFileSync(
			config,
			`${readFileSync(config, 'utf8')}${anchor}\ntimestamps:\n  - {name: tsa, url: "${server.url}", certificate: tsa-ca.pem, imprints: [sha256, sm3]}\n`,
		);
		const opened = await openSite(config);
		const second = await startAgent(t, opened);
		// A beacon comes in front of an entry, for the entry to show it.
		const again = await connectAsync(`mqtt://127.0.0.1:${port}`, {clientId: 'meter-1', username: 'meter-1', password, reconnectPeriod: 0});
		await again.publishAsync('meters/meter-1', `{"at":"${at(300)}","kwh":1012.50}`, {qos: 1});
		await again.endAsync();
		await requestAnchor(opened.paths);
		await untilStatus(
			t,
			opened,
			({anchor: found, size}) =>
				found?.targets.every(one => (one.kind === 'chain' ? one.finalSize : one.stampedSize) >= size - 3) === true && size > 10,
			{each: () => anvil.mine(1)},
		);
		await done('prove', '--device', 'meter-1', '--with-arrival', ...out('receipt-3.json'));
		await done(...history, ...out('history-3.json'));
		await done('disclose', '1', '2', '--to-reader', 'a test', ...out('disclosure-2.json'));
		// One language: the letters of the other are most of a cover.
		await done('evidence', '--device', 'meter-1', '--from', at(0), '--to', at(720), '--language', 'en', ...out('evidence-2.kedge'));
		const trust = join(target, 'trust-2.json');
		copyFileSync(opened.paths.trust, trust);
		const proven = ['receipt-3.json', 'history-3.json', 'disclosure-2.json', 'evidence-2.kedge'];
		await done('trust', 'pin', ...proven.map(name => join(target, name)), '--rpc', anvil.url, '--trust', trust);
		await done('trust', 'add-authority', 'tsa', join(site, 'tsa-ca.pem'), '--trust', trust);
		await done('trust', 'need', '2', '--trust', trust);
		await second.end('SIGTERM');
		await describe(target, t);
	} finally {
		for (const end of endings.reverse()) await end();
	}
}

/** Writes down what the folder holds, as the program that made it sees it. */
async function describe(target: string, t: ExecutionContext): Promise<void> {
	const found: Record<string, DocumentFixtures[string]> = {};
	for (const name of readdirSync(target).sort()) {
		const bytes = readFileSync(join(target, name));
		const sha256 = createHash('sha256').update(bytes).digest('hex');
		const format = formatOf(bytes);
		if (format === undefined) throw new Error(`${name} does not say what it is`);
		if (name.startsWith('trust-')) {
			found[name] = {format, sha256};
			continue;
		}
		const trust = ['receipt-1.json', 'receipt-2.json', 'history-2.json', 'disclosure-1.json'].includes(name)
			? 'trust-1.json'
			: 'trust-2.json';
		const {out} = await kedge(t, ['verify', '--json', '--trust', join(target, trust), join(target, name)]);
		const verdict = JSON.parse(out) as {good: boolean; strength: string; checks: unknown};
		if (!verdict.good) throw new Error(`${name}: ${JSON.stringify(verdict.checks)}`);
		found[name] = {format, sha256, trust, strength: verdict.strength};
	}
	writeFileSync(join(target, 'expected.json'), `${JSON.stringify(found, null, '\t')}\n`);
}

const [target] = process.argv.slice(2);
if (process.argv[1]?.endsWith('make-document-fixtures.js') === true) {
	if (target === undefined) throw new Error('make-document-fixtures FOLDER');
	await make(target);
}
