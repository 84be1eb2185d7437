import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import {equalBytes} from '../../agent/base/bytes.ts';
import {createEd25519Signer, verifyEd25519} from '../../agent/base/ed25519.ts';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {checkpointText, formatOrigin, parseCheckpoint, parseOrigin, signCheckpoint} from '../../agent/format/checkpoint.ts';
import {formatNote, formatNoteKey, isKeyName, isSignedBy, noteKey, parseNote, parseNoteKey} from '../../agent/format/note.ts';
import {formatTlogProof, parseTlogProof} from '../../agent/format/tlog-proof.ts';
import {createCompactRange} from '../../agent/merkle/compact-range.ts';
import {leafHash, pathLengthMax, sizeMax} from '../../agent/merkle/tree.ts';
import {publishedData} from '../helpers/published-data.ts';

/** The example of the C2SP signed-note document. */
const example = {
	vkey: 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k',
	note: 'This is an example message.\n\n\u2014 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n',
};

test('the published example note is signed by the published example key', async t => {
	const key = parseNoteKey(nodeHasher, example.vkey)!;
	t.is(formatNoteKey(key), example.vkey);
	const note = parseNote(example.note)!;
	t.is(note.text, 'This is an example message.\n');
	t.is(formatNote(note), example.note);
	t.true(await isSignedBy(verifyEd25519, note, key));
	t.false(await isSignedBy(verifyEd25519, {...note, text: 'This is another message.\n'}, key));
	t.false(await isSignedBy(verifyEd25519, note, noteKey(nodeHasher, 'example.com/bar', key.publicKey)));
});

test('a vkey with a wrong id, type, name or length is none', t => {
	const [name, id, key] = example.vkey.split('+') as [string, string, string];
	for (const vkey of [
		'',
		'a+b',
		`${name}+530d903b+${key}`,
		`${name}x+${id}+${key}`,
		`${name}+${id.toUpperCase()}+${key}`,
		`${name}+${id}+B${key.slice(1)}`,
		`${name}+${id}+${key.slice(0, -4)}`,
		`+${id}+${key}`,
		`a b+${id}+${key}`,
	]) {
		t.is(parseNoteKey(nodeHasher, vkey), undefined, vkey);
	}
});

test('a key whose base64 holds plus signs is read back', t => {
	for (let i = 0; i < 64; i += 1) {
		const key = noteKey(nodeHasher, `log/${i}`, createEd25519Signer(new Uint8Array(32).fill(i)).publicKey);
		const found = parseNoteKey(nodeHasher, formatNoteKey(key));
		t.true(found !== undefined && equalBytes(found.publicKey, key.publicKey) && found.name === key.name);
	}
});

test('names of keys have no white space, no plus sign and no control character', t => {
	for (const name of ['a', 'example.com/log', 'häfen/1']) t.true(isKeyName(name), name);
	for (const name of ['', 'a b', 'a+b', 'a\n', 'a\u00a0b', 'a\u2028b', 'a\u0085b', 'a\u0000']) t.false(isKeyName(name), name);
});

test('a text that is not a note in its one form is refused', t => {
	const {note} = example;
	for (const text of [
		'',
		'\n\n',
		note.trimEnd(),
		`${note}\n`,
		note.replace('\n\n', '\n'),
		note.replace('\u2014 ', '- '),
		note.replace('\u2014 ', '\u2014  '),
		note.replace('=\n', '\n'),
		note.replace('example message', 'example\tmessage'),
		note.replace('example message', 'example\rmessage'),
		`${note.slice(0, -1)} \n`,
		`text\n\n\u2014 name AAAA\n`,
		`text\n\n${'\u2014 name AAAAAAA=\n'.repeat(65)}`,
		`${'x'.repeat(70_000)}\n\n\u2014 name AAAAAAA=\n`,
	]) {
		t.is(parseNote(text), undefined, text.slice(0, 60));
	}
	t.is(parseNote(`text\n\n${'\u2014 name AAAAAAA=\n'.repeat(64)}`)?.signatures.length, 64);
});

test('whatever parses as a note, a checkpoint or a proof is written back as it was', t => {
	const piece = fc.constantFrom(
		'a',
		'log/1',
		'\n',
		'\n\n',
		'\u2014 ',
		' ',
		'7',
		'0',
		'AAAAAAA=',
		'\r',
		'index 3',
		'c2sp.org/tlog-proof@v1',
		`${'A'.repeat(43)}=`,
	);
	const texts = fc.oneof(
		fc.array(piece, {maxLength: 14}).map(list => list.join('')),
		fc.array(piece, {maxLength: 3}).map(list => `log/1\n7\n${'A'.repeat(43)}=\n\n\u2014 log/1 AAAAAAA=\n${list.join('')}`),
		fc.array(piece, {maxLength: 3}).map(list => `c2sp.org/tlog-proof@v1\nindex 3\n${list.join('')}\n\nx`),
	);
	fc.assert(
		fc.property(texts, text => {
			const note = parseNote(text);
			const checkpoint = parseCheckpoint(text);
			const proof = parseTlogProof(text);
			return (
				(note === undefined || formatNote(note) === text) &&
				(checkpoint === undefined || `${checkpointText(checkpoint)}${text.slice(checkpoint.parsed.text.length)}` === text) &&
				(proof === undefined || formatTlogProof(proof) === text)
			);
		}),
		{numRuns: 3000},
	);
	t.pass();
});

