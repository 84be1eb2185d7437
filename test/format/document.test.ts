import test from 'ava';
import {AbiCoder, keccak256} from 'ethers';
import fc from 'fast-check';
import {equalBytes, toHex, utf8} from '../../agent/base/bytes.ts';
import {portableHasher} from '../../agent/base/hash.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {
	canonicalText,
	canonicalTextWithDigest,
	documentPartsMax,
	type Json,
	parseDocument,
	shapeError,
} from '../../agent/format/document.ts';
import {
	type BlockProof,
	headerLengthMax,
	proofNodeLengthMax,
	proofNodesMax,
	type TimestampRecord,
	timestampsMax,
	tokenLengthMax,
} from '../../agent/format/evidence.ts';
import {formatHistory, parseHistory} from '../../agent/format/history.ts';
import {anchorLogId, originHash} from '../../agent/format/log-id.ts';
import {formatNoteKey} from '../../agent/format/note.ts';
import {formatReceipt, parseReceipt, type Receipt} from '../../agent/format/receipt.ts';
import {formatTrust, parseTrust, type Trust} from '../../agent/format/trust.ts';
import {createSmallLog, energyUrn} from '../helpers/small-log.ts';

const log = createSmallLog();
const problemOf = (parsed: object): string => ('problem' in parsed ? String(parsed.problem) : '');

test('a receipt and a history are read back as they were written', t => {
	const receipts = [
		log.receipt(3),
		log.receipt(0, {anchors: [log.anchor, log.anchor]}),
		log.receipt(4, {subject: undefined, arrival: undefined}),
	];
	for (const receipt of receipts) {
		t.deepEqual(parseReceipt(nodeHasher, utf8(formatReceipt(nodeHasher, receipt))), {value: receipt});
	}
	const history = log.history(energyUrn, {anchors: [log.anchor]});
	const parsed = parseHistory(nodeHasher, utf8(formatHistory(nodeHasher, history)));
	t.is(problemOf(parsed), '');
	t.true('value' in parsed && formatHistory(portableHasher, parsed.value) === formatHistory(nodeHasher, history));
});

test('the digest closes the document and covers all of it', t => {
	const text = canonicalTextWithDigest(nodeHasher, {a: 1, b: {c: []}});
	const found = JSON.parse(text) as {readonly [key: string]: Json};
	t.deepEqual(Object.keys(found), ['a', 'b', 'digest']);
	t.is(canonicalText(found), text);
	const expected = nodeHasher.sha256(utf8(`kedge/document/v1\0${canonicalText({a: 1, b: {c: []}})}`));
	t.is(found.digest as string, toHex(expected));
});

