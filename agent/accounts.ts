// The composition root's part that keeps accounts: lets the ledgers follow the log, takes statements, and answers questions about sites, shipments and certificates.

import {askAgent} from './api/status-server.ts';
import {verifyDeviceSignature} from './base/device-signature.ts';
import {AgentError} from './base/errors.ts';
import {nodeHasher} from './base/hash-node.ts';
import type {Logger} from './base/logger.ts';
import {openDatabase, takeProcessLock} from './base/sqlite.ts';
import {type Declared, declareAccounts, statementsIn} from './declaring.ts';
import {type Answered, type Following, openFollowing, pastOf} from './following.ts';
import {idPattern, parseAccountUrn} from './format/subject.ts';
import type {ShipmentAccount} from './ledgers/coldchain/account.ts';
import {createColdchainLedger} from './ledgers/coldchain/coldchain.ts';
import {type WatchedSpan, watchedSpans} from './ledgers/coldchain/watched.ts';
import {type Curve, createCurvesLedger} from './ledgers/curves/curves-ledger.ts';
import {createDeviceLedger} from './ledgers/device/device.ts';
import {createEmissionsLedger} from './ledgers/emissions/emissions-ledger.ts';
import {createEnergyLedger} from './ledgers/energy/energy-ledger.ts';
import type {Basis, Ledger, Past, Question, Rows} from './ledgers/ledger.ts';
import {createMemoryRows} from './ledgers/rows.ts';
import type {Log} from './log/log.ts';
import {type LogReader, openLogReader} from './log/reader.ts';
import type {SitePaths} from './site.ts';
import {createStatementDesk, type StatementDesk} from './stating.ts';
import type {World} from './world.ts';

/** All ledgers that keep accounts, new: each follows one log, or one evidence package. */
export function createLedgers(coldchain: Ledger = createColdchainLedger({verifySignature: verifyDeviceSignature})): Ledger[] {
	return [createEmissionsLedger(), coldchain, createEnergyLedger()];
}

/** All that follow a running agent's log: with the curves, which rest on no question and so are in no package. */
export function createFollowers(curves: Ledger = createCurvesLedger(), coldchain?: Ledger): Ledger[] {
	return [...createLedgers(coldchain), curves];
}

/** The ledgers, new, that may know of what is asked. That of a device follows nothing: whoever asks it has it counted. */
export function ledgersFor({about}: Pick<Question, 'about'>): Ledger[] {
	return about === 'device' ? [createDeviceLedger()] : createLedgers();
}

/** Asks the ledger of devices about one, on any log; `use` is handed the ledger when it knows the channels of the log. */
async function askDevice<T>(reader: LogReader, use: (ledger: Ledger, past: Past, rows: Rows, size: number) => Promise<T>): Promise<T> {
	const ledger = createDeviceLedger();
	const byUrn = new Map((await reader.channels()).map(channel => [channel.urn, channel]));
	for (const urn of byUrn.keys()) ledger.wants(urn);
	const size = (await reader.head())?.size ?? 0;
	const past = pastOf(
		reader,
		urn => byUrn.get(urn),
		() => size,
	);
	return use(ledger, past, createMemoryRows(), size);
}

function answerOfDevice(reader: LogReader, question: Question): Promise<Answered | undefined> {
	return askDevice(reader, async (ledger, past, rows, size) => {
		const answer = await ledger.answer(question, past, rows);
		return answer === undefined ? undefined : {ledger: ledger.name, version: ledger.version, size, answer};
	});
}

function basisOfDevice(reader: LogReader, question: Question): Promise<Basis | undefined> {
	return askDevice(reader, (ledger, _past, rows) => ledger.basis(question, rows));
}

export type Accounts = {
	readonly desk: StatementDesk;
	readonly answer: (question: Question) => Promise<Answered | undefined>;
	/** What the answer rests on; undefined where nothing is known of what is asked. */
	readonly basis: (question: Question) => Promise<Basis | undefined>;
	/** Folds what came since, where the log has an account at all. Called every second. */
	readonly tick: () => Promise<void>;
	/** How far the ledgers have come; with a digest of all their rows if that is wanted. */
	readonly progress: (withDigest: boolean) => Promise<LedgerProgress>;
	/** A period of a channel for drawing, as far as the log was folded; see ledgers/curves. `behind` entries are still to come. */
	readonly curve: (urn: string, fromMs: number, toMs: number, bucketsMax: number) => Promise<Curve & {readonly behind: number}>;
	/** When a channel watched goods in a period, within which limits, and what of it was outside: as the shipments answer for that period. `isCut`: more shipments had it than are looked at. */
	readonly watched: (
		urn: string,
		fromMs: number,
		toMs: number,
	) => Promise<{readonly spans: readonly WatchedSpan[]; readonly isCut: boolean}>;
	readonly [Symbol.asyncDispose]: () => Promise<void>;
};

