// All that the agent's own resources need of the rest of the agent: functions, which the composition root fits together.

import type {ShareScope} from './share-scope.ts';
import type {Status} from './status-server.ts';

export const userRoles = ['owner', 'operator', 'viewer'] as const;
/** owner: all. operator: all but users and share links. viewer: looks. */
export type UserRole = (typeof userRoles)[number];

export type User = {
	readonly name: string;
	readonly role: UserRole;
	/** See base/password.ts. A session holds as long as it is the one that it began with. */
	readonly passwordHash: string;
};

export type Share = {
	readonly id: string;
	readonly scope: ShareScope;
	readonly label: string;
	readonly by: string;
	readonly createdAtMs: number;
	readonly expiresAtMs: number;
	readonly revokedAtMs?: number | undefined;
	/** When somebody last saw something by it; after a restart up to an hour old. */
	readonly usedAtMs?: number | undefined;
};

export type UserProblem = 'user-exists' | 'unknown-user' | 'last-owner' | 'too-many';
/** Why somebody is not added or changed. */
export type UserRefused = {readonly problem: UserProblem};
/** With the password, which is told once and kept nowhere. */
export type NewPassword = {readonly password: string};

export type People = {
	readonly user: (name: string) => Promise<User | undefined>;
	readonly list: () => Promise<readonly (User & {readonly addedAtMs: number})[]>;
	/** Whether this is his password; for a name that nobody has it takes as long, and is false. */
	readonly check: (name: string, password: string) => Promise<boolean>;
	/** Adds somebody with a generated password. Durable when it resolves; LOG_LOCKED while a command changes the same file. So with all that follows. */
	readonly add: (name: string, role: UserRole) => Promise<NewPassword | UserRefused>;
	/** undefined if it is done. One owner at least stays. */
	readonly remove: (name: string) => Promise<UserRefused | undefined>;
	readonly setRole: (name: string, role: UserRole) => Promise<UserRefused | undefined>;
	/** A generated one if none is given. ARGUMENT_INVALID for one that cannot be one. */
	readonly setPassword: (name: string, password: string | undefined) => Promise<NewPassword | UserRefused>;
	readonly shares: {
		readonly list: () => readonly Share[];
		readonly byToken: (token: string) => Share | undefined;
		readonly byId: (id: string) => Share | undefined;
		/** Durable when it resolves; undefined where there are too many. */
		readonly create: (
			share: Pick<Share, 'scope' | 'label' | 'by' | 'expiresAtMs'>,
		) => Promise<{readonly share: Share; readonly token: string} | undefined>;
		/** Somebody sees something by it. */
		readonly used: (id: string) => void;
		readonly revoke: (id: string) => Promise<Share | undefined>;
	};
};

/** How the agent is: see agent.ts for what each figure means. */
export type AgentView = Pick<
	Status,
	| 'version'
	| 'origin'
	| 'state'
	| 'startedAtMs'
	| 'nowMs'
	| 'size'
	| 'releasedSize'
	| 'channels'
	| 'devices'
	| 'devicesRevoked'
	| 'devicesHeard'
	| 'connections'
	| 'quarantineBytes'
	| 'residentBytes'
	| 'scrub'
	| 'warnings'
	| 'notices'
> & {
	readonly newestEntryAtMs: number | null;
	readonly checkpoint: Status['newestCheckpoint'] | null;
	readonly releasedAtMs: number | null;
	readonly unanchoredEntries: number;
	readonly unanchoredAgeMs: number | null;
	readonly anchorsNeeded: number;
	readonly anchoredSize: number;
	readonly finalSize: number;
	readonly anchors: readonly {
		readonly kind: 'chain' | 'authority';
		readonly name: string;
		readonly size: number;
		readonly finalSize: number;
		readonly waitingFor: string | null;
		readonly problem: string | null;
		readonly problemCode: string | null;
		readonly runwayDays: number | null;
		readonly detail: unknown;
	}[];
	readonly clock: Status['clock']['synchronisation'];
	readonly silentDevices: number;
	readonly silent: readonly {readonly device: string; readonly channels: number}[];
	readonly gaps: number;
	readonly silences: number;
	readonly refused: number;
	readonly refusedByReason: Readonly<Record<string, number>>;
	readonly setAside: number;
	readonly disk: Omit<Status['disk'], 'fillDays'> & {readonly fillDays: number | null};
	readonly accountsBehind: number;
	readonly broker: NonNullable<Status['broker']> | null;
	readonly client: NonNullable<Status['client']> | null;
	readonly market: NonNullable<Status['market']> | null;
};

export type DeviceView = {
	readonly id: string;
	readonly from: 'config' | 'added';
	readonly state: 'enrolled' | 'revoked';
	readonly topics: readonly string[];
	readonly mappings: readonly string[];
	readonly credentials: readonly string[];
	readonly isSigning: boolean;
	readonly cadenceMs: number | null;
	readonly lastHeardMs: number | null;
	/** One of its channels at least was not heard for twice its cadence. */
	readonly isSilent: boolean;
	readonly refused: number;
	readonly expired: readonly string[];
	readonly binding: unknown;
	readonly channels: number;
};

