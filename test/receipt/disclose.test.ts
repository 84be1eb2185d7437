// Disclosures made from a real log on a disk, checked by the real verifier with nothing but the log's key: what is opened is proven, what is not stays hidden, and nobody makes it one for somebody else.
import test, {type ExecutionContext} from 'ava';
import fc from 'fast-check';
import {toBase64, toHex} from '../../agent/base/bytes.ts';
import {createEd25519Signer, verifyEd25519} from '../../agent/base/ed25519.ts';
import {AgentError} from '../../agent/base/errors.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {encodeArrival} from '../../agent/format/arrival.ts';
import {correctionArrival, encodeCorrection} from '../../agent/format/correction.ts';
import {type Disclosure, disclosureMessage, formatDisclosure, parseDisclosure} from '../../agent/format/disclosure.ts';
import {decodeEntry, encodeEntry, entryLeafHash, entryLength, qualities} from '../../agent/format/entry.ts';
import {emptyTrust, type Trust} from '../../agent/format/trust.ts';
import type {Channel} from '../../agent/log/channels.ts';
import type {Log} from '../../agent/log/log.ts';
import type {LogReader} from '../../agent/log/reader.ts';
import {createDiscloser, type Discloser} from '../../agent/receipt/disclose.ts';
import {createIssuer} from '../../agent/receipt/issue.ts';
import {type Verdict, verdictText} from '../../agent/verify/verdict.ts';
import {createVerifier} from '../../agent/verify/verifier.ts';
import {append, createLogWorld, draftOf, enrolMeter, signer, startMs} from '../helpers/log-world.ts';

const minuteMs = 60_000;
const reader = {name: 'City Court', purpose: 'case 17', madeAtMs: startMs};

type World = {
	readonly log: Log;
	readonly reader: LogReader;
	readonly meter: Channel;
	readonly trust: Trust;
	readonly discloser: Discloser<Channel>;
	/** Appends a reading of the meter, measured so many minutes after the start; gives its index. */
	readonly read: (minute: number, value: number, changes?: Parameters<typeof draftOf>[1]) => Promise<number>;
	readonly verify: (text: string) => Promise<Verdict>;
};

async function createWorld(t: ExecutionContext): Promise<World> {
	const world = await createLogWorld(t);
	const log = await world.open();
	const meter = enrolMeter(log, 'meter-1');
	await log.settled();
	const logReader = await world.reader();
	const trust: Trust = {...emptyTrust, logs: [log.key]};
	const verifier = createVerifier({hasher: nodeHasher, verifySignature: verifyEd25519});
	const {head, entry, source, inclusion, multiproof, range, between, at, tallyAt} = logReader;
	const channelOf = async (subject: Uint8Array) => (await logReader.channels()).find(channel => toHex(channel.subject) === toHex(subject));
	const needs = {
		hasher: nodeHasher,
		head,
		entry,
		source,
		inclusion,
		multiproof,
		range,
		between,
		at,
		tallyAt,
		channelOf,
		deviceOf: async () => undefined,
		anchoredAbove: async () => undefined,
	};
	const discloser = createDiscloser<Channel>({...needs, history: createIssuer<Channel>(needs).history, sign: signer.sign});
	return {
		log,
		reader: logReader,
		meter,
		trust,
		discloser,
		read: (minute, value, changes = {}) => {
			const payload = Buffer.from(`{"kwh":"${value}"}`);
			const record = encodeArrival({
				topic: 'meters/meter-1',
				payload,
				flags: 1,
				identity: 'meter-1',
				arrivedAtMs: startMs,
				deviceSignature: new Uint8Array(0),
				decoder: 'json/1',
			});
			return append(log, [draftOf(meter, {value: BigInt(value), measuredAtMs: startMs + minute * minuteMs, ...changes})], {record});
		},
		verify: text => verifier.verify(Buffer.from(text), trust),
	};
}

