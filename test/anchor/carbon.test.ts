// A site's log on a disk, its anchors and reports on a chain: the honest report stands against everything, and a false one falls to whoever holds what it leaves out.
import test, {type ExecutionContext} from 'ava';
import {type Carbon, type CarbonPeriod, deployCarbon, openCarbon, siteIdOf} from '../../agent/anchor/carbon.ts';
import {
	answerTo,
	type CarbonReport,
	type Challenge,
	challengeWithReceipt,
	challengeWithTally,
	demandNumber,
	type LoggedEntry,
	loggedEntry,
	loggedEntryOf,
	type ReportCall,
	reportHash,
} from '../../agent/anchor/carbon-challenge.ts';
import {type Chain, encodeAnchor, openChain} from '../../agent/anchor/chain.ts';
import {deployRegistry, openLogAt, transact} from '../../agent/anchor/deploy.ts';
import {type Signer, signerFromKey} from '../../agent/anchor/keystore.ts';
import {toHex, toPrefixedHex, utf8} from '../../agent/base/bytes.ts';
import {keccak256} from '../../agent/base/hash.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {
	type CoveredEntries,
	createReportPath,
	createReportTree,
	reportEntries,
	reportPath,
	reportPlan,
	reportPosition,
} from '../../agent/format/carbon-report.ts';
import {formatOrigin} from '../../agent/format/checkpoint.ts';
import {entryLeafHash, kinds, statementKinds} from '../../agent/format/entry.ts';
import type {AnchorRecord} from '../../agent/format/evidence.ts';
import {parseReceipt, type Receipt} from '../../agent/format/receipt.ts';
import {encodeStatement} from '../../agent/format/statement.ts';
import {accountUrn} from '../../agent/format/subject.ts';
import {tallyLeafHash} from '../../agent/format/tally.ts';
import type {Channel} from '../../agent/log/channels.ts';
import type {Log} from '../../agent/log/log.ts';
import type {LogReader} from '../../agent/log/reader.ts';
import {createIssuer} from '../../agent/receipt/issue.ts';
import {type Anvil, anvilChainId, richKey, startAnvil} from '../helpers/anvil.ts';
import {append, createLogWorld, draftOf, enrolMeter, type LogWorld, startMs} from '../helpers/log-world.ts';
import {hastyClock} from './world.ts';

let anvil: Anvil;
let chain: Chain;
let registry: string;
let deployed: {readonly allowances: string; readonly reports: string};

const keyOf = (name: string): Signer => signerFromKey(`0x${toHex(keccak256(utf8(name)))}`);
const rich = signerFromKey(richKey);
const [regulator, holder, buyer] = ['regulator', 'holder', 'buyer'].map(keyOf) as [Signer, Signer, Signer];
const needsOf = (signer: Signer) => ({chain, clock: hastyClock, signer});
const speak = (signer: Signer): Promise<Carbon> => openCarbon(needsOf(signer), deployed.reports);
const stakeWei = 10n ** 17n;
const demandStakeWei = 10n ** 15n;
const noReason = `0x${'0'.repeat(64)}`;

test.before(async () => {
	// The chain is a little behind the logs' clock, and is moved on with them.
	anvil = await startAnvil(['--timestamp', String(startMs / 1000 - 1000)]);
	chain = openChain({url: anvil.url, chainId: anvilChainId});
	for (const {address} of [regulator, holder, buyer]) await anvil.rpc('anvil_setBalance', address, '0xde0b6b3a7640000');
	({registry} = await deployRegistry(needsOf(rich), {challengeTimeS: 0}));
	deployed = await deployCarbon(needsOf(rich), {registry, regulator: regulator.address, demandStakeWei});
});

test.after.always(async () => {
	await chain?.[Symbol.asyncDispose]();
	await anvil?.stop();
});

/** A head that is on the chain. */
type Anchored = {readonly note: string; readonly root: Uint8Array; readonly anchor: AnchorRecord};