/** A channel as the log has it. */
export type ChannelView = {
	readonly urn: string;
	readonly device: string;
	readonly quantity: string;
	readonly part: string | null;
	readonly unit: string | null;
	readonly kind: string | null;
	/** Values are whole numbers times ten to this. */
	readonly exponent: number;
	/** Entries so far. */
	readonly entries: number;
};

export type ReadingView = {
	readonly index: number;
	readonly number: number;
	readonly measuredAtMs: number | null;
	readonly arrivedAtMs: number;
	/** Digits, times ten to the channel's exponent; null: it has no value. */
	readonly value: string | null;
	readonly quality: readonly string[];
	readonly span: number;
};

/** A curve in columns: what stands at one place in each belongs together. */
export type CurveView = {
	/** raw: readings one by one. */
	readonly level: 'raw' | 'quarter-hour' | 'six-hours' | 'four-days';
	readonly bucketMs: number | null;
	readonly behind: number;
	readonly times: readonly number[];
	readonly counts: readonly number[];
	readonly first: readonly (string | null)[];
	readonly last: readonly (string | null)[];
	readonly min: readonly (string | null)[];
	readonly max: readonly (string | null)[];
	readonly marks: Readonly<Record<string, readonly (readonly [place: number, times: number])[]>>;
	/** Of raw readings: where each stands in the log. */
	readonly indexes?: readonly number[] | undefined;
};

/** When a channel watched the goods of a shipment, within which limits, and what of that was outside. */
export type WatchedView = {
	readonly spans: readonly {
		readonly shipment: string;
		readonly assignment: string;
		readonly sort: 'temperature' | 'humidity';
		readonly fromMs: number;
		readonly toMs: number;
		readonly low: number | null;
		readonly high: number | null;
		readonly excursions: readonly {
			readonly side: 'above' | 'below';
			readonly fromMs: number;
			readonly toMs: number;
			readonly peakMilli: number;
			readonly peakAtMs: number;
			readonly heldMs: number;
		}[];
	}[];
	/** More shipments had the channel than were asked. */
	readonly isCut: boolean;
};

export type Period = {readonly fromMs: number; readonly toMs: number};

/** A message as it arrived. */
export type ArrivalView = {
	readonly topic: string;
	readonly identity: string;
	readonly flags: number;
	readonly arrivedAtMs: number;
	readonly decoder: string;
	/** Of the device, hexadecimal; empty where it does not sign. */
	readonly signature: string;
	/** Its beginning, as Base64, and as text where it is UTF-8. */
	readonly payload: string;
	readonly payloadText: string | null;
	/** Of the whole of it. */
	readonly payloadBytes: number;
};

export type EntryView = {
	readonly index: number;
	readonly kind: string;
	readonly sort: string | null;
	readonly urn: string | null;
	readonly device: string | null;
	readonly number: number;
	readonly unit: string | null;
	readonly exponent: number;
	readonly value: string;
	readonly quality: readonly string[];
	readonly measuredAtMs: number | null;
	readonly arrivedAtMs: number;
	readonly span: number;
	readonly subject: string;
	readonly salt: string;
	readonly source: string;
	readonly bytes: string;
	readonly leafHash: string;
	/** What a note, an enrolment or a statement says. */
	readonly body: unknown;
	/** The message; null where it is not shown, or was pruned: `arrivalState` says which. */
	readonly arrival: ArrivalView | null;
	readonly arrivalState: 'shown' | 'withheld' | 'pruned' | 'none';
};

export type PathView = {
	readonly index: number;
	readonly leafHash: string;
	readonly steps: readonly {
		readonly side: 'left' | 'right';
		readonly hash: string;
		/** Entries below that hash: begin included, end not. */
		readonly begin: number;
		readonly end: number;
		/** What both together hash to. */
		readonly sum: string;
	}[];
	readonly checkpoint: {readonly origin: string; readonly size: number; readonly root: string; readonly note: string};
	readonly anchors: readonly unknown[];
};

export type NoteView = {
	readonly index: number;
	readonly note: string;
	readonly urn: string | null;
	readonly atMs: number;
	readonly value: string;
	readonly body: unknown;
};

export type RefusalView = {
	readonly id: number;
	readonly arrivedAtMs: number;
	readonly reason: string;
	readonly detail: string;
	readonly topic: string | null;
	readonly identity: string | null;
	readonly bytes: number;
	/** As Base64; null where it is not shown to whoever asks, or is long. */
	readonly payload: string | null;
};

export type PackageAsked = {readonly about: 'site' | 'shipment' | 'device' | 'certificates'; readonly id: string} & Period;

export type PackageView = {
	readonly id: string;
	readonly state: 'packing' | 'done' | 'failed';
	readonly about: PackageAsked['about'];
	readonly of: string;
	readonly fromMs: number;
	readonly toMs: number;
	readonly step: string | null;
	readonly done: number;
	readonly all: number;
	readonly bytes: number | null;
	readonly problem: string | null;
};

