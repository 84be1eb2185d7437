// Evidence packages of a maker who lies: real logs and real ledgers, of which the maker shows less than there is. What the verifier must find, and what it must say is only the maker's word.
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {createLedgers, ledgersFor} from '../../agent/accounts.ts';
import {fromBase64, viewOf} from '../../agent/base/bytes.ts';
import {silentLogger} from '../../agent/base/logger.ts';
import {openDatabase, takeProcessLock} from '../../agent/base/sqlite.ts';
import {checkCovers, makeCovers} from '../../agent/covering.ts';
import {openFollowing} from '../../agent/following.ts';
import {encodeArrival} from '../../agent/format/arrival.ts';
import {correctionArrival, encodeCorrection} from '../../agent/format/correction.ts';
import {deflate} from '../../agent/format/deflate.ts';
import type {Json} from '../../agent/format/document.ts';
import {entryLength, noteKinds, outlineEntry, qualities} from '../../agent/format/entry.ts';
import type {EvidenceManifest} from '../../agent/format/evidence-package.ts';
import {packOpening} from '../../agent/format/evidence-package-files.ts';
import {accountUrn, agentUrn} from '../../agent/format/subject.ts';
import {emptyTrust, type Trust} from '../../agent/format/trust.ts';
import {factorBodyOf} from '../../agent/ledgers/emissions/factor-body.ts';
import type {Basis, Ledger, Question} from '../../agent/ledgers/ledger.ts';
import type {Channel} from '../../agent/log/channels.ts';
import {type Packed, type PackReader, type PackRequest, packFrom, verifyPackageFile} from '../../agent/packing.ts';
import {createStatementDesk} from '../../agent/stating.ts';
import {type Verdict, verdictText} from '../../agent/verify/verdict.ts';
import {type Apart, putTogether, takeApart} from '../helpers/forge-package.ts';
import {append, createLogWorld, draftOf, enrolMeter, startMs} from '../helpers/log-world.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const site = accountUrn('site', 'plant');
const factor = accountUrn('factor', 'grid');
const asked: Question = {about: 'site', id: 'plant', fromMs: startMs + 2 * hourMs, toMs: startMs + 6 * hourMs};
const ofDevice: Question = {...asked, about: 'device', id: 'm1'};

/** What a maker leaves out of what he shows, and how he answers what is asked. */
type Lie = {
	/** An entry as if it had never been. */
	readonly without?: (entry: {
		readonly index: number;
		readonly number: number;
		readonly urn: string;
		readonly kind: number;
		readonly quantity: number;
	}) => boolean;
	/** A subject as if the log did not have it. */
	readonly absent?: (urn: string) => boolean;
	/** A message as if it had been pruned. */
	readonly gone?: (index: number) => boolean;
	/** Under the newest signed head, which no tally ends. */
	readonly untallied?: boolean;
	readonly basis?: (basis: Basis) => Basis;
};

type Maker = {
	readonly pack: (
		question?: Question,
		lie?: Lie,
		changes?: Partial<PackRequest>,
	) => Promise<Packed & {readonly path: string; readonly verdict: Verdict}>;
	/** Writes a file. */
	readonly forge: (bytes: Uint8Array) => string;
	readonly verifyBytes: (bytes: Uint8Array) => Promise<Verdict>;
	readonly trust: Trust;
	readonly m1: Channel;
	readonly correctionIndex: number;
	readonly followed: (question: Question) => Promise<Json | undefined>;
};

const correctedNumber = 200;
/** Of the reading that arrived while the agent's clock stood hours behind. */
const unsynchronisedNumber = 483;

