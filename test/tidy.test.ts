// Holds what a compiler cannot: who may import whom, one library in one file, one clock, one source of chance, no dead file, no undocumented error.
import {readdirSync, readFileSync} from 'node:fs';
import {dirname, join, posix} from 'node:path';
import {fileURLToPath} from 'node:url';
import test from 'ava';

/** Paths from the root of the repository, with slashes, to the text of the file. */
type Files = ReadonlyMap<string, string>;

/** What runs in a browser as well: no module of Node and no global of Node. */
const browserSafe = [
	'agent/base/bytes.ts',
	'agent/base/hash.ts',
	'agent/format/',
	'agent/merkle/',
	'agent/verify/',
	'agent/web/',
	'agent/cover/answer.ts',
	'agent/cover/document.ts',
	'agent/cover/figure.ts',
	'agent/cover/labels.ts',
	'agent/cover/names.ts',
	'agent/cover/units.ts',
	'agent/ledgers/ledger.ts',
	'agent/ledgers/rows.ts',
	'agent/ledgers/fold.ts',
	'agent/ledgers/readings-store.ts',
	'agent/ledgers/recount.ts',
	'agent/ledgers/emissions/',
	'agent/ledgers/coldchain/',
	'agent/ledgers/energy/',
	'agent/ledgers/device/',
	'agent/ledgers/curves/',
];

const portable = ['agent/base/bytes.ts', 'agent/base/hash.ts'];

