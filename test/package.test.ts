// What `npm pack` gives a user: all that the program needs, nothing else, and a command that works from it.
import {spawnSync} from 'node:child_process';
import {existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync} from 'node:fs';
import {createRequire, isBuiltin} from 'node:module';
import {tmpdir} from 'node:os';
import {dirname, join, posix} from 'node:path';
import {fileURLToPath} from 'node:url';
import test from 'ava';

const root = fileURLToPath(new URL('../../', import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
	readonly version: string;
	readonly files: readonly string[];
	readonly scripts: Readonly<Record<string, string>>;
	readonly bin: {readonly kedge: string};
	readonly dependencies: Readonly<Record<string, string>>;
	readonly optionalDependencies: Readonly<Record<string, string>>;
};

/** npm as it runs us, or the one on the PATH. */
function npm(words: readonly string[], cwd: string) {
	const path = process.env.npm_execpath;
	const isNpm = path?.endsWith('npm-cli.js') === true;
	const ran = spawnSync(isNpm ? process.execPath : 'npm', isNpm ? [path, ...words] : [...words], {
		cwd,
		encoding: 'utf8',
		maxBuffer: 64 * 1024 * 1024,
		// As npm starts it, not as a run of npm inside of one.
		env: {...process.env, npm_config_loglevel: 'error', npm_config_offline: 'true', npm_config_dry_run: 'false'},
	});
	return {code: ran.status, out: ran.stdout, error: ran.stderr};
}

type Packed = {readonly files: readonly {readonly path: string; readonly size: number}[]; readonly size: number; readonly filename: string};

/** npm prints a list, or since version 11.17 an object by package. */
function packedOf(out: string): Packed {
	const parsed = JSON.parse(out) as Packed[] | Record<string, Packed>;
	return Object.values(parsed)[0]!;
}

const listed = (): readonly string[] => {
	const {code, out, error} = npm(['pack', '--dry-run', '--json', '--ignore-scripts'], root);
	if (code !== 0) throw new Error(error);
	return packedOf(out).files.map(({path}) => path);
};

/** Everything in a tarball is one of these. */
const wanted = [
	/^package\.json$/,
	/^LICENSE$/,
	/^(?:README|README\.zh|OPERATING|FORMATS|SECURITY|CHANGELOG|CONTRIBUTING)\.md$/,
	/^kedge\.example\.yaml$/,
	/^agent\/cli\/npx\.mjs$/,
	/^dist\/(?:agent|broker|sim|contracts)\/(?!web\/)[\w/.-]+\.js$/,
	/^dist\/web\/(?:index\.html|verify\.html|[\w-]+-[0-9A-Z]{8}\.(?:js|css))$/,
	/^contracts\/(?:examples\/)?\w+\.sol$/,
	/^docs\/[\w/.-]+\.(?:md|json|yaml|yml|conf)$/,
];

test('the tarball holds what a user needs and nothing else', t => {
	const files = listed();
	t.deepEqual(
		files.filter(path => !wanted.some(pattern => pattern.test(path))),
		[],
	);
	for (const path of [
		manifest.bin.kedge,
		'dist/agent/cli/kedge.js',
		'dist/web/index.html',
		'dist/web/verify.html',
		'kedge.example.yaml',
		'README.md',
		'OPERATING.md',
		'LICENSE',
	])
		t.true(files.includes(path), path);
	for (const path of ['generate', 'generated', 'client-text']) t.false(files.includes(`dist/agent/api/${path}.js`), path);
	t.true(files.length < 700, String(files.length));
});

test('the lockfile travels in the tarball: whoever installs from it gets the versions that were tested', t => {
	t.true(manifest.files.includes('npm-shrinkwrap.json'));
	t.is(manifest.scripts.prepack, 'node .ci/pack.mjs');
	t.is(manifest.scripts.postpack, 'node .ci/pack.mjs --after');
	t.false(existsSync(join(root, 'npm-shrinkwrap.json')), 'it would take the place of package-lock.json');
});

test('every module of the tarball finds what it imports in the tarball, or among the dependencies of a user', t => {
	const files = new Set(listed());
	const missing: string[] = [];
	const packages = new Set([...Object.keys(manifest.dependencies), ...Object.keys(manifest.optionalDependencies)]);
	for (const path of files) {
		if (!path.startsWith('dist/')) continue;
		const text = readFileSync(join(root, path), 'utf8');
		const specifiers = text.matchAll(
			/^(?:import|export)\s+[\w$*\s{},]*?\s*\bfrom\s*['"]([^'"]+)['"]|^import ['"]([^'"]+)['"]|\bimport\(['"]([^'"]+)['"]\)|new URL\(['"](\.[^'"]+)['"], import\.meta\.url\)/gm,
		);
		for (const [, fixed, bare, dynamic, url] of specifiers) {
			const specifier = fixed ?? bare ?? dynamic ?? url ?? '';
			if (specifier.startsWith('.')) {
				const target = posix.join(posix.dirname(path), specifier);
				if (!files.has(target) && ![...files].some(file => file.startsWith(`${target.replace(/\/$/, '')}/`)))
					missing.push(`${path}: ${specifier}`);
				continue;
			}
			const [scope = '', name = ''] = specifier.split('/');
			if (!isBuiltin(specifier) && !packages.has(scope.startsWith('@') ? `${scope}/${name}` : scope)) missing.push(`${path}: ${specifier}`);
		}
	}
	t.deepEqual(missing, []);
});

test('the command works from an unpacked tarball, beside the packages that are here', t => {
	t.timeout(120_000);
	const folder = mkdtempSync(join(tmpdir(), 'kedge-pack-'));
	t.teardown(() => rmSync(folder, {recursive: true, force: true}));
	const packed = npm(['pack', '--json', '--ignore-scripts', '--pack-destination', folder], root);
	t.is(packed.code, 0, packed.error);
	const tarball = readdirSync(folder).find(name => name.endsWith('.tgz'))!;
	t.is(spawnSync('tar', ['xzf', tarball], {cwd: folder}).status, 0);
	// As npm lays it: the program in node_modules, and its packages around it.
	const modules = join(folder, 'project', 'node_modules');
	mkdirSync(modules, {recursive: true});
	const installed = dirname(dirname(createRequire(join(root, 'package.json')).resolve('yaml/package.json')));
	for (const name of readdirSync(installed))
		if (name !== 'kedge' && !name.startsWith('.')) symlinkSync(join(installed, name), join(modules, name));
	t.is(spawnSync('mv', [join(folder, 'package'), join(modules, 'kedge')]).status, 0);
	const run = (...words: readonly string[]) =>
		spawnSync(process.execPath, [join(modules, 'kedge', manifest.bin.kedge), ...words], {cwd: folder, encoding: 'utf8'});
	const help = run('--help');
	t.is(help.status, 0, help.stderr);
	t.regex(help.stdout, /^ {2}kedge run +run the agent/m);
	t.is(run('--version').stdout, `${manifest.version}\n`);
	const made = run('init', 'site', '--name', 'street-7');
	t.is(made.status, 0, made.stderr);
	t.true(existsSync(join(folder, 'site', 'log.db')));
	const doctor = run('doctor', '--config', 'site/kedge.yaml', '--json');
	t.is(doctor.status, 0, doctor.stdout + doctor.stderr);
	const audit = run('audit', '--config', 'site/kedge.yaml');
	t.is(audit.status, 0, audit.stderr);
});
