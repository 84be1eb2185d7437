// The job of the verify page without a browser: files that are taken away, become shorter, or are too long, and jobs that are cancelled.
import test from 'ava';
import {nodeHasher} from '../../agent/base/hash-node.ts';
import {formatReceipt} from '../../agent/format/receipt.ts';
import {formatTrust} from '../../agent/format/trust.ts';
import {documentLengthMax, type Outcome, work} from '../../agent/web/verify/job.ts';
import {createSmallLog} from '../helpers/small-log.ts';

const log = createSmallLog();
const trust = formatTrust(log.trust);
const text = formatReceipt(nodeHasher, log.receipt(3));

/** A file of this size whose reading is made up. */
function fileOf(size: number, read: (begin: number, end: number) => Promise<ArrayBuffer>): {readonly file: Blob; readonly reads: number[]} {
	const reads: number[] = [];
	const slice = (begin: number, end: number) => ({
		arrayBuffer: () => {
			reads.push(end - begin);
			return read(begin, end);
		},
	});
	return {file: {size, slice} as unknown as Blob, reads};
}

const done = (file: Blob, signal?: AbortSignal): Promise<Outcome> => work({file, trust}, () => {}, signal);

test('a receipt is judged as the command line judges it, with its bytes beside the checks', async t => {
	const outcome = await done(new Blob([text]));
	if (outcome.kind !== 'verdict') return t.fail(outcome.kind);
	t.is(outcome.verdict.strength, 'committed');
	t.is(outcome.details.entry?.[0]?.text.length, 236);
	t.deepEqual(
		outcome.details.inclusion?.map(({name}) => name),
		['leaf', 'index', 'path', 'root'],
	);
});

test('a file that is too large is looked at in four bytes and no more', async t => {
	const {file, reads} = fileOf(
		documentLengthMax + 1,
		async (begin, end) => new TextEncoder().encode(text.slice(begin, end)).buffer as ArrayBuffer,
	);
	t.like(await done(file), {kind: 'too-large', lengthMax: documentLengthMax, isPackage: false});
	t.deepEqual(reads, [4]);
	const zip = fileOf(2 ** 40, async () => Uint8Array.of(0x50, 0x4b, 3, 4).buffer);
	t.like(await done(zip.file), {kind: 'too-large', isPackage: true});
});

test('a file that is taken away or becomes shorter is unreadable, and says why', async t => {
	const gone = fileOf(1000, async () => {
		throw new DOMException('it is not there', 'NotFoundError');
	});
	t.deepEqual(await done(gone.file), {kind: 'unreadable', reason: 'it is not there'});
	const shorter = fileOf(1000, async begin => new ArrayBuffer(begin === 0 ? 4 : 1));
	t.like(await done(shorter.file), {kind: 'unreadable'});
	t.deepEqual(await done(new Blob([])), {kind: 'empty'});
});

test('a job that is cancelled rejects at its next read', async t => {
	const aborting = new AbortController();
	const {file, reads} = fileOf(1000, async (begin, end) => {
		aborting.abort();
		return new ArrayBuffer(end - begin);
	});
	await t.throwsAsync(done(file, aborting.signal), {any: true});
	t.is(reads.length, 1);
});
