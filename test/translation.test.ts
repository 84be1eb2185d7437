// Keeps each Chinese page beside its English one: the same headings, the same commands, the same tables, and a link to the other.
import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {basename, dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import test from 'ava';

const root = fileURLToPath(new URL('../../', import.meta.url));
const translated = [
	'README.md',
	...readdirSync(join(root, 'docs'))
		.filter(name => name.endsWith('.zh.md'))
		.map(name => `docs/${name.replace('.zh.md', '.md')}`),
];
const chineseOf = (path: string): string => path.replace(/\.md$/, '.zh.md');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

const code = /^```[^\n]*\n[\s\S]*?^```$/gm;
const blocksOf = (text: string): readonly string[] => text.match(code) ?? [];
const proseOf = (text: string): string => text.replace(code, '');
const headingsOf = (text: string): readonly number[] => [...proseOf(text).matchAll(/^(#+) \S/gm)].map(([, marks]) => marks!.length);

/** Cells of a row; a bar that is part of one is written with a backslash. */
const cellsOf = (line: string): readonly string[] => line.replace(/^\||\|$/g, '').split(/(?<!\\)\|/);

/** Columns of each row of each table. */
const tablesOf = (text: string): readonly (readonly number[])[] =>
	(proseOf(text).match(/(?:^\|.*\n?)+/gm) ?? []).map(table =>
		table
			.trim()
			.split('\n')
			.map(line => cellsOf(line).length),
	);

const linksOf = (text: string): readonly string[] =>
	[...proseOf(text).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(([, target]) => target!.replace('.zh.md', '.md')).sort();

/** Words in backticks outside of code blocks: names that no language changes. */
const namesOf = (text: string): readonly string[] =>
	[...new Set([...proseOf(text).matchAll(/`([^`]+)`/g)].map(([, name]) => name!.replace(/\s+/g, ' ')))].sort();

for (const path of translated) {
	test(`${path} and its Chinese page have the same headings, commands, tables, links and names`, t => {
		const [english, chinese] = [read(path), read(chineseOf(path))];
		t.deepEqual(headingsOf(chinese), headingsOf(english));
		t.deepEqual(blocksOf(chinese), blocksOf(english));
		t.deepEqual(tablesOf(chinese), tablesOf(english));
		const itself = basename(path);
		const others = (links: readonly string[]): readonly string[] => links.filter(link => link !== itself);
		t.deepEqual(others(linksOf(chinese)), others(linksOf(english)));
		t.deepEqual(namesOf(chinese), namesOf(english));
		// A translation, not a copy.
		t.true((proseOf(chinese).match(/\p{Script=Han}/gu) ?? []).length > english.length / 20);
		t.true(english.includes(`](${basename(chineseOf(path))})`) && chinese.includes(`](${itself})`));
	});
}

test('every link of the guides leads to a file', t => {
	const pages = [
		...translated,
		...translated.map(chineseOf),
		...readdirSync(join(root, 'docs'))
			.filter(name => name.endsWith('.md'))
			.map(name => `docs/${name}`),
	];
	for (const page of new Set(pages))
		for (const [, target = ''] of proseOf(read(page)).matchAll(/\]\(([^)#\s]+)[^)]*\)/g))
			if (!/^https?:/.test(target)) t.true(existsSync(join(root, dirname(page), target)), `${page}: ${target}`);
});
