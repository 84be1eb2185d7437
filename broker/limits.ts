// Every limit of the embedded broker, with its default.

export type BrokerLimits = {
	/** Largest packet after CONNECT, fixed header included, in bytes. @default 65536 */
	readonly packetBytesMax: number;
	/** Largest CONNECT packet, in bytes: all that a stranger can make us keep. @default 4096 */
	readonly connectBytesMax: number;
	/** How long a connection may take to send its CONNECT, in ms. @default 10000 */
	readonly connectTimeoutMs: number;
	/** How long a connection may stay silent in both directions, in ms, whatever keep-alive it asked for. @default 180000 */
	readonly idleMsMax: number;
	/** Connections at a time. @default 256 */
	readonly connectionsMax: number;
	/** Connections at a time from one address. Simulators and bridges sit behind one address: raise it for them. @default 64 */
	readonly connectionsPerAddressMax: number;
	/** TLS handshakes at a time; one address may have half of them. @default 128 */
	readonly handshakesMax: number;
	/** Failed attempts of one user from one address within the window; then CONNECT is answered with code 3 until the window ends. @default 5 */
	readonly failuresPerUserMax: number;
	/** Failed attempts of an address within the window, broken handshakes included; then its connections are closed at once until the window ends. @default 300 */
	readonly failuresPerAddressMax: number;
	/** In ms. @default 60000 */
	readonly failureWindowMs: number;
	/** Levels of a topic or a topic filter; the library's own ceiling is 100. @default 8 */
	readonly topicLevelsMax: number;
	/** Bytes of a topic or a topic filter. @default 256 */
	readonly topicBytesMax: number;
	/** Bytes of a client id. @default 128 */
	readonly clientIdBytesMax: number;
	/** Packets that one connection may send ahead of its CONNACK. @default 42 */
	readonly queueLimit: number;
	/** Topic filters that one connection may subscribe to. @default 32 */
	readonly subscriptionsMax: number;
	/** Messages on their way to subscribers at a time; beyond it subscribers miss messages, meters never wait. @default 1000 */
	readonly deliveriesMax: number;
	/** Deliveries that the library works on at a time. @default 100 */
	readonly concurrency: number;
	/** How long a subscriber's full socket may take to drain before it is closed, in ms. @default 10000 */
	readonly drainTimeoutMs: number;
	/** Open QoS 2 exchanges of one connection. QoS 2 is refused before it counts, so this is a second fence. @default 1 */
	readonly maxInflightInbound: number;
};

export const defaultLimits: BrokerLimits = {
	packetBytesMax: 65_536,
	connectBytesMax: 4096,
	connectTimeoutMs: 10_000,
	idleMsMax: 180_000,
	connectionsMax: 256,
	connectionsPerAddressMax: 64,
	handshakesMax: 128,
	failuresPerUserMax: 5,
	failuresPerAddressMax: 300,
	failureWindowMs: 60_000,
	topicLevelsMax: 8,
	topicBytesMax: 256,
	clientIdBytesMax: 128,
	queueLimit: 42,
	subscriptionsMax: 32,
	deliveriesMax: 1000,
	concurrency: 100,
	drainTimeoutMs: 10_000,
	maxInflightInbound: 1,
};
