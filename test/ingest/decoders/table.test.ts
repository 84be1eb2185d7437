// Holds the table of formats, the README's table of makes and the configs' words to one another.
import {readFileSync} from 'node:fs';
import test from 'ava';
import {formats, loadAllDecoders, loadDecoder} from '../../../agent/ingest/decoders/table.ts';
import {repositoryPath} from '../../helpers/published-data.ts';

test('every decoder is found by the format that it says it reads, and names itself with a version', async t => {
	const decoders = await loadAllDecoders();
	t.deepEqual(
		decoders.map(({format}) => format),
		[...formats],
	);
	for (const {format, name} of decoders) t.regex(name, new RegExp(`^${format}/[1-9][0-9]*$`));
});

test('a format that is nearly one is told, another is not', async t => {
	t.like(await loadDecoder('tasmotta'), {problem: '"tasmotta" is no format; did you mean "tasmota"?'});
	t.like(await loadDecoder('__proto__'), {problem: '"__proto__" is no format; `kedge decode --help` lists them'});
});

test("the README's table of makes has every decoder, and no other", t => {
	const readme = readFileSync(repositoryPath('README.md'), 'utf8');
	const section = readme.slice(readme.indexOf('## What speaks'), readme.indexOf('## Trade'));
	const rows = section.split('\n').filter(line => line.startsWith('| ') && !line.startsWith('| make'));
	const named = rows.flatMap(row => [...row.split(/(?<!\\)\|/)[3]!.matchAll(/`([a-z0-9-]+)`/g)].map(([, name]) => name!));
	t.deepEqual([...new Set(named)].sort(), [...formats].sort());
});