type Kiln = Pick<LogWorld, 'clock'> & {
	readonly log: Log;
	readonly reader: LogReader;
	readonly gas: Channel;
	readonly power: Channel;
	readonly site: Channel;
	readonly siteId: string;
	readonly logId: string;
	readonly operator: Signer;
	readonly carbon: Carbon;
	readonly period: number;
	readonly dates: CarbonPeriod;
	readonly times: {readonly fromMs: number; readonly toMs: number; readonly coverFromMs: number};
	/** Of the middle of the period, and of what the report covers. */
	readonly early: Anchored;
	readonly covered: Anchored;
	readonly indexOf: (channel: Channel, number: number) => Promise<number>;
	readonly anchor: () => Promise<Anchored>;
	readonly receipt: (index: number, withArrival?: boolean) => Promise<Receipt>;
	readonly entries: CoveredEntries;
	/** The honest report, or one that is changed. */
	readonly reportOf: (totalMg: bigint, changes?: Partial<CarbonReport>) => Promise<CarbonReport>;
	/** States the total in the log, anchors that, and posts. What was posted names the head. */
	readonly post: (report: CarbonReport) => Promise<CarbonReport>;
	readonly under: (index: number) => Promise<LoggedEntry>;
};

const minuteMs = 60_000;
const cadenceMs = 10 * minuteMs;
/** Numbers: 1 enrols the channel, 2 … 7 lie before the period, 8 … 13 in it, the others behind. */
const readings = 20;
const total = 730_000_000n;

const headTimeS = (): Promise<number> => chain.headTimeS();
const moveChain = async (toS: number): Promise<void> => {
	if ((await headTimeS()) >= toS) return;
	await anvil.rpc('evm_setNextBlockTimestamp', toS);
	await anvil.mine(1);
};

/** Subjects of the plan that the log says nothing of. */
const strangers = (count: number): Uint8Array[] => Array.from({length: count}, (_, i) => keccak256(utf8(`stranger ${i}`)));

