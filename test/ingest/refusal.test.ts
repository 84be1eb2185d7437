// Holds the reasons of refusals to what people read about them.
import {readFileSync} from 'node:fs';
import test from 'ava';
import {refusalReasons, refuse} from '../../agent/ingest/refusal.ts';
import {repositoryPath} from '../helpers/published-data.ts';

test('OPERATING.md says of every reason of a refusal when it is given, and of no other', t => {
	const page = readFileSync(repositoryPath('OPERATING.md'), 'utf8');
	const table = page.slice(page.indexOf('| reason | when |')).split('\n\n')[0]!;
	const named = table
		.split('\n')
		.slice(2)
		.filter(row => row.startsWith('|') && !row.includes('`order-CODE`'))
		.flatMap(row => [...row.split('|')[1]!.matchAll(/`([a-z-]+)`/g)].map(([, reason]) => reason!));
	t.deepEqual(named.sort(), Object.keys(refusalReasons).sort());
});

test('a detail is cut and cleaned, whatever a device sent in it', t => {
	const {detail} = refuse('value-not-number', `\u0000\u001b[2J${'x'.repeat(1000)}`);
	t.is(detail.length, 256);
	t.regex(detail, /^\ufffd\ufffd\[2Jx+$/);
});
