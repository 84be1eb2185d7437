// Why the broker closes a connection, as an error that the MQTT library hands back to us.

export type ClosedReason =
	/** A packet longer than the limit of its stage. */
	| 'oversize'
	/** A remaining length of more than four bytes. */
	| 'malformed-length'
	/** A first packet other than CONNECT. */
	| 'not-connect'
	/** Nothing sent or received for too long. */
	| 'idle'
	/** A client id, user name, topic or filter with NUL, control characters, bad UTF-8, a `$` in front, or too long. */
	| 'bad-text'
	/** A PUBLISH whose lengths do not add up, or with packet id 0. */
	| 'malformed-publish'
	| 'qos-2'
	/** A reader that publishes. */
	| 'reader-published'
	/** The log could not keep an arrival. */
	| 'not-kept'
	/** Closed by us, all at once or all of one device. */
	| 'kicked'
	/** The client's certificate has run out, or its CA is trusted no more. */
	| 'certificate-ended'
	/** Anything that the library itself closes for: malformed packets, no CONNECT in time, keep-alive. */
	| 'protocol';

export class RefusedConnection extends Error {
	readonly reason: ClosedReason;

	constructor(reason: ClosedReason) {
		super(`connection closed: ${reason}`);
		this.reason = reason;
	}
}