const signer = createEd25519Signer(new Uint8Array(32).fill(1));
const head = {origin: formatOrigin('harbour', 1), size: 11, root: new Uint8Array(32).fill(9)};
const key = noteKey(nodeHasher, head.origin, signer.publicKey);

test('a signed checkpoint parses to its head and is signed by its key', async t => {
	const {note} = signCheckpoint(head, key, signer.sign);
	const parsed = parseCheckpoint(note)!;
	t.like(parsed, {origin: head.origin, size: head.size, note});
	t.true(equalBytes(parsed.root, head.root));
	t.true(await isSignedBy(verifyEd25519, parsed.parsed, key));
	t.is(checkpointText(head), `harbour/1\n11\n${'CQkJ'.repeat(10)}CQk=\n`);
});

test('a checkpoint with anything but origin, size and root is none', t => {
	const text = checkpointText(head);
	const signed = (changed: string): string => `${changed}\n\u2014 harbour/1 AAAAAAA=\n`;
	t.not(parseCheckpoint(signed(text)), undefined);
	for (const changed of [
		`${text}extension\n`,
		text.replace('11', '011'),
		text.replace('11', '-1'),
		text.replace('11', '1e1'),
		text.replace('11', ''),
		text.replace('11', `${sizeMax + 1}`),
		text.replace('CQk=', 'CQl='),
		text.replace('CQkJ', ''),
		text.replace('harbour/1\n', '\n'),
		text.slice(text.indexOf('\n') + 1),
	]) {
		t.is(parseCheckpoint(signed(changed)), undefined, changed);
	}
	t.is(parseCheckpoint(signed(text.replace('11', `${sizeMax}`)))?.size, sizeMax);
});

test('an origin is a log name and an epoch from 1', t => {
	t.deepEqual(parseOrigin('harbour/1'), {logName: 'harbour', epoch: 1});
	t.deepEqual(parseOrigin('example.com/a/b/42'), {logName: 'example.com/a/b', epoch: 42});
	for (const origin of ['', 'harbour', 'harbour/', 'harbour/0', 'harbour/01', '/1', 'a b/1', 'harbour/1\n', 'harbour/1000000']) {
		t.is(parseOrigin(origin), undefined, origin);
	}
});

test('a proof is read back, and refused with anything more or less', t => {
	const {note: checkpoint} = signCheckpoint(head, key, signer.sign);
	const proof = {index: 3, path: [new Uint8Array(32), new Uint8Array(32).fill(255)], checkpoint};
	const text = formatTlogProof(proof);
	t.deepEqual(parseTlogProof(text), proof);
	t.deepEqual(parseTlogProof(formatTlogProof({...proof, path: []}))?.path, []);
	const hash = `${'A'.repeat(43)}=\n`;
	for (const changed of [
		text.replace('@v1', '@v2'),
		text.replace('index 3', 'index 03'),
		text.replace('index 3', 'extra AAAA\nindex 3'),
		text.replace('index 3\n', ''),
		text.replace('index 3', `index ${sizeMax}`),
		text.replace('index 3', 'index 9999999999999999'),
		text.replace(hash, `${'A'.repeat(40)}\n`),
		text.replace(hash, `\n${hash}`).replace('\n\n', '\r\n'),
		text.replace(hash, hash.repeat(pathLengthMax + 1)),
		text.slice(0, text.indexOf('\n\n')),
		'',
	]) {
		t.is(parseTlogProof(changed), undefined, changed.slice(0, 80));
	}
});

/** The key of the published log; that its id and its signatures fit shows that it is. */
const publishedKey = 'example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx';

test('a published log hashes from its entries to its tiles to its signed checkpoints', async t => {
	const folder = publishedData(t, 'vectors', 'tlog-tiles');
	if (folder === undefined) return;
	const sizes = readdirSync(folder).flatMap(name => (name.startsWith('checkpoint.') ? [Number(name.slice('checkpoint.'.length))] : []));
	t.true(sizes.length >= 7);
	const vkey = parseNoteKey(nodeHasher, publishedKey)!;
	for (const size of sizes) {
		const checkpoint = parseCheckpoint(readFileSync(join(folder, `checkpoint.${size}`), 'utf8'))!;
		t.is(checkpoint.origin, 'example.com/log/testdata');
		t.is(checkpoint.size, size);
		t.true(await isSignedBy(verifyEd25519, checkpoint.parsed, vkey), `signature at ${size}`);
		const tile = readFileSync(join(folder, 'tile', '0', '000.p', `${size}`));
		const bundle = readFileSync(join(folder, 'tile', 'entries', '000.p', `${size}`));
		const range = createCompactRange({hasher: nodeHasher});
		let at = 0;
		for (let i = 0; i < size; i += 1) {
			const length = bundle.readUInt16BE(at);
			const hash = leafHash(nodeHasher, bundle.subarray(at + 2, at + 2 + length));
			at += 2 + length;
			t.true(equalBytes(hash, tile.subarray(32 * i, 32 * (i + 1))), `entry ${i} of ${size}`);
			range.append(tile, 32 * i);
		}
		t.is(at, bundle.length);
		t.true(equalBytes(range.root(), checkpoint.root), `root at ${size}`);
	}
});