/** Eight hours of a meter by the minute, with a late reading in the middle of the period, a correction, two clock steps, two versions of a site, and a device that was given a calibration. */
async function createMaker(t: ExecutionContext): Promise<Maker> {
	const world = await createLogWorld(t);
	const log = await world.open();
	log.note(noteKinds.start, {note: 'start', agent: '1.2.3', synchronisation: 'synchronised'}, 0n);
	const [m1, m2] = [enrolMeter(log, 'm1'), enrolMeter(log, 'm2')];
	const later = enrolMeter(log, 'later');
	const reader = await world.reader();
	const following = await openFollowing({
		path: join(world.folder, 'ledgers.db'),
		reader,
		ledgers: createLedgers(),
		openDatabase,
		takeProcessLock,
	});
	t.teardown(() => following[Symbol.asyncDispose]());
	const desk = createStatementDesk({log, following, mayAppend: () => true, clock: world.clock, logger: silentLogger});
	const made = factorBodyOf({value: '0.5306', mass: 'kg', per: 'kWh', source: 'a test', validFrom: '2020-01-01'});
	if ('problem' in made) throw new Error(made.problem);
	await desk.state({says: 'factor', urn: factor, body: made.value});
	const source = {scope: 2, method: 'factor', locationFactors: ['grid']};
	const first = {id: 'one', ...source, channels: [{urn: m1.urn}]};
	const second = {id: 'two', ...source, channels: [{urn: m2.urn}]};
	await desk.state({says: 'site', urn: site, body: {zone: 'UTC', sources: [first]}});
	for (let minute = 0; minute < 480; minute += 1) {
		const atMs = startMs + minute * minuteMs;
		if (minute === 90) await desk.state({says: 'site', urn: site, body: {zone: 'UTC', sources: [first, second]}});
		if (minute === 200) {
			await log.settled();
			log.note(
				noteKinds.clockStep,
				{note: 'clock step', expectedMs: atMs, foundMs: atMs + 7_200_000, synchronisation: 'unsynchronised'},
				0n,
			);
		}
		if (minute % 60 === 0) await log.settled();
		for (const channel of [m1, m2])
			void append(log, [draftOf(channel, {value: BigInt(1_000_000 + 10 * minute), measuredAtMs: atMs})], {arrivedAtMs: atMs + 1000});
		// A message that lay in the device's memory since before the period.
		if (minute === 300) void append(log, [draftOf(m1, {value: 1_000_005n, measuredAtMs: startMs + 30_000})], {arrivedAtMs: atMs + 2000});
	}
	const wrongClock = draftOf(m1, {value: 1_000_006n, measuredAtMs: 0, quality: qualities.clockUnsynchronised | qualities.noDeviceTime});
	await append(log, [wrongClock], {arrivedAtMs: startMs + minuteMs});
	const correction = encodeArrival({
		...correctionArrival,
		payload: encodeCorrection({
			corrects: {index: 0, number: correctedNumber, leaf: '00'.repeat(32)},
			value: '1',
			unit: 'kWh',
			reason: 'a typing error',
		}),
		flags: 0,
		arrivedAtMs: startMs + 481 * minuteMs,
		deviceSignature: new Uint8Array(0),
	});
	const correctionIndex = await append(
		log,
		[draftOf(m1, {value: 1_002_000n, measuredAtMs: startMs + 198 * minuteMs, quality: qualities.correction | qualities.substituted})],
		{
			record: correction,
			arrivedAtMs: startMs + 481 * minuteMs,
		},
	);
	world.clock.move(9 * hourMs);
	const {note} = await log.tally();
	await append(log, [draftOf(later, {value: 1_100_000n, measuredAtMs: startMs + 520 * minuteMs})], {arrivedAtMs: startMs + 9 * hourMs + 1});
	await log.settled();

	const trust: Trust = {...emptyTrust, logs: [log.key]};
	let count = 0;
	const pack: Maker['pack'] = async (question = asked, lie = {}, changes = {}) => {
		count += 1;
		const out = join(world.folder, `package-${count}.zip`);
		const all = await reader.channels();
		const urnOf = new Map(all.map(({subject, urn}) => [Buffer.from(subject).toString('hex'), urn]));
		const isHidden = (entry: Uint8Array, index: number): boolean => {
			const urn = urnOf.get(Buffer.from(entry.subarray(18, 50)).toString('hex')) ?? '';
			const {kind, quantity, number} = outlineEntry(viewOf(entry), 0);
			return lie.without?.({index, number, urn, kind, quantity}) === true;
		};
		const filtered = async function* <T extends {readonly index: number; readonly entry: Uint8Array}>(found: AsyncIterable<T>) {
			for await (const one of found) if (!isHidden(one.entry, one.index)) yield one;
		};
		const lying: PackReader = {
			...reader,
			channels: async () => all.filter(({urn}) => lie.absent?.(urn) !== true),
			range: (...parameters) => filtered(reader.range(...parameters)),
			between: (...parameters) => filtered(reader.between(...parameters)),
			at: async (channel, timeMs) => {
				let best: Awaited<ReturnType<typeof reader.at>>;
				for await (const one of filtered(reader.range(channel, 0, timeMs))) best = one;
				return best;
			},
			entries: async (begin, end) => {
				const entries = (await reader.entries(begin, end)).slice();
				for (let i = 0; i < end - begin; i += 1) {
					const entry = entries.subarray(i * entryLength, (i + 1) * entryLength);
					if (end - begin > 1 && isHidden(entry, begin + i)) entry.fill(0, 18, 50);
				}
				return entries;
			},
			sources: async function* (begin, end) {
				for await (const one of reader.sources(begin, end))
					for (let index = one.begin; index < one.end; index += 1)
						yield {...one, begin: index, end: index + 1, record: lie.gone?.(index) === true ? undefined : one.record};
			},
			released: async () => reader.head(),
			anchoredAbove: async () => (lie.untallied === true ? undefined : {note, anchors: [], timestamps: []}),
		};
		let basis: Basis | undefined;
		if (question.about === 'device') {
			const [ledger] = ledgersFor(question) as [Ledger];
			for (const {urn} of all) ledger.wants(urn);
			basis = await ledger.basis(question, undefined as never);
		} else basis = await following.basis(question);
		const packed = await packFrom(lying, lie.basis?.(basis!) ?? basis!, {question, out, madeAtMs: startMs, ...changes});
		return {...packed, path: out, verdict: await verifyPackageFile(out, trust)};
	};
	const forge: Maker['forge'] = bytes => {
		count += 1;
		const path = join(world.folder, `forged-${count}.zip`);
		writeFileSync(path, bytes);
		return path;
	};
	return {
		pack,
		forge,
		verifyBytes: bytes => verifyPackageFile(forge(bytes), trust),
		trust,
		m1,
		correctionIndex,
		followed: async question => (await following.answer(question))?.answer,
	};
}