test('a receipt with a changed value under the old digest is refused', t => {
	const text = formatReceipt(nodeHasher, log.receipt(3, {anchors: [log.anchor]}));
	t.regex(problemOf(parseReceipt(nodeHasher, utf8(text.replace('"blockNumber": 17', '"blockNumber": 18')))), /damaged or changed/);
	t.regex(problemOf(parseReceipt(nodeHasher, utf8(text.replace(/"digest": "./, '"digest": "G')))), /damaged or changed/);
});

test('what has the wrong shape is refused by the name of what is wrong', t => {
	const text = formatReceipt(nodeHasher, log.receipt(3, {anchors: [log.anchor]}));
	const change = (from: string | RegExp, to: string): string => problemOf(parseReceipt(nodeHasher, utf8(text.replace(from, to))));
	t.regex(change('"kedge receipt 1"', '"kedge receipt 2"'), /not in canonical form/, 'there is no identity in it');
	t.regex(change('"kedge receipt 1"', '"kedge receipt 3"'), /not in canonical form/, 'nor a proof of a block');
	t.is(change('"kedge receipt 1"', '"kedge receipt 4"'), 'format is not "kedge receipt 1", "kedge receipt 2" or "kedge receipt 3"');
	t.is(change('"entry": "', '"entry": "AAAA'), 'entry has 121 bytes, not 118');
	t.is(change('"entry": "', '"entry": "*'), 'entry is not canonical base64');
	t.is(change('"chainId": 31337', '"chainId": -1'), 'anchors[0].chainId is not a whole number');
	t.is(change('"chainId": 31337', '"chainId": 9007199254740992'), 'anchors[0].chainId is not a whole number');
	t.is(change('"chainId": 31337', '"chainId": "31337"'), 'anchors[0].chainId is not a whole number');
	t.is(change('"registry": "0xa1', '"registry": "0xA1'), 'registry is not lower-case hexadecimal of the right length');
	t.is(change(/"anchors": \[[^\]]*\]/, '"anchors": {}'), 'anchors is not a list');
	t.is(change(/"anchors": \[[^\]]*\]/, '"anchors": [null]'), 'anchors[0] is not an object');
	t.is(change(/"anchors": \[[^\]]*\]/, `"anchors": [${'{},'.repeat(16)}{}]`), 'anchors has 17 items, more than 16');
	t.is(change('"urn": "urn', '"urn": "\\ud800urn'), 'subject.urn has half of a surrogate pair');
	t.is(change('"subject": {', '"subject": null, "x": {'), 'subject is not an object');
	t.is(problemOf(parseReceipt(nodeHasher, utf8('[]'))), 'the document is not an object');
	t.is(problemOf(parseReceipt(nodeHasher, utf8('{'))), 'it is not JSON');
	t.is(problemOf(parseReceipt(nodeHasher, Uint8Array.of(0xff))), 'it is not UTF-8');
	t.regex(problemOf(parseReceipt(nodeHasher, new Uint8Array(5_000_000))), /at most 4194304 are read/);
});

test('other white space, order, spelling, repeated and unknown keys have another text than the canonical one', t => {
	const read = (text: string) =>
		parseDocument(
			utf8(text),
			1000,
			fields => ({a: fields.count('a'), b: fields.text('b')}),
			({a, b}) => canonicalText({a, b}),
		);
	const text = canonicalText({a: 1, b: 'x'});
	t.deepEqual(read(text), {value: {a: 1, b: 'x'}});
	for (const changed of [
		text.replaceAll('\t', '  '),
		text.trimEnd(),
		`${text}\n`,
		canonicalText({b: 'x', a: 1}),
		text.replace('1', '1.0'),
		text.replace('1', '1e0'),
		text.replace('1', '-0'),
		text.replace('"x"', '"\\u0078"'),
		text.replace('{', '{\n\t"a": 2,'),
		text.replace('{', '{\n\t"c": 2,'),
		text.replace('{', '{\n\t"__proto__": {"c": 1},'),
		text.replace('{', '{\n\t"constructor": 1,'),
	]) {
		t.regex(problemOf(read(changed)), /canonical form/, changed);
	}
	t.is(problemOf(read('{"__proto__": {"a": 1, "b": "x"}}')), 'a is not a whole number');
	t.throws(() =>
		parseDocument(
			utf8('{}'),
			10,
			() => {
				throw new TypeError('a mistake of ours');
			},
			() => '',
		),
	);
	t.is(
		problemOf(
			parseDocument(
				utf8('{}'),
				10,
				() => shapeError('no'),
				() => '',
			),
		),
		'no',
	);
});

test('a document of very many parts is refused before one of them is made, and one of long texts is not', t => {
	const many = documentPartsMax + 1;
	const bombs = [
		`"entries": [${'[],'.repeat(many)}[]]`,
		`"entries": [${'{},'.repeat(many)}{}]`,
		`"entries": [${'0,'.repeat(many)}0]`,
		`"entries": ${'['.repeat(many)}${']'.repeat(many)}`,
		Array.from({length: many}, (_, i) => `"k${i}": 0`).join(','),
	];
	for (const bomb of bombs) {
		const parsed = parseHistory(nodeHasher, utf8(`{"format": "kedge history 2", ${bomb}}`));
		t.is(problemOf(parsed), `it has more than ${documentPartsMax} parts`);
	}
	let read = 0;
	const text = canonicalText({long: 'A'.repeat(8 * many), few: [1, 2, 3]});
	parseDocument(
		utf8(text),
		text.length,
		fields => {
			read += fields.text('long').length;
			return text;
		},
		() => text,
	);
	t.is(read, 8 * many);
});

test('any bytes as a document are answered without a throw', t => {
	fc.assert(
		fc.property(fc.oneof(fc.uint8Array({maxLength: 100}), fc.json().map(utf8)), bytes => {
			const parsers = [parseReceipt, parseHistory, parseTrust];
			return parsers.every(parse => 'problem' in parse(nodeHasher, bytes));
		}),
		{numRuns: 500},
	);
	t.pass();
});

const trust: Trust = {...log.trustWithRegistry, anchors: [log.pin]};
const widerTrust: Trust = {
	...trust,
	blocks: [
		{chainId: 1, number: 17, hash: `0x${'d4'.repeat(32)}`},
		{chainId: 1, number: 18, hash: `0x${'d5'.repeat(32)}`, timeS: 1_627_780_012},
	],
	authorities: [{name: 'a time-stamp authority', certificate: Uint8Array.of(0x30, 3, 2, 1, 1)}],
	anchorsNeeded: 2,
};
const proof: BlockProof = {header: Uint8Array.of(0xc1, 1), transactionIndex: 7, nodes: [Uint8Array.of(0xc2, 1, 2), Uint8Array.of(0xc0)]};
const provenAnchor = {...log.anchor, proof};
const timestamps: readonly TimestampRecord[] = [{authority: 'a time-stamp authority', token: Uint8Array.of(0x30, 0)}];

test('a proof of a block, a time stamp or a beacon makes a document of the next number, and is read back; without them it is what it was', t => {
	const beacon = {entry: log.entries[2]!.bytes, body: log.entries[2]!.source, proof: 'a proof'};
	for (const changes of [{anchors: [log.anchor, provenAnchor]}, {timestamps}, {anchors: [provenAnchor], timestamps, beacon}, {beacon}]) {
		const receipt = log.receipt(3, changes);
		const text = formatReceipt(nodeHasher, receipt);
		t.true(text.startsWith('{\n\t"format": "kedge receipt 3",'));
		t.deepEqual(parseReceipt(nodeHasher, utf8(text)), {value: receipt});
		const history = log.history(energyUrn, {anchors: [], timestamps: [], ...changes});
		const historyText = formatHistory(nodeHasher, history);
		if ('beacon' in changes && !('anchors' in changes)) continue;
		t.true(historyText.startsWith('{\n\t"format": "kedge history 3",'));
		const parsed = parseHistory(nodeHasher, utf8(historyText));
		t.true('value' in parsed && formatHistory(portableHasher, parsed.value) === historyText, problemOf(parsed));
	}
	t.true(formatReceipt(nodeHasher, log.receipt(3, {anchors: [log.anchor]})).startsWith('{\n\t"format": "kedge receipt 1",'));
	t.true(formatHistory(nodeHasher, log.history(energyUrn, {anchors: [log.anchor]})).startsWith('{\n\t"format": "kedge history 2",'));
});

test('proofs and time stamps that are too large, too many or in another form are refused by the name of what is wrong', t => {
	const problem = (changes: Partial<Receipt>): string =>
		problemOf(parseReceipt(nodeHasher, utf8(formatReceipt(nodeHasher, log.receipt(3, changes)))));
	const proven = (changes: Partial<BlockProof>): string => problem({anchors: [{...log.anchor, proof: {...proof, ...changes}}]});
	t.is(proven({header: new Uint8Array(headerLengthMax)}), '');
	t.is(proven({header: new Uint8Array(headerLengthMax + 1)}), `header has ${headerLengthMax + 1} bytes, more than ${headerLengthMax}`);
	t.is(proven({transactionIndex: -1}), 'anchors[0].proof.transactionIndex is not a whole number');
	t.regex(proven({nodes: Array.from({length: proofNodesMax + 1}, () => new Uint8Array(1))}), /has 17 items, more than 16/);
	t.regex(proven({nodes: [new Uint8Array(proofNodeLengthMax + 1)]}), /a node of a block proof has \d+ bytes, more than \d+/);
	t.regex(problem({timestamps: Array.from({length: timestampsMax + 1}, () => timestamps[0]!)}), /timestamps has 9 items, more than 8/);
	t.regex(problem({timestamps: [{authority: '', token: new Uint8Array(tokenLengthMax + 1)}]}), /token has \d+ bytes, more than \d+/);
	t.regex(problem({timestamps: [{authority: 'a'.repeat(201), token: new Uint8Array(1)}]}), /authority is longer than 200/);
	const text = formatReceipt(nodeHasher, log.receipt(3, {anchors: [provenAnchor], timestamps}));
	const change = (from: string | RegExp, to: string): string => problemOf(parseReceipt(nodeHasher, utf8(text.replace(from, to))));
	t.is(change('"wQE="', '"wQF="'), 'anchors[0].proof.header is not canonical base64');
	t.is(change('"wgEC"', '"wgE"'), 'a node of a block proof is not canonical base64');
	t.is(change('"wgEC"', '7'), 'anchors[0].proof.nodes[0] is not a text');
	t.regex(change(/"timestamps": \[[^\]]*\]/, '"timestamps": []'), /not in canonical form/);
	t.regex(change('"kedge receipt 3"', '"kedge receipt 1"'), /not in canonical form/);
});

test('a trust file with blocks, authorities or a number of anchors is read back and refused as strictly', t => {
	const text = formatTrust(widerTrust);
	t.true(text.startsWith('{\n\t"format": "kedge trust 2",'));
	t.true(formatTrust(trust).startsWith('{\n\t"format": "kedge trust 1",'));
	const parsed = parseTrust(nodeHasher, utf8(JSON.stringify(JSON.parse(text))));
	t.true('value' in parsed && formatTrust(parsed.value) === text, problemOf(parsed));
	for (const part of [{blocks: widerTrust.blocks}, {authorities: widerTrust.authorities}, {anchorsNeeded: 1}]) {
		const one = parseTrust(nodeHasher, utf8(formatTrust({...trust, ...part})));
		t.true('value' in one && formatTrust(one.value) === formatTrust({...trust, ...part}), problemOf(one));
	}
	const change = (from: string | RegExp, to: string): string => problemOf(parseTrust(nodeHasher, utf8(text.replace(from, to))));
	t.is(change('"kedge trust 2"', '"kedge trust 1"'), 'blocks is not a key that is known here');
	t.is(change('"timeS"', '"time"'), 'blocks[1].time is not a key that is known here');
	t.is(change('"certificate"', '"cert"'), 'authorities[0].cert is not a key that is known here');
	t.regex(change(`0x${'d4'.repeat(32)}`, '0xd4'), /hash "0xd4" of a pinned block is not/);
	t.is(change('"anchorsNeeded": 2', '"anchorsNeeded": 0'), 'anchorsNeeded is 0, not 1 to 24');
	t.is(change('"anchorsNeeded": 2', '"anchorsNeeded": 25'), 'anchorsNeeded is 25, not 1 to 24');
	t.is(change('"anchorsNeeded": 2', '"anchorsNeeded": "2"'), 'anchorsNeeded is not a whole number');
});

test('a trust file is read back, in any order and white space, with addresses in any case', t => {
	const text = formatTrust(trust);
	const same = (changed: string): void => {
		const parsed = parseTrust(portableHasher, utf8(changed));
		t.is(problemOf(parsed), '', changed);
		t.true('value' in parsed && formatTrust(parsed.value) === text);
	};
	same(text);
	same(JSON.stringify(JSON.parse(text)));
	same(JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(text) as object).reverse()), null, 7));
	same(text.replaceAll('0xa1a1', '0xA1a1'));
	const parsed = parseTrust(nodeHasher, utf8(text));
	t.true('value' in parsed && equalBytes(parsed.value.anchors[0]!.root, log.pin.root));
});

