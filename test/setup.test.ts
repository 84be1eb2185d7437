// Checks what a fresh clone leans on: a lockfile that every platform and registry accepts, and the setup that runs before start, test and bench.
import {spawn} from 'node:child_process';
import {cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import test, {type ExecutionContext} from 'ava';

const dist = join(dirname(fileURLToPath(import.meta.url)), '..');
const root = join(dist, '..');

type Package = {
	readonly version?: string;
	readonly resolved?: string;
	readonly optional?: boolean;
	readonly os?: readonly string[];
	readonly cpu?: readonly string[];
	readonly optionalDependencies?: Readonly<Record<string, string>>;
};

type Manifest = {
	readonly dependencies: Readonly<Record<string, string>>;
	readonly devDependencies: Readonly<Record<string, string>>;
};

const readJson = (name: string): unknown => JSON.parse(readFileSync(join(root, name), 'utf8'));
const manifest = readJson('package.json') as Manifest;
const packages = Object.entries((readJson('package-lock.json') as {readonly packages: Readonly<Record<string, Package>>}).packages);
const locked = new Map(packages);

test('every dependency in package.json has one exact version', t => {
	const all = Object.entries({...manifest.dependencies, ...manifest.devDependencies});
	const loose = all.filter(([, version]) => !/^(?:npm:(?:@[\w.-]+\/)?[\w.-]+@)?\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version));
	t.deepEqual(loose, []);
});

test('no entry of the lockfile names a host', t => {
	t.deepEqual(
		packages.filter(([, entry]) => entry.resolved !== undefined).map(([path]) => path),
		[],
	);
});

test('the lockfile has every optional package of every package, so that npm ci accepts it on all platforms', t => {
	const missing = packages.flatMap(([path, entry]) =>
		Object.keys(entry.optionalDependencies ?? {}).filter(
			name => !locked.has(`${path}/node_modules/${name}`) && !locked.has(`node_modules/${name}`),
		),
	);
	t.deepEqual(missing, []);
});

for (const tool of ['anvil', 'forge']) {
	test(`the lockfile has ${tool} for every platform that it is built for`, t => {
		const parent = locked.get(`node_modules/@foundry-rs/${tool}`);
		const platforms = ['darwin-amd64', 'darwin-arm64', 'linux-amd64', 'linux-arm64', 'win32-amd64'];
		t.deepEqual(
			Object.keys(parent?.optionalDependencies ?? {}).sort(),
			platforms.map(platform => `@foundry-rs/${tool}-${platform}`),
		);
		for (const platform of platforms) {
			const [os, arch] = platform.split('-');
			const entry = locked.get(`node_modules/@foundry-rs/${tool}-${platform}`);
			t.is(entry?.version, parent?.version, platform);
			t.is(entry?.optional, true, platform);
			t.deepEqual(entry?.os, [os], platform);
			t.deepEqual(entry?.cpu, [arch === 'amd64' ? 'x64' : arch], platform);
		}
	});
}

/** A project of one source file, with nothing to install. It lies inside this project's build, so that it finds this project's compiler. */
function makeProject(t: ExecutionContext): string {
	const folder = mkdtempSync(join(dist, '.setup-test-'));
	t.teardown(() => rmSync(folder, {recursive: true, force: true}));
	const write = (path: string, text: string): void => {
		mkdirSync(dirname(join(folder, path)), {recursive: true});
		writeFileSync(join(folder, path), text);
	};
	const name = {name: 'made-up', version: '1.0.0'};
	write('package.json', JSON.stringify({...name, type: 'module'}));
	write('package-lock.json', JSON.stringify({...name, lockfileVersion: 3, requires: true, packages: {'': name}}));
	cpSync(join(root, 'tsconfig.json'), join(folder, 'tsconfig.json'));
	cpSync(join(root, '.ci', 'setup.mjs'), join(folder, '.ci', 'setup.mjs'));
	write('agent/one.ts', 'export const one = 1;\n');
	write('agent/two.ts', 'export const two = 2;\n');
	return folder;
}

type Outcome = {readonly code: number | null; readonly stdout: string; readonly stderr: string};

function runSetup(folder: string, ...nodeOptions: readonly string[]): Promise<Outcome> {
	return runSetupWith({}, folder, ...nodeOptions);
}