const failures = ({checks}: Verdict): string[] =>
	checks.filter(({result}) => result === 'fail').map(({name, reason}) => `${name}: ${reason}`);

/** With other bytes in a piece, and the manifest that says how long they are. */
function withPiece(
	{files, manifest}: Apart,
	name: string,
	piece: Uint8Array,
): {readonly files: Apart['files']; readonly unpacked: EvidenceManifest} {
	return {
		files: new Map([...files].map(([key, bytes]) => [key, key === name ? deflate(piece) : bytes])),
		unpacked: {...manifest, files: manifest.files.map(file => (file.name === name ? {...file, unpacked: piece.length} : file))},
	};
}

const textOf = (verdict: Verdict): string => verdictText(verdict, {withAnswer: false});
const reasonOf = ({checks}: Verdict, name: string): string => checks.find(check => check.name === name)?.reason ?? '';
const isM2 = (urn: string): boolean => urn.includes('m2');

test('who tells all is believed, and his answer is that of the accounts', async t => {
	const {pack, followed} = await createMaker(t);
	const {manifest, verdict} = await pack();
	t.deepEqual(failures(verdict), []);
	t.deepEqual(manifest.answer, JSON.parse(JSON.stringify(await followed(asked))));
	t.is(verdict.facts.package?.completeness, 'complete');
	// From its newest entry in front of the first reading on.
	t.is(manifest.clock.steps.length, 1);
	t.deepEqual(failures((await pack(ofDevice)).verdict), []);
	t.regex(
		reasonOf(verdict, 'basis'),
		/that the log says nothing of the key and the calibration of urn:kedge:device:m1, urn:kedge:device:m2 is the maker's word/,
	);
	t.notRegex(textOf(verdict), /nobody can see|absent/);
});

test('a package cannot begin with a reading that came late, behind half of the period', async t => {
	const {pack, m1} = await createMaker(t);
	// It was measured before the period, and number 303 arrived in the middle of it.
	for (const question of [asked, ofDevice]) {
		const {verdict} = await pack(question, {without: ({urn, number}) => urn === m1.urn && number < 303});
		t.regex(
			failures(verdict).join('\n'),
			/^completeness: urn:kedge:device:m1:energy-import: it begins with number 303 at index \d+, and nothing shows what came before it$/,
		);
	}
});

test('nor can it begin with a reading that came while the clock of the agent was known to be wrong', async t => {
	const {pack, m1} = await createMaker(t);
	// It came last, and is stamped as if it had come hours before the period.
	const {verdict} = await pack(asked, {without: ({urn, number}) => urn === m1.urn && number < unsynchronisedNumber});
	t.regex(
		failures(verdict).join('\n'),
		/^completeness: urn:kedge:device:m1:energy-import: it begins with number 483 at index \d+, and nothing shows/,
	);
});

