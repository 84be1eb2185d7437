// Receipts and histories issued from a real log on a disk, checked by the real verifier with nothing but the log's key.
import test, {type ExecutionContext} from 'ava';
import {toHex} from '../../agent/base/bytes.ts';
import {verifyEd25519} from '../../agent/base/ed25519.ts';
import {AgentError} from '../../agent/base/errors.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {encodeArrival} from '../../agent/format/arrival.ts';
import {type Checkpoint, parseCheckpoint, signCheckpoint} from '../../agent/format/checkpoint.ts';
import {decodeEntry, entryLeafHash, entryLength, noteKinds, qualities} from '../../agent/format/entry.ts';
import type {AnchorRecord} from '../../agent/format/evidence.ts';
import {historyEntriesMax, parseHistory} from '../../agent/format/history.ts';
import {anchorLogId} from '../../agent/format/log-id.ts';
import {noteKey} from '../../agent/format/note.ts';
import {parseReceipt} from '../../agent/format/receipt.ts';
import {agentUrn} from '../../agent/format/subject.ts';
import {parseTlogProof} from '../../agent/format/tlog-proof.ts';
import {emptyTrust, type Trust} from '../../agent/format/trust.ts';
import type {Channel} from '../../agent/log/channels.ts';
import type {Log} from '../../agent/log/log.ts';
import type {LogReader} from '../../agent/log/reader.ts';
import {rootFromInclusion} from '../../agent/merkle/check.ts';
import {type AnchoredCheckpoint, createIssuer, type Issuer, type Needs} from '../../agent/receipt/issue.ts';
import {type Verdict, verdictText} from '../../agent/verify/verdict.ts';
import {createVerifier} from '../../agent/verify/verifier.ts';
import {append, createLogWorld, draftOf, enrolMeter, type LogWorld, signer, startMs} from '../helpers/log-world.ts';

const minuteMs = 60_000;
const payload = '{"kwh":"12.345"}';

type World = Omit<LogWorld, 'reader'> & {
	readonly log: Log;
	readonly reader: LogReader;
	readonly meter: Channel;
	readonly trust: Trust;
	/** Checkpoints that are on a chain; none unless the test adds some. */
	readonly anchored: (AnchoredCheckpoint & {readonly atMs?: number})[];
	readonly issuerWith: (changes: Partial<Needs<Channel>>) => Issuer<Channel>;
	readonly issuer: Issuer<Channel>;
	/** Appends a reading of the meter, measured so many minutes after the start; gives its index. */
	readonly read: (minute: number, value: number) => Promise<number>;
	readonly verify: (text: string) => Promise<Verdict>;
};

async function createWorld(t: ExecutionContext): Promise<World> {
	const world = await createLogWorld(t);
	const log = await world.open();
	const meter = enrolMeter(log, 'meter-1');
	await log.settled();
	const reader = await world.reader();
	const trust: Trust = {...emptyTrust, logs: [log.key]};
	const verifier = createVerifier({hasher: nodeHasher, verifySignature: verifyEd25519});
	const anchored: World['anchored'] = [];
	const issuerWith = (changes: Partial<Needs<Channel>>): Issuer<Channel> =>
		createIssuer<Channel>({
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
			anchoredAbove: async (index, notBeforeMs = 0) => {
				const above = anchored.filter(({note}) => parseCheckpoint(note)!.size > index);
				return above.find(({atMs = 0}) => atMs >= notBeforeMs) ?? above.at(-1);
			},
			...changes,
		});
	return {
		...world,
		log,
		reader,
		meter,
		trust,
		anchored,
		issuerWith,
		issuer: issuerWith({}),
		read: (minute, value) => {
			const record = encodeArrival({
				topic: 'meters/meter-1',
				payload: Buffer.from(payload),
				flags: 1,
				identity: 'meter-1',
				arrivedAtMs: startMs,
				deviceSignature: new Uint8Array(0),
				decoder: 'json/1',
			});
			return append(log, [draftOf(meter, {value: BigInt(value), measuredAtMs: startMs + minute * minuteMs})], {record});
		},
		verify: text => verifier.verify(Buffer.from(text), trust),
	};
}

const resultOf = (verdict: Verdict, name: string): string | undefined => verdict.checks.find(check => check.name === name)?.result;
const failures = (verdict: Verdict): string[] =>
	verdict.checks.filter(({result}) => result === 'fail').map(({name, reason}) => `${name}: ${reason}`);

