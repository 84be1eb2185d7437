// Turns a checkout into an installed and built one, and does next to nothing when it already is. Runs before start, test and bench.
// Everything is printed to stderr: stdout belongs to the command that follows.
import {spawnSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {
	existsSync,
	linkSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	statSync,
	unlinkSync,
	writeFileSync,
} from 'node:fs';
import {createRequire} from 'node:module';
import {tmpdir} from 'node:os';
import {basename, dirname, join, relative} from 'node:path';
import {fileURLToPath} from 'node:url';

const oldestNode = [20, 19];
/** Older ones, such as Debian's 9.2, stumble over overrides by another name. */
const oldestNpm = 10;
const lockWaitMs = 15 * 60_000;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
const lockFile = join(dist, '.setup-lock');
const stampFile = join(root, 'node_modules', '.kedge-setup');
const builtFile = join(dist, '.built');
const webFolder = join('agent', 'web');
const hasPages = existsSync(join(root, webFolder, 'build.mjs'));
/** What that makes. */
const webPages = hasPages ? [join('dist', 'web', 'verify.html'), join('dist', 'web', 'index.html')] : [];

const say = text => process.stderr.write(`setup: ${text}\n`);

function stop(text) {
	say(text);
	process.exit(1);
}

const sha256 = text => createHash('sha256').update(text).digest('hex');
const readOr = (file, fallback) => (existsSync(file) ? readFileSync(file, 'utf8') : fallback);

/** Every file below `folder` as a path relative to the root; names with a leading dot and `node_modules` are left alone. */
function filesBelow(folder) {
	if (!existsSync(folder)) return [];
	return readdirSync(folder, {withFileTypes: true}).flatMap(entry => {
		if (entry.name.startsWith('.') || entry.name === 'node_modules') return [];
		const path = join(folder, entry.name);
		return entry.isDirectory() ? filesBelow(path) : [relative(root, path)];
	});
}

function isAlive(pid) {
	try {
		process.kill(pid, 0);
		return true;
	} catch (error) {
		return error.code === 'EPERM';
	}
}

/** One setup at a time. The lock appears with its owner's process id already in it, so a crashed owner can be told from a busy one. */
function takeLock() {
	mkdirSync(dist, {recursive: true});
	const mine = `${lockFile}.${process.pid}`;
	writeFileSync(mine, String(process.pid));
	const giveUpAt = Date.now() + lockWaitMs;
	for (let told = false; ; ) {
		try {
			linkSync(mine, lockFile);
			unlinkSync(mine);
			process.on('exit', () => rmSync(lockFile, {force: true}));
			return;
		} catch (error) {
			if (error.code !== 'EEXIST') stop(`cannot take ${relative(root, lockFile)}: ${error.message}`);
		}
		const owner = Number(readOr(lockFile, '0'));
		if (owner > 0 && !isAlive(owner)) {
			rmSync(lockFile, {force: true});
			continue;
		}
		if (Date.now() > giveUpAt) {
			unlinkSync(mine);
			stop(`process ${owner} has been setting up for 15 minutes. If it is not, delete ${relative(root, lockFile)} and try again.`);
		}
		if (!told) say(`waiting for another setup (process ${owner})`);
		told = true;
		Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
	}
}

function checkNode() {
	const [major, minor] = process.versions.node.split('.').map(Number);
	if (major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])) return;
	stop(
		`Kedge needs Node ${oldestNode.join('.')} or later, and this is ${process.versions.node}. Install a newer Node and run the command again.`,
	);
}

/** The npm that started us says its version; without one it is that on the PATH. */
function checkNpm(env) {
	const said = /^npm\/(\S+)/.exec(env.npm_config_user_agent ?? '')?.[1];
	const version = said ?? spawnSync('npm', ['--version'], {encoding: 'utf8', shell: process.platform === 'win32'}).stdout?.trim();
	if (!version || Number.parseInt(version, 10) >= oldestNpm) return;
	stop(
		`Kedge needs npm ${oldestNpm} or later, and this is ${version}. Run: npm install --global npm@11 && hash -r, and the command again.`,
	);
}

/** True if npm itself brought node_modules to what the lockfile says, as `npm install PACKAGE` does; an install would only repeat it. */
function isInstalledByHand(lockfile) {
	const wanted = JSON.parse(lockfile).packages;
	const present = JSON.parse(readOr(join(root, 'node_modules', '.package-lock.json'), '{}')).packages ?? {};
	const same = (path, entry) => entry.version === wanted[path]?.version;
	return (
		Object.entries(present).every(([path, entry]) => same(path, entry)) &&
		Object.entries(wanted).every(([path, entry]) => path === '' || entry.optional || path in present)
	);
}

