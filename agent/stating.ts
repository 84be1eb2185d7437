// The composition root's part that appends statements: of what the config says of sites, and of what people state through the running agent of factors, shipments and certificates.

import {askAgent} from './api/status-server.ts';
import type {Clock} from './base/clock.ts';
import {AgentError} from './base/errors.ts';
import type {Logger} from './base/logger.ts';
import type {Following} from './following.ts';
import {kinds, type StatementKind, statementKinds} from './format/entry.ts';
import {encodeStatement, type StatementBody, statementBytesMax} from './format/statement.ts';
import {parseAccountUrn} from './format/subject.ts';
import type {Log} from './log/log.ts';
import type {SitePaths} from './site.ts';

/** Something that somebody wants to state. */
export type StatementWish = {
	readonly says: StatementKind;
	/** `urn:kedge:site:ID`, `urn:kedge:factor:ID`, `urn:kedge:shipment:ID` or `urn:kedge:certificates:DEVICE`. */
	readonly urn: string;
	readonly body: StatementBody;
	/** What a contract can read of it; see format/entry.ts. @default 0 */
	readonly value?: bigint | undefined;
	/** When what it tells happened, ms since 1970. @default not said */
	readonly eventMs?: number | undefined;
};

/** Where it stands. */
export type Stated = {readonly index: number; readonly number: number};

export type StatementDesk = {
	/** Durable when it resolves. Fails with ARGUMENT_INVALID where a ledger refuses it, or LOG_FROZEN while nothing may be written. */
	readonly state: (wish: StatementWish) => Promise<Stated>;
};

export function createStatementDesk(parts: {
	readonly log: Pick<Log, 'channel' | 'enrol' | 'appendBody'>;
	readonly following: Pick<Following, 'problem'>;
	/** False while nothing may be appended: frozen, or full. */
	readonly mayAppend: () => boolean;
	readonly clock: Clock;
	readonly logger: Logger;
}): StatementDesk {
	const {log, following, mayAppend, clock, logger} = parts;
	const state = async ({says, urn, body, value = 0n, eventMs = 0}: StatementWish): Promise<Stated> => {
		if (!mayAppend()) throw new AgentError('LOG_FROZEN', 'nothing may be written now', {hint: 'See: kedge status'});
		const bytes = encodeStatement(body);
		if (bytes.length > statementBytesMax)
			throw new AgentError('ARGUMENT_INVALID', `a statement has at most ${statementBytesMax} bytes, this has ${bytes.length}`);
		const problem = await following.problem({says, urn, body, value});
		if (problem !== undefined) throw new AgentError('ARGUMENT_INVALID', problem);
		const channel = log.channel(urn) ?? log.enrol({urn, quantity: 0, quantityName: undefined, exponent: 0});
		const draft = {
			channel,
			kind: kinds.statement,
			quantity: statementKinds[says],
			exponent: 0,
			quality: 0,
			value,
			measuredAtMs: eventMs,
			span: 0,
			session: undefined,
			key: undefined,
			keyTop: undefined,
		};
		let number = 0;
		const index = await new Promise<number>((resolve, reject) => {
			log.appendBody({body: bytes, arrivedAtMs: clock.nowMs(), drafts: [draft]}, (failure, first) =>
				failure === undefined ? resolve(first) : reject(failure),
			);
			// The number is known at once; until it is durable others may follow.
			number = channel.lastNumber;
		});
		logger.log('info', `${says} stated`, {urn, index, number});
		return {index, number};
	};
	/** One at a time: the second of two that contradict each other meets the first. */
	let last: Promise<unknown> = Promise.resolve();
	return {
		state: wish => {
			const stated = last.then(() => state(wish));
			last = stated.catch(() => {});
			return stated;
		},
	};
}

/** What somebody wants to state, from JSON. Fails with ARGUMENT_INVALID. */
export function statementWishOf(asked: unknown): StatementWish {
	const {says, urn, body, value, eventMs} = (asked ?? {}) as Record<string, unknown>;
	const isKind = typeof says === 'string' && Object.hasOwn(statementKinds, says);
	const isUrn = typeof urn === 'string' && parseAccountUrn(urn) !== undefined;
	const isBody = typeof body === 'object' && body !== null && !Array.isArray(body);
	const isValue = value === undefined || (typeof value === 'string' && /^-?[0-9]{1,18}$/.test(value));
	const isTime = eventMs === undefined || (Number.isSafeInteger(eventMs) && (eventMs as number) >= 0);
	if (!isKind || !isUrn || !isBody || !isValue || !isTime)
		throw new AgentError('ARGUMENT_INVALID', 'a statement has a kind (says), an account (urn) and a body');
	return {
		says: says as StatementKind,
		urn,
		body: body as StatementBody,
		value: value === undefined ? undefined : BigInt(value),
		eventMs: eventMs as number | undefined,
	};
}

/** Lets the running agent state something. Fails with AGENT_UNREACHABLE, or with what the agent says is wrong. */
export function stateAtSite(paths: Pick<SitePaths, 'socket'>, {value, ...wish}: StatementWish): Promise<Stated> {
	return askAgent(paths.socket, 'POST', '/statements', {...wish, value: value === undefined ? undefined : `${value}`});
}