test('a receipt of a reading opens what it is asked to open, and verifies either way', async t => {
	const {issuer, read, verify} = await createWorld(t);
	const index = await read(0, 12_345);
	const plain = await verify(await issuer.receipt(index));
	t.deepEqual(failures(plain), []);
	t.is(plain.strength, 'committed');
	t.is(plain.facts.channel, 'urn:kedge:device:meter-1:energy-import');
	t.is(plain.facts.entry?.value, '12.345');
	t.is(plain.facts.arrival, undefined);
	t.is(resultOf(plain, 'arrival'), 'skipped');

	const open = await verify(await issuer.receipt(index, {withArrival: true}));
	t.deepEqual(failures(open), []);
	t.is(resultOf(open, 'arrival'), 'pass');
	t.is(open.facts.arrival?.payloadText, payload);

	const closedText = await issuer.receipt(index, {withoutChannel: true});
	const closed = await verify(closedText);
	t.deepEqual(failures(closed), []);
	t.true(closed.good);
	t.is(closed.facts.channel, undefined);
	t.is(resultOf(closed, 'channel'), 'skipped');
	t.notRegex(closedText, /meter-1/);

	// The topic and the identity of an arrival name the channel that is to be left out.
	const both = await t.throwsAsync(issuer.receipt(index, {withArrival: true, withoutChannel: true}), {instanceOf: AgentError});
	t.is(both?.code, 'ARGUMENT_INVALID');
	const enrolment = await t.throwsAsync(issuer.receipt(index - 1, {withoutChannel: true}), {instanceOf: AgentError});
	t.is(enrolment?.code, 'ARGUMENT_INVALID');
	t.regex(enrolment?.message ?? '', /is an enrolment, which names its channel/);
});

test('receipts of enrolments and notes show their bodies, without which they say nothing', async t => {
	const {log, issuer, verify} = await createWorld(t);
	log.note(noteKinds.start, {note: 'start', agent: 'test'}, 0n);
	await log.settled();
	const size: number = log.size();
	const kindsSeen: string[] = [];
	for (let index = 0; index < size; index += 1) {
		const verdict = await verify(await issuer.receipt(index));
		t.deepEqual(failures(verdict), []);
		t.true(verdict.good);
		t.is(resultOf(verdict, 'arrival'), 'pass');
		t.is(typeof verdict.facts.bodyText, 'string');
		kindsSeen.push(verdict.facts.entry?.kind ?? '');
	}
	t.deepEqual([...new Set(kindsSeen)].sort(), ['enrolment', 'note']);
});

test('every entry of a log of many batches has a receipt that verifies, and none beyond it has one', async t => {
	const {log, issuer, read, verify} = await createWorld(t);
	for (let i = 0; i < 300; i += 1) await read(i, i);
	const size: number = log.size();
	for (let index = 0; index < size; index += 7) {
		const verdict = await verify(await issuer.receipt(index));
		t.deepEqual(failures(verdict), []);
		t.is(verdict.facts.entry?.index, index);
	}
	await t.throwsAsync(issuer.receipt(size), {code: 'ENTRY_UNKNOWN', message: new RegExp(`no entry ${size}; the log has ${size}`)});
	await t.throwsAsync(issuer.receipt(-1), {code: 'ENTRY_UNKNOWN'});
	await t.throwsAsync(issuer.receipt(0.5), {code: 'ENTRY_UNKNOWN'});
});