function runSetupWith(env: NodeJS.ProcessEnv, folder: string, ...nodeOptions: readonly string[]): Promise<Outcome> {
	return new Promise(resolve => {
		const child = spawn(process.execPath, [...nodeOptions, join(folder, '.ci', 'setup.mjs')], {
			stdio: ['ignore', 'pipe', 'pipe'],
			env: {...process.env, ...env},
		});
		let stdout = '';
		let stderr = '';
		child.stdout.setEncoding('utf8').on('data', (text: string) => {
			stdout += text;
		});
		child.stderr.setEncoding('utf8').on('data', (text: string) => {
			stderr += text;
		});
		child.on('close', code => resolve({code, stdout, stderr}));
	});
}

const output = (folder: string, name: string): string => join(folder, 'dist', 'agent', name);

test('setup installs and builds once, and is silent when nothing is to be done', async t => {
	const folder = makeProject(t);
	const first = await runSetup(folder);
	t.is(first.code, 0, first.stderr);
	t.is(first.stdout, '');
	t.regex(first.stderr, /^setup: installing packages/);
	t.true(existsSync(output(folder, 'one.js')));
	t.deepEqual(await runSetup(folder), {code: 0, stdout: '', stderr: ''});
});

test('setup removes programs whose source is gone and rewrites only what changed', async t => {
	const folder = makeProject(t);
	await runSetup(folder);
	const longAgo = new Date(1_000_000);
	utimesSync(output(folder, 'one.js'), longAgo, longAgo);
	rmSync(join(folder, 'agent', 'two.ts'));
	writeFileSync(join(folder, 'agent', 'three.ts'), 'export const three = 3;\n');
	writeFileSync(output(folder, 'page.html'), '<p>not made by the compiler</p>');
	t.is((await runSetup(folder)).code, 0);
	t.false(existsSync(output(folder, 'two.js')));
	t.true(existsSync(output(folder, 'three.js')));
	t.true(existsSync(output(folder, 'page.html')));
	t.is(statSync(output(folder, 'one.js')).mtimeMs, longAgo.getTime());
});

test('setup keeps the last good build when a source does not compile', async t => {
	const folder = makeProject(t);
	await runSetup(folder);
	writeFileSync(join(folder, 'agent', 'one.ts'), "export const one: number = 'one';\n");
	const broken = await runSetup(folder);
	t.is(broken.code, 1);
	t.regex(broken.stderr, /agent\/one\.ts.*TS2322/);
	t.is(readFileSync(output(folder, 'one.js'), 'utf8'), 'export const one = 1;\n');
});

test('two setups at the same time both succeed, and the lock of a dead one is taken over', async t => {
	const folder = makeProject(t);
	const both = await Promise.all([runSetup(folder), runSetup(folder)]);
	t.deepEqual(
		both.map(({code}) => code),
		[0, 0],
	);
	t.is(both.filter(({stderr}) => stderr.includes('installing')).length, 1);
	const dead = spawn(process.execPath, ['--version'], {stdio: 'ignore'});
	await new Promise(resolve => dead.on('close', resolve));
	writeFileSync(join(folder, 'dist', '.setup-lock'), String(dead.pid));
	t.is((await runSetup(folder)).code, 0);
	t.false(existsSync(join(folder, 'dist', '.setup-lock')));
});

test('setup tells an old Node in a sentence', async t => {
	const folder = makeProject(t);
	const pretend = join(folder, 'old.cjs');
	writeFileSync(pretend, "Object.defineProperty(process.versions, 'node', {value: '18.20.4'});\n");
	const outcome = await runSetup(folder, '--require', pretend);
	t.is(outcome.code, 1);
	t.is(outcome.stderr, 'setup: Kedge needs Node 20.19 or later, and this is 18.20.4. Install a newer Node and run the command again.\n');
});

test('setup tells an old npm in a sentence', async t => {
	const outcome = await runSetupWith({npm_config_user_agent: 'npm/9.2.0 node/v20.19.2 linux x64 workspaces/false'}, makeProject(t));
	t.is(outcome.code, 1);
	t.regex(
		outcome.stderr,
		/^setup: Kedge needs npm 10 or later, and this is 9\.2\.0\. Run: npm install --global npm@11 && hash -r, and the command again\.$/m,
	);
});