/** A kiln of its own with two hours of gas every ten minutes, of which the middle one is the period, and what it has on the chain. */
async function createKiln(t: ExecutionContext, more: readonly Uint8Array[] = []): Promise<Kiln> {
	const world = await createLogWorld(t);
	const {clock} = world;
	const beginS = Math.ceil(((await headTimeS()) + 100) / 600) * 600;
	clock.move(beginS * 1000 - clock.nowMs());
	const log = await world.open();
	const [gas, power] = [enrolMeter(log, 'gas'), enrolMeter(log, 'power')];
	const urn = accountUrn('site', 'kiln');
	const site = log.enrol({urn, quantity: 0, quantityName: undefined, exponent: 0});
	await log.settled();
	const reader = await world.reader();

	const name = `${t.title} ${more.length}`;
	const operator = keyOf(name);
	await anvil.rpc('anvil_setBalance', operator.address, '0xde0b6b3a7640000');
	const origin = formatOrigin('harbour', 1);
	const {logId} = await openLogAt(needsOf(operator), {registry, origin});
	const anchoredHeads: Anchored[] = [];
	const anchor = async (): Promise<Anchored> => {
		await moveChain(Math.ceil(clock.nowMs() / 1000));
		const checkpoint = await log.tally();
		const {size, root} = checkpoint;
		const before = anchoredHeads.at(-1)?.anchor.size ?? 0;
		const proof = before === 0 ? [] : (await reader.consistency(before, size)).map(toPrefixedHex);
		const isDone = async (): Promise<boolean> => (await chain.latest(registry, logId)).size === size;
		await transact(
			needsOf(operator),
			{to: registry, data: encodeAnchor(logId, size, toPrefixedHex(root), proof), value: 0n},
			isDone,
			'anchoring',
		);
		const {time} = await chain.latest(registry, logId);
		const mined = (await chain.findAnchor({registry, logId, size, root: toPrefixedHex(root), time}))!;
		const {transactionHash, blockNumber, blockHash} = mined;
		const record = {
			chainId: anvilChainId,
			registry,
			opener: operator.address,
			logId,
			size,
			transactionHash,
			blockNumber,
			blockHash,
			blockTime: time,
		};
		const head = {note: checkpoint.note, root, anchor: record};
		anchoredHeads.push(head);
		return head;
	};

	const siteId = siteIdOf(`${urn} ${name}`);
	const [asRegulator, carbon] = await Promise.all([speak(regulator), speak(operator)]);
	const dates: CarbonPeriod = {
		from: beginS + 3600,
		to: beginS + 7200,
		coverFrom: beginS + 10_800,
		reportDeadline: beginS + 40_000,
		surrenderDeadline: beginS + 40_000 + 86_400 + 7200,
		challengeWindow: 86_400,
		answerWindow: 7200,
		stakeWei,
	};
	await asRegulator.registerSite(siteId, operator.address);
	const period = await asRegulator.openPeriod(dates);
	const subjects = reportPlan([gas.subject, power.subject, site.subject, ...more]);
	await carbon.registerPlan(siteId, period, {logId, statements: toPrefixedHex(site.subject), subjects: subjects.map(toPrefixedHex)});
	await carbon.fundBond(siteId, 3n * stakeWei);

	let early: Anchored | undefined;
	for (let i = 0; i < readings; i += 1) {
		const atMs = clock.nowMs();
		const record = utf8(`reading ${i}`);
		await append(log, [draftOf(gas, {value: BigInt(i), measuredAtMs: atMs})], {record, arrivedAtMs: atMs + 50});
		if (i % 5 === 2) await append(log, [draftOf(power, {value: BigInt(i), measuredAtMs: atMs})], {record, arrivedAtMs: atMs + 60});
		if (i === 9) early = await anchor();
		clock.move(cadenceMs);
	}
	const covered = await anchor();

	const channels = [gas, power, site];
	const entries: CoveredEntries = async function* (subject) {
		const channel = channels.find(one => toHex(one.subject) === toHex(subject));
		if (channel === undefined) return;
		for await (const {entry} of reader.between(channel, 0, covered.anchor.size)) yield entry;
	};
	const times = {fromMs: dates.from * 1000, toMs: dates.to * 1000, coverFromMs: dates.coverFrom * 1000};
	const issuer = createIssuer<Channel>({
		hasher: nodeHasher,
		head: reader.head,
		entry: reader.entry,
		source: reader.source,
		inclusion: reader.inclusion,
		multiproof: reader.multiproof,
		range: reader.range,
		between: reader.between,
		at: reader.at,
		tallyAt: reader.tallyAt,
		deviceOf: async () => undefined,
		channelOf: async subject => (await reader.channels()).find(channel => toHex(channel.subject) === toHex(subject)),
		anchoredAbove: async index => {
			const found = anchoredHeads.find(({anchor: {size}}) => size > index);
			return found && {note: found.note, anchors: [found.anchor], timestamps: []};
		},
	});
	const receipt = async (index: number, withArrival = false): Promise<Receipt> => {
		const parsed = parseReceipt(nodeHasher, utf8(await issuer.receipt(index, {withArrival})));
		if (!('value' in parsed)) throw new Error('a receipt that was issued must parse');
		return parsed.value;
	};
	const reportOf: Kiln['reportOf'] = async (totalMg, changes = {}) => {
		const {ranges, entriesRoot} = await reportEntries(nodeHasher, {subjects, period: times, entries});
		const {attempts} = await carbon.reportStanding(siteId, period);
		return {
			siteId,
			period,
			attempt: attempts + 1,
			logId,
			size: covered.anchor.size,
			headSize: 0,
			root: noReason,
			totalMg,
			entriesRoot: toPrefixedHex(entriesRoot),
			subjects: subjects.map(toPrefixedHex),
			ranges,
			...changes,
		};
	};
	const post = async (draft: CarbonReport): Promise<CarbonReport> => {
		const body = encodeStatement({
			fromMs: times.fromMs,
			toMs: times.toMs,
			totalMg: String(draft.totalMg),
			entriesRoot: draft.entriesRoot,
		});
		const drafts = [
			draftOf(site, {kind: kinds.statement, quantity: statementKinds.report, value: draft.totalMg, measuredAtMs: times.toMs}),
		];
		const index = await new Promise<number>((resolve, reject) => {
			log.appendBody({body, arrivedAtMs: clock.nowMs(), drafts}, (failure, first) =>
				failure === undefined ? resolve(first) : reject(failure),
			);
		});
		clock.move(minuteMs);
		const head = await anchor();
		const statement = loggedEntry(head.anchor, {
			root: head.root,
			index,
			entry: await reader.entry(index),
			path: await reader.inclusion(index, head.anchor.size),
		});
		const report = {...draft, headSize: head.anchor.size, root: toPrefixedHex(head.root)};
		await carbon.postReport(report, statement);
		return report;
	};
	const under = async (index: number): Promise<LoggedEntry> =>
		loggedEntry(covered.anchor, {
			root: covered.root,
			index,
			entry: await reader.entry(index),
			path: await reader.inclusion(index, covered.anchor.size),
		});
	const indexOf: Kiln['indexOf'] = async (channel, number) => (await reader.indexOfNumber(channel, number))!;
	return {
		...{clock, log, reader, gas, power, site, siteId, logId, operator, carbon, period, dates, times},
		...{early: early!, covered, indexOf, anchor, receipt, entries, reportOf, post, under},
	};
}

