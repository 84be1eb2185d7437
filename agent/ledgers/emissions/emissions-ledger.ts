// Makes the ledger of emissions: what the sources of sites emitted by the hour, and what that rests on.

import type {Json} from '../../format/document.ts';
import {parseAccountUrn} from '../../format/subject.ts';
import type {Ledger, Past, Question, Rows} from '../ledger.ts';
import {Accounts, type SiteAccount} from './accounts.ts';
import {emissionsAnswer, emissionsBasis, emissionsOf} from './answer.ts';
import {rowsAbove} from './hour-rows.ts';
import {readReport} from './report-body.ts';

/** Another number makes all rows anew: they are written otherwise, or mean something else. */
const version = 1;

export function createEmissionsLedger(): Ledger {
	let accounts = new Accounts();
	/** What was asked of; undefined if it is no site that is known here. */
	const siteOf = (about: string, id: string): SiteAccount | undefined => (about === 'site' ? accounts.sites.get(id) : undefined);
	/** Of the last `save`, which is called before a report is looked at. */
	let latest: Past | undefined;
	const answerTo = async (question: Question, past: Past, rows: Rows): Promise<Json | undefined> => {
		if (siteOf(question.about, question.id) === undefined) return undefined;
		// What a tick would write now, written above the rows and thrown away again: an answer changes nothing.
		const above = rowsAbove(rows);
		const settled = new Accounts();
		await settled.restore(rows);
		await settled.settle(past, above);
		const answer = await emissionsAnswer(settled, settled.sites.get(question.id)!, question, above);
		return answer as unknown as Json;
	};
	return {
		name: 'emissions',
		version,
		open: async rows => {
			accounts = new Accounts();
			await accounts.restore(rows);
		},
		state: statement => accounts.state(statement),
		wants: urn => accounts.wants(urn),
		read: (urn, reading) => accounts.read(urn, reading),
		// Gaps and silences show in the readings: an hour without enough of them is not known.
		note: () => {},
		tick: (_at, past, rows) => accounts.settle(past, rows),
		save: (past, rows) => {
			latest = past;
			return accounts.keep(rows);
		},
		problem: async (statement, rows) => {
			const problem = accounts.problem(statement);
			if (problem !== undefined || statement.says !== 'report' || latest === undefined) return problem;
			const id = parseAccountUrn(statement.urn)?.id ?? '';
			const report = readReport(statement.body);
			if ('problem' in report) return report.problem;
			const {fromMs, toMs, totalMg, complete} = report.value;
			const found = emissionsOf((await answerTo({about: 'site', id, fromMs, toMs}, latest, rows)) as Json);
			if (found !== undefined && (found.reported.mg !== `${totalMg}` || found.complete !== complete))
				return `the account of site "${id}" comes to ${found.reported.mg} mg${found.complete ? '' : ', not complete'}, and not to what the report says: ${totalMg} mg${complete ? '' : ', not complete'}`;
			return undefined;
		},
		basis: async (question, rows) => {
			const site = siteOf(question.about, question.id);
			return site && (await emissionsBasis(site, question, rows));
		},
		answer: answerTo,
	};
}
