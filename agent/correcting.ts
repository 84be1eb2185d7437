// The composition root's part that lets an owner correct: appends a reading that stands in for another one and names it, or declares that a register was reset.

import {askAgent} from './api/status-server.ts';
import {equalBytes, toHex} from './base/bytes.ts';
import type {Clock} from './base/clock.ts';
import {AgentError} from './base/errors.ts';
import {nodeHasher} from './base/hash-node.ts';
import type {Logger} from './base/logger.ts';
import {encodeArrival} from './format/arrival.ts';
import {type Correction, correctionArrival, correctionReasonMax, encodeCorrection} from './format/correction.ts';
import {decimalText, parseDecimal} from './format/decimal.ts';
import {decodeEntry, entryLeafHash, kinds, qualities} from './format/entry.ts';
import {quantityOfCode, unitsOf} from './format/quantity.ts';
import {channelUrn, parseChannelUrn} from './format/subject.ts';
import {exactValue} from './ingest/decoders/decoded.ts';
import {channelSpec} from './ingest/decoders/decoder.ts';
import type {Ingest} from './ingest/ingest.ts';
import type {Channel} from './log/channels.ts';
import type {Log} from './log/log.ts';
import type {LogReader} from './log/reader.ts';
import type {SitePaths} from './site.ts';

/** A channel by its device. */
export type ChannelName = {readonly device: string; readonly quantity: string; readonly part: string | undefined};

/** The entry by its place in the log, or by its channel and its number there. */
export type CorrectionRequest = {
	readonly entry: {readonly index: number} | (ChannelName & {readonly number: number});
	/** Decimal text. */
	readonly value: string;
	readonly unit: string;
	readonly reason: string;
};

export type ResetRequest = {readonly reset: ChannelName; readonly reason: string};

export type Corrected = {
	readonly channel: string;
	readonly index: number;
	readonly number: number;
	readonly corrects: {readonly index: number; readonly number: number};
	/** Decimal texts in the unit of the quantity. */
	readonly from: string | undefined;
	readonly to: string;
	readonly unit: string;
	/** The newest correction of that entry says the same already: this one was not logged once more. */
	readonly isRepeat: boolean;
};

export type CorrectionDesk = {
	/** Durable when it resolves. Fails with ARGUMENT_INVALID, ENTRY_UNKNOWN or ENTRY_PRUNED, or LOG_FROZEN while nothing may be written. */
	readonly correct: (request: CorrectionRequest) => Promise<Corrected>;
	readonly declareReset: (request: ResetRequest) => Promise<{readonly channel: string}>;
};

/** What a correction is known by: the number of the entry that it corrects, in a session that is no device's. */
const session = 'owner:correction';

