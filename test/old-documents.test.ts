// Documents of every format that this program reads, as programs of their time wrote them, are good, as strong as they were, and bad as soon as a byte is another.
import {createHash} from 'node:crypto';
import {readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import test, {type ExecutionContext} from 'ava';
import {disclosureFormats} from '../agent/format/disclosure.ts';
import {packageFormat, provenPackageFormat} from '../agent/format/evidence-package.ts';
import {historyFormats} from '../agent/format/history.ts';
import {receiptFormats} from '../agent/format/receipt.ts';
import {trustFormat, widerTrustFormat} from '../agent/format/trust.ts';
import {type DocumentFixtures, formatOf} from './helpers/make-document-fixtures.ts';
import {kedge, testFolder} from './helpers/site.ts';

const fixtures = fileURLToPath(new URL('../../test/fixtures/', import.meta.url));
const folder = join(fixtures, 'documents');
const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as DocumentFixtures;
const disks = readdirSync(join(fixtures, 'disk')).filter(name => /^v\d+$/.test(name));
const bytesOf = (name: string): Buffer => readFileSync(join(folder, name));

type Said = {readonly good: boolean; readonly strength: string};

/** Verdicts on files, each by the trust file that belongs to it. */
async function verdictsOf(t: ExecutionContext, pathOf: (name: string) => string): Promise<Map<string, Said>> {
	const verdicts = new Map<string, Said>();
	for (const trust of new Set(Object.values(expected).flatMap(one => one.trust ?? []))) {
		const names = Object.keys(expected).filter(name => expected[name]!.trust === trust);
		const {out, err} = await kedge(t, ['verify', '--json', '--trust', join(folder, trust), ...names.map(pathOf)]);
		const lines = out.trim().split('\n');
		t.is(lines.length, names.length, err);
		for (const [i, name] of names.entries()) verdicts.set(name, JSON.parse(lines[i]!) as Said);
	}
	return verdicts;
}

test('every format that this program reads has a document of its time among the fixtures', t => {
	const kept = new Set([
		...Object.values(expected).map(({format}) => format),
		...disks.flatMap(name => {
			const documents = join(fixtures, 'disk', name, 'documents');
			return readdirSync(documents).flatMap(file => formatOf(readFileSync(join(documents, file))) ?? []);
		}),
	]);
	const read = [
		...receiptFormats,
		...historyFormats,
		...disclosureFormats,
		packageFormat,
		provenPackageFormat,
		trustFormat,
		widerTrustFormat,
	];
	t.deepEqual(
		read.filter(format => !kept.has(format)),
		[],
	);
});

test('the documents are those that were written down, byte for byte', t => {
	t.deepEqual(
		readdirSync(folder)
			.filter(name => name !== 'expected.json')
			.sort(),
		Object.keys(expected).sort(),
	);
	let size = 0;
	for (const [name, {format, sha256}] of Object.entries(expected)) {
		const bytes = bytesOf(name);
		size += bytes.length;
		t.is(createHash('sha256').update(bytes).digest('hex'), sha256, name);
		t.is(formatOf(bytes), format, name);
	}
	t.true(size < 100_000, String(size));
});

test('old documents are good, and as strong as they were', async t => {
	for (const [name, {good, strength}] of await verdictsOf(t, one => join(folder, one)))
		t.deepEqual([good, strength], [true, expected[name]!.strength], name);
});

test('an old document of which one byte is another is not good', async t => {
	const bent = testFolder(t);
	for (const [name, {trust}] of Object.entries(expected)) {
		if (trust === undefined) continue;
		const bytes = bytesOf(name);
		const middle = Math.floor(bytes.length / 2);
		bytes[middle] = bytes[middle]! ^ 1;
		writeFileSync(join(bent, name), bytes);
	}
	for (const [name, {good}] of await verdictsOf(t, one => join(bent, one))) t.false(good, name);
});