function callIn(t: ExecutionContext, challenge: Challenge, name: string): ReportCall {
	t.is(challenge.call?.name, name, challenge.why);
	return challenge.call!;
}

const placeOf = ({subjects}: CarbonReport, channel: Channel): number => subjects.indexOf(toPrefixedHex(channel.subject));

/** The leaf hashes of a report, in its order. */
async function leavesOf(kiln: Kiln, report: CarbonReport): Promise<Uint8Array[]> {
	const leaves: Uint8Array[] = [];
	const channels = [kiln.gas, kiln.power, kiln.site];
	for (const [i, {first, last}] of report.ranges.entries()) {
		const channel = channels.find(one => toPrefixedHex(one.subject) === report.subjects[i])!;
		for (let number = first; number <= last; number += 1)
			leaves.push(entryLeafHash(nodeHasher, await kiln.reader.entry(await kiln.indexOf(channel, number))));
	}
	return leaves;
}

function rootOf(leaves: readonly Uint8Array[]): string {
	const tree = createReportTree(nodeHasher);
	for (const leaf of leaves) tree.append(leaf, 0);
	return toPrefixedHex(tree.root());
}

function pathIn(leaves: readonly Uint8Array[], position: number): Uint8Array[] {
	const collected = createReportPath(nodeHasher, position, leaves.length);
	for (const leaf of leaves) collected.append(leaf, 0);
	return collected.path();
}

async function isConvicted(t: ExecutionContext, kiln: Kiln, report: CarbonReport): Promise<void> {
	const standing = await kiln.carbon.reportStanding(kiln.siteId, kiln.period);
	t.is(standing.status, 'void');
	t.is(standing.reportHash, reportHash(report));
	t.is(standing.stakeWei, 0n);
	t.is(await kiln.carbon.totalMg(kiln.siteId, kiln.period), undefined);
}

/** Takes a range's last numbers away. */
const shortened = (report: CarbonReport, channel: number, by: number): CarbonReport['ranges'] =>
	report.ranges.map((range, i) => (i === channel ? {...range, last: range.last - by} : range));

