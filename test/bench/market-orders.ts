// The orders that the benchmark of the market's HTTP interface sends: keys from names, and what is asked of the load.

import {toPrefixedHex, utf8} from '../../agent/base/bytes.ts';
import {keccak256} from '../../agent/base/hash.ts';
import {createSigner, type Signer} from '../../agent/base/secp256k1.ts';
import {deviceUrn} from '../../agent/format/subject.ts';
import {createDigests} from '../../agent/trade/typed-data.ts';

export const marketName = 'bench';
export const slotOfBench = 1_980_000;

export type Load = {
	readonly url: string;
	readonly meters: number;
	readonly orders: number;
	readonly batch: number;
	readonly inFlight: number;
	/** Slots from here on: as many as it takes, with one order for each meter. */
	readonly slot: number;
};

const hashOf = (text: string): string => toPrefixedHex(keccak256(utf8(text)));

export function ownerOf(meter: number): {readonly address: string; readonly signer: Signer} {
	const signer = createSigner(keccak256(utf8(`bench owner ${meter}`)))!;
	return {address: toPrefixedHex(signer.address), signer};
}

/** Signed, and as the text that is sent. */
export function signedOrders({meters, orders, slot}: Load): string[] {
	const digests = createDigests({chainId: 31_337, verifyingContract: `0x${'00'.repeat(20)}`});
	const market = hashOf(marketName);
	const owners = Array.from({length: meters}, (_, at) => ({...ownerOf(at), meter: hashOf(deviceUrn(`meter-${at}`))}));
	return Array.from({length: orders}, (_, at) => {
		const {address, signer, meter} = owners[at % meters]!;
		const slotFrom = slot + Math.floor(at / meters);
		const isBuy = at % 2 === 0;
		const plain = {
			market,
			meter,
			trader: address,
			side: isBuy ? ('buy' as const) : ('sell' as const),
			mode: 'forward' as const,
			slotFrom,
			slotCount: 1,
			quantityWh: 1 + (at % 5000),
			limitMicroPerKwh: isBuy ? 120_000 + (at % 180_000) : 80_000 + (at % 180_000),
			minQuantityWh: 0,
			validUntil: (slotFrom + 1) * 900,
			counter: 0,
			salt: hashOf(`salt ${slot} ${at}`),
		};
		const signature = toPrefixedHex(signer.sign(digests.order({...plain, salt: BigInt(plain.salt)})));
		return JSON.stringify({...plain, signature});
	});
}