export function createCorrectionDesk(parts: {
	readonly log: Pick<Log, 'channel' | 'channels' | 'append' | 'count' | 'settled'>;
	readonly reader: LogReader;
	readonly ingest: Pick<Ingest, 'declareReset'>;
	readonly clock: Clock;
	readonly logger: Logger;
	/** False while nothing may be appended: frozen, or full. */
	readonly mayAppend: () => boolean;
}): CorrectionDesk {
	const {log, reader, ingest, clock, logger, mayAppend} = parts;

	const channelNamed = ({device, quantity, part}: ChannelName): Channel => {
		const urn = channelUrn(device, quantity, part);
		const channel = log.channel(urn);
		if (channel === undefined) throw new AgentError('ENTRY_UNKNOWN', `the log has no channel ${urn}`, {hint: 'See: kedge channels'});
		return channel;
	};

	const indexOf = async (entry: CorrectionRequest['entry']): Promise<number> => {
		if ('index' in entry) return entry.index;
		const channel = channelNamed(entry);
		const index = await reader.indexOfNumber(channel, entry.number);
		if (index === undefined) throw new AgentError('ENTRY_UNKNOWN', `${channel.urn} has no entry number ${entry.number}, or it was pruned`);
		return index;
	};

	const checkAppend = (reason: string): void => {
		if (!mayAppend()) throw new AgentError('LOG_FROZEN', 'nothing may be written now', {hint: 'See: kedge status'});
		if (reason.trim() === '' || reason.length > correctionReasonMax)
			throw new AgentError('ARGUMENT_INVALID', `a reason has 1 to ${correctionReasonMax} characters`);
	};

	const correct = async ({entry: wanted, value, unit, reason}: CorrectionRequest): Promise<Corrected> => {
		checkAppend(reason);
		// What was acknowledged a moment ago can be corrected too.
		await log.settled();
		const index = await indexOf(wanted);
		const bytes = await reader.entry(index);
		const entry = decodeEntry(bytes);
		const quantity = quantityOfCode(entry.quantity);
		const channel = log.channels().find(({subject}) => equalBytes(subject, entry.subject));
		if (entry.kind !== kinds.reading || quantity === undefined || channel === undefined)
			throw new AgentError('ARGUMENT_INVALID', `entry ${index} is no reading: only readings are corrected`);
		if ((entry.quality & qualities.correction) !== 0)
			throw new AgentError('ARGUMENT_INVALID', `entry ${index} is a correction itself`, {
				hint: 'Correct the entry that it stands in for once more.',
			});
		if (parseDecimal(value) === undefined)
			throw new AgentError('ARGUMENT_INVALID', `"${value.slice(0, 64)}" is no decimal number`, {
				hint: 'Write it with a point and without separators, such as 10.0005.',
			});
		const {part} = parseChannelUrn(channel.urn)!;
		const exact = exactValue(channelSpec(quantity, part, entry.exponent), entry.exponent, value, unit);
		if (typeof exact !== 'bigint')
			throw new AgentError('ARGUMENT_INVALID', exact.detail, {hint: `${quantity.name} is measured in ${unitsOf(quantity).join(', ')}.`});
		const says = {
			channel: channel.urn,
			corrects: {index, number: entry.number},
			from: (entry.quality & qualities.noValue) === 0 ? decimalText(entry.value, entry.exponent) : undefined,
			to: decimalText(exact, entry.exponent),
			unit: quantity.unit,
		};
		if ((await reader.valueOfKey(channel, session, entry.number)) === exact) {
			// It was here before: the newest correction of the entry says so.
			const at = await newestCorrection(channel, entry.number, exact);
			if (at !== undefined) return {...says, ...at, isRepeat: true};
		}
		const correction: Correction = {
			corrects: {index, number: entry.number, leaf: toHex(entryLeafHash(nodeHasher, bytes))},
			value,
			unit,
			reason,
		};
		const keyTop = Math.max(entry.number, (await reader.sessionTop(channel, session)) ?? 0);
		const arrivedAtMs = clock.nowMs();
		const record = encodeArrival({
			...correctionArrival,
			payload: encodeCorrection(correction),
			flags: 0,
			arrivedAtMs,
			deviceSignature: new Uint8Array(0),
		});
		// What the old reading says of its device and its time holds for what stands in for it.
		const kept = entry.quality & (qualities.simulated | qualities.noDeviceTime);
		const appended = await new Promise<number>((resolve, reject) => {
			log.count('corrections', 1, () => {});
			log.append(
				{
					record,
					arrivedAtMs,
					drafts: [
						{
							channel,
							kind: kinds.reading,
							quantity: entry.quantity,
							exponent: entry.exponent,
							quality: qualities.substituted | qualities.correction | kept,
							value: exact,
							measuredAtMs: entry.measuredAtMs,
							span: entry.span,
							session,
							key: entry.number,
							keyTop,
						},
					],
				},
				(failure, first) => (failure === undefined ? resolve(first) : reject(failure)),
			);
		});
		const {number} = decodeEntry(await reader.entry(appended));
		logger.log('info', 'a reading was corrected', {channel: channel.urn, index, number: entry.number, by: appended});
		return {...says, index: appended, number, isRepeat: false};
	};

	/** The newest correction of a number with this value, which is under its key. */
	const newestCorrection = async (
		channel: Channel,
		number: number,
		value: bigint,
	): Promise<{readonly index: number; readonly number: number} | undefined> => {
		let found: {readonly index: number; readonly number: number} | undefined;
		const corrected = decodeEntry(await reader.entry((await reader.indexOfNumber(channel, number))!));
		const time = corrected.measuredAtMs;
		const [fromMs, toMs] = time === 0 ? [0, Number.MAX_SAFE_INTEGER] : [time, time];
		for await (const {index, entry} of reader.range(channel, fromMs, toMs)) {
			const one = decodeEntry(entry);
			if (one.value === value && (one.quality & qualities.correction) !== 0) found = {index, number: one.number};
		}
		return found;
	};

	/** One at a time: the second of two that are the same finds the first. */
	let last: Promise<unknown> = Promise.resolve();
	return {
		correct: request => {
			const corrected = last.then(() => correct(request));
			last = corrected.catch(() => {});
			return corrected;
		},
		declareReset: async ({reset, reason}) => {
			checkAppend(reason);
			const channel = channelNamed(reset);
			if (quantityOfCode(channel.quantity)?.kind !== 'register')
				throw new AgentError('ARGUMENT_INVALID', `${channel.urn} is no register: it cannot be reset`);
			await ingest.declareReset(channel);
			logger.log('warn', 'the owner says that a register was reset', {channel: channel.urn, reason});
			return {channel: channel.urn};
		},
	};
}

/** What an owner asks for, from JSON. Fails with ARGUMENT_INVALID. */
export function correctionRequestOf(asked: unknown): CorrectionRequest | ResetRequest {
	const wrong = (): never => {
		throw new AgentError('ARGUMENT_INVALID', 'a correction has an entry, a value, a unit and a reason; a reset has a channel and a reason');
	};
	const record = (value: unknown): Record<string, unknown> =>
		typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : wrong();
	const text = (value: unknown): string => (typeof value === 'string' && value.length <= 1024 ? value : wrong());
	const count = (value: unknown): number => (Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : wrong());
	const name = (value: unknown): string => {
		const found = text(value);
		return /^[A-Za-z0-9_-]{1,64}$/.test(found) ? found : wrong();
	};
	const channelOf = ({device, quantity, part}: Record<string, unknown>): ChannelName => ({
		device: name(device),
		quantity: name(quantity),
		part: part === undefined ? undefined : name(part),
	});
	const {entry, reset, value, unit, reason} = record(asked);
	if (reset !== undefined) return {reset: channelOf(record(reset)), reason: text(reason)};
	const named = record(entry);
	return {
		entry: named.index === undefined ? {...channelOf(named), number: count(named.number)} : {index: count(named.index)},
		value: text(value),
		unit: text(unit),
		reason: text(reason),
	};
}

/** Lets the running agent correct an entry, or note that a register was reset. Fails with AGENT_UNREACHABLE, or with what the agent says is wrong. */
export function correctSite<Request extends CorrectionRequest | ResetRequest>(
	paths: Pick<SitePaths, 'socket'>,
	request: Request,
): Promise<Request extends ResetRequest ? {readonly channel: string} : Corrected> {
	return askAgent(paths.socket, 'POST', '/corrections', request);
}
