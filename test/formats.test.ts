// Holds FORMATS.md to the bytes: computes its worked example from its own text, compares its tables with the code, and runs its script.
import {execFileSync, spawnSync} from 'node:child_process';
import {createHash, createPublicKey, verify} from 'node:crypto';
import {mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import test, {type ExecutionContext} from 'ava';
import {AbiCoder, keccak256} from 'ethers';
import {nodeHasher} from '../agent/base/hash-node.ts';
import {disclosureFormats} from '../agent/format/disclosure.ts';
import {enrolmentKinds, epochKinds, identityKinds, noteKinds, orderKinds, qualities, statementKinds} from '../agent/format/entry.ts';
import {
	anchorsMax,
	authorityNameLengthMax,
	headerLengthMax,
	proofNodeLengthMax,
	proofNodesMax,
	timestampsMax,
	tokenLengthMax,
} from '../agent/format/evidence.ts';
import {packageFormat, provenPackageFormat} from '../agent/format/evidence-package.ts';
import {formatHistory, historyFormats} from '../agent/format/history.ts';
import {quantities} from '../agent/format/quantity.ts';
import {formatReceipt, receiptFormats} from '../agent/format/receipt.ts';
import {tags} from '../agent/format/tags.ts';
import {anchorsNeededMax, formatTrust, trustFormat, widerTrustFormat} from '../agent/format/trust.ts';
import {createSmallLog, energyUrn, temperatureUrn} from './helpers/small-log.ts';

const page = readFileSync(fileURLToPath(new URL('../../FORMATS.md', import.meta.url)), 'utf8');

/** The fenced block of this name. */
function block(name: string): string {
	const found = new RegExp(`^\`\`\`\\w+ ${name.replace('.', '\\.')}\\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(page)?.[1];
	if (found === undefined) throw new Error(`FORMATS.md has no block "${name}"`);
	return found;
}

const values = new Map(
	block('values')
		.trimEnd()
		.split('\n')
		.map(line => [line.slice(0, 17).trim(), line.slice(17).trim()]),
);

// All that follows is written from the page, and shares no code with the product but for the comparison at the end.
const sha256 = (...parts: readonly (Buffer | string)[]): Buffer =>
	createHash('sha256')
		.update(Buffer.concat(parts.map(part => Buffer.from(part as string))))
		.digest();
const base64 = (text: string): Buffer => Buffer.from(text, 'base64');
const zero = Buffer.of(0);
const uint = (value: number, bytes: number): Buffer => Buffer.from(value.toString(16).padStart(2 * bytes, '0'), 'hex');
const fields = (...parts: readonly Buffer[]): Buffer => Buffer.concat(parts.flatMap(part => [uint(part.length, 4), part]));

type Example = {
	readonly entry: string;
	readonly subject: {readonly urn: string; readonly secret: string};
	readonly arrival: {readonly salt: string; readonly record: string};
	readonly proof: string;
	readonly anchors: readonly {
		readonly chainId: number;
		readonly registry: string;
		readonly opener: string;
		readonly logId: string;
		readonly size: number;
		readonly blockTime: number;
	}[];
	readonly digest: string;
};

test('every hash of the worked example follows from the text of the page', t => {
	const text = block('receipt.json');
	const receipt = JSON.parse(text) as Example;
	const [vkey = ''] = (JSON.parse(block('trust.json')) as {logs: string[]}).logs;
	const found = new Map<string, string>();
	const put = (name: string, bytes: Buffer): Buffer => {
		found.set(name, bytes.toString('hex'));
		return bytes;
	};

	const entry = put('entry', base64(receipt.entry));
	t.is(entry.length, 118);
	const leaf = put('leaf hash', sha256(zero, entry));
	const [header, note] = receipt.proof.split(/\n\n([\s\S]*)/) as [string, string];
	const [origin = '', size = '', root = ''] = note.split('\n');
	const subjectFields = put(
		'subject fields',
		fields(Buffer.from(origin.replace(/\/\d+$/, '')), base64(receipt.subject.secret), Buffer.from(receipt.subject.urn)),
	);
	t.deepEqual(put('subject', sha256('kedge/subject/v1\0', subjectFields)), entry.subarray(18, 50));
	const record = put('arrival record', base64(receipt.arrival.record));
	const source = put('source', sha256('kedge/arrival/v1\0', base64(receipt.arrival.salt), record));
	t.deepEqual(source, entry.subarray(86));
	t.deepEqual(
		record,
		fields(
			Buffer.from('meters/meter-1/energy'),
			Buffer.from('{"kwh":"12.2"}'),
			uint(1, 1),
			Buffer.from('meter-1'),
			entry.subarray(70, 76),
			Buffer.alloc(0),
			Buffer.from('json/1'),
		),
	);

	const [, name = '', keyId = '', typed = ''] = /^([^+]+)\+([^+]+)\+(.+)$/.exec(vkey) as RegExpExecArray;
	t.is(name, origin);
	const publicKey = put('public key', base64(typed).subarray(1));
	t.is(put('key id', sha256(`${name}\n`, Buffer.of(1), publicKey).subarray(0, 4)).toString('hex'), keyId);
	const signed = note.slice(0, note.indexOf('\n\n') + 1);
	const signature = base64(/^\u2014 \S+ (\S+)$/m.exec(note)![1]!);
	t.is(signature.subarray(0, 4).toString('hex'), keyId);
	const key = createPublicKey({
		key: Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), publicKey]),
		format: 'der',
		type: 'spki',
	});
	t.true(verify(null, Buffer.from(signed), key, signature.subarray(4)));

	// Index 5 of seven: its left neighbour, then what is right of both, then the first four.
	const [, index, left, right, first] = header.split('\n') as [string, string, string, string, string];
	t.deepEqual([index, size], ['index 5', '7']);
	const node = (a: Buffer, b: Buffer): Buffer => sha256(Buffer.of(1), a, b);
	t.deepEqual(node(base64(first), node(node(base64(left), leaf), base64(right))), put('root', base64(root)));
	put('tally leaf hash', sha256(zero, 'kedge/tally/v1\0', entry.subarray(18, 50), uint(3, 6)));

	const [anchor] = receipt.anchors;
	const originHash = put('origin hash', Buffer.from(keccak256(Buffer.from(origin)).slice(2), 'hex'));
	const abi = AbiCoder.defaultAbiCoder();
	const words = abi.encode(['uint256', 'address', 'address', 'bytes32'], [anchor!.chainId, anchor!.registry, anchor!.opener, originHash]);
	t.is(`0x${put('log id', Buffer.from(keccak256(words).slice(2), 'hex')).toString('hex')}`, anchor!.logId);
	const head = Buffer.from(keccak256(abi.encode(['uint64', 'uint64', 'bytes32'], [size, anchor!.blockTime, base64(root)])).slice(2), 'hex');
	put('commitment', Buffer.concat([uint(anchor!.blockTime, 5), head.subarray(5)]));

	const without = `${text.slice(0, text.lastIndexOf(',\n\t"digest"'))}\n}\n`;
	t.is(sha256('kedge/document/v1\0', without).toString('hex'), receipt.digest);
	t.deepEqual([...found], [...values]);
});

test('the worked example is what the product writes', t => {
	const log = createSmallLog({readings: 4});
	t.is(block('receipt.json'), formatReceipt(nodeHasher, log.receipt(5, {anchors: [log.anchor]})));
	t.is(block('trust.json'), formatTrust(log.trustWithRegistry));
});

test('the tables of quantities, qualities, sub-kinds and tags are those of the code', t => {
	const rows = [...page.matchAll(/^\| (\d+) \| `([a-z0-9-]+)` \| `([^`]+)` \| (\w+) \|$/gm)].map(([, ...cells]) => cells);
	t.deepEqual(
		rows,
		quantities.map(({code, name, unit, kind}) => [String(code), name, unit, kind]),
	);
	const bits = [...page.matchAll(/^\| (\d+) \| `(\w+)` \| [a-z]/gm)].map(([, bit, name]) => [name, 1 << Number(bit)]);
	t.deepEqual(Object.fromEntries(bits), qualities);
	const subKinds = [...page.matchAll(/^\| \d (\w+) \| (\d+ [^|]+) \|/gm)].flatMap(([, kind, names = '']) =>
		names
			.trim()
			.split(', ')
			.map(one => [`${kind} ${one.replace(/^\d+ /, '')}`, Number.parseInt(one, 10)] as const),
	);
	const inWords = (kind: string, names: Readonly<Record<string, number>>) =>
		Object.entries(names).map(([name, code]) => [`${kind} ${name.replace(/[A-Z]/g, letter => ` ${letter.toLowerCase()}`)}`, code] as const);
	t.deepEqual(
		Object.fromEntries(subKinds),
		Object.fromEntries([
			...inWords('note', noteKinds),
			...inWords('enrolment', enrolmentKinds),
			...inWords('order', orderKinds),
			...inWords('epoch', epochKinds),
			...inWords('identity', identityKinds),
			...inWords('statement', statementKinds),
		]),
	);
	for (const tag of Object.values(tags)) t.true(page.includes(`\`${Buffer.from(tag).toString('utf8').slice(0, -1)}\``));
});

