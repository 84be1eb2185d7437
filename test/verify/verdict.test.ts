import test from 'ava';
import fc from 'fast-check';
import {utf8} from '../../agent/base/bytes.ts';
import {verifyEd25519} from '../../agent/base/ed25519.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {kinds, qualities} from '../../agent/format/entry.ts';
import {formatHistory} from '../../agent/format/history.ts';
import {formatReceipt} from '../../agent/format/receipt.ts';
import {describeEntry} from '../../agent/verify/facts.ts';
import {conclude, fail, noFacts, pass, skipped, verdictText} from '../../agent/verify/verdict.ts';
import {createVerifier} from '../../agent/verify/verifier.ts';
import {createSmallLog, energyUrn} from '../helpers/small-log.ts';

const log = createSmallLog();
const verifier = createVerifier({hasher: nodeHasher, verifySignature: verifyEd25519});

test('the text of a good receipt has its strength in a sentence and each check on a line', async t => {
	const receipt = log.receipt(3, {anchors: [log.anchor]});
	const verdict = await verifier.verify(utf8(formatReceipt(nodeHasher, receipt)), {...log.trustWithRegistry, anchors: [log.pin]});
	t.is(
		verdictText(verdict),
		`receipt: good, anchored
The log signed a checkpoint that covers it, and that checkpoint is anchored on a chain: the log cannot show another history there.

It says:
  log       harbour/1, size 11
  channel   urn:kedge:device:meter-1:energy-import
  entry     reading at index 3, number 2 of its channel
  value     energy-import 12000.000 Wh
  measured  2021-07-31T23:00:00.000Z by the device
  arrived   2021-07-31T23:00:00.120Z by the agent
  topic     meters/meter-1/energy
  sent by   meter-1
  payload   {"kwh":"12.0"}
  appended  before 2021-08-01T01:06:40.000Z, block 17 of chain 31337 (not checked: the file's word)
            nothing bounds the time of measuring
  anchor    chain 31337, block 17 of 2021-08-01T01:06:40.000Z, transaction 0xc3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3 (pinned)

  pass      form          it is whole and canonical
  pass      entry         an entry of version 1
  pass      checkpoint    a checkpoint of "harbour/1" at size 11
  pass      signature     signed by key e27d4771 of "harbour/1"
  pass      inclusion     the entry is at index 3 of the tree of size 11
  pass      channel       the entry is of urn:kedge:device:meter-1:energy-import
  pass      arrival       the reading came from 14 bytes on topic "meters/meter-1/energy"
  pass      pinned        the trust file has this size and root on chain 31337 at 0xa1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1
  pass      anchor        pinned on chain 31337 at 0xa1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1; block and transaction were not looked up
`,
	);
});

test('the text of a bad file says so first, and calls its facts claims', async t => {
	const bad = await verifier.verify(utf8(formatHistory(nodeHasher, log.history(energyUrn))), {...log.trust, logs: []});
	const text = verdictText(bad);
	t.regex(text, /^history: NOT GOOD\nNothing is shown/);
	t.regex(text, /\nIt claims:\n/);
	t.regex(text, /\n {2}fail {6}signature {5}no trusted key for origin "harbour\/1"\n/);
	t.regex(verdictText(await verifier.verify(utf8('hello'), log.trust)), /^unknown file: NOT GOOD\n/);
});

test('nothing that a file says can make a line of its own or reach the terminal', t => {
	const nasty = 'a\n  pass      form \u001b[2J\u009b31m\u202e\u2028\u0007\r\u{e0001}b';
	const text = verdictText(conclude('receipt', [fail('form', nasty)], {...noFacts, origin: nasty, size: 1, channel: nasty}));
	t.false(/[^\n\u0020-\u007e]/.test(text));
	t.is(text.split('\n').length, 9);
	const any = fc.string({unit: 'binary', maxLength: 400});
	fc.assert(
		fc.property(any, any, (reason, urn) => {
			const rendered = verdictText(conclude('receipt', [fail('form', reason)], {...noFacts, channel: urn}));
			return rendered.split('\n').length === 8 && !/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(rendered.replaceAll('\n', ''));
		}),
		{numRuns: 300},
	);
});

test('the message that a receipt shows is printed where it is text, cut and escaped', t => {
	const arrival = {topic: 't', identity: 'm', decoder: 'json/1', payloadLength: 3, payloadText: undefined, signature: undefined};
	const payloadOf = (facts: {payloadText?: string}): string | undefined =>
		/^ {2}payload {3}(.*)$/m.exec(verdictText(conclude('receipt', [], {...noFacts, arrival: {...arrival, ...facts}})))?.[1];
	t.is(payloadOf({}), '3 bytes that are not text');
	t.is(payloadOf({payloadText: ''}), 'empty');
	t.is(payloadOf({payloadText: '{"v":1}\n\u001b[2J'}), '{"v":1}\\u{a}\\u{1b}[2J');
	t.is(payloadOf({payloadText: 'x'.repeat(100_000)}), `${'x'.repeat(400)}…`);
});