export type LedgerProgress = {
	readonly size: number;
	readonly behind: number;
	/** Their versions. */
	readonly ledgers: Readonly<Record<string, number>>;
	/** See ledgers/store.ts: two who made them from the same log compare it. */
	readonly digest: string | undefined;
};

/** Entries that are folded in one go while devices wait for the log: a long rebuild must not be felt at the door. */
const entriesPerTick = 65_536;
/** Shipments of one channel that are asked what of a period was outside their limits. */
const shipmentsMax = 200;

/** The accounts of a running agent. A log without sites, shipments and certificates that nobody looks at is not followed, and has no ledgers.db. */
export async function openAccounts(parts: {
	readonly paths: Pick<SitePaths, 'ledgers'>;
	/** What the config says of sites and factors: stated at the first tick at which anything may be appended, where the log does not say it yet. */
	readonly declared: Declared;
	readonly isDevice: (id: string) => boolean;
	/** Whether somebody wants to see curves. */
	readonly isWatched: boolean;
	readonly log: Pick<Log, 'channel' | 'channels' | 'enrol' | 'appendBody'>;
	readonly reader: LogReader;
	readonly world: Pick<World, 'openDatabase' | 'takeProcessLock' | 'clock'>;
	readonly mayAppend: () => boolean;
	readonly logger: Logger;
}): Promise<Accounts> {
	const {paths, declared, isDevice, isWatched, log, reader, world, mayAppend, logger} = parts;
	const {openDatabase, takeProcessLock, clock} = world;
	const curves = createCurvesLedger();
	const coldchain = createColdchainLedger({verifySignature: verifyDeviceSignature});
	const ledgers = createFollowers(curves, coldchain);
	let opening: Promise<Following> | undefined;
	const following = (): Promise<Following> => {
		opening ??= openFollowing({path: paths.ledgers, reader, ledgers, openDatabase, takeProcessLock});
		return opening;
	};
	const hasAccounts = (): boolean => isWatched || log.channels().some(({urn}) => parseAccountUrn(urn) !== undefined);
	const desk = createStatementDesk({
		log,
		following: {problem: async statement => (await following()).problem(statement)},
		mayAppend,
		clock,
		logger,
	});
	let isDeclared = declared.sites.length + declared.factors.length === 0;
	return {
		desk,
		answer: async question => {
			if (question.about === 'device') return answerOfDevice(reader, question);
			return hasAccounts() ? (await following()).answer(question) : undefined;
		},
		basis: async question => {
			if (question.about === 'device') return basisOfDevice(reader, question);
			return hasAccounts() ? (await following()).basis(question) : undefined;
		},
		tick: async () => {
			if (!mayAppend()) return;
			if (!isDeclared) {
				await declareAccounts({declared, statedBefore: statementsIn(log, reader), isDevice, desk, logger});
				isDeclared = true;
			}
			if (opening !== undefined || hasAccounts()) await (await following()).step(entriesPerTick);
		},
		progress: async withDigest => {
			const digested = withDigest && hasAccounts() ? await (await following()).digest() : undefined;
			const folded = digested?.size ?? (opening === undefined ? 0 : (await opening).size());
			const behind = ((await reader.head())?.size ?? 0) - folded;
			return {size: folded, behind, ledgers: versionsOf(ledgers), digest: digested?.digest};
		},
		curve: async (urn, fromMs, toMs, bucketsMax) => {
			const opened = await following();
			return opened.look(entriesPerTick, async behind => ({
				...(await curves.curve(urn, fromMs, toMs, bucketsMax, opened.rowsOf(curves.name))),
				behind,
			}));
		},
		watched: async (urn, fromMs, toMs) => {
			if (!hasAccounts()) return {spans: [], isCut: false};
			const opened = await following();
			const ids = await opened.look(entriesPerTick, () => coldchain.shipmentsWith(urn, opened.rowsOf(coldchain.name), shipmentsMax + 1));
			const spans: WatchedSpan[] = [];
			for (const id of ids.slice(0, shipmentsMax)) {
				const answered = await opened.answer({about: 'shipment', id, fromMs, toMs});
				if (answered !== undefined) spans.push(...watchedSpans(answered.answer as unknown as ShipmentAccount, urn));
			}
			return {spans, isCut: ids.length > shipmentsMax};
		},
		[Symbol.asyncDispose]: async () => void (await (await opening)?.[Symbol.asyncDispose]()),
	};
}

