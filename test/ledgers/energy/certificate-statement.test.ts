import test from 'ava';
import fc from 'fast-check';
import {utf8} from '../../../agent/base/bytes.ts';
import {decodeStatement, encodeStatement, type StatementBody} from '../../../agent/format/statement.ts';
import {readCertificateStatement} from '../../../agent/ledgers/energy/certificate-statement.ts';

const hourMs = 3_600_000;
const valid: readonly StatementBody[] = [
	{
		does: 'open',
		channel: 'energy-generated:L1',
		cadenceMs: 900_000,
		fromMs: 5,
		owner: '0x70997970C51812dc3A010C7d01b50e0d17dc79C8',
		issuer: 'Körperschaft 认证',
		energySource: 'wind',
		energyCarrier: 'electricity',
		technology: 'T020001',
		country: 'CN',
		location: 'north',
		grid: 'g',
		marketZone: 'z',
		capacityW: 10,
		support: 'none',
		scheme: 's',
	},
	{does: 'transfer', from: 'a', market: 'street', moves: [{hourMs, to: 'b', energyWh: 1}]},
	{does: 'split', holder: 'a', hourMs, first: 1, energyWh: 2},
	{does: 'cancel', holder: 'a', hourMs, energyWh: 2, beneficiary: 'b', purpose: 'c'},
	{does: 'retire', holder: 'a', hourMs, energyWh: 2, reason: 'r'},
];

test('every member that must be there is asked for by its name, and none that is not known is taken', t => {
	for (const body of valid) {
		const said = readCertificateStatement(body);
		t.true('does' in said && said.does === body.does, JSON.stringify(said));
		t.regex((readCertificateStatement({...body, '': 1}) as {problem: string}).problem, /which is not known$/);
		for (const name of Object.keys(body)) {
			if (name === 'does') continue;
			for (const wrong of [null, '', -1, 0.5, [], {}, 'a\u0000', 'x'.repeat(200), true]) {
				const {problem} = readCertificateStatement({...body, [name]: wrong} as StatementBody) as {problem?: string};
				t.is(typeof problem, 'string', `${name}: ${JSON.stringify(wrong)}`);
				t.true(problem!.length < 300);
			}
		}
	}
});

test('no body is an exception', t => {
	const names = [...new Set(valid.flatMap(body => Object.keys(body)))];
	const value = fc.oneof(fc.jsonValue(), fc.constantFrom(...valid.flatMap(body => Object.values(body))));
	const body = fc.dictionary(fc.constantFrom(...names, '__proto__', 'toString'), value);
	fc.assert(
		fc.property(
			fc.oneof(
				body,
				fc.tuple(fc.constantFrom(...valid), body).map(([one, changes]) => ({...one, ...changes})),
			),
			found => {
				const said = readCertificateStatement(found as StatementBody);
				t.true('does' in said || typeof said.problem === 'string');
			},
		),
		{numRuns: 3000},
	);
});

test('a statement that one bit was changed of says something else, or nothing', t => {
	for (const body of valid) {
		const bytes = encodeStatement(body);
		for (let bit = 0; bit < bytes.length * 8; bit += 1) {
			const changed = Uint8Array.from(bytes);
			changed[bit >> 3]! ^= 1 << (bit & 7);
			const decoded = decodeStatement(changed);
			if (decoded === undefined) continue;
			t.notDeepEqual(decoded, body);
			const said = readCertificateStatement(decoded);
			t.true('does' in said || said.problem.length > 0);
		}
		t.deepEqual(decodeStatement(utf8(JSON.stringify(body))), body);
	}
});
