// Everything we ever hash or sign under our own name, on one page. No two purposes share a first byte string.

import {utf8} from '../base/bytes.ts';

/**
 * Tags are put in front of what is hashed, with their closing zero byte, which no tag contains: so no tag is the beginning of another. Tree hashes have the
 * prefixes 0x00 and 0x01 of RFC 9162 in front; checkpoints are signed as C2SP signed notes, whose first line is the log's origin.
 */
export const tags = {
	/** subject = SHA-256(tag ‖ packed fields: log name, 16-byte secret, URN) */
	subject: utf8('kedge/subject/v1\0'),
	/** source of a reading = SHA-256(tag ‖ 16-byte salt ‖ arrival record) */
	arrival: utf8('kedge/arrival/v1\0'),
	/** source of any other kind = SHA-256(tag ‖ 16-byte salt ‖ body) */
	body: utf8('kedge/body/v1\0'),
	/** leaf of a tally = SHA-256(0x00 ‖ tag ‖ subject ‖ 6-byte number) */
	tally: utf8('kedge/tally/v1\0'),
	/** thumbprint of a device's public key = SHA-256(tag ‖ code of its type ‖ key) */
	deviceKey: utf8('kedge/device-key/v1\0'),
	/** what names the opening of a shipment = SHA-256(tag ‖ its statement) */
	shipment: utf8('kedge/shipment/v1\0'),
	/** what both parties of a hand-over sign = tag ‖ packed fields: URN of the shipment, the terms */
	handover: utf8('kedge/handover/v1\0'),
	/** digest of a receipt or history = SHA-256(tag ‖ canonical text without the digest) */
	document: utf8('kedge/document/v1\0'),
	/** signature under a disclosure = Ed25519(tag ‖ SHA-256(canonical text without signature and digest)), by the log's key; no note is signed with a zero byte in it */
	disclosure: utf8('kedge/disclosure/v1\0'),
} as const;