function versionsOf(ledgers: readonly Ledger[]): Readonly<Record<string, number>> {
	return Object.fromEntries(ledgers.map(({name, version}) => [name, version]));
}

/** Makes the rows of a site's ledgers once more, at another path, from the first `to` entries of its log. */
export async function rebuildLedgers(
	paths: Pick<SitePaths, 'log'>,
	options: {readonly at: string; readonly to?: number | undefined; readonly onProgress?: (size: number, all: number) => void},
): Promise<LedgerProgress> {
	const ledgers = createFollowers();
	await using following = await openAccountsAside({log: paths.log, ledgers: options.at}, ledgers);
	await following.catchUp({to: options.to, onProgress: options.onProgress});
	const {size, digest} = await following.digest();
	return {size, behind: 0, ledgers: versionsOf(ledgers), digest};
}

/** How far the ledgers of a running agent have come, with their digest. Fails with AGENT_UNREACHABLE. */
export function ledgersOfAgent(paths: Pick<SitePaths, 'socket'>): Promise<LedgerProgress> {
	return askAgent(paths.socket, 'GET', '/ledgers?digest');
}

/** The accounts of a site whose agent does not run, from its files. Fails with LOG_LOCKED where one does. */
export async function openAccountsAside(
	paths: Pick<SitePaths, 'log' | 'ledgers'>,
	ledgers: readonly Ledger[] = createFollowers(),
): Promise<Following> {
	const reader = await openLogReader({path: paths.log, hasher: nodeHasher});
	try {
		const following = await openFollowing({path: paths.ledgers, reader, ledgers, openDatabase, takeProcessLock});
		return {
			...following,
			[Symbol.asyncDispose]: async () => {
				await following[Symbol.asyncDispose]();
				await reader[Symbol.asyncDispose]();
			},
		};
	} catch (error) {
		await reader[Symbol.asyncDispose]();
		throw error;
	}
}

/** What somebody asks, from JSON. Fails with ARGUMENT_INVALID. */
export function questionOf(asked: unknown): Question {
	const {about, id, fromMs, toMs} = (asked ?? {}) as Record<string, unknown>;
	const isTime = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
	if (
		(about !== 'site' && about !== 'shipment' && about !== 'device' && about !== 'certificates') ||
		typeof id !== 'string' ||
		!idPattern.test(id) ||
		!isTime(fromMs) ||
		!isTime(toMs) ||
		fromMs >= toMs
	)
		throw new AgentError(
			'ARGUMENT_INVALID',
			'a question is about a site, a shipment, a device or its certificates, with an id and a period',
		);
	return {about, id, fromMs, toMs};
}

/** Asks the accounts of a site: the running agent, or, where none runs, its files. Fails with ENTRY_UNKNOWN where nothing is known of what is asked. */
export async function askAccounts(paths: SitePaths, question: Question): Promise<Answered> {
	const answered = await askAgent<Answered | null>(paths.socket, 'POST', '/answers', question).catch(async error => {
		if (!(error instanceof AgentError) || error.code !== 'AGENT_UNREACHABLE') throw error;
		if (question.about === 'device') {
			await using reader = await openLogReader({path: paths.log, hasher: nodeHasher});
			return (await answerOfDevice(reader, question)) ?? null;
		}
		await using opened = await openAccountsAside(paths);
		return (await opened.answer(question)) ?? null;
	});
	return answered ?? unknown(question);
}

/** Asks what an answer rests on, in the same way. */
export async function askBasis(paths: SitePaths, question: Question): Promise<Basis> {
	const basis = await askAgent<Basis | null>(paths.socket, 'POST', '/bases', question).catch(async error => {
		if (!(error instanceof AgentError) || error.code !== 'AGENT_UNREACHABLE') throw error;
		if (question.about === 'device') {
			await using reader = await openLogReader({path: paths.log, hasher: nodeHasher});
			return (await basisOfDevice(reader, question)) ?? null;
		}
		await using opened = await openAccountsAside(paths);
		return (await opened.basis(question)) ?? null;
	});
	return basis ?? unknown(question);
}

const unknownHints = {
	site: 'Sites stand in the section `sites` of the config, and in the log once the agent has run with it.',
	shipment: 'See: kedge shipment list',
	device: 'See: kedge device list',
	certificates: 'See: kedge certificates open --help',
} as const;

function unknown({about, id}: Question): never {
	throw new AgentError('ENTRY_UNKNOWN', `the log says nothing of ${about} ${id}`, {hint: unknownHints[about]});
}