test('the message of a correction must be shown: without it, what was corrected would count', async t => {
	const {pack, verifyBytes, correctionIndex} = await createMaker(t);
	for (const question of [ofDevice, asked]) {
		const {path} = await pack(question, {}, {withArrivals: false});
		const apart = takeApart(readFileSync(path));
		const {files, unpacked} = withPiece(apart, 'arrivals/0000.bin', packOpening(undefined));
		const verdict = await verifyBytes(putTogether({...apart, files, manifest: unpacked}, {keepLists: true}));
		t.regex(
			failures(verdict).join('\n'),
			/^arrival: the message of the correction at index \d+ is not shown: nothing else says which reading it stands in for$/,
		);
	}
	// Nor does an honest maker pack what its log no longer says.
	await t.throwsAsync(pack(ofDevice, {gone: index => index === correctionIndex}), {code: 'ENTRY_PRUNED'});
});

test('a channel or an account that is named and of which nothing is shown is missing, tally or not', async t => {
	const {pack} = await createMaker(t);
	const {verdict} = await pack(asked, {untallied: true, without: ({urn}) => isM2(urn)});
	t.deepEqual(failures(verdict), ['completeness: urn:kedge:device:m2:energy-import: none of its entries is shown']);
});

test('what the clock of the agent did in the period cannot be left out', async t => {
	const {pack} = await createMaker(t);
	const {verdict} = await pack(asked, {without: ({urn, quantity}) => urn === agentUrn('harbour') && quantity !== noteKinds.tally});
	t.regex(
		failures(verdict).join('\n'),
		/^completeness: urn:kedge:agent:harbour: nothing of it is shown in front of the first reading, at index \d+$/,
	);
	const between = await pack(asked, {without: ({quantity, urn}) => urn === agentUrn('harbour') && quantity === noteKinds.clockStep});
	t.regex(failures(between.verdict).join('\n'), /^completeness: urn:kedge:agent:harbour: number \d+ is missing/);
});

test('a later version of a site, and the end of a channel, are missing by the tally', async t => {
	const {pack} = await createMaker(t);
	const old = await pack(asked, {without: ({urn, number}) => urn === site && number > 2});
	t.deepEqual(failures(old.verdict), ['completeness: urn:kedge:site:plant: number 3 is missing, the last by the tally']);
	const short = await pack(asked, {without: ({urn, number}) => isM2(urn) && number > 400});
	t.deepEqual(failures(short.verdict), [
		'completeness: urn:kedge:device:m2:energy-import: numbers 401 to 481 are missing, up to the last by the tally',
	]);
});

test('where no tally ends the checkpoint the verdict says in its first lines that anything may have been left out behind', async t => {
	const {pack, verifyBytes, trust} = await createMaker(t);
	const {verdict, path} = await pack(asked, {untallied: true, without: ({urn, number}) => urn === site && number > 2});
	t.deepEqual(failures(verdict), []);
	t.is(verdict.facts.package?.completeness, 'later-unknown');
	t.regex(
		textOf(verdict),
		/^package: good, committed\n.*\nWhat its maker may have left out behind the last entries that are shown, .* nobody can see: no tally covers it\.\n/,
	);
	// Who says that it is anchored says that there is a tally.
	const apart = takeApart(readFileSync(path));
	const anchor = {
		chainId: 1,
		registry: `0x${'11'.repeat(20)}`,
		opener: `0x${'22'.repeat(20)}`,
		logId: `0x${'33'.repeat(32)}`,
		size: verdict.facts.size!,
		transactionHash: `0x${'44'.repeat(32)}`,
		blockNumber: 7,
		blockHash: `0x${'55'.repeat(32)}`,
		blockTime: 1_700_000_000,
	};
	const forged = await verifyBytes(putTogether(apart, {keepLists: true, manifest: {anchors: [anchor]}}));
	t.deepEqual(failures(forged), ['tally: the checkpoint is anchored, or is said to be, so a tally ends it: it was left out']);
	// Nor does it help not to say so to somebody who has seen the anchor.
	const {origin} = apart.manifest;
	const pin = {chainId: 1, registry: anchor.registry, origin, size: anchor.size, root: fromBase64(verdict.facts.root!)!};
	const pinned = await verifyPackageFile(path, {...trust, anchors: [pin]});
	t.deepEqual(failures(pinned), ['tally: the checkpoint is anchored, or is said to be, so a tally ends it: it was left out']);
	t.is(pinned.strength, 'none');
});

test('that the log does not have a channel or a factor is the word of the maker, and the verdict says so first', async t => {
	const {pack} = await createMaker(t);
	for (const absent of [isM2, (urn: string) => urn === factor]) {
		const {verdict} = await pack(asked, {absent});
		t.deepEqual(failures(verdict), []);
		t.regex(
			textOf(verdict),
			/^package: good.*\n.*\nPart of what the answer asks for is not here, and that the log does not have it is only the word of its maker\.\n/,
		);
		t.regex(textOf(verdict), /is here, but for what is called absent\n/);
		// And the answer counts none of it as nothing.
		const {complete, reasons} = verdict.facts.package!.answer as {readonly complete: boolean; readonly reasons: readonly string[]};
		t.false(complete);
		t.regex(reasons.join(), /hours are not known/);
	}
});