test.serial('an honest report stands against every receipt and tally, is surrendered against, and its surplus is sold', async t => {
	const kiln = await createKiln(t);
	const {carbon, period, siteId, dates} = kiln;
	const report = await kiln.post(await kiln.reportOf(total));
	t.deepEqual(report.ranges[placeOf(report, kiln.gas)], {first: 7, last: 14});
	const {posted} = await carbon.news(0, await chain.headNumber());
	t.deepEqual(posted.at(-1)?.report, report);

	// Everybody shows everything; nobody has a call, and the contract refuses those that are made all the same.
	const leaves = await leavesOf(kiln, report);
	for (const channel of [kiln.gas, kiln.power, kiln.site])
		for (let number = 1; number <= channel.lastNumber; number += 1) {
			const receipt = await kiln.receipt(await kiln.indexOf(channel, number));
			const place = placeOf(report, channel);
			const position = reportPosition(report.ranges, place, number);
			const leaf = position === undefined ? undefined : {hash: leaves[position]!, path: pathIn(leaves, position)};
			const known = leaf === undefined ? {} : {leaf};
			const challenge = challengeWithReceipt(nodeHasher, {report, period: kiln.times, ...known}, receipt);
			t.is(challenge.call, undefined, challenge.why);
		}
	const asHolder = await speak(holder);
	const inside = await kiln.receipt(await kiln.indexOf(kiln.gas, 9));
	const bold = {...report, ranges: shortened(report, placeOf(report, kiln.gas), 6)};
	const madeUp = callIn(t, challengeWithReceipt(nodeHasher, {report: bold, period: kiln.times}, inside), 'challengeOutside');
	await t.throwsAsync(asHolder.challenge(report, madeUp), {code: 'CHAIN_REFUSED', message: /NotTheReport/});

	// A demand is answered from the log, and its stake is the site's.
	const bondWei = await carbon.bondWei(siteId);
	const demand = callIn(t, challengeWithReceipt(nodeHasher, {report, period: kiln.times}, inside), 'demandEntry');
	await asHolder.challenge(report, demand);
	const number = demandNumber(report, placeOf(report, kiln.power), report.ranges[placeOf(report, kiln.power)]!.last);
	await asHolder.challenge(report, number);
	const {demands} = await carbon.news(0, await chain.headNumber());
	t.deepEqual(
		demands.slice(-2).map(({id, kind}) => [id, kind]),
		[
			[demand.demandId, 'entry'],
			[number.demandId, 'number'],
		],
	);
	for (const asked of demands.slice(-2)) {
		const subjects = report.subjects.map(hex => Buffer.from(hex.slice(2), 'hex'));
		const path = (await reportPath(nodeHasher, {subjects, ranges: report.ranges, entries: kiln.entries}, asked))!;
		const channel = asked.kind === 'entry' ? kiln.gas : kiln.power;
		const entry = await kiln.under(await kiln.indexOf(channel, asked.number));
		await carbon.answer(asked, answerTo(report, asked, {entry, path}));
	}
	t.is(await carbon.bondWei(siteId), bondWei + 2n * demandStakeWei);

	t.is((await carbon.reportStanding(siteId, period)).status, 'posted');
	t.is(await carbon.totalMg(siteId, period), undefined);
	const asRegulator = await speak(regulator);
	await asRegulator.issue(siteId, period, total + 270_000_000n);
	await moveChain((await carbon.reportStanding(siteId, period)).windowEndsAt);
	t.is(await carbon.totalMg(siteId, period), total);
	await carbon.surrender(siteId, period, total - 1n);
	t.is(await carbon.balanceMg(kiln.operator.address, period), 0n);
	await carbon.surrender(siteId, period, 1n);
	await carbon.transfer(buyer.address, period, 200_000_000n);
	await (await speak(buyer)).retire(period, 150_000_000n, noReason);
	await carbon.returnStake(siteId, period);
	t.is(await carbon.bondWei(siteId), 3n * stakeWei + 2n * demandStakeWei);
	t.like(await carbon.standing(siteId, period), {held: 0n, surrendered: total, isReleased: true});
	t.is(await carbon.balanceMg(kiln.operator.address, period), 70_000_000n);
	t.is(await carbon.balanceMg(buyer.address, period), 50_000_000n);
	t.deepEqual(await carbon.supply(period), {issued: total + 270_000_000n, held: 0n, surrendered: total, retired: 150_000_000n});
	t.deepEqual(await carbon.period(period), dates);
});

