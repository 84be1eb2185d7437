// Files for the verify page, good and bad, made by the project's own code into a folder.
import {closeSync, ftruncateSync, openSync, readFileSync, writeFileSync, writeSync} from 'node:fs';
import {join} from 'node:path';
import type {ExecutionContext} from 'ava';
import {createLedgers, ledgersFor} from '../../agent/accounts.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {silentLogger} from '../../agent/base/logger.ts';
import {openDatabase, takeProcessLock} from '../../agent/base/sqlite.ts';
import {openFollowing} from '../../agent/following.ts';
import {encodeArrival} from '../../agent/format/arrival.ts';
import {noteKinds} from '../../agent/format/entry.ts';
import {formatHistory} from '../../agent/format/history.ts';
import {formatReceipt} from '../../agent/format/receipt.ts';
import {accountUrn} from '../../agent/format/subject.ts';
import {emptyTrust, formatTrust, type PinnedBlock} from '../../agent/format/trust.ts';
import {factorBodyOf} from '../../agent/ledgers/emissions/factor-body.ts';
import type {Question} from '../../agent/ledgers/ledger.ts';
import {packFrom} from '../../agent/packing.ts';
import {createStatementDesk} from '../../agent/stating.ts';
import {createAnchoringSite} from '../helpers/anchored-log.ts';
import {startAnvil} from '../helpers/anvil.ts';
import {append, createLogWorld, draftOf, enrolMeter, startMs, temporaryFolder} from '../helpers/log-world.ts';
import {createSmallLog, energyUrn} from '../helpers/small-log.ts';

/** All that is used of a test: whoever makes screenshots is none. */
export type Scope = Pick<ExecutionContext, 'teardown' | 'title'>;

export type Samples = {
	/** The path of a file of this name. */
	readonly at: (name: SampleName) => string;
	/** The block that `anchored` and `final` stand in. */
	readonly block: PinnedBlock;
	/** The one in front of them. */
	readonly beacon: PinnedBlock;
	readonly folder: string;
};

export type SampleName =
	| 'trust.json'
	/** Knows the registry as well. */
	| 'trust-chain.json'
	/** Knows the block of the anchor as well. */
	| 'trust-final.json'
	| 'trust-other.json'
	| 'trust-site.json'
	| 'trust-markup.json'
	| 'trust-history.json'
	| 'trust-broken.json'
	| 'receipt.json'
	| 'anchored.json'
	| 'flipped.json'
	| 'truncated.json'
	| 'other.json'
	| 'markup.json'
	| 'unknown.json'
	| 'history.json'
	| 'history-missing.json'
	| 'site.kedge'
	| 'site-truncated.kedge'
	| 'site-flipped.kedge'
	| 'huge.kedge'
	| 'long.kedge'
	| 'huge.json'
	| 'empty.json';

/** What must never run, nor become an element. */
export const markup = '<img src=x onerror="document.title=\'run\'"><script>document.title="run"</script>';

const reading = 4;