test('names and values stand in columns of their own, however long the names are', t => {
	const identity = {
		urn: 'urn:kedge:device:m',
		event: 'enrolled',
		index: 3,
		key: undefined,
		certificate: undefined,
		calibration: {sha256: 'ab', notBefore: '2024-01-01', notAfter: '2024-12-31'},
		owner: undefined,
		registry: undefined,
	};
	const textOf = (isCalibrated: boolean): string =>
		verdictText(
			conclude('receipt', [pass('form', 'whole'), pass('device-signature', 'signed')], {...noFacts, identity: {...identity, isCalibrated}}),
		);
	const good = textOf(true);
	t.regex(good, /^ {2}device {5}urn:kedge:device:m, enrolled at index 3$/m);
	t.regex(good, /^ {2}calibrated 2024-01-01 to 2024-12-31, certificate file ab$/m);
	t.regex(good, /^ {2}pass {6}form {13}whole$/m);
	t.regex(good, /^ {2}pass {6}device-signature signed$/m);
	t.notRegex(good, /NOT VALID/);
	t.regex(textOf(false), /claims:\n {2}calibration NOT VALID when it was measured \(2024-01-01 to 2024-12-31\)\n {2}device /);
});

test('the marks of a reading are said in words, and unknown ones by their name', t => {
	const {entry} = log.entries[3]!;
	const marked = describeEntry({...entry, quality: qualities.late | qualities.uncalibrated | (1 << 20)}, 3);
	t.regex(
		verdictText(conclude('receipt', [], {...noFacts, entry: marked})),
		/^ {2}quality {3}late \(it arrived long after it was measured\); uncalibrated \(no calibration of its device held\); bit-20$/m,
	);
	const stated = describeEntry({...entry, quality: qualities.correction, measuredAtMs: 0}, 3);
	const text = verdictText(conclude('receipt', [], {...noFacts, entry: stated}));
	t.regex(text, /^ {2}stated {4}by the owner, for a reading without a time of the device$/m);
	t.regex(text, /^ {2}corrects {2}not shown: `kedge prove 3 --with-arrival` shows it$/m);
});

test('times beyond the calendar are printed as numbers', t => {
	const history = {
		fromMs: 0,
		toMs: Number.MAX_SAFE_INTEGER,
		entries: 0,
		first: undefined,
		last: undefined,
		readings: {count: 0, untimed: 0, first: undefined, last: undefined},
		corrections: {count: 0, links: []},
		register: undefined,
		completeness: undefined,
		notes: {gaps: 1, gapNumbers: '12', silences: 2},
	};
	const text = verdictText(conclude('history', [fail('form', 'x')], {...noFacts, history}));
	t.regex(text, /1970-01-01T00:00:00\.000Z to 9007199254740991 ms/);
	t.regex(text, /\n {2}gaps {6}the device's own numbering jumps once, over 12 numbers in all\n/);
	t.regex(text, /\n {2}silence {3}the channel was silent beyond the cadence of its device 2 times\n/);
});

test('a verdict is good only if all that commits passed and nothing failed', t => {
	const needed = (['form', 'entry', 'checkpoint', 'signature', 'inclusion'] as const).map(name => pass(name, ''));
	t.like(conclude('receipt', needed, noFacts), {good: true, strength: 'committed'});
	t.like(conclude('receipt', needed, noFacts, 'final'), {good: true, strength: 'final'});
	for (let i = 0; i < needed.length; i += 1) {
		t.like(conclude('receipt', needed.with(i, skipped(needed[i]!.name, '')), noFacts, 'final'), {good: false, strength: 'none'});
	}
	t.like(conclude('receipt', [...needed, fail('anchor', '')], noFacts, 'final'), {good: false, strength: 'none'});
	t.like(conclude('receipt', [...needed, skipped('anchor', '')], noFacts), {good: true, strength: 'committed'});
});

test('facts of an entry name what they can and number what they cannot', t => {
	const {entry} = log.entries[3]!;
	t.like(describeEntry({...entry, quality: qualities.noValue | qualities.late | (1 << 20)}, 7), {
		index: 7,
		value: undefined,
		qualities: ['late', 'noValue', 'bit-20'],
	});
	t.like(describeEntry({...entry, quantity: 4, span: 900_000}, 0), {quantity: 'energy-interval', spanMs: 900_000, counterEpoch: undefined});
	t.like(describeEntry({...entry, quantity: 60_000, measuredAtMs: 0}, 0), {
		quantity: 'quantity-60000',
		unit: undefined,
		measuredAtMs: undefined,
	});
	t.like(describeEntry({...entry, kind: kinds.note, quantity: 2}, 0), {kind: 'note', quantity: 'eviction'});
	t.like(describeEntry({...entry, kind: 9 as never, quantity: 3}, 0), {kind: 'kind-9', quantity: 'quantity-3'});
	t.like(describeEntry({...entry, value: -(2n ** 63n), exponent: -128}, 0), {unit: 'Wh'});
	t.is(describeEntry({...entry, value: -5n, exponent: 3}, 0).value, '-5000');
});