test.serial(
	'a report that stops before the last reading is convicted by whoever has a receipt of that reading, and needs nothing else',
	async t => {
		const kiln = await createKiln(t);
		const honest = await kiln.reportOf(total);
		const gas = placeOf(honest, kiln.gas);
		// Number 10 of gas is the last that was anchored in the middle of the period; the report ends with 9.
		const held = await kiln.receipt(await kiln.indexOf(kiln.gas, 10));
		t.is(held.anchors[0]?.size, kiln.early.anchor.size);
		const ranges = shortened(honest, gas, 5);
		t.is(ranges[gas]!.last, 9);
		const report = await kiln.post({...honest, ranges, entriesRoot: rootOf(await leavesOf(kiln, {...honest, ranges}))});
		const asHolder = await speak(holder);
		const before = await asHolder.creditWei(holder.address);
		const call = callIn(t, challengeWithReceipt(nodeHasher, {report, period: kiln.times}, held), 'challengeOutside');
		// As a stranger learns of the report: from the chain.
		const {posted} = await asHolder.news(0, await chain.headNumber());
		t.deepEqual(posted.at(-1)?.report, report);
		await asHolder.challenge(posted.at(-1)!.report, call);
		await isConvicted(t, kiln, report);
		t.is(await asHolder.creditWei(holder.address), before + stakeWei / 2n);
		await asHolder.withdrawCredit();
		t.is(await asHolder.creditWei(holder.address), 0n);
		// The second attempt is honest, and stands.
		await kiln.post(await kiln.reportOf(total));
		await moveChain((await kiln.carbon.reportStanding(kiln.siteId, kiln.period)).windowEndsAt);
		t.is(await kiln.carbon.totalMg(kiln.siteId, kiln.period), total);
	},
);

test.serial('a reading left out in the middle is demanded by its holder, and there is no answer', async t => {
	const kiln = await createKiln(t);
	const honest = await kiln.reportOf(total);
	const gas = placeOf(honest, kiln.gas);
	const held = await kiln.receipt(await kiln.indexOf(kiln.gas, 10));
	// Everything behind it moves up by one place.
	const leaves = await leavesOf(kiln, honest);
	leaves.splice(reportPosition(honest.ranges, gas, 10)!, 1);
	const report = await kiln.post({...honest, ranges: shortened(honest, gas, 1), entriesRoot: rootOf(leaves)});
	const asHolder = await speak(holder);
	const call = callIn(t, challengeWithReceipt(nodeHasher, {report, period: kiln.times}, held), 'demandEntry');
	const before = await asHolder.creditWei(holder.address);
	await asHolder.challenge(report, call);
	// The site shows what it has there, and other paths.
	const [asked] = (await kiln.carbon.news(0, await chain.headNumber())).demands.slice(-1);
	const entry = await kiln.under(await kiln.indexOf(kiln.gas, 10));
	for (const place of [reportPosition(report.ranges, gas, 10)!, 0]) {
		const answer = answerTo(report, asked!, {entry, path: pathIn(leaves, place)});
		await t.throwsAsync(kiln.carbon.answer(asked!, answer), {code: 'CHAIN_REFUSED', message: /NotInReport/});
	}
	await t.throwsAsync(asHolder.closeDemand(report, asked!.id), {code: 'CHAIN_REFUSED', message: /AnswerPending/});
	await moveChain(asked!.answerBefore);
	await asHolder.closeDemand(report, asked!.id);
	await isConvicted(t, kiln, report);
	t.is(await asHolder.creditWei(holder.address), before + stakeWei / 2n + demandStakeWei);
});

test.serial('a tampered leaf is convicted at once by whoever knows it and has the receipt', async t => {
	const kiln = await createKiln(t);
	const honest = await kiln.reportOf(total);
	const gas = placeOf(honest, kiln.gas);
	const held = await kiln.receipt(await kiln.indexOf(kiln.gas, 10));
	const leaves = await leavesOf(kiln, honest);
	const position = reportPosition(honest.ranges, gas, 10)!;
	const tampered = held.entry.slice();
	tampered[63] = tampered[63]! ^ 1;
	leaves[position] = entryLeafHash(nodeHasher, tampered);
	const report = await kiln.post({...honest, entriesRoot: rootOf(leaves)});
	const leaf = {hash: leaves[position]!, path: pathIn(leaves, position)};
	const call = callIn(t, challengeWithReceipt(nodeHasher, {report, period: kiln.times, leaf}, held), 'challengeLeaf');
	const asHolder = await speak(holder);
	// The tampered entry itself is in no log.
	const forged = {...held, entry: tampered};
	const forging = callIn(t, challengeWithReceipt(nodeHasher, {report, period: kiln.times}, forged), 'demandEntry');
	await t.throwsAsync(asHolder.challenge(report, forging), {code: 'CHAIN_REFUSED', message: /NotInLog/});
	await asHolder.challenge(report, call);
	await isConvicted(t, kiln, report);
});