test('a receipt leads to the smallest anchored checkpoint above its entry, and to the newest one where none is anchored', async t => {
	const {log, issuer, read, verify, anchored, trust} = await createWorld(t);
	const checkpoints: {readonly size: number; readonly note: string}[] = [];
	for (let i = 0; i < 30; i += 1) {
		await read(i, i);
		checkpoints.push(log.checkpoint()!);
	}
	const registry = `0x${'a1'.repeat(20)}`;
	const opener = `0x${'b2'.repeat(20)}`;
	const recordOf = (size: number): AnchorRecord => ({
		chainId: 1,
		registry,
		opener,
		logId: anchorLogId(1, registry, opener, log.origin),
		size,
		transactionHash: `0x${'c3'.repeat(32)}`,
		blockNumber: 17,
		blockHash: `0x${'d4'.repeat(32)}`,
		blockTime: 1_700_000_000,
	});
	for (const at of [4, 19]) anchored.push({note: checkpoints[at]!.note, anchors: [recordOf(checkpoints[at]!.size)], timestamps: []});
	const [small, large] = [checkpoints[4]!.size, checkpoints[19]!.size];
	const newest: number = log.size();
	for (const [index, size] of [
		[0, small],
		[small - 1, small],
		[small, large],
		[large - 1, large],
		[large, newest],
		[newest - 1, newest],
	] as const) {
		const text = await issuer.receipt(index);
		const receipt = parseReceipt(nodeHasher, Buffer.from(text));
		t.true('value' in receipt);
		if (!('value' in receipt)) continue;
		t.is(parseCheckpoint(parseTlogProof(receipt.value.proof)!.checkpoint)!.size, size, `index ${index}`);
		t.is(receipt.value.anchors.length, size === newest ? 0 : 1);
		t.deepEqual(failures(await verify(text)), []);
	}

	// The verifier who has seen the anchor needs nobody else to see that it is anchored.
	const verifier = createVerifier({hasher: nodeHasher, verifySignature: verifyEd25519});
	const root = parseCheckpoint(checkpoints[4]!.note)!.root;
	const seen: Trust = {
		...trust,
		registries: [{chainId: 1, registry, opener}],
		anchors: [{chainId: 1, registry, origin: log.origin, size: small, root}],
	};
	t.is((await verifier.verify(Buffer.from(await issuer.receipt(0)), seen)).strength, 'anchored');
	t.is((await verifier.verify(Buffer.from(await issuer.receipt(large)), seen)).strength, 'committed');
});

