// Runs tests with other releases of Node: npm's package `node` brings each into a folder of its own, once. `npm run test:nodes [-- --all] [VERSION…]`
// Without --all a quick part: what touches the engine most (bytes, numbers, SQLite, the log, the verifier, the command line). Exit code 1 if a test failed.
import {spawnSync} from 'node:child_process';
import {existsSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';

/** The newest release of each line that package.json's `engines` admits and that is, or will be, supported for long. */
const releases = ['20.20.2', '22.23.3', '24.21.0', '26.10.0'];
const quick = [
	'dist/test/{base,format,merkle,receipt,verify}/**/*.test.js',
	'dist/test/log/{open,proof,prune}.test.js',
	'dist/test/cli/{readiness,systemd}.test.js',
	'dist/test/agent/{upgrading,doctor}.test.js',
];

const root = fileURLToPath(new URL('..', import.meta.url));
const words = process.argv.slice(2);
const versions = words.filter(word => !word.startsWith('--'));
const isAll = words.includes('--all');
const cache = join(root, 'node_modules', '.cache', 'kedge-nodes');
const say = text => process.stderr.write(`nodes: ${text}\n`);

/** The program of a release; undefined if npm cannot bring it. */
function nodeOf(version) {
	const folder = join(cache, version);
	const program = join(folder, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
	if (!existsSync(program)) {
		mkdirSync(folder, {recursive: true});
		// A project of its own, so that npm looks no further up.
		writeFileSync(join(folder, 'package.json'), '{"name": "nodes", "private": true, "allowScripts": {"node": true}}\n');
		say(`fetching Node ${version}`);
		const ran = spawnSync('npm', ['install', '--no-audit', '--no-fund', '--no-save', '--loglevel=error', `node@${version}`], {
			cwd: folder,
			stdio: ['ignore', 2, 2],
			shell: process.platform === 'win32',
		});
		if (ran.status !== 0 || !existsSync(program)) return undefined;
	}
	const said = spawnSync(program, ['--version'], {encoding: 'utf8'}).stdout?.trim();
	return said === `v${version}` ? program : undefined;
}

const ava = join(root, 'node_modules', 'ava', 'entrypoints', 'cli.mjs');
const {version: sqlite} = JSON.parse(readFileSync(join(root, 'node_modules', 'sqlite3', 'package.json'), 'utf8'));
say(`with sqlite3 ${sqlite} as it was built for ${process.version}: it is bound by Node-API, which all releases share`);
const results = [];
for (const version of versions.length > 0 ? versions : releases) {
	const program = nodeOf(version);
	if (program === undefined) {
		results.push(`Node ${version}: not run, npm did not bring it`);
		continue;
	}
	say(`Node ${version}, ${isAll ? 'all tests' : 'the quick part'}`);
	const ran = spawnSync(program, [ava, ...(isAll ? [] : quick)], {
		cwd: root,
		stdio: ['ignore', 1, 2],
		env: {...process.env, NO_COLOR: '1'},
	});
	results.push(`Node ${version}: ${ran.status === 0 ? 'passed' : 'FAILED'}`);
}
for (const line of results) say(line);
process.exit(results.every(line => line.endsWith('passed')) ? 0 : 1);