test('a trust file with a misspelt key or a wrong value is refused by its name', t => {
	const text = formatTrust(trust);
	const change = (from: string, to: string): string => problemOf(parseTrust(nodeHasher, utf8(text.replace(from, to))));
	t.is(change('"anchors"', '"anchor"'), 'anchor is not a key that is known here');
	t.is(change('"opener"', '"owner"'), 'registries[0].owner is not a key that is known here');
	t.is(change('"size": 11', '"size": 11, "__proto__": {}'), 'anchors[0].__proto__ is not a key that is known here');
	t.is(change('"kedge trust 1"', '"kedge trust 3"'), 'format is not "kedge trust 1" or "kedge trust 2"');
	t.regex(change(formatNoteKey(log.key), 'harbour/1+00000000+AAAA'), /is not an Ed25519 vkey/);
	t.regex(change('0xa1a1', '0xa1'), /is not an address/);
	t.regex(change('"root": "', '"root": "AAAA'), /not 32 bytes/);
	t.is(problemOf(parseTrust(nodeHasher, utf8('{"format":"kedge trust 1"}'))), 'logs is not a list');
	t.regex(problemOf(parseTrust(nodeHasher, new Uint8Array(5_000_000))), /at most/);
});

test('the log id is what the registry computes', t => {
	const [registry, opener] = [`0x${'a1'.repeat(20)}`, `0x${'0b'.repeat(20)}`];
	for (const chainId of [1, 31_337, Number.MAX_SAFE_INTEGER]) {
		const origin = keccak256(utf8('häfen/1'));
		const encoded = AbiCoder.defaultAbiCoder().encode(['uint256', 'address', 'address', 'bytes32'], [chainId, registry, opener, origin]);
		t.is(anchorLogId(chainId, registry, opener, 'häfen/1'), keccak256(encoded));
		t.is(`0x${toHex(originHash('häfen/1'))}`, origin);
	}
	t.throws(() => anchorLogId(1, '0x00', opener, 'a'), {message: /is not a lower-case address/});
});