test('a channel that is neither shown nor called absent is missing from the basis', async t => {
	const {pack} = await createMaker(t);
	const {verdict} = await pack(asked, {
		basis: ({statements, channels}) => ({statements, channels: channels.filter(({urn}) => !isM2(urn))}),
	});
	t.deepEqual(failures(verdict), ['basis: the answer rests on urn:kedge:device:m2:energy-import, which the package leaves out or cuts']);
});

test('a question that was asked before the period was over says that it was not over', async t => {
	const {pack} = await createMaker(t);
	const {verdict} = await pack({...asked, toMs: startMs + 20 * hourMs});
	t.deepEqual(failures(verdict), []);
	t.regex(textOf(verdict), /The period was not over when this was counted, 2023-11-15T07:13:20\.000Z: what came later is not in it\.\n/);
});

test('a shifted period, the tally of another checkpoint, and an entry behind the checkpoint are found', async t => {
	const {pack, verifyBytes} = await createMaker(t);
	const {path, manifest} = await pack(asked, {}, {withArrivals: false});
	const apart = takeApart(readFileSync(path));
	const shifted = {...manifest.question, fromMs: manifest.question.fromMs + hourMs};
	t.regex(
		failures(await verifyBytes(putTogether(apart, {keepLists: true, manifest: {question: shifted}}))).join('\n'),
		/^answer: answer\.fromMs is \d+ in the package; counted from its entries it is \d+$/,
	);
	const tally = apart.files.get('tally.bin')!.slice();
	// The last number of the first subject.
	tally[4 + 6 + 32 + 5]! ^= 1;
	const other = new Map([...apart.files, ['tally.bin', tally] as const]);
	t.regex(
		failures(await verifyBytes(putTogether({...apart, files: other}, {keepLists: true}))).join('\n'),
		/^tally: the leaves that are shown do not lead to the tally's root\n/,
	);
	const last = apart.indexes.length - 1;
	const indexes = [...apart.indexes, apart.indexes[last]! + 1];
	const entries = Buffer.concat([apart.entries, apart.entries.subarray(last * entryLength)]);
	t.regex(
		failures(await verifyBytes(putTogether({...apart, indexes, entries}, {keepLists: true}))).join('\n'),
		/^entry: index (\d+) is beyond the checkpoint of size \1$/,
	);
});

test('lists that were emptied are not those of the entries', async t => {
	const {pack, verifyBytes} = await createMaker(t);
	const {path, manifest} = await pack(asked, {}, {withArrivals: false});
	const apart = takeApart(readFileSync(path));
	const clock = {...manifest.clock, steps: []};
	t.regex(
		failures(await verifyBytes(putTogether(apart, {keepLists: true, manifest: {clock}}))).join('\n'),
		/^manifest: manifest\.clock\.steps\[0\] is not there; by the entries it is /,
	);
	const accounts = manifest.accounts.map(account => ({...account, statements: account.statements.slice(0, 1)}));
	t.regex(
		failures(await verifyBytes(putTogether(apart, {keepLists: true, manifest: {accounts}}))).join('\n'),
		/^manifest: manifest\.accounts\[1\]\.statements\[1\] is not there/,
	);
});

test('a cover that says something else, or that nobody makes, is found', async t => {
	const {pack, forge} = await createMaker(t);
	const {path} = await pack(asked, {}, {withArrivals: false, coverOf: async manifest => (await makeCovers(manifest, ['en'])).files});
	t.false((await checkCovers(path)).isFalse);
	const apart = takeApart(readFileSync(path));
	const html = Buffer.from(apart.files.get('cover-en.html')!).toString();
	const lower = new Map([...apart.files, ['cover-en.html', Buffer.from(html.replace('plant', 'plane'))] as const]);
	const changed = await checkCovers(forge(putTogether({...apart, files: lower}, {keepLists: true})));
	t.true(changed.isFalse);
	t.regex(changed.covers[0]?.reason ?? '', /not what this program makes of the manifest: do not read it/);
	const more = new Map([...apart.files, ['cover-fr.html', Buffer.from('rien')] as const]);
	const added = await checkCovers(forge(putTogether({...apart, files: more}, {keepLists: true})));
	t.true(added.isFalse);
	t.regex(added.covers.find(({name}) => name === 'cover-fr.html')?.reason ?? '', /this program makes no such cover/);
});
