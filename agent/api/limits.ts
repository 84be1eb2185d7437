// Every limit of the HTTP interface, with its default.

/** Those that are part of the published schemas, and so cannot be configured. */
export const ordersPerBatchMax = 500;
export const hashesPerCancelMax = 500;
export const pageItemsMax = 500;
export const pageItemsDefault = 100;
/** Slots of one listing: a week. */
export const slotsPerPageMax = 672;
/** Slots of one export: 31 days. */
export const slotsPerExportMax = 2976;
/** Bytes of a signature: 65, or what a contract account wants [ERC-1271]. */
export const signatureBytesMax = 2048;
/** Field errors that one problem names. */
export const fieldErrorsMax = 32;
/** Above this length of a body only its first field error is named: finding all of them costs more than the body itself. */
export const thoroughBodyBytesMax = 16_384;
export const marketsMax = 16;

export type ApiLimits = {
	/** Bytes of a request's body. 500 orders are about 450,000. @default 1048576 */
	readonly bodyBytesMax: number;
	/** Bytes of a request's line and headers. @default 16384 */
	readonly headerBytesMax: number;
	/** Connections at a time. @default 1024 */
	readonly connectionsMax: number;
	/** Connections at a time from one address; all that come through one proxy share it. @default 256 */
	readonly connectionsPerAddressMax: number;
	/** How long a request's headers may take, in ms. @default 10000 */
	readonly headersTimeoutMs: number;
	/** How long a whole request may take to arrive, in ms. @default 15000 */
	readonly requestTimeoutMs: number;
	/** How long an idle connection is kept, in ms. @default 65000 */
	readonly keepAliveTimeoutMs: number;
	/** How long a connection may stand still within a request or an answer, in ms: who does not read his answer must not make us keep it. @default 60000 */
	readonly stillTimeoutMs: number;
	/** Requests a second of one caller, and how many he may save up; an order costs nothing here. @default 500 and 2000 */
	readonly requestsPerSecond: number;
	readonly requestsBurst: number;
	/** Orders, cancelled hashes and other signed wishes a second of one caller, and how many he may save up. @default 5000 and 10000 */
	readonly writesPerSecond: number;
	readonly writesBurst: number;
	/** Sign-ins a second from one address, and how many it may save up. @default 1 and 20 */
	readonly signInsPerSecond: number;
	readonly signInsBurst: number;
	/** Callers whose rates are remembered; the one not seen for longest is forgotten first. @default 20000 */
	readonly callersMax: number;
	/** How long the answer to a single order waits for its receipt, in ms. @default 1500 */
	readonly receiptWaitMs: number;
	/** Answers that wait for a receipt at a time; beyond it they leave at once with a link. @default 2000 */
	readonly receiptWaitsMax: number;
	/** Nonces for signing in that were given out and not used, and how long one holds, in ms. @default 10000 and 300000 */
	readonly noncesMax: number;
	readonly nonceMs: number;
	/** Tokens from signing in, and how long one holds, in ms. @default 10000 and 900000 */
	readonly sessionsMax: number;
	readonly sessionMs: number;
	/** Answers kept for repeated idempotency keys, their bytes, and how long, in ms. The oldest go first. @default 10000, 16777216 and 86400000 */
	readonly repliesMax: number;
	readonly repliesBytesMax: number;
	readonly replyMs: number;
	/** Event streams and sockets at a time, and of one caller. @default 512 and 16 */
	readonly streamsMax: number;
	readonly streamsPerCallerMax: number;
	/** Pages that are told what happens at a time; one person has half of them at most. @default 256 */
	readonly pagesMax: number;
	/** Newest events of a market that are kept in memory; older ones are read from the desk. @default 1024 */
	readonly recentEventsMax: number;
	/** Bytes that may wait for one reader before nothing more is written to him. @default 65536 */
	readonly streamBufferBytesMax: number;
	/** How long a reader may leave that unread, in ms, before he is cut off. @default 10000 */
	readonly drainMs: number;
	/** Time between heartbeats of a stream, in ms. @default 15000 */
	readonly heartbeatMs: number;
	/** Requests of one socket that are worked on at a time; then nothing more is read from it. @default 32 */
	readonly socketRequestsMax: number;
};

export const defaultLimits: ApiLimits = {
	bodyBytesMax: 1_048_576,
	headerBytesMax: 16_384,
	connectionsMax: 1024,
	connectionsPerAddressMax: 256,
	headersTimeoutMs: 10_000,
	requestTimeoutMs: 15_000,
	keepAliveTimeoutMs: 65_000,
	stillTimeoutMs: 60_000,
	requestsPerSecond: 500,
	requestsBurst: 2000,
	writesPerSecond: 5000,
	writesBurst: 10_000,
	signInsPerSecond: 1,
	signInsBurst: 20,
	callersMax: 20_000,
	receiptWaitMs: 1500,
	receiptWaitsMax: 2000,
	noncesMax: 10_000,
	nonceMs: 300_000,
	sessionsMax: 10_000,
	sessionMs: 900_000,
	repliesMax: 10_000,
	repliesBytesMax: 16_777_216,
	replyMs: 86_400_000,
	streamsMax: 512,
	streamsPerCallerMax: 16,
	pagesMax: 256,
	recentEventsMax: 1024,
	streamBufferBytesMax: 65_536,
	drainMs: 10_000,
	heartbeatMs: 15_000,
	socketRequestsMax: 32,
};