test('a receipt of an anchored checkpoint shows the newest beacon in front of its entry, and carries every anchor and time stamp', async t => {
	const {log, issuerWith, reader, read, verify, anchored} = await createWorld(t);
	const own = agentUrn('harbour');
	const issuer = issuerWith({agentChannel: async () => (await reader.channels()).find(({urn}) => urn === own)});
	const beaconOf = async (index: number) => {
		const parsed = parseReceipt(nodeHasher, Buffer.from(await issuer.receipt(index)));
		if ('problem' in parsed) throw new Error(parsed.problem);
		return parsed.value;
	};
	const light = (blockNumber: number): void =>
		log.note(
			noteKinds.beacon,
			{note: 'beacon', chainId: 1, blockNumber, blockHash: `0x${'be'.repeat(32)}`, blockTimeS: 1_600_000_000 + blockNumber},
			BigInt(blockNumber),
		);
	const first = await read(0, 0);
	light(100);
	// So many that the first look does not find the beacon.
	for (let i = 1; i <= 600; i += 1) await read(i, i);
	light(101);
	const last = await read(601, 601);
	await log.settled();
	const {note} = await log.tally();
	t.is((await beaconOf(last)).beacon, undefined, 'nothing bounds it from above yet');
	t.regex(await issuer.receipt(last), /^\{\n\t"format": "kedge receipt 1",/);
	const timestamps = [{authority: 'timely', token: Uint8Array.of(0x30, 0)}];
	anchored.push({note, anchors: [], timestamps});
	t.deepEqual((await beaconOf(last)).timestamps, timestamps);
	for (const [index, blockNumber] of [
		[first, undefined],
		[last - 2, 100],
		[last, 101],
	] as const) {
		const text = await issuer.receipt(index);
		t.regex(text, /^\{\n\t"format": "kedge receipt 3",/);
		const verdict = await verify(text);
		// These are no bytes of a token, which the verdict says.
		t.deepEqual(
			failures(verdict).map(failure => failure.slice(0, 10)),
			['timestamp:'],
		);
		const after = verdict.facts.bracket?.after;
		t.is(after?.by.kind === 'block' ? after.by.blockNumber : undefined, blockNumber, `index ${index}`);
		t.is(after?.timeMs, blockNumber === undefined ? undefined : (1_600_000_000 + blockNumber) * 1000);
	}
});

test('a receipt without arrival and anchors stays within 4 KiB at twenty levels, with the longest names that a config takes', async t => {
	const {read, log, reader, issuerWith} = await createWorld(t);
	const index = await read(0, 1);
	const path = Array.from({length: 20}, (_, i) => new Uint8Array(32).fill(i + 200));
	// The origin stands twice in a checkpoint: 64 letters, a slash, 64 letters, a slash and the epoch.
	const longOrigin = `${'o'.repeat(64)}/${'g'.repeat(64)}/281474976710655`;
	/** A checkpoint over a made-up tree of a million entries in which the path leads from the entry to the root. */
	const size = 1_000_000;
	const root = rootFromInclusion(nodeHasher, {index, size, leaf: entryLeafHash(nodeHasher, await reader.entry(index)), path})!;
	const headWith = (origin: string): Checkpoint => ({
		...signCheckpoint({origin, size, root}, noteKey(nodeHasher, origin, signer.publicKey), signer.sign),
	});
	const issuer = issuerWith({
		inclusion: async () => path,
		head: async () => headWith(longOrigin),
		deviceOf: async () => undefined,
		channelOf: async () => ({
			...(await reader.channels())[1]!,
			urn: `urn:kedge:device:${'d'.repeat(64)}:${'q'.repeat(32)}:${'p'.repeat(64)}`,
		}),
	});
	const text = await issuer.receipt(index);
	t.true(Buffer.byteLength(text) <= 4096, `${Buffer.byteLength(text)} bytes`);
	const ordinary = await issuerWith({inclusion: async () => path, head: async () => headWith(log.origin)}).receipt(index);
	t.log(`${Buffer.byteLength(ordinary)} bytes at twenty levels; ${Buffer.byteLength(text)} with the longest names`);
});

test('a history holds the readings of its period, both ends included, and verifies', async t => {
	const {issuer, meter, read, log, verify} = await createWorld(t);
	const other = enrolMeter(log, 'meter-2');
	for (let i = 0; i < 20; i += 1) {
		await read(i, i);
		await append(log, [draftOf(other, {measuredAtMs: startMs + i * minuteMs})]);
	}
	const text = await issuer.history(meter, startMs + 5 * minuteMs, startMs + 9 * minuteMs);
	const verdict = await verify(text);
	t.deepEqual(failures(verdict), []);
	t.true(verdict.good);
	const parsed = parseHistory(nodeHasher, Buffer.from(text));
	t.true('value' in parsed);
	if ('value' in parsed) {
		t.deepEqual(
			parsed.value.indexes.map((_, i) => Number(decodeEntry(parsed.value.entries.subarray(i * entryLength)).value)),
			[5, 6, 7, 8, 9],
		);
	}
	t.is(verdict.facts.channel, meter.urn);
});

test('a history without a reading is refused with the channel named', async t => {
	const {issuer, meter, read} = await createWorld(t);
	await t.throwsAsync(issuer.history(meter, 0, startMs * 2), {code: 'ENTRY_UNKNOWN', message: /meter-1.* has no reading in this period/});
	await read(0, 1);
	await t.throwsAsync(issuer.history(meter, startMs + 1, startMs + 2), {code: 'ENTRY_UNKNOWN', message: /no reading in this period/});
	await t.throwsAsync(issuer.history(meter, startMs + 1, startMs), {code: 'ENTRY_UNKNOWN'});
});

test('a history with a reading of another time among its own shows that one too, so that no number is missing', async t => {
	const {issuer, meter, read, verify} = await createWorld(t);
	await read(0, 0);
	await read(10, 10);
	// A reading that was held back for an hour, and one whose clock ran ahead.
	await read(-60, 60);
	await read(11, 11);
	await read(500, 500);
	await read(12, 12);
	await read(600, 600);
	const text = await issuer.history(meter, startMs + 10 * minuteMs, startMs + 20 * minuteMs);
	const verdict = await verify(text);
	t.deepEqual(failures(verdict), []);
	t.true(verdict.good);
	t.deepEqual(
		[verdict.facts.history?.entries, verdict.facts.history?.first?.value, verdict.facts.history?.last?.value],
		[5, '0.010', '0.012'],
	);
});

test('a channel that was enrolled long after its readings were measured has histories like any other', async t => {
	const {issuer, meter, read, verify} = await createWorld(t);
	// The enrolment's time is startMs; these readings are of the day before.
	for (let i = 0; i < 10; i += 1) await read(i - 1440, i);
	const all = await verify(await issuer.history(meter, 0, startMs * 2));
	t.deepEqual(failures(all), []);
	t.is(all.facts.history?.entries, 11, 'the enrolment is number 1');
	t.is(all.facts.history?.first?.kind, 'enrolment');
	const later = await verify(await issuer.history(meter, startMs - 1435 * minuteMs, startMs * 2));
	t.deepEqual(failures(later), []);
	t.is(later.facts.history?.entries, 5);
	t.is(later.facts.history?.first?.kind, 'reading');
});

test('readings of a device without a clock are found by when they arrived', async t => {
	const {issuer, meter, log, verify} = await createWorld(t);
	for (let i = 0; i < 4; i += 1) {
		await append(log, [draftOf(meter, {value: BigInt(i), measuredAtMs: 0, quality: qualities.noDeviceTime})], {
			arrivedAtMs: startMs + i * minuteMs,
		});
	}
	const verdict = await verify(await issuer.history(meter, startMs + minuteMs, startMs + 2 * minuteMs));
	t.deepEqual(failures(verdict), []);
	t.is(verdict.facts.history?.entries, 2);
});

test('a period with more entries than a history holds is refused before anything is proven', async t => {
	const {issuerWith, meter, reader, read} = await createWorld(t);
	const index = await read(0, 1);
	const entry = await reader.entry(index);
	const issuer = issuerWith({
		range: async function* () {
			for (let i = 0; i <= historyEntriesMax; i += 1) yield {index: index + i, entry};
		},
		multiproof: () => {
			throw new Error('a proof was asked for');
		},
	});
	await t.throwsAsync(issuer.history(meter, 0, startMs * 2), {
		code: 'ARGUMENT_INVALID',
		message: new RegExp(`more than ${historyEntriesMax}`),
	});
});

test('an entry that no longer leads to the signed root is never handed out', async t => {
	const {read, reader, issuerWith} = await createWorld(t);
	const index = await read(0, 1);
	const edited = await reader.entry(index);
	edited[63] = edited[63]! ^ 1;
	const issuer = issuerWith({entry: async () => edited});
	await t.throwsAsync(issuer.receipt(index), {code: 'LOG_CORRUPT', message: /entry \d+ does not lead to the root/});
});

/** Anchors a tally of everything up to now, as made at that minute. */
async function anchorTally({log, anchored, clock}: World, minute: number): Promise<number> {
	const atMs = startMs + minute * minuteMs;
	clock.move(atMs - clock.nowMs());
	const {note, size} = await log.tally();
	anchored.push({note, anchors: [], timestamps: [], atMs});
	return size;
}

const completenessOf = (verdict: Verdict) => verdict.facts.history?.completeness;

test('a history goes on to the tally of the first anchor made after its period, so that it is complete', async t => {
	const world = await createWorld(t);
	const {issuer, meter, read, verify} = world;
	for (let i = 0; i < 10; i += 1) await read(i, i);
	await anchorTally(world, 9);
	for (let i = 10; i < 20; i += 1) await read(i, i);
	const size = await anchorTally(world, 19);
	for (let i = 20; i < 30; i += 1) await read(i, i);
	await anchorTally(world, 29);
	await read(30, 30);

	const early = await verify(await issuer.history(meter, startMs + 2 * minuteMs, startMs + 5 * minuteMs));
	t.deepEqual(failures(early), []);
	t.like(completenessOf(early), {state: 'complete', firstNumber: 4, lastNumber: 11, tallyNumber: 11});
	t.is(early.facts.history?.entries, 8, 'four of the period, and four more up to the tally');

	// At minute 9 the first tally was made: what was measured until 12 is known from the second one on only.
	const middle = await verify(await issuer.history(meter, startMs + 2 * minuteMs, startMs + 12 * minuteMs));
	t.deepEqual(failures(middle), []);
	t.is(middle.facts.size, size);
	t.like(completenessOf(middle), {state: 'complete', firstNumber: 4, lastNumber: 21});

	// No tally was made after the period: the newest one shows the most.
	const late = await verify(await issuer.history(meter, 0, startMs + 29.5 * minuteMs));
	t.deepEqual(failures(late), []);
	t.like(completenessOf(late), {state: 'complete', firstNumber: 1, lastNumber: 31});

	// Nothing anchored covers the last reading.
	const open = await verify(await issuer.history(meter, 0, startMs * 2));
	t.deepEqual(failures(open), []);
	t.true(open.good);
	t.like(completenessOf(open), {state: 'later-unknown', firstNumber: 1, lastNumber: 32, tallyNumber: undefined});
});

test('a silent channel is shown to be silent until the newest tally', async t => {
	const world = await createWorld(t);
	const {issuer, meter, read, verify} = world;
	for (let i = 0; i < 3; i += 1) await read(i, i);
	await anchorTally(world, 3);
	for (let day = 1; day < 4; day += 1) await anchorTally(world, day * 1440);
	const verdict = await verify(await issuer.history(meter, startMs, startMs * 2));
	t.deepEqual(failures(verdict), []);
	t.like(completenessOf(verdict), {state: 'complete', lastNumber: 4, tallyAtMs: startMs + 3 * 1440 * minuteMs});
});

test('a period without a reading has a history once a tally was anchored since it began', async t => {
	const world = await createWorld(t);
	const {issuer, meter, read, verify} = world;
	for (let i = 0; i < 5; i += 1) await read(i, i);
	await anchorTally(world, 5);
	const [fromMs, toMs] = [startMs + 10 * minuteMs, startMs + 20 * minuteMs];
	await t.throwsAsync(issuer.history(meter, fromMs, toMs), {code: 'ENTRY_UNKNOWN', message: /no reading in this period/});
	await anchorTally(world, 30);
	const silent = await verify(await issuer.history(meter, fromMs, toMs));
	t.deepEqual(failures(silent), []);
	t.is(silent.facts.history?.entries, 1, 'the newest before the period');
	t.like(completenessOf(silent), {state: 'complete', firstNumber: 6, lastNumber: 6, tallyNumber: 6});
	t.regex(silent.checks.find(({name}) => name === 'period')!.reason, /nothing that is shown was measured in the period/);
	t.regex(
		verdictText(silent),
		/complete {2}yes, as the agent numbered it: all that was logged of this channel from number 6 on .* until it was counted/,
	);

	for (let i = 40; i < 45; i += 1) await read(i, i);
	await anchorTally(world, 45);
	const between = await verify(await issuer.history(meter, fromMs, toMs));
	t.deepEqual(failures(between), []);
	t.is(between.facts.history?.entries, 1, 'the tally of minute 30 is enough');
	const wider = await verify(await issuer.history(meter, fromMs, startMs + 35 * minuteMs));
	t.deepEqual(failures(wider), []);
	t.is(wider.facts.history?.entries, 6, 'the one of minute 45 counts five more');
	t.like(completenessOf(wider), {state: 'complete', firstNumber: 6, lastNumber: 11});

	// Before the channel there was nothing: shown from its first entry on.
	const before = await verify(await issuer.history(meter, 1, startMs - 1000));
	t.deepEqual(failures(before), []);
	t.like(completenessOf(before), {state: 'complete', firstNumber: 1, lastNumber: 6});
});

test('a channel that was enrolled after the newest tally is not in it', async t => {
	const world = await createWorld(t);
	const {issuer, read, log, verify} = world;
	await read(0, 1);
	await anchorTally(world, 1);
	const young = enrolMeter(log, 'young');
	await log.settled();
	await t.throwsAsync(issuer.history(young, 0, startMs * 2), {code: 'ENTRY_UNKNOWN'});
	await append(log, [draftOf(young)]);
	t.is(completenessOf(await verify(await issuer.history(young, 0, startMs * 2)))?.state, 'later-unknown');
});

test('entries that were edited, a tally that the index contradicts, are never handed out as a history', async t => {
	const world = await createWorld(t);
	const {meter, read, reader, issuerWith} = world;
	for (let i = 0; i < 5; i += 1) await read(i, i);
	await anchorTally(world, 5);
	const edited = issuerWith({
		range: async function* (...args) {
			for await (const {index, entry} of reader.range(...args)) yield {index, entry: index === 4 ? entry.with(63, 7) : entry};
		},
	});
	await t.throwsAsync(edited.history(meter, 0, startMs * 2), {code: 'LOG_CORRUPT', message: /do not lead to the root that was signed/});
	const wrongIndex = issuerWith({
		tallyAt: async size => (await reader.tallyAt(size)).map(({subject, number}) => ({subject, number: number + 1})),
	});
	await t.throwsAsync(wrongIndex.history(meter, 0, startMs * 2), {
		code: 'LOG_CORRUPT',
		message: /does not count what the index of the log says/,
	});
});

test('a tally with more entries before it than a history holds gives way to an earlier one', async t => {
	const world = await createWorld(t);
	const {issuer, meter, read, verify} = world;
	await read(0, 1);
	const size = await anchorTally(world, 1);
	// As if the channel had gone on and on.
	meter.lastNumber += historyEntriesMax;
	await read(1500, 2);
	await anchorTally(world, 2000);
	const verdict = await verify(await issuer.history(meter, 0, startMs + 1200 * minuteMs));
	t.deepEqual(failures(verdict), []);
	t.is(verdict.facts.size, size);
	t.like(completenessOf(verdict), {state: 'complete', lastNumber: 2, tallyAtMs: startMs + minuteMs});
});