test.serial('a channel that is said to be empty, and one that ends too early, are convicted by a tally', async t => {
	const kiln = await createKiln(t);
	const honest = await kiln.reportOf(total);
	const asHolder = await speak(holder);
	const shown = async (channel: Channel) => {
		const index = kiln.covered.anchor.size - 1;
		const receipt = await kiln.receipt(index, true);
		const all = await kiln.reader.tallyAt(index);
		const place = all.findIndex(({subject}) => toHex(subject) === toHex(channel.subject));
		const collected = createReportPath(nodeHasher, place, all.length);
		for (const leaf of all) collected.append(tallyLeafHash(nodeHasher, leaf), 0);
		return {receipt, source: receipt.arrival!, leaf: all[place]!, place, path: collected.path()};
	};
	t.is(challengeWithTally({report: honest, period: kiln.times}, await shown(kiln.gas)).call?.name, 'demandEnd');
	const closing = await kiln.receipt(await kiln.indexOf(kiln.gas, 14));
	t.is(challengeWithTally({report: honest, period: kiln.times}, await shown(kiln.gas), closing).call, undefined);

	const power = placeOf(honest, kiln.power);
	const emptied = honest.ranges.map((range, i) => (i === power ? {first: 1, last: 0} : range));
	const first = await kiln.post({...honest, ranges: emptied, entriesRoot: rootOf(await leavesOf(kiln, {...honest, ranges: emptied}))});
	await asHolder.challenge(
		first,
		callIn(t, challengeWithTally({report: first, period: kiln.times}, await shown(kiln.power)), 'challengeEnd'),
	);
	await isConvicted(t, kiln, first);

	const ranges = shortened(honest, placeOf(honest, kiln.gas), 1);
	const second = await kiln.post({...honest, attempt: 2, ranges, entriesRoot: rootOf(await leavesOf(kiln, {...honest, ranges}))});
	const edge = await kiln.receipt(await kiln.indexOf(kiln.gas, 13));
	await asHolder.challenge(
		second,
		callIn(t, challengeWithTally({report: second, period: kiln.times}, await shown(kiln.gas), edge), 'challengeEnd'),
	);
	await isConvicted(t, kiln, second);
	// Nobody may report a third time: the regulator determines.
	await t.throwsAsync(kiln.post({...honest, attempt: 3}), {code: 'CHAIN_REFUSED', message: /CannotReport/});
	await moveChain(kiln.dates.reportDeadline);
	await (await speak(regulator)).determine(kiln.siteId, kiln.period, total * 2n, noReason);
	t.is(await kiln.carbon.totalMg(kiln.siteId, kiln.period), total * 2n);
});

test.serial('a receipt without an anchor of the log, and one of another subject, are no evidence', async t => {
	const kiln = await createKiln(t);
	const report = await kiln.reportOf(total);
	const held = await kiln.receipt(await kiln.indexOf(kiln.gas, 10));
	const against = {report, period: kiln.times};
	t.regex(challengeWithReceipt(nodeHasher, against, {...held, anchors: []}).why, /^the receipt has no anchor of the log/);
	const elsewhere = {report: {...report, logId: noReason}, period: kiln.times};
	t.regex(challengeWithReceipt(nodeHasher, elsewhere, held).why, /^the receipt has no anchor of the log/);
	t.is(loggedEntryOf({...held, proof: 'no proof'}, report.logId), undefined);
	const tally = await kiln.receipt(kiln.covered.anchor.size - 1);
	t.regex(challengeWithReceipt(nodeHasher, against, tally).why, /not in the plan$/);
	t.regex(
		challengeWithReceipt(nodeHasher, {report: {...report, size: 5}, period: kiln.times}, held).why,
		/arrived in time, and the report does not cover it$/,
	);
	// Contracts that were not made for each other are found out.
	const {reports} = await deployCarbon(needsOf(rich), {registry, regulator: regulator.address, demandStakeWei: 1n});
	await t.throwsAsync(openCarbon(needsOf(holder), registry), {code: 'CHAIN_MISMATCH'});
	t.is((await openCarbon(needsOf(holder), reports)).demandStakeWei, 1n);
});