const failures = (verdict: Verdict): string[] =>
	verdict.checks.filter(({result}) => result === 'fail').map(({name, reason}) => `${name}: ${reason}`);
const resultOf = (verdict: Verdict, name: string): string | undefined => verdict.checks.find(check => check.name === name)?.result;

function parsed(text: string): Disclosure {
	const found = parseDisclosure(nodeHasher, Buffer.from(text));
	if ('problem' in found) throw new Error(found.problem);
	return found.value;
}

test('a month of energy is shown by two readings and nothing of the curve between them', async t => {
	const {read, discloser, meter, verify} = await createWorld(t);
	for (let minute = 0; minute <= 60; minute += 1) await read(minute, 1000 + 7 * minute);
	const text = await discloser.register(reader, meter, startMs + 10 * minuteMs, startMs + 50 * minuteMs + 30_000);
	const verdict = await verify(text);
	t.deepEqual(failures(verdict), []);
	t.true(verdict.good);
	const {disclosure} = verdict.facts;
	t.is(disclosure?.entries, 2);
	t.is(disclosure?.register?.total, '0.280');
	t.is(disclosure?.register?.unit, 'Wh');
	t.is(disclosure?.reader, 'City Court');
	t.is(resultOf(verdict, 'reader'), 'pass');
	t.is(resultOf(verdict, 'register'), 'pass');
	t.regex(verdictText(verdict), /City Court[\s\S]*case 17[\s\S]*0\.280 Wh between 2023-11-14T22:23:20.000Z and 2023-11-14T23:03:20.000Z/);
	// Two entries, and not a byte of any other.
	t.is(parsed(text).entries.length, 2 * entryLength);
	t.true(text.length < 4000);
});

test('a counter that began anew is shown by a pair for each of its lives; readings that do not count or were corrected are passed over', async t => {
	const {log, read, discloser, meter, verify, reader: logReader} = await createWorld(t);
	await read(0, 1000);
	await read(1, 5555, {quality: qualities.estimated});
	const wrong = await read(2, 9000);
	await read(3, 3000);
	await read(4, 10, {span: 1});
	await read(5, 60, {span: 1});
	await read(6, 0, {span: 2});
	const leaf = toHex(entryLeafHash(nodeHasher, await logReader.entry(wrong)));
	const {number} = decodeEntry(await logReader.entry(wrong));
	const payload = encodeCorrection({corrects: {index: wrong, number, leaf}, value: '2', unit: 'Wh', reason: 'misread'});
	const record = encodeArrival({...correctionArrival, payload, flags: 0, arrivedAtMs: startMs, deviceSignature: new Uint8Array(0)});
	await append(
		log,
		[
			draftOf(meter, {
				value: 2000n,
				measuredAtMs: startMs + 2 * minuteMs,
				quality: qualities.correction | qualities.substituted,
				key: undefined,
				keyTop: undefined,
			}),
		],
		{record},
	);

	const verdict = await verify(await discloser.register(reader, meter, startMs + 2 * minuteMs, startMs + 10 * minuteMs));
	t.deepEqual(failures(verdict), []);
	const register = verdict.facts.disclosure?.register;
	// At its beginning the newest that counts is that of minute 0; the third life has one reading, which is no pair.
	t.deepEqual(
		register?.pairs.map(({from, to, rise}) => [from.value, to.value, rise]),
		[
			['1.000', '3.000', '2.000'],
			['0.010', '0.060', '0.050'],
		],
	);
	t.is(register?.total, '2.050');
	t.regex(verdictText(verdict), /at least 2\.050 Wh[\s\S]*began to count anew/);

	const none = await t.throwsAsync(discloser.register(reader, meter, startMs + 6 * minuteMs, startMs + 10 * minuteMs), {
		instanceOf: AgentError,
	});
	t.is(none?.code, 'ENTRY_UNKNOWN');
});

