// Makes signed charging-station records as OCMF has them, from made-up readings.
import {toBase64, toHex, utf8} from '../../agent/base/bytes.ts';
import type {DeviceSigner} from '../../agent/base/device-signature.ts';

/** r and s in DER [RFC 3279 §2.2.3]. */
export function toDer(signature: Uint8Array): Uint8Array {
	const numbers = [signature.subarray(0, 32), signature.subarray(32)].flatMap(digits => {
		const begin = digits.findIndex(byte => byte !== 0);
		const short = begin < 0 ? [0] : [...digits.subarray(begin)];
		const positive = short[0]! >= 0x80 ? [0, ...short] : short;
		return [2, positive.length, ...positive];
	});
	return Uint8Array.of(0x30, numbers.length, ...numbers);
}

export const ocmfSection =
	'{"FV":"1.0","GI":"M-1","GS":"77","PG":"T4","RD":[{"TM":"2021-08-01T03:00:00,000+0000 S","TX":"B","RV":12.5,"RI":"1-b:1.8.0","RU":"kWh","ST":"G"}]}';

export type OcmfOptions = {readonly section?: string; readonly encoding?: 'hex' | 'HEX' | 'base64'; readonly algorithm?: string};

export function signedOcmf(signer: DeviceSigner, {section = ocmfSection, encoding = 'hex', algorithm}: OcmfOptions = {}): Uint8Array {
	const der = toDer(signer.sign(utf8(section)));
	const data = encoding === 'base64' ? toBase64(der) : encoding === 'HEX' ? toHex(der).toUpperCase() : toHex(der);
	const name = algorithm ?? (signer.publicKey.type === 'p256' ? 'ECDSA-secp256r1-SHA256' : 'ECDSA-secp256k1-SHA256');
	const members = {SA: name, ...(encoding === 'base64' ? {SE: encoding} : {}), SD: data};
	return utf8(`OCMF|${section}|${JSON.stringify(members)}`);
}