test.serial('gas of whole transactions', async t => {
	const gas: Record<string, number> = {};
	const measured = async (what: string, work: () => Promise<unknown>): Promise<void> => {
		await work();
		const {gasUsed} = await anvil.rpc<{gasUsed: string}>('eth_getBlockByNumber', 'latest', false);
		gas[what] = Number(gasUsed);
	};
	const [asRegulator, asHolder] = await Promise.all([speak(regulator), speak(holder)]);
	await measured('deploy the reports', () => deployCarbon(needsOf(rich), {registry, regulator: regulator.address, demandStakeWei}));
	const {gasUsed} = await anvil.rpc<{gasUsed: string}>('eth_getBlockByNumber', toHexNumber((await chain.headNumber()) - 1), false);
	gas['deploy the allowances'] = Number(gasUsed);

	for (const plan of [3, 64]) {
		const kiln = await createKiln(t, strangers(plan - 3));
		const {carbon, siteId, period} = kiln;
		const honest = await kiln.reportOf(total);
		t.is(honest.subjects.length, plan);
		const place = placeOf(honest, kiln.gas);
		const held = await kiln.receipt(await kiln.indexOf(kiln.gas, 10));
		const ranges = shortened(honest, place, 5);
		const draft = {...honest, ranges, entriesRoot: rootOf(await leavesOf(kiln, {...honest, ranges}))};
		const of = `, a plan of ${plan}`;
		let short = draft;
		await measured(`post a report${of}`, async () => {
			short = await kiln.post(draft);
		});
		const outside = callIn(t, challengeWithReceipt(nodeHasher, {report: short, period: kiln.times}, held), 'challengeOutside');
		await measured(`challenge an entry left out${of}`, () => asHolder.challenge(short, outside));
		const second = await kiln.post({...honest, attempt: 2});
		const demand = callIn(t, challengeWithReceipt(nodeHasher, {report: second, period: kiln.times}, held), 'demandEntry');
		await measured(`demand an entry${of}`, () => asHolder.challenge(second, demand));
		const [asked] = (await carbon.news(0, await chain.headNumber())).demands.slice(-1);
		const path = pathIn(await leavesOf(kiln, second), reportPosition(second.ranges, place, 10)!);
		const entry = await kiln.under(await kiln.indexOf(kiln.gas, 10));
		await measured(`answer it${of}`, () => carbon.answer(asked!, answerTo(second, asked!, {entry, path})));
		if (plan > 3) continue;
		await measured('issue', () => asRegulator.issue(siteId, period, 2n * total));
		await measured('keep a head', () => asHolder.keepHead(kiln.logId, loggedEntryOf(held, kiln.logId)!));
		await moveChain((await carbon.reportStanding(siteId, period)).windowEndsAt);
		await measured('surrender all, in one', () => carbon.surrender(siteId, period, total));
		await measured('return the stake', () => carbon.returnStake(siteId, period));
		await measured('transfer', () => carbon.transfer(buyer.address, period, 1000n));
		await measured('retire', () => carbon.retire(period, 1000n, noReason));
	}
	t.log(gas);
	t.true(gas['post a report, a plan of 3']! < 400_000);
	t.true(gas['challenge an entry left out, a plan of 3']! < 200_000);
});

function toHexNumber(value: number): string {
	return `0x${value.toString(16)}`;
}