/** Each room and the rooms or files of ours that it may import; a name that ends in a slash stands for all below it. */
const rooms: Readonly<Record<string, readonly string[]>> = {
	'agent/base/': [],
	'contracts/': [],
	'agent/merkle/': portable,
	'agent/format/': [...portable, 'agent/merkle/'],
	'agent/verify/': [...portable, 'agent/format/', 'agent/merkle/', 'contracts/'],
	'agent/ingest/': ['agent/base/', 'agent/format/'],
	'agent/ledgers/': ['agent/base/', 'agent/format/'],
	'agent/api/': ['agent/base/', 'agent/format/'],
	'agent/anchor/': ['agent/base/', 'agent/format/', 'contracts/'],
	'agent/trade/': ['agent/base/', 'agent/format/', 'contracts/'],
	'agent/log/': ['agent/base/', 'agent/format/', 'agent/merkle/'],
	'agent/receipt/': ['agent/base/', 'agent/format/', 'agent/merkle/'],
	'agent/cover/': ['agent/base/', 'agent/format/'],
	// The verify page checks packages as well: it hands the verifier the ledgers that count their answers anew, all of them safe for browsers.
	'agent/web/': [
		...portable,
		'agent/verify/',
		'agent/format/',
		'agent/ledgers/recount.ts',
		'agent/ledgers/emissions/emissions-ledger.ts',
		'agent/ledgers/coldchain/coldchain.ts',
		'agent/ledgers/energy/energy-ledger.ts',
		'agent/ledgers/device/device.ts',
		// It lays an answer out as the cover of its package does, in the same words.
		'agent/cover/answer.ts',
		'agent/cover/document.ts',
		'agent/cover/labels.ts',
		// The dashboard asks over HTTP, and takes from these three nothing but types: of what the agent answers, and of the answer in it.
		'agent/api/client.ts',
		'agent/ledgers/emissions/answer.ts',
		'agent/ledgers/energy/certificates-of.ts',
		// The text that a wallet signs to sign in, in the form that the agent reads.
		'agent/api/siwe.ts',
	],
	'agent/config.ts': ['agent/base/'],
	'agent/cli/': [
		'agent/main.ts',
		'agent/backup.ts',
		'agent/correcting.ts',
		'agent/pruning.ts',
		'agent/anchoring.ts',
		'agent/log-on-chain.ts',
		'agent/epoch.ts',
		'agent/reading.ts',
		'agent/state.ts',
		'agent/systemd-unit.ts',
		'agent/doctor.ts',
		'agent/upgrading.ts',
		'agent/diagnosis.ts',
		'agent/market.ts',
		'agent/trading.ts',
		'agent/market-deploying.ts',
		'agent/site.ts',
		'agent/users.ts',
		'agent/certificates.ts',
		'agent/simulation.ts',
		'agent/demo.ts',
		'agent/community.ts',
		'agent/community-run.ts',
		'agent/evidence.ts',
		'agent/packing.ts',
		'agent/pinning.ts',
		'agent/covering.ts',
		'agent/disclosing.ts',
		'agent/enrolling.ts',
		'agent/device-binding.ts',
		'agent/adopting.ts',
		'agent/discovering.ts',
		'agent/explaining.ts',
		'agent/version.ts',
		'agent/verifier-digest.ts',
		'agent/accounts.ts',
		'agent/packing.ts',
		'agent/shipping.ts',
		'agent/site-emissions.ts',
		'agent/energy-certificates.ts',
		'agent/config.ts',
		'agent/verify/',
		'agent/format/',
		'agent/base/',
	],
	// The composition root: the agent, the world around it, the chain, reading beside it, its state, the files it lives in, the simulator, the demo of all, and
	// a community that trades.
	'agent/main.ts': ['agent/', 'broker/', 'sim/', 'contracts/'],
	'agent/world.ts': ['agent/', 'broker/'],
	'agent/access.ts': ['agent/', 'broker/'],
	'agent/certificates.ts': ['agent/'],
	'agent/anchoring.ts': ['agent/'],
	'agent/anchors.ts': ['agent/'],
	'agent/epoch.ts': ['agent/'],
	'agent/reading.ts': ['agent/'],
	'agent/state.ts': ['agent/', 'broker/'],
	'agent/warnings.ts': ['agent/'],
	'agent/market.ts': ['agent/'],
	'agent/marketplace.ts': ['agent/'],
	'agent/users.ts': ['agent/'],
	'agent/shares.ts': ['agent/'],
	'agent/small-file.ts': ['agent/base/'],
	'agent/windowing.ts': ['agent/'],
	'agent/agent-views.ts': ['agent/'],
	'agent/built-pages.ts': ['agent/'],
	'agent/channel-table.ts': ['agent/'],
	'agent/curve-views.ts': ['agent/'],
	'agent/log-views.ts': ['agent/'],
	'agent/prometheus.ts': ['agent/'],
	'agent/pulse.ts': ['agent/'],
	'agent/allowances.ts': ['agent/'],
	'agent/packaging.ts': ['agent/'],
	'agent/packing-child.ts': ['agent/'],
	'agent/market-posting.ts': ['agent/'],
	'agent/market-answering.ts': ['agent/'],
	'agent/market-deploying.ts': ['agent/', 'contracts/'],
	'agent/evidence.ts': ['agent/'],
	'agent/covering.ts': ['agent/'],
	'agent/disclosing.ts': ['agent/'],
	'agent/trading.ts': ['agent/'],
	'agent/backup.ts': ['agent/'],
	'agent/correcting.ts': ['agent/'],
	'agent/pruning.ts': ['agent/'],
	'agent/device-desk.ts': ['agent/'],
	'agent/enrolling.ts': ['agent/'],
	'agent/device-binding.ts': ['agent/'],
	'agent/learned.ts': ['agent/'],
	'agent/accounts.ts': ['agent/'],
	'agent/following.ts': ['agent/'],
	'agent/packing.ts': ['agent/'],
	'agent/pinning.ts': ['agent/'],
	'agent/certifying.ts': ['agent/'],
	'agent/energy-certificates.ts': ['agent/'],
	'agent/stating.ts': ['agent/'],
	'agent/shipping.ts': ['agent/'],
	'agent/site-emissions.ts': ['agent/'],
	'agent/declaring.ts': ['agent/'],
	'agent/adopting.ts': ['agent/'],
	'agent/discovering.ts': ['agent/'],
	'agent/explaining.ts': ['agent/'],
	'agent/home-assistant.ts': ['agent/'],
	'agent/announcing.ts': ['agent/'],
	'agent/receipting.ts': ['agent/'],
	'agent/timekeeping.ts': ['agent/'],
	'agent/key-rotation.ts': ['agent/'],
	'agent/log-on-chain.ts': ['agent/'],
	'agent/site.ts': ['agent/', 'broker/', 'sim/', 'contracts/'],
	'agent/simulation.ts': ['agent/', 'broker/', 'sim/', 'contracts/'],
	'agent/version.ts': [],
	'agent/systemd-unit.ts': [],
	'agent/doctor.ts': ['agent/'],
	'agent/upgrading.ts': ['agent/'],
	'agent/diagnosis.ts': ['agent/api/'],
	'agent/verifier-digest.ts': [],
	'agent/demo.ts': ['agent/', 'broker/', 'sim/', 'contracts/'],
	'agent/community.ts': ['agent/', 'broker/', 'sim/', 'contracts/'],
	'agent/community-run.ts': ['agent/', 'broker/', 'sim/', 'contracts/'],
	'agent/community-money.ts': ['agent/', 'contracts/'],
	'agent/local-chain.ts': ['agent/base/'],
	'broker/': ['agent/base/', 'agent/format/'],
	'sim/': ['agent/base/', 'agent/format/', 'agent/verify/', 'agent/api/client.ts'],
};

