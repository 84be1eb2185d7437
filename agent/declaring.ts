// The composition root's part that states what the config says of sites and factors, and what built-in factors they name, where the log does not say it yet.

import {AgentError} from './base/errors.ts';
import type {Logger} from './base/logger.ts';
import type {FactorConfig} from './config.ts';
import {decodeEntry, kinds, type StatementKind, statementKinds} from './format/entry.ts';
import {decodeStatement, encodeStatement, type StatementBody} from './format/statement.ts';
import {accountUrn, parseChannelUrn} from './format/subject.ts';
import {factorBodyOf} from './ledgers/emissions/factor-body.ts';
import {tableFactorBody} from './ledgers/emissions/factor-table.ts';
import type {Checked} from './ledgers/emissions/read-body.ts';
import {channelsOf, factorsOf, readSite, siteBodyOf} from './ledgers/emissions/site-body.ts';
import type {Log} from './log/log.ts';
import type {LogReader} from './log/reader.ts';
import type {Site} from './site.ts';
import type {StatementDesk, StatementWish} from './stating.ts';

/** Something that the config says, as it stands in the log. */
export type DeclaredAccount = {readonly id: string; readonly body: StatementBody};
export type Declared = {readonly sites: readonly DeclaredAccount[]; readonly factors: readonly DeclaredAccount[]};

/** The bodies of what a config declares. Fails with CONFIG_INVALID where they are none. */
export function declaredOf({config, errorAt}: Pick<Site, 'config' | 'errorAt'>): Declared {
	return {
		sites: config.sites.map((site, i) => {
			const made = siteBodyOf(site);
			if ('problem' in made) throw errorAt(['sites', i], made.problem);
			return made.value;
		}),
		factors: config.factors.map((factor, i) => {
			const made = factorConfigBody(factor);
			if ('problem' in made) throw errorAt(['factors', i], made.problem);
			return {id: factor.id, body: made.value};
		}),
	};
}

/** The body of the statement that a factor of a config becomes. */
export function factorConfigBody({id, value, per, source, validFrom, ...rest}: FactorConfig): Checked<StatementBody> {
	if (value === undefined && per === undefined && source === undefined)
		return tableFactorBody(id, {validFrom, validTo: rest.validTo, supersedes: rest.supersedes});
	if (value === undefined || per === undefined || source === undefined || validFrom === undefined)
		return {problem: 'a factor of your own has value, per, source and validFrom'};
	return factorBodyOf({...rest, value, per, source, validFrom});
}

/** What was stated under a URN: bodies of one sort, the newest last. */
type StatedBefore = (urn: string, says: StatementKind) => Promise<readonly StatementBody[]>;

/**
 * What is still to be stated, in an order in which each finds what it names: a factor of the config unless some version of it says the same; a built-in factor that was published for certain days, if a site
 * names it and nobody ever stated it; a site unless its newest statement says the same.
 */
export async function statementsDue(
	declared: Declared,
	statedBefore: StatedBefore,
): Promise<{readonly wishes: readonly StatementWish[]; readonly unknownFactors: readonly string[]; readonly overtaken: readonly string[]}> {
	const wishes: StatementWish[] = [];
	/** Factors of which the log has a newer version for the same days than the config: from here nobody can tell which of the two is meant. */
	const overtaken: string[] = [];
	const unknownFactors: string[] = [];
	const text = (body: StatementBody): string => new TextDecoder().decode(encodeStatement(body));
	for (const {id, body} of declared.factors) {
		const urn = accountUrn('factor', id);
		const versions = await statedBefore(urn, 'factor');
		const at = versions.findLastIndex(version => text(version) === text(body));
		if (at < 0) wishes.push({says: 'factor', urn, body});
		else {
			const own = declared.factors.filter(other => other.id === id).map(other => text(other.body));
			// A version that the config has as well is no surprise to who wrote it.
			if (versions.slice(at + 1).some(version => version.validFrom === body.validFrom && !own.includes(text(version)))) overtaken.push(id);
		}
	}
	const named = new Set(
		declared.sites.flatMap(({body}) => {
			const site = readSite(body);
			return 'problem' in site ? [] : factorsOf(site.value);
		}),
	);
	for (const id of named) {
		const urn = accountUrn('factor', id);
		if (wishes.some(wish => wish.urn === urn) || (await statedBefore(urn, 'factor')).length > 0) continue;
		// A factor that was not published for certain days needs somebody who says for which it holds.
		const made = tableFactorBody(id);
		if ('problem' in made) unknownFactors.push(made.problem);
		else wishes.push({says: 'factor', urn, body: made.value});
	}
	for (const {id, body} of declared.sites) {
		const urn = accountUrn('site', id);
		const newest = (await statedBefore(urn, 'site')).at(-1);
		if (newest === undefined || text(newest) !== text(body)) wishes.push({says: 'site', urn, body});
	}
	return {wishes, unknownFactors, overtaken};
}

/** Reads what was stated before from the log. */
export function statementsIn(log: Pick<Log, 'channel'>, reader: Pick<LogReader, 'between' | 'source'>): StatedBefore {
	return async (urn, says) => {
		const channel = log.channel(urn);
		if (channel === undefined) return [];
		const bodies: StatementBody[] = [];
		for await (const {index, entry} of reader.between(channel, 0, Number.MAX_SAFE_INTEGER)) {
			const {kind, quantity} = decodeEntry(entry);
			if (kind !== kinds.statement || quantity !== statementKinds[says]) continue;
			const body = decodeStatement((await reader.source(index)).record);
			if (body !== undefined) bodies.push(body);
		}
		return bodies;
	};
}

/** States what is due. What a ledger refuses is logged, and left out: it would be refused again. Fails where nothing can be stated now. */
export async function declareAccounts(parts: {
	readonly declared: Declared;
	readonly statedBefore: StatedBefore;
	/** Whether a device is known by that id now: those of the config, and those that were enrolled since. */
	readonly isDevice: (id: string) => boolean;
	readonly desk: StatementDesk;
	readonly logger: Logger;
}): Promise<void> {
	const {declared, statedBefore, isDevice, desk, logger} = parts;
	const {wishes, unknownFactors, overtaken} = await statementsDue(declared, statedBefore);
	if (overtaken.length > 0)
		logger.log(
			'warn',
			'the log has newer versions of these factors than the config, and they hold: state what you mean with kedge factor add',
			{
				factors: overtaken.join(' '),
			},
		);
	if (unknownFactors.length > 0)
		logger.log(
			'warn',
			'sites name factors that nobody stated: their hours have no emissions until the section "factors" or `kedge factor add` does',
			{
				problems: unknownFactors.join('; '),
			},
		);
	const strangers = declared.sites.flatMap(({body}) => {
		const site = readSite(body);
		return 'problem' in site ? [] : channelsOf(site.value).filter(urn => !isDevice(parseChannelUrn(urn)?.deviceId ?? ''));
	});
	if (strangers.length > 0)
		logger.log('warn', 'sites name channels of devices that nobody enrolled: until they speak nobody knows what they count', {
			channels: [...new Set(strangers)].slice(0, 20).join(' '),
		});
	for (const wish of wishes) {
		try {
			await desk.state(wish);
		} catch (error) {
			if (!(error instanceof AgentError) || error.code !== 'ARGUMENT_INVALID') throw error;
			logger.log('error', 'the config says what cannot stand in the log', {urn: wish.urn, problem: error.message});
		}
	}
}