/** `coversMiB`: how long the package of a site is made, by covers without meaning. @default 0 */
export async function writeSamples(scope: Scope, {coversMiB = 0}: {readonly coversMiB?: number} = {}): Promise<Samples> {
	const folder = temporaryFolder(scope as ExecutionContext);
	const at = (name: SampleName): string => join(folder, name);
	const write = (name: SampleName, content: string | Uint8Array): void => writeFileSync(at(name), content);

	const beacon = {chainId: 31_337, number: 7, hash: `0x${'be'.repeat(32)}`, timeS: 1_627_772_000};
	const log = createSmallLog({
		beacon: {chainId: beacon.chainId, blockNumber: beacon.number, blockHash: beacon.hash, blockTimeS: beacon.timeS},
	});
	const receipt = formatReceipt(nodeHasher, log.receipt(reading));
	write('trust.json', formatTrust(log.trust));
	write('receipt.json', receipt);
	write('truncated.json', receipt.slice(0, -300));
	write('empty.json', '');
	// One byte of the entry: a digit of its base64 becomes another.
	const place = receipt.search(/"entry":\s*"/) + 40;
	write('flipped.json', receipt.slice(0, place) + (receipt[place] === 'B' ? 'C' : 'B') + receipt.slice(place + 1));
	const other = createSmallLog({logName: 'quay', seed: 'quay'});
	write('other.json', formatReceipt(nodeHasher, other.receipt(reading)));
	write('trust-other.json', formatTrust(other.trust));
	write('trust-broken.json', JSON.stringify({format: 'kedge trust 1', logs: [markup], registries: [], anchors: []}));
	write('unknown.json', JSON.stringify({format: markup.replaceAll('"', "'")}));
	// What a device may call itself, and send.
	const marked = createSmallLog({
		seed: 'markup',
		signed: () => ({payload: Buffer.from(markup), deviceSignature: new Uint8Array(0)}),
		beacon: {chainId: 1, blockNumber: 7, blockHash: markup, blockTimeS: 1_627_772_000},
	});
	write('markup.json', formatReceipt(nodeHasher, marked.receipt(reading)));
	write('trust-markup.json', formatTrust(marked.trust));

	const counted = createSmallLog({readings: 600, tally: true});
	write('trust-history.json', formatTrust(counted.trust));
	write('history.json', formatHistory(nodeHasher, counted.history(energyUrn)));
	write(
		'history-missing.json',
		formatHistory(
			nodeHasher,
			counted.history(energyUrn, {}, number => number !== 5),
		),
	);

	const anvil = await startAnvil();
	try {
		const site = await createAnchoringSite(anvil, 31_337);
		const anchor = await site.anchor(log.checkpoint);
		const {chainId, registry, opener} = site;
		const registries = [{chainId, registry, opener}];
		const block = {chainId, number: anchor.blockNumber, hash: anchor.blockHash, timeS: anchor.blockTime};
		const trust = {...log.trust, registries};
		write('anchored.json', formatReceipt(nodeHasher, log.receipt(reading, {anchors: [anchor], beacon: log.beacon()})));
		write('trust-chain.json', formatTrust(trust));
		write('trust-final.json', formatTrust({...trust, blocks: [block]}));

		write('trust-site.json', formatTrust({...emptyTrust, logs: [await writePackage(scope, at('site.kedge'), coversMiB)]}));
		const zip = readFileSync(at('site.kedge'));
		write('site-truncated.kedge', zip.subarray(0, Math.floor(zip.length * 0.6)));
		const changed = Buffer.from(zip);
		const body = zip.indexOf('entries/') + 200;
		changed[body] = changed[body]! ^ 1;
		write('site-flipped.kedge', changed);
		// Holes on the disk: they cost nothing, and look like what nobody should load.
		writeHole(at('huge.kedge'), zip.subarray(0, 64), 2 ** 31 + 4096);
		writeHole(at('long.kedge'), zip.subarray(0, 64), 2 ** 30);
		writeHole(at('huge.json'), Buffer.from(receipt.slice(0, 64)), 2 ** 30);
		return {at, block, beacon, folder};
	} finally {
		await anvil.stop();
	}
}

function writeHole(path: string, head: Uint8Array, length: number): void {
	const file = openSync(path, 'w');
	writeSync(file, head);
	ftruncateSync(file, length);
	closeSync(file);
}

const minuteMs = 60_000;
const coverMiB = 32;

/** Four hours of two meters of a site whose emissions are asked for; gives the log's key. */
async function writePackage(scope: Scope, out: string, coversMiB: number) {
	const site = accountUrn('site', 'plant');
	const factor = accountUrn('factor', 'grid');
	const world = await createLogWorld(scope as ExecutionContext);
	const log = await world.open();
	log.note(noteKinds.start, {note: 'start', agent: '1.2.3', synchronisation: 'synchronised'}, 0n);
	const meters = [enrolMeter(log, 'm1'), enrolMeter(log, 'm2')];
	const reader = await world.reader();
	await using following = await openFollowing({
		path: join(world.folder, 'ledgers.db'),
		reader,
		ledgers: createLedgers(),
		openDatabase,
		takeProcessLock,
	});
	const desk = createStatementDesk({log, following, mayAppend: () => true, clock: world.clock, logger: silentLogger});
	const body = factorBodyOf({value: '0.5306', mass: 'kg', per: 'kWh', source: 'a test', validFrom: '2020-01-01'});
	if ('problem' in body) throw new Error(body.problem);
	await desk.state({says: 'factor', urn: factor, body: body.value});
	const source = {scope: 2, method: 'factor', locationFactors: ['grid']};
	const sources = meters.map(({urn}, i) => ({id: `meter-${i + 1}`, ...source, channels: [{urn}]}));
	await desk.state({says: 'site', urn: site, body: {zone: 'UTC', sources}});
	for (let minute = 0; minute < 300; minute += 1) {
		const measuredAtMs = startMs + minute * minuteMs;
		if (minute % 60 === 0) await log.settled();
		for (const [i, channel] of meters.entries()) {
			const record = encodeArrival({
				topic: `meters/m${i + 1}`,
				payload: Buffer.from(`{"kwh":"${minute}"}`),
				flags: 1,
				identity: `m${i + 1}`,
				arrivedAtMs: measuredAtMs + 500,
				deviceSignature: new Uint8Array(0),
				decoder: 'json/1',
			});
			void append(log, [draftOf(channel, {value: BigInt(1_000_000 + 100 * minute), measuredAtMs})], {
				record,
				arrivedAtMs: measuredAtMs + 500,
			});
		}
	}
	await log.settled();
	world.clock.move(6 * 60 * minuteMs);
	const {note} = await log.tally();
	await log.settled();
	await following.catchUp({});
	const question: Question = {about: 'site', id: 'plant', fromMs: startMs + 60 * minuteMs, toMs: startMs + 240 * minuteMs};
	const basis = await following.basis(question);
	const packing = {
		...reader,
		released: async () => reader.head(),
		anchoredAbove: async () => ({note, anchors: [], timestamps: []}),
	};
	const covers = Array.from({length: Math.ceil(coversMiB / coverMiB)}, (_, i) => ({
		name: `cover-${i}.html`,
		bytes: new Uint8Array(coverMiB * 1024 * 1024).fill(i),
	}));
	await packFrom(packing, basis!, {question, out, madeAtMs: startMs + 7 * 60 * minuteMs, coverOf: async () => covers}, ledgersFor);
	return log.key;
}
