// TLS at the embedded broker: which versions and options it speaks, and what a client's certificate says.

import {constants, createHash, X509Certificate} from 'node:crypto';
import {createSecureContext, type SecureContextOptions, type TLSSocket} from 'node:tls';
import {AgentError} from '../agent/base/errors.ts';

/** PEM texts. */
export type TlsMaterial = {
	/** The server's certificate, with what lies between it and its root behind it. */
	readonly certificate: string;
	readonly key: string;
	/** Roots of client certificates. @default clients are not asked for any */
	readonly clientCa?: string | undefined;
};

/** What we know of a client by its certificate, which chains to the client CA and is valid now. */
export type PeerCertificate = {
	/** SHA-256 of the DER bytes, 64 lower-case hexadecimal digits. */
	readonly fingerprint: string;
	/** In one line, for people. */
	readonly subject: string;
	readonly notBeforeMs: number;
	readonly notAfterMs: number;
};

/** Why a client's certificate does not count. */
export type CertificateProblem = 'certificate-untrusted' | 'certificate-expired';

/**
 * The options of a secure context. No session is resumed: a resumed one skips the look at the client's certificate. Nobody may renegotiate, which costs us more than them.
 * Fails with KEY_INVALID.
 */
export function contextOptions({certificate, key, clientCa}: TlsMaterial): SecureContextOptions {
	const options: SecureContextOptions = {
		cert: certificate,
		key,
		...(clientCa === undefined ? {} : {ca: clientCa}),
		minVersion: 'TLSv1.2',
		honorCipherOrder: true,
		secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
	};
	try {
		// Also where the key is another certificate's.
		createSecureContext(options);
		new X509Certificate(certificate);
		if (clientCa !== undefined) new X509Certificate(clientCa);
	} catch (cause) {
		throw new AgentError('KEY_INVALID', 'the certificate, the key and the client CA of the broker cannot be used together', {
			hint: 'All three are PEM; the key must be that of the certificate.',
			cause,
		});
	}
	return options;
}

/** What the client has shown: nothing, a certificate that counts, or one that does not. */
export function peerOf(socket: TLSSocket): {readonly certificate?: PeerCertificate; readonly problem?: CertificateProblem} {
	const certificate = socket.getPeerX509Certificate();
	if (certificate === undefined) return {};
	if (!socket.authorized) {
		// Its type says Error; it is the code as text.
		const code = String(socket.authorizationError);
		return {problem: code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID' ? 'certificate-expired' : 'certificate-untrusted'};
	}
	return {certificate: factsOf(certificate)};
}

function factsOf(certificate: X509Certificate): PeerCertificate {
	return {
		fingerprint: createHash('sha256').update(certificate.raw).digest('hex'),
		subject: certificate.subject.replaceAll('\n', ', '),
		notBeforeMs: Date.parse(certificate.validFrom),
		notAfterMs: Date.parse(certificate.validTo),
	};
}
