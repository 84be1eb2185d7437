// Evidence packages from a real log on a disk: made, taken to a verifier that has nothing but the file and the log's key, and forged.
import {existsSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {unzipSync} from 'fflate';
import {createLedgers} from '../../agent/accounts.ts';
import {verifyEd25519} from '../../agent/base/ed25519.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {silentLogger} from '../../agent/base/logger.ts';
import {openDatabase, takeProcessLock} from '../../agent/base/sqlite.ts';
import {openFollowing} from '../../agent/following.ts';
import {encodeArrival} from '../../agent/format/arrival.ts';
import {parseCheckpoint} from '../../agent/format/checkpoint.ts';
import {correctionArrival, encodeCorrection} from '../../agent/format/correction.ts';
import {deflate} from '../../agent/format/deflate.ts';
import type {Json} from '../../agent/format/document.ts';
import {entryLength, noteKinds, qualities} from '../../agent/format/entry.ts';
import {accountUrn, channelUrn} from '../../agent/format/subject.ts';
import {emptyTrust, type Trust} from '../../agent/format/trust.ts';
import {createDeviceLedger} from '../../agent/ledgers/device/device.ts';
import {factorBodyOf} from '../../agent/ledgers/emissions/factor-body.ts';
import type {Ledger, Question} from '../../agent/ledgers/ledger.ts';
import {createRecount} from '../../agent/ledgers/recount.ts';
import type {Channel} from '../../agent/log/channels.ts';
import type {Log} from '../../agent/log/log.ts';
import type {LogReader} from '../../agent/log/reader.ts';
import {type Packed, type PackReader, type PackRequest, packFrom, verifyPackageFile} from '../../agent/packing.ts';
import type {AnchoredCheckpoint} from '../../agent/receipt/issue.ts';
import {createStatementDesk} from '../../agent/stating.ts';
import {type Verdict, verdictText} from '../../agent/verify/verdict.ts';
import {createVerifier} from '../../agent/verify/verifier.ts';
import {changeBody, membersOf, putTogether, takeApart, zipOf} from '../helpers/forge-package.ts';
import {append, createLogWorld, draftOf, enrolMeter, type LogWorld, refuse, startMs} from '../helpers/log-world.ts';
import {createToyLedger} from '../helpers/toy-ledger.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const site = accountUrn('site', 'plant');
const factor = accountUrn('factor', 'grid');
const devices = ['a', 'b', 'c'] as const;
const question: Question = {about: 'site', id: 'plant', fromMs: startMs + hourMs, toMs: startMs + 3 * hourMs};

/** The toy with a basis: the channels that the newest statement of the site names, and a factor. */
function createPlantLedger(): Ledger {
	const toy = createToyLedger();
	return {
		...toy,
		name: 'plant',
		basis: async ({about, id, fromMs, toMs}) =>
			about !== 'site' || id !== 'plant'
				? undefined
				: {
						statements: [site, factor],
						channels: [...devices, 'absent'].map(device => ({urn: channelUrn(device, 'energy-import'), fromMs, toMs: toMs - 1})),
					},
	};
}

const ledgersFor = ({about}: Pick<Question, 'about'>): Ledger[] => (about === 'device' ? [createDeviceLedger()] : [createPlantLedger()]);

type World = LogWorld & {
	readonly log: Log;
	readonly logReader: LogReader;
	readonly trust: Trust;
	readonly channels: readonly Channel[];
	/** Anchored checkpoints; the smallest first. */
	readonly anchored: AnchoredCheckpoint[];
	readonly pack: (changes?: Partial<PackRequest>) => Promise<Packed & {readonly path: string}>;
	readonly verify: (path: string, ledgers?: typeof ledgersFor) => Promise<Verdict>;
	readonly verifyBytes: (bytes: Uint8Array) => Promise<Verdict>;
};

const arrivalOf = (device: string, minute: number): Uint8Array =>
	encodeArrival({
		topic: `meters/${device}`,
		payload: Buffer.from(`{"kwh":"${minute}"}`),
		flags: 1,
		identity: device,
		arrivedAtMs: startMs + minute * minuteMs,
		deviceSignature: new Uint8Array(0),
		decoder: 'json/1',
	});

/** Four hours of three meters by the minute, of which the middle two are asked for; a factor, a correction, a refusal, a gap note and a tally. */
async function createWorld(t: ExecutionContext): Promise<World> {
	const world = await createLogWorld(t);
	const log = await world.open();
	log.note(noteKinds.start, {note: 'start', agent: '1.2.3', synchronisation: 'synchronised'}, 0n);
	const channels = devices.map(device => enrolMeter(log, device));
	const [other, rare] = [enrolMeter(log, 'other'), enrolMeter(log, 'rare')];
	const logReader = await world.reader();
	const following = await openFollowing({
		path: join(world.folder, 'ledgers.db'),
		reader: logReader,
		ledgers: [{...createPlantLedger(), problem: async () => undefined}],
		openDatabase,
		takeProcessLock,
	});
	t.teardown(() => following[Symbol.asyncDispose]());
	const desk = createStatementDesk({log, following, mayAppend: () => true, clock: world.clock, logger: silentLogger});
	await desk.state({says: 'site', urn: site, body: {channels: devices.map(device => channelUrn(device, 'energy-import'))}});
	await desk.state({says: 'factor', urn: factor, body: {value: '0.436', unit: 'kg/kWh'}});
	const beacon = (blockNumber: number): void => {
		const body = {note: 'beacon', chainId: 1, blockNumber, blockHash: `0x${'ab'.repeat(32)}`, blockTimeS: startMs / 1000 + blockNumber};
		log.note(noteKinds.beacon, body, BigInt(blockNumber));
	};
	for (let minute = 0; minute < 240; minute += 1) {
		if (minute % 30 === 0) {
			await log.settled();
			beacon(1000 + minute);
		}
		const arrivedAtMs = startMs + minute * minuteMs + 500;
		for (const [i, channel] of channels.entries())
			void append(log, [draftOf(channel, {value: BigInt(minute * 10 + i), measuredAtMs: startMs + minute * minuteMs + i})], {
				record: arrivalOf(devices[i]!, minute),
				arrivedAtMs,
			});
		void append(log, [draftOf(other, {value: 1n})], {arrivedAtMs});
		if (minute % 60 === 10)
			void append(log, [draftOf(rare, {value: BigInt(minute), measuredAtMs: startMs + minute * minuteMs})], {arrivedAtMs});
	}
	await log.settled();
	log.noteOn({
		body: {note: 'silence', device: 'b'},
		drafts: [
			{...draftOf(channels[1]!), kind: 2, quantity: noteKinds.silence, exponent: 0, value: 90_000n, key: undefined, keyTop: undefined},
		],
		counter: 'silences',
	});
	const correction = encodeArrival({
		...correctionArrival,
		payload: encodeCorrection({
			corrects: {index: 0, number: 100, leaf: '00'.repeat(32)},
			value: '1',
			unit: 'kWh',
			reason: 'a typing error',
		}),
		flags: 0,
		arrivedAtMs: startMs + 240 * minuteMs,
		deviceSignature: new Uint8Array(0),
	});
	await append(
		log,
		[draftOf(channels[0]!, {value: 981n, measuredAtMs: startMs + 98 * minuteMs, quality: qualities.correction | qualities.substituted})],
		{
			record: correction,
			arrivedAtMs: startMs + 240 * minuteMs,
		},
	);
	beacon(2000);
	await refuse(log, {arrivedAtMs: startMs + 90 * minuteMs, reason: 'NOT_JSON', record: arrivalOf('a', 90)});
	await refuse(log, {arrivedAtMs: startMs + 91 * minuteMs, reason: 'NOT_JSON', record: arrivalOf('elsewhere', 91)});
	await refuse(log, {arrivedAtMs: startMs + 500 * minuteMs, reason: 'NOT_JSON', record: arrivalOf('a', 500)});
	world.clock.move(5 * hourMs);
	const tally = await log.tally();
	await append(log, [draftOf(channels[0]!, {value: 5n, measuredAtMs: startMs + 241 * minuteMs})]);
	await log.settled();
	const anchored: AnchoredCheckpoint[] = [{note: tally.note, anchors: [], timestamps: []}];
	const reader: PackReader = {
		...logReader,
		released: async () => logReader.head(),
		anchoredAbove: async index => anchored.find(({note}) => parseCheckpoint(note)!.size > index),
	};
	const trust: Trust = {...emptyTrust, logs: [log.key]};
	let made = 0;
	const verify: World['verify'] = (path, ledgers = ledgersFor) => verifyPackageFile(path, trust, {ledgers});
	return {
		...world,
		log,
		logReader,
		trust,
		channels,
		anchored,
		pack: async changes => {
			made += 1;
			const path = join(world.folder, `package-${made}.zip`);
			const request = {question, out: path, madeAtMs: startMs + 6 * hourMs, ...changes};
			const [ledger] = ledgersFor(request.question);
			for (const {urn} of [...channels, rare]) ledger!.wants(urn);
			const basis = await ledger!.basis(request.question, undefined as never);
			return {...(await packFrom(reader, basis!, request, ledgersFor)), path};
		},
		verify,
		verifyBytes: async bytes => {
			made += 1;
			const path = join(world.folder, `forged-${made}.zip`);
			writeFileSync(path, bytes);
			return verify(path);
		},
	};
}

const resultOf = (verdict: Verdict, name: string): string | undefined => verdict.checks.find(check => check.name === name)?.result;
const failures = (verdict: Verdict): string[] =>
	verdict.checks.filter(({result}) => result === 'fail').map(({name, reason}) => `${name}: ${reason}`);

test('a package verifies with the file and the key alone, and says what it was asked', async t => {
	const {pack, verify} = await createWorld(t);
	const {manifest, path, length} = await pack();
	const verdict = await verify(path);
	t.deepEqual(failures(verdict), [], verdictText(verdict));
	t.true(verdict.good);
	t.is(verdict.strength, 'committed');
	t.is(resultOf(verdict, 'completeness'), 'pass');
	t.is(resultOf(verdict, 'answer'), 'pass');
	t.is(verdict.facts.package?.completeness, 'complete');
	t.is(readFileSync(path).length, length);
	t.deepEqual(manifest.absent, [channelUrn('absent', 'energy-import')]);
	// The reading before the period, and everything up to the tally.
	t.is(manifest.channels[0]!.firstNumber, 61);
	t.is(manifest.channels[0]!.tallyNumber, manifest.channels[0]!.lastNumber as number | undefined);
	t.deepEqual(
		manifest.accounts.map(({subject, statements}) => [subject.urn, statements.map(({says}) => says)]),
		[
			[factor, ['factor']],
			[site, ['site']],
		],
	);
	t.is(manifest.clock.beaconBefore?.blockNumber, 1060);
	// The correction of a reading of the period came last.
	t.is(manifest.clock.beaconAfter?.blockNumber, 2000);
	t.deepEqual(manifest.gapCounts, {gaps: 0, silences: 1});
	t.deepEqual(manifest.refusals, {counts: [{reason: 'NOT_JSON', count: 2}], shown: 1});
	t.regex(verdictText(verdict), /^package: good, committed/);
});

test('a package has the notes of the agent of the whole period, its start too, also where a beacon stands behind it', async t => {
	const {pack, verify} = await createWorld(t);
	const {manifest, path} = await pack({question: {...question, fromMs: startMs - hourMs}});
	t.deepEqual(
		manifest.clock.starts.map(({agent}) => agent),
		['1.2.3'],
	);
	t.is(manifest.clock.beaconBefore?.blockNumber, 1000);
	t.deepEqual(failures(await verify(path)), []);
	// It lies before a period that begins later.
	t.deepEqual((await pack()).manifest.clock.starts, []);
});

test('anybody can open a package: it is a plain ZIP file', async t => {
	const {pack} = await createWorld(t);
	const {path, manifest} = await pack({coverOf: async () => [{name: 'cover.html', bytes: Buffer.from('<p>cover</p>')}]});
	const files = unzipSync(readFileSync(path));
	t.deepEqual(Object.keys(files), [...manifest.files.map(({name}) => name), 'manifest.json']);
	t.is(Buffer.from(files['cover.html']!).toString(), '<p>cover</p>');
});

test('the same log gives the same package, with arrivals or without', async t => {
	const {pack, verify} = await createWorld(t);
	const [first, second] = [await pack(), await pack()];
	t.deepEqual(readFileSync(first.path), readFileSync(second.path));
	const without = await pack({withArrivals: false});
	const verdict = await verify(without.path);
	t.deepEqual(failures(verdict), []);
	t.true(without.length < first.length);
	t.deepEqual(without.manifest.answer, first.manifest.answer);
	t.is(without.manifest.arrivals, 'corrections');
});

test('a package without one reading says which number is missing', async t => {
	const {pack, verifyBytes, logReader} = await createWorld(t);
	const {path, manifest} = await pack({withArrivals: false});
	const apart = takeApart(readFileSync(path));
	// A reading of a that nothing else is shown of, and a proof that fits what is left.
	const place = 200;
	const indexes = apart.indexes.filter((_, i) => i !== place);
	const entries = Buffer.concat([apart.entries.subarray(0, place * entryLength), apart.entries.subarray((place + 1) * entryLength)]);
	const proof = await logReader.multiproof(indexes, manifest.tally!.index + 1);
	const files = new Map([...apart.files, ['proof.bin', proof] as const]);
	const verdict = await verifyBytes(putTogether({...apart, files, indexes, entries}));
	t.false(verdict.good);
	t.is(resultOf(verdict, 'inclusion'), 'pass');
	t.regex(
		failures(verdict)[0]!,
		/^completeness: urn:kedge:device:[abc]:energy-import: number \d+ is missing, between index \d+ and index \d+$/,
	);
	t.is(failures(verdict).length, 1);
});

test('a package with one reading changed does not lead to the root, and nothing else is wrong with it', async t => {
	const {pack, verifyBytes} = await createWorld(t);
	const {path} = await pack({withArrivals: false});
	const apart = takeApart(readFileSync(path));
	const entries = apart.entries.slice();
	entries[200 * entryLength + 63]! ^= 1;
	const verdict = await verifyBytes(putTogether({...apart, entries}));
	t.deepEqual(
		failures(verdict).map(text => text.replace(/its \d+ entries/, 'its N entries').replace(/size \d+/, 'size S')),
		[
			'inclusion: its N entries do not lead to the root of the checkpoint of size S: at least one says something else than the log has at its place, or was added or moved',
		],
	);
	t.is(resultOf(verdict, 'answer'), 'skipped');
});

test('a package with one reading added says which number was there before', async t => {
	const {pack, verifyBytes, logReader} = await createWorld(t);
	const {path, manifest} = await pack({withArrivals: false});
	const apart = takeApart(readFileSync(path));
	// At the place of another's entry, which lies between.
	const place = apart.indexes.findIndex((index, i) => i > 200 && apart.indexes[i + 1] === index + 2);
	const indexes = apart.indexes.toSpliced(place + 1, 0, apart.indexes[place]! + 1);
	const copy = apart.entries.subarray(place * entryLength, (place + 1) * entryLength);
	const behind = (place + 1) * entryLength;
	const entries = Buffer.concat([apart.entries.subarray(0, behind), copy, apart.entries.subarray(behind)]);
	const proof = await logReader.multiproof(indexes, manifest.tally!.index + 1);
	const files = new Map([...apart.files, ['proof.bin', proof] as const]);
	const verdict = await verifyBytes(putTogether({...apart, files, indexes, entries}));
	t.false(verdict.good);
	t.regex(
		failures(verdict).join('\n'),
		/^inclusion: .* at least one was added that the log never had\ncompleteness: .* has number \d+, which was there/,
	);
});

test('a package with a factor changed says which entry it no longer is', async t => {
	const {pack, verifyBytes} = await createWorld(t);
	const {path, manifest} = await pack({withArrivals: false});
	const apart = takeApart(readFileSync(path));
	const files = changeBody(apart, '"0.436"', '"0.336"');
	const verdict = await verifyBytes(putTogether({...apart, files}, {keepLists: true}));
	const {index} = manifest.accounts[0]!.statements[0]!;
	t.deepEqual(failures(verdict), [`arrival: what is shown of the entry at index ${index} is not what it came from: it was changed`]);
});

test('a package with another answer, or another list, says where it differs', async t => {
	const {pack, verifyBytes} = await createWorld(t);
	const {path, manifest} = await pack({withArrivals: false});
	const apart = takeApart(readFileSync(path));
	const {sum, count} = manifest.answer as {readonly sum: string; readonly count: number};
	const answered = await verifyBytes(putTogether(apart, {keepLists: true, manifest: {answer: {sum, count: count + 1}}}));
	t.deepEqual(failures(answered), [`answer: answer.count is ${count + 1} in the package; counted from its entries it is ${count}`]);
	const listed = await verifyBytes(putTogether(apart, {keepLists: true, manifest: {gapCounts: {gaps: 0, silences: 0}}}));
	t.deepEqual(failures(listed), ['manifest: manifest.gapCounts.silences is 0; by the entries it is 1']);
	const ledger = await verifyBytes(putTogether(apart, {keepLists: true, manifest: {method: {...manifest.method, ledgerVersion: 9}}}));
	t.regex(
		failures(ledger).join(),
		/^answer: it was counted with ledger "plant" version 9; this program counts with ledger "plant" version 1/,
	);
});

test('every byte that is flipped makes a package fail', async t => {
	const {pack, verifyBytes} = await createWorld(t);
	const {path} = await pack({coverOf: async () => [{name: 'cover.html', bytes: Buffer.from('<p>cover</p>')}]});
	const bytes = new Uint8Array(readFileSync(path));
	const places = new Set<number>();
	// The beginning, the middle and the end of every file with what stands around it, and the whole directory in steps.
	const members = membersOf(bytes);
	for (const {name, offset, length} of members)
		for (const place of [
			offset - 30 - name.length,
			offset - 12,
			offset - 1,
			offset,
			offset + 3,
			offset + (length >> 1),
			offset + length - 1,
		])
			places.add(place);
	const end = members.at(-1)!.offset + members.at(-1)!.length;
	for (let place = end; place < bytes.length; place += 5) places.add(place);
	for (let place = bytes.length - 22; place < bytes.length; place += 1) places.add(place);
	for (const place of places) {
		bytes[place]! ^= 1 << (place % 8);
		const verdict = await verifyBytes(bytes);
		if (verdict.good) t.fail(`byte ${place} of ${bytes.length}`);
		bytes[place]! ^= 1 << (place % 8);
	}
	t.true((await verifyBytes(bytes)).good);
	for (const cut of [1, 22, 100, bytes.length - 1]) t.false((await verifyBytes(bytes.slice(0, bytes.length - cut))).good);
	t.false((await verifyBytes(Buffer.concat([bytes, Buffer.of(0)]))).good);
});

test('a package of a device counts what the device sent, and is made without any account', async t => {
	const {pack, verify} = await createWorld(t);
	const asked: Question = {about: 'device', id: 'a', fromMs: startMs + hourMs, toMs: startMs + 2 * hourMs};
	const {path, manifest} = await pack({question: asked});
	const verdict = await verify(path);
	t.deepEqual(failures(verdict), [], verdictText(verdict));
	const {channels} = manifest.answer as {readonly channels: readonly Record<string, unknown>[]};
	t.is(channels.length, 1);
	// Readings 60 … 119, of which one was corrected: neither it nor its correction counts.
	t.is(channels[0]!.readings, 61);
	t.is(channels[0]!.counted, 59);
	t.deepEqual(channels[0]!.register, {rise: '0.590', fromNumber: 62, toNumber: 121, restarts: 0});
});

test('the emissions of a site in a package are those that its accounts say, and another verifier counts the same', async t => {
	const world = await createLogWorld(t);
	const log = await world.open();
	const meter = enrolMeter(log, 'm1');
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
	const sources = [{id: 'grid', scope: 2, method: 'factor', channels: [{urn: meter.urn}], locationFactors: ['grid']}];
	await desk.state({says: 'site', urn: site, body: {zone: 'UTC', sources}});
	for (let i = 0; i < 300; i += 1) {
		const atMs = startMs + i * 7 * minuteMs;
		void append(log, [draftOf(meter, {value: BigInt(1_000_000 + 333 * i), exponent: 0, measuredAtMs: atMs})], {arrivedAtMs: atMs + 1000});
	}
	await log.settled();
	world.clock.move(40 * hourMs);
	const {note} = await log.tally();
	const asked: Question = {about: 'site', id: 'plant', fromMs: startMs + 5 * hourMs, toMs: startMs + 29 * hourMs};
	const [answered, basis] = [await following.answer(asked), await following.basis(asked)];
	const path = join(world.folder, 'emissions.zip');
	const from = {...reader, released: reader.head, anchoredAbove: async () => ({note, anchors: [], timestamps: []})};
	const packed = await packFrom(from, basis!, {question: asked, out: path, madeAtMs: startMs});
	t.is(packed.manifest.method.ledger, answered?.ledger as string);
	t.deepEqual(packed.manifest.answer, JSON.parse(JSON.stringify(answered?.answer)));
	const verdict = await verifyPackageFile(path, {...emptyTrust, logs: [log.key]});
	t.deepEqual(failures(verdict), [], verdictText(verdict));
	t.true(verdict.good);

	// Who has the log's files but not its key says something else of the factor.
	const apart = takeApart(readFileSync(path));
	const files = changeBody(apart, '"a test"', '"a text"');
	writeFileSync(path, putTogether({...apart, files}, {keepLists: true}));
	const forged = await verifyPackageFile(path, {...emptyTrust, logs: [log.key]});
	t.regex(failures(forged).join('\n'), /^arrival: what is shown of the entry at index \d+ is not what it came from: it was changed$/);
});

test('a piece that unpacks to more than it says, and a file that claims to, are refused before they are', async t => {
	const {pack, verifyBytes} = await createWorld(t);
	const {path} = await pack({withArrivals: false});
	const apart = takeApart(readFileSync(path));
	const bomb = new Map([...apart.files, ['bodies/0000.bin', deflate(new Uint8Array(50_000_000))] as const]);
	t.regex(
		failures(await verifyBytes(putTogether({...apart, files: bomb}, {keepLists: true}))).join('\n'),
		/arrival: bodies\/0000\.bin cannot be read/,
	);
	const claims = {
		...apart,
		manifest: {...apart.manifest, files: apart.manifest.files.map(file => ({...file, unpacked: file.unpacked && 2 ** 40}))},
	};
	t.regex(failures(await verifyBytes(putTogether(claims, {keepLists: true}))).join('\n'), /form: .* impossible length/);
});

test('an answer of any depth is refused without overflowing anything', async t => {
	const {pack, verifyBytes} = await createWorld(t);
	const {path} = await pack({withArrivals: false});
	const apart = takeApart(readFileSync(path));
	const nested = (depth: number): Json => JSON.parse('['.repeat(depth) + ']'.repeat(depth)) as Json;
	const deep = await verifyBytes(putTogether(apart, {keepLists: true, manifest: {answer: nested(70)}}));
	t.regex(failures(deep).join(), /^form: its answer is nested more than 64 levels deep/);
	const manifest = Buffer.from(`{"format":"kedge evidence 1","answer":${'['.repeat(200_000)}${']'.repeat(200_000)}}`);
	const deeper = await verifyBytes(zipOf([...[...apart.files].filter(([name]) => name === 'proof.bin'), ['manifest.json', manifest]]));
	t.is(failures(deeper).length, 1);
});

test('a package whose maker left out a channel says which', async t => {
	const {pack, verify} = await createWorld(t);
	const cut = await pack({question: {...question, fromMs: question.fromMs + 1}});
	const fewer = ({about}: Pick<Question, 'about'>): Ledger[] => {
		const [ledger] = ledgersFor({about});
		return [
			{
				...ledger!,
				basis: async (asked, rows) => {
					const basis = await ledger!.basis(asked, rows);
					return basis && {...basis, channels: [...basis.channels, {urn: channelUrn('other', 'energy-import'), fromMs: 0, toMs: 1}]};
				},
			},
		];
	};
	t.deepEqual(failures(await verify(cut.path, fewer)), [
		'basis: the answer rests on urn:kedge:device:other:energy-import, which the package leaves out or cuts',
	]);
});

test('nothing is left of a package that cannot be made, and none is overwritten', async t => {
	const {pack, folder} = await createWorld(t);
	await t.throwsAsync(pack({out: join(folder, 'cover.zip'), coverOf: async () => [{name: '../cover.html', bytes: Buffer.of(1)}]}), {
		code: 'ARGUMENT_INVALID',
	});
	t.false(existsSync(join(folder, 'cover.zip')));
	writeFileSync(join(folder, 'there.zip'), 'mine');
	await t.throwsAsync(pack({out: join(folder, 'there.zip')}), {code: 'DATA_EXISTS'});
	t.is(readFileSync(join(folder, 'there.zip'), 'utf8'), 'mine');
});

test('few entries among many are looked up one by one, and make a package like any other', async t => {
	const {pack, verify} = await createWorld(t);
	const asked: Question = {about: 'device', id: 'rare', fromMs: startMs + hourMs, toMs: startMs + 3 * hourMs};
	for (const withArrivals of [true, false]) {
		const {path, manifest} = await pack({question: asked, withArrivals});
		const verdict = await verify(path);
		t.deepEqual(failures(verdict), [], verdictText(verdict));
		const [channel] = (manifest.answer as {readonly channels: readonly {readonly register: unknown}[]}).channels;
		t.deepEqual(channel!.register, {rise: '0.060', fromNumber: 3, toNumber: 4, restarts: 0});
		t.true(manifest.entries < 20);
	}
});

test('more bodies than one piece holds are shown in several, and a package in memory is checked too', async t => {
	const {pack, log, clock, logReader, folder, anchored, trust} = await createWorld(t);
	const following = await openFollowing({
		path: join(folder, 'again.db'),
		reader: logReader,
		ledgers: [createPlantLedger()],
		openDatabase,
		takeProcessLock,
	});
	t.teardown(() => following[Symbol.asyncDispose]());
	const desk = createStatementDesk({log, following, mayAppend: () => true, clock, logger: silentLogger});
	for (let i = 0; i < 20; i += 1) await desk.state({says: 'site', urn: site, body: {channels: [], note: `${i} ${'x'.repeat(250_000)}`}});
	const {note} = await log.tally();
	anchored[0] = {note, anchors: [], timestamps: []};
	const {path, manifest} = await pack({withArrivals: false});
	t.deepEqual(
		manifest.files.filter(({name}) => name.startsWith('bodies/')).map(({name}) => name),
		['bodies/0000.bin', 'bodies/0001.bin'],
	);
	const verifier = createVerifier({
		hasher: nodeHasher,
		verifySignature: verifyEd25519,
		recountOf: asked => createRecount(ledgersFor(asked), asked),
	});
	const bytes = readFileSync(path);
	const verdict = await verifier.verify(bytes, trust);
	t.deepEqual(failures(verdict), []);
	t.is(verdict.document, 'package');
	const without = await createVerifier({hasher: nodeHasher, verifySignature: verifyEd25519}).verify(bytes, trust);
	t.deepEqual(failures(without), ['answer: this program has no ledgers that could count the answer anew: use kedge verify']);
	// A stranger's log may sign what it likes: it is not the one that is trusted.
	t.regex(failures(await verifier.verify(bytes, emptyTrust)).join(), /^signature: no trusted key/);
});