/** Each library and where it may be imported; `files` bounds in how many files of that place. Tests are free. */
const libraries: Readonly<Record<string, readonly {readonly place: string; readonly files?: number}[]>> = {
	'@noble/hashes': [{place: 'agent/base/hash.ts'}],
	// RLP and the tries of Ethereum, for what shows an anchor without a node: made and read in one file, in a browser as well.
	'@ethereumjs/rlp': [{place: 'agent/format/', files: 1}],
	'@ethereumjs/mpt': [{place: 'agent/format/', files: 1}],
	'@bufbuild/protobuf': [{place: 'agent/ingest/decoders/', files: 1}],
	// Certificates, and what that library wants to be there first. Only the commands that make certificates load them.
	'@peculiar/x509': [{place: 'agent/certificates.ts'}],
	'reflect-metadata': [{place: 'agent/certificates.ts'}],
	aedes: [{place: 'broker/'}],
	// The market's HTTP interface: requests, schemas, what holds values against them, and the socket.
	ajv: [{place: 'agent/api/', files: 1}],
	fastify: [{place: 'agent/api/', files: 1}],
	typebox: [{place: 'agent/api/', files: 1}],
	ws: [{place: 'agent/api/', files: 1}],
	cborg: [{place: 'agent/format/cbor.ts'}],
	// ZIP, in a browser as well.
	fflate: [{place: 'agent/format/', files: 1}],
	ethers: [{place: 'agent/anchor/'}],
	// What draws pages: it makes text of whatever it is handed, never markup.
	'lit-html': [{place: 'agent/web/'}],
	// Curves; loaded only with the first of them.
	uplot: [{place: 'agent/web/', files: 1}],
	mqtt: [
		{place: 'agent/ingest/', files: 1},
		{place: 'sim/', files: 1},
	],
	'node-cron': [{place: 'agent/world.ts'}],
	sqlite3: [{place: 'agent/base/sqlite.ts'}],
	'tiny-secp256k1': [{place: 'agent/base/secp256k1.ts'}],
	// The cover of an evidence package, loaded only where one is made.
	pdfkit: [{place: 'agent/cover/', files: 1}],
	qr: [{place: 'agent/cover/', files: 1}],
	yaml: [{place: 'agent/config.ts'}],
};

/** What of ethers talks to a chain or makes transactions, and the two files that may. */
const chainNames = /^(?:\*|ethers|\w*Provider|BaseContract|Contract|ContractFactory|NonceManager|Transaction)$/;
const chainFiles = ['agent/anchor/chain.ts', 'agent/anchor/deploy.ts'];

