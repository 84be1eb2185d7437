// What the config says of sites and factors is stated where the log does not say it yet, and only there.
import test from 'ava';
import {parseConfig} from '../../agent/config.ts';
import {declaredOf, factorConfigBody, statementsDue} from '../../agent/declaring.ts';
import type {StatementBody} from '../../agent/format/statement.ts';

const head = 'log: {name: a}\n';
const source = '{id: grid, scope: 2, method: factor, channels: [{device: m, quantity: energy-import}], locationFactors: [FACTOR]}';
const siteOf = (factor: string, name = 'Plant'): string =>
	`sites: [{id: plant, name: ${name}, sources: [${source.replace('FACTOR', factor)}]}]\n`;
const own = 'factors: [{id: mine, value: 0.5, per: kWh, source: me, validFrom: "2026-01-01"}]\n';
const declared = (text: string) => declaredOf(parseConfig(head + text, 'kedge.yaml'));

/** A log that has these bodies. */
const stated =
	(log: Readonly<Record<string, readonly StatementBody[]>>) =>
	async (urn: string, says: string): Promise<readonly StatementBody[]> =>
		log[`${says} ${urn}`] ?? [];

const due = async (text: string, log: Readonly<Record<string, readonly StatementBody[]>> = {}) => {
	const {wishes, ...others} = await statementsDue(declared(text), stated(log));
	return {wishes: wishes.map(({says, urn}) => `${says} ${urn}`), ...others};
};

test('factors come in front of the sites that name them', async t => {
	t.deepEqual(await due(siteOf('mine') + own), {
		wishes: ['factor urn:kedge:factor:mine', 'site urn:kedge:site:plant'],
		unknownFactors: [],
		overtaken: [],
	});
});

test('what the log says already is not said again, and what is new is', async t => {
	const {sites, factors} = declared(siteOf('mine') + own);
	const log = {'factor urn:kedge:factor:mine': [factors[0]!.body], 'site urn:kedge:site:plant': [sites[0]!.body]};
	t.deepEqual((await due(siteOf('mine') + own, log)).wishes, []);
	t.deepEqual((await due(siteOf('mine', 'Works') + own, log)).wishes, ['site urn:kedge:site:plant']);
	t.deepEqual((await due(siteOf('mine') + own.replace('0.5', '0.6'), log)).wishes, ['factor urn:kedge:factor:mine']);
});

test('a site that was changed and changed back is stated again; of a factor that was, somebody has to say which version is meant', async t => {
	const text = siteOf('mine') + own;
	const {sites, factors} = declared(text);
	const other = declared(siteOf('mine', 'Works') + own.replace('0.5', '0.6'));
	const log = {
		'factor urn:kedge:factor:mine': [factors[0]!.body, other.factors[0]!.body],
		'site urn:kedge:site:plant': [sites[0]!.body, other.sites[0]!.body],
	};
	t.deepEqual(await due(text, log), {wishes: ['site urn:kedge:site:plant'], unknownFactors: [], overtaken: ['mine']});
});

test('a config that has two versions of a factor for the same days is not warned of its own', async t => {
	const second = '{id: mine, value: 0.6, per: kWh, source: me, validFrom: "2026-01-01"}';
	const text = siteOf('mine') + own.replace('}]', `}, ${second}]`);
	const {sites, factors} = declared(text);
	const log = {'factor urn:kedge:factor:mine': factors.map(({body}) => body), 'site urn:kedge:site:plant': [sites[0]!.body]};
	t.deepEqual(await due(text, log), {wishes: [], unknownFactors: [], overtaken: []});
});

test('a built-in factor is stated by itself if it knows its days, and else somebody has to say them', async t => {
	t.deepEqual(await due(siteOf('grid-chn-east-2023')), {
		wishes: ['factor urn:kedge:factor:grid-chn-east-2023', 'site urn:kedge:site:plant'],
		unknownFactors: [],
		overtaken: [],
	});
	const {wishes, unknownFactors} = await due(siteOf('grid-fra'));
	t.deepEqual(wishes, ['site urn:kedge:site:plant']);
	t.regex(unknownFactors[0] ?? '', /grid-fra.*from which day/);
	t.deepEqual((await due(`${siteOf('grid-fra')}factors: [{id: grid-fra, validFrom: "2026-01-01"}]\n`)).unknownFactors, []);
	t.regex((await due(siteOf('no-such'))).unknownFactors[0] ?? '', /no factor "no-such"/);
});

test('a factor of the config is whole, or the built-in one', t => {
	const nothing = {
		value: undefined,
		mass: 'kg',
		per: undefined,
		source: undefined,
		name: undefined,
		region: undefined,
		gases: undefined,
		gwp: undefined,
		validFrom: undefined,
		validTo: undefined,
		supersedes: undefined,
	} as const;
	const problem = (factor: Parameters<typeof factorConfigBody>[0]): string => {
		const made = factorConfigBody(factor);
		return 'problem' in made ? made.problem : 'none';
	};
	t.regex(problem({...nothing, id: 'mine', value: '1'}), /has value, per, source and validFrom/);
	t.regex(problem({...nothing, id: 'mine'}), /no factor "mine"/);
	t.is(problem({...nothing, id: 'ar6-sf6', validFrom: '2026-01-01'}), 'none');
	t.throws(() => declared('factors: [{id: mine, value: 1, per: kWh, source: me}]\n'), {
		message: /kedge\.yaml:2: factors\[0\]: .*validFrom/,
	});
});
