// The channels of a log: each subject with its secret, and the last number that it got.

import type {Database, SqlRow} from '../base/sqlite.ts';
import type {EntryNumber, Index} from '../format/entry.ts';

export type Channel = {
	/** Small and dense; only means something inside this database. */
	readonly id: number;
	readonly urn: string;
	readonly secret: Uint8Array;
	readonly subject: Uint8Array;
	/** Code of the quantity; 0 for the agent itself. */
	readonly quantity: number;
	readonly exponent: number;
	/** Index of the enrolment entry. */
	readonly enrolled: Index;
	/** Owned by the log's writer: the number of the newest entry, durable or still in a batch. */
	lastNumber: EntryNumber;
	/** As the newest entry said when the log was opened: the device's session, and the largest repeat key in it. */
	readonly session: string | undefined;
	readonly keyTop: number | undefined;
};

type ChannelRow = SqlRow & {
	readonly id: number;
	readonly urn: string;
	readonly secret: Uint8Array;
	readonly subject: Uint8Array;
	readonly quantity: number;
	readonly exponent: number;
	readonly enrolled: number;
};

type NewestSpan = {readonly last: number | null; readonly session: string | null; readonly keyTop: number | null};

/** All channels, in the order of their enrolment. Where each stands comes from its newest span, not from a counter that could disagree with it. */
export async function loadChannels(database: Pick<Database, 'all'>): Promise<Channel[]> {
	const rows = await database.all<ChannelRow & NewestSpan>(`
		SELECT id, urn, secret, subject, quantity, exponent, enrolled, number + count - 1 AS last, session, keyTop
		FROM channels LEFT JOIN spans ON spans.channel = id AND first = (SELECT max(first) FROM spans WHERE channel = id)
		ORDER BY id`);
	return rows.map(row => ({
		id: row.id,
		urn: row.urn,
		secret: row.secret,
		subject: row.subject,
		quantity: row.quantity,
		exponent: row.exponent,
		enrolled: row.enrolled,
		lastNumber: row.last ?? 0,
		session: row.session ?? undefined,
		keyTop: row.keyTop ?? undefined,
	}));
}
