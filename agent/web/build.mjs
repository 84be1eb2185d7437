// Turns programs, styles and frames into dist/web, behind tsc (.ci/setup.mjs runs it): the verify page as one file that works from a disk, and the dashboard as files with hashes in
// their names, of which a browser loads what it shows. `node agent/web/build.mjs` says how large the first load is, and fails where it is too large.
import {createHash} from 'node:crypto';
import {mkdirSync, readdirSync, readFileSync, renameSync, unlinkSync, writeFileSync} from 'node:fs';
import {basename, dirname, join, relative} from 'node:path';
import {fileURLToPath} from 'node:url';
import {gzipSync} from 'node:zlib';
import {build} from 'esbuild';

const web = dirname(fileURLToPath(import.meta.url));
const here = join(web, 'verify');
const root = join(web, '..', '..');
const out = join(root, 'dist', 'web');

/** Browsers of the year in which Ed25519 came to the last of them, or younger. */
const target = ['chrome137', 'firefox130', 'safari17.5'];

const bundled = await build({
	entryPoints: [join(here, 'page.ts')],
	bundle: true,
	minify: true,
	format: 'iife',
	platform: 'browser',
	target,
	charset: 'utf8',
	legalComments: 'none',
	write: false,
	logLevel: 'warning',
	absWorkingDir: root,
	tsconfigRaw: {},
});
const script = bundled.outputFiles[0].text;
const styled = await build({
	entryPoints: [join(here, 'page.css')],
	bundle: true,
	minify: true,
	target,
	write: false,
	logLevel: 'warning',
	absWorkingDir: root,
});
const style = styled.outputFiles[0].text;

// Either would end the element early, or change how what follows is read [HTML §13.2.5.4].
for (const [text, bad] of [
	[script, /<\/?script/i],
	[style, /<\/style/i],
]) {
	const found = bad.exec(text);
	if (found !== null) throw new Error(`the page cannot hold ${JSON.stringify(text.slice(found.index - 40, found.index + 40))}`);
}

const hashOf = text => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
/** Nothing runs but this script and the worker that it makes of itself; nothing is fetched but from a node whose address is typed. */
const policy = [
	"default-src 'none'",
	`script-src ${hashOf(script)}`,
	`style-src ${hashOf(style)}`,
	'worker-src blob:',
	'connect-src https: http://localhost:* http://127.0.0.1:*',
	"base-uri 'none'",
	"form-action 'none'",
	"require-trusted-types-for 'script'",
	'trusted-types lit-html kedge-worker',
].join('; ');

const page = readFileSync(join(here, 'page.html'), 'utf8')
	.replace('{policy}', () => policy)
	.replace('<style></style>', () => `<style>${style}</style>`)
	.replace('<script></script>', () => `<script>${script}</script>`);
/** Whoever opens it while it is written reads the old one or the new one. */
function write(name, content) {
	writeFileSync(join(out, `${name}.next`), content);
	renameSync(join(out, `${name}.next`), join(out, name));
}
mkdirSync(out, {recursive: true});
write('verify.html', page);

/** Bytes that a browser reads before it shows something, each file compressed. */
const firstLoadMax = 150_000;
const dashboard = join(web, 'dashboard');
const made = await build({
	entryPoints: {dashboard: join(dashboard, 'start.ts'), style: join(dashboard, 'page.css')},
	bundle: true,
	minify: true,
	format: 'esm',
	splitting: true,
	platform: 'browser',
	target,
	charset: 'utf8',
	legalComments: 'none',
	entryNames: '[name]-[hash]',
	chunkNames: '[name]-[hash]',
	outdir: out,
	write: false,
	metafile: true,
	logLevel: 'warning',
	absWorkingDir: root,
	tsconfigRaw: {},
});
const outputs = new Map(Object.entries(made.metafile.outputs).map(([path, output]) => [basename(path), output]));
const named = (start, end) => [...outputs.keys()].find(name => name.startsWith(start) && name.endsWith(end));
const [program, look] = [named('dashboard-', '.js'), named('style-', '.css')];
/** With all that it imports before it runs. */
function loadedWith(name, seen = new Set()) {
	if (seen.has(name)) return seen;
	seen.add(name);
	for (const {path, kind} of outputs.get(name).imports) if (kind === 'import-statement') loadedWith(basename(path), seen);
	return seen;
}
// What the program imports is asked for together with it, not after it.
const preloads = [...loadedWith(program)].filter(name => name !== program).map(name => `<link rel="modulepreload" href="/${name}">`);
const frame = readFileSync(join(dashboard, 'page.html'), 'utf8')
	.replace('{style}', `/${look}`)
	.replace('{script}', `/${program}`)
	.replace('{preloads}', preloads.join('\n'));
const contents = new Map(made.outputFiles.map(({path, contents}) => [basename(path), contents]));
const compressed = name => gzipSync(contents.get(name)).length;
const first = gzipSync(frame).length + compressed(look) + [...loadedWith(program)].reduce((sum, name) => sum + compressed(name), 0);
const all = [...contents.keys()].reduce((sum, name) => sum + compressed(name), 0);
if (first > firstLoadMax) throw new Error(`the first load of the dashboard has ${first} bytes compressed, and ${firstLoadMax} is the most`);
// Files first, then what names them; what nothing names any more goes last.
for (const [name, content] of contents) write(name, content);
write('index.html', frame);
for (const name of readdirSync(out)) if (/-[0-9A-Z]{8}\.(?:js|css)$/.test(name) && !contents.has(name)) unlinkSync(join(out, name));
process.stderr.write(
	`${relative(root, out)}: first load ${(first / 1000).toFixed(1)} kB compressed, all of the dashboard ${(all / 1000).toFixed(1)} kB\n`,
);
