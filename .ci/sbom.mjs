// Writes a bill of materials (CycloneDX) of what a user installs, from the lockfile, with the SQLite that lies inside of a package. `npm run sbom [-- FILE]`
import {spawnSync} from 'node:child_process';
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const target = process.argv[2] ?? join(root, 'dist', `kedge-${manifest.version}.cdx.json`);

// From the lockfile: what is installed here has the tools of developers, and packages for this machine only.
const npm = process.env.npm_execpath;
const words = ['sbom', '--package-lock-only', '--omit', 'dev', '--sbom-format', 'cyclonedx', '--sbom-type', 'application'];
const ran =
	npm?.endsWith('npm-cli.js') === true
		? spawnSync(process.execPath, [npm, ...words], {cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024})
		: spawnSync('npm', words, {cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024});
if (ran.status !== 0) {
	process.stderr.write(`sbom: npm sbom failed: ${ran.stderr}\n`);
	process.exit(1);
}
const bill = JSON.parse(ran.stdout);
// npm names it after the folder that it happens to lie in, and stamps it: the same lockfile gives the same bill.
bill.metadata.component.name = manifest.name;
delete bill.metadata.timestamp;
delete bill.serialNumber;

/** The C library that the package compiles, which no list of packages shows. */
const sqlite = /sqlite_version%': *'(\d+)'/.exec(
	readFileSync(join(root, 'node_modules', 'sqlite3', 'deps', 'common-sqlite.gypi'), 'utf8'),
)?.[1];
if (sqlite === undefined) {
	process.stderr.write('sbom: node_modules/sqlite3 does not say which SQLite it holds\n');
	process.exit(1);
}
const [, major, minor, patch] = /^(\d)(\d\d)(\d\d)\d\d$/.exec(sqlite).map(Number);
const version = `${major}.${minor}.${patch}`;
const holder = bill.components.find(({name}) => name === 'sqlite3');
holder.components = [
	{
		type: 'library',
		'bom-ref': `sqlite@${version}`,
		name: 'sqlite',
		version,
		description: 'compiled from the sources inside of the package',
		licenses: [{license: {id: 'blessing'}}],
		cpe: `cpe:2.3:a:sqlite:sqlite:${version}:*:*:*:*:*:*:*`,
	},
];
mkdirSync(dirname(target), {recursive: true});
writeFileSync(target, `${JSON.stringify(bill, null, '\t')}\n`);
process.stderr.write(`sbom: ${bill.components.length + 1} components in ${target}\n`);