test('the formats, limits and keys of proofs are those of the code', t => {
	for (const format of [
		...receiptFormats,
		...historyFormats,
		...disclosureFormats,
		packageFormat,
		provenPackageFormat,
		trustFormat,
		widerTrustFormat,
	])
		t.true(page.includes(`\`"${format}"\``), format);
	t.true(
		page.includes(
			`header, at most ${headerLengthMax / 1024} KiB · \`transactionIndex\` · \`nodes\` [base64 of at most ${proofNodeLengthMax / 1024} KiB, at most ${proofNodesMax}]`,
		),
	);
	t.true(
		page.includes(
			`{\`authority\` at most ${authorityNameLengthMax} characters, \`token\` base64 of at most ${tokenLengthMax / 1024} KiB}, …], at most ${timestampsMax}`,
		),
	);
	t.true(page.includes(`\`anchors\` at most ${anchorsMax} `));
	t.true(page.includes(`\`anchorsNeeded\`, 1 to ${anchorsNeededMax}`));
});

const hasTools = ['python3 --version', 'openssl version', 'sha256sum --version'].every(command => {
	const [program = '', ...words] = command.split(' ');
	return spawnSync(program, words, {stdio: 'ignore'}).status === 0;
});

/** Runs the page's script on a receipt; its output, or undefined if it says no. */
function check(t: ExecutionContext, receipt: string): string | undefined {
	const directory = mkdtempSync(join(tmpdir(), 'kedge-formats-'));
	t.teardown(() => rmSync(directory, {recursive: true, force: true}));
	writeFileSync(join(directory, 'receipt.json'), receipt);
	writeFileSync(join(directory, 'trust.json'), block('trust.json'));
	try {
		return execFileSync('sh', ['-c', block('check')], {cwd: directory, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore']});
	} catch {
		return undefined;
	}
}

test("other people's tools find the worked example good, and a changed one bad", t => {
	if (!hasTools) {
		t.log('python3, openssl or sha256sum is not there: the script of FORMATS.md was not run');
		t.pass();
		return;
	}
	const receipt = block('receipt.json');
	const said = check(t, receipt);
	t.regex(said ?? '', new RegExp(`^leaf hash ${values.get('leaf hash')}$`, 'm'));
	t.regex(said ?? '', /^entry 5 is in harbour\/1 of size 7$/m);
	t.regex(said ?? '', /^it is of urn:kedge:device:meter-1:energy-import\nwhat it came from is what is shown\n/m);
	t.regex(said ?? '', /value 12000002 \* 10\^-3$/m);
	const log = createSmallLog({readings: 4});
	for (const index of [0, 6]) t.regex(check(t, formatReceipt(nodeHasher, log.receipt(index))) ?? '', /is in harbour\/1 of size 7/);
	const bent: readonly (readonly [from: string | RegExp, to: string])[] = [
		['"entry": "AQFN', '"entry": "AQFO'],
		['index 5', 'index 4'],
		['index 5', 'index 7'],
		['\\n7\\n', '\\n8\\n'],
		['meter-1:energy-import', 'meter-2:energy-import'],
		[/("salt": ")N/, '$1O'],
		[/(harbour\/1 4n1HcW2j)m/, '$1n'],
		[/\\nPdL2/, '\\nPdL3'],
	];
	for (const [from, to] of bent) {
		const changed = receipt.replace(from, to);
		t.not(changed, receipt, String(from));
		t.is(check(t, changed), undefined, String(from));
	}
});

test("a history is checked by the page's other script as it is by the product", t => {
	if (!hasTools) {
		t.log('python3, openssl or sha256sum is not there: the script of FORMATS.md was not run');
		t.pass();
		return;
	}
	const directory = mkdtempSync(join(tmpdir(), 'kedge-formats-'));
	t.teardown(() => rmSync(directory, {recursive: true, force: true}));
	writeFileSync(join(directory, 'check.py'), block('check-history'));
	const checkHistory = (history: string): string | undefined => {
		writeFileSync(join(directory, 'history.json'), history);
		const {status, stdout} = spawnSync('python3', ['check.py'], {cwd: directory, encoding: 'utf8'});
		return status === 0 ? stdout : undefined;
	};
	const log = createSmallLog({readings: 9, tally: true});
	for (const urn of [energyUrn, temperatureUrn]) {
		const count = log.entries.filter(({subject}) => subject.urn === urn).length;
		const said = checkHistory(formatHistory(nodeHasher, log.history(urn)));
		t.is(
			said,
			`${count} entries of ${urn} are in harbour/1 of size 13; missing numbers: []\nthe last number before index 12 is ${count}\n`,
		);
	}
	// Of each format that there is one of.
	const documents = fileURLToPath(new URL('../../test/fixtures/documents', import.meta.url));
	const histories = readdirSync(documents).filter(name => name.startsWith('history-'));
	t.true(histories.length > 1);
	for (const name of histories)
		t.regex(checkHistory(readFileSync(join(documents, name), 'utf8')) ?? '', /^\d+ entries of .*; missing numbers: \[\]$/m, name);
	const text = formatHistory(nodeHasher, log.history(energyUrn));
	// The last two are left out, and one in the middle.
	t.regex(
		checkHistory(
			formatHistory(
				nodeHasher,
				log.history(energyUrn, {}, place => place !== 2 && place < 4),
			),
		) ?? '',
		/numbers: \[3, 5, 6\]/,
	);
	t.regex(checkHistory(formatHistory(nodeHasher, createSmallLog().history(energyUrn))) ?? '', /is not known$/m);
	const bent: readonly (readonly [from: string | RegExp, to: string])[] = [
		[/("entries": "AwE)A/, '$1B'],
		[/("proof": "X)O/, '$1P'],
		['\\n13\\n', '\\n14\\n'],
		['meter-1', 'meter-2'],
		[/("at": )\d/, '$17'],
		[/("indexes": "AAAAAAA)./, '$1J'],
		[/("leaves": \[\s*")[^"]*",\s*"/, '$1'],
	];
	for (const [from, to] of bent) {
		const changed = text.replace(from, to);
		t.not(changed, text, String(from));
		t.is(checkHistory(changed), undefined, String(from));
	}
});
