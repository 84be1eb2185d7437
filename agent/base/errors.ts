// The one error class of the agent: a code from one table, and with each code what the caller can do about it.

/** What the caller can do. There is no fourth answer. */
export type Remedy =
	/** The data's fault: count it, answer, go on. */
	| 'drop'
	/** The world's fault: the same request may work later. */
	| 'retry'
	/** We no longer know our own state, or may not go on with it: stop, reopen, derive it again. */
	| 'restart';

export const remedies = {
	AGENT_UNREACHABLE: 'retry',
	ANCHOR_REFUSED: 'restart',
	ARGUMENT_INVALID: 'drop',
	ASSERTION_FAILED: 'restart',
	AUTHORITY_REFUSED: 'retry',
	AUTHORITY_UNREACHABLE: 'retry',
	BACKUP_FAILED: 'retry',
	BROKER_UNREACHABLE: 'retry',
	CHAIN_MISMATCH: 'restart',
	CHAIN_REFUSED: 'retry',
	CHAIN_UNREACHABLE: 'retry',
	CONFIG_INVALID: 'drop',
	DATA_EXISTS: 'drop',
	DATA_MISSING: 'drop',
	ENTRY_PRUNED: 'drop',
	ENTRY_UNKNOWN: 'drop',
	EPOCH_NEEDLESS: 'drop',
	EPOCH_UNFINISHED: 'drop',
	FORMAT_INVALID: 'drop',
	KEY_INVALID: 'drop',
	LOG_CLOSED: 'retry',
	LOG_COMMIT_FAILED: 'restart',
	LOG_CORRUPT: 'restart',
	LOG_FROZEN: 'restart',
	LOG_LOCKED: 'retry',
	MARKET_HALTED: 'restart',
	PORT_TAKEN: 'retry',
	SIGNER_UNREACHABLE: 'retry',
	SQLITE_FAILED: 'restart',
	SQLITE_UNSUITABLE: 'restart',
	WRITE_REFUSED: 'retry',
} as const satisfies Record<string, Remedy>;

export type ErrorCode = keyof typeof remedies;

export type ErrorDetail = {
	/** What a person can do, as a sentence. */
	readonly hint?: string;
	readonly cause?: unknown;
};

/** Every error that leaves a room. The message is a sentence that names the thing and the value. */
export class AgentError extends Error {
	override readonly name = 'AgentError';
	readonly code: ErrorCode;
	readonly remedy: Remedy;
	readonly hint: string | undefined;

	constructor(code: ErrorCode, message: string, detail: ErrorDetail = {}) {
		super(message, detail.cause === undefined ? undefined : {cause: detail.cause});
		this.code = code;
		this.remedy = remedies[code];
		this.hint = detail.hint;
	}
}

/** The sentence of any thrown thing, with the chain of causes behind it. */
export function describeError(error: unknown): string {
	const parts: string[] = [];
	for (let at: unknown = error, depth = 0; at !== undefined && at !== null && depth < 5; depth += 1) {
		const message = at instanceof Error ? at.message || at.name : String(at);
		// Some sentences quote their cause already.
		if (!parts.some(part => part.includes(message))) parts.push(message);
		at = at instanceof Error ? at.cause : undefined;
	}
	return parts.join(': ');
}