/** What npm needs from the environment to install and to compile SQLite where there is no network and no home. */
function installEnvironment() {
	const env = {...process.env};
	const prefix = dirname(dirname(process.execPath));
	if (!env.npm_config_nodedir && existsSync(join(prefix, 'include', 'node', 'node_api.h'))) env.npm_config_nodedir = prefix;
	if (process.platform !== 'win32' && !(env.HOME && existsSync(env.HOME))) env.HOME = mkdtempSync(join(tmpdir(), 'kedge-home-'));
	return env;
}

function install(lockfile) {
	const machine = `${process.version} ${process.platform} ${process.arch}`;
	const stamp = `${machine}\n${sha256(lockfile)}\n`;
	const present = readOr(stampFile, '');
	if (present === stamp) return;
	if (present.startsWith(`${machine}\n`) && isInstalledByHand(lockfile)) {
		writeFileSync(stampFile, stamp);
		return;
	}
	say('installing packages from the lockfile (SQLite may be compiled, which takes about a minute)');
	const startedAt = Date.now();
	const env = installEnvironment();
	checkNpm(env);
	const npm = process.env.npm_execpath;
	const isNpm = npm !== undefined && basename(npm) === 'npm-cli.js';
	const args = ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'];
	const options = {cwd: root, env, stdio: ['ignore', 2, 2]};
	const run = isNpm
		? spawnSync(process.execPath, [npm, ...args], options)
		: spawnSync('npm', args, {...options, shell: process.platform === 'win32'});
	if (env.HOME !== process.env.HOME) rmSync(env.HOME, {recursive: true, force: true});
	if (run.error) stop(`cannot run npm: ${run.error.message}`);
	if (run.status !== 0) stop('npm ci failed. If it was SQLite, install python3, make and g++ and run the command again.');
	mkdirSync(dirname(stampFile), {recursive: true});
	writeFileSync(stampFile, stamp);
	say(`installed in ${Math.round((Date.now() - startedAt) / 1000)} s`);
}

/** The sources that `tsc` reads, with what tells a changed one from an unchanged one. */
function readSources() {
	const folders = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8')).include;
	const sources = folders.flatMap(folder => filesBelow(join(root, folder))).filter(path => path.endsWith('.ts'));
	// What the browser gets is made of these as well; its programs have a configuration of their own, with the names that browsers have.
	const pages = filesBelow(join(root, webFolder)).filter(path => /\.(?:css|html|json|mjs)$/.test(path));
	const inputs = [...sources, ...pages, 'tsconfig.json'].map(path => {
		const {size, mtimeMs} = statSync(join(root, path));
		return `${path} ${size} ${mtimeMs}`;
	});
	const outputs = sources.filter(path => !path.endsWith('.d.ts')).map(path => join('dist', path.replace(/\.ts$/, '.js')));
	return {inputs, outputs: new Set([...outputs, ...webPages])};
}

/** Deletes programs whose source is gone, so that a test that was removed or renamed is not run again. */
function removeStale(outputs) {
	const isStale = path => path.endsWith('.js') && !outputs.has(path) && !path.startsWith(join('dist', 'web'));
	for (const path of filesBelow(dist)) if (isStale(path)) unlinkSync(join(root, path));
}

/** Compiles beside the build and moves each changed file into place whole, so that a program that is running never reads half a file. */
function build(lockfile) {
	const {inputs, outputs} = readSources();
	const built = `${sha256([lockfile, process.version, ...inputs].join('\n'))}\n`;
	if (readOr(builtFile, '') !== built || ![...outputs].every(path => existsSync(join(root, path)))) {
		const next = join(dist, '.next');
		rmSync(next, {recursive: true, force: true});
		const tsc = join(dirname(createRequire(join(root, 'package.json')).resolve('typescript/package.json')), 'bin', 'tsc');
		const run = args => spawnSync(process.execPath, args, {cwd: root, stdio: ['ignore', 2, 2]}).status === 0;
		for (const project of hasPages ? ['.', webFolder] : ['.'])
			if (!run([tsc, '--project', project, '--outDir', next, '--pretty', String(process.stderr.isTTY === true)]))
				stop('the build failed; see above.');
		for (const path of filesBelow(next)) {
			const target = join(dist, relative(next, join(root, path)));
			const bytes = readFileSync(join(root, path));
			if (existsSync(target) && readFileSync(target).equals(bytes)) continue;
			mkdirSync(dirname(target), {recursive: true});
			renameSync(join(root, path), target);
		}
		rmSync(next, {recursive: true, force: true});
		if (hasPages && !run([join(root, webFolder, 'build.mjs')])) stop('the pages could not be built; see above.');
		writeFileSync(builtFile, built);
	}
	removeStale(outputs);
}

checkNode();
takeLock();
const lockfile = readFileSync(join(root, 'package-lock.json'), 'utf8');
install(lockfile);
build(lockfile);