test('entries chosen one by one are opened as far as they are to be', async t => {
	const {read, discloser, verify, meter} = await createWorld(t);
	const indexes: number[] = [];
	for (let minute = 0; minute < 9; minute += 1) indexes.push(await read(minute, 100 + minute));
	const chosen = [indexes[5]!, indexes[1]!, indexes[5]!];
	const plain = await verify(await discloser.entries(reader, {indexes: chosen}));
	t.deepEqual(failures(plain), []);
	t.is(plain.facts.disclosure?.entries, 2);
	t.deepEqual(
		plain.facts.disclosure?.channels.map(({urn, readings}) => [urn, readings]),
		[[meter.urn, 2]],
	);
	t.is(resultOf(plain, 'arrival'), 'skipped');

	const open = await verify(await discloser.entries(reader, {indexes: chosen, withSources: true}));
	t.deepEqual(failures(open), []);
	t.is(open.facts.disclosure?.sources, 2);
	t.is(resultOf(open, 'arrival'), 'pass');

	const closedText = await discloser.entries(reader, {indexes: chosen, withChannels: false});
	const closed = await verify(closedText);
	t.deepEqual(failures(closed), []);
	t.is(closed.facts.disclosure?.unnamed, 2);
	t.notRegex(closedText, /meter-1/);

	const period = await verify(await discloser.channel(reader, meter, startMs + minuteMs, startMs + 3 * minuteMs));
	t.deepEqual(failures(period), []);
	t.is(period.facts.disclosure?.channels[0]?.readings, 3);

	for (const [wrong, code] of [
		[discloser.entries(reader, {indexes: [indexes[0]!], withChannels: false, withSources: true}), 'ARGUMENT_INVALID'],
		[discloser.entries(reader, {indexes: []}), 'ARGUMENT_INVALID'],
		[discloser.entries(reader, {indexes: [10_000]}), 'ENTRY_UNKNOWN'],
		[discloser.entries({...reader, name: ' '}, {indexes}), 'ARGUMENT_INVALID'],
		[discloser.entries({...reader, name: 'two\nlines'}, {indexes}), 'ARGUMENT_INVALID'],
	] as const)
		t.is((await t.throwsAsync(wrong, {instanceOf: AgentError}))?.code, code);
});

test('no byte of a disclosure can be changed, and nobody without the key makes it one for somebody else', async t => {
	const {read, discloser, meter, verify, trust} = await createWorld(t);
	for (let minute = 0; minute < 5; minute += 1) await read(minute, 1000 + minute);
	const text = await discloser.register(reader, meter, startMs, startMs + 4 * minuteMs);
	t.true((await verify(text)).good);
	const bytes = new Uint8Array(Buffer.from(text));
	const verifier = createVerifier({hasher: nodeHasher, verifySignature: verifyEd25519});
	for (let at = 0; at < bytes.length; at += 1) {
		const changed = bytes.slice();
		changed[at]! ^= 1 << (at % 8);
		const verdict = await verifier.verify(changed, trust);
		if (verdict.good) t.fail(`byte ${at} can be changed`);
	}
	// A forger makes the digest anew; the signature is what stops him.
	const disclosure = parsed(text);
	const forgeries: readonly Partial<Disclosure>[] = [
		{reader: {...disclosure.reader, name: 'Somebody Else'}},
		{reader: {...disclosure.reader, purpose: ''}},
		{reader: {...disclosure.reader, madeAtMs: 0}},
		{period: {fromMs: 0, toMs: startMs * 2}},
		{register: undefined},
		{subjects: []},
		{signature: createEd25519Signer(new Uint8Array(32).fill(2)).sign(disclosureMessage(nodeHasher, disclosure))},
	];
	for (const forgery of forgeries) {
		const verdict = await verify(formatDisclosure(nodeHasher, {...disclosure, ...forgery}));
		t.false(verdict.good);
		t.is(resultOf(verdict, 'reader'), 'fail', JSON.stringify(Object.keys(forgery)));
	}
	// Whoever has the key still cannot show what is not in the log.
	const entries = disclosure.entries.slice();
	entries[60]! ^= 1;
	const lie = {...disclosure, entries};
	const verdict = await verify(formatDisclosure(nodeHasher, {...lie, signature: signer.sign(disclosureMessage(nodeHasher, lie))}));
	t.is(resultOf(verdict, 'reader'), 'pass');
	t.is(resultOf(verdict, 'inclusion'), 'fail');
	// Nor is a signature under a checkpoint one under a disclosure.
	t.is(disclosureMessage(nodeHasher, disclosure)[19], 0);
});