/** What a site has of emission allowances, as contracts on a chain say it. Amounts are digits, in mg CO2e. */
export type AllowanceView = {
	readonly chain: string | null;
	readonly chainId: number;
	readonly allowances: string;
	readonly reports: string;
	/** null: the contracts do not know the site. */
	readonly account: string | null;
	readonly blockNumber: number;
	readonly blockTimeMs: number;
	readonly periods: readonly {
		readonly period: number;
		readonly fromMs: number;
		readonly toMs: number;
		readonly reportDeadlineMs: number;
		readonly surrenderDeadlineMs: number;
		readonly report: string;
		readonly isReleased: boolean;
		readonly heldMg: string;
		readonly surrenderedMg: string;
		readonly balanceMg: string;
		readonly shortMg: string | null;
		readonly owedMg: string | null;
	}[];
	readonly moves: readonly {
		readonly what: string;
		readonly period: number;
		readonly amountMg: string;
		readonly other: string | null;
		readonly blockNumber: number;
	}[];
	readonly movesFromBlock: number;
};

/** What happens, a second at a time; computed once for all who listen. */
export type Pulse = {
	/** As /v1/agent gives it. */
	readonly agent: AgentView;
	/** The newest reading of each channel that spoke since the pulse before, at most some hundreds. */
	readonly readings: readonly (ReadingView & {readonly urn: string; readonly exponent: number})[];
};

export type Answered = {readonly size: number; readonly answer: unknown};

export type Window = {
	readonly people: People;
	/** Not older than a second. */
	readonly agent: () => Promise<AgentView>;
	/** ok, or one word why not. */
	readonly health: () => 'ok' | 'withheld' | 'full' | 'frozen' | 'failed';
	readonly metrics: () => Promise<string>;
	readonly pulse: () => Promise<Pulse>;
	readonly devices: () => readonly DeviceView[];
	readonly channels: () => readonly ChannelView[];
	readonly curve: (urn: string, period: Period, points: number) => Promise<CurveView>;
	/** When the channel watched goods, and what of that was outside their limits. */
	readonly watched: (urn: string, period: Period) => Promise<WatchedView>;
	/** In the order of the log, behind an index. */
	readonly readings: (urn: string, period: Period, after: number, limit: number) => Promise<readonly ReadingView[]>;
	/** undefined beyond the log. */
	readonly entry: (index: number, withArrival: boolean) => Promise<EntryView | undefined>;
	/** undefined while no released checkpoint covers it. */
	readonly path: (index: number) => Promise<PathView | undefined>;
	readonly receipt: (index: number, withArrival: boolean) => Promise<string>;
	/** Newest first, below an index; `next`: where looking went on to, undefined at the beginning of the log. */
	readonly notes: (
		before: number,
		kinds: readonly string[],
		limit: number,
	) => Promise<{readonly items: readonly NoteView[]; readonly next: number | undefined}>;
	readonly quarantine: (limit: number, withPayload: boolean) => Promise<readonly RefusalView[]>;
	/** Ids of what accounts are kept of. */
	readonly accounts: (sort: 'site' | 'shipment' | 'certificates') => readonly string[];
	readonly answer: (about: 'site' | 'shipment' | 'certificates', id: string, period: Period) => Promise<Answered | undefined>;
	/** undefined: the config names no contracts of allowances. */
	readonly allowances: (site: string) => Promise<AllowanceView | undefined>;
	readonly packages: {
		readonly list: () => readonly PackageView[];
		/** undefined: another one is being packed. */
		readonly start: (asked: PackageAsked) => PackageView | undefined;
		readonly file: (id: string) => {readonly path: string; readonly name: string; readonly bytes: number} | undefined;
	};
	readonly log: {
		/** The newest released checkpoint. */
		readonly checkpoint: () => {readonly size: number; readonly note: string} | undefined;
		/** Hashes of a tile, packed; they MUST be there. */
		readonly tile: (level: number, number: number, count: number) => Promise<Uint8Array>;
		/** Packed entries. Fails with ENTRY_PRUNED. */
		readonly entries: (begin: number, end: number) => Promise<Uint8Array>;
		/** When the newest of the orders among these entries may be shown, in ms since 1970; 0 if there is none. */
		readonly sealedUntilMs: (entries: Uint8Array) => number;
	};
	/** Pages by their path, `/` the first of them; empty where none were built. */
	readonly pages: ReadonlyMap<string, WindowPage>;
};

/** A file of the pages. */
export type WindowPage = {
	readonly bytes: Uint8Array;
	/** The same, gzipped, where that is shorter. */
	readonly gzipped?: Uint8Array | undefined;
	readonly mediaType: string;
	/** Its name changes with its content. */
	readonly isHashed: boolean;
	/** It brings a policy of its own in its head. */
	readonly hasOwnPolicy?: boolean;
};