/** Patterns in the code (comments and the insides of strings left out), what to do instead, and where they are at home. */
const banned: readonly {readonly pattern: RegExp; readonly instead: string; readonly except: readonly string[]}[] = [
	{
		pattern: /\bDate\.now\b|\bnew Date\(\s*\)|\bnew Date\b(?!\s*\()|\bperformance\.now\b|\bprocess\.hrtime\b/,
		instead: 'take a Clock',
		except: ['agent/base/clock.ts', 'agent/web/dashboard/browser-clock.ts', 'test/bench/'],
	},
	{
		pattern: /\bMath\.random\b|\brandom(?:Bytes|UUID|Int|Fill|FillSync)\(|\bgetRandomValues\(/,
		instead: 'take a Random',
		except: ['agent/base/random.ts', 'agent/web/dashboard/browser-random.ts', 'test/bench/'],
	},
	{
		pattern: /\bprocess\.env\b/,
		instead: 'let the command line or the config read the environment',
		except: ['agent/cli/', 'agent/config.ts', 'test/'],
	},
	{
		pattern: /\bconsole\.\w+/,
		instead: 'take a Logger',
		except: ['agent/cli/', 'sim/cli.ts', 'sim/cli/', 'sim/main.ts', 'test/bench/'],
	},
	{
		pattern: /\btest(?:\.\w+)*\.(?:only|skip|todo)\b|\bt\.\w+\.skip\(/,
		instead: 'run every test',
		except: [],
	},
];

/** Files that nothing imports because a person, a process or another program starts there. */
// Not wired yet: the contracts of allowances and of shipments have no commands; whoever uses them starts at these files.
const notWiredYet: readonly string[] = [
	'agent/anchor/allowance-auction.ts',
	'agent/anchor/cold-chain-escrow.ts',
	'agent/trade/allowance-round.ts',
];
const entryPoints = [
	...notWiredYet,
	'agent/main.ts',
	'agent/api/generate.ts',
	'agent/web/verify/page.ts',
	'agent/web/dashboard/start.ts',
	'agent/cli/kedge.ts',
	'sim/cli.ts',
	'sim/main.ts',
	'sim/cli/sim.ts',
];

const vagueName = /^(?:index|utils?|helpers?|common|shared|managers?|services?|types?)$/;

const lies = (path: string, place: string): boolean => path === place || (place.endsWith('/') && path.startsWith(place));
const liesInAny = (path: string, places: readonly string[]): boolean => places.some(place => lies(path, place));
const roomOf = (path: string): string | undefined => Object.keys(rooms).find(room => lies(path, room));
const isSource = (path: string): boolean => path.endsWith('.ts');

const comment = /\/\*[\s\S]*?\*\/|\/\/[^\n]*/.source;
const regex = /(?<=[=(,:[!&|?{};\n]\s*|\breturn\s+)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\//.source;
const quoted = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/.source;
const template = /`(?:\\[\s\S]|[^`\\])*`/.source;
const tokens = new RegExp(`(?<comment>${comment})|(?<regex>${regex})|(?<quoted>${quoted})|${template}`, 'g');

/** The text with comments gone; with `bare`, quoted strings and patterns are emptied too. Lines keep their numbers, templates stay as they are. */
function codeOf(text: string, bare: boolean): string {
	return text.replace(tokens, (...args) => {
		const token = args[0] as string;
		const kinds = args.at(-1) as Record<string, string | undefined>;
		if (kinds.comment !== undefined) return token.replaceAll(/[^\n]/g, ' ');
		if (bare && kinds.quoted !== undefined) return `''`;
		if (bare && kinds.regex !== undefined) return '0';
		return token;
	});
}

const staticImport = /^[ \t]*(?:import|export)\s+(?:type\s+)?([\w$*\s{},]*?)\s*\bfrom\s*['"]([^'"]+)['"]/gm;
const wholeImport = /(?:^[ \t]*import\s*|\bimport\s*\(\s*)['"]([^'"]+)['"]/gm;

type Import = {readonly specifier: string; readonly names: readonly string[]};

/** Every import and re-export of a file, dynamic ones included. A whole module taken at once has the name `*`. */
function importsOf(code: string): Import[] {
	const found: Import[] = [];
	for (const [, clause = '', specifier] of code.matchAll(staticImport)) {
		const braces = /\{([^}]*)\}/.exec(clause)?.[1] ?? '';
		const names = [...braces.matchAll(/(?:^|,)\s*(?:type\s+)?([\w$]+)/g)].map(([, name]) => name!);
		const rest = clause.replace(/\{[^}]*\}/, '').trim();
		found.push({specifier: specifier!, names: rest === '' || rest === ',' ? names : [...names, '*']});
	}
	for (const [, specifier] of code.matchAll(wholeImport)) found.push({specifier: specifier!, names: ['*']});
	return found;
}

const targetOf = (path: string, specifier: string): string => posix.normalize(posix.join(posix.dirname(path), specifier));

/** Every problem of the project's files, one line each. */
function tidy(files: Files): string[] {
	const problems: string[] = [];
	const sources = [...files].filter(([path]) => isSource(path)).sort(([a], [b]) => (a < b ? -1 : 1));
	const references = new Map<string, readonly string[]>();
	const usersOfLibrary = new Map<string, string[]>();

	for (const [path, text] of sources) {
		const code = codeOf(text, false);
		const bare = codeOf(text, true);
		const isTest = path.startsWith('test/');
		const room = roomOf(path);
		const problem = (what: string): number => problems.push(`${path}: ${what}`);
		const lineOf = (index: number): number => bare.slice(0, index).split('\n').length;

		if (!isTest && room === undefined) problem('lies in no room of the table');

		for (const {specifier, names} of importsOf(code)) {
			if (specifier.startsWith('.')) {
				const target = targetOf(path, specifier);
				if (!specifier.endsWith('.ts')) problem(`imports '${specifier}', which does not end in .ts`);
				if (isTest || room === undefined || lies(target, room) || liesInAny(target, rooms[room]!)) continue;
				problem(`${room} may not import ${target}`);
			} else if (specifier.startsWith('node:')) {
				if (liesInAny(path, browserSafe)) problem(`imports '${specifier}', which no browser has`);
			} else if (!isTest) {
				const library = Object.keys(libraries).find(name => specifier === name || specifier.startsWith(`${name}/`));
				const place = library === undefined ? undefined : libraries[library]!.find(one => lies(path, one.place));
				if (library === undefined) {
					problem(`imports '${specifier}', which has no place in the table of libraries`);
					continue;
				}
				if (place === undefined) {
					problem(`'${library}' may be imported only in ${libraries[library]!.map(one => one.place).join(' and ')}`);
					continue;
				}
				const key = `'${library}' is imported in more than ${place.files} file of ${place.place}`;
				if (place.files !== undefined) usersOfLibrary.set(key, [...new Set([...(usersOfLibrary.get(key) ?? []), path])]);
				if (library !== 'ethers' || chainFiles.includes(path)) continue;
				for (const name of names)
					if (chainNames.test(name)) problem(`takes ${name} of 'ethers', which belongs to ${chainFiles.join(' and ')}`);
			}
		}

		// Any quoted relative path counts as a reference, so that programs which are spawned by name are not taken for dead.
		const quotedPaths = [...code.matchAll(/['"`](\.{1,2}\/[\w./-]+)\.(?:ts|js)['"`]/g)].map(([, stem]) => targetOf(path, `${stem}.ts`));
		references.set(path, quotedPaths);

		for (const {pattern, instead, except} of banned) {
			const hit = liesInAny(path, except) ? null : pattern.exec(bare);
			if (hit !== null) problem(`line ${lineOf(hit.index)} has ${hit[0].trim()}; ${instead}`);
		}
		const nodeGlobal = liesInAny(path, browserSafe) ? /\b(?:Buffer|process|__dirname)\b(?=[.([])/.exec(bare) : null;
		if (nodeGlobal !== null) problem(`line ${lineOf(nodeGlobal.index)} has ${nodeGlobal[0]}, which no browser has`);
	}

	for (const [path, text] of files) {
		const left = /\b(?:TO[D]O|FIX[M]E|X[X]X)\b/.exec(text);
		if (left !== null)
			problems.push(`${path}: line ${text.slice(0, left.index).split('\n').length} has ${left[0]}; do it, or write a KNOWN GAP`);
		if (!path.startsWith('agent/')) continue;
		const vague = path.split('/').find(part => vagueName.test(part.replace(/\..*$/, '')));
		if (vague !== undefined) problems.push(`${path}: '${vague}' does not say what it is; name it after what it holds`);
	}

	for (const [key, users] of usersOfLibrary)
		if (users.length > Number(/than (\d+) file/.exec(key)?.[1])) problems.push(`${key}: ${users.join(', ')}`);

	problems.push(
		...deadFiles(
			sources.map(([path]) => path),
			references,
		),
	);
	problems.push(...missingReadmes(files));
	problems.push(...undocumentedErrors(files));
	return problems;
}

/** Files of the product that no entry point leads to, and files of the simulator that neither an entry point nor a test leads to. */
function deadFiles(paths: readonly string[], references: ReadonlyMap<string, readonly string[]>): string[] {
	const reachable = (roots: readonly string[]): Set<string> => {
		const seen = new Set(roots.filter(path => references.has(path)));
		// A set hands out what is added to it while it is being walked.
		for (const path of seen) for (const target of references.get(path)!) if (references.has(target)) seen.add(target);
		return seen;
	};
	const alive = reachable(entryPoints);
	const wired = reachable(entryPoints.filter(path => !notWiredYet.includes(path)));
	const used = reachable([...entryPoints, ...paths.filter(path => path.startsWith('test/'))]);
	return paths.flatMap(path => {
		if (notWiredYet.includes(path) && wired.has(path)) return [`${path}: is wired now, and no entry point any more`];
		if (lies(path, 'sim/')) return used.has(path) ? [] : [`${path}: nobody imports it`];
		if (!lies(path, 'agent/') && !lies(path, 'broker/')) return [];
		if (alive.has(path)) return [];
		return [used.has(path) ? `${path}: only tests lead to it` : `${path}: no entry point leads to it`];
	});
}

function missingReadmes(files: Files): string[] {
	const paths = [...files.keys()];
	return Object.keys(rooms).flatMap(room => {
		const isThere = room.endsWith('/') && paths.some(path => path.startsWith(room));
		return isThere && !files.has(`${room}README.md`) ? [`${room}: has no README.md`] : [];
	});
}

/** Compares the table of error codes in the code with the one that people read. */
function undocumentedErrors(files: Files): string[] {
	const source = files.get('agent/base/errors.ts');
	const page = files.get('OPERATING.md');
	if (source === undefined) return ['agent/base/errors.ts: is missing'];
	if (page === undefined) return ['OPERATING.md: is missing'];
	const table = /\bremedies\s*=\s*\{([^}]*)\}/.exec(codeOf(source, false))?.[1];
	const section = /^#+ Error codes\s*$([\s\S]*?)(?=^#+ |(?![\s\S]))/m.exec(page)?.[1];
	if (table === undefined) return ['agent/base/errors.ts: has no table of remedies'];
	if (section === undefined) return ['OPERATING.md: has no heading "Error codes"'];
	const known = new Map([...table.matchAll(/\b([A-Z][A-Z0-9_]*)\s*:\s*'(\w+)'/g)].map(([, code, remedy]) => [code!, remedy!]));
	const written = new Map(
		[...section.matchAll(/^\|\s*`?([A-Z][A-Z0-9_]*)`?\s*\|\s*`?(\w+)`?\s*\|/gm)].map(([, code, remedy]) => [code!, remedy!]),
	);
	const problems: string[] = [];
	if (known.size === 0) problems.push('agent/base/errors.ts: the table of remedies is empty');
	for (const [code, remedy] of known) {
		const said = written.get(code);
		if (said === undefined) problems.push(`OPERATING.md: does not say what ${code} means`);
		else if (said !== remedy) problems.push(`OPERATING.md: says '${said}' for ${code}, whose remedy is '${remedy}'`);
	}
	for (const code of written.keys()) if (!known.has(code)) problems.push(`OPERATING.md: ${code} is not an error code`);
	return problems;
}

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Folders whose files are data, made by a tool, or not ours. */
const skipped = new Set(['node_modules', 'dist', 'contracts/out', 'contracts/cache', 'test/vectors', 'test/fixtures']);

function readProject(): Files {
	const files = new Map<string, string>();
	const visit = (folder: string): void => {
		for (const entry of readdirSync(join(root, folder), {withFileTypes: true})) {
			const path = `${folder}/${entry.name}`;
			if (skipped.has(path) || skipped.has(entry.name)) continue;
			if (entry.isDirectory()) visit(path);
			else if (/\.(?:ts|mjs|sol|md|html|css)$/.test(path)) files.set(path, readFileSync(join(root, path), 'utf8'));
		}
	};
	const top = readdirSync(root);
	for (const folder of ['agent', 'broker', 'sim', 'contracts', 'test', '.ci']) if (top.includes(folder)) visit(folder);
	for (const name of top) if (name.endsWith('.md')) files.set(name, readFileSync(join(root, name), 'utf8'));
	return files;
}

test('the project is tidy', t => {
	t.deepEqual(tidy(readProject()), []);
});

/** A project without a problem, small enough to break in one place at a time. */
const clean: Readonly<Record<string, string>> = {
	'OPERATING.md':
		'# Operating\n\n## Error codes\n\n| code | remedy | meaning |\n|---|---|---|\n| `LOG_CLOSED` | retry | it is closed |\n\n## Next\n',
	'agent/base/README.md': 'base',
	'agent/base/errors.ts': "export const remedies = {\n\tLOG_CLOSED: 'retry',\n} as const;\n",
	'agent/base/hash.ts': "export {sha256} from '@noble/hashes/sha2.js';\n",
	'agent/log/README.md': 'log',
	'agent/log/log.ts': "import {remedies} from '../base/errors.ts';\nimport {sha256} from '../base/hash.ts';\nexport {remedies, sha256};\n",
	'agent/main.ts': "export {sha256} from './log/log.ts';\n",
};

const withFiles = (changes: Readonly<Record<string, string>>): string[] => tidy(new Map(Object.entries({...clean, ...changes})));

test('a made-up project that keeps every rule has no problem', t => {
	t.deepEqual(withFiles({}), []);
});

/** What is added to the clean project, and the problems that must be seen. */
const bites: readonly (readonly [name: string, changes: Record<string, string>, problems: readonly string[]])[] = [
	[
		'a room that imports another room is seen',
		{
			'agent/log/log.ts': "import {x} from '../ingest/x.ts';\nexport const sha256 = x;\n",
			'agent/ingest/x.ts': "import '../base/hash.ts';\nimport '../base/errors.ts';\nexport const x = 1;\n",
			'agent/ingest/README.md': '',
		},
		['agent/log/log.ts: agent/log/ may not import agent/ingest/x.ts'],
	],
	[
		'a type taken from another room over several lines is seen',
		{
			'agent/main.ts': "import './log/log.ts';\nimport './receipt/issue.ts';\n",
			'agent/receipt/issue.ts': "import type {\n\tremedies,\n} from '../log/log.ts';\nexport type R = typeof remedies;\n",
			'agent/receipt/README.md': '',
		},
		['agent/receipt/issue.ts: agent/receipt/ may not import agent/log/log.ts'],
	],
	[
		'a dynamic import of another room is seen',
		{'agent/log/log.ts': "export const sha256 = import('../main.ts');\nimport '../base/hash.ts';\nimport '../base/errors.ts';\n"},
		['agent/log/log.ts: agent/log/ may not import agent/main.ts'],
	],
	[
		'the fast hash of Node is kept out of what runs in a browser',
		{
			'agent/main.ts': "import './log/log.ts';\nimport './merkle/tree.ts';\n",
			'agent/merkle/README.md': '',
			'agent/merkle/tree.ts': "import {fast} from '../base/hash-node.ts';\nexport {fast};\n",
			'agent/base/hash-node.ts': "import {hash} from 'node:crypto';\nexport const fast = hash;\n",
		},
		['agent/merkle/tree.ts: agent/merkle/ may not import agent/base/hash-node.ts'],
	],
	[
		'modules and globals of Node are kept out of what runs in a browser',
		{'agent/base/hash.ts': "import {hash} from 'node:crypto';\nexport const sha256 = (x: Uint8Array) => hash('sha256', Buffer.from(x));\n"},
		["agent/base/hash.ts: imports 'node:crypto', which no browser has", 'agent/base/hash.ts: line 2 has Buffer, which no browser has'],
	],
	[
		'a file outside every room is seen',
		{'agent/main.ts': "import './log/log.ts';\nimport './extra.ts';\n", 'agent/extra.ts': 'export const x = 1;\n'},
		['agent/extra.ts: lies in no room of the table'],
	],
	[
		'an import that does not end in .ts is seen',
		{'agent/main.ts': "export {sha256} from './log/log.js';\n"},
		["agent/main.ts: imports './log/log.js', which does not end in .ts"],
	],
	[
		'a library outside its file is seen',
		{
			'agent/log/log.ts':
				"import sqlite from 'sqlite3';\nimport '../base/hash.ts';\nimport '../base/errors.ts';\nexport const sha256 = sqlite;\n",
		},
		["agent/log/log.ts: 'sqlite3' may be imported only in agent/base/sqlite.ts"],
	],
	[
		'a library without a place is seen',
		{'agent/main.ts': "import './log/log.ts';\nimport leftPad from 'left-pad';\nexport {leftPad};\n"},
		["agent/main.ts: imports 'left-pad', which has no place in the table of libraries"],
	],
	[
		'a second file that imports mqtt is seen',
		{
			'agent/main.ts': "import './log/log.ts';\nimport './ingest/a.ts';\nimport './ingest/b.ts';\n",
			'agent/ingest/README.md': '',
			'agent/ingest/a.ts': "import {connect} from 'mqtt';\nexport {connect};\n",
			'agent/ingest/b.ts': "import type {MqttClient} from 'mqtt';\nexport type B = MqttClient;\n",
		},
		["'mqtt' is imported in more than 1 file of agent/ingest/: agent/ingest/a.ts, agent/ingest/b.ts"],
	],
	[
		'a provider of ethers outside the two files of the chain is seen',
		{
			'agent/main.ts': "import './log/log.ts';\nimport './anchor/keystore.ts';\n",
			'agent/anchor/README.md': '',
			'agent/anchor/keystore.ts': "import {JsonRpcProvider, type Wallet} from 'ethers';\nexport type W = Wallet | JsonRpcProvider;\n",
		},
		["agent/anchor/keystore.ts: takes JsonRpcProvider of 'ethers', which belongs to agent/anchor/chain.ts and agent/anchor/deploy.ts"],
	],
	[
		'a clock outside base/clock is seen with its line, in comments and strings it is not',
		{
			'agent/main.ts':
				"export {sha256} from './log/log.ts';\n// Date.now() is banned.\nexport const a = 'new Date()';\nexport const b = new Date();\n",
		},
		['agent/main.ts: line 4 has new Date(); take a Clock'],
	],
	['a date made from a number is no clock', {'agent/main.ts': "export {sha256} from './log/log.ts';\nexport const a = new Date(0);\n"}, []],
	[
		'a clock after a pattern that holds a quote is seen',
		{'agent/main.ts': "export {sha256} from './log/log.ts';\nexport const a = /'/.test(``); export const b = Date.now();\n"},
		['agent/main.ts: line 2 has Date.now; take a Clock'],
	],
	[
		'randomness outside base/random is seen, in the simulator too',
		{'sim/README.md': '', 'sim/cli.ts': 'export const a = Math.random();\n'},
		['sim/cli.ts: line 1 has Math.random; take a Random'],
	],
	[
		'the environment and the console are for the command line',
		{'agent/main.ts': "export {sha256} from './log/log.ts';\nconsole.log(process.env);\n"},
		[
			'agent/main.ts: line 2 has process.env; let the command line or the config read the environment',
			'agent/main.ts: line 2 has console.log; take a Logger',
		],
	],
	[
		'a test that runs alone or not at all is seen',
		{'test/a.test.ts': "import test from 'ava';\ntest.serial.only('a', t => t.pass());\n"},
		['test/a.test.ts: line 2 has test.serial.only; run every test'],
	],
	[
		'a file that no entry point leads to is seen',
		{'agent/log/old.ts': 'export const a = 1;\n'},
		['agent/log/old.ts: no entry point leads to it'],
	],
	[
		'a file of the product that only a test imports is seen',
		{'agent/log/old.ts': 'export const a = 1;\n', 'test/a.test.ts': "import '../agent/log/old.ts';\n"},
		['agent/log/old.ts: only tests lead to it'],
	],
	[
		'a program that is spawned by its path is not dead',
		{
			'sim/README.md': '',
			'sim/worker.ts': 'export const a = 1;\n',
			'sim/cli.ts': "export const path = new URL('./worker.js', import.meta.url);\n",
		},
		[],
	],
	['a room without a README is seen', {'broker/README.md': '', 'sim/cli.ts': 'export {};\n'}, ['sim/: has no README.md']],
	[
		'a vague name is seen',
		{'agent/main.ts': "import './log/log.ts';\nimport './log/utils.ts';\n", 'agent/log/utils.ts': 'export const a = 1;\n'},
		["agent/log/utils.ts: 'utils.ts' does not say what it is; name it after what it holds"],
	],
	[
		'work left undone is seen',
		{'contracts/README.md': '', 'contracts/A.sol': `// ${'TO'}${'DO'}: write it\n`},
		[`contracts/A.sol: line 1 has ${'TO'}${'DO'}; do it, or write a KNOWN GAP`],
	],
	[
		'an error code that the README leaves out is seen',
		{'agent/base/errors.ts': "export const remedies = {\n\tLOG_CLOSED: 'retry',\n\tLOG_CORRUPT: 'restart',\n} as const;\n"},
		['OPERATING.md: does not say what LOG_CORRUPT means'],
	],
	[
		'an error code that only the README knows, or with another remedy, is seen',
		{
			'OPERATING.md':
				'## Error codes\n\n| code | remedy | meaning |\n|---|---|---|\n| `LOG_CLOSED` | drop | it is closed |\n| `LOG_OPEN` | retry | it is open |\n',
		},
		["OPERATING.md: says 'drop' for LOG_CLOSED, whose remedy is 'retry'", 'OPERATING.md: LOG_OPEN is not an error code'],
	],
	['a README without a table of error codes is seen', {'OPERATING.md': '# Kedge\n'}, ['OPERATING.md: has no heading "Error codes"']],
];

for (const [name, changes, problems] of bites) {
	test(name, t => {
		t.deepEqual(withFiles(changes), problems);
	});
}

test('a project without a README or a table of errors is told so', t => {
	t.true(tidy(new Map([['agent/base/errors.ts', '']])).includes('OPERATING.md: is missing'));
	t.true(tidy(new Map([['OPERATING.md', '']])).includes('agent/base/errors.ts: is missing'));
});