test('whatever is changed in the fields of a disclosure, no verdict throws and none is good', async t => {
	const {read, discloser, meter, verify} = await createWorld(t);
	for (let minute = 0; minute < 5; minute += 1) await read(minute, 1000 + minute);
	const disclosure = parsed(await discloser.register(reader, meter, startMs, startMs + 4 * minuteMs));
	const count = fc.integer({min: 0, max: 9});
	await fc.assert(
		fc.asyncProperty(
			fc.record({
				indexes: fc.option(fc.uniqueArray(count, {minLength: 2, maxLength: 2}), {nil: disclosure.indexes}),
				register: fc.option(fc.record({of: count, pairs: fc.array(fc.record({from: count, to: count}), {maxLength: 3})}), {
					nil: disclosure.register,
				}),
				period: fc.option(fc.record({fromMs: count, toMs: count}), {nil: disclosure.period}),
			}),
			async changes => {
				const changed = {...disclosure, ...changes};
				const verdict = await verify(
					formatDisclosure(nodeHasher, {...changed, signature: signer.sign(disclosureMessage(nodeHasher, changed))}),
				);
				const isSame =
					JSON.stringify(changes) ===
					JSON.stringify({indexes: disclosure.indexes, register: disclosure.register, period: disclosure.period});
				// Signed by whoever has the key, a period or a claim may differ; entries elsewhere in the tree may not.
				if (!isSame && JSON.stringify(changes.indexes) !== JSON.stringify(disclosure.indexes)) t.false(verdict.good);
				t.is(verdict.document, 'disclosure');
			},
		),
		{numRuns: 60},
	);
});

test('what is hidden cannot be guessed, though all of it but the salt is known', async t => {
	const {read, discloser, reader: logReader} = await createWorld(t);
	const indexes: number[] = [];
	for (let minute = 0; minute < 8; minute += 1) indexes.push(await read(minute, 1000 + minute));
	const shown = indexes.find(index => index % 2 === 0)!;
	const neighbour = await logReader.entry(shown + 1);
	const {proof} = parsed(await discloser.entries(reader, {indexes: [shown]}));
	const hashes = new Set(Array.from({length: proof.length / 32}, (_, i) => toBase64(proof.subarray(i * 32, (i + 1) * 32))));
	// The neighbour's leaf is in the proof: this is what a curious reader holds of it.
	t.true(hashes.has(toBase64(entryLeafHash(nodeHasher, neighbour))));
	const known = decodeEntry(neighbour);
	for (let guess = 0; guess < 20_000; guess += 1) {
		const salt = nodeHasher.sha256(Buffer.from(`guess ${guess}`)).slice(0, 16);
		if (hashes.has(toBase64(entryLeafHash(nodeHasher, encodeEntry({...known, salt}))))) t.fail('guessed');
	}
	// Two entries that say the same have nothing in common but what is said.
	const [one, two] = [await read(20, 5), await read(20, 5, {key: undefined, keyTop: undefined})];
	const [first, second] = [decodeEntry(await logReader.entry(one)), decodeEntry(await logReader.entry(two))];
	t.is(first.value, second.value);
	t.notDeepEqual(first.salt, second.salt);
});
